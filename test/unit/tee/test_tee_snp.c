/* SEV-SNP: a forged AMD, one change at a time; every check of the verifier has a change that only
 * it sees. */
#include "forge/forge.h"
#include "support.h"
#include "tee/snp/snp.h"

#include <stdio.h>
#include <string.h>

#define NOW 1750000000 /* 2025-06-15 */
#define OID_AMD "1.3.6.1.4.1.3704.1."

static struct forge f;

/* Keys are slow to make: one AMD for all tests. */
static struct {
	struct forge_key *ark, *ask, *vcek, *other;
	struct rd_cert ark_cert, ask_cert, asvk_cert, turin_cert;
} amd;

/* What a test changes, in the order in which it takes effect. */
struct world {
	uint8_t report[RD_SNP_REPORT_LEN]; /* before signing */
	struct forge_cert_spec leaf_spec;
	struct forge_key *signer;
	struct rd_cert leaf;
	bool no_leaf, masked, with_crl, crl_revokes, crl_old, no_anchor;
	int64_t now;
	/* After signing. */
	int set_at, set_to;
	struct rd_view nonce;
	struct rd_view leaf_piece; /* in place of the leaf's DER */
	struct rd_collateral pieces[5];
	struct rd_tee_input in;
};

static struct rd_cert ca(const char *cn, struct forge_key *key, const struct rd_cert *issuer,
			 struct forge_key *issuer_key)
{
	return forge_cert(&f,
			  &(struct forge_cert_spec){ .cn = cn,
						     .key = key,
						     .issuer = issuer,
						     .issuer_key = issuer_key,
						     .is_ca = true,
						     .key_usage = "critical,keyCertSign,cRLSign",
						     .pss = true,
						     .hash = RD_HASH_SHA384 });
}

static int setup(void **state)
{
	(void)state;
	forge_init(&f);
	amd.ark = forge_key(&f, FORGE_RSA2048);
	amd.ask = forge_key(&f, FORGE_RSA2048);
	amd.vcek = forge_key(&f, FORGE_P384);
	amd.other = forge_key(&f, FORGE_P384);
	amd.ark_cert = ca("ARK-Milan", amd.ark, NULL, NULL);
	amd.ask_cert = ca("SEV-Milan", amd.ask, &amd.ark_cert, amd.ark);
	amd.asvk_cert = ca("SEV-VLEK-Milan", amd.ask, &amd.ark_cert, amd.ark);
	amd.turin_cert = ca("SEV-Turin", amd.ask, &amd.ark_cert, amd.ark);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	forge_free(&f);
	return 0;
}

static void extension(struct world *w, const char *oid, struct rd_view value)
{
	w->leaf_spec.extension[w->leaf_spec.n_extensions++] =
		(struct forge_extension){ .oid = oid, .value = value };
}

/* Replaces one, or takes it out (no value). */
static void change_extension(struct world *w, const char *oid, struct rd_view value)
{
	struct forge_cert_spec *s = &w->leaf_spec;

	for (uint32_t i = 0; i < s->n_extensions; i++) {
		if (strcmp(s->extension[i].oid, oid) != 0)
			continue;
		if (value.len)
			s->extension[i].value = value;
		else
			s->extension[i] = s->extension[--s->n_extensions];
		return;
	}
	extension(w, oid, value);
}

static struct rd_view chip(void)
{
	static uint8_t id[64] = { 2, 64, 4 }; /* begins like a DER tag */

	id[63] = 9;
	return rd_view_of(id, sizeof(id));
}

