/* An attestation document verified: AWS's chain, the enclave's signature, its times. */
#include "nitro.h"
#include "eif.h"

#include <string.h>

#define MS_PER_S 1000
#define SIGNATURE_LEN 96u

struct verify {
	struct rd_tee_work w;
	struct rd_nitro_document d;
	struct rd_tee_pool *pool; /* the bundle alone: the document brings its chain */
	struct rd_cert leaf;
};

static void crypto(struct verify *v, bool ok, struct rd_tee_words words)
{
	rd_tee_check(&v->w, RD_ASPECT_CRYPTO, ok, words);
}

/* PCR0 to 2 are zeros where the enclave was started with --debug-mode. */
static bool is_debug(const struct rd_nitro_document *d)
{
	return !d->is_tpm && rd_view_all_zero(d->pcr[0]) && rd_view_all_zero(d->pcr[1]) &&
	       rd_view_all_zero(d->pcr[2]);
}

/* ---- claims ---------------------------------------------------------------------------------- */

static void claim_field(struct verify *v, const char *name, const struct rd_nitro_field *f)
{
	if (f->has)
		rd_tee_claim_bytes(&v->w, name, f->bytes);
	else
		rd_tee_claim_null(&v->w, name);
}

static void claims(struct verify *v)
{
	const struct rd_nitro_document *d = &v->d;
	struct rd_tee_work *w = &v->w;

	rd_tee_claim_text(w, "module_id", d->module_id);
	rd_tee_claim_text(w, "digest", d->digest);
	rd_tee_claim_uint(w, "timestamp", d->timestamp_ms);
	rd_tee_claim_time(w, "issued", (int64_t)(d->timestamp_ms / MS_PER_S));
	for (uint32_t i = 0; i < RD_NITRO_PCRS; i++)
		if (d->pcr[i].len)
			rd_tee_claim_bytes(
				w, rd_tee_name(w, d->is_tpm ? "nitrotpm_pcrs.%u" : "pcrs.%u", i),
				d->pcr[i]);
	claim_field(v, "user_data", &d->user_data);
	claim_field(v, "nonce", &d->nonce);
	claim_field(v, "public_key", &d->public_key);
	if (!d->is_tpm)
		rd_tee_claim_bool(w, "debug", is_debug(d));
}

/* ---- checks ---------------------------------------------------------------------------------- */

/* A certificate that is none makes the document malformed: it is part of it. */
static bool read_certs(struct verify *v, struct rd_err *err)
{
	if (!rd_cert_parse(v->d.certificate, v->w.arena, &v->leaf, err))
		return rd_wrap(err, "certificate");
	for (uint32_t i = 0; i < v->d.n_bundle; i++)
		if (!rd_cert_parse(v->d.bundle[i], v->w.arena, &v->pool->cert[v->pool->n_certs++],
				   err))
			return rd_wrap(err, "cabundle %u", i);
	return true;
}

static void check_signature(struct verify *v)
{
	const struct rd_cose_sign1 *s = &v->d.sign1;
	struct rd_err why = { 0 };
	struct rd_view key;
	bool form = s->alg == RD_COSE_ES384 && s->signature.len == SIGNATURE_LEN &&
		    v->leaf.key == RD_KEY_P384;
	bool ok;

	crypto(v, form,
	       (struct rd_tee_words){ "tee.nitro.algorithm", "signature", "ES384 by a P-384 key",
				      form ? "that" : "another" });
	crypto(v, s->unprotected.len == 1,
	       (struct rd_tee_words){ "tee.nitro.unprotected", "unprotected header", "empty",
				      s->unprotected.len == 1 ? "empty" : "not empty" });
	ok = rd_spki_raw(v->leaf.spki, v->w.arena, &key, &why) &&
	     rd_cose_check(s, (struct rd_view){ 0 }, key, &why);
	rd_tee_check_err(&v->w, RD_ASPECT_CRYPTO, ok,
			 (struct rd_tee_words){ "tee.nitro.signature", "document",
						"signed by its certificate's key", "signed" },
			 &why);
}

/* The bundle is the path: root first, each signs the next, the last signs the certificate. */
static void check_order(struct verify *v, const struct rd_cert_path *path)
{
	bool ok = path->n == v->d.n_bundle + 1;
	bool root = rd_view_eq(path->anchor->der, v->d.bundle[0]);

	for (uint32_t i = 0; ok && i < v->d.n_bundle; i++)
		ok = rd_view_eq(path->cert[path->n - 1 - i]->der, v->d.bundle[i]);
	crypto(v, ok,
	       (struct rd_tee_words){
		       "tee.nitro.bundle", "cabundle", "root first, each signs the next",
		       ok ? "in that order" : "another order, or more than the path" });
	/* By key alone a root with other dates or constraints would do, which nobody signed. */
	crypto(v, root,
	       (struct rd_tee_words){ "tee.nitro.root", "cabundle 0", "AWS's root, byte for byte",
				      root ? "that" : "another certificate of its key" });
}

