/* CBOR writer, deterministic (RFC 8949 4.2.1), and diagnostic notation: see redoubt/codec.h. */
#include "codec_int.h"

#include <string.h>

static void put_head(struct rd_buf *out, unsigned major, uint64_t arg)
{
	unsigned bytes = arg < 24            ? 0
			 : arg <= 0xff       ? 1
			 : arg <= 0xffff     ? 2
			 : arg <= 0xffffffff ? 4
					     : 8;
	unsigned info = bytes == 0 ? (unsigned)arg : 24 + (unsigned)__builtin_ctz(bytes);

	rd_buf_add_byte(out, (uint8_t)(major << 5 | info));
	for (unsigned i = bytes; i > 0; i--)
		rd_buf_add_byte(out, (uint8_t)(arg >> (8 * (i - 1))));
}

void rd_cbor_put_uint(struct rd_buf *out, uint64_t value)
{
	put_head(out, RD_CBOR_UINT, value);
}

void rd_cbor_put_int(struct rd_buf *out, int64_t value)
{
	if (value >= 0)
		put_head(out, RD_CBOR_UINT, (uint64_t)value);
	else
		put_head(out, RD_CBOR_NINT, (uint64_t)(-1 - value));
}

void rd_cbor_put_bool(struct rd_buf *out, bool value)
{
	rd_buf_add_byte(out, value ? 0xf5 : 0xf4);
}

void rd_cbor_put_double(struct rd_buf *out, double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	if (value != value)
		bits = RD_CBOR_NAN;
	rd_buf_add_byte(out, 0xfb);
	for (int i = 7; i >= 0; i--)
		rd_buf_add_byte(out, (uint8_t)(bits >> (8 * i)));
}

void rd_cbor_put_null(struct rd_buf *out)
{
	rd_buf_add_byte(out, 0xf6);
}

void rd_cbor_put_bytes_head(struct rd_buf *out, uint64_t len)
{
	put_head(out, 2, len);
}

void rd_cbor_put_bytes(struct rd_buf *out, struct rd_view bytes)
{
	put_head(out, RD_CBOR_BYTES, bytes.len);
	rd_buf_add(out, bytes);
}

void rd_cbor_put_text(struct rd_buf *out, struct rd_view text)
{
	put_head(out, RD_CBOR_TEXT, text.len);
	rd_buf_add(out, text);
}

void rd_cbor_put_str(struct rd_buf *out, const char *text)
{
	rd_cbor_put_text(out, rd_view_str(text));
}

void rd_cbor_put_array(struct rd_buf *out, uint64_t count)
{
	put_head(out, RD_CBOR_ARRAY, count);
}

void rd_cbor_put_map(struct rd_buf *out, uint64_t pairs)
{
	put_head(out, RD_CBOR_MAP, pairs);
}

void rd_cbor_put_tag(struct rd_buf *out, uint64_t tag)
{
	put_head(out, RD_CBOR_TAG, tag);
}

/* ---- diagnostic notation (RFC 8949 section 8) ------------------------------------------------ */

static void put_hex(struct rd_buf *text, struct rd_view bytes)
{
	rd_buf_add(text, rd_view_str("h'"));
	for (size_t i = 0; i < bytes.len; i++)
		rd_buf_printf(text, "%02x", bytes.data[i]);
	rd_buf_add_byte(text, '\'');
}

