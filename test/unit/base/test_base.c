/* base: every function, and what each does when it must not succeed. */
#include <redoubt/base.h>

#include <errno.h>
#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

static struct rd_view str(const char *text)
{
	return rd_view_str(text);
}

static void test_view(void **state)
{
	struct rd_view out = { 0 };

	(void)state;
	assert_true(rd_view_eq(str("abc"), str("abc")));
	assert_false(rd_view_eq(str("abc"), str("abd")));
	assert_false(rd_view_eq(str("abc"), str("ab")));
	assert_true(rd_view_eq(rd_view_of(NULL, 0), str("")));
	assert_true(rd_view_cmp(str("ab"), str("abc")) < 0);
	assert_true(rd_view_cmp(str("b"), str("abc")) > 0);
	assert_true(rd_view_cmp(str("\xc3"), str("a")) > 0); /* bytes are unsigned */
	assert_int_equal(rd_view_cmp(str("abc"), str("abc")), 0);
	assert_true(rd_view_starts(str("redoubt"), str("re")));
	assert_false(rd_view_starts(str("re"), str("redoubt")));
	assert_true(rd_view_sub(str("redoubt"), 2, 3, &out));
	assert_true(rd_view_eq(out, str("dou")));
	assert_true(rd_view_sub(str("redoubt"), 7, 0, &out));
	assert_false(rd_view_sub(str("redoubt"), 8, 0, &out));
	assert_false(rd_view_sub(str("redoubt"), 5, 3, &out));
	assert_false(rd_view_sub(str("redoubt"), 1, SIZE_MAX, &out));
}

static void test_numbers(void **state)
{
	struct rd_err err = { 0 };
	size_t size = 7;
	uint64_t u64 = 7;
	int64_t i64 = 7;

	(void)state;
	assert_true(rd_add_size(1, 2, &size) && size == 3);
	assert_false(rd_add_size(SIZE_MAX, 1, &size));
	assert_true(rd_mul_size(6, 7, &size) && size == 42);
	assert_false(rd_mul_size(SIZE_MAX / 2, 3, &size));
	assert_int_equal(size, 42);
	assert_true(rd_add_u64(1, 2, &u64) && u64 == 3);
	assert_false(rd_add_u64(UINT64_MAX, 1, &u64));
	assert_true(rd_parse_i64(str("-9223372036854775808"), INT64_MIN, INT64_MAX, &i64, &err));
	assert_true(i64 == INT64_MIN);
	assert_true(rd_parse_i64(str("9223372036854775807"), INT64_MIN, INT64_MAX, &i64, &err));
	assert_true(i64 == INT64_MAX);
	assert_int_equal(err.fault, RD_FAULT_NONE);
	assert_false(rd_parse_i64(str("9223372036854775808"), INT64_MIN, INT64_MAX, &i64, &err));
	assert_string_equal(err.code, "base.number.range");
	assert_false(rd_parse_i64(str("11"), 0, 10, &i64, &err));
	assert_string_equal(err.text, "11 is outside 0..10");
	static const char *const bad[] = { "", "-", "+1", " 1", "1 ", "0x1", "1.0", "--1" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(rd_parse_i64(str(bad[i]), -10, 10, &i64, &err));
		assert_string_equal(err.code, "base.number.form");
	}
}

static void test_errors(void **state)
{
	struct rd_err err = { 0 };
	char big[2 * RD_ERR_TEXT_MAX];

	(void)state;
	assert_false(rd_fail(&err, RD_FAULT_REFUSED, "a.b", "field %d", 3));
	assert_false(rd_wrap(&err, "line %d", 7));
	assert_false(rd_wrap(&err, "visits.csv"));
	assert_string_equal(err.text, "visits.csv: line 7: field 3");
	assert_string_equal(err.code, "a.b");
	assert_int_equal(err.fault, RD_FAULT_REFUSED);
	errno = ENOENT;
	assert_false(rd_fail_errno(&err, "c.d", "open"));
	assert_int_equal(err.sys_errno, ENOENT);
	assert_string_equal(err.text, "open: No such file or directory");
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	assert_false(rd_wrap(&err, "%s", big));
	assert_int_equal(strlen(err.text), RD_ERR_TEXT_MAX - 1);
	assert_false(rd_wrap(&err, "outer"));
	assert_true(rd_view_starts(str(err.text), str("outer: xxx")));
	assert_int_equal(strlen(err.text), RD_ERR_TEXT_MAX - 1);
}

