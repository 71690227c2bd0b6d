/* A PSA token verified with the key that the device's maker endorses. */
#include "psa.h"

#define TAG_MAC0 17u

static bool is_mac0(struct rd_view bytes)
{
	struct rd_cbor_reader r;

	rd_cbor_read_init(&r, bytes, RD_CBOR_TOLERANT);
	return rd_cbor_read_tag(&r) == TAG_MAC0;
}

static void check_profile(struct rd_tee_work *w, const struct rd_psa_claims *c,
			  enum rd_psa_form form)
{
	static const char *const new[] = { "http://arm.com/psa/2.0.0",
					   "tag:psacertified.org,2023:psa#tfm" };
	struct rd_view p = c->profile;
	/* The old profile's claim may be left out (PSA Attestation API 1.0). */
	bool ok = form == RD_PSA_OLD ? !p.len || rd_view_eq(p, rd_view_str("PSA_IOT_PROFILE_1"))
				     : rd_view_eq(p, rd_view_str(new[0])) ||
					       rd_view_eq(p, rd_view_str(new[1]));

	rd_tee_check(w, RD_ASPECT_CRYPTO, ok,
		     (struct rd_tee_words){ "tee.psa.profile", "profile",
					    form == RD_PSA_OLD
						    ? "PSA_IOT_PROFILE_1"
						    : "http://arm.com/psa/2.0.0 or "
						      "tag:psacertified.org,2023:psa#tfm",
					    p.len ? rd_tee_name(w, "%.*s", RD_FMT(p)) : "none" });
}

static bool verify(const struct rd_tee_input *in, struct rd_arena *arena, struct rd_tee_result *out,
		   struct rd_err *err)
{
	struct rd_cose_sign1 sign1;
	struct rd_psa_claims *c = RD_NEW(arena, struct rd_psa_claims, err);
	enum rd_psa_form form;
	struct rd_tee_work w;

	if (!c)
		return false;
	if (is_mac0(in->report))
		return rd_fail(err, RD_FAULT_REFUSED, "tee.psa.mac",
			       "a COSE_Mac0: who can check it can also make it");
	if (!rd_cose_parse(in->report, &sign1, err))
		return false;
	form = rd_psa_form_of(sign1.payload);
	if (!rd_psa_claims_read(sign1.payload, form, c, err))
		return false;
	rd_tee_begin(&w, in, arena, out, err);
	(void)rd_psa_check_signature(&w, &sign1, "tee.psa.signature", "token");
	check_profile(&w, c, form);
	rd_tee_check_nonce(&w, c->nonce);
	rd_psa_claims_put(&w, c, "");
	out->level = RD_LEVEL_HARDWARE;
	out->report_data = c->nonce;
	out->platform_id = c->instance_id;
	return rd_tee_done(&w);
}

static const struct rd_tee_rule rules[] = {
	{ .key = "components",
	  .claim = "components.",
	  .kind = RD_RULE_ONE_OF,
	  .reference = true,
	  .help = "measurements by component, such as SPE" },
	{ .key = "signers",
	  .claim = "signers.",
	  .kind = RD_RULE_ONE_OF,
	  .help = "signers by component" },
	{ .key = "implementation_ids",
	  .claim = "implementation_id",
	  .kind = RD_RULE_ONE_OF,
	  .len = 32,
	  .help = "makes of the device" },
	{ .key = "instance_ids",
	  .claim = "instance_id",
	  .kind = RD_RULE_ONE_OF,
	  .len = 33,
	  .help = "devices that are known" },
	{ .key = "secured",
	  .claim = "secured",
	  .kind = RD_RULE_FLAG,
	  .profile = RD_FLAG_REQUIRED,
	  .strict = RD_FLAG_REQUIRED,
	  .help = "life cycle 3000 to 30ff: no debugging" },
	{ 0 },
};

const struct rd_tee rd_tee_psa = {
	.name = "psa",
	.content_type = "application/psa-attestation-token",
	.level = RD_LEVEL_HARDWARE,
	.rules = rules,
	.codes = rd_psa_codes,
	.verify = verify,
};
