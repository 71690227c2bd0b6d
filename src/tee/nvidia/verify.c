/* A GPU's report verified: the device's key, its chain to NVIDIA, its firmware. */
#include "nvidia.h"

#include <stdio.h>
#include <string.h>

#define FWIDS_MAX 4u
#define TAG_FWIDS 0xA6u /* [6], constructed */

static bool signed_by(const struct rd_nvidia_report *r, const struct rd_cert *leaf,
		      struct rd_err *why)
{
	return rd_signature_verify(leaf->spki, RD_SIGNATURE_ECDSA_RAW, RD_HASH_SHA384,
				   r->signed_bytes, r->signature, why);
}

/* The only certificate that is no CA; of several, the one whose key signed; else the first, which
 * is the leaf of a chain as devices give it. */
static const struct rd_cert *choose_leaf(const struct rd_nvidia_report *r,
					 const struct rd_tee_pool *pool)
{
	const struct rd_cert *leaf = NULL;
	struct rd_err unused = { 0 };
	uint32_t n = 0;

	for (uint32_t i = 0; i < pool->n_certs; i++)
		if (!pool->cert[i].is_ca) {
			leaf = &pool->cert[i];
			n++;
		}
	for (uint32_t i = 0; i < pool->n_certs && n > 1; i++)
		if (!pool->cert[i].is_ca && signed_by(r, &pool->cert[i], &unused))
			return &pool->cert[i];
	if (n == 1)
		return leaf;
	return pool->n_certs ? &pool->cert[0] : NULL;
}

/* What a leaf says of the firmware that holds its key; zeros say nothing. */
struct fwids {
	uint32_t n;
	struct rd_view fwid[FWIDS_MAX];
};

/* FWID ::= SEQUENCE { OID of SHA-384, OCTET STRING }; others are passed over. */
static void add_fwid(struct fwids *out, struct rd_view in)
{
	static const uint8_t zeros[RD_NVIDIA_FWID_LEN];
	struct rd_err unused = { 0 };
	struct rd_view oid, digest;

	if (out->n < FWIDS_MAX && rd_der_expect(&in, RD_DER_OID, &oid, &unused) &&
	    rd_der_oid_is(oid, "2.16.840.1.101.3.4.2.2") &&
	    rd_der_expect(&in, RD_DER_OCTET_STRING, &digest, &unused) && in.len == 0 &&
	    digest.len == RD_NVIDIA_FWID_LEN && !rd_view_eq(digest, rd_view_of(zeros, digest.len)))
		out->fwid[out->n++] = digest;
}

/* TCG DICE: TcbInfo (2.23.133.5.4.1.1, Blackwell) lists them under [6]; its older form (Hopper,
 * NVSwitch) ends with one. */
static struct fwids fwids_of(const struct rd_cert *leaf)
{
	struct rd_view ext, in = { 0 }, content, list = { 0 };
	struct rd_err unused = { 0 };
	struct fwids out = { 0 };
	uint8_t tag;

	if (rd_cert_extension(leaf, "2.23.133.5.4.1.1", &ext) &&
	    rd_der_expect(&ext, RD_DER_SEQUENCE, &in, &unused)) {
		while (rd_der_next(&in, &tag, &content, &unused))
			if (tag == TAG_FWIDS)
				list = content;
	} else if (!rd_cert_extension(leaf, "2.23.133.5.4.1", &ext) ||
		   !rd_der_expect(&ext, RD_DER_SEQUENCE, &list, &unused)) {
		return out;
	}
	while (rd_der_next(&list, &tag, &content, &unused))
		if (tag == RD_DER_SEQUENCE)
			add_fwid(&out, content);
	return out;
}

/* Report and key are of the same firmware.  Reports of switches and of older drivers do not say
 * which theirs is: the key's then stands alone. */
