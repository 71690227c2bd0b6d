/* EAT: every registered claim in both notations, one thing wrong at a time. */
#include "forge/forge.h"
#include "rats/rats_int.h"
#include "support.h"

#include <stdio.h>
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

static struct rd_tee_input with_key(struct rd_view report, struct forge_key *key)
{
	return forge_with_key(&f, report, key, NOW);
}

static struct rd_view jwt(const char *claims)
{
	struct rd_buf out = { .max = 65536 };

	rd_base64url_put(&out, rd_view_str("{\"alg\":\"ES256\"}"));
	rd_buf_add_byte(&out, '.');
	rd_base64url_put(&out, rd_view_str(claims));
	struct rd_view sig =
		forge_sign(&f, ec, RD_SIGNATURE_ECDSA_RAW, RD_HASH_SHA256, rd_buf_view(&out));
	rd_buf_add_byte(&out, '.');
	rd_base64url_put(&out, sig);
	return forge_keep(&f, &out);
}

static struct rd_view cwt(const char *hex)
{
	struct forge_cose_spec spec = { .alg = RD_COSE_ES256, .key = ec, .tagged = true };
	struct rd_err err = { 0 };

	if (!rd_unhex(f.arena, rd_view_str(hex), &spec.payload, &err))
		fail_msg("%s", hex);
	return forge_cose(&f, &spec);
}

static const struct rd_tee_result *verified(struct rd_view token, const char *nonce)
{
	struct rd_tee_input in = with_key(token, ec);

	in.nonce = rd_view_str(nonce);
	return forge_verify(&f, &rd_rats_eat, &in);
}

/* 32 bytes of zero in base64url and hexadecimal; a submodule around what follows. */
#define A43 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define Z32 "0000000000000000000000000000000000000000000000000000000000000000"
#define NESTED "a119010aa16161"

/* Claims of each type, as JSON and in hexadecimal CBOR: good ones and broken ones. */
static const struct {
	const char *json, *cbor;
} good[] = {
	{ "{\"eat_nonce\":\"MTIzNDU2Nzg\"}", "a10a483132333435363738" },
	{ "{\"eat_nonce\":[\"aaaaaaaaaaa\",\"MTIzNDU2Nzg\"]}",
	  "a10a82483031323334353637483132333435363738" },
	{ "{\"ueid\":\"AQEBAQEBAQ\"}", "a11901004701010101010101" },
	{ "{\"oemid\":\"iUWt\"}", "a1190102438945ad" },
	{ "{\"oemid\":7}", "a119010207" },
	{ "{\"hwversion\":[\"1.2\",1]}", "a11901048263312e3201" },
	{ "{\"uptime\":5,\"bootcount\":1}", "a219010505" "19010b01" },
	{ "{\"oemboot\":true}", "a1190106f5" },
	{ "{\"dbgstat\":\"disabled\"}", "a119010701" },
	{ "{\"eat_profile\":\"tag:x\"}", "a1190109657461673a78" },
	{ "{\"intuse\":\"csr\"}", "a119011304" },
	{ "{\"manifests\":[[1,\"a\"]]}", "a11901108182014161" },
	{ "{\"submods\":{\"OS\":{\"swname\":\"x\"}}}", "a119010aa1624f53a119010e6178" },
	{ "{\"iat\":1749999999,\"exp\":1750000001}", "a2041a684ee181061a684ee17f" },
	{ "{\"private\":[],\"aud\":\"me\"}", "a2030139ffff80" },
	{ "{\"submods\":{\"OS\":[\"DIGEST\",[\"SHA-256\",\"" A43 "\"]]}}",
	  "a119010aa1624f53822f5820" Z32 },
	{ "{\"submods\":{\"OS\":{\"a\":\"JWT\",\"b\":\"x\"}}}",
	  NESTED NESTED NESTED NESTED "a119010e6178" },
}, broken[] = {
	{ "{}", "a0" },
	{ "[1]", "80" },
	{ "{\"eat_nonce\":\"short\"}", "a10a4731323334353637" },
	{ "{\"eat_nonce\":7}", "a10a07" },
	{ "{\"ueid\":\"AQ\"}", "a11901004101" },
	{ "{\"ueid\":123456789012}", "a119010007" },
	{ "{\"oemid\":\"AQE\"}", "a1190102420101" },
	{ "{\"oemid\":\"AQEBAQ\"}", "a11901024401010101" },
	{ "{\"hwversion\":\"1.2\"}", "a119010463312e32" },
	{ "{\"hwversion\":[1]}", "a11901048101" },
	{ "{\"uptime\":-1}", "a119010520" },
	{ "{\"oemboot\":1}", "a119010601" },
	{ "{\"oemboot\":\"true\"}", "a11901066474727565" },
	{ "{\"dbgstat\":\"off\"}", "a119010705" },
	{ "{\"dbgstat\":1}", "a119010720" },
	{ "{\"eat_profile\":1}", "a119010901" },
	{ "{\"intuse\":\"else\"}", "a119011300" },
	{ "{\"manifests\":[]}", "a119011080" },
	{ "{\"sueids\":{}}", "a1190101a0" },
	{ "{\"submods\":{}}", "a119010aa0" },
	{ "{\"submods\":{\"OS\":1}}", "a119010aa1624f5301" },
	{ "{\"submods\":{\"OS\":[\"DIGEST\",[\"SHA-1\",\"AA\"]]}}", "a119010aa1624f5382204161" },
	{ "{\"submods\":{\"OS\":{\"swname\":1}}}", "a119010aa1624f53a119010e01" },
	{ "{\"iat\":\"1\"}", "a1066131" },
	{ "{\"swname\":\"a\",\"swname\":\"b\"}", "a219010e616119010e6162" },
	{ "{\"ueid\":\"AAA" A43 "\"}", "a119010058220000" Z32 },
	{ "{\"dloas\":{\"a\":1}}", "a119010da1616101" },
	{ "{\"location\":[1]}", "a11901088101" },
	{ "{\"submods\":{\"OS\":{\"a\":\"DIGEST\",\"swname\":[\"SHA-256\",\"" A43 "\"]}}}",
	  "a119010aa1624f5382315820" Z32 },
	{ "{\"submods\":{\"OS\":[\"DIGEST\",[\"SHA-256\",\"" A43 "\"],1]}}",
	  "a119010aa1624f53832f5820" Z32 "01" },
	{ "{\"submods\":{\"OS\":[\"OTHER\",[\"SHA-256\",\"" A43 "\"]]}}",
	  "a119010aa1624f53822f582100" Z32 },
	{ "{\"submods\":{\"OS\":[\"DIGEST\",[\"SHA-384\",\"" A43 "\"]]}}",
	  NESTED NESTED NESTED NESTED NESTED "a119010e6178" },
};

