/* Programs: instruction by instruction, one row at a time. */
#include "ref_int.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- comparison -------------------------------------------------------------------------- */

static int compare_doubles(double a, double b)
{
	if (isnan(a) || isnan(b))
		return isnan(a) - isnan(b);
	return (a > b) - (a < b);
}

int rd_ref_compare(const struct rd_value *a, const struct rd_value *b)
{
	if (a->is_null || b->is_null)
		return a->is_null - b->is_null;
	switch ((enum rd_type)a->type.type) {
	case RD_DOUBLE:
		return compare_doubles(a->f, b->f);
	case RD_DECIMAL:
		return (a->d > b->d) - (a->d < b->d);
	case RD_TEXT:
		return rd_view_cmp(a->text, b->text);
	default:
		return (a->i > b->i) - (a->i < b->i);
	}
}

int ref_rows_compare(struct ref_val *const *a, struct ref_val *const *b, uint32_t n)
{
	for (uint32_t c = 0; c < n; c++) {
		int order = rd_ref_compare(&(*a)[c].v, &(*b)[c].v);

		if (order)
			return order;
	}
	return 0;
}

struct ref_val ref_canonical(struct ref_val v)
{
	if (v.v.type.type == RD_DOUBLE && !v.v.is_null && isnan(v.v.f))
		v.v.f = (double)NAN;
	if (v.v.type.type == RD_DOUBLE && !v.v.is_null && v.v.f == 0.0)
		v.v.f = 0.0;
	return v;
}

/* ---- one instruction --------------------------------------------------------------------- */

struct frame {
	struct ref_run *run;
	const struct rd_instr *in;
	struct ref_val *val; /* of the program */
	struct ref_val *out; /* of this instruction */
};

static bool poisoned(struct ref_run *run, const char *where)
{
	return rd_fail(run->err, RD_FAULT_FAILED, "ref.poison",
		       "%s looks at a value that its mask leaves unspecified", where);
}

static void put_bool(struct frame *f, bool value)
{
	f->out->v.is_null = false;
	f->out->v.i = value;
}

static void put_null(struct frame *f)
{
	f->out->v.is_null = true;
}

/* -1 unspecified, 0 false, 1 true, 2 NULL */
static int truth(const struct ref_val *v)
{
	if (v->poison)
		return -1;
	return v->v.is_null ? 2 : v->v.i != 0;
}

static void logic(struct frame *f)
{
	int a = truth(&f->val[f->in->a]), b = truth(&f->val[f->in->b]);
	int decides = f->in->op == RD_OP_AND ? 0 : 1;

	if (a == decides || b == decides)
		put_bool(f, decides);
	else if (a == -1 || b == -1)
		f->out->poison = true;
	else if (a == 2 || b == 2)
		put_null(f);
	else
		put_bool(f, !decides);
}

static void choose(struct frame *f)
{
	const struct rd_instr *in = f->in;
	const struct ref_val *chosen = NULL;

	for (uint32_t i = 0; i < in->n_list && !chosen; i++) {
		const struct ref_val *v = &f->val[in->list[i]];
		bool is_case = in->op == RD_OP_CASE, last = i == in->n_list - 1;

		if (is_case && !last && i % 2 == 0) {
			if (v->poison)
				chosen = v;
			else if (truth(v) == 1)
				chosen = &f->val[in->list[i + 1]];
			else
				i++;
			continue;
		}
		if (is_case || v->poison || !v->v.is_null || last)
			chosen = v;
	}
	*f->out = (struct ref_val){ .v = chosen->v, .poison = chosen->poison };
	f->out->v.type = in->type;
}

static bool compare(uint16_t op, int order)
{
	switch (op) {
	case RD_OP_EQ:
		return order == 0;
	case RD_OP_NE:
	case RD_OP_IS_DISTINCT:
		return order != 0;
	case RD_OP_LT:
		return order < 0;
	case RD_OP_LE:
		return order <= 0;
	case RD_OP_GT:
		return order > 0;
	default:
		return order >= 0;
	}
}

static void in_list(struct frame *f, const struct rd_value *a)
{
	bool unknown = false;

	for (uint32_t i = 0; i < f->in->n_list; i++) {
		const struct rd_value *item = &f->in->constant[i];

		if (item->is_null)
			unknown = true;
		else if (rd_ref_compare(a, item) == 0) {
			put_bool(f, true);
			return;
		}
	}
	if (unknown)
		put_null(f);
	else
		put_bool(f, false);
}

/* Ops that look at NULLs themselves; false: not one of them. */
static bool null_ops(struct frame *f)
{
	const struct rd_value *a = &f->val[f->in->a].v;

	switch (f->in->op) {
	case RD_OP_IS_NULL:
		put_bool(f, a->is_null);
		return true;
	case RD_OP_IS_TRUE:
		put_bool(f, !a->is_null && a->i);
		return true;
	case RD_OP_IS_FALSE:
		put_bool(f, !a->is_null && !a->i);
		return true;
	case RD_OP_IS_DISTINCT:
		put_bool(f, rd_ref_compare(a, &f->val[f->in->b].v) != 0);
		return true;
	default:
		return false;
	}
}

