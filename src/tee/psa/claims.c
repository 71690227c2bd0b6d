/* The claims of a PSA token or of a CCA platform token. */
#include "psa.h"

#include <string.h>

#define PAIRS_MAX 64u
#define TEXT_MAX 256u
#define OLD_BASE (-75000)

/* What a key of the map means, in either numbering. */
enum meaning {
	UNKNOWN,
	PROFILE,
	CLIENT_ID,
	LIFECYCLE,
	IMPLEMENTATION_ID,
	BOOT_SEED,
	CERTIFICATION,
	COMPONENTS,
	NO_MEASUREMENTS,
	NONCE,
	INSTANCE_ID,
	SERVICE,
	CONFIG,
	HASH,
	WORKLOAD,
};

static enum meaning meaning_of(int64_t key, enum rd_psa_form form)
{
	static const enum meaning old[] = { PROFILE,   CLIENT_ID,     LIFECYCLE,  IMPLEMENTATION_ID,
					    BOOT_SEED, CERTIFICATION, COMPONENTS, NO_MEASUREMENTS,
					    NONCE,     INSTANCE_ID,   SERVICE };
	static const enum meaning new[] = { CLIENT_ID, LIFECYCLE,     IMPLEMENTATION_ID,
					    BOOT_SEED, CERTIFICATION, COMPONENTS,
					    SERVICE,   CONFIG,        HASH };

	if (form == RD_PSA_OLD)
		return key <= OLD_BASE && key > OLD_BASE - 11 ? old[OLD_BASE - key] : UNKNOWN;
	if (key == 10)
		return NONCE;
	if (key == 256)
		return INSTANCE_ID;
	if (key == 265)
		return PROFILE;
	if (key == 268) /* EAT's, as RFC 9783 has it; 2397 before */
		return BOOT_SEED;
	if (key == 2408)
		return WORKLOAD;
	return key >= 2394 && key <= 2402 ? new[key - 2394] : UNKNOWN;
}

int64_t rd_psa_key(struct rd_cbor_reader *r)
{
	enum rd_cbor_kind kind = rd_cbor_peek(r);

	if (kind == RD_CBOR_UINT || kind == RD_CBOR_NINT)
		return rd_cbor_read_int(r, INT32_MIN, INT32_MAX);
	(void)rd_cbor_read_item(r);
	return 0;
}

static struct rd_view digest(struct rd_cbor_reader *r)
{
	struct rd_view v = rd_cbor_read_bytes(r, 32, 64);

	if (v.len != 32 && v.len != 48 && v.len != 64)
		rd_cbor_complain(r, "tee.psa.form", "a hash has not 32, 48 or 64 bytes");
	return v;
}

static void read_component(struct rd_cbor_reader *r, struct rd_psa_component *c)
{
	(void)rd_cbor_enter_map(r, 16);
	while (rd_cbor_more(r)) {
		int64_t key = rd_psa_key(r);

		if (key == 1)
			c->type = rd_cbor_read_text(r, 0, TEXT_MAX);
		else if (key == 2)
			c->measurement = digest(r);
		else if (key == 4)
			c->version = rd_cbor_read_text(r, 0, TEXT_MAX);
		else if (key == 5)
			c->signer = digest(r);
		else if (key == 6)
			c->hash = rd_cbor_read_text(r, 0, TEXT_MAX);
		else
			(void)rd_cbor_read_item(r);
	}
	rd_cbor_leave(r);
	if (!c->measurement.len || !c->signer.len)
		rd_cbor_complain(r, "tee.psa.form", "a component without measurement or signer");
}

static void read_components(struct rd_cbor_reader *r, struct rd_psa_claims *c)
{
	(void)rd_cbor_enter_array_upto(r, 1, RD_PSA_COMPONENTS_MAX);
	while (rd_cbor_more(r)) {
		if (c->n_components == RD_PSA_COMPONENTS_MAX) {
			rd_cbor_complain(r, "tee.psa.form", "too many components");
			return;
		}
		read_component(r, &c->component[c->n_components++]);
	}
	rd_cbor_leave(r);
}

