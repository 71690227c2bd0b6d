/* Arrow IPC at hand: arrow_read.c has messages, arrow_schema.c columns and their types,
 * arrow_batch.c buffers, arrow_value.c values. */
#ifndef RD_TABLE_ARROW_READ_INT_H
#define RD_TABLE_ARROW_READ_INT_H

#include "arrow_int.h"
#include "row_load_int.h"

#define ARROW_BODY_MAX ((uint64_t)2 << 30)

struct arrow_message {
	struct flat flat;
	enum arrow_header kind;
	struct flat_table header;
	uint64_t body_at, body_len;
};

struct arrow_dictionary {
	int64_t id;
	uint32_t n, room;
	struct rd_value *value; /* of the type of its column; views into the arena */
	struct rd_arena *arena;
};

/* The buffers of a column of the batch at hand. */
struct arrow_column {
	uint64_t n;
	struct rd_view valid; /* empty where nothing is NULL */
	struct rd_view data, offsets;
	const struct rd_view *buffer; /* that views point into */
	uint32_t n_buffers;
	const struct arrow_dictionary *dictionary;
};

struct arrow_reader {
	const struct rd_blob *blob;
	const char *name;
	bool big_endian;
	bool is_file; /* messages are found by the footer's blocks: dictionaries first */
	uint64_t at, message_at;
	struct rd_store footer_store, meta_store, body_store;
	struct rd_view block[2];
	uint32_t n_blocks[2], next_block;
	uint32_t n_fields;
	struct arrow_field *field;
	struct arrow_column *column;
	uint32_t n_dictionaries;
	struct arrow_dictionary *dictionary;
	struct rd_arena *unpacked; /* of the batch at hand: buffers of packed ones, views */
	struct rd_store scratch;   /* of the value at hand: bytes as text */
};
bool arrow_bad(const struct arrow_reader *r, const char *what, struct rd_err *err);

/* Fills r->field; *out lives in the arena. */
bool arrow_read_schema(struct arrow_reader *r, struct flat *f, const struct flat_table *schema,
		       struct rd_arena *arena, struct rd_schema *out, struct rd_err *err);

/* The message's body is in body_store. */
bool arrow_load_batch(struct arrow_reader *r, struct arrow_message *m, struct row_load *rows,
		      struct rd_err *err);
bool arrow_load_dictionary(struct arrow_reader *r, struct arrow_message *m, struct rd_err *err);

/* Integers of 1 to 8 bytes in the stream's byte order. */
uint64_t arrow_uint(const struct arrow_reader *r, const uint8_t *p, size_t size);
int64_t arrow_int(const struct arrow_reader *r, const uint8_t *p, size_t size);
static inline bool arrow_is_null(const struct arrow_field *f, const struct arrow_column *c,
				 uint64_t i)
{
	return f->layout == ARROW_NO_BUFFERS ||
	       (c->valid.len && !(c->valid.data[i / 8] >> (i % 8) & 1));
}
/* Are its values texts in tables? */
bool arrow_is_text(const struct arrow_field *f);
/* Value `i`, which is not NULL, of the field's type whether or not it has a dictionary; its text is
 * valid until the next call. */
bool arrow_value(struct arrow_reader *r, const struct arrow_field *f, const struct arrow_column *c,
		 uint64_t i, struct rd_value *out, struct rd_err *err);

#endif
