/* Decoders of Parquet's encodings: state that is read in pieces, every step bounded by the page. */
#ifndef RD_TABLE_DECODE_INT_H
#define RD_TABLE_DECODE_INT_H

#include "parquet_int.h"

/*
 * The RLE and bit-packed hybrid (Encodings.md, "Run Length Encoding").  The bytes must be followed
 * by RD_PAD readable ones.  Values have `width` bits, 0 to 32.
 */
struct hybrid {
	const uint8_t *p, *end;
	uint8_t width;
	uint32_t run_left;    /* values left of an RLE run */
	uint32_t value;       /* of that run */
	uint64_t packed_left; /* values left of a bit-packed run */
	uint64_t bit;         /* of the next one, from p */
};
void hybrid_init(struct hybrid *h, const uint8_t *p, const uint8_t *end, uint8_t width);
/* One run of `n` bits, at most those of [p, end), without a head. */
void hybrid_init_packed(struct hybrid *h, const uint8_t *p, const uint8_t *end, uint64_t n);
/* `n` values of `out_width` bytes (1, 2, 4); false: the bytes end before. */
bool hybrid_read(struct hybrid *h, uint32_t n, uint8_t out_width, void *out);
/* Width 1 only: `n` bits into `bits` (zeroed by the caller) from bit `at`; *set: how many are 1. */
bool hybrid_read_bits(struct hybrid *h, uint32_t n, uint64_t *bits, uint32_t at, uint32_t *set);

/* DELTA_BINARY_PACKED (Encodings.md): `n` integers of out_width 4 or 8 bytes, all at once.  The
 * bytes must be followed by RD_PAD readable ones.  *used: bytes read. */
bool delta_ints(struct rd_view in, uint32_t n, uint8_t out_width, void *out, size_t *used);
/* The same for lengths, each at most RD_PAGE_BYTES_MAX. */
bool delta_lengths(struct rd_view in, uint32_t n, uint32_t *out, size_t *used);

/* BYTE_STREAM_SPLIT: `width` streams of `n` bytes become `n` values of `width` bytes. */
void join_streams(const uint8_t *in, uint32_t n, uint32_t width, uint8_t *out);

/* Slots of a batch: bits [at, at + n) of `valid` tell which hold a value. */
struct slots {
	const uint64_t *valid;
	uint32_t at, n;
};
/* `m` values at the front of `value` go to the slots that hold one; the others become zero.  In
 * place, from the back. */
void scatter(void *value, uint8_t width, uint32_t m, struct slots slots);

#endif
