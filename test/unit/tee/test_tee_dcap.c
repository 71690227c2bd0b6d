/* SGX and TDX: a forged Intel, one change at a time; every check has a change that only it sees. */
#include "forge/intel.h"
#include "support.h"

#include <stdio.h>
#include <string.h>

/* ---- cases ----------------------------------------------------------------------------------- */

static void td15(struct intel_world *w)
{
	w->version = 5;
	w->body_len = RD_TD15_REPORT_LEN;
	memcpy(w->body + 584, w->body, 16); /* what runs is what was launched */
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
	X(w.pck_spec.not_after = INTEL_NOW - 1, "tee.chain.time") \
	X((w.pck_spec.issuer = &intel.root_cert, w.pck_spec.issuer_key = intel.root), \
	  "tee.dcap.pck.issuer") \
	X(w.pck_tail = "none", "tee.dcap.pck") \
	X(w.pck_tail = "no tcb", "tee.dcap.pck") \
	X(w.pck_tail = "no ppid", "tee.dcap.pck") \
	X(w.pck_tail = "no pceid", "tee.dcap.pck") \
	X(w.pck_tail = "no fmspc", "tee.dcap.pck") \
	X(w.pck_tail = "short fmspc", "tee.dcap.pck") \
	X(w.pck_tail = "twice", "tee.dcap.pck") \
	X(w.pck_tail = "octets", "tee.dcap.pck") \
	X(w.pck_tail = "ppid twice", "tee.dcap.pck") \
	X(w.pck_tail = "tcb twice", "tee.dcap.pck") \
	X(w.pck_tail = "tcb and more", "tee.dcap.pck") \
	X(w.pck_tail = "pceid and more", "tee.dcap.pck") \
	X(w.pck_tail = "and more", "tee.dcap.pck") \
	X(w.pck_tail = "component and more", "tee.dcap.pck") \
	X(w.pck_tail = "component again", "tee.dcap.pck") \
	X(w.pck_tail = "another component", "tee.dcap.pck") \
	X(w.pck_tail = "configuration", "tee.dcap.pck") \
	X(w.pck_tail = "no configuration", NULL) \
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
	X(w.qe_mrsigner = "dc", "tee.dcap.qe_identity") \
	X(w.fmspc = "90c06f000001", "tee.dcap.fmspc") \
	X(w.pck_tail = "another pceid", "tee.dcap.fmspc") \
	X(w.pck_spec.is_ca = true, "tee.dcap.pck.issuer") \
	X(w.qe_mrsigner = "ddcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd", \
	  "tee.dcap.qe.identity") \
	X(w.qe[256] = 2, "tee.dcap.qe.identity") \
	X(w.qe_attributes = "19000000000000000000000000000000", "tee.dcap.qe.attributes") \
	X(w.qe_attributes = "11000000000000000100000000000000", "tee.dcap.qe.attributes") \
	X(w.qe[16] = 1, "tee.dcap.qe.attributes") \
	X((w.signer_spec.issuer = &intel.ca_cert, w.signer_spec.issuer_key = intel.ca), \
	  "tee.dcap.signer") \
	X(w.signer_spec.is_ca = true, "tee.dcap.signer") \
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

/* A nonce in front of zeros; of others; at full length. */
#define NONCE_AT(X, at) \
	X((memset(w.body + (at), 0, 64), memcpy(w.body + (at), "abc", 3), \
	   w.nonce = rd_view_str("abc")), \
	  NULL) \
	X((memset(w.body + (at), 0, 64), memcpy(w.body + (at), "abcd", 4), \
	   w.nonce = rd_view_str("abc")), \
	  "tee.nonce") \
	X((memset(w.body + (at), 0, 64), w.body[(at) + 63] = 1, w.nonce = rd_view_str("abc")), \
	  "tee.nonce") \
	X((memset(w.body + (at), 7, 64), w.nonce = rd_view_of(w.body + (at), 64)), NULL)

#define TDX_ONLY(X) \
	X(td15(&w), NULL) \
	X((td15(&w), w.body_len = RD_TD15EX_REPORT_LEN), NULL) \
	X((w.body[1] = 0, w.module = "TDX_FF"), NULL) \
	X(w.body[0] = 9, NULL) \
	X(w.module = "TDX_02", "tee.dcap.module") \
	X(w.body[1] = 2, "tee.dcap.module") \
	X(w.body[64] = 1, "tee.dcap.module.identity") \
	X(w.body[112] = 1, "tee.dcap.module.identity") \
	X((w.body[112] = 1, w.module_mask = "FEFFFFFFFFFFFFFF"), "tee.dcap.module.identity") \
	X(w.body[0] = 3, "tee.dcap.module.level") \
	X(w.body[0] = 5, RD_TEE_STATUS_CODE) \
	X(w.body[2] = 2, RD_TEE_STATUS_CODE) \
	X(w.body[120] = 2, "tee.tdx.attributes") \
	X(w.body[120] = 0x80, "tee.tdx.attributes")

static void run_case(struct intel_world *w, const char *change, const char *code)
{
	struct rd_tee_result *r =
		forge_verify(&intel.forge, w->sgx ? &rd_tee_sgx : &rd_tee_tdx, intel_build(w));

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
	intel_make(&w, sgx); \
	change; \
	run_case(&w, #change, code);

static void test_tdx(void **state)
{
	bool sgx = false;
	struct intel_world w;

	(void)state;
	SHARED(X)
}

static void test_tdx_module(void **state)
{
	bool sgx = false;
	struct intel_world w;

	(void)state;
	TDX_ONLY(X)
	NONCE_AT(X, 520)
}

static void test_sgx(void **state)
{
	bool sgx = true;
	struct intel_world w;

	(void)state;
	SHARED(X)
	NONCE_AT(X, 320)
}
#undef X

static void test_absent(void **state)
{
	struct rd_tee_result *r;
	struct intel_world w;

	(void)state;
	intel_make(&w, false);
	w.no_info = true;
	r = forge_verify(&intel.forge, &rd_tee_tdx, intel_build(&w));
	forge_expect(r, "tee.dcap.tcb_info.absent", RD_RESULT_ABSENT, "no TCB info");
	intel_make(&w, false);
	w.no_identity = true;
	r = forge_verify(&intel.forge, &rd_tee_tdx, intel_build(&w));
	forge_expect(r, "tee.dcap.qe_identity.absent", RD_RESULT_ABSENT, "no QE identity");
	intel_make(&w, false);
	w.qe_id = "QVE"; /* of an enclave that makes no quotes */
	r = forge_verify(&intel.forge, &rd_tee_tdx, intel_build(&w));
	forge_expect(r, "tee.dcap.qe_identity.absent", RD_RESULT_ABSENT, "QVE's identity");
	intel_make(&w, false);
	w.info_id = "SGX"; /* of the other technology: as if there were none */
	r = forge_verify(&intel.forge, &rd_tee_tdx, intel_build(&w));
	forge_expect(r, "tee.dcap.tcb_info.absent", RD_RESULT_ABSENT, "SGX's TCB info");
	intel_make(&w, false);
	w.no_signer = true;
	r = forge_verify(&intel.forge, &rd_tee_tdx, intel_build(&w));
	forge_expect(r, "tee.dcap.signer.absent", RD_RESULT_ABSENT, "no signer");
	intel_make(&w, false);
	w.no_crls = true;
	r = forge_verify(&intel.forge, &rd_tee_tdx, intel_build(&w));
	forge_expect(r, "tee.crl.absent", RD_RESULT_ABSENT, "no lists");
	intel_make(&w, false);
	w.crl_of_other = true; /* the root's list in place of the PCK CA's */
	r = forge_verify(&intel.forge, &rd_tee_tdx, intel_build(&w));
	forge_expect(r, "tee.crl.absent", RD_RESULT_ABSENT, "another CA's list");
	intel_make(&w, false);
	w.now = -1;
	r = forge_verify(&intel.forge, &rd_tee_tdx, intel_build(&w));
	forge_expect(r, "tee.dcap.collateral.time", RD_RESULT_ABSENT, "no time");
	forge_expect(r, "tee.crl", RD_RESULT_ABSENT, "no time");
}

/* Launched under, runs now, and what that comes to. */
static const char *const relaunch[][3] = {
	{ "UpToDate", "UpToDate", "UpToDate" },
	{ "UpToDate", "ConfigurationNeeded", "ConfigurationNeeded" },
	{ "ConfigurationNeeded", "UpToDate", "ConfigurationNeeded" },
	{ "ConfigurationNeeded", "OutOfDate", "OutOfDate" },
	{ "OutOfDate", "UpToDate", "TDRelaunchAdvised" },
	{ "OutOfDate", "SWHardeningNeeded", "TDRelaunchAdvised" },
	{ "OutOfDate", "ConfigurationNeeded", "TDRelaunchAdvisedConfigurationNeeded" },
	{ "OutOfDate", "ConfigurationAndSWHardeningNeeded",
	  "TDRelaunchAdvisedConfigurationNeeded" },
	{ "OutOfDateConfigurationNeeded", "UpToDate", "TDRelaunchAdvisedConfigurationNeeded" },
	{ "OutOfDate", "OutOfDate", "OutOfDate" },
	{ "OutOfDate", "Revoked", "Revoked" },
	{ "Revoked", "UpToDate", "Revoked" },
	{ "NotSupported", "UpToDate", "NotSupported" },
	{ "OutOfDate", "NotSupported", "NotSupported" },
};

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
		{ "UpToDate", "Odd", "NotSupported" },
		{ "OutOfDateConfigurationNeeded", "OutOfDate", "OutOfDateConfigurationNeeded" },
		{ "OutOfDate", "ConfigurationNeeded", "NotSupported" },
	};
	struct rd_tee_result *r;
	struct intel_world w;
	bool said = false;

	(void)state;
	for (size_t i = 0; i < sizeof(relaunch) / sizeof(relaunch[0]); i++)
		assert_true(rd_view_eq(rd_tcb_relaunch(rd_view_str(relaunch[i][0]),
						       rd_view_str(relaunch[i][1])),
				       rd_view_str(relaunch[i][2])));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_true(rd_view_eq(rd_tcb_converge(rd_view_str(cases[i][0]),
						       rd_view_str(cases[i][1])),
				       rd_view_str(cases[i][2])));
	intel_make(&w, false);
	w.level_component8 = 7;
	r = forge_verify(&intel.forge, &rd_tee_tdx, intel_build(&w));
	assert_true(rd_view_eq(r->tcb_status, rd_view_str("NotSupported")));
	for (uint32_t i = 0; i < r->n_reasons; i++)
		said = said || (r->reason[i].remedy.len &&
				memmem(r->reason[i].remedy.data, r->reason[i].remedy.len,
				       "SGX component 8 (SEAMLDR ACM, OS/VMM) is 5, needs 7", 51));
	assert_true(said);
}

static void test_claims(void **state)
{
	const struct rd_tee_claim *c;
	struct rd_tee_result *r;
	struct intel_world w;

	(void)state;
	intel_make(&w, false);
	td15(&w);
	w.body[600] = 1;
	w.body[120] = 1;
	r = forge_verify(&intel.forge, &rd_tee_tdx, intel_build(&w));
	c = rd_tee_claim_find(r, "service_td");
	assert_true(c && c->number == 1);
	c = rd_tee_claim_find(r, "debug");
	assert_true(c && c->number == 1 && r->debug);
	c = rd_tee_claim_find(r, "advisories");
	assert_true(c && rd_view_eq(c->bytes, rd_view_str("INTEL-SA-1, INTEL-SA-2")));
	intel_make(&w, true);
	w.body[48] = 7;
	r = forge_verify(&intel.forge, &rd_tee_sgx, intel_build(&w));
	c = rd_tee_claim_find(r, "debug");
	assert_true(c && c->number == 1 && r->debug);
}

static void expect_number(const struct rd_tee_result *r, const char *claim, uint64_t wanted)
{
	const struct rd_tee_claim *c = rd_tee_claim_find(r, claim);

	assert_non_null(c);
	assert_int_equal(c->number, wanted);
}

/* What the PCK certificate says of its platform. */
static void test_configuration(void **state)
{
	struct rd_tee_result *r;
	struct intel_world w;

	(void)state;
	for (int smt = 0; smt < 2; smt++) {
		intel_make(&w, true);
		w.smt = smt;
		r = forge_verify(&intel.forge, &rd_tee_sgx, intel_build(&w));
		expect_number(r, "smt", (uint64_t)smt);
		expect_number(r, "dynamic_platform", 0);
		expect_number(r, "cached_keys", 0);
	}
	intel_make(&w, true);
	w.pck_tail = "no configuration";
	r = forge_verify(&intel.forge, &rd_tee_sgx, intel_build(&w));
	assert_null(rd_tee_claim_find(r, "smt"));
}

/* The extended body of TDX 1.5, by the offsets of Intel's header file. */
static void test_extended_body(void **state)
{
	static const struct {
		size_t at;
		uint64_t service_td, partition;
	} cases[] = { { 648, 0, 1 }, { 729, 1, 0 }, { 876, 1, 0 }, { 649, 0, 0 }, { 884, 0, 0 } };
	const struct rd_tee_claim *c;
	struct rd_tee_result *r;
	struct intel_world w;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		intel_make(&w, false);
		td15(&w);
		w.body_len = RD_TD15EX_REPORT_LEN;
		w.body[cases[i].at] = 7;
		r = forge_verify(&intel.forge, &rd_tee_tdx, intel_build(&w));
		expect_number(r, "service_td", cases[i].service_td);
		expect_number(r, "partition", cases[i].partition);
		expect_number(r, "vmid", cases[i].partition ? 7 : 0);
		c = rd_tee_claim_find(r, "td_id");
		assert_true(c && c->bytes.len == 32 && c->bytes.data[0] == (i == 3 ? 7 : 0));
	}
	intel_make(&w, false);
	td15(&w);
	r = forge_verify(&intel.forge, &rd_tee_tdx, intel_build(&w));
	assert_null(rd_tee_claim_find(r, "partition"));
}

