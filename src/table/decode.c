/* The encodings, without knowledge of files. */
#include "decode_int.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

void hybrid_init(struct hybrid *h, const uint8_t *p, const uint8_t *end, uint8_t width)
{
	*h = (struct hybrid){ .p = p, .end = end, .width = width };
}

static bool read_varint(struct hybrid *h, uint64_t *out)
{
	*out = 0;
	for (unsigned shift = 0; shift < 35 && h->p < h->end; shift += 7) {
		uint8_t byte = *h->p++;

		*out |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return true;
	}
	return false;
}

/* The head of the next run that has values: some writers make empty ones. */
static bool read_head(struct hybrid *h, uint64_t *head)
{
	uint64_t bytes;

	do {
		if (!read_varint(h, head))
			return false;
		/* An empty run of one value has that value all the same. */
		bytes = *head == 0 ? (h->width + 7u) / 8 : 0;
		if (bytes > (uint64_t)(h->end - h->p))
			return false;
		h->p += bytes;
	} while (*head >> 1 == 0);
	return true;
}

/* The next run; `p` stands behind its head (RLE) or at its first packed byte. */
static bool next_run(struct hybrid *h)
{
	uint64_t head, bytes;
	uint32_t value = 0;

	if (h->bit) { /* a packed run was here */
		h->p += (h->bit + 7) / 8;
		h->bit = 0;
	}
	if (!read_head(h, &head))
		return false;
	if (head & 1) {
		bytes = (head >> 1) * h->width;
		/* The last run of a page may be cut short: its padding is not there. */
		if (bytes > (uint64_t)(h->end - h->p))
			bytes = (uint64_t)(h->end - h->p);
		h->packed_left = h->width ? bytes * 8 / h->width : (head >> 1) * 8;
		if (h->packed_left > (head >> 1) * 8)
			h->packed_left = (head >> 1) * 8;
		return h->packed_left != 0;
	}
	bytes = (h->width + 7u) / 8;
	if (bytes > (uint64_t)(h->end - h->p) || head >> 1 > UINT32_MAX)
		return false;
	for (uint64_t i = 0; i < bytes; i++)
		value |= (uint32_t)*h->p++ << 8 * i;
	if (h->width < 32 && value >> h->width)
		return false;
	h->run_left = (uint32_t)(head >> 1);
	h->value = value;
	return true;
}

static inline uint64_t load64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, 8);
	return v;
}

static inline uint32_t one_packed(const struct hybrid *h, uint64_t bit)
{
	uint64_t mask = ((uint64_t)1 << h->width) - 1;

	return (uint32_t)(load64(h->p + bit / 8) >> bit % 8 & mask);
}

#define UNPACK(type) \
	static void unpack_##type(const struct hybrid *h, uint32_t n, type *out) \
	{ \
		uint64_t bit = h->bit; \
\
		for (uint32_t i = 0; i < n; i++, bit += h->width) \
			out[i] = (type)one_packed(h, bit); \
	}
UNPACK(uint8_t)
UNPACK(uint16_t)
UNPACK(uint32_t)
#undef UNPACK

/* Eight codes at a time, where they begin at a byte: one deposit spreads them. */
#if defined(__x86_64__)
__attribute__((target("bmi2"))) static uint32_t unpack_fast8(const struct hybrid *h, uint32_t n,
							     uint8_t *out)
{
	uint64_t mask = 0x0101010101010101u * (((uint64_t)1 << h->width) - 1);
	const uint8_t *p = h->p + h->bit / 8;

	for (uint32_t i = 0; i + 8 <= n; i += 8, p += h->width) {
		uint64_t v = _pdep_u64(load64(p), mask);

		memcpy(out + i, &v, 8);
	}
	return n & ~7u;
}

__attribute__((target("bmi2"))) static uint32_t unpack_fast16(const struct hybrid *h, uint32_t n,
							      uint16_t *out)
{
	uint64_t mask = 0x0001000100010001u * (((uint64_t)1 << h->width) - 1);
	uint64_t bit = h->bit;

	for (uint32_t i = 0; i + 4 <= n; i += 4, bit += 4u * h->width) {
		/* 4 * 14 bits and a shift of up to 7 fit; wider ones take two loads. */
		uint64_t low = load64(h->p + bit / 8) >> bit % 8;
		uint64_t v;

		if (h->width > 14)
			low |= bit % 8 ? load64(h->p + bit / 8 + 8) << (64 - bit % 8) : 0;
		v = _pdep_u64(low, mask);
		memcpy(out + i, &v, 8);
	}
	return n & ~3u;
}