static void read_claim(struct rd_cbor_reader *r, enum meaning meaning, struct rd_psa_claims *c)
{
	switch (meaning) {
	case PROFILE:
		c->profile = rd_cbor_read_text(r, 1, TEXT_MAX);
		break;
	case CLIENT_ID:
		c->client_id = rd_cbor_read_int(r, INT32_MIN, INT32_MAX);
		c->has_client = true;
		break;
	case LIFECYCLE:
		c->lifecycle = (uint32_t)rd_cbor_read_uint(r, UINT16_MAX);
		c->has_lifecycle = true;
		break;
	case IMPLEMENTATION_ID:
		c->implementation_id = rd_cbor_read_bytes(r, 32, 32);
		break;
	case BOOT_SEED:
		c->boot_seed = rd_cbor_read_bytes(r, 8, 32);
		break;
	case CERTIFICATION:
		c->certification = rd_cbor_read_text(r, 1, TEXT_MAX);
		break;
	case COMPONENTS:
		read_components(r, c);
		break;
	case NO_MEASUREMENTS:
		c->no_measurements = rd_cbor_read_uint(r, 1) == 1;
		break;
	case NONCE:
		c->nonce = digest(r);
		break;
	case INSTANCE_ID:
		c->instance_id = rd_cbor_read_bytes(r, 33, 33);
		break;
	case SERVICE:
		c->service = rd_cbor_read_text(r, 1, TEXT_MAX);
		break;
	case CONFIG:
		c->config = rd_cbor_read_bytes(r, 0, 4096);
		break;
	case HASH:
		c->hash = rd_cbor_read_text(r, 1, TEXT_MAX);
		break;
	case WORKLOAD:
		c->workload = digest(r);
		break;
	case UNKNOWN:
		(void)rd_cbor_read_item(r);
		break;
	}
}

/* Registered keys are positive, those of the old profile below -75000: one token has one sort. */
static bool of_other_form(int64_t key, enum rd_psa_form form)
{
	return meaning_of(key, form == RD_PSA_OLD ? RD_PSA_NEW : RD_PSA_OLD) != UNKNOWN;
}

enum rd_psa_form rd_psa_form_of(struct rd_view payload)
{
	struct rd_cbor_reader r;
	bool old = false;

	rd_cbor_read_init(&r, payload, RD_CBOR_TOLERANT);
	(void)rd_cbor_enter_map(&r, PAIRS_MAX);
	while (rd_cbor_more(&r)) {
		old = meaning_of(rd_psa_key(&r), RD_PSA_OLD) != UNKNOWN || old;
		(void)rd_cbor_read_item(&r);
	}
	return old ? RD_PSA_OLD : RD_PSA_NEW;
}

/* The first claim that must be there and is not, or must not be and is; else NULL. */
static const char *lacking(const struct rd_psa_claims *c, enum rd_psa_form form)
{
	bool cca = form == RD_PSA_CCA_PLATFORM;

	if (!c->nonce.len && !c->workload.len)
		return "there is no nonce";
	if (!c->instance_id.len)
		return "there is no instance id";
	if (c->instance_id.data[0] != 1)
		return "the instance id does not begin with 01";
	if (!c->implementation_id.len)
		return "there is no implementation id";
	if (!c->has_lifecycle)
		return "there is no lifecycle";
	if (c->n_components && c->no_measurements)
		return "there are components, and it says there are none";
	if (!c->n_components && (cca || !c->no_measurements))
		return "there are no software components";
	if (cca)
		return !c->profile.len   ? "there is no profile"
		       : !c->config.data ? "there is no platform config"
		       : !c->hash.len    ? "there is no hash algorithm"
					 : NULL;
	if (!c->has_client)
		return "there is no client id";
	return c->config.data || c->hash.len ? "it has claims of a CCA platform" : NULL;
}

bool rd_psa_claims_read(struct rd_view payload, enum rd_psa_form form, struct rd_psa_claims *out,
			struct rd_err *err)
{
	struct rd_cbor_reader r;
	const char *why;

	*out = (struct rd_psa_claims){ 0 };
	rd_cbor_read_init(&r, payload, RD_CBOR_TOLERANT);
	(void)rd_cbor_enter_map(&r, PAIRS_MAX);
	while (rd_cbor_more(&r)) {
		int64_t key = rd_psa_key(&r);

		if (of_other_form(key, form))
			rd_cbor_complain(&r, "tee.psa.form", "claims of two profiles");
		read_claim(&r, meaning_of(key, form), out);
	}
	rd_cbor_leave(&r);
	if (!rd_cbor_finish(&r, err))
		return false;
	why = lacking(out, form);
	return !why || rd_fail(err, RD_FAULT_MALFORMED, "tee.psa.form", "claims: %s", why);
}

