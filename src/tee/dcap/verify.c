/* What SGX and TDX quotes share: signatures, Intel's certificates, signed collateral. */
#include "dcap.h"

#include <string.h>

#define INTEL_VENDOR_ID "\x93\x9A\x72\x33\xF7\x9C\x4C\xA9\x94\x0A\x0D\xB3\x95\x7F\x06\x07"
#define PCK_CN "Intel SGX PCK Certificate"
#define SIGNER_CN "Intel SGX TCB Signing"
#define JSON_PIECES_MAX 16u

bool rd_dcap_all_zero(struct rd_view v)
{
	uint8_t any = 0;

	for (size_t i = 0; i < v.len; i++)
		any |= v.data[i];
	return any == 0;
}

static void crypto(struct rd_dcap *d, bool ok, struct rd_tee_words words)
{
	rd_tee_check(&d->w, RD_ASPECT_CRYPTO, ok, words);
}

static void crypto_err(struct rd_dcap *d, bool ok, struct rd_tee_words words,
		       const struct rd_err *why)
{
	rd_tee_check_err(&d->w, RD_ASPECT_CRYPTO, ok, words, why);
}

static void absent(struct rd_dcap *d, enum rd_aspect aspect, const char *code, const char *claim)
{
	rd_tee_reason(&d->w, (struct rd_reason){ .aspect = aspect,
						 .result = RD_RESULT_ABSENT,
						 .code = code,
						 .claim = claim,
						 .expected = rd_view_str("among the collateral"),
						 .found = rd_view_str("not there") });
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
	crypto(d, rd_view_eq(q->vendor_id, rd_view_of(INTEL_VENDOR_ID, 16)),
	       (struct rd_tee_words){ "tee.dcap.vendor", "qe_vendor_id", "Intel's",
				      rd_view_eq(q->vendor_id, rd_view_of(INTEL_VENDOR_ID, 16))
					      ? "Intel's"
					      : "another" });
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
	     rd_dcap_all_zero(rd_view_of(qe.report_data.data + RD_SHA256_LEN, 32));
	crypto(d, ok,
	       (struct rd_tee_words){ "tee.dcap.binding", "attestation key",
				      "hashed in the quoting enclave's report",
				      ok ? "hashed there" : "another hash" });
	crypto(d, !qe.debug,
	       (struct rd_tee_words){ "tee.dcap.qe.debug", "quoting enclave", "not in debug mode",
				      qe.debug ? "in debug mode" : "not in debug mode" });
}

/* ---- the PCK certificate --------------------------------------------------------------------- */

static const struct rd_cert *find_cn(const struct rd_tee_pool *pool, const char *cn)
{
	for (uint32_t i = 0; i < pool->n_certs; i++)
		if (rd_view_eq(pool->cert[i].subject_cn, rd_view_str(cn)))
			return &pool->cert[i];
	return NULL;
}

