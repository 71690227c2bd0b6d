/*
 * The disclosure rules (PROTOCOL.md 6): from SQL to a guarded plan, its bytes, verification, and
 * the answer of the engine.  The study's expected answers are those of the data's README.
 */
#include "../../memory_io.h"
#include "../../support.h"

#include <redoubt/engine.h>
#include <redoubt/query.h>
#include <redoubt/table.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY ((size_t)1 << 30)
#define N_TABLES 3u

/* One table of a test, from CSV text. */
struct data {
	const char *name;
	struct rd_buf file;
	struct rd_view view;
	struct rd_blob blob;
	struct rd_table *table;
	struct rd_schema schema; /* with the classes of the test */
	struct rd_table_rules rules;
};

struct world {
	struct rd_arena *arena;
	struct data data[N_TABLES];
};

static void load(struct world *w, uint32_t i, const char *name, struct rd_view csv)
{
	struct data *d = &w->data[i];
	struct rd_blob blob = { .ctx = &csv, .size = csv.len, .read = rd_test_view_read };
	const struct rd_csv_options options = { .null_text = "" };
	const struct rd_writer_options plain = { .codec = RD_CODEC_NONE };
	struct rd_sink sink = { .ctx = &d->file, .write = rd_test_buf_write };
	struct rd_writer *writer = NULL;
	struct rd_err err = { 0 };

	d->name = name;
	d->rules.person_column = RD_NONE;
	rd_buf_init(&d->file, MEMORY);
	if (!rd_csv_infer(&blob, name, &options, w->arena, &d->schema, &err) ||
	    !rd_writer_new(&d->schema, &plain, &sink, &writer, &err) ||
	    !rd_csv_load(&blob, name, &options, &d->schema, writer, &err) ||
	    !rd_writer_finish(writer, &err))
		fail_msg("%s", err.text);
	rd_writer_free(&writer);
	d->view = rd_buf_view(&d->file);
	d->blob =
		(struct rd_blob){ .ctx = &d->view, .size = d->view.len, .read = rd_test_view_read };
	if (!rd_table_open(&d->blob, NULL, RD_TABLE_OWN, MEMORY, &d->table, &err))
		fail_msg("%s", err.text);
}

static void set_class(struct data *d, const char *column, enum rd_class class_)
{
	for (uint32_t i = 0; i < d->schema.n; i++)
		if (rd_view_eq(d->schema.column[i].name, rd_view_str(column))) {
			d->schema.column[i].class_ = (uint8_t)class_;
			return;
		}
	fail_msg("no column %s", column);
}

static struct world *world_new(void)
{
	struct world *w = calloc(1, sizeof(*w));
	struct rd_err err = { 0 };

	assert_true(rd_arena_new(MEMORY, &w->arena, &err));
	return w;
}

static void world_free(struct world *w)
{
	for (uint32_t i = 0; i < N_TABLES; i++) {
		rd_table_close(&w->data[i].table);
		rd_buf_free(&w->data[i].file);
	}
	rd_arena_free(&w->arena);
	free(w);
}

static struct data *find(struct world *w, struct rd_view name)
{
	for (uint32_t i = 0; i < N_TABLES; i++)
		if (w->data[i].name && rd_view_eq(rd_view_str(w->data[i].name), name))
			return &w->data[i];
	fail_msg("no table");
	return NULL;
}

static const struct rd_table_rules *rules_of(struct world *w, const struct rd_plan *plan)
{
	struct rd_err err = { 0 };
	struct rd_table_rules *r =
		RD_NEW_ARRAY(w->arena, struct rd_table_rules, plan->n_tables, &err);

	for (uint32_t i = 0; i < plan->n_tables; i++)
		r[i] = find(w, plan->table[i].name)->rules;
	return r;
}

