/* Evidence policies: every kind of rule holds and refuses; slips in a file are found where they
 * are. */
#include <redoubt/attest.h>

#include "support.h"

#include <string.h>

#define NOW 1750000000
#define DAY 86400

static struct rd_arena *arena;

static int setup(void **state)
{
	struct rd_err err = { 0 };

	(void)state;
	assert_true(rd_arena_new((size_t)64 << 20, &arena, &err));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rd_arena_free(&arena);
	return 0;
}

/* Evidence of this technology that verified, with claims of each sort. */
static void make(struct rd_tee_result *r)
{
	static uint8_t digest[48], report_data[64];
	const struct rd_tee_input in = { .now_unix_s = NOW };
	struct rd_tee_work w;
	struct rd_err err = { 0 };

	memset(digest, 0x5A, sizeof(digest));
	memset(report_data, 1, sizeof(report_data));
	rd_tee_begin(&w, &in, arena, r, &err);
	r->level = RD_LEVEL_HARDWARE;
	r->product = rd_view_str("Milan");
	rd_tee_check(&w, RD_ASPECT_CRYPTO, true, (struct rd_tee_words){ "c", "c", "", "" });
	rd_tee_check(&w, RD_ASPECT_TCB, true, (struct rd_tee_words){ "t", "t", "", "" });
	rd_tee_check(&w, RD_ASPECT_REVOCATION, true, (struct rd_tee_words){ "r", "r", "", "" });
	rd_tee_claim_bytes(&w, "measurement", rd_view_of(digest, 48));
	rd_tee_claim_text(&w, "product", rd_view_str("Milan"));
	rd_tee_claim_uint(&w, "vmpl", 1);
	rd_tee_claim_uint(&w, "guest_svn", 5);
	rd_tee_claim_uint(&w, "tcb.snp", 24);
	rd_tee_claim_uint(&w, "tcb.microcode", 219);
	rd_tee_claim_bool(&w, "debug", false);
	rd_tee_claim_bool(&w, "migrate_ma", false);
	rd_tee_claim_bool(&w, "smt", true);
	assert_true(rd_tee_done(&w));
}

static const struct rd_tee *tee_of(const char *name)
{
	return rd_tee_by_name(rd_view_str(name));
}

static bool parse(const char *text, struct rd_evidence_policy *p, struct rd_err *err)
{
	const struct rd_doc *doc;

	*err = (struct rd_err){ 0 };
	return rd_yaml_parse(arena, "p.yaml", rd_view_str(text), &doc, err) &&
	       rd_evidence_policy_from_doc(doc, "p.yaml", NULL, arena, p, err);
}

static struct rd_appraisal *appraise(const char *policy, const char *tee,
				     const struct rd_tee_result *r)
{
	struct rd_evidence_policy p = { 0 };
	struct rd_err err = { 0 };
	struct rd_appraisal *a = RD_NEW(arena, struct rd_appraisal, &err);
	struct rd_verified v = { tee_of(tee), r, NOW };

	if (policy && !parse(policy, &p, &err))
		fail_msg("%s: %s", policy, err.text);
	assert_true(a && rd_appraise_evidence(&p, &v, arena, a, &err));
	return a;
}

static bool has(const struct rd_appraisal *a, const char *code, enum rd_result result)
{
	for (uint32_t i = 0; i < a->n_reasons; i++)
		if (strcmp(a->reason[i].code, code) == 0 && a->reason[i].result == result)
			return true;
	return false;
}

#define DIGEST \
	"5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a" \
	"5a5a5a5a"
#define UPPER \
	"5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A" \
	"5A5A5A5A"
#define OTHER \
	"6a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a" \
	"5a5a5a5a"
#define HEX32 "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"
#define SNP "version: 1\nsnp:\n  "

