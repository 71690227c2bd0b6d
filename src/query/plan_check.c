/*
 * Every index, type, scale and shape of a plan.  One pass from the first node to the last: what a
 * node says of itself is compared with what follows from its payload and from nodes before it.
 */
#include "query_int.h"

#include <string.h>

/* The node that is looked at. */
struct check {
	const struct rd_plan *plan;
	const struct rd_node *node;
	uint32_t index;
	const struct rd_node *in[2]; /* NULL where there is none */
	struct rd_err *err;
};

static bool bad(const struct check *c, const char *expected)
{
	return rd_fail(c->err, RD_FAULT_MALFORMED, "query.plan.check", "node %u (%s): expected %s",
		       c->index, rd_node_name(c->node->kind), expected);
}

/* Is `column` one of the input's, of one of `types`? */
static bool is_column(const struct rd_node *in, uint32_t column, uint32_t types)
{
	return column < in->n_cols && types & RD_TYPES_OF(in->col[column].type);
}

/* ---- programs ---------------------------------------------------------------------------- */

static bool check_prog(const struct check *c, const struct rd_prog *prog,
		       const struct rd_coltype *input, uint32_t n_input)
{
	if (prog->n > RD_PROG_OPS_MAX || prog->n_out > RD_PLAN_COLUMNS_MAX)
		return bad(c, "a smaller program");
	for (uint32_t i = 0; i < prog->n; i++) {
		struct rd_coltype type;

		if (!rd_instr_derive(prog, i, input, n_input, &type, c->err))
			return rd_wrap(c->err, "node %u (%s)", c->index,
				       rd_node_name(c->node->kind));
		if (!rd_coltype_equal(type, prog->instr[i].type))
			return bad(c, "the types that follow from the operands");
	}
	for (uint32_t i = 0; i < prog->n_out; i++)
		if (prog->out[i] >= prog->n ||
		    !rd_coltype_sound(prog->instr[prog->out[i]].type, false))
			return bad(c, "values that the program computes");
	return true;
}

static bool check_condition(const struct check *c, const struct rd_prog *prog,
			    const struct rd_coltype *input, uint32_t n_input)
{
	if (!check_prog(c, prog, input, n_input))
		return false;
	if (prog->n_out != 1 || prog->instr[prog->out[0]].type.type != RD_BOOL)
		return bad(c, "one boolean");
	return true;
}

/* ---- payloads, a function a kind --------------------------------------------------------- */

static bool check_scan(const struct check *c)
{
	const struct rd_node *n = c->node;

	if (n->scan.table >= c->plan->n_tables)
		return bad(c, "a table of the plan");
	for (uint32_t i = 0; i < n->n_cols; i++)
		if (n->scan.column[i] >= c->plan->table[n->scan.table].n_cols)
			return bad(c, "columns that the table has");
	return true;
}

static bool check_values(const struct check *c)
{
	const struct rd_node *n = c->node;

	if (n->values.n_rows > RD_PLAN_ROWS_MAX)
		return bad(c, "at most 65536 rows");
	for (uint32_t i = 0; i < n->n_cols; i++)
		if (!rd_coltype_sound(n->values.type[i], false))
			return bad(c, "types that columns can have");
	for (uint64_t i = 0; i < (uint64_t)n->values.n_rows * n->n_cols; i++) {
		const struct rd_value *v = &n->values.value[i];
		struct rd_coltype want = n->values.type[i % n->n_cols];

		if (!rd_coltype_alike(v->type, want) || v->type.precision != want.precision ||
		    (v->is_null && !want.nullable) || !rd_value_sound(v))
			return bad(c, "values of the columns' types");
	}
	return true;
}

