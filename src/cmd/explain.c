/* redoubt explain CODE: what a code means and what to do. */
#include "cmd.h"

#include <redoubt/attest.h>
#include <redoubt/broker.h>
#include <redoubt/channel.h>
#include <redoubt/codec.h>
#include <redoubt/crypto.h>
#include <redoubt/engine.h>
#include <redoubt/os.h>
#include <redoubt/query.h>
#include <redoubt/rats.h>
#include <redoubt/room.h>
#include <redoubt/run.h>
#include <redoubt/table.h>
#include <redoubt/tee.h>

#include <stdio.h>
#include <string.h>

/* Every module's table. */
static const struct rd_code_text *const tables[] = {
	rd_base_codes,   rd_crypto_codes, rd_codec_codes,  rd_os_codes,      rd_tee_codes,
	rd_run_codes,    rd_table_codes,  rd_attest_codes, rd_channel_codes, rd_query_codes,
	rd_engine_codes, rd_room_codes,   rd_broker_codes, rd_rats_codes,
};

#define N_TABLES (sizeof(tables) / sizeof(tables[0]))
#define CODES_MAX 2048

/* Table number i, with those of the technologies behind the modules'; NULL: no more. */
static const struct rd_code_text *table(size_t i)
{
	static const struct rd_code_text none[] = { { NULL, NULL, NULL } };

	if (i < N_TABLES)
		return tables[i];
	i -= N_TABLES;
	if (!rd_tees[i])
		return NULL;
	/* Technologies that share a table stand beside each other: once is enough. */
	if (!rd_tees[i]->codes || (i > 0 && rd_tees[i]->codes == rd_tees[i - 1]->codes))
		return none;
	return rd_tees[i]->codes;
}

const struct rd_code_text *cmd_code_find(const char *code)
{
	for (size_t i = 0; table(i); i++)
		for (const struct rd_code_text *t = table(i); t->code; t++)
			if (strcmp(t->code, code) == 0)
				return t;
	return NULL;
}

static const char *nearest_code(const char *code)
{
	const char *codes[CODES_MAX + 1] = { NULL };
	size_t n = 0;

	for (size_t i = 0; table(i); i++)
		for (const struct rd_code_text *t = table(i); t->code && n < CODES_MAX; t++)
			codes[n++] = t->code;
	return rd_nearest_word(rd_view_str(code), codes);
}

static int run(int argc, char **argv)
{
	const struct rd_code_text *code;
	const char *near;

	if (argc == 2 && strcmp(argv[1], "--all") == 0) {
		for (size_t i = 0; table(i); i++)
			for (const struct rd_code_text *t = table(i); t->code; t++)
				printf("%-24s %s\n", t->code, t->meaning);
		return 0;
	}
	if (argc != 2)
		return cmd_misused(&cmd_explain, "one code is needed");
	code = cmd_code_find(argv[1]);
	if (!code) {
		near = nearest_code(argv[1]);
		fprintf(stderr, "redoubt explain: unknown code '%s'", argv[1]);
		if (near)
			fprintf(stderr, ", did you mean '%s'?", near);
		fputs("\n  `redoubt explain --all` lists every code.\n", stderr);
		return EXIT_USAGE;
	}
	printf("%s\n\n  %s\n\n  What to do: %s\n", code->code, code->meaning, code->remedy);
	return 0;
}

const struct cmd cmd_explain = {
	.name = "explain",
	.summary = "tells what an error code means and what to do",
	.help = "Usage: redoubt explain CODE\n"
		"       redoubt explain --all\n"
		"\n"
		"Every error ends with a code in brackets; this tells more about it.\n"
		"\n"
		"  --all  lists every code with its meaning\n"
		"\n"
		"Example:\n"
		"  redoubt explain crypto.aead.tag\n",
	.run = run,
};
