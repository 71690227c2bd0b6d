/* Literals, and what is computed when the query is compiled: conversions of constants, and dates
 * plus intervals. */
#include "sql_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_space(uint8_t ch)
{
	return ch == ' ' || (ch >= '\t' && ch <= '\r');
}

static struct rd_view trim(struct rd_view text)
{
	while (text.len && is_space(text.data[0]))
		text = rd_view_of(text.data + 1, text.len - 1);
	while (text.len && is_space(text.data[text.len - 1]))
		text.len--;
	return text;
}

/* Digits of a number, without its exponent: significant ones and those behind the point. */
struct number {
	bool negative;
	char digits[400]; /* without point and leading zeros */
	uint32_t n;
	int32_t scale;
};

/* [+-]digits[.digits][e[+-]digits]; false if it is not that, or has more than 400 digits. */
static bool scan_number(struct rd_view text, struct number *out)
{
	size_t i = 0, seen = 0;
	bool point = false;
	int64_t exponent;

	*out = (struct number){ 0 };
	if (i < text.len && (text.data[i] == '-' || text.data[i] == '+'))
		out->negative = text.data[i++] == '-';
	for (; i < text.len; i++) {
		if (text.data[i] == '.' && !point) {
			point = true;
			continue;
		}
		if (text.data[i] < '0' || text.data[i] > '9')
			break;
		seen++;
		out->scale += point;
		if (out->n == 0 && text.data[i] == '0')
			continue;
		if (out->n == sizeof(out->digits))
			return false;
		out->digits[out->n++] = (char)text.data[i];
	}
	if (seen == 0)
		return false;
	if (i == text.len)
		return true;
	if (text.data[i] != 'e' && text.data[i] != 'E')
		return false;
	i++;
	if (i < text.len && text.data[i] == '+')
		i++;
	if (!rd_parse_i64(rd_view_of(text.data + i, text.len - i), -100, 100, &exponent,
			  &(struct rd_err){ 0 }))
		return false;
	out->scale -= (int32_t)exponent;
	return true;
}

/* The number as a decimal of its own digits; false if 38 do not hold it. */
static bool as_decimal(struct number *number, struct rd_value *out)
{
	rd_int128 value = 0;

	for (; number->scale < 0 && number->n; number->scale++) {
		if (number->n >= 39)
			return false;
		number->digits[number->n++] = '0';
	}
	if (number->scale < 0)
		number->scale = 0;
	if (number->n > 38 || number->scale > 38)
		return false;
	for (uint32_t i = 0; i < number->n; i++)
		value = value * 10 + (number->digits[i] - '0');
	*out = (struct rd_value){ .type = sql_decimal(number->n, (uint32_t)number->scale),
				  .d = number->negative ? -value : value };
	return true;
}

static bool number_const(struct sql *c, struct rd_view text, uint32_t place, struct rd_value *out)
{
	struct number number;
	int64_t integer;

	if (rd_parse_i64(text, INT64_MIN, INT64_MAX, &integer, &(struct rd_err){ 0 })) {
		bool narrow = integer >= INT32_MIN && integer <= INT32_MAX;
		*out = (struct rd_value){ .type = sql_type_of(narrow ? RD_INT32 : RD_INT64),
					  .i = integer };
		return true;
	}
	if (scan_number(text, &number) && as_decimal(&number, out))
		return true;
	return sql_fail(c, place, "query.sql.value",
			"a number of at most 38 digits is expected, found '%.*s'",
			(int)(text.len < 60 ? text.len : 60), (const char *)text.data);
}

bool sql_const_node(struct sql *c, const json_t *inner, struct rd_value *out, bool *unknown)
{
	uint32_t place = sql_place(inner);
	const json_t *value;

	*unknown = false;
	if (!sql_fields(c, inner, "isnull ival fval sval boolval location"))
		return false;
	if (sql_flag(inner, "isnull")) {
		*unknown = true;
		*out = (struct rd_value){ .type = sql_type_of(RD_TEXT), .is_null = true };
		out->type.nullable = true;
		return true;
	}
	value = sql_get(inner, "ival");
	if (value) {
		*out = (struct rd_value){ .type = sql_type_of(RD_INT32),
					  .i = json_integer_value(sql_get(value, "ival")) };
		return true;
	}
	value = sql_get(inner, "fval");
	if (value)
		return number_const(c, rd_view_str(sql_str(value, "fval")), place, out);
	value = sql_get(inner, "boolval");
	if (value) {
		*out = (struct rd_value){ .type = sql_type_of(RD_BOOL),
					  .i = sql_flag(value, "boolval") };
		return true;
	}
	value = sql_get(inner, "sval");
	if (!value)
		return sql_unsupported(c, place, "this constant is");
	*unknown = true;
	*out = (struct rd_value){ .type = sql_type_of(RD_TEXT) };
	return rd_arena_copy(c->arena, rd_view_str(sql_str(value, "sval")), &out->text, c->err);
}