static void check_fwid(struct rd_tee_work *w, const struct rd_nvidia_report *r,
		       const struct rd_cert *leaf)
{
	struct rd_view fwid = r->opaque.fwid;
	struct fwids listed = fwids_of(leaf);
	bool ok = false;

	for (uint32_t i = 0; i < listed.n; i++)
		ok = ok || rd_view_eq(fwid, listed.fwid[i]);
	rd_tee_reason(w, (struct rd_reason){ .aspect = RD_ASPECT_CRYPTO,
					     .result = ok          ? RD_RESULT_PASS
						       : fwid.data ? RD_RESULT_FAIL
								   : RD_RESULT_WARNING,
					     .code = "tee.nvidia.fwid",
					     .claim = "fwid",
					     .expected = rd_tee_hex(w, listed.fwid[0]),
					     .found = fwid.data ? rd_tee_hex(w, fwid)
								: rd_view_str("the report names "
									      "none") });
	if (fwid.len || listed.n)
		rd_tee_claim_bytes(w, "fwid", fwid.len ? fwid : listed.fwid[0]);
}

static void check_signer(struct rd_tee_work *w, const struct rd_nvidia_report *r,
			 struct rd_tee_pool *pool, const struct rd_cert *leaf)
{
	struct rd_tee_chain chain = {
		.claim = "device certificate",
		.leaf = leaf,
		.n_roots = 1,
		/* NVIDIA's intermediates have private critical extensions. */
		.ignore_unknown_critical = true,
	};
	struct rd_cert_path path;
	struct rd_err why = { 0 };
	struct rd_cert root;
	uint32_t n = 0;
	bool ok = signed_by(r, leaf, &why);

	rd_tee_check_err(w, RD_ASPECT_CRYPTO, ok,
			 (struct rd_tee_words){ "tee.nvidia.signature", "report",
						"signed by the device's key", "signed" },
			 &why);
	rd_tee_check(w, RD_ASPECT_CRYPTO, !leaf->is_ca,
		     (struct rd_tee_words){ "tee.nvidia.leaf", "device certificate",
					    "a leaf, of the firmware's key",
					    leaf->is_ca ? "a CA" : "a leaf" });
	check_fwid(w, r, leaf);
	if (!rd_certs_read(rd_view_str(rd_nvidia_root(0)), w->arena, &root, 1, &n, w->err)) {
		w->failed = true;
		return;
	}
	chain.root = &root;
	if (!rd_tee_check_chain(w, &chain, pool, &path))
		return;
	for (uint32_t i = 0; i + 1 < path.n; i++)
		rd_tee_check_revocation(w, pool, path.cert[i], path.cert[i + 1]);
}

/* ---- claims ---------------------------------------------------------------------------------- */

static void claim_text(struct rd_tee_work *w, const char *name, struct rd_view v)
{
	while (v.len && v.data[v.len - 1] == 0)
		v.len--;
	if (v.len)
		rd_tee_claim_text(w, name, v);
}

static void claim_bytes(struct rd_tee_work *w, const char *name, struct rd_view v)
{
	if (v.len)
		rd_tee_claim_bytes(w, name, v);
}

/* A switch's is text; a GPU's 8 bytes, little-endian: 96.00.9F.00.01 is 00 9f 00 96 01 00 00 00. */
static void claim_vbios(struct rd_tee_work *w, struct rd_view v)
{
	if (v.len != 8) {
		claim_text(w, "vbios_version", v);
		return;
	}
	rd_tee_claim_text(w, "vbios_version",
			  rd_view_str(rd_tee_name(w, "%02X.%02X.%02X.%02X.%02X", v.data[3],
						  v.data[2], v.data[1], v.data[0], v.data[4])));
}

static void claims(struct rd_tee_work *w, const struct rd_nvidia_report *r,
		   const struct rd_cert *leaf)
{
	rd_tee_claim_bytes(w, "nonce", r->nonce);
	if (leaf) {
		rd_tee_claim_text(w, "device", leaf->subject_cn);
		rd_tee_claim_bytes(w, "device_id", leaf->serial);
	}
	claim_text(w, "driver_version", r->opaque.driver_version);
	claim_vbios(w, r->opaque.vbios_version);
	claim_text(w, "chip_sku", r->opaque.chip_sku);
	claim_text(w, "chip_sku_mod", r->opaque.chip_sku_mod);
	claim_text(w, "project", r->opaque.project);
	claim_text(w, "project_sku", r->opaque.project_sku);
	claim_text(w, "project_sku_mod", r->opaque.project_sku_mod);
	claim_text(w, "chip", r->opaque.chip);
	claim_bytes(w, "board_id", r->opaque.board_id);
	claim_bytes(w, "protected_pcie", r->opaque.protected_pcie);
	claim_bytes(w, "nvdec0", r->opaque.nvdec0);
	claim_bytes(w, "feature_flag", r->opaque.feature_flag);
	claim_bytes(w, "switch_pdi", r->opaque.switch_pdi);
	for (uint32_t i = 0; i < r->n_measurements; i++)
		rd_tee_claim_bytes(w, rd_tee_name(w, "measurements.%u", r->measurement[i].index),
				   r->measurement[i].value);
}

