/* Adding values to the states of groups. */
#include "op_agg.h"

#define FEW 9u /* slots up to which a pass a group beats scattering */

/* ---- counts and narrow sums ---- */

RD_VCLONES static uint64_t count_equal(const uint32_t *restrict gid, uint32_t n, uint32_t slot)
{
	uint32_t k = 0;

	for (uint32_t i = 0; i < n; i++)
		k += gid[i] == slot;
	return k;
}

void rd_vagg_count(uint64_t *count, const struct agg_input *in)
{
	if (in->n_slots <= FEW) {
		for (uint32_t slot = 1; slot < in->n_slots; slot++)
			count[slot] += count_equal(in->gid, in->n, slot);
		return;
	}
	for (uint32_t i = 0; i < in->n; i++)
		count[in->gid[i]]++;
}

RD_VCLONES static int64_t sum_equal_i64(const uint32_t *restrict gid, const int64_t *restrict x,
					uint32_t n, uint32_t slot)
{
	int64_t sum = 0;

	for (uint32_t i = 0; i < n; i++)
		sum += gid[i] == slot ? x[i] : 0;
	return sum;
}

RD_VCLONES static int64_t sum_equal_i32(const uint32_t *restrict gid, const int32_t *restrict x,
					uint32_t n, uint32_t slot)
{
	int64_t sum = 0;

	for (uint32_t i = 0; i < n; i++)
		sum += gid[i] == slot ? x[i] : 0;
	return sum;
}

#define SCATTER(X) \
	do { \
		for (uint32_t i = 0; i < in->n; i++) \
			sum[in->gid[i]] += (X); \
	} while (0)

static void sum_narrow(int64_t *sum, enum rd_phys phys, const struct agg_input *in)
{
	const void *data = in->values->data;

	if (in->values->repr == RD_CONST) {
		int64_t x = phys == RD_P_I32 ? *(const int32_t *)data : *(const int64_t *)data;

		SCATTER(x);
	} else if (in->n_slots <= FEW) {
		for (uint32_t slot = 1; slot < in->n_slots; slot++)
			sum[slot] += phys == RD_P_I32 ? sum_equal_i32(in->gid, data, in->n, slot)
						      : sum_equal_i64(in->gid, data, in->n, slot);
	} else if (phys == RD_P_I32) {
		SCATTER(((const int32_t *)data)[i]);
	} else {
		SCATTER(((const int64_t *)data)[i]);
	}
}

static void add_wide(struct agg_wide *w, rd_int128 x)
{
	w->low += (uint64_t)x;
	w->high += (int64_t)(x >> 64);
}

static void sum_wide(struct agg_wide *sum, enum rd_phys phys, const struct agg_input *in)
{
	for (uint32_t i = 0; i < in->n; i++) {
		if (phys == RD_P_I128)
			add_wide(&sum[in->gid[i]], RD_VAT(rd_int128, in->values, i));
		else if (phys == RD_P_I64)
			sum[in->gid[i]].low += RD_VAT(int64_t, in->values, i);
		else
			sum[in->gid[i]].low += RD_VAT(int32_t, in->values, i);
	}
}

/* Moves narrow sums where any number of rows fits. */
bool rd_vagg_flush(struct rd_vmem *mem, struct agg_state *s, uint32_t n_slots, struct rd_err *err)
{
	int64_t *sum = s->value;
	struct agg_wide *wide;

	if (!rd_vmem_grow(mem, &s->wide, &s->wide_cap, n_slots * sizeof(*wide), err))
		return false;
	wide = s->wide;
	for (uint32_t i = 0; i < n_slots; i++) {
		wide[i].low += sum[i];
		sum[i] = 0;
	}
	s->unflushed = 0;
	return true;
}

