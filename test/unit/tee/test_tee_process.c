/* The launcher's word: made by `collect`, verified, altered; and evidence around it. */
#include "forge/forge.h"
#include "support.h"

#include <redoubt/crypto.h>

#include <stdlib.h>
#include <string.h>

static struct forge f;

static int setup(void **state)
{
	(void)state;
	forge_init(&f);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	forge_free(&f);
	return 0;
}

/* A report by a key of 32 times `seed`. */
static struct rd_view report_of(uint8_t seed)
{
	static uint8_t data[RD_REPORT_DATA_LEN];
	struct rd_secret key = { .len = 32 };
	struct rd_tee_collector in = { .launcher_key = &key,
				       .report_data = rd_view_of(data, sizeof(data)) };
	struct rd_buf out = { .max = 4096 };
	struct rd_err err = { 0 };

	memset(key.data, seed, 32);
	memset(data, 0xEE, sizeof(data));
	assert_true(rd_tee_process.collect(&in, &out, &err));
	return forge_keep(&f, &out);
}

static void test_signature(void **state)
{
	struct rd_tee_input in = { .report = report_of(1), .now_unix_s = 1750000000 };
	struct rd_view other = report_of(2);
	size_t signature = in.report.len - 64;

	(void)state;
	forge_expect_good(forge_verify(&f, &rd_tee_process, &in), "as it was made");
	in.report = forge_flip(&f, in.report, in.report.len - 1, 0);
	forge_expect(forge_verify(&f, &rd_tee_process, &in), "tee.process.signature",
		     RD_RESULT_FAIL, "another signature");
	in.report = report_of(1);
	in.report = forge_flip(&f, in.report, signature - 3, 0); /* the report data's end */
	forge_expect(forge_verify(&f, &rd_tee_process, &in), "tee.process.signature",
		     RD_RESULT_FAIL, "other report data");
	in.report = forge_concat(&f, 2,
				 (struct rd_view[]){ rd_view_of(other.data, signature),
						     rd_view_of(in.report.data + signature, 64) });
	forge_expect(forge_verify(&f, &rd_tee_process, &in), "tee.process.signature",
		     RD_RESULT_FAIL, "another launcher's signature");
}

static void refuse(const struct rd_tee_collector *in, const char *code)
{
	struct rd_buf out = { .max = 4096 };
	struct rd_err err = { 0 };

	assert_false(rd_tee_process.collect(in, &out, &err));
	assert_string_equal(err.code, code);
	assert_int_equal(err.fault, RD_FAULT_USAGE);
	rd_buf_free(&out);
}

static void test_collect(void **state)
{
	static const uint8_t data[RD_REPORT_DATA_LEN + 1];
	struct rd_secret key = { .len = 32 };
	struct rd_tee_collector in = { .report_data = rd_view_of(data, RD_REPORT_DATA_LEN) };

	(void)state;
	refuse(&in, "tee.process.key");
	in.launcher_key = &key;
	in.report_data = rd_view_of(data, RD_REPORT_DATA_LEN - 1);
	refuse(&in, "tee.report_data");
	in.report_data = rd_view_of(data, RD_REPORT_DATA_LEN + 1);
	refuse(&in, "tee.report_data");
}

/* ---- evidence -------------------------------------------------------------------------------- */

static struct rd_view claims_of(bool has_launch)
{
	static uint8_t bytes[48];
	struct rd_view some = rd_view_of(bytes, 32), none = { 0 };
	struct rd_claims c = { .role = RD_ROLE_BROKER,
			       .nonce = some,
			       .room_hash = some,
			       .query = rd_view_str("study"),
			       .parameters_hash = some,
			       .e_sign = some,
			       .e_kem = some,
			       .spki_hash = some,
			       .binding = some,
			       .has_launch = has_launch,
			       .measurement = has_launch ? rd_view_of(bytes, 48) : none,
			       .launch_config = has_launch ? some : none };
	struct rd_buf out = { .max = RD_CLAIMS_MAX };
	struct rd_err err = { 0 };

	if (!rd_claims_encode(&c, &out, &err))
		fail_msg("%s", err.text);
	return forge_keep(&f, &out);
}

static struct rd_view evidence_of(const struct rd_tee *tee, bool has_launch)
{
	static const struct rd_secret key = { .len = 32 };
	struct rd_buf out = { .max = RD_BUNDLE_MAX };
	struct rd_err err = { 0 };

	assert_true(rd_evidence_make(tee, claims_of(has_launch), &key, &out, &err));
	return forge_keep(&f, &out);
}

static void expect_evidence(struct rd_view cmw, const char *code)
{
	struct rd_evidence *e = calloc(1, sizeof(*e));
	struct rd_err err = { 0 };
	bool ok;

	assert_non_null(e);
	ok = rd_evidence_verify(cmw, 1750000000, f.arena, e, &err);
	if (ok)
		forge_expect_good(&e->result, "evidence");
	else
		assert_string_equal(err.code, code);
	assert_int_equal(ok, code == NULL);
	free(e);
}

static void test_evidence(void **state)
{
	struct rd_tee other = rd_tee_process;
	struct rd_buf out = { .max = 4096 };
	struct rd_err err = { 0 };

	(void)state;
	expect_evidence(evidence_of(&rd_tee_process, true), NULL);
	expect_evidence(evidence_of(&rd_tee_process, false), "tee.claims.form");
	other.content_type = "application/redoubt-unknown";
	expect_evidence(evidence_of(&other, true), "tee.type.unknown");
	other.collect = NULL;
	assert_false(rd_evidence_make(&other, claims_of(true), NULL, &out, &err));
	assert_string_equal(err.code, "tee.collect.none");
	rd_buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signature),
		cmocka_unit_test(test_collect),
		cmocka_unit_test(test_evidence),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
