/* The probing side of a join. */
#include "op_join.h"

struct probe {
	struct rd_vop op;
	struct join *join;
};
struct probe_local {
	struct rd_vkey_run *keys;
	struct rd_vfilter_run *residual;
	uint64_t *words;
	uint32_t id[RD_BATCH_ROWS];
	uint16_t sel[RD_BATCH_ROWS];
	uint8_t seen[RD_BATCH_ROWS]; /* rows of the batch that have a match */
	/* pairs not yet looked at */
	uint32_t n_pairs;
	uint16_t row[RD_BATCH_ROWS];
	uint32_t other[RD_BATCH_ROWS];
	/* rows of left-then-right, marks behind */
	struct rd_vec *wide, *rows_vec;
	rd_uint128 **room;
	uint64_t (*valid)[RD_VWORDS];
	const struct rd_batch *in;
};

/* Column c of left-then-right: its side and its place there. */
static void origin(const struct join *j, uint32_t c, int *side, uint32_t *column)
{
	*side = c < j->side[j->left]->node->n_cols ? j->left : 1 - j->left;
	*column = c - j->first[*side];
}

static uint32_t n_wide(const struct join *j)
{
	return j->side[0]->node->n_cols + j->side[1]->node->n_cols;
}

static bool start(struct rd_vop *op, struct rd_vthread *t, struct rd_err *err)
{
	struct join *j = ((struct probe *)op)->join;
	struct probe_local *l = RD_VNEW(&t->pool, struct probe_local, 1, err);
	uint32_t n = n_wide(j) + j->node->n_all + 1;

	op->local[t->id] = l;
	if (!l || !rd_vkey_run_new(&j->keys[0], &t->pool, false, &l->keys, err))
		return false;
	l->words = RD_VNEW(&t->pool, uint64_t, RD_BATCH_ROWS * j->keys[0].n_words, err);
	l->wide = RD_VNEW(&t->pool, struct rd_vec, n, err);
	l->rows_vec = RD_VNEW(&t->pool, struct rd_vec, j->side[1]->n_all + 1, err);
	l->room = RD_VNEW(&t->pool, rd_uint128 *, n, err);
	l->valid = rd_vpool_alloc(&t->pool, n * sizeof(*l->valid), err);
	if (!l->words || !l->wide || !l->rows_vec || !l->room || !l->valid)
		return false;
	for (uint32_t c = 0; c < n; c++) {
		l->room[c] = RD_VNEW(&t->pool, rd_uint128, RD_BATCH_ROWS, err);
		if (!l->room[c])
			return false;
	}
	return !j->residual || rd_vfilter_run_new(j->residual, t, &l->residual, err);
}

static struct rd_vec null_vec(const struct rd_vcol *col)
{
	return (struct rd_vec){ .type = col->type,
				.repr = RD_CONST,
				.width = rd_phys_width[col->phys],
				.data = rd_v_no_rows,
				.valid = rd_v_no_rows };
}

/* One column for the pairs, or for rows of one side alone (the other side's are NULL). */
static struct rd_vec pair_column(const struct join *j, struct probe_local *l, uint32_t place,
				 int side, uint32_t column)
{
	if (side == 1)
		return rd_vrows_gather(&j->rows.col[column], l->other, l->n_pairs, l->room[place],
				       l->valid[place]);
	return rd_v_gather(&l->in->col[column], l->row, l->n_pairs, l->room[place],
			   l->valid[place]);
}

enum fill { PAIRS, PROBE_ONLY, BUILD_ONLY };

static struct rd_vec one_column(const struct join *j, struct probe_local *l, uint32_t place,
				const int where[3])
{
	int side = where[0];
	uint32_t column = (uint32_t)where[1];

	if (where[2] == PAIRS)
		return pair_column(j, l, place, side, column);
	if (side == (where[2] == PROBE_ONLY ? 0 : 1))
		return side ? l->rows_vec[column] : l->in->col[column];
	return null_vec(&j->side[side]->col[column]);
}

