/* GROUP BY: the group of each row, then its states. */
#include "op_agg.h"

#define DIRECT_MAX (UINT64_C(1) << 26)
#define CACHE_MAX (UINT64_C(1) << 14)
#define TEXT_CODES 32u /* of a text key in a cache */

/* ---- one thread's tables ---- */

/* Own interners: those of another thread cannot be asked while it inserts. */
static bool own_keys(const struct rd_vkeys *keys, struct rd_vkeys *out, struct rd_vthread *t,
		     struct rd_err *err)
{
	*out = *keys;
	out->col = RD_VNEW(&t->pool, struct rd_vkey_col, keys->n_cols + 1, err);
	if (!out->col)
		return false;
	memcpy(out->col, keys->col, keys->n_cols * sizeof(*keys->col));
	for (uint32_t i = 0; i < keys->n_cols; i++)
		if (keys->col[i].phys == RD_P_TEXT &&
		    !rd_vintern_new(&t->pool, t->run->options->hash_seed, &out->col[i].intern, err))
			return false;
	return true;
}

static bool start_groups(struct agg *a, struct agg_groups *g, const struct agg_set *set,
			 struct rd_vthread *t, struct rd_err *err)
{
	struct rd_vmem *mem = &a->run->mem;
	const uint64_t *seed = a->run->options->hash_seed;
	uint64_t none[1] = { 0 };
	uint32_t id;

	if (!own_keys(&set->keys, &g->keys, t, err) ||
	    !rd_vkey_run_new(&g->keys, &t->pool, true, &g->run, err) ||
	    !rd_vtable_init(&g->table, mem, seed, set->keys.n_words, err))
		return false;
	g->state = RD_VNEW(&t->pool, struct agg_state, a->n_aggs + 1, err);
	if (!g->state)
		return false;
	if (set->direct || set->cache) {
		g->slot = rd_vmem_alloc(mem, set->n_slots * sizeof(*g->slot), true, err);
		if (!g->slot)
			return false;
	}
	for (uint32_t i = 0; i < a->n_aggs; i++)
		if (a->spec[i].agg->distinct && !rd_vtable_init(&g->state[i].distinct, mem, seed,
								a->spec[i].key.n_words + 1, err))
			return false;
	if (set->n_keys == 0 && !rd_vtable_insert(&g->table, none, 1, &id, err))
		return false;
	return rd_vagg_grow(a, g, err);
}

static bool start(struct rd_vop *op, struct rd_vthread *t, struct rd_err *err)
{
	struct agg *a = (struct agg *)op;
	struct agg_local *l = RD_VNEW(&t->pool, struct agg_local, 1, err);
	uint32_t most = 2;

	op->local[t->id] = l;
	if (!l)
		return false;
	l->groups = RD_VNEW(&t->pool, struct agg_groups, a->n_sets, err);
	l->distinct = RD_VNEW(&t->pool, struct rd_vkeys, a->n_aggs + 1, err);
	l->distinct_run = RD_VNEW(&t->pool, struct rd_vkey_run *, a->n_aggs + 1, err);
	if (!l->groups || !l->distinct || !l->distinct_run)
		return false;
	for (uint32_t i = 0; i < a->n_sets; i++) {
		if (!start_groups(a, &l->groups[i], &a->set[i], t, err))
			return false;
		most = a->set[i].keys.n_words > most ? a->set[i].keys.n_words : most;
	}
	for (uint32_t i = 0; i < a->n_aggs; i++) {
		if (!a->spec[i].agg->distinct)
			continue;
		if (!own_keys(&a->spec[i].key, &l->distinct[i], t, err) ||
		    !rd_vkey_run_new(&l->distinct[i], &t->pool, true, &l->distinct_run[i], err))
			return false;
	}
	l->words = RD_VNEW(&t->pool, uint64_t, RD_BATCH_ROWS * (most + 2), err);
	l->words2 = RD_VNEW(&t->pool, uint64_t, RD_BATCH_ROWS * (most + 2), err);
	return l->words && l->words2;
}

/* ---- words -> group ---- */

static bool direct_ids(struct agg_groups *g, const struct agg_set *set, const uint64_t *words,
		       uint32_t n, uint32_t *id, struct rd_err *err)
{
	for (uint32_t i = 0; i < n; i++) {
		uint64_t at = words[i] - (uint64_t)set->least[0];

		if (at >= set->n_slots)
			return rd_fail(err, RD_FAULT_FAILED, "engine.data",
				       "a key is outside the range that its table states");
		if (!g->slot[at]) {
			if (!rd_vtable_append(&g->table, &words[i], &id[i], err))
				return false;
			g->slot[at] = id[i] + 1;
		}
		id[i] = g->slot[at] - 1;
	}
	return true;
}

