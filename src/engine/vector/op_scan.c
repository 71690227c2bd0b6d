/* Reads the columns that the query needs; those that filters read first, the others only where a
 * row is left. */
#include "vector_int.h"

struct scan {
	struct rd_vsource source;
	struct rd_vrun_state *run;
	const struct rd_vnode *node;
	const struct rd_table *table;
	uint32_t n_cols, n_filters;
	const uint32_t *column;
	struct rd_vfilter **filter;
	uint64_t *first_morsel; /* a group's first morsel; one more at the end */
	uint32_t n_groups;
};

struct scan_col {
	struct rd_cursor *cursor;
	uint64_t at;               /* next row of the cursor in its group */
	const struct rd_dict *of;  /* the cursor's dictionary ... */
	const struct rd_dict *own; /* ... under a name that is never used again */
	bool loaded;
	uint64_t valid[RD_VWORDS];
};
struct scan_local {
	struct rd_vfilter_run **filter;
	struct scan_col *col;
	struct rd_vec *vec;
	uint32_t group;
	struct rd_scan_cost cost;
};

static bool prepare(struct rd_vsource *source, struct rd_err *err)
{
	struct scan *s = (struct scan *)source;

	s->first_morsel = RD_VNEW(&s->run->pool, uint64_t, s->n_groups + 1, err);
	if (!s->first_morsel)
		return false;
	for (uint32_t g = 0; g < s->n_groups; g++)
		s->first_morsel[g + 1] =
			s->first_morsel[g] +
			(rd_table_group_rows(s->table, g) + RD_VMORSEL_ROWS - 1) / RD_VMORSEL_ROWS;
	source->n_morsels = s->first_morsel[s->n_groups];
	return true;
}

static bool new_local(struct scan *s, struct rd_vthread *t, struct rd_err *err)
{
	struct scan_local *l = RD_VNEW(&t->pool, struct scan_local, 1, err);

	if (!l)
		return false;
	*l = (struct scan_local){ .group = RD_NONE };
	s->source.local[t->id] = l;
	l->filter = RD_VNEW(&t->pool, struct rd_vfilter_run *, s->n_filters + 1, err);
	l->col = RD_VNEW(&t->pool, struct scan_col, s->n_cols + 1, err);
	l->vec = RD_VNEW(&t->pool, struct rd_vec, s->n_cols + 1, err);
	if (!l->filter || !l->col || !l->vec)
		return false;
	memset(l->col, 0, (s->n_cols + 1) * sizeof(*l->col));
	for (uint32_t i = 0; i < s->n_filters; i++)
		if (!rd_vfilter_run_new(s->filter[i], t, &l->filter[i], err))
			return false;
	for (uint32_t i = 0; i < s->n_cols; i++)
		if (s->node->need[i] &&
		    !rd_cursor_new(s->table, s->column[i], &l->col[i].cursor, err))
			return false;
	return true;
}

/* Called by exec when the run ends, also after a failure. */
static void end(struct rd_vsource *source)
{
	struct scan *s = (struct scan *)source;

	for (uint32_t t = 0; t < s->run->n_threads; t++) {
		struct scan_local *l = source->local[t];

		for (uint32_t i = 0; l && l->col && i < s->n_cols; i++) {
			struct rd_scan_cost cost = { 0 };

			if (!l->col[i].cursor)
				continue;
			rd_cursor_cost(l->col[i].cursor, &cost);
			atomic_fetch_add(&s->run->bytes_read, cost.bytes);
			atomic_fetch_add(&s->run->decrypt_ns, cost.decrypt_ns);
			rd_cursor_free(&l->col[i].cursor);
		}
	}
}

static bool load(struct scan *s, struct rd_vthread *t, uint32_t i, uint64_t row, uint32_t n,
		 struct rd_err *err)
{
	struct scan_local *l = s->source.local[t->id];
	struct scan_col *c = &l->col[i];
	struct rd_vec *v = &l->vec[i];
	bool codes = s->node->col[i].phys == RD_P_TEXT;
	struct rd_dict *own;

