/* SGX and TDX: lengths in quotes, what is asked of Intel for one, collateral by itself, other CAs.
 */
#include "forge/intel.h"
#include "support.h"

#include <string.h>

/* One byte more or less: body type and length; the signature data's length, what is inside
 * and how long, the certificates' length. */
static void test_lengths(void **state)
{
	static const struct {
		uint16_t version;
		size_t at;
		int more;
		bool refused;
	} changed[] = {
		{ 5, 48, 3, true },
		{ 5, 48, -2, true },
		{ 5, 50, 1, false },
		{ 4, 48 + 584, 1, false },
		{ 4, 48 + 584 + 4 + 128, 1, true },
		{ 4, 48 + 584 + 4 + 134 + 456, -1, false },
	};
	struct intel_world w;

	(void)state;
	for (size_t i = 0; i < sizeof(changed) / sizeof(changed[0]); i++) {
		intel_make(&w, false);
		w.version = changed[i].version;
		w.tail = 8;
		intel_build(&w);
		w.in.report =
			forge_set(&intel.forge, w.in.report, changed[i].at,
				  (uint8_t)(w.in.report.data[changed[i].at] + changed[i].more));
		forge_expect_error(&intel.forge, &rd_tee_tdx, &w.in,
				   changed[i].refused ? "tee.dcap.unsupported" : "tee.dcap.quote",
				   changed[i].refused ? RD_FAULT_REFUSED : RD_FAULT_MALFORMED);
	}
}

/* Lengths that promise more than there is, in every place that has one. */
static void test_form(void **state)
{
	static const size_t lengths_v4[] = { 48 + 584, 48 + 584 + 4 + 130, 48 + 584 + 4 + 134 + 448,
					     48 + 584 + 4 + 134 + 456 };
	struct intel_world w;

	(void)state;
	for (size_t i = 0; i < sizeof(lengths_v4) / sizeof(lengths_v4[0]); i++) {
		intel_make(&w, false);
		intel_build(&w);
		w.in.report = forge_set(&intel.forge,
					forge_set(&intel.forge, w.in.report, lengths_v4[i], 0xFF),
					lengths_v4[i] + 1, 0xFF);
		forge_expect_error(&intel.forge, &rd_tee_tdx, &w.in, "tee.dcap.quote",
				   RD_FAULT_MALFORMED);
	}
	intel_make(&w, false);
	w.cert_type = 0;
	forge_expect_error(&intel.forge, &rd_tee_tdx, intel_build(&w), "tee.dcap.quote",
			   RD_FAULT_MALFORMED);
	intel_make(&w, false);
	w.version = 5;
	w.header[4] = 0; /* of SGX, with the body of a domain */
	forge_expect_error(&intel.forge, &rd_tee_tdx, intel_build(&w), "tee.dcap.quote",
			   RD_FAULT_MALFORMED);
	intel_make(&w, false);
	forge_expect_no_prefix(&intel.forge, &rd_tee_tdx, intel_build(&w));
	intel_make(&w, true);
	forge_expect_no_prefix(&intel.forge, &rd_tee_sgx, intel_build(&w));
	intel_make(&w, true);
	forge_expect_error(&intel.forge, &rd_tee_tdx, intel_build(&w), "tee.tdx.type",
			   RD_FAULT_MALFORMED);
	intel_make(&w, false);
	forge_expect_error(&intel.forge, &rd_tee_sgx, intel_build(&w), "tee.sgx.type",
			   RD_FAULT_MALFORMED);
	intel_make(&w, false);
	w.version = 6;
	forge_expect_error(&intel.forge, &rd_tee_tdx, intel_build(&w), "tee.dcap.unsupported",
			   RD_FAULT_REFUSED);
	intel_make(&w, false);
	w.version = 6;
	w.header[12] = 0; /* no quote at all */
	forge_expect_error(&intel.forge, &rd_tee_tdx, intel_build(&w), "tee.dcap.quote",
			   RD_FAULT_MALFORMED);
	intel_make(&w, false);
	w.version = 3; /* of SGX alone */
	forge_expect_error(&intel.forge, &rd_tee_tdx, intel_build(&w), "tee.dcap.unsupported",
			   RD_FAULT_REFUSED);
	intel_make(&w, false);
	w.header[2] = 3; /* P-384 */
	forge_expect_error(&intel.forge, &rd_tee_tdx, intel_build(&w), "tee.dcap.unsupported",
			   RD_FAULT_REFUSED);
	intel_make(&w, false);
	w.cert_type = 9;
	forge_expect_error(&intel.forge, &rd_tee_tdx, intel_build(&w), "tee.dcap.quote",
			   RD_FAULT_MALFORMED);
}

