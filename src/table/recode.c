/* Types that are turned into others for a whole page: PLAIN in, PLAIN out. */
#include "recode_int.h"

#include <stdio.h>

#define MICROS_PER_DAY ((int64_t)86400 * 1000000)
#define JULIAN_1970 2440588
#define INTERVAL_MAX_LEN 62u /* 357913941 years 11 months 4294967295 days 1193:02:47.295 */

static bool bad(struct recoding *r, const char *why)
{
	r->why = why;
	return false;
}

static bool too_large(struct recoding *r)
{
	r->is_large = true;
	return bad(r, "its values take more than 256 MiB");
}

/* ---- values one after another ---------------------------------------------------------------- */

/* The next stored value; false: the page ends before. */
static bool next_value(const struct pq_leaf *leaf, struct rd_view *rest, struct rd_view *out)
{
	size_t len = leaf->type == PQ_INT96                             ? 12
		     : leaf->type == PQ_INT32 || leaf->type == PQ_FLOAT ? 4
		     : leaf->type == PQ_FIXED                           ? leaf->type_length
									: 8;

	if (leaf->type == PQ_BYTE_ARRAY) {
		if (rest->len < 4)
			return false;
		len = rd_load_le32(rest->data);
		*rest = rd_view_of(rest->data + 4, rest->len - 4);
	}
	if (len > rest->len)
		return false;
	*out = rd_view_of(rest->data, len);
	*rest = rd_view_of(rest->data + len, rest->len - len);
	return true;
}

/* ---- to text --------------------------------------------------------------------------------- */

static bool is_printed(uint8_t byte)
{
	return byte >= 32 && byte < 127 && byte != '\\' && byte != '"' && byte != '\'';
}

size_t bytes_text(struct rd_view v, uint8_t *out)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t n = 0;

	for (size_t i = 0; i < v.len; i++) {
		if (is_printed(v.data[i])) {
			out[n++] = v.data[i];
			continue;
		}
		out[n++] = '\\';
		out[n++] = 'x';
		out[n++] = (uint8_t)digits[v.data[i] >> 4];
		out[n++] = (uint8_t)digits[v.data[i] & 15];
	}
	return n;
}

size_t uuid_text(struct rd_view v, uint8_t *out)
{
	static const char digits[] = "0123456789abcdef";
	size_t n = 0;

	for (size_t i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			out[n++] = '-';
		out[n++] = (uint8_t)digits[v.data[i] >> 4];
		out[n++] = (uint8_t)digits[v.data[i] & 15];
	}
	return n;
}

size_t time_text(const struct pq_leaf *leaf, struct rd_view v, uint8_t *out)
{
	int64_t unit = leaf->unit == PQ_MILLIS   ? 1000
		       : leaf->unit == PQ_MICROS ? 1000000
						 : 1000000000;
	int64_t t = v.len == 4 ? (int32_t)rd_load_le32(v.data) : (int64_t)rd_load_le64(v.data);
	char text[TIME_TEXT_MAX + 1];
	int digits = (int)leaf->unit * 3, n;
	int64_t fraction;

	if (t < 0 || t > 86400 * unit)
		return 0;
	fraction = t % unit;
	t /= unit;
	n = snprintf(text, sizeof(text), "%02d:%02d:%02d", (int)(t / 3600), (int)(t / 60 % 60),
		     (int)(t % 60));
	if (fraction) {
		for (; fraction % 10 == 0; digits--)
			fraction /= 10;
		n += snprintf(text + n, sizeof(text) - (size_t)n, ".%0*d", digits, (int)fraction);
	}
	memcpy(out, text, (size_t)n);
	if (leaf->is_utc)
		memcpy(out + n, "+00", 3);
	return (size_t)n + (leaf->is_utc ? 3 : 0);
}

/* Months, days and milliseconds apart, each without a sign: as DuckDB prints them, "1 year 2 months
 * 3 days 04:05:06.007". */
static size_t interval_text(struct rd_view v, uint8_t *out)
{
	const struct {
		uint32_t n;
		const char *unit;
	} part[] = { { rd_load_le32(v.data) / 12, "year" },
		     { rd_load_le32(v.data) % 12, "month" },
		     { rd_load_le32(v.data + 4), "day" } };
	uint32_t ms = rd_load_le32(v.data + 8), fraction = ms % 1000;
	char text[INTERVAL_MAX_LEN + 1];
	int digits = 3;
	size_t n = 0;

	for (size_t i = 0; i < 3; i++)
		if (part[i].n)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%u %s%s", n ? " " : "",
					      part[i].n, part[i].unit, part[i].n == 1 ? "" : "s");
	if (ms || n == 0)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%02u:%02u:%02u", n ? " " : "",
				      ms / 3600000, ms / 60000 % 60, ms / 1000 % 60);
	if (fraction) {
		for (; fraction % 10 == 0; digits--)
			fraction /= 10;
		n += (size_t)snprintf(text + n, sizeof(text) - n, ".%0*u", digits, fraction);
	}
	memcpy(out, text, n);
	return n;
}

/* Most bytes that the text of a value can have. */
static size_t most_text(enum pq_recode how, struct rd_view v)
{
	size_t n = 0;

	if (how != PQ_BYTES_TO_TEXT)
		return how == PQ_UUID_TO_TEXT       ? 36
		       : how == PQ_INTERVAL_TO_TEXT ? INTERVAL_MAX_LEN
						    : TIME_TEXT_MAX;
	for (size_t i = 0; i < v.len; i++)
		n += is_printed(v.data[i]) ? 1 : 4;
	return n;
}

