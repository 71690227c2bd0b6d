/* Intel SGX: quotes about an enclave. */
#include "tee/dcap/dcap.h"

static const struct rd_tee_rule rules[] = {
	{ .key = "mrenclave",
	  .claim = "mrenclave",
	  .kind = RD_RULE_ONE_OF,
	  .reference = true,
	  .len = 32,
	  .help = "measurements of the enclave" },
	{ .key = "mrsigner",
	  .claim = "mrsigner",
	  .kind = RD_RULE_ONE_OF,
	  .len = 32,
	  .help = "hashes of the signers' keys" },
	{ .key = "isvprodid",
	  .claim = "isvprodid",
	  .kind = RD_RULE_ONE_OF,
	  .value = RD_CLAIM_UINT,
	  .help = "products of that signer" },
	{ .key = "min_isvsvn",
	  .claim = "isvsvn",
	  .kind = RD_RULE_AT_LEAST,
	  .help = "least version of that product" },
	{ .key = "debug",
	  .claim = "debug",
	  .kind = RD_RULE_FLAG,
	  .profile = RD_FLAG_FORBIDDEN,
	  .strict = RD_FLAG_FORBIDDEN,
	  .help = "the host may read the enclave's memory" },
	{ .key = "attributes",
	  .claim = "attributes",
	  .kind = RD_RULE_ONE_OF,
	  .len = 16,
	  .help = "attributes and XFRM of the enclave" },
	{ .key = "configid",
	  .claim = "configid",
	  .kind = RD_RULE_ONE_OF,
	  .len = 64,
	  .help = "what the host configured at launch (KSS)" },
	{ .key = "report_data",
	  .claim = "report_data",
	  .kind = RD_RULE_ONE_OF,
	  .len = 64,
	  .help = "what the enclave gave" },
	RD_DCAP_PLATFORM_RULES,
	{ 0 },
};

static bool verify(const struct rd_tee_input *in, struct rd_arena *arena, struct rd_tee_result *out,
		   struct rd_err *err)
{
	struct rd_dcap d = { .kind = RD_DCAP_SGX };
	struct rd_sgx_body body;
	struct rd_tee_work *w = &d.w;

	if (!rd_quote_parse(in->report, &d.quote, err))
		return false;
	if (d.quote.kind != RD_DCAP_SGX)
		return rd_fail(err, RD_FAULT_MALFORMED, "tee.sgx.type",
			       "this is a quote about a TDX trust domain");
	rd_tee_begin(w, in, arena, out, err);
	body = rd_sgx_body_read(d.quote.body);
	rd_tee_claim_bytes(w, "mrenclave", body.mrenclave);
	rd_tee_claim_bytes(w, "mrsigner", body.mrsigner);
	rd_tee_claim_uint(w, "isvprodid", body.isvprodid);
	rd_tee_claim_uint(w, "isvsvn", body.isvsvn);
	rd_tee_claim_bytes(w, "attributes", body.attributes);
	rd_tee_claim_bytes(w, "miscselect", body.miscselect);
	rd_tee_claim_bytes(w, "cpusvn", body.cpusvn);
	rd_tee_claim_bytes(w, "configid", body.configid);
	rd_tee_claim_uint(w, "configsvn", body.configsvn);
	rd_tee_claim_bytes(w, "isvextprodid", body.isvextprodid);
	rd_tee_claim_bytes(w, "isvfamilyid", body.isvfamilyid);
	rd_tee_claim_bytes(w, "report_data", body.report_data);
	rd_tee_claim_bool(w, "debug", body.debug);
	rd_dcap_verify(&d);
	rd_tee_check_report_nonce(w, body.report_data);
	out->level = RD_LEVEL_HARDWARE;
	out->report_data = body.report_data;
	out->platform_digest = body.mrenclave;
	out->debug = body.debug;
	return rd_tee_done(w);
}

const struct rd_tee rd_tee_sgx = {
	.name = "sgx",
	.content_type = "application/vnd.intel.sgx-quote",
	.level = RD_LEVEL_HARDWARE,
	.must_not_be_absent = 1u << RD_ASPECT_REVOCATION | 1u << RD_ASPECT_TCB,
	.rules = rules,
	.codes = rd_dcap_codes,
	.root = rd_dcap_root,
	.document = rd_dcap_document,
	.verify = verify,
	.needs = rd_dcap_needs,
};