static void test_claims(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		forge_expect_good(verified(jwt(good[i].json), ""), good[i].json);
		forge_expect_good(verified(cwt(good[i].cbor), ""), good[i].cbor);
	}
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
		for (int n = 0; n < 2; n++) {
			struct rd_tee_input in =
				with_key(n ? cwt(broken[i].cbor) : jwt(broken[i].json), ec);
			struct rd_tee_result *r =
				RD_NEW(f.arena, struct rd_tee_result, &(struct rd_err){ 0 });
			struct rd_err err = { 0 };

			if (rd_rats_eat.verify(&in, f.arena, r, &err))
				fail_msg("%s is accepted", n ? broken[i].cbor : broken[i].json);
			assert_int_equal(err.fault, RD_FAULT_MALFORMED);
		}
}

/* Nonces, signatures, dates, debugging. */
static void test_token(void **state)
{
	struct rd_tee_input in;

	(void)state;
	for (int i = 0; i < 2; i++) {
		forge_expect_good(verified(jwt(good[i].json), "12345678"), "a nonce");
		forge_expect_good(verified(cwt(good[i].cbor), "12345678"), "a nonce");
		forge_expect(verified(cwt(good[i].cbor), "12345679"), "tee.nonce", RD_RESULT_FAIL,
			     "another nonce");
	}
	in = with_key(jwt(good[0].json), other);
	forge_expect(forge_verify(&f, &rd_rats_eat, &in), "rats.eat.signature", RD_RESULT_FAIL,
		     "another signer");
	in = with_key(cwt(good[0].cbor), other);
	forge_expect(forge_verify(&f, &rd_rats_eat, &in), "rats.eat.signature", RD_RESULT_FAIL,
		     "another signer");
	in = with_key(rd_view_str(good[0].json), ec);
	forge_expect(forge_verify(&f, &rd_rats_eat, &in), "rats.unsigned", RD_RESULT_ABSENT,
		     "claims alone");
	forge_expect_no_prefix(&f, &rd_rats_eat, &in);
	forge_expect(verified(jwt("{\"exp\":1750000000}"), ""), "rats.eat.time", RD_RESULT_FAIL,
		     "expired");
	forge_expect(verified(cwt("a1061a684ee181"), ""), "rats.eat.time", RD_RESULT_FAIL,
		     "of the future");
	assert_true(verified(jwt("{\"dbgstat\":\"enabled\"}"), "")->debug);
	assert_true(verified(cwt("a119010aa1624f53a119010700"), "")->debug);
	assert_false(verified(cwt("a119010704"), "")->debug);
	forge_expect(verified(cwt("a119010aa161784101"), ""), "rats.eat.nested", RD_RESULT_WARNING,
		     "a token in it");
	in = with_key(jwt("{\"eat_profile\":\"" RD_EAR_PROFILE "\"}"), ec);
	forge_expect_error(&f, &rd_rats_eat, &in, "rats.eat.result", RD_FAULT_REFUSED);
	in = with_key(
		jwt("{\"submods\":{\"a\":{\"submods\":{\"b\":{\"submods\":{\"c\":{\"submods\":"
		    "{\"d\":{\"submods\":{\"e\":{\"swname\":\"x\"}}}}}}}}}}}"),
		ec);
	forge_expect_error(&f, &rd_rats_eat, &in, "rats.eat.form", RD_FAULT_MALFORMED);
}

