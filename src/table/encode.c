/* Values of a row group to the bodies of pages (Encodings.md). */
#include "writer_int.h"

#include <math.h>

#define RLE_RUN_MIN 64u
#define DELTA_BLOCK 128u
#define DELTA_MINI 32u

/* ---- PLAIN
 * ------------------------------------------------------------------------------------------ */

static void put_fixed(const struct column_buf *b, enum pq_type type, uint32_t i, struct rd_buf *out)
{
	const uint8_t *v = b->value.data + (size_t)i * b->width;
	uint8_t bytes[16];

	if (type == PQ_FIXED) {
		rd_int128 d;

		memcpy(&d, v, 16);
		rd_store_be128(bytes, d);
		rd_buf_add(out, rd_view_of(bytes, 16));
	} else {
		/* Little-endian: the low half of a decimal that fits 32 bits comes first. */
		rd_buf_add(out, rd_view_of(v, type == PQ_INT32 ? 4 : 8));
	}
}

static void put_texts(const struct column_buf *b, uint32_t i, struct rd_buf *out)
{
	struct rd_view text = column_buf_text(b, i);
	uint8_t len[4];

	rd_store_le32(len, (uint32_t)text.len);
	rd_buf_add(out, rd_view_of(len, 4));
	rd_buf_add(out, text);
}

static void put_bools(const struct column_buf *b, struct page_range r, struct rd_buf *out)
{
	for (uint32_t i = 0; i < r.n; i += 8) {
		uint8_t byte = 0;

		for (uint32_t k = 0; k < 8 && i + k < r.n; k++)
			byte |= (uint8_t)((b->value.data[r.value + i + k] & 1) << k);
		rd_buf_add_byte(out, byte);
	}
}

static void put_plain(const struct column_buf *b, enum pq_type type, struct page_range r,
		      struct rd_buf *out)
{
	bool as_it_is =
		type == PQ_DOUBLE || type == PQ_INT64 || (type == PQ_INT32 && b->width == 4);

	if (r.n == 0)
		return;
	if (type == PQ_BOOLEAN) {
		put_bools(b, r, out);
		return;
	}
	if (as_it_is) {
		rd_buf_add(out, rd_view_of(b->value.data + (size_t)r.value * b->width,
					   (size_t)r.n * b->width));
		return;
	}
	for (uint32_t i = 0; i < r.n; i++)
		put_fixed(b, type, r.value + i, out);
}

void encode_dictionary(const struct column_buf *b, enum pq_type type, struct rd_buf *out)
{
	for (uint32_t i = 0; i < b->n_dict; i++) {
		if (type == PQ_BYTE_ARRAY)
			put_texts(b, b->entry[i], out);
		else
			put_fixed(b, type, b->entry[i], out);
	}
}

/* ---- the hybrid
 * ------------------------------------------------------------------------------------- */

static uint32_t run_length(const uint32_t *v, uint32_t n)
{
	uint32_t i = 1;

	while (i < n && v[i] == v[0])
		i++;
	return i;
}

/* Whole groups of eight, the last filled up with zeros. */
static void put_packed(const uint32_t *v, uint32_t n, uint8_t width, struct rd_buf *out)
{
	uint64_t pending = 0;
	unsigned bits = 0;

	thrift_put_varint(out, (uint64_t)((n + 7) / 8) << 1 | 1);
	for (uint32_t i = 0; i < (n + 7) / 8 * 8; i++) {
		pending |= (uint64_t)(i < n ? v[i] : 0) << bits;
		for (bits += width; bits >= 8; bits -= 8, pending >>= 8)
			rd_buf_add_byte(out, (uint8_t)pending);
	}
}

