/* UNION, INTERSECT, EXCEPT: both sides are kept, then rows are counted by value. */
#include "vector_int.h"

#include <math.h>

struct setop {
	struct rd_vrun_state *run;
	const struct rd_vnode *node;
	struct rd_vop *side[2];
	struct rd_vrows rows;
};
struct setop_side {
	struct rd_vop op;
	struct setop *all;
	const struct rd_vnode *input;
};
struct side_local {
	struct rd_vrows rows;
	struct rd_vec *vec;
	rd_int128 **room;
};

static bool start(struct rd_vop *op, struct rd_vthread *t, struct rd_err *err)
{
	struct side_local *l = RD_VNEW(&t->pool, struct side_local, 1, err);

	op->local[t->id] = l;
	if (!l || !rd_vrows_init(&l->rows, &t->pool, op->col, op->n_cols, NULL, err))
		return false;
	l->vec = RD_VNEW(&t->pool, struct rd_vec, op->n_cols + 1, err);
	l->room = RD_VNEW(&t->pool, rd_int128 *, op->n_cols + 1, err);
	if (!l->vec || !l->room)
		return false;
	for (uint32_t i = 0; i < op->n_cols; i++) {
		l->room[i] = RD_VNEW(&t->pool, rd_int128, RD_BATCH_ROWS, err);
		if (!l->room[i])
			return false;
	}
	return true;
}

static bool is_union_all(const struct setop_side *side)
{
	const struct rd_node *node = side->all->node->node;

	return node->setop.op == RD_SETOP_UNION && node->setop.all;
}

/* Where equal rows become one, -0 becomes 0 and every NaN the one NaN (query.h): which of them was
 * first must not show.  UNION ALL keeps what it is given. */
static void plain_doubles(const struct rd_vec *in, uint32_t n, double *out, struct rd_vec *vec)
{
	const double *from = in->data;

	n = in->repr == RD_CONST ? 1 : n;
	for (uint32_t i = 0; i < n; i++)
		out[i] = from[i] != from[i] ? (double)NAN : from[i] == 0 ? 0 : from[i];
	vec->data = out;
}

/* Both sides in the layout of the type: a decimal may come narrower. */
static bool push(struct rd_vop *op, struct rd_vthread *t, const struct rd_batch *in,
		 struct rd_err *err)
{
	const struct setop_side *s = (const struct setop_side *)op;
	struct side_local *l = op->local[t->id];
	struct rd_batch batch = *in;

	for (uint32_t i = 0; i < op->n_cols; i++) {
		struct rd_vargs args = { .r = l->room[i], .a = in->col[i].data, .n = in->n };

		l->vec[i] = in->col[i];
		if (op->col[i].phys == RD_P_F64 && in->col[i].repr != RD_CODE && !is_union_all(s))
			plain_doubles(&in->col[i], in->n, (double *)l->room[i], &l->vec[i]);
		if (s->input->col[i].phys == op->col[i].phys)
			continue;
		if (in->col[i].repr == RD_CONST)
			args.n = 1;
		rd_vkernel_widen(s->input->col[i].phys, op->col[i].phys)(&args);
		l->vec[i].data = l->room[i];
		l->vec[i].width = rd_phys_width[op->col[i].phys];
	}
	batch.col = l->vec;
	batch.n_cols = op->n_cols;
	return rd_vrows_add(&l->rows, &batch, err);
}

struct counts {
	uint32_t *first, *n[2];
};

/* Numbers all rows by value: how often each is there on either side, and where first. */
static bool count_rows(struct setop *s, uint64_t n_left, struct counts *c, struct rd_vtable *table,
		       struct rd_err *err)
{
	struct rd_vpool *pool = &s->run->pool;
	uint32_t n_cols = s->rows.n_cols, id[RD_BATCH_ROWS];
	uint32_t *column = RD_VNEW(pool, uint32_t, n_cols + 1, err);
	struct rd_vec *vec = RD_VNEW(pool, struct rd_vec, n_cols + 1, err);
	struct rd_vkeys keys;
	struct rd_vkey_run *run;
	struct rd_batch batch;
	uint64_t *words;

