/*
 * The interpreter itself: against SQL's own tables (expected rows written by hand), glibc's strtod,
 * 128-bit arithmetic, and sums from Python's math.fsum and fractions.
 */
#include "support.h"

#include "ref/build.h"
#include "ref/ref_int.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct rd_arena *arena;

static int set_up(void **state)
{
	struct rd_err err = { 0 };

	(void)state;
	return rd_arena_new((size_t)1 << 28, &arena, &err) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	rd_arena_free(&arena);
	return 0;
}

/* The plan, through its bytes: the same bytes again, and a text. */
static void through_bytes(const struct rd_plan *plan, struct rd_plan *out)
{
	struct rd_buf bytes RD_AUTO(rd_buf_free) = { .max = RD_PLAN_BYTES_MAX };
	struct rd_buf again RD_AUTO(rd_buf_free) = { .max = RD_PLAN_BYTES_MAX };
	struct rd_buf text RD_AUTO(rd_buf_free) = { .max = 1 << 20 };
	struct rd_err err = { 0 };

	if (!rd_plan_encode(plan, &bytes, &err) ||
	    !rd_plan_decode(rd_buf_view(&bytes), arena, out, &err) ||
	    !rd_plan_encode(out, &again, &err) || !rd_plan_print(out, &text, &err))
		fail_msg("%s", err.text);
	assert_true(rd_view_eq(rd_buf_view(&bytes), rd_buf_view(&again)));
	if (getenv("RD_TEST_SHOW"))
		printf("%.*s\n", RD_FMT(rd_buf_view(&text)));
}

/* Runs and compares the lines of the answer; `want` starting with '!' is a ref error's code. */
static void expect(const struct build *b, const struct rd_rows *table, const char *want)
{
	struct rd_err err = { 0 };
	struct rd_plan plan;
	struct rd_rows out;
	bool ok;

	through_bytes(&b->plan, &plan);
	ok = rd_ref_run(&plan, table, arena, &out, &err);

	if (want[0] == '!') {
		assert_false(ok);
		assert_string_equal(err.code, want + 1);
		return;
	}
	if (!ok)
		fail_msg("%s", err.text);
	assert_string_equal((const char *)build_text(arena, &out).data, want);
}

/* ---- numbers ----------------------------------------------------------------------------- */

static rd_int128 random_int128(struct rd_test_random *random)
{
	rd_uint128 v = (rd_uint128)rd_test_random_u64(random) << 64 | rd_test_random_u64(random);

	return (rd_int128)v >> rd_test_random_below(random, 120);
}

static void test_big_as_int128(void **state)
{
	struct rd_test_random random = rd_test_random_seed(11);

	(void)state;
	for (int i = 0; i < 20000; i++) {
		rd_int128 a = random_int128(&random) >> 64, b = random_int128(&random) >> 64, got;
		struct big x = big_of(a), y = big_of(b), r, rest;

		r = big_add(&x, &y);
		assert_true(big_to_int128(&r, &got) && got == a + b);
		r = big_sub(&x, &y);
		assert_true(big_to_int128(&r, &got) && got == a - b);
		r = big_mul(&x, &y);
		assert_true(big_to_int128(&r, &got) && got == a * b);
		assert_int_equal(big_compare(&x, &y), (a > b) - (a < b));
		if (b == 0)
			continue;
		r = big_div(&x, &y, &rest);
		assert_true(big_to_int128(&r, &got) && got == a / b);
		assert_true(big_to_int128(&rest, &got) && got == a % b);
	}
}

