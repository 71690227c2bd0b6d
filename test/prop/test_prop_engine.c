/*
 * The vector engine against the interpreter in test/ref: the same plans over the same tables,
 * written to Parquet in memory, with one thread and with two.
 */
#include "support.h"

#include "ref/build.h"
#include "ref/ref.h"
#include "redoubt/engine.h"
#include "redoubt/os.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 6000u

/* ---- tables ---- */

struct column {
	const char *name;
	struct rd_coltype type;
};

static const struct column big_columns[] = {
	{ "id", { RD_INT64, 0, 0, false } },    { "g", { RD_INT32, 0, 0, true } },
	{ "d", { RD_DECIMAL, 15, 2, true } },   { "w", { RD_DECIMAL, 38, 4, true } },
	{ "f", { RD_DOUBLE, 0, 0, true } },     { "s", { RD_TEXT, 0, 0, true } },
	{ "l", { RD_TEXT, 0, 0, false } },      { "dt", { RD_DATE, 0, 0, false } },
	{ "ts", { RD_TIMESTAMP, 0, 0, true } }, { "b", { RD_BOOL, 0, 0, true } },
	{ "k", { RD_INT64, 0, 0, true } },      { "e", { RD_DECIMAL, 4, 0, false } },
};
static const struct column small_columns[] = {
	{ "id", { RD_INT64, 0, 0, true } },  { "k", { RD_INT32, 0, 0, false } },
	{ "name", { RD_TEXT, 0, 0, true } }, { "v", { RD_DECIMAL, 10, 3, true } },
	{ "day", { RD_DATE, 0, 0, true } },
};

struct table {
	struct rd_schema schema;
	struct rd_rows rows;
	struct rd_buf bytes;
	struct rd_blob blob;
	struct rd_table *open;
};

static struct rd_arena *arena;
static struct table tables[2];

static struct rd_value some_value(struct rd_test_random *r, uint32_t table, uint32_t c,
				  uint64_t row)
{
	static const char *const words[] = { "",          "a",
					     "steatosis", "special requests",
					     "x%y",       "Grüße aus Köln",
					     "ZZZ top",   "a longer text of many bytes" };
	const struct column *col = table ? &small_columns[c] : &big_columns[c];
	struct rd_value v = { .type = col->type };
	uint64_t x = rd_test_random_u64(r);
	char text[80];
	struct rd_err err = { 0 };

	v.is_null = col->type.nullable && x % 7 == 0;
	if (v.is_null)
		return v;
	x >>= 8;
	switch ((enum rd_type)col->type.type) {
	case RD_BOOL:
		v.i = x % 3 == 0;
		break;
	case RD_INT32:
		v.i = (int64_t)(x % 21) - 3;
		break;
	case RD_INT64:
		v.i = col->name[0] == 'k' ? (int64_t)(x % 300)
		      : table             ? (int64_t)(x % 900)
					  : (int64_t)row;
		break;
	case RD_DECIMAL:
		v.d = (rd_int128)(x % 200000) - 100000;
		if (col->type.precision == 38)
			v.d *= (rd_int128)1000000007 * 1000000007;
		if (col->type.precision == 4)
			v.d = (rd_int128)(x % 50);
		break;
	case RD_DOUBLE:
		v.f = ((double)(x % 100000) - 50000) / 37;
		if (x % 50 == 1)
			v.f = x % 100 == 1 ? 1e300 : -0.0;
		break;
	case RD_DATE:
		v.i = (int64_t)(x % 2600) + 8000;
		break;
	case RD_TIMESTAMP:
		v.i = (int64_t)(x % 1000000000) * 1000003;
		break;
	default:
		if (col->name[0] == 'l')
			(void)snprintf(text, sizeof(text), "row %u says %s today",
				       (unsigned)(x % 3000), words[x % 8]);
		else
			(void)snprintf(text, sizeof(text), "%s", words[x % 8]);
		assert_true(rd_arena_copy(arena, rd_view_str(text), &v.text, &err));
		break;
	}
	return v;
}

