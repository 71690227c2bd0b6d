/*
 * Plans as bytes and rd_plan_check: each field that is wrong by itself is refused, and whatever
 * bytes are taken give the same bytes again.
 */
#include "support.h"

#include "ref/build.h"

#include <stdlib.h>
#include <string.h>

static struct rd_arena *arena;
static struct rd_rows table;

static int set_up(void **state)
{
	struct rd_err err = { 0 };

	(void)state;
	if (!rd_arena_new((size_t)1 << 28, &arena, &err))
		return -1;
	build_rows(arena, "k int32?;d decimal(9,2);t text", "1|2.50|x\n", &table);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	rd_arena_free(&arena);
	return 0;
}

/* scan 0, filter 1, project 2, aggregate 3, guard 4, sort 5, limit 6, output 7. */
static void sample(struct build *b)
{
	static const struct rd_agg agg[] = {
		{ .fn = RD_AGG_COUNT_STAR, .column = RD_NONE, .filter = RD_NONE },
		{ .fn = RD_AGG_SUM, .column = 1, .filter = RD_NONE, .position = 7 },
	};
	static const struct rd_guard_rule rule = { 0, 1, 5 };
	static const struct rd_guard_cell cell = { 0, 2, 1, 3 };
	static const uint32_t key = 0;
	struct rd_value one = build_value("int32", "1"), rate = build_value("decimal(3,2)", "0.07");
	struct rd_node node = { .kind = RD_NODE_GUARD };
	struct build_prog p;
	uint32_t in;

	build_init(b, arena);
	in = build_scan(b, build_table_of(b, "t", &table));
	build_prog_init(&p, b, in, 8);
	build_out(&p, build_op(&p, RD_OP_GT, build_column(&p, 0), build_const(&p, &one)));
	in = build_sure(b, build_filter(&p, in));
	build_prog_init(&p, b, in, 8);
	build_out(&p, build_column(&p, 0));
	build_out(&p, build_op(&p, RD_OP_MUL, build_column(&p, 1), build_const(&p, &rate)));
	in = build_sure(b, build_project(&p, in));
	in = build_sure(b, build_aggregate(b, in, (struct build_keys){ 1, &key }, 2, agg));
	node.input[0] = in;
	node.input[1] = RD_NONE;
	node.guard.keep = 3;
	node.guard.n_rules = 1;
	node.guard.rule = &rule;
	node.guard.n_cells = 1;
	node.guard.cell = &cell;
	in = build_sure(b, build_node(b, &node));
	build_output(b, build_limit(b, build_sort(b, in), 10, 0));
}

/* Taken bytes are the one form of their plan. */
static bool taken(struct rd_view bytes)
{
	struct rd_buf again RD_AUTO(rd_buf_free) = { .max = RD_PLAN_BYTES_MAX };
	struct rd_err err = { 0 };
	struct rd_plan plan;

	if (!rd_plan_decode(bytes, arena, &plan, &err)) {
		assert_non_null(err.code);
		return false;
	}
	assert_true(rd_plan_encode(&plan, &again, &err));
	assert_true(rd_view_eq(rd_buf_view(&again), bytes));
	return true;
}

static void test_broken_bytes(void **state)
{
	struct rd_buf bytes RD_AUTO(rd_buf_free) = { .max = RD_PLAN_BYTES_MAX };
	struct rd_err err = { 0 };
	struct build b;
	size_t n_taken = 0;

	(void)state;
	sample(&b);
	assert_true(rd_plan_encode(&b.plan, &bytes, &err));
	assert_true(taken(rd_buf_view(&bytes)));
	for (size_t n = 0; n < bytes.len; n++)
		assert_false(taken(rd_view_of(bytes.data, n)));
	for (size_t i = 0; i < bytes.len; i++) {
		for (int bit = 0; bit < 8; bit++) {
			bytes.data[i] ^= (uint8_t)(1 << bit);
			n_taken += taken(rd_buf_view(&bytes));
			bytes.data[i] ^= (uint8_t)(1 << bit);
		}
	}
	/* Names, classes, constants and minima may differ; structure may not. */
	assert_in_range(n_taken, 1, bytes.len * 4);
	rd_buf_add_byte(&bytes, 0xf6);
	assert_false(taken(rd_buf_view(&bytes)));
}

