/*
 * The plan's final form: columns and nodes that nothing reads are dropped (so that no key of a
 * column is asked for that the query does not use), tables that are not read are dropped, and join
 * keys that are proven unique are marked.
 */
#include "sql_int.h"

#include <string.h>

struct prune {
	struct sql *c;
	uint32_t n;     /* nodes of c that matter: up to the last */
	bool **need;    /* of each node: which columns are read; NULL: nothing reads the node */
	uint32_t **to;  /* of each node: column -> new column, RD_NONE if dropped */
	uint32_t *node; /* old node -> new node */
	struct rd_plan *out;
};

static bool need(struct prune *p, uint32_t node, uint32_t column)
{
	return p->need[node][column];
}

static bool reached(struct prune *p, uint32_t node)
{
	if (node == RD_NONE || p->need[node])
		return true;
	p->need[node] = RD_NEW_ARRAY(p->c->arena, bool, p->c->node[node].n_cols, p->c->err);
	return p->need[node] != NULL;
}

/* The columns that a program reads, of a left and a right input. */
static void need_prog(struct prune *p, const struct rd_prog *prog, const struct rd_node *node)
{
	uint32_t left = p->c->node[node->input[0]].n_cols;

	for (uint32_t i = 0; i < prog->n; i++) {
		if (prog->instr[i].op != RD_OP_COLUMN)
			continue;
		if (prog->instr[i].a < left)
			p->need[node->input[0]][prog->instr[i].a] = true;
		else
			p->need[node->input[1]][prog->instr[i].a - left] = true;
	}
}

static void need_same(struct prune *p, uint32_t at, bool all)
{
	const struct rd_node *node = &p->c->node[at];

	for (uint32_t i = 0; i < p->c->node[node->input[0]].n_cols; i++)
		if (all || need(p, at, i))
			p->need[node->input[0]][i] = true;
}

/* Drops the outputs of a project that nothing reads, and what only they compute. */
static bool prune_project(struct prune *p, uint32_t at)
{
	struct rd_node *node = &p->c->node[at];
	struct rd_prog *prog = &node->project.prog;
	struct sql_prog whole = { .n = prog->n, .mask = RD_NONE };
	uint32_t *out = RD_NEW_ARRAY(p->c->arena, uint32_t, prog->n_out, p->c->err);
	struct rd_instr *instr = RD_NEW_ARRAY(p->c->arena, struct rd_instr, prog->n, p->c->err);
	uint32_t n = 0;

	if (!out || !instr)
		return false;
	for (uint32_t i = 0; i < prog->n_out; i++)
		if (need(p, at, i))
			out[n++] = prog->out[i];
	if (prog->n)
		memcpy(instr, prog->instr, prog->n * sizeof(*instr));
	whole.instr = instr;
	return sql_prog_finish(p->c, &whole, out, n, prog);
}

static void need_join(struct prune *p, uint32_t at)
{
	const struct rd_node *node = &p->c->node[at];
	uint32_t left = p->c->node[node->input[0]].n_cols;

	for (uint32_t i = 0; i < node->n_cols; i++) {
		if (!need(p, at, i))
			continue;
		if (i < left)
			p->need[node->input[0]][i] = true;
		else
			p->need[node->input[1]][i - left] = true;
	}
	for (uint32_t i = 0; i < node->join.n_keys; i++) {
		p->need[node->input[0]][node->join.left_key[i]] = true;
		p->need[node->input[1]][node->join.right_key[i]] = true;
	}
	if (node->join.has_residual)
		need_prog(p, &node->join.residual, node);
}

