/* Text to values, exactly or not at all: see redoubt/table.h. */
#include "calendar.h"

#include <redoubt/table.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DOUBLE_TEXT_MAX 1024

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool no_form(struct rd_view text, struct rd_coltype type, struct rd_err *err)
{
	char name[32];

	rd_coltype_name(type, name);
	return rd_fail(err, RD_FAULT_MALFORMED, "table.value.form", "'%.*s' is no %s",
		       (int)(text.len < 64 ? text.len : 64), (const char *)text.data, name);
}

static bool no_range(struct rd_view text, struct rd_coltype type, struct rd_err *err)
{
	char name[32];

	rd_coltype_name(type, name);
	return rd_fail(err, RD_FAULT_MALFORMED, "table.value.range", "'%.*s' does not fit in %s",
		       (int)(text.len < 64 ? text.len : 64), (const char *)text.data, name);
}

static bool parse_bool(struct rd_view text, struct rd_value *out, struct rd_err *err)
{
	static const char *const words[] = { "false", "true", "f",   "t",  "no", "yes",
					     "n",     "y",    "off", "on", "0",  "1" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (text.len == strlen(words[i]) &&
		    strncasecmp((const char *)text.data, words[i], text.len) == 0) {
			out->i = (int64_t)(i & 1);
			return true;
		}
	}
	return no_form(text, out->type, err);
}

/* Sign, digits, point, digits; at least one digit.  `scale` digits behind the point are taken,
 * further ones must be zero.  The magnitude must stay below 10^precision. */
static bool parse_decimal(struct rd_view text, struct rd_value *out, struct rd_err *err)
{
	static const rd_uint128 stop = (~(rd_uint128)0) / 10 - 1;
	rd_uint128 value = 0, limit = 1;
	size_t at = 0, digits = 0, behind = 0;
	bool point = false, negative = false;

	if (text.len && (text.data[0] == '-' || text.data[0] == '+'))
		negative = text.data[at++] == '-';
	for (; at < text.len; at++) {
		uint8_t c = text.data[at];

		if (c == '.' && !point) {
			point = true;
			continue;
		}
		if (!is_digit(c))
			return no_form(text, out->type, err);
		digits++;
		behind += point;
		if (behind > out->type.scale ? c != '0' : value > stop)
			return no_range(text, out->type, err);
		if (behind <= out->type.scale)
			value = value * 10 + (c - '0');
	}
	if (digits == 0)
		return no_form(text, out->type, err);
	for (; behind < out->type.scale; behind++) {
		if (value > stop)
			return no_range(text, out->type, err);
		value *= 10;
	}
	for (int i = 0; i < out->type.precision; i++)
		limit *= 10;
	if (value >= limit)
		return no_range(text, out->type, err);
	out->d = negative ? -(rd_int128)value : (rd_int128)value;
	return true;
}

static bool parse_integer(struct rd_view text, struct rd_value *out, struct rd_err *err)
{
	int64_t min = out->type.type == RD_INT32 ? INT32_MIN : INT64_MIN;
	int64_t max = out->type.type == RD_INT32 ? INT32_MAX : INT64_MAX;
	size_t at = text.len && (text.data[0] == '-' || text.data[0] == '+');
	bool negative = at && text.data[0] == '-';
	int64_t value = 0;

	if (at == text.len)
		return no_form(text, out->type, err);
	for (; at < text.len; at++) {
		int64_t digit = text.data[at] - '0';

		if (digit < 0 || digit > 9)
			return no_form(text, out->type, err);
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, negative ? -digit : digit, &value))
			return no_range(text, out->type, err);
	}
	if (value < min || value > max)
		return no_range(text, out->type, err);
	out->i = value;
	return true;
}

/* What the text of a number is made of; false if it is none. */
struct number {
	uint64_t mantissa; /* of the first 19 digits */
	int digits;        /* significant ones, at most 20 counted */
	int exponent;      /* of ten, behind the mantissa */
	bool negative;
};

