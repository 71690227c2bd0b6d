/* Values as text, as PostgreSQL 15 prints them: see redoubt/table.h. */
#include "calendar.h"

#include <redoubt/table.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_decimal(struct rd_buf *out, rd_int128 unscaled, uint8_t scale)
{
	char text[48];
	size_t at = sizeof(text);
	rd_uint128 rest = unscaled < 0 ? -(rd_uint128)unscaled : (rd_uint128)unscaled;

	for (unsigned digits = 0; rest > 0 || digits <= scale; digits++) {
		if (digits == scale && scale > 0)
			text[--at] = '.';
		text[--at] = (char)('0' + (int)(rest % 10));
		rest /= 10;
	}
	if (unscaled < 0)
		text[--at] = '-';
	rd_buf_add(out, rd_view_of(text + at, sizeof(text) - at));
}

/* `digits` significant digits in scientific form that read back as `value`? */
static bool reads_back(double value, int digits, char out[40])
{
	(void)snprintf(out, 40, "%.*e", digits - 1, value);
	return strtod(out, NULL) == value;
}

/*
 * Where the mantissa is a power of two, the gap below is half the gap above: the nearest decimal
 * of 16 digits may lie below and miss while its upper neighbour hits.
 */
static bool neighbour_reads_back(double value, char out[40])
{
	char *end = strchr(out, 'e');

	for (char *c = end - 1; c >= out; c--) {
		if (*c == '.')
			continue;
		if (*c != '9') {
			(*c)++;
			break;
		}
		*c = '0';
	}
	return strtod(out, NULL) == value;
}

/* The shortest decimal that reads back as `value` (positive, finite), in scientific form. */
static void shortest(double value, char out[40])
{
	/* 15 digits always survive in normal numbers; below those, fewer may do. */
	int from = value < 2.2250738585072014e-308 ? 1 : 15;

	for (int digits = from; digits <= 16; digits++)
		if (reads_back(value, digits, out))
			return;
	if (!neighbour_reads_back(value, out))
		(void)snprintf(out, 40, "%.16e", value);
}

/* Fixed-point from 1e-4 up to 1e15, else d.ddde+XX, as PostgreSQL's float8out. */
static void put_double(struct rd_buf *out, double value)
{
	char text[40], digits[20];
	size_t n = 0;
	int exponent;

	if (isnan(value) || isinf(value) || value == 0) {
		rd_buf_printf(out, "%s%s", signbit(value) && !isnan(value) ? "-" : "",
			      isnan(value)   ? "NaN"
			      : isinf(value) ? "Infinity"
					     : "0");
		return;
	}
	if (value < 0)
		rd_buf_add_byte(out, '-');
	shortest(fabs(value), text);
	for (const char *c = text; *c != 'e'; c++)
		if (*c != '.')
			digits[n++] = *c;
	exponent = (int)strtol(strchr(text, 'e') + 1, NULL, 10);
	while (n > 1 && digits[n - 1] == '0')
		n--;
	if (exponent < -4 || exponent >= 15) {
		rd_buf_printf(out, "%c%s%.*se%c%02d", digits[0], n > 1 ? "." : "", (int)n - 1,
			      digits + 1, exponent < 0 ? '-' : '+', abs(exponent));
		return;
	}
	if (exponent < 0)
		rd_buf_printf(out, "0.%.*s%.*s", -exponent - 1, "000", (int)n, digits);
	else if ((int)n <= exponent + 1)
		rd_buf_printf(out, "%.*s%.*s", (int)n, digits, exponent + 1 - (int)n,
			      "00000000000000");
	else
		rd_buf_printf(out, "%.*s.%.*s", exponent + 1, digits, (int)n - exponent - 1,
			      digits + exponent + 1);
}

/* The date without its era; true when " BC" must follow. */
static bool put_date(struct rd_buf *out, int64_t days)
{
	struct civil c = civil_from_days(days);
	bool bc = c.year <= 0;

	rd_buf_printf(out, "%04" PRId64 "-%02" PRId32 "-%02" PRId32, bc ? 1 - c.year : c.year,
		      c.month, c.day);
	return bc;
}

static void put_time(struct rd_buf *out, uint64_t us)
{
	uint64_t s = us / US_PER_S, fraction = us % US_PER_S;
	int width = 6;

	rd_buf_printf(out, "%02" PRIu64 ":%02" PRIu64 ":%02" PRIu64, s / 3600, s / 60 % 60, s % 60);
	if (fraction == 0)
		return;
	for (; fraction % 10 == 0; fraction /= 10)
		width--;
	rd_buf_printf(out, ".%0*" PRIu64, width, fraction);
}

static void put_timestamp(struct rd_buf *out, int64_t us)
{
	int64_t of_day = us % US_PER_DAY, days = us / US_PER_DAY;
	bool bc;

	if (of_day < 0) {
		of_day += US_PER_DAY;
		days--;
	}
	bc = put_date(out, days);
	rd_buf_add_byte(out, ' ');
	put_time(out, (uint64_t)of_day);
	if (bc)
		rd_buf_add(out, rd_view_str(" BC"));
}

/* One field of an interval: a positive one behind a negative one shows its sign. */
static void put_field(struct rd_buf *out, size_t start, int64_t n, const char *unit)
{
	bool behind = out->len > start;
	bool after_minus = behind && memchr(out->data + start, '-', out->len - start);

	if (n != 0)
		rd_buf_printf(out, "%s%s%" PRId64 " %s%s", behind ? " " : "",
			      after_minus && n > 0 ? "+" : "", n, unit, n == 1 ? "" : "s");
}

static void put_interval(struct rd_buf *out, const struct rd_value *v)
{
	size_t start = out->len;
	int64_t us = v->interval.micros;

	put_field(out, start, v->interval.months / 12, "year");
	put_field(out, start, v->interval.months % 12, "mon");
	put_field(out, start, v->interval.days, "day");
	if (us == 0 && out->len > start)
		return;
	if (out->len > start)
		rd_buf_add_byte(out, ' ');
	if (us < 0)
		rd_buf_add_byte(out, '-');
	else if (out->len > start && memchr(out->data + start, '-', out->len - start))
		rd_buf_add_byte(out, '+');
	put_time(out, us < 0 ? -(uint64_t)us : (uint64_t)us);
}

bool rd_value_format(const struct rd_value *value, const char *null_text, struct rd_buf *out,
		     struct rd_err *err)
{
	if (value->is_null) {
		rd_buf_add(out, rd_view_str(null_text));
		return rd_buf_ok(out, err);
	}
	switch ((enum rd_type)value->type.type) {
	case RD_BOOL:
		rd_buf_add(out, rd_view_str(value->i ? "true" : "false"));
		break;
	case RD_INT32:
	case RD_INT64:
		rd_buf_printf(out, "%" PRId64, value->i);
		break;
	case RD_DECIMAL:
		put_decimal(out, value->d, value->type.scale);
		break;
	case RD_DOUBLE:
		put_double(out, value->f);
		break;
	case RD_DATE:
		if (put_date(out, value->i))
			rd_buf_add(out, rd_view_str(" BC"));
		break;
	case RD_TIMESTAMP:
		put_timestamp(out, value->i);
		break;
	case RD_TEXT:
		rd_buf_add(out, value->text);
		break;
	case RD_INTERVAL:
		put_interval(out, value);
		break;
	case RD_NOTYPE:
		return rd_fail(err, RD_FAULT_USAGE, "table.value.type",
			       "a value without a type cannot be printed");
	}
	return rd_buf_ok(out, err);
}
