/* An SNP report verified: AMD's signature, chain, versions and chip. */
#include "launch.h"
#include "snp.h"

#include <stdio.h>
#include <string.h>

#define COMPONENT_LEN \
	72u           /* of R and of S in the report: little-endian, the last 24 bytes are 0 \
		       */
#define ORDER_LEN 48u /* P-384 */
#define ALGO_ECDSA_P384_SHA384 1u
#define GUEST_VMPL_MAX 3u

struct verify {
	struct rd_tee_work w;
	struct rd_snp_report r;
	struct rd_tee_pool *pool;
	enum rd_snp_key key;
	const struct rd_cert *leaf;
	bool is_signed;    /* by the leaf's key ... */
	struct rd_err why; /* ... or why not */
	struct rd_snp_cert cert;
	bool has_cert; /* the leaf's extensions were read */
	const char *product;
};

static void crypto(struct verify *v, bool ok, struct rd_tee_words words)
{
	rd_tee_check(&v->w, RD_ASPECT_CRYPTO, ok, words);
}

/* ---- claims ---------------------------------------------------------------------------------- */

static void claim_tcb(struct verify *v)
{
	bool turin = v->product && strcmp(v->product, "Turin") == 0;
	struct rd_snp_tcb t = rd_snp_tcb_read(v->r.reported_tcb, turin);
	struct rd_tee_work *w = &v->w;

	if (turin)
		rd_tee_claim_uint(w, "tcb.fmc", t.fmc);
	rd_tee_claim_uint(w, "tcb.bootloader", t.bootloader);
	rd_tee_claim_uint(w, "tcb.tee", t.tee);
	rd_tee_claim_uint(w, "tcb.snp", t.snp);
	rd_tee_claim_uint(w, "tcb.microcode", t.microcode);
}

static void claim_policy(struct verify *v)
{
	static const struct {
		const char *name;
		uint64_t bit;
	} policy[] = {
		{ "debug", RD_SNP_POLICY_DEBUG },
		{ "migrate_ma", RD_SNP_POLICY_MIGRATE_MA },
		{ "smt", RD_SNP_POLICY_SMT },
		{ "single_socket", RD_SNP_POLICY_SINGLE_SOCKET },
		{ "cxl", RD_SNP_POLICY_CXL },
		{ "aes_256_xts", RD_SNP_POLICY_AES_256_XTS },
		{ "rapl_disabled", RD_SNP_POLICY_RAPL_DISABLED },
		{ "ciphertext_hiding", RD_SNP_POLICY_CIPHERTEXT_HIDING },
		{ "page_swap_disabled", RD_SNP_POLICY_PAGE_SWAP_DISABLED },
	};
	static const struct {
		const char *name;
		uint64_t bit;
	} platform[] = {
		{ "platform_smt", RD_SNP_PLATFORM_SMT },
		{ "platform_tsme", RD_SNP_PLATFORM_TSME },
		{ "platform_ecc", RD_SNP_PLATFORM_ECC },
		{ "platform_rapl_disabled", RD_SNP_PLATFORM_RAPL_DISABLED },
		{ "platform_ciphertext_hiding", RD_SNP_PLATFORM_CIPHERTEXT_HIDING },
		{ "platform_tio", RD_SNP_PLATFORM_TIO },
		{ "alias_check_complete", RD_SNP_PLATFORM_ALIAS_CHECK },
	};
	const struct rd_snp_report *r = &v->r;
	struct rd_tee_work *w = &v->w;

	rd_tee_claim_uint(w, "abi_major", r->policy >> 8 & 0xFF);
	rd_tee_claim_uint(w, "abi_minor", r->policy & 0xFF);
	for (size_t i = 0; i < sizeof(policy) / sizeof(policy[0]); i++)
		rd_tee_claim_bool(w, policy[i].name, r->policy & policy[i].bit);
	rd_tee_claim_uint(w, "platform_info", r->platform_info);
	for (size_t i = 0; i < sizeof(platform) / sizeof(platform[0]); i++)
		rd_tee_claim_bool(w, platform[i].name, r->platform_info & platform[i].bit);
}

