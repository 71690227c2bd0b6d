/* Values of Arrow columns. */
#include "arrow_read_int.h"
#include "recode_int.h"

#define DAY_MILLIS INT64_C(86400000)

uint64_t arrow_uint(const struct arrow_reader *r, const uint8_t *p, size_t size)
{
	uint64_t v = 0;

	memcpy(&v, p, size);
	return r->big_endian ? __builtin_bswap64(v) >> (64 - 8 * size) : v;
}

int64_t arrow_int(const struct arrow_reader *r, const uint8_t *p, size_t size)
{
	size_t unused = 64 - 8 * size;

	return (int64_t)(arrow_uint(r, p, size) << unused) >> unused;
}

/* ---- numbers --------------------------------------------------------------------------------- */

static bool decimal_of(const struct arrow_reader *r, const struct arrow_field *f, const uint8_t *p,
		       rd_int128 *out)
{
	size_t size = f->bits / 8, word = size < 8 ? size : 8, n = size / word;
	uint64_t part[4] = { 0 }, sign;

	for (size_t i = 0; i < n; i++)
		part[i] = arrow_uint(r, p + word * (r->big_endian ? n - 1 - i : i), word);
	if (n == 1) {
		*out = arrow_int(r, p, size);
		return true;
	}
	sign = part[1] >> 63 ? UINT64_MAX : 0;
	*out = (rd_int128)((rd_uint128)part[1] << 64 | part[0]);
	return n == 2 || (part[2] == sign && part[3] == sign);
}

static double double_of(const struct arrow_reader *r, const struct arrow_field *f, const uint8_t *p)
{
	uint64_t bits = arrow_uint(r, p, f->bits / 8);
	uint32_t half = (uint32_t)bits;
	uint8_t bytes[8];
	double out;
	float single;

	if (f->unit == ARROW_SINGLE) {
		memcpy(&single, &half, 4);
		return rd_double_of_float(single);
	}
	if (f->unit == ARROW_HALF) {
		memcpy(bytes, &bits, 2);
		half_double(rd_view_of(bytes, 2), bytes);
		memcpy(&bits, bytes, 8);
	}
	memcpy(&out, &bits, 8);
	return out;
}

/* ---- times ----------------------------------------------------------------------------------- */

static int64_t floor_div(int64_t v, int64_t by)
{
	return v / by - (v % by < 0);
}

static bool moment_of(const struct arrow_reader *r, const struct arrow_field *f, int64_t v,
		      struct rd_value *out, struct rd_err *err)
{
	int64_t by = f->unit == ARROW_SECOND ? 1000000 : f->unit == ARROW_MILLI ? 1000 : 1;

	if (f->unit == ARROW_NANO)
		out->i = floor_div(v, 1000);
	else if (__builtin_mul_overflow(v, by, &out->i))
		return arrow_bad(r, "a timestamp does not fit 64 bits of microseconds", err);
	return true;
}

static bool date_of(const struct arrow_reader *r, const struct arrow_field *f, int64_t v,
		    struct rd_value *out, struct rd_err *err)
{
	out->i = f->bits == 32 ? v : floor_div(v, DAY_MILLIS);
	if (f->bits == 64 && v % DAY_MILLIS)
		return arrow_bad(r, "a date has a time of day: make it a timestamp", err);
	return (out->i >= INT32_MIN && out->i <= INT32_MAX) ||
	       arrow_bad(r, "a date does not fit 32 bits of days", err);
}

static bool time_of(struct arrow_reader *r, const struct arrow_field *f, int64_t v,
		    struct rd_value *out, struct rd_err *err)
{
	const struct pq_leaf leaf = { .unit = f->unit == ARROW_NANO    ? PQ_NANOS
					      : f->unit == ARROW_MICRO ? PQ_MICROS
								       : PQ_MILLIS };
	uint8_t bytes[8];
	size_t len;

	if (f->unit == ARROW_SECOND)
		v *= 1000; /* of 32 bits */
	rd_store_le64(bytes, (uint64_t)v);
	len = time_text(&leaf, rd_view_of(bytes, 8), r->scratch.data);
	out->text = rd_view_of(r->scratch.data, len);
	return len || arrow_bad(r, "a time lies outside the day", err);
}

/* As PostgreSQL prints it: "1 mon 2 days 03:04:05.000006". */
static bool interval_of(struct arrow_reader *r, const struct arrow_field *f, const uint8_t *p,
			struct rd_value *out, struct rd_err *err)
{
	struct rd_buf text RD_AUTO(rd_buf_free) = { .max = 256 };
	struct rd_value v = { .type = { .type = RD_INTERVAL } };
	int64_t nanos = 0;

	if (f->unit != ARROW_DAYS_MILLIS)
		v.interval.months = (int32_t)arrow_int(r, p, 4);
	if (f->unit == ARROW_DAYS_MILLIS) {
		v.interval.days = (int32_t)arrow_int(r, p, 4);
		v.interval.micros = arrow_int(r, p + 4, 4) * 1000;
	} else if (f->unit == ARROW_MONTHS_DAYS_NANOS) {
		v.interval.days = (int32_t)arrow_int(r, p + 4, 4);
		nanos = arrow_int(r, p + 8, 8);
		v.interval.micros = nanos / 1000;
	}
	if (nanos % 1000)
		return arrow_bad(r, "an interval has a fraction of a microsecond", err);
	if (!rd_value_format(&v, "", &text, err) || !rd_store_grow(&r->scratch, text.len, 0, err))
		return false;
	memcpy(r->scratch.data, text.data, text.len);
	out->text = rd_view_of(r->scratch.data, text.len);
	return true;
}

