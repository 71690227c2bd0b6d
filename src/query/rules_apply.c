/*
 * A plan with its guards.  Every node of the old plan is rewritten in order: persons of tables that
 * ask are carried along as extra columns up to the aggregate that needs counting; there the counts
 * and the guard are added.  rd_rules_verify has the last word.
 */
#include "rules_int.h"

#include <string.h>

/* What became of a node of the old plan: its new index, and where its columns are now. */
struct place {
	uint32_t node;
	uint32_t *column;
};

struct builder {
	const struct rd_plan *old;
	struct rd_plan plan; /* the new one; also rules.plan */
	struct rules rules;
	struct rd_arena *arena;
	struct place *place; /* one an old node */
	bool *outermost;     /* aggregates with none between them and the output */
	uint32_t cap;
};

/* ---- adding nodes
 * ---------------------------------------------------------------------------------- */

static bool add(struct builder *b, const struct rd_node *node, bool is_boundary, uint32_t *index,
		struct rd_err *err)
{
	*index = b->plan.n_nodes;
	if (*index == b->cap)
		return rd_fail(err, RD_FAULT_REFUSED, "rules.size",
			       "the guarded plan is too large");
	b->plan.node[*index] = *node;
	b->plan.n_nodes++;
	return rd_node_derive(&b->plan, *index, b->arena, err) &&
	       rules_flow_node(&b->rules, *index, is_boundary, err);
}

static const struct rd_node *new_input(const struct builder *b, const struct rd_node *old,
				       uint32_t i)
{
	return &b->plan.node[b->place[old->input[i]].node];
}

static const struct flow *new_flow(const struct builder *b, const struct rd_node *old, uint32_t i)
{
	return &b->rules.flow[b->place[old->input[i]].node];
}

/* Old column -> new column, one after another from `first`. */
static bool identity(struct builder *b, uint32_t index, uint32_t n, struct rd_err *err)
{
	struct place *p = &b->place[index];

	p->column = RD_NEW_ARRAY(b->arena, uint32_t, n, err);
	if (!p->column)
		return false;
	for (uint32_t i = 0; i < n; i++)
		p->column[i] = i;
	return true;
}

/* A program over moved columns, with room for `more` instructions and outputs; types follow anew,
 * because a guard below may have made a column nullable. */
static bool move_prog(struct builder *b, const struct rd_prog *in, const uint32_t *column,
		      uint32_t more, struct rd_prog *out, struct rd_err *err)
{
	struct rd_instr *instr = RD_NEW_ARRAY(b->arena, struct rd_instr, (size_t)in->n + more, err);
	uint32_t *outs = RD_NEW_ARRAY(b->arena, uint32_t, (size_t)in->n_out + more, err);

	if (!instr || !outs)
		return false;
	for (uint32_t i = 0; i < in->n; i++) {
		instr[i] = in->instr[i];
		if (instr[i].op == RD_OP_COLUMN)
			instr[i].a = column[instr[i].a];
	}
	if (in->n_out)
		memcpy(outs, in->out, in->n_out * sizeof(*outs));
	*out = (struct rd_prog){ .n = in->n, .instr = instr, .n_out = in->n_out, .out = outs };
	return true;
}

static bool type_prog(const struct rd_prog *prog, const struct rd_coltype *input, uint32_t n_input,
		      struct rd_err *err)
{
	struct rd_instr *instr = (struct rd_instr *)(uintptr_t)prog->instr;

	for (uint32_t i = 0; i < prog->n; i++)
		if (!rd_instr_derive(prog, i, input, n_input, &instr[i].type, err))
			return false;
	return true;
}

static uint32_t put_instr(struct rd_prog *p, uint16_t op, uint32_t a, uint32_t b)
{
	struct rd_instr *instr = (struct rd_instr *)(uintptr_t)p->instr;

	instr[p->n] = (struct rd_instr){
		.op = op, .a = a, .b = b, .c = RD_NONE, .mask = RD_NONE, .position = RD_NONE
	};
	return p->n++;
}

static uint32_t put_out(struct rd_prog *p, uint32_t value)
{
	((uint32_t *)(uintptr_t)p->out)[p->n_out] = value;
	return p->n_out++;
}

/* ---- rewriting, a function a kind
 * ------------------------------------------------------------------- */

