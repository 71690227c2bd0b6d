/* Writing: one row group of columns in memory, encoded when it is full. */
#ifndef RD_TABLE_WRITER_INT_H
#define RD_TABLE_WRITER_INT_H

#include "parquet_int.h"

#define GROUP_BYTES_MAX ((uint64_t)256 << 20)
#define DICTIONARY_ENTRIES_MAX (64u * 1024)
#define DICTIONARY_BYTES_MAX ((size_t)1 << 20)
/* A uniform file is for other readers, and DuckDB 1.5 opens only the first page of an encrypted
 * column chunk: so there a row group is one page. */
#define UNIFORM_GROUP_BYTES_MAX ((uint64_t)16 << 20)
#define TEXT_PAGE_BYTES ((size_t)256 << 10)

/*
 * The values of one column of the row group at hand, without its NULLs.  While the dictionary is
 * small enough, each value has a code too; the dictionary's entries are values of the group, named
 * by their index.
 */
struct column_buf {
	struct rd_coltype type;
	uint8_t width;         /* of a value: 16 for text is not used */
	struct rd_store value; /* fixed widths: n values; text: the bytes */
	struct rd_store start; /* text: n + 1 offsets of 8 bytes */
	struct rd_store valid; /* a bit a row */
	struct rd_store code;  /* 4 bytes a value */
	uint32_t n_rows, n;
	bool has_dict;
	uint32_t n_dict;
	size_t dict_bytes;
	/* A hash table that grows with its entries: a wide table has many. */
	uint32_t *slot; /* entry + 1, 0: free */
	uint32_t n_slots;
	uint32_t *entry; /* index of the value that came first; room for one in four slots */
};
bool column_buf_new(struct rd_coltype type, struct column_buf *out, struct rd_err *err);
void column_buf_free(struct column_buf *b);
void column_buf_clear(struct column_buf *b);
/* NULL: value is NULL.  Else `width` bytes, or a struct rd_text. */
bool column_buf_add(struct column_buf *b, const void *value, struct rd_err *err);
static inline struct rd_view column_buf_text(const struct column_buf *b, uint32_t i)
{
	const uint64_t *start = (const uint64_t *)(const void *)b->start.data;

	if (!b->value.data) /* nothing but empty texts */
		return (struct rd_view){ 0 };
	return rd_view_of(b->value.data + start[i], (size_t)(start[i + 1] - start[i]));
}

/* encode.c: bodies of pages, appended to `out`. */
struct page_range {
	uint32_t row, n_rows; /* of the group */
	uint32_t value, n;    /* the values that are not NULL among them */
};
void encode_dictionary(const struct column_buf *b, enum pq_type type, struct rd_buf *out);
void encode_page(const struct column_buf *b, enum pq_type type, struct page_range range,
		 struct rd_buf *out);
/* min, max and counts, into `stats`; its views point into `space` (64 bytes). */
void encode_stats(const struct column_buf *b, enum pq_type type, uint8_t *space,
		  struct pq_stats *stats);

/* unique.c: proof that no value of a column occurs twice. */
struct unique;
bool unique_new(struct unique **out, struct rd_err *err);
void unique_free(struct unique **unique);
bool unique_add(struct unique *unique, struct rd_coltype type, const void *value, uint64_t row,
		struct rd_err *err);
bool unique_check(struct unique *unique, struct rd_view column, struct rd_err *err);

#endif