/* Bytes of a quote up to its signature data's length, and of that data up to the certificates. */
#define V3_HEAD (48u + RD_SGX_REPORT_LEN)
#define V4_HEAD (48u + RD_TD_REPORT_LEN)
#define TO_CERT_DATA (128u + RD_SGX_REPORT_LEN + 64 + 2 + 4 + 2)

static void expect_quote(struct rd_view quote, const char *text)
{
	struct rd_err err = { 0 };
	struct rd_quote q;

	assert_false(rd_quote_parse(quote, &q, &err));
	assert_string_equal(err.code, "tee.dcap.quote");
	if (!strstr(err.text, text))
		fail_msg("%s, expected %s", err.text, text);
}

/* Each part ends too early, and the error says which. */
static void test_cuts(void **state)
{
	static const struct {
		uint16_t version;
		size_t len;
		const char *text;
	} cuts[] = {
		{ 4, 47, "inside its header" },
		{ 5, 49, "before its body" },
		{ 5, 53, "before its body" },
		{ 4, V4_HEAD - 1, "inside its body" },
		{ 4, V4_HEAD + 3, "inside its signature data" },
		{ 4, V4_HEAD + 100, "inside its signature data" },
	};
	struct intel_world w;

	(void)state;
	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		intel_make(&w, false);
		w.version = cuts[i].version;
		intel_build(&w);
		expect_quote(rd_view_of(w.in.report.data, cuts[i].len), cuts[i].text);
	}
	/* Signature data that ends between two parts, and says so. */
	intel_make(&w, false);
	intel_build(&w);
	w.in.report = forge_set(&intel.forge, w.in.report, V4_HEAD, 128);
	expect_quote(forge_set(&intel.forge, w.in.report, V4_HEAD + 1, 0), "do not add up");
	intel_make(&w, true);
	intel_build(&w);
	w.in.report = forge_set(&intel.forge, w.in.report, V3_HEAD, TO_CERT_DATA & 0xFF);
	expect_quote(forge_set(&intel.forge, w.in.report, V3_HEAD + 1, TO_CERT_DATA >> 8),
		     "do not add up");
}

/* What to ask Intel for is told by the platform's certificate. */
static void test_needs(void **state)
{
	struct rd_buf out = { .max = 8192 };
	struct rd_err err = { 0 };
	struct intel_world w;

	(void)state;
	intel_make(&w, false);
	assert_true(rd_dcap_needs(intel_build(&w), intel.forge.arena, &out, &err));
	w.cert_type = 1;
	assert_false(rd_dcap_needs(intel_build(&w), intel.forge.arena, &out, &err));
	assert_string_equal(err.code, "tee.dcap.cert_type");
	err = (struct rd_err){ 0 };
	w.cert_type = 5;
	w.pck_tail = "none";
	assert_false(rd_dcap_needs(intel_build(&w), intel.forge.arena, &out, &err));
	assert_string_equal(err.code, "tee.dcap.pck.none");
	rd_buf_free(&out);
}

static void expect_piece(const struct intel_world *w, uint32_t piece, const char *code)
{
	struct rd_err err = { 0 };
	const char *kind;
	bool ok = rd_collateral_check(&w->in, piece, intel.forge.arena, &kind, &err);

	assert_int_equal(ok, code == NULL);
	if (code)
		assert_string_equal(err.code, code);
}

