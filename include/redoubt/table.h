/*
 * table: sealed tables, which are Apache Parquet files with Parquet Modular Encryption
 * (AES_GCM_V1), and the batches of vectors that they are read into.  CSV lives at the edge.
 *
 * The parts: types and values; vectors (what the engine computes on); reading; writing; keys;
 * CSV (edge library only).  Formats: parquet-format 2.10 (Thrift compact footer, Encryption.md),
 * reference: doc/format/table.md.
 */
#ifndef REDOUBT_TABLE_H
#define REDOUBT_TABLE_H

#include <redoubt/base.h>
#include <redoubt/crypto.h>

#include <string.h>

#define RD_COLUMNS_MAX 4096         /* columns of one table */
#define RD_COLUMN_NAME_MAX 255      /* bytes */
#define RD_GROUP_ROWS (256u * 1024) /* rows of a row group that we write */
#define RD_PAGE_ROWS (16u * 1024)   /* rows of a page that we write: cut alike in all columns */
#define RD_BATCH_ROWS 2048u         /* most rows of a batch */
#define RD_TEXT_MAX (16u << 20)     /* bytes of one text value */

extern const struct rd_code_text rd_table_codes[];

/* ---- types and values ------------------------------------------------------------------------ */

/* ENGINE.md 1.  The numbers are part of plans and rooms: never renumber. */
enum rd_type {
	RD_NOTYPE = 0,
	RD_BOOL = 1,      /* width 1: 0 or 1 */
	RD_INT32 = 2,     /* width 4 */
	RD_INT64 = 3,     /* width 8 */
	RD_DECIMAL = 4,   /* width 8 up to precision 18, else 16: the unscaled integer */
	RD_DOUBLE = 5,    /* width 8 */
	RD_DATE = 6,      /* width 4: days since 1970-01-01 */
	RD_TIMESTAMP = 7, /* width 8: microseconds since 1970-01-01 00:00, no zone */
	RD_TEXT = 8,      /* width 16: struct rd_text, UTF-8, COLLATE "C" */
	RD_INTERVAL = 9,  /* constants only: months, days, microseconds */
};

struct rd_coltype {
	uint8_t type;      /* enum rd_type */
	uint8_t precision; /* decimal: 1..38 */
	uint8_t scale;     /* decimal: 0..precision */
	bool nullable;
};

/* Bytes a flat value of this type takes in a vector. */
uint8_t rd_coltype_width(struct rd_coltype type);
/* "decimal(15,2)": at most 31 bytes; static storage is not used. */
void rd_coltype_name(struct rd_coltype type, char out[32]);
RD_MUST_USE bool rd_coltype_parse(struct rd_view text, struct rd_coltype *out, struct rd_err *err);

/* A text value in a vector: short ones inline, long ones by pointer, both with a 4-byte prefix, so
 * that most comparisons end without a cache miss.  Unused inline bytes are zero. */
struct rd_text {
	union {
		struct {
			uint32_t len;
			char inlined[12];
		};
		struct {
			uint32_t same_len;
			char prefix[4];
			const char *data;
		} far;
	};
};
_Static_assert(sizeof(struct rd_text) == 16, "a text takes 16 bytes in a vector");
static inline struct rd_view rd_text_view(const struct rd_text *t)
{
	return (struct rd_view){ (const uint8_t *)(t->len <= 12 ? t->inlined : t->far.data),
				 t->len };
}
/* Borrows bytes when longer than 12. */
static inline struct rd_text rd_text_of(struct rd_view bytes)
{
	struct rd_text text = { .len = (uint32_t)bytes.len };

	rd_assert(bytes.len <= UINT32_MAX);
	if (bytes.len <= sizeof(text.inlined)) {
		if (bytes.len)
			memcpy(text.inlined, bytes.data, bytes.len);
	} else {
		memcpy(text.far.prefix, bytes.data, sizeof(text.far.prefix));
		text.far.data = (const char *)bytes.data;
	}
	return text;
}

/* One value, for constants, tests and printing. */
struct rd_value {
	struct rd_coltype type;
	bool is_null;
	union {
		int64_t i; /* bool, int32, int64, date, timestamp */
		double f;
		rd_int128 d; /* decimal, unscaled */
		struct rd_view text;
		struct {
			int32_t months, days;
			int64_t micros;
		} interval;
	};
};

