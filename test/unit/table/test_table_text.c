/* JSON lines and Arrow streams: what is taken, what is refused and where, and any damage. */
#include "../../memory_io.h"
#include "../../support.h"

#include <redoubt/table.h>

#include <stdlib.h>
#include <string.h>

#define MEMORY ((size_t)256 << 20)

static struct rd_arena *arena;

static struct rd_blob blob_of(struct rd_view *text)
{
	return (struct rd_blob){ .ctx = text, .size = text->len, .read = rd_test_view_read };
}

enum form { JSONL, ARROW };

/* The rows as a table in `file`; types of `schema` if it has columns, else inferred. */
static bool load(enum form form, struct rd_view text, struct rd_schema *schema, struct rd_buf *file,
		 struct rd_err *err)
{
	const struct rd_csv_options options = { 0 };
	struct rd_blob blob = blob_of(&text);
	struct rd_writer *w RD_AUTO(rd_writer_free) = NULL;

	if (!schema->n && !(form == JSONL ? rd_jsonl_infer(&blob, "f", arena, schema, err)
					  : rd_arrow_schema(&blob, "f", arena, schema, err)))
		return false;
	return rd_writer_new(schema, &(struct rd_writer_options){ 0 },
			     &(struct rd_sink){ file, rd_test_buf_write }, &w, err) &&
	       (form == JSONL ? rd_jsonl_load(&blob, "f", &options, schema, w, err)
			      : rd_arrow_load(&blob, "f", schema, w, err)) &&
	       rd_writer_finish(w, err);
}

static void put(struct rd_buf *file, bool as_arrow, struct rd_buf *out)
{
	const struct rd_csv_options options = { .null_text = "-", .separator = ',' };
	struct rd_view bytes = rd_buf_view(file);
	struct rd_blob blob = blob_of(&bytes);
	struct rd_sink sink = { out, rd_test_buf_write };
	struct rd_table *t RD_AUTO(rd_table_close) = NULL;
	struct rd_err err = { 0 };

	assert_true(rd_table_open(&blob, NULL, RD_TABLE_OWN, MEMORY, &t, &err));
	assert_true(as_arrow ? rd_arrow_unload(t, &sink, &err)
			     : rd_csv_unload(t, &options, &sink, &err));
}

/* Types and rows, "name type;...\n" and CSV. */
static void expect(enum form form, struct rd_view text, const char *types, const char *csv)
{
	struct rd_buf file RD_AUTO(rd_buf_free) = { .max = MEMORY };
	struct rd_buf out RD_AUTO(rd_buf_free) = { .max = MEMORY };
	struct rd_buf seen RD_AUTO(rd_buf_free) = { .max = MEMORY };
	struct rd_schema schema = { 0 };
	struct rd_err err = { 0 };
	char type[32];

	if (!load(form, text, &schema, &file, &err))
		fail_msg("%s", err.text);
	for (uint32_t i = 0; i < schema.n; i++) {
		rd_coltype_name(schema.column[i].type, type);
		rd_buf_printf(&seen, "%.*s %s%s;", RD_FMT(schema.column[i].name), type,
			      schema.column[i].type.nullable ? "?" : "");
	}
	assert_true(rd_view_eq(rd_buf_view(&seen), rd_view_str(types)));
	put(&file, false, &out);
	rd_buf_add_byte(&out, 0);
	assert_string_equal((const char *)out.data, csv);
	rd_arena_reset(arena);
}

static void test_jsonl(void **state)
{
	(void)state;
	expect(JSONL, rd_view_str("{\"a\":1,\"b\":\"x\"}\n"), "a int64;b text;", "a,b\n1,x\n");
	expect(JSONL,
	       rd_view_str("\xef\xbb\xbf{ \"b\" : null , \"a\" : -0.50 }\r\n\n \t\n"
			   "{\"a\":12,\"c\":true,\"b\":1e3}"),
	       "b double?;a decimal(4,2);c boolean?;", "b,a,c\n-,-0.50,-\n1000,12.00,true\n");
	expect(JSONL,
	       rd_view_str("{\"d\":\"2024-02-29\",\"t\":\"2024-02-29 01:02:03.5\",\"s\":\"12\"}"),
	       "d date;t timestamp;s text;", "d,t,s\n2024-02-29,2024-02-29 01:02:03.5,12\n");
	expect(JSONL,
	       rd_view_str(
		       "{\"k\":\"\\u0041\\n\\t\\\"\\\\\\/\\ud83d\\ude00\\u00e9\"}\n{\"k\":\"\"}"),
	       "k text;", "k\n\"A\n\t\"\"\\/\xf0\x9f\x98\x80\xc3\xa9\"\n\n");
	expect(JSONL, rd_view_str("{\"n\":123456789012345678901234567890}\n{}\n"),
	       "n decimal(30,0)?;", "n\n123456789012345678901234567890\n-\n");
	expect(JSONL, rd_view_str("{\"n\":null}"), "n text?;", "n\n-\n");
}