/* A policy over the evidence above: the reason that refuses it, or NULL. */
static const struct {
	const char *policy, *code;
} cases[] = {
	{ NULL, NULL },
	{ "version: 1\n", NULL },
	{ SNP "measurements: [" DIGEST "]\n", NULL },
	{ SNP "measurements: [" OTHER ", " UPPER "]\n", NULL },
	{ SNP "measurements: [" OTHER "]\n", "attest.one_of" },
	{ SNP "chip_ids: [" DIGEST "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a]\n", "attest.one_of" },
	{ SNP "product_names: [Milan]\n", NULL },
	{ SNP "product_names: [Genoa, Turin]\n", "attest.one_of" },
	{ SNP "deny_products: [Genoa]\n", NULL },
	{ SNP "deny_products: [Milan]\n", "attest.none_of" },
	{ SNP "min_tcb: {snp: 24, microcode: 219}\n", NULL },
	{ SNP "min_tcb: {snp: 25}\n", "attest.at_least" },
	{ SNP "min_tcb: {microcode: 220}\n", "attest.at_least" },
	{ SNP "min_tcb: {fmc: 0}\n", "attest.at_least" },
	{ SNP "min_guest_svn: 5\n", NULL },
	{ SNP "min_guest_svn: 6\n", "attest.at_least" },
	{ SNP "max_vmpl: 1\n", NULL },
	{ SNP "max_vmpl: 0\n", "attest.at_most" },
	{ SNP "smt: allowed\n", NULL },
	{ SNP "smt: required\n", NULL },
	{ SNP "smt: forbidden\n", "attest.flag" },
	{ SNP "debug: required\n", "attest.flag" },
	{ SNP "single_socket: required\n", "attest.flag" },
	{ SNP "products:\n    Milan: {min_tcb: {microcode: 220}}\n", "attest.at_least" },
	{ SNP "products:\n    Genoa: {min_tcb: {microcode: 220}}\n", NULL },
	{ SNP "min_tcb: {microcode: 220}\n  products:\n    Milan: {min_tcb: {microcode: 1}}\n",
	  NULL },
};

static void test_rules(void **state)
{
	struct rd_err err = { 0 };
	struct rd_tee_result *r = RD_NEW(arena, struct rd_tee_result, &err);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rd_appraisal *a;
		const char *policy = cases[i].policy ? cases[i].policy : "the profile";

		make(r);
		a = appraise(cases[i].policy, "snp", r);
		if ((a->verdict == RD_VERDICT_ACCEPTED) != (cases[i].code == NULL))
			fail_msg("%s: %s", policy, cases[i].code ? "accepted" : "refused");
		if (cases[i].code && !has(a, cases[i].code, RD_RESULT_FAIL))
			fail_msg("%s: not by %s", policy, cases[i].code);
	}
}

/* What holds without a file, and what a file demands by itself. */
static void test_defaults(void **state)
{
	struct rd_err err = { 0 };
	struct rd_tee_result *r = RD_NEW(arena, struct rd_tee_result, &err);
	struct rd_appraisal *a;

	(void)state;
	make(r);
	a = appraise(NULL, "snp", r);
	assert_true(has(a, "attest.unset", RD_RESULT_WARNING));
	r->claim[6].number = 1; /* debug */
	a = appraise(NULL, "snp", r);
	assert_true(a->verdict == RD_VERDICT_REFUSED && has(a, "attest.flag", RD_RESULT_FAIL));
	a = appraise(SNP "debug: allowed\n", "snp", r);
	assert_true(a->verdict == RD_VERDICT_ACCEPTED &&
		    has(a, "attest.flag.allowed", RD_RESULT_WARNING));
	make(r);
	r->claim[7].number = 1; /* migrate_ma: a file forbids it */
	assert_int_equal(appraise(NULL, "snp", r)->verdict, RD_VERDICT_ACCEPTED);
	assert_int_equal(appraise("version: 1\n", "snp", r)->verdict, RD_VERDICT_REFUSED);
	make(r);
	r->reason[2].result = RD_RESULT_ABSENT; /* revocation */
	assert_int_equal(appraise(NULL, "snp", r)->verdict, RD_VERDICT_ACCEPTED);
	a = appraise("version: 1\n", "snp", r);
	assert_true(a->verdict == RD_VERDICT_REFUSED &&
		    has(a, "attest.revocation", RD_RESULT_FAIL));
	assert_int_equal(appraise("version: 1\nrevocation: optional\n", "snp", r)->verdict,
			 RD_VERDICT_ACCEPTED);
	assert_int_equal(appraise(NULL, "tdx", r)->verdict, RD_VERDICT_REFUSED);
	assert_int_equal(appraise("version: 1\nrevocation: optional\n", "tdx", r)->verdict,
			 RD_VERDICT_ACCEPTED);
}