/* Compiles, guards, sends the plan through its bytes, and verifies what came out. */
static bool guard(struct world *w, const char *sql, struct rd_plan *out, struct rd_err *err)
{
	struct rd_sql_table table[N_TABLES];
	struct rd_rules_report report;
	struct rd_plan plan, guarded;
	struct rd_buf bytes;
	struct rd_view copy;
	uint32_t n = 0;
	bool ok;

	for (uint32_t i = 0; i < N_TABLES; i++)
		if (w->data[i].name)
			table[n++] = (struct rd_sql_table){ rd_view_str(w->data[i].name),
							    &w->data[i].schema };
	if (!rd_sql_compile(rd_view_str(sql), table, n, w->arena, &plan, err))
		fail_msg("%s: %s", sql, err->text);
	if (!rd_rules_apply(&plan, rules_of(w, &plan), w->arena, &guarded, &report, err))
		return false;
	rd_buf_init(&bytes, 1 << 20);
	ok = rd_plan_encode(&guarded, &bytes, err) &&
	     rd_arena_copy(w->arena, rd_buf_view(&bytes), &copy, err) &&
	     rd_plan_decode(copy, w->arena, out, err);
	rd_buf_free(&bytes);
	if (!ok || !rd_rules_verify(out, rules_of(w, out), w->arena, &report, err))
		fail_msg("%s: does not survive its bytes: %s", sql, err->text);
	return true;
}

static void answer(struct world *w, const struct rd_plan *plan, struct rd_rows *out)
{
	const struct rd_table *table[N_TABLES];
	const struct rd_engine_options options = { .threads = 1, .max_memory = MEMORY };
	struct rd_engine_result result;
	struct rd_err err = { 0 };

	for (uint32_t i = 0; i < plan->n_tables; i++)
		table[i] = find(w, plan->table[i].name)->table;
	if (!rd_engine_find("vector")->run(plan, table, &options, w->arena, &result, &err))
		fail_msg("%s", err.text);
	*out = result.rows;
}

/* ---- the study ----------------------------------------------------------------------------------
 */

static const char study_head[] = "WITH m AS (SELECT id, avg(value) AS hdl FROM measurements WHERE "
				 "test = 'hdl' GROUP BY id), "
				 "o AS (SELECT id, ";
static const char study_tail[] =
	" GROUP BY id), s AS (SELECT id, CASE WHEN id = \"case.id\" THEN 'nafld' ELSE 'control' "
	"END "
	"AS arm, age / 10 * 10 AS decade, status, futime, bmi FROM subjects) "
	"SELECT s.arm, s.decade, count(*) AS persons, sum(s.status) AS deaths, "
	"round(sum(s.status) * 1000 / (sum(s.futime) / 365.25), 2) AS rate, round(avg(s.bmi), 2) "
	"AS "
	"bmi, count(m.hdl) AS hdl_persons, round(avg(m.hdl), 2) AS hdl, "
	"count(CASE WHEN o.diabetic = 1 THEN 1 END) AS diabetes "
	"FROM s LEFT JOIN m ON m.id = s.id LEFT JOIN o ON o.id = s.id "
	"GROUP BY s.arm, s.decade ORDER BY s.arm, s.decade";

static struct world *study_world(void)
{
	static const char *const names[] = { "subjects", "measurements", "outcomes" };
	struct world *w;

	(void)rd_test_shared_path("data/nafld"); /* skips before anything is there to free */
	w = world_new();
	for (uint32_t i = 0; i < N_TABLES; i++) {
		char path[128];
		struct rd_view csv;

		snprintf(path, sizeof(path), "data/nafld/%s.csv", names[i]);
		csv = rd_test_read_file(rd_test_shared_path(path));
		load(w, i, names[i], csv);
		rd_test_free(csv);
		set_class(&w->data[i], "id", RD_CLASS_JOIN);
		w->data[i].rules.person_column = 0;
	}
	set_class(&w->data[0], "case.id", RD_CLASS_JOIN);
	set_class(&w->data[0], "age", RD_CLASS_GROUP);
	set_class(&w->data[0], "bmi", RD_CLASS_AGGREGATE);
	set_class(&w->data[0], "futime", RD_CLASS_AGGREGATE);
	set_class(&w->data[0], "status", RD_CLASS_AGGREGATE);
	set_class(&w->data[1], "test", RD_CLASS_GROUP);
	set_class(&w->data[1], "value", RD_CLASS_AGGREGATE);
	set_class(&w->data[2], "event", RD_CLASS_GROUP);
	return w;
}

