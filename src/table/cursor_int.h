/* A cursor over one column, as the files that make it up see it. */
#ifndef RD_TABLE_CURSOR_INT_H
#define RD_TABLE_CURSOR_INT_H

#include "open_int.h"
#include "recode_int.h"

/* The page at hand. */
struct page {
	struct pq_page_header header;
	uint64_t body_at;    /* where its bytes begin in the file ... */
	size_t body_len;     /* ... and how many */
	bool has_body;       /* fetched and opened */
	uint32_t left;       /* rows not yet read */
	uint32_t left_valid; /* text with lengths: values not yet read */
	bool has_levels;
	struct hybrid levels;
	bool is_codes;
	struct hybrid codes;
	const uint8_t *p, *end; /* values not yet read */
	uint32_t bool_bit;      /* PLAIN booleans: next bit of *p */
	const uint32_t *length; /* DELTA_LENGTH_BYTE_ARRAY: of the values not yet read */
};

struct rd_cursor {
	const struct rd_table *whole; /* as it was asked for ... */
	const struct rd_table *table; /* ... and the one file of it that is read */
	uint32_t column, group;
	const struct pq_leaf *stored; /* as it is in pages ... */
	const struct pq_leaf *leaf;   /* ... and after recoding */
	struct rd_coltype type;
	uint8_t width; /* of a flat value */
	const struct pq_chunk *chunk;
	const struct rd_column_stats *stats;
	const struct rd_aead *aead; /* NULL: plain pages */
	uint64_t at, end;           /* in the file */
	uint64_t rows_left;         /* of the group, not yet in a page that was begun */
	uint32_t n_pages;           /* begun in this group: the next one's ordinal */
	struct page page;
	struct rd_store raw, plain, unpacked, lengths, levels;
	size_t raw_len; /* bytes of `raw` that were read ahead, from file offset `raw_at` */
	uint64_t raw_at;
	struct rd_store expanded, recoded; /* the page in PLAIN, and as it is read */
	struct rd_store dict_page, dict_recoded, dict_value; /* of this group */
	struct rd_dict dict;
	uint8_t code_width;
	struct rd_store flat, codes, texts; /* the batch that is handed out */
	uint64_t valid[RD_BATCH_ROWS / 64 + 2];
	struct rd_scan_cost cost;
};

/* page.c: the header of the next page (data pages only; a dictionary is kept on the way). */
bool cursor_next_page(struct rd_cursor *c, struct rd_err *err);
/* Fetches, opens and unpacks the page's body, and sets up its decoders. */
bool cursor_load_page(struct rd_cursor *c, struct rd_err *err);
/* values.c: `m` PLAIN or length-prefixed values from [*p, end) into flat form at `out`. */
bool values_plain(struct rd_cursor *c, const uint8_t **p, const uint8_t *end, uint32_t m, void *out,
		  struct rd_err *err);
bool values_bool(struct page *page, uint32_t m, uint8_t *out);
bool values_lengths(struct page *page, uint32_t m, struct rd_text *out, struct rd_err *err);
/* Every one of `m` flat values lies in the range that the footer states. */
bool values_in_range(const struct rd_cursor *c, const void *value, uint32_t m, struct rd_err *err);
bool cursor_bad_page(const struct rd_cursor *c, const char *what, struct rd_err *err);
/* Nothing is wrong with it, but for its size. */
bool cursor_large_page(const struct rd_cursor *c, const char *what, struct rd_err *err);

#endif