/* strtod is correctly rounded: 10^-s as text is the exact value. */
static void test_ratio_as_strtod(void **state)
{
	struct rd_test_random random = rd_test_random_seed(12);

	(void)state;
	for (int i = 0; i < 20000; i++) {
		int64_t digits = (int64_t)random_int128(&random);
		uint32_t scale = (uint32_t)rd_test_random_below(&random, 38);
		struct big x = big_of(digits), ten = big_pow10(scale);
		char text[64];

		snprintf(text, sizeof(text), "%llde-%u", (long long)digits, scale);
		double want = strtod(text, NULL), got = big_ratio(&x, &ten, 0);
		assert_memory_equal(&got, digits ? &want : &(double){ 0.0 }, sizeof(got));
	}
	/* Ties, subnormals, and the largest. */
	struct big one = big_of(1), three = big_of(3), x = big_of(((rd_int128)1 << 53) + 1);
	assert_true(big_ratio(&x, &one, 0) == 0x1p53);
	assert_true(big_ratio(&one, &one, -1074) == 0x1p-1074);
	assert_true(big_ratio(&one, &one, -1075) == 0.0);
	assert_true(big_ratio(&three, &one, -1076) == 0x1p-1074);
	assert_true(big_ratio(&three, &one, -1075) == 0x1p-1073);
	assert_true(isinf(big_ratio(&one, &one, 1024)));
}

static void test_double_as_big(void **state)
{
	struct rd_test_random random = rd_test_random_seed(13);
	struct big one = big_of(1);

	(void)state;
	for (int i = 0; i < 20000; i++) {
		uint64_t bits = rd_test_random_u64(&random);
		double value;

		if (i % 4 == 0)
			bits &= UINT64_C(0x800fffffffffffff);
		memcpy(&value, &bits, sizeof(value));
		if (!isfinite(value) || value == 0)
			continue;
		struct big exact = big_of_double(value);
		assert_true(big_ratio(&exact, &one, -1074) == value);
	}
}

/* ---- expressions ------------------------------------------------------------------------- */

/* One op over constants of type ta and tb (NULL: no operand), as text; "error" for a data error. */
static const char *op2(uint16_t op, const char *ta, const char *a, const char *tb, const char *b)
{
	struct rd_value x = build_value(ta, a), y;
	struct rd_err err = { 0 };
	struct rd_rows out;
	struct build_prog p;
	struct build plan;
	uint32_t in, id[2] = { RD_NONE, RD_NONE };

	build_init(&plan, arena);
	in = build_values(&plan, 0, NULL, 1, NULL);
	build_prog_init(&p, &plan, in, 8);
	id[0] = build_const(&p, &x);
	if (tb) {
		y = build_value(tb, b);
		id[1] = build_const(&p, &y);
	}
	build_out(&p, build_sure(&plan, build_op(&p, op, id[0], id[1])));
	build_output(&plan, build_project(&p, in));
	if (!rd_ref_run(&plan.plan, NULL, arena, &out, &err))
		fail_msg("%s", err.text);
	if (out.failed)
		return "error";
	struct rd_view text = build_text(arena, &out);
	((char *)(uintptr_t)text.data)[text.len - 1] = 0;
	return (const char *)text.data;
}