static bool check_join(const struct check *c)
{
	const struct rd_node *n = c->node, *left = c->in[0], *right = c->in[1];
	struct rd_coltype both[2 * RD_PLAN_COLUMNS_MAX];

	if (n->join.kind < RD_JOIN_INNER || n->join.kind > RD_JOIN_SINGLE)
		return bad(c, "a kind of join");
	if (n->join.n_keys > RD_PLAN_COLUMNS_MAX ||
	    (n->join.n_keys == 0 && n->join.kind == RD_JOIN_NULL_AWARE_ANTI))
		return bad(c, "keys for NOT IN, and not too many");
	if (n->join.position != RD_NONE && n->join.kind != RD_JOIN_SINGLE)
		return bad(c, "a position only where the join can fail");
	for (uint32_t i = 0; i < n->join.n_keys; i++) {
		uint32_t l = n->join.left_key[i], r = n->join.right_key[i];

		if (l >= left->n_cols || r >= right->n_cols ||
		    !rd_coltype_alike(left->col[l], right->col[r]))
			return bad(c, "keys of equal types");
	}
	if (!n->join.has_residual) {
		if (n->join.residual.n || n->join.residual.n_out)
			return bad(c, "no residual");
		return true;
	}
	/* A program sees NULL only where the rows that it is given have it. */
	if (left->n_cols)
		memcpy(both, left->col, left->n_cols * sizeof(both[0]));
	if (right->n_cols)
		memcpy(both + left->n_cols, right->col, right->n_cols * sizeof(both[0]));
	return check_condition(c, &n->join.residual, both, left->n_cols + right->n_cols);
}

static bool check_agg(const struct check *c, const struct rd_agg *agg)
{
	const struct rd_node *n = c->node, *in = c->in[0];
	bool star = agg->fn == RD_AGG_COUNT_STAR;
	bool empty = n->aggregate.n_keys == 0 || n->aggregate.n_sets > 0 || agg->filter != RD_NONE;
	struct rd_coltype type, arg = { 0 };

	if (star ? agg->column != RD_NONE : agg->column >= in->n_cols)
		return bad(c, "a column for every aggregate but count(*)");
	if (agg->distinct && (star || agg->fn == RD_AGG_ANY))
		return bad(c, "DISTINCT of a column's values");
	if (agg->filter != RD_NONE && !is_column(in, agg->filter, RD_TYPES_OF(RD_BOOL)))
		return bad(c, "a boolean column as FILTER");
	if (!star)
		arg = in->col[agg->column];
	if (!rd_agg_derive(agg->fn, arg, empty, &type, c->err))
		return rd_wrap(c->err, "node %u (aggregate)", c->index);
	if (!rd_coltype_equal(type, agg->type))
		return bad(c, "the types that follow from the arguments");
	return true;
}

static bool check_aggregate(const struct check *c)
{
	const struct rd_node *n = c->node;
	uint32_t n_keys = n->aggregate.n_keys, n_sets = n->aggregate.n_sets;

	if (n_keys > RD_PLAN_COLUMNS_MAX || n->aggregate.n_aggs > RD_PLAN_COLUMNS_MAX ||
	    n_sets > RD_PLAN_SETS_MAX || (n_sets > 0 && n_keys > 64))
		return bad(c, "fewer keys, aggregates or grouping sets");
	for (uint32_t i = 0; i < n_keys; i++)
		if (n->aggregate.key[i] >= c->in[0]->n_cols)
			return bad(c, "keys that the input has");
	for (uint32_t i = 0; i < n_sets && n_keys < 64; i++)
		if (n->aggregate.set[i] >> n_keys)
			return bad(c, "grouping sets of the keys");
	for (uint32_t i = 0; i < n->aggregate.n_aggs; i++)
		if (!check_agg(c, &n->aggregate.agg[i]))
			return false;
	return true;
}

