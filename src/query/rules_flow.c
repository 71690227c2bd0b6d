/* Classes and persons, from the inputs of a node to its output: PROTOCOL.md 6. */
#include "rules_int.h"

#include <string.h>

static bool refuse(struct rd_err *err, const char *code, const char *what)
{
	return rd_fail(err, RD_FAULT_REFUSED, code, "%s", what);
}

static bool flow_new(const struct rules *r, uint32_t index, uint32_t n_persons, struct rd_err *err)
{
	struct flow *f = &r->flow[index];

	if (n_persons > PERSONS_MAX)
		return refuse(err, "rules.persons",
			      "too many tables are joined that ask for persons");
	*f = (struct flow){ .n_persons = n_persons };
	f->column = RD_NEW_ARRAY(r->arena, struct flow_column, r->plan->node[index].n_cols, err);
	f->person = RD_NEW_ARRAY(r->arena, struct flow_person, n_persons, err);
	return f->column && f->person;
}

static const struct flow *input_flow(const struct rules *r, const struct rd_node *n, uint32_t i)
{
	return &r->flow[n->input[i]];
}

/* ---- leaves
 * -------------------------------------------------------------------------------------- */

static bool flow_scan(const struct rules *r, uint32_t index, struct rd_err *err)
{
	const struct rd_node *n = &r->plan->node[index];
	const struct rd_table_rules *rule = &r->rule[n->scan.table];
	struct flow *f = &r->flow[index];

	if (!flow_new(r, index, rules_asks(rule) ? 1 : 0, err))
		return false;
	f->below_guard = true;
	if (f->n_persons)
		f->person[0] = (struct flow_person){ .table = n->scan.table, .column = RD_NONE };
	for (uint32_t i = 0; i < n->n_cols; i++) {
		uint32_t c = n->scan.column[i];

		f->column[i] = (struct flow_column){
			.class_ = r->plan->table[n->scan.table].column[c].class_,
			.table = n->scan.table,
			.column = c,
		};
		if (f->column[i].class_ == RD_CLASS_HIDDEN)
			return rules_refuse(r, &f->column[i], RD_NONE, "it may not be used", err);
		if (f->n_persons && c == rule->person_column)
			f->person[0].column = i;
	}
	return true;
}

static bool flow_values(const struct rules *r, uint32_t index, struct rd_err *err)
{
	if (!flow_new(r, index, 0, err))
		return false;
	for (uint32_t i = 0; i < r->plan->node[index].n_cols; i++)
		r->flow[index].column[i] =
			(struct flow_column){ .class_ = RD_CLASS_VISIBLE, .table = RD_NONE };
	return true;
}

/* ---- one input
 * ------------------------------------------------------------------------------------ */

/* As the input, column by column. */
static bool flow_same(const struct rules *r, uint32_t index, struct rd_err *err)
{
	const struct rd_node *n = &r->plan->node[index];
	const struct flow *in = input_flow(r, n, 0);
	struct flow *f = &r->flow[index];

	if (!flow_new(r, index, in->n_persons, err))
		return false;
	if (n->n_cols)
		memcpy(f->column, in->column, n->n_cols * sizeof(*f->column));
	if (in->n_persons)
		memcpy(f->person, in->person, in->n_persons * sizeof(*f->person));
	f->below_guard = in->below_guard;
	return true;
}

static uint8_t *classes(const struct rules *r, const struct rd_prog *prog,
			const struct flow_column *input, struct rd_err *err)
{
	uint8_t *out = rd_arena_alloc(r->arena, prog->n, 1, err);

	return out && rules_prog(r, prog, input, out, err) ? out : NULL;
}

static bool condition(const struct rules *r, const struct rd_prog *prog,
		      const struct flow_column *input, struct rd_err *err)
{
	const uint8_t *c = classes(r, prog, input, err);
	const struct flow_column found = { .class_ = c ? c[prog->out[0]] : 0, .table = RD_NONE };

	if (!c)
		return false;
	return found.class_ >= RD_CLASS_GROUP ||
	       rules_refuse(r, &found, prog->instr[prog->out[0]].position,
			    "a condition needs class group", err);
}

static bool flow_filter(const struct rules *r, uint32_t index, struct rd_err *err)
{
	const struct rd_node *n = &r->plan->node[index];

	return condition(r, &n->filter.prog, input_flow(r, n, 0)->column, err) &&
	       flow_same(r, index, err);
}