static uint32_t unpack_fast(const struct hybrid *h, uint32_t n, uint8_t out_width, void *out)
{
	static int has_bmi2 = -1;

	if (has_bmi2 < 0)
		has_bmi2 = __builtin_cpu_supports("bmi2") != 0;
	if (!has_bmi2 || h->width == 0)
		return 0;
	if (out_width == 1 && h->width <= 8 && h->bit % 8 == 0)
		return unpack_fast8(h, n, out);
	if (out_width == 2 && h->width <= 16)
		return unpack_fast16(h, n, out);
	return 0;
}
#else
static uint32_t unpack_fast(const struct hybrid *h, uint32_t n, uint8_t out_width, void *out)
{
	(void)h;
	(void)n;
	(void)out_width;
	(void)out;
	return 0;
}
#endif

static void unpack(struct hybrid *h, uint32_t n, uint8_t out_width, void *out)
{
	uint32_t done = unpack_fast(h, n, out_width, out);

	h->bit += (uint64_t)done * h->width;
	if (out_width == 1)
		unpack_uint8_t(h, n - done, (uint8_t *)out + done);
	else if (out_width == 2)
		unpack_uint16_t(h, n - done, (uint16_t *)out + done);
	else
		unpack_uint32_t(h, n - done, (uint32_t *)out + done);
	h->bit += (uint64_t)(n - done) * h->width;
	h->packed_left -= n;
	if (h->width == 0)
		h->bit = 0;
}

static void fill(uint32_t value, uint32_t n, uint8_t out_width, void *out)
{
	if (out_width == 1) {
		memset(out, (int)value, n);
		return;
	}
	for (uint32_t i = 0; i < n; i++) {
		if (out_width == 2)
			((uint16_t *)out)[i] = (uint16_t)value;
		else
			((uint32_t *)out)[i] = value;
	}
}

bool hybrid_read(struct hybrid *h, uint32_t n, uint8_t out_width, void *out)
{
	uint8_t *at = out;

	while (n) {
		uint32_t take = n;

		if (!h->run_left && !h->packed_left && !next_run(h))
			return false;
		if (h->run_left) {
			take = take < h->run_left ? take : h->run_left;
			fill(h->value, take, out_width, at);
			h->run_left -= take;
		} else {
			take = take < h->packed_left ? take : (uint32_t)h->packed_left;
			unpack(h, take, out_width, at);
		}
		at += (size_t)take * out_width;
		n -= take;
	}
	return true;
}

/* ---- bits
 * ----------------------------------------------------------------------------------------- */

static void set_bits(uint64_t *bits, uint32_t at, uint32_t n)
{
	for (; n && at % 64; at++, n--)
		bits[at / 64] |= (uint64_t)1 << at % 64;
	for (; n >= 64; at += 64, n -= 64)
		bits[at / 64] = UINT64_MAX;
	for (; n; at++, n--)
		bits[at / 64] |= (uint64_t)1 << at % 64;
}

static uint32_t copy_bits(const struct hybrid *h, uint32_t n, uint64_t *bits, uint32_t at)
{
	uint32_t set = 0;

	for (uint32_t i = 0; i < n;) {
		uint64_t from = h->bit + i;
		uint32_t take = 56 < n - i ? 56 : n - i;
		uint64_t v = load64(h->p + from / 8) >> from % 8 & (((uint64_t)1 << take) - 1);
		uint32_t shift = (at + i) % 64;

		bits[(at + i) / 64] |= v << shift;
		if (shift + take > 64)
			bits[(at + i) / 64 + 1] |= v >> (64 - shift);
		set += (uint32_t)__builtin_popcountll(v);
		i += take;
	}
	return set;
}

bool hybrid_read_bits(struct hybrid *h, uint32_t n, uint64_t *bits, uint32_t at, uint32_t *set)
{
	*set = 0;
	while (n) {
		uint32_t take = n;

		if (!h->run_left && !h->packed_left && !next_run(h))
			return false;
		if (h->run_left) {
			take = take < h->run_left ? take : h->run_left;
			if (h->value) {
				set_bits(bits, at, take);
				*set += take;
			}
			h->run_left -= take;
		} else {
			take = take < h->packed_left ? take : (uint32_t)h->packed_left;
			*set += copy_bits(h, take, bits, at);
			h->bit += take;
			h->packed_left -= take;
		}
		at += take;
		n -= take;
	}
	return true;
}

void hybrid_init_packed(struct hybrid *h, const uint8_t *p, const uint8_t *end, uint64_t n)
{
	*h = (struct hybrid){ .p = p, .end = end, .width = 1, .packed_left = n };
}

/* ---- DELTA_BINARY_PACKED
 * ----------------------------------------------------------------------------- */

struct delta {
	const uint8_t *p, *end;
	uint64_t minis, per_mini;
	uint64_t sum; /* the value decoded last; arithmetic wraps, as the format says */
};

static bool delta_varint(struct delta *d, uint64_t *out)
{
	*out = 0;
	for (unsigned shift = 0; shift < 64 && d->p < d->end; shift += 7) {
		uint8_t byte = *d->p++;

		*out |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return true;
	}
	return false;
}

static uint64_t unzigzag(uint64_t v)
{
	return (v >> 1) ^ (0 - (v & 1));
}

