/* CSV and schema texts: what they mean, where they are wrong, and there and back through a table.
 */
#include "../../memory_io.h"
#include "../../support.h"

#include <redoubt/table.h>

#include <stdio.h>
#include <string.h>

#define MEMORY ((size_t)256 << 20)

static struct rd_err err;
static const struct rd_csv_options defaults = { .null_text = "", .separator = ',' };

static int set_up(void **state)
{
	(void)state;
	return rd_crypto_init(&err) ? 0 : -1;
}

static struct rd_blob blob_of(struct rd_view *text)
{
	return (struct rd_blob){ .ctx = text, .size = text->len, .read = rd_test_view_read };
}

/* CSV to a plain table and back; false with `err` set. */
static bool there_and_back(struct rd_view text, const struct rd_csv_options *options,
			   struct rd_schema *given, struct rd_buf *out)
{
	struct rd_arena *arena RD_AUTO(rd_arena_free) = NULL;
	struct rd_buf file RD_AUTO(rd_buf_free) = { .max = MEMORY };
	struct rd_sink to_file = { .ctx = &file, .write = rd_test_buf_write };
	struct rd_sink to_text = { .ctx = out, .write = rd_test_buf_write };
	struct rd_writer *w RD_AUTO(rd_writer_free) = NULL;
	struct rd_table *t RD_AUTO(rd_table_close) = NULL;
	struct rd_blob blob = blob_of(&text);
	struct rd_schema schema;
	struct rd_view bytes;

	err = (struct rd_err){ 0 };
	assert_true(rd_arena_new(MEMORY, &arena, &err));
	if (given)
		schema = *given;
	else if (!rd_csv_infer(&blob, "a.csv", options, arena, &schema, &err))
		return false;
	if (!rd_writer_new(&schema, &(struct rd_writer_options){ 0 }, &to_file, &w, &err) ||
	    !rd_csv_load(&blob, "a.csv", options, &schema, w, &err) || !rd_writer_finish(w, &err))
		return false;
	bytes = rd_buf_view(&file);
	blob = blob_of(&bytes);
	return rd_table_open(&blob, NULL, RD_TABLE_OWN, MEMORY, &t, &err) &&
	       rd_csv_unload(t, options, &to_text, &err);
}

static void same(const char *text, const char *want)
{
	struct rd_buf out RD_AUTO(rd_buf_free) = { .max = MEMORY };

	if (!there_and_back(rd_view_str(text), &defaults, NULL, &out))
		fail_msg("%s", err.text);
	rd_buf_add_byte(&out, 0);
	assert_false(out.failed);
	assert_string_equal((const char *)out.data, want);
}

static void test_forms(void **state)
{
	(void)state;
	same("a,b\n1,x\n", "a,b\n1,x\n");
	same("a,b\r\n1,x\r\n", "a,b\n1,x\n");
	same("\xef\xbb\xbf"
	     "a,b\n1,x",
	     "a,b\n1,x\n");
	same("\"a\",\"b\"\n\"1\",\"x\"\n", "a,b\n1,x\n");
	same("a\n\"x\"\"y\"\n", "a\n\"x\"\"y\"\n");
	same("a\n\"x\ny\r\nz\"\n\"p,q\"\n", "a\n\"x\ny\r\nz\"\n\"p,q\"\n");
	same("a,b\n,\"\"\n\"\",z\n", "a,b\n,\"\"\n\"\",z\n"); /* NULL and empty text differ */
	same("a\n\nx\n", "a\n\nx\n"); /* one column: NULL is an empty line */
	same("a,b\n", "a,b\n");
	same("a,b", "a,b\n");
	same("a,b\n1,\n", "a,b\n1,\n");
	same("a b,\"c\"\"d\"\n 1, x \n",
	     "a b,\"c\"\"d\"\n 1, x \n"); /* spaces are part of fields */
	same("\"\xef\xbb\xbf"
	     "a\"\n1\n",
	     "\"\xef\xbb\xbf"
	     "a\"\n1\n");
}

