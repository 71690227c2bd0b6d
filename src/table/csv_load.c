/* CSV into a writer, and back. */
#include "csv_int.h"

#include <stdlib.h>

#define PROGRESS_ROWS 4096u
#define OUT_FLUSH ((size_t)256 << 10)

/* ---- in
 * ------------------------------------------------------------------------------------------- */

/* One batch under construction. */
struct load {
	struct csv csv;
	const struct rd_schema *schema;
	struct rd_writer *writer;
	struct rd_vec *vec;
	uint8_t *value;  /* n columns x RD_BATCH_ROWS x 16 */
	uint64_t *valid; /* n columns x RD_BATCH_ROWS / 64 */
	struct rd_buf text;
	size_t *text_at; /* of each text slot; SIZE_MAX: inline */
	uint32_t n_rows;
};

static uint8_t *slot(const struct load *l, uint32_t column, uint32_t row)
{
	return l->value + ((size_t)column * RD_BATCH_ROWS + row) * 16;
}

static bool load_new(struct load *l, struct rd_err *err)
{
	size_t n = l->schema->n;

	rd_buf_init(&l->text, (size_t)1 << 30);
	l->vec = calloc(n, sizeof(*l->vec));
	l->value = calloc(n * RD_BATCH_ROWS, 16);
	l->valid = calloc(n * RD_BATCH_ROWS / 64, sizeof(*l->valid));
	l->text_at = calloc(n * RD_BATCH_ROWS, sizeof(*l->text_at));
	return (l->vec && l->value && l->valid && l->text_at) ||
	       rd_fail_errno(err, "base.memory", "%s", l->csv.name);
}

static void load_free(struct load *l)
{
	csv_close(&l->csv);
	rd_buf_free(&l->text);
	free(l->vec);
	free(l->value);
	free(l->valid);
	free(l->text_at);
}

static bool put_text(struct load *l, uint32_t column, uint32_t row, struct rd_view text)
{
	struct rd_text t = rd_text_of(text);

	l->text_at[(size_t)column * RD_BATCH_ROWS + row] = SIZE_MAX;
	if (text.len > 12) {
		/* The buffer may move: the address is filled in when the batch is whole. */
		l->text_at[(size_t)column * RD_BATCH_ROWS + row] = l->text.len;
		rd_buf_add(&l->text, text);
	}
	memcpy(slot(l, column, row), &t, sizeof(t));
	return !l->text.failed;
}

static bool put_value(struct load *l, uint32_t column, uint32_t row, struct rd_err *err)
{
	const struct rd_column *c = &l->schema->column[column];
	struct rd_view text = csv_text(&l->csv, column);
	struct rd_value v;
	uint8_t *at = slot(l, column, row);

	if (c->type.type == RD_TEXT) {
		if (!rd_utf8_valid(text))
			return rd_fail(err, RD_FAULT_MALFORMED, "table.value.utf8", "not UTF-8");
		return put_text(l, column, row, text) || rd_buf_ok(&l->text, err);
	}
	if (!rd_value_parse(text, c->type, &v, err))
		return false;
	switch (c->type.type) {
	case RD_DOUBLE:
		memcpy(at, &v.f, 8);
		break;
	case RD_DECIMAL:
		memcpy(at, &v.d, 16); /* little-endian: the low half is the narrow form */
		break;
	default:
		memcpy(at, &v.i, 8);
	}
	return true;
}

/* Slots are 16 bytes apart while they are filled; a vector has them close together. */
static void close_up(struct load *l, uint32_t column)
{
	uint8_t width = rd_coltype_width(l->schema->column[column].type);
	uint8_t *base = slot(l, column, 0);

	for (uint32_t i = 0; i < l->n_rows; i++) {
		size_t at = l->text_at[(size_t)column * RD_BATCH_ROWS + i];

		if (l->schema->column[column].type.type == RD_TEXT && at != SIZE_MAX) {
			struct rd_text *t = (struct rd_text *)(void *)(base + (size_t)i * 16);

			if (t->len > 12)
				t->far.data = (const char *)l->text.data + at;
		}
		if (width < 16)
			memmove(base + (size_t)i * width, base + (size_t)i * 16, width);
	}
	l->vec[column] = (struct rd_vec){ .type = l->schema->column[column].type,
					  .repr = RD_FLAT,
					  .width = width,
					  .data = base,
					  .valid = l->valid + (size_t)column * RD_BATCH_ROWS / 64 };
}

