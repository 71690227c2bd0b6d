/* redoubt room run: asks a host for one run and keeps what comes out. */
#include "cmd.h"

#include <redoubt/os.h>
#include <redoubt/run.h>

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define PATH_MAX_LEN 4096
#define ROOM_MEMORY_MAX ((size_t)64 << 20)

/* The outputs of a run go to files that appear only when all of them are whole. */
struct outputs {
	const struct rd_room *room;
	const struct rd_room_query *query;
	const char *folder;
	struct rd_os_out *file[RD_DOOR_OUTPUTS_MAX];
	char path[RD_DOOR_OUTPUTS_MAX][PATH_MAX_LEN];
	struct rd_os_progress progress;
	enum rd_phase phase;
};

static bool open_output(struct outputs *o, uint32_t output, struct rd_err *err)
{
	const struct rd_room_reader *reader;
	int len;

	if (output / 2 >= o->query->n_readers)
		return rd_fail(err, RD_FAULT_MALFORMED, "run.door.range",
			       "output %u of a query with %u readers", output, o->query->n_readers);
	reader = &o->room->reader[o->query->reader[output / 2]];
	len = snprintf(o->path[output], PATH_MAX_LEN, "%s/%.*s.%.*s.%s", o->folder,
		       RD_FMT(o->query->name), RD_FMT(reader->name),
		       output % 2 ? "receipt" : "sealed");
	if (len < 0 || len >= PATH_MAX_LEN)
		return rd_fail(err, RD_FAULT_USAGE, "os.file.name", "%s: the name is too long",
			       o->folder);
	return rd_os_out_new(o->path[output], 0644, &o->file[output], err);
}

static bool take_output(void *ctx, uint32_t output, struct rd_view bytes, struct rd_err *err)
{
	struct outputs *o = ctx;

	if (output >= RD_DOOR_OUTPUTS_MAX)
		return rd_fail(err, RD_FAULT_MALFORMED, "run.door.range", "output %u", output);
	if (!o->file[output] && !open_output(o, output, err))
		return false;
	return rd_os_out_write(o->file[output], bytes, err);
}

static void show_progress(void *ctx, enum rd_phase phase, uint32_t percent)
{
	struct outputs *o = ctx;

	if (phase != o->phase) {
		rd_os_progress_end(&o->progress);
		rd_os_progress_begin(&o->progress, rd_phase_name(phase), 100);
		o->phase = phase;
	}
	rd_os_progress_step(&o->progress, percent);
}

static void close_outputs(struct outputs *o)
{
	rd_os_progress_end(&o->progress);
	for (uint32_t i = 0; i < RD_DOOR_OUTPUTS_MAX; i++)
		rd_os_out_free(&o->file[i]);
}

static bool finish_outputs(struct outputs *o, struct rd_err *err)
{
	rd_os_progress_end(&o->progress);
	for (uint32_t i = 0; i < 2 * o->query->n_readers; i++) {
		if (!o->file[i])
			return rd_fail(err, RD_FAULT_MALFORMED, "run.door.range",
				       "the run ended without output %u", i);
		if (!rd_os_out_finish(o->file[i], err))
			return false;
		printf("%s\n", o->path[i]);
	}
	return true;
}

struct asked {
	const char *room, *query, *host, *folder;
};

/* The one query of a room with one, else the one that is named. */
static bool pick_query(const struct asked *asked, const struct rd_room *room, uint32_t *out,
		       struct rd_err *err)
{
	if (!asked->query && room->n_queries != 1)
		return rd_fail(err, RD_FAULT_USAGE, "run.job.query",
			       "the room has %u queries: name one with --query", room->n_queries);
	*out = asked->query ? rd_room_find_query(room, rd_view_str(asked->query)) : 0;
	return *out != RD_NONE || rd_fail(err, RD_FAULT_USAGE, "run.job.query",
					  "the room has no query '%s'", asked->query);
}

static bool run_room(const struct asked *asked, struct rd_view bytes, struct rd_err *err)
{
	RD_AUTO(rd_arena_free) struct rd_arena *arena = NULL;
	RD_AUTO(close_outputs) struct outputs outputs = { .folder = asked->folder };
	struct rd_room room;
	uint32_t query = 0;
	bool ok;

	if (!rd_arena_new(ROOM_MEMORY_MAX, &arena, err) ||
	    !rd_room_decode(bytes, arena, &room, err) || !pick_query(asked, &room, &query, err) ||
	    !rd_os_mkdirs(asked->folder, 0755, err))
		return false;
	outputs.room = &room;
	outputs.query = &room.query[query];
	struct rd_room_run run = { .room = bytes,
				   .query = room.query[query].name,
				   .progress = show_progress,
				   .output = take_output,
				   .ctx = &outputs };

	ok = rd_host_ask(asked->host, &run, err);
	/* The answer to a data error is kept: its reader learns from it where. */
	if (!ok && strcmp(err->code, "run.end.data") != 0)
		return false;
	struct rd_err late = { 0 };

	if (!finish_outputs(&outputs, ok ? err : &late))
		return false;
	return ok;
}

int cmd_room_run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "query", required_argument, NULL, 'q' },
		{ "host", required_argument, NULL, 'h' },
		{ "output", required_argument, NULL, 'o' },
		{ NULL, 0, NULL, 0 },
	};
	struct asked asked = { .host = "127.0.0.1:7500", .folder = "." };
	RD_AUTO(rd_buf_free) struct rd_buf bytes = { .max = RD_ROOM_MAX };
	struct rd_err err = { 0 };
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "o:", options, NULL)) != -1) {
		if (option == '?')
			return cmd_misused(&cmd_room, "an option is unknown or lacks its value");
		*(option == 'q'   ? &asked.query
		  : option == 'h' ? &asked.host
				  : &asked.folder) = optarg;
	}
	if (argc - optind != 1)
		return cmd_misused(&cmd_room, "one compiled room is needed");
	asked.room = argv[optind];
	if (!rd_crypto_init(&err) || !rd_os_file_read(asked.room, RD_ROOM_MAX, &bytes, &err) ||
	    !run_room(&asked, rd_buf_view(&bytes), &err))
		return cmd_failed(&cmd_room, &err);
	return 0;
}
