/* What follows from a node's kind, payload and inputs: its columns and a bound of its rows. */
#include "query_int.h"

static const struct {
	const char *name;
	uint32_t inputs;
} kinds[] = {
	[RD_NODE_SCAN] = { "scan", 0 },     [RD_NODE_VALUES] = { "values", 0 },
	[RD_NODE_FILTER] = { "filter", 1 }, [RD_NODE_PROJECT] = { "project", 1 },
	[RD_NODE_JOIN] = { "join", 2 },     [RD_NODE_AGGREGATE] = { "aggregate", 1 },
	[RD_NODE_WINDOW] = { "window", 3 }, [RD_NODE_SETOP] = { "setop", 2 },
	[RD_NODE_SORT] = { "sort", 1 },     [RD_NODE_LIMIT] = { "limit", 1 },
	[RD_NODE_GUARD] = { "guard", 1 },   [RD_NODE_OUTPUT] = { "output", 1 },
};

uint32_t rd_node_inputs(uint8_t kind)
{
	bool known = kind >= RD_NODE_SCAN && kind <= RD_NODE_OUTPUT;

	return known ? kinds[kind].inputs : 3;
}

const char *rd_node_name(uint8_t kind)
{
	bool known = kind >= RD_NODE_SCAN && kind <= RD_NODE_OUTPUT;

	return known ? kinds[kind].name : "?";
}

bool rd_join_left_only(uint8_t kind)
{
	return kind == RD_JOIN_SEMI || kind == RD_JOIN_ANTI || kind == RD_JOIN_NULL_AWARE_ANTI;
}

static const struct rd_node *input(const struct rd_plan *plan, const struct rd_node *node, int i)
{
	return &plan->node[node->input[i]];
}

uint64_t rd_node_width(const struct rd_plan *plan, const struct rd_node *node)
{
	switch ((enum rd_node_kind)node->kind) {
	case RD_NODE_PROJECT:
		return node->project.prog.n_out;
	case RD_NODE_JOIN:
		if (rd_join_left_only(node->join.kind))
			return input(plan, node, 0)->n_cols;
		return (uint64_t)input(plan, node, 0)->n_cols + input(plan, node, 1)->n_cols;
	case RD_NODE_AGGREGATE:
		return (uint64_t)node->aggregate.n_keys + node->aggregate.n_aggs;
	case RD_NODE_GUARD:
		return node->guard.keep;
	case RD_NODE_FILTER:
	case RD_NODE_SETOP:
	case RD_NODE_SORT:
	case RD_NODE_LIMIT:
	case RD_NODE_OUTPUT:
		return input(plan, node, 0)->n_cols;
	case RD_NODE_SCAN:
	case RD_NODE_VALUES:
	case RD_NODE_WINDOW:
		break;
	}
	return node->n_cols;
}

/* An outer join's other side may be missing. */
static struct rd_coltype join_column(const struct rd_plan *plan, const struct rd_node *node,
				     uint32_t c)
{
	const struct rd_node *left = input(plan, node, 0), *right = input(plan, node, 1);
	uint8_t kind = node->join.kind;
	struct rd_coltype type;

	if (c < left->n_cols) {
		type = left->col[c];
		type.nullable |= kind == RD_JOIN_RIGHT || kind == RD_JOIN_FULL;
		return type;
	}
	type = right->col[c - left->n_cols];
	type.nullable |= kind == RD_JOIN_LEFT || kind == RD_JOIN_FULL || kind == RD_JOIN_SINGLE;
	return type;
}

/* A key that some grouping set leaves out is NULL there. */
static struct rd_coltype aggregate_column(const struct rd_plan *plan, const struct rd_node *node,
					  uint32_t c)
{
	struct rd_coltype type;

	if (c >= node->aggregate.n_keys)
		return node->aggregate.agg[c - node->aggregate.n_keys].type;
	type = input(plan, node, 0)->col[node->aggregate.key[c]];
	for (uint32_t i = 0; i < node->aggregate.n_sets; i++)
		type.nullable |= !(node->aggregate.set[i] >> c & 1);
	return type;
}

static struct rd_coltype setop_column(const struct rd_plan *plan, const struct rd_node *node,
				      uint32_t c)
{
	struct rd_coltype type = input(plan, node, 0)->col[c];
	bool other = input(plan, node, 1)->col[c].nullable;

	if (node->setop.op == RD_SETOP_UNION)
		type.nullable |= other;
	if (node->setop.op == RD_SETOP_INTERSECT)
		type.nullable &= other;
	return type;
}

static struct rd_coltype guard_column(const struct rd_plan *plan, const struct rd_node *node,
				      uint32_t c)
{
	struct rd_coltype type = input(plan, node, 0)->col[c];

	for (uint32_t i = 0; i < node->guard.n_cells; i++)
		type.nullable |= node->guard.cell[i].column == c;
	return type;
}