static void put(struct rd_vec *vec, uint64_t row, const struct rd_value *v)
{
	uint8_t *at = (uint8_t *)(uintptr_t)vec->data + row * vec->width;
	struct rd_text text;
	int32_t small = (int32_t)v->i;

	if (v->is_null) {
		((uint64_t *)(uintptr_t)vec->valid)[row / 64] &= ~(UINT64_C(1) << (row % 64));
		return;
	}
	switch ((enum rd_type)v->type.type) {
	case RD_BOOL:
		*at = (uint8_t)v->i;
		break;
	case RD_INT32:
	case RD_DATE:
		memcpy(at, &small, 4);
		break;
	case RD_DECIMAL:
		memcpy(at, &v->d, vec->width);
		break;
	case RD_DOUBLE:
		memcpy(at, &v->f, 8);
		break;
	case RD_TEXT:
		text = rd_text_of(v->text);
		memcpy(at, &text, 16);
		break;
	default:
		memcpy(at, &v->i, 8);
		break;
	}
}

static bool write_bytes(void *ctx, struct rd_view bytes, struct rd_err *err)
{
	rd_buf_add(ctx, bytes);
	return rd_buf_ok(ctx, err);
}

static bool read_bytes(void *ctx, uint64_t offset, struct rd_span *out, struct rd_err *err)
{
	const struct rd_buf *buf = ctx;
	size_t n = out->cap - out->used;

	if (offset > buf->len || n > buf->len - offset)
		return rd_fail(err, RD_FAULT_FAILED, "test.read", "past the end");
	memcpy(out->data + out->used, buf->data + offset, n);
	out->used += n;
	return true;
}

static void fill(struct table *t, uint32_t which, uint32_t n_rows, struct rd_test_random *r)
{
	uint32_t n = which ? 5 : 12;
	struct rd_err err = { 0 };

	t->schema.n = t->rows.n_cols = n;
	t->rows.n_rows = n_rows;
	t->schema.column = t->rows.column = RD_NEW_ARRAY(arena, struct rd_column, n, &err);
	t->rows.vec = RD_NEW_ARRAY(arena, struct rd_vec, n, &err);
	for (uint32_t c = 0; c < n; c++) {
		const struct column *col = which ? &small_columns[c] : &big_columns[c];
		uint64_t *valid = RD_NEW_ARRAY(arena, uint64_t, n_rows / 64 + 40, &err);

		memset(valid, 0xff, (n_rows / 64 + 40) * 8);
		t->schema.column[c] = (struct rd_column){ .name = rd_view_str(col->name),
							  .type = col->type,
							  .class_ = RD_CLASS_VISIBLE };
		t->rows.vec[c] = (struct rd_vec){ .type = col->type,
						  .repr = RD_FLAT,
						  .width = rd_coltype_width(col->type),
						  .valid = col->type.nullable ? valid : NULL };
		t->rows.vec[c].data = rd_arena_alloc(arena, n_rows + 1, t->rows.vec[c].width, &err);
		for (uint32_t i = 0; i < n_rows; i++) {
			struct rd_value v = some_value(r, which, c, i);

			put(&t->rows.vec[c], i, &v);
		}
	}
}

static void write_table(struct table *t)
{
	struct rd_sink sink = { .ctx = &t->bytes, .write = write_bytes };
	struct rd_writer_options options = { 0 };
	struct rd_writer *writer = NULL;
	struct rd_vec vec[16];
	struct rd_err err = { 0 };

	t->bytes = (struct rd_buf){ .max = 64u << 20 };
	assert_true(rd_writer_new(&t->schema, &options, &sink, &writer, &err));
	for (uint64_t at = 0; at < t->rows.n_rows; at += RD_BATCH_ROWS) {
		uint64_t left = t->rows.n_rows - at;
		struct rd_batch batch = { .n_cols = t->rows.n_cols, .col = vec };

		batch.n = batch.n_sel = left < RD_BATCH_ROWS ? (uint32_t)left : RD_BATCH_ROWS;
		for (uint32_t c = 0; c < t->rows.n_cols; c++) {
			vec[c] = t->rows.vec[c];
			vec[c].data = (const uint8_t *)vec[c].data + at * vec[c].width;
			if (vec[c].valid)
				vec[c].valid += at / 64;
		}
		assert_true(rd_writer_add(writer, &batch, &err));
	}
	if (!rd_writer_finish(writer, &err))
		fail_msg("%s: %s", err.code, err.text);
	rd_writer_free(&writer);
	t->blob = (struct rd_blob){ .ctx = &t->bytes, .size = t->bytes.len, .read = read_bytes };
	if (!rd_table_open(&t->blob, NULL, RD_TABLE_OWN, 64u << 20, &t->open, &err))
		fail_msg("%s: %s", err.code, err.text);
}

