/* SGX and TDX: a forged Intel, one change at a time; every check has a change that only it sees. */
#include "forge/forge.h"
#include "support.h"
#include "tee/dcap/dcap.h"

#include <stdio.h>
#include <string.h>

#define NOW 1750000000 /* 2025-06-15T15:06:40Z */
#define OID_SGX "1.2.840.113741.1.13.1"
#define PIECES_MAX 8u

static struct forge f;

static struct {
	struct forge_key *root, *ca, *pck, *signer, *ak, *other;
	struct rd_cert root_cert, ca_cert, signer_cert;
} intel;

/* What a test changes. */
struct world {
	bool sgx;
	uint16_t version;
	uint8_t header[48];
	uint8_t body[RD_TD15_REPORT_LEN];
	size_t body_len;
	uint8_t qe[RD_SGX_REPORT_LEN];
	bool qe_rebind; /* the QE's report hashes AK and auth, as it should */
	struct forge_key *qe_signer, *quote_signer;
	struct forge_cert_spec pck_spec;
	uint32_t pcesvn, component8, n_components;
	const char *pck_tail; /* "": in order; else what to spoil in the extension */
	/* Collateral. */
	const char *info_id, *info_dates, *fmspc, *status, *module, *components_json;
	const char *qe_mrsigner, *qe_id, *qe_attributes, *qe_status, *qe_dates;
	uint32_t level_pcesvn, level_component8, tdx_component2, tcb_type, qe_isvsvn, info_version;
	bool flip_info_signature, flip_identity_signature, no_info, no_identity, no_signer, no_crls;
	bool crl_old, revoke_pck, revoke_ca, revoke_signer, crl_of_other, wrong_json;
	struct forge_cert_spec signer_spec;
	bool no_anchor;
	int64_t now;
	uint32_t cert_type, tail;
	struct rd_view nonce;
	/* Made of these. */
	struct rd_cert pck;
	struct rd_collateral piece[PIECES_MAX];
	struct rd_tee_input in;
};

static int setup(void **state)
{
	struct forge_cert_spec root = { .cn = "Intel SGX Root CA",
					.is_ca = true,
					.key_usage = "critical,keyCertSign,cRLSign" };
	struct forge_cert_spec ca = { .cn = "Intel SGX PCK Platform CA",
				      .is_ca = true,
				      .path_len_plus_1 = 1,
				      .key_usage = "critical,keyCertSign,cRLSign" };

	(void)state;
	forge_init(&f);
	root.key = intel.root = forge_key(&f, FORGE_P256);
	ca.key = intel.ca = forge_key(&f, FORGE_P256);
	intel.pck = forge_key(&f, FORGE_P256);
	intel.signer = forge_key(&f, FORGE_P256);
	intel.ak = forge_key(&f, FORGE_P256);
	intel.other = forge_key(&f, FORGE_P256);
	intel.root_cert = forge_cert(&f, &root);
	ca.issuer = &intel.root_cert;
	ca.issuer_key = intel.root;
	intel.ca_cert = forge_cert(&f, &ca);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	forge_free(&f);
	return 0;
}

/* ---- the PCK extension ----------------------------------------------------------------------- */

static struct rd_view seq(uint32_t n, const struct rd_view *parts)
{
	return forge_der(&f, RD_DER_SEQUENCE, forge_concat(&f, n, parts));
}

static struct rd_view entry(const char *oid, struct rd_view value)
{
	struct rd_view parts[2] = { forge_der_oid(&f, oid), value };

	return seq(2, parts);
}

static struct rd_view octets(const char *bytes, size_t len)
{
	return forge_der(&f, RD_DER_OCTET_STRING, rd_view_of(bytes, len));
}

static struct rd_view pck_extension(const struct world *w)
{
	struct rd_view tcb[20], all[8];
	char oid[64];
	uint32_t n = 0, k = 0;

