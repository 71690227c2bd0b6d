/* CCA and PSA tokens: forged makers, one change at a time. */
#include "forge/forge.h"
#include "support.h"
#include "tee/cca/cca.h"
#include "tee/psa/psa.h"

#include <string.h>

static struct forge f;
static struct forge_key *cpak, *rak, *other;

/* What a test changes; both kinds of tokens. */
struct world {
	bool cca, old_psa;
	struct forge_key *signer, *realm_signer;
	const char *profile, *realm_profile, *rak_hash;
	bool rebind, rak_as_key, no_key, untrusted_key, no_lifecycle, mixed, bad_instance, no_rems;
	bool cmw, text_keys, no_signer, seed, v2, no_client, no_mec, workload, both_bindings;
	bool no_platform, no_realm, no_measurement, odd_nonce, odd_rim, many, realm_instance;
	uint64_t no_claim; /* of the realm's */
	uint32_t cmw_type;
	const char *cmw_name;
	uint32_t lifecycle, tag;
	int64_t alg;
	struct rd_view nonce;
	struct rd_collateral piece[1];
	struct rd_tee_input in;
};

static int setup(void **state)
{
	(void)state;
	forge_init(&f);
	cpak = forge_key(&f, FORGE_P256);
	rak = forge_key(&f, FORGE_P384);
	other = forge_key(&f, FORGE_P256);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	forge_free(&f);
	return 0;
}

static void make(struct world *w, bool cca)
{
	memset(w, 0, sizeof(*w));
	w->cca = cca;
	w->signer = cpak;
	w->realm_signer = rak;
	w->profile = cca ? "http://arm.com/CCA-SSD/1.0.0" : "http://arm.com/psa/2.0.0";
	w->rak_hash = "sha-256";
	w->rebind = true;
	w->lifecycle = 0x3003;
	w->tag = 399;
	w->cmw_type = 263;
	w->alg = RD_COSE_ES256;
}

static struct rd_view filled(uint8_t byte, size_t len)
{
	struct rd_err err = { 0 };
	uint8_t bytes[64];
	struct rd_view out;

	memset(bytes, byte, len);
	assert_true(rd_arena_copy(f.arena, rd_view_of(bytes, len), &out, &err));
	return out;
}

static struct rd_view rak_claim(const struct world *w)
{
	struct rd_view point = forge_raw_public(&f, rak);
	struct rd_buf b = { .max = 1024 };

	if (!w->rak_as_key)
		return point;
	rd_cbor_put_map(&b, 4);
	rd_cbor_put_uint(&b, 1);
	rd_cbor_put_uint(&b, 2);
	rd_cbor_put_int(&b, -1);
	rd_cbor_put_uint(&b, 2);
	rd_cbor_put_int(&b, -2);
	rd_cbor_put_bytes(&b, rd_view_of(point.data + 1, 48));
	rd_cbor_put_int(&b, -3);
	rd_cbor_put_bytes(&b, rd_view_of(point.data + 49, 48));
	return forge_keep(&f, &b);
}

static void put_component(const struct world *w, struct rd_buf *b)
{
	rd_cbor_put_map(b, 3u - w->no_signer - w->no_measurement);
	rd_cbor_put_uint(b, 1);
	rd_cbor_put_str(b, "R.MM");
	if (!w->no_measurement) {
		rd_cbor_put_uint(b, 2);
		rd_cbor_put_bytes(b, filled(0x52, 32));
	}
	if (!w->no_signer) {
		rd_cbor_put_uint(b, 5);
		rd_cbor_put_bytes(b, filled(0x54, 32));
	}
}

/* One, or an array of no stated length with more than there may be. */
static void put_components(const struct world *w, struct rd_buf *b)
{
	if (!w->many)
		rd_cbor_put_array(b, 1);
	else
		rd_buf_add_byte(b, 0x9F);
	for (uint32_t i = 0; i < (w->many ? RD_PSA_COMPONENTS_MAX + 1 : 1); i++)
		put_component(w, b);
	if (w->many)
		rd_buf_add_byte(b, 0xFF);
}

/* Claims that nobody knows are to be passed over, whatever their keys are. */
static void put_text_key(const struct world *w, struct rd_buf *b)
{
	if (!w->text_keys)
		return;
	rd_cbor_put_str(b, "vendor");
	rd_cbor_put_array(b, 0);
}