/* ---- queries ---- */

static const char *const queries[] = {
#include "engine_queries.h"
};

static bool run_engine(const struct rd_plan *plan, uint32_t threads, struct rd_rows *out,
		       struct rd_err *err)
{
	const struct rd_engine *engine = rd_engine_find("vector");
	const struct rd_table *open[2];
	struct rd_engine_options options = { .threads = threads,
					     .max_memory = 1u << 30,
					     .hash_seed = { 7, 11 } };
	struct rd_engine_result result;

	for (uint32_t i = 0; i < plan->n_tables; i++)
		open[i] = tables[plan->table[i].name.data[0] == 'u'].open;
	if (!engine->accepts(plan, err))
		return false;
	if (!engine->run(plan, open, &options, arena, &result, err)) {
		if (strcmp(err->code, "engine.data") != 0)
			return false;
		*out = (struct rd_rows){ .failed = true, .failed_at = result.data_position };
		return true;
	}
	*out = result.rows;
	return true;
}

static uint32_t one_query(const char *sql)
{
	struct rd_sql_table names[2] = { { rd_view_str("t"), &tables[0].schema },
					 { rd_view_str("u"), &tables[1].schema } };
	struct rd_rows rows[2], want, got;
	struct rd_plan plan;
	struct rd_err err = { 0 };

	if (!rd_sql_compile(rd_view_str(sql), names, 2, arena, &plan, &err)) {
		print_error("%s\n   does not compile: %s: %s\n", sql, err.code, err.text);
		return 1;
	}
	for (uint32_t i = 0; i < plan.n_tables; i++)
		rows[i] = tables[plan.table[i].name.data[0] == 'u'].rows;
	if (!rd_ref_run(&plan, rows, arena, &want, &err)) {
		print_error("%s\n   ref: %s: %s\n", sql, err.code, err.text);
		return 1;
	}
	for (uint32_t threads = 1; threads <= 2; threads++) {
		if (!run_engine(&plan, threads, &got, &err)) {
			print_error("%s\n   engine: %s: %s\n", sql, err.code, err.text);
			return 1;
		}
		if (!rd_ref_same(&want, &got, rd_ref_is_ordered(&plan), &err)) {
			print_error("%s\n   %u threads: %s: %s\n", sql, threads, err.code,
				    err.text);
			return 1;
		}
	}
	return 0;
}

static void test_queries(void **state)
{
	struct rd_test_random r = rd_test_random_seed(41);
	static const uint32_t sizes[][2] = {
		{ 3000, 700 }, { 0, 5 }, { 70, 0 }, { ROWS_MAX, 100 }
	};
	const char *only = getenv("RD_TEST_QUERY");
	struct rd_err err = { 0 };
	uint32_t failed = 0;

	(void)state;
	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		assert_true(rd_arena_new((size_t)4 << 30, &arena, &err));
		for (uint32_t t = 0; t < 2; t++) {
			fill(&tables[t], t, sizes[s][t], &r);
			write_table(&tables[t]);
		}
		for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++)
			if (!only || strstr(queries[i], only))
				failed += one_query(queries[i]);
		for (uint32_t t = 0; t < 2; t++) {
			rd_table_close(&tables[t].open);
			rd_buf_free(&tables[t].bytes);
		}
		rd_arena_free(&arena);
	}
	assert_int_equal(failed, 0);
}

/* ---- what SQL alone does not reach ---- */

static struct rd_rows same_as_ref(const struct rd_plan *plan)
{
	struct rd_rows rows[2] = { tables[0].rows, tables[1].rows }, want, got;
	struct rd_err err = { 0 };

	if (!rd_ref_run(plan, rows, arena, &want, &err))
		fail_msg("ref: %s: %s", err.code, err.text);
	for (uint32_t threads = 1; threads <= 2; threads++) {
		if (!run_engine(plan, threads, &got, &err) ||
		    !rd_ref_same(&want, &got, rd_ref_is_ordered(plan), &err))
			fail_msg("%u threads: %s: %s", threads, err.code, err.text);
	}
	return want;
}

