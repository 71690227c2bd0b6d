/* The HCL report taken apart: little-endian. */
#include "azure.h"

#include <string.h>

#define HEADER_LEN 32u
#define HW_LEN 1184u /* room for either report */
#define TDREPORT_LEN 1024u
#define RUNTIME_AT (HEADER_LEN + HW_LEN + 20u)
#define TYPE_TRUSTED_LAUNCH 2u
#define HASH_SHA256 1u
#define SNP_REPORT_DATA_AT 0x50u
#define TDREPORT_REPORT_DATA_AT 128u

static bool malformed(struct rd_err *err, const char *what)
{
	return rd_fail(err, RD_FAULT_MALFORMED, "tee.azure.hcl", "HCL report: %s", what);
}

bool rd_hcl_parse(struct rd_view in, struct rd_hcl_report *out, struct rd_err *err)
{
	const uint8_t *p = in.data, *runtime;
	uint32_t version, kind, len;
	struct rd_hcl_report r = { 0 };

	if (in.len < RUNTIME_AT || memcmp(p, "HCLA", 4) != 0)
		return malformed(err, "too short, or not one");
	version = rd_load_le32(p + 4);
	if ((version != 1 && version != 2) || rd_load_le32(p + 12) != TYPE_TRUSTED_LAUNCH)
		return rd_fail(err, RD_FAULT_REFUSED, "tee.azure.hcl.version",
			       "HCL report of version %u, request type %u", version,
			       rd_load_le32(p + 12));
	runtime = p + HEADER_LEN + HW_LEN;
	kind = rd_load_le32(runtime + 8);
	len = rd_load_le32(runtime + 16);
	if ((kind != RD_HCL_SNP && kind != RD_HCL_TDX) || rd_load_le32(runtime + 12) != HASH_SHA256)
		return rd_fail(err, RD_FAULT_REFUSED, "tee.azure.hcl.version",
			       "HCL report of hardware %u, hash %u", kind,
			       rd_load_le32(runtime + 12));
	if (!rd_view_sub(in, RUNTIME_AT, len, &r.runtime) || len == 0)
		return malformed(err, "its JSON does not fit");
	r.kind = (enum rd_hcl_kind)kind;
	r.hw_report = rd_view_of(p + HEADER_LEN, kind == RD_HCL_SNP ? HW_LEN : TDREPORT_LEN);
	r.report_data =
		rd_view_of(r.hw_report.data + (kind == RD_HCL_SNP ? SNP_REPORT_DATA_AT
								  : TDREPORT_REPORT_DATA_AT),
			   RD_REPORT_DATA_LEN);
	*out = r;
	return true;
}