static void expect_text(const struct rd_tee_result *r, const char *claim, const char *wanted)
{
	const struct rd_tee_claim *c = rd_tee_claim_find(r, claim);

	assert_non_null(c);
	if (!rd_view_eq(c->bytes, rd_view_str(wanted)))
		fail_msg("%s: %.*s, expected %s", claim, RD_FMT(c->bytes), wanted);
}

/* A TD 1.5 says under which module it was launched and which runs now. */
static void test_relaunch(void **state)
{
	static const struct {
		const char *platform;
		uint8_t launch, current[2];
		const char *wanted;
	} cases[] = {
		{ "UpToDate", 6, { 6, 1 }, "UpToDate" },
		{ "UpToDate", 5, { 6, 1 }, "TDRelaunchAdvised" },
		{ "ConfigurationNeeded", 5, { 6, 1 }, "TDRelaunchAdvisedConfigurationNeeded" },
		{ "UpToDate", 5, { 5, 1 }, "OutOfDate" },
		{ "Revoked", 5, { 6, 1 }, "Revoked" },
		{ "UpToDate", 6, { 5, 1 }, "OutOfDate" },
		{ "UpToDate", 6, { 6, 2 }, "NotSupported" },
		{ "SWHardeningNeeded", 6, { 6, 1 }, "SWHardeningNeeded" },
		{ "SWHardeningNeeded", 6, { 5, 1 }, "OutOfDate" },
		{ "SWHardeningNeeded", 5, { 6, 1 }, "TDRelaunchAdvised" },
		{ "OutOfDate", 5, { 6, 1 }, "OutOfDate" },
		{ "UpToDate", 3, { 6, 1 }, "NotSupported" },
	};
	struct rd_tee_result *r;
	struct intel_world w;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		intel_make(&w, false);
		td15(&w);
		w.status = cases[i].platform;
		w.body[0] = cases[i].launch;
		memcpy(w.body + 584, cases[i].current, 2);
		r = forge_verify(&intel.forge, &rd_tee_tdx, intel_build(&w));
		expect_text(r, "tcb_status", cases[i].wanted);
		if (i == 5) /* what runs now decides: its advisories, too */
			expect_text(r, "advisories",
				    "INTEL-SA-1, INTEL-SA-2, INTEL-SA-3, SA-1, INTEL-SA-11");
		assert_int_equal(rd_tee_result_of(r, RD_ASPECT_TCB),
				 i == 0 ? RD_RESULT_PASS : RD_RESULT_FAIL);
	}
}

