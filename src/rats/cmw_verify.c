/* What is inside a CMW, verified and appraised: each message by its own kind. */
#include "rats_int.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define COLLATERAL_MAX 96u
/* RFC 9334's endorsements among the indicators. */
#define ENDORSEMENTS 2u

/* ---- kinds ----------------------------------------------------------------------------------- */

/* Types of messages beside those that the kinds name themselves: RFC 9782, RFC 9783, and what
 * drafts of CoRIM and CMW used.  `profile` is looked for in the parameters. */
static const struct {
	const char *type, *profile, *kind;
} types[] = {
	{ "application/eat+cwt", "http://arm.com/psa/2.0.0", "psa" },
	{ "application/eat+cwt", "tag:psacertified.org,2023:psa#tfm", "psa" },
	{ "application/eat+cwt", "tag:arm.com,2023:cca", "cca" },
	{ "application/eat-collection", NULL, "cca" },
	{ "application/eat+cwt", NULL, "ear" },
	{ "application/eat+jwt", NULL, "ear" },
	{ "application/ear+jwt", NULL, "ear" },
	{ "263", NULL, "ear" },
	{ "264", NULL, "ear" },
	{ "61", NULL, "ear" },
	{ "application/rim+cbor", NULL, "corim" },
	{ "application/rim+cose", NULL, "corim" },
	{ "application/corim-unsigned+cbor", NULL, "corim" },
	{ "application/corim-signed+cbor", NULL, "corim" },
	{ "application/signed-corim+cbor", NULL, "corim" },
	{ "application/cose", NULL, "cose" },
	{ "18", NULL, "cose" },
};

/* Certificates and revocation lists go along with the others. */
static const char *const collateral_types[] = { "application/pkix-cert", "application/pkix-crl",
						"application/pem-certificate-chain", "287" };

/* A media type without its parameters. */
static struct rd_view bare(struct rd_view type)
{
	const uint8_t *semicolon = type.len ? memchr(type.data, ';', type.len) : NULL;

	if (semicolon)
		type.len = (size_t)(semicolon - type.data);
	while (type.len && type.data[type.len - 1] == ' ')
		type.len--;
	return type;
}

/* Media types do not tell capitals apart (RFC 6838 section 4.2). */
static bool same_type(struct rd_view type, const char *other)
{
	return type.len == strlen(other) &&
	       strncasecmp((const char *)type.data, other, type.len) == 0;
}

static const struct rd_tee *kind_by_name(const char *name)
{
	for (size_t i = 0; rd_rats_kinds[i]; i++)
		if (strcmp(rd_rats_kinds[i]->name, name) == 0)
			return rd_rats_kinds[i];
	return rd_tee_by_name(rd_view_str(name));
}

static const struct rd_tee *kind_of(struct rd_view type)
{
	const struct rd_tee *tee = rd_tee_by_content_type(type);
	struct rd_view name = bare(type);

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]) && !tee; i++)
		if (same_type(name, types[i].type) &&
		    (!types[i].profile || memmem(type.data, type.len, types[i].profile,
						 strlen(types[i].profile)) != NULL))
			tee = kind_by_name(types[i].kind);
	return tee;
}

static bool is_collateral(const struct rd_cmw_entry *e)
{
	for (size_t i = 0; i < sizeof(collateral_types) / sizeof(collateral_types[0]); i++)
		if (same_type(bare(e->type), collateral_types[i]))
			return true;
	return e->indicator == ENDORSEMENTS && !kind_of(e->type);
}

/* ---- one message ----------------------------------------------------------------------------- */

struct messages {
	const struct rd_tee_input *in;
	struct rd_arena *arena;
	struct rd_collateral *piece; /* the caller's, and those inside */
	uint32_t n_pieces;
	struct rd_tee_result *out;
	struct rd_err *err;
};

static void add_piece(struct messages *m, struct rd_view bytes)
{
	if (m->n_pieces < COLLATERAL_MAX)
		m->piece[m->n_pieces++] = (struct rd_collateral){ .name = "", .bytes = bytes };
}