/* No aspect that fails is ever accepted, nor crypto that is absent. */
static void test_aspects(void **state)
{
	struct rd_err err = { 0 };
	struct rd_tee_result *r = RD_NEW(arena, struct rd_tee_result, &err);

	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		make(r);
		r->reason[i].result = RD_RESULT_FAIL;
		assert_int_equal(appraise(NULL, "snp", r)->verdict, RD_VERDICT_REFUSED);
	}
	make(r);
	r->reason[0].result = RD_RESULT_ABSENT;
	assert_int_equal(appraise(NULL, "snp", r)->verdict, RD_VERDICT_REFUSED);
	make(r);
	r->reason[0].result = RD_RESULT_WARNING;
	assert_int_equal(appraise(NULL, "snp", r)->verdict, RD_VERDICT_REFUSED);
	make(r);
	r->reason[1].result = RD_RESULT_ABSENT; /* tcb: SNP needs it, Azure does not */
	assert_int_equal(appraise(NULL, "snp", r)->verdict, RD_VERDICT_REFUSED);
	assert_int_equal(appraise(NULL, "azure", r)->verdict, RD_VERDICT_ACCEPTED);
}

#define TDX "version: 1\ntdx:\n  tcb_statuses:\n    - UpToDate\n    - "

static void test_statuses(void **state)
{
	static const struct {
		const char *policy;
		bool accepted;
	} statuses[] = {
		{ NULL, false },
		{ "version: 1\n", false },
		{ TDX "OutOfDate\n", false },
		{ TDX "SWHardeningNeeded\n", true },
		{ TDX "{status: SWHardeningNeeded, until: 2025-06-15T15:06:40Z}\n", true },
		{ TDX "{status: SWHardeningNeeded, until: 2025-06-15T15:06:39Z}\n", false },
		{ TDX "{status: SWHardeningNeeded, advisories: [SA-1, SA-2]}\n", true },
		{ TDX "{status: SWHardeningNeeded, advisories: [SA-1]}\n", false },
		{ TDX "{status: SWHardeningNeeded, advisories: [SA-1, SA-22]}\n", false },
		{ TDX "{status: SWHardeningNeeded, advisories: []}\n", false },
		{ "version: 1\nsgx: {tcb_statuses: [SWHardeningNeeded]}\n", false },
	};
	struct rd_err err = { 0 };
	struct rd_tee_result *r = RD_NEW(arena, struct rd_tee_result, &err);

	(void)state;
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		struct rd_tee_work w = { .arena = arena, .out = r, .err = &err };
		const struct rd_appraisal *a;

		make(r);
		r->tcb_status = rd_view_str("SWHardeningNeeded");
		r->reason[1].code = RD_TEE_STATUS_CODE;
		r->reason[1].result = RD_RESULT_FAIL;
		rd_tee_claim_text(&w, "advisories", rd_view_str("SA-1, SA-2"));
		a = appraise(statuses[i].policy, "tdx", r);
		if ((a->verdict == RD_VERDICT_ACCEPTED) != statuses[i].accepted)
			fail_msg("%s", statuses[i].policy ? statuses[i].policy : "the profile");
		/* What is printed of a check that passed is the status that it is, not the best. */
		for (uint32_t k = 0; statuses[i].accepted && k < a->n_reasons; k++)
			if (strcmp(a->reason[k].code, RD_TEE_STATUS_CODE) == 0)
				assert_true(rd_view_eq(a->reason[k].expected, r->tcb_status));
		/* Another failure of the same aspect is not lifted by it. */
		rd_tee_check(&w, RD_ASPECT_TCB, false, (struct rd_tee_words){ "x", "x", "", "" });
		assert_int_equal(appraise(statuses[i].policy, "tdx", r)->verdict,
				 RD_VERDICT_REFUSED);
	}
}