/* A report of version 3 by a Milan, TCB bootloader 4, tee 0, snp 24, microcode 219. */
static void make(struct world *w)
{
	static const uint8_t tcb[8] = { 4, 0, 0, 0, 0, 0, 24, 219 };

	memset(w, 0, sizeof(*w));
	w->now = NOW;
	w->set_at = -1;
	w->signer = amd.vcek;
	w->report[0] = 3;
	rd_store_le64(w->report + 0x08, 0x30000);
	w->report[0x34] = 1;
	memcpy(w->report + 0x38, tcb, 8);
	memset(w->report + 0x50, 0xAB, 64);
	memset(w->report + 0x90, 0xCD, 48);
	memcpy(w->report + 0x180, tcb, 8);
	w->report[0x188] = 0x19;
	w->report[0x189] = 0x01;
	memcpy(w->report + 0x1A0, chip().data, 64);
	memcpy(w->report + 0x1E0, tcb, 8);
	memcpy(w->report + 0x1F0, tcb, 8);
	w->leaf_spec = (struct forge_cert_spec){ .cn = "SEV-VCEK",
						 .key = amd.vcek,
						 .issuer = &amd.ask_cert,
						 .issuer_key = amd.ask,
						 .no_key_ids = true,
						 .pss = true,
						 .hash = RD_HASH_SHA384 };
	extension(w, OID_AMD "1", forge_der_uint(&f, 0));
	extension(w, OID_AMD "2", forge_der(&f, RD_DER_IA5_STRING, rd_view_str("Milan-B0")));
	extension(w, OID_AMD "3.1", forge_der_uint(&f, 4));
	extension(w, OID_AMD "3.2", forge_der_uint(&f, 0));
	extension(w, OID_AMD "3.3", forge_der_uint(&f, 24));
	extension(w, OID_AMD "3.4", forge_der_uint(&f, 0));
	extension(w, OID_AMD "3.8", forge_der_uint(&f, 219));
	extension(w, OID_AMD "4", chip());
}

static void sign(struct world *w)
{
	struct rd_view sig = forge_sign(&f, w->signer, RD_SIGNATURE_ECDSA_RAW, RD_HASH_SHA384,
					rd_view_of(w->report, RD_SNP_SIGNED_LEN));

	for (size_t i = 0; i < 48; i++) {
		w->report[RD_SNP_SIGNED_LEN + i] = sig.data[47 - i];
		w->report[RD_SNP_SIGNED_LEN + 72 + i] = sig.data[95 - i];
	}
	if (w->set_at >= 0)
		w->report[w->set_at] = (uint8_t)w->set_to;
}

static const struct rd_tee_input *build(struct world *w)
{
	struct forge_crl_spec crl = { .issuer = &amd.ark_cert,
				      .issuer_key = amd.ark,
				      .pss = true,
				      .n_revoked = w->crl_revokes,
				      .revoked = { amd.ask_cert.serial },
				      .next_update = w->crl_old ? NOW - 1 : 0 };
	uint32_t n = 0;

	if (!w->masked)
		sign(w);
	w->leaf = forge_cert(&f, &w->leaf_spec);
	if (!w->no_leaf)
		w->pieces[n++] = (struct rd_collateral){ .name = "vcek",
							 .bytes = w->leaf_piece.len ? w->leaf_piece
										    : w->leaf.der };
	w->pieces[n++] = (struct rd_collateral){ .name = "ask", .bytes = amd.ask_cert.der };
	w->pieces[n++] = (struct rd_collateral){ .name = "asvk", .bytes = amd.asvk_cert.der };
	w->pieces[n++] = (struct rd_collateral){ .name = "turin", .bytes = amd.turin_cert.der };
	if (w->with_crl)
		w->pieces[n++] =
			(struct rd_collateral){ .name = "crl", .bytes = forge_crl(&f, &crl) };
	w->in = (struct rd_tee_input){ .report = rd_view_of(w->report, sizeof(w->report)),
				       .collateral = w->pieces,
				       .n_collateral = n,
				       .now_unix_s = w->now,
				       .nonce = w->nonce,
				       .anchor = &amd.ark_cert,
				       .n_anchors = w->no_anchor ? 0 : 1 };
	return &w->in;
}

static void vlek(struct world *w)
{
	w->report[0x48] = 1 << 2;
	memset(w->report + 0x1A0, 0, 64);
	w->leaf_spec.cn = "SEV-VLEK";
	w->leaf_spec.issuer = &amd.asvk_cert;
	change_extension(w, OID_AMD "2", forge_der(&f, RD_DER_IA5_STRING, rd_view_str("Milan")));
	change_extension(w, OID_AMD "4", (struct rd_view){ 0 });
	extension(w, OID_AMD "5", forge_der(&f, RD_DER_IA5_STRING, rd_view_str("CN=cloud")));
}

static struct rd_view short_chip(void)
{
	static const uint8_t id[64] = { 4, 2, 3, 4, 5, 6, 7, 8 };

	return rd_view_of(id, sizeof(id));
}