static bool flow_project(const struct rules *r, uint32_t index, struct rd_err *err)
{
	const struct rd_node *n = &r->plan->node[index];
	const struct rd_prog *prog = &n->project.prog;
	const struct flow *in = input_flow(r, n, 0);
	const uint8_t *class_ = classes(r, prog, in->column, err);
	struct flow *f = &r->flow[index];

	if (!class_ || !flow_new(r, index, in->n_persons, err))
		return false;
	f->below_guard = in->below_guard;
	for (uint32_t p = 0; p < in->n_persons; p++)
		f->person[p] = (struct flow_person){ in->person[p].table, RD_NONE };
	for (uint32_t i = 0; i < n->n_cols; i++) {
		const struct rd_instr *x = &prog->instr[prog->out[i]];

		f->column[i] =
			(struct flow_column){ .class_ = class_[prog->out[i]], .table = RD_NONE };
		if (x->op != RD_OP_COLUMN)
			continue;
		f->column[i] = in->column[x->a];
		for (uint32_t p = 0; p < in->n_persons; p++)
			if (in->person[p].column == x->a)
				f->person[p].column = i;
	}
	return true;
}

/* Which rows a sort and a limit let through tells something of every column that orders them. */
static bool flow_sort(const struct rules *r, uint32_t index, struct rd_err *err)
{
	const struct flow *in = input_flow(r, &r->plan->node[index], 0);

	for (uint32_t i = 0; i < r->plan->node[index].n_cols; i++)
		if (in->column[i].class_ < RD_CLASS_GROUP)
			return rules_refuse(r, &in->column[i], RD_NONE,
					    "sorting by it needs class group (a sort uses all "
					    "columns)",
					    err);
	return flow_same(r, index, err);
}

static bool flow_limit(const struct rules *r, uint32_t index, struct rd_err *err)
{
	if (input_flow(r, &r->plan->node[index], 0)->n_persons)
		return refuse(err, "rules.limit",
			      "LIMIT below the guard would pick out persons; aggregate first");
	return flow_same(r, index, err);
}

/* ---- joins
 * ----------------------------------------------------------------------------------------- */

static bool join_keys(const struct rules *r, const struct rd_node *n, struct rd_err *err)
{
	const struct flow *left = input_flow(r, n, 0), *right = input_flow(r, n, 1);

	for (uint32_t i = 0; i < n->join.n_keys; i++) {
		const struct flow_column *a = &left->column[n->join.left_key[i]];
		const struct flow_column *b = &right->column[n->join.right_key[i]];
		bool both_join = a->class_ == RD_CLASS_JOIN && b->class_ == RD_CLASS_JOIN;

		if (!both_join && (a->class_ < RD_CLASS_GROUP || b->class_ < RD_CLASS_GROUP))
			return rules_refuse(r, a->class_ < RD_CLASS_GROUP ? a : b, RD_NONE,
					    "a join column may only be set equal to another join "
					    "column, other columns need class group",
					    err);
	}
	return true;
}

static bool join_residual(const struct rules *r, const struct rd_node *n,
			  const struct flow_column *both, struct rd_err *err)
{
	return !n->join.has_residual || condition(r, &n->join.residual, both, err);
}

/* Persons of the right side of a semi join are those of the left key that was found among them. */
static uint32_t semi_column(const struct rd_node *n, uint32_t right_column)
{
	for (uint32_t i = 0; i < n->join.n_keys; i++)
		if (n->join.kind == RD_JOIN_SEMI && n->join.right_key[i] == right_column)
			return n->join.left_key[i];
	return RD_NONE;
}

static bool flow_join(const struct rules *r, uint32_t index, struct rd_err *err)
{
	const struct rd_node *n = &r->plan->node[index];
	const struct flow *left = input_flow(r, n, 0), *right = input_flow(r, n, 1);
	uint32_t n_left = r->plan->node[n->input[0]].n_cols;
	uint32_t n_right = r->plan->node[n->input[1]].n_cols;
	struct flow_column *both =
		RD_NEW_ARRAY(r->arena, struct flow_column, (size_t)n_left + n_right, err);
	struct flow *f = &r->flow[index];

	if (!both || !flow_new(r, index, left->n_persons + right->n_persons, err))
		return false;
	if (n_left)
		memcpy(both, left->column, n_left * sizeof(*both));
	if (n_right)
		memcpy(both + n_left, right->column, n_right * sizeof(*both));
	if (!join_keys(r, n, err) || !join_residual(r, n, both, err))
		return false;
	if (n->n_cols)
		memcpy(f->column, both, n->n_cols * sizeof(*both));
	f->below_guard = left->below_guard || right->below_guard;
	for (uint32_t p = 0; p < left->n_persons; p++)
		f->person[p] = left->person[p];
	for (uint32_t p = 0; p < right->n_persons; p++) {
		struct flow_person x = right->person[p];

		if (x.column != RD_NONE)
			x.column = rd_join_left_only(n->join.kind) ? semi_column(n, x.column)
								   : x.column + n_left;
		f->person[left->n_persons + p] = x;
	}
	return true;
}

