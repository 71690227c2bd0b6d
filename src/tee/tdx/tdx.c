/* Intel TDX: quotes about a trust domain. */
#include "launch.h"
#include "tee/dcap/dcap.h"

/* TD_ATTRIBUTES: "Intel TDX Module ABI Specification", section ATTRIBUTES. */
#define DEBUG 0x01u /* bit 0, of the TUD group (bits 7:0) */
#define TUD_RESERVED 0xFEu
#define MIGRATABLE 0x20u      /* bit 29 */
#define SEPT_VE_DISABLE 0x10u /* bit 28 */

static const struct rd_tee_rule rules[] = {
	{ .key = "mrtd",
	  .claim = "mrtd",
	  .kind = RD_RULE_ONE_OF,
	  .reference = true,
	  .len = 48,
	  .help = "measurements of the firmware" },
	{ .key = "rtmr0",
	  .claim = "rtmr0",
	  .kind = RD_RULE_ONE_OF,
	  .len = 48,
	  .help = "firmware configuration" },
	{ .key = "rtmr1", .claim = "rtmr1", .kind = RD_RULE_ONE_OF, .len = 48, .help = "kernel" },
	{ .key = "rtmr2",
	  .claim = "rtmr2",
	  .kind = RD_RULE_ONE_OF,
	  .len = 48,
	  .help = "kernel command line and initrd" },
	{ .key = "rtmr3",
	  .claim = "rtmr3",
	  .kind = RD_RULE_ONE_OF,
	  .len = 48,
	  .help = "what the guest extends at run time" },
	{ .key = "mrconfigid",
	  .claim = "mrconfigid",
	  .kind = RD_RULE_ONE_OF,
	  .len = 48,
	  .help = "what the host configured" },
	{ .key = "mrowner",
	  .claim = "mrowner",
	  .kind = RD_RULE_ONE_OF,
	  .len = 48,
	  .help = "the owner's id" },
	{ .key = "mrownerconfig",
	  .claim = "mrownerconfig",
	  .kind = RD_RULE_ONE_OF,
	  .len = 48,
	  .help = "the owner's configuration" },
	{ .key = "mrseam",
	  .claim = "mrseam",
	  .kind = RD_RULE_ONE_OF,
	  .len = 48,
	  .help = "measurements of the TDX module" },
	{ .key = "debug",
	  .claim = "debug",
	  .kind = RD_RULE_FLAG,
	  .profile = RD_FLAG_FORBIDDEN,
	  .strict = RD_FLAG_FORBIDDEN,
	  .help = "the host may read the domain's memory" },
	{ .key = "service_td",
	  .claim = "service_td",
	  .kind = RD_RULE_FLAG,
	  .profile = RD_FLAG_FORBIDDEN,
	  .strict = RD_FLAG_FORBIDDEN,
	  .help = "a service TD may act on the domain, such as to migrate it" },
	{ .key = "migratable",
	  .claim = "migratable",
	  .kind = RD_RULE_FLAG,
	  .strict = RD_FLAG_FORBIDDEN,
	  .help = "the domain may be migrated" },
	{ .key = "sept_ve_disable",
	  .claim = "sept_ve_disable",
	  .kind = RD_RULE_FLAG,
	  .help = "the host cannot inject #VE on private pages" },
	{ .key = "partition",
	  .claim = "partition",
	  .kind = RD_RULE_FLAG,
	  .profile = RD_FLAG_FORBIDDEN,
	  .strict = RD_FLAG_FORBIDDEN,
	  .help = "a partition of the domain asked, not the domain as a whole" },
	{ .key = "mrservicetd",
	  .claim = "mrservicetd",
	  .kind = RD_RULE_ONE_OF,
	  .len = 48,
	  .help = "service TDs that are bound" },
	{ .key = "td_attributes",
	  .claim = "td_attributes",
	  .kind = RD_RULE_ONE_OF,
	  .len = 8,
	  .help = "attributes of the domain" },
	{ .key = "xfam",
	  .claim = "xfam",
	  .kind = RD_RULE_ONE_OF,
	  .len = 8,
	  .help = "CPU features of the domain" },
	{ .key = "report_data",
	  .claim = "report_data",
	  .kind = RD_RULE_ONE_OF,
	  .len = 64,
	  .help = "what the guest gave" },
	RD_DCAP_PLATFORM_RULES,
	{ 0 },
};

