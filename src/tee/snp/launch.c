/* The launch digest, page by page. */
#include "launch.h"
#include "tee/firmware.h"

#include <redoubt/crypto.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE RD_FIRMWARE_PAGE
#define VCPUS_MAX 4096u
#define PAGES_MAX (1u << 16) /* 256 MiB: firmware measures some 8 */
#define RESET_EIP 0xFFFFFFF0u
#define VMSA_GPA 0xFFFFFFFFF000u /* all ones, page aligned, bits above 51 cleared */
#define CODE "tee.snp.firmware"

/* PAGE_TYPE of PAGE_INFO. */
enum page { PAGE_NORMAL = 1, PAGE_VMSA = 2, PAGE_ZERO = 3, PAGE_SECRETS = 5, PAGE_CPUID = 6 };

/* Types of OVMF's SEV metadata. */
enum section {
	SECTION_MEMORY = 1,
	SECTION_SECRETS = 2,
	SECTION_CPUID = 3,
	SECTION_SVSM_CAA = 4,
	SECTION_KERNEL_HASHES = 0x10,
};

/* dc886566-984a-4798-a75e-5585a7bf67cc: where the metadata is */
static const uint8_t metadata_guid[16] = { 0x66, 0x65, 0x88, 0xDC, 0x4A, 0x98, 0x98, 0x47,
					   0xA7, 0x5E, 0x55, 0x85, 0xA7, 0xBF, 0x67, 0xCC };
/* 00f771de-1a7e-4fcb-890e-68c77e2fb44e: where other processors start */
static const uint8_t reset_guid[16] = { 0xDE, 0x71, 0xF7, 0x00, 0x7E, 0x1A, 0xCB, 0x4F,
					0x89, 0x0E, 0x68, 0xC7, 0x7E, 0x2F, 0xB4, 0x4E };
/* 7255371f-3a3b-4b04-927b-1da6efa8d454: where the table of hashes goes, and its size */
static const uint8_t hashes_guid[16] = { 0x1F, 0x37, 0x55, 0x72, 0x3B, 0x3A, 0x04, 0x4B,
					 0x92, 0x7B, 0x1D, 0xA6, 0xEF, 0xA8, 0xD4, 0x54 };

/* ---- pages ----------------------------------------------------------------------------------- */

/* One SNP_LAUNCH_UPDATE: digest = SHA-384(PAGE_INFO).  `page` NULL: content is not measured. */
static bool update(uint8_t digest[48], enum page type, uint64_t gpa, const uint8_t *page,
		   struct rd_err *err)
{
	uint8_t info[112] = { 0 };
	struct rd_view content = rd_view_of(page, PAGE), all = rd_view_of(info, sizeof(info));

	memcpy(info, digest, 48);
	if (page && !rd_hash_parts(RD_HASH_SHA384, &content, 1, info + 48, err))
		return false;
	info[96] = sizeof(info);
	info[98] = (uint8_t)type;
	rd_store_le64(info + 104, gpa);
	return rd_hash_parts(RD_HASH_SHA384, &all, 1, digest, err);
}

/* ---- the table of hashes --------------------------------------------------------------------- */

#define TABLE_LEN 168u

static bool put_hash(uint8_t *entry, const uint8_t guid[16], const struct rd_view *parts, size_t n,
		     struct rd_err *err)
{
	memcpy(entry, guid, 16);
	entry[16] = 50;
	return rd_hash_parts(RD_HASH_SHA256, parts, n, entry + 18, err);
}

