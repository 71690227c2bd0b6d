/* Collateral by itself: is it genuine before it is kept? */
#include <redoubt/tee.h>

#include <string.h>

#define ANCHORS_MAX 64u
#define SIGNER "tee.collateral.signer"
#define TIME "tee.collateral.time"

struct check {
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

static bool check_piece(const struct check *c, struct rd_view bytes, const char **kind,
			struct rd_err *err)
{
	struct rd_cert certs[RD_CERT_PATH_MAX];
	struct rd_err unused = { 0 };
	struct rd_tee_document d;
	struct rd_crl crl;
	uint32_t n = 0;

	if (rd_certs_read(bytes, c->arena, certs, RD_CERT_PATH_MAX, &n, &unused) && n > 0) {
		*kind = "certificates";
		for (uint32_t i = 0; i < n; i++)
			if (!check_certificate(c, &certs[i], err))
				return false;
		return true;
	}
	if (rd_crl_parse(bytes, c->arena, &crl, &unused)) {
		*kind = "revocation list";
		return check_list(c, &crl, err);
	}
	for (size_t t = 0; rd_tees[t]; t++)
		if (rd_tees[t]->document && rd_tees[t]->document(bytes, c->arena, &d)) {
			*kind = d.kind;
			return check_document(c, &d, err);
		}
	return rd_fail(err, RD_FAULT_MALFORMED, "tee.collateral.kind",
		       "neither certificates, a revocation list, TCB info nor an enclave identity");
}

bool rd_collateral_check(const struct rd_tee_input *in, uint32_t piece, struct rd_arena *arena,
			 const char **kind, struct rd_err *err)
{
	struct rd_tee_result *unused = RD_NEW(arena, struct rd_tee_result, err);
	struct check c = { .in = in, .arena = arena };
	struct rd_tee_work work;

	if (!unused)
		return false;
	rd_tee_begin(&work, in, arena, unused, err);
	c.pool = rd_tee_pool_read(&work);
	return c.pool && read_anchors(&c, err) &&
	       check_piece(&c, in->collateral[piece].bytes, kind, err);
}