static void run_study(struct world *w, bool by_where, struct rd_rows *rows)
{
	struct rd_err err = { 0 };
	struct rd_plan plan;
	char sql[2048];

	snprintf(sql, sizeof(sql), "%s%s%s", study_head,
		 by_where ? "1 AS diabetic FROM outcomes WHERE event = 'diabetes'"
			  : "max(CASE WHEN event = 'diabetes' THEN 1 ELSE 0 END) AS diabetic FROM "
			    "outcomes",
		 study_tail);
	if (!guard(w, sql, &plan, &err))
		fail_msg("%s", err.text);
	answer(w, &plan, rows);
}

static uint64_t withheld_bits(const struct rd_rows *rows, uint32_t column)
{
	return rows->withheld && rows->withheld[column] ? rows->withheld[column][0] : 0;
}

static void test_study_groups(void **state)
{
	struct world *w = study_world();
	struct rd_rows rows;

	(void)state;
	w->data[0].rules.min_persons = 11;
	run_study(w, false, &rows);
	assert_true(rows.n_rows == 17 && rows.withheld_groups == 1 && rows.withheld_cells == 0);
	w->data[2].rules.min_persons = 11;
	run_study(w, false, &rows);
	assert_true(rows.n_rows == 16 && rows.withheld_groups == 2);
	/* Rows of a left join that find no partner count no person of the right side. */
	run_study(w, true, &rows);
	assert_int_equal(rows.n_rows, 14);
	world_free(w);
}

/* The diabetes cells of control 10 (row 0) and nafld 10 (row 9, or 8 without control 10). */
static void test_study_cells(void **state)
{
	struct world *w = study_world();
	struct rd_rows rows;

	(void)state;
	w->data[0].rules.min_persons = 11;
	w->data[2].rules.min_cell = 5;
	run_study(w, false, &rows);
	assert_true(rows.n_rows == 17 && rows.withheld_cells == 2);
	assert_true(withheld_bits(&rows, 8) == ((uint64_t)1 << 0 | (uint64_t)1 << 9));
	assert_true(rd_vec_is_null(&rows.vec[8], 0) && rd_vec_is_null(&rows.vec[8], 9));
	w->data[2].rules.min_persons = 11;
	run_study(w, false, &rows);
	assert_true(rows.n_rows == 16 && rows.withheld_cells == 1);
	assert_true(withheld_bits(&rows, 8) == (uint64_t)1 << 8);
	world_free(w);
}

/* ---- legal and illegal --------------------------------------------------------------------------
 */

/* v: the clinic, asks for 2 persons; r: the lab, asks for 2 too; p: a price list, asks for nothing.
 */
static struct world *small_world(void)
{
	struct world *w = world_new();

	load(w, 0, "v",
	     rd_view_str("id,g,a,h,s\n1,x,1,9,8\n2,x,2,9,8\n3,y,3,9,8\n4,y,,9,8\n5,z,5,9,8\n"));
	load(w, 1, "r", rd_view_str("id,k,n\n1,q,1\n1,w,2\n2,q,3\n3,q,4\n5,w,5\n"));
	load(w, 2, "p", rd_view_str("c,price,t\nx,10,7\ny,20,7\n"));
	set_class(&w->data[0], "id", RD_CLASS_JOIN);
	set_class(&w->data[0], "g", RD_CLASS_GROUP);
	set_class(&w->data[0], "a", RD_CLASS_AGGREGATE);
	set_class(&w->data[0], "s", RD_CLASS_VISIBLE);
	set_class(&w->data[1], "id", RD_CLASS_JOIN);
	set_class(&w->data[1], "k", RD_CLASS_GROUP);
	set_class(&w->data[1], "n", RD_CLASS_AGGREGATE);
	set_class(&w->data[2], "c", RD_CLASS_GROUP);
	set_class(&w->data[2], "price", RD_CLASS_VISIBLE);
	set_class(&w->data[2], "t", RD_CLASS_AGGREGATE);
	for (uint32_t i = 0; i < 2; i++)
		w->data[i].rules = (struct rd_table_rules){ .person_column = 0, .min_persons = 2 };
	return w;
}

