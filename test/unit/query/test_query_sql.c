/*
 * The compiler: golden plans, the queries of test/sql, what is refused and where.  What queries
 * mean is compared with PostgreSQL by test/sql/compare_postgres.py.
 */
#include "support.h"

#include <redoubt/query.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct rd_arena *arena;

static const struct {
	const char *table, *column, *type;
	bool unique;
} columns[] = {
	{ "t", "id", "int64", true },
	{ "t", "n", "int32", false },
	{ "t", "price", "decimal(15,2)", false },
	{ "t", "d", "date", false },
	{ "t", "s", "text", false },
	{ "t", "f", "double", false },
	{ "t", "ok", "boolean", false },
	{ "u", "id", "int64", false },
	{ "u", "s", "text", false },
	{ "u", "n", "int64", false },
};
#define N_COLUMNS (sizeof(columns) / sizeof(columns[0]))

static struct rd_column column[N_COLUMNS];
static struct rd_schema schema[2] = { { 7, column }, { 3, column + 7 } };

static int set_up(void **state)
{
	struct rd_err err = { 0 };

	(void)state;
	for (size_t i = 0; i < N_COLUMNS; i++) {
		column[i].name = rd_view_str(columns[i].column);
		column[i].unique = columns[i].unique;
		if (!rd_coltype_parse(rd_view_str(columns[i].type), &column[i].type, &err))
			return -1;
		column[i].type.nullable = !columns[i].unique;
	}
	return rd_arena_new((size_t)1 << 30, &arena, &err) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	rd_arena_free(&arena);
	return 0;
}

static bool compile(struct rd_view sql, struct rd_plan *plan, struct rd_err *err)
{
	struct rd_sql_table table[] = { { rd_view_str("t"), &schema[0] },
					{ rd_view_str("u"), &schema[1] } };

	*err = (struct rd_err){ 0 };
	return rd_sql_compile(sql, table, 2, arena, plan, err);
}

static void refused(const char *sql, const char *code, const char *text)
{
	struct rd_plan plan;
	struct rd_err err;

	assert_false(compile(rd_view_str(sql), &plan, &err));
	if (strcmp(err.code, code) != 0 || !strstr(err.text, text))
		fail_msg("%s: expected %s '%s', found %s '%s'", sql, code, text, err.code,
			 err.text);
	assert_int_equal(err.fault, RD_FAULT_MALFORMED);
}

/* What PostgreSQL refuses, and what is not in the dialect, each at its place. */
static void test_refused(void **state)
{
	(void)state;
	refused("SELECT 1 FROM", "query.sql.syntax", "line 1, column 14");
	refused("SELECT 'é', x\n  FROM t WHERE", "query.sql.syntax", "line 2, column 15");
	refused("SELECT 'é' AS a,\n  'é', nope FROM t", "query.sql.name",
		"line 2, column 8, at 'nope");
	refused("SELECT prise FROM t", "query.sql.name", "did you mean 'price'?");
	refused("SELECT x.id FROM t", "query.sql.name", "no table is called 'x'");
	refused("SELECT 1 FROM tt", "query.sql.name", "at 'tt': no table");
	refused("SELECT id FROM t, u", "query.sql.ambiguous", "column 8");
	refused("SELECT 1 FROM t, t", "query.sql.ambiguous",
		"column 18, at 't': the name 't' is given to two");
	refused("SELECT n, sum(id) FROM t", "query.sql.group", "column 'n' must appear");
	refused("SELECT s FROM t GROUP BY n", "query.sql.group", "column 's'");
	refused("SELECT n FROM t WHERE sum(n) > 1", "query.sql.group", "not allowed in WHERE");
	refused("SELECT sum(sum(n)) FROM t", "query.sql.group", "inside of another");
	refused("SELECT n FROM t GROUP BY 2", "query.sql.group", "position 2");
	refused("SELECT s + 1 FROM t", "query.sql.type", "no operator text + integer");
	refused("SELECT 1 FROM t WHERE n", "query.sql.type", "must be boolean");
	refused("SELECT 1 FROM t WHERE s = n", "query.sql.type", "text and integer");
	refused("SELECT 1 FROM t JOIN u ON t.s = u.id", "query.sql.type", "text and bigint");
	refused("SELECT d = 'x' FROM t", "query.sql.value", "column 12");
	refused("SELECT n FROM t ORDER BY 2", "query.sql.order", "1 to 1");
	refused("SELECT DISTINCT n FROM t ORDER BY s", "query.sql.order", "select list");
	refused("SELECT n FROM t UNION SELECT s FROM t", "query.sql.type", "column 1 of UNION");
	refused("SELECT n, s FROM t UNION SELECT n FROM t", "query.sql.type",
		"column 33, at 'n FROM t'");
	refused("SELECT n FROM t LIMIT -1", "query.sql.value", "not negative");
	refused("SELECT 1 FROM t WHERE n IN (SELECT id, n FROM u)", "query.sql.type", "2 columns");
	refused("SELECT numeric '1' * price * price * price * f::numeric FROM t",
		"query.sql.unsupported", "numeric(p,s)");
	refused("SELECT price * 1.0000000000000000000 * 1.00000000000000000001 FROM t",
		"query.sql.type", "38 digits");
	refused("SELECT 1 FROM (SELECT 1)", "query.sql.syntax", "must have an alias");
	refused("WITH a AS (SELECT 1), a AS (SELECT 2) SELECT 1 FROM a", "query.sql.ambiguous",
		"'a' twice");
	refused("SELECT s LIKE 'a\\' FROM t", "query.sql.value", "escape");
}