static bool need_aggregate(struct prune *p, uint32_t at)
{
	struct rd_node *node = &p->c->node[at];
	uint32_t n_keys = node->aggregate.n_keys, n = 0;
	struct rd_agg *agg =
		RD_NEW_ARRAY(p->c->arena, struct rd_agg, node->aggregate.n_aggs, p->c->err);

	if (!agg)
		return false;
	for (uint32_t i = 0; i < n_keys; i++)
		p->need[node->input[0]][node->aggregate.key[i]] = true;
	for (uint32_t i = 0; i < node->aggregate.n_aggs; i++) {
		if (!need(p, at, n_keys + i))
			continue;
		agg[n] = node->aggregate.agg[i];
		if (agg[n].column != RD_NONE)
			p->need[node->input[0]][agg[n].column] = true;
		if (agg[n].filter != RD_NONE)
			p->need[node->input[0]][agg[n].filter] = true;
		n++;
	}
	node->aggregate.agg = agg;
	node->aggregate.n_aggs = n;
	return true;
}

/* What the node's inputs must deliver. */
static bool need_inputs(struct prune *p, uint32_t at)
{
	struct rd_node *node = &p->c->node[at];

	if (!reached(p, node->input[0]) || !reached(p, node->input[1]))
		return false;
	switch ((enum rd_node_kind)node->kind) {
	case RD_NODE_FILTER:
		need_same(p, at, false);
		need_prog(p, &node->filter.prog, node);
		return true;
	case RD_NODE_PROJECT:
		if (!prune_project(p, at))
			return false;
		need_prog(p, &node->project.prog, node);
		return true;
	case RD_NODE_JOIN:
		need_join(p, at);
		return true;
	case RD_NODE_AGGREGATE:
		return need_aggregate(p, at);
	case RD_NODE_SETOP:
		for (uint32_t i = 0; i < node->n_cols; i++)
			p->need[node->input[1]][i] = true;
		need_same(p, at, true);
		return true;
	case RD_NODE_LIMIT:
	case RD_NODE_SORT:
	case RD_NODE_OUTPUT:
		need_same(p, at, true);
		return true;
	default:
		return true;
	}
}

/* ---- renumbering ------------------------------------------------------------------------- */

/* The new number of an input's column; of a join's concatenated inputs. */
static uint32_t input_column(const struct prune *p, const struct rd_node *old, uint32_t column)
{
	uint32_t left = p->c->node[old->input[0]].n_cols;

	if (column < left)
		return p->to[old->input[0]][column];
	return p->out->node[p->node[old->input[0]]].n_cols + p->to[old->input[1]][column - left];
}

static bool move_columns(struct prune *p, const struct rd_node *old, const uint32_t *in, uint32_t n,
			 const uint32_t **out)
{
	uint32_t *moved = RD_NEW_ARRAY(p->c->arena, uint32_t, n, p->c->err);

	if (!moved)
		return false;
	for (uint32_t i = 0; i < n; i++)
		moved[i] = input_column(p, old, in[i]);
	*out = moved;
	return true;
}

/* Columns renumbered, and the types derived once more from the inputs as they are now. */
static bool move_prog(struct prune *p, const struct rd_node *old, struct rd_prog *prog)
{
	const struct rd_node *left = &p->out->node[p->node[old->input[0]]], *right = NULL;
	struct rd_instr *instr = RD_NEW_ARRAY(p->c->arena, struct rd_instr, prog->n, p->c->err);
	uint32_t n = left->n_cols;
	struct rd_coltype *col;
	struct rd_prog moved = *prog;

	if (old->input[1] != RD_NONE)
		right = &p->out->node[p->node[old->input[1]]];
	n += right ? right->n_cols : 0;
	col = RD_NEW_ARRAY(p->c->arena, struct rd_coltype, n, p->c->err);
	if (!instr || !col)
		return false;
	for (uint32_t i = 0; i < n; i++)
		col[i] = i < left->n_cols ? left->col[i] : right->col[i - left->n_cols];
	moved.instr = instr;
	for (uint32_t i = 0; i < prog->n; i++) {
		instr[i] = prog->instr[i];
		if (instr[i].op == RD_OP_COLUMN)
			instr[i].a = input_column(p, old, instr[i].a);
		if (!rd_instr_derive(&moved, i, col, n, &instr[i].type, p->c->err))
			return false;
		if (!rd_instr_can_fail(&moved, i))
			instr[i].mask = RD_NONE;
	}
	*prog = moved;
	return true;
}