static bool scan_exponent(struct rd_view text, size_t at, struct number *n)
{
	bool negative = false;
	int exponent = 0;

	if (at < text.len && (text.data[at] == '-' || text.data[at] == '+'))
		negative = text.data[at++] == '-';
	if (at == text.len)
		return false;
	for (; at < text.len; at++) {
		if (!is_digit(text.data[at]))
			return false;
		if (exponent < 100000)
			exponent = exponent * 10 + (text.data[at] - '0');
	}
	n->exponent += negative ? -exponent : exponent;
	return true;
}

static bool scan_number(struct rd_view text, struct number *n)
{
	size_t at = 0, seen = 0;
	bool point = false;

	*n = (struct number){ 0 };
	if (text.len && (text.data[0] == '-' || text.data[0] == '+'))
		n->negative = text.data[at++] == '-';
	for (; at < text.len; at++) {
		uint8_t c = text.data[at];

		if (c == '.' && !point) {
			point = true;
			continue;
		}
		if (!is_digit(c))
			break;
		seen++;
		if (n->digits > 0 || c != '0')
			n->digits += n->digits < 20;
		if (n->digits < 20) {
			n->mantissa = n->mantissa * 10 + (uint64_t)(c - '0');
			n->exponent -= point;
		} else {
			n->exponent += !point;
		}
	}
	if (seen == 0)
		return false;
	if (at == text.len)
		return true;
	return (text.data[at] | 0x20) == 'e' && scan_exponent(text, at + 1, n);
}

static bool special_double(struct rd_view text, double *out)
{
	bool negative = text.len && text.data[0] == '-';
	size_t at = text.len && (negative || text.data[0] == '+');
	const char *word = (const char *)text.data + at;
	size_t len = text.len - at;

	if ((len == 3 && strncasecmp(word, "inf", 3) == 0) ||
	    (len == 8 && strncasecmp(word, "infinity", 8) == 0))
		*out = negative ? -HUGE_VAL : HUGE_VAL;
	else if (at == 0 && len == 3 && strncasecmp(word, "nan", 3) == 0)
		*out = NAN;
	else
		return false;
	return true;
}

static bool parse_double(struct rd_view text, struct rd_value *out, struct rd_err *err)
{
	static const double tens[] = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
				       1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
				       1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };
	char copy[DOUBLE_TEXT_MAX];
	struct number n;

	if (!scan_number(text, &n))
		return (text.len && special_double(text, &out->f)) || no_form(text, out->type, err);
	/* Both operands exact: one rounding, so the result is the nearest (Clinger). */
	if (n.digits <= 15 && n.exponent >= -22 && n.exponent <= 22) {
		double m = (double)n.mantissa;

		m = n.exponent < 0 ? m / tens[-n.exponent] : m * tens[n.exponent];
		out->f = n.negative ? -m : m;
		return true;
	}
	if (text.len >= sizeof(copy))
		return no_range(text, out->type, err);
	memcpy(copy, text.data, text.len);
	copy[text.len] = '\0';
	errno = 0;
	out->f = strtod(copy, NULL);
	if (errno == ERANGE && (out->f == 0 || isinf(out->f)))
		return no_range(text, out->type, err);
	return true;
}

/* ---- dates ------------------------------------------------------------------------------- */

struct scan {
	struct rd_view text;
	size_t at;
	bool failed;
};

static int64_t number(struct scan *s, size_t min_digits, size_t max_digits)
{
	int64_t value = 0;
	size_t n = 0;

	for (; n < max_digits && s->at < s->text.len && is_digit(s->text.data[s->at]); n++)
		value = value * 10 + (s->text.data[s->at++] - '0');
	s->failed |= n < min_digits;
	return value;
}

static bool take(struct scan *s, char c)
{
	if (s->at >= s->text.len || s->text.data[s->at] != (uint8_t)c)
		return false;
	s->at++;
	return true;
}

static int64_t month_days(int64_t year, int64_t month)
{
	static const int64_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0))
		return 29;
	return days[month - 1];
}

/* Year, month and day as written: the era comes at the end of the text. */
static void scan_date(struct scan *s, struct civil *c)
{
	c->year = number(s, 4, 7);
	s->failed |= !take(s, '-');
	c->month = (int32_t)number(s, 2, 2);
	s->failed |= !take(s, '-');
	c->day = (int32_t)number(s, 2, 2);
}