static void test_options(void **state)
{
	struct rd_csv_options na = { .null_text = "NA", .separator = ';' };
	struct rd_buf out RD_AUTO(rd_buf_free) = { .max = MEMORY };

	(void)state;
	assert_true(there_and_back(rd_view_str("a;b\nNA;\"NA\"\n;1,5\n"), &na, NULL, &out));
	assert_true(rd_view_eq(rd_buf_view(&out), rd_view_str("a;b\nNA;\"NA\"\n;1,5\n")));
	na.null_text = "N;A";
	assert_false(there_and_back(rd_view_str("a\n"), &na, NULL, &out));
	assert_string_equal(err.code, "table.csv.options");
	na = (struct rd_csv_options){ .separator = '"' };
	assert_false(there_and_back(rd_view_str("a\n"), &na, NULL, &out));
	assert_string_equal(err.code, "table.csv.options");
}

/* ---- inference ------------------------------------------------------------------------- */

static void inferred(const char *values, const char *want)
{
	struct rd_arena *arena RD_AUTO(rd_arena_free) = NULL;
	char text[512], type[32];
	struct rd_view csv;
	struct rd_blob blob;
	struct rd_schema schema;

	(void)snprintf(text, sizeof(text), "x\n%s", values);
	csv = rd_view_str(text);
	blob = blob_of(&csv);
	assert_true(rd_arena_new(MEMORY, &arena, &err));
	if (!rd_csv_infer(&blob, "a.csv", &defaults, arena, &schema, &err))
		fail_msg("%s", err.text);
	assert_int_equal(schema.n, 1);
	assert_int_equal(schema.column[0].type.nullable,
			 *values == 0 || *values == '\n' || strstr(values, "\n\n") != NULL);
	rd_coltype_name(schema.column[0].type, type);
	if (strcmp(type, want) != 0)
		fail_msg("%s: %s, not %s", values, type, want);
}

