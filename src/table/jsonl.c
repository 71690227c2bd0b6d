/* JSON lines: their columns, and their rows into a writer. */
#include "infer_int.h"
#include "jsonl_int.h"
#include "row_load_int.h"

#include <inttypes.h>
#include <stdlib.h>

#define SLOTS 16384u /* of the names: a power of two, more than twice RD_COLUMNS_MAX */

/* ---- columns by name ------------------------------------------------------------------------- */

struct name_map {
	uint16_t slot[SLOTS]; /* column + 1; 0: empty */
};

static uint32_t hash_of(struct rd_view name)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < name.len; i++)
		h = (h ^ name.data[i]) * 16777619u;
	return h ^ h >> 15;
}

/* The slot of the name, or the empty one where it belongs. */
static uint16_t *find_slot(struct name_map *map, const struct rd_column *column,
			   struct rd_view name)
{
	uint32_t at = hash_of(name) % SLOTS;

	while (map->slot[at] && !rd_view_eq(column[map->slot[at] - 1].name, name))
		at = (at + 1) % SLOTS;
	return &map->slot[at];
}

/* ---- types ----------------------------------------------------------------------------------- */

struct column_seen {
	struct infer infer;
	uint64_t line[JSONL_KINDS]; /* where the first value of each kind was; 0: nowhere */
	uint64_t row;               /* the last row that had it */
};

struct inference {
	struct jsonl_reader r;
	struct name_map map;
	uint32_t n;
	struct rd_column column[RD_COLUMNS_MAX];
	struct column_seen seen[RD_COLUMNS_MAX];
	uint64_t rows;
};

static void inference_free(struct inference **f)
{
	if (*f)
		jsonl_close(&(*f)->r);
	free(*f);
	*f = NULL;
}

static bool twice(const struct jsonl_reader *r, struct rd_view name, struct rd_err *err)
{
	return rd_fail(err, RD_FAULT_MALFORMED, "table.jsonl.form",
		       "%s: line %" PRIu64 ": the name %.*s stands there twice", r->text.name,
		       r->line, RD_FMT(name));
}

/* A column has values of one kind. */
static bool one_kind(const struct inference *f, const struct jsonl_member *m,
		     const struct column_seen *seen, struct rd_err *err)
{
	static const char *const kinds[JSONL_KINDS] = { "null", "true or false", "a number",
							"text" };

	for (int other = JSONL_BOOL; other < JSONL_KINDS; other++)
		if (other != (int)m->kind && seen->line[other])
			return rd_fail(err, RD_FAULT_MALFORMED, "table.jsonl.type",
				       "%s: column %.*s is %s on line %" PRIu64
				       " and %s on line %" PRIu64,
				       f->r.text.name, RD_FMT(m->name), kinds[m->kind],
				       seen->line[m->kind], kinds[other], seen->line[other]);
	return true;
}

static bool see_member(struct inference *f, const struct jsonl_member *m, struct rd_arena *arena,
		       struct rd_err *err)
{
	uint16_t *slot = find_slot(&f->map, f->column, m->name);
	struct column_seen *seen;

	if (!*slot) {
		if (f->n == RD_COLUMNS_MAX)
			return rd_fail(err, RD_FAULT_MALFORMED, "table.jsonl.form",
				       "%s: line %" PRIu64 ": more than %u columns", f->r.text.name,
				       f->r.line, RD_COLUMNS_MAX);
		if (!rd_arena_copy(arena, m->name, &f->column[f->n].name, err))
			return false;
		f->seen[f->n].infer.null = f->rows > 1;
		*slot = (uint16_t)++f->n;
	}
	seen = &f->seen[*slot - 1];
	if (seen->row == f->rows)
		return twice(&f->r, m->name, err);
	seen->infer.null |= seen->row != f->rows - 1 || m->kind == JSONL_NULL;
	seen->row = f->rows;
	if (m->kind == JSONL_NULL)
		return true;
	if (!seen->line[m->kind])
		seen->line[m->kind] = f->r.line;
	if (m->kind == JSONL_TEXT)
		infer_look_quoted(&seen->infer, m->text);
	else if (m->kind == JSONL_NUMBER)
		infer_look_number(&seen->infer, m->text);
	else
		infer_look(&seen->infer, m->text);
	return one_kind(f, m, seen, err);
}

bool rd_jsonl_infer(const struct rd_blob *blob, const char *name, struct rd_arena *arena,
		    struct rd_schema *out, struct rd_err *err)
{
	struct inference *f RD_AUTO(inference_free) = calloc(1, sizeof(*f));
	struct rd_column *column;
	bool more = true;

