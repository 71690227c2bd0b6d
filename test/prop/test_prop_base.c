/* base against independent models: glibc's converters, and arithmetic done another way. */
#include "support.h"

#include <errno.h>
#include <iconv.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* glibc refuses surrogates, overlong forms and what lies past U+10FFFF when it makes UTF-16. */
static bool iconv_accepts(iconv_t cd, struct rd_view text)
{
	char in[16], out[64];
	char *from = in, *to = out;
	size_t from_len = text.len, to_len = sizeof(out);

	memcpy(in, text.data, text.len);
	iconv(cd, NULL, NULL, NULL, NULL);
	return iconv(cd, &from, &from_len, &to, &to_len) != (size_t)-1;
}

static void test_utf8_as_glibc(void **state)
{
	struct rd_test_random random = rd_test_random_seed(1);
	/* Bytes at the borders of RFC 3629's table, so that well-formed texts are common. */
	static const uint8_t edge[] = { 0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc1,
					0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1,
					0xf3, 0xf4, 0xf5, 0xff };
	iconv_t cd = iconv_open("UTF-16LE", "UTF-8");
	size_t n_good = 0;

	(void)state;
	assert_ptr_not_equal(cd, (iconv_t)-1);
	for (int round = 0; round < 200000; round++) {
		uint8_t text[6];
		size_t len = rd_test_random_below(&random, sizeof(text) + 1);
		for (size_t i = 0; i < len; i++)
			text[i] = edge[rd_test_random_below(&random, sizeof(edge))];
		bool good = rd_utf8_valid(rd_view_of(text, len));
		assert_int_equal(good, iconv_accepts(cd, rd_view_of(text, len)));
		n_good += good;
	}
	assert_true(n_good > 1000);
	iconv_close(cd);
}

static void test_numbers_as_strtoll(void **state)
{
	struct rd_test_random random = rd_test_random_seed(2);
	struct rd_err err = { 0 };

	(void)state;
	for (int round = 0; round < 100000; round++) {
		char text[40];
		int64_t got = 0;
		uint64_t digits = rd_test_random_u64(&random) >> rd_test_random_below(&random, 64);
		const char *more = rd_test_random_below(&random, 8) == 0 ? "7" : "";
		snprintf(text, sizeof(text), "%s%" PRIu64 "%s", round % 2 ? "-" : "", digits, more);
		errno = 0;
		long long want = strtoll(text, NULL, 10);
		bool fits = errno == 0;
		bool ok = rd_parse_i64(rd_view_str(text), INT64_MIN, INT64_MAX, &got, &err);
		assert_int_equal(ok, fits);
		if (fits)
			assert_true(got == want);
	}
}

static void test_arena_gives_apart_and_zero(void **state)
{
	struct rd_test_random random = rd_test_random_seed(3);
	struct rd_arena *arena = NULL;
	struct rd_err err = { 0 };
	uint8_t *piece[64];
	size_t len[64], total;

	(void)state;
	assert_true(rd_arena_new((size_t)8 << 20, &arena, &err));
	for (int round = 0; round < 200; round++) {
		total = 0;
		for (size_t i = 0; i < 64; i++) {
			len[i] = rd_test_random_below(&random, (size_t)1 << (4 + i % 13));
			piece[i] = rd_arena_alloc(arena, len[i], 1, &err);
			assert_non_null(piece[i]);
			assert_int_equal((uintptr_t)piece[i] % (len[i] >= 4096 ? 64 : 16), 0);
			for (size_t j = 0; j < len[i]; j++)
				assert_true(piece[i][j] == 0);
			memset(piece[i], (int)i + 1, len[i]);
			total += len[i];
		}
		assert_int_equal(rd_arena_used(arena), total);
		for (size_t i = 0; i < 64; i++) /* nobody wrote over a neighbour */
			for (size_t j = 0; j < len[i]; j++)
				assert_true(piece[i][j] == i + 1);
		rd_arena_reset(arena);
	}
	rd_arena_free(&arena);
}

static void test_arena_holds_its_limit(void **state)
{
	struct rd_arena *arena = NULL;
	struct rd_err err = { 0 };
	const size_t max = 1000000;
	size_t given = 0;

	(void)state;
	assert_true(rd_arena_new(max, &arena, &err));
	while (rd_arena_alloc(arena, 1000, 1, &err))
		given += 1000;
	assert_string_equal(err.code, "base.memory.limit");
	assert_int_equal(err.fault, RD_FAULT_FAILED);
	assert_in_range(given, max * 9 / 10, max);
	rd_arena_free(&arena);
}

static void test_buffer_as_array(void **state)
{
	struct rd_test_random random = rd_test_random_seed(4);
	static uint8_t model[5000];
	struct rd_err err = { 0 };

	(void)state;
	for (int round = 0; round < 500; round++) {
		size_t max = rd_test_random_below(&random, sizeof(model)), len = 0;
		struct rd_buf buf;
		rd_buf_init(&buf, max);
		for (int i = 0; i < 40; i++) {
			uint8_t bytes[300];
			size_t n = rd_test_random_below(&random, sizeof(bytes));
			rd_test_random_bytes(&random, bytes, n);
			rd_buf_add(&buf, rd_view_of(bytes, n));
			if (len + n > max)
				break;
			memcpy(model + len, bytes, n);
			len += n;
			assert_true(rd_buf_ok(&buf, &err));
		}
		assert_true(rd_view_eq(rd_buf_view(&buf), rd_view_of(model, len)));
		rd_buf_free(&buf);
	}
}

static void test_buffer_prints_to_the_last_byte(void **state)
{
	struct rd_err err = { 0 };
	struct rd_buf buf;

	(void)state;
	rd_buf_init(&buf, 300);
	rd_buf_printf(&buf, "%*d", 299, 1);
	rd_buf_printf(&buf, "%d", 2);
	assert_true(rd_buf_ok(&buf, &err));
	assert_int_equal(rd_buf_view(&buf).len, 300);
	assert_int_equal(rd_buf_view(&buf).data[299], '2');
	rd_buf_printf(&buf, "%d", 3);
	assert_false(rd_buf_ok(&buf, &err));
	rd_buf_free(&buf);
}

static void test_assert_aborts(void **state)
{
	int status = 0;
	pid_t child;

	(void)state;
	rd_assert(1 + 1 == 2);
	child = fork();
	if (child == 0) {
		signal(SIGABRT, SIG_DFL);
		rd_assert(1 + 1 == 3);
		_exit(0);
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void test_codes_end_and_explain(void **state)
{
	size_t n = 0;

	(void)state;
	for (const struct rd_code_text *entry = rd_base_codes; entry->code; entry++, n++) {
		assert_true(strncmp(entry->code, "base.", 5) == 0);
		assert_true(strlen(entry->meaning) > 10 && strlen(entry->remedy) > 10);
	}
	assert_true(n > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_utf8_as_glibc),
		cmocka_unit_test(test_numbers_as_strtoll),
		cmocka_unit_test(test_arena_gives_apart_and_zero),
		cmocka_unit_test(test_arena_holds_its_limit),
		cmocka_unit_test(test_buffer_as_array),
		cmocka_unit_test(test_buffer_prints_to_the_last_byte),
		cmocka_unit_test(test_assert_aborts),
		cmocka_unit_test(test_codes_end_and_explain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