struct rd_coltype rd_node_column(const struct rd_plan *plan, const struct rd_node *node, uint32_t c)
{
	switch ((enum rd_node_kind)node->kind) {
	case RD_NODE_SCAN:
		return plan->table[node->scan.table].column[node->scan.column[c]].type;
	case RD_NODE_VALUES:
		return node->values.type[c];
	case RD_NODE_PROJECT:
		return node->project.prog.instr[node->project.prog.out[c]].type;
	case RD_NODE_JOIN:
		return join_column(plan, node, c);
	case RD_NODE_AGGREGATE:
		return aggregate_column(plan, node, c);
	case RD_NODE_SETOP:
		return setop_column(plan, node, c);
	case RD_NODE_GUARD:
		return guard_column(plan, node, c);
	case RD_NODE_FILTER:
	case RD_NODE_SORT:
	case RD_NODE_LIMIT:
	case RD_NODE_OUTPUT:
	case RD_NODE_WINDOW:
		break;
	}
	return input(plan, node, 0)->col[c];
}

/* ---- bounds ------------------------------------------------------------------------------ */

static uint8_t sum_of(const struct rd_node *a, const struct rd_node *b, uint64_t *rows)
{
	if (a->bound != RD_BOUND_PUBLIC || b->bound != RD_BOUND_PUBLIC ||
	    !rd_add_u64(a->bound_rows, b->bound_rows, rows))
		return RD_BOUND_SECRET;
	return RD_BOUND_PUBLIC;
}

static uint8_t join_bound(const struct rd_plan *plan, const struct rd_node *node, uint64_t *rows)
{
	const struct rd_node *a = input(plan, node, 0), *b = input(plan, node, 1);

	if (rd_join_left_only(node->join.kind) || node->join.kind == RD_JOIN_SINGLE) {
		*rows = a->bound_rows;
		return a->bound;
	}
	if (a->bound != RD_BOUND_PUBLIC || b->bound != RD_BOUND_PUBLIC)
		return RD_BOUND_SECRET;
	/* Pairs, or every row of both by itself. */
	if (__builtin_mul_overflow(a->bound_rows, b->bound_rows, rows))
		return RD_BOUND_SECRET;
	if (node->join.kind != RD_JOIN_INNER)
		return __builtin_add_overflow(*rows, a->bound_rows, rows) ||
				       __builtin_add_overflow(*rows, b->bound_rows, rows)
			       ? RD_BOUND_SECRET
			       : RD_BOUND_PUBLIC;
	return RD_BOUND_PUBLIC;
}

static uint8_t aggregate_bound(const struct rd_plan *plan, const struct rd_node *node,
			       uint64_t *rows)
{
	const struct rd_node *in = input(plan, node, 0);
	uint64_t n_sets = node->aggregate.n_sets;

	if (node->aggregate.n_keys == 0) {
		*rows = n_sets ? n_sets : 1;
		return RD_BOUND_PUBLIC;
	}
	*rows = in->bound_rows;
	if (n_sets == 0 || in->bound != RD_BOUND_PUBLIC)
		return in->bound;
	if (*rows == 0)
		*rows = 1;
	return __builtin_mul_overflow(*rows, n_sets, rows) ? RD_BOUND_SECRET : RD_BOUND_PUBLIC;
}

uint8_t rd_node_bound(const struct rd_plan *plan, const struct rd_node *node, uint64_t *rows)
{
	const struct rd_node *in = rd_node_inputs(node->kind) ? input(plan, node, 0) : NULL;
	uint8_t bound = in ? in->bound : RD_BOUND_SECRET;

	*rows = in ? in->bound_rows : 0;
	switch ((enum rd_node_kind)node->kind) {
	case RD_NODE_VALUES:
		*rows = node->values.n_rows;
		bound = RD_BOUND_PUBLIC;
		break;
	case RD_NODE_JOIN:
		bound = join_bound(plan, node, rows);
		break;
	case RD_NODE_AGGREGATE:
		bound = aggregate_bound(plan, node, rows);
		break;
	case RD_NODE_SETOP:
		if (node->setop.op == RD_SETOP_UNION)
			bound = sum_of(in, input(plan, node, 1), rows);
		break;
	case RD_NODE_LIMIT:
		if (node->limit.count == UINT64_MAX)
			break;
		if (bound != RD_BOUND_PUBLIC || *rows > node->limit.count)
			*rows = node->limit.count;
		bound = RD_BOUND_PUBLIC;
		break;
	case RD_NODE_SCAN:
	case RD_NODE_FILTER:
	case RD_NODE_PROJECT:
	case RD_NODE_WINDOW:
	case RD_NODE_SORT:
	case RD_NODE_GUARD:
	case RD_NODE_OUTPUT:
		break;
	}
	if (bound == RD_BOUND_SECRET)
		*rows = 0;
	return bound;
}

bool rd_node_derive(const struct rd_plan *plan, uint32_t index, struct rd_arena *arena,
		    struct rd_err *err)
{
	struct rd_node *node = &plan->node[index];
	uint64_t width = rd_node_width(plan, node);
	struct rd_coltype *col;

	if (width > RD_PLAN_COLUMNS_MAX)
		return rd_fail(err, RD_FAULT_REFUSED, "query.plan.limit",
			       "node %u (%s) would have %llu columns, at most %u are taken", index,
			       rd_node_name(node->kind), (unsigned long long)width,
			       RD_PLAN_COLUMNS_MAX);
	col = RD_NEW_ARRAY(arena, struct rd_coltype, (size_t)width, err);
	if (!col)
		return false;
	for (uint32_t c = 0; c < width; c++)
		col[c] = rd_node_column(plan, node, c);
	node->n_cols = (uint32_t)width;
	node->col = col;
	node->bound = rd_node_bound(plan, node, &node->bound_rows);
	return true;
}
