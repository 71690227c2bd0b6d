/* Predicates on their way down: see shape.c for what may move. */
#include "vector_int.h"

struct pusher {
	struct rd_vshape *shape;
	struct rd_vpool *pool;
	uint32_t leaf[RD_PROG_OPS_MAX]; /* conjuncts of the program at hand */
	uint32_t n_leaves;
	bool used[RD_PROG_OPS_MAX];
	uint32_t to[RD_PROG_OPS_MAX];
};

/* ---- programs taken apart ---- */

static void find_leaves(struct pusher *p, const struct rd_prog *prog)
{
	memset(p->used, 0, prog->n);
	p->used[prog->out[0]] = true;
	p->n_leaves = 0;
	for (uint32_t i = prog->out[0] + 1; i-- > 0;) {
		const struct rd_instr *ins = &prog->instr[i];

		if (!p->used[i])
			continue;
		if (ins->op == RD_OP_AND)
			p->used[ins->a] = p->used[ins->b] = true;
		else
			p->leaf[p->n_leaves++] = i;
	}
}

static void use_operands(struct pusher *p, const struct rd_instr *ins)
{
	if (ins->op == RD_OP_COLUMN || ins->op == RD_OP_CONST)
		return;
	if (ins->a != RD_NONE)
		p->used[ins->a] = true;
	if (ins->b != RD_NONE)
		p->used[ins->b] = true;
	if (ins->c != RD_NONE)
		p->used[ins->c] = true;
	if (ins->op == RD_OP_CASE || ins->op == RD_OP_COALESCE)
		for (uint32_t k = 0; k < ins->n_list; k++)
			p->used[ins->list[k]] = true;
}

static bool renumber(struct pusher *p, const struct rd_instr *from, struct rd_instr *to,
		     struct rd_err *err)
{
	uint32_t *list;

	*to = *from;
	to->mask = RD_NONE;
	if (from->op == RD_OP_COLUMN || from->op == RD_OP_CONST)
		return true;
	to->a = from->a == RD_NONE ? RD_NONE : p->to[from->a];
	to->b = from->b == RD_NONE ? RD_NONE : p->to[from->b];
	to->c = from->c == RD_NONE ? RD_NONE : p->to[from->c];
	if (from->op != RD_OP_CASE && from->op != RD_OP_COALESCE)
		return true;
	list = RD_VNEW(p->pool, uint32_t, from->n_list + 1, err);
	for (uint32_t k = 0; list && k < from->n_list; k++)
		list[k] = p->to[from->list[k]];
	to->list = list;
	return list != NULL;
}

/* The program of one value alone, without masks: for what cannot fail. */
static bool extract(struct pusher *p, const struct rd_prog *prog, uint32_t root,
		    struct rd_prog *out, struct rd_err *err)
{
	struct rd_instr *instr = RD_VNEW(p->pool, struct rd_instr, root + 1, err);
	uint32_t *result = RD_VNEW(p->pool, uint32_t, 1, err), n = 0;

	if (!instr || !result)
		return false;
	memset(p->used, 0, prog->n);
	p->used[root] = true;
	for (uint32_t i = root + 1; i-- > 0;)
		if (p->used[i])
			use_operands(p, &prog->instr[i]);
	for (uint32_t i = 0; i <= root; i++) {
		if (!p->used[i])
			continue;
		p->to[i] = n;
		if (!renumber(p, &prog->instr[i], &instr[n++], err))
			return false;
	}
	*result = n - 1;
	*out = (struct rd_prog){ .n = n, .instr = instr, .n_out = 1, .out = result };
	return true;
}

/* a AND b as one program. */
static bool conjunction(struct pusher *p, const struct rd_prog *a, const struct rd_prog *b,
			struct rd_prog *out, struct rd_err *err)
{
	struct rd_instr *instr = RD_VNEW(p->pool, struct rd_instr, a->n + b->n + 1, err);
	uint32_t *result = RD_VNEW(p->pool, uint32_t, 1, err);

	if (!instr || !result)
		return false;
	memcpy(instr, a->instr, a->n * sizeof(*instr));
	for (uint32_t i = 0; i < b->n; i++) {
		p->to[i] = a->n + i;
		if (!renumber(p, &b->instr[i], &instr[a->n + i], err))
			return false;
	}
	*result = a->n + b->n;
	instr[*result] = (struct rd_instr){ .op = RD_OP_AND,
					    .type = { .type = RD_BOOL, .nullable = true },
					    .a = a->out[0],
					    .b = a->n + b->out[0],
					    .c = RD_NONE,
					    .mask = RD_NONE,
					    .position = RD_NONE };
	*out = (struct rd_prog){ .n = *result + 1, .instr = instr, .n_out = 1, .out = result };
	return true;
}