static void test_types(void **state)
{
	static const char *const cases[][2] = {
		{ "", "text" },
		{ "\n\n", "text" },
		{ "1\n-2\n0\n", "int64" },
		{ "9223372036854775807\n", "int64" },
		{ "9223372036854775808\n", "decimal(19,0)" },
		{ "99999999999999999999999999999999999999\n1\n", "decimal(38,0)" },
		{ "100000000000000000000000000000000000000\n", "double" },
		{ "1.5\n22.25\n", "decimal(4,2)" },
		{ "0.5\n", "decimal(1,1)" },
		{ "-.25\n7\n", "decimal(3,2)" },
		{ "0.0\n", "decimal(1,1)" },
		{ "12345678901234.5678\n", "decimal(18,4)" },
		{ "123456789012345.5678\n", "double" },
		{ "12345678901.5\n0.12345678\n", "double" },
		{ "1e5\n", "double" },
		{ "1\n1.5\n2e3\nNaN\nInfinity\n-Infinity\n", "double" },
		{ "NaN\n", "text" },
		{ "5.\n", "double" },
		{ "007\n", "text" },
		{ "-01\n", "text" },
		{ "+441234\n", "text" },
		{ "1\nx\n", "text" },
		{ "1\n\"\"\n", "text" },
		{ "1\n\n2\n", "int64" },
		{ "true\nfalse\n", "boolean" },
		{ "true\n1\n", "text" },
		{ "2024-02-29\n0001-01-01\n", "date" },
		{ "2023-02-29\n", "text" },
		{ "2024-02-29\n2024-03-01 10:00:00.5\n", "timestamp" },
		{ "2024-02-29T10:00\n", "timestamp" },
		{ "2024-02-29\n17\n", "text" },
		{ "-\n", "text" },
		{ ".\n", "text" },
		{ "1.2.3\n", "text" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		inferred(cases[i][0], cases[i][1]);
}

/* ---- what is wrong, and where ---------------------------------------------------------- */

static void refused(struct rd_view text, const char *code, const char *place)
{
	struct rd_buf out RD_AUTO(rd_buf_free) = { .max = MEMORY };

	if (there_and_back(text, &defaults, NULL, &out))
		fail_msg("taken: %.*s", RD_FMT(text));
	if (strcmp(err.code, code) != 0 || !strstr(err.text, place))
		fail_msg("%s: %s", err.code, err.text);
}

static void test_refusals(void **state)
{
	static const char *const cases[][3] = {
		{ "", "table.csv.header", "a.csv: is empty" },
		{ "\n1\n", "table.csv.header", "field 1" },
		{ "a,,b\n", "table.csv.header", "field 2" },
		{ "a,b,a\n", "table.csv.header", "fields 1 and 3" },
		{ "\xff\n", "table.csv.header", "UTF-8" },
		{ "a,b\n1\n", "table.csv.fields", "line 2: 1 field," },
		{ "a,b\n1,2\n\n", "table.csv.fields", "line 3: 1 field, the first line has 2 (an" },
		{ "a,b\n1,2,3\n", "table.csv.fields", "line 2: 3 fields" },
		{ "a,b\n\"x\ny\",2\n1\n", "table.csv.fields", "line 4" },
		{ "a,b\nx,\"y\n\n", "table.csv.quote", "line 2: field 2 has no closing" },
		{ "a,b\n\"p\nq\",\"y\n\n", "table.csv.quote", "line 3: field 2 has no closing" },
		{ "a\nx\"y\n", "table.csv.quote", "line 2: field 1 has a quote" },
		{ "a\n\"x\"y\n", "table.csv.quote", "line 2: field 1 has text" },
		{ "a\n\"x\" \n", "table.csv.quote", "line 2: field 1 has text" },
		{ "a\nx\ry\n", "table.csv.cr", "line 2: field 1" },
		{ "a\nx\r", "table.csv.cr", "line 2: field 1" },
		{ "a,b\n1,x\xff\n", "table.value.utf8", "a.csv: line 2: field 2 (b): " },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		refused(rd_view_str(cases[i][0]), cases[i][1], cases[i][2]);
	refused(rd_view_of("a\nx\0y\n", 6), "table.csv.nul", "line 2: field 1");
	refused(rd_view_of("a\n\"x\0y\"\n", 8), "table.csv.nul", "line 2: field 1");
}

/* Every cut of a text either is taken or fails cleanly; nothing depends on where reads end. */
static void test_cuts(void **state)
{
	static const char text[] = "\xef\xbb\xbf\"a\",b\r\n\"x\"\"y\",2\r\n\"p\nq\",\r\n";

	(void)state;
	for (size_t len = 0; len < sizeof(text); len++) {
		struct rd_buf out RD_AUTO(rd_buf_free) = { .max = MEMORY };

		if (!there_and_back(rd_view_of(text, len), &defaults, NULL, &out))
			assert_non_null(strstr(err.code, "table.csv."));
	}
}

/* Fields and records across the edges of the reader's window of 1 MiB. */
static void test_long(void **state)
{
	struct rd_buf text RD_AUTO(rd_buf_free) = { .max = MEMORY };
	struct rd_buf out RD_AUTO(rd_buf_free) = { .max = MEMORY };

	(void)state;
	rd_buf_printf(&text, "a,b\n");
	for (uint32_t i = 0; i < 300; i++) {
		rd_buf_printf(&text, "%u,\"", i);
		for (uint32_t k = 0; k < i * 41 % 20000; k++)
			rd_buf_printf(&text, k % 97 ? "%c" : "\"\"", 'a' + (int)(k % 26));
		rd_buf_printf(&text, ",\n\"\n");
	}
	rd_buf_printf(&text, "300,");
	for (uint32_t k = 0; k < 5000000; k++)
		rd_buf_add_byte(&text, 'x');
	rd_buf_add_byte(&text, '\n');
	if (!there_and_back(rd_buf_view(&text), &defaults, NULL, &out))
		fail_msg("%s", err.text);
	assert_true(rd_view_eq(rd_buf_view(&text), rd_buf_view(&out)));
}

/* Values from a seed, more rows than a batch: what comes back is what went in. */
static void test_many_rows(void **state)
{
	struct rd_test_random random = rd_test_random_seed(11);
	struct rd_buf text RD_AUTO(rd_buf_free) = { .max = MEMORY };
	struct rd_buf out RD_AUTO(rd_buf_free) = { .max = MEMORY };

	(void)state;
	rd_buf_printf(&text, "id,name,amount,on,at,ok\n");
	for (uint32_t i = 0; i < 10000; i++) {
		uint64_t x = rd_test_random_u64(&random);

		rd_buf_printf(&text, "%lld,", (long long)x);
		rd_buf_printf(&text, x % 3 ? "name %u of them all," : ",", (unsigned)(x % 1000));
		rd_buf_printf(&text, "%u.%02u,", (unsigned)(x % 100000), (unsigned)(x % 100));
		rd_buf_printf(&text, "20%02u-%02u-%02u,", (unsigned)(x >> 8) % 100,
			      (unsigned)(x >> 16) % 12 + 1, (unsigned)(x >> 24) % 28 + 1);
		rd_buf_printf(&text, "1999-12-31 23:59:%02u.%u,", (unsigned)(x >> 32) % 60,
			      (unsigned)(x >> 40) % 9 + 1);
		rd_buf_printf(&text, x % 5 ? "true\n" : "\n");
	}
	if (!there_and_back(rd_buf_view(&text), &defaults, NULL, &out))
		fail_msg("%s", err.text);
	assert_true(rd_view_eq(rd_buf_view(&text), rd_buf_view(&out)));
}

/* ---- schemas --------------------------------------------------------------------------- */

static bool parse(const char *text, struct rd_arena *arena, struct rd_schema *out)
{
	err = (struct rd_err){ 0 };
	return rd_schema_parse(rd_view_str(text), "s.txt", arena, out, &err);
}

static void test_schema(void **state)
{
	struct rd_arena *arena RD_AUTO(rd_arena_free) = NULL;
	struct rd_schema s;

	(void)state;
	assert_true(rd_arena_new(MEMORY, &arena, &err));
	assert_true(parse("# a table\n\nid int64 join unique\r\n\"a \"\"b\" decimal(15,2)\n"
			  "  t\ttimestamp visible # why\nu text unique not-null",
			  arena, &s));
	assert_int_equal(s.n, 4);
	assert_true(rd_view_eq(s.column[0].name, rd_view_str("id")));
	assert_int_equal(s.column[0].class_, RD_CLASS_JOIN);
	assert_true(s.column[0].unique && s.column[0].type.nullable);
	assert_true(rd_view_eq(s.column[1].name, rd_view_str("a \"b")));
	assert_int_equal(s.column[1].type.precision, 15);
	assert_int_equal(s.column[1].class_, RD_CLASS_HIDDEN);
	assert_int_equal(s.column[2].class_, RD_CLASS_VISIBLE);
	assert_true(s.column[3].unique && !s.column[3].type.nullable);
}

static void test_bad_schemas(void **state)
{
	static const char *const cases[][3] = {
		{ "", "table.schema.form", "no column" },
		{ "# nothing\n", "table.schema.form", "no column" },
		{ "id\n", "table.schema.form", "line 1: expected a type" },
		{ "id int64\nid text\n", "table.schema.form", "line 2: this column was named" },
		{ "id int64 jion\n", "table.schema.form", "did you mean 'join'" },
		{ "id int64 unique unique\n", "table.schema.form", "found 'unique'" },
		{ "id int64 not-null not-null\n", "table.schema.form", "found 'not-null'" },
		{ "id int64 join group\n", "table.schema.form", "found 'group'" },
		{ "\n\nid itn64\n", "table.type.name", "s.txt: line 3" },
		{ "\"id int64\n", "table.schema.form", "no closing quote" },
		{ "\"\" int64\n", "table.schema.form", "1 to 255" },
		{ "\xff int64\n", "table.schema.form", "UTF-8" },
	};
	struct rd_arena *arena RD_AUTO(rd_arena_free) = NULL;
	struct rd_schema s;

	(void)state;
	assert_true(rd_arena_new(MEMORY, &arena, &err));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_false(parse(cases[i][0], arena, &s));
		if (strcmp(err.code, cases[i][1]) != 0 || !strstr(err.text, cases[i][2]))
			fail_msg("%s: %s", err.code, err.text);
	}
}

/* A declared type is held to; columns must be the schema's. */
static void test_load_by_schema(void **state)
{
	struct rd_arena *arena RD_AUTO(rd_arena_free) = NULL;
	struct rd_buf out RD_AUTO(rd_buf_free) = { .max = MEMORY };
	struct rd_schema s;

	(void)state;
	assert_true(rd_arena_new(MEMORY, &arena, &err));
	assert_true(parse("a int32 join unique\nb decimal(6,2)\n", arena, &s));
	assert_true(there_and_back(rd_view_str("a,b\n1,2\n2,3.5\n,\n"), &defaults, &s, &out));
	assert_true(rd_view_eq(rd_buf_view(&out), rd_view_str("a,b\n1,2.00\n2,3.50\n,\n")));
	assert_false(there_and_back(rd_view_str("a,b\n1,2\n3000000000,1\n"), &defaults, &s, &out));
	assert_string_equal(err.code, "table.value.range");
	assert_non_null(strstr(err.text, "a.csv: line 3: field 1 (a): "));
	assert_false(there_and_back(rd_view_str("a,b\n1,2.005\n"), &defaults, &s, &out));
	assert_string_equal(err.code, "table.value.range");
	assert_false(there_and_back(rd_view_str("a,b\n1,\"\"\n"), &defaults, &s, &out));
	assert_string_equal(err.code, "table.value.form");
	assert_false(there_and_back(rd_view_str("a,b\n1,2\n1,3\n"), &defaults, &s, &out));
	assert_string_equal(err.code, "table.unique");
	assert_false(there_and_back(rd_view_str("b,a\n"), &defaults, &s, &out));
	assert_string_equal(err.code, "table.csv.header");
	assert_false(there_and_back(rd_view_str("a\n"), &defaults, &s, &out));
	assert_string_equal(err.code, "table.csv.header");
	s.column[1].type.nullable = false;
	assert_false(there_and_back(rd_view_str("a,b\n1,\n"), &defaults, &s, &out));
	assert_string_equal(err.code, "table.null");
}

/* Classes and uniqueness come back with the file; a class that there is not is refused. */
static void test_declarations(void **state)
{
	struct rd_column column[2] = { { .name = rd_view_str("a"),
					 .type = { .type = RD_INT64 },
					 .class_ = RD_CLASS_GROUP,
					 .unique = true },
				       { .name = rd_view_str("b"), .type = { .type = RD_TEXT } } };
	struct rd_schema schema = { 2, column };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct rd_buf file RD_AUTO(rd_buf_free) = { .max = MEMORY };
		struct rd_sink sink = { .ctx = &file, .write = rd_test_buf_write };
		struct rd_writer *w RD_AUTO(rd_writer_free) = NULL;
		struct rd_table *t RD_AUTO(rd_table_close) = NULL;
		struct rd_view bytes = { 0 };
		struct rd_blob blob = blob_of(&bytes);

		column[1].class_ = i ? RD_CLASS_VISIBLE + 1 : RD_CLASS_HIDDEN;
		assert_true(
			rd_writer_new(&schema, &(struct rd_writer_options){ 0 }, &sink, &w, &err));
		assert_true(rd_writer_finish(w, &err));
		bytes = rd_buf_view(&file);
		blob.size = bytes.len;
		if (i) {
			assert_false(rd_table_open(&blob, NULL, RD_TABLE_OWN, MEMORY, &t, &err));
			assert_string_equal(err.code, "table.footer.form");
			continue;
		}
		assert_true(rd_table_open(&blob, NULL, RD_TABLE_OWN, MEMORY, &t, &err));
		assert_int_equal(rd_table_schema(t)->column[0].class_, RD_CLASS_GROUP);
		assert_true(rd_table_schema(t)->column[0].unique);
		assert_int_equal(rd_table_schema(t)->column[1].class_, RD_CLASS_HIDDEN);
		assert_false(rd_table_schema(t)->column[1].unique);
	}
}

/* Answers are printed alike. */
static void test_answers(void **state)
{
	struct rd_column column[2] = { { .name = rd_view_str("n"), .type = { .type = RD_INT64 } },
				       { .name = rd_view_str("w,x"),
					 .type = { .type = RD_TEXT } } };
	struct rd_text text[2] = { rd_text_of(rd_view_str("")), rd_text_of(rd_view_str("a\"b")) };
	int64_t n[2] = { 5, 0 };
	uint64_t valid = 1;
	struct rd_vec vec[2] = {
		{ .type = column[0].type, .repr = RD_FLAT, .width = 8, .data = n, .valid = &valid },
		{ .type = column[1].type, .repr = RD_FLAT, .width = 16, .data = text },
	};
	struct rd_rows rows = { .n_cols = 2, .n_rows = 2, .column = column, .vec = vec };
	struct rd_buf out RD_AUTO(rd_buf_free) = { .max = MEMORY };

	(void)state;
	assert_true(rd_rows_to_csv(&rows, &defaults, &out, &err));
	assert_true(rd_view_eq(rd_buf_view(&out), rd_view_str("n,\"w,x\"\n5,\"\"\n,\"a\"\"b\"\n")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),       cmocka_unit_test(test_options),
		cmocka_unit_test(test_types),       cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_cuts),        cmocka_unit_test(test_long),
		cmocka_unit_test(test_many_rows),   cmocka_unit_test(test_schema),
		cmocka_unit_test(test_bad_schemas), cmocka_unit_test(test_load_by_schema),
		cmocka_unit_test(test_answers),     cmocka_unit_test(test_declarations),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