/* A claim of another sort than its rule speaks of is none that the rule lists or bounds. */
static void test_sorts(void **state)
{
	static const struct {
		const char *policy, *tee;
		struct rd_tee_claim claim;
		bool accepted;
	} sorts[] = {
		{ "version: 1\nsgx: {isvprodid: [3, 7]}\n",
		  "sgx",
		  { .name = "isvprodid", .kind = RD_CLAIM_UINT, .number = 7 },
		  true },
		{ "version: 1\nsgx: {isvprodid: [3, 7]}\n",
		  "sgx",
		  { .name = "isvprodid", .kind = RD_CLAIM_UINT, .number = 6 },
		  false },
		{ "version: 1\nsgx: {mrsigner: [" HEX32 "]}\n",
		  "sgx",
		  { .name = "mrsigner", .kind = RD_CLAIM_UINT },
		  false },
		{ "version: 1\nsgx: {min_isvsvn: 1}\n",
		  "sgx",
		  { .name = "isvsvn", .kind = RD_CLAIM_UINT, .number = 1 },
		  true },
		{ "version: 1\nsgx: {min_isvsvn: 1}\n",
		  "sgx",
		  { .name = "isvsvn", .kind = RD_CLAIM_TIME, .number = 1 },
		  false },
	};
	struct rd_err err = { 0 };
	struct rd_tee_result *r = RD_NEW(arena, struct rd_tee_result, &err);

	(void)state;
	for (size_t i = 0; i < sizeof(sorts) / sizeof(sorts[0]); i++) {
		make(r);
		r->claim[r->n_claims++] = sorts[i].claim;
		if ((appraise(sorts[i].policy, sorts[i].tee, r)->verdict == RD_VERDICT_ACCEPTED) !=
		    sorts[i].accepted)
			fail_msg("%s: claim of kind %d, number %llu", sorts[i].policy,
				 (int)sorts[i].claim.kind,
				 (unsigned long long)sorts[i].claim.number);
	}
}

static void test_age(void **state)
{
	static const struct {
		int64_t issued;
		bool accepted;
	} ages[] = { { NOW, true },
		     { NOW - 30 * DAY, true },
		     { NOW - 30 * DAY - 1, false },
		     { NOW + 1, false } };
	struct rd_err err = { 0 };
	struct rd_tee_result *r = RD_NEW(arena, struct rd_tee_result, &err);

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct rd_tee_work w = { .arena = arena, .out = r, .err = &err };
		struct rd_appraisal *a;

		make(r);
		rd_tee_claim_time(&w, "collateral_issued", ages[i].issued);
		a = appraise("version: 1\ntdx: {max_collateral_age: 30}\n", "tdx", r);
		assert_int_equal(a->verdict == RD_VERDICT_ACCEPTED, ages[i].accepted);
		assert_true(
			has(a, "attest.age", ages[i].accepted ? RD_RESULT_PASS : RD_RESULT_FAIL));
	}
	make(r);
	assert_true(has(appraise("version: 1\ntdx: {max_collateral_age: 30}\n", "tdx", r),
			"attest.age", RD_RESULT_FAIL));
}

#define REFERENCES "version: 1\nreference_values: "