static void put_hybrid(const uint32_t *v, uint32_t n, uint8_t width, struct rd_buf *out)
{
	for (uint32_t i = 0; i < n;) {
		uint32_t run = run_length(v + i, n - i), end = i;

		if (run >= RLE_RUN_MIN || (run == n - i && run >= 8)) {
			thrift_put_varint(out, (uint64_t)run << 1);
			for (uint8_t k = 0; k < width; k += 8)
				rd_buf_add_byte(out, (uint8_t)(v[i] >> k));
			i += run;
			continue;
		}
		do
			end += 8;
		while (end < n &&
		       run_length(v + end, n - end < RLE_RUN_MIN ? n - end : RLE_RUN_MIN) <
			       RLE_RUN_MIN);
		end = end < n ? end : n;
		put_packed(v + i, end - i, width, out);
		i = end;
	}
}

/* Definition levels, 1 = there is a value, with their length in front (data page v1). */
static void put_levels(const struct column_buf *b, struct page_range r, struct rd_buf *out)
{
	uint32_t level[RD_PAGE_ROWS];
	size_t at = out->len;

	for (uint32_t i = 0; i < r.n_rows; i++)
		level[i] = rd_bit((const uint64_t *)(const void *)b->valid.data, r.row + i);
	if (!rd_buf_extend(out, 4))
		return;
	put_hybrid(level, r.n_rows, 1, out);
	if (!out->failed)
		rd_store_le32(out->data + at, (uint32_t)(out->len - at - 4));
}

static void put_codes(const struct column_buf *b, struct page_range r, struct rd_buf *out)
{
	const uint32_t *code = (const uint32_t *)(const void *)b->code.data;
	uint8_t width = 1;

	while ((b->n_dict - 1) >> width)
		width++;
	rd_buf_add_byte(out, width);
	put_hybrid(code + r.value, r.n, width, out);
}

/* ---- DELTA_LENGTH_BYTE_ARRAY
 * ------------------------------------------------------------------------ */

static void put_zigzag(int64_t v, struct rd_buf *out)
{
	thrift_put_varint(out, ((uint64_t)v << 1) ^ (uint64_t)(v >> 63));
}

static uint8_t bits_of(uint64_t v)
{
	return v ? (uint8_t)(64 - __builtin_clzll(v)) : 0;
}

static void put_mini(const uint64_t *delta, uint8_t width, struct rd_buf *out)
{
	uint64_t pending = 0;
	unsigned bits = 0;

	for (uint32_t i = 0; i < DELTA_MINI; i++) {
		pending |= delta[i] << bits;
		for (bits += width; bits >= 8; bits -= 8, pending >>= 8)
			rd_buf_add_byte(out, (uint8_t)pending);
	}
}

static void put_delta_block(const int64_t *v, uint32_t n, struct rd_buf *out)
{
	uint64_t delta[DELTA_BLOCK] = { 0 };
	uint8_t width[DELTA_BLOCK / DELTA_MINI] = { 0 };
	int64_t least = INT64_MAX;

	for (uint32_t i = 0; i < n; i++)
		least = v[i + 1] - v[i] < least ? v[i + 1] - v[i] : least;
	for (uint32_t i = 0; i < n; i++) {
		uint8_t need;

		delta[i] = (uint64_t)(v[i + 1] - v[i] - least);
		need = bits_of(delta[i]);
		if (need > width[i / DELTA_MINI])
			width[i / DELTA_MINI] = need;
	}
	put_zigzag(least, out);
	for (uint32_t m = 0; m < DELTA_BLOCK / DELTA_MINI; m++)
		rd_buf_add_byte(out, width[m]);
	for (uint32_t m = 0; m * DELTA_MINI < n; m++)
		put_mini(delta + (size_t)m * DELTA_MINI, width[m], out);
}

static void put_delta_texts(const struct column_buf *b, struct page_range r, struct rd_buf *out)
{
	int64_t length[RD_PAGE_ROWS + 1];

	for (uint32_t i = 0; i < r.n; i++)
		length[i] = (int64_t)column_buf_text(b, r.value + i).len;
	thrift_put_varint(out, DELTA_BLOCK);
	thrift_put_varint(out, DELTA_BLOCK / DELTA_MINI);
	thrift_put_varint(out, r.n);
	put_zigzag(r.n ? length[0] : 0, out);
	for (uint32_t i = 0; i + 1 < r.n; i += DELTA_BLOCK)
		put_delta_block(length + i, r.n - 1 - i < DELTA_BLOCK ? r.n - 1 - i : DELTA_BLOCK,
				out);
	for (uint32_t i = 0; i < r.n; i++)
		rd_buf_add(out, column_buf_text(b, r.value + i));
}

