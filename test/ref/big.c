/* Integers of any size that matters here: sign and magnitude, by the book. */
#include "ref_int.h"

#include <math.h>
#include <string.h>

static void trim(struct big *a)
{
	while (a->n && a->limb[a->n - 1] == 0)
		a->n--;
	if (a->n == 0)
		a->neg = false;
}

struct big big_of(rd_int128 value)
{
	struct big out = { .neg = value < 0 };
	rd_uint128 rest = value < 0 ? -(rd_uint128)value : (rd_uint128)value;

	for (; rest; rest >>= 32)
		out.limb[out.n++] = (uint32_t)rest;
	return out;
}

static int compare_sizes(const struct big *a, const struct big *b)
{
	if (a->n != b->n)
		return a->n < b->n ? -1 : 1;
	for (uint32_t i = a->n; i-- > 0;)
		if (a->limb[i] != b->limb[i])
			return a->limb[i] < b->limb[i] ? -1 : 1;
	return 0;
}

int big_compare(const struct big *a, const struct big *b)
{
	if (a->neg != b->neg)
		return a->neg ? -1 : 1;
	return a->neg ? -compare_sizes(a, b) : compare_sizes(a, b);
}

static struct big add_sizes(const struct big *a, const struct big *b)
{
	struct big out = { .n = (a->n > b->n ? a->n : b->n) + 1 };
	uint64_t carry = 0;

	rd_assert(out.n <= BIG_LIMBS);
	for (uint32_t i = 0; i < out.n; i++) {
		carry += (i < a->n ? a->limb[i] : 0);
		carry += (i < b->n ? b->limb[i] : 0);
		out.limb[i] = (uint32_t)carry;
		carry >>= 32;
	}
	trim(&out);
	return out;
}

/* |a| >= |b| */
static struct big sub_sizes(const struct big *a, const struct big *b)
{
	struct big out = { .n = a->n };
	int64_t borrow = 0;

	for (uint32_t i = 0; i < a->n; i++) {
		borrow += (int64_t)a->limb[i] - (i < b->n ? b->limb[i] : 0);
		out.limb[i] = (uint32_t)borrow;
		borrow >>= 32;
	}
	trim(&out);
	return out;
}

struct big big_add(const struct big *a, const struct big *b)
{
	struct big out;

	if (a->neg == b->neg) {
		out = add_sizes(a, b);
		out.neg = a->neg;
	} else if (compare_sizes(a, b) >= 0) {
		out = sub_sizes(a, b);
		out.neg = a->neg;
	} else {
		out = sub_sizes(b, a);
		out.neg = b->neg;
	}
	trim(&out);
	return out;
}

struct big big_sub(const struct big *a, const struct big *b)
{
	struct big minus = *b;

	minus.neg = !b->neg && b->n;
	return big_add(a, &minus);
}

struct big big_mul(const struct big *a, const struct big *b)
{
	struct big out = { .neg = a->neg != b->neg, .n = a->n + b->n };

	rd_assert(out.n <= BIG_LIMBS);
	for (uint32_t i = 0; i < a->n; i++) {
		uint64_t carry = 0;

		for (uint32_t j = 0; j < b->n; j++) {
			carry += (uint64_t)a->limb[i] * b->limb[j] + out.limb[i + j];
			out.limb[i + j] = (uint32_t)carry;
			carry >>= 32;
		}
		out.limb[i + b->n] = (uint32_t)carry;
	}
	trim(&out);
	return out;
}

struct big big_pow10(uint32_t exponent)
{
	struct big out = big_of(1), ten = big_of(10);

	for (uint32_t i = 0; i < exponent; i++)
		out = big_mul(&out, &ten);
	return out;
}

struct big big_shift_left(const struct big *a, uint32_t bits)
{
	struct big out = { .neg = a->neg, .n = a->n + bits / 32 + 1 };
	uint64_t carry = 0;

	rd_assert(out.n <= BIG_LIMBS);
	for (uint32_t i = 0; i <= a->n; i++) {
		carry |= (uint64_t)(i < a->n ? a->limb[i] : 0) << bits % 32;
		out.limb[i + bits / 32] = (uint32_t)carry;
		carry >>= 32;
	}
	trim(&out);
	return out;
}

