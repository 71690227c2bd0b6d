/* Entity attestation tokens (RFC 9711) of whatever profile: JWT, CWT, claims alone, and bundles
 * with detached claims.  Each registered claim is of the type that the RFC gives it. */
#include "eat.h"

#include <string.h>

#define TAG_UCCS 601u
#define TAG_BUNDLE 602u

/* clang-format off */
const struct rd_eat_claim rd_eat_claims[] = {
	{ 1,   "iss",          RD_EAT_IS_TEXT,    1, 1024 },
	{ 2,   "sub",          RD_EAT_IS_TEXT,    1, 1024 },
	{ 3,   "aud",          RD_EAT_IS_ANY,     0, 0 },
	{ 4,   "exp",          RD_EAT_IS_TIME,    0, 0 },
	{ 5,   "nbf",          RD_EAT_IS_TIME,    0, 0 },
	{ 6,   "iat",          RD_EAT_IS_TIME,    0, 0 },
	{ 7,   "cti",          RD_EAT_IS_BYTES,   1, 64 },
	{ 10,  "eat_nonce",    RD_EAT_IS_NONCE,   8, 64 },
	{ 256, "ueid",         RD_EAT_IS_BYTES,   7, 33 },
	{ 257, "sueids",       RD_EAT_IS_MAP,     1, 0 },
	{ 258, "oemid",        RD_EAT_IS_OEM,     3, 16 },
	{ 259, "hwmodel",      RD_EAT_IS_BYTES,   1, 32 },
	{ 260, "hwversion",    RD_EAT_IS_VERSION, 1, 256 },
	{ 261, "uptime",       RD_EAT_IS_UINT,    0, 0 },
	{ 262, "oemboot",      RD_EAT_IS_BOOL,    0, 0 },
	{ 263, "dbgstat",      RD_EAT_IS_DEBUG,   0, 4 },
	{ 264, "location",     RD_EAT_IS_MAP,     1, 0 },
	{ 265, "eat_profile",  RD_EAT_IS_PROFILE, 1, 512 },
	{ 266, "submods",      RD_EAT_IS_SUBMODS, 1, 0 },
	{ 267, "bootcount",    RD_EAT_IS_UINT,    0, 0 },
	{ 268, "bootseed",     RD_EAT_IS_BYTES,   1, 64 },
	{ 269, "dloas",        RD_EAT_IS_LIST,    1, 0 },
	{ 270, "swname",       RD_EAT_IS_TEXT,    0, 1024 },
	{ 271, "swversion",    RD_EAT_IS_VERSION, 1, 256 },
	{ 272, "manifests",    RD_EAT_IS_LIST,    1, 0 },
	{ 273, "measurements", RD_EAT_IS_LIST,    1, 0 },
	{ 274, "measres",      RD_EAT_IS_LIST,    1, 0 },
	{ 275, "intuse",       RD_EAT_IS_USE,     1, 5 },
	{ 0, NULL, RD_EAT_IS_ANY, 0, 0 },
};
/* clang-format on */

const char *const rd_eat_debug[] = { "enabled", "disabled", "disabled-since-boot",
				     "disabled-permanently", "disabled-fully-and-permanently" };
const char *const rd_eat_uses[] = { "generic", "registration", "provisioning", "csr", "pop" };

bool rd_eat_malformed(struct rd_err *err, const char *claim, const char *what)
{
	return rd_fail(err, RD_FAULT_MALFORMED, "rats.eat.form", "%s: %s", claim, what);
}

const char *rd_eat_name(struct rd_eat *e, const char *name)
{
	return e->prefix[0] ? rd_tee_name(e->w, "%s.%s", e->prefix, name) : name;
}

void rd_eat_claim_time(struct rd_eat *e, int64_t key, const char *name, int64_t unix_s)
{
	rd_tee_claim_time(e->w, name, unix_s);
	if (e->prefix[0])
		return;
	e->has_iat = e->has_iat || key == 6;
	e->has_exp = e->has_exp || key == 4;
	e->has_nbf = e->has_nbf || key == 5;
	e->iat = key == 6 ? unix_s : e->iat;
	e->exp = key == 4 ? unix_s : e->exp;
	e->nbf = key == 5 ? unix_s : e->nbf;
}

