/* Text that comes from outside on a line that people read. */
#include <redoubt/base.h>

size_t rd_utf8_decode(struct rd_view text, uint32_t *out)
{
	uint8_t lead = text.len ? text.data[0] : 0x80;
	size_t len = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;

	if (len > text.len || !rd_utf8_valid(rd_view_of(text.data, len)))
		return 0;
	*out = len == 1 ? lead : lead & (0x7fu >> len);
	for (size_t i = 1; i < len; i++)
		*out = *out << 6 | (text.data[i] & 0x3f);
	return len;
}

static bool in(uint32_t c, uint32_t from, uint32_t to)
{
	return c >= from && c <= to;
}

bool rd_char_is_control(uint32_t c)
{
	return c < 0x20 || in(c, 0x7f, 0x9f) || in(c, 0x200b, 0x200f) || in(c, 0x2028, 0x202e) ||
	       in(c, 0x2066, 0x2069) || c == 0x61c || c == 0xfeff;
}

static size_t cells(uint32_t c)
{
	if (in(c, 0x300, 0x36f) || in(c, 0xfe00, 0xfe0f))
		return 0; /* combining */
	return in(c, 0x1100, 0x115f) || in(c, 0x2e80, 0xa4cf) || in(c, 0xac00, 0xd7a3) ||
			       in(c, 0xf900, 0xfaff) || in(c, 0xfe30, 0xfe6f) ||
			       in(c, 0xff00, 0xff60) || in(c, 0xffe0, 0xffe6) ||
			       in(c, 0x1f300, 0x1faff) || in(c, 0x20000, 0x3fffd)
		       ? 2 /* East Asian wide ones, pictures */
		       : 1;
}

void rd_text_put_shown(struct rd_buf *out, struct rd_view text)
{
	while (text.len) {
		uint32_t c = 0;
		size_t len = rd_utf8_decode(text, &c);
		bool raw = len && !rd_char_is_control(c);

		len = len ? len : 1;
		for (size_t i = 0; i < len; i++)
			if (raw)
				rd_buf_add_byte(out, text.data[i]);
			else
				rd_buf_printf(out, "\\x%02x", text.data[i]);
		text = rd_view_of(text.data + len, text.len - len);
	}
}

size_t rd_text_width(struct rd_view text)
{
	size_t n = 0;

	while (text.len) {
		uint32_t c = 0;
		size_t len = rd_utf8_decode(text, &c);

		n += len ? cells(c) : 1;
		len = len ? len : 1;
		text = rd_view_of(text.data + len, text.len - len);
	}
	return n;
}
