/* What a forged Intel signs. */
#include "intel.h"

#include "support.h"

#include <stdio.h>
#include <string.h>

#define OID_SGX "1.2.840.113741.1.13.1"

struct forge_intel intel;

int intel_setup(void **state)
{
	struct forge_cert_spec root = { .cn = "Intel SGX Root CA",
					.is_ca = true,
					.key_usage = "critical,keyCertSign,cRLSign" };
	struct forge_cert_spec ca = { .cn = "Intel SGX PCK Platform CA",
				      .is_ca = true,
				      .path_len_plus_1 = 1,
				      .key_usage = "critical,keyCertSign,cRLSign" };

	(void)state;
	forge_init(&intel.forge);
	root.key = intel.root = forge_key(&intel.forge, FORGE_P256);
	ca.key = intel.ca = forge_key(&intel.forge, FORGE_P256);
	intel.pck = forge_key(&intel.forge, FORGE_P256);
	intel.signer = forge_key(&intel.forge, FORGE_P256);
	intel.ak = forge_key(&intel.forge, FORGE_P256);
	intel.other = forge_key(&intel.forge, FORGE_P256);
	intel.root_cert = forge_cert(&intel.forge, &root);
	ca.issuer = &intel.root_cert;
	ca.issuer_key = intel.root;
	intel.ca_cert = forge_cert(&intel.forge, &ca);
	return 0;
}

int intel_teardown(void **state)
{
	(void)state;
	forge_free(&intel.forge);
	return 0;
}

/* ---- the PCK extension ----------------------------------------------------------------------- */

static struct rd_view seq(uint32_t n, const struct rd_view *parts)
{
	return forge_der(&intel.forge, RD_DER_SEQUENCE, forge_concat(&intel.forge, n, parts));
}

static struct rd_view entry(const char *oid, struct rd_view value)
{
	struct rd_view parts[2] = { forge_der_oid(&intel.forge, oid), value };

	return seq(2, parts);
}

static struct rd_view octets(const char *bytes, size_t len)
{
	return forge_der(&intel.forge, RD_DER_OCTET_STRING, rd_view_of(bytes, len));
}

static struct rd_view boolean(bool value)
{
	return forge_der(&intel.forge, RD_DER_BOOLEAN, rd_view_of(value ? "\xFF" : "\0", 1));
}

/* Something behind a value, inside of its entry. */
static struct rd_view and_more(struct rd_view value)
{
	struct rd_view parts[2] = { value, boolean(true) };

	return forge_concat(&intel.forge, 2, parts);
}

static struct rd_view pck_extension(const struct intel_world *w)
{
	struct rd_view tcb[20], all[9], smt[3], pceid;
	char oid[64];
	uint32_t n = 0, k = 0;

