/* An enclave image measured: big-endian header, sections, CRC-32. */
#include "eif.h"

#include <string.h>

#define HEADER_LEN 548u
#define SECTION_HEADER_LEN 12u
#define SECTIONS_MAX 32u
#define CRC_AT 544u

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

struct parts {
	struct rd_view kernel, cmdline, ramdisk[SECTIONS_MAX];
	uint32_t n_ramdisks;
	bool is_signed;
};

static bool read_section(struct rd_view file, uint64_t at, struct parts *p, struct rd_err *err)
{
	struct rd_view head, body;
	enum section type;

	if (at > file.len || !rd_view_sub(file, (size_t)at, SECTION_HEADER_LEN, &head) ||
	    be(head.data + 4, 8) > file.len ||
	    !rd_view_sub(file, (size_t)at + SECTION_HEADER_LEN, (size_t)be(head.data + 4, 8),
			 &body))
		return malformed(err, "a section lies outside the file");
	type = (enum section)be(head.data, 2);
	if ((type == KERNEL && p->kernel.data) || (type == CMDLINE && p->cmdline.data))
		return malformed(err, "two kernels or two command lines");
	if (type == KERNEL)
		p->kernel = body;
	else if (type == CMDLINE)
		p->cmdline = body;
	else if (type == RAMDISK)
		p->ramdisk[p->n_ramdisks++] = body;
	else if (type == SIGNATURE)
		p->is_signed = true;
	else if (type != METADATA)
		return malformed(err, "a section of an unknown kind");
	return true;
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
		if (!read_section(file, be(file.data + 28 + 8 * i, 8), p, err))
			return false;
	return (p->kernel.data && p->cmdline.data && p->n_ramdisks > 0) ||
	       malformed(err, "it lacks a kernel, a command line or a ramdisk");
}

bool rd_eif_measure(const struct rd_tee_launch *in, struct rd_arena *arena,
		    struct rd_tee_values *out, struct rd_err *err)
{
	struct rd_view all[2 + SECTIONS_MAX];
	struct parts p = { 0 };

	if (!rd_tee_launch_is_file(in, err) || !read_all(in->file, &p, err))
		return false;
	all[0] = p.kernel;
	all[1] = p.cmdline;
	memcpy(all + 2, p.ramdisk, p.n_ramdisks * sizeof(all[0]));
	out->is_signed = p.is_signed;
	return add(out, arena, "pcrs.0", all, 2 + p.n_ramdisks, err) &&
	       add(out, arena, "pcrs.1", all, 3, err) &&
	       add(out, arena, "pcrs.2", all + 3, p.n_ramdisks - 1, err);
}
