/*
 * Arrow IPC metadata (Message.fbs, Schema.fbs): FlatBuffers, read and written by hand as far as
 * streams of flat columns go.
 */
#ifndef RD_TABLE_ARROW_INT_H
#define RD_TABLE_ARROW_INT_H

#include "table_int.h"

#define ARROW_CONTINUATION 0xFFFFFFFFu
#define ARROW_METADATA_MAX ((size_t)64 << 20)

enum arrow_header { ARROW_SCHEMA = 1, ARROW_DICTIONARY = 2, ARROW_BATCH = 3 };

/* The union Type. */
enum arrow_type {
	ARROW_NULL = 1,
	ARROW_INT = 2,
	ARROW_FLOAT = 3,
	ARROW_BINARY = 4,
	ARROW_UTF8 = 5,
	ARROW_BOOL = 6,
	ARROW_DECIMAL = 7,
	ARROW_DATE = 8,
	ARROW_TIME = 9,
	ARROW_TIMESTAMP = 10,
	ARROW_INTERVAL = 11,
	ARROW_FIXED_BINARY = 15,
	ARROW_DURATION = 18,
	ARROW_LARGE_BINARY = 19,
	ARROW_LARGE_UTF8 = 20,
	ARROW_BINARY_VIEW = 23,
	ARROW_UTF8_VIEW = 24,
};
enum arrow_unit { ARROW_SECOND = 0, ARROW_MILLI = 1, ARROW_MICRO = 2, ARROW_NANO = 3 };
enum arrow_interval { ARROW_MONTHS = 0, ARROW_DAYS_MILLIS = 1, ARROW_MONTHS_DAYS_NANOS = 2 };
enum arrow_precision { ARROW_HALF = 0, ARROW_SINGLE = 1, ARROW_DOUBLE = 2 };

/* The buffers behind a column's validity. */
enum arrow_layout {
	ARROW_NO_BUFFERS, /* Null: not even a validity */
	ARROW_VALUES,     /* of `bits` each */
	ARROW_OFFSETS,    /* of `bits` each, then bytes */
	ARROW_VIEWS,      /* of 16 bytes each, then any number of buffers of bytes */
};

/* A column as the stream has it.  Where there is a dictionary, its values have this type. */
struct arrow_field {
	struct rd_view name;
	bool nullable, is_signed, is_uuid;
	enum arrow_type type;
	enum arrow_layout layout;
	uint32_t bits; /* of a value, or of an offset */
	uint32_t unit; /* of times; FloatingPoint's precision; Interval's kind */
	int32_t precision, scale;
	bool has_dictionary, index_signed;
	uint32_t index_bits;
	int64_t dictionary;
};

/* ---- FlatBuffers, reading: a sticky failure, after which everything is empty -------------------
 */

struct flat {
	struct rd_view in;
	bool bad;
};
/* A table: where it begins, and its vtable. */
struct flat_table {
	size_t at, vtable, vtable_len, len;
};
struct flat_table flat_root(struct flat *f);
/* Scalars of `size` bytes; the default where the field is not there. */
uint64_t flat_scalar(struct flat *f, const struct flat_table *t, uint32_t field, size_t size,
		     uint64_t absent);
/* True if the field is there. */
bool flat_child(struct flat *f, const struct flat_table *t, uint32_t field, struct flat_table *out);
/* Elements of `size` bytes; *n of them at the returned bytes. */
struct rd_view flat_vector(struct flat *f, const struct flat_table *t, uint32_t field, size_t size,
			   uint32_t *n);
struct rd_view flat_string(struct flat *f, const struct flat_table *t, uint32_t field);
/* Element `i` of a vector of tables. */
struct flat_table flat_element(struct flat *f, struct rd_view vector, uint32_t i);
/* The value of `key` in a vector of KeyValue; empty: it is not there. */
struct rd_view flat_metadata(struct flat *f, const struct flat_table *t, uint32_t field,
			     const char *key);

/* ---- FlatBuffers, writing: from front to back, each field in a slot of 8 bytes -----------------
 */

/* Each gives the place of what it wrote, for flat_point. */
size_t flat_put_table(struct rd_buf *out, uint32_t n, uint32_t set);  /* bit i: field i is there */
size_t flat_put_vector(struct rd_buf *out, uint32_t n, size_t align); /* elements are to follow */
size_t flat_put_string(struct rd_buf *out, struct rd_view text);
size_t flat_put_offsets(struct rd_buf *out, uint32_t n); /* a vector of offsets, not yet set */
void flat_set(struct rd_buf *out, size_t table, uint32_t field, size_t size, uint64_t value);
void flat_point(struct rd_buf *out, size_t table, uint32_t field, size_t to);
void flat_point_offset(struct rd_buf *out, size_t offsets, uint32_t i, size_t to);
void flat_put_le(struct rd_buf *out, uint64_t v, size_t size);
void flat_align(struct rd_buf *out, size_t align);

#endif