static void test_arithmetic(void **state)
{
	(void)state;
	assert_string_equal(op2(RD_OP_DIV, "int32", "-7", "int32", "2"), "-3");
	assert_string_equal(op2(RD_OP_MOD, "int32", "-7", "int32", "2"), "-1");
	assert_string_equal(op2(RD_OP_DIV, "int32", "-2147483648", "int32", "-1"), "error");
	assert_string_equal(op2(RD_OP_DIV, "int64", "1", "int64", "0"), "error");
	assert_string_equal(op2(RD_OP_ADD, "int64", "9223372036854775807", "int64", "1"), "error");
	assert_string_equal(op2(RD_OP_ADD, "int64", NULL, "int64", "1"), "null");
	assert_string_equal(op2(RD_OP_ADD, "decimal(5,2)", "1.25", "decimal(9,4)", "0.0001"),
			    "1.2501");
	assert_string_equal(op2(RD_OP_MUL, "decimal(5,2)", "-1.25", "decimal(5,1)", "0.5"),
			    "-0.625");
	assert_string_equal(op2(RD_OP_DIV, "decimal(5,0)", "2", "decimal(5,0)", "3"),
			    "0.6666666666666667");
	assert_string_equal(op2(RD_OP_DIV, "decimal(5,0)", "-2", "decimal(5,0)", "3"),
			    "-0.6666666666666667");
	assert_string_equal(op2(RD_OP_MOD, "decimal(5,2)", "-7.50", "decimal(5,1)", "2.0"),
			    "-1.50");
	assert_string_equal(op2(RD_OP_ADD, "decimal(38,0)",
				"99999999999999999999999999999999999999", "decimal(38,0)", "1"),
			    "error");
	assert_string_equal(op2(RD_OP_DIV, "double", "1", "double", "0"), "error");
	assert_string_equal(op2(RD_OP_MUL, "double", "1e308", "double", "10"), "error");
	assert_string_equal(op2(RD_OP_MUL, "double", "1e-308", "double", "1e-308"), "error");
	assert_string_equal(op2(RD_OP_EQ, "double", "NaN", "double", "NaN"), "true");
	assert_string_equal(op2(RD_OP_GT, "double", "NaN", "double", "Infinity"), "true");
	assert_string_equal(op2(RD_OP_SUB, "date", "2000-03-01", "date", "2000-02-28"), "2");
	assert_string_equal(op2(RD_OP_ADD, "date", "1999-12-31", "int32", "1"), "2000-01-01");
	assert_string_equal(op2(RD_OP_CONCAT, "text", "ab", "text", "c"), "abc");
	assert_string_equal(op2(RD_OP_ABS, "decimal(5,2)", "-1.25", NULL, NULL), "1.25");
	assert_string_equal(op2(RD_OP_FLOOR, "decimal(5,2)", "-1.25", NULL, NULL), "-2");
	assert_string_equal(op2(RD_OP_CEIL, "decimal(5,2)", "1.25", NULL, NULL), "2");
	assert_string_equal(op2(RD_OP_ROUND, "decimal(5,2)", "-2.50", NULL, NULL), "-3");
	assert_string_equal(op2(RD_OP_ROUND, "double", "2.5", NULL, NULL), "2");
	assert_string_equal(op2(RD_OP_LENGTH, "text", "h\xc3\xa9llo", NULL, NULL), "5");
	assert_string_equal(op2(RD_OP_UPPER, "text", "h\xc3\xa9llo", NULL, NULL), "H\xc3\xa9LLO");
}

static void test_logic_is_kleene(void **state)
{
	static const char *const values[] = { "false", "true", NULL };
	static const char *const and_[] = { "false", "false", "false", "false", "true",
					    "null",  "false", "null",  "null" };
	static const char *const or_[] = { "false", "true", "null", "true", "true",
					   "true",  "null", "true", "null" };

	(void)state;
	for (int i = 0; i < 9; i++) {
		const char *a = values[i / 3], *b = values[i % 3];

		assert_string_equal(op2(RD_OP_AND, "bool", a, "bool", b), and_[i]);
		assert_string_equal(op2(RD_OP_OR, "bool", a, "bool", b), or_[i]);
	}
	assert_string_equal(op2(RD_OP_NOT, "bool", NULL, NULL, NULL), "null");
	assert_string_equal(op2(RD_OP_IS_TRUE, "bool", NULL, NULL, NULL), "false");
	assert_string_equal(op2(RD_OP_IS_DISTINCT, "bool", NULL, "bool", NULL), "false");
}

static const char *cast(const char *from, const char *text, const char *to)
{
	struct rd_value x = build_value(from, text), type = build_value(to, NULL);
	struct rd_err err = { 0 };
	struct rd_rows out;
	struct build_prog p;
	struct build plan;
	uint32_t in;

	build_init(&plan, arena);
	in = build_values(&plan, 0, NULL, 1, NULL);
	build_prog_init(&p, &plan, in, 8);
	build_out(&p, build_sure(&plan, build_cast(&p, build_const(&p, &x), type.type)));
	build_output(&plan, build_project(&p, in));
	if (!rd_ref_run(&plan.plan, NULL, arena, &out, &err))
		fail_msg("%s", err.text);
	if (out.failed)
		return "error";
	struct rd_view answer = build_text(arena, &out);
	((char *)(uintptr_t)answer.data)[answer.len - 1] = 0;
	return (const char *)answer.data;
}

