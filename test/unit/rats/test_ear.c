/* Attestation results of a broken form: JSON and CBOR, one thing wrong at a time. */
#include "forge/forge.h"
#include "rats/rats_int.h"
#include "support.h"

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

static void expect_form(struct rd_view claims, const char *what)
{
	struct rd_tee_input in = { .report = claims, .now_unix_s = -1 };
	struct rd_err err = { 0 };
	struct rd_tee_result *r = RD_NEW(f.arena, struct rd_tee_result, &err);

	assert_non_null(r);
	if (rd_rats_ear.verify(&in, f.arena, r, &err))
		fail_msg("%s is accepted", what);
	if (strcmp(err.code, "rats.ear.form") != 0)
		fail_msg("%s: %s", what, err.code);
}

static void expect_unsigned(struct rd_view claims, const char *what)
{
	struct rd_tee_input in = { .report = claims, .now_unix_s = -1 };

	forge_expect(forge_verify(&f, &rd_rats_ear, &in), "rats.unsigned", RD_RESULT_ABSENT, what);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

#define PROFILE "\"eat_profile\":\"" RD_EAR_PROFILE "\","
#define VERIFIER "\"ear_verifier_id\":{\"developer\":\"d\",\"build\":\"b\"},"
#define PART "{\"ear_status\":\"affirming\"}"
#define SUBMODS "\"submods\":{\"a\":" PART "}"

static void test_json(void **state)
{
	static const char *const broken[] = {
		"{" VERIFIER SUBMODS "}",
		"{\"eat_profile\":[]," VERIFIER SUBMODS "}",
		"{" PROFILE SUBMODS "}",
		"{" PROFILE "\"ear_verifier_id\":{\"developer\":[],\"build\":\"b\"}," SUBMODS "}",
		"{" PROFILE "\"ear_verifier_id\":{\"developer\":\"d\"}," SUBMODS "}",
		"{" PROFILE "\"ear_verifier_id\":{\"developer\":\"d\",\"build\":{}}," SUBMODS "}",
		"{" PROFILE VERIFIER "\"iat\":1}",
		"{" PROFILE VERIFIER "\"submods\":[" PART "]}",
		"{" PROFILE VERIFIER "\"submods\":{}}",
		"{" PROFILE VERIFIER "\"submods\":{\"a\":{\"ear.status\":\"affirming\"}}}",
		"{" PROFILE VERIFIER "\"submods\":{\"a\":{\"ear_status\":\"affirming\","
		"\"ear_trustworthiness_vector\":7}}}",
		"{" PROFILE VERIFIER "\"submods\":{\"a\":{\"ear_status\":\"affirming\","
		"\"ear_trustworthiness_vector\":{\"hardware\":[2]}}}}",
		"{" PROFILE VERIFIER "\"eat_nonce\":\"\"," SUBMODS "}",
		"{" PROFILE VERIFIER "\"eat_nonce\":{}," SUBMODS "}",
		"{" PROFILE VERIFIER "\"eat_nonce\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\","
		"\"8\",\"9\"]," SUBMODS "}",
	};

	(void)state;
	expect_unsigned(rd_view_str("{" PROFILE VERIFIER SUBMODS "}"), "nothing wrong");
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
		expect_form(rd_view_str(broken[i]), broken[i]);
}

/* 16 submodules and a nonce of 2,048 characters are taken, one more is not. */
static void test_json_sizes(void **state)
{
	(void)state;
	for (uint32_t more = 0; more < 2; more++) {
		struct rd_buf parts = { .max = 8192 }, nonce = { .max = 8192 };

		rd_buf_printf(&parts, "{" PROFILE VERIFIER "\"submods\":{");
		for (uint32_t i = 0; i < 16 + more; i++)
			rd_buf_printf(&parts, "%s\"%u\":" PART, i ? "," : "", i);
		rd_buf_printf(&parts, "}}");
		rd_buf_printf(&nonce, "{" PROFILE VERIFIER SUBMODS ",\"eat_nonce\":\"");
		for (uint32_t i = 0; i < 2 * RD_NONCE_MAX + more; i++)
			rd_buf_add_byte(&nonce, 'A');
		rd_buf_printf(&nonce, "\"}");
		(more ? expect_form : expect_unsigned)(forge_keep(&f, &parts), "submodules");
		(more ? expect_form : expect_unsigned)(forge_keep(&f, &nonce), "a nonce");
	}
}

/* ---- CBOR ------------------------------------------------------------------------------------ */

enum part {
	NO_PROFILE = 1,
	NO_SUBMODS = 2,
	NO_STATUS = 4,
	NO_VERIFIER = 8,
	NO_BUILD = 16,
	NO_DEVELOPER = 32
};

static struct rd_view cbor(unsigned without)
{
	struct rd_buf b = { .max = 1024 };

	rd_cbor_put_map(&b, 3u - !!(without & NO_PROFILE) - !!(without & NO_SUBMODS) -
				    !!(without & NO_VERIFIER));
	if (!(without & NO_PROFILE)) {
		rd_cbor_put_uint(&b, 265);
		rd_cbor_put_str(&b, RD_EAR_PROFILE);
	}
	if (!(without & NO_SUBMODS)) {
		rd_cbor_put_uint(&b, 266);
		rd_cbor_put_map(&b, 1);
		rd_cbor_put_str(&b, "a");
		rd_cbor_put_map(&b, 1);
		rd_cbor_put_uint(&b, without & NO_STATUS ? 7 : 1000);
		rd_cbor_put_uint(&b, 2);
	}
	if (!(without & NO_VERIFIER)) {
		rd_cbor_put_uint(&b, 1004);
		rd_cbor_put_map(&b, without & (NO_BUILD | NO_DEVELOPER) ? 1 : 2);
		for (unsigned i = 0; i < 2; i++)
			if (!(without & (i ? NO_BUILD : NO_DEVELOPER))) {
				rd_cbor_put_uint(&b, i);
				rd_cbor_put_str(&b, "x");
			}
	}
	return forge_keep(&f, &b);
}

static void test_cbor(void **state)
{
	static const struct {
		unsigned without;
		const char *name;
	} cases[] = {
		{ NO_PROFILE, "no profile" }, { NO_SUBMODS, "no submodules" },
		{ NO_STATUS, "no status" },   { NO_VERIFIER, "no verifier" },
		{ NO_BUILD, "no build" },     { NO_DEVELOPER, "no developer" },
	};
	/* The tag of claims that nothing signs, and none behind it. */
	struct rd_tee_input in = { .report = rd_view_of("\xd9\x02\x59\xa0", 3) };

	(void)state;
	expect_unsigned(cbor(0), "nothing wrong");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect_form(cbor(cases[i].without), cases[i].name);
	forge_expect_error(&f, &rd_rats_ear, &in, "codec.cose.type", RD_FAULT_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_json_sizes),
		cmocka_unit_test(test_cbor),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
