/*
 * What to fetch from Intel for a quote.  The certificates of the signer of TCB info and identity
 * are published nowhere by themselves: they come in a header of those answers, to be saved with
 * them.
 */
#include "dcap.h"

#define PCS "https://api.trustedservices.intel.com/"
#define ROOT "https://certificates.trustedservices.intel.com/"

bool rd_dcap_needs(const struct rd_tee_input *in, struct rd_arena *arena, struct rd_buf *out,
		   struct rd_err *err)
{
	struct rd_cert *certs = RD_NEW_ARRAY(arena, struct rd_cert, RD_CERT_PATH_MAX, err);
	const char *tee, *ca = "processor";
	struct rd_view fmspc = { 0 };
	struct rd_quote q;
	uint32_t n = 0;

	if (!certs || !rd_quote_parse(in->report, &q, err))
		return false;
	if (q.cert_type != RD_DCAP_CERT_PCK_CHAIN)
		return rd_fail(err, RD_FAULT_REFUSED, "tee.dcap.cert_type",
			       "the quote holds no PCK certificate, so its platform is not known");
	if (!rd_certs_read(q.cert_data, arena, certs, RD_CERT_PATH_MAX, &n, err))
		return false;
	for (uint32_t i = 0; i < n; i++) {
		struct rd_err unused = { 0 };
		struct rd_pck pck;

		if (!rd_pck_read(&certs[i], &pck, &unused))
			continue;
		if (!rd_hex(arena, pck.fmspc, &fmspc, err))
			return false;
		if (rd_view_eq(certs[i].issuer_cn, rd_view_str("Intel SGX PCK Platform CA")))
			ca = "platform";
	}
	if (!fmspc.len)
		return rd_fail(err, RD_FAULT_REFUSED, "tee.dcap.pck.none",
			       "the quote's chain holds no PCK certificate");
	tee = q.kind == RD_DCAP_TDX ? "tdx" : "sgx";
	rd_buf_printf(out, "tcb_info.json " PCS "%s/certification/v4/tcb?fmspc=%.*s\n", tee,
		      RD_FMT(fmspc));
	rd_buf_printf(out, "qe_identity.json " PCS "%s/certification/v4/qe/identity\n", tee);
	rd_buf_printf(out, "pck_crl.der " PCS "sgx/certification/v4/pckcrl?ca=%s&encoding=der\n",
		      ca);
	rd_buf_printf(out, "root_ca_crl.der " ROOT "IntelSGXRootCA.der\n");
	return rd_buf_ok(out, err);
}
