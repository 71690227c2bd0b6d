/*
 * rd_sql_compile: any text.  What it accepts passes the check, has one encoding, compiles to the
 * same bytes twice, and runs in the interpreter without touching a value that its mask leaves open;
 * what it refuses is refused by the compiler itself, not by a later check of its own plan.
 */
#include <redoubt/query.h>

#include <string.h>

#include "ref/build.h"
#include "ref/ref.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define N_TABLES 3
#define JOINS_MAX 5

static const struct {
	const char *name, *schema, *rows;
} source[N_TABLES] = {
	{ "subjects",
	  "id int64;age int64?;male int32?;weight decimal(5,1)?;bmi decimal(17,14)?;"
	  "case.id int64?;futime int64;status int64",
	  "1|57|0|60.0|22.69|10|0|0\n2||1||24.88|2|624|0\n3|9|0|10.5||3|1783|1" },
	{ "outcomes", "id int64;days int64?;event text?", "1|0|nafld\n3|-5|MI\n3||\n9|2|a%_b" },
	{ "t", "d date?;ts timestamp?;f double?;b boolean?;s text?;n int32?",
	  "2001-02-03|2001-02-03 04:05:06|1.5|true|x|1\n||||\xc3\xa9|\n1999-12-31||NaN|false||-2" },
};

static struct rd_arena *arena;

static void compile(struct rd_view text, const struct rd_rows *rows)
{
	struct rd_sql_table known[N_TABLES];
	struct rd_schema schema[N_TABLES];
	struct rd_rows table[N_TABLES] = { 0 }, answer;
	struct rd_buf first RD_AUTO(rd_buf_free) = { .max = (size_t)64 << 20 };
	struct rd_buf second RD_AUTO(rd_buf_free) = { .max = (size_t)64 << 20 };
	struct rd_err err = { 0 };
	struct rd_plan plan, again;
	uint32_t joins = 0;

	for (uint32_t i = 0; i < N_TABLES; i++) {
		schema[i] = (struct rd_schema){ rows[i].n_cols, rows[i].column };
		known[i] = (struct rd_sql_table){ rd_view_str(source[i].name), &schema[i] };
	}
	if (!rd_sql_compile(text, known, N_TABLES, arena, &plan, &err)) {
		rd_assert(strncmp(err.code, "query.sql.", 10) == 0 ||
			  strcmp(err.code, "base.memory.limit") == 0);
		return;
	}
	err = (struct rd_err){ 0 };
	if (!rd_plan_encode(&plan, &first, &err)) {
		rd_assert(strcmp(err.code, "query.plan.limit") == 0);
		return;
	}
	rd_assert(rd_sql_compile(text, known, N_TABLES, arena, &again, &err));
	rd_assert(rd_plan_encode(&again, &second, &err));
	rd_assert(rd_view_eq(rd_buf_view(&first), rd_buf_view(&second)));
	rd_assert(rd_plan_decode(rd_buf_view(&first), arena, &again, &err));
	for (uint32_t i = 0; i < plan.n_nodes; i++)
		joins += plan.node[i].kind == RD_NODE_JOIN;
	if (joins > JOINS_MAX || plan.n_nodes > 64)
		return;
	for (uint32_t i = 0; i < plan.n_tables; i++)
		for (uint32_t k = 0; k < N_TABLES; k++)
			if (rd_view_eq(plan.table[i].name, known[k].name))
				table[i] = rows[k];
	if (!rd_ref_run(&plan, table, arena, &answer, &err))
		rd_assert(strcmp(err.code, "base.memory.limit") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd_rows rows[N_TABLES];
	struct rd_err err = { 0 };

	if (!rd_arena_new((size_t)256 << 20, &arena, &err))
		return 0;
	for (uint32_t i = 0; i < N_TABLES; i++)
		build_rows(arena, source[i].schema, source[i].rows, &rows[i]);
	rows[0].column[0].unique = true;
	compile(rd_view_of(data, size), rows);
	rd_arena_free(&arena);
	return 0;
}
