/* An open table, as the files that read it see it. */
#ifndef RD_TABLE_OPEN_INT_H
#define RD_TABLE_OPEN_INT_H

#include "parquet_int.h"

struct table_tail {
	bool sealed;
	uint64_t start;       /* of `bytes` in the file: pages end here */
	struct rd_view bytes; /* to the end of the file: what the digest is of */
	struct rd_view body;  /* without length and magic */
};

struct table_column {
	struct rd_aead *aead; /* NULL: no key, or plain */
	struct rd_column_stats stats;
};

struct rd_table {
	struct rd_blob blob;
	enum rd_table_mode mode;
	struct rd_arena *arena;
	struct table_tail tail;
	uint8_t digest[RD_SHA256_LEN];
	struct rd_view aad_base;
	struct rd_aead *footer_aead;
	struct pq_footer footer;
	struct rd_schema schema;
	struct table_column *column;
	struct rd_column_stats *group_stats; /* n_groups x n */
};

const struct rd_secret *table_find_key(const struct rd_table_keys *keys, uint32_t column);
/* stats.c: turns the writer's statistics into facts that cursors hold pages to. */
bool table_make_stats(struct rd_table *t, struct rd_err *err);

#endif