/* Fills l->wide: left's columns, right's, marks. */
static void fill_wide(const struct join *j, struct probe_local *l, enum fill how)
{
	uint32_t n = n_wide(j), column;
	int side;

	for (uint32_t c = 0; c < n; c++) {
		l->wide[c] = (struct rd_vec){ .repr = RD_CONST };
		origin(j, c, &side, &column);
		if (j->want[c])
			l->wide[c] = one_column(j, l, c, (int[]){ side, (int)column, (int)how });
	}
	for (uint32_t c = 0; c < j->node->node->n_cols && j->node->n_all > n; c++) {
		uint32_t m = j->node->mark[c];

		if (m == RD_NONE)
			continue;
		origin(j, c, &side, &column);
		l->wide[m] = one_column(
			j, l, m, (int[]){ side, (int)j->side[side]->mark[column], (int)how });
	}
}

static bool gives_pairs(const struct join *j)
{
	return j->kind == RD_JOIN_INNER || j->kind == RD_JOIN_LEFT || j->kind == RD_JOIN_RIGHT ||
	       j->kind == RD_JOIN_FULL || j->kind == RD_JOIN_SINGLE;
}

/* Not in: equal where neither is NULL. */
static bool could_be(const struct join *j, const struct probe_local *l, uint32_t pair)
{
	for (uint32_t i = 0; i < j->n_keys; i++) {
		const struct rd_vec *v = &l->in->col[j->key[0][i]];
		const struct rd_vrows_col *c = &j->rows.col[j->key[1][i]];
		enum rd_phys phys = j->side[0]->col[j->key[0][i]].phys;
		struct rd_value x, y;
		struct rd_vec at = *v;

		if (rd_vec_is_null(v, l->row[pair]) || rd_vrows_is_null(c, l->other[pair]))
			continue;
		if (at.repr == RD_CODE)
			x = rd_vec_value(v, l->row[pair]);
		else
			x = rd_v_load(v->type, phys,
				      (const uint8_t *)v->data +
					      (v->repr == RD_CONST ? 0 : l->row[pair]) *
						      (size_t)v->width);
		y = rd_v_load(c->col.type, c->col.phys, rd_vrows_at(c, l->other[pair]));
		if (x.type.type == RD_TEXT      ? rd_view_cmp(x.text, y.text) != 0
		    : x.type.type == RD_DOUBLE  ? rd_v_compare(RD_P_F64, &x.f, &y.f) != 0
		    : x.type.type == RD_DECIMAL ? x.d != y.d
						: x.i != y.i)
			return false;
	}
	return true;
}

/* The pairs at hand: residual, what it means for both rows, and on with them. */
static bool flush(struct rd_vop *op, struct rd_vthread *t, struct rd_err *err)
{
	struct join *j = ((struct probe *)op)->join;
	struct probe_local *l = op->local[t->id];
	struct rd_batch batch = {
		.n = l->n_pairs, .n_sel = l->n_pairs, .n_cols = n_wide(j), .col = l->wide
	};
	bool aware = j->kind == RD_JOIN_NULL_AWARE_ANTI;

	if (!l->n_pairs)
		return true;
	if (j->residual || gives_pairs(j))
		fill_wide(j, l, PAIRS);
	if (j->residual && !rd_vfilter_apply(l->residual, t, &batch, err))
		return false;
	for (uint32_t k = 0; k < batch.n_sel; k++) {
		uint32_t pair = batch.sel ? batch.sel[k] : k;

		if (aware && !could_be(j, l, pair))
			continue;
		if (j->kind == RD_JOIN_SINGLE && l->seen[l->row[pair]])
			return rd_v_data_error(t, j->node->node->join.position,
					       "a scalar subquery gives more than one row", err);
		l->seen[l->row[pair]] = 1;
		__atomic_store_n(&j->matched[l->other[pair]], 1, __ATOMIC_RELAXED);
	}
	l->n_pairs = 0;
	batch.n_cols = j->node->n_all;
	return !gives_pairs(j) || rd_v_push(op->next, t, &batch, err);
}