/* The place of a row's key in the cache, or n_slots. */
static uint64_t cache_place(const struct agg_set *set, const struct rd_vkeys *keys,
			    const uint64_t *words)
{
	uint64_t at = 0;

	for (uint32_t i = 0; i < keys->n_cols; i++) {
		const struct rd_vkey_col *k = &keys->col[i];
		uint64_t x = words[k->word] - (uint64_t)set->least[i];
		bool null = keys->null_word != RD_NONE && (words[keys->null_word] >> i & 1);

		if (!null && x >= set->span[i])
			return set->n_slots;
		at = at * (set->span[i] + 1) + (null ? set->span[i] : x);
	}
	return at;
}

static bool cached_ids(struct agg_local *l, struct agg_groups *g, const struct agg_set *set,
		       uint32_t n, struct rd_err *err)
{
	uint32_t n_words = g->table.n_words, misses = 0, found[RD_BATCH_ROWS];

	for (uint32_t i = 0; i < n; i++) {
		const uint64_t *words = l->words + (size_t)i * n_words;
		uint64_t at = cache_place(set, &g->keys, words);

		l->id[i] = at < set->n_slots ? g->slot[at] - 1 : RD_NONE;
		if (l->id[i] == RD_NONE) {
			memcpy(l->words2 + (size_t)misses * n_words, words, n_words * 8);
			l->miss[misses++] = i;
		}
	}
	if (!rd_vtable_insert(&g->table, l->words2, misses, found, err))
		return false;
	for (uint32_t k = 0; k < misses; k++) {
		uint32_t i = l->miss[k];
		uint64_t at = cache_place(set, &g->keys, l->words + (size_t)i * n_words);

		l->id[i] = found[k];
		if (at < set->n_slots)
			g->slot[at] = found[k] + 1;
	}
	return true;
}

/* l->words -> l->id */
static bool ids(struct agg_local *l, struct agg_groups *g, const struct agg_set *set, uint32_t n,
		struct rd_err *err)
{
	if (set->n_keys == 0) {
		memset(l->id, 0, n * sizeof(*l->id));
		return true;
	}
	if (set->direct)
		return direct_ids(g, set, l->words, n, l->id, err);
	if (set->cache)
		return cached_ids(l, g, set, n, err);
	return rd_vtable_insert(&g->table, l->words, n, l->id, err);
}

/* ---- rows -> states ---- */

/* Slots for the rows that the states will see: all rows with 0 for those not selected, or (dense)
 * only the selected ones. */
static uint32_t slots(struct agg_local *l, const struct rd_batch *in, bool dense)
{
	if (!in->sel || dense) {
		for (uint32_t k = 0; k < in->n_sel; k++)
			l->gid[k] = l->id[k] + 1;
		return in->n_sel;
	}
	memset(l->gid, 0, in->n * sizeof(*l->gid));
	for (uint32_t k = 0; k < in->n_sel; k++)
		l->gid[in->sel[k]] = l->id[k] + 1;
	return in->n;
}

/* Takes rows out that a byte or a bit a row says do not count. */
static const uint32_t *without(struct agg_local *l, const uint32_t *gid, const struct rd_vec *v,
			       bool boolean, uint32_t n)
{
	if (v->valid) {
		rd_v_bits_to_bytes(l->byte, v->valid, n);
		for (uint32_t i = 0; i < n; i++)
			l->gid2[i] = l->byte[i] ? gid[i] : 0;
		gid = l->gid2;
	}
	if (boolean) {
		for (uint32_t i = 0; i < n; i++)
			l->gid2[i] = RD_VAT(uint8_t, v, i) ? gid[i] : 0;
		gid = l->gid2;
	}
	return gid;
}

/* A column laid out like l->gid: flat or constant. */
static struct rd_vec column_of(struct agg_local *l, const struct rd_batch *in, uint32_t column,
			       bool dense, uint32_t n)
{
	struct rd_vec v = in->col[column];

	if (dense && in->sel)
		v = rd_v_gather(&v, in->sel, n, l->room[0], l->valid);
	if (v.repr == RD_CODE)
		v = rd_v_flatten(&v, n, l->room[1]);
	return v;
}

