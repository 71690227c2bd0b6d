/* A CCA token verified: platform by its maker's key, realm by the key that the platform vouches
 * for. */
#include "cca.h"

#include "tee/psa/psa.h"

#include <string.h>

#define POINT_P384_LEN 97u

static void crypto(struct rd_tee_work *w, bool ok, struct rd_tee_words words)
{
	rd_tee_check(w, RD_ASPECT_CRYPTO, ok, words);
}

/* RAK: an uncompressed point on P-384, or a COSE_Key since 2023. */
static bool rak_spki(const struct rd_cca_realm *r, struct rd_arena *arena, struct rd_view *spki,
		     struct rd_err *err)
{
	if (r->rak.len == POINT_P384_LEN && r->rak.data[0] == 4)
		return rd_spki_from_point(RD_KEY_P384, r->rak, arena, spki, err);
	return rd_cose_key_spki(r->rak, arena, spki, err);
}

static bool hash_named(struct rd_view name, enum rd_hash *out)
{
	static const struct {
		const char *name;
		enum rd_hash hash;
	} all[] = { { "sha-256", RD_HASH_SHA256 },
		    { "sha-384", RD_HASH_SHA384 },
		    { "sha-512", RD_HASH_SHA512 } };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (rd_view_eq(name, rd_view_str(all[i].name))) {
			*out = all[i].hash;
			return true;
		}
	return false;
}

/* The platform token was made for this realm's key and no other. */
static void check_binding(struct rd_tee_work *w, const struct rd_psa_claims *platform,
			  const struct rd_cca_realm *realm)
{
	struct rd_view bound = platform->workload.len ? platform->workload : platform->nonce;
	uint8_t digest[RD_SHA512_LEN];
	enum rd_hash hash = RD_HASH_SHA256;
	bool known = hash_named(realm->rak_hash, &hash);
	bool hashed = known && rd_hash_parts(hash, &realm->rak, 1, digest, w->err);
	struct rd_view wanted = rd_view_of(digest, hashed ? rd_hash_len(hash) : 0);

	rd_tee_reason(w, (struct rd_reason){
				 .aspect = RD_ASPECT_CRYPTO,
				 .result = hashed && rd_view_eq(bound, wanted) ? RD_RESULT_PASS
									       : RD_RESULT_FAIL,
				 .code = "tee.cca.binding",
				 .claim = "platform challenge",
				 .expected = known ? rd_tee_hex(w, wanted)
						   : rd_view_str("the realm's key hashed with "
								 "sha-256, sha-384 or sha-512"),
				 .found = known ? rd_tee_hex(w, bound) : realm->rak_hash });
}

static void check_realm_signature(struct rd_tee_work *w, const struct rd_cca_token *t,
				  const struct rd_cca_realm *realm)
{
	struct rd_err why = { 0 };
	struct rd_view spki;
	bool ok = rak_spki(realm, w->arena, &spki, &why) &&
		  rd_cose_check_spki(&t->realm, (struct rd_view){ 0 }, spki, &why);

	rd_tee_check_err(w, RD_ASPECT_CRYPTO, ok,
			 (struct rd_tee_words){ "tee.cca.realm.signature", "realm token",
						"signed by the realm's key", "signed" },
			 &why);
}

/* Profiles whose tokens go together.  A realm's may be left out, and the platform's then stands for
 * both; before 2023 it had none. */
static const struct generation {
	const char *platform, *realm;
	bool v2;       /* has a client and a policy of memory encryption */
	bool workload; /* binds the realm by a claim of its own */
} generations[] = {
	{ .platform = "http://arm.com/CCA-SSD/1.0.0" },
	{ .platform = "tag:arm.com,2023:cca_platform#1.0.0",
	  .realm = "tag:arm.com,2023:realm#1.0.0" },
	{ .platform = "tag:arm.com,2024:cca_platform#2.0.0",
	  .realm = "tag:arm.com,2024:realm#2.0.0",
	  .v2 = true },
	{ .platform = "tag:arm.com,2026:cca_platform#2.0.0",
	  .realm = "tag:arm.com,2026:realm#2.0.0",
	  .v2 = true,
	  .workload = true },
	{ .platform = "tag:arm.com,2026:cca_platform#2.0.0;delegated",
	  .realm = "tag:arm.com,2026:realm#2.0.0",
	  .v2 = true,
	  .workload = true },
	{ .platform = "tag:arm.com,2026:cca_platform#2.1.0",
	  .realm = "tag:arm.com,2026:realm#2.0.0",
	  .v2 = true,
	  .workload = true },
	{ .platform = "tag:arm.com,2026:cca_platform#2.1.0;delegated",
	  .realm = "tag:arm.com,2026:realm#2.0.0",
	  .v2 = true,
	  .workload = true },
};
#define CLIENT_RMSD 1 /* realm management security domain */

static const struct generation *generation_of(struct rd_view platform)
{
	for (size_t i = 0; i < sizeof(generations) / sizeof(generations[0]); i++)
		if (rd_view_eq(platform, rd_view_str(generations[i].platform)))
			return &generations[i];
	return NULL;
}

/* What the second version of the profile demands beyond the first; NULL: nothing is missing. */
static const char *lacking(const struct generation *g, const struct rd_psa_claims *p,
			   const struct rd_cca_realm *realm)
{
	if (g->v2 && !(p->has_client && p->client_id == CLIENT_RMSD))
		return "a client that is not the realm management domain";
	if (g->v2 && !realm->mec_policy.len)
		return "no MEC policy";
	if (g->workload && (!p->workload.len || p->nonce.len))
		return "no workload binding, or a challenge beside it";
	if (!g->workload && !p->nonce.len)
		return "no challenge";
	return NULL;
}

