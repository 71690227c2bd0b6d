/* From states to rows. */
#include "op_agg.h"

#include <math.h>

/* ---- what each aggregate keeps ---- */

static enum agg_kind kind_of(const struct rd_agg *agg, const struct rd_vcol *col)
{
	switch ((enum rd_agg_fn)agg->fn) {
	case RD_AGG_COUNT_STAR:
	case RD_AGG_COUNT:
		return AGG_COUNT;
	case RD_AGG_MAX:
		return AGG_MAX;
	case RD_AGG_MIN:
	case RD_AGG_ANY:
		return AGG_MIN;
	default:
		return col->phys == RD_P_F64                       ? AGG_SUM_DOUBLE
		       : col->phys <= RD_P_I64 && col->range.known ? AGG_SUM_NARROW
								   : AGG_SUM_WIDE;
	}
}

static void prepare_narrow(struct agg_spec *spec, const struct rd_vcol *col)
{
	rd_int128 lo = col->range.lo < 0 ? -col->range.lo : col->range.lo;
	rd_int128 hi = col->range.hi < 0 ? -col->range.hi : col->range.hi;
	rd_int128 fit = INT64_MAX / ((hi > lo ? hi : lo) + 1);

	spec->rows_fit = (uint64_t)fit;
	if (fit < 16 * RD_BATCH_ROWS)
		spec->kind = AGG_SUM_WIDE;
}

static bool same_states(const struct agg_spec *x, const struct agg_spec *y)
{
	return x->kind == y->kind && x->own_count == y->own_count &&
	       x->agg->column == y->agg->column && x->agg->filter == y->agg->filter &&
	       x->agg->distinct == y->agg->distinct;
}

static bool prepare_spec(struct agg *a, uint32_t i, struct rd_err *err)
{
	struct agg_spec *spec = &a->spec[i];
	const struct rd_agg *agg = spec->agg;
	struct rd_vcol *col = RD_VNEW(&a->run->pool, struct rd_vcol, a->input->n_all + 1, err);
	const struct rd_vcol *in = agg->column == RD_NONE ? NULL : &a->input->col[agg->column];

	if (!col)
		return false;
	spec->kind = kind_of(agg, in);
	spec->phys = in ? in->phys : RD_P_I64;
	if (spec->kind == AGG_SUM_NARROW)
		prepare_narrow(spec, in);
	spec->own_count = agg->distinct || agg->filter != RD_NONE || (in && in->type.nullable) ||
			  spec->kind == AGG_MIN || spec->kind == AGG_MAX;
	a->want_rows = a->want_rows || !spec->own_count;
	if (agg->distinct) {
		memcpy(col, a->input->col, a->input->n_all * sizeof(*col));
		col[agg->column].type.nullable = false;
		if (!rd_vkeys_init(&spec->key, &a->run->pool, col, &agg->column, 1, err))
			return false;
	}
	spec->same_as = 0;
	while (spec->same_as < i && !same_states(&a->spec[spec->same_as], spec))
		spec->same_as++;
	return true;
}

bool rd_vagg_prepare(struct agg *a, struct rd_err *err)
{
	a->spec = RD_VNEW(&a->run->pool, struct agg_spec, a->n_aggs + 1, err);
	if (!a->spec)
		return false;
	for (uint32_t i = 0; i < a->n_aggs; i++) {
		a->spec[i].agg = &a->node->node->aggregate.agg[i];
		if (!prepare_spec(a, i, err))
			return false;
	}
	return true;
}

/* ---- keys out of words ---- */

#define DECODE(TYPE, EXPRESSION) \
	do { \
		for (uint32_t i = 0; i < from->n; i++) { \
			const uint64_t *w = from->words + (size_t)i * from->step + col->word; \
			((TYPE *)room)[i] = (TYPE)(EXPRESSION); \
		} \
	} while (0)

