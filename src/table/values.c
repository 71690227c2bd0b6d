/* Values as they are in pages to values as they are in vectors. */
#include "cursor_int.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define CONVERT(name, from, to, expression) \
	static void name(const uint8_t *p, uint32_t m, to *out) \
	{ \
		for (uint32_t i = 0; i < m; i++) { \
			from v; \
\
			memcpy(&v, p + (size_t)i * sizeof(v), sizeof(v)); \
			out[i] = (to)(expression); \
		} \
	}
CONVERT(int32_to_64, int32_t, int64_t, v)
CONVERT(uint32_to_64, uint32_t, int64_t, v)
CONVERT(uint64_to_128, uint64_t, rd_int128, v)
CONVERT(nanos_to_micros, int64_t, int64_t, v / 1000 - (v % 1000 < 0))
#undef CONVERT

/* An integer below 2^53 over a power of ten that is exact is rounded once. */
double rd_double_of_float(float f)
{
	static const double power[] = { 1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9 };
	double exact = (double)f, size = f < 0 ? -exact : exact;
	char text[32];

	if (size == 0 || !isfinite(exact))
		return exact;
	if (size >= 1e-3 && size < 1e7) {
		for (size_t i = 0; i < sizeof(power) / sizeof(power[0]); i++) {
			double digits = rint(exact * power[i]);

			if (digits > 9e9 || digits < -9e9)
				break;
			if ((float)(digits / power[i]) == f)
				return digits / power[i];
		}
	}
	for (int precision = 0; precision < 8; precision++) {
		snprintf(text, sizeof(text), "%.*e", precision, exact);
		if (strtof(text, NULL) == f)
			return strtod(text, NULL);
	}
	snprintf(text, sizeof(text), "%.8e", exact);
	return strtod(text, NULL);
}

static void float_to_double(const uint8_t *p, uint32_t m, double *out)
{
	for (uint32_t i = 0; i < m; i++) {
		float f;

		memcpy(&f, p + (size_t)i * 4, 4);
		out[i] = rd_double_of_float(f);
	}
}

static bool millis_to_micros(const uint8_t *p, uint32_t m, int64_t *out)
{
	bool fits = true;

	for (uint32_t i = 0; i < m; i++) {
		int64_t v;

		memcpy(&v, p + (size_t)i * 8, 8);
		fits &= !__builtin_mul_overflow(v, (int64_t)1000, &out[i]);
	}
	return fits;
}

/* Big-endian two's complement of `len` bytes, 1 to 16. */
static rd_int128 load_fixed(const uint8_t *p, uint32_t len)
{
	rd_int128 v = (int8_t)p[0];

	for (uint32_t i = 1; i < len; i++)
		v = (rd_int128)((rd_uint128)v << 8 | p[i]);
	return v;
}

static bool fixed_decimals(const struct rd_cursor *c, const uint8_t *p, uint32_t m, void *out)
{
	rd_int128 limit = rd_pow10(c->type.precision), v;
	uint32_t len = c->leaf->type_length;
	bool fits = true;

	for (uint32_t i = 0; i < m; i++) {
		v = len == 16 ? rd_load_be128(p + (size_t)i * 16)
			      : load_fixed(p + (size_t)i * len, len);
		fits &= v > -limit && v < limit;
		if (c->width == 16)
			((rd_int128 *)out)[i] = v;
		else
			((int64_t *)out)[i] = (int64_t)v;
	}
	return fits;
}

/* Decimals in integers must have no more digits than their type says: engines count on it. */
static bool int_decimals_fit(const struct rd_cursor *c, const int64_t *v, uint32_t m)
{
	int64_t limit = (int64_t)rd_pow10(c->type.precision);
	bool fits = true;

	for (uint32_t i = 0; i < m; i++)
		fits &= v[i] > -limit && v[i] < limit;
	return fits;
}

static bool texts_plain(struct rd_cursor *c, const uint8_t **p, const uint8_t *end, uint32_t m,
			struct rd_text *out, struct rd_err *err)
{
	const uint8_t *at = *p;

	for (uint32_t i = 0; i < m; i++) {
		uint32_t len;

		if ((size_t)(end - at) < 4)
			return cursor_bad_page(c, "its texts end too early", err);
		len = rd_load_le32(at);
		at += 4;
		if (len > (size_t)(end - at))
			return cursor_bad_page(c, "a text is longer than the page", err);
		if (len > RD_TEXT_MAX)
			return cursor_large_page(c, "a text is longer than 16 MiB", err);
		if (!rd_utf8_valid(rd_view_of(at, len)))
			return cursor_bad_page(c, "a text is not UTF-8", err);
		out[i] = rd_text_of(rd_view_of(at, len));
		at += len;
	}
	*p = at;
	return true;
}

