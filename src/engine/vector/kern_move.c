/* Loops that move values: flatten codes, gather rows, bits and bytes. */
#include "vector_int.h"

#define GATHER(NAME, TYPE, CODE) \
	RD_VCLONES static void NAME(void *out, const void *in, const void *at, uint32_t n) \
	{ \
		const TYPE *restrict from = in; \
		const CODE *restrict code = at; \
		TYPE *restrict r = out; \
\
		for (uint32_t i = 0; i < n; i++) \
			r[i] = from[code[i]]; \
	}

#define GATHERS(SUFFIX, TYPE) \
	GATHER(by8_##SUFFIX, TYPE, uint8_t) \
	GATHER(by16_##SUFFIX, TYPE, uint16_t) \
	GATHER(by32_##SUFFIX, TYPE, uint32_t)
GATHERS(1, uint8_t)
GATHERS(2, uint16_t)
GATHERS(4, uint32_t)
GATHERS(8, uint64_t)
GATHERS(16, rd_uint128)

typedef void (*gather_fn)(void *out, const void *in, const void *at, uint32_t n);
#define GATHER_ROW(SUFFIX) \
	{ \
		by8_##SUFFIX, by16_##SUFFIX, by32_##SUFFIX \
	}
static const gather_fn gathers[5][3] = { GATHER_ROW(1), GATHER_ROW(2), GATHER_ROW(4), GATHER_ROW(8),
					 GATHER_ROW(16) };

void rd_v_pick(void *out, struct rd_vpick from, uint32_t n)
{
	gathers[__builtin_ctz(from.width)][__builtin_ctz(from.at_width)](out, from.in, from.at, n);
}

#define FILL(TYPE) \
	do { \
		const TYPE x = *(const TYPE *)value; \
		for (uint32_t i = 0; i < n; i++) \
			((TYPE *)out)[i] = x; \
	} while (0)

void rd_v_fill(void *out, const void *value, uint8_t width, uint32_t n)
{
	switch (width) {
	case 1:
		memset(out, *(const uint8_t *)value, n);
		break;
	case 2:
		FILL(uint16_t);
		break;
	case 4:
		FILL(uint32_t);
		break;
	case 8:
		FILL(uint64_t);
		break;
	default:
		FILL(rd_uint128);
		break;
	}
}

struct rd_vec rd_v_flatten(const struct rd_vec *in, uint32_t n, void *room)
{
	struct rd_vec out = *in;
	uint8_t width = rd_phys_width[rd_phys_of(in->type)];

	if (in->repr == RD_FLAT || !in->data)
		return out;
	out.repr = RD_FLAT;
	out.data = room;
	if (in->repr == RD_CONST) {
		rd_v_fill(room, in->data, in->width, n);
		return out;
	}
	out.dict = NULL;
	out.width = width;
	if (in->dict->n == 0)
		memset(room, 0, (size_t)n * width);
	else
		rd_v_pick(room, (struct rd_vpick){ in->dict->data, in->data, width, in->width }, n);
	return out;
}

/* valid bits of the rows in sel */
static void gather_bits(uint64_t *out, const uint64_t *in, const uint16_t *sel, uint32_t n)
{
	for (uint32_t w = 0; w * 64 < n; w++) {
		uint32_t m = n - w * 64 < 64 ? n - w * 64 : 64;
		uint64_t bits = 0;

		for (uint32_t i = 0; i < m; i++)
			bits |= (uint64_t)rd_v_bit(in, sel[w * 64 + i]) << i;
		out[w] = bits;
	}
}

struct rd_vec rd_v_gather(const struct rd_vec *in, const uint16_t *sel, uint32_t n_sel, void *room,
			  uint64_t *valid_room)
{
	struct rd_vec out = *in;

	if (!in->data)
		return out;
	if (in->repr != RD_CONST) {
		rd_v_pick(room, (struct rd_vpick){ in->data, sel, in->width, 2 }, n_sel);
		out.data = room;
	}
	if (in->valid && in->valid != rd_v_no_rows) {
		gather_bits(valid_room, in->valid, sel, n_sel);
		out.valid = valid_room;
	}
	return out;
}

RD_VCLONES void rd_v_bits_to_bytes(uint8_t *restrict out, const uint64_t *restrict bits, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		out[i] = bits[i / 64] >> (i % 64) & 1;
}

/* Bytes of 0 and 1 to bits; eight at a time by a multiplication. */
void rd_v_bytes_to_bits(uint64_t *out, const uint8_t *bytes, uint32_t n)
{
	uint32_t i = 0;

	memset(out, 0, (n + 63) / 64 * 8);
	for (; i + 8 <= n; i += 8) {
		uint64_t x;

		memcpy(&x, bytes + i, 8);
		x = (x * UINT64_C(0x0102040810204080)) >> 56;
		out[i / 64] |= x << (i % 64);
	}
	for (; i < n; i++)
		out[i / 64] |= (uint64_t)bytes[i] << (i % 64);
}

#define SELECT(TYPE) \
	do { \
		const TYPE *restrict x = yes; \
		TYPE *restrict r = out; \
		for (uint32_t i = 0; i < n; i++) \
			r[i] = pick[i] ? x[i] : r[i]; \
	} while (0)

/* r[i] = pick[i] ? yes[i] : r[i] */
RD_VCLONES void rd_v_choose(void *out, const void *yes, const uint8_t *pick, uint8_t width,
			    uint32_t n)
{
	switch (width) {
	case 1:
		SELECT(uint8_t);
		break;
	case 4:
		SELECT(uint32_t);
		break;
	case 8:
		SELECT(uint64_t);
		break;
	default:
		SELECT(rd_uint128);
		break;
	}
}

/* Row numbers of the bytes that are 1. */
uint32_t rd_v_select(uint16_t *sel, const uint8_t *bytes, uint32_t n)
{
	uint32_t k = 0;

	for (uint32_t i = 0; i < n; i++) {
		sel[k] = (uint16_t)i;
		k += bytes[i];
	}
	return k;
}