/* Expected: PostgreSQL 15's answers. */
static void test_casts(void **state)
{
	(void)state;
	assert_string_equal(cast("double", "2.5", "int32"), "2");
	assert_string_equal(cast("double", "3.5", "int32"), "4");
	assert_string_equal(cast("double", "1e10", "int32"), "error");
	assert_string_equal(cast("double", "NaN", "int64"), "error");
	assert_string_equal(cast("double", "9223372036854775808", "int64"), "error");
	assert_string_equal(cast("double", "0.1", "decimal(20,18)"), "0.100000000000000000");
	assert_string_equal(cast("double", "123456.789", "decimal(10,2)"), "123456.79");
	assert_string_equal(cast("double", "-1e-20", "decimal(10,2)"), "0.00");
	assert_string_equal(cast("double", "1e30", "decimal(10,2)"), "error");
	assert_string_equal(cast("decimal(5,2)", "-2.50", "int32"), "-3");
	assert_string_equal(cast("decimal(5,2)", "12.35", "decimal(3,1)"), "12.4");
	assert_string_equal(cast("decimal(5,2)", "123.45", "decimal(3,1)"), "error");
	assert_string_equal(cast("decimal(38,20)", "0.10000000000000000001", "double"), "0.1");
	assert_string_equal(cast("int64", "4294967296", "int32"), "error");
	assert_string_equal(cast("timestamp", "1969-12-31 23:59:59", "date"), "1969-12-31");
	assert_string_equal(cast("date", "2001-02-03", "timestamp"), "2001-02-03 00:00:00");
	assert_string_equal(cast("text", " 42 ", "int32"), "42");
	assert_string_equal(cast("text", "4x", "int32"), "error");
	assert_string_equal(cast("bool", "true", "text"), "true");
}

/* ---- nodes ------------------------------------------------------------------------------- */

static void test_masks_guard_errors(void **state)
{
	struct rd_value zero = build_value("int32", "0"), ten = build_value("int32", "10");
	struct rd_rows table;

	(void)state;
	build_rows(arena, "x int32?", "0\n5\n2\n", &table);
	for (int guarded = 0; guarded < 3; guarded++) {
		struct build b;
		struct build_prog p;
		uint32_t in, x, cond, list[3];

		build_init(&b, arena);
		in = build_scan(&b, build_table_of(&b, "t", &table));
		build_prog_init(&p, &b, in, 16);
		x = build_column(&p, 0);
		cond = build_op(&p, RD_OP_NE, x, build_const(&p, &zero));
		list[2] = build_const(&p, &zero);
		list[0] = cond;
		p.mask = guarded ? cond : RD_NONE;
		list[1] = build_op(&p, RD_OP_DIV, build_const(&p, &ten), x);
		p.mask = RD_NONE;
		build_out(&p, build_instr(&p, &(struct rd_instr){ .op = RD_OP_CASE,
								  .a = RD_NONE,
								  .b = RD_NONE,
								  .c = RD_NONE,
								  .mask = RD_NONE,
								  .n_list = 3,
								  .list = list }));
		if (guarded == 2)
			build_out(&p, list[1]);
		build_output(&b, build_project(&p, in));
		expect(&b, &table,
		       guarded == 0   ? "failed at 5\n"
		       : guarded == 1 ? "0\n2\n5\n"
				      : "!ref.poison");
	}
}