	for (uint32_t i = 1; i <= w->n_components; i++) {
		snprintf(oid, sizeof(oid), OID_SGX ".2.%u", i);
		tcb[n++] = entry(oid, forge_der_uint(&f, i == 8 ? w->component8 : 5));
	}
	if (strcmp(w->pck_tail, "twice") == 0)
		tcb[n - 1] = tcb[0];
	if (strcmp(w->pck_tail, "octets") == 0)
		tcb[2] = entry(OID_SGX ".2.3", octets("\x05", 1));
	tcb[n++] = entry(OID_SGX ".2.17", forge_der_uint(&f, w->pcesvn));
	tcb[n++] = entry(OID_SGX ".2.18", octets("0123456789abcdef", 16));
	all[k++] = entry(OID_SGX ".1", octets("ppid-ppid-ppid-p", 16));
	if (strcmp(w->pck_tail, "no tcb") != 0)
		all[k++] = entry(OID_SGX ".2", seq(n, tcb));
	all[k++] = entry(OID_SGX ".3", octets("\0\0", 2));
	if (strcmp(w->pck_tail, "no fmspc") != 0)
		all[k++] = entry(OID_SGX ".4",
				 octets("\x90\xC0\x6F\0\0\0",
					strcmp(w->pck_tail, "short fmspc") == 0 ? 5 : 6));
	all[k++] = entry(OID_SGX ".6", octets("platform-platfor", 16));
	return seq(k, all);
}

/* ---- defaults -------------------------------------------------------------------------------- */

static void make(struct world *w, bool sgx)
{
	memset(w, 0, sizeof(*w));
	w->sgx = sgx;
	w->version = sgx ? 3 : 4;
	w->header[2] = 2;
	w->header[4] = sgx ? 0 : 0x81;
	memcpy(w->header + 12, "\x93\x9A\x72\x33\xF7\x9C\x4C\xA9\x94\x0A\x0D\xB3\x95\x7F\x06\x07",
	       16);
	w->body_len = sgx ? RD_SGX_REPORT_LEN : RD_TD_REPORT_LEN;
	memset(w->body + w->body_len - 64, 0xEE, 64);
	if (sgx) {
		w->body[48] = 5;
	} else {
		memcpy(w->body, "\x06\x01\x03", 3);
		memset(w->body + 136, 0x77, 48);
		w->body[123] = 0x10;
	}
	w->qe[48] = 0x11; /* attributes: INIT, PROVISIONKEY */
	memset(w->qe + 128, 0xDC, 32);
	w->qe[256] = 1;
	w->qe[258] = 8;
	w->qe_rebind = true;
	w->qe_signer = intel.pck;
	w->quote_signer = intel.ak;
	w->n_components = 16;
	w->component8 = 5;
	w->pcesvn = 13;
	w->pck_tail = "";
	w->pck_spec = (struct forge_cert_spec){ .cn = "Intel SGX PCK Certificate",
						.key = intel.pck,
						.issuer = &intel.ca_cert,
						.issuer_key = intel.ca,
						.key_usage = "critical,digitalSignature" };
	w->info_id = sgx ? "SGX" : "TDX";
	w->info_version = 3;
	w->info_dates = w->qe_dates =
		"\"issueDate\":\"2025-06-01T00:00:00Z\",\"nextUpdate\":\"2025-07-01T00:00:00Z\"";
	w->fmspc = "90c06f000000";
	w->status = w->qe_status = "UpToDate";
	w->module = "TDX_01";
	w->qe_id = sgx ? "QE" : "TD_QE";
	w->qe_mrsigner = "dcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdc";
	w->qe_attributes = "11000000000000000000000000000000";
	w->level_pcesvn = 13;
	w->level_component8 = 5;
	w->tdx_component2 = 3;
	w->qe_isvsvn = 8;
	w->signer_spec = (struct forge_cert_spec){ .cn = "Intel SGX TCB Signing",
						   .key = intel.signer,
						   .issuer = &intel.root_cert,
						   .issuer_key = intel.root };
	w->now = NOW;
	w->cert_type = 5;
}

/* ---- collateral ------------------------------------------------------------------------------ */