/*
 * Text of a value as PostgreSQL 15 prints it (bool true/false; doubles shortest round trip;
 * timestamps "2001-02-03 04:05:06.5"; NULL gives the text `null_text`).
 */
RD_MUST_USE bool rd_value_format(const struct rd_value *value, const char *null_text,
				 struct rd_buf *out, struct rd_err *err);
/* The reverse, for CSV fields, constants and test data: exact; refuses what does not fit
 * ("table.value.form", "table.value.range"). */
RD_MUST_USE bool rd_value_parse(struct rd_view text, struct rd_coltype type, struct rd_value *out,
				struct rd_err *err);

/* Class of a column in a room (PROTOCOL.md 6), least revealing first; 0 is hidden. */
enum rd_class {
	RD_CLASS_HIDDEN = 0,
	RD_CLASS_JOIN = 1,
	RD_CLASS_AGGREGATE = 2,
	RD_CLASS_GROUP = 3,
	RD_CLASS_VISIBLE = 4,
};
const char *rd_class_name(enum rd_class c);

struct rd_column {
	struct rd_view name;
	struct rd_coltype type;
	uint8_t class_;         /* enum rd_class; declared by --schema, else RD_CLASS_HIDDEN */
	bool unique;            /* no value twice (NULLs apart): proven when the table was sealed */
	const char *unreadable; /* why this column of a foreign file cannot be read: a cursor says
				   so (its type is text then); NULL: it can */
};

struct rd_schema {
	uint32_t n;
	struct rd_column *column; /* the index is the column id */
};

/* ---- vectors ---------------------------------------------------------------------------- */

enum rd_repr {
	RD_CONST = 0, /* one value for all rows */
	RD_FLAT = 1,  /* one value a row */
	RD_CODE = 2,  /* one dictionary code a row */
};

/* Values of a dictionary; the same pointer means that equal codes mean equal values. */
struct rd_dict {
	uint32_t n;
	struct rd_coltype type;
	const void *data; /* n flat values */
};

/*
 * `data` holds values (or codes) of `width` bytes each: 1, 2, 4, 8 or 16.  Slots of NULLs hold zero
 * (code 0), so kernels may compute them.  `valid`: bit i of word i/64 set = row i is not NULL;
 * NULL pointer = no NULLs.  An RD_CODE vector whose dictionary is empty has only NULLs.
 */
struct rd_vec {
	struct rd_coltype type;
	uint8_t repr;  /* enum rd_repr */
	uint8_t width; /* bytes of a value or of a code */
	const void *data;
	const uint64_t *valid;
	const struct rd_dict *dict;
};

static inline bool rd_vec_is_null(const struct rd_vec *v, uint32_t row)
{
	return v->valid && !(v->valid[row / 64] >> (row % 64) & 1);
}
/* One value out of a vector (dictionary looked up); text is borrowed. */
struct rd_value rd_vec_value(const struct rd_vec *v, uint32_t row);

/* Up to RD_BATCH_ROWS rows.  sel: the rows that count, ascending; NULL = all n (then n_sel == n).
 */
struct rd_batch {
	uint32_t n, n_sel, n_cols;
	const uint16_t *sel;
	struct rd_vec *col;
	uint64_t first_row;
};

/* ---- where bytes come from -------------------------------------------------------------- */

/*
 * A random-access source of bytes: a file at the edge, a range served through the door in the
 * enclave.  `read` copies exactly out->cap - out->used bytes from `offset` to the end of `out`, or
 * fails; it may be called from several threads.  `prefetch` (may be NULL) says that these bytes
 * will be asked for soon.  The bytes are hostile.
 */
struct rd_blob {
	void *ctx;
	uint64_t size;
	bool (*read)(void *ctx, uint64_t offset, struct rd_span *out, struct rd_err *err);
	void (*prefetch)(void *ctx, uint64_t offset, uint64_t len);
};

/* ---- keys ------------------------------------------------------------------------------- */

/* "redoubt-table-footer-v1" and "redoubt-table-column-v1": PROTOCOL.md 4. */
#define RD_TABLE_KEY_LEN 32
#define RD_COMMITMENT_LEN 32
#define RD_TABLE_NAME_MAX 128
#define RD_FOOTER_KEY 0xffffffffu /* the "column" number of the footer key */

/*
 * What names a sealed table: the dataset's name and the SHA-256 of its owner's signing public key
 * (zero at the owner's own desk, where no owner key is given), and a version.
 */
