/* Nodes to pipelines: streaming operators are appended to their input's pipeline; what must see all
 * rows first ends one and begins the next. */
#include "vector_int.h"

/* A pipeline that still waits for its sink. */
struct open {
	struct rd_vpipe *pipe;
	const struct rd_vrows *rows; /* of a node with several users: each gets a pipeline */
	bool in_order;
};
struct builder {
	struct rd_vrun_state *run;
	const struct rd_vshape *shape;
	struct open *open; /* by node */
};

static bool new_pipe(struct builder *b, struct rd_vsource *source, struct rd_vpipe **out,
		     struct rd_err *err)
{
	struct rd_vpipe *pipe = RD_VNEW(&b->run->pool, struct rd_vpipe, 1, err);

	if (!pipe)
		return false;
	pipe->source = source;
	*out = pipe;
	/* All sources in one list, so that they can be ended. */
	source->next = b->run->sources;
	b->run->sources = source;
	return true;
}

static void append(struct rd_vpipe *pipe, struct rd_vop *op)
{
	if (pipe->last)
		pipe->last->next = op;
	else
		pipe->first = op;
	pipe->last = op;
}

/* The pipeline has its sink: it runs after those that were closed before. */
static void close_pipe(struct builder *b, struct rd_vpipe *pipe, struct rd_vop *sink)
{
	append(pipe, sink);
	if (b->run->last_pipe)
		b->run->last_pipe->next = pipe;
	else
		b->run->first_pipe = pipe;
	b->run->last_pipe = pipe;
}

static struct rd_vmake make_of(struct builder *b, uint32_t k)
{
	const struct rd_vnode *v = &b->shape->node[k];
	struct rd_vmake make = { .run = b->run, .node = v };

	if (v->node->input[0] != RD_NONE)
		make.left = &b->shape->node[v->node->input[0]];
	if (v->node->input[1] != RD_NONE)
		make.right = &b->shape->node[v->node->input[1]];
	return make;
}

/* The open pipeline of input `slot` of node k, with the predicates on that edge. */
static bool input(struct builder *b, uint32_t k, uint32_t slot, struct rd_vpipe **out,
		  struct rd_err *err)
{
	uint32_t in = b->shape->node[k].node->input[slot];
	struct open *open = &b->open[in];
	struct rd_vmake make = make_of(b, in);
	const struct rd_vpred *pred = b->shape->node[k].pred[slot];
	struct rd_vsource *source;
	struct rd_vop *op;

	if (make.node->node->kind == RD_NODE_SCAN) {
		if (!rd_vscan_new(&make, pred, &source, err))
			return false;
		return new_pipe(b, source, out, err);
	}
	*out = open->pipe;
	if (open->rows && (!rd_vrows_source_new(&make, open->rows, &source, err) ||
			   !new_pipe(b, source, out, err)))
		return false;
	(*out)->in_order = open->in_order;
	for (; pred; pred = pred->next) {
		if (!rd_vfilter_op_new(&make, &pred->prog, &op, err))
			return false;
		append(*out, op);
	}
	return true;
}

/* A node whose rows are now in `rows`: its users each begin a pipeline there. */
static void keep_rows(struct builder *b, uint32_t k, const struct rd_vrows *rows, bool in_order)
{
	b->open[k] = (struct open){ .rows = rows, .in_order = in_order };
}

/* A streaming operator, or (op NULL) nothing, above the only input. */
static bool stream(struct builder *b, uint32_t k, struct rd_vop *op, struct rd_err *err)
{
	struct rd_vpipe *pipe;
	struct rd_vmake make = make_of(b, k);
	struct rd_vop *store;

	if (!input(b, k, 0, &pipe, err))
		return false;
	if (op)
		append(pipe, op);
	b->open[k] = (struct open){ .pipe = pipe, .in_order = pipe->in_order };
	if (b->shape->node[k].uses <= 1)
		return true;
	if (!rd_vstore_new(&make, &store, err))
		return false;
	close_pipe(b, pipe, store);
	keep_rows(b, k, rd_vstore_rows(store), pipe->in_order);
	return true;
}

static bool build_join(struct builder *b, uint32_t k, struct rd_err *err)
{
	struct rd_vmake make = make_of(b, k);
	uint8_t kind = make.node->node->join.kind;
	bool build_left = make.left->est < make.right->est && kind != RD_JOIN_SINGLE &&
			  kind != RD_JOIN_NULL_AWARE_ANTI;
	struct rd_vpipe *left, *right, *to;
	struct rd_vop *build, *probe, *store;

	if (!rd_vjoin_new(&make, build_left, &build, &probe, err) || !input(b, k, 0, &left, err) ||
	    !input(b, k, 1, &right, err))
		return false;
	close_pipe(b, build_left ? left : right, build);
	to = build_left ? right : left;
	append(to, probe);
	to->in_order = false;
	b->open[k] = (struct open){ .pipe = to };
	if (make.node->uses <= 1)
		return true;
	if (!rd_vstore_new(&make, &store, err))
		return false;
	close_pipe(b, to, store);
	keep_rows(b, k, rd_vstore_rows(store), false);
	return true;
}

