/* Every check of appraisal, one broken thing at a time, and how verdicts are printed. */
#include "../../support.h"

#include <redoubt/attest.h>
#include <redoubt/os.h>

#include <stdio.h>
#include <string.h>

#define MEMORY ((size_t)16 << 20)

static uint8_t measurement[48] = { 1 }, config[32] = { 2 }, platform_id[32] = { 3 };
static uint8_t value[9][32];
static struct rd_reason good = { .aspect = RD_ASPECT_CRYPTO,
				 .result = RD_RESULT_PASS,
				 .code = "tee.process.signature",
				 .claim = "signature" };

static struct rd_view v(int i)
{
	memset(value[i], 0x10 + i, 32);
	return rd_view_of(value[i], 32);
}

struct case_ {
	struct rd_reference reference;
	struct rd_platform platform;
	struct rd_view launch_config;
	struct rd_policy policy;
	struct rd_evidence evidence;
	struct rd_expected_claims expected;
};

/* Everything in order. */
static void make(struct case_ *c)
{
	memset(c, 0, sizeof(*c));
	c->reference = (struct rd_reference){ .name = rd_view_str("e"),
					      .measurement = rd_view_of(measurement, 48) };
	c->platform =
		(struct rd_platform){ .name = rd_view_str("h"), .id = rd_view_of(platform_id, 32) };
	c->launch_config = rd_view_of(config, 32);
	c->policy = (struct rd_policy){ .min_level = RD_LEVEL_SOFTWARE,
					.n_tees = 1,
					.tee = { rd_view_str("process") },
					.n_references = 1,
					.reference = &c->reference,
					.n_platforms = 1,
					.platform = &c->platform,
					.n_launch_configs = 1,
					.launch_config = &c->launch_config,
					.require_revocation = true };
	c->expected = (struct rd_expected_claims){ .role = RD_ROLE_BROKER,
						   .nonce = v(0),
						   .room_hash = v(1),
						   .query = rd_view_str("q"),
						   .parameters_hash = v(2),
						   .e_sign = v(3),
						   .e_kem = v(4),
						   .spki_hash = v(5),
						   .binding = v(6) };
	c->evidence.tee = &rd_tee_process;
	c->evidence.claims = (struct rd_claims){ .role = RD_ROLE_BROKER,
						 .nonce = v(0),
						 .room_hash = v(1),
						 .query = rd_view_str("q"),
						 .parameters_hash = v(2),
						 .e_sign = v(3),
						 .e_kem = v(4),
						 .spki_hash = v(5),
						 .binding = v(6),
						 .has_launch = true,
						 .measurement = rd_view_of(measurement, 48),
						 .launch_config = rd_view_of(config, 32) };
	c->evidence.result = (struct rd_tee_result){ .level = RD_LEVEL_SOFTWARE,
						     .platform_id = rd_view_of(platform_id, 32),
						     .n_reasons = 1,
						     .reason = { good } };
}