static void put_components(struct rd_buf *b, const char *name, uint32_t at2, uint32_t at8)
{
	rd_buf_printf(b, "\"%s\":[", name);
	for (uint32_t i = 0; i < 16; i++)
		rd_buf_printf(b, "%s{\"svn\":%u}", i ? "," : "", i == 2 ? at2 : i == 7 ? at8 : 0);
	rd_buf_printf(b, "],");
}

static void put_level(struct rd_buf *b, const struct world *w, uint32_t pcesvn, const char *status)
{
	rd_buf_printf(b, "{\"tcb\":{");
	if (w->components_json)
		rd_buf_printf(b, "\"sgxtcbcomponents\":%s,", w->components_json);
	else
		put_components(b, "sgxtcbcomponents", 0, w->level_component8);
	if (!w->sgx)
		put_components(b, "tdxtcbcomponents", w->tdx_component2, 0);
	rd_buf_printf(b,
		      "\"pcesvn\":%u},\"tcbDate\":\"2025-05-14T00:00:00Z\",\"tcbStatus\":\"%s\","
		      "\"advisoryIDs\":[\"INTEL-SA-1\",\"INTEL-SA-2\"]}",
		      pcesvn, status);
}

static struct rd_view signed_json(const char *member, struct rd_buf *b, bool flip)
{
	struct rd_view sig = forge_sign(&f, intel.signer, RD_SIGNATURE_ECDSA_RAW, RD_HASH_SHA256,
					rd_buf_view(b));
	struct rd_err err = { 0 };
	struct rd_view hex, out;

	if (flip)
		sig = forge_flip(&f, sig, 5, 0);
	assert_true(rd_hex(f.arena, sig, &hex, &err));
	assert_true(rd_arena_printf(f.arena, &out, &err, "{\"%s\":%.*s,\"signature\":\"%.*s\"}",
				    member, RD_FMT(rd_buf_view(b)), RD_FMT(hex)));
	return out;
}

static struct rd_view tcb_info(const struct world *w)
{
	RD_AUTO(rd_buf_free) struct rd_buf b = { .max = 64 * 1024 };
	static const char zeros[] =
		"000000000000000000000000000000000000000000000000000000000000000000000000000000000"
		"000000000000000";

	rd_buf_printf(&b,
		      "{\"id\":\"%s\",\"version\":%u,%s,\"fmspc\":\"%s\",\"pceId\":\"0000\","
		      "\"tcbType\":%u,"
		      "\"tcbEvaluationDataNumber\":18,",
		      w->info_id, w->info_version, w->info_dates, w->fmspc, w->tcb_type);
	if (!w->sgx)
		rd_buf_printf(
			&b,
			"\"tdxModule\":{\"mrsigner\":\"%s\",\"attributes\":\"0000000000000000\","
			"\"attributesMask\":\"FFFFFFFFFFFFFFFF\"},\"tdxModuleIdentities\":[{"
			"\"id\":\"%s\",\"mrsigner\":\"%s\",\"attributes\":\"0000000000000000\","
			"\"attributesMask\":\"FFFFFFFFFFFFFFFF\",\"tcbLevels\":["
			"{\"tcb\":{\"isvsvn\":6},\"tcbDate\":\"2025\",\"tcbStatus\":\"UpToDate\"},"
			"{\"tcb\":{\"isvsvn\":4},\"tcbDate\":\"2024\",\"tcbStatus\":\"OutOfDate\"}"
			"]}],",
			zeros, w->module, zeros);
	rd_buf_printf(&b, "\"tcbLevels\":[");
	put_level(&b, w, w->level_pcesvn, w->status);
	rd_buf_printf(&b, "]}");
	return signed_json("tcbInfo", &b, w->flip_info_signature);
}

static struct rd_view qe_identity(const struct world *w)
{
	RD_AUTO(rd_buf_free) struct rd_buf b = { .max = 64 * 1024 };