static uint32_t stored_width(const struct pq_leaf *leaf)
{
	switch (leaf->type) {
	case PQ_INT32:
	case PQ_FLOAT:
		return 4;
	case PQ_FIXED:
		return leaf->type_length;
	default:
		return 8;
	}
}

static bool convert(const struct rd_cursor *c, const uint8_t *p, uint32_t m, void *out)
{
	const struct pq_leaf *leaf = c->leaf;
	bool is_unsigned = leaf->logical == PQ_INTEGER && !leaf->is_signed;

	if (leaf->type == PQ_FIXED)
		return fixed_decimals(c, p, m, out);
	if (leaf->type == PQ_FLOAT)
		float_to_double(p, m, out);
	else if (leaf->type == PQ_INT32 && c->width == 8 && is_unsigned)
		uint32_to_64(p, m, out);
	else if (leaf->type == PQ_INT32 && c->width == 8)
		int32_to_64(p, m, out);
	else if (leaf->type == PQ_INT64 && c->width == 16)
		uint64_to_128(p, m, out);
	else if (leaf->logical == PQ_TIMESTAMP && leaf->unit == PQ_MILLIS)
		return millis_to_micros(p, m, out);
	else if (leaf->logical == PQ_TIMESTAMP && leaf->unit == PQ_NANOS)
		nanos_to_micros(p, m, out);
	else
		memcpy(out, p, (size_t)m * c->width);
	return c->type.type != RD_DECIMAL || c->width == 16 || int_decimals_fit(c, out, m);
}

bool values_plain(struct rd_cursor *c, const uint8_t **p, const uint8_t *end, uint32_t m, void *out,
		  struct rd_err *err)
{
	uint32_t width = stored_width(c->leaf);

	if (m == 0)
		return true;
	if (c->leaf->type == PQ_BYTE_ARRAY)
		return texts_plain(c, p, end, m, out, err);
	if ((size_t)(end - *p) / width < m)
		return cursor_bad_page(c, "its values end too early", err);
	if (!convert(c, *p, m, out))
		return cursor_bad_page(c, "a value does not fit its type", err);
	*p += (size_t)m * width;
	return true;
}

bool values_bool(struct page *page, uint32_t m, uint8_t *out)
{
	for (uint32_t i = 0; i < m; i++) {
		if (page->p >= page->end)
			return false;
		out[i] = *page->p >> page->bool_bit & 1;
		page->bool_bit = (page->bool_bit + 1) % 8;
		page->p += page->bool_bit == 0;
	}
	return true;
}

bool values_lengths(struct page *page, uint32_t m, struct rd_text *out, struct rd_err *err)
{
	if (m > page->left_valid)
		return rd_fail(err, RD_FAULT_MALFORMED, "table.page.form",
			       "a page has fewer lengths than values");
	for (uint32_t i = 0; i < m; i++) {
		uint32_t len = *page->length++;

		if (len > (size_t)(page->end - page->p))
			return rd_fail(err, RD_FAULT_MALFORMED, "table.page.form",
				       "a text is longer than its page");
		if (len > RD_TEXT_MAX)
			return rd_fail(err, RD_FAULT_REFUSED, "table.page.size",
				       "a text is longer than 16 MiB");
		if (!rd_utf8_valid(rd_view_of(page->p, len)))
			return rd_fail(err, RD_FAULT_MALFORMED, "table.page.form",
				       "a text is not UTF-8");
		out[i] = rd_text_of(rd_view_of(page->p, len));
		page->p += len;
	}
	page->left_valid -= m;
	return true;
}

static bool lie(const struct rd_cursor *c, struct rd_err *err)
{
	return rd_fail(err, RD_FAULT_REFUSED, "table.stats.lie",
		       "column %.*s, row group %u: a value lies outside the range that the footer "
		       "states",
		       RD_FMT(c->leaf->name), c->group);
}

bool values_in_range(const struct rd_cursor *c, const void *value, uint32_t m, struct rd_err *err)
{
	const struct rd_column_stats *s = c->stats;
	bool inside = true;

	if (!s->has_range)
		return true;
	if (c->width == 4) {
		const int32_t *v = value;
		int32_t min = (int32_t)s->min, max = (int32_t)s->max;

		for (uint32_t i = 0; i < m; i++)
			inside &= v[i] >= min && v[i] <= max;
	} else {
		const int64_t *v = value;

		for (uint32_t i = 0; i < m; i++)
			inside &= v[i] >= s->min && v[i] <= s->max;
	}
	return inside || lie(c, err);
}
