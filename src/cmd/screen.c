/* Text from files on a terminal. */
#include "screen.h"

#include <inttypes.h>

/* A character and its length in bytes; 0: it is not UTF-8. */
static size_t decode(struct rd_view text, uint32_t *out)
{
	uint8_t lead = text.data[0];
	size_t len = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;

	if (len > text.len || !rd_utf8_valid(rd_view_of(text.data, len)))
		return 0;
	*out = len == 1 ? lead : lead & (0x7Fu >> len);
	for (size_t i = 1; i < len; i++)
		*out = *out << 6 | (text.data[i] & 63);
	return len;
}

static bool in(uint32_t c, uint32_t from, uint32_t to)
{
	return c >= from && c <= to;
}

/* C0, DEL, C1; marks, embeddings, overrides and isolates of direction; ends of lines. */
static bool is_control(uint32_t c)
{
	return c < 0x20 || in(c, 0x7F, 0x9F) || in(c, 0x200E, 0x200F) || in(c, 0x2028, 0x202E) ||
	       in(c, 0x2066, 0x2069) || c == 0x61C;
}

static size_t cells(uint32_t c)
{
	if (in(c, 0x300, 0x36F) || in(c, 0x200B, 0x200D) || in(c, 0xFE00, 0xFE0F) || c == 0xFEFF)
		return 0; /* combining, joining */
	return in(c, 0x1100, 0x115F) || in(c, 0x2E80, 0xA4CF) || in(c, 0xAC00, 0xD7A3) ||
			       in(c, 0xF900, 0xFAFF) || in(c, 0xFE30, 0xFE6F) ||
			       in(c, 0xFF00, 0xFF60) || in(c, 0xFFE0, 0xFFE6) ||
			       in(c, 0x1F300, 0x1FAFF) || in(c, 0x20000, 0x3FFFD)
		       ? 2 /* East Asian wide ones, pictures */
		       : 1;
}

void screen_put(struct rd_buf *out, struct rd_view text)
{
	while (text.len) {
		uint32_t c = 0;
		size_t len = decode(text, &c);
		bool raw = len && !is_control(c);

		len = len ? len : 1;
		for (size_t i = 0; i < len; i++)
			if (raw)
				rd_buf_add_byte(out, text.data[i]);
			else
				rd_buf_printf(out, "\\x%02x", text.data[i]);
		text = rd_view_of(text.data + len, text.len - len);
	}
}

size_t screen_width(struct rd_view text)
{
	size_t n = 0;

	while (text.len) {
		uint32_t c = 0;
		size_t len = decode(text, &c);

		n += len ? cells(c) : 1;
		len = len ? len : 1;
		text = rd_view_of(text.data + len, text.len - len);
	}
	return n;
}

void screen_pad(struct rd_buf *out, size_t start, size_t width)
{
	size_t has = start <= out->len
			     ? screen_width(rd_view_of(out->data + start, out->len - start))
			     : 0;

	if (has > width) {
		rd_buf_add_byte(out, '\n');
		has = 0;
	}
	for (; has < width; has++)
		rd_buf_add_byte(out, ' ');
}

void screen_put_size(struct rd_buf *out, uint64_t bytes)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double size = (double)bytes / 1024;
	size_t unit = 0;

	if (bytes < 1024) {
		rd_buf_printf(out, "%" PRIu64 " B", bytes);
		return;
	}
	/* 1023.95 would be printed as 1024.0 */
	for (; size >= 1023.95; unit++)
		size /= 1024;
	rd_buf_printf(out, size < 99.95 ? "%.1f %s" : "%.0f %s", size, units[unit]);
}
