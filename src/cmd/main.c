/* The command line: picks the command. */
#include "cmd.h"

#include <redoubt/os.h>

#include <stdio.h>
#include <string.h>

static const struct cmd *const commands[] = { &cmd_broker,  &cmd_cmw,    &cmd_collateral,
					      &cmd_explain, &cmd_host,   &cmd_keygen,
					      &cmd_measure, &cmd_open,   &cmd_policy,
					      &cmd_query,   &cmd_room,   &cmd_seal,
					      &cmd_table,   &cmd_unseal, &cmd_verify };

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void print_usage(FILE *out)
{
	fputs("Usage: redoubt COMMAND [ARGUMENT]...\n"
	      "       redoubt --help | --version\n"
	      "\n"
	      "Commands:\n",
	      out);
	for (size_t i = 0; i < N_COMMANDS; i++)
		fprintf(out, "  %-9s %s\n", commands[i]->name, commands[i]->summary);
	fputs("\n`redoubt COMMAND --help` tells more about a command.\n", out);
}

int cmd_failed(const struct cmd *cmd, const struct rd_err *err)
{
	const struct rd_code_text *code = cmd_code_find(err->code);
	struct rd_buf text RD_AUTO(rd_buf_free) = { .max = 8 * sizeof(err->text) };

	rd_text_put_shown(&text, rd_view_str(err->text));
	fprintf(stderr, "redoubt %s: %.*s [%s]\n", cmd->name, RD_FMT(rd_buf_view(&text)),
		err->code);
	if (code)
		fprintf(stderr, "  %s\n", code->remedy);
	return (int)err->fault;
}

int cmd_misused(const struct cmd *cmd, const char *what)
{
	const char *end = strstr(cmd->help, "\n\n");

	fprintf(stderr, "redoubt %s: %s\n%.*s\n", cmd->name, what,
		end ? (int)(end - cmd->help) : (int)strlen(cmd->help), cmd->help);
	return EXIT_USAGE;
}

bool cmd_listen(const struct cmd *cmd, const char *address, const char *address_file, int *listener,
		struct rd_err *err)
{
	char text[300];
	uint16_t port = 0;

	if (!rd_os_tcp_listen(address, listener, err) || !rd_os_tcp_port(*listener, &port, err))
		return false;
	snprintf(text, sizeof(text), "%.*s:%u\n", (int)(strrchr(address, ':') - address), address,
		 port);
	fprintf(stderr, "redoubt %s: serving at %s", cmd->name, text);
	return !address_file || rd_os_file_write(address_file, 0644, rd_view_str(text), err);
}

bool cmd_companion(const char *name, struct rd_arena *arena, const char **out, struct rd_err *err)
{
	struct rd_view folder, path;

	if (!rd_os_program_folder(arena, &folder, err) ||
	    !rd_arena_printf(arena, &path, err, "%.*s/%s", RD_FMT(folder), name))
		return false;
	*out = (const char *)path.data;
	return true;
}

static int unknown(const char *name)
{
	const char *names[N_COMMANDS + 1] = { NULL };
	const char *near;

	for (size_t i = 0; i < N_COMMANDS; i++)
		names[i] = commands[i]->name;
	near = rd_nearest_word(rd_view_str(name), names);
	fprintf(stderr, "redoubt: unknown command '%s'", name);
	if (near)
		fprintf(stderr, ", did you mean '%s'?", near);
	fputs("\n", stderr);
	print_usage(stderr);
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fputs("redoubt: no command given\n", stderr);
		print_usage(stderr);
		return EXIT_USAGE;
	}
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("redoubt " RD_VERSION);
		return 0;
	}
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		print_usage(stdout);
		return 0;
	}
	for (size_t i = 0; i < N_COMMANDS; i++) {
		if (strcmp(argv[1], commands[i]->name) != 0)
			continue;
		if (argc == 3 && strcmp(argv[2], "--help") == 0) {
			fputs(commands[i]->help, stdout);
			return 0;
		}
		return commands[i]->run(argc - 1, argv + 1);
	}
	return unknown(argv[1]);
}