/* What QEMU injects: SHA-256 of command line (with its zero), initrd and kernel. */
static bool hash_page(const struct rd_tee_launch *in, size_t offset, uint8_t page[PAGE],
		      struct rd_err *err)
{
	/* 9438d606-4f22-4cc9-b479-a793d411fd21, 97d02dd8-bd20-4c94-aa78-e7714d36ab2a,
	 * 44baf731-3a2f-4bd7-9af1-41e29169781d, 4de79437-abd2-427f-b835-d5b172d2045b */
	static const uint8_t guid[4][16] = {
		{ 0x06, 0xD6, 0x38, 0x94, 0x22, 0x4F, 0xC9, 0x4C, 0xB4, 0x79, 0xA7, 0x93, 0xD4,
		  0x11, 0xFD, 0x21 },
		{ 0xD8, 0x2D, 0xD0, 0x97, 0x20, 0xBD, 0x94, 0x4C, 0xAA, 0x78, 0xE7, 0x71, 0x4D,
		  0x36, 0xAB, 0x2A },
		{ 0x31, 0xF7, 0xBA, 0x44, 0x2F, 0x3A, 0xD7, 0x4B, 0x9A, 0xF1, 0x41, 0xE2, 0x91,
		  0x69, 0x78, 0x1D },
		{ 0x37, 0x94, 0xE7, 0x4D, 0xD2, 0xAB, 0x7F, 0x42, 0xB8, 0x35, 0xD5, 0xB1, 0x72,
		  0xD2, 0x04, 0x5B },
	};
	struct rd_view command_line[2] = { in->command_line, rd_view_of("", 1) };
	uint8_t *t = page + offset;

	memset(page, 0, PAGE);
	memcpy(t, guid[0], 16);
	t[16] = TABLE_LEN;
	return put_hash(t + 18, guid[1], command_line, 2, err) &&
	       put_hash(t + 68, guid[2], &in->initrd, 1, err) &&
	       put_hash(t + 118, guid[3], &in->kernel, 1, err);
}

static bool update_hashes(const struct rd_tee_launch *in, uint64_t gpa, uint8_t digest[48],
			  struct rd_err *err)
{
	uint8_t page[PAGE];
	struct rd_view entry;
	size_t offset;

	if (!in->kernel.data)
		return update(digest, PAGE_ZERO, gpa, NULL, err);
	if (!rd_firmware_entry(in->file, hashes_guid, &entry) || entry.len != 8)
		return rd_fail(err, RD_FAULT_MALFORMED, CODE,
			       "firmware: no place for hashes of a kernel");
	offset = rd_load_le32(entry.data) % PAGE;
	if (rd_load_le32(entry.data) - offset != gpa || offset > PAGE - TABLE_LEN - 8)
		return rd_fail(err, RD_FAULT_MALFORMED, CODE,
			       "firmware: the place for hashes is not in their section");
	return hash_page(in, offset, page, err) && update(digest, PAGE_NORMAL, gpa, page, err);
}

/* ---- the sections of the firmware's metadata ------------------------------------------------- */

static bool is_ec2(const struct rd_tee_launch *in)
{
	return rd_view_eq(in->vmm, rd_view_str("ec2"));
}

static bool update_section(const struct rd_tee_launch *in, const uint8_t *section, uint32_t *pages,
			   uint8_t digest[48], struct rd_err *err)
{
	uint64_t gpa = rd_load_le32(section);
	uint32_t size = rd_load_le32(section + 4), type = rd_load_le32(section + 8);

	*pages += size / PAGE;
	if (gpa % PAGE != 0 || size % PAGE != 0 || size == 0 || *pages > PAGES_MAX)
		return rd_fail(err, RD_FAULT_MALFORMED, CODE,
			       "firmware: a section that is not of whole pages, or too large");
	switch (type) {
	case SECTION_MEMORY:
	case SECTION_SVSM_CAA:
		for (uint32_t i = 0; i < size / PAGE; i++)
			if (!update(digest, PAGE_ZERO, gpa + (uint64_t)i * PAGE, NULL, err))
				return false;
		return true;
	case SECTION_SECRETS:
		return update(digest, PAGE_SECRETS, gpa, NULL, err);
	case SECTION_CPUID:
		return is_ec2(in) || update(digest, PAGE_CPUID, gpa, NULL, err);
	case SECTION_KERNEL_HASHES:
		return update_hashes(in, gpa, digest, err);
	default:
		return rd_fail(err, RD_FAULT_REFUSED, CODE,
			       "firmware: a section of the unknown type %u", type);
	}
}

