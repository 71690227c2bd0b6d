/* Base64 of RFC 4648, both alphabets: what other people's JSON carries. */
#include <redoubt/codec.h>

static int value_of(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	return c == '/' || c == '_' ? 63 : -1;
}

bool rd_base64_decode(struct rd_view text, struct rd_arena *arena, struct rd_view *out,
		      struct rd_err *err)
{
	uint32_t bits = 0, n_bits = 0;
	uint8_t *bytes;
	size_t n = 0, padding = 0;

	while (text.len && padding < 2 && text.data[text.len - 1] == '=') {
		text.len--;
		padding++;
	}
	if (text.len % 4 == 1 || (padding && (text.len + padding) % 4))
		return rd_fail(err, RD_FAULT_MALFORMED, "codec.base64",
			       "base64 text of %zu characters", text.len);
	bytes = rd_arena_alloc(arena, text.len + 1, 1, err);
	if (!bytes)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		int v = value_of(text.data[i]);

		if (v < 0)
			return rd_fail(err, RD_FAULT_MALFORMED, "codec.base64",
				       "base64 text: character %zu is not of its alphabet", i + 1);
		bits = bits << 6 | (uint32_t)v;
		n_bits += 6;
		if (n_bits >= 8) {
			n_bits -= 8;
			bytes[n++] = (uint8_t)(bits >> n_bits);
			bits &= (1u << n_bits) - 1;
		}
	}
	if (bits)
		return rd_fail(err, RD_FAULT_MALFORMED, "codec.base64",
			       "base64 text: bits left over behind the last byte");
	*out = rd_view_of(bytes, n);
	return true;
}

void rd_base64url_put(struct rd_buf *out, struct rd_view bytes)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	uint32_t bits = 0, n_bits = 0;

	for (size_t i = 0; i < bytes.len; i++) {
		bits = bits << 8 | bytes.data[i];
		for (n_bits += 8; n_bits >= 6; bits &= (1u << n_bits) - 1) {
			n_bits -= 6;
			rd_buf_add_byte(out, (uint8_t)alphabet[bits >> n_bits]);
		}
	}
	if (n_bits)
		rd_buf_add_byte(out, (uint8_t)alphabet[bits << (6 - n_bits)]);
}