	for (uint32_t i = 1; i <= w->n_components; i++) {
		snprintf(oid, sizeof(oid), OID_SGX ".2.%u", i);
		tcb[n++] = entry(oid, forge_der_uint(&intel.forge, i == 8 ? w->component8 : 5));
	}
	if (strcmp(w->pck_tail, "twice") == 0)
		tcb[n - 1] = tcb[0];
	if (strcmp(w->pck_tail, "octets") == 0)
		tcb[2] = entry(OID_SGX ".2.3", octets("\x05", 1));
	if (strcmp(w->pck_tail, "component and more") == 0)
		tcb[2] = entry(OID_SGX ".2.3", and_more(forge_der_uint(&intel.forge, 5)));
	if (strcmp(w->pck_tail, "component again") == 0)
		tcb[n++] = tcb[0];
	if (strcmp(w->pck_tail, "another component") == 0)
		tcb[n++] = entry(OID_SGX ".2.19", forge_der_uint(&intel.forge, 5));
	tcb[n++] = entry(OID_SGX ".2.17", forge_der_uint(&intel.forge, w->pcesvn));
	tcb[n++] = entry(OID_SGX ".2.18", octets("0123456789abcdef", 16));
	if (strcmp(w->pck_tail, "no ppid") != 0)
		all[k++] = entry(OID_SGX ".1", octets("ppid-ppid-ppid-p", 16));
	if (strcmp(w->pck_tail, "ppid twice") == 0)
		all[k++] = all[0];
	if (strcmp(w->pck_tail, "no tcb") != 0)
		all[k++] = entry(OID_SGX ".2", strcmp(w->pck_tail, "tcb and more") == 0
						       ? and_more(seq(n, tcb))
						       : seq(n, tcb));
	if (strcmp(w->pck_tail, "tcb twice") == 0) {
		all[k] = all[k - 1];
		k++;
	}
	pceid = octets(strcmp(w->pck_tail, "another pceid") == 0 ? "\0\1" : "\0\0", 2);
	if (strcmp(w->pck_tail, "no pceid") != 0)
		all[k++] =
			entry(OID_SGX ".3",
			      strcmp(w->pck_tail, "pceid and more") == 0 ? and_more(pceid) : pceid);
	if (strcmp(w->pck_tail, "no fmspc") != 0)
		all[k++] = entry(OID_SGX ".4",
				 octets("\x90\xC0\x6F\0\0\0",
					strcmp(w->pck_tail, "short fmspc") == 0 ? 5 : 6));
	all[k++] = entry(OID_SGX ".6", octets("platform-platfor", 16));
	smt[0] = entry(OID_SGX ".7.1", boolean(false));
	smt[1] = entry(OID_SGX ".7.2", boolean(false));
	smt[2] = entry(OID_SGX ".7.3", boolean(w->smt));
	if (strcmp(w->pck_tail, "no configuration") != 0)
		all[k++] = entry(OID_SGX ".7",
				 strcmp(w->pck_tail, "configuration") == 0 ? smt[0] : seq(3, smt));
	return strcmp(w->pck_tail, "and more") == 0 ? and_more(seq(k, all)) : seq(k, all);
}

/* ---- defaults -------------------------------------------------------------------------------- */

void intel_make(struct intel_world *w, bool sgx)
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
	w->module_mask = "FFFFFFFFFFFFFFFF";
	w->info_number = w->qe_number = 18;
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
	w->now = INTEL_NOW;
	w->cert_type = 5;
}

/* ---- collateral ------------------------------------------------------------------------------ */

static void put_components(struct rd_buf *b, const char *name, uint32_t at2, uint32_t at8)
{
	rd_buf_printf(b, "\"%s\":[", name);
	for (uint32_t i = 0; i < 16; i++)
		rd_buf_printf(b, "%s{\"svn\":%u%s}", i ? "," : "",
			      i == 2   ? at2
			      : i == 7 ? at8
				       : 0,
			      i == 7 ? ",\"category\":\"OS/VMM\",\"type\":\"SEAMLDR ACM\"" : "");
	rd_buf_printf(b, "],");
}

static void put_level(struct rd_buf *b, const struct intel_world *w, uint32_t pcesvn,
		      const char *status)
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
	struct rd_view sig = forge_sign(&intel.forge, intel.signer, RD_SIGNATURE_ECDSA_RAW,
					RD_HASH_SHA256, rd_buf_view(b));
	struct rd_err err = { 0 };
	struct rd_view hex, out;

	if (flip)
		sig = forge_flip(&intel.forge, sig, 5, 0);
	assert_true(rd_hex(intel.forge.arena, sig, &hex, &err));
	assert_true(rd_arena_printf(intel.forge.arena, &out, &err,
				    "{\"%s\":%.*s,\"signature\":\"%.*s\"}", member,
				    RD_FMT(rd_buf_view(b)), RD_FMT(hex)));
	return out;
}

struct rd_view intel_tcb_info(const struct intel_world *w)
{
	RD_AUTO(rd_buf_free) struct rd_buf b = { .max = 64 * 1024 };
	static const char zeros[] =
		"000000000000000000000000000000000000000000000000000000000000000000000000000000000"
		"000000000000000";