/* A Turin: TCB fmc 1, bootloader 2, tee 3, snp 4, microcode 81; an id of 8 bytes. */
static void turin(struct world *w)
{
	static const uint8_t tcb[8] = { 1, 2, 3, 4, 0, 0, 0, 81 };

	w->report[0] = 5;
	memcpy(w->report + 0x38, tcb, 8);
	memcpy(w->report + 0x180, tcb, 8);
	w->report[0x188] = 0x1A;
	w->report[0x189] = 0x02;
	memcpy(w->report + 0x1A0, short_chip().data, 64);
	memcpy(w->report + 0x1E0, tcb, 8);
	w->leaf_spec.issuer = &amd.turin_cert;
	change_extension(w, OID_AMD "2", forge_der(&f, RD_DER_IA5_STRING, rd_view_str("Turin")));
	change_extension(w, OID_AMD "3.1", forge_der_uint(&f, 2));
	change_extension(w, OID_AMD "3.2", forge_der_uint(&f, 3));
	change_extension(w, OID_AMD "3.3", forge_der_uint(&f, 4));
	change_extension(w, OID_AMD "3.4", (struct rd_view){ 0 });
	change_extension(w, OID_AMD "3.8", forge_der_uint(&f, 81));
	change_extension(w, OID_AMD "3.9", forge_der_uint(&f, 1));
	change_extension(w, OID_AMD "4", rd_view_of(short_chip().data, 8));
}

/* What a report of version 2 says of its CPU. */
static void old(struct world *w)
{
	w->report[0] = 2;
	w->report[0x188] = w->report[0x189] = 0;
}

#define BYTES(...) \
	rd_view_of((const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }))