/* ---- aggregates
 * ------------------------------------------------------------------------------------ */

static bool agg_class(const struct rules *r, const struct flow *in, const struct rd_agg *agg,
		      uint8_t *out, struct rd_err *err)
{
	uint8_t least = RD_CLASS_AGGREGATE;
	const char *what = "sum, avg, count and stddev need class aggregate";

	*out = RD_CLASS_VISIBLE;
	if (agg->filter != RD_NONE) {
		*out = in->column[agg->filter].class_;
		if (*out < RD_CLASS_GROUP)
			return rules_refuse(r, &in->column[agg->filter], agg->position,
					    "a FILTER needs class group", err);
	}
	if (agg->column == RD_NONE)
		return true;
	if (agg->fn == RD_AGG_COUNT && agg->distinct)
		least = RD_CLASS_JOIN;
	if (agg->fn == RD_AGG_MIN || agg->fn == RD_AGG_MAX || agg->fn == RD_AGG_ANY) {
		least = RD_CLASS_GROUP;
		what = "min and max need class group";
	}
	if (in->column[agg->column].class_ < least)
		return rules_refuse(r, &in->column[agg->column], agg->position, what, err);
	if (in->column[agg->column].class_ < *out)
		*out = in->column[agg->column].class_;
	return true;
}

static uint32_t key_of(const struct rd_node *n, uint32_t column)
{
	for (uint32_t k = 0; k < n->aggregate.n_keys && n->aggregate.n_sets == 0; k++)
		if (n->aggregate.key[k] == column)
			return k;
	return RD_NONE;
}

/* Below a guard each person stays a group of its own, or the guard comes here. */
static bool inner_persons(const struct rules *r, uint32_t index, struct rd_err *err)
{
	const struct rd_node *n = &r->plan->node[index];
	const struct flow *in = input_flow(r, n, 0);
	struct flow *f = &r->flow[index];

	for (uint32_t p = 0; p < in->n_persons; p++) {
		uint32_t key =
			in->person[p].column == RD_NONE ? RD_NONE : key_of(n, in->person[p].column);

		if (key == RD_NONE)
			return rd_fail(err, RD_FAULT_REFUSED, "rules.unguarded",
				       "rows of %.*s are aggregated over several persons without a "
				       "guard",
				       RD_FMT(r->plan->table[in->person[p].table].name));
		f->person[p] = (struct flow_person){ in->person[p].table, key };
	}
	return true;
}

static bool flow_aggregate(const struct rules *r, uint32_t index, bool is_boundary,
			   struct rd_err *err)
{
	const struct rd_node *n = &r->plan->node[index];
	const struct flow *in = input_flow(r, n, 0);
	struct flow *f = &r->flow[index];
	uint8_t least = is_boundary ? RD_CLASS_GROUP : RD_CLASS_JOIN;

	if (!flow_new(r, index, is_boundary ? 0 : in->n_persons, err))
		return false;
	f->is_boundary = is_boundary;
	f->below_guard = true;
	for (uint32_t k = 0; k < n->aggregate.n_keys; k++) {
		f->column[k] = in->column[n->aggregate.key[k]];
		if (f->column[k].class_ < least)
			return rules_refuse(r, &f->column[k], RD_NONE,
					    "grouping by it needs class group", err);
	}
	/* What a boundary aggregates is looked at by its guard: only what it keeps goes out. */
	for (uint32_t a = 0; a < n->aggregate.n_aggs && !is_boundary; a++) {
		uint8_t class_ = RD_CLASS_HIDDEN;

		if (!agg_class(r, in, &n->aggregate.agg[a], &class_, err))
			return false;
		f->column[n->aggregate.n_keys + a] =
			(struct flow_column){ .class_ = class_, .table = RD_NONE };
	}
	return is_boundary || inner_persons(r, index, err);
}

