/* The build side of a join: rows, and a table from keys to rows. */
#include "op_join.h"

static bool start(struct rd_vop *op, struct rd_vthread *t, struct rd_err *err)
{
	const struct join *j = ((struct join_build *)op)->join;
	struct rd_vrows *rows = RD_VNEW(&t->pool, struct rd_vrows, 1, err);

	op->local[t->id] = rows;
	return rows && rd_vrows_init(rows, &t->pool, j->side[1]->col, j->side[1]->n_all,
				     j->side[1]->need, err);
}

static bool push(struct rd_vop *op, struct rd_vthread *t, const struct rd_batch *in,
		 struct rd_err *err)
{
	return rd_vrows_add(op->local[t->id], in, err);
}

/* Chains row to what has its key already. */
static void chain(struct join *j, uint32_t id, uint32_t row)
{
	j->next[row] = j->head[id];
	j->head[id] = row;
}

static bool is_null_key(const struct join *j, uint64_t row)
{
	for (uint32_t i = 0; i < j->n_keys; i++)
		if (rd_vrows_is_null(&j->rows.col[j->key[1][i]], row))
			return true;
	return false;
}

/* The range of a single key of integers; false if there is none. */
static bool key_range(struct join *j, int64_t *least, uint64_t *span)
{
	const struct rd_vrows_col *c = j->n_keys == 1 ? &j->rows.col[j->key[1][0]] : NULL;
	int64_t lo = INT64_MAX, hi = INT64_MIN;

	if (!c || j->keys[1].n_words != 1 || (c->col.phys != RD_P_I32 && c->col.phys != RD_P_I64))
		return false;
	for (uint64_t r = 0; r < j->rows.n; r++) {
		int64_t x = c->col.phys == RD_P_I32 ? ((const int32_t *)c->data)[r]
						    : ((const int64_t *)c->data)[r];

		if (rd_vrows_is_null(c, r))
			continue;
		lo = x < lo ? x : lo;
		hi = x > hi ? x : hi;
	}
	if (lo > hi)
		return false;
	*least = lo;
	*span = (uint64_t)hi - (uint64_t)lo;
	return true;
}

static bool choose_table(struct join *j, struct rd_err *err)
{
	struct rd_vmem *mem = &j->run->mem;
	uint64_t span;

	if (key_range(j, &j->least, &span)) {
		if (span < 16 * j->rows.n + 65536) {
			j->n_direct = span + 1;
			j->direct = rd_vmem_alloc(mem, j->n_direct * sizeof(*j->direct), true, err);
			if (!j->direct)
				return false;
		} else if (span / 8 < (4u << 20)) {
			j->n_direct = span + 1;
			j->present = rd_vmem_alloc(mem, span / 8 + 8, true, err);
			if (!j->present)
				return false;
		}
	}
	j->next = rd_vmem_alloc(mem, j->rows.n * sizeof(*j->next), false, err);
	j->head = rd_vmem_alloc(mem, j->rows.n * sizeof(*j->head), false, err);
	if (!j->next || !j->head)
		return false;
	memset(j->head, 0xff, j->rows.n * sizeof(*j->head));
	return j->direct ||
	       rd_vtable_init(&j->table, mem, j->run->options->hash_seed, j->keys[1].n_words, err);
}

/* Numbers of the keys of one batch; new ones get the next number. */
static bool number(struct join *j, const uint64_t *words, uint32_t n, uint32_t *id,
		   struct rd_err *err)
{
	if (!j->direct) {
		for (uint32_t i = 0; j->present && i < n; i++) {
			uint64_t at = words[i] - (uint64_t)j->least;

			if (at < j->n_direct)
				j->present[at / 64] |= UINT64_C(1) << (at % 64);
		}
		return rd_vtable_insert(&j->table, words, n, id, err);
	}
	for (uint32_t i = 0; i < n; i++) {
		uint32_t *slot = &j->direct[words[i] - (uint64_t)j->least];

		if (!*slot)
			*slot = ++j->table.n;
		id[i] = *slot - 1;
	}
	return true;
}