static bool verify(const struct rd_tee_input *in, struct rd_arena *arena, struct rd_tee_result *out,
		   struct rd_err *err)
{
	struct rd_nvidia_report *r = RD_NEW(arena, struct rd_nvidia_report, err);
	struct rd_nvidia_evidence evidence;
	const struct rd_cert *leaf;
	struct rd_tee_pool *pool;
	struct rd_tee_work w;

	if (!r || !rd_nvidia_unwrap(in->report, arena, &evidence, err) ||
	    !rd_nvidia_parse(evidence.report, r, err))
		return false;
	rd_tee_begin(&w, in, arena, out, err);
	pool = rd_tee_pool_read(&w);
	if (!pool)
		return false;
	rd_tee_pool_add(&w, pool, evidence.certificates);
	leaf = choose_leaf(r, pool);
	if (leaf)
		check_signer(&w, r, pool, leaf);
	else
		rd_tee_reason(&w, (struct rd_reason){
					  .aspect = RD_ASPECT_CRYPTO,
					  .result = RD_RESULT_ABSENT,
					  .code = "tee.nvidia.chain",
					  .claim = "device certificate",
					  .expected = rd_view_str("the device's chain"),
					  .found = rd_view_str("none among the collateral") });
	/* Versions are NVIDIA's to judge by its signed reference values (RIM), which are XML. */
	rd_tee_reason(&w,
		      (struct rd_reason){
			      .aspect = RD_ASPECT_TCB,
			      .result = RD_RESULT_ABSENT,
			      .code = "tee.nvidia.rim",
			      .claim = "measurements",
			      .expected = rd_view_str("reference values of this driver and VBIOS"),
			      .found = rd_view_str("not looked at: name them in a policy") });
	rd_tee_check_nonce(&w, r->nonce);
	claims(&w, r, leaf);
	out->level = RD_LEVEL_HARDWARE;
	out->report_data = r->nonce;
	out->platform_id = leaf ? leaf->serial : (struct rd_view){ 0 };
	return rd_tee_done(&w);
}

static const struct rd_tee_rule rules[] = {
	{ .key = "measurements",
	  .claim = "measurements.",
	  .kind = RD_RULE_ONE_OF,
	  .reference = true,
	  .help = "measurements by index, from the vendor's RIM" },
	{ .key = "driver_versions",
	  .claim = "driver_version",
	  .kind = RD_RULE_ONE_OF,
	  .value = RD_CLAIM_TEXT,
	  .help = "drivers" },
	{ .key = "vbios_versions",
	  .claim = "vbios_version",
	  .kind = RD_RULE_ONE_OF,
	  .value = RD_CLAIM_TEXT,
	  .help = "firmware of the device" },
	{ .key = "devices",
	  .claim = "device",
	  .kind = RD_RULE_ONE_OF,
	  .value = RD_CLAIM_TEXT,
	  .help = "kinds of devices, by the name in their certificate" },
	{ .key = "device_ids",
	  .claim = "device_id",
	  .kind = RD_RULE_ONE_OF,
	  .help = "devices that are known" },
	{ .key = "fwids",
	  .claim = "fwid",
	  .kind = RD_RULE_ONE_OF,
	  .len = 48,
	  .help = "firmware that holds the device's key" },
	{ 0 },
};

const struct rd_tee rd_tee_nvidia = {
	.name = "nvidia",
	.content_type = "application/vnd.nvidia.gpu-report",
	.level = RD_LEVEL_HARDWARE,
	.rules = rules,
	.codes = rd_nvidia_codes,
	.root = rd_nvidia_root,
	.verify = verify,
};