static void setup_tables(uint32_t n)
{
	struct rd_test_random r = rd_test_random_seed(43);
	struct rd_err err = { 0 };

	assert_true(rd_arena_new((size_t)8 << 30, &arena, &err));
	for (uint32_t t = 0; t < 2; t++) {
		fill(&tables[t], t, t && n > 1000 ? 1000 : n, &r);
		write_table(&tables[t]);
	}
}

static void end_tables(void)
{
	for (uint32_t t = 0; t < 2; t++) {
		rd_table_close(&tables[t].open);
		rd_buf_free(&tables[t].bytes);
	}
	rd_arena_free(&arena);
}

/* g, sum(d), min(s), count(DISTINCT k), count(d) of t, by g. */
static uint32_t counted(struct build *b)
{
	uint32_t key[] = { 1 };
	struct rd_agg agg[4] = {
		{ .fn = RD_AGG_SUM, .column = 2, .filter = RD_NONE, .position = RD_NONE },
		{ .fn = RD_AGG_MIN, .column = 5, .filter = RD_NONE, .position = RD_NONE },
		{ .fn = RD_AGG_COUNT,
		  .distinct = true,
		  .column = 10,
		  .filter = RD_NONE,
		  .position = RD_NONE },
		{ .fn = RD_AGG_COUNT, .column = 2, .filter = RD_NONE, .position = RD_NONE },
	};
	uint32_t scan = build_sure(b, build_scan(b, 0));

	return build_sure(b, build_aggregate(b, scan, (struct build_keys){ 1, key }, 4, agg));
}

/* Groups and cells that the guard takes out, through a program, a sort and a limit. */
static void test_guard(void **state)
{
	struct rd_guard_rule rule = { .table = 0, .count_column = 3, .min = 100 };
	struct rd_guard_cell cell[2] = { { .column = 1, .count_column = 4, .min = 118 },
					 { .column = 2, .count_column = 3, .min = 112 } };
	struct rd_node guard = { .kind = RD_NODE_GUARD, .input = { 0, RD_NONE } };
	struct rd_rows want;
	struct build_prog p;
	struct build b;
	uint32_t at;

	(void)state;
	setup_tables(3000);
	build_init(&b, arena);
	build_sure(&b, build_table(&b, "t", 12, tables[0].schema.column));
	guard.input[0] = counted(&b);
	guard.guard.keep = 3;
	guard.guard.n_rules = 1;
	guard.guard.rule = &rule;
	guard.guard.n_cells = 2;
	guard.guard.cell = cell;
	at = build_sure(&b, build_node(&b, &guard));
	build_prog_init(&p, &b, at, 64);
	build_out(&p, build_column(&p, 2));
	build_out(&p, build_op(&p, RD_OP_ADD, build_column(&p, 1), build_column(&p, 1)));
	build_out(&p, build_column(&p, 0));
	build_out(&p, build_op(&p, RD_OP_IS_NULL, build_column(&p, 1), RD_NONE));
	at = build_sure(&b, build_project(&p, at));
	build_sure(&b, build_output(&b, build_limit(&b, build_sort(&b, at), 15, 1)));
	want = same_as_ref(&b.plan);
	assert_in_range(want.withheld_groups, 1, 20);
	assert_in_range(want.withheld_cells, 1, 40);
	assert_in_range(want.n_rows, 2, 15);
	end_tables();
}

/* Grouping sets, among them the empty one, over rows and over none. */
static void test_grouping_sets(void **state)
{
	static const uint64_t sets[] = { 3, 1, 2, 0 };
	static const uint32_t keys[] = { 1, 5 };
	struct rd_agg agg = {
		.fn = RD_AGG_SUM, .column = 2, .filter = RD_NONE, .position = RD_NONE
	};
	struct rd_node node = { .kind = RD_NODE_AGGREGATE, .input = { 0, RD_NONE } };
	struct rd_err err = { 0 };
	struct build b;

	(void)state;
	for (uint32_t n = 0; n < 2500; n += 2000) {
		setup_tables(n);
		build_init(&b, arena);
		build_sure(&b, build_table(&b, "t", 12, tables[0].schema.column));
		node.input[0] = build_sure(&b, build_scan(&b, 0));
		assert_true(rd_agg_derive(agg.fn, big_columns[2].type, true, &agg.type, &err));
		node.aggregate.n_keys = 2;
		node.aggregate.key = keys;
		node.aggregate.n_aggs = 1;
		node.aggregate.agg = &agg;
		node.aggregate.n_sets = 4;
		node.aggregate.set = sets;
		build_sure(&b, build_output(&b, build_sure(&b, build_node(&b, &node))));
		(void)same_as_ref(&b.plan);
		end_tables();
	}
}

