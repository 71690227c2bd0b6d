/* Azure's evidence verified: the quote by the vTPM's key, the key by the hardware's report. */
#include "azure.h"

#include "tee/dcap/dcap.h"
#include "tee/snp/snp.h"
#include "tee/tpm/tpm.h"

#include <string.h>

#define AK_NAME "HCLAkPub"
#define NAME "evidence"

/* FILE taken apart. */
struct parts {
	struct rd_view hcl, message, signature, vcek, td_quote;
	struct rd_tpm_pcrs pcrs;
	struct rd_hcl_report report;
	const struct rd_doc *runtime;
};

static bool wrong(struct rd_err *err, const char *what)
{
	return rd_fail(err, RD_FAULT_MALFORMED, "tee.azure.form", "evidence: %s", what);
}

static bool hex(const struct rd_doc *map, const char *key, struct rd_arena *arena,
		struct rd_view *out, struct rd_err *err)
{
	const struct rd_doc *d = map ? rd_doc_get(map, key) : NULL;

	return d ? rd_doc_hex(NAME, d, arena, out, err) : wrong(err, key);
}

/* Empty where it is not there. */
static bool base64(const struct rd_doc *map, const char *key, struct rd_arena *arena,
		   struct rd_view *out, struct rd_err *err)
{
	const struct rd_doc *d = rd_doc_get(map, key);

	if (!d || d->kind != RD_DOC_SCALAR)
		return true;
	return rd_base64_decode(d->text, arena, out, err) || rd_wrap(err, "evidence: %s", key);
}

static bool read_pcrs(const struct rd_doc *quote, struct rd_arena *arena, struct rd_tpm_pcrs *out,
		      struct rd_err *err)
{
	const struct rd_doc *list = quote ? rd_doc_get(quote, "pcrs") : NULL;

	if (!list || list->kind != RD_DOC_LIST || list->n == 0 || list->n > RD_TPM_PCRS)
		return wrong(err, "tpm_quote.pcrs must be a list of 1 to 24 registers");
	*out = (struct rd_tpm_pcrs){ .n = 1 };
	out->bank[0].mask = (uint32_t)((1ull << list->n) - 1);
	for (uint32_t i = 0; i < list->n; i++)
		if (!rd_doc_hex(NAME, &list->item[i], arena, &out->bank[0].pcr[i], err))
			return false;
	return true;
}

static bool parse(struct rd_view file, struct rd_arena *arena, struct parts *p, struct rd_err *err)
{
	const struct rd_doc *doc, *quote;

	*p = (struct parts){ 0 };
	if (!rd_json_parse(arena, NAME, file, &doc, err))
		return false;
	quote = rd_doc_get(doc, "tpm_quote");
	if (!base64(doc, "hcl_report", arena, &p->hcl, err) ||
	    !base64(doc, "vcek", arena, &p->vcek, err) ||
	    !base64(doc, "td_quote", arena, &p->td_quote, err) ||
	    !hex(quote, "message", arena, &p->message, err) ||
	    !hex(quote, "signature", arena, &p->signature, err) ||
	    !read_pcrs(quote, arena, &p->pcrs, err) || !rd_hcl_parse(p->hcl, &p->report, err))
		return false;
	if (p->report.kind == RD_HCL_TDX && p->td_quote.len == 0)
		return wrong(err, "td_quote is missing");
	return rd_json_parse(arena, "runtime data", p->report.runtime, &p->runtime, err);
}

/* ---- the attestation key --------------------------------------------------------------------- */

static bool number(const struct rd_doc *key, const char *name, struct rd_arena *arena,
		   struct rd_view *out, struct rd_err *err)
{
	const struct rd_doc *d = rd_doc_get(key, name);

	return d && d->kind == RD_DOC_SCALAR ? rd_base64_decode(d->text, arena, out, err)
					     : wrong(err, "a key without n or e");
}

static bool read_key(const struct parts *p, struct rd_arena *arena, struct rd_tpm_key *out,
		     struct rd_err *err)
{
	const struct rd_doc *keys = rd_doc_get(p->runtime, "keys"), *kid;
	struct rd_view n, e;

	for (uint32_t i = 0; keys && keys->kind == RD_DOC_LIST && i < keys->n; i++) {
		kid = rd_doc_get(&keys->item[i], "kid");
		if (!kid || !rd_view_eq(kid->text, rd_view_str(AK_NAME)))
			continue;
		return number(&keys->item[i], "n", arena, &n, err) &&
		       number(&keys->item[i], "e", arena, &e, err) &&
		       rd_spki_from_rsa(n, e, arena, &out->spki, err);
	}
	return wrong(err, "the runtime data has no key " AK_NAME);
}

/* The hardware vouches for the JSON with the key in it. */
static void check_binding(struct rd_tee_work *w, const struct parts *p)
{
	uint8_t wanted[RD_REPORT_DATA_LEN] = { 0 };
	bool ok;

	if (!rd_sha256(p->report.runtime, wanted, w->err)) {
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
	if (p->vcek.len)
		pieces[in.n_collateral++] =
			(struct rd_collateral){ .name = "vcek", .bytes = p->vcek };
	in.collateral = pieces;
	in.nonce = (struct rd_view){ 0 };
	in.report = snp ? p->report.hw_report : p->td_quote;
	if (!tee->verify(&in, w->arena, r, w->err))
		return rd_wrap(w->err, "%s", tee->name);
	merge(w, r, tee->name);
	if (snp)
		return true;
	/* The report in the HCL is unsigned; the quote is, and must be about the same. */
	same = rd_quote_parse(p->td_quote, &q, w->err) &&
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
	    !rd_tpm_quote_parse(p.message, &quote, err))
		return false;
	signature = (struct rd_tpm_signature){ .bytes = p.signature };
	rd_tee_begin(&w, in, arena, out, err);
	out->level = RD_LEVEL_HARDWARE;
	out->report_data = quote.extra_data;
	rd_tpm_check_quote(&w, &quote, &key, &signature, &p.pcrs);
	check_binding(&w, &p);
	claim_vm(&w, &p);
	if (!verify_inner(&w, &p))
		return false;
	rd_tee_claim_bool(&w, "debug", out->debug);
	return rd_tee_done(&w);
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
};
