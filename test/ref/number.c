/* Arithmetic and casts, one value at a time. */
#include "ref_int.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct big scaled(const struct rd_value *v, uint32_t scale)
{
	struct big value = big_of(v->d), ten = big_pow10(scale - v->type.scale);

	return big_mul(&value, &ten);
}

bool ref_decimal(const struct big *unscaled, struct rd_value *out)
{
	struct big limit = big_pow10(out->type.precision), size = *unscaled;

	size.neg = false;
	if (big_compare(&size, &limit) >= 0)
		return false;
	return big_to_int128(unscaled, &out->d);
}

static bool decimals(uint16_t op, const struct rd_value *a, const struct rd_value *b,
		     struct rd_value *out)
{
	uint32_t scale = a->type.scale > b->type.scale ? a->type.scale : b->type.scale;
	struct big x = scaled(a, scale), y = scaled(b, scale), ten, r;

	switch (op) {
	case RD_OP_ADD:
		r = big_add(&x, &y);
		break;
	case RD_OP_SUB:
		r = big_sub(&x, &y);
		break;
	case RD_OP_MUL:
		x = big_of(a->d);
		y = big_of(b->d);
		r = big_mul(&x, &y);
		break;
	case RD_OP_DIV:
		if (y.n == 0)
			return false;
		ten = big_pow10(out->type.scale);
		x = big_mul(&x, &ten);
		r = big_div_round(&x, &y);
		break;
	default:
		if (y.n == 0)
			return false;
		big_div(&x, &y, &r);
		break;
	}
	return ref_decimal(&r, out);
}

/* float8_pl and its like in PostgreSQL. */
static bool doubles(uint16_t op, double a, double b, double *out)
{
	double r;
	bool zero_is_underflow = false;

	if (op == RD_OP_DIV && b == 0.0 && !isnan(a))
		return false;
	switch (op) {
	case RD_OP_ADD:
		r = a + b;
		break;
	case RD_OP_SUB:
		r = a - b;
		break;
	case RD_OP_MUL:
		r = a * b;
		zero_is_underflow = a != 0.0 && b != 0.0;
		break;
	default:
		r = a / b;
		zero_is_underflow = a != 0.0 && !isinf(b);
		break;
	}
	if (isinf(r) && !isinf(a) && !isinf(b))
		return false;
	if (r == 0.0 && zero_is_underflow)
		return false;
	*out = r;
	return true;
}

/* Exact in 128 bits, then within the type. */
static bool integers(uint16_t op, rd_int128 a, rd_int128 b, struct rd_value *out)
{
	rd_int128 r, low, high;

	if ((op == RD_OP_DIV || op == RD_OP_MOD) && b == 0)
		return false;
	switch (op) {
	case RD_OP_ADD:
		r = a + b;
		break;
	case RD_OP_SUB:
		r = a - b;
		break;
	case RD_OP_MUL:
		r = a * b;
		break;
	case RD_OP_DIV:
		r = a / b;
		break;
	default:
		r = a % b;
		break;
	}
	low = out->type.type == RD_INT64 ? INT64_MIN : INT32_MIN;
	high = out->type.type == RD_INT64 ? INT64_MAX : INT32_MAX;
	if (r < low || r > high)
		return false;
	out->i = (int64_t)r;
	return true;
}

bool ref_arith(uint16_t op, const struct rd_value *a, const struct rd_value *b,
	       struct rd_value *out)
{
	struct rd_value zero = { .type = a->type };

	if (op == RD_OP_ABS && (a->type.type == RD_DOUBLE)) {
		out->f = fabs(a->f);
		return true;
	}
	if (op == RD_OP_NEG && a->type.type == RD_DOUBLE) {
		out->f = -a->f;
		return true;
	}
	if (op == RD_OP_NEG || op == RD_OP_ABS) {
		bool minus = a->type.type == RD_DECIMAL ? a->d < 0 : a->i < 0;

		if (op == RD_OP_ABS && !minus)
			return ref_arith(RD_OP_ADD, &zero, a, out);
		return ref_arith(RD_OP_SUB, &zero, a, out);
	}
	if (a->type.type == RD_DECIMAL)
		return decimals(op, a, b, out);
	if (a->type.type == RD_DOUBLE)
		return doubles(op, a->f, b->f, &out->f);
	return integers(op, a->i, b->i, out);
}

/* ---- rounding ---------------------------------------------------------------------------- */

static double round_double(double a, int32_t digits)
{
	double ten = 1.0, r;

	for (int32_t i = 0; i < abs(digits); i++)
		ten *= 10.0; /* exact up to 10^22, then as everywhere */
	r = digits >= 0 ? rint(a * ten) / ten : rint(a / ten) * ten;
	return isfinite(r) ? r : a;
}

/* How far the value is above the multiple of 10^cut below it decides. */
static bool round_decimal(uint16_t op, const struct rd_value *a, int32_t digits,
			  struct rd_value *out)
{
	struct big x = big_of(a->d), ten, rest, r, one = big_of(1);
	int32_t cut = a->type.scale - digits;

	if (cut <= 0) {
		ten = big_pow10((uint32_t)-cut);
		r = big_mul(&x, &ten);
		return ref_decimal(&r, out);
	}
	ten = big_pow10((uint32_t)cut);
	if (op == RD_OP_ROUND || op == RD_OP_CAST) {
		r = big_div_round(&x, &ten);
	} else {
		r = big_div(&x, &ten, &rest);
		if (op == RD_OP_FLOOR && rest.n && rest.neg)
			r = big_sub(&r, &one);
		if (op == RD_OP_CEIL && rest.n && !rest.neg)
			r = big_add(&r, &one);
	}
	if (digits < 0) {
		ten = big_pow10((uint32_t)-digits);
		r = big_mul(&r, &ten);
	}
	return ref_decimal(&r, out);
}