struct rd_vec rd_vkey_decode(const struct rd_vkeys *keys, uint32_t k, const struct agg_words *from,
			     void *room, uint64_t *valid)
{
	const struct rd_vkey_col *col = &keys->col[k];
	struct rd_vec v = { .repr = RD_FLAT, .width = rd_phys_width[col->phys], .data = room };
	uint64_t null_word = keys->null_word + k / 64;

	switch ((enum rd_phys)col->phys) {
	case RD_P_BOOL:
		DECODE(uint8_t, w[0]);
		break;
	case RD_P_I32:
		DECODE(int32_t, (int64_t)w[0]);
		break;
	case RD_P_I128:
		DECODE(rd_int128, (rd_uint128)w[1] << 64 | w[0]);
		break;
	case RD_P_TEXT:
		for (uint32_t i = 0; i < from->n; i++) {
			const uint64_t *w = from->words + (size_t)i * from->step;
			bool null = keys->null_word != RD_NONE && (w[null_word] >> (k % 64) & 1);

			((struct rd_text *)room)[i] =
				null ? (struct rd_text){ 0 }
				     : *rd_vintern_text(col->intern, (uint32_t)w[col->word]);
		}
		break;
	default:
		DECODE(uint64_t, w[0]);
		break;
	}
	if (keys->null_word == RD_NONE || !col->nullable)
		return v;
	memset(valid, 0, sizeof(uint64_t) * RD_VWORDS);
	for (uint32_t i = 0; i < from->n; i++) {
		const uint64_t *w = from->words + (size_t)i * from->step;

		valid[i / 64] |= (uint64_t) !(w[null_word] >> (k % 64) & 1) << (i % 64);
	}
	v.valid = valid;
	return v;
}

/* ---- values ---- */

struct final {
	const struct agg *a;
	const struct agg_groups *g;
	const struct agg_spec *spec;
	const struct agg_state *state;
	struct rd_vthread *t;
	uint8_t out_phys;
	void *room;
	rd_uint128 **rooms; /* a column's */
	uint64_t (*valids)[RD_VWORDS];
};

static uint64_t count_of(const struct final *f, uint32_t slot)
{
	return ((const uint64_t *)(f->spec->own_count ? f->state->count : f->g->rows))[slot];
}

static bool total_of(const struct final *f, uint32_t slot, rd_int128 *out)
{
	bool narrow = f->spec->kind == AGG_SUM_NARROW;
	const struct agg_wide *wide = narrow ? f->state->wide : f->state->value;
	struct agg_wide w = { 0 };

	if (wide)
		w = wide[slot];
	if (narrow)
		w.low += ((const int64_t *)f->state->value)[slot];
	w.high += w.low >> 64;
	*out = (rd_int128)((rd_uint128)w.high << 64 | (uint64_t)w.low);
	return w.high == (int64_t)w.high;
}

static bool average(const struct final *f, uint32_t slot, rd_int128 total, rd_int128 *out)
{
	struct rd_coltype in = f->a->input->col[f->spec->agg->column].type;
	int32_t scale = in.type == RD_DECIMAL ? in.scale : 0;

	return rd_v_mul_div(total, rd_v_pow10((uint32_t)(f->spec->agg->type.scale - scale)),
			    (rd_int128)count_of(f, slot), out);
}

static bool final_sum(const struct final *f, uint32_t slot, uint32_t i, struct rd_err *err)
{
	const struct rd_agg *agg = f->spec->agg;
	rd_int128 total, limit = rd_v_pow10(38);
	bool ok = total_of(f, slot, &total);

	if (ok && agg->fn == RD_AGG_AVG)
		ok = average(f, slot, total, &total);
	if (agg->type.type == RD_DECIMAL)
		ok = ok && total < limit && total > -limit;
	else
		ok = ok && total == (int64_t)total;
	if (!ok)
		return rd_v_data_error(f->t, agg->position, "a sum is too large", err);
	if (f->out_phys == RD_P_I128)
		((rd_int128 *)f->room)[i] = total;
	else
		((int64_t *)f->room)[i] = (int64_t)total;
	return true;
}

static bool final_double(const struct final *f, uint32_t slot, uint32_t i, struct rd_err *err)
{
	struct rd_vfsum *sum = ((struct rd_vfsum **)f->state->value)[slot];
	bool ok = true;
	double x = sum ? rd_vfsum_value(sum, &ok) : 0;

	if (!ok)
		return rd_v_data_error(f->t, f->spec->agg->position, "a sum is too large", err);
	if (f->spec->agg->fn == RD_AGG_AVG)
		x /= (double)count_of(f, slot);
	((double *)f->room)[i] = x;
	return true;
}

/* -0 and 0, and all NaNs, are one value: which one is given must not depend on the order. */
static double plain_double(double x)
{
	return x != x ? (double)NAN : x == 0 ? 0 : x;
}

