/* One run of a room, from the job's bytes to sealed answers. */
#include "enclave_room.h"

#include <string.h>

#define RUN_MEMORY_MAX ((size_t)4 << 30) /* all but the engine's working memory */
#define ENGINE_MEMORY_MIN (UINT64_C(64) << 20)

/* libssl reads files when it starts: before the second filter closes. */
static bool prepare(struct rd_enclave *enclave, struct rd_err *err)
{
	(void)enclave;
	return rd_channel_init(err);
}

/* The room is whole and the query in it; host and enclave mean the same tables and brokers. */
static bool understand(struct room_run *run, struct rd_err *err)
{
	if (!rd_run_job_decode(run->job.bytes, &run->asked, err) ||
	    !rd_room_hash(run->asked.room, run->room_hash, err) ||
	    !rd_room_decode(run->asked.room, run->arena, &run->room, err) ||
	    !rd_room_no_parameters(run->parameters_hash, err))
		return false;
	run->query = rd_room_find_query(&run->room, run->asked.query);
	if (run->query == RD_NONE)
		return rd_fail(err, RD_FAULT_MALFORMED, "run.job.query",
			       "the room has no such query");
	if (!rd_room_query_needs(&run->room, run->query, run->arena, &run->needs, err))
		return false;
	rd_run_owners_of(&run->room, &run->needs, &run->owners);
	if (run->owners.n == 0 || run->job.n_blobs != run->needs.n ||
	    run->job.n_peers != run->owners.n)
		return rd_fail(err, RD_FAULT_MALFORMED, "run.job.tables",
			       "the job has %u tables and %u brokers, the query needs %u and %u",
			       run->job.n_blobs, run->job.n_peers, run->needs.n, run->owners.n);
	run->table = RD_NEW_ARRAY(run->arena, struct run_table, run->needs.n, err);
	run->session = RD_NEW_ARRAY(run->arena, struct rd_session_result, run->owners.n, err);
	return run->table && run->session;
}

/* Per cent of the input, for whoever waits; the engine calls it some 100 times. */
static void show_progress(void *ctx, const char *phase, uint32_t per_cent)
{
	struct rd_door *door = ctx;

	(void)phase;
	rd_door_progress(door, RD_PHASE_READING, per_cent);
}

static bool hash_seed(struct rd_engine_options *options, struct rd_err *err)
{
	struct rd_span seed = { .data = (uint8_t *)options->hash_seed,
				.cap = sizeof(options->hash_seed) };

	return rd_crypto_random(&seed, err);
}

static uint32_t compute(struct room_run *run, struct rd_rows *out)
{
	char name[RD_ROOM_NAME_MAX + 1] = { 0 };
	const struct rd_engine *engine;
	const struct rd_table **table;
	struct rd_err err = { 0 };
	struct rd_engine_result result = { .data_position = RD_NONE };
	struct rd_engine_options options = { .threads = 1,
					     .max_memory = run->asked.max_memory,
					     .progress = show_progress,
					     .progress_ctx = run->enclave->door };

	if (options.max_memory < ENGINE_MEMORY_MIN)
		options.max_memory = ENGINE_MEMORY_MIN;
	memcpy(name, run->room.engine.data, run->room.engine.len);
	engine = rd_engine_find(name);
	table = RD_NEW_ARRAY(run->arena, const struct rd_table *, run->needs.n, &err);
	if (!engine || !table || !hash_seed(&options, &err))
		return RD_END_FAILED;
	for (uint32_t i = 0; i < run->needs.n; i++)
		table[i] = run->table[i].table;
	if (engine->run(&run->needs.plan, table, &options, run->arena, &result, &err)) {
		*out = result.rows;
		return RD_END_DONE;
	}
	if (strcmp(err.code, "engine.data") == 0) {
		out->failed = true;
		out->failed_at = result.data_position;
		return RD_END_DATA;
	}
	if (strcmp(err.code, "engine.memory") == 0 || strcmp(err.code, "base.memory.limit") == 0)
		return RD_END_MEMORY;
	return strncmp(err.code, "table.", 6) == 0 ? RD_END_TABLE : RD_END_FAILED;
}

/* A data error is an answer too: where, to the readers; that, to the host. */
static uint32_t answer(struct room_run *run)
{
	struct rd_err err = { 0 };
	struct rd_rows rows = { 0 };
	uint32_t end, sealed;

	if (!rd_enclave_advance(run->enclave, RD_ENCLAVE_RUNNING, &err))
		return RD_END_FAILED;
	end = compute(run, &rows);
	if (end != RD_END_DONE && end != RD_END_DATA)
		return end;
	if (!rd_enclave_advance(run->enclave, RD_ENCLAVE_SEALED, &err))
		return RD_END_FAILED;
	sealed = run_seal_answers(run, &rows);
	return sealed == RD_END_DONE ? end : sealed;
}

static uint32_t serve(struct room_run *run, int64_t deadline_ns)
{
	struct rd_err err = { 0 };
	uint32_t end;

	if (!rd_door_job(run->enclave->door, deadline_ns, run->arena, &run->job, &err))
		return RD_END_FAILED;
	if (!understand(run, &err))
		return RD_END_JOB;
	end = run_collect_keys(run, deadline_ns);
	if (end == RD_END_DONE)
		end = run_open_tables(run);
	return end == RD_END_DONE ? answer(run) : end;
}

static uint32_t run_room(struct rd_enclave *enclave, int64_t deadline_ns)
{
	RD_AUTO(rd_arena_free_wiped) struct rd_arena *arena = NULL;
	struct rd_err err = { 0 };
	struct room_run run = { .enclave = enclave };
	uint32_t end;

	if (!rd_arena_new(RUN_MEMORY_MAX, &arena, &err))
		return RD_END_FAILED;
	run.arena = arena;
	end = serve(&run, deadline_ns);
	run_close_tables(&run);
	return end;
}

const struct rd_enclave_program rd_enclave_room_program = { .prepare = prepare, .run = run_room };
