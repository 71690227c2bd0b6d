/* CSV records (RFC 4180), one after another from any blob in bounded memory. */
#ifndef RD_TABLE_CSV_INT_H
#define RD_TABLE_CSV_INT_H

#include "table_int.h"

#define CSV_RECORD_MAX ((size_t)64 << 20) /* bytes of one record */

struct csv_field {
	size_t start, len; /* in the record's bytes */
	bool quoted;
};

/* All fields private but n, line and done. */
struct csv {
	const struct rd_blob *blob;
	const char *name;
	struct rd_csv_options options;
	struct rd_store window;
	size_t at, len; /* in the window */
	uint64_t next;  /* of the blob */
	struct rd_buf record;
	struct csv_field *field; /* RD_COLUMNS_MAX */
	uint32_t n;              /* fields of the record at hand */
	uint64_t line;           /* where it begins, from 1 */
	uint64_t lines_seen;
	bool done; /* there was no further record */
};

bool csv_open(struct csv *csv, const struct rd_blob *blob, const char *name,
	      const struct rd_csv_options *options, struct rd_err *err);
void csv_close(struct csv *csv);
/* The next record, or done.  Its fields are valid until the call after. */
bool csv_next(struct csv *csv, struct rd_err *err);
static inline struct rd_view csv_text(const struct csv *csv, uint32_t field)
{
	return rd_view_of(csv->record.data + csv->field[field].start, csv->field[field].len);
}
bool csv_is_null(const struct csv *csv, uint32_t field);
/* "visits.csv: line 7: ..." */
bool csv_fail(const struct csv *csv, const char *code, const char *what, struct rd_err *err);

#endif
