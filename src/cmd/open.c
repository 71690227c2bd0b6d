/* redoubt open: a reader checks and opens its answer. */
#include "cmd.h"
#include "common.h"
#include "query.h"

#include <redoubt/crypto.h>
#include <redoubt/os.h>

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define MEMORY_MAX ((size_t)3 << 30)
#define ANSWER_FILE_MAX ((size_t)1 << 30)

struct asked {
	const char *path, *room, *key;
	enum query_form form;
};

/* Who proved what, on standard error: the answer itself is for pipes. */
static void print_proof(const struct rd_receipt_checked *r)
{
	char time[21];

	fprintf(stderr, "checked: sealed by %s at level %s%s\n",
		r->appraisal.reference ? (const char *)"an accepted enclave" : "an enclave",
		rd_level_name(r->appraisal.level),
		r->appraisal.level == RD_LEVEL_SOFTWARE ? " (software isolation, no TEE)" : "");
	for (uint32_t i = 0; i < r->n_owners; i++) {
		rd_os_time_format(r->seen[i].time_unix_s, time);
		fprintf(stderr, "         %.*s released its keys for run %llu at %s\n",
			RD_FMT(r->seen[i].owner), (unsigned long long)r->seen[i].run, time);
	}
}

static bool data_failed(const struct rd_room *room, const struct rd_answer *answer,
			const struct rd_rows *rows, struct rd_err *err)
{
	uint32_t query = rd_room_find_query(room, answer->query), line = 1, column = 1;

	if (rows->failed_at != UINT32_MAX && query != RD_NONE)
		rd_sql_line_column(room->query[query].sql, rows->failed_at, &line, &column);
	return rd_fail(err, RD_FAULT_FAILED, "run.end.data",
		       "the data made the query fail at line %u, column %u of its SQL (overflow, "
		       "division by zero or a cast); the run is used up",
		       line, column);
}

static bool open_answer(const struct asked *asked, struct rd_arena *arena, struct rd_err *err)
{
	RD_AUTO(rd_secret_wipe) struct rd_secret key = { .len = 0 };
	RD_AUTO(rd_buf_free) struct rd_buf sealed = { .max = ANSWER_FILE_MAX };
	struct rd_answer_checked *checked = RD_NEW(arena, struct rd_answer_checked, err);
	struct cmd_room_file room;
	struct rd_answer answer;

	if (!checked || !cmd_read_room(asked->room, arena, &room, err) ||
	    !cmd_read_x25519(asked->key, &key, err) ||
	    !rd_os_file_read(asked->path, ANSWER_FILE_MAX, &sealed, err))
		return false;
	if (!rd_answer_open(rd_buf_view(&sealed), &key, arena, &answer, err) ||
	    !rd_answer_check(&answer, room.bytes, &room.room, arena, checked, err))
		return rd_wrap(err, "%s", asked->path);
	if (!cmd_runs_seen(&room, answer.query, &checked->receipt, err))
		return false;
	print_proof(&checked->receipt);
	if (checked->rows.failed)
		return data_failed(&room.room, &answer, &checked->rows, err);
	return query_print(&checked->rows, asked->form, arena, err);
}

static bool form_of(const char *word, enum query_form *out)
{
	static const char *const words[] = { "table", "csv", "json" };

	for (int i = 0; i < 3; i++)
		if (strcmp(word, words[i]) == 0) {
			*out = (enum query_form)i;
			return true;
		}
	return false;
}

static int run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "room", required_argument, NULL, 'r' },
		{ "key", required_argument, NULL, 'k' },
		{ "output", required_argument, NULL, 'o' },
		{ NULL, 0, NULL, 0 },
	};
	struct asked asked = { .form = QUERY_TABLE };
	struct rd_arena *arena = NULL;
	struct rd_err err = { 0 };
	int option;
	bool ok;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "o:", options, NULL)) != -1) {
		if (option == 'r')
			asked.room = optarg;
		else if (option == 'k')
			asked.key = optarg;
		else if (option != 'o' || !form_of(optarg, &asked.form))
			return cmd_misused(&cmd_open, "an option is unknown or has a wrong value");
	}
	if (argc - optind != 1 || !asked.room || !asked.key)
		return cmd_misused(&cmd_open, "an answer, --room and --key are needed");
	asked.path = argv[optind];
	ok = rd_crypto_init(&err) && rd_arena_new(MEMORY_MAX, &arena, &err) &&
	     open_answer(&asked, arena, &err);
	rd_arena_free_wiped(&arena);
	return ok ? 0 : cmd_failed(&cmd_open, &err);
}

const struct cmd cmd_open = {
	.name = "open",
	.summary = "checks and opens an answer",
	.help = "Usage: redoubt open ANSWER.sealed --room ROOM --key READ.key\n"
		"                    [-o table|csv|json]\n"
		"\n"
		"Opens an answer that was sealed to this reader. First everything about it is "
		"checked:\n"
		"the receipt, the enclave's evidence against the room's policy, every broker's "
		"release,\n"
		"that rows, receipt and room belong together. If one check fails nothing is "
		"printed.\n"
		"The run numbers are remembered, so that an old answer is noticed.\n"
		"\n"
		"  --room ROOM      the room as compiled (or its manifest)\n"
		"  --key READ.key   the reader's private key\n"
		"  -o FORM          table (default), csv or json\n"
		"\n"
		"Example:\n"
		"  redoubt open study.registry.sealed --room study.room --key registry/read.key\n",
	.run = run,
};