/* ---- bytes ----------------------------------------------------------------------------------- */

static bool behind_offsets(const struct arrow_reader *r, const struct arrow_field *f,
			   const struct arrow_column *c, uint64_t i, struct rd_view *out)
{
	size_t size = f->bits / 8;
	uint64_t from = arrow_uint(r, c->offsets.data + i * size, size);
	uint64_t to = arrow_uint(r, c->offsets.data + (i + 1) * size, size);

	if (from > to || to > c->data.len)
		return false;
	*out = rd_view_of(c->data.data + from, (size_t)(to - from));
	return true;
}

/* Length; 12 bytes, or a prefix of 4, the number of a buffer and the place in it. */
static bool behind_view(const struct arrow_reader *r, const struct arrow_column *c, uint64_t i,
			struct rd_view *out)
{
	const uint8_t *p = c->data.data + i * 16;
	uint64_t len = arrow_uint(r, p, 4), buffer, at;

	if (len <= 12) {
		*out = rd_view_of(p + 4, (size_t)len);
		return true;
	}
	buffer = arrow_uint(r, p + 8, 4);
	at = arrow_uint(r, p + 12, 4);
	if (buffer >= c->n_buffers || at > c->buffer[buffer].len ||
	    len > c->buffer[buffer].len - at)
		return false;
	*out = rd_view_of(c->buffer[buffer].data + at, (size_t)len);
	return memcmp(out->data, p + 4, 4) == 0;
}

static bool bytes_of(struct arrow_reader *r, const struct arrow_field *f,
		     const struct arrow_column *c, uint64_t i, struct rd_value *out,
		     struct rd_err *err)
{
	bool is_text =
		f->type == ARROW_UTF8 || f->type == ARROW_LARGE_UTF8 || f->type == ARROW_UTF8_VIEW;
	struct rd_view v = { 0 };

	if (f->layout == ARROW_VALUES)
		v = rd_view_of(c->data.data + i * f->bits / 8, f->bits / 8);
	else if (!(f->layout == ARROW_VIEWS ? behind_view(r, c, i, &v)
					    : behind_offsets(r, f, c, i, &v)))
		return arrow_bad(r, "a text lies outside its buffer", err);
	if (v.len > (is_text ? RD_TEXT_MAX : RD_TEXT_MAX / 4))
		return arrow_bad(r, "a text is too long: at most 16 MiB, of bytes 4", err);
	out->text = v;
	if (is_text)
		return rd_utf8_valid(v) || arrow_bad(r, "a text is not UTF-8", err);
	if (!rd_store_grow(&r->scratch, 4 * v.len + 64, 0, err))
		return false;
	out->text = rd_view_of(r->scratch.data, f->is_uuid ? uuid_text(v, r->scratch.data)
							   : bytes_text(v, r->scratch.data));
	return true;
}

/* ---- any ------------------------------------------------------------------------------------- */

bool arrow_is_text(const struct arrow_field *f)
{
	return f->layout == ARROW_OFFSETS || f->layout == ARROW_VIEWS || f->type == ARROW_TIME ||
	       f->type == ARROW_INTERVAL || f->type == ARROW_FIXED_BINARY;
}

bool arrow_value(struct arrow_reader *r, const struct arrow_field *f, const struct arrow_column *c,
		 uint64_t i, struct rd_value *out, struct rd_err *err)
{
	const uint8_t *p = f->layout == ARROW_VALUES ? c->data.data + i * f->bits / 8 : NULL;
	size_t size = f->bits / 8;

	switch (f->type) {
	case ARROW_BOOL:
		out->i = *p >> (i % 8) & 1;
		return true;
	case ARROW_INT:
		if (f->bits == 64 && !f->is_signed)
			out->d = (rd_int128)arrow_uint(r, p, 8);
		else
			out->i = f->is_signed ? arrow_int(r, p, size)
					      : (int64_t)arrow_uint(r, p, size);
		return true;
	case ARROW_DURATION:
		out->i = arrow_int(r, p, 8);
		return true;
	case ARROW_FLOAT:
		out->f = double_of(r, f, p);
		return true;
	case ARROW_DECIMAL:
		return (decimal_of(r, f, p, &out->d) &&
			rd_decimal_fits(out->d, (uint8_t)f->precision)) ||
		       arrow_bad(r, "a decimal has more digits than its type", err);
	case ARROW_DATE:
		return date_of(r, f, arrow_int(r, p, size), out, err);
	case ARROW_TIMESTAMP:
		return moment_of(r, f, arrow_int(r, p, 8), out, err);
	case ARROW_TIME:
		return rd_store_grow(&r->scratch, TIME_TEXT_MAX, 0, err) &&
		       time_of(r, f, arrow_int(r, p, size), out, err);
	case ARROW_INTERVAL:
		return interval_of(r, f, p, out, err);
	default:
		return bytes_of(r, f, c, i, out, err);
	}
}