static bool fill(struct join *j, struct rd_vthread *t, struct rd_err *err)
{
	struct rd_vkey_run *run;
	struct rd_vec *vec = RD_VNEW(&t->pool, struct rd_vec, j->rows.n_cols + 1, err);
	uint16_t *sel = RD_VNEW(&t->pool, uint16_t, RD_BATCH_ROWS, err);
	uint32_t *id = RD_VNEW(&t->pool, uint32_t, RD_BATCH_ROWS, err);
	uint64_t *words = RD_VNEW(&t->pool, uint64_t, RD_BATCH_ROWS * j->keys[1].n_words, err);

	if (!vec || !sel || !id || !words ||
	    !rd_vkey_run_new(&j->keys[1], &t->pool, true, &run, err))
		return false;
	for (uint64_t at = 0; at < j->rows.n; at += RD_BATCH_ROWS) {
		uint64_t left = j->rows.n - at;
		struct rd_batch batch;
		uint32_t k = 0;

		rd_vrows_batch(&j->rows, at, left < RD_BATCH_ROWS ? (uint32_t)left : RD_BATCH_ROWS,
			       vec, &batch);
		for (uint32_t i = 0; i < batch.n; i++) {
			if (is_null_key(j, at + i))
				j->null_row[j->n_null++] = (uint32_t)at + i;
			else
				sel[k++] = (uint16_t)i;
		}
		batch.sel = sel;
		batch.n_sel = k;
		if (!rd_vkey_run(run, &batch, words, err) || !number(j, words, k, id, err))
			return false;
		for (uint32_t i = 0; i < k; i++)
			chain(j, id[i], (uint32_t)at + sel[i]);
	}
	return true;
}

static bool finish(struct rd_vop *op, struct rd_vthread *t, struct rd_err *err)
{
	struct join *j = ((struct join_build *)op)->join;
	struct rd_vmem *mem = &j->run->mem;

	if (!rd_vrows_init(&j->rows, &t->pool, j->side[1]->col, j->side[1]->n_all, j->side[1]->need,
			   err))
		return false;
	for (uint32_t i = 0; i < j->run->n_threads; i++)
		if (op->local[i] && !rd_vrows_append(&j->rows, op->local[i], err))
			return false;
	j->null_row = rd_vmem_alloc(mem, j->rows.n * sizeof(*j->null_row), false, err);
	j->matched = j->null_row ? rd_vmem_alloc(mem, j->rows.n, true, err) : NULL;
	if (!j->matched || !choose_table(j, err) || !fill(j, t, err))
		return false;
	/* Each key once and no NULLs: numbers are rows. */
	if (j->table.n == j->rows.n) {
		rd_vmem_free(mem, j->head);
		rd_vmem_free(mem, j->next);
		j->head = j->next = NULL;
	}
	return true;
}

void rd_vjoin_find(const struct join *j, const uint64_t *words, uint32_t n, uint32_t *id)
{
	uint32_t place[RD_BATCH_ROWS], few = 0;
	uint64_t some[RD_BATCH_ROWS] = { 0 };
	uint32_t found[RD_BATCH_ROWS];

	if (j->direct) {
		for (uint32_t i = 0; i < n; i++) {
			uint64_t at = words[i] - (uint64_t)j->least;

			id[i] = at < j->n_direct ? j->direct[at] - 1 : RD_NONE;
		}
		return;
	}
	if (!j->present) {
		rd_vtable_find(&j->table, words, n, id);
		return;
	}
	for (uint32_t i = 0; i < n; i++) {
		uint64_t at = words[i] - (uint64_t)j->least;

		place[few] = i;
		some[few] = words[i];
		few += at < j->n_direct && rd_v_bit(j->present, at);
	}
	memset(id, 0xff, n * sizeof(*id));
	rd_vtable_find(&j->table, some, few, found);
	for (uint32_t i = 0; i < few; i++)
		id[place[i]] = found[i];
}

const struct rd_vop_ops rd_vjoin_build_ops = {
	.name = "join build", .start = start, .push = push, .finish = finish
};
