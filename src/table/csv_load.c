/* CSV records into a writer. */
#include "csv_int.h"
#include "row_load_int.h"

struct load {
	struct csv_reader r;
	struct row_load rows;
};

static void load_free(struct load *l)
{
	csv_close(&l->r);
	row_load_free(&l->rows);
}

static bool check_names(struct load *l, struct rd_err *err)
{
	const struct csv_reader *r = &l->r;

	if (r->n_fields != l->rows.schema->n)
		return rd_fail(err, RD_FAULT_MALFORMED, "table.csv.header",
			       "%s: line 1: %u columns, the schema has %u", r->text.name,
			       r->n_fields, l->rows.schema->n);
	for (uint32_t i = 0; i < l->rows.schema->n; i++)
		if (!rd_view_eq(r->field[i].text, l->rows.schema->column[i].name))
			return rd_fail(err, RD_FAULT_MALFORMED, "table.csv.header",
				       "%s: line 1: field %u is called %.*s, in the schema %.*s",
				       r->text.name, i + 1, RD_FMT(r->field[i].text),
				       RD_FMT(l->rows.schema->column[i].name));
	return true;
}

static bool load_record(struct load *l, struct rd_err *err)
{
	const struct rd_schema *schema = l->rows.schema;

	if (!csv_check_fields(&l->r, schema->n, err))
		return false;
	for (uint32_t i = 0; i < schema->n; i++) {
		const struct csv_field *f = &l->r.field[i];
		struct rd_value value = { .is_null = true };

		if ((!csv_is_null(&l->r, f) &&
		     !rd_value_parse(f->text, schema->column[i].type, &value, err)) ||
		    !row_load_put(&l->rows, i, &value, err))
			return csv_place(&l->r, i, schema->column[i].name, err);
	}
	return true;
}

bool rd_csv_load(const struct rd_blob *blob, const char *name, const struct rd_csv_options *options,
		 const struct rd_schema *schema, struct rd_writer *writer, struct rd_err *err)
{
	struct load l RD_AUTO(
		load_free) = { .rows = { .name = name, .schema = schema, .writer = writer } };
	bool more = true, handed_on = false;

	if (!csv_open(&l.r, blob, name, options, err) || !csv_header(&l.r, err) ||
	    !check_names(&l, err) || !row_load_begin(&l.rows, CSV_RECORD_MAX, err))
		return false;
	for (;;) {
		if (!csv_next(&l.r, &more, err))
			return false;
		if (!more)
			return row_load_end(&l.rows, err);
		if (!load_record(&l, err) || !row_load_end_row(&l.rows, &handed_on, err))
			return false;
		if (handed_on && options->progress)
			options->progress(options->progress_ctx, text_done(&l.r.text));
	}
}
