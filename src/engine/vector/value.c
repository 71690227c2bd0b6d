/* Single values: their layout, order and ranges. */
#include "vector_int.h"

#include <math.h>

const uint8_t rd_phys_width[RD_P_COUNT] = { 1, 4, 8, 16, 8, 16 };
const uint64_t rd_v_no_rows[RD_VWORDS];

enum rd_phys rd_phys_of(struct rd_coltype type)
{
	switch ((enum rd_type)type.type) {
	case RD_BOOL:
		return RD_P_BOOL;
	case RD_INT32:
	case RD_DATE:
		return RD_P_I32;
	case RD_DECIMAL:
		return type.precision <= 18 ? RD_P_I64 : RD_P_I128;
	case RD_DOUBLE:
		return RD_P_F64;
	case RD_TEXT:
		return RD_P_TEXT;
	case RD_INTERVAL: /* a constant only: its three numbers take the same 16 bytes */
		return RD_P_I128;
	default:
		return RD_P_I64;
	}
}

rd_int128 rd_v_pow10(uint32_t exponent)
{
	static const uint64_t tens[] = {
		1u,
		10u,
		100u,
		1000u,
		10000u,
		100000u,
		1000000u,
		10000000u,
		100000000u,
		1000000000u,
		10000000000u,
		100000000000u,
		1000000000000u,
		10000000000000u,
		100000000000000u,
		1000000000000000u,
		10000000000000000u,
		100000000000000000u,
		1000000000000000000u,
		10000000000000000000u,
	};

	if (exponent < 20)
		return tens[exponent];
	return (rd_int128)tens[19] * tens[exponent - 19];
}

struct rd_vrange rd_vrange_of_type(struct rd_coltype type)
{
	struct rd_vrange r = { .known = true };

	switch ((enum rd_type)type.type) {
	case RD_BOOL:
		r.hi = 1;
		return r;
	case RD_INT32:
	case RD_DATE:
		r.lo = INT32_MIN;
		r.hi = INT32_MAX;
		return r;
	case RD_INT64:
	case RD_TIMESTAMP:
		r.lo = INT64_MIN;
		r.hi = INT64_MAX;
		return r;
	case RD_DECIMAL:
		r.hi = rd_v_pow10(type.precision) - 1;
		r.lo = -r.hi;
		return r;
	default:
		return (struct rd_vrange){ 0 };
	}
}

void rd_v_store(enum rd_phys phys, const struct rd_value *value, void *out)
{
	int32_t small = (int32_t)value->i;
	int64_t wide = value->type.type == RD_DECIMAL ? (int64_t)value->d : value->i;
	struct rd_text text;

	switch (phys) {
	case RD_P_BOOL:
		*(uint8_t *)out = value->i != 0;
		break;
	case RD_P_I32:
		memcpy(out, &small, 4);
		break;
	case RD_P_I64:
		memcpy(out, &wide, 8);
		break;
	case RD_P_I128:
		memcpy(out, &value->d, 16);
		break;
	case RD_P_F64:
		memcpy(out, &value->f, 8);
		break;
	default:
		text = rd_text_of(value->text);
		memcpy(out, &text, 16);
		break;
	}
}

struct rd_value rd_v_load(struct rd_coltype type, enum rd_phys phys, const void *at)
{
	struct rd_value value = { .type = type };
	int64_t wide;

	switch (phys) {
	case RD_P_BOOL:
		value.i = *(const uint8_t *)at;
		break;
	case RD_P_I32:
		value.i = *(const int32_t *)at;
		break;
	case RD_P_I64:
		wide = *(const int64_t *)at;
		if (type.type == RD_DECIMAL)
			value.d = wide;
		else
			value.i = wide;
		break;
	case RD_P_I128:
		value.d = *(const rd_int128 *)at;
		break;
	case RD_P_F64:
		value.f = *(const double *)at;
		break;
	default:
		value.text = rd_text_view(at);
		break;
	}
	return value;
}

static int compare_double(double a, double b)
{
	if (isnan(a) || isnan(b))
		return (isnan(a) != 0) - (isnan(b) != 0);
	return (a > b) - (a < b);
}

int rd_v_compare(enum rd_phys phys, const void *a, const void *b)
{
	switch (phys) {
	case RD_P_BOOL:
		return (int)*(const uint8_t *)a - (int)*(const uint8_t *)b;
	case RD_P_I32:
		return (*(const int32_t *)a > *(const int32_t *)b) -
		       (*(const int32_t *)a < *(const int32_t *)b);
	case RD_P_I64:
		return (*(const int64_t *)a > *(const int64_t *)b) -
		       (*(const int64_t *)a < *(const int64_t *)b);
	case RD_P_I128:
		return (*(const rd_int128 *)a > *(const rd_int128 *)b) -
		       (*(const rd_int128 *)a < *(const rd_int128 *)b);
	case RD_P_F64:
		return compare_double(*(const double *)a, *(const double *)b);
	default:
		return rd_view_cmp(rd_text_view(a), rd_text_view(b));
	}
}