/* A change and the failing reason it must leave; NULL: nothing fails. */
#define CASES(X) \
	X((void)0, NULL) \
	X(vlek(&w), NULL) \
	X(w.report[0] = 2, NULL) \
	X(w.report[0] = 5, NULL) \
	X(w.report[0] = 4, NULL) \
	X(old(&w), NULL) \
	X(turin(&w), NULL) \
	X((turin(&w), w.report[0x189] = 0x11), NULL) \
	X((turin(&w), old(&w)), NULL) \
	X((turin(&w), w.report[0x188] = 0x19), "tee.snp.product") \
	X((turin(&w), w.report[0x1A0 + 8] = 1), "tee.snp.chip_id") \
	X((turin(&w), w.report[0x1A0 + 7] = 1), "tee.snp.chip_id") \
	X((turin(&w), change_extension(&w, OID_AMD "4", short_chip())), "tee.snp.extension") \
	X((turin(&w), change_extension(&w, OID_AMD "3.9", (struct rd_view){ 0 })), \
	  "tee.snp.extension") \
	X((turin(&w), change_extension(&w, OID_AMD "3.9", forge_der_uint(&f, 2))), "tee.snp.tcb") \
	X((turin(&w), w.report[0x180 + 5] = 1), "tee.snp.tcb") \
	X((turin(&w), w.leaf_spec.issuer = &amd.ask_cert), "tee.snp.issuer") \
	X(w.report[0x50]++, NULL) \
	X(w.signer = amd.other, "tee.snp.signature") \
	X((w.set_at = 0x90, w.set_to = 1), "tee.snp.signature") \
	X((w.set_at = 0x2A0, w.set_to = 0), "tee.snp.signature") \
	X((w.set_at = 0x2A0 + 48, w.set_to = 1), "tee.snp.padding") \
	X((w.set_at = 0x2A0 + 143, w.set_to = 1), "tee.snp.padding") \
	X((w.set_at = 0x49F, w.set_to = 1), "tee.snp.padding") \
	X(w.report[0x34] = 2, "tee.snp.algorithm") \
	X(w.report[0x48] = 7 << 2, "tee.snp.signing_key") \
	X(w.report[0x48] = 3 << 2, "tee.snp.signing_key") \
	X((w.masked = true, w.report[0x48] = 2), "tee.snp.signing_key") \
	X(w.no_anchor = true, "tee.chain") \
	X(w.leaf_spec.issuer_key = amd.ark, "tee.chain") \
	X(w.leaf_spec.not_after = NOW - 1, "tee.chain.time") \
	X(w.leaf_spec.not_before = NOW + 1, "tee.chain.time") \
	X(w.leaf_spec.issuer = &amd.asvk_cert, "tee.snp.issuer") \
	X((vlek(&w), w.leaf_spec.issuer = &amd.ask_cert), "tee.snp.issuer") \
	X((w.leaf_spec.issuer = &amd.ark_cert, w.leaf_spec.issuer_key = amd.ark), \
	  "tee.snp.issuer") \
	X(w.report[0x189] = 0x11, "tee.snp.product") \
	X((old(&w), change_extension(&w, OID_AMD "2", (struct rd_view){ 0 })), "tee.snp.product") \
	X(w.report[0x188] = 0x17, "tee.snp.product") \
	X(w.report[0x188] = 0x1A, "tee.snp.product") \
	X(change_extension(&w, OID_AMD "2", \
			   forge_der(&f, RD_DER_IA5_STRING, rd_view_str("MilanX"))), \
	  "tee.snp.product") \
	X(change_extension(&w, OID_AMD "2", (struct rd_view){ 0 }), "tee.snp.extension") \
	X(change_extension(&w, OID_AMD "2", BYTES(0x16, 5, 'M', 'i', 'l', 'a', 'n', 0)), \
	  "tee.snp.extension") \
	X(change_extension(&w, OID_AMD "2", BYTES(0x0C, 5, 'M', 'i', 'l', 'a', 'n')), \
	  "tee.snp.extension") \
	X((vlek(&w), change_extension(&w, OID_AMD "5", BYTES(0x16, 1, 'c', 0))), \
	  "tee.snp.extension") \
	X((vlek(&w), change_extension(&w, OID_AMD "5", BYTES(0x0C, 1, 'c'))), "tee.snp.extension") \
	X(change_extension(&w, OID_AMD "3.1", (struct rd_view){ 0 }), "tee.snp.extension") \
	X(change_extension(&w, OID_AMD "3.8", BYTES(2, 1, 0xDB)), "tee.snp.extension") \
	X(change_extension(&w, OID_AMD "3.1", BYTES(2, 2, 0, 4)), "tee.snp.extension") \
	X(change_extension(&w, OID_AMD "3.1", BYTES(4, 1, 4)), "tee.snp.extension") \
	X(change_extension(&w, OID_AMD "3.1", BYTES(2, 1, 4, 0)), "tee.snp.extension") \
	X(change_extension(&w, OID_AMD "3.1", BYTES(2, 2, 1, 4)), "tee.snp.extension") \
	X(change_extension(&w, OID_AMD "4", rd_view_of(chip().data, 8)), "tee.snp.extension") \
	X(change_extension(&w, OID_AMD "4", (struct rd_view){ 0 }), "tee.snp.chip_id") \
	X(w.report[0x1A0 + 63] = 8, "tee.snp.chip_id") \
	X((memset(w.report + 0x1A0, 0, 64), \
	   change_extension(&w, OID_AMD "4", (struct rd_view){ 0 })), \
	  "tee.snp.chip_id.hidden") \
	X((vlek(&w), extension(&w, OID_AMD "4", chip())), "tee.snp.chip_id") \
	X(change_extension(&w, OID_AMD "3.3", forge_der_uint(&f, 23)), "tee.snp.tcb") \
	X(change_extension(&w, OID_AMD "3.2", forge_der_uint(&f, 1)), "tee.snp.tcb") \
	X(change_extension(&w, OID_AMD "3.1", forge_der_uint(&f, 5)), "tee.snp.tcb") \
	X(change_extension(&w, OID_AMD "3.8", forge_der_uint(&f, 220)), "tee.snp.tcb") \
	X((turin(&w), w.report[0x1E0] = 0), "tee.snp.tcb.order") \
	X((turin(&w), w.report[0x1E0 + 2] = 2), "tee.snp.tcb.order") \
	X(change_extension(&w, OID_AMD "3.4", forge_der_uint(&f, 1)), "tee.snp.tcb") \
	X(w.report[0x180 + 2] = 1, "tee.snp.tcb") \
	X((change_extension(&w, OID_AMD "2", \
			    forge_der(&f, RD_DER_IA5_STRING, rd_view_str("Turin"))), \
	   change_extension(&w, OID_AMD "3.9", forge_der_uint(&f, 0)), \
	   change_extension(&w, OID_AMD "4", rd_view_of(chip().data, 8))), \
	  "tee.snp.tcb") \
	X(w.report[0x1E0 + 7] = 218, "tee.snp.tcb.order") \
	X(w.report[0x38 + 6] = 23, "tee.snp.tcb.order") \
	X(w.report[0x38 + 0] = 3, "tee.snp.tcb.order") \
	X(rd_store_le64(w.report + 0x08, 0x10000), "tee.snp.policy") \
	X(rd_store_le32(w.report + 0x30, 0xFFFFFFFF), "tee.snp.vmpl") \
	X(rd_store_le32(w.report + 0x30, 4), "tee.snp.vmpl") \
	X(w.with_crl = true, NULL) \
	X((w.with_crl = w.crl_revokes = true), "tee.revoked") \
	X((w.with_crl = w.crl_old = true), "tee.crl") \
	X(w.nonce = BYTES(1, 2), "tee.nonce") \
	X((w.nonce = rd_view_of(w.report + 0x50, 32)), "tee.nonce") \
	X((memset(w.report + 0x50 + 32, 0, 32), w.report[0x50 + 63] = 1, \
	   w.nonce = rd_view_of(w.report + 0x50, 32)), \
	  "tee.nonce")