	rd_buf_printf(
		&b,
		"{\"id\":\"%s\",\"version\":2,%s,\"tcbEvaluationDataNumber\":18,"
		"\"miscselect\":\"00000000\",\"miscselectMask\":\"FFFFFFFF\","
		"\"attributes\":\"%s\",\"attributesMask\":\"FBFFFFFFFFFFFFFF0000000000000000\","
		"\"mrsigner\":\"%s\",\"isvprodid\":1,\"tcbLevels\":[{\"tcb\":{\"isvsvn\":%u},"
		"\"tcbDate\":\"2025\",\"tcbStatus\":\"%s\"}]}",
		w->qe_id, w->qe_dates, w->qe_attributes, w->qe_mrsigner, w->qe_isvsvn,
		w->qe_status);
	return signed_json("enclaveIdentity", &b, w->flip_identity_signature);
}

static struct rd_view crl(const struct world *w, const struct rd_cert *issuer,
			  struct forge_key *key, struct rd_view revoked)
{
	return forge_crl(&f, &(struct forge_crl_spec){ .issuer = issuer,
						       .issuer_key = key,
						       .next_update = w->crl_old ? NOW - 1 : 0,
						       .n_revoked = revoked.len > 0,
						       .revoked = { revoked } });
}

static void put(struct world *w, const char *name, struct rd_view bytes)
{
	w->piece[w->in.n_collateral++] = (struct rd_collateral){ .name = name, .bytes = bytes };
}

static void put_collateral(struct world *w)
{
	const struct rd_cert *other = w->crl_of_other ? &intel.root_cert : &intel.ca_cert;
	struct rd_view none = { 0 };

	intel.signer_cert = forge_cert(&f, &w->signer_spec);
	if (!w->no_info)
		put(w, "tcb_info.json",
		    w->wrong_json ? rd_view_str("{\"tcbInfo\":{},\"signature\":\"\"}")
				  : tcb_info(w));
	if (!w->no_identity)
		put(w, "qe_identity.json", qe_identity(w));
	if (!w->no_signer)
		put(w, "signer.der", intel.signer_cert.der);
	if (w->no_crls)
		return;
	put(w, "root.crl",
	    crl(w, &intel.root_cert, intel.root,
		w->revoke_ca       ? intel.ca_cert.serial
		: w->revoke_signer ? intel.signer_cert.serial
				   : none));
	put(w, "pck.crl",
	    crl(w, other, w->crl_of_other ? intel.root : intel.ca,
		w->revoke_pck ? w->pck.serial : none));
}

/* ---- the quote ------------------------------------------------------------------------------- */

static struct rd_view le(uint64_t v, size_t len)
{
	uint8_t bytes[8];
	struct rd_view out;
	struct rd_err err = { 0 };

	rd_store_le64(bytes, v);
	assert_true(rd_arena_copy(f.arena, rd_view_of(bytes, len), &out, &err));
	return out;
}

static struct rd_view certification(struct world *w)
{
	const struct rd_cert *chain[] = { &w->pck, &intel.root_cert, &intel.ca_cert };
	struct rd_view auth = rd_view_str("auth"), pem, parts[7], ak[2], key;
	uint8_t digest[RD_SHA256_LEN];
	struct rd_err err = { 0 };

	key = forge_raw_public(&f, intel.ak);
	ak[0] = rd_view_of(key.data + 1, 64);
	ak[1] = auth;
	assert_true(rd_hash_parts(RD_HASH_SHA256, ak, 2, digest, &err));
	if (w->qe_rebind)
		memcpy(w->qe + 320, digest, sizeof(digest));
	w->pck_spec.extension[0] =
		(struct forge_extension){ .oid = OID_SGX, .value = pck_extension(w) };
	w->pck_spec.n_extensions = strcmp(w->pck_tail, "none") == 0 ? 0 : 1;
	w->pck = forge_cert(&f, &w->pck_spec);
	pem = forge_pem(&f, chain, 3);
	parts[0] = rd_view_of(w->qe, sizeof(w->qe));
	parts[1] = forge_sign(&f, w->qe_signer, RD_SIGNATURE_ECDSA_RAW, RD_HASH_SHA256, parts[0]);
	parts[2] = le(auth.len, 2);
	parts[3] = auth;
	parts[4] = le(w->cert_type, 2);
	parts[5] = le(pem.len, 4);
	parts[6] = pem;
	return forge_concat(&f, 7, parts);
}

