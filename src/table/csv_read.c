/* Reads CSV: RFC 4180, LF or CRLF, an optional byte order mark; every complaint has its place. */
#include "csv_int.h"

#include <inttypes.h>
#include <stdlib.h>

enum scan { SCAN_FIELD, SCAN_LAST, SCAN_MORE, SCAN_BAD };

static bool bad_option(uint8_t c)
{
	return c == '"' || c == '\n' || c == '\r' || c == 0;
}

static bool read_more(struct csv_reader *r, struct rd_err *err)
{
	if (r->text.len - r->text.at >= CSV_RECORD_MAX)
		return rd_fail(err, RD_FAULT_MALFORMED, "table.csv.record",
			       "%s: line %" PRIu64 ": a record of more than %zu MiB (is a quote "
			       "not closed?)",
			       r->text.name, r->record_line, CSV_RECORD_MAX >> 20);
	return text_more(&r->text, err);
}

bool csv_open(struct csv_reader *r, const struct rd_blob *blob, const char *name,
	      const struct rd_csv_options *options, struct rd_err *err)
{
	*r = (struct csv_reader){ .text = { .blob = blob, .name = name },
				  .line = 1,
				  .record_line = 1 };
	r->null_text = rd_view_str(options->null_text ? options->null_text : "");
	r->separator = options->separator ? (uint8_t)options->separator : ',';
	for (size_t i = 0; i < r->null_text.len; i++)
		if (bad_option(r->null_text.data[i]) || r->null_text.data[i] == r->separator)
			return rd_fail(err, RD_FAULT_USAGE, "table.csv.options",
				       "the text for NULL may have no quote, separator or line "
				       "end");
	if (bad_option(r->separator))
		return rd_fail(err, RD_FAULT_USAGE, "table.csv.options",
			       "a quote or a line end cannot separate fields");
	r->field = calloc(RD_COLUMNS_MAX, sizeof(*r->field));
	if (!r->field)
		return rd_fail_errno(err, "base.memory", "fields");
	return text_open(&r->text, err);
}

void csv_close(struct csv_reader *r)
{
	text_close(&r->text);
	free(r->field);
	r->field = NULL;
}

static enum scan complain(const struct csv_reader *r, uint64_t breaks, struct rd_err *err,
			  const char *code, const char *what)
{
	(void)rd_fail(err, RD_FAULT_MALFORMED, code, "%s: line %" PRIu64 ": field %u %s",
		      r->text.name, r->line + breaks, r->n_fields + 1, what);
	return SCAN_BAD;
}

/* What stands behind a field: a separator, a line end, the end of the file. */
static enum scan scan_end(const struct csv_reader *r, size_t *at, struct rd_err *err)
{
	bool final = text_is_all(&r->text);

	if (*at == r->text.len)
		return final ? SCAN_LAST : SCAN_MORE;
	if (r->text.window.data[*at] == r->separator) {
		++*at;
		return SCAN_FIELD;
	}
	if (r->text.window.data[*at] == '\n') {
		++*at;
		return SCAN_LAST;
	}
	if (r->text.window.data[*at] != '\r')
		return complain(r, r->breaks, err, "table.csv.quote",
				"has text behind its closing quote");
	if (*at + 1 == r->text.len && !final)
		return SCAN_MORE;
	if (*at + 1 == r->text.len || r->text.window.data[*at + 1] != '\n')
		return complain(r, r->breaks, err, "table.csv.cr",
				"has a carriage return outside quotes that ends no line");
	*at += 2;
	return SCAN_LAST;
}

static enum scan scan_quoted(struct csv_reader *r, size_t *at, struct csv_field *f,
			     struct rd_err *err)
{
	const uint8_t *data = r->text.window.data, *quote;
	size_t from = *at + 1, end = from;
	uint64_t opened = r->breaks;

	for (;; end += 2) {
		bool final = text_is_all(&r->text);

		quote = end < r->text.len ? memchr(data + end, '"', r->text.len - end) : NULL;
		if (!quote)
			return final ? complain(r, opened, err, "table.csv.quote",
						"has no closing quote")
				     : SCAN_MORE;
		end = (size_t)(quote - data);
		if (end + 1 == r->text.len && !final)
			return SCAN_MORE;
		if (end + 1 == r->text.len || data[end + 1] != '"')
			break;
	}
	*f = (struct csv_field){ rd_view_of(data + from, end - from), true };
	if (end > from && memchr(data + from, 0, end - from))
		return complain(r, opened, err, "table.csv.nul", "has a zero byte");
	for (size_t i = from; i < end; i++)
		r->breaks += data[i] == '\n';
	*at = end + 1;
	return scan_end(r, at, err);
}

static enum scan scan_plain(struct csv_reader *r, size_t *at, struct csv_field *f,
			    struct rd_err *err)
{
	const uint8_t *data = r->text.window.data;
	size_t from = *at, end = from;

