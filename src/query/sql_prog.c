/* Programs under construction: values are appended, never changed. */
#include "sql_int.h"

#include <string.h>

bool sql_emit(struct sql *c, struct sql_prog *p, const struct rd_instr *in, struct sql_val *out)
{
	struct rd_instr *bigger;
	uint32_t cap;

	if (p->n == p->cap) {
		cap = p->cap ? p->cap * 2 : 32;
		if (cap > SQL_VALUES_MAX)
			return sql_fail(c, in->position, "query.sql.limit",
					"an expression has more than %u steps", SQL_VALUES_MAX);
		bigger = RD_NEW_ARRAY(c->arena, struct rd_instr, cap, c->err);
		if (!bigger)
			return false;
		if (p->n)
			memcpy(bigger, p->instr, p->n * sizeof(*bigger));
		p->instr = bigger;
		p->cap = cap;
	}
	p->instr[p->n] = *in;
	*out = (struct sql_val){
		.id = p->n++, .type = in->type, .place = in->position, .mask = p->mask
	};
	return true;
}

bool sql_emit_op(struct sql *c, struct sql_prog *p, const struct rd_instr *in, struct sql_val *out)
{
	struct rd_prog prog;
	struct rd_err why = { 0 };
	struct rd_instr *at;

	if (!sql_emit(c, p, in, out))
		return false;
	at = &p->instr[out->id];
	at->mask = RD_NONE;
	prog = (struct rd_prog){ .n = p->n, .instr = p->instr };
	if (!rd_instr_derive(&prog, out->id, NULL, 0, &at->type, &why))
		return sql_fail(c, in->position, "query.sql.type", "%s", why.text);
	/* Only what can fail carries a guard: so guards that nothing needs vanish. */
	at->mask = rd_instr_can_fail(&prog, out->id) ? p->mask : RD_NONE;
	out->type = at->type;
	return true;
}

bool sql_emit_column(struct sql *c, struct sql_prog *p, uint32_t column, struct rd_coltype type,
		     struct sql_val *out)
{
	struct rd_instr in = { .op = RD_OP_COLUMN,
			       .type = type,
			       .a = column,
			       .b = RD_NONE,
			       .c = RD_NONE,
			       .mask = RD_NONE,
			       .position = SQL_NO_PLACE };

	for (uint32_t i = 0; i < p->n && i < 256; i++) { /* columns come first, mostly */
		if (p->instr[i].op == RD_OP_COLUMN && p->instr[i].a == column) {
			*out = (struct sql_val){
				.id = i, .type = type, .place = SQL_NO_PLACE, .mask = p->mask
			};
			return true;
		}
	}
	return sql_emit(c, p, &in, out);
}

bool sql_emit_const(struct sql *c, struct sql_prog *p, const struct rd_value *value,
		    struct sql_val *out)
{
	struct rd_value *copy = RD_NEW(c->arena, struct rd_value, c->err);
	struct rd_instr in = { .op = RD_OP_CONST,
			       .type = value->type,
			       .a = RD_NONE,
			       .b = RD_NONE,
			       .c = RD_NONE,
			       .mask = RD_NONE,
			       .position = SQL_NO_PLACE,
			       .constant = copy };

	if (!copy)
		return false;
	*copy = *value;
	copy->type.nullable = value->is_null;
	in.type.nullable = value->is_null;
	return sql_emit(c, p, &in, out);
}

bool sql_emit1(struct sql *c, struct sql_prog *p, uint16_t op, struct sql_val a,
	       struct sql_val *out)
{
	struct rd_instr in = { .op = op,
			       .type = a.type,
			       .a = a.id,
			       .b = RD_NONE,
			       .c = RD_NONE,
			       .mask = RD_NONE,
			       .position = a.place };

	return sql_emit_op(c, p, &in, out);
}