/* Rows of a DISTINCT aggregate: into the set of (slot, value). */
static bool add_distinct(struct agg *a, struct agg_local *l, struct agg_groups *g, uint32_t i,
			 const struct rd_batch *in, struct rd_err *err)
{
	const struct agg_spec *spec = &a->spec[i];
	uint32_t n_words = spec->key.n_words, found[RD_BATCH_ROWS], n = 0;
	const struct rd_vec *v = &in->col[spec->agg->column], *filter = NULL;

	if (spec->agg->filter != RD_NONE)
		filter = &in->col[spec->agg->filter];
	if (!rd_vkey_run(l->distinct_run[i], in, l->words2, err))
		return false;
	for (uint32_t k = 0; k < in->n_sel; k++) {
		uint32_t row = in->sel ? in->sel[k] : k;
		uint64_t *to = l->words + (size_t)n * (n_words + 1);

		if (rd_vec_is_null(v, row) ||
		    (filter && (rd_vec_is_null(filter, row) || !RD_VAT(uint8_t, filter, row))))
			continue;
		to[0] = l->id[k] + 1;
		memcpy(to + 1, l->words2 + (size_t)k * n_words, n_words * 8);
		n++;
	}
	return rd_vtable_insert(&g->state[i].distinct, l->words, n, found, err);
}

/* What one push gives to the states. */
struct step {
	struct agg *a;
	struct agg_local *l;
	struct agg_groups *g;
	const struct rd_batch *in;
	struct agg_input rows;
	bool dense;
};

static bool add_plain(const struct step *s, uint32_t i, struct rd_vthread *t, struct rd_err *err)
{
	const struct agg_spec *spec = &s->a->spec[i];
	struct rd_vec v = { .repr = RD_CONST }, filter;
	struct agg_input to = s->rows;

	if (spec->agg->filter != RD_NONE) {
		filter = column_of(s->l, s->in, spec->agg->filter, s->dense, to.n);
		to.gid = without(s->l, to.gid, &filter, true, to.n);
	}
	if (spec->agg->column != RD_NONE && (spec->kind != AGG_COUNT || spec->own_count)) {
		v = column_of(s->l, s->in, spec->agg->column, s->dense, to.n);
		to.gid = without(s->l, to.gid, &v, false, to.n);
	}
	to.values = &v;
	return rd_vagg_update(spec, &s->g->state[i], t, &to, err);
}

static bool push_set(struct agg *a, uint32_t set, struct rd_vthread *t, const struct rd_batch *in,
		     struct rd_err *err)
{
	struct agg_local *l = a->op.local[t->id];
	struct agg_groups *g = &l->groups[set];
	struct step s = { .a = a,
			  .l = l,
			  .g = g,
			  .in = in,
			  .rows.gid = l->gid,
			  .dense = in->sel && in->n_sel <= in->n / 2 };

	if (a->set[set].n_keys && !rd_vkey_run(g->run, in, l->words, err))
		return false;
	if (!ids(l, g, &a->set[set], in->n_sel, err) || !rd_vagg_grow(a, g, err))
		return false;
	s.rows.n = slots(l, in, s.dense);
	s.rows.n_slots = g->table.n + 1;
	if (a->want_rows)
		rd_vagg_count(g->rows, &s.rows);
	for (uint32_t i = 0; i < a->n_aggs; i++) {
		if (a->spec[i].same_as != i)
			continue;
		if (a->spec[i].agg->distinct ? !add_distinct(a, l, g, i, in, err)
					     : !add_plain(&s, i, t, err))
			return false;
	}
	return true;
}

static bool push(struct rd_vop *op, struct rd_vthread *t, const struct rd_batch *in,
		 struct rd_err *err)
{
	struct agg *a = (struct agg *)op;

	for (uint32_t i = 0; i < a->n_sets; i++)
		if (!push_set(a, i, t, in, err))
			return false;
	return true;
}

/* ---- threads' groups together ---- */

/* Words as the first thread would have them: its numbers of texts. */
static bool translate(const struct rd_vkeys *to, const struct rd_vkeys *from, uint64_t *words,
		      uint32_t n, uint32_t step, struct rd_err *err)
{
	for (uint32_t c = 0; c < to->n_cols; c++) {
		const struct rd_vkey_col *k = &to->col[c];

		for (uint32_t i = 0; k->phys == RD_P_TEXT && i < n; i++) {
			uint64_t *at = words + (size_t)i * step;
			uint32_t id;

			if (to->null_word != RD_NONE &&
			    (at[to->null_word + c / 64] >> (c % 64) & 1))
				continue;
			if (!rd_vintern_add(k->intern,
					    rd_vintern_text(from->col[c].intern,
							    (uint32_t)at[k->word]),
					    &id, err))
				return false;
			at[k->word] = id;
		}
	}
	return true;
}