static void claims(struct rd_dcap *d)
{
	static const char *const rtmrs[] = { "rtmr0", "rtmr1", "rtmr2", "rtmr3" };
	const struct rd_td_body *td = &d->td;
	struct rd_tee_work *w = &d->w;

	rd_tee_claim_bytes(w, "mrtd", td->mrtd);
	for (size_t i = 0; i < 4; i++)
		rd_tee_claim_bytes(w, rtmrs[i], td->rtmr[i]);
	rd_tee_claim_bytes(w, "report_data", td->report_data);
	rd_tee_claim_bytes(w, "mrconfigid", td->mrconfigid);
	rd_tee_claim_bytes(w, "mrowner", td->mrowner);
	rd_tee_claim_bytes(w, "mrownerconfig", td->mrownerconfig);
	rd_tee_claim_bytes(w, "mrseam", td->mrseam);
	rd_tee_claim_bytes(w, "mrsignerseam", td->mrsignerseam);
	rd_tee_claim_bytes(w, "seam_attributes", td->seamattributes);
	rd_tee_claim_bytes(w, "td_attributes", td->td_attributes);
	rd_tee_claim_bytes(w, "xfam", td->xfam);
	rd_tee_claim_bytes(w, "tee_tcb_svn", td->tee_tcb_svn);
	if (td->mrservicetd.len) {
		rd_tee_claim_bytes(w, "tee_tcb_svn2", td->tee_tcb_svn2);
		rd_tee_claim_bytes(w, "mrservicetd", td->mrservicetd);
	}
	if (td->vmid.len) {
		rd_tee_claim_uint(w, "vmid", td->vmid.data[0]);
		rd_tee_claim_bytes(w, "td_id", td->td_id);
		rd_tee_claim_bytes(w, "devinfo", td->devinfo);
		rd_tee_claim_bytes(w, "init_mrservicetd", td->init_mrservicetd);
		rd_tee_claim_bytes(w, "init_cpusvn", td->init_cpusvn);
		rd_tee_claim_bytes(w, "init_tee_tcb_svn", td->init_tee_tcb_svn);
		rd_tee_claim_bytes(w, "init_fmspc", td->init_fmspc);
		rd_tee_claim_bytes(w, "current_mrservicetd", td->current_mrservicetd);
		rd_tee_claim_bool(w, "partition", td->vmid.data[0] != 0);
	}
	rd_tee_claim_bool(w, "service_td",
			  !rd_view_all_zero(td->mrservicetd) ||
				  !rd_view_all_zero(td->init_mrservicetd) ||
				  !rd_view_all_zero(td->current_mrservicetd));
	rd_tee_claim_bool(w, "debug", td->td_attributes.data[0] & DEBUG);
	rd_tee_claim_bool(w, "migratable", td->td_attributes.data[3] & MIGRATABLE);
	rd_tee_claim_bool(w, "sept_ve_disable", td->td_attributes.data[3] & SEPT_VE_DISABLE);
}

static bool verify(const struct rd_tee_input *in, struct rd_arena *arena, struct rd_tee_result *out,
		   struct rd_err *err)
{
	struct rd_dcap d = { .kind = RD_DCAP_TDX };
	bool reserved;

	if (!rd_quote_parse(in->report, &d.quote, err))
		return false;
	if (d.quote.kind != RD_DCAP_TDX)
		return rd_fail(err, RD_FAULT_MALFORMED, "tee.tdx.type",
			       "this is a quote about an SGX enclave");
	rd_tee_begin(&d.w, in, arena, out, err);
	d.td = rd_td_body_read(d.quote.body);
	claims(&d);
	rd_dcap_verify(&d);
	reserved = (d.td.td_attributes.data[0] & TUD_RESERVED) != 0;
	rd_tee_check(&d.w, RD_ASPECT_POLICY, !reserved,
		     (struct rd_tee_words){ "tee.tdx.attributes", "td_attributes",
					    "reserved bits 7 to 1 are zero",
					    reserved ? "set" : "zero" });
	rd_tee_check_report_nonce(&d.w, d.td.report_data);
	out->level = RD_LEVEL_HARDWARE;
	out->report_data = d.td.report_data;
	out->platform_digest = d.td.mrtd;
	out->debug = (d.td.td_attributes.data[0] & (DEBUG | TUD_RESERVED)) != 0;
	return rd_tee_done(&d.w);
}

const struct rd_tee rd_tee_tdx = {
	.name = "tdx",
	.content_type = "application/vnd.intel.tdx-quote",
	.level = RD_LEVEL_HARDWARE,
	.must_not_be_absent = 1u << RD_ASPECT_REVOCATION | 1u << RD_ASPECT_TCB,
	.rules = rules,
	.codes = rd_dcap_codes,
	.root = rd_dcap_root,
	.document = rd_dcap_document,
	.verify = verify,
	.needs = rd_dcap_needs,
	.measure = rd_tdx_measure,
};