void rd_eat_debug_claim(struct rd_eat *e, uint64_t status)
{
	rd_tee_claim_text(e->w, rd_eat_name(e, "dbgstat"), rd_view_str(rd_eat_debug[status]));
	e->has_debug = true;
	e->debug = e->debug || status == 0;
}

void rd_eat_nonce(struct rd_eat *e, struct rd_view nonce, struct rd_view decoded)
{
	struct rd_view wanted = e->w->in->nonce, shown = decoded.len ? decoded : nonce;
	bool equal = wanted.len && (rd_view_eq(nonce, wanted) || rd_view_eq(decoded, wanted));

	/* A submodule's nonce is its own. */
	if (e->prefix[0])
		return;
	if (!e->nonce.len || equal)
		e->nonce = equal ? wanted : shown;
}

void rd_eat_unread(struct rd_eat *e, const char *name, const char *what)
{
	rd_tee_claim_text(e->w, rd_eat_name(e, name), rd_view_str(what));
	rd_tee_reason(e->w, (struct rd_reason){ .aspect = RD_ASPECT_CRYPTO,
						.result = RD_RESULT_WARNING,
						.code = "rats.eat.nested",
						.claim = name,
						.expected = rd_view_str("claims"),
						.found = rd_view_str(what) });
}

bool rd_eat_digest(struct rd_eat *e, struct rd_view name, enum rd_hash hash, struct rd_view digest)
{
	if (e->n_digests == RD_EAT_DIGESTS_MAX)
		return rd_eat_malformed(e->w->err, "submods", "more than 16 digests");
	e->digest[e->n_digests++] = (struct rd_eat_digest){ name, hash, digest };
	return true;
}

/* ---- bundles --------------------------------------------------------------------------------- */

bool rd_eat_detached(struct rd_eat *e, struct rd_view name, struct rd_view claims)
{
	uint8_t found[RD_SHA512_LEN];
	bool ok = false;

	for (uint32_t i = 0; i < e->n_digests && !ok; i++) {
		const struct rd_eat_digest *d = &e->digest[i];

		if (!rd_view_eq(d->name, name))
			continue;
		if (!rd_hash_parts(d->hash, &claims, 1, found, e->w->err))
			return false;
		ok = rd_view_eq(d->digest, rd_view_of(found, d->digest.len));
	}
	rd_tee_check(e->w, RD_ASPECT_CRYPTO, ok,
		     (struct rd_tee_words){ "rats.eat.detached",
					    rd_rats_part_name(e->w, name, e->n_digests),
					    "detached claims of a digest in the token",
					    ok ? "that" : "another digest, or none" });
	return true;
}

/* ---- verify ---------------------------------------------------------------------------------- */

static bool check_jws(const void *jws, struct rd_view spki, struct rd_err *err)
{
	return rd_jws_check(jws, spki, err);
}

static bool read_jwt(struct rd_eat *e, struct rd_view text)
{
	struct rd_jws jws;

	if (!rd_jws_parse(text, e->w->arena, &jws, e->w->err) || !rd_eat_json(e, jws.payload))
		return false;
	rd_rats_check_keys(e->w, check_jws, &jws, "rats.eat.signature");
	return true;
}

static bool read_cwt(struct rd_eat *e, struct rd_view object)
{
	struct rd_cose_sign1 sign1;

	return rd_cose_parse(object, &sign1, e->w->err) && rd_eat_cbor(e, sign1.payload) &&
	       rd_rats_check_signer(e->w, &sign1, "rats.eat.signature");
}

bool rd_eat_token(struct rd_eat *e, struct rd_view in)
{
	struct rd_cbor_reader r;
	uint64_t tag = 0;

	if (in.len && in.data[0] == '{') {
		rd_rats_unsigned(e->w);
		return rd_eat_json(e, in);
	}
	if (in.len && in.data[0] < 0x80)
		return read_jwt(e, in);
	rd_cbor_read_init(&r, in, RD_CBOR_TOLERANT);
	if (rd_cbor_peek(&r) == RD_CBOR_TAG)
		tag = rd_cbor_read_tag(&r);
	if (tag == TAG_UCCS || rd_cbor_peek(&r) == RD_CBOR_MAP) {
		rd_rats_unsigned(e->w);
		return rd_eat_cbor(e, tag == TAG_UCCS ? rd_view_of(in.data + 3, in.len - 3) : in);
	}
	return read_cwt(e, in);
}

