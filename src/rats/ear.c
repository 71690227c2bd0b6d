/* Attestation results: draft-ietf-rats-ear as JWT and CWT, the tiers of draft-ietf-rats-ar4si. */
#include "rats_int.h"

#include <stdio.h>
#include <string.h>

#define SUBMODS_MAX 16u
#define VECTOR_MAX 8u
#define NAME_MAX_LEN 64u

/* The claims of a trustworthiness vector, by number. */
static const char *const vector_names[VECTOR_MAX] = {
	"instance-identity", "configuration",  "executables",    "file-system",
	"hardware",          "runtime-opaque", "storage-opaque", "sourced-data",
};

struct submod {
	struct rd_view name;
	bool has_status;
	enum rd_ear_tier status;
	uint32_t has_value; /* mask over vector_names */
	int64_t value[VECTOR_MAX];
};
struct ear {
	struct rd_view profile, nonce, verifier;
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

static bool json_status(const struct rd_doc *d, struct submod *s, struct rd_err *err)
{
	struct rd_err unused = { 0 };
	int64_t number;

	s->has_status = true;
	for (size_t i = 0; i < 4; i++)
		if (rd_view_eq(d->text, rd_view_str(tiers[i].name))) {
			s->status = tiers[i].tier;
			return true;
		}
	if (!d->quoted && rd_parse_i64(d->text, 0, 127, &number, &unused)) {
		s->status = rd_ear_tier_of(number);
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
		if (k == VECTOR_MAX || d->item[i].kind != RD_DOC_SCALAR ||
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

static bool json_submod(const struct rd_doc *doc, bool old, struct submod *s, struct rd_err *err)
{
	const struct rd_doc *status = rd_doc_get(doc, old ? "ear.status" : "ear_status");
	const struct rd_doc *vector =
		rd_doc_get(doc, old ? "ear.trustworthiness-vector" : "ear_trustworthiness_vector");
	const struct rd_doc *key = rd_doc_get(doc, old ? "ear.veraison.key-attestation"
						       : "ear_veraison_key_attestation");

	s->name = doc->key;
	if (!status || status->kind != RD_DOC_SCALAR)
		return malformed(err, "a submodule without a status of its profile's name");
	return json_status(status, s, err) && (!vector || json_vector(vector, s, err)) &&
	       (!key || json_key(key, err));
}

static bool json_claims(struct rd_view payload, struct rd_arena *arena, struct ear *e,
			struct rd_err *err)
{
	const struct rd_doc *doc, *profile, *submods, *nonce;

	if (!rd_json_parse(arena, "EAR", payload, &doc, err))
		return false;
	profile = rd_doc_get(doc, "eat_profile");
	submods = rd_doc_get(doc, "submods");
	nonce = rd_doc_get(doc, "eat_nonce");
	if (doc->kind != RD_DOC_MAP || !profile || profile->kind != RD_DOC_SCALAR || !submods ||
	    submods->kind != RD_DOC_MAP || submods->n == 0 || submods->n > SUBMODS_MAX)
		return malformed(err, "no eat_profile, or not 1 to 16 submods");
	e->profile = profile->text;
	if (nonce &&
	    (nonce->kind != RD_DOC_SCALAR || !rd_base64_decode(nonce->text, arena, &e->nonce, err)))
		return malformed(err, "a nonce that is not base64url");
	for (uint32_t i = 0; i < submods->n; i++)
		if (!json_submod(&submods->item[i],
				 rd_view_eq(e->profile, rd_view_str(RD_EAR_PROFILE_OLD)),
				 &e->submod[e->n++], err))
			return false;
	return json_time(doc, "iat", &e->has_iat, &e->iat, err) &&
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

static void cbor_submod(struct rd_cbor_reader *r, struct submod *s)
{
	(void)rd_cbor_enter_map(r, 32);
	while (rd_cbor_more(r)) {
		int64_t key = rd_cbor_read_int(r, INT32_MIN, INT32_MAX);

		if (key == KEY_STATUS) {
			s->status = rd_ear_tier_of(rd_cbor_read_int(r, 0, 127));
			s->has_status = true;
		} else if (key == KEY_VECTOR) {
			cbor_vector(r, s);
		} else {
			(void)rd_cbor_read_item(r);
		}
	}
	rd_cbor_leave(r);
	if (!s->has_status)
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

static int64_t cbor_time(struct rd_cbor_reader *r, bool *has)
{
	*has = true;
	return (int64_t)rd_cbor_read_uint(r, INT64_MAX);
}

static bool cbor_claims(struct rd_view payload, struct ear *e, struct rd_err *err)
{
	struct rd_cbor_reader r;

	rd_cbor_read_init(&r, payload, RD_CBOR_TOLERANT);
	(void)rd_cbor_enter_map(&r, 32);
	while (rd_cbor_more(&r)) {
		int64_t key = rd_cbor_read_int(&r, INT32_MIN, INT32_MAX);

		if (key == KEY_EXP)
			e->exp = cbor_time(&r, &e->has_exp);
		else if (key == KEY_NBF)
			e->nbf = cbor_time(&r, &e->has_nbf);
		else if (key == KEY_IAT)
			e->iat = cbor_time(&r, &e->has_iat);
		else if (key == KEY_NONCE)
			e->nonce = rd_cbor_read_bytes(&r, 8, 64);
		else if (key == KEY_PROFILE)
			e->profile = rd_cbor_read_text(&r, 1, 256);
		else if (key == KEY_SUBMODS)
			cbor_submods(&r, e);
		else
			(void)rd_cbor_read_item(&r);
	}
	rd_cbor_leave(&r);
	if (!rd_cbor_finish(&r, err))
		return rd_wrap(err, "EAR");
	return (e->profile.len && e->n) || malformed(err, "no eat_profile, or no submods");
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

static void check_submod(struct rd_tee_work *w, const struct submod *s)
{
	enum rd_ear_tier worst = worst_of_vector(s);
	const char *name = rd_tee_name(w, "%.*s", (int)(s->name.len < 48 ? s->name.len : 48),
				       (const char *)s->name.data);
	char *dot = (char *)(uintptr_t)name;

	for (; (dot = strchr(dot, '.')) != NULL;)
		*dot = '_';
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

static void check_claims(struct rd_tee_work *w, const struct ear *e)
{
	bool known = rd_view_eq(e->profile, rd_view_str(RD_EAR_PROFILE)) ||
		     rd_view_eq(e->profile, rd_view_str(RD_EAR_PROFILE_OLD));
	enum rd_ear_tier worst = RD_EAR_NONE;
	bool any_none = false;

	rd_tee_check(w, RD_ASPECT_CRYPTO, known,
		     (struct rd_tee_words){
			     "rats.ear.profile", "eat_profile", "an EAR profile",
			     rd_tee_name(w, "%.*s",
					 (int)(e->profile.len < 100 ? e->profile.len : 100),
					 (const char *)e->profile.data) });
	rd_tee_claim_text(w, "eat_profile", e->profile);
	if (e->has_iat)
		rd_tee_claim_time(w, "iat", e->iat);
	if (e->has_exp)
		rd_tee_claim_time(w, "exp", e->exp);
	if (e->nonce.len)
		rd_tee_claim_bytes(w, "nonce", e->nonce);
	for (uint32_t i = 0; i < e->n; i++) {
		worst = e->submod[i].status > worst ? e->submod[i].status : worst;
		any_none = any_none || e->submod[i].status == RD_EAR_NONE;
		check_submod(w, &e->submod[i]);
	}
	rd_tee_claim_text(w, "status", rd_view_str(rd_ear_tier_name(worst)));
	rd_tee_claim_bool(w, "affirming", worst == RD_EAR_AFFIRMING && !any_none);
	check_times(w, e);
	rd_tee_check_nonce(w, e->nonce);
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

	if (!e)
		return false;
	rd_tee_begin(&w, in, arena, out, err);
	if (is_json) {
		if (!json_claims(in->report, arena, e, err))
			return false;
		rd_rats_unsigned(&w);
	} else if (is_cose) {
		if (!rd_cose_parse(in->report, &sign1, err) || !cbor_claims(sign1.payload, e, err))
			return false;
		rd_rats_check_keys(&w, rd_rats_check_cose, &sign1, "rats.ear.signature");
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
	bool refused = a->verdict != RD_VERDICT_ACCEPTED;

	return (struct vector){ vector_value(a->result[RD_ASPECT_CRYPTO], refused),
				vector_value(a->result[RD_ASPECT_POLICY], false),
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