/* Key of a claim in the numbering of the token's generation. */
static int64_t key(const struct world *w, int64_t new, int64_t old)
{
	return w->old_psa ? old : new;
}

static struct rd_view platform(const struct world *w, struct rd_view nonce)
{
	struct rd_buf b = { .max = 1u << 14 };
	uint8_t instance[33] = { 1 };
	bool client = !w->no_client && (!w->cca || w->v2);

	if (w->bad_instance)
		instance[0] = 2;
	rd_cbor_put_map(&b, (w->cca ? 7u : 5u) - w->no_lifecycle + w->mixed + w->text_keys +
				    w->seed + (w->profile != NULL) + client + w->both_bindings);
	put_text_key(w, &b);
	if (!w->workload || w->both_bindings) {
		rd_cbor_put_int(&b, key(w, 10, -75008));
		rd_cbor_put_bytes(&b, nonce);
	}
	if (w->workload) {
		rd_cbor_put_int(&b, 2408);
		rd_cbor_put_bytes(&b, nonce);
	}
	rd_cbor_put_int(&b, key(w, 256, -75009));
	rd_cbor_put_bytes(&b, rd_view_of(instance, 33));
	if (w->profile) {
		rd_cbor_put_int(&b, key(w, 265, -75000));
		rd_cbor_put_str(&b, w->profile);
	}
	if (w->seed) {
		rd_cbor_put_int(&b, 268);
		rd_cbor_put_bytes(&b, filled(0x59, 8));
	}
	if (client) {
		rd_cbor_put_int(&b, key(w, 2394, -75001));
		rd_cbor_put_int(&b, w->cca ? 1 : -3);
	}
	if (!w->no_lifecycle) {
		rd_cbor_put_int(&b, key(w, 2395, -75002));
		rd_cbor_put_uint(&b, w->lifecycle);
	}
	rd_cbor_put_int(&b, key(w, 2396, -75003));
	rd_cbor_put_bytes(&b, filled(0x56, 32));
	rd_cbor_put_int(&b, key(w, 2399, -75006));
	put_components(w, &b);
	if (w->cca) {
		rd_cbor_put_int(&b, 2401);
		rd_cbor_put_bytes(&b, filled(0x58, 4));
		rd_cbor_put_int(&b, 2402);
		rd_cbor_put_str(&b, "sha-256");
	}
	if (w->mixed) {
		rd_cbor_put_int(&b, key(w, -75005, 2398));
		rd_cbor_put_str(&b, "0604565272829-10010");
	}
	return forge_keep(&f, &b);
}

/* True, with the key written, for a claim that the realm's token is to have. */
static bool has(const struct world *w, struct rd_buf *b, uint64_t claim)
{
	if (w->no_claim == claim)
		return false;
	rd_cbor_put_uint(b, claim);
	return true;
}

static struct rd_view realm(const struct world *w)
{
	static const uint64_t bytes[] = { 10, 44235, 44238 }, names[] = { 44236, 44240 };
	static const size_t lens[] = { 64, 64, 32 };
	uint8_t instance[33] = { 2 };
	struct rd_buf b = { .max = 1u << 14 };

	rd_cbor_put_map(&b, 7u + (w->realm_profile != NULL) + w->text_keys + (w->v2 && !w->no_mec) +
				    w->realm_instance - (w->no_claim != 0));
	put_text_key(w, &b);
	if (w->v2 && !w->no_mec) {
		rd_cbor_put_uint(&b, 44243);
		rd_cbor_put_uint(&b, 1);
	}
	if (w->realm_profile) {
		rd_cbor_put_uint(&b, 265);
		rd_cbor_put_str(&b, w->realm_profile);
	}
	if (w->realm_instance) {
		rd_cbor_put_uint(&b, 256);
		rd_cbor_put_bytes(&b, rd_view_of(instance, sizeof(instance)));
	}
	for (size_t i = 0; i < 3; i++)
		if (has(w, &b, bytes[i]))
			rd_cbor_put_bytes(&b, filled((uint8_t)(0xC1 + i),
						     lens[i] + (i == 2 && w->odd_rim)));
	for (size_t i = 0; i < 2; i++)
		if (has(w, &b, names[i]))
			rd_cbor_put_str(&b, i ? w->rak_hash : "sha-256");
	if (has(w, &b, 44237))
		rd_cbor_put_bytes(&b, rak_claim(w));
	if (has(w, &b, 44239)) {
		rd_cbor_put_array(&b, w->no_rems ? 3 : 4);
		for (int i = w->no_rems; i < 4; i++)
			rd_cbor_put_bytes(&b, filled(0xC4, 32));
	}
	return forge_keep(&f, &b);
}

