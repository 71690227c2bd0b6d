/*
 * Firmware images of virtual machines (OVMF): the table of GUIDed entries that ends 32 bytes before
 * the image's end and is read backwards (edk2, OvmfPkg/ResetVector; QEMU, docs/specs/sev-guest-
 * firmware.rst).  The image is mapped to end at 4 GiB.
 */
#ifndef RD_TEE_FIRMWARE_H
#define RD_TEE_FIRMWARE_H

#include <redoubt/tee.h>

#define RD_FIRMWARE_PAGE 4096u
#define RD_FIRMWARE_MAX ((size_t)64 << 20)

/* Is there such a table at all? */
bool rd_firmware_has_table(struct rd_view firmware);
/* The data of the entry; false if there is none (or no table). */
bool rd_firmware_entry(struct rd_view firmware, const uint8_t guid[16], struct rd_view *out);
/* A list of descriptors, each of item_len bytes. */
struct rd_firmware_list {
	const char *magic;
	size_t item_len;
	struct rd_view items; /* found */
	uint32_t n;           /* found; 1 to 64 */
};
/*
 * The list that an entry of 4 bytes (distance from the image's end) points to: a magic of 4 bytes,
 * length, version 1, count, items.  False if it lies outside the image or is of another form.
 */
bool rd_firmware_find(struct rd_view firmware, struct rd_view entry, struct rd_firmware_list *list);
/* Whole pages, at most RD_FIRMWARE_MAX, with a table; else `code` says what is wrong. */
RD_MUST_USE bool rd_firmware_check(struct rd_view firmware, const char *code, struct rd_err *err);

#endif
