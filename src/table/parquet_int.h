/*
 * Parquet's metadata as this module uses it: the structs of parquet.thrift, flat columns only, and
 * the Thrift compact protocol to read and write them.
 */
#ifndef RD_TABLE_PARQUET_INT_H
#define RD_TABLE_PARQUET_INT_H

#include "table_int.h"

/* The key of the entry that says what our schemas say beyond Parquet's: one hexadecimal digit a
 * column, its class, + 8 where it was proven unique. */
#define PQ_COLUMNS_ENTRY "redoubt.columns.v1"

enum pq_type {
	PQ_BOOLEAN = 0,
	PQ_INT32 = 1,
	PQ_INT64 = 2,
	PQ_INT96 = 3,
	PQ_FLOAT = 4,
	PQ_DOUBLE = 5,
	PQ_BYTE_ARRAY = 6,
	PQ_FIXED = 7,
};
enum pq_encoding {
	PQ_PLAIN = 0,
	PQ_PLAIN_DICTIONARY = 2,
	PQ_RLE = 3,
	PQ_BIT_PACKED = 4, /* of levels only; deprecated */
	PQ_DELTA_BINARY_PACKED = 5,
	PQ_DELTA_LENGTH_BYTE_ARRAY = 6,
	PQ_DELTA_BYTE_ARRAY = 7,
	PQ_RLE_DICTIONARY = 8,
	PQ_BYTE_STREAM_SPLIT = 9,
};
enum pq_page_kind {
	PQ_DATA_PAGE = 0,
	PQ_INDEX_PAGE = 1,
	PQ_DICTIONARY_PAGE = 2,
	PQ_DATA_PAGE_V2 = 3
};
enum pq_repetition { PQ_REQUIRED = 0, PQ_OPTIONAL = 1, PQ_REPEATED = 2 };
/* LogicalType's union ids; the older ConvertedType is mapped to these. */
enum pq_logical {
	PQ_NO_LOGICAL = 0,
	PQ_STRING = 1,
	PQ_ENUM = 4,
	PQ_DECIMAL = 5,
	PQ_DATE = 6,
	PQ_TIME = 7,
	PQ_TIMESTAMP = 8,
	PQ_INTERVAL = 9, /* a ConvertedType only */
	PQ_INTEGER = 10,
	PQ_ALWAYS_NULL = 11, /* UNKNOWN */
	PQ_JSON = 12,
	PQ_UUID = 14,
	PQ_FLOAT16 = 15,
	PQ_GEOMETRY = 17,
	PQ_GEOGRAPHY = 18,
	PQ_OTHER_LOGICAL = 99,
};
enum pq_unit { PQ_MILLIS = 1, PQ_MICROS = 2, PQ_NANOS = 3 };

struct pq_leaf {
	struct rd_view name;
	enum pq_type type;
	uint32_t type_length;
	enum pq_repetition repetition;
	enum pq_logical logical;
	uint8_t precision, scale;
	uint8_t bits; /* PQ_INTEGER */
	bool is_signed;
	bool is_utc; /* PQ_TIME */
	enum pq_unit unit;
	bool nested; /* inside a list, map or struct: it cannot be read */
};

struct pq_stats {
	bool has_null_count, has_distinct, has_min_max;
	uint64_t null_count, distinct;
	struct rd_view min, max; /* min_value, max_value: only those of the column order */
};

struct pq_meta {
	enum pq_type type;
	uint32_t codec;
	uint64_t n_values, plain_size, stored_size;
	uint64_t data_offset, dictionary_offset; /* dictionary_offset 0: none */
	bool has_bloom;
	struct rd_view path; /* first element of path_in_schema */
	struct pq_stats stats;
};

enum pq_crypto { PQ_CRYPTO_NONE = 0, PQ_CRYPTO_FOOTER_KEY = 1, PQ_CRYPTO_COLUMN_KEY = 2 };

struct pq_chunk {
	bool has_file_path, has_meta;
	enum pq_crypto crypto;
	struct rd_view sealed_meta; /* ColumnMetaData as an encrypted module */
	struct pq_meta meta;        /* valid if has_meta, or once sealed_meta was opened */
};

struct pq_group {
	uint64_t n_rows;
	uint16_t ordinal;       /* in AADs: as the group states it, else its place */
	bool misplaced;         /* it states another number than its place */
	struct pq_chunk *chunk; /* one a leaf */
};