/* A slip in a file, and the place that its error names. */
static void test_broken_files(void **state)
{
	static const struct {
		const char *policy, *part;
	} broken[] = {
		{ "snp: {}\n", "version" },
		{ "version: 2\n", "version" },
		{ "version: 1\nsnq: {}\n", "snp" },
		{ SNP "measurement: [" DIGEST "]\n", "measurements" },
		{ SNP "measurements: []\n", "empty" },
		{ SNP "measurements: [zz]\n", "48 bytes" },
		{ SNP "measurements: [5a5a]\n", "48 bytes" },
		{ SNP "debug: maybe\n", "forbidden" },
		{ SNP "max_vmpl: -1\n", "number" },
		{ SNP "max_vmpl: x\n", "number" },
		{ SNP "min_tcb: 5\n", "map" },
		{ SNP "min_tcb: {}\n", "map" },
		{ SNP "tcb_statuses: []\n", "empty" },
		{ SNP "tcb_statuses: [{status: X, untill: 1}]\n", "until" },
		{ SNP "tcb_statuses: [{status: X, until: soon}]\n", "time" },
		{ SNP "products: [Milan]\n", "map" },
		{ SNP "products: {Milan: {tcb_statuses: [X]}}\n", "tcb_statuses" },
		{ "version: 1\nrevocation: no\n", "required or optional" },
		{ SNP "product_names: [null]\n", "expected a value" },
		{ SNP "product_names: [\"\"]\n", "expected a value" },
		{ SNP "min_tcb: [24]\n", "a map that is not empty" },
		{ SNP "tcb_statuses: {a: X}\n", "a list that is not empty" },
		{ SNP "tcb_statuses: [{until: 2027-01-01T00:00:00Z}]\n", "a status word" },
		{ SNP "tcb_statuses: [null]\n", "a status word" },
		{ SNP "tcb_statuses: [\"\"]\n", "a status word" },
		{ SNP "tcb_statuses: [{status: X, advisories: SA-1}]\n", "list of advisories" },
		{ SNP "tcb_statuses: [{status: X, advisories: [null]}]\n", "list of advisories" },
		{ SNP "products: [{debug: allowed}]\n", "a map of products" },
		{ "version: 1\nanchors: []\n", "certificate files" },
		{ "version: 1\nanchors: {a: a.pem}\n", "certificate files" },
		{ "version: 1\nanchors: [null]\n", "the name of a certificate file" },
		{ "version: 1\nanchors: [\"\"]\n", "the name of a certificate file" },
		{ REFERENCES "[]\n", "1 to 8 manifests" },
		{ REFERENCES "{a: {file: a.corim}}\n", "1 to 8 manifests" },
		{ REFERENCES "[a.corim]\n", "expected a map" },
		{ REFERENCES "[{fil: a.corim}]\n", "did you mean" },
		{ REFERENCES "[{keys: [a.pem]}]\n", "the name of a CoRIM" },
		{ REFERENCES "[{file: null}]\n", "the name of a CoRIM" },
		{ REFERENCES "[{file: \"\"}]\n", "the name of a CoRIM" },
		{ REFERENCES "[{file: a.corim, keys: []}]\n", "1 to 4 files" },
		{ REFERENCES "[{file: a.corim, keys: {a: a.pem}}]\n", "1 to 4 files" },
		{ REFERENCES "[{file: a.corim, keys: [null]}]\n", "the name of a key file" },
		{ REFERENCES "[{file: a.corim, keys: [\"\"]}]\n", "the name of a key file" },
		{ REFERENCES "[{file: a.corim, sha256: 5a5a}]\n", "hexadecimal of 32 bytes" },
		{ REFERENCES "[{file: a.corim, sha256: no}]\n", "expected hexadecimal" },
		{ "version: 1\nnitro: {pcrs: {\"0\": []}}\n", "empty" },
	};
	struct rd_evidence_policy p;
	struct rd_err err;

	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		if (parse(broken[i].policy, &p, &err))
			fail_msg("%s: is taken", broken[i].policy);
		if (!strstr(err.text, broken[i].part) || !strstr(err.text, "p.yaml:"))
			fail_msg("%s: %s", broken[i].policy, err.text);
	}
}