static bool final_one(const struct final *f, uint32_t slot, uint32_t i, struct rd_err *err)
{
	size_t width = rd_phys_width[f->out_phys];

	switch (f->spec->kind) {
	case AGG_COUNT:
		((int64_t *)f->room)[i] = (int64_t)count_of(f, slot);
		return true;
	case AGG_SUM_NARROW:
	case AGG_SUM_WIDE:
		return final_sum(f, slot, i, err);
	case AGG_SUM_DOUBLE:
		return final_double(f, slot, i, err);
	default:
		memcpy((uint8_t *)f->room + i * width,
		       (const uint8_t *)f->state->value + slot * width, width);
		if (f->out_phys == RD_P_F64)
			((double *)f->room)[i] = plain_double(((double *)f->room)[i]);
		return true;
	}
}

static bool final_column(const struct final *f, uint32_t at, uint32_t n, uint64_t *valid,
			 struct rd_vec *out, struct rd_err *err)
{
	bool nulls = false;

	memset(valid, 0, sizeof(uint64_t) * RD_VWORDS);
	memset(f->room, 0, (size_t)n * rd_phys_width[f->out_phys]);
	for (uint32_t i = 0; i < n; i++) {
		if (f->spec->kind != AGG_COUNT && count_of(f, at + i + 1) == 0) {
			nulls = true;
			continue;
		}
		valid[i / 64] |= UINT64_C(1) << (i % 64);
		if (!final_one(f, at + i + 1, i, err))
			return false;
	}
	*out = (struct rd_vec){ .repr = RD_FLAT,
				.width = rd_phys_width[f->out_phys],
				.data = f->room,
				.valid = nulls ? valid : NULL };
	return true;
}

/* ---- rows ---- */

static bool final_batch(struct agg *a, const struct final *base, uint32_t set, uint32_t at,
			struct rd_batch *batch, struct rd_err *err)
{
	const struct rd_node *node = a->node->node;
	const struct agg_groups *g = base->g;
	uint32_t n_keys = node->aggregate.n_keys;
	struct agg_words from = { .words = (const uint64_t *)g->table.words +
					   (size_t)at * g->table.n_words,
				  .n = batch->n,
				  .step = g->table.n_words };

	for (uint32_t i = 0; i < n_keys; i++)
		batch->col[i] = (struct rd_vec){ .repr = RD_CONST,
						 .width = rd_phys_width[a->node->col[i].phys],
						 .data = rd_v_no_rows,
						 .valid = rd_v_no_rows };
	for (uint32_t k = 0; k < a->set[set].n_keys; k++) {
		uint32_t i = a->set[set].key[k];

		batch->col[i] = rd_vkey_decode(&g->keys, k, &from, base->rooms[i], base->valids[i]);
	}
	for (uint32_t i = 0; i < a->n_aggs; i++) {
		struct final f = *base;

		f.spec = &a->spec[i];
		f.state = &g->state[f.spec->same_as];
		f.out_phys = a->node->col[n_keys + i].phys;
		f.room = base->rooms[n_keys + i];
		if (!final_column(&f, at, batch->n, base->valids[n_keys + i],
				  &batch->col[n_keys + i], err))
			return false;
	}
	return true;
}

bool rd_vagg_finish(struct agg *a, struct agg_groups *g, uint32_t set, struct rd_vthread *t,
		    struct rd_err *err)
{
	struct final base = { .a = a, .g = g, .t = t };
	uint32_t n_cols = a->node->n_all;
	struct rd_vec *vec = RD_VNEW(&t->pool, struct rd_vec, n_cols + 1, err);

	base.rooms = RD_VNEW(&t->pool, rd_uint128 *, n_cols + 1, err);
	base.valids = rd_vpool_alloc(&t->pool, (n_cols + 1) * sizeof(*base.valids), err);
	if (!vec || !base.rooms || !base.valids)
		return false;
	for (uint32_t i = 0; i < n_cols; i++) {
		base.rooms[i] = RD_VNEW(&t->pool, rd_uint128, RD_BATCH_ROWS, err);
		if (!base.rooms[i])
			return false;
	}
	for (uint32_t at = 0; at < g->table.n; at += RD_BATCH_ROWS) {
		struct rd_batch batch = { .n_cols = n_cols, .col = vec };

		batch.n = g->table.n - at < RD_BATCH_ROWS ? g->table.n - at : RD_BATCH_ROWS;
		batch.n_sel = batch.n;
		if (!final_batch(a, &base, set, at, &batch, err) ||
		    !rd_vrows_add(&a->rows, &batch, err))
			return false;
	}
	return true;
}
