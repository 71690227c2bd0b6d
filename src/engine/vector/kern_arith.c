/* Loops of + - x and of widening.  Each is written once and stamped out by type; a constant
 * operand gets a loop of its own so that it stays in a register. */
#include "vector_int.h"

#include <math.h>

#define LOOP(TYPE, STATEMENT) \
	do { \
		const TYPE *restrict a = args->a, *restrict b = args->b; \
		TYPE *restrict r = args->r; \
		const uint32_t n = args->n; \
\
		if (args->cb) { \
			const TYPE y = b[0]; \
			for (uint32_t i = 0; i < n; i++) { \
				const TYPE x = a[i]; \
				STATEMENT; \
			} \
		} else if (args->ca) { \
			const TYPE x = a[0]; \
			for (uint32_t i = 0; i < n; i++) { \
				const TYPE y = b[i]; \
				STATEMENT; \
			} \
		} else { \
			for (uint32_t i = 0; i < n; i++) { \
				const TYPE x = a[i], y = b[i]; \
				STATEMENT; \
			} \
		} \
	} while (0)

/* ---- proven by ranges not to overflow ---- */

#define PLAIN(NAME, TYPE, WIDE, OPERATOR) \
	RD_VCLONES static void NAME(struct rd_vargs *args) \
	{ \
		LOOP(TYPE, r[i] = (TYPE)((WIDE)x OPERATOR(WIDE) y)); \
	}

PLAIN(add_i32, int32_t, uint32_t, +)
PLAIN(sub_i32, int32_t, uint32_t, -)
PLAIN(mul_i32, int32_t, uint32_t, *)
PLAIN(add_i64, int64_t, uint64_t, +)
PLAIN(sub_i64, int64_t, uint64_t, -)
PLAIN(mul_i64, int64_t, uint64_t, *)
PLAIN(add_i128, rd_int128, rd_uint128, +)
PLAIN(sub_i128, rd_int128, rd_uint128, -)
PLAIN(mul_i128, rd_int128, rd_uint128, *)

/* ---- checked ---- */

#define CHECKED(NAME, TYPE, COMPUTE, IS_BAD) \
	RD_VCLONES static void NAME(struct rd_vargs *args) \
	{ \
		uint8_t *restrict bad = args->bad; \
		uint8_t any = 0; \
\
		LOOP(TYPE, COMPUTE; bad[i] = (IS_BAD); any |= bad[i]); \
		args->any_bad = any; \
	}

CHECKED(add_i32_checked, int32_t, int64_t s = (int64_t)x + y; r[i] = (int32_t)s, s != (int32_t)s)
CHECKED(sub_i32_checked, int32_t, int64_t s = (int64_t)x - y; r[i] = (int32_t)s, s != (int32_t)s)
CHECKED(mul_i32_checked, int32_t, int64_t s = (int64_t)x * y; r[i] = (int32_t)s, s != (int32_t)s)
CHECKED(add_i64_checked, int64_t, int64_t s = (int64_t)((uint64_t)x + (uint64_t)y);
	r[i] = s, ((x ^ s) & (y ^ s)) < 0)
CHECKED(sub_i64_checked, int64_t, int64_t s = (int64_t)((uint64_t)x - (uint64_t)y);
	r[i] = s, ((x ^ y) & (x ^ s)) < 0)
CHECKED(mul_i64_checked, int64_t, rd_int128 s = (rd_int128)x * y;
	r[i] = (int64_t)s, s != (int64_t)s)

/* Decimals: beyond 38 digits is an overflow; two of 38 digits may pass 128 bits. */
static inline bool mul_wide(rd_int128 x, rd_int128 y, rd_int128 *out)
{
	const rd_int128 limit = rd_v_pow10(38);
	rd_uint128 ux = x < 0 ? -(rd_uint128)x : (rd_uint128)x;
	rd_uint128 uy = y < 0 ? -(rd_uint128)y : (rd_uint128)y;

	*out = 0;
	if (uy && ux > ((rd_uint128)limit - 1) / uy)
		return true;
	*out = x * y;
	return false;
}

#define BEYOND(s) ((s) >= limit || (s) <= -limit)
#define CHECKED_128(NAME, COMPUTE, IS_BAD) \
	static void NAME(struct rd_vargs *args) \
	{ \
		const rd_int128 limit = rd_v_pow10(38); \
		uint8_t *restrict bad = args->bad; \
		uint8_t any = 0; \
\
		(void)limit; \
		LOOP(rd_int128, COMPUTE; bad[i] = (IS_BAD); any |= bad[i]); \
		args->any_bad = any; \
	}

