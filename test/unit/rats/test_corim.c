/* CoRIM: broken forms, manifests opened for their values, and those values in a policy. */
#include "forge/forge.h"
#include "rats/rats_int.h"
#include "support.h"

#include <string.h>

#define NOW 1750000000

static struct forge f;
static struct forge_key *ec, *other;

static int setup(void **state)
{
	(void)state;
	forge_init(&f);
	ec = forge_key(&f, FORGE_P256);
	other = forge_key(&f, FORGE_P256);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	forge_free(&f);
	return 0;
}

static void test_form(void **state)
{
	static const struct {
		const char *hex, *code;
	} cases[] = {
		{ "d901f5a2006269640181d901fa41a0", NULL },
		{ "d901f5a2006269640181d901fa4101", "rats.corim.form" }, /* no CoMID */
		{ "d901f5a10181d901fa41a0", "rats.corim.form" },         /* no id */
		{ "d901f5a100626964", "rats.corim.form" },               /* no tags */
		{ "d901f7a100626964", "rats.corim.form" },               /* another tag */
	};
	struct rd_err err = { 0 };
	struct rd_corim *c = RD_NEW(f.arena, struct rd_corim, &err);
	struct rd_view bytes = { 0 };

	(void)state;
	assert_non_null(c);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(rd_unhex(f.arena, rd_view_str(cases[i].hex), &bytes, &err));
		if (rd_corim_parse(bytes, c, &err) != !cases[i].code)
			fail_msg("%s: %s", cases[i].hex, err.code);
		if (cases[i].code)
			assert_string_equal(err.code, cases[i].code);
	}
}

static bool written(size_t digest_len, struct rd_view *out, struct rd_err *err)
{
	static const uint8_t digest[64];
	struct rd_corim_reference ref = { "kernel", rd_view_of(digest, digest_len) };
	struct rd_buf b = { .max = 4096 };
	bool ok = rd_corim_write("id", "model", &ref, 1, &b, err);

	*out = forge_keep(&f, &b);
	return ok;
}

static void test_written(void **state)
{
	struct rd_err err = { 0 };
	struct rd_view out;

	(void)state;
	assert_true(written(32, &out, &err));
	assert_true(written(48, &out, &err));
	assert_false(written(20, &out, &err));
	assert_string_equal(err.code, "rats.corim.digest");
}

/* Pinned bytes need no signature, but a wrong one refuses them. */
static void test_opened(void **state)
{
	static const char header[] = "\xa2\x01\x26\x03\x74"
				     "application/rim+cbor";
	struct forge_cose_spec spec = { .alg = RD_COSE_ES256,
					.key = ec,
					.tagged = true,
					.protected_header =
						rd_view_of(header, sizeof(header) - 1) };
	struct rd_err err = { 0 };
	struct rd_corim *c = RD_NEW(f.arena, struct rd_corim, &err);
	struct rd_tee_input in;

	(void)state;
	assert_true(c && written(48, &spec.payload, &err));
	in = forge_with_key(&f, forge_cose(&f, &spec), ec, NOW);
	assert_true(rd_corim_open(&in, false, f.arena, c, &err) && c->n_values == 1);
	in = forge_with_key(&f, spec.payload, ec, NOW);
	assert_true(rd_corim_open(&in, true, f.arena, c, &err) && c->n_values == 1);
	assert_false(rd_corim_open(&in, false, f.arena, c, &err));
	assert_string_equal(err.code, "rats.unsigned");
	in = forge_with_key(&f, forge_cose(&f, &spec), other, NOW);
	for (int pinned = 0; pinned < 2; pinned++) {
		assert_false(rd_corim_open(&in, pinned, f.arena, c, &err));
		assert_string_equal(err.code, "rats.corim.signature");
	}
}

/* ---- values in a policy ---------------------------------------------------------------------- */

static const struct rd_tee_rule rules[] = {
	{ .key = "kernels",
	  .claim = "kernel",
	  .kind = RD_RULE_ONE_OF,
	  .value = RD_CLAIM_BYTES,
	  .len = RD_SHA384_LEN },
	{ 0 },
};
static const struct rd_tee tee = { .name = "tdx", .rules = rules };

static void expect_references(struct rd_corim *c, struct rd_evidence_policy *policy,
			      const char *code)
{
	struct rd_err err = { 0 };

	if (rd_corim_references(c, &tee, f.arena, policy, &err) != !code)
		fail_msg("expected %s, found %s", code ? code : "no error", err.code);
	if (code)
		assert_string_equal(err.code, code);
}

static void test_references(void **state)
{
	static const char *const keys[] = { "\x66kernel", "\x64kern", "\x66initrd", "kernel" };
	static const char *const models[] = { "TDX", "td", "snp" };
	static struct rd_rule_value values[RD_EVIDENCE_POLICY_VALUES_MAX];
	static struct rd_rule_setting settings[RD_EVIDENCE_POLICY_SETTINGS_MAX];
	static const uint8_t digest[RD_SHA384_LEN];
	struct rd_corim_value v = { .digest_alg = 7, .digest = rd_view_of(digest, 48) };
	struct rd_err err = { 0 };
	struct rd_corim *c = RD_NEW(f.arena, struct rd_corim, &err);
	struct rd_evidence_policy p;

	(void)state;
	assert_non_null(c);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		v.key = rd_view_str(keys[i]);
		*c = (struct rd_corim){ .n_values = 1, .value = { v } };
		p = (struct rd_evidence_policy){ 0 };
		expect_references(c, &p, i ? "rats.corim.references" : NULL);
	}
	v.key = rd_view_str(keys[0]);
	for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
		v.model = rd_view_str(models[i]);
		*c = (struct rd_corim){ .n_values = 1, .value = { v } };
		p = (struct rd_evidence_policy){ 0 };
		expect_references(c, &p, i ? "rats.corim.references" : NULL);
		assert_int_equal(p.n_settings, i ? 0 : 1);
	}
	v.model = rd_view_str("");
	for (uint32_t i = 0; i < RD_CORIM_VALUES_MAX; i++)
		c->value[i] = v;
	for (c->n_values = RD_CORIM_VALUES_MAX; c->n_values <= RD_CORIM_VALUES_MAX + 1;
	     c->n_values++) {
		p = (struct rd_evidence_policy){ 0 };
		expect_references(
			c, &p, c->n_values > RD_CORIM_VALUES_MAX ? "rats.corim.references" : NULL);
	}
	/* One setting more than a policy has room for, and one value. */
	c->n_values = 1;
	for (uint32_t full = 0; full < 2; full++) {
		p = (struct rd_evidence_policy){
			.n_settings = RD_EVIDENCE_POLICY_SETTINGS_MAX - 1 + full,
			.setting = settings,
		};
		expect_references(c, &p, full ? "attest.policy" : NULL);
	}
	for (uint32_t full = 0; full < 2; full++) {
		settings[0] = (struct rd_rule_setting){
			.tee = &tee,
			.rule = rules,
			.n_values = RD_EVIDENCE_POLICY_VALUES_MAX - 1 + full,
			.value = values,
		};
		p = (struct rd_evidence_policy){ .n_settings = 1, .setting = settings };
		expect_references(c, &p, full ? "attest.policy" : NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_form),
		cmocka_unit_test(test_written),
		cmocka_unit_test(test_opened),
		cmocka_unit_test(test_references),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