static struct rd_view cose(const struct world *w, struct forge_key *by, int64_t alg,
			   struct rd_view payload)
{
	(void)w;
	return forge_cose(&f, &(struct forge_cose_spec){
				      .alg = alg, .key = by, .payload = payload, .tagged = true });
}

static void put_token(const struct world *w, struct rd_buf *b, struct rd_view token)
{
	if (w->cmw) {
		rd_cbor_put_array(b, 2);
		if (w->cmw_name)
			rd_cbor_put_str(b, w->cmw_name);
		else
			rd_cbor_put_uint(b, w->cmw_type);
	}
	rd_cbor_put_bytes(b, token);
}

static struct rd_view cca_token(struct world *w)
{
	struct rd_buf b = { .max = 1u << 14 };
	uint8_t digest[RD_SHA256_LEN];
	struct rd_err err = { 0 };

	assert_true(rd_sha256(w->rebind ? rak_claim(w) : rd_view_str("x"), digest, &err));
	rd_cbor_put_tag(&b, w->tag);
	rd_cbor_put_map(&b, 2u + w->text_keys - w->no_platform - w->no_realm);
	if (w->text_keys) { /* CMW's own */
		rd_cbor_put_str(&b, "__cmwc_t");
		rd_cbor_put_str(&b, "tag:arm.com,2023:cca");
	}
	if (!w->no_platform) {
		rd_cbor_put_uint(&b, 44234);
		put_token(w, &b,
			  cose(w, w->signer, w->alg,
			       platform(w, rd_view_of(digest, sizeof(digest)))));
	}
	if (!w->no_realm) {
		rd_cbor_put_uint(&b, 44241);
		put_token(w, &b,
			  cose(w, w->realm_signer,
			       w->realm_signer == rak ? RD_COSE_ES384 : RD_COSE_ES256, realm(w)));
	}
	return forge_keep(&f, &b);
}

static const struct rd_tee_input *build(struct world *w)
{
	w->piece[0] = (struct rd_collateral){ .name = "key.pem",
					      .bytes = forge_spki_pem(&f, cpak),
					      .trusted = !w->untrusted_key };
	w->in = (struct rd_tee_input){
		.report = w->cca ? cca_token(w)
				 : cose(w, w->signer, w->alg,
					platform(w, filled(0xA1, w->odd_nonce ? 33 : 32))),
		.collateral = w->piece,
		.n_collateral = w->no_key ? 0 : 1,
		.nonce = w->nonce,
	};
	return &w->in;
}

static void run_case(struct world *w, const char *change, const char *code, enum rd_result result)
{
	struct rd_tee_result *r = forge_verify(&f, w->cca ? &rd_tee_cca : &rd_tee_psa, build(w));

	if (code)
		forge_expect(r, code, result, change);
	else
		forge_expect_good(r, change);
}