	for (; end < r->text.len; end++) {
		uint8_t c = data[end];

		if (c == r->separator || c == '\n' || c == '\r')
			break;
		if (c == 0)
			return complain(r, r->breaks, err, "table.csv.nul", "has a zero byte");
		if (c == '"')
			return complain(r, r->breaks, err, "table.csv.quote",
					"has a quote inside: quote the whole field, and write "
					"each quote in it twice");
	}
	*f = (struct csv_field){ rd_view_of(data + from, end - from), false };
	*at = end;
	return scan_end(r, at, err);
}

/* Where two quotes stand for one, in place: the record is complete and not scanned again. */
static void unescape(struct csv_field *f)
{
	uint8_t *out = (uint8_t *)(uintptr_t)f->text.data;
	const uint8_t *in = f->text.data, *end = in + f->text.len;

	if (!f->quoted || !f->text.len || !memchr(in, '"', f->text.len))
		return;
	while (in < end) {
		in += *in == '"';
		*out++ = *in++;
	}
	f->text.len = (size_t)(out - f->text.data);
}

/* One record from r->text.at on; *end: behind it. */
static enum scan scan_record(struct csv_reader *r, size_t *end, struct rd_err *err)
{
	enum scan got = SCAN_FIELD;

	*end = r->text.at;
	r->n_fields = 0;
	r->breaks = 0;
	while (got == SCAN_FIELD) {
		struct csv_field *f = &r->field[r->n_fields];

		if (r->n_fields == RD_COLUMNS_MAX)
			return complain(r, r->breaks, err, "table.csv.fields",
					"is one too many: at most 4096 are taken");
		if (*end == r->text.len && !text_is_all(&r->text))
			return SCAN_MORE;
		got = *end < r->text.len && r->text.window.data[*end] == '"'
			      ? scan_quoted(r, end, f, err)
			      : scan_plain(r, end, f, err);
		r->n_fields += got == SCAN_FIELD || got == SCAN_LAST;
	}
	return got;
}

bool csv_next(struct csv_reader *r, bool *more, struct rd_err *err)
{
	enum scan got;
	size_t end = 0;

	r->record_line = r->line;
	*more = r->text.at < r->text.len || !text_is_all(&r->text);
	if (!*more)
		return true;
	for (;;) {
		got = scan_record(r, &end, err);
		if (got == SCAN_BAD)
			return false;
		if (got == SCAN_LAST)
			break;
		if (!read_more(r, err))
			return false;
	}
	for (uint32_t i = 0; i < r->n_fields; i++)
		unescape(&r->field[i]);
	r->text.at = end;
	r->line += r->breaks + 1;
	return true;
}

bool csv_place(const struct csv_reader *r, uint32_t field, struct rd_view column,
	       struct rd_err *err)
{
	return rd_wrap(err, "%s: line %" PRIu64 ": field %u (%.*s)", r->text.name, r->record_line,
		       field + 1, RD_FMT(column));
}

static bool header_name(const struct csv_reader *r, uint32_t i, struct rd_err *err)
{
	struct rd_view name = r->field[i].text;

	if (name.len == 0 || name.len > RD_COLUMN_NAME_MAX || !rd_utf8_valid(name))
		return rd_fail(err, RD_FAULT_MALFORMED, "table.csv.header",
			       "%s: line 1: field %u: a column's name must have 1 to %d bytes of "
			       "UTF-8",
			       r->text.name, i + 1, RD_COLUMN_NAME_MAX);
	for (uint32_t k = 0; k < i; k++)
		if (rd_view_eq(r->field[k].text, name))
			return rd_fail(err, RD_FAULT_MALFORMED, "table.csv.header",
				       "%s: line 1: fields %u and %u are both called %.*s",
				       r->text.name, k + 1, i + 1, RD_FMT(name));
	return true;
}

bool csv_header(struct csv_reader *r, struct rd_err *err)
{
	bool more = false;

	if (!csv_next(r, &more, err))
		return false;
	if (!more)
		return rd_fail(err, RD_FAULT_MALFORMED, "table.csv.header",
			       "%s: is empty: the first line must name the columns", r->text.name);
	for (uint32_t i = 0; i < r->n_fields; i++)
		if (!header_name(r, i, err))
			return false;
	return true;
}

bool csv_check_fields(const struct csv_reader *r, uint32_t n, struct rd_err *err)
{
	if (r->n_fields == n)
		return true;
	return rd_fail(err, RD_FAULT_MALFORMED, "table.csv.fields",
		       "%s: line %" PRIu64 ": %u field%s, the first line has %u%s", r->text.name,
		       r->record_line, r->n_fields, r->n_fields == 1 ? "" : "s", n,
		       r->n_fields == 1 && r->field[0].text.len == 0 ? " (an empty line)" : "");
}