static bool merge_distinct(struct agg_local *to, struct agg_local *from, uint32_t set, uint32_t i,
			   const uint32_t *map, struct rd_err *err)
{
	struct rd_vtable *x = &from->groups[set].state[i].distinct;
	struct rd_vtable *y = &to->groups[set].state[i].distinct;
	uint64_t *words = x->words;
	uint32_t step = x->n_words, found[RD_BATCH_ROWS];

	if (!x->n)
		return true;
	if (!translate(&to->distinct[i], &from->distinct[i], words + 1, x->n, step, err))
		return false;
	for (uint32_t k = 0; k < x->n; k++)
		words[(size_t)k * step] = map[words[(size_t)k * step] - 1];
	for (uint32_t at = 0; at < x->n; at += RD_BATCH_ROWS) {
		uint32_t n = x->n - at < RD_BATCH_ROWS ? x->n - at : RD_BATCH_ROWS;

		if (!rd_vtable_insert(y, words + (size_t)at * step, n, found, err))
			return false;
	}
	return true;
}

static bool merge_groups(struct agg *a, struct agg_local *to, struct agg_local *from, uint32_t set,
			 uint32_t **map, struct rd_err *err)
{
	struct agg_groups *x = &from->groups[set], *y = &to->groups[set];
	uint32_t step = x->table.n_words;

	*map = rd_vmem_alloc(&a->run->mem, ((size_t)x->table.n + 1) * sizeof(**map), false, err);
	if (!*map || !translate(&y->keys, &x->keys, x->table.words, x->table.n, step, err))
		return false;
	for (uint32_t at = 0; at < x->table.n; at += RD_BATCH_ROWS) {
		uint32_t n = x->table.n - at < RD_BATCH_ROWS ? x->table.n - at : RD_BATCH_ROWS;

		memcpy(to->words, (uint64_t *)x->table.words + (size_t)at * step,
		       (size_t)n * step * 8);
		if (!ids(to, y, &a->set[set], n, err))
			return false;
		for (uint32_t i = 0; i < n; i++)
			(*map)[at + i] = to->id[i] + 1;
	}
	return rd_vagg_grow(a, y, err);
}

static bool flush_all(struct agg *a, struct agg_groups *g, struct rd_err *err)
{
	for (uint32_t i = 0; i < a->n_aggs; i++)
		if (a->spec[i].kind == AGG_SUM_NARROW && a->spec[i].same_as == i &&
		    !rd_vagg_flush(&a->run->mem, &g->state[i], g->table.n + 1, err))
			return false;
	return true;
}

static bool merge_set(struct agg *a, struct rd_vthread *t, struct agg_local *from, uint32_t set,
		      struct rd_err *err)
{
	struct agg_local *to = a->op.local[0];
	struct agg_groups *x = &from->groups[set], *y = &to->groups[set];
	uint32_t *map = NULL;

	if (!flush_all(a, x, err) || !flush_all(a, y, err) ||
	    !merge_groups(a, to, from, set, &map, err))
		return false;
	for (uint32_t i = 0; a->want_rows && i < x->table.n; i++)
		((uint64_t *)y->rows)[map[i]] += ((uint64_t *)x->rows)[i + 1];
	for (uint32_t i = 0; i < a->n_aggs; i++) {
		struct agg_merge m = { .spec = &a->spec[i],
				       .to = &y->state[i],
				       .from = &x->state[i],
				       .map = map,
				       .n = x->table.n };

		if (a->spec[i].same_as != i)
			continue;
		if (a->spec[i].agg->distinct ? !merge_distinct(to, from, set, i, map, err)
					     : !rd_vagg_merge(&m, t, err))
			return false;
	}
	rd_vmem_free(&a->run->mem, map);
	return true;
}

/* Each value of a DISTINCT aggregate once, now that all are known. */
static bool add_distinct_values(struct agg *a, struct rd_vthread *t, struct agg_groups *g,
				uint32_t i, struct rd_err *err)
{
	struct agg_local *l = a->op.local[0];
	const struct rd_vtable *d = &g->state[i].distinct;
	const uint64_t *words = d->words;

	for (uint32_t at = 0; at < d->n; at += RD_BATCH_ROWS) {
		struct agg_words from = { .words = words + (size_t)at * d->n_words + 1,
					  .n = d->n - at < RD_BATCH_ROWS ? d->n - at
									 : RD_BATCH_ROWS,
					  .step = d->n_words };
		struct rd_vec v = rd_vkey_decode(&l->distinct[i], 0, &from, l->room[0], l->valid);
		struct agg_input in = {
			.values = &v, .gid = l->gid, .n = from.n, .n_slots = g->table.n + 1
		};

		for (uint32_t k = 0; k < from.n; k++)
			l->gid[k] = (uint32_t)words[(size_t)(at + k) * d->n_words];
		if (!rd_vagg_update(&a->spec[i], &g->state[i], t, &in, err))
			return false;
	}
	return true;
}