/* As many of everything as there may be, and one more. */
static void test_limits(void **state)
{
	static const struct {
		const char *head, *before, *after, *tail, *says;
		unsigned max;
	} limits[] = {
		{ SNP "product_names: [", "p", ",", "]\n", "more than 1024 values", 1024 },
		{ SNP "products: {", "p", ": {debug: allowed},", "}\n", "more than 256 settings",
		  256 },
		{ SNP "tcb_statuses: [", "s", ",", "]\n", "too many statuses", 64 },
		{ "version: 1\nanchors: [", "", ".pem,", "]\n", "1 to 16 certificate files", 16 },
		{ REFERENCES "[", "{file: ", ".corim},", "]\n", "1 to 8 manifests", 8 },
		{ REFERENCES "[{file: a.corim, keys: [", "", ".pem,", "]}]\n", "1 to 4 files", 4 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		for (unsigned more = 0; more < 2; more++) {
			RD_AUTO(rd_buf_free) struct rd_buf text = { .max = 1u << 16 };
			struct rd_evidence_policy p;
			struct rd_err err;

			rd_buf_printf(&text, "%s", limits[i].head);
			for (unsigned k = 0; k < limits[i].max + more; k++)
				rd_buf_printf(&text, "%s%u%s", limits[i].before, k,
					      limits[i].after);
			rd_buf_printf(&text, "%s", limits[i].tail);
			rd_buf_add_byte(&text, 0);
			if (parse((const char *)text.data, &p, &err) != !more)
				fail_msg("%s: %u: %s", limits[i].says, limits[i].max + more,
					 more ? "taken" : err.text);
			if (more && !strstr(err.text, limits[i].says))
				fail_msg("%s: %s", limits[i].says, err.text);
		}
}

static bool unset(const struct rd_appraisal *a, const char *claim)
{
	for (uint32_t i = 0; i < a->n_reasons; i++)
		if (strcmp(a->reason[i].code, "attest.unset") == 0 &&
		    strcmp(a->reason[i].claim, claim) == 0)
			return true;
	return false;
}

/* Registers of a TPM stand in the place of an enclave's: nobody misses those. */
static void test_unset(void **state)
{
	static const char policy[] = "version: 1\nnitro:\n  nitrotpm_pcrs: {\"4\": [\"07\"]}\n";
	struct rd_err err = { 0 };
	struct rd_tee_result *r = RD_NEW(arena, struct rd_tee_result, &err);
	struct rd_appraisal *a;

	(void)state;
	make(r);
	a = appraise(NULL, "nitro", r);
	assert_true(unset(a, "pcrs.") && unset(a, "nitrotpm_pcrs."));
	r->claim[r->n_claims++] =
		(struct rd_tee_claim){ .name = "nitrotpm_pcrs.4", .bytes = rd_view_of("\x07", 1) };
	a = appraise(NULL, "nitro", r);
	assert_true(!unset(a, "pcrs.") && unset(a, "nitrotpm_pcrs."));
	a = appraise(policy, "nitro", r);
	assert_true(!unset(a, "pcrs.") && !unset(a, "nitrotpm_pcrs."));
	assert_int_equal(a->verdict, RD_VERDICT_ACCEPTED);
}

/* What is suggested accepts the evidence that it was made from, and refuses another. */
static void test_suggest(void **state)
{
	RD_AUTO(rd_buf_free) struct rd_buf text = { .max = 1u << 16 };
	struct rd_err err = { 0 };
	struct rd_tee_result *r = RD_NEW(arena, struct rd_tee_result, &err);

	(void)state;
	make(r);
	r->claim[r->n_claims++] = (struct rd_tee_claim){ .name = "alias_check_complete",
							 .kind = RD_CLAIM_BOOL,
							 .number = 1 };
	r->claim[r->n_claims++] =
		(struct rd_tee_claim){ .name = "platform_ecc", .kind = RD_CLAIM_BOOL };
	assert_true(rd_evidence_policy_suggest(tee_of("snp"), r, &text, &err));
	rd_buf_add_byte(&text, 0);
	assert_non_null(strstr((const char *)text.data, "\n  alias_check: required\n"));
	assert_non_null(strstr((const char *)text.data, "\n  platform_ecc: allowed\n"));
	assert_non_null(strstr((const char *)text.data, "\n  debug: forbidden\n"));
	assert_int_equal(appraise((const char *)text.data, "snp", r)->verdict, RD_VERDICT_ACCEPTED);
	((uint8_t *)(uintptr_t)r->claim[0].bytes.data)[3] ^= 1;
	assert_int_equal(appraise((const char *)text.data, "snp", r)->verdict, RD_VERDICT_REFUSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),   cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_aspects), cmocka_unit_test(test_statuses),
		cmocka_unit_test(test_age),     cmocka_unit_test(test_broken_files),
		cmocka_unit_test(test_suggest), cmocka_unit_test(test_unset),
		cmocka_unit_test(test_sorts),   cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
