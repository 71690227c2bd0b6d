/* Attestation results: draft-ietf-rats-ear as JWT and CWT, the tiers of draft-ietf-rats-ar4si. */
#include "rats_int.h"

#include <stdio.h>
#include <string.h>

#define SUBMODS_MAX 16u
#define VECTOR_MAX 8u
#define NAME_MAX_LEN 64u
#define NONCES_MAX 8u

/* The claims of a trustworthiness vector, by number. */
static const char *const vector_names[VECTOR_MAX] = {
	"instance-identity", "configuration",  "executables",    "file-system",
	"hardware",          "runtime-opaque", "storage-opaque", "sourced-data",
};

struct submod {
	struct rd_view name;
	enum rd_ear_tier status;
	uint32_t has_value; /* mask over vector_names */
	int64_t value[VECTOR_MAX];
};
struct ear {
	struct rd_view profile, developer, build;
	uint32_t n_nonces;
	/* In JSON a nonce is text, of which most is base64url: `decoded` then, else empty. */
	struct rd_view nonce[NONCES_MAX], decoded[NONCES_MAX];
	bool has_status; /* of the whole, beside those of its parts */
	enum rd_ear_tier status;
	bool has_iat, has_exp, has_nbf;
	int64_t iat, exp, nbf;
	uint32_t n;
	struct submod submod[SUBMODS_MAX];
};

static const struct {
	const char *name;
	enum rd_ear_tier tier;
} tiers[] = { { "none", RD_EAR_NONE },
	      { "affirming", RD_EAR_AFFIRMING },
	      { "warning", RD_EAR_WARNING },
	      { "contraindicated", RD_EAR_CONTRAINDICATED } };

/* Profiles, by the names that their JSON uses: "ear.status" or "ear_status". */
static const struct {
	const char *profile;
	bool dotted;
} profiles[] = {
	{ RD_EAR_PROFILE, false },
	{ RD_EAR_PROFILE_OLD, true },
	{ "tag:ietf.org,2025-07:ear", true },
	{ "tag:github.com,2024:confidential-containers/Trustee", true },
};

#define N_PROFILES (sizeof(profiles) / sizeof(profiles[0]))

/* Its number; N_PROFILES: none that is known. */
static size_t profile_of(struct rd_view name)
{
	size_t i = 0;

	while (i < N_PROFILES && !rd_view_eq(name, rd_view_str(profiles[i].profile)))
		i++;
	return i;
}

bool rd_rats_is_ear(struct rd_view profile)
{
	return profile_of(profile) < N_PROFILES;
}

const char *rd_ear_tier_name(enum rd_ear_tier tier)
{
	for (size_t i = 0; i < 4; i++)
		if (tiers[i].tier == tier)
			return tiers[i].name;
	return "none";
}

enum rd_ear_tier rd_ear_tier_of(int64_t v)
{
	if (v >= -1 && v <= 1)
		return RD_EAR_NONE;
	if (v >= -32 && v <= 31)
		return RD_EAR_AFFIRMING;
	return v >= -96 && v <= 95 ? RD_EAR_WARNING : RD_EAR_CONTRAINDICATED;
}