static bool sum_double(struct rd_vfsum **sum, struct rd_vthread *t, const struct agg_input *in,
		       struct rd_err *err)
{
	for (uint32_t i = 0; i < in->n; i++) {
		struct rd_vfsum **at = &sum[in->gid[i]];

		if (!in->gid[i])
			continue;
		if (!*at) {
			*at = RD_VNEW(&t->pool, struct rd_vfsum, 1, err);
			if (!*at)
				return false;
		}
		rd_vfsum_add(*at, RD_VAT(double, in->values, i));
	}
	return true;
}

/* ---- least and greatest; `count` says whether there is one yet ---- */

#define EXTREME(TYPE, BETTER) \
	do { \
		TYPE *best = s->value; \
		for (uint32_t i = 0; i < in->n; i++) { \
			uint32_t g = in->gid[i]; \
			const TYPE x = RD_VAT(TYPE, in->values, i), y = best[g]; \
			if (!count[g] || (BETTER)) \
				best[g] = x; \
			count[g]++; \
		} \
	} while (0)

#define EXTREMES(TYPE) \
	do { \
		if (max) \
			EXTREME(TYPE, x > y); \
		else \
			EXTREME(TYPE, x < y); \
	} while (0)

static bool extreme_text(bool max, struct agg_state *s, struct rd_vthread *t,
			 const struct agg_input *in, struct rd_err *err)
{
	struct rd_text *best = s->value;
	uint64_t *count = s->count;

	for (uint32_t i = 0; i < in->n; i++) {
		uint32_t g = in->gid[i];
		const struct rd_text *x = &RD_VAT(struct rd_text, in->values, i);
		int order;

		if (!g)
			continue;
		order = count[g] ? rd_v_compare(RD_P_TEXT, x, &best[g]) : 0;
		if ((!count[g] || (max ? order > 0 : order < 0)) &&
		    !rd_vpool_text(&t->pool, x, &best[g], err))
			return false;
		count[g]++;
	}
	return true;
}

static bool extreme(const struct agg_spec *spec, struct agg_state *s, struct rd_vthread *t,
		    const struct agg_input *in, struct rd_err *err)
{
	bool max = spec->kind == AGG_MAX;
	uint64_t *count = s->count;

	switch (spec->phys) {
	case RD_P_BOOL:
		EXTREMES(uint8_t);
		break;
	case RD_P_I32:
		EXTREMES(int32_t);
		break;
	case RD_P_I64:
		EXTREMES(int64_t);
		break;
	case RD_P_I128:
		EXTREMES(rd_int128);
		break;
	case RD_P_F64:
		if (max)
			EXTREME(double, rd_v_compare(RD_P_F64, &x, &y) > 0);
		else
			EXTREME(double, rd_v_compare(RD_P_F64, &x, &y) < 0);
		break;
	default:
		return extreme_text(max, s, t, in, err);
	}
	return true;
}

bool rd_vagg_update(const struct agg_spec *spec, struct agg_state *s, struct rd_vthread *t,
		    const struct agg_input *in, struct rd_err *err)
{
	if (spec->own_count && spec->kind != AGG_MIN && spec->kind != AGG_MAX)
		rd_vagg_count(s->count, in);
	switch (spec->kind) {
	case AGG_COUNT:
		return true;
	case AGG_SUM_NARROW:
		if (s->unflushed + in->n > spec->rows_fit &&
		    !rd_vagg_flush(&t->run->mem, s, in->n_slots, err))
			return false;
		s->unflushed += in->n;
		sum_narrow(s->value, spec->phys, in);
		return true;
	case AGG_SUM_WIDE:
		sum_wide(s->value, spec->phys, in);
		return true;
	case AGG_SUM_DOUBLE:
		return sum_double(s->value, t, in, err);
	default:
		return extreme(spec, s, t, in, err);
	}
}

/* ---- room, and threads' states together ---- */

