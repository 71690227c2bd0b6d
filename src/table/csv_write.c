/* Tables and answers as CSV: RFC 4180 with LF; a field is quoted only where it must be. */
#include "walk_int.h"

#define FLUSH ((size_t)1 << 20)
#define OUT_MAX ((size_t)1 << 30)

/* How one file is written. */
struct form {
	struct rd_view null_text;
	uint8_t separator;
};

static struct form form_of(const struct rd_csv_options *options)
{
	return (struct form){ rd_view_str(options->null_text ? options->null_text : ""),
			      options->separator ? (uint8_t)options->separator : ',' };
}

/* A text that reads as NULL, or would end the field, is quoted. */
static bool needs_quotes(const struct form *f, struct rd_view text)
{
	if (rd_view_eq(text, f->null_text))
		return true;
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] == f->separator || text.data[i] == '"' || text.data[i] == '\n' ||
		    text.data[i] == '\r')
			return true;
	return false;
}

static void put_quoted(struct rd_view text, struct rd_buf *out)
{
	rd_buf_add_byte(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '"')
			rd_buf_add_byte(out, '"');
		rd_buf_add_byte(out, text.data[i]);
	}
	rd_buf_add_byte(out, '"');
}

static void put_text(const struct form *f, struct rd_view text, struct rd_buf *out)
{
	if (needs_quotes(f, text))
		put_quoted(text, out);
	else
		rd_buf_add(out, text);
}

static bool put_value(const struct form *f, const struct rd_value *value, struct rd_buf *scratch,
		      struct rd_buf *out, struct rd_err *err)
{
	if (value->is_null) {
		rd_buf_add(out, f->null_text);
		return true;
	}
	if (value->type.type == RD_TEXT) {
		put_text(f, value->text, out);
		return true;
	}
	rd_buf_clear(scratch);
	if (!rd_value_format(value, "", scratch, err))
		return false;
	put_text(f, rd_buf_view(scratch), out);
	return true;
}

static void put_header(const struct form *f, const struct rd_column *column, uint32_t n,
		       struct rd_buf *out)
{
	for (uint32_t i = 0; i < n; i++) {
		if (i)
			rd_buf_add_byte(out, f->separator);
		/* A name that begins like a byte order mark must not be taken for one. */
		if (i == 0 && rd_view_starts(column[i].name, rd_view_str("\xef\xbb\xbf")))
			put_quoted(column[i].name, out);
		else
			put_text(f, column[i].name, out);
	}
	rd_buf_add_byte(out, '\n');
}

/* ---- tables ------------------------------------------------------------------------------ */

struct unload {
	const struct rd_sink *sink;
	struct form form;
	struct rd_buf out, scratch;
};

static void unload_free(struct unload *u)
{
	rd_buf_free(&u->out);
	rd_buf_free(&u->scratch);
}

static bool flush(struct unload *u, size_t at_least, struct rd_err *err)
{
	if (!rd_buf_ok(&u->out, err))
		return false;
	if (u->out.len <= at_least)
		return true;
	if (!u->sink->write(u->sink->ctx, rd_buf_view(&u->out), err))
		return false;
	rd_buf_clear(&u->out);
	return true;
}

static bool unload_batch(void *ctx, const struct rd_batch *batch, struct rd_err *err)
{
	struct unload *u = ctx;

	for (uint32_t r = 0; r < batch->n; r++) {
		for (uint32_t c = 0; c < batch->n_cols; c++) {
			struct rd_value value = rd_vec_value(&batch->col[c], r);

			if (c)
				rd_buf_add_byte(&u->out, u->form.separator);
			if (!put_value(&u->form, &value, &u->scratch, &u->out, err))
				return false;
		}
		rd_buf_add_byte(&u->out, '\n');
		if (!flush(u, FLUSH, err))
			return false;
	}
	return true;
}

bool rd_csv_unload(const struct rd_table *table, const struct rd_csv_options *options,
		   const struct rd_sink *sink, struct rd_err *err)
{
	const struct rd_schema *schema = rd_table_schema(table);
	struct unload u RD_AUTO(unload_free) = { .sink = sink,
						 .form = form_of(options),
						 .out = { .max = OUT_MAX },
						 .scratch = { .max = OUT_MAX } };

	put_header(&u.form, schema->column, schema->n, &u.out);
	return table_walk(table, unload_batch, &u, err) && flush(&u, 0, err);
}

/* ---- answers ----------------------------------------------------------------------------- */

bool rd_rows_to_csv(const struct rd_rows *rows, const struct rd_csv_options *options,
		    struct rd_buf *out, struct rd_err *err)
{
	struct rd_buf scratch RD_AUTO(rd_buf_free) = { .max = OUT_MAX };
	struct form form = form_of(options);

	put_header(&form, rows->column, rows->n_cols, out);
	for (uint64_t r = 0; r < rows->n_rows; r++) {
		for (uint32_t c = 0; c < rows->n_cols; c++) {
			struct rd_value value = rd_vec_value(&rows->vec[c], (uint32_t)r);

			if (c)
				rd_buf_add_byte(out, form.separator);
			if (!put_value(&form, &value, &scratch, out, err))
				return false;
		}
		rd_buf_add_byte(out, '\n');
	}
	return rd_buf_ok(out, err);
}
