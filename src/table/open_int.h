/* An open table, as the files that read it see it. */
#ifndef RD_TABLE_OPEN_INT_H
#define RD_TABLE_OPEN_INT_H

#include "parquet_int.h"

enum table_prefix { PREFIX_NONE, PREFIX_STORED, PREFIX_SUPPLIED };

struct table_tail {
	bool sealed;
	uint64_t start;       /* of `bytes` in the file: pages end here */
	struct rd_view bytes; /* to the end of the file: what the digest is of */
	struct rd_view body;  /* without length and magic */
};

struct table_column {
	struct rd_aead *aead; /* NULL: no key, or plain */
	const struct rd_secret *key;
	struct pq_leaf leaf; /* after recoding */
	enum pq_recode recode;
	struct rd_column_stats stats;
};

/* What only the edge can do with files of others: the enclave's library has none of it. */
struct table_edge {
	/* Exactly `len` bytes; false: it does not unpack to that, or the codec is not known. */
	bool (*unpack)(uint32_t codec, struct rd_view in, uint8_t *out, size_t len);
	bool (*knows_codec)(uint32_t codec);
	uint32_t (*crc32)(struct rd_view bytes);
	/* AES-CTR of a page (AES_GCM_CTR_V1). */
	bool (*ctr)(const struct rd_secret *key, const uint8_t nonce[RD_AEAD_NONCE_LEN],
		    struct rd_view in, struct rd_span *out, struct rd_err *err);
};

/* How a table is opened. */
struct table_access {
	enum rd_table_mode mode;
	const struct rd_table_keys *keys;           /* by number ... */
	const struct rd_foreign_keys *foreign_keys; /* ... or by name; NULL: none */
	const struct table_edge *edge;              /* NULL in the enclave */
	bool without_aad;                           /* DuckDB's own files */
};
bool table_open(const struct rd_blob *blob, const struct table_access *access, size_t max_memory,
		struct rd_table **out, struct rd_err *err);

/* Where a row group of a table of several files is. */
struct table_home {
	const struct rd_table *table;
	uint32_t group;
};

struct rd_table {
	uint32_t n_parts; /* > 0: a table of several, which it owns; then only schema, stats, */
	struct rd_table **part;  /* numbers of rows, arena and these are filled in */
	struct table_home *home; /* one a row group */
	struct rd_blob blob;
	enum rd_table_mode mode;
	const struct table_edge *edge;
	bool is_ctr;
	enum table_prefix prefix;
	const struct rd_secret *footer_key;
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
void table_merge_stats(struct rd_column_stats *all, const struct rd_column_stats *one, bool first);
/* May a sealed struct be followed by `len` bytes? */
bool table_padding_fits(const struct rd_table *t, size_t len, struct rd_err *err);
/* stats.c: turns the writer's statistics into facts that cursors hold pages to. */
bool table_make_stats(struct rd_table *t, struct rd_err *err);

#endif