static struct rd_view quote(struct world *w)
{
	struct rd_view inner = certification(w), key = forge_raw_public(&f, intel.ak);
	struct rd_view parts[8], signed_bytes, data;
	uint32_t n = 0;

	w->header[0] = (uint8_t)w->version;
	parts[n++] = rd_view_of(w->header, 48);
	if (w->version == 5) {
		parts[n++] = le(w->sgx ? 1 : w->body_len == RD_TD_REPORT_LEN ? 2 : 3, 2);
		parts[n++] = le(w->body_len, 4);
	}
	parts[n++] = rd_view_of(w->body, w->body_len);
	signed_bytes = forge_concat(&f, n, parts);
	n = 0;
	parts[n++] = forge_sign(&f, w->quote_signer, RD_SIGNATURE_ECDSA_RAW, RD_HASH_SHA256,
				signed_bytes);
	parts[n++] = rd_view_of(key.data + 1, 64);
	if (w->version >= 4) {
		parts[n++] = le(6, 2);
		parts[n++] = le(inner.len, 4);
	}
	parts[n++] = inner;
	data = forge_concat(&f, n, parts);
	parts[0] = signed_bytes;
	parts[1] = le(data.len, 4);
	parts[2] = data;
	parts[3] = rd_view_of("\xAA\xAA\xAA\xAA\xAA\xAA\xAA\xAA", w->tail);
	return forge_concat(&f, 4, parts);
}

static const struct rd_tee_input *build(struct world *w)
{
	w->in.report = quote(w);
	put_collateral(w);
	w->in.collateral = w->piece;
	w->in.now_unix_s = w->now;
	w->in.nonce = w->nonce;
	w->in.anchor = &intel.root_cert;
	w->in.n_anchors = w->no_anchor ? 0 : 1;
	return &w->in;
}

/* ---- cases ----------------------------------------------------------------------------------- */

static void td15(struct world *w)
{
	w->version = 5;
	w->body_len = RD_TD15_REPORT_LEN;
}

#define OLD_DATES "\"issueDate\":\"2025-05-01T00:00:00Z\",\"nextUpdate\":\"2025-06-15T15:06:39Z\""
#define NEW_DATES "\"issueDate\":\"2025-06-15T15:06:41Z\",\"nextUpdate\":\"2025-07-15T00:00:00Z\""
#define EDGE_DATES "\"issueDate\":\"2025-06-15T15:06:40Z\",\"nextUpdate\":\"2025-06-15T15:06:40Z\""