static void run_case(struct world *w, const char *change, const char *code)
{
	struct rd_tee_result *r = forge_verify(&f, &rd_tee_snp, build(w));

	if (code)
		forge_expect(r, code, RD_RESULT_FAIL, change);
	else
		forge_expect_good(r, change);
}

static void test_one_change(void **state)
{
	struct world w;

	(void)state;
#define X(change, code) \
	make(&w); \
	change; \
	run_case(&w, #change, code);
	CASES(X)
#undef X
}

static void test_absent_and_warnings(void **state)
{
	struct rd_tee_result *r;
	struct world w;

	(void)state;
	make(&w);
	r = forge_verify(&f, &rd_tee_snp, build(&w));
	forge_expect(r, "tee.crl.absent", RD_RESULT_ABSENT, "no list");
	forge_expect(r, "tee.anchor.test", RD_RESULT_WARNING, "a test's root");
	forge_expect(r, "tee.nonce.unchecked", RD_RESULT_WARNING, "no nonce");
	make(&w);
	w.no_leaf = true;
	r = forge_verify(&f, &rd_tee_snp, build(&w));
	forge_expect(r, "tee.snp.leaf", RD_RESULT_ABSENT, "no VCEK");
	make(&w);
	vlek(&w); /* a VLEK where a VCEK is asked for */
	w.report[0x48] = 0;
	r = forge_verify(&f, &rd_tee_snp, build(&w));
	forge_expect(r, "tee.snp.leaf", RD_RESULT_ABSENT, "a VLEK as VCEK");
	make(&w);
	memset(w.report + 0x1A0, 0, 64);
	r = forge_verify(&f, &rd_tee_snp, build(&w));
	forge_expect(r, "tee.snp.chip_id.hidden", RD_RESULT_WARNING, "a hidden chip");
	make(&w);
	w.now = -1;
	r = forge_verify(&f, &rd_tee_snp, build(&w));
	forge_expect(r, "tee.chain.time", RD_RESULT_ABSENT, "no time");
	make(&w);
	w.nonce = rd_view_of(w.report + 0x50, 64);
	r = forge_verify(&f, &rd_tee_snp, build(&w));
	forge_expect(r, "tee.nonce", RD_RESULT_PASS, "its nonce");
	make(&w);
	memset(w.report + 0x50 + 32, 0, 32);
	w.nonce = rd_view_of(w.report + 0x50, 32);
	r = forge_verify(&f, &rd_tee_snp, build(&w));
	forge_expect(r, "tee.nonce", RD_RESULT_PASS, "a nonce before zeros");
}

/* ---- where certificates come from ------------------------------------------------------------ */

struct table_entry {
	struct rd_view bytes;
	size_t padding; /* zeros behind it, part of it */
};

/* As a host writes it; `end` false leaves out the entry of zeros. */
static struct rd_view table(const struct table_entry *entries, uint32_t n, bool end)
{
	struct rd_buf b = { .max = 1u << 16 };
	uint8_t head[24];
	size_t at = 24 * (size_t)(n + end);

	for (uint32_t i = 0; i < n; i++) {
		memset(head, (int)i + 1, sizeof(head));
		rd_store_le32(head + 16, (uint32_t)at);
		at += entries[i].bytes.len + entries[i].padding;
		rd_store_le32(head + 20, (uint32_t)(entries[i].bytes.len + entries[i].padding));
		rd_buf_add(&b, rd_view_of(head, sizeof(head)));
	}
	for (size_t i = 0; end && i < sizeof(head); i++)
		rd_buf_add_byte(&b, 0);
	for (uint32_t i = 0; i < n; i++) {
		rd_buf_add(&b, entries[i].bytes);
		for (size_t k = 0; k < entries[i].padding; k++)
			rd_buf_add_byte(&b, 0);
	}
	return forge_keep(&f, &b);
}

static void test_table(void **state)
{
	struct table_entry entries[3] = { { .bytes = rd_view_str("not a certificate") } };
	struct rd_tee_result *r;
	struct rd_view whole;
	struct world w;

	(void)state;
	make(&w);
	w.leaf = forge_cert(&f, &w.leaf_spec);
	entries[1] = (struct table_entry){ .bytes = amd.ask_cert.der };
	entries[2] = (struct table_entry){ .bytes = w.leaf.der, .padding = 100 };
	w.leaf_piece = whole = table(entries, 3, true);
	forge_expect_good(forge_verify(&f, &rd_tee_snp, build(&w)), "a host's table");
	w.leaf_piece = table(entries, 3, false);
	r = forge_verify(&f, &rd_tee_snp, build(&w));
	forge_expect(r, "tee.snp.leaf", RD_RESULT_ABSENT, "a table without an end");
	for (size_t i = 0; i < whole.len; i += i < 120 ? 1 : 97) {
		make(&w);
		w.leaf_piece = forge_flip(&f, whole, i, 7);
		r = forge_verify(&f, &rd_tee_snp, build(&w));
		w.leaf_piece = rd_view_of(whole.data, i + 1);
		r = forge_verify(&f, &rd_tee_snp, build(&w));
	}
	assert_non_null(r);
}

/* What Azure's host answers. */
static void test_host_json(void **state)
{
	const struct rd_cert *leaf[1], *chain[2] = { &amd.ask_cert, &amd.ark_cert };
	struct rd_buf b = { .max = 1u << 16 };
	struct rd_tee_result *r;
	struct world w;

	(void)state;
	make(&w);
	w.leaf = forge_cert(&f, &w.leaf_spec);
	leaf[0] = &w.leaf;
	rd_buf_printf(&b, "{\"vcekCert\":");
	rd_json_put_string(&b, forge_pem(&f, leaf, 1));
	rd_buf_printf(&b, ",\"tcbm\":\"DB18000000000004\",\"certificateChain\":");
	rd_json_put_string(&b, forge_pem(&f, chain, 2));
	rd_buf_printf(&b, ",\"cacheControl\":\"86400\"}");
	w.leaf_piece = forge_keep(&f, &b);
	r = forge_verify(&f, &rd_tee_snp, build(&w));
	forge_expect_good(r, "a host's JSON");
	for (uint32_t i = 0; i < r->n_reasons; i++)
		assert_string_not_equal(r->reason[i].code, "tee.collateral");
}

/* An ASK that AMD's root did not sign itself. */
static void test_long_path(void **state)
{
	struct forge_key *middle_key = forge_key(&f, FORGE_RSA2048);
	struct forge_key *ask_key = forge_key(&f, FORGE_RSA2048);
	struct rd_cert middle = ca("middle", middle_key, &amd.ark_cert, amd.ark);
	struct rd_cert ask = ca("SEV-Milan", ask_key, &middle, middle_key);
	const struct rd_cert *certs[3] = { NULL, &ask, &middle };
	struct rd_tee_result *r;
	struct world w;

	(void)state;
	make(&w);
	w.leaf_spec.issuer = &ask;
	w.leaf_spec.issuer_key = ask_key;
	w.leaf = forge_cert(&f, &w.leaf_spec);
	certs[0] = &w.leaf;
	w.leaf_piece = forge_pem(&f, certs, 3);
	r = forge_verify(&f, &rd_tee_snp, build(&w));
	forge_expect(r, "tee.chain", RD_RESULT_PASS, "four certificates");
	forge_expect(r, "tee.snp.issuer", RD_RESULT_FAIL, "four certificates");
}

/* The folder of somebody who verifies many machines. */
static void test_many_leaves(void **state)
{
	struct rd_cert others[12];
	const struct rd_cert *certs[13];
	struct world w;

	(void)state;
	make(&w);
	w.leaf_spec.key = amd.other;
	for (size_t i = 0; i < 12; i++) {
		others[i] = forge_cert(&f, &w.leaf_spec);
		certs[i] = &others[i];
	}
	w.leaf_spec.key = amd.vcek;
	w.leaf = forge_cert(&f, &w.leaf_spec);
	certs[12] = &w.leaf;
	w.leaf_piece = forge_pem(&f, certs, 13);
	forge_expect_good(forge_verify(&f, &rd_tee_snp, build(&w)), "the thirteenth VCEK");
}

static void expect_needs(struct world *w, const char *wanted, const char *unwanted)
{
	struct rd_buf out = { .max = 8192 };
	struct rd_err err = { 0 };

	if (!rd_tee_snp.needs(build(w), f.arena, &out, &err))
		fail_msg("%s", err.text);
	rd_buf_add_byte(&out, 0);
	if (!strstr((const char *)out.data, wanted))
		fail_msg("no '%s' in %s", wanted, (const char *)out.data);
	if (unwanted)
		assert_null(strstr((const char *)out.data, unwanted));
	rd_buf_free(&out);
}

static void test_needs(void **state)
{
	char line[256];
	struct rd_buf out = { .max = 8192 };
	struct rd_err err = { 0 };
	struct world w;

	(void)state;
	make(&w);
	snprintf(line, sizeof(line),
		 "\nvcek.der https://kdsintf.amd.com/vcek/v1/Milan/024004%0120d09?"
		 "blSPL=4&teeSPL=0&snpSPL=24&ucodeSPL=219\n",
		 0);
	expect_needs(&w, line, "Genoa");
	old(&w);
	expect_needs(&w, "\nMilan-vcek.der https://kdsintf.amd.com/vcek/v1/Milan/", "Turin");
	expect_needs(&w, "\nGenoa-vcek.der https://kdsintf.amd.com/vcek/v1/Genoa/", "Turin");
	make(&w);
	turin(&w);
	expect_needs(&w,
		     "\nvcek.der https://kdsintf.amd.com/vcek/v1/Turin/0402030405060708?"
		     "fmcSPL=1&blSPL=2&teeSPL=3&snpSPL=4&ucodeSPL=81\n",
		     "Milan");
	old(&w);
	expect_needs(&w, "/Turin/0402030405060708?fmcSPL=1&", "Milan");
	make(&w);
	vlek(&w);
	expect_needs(&w, "asvk_ark.pem https://kdsintf.amd.com/vlek/v1/Milan/cert_chain\n", "vcek");
	make(&w);
	memset(w.report + 0x1A0, 0, 64);
	expect_needs(&w, "crl.der https://kdsintf.amd.com/vcek/v1/Milan/crl\n", "vcek.der");
	make(&w);
	w.report[0x188] = 0x1B;
	assert_false(rd_tee_snp.needs(build(&w), f.arena, &out, &err));
	assert_string_equal(err.code, "tee.snp.product");
}

static const struct rd_reason *reason_of(const struct rd_tee_result *r, const char *code)
{
	for (uint32_t i = 0; i < r->n_reasons; i++)
		if (strcmp(r->reason[i].code, code) == 0)
			return &r->reason[i];
	fail_msg("no reason %s", code);
	return NULL;
}

/* Which version is short, and what lifts it. */
static void test_remedy(void **state)
{
	const struct rd_reason *reason;
	struct world w;

	(void)state;
	make(&w);
	change_extension(&w, OID_AMD "3.8", forge_der_uint(&f, 213));
	reason = reason_of(forge_verify(&f, &rd_tee_snp, build(&w)), "tee.snp.tcb");
	assert_true(rd_view_eq(reason->remedy,
			       rd_view_str("microcode is 213 in the certificate, 219 in the "
					   "report: fetch the VCEK of REPORTED_TCB")));
	make(&w);
	w.leaf_spec.issuer = &amd.asvk_cert;
	reason = reason_of(forge_verify(&f, &rd_tee_snp, build(&w)), "tee.snp.issuer");
	assert_true(rd_view_eq(reason->expected, rd_view_str("SEV-Milan")));
	assert_true(rd_view_starts(reason->found, rd_view_str("'SEV-VLEK-Milan'")));
	make(&w);
	w.leaf_spec.key = forge_key(&f, FORGE_P256);
	w.masked = true;
	memset(w.report + RD_SNP_SIGNED_LEN, 7, 48);
	reason = reason_of(forge_verify(&f, &rd_tee_snp, build(&w)), "tee.snp.signature");
	assert_true(rd_view_eq(reason->found, rd_view_str("the signing key is not on P-384")));
}

static void test_form(void **state)
{
	struct rd_view parts[2];
	struct world w;

	(void)state;
	make(&w);
	build(&w);
	parts[0] = w.in.report;
	parts[1] = BYTES(0, 0);
	w.in.report = forge_concat(&f, 2, parts);
	forge_expect_error(&f, &rd_tee_snp, &w.in, "tee.snp.length", RD_FAULT_MALFORMED);
	make(&w);
	w.report[0] = 6;
	forge_expect_error(&f, &rd_tee_snp, build(&w), "tee.snp.version", RD_FAULT_REFUSED);
	make(&w);
	w.report[0] = 1;
	forge_expect_error(&f, &rd_tee_snp, build(&w), "tee.snp.version", RD_FAULT_REFUSED);
	make(&w);
	forge_expect_no_prefix(&f, &rd_tee_snp, build(&w));
}

/* Claims that policies use, and unknown policy bits that are nobody's to refuse. */
static void test_claims(void **state)
{
	const struct rd_tee_claim *c;
	struct rd_tee_result *r;
	struct world w;

	(void)state;
	make(&w);
	rd_store_le64(w.report + 0x08, 0x8000000 | 1u << 22 | 1u << 24 | 0xF0000 | 0x1F);
	rd_store_le64(w.report + 0x40, 1u << 4 | 1u << 5 | 1u << 6);
	memcpy(w.report + 0x1E8, "\x28\x37\x01", 3);
	w.report[0] = 5;
	w.report[0x200] = 7;
	w.report[0x48] = 1;
	r = forge_verify(&f, &rd_tee_snp, build(&w));
	forge_expect_good(r, "unknown policy bits");
	assert_true(r->debug);
	c = rd_tee_claim_find(r, "debug");
	assert_true(c && c->kind == RD_CLAIM_BOOL && c->number == 1);
	c = rd_tee_claim_find(r, "migrate_ma");
	assert_true(c && c->number == 1);
	c = rd_tee_claim_find(r, "abi_minor");
	assert_true(c && c->number == 0x1F);
	c = rd_tee_claim_find(r, "mask_chip_key");
	assert_true(c && c->number == 0);
	c = rd_tee_claim_find(r, "author_key_en");
	assert_true(c && c->number == 1);
	c = rd_tee_claim_find(r, "aes_256_xts");
	assert_true(c && c->number == 1);
	c = rd_tee_claim_find(r, "ciphertext_hiding");
	assert_true(c && c->number == 1);
	c = rd_tee_claim_find(r, "cxl");
	assert_true(c && c->number == 0);
	c = rd_tee_claim_find(r, "platform_ciphertext_hiding");
	assert_true(c && c->number == 1);
	c = rd_tee_claim_find(r, "platform_tio");
	assert_true(c && c->number == 0);
	c = rd_tee_claim_find(r, "current_mitigations");
	assert_true(c && c->number == 7);
	c = rd_tee_claim_find(r, "current_version");
	assert_true(c && rd_view_eq(c->bytes, rd_view_str("1.55.40")));
	c = rd_tee_claim_find(r, "tcb.microcode");
	assert_true(c && c->number == 219);
	assert_true(rd_view_eq(r->platform_id, chip()));
	assert_true(rd_view_eq(r->product, rd_view_str("Milan")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_change), cmocka_unit_test(test_absent_and_warnings),
		cmocka_unit_test(test_table),      cmocka_unit_test(test_host_json),
		cmocka_unit_test(test_long_path),  cmocka_unit_test(test_many_leaves),
		cmocka_unit_test(test_needs),      cmocka_unit_test(test_remedy),
		cmocka_unit_test(test_form),       cmocka_unit_test(test_claims),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
