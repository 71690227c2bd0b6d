/* Which TCB level a platform reaches, and what its status is with everything on top. */
#include "dcap.h"

#include <stdio.h>

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
	/* No level, or a word that the level of an enclave or module cannot have today. */
	if (!is(other, "OutOfDate"))
		return rd_view_str("NotSupported");
	if (is(platform, "UpToDate") || is(platform, "SWHardeningNeeded"))
		return rd_view_str("OutOfDate");
	if (is(platform, "ConfigurationNeeded") ||
	    is(platform, "ConfigurationAndSWHardeningNeeded"))
		return rd_view_str("OutOfDateConfigurationNeeded");
	return platform;
}

static bool is_configure(struct rd_view status)
{
	return is(status, "ConfigurationNeeded") || is(status, "ConfigurationAndSWHardeningNeeded");
}

/* No newer version is needed. */
static bool is_current(struct rd_view status)
{
	return is(status, "UpToDate") || is(status, "SWHardeningNeeded") || is_configure(status);
}

/* As Intel's verification library has it (its check for relaunch), and stricter where what runs now
 * is worse than what was launched, which should not be. */
struct rd_view rd_tcb_relaunch(struct rd_view launch, struct rd_view current)
{
	bool configure = is(launch, "OutOfDateConfigurationNeeded") || is_configure(current);

	if (is(launch, "UpToDate") || is(current, "Revoked") || is(current, "NotSupported") ||
	    (is_current(launch) && !is_current(current)))
		return current;
	if (!is_current(current) ||
	    (!is(launch, "OutOfDate") && !is(launch, "OutOfDateConfigurationNeeded")))
		return launch;
	return rd_view_str(configure ? "TDRelaunchAdvisedConfigurationNeeded"
				     : "TDRelaunchAdvised");
}

/* ---- what is short --------------------------------------------------------------------------- */

struct svn {
	const char *what;
	uint32_t number; /* of the component, from 1; 0: it is not one of several */
	uint32_t has, needs;
};

/* "SGX component 8 (SEAMLDR ACM, OS/VMM) is 3, needs 5": type and category say what updates it. */
static void lack(struct rd_buf *out, struct svn svn, const struct rd_doc *parts)
{
	static const char *const keys[] = { "type", "category" };
	const char *sep = " (";

	if (svn.has >= svn.needs)
		return;
	rd_buf_printf(out, "%s%s", out->len ? "; " : "", svn.what);
	if (svn.number)
		rd_buf_printf(out, " %u", svn.number);
	for (size_t i = 0; i < 2 && parts && svn.number <= parts->n; i++) {
		const struct rd_doc *word = rd_doc_get(&parts->item[svn.number - 1], keys[i]);

		if (!word || word->kind != RD_DOC_SCALAR || word->text.len > 64)
			continue;
		rd_buf_printf(out, "%s%.*s", sep, RD_FMT(word->text));
		sep = ", ";
	}
	rd_buf_printf(out, "%s is %u, needs %u", sep[0] == ',' ? ")" : "", svn.has, svn.needs);
}

void rd_tcb_lacks(const struct rd_tcb_info *info, const struct rd_pck *pck,
		  const uint8_t *tee_tcb_svn, struct rd_buf *out)
{
	const struct rd_tcb_level *best = &info->levels.level[0];

	for (uint32_t i = 0; i < RD_DCAP_COMPONENTS; i++)
		lack(out, (struct svn){ "SGX component", i + 1, pck->component[i], best->sgx[i] },
		     best->sgx_parts);
	lack(out, (struct svn){ "PCE SVN", 0, pck->pcesvn, best->pcesvn }, NULL);
	for (uint32_t i = tee_tcb_svn ? tdx_from(tee_tcb_svn) : RD_DCAP_COMPONENTS;
	     i < RD_DCAP_COMPONENTS; i++)
		lack(out, (struct svn){ "TDX component", i + 1, tee_tcb_svn[i], best->tdx[i] },
		     best->tdx_parts);
	if (out->len)
		rd_buf_printf(out, " for the level of %.*s", RD_FMT(best->date));
}
