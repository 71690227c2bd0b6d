/* Claims, bindings, bundles: exact forms, and what each check is for. */
#include "support.h"

#include <redoubt/codec.h>
#include <redoubt/tee.h>

#include <string.h>

static uint8_t bytes[13][64];

static struct rd_view some(size_t index, size_t len)
{
	memset(bytes[index], (int)(index + 1), sizeof(bytes[index]));
	return rd_view_of(bytes[index], len);
}

static struct rd_claims broker_claims(void)
{
	return (struct rd_claims){ .role = RD_ROLE_BROKER,
				   .nonce = some(0, 32),
				   .room_hash = some(1, 32),
				   .query = rd_view_str("study"),
				   .parameters_hash = some(2, 32),
				   .e_sign = some(3, 32),
				   .e_kem = some(4, 32),
				   .spki_hash = some(5, 32),
				   .binding = some(6, 32),
				   .has_launch = true,
				   .measurement = some(7, 48),
				   .launch_config = some(8, 32),
				   .sandbox_missing = 5 };
}

static void test_round_trip(void **state)
{
	struct rd_claims in = broker_claims(), out;
	struct rd_err err = { 0 };
	struct rd_buf buf;

	(void)state;
	rd_buf_init(&buf, RD_CLAIMS_MAX);
	assert_true(rd_claims_encode(&in, &buf, &err));
	/* PROTOCOL.md 2: map of 13, key 10, nonce; then key 265. */
	assert_memory_equal(buf.data, "\xad\x0a\x58\x20\x01", 5);
	assert_memory_equal(buf.data + 36, "\x19\x01\x09", 3);
	assert_true(rd_claims_decode(rd_buf_view(&buf), &out, &err));
	assert_int_equal(out.role, RD_ROLE_BROKER);
	assert_true(out.has_launch);
	assert_true(rd_view_eq(in.measurement, out.measurement));
	assert_true(rd_view_eq(in.spki_hash, out.spki_hash));
	assert_true(rd_view_eq(in.query, out.query));
	assert_int_equal(out.sandbox_missing, 5);
	/* Cut anywhere: no claims. */
	for (size_t n = 0; n < buf.len; n++)
		assert_false(rd_claims_decode(rd_view_of(buf.data, n), &out, &err));
	rd_buf_free(&buf);
}

static char long_name[1000];

static void refuse(const struct rd_claims *c)
{
	struct rd_err err = { 0 };
	struct rd_buf buf;

	rd_buf_init(&buf, RD_CLAIMS_MAX);
	assert_false(rd_claims_encode(c, &buf, &err));
	assert_string_equal(err.code, "tee.claims.form");
	rd_buf_free(&buf);
}

static void test_forms(void **state)
{
	struct rd_claims c = broker_claims();

	(void)state;
	c.role = RD_ROLE_READER;
	refuse(&c);
	c = broker_claims();
	c.query.len = 0;
	refuse(&c);
	c = broker_claims();
	c.query = rd_view_of(long_name, sizeof(long_name));
	refuse(&c);
	c = broker_claims();
	c.e_kem.len = 31;
	refuse(&c);
	c = broker_claims();
	c.has_launch = false;
	refuse(&c);
	c.measurement.len = c.launch_config.len = 0;
	refuse(&c); /* what a sandbox lacks is the launcher's to say */
	c = broker_claims();
	c.sandbox_missing = 0x200;
	refuse(&c);
	/* A receipt has no broker, and answers no challenge. */
	c = broker_claims();
	c.role = RD_ROLE_RECEIPT;
	c.nonce = c.binding;
	refuse(&c);
	c.spki_hash.len = 0;
	c.nonce = c.room_hash;
	refuse(&c);
}

/* A map with a claim too many. */
static void test_unknown_claim(void **state)
{
	struct rd_claims c = broker_claims();
	struct rd_err err = { 0 };
	struct rd_buf buf;

	(void)state;
	rd_buf_init(&buf, RD_CLAIMS_MAX);
	assert_true(rd_claims_encode(&c, &buf, &err));
	/* The last key, sandbox.missing, becomes one that nobody knows. */
	assert_int_equal(buf.data[buf.len - 2], 0x0a);
	buf.data[buf.len - 2] = 0x0b;
	assert_false(rd_claims_decode(rd_buf_view(&buf), &c, &err));
	assert_string_equal(err.code, "tee.claims.form");
	rd_buf_free(&buf);
}