static bool flush(struct load *l, struct rd_err *err)
{
	size_t n = l->schema->n;
	struct rd_batch batch = {
		.n = l->n_rows, .n_sel = l->n_rows, .n_cols = l->schema->n, .col = l->vec
	};

	if (l->n_rows == 0)
		return true;
	for (uint32_t i = 0; i < n; i++)
		close_up(l, i);
	if (!rd_writer_add(l->writer, &batch, err))
		return rd_wrap(err, "%s", l->csv.name);
	memset(l->value, 0, n * RD_BATCH_ROWS * 16);
	memset(l->valid, 0, n * RD_BATCH_ROWS / 8);
	rd_buf_clear(&l->text);
	l->n_rows = 0;
	return true;
}

static bool load_record(struct load *l, struct rd_err *err)
{
	if (l->csv.n != l->schema->n)
		return csv_fail(&l->csv, "table.csv.fields",
				"the number of fields is not that of the column names", err);
	for (uint32_t i = 0; i < l->csv.n; i++) {
		const struct rd_column *c = &l->schema->column[i];

		if (csv_is_null(&l->csv, i)) {
			if (!c->type.nullable)
				return rd_fail(err, RD_FAULT_MALFORMED, "table.null",
					       "%s: line %llu: field %u (%.*s): NULL in a column "
					       "that has none",
					       l->csv.name, (unsigned long long)l->csv.line, i + 1,
					       RD_FMT(c->name));
			continue;
		}
		if (!put_value(l, i, l->n_rows, err))
			return rd_wrap(err, "%s: line %llu: field %u (%.*s)", l->csv.name,
				       (unsigned long long)l->csv.line, i + 1, RD_FMT(c->name));
		l->valid[((size_t)i * RD_BATCH_ROWS + l->n_rows) / 64] |= (uint64_t)1
									  << l->n_rows % 64;
	}
	l->n_rows++;
	return l->n_rows < RD_BATCH_ROWS || flush(l, err);
}

static bool check_names(struct load *l, struct rd_err *err)
{
	if (!csv_next(&l->csv, err))
		return false;
	if (l->csv.done || l->csv.n != l->schema->n)
		return csv_fail(&l->csv, "table.csv.names",
				"the file has another number of columns than the schema", err);
	for (uint32_t i = 0; i < l->csv.n; i++)
		if (!rd_view_eq(csv_text(&l->csv, i), l->schema->column[i].name))
			return rd_fail(err, RD_FAULT_MALFORMED, "table.csv.names",
				       "%s: line 1: column %u is called '%.*s', the schema says "
				       "'%.*s'",
				       l->csv.name, i + 1, RD_FMT(csv_text(&l->csv, i)),
				       RD_FMT(l->schema->column[i].name));
	return true;
}

bool rd_csv_load(const struct rd_blob *blob, const char *name, const struct rd_csv_options *options,
		 const struct rd_schema *schema, struct rd_writer *writer, struct rd_err *err)
{
	struct load l = { .schema = schema, .writer = writer };
	uint64_t rows = 0;
	bool ok = csv_open(&l.csv, blob, name, options, err) && load_new(&l, err) &&
		  check_names(&l, err);

	while (ok) {
		ok = csv_next(&l.csv, err);
		if (!ok || l.csv.done)
			break;
		ok = load_record(&l, err);
		if (options->progress && ++rows % PROGRESS_ROWS == 0)
			options->progress(options->progress_ctx,
					  l.csv.next - (l.csv.len - l.csv.at));
	}
	ok = ok && flush(&l, err);
	load_free(&l);
	return ok;
}

/* ---- out
 * ------------------------------------------------------------------------------------------ */

static bool needs_quotes(struct rd_view text, const struct rd_csv_options *o)
{
	if (rd_view_eq(text, rd_view_str(o->null_text)))
		return true;
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] == '"' || text.data[i] == '\n' || text.data[i] == '\r' ||
		    text.data[i] == (uint8_t)o->separator)
			return true;
	return false;
}

static void put_field(struct rd_view text, const struct rd_csv_options *o, struct rd_buf *out)
{
	if (!needs_quotes(text, o)) {
		rd_buf_add(out, text);
		return;
	}
	rd_buf_add_byte(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '"')
			rd_buf_add_byte(out, '"');
		rd_buf_add_byte(out, text.data[i]);
	}
	rd_buf_add_byte(out, '"');
}

