/* CBOR: the examples of RFC 8949 appendix A, every rule of the strict form, and round trips. */
#include "support.h"

#include <redoubt/codec.h>

#include <string.h>

static struct rd_arena *arena;

static int set_up(void **state)
{
	struct rd_err err = { 0 };

	(void)state;
	return rd_arena_new((size_t)16 << 20, &arena, &err) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	rd_arena_free(&arena);
	return 0;
}

static struct rd_view hex(const char *text)
{
	struct rd_err err = { 0 };
	struct rd_view out = { 0 };

	assert_true(rd_unhex(arena, rd_view_str(text), &out, &err));
	return out;
}

static bool reads(const char *text, enum rd_cbor_mode mode, struct rd_err *err)
{
	struct rd_cbor_reader r;

	rd_cbor_read_init(&r, hex(text), mode);
	(void)rd_cbor_read_item(&r);
	return rd_cbor_finish(&r, err);
}

/* RFC 8949 appendix A: encoding, diagnostic notation, and whether it is deterministic here. */
static const struct {
	const char *hex, *diag;
	bool strict;
} examples[] = {
	{ "00", "0", true },
	{ "17", "23", true },
	{ "1818", "24", true },
	{ "1903e8", "1000", true },
	{ "1a000f4240", "1000000", true },
	{ "1bffffffffffffffff", "18446744073709551615", true },
	{ "3bffffffffffffffff", "-18446744073709551616", true },
	{ "20", "-1", true },
	{ "3863", "-100", true },
	{ "3903e7", "-1000", true },
	{ "f93e00", "1.5", false },
	{ "f97bff", "65504", false },
	{ "f90400", "6.103515625e-05", false },
	{ "f9c400", "-4", false },
	{ "fa47c35000", "100000", false },
	{ "fb3ff199999999999a", "1.1000000000000001", true },
	{ "f97c00", "inf", false },
	{ "f4", "false", true },
	{ "f5", "true", true },
	{ "f6", "null", true },
	{ "f7", "simple(247)", false },
	{ "f0", "simple(240)", false },
	{ "f8ff", "simple(255)", false },
	{ "40", "h''", true },
	{ "4401020304", "h'01020304'", true },
	{ "6449455446", "\"IETF\"", true },
	{ "62225c", "\"\\\"\\\\\"", true },
	{ "62c3bc", "\"\xc3\xbc\"", true },
	{ "80", "[]", true },
	{ "8301820203820405", "[1, [2, 3], [4, 5]]", true },
	{ "a0", "{}", true },
	{ "a201020304", "{1: 2, 3: 4}", true },
	{ "a26161016162820203", "{\"a\": 1, \"b\": [2, 3]}", true },
	{ "826161a161626163", "[\"a\", {\"b\": \"c\"}]", true },
	{ "c11a514b67b0", "1(1363896240)", false },
	{ "d818456449455446", "24(h'6449455446')", false },
	{ "d28443a10126a04054", NULL, false },
	{ "9fff", "[]", false },
	{ "9f018202039f0405ffff", "[1, [2, 3], [4, 5]]", false },
	{ "bf61610161629f0203ffff", "{\"a\": 1, \"b\": [2, 3]}", false },
	{ "5f42010243030405ff", "(_ h'5f42010243030405ff')", false },
};

static void test_appendix_a(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		struct rd_err err = { 0 };
		struct rd_buf text;

		rd_buf_init(&text, 4096);
		if (reads(examples[i].hex, RD_CBOR_STRICT, &err) != examples[i].strict)
			fail_msg("strict %s: %s", examples[i].hex, err.text);
		bool ok = rd_cbor_diag(hex(examples[i].hex), &text, &err);
		if (ok != (examples[i].diag != NULL))
			fail_msg("tolerant %s: %s", examples[i].hex, err.text);
		if (ok && !rd_view_eq(rd_buf_view(&text), rd_view_str(examples[i].diag)))
			fail_msg("%s reads %.*s", examples[i].hex, RD_FMT(rd_buf_view(&text)));
		rd_buf_free(&text);
	}
}

