/*
 * The plan as the engine will run it, from the plan and the footers only: ranges of values,
 * predicates moved towards the scans, and the columns that anybody needs.
 *
 * A predicate moves only if it cannot fail, and only past what cannot fail: an error in a row must
 * not depend on where a filter stands.
 */
#include "vector_int.h"

struct shaper {
	const struct rd_plan *plan;
	const struct rd_table *const *table;
	struct rd_vpool *pool;
	struct rd_vshape *shape;
};

/* ---- bottom up: layouts and ranges ---- */

static struct rd_vcol plain_col(struct rd_coltype type)
{
	return (struct rd_vcol){ .type = type,
				 .phys = (uint8_t)rd_phys_of(type),
				 .range = rd_vrange_of_type(type) };
}

static void shape_scan(struct shaper *s, struct rd_vnode *v)
{
	const struct rd_node *node = v->node;
	const struct rd_table *table = s->table[node->scan.table];

	for (uint32_t i = 0; i < node->n_cols; i++) {
		struct rd_column_stats stats = { .has_nulls = true };

		rd_table_column_stats(table, node->scan.column[i], &stats);
		v->col[i].type.nullable = v->col[i].type.nullable && stats.has_nulls;
		if (stats.has_range && v->col[i].range.known && stats.min <= stats.max)
			v->col[i].range = (struct rd_vrange){ true, stats.min, stats.max };
	}
	v->est = v->base = (double)rd_table_rows(table);
}

/* Of the instructions that give column i: has it failed rows, does it read withheld cells? */
static bool shape_project(struct shaper *s, struct rd_vnode *v, const struct rd_vnode *in,
			  struct rd_err *err)
{
	const struct rd_prog *prog = &v->node->project.prog;
	struct rd_vcompile how = { .pool = s->pool, .col = in->col, .n_cols = in->n_all };
	bool *seen = RD_VNEW(s->pool, bool, prog->n + 1, err);
	struct rd_vprog compiled;

	if (!seen || !rd_vprog_compile(&how, prog, &compiled, err))
		return false;
	for (uint32_t i = 0; i < v->node->n_cols; i++) {
		const struct rd_vins *ins = &compiled.ins[compiled.out[i]];

		v->col[i].phys = ins->phys;
		v->col[i].range = ins->range;
		if (prog->instr[prog->out[i]].op == RD_OP_COLUMN)
			v->col[i].type.nullable =
				in->col[prog->instr[prog->out[i]].a].type.nullable;
		if (rd_vproject_marked(prog, prog->out[i], in->mark, seen))
			v->mark[i] = v->n_all++;
	}
	v->est = in->est;
	v->base = in->base;
	return true;
}

static void shape_join(struct rd_vnode *v, const struct rd_vnode *left,
		       const struct rd_vnode *right)
{
	uint8_t kind = v->node->join.kind;
	bool only_left =
		kind == RD_JOIN_SEMI || kind == RD_JOIN_ANTI || kind == RD_JOIN_NULL_AWARE_ANTI;
	uint32_t n_left = left->node->n_cols;
	const struct rd_vnode *small = left->base < right->base ? left : right;
	const struct rd_vnode *big = small == left ? right : left;

	for (uint32_t i = 0; i < v->node->n_cols; i++) {
		const struct rd_vnode *from = i < n_left ? left : right;
		uint32_t at = i < n_left ? i : i - n_left;

		v->col[i].phys = from->col[at].phys;
		v->col[i].range = from->col[at].range;
		v->col[i].type.nullable = v->col[i].type.nullable &&
					  (from->col[at].type.nullable || kind != RD_JOIN_INNER);
		if (from->mark[at] != RD_NONE)
			v->mark[i] = only_left ? from->mark[at] : v->n_all++;
	}
	if (only_left)
		v->n_all = left->n_all;
	/* As if the smaller table were joined by a key of its own. */
	v->base = big->base;
	v->est = v->node->join.n_keys ? big->est * (small->est / (small->base + 1))
				      : left->est * right->est;
	if (kind == RD_JOIN_SINGLE || only_left || (kind == RD_JOIN_LEFT && v->est < left->est))
		v->est = left->est;
}

static void shape_aggregate(struct rd_vnode *v, const struct rd_vnode *in)
{
	const struct rd_node *node = v->node;

	for (uint32_t i = 0; i < node->aggregate.n_keys; i++) {
		const struct rd_vcol *from = &in->col[node->aggregate.key[i]];

		v->col[i].phys = from->phys;
		v->col[i].range = from->range;
		if (!node->aggregate.n_sets)
			v->col[i].type.nullable = from->type.nullable;
	}
	for (uint32_t i = 0; i < node->aggregate.n_aggs; i++) {
		const struct rd_agg *agg = &node->aggregate.agg[i];

		if (agg->fn == RD_AGG_MIN || agg->fn == RD_AGG_MAX || agg->fn == RD_AGG_ANY) {
			v->col[node->aggregate.n_keys + i].phys = in->col[agg->column].phys;
			v->col[node->aggregate.n_keys + i].range = in->col[agg->column].range;
		}
	}
	v->base = in->base;
	v->est = node->aggregate.n_keys ? in->est / 4 + 1 : 1;
}