static bool begin(struct messages *m, struct rd_cmw *cmw)
{
	m->piece = RD_NEW_ARRAY(m->arena, struct rd_collateral, COLLATERAL_MAX, m->err);
	if (!m->piece || !rd_cmw_parse(m->in->report, m->arena, cmw, m->err))
		return false;
	for (uint32_t i = 0; i < m->in->n_collateral && i < COLLATERAL_MAX; i++)
		m->piece[m->n_pieces++] = m->in->collateral[i];
	for (uint32_t i = 0; i < cmw->n; i++)
		if (is_collateral(&cmw->entry[i]))
			add_piece(m, cmw->entry[i].value);
	return true;
}

/* By its own kind, with what travelled along in a wrapper of ours. */
static bool verify_message(struct messages *m, const struct rd_tee *tee, struct rd_view value,
			   struct rd_tee_result *out)
{
	uint32_t before = m->n_pieces;
	struct rd_tee_input in = *m->in;
	struct rd_err unused = { 0 };
	struct rd_bundle bundle;
	struct rd_tee_work w = { .in = &in, .arena = m->arena, .out = out, .err = m->err };
	bool bundled = rd_bundle_decode(value, &bundle, &unused), ok;

	in.report = bundled ? bundle.report : value;
	for (uint32_t i = 0; bundled && i < bundle.n_collateral; i++)
		add_piece(m, bundle.collateral[i]);
	in.collateral = m->piece;
	in.n_collateral = m->n_pieces;
	ok = tee->verify(&in, m->arena, out, m->err);
	m->n_pieces = before;
	if (!ok)
		return false;
	if (bundled && bundle.claims.len)
		rd_tee_check_report_data(&w, bundle.claims);
	return rd_tee_done(&w);
}

/* An unknown message leaves a reason that it was not looked at. */
static bool look(struct messages *m, const struct rd_cmw_entry *e, const struct rd_tee **tee,
		 struct rd_tee_result *r)
{
	struct rd_tee_work w;

	*tee = kind_of(e->type);
	if (*tee == &rd_rats_ear && !verify_message(m, *tee, e->value, r)) {
		/* The type is that of all tokens: this may be of a device. */
		if (m->err->fault != RD_FAULT_MALFORMED)
			return rd_wrap(m->err, "%s", e->label);
		*m->err = (struct rd_err){ 0 };
		*tee = &rd_rats_eat;
	} else if (*tee == &rd_rats_ear) {
		return true;
	}
	if (*tee)
		return verify_message(m, *tee, e->value, r) || rd_wrap(m->err, "%s", e->label);
	*tee = &rd_rats_cmw;
	rd_tee_begin(&w, m->in, m->arena, r, m->err);
	rd_tee_reason(&w,
		      (struct rd_reason){ .aspect = RD_ASPECT_CRYPTO,
					  .result = RD_RESULT_ABSENT,
					  .code = "rats.cmw.unknown",
					  .claim = "type",
					  .expected = rd_view_str("a message that is known here"),
					  .found = e->type });
	return rd_tee_done(&w);
}

/* Claims of one message, under its label. */
static void merge_claims(struct messages *m, const struct rd_tee_result *r,
			 const struct rd_cmw_entry *e, const char *label)
{
	struct rd_tee_work w = { .in = m->in, .arena = m->arena, .out = m->out, .err = m->err };

	rd_tee_claim_text(&w, rd_tee_name(&w, "messages.%s", label), e->type);
	for (uint32_t i = 0; i < r->n_claims && m->out->n_claims < RD_TEE_CLAIMS_MAX; i++) {
		struct rd_tee_claim c = r->claim[i];

		c.name = rd_tee_name(&w, "%s.%s", label, c.name);
		m->out->claim[m->out->n_claims++] = c;
	}
	m->out->debug = m->out->debug || r->debug;
}

static const char *label_of(const struct rd_cmw_entry *e)
{
	return e->label[0] ? e->label : "message";
}

/* Only collateral is no message about anything. */
static bool none(struct messages *m)
{
	return rd_fail(m->err, RD_FAULT_MALFORMED, "rats.cmw.form",
		       "CMW: nothing in it but collateral");
}