	if (!f)
		return rd_fail_errno(err, "base.memory", "columns");
	if (!jsonl_open(&f->r, blob, name, err))
		return false;
	for (;;) {
		if (!jsonl_next(&f->r, &more, err))
			return false;
		if (!more)
			break;
		f->rows++;
		for (uint32_t i = 0; i < f->r.n; i++)
			if (!see_member(f, &f->r.member[i], arena, err))
				return false;
	}
	if (f->n == 0)
		return rd_fail(err, RD_FAULT_MALFORMED, "table.jsonl.form",
			       "%s: there is no column in it", name);
	column = RD_NEW_ARRAY(arena, struct rd_column, f->n, err);
	if (!column)
		return false;
	for (uint32_t i = 0; i < f->n; i++) {
		column[i].name = f->column[i].name;
		f->seen[i].infer.null |= f->seen[i].row != f->rows;
		column[i].type = infer_type(&f->seen[i].infer);
	}
	*out = (struct rd_schema){ .n = f->n, .column = column };
	return true;
}

/* ---- rows ------------------------------------------------------------------------------------ */

struct load {
	struct jsonl_reader r;
	struct row_load rows;
	struct name_map map;
	uint64_t row, last[RD_COLUMNS_MAX]; /* the row at hand, and the last that had the column */
};

static void load_free(struct load **l)
{
	if (*l) {
		jsonl_close(&(*l)->r);
		row_load_free(&(*l)->rows);
	}
	free(*l);
	*l = NULL;
}

static bool place(const struct load *l, struct rd_view column, struct rd_err *err)
{
	return rd_wrap(err, "%s: line %" PRIu64 ", column %.*s", l->r.text.name, l->r.line,
		       RD_FMT(column));
}

/* Text goes wherever it parses; other values not into text. */
static bool fits_kind(const struct jsonl_member *m, struct rd_coltype type, struct rd_err *err)
{
	bool is_bool = type.type == RD_BOOL;

	if (m->kind == JSONL_TEXT || m->kind == JSONL_NULL)
		return true;
	return (type.type != RD_TEXT && (m->kind == JSONL_BOOL) == is_bool) ||
	       rd_fail(err, RD_FAULT_MALFORMED, "table.jsonl.type",
		       "%.*s does not go into a column of this type", RD_FMT(m->text));
}

static bool load_member(struct load *l, const struct jsonl_member *m, struct rd_err *err)
{
	const struct rd_schema *schema = l->rows.schema;
	uint16_t slot = *find_slot(&l->map, schema->column, m->name);
	struct rd_value value = { .is_null = true };
	struct rd_coltype type;

	if (!slot)
		return rd_fail(err, RD_FAULT_MALFORMED, "table.jsonl.form",
			       "%s: line %" PRIu64 ": the schema has no column %.*s",
			       l->r.text.name, l->r.line, RD_FMT(m->name));
	if (l->last[slot - 1] == l->row)
		return twice(&l->r, m->name, err);
	l->last[slot - 1] = l->row;
	type = schema->column[slot - 1].type;
	if (!fits_kind(m, type, err) ||
	    (m->kind != JSONL_NULL && !rd_value_parse(m->text, type, &value, err)) ||
	    !row_load_put(&l->rows, slot - 1u, &value, err))
		return place(l, m->name, err);
	return true;
}

static bool load_object(struct load *l, struct rd_err *err)
{
	const struct rd_schema *schema = l->rows.schema;
	const struct rd_value null = { .is_null = true };

	l->row++;
	for (uint32_t i = 0; i < l->r.n; i++)
		if (!load_member(l, &l->r.member[i], err))
			return false;
	for (uint32_t i = 0; i < schema->n; i++)
		if (l->last[i] != l->row && !row_load_put(&l->rows, i, &null, err))
			return place(l, schema->column[i].name, err);
	return true;
}

bool rd_jsonl_load(const struct rd_blob *blob, const char *name,
		   const struct rd_csv_options *options, const struct rd_schema *schema,
		   struct rd_writer *writer, struct rd_err *err)
{
	struct load *l RD_AUTO(load_free) = calloc(1, sizeof(*l));
	bool more = true, handed_on = false;

	if (!l)
		return rd_fail_errno(err, "base.memory", "columns");
	l->rows = (struct row_load){ .name = name, .schema = schema, .writer = writer };
	for (uint32_t i = 0; i < schema->n; i++)
		*find_slot(&l->map, schema->column, schema->column[i].name) = (uint16_t)(i + 1);
	if (!jsonl_open(&l->r, blob, name, err) || !row_load_begin(&l->rows, JSONL_RECORD_MAX, err))
		return false;
	for (;;) {
		if (!jsonl_next(&l->r, &more, err))
			return false;
		if (!more)
			return row_load_end(&l->rows, err);
		if (!load_object(l, err) || !row_load_end_row(&l->rows, &handed_on, err))
			return false;
		if (handed_on && options->progress)
			options->progress(options->progress_ctx, text_done(&l->r.text));
	}
}
