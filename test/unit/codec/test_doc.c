/* codec, edge: YAML and JSON to one tree, with places, limits and refusals. */
#include "support.h"

#include <stdio.h>
#include <string.h>

#include <redoubt/codec.h>

static struct rd_arena *arena;

static int set_up(void **state)
{
	(void)state;
	struct rd_err err = { 0 };
	return rd_arena_new((size_t)64 << 20, &arena, &err) ? 0 : 1;
}

static int tear_down(void **state)
{
	(void)state;
	rd_arena_free(&arena);
	return 0;
}

static const struct rd_doc *yaml(const char *text)
{
	struct rd_err err = { 0 };
	const struct rd_doc *doc = NULL;
	bool ok = rd_yaml_parse(arena, "room.yaml", rd_view_str(text), &doc, &err);
	if (!ok)
		print_message("%s\n", err.text);
	assert_true(ok);
	return doc;
}

static void expect_text(const struct rd_doc *doc, const char *text, bool quoted)
{
	assert_non_null(doc);
	assert_int_equal(doc->kind, RD_DOC_SCALAR);
	assert_true(rd_view_eq(doc->text, rd_view_str(text)));
	assert_int_equal(doc->quoted, quoted);
}

static void expect_place(const struct rd_doc *doc, uint32_t line, uint32_t column)
{
	assert_int_equal(doc->line, line);
	assert_int_equal(doc->column, column);
}

static void test_yaml(void **state)
{
	(void)state;
	const struct rd_doc *doc = yaml("# a room\n"
					"room: nafld\n"
					"tables:\n"
					"  - name: visits\n"
					"    min_persons: 11\n"
					"  - {name: 'lab', min_persons: \"11\"}\n"
					"sql: |\n"
					"  SELECT 1\n"
					"empty:\n"
					"tilde: ~\n"
					"word: \"null\"\n");
	assert_int_equal(doc->kind, RD_DOC_MAP);
	assert_int_equal(doc->n, 6);
	const struct rd_doc *room = rd_doc_get(doc, "room");
	expect_text(room, "nafld", false);
	expect_place(room, 2, 7);
	assert_int_equal(room->key_line, 2);
	assert_int_equal(room->key_column, 1);
	const struct rd_doc *tables = rd_doc_get(doc, "tables");
	assert_int_equal(tables->kind, RD_DOC_LIST);
	assert_int_equal(tables->n, 2);
	expect_text(rd_doc_get(&tables->item[0], "min_persons"), "11", false);
	expect_place(rd_doc_get(&tables->item[0], "min_persons"), 5, 18);
	expect_text(rd_doc_get(&tables->item[1], "name"), "lab", true);
	expect_place(rd_doc_get(&tables->item[1], "name"), 6, 12);
	expect_text(rd_doc_get(&tables->item[1], "min_persons"), "11", true);
	expect_text(rd_doc_get(doc, "sql"), "SELECT 1\n", true);
	assert_int_equal(rd_doc_get(doc, "empty")->kind, RD_DOC_NULL);
	assert_int_equal(rd_doc_get(doc, "tilde")->kind, RD_DOC_NULL);
	expect_text(rd_doc_get(doc, "word"), "null", true);
	assert_null(rd_doc_get(doc, "rooms"));
	assert_null(rd_doc_get(room, "room"));
}