/* Each breaks one rule; what the strict reader says, and whether the tolerant one minds. */
static const struct {
	const char *hex, *code;
	bool tolerant;
} broken[] = {
	{ "", "codec.cbor.truncated", false },
	{ "18", "codec.cbor.truncated", false },
	{ "1817", "codec.cbor.head", true },
	{ "190018", "codec.cbor.head", true },
	{ "1a0000ffff", "codec.cbor.head", true },
	{ "1b00000000ffffffff", "codec.cbor.head", true },
	{ "1c", "codec.cbor.head", false },
	{ "1f", "codec.cbor.indefinite", false },
	{ "5801aa", "codec.cbor.head", true },
	{ "42aa", "codec.cbor.truncated", false },
	{ "5bffffffffffffffff", "codec.cbor.truncated", false },
	{ "61ff", "codec.cbor.text", false },
	{ "9bffffffffffffffff", "codec.cbor.items", false },
	{ "9a00ffffff", "codec.cbor.truncated", false },
	{ "8201", "codec.cbor.truncated", false },
	{ "a2020301", "codec.cbor.truncated", false },
	{ "a203040102", "codec.cbor.order", true },
	{ "a201020102", "codec.cbor.duplicate", false },
	{ "a2616101616102", "codec.cbor.duplicate", false },
	{ "a26262620161610a", "codec.cbor.order", true },
	/* Keys in a second form, which bytewise comparison would not see as the same key. */
	{ "a20102180103", "codec.cbor.head", false },
	{ "a1180100", "codec.cbor.head", false },
	{ "a178016100", "codec.cbor.head", false },
	{ "a17f6161ff00", "codec.cbor.indefinite", false },
	{ "a18000", "codec.cbor.key", false },
	{ "a1a000", "codec.cbor.key", false },
	{ "a1f400", "codec.cbor.key", false },
	{ "a1d20100", "codec.cbor.key", false },
	{ "fb7ff8000000000001", "codec.cbor.type", true },
	{ "fbfff8000000000000", "codec.cbor.type", true },
	{ "0000", "codec.cbor.trailing", false },
	{ "c100", "codec.cbor.tag", true },
	{ "d2d200", "codec.cbor.tag", true },
	{ "d2", "codec.cbor.truncated", false },
	{ "9f00", "codec.cbor.indefinite", false },
	{ "bf00ff", "codec.cbor.indefinite", false },
	{ "5f00ff", "codec.cbor.indefinite", false },
	{ "ff", "codec.cbor.indefinite", false },
	{ "f818", "codec.cbor.type", false },
	{ "818181818181818181818181818181818100", "codec.cbor.depth", false },
};

static void test_broken(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct rd_err err = { 0 };

		if (reads(broken[i].hex, RD_CBOR_STRICT, &err))
			fail_msg("strict accepted %s", broken[i].hex);
		if (strcmp(err.code, broken[i].code) != 0)
			fail_msg("strict %s: %s %s", broken[i].hex, err.code, err.text);
		assert_int_equal(err.fault, RD_FAULT_MALFORMED);
		if (reads(broken[i].hex, RD_CBOR_TOLERANT, &err) != broken[i].tolerant)
			fail_msg("tolerant %s: %s", broken[i].hex, err.text);
	}
	struct rd_err err = { 0 };
	assert_true(reads("8181818181818181818181818181818100", RD_CBOR_STRICT, &err));
}

/* A typed read refuses what does not fit, names the byte, and stays refused. */
static void test_typed(void **state)
{
	struct rd_err err = { 0 };
	struct rd_cbor_reader r;

	(void)state;
	rd_cbor_read_init(&r, hex("84182a3863fb3ff8000000000000f5"), RD_CBOR_STRICT);
	rd_cbor_enter_array(&r, 4);
	assert_int_equal(rd_cbor_read_uint(&r, 42), 42);
	assert_int_equal(rd_cbor_read_int(&r, -100, 0), -100);
	assert_true(rd_cbor_read_double(&r) == 1.5);
	assert_true(rd_cbor_read_bool(&r));
	assert_false(rd_cbor_more(&r));
	assert_int_equal(rd_cbor_peek(&r), RD_CBOR_END);
	rd_cbor_leave(&r);
	assert_true(rd_cbor_finish(&r, &err));

	rd_cbor_read_init(&r, hex("82182a01"), RD_CBOR_STRICT);
	rd_cbor_enter_array(&r, 2);
	assert_int_equal(rd_cbor_read_uint(&r, 41), 0);
	assert_int_equal(rd_cbor_read_uint(&r, 41), 0); /* sticky */
	rd_cbor_leave(&r);
	assert_false(rd_cbor_finish(&r, &err));
	assert_string_equal(err.code, "codec.cbor.range");
	assert_non_null(strstr(err.text, "byte 1"));

	static const char *const not_finished[] = { "820102", "8101" };
	for (size_t i = 0; i < 2; i++) {
		rd_cbor_read_init(&r, hex(not_finished[i]), RD_CBOR_STRICT);
		(void)rd_cbor_enter_array_upto(&r, 1, 2);
		if (i == 0) {
			(void)rd_cbor_read_uint(&r, 9);
			rd_cbor_leave(&r); /* an item is left */
		}
		assert_false(rd_cbor_finish(&r, &err));
		assert_string_equal(err.code, "codec.cbor.items");
	}
	rd_cbor_read_init(&r, hex("6161"), RD_CBOR_STRICT);
	rd_cbor_expect_text(&r, "b");
	assert_false(rd_cbor_finish(&r, &err));
	rd_cbor_read_init(&r, hex("4101"), RD_CBOR_STRICT);
	(void)rd_cbor_read_bytes(&r, 2, 4);
	assert_false(rd_cbor_finish(&r, &err));
	assert_string_equal(err.code, "codec.cbor.length");
	rd_cbor_read_init(&r, hex("f6"), RD_CBOR_STRICT);
	assert_true(rd_cbor_at_null(&r));
	rd_cbor_read_null(&r);
	assert_true(rd_cbor_finish(&r, &err));
	rd_cbor_read_init(&r, hex("3bffffffffffffffff"), RD_CBOR_STRICT);
	(void)rd_cbor_read_int(&r, INT64_MIN, INT64_MAX);
	assert_false(rd_cbor_finish(&r, &err));
}

