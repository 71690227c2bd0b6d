/* MRTD from firmware; run-time registers from command line and initrd, or from an event log. */
#include "launch.h"
#include "tee/firmware.h"
#include "tee/tpm/tpm.h"

#include <redoubt/crypto.h>

#include <string.h>

#define PAGE RD_FIRMWARE_PAGE
#define CHUNK 256u
#define PAGES_MAX (1u << 16) /* 256 MiB: firmware measures some 8 */
#define COMMAND_LINE_MAX 65536u
#define SECTION_LEN 32u
#define EXTEND 1u  /* attribute: content is measured */
#define AUGMENT 2u /* attribute: added at run time, not measured */
#define CODE "tee.tdx.firmware"

/* e47a6535-984a-4798-865e-4685a7bf8ec2: where the metadata is */
static const uint8_t metadata_guid[16] = { 0x35, 0x65, 0x7A, 0xE4, 0x4A, 0x98, 0x98, 0x47,
					   0x86, 0x5E, 0x46, 0x85, 0xA7, 0xBF, 0x8E, 0xC2 };

/* ---- MRTD ------------------------------------------------------------------------------------ */

struct section {
	struct rd_view content; /* in the file; zeros follow up to the size in memory */
	uint64_t gpa, size;
	uint32_t attributes;
};

static bool read_section(struct rd_view firmware, const uint8_t *p, struct section *out,
			 uint64_t *pages, struct rd_err *err)
{
	size_t offset = rd_load_le32(p), raw = rd_load_le32(p + 4);

	out->gpa = rd_load_le64(p + 8);
	out->size = rd_load_le64(p + 16);
	out->attributes = rd_load_le32(p + 28);
	if (raw > out->size || out->gpa % PAGE != 0 || out->size % PAGE != 0 ||
	    out->gpa > UINT64_MAX - out->size || (*pages += out->size / PAGE) > PAGES_MAX ||
	    !rd_view_sub(firmware, offset, raw, &out->content))
		return rd_fail(err, RD_FAULT_MALFORMED, CODE,
			       "firmware: a section that lies outside the file, is not of whole "
			       "pages, or is too large");
	return true;
}

/* What the TDX module hashes for one of its calls: name, zeros, address. */
static bool add_call(struct rd_hasher *h, const char *name, uint64_t gpa, struct rd_err *err)
{
	uint8_t block[128] = { 0 };

	memcpy(block, name, strlen(name));
	rd_store_le64(block + 16, gpa);
	return rd_hasher_add(h, rd_view_of(block, sizeof(block)), err);
}

static bool add_page(struct rd_hasher *h, const struct section *s, uint64_t at, struct rd_err *err)
{
	uint8_t page[PAGE] = { 0 };

	if (!add_call(h, "MEM.PAGE.ADD", s->gpa + at, err))
		return false;
	if (!(s->attributes & EXTEND))
		return true;
	if (at < s->content.len) {
		size_t len = s->content.len - (size_t)at;

		memcpy(page, s->content.data + at, len < PAGE ? len : PAGE);
	}
	for (uint32_t i = 0; i < PAGE; i += CHUNK)
		if (!add_call(h, "MR.EXTEND", s->gpa + at + i, err) ||
		    !rd_hasher_add(h, rd_view_of(page + i, CHUNK), err))
			return false;
	return true;
}

static bool hash_sections(struct rd_view firmware, struct rd_hasher *h, struct rd_err *err)
{
	struct rd_firmware_list list = { .magic = "TDVF", .item_len = SECTION_LEN };
	struct rd_view entry;
	uint64_t pages = 0;

	if (!rd_firmware_entry(firmware, metadata_guid, &entry) ||
	    !rd_firmware_find(firmware, entry, &list))
		return rd_fail(err, RD_FAULT_MALFORMED, CODE,
			       "firmware: it has no metadata for TDX");
	for (uint32_t i = 0; i < list.n; i++) {
		struct section s;

		if (!read_section(firmware, list.items.data + (size_t)i * SECTION_LEN, &s, &pages,
				  err))
			return false;
		for (uint64_t at = 0; at < s.size && !(s.attributes & AUGMENT); at += PAGE)
			if (!add_page(h, &s, at, err))
				return false;
	}
	return true;
}

static bool measure_firmware(struct rd_view firmware, struct rd_arena *arena,
			     struct rd_tee_values *out, struct rd_err *err)
{
	struct rd_hasher *h RD_AUTO(rd_hasher_free) = NULL;
	uint8_t mrtd[RD_SHA384_LEN];