	rd_buf_printf(&b,
		      "{\"id\":\"%s\",\"version\":%u,%s,\"fmspc\":\"%s\",\"pceId\":\"0000\","
		      "\"tcbType\":%u,"
		      "\"tcbEvaluationDataNumber\":%u,",
		      w->info_id, w->info_version, w->info_dates, w->fmspc, w->tcb_type,
		      w->info_number);
	if (!w->sgx)
		rd_buf_printf(
			&b,
			"\"tdxModule\":{\"mrsigner\":\"%s\",\"attributes\":\"0000000000000000\","
			"\"attributesMask\":\"FFFFFFFFFFFFFFFF\"},\"tdxModuleIdentities\":[{"
			"\"id\":\"%s\",\"mrsigner\":\"%s\",\"attributes\":\"0000000000000000\","
			"\"attributesMask\":\"%s\",\"tcbLevels\":["
			"{\"tcb\":{\"isvsvn\":6},\"tcbDate\":\"2025\",\"tcbStatus\":\"UpToDate\"},"
			"{\"tcb\":{\"isvsvn\":4},\"tcbDate\":\"2024\",\"tcbStatus\":\"OutOfDate\","
			"\"advisoryIDs\":[\"INTEL-SA-2\",\"INTEL-SA-3\",\"SA-1\",\"INTEL-SA-11\"]}]"
			"}],",
			zeros, w->module, zeros, w->module_mask);
	rd_buf_printf(&b, "\"tcbLevels\":[");
	put_level(&b, w, w->level_pcesvn, w->status);
	rd_buf_printf(&b, "]}");
	return signed_json("tcbInfo", &b, w->flip_info_signature);
}

struct rd_view intel_qe_identity(const struct intel_world *w)
{
	RD_AUTO(rd_buf_free) struct rd_buf b = { .max = 64 * 1024 };

	rd_buf_printf(
		&b,
		"{\"id\":\"%s\",\"version\":2,%s,\"tcbEvaluationDataNumber\":%u,"
		"\"miscselect\":\"00000000\",\"miscselectMask\":\"FFFFFFFF\","
		"\"attributes\":\"%s\",\"attributesMask\":\"FBFFFFFFFFFFFFFF0000000000000000\","
		"\"mrsigner\":\"%s\",\"isvprodid\":1,\"tcbLevels\":[{\"tcb\":{\"isvsvn\":%u},"
		"\"tcbDate\":\"2025\",\"tcbStatus\":\"%s\"}]}",
		w->qe_id, w->qe_dates, w->qe_number, w->qe_attributes, w->qe_mrsigner, w->qe_isvsvn,
		w->qe_status);
	return signed_json("enclaveIdentity", &b, w->flip_identity_signature);
}

struct rd_view intel_crl(const struct intel_world *w, const struct rd_cert *issuer,
			 struct forge_key *key, struct rd_view revoked)
{
	return forge_crl(&intel.forge,
			 &(struct forge_crl_spec){ .issuer = issuer,
						   .issuer_key = key,
						   .next_update = w->crl_old ? INTEL_NOW - 1 : 0,
						   .n_revoked = revoked.len > 0,
						   .revoked = { revoked } });
}

static void put(struct intel_world *w, const char *name, struct rd_view bytes)
{
	w->piece[w->in.n_collateral++] = (struct rd_collateral){ .name = name, .bytes = bytes };
}

static void put_collateral(struct intel_world *w)
{
	const struct rd_cert *other = w->crl_of_other ? &intel.root_cert : &intel.ca_cert;
	struct rd_view none = { 0 };

	intel.signer_cert = forge_cert(&intel.forge, &w->signer_spec);
	if (!w->no_info)
		put(w, "tcb_info.json",
		    w->wrong_json ? rd_view_str("{\"tcbInfo\":{},\"signature\":\"\"}")
				  : intel_tcb_info(w));
	if (!w->no_identity)
		put(w, "qe_identity.json", intel_qe_identity(w));
	if (!w->no_signer)
		put(w, "signer.der", intel.signer_cert.der);
	if (w->no_crls)
		return;
	put(w, "root.crl",
	    intel_crl(w, &intel.root_cert, intel.root,
		      w->revoke_ca       ? intel.ca_cert.serial
		      : w->revoke_signer ? intel.signer_cert.serial
					 : none));
	put(w, "pck.crl",
	    intel_crl(w, other, w->crl_of_other ? intel.root : intel.ca,
		      w->revoke_pck ? w->pck.serial : none));
}