/* Advisories and dates of all parts; the age of the older document. */
static void test_parts(void **state)
{
	const struct rd_tee_claim *c;
	struct rd_tee_result *r;
	struct intel_world w;

	(void)state;
	intel_make(&w, false);
	w.body[0] = 5;
	w.qe_number = 17;
	w.qe_dates = "\"issueDate\":\"2025-05-20T00:00:00Z\","
		     "\"nextUpdate\":\"2025-07-01T00:00:00Z\"";
	r = forge_verify(&intel.forge, &rd_tee_tdx, intel_build(&w));
	expect_text(r, "advisories", "INTEL-SA-1, INTEL-SA-2, INTEL-SA-3, SA-1, INTEL-SA-11");
	expect_text(r, "tcb_date", "2024");
	c = rd_tee_claim_find(r, "tcb_evaluation_number");
	assert_true(c && c->number == 17);
	c = rd_tee_claim_find(r, "collateral_issued");
	assert_true(c && c->number == 1747699200);
	forge_expect(r, RD_TEE_STATUS_CODE, RD_RESULT_FAIL, "module out of date");
	for (uint32_t i = 0; i < r->n_reasons; i++)
		if (strcmp(r->reason[i].code, RD_TEE_STATUS_CODE) == 0)
			assert_true(rd_view_eq(
				r->reason[i].remedy,
				rd_view_str("TDX module SVN is 5, needs 6; INTEL-SA-1, INTEL-SA-2, "
					    "INTEL-SA-3, SA-1, INTEL-SA-11")));
}

