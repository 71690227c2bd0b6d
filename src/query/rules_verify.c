/* A guarded plan against the rules, as the enclave and `--accept-plan` see it; the warnings. */
#include "rules_int.h"

#define WARNINGS_MAX 64u

/* The aggregates whose one consumer is a guard. */
static bool find_boundaries(const struct rd_plan *plan, struct rd_arena *arena, bool **out,
			    struct rd_err *err)
{
	uint32_t *uses = RD_NEW_ARRAY(arena, uint32_t, plan->n_nodes, err);
	bool *guarded = RD_NEW_ARRAY(arena, bool, plan->n_nodes, err);

	if (!uses || !guarded)
		return false;
	for (uint32_t i = 0; i < plan->n_nodes; i++)
		for (uint32_t k = 0; k < rd_node_inputs(plan->node[i].kind); k++) {
			uses[plan->node[i].input[k]]++;
			guarded[plan->node[i].input[k]] |= plan->node[i].kind == RD_NODE_GUARD;
		}
	for (uint32_t i = 0; i < plan->n_nodes; i++)
		guarded[i] = guarded[i] && uses[i] == 1 && plan->node[i].kind == RD_NODE_AGGREGATE;
	*out = guarded;
	return true;
}

static bool check_tables(const struct rules *r, struct rd_err *err)
{
	for (uint32_t i = 0; i < r->plan->n_tables; i++)
		if (rules_asks(&r->rule[i]) && r->rule[i].person_column >= r->plan->table[i].n_cols)
			return rd_fail(err, RD_FAULT_USAGE, "rules.person_lost",
				       "table %.*s asks for persons and has no person column",
				       RD_FMT(r->plan->table[i].name));
	return true;
}

/* ---- warnings
 * ------------------------------------------------------------------------------------ */

static bool warn(struct rd_rules_warning *list, uint32_t *n, const char *code, const char *text)
{
	for (uint32_t i = 0; i < *n; i++)
		if (list[i].code == code)
			return true;
	if (*n < WARNINGS_MAX)
		list[(*n)++] = (struct rd_rules_warning){ .code = code, .text = rd_view_str(text) };
	return true;
}

static bool can_fail(const struct rd_node *n)
{
	const struct rd_prog *p = n->kind == RD_NODE_FILTER    ? &n->filter.prog
				  : n->kind == RD_NODE_PROJECT ? &n->project.prog
				  : n->kind == RD_NODE_JOIN && n->join.has_residual
					  ? &n->join.residual
					  : NULL;

	for (uint32_t i = 0; p && i < p->n; i++)
		if (rd_instr_can_fail(p, i))
			return true;
	return false;
}

static void warn_guard(const struct rules *r, const struct rd_node *guard,
		       struct rd_rules_warning *list, uint32_t *n)
{
	const struct rd_node *agg = &r->plan->node[guard->input[0]];

	if (guard->guard.n_rules == 0)
		(void)warn(list, n, "rules.no_minimum",
			   "no table asks for a smallest group: a group may be one person");
	for (uint32_t i = 0; i + agg->aggregate.n_keys < guard->guard.keep; i++) {
		const struct rd_agg *a = &agg->aggregate.agg[i];

		if (a->fn == RD_AGG_SUM || a->fn == RD_AGG_AVG)
			(void)warn(list, n, "rules.dominance",
				   "one person may make up most of a sum or an average");
		if (a->fn == RD_AGG_COUNT_STAR || a->fn == RD_AGG_COUNT ||
		    rules_is_cell(&r->plan->node[agg->input[0]], a))
			if (guard->guard.n_cells == 0)
				(void)warn(list, n, "rules.small_cells",
					   "small counts inside a large group are shown; min_cell "
					   "would withhold them");
	}
}

static bool report_on(const struct rules *r, struct rd_rules_report *report, struct rd_err *err)
{
	struct rd_rules_warning *list =
		RD_NEW_ARRAY(r->arena, struct rd_rules_warning, WARNINGS_MAX, err);
	uint32_t n = 0;

	if (!list)
		return false;
	for (uint32_t i = 0; i < r->plan->n_nodes; i++) {
		const struct rd_node *node = &r->plan->node[i];

		if (node->kind == RD_NODE_GUARD)
			warn_guard(r, node, list, &n);
		if (r->flow[i].below_guard && can_fail(node))
			(void)warn(list, &n, "rules.below_guard_error",
				   "an expression below the guard may fail for one person's row: "
				   "that it failed is told");
	}
	*report = (struct rd_rules_report){ .n = n, .warning = list };
	return true;
}

bool rd_rules_verify(const struct rd_plan *guarded, const struct rd_table_rules *rules,
		     struct rd_arena *arena, struct rd_rules_report *report, struct rd_err *err)
{
	struct rules r = { .plan = guarded, .rule = rules, .arena = arena };
	bool *boundary;

	if (!rd_plan_check(guarded, err))
		return false;
	r.flow = RD_NEW_ARRAY(arena, struct flow, guarded->n_nodes, err);
	if (!r.flow || !check_tables(&r, err) || !find_boundaries(guarded, arena, &boundary, err))
		return false;
	for (uint32_t i = 0; i < guarded->n_nodes; i++)
		if (!rules_flow_node(&r, i, boundary[i], err))
			return false;
	return report_on(&r, report, err);
}