/* The person column is read even where the query does not ask for it. */
static bool move_scan(struct builder *b, uint32_t index, struct rd_node *n, struct rd_err *err)
{
	const struct rd_node *old = &b->old->node[index];
	const struct rd_table_rules *rule = &b->rules.rule[old->scan.table];
	uint32_t *column = RD_NEW_ARRAY(b->arena, uint32_t, (size_t)old->n_cols + 1, err);
	bool there = !rules_asks(rule);

	if (!column)
		return false;
	for (uint32_t i = 0; i < old->n_cols; i++) {
		column[i] = old->scan.column[i];
		there = there || column[i] == rule->person_column;
	}
	n->scan.column = column;
	if (!there)
		column[n->n_cols++] = rule->person_column;
	return identity(b, index, old->n_cols, err);
}

static bool move_filter(struct builder *b, uint32_t index, struct rd_node *n, struct rd_err *err)
{
	const struct rd_node *old = &b->old->node[index], *in = new_input(b, old, 0);

	b->place[index].column = b->place[old->input[0]].column;
	return move_prog(b, &old->filter.prog, b->place[index].column, 0, &n->filter.prog, err) &&
	       type_prog(&n->filter.prog, in->col, in->n_cols, err);
}

static bool has_column(const struct rd_prog *p, uint32_t column)
{
	for (uint32_t i = 0; i < p->n_out; i++)
		if (p->instr[p->out[i]].op == RD_OP_COLUMN && p->instr[p->out[i]].a == column)
			return true;
	return false;
}

static bool move_project(struct builder *b, uint32_t index, struct rd_node *n, struct rd_err *err)
{
	const struct rd_node *old = &b->old->node[index], *in = new_input(b, old, 0);
	const struct flow *flow = new_flow(b, old, 0);
	struct rd_prog *p = &n->project.prog;

	if (!move_prog(b, &old->project.prog, b->place[old->input[0]].column, flow->n_persons, p,
		       err))
		return false;
	for (uint32_t i = 0; i < flow->n_persons; i++)
		if (flow->person[i].column != RD_NONE && !has_column(p, flow->person[i].column))
			(void)put_out(p,
				      put_instr(p, RD_OP_COLUMN, flow->person[i].column, RD_NONE));
	n->n_cols = p->n_out;
	return type_prog(p, in->col, in->n_cols, err) && identity(b, index, old->n_cols, err);
}

static bool move_columns(struct builder *b, const uint32_t *in, uint32_t n, const uint32_t *map,
			 const uint32_t **out, struct rd_err *err)
{
	uint32_t *moved = RD_NEW_ARRAY(b->arena, uint32_t, n, err);

	if (!moved)
		return false;
	for (uint32_t i = 0; i < n; i++)
		moved[i] = map[in[i]];
	*out = moved;
	return true;
}

static bool move_join(struct builder *b, uint32_t index, struct rd_node *n, struct rd_err *err)
{
	const struct rd_node *old = &b->old->node[index];
	const struct rd_node *left = new_input(b, old, 0), *right = new_input(b, old, 1);
	uint32_t old_left = b->old->node[old->input[0]].n_cols;
	uint32_t old_right = b->old->node[old->input[1]].n_cols;
	const uint32_t *map_left = b->place[old->input[0]].column;
	const uint32_t *map_right = b->place[old->input[1]].column;
	uint32_t *both = RD_NEW_ARRAY(b->arena, uint32_t, (size_t)old_left + old_right, err);
	struct rd_coltype *types = RD_NEW_ARRAY(b->arena, struct rd_coltype,
						(size_t)left->n_cols + right->n_cols, err);

	if (!both || !types)
		return false;
	for (uint32_t i = 0; i < old_left; i++)
		both[i] = map_left[i];
	for (uint32_t i = 0; i < old_right; i++)
		both[old_left + i] = left->n_cols + map_right[i];
	if (left->n_cols)
		memcpy(types, left->col, left->n_cols * sizeof(*types));
	if (right->n_cols)
		memcpy(types + left->n_cols, right->col, right->n_cols * sizeof(*types));
	b->place[index].column = both;
	if (old->join.has_residual &&
	    (!move_prog(b, &old->join.residual, both, 0, &n->join.residual, err) ||
	     !type_prog(&n->join.residual, types, left->n_cols + right->n_cols, err)))
		return false;
	return move_columns(b, old->join.left_key, old->join.n_keys, map_left, &n->join.left_key,
			    err) &&
	       move_columns(b, old->join.right_key, old->join.n_keys, map_right, &n->join.right_key,
			    err);
}