static size_t value_size(const struct agg_spec *spec)
{
	switch (spec->kind) {
	case AGG_COUNT:
		return 0;
	case AGG_SUM_WIDE:
		return sizeof(struct agg_wide);
	case AGG_SUM_NARROW:
	case AGG_SUM_DOUBLE:
		return 8;
	default:
		return rd_phys_width[spec->phys];
	}
}

bool rd_vagg_grow(const struct agg *a, struct agg_groups *g, struct rd_err *err)
{
	struct rd_vmem *mem = &a->run->mem;
	size_t n = (size_t)g->table.n + 1;

	if (a->want_rows && !rd_vmem_grow(mem, &g->rows, &g->rows_cap, n * 8, err))
		return false;
	for (uint32_t i = 0; i < a->n_aggs; i++) {
		const struct agg_spec *spec = &a->spec[i];
		struct agg_state *s = &g->state[i];

		if (spec->same_as != i)
			continue;
		if (!rd_vmem_grow(mem, &s->value, &s->value_cap, n * value_size(spec), err) ||
		    (spec->own_count && !rd_vmem_grow(mem, &s->count, &s->count_cap, n * 8, err)) ||
		    (s->wide_cap &&
		     !rd_vmem_grow(mem, &s->wide, &s->wide_cap, n * sizeof(struct agg_wide), err)))
			return false;
	}
	return true;
}

static bool merge_double(const struct agg_merge *m, struct rd_vthread *t, struct rd_err *err)
{
	struct rd_vfsum **to = m->to->value, *const *from = m->from->value;

	for (uint32_t i = 1; i <= m->n; i++) {
		struct rd_vfsum **at = &to[m->map[i - 1]];

		if (!from[i])
			continue;
		if (!*at) {
			*at = RD_VNEW(&t->pool, struct rd_vfsum, 1, err);
			if (!*at)
				return false;
		}
		rd_vfsum_merge(*at, from[i]);
	}
	return true;
}

/* The other thread's extremes are values like any others. */
static bool merge_extreme(const struct agg_merge *m, struct rd_vthread *t, struct rd_err *err)
{
	uint32_t gid[RD_BATCH_ROWS];
	const uint64_t *count = m->from->count;
	uint32_t width = rd_phys_width[m->spec->phys];

	for (uint32_t at = 0; at < m->n; at += RD_BATCH_ROWS) {
		uint32_t n = m->n - at < RD_BATCH_ROWS ? m->n - at : RD_BATCH_ROWS;
		struct rd_vec values = { .repr = RD_FLAT,
					 .width = (uint8_t)width,
					 .data = (const uint8_t *)m->from->value +
						 (size_t)(at + 1) * width };
		struct agg_input in = { .values = &values, .gid = gid, .n = n };

		for (uint32_t i = 0; i < n; i++)
			gid[i] = count[at + i + 1] ? m->map[at + i] : 0;
		if (!extreme(m->spec, m->to, t, &in, err))
			return false;
	}
	return true;
}

bool rd_vagg_merge(const struct agg_merge *m, struct rd_vthread *t, struct rd_err *err)
{
	const struct agg_wide *from =
		m->spec->kind == AGG_SUM_NARROW ? m->from->wide : m->from->value;
	struct agg_wide *to = m->spec->kind == AGG_SUM_NARROW ? m->to->wide : m->to->value;
	const uint64_t *count = m->from->count;

	if (m->spec->kind == AGG_MIN || m->spec->kind == AGG_MAX)
		return merge_extreme(m, t, err);
	for (uint32_t i = 1; m->spec->own_count && i <= m->n; i++)
		((uint64_t *)m->to->count)[m->map[i - 1]] += count[i];
	if (m->spec->kind == AGG_SUM_DOUBLE)
		return merge_double(m, t, err);
	for (uint32_t i = 1; m->spec->kind != AGG_COUNT && i <= m->n; i++) {
		to[m->map[i - 1]].low += from[i].low;
		to[m->map[i - 1]].high += from[i].high;
	}
	return true;
}
