/*
 * engine: a plan and open tables to an answer.  engine/vector is the first engine; oblivious,
 * joint and proof ones join the visible array of engines later.
 *
 * The vector engine: physical planning as a pure function of (plan, authenticated footers); push
 * pipelines of batches of RD_BATCH_ROWS rows; one thread a core, morsels of 64 Ki rows.  Answers do
 * not depend on the number of threads.  Memory stays within the stated limit or the run fails with
 * "engine.memory".
 */
#ifndef REDOUBT_ENGINE_H
#define REDOUBT_ENGINE_H

#include <redoubt/base.h>
#include <redoubt/query.h>
#include <redoubt/table.h>

extern const struct rd_code_text rd_engine_codes[];

struct rd_engine_options {
	uint32_t threads;      /* 1..256 */
	uint64_t max_memory;   /* bytes of working memory, all threads together */
	uint64_t hash_seed[2]; /* secret and random in the enclave: another owner may craft keys */
	/* May be NULL; called from one thread at a time, at most some 100 times. */
	void (*progress)(void *ctx, const char *phase, uint32_t per_cent);
	void *progress_ctx;
};

struct rd_engine_cost {
	double open_cpu_s, decrypt_cpu_s, execute_cpu_s, wall_s;
	uint64_t bytes_read, rows_scanned, peak_memory;
};

/*
 * A data error (overflow, division by zero) fails with fault FAILED and code "engine.data";
 * err->text names the operation and its position in the SQL text, never a value; `data_position` of
 * the result receives the byte offset.  Which of several errors is reported may vary with threads.
 */
struct rd_engine_result {
	struct rd_rows rows; /* in `arena` */
	struct rd_engine_cost cost;
	uint32_t data_position; /* RD_NONE unless the run failed with engine.data */
};

struct rd_engine {
	const char *name; /* "vector" */
	/* Can it run this plan?  Else fails with "engine.unsupported" and the node. */
	bool (*accepts)(const struct rd_plan *plan, struct rd_err *err);
	/* table[i] serves plan->table[i]. */
	bool (*run)(const struct rd_plan *plan, const struct rd_table *const *table,
		    const struct rd_engine_options *options, struct rd_arena *arena,
		    struct rd_engine_result *out, struct rd_err *err);
	/* Text of the physical plan, for --explain. */
	bool (*explain)(const struct rd_plan *plan, const struct rd_table *const *table,
			struct rd_buf *out, struct rd_err *err);
};

extern const struct rd_engine *const rd_engines[]; /* ends with NULL */
const struct rd_engine *rd_engine_find(const char *name);

#endif
