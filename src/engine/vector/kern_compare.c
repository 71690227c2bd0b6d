/* Loops of comparison, into bytes of 0 and 1. */
#include "vector_int.h"

#include <math.h>

#define COMPARE(NAME, TYPE, TEST) \
	RD_VCLONES static void NAME(struct rd_vargs *args) \
	{ \
		const TYPE *restrict a = args->a, *restrict b = args->b; \
		uint8_t *restrict r = args->r; \
		const uint32_t n = args->n; \
\
		if (args->cb) { \
			const TYPE y = b[0]; \
			for (uint32_t i = 0; i < n; i++) { \
				const TYPE x = a[i]; \
				r[i] = (TEST); \
			} \
		} else if (args->ca) { \
			const TYPE x = a[0]; \
			for (uint32_t i = 0; i < n; i++) { \
				const TYPE y = b[i]; \
				r[i] = (TEST); \
			} \
		} else { \
			for (uint32_t i = 0; i < n; i++) { \
				const TYPE x = a[i], y = b[i]; \
				r[i] = (TEST); \
			} \
		} \
	}

#define SIX(SUFFIX, TYPE) \
	COMPARE(eq_##SUFFIX, TYPE, x == y) \
	COMPARE(ne_##SUFFIX, TYPE, x != y) \
	COMPARE(lt_##SUFFIX, TYPE, x < y) \
	COMPARE(le_##SUFFIX, TYPE, x <= y) \
	COMPARE(gt_##SUFFIX, TYPE, x > y) \
	COMPARE(ge_##SUFFIX, TYPE, x >= y)

SIX(bool, uint8_t)
SIX(i32, int32_t)
SIX(i64, int64_t)
SIX(i128, rd_int128)

/* NaN is equal to NaN and the largest. */
#define NAN_EQ(x, y) (((x) == (y)) | (((x) != (x)) & ((y) != (y))))
#define NAN_LT(x, y) (((x) < (y)) | (((x) == (x)) & ((y) != (y))))
COMPARE(eq_f64, double, NAN_EQ(x, y))
COMPARE(ne_f64, double, !NAN_EQ(x, y))
COMPARE(lt_f64, double, NAN_LT(x, y))
COMPARE(le_f64, double, !NAN_LT(y, x))
COMPARE(gt_f64, double, NAN_LT(y, x))
COMPARE(ge_f64, double, !NAN_LT(x, y))

static inline bool text_eq(const struct rd_text *x, const struct rd_text *y)
{
	if (memcmp(x, y, 8) != 0)
		return false;
	if (x->len <= 12)
		return memcmp(x, y, 16) == 0;
	return memcmp(x->far.data, y->far.data, x->len) == 0;
}

static inline int text_cmp(const struct rd_text *x, const struct rd_text *y)
{
	uint32_t px, py;

	memcpy(&px, x->inlined, 4);
	memcpy(&py, y->inlined, 4);
	if (px != py)
		return __builtin_bswap32(px) < __builtin_bswap32(py) ? -1 : 1;
	return rd_view_cmp(rd_text_view(x), rd_text_view(y));
}

#define COMPARE_TEXT(NAME, TEST) \
	static void NAME(struct rd_vargs *args) \
	{ \
		const struct rd_text *a = args->a, *b = args->b; \
		uint8_t *r = args->r; \
\
		for (uint32_t i = 0; i < args->n; i++) { \
			const struct rd_text *x = args->ca ? a : a + i; \
			const struct rd_text *y = args->cb ? b : b + i; \
			r[i] = (TEST); \
		} \
	}

COMPARE_TEXT(eq_text, text_eq(x, y))
COMPARE_TEXT(ne_text, !text_eq(x, y))
COMPARE_TEXT(lt_text, text_cmp(x, y) < 0)
COMPARE_TEXT(le_text, text_cmp(x, y) <= 0)
COMPARE_TEXT(gt_text, text_cmp(x, y) > 0)
COMPARE_TEXT(ge_text, text_cmp(x, y) >= 0)

#define ROW(SUFFIX) \
	{ \
		eq_##SUFFIX, ne_##SUFFIX, lt_##SUFFIX, le_##SUFFIX, gt_##SUFFIX, ge_##SUFFIX \
	}

rd_vkernel rd_vkernel_compare(uint16_t op, enum rd_phys phys)
{
	static const rd_vkernel kernels[RD_P_COUNT][6] = {
		[RD_P_BOOL] = ROW(bool), [RD_P_I32] = ROW(i32), [RD_P_I64] = ROW(i64),
		[RD_P_I128] = ROW(i128), [RD_P_F64] = ROW(f64), [RD_P_TEXT] = ROW(text),
	};

	if (op < RD_OP_EQ || op > RD_OP_GE)
		return NULL;
	return kernels[phys][op - RD_OP_EQ];
}