static void compile(const char *sql, struct rd_plan *plan)
{
	struct rd_sql_table names[2] = { { rd_view_str("t"), &tables[0].schema },
					 { rd_view_str("u"), &tables[1].schema } };
	struct rd_err err = { 0 };

	if (!rd_sql_compile(rd_view_str(sql), names, 2, arena, plan, &err))
		fail_msg("%s: %s", err.code, err.text);
}

/* More rows than a thread takes at once: groups, distinct values and sums of several threads meet,
 * and sums outgrow 64 bits on the way. */
static void test_many_rows(void **state)
{
	static const char *const many[] = {
		"SELECT g, count(*), sum(d), min(s), max(l), avg(e), sum(f), count(s) FROM t "
		"WHERE f < 1000000000 GROUP BY g",
		"SELECT s, b, count(DISTINCT k), sum(DISTINCT d), count(DISTINCT l) FROM t GROUP "
		"BY s, b",
		"SELECT k, sum(k * 800000000000), sum(w), max(ts), min(f) FROM t GROUP BY k",
		"SELECT sum(k * 800000000000), avg(k * 800000000000), count(*) FROM t",
		"SELECT l, count(*), sum(d) FROM t GROUP BY l",
		"SELECT DISTINCT dt, b FROM t",
		"SELECT id, l FROM t ORDER BY d DESC, id LIMIT 100 OFFSET 7",
		"SELECT t.id, u.name FROM u LEFT JOIN t ON t.id = u.id",
		"SELECT g FROM t EXCEPT SELECT k FROM u",
	};
	uint32_t failed = 0;

	(void)state;
	setup_tables(140000);
	for (size_t i = 0; i < sizeof(many) / sizeof(many[0]); i++)
		failed += one_query(many[i]);
	end_tables();
	assert_int_equal(failed, 0);
}

/* A data error names its place in the text; too little memory is an error, not a crash. */
static void test_errors(void **state)
{
	static const char division[] = "SELECT sum(100 / (g - 3)) FROM t";
	const struct rd_engine *engine = rd_engine_find("vector");
	struct rd_engine_options options = { .threads = 1, .max_memory = 1u << 30 };
	const struct rd_table *open;
	struct rd_engine_result result;
	struct rd_err err = { 0 };
	struct rd_plan plan;

	(void)state;
	setup_tables(3000);
	open = tables[0].open;
	compile(division, &plan);
	assert_false(engine->run(&plan, &open, &options, arena, &result, &err));
	assert_string_equal(err.code, "engine.data");
	assert_int_equal(result.data_position, strchr(division, '/') - division);
	compile("SELECT l, count(*) FROM t GROUP BY l", &plan);
	for (options.max_memory = 1000; options.max_memory < 1500000; options.max_memory *= 3) {
		err = (struct rd_err){ 0 };
		assert_false(engine->run(&plan, &open, &options, arena, &result, &err));
		assert_string_equal(err.code, "engine.memory");
	}
	options.max_memory = 64u << 20;
	assert_true(engine->run(&plan, &open, &options, arena, &result, &err));
	assert_in_range(result.cost.peak_memory, 1, options.max_memory);
	options.threads = 0;
	assert_false(engine->run(&plan, &open, &options, arena, &result, &err));
	assert_string_equal(err.code, "engine.thread");
	compile("SELECT stddev(d) FROM t", &plan);
	assert_false(engine->accepts(&plan, &err));
	assert_null(rd_engine_find("oblivious"));
	end_tables();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_queries),       cmocka_unit_test(test_guard),
		cmocka_unit_test(test_grouping_sets), cmocka_unit_test(test_many_rows),
		cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
