/* An enclave image measured: big-endian header, sections, CRC-32. */
#include "eif.h"

#include <redoubt/codec.h>

#include <string.h>

#define HEADER_LEN 548u
#define SECTION_HEADER_LEN 12u
#define SECTIONS_MAX 32u
#define CRC_AT 544u
#define PEM_MAX 65536u
#define REGISTERS_MAX 32u
#define COSE_MAX 8192u

enum section { KERNEL = 1, CMDLINE = 2, RAMDISK = 3, SIGNATURE = 4, METADATA = 5 };

static bool malformed(struct rd_err *err, const char *what)
{
	return rd_fail(err, RD_FAULT_MALFORMED, "tee.nitro.eif", "enclave image: %s", what);
}

static uint64_t be(const uint8_t *p, size_t len)
{
	uint64_t v = 0;

	for (size_t i = 0; i < len; i++)
		v = v << 8 | p[i];
	return v;
}

/* IEEE 802.3, of everything but the field itself. */
static uint32_t crc32_of(struct rd_view file)
{
	uint32_t crc = 0xFFFFFFFFu;

	for (size_t i = 0; i < file.len; i++) {
		if (i >= CRC_AT && i < CRC_AT + 4)
			continue;
		crc ^= file.data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (0xEDB88320u & (0u - (crc & 1)));
	}
	return ~crc;
}

/* Sections by what measures them, in the order of the file. */
struct parts {
	struct rd_view image[SECTIONS_MAX]; /* kernel, command line, all ramdisks */
	struct rd_view boot[3];             /* kernel, command line, first ramdisk */
	struct rd_view app[SECTIONS_MAX];   /* the other ramdisks */
	uint32_t n_image, n_boot, n_app, n_ramdisks;
	bool kernel, cmdline;
	struct rd_view signature;
};

static bool take_section(enum section type, struct rd_view body, struct parts *p,
			 struct rd_err *err)
{
	bool boots = type == KERNEL || type == CMDLINE || (type == RAMDISK && p->n_ramdisks == 0);

	if ((type == KERNEL && p->kernel) || (type == CMDLINE && p->cmdline) ||
	    (type == SIGNATURE && p->signature.data))
		return malformed(err, "two kernels, command lines or signatures");
	p->kernel = p->kernel || type == KERNEL;
	p->cmdline = p->cmdline || type == CMDLINE;
	p->n_ramdisks += type == RAMDISK;
	if (boots)
		p->boot[p->n_boot++] = body;
	else if (type == RAMDISK)
		p->app[p->n_app++] = body;
	else if (type == SIGNATURE)
		p->signature = body;
	else if (type != METADATA)
		return malformed(err, "a section of an unknown kind");
	if (boots || type == RAMDISK)
		p->image[p->n_image++] = body;
	return true;
}

/* The section at *at, which moves behind it: sections follow each other, or their order, and with
 * it the measurement, would depend on the reader. */
static bool read_section(struct rd_view file, uint64_t offset, size_t *at, struct parts *p,
			 struct rd_err *err)
{
	struct rd_view head, body;

	if (offset != *at)
		return malformed(err, "a section does not follow the one before");
	if (!rd_view_sub(file, *at, SECTION_HEADER_LEN, &head) || be(head.data + 4, 8) > file.len ||
	    !rd_view_sub(file, *at + SECTION_HEADER_LEN, (size_t)be(head.data + 4, 8), &body))
		return malformed(err, "a section lies outside the file");
	*at += SECTION_HEADER_LEN + body.len;
	return take_section((enum section)be(head.data, 2), body, p, err);
}

/* A register that was extended once: H(zeros || H(data)). */
static bool extend(const struct rd_view *data, size_t n, uint8_t out[RD_SHA384_LEN],
		   struct rd_err *err)
{
	static const uint8_t zeros[RD_SHA384_LEN];
	uint8_t digest[RD_SHA384_LEN];
	struct rd_view parts[2] = { rd_view_of(zeros, sizeof(zeros)),
				    rd_view_of(digest, sizeof(digest)) };

	return rd_hash_parts(RD_HASH_SHA384, data, n, digest, err) &&
	       rd_hash_parts(RD_HASH_SHA384, parts, 2, out, err);
}

static bool add(struct rd_tee_values *out, struct rd_arena *arena, const char *name,
		const struct rd_view *data, size_t n, struct rd_err *err)
{
	uint8_t pcr[RD_SHA384_LEN];

	return extend(data, n, pcr, err) &&
	       rd_tee_values_add(out, arena, name, rd_view_of(pcr, sizeof(pcr)), err);
}

static bool read_all(struct rd_view file, struct parts *p, struct rd_err *err)
{
	uint64_t version, n;
	size_t at = HEADER_LEN;

	if (file.len < HEADER_LEN || memcmp(file.data, ".eif", 4) != 0)
		return malformed(err, "too short, or not one");
	version = be(file.data + 4, 2);
	if (version != 3 && version != 4)
		return rd_fail(err, RD_FAULT_REFUSED, "tee.nitro.eif",
			       "enclave image of version %llu: 3 and 4 are known",
			       (unsigned long long)version);
	n = be(file.data + 26, 2);
	if (n == 0 || n > SECTIONS_MAX)
		return malformed(err, "no sections, or more than 32");
	if (be(file.data + CRC_AT, 4) != crc32_of(file))
		return malformed(err, "its checksum does not match");
	for (uint64_t i = 0; i < n; i++)
		if (!read_section(file, be(file.data + 28 + 8 * i, 8), &at, p, err))
			return false;
	if (at != file.len)
		return malformed(err, "bytes behind its last section");
	return (p->kernel && p->cmdline && p->n_ramdisks > 0) ||
	       malformed(err, "it lacks a kernel, a command line or a ramdisk");
}