#define GOOD(change) \
	make(&w, cca); \
	change; \
	run_case(&w, #change, NULL, RD_RESULT_PASS);
#define FAIL(change, code) \
	make(&w, cca); \
	change; \
	run_case(&w, #change, code, RD_RESULT_FAIL);
#define ABSENT(change, code) \
	make(&w, cca); \
	change; \
	run_case(&w, #change, code, RD_RESULT_ABSENT);
#define BROKEN(change, code) \
	make(&w, cca); \
	change; \
	forge_expect_error(&f, cca ? &rd_tee_cca : &rd_tee_psa, build(&w), code, \
			   RD_FAULT_MALFORMED);
#define V2 \
	(w.v2 = true, w.profile = "tag:arm.com,2024:cca_platform#2.0.0", \
	 w.realm_profile = "tag:arm.com,2024:realm#2.0.0", w.rak_as_key = true)
#define NEW_PROFILES \
	(w.profile = "tag:arm.com,2023:cca_platform#1.0.0", \
	 w.realm_profile = "tag:arm.com,2023:realm#1.0.0")

static void test_cca(void **state)
{
	static const uint64_t claims[] = { 10, 44235, 44236, 44237, 44238, 44239, 44240 };
	bool cca = true;
	struct world w;

	(void)state;
	GOOD((void)0)
	GOOD(w.tag = 907)
	GOOD((NEW_PROFILES, w.rak_as_key = true))
	GOOD(w.nonce = filled(0xC1, 64))
	GOOD((w.tag = 907, w.cmw = true))
	GOOD((w.tag = 907, w.cmw = true, w.cmw_name = "application/eat+cwt"))
	GOOD(w.text_keys = true)
	GOOD(w.profile = "tag:arm.com,2023:cca_platform#1.0.0") /* a realm's is optional */
	GOOD(V2)
	GOOD((V2, w.workload = true, w.profile = "tag:arm.com,2026:cca_platform#2.0.0",
	      w.realm_profile = "tag:arm.com,2026:realm#2.0.0"))
	FAIL((V2, w.no_client = true), "tee.cca.profile")
	FAIL((V2, w.no_mec = true), "tee.cca.profile")
	FAIL((V2, w.workload = true), "tee.cca.profile")
	FAIL((V2, w.realm_profile = "tag:arm.com,2023:realm#1.0.0"), "tee.cca.profile")
	FAIL((V2, w.profile = "tag:arm.com,2024:cca_platform#2.0.0;direct"), "tee.cca.profile")
	FAIL((V2, w.workload = w.both_bindings = true,
	      w.profile = "tag:arm.com,2026:cca_platform#2.1.0", w.realm_profile = NULL),
	     "tee.cca.profile")
	FAIL((V2, w.workload = true, w.rebind = false), "tee.cca.binding")
	FAIL(w.signer = other, "tee.cca.platform.signature")
	FAIL(w.realm_signer = other, "tee.cca.realm.signature")
	FAIL(w.rebind = false, "tee.cca.binding")
	FAIL(w.rak_hash = "sha-512", "tee.cca.binding")
	FAIL(w.rak_hash = "md5", "tee.cca.binding")
	FAIL((NEW_PROFILES, w.profile = "http://arm.com/CCA-SSD/1.0.0"), "tee.cca.profile")
	FAIL(w.realm_profile = "tag:arm.com,2023:realm#1.0.0", "tee.cca.profile")
	FAIL(w.nonce = filled(0xC2, 64), "tee.nonce")
	ABSENT(w.no_key = true, "tee.key.absent")
	ABSENT(w.untrusted_key = true, "tee.key.absent")
	BROKEN(w.tag = 400, "tee.cca.form")
	BROKEN((w.cmw = true, w.cmw_type = 60), "tee.cca.form")
	BROKEN((w.cmw = true, w.cmw_name = "text/plain"), "codec.cbor.type")
	BROKEN(w.no_signer = true, "tee.psa.form")
	BROKEN(w.no_lifecycle = true, "tee.psa.form")
	BROKEN(w.bad_instance = true, "tee.psa.form")
	BROKEN(w.no_rems = true, "codec.cbor.items")
	BROKEN(w.no_platform = true, "tee.cca.form")
	BROKEN(w.no_realm = true, "tee.cca.form")
	BROKEN(w.odd_rim = true, "tee.cca.form")
	BROKEN(w.realm_instance = true, "tee.cca.form")
	for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++) {
		BROKEN(w.no_claim = claims[i], "tee.cca.form")
	}
	make(&w, true);
	forge_expect_no_prefix(&f, &rd_tee_cca, build(&w));
}

static void test_psa(void **state)
{
	bool cca = false;
	struct world w;

	(void)state;
	GOOD((void)0)
	GOOD(w.profile = "tag:psacertified.org,2023:psa#tfm")
	GOOD((w.old_psa = true, w.profile = "PSA_IOT_PROFILE_1"))
	GOOD((w.old_psa = true, w.profile = NULL)) /* the old one's claim is optional */
	GOOD(w.text_keys = true)
	GOOD(w.seed = true)
	FAIL(w.profile = NULL, "tee.psa.profile")
	FAIL(w.signer = other, "tee.psa.signature")
	FAIL(w.profile = "PSA_IOT_PROFILE_1", "tee.psa.profile")
	FAIL(w.old_psa = true, "tee.psa.profile")
	FAIL(w.nonce = filled(0xA2, 32), "tee.nonce")
	ABSENT(w.no_key = true, "tee.key.absent")
	BROKEN(w.mixed = true, "tee.psa.form")
	BROKEN((w.old_psa = w.mixed = true, w.profile = "PSA_IOT_PROFILE_1"), "tee.psa.form")
	BROKEN(w.no_lifecycle = true, "tee.psa.form")
	BROKEN(w.no_client = true, "tee.psa.form")
	BROKEN(w.no_measurement = true, "tee.psa.form")
	BROKEN(w.odd_nonce = true, "tee.psa.form")
	BROKEN(w.many = true, "tee.psa.form")
	make(&w, false);
	build(&w);
	w.in.report = forge_set(&f, w.in.report, 0, 0xD1); /* tag 17 */
	forge_expect_error(&f, &rd_tee_psa, &w.in, "tee.psa.mac", RD_FAULT_REFUSED);
	BROKEN(w.no_signer = true, "tee.psa.form")
	BROKEN(w.bad_instance = true, "tee.psa.form")
	make(&w, false);
	forge_expect_no_prefix(&f, &rd_tee_psa, build(&w));
}

static void test_claims(void **state)
{
	const struct rd_tee_claim *c;
	struct rd_tee_result *r;
	struct world w;

	(void)state;
	make(&w, true);
	r = forge_verify(&f, &rd_tee_cca, build(&w));
	c = rd_tee_claim_find(r, "platform_secured");
	assert_true(c && c->number == 1);
	assert_non_null(rd_tee_claim_find(r, "components.R_MM"));
	make(&w, true);
	V2;
	r = forge_verify(&f, &rd_tee_cca, build(&w));
	c = rd_tee_claim_find(r, "mec_policy");
	assert_true(c && rd_view_eq(c->bytes, rd_view_str("private")));
	make(&w, false);
	w.lifecycle = 0x4000;
	w.seed = true;
	r = forge_verify(&f, &rd_tee_psa, build(&w));
	c = rd_tee_claim_find(r, "secured");
	assert_true(c && c->number == 0);
	assert_non_null(rd_tee_claim_find(r, "boot_seed"));
}

/* Keys as JWK and COSE_Key; one that is off its curve is left aside with a warning. */
static void test_keys(void **state)
{
	static const char *const bad = "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"TKRFE_"
				       "RwSXooI8DdatPOYg_uiKm2XrtT_uEMEvqQZrw\","
				       "\"y\":\"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM\"}";
	struct rd_view point = forge_raw_public(&f, cpak);
	struct rd_collateral pieces[3] = {
		{ .name = "bad.jwk", .bytes = rd_view_str(bad), .trusted = true }
	};
	struct rd_buf b = { .max = 1024 };
	struct rd_tee_result *r;
	struct world w;

	(void)state;
	rd_buf_printf(&b, "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"");
	rd_base64url_put(&b, rd_view_of(point.data + 1, 32));
	rd_buf_printf(&b, "\",\"y\":\"");
	rd_base64url_put(&b, rd_view_of(point.data + 33, 32));
	rd_buf_printf(&b, "\"}");
	pieces[1] = (struct rd_collateral){ .name = "good.jwk",
					    .bytes = forge_keep(&f, &b),
					    .trusted = true };
	make(&w, true);
	build(&w);
	w.in.collateral = pieces;
	w.in.n_collateral = 2;
	r = forge_verify(&f, &rd_tee_cca, &w.in);
	forge_expect_good(r, "a JWK");
	forge_expect(r, "tee.collateral", RD_RESULT_WARNING, "a JWK off its curve");
	w.in.n_collateral = 1;
	forge_expect(forge_verify(&f, &rd_tee_cca, &w.in), "tee.key.absent", RD_RESULT_ABSENT,
		     "the bad one alone");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cca),
		cmocka_unit_test(test_psa),
		cmocka_unit_test(test_claims),
		cmocka_unit_test(test_keys),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