static bool malformed(struct rd_err *err, const char *what)
{
	return rd_fail(err, RD_FAULT_MALFORMED, "rats.ear.form", "EAR: %s", what);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

/* Seconds, also as 1.666e9 or with a fraction, which is cut. */
static bool json_time(const struct rd_doc *doc, const char *key, bool *has, int64_t *out,
		      struct rd_err *err)
{
	const struct rd_doc *d = rd_doc_get(doc, key);
	struct rd_err unused = { 0 };
	struct rd_view text;
	const uint8_t *dot;

	*has = d != NULL;
	if (!d)
		return true;
	text = d->text;
	dot = text.len ? memchr(text.data, '.', text.len) : NULL;
	if (dot && !memchr(text.data, 'e', text.len))
		text.len = (size_t)(dot - text.data);
	return (d->kind == RD_DOC_SCALAR && !d->quoted &&
		rd_parse_i64(text, 0, INT64_MAX, out, &unused)) ||
	       malformed(err, "a time that is no number");
}

/* A tier by its name or its number (AR4SI: 0, 2, 32, 96), and nothing between. */
static bool json_status(const struct rd_doc *d, enum rd_ear_tier *out, struct rd_err *err)
{
	struct rd_err unused = { 0 };
	int64_t number = -1;
	bool is_number = d->kind == RD_DOC_SCALAR && !d->quoted &&
			 rd_parse_i64(d->text, 0, 127, &number, &unused);

	for (size_t i = 0; i < 4 && d->kind == RD_DOC_SCALAR; i++)
		if (is_number ? number == (int64_t)tiers[i].tier
			      : d->quoted && rd_view_eq(d->text, rd_view_str(tiers[i].name))) {
			*out = tiers[i].tier;
			return true;
		}
	return malformed(err, "a status that is none");
}

static bool json_vector(const struct rd_doc *d, struct submod *s, struct rd_err *err)
{
	struct rd_err unused = { 0 };

	if (d->kind != RD_DOC_MAP)
		return malformed(err, "a trustworthiness vector that is no object");
	for (uint32_t i = 0; i < d->n; i++) {
		uint32_t k = 0;

		while (k < VECTOR_MAX && !rd_view_eq(d->item[i].key, rd_view_str(vector_names[k])))
			k++;
		if (k == VECTOR_MAX || d->item[i].quoted ||
		    !rd_parse_i64(d->item[i].text, -128, 127, &s->value[k], &unused))
			return malformed(err, "a trustworthiness vector with an unknown claim");
		s->has_value |= 1u << k;
	}
	return true;
}

/* Veraison's extension: a key that was attested must be there to be used. */
static bool json_key(const struct rd_doc *d, struct rd_err *err)
{
	const struct rd_doc *key = d->kind == RD_DOC_MAP ? rd_doc_get(d, "akpub") : NULL;

	return (key && key->kind == RD_DOC_SCALAR && key->text.len) ||
	       malformed(err, "a key attestation without a key");
}

/* What a member is called: the known profiles' way, or whichever there is in one that is not. */
struct names {
	const char *status, *vector, *key, *verifier;
};
static const struct names dotted = { "ear.status", "ear.trustworthiness-vector",
				     "ear.veraison.key-attestation", "ear.verifier-id" };
static const struct names underscored = { "ear_status", "ear_trustworthiness_vector",
					  "ear_veraison_key_attestation", "ear_verifier_id" };

static bool json_submod(const struct rd_doc *doc, const struct names *names, struct submod *s,
			struct rd_err *err)
{
	const struct rd_doc *status = rd_doc_get(doc, names->status);
	const struct rd_doc *vector = rd_doc_get(doc, names->vector);
	const struct rd_doc *key = rd_doc_get(doc, names->key);

	s->name = doc->key;
	if (!status)
		return malformed(err, "a submodule without a status of its profile's name");
	return json_status(status, &s->status, err) && (!vector || json_vector(vector, s, err)) &&
	       (!key || json_key(key, err));
}

static bool json_submods(const struct rd_doc *submods, const struct names *names, struct ear *e,
			 struct rd_err *err)
{
	if (!submods || submods->kind != RD_DOC_MAP || submods->n == 0 || submods->n > SUBMODS_MAX)
		return malformed(err, "not 1 to 16 submods");
	for (uint32_t i = 0; i < submods->n; i++)
		if (!json_submod(&submods->item[i], names, &e->submod[e->n++], err))
			return false;
	return true;
}

/* One nonce, or a list of them (RFC 9711 section 4.1). */
static bool json_nonces(const struct rd_doc *d, struct rd_arena *arena, struct ear *e,
			struct rd_err *err)
{
	uint32_t n = d->kind == RD_DOC_LIST ? d->n : 1;

	if (n == 0 || n > NONCES_MAX)
		return malformed(err, "not 1 to 8 nonces");
	for (uint32_t i = 0; i < n; i++) {
		const struct rd_doc *one = d->kind == RD_DOC_LIST ? &d->item[i] : d;
		struct rd_err unused = { 0 };

		if (!one->quoted || one->text.len == 0 || one->text.len > 2 * RD_NONCE_MAX)
			return malformed(err, "a nonce that is no text");
		e->nonce[i] = one->text;
		if (!rd_base64_decode(one->text, arena, &e->decoded[i], &unused))
			e->decoded[i] = (struct rd_view){ 0 };
	}
	e->n_nonces = n;
	return true;
}

static bool json_verifier(const struct rd_doc *d, struct ear *e, struct rd_err *err)
{
	const struct rd_doc *developer = d ? rd_doc_get(d, "developer") : NULL;
	const struct rd_doc *build = d ? rd_doc_get(d, "build") : NULL;

	if (!developer || developer->kind != RD_DOC_SCALAR || !build ||
	    build->kind != RD_DOC_SCALAR)
		return malformed(err, "no verifier's id with its developer and build");
	e->developer = developer->text;
	e->build = build->text;
	return true;
}

static bool json_claims(struct rd_view payload, struct rd_arena *arena, struct ear *e,
			struct rd_err *err)
{
	const struct rd_doc *doc, *profile, *nonce, *status;
	const struct names *names;
	size_t known;

	if (!rd_json_parse(arena, "EAR", payload, &doc, err))
		return false;
	profile = rd_doc_get(doc, "eat_profile");
	nonce = rd_doc_get(doc, "eat_nonce");
	if (!profile || profile->kind != RD_DOC_SCALAR)
		return malformed(err, "no eat_profile");
	e->profile = profile->text;
	known = profile_of(e->profile);
	names = known < N_PROFILES ? (profiles[known].dotted ? &dotted : &underscored)
		: rd_doc_get(doc, dotted.verifier) ? &dotted
						   : &underscored;
	status = rd_doc_get(doc, names->status);
	e->has_status = status != NULL;
	return (!status || json_status(status, &e->status, err)) &&
	       json_verifier(rd_doc_get(doc, names->verifier), e, err) &&
	       json_submods(rd_doc_get(doc, "submods"), names, e, err) &&
	       (!nonce || json_nonces(nonce, arena, e, err)) &&
	       json_time(doc, "iat", &e->has_iat, &e->iat, err) &&
	       json_time(doc, "exp", &e->has_exp, &e->exp, err) &&
	       json_time(doc, "nbf", &e->has_nbf, &e->nbf, err);
}

/* ---- CBOR ------------------------------------------------------------------------------------ */

/* Claims of CWT, EAT and EAR, by number. */
#define KEY_EXP 4
#define KEY_NBF 5
#define KEY_IAT 6
#define KEY_NONCE 10
#define KEY_PROFILE 265
#define KEY_SUBMODS 266
#define KEY_STATUS 1000
#define KEY_VECTOR 1001
#define KEY_VERIFIER 1004

static void cbor_vector(struct rd_cbor_reader *r, struct submod *s)
{
	(void)rd_cbor_enter_map(r, VECTOR_MAX);
	while (rd_cbor_more(r)) {
		uint64_t k = rd_cbor_read_uint(r, VECTOR_MAX - 1);

		s->value[k] = rd_cbor_read_int(r, -128, 127);
		s->has_value |= 1u << k;
	}
	rd_cbor_leave(r);
}

static enum rd_ear_tier cbor_status(struct rd_cbor_reader *r)
{
	int64_t number = rd_cbor_read_int(r, 0, 127);

	for (size_t i = 0; i < 4; i++)
		if (number == (int64_t)tiers[i].tier)
			return tiers[i].tier;
	rd_cbor_complain(r, "rats.ear.form", "a status that is none");
	return RD_EAR_CONTRAINDICATED;
}

/* Keys are numbers here; claims of others may be named. */
static int64_t cbor_key(struct rd_cbor_reader *r)
{
	enum rd_cbor_kind kind = rd_cbor_peek(r);

	if (kind == RD_CBOR_UINT || kind == RD_CBOR_NINT)
		return rd_cbor_read_int(r, INT32_MIN, INT32_MAX);
	(void)rd_cbor_read_item(r);
	return INT64_MAX;
}

static void cbor_submod(struct rd_cbor_reader *r, struct submod *s)
{
	bool has_status = false;

	(void)rd_cbor_enter_map(r, 32);
	while (rd_cbor_more(r)) {
		int64_t key = cbor_key(r);

		if (key == KEY_STATUS) {
			s->status = cbor_status(r);
			has_status = true;
		} else if (key == KEY_VECTOR) {
			cbor_vector(r, s);
		} else {
			(void)rd_cbor_read_item(r);
		}
	}
	rd_cbor_leave(r);
	if (!has_status)
		rd_cbor_complain(r, "rats.ear.form", "a submodule without a status");
}

static void cbor_submods(struct rd_cbor_reader *r, struct ear *e)
{
	(void)rd_cbor_enter_map(r, SUBMODS_MAX);
	while (rd_cbor_more(r) && e->n < SUBMODS_MAX) {
		struct submod *s = &e->submod[e->n++];

		s->name = rd_cbor_read_text(r, 1, NAME_MAX_LEN);
		cbor_submod(r, s);
	}
	rd_cbor_leave(r);
}

/* RFC 8392's NumericDate may have a fraction, which is cut. */
static int64_t cbor_time(struct rd_cbor_reader *r, bool *has)
{
	double value;

	*has = true;
	if (rd_cbor_peek(r) != RD_CBOR_SIMPLE)
		return (int64_t)rd_cbor_read_uint(r, INT64_MAX);
	value = rd_cbor_read_double(r);
	if (value >= 0 && value < 0x1p53)
		return (int64_t)value;
	rd_cbor_complain(r, "rats.ear.form", "a time that is none");
	return 0;
}

static void cbor_nonces(struct rd_cbor_reader *r, struct ear *e)
{
	if (rd_cbor_peek(r) != RD_CBOR_ARRAY) {
		e->nonce[0] = rd_cbor_read_bytes(r, 8, 64);
		e->n_nonces = 1;
		return;
	}
	(void)rd_cbor_enter_array_upto(r, 2, NONCES_MAX);
	while (rd_cbor_more(r) && e->n_nonces < NONCES_MAX)
		e->nonce[e->n_nonces++] = rd_cbor_read_bytes(r, 8, 64);
	rd_cbor_leave(r);
}

static void cbor_verifier(struct rd_cbor_reader *r, struct ear *e)
{
	(void)rd_cbor_enter_map(r, 2);
	while (rd_cbor_more(r)) {
		struct rd_view *to = rd_cbor_read_uint(r, 1) ? &e->build : &e->developer;

		*to = rd_cbor_read_text(r, 0, 1024);
	}
	rd_cbor_leave(r);
}

static bool cbor_claims(struct rd_view payload, struct ear *e, struct rd_err *err)
{
	struct rd_cbor_reader r;

	rd_cbor_read_init(&r, payload, RD_CBOR_TOLERANT);
	(void)rd_cbor_enter_map(&r, 32);
	while (rd_cbor_more(&r)) {
		int64_t key = cbor_key(&r);

		if (key == KEY_EXP)
			e->exp = cbor_time(&r, &e->has_exp);
		else if (key == KEY_NBF)
			e->nbf = cbor_time(&r, &e->has_nbf);
		else if (key == KEY_IAT)
			e->iat = cbor_time(&r, &e->has_iat);
		else if (key == KEY_NONCE)
			cbor_nonces(&r, e);
		else if (key == KEY_PROFILE)
			e->profile = rd_cbor_read_text(&r, 1, 256);
		else if (key == KEY_SUBMODS)
			cbor_submods(&r, e);
		else if (key == KEY_VERIFIER)
			cbor_verifier(&r, e);
		else if (key == KEY_STATUS) {
			e->status = cbor_status(&r);
			e->has_status = true;
		} else
			(void)rd_cbor_read_item(&r);
	}
	rd_cbor_leave(&r);
	if (!rd_cbor_finish(&r, err))
		return rd_wrap(err, "EAR");
	return (e->profile.len && e->n && e->build.data && e->developer.data) ||
	       malformed(err,
			 "no eat_profile, no submods, or no verifier's id with both its parts");
}

/* ---- checks ---------------------------------------------------------------------------------- */

static bool check_jws(const void *jws, struct rd_view spki, struct rd_err *err)
{
	return rd_jws_check(jws, spki, err);
}

static enum rd_ear_tier worst_of_vector(const struct submod *s)
{
	enum rd_ear_tier worst = RD_EAR_NONE;

	for (uint32_t k = 0; k < VECTOR_MAX; k++)
		if (s->has_value & 1u << k && rd_ear_tier_of(s->value[k]) > worst)
			worst = rd_ear_tier_of(s->value[k]);
	return worst;
}

static void check_times(struct rd_tee_work *w, const struct ear *e)
{
	int64_t now = w->in->now_unix_s;
	bool ok;

	if (now < 0)
		return;
	ok = e->has_iat && e->iat <= now && (!e->has_exp || now < e->exp) &&
	     (!e->has_nbf || e->nbf <= now);
	rd_tee_check(w, RD_ASPECT_CRYPTO, ok,
		     (struct rd_tee_words){ "rats.ear.time", "iat",
					    "issued before the time of verification, not expired",
					    ok                            ? "that"
					    : !e->has_iat                 ? "no time of issue"
					    : e->has_exp && now >= e->exp ? "expired"
									  : "not valid yet" });
}

/* The nonce that is demanded if it is there, else the first. */
static struct rd_view nonce_of(const struct ear *e, struct rd_view wanted)
{
	for (uint32_t i = 0; i < e->n_nonces && wanted.len; i++)
		if (rd_view_eq(e->nonce[i], wanted) || rd_view_eq(e->decoded[i], wanted))
			return wanted;
	return e->decoded[0].len ? e->decoded[0] : e->nonce[0];
}

static void check_submod(struct rd_tee_work *w, const struct submod *s, uint32_t number)
{
	enum rd_ear_tier worst = worst_of_vector(s);
	const char *name = rd_rats_part_name(w, s->name, number);

	rd_tee_check(w, RD_ASPECT_CRYPTO, worst == RD_EAR_NONE || s->status >= worst,
		     (struct rd_tee_words){ "rats.ear.tier", name,
					    "a status no better than its vector",
					    rd_ear_tier_name(s->status) });
	rd_tee_claim_text(w, rd_tee_name(w, "submods.%s", name),
			  rd_view_str(rd_ear_tier_name(s->status)));
	for (uint32_t k = 0; k < VECTOR_MAX; k++)
		if (s->has_value & 1u << k)
			rd_tee_claim_text(
				w, rd_tee_name(w, "%s.%s", name, vector_names[k]),
				rd_view_str(rd_tee_name(w, "%lld", (long long)s->value[k])));
}

/* The status of the whole is no better than that of any part; "none" says nothing. */
static enum rd_ear_tier check_status(struct rd_tee_work *w, const struct ear *e)
{
	enum rd_ear_tier worst = RD_EAR_NONE;

	for (uint32_t i = 0; i < e->n; i++)
		worst = e->submod[i].status > worst ? e->submod[i].status : worst;
	if (!e->has_status)
		return worst;
	rd_tee_check(w, RD_ASPECT_CRYPTO, e->status == RD_EAR_NONE || e->status >= worst,
		     (struct rd_tee_words){ "rats.ear.tier", "status",
					    "no better than those of its parts",
					    rd_ear_tier_name(e->status) });
	return e->status > worst ? e->status : worst;
}

static void check_claims(struct rd_tee_work *w, const struct ear *e)
{
	bool known = rd_rats_is_ear(e->profile), any_none = false;
	enum rd_ear_tier worst;

	rd_tee_check(w, RD_ASPECT_CRYPTO, known,
		     (struct rd_tee_words){
			     "rats.ear.profile", "eat_profile", "an EAR profile",
			     rd_tee_name(w, "%.*s",
					 (int)(e->profile.len < 100 ? e->profile.len : 100),
					 (const char *)e->profile.data) });
	rd_tee_claim_text(w, "eat_profile", e->profile);
	rd_tee_claim_text(w, "verifier.developer", e->developer);
	rd_tee_claim_text(w, "verifier.build", e->build);
	if (e->has_iat)
		rd_tee_claim_time(w, "iat", e->iat);
	if (e->has_exp)
		rd_tee_claim_time(w, "exp", e->exp);
	if (e->n_nonces)
		rd_tee_claim_bytes(w, "nonce", nonce_of(e, w->in->nonce));
	for (uint32_t i = 0; i < e->n; i++) {
		any_none = any_none || e->submod[i].status == RD_EAR_NONE;
		check_submod(w, &e->submod[i], i);
	}
	worst = check_status(w, e);
	rd_tee_claim_text(w, "status", rd_view_str(rd_ear_tier_name(worst)));
	rd_tee_claim_bool(w, "affirming", worst == RD_EAR_AFFIRMING && !any_none);
	check_times(w, e);
	rd_tee_check_nonce(w, nonce_of(e, w->in->nonce));
}

/* Claims in CBOR that nothing signs: a map, alone or under the tag of RFC 9781. */
static bool is_bare_cbor(struct rd_view in, struct rd_view *claims)
{
	static const uint8_t uccs[] = { 0xd9, 0x02, 0x59 };
	bool tagged = rd_view_starts(in, rd_view_of(uccs, sizeof(uccs)));
	size_t skip = tagged ? sizeof(uccs) : 0;

	*claims = rd_view_of(in.data + skip, in.len - skip);
	return claims->len && claims->data[0] >> 5 == RD_CBOR_MAP;
}

static bool verify(const struct rd_tee_input *in, struct rd_arena *arena, struct rd_tee_result *out,
		   struct rd_err *err)
{
	struct ear *e = RD_NEW(arena, struct ear, err);
	struct rd_cose_sign1 sign1;
	struct rd_tee_work w;
	struct rd_jws jws;
	bool is_json = in->report.len && in->report.data[0] == '{';
	bool is_cose = in->report.len && in->report.data[0] >= 0x80;
	struct rd_view bare;

	if (!e)
		return false;
	rd_tee_begin(&w, in, arena, out, err);
	if (is_json) {
		if (!json_claims(in->report, arena, e, err))
			return false;
		rd_rats_unsigned(&w);
	} else if (is_bare_cbor(in->report, &bare)) {
		if (!cbor_claims(bare, e, err))
			return false;
		rd_rats_unsigned(&w);
	} else if (is_cose) {
		if (!rd_cose_parse(in->report, &sign1, err) || !cbor_claims(sign1.payload, e, err))
			return false;
		if (!rd_rats_check_signer(&w, &sign1, "rats.ear.signature"))
			return false;
	} else {
		if (!rd_jws_parse(in->report, arena, &jws, err) ||
		    !json_claims(jws.payload, arena, e, err))
			return false;
		rd_rats_check_keys(&w, check_jws, &jws, "rats.ear.signature");
	}
	check_claims(&w, e);
	return rd_tee_done(&w);
}

static const struct rd_tee_rule rules[] = {
	{ .key = "affirming",
	  .claim = "affirming",
	  .kind = RD_RULE_FLAG,
	  .profile = RD_FLAG_REQUIRED,
	  .strict = RD_FLAG_REQUIRED,
	  .help = "every submodule's status is affirming" },
	{ .key = "statuses",
	  .claim = "status",
	  .kind = RD_RULE_ONE_OF,
	  .value = RD_CLAIM_TEXT,
	  .help = "worst status of the submodules" },
	{ .key = "submods",
	  .claim = "submods.",
	  .kind = RD_RULE_ONE_OF,
	  .value = RD_CLAIM_TEXT,
	  .help = "statuses by submodule" },
	{ .key = "max_age",
	  .claim = "iat",
	  .kind = RD_RULE_MAX_AGE,
	  .help = "days since it was issued" },
	{ 0 },
};

const struct rd_tee rd_rats_ear = {
	.name = "ear",
	.content_type = "application/eat+jwt",
	.rules = rules,
	.verify = verify,
};

/* ---- writing --------------------------------------------------------------------------------- */

/* Crypto says who it is, tcb what it runs on, policy what runs. */
static int vector_value(enum rd_result r, bool refused)
{
	return r == RD_RESULT_PASS ? 2 : r == RD_RESULT_FAIL || refused ? 96 : 0;
}

/* The values of a vector that an appraisal knows, by number. */
struct vector {
	int identity, executables, hardware; /* 0, 2, 4 */
};

static struct vector vector_of(const struct rd_appraisal *a)
{
	bool refused = a->verdict != RD_VERDICT_ACCEPTED, compared = true;

	/* What no reference value was compared with is nothing that is known to be right. */
	for (uint32_t i = 0; i < a->n_reasons; i++)
		compared = compared && strcmp(a->reason[i].code, "attest.unset") != 0;
	return (struct vector){ vector_value(a->result[RD_ASPECT_CRYPTO], refused),
				compared || a->result[RD_ASPECT_POLICY] == RD_RESULT_FAIL
					? vector_value(a->result[RD_ASPECT_POLICY], false)
					: 0,
				vector_value(a->result[RD_ASPECT_TCB], false) };
}

static bool put_cbor(const struct rd_appraisal *a, const struct rd_ear_options *o,
		     struct rd_buf *out, struct rd_err *err)
{
	bool accepted = a->verdict == RD_VERDICT_ACCEPTED;
	struct vector v = vector_of(a);

	rd_cbor_put_map(out, o->nonce.len ? 5 : 4);
	rd_cbor_put_uint(out, KEY_IAT);
	rd_cbor_put_uint(out, (uint64_t)o->issued_unix_s);
	if (o->nonce.len) {
		rd_cbor_put_uint(out, KEY_NONCE);
		rd_cbor_put_bytes(out, o->nonce);
	}
	rd_cbor_put_uint(out, KEY_PROFILE);
	rd_cbor_put_str(out, RD_EAR_PROFILE);
	rd_cbor_put_uint(out, KEY_SUBMODS);
	rd_cbor_put_map(out, 1);
	rd_cbor_put_str(out, o->name);
	rd_cbor_put_map(out, 2);
	rd_cbor_put_uint(out, KEY_STATUS);
	rd_cbor_put_uint(out, accepted ? RD_EAR_AFFIRMING : RD_EAR_CONTRAINDICATED);
	rd_cbor_put_uint(out, KEY_VECTOR);
	rd_cbor_put_map(out, 3);
	rd_cbor_put_uint(out, 0);
	rd_cbor_put_int(out, v.identity);
	rd_cbor_put_uint(out, 2);
	rd_cbor_put_int(out, v.executables);
	rd_cbor_put_uint(out, 4);
	rd_cbor_put_int(out, v.hardware);
	rd_cbor_put_uint(out, KEY_VERIFIER);
	rd_cbor_put_map(out, 2);
	rd_cbor_put_uint(out, 0);
	rd_cbor_put_str(out, "Redoubt");
	rd_cbor_put_uint(out, 1);
	rd_cbor_put_str(out, "redoubt " RD_VERSION);
	return rd_buf_ok(out, err);
}

bool rd_ear_claims(const struct rd_appraisal *a, const struct rd_ear_options *o, struct rd_buf *out,
		   struct rd_err *err)
{
	struct vector v = vector_of(a);
	bool accepted = a->verdict == RD_VERDICT_ACCEPTED;
	const char *sep = o->old ? "." : "_", *dash = o->old ? "-" : "_";

	if (o->cbor)
		return put_cbor(a, o, out, err);
	rd_buf_printf(out, "{\"eat_profile\":\"%s\",\"iat\":%lld,",
		      o->old ? RD_EAR_PROFILE_OLD : RD_EAR_PROFILE, (long long)o->issued_unix_s);
	if (o->nonce.len) {
		rd_buf_printf(out, "\"eat_nonce\":\"");
		rd_base64url_put(out, o->nonce);
		rd_buf_printf(out, "\",");
	}
	rd_buf_printf(out,
		      "\"ear%sverifier%sid\":{\"build\":\"redoubt " RD_VERSION
		      "\",\"developer\":\"Redoubt\"},\"submods\":{",
		      sep, dash);
	rd_json_put_string(out, rd_view_str(o->name));
	rd_buf_printf(out,
		      ":{\"ear%sstatus\":\"%s\",\"ear%strustworthiness%svector\":"
		      "{\"instance-identity\":%d,\"executables\":%d,\"hardware\":%d}}}}",
		      sep, accepted ? "affirming" : "contraindicated", sep, dash, v.identity,
		      v.executables, v.hardware);
	return rd_buf_ok(out, err);
}
