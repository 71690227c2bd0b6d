/* CSV as RFC 4180 has it, read record by record in bounded memory. */
#ifndef RD_TABLE_CSV_INT_H
#define RD_TABLE_CSV_INT_H

#include "text_int.h"

#define CSV_RECORD_MAX ((size_t)64 << 20) /* bytes of one record */

struct csv_field {
	struct rd_view text; /* valid until the next record is read */
	bool quoted;
};

struct csv_reader {
	struct text_window text;
	struct rd_view null_text;
	uint8_t separator;
	uint64_t line, record_line; /* of the next byte; where the record begins; from 1 */
	uint64_t breaks;            /* line ends inside the record's quotes */
	struct csv_field *field;    /* of the record at hand */
	uint32_t n_fields;
};

/* Checks the options ("table.csv.options"), skips a byte order mark. */
RD_MUST_USE bool csv_open(struct csv_reader *r, const struct rd_blob *blob, const char *name,
			  const struct rd_csv_options *options, struct rd_err *err);
void csv_close(struct csv_reader *r);
/* The next record; *more is false at the end of the file. */
RD_MUST_USE bool csv_next(struct csv_reader *r, bool *more, struct rd_err *err);
/* The first record as columns' names: none empty, too long or twice. */
RD_MUST_USE bool csv_header(struct csv_reader *r, struct rd_err *err);
/* The record at hand must have as many fields as the header. */
RD_MUST_USE bool csv_check_fields(const struct csv_reader *r, uint32_t n, struct rd_err *err);
/* An unquoted field that reads as the null text. */
static inline bool csv_is_null(const struct csv_reader *r, const struct csv_field *field)
{
	return !field->quoted && field->text.len == r->null_text.len &&
	       (field->text.len == 0 || rd_view_eq(field->text, r->null_text));
}
/* Puts file, line, field and column in front of a failure; returns false. */
bool csv_place(const struct csv_reader *r, uint32_t field, struct rd_view column,
	       struct rd_err *err);

#endif