/* "1.55.40": major, minor, build. */
static void claim_version(struct verify *v, const char *name, struct rd_view version)
{
	const uint8_t *p = version.data;

	rd_tee_claim_text(&v->w, name,
			  rd_view_str(rd_tee_name(&v->w, "%u.%u.%u", p[2], p[1], p[0])));
}

static void claim_all(struct verify *v)
{
	const struct rd_snp_report *r = &v->r;
	struct rd_tee_work *w = &v->w;

	rd_tee_claim_uint(w, "version", r->version);
	rd_tee_claim_uint(w, "guest_svn", r->guest_svn);
	rd_tee_claim_uint(w, "policy", r->policy);
	rd_tee_claim_bytes(w, "family_id", r->family_id);
	rd_tee_claim_bytes(w, "image_id", r->image_id);
	rd_tee_claim_uint(w, "vmpl", r->vmpl);
	rd_tee_claim_bytes(w, "report_data", r->report_data);
	rd_tee_claim_bytes(w, "measurement", r->measurement);
	rd_tee_claim_bytes(w, "host_data", r->host_data);
	rd_tee_claim_bytes(w, "id_key_digest", r->id_key_digest);
	rd_tee_claim_bytes(w, "author_key_digest", r->author_key_digest);
	rd_tee_claim_bytes(w, "report_id", r->report_id);
	rd_tee_claim_bytes(w, "report_id_ma", r->report_id_ma);
	rd_tee_claim_bytes(w, "reported_tcb", r->reported_tcb);
	rd_tee_claim_bytes(w, "current_tcb", r->current_tcb);
	rd_tee_claim_bytes(w, "committed_tcb", r->committed_tcb);
	rd_tee_claim_bytes(w, "launch_tcb", r->launch_tcb);
	rd_tee_claim_bytes(w, "chip_id", r->chip_id);
	rd_tee_claim_text(w, "signing_key",
			  rd_view_str(v->key == RD_SNP_VCEK   ? "VCEK"
				      : v->key == RD_SNP_VLEK ? "VLEK"
							      : "none"));
	if (v->product)
		rd_tee_claim_text(w, "product", rd_view_str(v->product));
	if (v->has_cert && v->cert.csp_id.len)
		rd_tee_claim_text(w, "csp_id", v->cert.csp_id);
	rd_tee_claim_bool(w, "author_key_en", r->key_info & RD_SNP_KEY_AUTHOR);
	rd_tee_claim_bool(w, "mask_chip_key", r->key_info & RD_SNP_KEY_MASKED);
	claim_policy(v);
	claim_version(v, "current_version", r->current_version);
	claim_version(v, "committed_version", r->committed_version);
	if (r->has_mitigations) {
		rd_tee_claim_uint(w, "launch_mitigations", r->launch_mitigations);
		rd_tee_claim_uint(w, "current_mitigations", r->current_mitigations);
	}
	claim_tcb(v);
}

/* ---- signature and chain --------------------------------------------------------------------- */

/* R and S, little-endian in 72 bytes each, as 96 bytes big-endian. */
static void signature_raw(struct rd_view in, uint8_t out[2 * ORDER_LEN])
{
	for (size_t i = 0; i < ORDER_LEN; i++) {
		out[i] = in.data[ORDER_LEN - 1 - i];
		out[ORDER_LEN + i] = in.data[COMPONENT_LEN + ORDER_LEN - 1 - i];
	}
}

