/* Rows of text formats into a writer: a batch is filled value by value, then handed on. */
#ifndef RD_TABLE_ROW_LOAD_INT_H
#define RD_TABLE_ROW_LOAD_INT_H

#include "table_int.h"

struct row_load {
	const char *name; /* of the file, for errors */
	const struct rd_schema *schema;
	struct rd_writer *writer;
	struct rd_arena *fixed, *texts;
	struct rd_vec *vec;
	uint32_t n, room; /* rows in the batch, and how many it may have */
};
/* name, schema and writer are set; `record_max`: bytes that one row may have. */
bool row_load_begin(struct row_load *l, size_t record_max, struct rd_err *err);
void row_load_free(struct row_load *l);
/* The value of a column of the row at hand; text is copied.  A NULL where none may be fails with
 * "table.null". */
bool row_load_put(struct row_load *l, uint32_t column, const struct rd_value *value,
		  struct rd_err *err);
/* The row is complete; *handed_on: a batch went to the writer. */
bool row_load_end_row(struct row_load *l, bool *handed_on, struct rd_err *err);
/* What is left goes to the writer. */
bool row_load_end(struct row_load *l, struct rd_err *err);

#endif