/* ---- into the result ------------------------------------------------------------------------- */

/* A component's name as a part of a claim's: dots would nest. */
static const char *label(struct rd_tee_work *w, const struct rd_psa_claims *c, uint32_t i)
{
	struct rd_view type = c->component[i].type;
	const char *name;
	char *at;

	for (uint32_t k = 0; k < c->n_components && type.len; k++)
		if (k != i && rd_view_eq(c->component[k].type, type))
			return rd_tee_name(w, "%u", i);
	if (!type.len)
		return rd_tee_name(w, "%u", i);
	name = rd_tee_name(w, "%.*s", (int)(type.len < 64 ? type.len : 64),
			   (const char *)type.data);
	for (at = (char *)(uintptr_t)name; (at = strchr(at, '.')) != NULL;)
		*at = '_';
	return name;
}

static void put_bytes(struct rd_tee_work *w, const char *prefix, const char *name,
		      struct rd_view bytes)
{
	if (bytes.len)
		rd_tee_claim_bytes(w, rd_tee_name(w, "%s%s", prefix, name), bytes);
}

static void put_text(struct rd_tee_work *w, const char *prefix, const char *name,
		     struct rd_view text)
{
	if (text.len)
		rd_tee_claim_text(w, rd_tee_name(w, "%s%s", prefix, name), text);
}

void rd_psa_claims_put(struct rd_tee_work *w, const struct rd_psa_claims *c, const char *prefix)
{
	put_text(w, prefix, "profile", c->profile);
	put_bytes(w, prefix, "nonce", c->nonce);
	put_bytes(w, prefix, "workload_binding", c->workload);
	put_bytes(w, prefix, "instance_id", c->instance_id);
	put_bytes(w, prefix, "implementation_id", c->implementation_id);
	put_bytes(w, prefix, "boot_seed", c->boot_seed);
	put_bytes(w, prefix, "config", c->config);
	put_text(w, prefix, "hash", c->hash);
	put_text(w, prefix, "certification_reference", c->certification);
	put_text(w, prefix, "verification_service", c->service);
	rd_tee_claim_uint(w, rd_tee_name(w, "%slifecycle", prefix), c->lifecycle);
	rd_tee_claim_bool(w, rd_tee_name(w, "%ssecured", prefix), c->lifecycle >> 8 == 0x30);
	if (c->has_client)
		rd_tee_claim_text(w, rd_tee_name(w, "%sclient_id", prefix),
				  rd_view_str(rd_tee_name(w, "%lld", (long long)c->client_id)));
	for (uint32_t i = 0; i < c->n_components; i++) {
		const char *name = label(w, c, i);

		rd_tee_claim_bytes(w, rd_tee_name(w, "components.%s", name),
				   c->component[i].measurement);
		if (c->component[i].signer.len)
			rd_tee_claim_bytes(w, rd_tee_name(w, "signers.%s", name),
					   c->component[i].signer);
		if (c->component[i].version.len)
			rd_tee_claim_text(w, rd_tee_name(w, "versions.%s", name),
					  c->component[i].version);
	}
}

struct rd_view rd_psa_check_signature(struct rd_tee_work *w, const struct rd_cose_sign1 *sign1,
				      const char *code, const char *claim)
{
	struct rd_view keys[RD_PSA_KEYS_MAX], used = { 0 };
	uint32_t n = rd_tee_keys(w, keys, RD_PSA_KEYS_MAX);
	struct rd_err why = { 0 };

	for (uint32_t i = 0; i < n && !used.len; i++) {
		why = (struct rd_err){ 0 };
		if (rd_cose_check_spki(sign1, (struct rd_view){ 0 }, keys[i], &why))
			used = keys[i];
	}
	if (n == 0)
		rd_tee_reason(w, (struct rd_reason){
					 .aspect = RD_ASPECT_CRYPTO,
					 .result = RD_RESULT_ABSENT,
					 .code = "tee.key.absent",
					 .claim = claim,
					 .expected = rd_view_str("its maker's key, in PEM, JWK or "
								 "COSE_Key"),
					 .found = rd_view_str("none among the collateral") });
	else
		rd_tee_check_err(w, RD_ASPECT_CRYPTO, used.len != 0,
				 (struct rd_tee_words){ code, claim, "signed by its maker's key",
							"signed" },
				 &why);
	return used;
}