struct pq_file_crypto {
	uint32_t algorithm; /* 1: AES_GCM_V1, 2: AES_GCM_CTR_V1 */
	struct rd_view aad_prefix, file_unique, key_metadata;
	bool has_aad_prefix, supply_aad_prefix;
};

/* Nonce and tag of a plain footer (Encryption.md 5.3). */
#define PQ_SIGNATURE_LEN ((size_t)RD_AEAD_NONCE_LEN + RD_AEAD_TAG_LEN)

struct pq_footer {
	uint64_t n_rows;
	uint32_t n_leaves, n_groups;
	struct pq_leaf *leaf;
	struct pq_group *group;
	struct rd_view created_by;
	struct rd_view columns; /* our own entry PQ_COLUMNS_ENTRY; empty: there is none */
	bool has_column_orders;
	struct pq_file_crypto crypto; /* of a plain footer that is signed */
	size_t signature_len;         /* 0, or PQ_SIGNATURE_LEN bytes behind it */
	size_t left_over;             /* bytes behind it that belong to nothing */
};

struct pq_page_header {
	enum pq_page_kind kind;
	uint32_t plain_size, stored_size;
	bool has_crc;
	uint32_t crc;
	uint32_t n_values;
	enum pq_encoding encoding, level_encoding;
	uint32_t n_nulls, n_rows, def_bytes, rep_bytes; /* v2 */
	bool is_compressed;                             /* v2; true otherwise */
};

/* ---- Thrift compact protocol ------------------------------------------------------------------
 */

#define THRIFT_DEPTH_MAX 24
#define THRIFT_ITEMS_MAX (16u << 20)

enum thrift_type {
	THRIFT_STOP = 0,
	THRIFT_TRUE = 1,
	THRIFT_FALSE = 2,
	THRIFT_I8 = 3,
	THRIFT_I16 = 4,
	THRIFT_I32 = 5,
	THRIFT_I64 = 6,
	THRIFT_DOUBLE = 7,
	THRIFT_BINARY = 8,
	THRIFT_LIST = 9,
	THRIFT_SET = 10,
	THRIFT_MAP = 11,
	THRIFT_STRUCT = 12,
};

/* A reader with a sticky failure: after it, every call gives zero or STOP. */
struct thrift {
	struct rd_view in;
	size_t pos;
	bool failed;
	uint32_t depth;
	const char *why;
};
struct thrift_field {
	enum thrift_type type;
	int32_t id, last; /* last: private */
};
void thrift_init(struct thrift *t, struct rd_view in);
void thrift_fail(struct thrift *t, const char *why);
/* Starts a struct: { 0 }, then thrift_next until it gives false (STOP or failure). */
bool thrift_next(struct thrift *t, struct thrift_field *field);
/* The value of the current field; a field of another type fails. */
int64_t thrift_int(struct thrift *t, const struct thrift_field *field);
uint64_t thrift_uint(struct thrift *t, const struct thrift_field *field, uint64_t max);
bool thrift_bool(struct thrift *t, const struct thrift_field *field);
struct rd_view thrift_binary(struct thrift *t, const struct thrift_field *field);
/* A list of `element` values; their number. */
uint32_t thrift_list(struct thrift *t, const struct thrift_field *field, enum thrift_type element,
		     uint32_t max);
/* One element of a list. */
int64_t thrift_element_int(struct thrift *t);
struct rd_view thrift_element_binary(struct thrift *t);
/* The field must be a struct; the caller reads it with thrift_next. */
bool thrift_enter(struct thrift *t, const struct thrift_field *field);
void thrift_skip(struct thrift *t, enum thrift_type type);

/* Writing: `last` is the id of the field before, 0 at the start of a struct. */
void thrift_put_varint(struct rd_buf *out, uint64_t value);
void thrift_put_field(struct rd_buf *out, int16_t *last, int16_t id, enum thrift_type type);
void thrift_put_i32(struct rd_buf *out, int16_t *last, int16_t id, int32_t value);
void thrift_put_i64(struct rd_buf *out, int16_t *last, int16_t id, int64_t value);
void thrift_put_i16(struct rd_buf *out, int16_t *last, int16_t id, int16_t value);
void thrift_put_bool(struct rd_buf *out, int16_t *last, int16_t id, bool value);
void thrift_put_binary(struct rd_buf *out, int16_t *last, int16_t id, struct rd_view value);
void thrift_put_list(struct rd_buf *out, int16_t *last, int16_t id, enum thrift_type element,
		     uint32_t n);