static bool add_pair(struct rd_vop *op, struct rd_vthread *t, uint32_t row, uint32_t other,
		     struct rd_err *err)
{
	struct probe_local *l = op->local[t->id];

	l->row[l->n_pairs] = (uint16_t)row;
	l->other[l->n_pairs++] = other;
	return l->n_pairs < RD_BATCH_ROWS || flush(op, t, err);
}

static bool all_pairs(struct rd_vop *op, struct rd_vthread *t, const struct rd_batch *in,
		      struct rd_err *err)
{
	struct join *j = ((struct probe *)op)->join;
	struct probe_local *l = op->local[t->id];

	for (uint32_t k = 0; k < in->n_sel; k++) {
		uint32_t row = in->sel ? in->sel[k] : k, at;

		if (l->id[k] == RD_NONE)
			continue;
		if (!j->head) {
			if (!add_pair(op, t, row, l->id[k], err))
				return false;
			continue;
		}
		for (at = j->head[l->id[k]]; at != RD_NONE; at = j->next[at])
			if (!add_pair(op, t, row, at, err))
				return false;
	}
	return flush(op, t, err);
}

static bool null_key(const struct join *j, const struct rd_batch *in, uint32_t row)
{
	for (uint32_t i = 0; i < j->n_keys; i++)
		if (rd_vec_is_null(&in->col[j->key[0][i]], row))
			return true;
	return false;
}

static void find_ids(struct join *j, struct probe_local *l, const struct rd_batch *in)
{
	bool nulls = false;

	rd_vjoin_find(j, l->words, in->n_sel, l->id);
	for (uint32_t i = 0; i < j->n_keys; i++)
		nulls = nulls || in->col[j->key[0][i]].valid;
	for (uint32_t k = 0; nulls && k < in->n_sel; k++)
		if (null_key(j, in, in->sel ? in->sel[k] : k))
			l->id[k] = RD_NONE;
}

/* NOT IN: also rows that a NULL on either side could make equal. */
static bool null_pairs(struct rd_vop *op, struct rd_vthread *t, const struct rd_batch *in,
		       struct rd_err *err)
{
	struct join *j = ((struct probe *)op)->join;

	for (uint32_t k = 0; k < in->n_sel; k++) {
		uint32_t row = in->sel ? in->sel[k] : k;
		bool null = null_key(j, in, row);
		uint64_t n = null ? j->rows.n : j->n_null;

		for (uint64_t i = 0; i < n; i++)
			if (!add_pair(op, t, row, null ? (uint32_t)i : j->null_row[i], err))
				return false;
	}
	return flush(op, t, err);
}

/* Rows of the batch by whether they have a match; other side NULL or not there. */
static bool leftovers(struct rd_vop *op, struct rd_vthread *t, const struct rd_batch *in,
		      uint8_t wanted, struct rd_err *err)
{
	struct join *j = ((struct probe *)op)->join;
	struct probe_local *l = op->local[t->id];
	struct rd_batch out = *in;
	uint32_t n = 0;

	for (uint32_t k = 0; k < in->n_sel; k++) {
		uint32_t row = in->sel ? in->sel[k] : k;

		l->sel[n] = (uint16_t)row;
		n += l->seen[row] == wanted;
	}
	if (!n)
		return true;
	out.sel = l->sel;
	out.n_sel = n;
	if (gives_pairs(j)) {
		fill_wide(j, l, PROBE_ONLY);
		out.col = l->wide;
	}
	out.n_cols = j->node->n_all;
	return rd_v_push(op->next, t, &out, err);
}

