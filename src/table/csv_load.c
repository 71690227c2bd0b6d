/* CSV records into a writer, in batches. */
#include "csv_int.h"

#define BATCH_CELLS (256u * RD_BATCH_ROWS)
#define BATCH_TEXT ((size_t)32 << 20) /* bytes of long texts after which a batch is handed on */
#define FIXED_MAX ((size_t)64 << 20)  /* vectors: 17 bytes a cell, and what each column needs */

struct load {
	struct csv_reader r;
	const struct rd_schema *schema;
	struct rd_writer *writer;
	struct rd_arena *fixed, *texts;
	struct rd_vec *vec;
	uint32_t n, room; /* rows in the batch, and how many it may have */
};

static void load_free(struct load *l)
{
	csv_close(&l->r);
	rd_arena_free_wiped(&l->fixed);
	rd_arena_free_wiped(&l->texts);
}

static bool set_up(struct load *l, struct rd_err *err)
{
	uint32_t n = l->schema->n;

	l->room = n * RD_BATCH_ROWS <= BATCH_CELLS ? RD_BATCH_ROWS : BATCH_CELLS / n;
	if (!rd_arena_new(FIXED_MAX, &l->fixed, err) ||
	    !rd_arena_new(BATCH_TEXT + 2 * CSV_RECORD_MAX, &l->texts, err))
		return false;
	l->vec = RD_NEW_ARRAY(l->fixed, struct rd_vec, n, err);
	for (uint32_t i = 0; l->vec && i < n; i++) {
		struct rd_vec *v = &l->vec[i];

		v->type = l->schema->column[i].type;
		v->repr = RD_FLAT;
		v->width = rd_coltype_width(v->type);
		v->data = rd_arena_alloc(l->fixed, l->room, v->width, err);
		v->valid = RD_NEW_ARRAY(l->fixed, uint64_t, l->room / 64 + 1, err);
		if (!v->data || !v->valid)
			return false;
	}
	return l->vec != NULL;
}

static bool check_names(struct load *l, struct rd_err *err)
{
	const struct csv_reader *r = &l->r;

	if (r->n_fields != l->schema->n)
		return rd_fail(err, RD_FAULT_MALFORMED, "table.csv.header",
			       "%s: line 1: %u columns, the schema has %u", r->name, r->n_fields,
			       l->schema->n);
	for (uint32_t i = 0; i < l->schema->n; i++)
		if (!rd_view_eq(r->field[i].text, l->schema->column[i].name))
			return rd_fail(err, RD_FAULT_MALFORMED, "table.csv.header",
				       "%s: line 1: field %u is called %.*s, in the schema %.*s",
				       r->name, i + 1, RD_FMT(r->field[i].text),
				       RD_FMT(l->schema->column[i].name));
	return true;
}

/* A value into its slot; slots of NULLs are zero. */
static bool put(struct load *l, struct rd_vec *v, const struct rd_value *value, struct rd_err *err)
{
	uint8_t *at = (uint8_t *)(uintptr_t)v->data + (size_t)l->n * v->width;
	uint64_t *valid = (uint64_t *)(uintptr_t)v->valid, bit = UINT64_C(1) << l->n % 64;
	struct rd_view copy = value->text;
	struct rd_text text;

	if (value->is_null) {
		memset(at, 0, v->width);
		valid[l->n / 64] &= ~bit;
		return true;
	}
	valid[l->n / 64] |= bit;
	if (v->type.type == RD_TEXT) {
		if (copy.len > sizeof(text.inlined) &&
		    !rd_arena_copy(l->texts, value->text, &copy, err))
			return false;
		text = rd_text_of(copy);
		memcpy(at, &text, sizeof(text));
	} else if (v->type.type == RD_DECIMAL) {
		memcpy(at, &value->d, v->width); /* little-endian: the low bytes */
	} else if (v->type.type == RD_DOUBLE) {
		memcpy(at, &value->f, v->width);
	} else {
		memcpy(at, &value->i, v->width);
	}
	return true;
}

static bool load_record(struct load *l, struct rd_err *err)
{
	if (!csv_check_fields(&l->r, l->schema->n, err))
		return false;
	for (uint32_t i = 0; i < l->schema->n; i++) {
		const struct csv_field *f = &l->r.field[i];
		struct rd_value value = { .is_null = true };

		if (!csv_is_null(&l->r, f) && !rd_value_parse(f->text, l->vec[i].type, &value, err))
			return csv_place(&l->r, i, l->schema->column[i].name, err);
		if (value.is_null && !l->vec[i].type.nullable) {
			(void)rd_fail(err, RD_FAULT_MALFORMED, "table.null",
				      "NULL, where none may be");
			return csv_place(&l->r, i, l->schema->column[i].name, err);
		}
		if (!put(l, &l->vec[i], &value, err))
			return false;
	}
	l->n++;
	return true;
}

static bool hand_on(struct load *l, struct rd_err *err)
{
	struct rd_batch batch = { .n = l->n, .n_sel = l->n, .n_cols = l->schema->n, .col = l->vec };

	if (l->n && !rd_writer_add(l->writer, &batch, err))
		return rd_wrap(err, "%s", l->r.name);
	l->n = 0;
	rd_arena_reset(l->texts);
	return true;
}

bool rd_csv_load(const struct rd_blob *blob, const char *name, const struct rd_csv_options *options,
		 const struct rd_schema *schema, struct rd_writer *writer, struct rd_err *err)
{
	struct load l RD_AUTO(load_free) = { .schema = schema, .writer = writer };
	bool more = true;

	if (!csv_open(&l.r, blob, name, options, err) || !csv_header(&l.r, err) ||
	    !check_names(&l, err) || !set_up(&l, err))
		return false;
	for (;;) {
		if (!csv_next(&l.r, &more, err))
			return false;
		if (!more)
			return hand_on(&l, err);
		if (!load_record(&l, err))
			return false;
		if (l.n < l.room && rd_arena_used(l.texts) < BATCH_TEXT)
			continue;
		if (!hand_on(&l, err))
			return false;
		if (options->progress)
			options->progress(options->progress_ctx, l.r.offset - (l.r.len - l.r.at));
	}
}