bool sql_emit2(struct sql *c, struct sql_prog *p, const struct rd_instr *in, struct sql_val *out)
{
	struct rd_instr instr = *in;

	instr.c = RD_NONE;
	instr.mask = RD_NONE;
	return sql_emit_op(c, p, &instr, out);
}

const struct rd_value *sql_constant(const struct sql_prog *p, struct sql_val v)
{
	return p->instr[v.id].op == RD_OP_CONST ? p->instr[v.id].constant : NULL;
}

uint32_t sql_bare_column(const struct sql_prog *p, struct sql_val v)
{
	return p->instr[v.id].op == RD_OP_COLUMN ? p->instr[v.id].a : RD_NONE;
}

bool sql_narrow(struct sql *c, struct sql_prog *p, struct sql_val condition)
{
	struct rd_instr in = {
		.op = RD_OP_AND, .a = p->mask, .b = condition.id, .position = SQL_NO_PLACE
	};
	struct sql_val both = condition;

	if (p->mask != RD_NONE && !sql_emit2(c, p, &in, &both))
		return false;
	p->mask = both.id;
	return true;
}

/* What instruction i reads, marked. */
static void mark(const struct rd_instr *in, bool *live)
{
	if (in->op != RD_OP_COLUMN && in->a != RD_NONE)
		live[in->a] = true;
	if (in->b != RD_NONE)
		live[in->b] = true;
	if (in->c != RD_NONE)
		live[in->c] = true;
	if (in->mask != RD_NONE)
		live[in->mask] = true;
	for (uint32_t i = 0; in->list && i < in->n_list; i++)
		live[in->list[i]] = true;
}

static uint32_t moved(const uint32_t *to, uint32_t id)
{
	return id == RD_NONE ? RD_NONE : to[id];
}

static bool move(struct sql *c, const uint32_t *to, struct rd_instr *in)
{
	uint32_t *list;

	if (in->op != RD_OP_COLUMN)
		in->a = moved(to, in->a);
	in->b = moved(to, in->b);
	in->c = moved(to, in->c);
	in->mask = moved(to, in->mask);
	if (in->list) {
		list = RD_NEW_ARRAY(c->arena, uint32_t, in->n_list, c->err);
		if (!list)
			return false;
		for (uint32_t i = 0; i < in->n_list; i++)
			list[i] = moved(to, in->list[i]);
		in->list = list;
	}
	return true;
}

bool sql_prog_finish(struct sql *c, const struct sql_prog *p, const uint32_t *out, uint32_t n_out,
		     struct rd_prog *prog)
{
	bool *live = RD_NEW_ARRAY(c->arena, bool, p->n, c->err);
	uint32_t *to = live ? RD_NEW_ARRAY(c->arena, uint32_t, p->n, c->err) : NULL;
	uint32_t *outs = to ? RD_NEW_ARRAY(c->arena, uint32_t, n_out, c->err) : NULL;
	struct rd_instr *instr;
	uint32_t n = 0;

	if (!outs)
		return false;
	for (uint32_t i = 0; i < n_out; i++)
		live[out[i]] = true;
	for (uint32_t i = p->n; i-- > 0;) {
		if (!live[i])
			continue;
		mark(&p->instr[i], live);
		n++;
	}
	if (n > RD_PROG_OPS_MAX)
		return sql_fail(c, SQL_NO_PLACE, "query.sql.limit",
				"one step of the query computes %u values, at most %d are accepted",
				n, RD_PROG_OPS_MAX);
	instr = RD_NEW_ARRAY(c->arena, struct rd_instr, n, c->err);
	if (!instr)
		return false;
	n = 0;
	for (uint32_t i = 0; i < p->n; i++) {
		if (!live[i])
			continue;
		to[i] = n;
		instr[n] = p->instr[i];
		if (!move(c, to, &instr[n++]))
			return false;
	}
	for (uint32_t i = 0; i < n_out; i++)
		outs[i] = to[out[i]];
	*prog = (struct rd_prog){ .n = n, .instr = instr, .n_out = n_out, .out = outs };
	return true;
}
