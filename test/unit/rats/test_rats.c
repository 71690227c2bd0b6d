/* EAR, CoRIM, CMW and COSE: forged signers, one change at a time; the recorded files. */
#include "forge/forge.h"
#include "rats/rats_int.h"
#include "support.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#define NOW 1750000000

static struct forge f;
static struct forge_key *ec, *ed, *other, *p384, *rsa;

static int setup(void **state)
{
	(void)state;
	forge_init(&f);
	ec = forge_key(&f, FORGE_P256);
	ed = forge_key(&f, FORGE_ED25519);
	other = forge_key(&f, FORGE_P256);
	p384 = forge_key(&f, FORGE_P384);
	rsa = forge_key(&f, FORGE_RSA2048);
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

/* ---- JWT and EAR ----------------------------------------------------------------------------- */

struct jwt {
	const char *header, *status_name, *profile, *status, *times, *vector, *more, *nonces;
	const char *verifier_id, *whole; /* members of the outer object */
	struct forge_key *signer, *verifier;
	enum rd_signature_form form;
	struct rd_view nonce;
};

static void make(struct jwt *t)
{
	*t = (struct jwt){ .header = "{\"alg\":\"ES256\",\"typ\":\"JWT\"}",
			   .status_name = "ear_status",
			   .profile = RD_EAR_PROFILE,
			   .status = "\"affirming\"",
			   .times = "\"iat\":1749999999",
			   .vector = "{\"hardware\":2,\"executables\":2}",
			   .more = "",
			   .nonces = "\"bm9uY2Ux\"",
			   .verifier_id = "{\"developer\":\"d\",\"build\":\"b\"}",
			   .whole = "",
			   .signer = ec,
			   .verifier = ec,
			   .form = RD_SIGNATURE_ECDSA_RAW };
}

static struct rd_view jwt_text(const struct jwt *t)
{
	RD_AUTO(rd_buf_free) struct rd_buf claims = { .max = 8192 };
	struct rd_buf out = { .max = 16384 };
	bool old = strcmp(t->status_name, "ear.status") == 0;

	rd_buf_printf(&claims,
		      "{\"eat_profile\":\"%s\",%s,\"eat_nonce\":%s,\"%s\":%s%s,\"submods\":{"
		      "\"a.b\":{\"%s\":%s,\"%s\":%s%s}}}",
		      t->profile, t->times, t->nonces, old ? "ear.verifier-id" : "ear_verifier_id",
		      t->verifier_id, t->whole, t->status_name, t->status,
		      old ? "ear.trustworthiness-vector" : "ear_trustworthiness_vector", t->vector,
		      t->more);
	rd_base64url_put(&out, rd_view_str(t->header));
	rd_buf_add_byte(&out, '.');
	rd_base64url_put(&out, rd_buf_view(&claims));
	if (t->signer) {
		struct rd_view sig =
			forge_sign(&f, t->signer, t->form, RD_HASH_SHA256, rd_buf_view(&out));

		rd_buf_add_byte(&out, '.');
		rd_base64url_put(&out, sig);
	} else {
		rd_buf_add_byte(&out, '.');
	}
	return forge_keep(&f, &out);
}

static void run_ear(const struct jwt *t, const char *change, const char *code)
{
	struct rd_tee_input in = with_key(jwt_text(t), t->verifier);
	struct rd_tee_result *r;

	in.nonce = t->nonce;
	r = forge_verify(&f, &rd_rats_ear, &in);
	if (code)
		forge_expect(r, code, RD_RESULT_FAIL, change);
	else
		forge_expect_good(r, change);
}

#define OLD_NAMES (t.status_name = "ear.status", t.profile = RD_EAR_PROFILE_OLD)

#define CASES(X) \
	X((void)0, NULL) \
	X(OLD_NAMES, NULL) \
	X(t.nonce = rd_view_str("nonce1"), NULL) \
	X(t.nonce = rd_view_str("bm9uY2Ux"), NULL) \
	X((t.nonces = "[\"not of base64 !\",\"bm9uY2Ux\"]", t.nonce = rd_view_str("nonce1")), \
	  NULL) \
	X((t.nonces = "\"not of base64 !\"", t.nonce = rd_view_str("not of base64 !")), NULL) \
	X((OLD_NAMES, t.profile = "tag:ietf.org,2025-07:ear"), NULL) \
	X((OLD_NAMES, t.profile = "tag:github.com,2024:confidential-containers/Trustee"), NULL) \
	X(t.status = "2", NULL) \
	X(t.whole = ",\"ear_status\":\"affirming\"", NULL) \
	X(t.whole = ",\"ear_status\":\"none\"", NULL) \
	X((t.status = "\"warning\"", t.whole = ",\"ear_status\":\"affirming\""), "rats.ear.tier") \
	X(t.times = "\"iat\":1.749999999e+09", NULL) \
	X(t.times = "\"iat\":1749999999.5", NULL) \
	X(t.times = "\"iat\":1,\"exp\":1750000001,\"nbf\":1750000000", NULL) \
	X((t.header = "{\"alg\":\"EdDSA\"}", t.signer = t.verifier = ed, \
	   t.form = RD_SIGNATURE_EDDSA), \
	  NULL) \
	X((t.header = "{\"alg\":\"PS256\"}", t.signer = t.verifier = rsa, \
	   t.form = RD_SIGNATURE_RSA_PSS), \
	  NULL) \
	X((t.header = "{\"alg\":\"RS256\"}", t.signer = t.verifier = rsa, \
	   t.form = RD_SIGNATURE_RSA_PKCS1), \
	  NULL) \
	X(t.signer = other, "rats.ear.signature") \
	X((t.header = "{\"alg\":\"none\"}", t.signer = NULL), "rats.ear.signature") \
	X(t.header = "{\"alg\":\"HS256\"}", "rats.ear.signature") \
	X(t.header = "{\"alg\":\"ES384\"}", "rats.ear.signature") \
	X(t.signer = t.verifier = p384, "rats.ear.signature") \
	X((t.header = "{\"alg\":\"RS256\"}"), "rats.ear.signature") \
	X((t.header = "{\"alg\":\"ES256\",\"jwk\":{\"kty\":\"EC\"}}", t.signer = other), \
	  "rats.ear.signature") \
	X(t.profile = "tag:example.org,2026:other", "rats.ear.profile") \
	X(t.times = "\"iat\":1750000001", "rats.ear.time") \
	X(t.times = "\"iat\":1,\"exp\":1750000000", "rats.ear.time") \
	X(t.times = "\"iat\":1,\"nbf\":1750000001", "rats.ear.time") \
	X(t.times = "\"x\":1", "rats.ear.time") \
	X(t.vector = "{\"hardware\":33}", "rats.ear.tier") \
	X(t.vector = "{\"hardware\":-97}", "rats.ear.tier") \
	X(t.nonce = rd_view_str("Nonce1"), "tee.nonce") \
	X((OLD_NAMES, t.profile = "tag:example.org,2026:other"), "rats.ear.profile")

static void test_ear(void **state)
{
	struct jwt t;

	(void)state;
#define X(change, code) \
	make(&t); \
	change; \
	run_ear(&t, #change, code);
	CASES(X)
#undef X
}

static void test_ear_form(void **state)
{
	struct rd_tee_input in;
	struct jwt t;

	(void)state;
#define X(change, code, fault) \
	make(&t); \
	change; \
	in = with_key(jwt_text(&t), ec); \
	forge_expect_error(&f, &rd_rats_ear, &in, code, fault);
	X(t.status_name = "ear.status", "rats.ear.form", RD_FAULT_MALFORMED)
	X(t.profile = RD_EAR_PROFILE_OLD, "rats.ear.form", RD_FAULT_MALFORMED)
	X(t.status = "\"fine\"", "rats.ear.form", RD_FAULT_MALFORMED)
	X(t.status = "3", "rats.ear.form", RD_FAULT_MALFORMED)
	X(t.status = "\"2\"", "rats.ear.form", RD_FAULT_MALFORMED)
	X(t.whole = ",\"ear_status\":\"fine\"", "rats.ear.form", RD_FAULT_MALFORMED)
	X(t.verifier_id = "{\"build\":\"b\"}", "rats.ear.form", RD_FAULT_MALFORMED)
	X(t.verifier_id = "\"v\"", "rats.ear.form", RD_FAULT_MALFORMED)
	X(t.nonces = "[]", "rats.ear.form", RD_FAULT_MALFORMED)
	X(t.nonces = "7", "rats.ear.form", RD_FAULT_MALFORMED)
	X(t.vector = "{\"hardware\":\"2\"}", "rats.ear.form", RD_FAULT_MALFORMED)
	X(t.vector = "{\"hardware\":128}", "rats.ear.form", RD_FAULT_MALFORMED)
	X(t.vector = "{\"luck\":2}", "rats.ear.form", RD_FAULT_MALFORMED)
	X(t.times = "\"iat\":\"1\"", "rats.ear.form", RD_FAULT_MALFORMED)
	X((OLD_NAMES, t.more = ",\"ear.veraison.key-attestation\":{}"), "rats.ear.form",
	  RD_FAULT_MALFORMED)
	X(t.header = "{\"alg\":\"ES256\",\"crit\":[\"x\"]}", "rats.jws.alg", RD_FAULT_REFUSED)
	X(t.header = "{\"alg\":\"ES256\",\"b64\":true}", "rats.jws.alg", RD_FAULT_REFUSED)
	X(t.header = "{}", "rats.jws.form", RD_FAULT_MALFORMED)
	X(t.header = "[1]", "rats.jws.form", RD_FAULT_MALFORMED)
	X(t.header = "{\"alg\":7}", "rats.jws.form", RD_FAULT_MALFORMED)
#undef X
	in = with_key(rd_view_str("e30.e30"), ec);
	forge_expect_error(&f, &rd_rats_ear, &in, "rats.jws.form", RD_FAULT_MALFORMED);
	make(&t);
	in = with_key(jwt_text(&t), ec);
	forge_expect_no_prefix(&f, &rd_rats_ear, &in);
	in = with_key(jwt_text(&t), NULL);
	forge_expect(forge_verify(&f, &rd_rats_ear, &in), "tee.key.absent", RD_RESULT_ABSENT,
		     "no key");
}

/* The text of a token is one: no padding, no other alphabet. */
static void test_jws_text(void **state)
{
	struct rd_tee_input in;
	struct rd_buf b = { .max = 16384 };
	struct rd_view token;
	struct jwt t;

	(void)state;
	make(&t);
	token = jwt_text(&t);
	rd_buf_add(&b, token);
	rd_buf_add(&b, rd_view_str("=="));
	in = with_key(forge_keep(&f, &b), ec);
	forge_expect_error(&f, &rd_rats_ear, &in, "rats.jws.form", RD_FAULT_MALFORMED);
	b = (struct rd_buf){ .max = 16384 };
	rd_buf_add(&b, token);
	rd_buf_add(&b, rd_view_str(".AAAA"));
	in = with_key(forge_keep(&f, &b), ec);
	forge_expect_error(&f, &rd_rats_ear, &in, "rats.jws.form", RD_FAULT_MALFORMED);
}

/* A signature of 192 KiB parses, one of 256 KiB is too much. */
static void test_jws_size(void **state)
{
	(void)state;
	for (size_t kib = 192; kib <= 256; kib += 64) {
		struct rd_buf b = { .max = 1u << 20 };
		struct rd_err err = { 0 };
		struct rd_jws jws;

		rd_base64url_put(&b, rd_view_str("{\"alg\":\"ES256\"}"));
		rd_buf_printf(&b, ".e30.");
		for (size_t i = 0; i < kib * 1024; i++)
			rd_buf_add_byte(&b, 'A');
		assert_int_equal(rd_jws_parse(forge_keep(&f, &b), f.arena, &jws, &err), kib < 256);
		assert_true(kib < 256 || strcmp(err.code, "rats.jws.form") == 0);
	}
}

/* A status of the whole is the worst of all, and not covered by those of the parts. */
static void test_ear_whole(void **state)
{
	const struct rd_tee_claim *c;
	struct rd_tee_input in;
	struct jwt t;

	(void)state;
	make(&t);
	t.whole = ",\"ear_status\":\"contraindicated\"";
	in = with_key(jwt_text(&t), ec);
	c = rd_tee_claim_find(forge_verify(&f, &rd_rats_ear, &in), "affirming");
	assert_true(c && !c->number);
}

static void test_tiers(void **state)
{
	(void)state;
	assert_int_equal(rd_ear_tier_of(1), RD_EAR_NONE);
	assert_int_equal(rd_ear_tier_of(-1), RD_EAR_NONE);
	assert_int_equal(rd_ear_tier_of(2), RD_EAR_AFFIRMING);
	assert_int_equal(rd_ear_tier_of(31), RD_EAR_AFFIRMING);
	assert_int_equal(rd_ear_tier_of(-32), RD_EAR_AFFIRMING);
	assert_int_equal(rd_ear_tier_of(32), RD_EAR_WARNING);
	assert_int_equal(rd_ear_tier_of(-33), RD_EAR_WARNING);
	assert_int_equal(rd_ear_tier_of(95), RD_EAR_WARNING);
	assert_int_equal(rd_ear_tier_of(96), RD_EAR_CONTRAINDICATED);
	assert_int_equal(rd_ear_tier_of(-97), RD_EAR_CONTRAINDICATED);
}

/* What we write, we and the old profile's readers take. */
static void test_ear_written(void **state)
{
	struct rd_appraisal a = { .verdict = RD_VERDICT_ACCEPTED,
				  .result = { RD_RESULT_PASS, RD_RESULT_ABSENT, RD_RESULT_PASS,
					      RD_RESULT_PASS } };
	struct rd_ear_options o = { .name = "tdx",
				    .issued_unix_s = NOW,
				    .nonce = rd_view_str("nonce-of-8") };
	const struct rd_tee_claim *c;
	struct rd_err err = { 0 };
	struct rd_secret seed = { 0 };
	uint8_t public_key[RD_ED25519_LEN];
	struct rd_tee_result *r;
	struct rd_collateral piece = { .name = "key", .trusted = true };
	struct rd_tee_input in;

	(void)state;
	assert_true(rd_ed25519_generate(&seed, public_key, &err));
	for (int old = 0; old < 2; old++)
		for (int refused = 0; refused < 2; refused++) {
			struct rd_buf claims = { .max = 8192 }, token = { .max = 16384 },
				      pem = { .max = 1024 };

			o.old = old;
			a.verdict = refused ? RD_VERDICT_REFUSED : RD_VERDICT_ACCEPTED;
			a.result[RD_ASPECT_POLICY] = refused ? RD_RESULT_FAIL : RD_RESULT_PASS;
			assert_true(rd_ear_claims(&a, &o, &claims, &err));
			assert_true(rd_jws_sign(rd_buf_view(&claims), &seed, &token, &err));
			assert_true(rd_pem_ed25519_public(rd_view_of(public_key, 32), &pem, &err));
			piece.bytes = forge_keep(&f, &pem);
			in = (struct rd_tee_input){ .report = forge_keep(&f, &token),
						    .collateral = &piece,
						    .n_collateral = 1,
						    .now_unix_s = NOW,
						    .nonce = o.nonce };
			r = forge_verify(&f, &rd_rats_ear, &in);
			forge_expect_good(r, "our own");
			c = rd_tee_claim_find(r, "affirming");
			assert_true(c && c->number == !refused);
			rd_buf_free(&claims);
		}
}

/* An appraisal without a reference value says nothing of what runs. */
static void test_ear_unset(void **state)
{
	struct rd_appraisal *a;
	struct rd_ear_options o = { .name = "tdx", .issued_unix_s = NOW };
	struct rd_err err = { 0 };

	(void)state;
	a = RD_NEW(f.arena, struct rd_appraisal, &err);
	assert_non_null(a);
	*a = (struct rd_appraisal){ .verdict = RD_VERDICT_ACCEPTED,
				    .result = { RD_RESULT_PASS, RD_RESULT_PASS, RD_RESULT_PASS,
						RD_RESULT_PASS } };
	a->reason[0] = (struct rd_reason){ .aspect = RD_ASPECT_POLICY,
					   .result = RD_RESULT_WARNING,
					   .code = "attest.unset",
					   .claim = "mrtd" };
	for (uint32_t n = 0; n < 2; n++) {
		RD_AUTO(rd_buf_free) struct rd_buf claims = { .max = 8192 };

		a->n_reasons = n;
		assert_true(rd_ear_claims(a, &o, &claims, &err));
		rd_buf_add_byte(&claims, 0);
		assert_non_null(strstr((const char *)claims.data,
				       n ? "\"executables\":0" : "\"executables\":2"));
	}
}

/* ---- CWT ------------------------------------------------------------------------------------- */

static void test_ear_cwt(void **state)
{
	struct forge_cose_spec spec = { .alg = RD_COSE_ES256, .key = ec, .tagged = true };
	struct rd_buf b = { .max = 1024 }, cwt = { .max = 4096 };
	const struct rd_tee_claim *c;
	struct rd_tee_result *r;
	struct rd_tee_input in;

	(void)state;
	rd_cbor_put_map(&b, 5);
	rd_cbor_put_uint(&b, 6);
	rd_cbor_put_double(&b, NOW - 4.5);
	rd_cbor_put_uint(&b, 10);
	rd_cbor_put_array(&b, 2);
	rd_cbor_put_bytes(&b, rd_view_str("12345678"));
	rd_cbor_put_bytes(&b, rd_view_str("87654321"));
	rd_cbor_put_uint(&b, 265);
	rd_cbor_put_str(&b, RD_EAR_PROFILE);
	rd_cbor_put_uint(&b, 266);
	rd_cbor_put_map(&b, 1);
	rd_cbor_put_str(&b, "snp");
	rd_cbor_put_map(&b, 2);
	rd_cbor_put_uint(&b, 1000);
	rd_cbor_put_uint(&b, 32);
	rd_cbor_put_uint(&b, 1001);
	rd_cbor_put_map(&b, 1);
	rd_cbor_put_uint(&b, 4);
	rd_cbor_put_int(&b, 32);
	rd_cbor_put_uint(&b, 1004);
	rd_cbor_put_map(&b, 2);
	rd_cbor_put_uint(&b, 0);
	rd_cbor_put_str(&b, "d");
	rd_cbor_put_uint(&b, 1);
	rd_cbor_put_str(&b, "b");
	spec.payload = forge_keep(&f, &b);
	rd_cbor_put_tag(&cwt, 61);
	rd_buf_add(&cwt, forge_cose(&f, &spec));
	in = with_key(forge_keep(&f, &cwt), ec);
	in.nonce = rd_view_str("87654321");
	forge_expect_good(forge_verify(&f, &rd_rats_ear, &in), "tagged as a CWT");
	in.nonce = rd_view_str("87654322");
	forge_expect(forge_verify(&f, &rd_rats_ear, &in), "tee.nonce", RD_RESULT_FAIL, "nonces");
	in = with_key(spec.payload, ec);
	forge_expect(forge_verify(&f, &rd_rats_ear, &in), "rats.unsigned", RD_RESULT_ABSENT,
		     "bare claims");
	in = with_key(forge_cose(&f, &spec), ec);
	r = forge_verify(&f, &rd_rats_ear, &in);
	forge_expect_good(r, "a CWT");
	c = rd_tee_claim_find(r, "status");
	assert_true(c && rd_view_eq(c->bytes, rd_view_str("warning")));
	spec.key = other;
	in = with_key(forge_cose(&f, &spec), ec);
	forge_expect(forge_verify(&f, &rd_rats_ear, &in), "rats.ear.signature", RD_RESULT_FAIL,
		     "another signer");
}

/* ---- CoRIM ----------------------------------------------------------------------------------- */

static struct rd_view corim(int64_t from, int64_t until)
{
	struct rd_buf out = { .max = 8192 }, comid = { .max = 8192 };
	uint8_t digest[RD_SHA384_LEN];
	struct rd_corim_reference ref = { "kernel", rd_view_of(digest, sizeof(digest)) };
	struct rd_err err = { 0 };

	memset(digest, 0x42, sizeof(digest));
	assert_true(rd_corim_write("id", "model", &ref, 1, &comid, &err));
	if (from < 0)
		return forge_keep(&f, &comid);
	/* The same with a validity: a map of three. */
	rd_buf_add(&out, rd_view_of("\xD9\x01\xF5\xA3", 4));
	rd_buf_add(&out, rd_view_of(comid.data + 4, comid.len - 4));
	rd_cbor_put_uint(&out, 4);
	rd_cbor_put_map(&out, 2);
	rd_cbor_put_uint(&out, 0);
	rd_cbor_put_tag(&out, 1);
	rd_cbor_put_uint(&out, (uint64_t)from);
	rd_cbor_put_uint(&out, 1);
	rd_cbor_put_tag(&out, 1);
	rd_cbor_put_uint(&out, (uint64_t)until);
	rd_buf_free(&comid);
	return forge_keep(&f, &out);
}

static struct rd_view header(const char *type)
{
	struct rd_buf b = { .max = 256 };

	rd_cbor_put_map(&b, 2);
	rd_cbor_put_uint(&b, 1);
	rd_cbor_put_int(&b, RD_COSE_ES256);
	rd_cbor_put_uint(&b, 3);
	rd_cbor_put_str(&b, type);
	return forge_keep(&f, &b);
}

static void test_corim(void **state)
{
	struct forge_cose_spec spec = { .alg = RD_COSE_ES256,
					.key = ec,
					.tagged = true,
					.protected_header = header("application/rim+cbor"),
					.payload = corim(-1, -1) };
	struct rd_corim *c;
	struct rd_err err = { 0 };
	struct rd_tee_input in;

	(void)state;
	c = RD_NEW(f.arena, struct rd_corim, &err);
	assert_true(c && rd_corim_parse(spec.payload, c, &err));
	assert_true(c->n_values == 1 && c->value[0].digest.len == 48 &&
		    c->value[0].digest_alg == 7 && rd_view_eq(c->id, rd_view_str("id")) &&
		    rd_view_eq(c->value[0].model, rd_view_str("model")));
	in = with_key(forge_cose(&f, &spec), ec);
	forge_expect_good(forge_verify(&f, &rd_rats_corim, &in), "signed");
	forge_expect_no_prefix(&f, &rd_rats_corim, &in);
	spec.key = other;
	in = with_key(forge_cose(&f, &spec), ec);
	forge_expect(forge_verify(&f, &rd_rats_corim, &in), "rats.corim.signature", RD_RESULT_FAIL,
		     "another signer");
	spec.key = ec;
	spec.protected_header = header("application/other");
	in = with_key(forge_cose(&f, &spec), ec);
	forge_expect(forge_verify(&f, &rd_rats_corim, &in), "rats.corim.type", RD_RESULT_FAIL,
		     "another type");
	spec.protected_header = header("application/rim+cbor");
	spec.payload = corim(NOW, NOW);
	in = with_key(forge_cose(&f, &spec), ec);
	forge_expect_good(forge_verify(&f, &rd_rats_corim, &in), "valid now");
	spec.payload = corim(NOW + 1, NOW + 9);
	in = with_key(forge_cose(&f, &spec), ec);
	forge_expect(forge_verify(&f, &rd_rats_corim, &in), "rats.corim.time", RD_RESULT_FAIL,
		     "not yet");
	spec.payload = corim(1, NOW - 1);
	in = with_key(forge_cose(&f, &spec), ec);
	forge_expect(forge_verify(&f, &rd_rats_corim, &in), "rats.corim.time", RD_RESULT_FAIL,
		     "no longer");
	in = with_key(corim(-1, -1), ec);
	forge_expect(forge_verify(&f, &rd_rats_corim, &in), "rats.unsigned", RD_RESULT_ABSENT,
		     "unsigned");
	in = with_key(rd_view_of("\xA1\x00\x01", 3), ec);
	forge_expect_error(&f, &rd_rats_corim, &in, "rats.corim.unsupported", RD_FAULT_REFUSED);
}

static struct rd_view vector(const char *relative)
{
	struct rd_view file = rd_test_read_file(rd_test_shared_path(relative)), out;
	struct rd_err err = { 0 };

	assert_true(rd_arena_copy(f.arena, file, &out, &err));
	rd_test_free(file);
	return out;
}

/* Every recorded CoRIM and CoMID parses; three are signed, and hold inside their dates. */
static void test_corim_vectors(void **state)
{
	static const char *const folders[] = { "vectors/corim", "vectors/corim/comid" };
	static const char *const signed_ones[] = { "signed-good-corim", "signed-example-corim",
						   "signed-corim-with-extensions" };
	struct rd_corim *c;
	struct rd_err err = { 0 };
	char name[512];
	uint32_t n = 0;

	(void)state;
	c = RD_NEW(f.arena, struct rd_corim, &err);
	for (size_t i = 0; i < 2; i++) {
		DIR *d = opendir(rd_test_shared_path(folders[i]));
		struct dirent *e;

		assert_non_null(d);
		while ((e = readdir(d)) != NULL) {
			if (!strstr(e->d_name, ".cbor") || strncmp(e->d_name, "signed", 6) == 0)
				continue;
			snprintf(name, sizeof(name), "%s/%s", folders[i], e->d_name);
			if (!rd_corim_parse(vector(name), c, &err))
				fail_msg("%s: %s", name, err.text);
			n++;
		}
		closedir(d);
	}
	assert_true(n > 25);
	for (size_t i = 0; i < 3; i++) {
		struct rd_collateral key = { .name = "signer_pub.jwk", .trusted = true };
		struct rd_tee_input in = { .collateral = &key,
					   .n_collateral = 1,
					   .now_unix_s = NOW };

		key.bytes = vector("vectors/corim/signer_pub.jwk");
		snprintf(name, sizeof(name), "vectors/corim/%s.cbor", signed_ones[i]);
		in.report = vector(name);
		forge_expect_good(forge_verify(&f, &rd_rats_corim, &in), name);
		in.report = forge_flip(&f, in.report, in.report.len - 1, 0);
		forge_expect(forge_verify(&f, &rd_rats_corim, &in), "rats.corim.signature",
			     RD_RESULT_FAIL, name);
	}
}

/* ---- COSE ----------------------------------------------------------------------------------- */

static void test_cose(void **state)
{
	struct forge_cert_spec root_spec = {
		.cn = "root", .key = other, .is_ca = true, .key_usage = "critical,keyCertSign"
	};
	struct rd_cert root = forge_cert(&f, &root_spec);
	struct forge_cert_spec leaf_spec = {
		.cn = "signer", .key = rsa, .issuer = &root, .issuer_key = other
	};
	struct rd_cert leaf = forge_cert(&f, &leaf_spec);
	struct forge_cose_spec spec = {
		.alg = RD_COSE_PS384, .key = rsa, .tagged = true, .payload = rd_view_str("{}")
	};
	struct rd_buf b = { .max = 8192 };
	struct rd_tee_input in;

	(void)state;
	rd_cbor_put_map(&b, 2);
	rd_cbor_put_uint(&b, 1);
	rd_cbor_put_int(&b, RD_COSE_PS384);
	rd_cbor_put_uint(&b, 33);
	rd_cbor_put_array(&b, 2);
	rd_cbor_put_bytes(&b, leaf.der);
	rd_cbor_put_bytes(&b, root.der);
	spec.protected_header = forge_keep(&f, &b);
	in = with_key(forge_cose(&f, &spec), NULL);
	forge_expect(forge_verify(&f, &rd_rats_cose, &in), "tee.chain", RD_RESULT_FAIL,
		     "its own root");
	in.anchor = &root;
	in.n_anchors = 1;
	forge_expect_good(forge_verify(&f, &rd_rats_cose, &in), "a root of the policy's");
	forge_expect_no_prefix(&f, &rd_rats_cose, &in);
	in.report = forge_flip(&f, in.report, in.report.len - 1, 0);
	forge_expect(forge_verify(&f, &rd_rats_cose, &in), "rats.cose.signature", RD_RESULT_FAIL,
		     "a flipped bit");
	spec = (struct forge_cose_spec){
		.alg = RD_COSE_ES256, .key = ec, .tagged = true, .payload = rd_view_str("{}")
	};
	in = with_key(forge_cose(&f, &spec), ec);
	forge_expect_good(forge_verify(&f, &rd_rats_cose, &in), "by a key");
	in = with_key(in.report, other);
	forge_expect(forge_verify(&f, &rd_rats_cose, &in), "rats.cose.signature", RD_RESULT_FAIL,
		     "another key");
}

static void test_ear_vectors(void **state)
{
	static const struct {
		const char *file;
		bool good;
	} claims[] = { { "ear-claims.json", true },
		       { "ear-claims-tv-ok.json", true },
		       { "ear-claims-extension-ok.json", true },
		       { "ear-claims-key-attestation-ok.json", true },
		       { "ear-claims-key-attestation-ko.json", false } };
	struct rd_collateral key = { .name = "key", .trusted = true };
	struct rd_tee_input in = { .collateral = &key, .n_collateral = 1, .now_unix_s = NOW };
	char name[128];

	(void)state;
	key.bytes = vector("vectors/ear/c-ear_pub.pem");
	in.report = vector("vectors/ear/c-ear.jwt");
	forge_expect_good(forge_verify(&f, &rd_rats_ear, &in), "c-ear.jwt");
	for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++) {
		snprintf(name, sizeof(name), "vectors/ear/%s", claims[i].file);
		in.report = vector(name);
		if (claims[i].good)
			forge_expect(forge_verify(&f, &rd_rats_ear, &in), "rats.unsigned",
				     RD_RESULT_ABSENT, name);
		else
			forge_expect_error(&f, &rd_rats_ear, &in, "rats.ear.form",
					   RD_FAULT_MALFORMED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ear),           cmocka_unit_test(test_ear_form),
		cmocka_unit_test(test_jws_text),      cmocka_unit_test(test_ear_whole),
		cmocka_unit_test(test_jws_size),      cmocka_unit_test(test_tiers),
		cmocka_unit_test(test_ear_written),   cmocka_unit_test(test_ear_unset),
		cmocka_unit_test(test_ear_cwt),       cmocka_unit_test(test_corim),
		cmocka_unit_test(test_corim_vectors), cmocka_unit_test(test_cose),
		cmocka_unit_test(test_ear_vectors),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