static void check_times(struct rd_tee_work *w, const struct rd_eat *e)
{
	int64_t now = w->in->now_unix_s;
	bool early = (e->has_nbf && e->nbf > now) || (e->has_iat && e->iat > now);
	bool late = e->has_exp && e->exp <= now;

	if (now < 0 || !(e->has_nbf || e->has_iat || e->has_exp))
		return;
	rd_tee_check(w, RD_ASPECT_CRYPTO, !early && !late,
		     (struct rd_tee_words){ "rats.eat.time", "iat",
					    "issued before the time of verification, not expired",
					    early  ? "not valid yet"
					    : late ? "expired"
						   : "that" });
}

static bool verify(const struct rd_tee_input *in, struct rd_arena *arena, struct rd_tee_result *out,
		   struct rd_err *err)
{
	static const uint8_t bundle[] = { 0xd9, TAG_BUNDLE >> 8, TAG_BUNDLE & 0xff };
	struct rd_eat *e = RD_NEW(arena, struct rd_eat, err);
	struct rd_tee_work w;
	bool ok;

	if (!e)
		return false;
	rd_tee_begin(&w, in, arena, out, err);
	*e = (struct rd_eat){ .w = &w, .prefix = "" };
	if (in->report.len && in->report.data[0] == '[')
		ok = rd_eat_json_bundle(e, in->report);
	else if (rd_view_starts(in->report, rd_view_of(bundle, sizeof(bundle))))
		ok = rd_eat_cbor_bundle(e, in->report);
	else
		ok = rd_eat_token(e, in->report);
	for (size_t i = 0; ok && i < out->n_claims; i++)
		if (strcmp(out->claim[i].name, "eat_profile") == 0 &&
		    rd_rats_is_ear(out->claim[i].bytes))
			return rd_fail(err, RD_FAULT_REFUSED, "rats.eat.result",
				       "an attestation result: verify it as type ear, which reads "
				       "its statuses");
	if (!ok)
		return w.failed || !err->code ? false : rd_wrap(err, "EAT");
	if (e->has_debug)
		rd_tee_claim_bool(&w, "debug", e->debug);
	out->debug = e->debug;
	check_times(&w, e);
	rd_tee_check_nonce(&w, e->nonce);
	return rd_tee_done(&w);
}

static const struct rd_tee_rule rules[] = {
	{ .key = "profiles",
	  .claim = "eat_profile",
	  .kind = RD_RULE_ONE_OF,
	  .value = RD_CLAIM_TEXT,
	  .reference = true,
	  .help = "profiles: what the other claims mean" },
	{ .key = "ueids",
	  .claim = "ueid",
	  .kind = RD_RULE_ONE_OF,
	  .help = "devices by their universal id" },
	{ .key = "oemids",
	  .claim = "oemid",
	  .kind = RD_RULE_ONE_OF,
	  .value = RD_CLAIM_TEXT,
	  .help = "makers" },
	{ .key = "swnames",
	  .claim = "swname",
	  .kind = RD_RULE_ONE_OF,
	  .value = RD_CLAIM_TEXT,
	  .help = "names of the software" },
	{ .key = "swversions",
	  .claim = "swversion",
	  .kind = RD_RULE_ONE_OF,
	  .value = RD_CLAIM_TEXT,
	  .help = "versions of the software" },
	{ .key = "debug",
	  .claim = "debug",
	  .kind = RD_RULE_FLAG,
	  .profile = RD_FLAG_FORBIDDEN,
	  .strict = RD_FLAG_FORBIDDEN,
	  .help = "it can be debugged, or a part of it" },
	{ .key = "oemboot",
	  .claim = "oemboot",
	  .kind = RD_RULE_FLAG,
	  .help = "it booted software of its maker" },
	{ .key = "max_age",
	  .claim = "iat",
	  .kind = RD_RULE_MAX_AGE,
	  .help = "days since it was issued" },
	{ 0 },
};

const struct rd_tee rd_rats_eat = {
	.name = "eat",
	.content_type = "application/eat+cwt",
	.rules = rules,
	.verify = verify,
};