static bool can_fail(struct pusher *p, const struct rd_prog *prog, const struct rd_vcol *col,
		     uint32_t n_cols, bool *yes, struct rd_err *err)
{
	struct rd_vcompile how = { .pool = p->pool, .col = col, .n_cols = n_cols };
	struct rd_vprog compiled;

	*yes = true;
	if (!rd_vprog_compile(&how, prog, &compiled, err))
		return false;
	*yes = false;
	for (uint32_t i = 0; i < compiled.n; i++)
		*yes = *yes || compiled.ins[i].can_fail;
	return true;
}

static void shift_columns(const struct rd_prog *prog, uint32_t by)
{
	struct rd_instr *instr = (struct rd_instr *)(uintptr_t)prog->instr;

	for (uint32_t i = 0; i < prog->n; i++)
		if (instr[i].op == RD_OP_COLUMN)
			instr[i].a -= by;
}

/* 1: only columns below n; 2: only columns from n; 3: both, or none at all. */
static int sides_of(const struct rd_prog *prog, uint32_t n)
{
	int sides = 0;

	for (uint32_t i = 0; i < prog->n; i++)
		if (prog->instr[i].op == RD_OP_COLUMN)
			sides |= prog->instr[i].a < n ? 1 : 2;
	return sides ? sides : 3;
}

/* ---- past one node ---- */

/* Each condition is an operator of its own, and operators call one another: past these, conditions
 * become one. */
#define CONDITIONS_MAX 16

static bool settle(struct pusher *p, struct rd_vnode *parent, uint32_t slot, struct rd_prog prog,
		   struct rd_err *err)
{
	struct rd_vpred *pred, **last;
	uint32_t n = 1;

	for (last = &parent->pred[slot]; *last && n < CONDITIONS_MAX; last = &(*last)->next)
		n++;
	p->shape->node[parent->node->input[slot]].est /= 4;
	if (*last)
		return conjunction(p, &(*last)->prog, &prog, &(*last)->prog, err);
	pred = RD_VNEW(p->pool, struct rd_vpred, 1, err);
	if (!pred)
		return false;
	*pred = (struct rd_vpred){ .prog = prog };
	*last = pred;
	return true;
}

static struct rd_vcol *both_cols(struct pusher *p, const struct rd_vnode *join, uint32_t *n,
				 struct rd_err *err)
{
	const struct rd_vnode *left = &p->shape->node[join->node->input[0]];
	const struct rd_vnode *right = &p->shape->node[join->node->input[1]];
	uint32_t nl = left->node->n_cols, nr = right->node->n_cols;
	struct rd_vcol *col = RD_VNEW(p->pool, struct rd_vcol, nl + nr + 1, err);

	*n = nl + nr;
	if (!col)
		return NULL;
	memcpy(col, left->col, nl * sizeof(*col));
	memcpy(col + nl, right->col, nr * sizeof(*col));
	return col;
}

/* May rows be taken away below this join without hiding an error? */
static bool join_can_fail(struct pusher *p, const struct rd_vnode *v, bool *yes, struct rd_err *err)
{
	uint32_t n;
	struct rd_vcol *col;

	*yes = v->node->join.kind == RD_JOIN_SINGLE;
	if (!v->node->join.has_residual || *yes)
		return true;
	col = both_cols(p, v, &n, err);
	return col && can_fail(p, &v->node->join.residual, col, n, yes, err);
}

/* An equality of a column of either side: a key of the join. */
static bool as_key(struct pusher *p, struct rd_vnode *v, const struct rd_prog *prog, bool *done,
		   struct rd_err *err)
{
	const struct rd_instr *eq = &prog->instr[prog->out[0]], *x, *y;
	uint32_t n_left = p->shape->node[v->node->input[0]].node->n_cols, *key[2];
	struct rd_node *copy;