static bool build_setop(struct builder *b, uint32_t k, struct rd_err *err)
{
	struct rd_vmake make = make_of(b, k);
	struct rd_vpipe *pipe;
	struct rd_vop *sink[2];

	if (!rd_vsetop_new(&make, &sink[0], &sink[1], err))
		return false;
	for (uint32_t i = 0; i < 2; i++) {
		if (!input(b, k, i, &pipe, err))
			return false;
		close_pipe(b, pipe, sink[i]);
	}
	keep_rows(b, k, rd_vsetop_rows(sink[1]), false);
	return true;
}

/* How many sorted rows the only user asks for. */
static uint64_t rows_asked(const struct builder *b, uint32_t k)
{
	const struct rd_vshape *shape = b->shape;

	if (shape->node[k].uses != 1)
		return UINT64_MAX;
	for (uint32_t i = k + 1; i < shape->n; i++) {
		const struct rd_node *node = shape->node[i].node;

		if (node->kind == RD_NODE_LIMIT && node->input[0] == k && !shape->node[i].pred[0])
			return node->limit.count > UINT64_MAX - node->limit.offset
				       ? UINT64_MAX
				       : node->limit.count + node->limit.offset;
	}
	return UINT64_MAX;
}

static bool build_sink(struct builder *b, uint32_t k, struct rd_err *err)
{
	struct rd_vmake make = make_of(b, k);
	struct rd_vpipe *pipe;
	struct rd_vop *sink;
	uint8_t kind = make.node->node->kind;

	if (!input(b, k, 0, &pipe, err))
		return false;
	if (kind == RD_NODE_SORT) {
		if (!rd_vsort_new(&make, rows_asked(b, k), &sink, err))
			return false;
		keep_rows(b, k, rd_vsort_rows(sink), true);
	} else if (kind == RD_NODE_AGGREGATE) {
		if (!rd_vagg_new(&make, &sink, err))
			return false;
		keep_rows(b, k, rd_vagg_rows(sink), false);
	} else if (!rd_voutput_new(&make, pipe->in_order, &sink, err)) {
		return false;
	}
	close_pipe(b, pipe, sink);
	return true;
}

static bool build_values(struct builder *b, uint32_t k, struct rd_err *err)
{
	struct rd_vmake make = make_of(b, k);
	const struct rd_vrows *rows;

	if (!rd_vvalues_new(&make, &rows, err))
		return false;
	keep_rows(b, k, rows, false);
	return true;
}

static bool build_one(struct builder *b, uint32_t k, struct rd_err *err)
{
	struct rd_vmake make = make_of(b, k);
	const struct rd_node *node = make.node->node;
	struct rd_vmake input_of = make;
	struct rd_vop *op = NULL;

	switch ((enum rd_node_kind)node->kind) {
	case RD_NODE_SCAN:
		return true;
	case RD_NODE_VALUES:
		return build_values(b, k, err);
	case RD_NODE_FILTER:
		input_of.node = make.left;
		if (!make.node->pass && !rd_vfilter_op_new(&input_of, &node->filter.prog, &op, err))
			return false;
		return stream(b, k, op, err);
	case RD_NODE_PROJECT:
		return rd_vproject_new(&make, &op, err) && stream(b, k, op, err);
	case RD_NODE_LIMIT:
		return rd_vlimit_new(&make, &op, err) && stream(b, k, op, err);
	case RD_NODE_GUARD:
		return rd_vguard_new(&make, &op, err) && stream(b, k, op, err);
	case RD_NODE_JOIN:
		return build_join(b, k, err);
	case RD_NODE_SETOP:
		return build_setop(b, k, err);
	case RD_NODE_SORT:
	case RD_NODE_AGGREGATE:
	case RD_NODE_OUTPUT:
		return build_sink(b, k, err);
	case RD_NODE_WINDOW:
		break;
	}
	return rd_fail(err, RD_FAULT_FAILED, "engine.unsupported", "node %u of kind %u", k,
		       node->kind);
}

bool rd_vbuild(struct rd_vrun_state *run, const struct rd_vshape *shape, struct rd_err *err)
{
	struct builder b = { .run = run, .shape = shape };

	b.open = RD_VNEW(&run->pool, struct open, shape->n, err);
	if (!b.open)
		return false;
	for (uint32_t k = 0; k < shape->n; k++)
		if (!build_one(&b, shape->order[k], err))
			return false;
	return true;
}