struct rd_table_id {
	char dataset[RD_TABLE_NAME_MAX + 1];
	uint8_t owner_key_hash[RD_SHA256_LEN];
	uint64_t version;
};

/* The owner's key of one table; file form: PEM "REDOUBT TABLE KEY" over CBOR. */
struct rd_table_key {
	struct rd_table_id id;
	struct rd_secret key;
};
RD_MUST_USE bool rd_table_key_generate(const struct rd_table_id *id, struct rd_table_key *out,
				       struct rd_err *err);
RD_MUST_USE bool rd_table_key_to_pem(const struct rd_table_key *key, struct rd_buf *pem,
				     struct rd_err *err);
RD_MUST_USE bool rd_table_key_from_pem(struct rd_view pem, struct rd_table_key *out,
				       struct rd_err *err);
/* The key of one column (or RD_FOOTER_KEY) and its commitment
 * HKDF-Expand(key, "redoubt-commit-v1", 32). */
RD_MUST_USE bool rd_table_derive(const struct rd_table_key *key, uint32_t column,
				 struct rd_secret *out, struct rd_err *err);
RD_MUST_USE bool rd_table_commitment(const struct rd_secret *column_key,
				     uint8_t out[RD_COMMITMENT_LEN], struct rd_err *err);

/*
 * What a reader holds: explicit footer and column keys (a column without one cannot be read) and
 * the AAD prefix.  Filled from an owner's key, from a plain key file, or by a broker's release.
 */
struct rd_column_key {
	uint32_t column; /* column id or RD_FOOTER_KEY */
	struct rd_secret key;
};
struct rd_table_keys {
	uint32_t n;
	const struct rd_column_key *key;
	struct rd_view aad_prefix;
};
/* All keys of a table of n_columns, in the arena (which must then be wiped by its owner). */
RD_MUST_USE bool rd_table_keys_all(const struct rd_table_key *key, uint32_t n_columns,
				   struct rd_arena *arena, struct rd_table_keys *out,
				   struct rd_err *err);
/* CBOR [dataset, owner key hash, version]. */
RD_MUST_USE bool rd_table_aad_prefix(const struct rd_table_id *id, struct rd_arena *arena,
				     struct rd_view *out, struct rd_err *err);
/* SHA-256 from FileCryptoMetaData to the end of the file: what a room pins.  Reads the blob by
 * itself: for the desk, where a room is written.  Whoever opens the table asks rd_table_digest. */
RD_MUST_USE bool rd_table_tail_digest(const struct rd_blob *blob, uint8_t out[RD_SHA256_LEN],
				      struct rd_err *err);

/* ---- reading ---------------------------------------------------------------------------- */

/* One open table: footer read, authenticated and checked.  Shared by threads once open. */
struct rd_table;

enum rd_table_mode {
	RD_TABLE_OWN = 0,  /* the owner's desk: plain or sealed */
	RD_TABLE_ROOM = 1, /* PROTOCOL.md 4: refuses all that a room does not allow */
};

/* `keys` NULL: a plain file.  The blob and the keys must outlive the table.  Memory comes from
 * its own arena of at most `max_memory` bytes. */
RD_MUST_USE bool rd_table_open(const struct rd_blob *blob, const struct rd_table_keys *keys,
			       enum rd_table_mode mode, size_t max_memory, struct rd_table **out,
			       struct rd_err *err);
void rd_table_close(struct rd_table **table);
const struct rd_schema *rd_table_schema(const struct rd_table *table);
uint64_t rd_table_rows(const struct rd_table *table);
uint32_t rd_table_groups(const struct rd_table *table);
uint64_t rd_table_group_rows(const struct rd_table *table, uint32_t group);
bool rd_table_is_sealed(const struct rd_table *table);
/* The tail digest of the very bytes that were opened: a host that serves other bytes at a second
 * reading gains nothing.  A room compares this one. */
void rd_table_digest(const struct rd_table *table, uint8_t out[RD_SHA256_LEN]);

/*
 * Facts about one column, for planning, as the file's writer states them.  has_nulls and has_range
 * may be relied upon, even against a hostile owner: a cursor refuses ("table.stats.lie") a page
 * whose values contradict them.  n_distinct, `dictionary` and rd_column.unique are the owner's
 * word: never size memory or skip a check by them.  A column without a key has no facts.
 */
