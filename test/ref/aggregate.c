/* Aggregates: rows sorted by the keys, each group's values gathered, then one function a kind. */
#include "ref_int.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- functions over the values of one group, none NULL ------------------------------------ */

struct bag {
	struct rd_value *v;
	uint64_t n;
};

/* NaN, or an infinity, or 0 for "all are finite". */
static double not_finite(const struct bag *bag)
{
	bool plus = false, minus = false;

	for (uint64_t i = 0; i < bag->n; i++) {
		if (isnan(bag->v[i].f))
			return (double)NAN;
		plus |= isinf(bag->v[i].f) && bag->v[i].f > 0;
		minus |= isinf(bag->v[i].f) && bag->v[i].f < 0;
	}
	if (plus && minus)
		return (double)NAN;
	return plus ? HUGE_VAL : minus ? -HUGE_VAL : 0.0;
}

/* Decimals unscaled, doubles times 2^1074. */
static struct big exact(const struct rd_value *v)
{
	if (v->type.type == RD_DOUBLE)
		return big_of_double(v->f);
	return big_of(v->type.type == RD_DECIMAL ? v->d : v->i);
}

static struct big exact_sum(const struct bag *bag)
{
	struct big sum = big_of(0);

	for (uint64_t i = 0; i < bag->n; i++) {
		struct big x = exact(&bag->v[i]);

		sum = big_add(&sum, &x);
	}
	return sum;
}

static bool sum_of_doubles(const struct bag *bag, double *out)
{
	struct big sum, one = big_of(1);

	*out = not_finite(bag);
	if (*out != 0.0)
		return true;
	sum = exact_sum(bag);
	*out = big_ratio(&sum, &one, -1074);
	return isfinite(*out);
}

static bool sum(const struct bag *bag, struct rd_value *out)
{
	struct big total;
	rd_int128 value;

	if (out->type.type == RD_DOUBLE)
		return sum_of_doubles(bag, &out->f);
	total = exact_sum(bag);
	if (out->type.type == RD_DECIMAL)
		return ref_decimal(&total, out);
	if (!big_to_int128(&total, &value) || value < INT64_MIN || value > INT64_MAX)
		return false;
	out->i = (int64_t)value;
	return true;
}

static bool avg(const struct bag *bag, struct rd_value *out)
{
	struct big total, count = big_of((rd_int128)bag->n), ten;

	if (out->type.type == RD_DOUBLE) {
		if (!sum_of_doubles(bag, &out->f))
			return false;
		out->f /= (double)bag->n;
		return true;
	}
	total = exact_sum(bag);
	ten = big_pow10((uint32_t)(out->type.scale - bag->v[0].type.scale));
	total = big_mul(&total, &ten);
	total = big_div_round(&total, &count);
	return ref_decimal(&total, out);
}

/* sqrt of (n Q - S S) / (n (n - 1)); the values' unit, squared, comes in as the last factor. */
static bool stddev(const struct bag *bag, struct rd_value *out)
{
	struct big total, squares = big_of(0), n = big_of((rd_int128)bag->n), one = big_of(1);
	struct big less = big_sub(&n, &one), below = big_mul(&n, &less), unit;
	bool doubles = bag->v[0].type.type == RD_DOUBLE;

	if (doubles && not_finite(bag) != 0.0) {
		out->f = (double)NAN;
		return true;
	}
	total = exact_sum(bag);
	for (uint64_t i = 0; i < bag->n; i++) {
		struct big x = exact(&bag->v[i]), square = big_mul(&x, &x);

		squares = big_add(&squares, &square);
	}
	squares = big_mul(&squares, &n);
	total = big_mul(&total, &total);
	total = big_sub(&squares, &total);
	unit = big_pow10(2u * bag->v[0].type.scale);
	below = big_mul(&below, &unit);
	out->f = sqrt(big_ratio(&total, &below, doubles ? -2 * 1074 : 0));
	return isfinite(out->f);
}

static void extreme(const struct bag *bag, bool largest, struct rd_value *out)
{
	const struct rd_value *best = &bag->v[0];

	for (uint64_t i = 1; i < bag->n; i++) {
		int order = rd_ref_compare(&bag->v[i], best);

		if (largest ? order > 0 : order < 0)
			best = &bag->v[i];
	}
	*out = *best;
}

static int by_value(const void *a, const void *b)
{
	return rd_ref_compare(a, b);
}

static void distinct(struct bag *bag)
{
	uint64_t n = 0;

	if (bag->n)
		qsort(bag->v, bag->n, sizeof(*bag->v), by_value);
	for (uint64_t i = 0; i < bag->n; i++)
		if (n == 0 || rd_ref_compare(&bag->v[n - 1], &bag->v[i]) != 0)
			bag->v[n++] = bag->v[i];
	bag->n = n;
}

