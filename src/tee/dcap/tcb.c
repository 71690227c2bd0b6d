/* The quoting enclave and the platform held against Intel's collateral. */
#include "dcap.h"

#include <stdio.h>
#include <string.h>

#define REMEDY_MAX 16384u

static void check(struct rd_dcap *d, bool ok, struct rd_tee_words words)
{
	rd_tee_check(&d->w, RD_ASPECT_TCB, ok, words);
}

/* What the mask leaves of it is what is wanted: bits wanted outside the mask are never there. */
static bool equal_masked(struct rd_view found, struct rd_view wanted, struct rd_view mask)
{
	uint8_t differ = 0;

	if (found.len != wanted.len || found.len != mask.len)
		return false;
	for (size_t i = 0; i < found.len; i++)
		differ |= (uint8_t)((found.data[i] & mask.data[i]) ^ wanted.data[i]);
	return differ == 0;
}

/* "OutOfDate (ISV SVN 6)", for a reason. */
static const char *level_name(struct rd_dcap *d, const struct rd_tcb_level *level, uint32_t svn)
{
	return level ? rd_tee_name(&d->w, "%.*s (SVN %u)", RD_FMT(level->status), svn)
		     : rd_tee_name(&d->w, "older than every level (SVN %u)", svn);
}

/* ---- the quoting enclave --------------------------------------------------------------------- */

void rd_dcap_check_qe(struct rd_dcap *d)
{
	struct rd_sgx_body qe = rd_sgx_body_read(d->quote.qe_report);
	const struct rd_qe_identity *id = &d->identity;
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
	d->qe_level = rd_isv_level_find(&id->levels, qe.isvsvn);
	check(d, d->qe_level != NULL,
	      (struct rd_tee_words){ "tee.dcap.qe.level", "quoting enclave",
				     "a level of its identity",
				     level_name(d, d->qe_level, qe.isvsvn) });
}

/* ---- the TDX module -------------------------------------------------------------------------- */

/* tee_tcb_svn: [0] the module's version, [1] which identity, 0 for the module of TDX 1.0, whose
 * version is a component of the platform's. */
static const struct rd_tdx_module *find_module(const struct rd_dcap *d, const uint8_t *tee_tcb_svn)
{
	char id[8];

	if (tee_tcb_svn[1] == 0)
		return d->info.has_module ? &d->info.module : NULL;
	snprintf(id, sizeof(id), "TDX_%02X", tee_tcb_svn[1]);
	for (uint32_t i = 0; i < d->info.n_modules; i++)
		if (rd_view_eq(d->info.modules[i].id, rd_view_str(id)))
			return &d->info.modules[i];
	return NULL;
}

static const struct rd_tcb_level *module_level(const struct rd_dcap *d, const uint8_t *tee_tcb_svn)
{
	const struct rd_tdx_module *m = find_module(d, tee_tcb_svn);

	return m ? rd_isv_level_find(&m->levels, tee_tcb_svn[0]) : NULL;
}

