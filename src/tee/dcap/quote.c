/* Quotes of format 3, 4 and 5 taken apart; every length is held inside its parent. */
#include "dcap.h"

#define INTEL_VENDOR_ID "\x93\x9A\x72\x33\xF7\x9C\x4C\xA9\x94\x0A\x0D\xB3\x95\x7F\x06\x07"
#define HEADER_LEN 48u
#define KEY_TYPE_P256 2u
#define KEY_TYPE_P384 3u
#define TEE_SGX 0u
#define TEE_TDX 0x81u
#define CERT_TYPE_QE_REPORT 6u

bool rd_dcap_is_intel(struct rd_view vendor_id)
{
	return rd_view_eq(vendor_id, rd_view_of(INTEL_VENDOR_ID, 16));
}

static struct rd_view at(struct rd_view in, size_t from, size_t len)
{
	return rd_view_of(in.data + from, len);
}

static uint16_t le16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

struct rd_sgx_body rd_sgx_body_read(struct rd_view r)
{
	return (struct rd_sgx_body){
		.cpusvn = at(r, 0, 16),
		.miscselect = at(r, 16, 4),
		.isvextprodid = at(r, 32, 16),
		.attributes = at(r, 48, 16),
		.mrenclave = at(r, 64, 32),
		.mrsigner = at(r, 128, 32),
		.configid = at(r, 192, 64),
		.isvprodid = le16(r.data + 256),
		.isvsvn = le16(r.data + 258),
		.configsvn = le16(r.data + 260),
		.isvfamilyid = at(r, 304, 16),
		.report_data = at(r, 320, 64),
		.debug = (r.data[48] & 2) != 0,
	};
}

struct rd_td_body rd_td_body_read(struct rd_view r)
{
	struct rd_td_body td = {
		.tee_tcb_svn = at(r, 0, 16),
		.mrseam = at(r, 16, 48),
		.mrsignerseam = at(r, 64, 48),
		.seamattributes = at(r, 112, 8),
		.td_attributes = at(r, 120, 8),
		.xfam = at(r, 128, 8),
		.mrtd = at(r, 136, 48),
		.mrconfigid = at(r, 184, 48),
		.mrowner = at(r, 232, 48),
		.mrownerconfig = at(r, 280, 48),
		.report_data = at(r, 520, 64),
	};

	for (size_t i = 0; i < 4; i++)
		td.rtmr[i] = at(r, 328 + 48 * i, 48);
	if (r.len >= RD_TD15_REPORT_LEN) {
		td.tee_tcb_svn2 = at(r, 584, 16);
		td.mrservicetd = at(r, 600, 48);
	}
	if (r.len == RD_TD15EX_REPORT_LEN) {
		td.vmid = at(r, 648, 1);
		td.td_id = at(r, 649, 32);
		td.devinfo = at(r, 681, 48);
		td.init_mrservicetd = at(r, 729, 48);
		td.init_cpusvn = at(r, 785, 16);
		td.init_tee_tcb_svn = at(r, 801, 16);
		td.init_fmspc = at(r, 817, 12);
		td.current_mrservicetd = at(r, 829, 48);
	}
	return td;
}

/* Bytes taken from the front, and whether all of them were there. */
struct taker {
	struct rd_view rest;
	bool short_of;
};

static struct rd_view take(struct taker *t, size_t len)
{
	struct rd_view out = { 0 };

	if (t->short_of || len > t->rest.len) {
		t->short_of = true;
		return out;
	}
	out = rd_view_of(t->rest.data, len);
	t->rest = rd_view_of(t->rest.data + len, t->rest.len - len);
	return out;
}

static uint32_t take_u16(struct taker *t)
{
	struct rd_view v = take(t, 2);

	return v.len ? le16(v.data) : 0;
}

static uint32_t take_u32(struct taker *t)
{
	struct rd_view v = take(t, 4);

	return v.len ? rd_load_le32(v.data) : 0;
}

static bool malformed(struct rd_err *err, const char *what)
{
	return rd_fail(err, RD_FAULT_MALFORMED, "tee.dcap.quote", "quote: %s", what);
}

static bool unsupported(struct rd_err *err, const char *what, uint32_t found)
{
	return rd_fail(err, RD_FAULT_REFUSED, "tee.dcap.unsupported", "quote: %s %u", what, found);
}

