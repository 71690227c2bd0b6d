/* Nodes of the plan under construction: an array that grows, inputs before users. */
#include "sql_int.h"

#include <string.h>

/* The columns of inputs are dropped and renumbered at the end, so the limit here is wider. */
#define NODES_MAX (RD_PLAN_NODES_MAX * 4)

bool sql_node(struct sql *c, enum rd_node_kind kind, uint32_t input, uint32_t *at)
{
	struct rd_node *bigger;
	uint32_t cap;

	if (c->n_nodes == c->cap_nodes) {
		cap = c->cap_nodes ? c->cap_nodes * 2 : 32;
		if (cap > NODES_MAX)
			return sql_fail(c, SQL_NO_PLACE, "query.sql.limit",
					"the query needs more than %d steps", RD_PLAN_NODES_MAX);
		bigger = RD_NEW_ARRAY(c->arena, struct rd_node, cap, c->err);
		if (!bigger)
			return false;
		if (c->n_nodes)
			memcpy(bigger, c->node, c->n_nodes * sizeof(*bigger));
		c->node = bigger;
		c->cap_nodes = cap;
	}
	*at = c->n_nodes++;
	c->node[*at] = (struct rd_node){ .kind = (uint8_t)kind, .input = { input, RD_NONE } };
	return true;
}

bool sql_node_done(struct sql *c, uint32_t at)
{
	struct rd_plan plan = { .n_tables = c->n_tables,
				.table = c->plan_table,
				.n_nodes = c->n_nodes,
				.node = c->node };

	return rd_node_derive(&plan, at, c->arena, c->err);
}

bool sql_node_filter(struct sql *c, uint32_t input, struct sql_prog *p, struct sql_val condition,
		     uint32_t *at)
{
	struct rd_prog prog;

	if (!sql_attach_scalars(c, p, &input) || !sql_prog_finish(c, p, &condition.id, 1, &prog) ||
	    !sql_node(c, RD_NODE_FILTER, input, at))
		return false;
	c->node[*at].filter.prog = prog;
	return sql_node_done(c, *at);
}

bool sql_node_project(struct sql *c, struct sql_prog *p, const struct sql_val *out, uint32_t n,
		      uint32_t *node)
{
	struct rd_prog prog;
	uint32_t *ids;

	if (n > SQL_COLUMNS_MAX)
		return sql_fail(c, SQL_NO_PLACE, "query.sql.limit",
				"a SELECT has %u columns, at most %d are accepted", n,
				SQL_COLUMNS_MAX);
	ids = RD_NEW_ARRAY(c->arena, uint32_t, n, c->err);
	if (!ids)
		return false;
	for (uint32_t i = 0; i < n; i++)
		ids[i] = out[i].id;
	if (!sql_attach_scalars(c, p, node) || !sql_prog_finish(c, p, ids, n, &prog) ||
	    !sql_node(c, RD_NODE_PROJECT, *node, node))
		return false;
	c->node[*node].project.prog = prog;
	return sql_node_done(c, *node);
}

bool sql_node_columns(struct sql *c, uint32_t input, uint32_t n, uint32_t *at)
{
	struct sql_prog p = { .mask = RD_NONE };
	struct sql_val *out = RD_NEW_ARRAY(c->arena, struct sql_val, n, c->err);

	for (uint32_t i = 0; out && i < n; i++)
		if (!sql_emit_column(c, &p, i, c->node[input].col[i], &out[i]))
			return false;
	*at = input;
	return out && sql_node_project(c, &p, out, n, at);
}

bool sql_node_join(struct sql *c, const struct sql_join *join, uint32_t *at)
{
	struct rd_node *node;

	if (!sql_node(c, RD_NODE_JOIN, join->left, at))
		return false;
	node = &c->node[*at];
	node->input[1] = join->right;
	node->join.kind = (uint8_t)join->kind;
	node->join.n_keys = join->n_keys;
	node->join.left_key = join->left_key;
	node->join.right_key = join->right_key;
	node->join.position = join->kind == RD_JOIN_SINGLE ? join->place : RD_NONE;
	return sql_node_done(c, *at);
}

bool sql_attach_scalars(struct sql *c, struct sql_prog *p, uint32_t *node)
{
	uint32_t base = c->node[*node].n_cols;

	for (uint32_t i = 0; i < p->n_scalars; i++) {
		struct sql_join join = { .kind = RD_JOIN_SINGLE,
					 .left = *node,
					 .right = p->scalar[i],
					 .place = p->scalar_place[i] };
		if (!sql_node_join(c, &join, node))
			return false;
	}
	for (uint32_t i = 0; i < p->n; i++)
		if (p->instr[i].op == RD_OP_COLUMN && p->instr[i].a >= SQL_SCALAR_BASE)
			p->instr[i].a = base + (p->instr[i].a - SQL_SCALAR_BASE);
	return true;
}

bool sql_node_distinct(struct sql *c, uint32_t input, uint32_t *at)
{
	uint32_t n = c->node[input].n_cols;
	uint32_t *key = RD_NEW_ARRAY(c->arena, uint32_t, n, c->err);

	if (!key || !sql_node(c, RD_NODE_AGGREGATE, input, at))
		return false;
	for (uint32_t i = 0; i < n; i++)
		key[i] = i;
	c->node[*at].aggregate.n_keys = n;
	c->node[*at].aggregate.key = key;
	return sql_node_done(c, *at);
}

bool sql_node_sort(struct sql *c, uint32_t input, const struct rd_sort_key *key, uint32_t n,
		   uint32_t *at)
{
	uint32_t n_cols = c->node[input].n_cols, total = 0;
	struct rd_sort_key *all = RD_NEW_ARRAY(c->arena, struct rd_sort_key, n + n_cols, c->err);
	bool *seen = all ? RD_NEW_ARRAY(c->arena, bool, n_cols, c->err) : NULL;

	if (!seen || !sql_node(c, RD_NODE_SORT, input, at))
		return false;
	for (uint32_t i = 0; i < n; i++) {
		if (seen[key[i].column])
			continue;
		seen[key[i].column] = true;
		all[total++] = key[i];
	}
	for (uint32_t i = 0; i < n_cols; i++)
		if (!seen[i])
			all[total++] = (struct rd_sort_key){ .column = i };
	c->node[*at].sort.n_keys = total;
	c->node[*at].sort.key = all;
	return sql_node_done(c, *at);
}