/* One piece more, before or after the others. */
static void add_piece(struct intel_world *w, struct rd_view bytes, bool first)
{
	assert_true(w->in.n_collateral < INTEL_PIECES_MAX);
	if (first)
		memmove(w->piece + 1, w->piece, w->in.n_collateral * sizeof(w->piece[0]));
	w->piece[first ? 0 : w->in.n_collateral] =
		(struct rd_collateral){ .name = "more", .bytes = bytes };
	w->in.n_collateral++;
}

static struct rd_tee_result *verify_with(struct intel_world *w, struct rd_view bytes, bool first)
{
	intel_build(w);
	add_piece(w, bytes, first);
	return forge_verify(&intel.forge, &rd_tee_tdx, &w->in);
}

/* Of several pieces of one kind the right one counts, in whatever order they lie. */
static void several(bool first)
{
	struct intel_world w, other;
	struct rd_tee_result *r;

	intel_make(&w, false);
	intel_make(&other, false);
	other.status = "OutOfDate";
	other.info_number = 19;
	r = verify_with(&w, intel_tcb_info(&other), first);
	forge_expect(r, RD_TEE_STATUS_CODE, RD_RESULT_FAIL, "a newer TCB info");
	intel_make(&other, false);
	other.status = "OutOfDate";
	other.info_dates = "\"issueDate\":\"2025-06-02T00:00:00Z\","
			   "\"nextUpdate\":\"2025-07-01T00:00:00Z\"";
	r = verify_with(&w, intel_tcb_info(&other), first);
	forge_expect(r, RD_TEE_STATUS_CODE, RD_RESULT_FAIL, "a TCB info issued later");
	intel_make(&other, false);
	other.info_dates = OLD_DATES;
	other.info_number = 20;
	forge_expect_good(verify_with(&w, intel_tcb_info(&other), first), "an old TCB info");
	intel_make(&other, false);
	other.fmspc = "90c06f000001";
	forge_expect_good(verify_with(&w, intel_tcb_info(&other), first), "another platform's");
	intel_make(&other, false);
	other.flip_info_signature = true;
	other.info_number = 20;
	forge_expect_good(verify_with(&w, intel_tcb_info(&other), first), "an altered one");
	forge_expect_good(verify_with(&w, rd_view_str("{\"tcbInfo\":{},\"signature\":\"\"}"),
				      first),
			  "a broken one");
	intel_make(&other, false);
	other.qe_status = "OutOfDate";
	other.qe_number = 19;
	r = verify_with(&w, intel_qe_identity(&other), first);
	forge_expect(r, RD_TEE_STATUS_CODE, RD_RESULT_FAIL, "a newer QE identity");
	intel_make(&other, false);
	other.qe_id = "QVE";
	forge_expect_good(verify_with(&w, intel_qe_identity(&other), first), "another enclave's");
}

