/* What each expression may reveal: the lowest of its inputs, and what the classes forbid. */
#include "rules_int.h"

#include <stdio.h>

bool rules_refuse(const struct rules *r, const struct flow_column *column, uint32_t position,
		  const char *what, struct rd_err *err)
{
	char where[48] = "";

	if (position != RD_NONE)
		(void)snprintf(where, sizeof(where), " (at byte %u of the SQL)", position);
	if (!column || column->table == RD_NONE)
		return rd_fail(err, RD_FAULT_REFUSED, "rules.class", "a value of class %s: %s%s",
			       column ? rd_class_name((enum rd_class)column->class_) : "hidden",
			       what, where);
	const struct rd_plan_table *t = &r->plan->table[column->table];

	return rd_fail(err, RD_FAULT_REFUSED, "rules.class",
		       "column %.*s of %.*s is of class %s: %s%s",
		       RD_FMT(t->column[column->column].name), RD_FMT(t->name),
		       rd_class_name((enum rd_class)column->class_), what, where);
}

/* One program while it is walked. */
struct walk {
	const struct rules *rules;
	const struct rd_prog *prog;
	const struct flow_column *input;
	uint8_t *class_;
	uint32_t *origin; /* an input column that gave the value its class, or RD_NONE */
};

static bool refuse(const struct walk *w, uint32_t value, uint32_t position, const char *what,
		   struct rd_err *err)
{
	struct flow_column c = { .class_ = w->class_[value], .table = RD_NONE };

	if (w->origin[value] != RD_NONE) {
		c.table = w->input[w->origin[value]].table;
		c.column = w->input[w->origin[value]].column;
	}
	return rules_refuse(w->rules, &c, position, what, err);
}

/* The value must be of this class at least; its class lowers the result's. */
static bool take(struct walk *w, uint32_t i, uint32_t value, uint8_t least, const char *what,
		 struct rd_err *err)
{
	if (value == RD_NONE)
		return true;
	if (w->class_[value] < least)
		return refuse(w, value, w->prog->instr[i].position, what, err);
	if (w->class_[value] < w->class_[i]) {
		w->class_[i] = w->class_[value];
		w->origin[i] = w->origin[value];
	}
	return true;
}

static bool take_all(struct walk *w, uint32_t i, uint8_t least, const char *what,
		     struct rd_err *err)
{
	const struct rd_instr *x = &w->prog->instr[i];

	return take(w, i, x->a, least, what, err) && take(w, i, x->b, least, what, err) &&
	       take(w, i, x->c, least, what, err);
}

/* Two join columns may be set equal: that they are is of class group. */
static bool take_equal(struct walk *w, uint32_t i, struct rd_err *err)
{
	const struct rd_instr *x = &w->prog->instr[i];

	if (x->op == RD_OP_EQ && w->class_[x->a] == RD_CLASS_JOIN &&
	    w->class_[x->b] == RD_CLASS_JOIN) {
		w->class_[i] = RD_CLASS_GROUP;
		return true;
	}
	return take_all(w, i, RD_CLASS_GROUP, "comparing it needs class group", err);
}

static bool take_case(struct walk *w, uint32_t i, struct rd_err *err)
{
	const struct rd_instr *x = &w->prog->instr[i];

	for (uint32_t k = 0; k < x->n_list; k++) {
		bool condition = k % 2 == 0 && k + 1 < x->n_list;

		if (!take(w, i, x->list[k], condition ? RD_CLASS_GROUP : RD_CLASS_AGGREGATE,
			  condition ? "a CASE condition needs class group"
				    : "a CASE result needs class aggregate",
			  err))
			return false;
	}
	return true;
}

static bool take_coalesce(struct walk *w, uint32_t i, struct rd_err *err)
{
	const struct rd_instr *x = &w->prog->instr[i];

	for (uint32_t k = 0; k < x->n_list; k++)
		if (!take(w, i, x->list[k], RD_CLASS_GROUP, "COALESCE needs class group", err))
			return false;
	return true;
}

static bool take_instr(struct walk *w, uint32_t i, struct rd_err *err)
{
	const struct rd_instr *x = &w->prog->instr[i];

	switch (x->op) {
	case RD_OP_CONST:
		return true;
	case RD_OP_COLUMN:
		w->class_[i] = w->input[x->a].class_;
		w->origin[i] = x->a;
		return w->class_[i] != RD_CLASS_HIDDEN ||
		       refuse(w, i, x->position, "it may not be used", err);
	case RD_OP_EQ:
	case RD_OP_NE:
	case RD_OP_LT:
	case RD_OP_LE:
	case RD_OP_GT:
	case RD_OP_GE:
	case RD_OP_IN:
	case RD_OP_LIKE:
	case RD_OP_IS_DISTINCT:
		return take_equal(w, i, err);
	case RD_OP_CASE:
		return take_case(w, i, err);
	case RD_OP_COALESCE:
		return take_coalesce(w, i, err);
	case RD_OP_CAST:
		/* A key of another width stays what it is. */
		return take(w, i, x->a, RD_CLASS_JOIN, "it may not be used", err);
	case RD_OP_IS_NULL:
	case RD_OP_IS_TRUE:
	case RD_OP_IS_FALSE:
	case RD_OP_AND:
	case RD_OP_OR:
	case RD_OP_NOT:
		/* What comes of it is a condition, and whoever uses one demands class group. */
		return take_all(w, i, RD_CLASS_AGGREGATE, "a condition needs class group", err);
	default:
		return take_all(w, i, RD_CLASS_AGGREGATE, "computing with it needs class aggregate",
				err);
	}
}

bool rules_prog(const struct rules *r, const struct rd_prog *prog, const struct flow_column *input,
		uint8_t *out, struct rd_err *err)
{
	struct walk w = { .rules = r, .prog = prog, .input = input, .class_ = out };

	w.origin = RD_NEW_ARRAY(r->arena, uint32_t, prog->n, err);
	if (!w.origin)
		return false;
	for (uint32_t i = 0; i < prog->n; i++) {
		out[i] = RD_CLASS_VISIBLE;
		w.origin[i] = RD_NONE;
		if (!take_instr(&w, i, err))
			return false;
	}
	return true;
}
