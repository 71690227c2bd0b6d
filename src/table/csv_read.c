/* Records of a CSV file. */
#include "csv_int.h"

#include <stdlib.h>

#define WINDOW ((size_t)256 << 10)
#define END (-1)

bool csv_fail(const struct csv *csv, const char *code, const char *what, struct rd_err *err)
{
	return rd_fail(err, RD_FAULT_MALFORMED, code, "%s: line %llu: %s", csv->name,
		       (unsigned long long)csv->line, what);
}

bool csv_open(struct csv *csv, const struct rd_blob *blob, const char *name,
	      const struct rd_csv_options *options, struct rd_err *err)
{
	*csv = (struct csv){ .blob = blob, .name = name, .options = *options, .lines_seen = 1 };
	if (!csv->options.null_text)
		csv->options.null_text = "";
	if (!csv->options.separator)
		csv->options.separator = ',';
	rd_buf_init(&csv->record, CSV_RECORD_MAX);
	csv->field = calloc(RD_COLUMNS_MAX, sizeof(*csv->field));
	if (!csv->field)
		return rd_fail_errno(err, "base.memory", "%s", name);
	return rd_store_grow(&csv->window, WINDOW, 0, err);
}

void csv_close(struct csv *csv)
{
	rd_store_free(&csv->window);
	rd_buf_free(&csv->record);
	free(csv->field);
	csv->field = NULL;
}

static bool fill(struct csv *csv, struct rd_err *err)
{
	uint64_t left = csv->blob->size - csv->next;
	size_t len = left < WINDOW ? (size_t)left : WINDOW;
	struct rd_span span = { .data = csv->window.data, .cap = len };

	if (len && !csv->blob->read(csv->blob->ctx, csv->next, &span, err))
		return rd_wrap(err, "%s", csv->name);
	/* A byte order mark is no data. */
	csv->at = csv->next == 0 && len >= 3 && memcmp(csv->window.data, "\xef\xbb\xbf", 3) == 0
			  ? 3
			  : 0;
	csv->next += len;
	csv->len = len;
	return true;
}

/* The next byte without taking it, or END. */
static bool peek(struct csv *csv, int *c, struct rd_err *err)
{
	if (csv->at == csv->len && csv->next < csv->blob->size && !fill(csv, err))
		return false;
	*c = csv->at < csv->len ? csv->window.data[csv->at] : END;
	return true;
}

/* Takes a line end if one is here: LF or CRLF. */
static bool take_line_end(struct csv *csv, bool *taken, struct rd_err *err)
{
	int c = END;

	*taken = false;
	if (!peek(csv, &c, err))
		return false;
	if (c == '\r') {
		csv->at++;
		if (!peek(csv, &c, err))
			return false;
		if (c != '\n')
			return csv_fail(csv, "table.csv.form",
					"a carriage return without a line feed; quote it", err);
	}
	if (c == '\n') {
		csv->at++;
		csv->lines_seen++;
		*taken = true;
	}
	return true;
}

static bool read_quoted(struct csv *csv, struct rd_err *err)
{
	int c = END;

	csv->at++;
	for (;;) {
		if (!peek(csv, &c, err))
			return false;
		if (c == END)
			return csv_fail(csv, "table.csv.quote",
					"a field has no closing quote up to the end of the file",
					err);
		csv->at++;
		if (c == '"') {
			if (!peek(csv, &c, err))
				return false;
			if (c != '"')
				return true;
			csv->at++;
		}
		csv->lines_seen += c == '\n';
		rd_buf_add_byte(&csv->record, (uint8_t)c);
	}
}

/* Up to a separator, a line end or the end: in runs, because most of a file is this. */
static bool read_plain(struct csv *csv, struct rd_err *err)
{
	int c = END;

	for (;;) {
		size_t from = csv->at;

		while (csv->at < csv->len) {
			c = csv->window.data[csv->at];
			if (c == csv->options.separator || c == '\n' || c == '\r' || c == '"')
				break;
			csv->at++;
		}
		rd_buf_add(&csv->record, rd_view_of(csv->window.data + from, csv->at - from));
		if (csv->at < csv->len || csv->next >= csv->blob->size)
			break;
		if (!fill(csv, err))
			return false;
	}
	if (csv->at < csv->len && c == '"')
		return csv_fail(csv, "table.csv.quote", "a quote inside a field that is not quoted",
				err);
	return true;
}

static bool read_field(struct csv *csv, struct rd_err *err)
{
	struct csv_field *f;
	int c = END;

	if (csv->n == RD_COLUMNS_MAX)
		return csv_fail(csv, "table.csv.form", "more than 4,096 fields", err);
	f = &csv->field[csv->n++];
	*f = (struct csv_field){ .start = csv->record.len };
	if (!peek(csv, &c, err))
		return false;
	f->quoted = c == '"';
	if (!(f->quoted ? read_quoted(csv, err) : read_plain(csv, err)))
		return false;
	f->len = csv->record.len - f->start;
	if (csv->record.failed)
		return csv_fail(csv, "table.csv.form", "a record is longer than 64 MiB", err);
	return true;
}

bool csv_next(struct csv *csv, struct rd_err *err)
{
	bool ended = false;
	int c = END;

	rd_buf_clear(&csv->record);
	csv->n = 0;
	csv->line = csv->lines_seen;
	if (!peek(csv, &c, err))
		return false;
	csv->done = c == END;
	while (!csv->done) {
		if (!read_field(csv, err) || !take_line_end(csv, &ended, err))
			return false;
		if (ended || !peek(csv, &c, err))
			return ended;
		if (c == END)
			return true;
		if (c != csv->options.separator)
			return csv_fail(csv, "table.csv.quote",
					"something follows the closing quote of a field", err);
		csv->at++;
	}
	return true;
}

bool csv_is_null(const struct csv *csv, uint32_t field)
{
	return !csv->field[field].quoted &&
	       rd_view_eq(csv_text(csv, field), rd_view_str(csv->options.null_text));
}
