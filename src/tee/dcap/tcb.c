/* The quoting enclave and the platform held against Intel's collateral. */
#include "dcap.h"

#include <stdio.h>
#include <string.h>

static void check(struct rd_dcap *d, bool ok, struct rd_tee_words words)
{
	rd_tee_check(&d->w, RD_ASPECT_TCB, ok, words);
}

static bool equal_masked(struct rd_view found, struct rd_view wanted, struct rd_view mask)
{
	uint8_t differ = 0;

	if (found.len != wanted.len || found.len != mask.len)
		return false;
	for (size_t i = 0; i < found.len; i++)
		differ |= (uint8_t)((found.data[i] ^ wanted.data[i]) & mask.data[i]);
	return differ == 0;
}

/* ---- the quoting enclave --------------------------------------------------------------------- */

void rd_dcap_check_qe(struct rd_dcap *d)
{
	struct rd_sgx_body qe = rd_sgx_body_read(d->quote.qe_report);
	const struct rd_qe_identity *id = &d->identity;
	const struct rd_tcb_level *level = rd_isv_level_find(&id->levels, qe.isvsvn);
	bool signer = rd_view_eq(qe.mrsigner, id->mrsigner) && qe.isvprodid == id->isvprodid;
	bool attributes = equal_masked(qe.attributes, id->attributes, id->attributes_mask);
	bool misc = equal_masked(qe.miscselect, id->miscselect, id->miscselect_mask);

	rd_tee_check(&d->w, RD_ASPECT_CRYPTO, signer,
		     (struct rd_tee_words){ "tee.dcap.qe.identity", "quoting enclave",
					    "Intel's signer and product",
					    signer ? "those" : "another" });
	rd_tee_check(&d->w, RD_ASPECT_CRYPTO, attributes && misc,
		     (struct rd_tee_words){ "tee.dcap.qe.attributes", "quoting enclave",
					    "the attributes of its identity",
					    attributes && misc ? "those" : "others" });
	check(d, level != NULL,
	      (struct rd_tee_words){ "tee.dcap.qe.level", "quoting enclave",
				     "a level of its identity",
				     level ? rd_tee_name(&d->w, "%.*s", RD_FMT(level->status))
					   : "older than every level" });
	d->status = level ? level->status : rd_view_str("NotSupported");
}

/* ---- the TDX module -------------------------------------------------------------------------- */

static const struct rd_tdx_module *find_module(const struct rd_dcap *d)
{
	uint8_t version = d->td.tee_tcb_svn.data[1];
	char id[8];

	if (version == 0)
		return d->info.has_module ? &d->info.module : NULL;
	snprintf(id, sizeof(id), "TDX_%02X", version);
	for (uint32_t i = 0; i < d->info.n_modules; i++)
		if (rd_view_eq(d->info.modules[i].id, rd_view_str(id)))
			return &d->info.modules[i];
	return NULL;
}

/* Its signer and attributes; its own status, "UpToDate" for the module of TDX 1.0, whose version is
 * a component of the platform's. */
static struct rd_view check_module(struct rd_dcap *d)
{
	const struct rd_tdx_module *m = find_module(d);
	const struct rd_tcb_level *level;
	bool signer, attributes;

	check(d, m != NULL,
	      (struct rd_tee_words){ "tee.dcap.module", "TDX module",
				     "an identity of its version in the TCB info",
				     m ? "there" : "none" });
	if (!m)
		return rd_view_str("NotSupported");
	signer = rd_view_eq(m->mrsigner, d->td.mrsignerseam);
	attributes = equal_masked(d->td.seamattributes, m->attributes, m->attributes_mask);
	rd_tee_check(&d->w, RD_ASPECT_CRYPTO, signer && attributes,
		     (struct rd_tee_words){ "tee.dcap.module.identity", "TDX module",
					    "Intel's signer and attributes",
					    signer && attributes ? "those" : "others" });
	if (m->id.len == 0)
		return rd_view_str("UpToDate");
	level = rd_isv_level_find(&m->levels, d->td.tee_tcb_svn.data[0]);
	check(d, level != NULL,
	      (struct rd_tee_words){ "tee.dcap.module.level", "TDX module",
				     "a level of its identity",
				     level ? rd_tee_name(&d->w, "%.*s", RD_FMT(level->status))
					   : "older than every level" });
	return level ? level->status : rd_view_str("NotSupported");
}

/* ---- the platform ---------------------------------------------------------------------------- */

static void check_platform_id(struct rd_dcap *d)
{
	bool ok =
		rd_view_eq(d->info.fmspc, d->pck.fmspc) && rd_view_eq(d->info.pceid, d->pck.pceid);

	check(d, ok,
	      (struct rd_tee_words){ "tee.dcap.fmspc", "TCB info",
				     "of this platform's FMSPC and PCE",
				     ok ? "of this platform" : "of another" });
}

void rd_dcap_check_tcb(struct rd_dcap *d)
{
	const uint8_t *tee_svn = d->kind == RD_DCAP_TDX ? d->td.tee_tcb_svn.data : NULL;
	struct rd_view module = rd_view_str("UpToDate"), qe = d->status, lacks;
	const struct rd_tcb_level *level = rd_tcb_level_find(&d->info, &d->pck, tee_svn);
	struct rd_view status = level ? level->status : rd_view_str("NotSupported");

	check_platform_id(d);
	if (d->kind == RD_DCAP_TDX)
		module = check_module(d);
	lacks = rd_tcb_lacks(&d->w, &d->info, &d->pck, tee_svn);
	d->advisories = level ? level->advisories : (struct rd_view){ 0 };
	d->date = level ? level->date : (struct rd_view){ 0 };
	/* No level at all is no level, whatever the parts on top are. */
	if (level) {
		status = rd_tcb_converge(status, module);
		status = rd_tcb_converge(status, qe.len ? qe : rd_view_str("UpToDate"));
	}
	d->status = status;
	rd_tee_reason(&d->w,
		      (struct rd_reason){ .aspect = RD_ASPECT_TCB,
					  .result = rd_view_eq(status, rd_view_str("UpToDate"))
							    ? RD_RESULT_PASS
							    : RD_RESULT_FAIL,
					  .code = RD_TEE_STATUS_CODE,
					  .claim = "tcb_status",
					  .expected = rd_view_str("UpToDate"),
					  .found = status,
					  .remedy = lacks });
}