struct rd_column_stats {
	bool has_nulls;      /* true when not known */
	bool has_range;      /* min and max hold for all non-NULL values */
	int64_t min, max;    /* integers, dates, timestamps, decimals up to precision 18 */
	uint64_t n_distinct; /* upper bound; rows when not known */
	bool dictionary;     /* every page of it is dictionary-coded */
};
void rd_table_column_stats(const struct rd_table *table, uint32_t column,
			   struct rd_column_stats *out);
void rd_table_group_stats(const struct rd_table *table, uint32_t group, uint32_t column,
			  struct rd_column_stats *out);

/*
 * A cursor walks one column of one row group.  Pages are fetched, decrypted and decoded when their
 * first row is read, so skipped pages cost nothing.  One thread at a time; memory (page buffers)
 * is kept for reuse when the cursor is moved to another group with rd_cursor_open.
 */
struct rd_cursor;
RD_MUST_USE bool rd_cursor_new(const struct rd_table *table, uint32_t column,
			       struct rd_cursor **out, struct rd_err *err);
void rd_cursor_free(struct rd_cursor **cursor);
RD_MUST_USE bool rd_cursor_open(struct rd_cursor *cursor, uint32_t group, struct rd_err *err);
/* The next n rows (1..RD_BATCH_ROWS; they must be there) as a flat or code vector.  RD_CODE only
 * with want_codes and where the page is dictionary-coded; rd_vec.dict then lives as long as the
 * cursor stays in the group.  The vector is valid until the next call on the cursor. */
RD_MUST_USE bool rd_cursor_read(struct rd_cursor *cursor, uint32_t n, bool want_codes,
				struct rd_vec *out, struct rd_err *err);
RD_MUST_USE bool rd_cursor_skip(struct rd_cursor *cursor, uint64_t n, struct rd_err *err);
/* Bytes read and nanoseconds of thread CPU spent in decryption so far, for `query --time`. */
struct rd_scan_cost {
	uint64_t bytes, decrypt_ns;
};
void rd_cursor_cost(const struct rd_cursor *cursor, struct rd_scan_cost *out);

/* ---- files of others, edge only ------------------------------------------------------------- */

/* Keys of an encrypted Parquet file that another tool wrote: 16, 24 or 32 bytes each. */
struct rd_named_key {
	struct rd_view name; /* of the column */
	struct rd_secret key;
};
struct rd_foreign_keys {
	bool has_footer;
	struct rd_secret footer;
	uint32_t n;
	struct rd_named_key *column;
	struct rd_view aad_prefix; /* empty: none */
};
/* A plain key file: lines `footer HEX`, `column NAME HEX`, `aad TEXT`, `aad-hex HEX`, # comments.
 * Views point into `text`; the arena holds secrets then.  "table.keys.form" with name and line. */
RD_MUST_USE bool rd_foreign_keys_parse(struct rd_view text, const char *name,
				       struct rd_arena *arena, struct rd_foreign_keys *out,
				       struct rd_err *err);

/* At most one of `keys` and `foreign_keys`; both NULL: a plain file. */
struct rd_table_options {
	const struct rd_table_keys *keys;
	const struct rd_foreign_keys *foreign_keys;
	bool without_aad; /* also files without aad_file_unique: swapped pages go unnoticed */
	size_t max_memory;
};
/*
 * As rd_table_open with RD_TABLE_OWN, and besides what rooms and the enclave never take: the codecs
 * snappy, gzip and lz4_raw, page CRCs (checked), AES_GCM_CTR_V1, signed plain footers, keys by
 * name, unreadable columns beside others (rd_column.unreadable).  A page has at most 256 MiB, and
 * takes no more memory than its codec can make of what is stored: 22 times it for snappy, 255 for
 * lz4_raw, 1,032 for gzip, 32,768 for zstd.  The options' pointers must outlive the table.
 */
RD_MUST_USE bool rd_table_open_any(const struct rd_blob *blob,
				   const struct rd_table_options *options, struct rd_table **out,
				   struct rd_err *err);
/*
 * Several open tables as one, in their order: the same columns by name, type and place (NULLs in
 * one are NULLs in all; nothing is unique).  Takes the tables over, also when it fails:
 * "table.parts" names the one that differs by its number, from 0.
 */
#define RD_TABLE_PARTS_MAX 4096u
RD_MUST_USE bool rd_table_join(struct rd_table **part, uint32_t n, struct rd_table **out,
			       uint32_t *differs, struct rd_err *err);
