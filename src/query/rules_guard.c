/* Guards: that they ask for enough, and that what they count is what they must count. */
#include "rules_int.h"

struct guard {
	const struct rules *rules;
	const struct rd_node *guard, *agg, *input;
	const struct flow *flow; /* of the aggregate's input */
};

bool rules_is_cell(const struct rd_node *input, const struct rd_agg *agg)
{
	return agg->filter != RD_NONE ||
	       (agg->column != RD_NONE && input->col[agg->column].nullable);
}

/* The aggregate behind a count column of the guard, which must not be one that goes out. */
static const struct rd_agg *count_agg(const struct guard *g, uint32_t column)
{
	uint32_t n_keys = g->agg->aggregate.n_keys;

	if (column < g->guard->guard.keep || column < n_keys ||
	    column - n_keys >= g->agg->aggregate.n_aggs)
		return NULL;
	return &g->agg->aggregate.agg[column - n_keys];
}

static bool counts_person(const struct rd_agg *a, uint32_t person)
{
	return a && a->fn == RD_AGG_COUNT && a->distinct && a->column == person;
}

static bool has_rule(const struct guard *g, const struct flow_person *p, uint64_t min)
{
	for (uint32_t i = 0; i < g->guard->guard.n_rules; i++) {
		const struct rd_guard_rule *rule = &g->guard->guard.rule[i];
		const struct rd_agg *a = count_agg(g, rule->count_column);

		if (rule->table == p->table && rule->min >= min && counts_person(a, p->column) &&
		    a->filter == RD_NONE)
			return true;
	}
	return false;
}

/* Does the input's column `flag` say that column `arg` is not NULL (and `filter` true)? */
static bool says_present(const struct guard *g, uint32_t flag, uint32_t arg, uint32_t filter)
{
	const struct rd_prog *p = &g->input->project.prog;
	const struct rd_instr *x, *is_null, *a;

	if (arg == RD_NONE)
		return flag == filter;
	if (g->input->kind != RD_NODE_PROJECT)
		return false;
	x = &p->instr[p->out[flag]];
	if (filter != RD_NONE) {
		if (x->op != RD_OP_AND || x->a != p->out[filter])
			return false;
		x = &p->instr[x->b];
	}
	if (x->op != RD_OP_NOT)
		return false;
	is_null = &p->instr[x->a];
	if (is_null->op != RD_OP_IS_NULL)
		return false;
	a = &p->instr[is_null->a];
	/* The very value, or the very column that the argument is. */
	return is_null->a == p->out[arg] ||
	       (a->op == RD_OP_COLUMN && p->instr[p->out[arg]].op == RD_OP_COLUMN &&
		a->a == p->instr[p->out[arg]].a);
}

static bool has_cell(const struct guard *g, const struct flow_person *p, uint32_t column,
		     uint64_t min)
{
	const struct rd_agg *cell = &g->agg->aggregate.agg[column - g->agg->aggregate.n_keys];

	for (uint32_t i = 0; i < g->guard->guard.n_cells; i++) {
		const struct rd_guard_cell *c = &g->guard->guard.cell[i];
		const struct rd_agg *a = count_agg(g, c->count_column);

		if (c->table == p->table && c->column == column && c->min >= min &&
		    counts_person(a, p->column) && a->filter != RD_NONE &&
		    says_present(g, a->filter, cell->column, cell->filter))
			return true;
	}
	return false;
}

static bool missing(const struct guard *g, const struct flow_person *p, const char *what,
		    struct rd_err *err)
{
	return rd_fail(err, RD_FAULT_REFUSED, "rules.guard", "the guard does not hold %.*s's %s",
		       RD_FMT(g->rules->plan->table[p->table].name), what);
}

bool rules_guard(const struct rules *r, uint32_t index, struct rd_err *err)
{
	const struct rd_node *n = &r->plan->node[index];
	const struct rd_node *agg = &r->plan->node[n->input[0]];
	const struct guard g = { .rules = r,
				 .guard = n,
				 .agg = agg,
				 .input = &r->plan->node[agg->input[0]],
				 .flow = &r->flow[agg->input[0]] };

	for (uint32_t i = 0; i < g.flow->n_persons; i++) {
		const struct flow_person *p = &g.flow->person[i];
		const struct rd_table_rules *rule = &r->rule[p->table];

		if (p->column == RD_NONE)
			return rd_fail(err, RD_FAULT_REFUSED, "rules.person_lost",
				       "the persons of %.*s cannot be counted here: what links "
				       "them to the rows was dropped or negated",
				       RD_FMT(r->plan->table[p->table].name));
		if (rule->min_persons && !has_rule(&g, p, rule->min_persons))
			return missing(&g, p, "min_persons", err);
		if (!rule->min_cell)
			continue;
		for (uint32_t c = agg->aggregate.n_keys; c < n->guard.keep; c++)
			if (rules_is_cell(g.input,
					  &agg->aggregate.agg[c - agg->aggregate.n_keys]) &&
			    !has_cell(&g, p, c, rule->min_cell))
				return missing(&g, p, "min_cell", err);
	}
	return true;
}