	if (c->loaded || !c->cursor)
		return true;
	if (c->at == UINT64_MAX) {
		if (!rd_cursor_open(c->cursor, l->group, err))
			return false;
		c->at = 0;
		c->of = NULL;
	}
	if (c->at < row && !rd_cursor_skip(c->cursor, row - c->at, err))
		return false;
	if (!rd_cursor_read(c->cursor, n, codes, v, err))
		return false;
	c->at = row + n;
	c->loaded = true;
	if (v->repr == RD_CODE && c->of != v->dict) {
		own = RD_VNEW(&t->pool, struct rd_dict, 1, err);
		if (!own)
			return false;
		*own = *v->dict;
		c->of = v->dict;
		c->own = own;
	}
	if (v->repr == RD_CODE)
		v->dict = c->own;
	/* Kernels read the validity of a whole batch. */
	if (v->valid && n < RD_BATCH_ROWS) {
		memcpy(c->valid, v->valid, (n + 63) / 64 * 8);
		v->valid = c->valid;
	}
	return true;
}

static bool one_batch(struct scan *s, struct rd_vthread *t, struct rd_batch *batch,
		      struct rd_vop *to, struct rd_err *err)
{
	struct scan_local *l = s->source.local[t->id];

	for (uint32_t i = 0; i < s->n_cols; i++) {
		l->col[i].loaded = false;
		l->vec[i] = (struct rd_vec){ .type = s->node->col[i].type, .repr = RD_CONST };
	}
	for (uint32_t f = 0; f < s->n_filters; f++) {
		const bool *reads = rd_vfilter_reads(s->filter[f]);

		for (uint32_t i = 0; i < s->n_cols; i++)
			if (reads[i] && !load(s, t, i, batch->first_row, batch->n, err))
				return false;
		if (!rd_vfilter_apply(l->filter[f], t, batch, err))
			return false;
		if (batch->n_sel == 0)
			return true;
	}
	for (uint32_t i = 0; i < s->n_cols; i++)
		if (s->node->need[i] && !load(s, t, i, batch->first_row, batch->n, err))
			return false;
	return rd_v_push(to, t, batch, err);
}

static bool run_morsel(struct rd_vsource *source, struct rd_vthread *t, uint64_t m,
		       struct rd_vop *to, struct rd_err *err)
{
	struct scan *s = (struct scan *)source;
	struct scan_local *l;
	uint32_t group = 0;
	uint64_t row, rows, last;

	if (!source->local[t->id] && !new_local(s, t, err))
		return false;
	l = source->local[t->id];
	while (s->first_morsel[group + 1] <= m)
		group++;
	row = (m - s->first_morsel[group]) * RD_VMORSEL_ROWS;
	rows = rd_table_group_rows(s->table, group);
	last = rows - row < RD_VMORSEL_ROWS ? rows : row + RD_VMORSEL_ROWS;
	for (uint32_t i = 0; i < s->n_cols; i++)
		if (l->group != group || l->col[i].at > row)
			l->col[i].at = UINT64_MAX;
	l->group = group;
	atomic_fetch_add(&s->run->rows_scanned, last - row);
	for (; row < last; row += RD_BATCH_ROWS) {
		uint32_t n = last - row < RD_BATCH_ROWS ? (uint32_t)(last - row) : RD_BATCH_ROWS;
		struct rd_batch batch = {
			.n = n, .n_sel = n, .n_cols = s->n_cols, .col = l->vec, .first_row = row
		};

		if (!one_batch(s, t, &batch, to, err))
			return false;
	}
	return true;
}

static const struct rd_vsource_ops scan_ops = {
	.name = "scan", .prepare = prepare, .run = run_morsel, .end = end
};

bool rd_vscan_new(const struct rd_vmake *make, const struct rd_vpred *preds,
		  struct rd_vsource **out, struct rd_err *err)
{
	struct scan *s = rd_vsource_alloc(make, sizeof(*s), &scan_ops, err);
	const struct rd_node *node = make->node->node;

	if (!s)
		return false;
	s->run = make->run;
	s->node = make->node;
	s->table = make->run->table[node->scan.table];
	s->column = node->scan.column;
	s->n_cols = node->n_cols;
	s->n_groups = rd_table_groups(s->table);
	for (const struct rd_vpred *p = preds; p; p = p->next)
		s->n_filters++;
	s->filter = RD_VNEW(&make->run->pool, struct rd_vfilter *, s->n_filters + 1, err);
	if (!s->filter)
		return false;
	s->n_filters = 0;
	for (const struct rd_vpred *p = preds; p; p = p->next)
		if (!rd_vfilter_make(make->run, &p->prog, make->node, &s->filter[s->n_filters++],
				     err))
			return false;
	*out = &s->source;
	return true;
}