static void test_unsupported(void **state)
{
	static const char *const texts[] = {
		"SELECT row_number() OVER () FROM t",
		"SELECT sum(n) OVER (ORDER BY d) FROM t",
		"SELECT n FROM t GROUP BY ROLLUP (n)",
		"SELECT DISTINCT ON (n) s FROM t",
		"SELECT n FROM t FOR UPDATE",
		"SELECT * FROM t NATURAL JOIN u",
		"SELECT * FROM t, LATERAL (SELECT 1) x",
		"WITH RECURSIVE a AS (SELECT 1) SELECT * FROM a",
		"SELECT * FROM generate_series(1, 2)",
		"SELECT * FROM t TABLESAMPLE SYSTEM (1)",
		"SELECT s ILIKE 'x' FROM t",
		"SELECT s ~ 'x' FROM t",
		"SELECT s LIKE s FROM t",
		"SELECT ARRAY[1] FROM t",
		"SELECT n FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.id = t.id)",
		"SELECT n FROM t WHERE n = 1 OR EXISTS (SELECT 1 FROM u)",
		"SELECT n FROM t WHERE n > ALL (SELECT id FROM u)",
		"SELECT * FROM t JOIN u ON t.id = (SELECT 1)",
		"SELECT string_agg(s, ',') FROM t",
		"SELECT random() FROM t",
		"SELECT sum(n ORDER BY d) FROM t",
		"SELECT current_date FROM t",
		"SELECT $1 FROM t",
		"SELECT n FROM public.t",
		"SELECT n FROM ONLY t",
		"SELECT n::varchar(3) FROM t",
		"SELECT s COLLATE \"de_DE\" FROM t",
		"SELECT n FROM t ORDER BY n FETCH FIRST 1 ROWS WITH TIES",
		"SELECT interval '1 day' FROM t",
		"VALUES (1)",
		"SELECT n INTO x FROM t",
		"SELECT (t).n FROM t",
		"SELECT n FROM t LIMIT n",
	};
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		refused(texts[i], "query.sql.unsupported", "");
}

static void test_statements(void **state)
{
	struct rd_plan plan;
	struct rd_err err;

	(void)state;
	refused("SELECT 1; SELECT 2", "query.sql.statements", "found 2");
	refused("", "query.sql.statements", "found 0");
	refused("DELETE FROM t", "query.sql.statements", "one SELECT");
	assert_true(compile(rd_view_str("SELECT 1;"), &plan, &err));
	assert_false(compile(rd_view_of("SELECT 1\0", 9), &plan, &err));
	assert_string_equal(err.code, "query.sql.utf8");
	assert_false(compile(rd_view_str("SELECT '\xff'"), &plan, &err));
	assert_string_equal(err.code, "query.sql.utf8");
}

/* `head`, then `part` n times, then `tail`. */
static struct rd_view repeated(const char *head, const char *part, uint32_t n, const char *tail)
{
	struct rd_buf text = { .max = (size_t)1 << 20 };
	struct rd_view view;
	struct rd_err err = { 0 };

	rd_buf_add(&text, rd_view_str(head));
	for (uint32_t i = 0; i < n; i++)
		rd_buf_add(&text, rd_view_str(part));
	rd_buf_add(&text, rd_view_str(tail));
	assert_true(rd_arena_copy(arena, rd_buf_view(&text), &view, &err));
	rd_buf_free(&text);
	return view;
}