static void test_yaml_refused(void **state)
{
	(void)state;
	static const struct {
		const char *text, *code, *at;
	} cases[] = {
		{ "a: 1\na: 2\n", "codec.doc.duplicate", "room.yaml:2:1: " },
		{ "a: 1\n'a': 2\n", "codec.doc.duplicate", "room.yaml:2:1: " },
		{ "x: {b: 1, b: 2}\n", "codec.doc.duplicate", "room.yaml:1:11: " },
		{ "a: &x 1\n", "codec.yaml.feature", "room.yaml:1:4: " },
		{ "a: &x [1]\n", "codec.yaml.feature", "room.yaml:1:4: " },
		{ "a: &x {b: 1}\n", "codec.yaml.feature", "room.yaml:1:4: " },
		{ "a: *x\n", "codec.yaml.feature", "room.yaml:1:4: " },
		{ "*x : 1\n", "codec.yaml.feature", "room.yaml:1:1: " },
		{ "a: !!str 1\n", "codec.yaml.feature", "room.yaml:1:4: " },
		{ "a: !x [1]\n", "codec.yaml.feature", "room.yaml:1:4: " },
		{ "!x a: 1\n", "codec.yaml.feature", "room.yaml:1:1: " },
		{ "<<: {a: 1}\n", "codec.yaml.feature", "room.yaml:1:1: " },
		{ "? [a]\n: b\n", "codec.yaml.feature", "room.yaml:1:3: " },
		{ "~: b\n", "codec.yaml.feature", "room.yaml:1:1: " },
		{ "%YAML 1.1\n---\na: yes\n", "codec.yaml.feature", "room.yaml:1:1: " },
		{ "# c\n\n%TAG ! x\n---\na: 1\n", "codec.yaml.feature", "room.yaml:3:1: " },
		{ "a: 1\n---\nb: 2\n", "codec.yaml.syntax", "room.yaml:" },
		{ "a: 1\n...\nb: 2\n", "codec.yaml.syntax", "room.yaml:" },
		{ "a: [1, 2\n", "codec.yaml.syntax", "room.yaml:" },
		{ "a: 1\n  b: 2\n", "codec.yaml.syntax", "room.yaml:1:4: " },
		{ "\ta: 1\n", "codec.yaml.syntax", "room.yaml:1:1: " },
		{ "", "codec.yaml.syntax", "room.yaml:" },
		{ "# only a comment\n", "codec.yaml.syntax", "room.yaml:" },
		{ "a: \"\\0\"\n", "codec.doc.text", "room.yaml:1:" },
		{ "a: \xff\n", "codec.doc.text", "room.yaml: " },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rd_err err = { 0 };
		const struct rd_doc *doc = NULL;
		bool ok = rd_yaml_parse(arena, "room.yaml", rd_view_str(cases[i].text), &doc, &err);
		if (ok || strcmp(err.code, cases[i].code) != 0 ||
		    strncmp(err.text, cases[i].at, strlen(cases[i].at)) != 0)
			print_message("%s gave %s: %s\n", cases[i].text, err.code, err.text);
		assert_false(ok);
		assert_string_equal(err.code, cases[i].code);
		assert_memory_equal(err.text, cases[i].at, strlen(cases[i].at));
		assert_int_equal(err.fault, RD_FAULT_MALFORMED);
	}
	struct rd_err err = { 0 };
	const struct rd_doc *doc = NULL;
	assert_false(rd_yaml_parse(arena, "r", rd_view_of("a: 1\nb\0: 2", 10), &doc, &err));
	assert_string_equal(err.code, "codec.doc.text");
	assert_memory_equal(err.text, "r:2:2: ", 7);
}

/* `n` numbers of `digits` digits, each between `left` and `right`, inside `before` and `after`. */
struct pattern {
	const char *before, *left, *right, *after;
	int digits;
};

static struct rd_view repeated(struct pattern p, size_t n)
{
	struct rd_buf buf;
	struct rd_err err = { 0 };
	struct rd_view out;
	rd_buf_init(&buf, (size_t)16 << 20);
	rd_buf_add(&buf, rd_view_str(p.before));
	for (size_t i = 0; i < n; i++)
		rd_buf_printf(&buf, "%s%0*zu%s", p.left, p.digits, i, p.right);
	rd_buf_add(&buf, rd_view_str(p.after));
	assert_true(rd_buf_ok(&buf, &err));
	assert_true(rd_arena_copy(arena, rd_buf_view(&buf), &out, &err));
	rd_buf_free(&buf);
	return out;
}

static void expect_limit(struct rd_view text, bool within)
{
	for (int json = 0; json < 2; json++) {
		struct rd_err err = { 0 };
		const struct rd_doc *doc = NULL;
		bool ok = json ? rd_json_parse(arena, "x", text, &doc, &err)
			       : rd_yaml_parse(arena, "x", text, &doc, &err);
		assert_int_equal(ok, within);
		if (!ok)
			assert_string_equal(err.code, "codec.doc.limit");
	}
}

static void test_limits(void **state)
{
	(void)state;
	char text[80];
	for (int depth = 32; depth <= 33; depth++) {
		snprintf(text, sizeof text, "%.*s1%.*s", depth, "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
			 depth, "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]");
		expect_limit(rd_view_str(text), depth <= 32);
	}
	const struct pattern list = { "[", "", ",", "0]", 1 };
	const struct pattern map = { "{", "\"k", "\": 1, ", "\"z\": 2}", 1 };
	const struct pattern large = { "[\"", "", "", "\"]", 8 };
	expect_limit(repeated(list, 65534), true);
	expect_limit(repeated(list, 65535), false);
	expect_limit(repeated(map, 4095), true);
	expect_limit(repeated(map, 4096), false);
	expect_limit(repeated(large, (size_t)1 << 20), false); /* 8 MiB and 4 */
}

