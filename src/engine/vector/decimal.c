/* Exact arithmetic of decimals with up to 38 digits; 256 bits on the way. */
#include "vector_int.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct wide {
	rd_uint128 hi, lo;
};

static rd_uint128 magnitude(rd_int128 x)
{
	return x < 0 ? -(rd_uint128)x : (rd_uint128)x;
}

static bool beyond(rd_uint128 x)
{
	return x >= (rd_uint128)rd_v_pow10(38);
}

static struct wide multiply(rd_uint128 a, rd_uint128 b)
{
	uint64_t a0 = (uint64_t)a, a1 = (uint64_t)(a >> 64);
	uint64_t b0 = (uint64_t)b, b1 = (uint64_t)(b >> 64);
	rd_uint128 low = (rd_uint128)a0 * b0, x = (rd_uint128)a1 * b0, y = (rd_uint128)a0 * b1;
	rd_uint128 middle = (low >> 64) + (uint64_t)x + (uint64_t)y;

	return (struct wide){ .hi = (rd_uint128)a1 * b1 + (x >> 64) + (y >> 64) + (middle >> 64),
			      .lo = (middle << 64) | (uint64_t)low };
}

/* w / d; false when the quotient needs more than 128 bits.  d < 2^127. */
static bool divide(struct wide w, rd_uint128 d, rd_uint128 *quotient, rd_uint128 *rest)
{
	rd_uint128 r = w.hi, q = 0;

	if (w.hi == 0) {
		*quotient = w.lo / d;
		*rest = w.lo % d;
		return true;
	}
	if (w.hi >= d)
		return false;
	for (int bit = 127; bit >= 0; bit--) {
		r = r << 1 | (w.lo >> bit & 1);
		q <<= 1;
		if (r >= d) {
			r -= d;
			q |= 1;
		}
	}
	*quotient = q;
	*rest = r;
	return true;
}

static bool signed_result(rd_uint128 x, bool negative, rd_int128 *out)
{
	if (beyond(x))
		return false;
	*out = negative ? -(rd_int128)x : (rd_int128)x;
	return true;
}

/* a b / d, half away from zero. */
bool rd_v_mul_div(rd_int128 a, rd_int128 b, rd_int128 d, rd_int128 *out)
{
	rd_uint128 q, rest, ud = magnitude(d);

	if (!divide(multiply(magnitude(a), magnitude(b)), ud, &q, &rest))
		return false;
	q += rest >= ud - rest;
	return signed_result(q, ((a < 0) != (b < 0)) != (d < 0), out);
}

bool rd_v_rescale(rd_int128 x, int32_t from, int32_t to, rd_int128 *out)
{
	int32_t digits = to - from;

	if (digits > 38 || digits < -38) {
		*out = 0;
		return digits < 0 || x == 0;
	}
	if (digits >= 0)
		return rd_v_mul_div(x, rd_v_pow10((uint32_t)digits), 1, out);
	return rd_v_mul_div(x, 1, rd_v_pow10((uint32_t)-digits), out);
}

static bool scaled_up(rd_int128 x, int32_t digits, rd_uint128 *out)
{
	struct wide w;

	if (digits > 38)
		return false;
	w = multiply(magnitude(x), (rd_uint128)rd_v_pow10((uint32_t)digits));
	*out = w.lo;
	return w.hi == 0;
}

bool rd_v_decimal_add(struct rd_value a, struct rd_value b, int32_t scale, rd_int128 *out)
{
	rd_uint128 x, y;

	if (!scaled_up(a.d, scale - a.type.scale, &x) || !scaled_up(b.d, scale - b.type.scale, &y))
		return false;
	if ((a.d < 0) != (b.d < 0))
		return x >= y ? signed_result(x - y, a.d < 0, out)
			      : signed_result(y - x, b.d < 0, out);
	return x + y >= x && signed_result(x + y, a.d < 0, out);
}

bool rd_v_decimal_div(struct rd_value a, struct rd_value b, int32_t scale, rd_int128 *out)
{
	int32_t digits = scale + b.type.scale - a.type.scale;
	int32_t more = digits > 38 ? digits - 38 : 0;
	rd_uint128 d = magnitude(b.d), q, rest, q2, up;

	if (d == 0 || digits < 0 || more > 38)
		return false;
	if (!divide(multiply(magnitude(a.d), (rd_uint128)rd_v_pow10((uint32_t)(digits - more))), d,
		    &q, &rest) ||
	    beyond(q))
		return false;
	if (more) {
		if (!scaled_up((rd_int128)q, more, &up) || beyond(up) ||
		    !divide(multiply(rest, (rd_uint128)rd_v_pow10((uint32_t)more)), d, &q2, &rest))
			return false;
		q = up + q2;
	}
	q += rest >= d - rest;
	return signed_result(q, (a.d < 0) != (b.d < 0), out);
}

/* The sign of a; both brought to the larger scale. */
bool rd_v_decimal_mod(struct rd_value a, struct rd_value b, rd_int128 *out)
{
	rd_uint128 d = magnitude(b.d), rest, q;
	struct wide w = multiply(magnitude(a.d), 1);

	if (d == 0)
		return false;
	if (a.type.scale < b.type.scale) {
		/* Two steps, so that the quotient fits: a mod d first. */
		rest = magnitude(a.d) % d;
		for (int32_t i = a.type.scale; i < b.type.scale; i++) {
			w = multiply(rest, 10);
			if (!divide(w, d, &q, &rest))
				return false;
		}
		return signed_result(rest, a.d < 0, out);
	}
	if (!scaled_up(b.d, a.type.scale - b.type.scale, &d))
		return signed_result(w.lo, a.d < 0, out);
	return signed_result(w.lo % d, a.d < 0, out);
}

/* Correctly rounded: exact operands and one division, else by way of the digits. */
double rd_v_decimal_double(rd_int128 x, int32_t scale)
{
	static const double tens[] = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
				       1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
				       1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };
	rd_uint128 m = magnitude(x);
	char digits[48], text[64];
	size_t n = sizeof(digits) - 1;

	if (m <= (rd_uint128)1 << 53 && scale <= 22)
		return (double)x / tens[scale];
	digits[n] = '\0';
	do {
		digits[--n] = (char)('0' + (int)(m % 10));
		m /= 10;
	} while (m);
	(void)snprintf(text, sizeof(text), "%s%se-%d", x < 0 ? "-" : "", digits + n, scale);
	return strtod(text, NULL);
}

/* By way of 15 significant digits, as PostgreSQL does. */
bool rd_v_double_decimal(double x, int32_t scale, rd_int128 *out)
{
	char text[40];
	const char *at = text;
	rd_int128 digits = 0;
	int32_t have = 0;
	bool point = false, negative;

	if (!isfinite(x))
		return false;
	(void)snprintf(text, sizeof(text), "%.15g", x);
	negative = *at == '-';
	for (at += negative; *at && *at != 'e'; at++) {
		if (*at == '.') {
			point = true;
			continue;
		}
		digits = digits * 10 + (*at - '0');
		have += point;
	}
	if (*at == 'e')
		have -= (int32_t)strtol(at + 1, NULL, 10);
	return rd_v_rescale(negative ? -digits : digits, have, scale, out);
}