	*done = false;
	if (eq->op != RD_OP_EQ || v->node->join.kind != RD_JOIN_INNER)
		return true;
	x = &prog->instr[eq->a];
	y = &prog->instr[eq->b];
	if (x->op != RD_OP_COLUMN || y->op != RD_OP_COLUMN || (x->a < n_left) == (y->a < n_left))
		return true;
	copy = RD_VNEW(p->pool, struct rd_node, 1, err);
	for (int i = 0; i < 2; i++) {
		key[i] = RD_VNEW(p->pool, uint32_t, v->node->join.n_keys + 1, err);
		if (!key[i] || !copy)
			return false;
	}
	*copy = *v->node;
	for (uint32_t i = 0; i < copy->join.n_keys; i++) {
		key[0][i] = copy->join.left_key[i];
		key[1][i] = copy->join.right_key[i];
	}
	key[0][copy->join.n_keys] = x->a < n_left ? x->a : y->a;
	key[1][copy->join.n_keys] = (x->a < n_left ? y->a : x->a) - n_left;
	copy->join.left_key = key[0];
	copy->join.right_key = key[1];
	copy->join.n_keys++;
	v->node = copy;
	*done = true;
	return true;
}

static bool past_join(struct pusher *p, struct rd_vnode *v, struct rd_prog *prog, int *slot,
		      bool *done, struct rd_err *err)
{
	uint32_t n_left = p->shape->node[v->node->input[0]].node->n_cols;
	uint8_t kind = v->node->join.kind;
	int sides = sides_of(prog, n_left);
	bool fails = true;

	*slot = -1;
	if (!join_can_fail(p, v, &fails, err))
		return false;
	if (fails)
		return true;
	if (sides == 3)
		return as_key(p, v, prog, done, err);
	if (sides == 1 && kind != RD_JOIN_RIGHT && kind != RD_JOIN_FULL)
		*slot = 0;
	if (sides == 2 && (kind == RD_JOIN_INNER || kind == RD_JOIN_RIGHT)) {
		shift_columns(prog, n_left);
		*slot = 1;
	}
	return true;
}

static bool past_project(struct pusher *p, const struct rd_vnode *v, struct rd_prog *prog,
			 bool *went, struct rd_err *err)
{
	const struct rd_prog *inner = &v->node->project.prog;
	const struct rd_vnode *in = &p->shape->node[v->node->input[0]];
	struct rd_instr *instr = (struct rd_instr *)(uintptr_t)prog->instr;
	bool fails;

	*went = false;
	for (uint32_t i = 0; i < prog->n; i++)
		if (instr[i].op == RD_OP_COLUMN &&
		    inner->instr[inner->out[instr[i].a]].op != RD_OP_COLUMN)
			return true;
	if (!can_fail(p, inner, in->col, in->n_all, &fails, err))
		return false;
	if (fails)
		return true;
	for (uint32_t i = 0; i < prog->n; i++)
		if (instr[i].op == RD_OP_COLUMN)
			instr[i].a = inner->instr[inner->out[instr[i].a]].a;
	*went = true;
	return true;
}

/* Whole groups go: only by their keys, and only if no sum can overflow. */
static bool past_aggregate(const struct rd_vnode *v, const struct rd_vnode *in,
			   struct rd_prog *prog)
{
	const struct rd_node *node = v->node;
	struct rd_instr *instr = (struct rd_instr *)(uintptr_t)prog->instr;

	if (node->aggregate.n_sets || !node->aggregate.n_keys)
		return false;
	for (uint32_t i = 0; i < node->aggregate.n_aggs; i++) {
		const struct rd_agg *agg = &node->aggregate.agg[i];

		if ((agg->fn == RD_AGG_SUM || agg->fn == RD_AGG_AVG) &&
		    in->col[agg->column].phys > RD_P_I64)
			return false;
	}
	for (uint32_t i = 0; i < prog->n; i++)
		if (instr[i].op == RD_OP_COLUMN && instr[i].a >= node->aggregate.n_keys)
			return false;
	for (uint32_t i = 0; i < prog->n; i++)
		if (instr[i].op == RD_OP_COLUMN)
			instr[i].a = node->aggregate.key[instr[i].a];
	return true;
}

static bool past_filter(struct pusher *p, const struct rd_vnode *v, bool *went, struct rd_err *err)
{
	const struct rd_vnode *in = &p->shape->node[v->node->input[0]];
	bool fails = true;

	if (!can_fail(p, &v->node->filter.prog, in->col, in->n_all, &fails, err))
		return false;
	*went = !fails;
	return true;
}