bool ref_round(const struct rd_instr *in, const struct rd_value *a, struct rd_value *out)
{
	if (a->type.type == RD_DECIMAL)
		return round_decimal(in->op, a, in->op == RD_OP_ROUND ? in->digits : 0, out);
	if (in->op == RD_OP_FLOOR)
		out->f = floor(a->f);
	else if (in->op == RD_OP_CEIL)
		out->f = ceil(a->f);
	else
		out->f = round_double(a->f, in->digits);
	return true;
}

/* ---- casts ------------------------------------------------------------------------------- */

static bool to_integer(rd_int128 value, struct rd_value *out)
{
	return integers(RD_OP_ADD, value, 0, out);
}

static bool double_to_integer(double f, struct rd_value *out)
{
	f = rint(f);
	/* 2^63 is the first that does not fit; NaN fails both. */
	if (!(f >= -9223372036854775808.0 && f < 9223372036854775808.0))
		return false;
	return to_integer((int64_t)f, out);
}

/* "%.15g" is one digit, a point, 14 digits, and an exponent, once written with %e. */
static bool double_to_decimal(double f, struct rd_value *out)
{
	char text[64], digits[32];
	struct big value, ten;
	long exponent;

	if (!isfinite(f))
		return false;
	snprintf(text, sizeof(text), "%.14e", fabs(f));
	snprintf(digits, sizeof(digits), "%c%.14s", text[0], text + 2);
	exponent = strtol(strchr(text, 'e') + 1, NULL, 10) - 14 + out->type.scale;
	if (exponent > 40)
		return strtoll(digits, NULL, 10) == 0 && (out->d = 0, true);
	value = big_of(strtoll(digits, NULL, 10) * (f < 0 ? -1 : 1));
	ten = big_pow10((uint32_t)(exponent < -400 ? 400 : labs(exponent)));
	value = exponent < 0 ? big_div_round(&value, &ten) : big_mul(&value, &ten);
	return ref_decimal(&value, out);
}

static bool from_decimal(const struct rd_value *a, struct rd_value *out)
{
	struct rd_value whole = { .type = { RD_DECIMAL, 38, 0, false } };
	struct big x, ten;

	if (out->type.type == RD_DECIMAL)
		return round_decimal(RD_OP_CAST, a, out->type.scale, out);
	if (out->type.type == RD_DOUBLE) {
		x = big_of(a->d);
		ten = big_pow10(a->type.scale);
		out->f = big_ratio(&x, &ten, 0);
		return true;
	}
	return round_decimal(RD_OP_CAST, a, 0, &whole) && to_integer(whole.d, out);
}

static bool from_integer(const struct rd_value *a, struct rd_value *out)
{
	struct rd_value d = { .type = { RD_DECIMAL, 19, 0, false }, .d = a->i };

	switch ((enum rd_type)out->type.type) {
	case RD_BOOL:
		out->i = a->i != 0;
		return true;
	case RD_DOUBLE:
		out->f = (double)a->i;
		return true;
	case RD_DECIMAL:
		return from_decimal(&d, out);
	default:
		return to_integer(a->i, out);
	}
}

static bool to_text(struct ref_run *run, const struct rd_value *a, struct rd_value *out)
{
	struct rd_buf buf RD_AUTO(rd_buf_free) = { .max = RD_TEXT_MAX };

	if (a->type.type == RD_TEXT) {
		out->text = a->text;
		return true;
	}
	return rd_value_format(a, "", &buf, run->err) && rd_buf_ok(&buf, run->err) &&
	       rd_arena_copy(run->arena, rd_buf_view(&buf), &out->text, run->err);
}

/* Blanks as isspace has them in the C locale. */
static struct rd_view without_blanks(struct rd_view t)
{
	static const char blanks[] = " \t\n\v\f\r";

	while (t.len && memchr(blanks, t.data[0], sizeof(blanks) - 1)) {
		t.data++;
		t.len--;
	}
	while (t.len && memchr(blanks, t.data[t.len - 1], sizeof(blanks) - 1))
		t.len--;
	return t;
}

static bool from_text(const struct rd_value *a, struct rd_value *out)
{
	struct rd_coltype type = out->type;
	struct rd_err ignored = { 0 };

	type.nullable = false;
	return rd_value_parse(without_blanks(a->text), type, out, &ignored) && !out->is_null;
}

#define DAY_US 86400000000

bool ref_cast(struct ref_run *run, const struct rd_value *a, struct rd_value *out)
{
	rd_int128 us;

	if (out->type.type == RD_TEXT)
		return to_text(run, a, out);
	switch ((enum rd_type)a->type.type) {
	case RD_TEXT:
		return from_text(a, out);
	case RD_DECIMAL:
		return from_decimal(a, out);
	case RD_DOUBLE:
		if (out->type.type == RD_DOUBLE)
			out->f = a->f;
		else if (out->type.type == RD_DECIMAL)
			return double_to_decimal(a->f, out);
		else
			return double_to_integer(a->f, out);
		return true;
	case RD_DATE:
		us = (rd_int128)a->i * DAY_US;
		if (us < INT64_MIN || us > INT64_MAX)
			return false;
		out->i = (int64_t)us;
		return true;
	case RD_TIMESTAMP:
		out->i = a->i / DAY_US - (a->i % DAY_US < 0);
		return true;
	default:
		return from_integer(a, out);
	}
}