/* Both of one generation, with its claims. */
static void check_profiles(struct rd_tee_work *w, const struct rd_psa_claims *p,
			   const struct rd_cca_realm *realm)
{
	const struct generation *g = generation_of(p->profile);
	struct rd_view found = realm->profile.len ? realm->profile : rd_view_str("no profile");
	const char *why = g ? lacking(g, p, realm) : NULL;
	bool same = g && (realm->profile.len == 0 ||
			  (g->realm && rd_view_eq(realm->profile, rd_view_str(g->realm))));

	crypto(w, g != NULL,
	       (struct rd_tee_words){ "tee.cca.profile", "platform profile",
				      "a known one, of the delegated model",
				      rd_tee_name(w, "%.*s", RD_FMT(p->profile)) });
	if (!g)
		return;
	crypto(w, same,
	       (struct rd_tee_words){ "tee.cca.profile", "realm profile",
				      g->realm ? g->realm : "none, as before 2023",
				      rd_tee_name(w, "%.*s", RD_FMT(found)) });
	crypto(w, !why,
	       (struct rd_tee_words){ "tee.cca.profile", "claims", "those of the profile",
				      why ? why : "those" });
}

static void claim_realm(struct rd_tee_work *w, const struct rd_cca_realm *r)
{
	rd_tee_claim_bytes(w, "realm_challenge", r->challenge);
	rd_tee_claim_bytes(w, "personalization", r->personalization);
	rd_tee_claim_bytes(w, "rim", r->rim);
	for (uint32_t i = 0; i < RD_CCA_REMS; i++)
		rd_tee_claim_bytes(w, rd_tee_name(w, "rem.%u", i), r->rem[i]);
	rd_tee_claim_text(w, "realm_hash", r->hash);
	if (r->profile.len)
		rd_tee_claim_text(w, "realm_profile", r->profile);
	if (r->instance_id.len)
		rd_tee_claim_bytes(w, "realm_instance_id", r->instance_id);
	if (r->mec_policy.len)
		rd_tee_claim_text(w, "mec_policy", r->mec_policy);
	rd_tee_claim_bytes(w, "rak", r->rak);
}

static bool verify(const struct rd_tee_input *in, struct rd_arena *arena, struct rd_tee_result *out,
		   struct rd_err *err)
{
	struct rd_psa_claims *platform = RD_NEW(arena, struct rd_psa_claims, err);
	struct rd_cca_realm realm;
	struct rd_cca_token t;
	struct rd_tee_work w;

	if (!platform || !rd_cca_parse(in->report, &t, err) ||
	    !rd_psa_claims_read(t.platform.payload, RD_PSA_CCA_PLATFORM, platform, err) ||
	    !rd_cca_realm_read(t.realm.payload, &realm, err))
		return false;
	rd_tee_begin(&w, in, arena, out, err);
	(void)rd_psa_check_signature(&w, &t.platform, "tee.cca.platform.signature",
				     "platform token");
	check_realm_signature(&w, &t, &realm);
	check_binding(&w, platform, &realm);
	check_profiles(&w, platform, &realm);
	rd_tee_check_nonce(&w, realm.challenge);
	claim_realm(&w, &realm);
	rd_psa_claims_put(&w, platform, "platform_");
	out->level = RD_LEVEL_HARDWARE;
	out->report_data = realm.challenge;
	out->platform_id = platform->instance_id;
	out->platform_digest = realm.rim;
	return rd_tee_done(&w);
}

static const struct rd_tee_rule rules[] = {
	{ .key = "rim",
	  .claim = "rim",
	  .kind = RD_RULE_ONE_OF,
	  .reference = true,
	  .help = "initial measurements of the realm" },
	{ .key = "rem",
	  .claim = "rem.",
	  .kind = RD_RULE_ONE_OF,
	  .help = "extensible measurements of the realm, 0 to 3" },
	{ .key = "personalization",
	  .claim = "personalization",
	  .kind = RD_RULE_ONE_OF,
	  .len = 64,
	  .help = "what the host gave at the realm's creation" },
	{ .key = "mec_policies",
	  .claim = "mec_policy",
	  .kind = RD_RULE_ONE_OF,
	  .value = RD_CLAIM_TEXT,
	  .help = "whose key encrypts the realm's memory: private or shared" },
	{ .key = "components",
	  .claim = "components.",
	  .kind = RD_RULE_ONE_OF,
	  .help = "firmware measurements by component, such as RMM" },
	{ .key = "signers",
	  .claim = "signers.",
	  .kind = RD_RULE_ONE_OF,
	  .help = "signers by component" },
	{ .key = "configs",
	  .claim = "platform_config",
	  .kind = RD_RULE_ONE_OF,
	  .help = "configurations of the platform" },
	{ .key = "implementation_ids",
	  .claim = "platform_implementation_id",
	  .kind = RD_RULE_ONE_OF,
	  .len = 32,
	  .help = "makes of the platform" },
	{ .key = "instance_ids",
	  .claim = "platform_instance_id",
	  .kind = RD_RULE_ONE_OF,
	  .len = 33,
	  .help = "platforms that are known" },
	{ .key = "secured",
	  .claim = "platform_secured",
	  .kind = RD_RULE_FLAG,
	  .profile = RD_FLAG_REQUIRED,
	  .strict = RD_FLAG_REQUIRED,
	  .help = "life cycle 3000 to 30ff: no debugging" },
	{ 0 },
};

const struct rd_tee rd_tee_cca = {
	.name = "cca",
	.content_type = "application/eat-collection; profile=\"http://arm.com/CCA-SSD/1.0.0\"",
	.level = RD_LEVEL_HARDWARE,
	.rules = rules,
	.codes = rd_cca_codes,
	.verify = verify,
};