static void write_random(struct rd_test_random *random, struct rd_buf *out, int depth)
{
	uint8_t bytes[40] = { 0 };
	uint64_t n = rd_test_random_below(random, 5);

	switch (rd_test_random_below(random, depth > 0 ? 8 : 6)) {
	case 0:
		rd_cbor_put_uint(out,
				 rd_test_random_u64(random) >> rd_test_random_below(random, 64));
		break;
	case 1:
		rd_cbor_put_int(out, (int64_t)rd_test_random_u64(random));
		break;
	case 2:
		rd_test_random_bytes(random, bytes, sizeof(bytes));
		rd_cbor_put_bytes(out, rd_view_of(bytes, rd_test_random_below(random, 40)));
		break;
	case 3:
		rd_cbor_put_str(out, "t\xc3\xa4xt");
		break;
	case 4:
		rd_cbor_put_bool(out, n & 1);
		break;
	case 5:
		rd_cbor_put_double(out, (double)n / 3);
		break;
	case 6:
		rd_cbor_put_array(out, n);
		for (uint64_t i = 0; i < n; i++)
			write_random(random, out, depth - 1);
		break;
	default:
		rd_cbor_put_map(out, n);
		for (uint64_t i = 0; i < n; i++) {
			rd_cbor_put_uint(out, i * 20);
			write_random(random, out, depth - 1);
		}
	}
}

/* Whatever NaN an answer holds, one form of it is written. */
static void test_nan(void **state)
{
	struct rd_err err = { 0 };
	struct rd_cbor_reader r;
	struct rd_buf out;

	(void)state;
	rd_buf_init(&out, 64);
	rd_cbor_put_double(&out, -__builtin_nan("7"));
	assert_true(rd_view_eq(rd_buf_view(&out), hex("fb7ff8000000000000")));
	rd_cbor_read_init(&r, rd_buf_view(&out), RD_CBOR_STRICT);
	assert_true(__builtin_isnan(rd_cbor_read_double(&r)));
	assert_true(rd_cbor_finish(&r, &err));
	rd_cbor_read_init(&r, hex("fb7ff8000000000001"), RD_CBOR_STRICT);
	(void)rd_cbor_read_double(&r);
	assert_false(rd_cbor_finish(&r, &err));
	assert_string_equal(err.code, "codec.cbor.type");
	rd_buf_free(&out);
}

/* What the writer writes, the strict reader accepts whole; cut anywhere it never does. */
static void test_written(void **state)
{
	struct rd_test_random random = rd_test_random_seed(3);

	(void)state;
	for (int round = 0; round < 300; round++) {
		struct rd_err err = { 0 };
		struct rd_cbor_reader r;
		struct rd_buf out;

		rd_buf_init(&out, 1 << 20);
		write_random(&random, &out, 5);
		rd_cbor_read_init(&r, rd_buf_view(&out), RD_CBOR_STRICT);
		struct rd_view item = rd_cbor_read_item(&r);
		if (!rd_cbor_finish(&r, &err))
			fail_msg("round %d: %s", round, err.text);
		assert_int_equal(item.len, out.len);
		for (size_t cut = 0; cut < out.len && cut < 200; cut++) {
			rd_cbor_read_init(&r, rd_view_of(out.data, cut), RD_CBOR_STRICT);
			(void)rd_cbor_read_item(&r);
			assert_false(rd_cbor_finish(&r, &err));
		}
		rd_buf_free(&out);
	}
}

/* A reader that failed has nothing left, in the middle of tags too: loops over it end. */
static void test_failed_has_end(void **state)
{
	static const char tags[] = "\xcf\xdf\x00"; /* the second has no length that tags may have */
	struct rd_cbor_reader r;
	uint32_t n = 0;

	(void)state;
	rd_cbor_read_init(&r, rd_view_of(tags, sizeof(tags) - 1), RD_CBOR_TOLERANT);
	for (; rd_cbor_peek(&r) == RD_CBOR_TAG && n < 100; n++)
		(void)rd_cbor_read_tag(&r);
	assert_int_equal(n, 2);
	assert_true(r.failed);
	assert_int_equal(rd_cbor_peek(&r), RD_CBOR_END);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_appendix_a), cmocka_unit_test(test_broken),
		cmocka_unit_test(test_typed),      cmocka_unit_test(test_nan),
		cmocka_unit_test(test_written),    cmocka_unit_test(test_failed_has_end),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