/* Decodes what `encoded` has but for `len` encoded from `from` on, as a map of one pair less. */
static void refuse_without(struct rd_view encoded, size_t from, size_t len)
{
	uint8_t less[RD_CLAIMS_MAX];
	struct rd_claims c;
	struct rd_err err = { 0 };

	memcpy(less, encoded.data, from);
	memcpy(less + from, encoded.data + from + len, encoded.len - from - len);
	less[0]--;
	assert_false(rd_claims_decode(rd_view_of(less, encoded.len - len), &c, &err));
	assert_string_equal(err.code, "tee.claims.form");
}

static void test_missing_claim(void **state)
{
	static const uint8_t too_long[RD_CLAIMS_MAX + 1];
	struct rd_claims c = broker_claims();
	struct rd_err err = { 0 };
	struct rd_buf buf;

	(void)state;
	rd_buf_init(&buf, RD_CLAIMS_MAX);
	assert_true(rd_claims_encode(&c, &buf, &err));
	refuse_without(rd_buf_view(&buf), 36, 3 + 2 + strlen(RD_EAT_PROFILE)); /* eat_profile */
	refuse_without(rd_buf_view(&buf), buf.len - 6, 6);                     /* sandbox.missing */
	assert_false(rd_claims_decode(rd_view_of(too_long, sizeof(too_long)), &c, &err));
	assert_string_equal(err.code, "tee.claims.form");
	rd_buf_free(&buf);
}

static void test_bundle_limits(void **state)
{
	static uint8_t too_long[RD_BUNDLE_MAX + 1];
	static const uint8_t deep[] = { 0x83, 0x41, 'c', 0x41, 'r', 0x98, RD_COLLATERAL_MAX + 1 };
	struct rd_bundle b = { .n_collateral = RD_COLLATERAL_MAX + 1 };
	struct rd_err err = { 0 };
	struct rd_buf buf;

	(void)state;
	rd_buf_init(&buf, 1 << 16);
	assert_false(rd_bundle_encode(&b, &buf, &err));
	assert_string_equal(err.code, "tee.bundle.form");
	assert_false(rd_bundle_decode(rd_view_of(too_long, sizeof(too_long)), &b, &err));
	assert_string_equal(err.code, "tee.bundle.form");
	memcpy(too_long, deep, sizeof(deep));
	memset(too_long + sizeof(deep), 0x40, 64);
	assert_false(rd_bundle_decode(rd_view_of(too_long, sizeof(deep) + 64), &b, &err));
	rd_buf_free(&buf);
}

static void test_report_data(void **state)
{
	struct rd_view claims = rd_view_str("claims");
	uint8_t data[RD_REPORT_DATA_LEN];
	struct rd_err err = { 0 };
	/* printf '\x82\x73redoubt-evidence-v1\x46claims' | sha512sum | head -c 16 */
	static const uint8_t want[] = { 0xaf, 0x49, 0x02, 0x50, 0x11, 0x21, 0xa1, 0xd9,
					0x4e, 0xd8, 0xb8, 0x07, 0x43, 0x4e, 0xe0, 0x73 };
	/* ... | sha256sum */
	static const uint8_t want256[] = { 0x7e, 0xde, 0xfd, 0x1e, 0xec, 0x24, 0x17, 0xf4,
					   0x80, 0xac, 0xfd, 0xa4, 0xc7, 0xa5, 0x7d, 0x4d,
					   0xc8, 0xa1, 0x89, 0x3e, 0x0e, 0x92, 0x58, 0x09,
					   0x9f, 0xfc, 0x02, 0x26, 0x91, 0x09, 0x95, 0x32 };

	(void)state;
	assert_true(rd_claims_report_data(claims, data, &err));
	assert_memory_equal(data, want, sizeof(want));
	assert_true(rd_claims_match(claims, rd_view_of(data, 64), &err));
	assert_true(rd_claims_match(claims, rd_view_of(want256, 32), &err));
	data[63] ^= 1;
	assert_false(rd_claims_match(claims, rd_view_of(data, 64), &err));
	assert_string_equal(err.code, "tee.report_data");
	assert_false(rd_claims_match(claims, rd_view_of(data, 0), &err));
}