	return rd_firmware_check(firmware, CODE, err) && rd_hasher_new(RD_HASH_SHA384, &h, err) &&
	       hash_sections(firmware, h, err) && rd_hasher_finish(h, mrtd, err) &&
	       rd_tee_values_add(out, arena, "mrtd", rd_view_of(mrtd, sizeof(mrtd)), err);
}

/* ---- RTMR2 ----------------------------------------------------------------------------------- */

static bool extend(uint8_t rtmr[RD_SHA384_LEN], struct rd_view event, struct rd_err *err)
{
	uint8_t digest[RD_SHA384_LEN];
	struct rd_view parts[2] = { rd_view_of(rtmr, RD_SHA384_LEN),
				    rd_view_of(digest, sizeof(digest)) };

	return rd_hash_parts(RD_HASH_SHA384, &event, 1, digest, err) &&
	       rd_hash_parts(RD_HASH_SHA384, parts, 2, rtmr, err);
}

/* The EFI stub extends the load options (UTF-16 with its zero; OVMF appends the initrd's name),
 * then the initrd. */
static bool measure_boot(const struct rd_tee_launch *in, struct rd_arena *arena,
			 struct rd_tee_values *out, struct rd_err *err)
{
	static const char suffix[] = " initrd=initrd";
	RD_AUTO(rd_buf_free) struct rd_buf line = { .max = COMMAND_LINE_MAX };
	uint8_t rtmr[RD_SHA384_LEN] = { 0 };
	size_t suffix_len = in->initrd.data ? sizeof(suffix) - 1 : 0;

	for (size_t i = 0; i < in->command_line.len + suffix_len; i++) {
		uint8_t c = i < in->command_line.len ? in->command_line.data[i]
						     : (uint8_t)suffix[i - in->command_line.len];

		if (c == 0 || c > 0x7E)
			return rd_fail(err, RD_FAULT_USAGE, CODE,
				       "command line: only ASCII can be measured");
		rd_buf_add_byte(&line, c);
		rd_buf_add_byte(&line, 0);
	}
	rd_buf_add_byte(&line, 0);
	rd_buf_add_byte(&line, 0);
	return rd_buf_ok(&line, err) && extend(rtmr, rd_buf_view(&line), err) &&
	       (!in->initrd.data || extend(rtmr, in->initrd, err)) &&
	       rd_tee_values_add(out, arena, "rtmr2", rd_view_of(rtmr, sizeof(rtmr)), err);
}

/* ---- event logs ------------------------------------------------------------------------------ */

/* Registers 1 to 4 of a confidential computing event log are RTMR0 to 3; 0 is MRTD. */
static bool measure_log(const struct rd_tpm_log *log, uint32_t sha384, struct rd_arena *arena,
			struct rd_tee_values *out, struct rd_err *err)
{
	static const char *const names[] = { "rtmr0", "rtmr1", "rtmr2", "rtmr3" };
	struct rd_tpm_bank bank;

	if (!rd_tpm_log_replay(log, sha384, arena, &bank, err))
		return false;
	if (bank.mask & ~0x1Eu)
		return rd_fail(err, RD_FAULT_MALFORMED, CODE,
			       "event log: not one of a trust domain: registers other than 1 to 4");
	for (uint32_t i = 0; i < 4; i++)
		if (bank.mask & 2u << i &&
		    !rd_tee_values_add(out, arena, names[i], bank.pcr[i + 1], err))
			return false;
	return true;
}

static bool is_log(struct rd_view file, struct rd_arena *arena, struct rd_tpm_log *log,
		   uint32_t *sha384)
{
	struct rd_err unused = { 0 };

	if (rd_firmware_has_table(file) || !rd_tpm_log_parse(file, arena, log, &unused))
		return false;
	*sha384 = 0;
	while (*sha384 < log->n_banks && log->bank[*sha384] != RD_TPM_SHA384)
		++*sha384;
	return *sha384 < log->n_banks;
}

bool rd_tdx_measure(const struct rd_tee_launch *in, struct rd_arena *arena,
		    struct rd_tee_values *out, struct rd_err *err)
{
	bool boots = in->initrd.data || in->command_line.data;
	struct rd_tpm_log log;
	uint32_t sha384;

	if (in->kernel.data || in->vcpus || in->cpu.data || in->vmm.data)
		return rd_fail(
			err, RD_FAULT_USAGE, CODE,
			"kernel and CPUs are not computed for TDX: take RTMR0 and RTMR1 from "
			"an event log");
	if (is_log(in->file, arena, &log, &sha384))
		return boots ? rd_fail(err, RD_FAULT_USAGE, CODE,
				       "an event log already says what was booted")
			     : measure_log(&log, sha384, arena, out, err);
	return measure_firmware(in->file, arena, out, err) &&
	       (!boots || measure_boot(in, arena, out, err));
}