static uint32_t size_bits(const struct big *a)
{
	return a->n ? 32 * a->n - (uint32_t)__builtin_clz(a->limb[a->n - 1]) : 0;
}

/* Bit by bit from the top: the rest so far, doubled, plus the next bit. */
struct big big_div(const struct big *a, const struct big *b, struct big *rest)
{
	struct big quotient = { .neg = a->neg != b->neg, .n = a->n }, left = { 0 };
	struct big divisor = *b;

	rd_assert(b->n > 0);
	divisor.neg = false;
	for (uint32_t i = size_bits(a); i-- > 0;) {
		left = big_shift_left(&left, 1);
		if (a->limb[i / 32] >> i % 32 & 1) {
			left.limb[0] |= 1;
			left.n = left.n ? left.n : 1;
		}
		if (compare_sizes(&left, &divisor) >= 0) {
			left = sub_sizes(&left, &divisor);
			quotient.limb[i / 32] |= 1u << i % 32;
		}
	}
	trim(&quotient);
	left.neg = a->neg && left.n;
	*rest = left;
	return quotient;
}

struct big big_div_round(const struct big *a, const struct big *b)
{
	struct big rest, quotient = big_div(a, b, &rest), one = big_of(1);
	struct big twice = big_shift_left(&rest, 1);

	if (compare_sizes(&twice, b) < 0)
		return quotient;
	one.neg = a->neg != b->neg;
	return big_add(&quotient, &one);
}

bool big_to_int128(const struct big *a, rd_int128 *out)
{
	rd_uint128 size = 0;

	if (size_bits(a) > 127)
		return false;
	for (uint32_t i = a->n; i-- > 0;)
		size = size << 32 | a->limb[i];
	*out = a->neg ? -(rd_int128)size : (rd_int128)size;
	return true;
}

/*
 * The quotient with 66 bits or more, its last bit set if anything is left: enough to round once to
 * 53 bits, or fewer where the result is subnormal.
 */
double big_ratio(const struct big *a, const struct big *b, int exponent)
{
	uint32_t want = size_bits(b) + 66, have = size_bits(a);
	uint32_t up = have < want ? want - have : 0;
	struct big num = big_shift_left(a, up), rest, q = big_div(&num, b, &rest);
	uint32_t bits = size_bits(&q), keep = 53, drop;
	int lowest, at = exponent - (int)up;
	rd_uint128 size = 0;
	bool sticky = rest.n > 0, half, more;

	if (q.n == 0)
		return 0.0;
	/* Down to the top 128 bits, the others into sticky. */
	drop = bits > 100 ? bits - 100 : 0;
	for (uint32_t i = 0; i < bits; i++) {
		bool bit = q.limb[i / 32] >> i % 32 & 1;

		if (i < drop)
			sticky |= bit;
		else
			size |= (rd_uint128)bit << (i - drop);
	}
	at += (int)drop;
	bits -= drop;
	/* The value is size * 2^at, with `bits` bits; no bit of a double is below 2^-1074. */
	lowest = at + (int)bits - (int)keep;
	if (lowest < -1074)
		lowest = -1074;
	if (lowest > at) {
		int cut = lowest - at;

		if (cut > (int)bits + 1)
			return a->neg ? -0.0 : 0.0;
		more = sticky || (size & (((rd_uint128)1 << (cut - 1)) - 1)) != 0;
		half = size >> (cut - 1) & 1;
		size >>= cut;
		if (half && (more || (size & 1)))
			size++;
		at = lowest;
	}
	return ldexp((double)(uint64_t)size, at) * (a->neg != b->neg ? -1.0 : 1.0);
}

struct big big_of_double(double value)
{
	int exponent;
	double fraction = frexp(fabs(value), &exponent); /* in [0.5, 1) */
	struct big out;

	/* Subnormal or not, value is an integer times 2^(exponent - 53), or times 2^-1074. */
	if (exponent - 53 < -1074)
		out = big_of((rd_int128)ldexp(fraction, exponent + 1074));
	else
		out = big_of((rd_int128)ldexp(fraction, 53));
	if (exponent - 53 > -1074)
		out = big_shift_left(&out, (uint32_t)(exponent - 53 + 1074));
	out.neg = value < 0;
	trim(&out);
	return out;
}
