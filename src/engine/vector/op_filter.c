/* Keeps the rows for which a program is true. */
#include "vector_int.h"

struct rd_vfilter {
	struct rd_vprog prog;
};
struct rd_vfilter_run {
	struct rd_vstate *state;
	uint16_t sel[2][RD_BATCH_ROWS]; /* in turns: a filter may read what it wrote before */
	int turn;
	uint8_t truth[RD_BATCH_ROWS], valid[RD_BATCH_ROWS];
};

bool rd_vfilter_make(struct rd_vrun_state *run, const struct rd_prog *prog,
		     const struct rd_vnode *input, struct rd_vfilter **out, struct rd_err *err)
{
	struct rd_vcompile how = { .pool = &run->pool, .col = input->col, .n_cols = input->n_all };
	struct rd_vfilter *f = RD_VNEW(&run->pool, struct rd_vfilter, 1, err);

	*out = f;
	return f && rd_vprog_compile(&how, prog, &f->prog, err);
}

const bool *rd_vfilter_reads(const struct rd_vfilter *filter)
{
	return filter->prog.reads;
}

bool rd_vfilter_run_new(const struct rd_vfilter *filter, struct rd_vthread *t,
			struct rd_vfilter_run **out, struct rd_err *err)
{
	struct rd_vfilter_run *run = RD_VNEW(&t->pool, struct rd_vfilter_run, 1, err);

	*out = run;
	return run && rd_vstate_new(&filter->prog, &t->pool, &run->state, err);
}

/* A byte a row; NULL is false. */
static const uint8_t *truth_of(struct rd_vfilter_run *run, const struct rd_vec *v, uint32_t n)
{
	const uint8_t *x = v->data;

	if (v->repr == RD_CONST) {
		rd_v_fill(run->truth, v->data, 1, n);
		x = run->truth;
	}
	if (!v->valid)
		return x;
	rd_v_bits_to_bytes(run->valid, v->valid, n);
	for (uint32_t i = 0; i < n; i++)
		run->truth[i] = x[i] & run->valid[i];
	return run->truth;
}

bool rd_vfilter_apply(struct rd_vfilter_run *f, struct rd_vthread *t, struct rd_batch *io,
		      struct rd_err *err)
{
	struct rd_vrun run = { .position = RD_NONE };
	uint16_t *sel = f->sel[f->turn ^= 1];
	const uint8_t *yes;
	uint32_t k = 0;

	if (!rd_vstate_run(f->state, io, &run, err)) {
		if (run.position != RD_NONE)
			atomic_store(&t->run->data_position, run.position);
		return false;
	}
	yes = truth_of(f, &run.out[0], run.n);
	if (!io->sel) {
		k = rd_v_select(sel, yes, io->n);
	} else if (run.dense) {
		for (uint32_t i = 0; i < io->n_sel; i++) {
			sel[k] = io->sel[i];
			k += yes[i];
		}
	} else {
		for (uint32_t i = 0; i < io->n_sel; i++) {
			sel[k] = io->sel[i];
			k += yes[io->sel[i]];
		}
	}
	if (k != io->n) {
		io->sel = sel;
		io->n_sel = k;
	}
	return true;
}

/* ---- as an operator ---- */

struct filter_op {
	struct rd_vop op;
	struct rd_vfilter *filter;
};

static bool start(struct rd_vop *op, struct rd_vthread *t, struct rd_err *err)
{
	struct rd_vfilter_run *run;

	if (!rd_vfilter_run_new(((struct filter_op *)op)->filter, t, &run, err))
		return false;
	op->local[t->id] = run;
	return true;
}

static bool push(struct rd_vop *op, struct rd_vthread *t, const struct rd_batch *in,
		 struct rd_err *err)
{
	struct rd_batch batch = *in;

	return rd_vfilter_apply(op->local[t->id], t, &batch, err) &&
	       rd_v_push(op->next, t, &batch, err);
}

static const struct rd_vop_ops filter_ops = { .name = "filter", .start = start, .push = push };

/* make->node: what gives the rows; their layout stays. */
bool rd_vfilter_op_new(const struct rd_vmake *make, const struct rd_prog *prog, struct rd_vop **out,
		       struct rd_err *err)
{
	struct filter_op *f = rd_vop_alloc(make, sizeof(*f), &filter_ops, err);

	if (!f || !rd_vfilter_make(make->run, prog, make->node, &f->filter, err))
		return false;
	*out = &f->op;
	return true;
}