/* A match is a match: no pairs needed to know. */
static void mark_seen(struct join *j, struct probe_local *l, const struct rd_batch *in)
{
	for (uint32_t k = 0; k < in->n_sel; k++) {
		uint32_t row = in->sel ? in->sel[k] : k;

		l->seen[row] = l->id[k] != RD_NONE;
		if (j->kind == RD_JOIN_NULL_AWARE_ANTI && j->rows.n &&
		    (j->n_null || null_key(j, in, row)))
			l->seen[row] = 1;
	}
}

static bool push(struct rd_vop *op, struct rd_vthread *t, const struct rd_batch *in,
		 struct rd_err *err)
{
	struct join *j = ((struct probe *)op)->join;
	struct probe_local *l = op->local[t->id];
	bool filter = j->left == 0 && !gives_pairs(j);

	l->in = in;
	memset(l->seen, 0, in->n);
	if (!rd_vkey_run(l->keys, in, l->words, err))
		return false;
	find_ids(j, l, in);
	if (filter && !j->residual && (j->kind != RD_JOIN_NULL_AWARE_ANTI || j->n_keys == 1)) {
		mark_seen(j, l, in);
	} else {
		if (!all_pairs(op, t, in, err))
			return false;
		if (j->kind == RD_JOIN_NULL_AWARE_ANTI && !null_pairs(op, t, in, err))
			return false;
	}
	if (filter)
		return leftovers(op, t, in, j->kind == RD_JOIN_SEMI, err);
	return !j->outer[0] || leftovers(op, t, in, 0, err);
}

/* ---- rows of the build side that only the end of the probing can give ---- */

static uint64_t extra_morsels(const struct rd_vop *op)
{
	const struct join *j = ((const struct probe *)op)->join;

	if (!j->outer[1])
		return 0;
	return (j->rows.n + RD_VMORSEL_ROWS - 1) / RD_VMORSEL_ROWS;
}

static bool extra_batch(struct rd_vop *op, struct rd_vthread *t, uint64_t at, uint32_t n,
			struct rd_err *err)
{
	struct join *j = ((struct probe *)op)->join;
	struct probe_local *l = op->local[t->id];
	uint8_t wanted = j->kind == RD_JOIN_SEMI;
	struct rd_batch batch;

	rd_vrows_batch(&j->rows, at, n, l->rows_vec, &batch);
	batch.n_sel = 0;
	for (uint32_t i = 0; i < n; i++) {
		l->sel[batch.n_sel] = (uint16_t)i;
		batch.n_sel += j->matched[at + i] == wanted;
	}
	batch.sel = l->sel;
	if (!batch.n_sel)
		return true;
	if (gives_pairs(j)) {
		fill_wide(j, l, BUILD_ONLY);
		batch.col = l->wide;
	}
	batch.n_cols = j->node->n_all;
	return rd_v_push(op->next, t, &batch, err);
}

static bool extra(struct rd_vop *op, struct rd_vthread *t, uint64_t m, struct rd_err *err)
{
	struct join *j = ((struct probe *)op)->join;
	uint64_t at = m * RD_VMORSEL_ROWS, last = at + RD_VMORSEL_ROWS;

	if (last > j->rows.n)
		last = j->rows.n;
	for (; at < last; at += RD_BATCH_ROWS)
		if (!extra_batch(op, t, at,
				 last - at < RD_BATCH_ROWS ? (uint32_t)(last - at) : RD_BATCH_ROWS,
				 err))
			return false;
	return true;
}

static const struct rd_vop_ops probe_ops = {
	.name = "join", .start = start, .push = push, .extra = extra, .extra_morsels = extra_morsels
};

/* ---- making ---- */