static bool finish(struct rd_vop *op, struct rd_vthread *t, struct rd_err *err)
{
	struct agg *a = (struct agg *)op;
	struct agg_local *l = op->local[0];

	if (!rd_vrows_init(&a->rows, &t->pool, op->col, op->n_cols, a->node->need, err))
		return false;
	for (uint32_t s = 0; s < a->n_sets; s++) {
		for (uint32_t i = 1; i < a->run->n_threads; i++)
			if (op->local[i] && !merge_set(a, t, op->local[i], s, err))
				return false;
		for (uint32_t i = 0; i < a->n_aggs; i++)
			if (a->spec[i].agg->distinct && a->spec[i].same_as == i &&
			    !add_distinct_values(a, t, &l->groups[s], i, err))
				return false;
		if (!rd_vagg_finish(a, &l->groups[s], s, t, err))
			return false;
	}
	return true;
}

/* ---- making ---- */

/* A few small keys, or one of integers that are dense enough. */
static void choose_way(struct agg *a, struct agg_set *set)
{
	const struct rd_vkeys *keys = &set->keys;
	uint64_t product = 1;

	if (set->n_keys == 0 || set->n_keys > 8)
		return;
	for (uint32_t i = 0; i < keys->n_cols; i++) {
		const struct rd_vcol *col = &a->input->col[keys->col[i].column];
		rd_int128 span = TEXT_CODES;

		set->least[i] = 0;
		if (col->phys != RD_P_TEXT) {
			if (!col->range.known || col->phys > RD_P_I64)
				return;
			span = col->range.hi - col->range.lo + 1;
			set->least[i] = (int64_t)col->range.lo;
		}
		if (span < 1 || span > (rd_int128)DIRECT_MAX)
			return;
		set->span[i] = (uint64_t)span;
		product *= set->span[i] + 1;
		if (product > DIRECT_MAX)
			return;
	}
	if (keys->n_cols == 1 && keys->n_words == 1 && keys->col[0].phys != RD_P_TEXT &&
	    (double)set->span[0] < 8 * a->input->est + 65536) {
		set->direct = true;
		set->n_slots = set->span[0];
	} else if (product <= CACHE_MAX) {
		set->cache = true;
		set->n_slots = product;
	}
}

static bool make_set(struct agg *a, struct agg_set *set, uint64_t mask, struct rd_err *err)
{
	const struct rd_node *node = a->node->node;
	struct rd_vpool *pool = &a->run->pool;
	uint32_t *column = RD_VNEW(pool, uint32_t, node->aggregate.n_keys + 1, err);

	set->key = RD_VNEW(pool, uint32_t, node->aggregate.n_keys + 1, err);
	if (!column || !set->key)
		return false;
	for (uint32_t i = 0; i < node->aggregate.n_keys; i++) {
		if (node->aggregate.n_sets && !(mask >> i & 1))
			continue;
		column[set->n_keys] = node->aggregate.key[i];
		set->key[set->n_keys++] = i;
	}
	if (!rd_vkeys_init(&set->keys, pool, a->input->col, column, set->n_keys, err))
		return false;
	choose_way(a, set);
	return true;
}

bool rd_vagg_new(const struct rd_vmake *make, struct rd_vop **out, struct rd_err *err)
{
	static const struct rd_vop_ops ops = {
		.name = "aggregate", .start = start, .push = push, .finish = finish
	};
	const struct rd_node *node = make->node->node;
	struct agg *a = rd_vop_alloc(make, sizeof(*a), &ops, err);

	if (!a)
		return false;
	a->node = make->node;
	a->input = make->left;
	a->run = make->run;
	a->n_aggs = node->aggregate.n_aggs;
	a->n_sets = node->aggregate.n_sets ? node->aggregate.n_sets : 1;
	a->set = RD_VNEW(&make->run->pool, struct agg_set, a->n_sets, err);
	if (!a->set || !rd_vagg_prepare(a, err))
		return false;
	for (uint32_t i = 0; i < a->n_sets; i++)
		if (!make_set(a, &a->set[i],
			      node->aggregate.n_sets ? node->aggregate.set[i] : UINT64_MAX, err))
			return false;
	*out = &a->op;
	return true;
}

const struct rd_vrows *rd_vagg_rows(const struct rd_vop *op)
{
	return &((const struct agg *)op)->rows;
}