static void test_several(void **state)
{
	struct intel_world w;
	struct rd_tee_result *r;
	struct rd_cert cert;

	(void)state;
	for (int first = 0; first < 2; first++) {
		several(first);
		intel_make(&w, false);
		w.signer_spec.key = intel.other;
		w.signer_spec.not_after = INTEL_NOW - 1;
		cert = forge_cert(&intel.forge, &w.signer_spec);
		intel_make(&w, false);
		forge_expect_good(verify_with(&w, cert.der, first), "an old signer");
		intel_build(&w);
		add_piece(&w, intel_crl(&w, &intel.ca_cert, intel.ca, w.pck.serial), first);
		r = forge_verify(&intel.forge, &rd_tee_tdx, &w.in);
		forge_expect(r, "tee.revoked", RD_RESULT_FAIL, "the other list revokes it");
		intel_make(&w, false);
		w.pck_spec.key = intel.other;
		intel_build(&w);
		cert = w.pck;
		intel_make(&w, false);
		w.cert_type = 1;
		intel_build(&w);
		add_piece(&w, intel.ca_cert.der, false);
		add_piece(&w, w.pck.der, false);
		add_piece(&w, cert.der, first);
		r = forge_verify(&intel.forge, &rd_tee_tdx, &w.in);
		forge_expect_good(r, "PCK certificates of two levels");
		cert = w.pck;
		intel_make(&w, false);
		w.pck_spec.key = intel.other;
		r = verify_with(&w, cert.der, first);
		forge_expect(r, "tee.dcap.qe.signature", RD_RESULT_FAIL,
			     "the quote's own chain counts");
	}
}