/* `width` bits, 0 to 64, from bit `at`; reads at most RD_PAD bytes past them. */
static inline uint64_t load_bits(const uint8_t *p, uint64_t at, uint8_t width)
{
	uint64_t v = load64(p + at / 8) >> at % 8;

	if (width == 0)
		return 0;
	if (at % 8 + width > 64)
		v |= load64(p + at / 8 + 8) << (64 - at % 8);
	return width == 64 ? v : v & (((uint64_t)1 << width) - 1);
}

#define DELTA_MINI(type) \
	static void delta_mini_##type(struct delta *d, uint8_t width, uint64_t least, uint32_t n, \
				      type *out) \
	{ \
		uint64_t sum = d->sum; \
\
		for (uint32_t i = 0; i < n; i++) { \
			sum += least + load_bits(d->p, (uint64_t)i * width, width); \
			out[i] = (type)sum; \
		} \
		d->sum = sum; \
	}
DELTA_MINI(uint32_t)
DELTA_MINI(uint64_t)
#undef DELTA_MINI

/* The values of one block, as many as are asked for. */
static bool delta_block(struct delta *d, uint32_t n, uint8_t out_width, uint8_t *out,
			uint32_t *done)
{
	const uint8_t *widths;
	uint64_t least;

	if (!delta_varint(d, &least) || d->minis > (uint64_t)(d->end - d->p))
		return false;
	least = unzigzag(least);
	widths = d->p;
	d->p += d->minis;
	for (uint64_t m = 0; m < d->minis && *done < n; m++) {
		uint32_t take = n - *done < d->per_mini ? n - *done : (uint32_t)d->per_mini;
		uint8_t *at = out + (size_t)*done * out_width;

		if (widths[m] > 64 || d->per_mini * widths[m] / 8 > (uint64_t)(d->end - d->p))
			return false;
		if (out_width == 4)
			delta_mini_uint32_t(d, widths[m], least, take, (uint32_t *)(void *)at);
		else
			delta_mini_uint64_t(d, widths[m], least, take, (uint64_t *)(void *)at);
		d->p += d->per_mini * widths[m] / 8;
		*done += take;
	}
	return true;
}

bool delta_ints(struct rd_view in, uint32_t n, uint8_t out_width, void *out, size_t *used)
{
	struct delta d = { .p = in.data, .end = in.data + in.len };
	uint64_t block, count, first;
	uint32_t done = 0;

	*used = 0;
	if (n == 0 && in.len == 0) /* a page of NULLs alone may have no values at all */
		return true;

	if (!delta_varint(&d, &block) || !delta_varint(&d, &d.minis) || !delta_varint(&d, &count) ||
	    !delta_varint(&d, &first))
		return false;
	if (block == 0 || block % 128 || block > 1 << 20 || d.minis == 0 || d.minis > block / 32 ||
	    block % d.minis || (block / d.minis) % 32 || count != n)
		return false;
	d.per_mini = block / d.minis;
	d.sum = unzigzag(first);
	if (n) {
		memcpy(out, &d.sum, out_width);
		done = 1;
	}
	while (done < n)
		if (!delta_block(&d, n, out_width, out, &done))
			return false;
	*used = (size_t)(d.p - in.data);
	return true;
}

bool delta_lengths(struct rd_view in, uint32_t n, uint32_t *out, size_t *used)
{
	uint32_t most = 0;

	if (!delta_ints(in, n, 4, out, used))
		return false;
	for (uint32_t i = 0; i < n; i++)
		most |= out[i] > RD_PAGE_BYTES_MAX;
	return !most;
}

/* ---- BYTE_STREAM_SPLIT
 * ------------------------------------------------------------------------------- */

void join_streams(const uint8_t *in, uint32_t n, uint32_t width, uint8_t *out)
{
	for (uint32_t byte = 0; byte < width; byte++, in += n)
		for (uint32_t i = 0; i < n; i++)
			out[(size_t)i * width + byte] = in[i];
}

/* ---- NULLs
 * ------------------------------------------------------------------------------------------ */

#define SCATTER(type) \
	static void scatter_##type(type *v, uint32_t m, struct slots s) \
	{ \
		for (uint32_t i = s.n; i-- > 0;) \
			v[i] = rd_bit(s.valid, (uint64_t)s.at + i) ? v[--m] : (type)0; \
	}
SCATTER(uint8_t)
SCATTER(uint16_t)
SCATTER(uint32_t)
SCATTER(uint64_t)
SCATTER(rd_uint128)
#undef SCATTER

void scatter(void *value, uint8_t width, uint32_t m, struct slots slots)
{
	switch (width) {
	case 1:
		scatter_uint8_t(value, m, slots);
		break;
	case 2:
		scatter_uint16_t(value, m, slots);
		break;
	case 4:
		scatter_uint32_t(value, m, slots);
		break;
	case 8:
		scatter_uint64_t(value, m, slots);
		break;
	default:
		scatter_rd_uint128(value, m, slots);
	}
}