static void test_limits(void **state)
{
	struct rd_plan plan;
	struct rd_err err;

	(void)state;
	/* Chains that nest are refused by depth, deeper ones than jansson takes as well. */
	assert_true(compile(repeated("SELECT 1", "+1", 150, ""), &plan, &err));
	assert_false(compile(repeated("SELECT 1", "+1", 250, ""), &plan, &err));
	assert_string_equal(err.code, "query.sql.depth");
	assert_false(compile(repeated("SELECT 1", "+1", 5000, ""), &plan, &err));
	assert_string_equal(err.code, "query.sql.depth");
	assert_false(compile(repeated("SELECT ", "NOT ", 5000, "true"), &plan, &err));
	assert_string_equal(err.code, "query.sql.depth");
	assert_false(compile(repeated("SELECT 1", " UNION SELECT 1", 300, ""), &plan, &err));
	assert_string_equal(err.code, "query.sql.depth");
	/* Chains that do not nest are taken up to the limit of a program. */
	assert_true(
		compile(repeated("SELECT n FROM t WHERE n=1", " OR n=1", 4000, ""), &plan, &err));
	assert_true(
		compile(repeated("SELECT n FROM t WHERE ok", " AND ok", 5000, ""), &plan, &err));
	assert_true(
		compile(repeated("SELECT n FROM t WHERE n IN (1", ",1", 5000, ")"), &plan, &err));
	assert_false(
		compile(repeated("SELECT n FROM t WHERE n=1", " OR n/1=1", 5000, ""), &plan, &err));
	assert_string_equal(err.code, "query.sql.limit");
	assert_false(compile(repeated("SELECT 1", ",1", 5000, ""), &plan, &err));
	assert_string_equal(err.code, "query.sql.limit");
	assert_false(compile(repeated("SELECT s LIKE '", "a_", 200, "' FROM t"), &plan, &err));
	assert_string_equal(err.code, "query.sql.limit");
	assert_true(compile(repeated("SELECT 1", " ", RD_SQL_TEXT_MAX - 8, ""), &plan, &err));
	assert_false(compile(repeated("SELECT 1", " ", RD_SQL_TEXT_MAX - 7, ""), &plan, &err));
	assert_string_equal(err.code, "query.sql.size");
}

static uint32_t count_ops(const struct rd_plan *plan, enum rd_node_kind kind, enum rd_op op)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < plan->n_nodes; i++) {
		const struct rd_node *node = &plan->node[i];
		const struct rd_prog *prog =
			kind == RD_NODE_FILTER ? &node->filter.prog : &node->project.prog;
		for (uint32_t k = 0; node->kind == kind && k < prog->n; k++)
			n += prog->instr[k].op == op;
	}
	return n;
}

static const struct rd_node *find(const struct rd_plan *plan, enum rd_node_kind kind)
{
	for (uint32_t i = 0; i < plan->n_nodes; i++)
		if (plan->node[i].kind == kind)
			return &plan->node[i];
	fail_msg("the plan has no node of kind %d", kind);
	return NULL;
}

static void sure(const char *sql, struct rd_plan *plan)
{
	struct rd_err err;

	if (!compile(rd_view_str(sql), plan, &err))
		fail_msg("%s: %s: %s", sql, err.code, err.text);
}

/* Columns that nothing reads never reach a scan, and WITH used twice is one node. */
static void test_pruned(void **state)
{
	const struct rd_node *scan, *join;
	struct rd_plan plan;
	uint32_t scans = 0;

	(void)state;
	sure("SELECT a.n FROM (SELECT *, price / 0 AS x FROM t) a WHERE a.id > 1", &plan);
	scan = find(&plan, RD_NODE_SCAN);
	assert_int_equal(scan->n_cols, 2);
	assert_int_equal(scan->scan.column[0], 0);
	assert_int_equal(scan->scan.column[1], 1);
	assert_int_equal(count_ops(&plan, RD_NODE_PROJECT, RD_OP_DIV), 0);
	sure("SELECT n FROM (SELECT n FROM t ORDER BY price) a", &plan);
	assert_int_equal(find(&plan, RD_NODE_SCAN)->n_cols, 1); /* an order that nobody sees */
	sure("SELECT count(*) FROM t", &plan);
	assert_int_equal(find(&plan, RD_NODE_SCAN)->n_cols, 0);
	sure("WITH w AS (SELECT n, count(*) AS k FROM u GROUP BY n), unread AS (SELECT * FROM t) "
	     "SELECT a.k FROM w a JOIN w b ON a.n = b.n",
	     &plan);
	for (uint32_t i = 0; i < plan.n_nodes; i++)
		scans += plan.node[i].kind == RD_NODE_SCAN;
	assert_int_equal(scans, 1);
	assert_int_equal(plan.n_tables, 1);
	join = find(&plan, RD_NODE_JOIN);
	assert_true(join->join.left_unique && join->join.right_unique);
}