/* ---- the quote ------------------------------------------------------------------------------- */

static struct rd_view le(uint64_t v, size_t len)
{
	uint8_t bytes[8];
	struct rd_view out;
	struct rd_err err = { 0 };

	rd_store_le64(bytes, v);
	assert_true(rd_arena_copy(intel.forge.arena, rd_view_of(bytes, len), &out, &err));
	return out;
}

static struct rd_view certification(struct intel_world *w)
{
	const struct rd_cert *chain[] = { &w->pck, &intel.root_cert, &intel.ca_cert };
	struct rd_view auth = rd_view_str("auth"), pem, parts[7], ak[2], key;
	uint8_t digest[RD_SHA256_LEN];
	struct rd_err err = { 0 };

	key = forge_raw_public(&intel.forge, intel.ak);
	ak[0] = rd_view_of(key.data + 1, 64);
	ak[1] = auth;
	assert_true(rd_hash_parts(RD_HASH_SHA256, ak, 2, digest, &err));
	if (w->qe_rebind)
		memcpy(w->qe + 320, digest, sizeof(digest));
	w->pck_spec.extension[0] =
		(struct forge_extension){ .oid = OID_SGX, .value = pck_extension(w) };
	w->pck_spec.n_extensions = strcmp(w->pck_tail, "none") == 0 ? 0 : 1;
	w->pck = forge_cert(&intel.forge, &w->pck_spec);
	pem = forge_pem(&intel.forge, chain, 3);
	parts[0] = rd_view_of(w->qe, sizeof(w->qe));
	parts[1] = forge_sign(&intel.forge, w->qe_signer, RD_SIGNATURE_ECDSA_RAW, RD_HASH_SHA256,
			      parts[0]);
	parts[2] = le(auth.len, 2);
	parts[3] = auth;
	parts[4] = le(w->cert_type, 2);
	parts[5] = le(pem.len, 4);
	parts[6] = pem;
	return forge_concat(&intel.forge, 7, parts);
}

static struct rd_view quote(struct intel_world *w)
{
	struct rd_view inner = certification(w), key = forge_raw_public(&intel.forge, intel.ak);
	struct rd_view parts[8], signed_bytes, data;
	uint32_t n = 0;

	w->header[0] = (uint8_t)w->version;
	parts[n++] = rd_view_of(w->header, 48);
	if (w->version == 5) {
		parts[n++] = le(w->sgx                              ? 1
				: w->body_len == RD_TD_REPORT_LEN   ? 2
				: w->body_len == RD_TD15_REPORT_LEN ? 3
								    : 4,
				2);
		parts[n++] = le(w->body_len, 4);
	}
	parts[n++] = rd_view_of(w->body, w->body_len);
	signed_bytes = forge_concat(&intel.forge, n, parts);
	n = 0;
	parts[n++] = forge_sign(&intel.forge, w->quote_signer, RD_SIGNATURE_ECDSA_RAW,
				RD_HASH_SHA256, signed_bytes);
	parts[n++] = rd_view_of(key.data + 1, 64);
	if (w->version >= 4) {
		parts[n++] = le(6, 2);
		parts[n++] = le(inner.len, 4);
	}
	parts[n++] = inner;
	data = forge_concat(&intel.forge, n, parts);
	parts[0] = signed_bytes;
	parts[1] = le(data.len, 4);
	parts[2] = data;
	parts[3] = rd_view_of("\xAA\xAA\xAA\xAA\xAA\xAA\xAA\xAA", w->tail);
	return forge_concat(&intel.forge, 4, parts);
}

const struct rd_tee_input *intel_build(struct intel_world *w)
{
	w->in.report = quote(w);
	w->in.n_collateral = 0;
	put_collateral(w);
	w->in.collateral = w->piece;
	w->in.now_unix_s = w->now;
	w->in.nonce = w->nonce;
	w->in.anchor = &intel.root_cert;
	w->in.n_anchors = w->no_anchor ? 0 : 1;
	return &w->in;
}
