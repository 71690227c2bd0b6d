/* What the files of this module share.  The format: parquet-format 2.10 (parquet.thrift,
 * Encodings.md, Encryption.md). */
#ifndef RD_TABLE_INT_H
#define RD_TABLE_INT_H

#include <redoubt/table.h>

#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "values are stored little-endian");

/* Bytes behind every buffer of ours that decoders may read (never write) past the end. */
#define RD_PAD 64u
#define RD_PAGE_BYTES_MAX ((size_t)64 << 20) /* of one page, sealed or not, packed or not */
#define RD_FOREIGN_PAGE_BYTES_MAX ((size_t)256 << 20) /* the same, of others' files at the edge */
#define RD_FOOTER_BYTES_MAX ((size_t)512 << 20)       /* of the whole tail of a file */
#define RD_GROUPS_MAX 32768u                          /* ordinals are 16 bits, signed */
#define RD_PAGES_MAX 32768u                           /* of one column chunk */
#define RD_AAD_MAX 512u                               /* prefix and aad_file_unique together */

/* ---- types ------------------------------------------------------------------------------- */

/* May a column of a file or of an answer have this type? */
bool rd_stored_type(struct rd_coltype type);
/* |value| < 10^precision */
bool rd_decimal_fits(rd_int128 value, uint8_t precision);
rd_int128 rd_pow10(uint8_t exponent);
/* The double that prints as the float does: of the decimals that read back as this float, the one
 * with the fewest digits. */
double rd_double_of_float(float f);

static inline rd_int128 rd_load_be128(const uint8_t *p)
{
	uint64_t hi, lo;

	memcpy(&hi, p, 8);
	memcpy(&lo, p + 8, 8);
	return (rd_int128)((rd_uint128)__builtin_bswap64(hi) << 64 | __builtin_bswap64(lo));
}
static inline void rd_store_be128(uint8_t *p, rd_int128 value)
{
	uint64_t hi = __builtin_bswap64((uint64_t)((rd_uint128)value >> 64));
	uint64_t lo = __builtin_bswap64((uint64_t)value);

	memcpy(p, &hi, 8);
	memcpy(p + 8, &lo, 8);
}

static inline bool rd_bit(const uint64_t *bits, uint64_t i)
{
	return bits[i / 64] >> (i % 64) & 1;
}

/* ---- memory that is kept ----------------------------------------------------------------- */

/* Bytes that grow and stay; aligned to 64, RD_PAD bytes behind `cap`.  Values lie in them:
 * what is given back is wiped. */
struct rd_store {
	uint8_t *data;
	size_t cap;
};
/* Makes room for `len` bytes and keeps the first `keep`. */
RD_MUST_USE bool rd_store_grow(struct rd_store *store, size_t len, size_t keep, struct rd_err *err);
void rd_store_free(struct rd_store *store);

#endif