static bool check_setop(const struct check *c)
{
	const struct rd_node *a = c->in[0], *b = c->in[1];

	if (c->node->setop.op < RD_SETOP_UNION || c->node->setop.op > RD_SETOP_EXCEPT)
		return bad(c, "a set operation");
	if (a->n_cols != b->n_cols)
		return bad(c, "inputs of equally many columns");
	for (uint32_t i = 0; i < a->n_cols; i++)
		if (!rd_coltype_alike(a->col[i], b->col[i]) ||
		    a->col[i].precision != b->col[i].precision)
			return bad(c, "inputs of equal types");
	return true;
}

static bool check_sort(const struct check *c)
{
	uint64_t seen[RD_PLAN_COLUMNS_MAX / 64] = { 0 };

	if (c->node->sort.n_keys != c->in[0]->n_cols)
		return bad(c, "every column as a key");
	for (uint32_t i = 0; i < c->node->sort.n_keys; i++) {
		uint32_t column = c->node->sort.key[i].column;

		if (column >= c->in[0]->n_cols || seen[column / 64] >> column % 64 & 1)
			return bad(c, "every column as a key once");
		seen[column / 64] |= UINT64_C(1) << column % 64;
	}
	return true;
}

static bool check_guard(const struct check *c)
{
	const struct rd_node *n = c->node, *in = c->in[0];

	if (n->guard.keep > in->n_cols || n->guard.n_rules > RD_PLAN_COLUMNS_MAX ||
	    n->guard.n_cells > RD_PLAN_COLUMNS_MAX)
		return bad(c, "at most the input's columns");
	for (uint32_t i = 0; i < n->guard.n_rules; i++) {
		const struct rd_guard_rule *r = &n->guard.rule[i];

		if (r->table >= c->plan->n_tables || r->min < 1 ||
		    !is_column(in, r->count_column, RD_TYPES_OF(RD_INT64)))
			return bad(c, "rules of tables of the plan that count persons");
	}
	for (uint32_t i = 0; i < n->guard.n_cells; i++) {
		const struct rd_guard_cell *r = &n->guard.cell[i];

		if (r->table >= c->plan->n_tables || r->min < 1 || r->column >= n->guard.keep ||
		    !is_column(in, r->count_column, RD_TYPES_OF(RD_INT64)))
			return bad(c, "cells of tables of the plan that count persons");
	}
	return true;
}

static bool check_output(const struct check *c)
{
	const struct rd_node *n = c->node;

	if (n->n_cols < 1 || n->n_cols != c->in[0]->n_cols)
		return bad(c, "a name for every column, and one column at least");
	for (uint32_t i = 0; i < n->n_cols; i++)
		if (n->output.name[i].len > RD_COLUMN_NAME_MAX || !rd_utf8_valid(n->output.name[i]))
			return bad(c, "names of at most 255 bytes");
	return true;
}

static bool check_payload(const struct check *c)
{
	switch ((enum rd_node_kind)c->node->kind) {
	case RD_NODE_SCAN:
		return check_scan(c);
	case RD_NODE_VALUES:
		return check_values(c);
	case RD_NODE_FILTER:
		return check_condition(c, &c->node->filter.prog, c->in[0]->col, c->in[0]->n_cols);
	case RD_NODE_PROJECT:
		return check_prog(c, &c->node->project.prog, c->in[0]->col, c->in[0]->n_cols);
	case RD_NODE_JOIN:
		return check_join(c);
	case RD_NODE_AGGREGATE:
		return check_aggregate(c);
	case RD_NODE_SETOP:
		return check_setop(c);
	case RD_NODE_SORT:
		return check_sort(c);
	case RD_NODE_LIMIT:
		return c->in[0]->kind == RD_NODE_SORT || bad(c, "a sort as its input");
	case RD_NODE_GUARD:
		return check_guard(c);
	case RD_NODE_OUTPUT:
		return check_output(c);
	case RD_NODE_WINDOW:
		break;
	}
	return bad(c, "a kind that this version knows");
}

/* ---- nodes ------------------------------------------------------------------------------- */