/* For both technologies. */
#define SHARED(X) \
	X((void)0, NULL) \
	X(w.tail = 8, NULL) \
	X(w.info_dates = w.qe_dates = EDGE_DATES, NULL) \
	X(w.fmspc = "90C06F000000", NULL) \
	X(w.version = 5, NULL) \
	X(w.quote_signer = intel.other, "tee.dcap.signature") \
	X(w.header[12] = 0, "tee.dcap.vendor") \
	X(w.qe_rebind = false, "tee.dcap.binding") \
	X(w.qe[352] = 1, "tee.dcap.binding") \
	X((w.qe[48] |= 2, w.qe_attributes = "13000000000000000000000000000000"), \
	  "tee.dcap.qe.debug") \
	X(w.qe_signer = intel.other, "tee.dcap.qe.signature") \
	X(w.cert_type = 3, "tee.dcap.cert_type") \
	X(w.pck_spec.cn = "Intel SGX PCK Certificat", "tee.dcap.pck.none") \
	X(w.no_anchor = true, "tee.chain") \
	X(w.pck_spec.issuer_key = intel.other, "tee.chain") \
	X(w.pck_spec.not_after = NOW - 1, "tee.chain.time") \
	X((w.pck_spec.issuer = &intel.root_cert, w.pck_spec.issuer_key = intel.root), \
	  "tee.dcap.pck.issuer") \
	X(w.pck_tail = "none", "tee.dcap.pck") \
	X(w.pck_tail = "no tcb", "tee.dcap.pck") \
	X(w.pck_tail = "no fmspc", "tee.dcap.pck") \
	X(w.pck_tail = "short fmspc", "tee.dcap.pck") \
	X(w.pck_tail = "twice", "tee.dcap.pck") \
	X(w.pck_tail = "octets", "tee.dcap.pck") \
	X(w.n_components = 15, "tee.dcap.pck") \
	X(w.component8 = 256, "tee.dcap.pck") \
	X(w.flip_info_signature = true, "tee.dcap.collateral.signature") \
	X(w.flip_identity_signature = true, "tee.dcap.collateral.signature") \
	X(w.signer_spec.issuer_key = intel.other, "tee.chain") \
	X(w.info_dates = OLD_DATES, "tee.dcap.collateral.time") \
	X(w.info_dates = NEW_DATES, "tee.dcap.collateral.time") \
	X(w.qe_dates = OLD_DATES, "tee.dcap.collateral.time") \
	X(w.qe_dates = NEW_DATES, "tee.dcap.collateral.time") \
	X(w.wrong_json = true, "tee.dcap.tcb_info") \
	X(w.components_json = "[]", "tee.dcap.tcb_info") \
	X(w.components_json = \
		  "[{\"svn\":1},{\"svn\":1},{\"svn\":1},{\"svn\":1},{\"svn\":1},{\"svn\":1}," \
		  "{\"svn\":1},{\"svn\":1},{\"svn\":1},{\"svn\":1},{\"svn\":1},{\"svn\":1}," \
		  "{\"svn\":1},{\"svn\":1},{\"svn\":1}]", \
	  "tee.dcap.tcb_info") \
	X(w.tcb_type = 1, "tee.dcap.tcb_info") \
	X(w.info_version = 4, "tee.dcap.tcb_info") \
	X(w.qe_id = "QVE", "tee.dcap.qe_identity") \
	X(w.fmspc = "90c06f000001", "tee.dcap.fmspc") \
	X(w.qe_mrsigner = "ddcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd", \
	  "tee.dcap.qe.identity") \
	X(w.qe[256] = 2, "tee.dcap.qe.identity") \
	X(w.qe_attributes = "19000000000000000000000000000000", "tee.dcap.qe.attributes") \
	X(w.qe[16] = 1, "tee.dcap.qe.attributes") \
	X(w.qe_isvsvn = 9, "tee.dcap.qe.level") \
	X(w.qe_status = "OutOfDate", RD_TEE_STATUS_CODE) \
	X(w.qe_status = "Revoked", RD_TEE_STATUS_CODE) \
	X(w.status = "SWHardeningNeeded", RD_TEE_STATUS_CODE) \
	X(w.status = "Revoked", RD_TEE_STATUS_CODE) \
	X(w.level_pcesvn = 14, RD_TEE_STATUS_CODE) \
	X(w.level_component8 = 6, RD_TEE_STATUS_CODE) \
	X(w.crl_old = true, "tee.crl") \
	X(w.revoke_pck = true, "tee.revoked") \
	X(w.revoke_ca = true, "tee.revoked") \
	X(w.revoke_signer = true, "tee.revoked") \
	X(w.nonce = rd_view_str("other"), "tee.nonce")

#define TDX_ONLY(X) \
	X(td15(&w), NULL) \
	X((w.body[1] = 0, w.module = "TDX_FF"), NULL) \
	X(w.body[0] = 9, NULL) \
	X(w.module = "TDX_02", "tee.dcap.module") \
	X(w.body[1] = 2, "tee.dcap.module") \
	X(w.body[64] = 1, "tee.dcap.module.identity") \
	X(w.body[112] = 1, "tee.dcap.module.identity") \
	X(w.body[0] = 3, "tee.dcap.module.level") \
	X(w.body[0] = 5, RD_TEE_STATUS_CODE) \
	X(w.body[2] = 2, RD_TEE_STATUS_CODE) \
	X(w.body[120] = 2, "tee.tdx.attributes") \
	X(w.body[120] = 0x80, "tee.tdx.attributes")