#define ONE_SECOND "\"issueDate\":\"2025-06-15T15:06:40Z\",\"nextUpdate\":\"2025-06-15T15:06:40Z\""

/* Collateral by itself: in its dates, and of a kind that is known. */
static void test_collateral(void **state)
{
	struct intel_world w;

	(void)state;
	intel_make(&w, false);
	w.info_dates = ONE_SECOND;
	for (int64_t off = -1; off < 2; off++) {
		w.now = INTEL_NOW + off;
		intel_build(&w);
		expect_piece(&w, 0, off == 0 ? NULL : "tee.collateral.time");
	}
	w.now = -1; /* no trusted time: not judged */
	intel_build(&w);
	expect_piece(&w, 0, NULL);
	w.piece[0].bytes = rd_view_str("nothing of the kind");
	expect_piece(&w, 0, "tee.collateral.kind");
}

/* Of two things in one piece, one broken: the other counts, and a warning stays. */
static void test_half_broken(void **state)
{
	struct rd_buf out = { .max = 64 * 1024 };
	struct rd_err err = { 0 };
	struct rd_tee_result *r;
	struct intel_world w;

	(void)state;
	intel_make(&w, false);
	intel_build(&w);
	rd_buf_printf(&out, "-----BEGIN CERTIFICATE-----\nx\n");
	assert_true(rd_pem_wrap("X509 CRL", w.piece[4].bytes, &out, &err));
	w.piece[4].bytes = forge_keep(&intel.forge, &out);
	r = forge_verify(&intel.forge, &rd_tee_tdx, &w.in);
	forge_expect_good(r, "a list beside a broken certificate");
	forge_expect(r, "tee.collateral", RD_RESULT_WARNING, "a broken certificate");
	assert_int_equal(rd_tee_result_of(r, RD_ASPECT_REVOCATION), RD_RESULT_PASS);
}

static struct rd_cert ca_of(const char *cn, const struct rd_cert *issuer,
			    const struct forge_key *issuer_key, struct forge_key *key)
{
	return forge_cert(&intel.forge, &(struct forge_cert_spec){ .cn = cn,
								   .key = key,
								   .issuer = issuer,
								   .issuer_key = issuer_key,
								   .is_ca = true });
}

/* The PCK's issuer is one of Intel's two CAs, and that one is the root's. */
static void test_issuers(void **state)
{
	static const struct {
		const char *cn;
		bool deeper, good;
	} cases[] = {
		{ "Intel SGX PCK Processor CA", false, true },
		{ "Intel SGX PCK Processor CA", true, false },
		{ "Intel SGX PCK Other CA", false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rd_cert between = ca_of("Between", &intel.root_cert, intel.root, intel.ak);
		struct rd_cert ca =
			cases[i].deeper
				? ca_of(cases[i].cn, &between, intel.ak, intel.other)
				: ca_of(cases[i].cn, &intel.root_cert, intel.root, intel.other);
		const struct rd_cert *more[] = { &ca, &between };
		struct intel_world w;

		intel_make(&w, false);
		w.pck_spec.issuer = &ca;
		w.pck_spec.issuer_key = intel.other;
		intel_build(&w);
		w.piece[w.in.n_collateral++] =
			(struct rd_collateral){ .name = "more",
						.bytes = forge_pem(&intel.forge, more, 2) };
		forge_expect(forge_verify(&intel.forge, &rd_tee_tdx, &w.in), "tee.dcap.pck.issuer",
			     cases[i].good ? RD_RESULT_PASS : RD_RESULT_FAIL, cases[i].cn);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lengths),    cmocka_unit_test(test_form),
		cmocka_unit_test(test_cuts),       cmocka_unit_test(test_needs),
		cmocka_unit_test(test_collateral), cmocka_unit_test(test_half_broken),
		cmocka_unit_test(test_issuers),
	};

	return cmocka_run_group_tests(tests, intel_setup, intel_teardown);
}