static bool verify(const struct rd_tee_input *in, struct rd_arena *arena, struct rd_tee_result *out,
		   struct rd_err *err)
{
	struct messages m = { .in = in, .arena = arena, .out = out, .err = err };
	struct rd_cmw *cmw = RD_NEW(arena, struct rd_cmw, err);
	struct rd_tee_result *r = RD_NEW(arena, struct rd_tee_result, err);
	const struct rd_tee *tee;
	struct rd_tee_work w;
	uint32_t n = 0;

	if (!cmw || !r || !begin(&m, cmw))
		return false;
	rd_tee_begin(&w, in, arena, out, err);
	for (uint32_t i = 0; i < cmw->n; i++) {
		const struct rd_cmw_entry *e = &cmw->entry[i];

		if (is_collateral(e))
			continue;
		if (!look(&m, e, &tee, r))
			return false;
		for (uint32_t k = 0; k < r->n_reasons; k++)
			rd_tee_reason(&w, r->reason[k]);
		merge_claims(&m, r, e, label_of(e));
		n++;
	}
	return n ? rd_tee_done(&w) : none(&m);
}

bool rd_cmw_appraise(const struct rd_evidence_policy *policy, const struct rd_tee_input *in,
		     struct rd_arena *arena, struct rd_cmw_outcome *out, struct rd_err *err)
{
	struct messages m = { .in = in, .arena = arena, .out = &out->result, .err = err };
	struct rd_cmw *cmw = RD_NEW(arena, struct rd_cmw, err);
	struct rd_appraisal *part = RD_NEW(arena, struct rd_appraisal, err);
	struct rd_tee_result *r = RD_NEW(arena, struct rd_tee_result, err);
	struct rd_verified seen = { .result = r, .now_unix_s = in->now_unix_s };
	bool all = true;
	uint32_t n = 0;

	*out = (struct rd_cmw_outcome){ .appraisal.verdict = RD_VERDICT_REFUSED };
	if (!cmw || !part || !r || !begin(&m, cmw))
		return false;
	for (uint32_t i = 0; i < cmw->n; i++) {
		const struct rd_cmw_entry *e = &cmw->entry[i];

		if (is_collateral(e))
			continue;
		if (!look(&m, e, &seen.tee, r) ||
		    !rd_appraise_evidence(policy, &seen, arena, part, err) ||
		    !rd_appraisal_merge(&out->appraisal, part, label_of(e), arena, err))
			return false;
		merge_claims(&m, r, e, label_of(e));
		all = all && part->verdict == RD_VERDICT_ACCEPTED;
		n++;
	}
	if (n == 0)
		return none(&m);
	if (all && out->appraisal.n_reasons < RD_APPRAISAL_REASONS_MAX)
		out->appraisal.verdict = RD_VERDICT_ACCEPTED;
	return true;
}

/* What each of its messages needs. */
static bool needs(const struct rd_tee_input *in, struct rd_arena *arena, struct rd_buf *out,
		  struct rd_err *err)
{
	struct rd_cmw *cmw = RD_NEW(arena, struct rd_cmw, err);

	if (!cmw || !rd_cmw_parse(in->report, arena, cmw, err))
		return false;
	for (uint32_t i = 0; i < cmw->n; i++) {
		const struct rd_tee *tee = kind_of(cmw->entry[i].type);
		struct rd_tee_input one = *in;
		struct rd_bundle bundle;
		struct rd_err unused = { 0 };

		if (is_collateral(&cmw->entry[i]) || !tee || !tee->needs)
			continue;
		one.report = cmw->entry[i].value;
		if (rd_bundle_decode(one.report, &bundle, &unused))
			one.report = bundle.report;
		if (!tee->needs(&one, arena, out, err))
			return rd_wrap(err, "%s", cmw->entry[i].label);
	}
	return rd_buf_ok(out, err);
}

const struct rd_tee rd_rats_cmw = {
	.name = "cmw",
	.content_type = "application/cmw+cbor",
	.verify = verify,
	.needs = needs,
};