static void run_case(struct world *w, const char *change, const char *code)
{
	struct rd_tee_result *r = forge_verify(&f, w->sgx ? &rd_tee_sgx : &rd_tee_tdx, build(w));

	if (code) {
		forge_expect(r, code, RD_RESULT_FAIL, change);
		return;
	}
	forge_expect_good(r, change);
	assert_int_equal(rd_tee_result_of(r, RD_ASPECT_REVOCATION), RD_RESULT_PASS);
	assert_int_equal(rd_tee_result_of(r, RD_ASPECT_TCB), RD_RESULT_PASS);
	assert_true(rd_view_eq(r->tcb_status, rd_view_str("UpToDate")));
}

#define X(change, code) \
	make(&w, sgx); \
	change; \
	run_case(&w, #change, code);

static void test_tdx(void **state)
{
	bool sgx = false;
	struct world w;

	(void)state;
	SHARED(X)
}

static void test_tdx_module(void **state)
{
	bool sgx = false;
	struct world w;

	(void)state;
	TDX_ONLY(X)
}

static void test_sgx(void **state)
{
	bool sgx = true;
	struct world w;

	(void)state;
	SHARED(X)
}
#undef X

static void test_absent(void **state)
{
	struct rd_tee_result *r;
	struct world w;

	(void)state;
	make(&w, false);
	w.no_info = true;
	r = forge_verify(&f, &rd_tee_tdx, build(&w));
	forge_expect(r, "tee.dcap.tcb_info.absent", RD_RESULT_ABSENT, "no TCB info");
	make(&w, false);
	w.no_identity = true;
	r = forge_verify(&f, &rd_tee_tdx, build(&w));
	forge_expect(r, "tee.dcap.qe_identity.absent", RD_RESULT_ABSENT, "no QE identity");
	make(&w, false);
	w.info_id = "SGX"; /* of the other technology: as if there were none */
	r = forge_verify(&f, &rd_tee_tdx, build(&w));
	forge_expect(r, "tee.dcap.tcb_info.absent", RD_RESULT_ABSENT, "SGX's TCB info");
	make(&w, false);
	w.no_signer = true;
	r = forge_verify(&f, &rd_tee_tdx, build(&w));
	forge_expect(r, "tee.dcap.signer.absent", RD_RESULT_ABSENT, "no signer");
	make(&w, false);
	w.no_crls = true;
	r = forge_verify(&f, &rd_tee_tdx, build(&w));
	forge_expect(r, "tee.crl.absent", RD_RESULT_ABSENT, "no lists");
	make(&w, false);
	w.crl_of_other = true; /* the root's list in place of the PCK CA's */
	r = forge_verify(&f, &rd_tee_tdx, build(&w));
	forge_expect(r, "tee.crl.absent", RD_RESULT_ABSENT, "another CA's list");
	make(&w, false);
	w.now = -1;
	r = forge_verify(&f, &rd_tee_tdx, build(&w));
	forge_expect(r, "tee.dcap.collateral.time", RD_RESULT_ABSENT, "no time");
	forge_expect(r, "tee.crl", RD_RESULT_ABSENT, "no time");
}

/* The words of Intel's convergence, and what a refusal says is short. */
static void test_levels(void **state)
{
	static const char *const cases[][3] = {
		{ "UpToDate", "UpToDate", "UpToDate" },
		{ "UpToDate", "OutOfDate", "OutOfDate" },
		{ "SWHardeningNeeded", "OutOfDate", "OutOfDate" },
		{ "ConfigurationNeeded", "OutOfDate", "OutOfDateConfigurationNeeded" },
		{ "ConfigurationAndSWHardeningNeeded", "OutOfDate",
		  "OutOfDateConfigurationNeeded" },
		{ "OutOfDate", "OutOfDate", "OutOfDate" },
		{ "UpToDate", "Revoked", "Revoked" },
		{ "Revoked", "UpToDate", "Revoked" },
		{ "SWHardeningNeeded", "UpToDate", "SWHardeningNeeded" },
		{ "UpToDate", "Odd", "Odd" },
	};
	struct rd_tee_result *r;
	struct world w;
	bool said = false;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_true(rd_view_eq(rd_tcb_converge(rd_view_str(cases[i][0]),
						       rd_view_str(cases[i][1])),
				       rd_view_str(cases[i][2])));
	make(&w, false);
	w.level_component8 = 7;
	r = forge_verify(&f, &rd_tee_tdx, build(&w));
	assert_true(rd_view_eq(r->tcb_status, rd_view_str("NotSupported")));
	for (uint32_t i = 0; i < r->n_reasons; i++)
		said = said || (r->reason[i].remedy.len &&
				memmem(r->reason[i].remedy.data, r->reason[i].remedy.len,
				       "SGX component 8 is 5, needs 7", 29));
	assert_true(said);
}

static void test_claims(void **state)
{
	const struct rd_tee_claim *c;
	struct rd_tee_result *r;
	struct world w;

	(void)state;
	make(&w, false);
	td15(&w);
	w.body[600] = 1;
	w.body[120] = 1;
	r = forge_verify(&f, &rd_tee_tdx, build(&w));
	c = rd_tee_claim_find(r, "service_td");
	assert_true(c && c->number == 1);
	c = rd_tee_claim_find(r, "debug");
	assert_true(c && c->number == 1 && r->debug);
	c = rd_tee_claim_find(r, "advisories");
	assert_true(c && rd_view_eq(c->bytes, rd_view_str("INTEL-SA-1, INTEL-SA-2")));
	make(&w, true);
	w.body[48] = 7;
	r = forge_verify(&f, &rd_tee_sgx, build(&w));
	c = rd_tee_claim_find(r, "debug");
	assert_true(c && c->number == 1 && r->debug);
}

/* Lengths that promise more than there is, in every place that has one. */
static void test_form(void **state)
{
	static const size_t lengths_v4[] = { 48 + 584, 48 + 584 + 4 + 130, 48 + 584 + 4 + 134 + 448,
					     48 + 584 + 4 + 134 + 456 };
	struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof(lengths_v4) / sizeof(lengths_v4[0]); i++) {
		make(&w, false);
		build(&w);
		w.in.report = forge_set(&f, forge_set(&f, w.in.report, lengths_v4[i], 0xFF),
					lengths_v4[i] + 1, 0xFF);
		forge_expect_error(&f, &rd_tee_tdx, &w.in, "tee.dcap.quote", RD_FAULT_MALFORMED);
	}
	make(&w, false);
	forge_expect_no_prefix(&f, &rd_tee_tdx, build(&w));
	make(&w, true);
	forge_expect_no_prefix(&f, &rd_tee_sgx, build(&w));
	make(&w, true);
	forge_expect_error(&f, &rd_tee_tdx, build(&w), "tee.tdx.type", RD_FAULT_MALFORMED);
	make(&w, false);
	forge_expect_error(&f, &rd_tee_sgx, build(&w), "tee.sgx.type", RD_FAULT_MALFORMED);
	make(&w, false);
	w.version = 6;
	forge_expect_error(&f, &rd_tee_tdx, build(&w), "tee.dcap.unsupported", RD_FAULT_REFUSED);
	make(&w, false);
	w.header[2] = 3; /* P-384 */
	forge_expect_error(&f, &rd_tee_tdx, build(&w), "tee.dcap.unsupported", RD_FAULT_REFUSED);
	make(&w, false);
	w.cert_type = 9;
	forge_expect_error(&f, &rd_tee_tdx, build(&w), "tee.dcap.quote", RD_FAULT_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tdx),    cmocka_unit_test(test_tdx_module),
		cmocka_unit_test(test_sgx),    cmocka_unit_test(test_absent),
		cmocka_unit_test(test_levels), cmocka_unit_test(test_claims),
		cmocka_unit_test(test_form),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
