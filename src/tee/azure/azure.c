/* Azure's evidence verified: the quote by the vTPM's key, the key by the hardware's report. */
#include "azure.h"

#include "tee/dcap/dcap.h"
#include "tee/snp/snp.h"

#include <string.h>

#define AK_NAME "HCLAkPub"
#define PARAVISOR_VMPL 0u

struct parts {
	struct rd_azure_evidence file;
	struct rd_hcl_report report;
	const struct rd_doc *runtime;
};

static bool wrong(struct rd_err *err, const char *what)
{
	return rd_fail(err, RD_FAULT_MALFORMED, "tee.azure.form", "evidence: %s", what);
}

static bool parse(struct rd_view file, struct rd_arena *arena, struct parts *p, struct rd_err *err)
{
	*p = (struct parts){ 0 };
	if (!rd_azure_parse(file, arena, &p->file, err) ||
	    !rd_hcl_parse(p->file.hcl, &p->report, err))
		return false;
	if (p->report.kind == RD_HCL_TDX && p->file.td_quote.len == 0)
		return wrong(err, "td_quote is missing");
	return rd_json_parse(arena, "runtime data", p->report.runtime, &p->runtime, err);
}

/* ---- the attestation key --------------------------------------------------------------------- */

static bool read_key(const struct parts *p, struct rd_arena *arena, struct rd_tpm_key *out,
		     struct rd_err *err)
{
	const struct rd_doc *keys = rd_doc_get(p->runtime, "keys"), *kid;

	for (uint32_t i = 0; keys && keys->kind == RD_DOC_LIST && i < keys->n; i++) {
		kid = rd_doc_get(&keys->item[i], "kid");
		if (kid && rd_view_eq(kid->text, rd_view_str(AK_NAME)))
			return rd_jwk_spki(&keys->item[i], arena, &out->spki, err) ||
			       rd_wrap(err, "evidence: " AK_NAME);
	}
	return wrong(err, "the runtime data has no key " AK_NAME);
}

/* The hardware vouches for the JSON with the key in it. */
static void check_binding(struct rd_tee_work *w, const struct parts *p)
{
	uint8_t wanted[RD_REPORT_DATA_LEN] = { 0 };
	bool ok;

	if (!rd_hash_parts(p->report.hash, &p->report.runtime, 1, wanted, w->err)) {
		w->failed = true;
		return;
	}
	ok = memcmp(p->report.report_data.data, wanted, sizeof(wanted)) == 0;
	rd_tee_check(w, RD_ASPECT_CRYPTO, ok,
		     (struct rd_tee_words){ "tee.azure.binding", "attestation key",
					    "in the data that the hardware's report hashes",
					    ok ? "there" : "the report hashes other data" });
}

/* ---- the hardware's report ------------------------------------------------------------------- */

/* Reasons and claims of the inner evidence under its name.  Its nonce is the binding above;
 * versions of an SNP certificate bind the report and are no judgement of them. */
static void merge(struct rd_tee_work *w, const struct rd_tee_result *r, const char *prefix)
{
	for (uint32_t i = 0; i < r->n_reasons; i++) {
		struct rd_reason reason = r->reason[i];

		if (strcmp(reason.code, "tee.nonce.unchecked") == 0)
			continue;
		if (reason.aspect == RD_ASPECT_TCB && strcmp(prefix, "snp") == 0)
			reason.aspect = RD_ASPECT_CRYPTO;
		rd_tee_reason(w, reason);
	}
	for (uint32_t i = 0; i < r->n_claims && !w->failed; i++) {
		struct rd_tee_claim c = r->claim[i];
		const char *name = rd_tee_name(w, "%s.%s", prefix, c.name);

		if (w->out->n_claims == RD_TEE_CLAIMS_MAX)
			break;
		c.name = name;
		w->out->claim[w->out->n_claims++] = c;
	}
	w->out->debug = r->debug;
	w->out->platform_id = r->platform_id;
	w->out->platform_digest = r->platform_digest;
	w->out->product = r->product;
	w->out->tcb_status = r->tcb_status;
}

