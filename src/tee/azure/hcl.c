/* The HCL report taken apart: little-endian. */
#include "azure.h"

#include <string.h>

#define HEADER_LEN 32u
#define HW_LEN 1184u /* room for either report */
#define TDREPORT_LEN 1024u
#define REQUEST_AT (HEADER_LEN + HW_LEN)
#define REQUEST_LEN 20u /* of version 1; later ones append to it */
#define REQUEST_LEN_MAX 64u
#define TYPE_AK_CERT 2u
#define SNP_REPORT_DATA_AT 0x50u
#define TDREPORT_REPORT_DATA_AT 128u

/* IGVM_ATTEST's numbers for hashes. */
static bool hash_of(uint32_t type, enum rd_hash *out)
{
	static const enum rd_hash hashes[] = { RD_HASH_SHA256, RD_HASH_SHA384, RD_HASH_SHA512 };

	if (type < 1 || type > 3)
		return false;
	*out = hashes[type - 1];
	return true;
}

static bool malformed(struct rd_err *err, const char *what)
{
	return rd_fail(err, RD_FAULT_MALFORMED, "tee.azure.hcl", "HCL report: %s", what);
}

bool rd_hcl_parse(struct rd_view in, struct rd_hcl_report *out, struct rd_err *err)
{
	const uint8_t *p = in.data, *request;
	uint32_t version, kind, size, len;
	struct rd_hcl_report r = { 0 };

	if (in.len < REQUEST_AT + REQUEST_LEN || memcmp(p, "HCLA", 4) != 0)
		return malformed(err, "too short, or not one");
	version = rd_load_le32(p + 4);
	if ((version != 1 && version != 2) || rd_load_le32(p + 12) != TYPE_AK_CERT)
		return rd_fail(err, RD_FAULT_REFUSED, "tee.azure.hcl.version",
			       "HCL report of version %u, request type %u", version,
			       rd_load_le32(p + 12));
	request = p + REQUEST_AT;
	size = rd_load_le32(request);
	kind = rd_load_le32(request + 8);
	len = rd_load_le32(request + 16);
	if ((kind != RD_HCL_SNP && kind != RD_HCL_TDX) ||
	    !hash_of(rd_load_le32(request + 12), &r.hash))
		return rd_fail(err, RD_FAULT_REFUSED, "tee.azure.hcl.version",
			       "HCL report of hardware %u, hash %u", kind,
			       rd_load_le32(request + 12));
	if (size - len < REQUEST_LEN || size - len > REQUEST_LEN_MAX) /* wraps if it is less */
		return malformed(err, "its sizes do not agree");
	if (!rd_view_sub(in, REQUEST_AT + (size - len), len, &r.runtime) || len == 0)
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
