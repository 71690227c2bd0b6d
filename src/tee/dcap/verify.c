/* What SGX and TDX quotes share: signatures, Intel's certificates, signed collateral. */
#include "dcap.h"

#include <string.h>

#define PCK_CN "Intel SGX PCK Certificate"

static void crypto(struct rd_dcap *d, bool ok, struct rd_tee_words words)
{
	rd_tee_check(&d->w, RD_ASPECT_CRYPTO, ok, words);
}

static void crypto_err(struct rd_dcap *d, bool ok, struct rd_tee_words words,
		       const struct rd_err *why)
{
	rd_tee_check_err(&d->w, RD_ASPECT_CRYPTO, ok, words, why);
}

/* ---- the quote's own signatures -------------------------------------------------------------- */

/* 64 bytes X||Y as an uncompressed point. */
static struct rd_view point_of(struct rd_view key, uint8_t out[65])
{
	out[0] = 4;
	memcpy(out + 1, key.data, 64);
	return rd_view_of(out, 65);
}

static void check_quote_signature(struct rd_dcap *d)
{
	const struct rd_quote *q = &d->quote;
	uint8_t point[65];
	struct rd_err why = { 0 };
	bool ok = rd_ecdsa_verify(point_of(q->attest_key, point), RD_HASH_SHA256, q->signed_bytes,
				  q->signature, &why);

	crypto_err(d, ok,
		   (struct rd_tee_words){ "tee.dcap.signature", "quote",
					  "signed by the attestation key", "signed" },
		   &why);
	crypto(d, rd_dcap_is_intel(q->vendor_id),
	       (struct rd_tee_words){ "tee.dcap.vendor", "qe_vendor_id", "Intel's",
				      rd_dcap_is_intel(q->vendor_id) ? "Intel's" : "another" });
}

/* The quoting enclave vouches for the attestation key in its own report. */
static void check_key_binding(struct rd_dcap *d)
{
	const struct rd_quote *q = &d->quote;
	struct rd_sgx_body qe = rd_sgx_body_read(q->qe_report);
	struct rd_view parts[2] = { q->attest_key, q->qe_auth };
	uint8_t digest[RD_SHA256_LEN];
	bool ok;

	if (!rd_hash_parts(RD_HASH_SHA256, parts, 2, digest, d->w.err)) {
		d->w.failed = true;
		return;
	}
	ok = memcmp(qe.report_data.data, digest, RD_SHA256_LEN) == 0 &&
	     rd_view_all_zero(rd_view_of(qe.report_data.data + RD_SHA256_LEN, 32));
	crypto(d, ok,
	       (struct rd_tee_words){ "tee.dcap.binding", "attestation key",
				      "hashed in the quoting enclave's report",
				      ok ? "hashed there" : "another hash" });
	crypto(d, !qe.debug,
	       (struct rd_tee_words){ "tee.dcap.qe.debug", "quoting enclave", "not in debug mode",
				      qe.debug ? "in debug mode" : "not in debug mode" });
}

/* ---- the PCK certificate --------------------------------------------------------------------- */

static bool is_pck(const struct rd_cert *cert)
{
	return rd_view_eq(cert->subject_cn, rd_view_str(PCK_CN));
}

static bool signed_report(const struct rd_dcap *d, const struct rd_cert *pck, struct rd_err *why)
{
	return rd_signature_verify(pck->spki, RD_SIGNATURE_ECDSA_RAW, RD_HASH_SHA256,
				   d->quote.qe_report, d->quote.qe_signature, why);
}

/* A platform has a PCK certificate for each of its TCB levels: of several, the one whose key signed
 * the quoting enclave's report, else the first. */
static const struct rd_cert *find_pck(const struct rd_dcap *d, const struct rd_cert *certs,
				      uint32_t n)
{
	const struct rd_cert *first = NULL;
	struct rd_err unused = { 0 };
	bool several = false;

	for (uint32_t i = 0; i < n; i++) {
		if (!is_pck(&certs[i]))
			continue;
		several = several || (first && !rd_view_eq(first->der, certs[i].der));
		first = first ? first : &certs[i];
	}
	for (uint32_t i = 0; several && i < n; i++)
		if (is_pck(&certs[i]) && signed_report(d, &certs[i], &unused))
			return &certs[i];
	return first;
}

/* The quote's own chain first: `pool` then begins with it. */
static bool find_leaf(struct rd_dcap *d)
{
	bool inside = d->quote.cert_type == RD_DCAP_CERT_PCK_CHAIN;
	struct rd_tee_pool *pool = RD_NEW(d->w.arena, struct rd_tee_pool, d->w.err);
	uint32_t own;

	if (!pool) {
		d->w.failed = true;
		return false;
	}
	if (inside)
		rd_tee_pool_add(&d->w, pool, d->quote.cert_data);
	own = pool->n_certs;
	for (uint32_t i = 0; i < d->pool->n_certs && pool->n_certs < RD_TEE_CERTS_MAX; i++)
		pool->cert[pool->n_certs++] = d->pool->cert[i];
	pool->n_crls = d->pool->n_crls;
	memcpy(pool->crl, d->pool->crl, sizeof(pool->crl));
	d->pool = pool;
	d->leaf = find_pck(d, pool->cert, own);
	if (!d->leaf)
		d->leaf = find_pck(d, pool->cert, pool->n_certs);
	if (d->leaf)
		return true;
	if (inside)
		crypto(d, false,
		       (struct rd_tee_words){ "tee.dcap.pck.none", "PCK certificate",
					      "in the quote's certification data", "not there" });
	else
		crypto(d, false,
		       (struct rd_tee_words){ "tee.dcap.cert_type", "certification data",
					      "a PCK certificate chain (type 5), or the PCK "
					      "certificate as collateral",
					      "an encrypted or plain platform id" });
	return false;
}