static int64_t scan_time(struct scan *s)
{
	int64_t hour = number(s, 2, 2), minute, second = 0, us = 0;
	size_t start;

	s->failed |= !take(s, ':');
	minute = number(s, 2, 2);
	if (take(s, ':')) {
		second = number(s, 2, 2);
		if (take(s, '.')) {
			start = s->at;
			us = number(s, 1, 6);
			for (size_t n = s->at - start; n < 6; n++)
				us *= 10;
		}
	}
	s->failed |= hour > 23 || minute > 59 || second > 59;
	return ((hour * 60 + minute) * 60 + second) * US_PER_S + us;
}

/* Reads the era, and checks that the date exists and that nothing follows. */
static bool finish_date(struct scan *s, struct civil *c)
{
	struct rd_view rest = rd_view_of(s->text.data + s->at, s->text.len - s->at);
	bool bc = rd_view_eq(rest, rd_view_str(" BC"));

	if (s->failed || (rest.len && !bc) || c->year == 0)
		return false;
	if (bc)
		c->year = 1 - c->year;
	return c->month >= 1 && c->month <= 12 && c->day >= 1 &&
	       c->day <= month_days(c->year, c->month);
}

static bool parse_date(struct rd_view text, struct rd_value *out, struct rd_err *err)
{
	struct scan s = { .text = text };
	struct civil c = { 0 };

	scan_date(&s, &c);
	if (!finish_date(&s, &c))
		return no_form(text, out->type, err);
	out->i = civil_to_days(c);
	if (out->i < INT32_MIN || out->i > INT32_MAX)
		return no_range(text, out->type, err);
	return true;
}

static bool parse_timestamp(struct rd_view text, struct rd_value *out, struct rd_err *err)
{
	struct scan s = { .text = text };
	struct civil c = { 0 };
	int64_t us = 0, days;
	size_t date_end;

	scan_date(&s, &c);
	date_end = s.at;
	if (take(&s, 'T') || (take(&s, ' ') && s.at < text.len && is_digit(text.data[s.at])))
		us = scan_time(&s);
	else
		s.at = date_end;
	if (!finish_date(&s, &c))
		return no_form(text, out->type, err);
	days = civil_to_days(c);
	/* In whole days first: the smallest timestamp lies in a day that begins below it. */
	if (days < 0 && us > 0) {
		days++;
		us -= US_PER_DAY;
	}
	if (__builtin_mul_overflow(days, US_PER_DAY, &out->i) ||
	    __builtin_add_overflow(out->i, us, &out->i))
		return no_range(text, out->type, err);
	return true;
}

static bool parse_text(struct rd_view text, struct rd_value *out, struct rd_err *err)
{
	if (text.len > RD_TEXT_MAX)
		return rd_fail(err, RD_FAULT_MALFORMED, "table.value.range",
			       "a text of %zu bytes, at most %u are taken", text.len, RD_TEXT_MAX);
	if (!rd_utf8_valid(text))
		return rd_fail(err, RD_FAULT_MALFORMED, "table.value.utf8",
			       "expected UTF-8, found other bytes: convert the text first");
	out->text = text;
	return true;
}

bool rd_value_parse(struct rd_view text, struct rd_coltype type, struct rd_value *out,
		    struct rd_err *err)
{
	*out = (struct rd_value){ .type = type };
	switch ((enum rd_type)type.type) {
	case RD_BOOL:
		return parse_bool(text, out, err);
	case RD_INT32:
	case RD_INT64:
		return parse_integer(text, out, err);
	case RD_DECIMAL:
		return parse_decimal(text, out, err);
	case RD_DOUBLE:
		return parse_double(text, out, err);
	case RD_DATE:
		return parse_date(text, out, err);
	case RD_TIMESTAMP:
		return parse_timestamp(text, out, err);
	case RD_TEXT:
		return parse_text(text, out, err);
	case RD_INTERVAL:
	case RD_NOTYPE:
		break;
	}
	return rd_fail(err, RD_FAULT_USAGE, "table.value.type", "no text is read as this type");
}
