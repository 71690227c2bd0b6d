/*
 * IN and EXISTS nearer to the scans: (A join B) semijoin R becomes (A semijoin R) join B where only
 * A's columns are asked, as often as it goes.  The rows are the same; far fewer may be joined.
 * Only past joins without a condition of their own, so that no error is hidden.
 */
#include "vector_int.h"

static bool movable(const struct rd_vshape *shape, const struct rd_vnode *semi)
{
	const struct rd_node *node = semi->node;
	const struct rd_vnode *join;

	if (node->kind != RD_NODE_JOIN || node->join.has_residual || !node->join.n_keys ||
	    (node->join.kind != RD_JOIN_SEMI && node->join.kind != RD_JOIN_ANTI))
		return false;
	join = &shape->node[node->input[0]];
	return join->node->kind == RD_NODE_JOIN && join->node->join.kind == RD_JOIN_INNER &&
	       !join->node->join.has_residual && join->uses == 1 &&
	       join->n_all == join->node->n_cols;
}

/* The side of the inner join whose columns all keys are; 2 if there is none. */
static uint32_t side_of(const struct rd_node *semi, uint32_t n_left)
{
	uint32_t left = 0;

	for (uint32_t i = 0; i < semi->join.n_keys; i++)
		left += semi->join.left_key[i] < n_left;
	return left == semi->join.n_keys ? 0 : left == 0 ? 1 : 2;
}

static bool move(struct rd_vshape *shape, uint32_t k, uint32_t side, struct rd_vpool *pool,
		 struct rd_err *err)
{
	uint32_t j = shape->node[k].node->input[0];
	struct rd_vnode *outer = &shape->node[k], *inner = &shape->node[j];
	const struct rd_vnode *from = &shape->node[inner->node->input[side]];
	const struct rd_vnode *list = &shape->node[outer->node->input[1]];
	struct rd_node *semi = RD_VNEW(pool, struct rd_node, 1, err);
	struct rd_node *join = RD_VNEW(pool, struct rd_node, 1, err);
	uint32_t *key = RD_VNEW(pool, uint32_t, outer->node->join.n_keys, err);
	uint32_t n_left = shape->node[inner->node->input[0]].node->n_cols;

	if (!semi || !join || !key)
		return false;
	*semi = *outer->node;
	*join = *inner->node;
	for (uint32_t i = 0; i < semi->join.n_keys; i++)
		key[i] = semi->join.left_key[i] - (side ? n_left : 0);
	semi->join.left_key = key;
	semi->input[0] = inner->node->input[side];
	semi->n_cols = from->node->n_cols;
	semi->col = from->node->col;
	join->input[side] = j;
	outer->node = join;
	outer->col = inner->col;
	inner->node = semi;
	inner->n_all = from->n_all;
	inner->col = from->col;
	inner->base = from->base;
	inner->est = from->est < list->est ? from->est : list->est;
	outer->est *= inner->est / (from->est + 1);
	return true;
}

bool rd_vpush_semijoins(struct rd_vshape *shape, struct rd_vpool *pool, struct rd_err *err)
{
	for (uint32_t k = 0; k < shape->n; k++) {
		uint32_t at = k, side;

		while (movable(shape, &shape->node[at])) {
			const struct rd_node *join =
				shape->node[shape->node[at].node->input[0]].node;

			side = side_of(shape->node[at].node,
				       shape->node[join->input[0]].node->n_cols);
			if (side == 2 || shape->node[join->input[side]].n_all !=
						 shape->node[join->input[side]].node->n_cols)
				break;
			if (!move(shape, at, side, pool, err))
				return false;
			at = shape->node[at].node->input[side];
		}
	}
	return true;
}

/* An order in which each node comes after its inputs. */
bool rd_vshape_order(struct rd_vshape *shape, struct rd_vpool *pool, struct rd_err *err)
{
	bool *done = RD_VNEW(pool, bool, shape->n, err);
	uint32_t n = 0;

	shape->order = RD_VNEW(pool, uint32_t, shape->n, err);
	if (!done || !shape->order)
		return false;
	while (n < shape->n) {
		for (uint32_t k = 0; k < shape->n; k++) {
			const struct rd_node *node = shape->node[k].node;

			if (done[k] || (node->input[0] != RD_NONE && !done[node->input[0]]) ||
			    (node->input[1] != RD_NONE && !done[node->input[1]]))
				continue;
			done[k] = true;
			shape->order[n++] = k;
		}
	}
	return true;
}