/* ---- its signature --------------------------------------------------------------------------- */

static bool unsigned_by(struct rd_err *err, const char *what)
{
	return rd_fail(err, RD_FAULT_REFUSED, "tee.nitro.eif.signature", "enclave image: %s", what);
}

/* A byte string, or the list of numbers that the tools of AWS write for one. */
static struct rd_view read_blob(struct rd_cbor_reader *r, size_t max, struct rd_arena *arena,
				struct rd_err *err)
{
	uint8_t *bytes;
	size_t n = 0;

	if (rd_cbor_peek(r) != RD_CBOR_ARRAY)
		return rd_cbor_read_bytes(r, 1, max);
	(void)rd_cbor_enter_array_upto(r, 1, (uint32_t)max);
	bytes = rd_arena_alloc(arena, max, 1, err);
	while (bytes && n < max && rd_cbor_more(r))
		bytes[n++] = (uint8_t)rd_cbor_read_uint(r, 255);
	rd_cbor_leave(r);
	return rd_view_of(bytes, n);
}

/* [{"signing_certificate": PEM, "signature": COSE_Sign1}], of register 0 first. */
static bool read_signature(struct rd_view section, struct rd_arena *arena, struct rd_view *pem,
			   struct rd_view *cose, struct rd_err *err)
{
	struct rd_cbor_reader r;

	rd_cbor_read_init(&r, section, RD_CBOR_TOLERANT);
	(void)rd_cbor_enter_array_upto(&r, 1, REGISTERS_MAX);
	(void)rd_cbor_enter_map(&r, 2);
	while (rd_cbor_more(&r)) {
		struct rd_view key = rd_cbor_read_text(&r, 1, 64);

		if (rd_view_eq(key, rd_view_str("signing_certificate")))
			*pem = read_blob(&r, PEM_MAX, arena, err);
		else if (rd_view_eq(key, rd_view_str("signature")))
			*cose = read_blob(&r, COSE_MAX, arena, err);
		else
			(void)rd_cbor_read_item(&r);
	}
	rd_cbor_leave(&r);
	while (rd_cbor_more(&r))
		(void)rd_cbor_read_item(&r);
	rd_cbor_leave(&r);
	return rd_cbor_finish(&r, err) || rd_wrap(err, "enclave image: signature");
}

/* What was signed: {"register_index": 0, "register_value": [...]}. */
static bool covers(struct rd_view payload, const uint8_t pcr0[RD_SHA384_LEN], struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf wanted = { .max = 1024 };

	rd_cbor_put_map(&wanted, 2);
	rd_cbor_put_str(&wanted, "register_index");
	rd_cbor_put_uint(&wanted, 0);
	rd_cbor_put_str(&wanted, "register_value");
	rd_cbor_put_array(&wanted, RD_SHA384_LEN);
	for (size_t i = 0; i < RD_SHA384_LEN; i++)
		rd_cbor_put_uint(&wanted, pcr0[i]);
	return rd_buf_ok(&wanted, err) &&
	       (rd_view_eq(payload, rd_buf_view(&wanted)) ||
		unsigned_by(err, "its signature is over another image's PCR0"));
}

/* PCR8: the certificate's DER, of a signature that holds. */
static bool add_signer(const struct parts *p, const struct rd_tee_value *pcr0,
		       struct rd_arena *arena, struct rd_tee_values *out, struct rd_err *err)
{
	struct rd_view pem = { 0 }, cose = { 0 };
	struct rd_cert certs[RD_CERT_PATH_MAX];
	struct rd_cose_sign1 sign1;
	struct rd_err why = { 0 };
	uint32_t n = 0;

	if (!read_signature(p->signature, arena, &pem, &cose, err))
		return false;
	if (!rd_certs_read(pem, arena, certs, RD_CERT_PATH_MAX, &n, err) ||
	    !rd_cose_parse(cose, &sign1, err))
		return rd_wrap(err, "enclave image: signature");
	if (n == 0)
		return malformed(err, "its signing certificate is none in PEM");
	if (!rd_cose_check_spki(&sign1, (struct rd_view){ 0 }, certs[0].spki, &why))
		return unsigned_by(err, why.text);
	return covers(sign1.payload, pcr0->digest.data, err) &&
	       add(out, arena, "pcrs.8", &certs[0].der, 1, err);
}

bool rd_eif_measure(const struct rd_tee_launch *in, struct rd_arena *arena,
		    struct rd_tee_values *out, struct rd_err *err)
{
	struct parts p = { 0 };

	if (!rd_tee_launch_is_file(in, err) || !read_all(in->file, &p, err))
		return false;
	return add(out, arena, "pcrs.0", p.image, p.n_image, err) &&
	       add(out, arena, "pcrs.1", p.boot, p.n_boot, err) &&
	       add(out, arena, "pcrs.2", p.app, p.n_app, err) &&
	       (!p.signature.data || add_signer(&p, &out->value[0], arena, out, err));
}