static void shape_guard(struct rd_vnode *v, const struct rd_vnode *in)
{
	const struct rd_node *node = v->node;

	for (uint32_t i = 0; i < node->n_cols; i++)
		if (in->mark[i] != RD_NONE)
			v->mark[i] = v->n_all++;
	for (uint32_t c = 0; c < node->guard.n_cells; c++) {
		uint32_t i = node->guard.cell[c].column;

		if (i < node->n_cols && v->mark[i] == RD_NONE)
			v->mark[i] = v->n_all++;
		if (i < node->n_cols)
			v->col[i].type.nullable = true;
	}
}

/* Layout, marks and nullability of the only input, column by column. */
static void shape_same(struct rd_vnode *v, const struct rd_vnode *in, bool marks)
{
	for (uint32_t i = 0; i < v->node->n_cols; i++) {
		v->col[i] = in->col[i];
		if (marks)
			v->mark[i] = in->mark[i];
	}
	if (marks)
		v->n_all = in->n_all;
	v->est = in->est;
	v->base = in->base;
}

/* Both inputs of a set operation are brought to the tables' own layout by its sink. */
static void shape_setop(struct rd_vnode *v, const struct rd_vnode *left,
			const struct rd_vnode *right)
{
	for (uint32_t i = 0; i < v->node->n_cols; i++)
		v->col[i].type.nullable = left->col[i].type.nullable || right->col[i].type.nullable;
	v->est = left->est + right->est;
	v->base = left->base + right->base;
}

static bool shape_one(struct shaper *s, uint32_t k, struct rd_err *err)
{
	struct rd_vnode *v = &s->shape->node[k], *in, *in2;

	in = v->node->input[0] == RD_NONE ? NULL : &s->shape->node[v->node->input[0]];
	in2 = v->node->input[1] == RD_NONE ? NULL : &s->shape->node[v->node->input[1]];
	switch ((enum rd_node_kind)v->node->kind) {
	case RD_NODE_SCAN:
		shape_scan(s, v);
		break;
	case RD_NODE_VALUES:
		v->est = v->base = v->node->values.n_rows;
		break;
	case RD_NODE_PROJECT:
		if (!shape_project(s, v, in, err))
			return false;
		break;
	case RD_NODE_JOIN:
		shape_join(v, in, in2);
		break;
	case RD_NODE_AGGREGATE:
		shape_aggregate(v, in);
		break;
	case RD_NODE_GUARD:
		shape_same(v, in, false);
		shape_guard(v, in);
		break;
	case RD_NODE_SETOP:
		shape_setop(v, in, in2);
		break;
	default:
		shape_same(v, in, true);
		if (v->node->kind == RD_NODE_FILTER)
			v->est = in->est / 4 + 1;
		break;
	}
	for (uint32_t i = v->node->n_cols; i < v->n_all; i++)
		v->col[i] = plain_col((struct rd_coltype){ .type = RD_BOOL });
	return true;
}

static bool make_node(struct shaper *s, uint32_t k, struct rd_err *err)
{
	struct rd_vnode *v = &s->shape->node[k];
	uint32_t n = s->plan->node[k].n_cols;

	v->node = &s->plan->node[k];
	v->n_all = n;
	v->col = RD_VNEW(s->pool, struct rd_vcol, 2 * n + 1, err);
	v->need = RD_VNEW(s->pool, bool, 2 * n + 1, err);
	v->mark = RD_VNEW(s->pool, uint32_t, n + 1, err);
	if (!v->col || !v->need || !v->mark)
		return false;
	memset(v->mark, 0xff, n * sizeof(*v->mark));
	for (uint32_t i = 0; i < n; i++)
		v->col[i] = plain_col(v->node->col[i]);
	for (int i = 0; i < 2; i++)
		if (v->node->input[i] != RD_NONE)
			s->shape->node[v->node->input[i]].uses++;
	return shape_one(s, k, err);
}

/* ---- top down: columns ---- */

static void need_prog(const struct rd_prog *prog, bool *need)
{
	for (uint32_t i = 0; i < prog->n; i++)
		if (prog->instr[i].op == RD_OP_COLUMN)
			need[prog->instr[i].a] = true;
}