/* The first bytes: array of 5, object 64, version 1, semantics 1, one table "t" of 3 columns; the
 * first column "k": int32 nullable, visible, not unique.  By hand from doc/format/plan.cddl. */
static void test_golden_start(void **state)
{
	static const uint8_t start[] = {
		0x85, 0x18, 0x40, 0x01, 0x01, 0x81, 0x82, 0x61, 't',  0x83,
		0x84, 0x61, 'k',  0x84, 0x02, 0x00, 0x00, 0xf5, 0x04, 0xf4
	};
	/* The last node: output of 3 columns named c0, c1, c2, at most 10 rows, from node 6. */
	static const uint8_t end[] = { 0x86, 0x0c, 0x81, 0x06, 0x83, 0x84, 0x02, 0x00, 0x00,
				       0xf5, 0x84, 0x03, 0x00, 0x00, 0xf4, 0x84, 0x04, 0x18,
				       0x26, 0x04, 0xf5, 0x01, 0x0a, 0x83, 0x62, 'c',  '0',
				       0x62, 'c',  '1',  0x62, 'c',  '2' };
	struct rd_buf bytes RD_AUTO(rd_buf_free) = { .max = RD_PLAN_BYTES_MAX };
	struct rd_err err = { 0 };
	struct build b;

	(void)state;
	sample(&b);
	assert_true(rd_plan_encode(&b.plan, &bytes, &err));
	assert_memory_equal(bytes.data, start, sizeof(start));
	assert_memory_equal(bytes.data + bytes.len - sizeof(end), end, sizeof(end));
}

/* What a check refuses: one change to the sample each. */
static struct rd_instr *instr(struct build *b, uint32_t node, uint32_t i)
{
	const struct rd_prog *prog =
		node == 1 ? &b->plan.node[1].filter.prog : &b->plan.node[2].project.prog;

	return (struct rd_instr *)(uintptr_t)&prog->instr[i];
}

static bool change_nodes(struct build *b, int what)
{
	struct rd_node *n = b->plan.node;
	static const uint32_t far_id = 99;

	switch (what) {
	case 0:
		b->plan.n_nodes = 0;
		break;
	case 1:
		b->plan.n_nodes--;
		break;
	case 2:
		b->plan.n_nodes = RD_PLAN_NODES_MAX + 1;
		break;
	case 3:
		b->plan.n_tables = RD_PLAN_TABLES_MAX + 1;
		break;
	case 4:
		b->plan.n_tables = 0;
		break;
	case 5:
		n[1].input[0] = 1;
		break;
	case 6:
		n[1].input[0] = 5;
		break;
	case 7:
		n[1].input[1] = 0;
		break;
	case 8: /* the filter feeds none */
		n[2].input[0] = 0;
		break;
	case 9:
		n[0].scan.table = 1;
		break;
	case 10:
		n[0].scan.column = &far_id;
		n[0].n_cols = 1;
		break;
	case 11:
		n[0].n_cols = RD_PLAN_COLUMNS_MAX + 1;
		break;
	case 12:
		n[1].kind = RD_NODE_WINDOW;
		break;
	case 13:
		n[1].kind = 99;
		break;
	case 14:
		n[1].bound = RD_BOUND_PUBLIC;
		break;
	case 15:
		n[6].bound_rows = 11;
		break;
	case 16:
		n[1].filter.prog.n_out = 0;
		break;
	case 17:
		n[1].filter.prog.out = &far_id;
		break;
	default:
		return false;
	}
	return true;
}