static bool update_sections(const struct rd_tee_launch *in, uint8_t digest[48], struct rd_err *err)
{
	struct rd_firmware_list list = { .magic = "ASEV", .item_len = 12 };
	struct rd_view entry;
	uint32_t pages = 0;
	bool hashes = false;

	if (!rd_firmware_entry(in->file, metadata_guid, &entry) ||
	    !rd_firmware_find(in->file, entry, &list))
		return rd_fail(err, RD_FAULT_MALFORMED, CODE,
			       "firmware: it has no metadata for SEV-SNP");
	for (uint32_t i = 0; i < list.n; i++) {
		const uint8_t *section = list.items.data + (size_t)i * 12;

		hashes = hashes || rd_load_le32(section + 8) == SECTION_KERNEL_HASHES;
		if (!update_section(in, section, &pages, digest, err))
			return false;
	}
	/* EC2 gives the CPUID page last. */
	for (uint32_t i = 0; i < list.n && is_ec2(in); i++) {
		const uint8_t *section = list.items.data + (size_t)i * 12;

		if (rd_load_le32(section + 8) == SECTION_CPUID &&
		    !update(digest, PAGE_CPUID, rd_load_le32(section), NULL, err))
			return false;
	}
	return hashes || !in->kernel.data ||
	       rd_fail(err, RD_FAULT_REFUSED, CODE,
		       "firmware: it measures no kernel: leave out the kernel, or use OVMF's "
		       "AmdSev "
		       "build");
}

/* ---- processors ------------------------------------------------------------------------------ */

/* A segment: selector, attributes, limit, base. */
static void put_segment(uint8_t *p, uint32_t selector, uint32_t attributes, uint32_t base)
{
	rd_store_le32(p, selector | attributes << 16);
	rd_store_le32(p + 4, 0xFFFF);
	rd_store_le64(p + 8, base);
}

/* The state that a processor which starts at `eip` is given; all else is zero. */
static void vmsa(uint32_t eip, uint32_t cpu_signature, bool ec2, uint8_t page[PAGE])
{
	static const uint16_t data_segments[] = { 0x00, 0x20, 0x30, 0x40, 0x50 };
	static const struct {
		uint16_t at;
		uint64_t value;
	} registers[] = {
		{ 0x0D0, 0x1000 },          /* EFER: SVME */
		{ 0x148, 0x40 },            /* CR4: MCE */
		{ 0x158, 0x10 },            /* CR0: ET */
		{ 0x160, 0x400 },           /* DR7 */
		{ 0x168, 0xFFFF0FF0 },      /* DR6 */
		{ 0x170, 0x2 },             /* RFLAGS */
		{ 0x268, 0x7040600070406 }, /* PAT */
		{ 0x3B0, 0x1 },             /* SEV_FEATURES: SNP */
		{ 0x3E8, 0x1 },             /* XCR0 */
	};

	memset(page, 0, PAGE);
	for (size_t i = 0; i < sizeof(data_segments) / sizeof(data_segments[0]); i++)
		put_segment(page + data_segments[i], 0, 0x93, 0);
	/* CS; EC2 marks no segment as accessed where the first processor starts. */
	put_segment(page + 0x10, 0xF000, ec2 && eip == RESET_EIP ? 0x9A : 0x9B, eip & 0xFFFF0000u);
	if (ec2)
		put_segment(page + 0x20, 0, 0x92, 0);      /* SS */
	put_segment(page + 0x60, 0, 0, 0);                 /* GDTR */
	put_segment(page + 0x70, 0, 0x82, 0);              /* LDTR */
	put_segment(page + 0x80, 0, 0, 0);                 /* IDTR */
	put_segment(page + 0x90, 0, ec2 ? 0x83 : 0x8B, 0); /* TR */
	for (size_t i = 0; i < sizeof(registers) / sizeof(registers[0]); i++)
		rd_store_le64(page + registers[i].at, registers[i].value);
	rd_store_le64(page + 0x178, eip & 0xFFFF);  /* RIP */
	rd_store_le64(page + 0x310, cpu_signature); /* RDX */
}