static void test_unique(void **state)
{
	const struct rd_node *join;
	struct rd_plan plan;

	(void)state;
	sure("SELECT t.n FROM u JOIN t ON t.id = u.id", &plan);
	join = find(&plan, RD_NODE_JOIN);
	assert_false(join->join.left_unique);
	assert_true(join->join.right_unique);
	sure("SELECT a.n FROM t a JOIN (SELECT id + 0 AS id FROM t) b ON a.n = b.id", &plan);
	join = find(&plan, RD_NODE_JOIN);
	assert_false(join->join.left_unique || join->join.right_unique);
	sure("SELECT 1 FROM u a JOIN (SELECT n, s FROM u GROUP BY n, s) b ON a.n = b.n", &plan);
	assert_false(find(&plan, RD_NODE_JOIN)->join.right_unique);
	sure("SELECT 1 FROM (SELECT t.id FROM t JOIN u ON t.n = u.n) a JOIN t ON a.id = t.id",
	     &plan);
	for (uint32_t i = plan.n_nodes; i-- > 0;)
		if (plan.node[i].kind == RD_NODE_JOIN) {
			assert_false(plan.node[i].join.left_unique); /* u repeats t's rows */
			break;
		}
}

/* What costs nothing at run time: dates, and constants in the type of their column. */
static void test_constants(void **state)
{
	struct rd_plan plan;

	(void)state;
	sure("SELECT n FROM t WHERE d <= DATE '1998-12-01' - INTERVAL '90' DAY AND price < 24 AND "
	     "id > 5 AND f < 1 AND d >= '1994-01-01'",
	     &plan);
	assert_int_equal(count_ops(&plan, RD_NODE_FILTER, RD_OP_CAST), 0);
	assert_int_equal(count_ops(&plan, RD_NODE_FILTER, RD_OP_DATE_ADD), 0);
}

/* Arms that SQL does not reach cannot fail; what cannot fail carries no guard. */
static void test_guards(void **state)
{
	const struct rd_prog *prog;
	struct rd_plan plan;
	uint32_t divisions = 0;

	(void)state;
	sure("SELECT CASE WHEN n <> 0 THEN 1 / n ELSE n END, coalesce(n, 2 / n), n = 0 OR 3 / n > "
	     "1, "
	     "4 / n FROM t",
	     &plan);
	prog = &find(&plan, RD_NODE_PROJECT)->project.prog;
	for (uint32_t i = 0; i < prog->n; i++) {
		if (prog->instr[i].op == RD_OP_DIV)
			assert_int_equal(prog->instr[i].mask == RD_NONE, ++divisions == 4);
		else
			assert_int_equal(prog->instr[i].mask, RD_NONE);
	}
	assert_int_equal(divisions, 4);
}

/* golden.h pins them; RD_SHOW_PLANS=1 prints what it should say after a deliberate change. */
static void test_golden(void **state)
{
	static const struct {
		const char *sql, *plan;
	} golden[] = {
#include "golden.h"
	};
	(void)state;
	for (size_t i = 0; i < sizeof(golden) / sizeof(golden[0]); i++) {
		struct rd_buf text RD_AUTO(rd_buf_free) = { .max = (size_t)1 << 20 };
		struct rd_err err = { 0 };
		struct rd_plan plan;
		sure(golden[i].sql, &plan);
		assert_true(rd_plan_print(&plan, &text, &err));
		rd_buf_add_byte(&text, '\0');
		if (getenv("RD_SHOW_PLANS"))
			printf("# %s\n%s\n", golden[i].sql, (const char *)text.data);
		else
			assert_string_equal((const char *)text.data, golden[i].plan);
	}
}

static void test_places(void **state)
{
	uint32_t line, col;

	(void)state;
	rd_sql_line_column(rd_view_str("a\nb\xc3\xa9x"), 5, &line, &col);
	assert_int_equal(line, 2);
	assert_int_equal(col, 3);
	rd_sql_line_column(rd_view_str("ab"), 99, &line, &col);
	assert_int_equal(col, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),    cmocka_unit_test(test_unsupported),
		cmocka_unit_test(test_statements), cmocka_unit_test(test_limits),
		cmocka_unit_test(test_pruned),     cmocka_unit_test(test_unique),
		cmocka_unit_test(test_constants),  cmocka_unit_test(test_guards),
		cmocka_unit_test(test_golden),     cmocka_unit_test(test_places),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