static bool move_aggs(struct prune *p, const struct rd_node *old, struct rd_node *node)
{
	const struct rd_node *input = &p->out->node[node->input[0]];
	struct rd_agg *agg =
		RD_NEW_ARRAY(p->c->arena, struct rd_agg, node->aggregate.n_aggs, p->c->err);
	struct rd_coltype type = { .type = RD_INT64 };

	if (!agg)
		return false;
	for (uint32_t i = 0; i < node->aggregate.n_aggs; i++) {
		agg[i] = old->aggregate.agg[i];
		if (agg[i].column != RD_NONE) {
			agg[i].column = input_column(p, old, agg[i].column);
			type = input->col[agg[i].column];
		}
		if (agg[i].filter != RD_NONE)
			agg[i].filter = input_column(p, old, agg[i].filter);
		if (!rd_agg_derive(agg[i].fn, type,
				   agg[i].filter != RD_NONE || node->aggregate.n_keys == 0,
				   &agg[i].type, p->c->err))
			return false;
	}
	node->aggregate.agg = agg;
	return move_columns(p, old, old->aggregate.key, node->aggregate.n_keys,
			    &node->aggregate.key);
}

static bool move_sort(struct prune *p, const struct rd_node *old, struct rd_node *node)
{
	struct rd_sort_key *key =
		RD_NEW_ARRAY(p->c->arena, struct rd_sort_key, old->sort.n_keys, p->c->err);

	if (!key)
		return false;
	for (uint32_t i = 0; i < old->sort.n_keys; i++) {
		key[i] = old->sort.key[i];
		key[i].column = input_column(p, old, key[i].column);
	}
	node->sort.key = key;
	return true;
}

static bool move_join(struct prune *p, const struct rd_node *old, struct rd_node *node)
{
	const uint32_t *key = old->join.right_key;
	uint32_t *right = RD_NEW_ARRAY(p->c->arena, uint32_t, old->join.n_keys, p->c->err);

	if (!right)
		return false;
	for (uint32_t i = 0; i < old->join.n_keys; i++)
		right[i] = p->to[old->input[1]][key[i]];
	node->join.right_key = right;
	return move_columns(p, old, old->join.left_key, old->join.n_keys, &node->join.left_key) &&
	       (!old->join.has_residual || move_prog(p, old, &node->join.residual));
}

static bool move_scan(struct prune *p, uint32_t at, struct rd_node *node)
{
	const struct rd_node *old = &p->c->node[at];
	uint32_t *column = RD_NEW_ARRAY(p->c->arena, uint32_t, old->n_cols, p->c->err);

	if (!column)
		return false;
	node->n_cols = 0;
	for (uint32_t i = 0; i < old->n_cols; i++)
		if (need(p, at, i))
			column[node->n_cols++] = old->scan.column[i];
	node->scan.column = column;
	return true;
}

static bool move_payload(struct prune *p, uint32_t at, struct rd_node *node)
{
	const struct rd_node *old = &p->c->node[at];

	switch ((enum rd_node_kind)node->kind) {
	case RD_NODE_SCAN:
		return move_scan(p, at, node);
	case RD_NODE_FILTER:
		return move_prog(p, old, &node->filter.prog);
	case RD_NODE_PROJECT:
		return move_prog(p, old, &node->project.prog);
	case RD_NODE_JOIN:
		return move_join(p, old, node);
	case RD_NODE_AGGREGATE:
		return move_aggs(p, old, node);
	case RD_NODE_SORT:
		return move_sort(p, old, node);
	default:
		return true;
	}
}