/* CPUID 1 EAX of QEMU's models, or a number. */
static bool cpu_signature(struct rd_view cpu, uint32_t *out, struct rd_err *err)
{
	static const struct {
		const char *name;
		uint32_t signature;
	} models[] = {
		{ "EPYC", 0x00800F12 },       { "EPYC-IBPB", 0x00800F12 },
		{ "EPYC-Rome", 0x00830F10 },  { "EPYC-Milan", 0x00A00F11 },
		{ "EPYC-Genoa", 0x00A10F10 }, { "EPYC-Turin", 0x00B00F00 },
	};
	char text[24] = "";
	char *end, *version;

	if (cpu.len > 0 && cpu.len < sizeof(text))
		memcpy(text, cpu.data, cpu.len);
	if (memcmp(text, "0x", 2) == 0) {
		unsigned long v = strtoul(text, &end, 16);

		*out = (uint32_t)v;
		if (text[2] && !*end && v <= UINT32_MAX)
			return true;
	}
	version = strstr(text, "-v");
	if (version && version[2] >= '1' && version[2] <= '9' && !version[3])
		*version = 0;
	for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++)
		if (strcmp(text, models[i].name) == 0) {
			*out = models[i].signature;
			return true;
		}
	return rd_fail(err, RD_FAULT_USAGE, "tee.snp.cpu",
		       "the virtual CPU is EPYC, EPYC-Rome, EPYC-Milan, EPYC-Genoa, EPYC-Turin (as "
		       "QEMU's -cpu, with or without -v1...) or its CPUID signature, such as "
		       "0x00A00F11");
}

static bool update_processors(const struct rd_tee_launch *in, uint8_t digest[48],
			      struct rd_err *err)
{
	uint8_t page[PAGE];
	struct rd_view entry;
	uint32_t signature = 0;

	if (in->vcpus == 0 || in->vcpus > VCPUS_MAX)
		return rd_fail(err, RD_FAULT_USAGE, "tee.snp.cpu",
			       "the number of virtual CPUs is 1 to %u", VCPUS_MAX);
	if (is_ec2(in) && in->cpu.data)
		return rd_fail(err, RD_FAULT_USAGE, "tee.snp.cpu",
			       "EC2 measures no model of CPU: leave out --cpu");
	if (!is_ec2(in) && !cpu_signature(in->cpu, &signature, err))
		return false;
	vmsa(RESET_EIP, signature, is_ec2(in), page);
	for (uint32_t i = 0; i < in->vcpus; i++) {
		if (i == 1) {
			if (!rd_firmware_entry(in->file, reset_guid, &entry) || entry.len != 4)
				return rd_fail(err, RD_FAULT_MALFORMED, CODE,
					       "firmware: it does not say where other processors "
					       "start");
			vmsa(rd_load_le32(entry.data), signature, is_ec2(in), page);
		}
		if (!update(digest, PAGE_VMSA, VMSA_GPA, page, err))
			return false;
	}
	return true;
}

bool rd_snp_measure_rest(const struct rd_tee_launch *in, uint8_t digest[48], struct rd_err *err)
{
	if (!in->kernel.data && (in->initrd.data || in->command_line.data))
		return rd_fail(err, RD_FAULT_USAGE, CODE,
			       "an initrd or a command line is measured with a kernel only");
	if (in->vmm.data && !is_ec2(in) && !rd_view_eq(in->vmm, rd_view_str("qemu")))
		return rd_fail(err, RD_FAULT_USAGE, "tee.snp.cpu",
			       "machines of qemu and ec2 can be measured");
	return update_sections(in, digest, err) && update_processors(in, digest, err);
}

bool rd_snp_measure(const struct rd_tee_launch *in, struct rd_arena *arena,
		    struct rd_tee_values *out, struct rd_err *err)
{
	uint8_t digest[RD_SHA384_LEN] = { 0 };
	uint64_t start = ((uint64_t)1 << 32) - in->file.len;

	if (!rd_firmware_check(in->file, CODE, err))
		return false;
	for (size_t at = 0; at < in->file.len; at += PAGE)
		if (!update(digest, PAGE_NORMAL, start + at, in->file.data + at, err))
			return false;
	return rd_snp_measure_rest(in, digest, err) &&
	       rd_tee_values_add(out, arena, "measurement", rd_view_of(digest, sizeof(digest)),
				 err);
}