/* At a lesser level than the paravisor's a guest writes the report data itself. */
static void check_vmpl(struct rd_tee_work *w, const struct rd_tee_result *r)
{
	uint64_t vmpl = rd_tee_claim_find(r, "vmpl")->number;

	rd_tee_check(w, RD_ASPECT_CRYPTO, vmpl == PARAVISOR_VMPL,
		     (struct rd_tee_words){ "tee.azure.vmpl", "snp.vmpl", "0, the paravisor's",
					    rd_tee_name(w, "%llu", (unsigned long long)vmpl) });
}

static bool verify_inner(struct rd_tee_work *w, const struct parts *p)
{
	bool snp = p->report.kind == RD_HCL_SNP;
	const struct rd_tee *tee = snp ? &rd_tee_snp : &rd_tee_tdx;
	struct rd_tee_input in = *w->in;
	struct rd_tee_result *r = RD_NEW(w->arena, struct rd_tee_result, w->err);
	struct rd_collateral *pieces =
		RD_NEW_ARRAY(w->arena, struct rd_collateral, in.n_collateral + 1, w->err);
	struct rd_quote q;
	bool same;

	if (!r || !pieces)
		return false;
	if (in.n_collateral)
		memcpy(pieces, in.collateral, in.n_collateral * sizeof(pieces[0]));
	if (p->file.vcek.len)
		pieces[in.n_collateral++] =
			(struct rd_collateral){ .name = "vcek", .bytes = p->file.vcek };
	in.collateral = pieces;
	in.nonce = (struct rd_view){ 0 };
	in.report = snp ? p->report.hw_report : p->file.td_quote;
	if (!tee->verify(&in, w->arena, r, w->err))
		return rd_wrap(w->err, "%s", tee->name);
	merge(w, r, tee->name);
	if (snp) {
		check_vmpl(w, r);
		return true;
	}
	/* The report in the HCL is unsigned; the quote is, and must be about the same. */
	same = rd_quote_parse(p->file.td_quote, &q, w->err) &&
	       rd_view_eq(r->report_data, p->report.report_data);
	rd_tee_check(w, RD_ASPECT_CRYPTO, same,
		     (struct rd_tee_words){ "tee.azure.td_quote", "TD quote",
					    "the report data of the HCL report",
					    same ? "equal" : "another" });
	return true;
}

static void claim_vm(struct rd_tee_work *w, const struct parts *p)
{
	static const char *const names[][2] = { { "secure-boot", "secure_boot" },
						{ "tpm-enabled", "tpm_enabled" },
						{ "console-enabled", "console_enabled" } };
	const struct rd_doc *vm = rd_doc_get(p->runtime, "vm-configuration"), *id;
	const struct rd_doc *user_data = rd_doc_get(p->runtime, "user-data");
	struct rd_err unused = { 0 };
	struct rd_view bytes;

	if (user_data && user_data->kind == RD_DOC_SCALAR &&
	    rd_unhex(w->arena, user_data->text, &bytes, &unused))
		rd_tee_claim_bytes(w, "user_data", bytes);
	if (!vm)
		return;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct rd_doc *d = rd_doc_get(vm, names[i][0]);

		if (d && d->kind == RD_DOC_SCALAR)
			rd_tee_claim_bool(w, names[i][1], rd_view_eq(d->text, rd_view_str("true")));
	}
	id = rd_doc_get(vm, "vmUniqueId");
	if (id && id->kind == RD_DOC_SCALAR)
		rd_tee_claim_text(w, "vm_id", id->text);
}

static bool verify(const struct rd_tee_input *in, struct rd_arena *arena, struct rd_tee_result *out,
		   struct rd_err *err)
{
	struct rd_tpm_signature signature;
	struct rd_tpm_key key = { 0 };
	struct rd_tpm_quote quote;
	struct rd_tee_work w;
	struct parts p;

