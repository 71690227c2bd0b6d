/* Which TCB level a platform reaches, and what its status is with everything on top. */
#include "dcap.h"

#include <string.h>

#define LACKS_MAX 512u

/* From which component of tee_tcb_svn on a level counts: the first two are the TDX module's, which
 * has levels of its own once it has a version of its own ("TDX 1.5"). */
static uint32_t tdx_from(const uint8_t *tee_tcb_svn)
{
	return tee_tcb_svn[1] == 0 ? 0 : 2;
}

static bool reaches(const struct rd_tcb_level *l, const struct rd_pck *pck,
		    const uint8_t *tee_tcb_svn)
{
	if (pck->pcesvn < l->pcesvn)
		return false;
	for (uint32_t i = 0; i < RD_DCAP_COMPONENTS; i++)
		if (pck->component[i] < l->sgx[i])
			return false;
	for (uint32_t i = tee_tcb_svn ? tdx_from(tee_tcb_svn) : RD_DCAP_COMPONENTS;
	     i < RD_DCAP_COMPONENTS; i++)
		if (tee_tcb_svn[i] < l->tdx[i])
			return false;
	return true;
}

const struct rd_tcb_level *rd_tcb_level_find(const struct rd_tcb_info *info,
					     const struct rd_pck *pck, const uint8_t *tee_tcb_svn)
{
	for (uint32_t i = 0; i < info->levels.n; i++)
		if (reaches(&info->levels.level[i], pck, tee_tcb_svn))
			return &info->levels.level[i];
	return NULL;
}

const struct rd_tcb_level *rd_isv_level_find(const struct rd_tcb_levels *levels, uint16_t isvsvn)
{
	for (uint32_t i = 0; i < levels->n; i++)
		if (isvsvn >= levels->level[i].isvsvn)
			return &levels->level[i];
	return NULL;
}

static bool is(struct rd_view status, const char *word)
{
	return rd_view_eq(status, rd_view_str(word));
}

struct rd_view rd_tcb_converge(struct rd_view platform, struct rd_view other)
{
	if (is(platform, "Revoked") || is(other, "Revoked"))
		return rd_view_str("Revoked");
	if (is(other, "UpToDate"))
		return platform;
	if (!is(other, "OutOfDate")) /* a word that an enclave's level cannot have today */
		return other;
	if (is(platform, "UpToDate") || is(platform, "SWHardeningNeeded"))
		return rd_view_str("OutOfDate");
	if (is(platform, "ConfigurationNeeded") ||
	    is(platform, "ConfigurationAndSWHardeningNeeded"))
		return rd_view_str("OutOfDateConfigurationNeeded");
	return platform;
}

static void lack(struct rd_buf *out, const char *what, uint32_t has, uint32_t needs)
{
	if (has < needs)
		rd_buf_printf(out, "%s%s is %u, needs %u", out->len ? "; " : "", what, has, needs);
}

struct rd_view rd_tcb_lacks(struct rd_tee_work *w, const struct rd_tcb_info *info,
			    const struct rd_pck *pck, const uint8_t *tee_tcb_svn)
{
	RD_AUTO(rd_buf_free) struct rd_buf text = { .max = LACKS_MAX };
	const struct rd_tcb_level *best = &info->levels.level[0];
	struct rd_view out = { 0 };

	for (uint32_t i = 0; i < RD_DCAP_COMPONENTS; i++)
		lack(&text, rd_tee_name(w, "SGX component %u", i + 1), pck->component[i],
		     best->sgx[i]);
	lack(&text, "PCE SVN", pck->pcesvn, best->pcesvn);
	for (uint32_t i = tee_tcb_svn ? tdx_from(tee_tcb_svn) : RD_DCAP_COMPONENTS;
	     i < RD_DCAP_COMPONENTS; i++)
		lack(&text, rd_tee_name(w, "TDX component %u", i + 1), tee_tcb_svn[i],
		     best->tdx[i]);
	if (text.len)
		rd_buf_printf(&text, " for the level of %.*s", RD_FMT(best->date));
	if (!w->failed && text.len && !rd_arena_copy(w->arena, rd_buf_view(&text), &out, w->err))
		w->failed = true;
	return out;
}