static void test_binding(void **state)
{
	uint8_t one[32], other[32];
	struct rd_err err = { 0 };

	(void)state;
	assert_true(rd_claims_binding(RD_ROLE_BROKER, some(0, 32), some(1, 32), one, &err));
	assert_true(rd_claims_binding(RD_ROLE_READER, some(0, 32), some(1, 32), other, &err));
	assert_memory_not_equal(one, other, 32);
	assert_true(rd_claims_binding(RD_ROLE_BROKER, some(1, 32), some(0, 32), other, &err));
	assert_memory_not_equal(one, other, 32);
	assert_false(rd_claims_binding(RD_ROLE_BROKER, some(0, 31), some(1, 32), one, &err));
	assert_false(rd_claims_binding(RD_ROLE_BROKER, some(0, 32), some(1, 31), one, &err));
}

static void test_levels(void **state)
{
	enum rd_level level;
	struct rd_err err = { 0 };

	(void)state;
	assert_true(rd_level_parse(rd_view_str("software"), &level, &err));
	assert_int_equal(level, RD_LEVEL_SOFTWARE);
	assert_true(rd_level_parse(rd_view_str("hardware"), &level, &err));
	assert_int_equal(level, RD_LEVEL_HARDWARE);
	assert_false(rd_level_parse(rd_view_str("none"), &level, &err));
	assert_string_equal(rd_level_name((enum rd_level)77), "none");
	assert_ptr_equal(rd_tee_by_name(rd_view_str("process")), &rd_tee_process);
	assert_null(rd_tee_by_name(rd_view_str("simulate")));
}

static void test_result_refuses_by_default(void **state)
{
	struct rd_tee_result result = { 0 };

	(void)state;
	assert_false(rd_tee_result_clean(&result));
	result.n_reasons = 1;
	assert_false(rd_tee_result_clean(&result));
	result.reason[0].result = RD_RESULT_ABSENT;
	assert_false(rd_tee_result_clean(&result));
	result.reason[0].result = RD_RESULT_WARNING;
	assert_false(rd_tee_result_clean(&result));
	assert_int_equal(rd_tee_result_of(&result, RD_ASPECT_CRYPTO), RD_RESULT_ABSENT);
	result.reason[0].result = RD_RESULT_PASS;
	assert_true(rd_tee_result_clean(&result));
}

/* Claims that came with evidence are those that it was made for, or crypto fails. */
static void test_report_data_is_checked(void **state)
{
	const struct rd_tee_input in = { 0 };
	uint8_t data[RD_REPORT_DATA_LEN];
	struct rd_tee_result result;
	struct rd_arena *arena = NULL;
	struct rd_err err = { 0 };
	struct rd_tee_work work;

	(void)state;
	assert_true(rd_arena_new(1 << 20, &arena, &err));
	assert_true(rd_claims_report_data(rd_view_str("claims"), data, &err));
	for (int i = 0; i < 2; i++) {
		rd_tee_begin(&work, &in, arena, &result, &err);
		result.report_data = rd_view_of(data, sizeof(data));
		rd_tee_check_report_data(&work, rd_view_str(i ? "other claims" : "claims"));
		assert_true(rd_tee_done(&work));
		assert_int_equal(rd_tee_result_of(&result, RD_ASPECT_CRYPTO),
				 i ? RD_RESULT_FAIL : RD_RESULT_PASS);
	}
	rd_arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_unknown_claim),
		cmocka_unit_test(test_missing_claim),
		cmocka_unit_test(test_bundle_limits),
		cmocka_unit_test(test_report_data),
		cmocka_unit_test(test_binding),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_result_refuses_by_default),
		cmocka_unit_test(test_report_data_is_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