static void test_joins(void **state)
{
	/* left: (1,a) (2,b) (NULL,c) (2,d); right: (2,x) (2,y) (3,z) (NULL,w) */
	static const struct {
		uint8_t kind;
		const char *want; /* in order of the columns */
	} cases[] = {
		{ RD_JOIN_INNER, "2|b|2|x\n2|b|2|y\n2|d|2|x\n2|d|2|y\n" },
		{ RD_JOIN_LEFT, "1|a|null|null\n2|b|2|x\n2|b|2|y\n2|d|2|x\n2|d|2|y\n"
				"null|c|null|null\n" },
		{ RD_JOIN_RIGHT, "2|b|2|x\n2|b|2|y\n2|d|2|x\n2|d|2|y\nnull|null|3|z\n"
				 "null|null|null|w\n" },
		{ RD_JOIN_FULL, "1|a|null|null\n2|b|2|x\n2|b|2|y\n2|d|2|x\n2|d|2|y\n"
				"null|c|null|null\nnull|null|3|z\nnull|null|null|w\n" },
		{ RD_JOIN_SEMI, "2|b\n2|d\n" },
		{ RD_JOIN_ANTI, "1|a\nnull|c\n" },
		{ RD_JOIN_NULL_AWARE_ANTI, "" },
		{ RD_JOIN_SINGLE, "failed at -1\n" },
	};
	struct rd_rows table[2];

	(void)state;
	build_rows(arena, "k int32?;v text", "1|a\n2|b\n|c\n2|d\n", &table[0]);
	build_rows(arena, "k int32?;v text", "2|x\n2|y\n3|z\n|w\n", &table[1]);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct build b;
		uint32_t in[2];

		build_init(&b, arena);
		in[0] = build_scan(&b, build_table_of(&b, "l", &table[0]));
		in[1] = build_scan(&b, build_table_of(&b, "r", &table[1]));
		build_output(&b, build_sort(&b, build_join(&b, cases[i].kind, in, 1,
							   (uint32_t[]){ 0, 0 })));
		expect(&b, table, cases[i].want);
	}
}

static void test_not_in(void **state)
{
	struct rd_rows table[2];
	struct build b;
	uint32_t in[2];

	(void)state;
	build_rows(arena, "k int32?", "1\n2\n\n", &table[0]);
	build_rows(arena, "k int32?", "2\n3\n", &table[1]);
	build_init(&b, arena);
	in[0] = build_scan(&b, build_table_of(&b, "l", &table[0]));
	in[1] = build_scan(&b, build_table_of(&b, "r", &table[1]));
	build_output(&b, build_join(&b, RD_JOIN_NULL_AWARE_ANTI, in, 1, (uint32_t[]){ 0, 0 }));
	expect(&b, table, "1\n");
	build_rows(arena, "k int32?", "", &table[1]);
	expect(&b, table, "1\n2\nnull\n");
}

static void test_aggregates(void **state)
{
	/* Exact: Python's math.fsum and fractions. */
	static const char *const lines = "a|1e16|12.50\na|1|-3.25\na|-1e16|\na|3.25|0.01\n"
					 "a|1e-300|\nb||\n";
	const struct rd_agg agg[] = {
		{ .fn = RD_AGG_COUNT_STAR, .column = RD_NONE, .filter = RD_NONE },
		{ .fn = RD_AGG_COUNT, .column = 2, .filter = RD_NONE },
		{ .fn = RD_AGG_SUM, .column = 1, .filter = RD_NONE },
		{ .fn = RD_AGG_AVG, .column = 1, .filter = RD_NONE },
		{ .fn = RD_AGG_STDDEV, .column = 1, .filter = RD_NONE },
		{ .fn = RD_AGG_SUM, .column = 2, .filter = RD_NONE },
		{ .fn = RD_AGG_AVG, .column = 2, .filter = RD_NONE },
		{ .fn = RD_AGG_STDDEV, .column = 2, .filter = RD_NONE },
		{ .fn = RD_AGG_MIN, .column = 2, .filter = RD_NONE },
		{ .fn = RD_AGG_MAX, .column = 2, .filter = RD_NONE },
	};
	struct rd_rows table;
	struct build b;

	(void)state;
	build_rows(arena, "g text;f double?;d decimal(9,2)?", lines, &table);
	build_init(&b, arena);
	build_output(&b,
		     build_sure(&b, build_aggregate(
					    &b, build_scan(&b, build_table_of(&b, "t", &table)),
					    (struct build_keys){ 1, (uint32_t[]){ 0 } }, 10, agg)));
	expect(&b, &table,
	       "a|5|3|4.25|0.85|7.071067811865475e+15|9.26|3.0866666666666667|"
	       "8.31354517238785|-3.25|12.50\n"
	       "b|1|0|null|null|null|null|null|null|null|null\n");
}