	if (!parse(in->report, arena, &p, err) || !read_key(&p, arena, &key, err) ||
	    !rd_tpm_quote_parse(p.file.message, &quote, err))
		return false;
	signature = (struct rd_tpm_signature){ .bytes = p.file.signature };
	rd_tee_begin(&w, in, arena, out, err);
	out->level = RD_LEVEL_HARDWARE;
	out->report_data = quote.extra_data;
	rd_tpm_check_quote(&w, &quote, &key, &signature, &p.file.pcrs);
	check_binding(&w, &p);
	claim_vm(&w, &p);
	if (!verify_inner(&w, &p))
		return false;
	rd_tee_claim_bool(&w, "debug", out->debug);
	return rd_tee_done(&w);
}

/* What the hardware's report or quote inside needs. */
static bool needs(const struct rd_tee_input *in, struct rd_arena *arena, struct rd_buf *out,
		  struct rd_err *err)
{
	struct rd_tee_input inner = *in;
	struct parts p;
	bool snp;

	if (!parse(in->report, arena, &p, err))
		return false;
	snp = p.report.kind == RD_HCL_SNP;
	inner.report = snp ? p.report.hw_report : p.file.td_quote;
	return snp ? rd_tee_snp.needs(&inner, arena, out, err)
		   : rd_tee_tdx.needs(&inner, arena, out, err);
}

static const struct rd_tee_rule rules[] = {
	{ .key = "pcrs",
	  .claim = "pcrs.",
	  .kind = RD_RULE_ONE_OF,
	  .reference = true,
	  .help = "registers of the vTPM: 0 firmware, 4 boot loader, 7 secure boot..." },
	{ .key = "debug",
	  .claim = "debug",
	  .kind = RD_RULE_FLAG,
	  .profile = RD_FLAG_FORBIDDEN,
	  .strict = RD_FLAG_FORBIDDEN,
	  .help = "the host may read the VM's memory" },
	{ .key = "secure_boot",
	  .claim = "secure_boot",
	  .kind = RD_RULE_FLAG,
	  .protects = true,
	  .help = "secure boot is on, as the paravisor says" },
	{ .key = "snp_measurements",
	  .claim = "snp.measurement",
	  .kind = RD_RULE_ONE_OF,
	  .len = 48,
	  .help = "launch digests of the paravisor (SNP)" },
	{ .key = "tdx_mrtd",
	  .claim = "tdx.mrtd",
	  .kind = RD_RULE_ONE_OF,
	  .len = 48,
	  .help = "measurements of the paravisor (TDX)" },
	{ .key = "min_snp_tcb",
	  .claim = "snp.tcb.",
	  .kind = RD_RULE_AT_LEAST,
	  .help = "least versions: bootloader, tee, snp, microcode" },
	{ .key = "chip_ids",
	  .claim = "snp.chip_id",
	  .kind = RD_RULE_ONE_OF,
	  .len = 64,
	  .help = "chips that are known (SNP)" },
	{ .key = "user_data",
	  .claim = "user_data",
	  .kind = RD_RULE_ONE_OF,
	  .help = "what the VM gave the paravisor to report (NV index 0x01400002)" },
	{ .key = "vm_ids",
	  .claim = "vm_id",
	  .kind = RD_RULE_ONE_OF,
	  .value = RD_CLAIM_TEXT,
	  .help = "virtual machines by Azure's id" },
	{ .key = "sha1",
	  .claim = "sha1",
	  .kind = RD_RULE_FLAG,
	  .strict = RD_FLAG_FORBIDDEN,
	  .help = "SHA-1 in the signature or the registers" },
	{ 0 },
};

const struct rd_tee rd_tee_azure = {
	.name = "azure",
	.content_type = "application/vnd.microsoft.azure-cvm-vtpm",
	.level = RD_LEVEL_HARDWARE,
	.rules = rules,
	.codes = rd_azure_codes,
	.verify = verify,
	.needs = needs,
};