	if (!column || !vec)
		return false;
	for (uint32_t i = 0; i < n_cols; i++)
		column[i] = i;
	if (!rd_vkeys_init(&keys, pool, s->node->col, column, n_cols, err))
		return false;
	for (uint32_t i = 0; i < n_cols; i++)
		if (keys.col[i].phys == RD_P_TEXT &&
		    !rd_vintern_new(pool, s->run->options->hash_seed, &keys.col[i].intern, err))
			return false;
	words = RD_VNEW(pool, uint64_t, RD_BATCH_ROWS * keys.n_words, err);
	if (!words || !rd_vkey_run_new(&keys, pool, true, &run, err) ||
	    !rd_vtable_init(table, &s->run->mem, s->run->options->hash_seed, keys.n_words, err))
		return false;
	for (uint64_t at = 0; at < s->rows.n; at += RD_BATCH_ROWS) {
		uint64_t left = s->rows.n - at;

		rd_vrows_batch(&s->rows, at, left < RD_BATCH_ROWS ? (uint32_t)left : RD_BATCH_ROWS,
			       vec, &batch);
		if (!rd_vkey_run(run, &batch, words, err) ||
		    !rd_vtable_insert(table, words, batch.n, id, err))
			return false;
		for (uint32_t i = 0; i < batch.n; i++) {
			if (!c->n[0][id[i]] && !c->n[1][id[i]])
				c->first[id[i]] = (uint32_t)(at + i);
			c->n[at + i >= n_left][id[i]]++;
		}
	}
	return true;
}

static uint32_t copies(uint8_t op, bool all, uint32_t left, uint32_t right)
{
	if (op == RD_SETOP_UNION)
		return 1;
	if (op == RD_SETOP_INTERSECT)
		return all ? (left < right ? left : right) : left && right;
	return all ? (left > right ? left - right : 0) : left && !right;
}

static bool choose(struct setop *s, uint64_t n_left, struct rd_err *err)
{
	const struct rd_node *node = s->node->node;
	struct rd_vmem *mem = &s->run->mem;
	struct rd_vtable table;
	struct counts c;
	uint32_t *row, n = 0;

	c.first = rd_vmem_alloc(mem, s->rows.n * 4, true, err);
	c.n[0] = rd_vmem_alloc(mem, s->rows.n * 4, true, err);
	c.n[1] = rd_vmem_alloc(mem, s->rows.n * 4, true, err);
	row = rd_vmem_alloc(mem, s->rows.n * 4, false, err);
	if (!c.first || !c.n[0] || !c.n[1] || !row || !count_rows(s, n_left, &c, &table, err))
		return false;
	for (uint32_t id = 0; id < table.n; id++) {
		uint32_t k = copies(node->setop.op, node->setop.all, c.n[0][id], c.n[1][id]);

		while (k--)
			row[n++] = c.first[id];
	}
	return rd_vrows_permute(&s->rows, row, n, err);
}

static bool finish(struct rd_vop *op, struct rd_vthread *t, struct rd_err *err)
{
	struct setop *s = ((struct setop_side *)op)->all;
	const struct rd_node *node = s->node->node;
	uint64_t n_left = 0;

	if (op != s->side[1])
		return true;
	if (!rd_vrows_init(&s->rows, &t->pool, op->col, op->n_cols, NULL, err))
		return false;
	for (int side = 0; side < 2; side++) {
		for (uint32_t i = 0; i < s->run->n_threads; i++) {
			struct side_local *l = s->side[side]->local[i];

			if (l && !rd_vrows_append(&s->rows, &l->rows, err))
				return false;
		}
		n_left = side ? n_left : s->rows.n;
	}
	if (node->setop.op == RD_SETOP_UNION && node->setop.all)
		return true;
	return choose(s, n_left, err);
}

static const struct rd_vop_ops side_ops = {
	.name = "set operation", .start = start, .push = push, .finish = finish
};

bool rd_vsetop_new(const struct rd_vmake *make, struct rd_vop **left, struct rd_vop **right,
		   struct rd_err *err)
{
	struct setop *s = RD_VNEW(&make->run->pool, struct setop, 1, err);
	struct setop_side *x = rd_vop_alloc(make, sizeof(*x), &side_ops, err);
	struct setop_side *y = rd_vop_alloc(make, sizeof(*y), &side_ops, err);

	if (!s || !x || !y)
		return false;
	*s = (struct setop){ .run = make->run, .node = make->node, .side = { &x->op, &y->op } };
	x->all = y->all = s;
	x->input = make->left;
	y->input = make->right;
	*left = &x->op;
	*right = &y->op;
	return true;
}

const struct rd_vrows *rd_vsetop_rows(const struct rd_vop *op)
{
	return &((const struct setop_side *)op)->all->rows;
}