/* Words that PostgreSQL reads as booleans: any case, any unique prefix. */
static bool bool_literal(struct rd_view text, struct rd_value *out)
{
	static const char *const words[] = { "true", "yes", "on", "1", "false", "no", "off", "0" };
	char lower[8];

	if (text.len == 0 || text.len >= sizeof(lower))
		return false;
	for (size_t i = 0; i < text.len; i++)
		lower[i] = (char)(text.data[i] >= 'A' && text.data[i] <= 'Z' ? text.data[i] | 32
									     : text.data[i]);
	if (text.len == 1 && lower[0] == 'o')
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strncmp(words[i], lower, text.len) == 0) {
			out->i = i < 4;
			return true;
		}
	}
	return false;
}

bool sql_literal(struct sql *c, struct rd_view text, struct rd_coltype type, uint32_t place,
		 struct rd_value *out)
{
	struct rd_err why = { 0 };
	struct number number;
	char name[32];
	bool ok;

	type.nullable = false;
	*out = (struct rd_value){ .type = type };
	if (type.type == RD_TEXT)
		return rd_arena_copy(c->arena, text, &out->text, c->err);
	text = trim(text);
	if (type.type == RD_INTERVAL)
		return sql_interval(c, text, 0, place, out);
	if (type.type == RD_BOOL)
		ok = bool_literal(text, out);
	else if (type.type == RD_DECIMAL && type.precision == 0)
		ok = scan_number(text, &number) && as_decimal(&number, out);
	else
		ok = rd_value_parse(text, type, out, &why);
	if (!ok && type.type == RD_TIMESTAMP) { /* a date alone is its midnight */
		struct rd_value day;
		ok = rd_value_parse(text, sql_type_of(RD_DATE), &day, &why);
		if (ok)
			*out = (struct rd_value){ .type = type, .i = day.i * INT64_C(86400000000) };
	}
	if (ok)
		return true;
	sql_type_name(type, name);
	return sql_fail(c, place, "query.sql.value", "'%.*s' is not a value of type %s%s%s",
			(int)(text.len < 60 ? text.len : 60), (const char *)text.data, name,
			why.text[0] ? ": " : "", why.text);
}

static const struct {
	const char *word; /* without the plural's s */
	int32_t months, days;
	int64_t micros;
	int64_t field; /* PostgreSQL's mask of INTERVAL '..' FIELD */
} units[] = {
	{ "year", 12, 0, 0, 1 << 2 },
	{ "month", 1, 0, 0, 1 << 1 },
	{ "mon", 1, 0, 0, 0 },
	{ "week", 0, 7, 0, 0 },
	{ "day", 0, 1, 0, 1 << 3 },
	{ "hour", 0, 0, INT64_C(3600000000), 1 << 10 },
	{ "minute", 0, 0, 60000000, 1 << 11 },
	{ "min", 0, 0, 60000000, 0 },
	{ "second", 0, 0, 1000000, 1 << 12 },
	{ "sec", 0, 0, 1000000, 0 },
};
#define N_UNITS (sizeof(units) / sizeof(units[0]))

static size_t find_unit(struct rd_view word, int64_t field)
{
	for (size_t i = 0; i < N_UNITS; i++) {
		size_t len = strlen(units[i].word);
		if (word.len == 0 ? field != 0 && units[i].field == field
				  : word.len >= len && word.len <= len + 1 &&
					    memcmp(word.data, units[i].word, len) == 0 &&
					    (word.len == len || word.data[len] == 's'))
			return i;
	}
	return N_UNITS;
}

static struct rd_view take(struct rd_view *rest, bool letters)
{
	struct rd_view out = *rest;
	size_t n = 0;

	while (n < rest->len && !is_space(rest->data[n]) &&
	       letters == ((rest->data[n] | 32) >= 'a' && (rest->data[n] | 32) <= 'z'))
		n++;
	out.len = n;
	*rest = trim(rd_view_of(rest->data + n, rest->len - n));
	return out;
}

bool sql_interval(struct sql *c, struct rd_view text, int64_t fields, uint32_t place,
		  struct rd_value *out)
{
	struct rd_view rest = trim(text), word;
	int64_t count, months = 0, days = 0, micros = 0;
	struct rd_err why = { 0 };
	size_t unit;

	*out = (struct rd_value){ .type = sql_type_of(RD_INTERVAL) };
	do {
		word = take(&rest, false);
		if (word.len && word.data[0] == '+')
			word = rd_view_of(word.data + 1, word.len - 1);
		if (!rd_parse_i64(word, -1000000, 1000000, &count, &why))
			break;
		word = take(&rest, true);
		unit = find_unit(word, fields);
		if (unit == N_UNITS)
			break;
		months += count * units[unit].months;
		days += count * units[unit].days;
		micros += count * units[unit].micros;
		if (rest.len == 0) {
			out->interval.months = (int32_t)months;
			out->interval.days = (int32_t)days;
			out->interval.micros = micros;
			return true;
		}
	} while (months <= INT32_MAX / 2 && months >= INT32_MIN / 2 && days <= INT32_MAX / 2 &&
		 days >= INT32_MIN / 2 && micros <= INT64_MAX / 2 && micros >= INT64_MIN / 2);
	return sql_fail(c, place, "query.sql.value",
			"an interval is written as whole numbers with units, such as '3 months' or "
			"'1 day 2 hours', or INTERVAL '90' DAY");
}