/* A project reads what its needed outputs read, and what can fail. */
static bool need_project(struct shaper *s, const struct rd_vnode *v, struct rd_vnode *in,
			 struct rd_err *err)
{
	struct rd_vcompile how = {
		.pool = s->pool, .col = in->col, .n_cols = in->n_all, .need = v->need
	};
	struct rd_vprog compiled;

	if (!rd_vprog_compile(&how, &v->node->project.prog, &compiled, err))
		return false;
	for (uint32_t i = 0; i < in->n_all; i++)
		in->need[i] = in->need[i] || compiled.reads[i];
	return true;
}

static void need_join(const struct rd_vnode *v, struct rd_vnode *left, struct rd_vnode *right)
{
	const struct rd_node *node = v->node;
	uint32_t n_left = left->node->n_cols;

	for (uint32_t i = 0; i < node->n_cols; i++)
		if (v->need[i] && i < n_left)
			left->need[i] = true;
		else if (v->need[i])
			right->need[i - n_left] = true;
	for (uint32_t i = 0; i < node->join.n_keys; i++) {
		left->need[node->join.left_key[i]] = true;
		right->need[node->join.right_key[i]] = true;
	}
	for (uint32_t i = 0; node->join.has_residual && i < node->join.residual.n; i++) {
		const struct rd_instr *ins = &node->join.residual.instr[i];

		if (ins->op == RD_OP_COLUMN && ins->a < n_left)
			left->need[ins->a] = true;
		else if (ins->op == RD_OP_COLUMN)
			right->need[ins->a - n_left] = true;
	}
}

static void need_aggregate(const struct rd_vnode *v, struct rd_vnode *in)
{
	const struct rd_node *node = v->node;

	for (uint32_t i = 0; i < node->aggregate.n_keys; i++)
		in->need[node->aggregate.key[i]] = true;
	for (uint32_t i = 0; i < node->aggregate.n_aggs; i++) {
		if (node->aggregate.agg[i].column != RD_NONE)
			in->need[node->aggregate.agg[i].column] = true;
		if (node->aggregate.agg[i].filter != RD_NONE)
			in->need[node->aggregate.agg[i].filter] = true;
	}
}

static void need_all(struct rd_vnode *in)
{
	memset(in->need, 1, in->n_all);
}

static bool need_inputs(struct shaper *s, struct rd_vnode *v, struct rd_err *err)
{
	struct rd_vnode *in, *in2;

	in = v->node->input[0] == RD_NONE ? NULL : &s->shape->node[v->node->input[0]];
	in2 = v->node->input[1] == RD_NONE ? NULL : &s->shape->node[v->node->input[1]];
	for (uint32_t i = v->node->n_cols; i < v->n_all; i++)
		v->need[i] = true;
	switch ((enum rd_node_kind)v->node->kind) {
	case RD_NODE_FILTER:
		for (uint32_t i = 0; i < v->n_all; i++)
			in->need[i] = in->need[i] || v->need[i];
		if (!v->pass)
			need_prog(&v->node->filter.prog, in->need);
		break;
	case RD_NODE_PROJECT:
		if (!need_project(s, v, in, err))
			return false;
		break;
	case RD_NODE_JOIN:
		need_join(v, in, in2);
		break;
	case RD_NODE_AGGREGATE:
		need_aggregate(v, in);
		break;
	case RD_NODE_SETOP:
		need_all(in2);
		need_all(in);
		break;
	case RD_NODE_SORT:
	case RD_NODE_LIMIT:
	case RD_NODE_GUARD:
	case RD_NODE_OUTPUT:
		need_all(in);
		break;
	default:
		break;
	}
	for (int i = 0; i < 2; i++)
		for (const struct rd_vpred *p = v->pred[i]; p; p = p->next)
			need_prog(&p->prog, i ? in2->need : in->need);
	return true;
}

bool rd_vshape_make(const struct rd_plan *plan, const struct rd_table *const *table,
		    struct rd_vpool *pool, struct rd_vshape *out, struct rd_err *err)
{
	struct shaper s = { .plan = plan, .table = table, .pool = pool, .shape = out };

	out->n = plan->n_nodes;
	out->node = RD_VNEW(pool, struct rd_vnode, plan->n_nodes, err);
	if (!out->node)
		return false;
	for (uint32_t k = 0; k < plan->n_nodes; k++)
		if (!make_node(&s, k, err))
			return false;
	if (!rd_vpush_semijoins(out, pool, err) || !rd_vshape_order(out, pool, err) ||
	    !rd_vpush_down(out, pool, err))
		return false;
	for (uint32_t k = plan->n_nodes; k-- > 0;)
		if (!need_inputs(&s, &out->node[out->order[k]], err))
			return false;
	return true;
}