static void put_quoted(struct rd_buf *text, struct rd_view in)
{
	rd_buf_add_byte(text, '"');
	for (size_t i = 0; i < in.len; i++) {
		uint8_t c = in.data[i];

		if (c == '"' || c == '\\')
			rd_buf_printf(text, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			rd_buf_printf(text, "\\u%04x", c);
		else
			rd_buf_add_byte(text, c);
	}
	rd_buf_add_byte(text, '"');
}

static void put_simple(struct rd_cbor_reader *r, struct rd_buf *text)
{
	uint8_t info = r->in.data[r->pos] & 31;

	if (info == 20 || info == 21)
		rd_buf_add(text, rd_view_str(rd_cbor_read_bool(r) ? "true" : "false"));
	else if (info >= 25 && info <= 27)
		rd_buf_printf(text, "%.17g", rd_cbor_read_double(r));
	else if (info == 22) {
		rd_cbor_read_null(r);
		rd_buf_add(text, rd_view_str("null"));
	} else {
		struct rd_view item = rd_cbor_read_item(r);

		if (item.len)
			rd_buf_printf(text, "simple(%u)", item.data[item.len - 1] & 0xffu);
	}
}

static void put_number(struct rd_cbor_reader *r, struct rd_buf *text)
{
	size_t start = r->pos; /* behind the tags, which read_item would give too */
	struct rd_view item = { NULL, 0 };
	uint64_t arg = 0;

	if (!rd_cbor_read_item(r).len)
		return;
	item = rd_view_of(r->in.data + start, r->pos - start);
	if (item.len == 1)
		arg = item.data[0] & 31;
	for (size_t i = 1; i < item.len; i++)
		arg = arg << 8 | item.data[i];
	if (item.data[0] >> 5 == RD_CBOR_UINT)
		rd_buf_printf(text, "%llu", (unsigned long long)arg);
	else if (arg == UINT64_MAX)
		rd_buf_add(text, rd_view_str("-18446744073709551616"));
	else
		rd_buf_printf(text, "-%llu", (unsigned long long)arg + 1);
}

/* How many items the level has shown, and how many tags wait for their closing bracket. */
struct shown {
	uint32_t items, tags;
};

static void put_string(struct rd_cbor_reader *r, enum rd_cbor_kind kind, struct rd_buf *text)
{
	if ((r->in.data[r->pos] & 31) == 31) {
		size_t start = r->pos;

		rd_buf_add(text, rd_view_str("(_ "));
		if (rd_cbor_read_item(r).len)
			put_hex(text, rd_view_of(r->in.data + start, r->pos - start));
		rd_buf_add_byte(text, ')');
	} else if (kind == RD_CBOR_BYTES) {
		put_hex(text, rd_cbor_read_bytes(r, 0, SIZE_MAX));
	} else {
		put_quoted(text, rd_cbor_read_text(r, 0, SIZE_MAX));
	}
}

static void close_tags(struct rd_buf *text, uint32_t *tags)
{
	for (; *tags > 0; --*tags)
		rd_buf_add_byte(text, ')');
}

static void put_item(struct rd_cbor_reader *r, enum rd_cbor_kind kind, struct rd_buf *text)
{
	if (kind == RD_CBOR_UINT || kind == RD_CBOR_NINT)
		put_number(r, text);
	else if (kind == RD_CBOR_BYTES || kind == RD_CBOR_TEXT)
		put_string(r, kind, text);
	else
		put_simple(r, text);
}

bool rd_cbor_diag(struct rd_view item, struct rd_buf *text, struct rd_err *err)
{
	struct rd_cbor_reader r;
	struct shown shown[RD_CBOR_DEPTH_MAX + 2] = { { 0 } };
	char closing[RD_CBOR_DEPTH_MAX + 2];

	rd_cbor_read_init(&r, item, RD_CBOR_TOLERANT);
	while (!r.failed && !text->failed && (r.depth > 0 || rd_cbor_more(&r) || r.tagged)) {
		struct shown *here = &shown[r.depth];

		if (!rd_cbor_more(&r) && !r.tagged) {
			rd_buf_add_byte(text, (uint8_t)closing[r.depth]);
			rd_cbor_leave(&r);
			close_tags(text, &shown[r.depth].tags);
			continue;
		}
		if (!r.tagged && here->items++ > 0)
			rd_buf_add(text, rd_view_str(closing[r.depth] == '}' && here->items % 2 == 0
							     ? ": "
							     : ", "));
		enum rd_cbor_kind kind = rd_cbor_peek(&r);

		if (kind == RD_CBOR_END) {
			break; /* the input is cut: nothing stands at this position */
		} else if (kind == RD_CBOR_TAG) {
			rd_buf_printf(text, "%llu(", (unsigned long long)rd_cbor_read_tag(&r));
			here->tags++;
		} else if (kind == RD_CBOR_ARRAY || kind == RD_CBOR_MAP) {
			rd_buf_add_byte(text, kind == RD_CBOR_MAP ? '{' : '[');
			if (kind == RD_CBOR_MAP)
				(void)rd_cbor_enter_map(&r, UINT32_MAX);
			else
				(void)rd_cbor_enter_array_upto(&r, 0, UINT32_MAX);
			shown[r.depth] = (struct shown){ 0 };
			closing[r.depth] = kind == RD_CBOR_MAP ? '}' : ']';
		} else {
			put_item(&r, kind, text);
			close_tags(text, &here->tags);
		}
	}
	return rd_cbor_finish(&r, err) && rd_buf_ok(text, err);
}