/* No operand is NULL.  False: a data error, or no memory. */
static bool strict_ops(struct frame *f, const struct rd_value *const arg[3])
{
	const struct rd_instr *in = f->in;
	struct rd_value *out = &f->out->v;

	switch (in->op) {
	case RD_OP_EQ:
	case RD_OP_NE:
	case RD_OP_LT:
	case RD_OP_LE:
	case RD_OP_GT:
	case RD_OP_GE:
		put_bool(f, compare(in->op, rd_ref_compare(arg[0], arg[1])));
		return true;
	case RD_OP_NOT:
		put_bool(f, !arg[0]->i);
		return true;
	case RD_OP_IN:
		in_list(f, arg[0]);
		return true;
	case RD_OP_LIKE:
		put_bool(f, ref_like(in, arg[0]->text));
		return true;
	case RD_OP_ROUND:
	case RD_OP_FLOOR:
	case RD_OP_CEIL:
		return ref_round(in, arg[0], out);
	case RD_OP_CAST:
		return ref_cast(f->run, arg[0], out);
	case RD_OP_DATE_ADD:
		return ref_date_add(arg[0], arg[1], out);
	case RD_OP_EXTRACT:
		ref_extract(in->digits, arg[0], out);
		return true;
	case RD_OP_SUBSTRING:
	case RD_OP_UPPER:
	case RD_OP_LOWER:
	case RD_OP_LENGTH:
	case RD_OP_CONCAT:
		return ref_text(f->run, in->op, arg, out);
	default:
		return ref_arith(in->op, arg[0], arg[1], out);
	}
}

static void column(struct frame *f, const struct ref_input *row)
{
	uint32_t c = f->in->a;

	*f->out = c < row->n_row ? row->row[c] : row->more[c - row->n_row];
	f->out->v.type = f->in->type;
}

/* An instruction that its mask reaches, and that has operands a, b, c. */
static bool apply(struct frame *f, bool can_fail)
{
	const struct rd_instr *in = f->in;
	const uint32_t id[3] = { in->a, in->b, in->c };
	const struct rd_value *arg[3] = { NULL, NULL, NULL };
	bool null = false;

	for (int i = 0; i < 3; i++) {
		if (id[i] == RD_NONE)
			continue;
		if (f->val[id[i]].poison) {
			f->out->poison = true;
			return !can_fail || poisoned(f->run, "an operation that can fail");
		}
		arg[i] = &f->val[id[i]].v;
		null |= arg[i]->is_null;
	}
	if (null_ops(f))
		return true;
	if (null) {
		put_null(f);
		return true;
	}
	if (strict_ops(f, arg))
		return true;
	return f->run->err->code ? false : ref_fail(f->run, in->position);
}

/* A NULL made of a withheld value is withheld. */
static void mark(struct frame *f)
{
	const struct rd_instr *in = f->in;
	const uint32_t id[3] = { in->a, in->b, in->c };
	bool lists_values = in->op == RD_OP_CASE || in->op == RD_OP_COALESCE;

	if (in->op == RD_OP_COLUMN)
		return;
	for (int i = 0; i < 3; i++)
		f->out->marked |= id[i] != RD_NONE && f->val[id[i]].marked;
	for (uint32_t i = 0; lists_values && i < in->n_list; i++)
		f->out->marked |= f->val[in->list[i]].marked;
}

static bool step(struct frame *f, const struct rd_prog *prog, uint32_t i,
		 const struct ref_input *input)
{
	*f->out = (struct ref_val){ .v.type = f->in->type };
	if (f->in->mask != RD_NONE) {
		int reached = truth(&f->val[f->in->mask]);

		if (reached == -1)
			return poisoned(f->run, "a mask");
		if (reached != 1) {
			f->out->poison = true;
			return true;
		}
	}
	switch (f->in->op) {
	case RD_OP_CONST:
		f->out->v = *f->in->constant;
		f->out->v.type = f->in->type;
		return true;
	case RD_OP_COLUMN:
		column(f, input);
		return true;
	case RD_OP_AND:
	case RD_OP_OR:
		logic(f);
		return true;
	case RD_OP_CASE:
	case RD_OP_COALESCE:
		choose(f);
		return true;
	default:
		return apply(f, rd_instr_can_fail(prog, i));
	}
}

static bool eval_into(struct ref_run *run, const struct rd_prog *prog, const struct ref_input *in,
		      struct ref_val *val, struct ref_val *out)
{
	for (uint32_t i = 0; i < prog->n; i++) {
		struct frame f = { run, &prog->instr[i], val, &val[i] };

		if (!step(&f, prog, i, in))
			return false;
		mark(&f);
	}
	for (uint32_t i = 0; i < prog->n_out; i++) {
		out[i] = val[prog->out[i]];
		if (out[i].poison)
			return poisoned(run, "an output");
		/* Only what is NULL is withheld: the rest was not computed from a hidden value. */
		out[i].marked &= out[i].v.is_null;
	}
	return true;
}

bool ref_eval(struct ref_run *run, const struct rd_prog *prog, const struct ref_input *in,
	      struct ref_val *out)
{
	struct ref_val *val = calloc((size_t)prog->n + 1, sizeof(*val));
	bool ok;

	rd_assert(val);
	ok = eval_into(run, prog, in, val, out);
	free(val);
	return ok;
}

bool ref_condition(struct ref_run *run, const struct rd_prog *prog, const struct ref_input *in,
		   bool *out)
{
	struct ref_val val;

	if (!ref_eval(run, prog, in, &val))
		return false;
	*out = truth(&val) == 1;
	return true;
}