static void test_distinct_filter_and_empty(void **state)
{
	const struct rd_agg agg[] = {
		{ .fn = RD_AGG_COUNT, .column = 0, .distinct = true, .filter = RD_NONE },
		{ .fn = RD_AGG_SUM, .column = 0, .distinct = true, .filter = 1 },
		{ .fn = RD_AGG_COUNT_STAR, .column = RD_NONE, .filter = 1 },
	};
	struct rd_rows table;
	struct build b;

	(void)state;
	build_rows(arena, "x int32?;p bool?", "1|true\n1|true\n2|false\n3|\n|true\n4|true\n",
		   &table);
	build_init(&b, arena);
	build_output(&b, build_sure(&b, build_aggregate(
						&b, build_scan(&b, build_table_of(&b, "t", &table)),
						(struct build_keys){ 0, NULL }, 3, agg)));
	expect(&b, &table, "4|5|4\n");
	build_rows(arena, "x int32?;p bool?", "", &table);
	expect(&b, &table, "0|null|0\n");
}

static void test_grouping_sets(void **state)
{
	const struct rd_agg agg = {
		.fn = RD_AGG_SUM, .column = 2, .filter = RD_NONE, .type = { RD_INT64, 0, 0, true }
	};
	const uint64_t sets[] = { 3, 1, 0 };
	struct rd_node node = { .kind = RD_NODE_AGGREGATE };
	struct rd_rows table;
	struct build b;

	(void)state;
	build_rows(arena, "a text;b text;x int32", "p|q|1\np|r|2\ns|q|4\n", &table);
	build_init(&b, arena);
	node.input[0] = build_scan(&b, build_table_of(&b, "t", &table));
	node.input[1] = RD_NONE;
	node.aggregate.n_keys = 2;
	node.aggregate.key = (const uint32_t[]){ 0, 1 };
	node.aggregate.n_aggs = 1;
	node.aggregate.agg = &agg;
	node.aggregate.n_sets = 3;
	node.aggregate.set = sets;
	build_output(&b, build_sort(&b, build_sure(&b, build_node(&b, &node))));
	expect(&b, &table, "p|q|1\np|r|2\np|null|3\ns|q|4\ns|null|4\nnull|null|7\n");
	build_rows(arena, "a text;b text;x int32", "", &table);
	expect(&b, &table, "null|null|null\n");
}

static void test_set_operations(void **state)
{
	static const struct {
		uint8_t op;
		bool all;
		const char *want;
	} cases[] = {
		{ RD_SETOP_UNION, false, "1\n2\n3\nnull\n" },
		{ RD_SETOP_UNION, true, "1\n1\n1\n2\n2\n3\nnull\nnull\n" },
		{ RD_SETOP_INTERSECT, false, "1\n2\nnull\n" },
		{ RD_SETOP_INTERSECT, true, "1\n2\nnull\n" },
		{ RD_SETOP_EXCEPT, false, "" },
		{ RD_SETOP_EXCEPT, true, "1\n" },
	};
	struct rd_rows table[2];

	(void)state;
	build_rows(arena, "k int32?", "1\n1\n2\n\n", &table[0]);
	build_rows(arena, "k int32?", "1\n2\n3\n\n", &table[1]);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rd_node node = { .kind = RD_NODE_SETOP };
		struct build b;

		build_init(&b, arena);
		node.input[0] = build_scan(&b, build_table_of(&b, "l", &table[0]));
		node.input[1] = build_scan(&b, build_table_of(&b, "r", &table[1]));
		node.setop.op = cases[i].op;
		node.setop.all = cases[i].all;
		build_output(&b, build_sort(&b, build_node(&b, &node)));
		expect(&b, table, cases[i].want);
	}
}

