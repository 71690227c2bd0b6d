/*
 * Pages of encodings and types that values.c does not read are turned into PLAIN ones that it does:
 * first the encoding (expand), then the type (recode).
 */
#ifndef RD_TABLE_RECODE_INT_H
#define RD_TABLE_RECODE_INT_H

#include "decode_int.h"

/* Bytes of a page after expanding or recoding; small pages cannot ask for more. */
#define RD_EXPANDED_MAX ((size_t)256 << 20)

/* A page's values on their way.  `from` is followed by RD_PAD readable bytes. */
struct recoding {
	const struct pq_leaf *stored;
	struct rd_view from;
	uint32_t n;             /* values that are not NULL */
	struct rd_store *to;    /* where the result is made */
	struct rd_store *spare; /* for lengths */
	struct rd_view result;
	const char *why; /* of a failure: "its lengths do not decode" ... */
	bool is_large;   /* ... or that nothing but its size is wrong */
};
/* False with why == NULL: memory ran out (*err), or the encoding is not one of these. */
bool recode_expand(struct recoding *r, enum pq_encoding encoding, struct rd_err *err);
bool recode_type(struct recoding *r, enum pq_recode how, struct rd_err *err);

/* ---- single values, for Arrow too; each gives the bytes that it put out ---------------------- */

#define TIME_TEXT_MAX 21u /* 23:59:59.999999999+00 */
/* What is not printed as \xHH: at most four times the bytes. */
size_t bytes_text(struct rd_view v, uint8_t *out);
size_t uuid_text(struct rd_view v, uint8_t *out); /* of 16 bytes; 36 */
/* hh:mm:ss with the fraction's digits that are not trailing zeros, +00 where it is adjusted to UTC;
 * 0: outside a day (24:00 is the last).  Of the leaf unit and is_utc count. */
size_t time_text(const struct pq_leaf *leaf, struct rd_view v, uint8_t *out);
/* IEEE 754 binary16, exactly. */
void half_double(struct rd_view v, uint8_t *out);

#endif