/* From the edge above node `at` as far down as it may go. */
static bool push(struct pusher *p, struct rd_vnode *parent, uint32_t slot, struct rd_prog prog,
		 struct rd_err *err)
{
	for (;;) {
		struct rd_vnode *v = &p->shape->node[parent->node->input[slot]];
		bool went = false, done = false;
		int side = 0;

		if (v->uses > 1)
			return settle(p, parent, slot, prog, err);
		switch ((enum rd_node_kind)v->node->kind) {
		case RD_NODE_SORT:
			went = true;
			break;
		case RD_NODE_FILTER:
			if (!past_filter(p, v, &went, err))
				return false;
			break;
		case RD_NODE_PROJECT:
			if (!past_project(p, v, &prog, &went, err))
				return false;
			break;
		case RD_NODE_AGGREGATE:
			went = past_aggregate(v, &p->shape->node[v->node->input[0]], &prog);
			break;
		case RD_NODE_JOIN:
			if (!past_join(p, v, &prog, &side, &done, err))
				return false;
			went = side >= 0;
			break;
		default:
			break;
		}
		if (done)
			return true;
		if (!went)
			return settle(p, parent, slot, prog, err);
		parent = v;
		slot = (uint32_t)side;
	}
}

/* ---- all nodes ---- */

static bool push_filter(struct pusher *p, struct rd_vnode *v, struct rd_err *err)
{
	const struct rd_prog *prog = &v->node->filter.prog;
	const struct rd_vnode *in = &p->shape->node[v->node->input[0]];
	uint32_t n, *leaf;
	bool fails;

	if (!can_fail(p, prog, in->col, in->n_all, &fails, err))
		return false;
	find_leaves(p, prog);
	n = p->n_leaves;
	leaf = RD_VNEW(p->pool, uint32_t, n + 1, err);
	if (!leaf)
		return false;
	memcpy(leaf, p->leaf, n * sizeof(*leaf));
	/* A part that can fail keeps the whole where it is, with all its masks. */
	v->pass = !fails;
	for (uint32_t i = 0; i < n && !fails; i++) {
		struct rd_prog part;

		if (!extract(p, prog, leaf[n - 1 - i], &part, err) || !push(p, v, 0, part, err))
			return false;
	}
	return true;
}

/* Conditions of an ON clause that one side alone decides. */
static bool push_residual(struct pusher *p, struct rd_vnode *v, struct rd_err *err)
{
	const struct rd_prog prog = v->node->join.residual;
	uint32_t n_left = p->shape->node[v->node->input[0]].node->n_cols, n, *leaf;
	uint8_t kind = v->node->join.kind;
	struct rd_prog part, rest = { 0 };
	struct rd_node *copy;
	bool fails;

	if (!join_can_fail(p, v, &fails, err))
		return false;
	if (fails || kind == RD_JOIN_RIGHT || kind == RD_JOIN_FULL)
		return true;
	find_leaves(p, &prog);
	n = p->n_leaves;
	leaf = RD_VNEW(p->pool, uint32_t, n + 1, err);
	if (!leaf)
		return false;
	memcpy(leaf, p->leaf, n * sizeof(*leaf));
	for (uint32_t i = 0; i < n; i++) {
		int sides;
		bool done = false;

		if (!extract(p, &prog, leaf[n - 1 - i], &part, err))
			return false;
		sides = sides_of(&part, n_left);
		if (sides == 2) {
			shift_columns(&part, n_left);
			if (!push(p, v, 1, part, err))
				return false;
			continue;
		}
		if (sides == 1 && (kind == RD_JOIN_INNER || kind == RD_JOIN_SEMI)) {
			if (!push(p, v, 0, part, err))
				return false;
			continue;
		}
		if (!as_key(p, v, &part, &done, err))
			return false;
		if (done)
			continue;
		if (rest.n && !conjunction(p, &rest, &part, &part, err))
			return false;
		rest = part;
	}
	copy = RD_VNEW(p->pool, struct rd_node, 1, err);
	if (!copy)
		return false;
	*copy = *v->node;
	copy->join.has_residual = rest.n != 0;
	copy->join.residual = rest;
	v->node = copy;
	return true;
}

bool rd_vpush_down(struct rd_vshape *shape, struct rd_vpool *pool, struct rd_err *err)
{
	struct pusher *p = RD_VNEW(pool, struct pusher, 1, err);

	if (!p)
		return false;
	p->shape = shape;
	p->pool = pool;
	for (uint32_t k = shape->n; k-- > 0;) {
		struct rd_vnode *v = &shape->node[shape->order[k]];

		if (v->node->kind == RD_NODE_FILTER && !push_filter(p, v, err))
			return false;
		if (v->node->kind == RD_NODE_JOIN && v->node->join.has_residual &&
		    !push_residual(p, v, err))
			return false;
	}
	return true;
}
