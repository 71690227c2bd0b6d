/* A report, a TCB version and a leaf certificate taken apart. */
#include "snp.h"

#include <stdio.h>
#include <string.h>

#define OID_AMD "1.3.6.1.4.1.3704.1."

static struct rd_view at(struct rd_view in, size_t from, size_t len)
{
	return rd_view_of(in.data + from, len);
}

bool rd_snp_parse(struct rd_view in, struct rd_snp_report *out, struct rd_err *err)
{
	struct rd_snp_report r = { .all = in };

	if (in.len != RD_SNP_REPORT_LEN)
		return rd_fail(err, RD_FAULT_MALFORMED, "tee.snp.length",
			       "%zu bytes, an SNP report has %u", in.len, RD_SNP_REPORT_LEN);
	r.version = rd_load_le32(in.data);
	if (r.version < 2 || r.version > 5)
		return rd_fail(err, RD_FAULT_REFUSED, "tee.snp.version",
			       "report version %u: 2 to 5 are known", r.version);
	r.guest_svn = rd_load_le32(in.data + 0x04);
	r.policy = rd_load_le64(in.data + 0x08);
	r.family_id = at(in, 0x10, 16);
	r.image_id = at(in, 0x20, 16);
	r.vmpl = rd_load_le32(in.data + 0x30);
	r.signature_algo = rd_load_le32(in.data + 0x34);
	r.current_tcb = at(in, 0x38, 8);
	r.platform_info = rd_load_le64(in.data + 0x40);
	r.key_info = rd_load_le32(in.data + 0x48);
	r.report_data = at(in, 0x50, 64);
	r.measurement = at(in, 0x90, 48);
	r.host_data = at(in, 0xC0, 32);
	r.id_key_digest = at(in, 0xE0, 48);
	r.author_key_digest = at(in, 0x110, 48);
	r.report_id = at(in, 0x140, 32);
	r.report_id_ma = at(in, 0x160, 32);
	r.reported_tcb = at(in, 0x180, 8);
	r.has_cpuid = r.version >= 3;
	r.cpuid_family = in.data[0x188];
	r.cpuid_model = in.data[0x189];
	r.cpuid_stepping = in.data[0x18A];
	r.chip_id = at(in, 0x1A0, 64);
	r.committed_tcb = at(in, 0x1E0, 8);
	r.current_version = at(in, 0x1E8, 3);
	r.committed_version = at(in, 0x1EC, 3);
	r.launch_tcb = at(in, 0x1F0, 8);
	r.has_mitigations = r.version >= 5;
	r.launch_mitigations = rd_load_le64(in.data + 0x1F8);
	r.current_mitigations = rd_load_le64(in.data + 0x200);
	r.signature = at(in, RD_SNP_SIGNED_LEN, 512);
	*out = r;
	return true;
}

const char *rd_snp_product(const struct rd_snp_report *r)
{
	uint8_t group = r->cpuid_model >> 4;

	if (!r->has_cpuid)
		return NULL;
	if (r->cpuid_family == 0x19)
		return group == 0x0 ? "Milan" : group == 0x1 || group == 0xA ? "Genoa" : NULL;
	if (r->cpuid_family == 0x1A)
		return group <= 0x1 ? "Turin" : NULL;
	return NULL;
}

struct rd_snp_tcb rd_snp_tcb_read(struct rd_view t, bool is_turin)
{
	const uint8_t *b = t.data;

	if (is_turin)
		return (struct rd_snp_tcb){ .has_fmc = true,
					    .fmc = b[0],
					    .bootloader = b[1],
					    .tee = b[2],
					    .snp = b[3],
					    .microcode = b[7],
					    .reserved_zero = !(b[4] | b[5] | b[6]) };
	return (struct rd_snp_tcb){ .bootloader = b[0],
				    .tee = b[1],
				    .snp = b[6],
				    .microcode = b[7],
				    .reserved_zero = !(b[2] | b[3] | b[4] | b[5]) };
}

/* ---- the leaf's extensions ------------------------------------------------------------------- */

static bool bad_extension(const char *number, const char *what, struct rd_err *err)
{
	return rd_fail(err, RD_FAULT_REFUSED, "tee.snp.extension",
		       "extension " OID_AMD "%s of the signing certificate %s", number, what);
}

static bool find(const struct rd_cert *cert, const char *number, struct rd_view *out)
{
	char oid[64];

	snprintf(oid, sizeof(oid), OID_AMD "%s", number);
	return rd_cert_extension(cert, oid, out);
}

/* A security patch level: a DER INTEGER of one byte's range. */
static bool level(const struct rd_cert *cert, const char *number, uint8_t *out, struct rd_err *err)
{
	struct rd_err unused = { 0 };
	struct rd_view v;
	uint64_t value;

	if (!find(cert, number, &v))
		return bad_extension(number, "is missing", err);
	if (!rd_der_uint(&v, 255, &value, &unused) || v.len != 0)
		return bad_extension(number, "is no INTEGER of 0 to 255 in DER", err);
	*out = (uint8_t)value;
	return true;
}

bool rd_snp_cert_read(const struct rd_cert *cert, struct rd_snp_cert *out, struct rd_err *err)
{
	struct rd_snp_cert c = { .tcb.reserved_zero = true };
	struct rd_err unused = { 0 };
	struct rd_view name, unnamed;

	if (!find(cert, "2", &name) ||
	    !rd_der_expect(&name, RD_DER_IA5_STRING, &c.product, &unused) || name.len)
		return bad_extension("2", "is no product name", err);
	c.tcb.has_fmc = rd_view_starts(c.product, rd_view_str("Turin"));
	if (!level(cert, "3.1", &c.tcb.bootloader, err) || !level(cert, "3.2", &c.tcb.tee, err) ||
	    !level(cert, "3.3", &c.tcb.snp, err) || !level(cert, "3.8", &c.tcb.microcode, err) ||
	    (c.tcb.has_fmc && !level(cert, "3.9", &c.tcb.fmc, err)))
		return false;
	/* Levels of parts that have no name yet: there, they must be 0. */
	for (char digit = '4'; digit <= '7'; digit++) {
		char number[4] = { '3', '.', digit, 0 };
		uint8_t value;

		if (!find(cert, number, &unnamed))
			continue;
		if (!level(cert, number, &value, err))
			return false;
		c.tcb.reserved_zero = c.tcb.reserved_zero && value == 0;
	}
	/* Raw bytes, not DER: the first may look like a tag. */
	if (find(cert, "4", &c.hwid) &&
	    c.hwid.len != (c.tcb.has_fmc ? RD_SNP_HWID_TURIN_LEN : RD_SNP_HWID_LEN))
		return bad_extension("4", "is no hardware id of this product", err);
	if (find(cert, "5", &name) &&
	    (!rd_der_expect(&name, RD_DER_IA5_STRING, &c.csp_id, &unused) || name.len))
		return bad_extension("5", "is no name of a cloud", err);
	*out = c;
	return true;
}
