/* Collateral by itself: is it genuine before it is kept? */
#include <redoubt/tee.h>

#include <string.h>

#define ANCHORS_MAX 64u
#define SIGNER "tee.collateral.signer"
#define TIME "tee.collateral.time"

struct check {
	struct rd_tee_work work;
	const struct rd_tee_input *in;
	struct rd_arena *arena;
	struct rd_tee_pool *pool; /* all pieces */
	struct rd_cert *anchor;
	uint32_t n_anchors;
};

static bool refuse(struct rd_err *err, const char *code, const char *what, const struct rd_err *why)
{
	return rd_fail(err, RD_FAULT_REFUSED, code, "%s: %s", what, why->text);
}

/* The roots of every technology, once each, and the caller's. */
static bool read_anchors(struct check *c, struct rd_err *err)
{
	c->anchor = RD_NEW_ARRAY(c->arena, struct rd_cert, ANCHORS_MAX, err);
	if (!c->anchor)
		return false;
	for (size_t t = 0; rd_tees[t]; t++)
		for (uint32_t i = 0; rd_tees[t]->root && rd_tees[t]->root(i); i++) {
			uint32_t n = 0;

			if (!rd_certs_read(rd_view_str(rd_tees[t]->root(i)), c->arena,
					   c->anchor + c->n_anchors, ANCHORS_MAX - c->n_anchors, &n,
					   err))
				return false;
			c->n_anchors += n;
		}
	for (uint32_t i = 0; i < c->in->n_anchors && c->n_anchors < ANCHORS_MAX; i++)
		c->anchor[c->n_anchors++] = c->in->anchor[i];
	return true;
}

static bool check_certificate(const struct check *c, const struct rd_cert *cert, struct rd_err *err)
{
	const struct rd_cert_path_rules rules = { .anchor = c->anchor,
						  .n_anchors = c->n_anchors,
						  .pool = c->pool->cert,
						  .n_pool = c->pool->n_certs,
						  .now_unix_s = c->in->now_unix_s,
						  .ignore_unknown_critical = true };
	struct rd_cert_path path;
	struct rd_err why = { 0 };

	if (rd_cert_path_build(cert, &rules, &path, &why))
		return true;
	return refuse(err, why.code && strcmp(why.code, "crypto.cert.time") == 0 ? TIME : SIGNER,
		      "certificate", &why);
}

/* The first of pool and anchors that signed it, and has a path itself. */
static bool check_list(const struct check *c, const struct rd_crl *crl, struct rd_err *err)
{
	struct rd_err why = { .text = "its issuer's certificate is not there" };
	const char *code = SIGNER;

	for (uint32_t i = 0; i < c->n_anchors + c->pool->n_certs; i++) {
		const struct rd_cert *issuer =
			i < c->n_anchors ? &c->anchor[i] : &c->pool->cert[i - c->n_anchors];

		if (!rd_crl_check(crl, issuer, -1, &(struct rd_err){ 0 }))
			continue;
		why = (struct rd_err){ 0 };
		if (!rd_crl_check(crl, issuer, c->in->now_unix_s, &why)) {
			code = TIME;
			continue;
		}
		if (i < c->n_anchors || check_certificate(c, issuer, &why))
			return true;
	}
	return refuse(err, code, "revocation list", &why);
}

static bool check_document(const struct check *c, const struct rd_tee_document *d,
			   struct rd_err *err)
{
	struct rd_err why = { .text = "its signer's certificate is not there" };
	int64_t now = c->in->now_unix_s;

	if (now >= 0 && (now < d->issue_date || now > d->next_update))
		return rd_fail(err, RD_FAULT_REFUSED, TIME, "%s: %s", d->kind,
			       now < d->issue_date ? "issued later" : "due for renewal");
	for (uint32_t i = 0; i < c->pool->n_certs; i++) {
		const struct rd_cert *signer = &c->pool->cert[i];

		if (!rd_view_eq(signer->subject_cn, rd_view_str(d->signer_cn)))
			continue;
		why = (struct rd_err){ 0 };
		if (rd_signature_verify(signer->spki, RD_SIGNATURE_ECDSA_RAW, RD_HASH_SHA256,
					d->bytes, d->signature, &why) &&
		    check_certificate(c, signer, &why))
			return true;
	}
	return refuse(err, SIGNER, d->kind, &why);
}

/* The signed documents of a piece: how many, or a refusal. */
static bool check_documents(const struct check *c, struct rd_view bytes, uint32_t *n,
			    const char **kind, struct rd_err *err)
{
	struct rd_tee_document d;

	*n = 0;
	for (size_t t = 0; rd_tees[t] && *n == 0; t++)
		for (uint32_t i = 0; rd_tees[t]->document && i < RD_TEE_DOCUMENTS_MAX; i++) {
			if (!rd_tees[t]->document(bytes, i, c->arena, &d))
				continue;
			*kind = d.kind;
			(*n)++;
			if (!check_document(c, &d, err))
				return false;
		}
	return true;
}

/* Everything that is in one piece, which may be several things in one file. */
static bool check_piece(struct check *c, const struct rd_collateral *piece, const char **kind,
			struct rd_err *err)
{
	struct rd_tee_pool *own = RD_NEW(c->arena, struct rd_tee_pool, err);
	uint32_t n_documents;

	if (!own || !check_documents(c, piece->bytes, &n_documents, kind, err))
		return false;
	rd_tee_pool_add(&c->work, own, piece->bytes);
	if (!rd_tee_done(&c->work))
		return false;
	if (n_documents + own->n_certs + own->n_crls == 0)
		return rd_fail(err, RD_FAULT_MALFORMED, "tee.collateral.kind",
			       "neither certificates, a revocation list, TCB info nor an enclave "
			       "identity");
	for (uint32_t i = 0; i < own->n_certs; i++)
		if (!check_certificate(c, &own->cert[i], err))
			return false;
	for (uint32_t i = 0; i < own->n_crls; i++)
		if (!check_list(c, &own->crl[i], err))
			return false;
	if ((n_documents > 0) + (own->n_certs > 0) + (own->n_crls > 0) > 1)
		*kind = "collateral";
	else if (n_documents == 0)
		*kind = own->n_certs ? "certificates" : "revocation list";
	return true;
}

bool rd_collateral_check(const struct rd_tee_input *in, uint32_t piece, struct rd_arena *arena,
			 const char **kind, struct rd_err *err)
{
	struct rd_tee_result *unused = RD_NEW(arena, struct rd_tee_result, err);
	struct check c = { .in = in, .arena = arena };

	if (!unused)
		return false;
	rd_tee_begin(&c.work, in, arena, unused, err);
	c.pool = rd_tee_pool_read(&c.work);
	return c.pool && read_anchors(&c, err) &&
	       check_piece(&c, &in->collateral[piece], kind, err);
}