/* ---- collateral as others hand it on --------------------------------------------------------- */

static void put_member(struct rd_buf *out, const char *name, struct rd_view text)
{
	rd_buf_printf(out, "%s\"%s\": ", out->len ? ",\n  " : "{\n  ", name);
	rd_json_put_string(out, text);
}

/* An answer of the service as a string: the object alone with its signature beside it, or all. */
static void put_answer(struct rd_buf *out, const char *name, const char *object,
		       struct rd_view answer, bool whole)
{
	struct rd_view bytes, signature;
	struct rd_err err = { 0 };
	char beside[64];

	if (whole) {
		put_member(out, name, answer);
		return;
	}
	assert_true(rd_json_slice(answer, object, &bytes, &err));
	assert_true(rd_json_slice(answer, "signature", &signature, &err));
	snprintf(beside, sizeof(beside), "%s_signature", name);
	put_member(out, name, bytes);
	put_member(out, beside, rd_view_of(signature.data + 1, signature.len - 2));
}

static void put_hex(struct rd_buf *out, const char *name, struct rd_view bytes)
{
	struct rd_err err = { 0 };
	struct rd_view hex;

	assert_true(rd_hex(intel.forge.arena, bytes, &hex, &err));
	put_member(out, name, hex);
}

static struct rd_view one_file(const struct intel_world *w, bool whole)
{
	const struct rd_cert *signers[] = { &intel.signer_cert, &intel.root_cert };
	struct rd_buf out = { .max = 64 * 1024 };

	put_answer(&out, "tcb_info", "tcbInfo", w->piece[0].bytes, whole);
	put_answer(&out, "qe_identity", "enclaveIdentity", w->piece[1].bytes, whole);
	put_member(&out, "tcb_info_issuer_chain", forge_pem(&intel.forge, signers, 2));
	put_hex(&out, "root_ca_crl", w->piece[3].bytes);
	put_hex(&out, "pck_crl", w->piece[4].bytes);
	rd_buf_printf(&out, "\n}\n");
	return forge_keep(&intel.forge, &out);
}

static void test_one_file(void **state)
{
	struct rd_err err = { 0 };
	struct rd_tee_result *r;
	struct intel_world w;
	const char *kind;

	(void)state;
	for (int whole = 0; whole < 2; whole++) {
		intel_make(&w, false);
		intel_build(&w);
		w.piece[0].bytes = one_file(&w, whole);
		w.piece[1].bytes = intel.ca_cert.der;
		w.in.n_collateral = 2;
		r = forge_verify(&intel.forge, &rd_tee_tdx, &w.in);
		forge_expect_good(r, "one file");
		assert_int_equal(rd_tee_result_of(r, RD_ASPECT_REVOCATION), RD_RESULT_PASS);
		assert_int_equal(rd_tee_result_of(r, RD_ASPECT_TCB), RD_RESULT_PASS);
		assert_true(rd_collateral_check(&w.in, 0, intel.forge.arena, &kind, &err));
		assert_string_equal(kind, "collateral");
	}
	intel_make(&w, false);
	w.flip_identity_signature = true;
	intel_build(&w);
	w.piece[0].bytes = one_file(&w, false);
	w.piece[1].bytes = intel.ca_cert.der;
	w.in.n_collateral = 2;
	r = forge_verify(&intel.forge, &rd_tee_tdx, &w.in);
	forge_expect(r, "tee.dcap.collateral.signature", RD_RESULT_FAIL, "one file, altered");
	assert_false(rd_collateral_check(&w.in, 0, intel.forge.arena, &kind, &err));
	assert_string_equal(err.code, "tee.collateral.signer");
}