static void refuse(const char *text, const char *code, const char *words)
{
	struct rd_buf file RD_AUTO(rd_buf_free) = { .max = MEMORY };
	struct rd_schema schema = { 0 };
	struct rd_err err = { 0 };

	assert_false(load(JSONL, rd_view_str(text), &schema, &file, &err));
	assert_string_equal(err.code, code);
	if (!strstr(err.text, words))
		fail_msg("%s: %s", text, err.text);
	rd_arena_reset(arena);
}

static void test_jsonl_refused(void **state)
{
	static const char *const broken[] = {
		"[1]",
		"1",
		"{",
		"{\"a\"",
		"{\"a\":",
		"{\"a\":1",
		"{\"a\":1,",
		"{\"a\":1,}",
		"{\"a\":1}x",
		"{\"a\":1}{}",
		"{a:1}",
		"{\"a\" 1}",
		"{\"a\":01}",
		"{\"a\":+1}",
		"{\"a\":.5}",
		"{\"a\":1.}",
		"{\"a\":1e}",
		"{\"a\":-}",
		"{\"a\":nul}",
		"{\"a\":True}",
		"{\"a\":\"x}",
		"{\"a\":\"\\x\"}",
		"{\"a\":\"\\u12\"}",
		"{\"a\":\"\\u0000\"}",
		"{\"a\":\"\\ud800\"}",
		"{\"a\":\"\\ud800\\u0041\"}",
		"{\"a\":\"\\udc00\"}",
		"{\"a\":\"\t\"}",
		"{\"a\":\"\xff\"}",
		"{\"\":1}",
		"{\"a\":1,\"a\":2}",
		"",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
		refuse(broken[i], "table.jsonl.form", "f: ");
	refuse("{\"a\":1}\n{\"a\":2}\n{\"a\":}\n", "table.jsonl.form", "line 3, byte 6");
	refuse("{\"a\":1}\n{\"a\":[]}", "table.jsonl.type", "line 2, column a");
	refuse("{\"a\":{}}", "table.jsonl.type", "line 1, column a");
	refuse("{\"a\":1}\n\n{\"a\":true}", "table.jsonl.type",
	       "column a is true or false on line 3 and a number on line 1");
	refuse("{\"a\":1}\n{\"a\":1e400}", "table.value.range", "line 2, column a");
	refuse("{\"a\":1}\n{\"b\":2}\n{\"a\":\"x\"}", "table.jsonl.type",
	       "column a is text on line 3 and a number on line 1");
}

/* Against a declared schema. */
static void test_jsonl_schema(void **state)
{
	static const struct {
		const char *text, *code, *words;
	} cases[] = {
		{ "{\"id\":1}", NULL, NULL },
		{ "{\"id\":\"7\",\"word\":\"x\"}", NULL, NULL },
		{ "{\"word\":\"x\"}", "table.null", "line 1, column id" },
		{ "{\"id\":null}", "table.null", "line 1, column id" },
		{ "{\"id\":1,\"more\":1}", "table.jsonl.form", "no column more" },
		{ "{\"id\":1,\"id\":1}", "table.jsonl.form", "twice" },
		{ "{\"id\":true}", "table.jsonl.type", "column id" },
		{ "{\"id\":1,\"word\":5}", "table.jsonl.type", "column word" },
		{ "{\"id\":99999999999}", "table.value.range", "column id" },
	};
	struct rd_column column[2] = {
		{ .name = rd_view_str("id"), .type = { .type = RD_INT32 } },
		{ .name = rd_view_str("word"), .type = { .type = RD_TEXT, .nullable = true } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rd_buf file RD_AUTO(rd_buf_free) = { .max = MEMORY };
		struct rd_schema schema = { 2, column };
		struct rd_err err = { 0 };
		bool ok = load(JSONL, rd_view_str(cases[i].text), &schema, &file, &err);

		assert_int_equal(ok, cases[i].code == NULL);
		if (ok)
			continue;
		assert_string_equal(err.code, cases[i].code);
		if (!strstr(err.text, cases[i].words))
			fail_msg("%s: %s", cases[i].text, err.text);
	}
}

/* ---- Arrow ----------------------------------------------------------------------------------- */

static const char rows[] =
	"{\"i\":1,\"b\":true,\"d\":\"2024-02-29\",\"t\":\"1969-12-31 23:59:59.5\",\"m\":1.25,"
	"\"v\":12345678901234567890,\"f\":1.5e300,\"s\":\"a text of more than twelve bytes\"}\n"
	"{}\n"
	"{\"i\":-9223372036854775808,\"b\":false,\"d\":\"0001-01-01\",\"t\":\"2024-01-01 "
	"00:00:00\","
	"\"m\":-0.01,\"v\":-1,\"f\":-0.0,\"s\":\"\"}\n";
static const char types[] = "i int64?;b boolean?;d date?;t timestamp?;m decimal(3,2)?;"
			    "v decimal(20,0)?;f double?;s text?;";
static const char csv[] =
	"i,b,d,t,m,v,f,s\n"
	"1,true,2024-02-29,1969-12-31 23:59:59.5,1.25,12345678901234567890,"
	"1.5e+300,a text of more than twelve bytes\n"
	"-,-,-,-,-,-,-,-\n"
	"-9223372036854775808,false,0001-01-01,2024-01-01 00:00:00,-0.01,-1,-0,\n";

/* A stream of ours, of every type with NULLs. */
static void stream(struct rd_buf *out)
{
	struct rd_buf file RD_AUTO(rd_buf_free) = { .max = MEMORY };
	struct rd_schema schema = { 0 };
	struct rd_err err = { 0 };

	if (!load(JSONL, rd_view_str(rows), &schema, &file, &err))
		fail_msg("%s", err.text);
	put(&file, true, out);
}

static void test_arrow(void **state)
{
	struct rd_buf out RD_AUTO(rd_buf_free) = { .max = MEMORY };

	(void)state;
	expect(JSONL, rd_view_str(rows), types, csv);
	stream(&out);
	expect(ARROW, rd_buf_view(&out), types, csv);
}

static bool loads(const uint8_t *bytes, size_t len)
{
	struct rd_buf file RD_AUTO(rd_buf_free) = { .max = MEMORY };
	uint8_t *copy = malloc(len ? len : 1);
	struct rd_schema schema = { 0 };
	struct rd_err err = { 0 };
	bool ok;

	assert_non_null(copy);
	memcpy(copy, bytes, len);
	ok = load(ARROW, rd_view_of(copy, len), &schema, &file, &err);
	assert_true(ok || (err.code && err.text[0]));
	free(copy);
	rd_arena_reset(arena);
	return ok;
}

/* Cut off anywhere but between its messages, it is refused; with bits changed, it is rows or an
 * error. */
static void test_arrow_damage(void **state)
{
	struct rd_buf out RD_AUTO(rd_buf_free) = { .max = MEMORY };
	uint32_t whole = 0;

	(void)state;
	stream(&out);
	assert_true(loads(out.data, out.len));
	for (size_t len = 0; len < out.len; len++)
		whole += loads(out.data, len);
	/* After the schema, and after the batch: the end's mark may be missing. */
	assert_int_equal(whole, 2);
	for (size_t at = 0; at < out.len; at += 5)
		for (int bit = 0; bit < 8; bit += 3) {
			out.data[at] ^= (uint8_t)(1 << bit);
			(void)loads(out.data, out.len);
			out.data[at] ^= (uint8_t)(1 << bit);
		}
}

static void test_arrow_schema(void **state)
{
	struct rd_column column = { .name = rd_view_str("i"), .type = { .type = RD_INT32 } };
	struct rd_buf out RD_AUTO(rd_buf_free) = { .max = MEMORY };
	struct rd_buf file RD_AUTO(rd_buf_free) = { .max = MEMORY };
	struct rd_schema schema = { 1, &column };
	struct rd_err err = { 0 };

	(void)state;
	stream(&out);
	assert_false(load(ARROW, rd_buf_view(&out), &schema, &file, &err));
	assert_string_equal(err.code, "table.schema");
}

/* Answers: withheld cells are null, more rows than one batch holds. */
static void test_arrow_answer(void **state)
{
	enum { N = 70000 };
	static int64_t value[N];
	static uint64_t withheld[N / 64 + 1];
	uint64_t *marks[1] = { withheld };
	struct rd_column column = { .name = rd_view_str("n"),
				    .type = { .type = RD_INT64, .nullable = true } };
	struct rd_vec vec = { .type = column.type, .repr = RD_FLAT, .width = 8, .data = value };
	const struct rd_rows answer = {
		.n_cols = 1, .n_rows = N, .column = &column, .vec = &vec, .withheld = marks
	};
	struct rd_buf out RD_AUTO(rd_buf_free) = { .max = MEMORY };
	struct rd_buf file RD_AUTO(rd_buf_free) = { .max = MEMORY };
	struct rd_buf text RD_AUTO(rd_buf_free) = { .max = MEMORY };
	struct rd_schema schema = { 0 };
	struct rd_err err = { 0 };
	uint32_t line = 0;

	(void)state;
	for (int i = 0; i < N; i++)
		value[i] = i;
	withheld[1] = 1; /* row 64 */
	assert_true(rd_rows_to_arrow(&answer, &out, &err));
	assert_true(load(ARROW, rd_buf_view(&out), &schema, &file, &err));
	put(&file, false, &text);
	rd_buf_add_byte(&text, 0);
	for (char *at = strchr((char *)text.data, '\n') + 1; *at; at = strchr(at, '\n') + 1) {
		if (line == 64)
			assert_int_equal(*at, '-');
		else
			assert_int_equal(strtol(at, NULL, 10), line);
		line++;
	}
	assert_int_equal(line, N);
}

static uint32_t messages(const struct rd_buf *out)
{
	uint32_t n = 0;

	for (size_t at = 0; at + 8 <= out->len; at += 8)
		n += memcmp(out->data + at, "\xff\xff\xff\xff", 4) == 0;
	return n;
}

/* A batch ends where its texts pass 64 MiB: schema, two batches, end. */
static void test_arrow_long_texts(void **state)
{
	enum { N = 7, LEN = 12 << 20 };
	struct rd_column column = { .name = rd_view_str("w"), .type = { .type = RD_TEXT } };
	char *letters = malloc(LEN);
	struct rd_text text[N];
	struct rd_vec vec = { .type = column.type, .repr = RD_FLAT, .width = 16, .data = text };
	const struct rd_rows answer = { .n_cols = 1, .n_rows = N, .column = &column, .vec = &vec };
	struct rd_buf out RD_AUTO(rd_buf_free) = { .max = MEMORY };
	struct rd_err err = { 0 };

	(void)state;
	assert_non_null(letters);
	memset(letters, 'x', LEN);
	for (int i = 0; i < N; i++)
		text[i] = rd_text_of(rd_view_of(letters, LEN));
	assert_true(rd_rows_to_arrow(&answer, &out, &err));
	assert_int_equal(messages(&out), 4);
	assert_true(loads(out.data, out.len));
	free(letters);
}

/* Rows of many small batches go out in large ones. */
static void test_arrow_batches(void **state)
{
	struct rd_buf text RD_AUTO(rd_buf_free) = { .max = MEMORY };
	struct rd_buf file RD_AUTO(rd_buf_free) = { .max = MEMORY };
	struct rd_buf out RD_AUTO(rd_buf_free) = { .max = MEMORY };
	struct rd_schema schema = { 0 };
	struct rd_err err = { 0 };

	(void)state;
	for (int i = 0; i < 70000; i++)
		rd_buf_printf(&text, "{\"i\":%d}\n", i);
	assert_true(load(JSONL, rd_buf_view(&text), &schema, &file, &err));
	put(&file, true, &out);
	assert_int_equal(messages(&out), 4);
	rd_arena_reset(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_jsonl),         cmocka_unit_test(test_jsonl_refused),
		cmocka_unit_test(test_jsonl_schema),  cmocka_unit_test(test_arrow),
		cmocka_unit_test(test_arrow_damage),  cmocka_unit_test(test_arrow_schema),
		cmocka_unit_test(test_arrow_answer),  cmocka_unit_test(test_arrow_long_texts),
		cmocka_unit_test(test_arrow_batches),
	};
	struct rd_err err = { 0 };
	int failed;

	if (!rd_crypto_init(&err) || !rd_arena_new((size_t)64 << 20, &arena, &err))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rd_arena_free(&arena);
	return failed;
}