/* Length of the body by version and technology; format 5 says it itself. */
static bool take_body(struct taker *t, struct rd_quote *q, uint32_t tee, struct rd_err *err)
{
	static const uint32_t lens[] = { 0, RD_SGX_REPORT_LEN, RD_TD_REPORT_LEN, RD_TD15_REPORT_LEN,
					 RD_TD15EX_REPORT_LEN };
	uint32_t type = tee == TEE_SGX ? 1 : 2, len;

	if (q->version == 5) {
		type = take_u16(t);
		len = take_u32(t);
		if (t->short_of)
			return malformed(err, "ends before its body");
		if (type < 1 || type > 4)
			return unsupported(err, "body type", type);
		if (len != lens[type] || (type == 1) != (tee == TEE_SGX))
			return malformed(err, "the body's type and length do not go together");
	}
	q->kind = type == 1 ? RD_DCAP_SGX : RD_DCAP_TDX;
	q->body = take(t, lens[type]);
	return !t->short_of || malformed(err, "ends inside its body");
}

static bool take_header(struct taker *t, struct rd_quote *q, uint32_t *tee, struct rd_err *err)
{
	struct rd_view header = take(t, HEADER_LEN);
	uint16_t key_type;

	if (t->short_of)
		return malformed(err, "ends inside its header");
	q->version = le16(header.data);
	key_type = le16(header.data + 2);
	*tee = rd_load_le32(header.data + 4);
	q->vendor_id = at(header, 12, 16);
	if (q->version < 3 || q->version > 5)
		return rd_dcap_is_intel(q->vendor_id)
			       ? unsupported(err, "version", q->version)
			       : malformed(err,
					   "neither of format 3, 4 or 5 nor of Intel's making");
	if (key_type != KEY_TYPE_P256)
		return key_type == KEY_TYPE_P384
			       ? unsupported(err, "attestation key type", key_type)
			       : malformed(err, "no such attestation key type");
	/* Format 3 is of SGX: the field was reserved, and zero. */
	if (*tee != TEE_SGX && (*tee != TEE_TDX || q->version == 3))
		return unsupported(err, "TEE type", *tee);
	return true;
}

/* The quoting enclave's report and what certifies it: the whole rest of `t`. */
static bool take_certification(struct taker *t, struct rd_quote *q, struct rd_err *err)
{
	uint32_t len;

	q->qe_report = take(t, RD_SGX_REPORT_LEN);
	q->qe_signature = take(t, 64);
	len = take_u16(t);
	q->qe_auth = take(t, len);
	q->cert_type = (uint16_t)take_u16(t);
	len = take_u32(t);
	q->cert_data = take(t, len);
	if (t->short_of || t->rest.len != 0)
		return malformed(err, "lengths in its signature data do not add up");
	if (q->cert_type < 1 || q->cert_type > 7)
		return malformed(err, "no such certification data type");
	return true;
}

bool rd_quote_parse(struct rd_view in, struct rd_quote *out, struct rd_err *err)
{
	struct taker t = { .rest = in }, data, inner;
	struct rd_quote q = { 0 };
	uint32_t tee = TEE_SGX, len;

	if (!take_header(&t, &q, &tee, err) || !take_body(&t, &q, tee, err))
		return false;
	q.signed_bytes = rd_view_of(in.data, in.len - t.rest.len);
	len = take_u32(&t);
	data = (struct taker){ .rest = take(&t, len) };
	/* Quotes come in buffers of a fixed size: what follows is never looked at. */
	if (t.short_of)
		return malformed(err, "ends inside its signature data");
	q.signature = take(&data, 64);
	q.attest_key = take(&data, 64);
	inner = data;
	if (q.version >= 4) {
		uint32_t type = take_u16(&data);

		len = take_u32(&data);
		inner = (struct taker){ .rest = take(&data, len) };
		if (data.short_of || data.rest.len != 0)
			return malformed(err, "lengths in its signature data do not add up");
		if (type != CERT_TYPE_QE_REPORT)
			return unsupported(err, "certification data type", type);
	}
	inner.short_of = inner.short_of || data.short_of;
	if (!take_certification(&inner, &q, err))
		return false;
	*out = q;
	return true;
}