CHECKED_128(add_i128_checked, rd_int128 s; const bool over = __builtin_add_overflow(x, y, &s);
	    r[i] = s, over || BEYOND(s))
CHECKED_128(sub_i128_checked, rd_int128 s; const bool over = __builtin_sub_overflow(x, y, &s);
	    r[i] = s, over || BEYOND(s))
CHECKED_128(mul_i128_checked, rd_int128 s; const bool over = mul_wide(x, y, &s); r[i] = s, over)

/* PostgreSQL: an infinite result of finite operands is an error; for x also a zero of non-zeros. */
#define FINITE(x) (fabs(x) <= 1.7976931348623157e308)
CHECKED(add_f64, double, double s = x + y; r[i] = s, !FINITE(s) & FINITE(x) & FINITE(y))
CHECKED(sub_f64, double, double s = x - y; r[i] = s, !FINITE(s) & FINITE(x) & FINITE(y))
CHECKED(mul_f64, double, double s = x * y;
	r[i] = s, ((!FINITE(s)) & FINITE(x) & FINITE(y)) | ((s == 0) & (x != 0) & (y != 0)))
CHECKED(div_f64, double, double s = x / y; r[i] = s, ((y == 0) & (x == x)) |
							     (!FINITE(s) & FINITE(x) & FINITE(y)) |
							     ((s == 0) & (x != 0) & FINITE(y)))

rd_vkernel rd_vkernel_arith(uint16_t op, enum rd_phys phys, bool checked)
{
	static const rd_vkernel kernels[3][RD_P_COUNT][2] = {
		{ [RD_P_I32] = { add_i32, add_i32_checked },
		  [RD_P_I64] = { add_i64, add_i64_checked },
		  [RD_P_I128] = { add_i128, add_i128_checked },
		  [RD_P_F64] = { add_f64, add_f64 } },
		{ [RD_P_I32] = { sub_i32, sub_i32_checked },
		  [RD_P_I64] = { sub_i64, sub_i64_checked },
		  [RD_P_I128] = { sub_i128, sub_i128_checked },
		  [RD_P_F64] = { sub_f64, sub_f64 } },
		{ [RD_P_I32] = { mul_i32, mul_i32_checked },
		  [RD_P_I64] = { mul_i64, mul_i64_checked },
		  [RD_P_I128] = { mul_i128, mul_i128_checked },
		  [RD_P_F64] = { mul_f64, mul_f64 } },
	};

	if (op == RD_OP_DIV)
		return phys == RD_P_F64 ? div_f64 : NULL;
	if (op < RD_OP_ADD || op > RD_OP_MUL)
		return NULL;
	return kernels[op - RD_OP_ADD][phys][checked];
}

/* ---- widening: never fails ---- */

#define WIDEN(NAME, FROM, TO) \
	RD_VCLONES static void NAME(struct rd_vargs *args) \
	{ \
		const FROM *restrict a = args->a; \
		TO *restrict r = args->r; \
\
		for (uint32_t i = 0; i < args->n; i++) \
			r[i] = (TO)a[i]; \
	}

WIDEN(i32_to_i64, int32_t, int64_t)
WIDEN(i32_to_i128, int32_t, rd_int128)
WIDEN(i64_to_i128, int64_t, rd_int128)
WIDEN(i128_to_i64, rd_int128, int64_t)
WIDEN(i32_to_f64, int32_t, double)
WIDEN(i64_to_f64, int64_t, double)
WIDEN(bool_to_i32, uint8_t, int32_t)
/* A cast that changes the type's name only. */
WIDEN(i64_to_i64, int64_t, int64_t)
WIDEN(i128_to_i128, rd_int128, rd_int128)

rd_vkernel rd_vkernel_widen(enum rd_phys from, enum rd_phys to)
{
	static const rd_vkernel kernels[RD_P_COUNT][RD_P_COUNT] = {
		[RD_P_BOOL] = { [RD_P_I32] = bool_to_i32 },
		[RD_P_I32] = { [RD_P_I64] = i32_to_i64,
			       [RD_P_I128] = i32_to_i128,
			       [RD_P_F64] = i32_to_f64 },
		[RD_P_I64] = { [RD_P_I64] = i64_to_i64,
			       [RD_P_I128] = i64_to_i128,
			       [RD_P_F64] = i64_to_f64 },
		[RD_P_I128] = { [RD_P_I64] = i128_to_i64, [RD_P_I128] = i128_to_i128 },
	};

	return kernels[from][to];
}