static bool signed_by(const struct verify *v, const struct rd_cert *leaf, struct rd_err *why)
{
	uint8_t raw[2 * ORDER_LEN];

	if (leaf->key != RD_KEY_P384)
		return rd_fail(why, RD_FAULT_REFUSED, "crypto.signature.form",
			       "the signing key is not on P-384");
	signature_raw(v->r.signature, raw);
	return rd_signature_verify(leaf->spki, RD_SIGNATURE_ECDSA_RAW, RD_HASH_SHA384,
				   rd_view_of(v->r.all.data, RD_SNP_SIGNED_LEN),
				   rd_view_of(raw, sizeof(raw)), why);
}

static void check_form(struct verify *v)
{
	const uint8_t *s = v->r.signature.data;
	bool masked = rd_view_all_zero(v->r.signature);
	bool padding = rd_view_all_zero(rd_view_of(s + ORDER_LEN, COMPONENT_LEN - ORDER_LEN)) &&
		       rd_view_all_zero(rd_view_of(s + COMPONENT_LEN + ORDER_LEN,
						   COMPONENT_LEN - ORDER_LEN)) &&
		       rd_view_all_zero(rd_view_of(s + 2 * COMPONENT_LEN, 512 - 2 * COMPONENT_LEN));

	crypto(v, v->r.signature_algo == ALGO_ECDSA_P384_SHA384,
	       (struct rd_tee_words){
		       "tee.snp.algorithm", "signature", "ECDSA P-384 with SHA-384",
		       v->r.signature_algo == ALGO_ECDSA_P384_SHA384
			       ? "that"
			       : rd_tee_name(&v->w, "algorithm %u", v->r.signature_algo) });
	crypto(v, padding,
	       (struct rd_tee_words){ "tee.snp.padding", "signature", "zeros behind R and S",
				      padding ? "zeros" : "other bytes" });
	crypto(v, !masked && (v->key == RD_SNP_VCEK || v->key == RD_SNP_VLEK),
	       (struct rd_tee_words){
		       "tee.snp.signing_key", "signing_key", "VCEK or VLEK",
		       masked                  ? "zeros in place of a signature (MASK_CHIP_KEY)"
		       : v->key == RD_SNP_VCEK ? "VCEK"
		       : v->key == RD_SNP_VLEK ? "VLEK"
		       : v->key == RD_SNP_UNSIGNED
			       ? "none: the report is unsigned"
			       : rd_tee_name(&v->w, "the reserved value %u", v->key) });
}

/* The leaf of the kind that the report names: where there are several the one that signed it. */
static void choose_leaf(struct verify *v)
{
	struct rd_view cn = rd_view_str(v->key == RD_SNP_VLEK ? "SEV-VLEK" : "SEV-VCEK");
	for (uint32_t i = 0; i < v->pool->n_certs && !v->is_signed; i++) {
		const struct rd_cert *c = &v->pool->cert[i];
		struct rd_err why = { 0 };

		if (!rd_view_eq(c->subject_cn, cn) || c->is_ca)
			continue;
		v->is_signed = signed_by(v, c, &why);
		if (v->is_signed || !v->leaf) {
			v->leaf = c;
			v->why = why;
		}
	}
}

/* Product of the certificate: "Milan-B0" begins with one of ours. */
static const char *product_named(struct rd_view name)
{
	for (size_t i = 0; i < RD_SNP_PRODUCTS; i++) {
		struct rd_view p = rd_view_str(rd_snp_product_certs[i].product);

		if (rd_view_starts(name, p) && (name.len == p.len || name.data[p.len] == '-'))
			return rd_snp_product_certs[i].product;
	}
	return NULL;
}

static const char *product_found(struct verify *v)
{
	return rd_tee_name(&v->w, "a certificate of '%.*s'",
			   (int)(v->cert.product.len < 32 ? v->cert.product.len : 32),
			   (const char *)v->cert.product.data);
}