static void test_sort_and_limit(void **state)
{
	const struct rd_sort_key key[] = { { 0, true, true }, { 1, false, false } };
	struct rd_node node = { .kind = RD_NODE_SORT };
	struct rd_rows table;
	struct build b;

	(void)state;
	build_rows(arena, "a int32?;b text", "1|x\n|y\n3|z\n3|a\n2|q\n", &table);
	build_init(&b, arena);
	node.input[0] = build_scan(&b, build_table_of(&b, "t", &table));
	node.input[1] = RD_NONE;
	node.sort.n_keys = 2;
	node.sort.key = key;
	build_output(&b, build_limit(&b, build_node(&b, &node), 3, 1));
	expect(&b, &table, "3|a\n3|z\n2|q\n");
	assert_true(rd_ref_is_ordered(&b.plan));
}

/* Group b has too few persons, a cell of group c has; its mark goes through + to the answer. */
static void test_guard_withholds(void **state)
{
	const struct rd_guard_rule rule = { 0, 2, 3 };
	const struct rd_guard_cell cell = { 0, 1, 3, 2 };
	struct rd_node node = { .kind = RD_NODE_GUARD };
	struct rd_err err = { 0 };
	struct rd_rows table, out;
	struct build_prog p;
	struct build b;
	uint32_t in;

	(void)state;
	build_rows(arena, "g text;x int32?;n int64;m int64", "a|1|3|2\nb|2|2|2\nc|3|9|1\nd||9|2\n",
		   &table);
	build_init(&b, arena);
	node.input[0] = build_scan(&b, build_table_of(&b, "t", &table));
	node.input[1] = RD_NONE;
	node.guard.keep = 2;
	node.guard.n_rules = 1;
	node.guard.rule = &rule;
	node.guard.n_cells = 1;
	node.guard.cell = &cell;
	in = build_sure(&b, build_node(&b, &node));
	build_prog_init(&p, &b, in, 8);
	build_out(&p, build_column(&p, 0));
	build_out(&p, build_op(&p, RD_OP_ADD, build_column(&p, 1), build_column(&p, 1)));
	build_out(&p, build_op(&p, RD_OP_IS_NULL, 1, RD_NONE));
	build_output(&b, build_sure(&b, build_project(&p, in)));
	expect(&b, &table, "a|2|false\nc|*|true\nd|null|true\n");
	assert_true(rd_ref_run(&b.plan, &table, arena, &out, &err));
	assert_int_equal(out.withheld_groups, 1);
	assert_int_equal(out.withheld_cells, 1);
}

static void test_same_sees_differences(void **state)
{
	struct rd_err err = { 0 };
	struct rd_rows a, b;

	(void)state;
	build_rows(arena, "f double?;t text", "1|x\n0|y\nNaN|z\n", &a);
	build_rows(arena, "f double?;t text", "NaN|z\n1|x\n0|y\n", &b);
	assert_true(rd_ref_same(&a, &b, false, &err));
	assert_false(rd_ref_same(&a, &b, true, &err));
	build_rows(arena, "f double?;t text", "1|x\n-0|y\nNaN|z\n", &b);
	assert_false(rd_ref_same(&a, &b, false, &err));
	build_rows(arena, "f double?;t text", "1|x\n|y\nNaN|z\n", &b);
	assert_false(rd_ref_same(&a, &b, false, &err));
	build_rows(arena, "f double?;t text", "1|x\n0|y\n", &b);
	assert_false(rd_ref_same(&a, &b, false, &err));
	b.failed = true;
	assert_false(rd_ref_same(&a, &b, false, &err));
	assert_string_equal(err.code, "ref.differ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_big_as_int128),
		cmocka_unit_test(test_ratio_as_strtod),
		cmocka_unit_test(test_double_as_big),
		cmocka_unit_test(test_arithmetic),
		cmocka_unit_test(test_logic_is_kleene),
		cmocka_unit_test(test_casts),
		cmocka_unit_test(test_masks_guard_errors),
		cmocka_unit_test(test_joins),
		cmocka_unit_test(test_not_in),
		cmocka_unit_test(test_aggregates),
		cmocka_unit_test(test_distinct_filter_and_empty),
		cmocka_unit_test(test_grouping_sets),
		cmocka_unit_test(test_set_operations),
		cmocka_unit_test(test_sort_and_limit),
		cmocka_unit_test(test_guard_withholds),
		cmocka_unit_test(test_same_sees_differences),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