/* The quote's own chain first: `pool` then begins with it. */
static bool find_leaf(struct rd_dcap *d)
{
	bool inside = d->quote.cert_type == RD_DCAP_CERT_PCK_CHAIN;
	struct rd_tee_pool *pool = RD_NEW(d->w.arena, struct rd_tee_pool, d->w.err);

	if (!pool) {
		d->w.failed = true;
		return false;
	}
	if (inside)
		rd_tee_pool_add(&d->w, pool, d->quote.cert_data);
	for (uint32_t i = 0; i < d->pool->n_certs && pool->n_certs < RD_TEE_CERTS_MAX; i++)
		pool->cert[pool->n_certs++] = d->pool->cert[i];
	pool->n_crls = d->pool->n_crls;
	memcpy(pool->crl, d->pool->crl, sizeof(pool->crl));
	d->pool = pool;
	d->leaf = find_cn(pool, PCK_CN);
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
	ok = rd_signature_verify(d->leaf->spki, RD_SIGNATURE_ECDSA_RAW, RD_HASH_SHA256,
				 d->quote.qe_report, d->quote.qe_signature, &why);
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

/* ---- signed collateral ----------------------------------------------------------------------- */

static bool json_with(struct rd_view bytes, const char *member)
{
	struct rd_view out;
	struct rd_err unused = { 0 };

	return bytes.len && bytes.data[0] == '{' && rd_json_slice(bytes, member, &out, &unused);
}

static void broken_piece(struct rd_dcap *d, const char *code, const char *claim,
			 const struct rd_err *why)
{
	crypto_err(d, false, (struct rd_tee_words){ code, claim, "Intel's form", "" }, why);
}

/* The TCB info of this platform and technology; else the first of this technology; else none. */
static void find_info(struct rd_dcap *d)
{
	uint32_t tried = 0;

	for (uint32_t i = 0; i < d->w.in->n_collateral && tried < JSON_PIECES_MAX; i++) {
		struct rd_err why = { 0 };
		struct rd_tcb_info info;

		if (!json_with(d->w.in->collateral[i].bytes, "tcbInfo"))
			continue;
		tried++;
		if (!rd_tcb_info_parse(d->w.in->collateral[i].bytes, d->w.arena, &info, &why)) {
			broken_piece(d, "tee.dcap.tcb_info", "TCB info", &why);
			continue;
		}
		if (info.kind != d->kind)
			continue;
		if (!d->has_info || (d->has_pck && rd_view_eq(info.fmspc, d->pck.fmspc)))
			d->info = info;
		d->has_info = true;
	}
	if (!d->has_info)
		absent(d, RD_ASPECT_TCB, "tee.dcap.tcb_info.absent", "TCB info");
}

static void find_identity(struct rd_dcap *d)
{
	uint32_t tried = 0;

	for (uint32_t i = 0; i < d->w.in->n_collateral && tried < JSON_PIECES_MAX; i++) {
		struct rd_err why = { 0 };
		struct rd_qe_identity id;

		if (!json_with(d->w.in->collateral[i].bytes, "enclaveIdentity"))
			continue;
		tried++;
		if (!rd_qe_identity_parse(d->w.in->collateral[i].bytes, d->w.arena, &id, &why)) {
			broken_piece(d, "tee.dcap.qe_identity", "QE identity", &why);
			continue;
		}
		if (id.kind != d->kind || d->has_identity)
			continue;
		d->identity = id;
		d->has_identity = true;
	}
	if (!d->has_identity)
		absent(d, RD_ASPECT_TCB, "tee.dcap.qe_identity.absent", "QE identity");
}

/* The signer's certificate, with its path and revocation, once for both documents. */
static const struct rd_cert *check_signer(struct rd_dcap *d)
{
	const struct rd_cert *signer = find_cn(d->pool, SIGNER_CN);
	struct rd_tee_chain chain = {
		.claim = "TCB signing certificate", .leaf = signer, .root = d->root, .n_roots = 1
	};
	struct rd_cert_path path;

	if (!signer) {
		absent(d, RD_ASPECT_TCB, "tee.dcap.signer.absent", "TCB signing certificate");
		return NULL;
	}
	if (!rd_tee_check_chain(&d->w, &chain, d->pool, &path))
		return NULL;
	for (uint32_t i = 0; i + 1 < path.n; i++)
		rd_tee_check_revocation(&d->w, d->pool, path.cert[i], path.cert[i + 1]);
	return signer;
}

static void check_document(struct rd_dcap *d, const struct rd_cert *signer, const char *claim,
			   const struct rd_signed_json *json)
{
	struct rd_err why = { 0 };
	bool ok = rd_signature_verify(signer->spki, RD_SIGNATURE_ECDSA_RAW, RD_HASH_SHA256,
				      json->bytes, json->signature, &why);

	crypto_err(d, ok,
		   (struct rd_tee_words){ "tee.dcap.collateral.signature", claim,
					  "signed by Intel, byte for byte", "signed" },
		   &why);
}

static void check_dates(struct rd_dcap *d, const char *claim, int64_t from, int64_t until)
{
	int64_t now = d->w.in->now_unix_s;

	if (now < 0) {
		absent(d, RD_ASPECT_TCB, "tee.dcap.collateral.time", claim);
		return;
	}
	rd_tee_check(&d->w, RD_ASPECT_TCB, from <= now && now <= until,
		     (struct rd_tee_words){ "tee.dcap.collateral.time", claim,
					    "issued before the time of verification, and not due "
					    "for renewal",
					    now < from    ? "issued later"
					    : now > until ? "due for renewal"
							  : "fresh" });
}

static void check_collateral(struct rd_dcap *d)
{
	const struct rd_cert *signer;

	find_info(d);
	find_identity(d);
	if (!d->has_info && !d->has_identity)
		return;
	signer = check_signer(d);
	if (signer && d->has_info)
		check_document(d, signer, "TCB info", &d->info.json);
	if (signer && d->has_identity)
		check_document(d, signer, "QE identity", &d->identity.json);
	if (d->has_info)
		check_dates(d, "TCB info", d->info.issue_date, d->info.next_update);
	if (d->has_identity)
		check_dates(d, "QE identity", d->identity.issue_date, d->identity.next_update);
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void claims(struct rd_dcap *d)
{
	struct rd_tee_work *w = &d->w;

	rd_tee_claim_uint(w, "quote_version", d->quote.version);
	if (d->has_pck) {
		struct rd_view id = d->pck.platform_instance_id;

		rd_tee_claim_bytes(w, "fmspc", d->pck.fmspc);
		rd_tee_claim_bytes(w, "platform_id", id.len ? id : d->pck.ppid);
		w->out->platform_id = id.len ? id : d->pck.ppid;
	}
	if (d->has_info) {
		rd_tee_claim_time(w, "collateral_issued", d->info.issue_date);
		rd_tee_claim_uint(w, "tcb_evaluation_number", d->info.evaluation_number);
	}
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
	check_collateral(d);
	if (d->has_identity)
		rd_dcap_check_qe(d);
	if (d->has_info && d->has_pck)
		rd_dcap_check_tcb(d);
	claims(d);
}

bool rd_dcap_document(struct rd_view bytes, struct rd_arena *arena, struct rd_tee_document *out)
{
	struct rd_err unused = { 0 };
	struct rd_qe_identity identity;
	struct rd_tcb_info info;

	if (rd_tcb_info_parse(bytes, arena, &info, &unused))
		*out = (struct rd_tee_document){ "TCB info",      SIGNER_CN,
						 info.json.bytes, info.json.signature,
						 info.issue_date, info.next_update };
	else if (rd_qe_identity_parse(bytes, arena, &identity, &unused))
		*out = (struct rd_tee_document){ "enclave identity",  SIGNER_CN,
						 identity.json.bytes, identity.json.signature,
						 identity.issue_date, identity.next_update };
	else
		return false;
	return true;
}
