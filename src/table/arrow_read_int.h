/* An Arrow IPC stream at hand: arrow_read.c has messages and schema, arrow_batch.c the bodies. */
#ifndef RD_TABLE_ARROW_READ_INT_H
#define RD_TABLE_ARROW_READ_INT_H

#include "arrow_int.h"
#include "row_load_int.h"

#define BODY_MAX ((uint64_t)2 << 30)

struct arrow_message {
	struct flat flat;
	enum arrow_header kind;
	struct flat_table header;
	uint64_t body_at, body_len;
};

/* The texts of a dictionary. */
struct arrow_dictionary {
	int64_t id;
	uint32_t n;
	struct rd_view *text;
	struct rd_arena *arena;
};

/* The buffers of a column of the batch at hand. */
struct arrow_column {
	uint64_t n;
	struct rd_view valid, data, offsets; /* valid: empty where nothing is NULL */
	const struct arrow_dictionary *dictionary;
};

struct arrow_reader {
	const struct rd_blob *blob;
	const char *name;
	uint64_t at, message_at;
	struct rd_store meta_store, body_store;
	uint32_t n_fields;
	struct arrow_field *field;
	struct arrow_column *column;
	uint32_t n_dictionaries;
	struct arrow_dictionary *dictionary;
	struct rd_arena *unpacked; /* buffers of a packed batch */
};
void arrow_reader_free(struct arrow_reader *r);
bool arrow_bad(const struct arrow_reader *r, const char *what, struct rd_err *err);
/* The message's body is in body_store. */
bool arrow_load_batch(struct arrow_reader *r, struct arrow_message *m, struct row_load *rows,
		      struct rd_err *err);
bool arrow_load_dictionary(struct arrow_reader *r, struct arrow_message *m, struct rd_err *err);

#endif