/* Where each old column is now. */
static bool map_columns(struct prune *p, uint32_t at)
{
	const struct rd_node *old = &p->c->node[at];
	uint32_t *to = RD_NEW_ARRAY(p->c->arena, uint32_t, old->n_cols, p->c->err);
	uint32_t next = 0;

	if (!to)
		return false;
	for (uint32_t i = 0; i < old->n_cols; i++) {
		switch ((enum rd_node_kind)old->kind) {
		case RD_NODE_SCAN:
		case RD_NODE_PROJECT:
			to[i] = need(p, at, i) ? next++ : RD_NONE;
			break;
		case RD_NODE_AGGREGATE:
			to[i] = i < old->aggregate.n_keys || need(p, at, i) ? next++ : RD_NONE;
			break;
		case RD_NODE_VALUES:
		case RD_NODE_SETOP:
			to[i] = i;
			break;
		default:
			to[i] = i < p->c->node[old->input[0]].n_cols ||
						p->to[old->input[1]]
						     [i - p->c->node[old->input[0]].n_cols] !=
							RD_NONE
					? input_column(p, old, i)
					: RD_NONE;
			break;
		}
	}
	p->to[at] = to;
	return true;
}

/* ---- uniqueness -------------------------------------------------------------------------- */

static bool has(const uint32_t *set, uint32_t n, uint32_t column)
{
	for (uint32_t i = 0; i < n; i++)
		if (set[i] == column)
			return true;
	return false;
}

static bool unique(struct prune *p, uint32_t at, const uint32_t *set, uint32_t n);

/* A join keeps a side's keys unique if the other side's keys are unique. */
static bool unique_join(struct prune *p, const struct rd_node *node, const uint32_t *set,
			uint32_t n)
{
	uint32_t left = p->out->node[node->input[0]].n_cols, n_side = 0;
	uint32_t *side = RD_NEW_ARRAY(p->c->arena, uint32_t, n, p->c->err);
	bool left_only = node->n_cols == left && node->join.kind >= RD_JOIN_SEMI &&
			 node->join.kind != RD_JOIN_SINGLE;

	if (!side)
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (set[i] < left)
			side[n_side++] = set[i];
	if ((left_only || node->join.kind == RD_JOIN_SINGLE || node->join.right_unique) &&
	    unique(p, node->input[0], side, n_side))
		return true;
	n_side = 0;
	for (uint32_t i = 0; i < n; i++)
		if (set[i] >= left)
			side[n_side++] = set[i] - left;
	return !left_only && node->join.kind != RD_JOIN_SINGLE && node->join.left_unique &&
	       unique(p, node->input[1], side, n_side);
}

static bool unique_project(struct prune *p, const struct rd_node *node, const uint32_t *set,
			   uint32_t n)
{
	const struct rd_prog *prog = &node->project.prog;
	uint32_t *below = RD_NEW_ARRAY(p->c->arena, uint32_t, n, p->c->err);
	uint32_t n_below = 0;

	if (!below)
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (prog->instr[prog->out[set[i]]].op == RD_OP_COLUMN)
			below[n_below++] = prog->instr[prog->out[set[i]]].a;
	return unique(p, node->input[0], below, n_below);
}

/* No two rows have the same values in these columns, rows with NULLs apart. */
static bool unique(struct prune *p, uint32_t at, const uint32_t *set, uint32_t n)
{
	const struct rd_node *node = &p->out->node[at];
	const struct rd_plan_table *table;

	switch ((enum rd_node_kind)node->kind) {
	case RD_NODE_SCAN:
		table = &p->c->plan_table[node->scan.table];
		for (uint32_t i = 0; i < n; i++)
			if (table->column[node->scan.column[set[i]]].unique)
				return true;
		return false;
	case RD_NODE_VALUES:
		return node->values.n_rows <= 1;
	case RD_NODE_FILTER:
	case RD_NODE_SORT:
	case RD_NODE_LIMIT:
		return unique(p, node->input[0], set, n);
	case RD_NODE_PROJECT:
		return unique_project(p, node, set, n);
	case RD_NODE_AGGREGATE:
		for (uint32_t i = 0; i < node->aggregate.n_keys; i++)
			if (!has(set, n, i))
				return false;
		return true;
	case RD_NODE_JOIN:
		return unique_join(p, node, set, n);
	case RD_NODE_SETOP:
		for (uint32_t i = 0; i < node->n_cols; i++)
			if (!has(set, n, i))
				return false;
		return !node->setop.all;
	default:
		return false;
	}
}

