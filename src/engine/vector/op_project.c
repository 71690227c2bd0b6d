/* Computes columns. */
#include "vector_int.h"

struct project {
	struct rd_vop op;
	const struct rd_vnode *node, *input;
	struct rd_vprog prog;
	const struct rd_prog *src;
};
struct project_local {
	struct rd_vstate *state;
	struct rd_vec *vec;
	uint8_t *mark; /* RD_BATCH_ROWS bytes for each mark column */
};

static bool start(struct rd_vop *op, struct rd_vthread *t, struct rd_err *err)
{
	struct project *p = (struct project *)op;
	struct project_local *l = RD_VNEW(&t->pool, struct project_local, 1, err);

	op->local[t->id] = l;
	if (!l || !rd_vstate_new(&p->prog, &t->pool, &l->state, err))
		return false;
	l->vec = RD_VNEW(&t->pool, struct rd_vec, p->node->n_all + 1, err);
	l->mark = RD_VNEW(&t->pool, uint8_t,
			  (p->node->n_all - p->node->node->n_cols + 1) * RD_BATCH_ROWS, err);
	return l->vec && l->mark;
}

/* Which columns value `id` is computed from, masks apart. */
static void sources(const struct rd_prog *prog, uint32_t id, bool *seen)
{
	memset(seen, 0, prog->n);
	seen[id] = true;
	for (uint32_t i = id + 1; i-- > 0;) {
		const struct rd_instr *in = &prog->instr[i];

		if (!seen[i] || in->op == RD_OP_COLUMN || in->op == RD_OP_CONST)
			continue;
		if (in->a != RD_NONE)
			seen[in->a] = true;
		if (in->b != RD_NONE)
			seen[in->b] = true;
		if (in->c != RD_NONE)
			seen[in->c] = true;
		if (in->op == RD_OP_CASE || in->op == RD_OP_COALESCE)
			for (uint32_t k = 0; k < in->n_list; k++)
				seen[in->list[k]] = true;
	}
}

bool rd_vproject_marked(const struct rd_prog *prog, uint32_t id, const uint32_t *mark, bool *seen)
{
	sources(prog, id, seen);
	for (uint32_t i = 0; i <= id; i++)
		if (seen[i] && prog->instr[i].op == RD_OP_COLUMN &&
		    mark[prog->instr[i].a] != RD_NONE)
			return true;
	return false;
}

/* Withheld: NULL, and a column that it is computed from is withheld. */
static void compute_mark(struct project *p, struct project_local *l, const struct rd_batch *in,
			 const struct rd_vrun *run, uint32_t i)
{
	uint32_t m = p->node->mark[i];
	uint8_t *out = l->mark + (size_t)(m - p->node->node->n_cols) * RD_BATCH_ROWS;
	bool seen[RD_PROG_OPS_MAX];

	memset(out, 0, RD_BATCH_ROWS);
	sources(p->src, p->src->out[i], seen);
	for (uint32_t k = 0; k <= p->src->out[i]; k++) {
		const struct rd_instr *ins = &p->src->instr[k];
		const struct rd_vec *from;

		if (!seen[k] || ins->op != RD_OP_COLUMN || p->input->mark[ins->a] == RD_NONE)
			continue;
		from = &in->col[p->input->mark[ins->a]];
		for (uint32_t r = 0; r < run->n; r++)
			out[r] |= RD_VAT(uint8_t, from, run->dense ? in->sel[r] : r);
	}
	for (uint32_t r = 0; r < run->n; r++)
		out[r] &= rd_vec_is_null(&run->out[i], r);
	l->vec[m] = (struct rd_vec){
		.type = { .type = RD_BOOL }, .repr = RD_FLAT, .width = 1, .data = out
	};
}

static bool push(struct rd_vop *op, struct rd_vthread *t, const struct rd_batch *in,
		 struct rd_err *err)
{
	struct project *p = (struct project *)op;
	struct project_local *l = op->local[t->id];
	struct rd_vrun run = { .position = RD_NONE };
	struct rd_batch out = { .n_sel = in->n_sel, .n_cols = p->node->n_all, .col = l->vec };

	if (!rd_vstate_run(l->state, in, &run, err)) {
		if (run.position != RD_NONE)
			atomic_store(&t->run->data_position, run.position);
		return false;
	}
	memcpy(l->vec, run.out, p->prog.n_out * sizeof(*l->vec));
	for (uint32_t i = 0; i < p->prog.n_out; i++)
		if (p->node->mark[i] != RD_NONE)
			compute_mark(p, l, in, &run, i);
	out.n = run.n;
	out.sel = run.dense ? NULL : in->sel;
	return rd_v_push(op->next, t, &out, err);
}

static const struct rd_vop_ops project_ops = { .name = "project", .start = start, .push = push };

bool rd_vproject_new(const struct rd_vmake *make, struct rd_vop **out, struct rd_err *err)
{
	struct project *p = rd_vop_alloc(make, sizeof(*p), &project_ops, err);
	struct rd_vcompile how = { .pool = &make->run->pool,
				   .col = make->left->col,
				   .n_cols = make->left->n_all,
				   .need = make->node->need };

	if (!p)
		return false;
	p->node = make->node;
	p->input = make->left;
	p->src = &make->node->node->project.prog;
	*out = &p->op;
	return rd_vprog_compile(&how, p->src, &p->prog, err);
}