/* False: a data error. */
static bool compute(const struct rd_agg *agg, const struct bag *bag, struct ref_val *out)
{
	out->v.type = agg->type;
	out->v.is_null = bag->n < (agg->fn == RD_AGG_STDDEV ? 2u : 1u);
	if (agg->fn == RD_AGG_COUNT || agg->fn == RD_AGG_COUNT_STAR) {
		out->v.is_null = false;
		out->v.i = (int64_t)bag->n;
		return true;
	}
	if (out->v.is_null)
		return true;
	switch ((enum rd_agg_fn)agg->fn) {
	case RD_AGG_SUM:
		return sum(bag, &out->v);
	case RD_AGG_AVG:
		return avg(bag, &out->v);
	case RD_AGG_STDDEV:
		return stddev(bag, &out->v);
	default:
		extreme(bag, agg->fn == RD_AGG_MAX, &out->v);
		out->v.type = agg->type;
		if (agg->fn != RD_AGG_ANY)
			*out = ref_canonical(*out);
		return true;
	}
}

/* ---- groups ------------------------------------------------------------------------------ */

struct grouping {
	struct ref_run *run;
	const struct rd_node *node;
	const struct ref_rel *in;
	uint64_t set;
	struct ref_val **row; /* sorted by the keys of the set */
	struct ref_rel *out;
};

static bool in_set(const struct grouping *g, uint32_t key)
{
	return g->node->aggregate.n_sets == 0 || g->set >> key & 1;
}

static int by_keys(const void *a, const void *b, void *ctx)
{
	const struct grouping *g = ctx;

	for (uint32_t i = 0; i < g->node->aggregate.n_keys; i++) {
		uint32_t column = g->node->aggregate.key[i];
		int order;

		if (!in_set(g, i))
			continue;
		order = rd_ref_compare(&(*(struct ref_val *const *)a)[column].v,
				       &(*(struct ref_val *const *)b)[column].v);
		if (order)
			return order;
	}
	return 0;
}

/* RD_AGG_ANY promises one value, or NULL, for all rows of the group. */
static bool check_any(const struct grouping *g, const struct rd_agg *agg, uint64_t from,
		      uint64_t to)
{
	for (uint64_t r = from + 1; agg->fn == RD_AGG_ANY && r < to; r++)
		if (rd_ref_compare(&g->row[from][agg->column].v, &g->row[r][agg->column].v) != 0)
			return rd_fail(g->run->err, RD_FAULT_FAILED, "ref.any",
				       "a group has several values of column %u", agg->column);
	return true;
}

static bool aggregate(const struct grouping *g, const struct rd_agg *agg, uint64_t from,
		      uint64_t to, struct ref_val *out)
{
	struct bag bag = { calloc((size_t)(to - from) + 1, sizeof(struct rd_value)), 0 };
	bool ok;

	rd_assert(bag.v);
	for (uint64_t r = from; r < to; r++) {
		const struct ref_val *row = g->row[r];
		const struct rd_value *pass = agg->filter == RD_NONE ? NULL : &row[agg->filter].v;

		if (pass && (pass->is_null || !pass->i))
			continue;
		if (agg->column == RD_NONE)
			bag.n++;
		else if (!row[agg->column].v.is_null)
			bag.v[bag.n++] = row[agg->column].v;
	}
	if (agg->distinct)
		distinct(&bag);
	ok = check_any(g, agg, from, to);
	if (ok)
		ok = compute(agg, &bag, out) || ref_fail(g->run, agg->position);
	free(bag.v);
	return ok;
}

static bool group(const struct grouping *g, uint64_t from, uint64_t to)
{
	struct ref_val *row = ref_row(g->run, g->node->n_cols);
	uint32_t n_keys = g->node->aggregate.n_keys;

	if (!ref_push(g->run, g->out, row))
		return false;
	for (uint32_t i = 0; i < n_keys; i++) {
		if (in_set(g, i))
			row[i].v = ref_canonical(g->row[from][g->node->aggregate.key[i]]).v;
		else
			row[i].v.is_null = true;
		row[i].v.type = g->node->col[i];
	}
	for (uint32_t i = 0; i < g->node->aggregate.n_aggs; i++)
		if (!aggregate(g, &g->node->aggregate.agg[i], from, to, &row[n_keys + i]))
			return false;
	return true;
}

static bool grouping_set(struct grouping *g)
{
	uint64_t n = g->in->n_rows, from = 0;
	bool whole =
		g->node->aggregate.n_keys == 0 || (g->node->aggregate.n_sets > 0 && g->set == 0);

	g->row = RD_NEW_ARRAY(g->run->arena, struct ref_val *, n, g->run->err);
	if (!g->row)
		return false;
	if (n)
		memcpy(g->row, g->in->row, n * sizeof(*g->row));
	if (whole)
		return group(g, 0, n);
	if (n)
		qsort_r(g->row, n, sizeof(*g->row), by_keys, g);
	for (uint64_t r = 1; r <= n; r++) {
		if (r < n && by_keys(&g->row[from], &g->row[r], g) == 0)
			continue;
		if (!group(g, from, r))
			return false;
		from = r;
	}
	return true;
}

bool ref_aggregate(struct ref_run *run, const struct rd_node *node, struct ref_rel *out)
{
	struct grouping g = {
		.run = run, .node = node, .in = &run->rel[node->input[0]], .out = out
	};

	if (node->aggregate.n_sets == 0)
		return grouping_set(&g);
	for (uint32_t i = 0; i < node->aggregate.n_sets; i++) {
		g.set = node->aggregate.set[i];
		if (!grouping_set(&g))
			return false;
	}
	return true;
}