static void check_module(struct rd_dcap *d)
{
	const uint8_t *svn = d->td.tee_tcb_svn.data;
	const struct rd_tdx_module *m = find_module(d, svn);
	bool signer, attributes;

	check(d, m != NULL,
	      (struct rd_tee_words){
		      "tee.dcap.module", "TDX module", "an identity of its version in the TCB info",
		      m ? "there" : rd_tee_name(&d->w, "none for version %u", svn[1]) });
	if (!m)
		return;
	signer = rd_view_eq(m->mrsigner, d->td.mrsignerseam);
	/* Bits outside the mask are not free: they are zero. */
	attributes = equal_masked(d->td.seamattributes, m->attributes, m->attributes_mask) &&
		     rd_view_eq(d->td.seamattributes, m->attributes);
	rd_tee_check(&d->w, RD_ASPECT_CRYPTO, signer && attributes,
		     (struct rd_tee_words){ "tee.dcap.module.identity", "TDX module",
					    "Intel's signer and attributes",
					    signer && attributes ? "those"
					    : signer             ? "other attributes"
								 : "another signer" });
	if (svn[1] == 0)
		return;
	check(d, module_level(d, svn) != NULL,
	      (struct rd_tee_words){ "tee.dcap.module.level", "TDX module",
				     "a level of its identity",
				     level_name(d, module_level(d, svn), svn[0]) });
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

/* The platform's level with what is on top of it. */
struct verdict {
	struct rd_view status, date, advisories;
};

/* Takes the next id off a list. */
static struct rd_view next_id(struct rd_view *list)
{
	const uint8_t *comma = list->len ? memchr(list->data, ',', list->len) : NULL;
	struct rd_view id = *list;

	id.len = comma ? (size_t)(comma - list->data) : list->len;
	*list = rd_view_of(list->data + id.len, list->len - id.len);
	while (list->len && (list->data[0] == ',' || list->data[0] == ' '))
		*list = rd_view_of(list->data + 1, list->len - 1);
	return id;
}

static bool listed(struct rd_view all, struct rd_view id)
{
	while (all.len)
		if (rd_view_eq(next_id(&all), id))
			return true;
	return false;
}

/* Both lists, each id once. */
static struct rd_view merge(struct rd_dcap *d, struct rd_view all, struct rd_view more)
{
	while (more.len && !d->w.failed) {
		struct rd_view id = next_id(&more);

		if (id.len && !listed(all, id))
			d->w.failed =
				!rd_arena_printf(d->w.arena, &all, d->w.err, "%.*s%s%.*s",
						 RD_FMT(all), all.len ? ", " : "", RD_FMT(id));
	}
	return all;
}

static void add_part(struct rd_dcap *d, struct verdict *v, const struct rd_tcb_level *part)
{
	v->status = rd_tcb_converge(v->status, part ? part->status : rd_view_str("NotSupported"));
	if (!part)
		return;
	if (rd_view_cmp(part->date, v->date) < 0)
		v->date = part->date;
	v->advisories = merge(d, v->advisories, part->advisories);
}

/* tee_tcb_svn: of a TD, else NULL. */
static struct verdict judge(struct rd_dcap *d, const uint8_t *tee_tcb_svn)
{
	const struct rd_tcb_level *level = rd_tcb_level_find(&d->info, &d->pck, tee_tcb_svn);
	struct verdict v = { .status = rd_view_str("NotSupported") };

	/* No level at all is no level, whatever the parts on top are. */
	if (!level)
		return v;
	v = (struct verdict){ level->status, level->date, level->advisories };
	if (d->has_identity)
		add_part(d, &v, d->qe_level);
	if (tee_tcb_svn && tee_tcb_svn[1] != 0)
		add_part(d, &v, module_level(d, tee_tcb_svn));
	return v;
}

/* ---- what would lift it ---------------------------------------------------------------------- */

static void short_of(struct rd_buf *out, const char *what, uint32_t has,
		     const struct rd_tcb_levels *levels)
{
	if (has < levels->level[0].isvsvn)
		rd_buf_printf(out, "%s%s SVN is %u, needs %u", out->len ? "; " : "", what, has,
			      levels->level[0].isvsvn);
}

/* What no newer version lifts. */
static const char *advice(struct rd_view status)
{
	static const char *const by_word[][2] = {
		{ "TDRelaunchAdvised",
		  "start the domain anew: the TDX module was updated under it" },
		{ "TDRelaunchAdvisedConfigurationNeeded",
		  "start the domain anew: the TDX module was updated under it; then see the "
		  "advisories for the settings of the BIOS" },
		{ "SWHardeningNeeded",
		  "the advisories ask for mitigations in software: accept the status in the policy "
		  "when the enclave has them" },
		{ "ConfigurationNeeded", "see the advisories for the settings of the BIOS" },
		{ "OutOfDateConfigurationNeeded",
		  "then see the advisories for the settings of the BIOS" },
		{ "ConfigurationAndSWHardeningNeeded",
		  "see the advisories for the settings of the BIOS and mitigations in software" },
		{ "Revoked", "Intel trusts this version no more" },
	};

	for (size_t i = 0; i < sizeof(by_word) / sizeof(by_word[0]); i++)
		if (rd_view_eq(status, rd_view_str(by_word[i][0])))
			return by_word[i][1];
	return NULL;
}

static struct rd_view remedy(struct rd_dcap *d, const uint8_t *tee_tcb_svn, const struct verdict *v)
{
	RD_AUTO(rd_buf_free) struct rd_buf text = { .max = REMEDY_MAX };
	const struct rd_tdx_module *m = NULL;
	const char *more = advice(v->status);
	struct rd_view out = { 0 };

	if (tee_tcb_svn && tee_tcb_svn[1] != 0)
		m = find_module(d, tee_tcb_svn);
	rd_tcb_lacks(&d->info, &d->pck, tee_tcb_svn, &text);
	if (d->has_identity)
		short_of(&text, "quoting enclave", rd_sgx_body_read(d->quote.qe_report).isvsvn,
			 &d->identity.levels);
	if (m)
		short_of(&text, "TDX module", tee_tcb_svn[0], &m->levels);
	if (more)
		rd_buf_printf(&text, "%s%s", text.len ? "; " : "", more);
	if (v->advisories.len)
		rd_buf_printf(&text, "%s%.*s", text.len ? "; " : "", RD_FMT(v->advisories));
	if (!d->w.failed && text.len)
		d->w.failed = !rd_buf_ok(&text, d->w.err) ||
			      !rd_arena_copy(d->w.arena, rd_buf_view(&text), &out, d->w.err);
	return out;
}

void rd_dcap_check_tcb(struct rd_dcap *d)
{
	const uint8_t *svn = d->kind == RD_DCAP_TDX ? d->td.tee_tcb_svn.data : NULL;
	struct verdict v;
	bool good;

	check_platform_id(d);
	if (svn)
		check_module(d);
	v = judge(d, svn);
	if (d->td.tee_tcb_svn2.len) {
		struct verdict current = judge(d, d->td.tee_tcb_svn2.data);
		struct rd_view status = rd_tcb_relaunch(v.status, current.status);

		if (rd_view_eq(status, current.status))
			v = current;
		v.status = status;
	}
	good = rd_view_eq(v.status, rd_view_str("UpToDate"));
	d->status = v.status;
	d->date = v.date;
	d->advisories = v.advisories;
	rd_tee_reason(&d->w, (struct rd_reason){ .aspect = RD_ASPECT_TCB,
						 .result = good ? RD_RESULT_PASS : RD_RESULT_FAIL,
						 .code = RD_TEE_STATUS_CODE,
						 .claim = "tcb_status",
						 .expected = rd_view_str("UpToDate"),
						 .found = v.status,
						 .remedy = good ? (struct rd_view){ 0 }
								: remedy(d, svn, &v) });
}