/* ---- putting it together ----------------------------------------------------------------- */

static bool copy_node(struct prune *p, uint32_t at)
{
	const struct rd_node *old = &p->c->node[at];
	uint32_t index = p->out->n_nodes;
	struct rd_node *node = &p->out->node[index];

	*node = *old;
	for (int i = 0; i < 2; i++)
		if (old->input[i] != RD_NONE)
			node->input[i] = p->node[old->input[i]];
	p->node[at] = index;
	if (!move_payload(p, at, node) || !map_columns(p, at))
		return false;
	p->out->n_nodes++;
	if (node->kind == RD_NODE_JOIN) {
		node->join.left_unique =
			unique(p, node->input[0], node->join.left_key, node->join.n_keys);
		node->join.right_unique =
			unique(p, node->input[1], node->join.right_key, node->join.n_keys);
	}
	return rd_node_derive(p->out, index, p->c->arena, p->c->err);
}

/* The tables that are read, in the order of their first scan. */
static bool tables_read(struct prune *p)
{
	uint32_t *to = RD_NEW_ARRAY(p->c->arena, uint32_t, p->c->n_tables, p->c->err);
	struct rd_plan_table *table;
	uint32_t n = 0, old;

	table = RD_NEW_ARRAY(p->c->arena, struct rd_plan_table, p->c->n_tables, p->c->err);
	if (!to || !table)
		return false;
	for (uint32_t i = 0; i < p->out->n_nodes; i++) {
		struct rd_node *node = &p->out->node[i];
		if (node->kind != RD_NODE_SCAN)
			continue;
		old = node->scan.table;
		if (to[old] == 0) {
			table[n] = p->c->plan_table[old];
			to[old] = ++n;
		}
		node->scan.table = to[old] - 1;
	}
	if (n > RD_PLAN_TABLES_MAX)
		return sql_fail(p->c, SQL_NO_PLACE, "query.sql.limit",
				"the query reads %u tables, at most %d are accepted", n,
				RD_PLAN_TABLES_MAX);
	p->out->table = table;
	p->out->n_tables = n;
	return true;
}

bool sql_prune(struct sql *c, uint32_t last, struct rd_plan *out)
{
	struct prune p = { .c = c, .n = last + 1, .out = out };
	uint32_t n = 0;

	*out = (struct rd_plan){ .n_tables = c->n_tables, .table = c->plan_table };
	p.need = RD_NEW_ARRAY(c->arena, bool *, p.n, c->err);
	p.to = p.need ? RD_NEW_ARRAY(c->arena, uint32_t *, p.n, c->err) : NULL;
	p.node = p.to ? RD_NEW_ARRAY(c->arena, uint32_t, p.n, c->err) : NULL;
	if (!p.node || !reached(&p, last))
		return false;
	for (uint32_t i = last + 1; i-- > 0;) {
		if (!p.need[i])
			continue;
		n++;
		if (!need_inputs(&p, i))
			return false;
	}
	if (n > RD_PLAN_NODES_MAX)
		return sql_fail(c, SQL_NO_PLACE, "query.sql.limit",
				"the query needs %u steps, at most %d are accepted", n,
				RD_PLAN_NODES_MAX);
	out->node = RD_NEW_ARRAY(c->arena, struct rd_node, n, c->err);
	if (!out->node)
		return false;
	for (uint32_t i = 0; i <= last; i++)
		if (p.need[i] && !copy_node(&p, i))
			return false;
	return tables_read(&p);
}