static bool change_program(struct build *b, int what)
{

	switch (what) {
	case 18:
		instr(b, 1, 0)->a = 3;
		break;
	case 19:
		instr(b, 1, 2)->a = 2;
		break;
	case 20:
		instr(b, 1, 2)->b = RD_NONE;
		break;
	case 21:
		instr(b, 1, 2)->c = 0;
		break;
	case 22:
		instr(b, 1, 2)->mask = 0;
		break;
	case 23:
		instr(b, 1, 2)->digits = 1;
		break;
	case 24:
		instr(b, 1, 2)->n_list = 1;
		break;
	case 25:
		instr(b, 1, 2)->type.nullable ^= 1;
		break;
	case 26:
		instr(b, 1, 2)->op = 9;
		break;
	case 27:
		instr(b, 1, 2)->op = RD_OP_ADD;
		break;
	case 28:
		instr(b, 2, 3)->type.scale--;
		break;
	default:
		return false;
	}
	return true;
}

static bool change_others(struct build *b, int what)
{
	struct rd_node *n = b->plan.node;
	static const uint32_t far_id = 99;
	static const struct rd_guard_rule no_min = { 0, 1, 0 }, no_table = { 9, 1, 5 },
					  no_count = { 0, 2, 5 };
	static const struct rd_guard_cell no_column = { 0, 3, 1, 3 };
	static const struct rd_sort_key twice[] = { { 0, 0, 0 }, { 0, 0, 0 }, { 2, 0, 0 } };

	switch (what) {
	case 29:
		n[3].aggregate.key = &far_id;
		break;
	case 30:
		n[3].aggregate.n_aggs = 1;
		break;
	case 31:
		n[4].guard.keep = 4;
		break;
	case 32:
		n[4].guard.rule = &no_min;
		break;
	case 33:
		n[4].guard.rule = &no_table;
		break;
	case 34:
		n[4].guard.rule = &no_count;
		break;
	case 35:
		n[4].guard.cell = &no_column;
		break;
	case 36:
		n[5].sort.n_keys = 2;
		break;
	case 37:
		n[5].sort.key = twice;
		break;
	case 38:
		n[6].input[0] = 4;
		break;
	case 39:
		n[7].n_cols = 2;
		break;
	case 40:
		b->plan.table[0].n_cols = RD_COLUMNS_MAX + 1;
		break;
	case 41:
		instr(b, 1, 2)->op = RD_OP_AND;
		break;
	default:
		return false;
	}
	return true;
}

static bool change(struct build *b, int what)
{
	return change_nodes(b, what) || change_program(b, what) || change_others(b, what);
}

static void test_each_check(void **state)
{
	int n = 0;

	(void)state;
	for (struct build b;; n++) {
		struct rd_err err = { 0 };

		sample(&b);
		assert_true(rd_plan_check(&b.plan, &err));
		if (!change(&b, n))
			break;
		if (rd_plan_check(&b.plan, &err))
			fail_msg("change %d was not refused", n);
		assert_int_equal(err.fault, RD_FAULT_MALFORMED);
	}
	assert_int_equal(n, 42);
}

static void test_columns_read_and_text(void **state)
{
	struct rd_buf text RD_AUTO(rd_buf_free) = { .max = 1 << 16 };
	struct rd_err err = { 0 };
	const uint32_t *column;
	struct build b;
	uint32_t n;

	(void)state;
	sample(&b);
	b.plan.node[0].scan.column = (const uint32_t[]){ 0, 1, 1 };
	assert_true(rd_plan_columns_read(&b.plan, 0, arena, &column, &n, &err));
	assert_int_equal(n, 2);
	assert_int_equal(column[0], 0);
	assert_int_equal(column[1], 1);
	sample(&b);
	b.plan.table[0].name = rd_view_str("a\x1b[2J\xe2\x80\xae");
	assert_true(rd_plan_print(&b.plan, &text, &err));
	rd_buf_add_byte(&text, 0);
	assert_non_null(strstr((char *)text.data, "filter (a\\x1b[2J\\xe2\\x80\\xae.k > 1)"));
	assert_non_null(strstr((char *)text.data, "limit 10"));
	assert_null(strchr((char *)text.data, 0x1b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_broken_bytes),
		cmocka_unit_test(test_golden_start),
		cmocka_unit_test(test_each_check),
		cmocka_unit_test(test_columns_read_and_text),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