/* All columns order a sort: so it can only stand where none were added. */
static bool move_sort(struct builder *b, uint32_t index, struct rd_node *n, struct rd_err *err)
{
	const struct rd_node *old = &b->old->node[index];
	struct rd_sort_key *key = RD_NEW_ARRAY(b->arena, struct rd_sort_key, old->sort.n_keys, err);

	if (!key)
		return false;
	if (new_input(b, old, 0)->n_cols != b->old->node[old->input[0]].n_cols)
		return rd_fail(err, RD_FAULT_REFUSED, "rules.limit",
			       "ORDER BY below the guard would order persons; aggregate first");
	for (uint32_t i = 0; i < old->sort.n_keys; i++) {
		key[i] = old->sort.key[i];
		key[i].column = b->place[old->input[0]].column[key[i].column];
	}
	n->sort.key = key;
	b->place[index].column = b->place[old->input[0]].column;
	return true;
}

static bool move_as_is(struct builder *b, uint32_t index, struct rd_err *err)
{
	const struct rd_node *old = &b->old->node[index];

	for (uint32_t i = 0; i < rd_node_inputs(old->kind); i++)
		if (new_input(b, old, i)->n_cols != b->old->node[old->input[i]].n_cols)
			return rd_fail(err, RD_FAULT_REFUSED, "rules.rows",
				       "rows of single persons would go out or be compared; group "
				       "them");
	return identity(b, index, old->n_cols, err);
}

/* ---- aggregates
 * -------------------------------------------------------------------------------------- */

struct guarding {
	const struct rd_node *old;
	struct rd_node agg;
	struct rd_agg *list;
	uint32_t input; /* new node */
	struct rd_guard_rule *rule;
	uint32_t n_rules;
	struct rd_guard_cell *cell;
	uint32_t n_cells;
};

static bool move_aggregate(struct builder *b, uint32_t index, uint32_t more, struct guarding *g,
			   struct rd_err *err)
{
	const struct rd_node *old = &b->old->node[index], *in = new_input(b, old, 0);
	const uint32_t *map = b->place[old->input[0]].column;

	g->old = old;
	g->input = b->place[old->input[0]].node;
	g->agg = *old;
	g->agg.input[0] = g->input;
	g->list = RD_NEW_ARRAY(b->arena, struct rd_agg, (size_t)old->aggregate.n_aggs + more, err);
	if (!g->list || !move_columns(b, old->aggregate.key, old->aggregate.n_keys, map,
				      &g->agg.aggregate.key, err))
		return false;
	for (uint32_t i = 0; i < old->aggregate.n_aggs; i++) {
		struct rd_agg *a = &g->list[i];
		bool may_be_empty = old->aggregate.n_keys == 0 || old->aggregate.n_sets;

		*a = old->aggregate.agg[i];
		if (a->column != RD_NONE)
			a->column = map[a->column];
		if (a->filter != RD_NONE)
			a->filter = map[a->filter];
		if (!rd_agg_derive(a->fn,
				   a->column == RD_NONE ? (struct rd_coltype){ 0 }
							: in->col[a->column],
				   may_be_empty || a->filter != RD_NONE, &a->type, err))
			return false;
	}
	g->agg.aggregate.agg = g->list;
	return identity(b, index, old->n_cols, err);
}

/* Every table that asks finds its persons among the keys. */
static bool keeps_persons(const struct builder *b, const struct rd_node *old)
{
	const struct flow *flow = new_flow(b, old, 0);
	const uint32_t *map = b->place[old->input[0]].column;

	for (uint32_t p = 0; p < flow->n_persons; p++) {
		bool kept = false;

		for (uint32_t k = 0; k < old->aggregate.n_keys && old->aggregate.n_sets == 0; k++)
			kept = kept || map[old->aggregate.key[k]] == flow->person[p].column;
		if (!kept)
			return false;
	}
	return true;
}

static uint32_t put_count(struct guarding *g, uint32_t person, uint32_t filter)
{
	uint32_t n = g->agg.aggregate.n_aggs++;

	g->list[n] = (struct rd_agg){ .fn = RD_AGG_COUNT,
				      .distinct = true,
				      .column = person,
				      .filter = filter,
				      .type = { .type = RD_INT64 },
				      .position = RD_NONE };
	return g->agg.aggregate.n_keys + n;
}

/* A projection in front of the aggregate: its input, and for each cell a flag "there is a value".
 */