static bool flow_guard(const struct rules *r, uint32_t index, struct rd_err *err)
{
	const struct rd_node *n = &r->plan->node[index];
	const struct rd_node *agg = &r->plan->node[n->input[0]];
	const struct flow *in;
	uint8_t class_;

	if (agg->kind != RD_NODE_AGGREGATE || !input_flow(r, n, 0)->is_boundary)
		return refuse(err, "rules.guard", "a guard stands directly above an aggregate");
	in = &r->flow[agg->input[0]];
	if (n->guard.keep < agg->aggregate.n_keys)
		return refuse(err, "rules.guard", "a guard keeps all keys");
	for (uint32_t i = agg->aggregate.n_keys; i < n->guard.keep; i++)
		if (!agg_class(r, in, &agg->aggregate.agg[i - agg->aggregate.n_keys], &class_, err))
			return false;
	if (!rules_guard(r, index, err) || !flow_new(r, index, 0, err))
		return false;
	for (uint32_t i = 0; i < n->n_cols; i++)
		r->flow[index].column[i] =
			(struct flow_column){ .class_ = RD_CLASS_VISIBLE, .table = RD_NONE };
	return true;
}

/* ---- set operations, output
 * ------------------------------------------------------------------------- */

static bool flow_setop(const struct rules *r, uint32_t index, struct rd_err *err)
{
	const struct rd_node *n = &r->plan->node[index];
	const struct flow *a = input_flow(r, n, 0), *b = input_flow(r, n, 1);
	bool compares = n->setop.op != RD_SETOP_UNION || !n->setop.all;
	struct flow *f = &r->flow[index];

	if (a->n_persons || b->n_persons)
		return refuse(
			err, "rules.setop",
			"UNION, INTERSECT and EXCEPT of rows below the guard; aggregate first");
	if (!flow_new(r, index, 0, err))
		return false;
	f->below_guard = a->below_guard || b->below_guard;
	for (uint32_t i = 0; i < n->n_cols; i++) {
		f->column[i] =
			a->column[i].class_ <= b->column[i].class_ ? a->column[i] : b->column[i];
		if (compares && f->column[i].class_ < RD_CLASS_GROUP)
			return rules_refuse(r, &f->column[i], RD_NONE,
					    "comparing rows needs class group", err);
	}
	return true;
}

static bool flow_output(const struct rules *r, uint32_t index, struct rd_err *err)
{
	const struct flow *in = input_flow(r, &r->plan->node[index], 0);

	if (in->n_persons)
		return rd_fail(err, RD_FAULT_REFUSED, "rules.rows",
			       "the answer would hold rows of single persons of %.*s; it must be "
			       "grouped",
			       RD_FMT(r->plan->table[in->person[0].table].name));
	for (uint32_t i = 0; i < r->plan->node[index].n_cols; i++)
		if (in->column[i].class_ != RD_CLASS_VISIBLE)
			return rules_refuse(r, &in->column[i], RD_NONE,
					    "it may not go out as it is", err);
	return flow_same(r, index, err);
}

bool rules_flow_node(const struct rules *r, uint32_t index, bool is_boundary, struct rd_err *err)
{
	switch ((enum rd_node_kind)r->plan->node[index].kind) {
	case RD_NODE_SCAN:
		return flow_scan(r, index, err);
	case RD_NODE_VALUES:
		return flow_values(r, index, err);
	case RD_NODE_FILTER:
		return flow_filter(r, index, err);
	case RD_NODE_PROJECT:
		return flow_project(r, index, err);
	case RD_NODE_JOIN:
		return flow_join(r, index, err);
	case RD_NODE_AGGREGATE:
		return flow_aggregate(r, index, is_boundary, err);
	case RD_NODE_SETOP:
		return flow_setop(r, index, err);
	case RD_NODE_SORT:
		return flow_sort(r, index, err);
	case RD_NODE_LIMIT:
		return flow_limit(r, index, err);
	case RD_NODE_GUARD:
		return flow_guard(r, index, err);
	case RD_NODE_OUTPUT:
		return flow_output(r, index, err);
	case RD_NODE_WINDOW:
		break;
	}
	return refuse(err, "rules.kind", "a kind of node that the rules do not know");
}