static bool fold_decimal(const struct rd_value *in, struct rd_coltype type, struct rd_value *out)
{
	rd_int128 value = in->type.type == RD_DECIMAL ? in->d : in->i, limit = 1;
	uint32_t scale = in->type.type == RD_DECIMAL ? in->type.scale : 0;

	for (uint32_t i = 0; i < type.precision; i++)
		limit *= 10;
	if (scale > type.scale)
		return false;
	for (; scale < type.scale; scale++) {
		if (value >= limit || value <= -limit)
			return false;
		value *= 10;
	}
	out->d = value;
	return value < limit && value > -limit;
}

static bool fold_double(struct sql *c, const struct rd_value *in, struct rd_value *out)
{
	struct rd_buf text RD_AUTO(rd_buf_free) = { .max = 128 };

	if (!rd_value_format(in, "", &text, c->err))
		return false;
	rd_buf_add_byte(&text, '\0');
	if (!rd_buf_ok(&text, c->err))
		return false;
	out->f = strtod((const char *)text.data, NULL);
	return true;
}

bool sql_fold_cast(struct sql *c, const struct rd_value *in, struct rd_coltype type,
		   struct rd_value *out, bool *done)
{
	bool integer = sql_is_integer(in->type);

	*done = true;
	*out = (struct rd_value){ .type = type, .is_null = in->is_null };
	if (in->is_null)
		return true;
	if (type.type == RD_INT64 && integer) {
		out->i = in->i;
	} else if (type.type == RD_INT32 && integer && in->i >= INT32_MIN && in->i <= INT32_MAX) {
		out->i = in->i;
	} else if (type.type == RD_DECIMAL && (integer || in->type.type == RD_DECIMAL)) {
		*done = fold_decimal(in, type, out);
	} else if (type.type == RD_DOUBLE && (integer || in->type.type == RD_DECIMAL)) {
		return fold_double(c, in, out);
	} else if (type.type == RD_TIMESTAMP && in->type.type == RD_DATE) {
		*done = in->i >= -700000 && in->i <= 100000000;
		out->i = *done ? in->i * INT64_C(86400000000) : 0;
	} else {
		*done = false;
	}
	return true;
}

/* Months later, clipped to the month's last day; dates of the years 1 to 9999. */
static bool add_months(struct sql *c, int64_t days, int64_t months, int64_t *out)
{
	static const uint8_t length[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	struct rd_buf text RD_AUTO(rd_buf_free) = { .max = 64 };
	struct rd_value day = { .type = sql_type_of(RD_DATE), .i = days };
	int64_t y = 0, m = 0, d = 0, last;

	if (!rd_value_format(&day, "", &text, c->err))
		return false;
	if (text.len != 10 || !rd_parse_i64(rd_view_of(text.data, 4), 1, 9999, &y, c->err) ||
	    !rd_parse_i64(rd_view_of(text.data + 5, 2), 1, 12, &m, c->err) ||
	    !rd_parse_i64(rd_view_of(text.data + 8, 2), 1, 31, &d, c->err))
		return rd_fail(c->err, RD_FAULT_MALFORMED, "query.sql.value",
			       "a date of the years 1 to 9999 is expected");
	m += y * 12 - 1 + months;
	if (m < 12 || m >= 120000)
		return rd_fail(c->err, RD_FAULT_MALFORMED, "query.sql.value",
			       "a date of the years 1 to 9999 is expected");
	y = m / 12;
	m %= 12;
	last = length[m] + (m == 1 && y % 4 == 0 && (y % 100 != 0 || y % 400 == 0));
	rd_buf_clear(&text);
	rd_buf_printf(&text, "%04d-%02d-%02d", (int)y, (int)m + 1, (int)(d < last ? d : last));
	if (!rd_buf_ok(&text, c->err) ||
	    !rd_value_parse(rd_buf_view(&text), day.type, &day, c->err))
		return false;
	*out = day.i;
	return true;
}

bool sql_fold_date_add(struct sql *c, const struct rd_value *when, const struct rd_value *interval,
		       uint32_t place, struct rd_value *out)
{
	const int64_t day_us = INT64_C(86400000000);
	bool is_date = when->type.type == RD_DATE;
	int64_t days = is_date ? when->i : when->i / day_us, rest = 0;

	*out = (struct rd_value){ .type = when->type, .is_null = when->is_null };
	if (when->is_null)
		return true;
	if (!is_date) {
		days -= when->i % day_us < 0;
		rest = when->i - days * day_us;
	}
	if (days < -719162 || days > 2932896)
		return sql_fail(c, place, "query.sql.value",
				"a date of the years 1 to 9999 is expected");
	if (interval->interval.months != 0 &&
	    !add_months(c, days, interval->interval.months, &days))
		return false;
	days += interval->interval.days;
	out->i = is_date ? days : days * day_us + rest + interval->interval.micros;
	return true;
}