/* More broken pieces than a result has room for do not hide what it says. */
static void test_broken_pieces(void **state)
{
	struct rd_buf out = { .max = 64 * 1024 };
	struct rd_err err = { 0 };
	struct rd_tee_result *r;
	struct intel_world w;

	(void)state;
	for (uint32_t i = 0; i < 2 * RD_REASONS_MAX; i++)
		put_member(&out, "x", rd_view_str("-----BEGIN CERTIFICATE-----\nx\n"));
	rd_buf_printf(&out, "}");
	intel_make(&w, false);
	r = verify_with(&w, forge_keep(&intel.forge, &out), true);
	forge_expect_good(r, "a key twice, so no JSON");
	forge_expect(r, "tee.collateral", RD_RESULT_WARNING, "a key twice, so no JSON");
	out.max = 64 * 1024;
	for (uint32_t i = 0; i < 2 * RD_REASONS_MAX; i++)
		rd_buf_printf(&out, "%s\"-----BEGIN CERTIFICATE-----\\nx\\n\"",
			      i ? "," : "{\"x\":[");
	rd_buf_printf(&out, "]}");
	r = verify_with(&w, forge_keep(&intel.forge, &out), true);
	forge_expect_good(r, "many broken certificates");
	forge_expect(r, "tee.collateral", RD_RESULT_WARNING, "many broken certificates");
	out.max = 64 * 1024;
	for (uint32_t i = 0; i <= RD_TEE_CRLS_MAX; i++)
		assert_true(rd_pem_wrap("X509 CRL", w.piece[4].bytes, &out, &err));
	r = verify_with(&w, forge_keep(&intel.forge, &out), false);
	forge_expect_good(r, "more lists than fit");
	forge_expect(r, "tee.collateral", RD_RESULT_WARNING, "more lists than fit");
}

/* The chain as it stands in the header of an answer; both lists in one PEM text. */
static void test_saved_headers(void **state)
{
	const struct rd_cert *signers[] = { &intel.signer_cert, &intel.root_cert };
	struct rd_buf out = { .max = 64 * 1024 }, lists = { .max = 64 * 1024 };
	struct rd_err err = { 0 };
	struct rd_tee_result *r;
	struct intel_world w;
	struct rd_view pem;

	(void)state;
	intel_make(&w, false);
	intel_build(&w);
	pem = forge_pem(&intel.forge, signers, 2);
	rd_buf_printf(&out, "HTTP/1.1 200 OK\r\nTCB-Info-Issuer-Chain: ");
	for (size_t i = 0; i < pem.len; i++)
		rd_buf_printf(&out, strchr(" \n+=/", pem.data[i]) ? "%%%02X" : "%c", pem.data[i]);
	rd_buf_printf(&out, "\r\nContent-Type: application/json\r\n");
	w.piece[2].bytes = forge_keep(&intel.forge, &out);
	forge_expect_good(forge_verify(&intel.forge, &rd_tee_tdx, &w.in), "saved headers");
	assert_true(rd_pem_wrap("X509 CRL", w.piece[3].bytes, &lists, &err));
	assert_true(rd_pem_wrap("X509 CRL", w.piece[4].bytes, &lists, &err));
	w.piece[3].bytes = forge_keep(&intel.forge, &lists);
	w.in.n_collateral = 4;
	r = forge_verify(&intel.forge, &rd_tee_tdx, &w.in);
	forge_expect_good(r, "lists in one text");
	assert_int_equal(rd_tee_result_of(r, RD_ASPECT_REVOCATION), RD_RESULT_PASS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tdx),           cmocka_unit_test(test_tdx_module),
		cmocka_unit_test(test_sgx),           cmocka_unit_test(test_absent),
		cmocka_unit_test(test_levels),        cmocka_unit_test(test_claims),
		cmocka_unit_test(test_relaunch),      cmocka_unit_test(test_parts),
		cmocka_unit_test(test_several),       cmocka_unit_test(test_extended_body),
		cmocka_unit_test(test_configuration), cmocka_unit_test(test_one_file),
		cmocka_unit_test(test_broken_pieces), cmocka_unit_test(test_saved_headers),
	};

	return cmocka_run_group_tests(tests, intel_setup, intel_teardown);
}
