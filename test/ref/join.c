/*
 * Joins: each left row against the right rows.  The right side is sorted by the keys so that equal
 * ones stand together; NOT IN, where a NULL may match all, looks at every right row.
 */
#include "ref_int.h"

#include <stdlib.h>
#include <string.h>

struct join {
	struct ref_run *run;
	const struct rd_node *node;
	const struct ref_rel *left, *right;
	struct ref_val **sorted; /* right rows whose keys have no NULL, by the keys */
	uint64_t n_sorted;
	struct ref_rel *out;
};

static int by_right_keys(const void *a, const void *b, void *ctx)
{
	const struct rd_node *node = ctx;

	for (uint32_t i = 0; i < node->join.n_keys; i++) {
		uint32_t column = node->join.right_key[i];
		int order = rd_ref_compare(&(*(struct ref_val *const *)a)[column].v,
					   &(*(struct ref_val *const *)b)[column].v);

		if (order)
			return order;
	}
	return 0;
}

static bool has_null(const struct ref_val *row, const uint32_t *key, uint32_t n_keys)
{
	for (uint32_t i = 0; i < n_keys; i++)
		if (row[key[i]].v.is_null)
			return true;
	return false;
}

/* Of the left row's keys against the right row's: <0, 0, >0. */
static int compare_keys(const struct join *j, const struct ref_val *left,
			const struct ref_val *right)
{
	for (uint32_t i = 0; i < j->node->join.n_keys; i++) {
		int order = rd_ref_compare(&left[j->node->join.left_key[i]].v,
					   &right[j->node->join.right_key[i]].v);

		if (order)
			return order;
	}
	return 0;
}

static bool residual(const struct join *j, struct ref_val *left, struct ref_val *right, bool *holds)
{
	struct ref_input input = { left, right, j->left->n_cols };

	*holds = true;
	return !j->node->join.has_residual ||
	       ref_condition(j->run, &j->node->join.residual, &input, holds);
}

/* Left's cells, then right's; a missing side (NULL) is all NULL. */
static bool emit(const struct join *j, const struct ref_val *left, const struct ref_val *right)
{
	uint32_t n_left = j->left->n_cols;
	struct ref_val *row = ref_row(j->run, j->node->n_cols);

	if (!ref_push(j->run, j->out, row))
		return false;
	for (uint32_t c = 0; c < j->node->n_cols; c++) {
		const struct ref_val *from = c < n_left ? left : right;

		if (from)
			row[c] = from[c < n_left ? c : c - n_left];
		else
			row[c].v.is_null = true;
		row[c].v.type = j->node->col[c];
	}
	return true;
}

/* The first of the sorted right rows whose keys are not less than the left row's. */
static uint64_t first_match(const struct join *j, const struct ref_val *left)
{
	uint64_t low = 0, high = j->n_sorted;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (compare_keys(j, left, j->sorted[middle]) > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* What one left row gives; the cells of right rows that matched are noted in `matched`. */
static bool join_row(const struct join *j, struct ref_val *left, bool *matched)
{
	uint8_t kind = j->node->join.kind;
	bool pairs = kind <= RD_JOIN_FULL || kind == RD_JOIN_SINGLE, holds;
	bool no_key = has_null(left, j->node->join.left_key, j->node->join.n_keys);
	uint64_t n = 0;

	for (uint64_t r = no_key ? j->n_sorted : first_match(j, left);
	     r < j->n_sorted && compare_keys(j, left, j->sorted[r]) == 0; r++) {
		if (!residual(j, left, j->sorted[r], &holds))
			return false;
		if (!holds)
			continue;
		n++;
		matched[r] = true;
		if (kind == RD_JOIN_SINGLE && n > 1)
			return ref_fail(j->run, j->node->join.position);
		if (pairs && !emit(j, left, j->sorted[r]))
			return false;
	}
	if (n == 0 && (kind == RD_JOIN_LEFT || kind == RD_JOIN_FULL || kind == RD_JOIN_SINGLE))
		return emit(j, left, NULL);
	if ((kind == RD_JOIN_SEMI && n > 0) || (kind == RD_JOIN_ANTI && n == 0))
		return ref_push(j->run, j->out, left);
	return true;
}

/* Kleene: false if one key differs; else NULL if one key is NULL; else true. */
static bool could_be_equal(const struct join *j, const struct ref_val *left,
			   const struct ref_val *right)
{
	for (uint32_t i = 0; i < j->node->join.n_keys; i++) {
		const struct rd_value *a = &left[j->node->join.left_key[i]].v;
		const struct rd_value *b = &right[j->node->join.right_key[i]].v;

		if (!a->is_null && !b->is_null && rd_ref_compare(a, b) != 0)
			return false;
	}
	return true;
}

static bool not_in(const struct join *j)
{
	for (uint64_t l = 0; l < j->left->n_rows; l++) {
		struct ref_val *left = j->left->row[l];
		bool keep = true, holds;

		for (uint64_t r = 0; r < j->right->n_rows && keep; r++) {
			if (!could_be_equal(j, left, j->right->row[r]))
				continue;
			if (!residual(j, left, j->right->row[r], &holds))
				return false;
			keep = !holds;
		}
		if (keep && !ref_push(j->run, j->out, left))
			return false;
	}
	return true;
}

/* The right rows without a partner, those with NULL keys too. */
static bool emit_unmatched(const struct join *j, const bool *matched)
{
	const uint32_t *key = j->node->join.right_key;

	for (uint64_t r = 0; r < j->n_sorted; r++)
		if (!matched[r] && !emit(j, NULL, j->sorted[r]))
			return false;
	for (uint64_t r = 0; r < j->right->n_rows; r++)
		if (has_null(j->right->row[r], key, j->node->join.n_keys) &&
		    !emit(j, NULL, j->right->row[r]))
			return false;
	return true;
}

bool ref_join(struct ref_run *run, const struct rd_node *node, struct ref_rel *out)
{
	struct join j = { .run = run,
			  .node = node,
			  .left = &run->rel[node->input[0]],
			  .right = &run->rel[node->input[1]],
			  .out = out };
	uint64_t n = j.right->n_rows;
	bool *matched;

	if (node->join.kind == RD_JOIN_NULL_AWARE_ANTI)
		return not_in(&j);
	j.sorted = RD_NEW_ARRAY(run->arena, struct ref_val *, n, run->err);
	matched = RD_NEW_ARRAY(run->arena, bool, n, run->err);
	if (!j.sorted || !matched)
		return false;
	for (uint64_t r = 0; r < n; r++)
		if (!has_null(j.right->row[r], node->join.right_key, node->join.n_keys))
			j.sorted[j.n_sorted++] = j.right->row[r];
	if (j.n_sorted)
		qsort_r(j.sorted, j.n_sorted, sizeof(*j.sorted), by_right_keys, (void *)node);
	for (uint64_t l = 0; l < j.left->n_rows; l++)
		if (!join_row(&j, j.left->row[l], matched))
			return false;
	if (node->join.kind == RD_JOIN_RIGHT || node->join.kind == RD_JOIN_FULL)
		return emit_unmatched(&j, matched);
	return true;
}