/* Appends what an encrypted table that was opened lacks for a room, in one line for people; nothing
 * if it lacks nothing, or is plain. */
RD_MUST_USE bool rd_table_weakness(const struct rd_table *table, struct rd_buf *out,
				   struct rd_err *err);
/* Was the table sealed under an AAD prefix that it does not store? */
bool rd_table_needs_prefix(const struct rd_table *table);

/* How a column is stored, over all row groups; every page's header is read for it. */
struct rd_storage {
	uint64_t stored_bytes, plain_bytes; /* of its pages, as in the file and unpacked */
	uint64_t n_pages, n_dictionaries;
	uint32_t encodings; /* bit i: Parquet's encoding i was seen in a data page */
	uint32_t codecs;    /* bit i: codec i */
	bool own_key, footer_key;
	bool locked; /* its key is not here: only what the footer says is known */
};
RD_MUST_USE bool rd_table_storage(const struct rd_table *table, uint32_t column,
				  struct rd_storage *out, struct rd_err *err);
/* Of a row group, as far as its columns' keys are here. */
uint64_t rd_table_group_bytes(const struct rd_table *table, uint32_t group);
/* "AES_GCM_V1", "AES_GCM_CTR_V1", ""; "encrypted", "signed", "plain". */
const char *rd_table_crypto_name(const struct rd_table *table);
const char *rd_table_footer_form(const struct rd_table *table);
/* "RLE_DICTIONARY", "ZSTD": as Parquet calls them; "?" for a number that it does not have. */
const char *rd_encoding_name(uint32_t encoding);
const char *rd_codec_name(uint32_t codec);
/* Who wrote the file, as it says; empty: it does not. */
struct rd_view rd_table_created_by(const struct rd_table *table);

/* ---- writing ---------------------------------------------------------------------------- */

/* A streaming sink: `write` appends all bytes or fails. */
struct rd_sink {
	void *ctx;
	bool (*write)(void *ctx, struct rd_view bytes, struct rd_err *err);
};

/* Parquet's numbers.  Rooms take none and zstd. */
enum rd_codec {
	RD_CODEC_NONE = 0,
	RD_CODEC_SNAPPY = 1,
	RD_CODEC_GZIP = 2,
	RD_CODEC_ZSTD = 6,
	RD_CODEC_LZ4_RAW = 7,
};

struct rd_writer_options {
	const struct rd_table_key *key; /* NULL: a plain file */
	bool uniform;                   /* footer key for all columns, no AAD prefix */
	enum rd_codec codec;
};

/*
 * Memory is bounded by one row group, and by 24 bytes a row for each column declared unique: those
 * are proven, a repeated value fails with "table.unique" and both row numbers (from 1) at
 * rd_writer_finish at the latest.  A row group is cut early where its values pass 256 MiB.
 */
struct rd_writer;
RD_MUST_USE bool rd_writer_new(const struct rd_schema *schema,
			       const struct rd_writer_options *options, const struct rd_sink *sink,
			       struct rd_writer **out, struct rd_err *err);
/* Any repr, any n; sel respected. */
RD_MUST_USE bool rd_writer_add(struct rd_writer *writer, const struct rd_batch *batch,
			       struct rd_err *err);
RD_MUST_USE bool rd_writer_finish(struct rd_writer *writer, struct rd_err *err);
void rd_writer_free(struct rd_writer **writer);

/* ---- rows in memory: answers ------------------------------------------------------------ */

/*
 * A small table in memory: what a query gives.  Flat vectors of n_rows; `withheld` marks cells
 * that the disclosure rules took out (bit set = withheld; the value is NULL); NULL pointer = none.
 */
struct rd_rows {
	uint32_t n_cols;
	uint64_t n_rows;
	struct rd_column *column;
	struct rd_vec *vec;
	uint64_t **withheld;
	uint64_t withheld_groups, withheld_cells;
	bool failed;        /* no rows: the data made the query fail (overflow...) ... */
	uint32_t failed_at; /* ... at this byte of the SQL text; UINT32_MAX: unknown */
};

/* Deterministic CBOR (doc/format/answer.cddl); decoding checks everything. */
RD_MUST_USE bool rd_rows_encode(const struct rd_rows *rows, struct rd_buf *out, struct rd_err *err);
RD_MUST_USE bool rd_rows_decode(struct rd_view cbor, struct rd_arena *arena, struct rd_rows *out,
				struct rd_err *err);

