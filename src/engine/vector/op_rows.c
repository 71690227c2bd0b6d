/* Rows that are kept and given again: shared sub-plans, VALUES, and the way out of every sink. */
#include "vector_int.h"

void *rd_vop_alloc(const struct rd_vmake *make, size_t size, const struct rd_vop_ops *ops,
		   struct rd_err *err)
{
	struct rd_vop *op = rd_vpool_alloc(&make->run->pool, size, err);

	if (!op)
		return NULL;
	memset(op, 0, size);
	op->ops = ops;
	op->node = make->node->node;
	op->col = make->node->col;
	op->n_cols = make->node->n_all;
	op->local = RD_VNEW(&make->run->pool, void *, make->run->n_threads, err);
	if (!op->local)
		return NULL;
	memset(op->local, 0, make->run->n_threads * sizeof(void *));
	return op;
}

void *rd_vsource_alloc(const struct rd_vmake *make, size_t size, const struct rd_vsource_ops *ops,
		       struct rd_err *err)
{
	struct rd_vsource *source = rd_vpool_alloc(&make->run->pool, size, err);

	if (!source)
		return NULL;
	memset(source, 0, size);
	source->ops = ops;
	source->local = RD_VNEW(&make->run->pool, void *, make->run->n_threads, err);
	if (!source->local)
		return NULL;
	memset(source->local, 0, make->run->n_threads * sizeof(void *));
	return source;
}

/* ---- the sink ---- */

struct store {
	struct rd_vop op;
	const struct rd_vnode *node;
	struct rd_vrun_state *run;
	struct rd_vrows rows;
};

static bool start(struct rd_vop *op, struct rd_vthread *t, struct rd_err *err)
{
	struct store *s = (struct store *)op;
	struct rd_vrows *rows = RD_VNEW(&t->pool, struct rd_vrows, 1, err);

	op->local[t->id] = rows;
	return rows && rd_vrows_init(rows, &t->pool, op->col, op->n_cols, s->node->need, err);
}

static bool push(struct rd_vop *op, struct rd_vthread *t, const struct rd_batch *in,
		 struct rd_err *err)
{
	return rd_vrows_add(op->local[t->id], in, err);
}

static bool finish(struct rd_vop *op, struct rd_vthread *t, struct rd_err *err)
{
	struct store *s = (struct store *)op;

	if (!rd_vrows_init(&s->rows, &t->pool, op->col, op->n_cols, s->node->need, err))
		return false;
	for (uint32_t i = 0; i < s->run->n_threads; i++)
		if (op->local[i] && !rd_vrows_append(&s->rows, op->local[i], err))
			return false;
	return true;
}

static const struct rd_vop_ops store_ops = {
	.name = "store", .start = start, .push = push, .finish = finish
};

bool rd_vstore_new(const struct rd_vmake *make, struct rd_vop **out, struct rd_err *err)
{
	struct store *s = rd_vop_alloc(make, sizeof(*s), &store_ops, err);

	if (!s)
		return false;
	s->node = make->node;
	s->run = make->run;
	*out = &s->op;
	return true;
}

const struct rd_vrows *rd_vstore_rows(const struct rd_vop *op)
{
	return &((const struct store *)op)->rows;
}

/* ---- the source ---- */

struct rows_source {
	struct rd_vsource source;
	const struct rd_vrows *rows;
};

static bool prepare(struct rd_vsource *source, struct rd_err *err)
{
	(void)err;
	source->n_morsels =
		(((struct rows_source *)source)->rows->n + RD_VMORSEL_ROWS - 1) / RD_VMORSEL_ROWS;
	return true;
}

static bool run_morsel(struct rd_vsource *source, struct rd_vthread *t, uint64_t m,
		       struct rd_vop *to, struct rd_err *err)
{
	const struct rd_vrows *rows = ((struct rows_source *)source)->rows;
	uint64_t at = m * RD_VMORSEL_ROWS, last = at + RD_VMORSEL_ROWS;
	struct rd_vec *vec = source->local[t->id];

	if (!vec) {
		vec = RD_VNEW(&t->pool, struct rd_vec, rows->n_cols + 1, err);
		if (!vec)
			return false;
		source->local[t->id] = vec;
	}
	if (last > rows->n)
		last = rows->n;
	for (; at < last; at += RD_BATCH_ROWS) {
		struct rd_batch batch;

		rd_vrows_batch(rows, at,
			       last - at < RD_BATCH_ROWS ? (uint32_t)(last - at) : RD_BATCH_ROWS,
			       vec, &batch);
		if (!rd_v_push(to, t, &batch, err))
			return false;
	}
	return true;
}

static const struct rd_vsource_ops rows_ops = { .name = "rows",
						.prepare = prepare,
						.run = run_morsel };

bool rd_vrows_source_new(const struct rd_vmake *make, const struct rd_vrows *rows,
			 struct rd_vsource **out, struct rd_err *err)
{
	struct rows_source *s = rd_vsource_alloc(make, sizeof(*s), &rows_ops, err);

	if (!s)
		return false;
	s->rows = rows;
	*out = &s->source;
	return true;
}

/* ---- VALUES ---- */

static bool add_row(struct rd_vrows *rows, const struct rd_vmake *make, uint32_t row,
		    struct rd_err *err)
{
	const struct rd_node *node = make->node->node;
	struct rd_vec *vec = RD_VNEW(&make->run->pool, struct rd_vec, node->n_cols + 1, err);
	rd_uint128 *data = RD_VNEW(&make->run->pool, rd_uint128, node->n_cols + 1, err);
	struct rd_batch batch = { .n = 1, .n_sel = 1, .n_cols = node->n_cols, .col = vec };

	if (!vec || !data)
		return false;
	for (uint32_t i = 0; i < node->n_cols; i++) {
		const struct rd_value *value = &node->values.value[(size_t)row * node->n_cols + i];
		enum rd_phys phys = make->node->col[i].phys;

		data[i] = 0;
		if (!value->is_null)
			rd_v_store(phys, value, &data[i]);
		vec[i] = (struct rd_vec){ .type = make->node->col[i].type,
					  .repr = RD_FLAT,
					  .width = rd_phys_width[phys],
					  .data = &data[i],
					  .valid = value->is_null ? rd_v_no_rows : NULL };
	}
	return rd_vrows_add(rows, &batch, err);
}

bool rd_vvalues_new(const struct rd_vmake *make, const struct rd_vrows **out, struct rd_err *err)
{
	struct rd_vrows *rows = RD_VNEW(&make->run->pool, struct rd_vrows, 1, err);

	if (!rows ||
	    !rd_vrows_init(rows, &make->run->pool, make->node->col, make->node->n_all, NULL, err))
		return false;
	for (uint32_t i = 0; i < make->node->node->values.n_rows; i++)
		if (!add_row(rows, make, i, err))
			return false;
	*out = rows;
	return true;
}
