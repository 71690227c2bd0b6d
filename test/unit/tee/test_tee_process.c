/* The launcher's word: made by `collect`, verified, altered. */
#include "forge/forge.h"
#include "support.h"

#include <redoubt/crypto.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signature),
		cmocka_unit_test(test_collect),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