/* A version 2 report names no CPU; its certificate does. */
static void find_product(struct verify *v)
{
	const char *named = v->has_cert ? product_named(v->cert.product) : NULL;

	v->product = v->r.has_cpuid ? rd_snp_product(&v->r) : named;
	if (!v->has_cert)
		return;
	crypto(v, v->product && named && strcmp(v->product, named) == 0,
	       (struct rd_tee_words){ "tee.snp.product", "product",
				      v->product ? v->product : "a product that is known",
				      named ? named : product_found(v) });
}

static bool add_pem(struct verify *v, const char *pem, struct rd_cert *out)
{
	uint32_t n = 0;

	if (rd_certs_read(rd_view_str(pem), v->w.arena, out, 1, &n, v->w.err) && n == 1)
		return true;
	v->w.failed = true;
	return false;
}

static void check_issuer(struct verify *v, const struct rd_cert_path *path)
{
	char wanted[32];
	bool ok;

	snprintf(wanted, sizeof(wanted), v->key == RD_SNP_VLEK ? "SEV-VLEK-%s" : "SEV-%s",
		 v->product);
	ok = path->n == 3 && rd_view_eq(path->cert[1]->subject_cn, rd_view_str(wanted));
	crypto(v, ok,
	       (struct rd_tee_words){
		       "tee.snp.issuer", "signing certificate", wanted,
		       ok ? "that"
			  : rd_tee_name(&v->w, "'%.*s', %u certificates to the root",
					(int)(v->leaf->issuer_cn.len < 64 ? v->leaf->issuer_cn.len
									  : 64),
					(const char *)v->leaf->issuer_cn.data, path->n) });
}

static void check_chain(struct verify *v)
{
	const struct rd_snp_product_certs *certs = NULL;
	struct rd_tee_chain chain = { .claim = "signing certificate",
				      .leaf = v->leaf,
				      .n_roots = 1 };
	struct rd_cert_path path;
	struct rd_cert ark;

	for (size_t i = 0; i < RD_SNP_PRODUCTS && v->product; i++)
		if (strcmp(rd_snp_product_certs[i].product, v->product) == 0)
			certs = &rd_snp_product_certs[i];
	if (!certs) {
		crypto(v, false,
		       (struct rd_tee_words){
			       "tee.snp.product", "product", "Milan, Genoa or Turin",
			       v->r.has_cpuid ? rd_tee_name(&v->w, "CPU family %02x, model %02x",
							    v->r.cpuid_family, v->r.cpuid_model)
					      : "a certificate that names none of these" });
		return;
	}
	rd_tee_pool_add(&v->w, v->pool,
			rd_view_str(v->key == RD_SNP_VLEK ? certs->asvk : certs->ask));
	if (!add_pem(v, certs->ark, &ark))
		return;
	chain.root = &ark;
	if (!rd_tee_check_chain(&v->w, &chain, v->pool, &path))
		return;
	check_issuer(v, &path);
	if (path.n == 3)
		rd_tee_check_revocation(&v->w, v->pool, path.cert[1], path.cert[2]);
}

/* ---- chip and versions ----------------------------------------------------------------------- */

static void check_chip(struct verify *v)
{
	struct rd_view hwid = v->cert.hwid, id = v->r.chip_id, rest;
	bool hidden = rd_view_all_zero(id), ok;

	if (v->key == RD_SNP_VLEK) {
		crypto(v, hwid.len == 0,
		       (struct rd_tee_words){ "tee.snp.chip_id", "chip_id",
					      "a VLEK, which names no chip",
					      hwid.len ? "a hardware id" : "none" });
		return;
	}
	if (hidden) {
		/* MASK_CHIP_ID: the signature alone says which chip's key it was. */
		rd_tee_reason(&v->w,
			      (struct rd_reason){ .aspect = RD_ASPECT_CRYPTO,
						  .result = hwid.len ? RD_RESULT_WARNING
								     : RD_RESULT_FAIL,
						  .code = "tee.snp.chip_id.hidden",
						  .claim = "chip_id",
						  .expected = rd_view_str("the chip of the VCEK"),
						  .found = rd_view_str("hidden by the host") });
		return;
	}
	rest = rd_view_of(id.data + hwid.len, id.len - hwid.len);
	ok = rd_view_starts(id, hwid) && rd_view_all_zero(rest);
	rd_tee_reason(&v->w, (struct rd_reason){ .aspect = RD_ASPECT_CRYPTO,
						 .result = ok ? RD_RESULT_PASS : RD_RESULT_FAIL,
						 .code = "tee.snp.chip_id",
						 .claim = "chip_id",
						 .expected = rd_tee_hex(&v->w, hwid),
						 .found = rd_tee_hex(&v->w, id) });
}