static bool add_flags(struct builder *b, struct guarding *g, uint32_t *flag, struct rd_err *err)
{
	const struct rd_node *in = &b->plan.node[g->input];
	uint32_t n_aggs = g->old->aggregate.n_aggs;
	struct rd_prog none = { 0 }, *p;
	struct rd_node n = { .kind = RD_NODE_PROJECT, .input = { g->input, RD_NONE } };

	p = &n.project.prog;
	if (!move_prog(b, &none, NULL, in->n_cols + 3 * n_aggs, p, err))
		return false;
	for (uint32_t c = 0; c < in->n_cols; c++)
		(void)put_out(p, put_instr(p, RD_OP_COLUMN, c, RD_NONE));
	for (uint32_t i = 0; i < n_aggs; i++) {
		const struct rd_agg *a = &g->list[i];
		uint32_t value;

		flag[i] = a->filter;
		if (!rules_is_cell(in, a) || a->column == RD_NONE)
			continue;
		value = put_instr(p, RD_OP_IS_NULL, a->column, RD_NONE);
		value = put_instr(p, RD_OP_NOT, value, RD_NONE);
		if (a->filter != RD_NONE)
			value = put_instr(p, RD_OP_AND, a->filter, value);
		flag[i] = put_out(p, value);
	}
	n.n_cols = p->n_out;
	return type_prog(p, in->col, in->n_cols, err) && add(b, &n, false, &g->agg.input[0], err);
}

static bool asks_cells(const struct builder *b, const struct flow *flow)
{
	for (uint32_t p = 0; p < flow->n_persons; p++)
		if (b->rules.rule[flow->person[p].table].min_cell)
			return true;
	return false;
}

static bool add_cells(struct builder *b, struct guarding *g, const struct flow *flow,
		      struct rd_err *err)
{
	const struct rd_node *in = &b->plan.node[g->input];
	uint32_t n_aggs = g->old->aggregate.n_aggs;
	uint32_t *flag = RD_NEW_ARRAY(b->arena, uint32_t, n_aggs, err);

	if (!flag || !add_flags(b, g, flag, err))
		return false;
	for (uint32_t p = 0; p < flow->n_persons; p++) {
		const struct flow_person *person = &flow->person[p];
		uint64_t min = b->rules.rule[person->table].min_cell;

		for (uint32_t i = 0; i < n_aggs && min; i++) {
			if (!rules_is_cell(in, &g->list[i]))
				continue;
			g->cell[g->n_cells++] = (struct rd_guard_cell){
				.table = person->table,
				.column = g->agg.aggregate.n_keys + i,
				.count_column = put_count(g, person->column, flag[i]),
				.min = min,
			};
		}
	}
	return true;
}

static bool add_guard(struct builder *b, struct guarding *g, uint32_t *index, struct rd_err *err)
{
	struct rd_node n = { .kind = RD_NODE_GUARD, .input = { 0, RD_NONE } };

	if (!add(b, &g->agg, true, &n.input[0], err))
		return false;
	n.guard.keep = g->old->n_cols;
	n.guard.n_rules = g->n_rules;
	n.guard.rule = g->rule;
	n.guard.n_cells = g->n_cells;
	n.guard.cell = g->cell;
	return add(b, &n, false, index, err);
}

static bool put_aggregate(struct builder *b, uint32_t index, struct rd_err *err)
{
	const struct rd_node *old = &b->old->node[index];
	const struct flow *flow = new_flow(b, old, 0);
	uint32_t n_aggs = old->aggregate.n_aggs, more = flow->n_persons * (1 + n_aggs);
	struct guarding g = { 0 };

	if (!move_aggregate(b, index, more, &g, err))
		return false;
	if (!b->outermost[index] && keeps_persons(b, old))
		return add(b, &g.agg, false, &b->place[index].node, err);
	g.rule = RD_NEW_ARRAY(b->arena, struct rd_guard_rule, flow->n_persons, err);
	g.cell = RD_NEW_ARRAY(b->arena, struct rd_guard_cell, more, err);
	if (!g.rule || !g.cell)
		return false;
	for (uint32_t p = 0; p < flow->n_persons; p++) {
		const struct flow_person *person = &flow->person[p];
		uint64_t min = b->rules.rule[person->table].min_persons;

		if (person->column == RD_NONE)
			return rd_fail(err, RD_FAULT_REFUSED, "rules.person_lost",
				       "the persons of %.*s cannot be counted here: what links "
				       "them to the rows was dropped or negated",
				       RD_FMT(b->old->table[person->table].name));
		if (min)
			g.rule[g.n_rules++] = (struct rd_guard_rule){
				.table = person->table,
				.count_column = put_count(&g, person->column, RD_NONE),
				.min = min,
			};
	}
	if (asks_cells(b, flow) && !add_cells(b, &g, flow, err))
		return false;
	return add_guard(b, &g, &b->place[index].node, err);
}