/* The number of inputs its kind has, each before it. */
static bool check_inputs(struct check *c, bool *feeds)
{
	uint32_t n_inputs = rd_node_inputs(c->node->kind);
	bool is_last = c->index == c->plan->n_nodes - 1;

	if (n_inputs > 2)
		return bad(c, "a kind that this version knows");
	if ((c->node->kind == RD_NODE_OUTPUT) != is_last)
		return bad(c, "one output, as the last node");
	for (uint32_t i = 0; i < 2; i++) {
		uint32_t input = c->node->input[i];

		if (i >= n_inputs) {
			if (input != RD_NONE)
				return bad(c, "fewer inputs");
			continue;
		}
		if (input >= c->index)
			return bad(c, "inputs from before it");
		feeds[input] = true;
		c->in[i] = &c->plan->node[input];
	}
	return true;
}

static bool check_node(const struct rd_plan *plan, uint32_t index, bool *feeds, struct rd_err *err)
{
	struct check c = { plan, &plan->node[index], index, { NULL, NULL }, err };
	const struct rd_node *n = c.node;
	uint64_t rows;

	if (n->n_cols > RD_PLAN_COLUMNS_MAX)
		return bad(&c, "at most 4096 columns");
	if (!check_inputs(&c, feeds) || !check_payload(&c))
		return false;
	if (rd_node_width(plan, n) != n->n_cols)
		return bad(&c, "the columns that follow from its inputs");
	for (uint32_t i = 0; i < n->n_cols; i++)
		if (!rd_coltype_equal(n->col[i], rd_node_column(plan, n, i)))
			return bad(&c, "the column types that follow from its inputs");
	if (n->bound != rd_node_bound(plan, n, &rows) || n->bound_rows != rows)
		return bad(&c, "the row bound that follows from its inputs");
	return true;
}

static bool check_table(const struct rd_plan_table *table, uint32_t index, struct rd_err *err)
{
	bool ok = table->n_cols <= RD_COLUMNS_MAX && table->name.len <= RD_COLUMN_NAME_MAX &&
		  rd_utf8_valid(table->name);

	for (uint32_t i = 0; ok && i < table->n_cols; i++) {
		const struct rd_column *column = &table->column[i];

		ok = rd_coltype_sound(column->type, false) && column->class_ <= RD_CLASS_VISIBLE &&
		     column->name.len <= RD_COLUMN_NAME_MAX && rd_utf8_valid(column->name);
	}
	if (!ok)
		return rd_fail(err, RD_FAULT_MALFORMED, "query.plan.check",
			       "table %u: expected names of at most 255 bytes, at most %u columns, "
			       "and types and classes that exist",
			       index, RD_COLUMNS_MAX);
	return true;
}

bool rd_plan_check(const struct rd_plan *plan, struct rd_err *err)
{
	bool feeds[RD_PLAN_NODES_MAX] = { false };

	if (plan->n_tables > RD_PLAN_TABLES_MAX || plan->n_nodes < 1 ||
	    plan->n_nodes > RD_PLAN_NODES_MAX)
		return rd_fail(err, RD_FAULT_MALFORMED, "query.plan.limit",
			       "a plan of %u tables and %u nodes: at most %u and 1 to %u are taken",
			       plan->n_tables, plan->n_nodes, RD_PLAN_TABLES_MAX,
			       RD_PLAN_NODES_MAX);
	for (uint32_t i = 0; i < plan->n_tables; i++)
		if (!check_table(&plan->table[i], i, err))
			return false;
	for (uint32_t i = 0; i < plan->n_nodes; i++)
		if (!check_node(plan, i, feeds, err))
			return false;
	for (uint32_t i = 0; i + 1 < plan->n_nodes; i++)
		if (!feeds[i])
			return rd_fail(err, RD_FAULT_MALFORMED, "query.plan.check",
				       "node %u (%s): expected every node but the last to feed one",
				       i, rd_node_name(plan->node[i].kind));
	return true;
}