static void test_arena(void **state)
{
	struct rd_err err = { 0 };
	struct rd_arena *arena = NULL;
	struct rd_view text;
	uint8_t *p;

	(void)state;
	assert_true(rd_arena_new(1 << 20, &arena, &err));
	for (int round = 0; round < 2; round++) {
		for (size_t i = 1; i < 3000; i += 97) {
			p = rd_arena_alloc(arena, i, 1, &err);
			assert_non_null(p);
			assert_int_equal((uintptr_t)p % 16, 0);
			for (size_t j = 0; j < i; j++)
				assert_int_equal(p[j], 0);
			memset(p, 0xaa, i);
		}
		p = rd_arena_alloc(arena, 4096, 1, &err);
		assert_int_equal((uintptr_t)p % 64, 0);
		rd_arena_reset(arena);
		assert_int_equal(rd_arena_used(arena), 0);
	}
	assert_non_null(rd_arena_alloc(arena, 0, 8, &err));
	assert_null(rd_arena_alloc(arena, SIZE_MAX, 2, &err));
	assert_string_equal(err.code, "base.memory.limit");
	assert_null(rd_arena_alloc(arena, 1 << 20, 1, &err));
	assert_null(rd_arena_alloc(arena, SIZE_MAX - 8, 1, &err));
	assert_true(rd_arena_copy(arena, str("abc"), &text, &err));
	assert_true(rd_view_eq(text, str("abc")) && text.data[3] == 0);
	assert_true(rd_arena_printf(arena, &text, &err, "%d-%s", 5, "x"));
	assert_true(rd_view_eq(text, str("5-x")));
	rd_arena_free(&arena);
	assert_null(arena);
	rd_arena_free(&arena);
}

static void test_buffer(void **state)
{
	struct rd_err err = { 0 };
	struct rd_buf buf;

	(void)state;
	rd_buf_init(&buf, 1000);
	for (int i = 0; i < 100; i++)
		rd_buf_printf(&buf, "%d,", i % 10);
	rd_buf_add_byte(&buf, '!');
	assert_true(rd_buf_ok(&buf, &err));
	assert_int_equal(rd_buf_view(&buf).len, 201);
	assert_true(rd_view_starts(rd_buf_view(&buf), str("0,1,2,")));
	assert_null(rd_buf_extend(&buf, 800));
	rd_buf_add(&buf, str("x"));
	assert_int_equal(rd_buf_view(&buf).len, 201); /* the failure sticks, nothing was added */
	assert_false(rd_buf_ok(&buf, &err));
	assert_string_equal(err.code, "base.buffer.limit");
	rd_buf_clear(&buf);
	assert_true(rd_buf_ok(&buf, &err));
	assert_non_null(rd_buf_extend(&buf, 1000));
	assert_null(rd_buf_extend(&buf, 1));
	rd_buf_free(&buf);
}

static void test_secret(void **state)
{
	struct rd_err err = { 0 };
	struct rd_secret secret = { .len = 0 };
	uint8_t big[RD_SECRET_MAX + 1] = { 0 };

	(void)state;
	assert_true(rd_secret_set(&secret, str("key"), &err));
	assert_true(rd_view_eq(rd_secret_view(&secret), str("key")));
	assert_false(rd_secret_set(&secret, rd_view_of(big, sizeof(big)), &err));
	assert_string_equal(err.code, "base.secret.length");
	rd_secret_wipe(&secret);
	assert_int_equal(secret.len, 0);
	assert_memory_equal(secret.data, big, RD_SECRET_MAX);
	assert_true(rd_equal_secret(str("abc"), str("abc")));
	assert_false(rd_equal_secret(str("abc"), str("abd")));
	assert_false(rd_equal_secret(str("xbc"), str("abc")));
	assert_false(rd_equal_secret(str("abc"), str("abcd")));
}