/* One change, and the code that must come of it; NULL: still accepted. */
#define CASES(X) \
	X((void)0, NULL) \
	X(c.evidence.result.reason[0].result = RD_RESULT_FAIL, "tee.process.signature") \
	X(c.evidence.result.reason[0].result = RD_RESULT_ABSENT, "attest.refused") \
	X(c.evidence.result.reason[0].result = RD_RESULT_WARNING, "attest.refused") \
	X(c.evidence.result.n_reasons = 0, "attest.refused") \
	X(c.policy.tee[0] = rd_view_str("snp"), "attest.tee") \
	X(c.evidence.result.level = RD_LEVEL_NONE, "attest.level") \
	X(c.policy.min_level = RD_LEVEL_TPM, "attest.level") \
	X((c.policy.min_level = RD_LEVEL_TPM, c.evidence.result.level = RD_LEVEL_HARDWARE), \
	  "attest.level") /* no technology vouches for more than it can */ \
	X(c.evidence.result.debug = true, "attest.debug") \
	X(c.evidence.claims.measurement = rd_view_of(measurement + 1, 47), "attest.measurement") \
	X(c.evidence.result.platform_digest = v(8), "attest.measurement") \
	X(c.evidence.result.measures_enclave = true, "attest.measurement.hardware") \
	X(c.evidence.result.platform_id = v(8), "attest.platform") \
	X(c.evidence.result.platform_id.len = 0, "attest.platform") \
	X((c.policy.n_platforms = 0, c.policy.any_platform = true), "attest.platform") \
	X(c.evidence.claims.has_launch = false, "attest.launch") \
	X(c.evidence.claims.sandbox_missing = RD_SANDBOX_SECCOMP, "attest.sandbox") \
	X((c.evidence.claims.sandbox_missing = RD_SANDBOX_LANDLOCK, \
	   c.policy.sandbox_may_miss = RD_SANDBOX_LANDLOCK), \
	  NULL) \
	X(c.evidence.claims.launch_config = v(8), "attest.launch_config") \
	X(c.evidence.claims.role = RD_ROLE_RECEIPT, "attest.role") \
	X(c.evidence.claims.nonce = v(8), "attest.claim") \
	X(c.evidence.claims.room_hash = v(8), "attest.claim") \
	X(c.evidence.claims.query = rd_view_str("other"), "attest.claim") \
	X(c.evidence.claims.parameters_hash = v(8), "attest.claim") \
	X(c.evidence.claims.e_sign = v(8), "attest.claim") \
	X(c.evidence.claims.e_kem = v(8), "attest.claim") \
	X(c.evidence.claims.spki_hash = v(8), "attest.claim") \
	X(c.evidence.claims.binding = v(8), "attest.claim")

static void judge(struct case_ *c, const char *what, const char *code)
{
	struct rd_arena *arena = NULL;
	struct rd_appraisal a;
	struct rd_err err = { 0 };
	struct rd_buf text = { .max = 1 << 20 };

	assert_true(rd_arena_new(MEMORY, &arena, &err));
	assert_true(rd_appraise(&c->policy, &c->evidence, &c->expected, arena, &a, &err));
	if (rd_appraisal_demand(&a, &err) != (code == NULL))
		fail_msg("%s: %s", what, code ? "is accepted" : err.text);
	if (code && strcmp(err.code, code) != 0)
		fail_msg("%s: %s, expected %s", what, err.text, code);
	assert_int_equal(a.verdict, code ? RD_VERDICT_REFUSED : RD_VERDICT_ACCEPTED);
	assert_true(rd_appraisal_print(&a, &text, &err) &&
		    rd_appraisal_json(&a, NULL, &text, &err));
	rd_buf_add_byte(&text, 0);
	assert_non_null(strstr((char *)text.data,
			       code ? "\"verdict\": \"refused\"" : "\"verdict\": \"accepted\""));
	rd_buf_free(&text);
	rd_arena_free(&arena);
}

/* What evidence says stays inside its quotes and its line, whatever it says. */
static void test_hostile_text(void **state)
{
	static const char evil[] =
		"x\", \"verdict\": \"accepted\nline\x1b[2J\xff\xc2\x9b\xe2\x80\xae";
	struct rd_appraisal a = { .n_reasons = 1 };
	RD_AUTO(rd_buf_free) struct rd_buf json = { .max = 1 << 16 }, text = { .max = 1 << 16 };
	const struct rd_doc *doc = NULL, *reason;
	struct rd_arena *arena = NULL;
	struct rd_err err = { 0 };
	uint32_t lines = 0;

	(void)state;
	a.reason[0] = (struct rd_reason){ .code = "tee.x",
					  .claim = evil,
					  .expected = rd_view_str(evil),
					  .found = rd_view_str(evil),
					  .remedy = rd_view_str(evil) };
	assert_true(rd_arena_new(MEMORY, &arena, &err));
	assert_true(rd_appraisal_json(&a, NULL, &json, &err));
	assert_true(rd_json_parse(arena, "out", rd_buf_view(&json), &doc, &err));
	assert_true(rd_view_eq(rd_doc_get(doc, "verdict")->text, rd_view_str("refused")));
	reason = rd_doc_get(rd_doc_get(rd_doc_get(doc, "findings"), "crypto"), "reasons");
	assert_int_equal(reason->n, 1);
	assert_true(rd_view_starts(rd_doc_get(&reason->item[0], "claim")->text,
				   rd_view_str("x\", \"verdict\": \"accepted\nline\x1b[2J")));
	assert_true(rd_appraisal_print(&a, &text, &err));
	for (size_t i = 0; i < text.len; i++) {
		lines += text.data[i] == '\n';
		assert_true(text.data[i] == '\n' || (text.data[i] >= 0x20 && text.data[i] < 0x7f));
	}
	assert_int_equal(lines, 3);
	rd_arena_free(&arena);
}