/* "Key usage: digitalSignature is present; pathLenConstraint must be undefined" (3.2.3.3). */
static void check_leaf(struct verify *v)
{
	const struct rd_cert *c = &v->leaf;
	bool ok = !c->is_ca && c->path_len < 0 && c->has_key_usage && c->may_sign;

	crypto(v, ok,
	       (struct rd_tee_words){ "tee.nitro.leaf", "certificate", "to sign with, and no CA",
				      ok                 ? "that"
				      : c->is_ca         ? "a CA"
				      : c->path_len >= 0 ? "a path length"
							 : "no digitalSignature" });
}

static void check_chain(struct verify *v)
{
	struct rd_tee_chain chain = { .claim = "certificate", .leaf = &v->leaf, .n_roots = 1 };
	struct rd_cert_path path;
	struct rd_cert root;
	uint32_t n = 0;

	if (!rd_certs_read(rd_view_str(rd_nitro_root(0)), v->w.arena, &root, 1, &n, v->w.err)) {
		v->w.failed = true;
		return;
	}
	chain.root = &root;
	if (rd_tee_check_chain(&v->w, &chain, v->pool, &path))
		check_order(v, &path);
}

/* When it was made: in the life of its key.  After it was looked at is a clock that is off, by no
 * more than that life (both are inside it); a policy's max_age refuses it. */
static void check_time(struct verify *v)
{
	int64_t made = (int64_t)(v->d.timestamp_ms / MS_PER_S), now = v->w.in->now_unix_s;
	bool in_life = v->leaf.not_before <= made && made <= v->leaf.not_after;

	crypto(v, in_life,
	       (struct rd_tee_words){ "tee.nitro.timestamp", "timestamp",
				      "in the life of its certificate",
				      in_life ? "in it" : "outside" });
	if (now >= 0)
		rd_tee_reason(
			&v->w,
			(struct rd_reason){
				.aspect = RD_ASPECT_CRYPTO,
				.result = made <= now ? RD_RESULT_PASS : RD_RESULT_WARNING,
				.code = "tee.nitro.future",
				.claim = "timestamp",
				.expected = rd_view_str("not after the time of verification"),
				.found = rd_view_str(made <= now ? "before it" : "after it") });
}

static void check_digest(struct verify *v)
{
	bool known = rd_view_eq(v->d.digest, rd_view_str("SHA384"));

	crypto(v, known,
	       (struct rd_tee_words){ "tee.nitro.digest", "digest", "SHA384",
				      known ? "SHA384"
					    : rd_tee_name(&v->w, "%.*s", RD_FMT(v->d.digest)) });
}

static bool verify(const struct rd_tee_input *in, struct rd_arena *arena, struct rd_tee_result *out,
		   struct rd_err *err)
{
	struct verify v = { 0 };

	if (!rd_nitro_parse(in->report, &v.d, err))
		return false;
	rd_tee_begin(&v.w, in, arena, out, err);
	v.pool = RD_NEW(arena, struct rd_tee_pool, err);
	if (!v.pool || !read_certs(&v, err))
		return false;
	claims(&v);
	check_signature(&v);
	check_leaf(&v);
	check_chain(&v);
	check_time(&v);
	check_digest(&v);
	rd_tee_check_nonce(&v.w, v.d.nonce.bytes);
	out->level = RD_LEVEL_OPERATOR;
	out->report_data = v.d.user_data.bytes;
	out->platform_digest = v.d.pcr[0];
	out->debug = is_debug(&v.d);
	return rd_tee_done(&v.w);
}

static const struct rd_tee_rule rules[] = {
	{ .key = "pcrs",
	  .claim = "pcrs.",
	  .kind = RD_RULE_ONE_OF,
	  .reference = true,
	  .help = "platform configuration registers: 0 image, 1 kernel, 2 application, 3 role, "
		  "4 instance, 8 signer" },
	{ .key = "nitrotpm_pcrs",
	  .claim = "nitrotpm_pcrs.",
	  .kind = RD_RULE_ONE_OF,
	  .reference = true,
	  .help = "registers of a NitroTPM: 4 boot loader and kernel, 7 secure boot" },
	{ .key = "debug",
	  .claim = "debug",
	  .kind = RD_RULE_FLAG,
	  .profile = RD_FLAG_FORBIDDEN,
	  .strict = RD_FLAG_FORBIDDEN,
	  .help = "the enclave's console can be read; PCR0 to 2 are 0" },
	{ .key = "module_ids",
	  .claim = "module_id",
	  .kind = RD_RULE_ONE_OF,
	  .value = RD_CLAIM_TEXT,
	  .help = "enclaves or instances, by AWS's id" },
	{ .key = "user_data",
	  .claim = "user_data",
	  .kind = RD_RULE_ONE_OF,
	  .help = "what the enclave gave" },
	{ .key = "public_keys",
	  .claim = "public_key",
	  .kind = RD_RULE_ONE_OF,
	  .help = "keys that the enclave gave" },
	{ .key = "max_age",
	  .claim = "issued",
	  .kind = RD_RULE_MAX_AGE,
	  .help = "days since the document was made" },
	{ 0 },
};

const struct rd_tee rd_tee_nitro = {
	.name = "nitro",
	.content_type = "application/vnd.aws.nitro-attestation",
	.level = RD_LEVEL_OPERATOR,
	.rules = rules,
	.codes = rd_nitro_codes,
	.root = rd_nitro_root,
	.verify = verify,
	.measure = rd_eif_measure,
};