/* Detached claims are those of the digest in the token, and of no other. */
static void test_bundle(void **state)
{
	static const char claims[] = "\xa1\x19\x01\x0e\x61x";
	uint8_t digest[RD_SHA256_LEN];
	struct rd_err err = { 0 };

	(void)state;
	assert_true(rd_sha256(rd_view_of(claims, 6), digest, &err));
	for (int changed = 0; changed < 2; changed++) {
		struct forge_cose_spec spec = { .alg = RD_COSE_ES256, .key = ec, .tagged = true };
		struct rd_buf b = { .max = 4096 }, bundle = { .max = 8192 };

		rd_cbor_put_map(&b, 1);
		rd_cbor_put_uint(&b, 266);
		rd_cbor_put_map(&b, 1);
		rd_cbor_put_str(&b, "TEE");
		rd_cbor_put_array(&b, 2);
		rd_cbor_put_int(&b, -16);
		rd_cbor_put_bytes(&b, rd_view_of(digest, sizeof(digest)));
		spec.payload = forge_keep(&f, &b);
		rd_cbor_put_tag(&bundle, 602);
		rd_cbor_put_array(&bundle, 2);
		rd_cbor_put_bytes(&bundle, forge_cose(&f, &spec));
		rd_cbor_put_map(&bundle, 1);
		rd_cbor_put_str(&bundle, "TEE");
		rd_cbor_put_bytes(&bundle, rd_view_of(claims, changed ? 5 : 6));
		if (changed)
			forge_expect(verified(forge_keep(&f, &bundle), ""), "rats.eat.detached",
				     RD_RESULT_FAIL, "other claims");
		else
			forge_expect_good(verified(forge_keep(&f, &bundle), ""), "a bundle");
	}
}

/* The same in JSON, where the token is a JWT. */
static void test_json_bundle(void **state)
{
	static const char claims[] = "{\"swname\":\"x\"}";
	uint8_t digest[RD_SHA256_LEN];
	struct rd_err err = { 0 };

	(void)state;
	assert_true(rd_sha256(rd_view_str(claims), digest, &err));
	for (int changed = 0; changed < 2; changed++) {
		struct rd_buf token = { .max = 4096 }, bundle = { .max = 8192 };
		const char *text;

		rd_buf_printf(&token, "{\"submods\":{\"TEE\":[\"DIGEST\",[\"SHA-256\",\"");
		rd_base64url_put(&token, rd_view_of(digest, sizeof(digest)));
		rd_buf_printf(&token, "\"]]}}");
		rd_buf_add_byte(&token, 0);
		text = (const char *)forge_keep(&f, &token).data;
		rd_buf_printf(&bundle, "[[\"JWT\",\"%.*s\"],{\"TEE\":\"", RD_FMT(jwt(text)));
		rd_base64url_put(&bundle, rd_view_str(changed ? "{\"swname\":\"y\"}" : claims));
		rd_buf_printf(&bundle, "\"}]");
		if (changed)
			forge_expect(verified(forge_keep(&f, &bundle), ""), "rats.eat.detached",
				     RD_RESULT_FAIL, "other claims");
		else
			forge_expect_good(verified(forge_keep(&f, &bundle), ""), "a bundle");
	}
}

static void test_too_many_digests(void **state)
{
	struct rd_buf claims = { .max = 4096 };
	struct rd_err err = { 0 };
	struct rd_tee_result *r = RD_NEW(f.arena, struct rd_tee_result, &err);
	struct rd_tee_input in;

	(void)state;
	assert_non_null(r);
	rd_buf_printf(&claims, "{\"submods\":{");
	for (int i = 0; i < 17; i++)
		rd_buf_printf(&claims, "%s\"%d\":[\"DIGEST\",[\"SHA-256\",\"" A43 "\"]]",
			      i ? "," : "", i);
	rd_buf_printf(&claims, "}}");
	in = with_key(forge_keep(&f, &claims), ec);
	assert_false(rd_rats_eat.verify(&in, f.arena, r, &err));
	assert_non_null(strstr(err.text, "more than 16 digests"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_claims),           cmocka_unit_test(test_token),
		cmocka_unit_test(test_bundle),           cmocka_unit_test(test_json_bundle),
		cmocka_unit_test(test_too_many_digests),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
