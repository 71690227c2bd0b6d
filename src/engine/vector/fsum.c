/* Sums of doubles without rounding: one long integer of units of 2^-1074. */
#include "vector_int.h"

#include <math.h>

#define LIMBS (sizeof(((struct rd_vfsum *)0)->limb) / sizeof(int64_t))

static void carry(struct rd_vfsum *s)
{
	for (size_t i = 0; i + 1 < LIMBS; i++) {
		s->limb[i + 1] += s->limb[i] >> 32;
		s->limb[i] &= 0xffffffff;
	}
	s->n_pending = 0;
}

void rd_vfsum_add(struct rd_vfsum *s, double x)
{
	uint64_t bits, exponent, mantissa;
	rd_uint128 shifted;
	int64_t *limb;
	bool negative;

	memcpy(&bits, &x, 8);
	exponent = bits >> 52 & 0x7ff;
	mantissa = bits & ((UINT64_C(1) << 52) - 1);
	negative = bits >> 63;
	if (exponent == 0x7ff) {
		s->n_nan += mantissa != 0;
		s->n_pos_inf += !mantissa && !negative;
		s->n_neg_inf += !mantissa && negative;
		return;
	}
	if (exponent)
		mantissa |= UINT64_C(1) << 52;
	else
		exponent = 1;
	limb = &s->limb[(exponent - 1) / 32];
	shifted = (rd_uint128)mantissa << ((exponent - 1) % 32);
	for (int i = 0; i < 3; i++, shifted >>= 32)
		limb[i] += negative ? -(int64_t)(uint32_t)shifted : (int64_t)(uint32_t)shifted;
	if (++s->n_pending > UINT64_C(1) << 30)
		carry(s);
}

void rd_vfsum_merge(struct rd_vfsum *to, const struct rd_vfsum *from)
{
	carry(to);
	for (size_t i = 0; i < LIMBS; i++)
		to->limb[i] += from->limb[i];
	carry(to);
	to->n_nan += from->n_nan;
	to->n_pos_inf += from->n_pos_inf;
	to->n_neg_inf += from->n_neg_inf;
}

static bool bit(const struct rd_vfsum *s, int64_t at)
{
	return at >= 0 && (s->limb[at / 32] >> (at % 32) & 1);
}

static bool any_below(const struct rd_vfsum *s, int64_t at)
{
	if (at <= 0)
		return false;
	for (int64_t i = 0; i < at / 32; i++)
		if (s->limb[i])
			return true;
	return s->limb[at / 32] & ((INT64_C(1) << (at % 32)) - 1);
}

double rd_vfsum_value(struct rd_vfsum *s, bool *ok)
{
	int64_t top = (int64_t)LIMBS * 32 - 1, low;
	uint64_t mantissa = 0;
	bool negative;
	double x;

	*ok = true;
	if (s->n_nan || (s->n_pos_inf && s->n_neg_inf))
		return NAN;
	if (s->n_pos_inf || s->n_neg_inf)
		return s->n_pos_inf ? INFINITY : -INFINITY;
	carry(s);
	negative = s->limb[LIMBS - 1] < 0;
	if (negative) {
		for (size_t i = 0; i < LIMBS; i++)
			s->limb[i] = -s->limb[i];
		carry(s);
	}
	while (top >= 0 && !bit(s, top))
		top--;
	if (top < 0)
		return 0;
	low = top > 52 ? top - 52 : 0;
	for (int64_t i = top; i >= low; i--)
		mantissa = mantissa << 1 | bit(s, i);
	if (bit(s, low - 1) && (any_below(s, low - 1) || (mantissa & 1)))
		mantissa++;
	x = ldexp((double)mantissa, (int)(low - 1074));
	*ok = isfinite(x);
	/* Whoever adds more: the limbs must stay the sum. */
	if (negative) {
		for (size_t i = 0; i < LIMBS; i++)
			s->limb[i] = -s->limb[i];
		x = -x;
	}
	return x;
}