/* ---- pages
 * ------------------------------------------------------------------------------------------- */

void encode_page(const struct column_buf *b, enum pq_type type, struct page_range range,
		 struct rd_buf *out)
{
	if (b->type.nullable)
		put_levels(b, range, out);
	if (b->has_dict && b->n_dict)
		put_codes(b, range, out);
	else if (type == PQ_BYTE_ARRAY)
		put_delta_texts(b, range, out);
	else
		put_plain(b, type, range, out);
}

/* ---- statistics
 * --------------------------------------------------------------------------------------- */

static rd_int128 as_int(const struct column_buf *b, uint32_t i)
{
	const uint8_t *v = b->value.data + (size_t)i * b->width;

	if (b->width == 16) {
		rd_int128 d;

		memcpy(&d, v, 16);
		return d;
	}
	return b->width == 4 ? (rd_int128)(int32_t)rd_load_le32(v)
			     : (rd_int128)(int64_t)rd_load_le64(v);
}

static struct rd_view put_bound(rd_int128 v, enum pq_type type, uint8_t *space)
{
	if (type == PQ_FIXED) {
		rd_store_be128(space, v);
		return rd_view_of(space, 16);
	}
	rd_store_le64(space, (uint64_t)v);
	return rd_view_of(space, type == PQ_INT32 ? 4 : 8);
}

static bool int_stats(const struct column_buf *b, enum pq_type type, uint8_t *space,
		      struct pq_stats *s)
{
	rd_int128 min = as_int(b, 0), max = min;

	for (uint32_t i = 1; i < b->n; i++) {
		rd_int128 v = as_int(b, i);

		min = v < min ? v : min;
		max = v > max ? v : max;
	}
	s->min = put_bound(min, type, space);
	s->max = put_bound(max, type, space + 16);
	return true;
}

/* No NaN, and zeros of both signs inside the range (parquet.thrift, ColumnOrder). */
static bool double_stats(const struct column_buf *b, uint8_t *space, struct pq_stats *s)
{
	double min = INFINITY, max = -INFINITY, v;

	for (uint32_t i = 0; i < b->n; i++) {
		memcpy(&v, b->value.data + (size_t)i * 8, 8);
		if (isnan(v))
			return false;
		min = v < min ? v : min;
		max = v > max ? v : max;
	}
	min = min == 0 ? -0.0 : min;
	max = max == 0 ? 0.0 : max;
	memcpy(space, &min, 8);
	memcpy(space + 16, &max, 8);
	s->min = rd_view_of(space, 8);
	s->max = rd_view_of(space + 16, 8);
	return true;
}

static bool text_stats(const struct column_buf *b, struct pq_stats *s)
{
	struct rd_view min = column_buf_text(b, 0), max = min;

	for (uint32_t i = 1; i < b->n; i++) {
		struct rd_view v = column_buf_text(b, i);

		if (rd_view_cmp(v, min) < 0)
			min = v;
		if (rd_view_cmp(v, max) > 0)
			max = v;
	}
	s->min = min;
	s->max = max;
	return min.len <= 64 && max.len <= 64;
}

void encode_stats(const struct column_buf *b, enum pq_type type, uint8_t *space,
		  struct pq_stats *stats)
{
	*stats = (struct pq_stats){ .has_null_count = true, .null_count = b->n_rows - b->n };
	if (b->has_dict) {
		stats->has_distinct = true;
		stats->distinct = b->n_dict;
	}
	if (b->n == 0 || type == PQ_BOOLEAN)
		return;
	stats->has_min_max = type == PQ_DOUBLE       ? double_stats(b, space, stats)
			     : type == PQ_BYTE_ARRAY ? text_stats(b, stats)
						     : int_stats(b, type, space, stats);
}