static const struct {
	const char *sql, *code; /* NULL: legal */
} cases[] = {
	{ "SELECT g, count(*) FROM v GROUP BY g", NULL },
	{ "SELECT g, sum(a), avg(a), count(a) FROM v GROUP BY g ORDER BY g", NULL },
	{ "SELECT count(DISTINCT id) FROM v", NULL },
	{ "SELECT g, min(s), max(s) FROM v GROUP BY g", NULL },
	{ "SELECT DISTINCT g FROM v", NULL },
	{ "SELECT g, count(*) AS n FROM v GROUP BY g HAVING count(*) > 1 ORDER BY n LIMIT 1",
	  NULL },
	{ "SELECT v.g, avg(r.n) FROM v JOIN r ON r.id = v.id GROUP BY v.g", NULL },
	{ "SELECT v.g, count(x.m) FROM v LEFT JOIN (SELECT id, avg(n) AS m FROM r GROUP BY id) x "
	  "ON "
	  "x.id = v.id GROUP BY v.g",
	  NULL },
	{ "SELECT g, count(*) FROM v WHERE id IN (SELECT id FROM r WHERE k = 'q') GROUP BY g",
	  NULL },
	{ "SELECT g, count(*) FILTER (WHERE s = 8) FROM v GROUP BY g", NULL },
	{ "SELECT c, price FROM p", "rules.class" },
	{ "SELECT price FROM p", NULL },
	{ "SELECT c, sum(t) FROM p GROUP BY c", NULL },
	{ "SELECT count(*) FROM v WHERE s > (SELECT avg(s) FROM v)", NULL },
	{ "SELECT sum(x.n) FROM (SELECT g, count(*) AS n FROM v GROUP BY g) x", NULL },
	{ "SELECT v.g, count(*) FROM v JOIN p ON p.c = v.g GROUP BY v.g", NULL },
	/* plain rows */
	{ "SELECT s FROM v", "rules.rows" },
	{ "SELECT id, count(*) FROM v GROUP BY id", "rules.class" },
	{ "SELECT s FROM v ORDER BY s LIMIT 1", "rules.limit" },
	{ "SELECT x.g, count(*) FROM (SELECT g, s FROM v ORDER BY s LIMIT 1) x GROUP BY x.g",
	  "rules.limit" },
	{ "SELECT g FROM v UNION SELECT c FROM p", "rules.rows" },
	{ "SELECT g FROM v EXCEPT SELECT c FROM p", "rules.rows" },
	/* classes */
	{ "SELECT g, min(a) FROM v GROUP BY g", "rules.class" },
	{ "SELECT g, max(a) FROM v GROUP BY g", "rules.class" },
	{ "SELECT a, count(*) FROM v GROUP BY a", "rules.class" },
	{ "SELECT g, count(*) FROM v WHERE a > 2 GROUP BY g", "rules.class" },
	{ "SELECT g, count(*) FROM v GROUP BY g, a", "rules.class" },
	{ "SELECT g, sum(h) FROM v GROUP BY g", "rules.class" },
	{ "SELECT count(h) FROM v", "rules.class" },
	{ "SELECT g, sum(id) FROM v GROUP BY g", "rules.class" },
	{ "SELECT g, count(id) FROM v GROUP BY g", "rules.class" },
	{ "SELECT count(*) FROM v WHERE id = 3", "rules.class" },
	{ "SELECT count(*) FROM v WHERE id IN (3, 4)", "rules.class" },
	{ "SELECT count(*) FROM v WHERE id < 3", "rules.class" },
	{ "SELECT count(*) FROM v WHERE id IS NULL", "rules.class" },
	{ "SELECT g, sum(CASE WHEN id = 3 THEN 1 ELSE 0 END) FROM v GROUP BY g", "rules.class" },
	{ "SELECT g, sum(CASE WHEN a > 1 THEN 1 ELSE 0 END) FROM v GROUP BY g", "rules.class" },
	{ "SELECT g, count(CASE WHEN s = 8 THEN id END) FROM v GROUP BY g", "rules.class" },
	{ "SELECT g, sum(COALESCE(a, 0)) FROM v GROUP BY g", "rules.class" },
	{ "SELECT g, count(*) FILTER (WHERE a > 1) FROM v GROUP BY g", "rules.class" },
	{ "SELECT v.g, count(*) FROM v JOIN r ON r.n = v.a GROUP BY v.g", "rules.class" },
	{ "SELECT v.g, count(*) FROM v JOIN p ON p.price = v.id GROUP BY v.g", "rules.class" },
	{ "SELECT v.g, count(*) FROM v JOIN r ON r.id = v.id AND r.n > v.s GROUP BY v.g",
	  "rules.class" },
	{ "SELECT x.m, count(*) FROM (SELECT id, max(k) AS m, sum(n) AS t FROM r GROUP BY id) x "
	  "GROUP BY x.m, x.t",
	  "rules.class" },
	{ "SELECT DISTINCT a FROM v", "rules.class" },
	{ "SELECT g, sum(a) FROM v GROUP BY g HAVING min(a) > 1", "rules.class" },
	/* persons that cannot be counted */
	{ "SELECT g, count(*) FROM v WHERE id NOT IN (SELECT id FROM r) GROUP BY g",
	  "rules.person_lost" },
	{ "SELECT g, count(*) FROM v WHERE g IN (SELECT k FROM r) GROUP BY g",
	  "rules.person_lost" },
};

