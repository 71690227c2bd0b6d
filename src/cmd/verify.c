/* redoubt verify: is a receipt true? */
#include "cmd.h"
#include "common.h"

#include <redoubt/crypto.h>
#include <redoubt/os.h>

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define MEMORY_MAX ((size_t)512 << 20)
#define TEXT_MAX ((size_t)4 << 20)

static void print_receipt(const struct rd_receipt_checked *c, struct rd_buf *out)
{
	const struct rd_receipt *r = &c->receipt;
	char time[21];

	rd_buf_printf(out, "true: query %.*s ran as approved\n", RD_FMT(r->query));
	for (uint32_t i = 0; i < r->n_inputs; i++)
		rd_buf_printf(out, "  over %.*s, version %llu\n", RD_FMT(r->input[i].dataset),
			      (unsigned long long)r->input[i].version);
	for (uint32_t i = 0; i < c->n_owners; i++) {
		rd_os_time_format(c->seen[i].time_unix_s, time);
		rd_buf_printf(out, "  released by %.*s for run %llu at %s\n",
			      RD_FMT(c->seen[i].owner), (unsigned long long)c->seen[i].run, time);
	}
	if (!r->inner) {
		rd_buf_printf(out, "  sealed to %.*s, file ", RD_FMT(r->reader));
		for (size_t i = 0; i < r->sealed_digest.len; i++)
			rd_buf_printf(out, "%02x", r->sealed_digest.data[i]);
		rd_buf_printf(out, "\n");
	}
}

static bool verify(const char *path, const char *room_path, bool json, struct rd_arena *arena,
		   struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf bytes = { .max = RD_RECEIPT_MAX };
	RD_AUTO(rd_buf_free) struct rd_buf out = { .max = TEXT_MAX };
	struct rd_receipt_checked *checked = RD_NEW(arena, struct rd_receipt_checked, err);
	struct cmd_room_file room;

	if (!checked || !cmd_read_room(room_path, arena, &room, err) ||
	    !rd_os_file_read(path, RD_RECEIPT_MAX, &bytes, err))
		return false;
	if (!rd_receipt_check(rd_buf_view(&bytes), room.bytes, &room.room, arena, checked, err))
		return rd_wrap(err, "%s", path);
	if (!json)
		print_receipt(checked, &out);
	if (!(json ? rd_appraisal_json(&checked->appraisal, &out, err)
		   : rd_appraisal_print(&checked->appraisal, &out, err)))
		return false;
	return fwrite(out.data, 1, out.len, stdout) == out.len ||
	       rd_fail_errno(err, "os.file.write", "standard output");
}

static int run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "room", required_argument, NULL, 'r' },
		{ "output", required_argument, NULL, 'o' },
		{ NULL, 0, NULL, 0 },
	};
	const char *room = NULL, *form = "table";
	struct rd_arena *arena = NULL;
	struct rd_err err = { 0 };
	int option;
	bool ok;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "o:", options, NULL)) != -1) {
		if (option == '?')
			return cmd_misused(&cmd_verify, "an option is unknown or lacks its value");
		*(option == 'r' ? &room : &form) = optarg;
	}
	if (argc - optind != 1 || !room ||
	    (strcmp(form, "table") != 0 && strcmp(form, "json") != 0))
		return cmd_misused(&cmd_verify, "a receipt and --room are needed");
	ok = rd_crypto_init(&err) && rd_arena_new(MEMORY_MAX, &arena, &err) &&
	     verify(argv[optind], room, strcmp(form, "json") == 0, arena, &err);
	rd_arena_free(&arena);
	return ok ? 0 : cmd_failed(&cmd_verify, &err);
}

const struct cmd cmd_verify = {
	.name = "verify",
	.summary = "tells whether a receipt is true",
	.help = "Usage: redoubt verify FILE.receipt --room ROOM [-o table|json]\n"
		"\n"
		"Checks a receipt: its signature, the enclave's evidence against the room's "
		"policy, the\n"
		"tables, the plan, and the release of every owner's broker. Anyone may do it; no "
		"key is\n"
		"needed. Other kinds of evidence are not verified yet.\n"
		"\n"
		"  --room ROOM   the room as compiled (or its manifest)\n"
		"  -o FORM       table (default) or json\n"
		"\n"
		"Example:\n"
		"  redoubt verify study.registry.receipt --room study.room\n",
	.run = run,
};