/* ---- CSV, edge only --------------------------------------------------------------------- */

struct rd_csv_options {
	const char *null_text; /* an unquoted field equal to it is NULL; "" by default */
	char separator;        /* ',' by default */
	/* May be NULL: told by rd_csv_load now and then how many bytes of the file were read. */
	void (*progress)(void *ctx, uint64_t done);
	void *progress_ctx;
};

/* Reads the whole text once to infer names and types (ENGINE.md 1). */
RD_MUST_USE bool rd_csv_infer(const struct rd_blob *blob, const char *name,
			      const struct rd_csv_options *options, struct rd_arena *arena,
			      struct rd_schema *out, struct rd_err *err);
/* Text of a --schema file: one `name type [class] [unique] [not-null]` a line, # comments. */
RD_MUST_USE bool rd_schema_parse(struct rd_view text, const char *name, struct rd_arena *arena,
				 struct rd_schema *out, struct rd_err *err);
/* Streams the rows into a writer; errors carry name, line and field. */
RD_MUST_USE bool rd_csv_load(const struct rd_blob *blob, const char *name,
			     const struct rd_csv_options *options, const struct rd_schema *schema,
			     struct rd_writer *writer, struct rd_err *err);
/* ---- JSON lines, edge only: one object of scalars a line (RFC 8259) ----------------------------
 */

/* Columns in the order of their first appearance; types from all values, numbers as in CSV, text
 * only as date, timestamp or text; what is null or not there is NULL.  Lists, objects, and a
 * column of text and of other values fail with "table.jsonl.type" and their lines. */
RD_MUST_USE bool rd_jsonl_infer(const struct rd_blob *blob, const char *name,
				struct rd_arena *arena, struct rd_schema *out, struct rd_err *err);
/* Streams the objects into a writer; of the options only progress counts. */
RD_MUST_USE bool rd_jsonl_load(const struct rd_blob *blob, const char *name,
			       const struct rd_csv_options *options, const struct rd_schema *schema,
			       struct rd_writer *writer, struct rd_err *err);

/* ---- Arrow IPC, edge only (Arrow columnar format 1.5, "Serialization and IPC") -----------------
 */

/*
 * The columns of a stream or a file ("ARROW1", also called Feather 2), metadata versions 4 and 5,
 * either byte order.  Read are Null, Bool, Int, FloatingPoint, Decimal (32 to 256 bits, up to 38
 * digits), Date, Time (as text), Timestamp (as UTC; nanoseconds lose their last three digits),
 * Duration (as int64 of its unit), Interval (as text), and Utf8, Binary, their Large and View forms
 * and FixedSizeBinary (bytes as text, \xHH where they are not printed; arrow.uuid as one), each
 * also behind a dictionary.  Buffers may be packed with LZ4 or zstd.  Other types fail with
 * "table.arrow.type" and the column's name.
 */
RD_MUST_USE bool rd_arrow_schema(const struct rd_blob *blob, const char *name,
				 struct rd_arena *arena, struct rd_schema *out, struct rd_err *err);
/* Streams the record batches into a writer; the schema's columns are its own, in order. */
RD_MUST_USE bool rd_arrow_load(const struct rd_blob *blob, const char *name,
			       const struct rd_schema *schema, struct rd_writer *writer,
			       struct rd_err *err);

/* ---- out ---------------------------------------------------------------------------------------
 */

/* As an Arrow IPC stream; withheld cells are null. */
RD_MUST_USE bool rd_arrow_unload(const struct rd_table *table, const struct rd_sink *sink,
				 struct rd_err *err);
RD_MUST_USE bool rd_rows_to_arrow(const struct rd_rows *rows, struct rd_buf *out,
				  struct rd_err *err);

/* All rows of a table into a writer of the same columns. */
RD_MUST_USE bool rd_table_copy(const struct rd_table *table, struct rd_writer *writer,
			       struct rd_err *err);
/* One row group after another, RFC 4180 with LF line ends; text that equals null_text is quoted. */
RD_MUST_USE bool rd_csv_unload(const struct rd_table *table, const struct rd_csv_options *options,
			       const struct rd_sink *sink, struct rd_err *err);
RD_MUST_USE bool rd_rows_to_csv(const struct rd_rows *rows, const struct rd_csv_options *options,
				struct rd_buf *out, struct rd_err *err);

#endif