static void test_cases(void **state)
{
	struct world *w = small_world();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rd_err err = { 0 };
		struct rd_plan plan;
		bool ok = guard(w, cases[i].sql, &plan, &err);

		if (ok != (cases[i].code == NULL))
			fail_msg("%s: %s", cases[i].sql, ok ? "is accepted" : err.text);
		if (!ok && strcmp(err.code, cases[i].code) != 0)
			fail_msg("%s: %s, expected %s", cases[i].sql, err.text, cases[i].code);
	}
	world_free(w);
}

/* No group goes out with fewer persons than asked, counted here from the base rows. */
static void test_small_answers(void **state)
{
	struct world *w = small_world();
	struct rd_err err = { 0 };
	struct rd_rows rows;
	struct rd_plan plan;

	(void)state;
	/* x: persons 1, 2; y: 3, 4; z: 5 alone. */
	assert_true(guard(w, "SELECT g, count(*) FROM v GROUP BY g", &plan, &err));
	answer(w, &plan, &rows);
	assert_true(rows.n_rows == 2 && rows.withheld_groups == 1);
	/* Of y only person 3 has results; of x both. */
	assert_true(guard(w, "SELECT v.g, sum(r.n) FROM v JOIN r ON r.id = v.id GROUP BY v.g",
			  &plan, &err));
	answer(w, &plan, &rows);
	assert_true(rows.n_rows == 1 && rows.withheld_groups == 2);
	/* Two rows of one person are one person: q has 1, 2, 3; w has 1 and 5. */
	assert_true(guard(w, "SELECT k, count(*) FROM r GROUP BY k", &plan, &err));
	answer(w, &plan, &rows);
	assert_true(rows.n_rows == 2 && rows.withheld_groups == 0);
	/* The guard stands before HAVING: z is not there to be asked about. */
	assert_true(guard(w, "SELECT g FROM v GROUP BY g HAVING count(*) = 1", &plan, &err));
	answer(w, &plan, &rows);
	assert_true(rows.n_rows == 0 && rows.withheld_groups == 1);
	/* Without GROUP BY the whole is one group, also an empty one. */
	assert_true(guard(w, "SELECT count(*) FROM v WHERE s = 77", &plan, &err));
	answer(w, &plan, &rows);
	assert_true(rows.n_rows == 0 && rows.withheld_groups == 1);
	/* The right side of a semi join asks too: of y only person 3 is found there. */
	assert_true(guard(w, "SELECT g, count(*) FROM v WHERE id IN (SELECT id FROM r) GROUP BY g",
			  &plan, &err));
	answer(w, &plan, &rows);
	assert_true(rows.n_rows == 1 && rows.withheld_groups == 2);
	/* min_cell: of y only person 3 has a value. */
	w->data[0].rules.min_cell = 2;
	assert_true(guard(w, "SELECT g, sum(a) FROM v GROUP BY g ORDER BY g", &plan, &err));
	answer(w, &plan, &rows);
	assert_true(rows.n_rows == 2 && rows.withheld_cells == 1);
	assert_true(!rd_vec_is_null(&rows.vec[1], 0) && rd_vec_is_null(&rows.vec[1], 1));
	world_free(w);
}

