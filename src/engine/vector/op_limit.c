/* LIMIT and OFFSET over rows in order; the disclosure guard. */
#include "vector_int.h"

struct limit {
	struct rd_vop op;
	uint64_t skip, left; /* one thread: the pipeline is in order */
	uint16_t sel[RD_BATCH_ROWS];
};

static bool push_limit(struct rd_vop *op, struct rd_vthread *t, const struct rd_batch *in,
		       struct rd_err *err)
{
	struct limit *l = (struct limit *)op;
	struct rd_batch out = *in;
	uint32_t from = l->skip < in->n_sel ? (uint32_t)l->skip : in->n_sel;
	uint32_t n = in->n_sel - from;

	l->skip -= from;
	if (n > l->left)
		n = (uint32_t)l->left;
	l->left -= n;
	for (uint32_t i = 0; i < n; i++)
		l->sel[i] = in->sel ? in->sel[from + i] : (uint16_t)(from + i);
	out.sel = l->sel;
	out.n_sel = n;
	return rd_v_push(op->next, t, &out, err);
}

static const struct rd_vop_ops limit_ops = { .name = "limit", .push = push_limit };

bool rd_vlimit_new(const struct rd_vmake *make, struct rd_vop **out, struct rd_err *err)
{
	struct limit *l = rd_vop_alloc(make, sizeof(*l), &limit_ops, err);

	if (!l)
		return false;
	l->skip = make->node->node->limit.offset;
	l->left = make->node->node->limit.count;
	*out = &l->op;
	return true;
}

/* ---- guard ---- */

struct guard {
	struct rd_vop op;
	const struct rd_vnode *node, *input;
};
struct guard_local {
	struct rd_vec *vec;
	uint16_t sel[RD_BATCH_ROWS];
	uint8_t (*mark)[RD_BATCH_ROWS]; /* one a mark column */
	uint64_t (*valid)[RD_VWORDS];   /* one a column */
	uint64_t count[RD_BATCH_ROWS];
	uint64_t groups, cells;
};

static bool start(struct rd_vop *op, struct rd_vthread *t, struct rd_err *err)
{
	struct guard *g = (struct guard *)op;
	struct guard_local *l = RD_VNEW(&t->pool, struct guard_local, 1, err);
	uint32_t n = g->node->n_all + 1;

	op->local[t->id] = l;
	if (!l)
		return false;
	l->vec = RD_VNEW(&t->pool, struct rd_vec, n, err);
	l->mark = rd_vpool_alloc(&t->pool, n * sizeof(*l->mark), err);
	l->valid = rd_vpool_alloc(&t->pool, n * sizeof(*l->valid), err);
	return l->vec && l->mark && l->valid;
}

/* Persons of each row; NULL is none. */
static void persons(struct guard_local *l, const struct rd_vec *v, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		int64_t x = rd_vec_is_null(v, i) ? 0 : RD_VAT(int64_t, v, i);

		l->count[i] = x < 0 ? 0 : (uint64_t)x;
	}
}

static void drop_groups(struct guard *g, struct guard_local *l, struct rd_batch *io)
{
	const struct rd_node *node = g->node->node;

	for (uint32_t k = 0; k < io->n_sel; k++)
		l->sel[k] = io->sel ? io->sel[k] : (uint16_t)k;
	io->sel = l->sel;
	for (uint32_t r = 0; r < node->guard.n_rules; r++) {
		uint32_t left = 0;

		persons(l, &io->col[node->guard.rule[r].count_column], io->n);
		for (uint32_t k = 0; k < io->n_sel; k++) {
			l->sel[left] = l->sel[k];
			left += l->count[l->sel[k]] >= node->guard.rule[r].min;
		}
		l->groups += io->n_sel - left;
		io->n_sel = left;
	}
}

static void withhold(struct guard *g, struct guard_local *l, const struct rd_batch *in,
		     const struct rd_guard_cell *cell)
{
	uint32_t m = g->node->mark[cell->column] - g->node->node->n_cols;
	uint8_t *mark = l->mark[m];

	persons(l, &in->col[cell->count_column], in->n);
	for (uint32_t k = 0; k < in->n_sel; k++) {
		uint32_t row = in->sel[k];

		if (l->count[row] >= cell->min || mark[row])
			continue;
		mark[row] = 1;
		l->cells++;
		l->valid[cell->column][row / 64] &= ~(UINT64_C(1) << (row % 64));
	}
}

/* What an inner guard withheld stays withheld. */
static void copy_mark(struct guard *g, struct guard_local *l, const struct rd_batch *in, uint32_t i)
{
	uint8_t *mark = l->mark[g->node->mark[i] - g->node->node->n_cols];

	memset(mark, 0, RD_BATCH_ROWS);
	if (g->input->mark[i] != RD_NONE)
		for (uint32_t r = 0; r < in->n; r++)
			mark[r] = RD_VAT(uint8_t, &in->col[g->input->mark[i]], r);
}

static bool push_guard(struct rd_vop *op, struct rd_vthread *t, const struct rd_batch *in,
		       struct rd_err *err)
{
	struct guard *g = (struct guard *)op;
	struct guard_local *l = op->local[t->id];
	const struct rd_node *node = g->node->node;
	struct rd_batch io = *in, out;

	drop_groups(g, l, &io);
	memcpy(l->vec, in->col, node->n_cols * sizeof(*l->vec));
	for (uint32_t i = 0; i < node->n_cols; i++) {
		if (g->node->mark[i] == RD_NONE)
			continue;
		if (in->col[i].valid)
			memcpy(l->valid[i], in->col[i].valid, sizeof(l->valid[i]));
		else
			memset(l->valid[i], 0xff, sizeof(l->valid[i]));
		copy_mark(g, l, in, i);
		l->vec[i].valid = l->valid[i];
		l->vec[g->node->mark[i]] =
			(struct rd_vec){ .type = { .type = RD_BOOL },
					 .repr = RD_FLAT,
					 .width = 1,
					 .data = l->mark[g->node->mark[i] - node->n_cols] };
	}
	for (uint32_t c = 0; c < node->guard.n_cells; c++)
		withhold(g, l, &io, &node->guard.cell[c]);
	out = io;
	out.n_cols = g->node->n_all;
	out.col = l->vec;
	/* The counts of all threads meet in the result; guards may be many. */
	(void)pthread_mutex_lock(&t->run->mem.lock);
	t->run->result->rows.withheld_groups += l->groups;
	t->run->result->rows.withheld_cells += l->cells;
	(void)pthread_mutex_unlock(&t->run->mem.lock);
	l->groups = l->cells = 0;
	return rd_v_push(op->next, t, &out, err);
}

static const struct rd_vop_ops guard_ops = { .name = "guard", .start = start, .push = push_guard };

bool rd_vguard_new(const struct rd_vmake *make, struct rd_vop **out, struct rd_err *err)
{
	struct guard *g = rd_vop_alloc(make, sizeof(*g), &guard_ops, err);

	if (!g)
		return false;
	g->node = make->node;
	g->input = make->left;
	*out = &g->op;
	return true;
}