void thrift_put_stop(struct rd_buf *out);

/* ---- footers and headers -----------------------------------------------------------------------
 */

/* schema.c: field 2 of FileMetaData; fills leaf and n_leaves. */
bool pq_schema_read(struct thrift *t, const struct thrift_field *f, struct rd_arena *arena,
		    struct pq_footer *out, struct rd_err *err);
/* Fails with what the reader stumbled over in `what`. */
bool pq_malformed(const struct thrift *t, const char *what, struct rd_err *err);
bool pq_footer_read(struct rd_view bytes, struct rd_arena *arena, struct pq_footer *out,
		    struct rd_err *err);
/* A column's own metadata, opened from its module.  *used: bytes of it. */
bool pq_meta_read(struct rd_view bytes, struct pq_meta *out, size_t *used, struct rd_err *err);
/* *used: bytes of the header.  `bytes` may be longer. */
bool pq_page_header_read(struct rd_view bytes, struct pq_page_header *out, size_t *used,
			 struct rd_err *err);
bool pq_file_crypto_read(struct rd_view bytes, struct pq_file_crypto *out, size_t *used,
			 struct rd_err *err);

void pq_leaf_write(const struct pq_leaf *leaf, struct rd_buf *out);
void pq_meta_write(const struct pq_meta *meta, const enum pq_encoding *encoding,
		   uint32_t n_encodings, struct rd_buf *out);
void pq_page_header_write(const struct pq_page_header *header, struct rd_buf *out);
void pq_file_crypto_write(const struct pq_file_crypto *crypto, struct rd_buf *out);

/* ---- types -------------------------------------------------------------------------------------
 */

/* What a leaf means to us; RD_NOTYPE if it cannot be read, with *why. */
struct rd_coltype pq_leaf_type(const struct pq_leaf *leaf, const char **why);
/* How we write a column. */
struct pq_leaf pq_leaf_of(const struct rd_column *column);

/* Types of others whose values are first turned into those of one that is read. */
enum pq_recode {
	PQ_AS_IS = 0,
	PQ_INT96_TO_MICROS,
	PQ_DECIMAL_TO_FIXED, /* big-endian of any length to 16 bytes */
	PQ_BYTES_TO_TEXT,    /* printable ASCII as it is, other bytes as \xHH */
	PQ_UUID_TO_TEXT,
	PQ_TIME_TO_TEXT,
	PQ_INTERVAL_TO_TEXT,
	PQ_HALF_TO_DOUBLE,
};
/* *out: the leaf after recoding, which is what pq_leaf_type judges. */
enum pq_recode pq_leaf_recode(const struct pq_leaf *stored, struct pq_leaf *out);

/* ---- modules: Parquet Modular Encryption 5
 * ------------------------------------------------------- */

enum module_kind {
	MODULE_FOOTER = 0,
	MODULE_COLUMN_META = 1,
	MODULE_DATA_PAGE = 2,
	MODULE_DICTIONARY_PAGE = 3,
	MODULE_DATA_HEADER = 4,
	MODULE_DICTIONARY_HEADER = 5,
};
#define MODULE_OVERHEAD (4u + RD_AEAD_NONCE_LEN + RD_AEAD_TAG_LEN)
#define FILE_UNIQUE_LEN 8u

/* Which module of a file: its AAD is prefix || file_unique || kind || ordinals, as far as the kind
 * has them. */
struct module {
	struct rd_view aad_base; /* prefix || file_unique */
	enum module_kind kind;
	uint16_t group, column, page;
};
bool module_seal(const struct rd_aead *aead, const struct module *module, struct rd_view in,
		 struct rd_buf *out, struct rd_err *err);
/* As it would be sealed under a given nonce, ciphertext and tag: to check signatures with. */
bool module_tag(const struct rd_aead *aead, const struct module *module, struct rd_view in,
		const uint8_t nonce[RD_AEAD_NONCE_LEN], struct rd_span *sealed, struct rd_err *err);
/* Length of the whole module at the front of `bytes`, from its length field; fails unless it is
 * between the overhead and `max`. */
bool module_len(const struct module *module, struct rd_view bytes, size_t max, size_t *out,
		struct rd_err *err);
/* `sealed`: exactly one module.  Appends the plaintext. */
bool module_open(const struct rd_aead *aead, const struct module *module, struct rd_view sealed,
		 struct rd_span *out, struct rd_err *err);

#endif