static struct rd_csv_options with_defaults(const struct rd_csv_options *options)
{
	struct rd_csv_options o = *options;

	o.null_text = o.null_text ? o.null_text : "";
	o.separator = o.separator ? o.separator : ',';
	return o;
}

static void put_names(const struct rd_column *column, uint32_t n, const struct rd_csv_options *o,
		      struct rd_buf *out)
{
	for (uint32_t i = 0; i < n; i++) {
		if (i)
			rd_buf_add_byte(out, (uint8_t)o->separator);
		put_field(column[i].name, o, out);
	}
	rd_buf_add_byte(out, '\n');
}

static bool put_row(const struct rd_vec *vec, uint32_t n, uint32_t row,
		    const struct rd_csv_options *o, struct rd_buf *out, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf text = { .max = (size_t)RD_TEXT_MAX + 64 };

	for (uint32_t i = 0; i < n; i++) {
		struct rd_value v = rd_vec_value(&vec[i], row);

		if (i)
			rd_buf_add_byte(out, (uint8_t)o->separator);
		if (v.is_null) {
			rd_buf_add(out, rd_view_str(o->null_text));
			continue;
		}
		rd_buf_clear(&text);
		if (!rd_value_format(&v, "", &text, err))
			return false;
		put_field(rd_buf_view(&text), o, out);
	}
	rd_buf_add_byte(out, '\n');
	return rd_buf_ok(out, err);
}

bool rd_rows_to_csv(const struct rd_rows *rows, const struct rd_csv_options *options,
		    struct rd_buf *out, struct rd_err *err)
{
	struct rd_csv_options o = with_defaults(options);

	put_names(rows->column, rows->n_cols, &o, out);
	for (uint64_t r = 0; r < rows->n_rows; r++)
		if (!put_row(rows->vec, rows->n_cols, (uint32_t)r, &o, out, err))
			return false;
	return rd_buf_ok(out, err);
}

struct unload {
	const struct rd_table *table;
	struct rd_csv_options options;
	const struct rd_sink *sink;
	struct rd_cursor **cursor;
	struct rd_vec *vec;
	struct rd_buf out;
};

static bool unload_group(struct unload *u, uint32_t group, struct rd_err *err)
{
	uint64_t left = rd_table_group_rows(u->table, group);
	uint32_t n_cols = rd_table_schema(u->table)->n;

	for (uint32_t i = 0; i < n_cols; i++)
		if (!rd_cursor_open(u->cursor[i], group, err))
			return false;
	while (left) {
		uint32_t n = left < RD_BATCH_ROWS ? (uint32_t)left : RD_BATCH_ROWS;

		for (uint32_t i = 0; i < n_cols; i++)
			if (!rd_cursor_read(u->cursor[i], n, true, &u->vec[i], err))
				return false;
		for (uint32_t r = 0; r < n; r++)
			if (!put_row(u->vec, n_cols, r, &u->options, &u->out, err))
				return false;
		if (u->out.len > OUT_FLUSH) {
			if (!u->sink->write(u->sink->ctx, rd_buf_view(&u->out), err))
				return false;
			rd_buf_clear(&u->out);
		}
		left -= n;
	}
	return true;
}

bool rd_csv_unload(const struct rd_table *table, const struct rd_csv_options *options,
		   const struct rd_sink *sink, struct rd_err *err)
{
	const struct rd_schema *schema = rd_table_schema(table);
	struct unload u = { .table = table, .options = with_defaults(options), .sink = sink };
	bool ok;

	rd_buf_init(&u.out, (size_t)1 << 31);
	u.cursor = calloc(schema->n, sizeof(struct rd_cursor *));
	u.vec = calloc(schema->n, sizeof(*u.vec));
	ok = (u.cursor && u.vec) || rd_fail_errno(err, "base.memory", "CSV");
	for (uint32_t i = 0; ok && i < schema->n; i++)
		ok = rd_cursor_new(table, i, &u.cursor[i], err);
	put_names(schema->column, schema->n, &u.options, &u.out);
	for (uint32_t g = 0; ok && g < rd_table_groups(table); g++)
		ok = unload_group(&u, g, err);
	ok = ok && rd_buf_ok(&u.out, err) && sink->write(sink->ctx, rd_buf_view(&u.out), err);
	for (uint32_t i = 0; u.cursor && i < schema->n; i++)
		rd_cursor_free(&u.cursor[i]);
	free(u.cursor);
	free(u.vec);
	rd_buf_free(&u.out);
	return ok;
}
