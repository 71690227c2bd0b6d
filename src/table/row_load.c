/* A batch that is filled value by value. */
#include "row_load_int.h"

#define BATCH_CELLS (256u * RD_BATCH_ROWS)
#define BATCH_TEXT ((size_t)32 << 20) /* bytes of long texts after which a batch is handed on */
#define FIXED_MAX ((size_t)64 << 20)  /* vectors: 17 bytes a cell, and what each column needs */

void row_load_free(struct row_load *l)
{
	rd_arena_free_wiped(&l->fixed);
	rd_arena_free_wiped(&l->texts);
}

bool row_load_begin(struct row_load *l, size_t record_max, struct rd_err *err)
{
	uint32_t n = l->schema->n;

	l->room = n * RD_BATCH_ROWS <= BATCH_CELLS ? RD_BATCH_ROWS : BATCH_CELLS / n;
	if (!rd_arena_new(FIXED_MAX, &l->fixed, err) ||
	    !rd_arena_new(BATCH_TEXT + 2 * record_max, &l->texts, err))
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

/* Slots of NULLs are zero. */
bool row_load_put(struct row_load *l, uint32_t column, const struct rd_value *value,
		  struct rd_err *err)
{
	struct rd_vec *v = &l->vec[column];
	uint8_t *at = (uint8_t *)(uintptr_t)v->data + (size_t)l->n * v->width;
	uint64_t *valid = (uint64_t *)(uintptr_t)v->valid, bit = UINT64_C(1) << l->n % 64;
	struct rd_view copy = value->text;
	struct rd_text text;

	if (value->is_null) {
		memset(at, 0, v->width);
		valid[l->n / 64] &= ~bit;
		return v->type.nullable ||
		       rd_fail(err, RD_FAULT_MALFORMED, "table.null", "NULL, where none may be");
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

bool row_load_end(struct row_load *l, struct rd_err *err)
{
	struct rd_batch batch = { .n = l->n, .n_sel = l->n, .n_cols = l->schema->n, .col = l->vec };

	if (l->n && !rd_writer_add(l->writer, &batch, err))
		return rd_wrap(err, "%s", l->name);
	l->n = 0;
	rd_arena_reset(l->texts);
	return true;
}

bool row_load_end_row(struct row_load *l, bool *handed_on, struct rd_err *err)
{
	l->n++;
	*handed_on = l->n == l->room || rd_arena_used(l->texts) >= BATCH_TEXT;
	return !*handed_on || row_load_end(l, err);
}