/* ---- the whole
 * --------------------------------------------------------------------------------------- */

static bool put_node(struct builder *b, uint32_t index, struct rd_err *err)
{
	const struct rd_node *old = &b->old->node[index];
	struct rd_node n = *old;
	bool ok;

	for (uint32_t i = 0; i < rd_node_inputs(old->kind); i++)
		n.input[i] = b->place[old->input[i]].node;
	switch ((enum rd_node_kind)old->kind) {
	case RD_NODE_AGGREGATE:
		return put_aggregate(b, index, err);
	case RD_NODE_SCAN:
		ok = move_scan(b, index, &n, err);
		break;
	case RD_NODE_FILTER:
		ok = move_filter(b, index, &n, err);
		break;
	case RD_NODE_PROJECT:
		ok = move_project(b, index, &n, err);
		break;
	case RD_NODE_JOIN:
		ok = move_join(b, index, &n, err);
		break;
	case RD_NODE_SORT:
		ok = move_sort(b, index, &n, err);
		break;
	case RD_NODE_GUARD:
		return rd_fail(err, RD_FAULT_USAGE, "rules.guard", "the plan has a guard already");
	case RD_NODE_LIMIT:
		b->place[index].column = b->place[old->input[0]].column;
		ok = true;
		break;
	default:
		ok = move_as_is(b, index, err);
	}
	return ok && add(b, &n, false, &b->place[index].node, err);
}

static bool find_outermost(struct builder *b, struct rd_err *err)
{
	const struct rd_plan *plan = b->old;
	bool *open = RD_NEW_ARRAY(b->arena, bool, plan->n_nodes, err);

	b->outermost = RD_NEW_ARRAY(b->arena, bool, plan->n_nodes, err);
	if (!open || !b->outermost)
		return false;
	open[plan->n_nodes - 1] = true;
	for (uint32_t i = plan->n_nodes; i-- > 0;) {
		bool is_aggregate = plan->node[i].kind == RD_NODE_AGGREGATE;

		b->outermost[i] = open[i] && is_aggregate;
		for (uint32_t k = 0; k < rd_node_inputs(plan->node[i].kind); k++)
			open[plan->node[i].input[k]] |= open[i] && !is_aggregate;
	}
	return true;
}

static bool builder_new(struct builder *b, const struct rd_plan *plan,
			const struct rd_table_rules *rules, struct rd_err *err)
{
	b->cap = 3 * plan->n_nodes;
	b->plan = (struct rd_plan){ .n_tables = plan->n_tables, .table = plan->table };
	b->plan.node = RD_NEW_ARRAY(b->arena, struct rd_node, b->cap, err);
	b->place = RD_NEW_ARRAY(b->arena, struct place, plan->n_nodes, err);
	b->rules = (struct rules){ .plan = &b->plan, .rule = rules, .arena = b->arena };
	b->rules.flow = RD_NEW_ARRAY(b->arena, struct flow, b->cap, err);
	return b->plan.node && b->place && b->rules.flow && find_outermost(b, err);
}

bool rd_rules_apply(const struct rd_plan *plan, const struct rd_table_rules *rules,
		    struct rd_arena *arena, struct rd_plan *out, struct rd_rules_report *report,
		    struct rd_err *err)
{
	struct builder b = { .old = plan, .arena = arena };

	for (uint32_t i = 0; i < plan->n_tables; i++)
		if (rules_asks(&rules[i]) && rules[i].person_column >= plan->table[i].n_cols)
			return rd_fail(err, RD_FAULT_USAGE, "rules.person_lost",
				       "table %.*s asks for persons and has no person column",
				       RD_FMT(plan->table[i].name));
	if (!rd_plan_check(plan, err) || !builder_new(&b, plan, rules, err))
		return false;
	for (uint32_t i = 0; i < plan->n_nodes; i++)
		if (!put_node(&b, i, err))
			return false;
	*out = b.plan;
	return rd_rules_verify(out, rules, arena, report, err);
}