/* Recorded evidence is held against a policy, and what that leaves out is said. */
static void test_recorded(void **state)
{
	struct rd_arena *arena = NULL;
	struct rd_appraisal a;
	struct rd_err err = { 0 };
	struct case_ c;
	bool said = false;

	(void)state;
	make(&c);
	assert_true(rd_arena_new(MEMORY, &arena, &err));
	assert_true(rd_appraise(&c.policy, &c.evidence, NULL, arena, &a, &err));
	assert_int_equal(a.verdict, RD_VERDICT_ACCEPTED);
	for (uint32_t i = 0; i < a.n_reasons; i++)
		said = said || (strcmp(a.reason[i].code, "attest.claims.unchecked") == 0 &&
				a.reason[i].result == RD_RESULT_ABSENT);
	assert_true(said);
	rd_arena_free(&arena);
}

static void test_appraisal(void **state)
{
	struct case_ c;

	(void)state;
#define X(change, code) \
	make(&c); \
	change; \
	judge(&c, #change, (code));
	CASES(X)
#undef X
}

/* Claims of one map stand together in JSON, and no others with them. */
static void test_claims(void **state)
{
	static const struct {
		const char *name, *map, *key;
	} claims[] = {
		{ "plain", NULL, "plain" },    { "tcb.snp", "tcb", "snp" },
		{ "tcbs.fmc", "tcbs", "fmc" }, { "pcr.0", "pcr", "0" },
		{ "tcb.tee", "tcb", "tee" },
	};
	const uint32_t n = sizeof(claims) / sizeof(claims[0]);
	const struct rd_appraisal a = { .verdict = RD_VERDICT_REFUSED };
	RD_AUTO(rd_buf_free) struct rd_buf json = { .max = 1 << 16 };
	struct rd_tee_result r = { .n_claims = n };
	const struct rd_doc *doc = NULL;
	struct rd_arena *arena = NULL;
	struct rd_err err = { 0 };
	char number[8];

	(void)state;
	for (uint32_t i = 0; i < n; i++)
		r.claim[i] = (struct rd_tee_claim){ .name = claims[i].name,
						    .kind = RD_CLAIM_UINT,
						    .number = 100 + i };
	assert_true(rd_arena_new(MEMORY, &arena, &err));
	assert_true(rd_appraisal_json(&a, &r, &json, &err));
	assert_true(rd_json_parse(arena, "out", rd_buf_view(&json), &doc, &err));
	doc = rd_doc_get(doc, "claims");
	assert_int_equal(doc->n, 4);
	for (uint32_t i = 0; i < n; i++) {
		const struct rd_doc *map = claims[i].map ? rd_doc_get(doc, claims[i].map) : doc;
		const struct rd_doc *found = map ? rd_doc_get(map, claims[i].key) : NULL;

		snprintf(number, sizeof(number), "%u", 100 + i);
		if (!found || !rd_view_eq(found->text, rd_view_str(number)))
			fail_msg("%s: %.*s", claims[i].name, (int)json.len, (char *)json.data);
	}
	assert_int_equal(rd_doc_get(doc, "tcb")->n, 2);
	rd_arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_appraisal),
		cmocka_unit_test(test_hostile_text),
		cmocka_unit_test(test_recorded),
		cmocka_unit_test(test_claims),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