/* ---- verification: no trust in who made the plan
 * --------------------------------------------------- */

struct edit {
	struct rd_node *guard, *agg;
	struct rd_guard_rule *rule;
	struct rd_guard_cell *cell;
	struct rd_agg *list;
};

static struct edit open_plan(struct world *w, struct rd_plan *plan)
{
	static const char sql[] =
		"SELECT v.g, sum(v.a) AS t, count(*) FROM v JOIN r ON r.id = v.id "
		"GROUP BY v.g";
	struct rd_err err = { 0 };
	struct edit e = { 0 };

	if (!guard(w, sql, plan, &err))
		fail_msg("%s", err.text);
	for (uint32_t i = 0; i < plan->n_nodes; i++)
		if (plan->node[i].kind == RD_NODE_GUARD)
			e.guard = &plan->node[i];
	e.agg = &plan->node[e.guard->input[0]];
	e.rule = (struct rd_guard_rule *)(uintptr_t)e.guard->guard.rule;
	e.cell = (struct rd_guard_cell *)(uintptr_t)e.guard->guard.cell;
	e.list = (struct rd_agg *)(uintptr_t)e.agg->aggregate.agg;
	return e;
}

static bool verify(struct world *w, const struct rd_plan *plan, struct rd_err *err)
{
	struct rd_rules_report report;

	*err = (struct rd_err){ 0 };
	return rd_rules_verify(plan, rules_of(w, plan), w->arena, &report, err);
}

#define REFUSED(change) \
	do { \
		e = open_plan(w, &plan); \
		assert_true(verify(w, &plan, &err)); \
		change; \
		if (verify(w, &plan, &err)) \
			fail_msg("accepted: %s", #change); \
	} while (0)

static void test_edited_guards(void **state)
{
	struct world *w = small_world();
	struct rd_err err = { 0 };
	struct rd_plan plan;
	struct edit e;

	(void)state;
	w->data[0].rules.min_cell = 2;
	e = open_plan(w, &plan);
	assert_true(e.guard->guard.n_rules == 2 && e.guard->guard.n_cells == 1);
	REFUSED(e.rule[0].min = 1);
	REFUSED(e.rule[1].min = 1);
	REFUSED(e.guard->guard.n_rules = 1);
	REFUSED(e.rule[0].table = e.rule[1].table);
	REFUSED(e.rule[0].count_column = e.rule[1].count_column);
	REFUSED(e.rule[0].count_column = e.agg->aggregate.n_keys + 1); /* count(*): it goes out */
	REFUSED(e.guard->guard.n_cells = 0);
	REFUSED(e.cell[0].min = 1);
	REFUSED(e.cell[0].column = e.agg->aggregate.n_keys + 1);
	REFUSED(e.cell[0].count_column = e.rule[0].count_column);
	REFUSED(e.guard->guard.keep++);
	REFUSED(e.list[e.rule[0].count_column - e.agg->aggregate.n_keys].distinct = false);
	REFUSED(e.list[e.rule[0].count_column - e.agg->aggregate.n_keys].column = 0);
	REFUSED(e.list[e.rule[0].count_column - e.agg->aggregate.n_keys].filter =
			e.list[e.cell[0].count_column - e.agg->aggregate.n_keys].filter);
	REFUSED(e.list[e.cell[0].count_column - e.agg->aggregate.n_keys].filter = RD_NONE);
	REFUSED(plan.node[plan.n_nodes - 1].input[0] = e.guard->input[0]);
	/* A guard over other rows than those of an aggregate. */
	REFUSED(e.guard->input[0] = e.agg->input[0]);
	world_free(w);
}

static int setup(void **state)
{
	struct rd_err err = { 0 };

	(void)state;
	return rd_crypto_init(&err) ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_study_groups),  cmocka_unit_test(test_study_cells),
		cmocka_unit_test(test_cases),         cmocka_unit_test(test_small_answers),
		cmocka_unit_test(test_edited_guards),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