static bool tcb_equal(const struct rd_snp_tcb *a, const struct rd_snp_tcb *b)
{
	return a->has_fmc == b->has_fmc && a->fmc == b->fmc && a->bootloader == b->bootloader &&
	       a->tee == b->tee && a->snp == b->snp && a->microcode == b->microcode &&
	       a->reserved_zero && b->reserved_zero;
}

static bool tcb_at_most(const struct rd_snp_tcb *a, const struct rd_snp_tcb *b)
{
	return a->fmc <= b->fmc && a->bootloader <= b->bootloader && a->tee <= b->tee &&
	       a->snp <= b->snp && a->microcode <= b->microcode;
}

static const char *tcb_text(struct verify *v, const struct rd_snp_tcb *t)
{
	if (t->has_fmc)
		return rd_tee_name(&v->w, "fmc %u, bootloader %u, tee %u, snp %u, microcode %u",
				   t->fmc, t->bootloader, t->tee, t->snp, t->microcode);
	return rd_tee_name(&v->w, "bootloader %u, tee %u, snp %u, microcode %u", t->bootloader,
			   t->tee, t->snp, t->microcode);
}

/* Which component differs, and what that calls for. */
static struct rd_view tcb_remedy(struct verify *v, const struct rd_snp_tcb *reported)
{
	const struct rd_snp_tcb *cert = &v->cert.tcb;
	const struct {
		const char *name;
		uint8_t cert, reported;
	} parts[] = {
		{ "fmc", cert->fmc, reported->fmc },
		{ "bootloader", cert->bootloader, reported->bootloader },
		{ "tee", cert->tee, reported->tee },
		{ "snp", cert->snp, reported->snp },
		{ "microcode", cert->microcode, reported->microcode },
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (parts[i].cert != parts[i].reported)
			return rd_view_str(rd_tee_name(
				&v->w,
				"%s is %u in the certificate, %u in the report: fetch the %s of "
				"REPORTED_TCB",
				parts[i].name, parts[i].cert, parts[i].reported,
				v->key == RD_SNP_VLEK ? "VLEK" : "VCEK"));
	return (struct rd_view){ 0 };
}

static void check_tcb(struct verify *v)
{
	bool turin = v->product && strcmp(v->product, "Turin") == 0;
	struct rd_snp_tcb reported = rd_snp_tcb_read(v->r.reported_tcb, turin);
	struct rd_snp_tcb committed = rd_snp_tcb_read(v->r.committed_tcb, turin);
	struct rd_snp_tcb current = rd_snp_tcb_read(v->r.current_tcb, turin);
	bool equal = tcb_equal(&reported, &v->cert.tcb);

	rd_tee_reason(&v->w, (struct rd_reason){ .aspect = RD_ASPECT_TCB,
						 .result = equal ? RD_RESULT_PASS : RD_RESULT_FAIL,
						 .code = "tee.snp.tcb",
						 .claim = "reported_tcb",
						 .expected = rd_view_str(tcb_text(v, &v->cert.tcb)),
						 .found = rd_view_str(tcb_text(v, &reported)),
						 .remedy = equal ? (struct rd_view){ 0 }
								 : tcb_remedy(v, &reported) });
	rd_tee_check(&v->w, RD_ASPECT_TCB,
		     tcb_at_most(&reported, &committed) && tcb_at_most(&committed, &current),
		     (struct rd_tee_words){ "tee.snp.tcb.order", "reported_tcb",
					    "reported <= committed <= current",
					    rd_tee_name(&v->w, "committed %s; current %s",
							tcb_text(v, &committed),
							tcb_text(v, &current)) });
}

static void check_guest(struct verify *v)
{
	bool one = (v->r.policy & RD_SNP_POLICY_ONE) != 0;

	rd_tee_check(&v->w, RD_ASPECT_POLICY, one,
		     (struct rd_tee_words){ "tee.snp.policy", "policy", "reserved bit 17 set",
					    one ? "set" : "not set" });
	rd_tee_check(
		&v->w, RD_ASPECT_POLICY, v->r.vmpl <= GUEST_VMPL_MAX,
		(struct rd_tee_words){
			"tee.snp.vmpl", "vmpl", "0 to 3, asked for by the guest",
			v->r.vmpl <= GUEST_VMPL_MAX
				? "that"
				: rd_tee_name(&v->w, "%u: asked for by the host", v->r.vmpl) });
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void no_leaf(struct verify *v)
{
	rd_tee_reason(&v->w,
		      (struct rd_reason){
			      .aspect = RD_ASPECT_CRYPTO,
			      .result = RD_RESULT_ABSENT,
			      .code = "tee.snp.leaf",
			      .claim = "signing certificate",
			      .expected = rd_view_str(v->key == RD_SNP_VLEK ? "a VLEK" : "a VCEK"),
			      .found = rd_view_str("none among the collateral") });
}

static void check_signer(struct verify *v)
{
	struct rd_err why = { 0 };

	v->has_cert = rd_snp_cert_read(v->leaf, &v->cert, &why);
	rd_tee_check_err(&v->w, RD_ASPECT_CRYPTO, v->has_cert,
			 (struct rd_tee_words){ "tee.snp.extension", "signing certificate",
						"AMD's extensions", "in order" },
			 &why);
	find_product(v);
	check_chain(v);
	rd_tee_check_err(&v->w, RD_ASPECT_CRYPTO, v->is_signed,
			 (struct rd_tee_words){ "tee.snp.signature", "report",
						"signed by the chip's key", "signed" },
			 &v->why);
	if (v->has_cert) {
		check_chip(v);
		check_tcb(v);
	}
}

static bool verify(const struct rd_tee_input *in, struct rd_arena *arena, struct rd_tee_result *out,
		   struct rd_err *err)
{
	struct verify v = { 0 };

	if (!rd_snp_parse(in->report, &v.r, err))
		return false;
	rd_tee_begin(&v.w, in, arena, out, err);
	v.key = (enum rd_snp_key)(v.r.key_info >> 2 & 7);
	v.pool = rd_tee_pool_read(&v.w);
	if (!v.pool)
		return false;
	rd_snp_pool_fill(&v.w, v.pool);
	check_form(&v);
	choose_leaf(&v);
	if (v.leaf) {
		check_signer(&v);
	} else {
		no_leaf(&v);
		find_product(&v);
	}
	check_guest(&v);
	rd_tee_check_report_nonce(&v.w, v.r.report_data);
	claim_all(&v);
	out->level = RD_LEVEL_HARDWARE;
	out->report_data = v.r.report_data;
	out->platform_id = rd_view_all_zero(v.r.chip_id) ? (struct rd_view){ 0 } : v.r.chip_id;
	out->platform_digest = v.r.measurement;
	out->debug = (v.r.policy & RD_SNP_POLICY_DEBUG) != 0;
	out->product = rd_view_str(v.product ? v.product : "");
	return rd_tee_done(&v.w);
}

/* ---- what to fetch --------------------------------------------------------------------------- */

#define KDS "https://kdsintf.amd.com/"

struct wanted {
	const struct rd_snp_report *r;
	struct rd_arena *arena;
	bool named; /* the product goes into the names: it may be another */
};

/* The chip's own certificate; of a hidden chip only its host knows which. */
static bool put_vcek(const struct wanted *w, const char *product, const char *prefix,
		     struct rd_buf *out, struct rd_err *err)
{
	bool turin = strcmp(product, "Turin") == 0;
	struct rd_snp_tcb t = rd_snp_tcb_read(w->r->reported_tcb, turin);
	struct rd_view id;

	if (rd_view_all_zero(w->r->chip_id))
		return true;
	if (!rd_hex(w->arena,
		    rd_view_of(w->r->chip_id.data, turin ? RD_SNP_HWID_TURIN_LEN : RD_SNP_HWID_LEN),
		    &id, err))
		return false;
	rd_buf_printf(out, "%svcek.der " KDS "vcek/v1/%s/%.*s?", prefix, product, RD_FMT(id));
	if (turin)
		rd_buf_printf(out, "fmcSPL=%u&", t.fmc);
	rd_buf_printf(out, "blSPL=%u&teeSPL=%u&snpSPL=%u&ucodeSPL=%u\n", t.bootloader, t.tee, t.snp,
		      t.microcode);
	return true;
}

static bool put_product(const struct wanted *w, const char *product, struct rd_buf *out,
			struct rd_err *err)
{
	/* A VLEK comes from the cloud that holds it, not from AMD. */
	bool vlek = (w->r->key_info >> 2 & 7) == RD_SNP_VLEK;
	char prefix[16] = "";

	if (w->named)
		snprintf(prefix, sizeof(prefix), "%s-", product);
	rd_buf_printf(out, "%s%s " KDS "%s/v1/%s/cert_chain\n", prefix,
		      vlek ? "asvk_ark.pem" : "ask_ark.pem", vlek ? "vlek" : "vcek", product);
	rd_buf_printf(out, "%scrl.der " KDS "%s/v1/%s/crl\n", prefix, vlek ? "vlek" : "vcek",
		      product);
	return vlek || put_vcek(w, product, prefix, out, err);
}

static bool needs(const struct rd_tee_input *in, struct rd_arena *arena, struct rd_buf *out,
		  struct rd_err *err)
{
	struct rd_snp_report r;
	struct wanted w = { .r = &r, .arena = arena };
	const char *product;

	if (!rd_snp_parse(in->report, &r, err))
		return false;
	product = rd_snp_product(&r);
	if (r.has_cpuid && !product)
		return rd_fail(err, RD_FAULT_REFUSED, "tee.snp.product",
			       "CPU family %02x, model %02x is neither Milan, Genoa nor Turin",
			       r.cpuid_family, r.cpuid_model);
	/* Version 2 names no CPU: Turin's short ids tell it, the others must be tried. */
	if (!product && !rd_view_all_zero(r.chip_id) &&
	    rd_view_all_zero(rd_view_of(r.chip_id.data + RD_SNP_HWID_TURIN_LEN,
					RD_SNP_HWID_LEN - RD_SNP_HWID_TURIN_LEN)))
		product = "Turin";
	w.named = !product;
	return (product ? put_product(&w, product, out, err)
			: put_product(&w, "Milan", out, err) &&
				  put_product(&w, "Genoa", out, err)) &&
	       rd_buf_ok(out, err);
}

const struct rd_tee rd_tee_snp = {
	.name = "snp",
	.content_type = "application/vnd.amd.sev.snp-report",
	.level = RD_LEVEL_HARDWARE,
	.must_not_be_absent = 1u << RD_ASPECT_TCB,
	.rules = rd_snp_rules,
	.codes = rd_snp_codes,
	.root = rd_snp_root,
	.verify = verify,
	.needs = needs,
	.measure = rd_snp_measure,
};