static void check_pck_names(struct rd_dcap *d, const struct rd_cert_path *path)
{
	struct rd_view ca = d->leaf->issuer_cn;
	bool ok = path->n == 3 && !d->leaf->is_ca &&
		  (rd_view_eq(ca, rd_view_str("Intel SGX PCK Processor CA")) ||
		   rd_view_eq(ca, rd_view_str("Intel SGX PCK Platform CA")));

	crypto(d, ok,
	       (struct rd_tee_words){ "tee.dcap.pck.issuer", "PCK certificate",
				      "issued by Intel's Processor or Platform CA",
				      ok ? "issued so" : "issued by another" });
}

static void check_pck(struct rd_dcap *d)
{
	struct rd_tee_chain chain = {
		.claim = "PCK certificate", .leaf = d->leaf, .root = d->root, .n_roots = 1
	};
	struct rd_err why = { 0 };
	struct rd_cert_path path;
	bool ok;

	d->has_pck = rd_pck_read(d->leaf, &d->pck, &why);
	crypto_err(d, d->has_pck,
		   (struct rd_tee_words){ "tee.dcap.pck", "PCK certificate", "Intel's extension",
					  "in order" },
		   &why);
	ok = signed_report(d, d->leaf, &why);
	crypto_err(d, ok,
		   (struct rd_tee_words){ "tee.dcap.qe.signature", "quoting enclave's report",
					  "signed by the PCK", "signed" },
		   &why);
	if (!rd_tee_check_chain(&d->w, &chain, d->pool, &path))
		return;
	check_pck_names(d, &path);
	for (uint32_t i = 0; i + 1 < path.n; i++)
		rd_tee_check_revocation(&d->w, d->pool, path.cert[i], path.cert[i + 1]);
}

/* ---- all of it ------------------------------------------------------------------------------- */

/* Of the older of the two documents, as a floor is for both. */
static void claim_age(struct rd_dcap *d)
{
	int64_t issued = d->info.issue_date;
	uint32_t number = d->info.evaluation_number;

	if (!d->has_info)
		return;
	if (d->has_identity && d->identity.issue_date < issued)
		issued = d->identity.issue_date;
	if (d->has_identity && d->identity.evaluation_number < number)
		number = d->identity.evaluation_number;
	rd_tee_claim_time(&d->w, "collateral_issued", issued);
	rd_tee_claim_uint(&d->w, "tcb_evaluation_number", number);
}

static void claims(struct rd_dcap *d)
{
	struct rd_tee_work *w = &d->w;

	rd_tee_claim_uint(w, "quote_version", d->quote.version);
	if (d->has_pck) {
		struct rd_view id = d->pck.platform_instance_id;

		rd_tee_claim_bytes(w, "fmspc", d->pck.fmspc);
		rd_tee_claim_bytes(w, "platform_id", id.len ? id : d->pck.ppid);
		w->out->platform_id = id.len ? id : d->pck.ppid;
		if (d->pck.has_configuration) {
			rd_tee_claim_bool(w, "dynamic_platform", d->pck.dynamic_platform);
			rd_tee_claim_bool(w, "cached_keys", d->pck.cached_keys);
			rd_tee_claim_bool(w, "smt", d->pck.smt_enabled);
		}
	}
	claim_age(d);
	if (d->status.len) {
		rd_tee_claim_text(w, "tcb_status", d->status);
		rd_tee_claim_text(w, "tcb_date", d->date);
		rd_tee_claim_text(w, "advisories", d->advisories);
		w->out->tcb_status = d->status;
	}
}

void rd_dcap_verify(struct rd_dcap *d)
{
	struct rd_cert *root = RD_NEW(d->w.arena, struct rd_cert, d->w.err);
	uint32_t n = 0;

	d->pool = rd_tee_pool_read(&d->w);
	if (!root || !d->pool ||
	    !rd_certs_read(rd_view_str(rd_dcap_root(0)), d->w.arena, root, 1, &n, d->w.err)) {
		d->w.failed = true;
		return;
	}
	d->root = root;
	check_quote_signature(d);
	check_key_binding(d);
	if (find_leaf(d))
		check_pck(d);
	rd_dcap_check_documents(d);
	if (d->has_identity)
		rd_dcap_check_qe(d);
	if (d->has_info && d->has_pck)
		rd_dcap_check_tcb(d);
	claims(d);
}
