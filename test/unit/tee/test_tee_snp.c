/* SEV-SNP: a forged AMD, one change at a time; every check of the verifier has a change that only
 * it sees. */
#include "forge/forge.h"
#include "support.h"
#include "tee/snp/snp.h"

#include <string.h>

#define NOW 1750000000 /* 2025-06-15 */
#define OID_AMD "1.3.6.1.4.1.3704.1."

static struct forge f;

/* Keys are slow to make: one AMD for all tests. */
static struct {
	struct forge_key *ark, *ask, *vcek, *other;
	struct rd_cert ark_cert, ask_cert, asvk_cert;
} amd;

/* What a test changes, in the order in which it takes effect. */
struct world {
	uint8_t report[RD_SNP_REPORT_LEN]; /* before signing */
	struct forge_cert_spec leaf_spec;
	struct forge_key *signer;
	struct rd_cert leaf;
	bool no_leaf, with_crl, crl_revokes, crl_old, no_anchor;
	int64_t now;
	/* After signing. */
	int set_at, set_to;
	struct rd_view nonce;
	struct rd_collateral pieces[4];
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

	sign(w);
	w->leaf = forge_cert(&f, &w->leaf_spec);
	if (!w->no_leaf)
		w->pieces[n++] = (struct rd_collateral){ .name = "vcek", .bytes = w->leaf.der };
	w->pieces[n++] = (struct rd_collateral){ .name = "ask", .bytes = amd.ask_cert.der };
	w->pieces[n++] = (struct rd_collateral){ .name = "asvk", .bytes = amd.asvk_cert.der };
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

#define BYTES(...) \
	rd_view_of((const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }))

/* A change and the failing reason it must leave; NULL: nothing fails. */
#define CASES(X) \
	X((void)0, NULL) \
	X(vlek(&w), NULL) \
	X(w.report[0] = 2, NULL) \
	X(w.report[0] = 5, NULL) \
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
	X(w.no_anchor = true, "tee.chain") \
	X(w.leaf_spec.issuer_key = amd.ark, "tee.chain") \
	X(w.leaf_spec.not_after = NOW - 1, "tee.chain.time") \
	X(w.leaf_spec.not_before = NOW + 1, "tee.chain.time") \
	X(w.leaf_spec.issuer = &amd.asvk_cert, "tee.snp.issuer") \
	X((vlek(&w), w.leaf_spec.issuer = &amd.ask_cert), "tee.snp.issuer") \
	X((w.leaf_spec.issuer = &amd.ark_cert, w.leaf_spec.issuer_key = amd.ark), \
	  "tee.snp.issuer") \
	X(w.report[0x189] = 0x11, "tee.snp.product") \
	X(w.report[0x188] = 0x17, "tee.snp.product") \
	X(w.report[0x188] = 0x1A, "tee.snp.product") \
	X(change_extension(&w, OID_AMD "2", \
			   forge_der(&f, RD_DER_IA5_STRING, rd_view_str("MilanX"))), \
	  "tee.snp.product") \
	X(change_extension(&w, OID_AMD "2", (struct rd_view){ 0 }), "tee.snp.extension") \
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
	X(change_extension(&w, OID_AMD "3.4", forge_der_uint(&f, 1)), "tee.snp.tcb") \
	X(w.report[0x180 + 2] = 1, "tee.snp.tcb") \
	X(w.report[0x1E0 + 7] = 218, "tee.snp.tcb.order") \
	X(w.report[0x38 + 6] = 23, "tee.snp.tcb.order") \
	X(w.report[0x38 + 0] = 3, "tee.snp.tcb.order") \
	X(rd_store_le64(w.report + 0x08, 0x10000), "tee.snp.policy") \
	X(rd_store_le32(w.report + 0x30, 0xFFFFFFFF), "tee.snp.vmpl") \
	X(rd_store_le32(w.report + 0x30, 4), "tee.snp.vmpl") \
	X(w.with_crl = true, NULL) \
	X((w.with_crl = w.crl_revokes = true), "tee.revoked") \
	X((w.with_crl = w.crl_old = true), "tee.crl") \
	X(w.nonce = BYTES(1, 2), "tee.nonce")

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
	rd_store_le64(w.report + 0x08, 0x2000000 | 0xF0000 | 0x1F);
	r = forge_verify(&f, &rd_tee_snp, build(&w));
	forge_expect_good(r, "unknown policy bits");
	assert_true(r->debug);
	c = rd_tee_claim_find(r, "debug");
	assert_true(c && c->kind == RD_CLAIM_BOOL && c->number == 1);
	c = rd_tee_claim_find(r, "migrate_ma");
	assert_true(c && c->number == 1);
	c = rd_tee_claim_find(r, "abi_minor");
	assert_true(c && c->number == 0x1F);
	c = rd_tee_claim_find(r, "tcb.microcode");
	assert_true(c && c->number == 219);
	assert_true(rd_view_eq(r->platform_id, chip()));
	assert_true(rd_view_eq(r->product, rd_view_str("Milan")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_change),
		cmocka_unit_test(test_absent_and_warnings),
		cmocka_unit_test(test_form),
		cmocka_unit_test(test_claims),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