static void test_hex(void **state)
{
	struct rd_err err = { 0 };
	struct rd_arena *arena = NULL;
	struct rd_view out;

	(void)state;
	assert_true(rd_arena_new(1 << 20, &arena, &err));
	assert_true(rd_hex(arena, rd_view_of("\x00\xff\x1a", 3), &out, &err));
	assert_true(rd_view_eq(out, str("00ff1a")));
	assert_true(rd_unhex(arena, str("00fF1A"), &out, &err));
	assert_true(rd_view_eq(out, rd_view_of("\x00\xff\x1a", 3)));
	assert_false(rd_unhex(arena, str("0"), &out, &err));
	assert_string_equal(err.code, "base.hex");
	assert_false(rd_unhex(arena, str("0g"), &out, &err));
	assert_string_equal(err.text, "byte 1 is not a hexadecimal digit");
	rd_arena_free(&arena);
}

/* Words of ASCII are skipped: the same text must be judged alike wherever it stands among them. */
static bool utf8_everywhere(const char *text, bool wanted)
{
	char padded[64];
	size_t len = strlen(text);

	for (size_t before = 0; before < 20; before++)
		for (size_t after = 0; after < 20; after++) {
			struct rd_view all = rd_view_of(padded, before + len + after);

			memset(padded, 'a', sizeof(padded));
			memcpy(padded + before, text, len);
			if (rd_utf8_valid(all) != wanted)
				return false;
		}
	return true;
}

static void test_utf8(void **state)
{
	static const char *const good[] = { "",
					    "a",
					    "\xc3\xa4",
					    "\xe2\x82\xac",
					    "\xed\x9f\xbf",
					    "\xee\x80\x80",
					    "\xf0\x9f\x98\x80",
					    "\xf4\x8f\xbf\xbf" };
	static const char *const bad[] = { "\x80",
					   "\xc0\x80",
					   "\xc1\xbf",
					   "\xc3",
					   "\xc3(",
					   "\xe0\x9f\xbf",
					   "\xed\xa0\x80",
					   "\xe2\x82",
					   "\xe2\x82(",
					   "\xf0\x8f\xbf\xbf",
					   "\xf4\x90\x80\x80",
					   "\xf5\x80\x80\x80",
					   "\xf0\x9f\x98",
					   "\xff" };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(utf8_everywhere(good[i], true));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_true(utf8_everywhere(bad[i], false));
}

static void test_nearest_word(void **state)
{
	static const char *const words[] = { "readers", "queries", "tables", "id", NULL };

	(void)state;
	assert_string_equal(rd_nearest_word(str("reader"), words), "readers");
	assert_string_equal(rd_nearest_word(str("qeuries"), words), "queries");
	assert_null(rd_nearest_word(str("platforms"), words));
	assert_null(rd_nearest_word(str("x"), words));
}

static void test_load_store(void **state)
{
	uint8_t b[8];

	(void)state;
	rd_store_le64(b, 0x0102030405060708u);
	assert_int_equal(b[0], 8);
	assert_true(rd_load_le64(b) == 0x0102030405060708u);
	rd_store_le32(b, 0xfffefdfcu);
	assert_int_equal(rd_load_le32(b), 0xfffefdfcu);
	rd_store_be32(b, 0x01020304u);
	assert_int_equal(b[0], 1);
	assert_int_equal(rd_load_be32(b), 0x01020304u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_view),         cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_errors),       cmocka_unit_test(test_arena),
		cmocka_unit_test(test_buffer),       cmocka_unit_test(test_secret),
		cmocka_unit_test(test_hex),          cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_nearest_word), cmocka_unit_test(test_load_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
