/* The table at the end of a firmware image. */
#include "firmware.h"

#include <string.h>

#define TABLE_END 32u  /* bytes between the table and the image's end */
#define ENTRY_HEAD 18u /* behind an entry's data: length of all, GUID */
#define DESCRIPTORS_MAX 64u

/* 96b582de-1fb2-45f7-baea-a366c55a082d */
static const uint8_t footer_guid[16] = { 0xDE, 0x82, 0xB5, 0x96, 0xB2, 0x1F, 0xF7, 0x45,
					 0xBA, 0xEA, 0xA3, 0x66, 0xC5, 0x5A, 0x08, 0x2D };

static size_t le16(const uint8_t *p)
{
	return (size_t)p[0] | (size_t)p[1] << 8;
}

/* All entries, without the footer, which is the table's last. */
static bool table(struct rd_view firmware, struct rd_view *out)
{
	size_t end, len;

	if (firmware.len < TABLE_END + ENTRY_HEAD)
		return false;
	end = firmware.len - TABLE_END - ENTRY_HEAD;
	if (memcmp(firmware.data + end + 2, footer_guid, sizeof(footer_guid)) != 0)
		return false;
	len = le16(firmware.data + end);
	return len >= ENTRY_HEAD && len - ENTRY_HEAD <= end &&
	       rd_view_sub(firmware, end - (len - ENTRY_HEAD), len - ENTRY_HEAD, out);
}

bool rd_firmware_has_table(struct rd_view firmware)
{
	struct rd_view unused;

	return table(firmware, &unused);
}

bool rd_firmware_entry(struct rd_view firmware, const uint8_t guid[16], struct rd_view *out)
{
	struct rd_view rest;

	if (!table(firmware, &rest))
		return false;
	while (rest.len >= ENTRY_HEAD) {
		const uint8_t *head = rest.data + rest.len - ENTRY_HEAD;
		size_t len = le16(head);

		if (len < ENTRY_HEAD || len > rest.len)
			return false;
		if (memcmp(head + 2, guid, 16) == 0)
			return rd_view_sub(rest, rest.len - len, len - ENTRY_HEAD, out);
		rest.len -= len;
	}
	return false;
}

bool rd_firmware_find(struct rd_view firmware, struct rd_view entry, struct rd_firmware_list *list)
{
	struct rd_view head;
	size_t distance;

	if (entry.len != 4)
		return false;
	distance = rd_load_le32(entry.data);
	if (distance > firmware.len || !rd_view_sub(firmware, firmware.len - distance, 16, &head) ||
	    memcmp(head.data, list->magic, 4) != 0 || rd_load_le32(head.data + 8) != 1)
		return false;
	list->n = rd_load_le32(head.data + 12);
	return list->n > 0 && list->n <= DESCRIPTORS_MAX &&
	       rd_load_le32(head.data + 4) >= 16 + list->n * list->item_len &&
	       rd_view_sub(firmware, firmware.len - distance + 16, list->n * list->item_len,
			   &list->items);
}

bool rd_firmware_check(struct rd_view firmware, const char *code, struct rd_err *err)
{
	if (firmware.len > RD_FIRMWARE_MAX || firmware.len % RD_FIRMWARE_PAGE != 0)
		return rd_fail(
			err, RD_FAULT_MALFORMED, code,
			"firmware: %zu bytes; whole pages of 4096, 64 MiB at most, are needed",
			firmware.len);
	return rd_firmware_has_table(firmware) || rd_fail(err, RD_FAULT_MALFORMED, code,
							  "firmware: no table of GUIDs at its end; "
							  "is this OVMF, code and variables in "
							  "one file?");
}