static bool make_keys(struct join *j, struct rd_err *err)
{
	struct rd_vpool *pool = &j->run->pool;
	struct rd_vcol *col[2];

	for (int s = 0; s < 2; s++) {
		col[s] = RD_VNEW(pool, struct rd_vcol, j->side[s]->n_all + 1, err);
		if (!col[s])
			return false;
		memcpy(col[s], j->side[s]->col, j->side[s]->n_all * sizeof(**col));
	}
	for (uint32_t i = 0; i < j->n_keys; i++) {
		struct rd_vcol *x = &col[0][j->key[0][i]], *y = &col[1][j->key[1][i]];

		/* NULLs are dealt with before keys are looked at. */
		x->type.nullable = y->type.nullable = false;
		x->phys = y->phys = x->phys > y->phys ? x->phys : y->phys;
	}
	for (int s = 0; s < 2; s++)
		if (!rd_vkeys_init(&j->keys[s], pool, col[s], j->key[s], j->n_keys, err))
			return false;
	for (uint32_t i = 0; i < j->n_keys; i++) {
		if (j->keys[1].col[i].phys != RD_P_TEXT)
			continue;
		if (!rd_vintern_new(pool, j->run->options->hash_seed, &j->keys[1].col[i].intern,
				    err))
			return false;
		j->keys[0].col[i].intern = j->keys[1].col[i].intern;
	}
	return true;
}

static bool make_residual(struct join *j, struct rd_err *err)
{
	const struct rd_vnode *left = j->side[j->left], *right = j->side[1 - j->left];
	struct rd_vnode both = { .n_all = n_wide(j) };

	j->want = RD_VNEW(&j->run->pool, bool, both.n_all + 1, err);
	if (!j->want)
		return false;
	if (gives_pairs(j))
		memcpy(j->want, j->node->need, both.n_all * sizeof(bool));
	if (!j->node->node->join.has_residual)
		return true;
	both.col = RD_VNEW(&j->run->pool, struct rd_vcol, both.n_all + 1, err);
	if (!both.col)
		return false;
	memcpy(both.col, left->col, left->node->n_cols * sizeof(*both.col));
	memcpy(both.col + left->node->n_cols, right->col, right->node->n_cols * sizeof(*both.col));
	if (!rd_vfilter_make(j->run, &j->node->node->join.residual, &both, &j->residual, err))
		return false;
	for (uint32_t c = 0; c < both.n_all; c++)
		j->want[c] = j->want[c] || rd_vfilter_reads(j->residual)[c];
	return true;
}

bool rd_vjoin_new(const struct rd_vmake *make, bool build_left, struct rd_vop **build,
		  struct rd_vop **probe, struct rd_err *err)
{
	const struct rd_node *node = make->node->node;
	struct join *j = RD_VNEW(&make->run->pool, struct join, 1, err);
	struct join_build *b = rd_vop_alloc(make, sizeof(*b), &rd_vjoin_build_ops, err);
	struct probe *p = rd_vop_alloc(make, sizeof(*p), &probe_ops, err);
	int left = build_left;
	bool left_outer, right_outer;

	if (!j || !b || !p)
		return false;
	j->run = make->run;
	j->node = make->node;
	j->kind = node->join.kind;
	j->n_keys = node->join.n_keys;
	j->left = left;
	j->side[left] = make->left;
	j->side[1 - left] = make->right;
	j->key[left] = node->join.left_key;
	j->key[1 - left] = node->join.right_key;
	j->first[1 - left] = make->left->node->n_cols;
	left_outer = j->kind == RD_JOIN_LEFT || j->kind == RD_JOIN_FULL ||
		     j->kind == RD_JOIN_SINGLE ||
		     (build_left && (j->kind == RD_JOIN_SEMI || j->kind == RD_JOIN_ANTI));
	right_outer = j->kind == RD_JOIN_RIGHT || j->kind == RD_JOIN_FULL;
	j->outer[left] = left_outer;
	j->outer[1 - left] = right_outer;
	b->join = p->join = j;
	*build = &b->op;
	*probe = &p->op;
	return make_keys(j, err) && make_residual(j, err);
}