static bool to_text(struct recoding *r, enum pq_recode how, struct rd_err *err)
{
	struct rd_view rest = r->from, v;
	uint64_t room = 0;
	uint8_t *out;

	for (uint32_t i = 0; i < r->n; i++) {
		if (!next_value(r->stored, &rest, &v))
			return bad(r, "its values end too early");
		room += 4 + most_text(how, v);
	}
	if (room > RD_EXPANDED_MAX)
		return too_large(r);
	if (!rd_store_grow(r->to, (size_t)room, 0, err))
		return false;
	rest = r->from;
	out = r->to->data;
	for (uint32_t i = 0; i < r->n && next_value(r->stored, &rest, &v); i++) {
		size_t len = how == PQ_BYTES_TO_TEXT      ? bytes_text(v, out + 4)
			     : how == PQ_UUID_TO_TEXT     ? uuid_text(v, out + 4)
			     : how == PQ_INTERVAL_TO_TEXT ? interval_text(v, out + 4)
							  : time_text(r->stored, v, out + 4);

		if (len == 0 && how == PQ_TIME_TO_TEXT)
			return bad(r, "a time lies outside the day");
		rd_store_le32(out, (uint32_t)len);
		out += 4 + len;
	}
	r->result = rd_view_of(r->to->data, (size_t)(out - r->to->data));
	return true;
}

/* ---- to numbers ------------------------------------------------------------------------------ */

/* Nanoseconds of the day and a Julian day, as Hive and Spark wrote timestamps.  Impala's may leave
 * the day by what they were shifted to another time zone. */
static bool int96_micros(struct rd_view v, uint8_t *out)
{
	int64_t nanos = (int64_t)rd_load_le64(v.data), floor = nanos / 1000 - (nanos % 1000 < 0);
	int64_t days = (int64_t)(int32_t)rd_load_le32(v.data + 8) - JULIAN_1970, micros;

	if (floor < -MICROS_PER_DAY || floor > 2 * MICROS_PER_DAY ||
	    __builtin_mul_overflow(days, MICROS_PER_DAY, &micros) ||
	    __builtin_add_overflow(micros, floor, &micros))
		return false;
	rd_store_le64(out, (uint64_t)micros);
	return true;
}

/* Big-endian two's complement of any length; bytes beyond 16 must only repeat the sign. */
static bool decimal_fixed(struct rd_view v, uint8_t out[16])
{
	uint8_t sign = v.len && v.data[0] & 0x80 ? 0xFF : 0;
	size_t skip = v.len > 16 ? v.len - 16 : 0;

	for (size_t i = 0; i < skip; i++)
		if (v.data[i] != sign)
			return false;
	if (skip && ((v.data[skip] ^ sign) & 0x80))
		return false;
	memset(out, sign, 16);
	memcpy(out + 16 - (v.len - skip), v.data + skip, v.len - skip);
	return v.len > 0;
}

void half_double(struct rd_view v, uint8_t *out)
{
	uint64_t half = (uint64_t)v.data[0] | (uint64_t)v.data[1] << 8;
	uint64_t sign = half >> 15 << 63, exponent = half >> 10 & 31, fraction = half & 1023;
	uint64_t bits = sign;

	if (exponent == 31) {
		bits |= (uint64_t)0x7FF << 52 | fraction << 42;
	} else if (exponent || fraction) {
		if (!exponent) { /* a subnormal: its highest bit becomes the hidden one */
			uint64_t shift = (uint64_t)__builtin_clzll(fraction) - 53;

			fraction = fraction << shift & 1023;
			exponent = 1 - shift;
		}
		bits |= (exponent + 1023 - 15) << 52 | fraction << 42;
	}
	rd_store_le64(out, bits);
}

static bool to_fixed(struct recoding *r, enum pq_recode how, struct rd_err *err)
{
	size_t width = how == PQ_DECIMAL_TO_FIXED ? 16 : 8;
	struct rd_view rest = r->from, v;
	uint8_t *out;

	/* A value takes a byte at least, or none can be stored: so a page bounds the memory. */
	if (r->n > r->from.len)
		return bad(r, "its values end too early");
	if (!rd_store_grow(r->to, r->n * width, 0, err))
		return false;
	out = r->to->data;
	for (uint32_t i = 0; i < r->n; i++, out += width) {
		if (!next_value(r->stored, &rest, &v))
			return bad(r, "its values end too early");
		if (how == PQ_HALF_TO_DOUBLE)
			half_double(v, out);
		else if (how == PQ_INT96_TO_MICROS ? !int96_micros(v, out) : !decimal_fixed(v, out))
			return bad(r, how == PQ_INT96_TO_MICROS
					      ? "a timestamp does not fit 64 bits of microseconds"
					      : "a decimal has more than 38 digits, or none");
	}
	r->result = rd_view_of(r->to->data, r->n * width);
	return true;
}

bool recode_type(struct recoding *r, enum pq_recode how, struct rd_err *err)
{
	r->why = NULL;
	return how == PQ_BYTES_TO_TEXT || how == PQ_UUID_TO_TEXT || how == PQ_TIME_TO_TEXT ||
			       how == PQ_INTERVAL_TO_TEXT
		       ? to_text(r, how, err)
		       : to_fixed(r, how, err);
}