static void test_json(void **state)
{
	(void)state;
	struct rd_err err = { 0 };
	const struct rd_doc *doc = NULL;
	assert_true(rd_json_parse(arena, "x.json",
				  rd_view_str("{\"a\": [1, -9223372036854775808, 0.1, 1e300, true,"
					      " false, null, \"\\u00e9\\n\"], \"b\": {}}"),
				  &doc, &err));
	const struct rd_doc *a = rd_doc_get(doc, "a");
	static const char *const want[] = { "1",    "-9223372036854775808", "0.1", "1e+300", "true",
					    "false" };
	assert_int_equal(a->n, 8);
	for (size_t i = 0; i < 6; i++)
		expect_text(&a->item[i], want[i], false);
	assert_int_equal(a->item[6].kind, RD_DOC_NULL);
	expect_text(&a->item[7], "\xc3\xa9\n", true);
	assert_int_equal(rd_doc_get(doc, "b")->kind, RD_DOC_MAP);
	assert_int_equal(rd_doc_get(doc, "b")->n, 0);
	static const struct {
		const char *text, *code, *at;
	} cases[] = {
		{ "{\"a\": 1,\n \"a\": 2}", "codec.doc.duplicate", "x.json:2:" },
		{ "{\"a\": 1,\n \"b\" 2}", "codec.json.syntax", "x.json:2:6: " },
		{ "[1] [2]", "codec.json.syntax", "x.json:1:" },
		{ "[1,]", "codec.json.syntax", "x.json:1:" },
		{ "[01]", "codec.json.syntax", "x.json:1:" },
		{ "['a']", "codec.json.syntax", "x.json:1:" },
		{ "[\"\\u0000\"]", "codec.json.syntax", "x.json:1:" },
		{ "[9223372036854775808]", "codec.json.syntax", "x.json:1:" },
		{ "[1e999]", "codec.json.syntax", "x.json:1:" },
		{ "[NaN]", "codec.json.syntax", "x.json:1:" },
		{ "", "codec.json.syntax", "x.json:1:1: " },
		{ "[\"\xff\"]", "codec.doc.text", "x.json: " },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		err = (struct rd_err){ 0 };
		assert_false(
			rd_json_parse(arena, "x.json", rd_view_str(cases[i].text), &doc, &err));
		assert_string_equal(err.code, cases[i].code);
		assert_memory_equal(err.text, cases[i].at, strlen(cases[i].at));
	}
}

/* Two parsers that share nothing must read the same document the same way. */
static void expect_same(const struct rd_doc *y, const struct rd_doc *j)
{
	assert_int_equal(y->kind, j->kind);
	assert_int_equal(y->n, j->n);
	assert_int_equal(y->quoted, j->quoted);
	assert_true(rd_view_eq(y->key, j->key));
	if (y->quoted)
		assert_true(rd_view_eq(y->text, j->text));
	for (uint32_t i = 0; i < y->n; i++)
		expect_same(&y->item[i], &j->item[i]);
}

static void test_parsers_agree(void **state)
{
	(void)state;
	static const char *const files[] = {
		"vectors/ear/ear-claims.json",
		"vectors/ear/ear-claims-extension-ok.json",
		"vectors/cose/sign1-tests/sign-pass-02.json",
		"vectors/wycheproof/hkdf_sha256_test.json",
	};
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		struct rd_view text = rd_test_read_file(rd_test_shared_path(files[i]));
		const struct rd_doc *y = NULL, *j = NULL;
		struct rd_err err = { 0 };
		assert_true(rd_json_parse(arena, files[i], text, &j, &err));
		bool ok = rd_yaml_parse(arena, files[i], text, &y, &err);
		if (!ok)
			print_message("%s\n", err.text);
		assert_true(ok);
		expect_same(y, j);
		rd_test_free(text);
	}
}

static void test_only(void **state)
{
	(void)state;
	static const char *const known[] = { "readers", "queries", NULL };
	struct rd_err err = { 0 };
	const struct rd_doc *doc = yaml("queries: 1\nreader: 2\n");
	assert_false(rd_doc_only("room.yaml", doc, known, &err));
	assert_string_equal(err.code, "codec.doc.key");
	assert_string_equal(err.text,
			    "room.yaml:2:1: unknown key (did you mean \"readers\"?): reader");
	err = (struct rd_err){ 0 };
	assert_false(rd_doc_only("room.yaml", yaml("queries: 1\nxyzzy: 2\n"), known, &err));
	assert_string_equal(err.text, "room.yaml:2:1: unknown key: xyzzy");
	err = (struct rd_err){ 0 };
	assert_false(rd_doc_only("room.yaml", yaml("- a\n"), known, &err));
	assert_string_equal(err.code, "codec.doc.kind");
	assert_true(rd_doc_only("room.yaml", yaml("queries: 1\nreaders: 2\n"), known, &err));
}

/* What rd_json_put_string writes, jansson reads back: every byte below 128, and UTF-8. */
static void test_put_string(void **state)
{
	(void)state;
	char text[131];
	struct rd_err err = { 0 };
	struct rd_buf out;
	const struct rd_doc *doc = NULL;
	for (int i = 0; i < 127; i++)
		text[i] = (char)(i + 1);
	memcpy(text + 127, "\xe2\x82\xac", 4);
	rd_buf_init(&out, 4096);
	rd_buf_add_byte(&out, '[');
	rd_json_put_string(&out, rd_view_str(text));
	rd_buf_add_byte(&out, ']');
	assert_true(rd_json_parse(arena, "x", rd_buf_view(&out), &doc, &err));
	expect_text(&doc->item[0], text, true);
	/* No control byte goes to a terminal or a log as it is. */
	for (size_t i = 0; i < out.len; i++)
		assert_true(out.data[i] >= 0x20 && out.data[i] != 0x7f);
	rd_buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_yaml, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_yaml_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_limits, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_json, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_only, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_put_string, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_parsers_agree, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
