/* Expressions: what each node of the parse tree becomes in a program. */
#include "sql_int.h"

#include <string.h>

static bool bind_column(struct sql_expr *e, const json_t *ref, struct sql_val *out)
{
	const json_t *fields = sql_get(ref, "fields"), *inner;
	uint32_t at;

	if (sql_is(sql_at(fields, json_array_size(fields) - 1), "A_Star", &inner))
		return sql_fail(e->c, sql_place(ref), "query.sql.syntax",
				"* stands for columns only in a SELECT's list and in count(*)");
	if (e->group)
		return sql_group_column(e, ref, out);
	if (!sql_resolve(e->c, e->scope, ref, &at) ||
	    !sql_emit_column(e->c, e->prog, e->scope->col[at].at, e->scope->col[at].type, out))
		return false;
	out->unknown = e->scope->col[at].unknown;
	out->place = sql_place(ref);
	return true;
}

static bool bind_const(struct sql_expr *e, const json_t *inner, struct sql_val *out)
{
	struct rd_value value;
	bool unknown;

	if (!sql_const_node(e->c, inner, &value, &unknown) ||
	    !sql_emit_const(e->c, e->prog, &value, out))
		return false;
	out->unknown = unknown;
	out->place = sql_place(inner);
	return true;
}

static bool bind_cast(struct sql_expr *e, const json_t *inner, struct sql_val *out)
{
	const json_t *name = sql_get(inner, "typeName");
	const struct rd_value *constant;
	struct rd_coltype type;
	struct rd_value value;
	int64_t fields;

	if (!sql_fields(e->c, inner, "arg typeName location") ||
	    !sql_type_node(e->c, name, &type, &fields) || !sql_bind(e, sql_get(inner, "arg"), out))
		return false;
	out->place = sql_place(sql_get(inner, "arg"));
	if (type.type != RD_INTERVAL)
		return sql_explicit_cast(e->c, e->prog, out, type);
	constant = sql_constant(e->prog, *out);
	if (!out->unknown || !constant || constant->is_null)
		return sql_unsupported(e->c, out->place, "an interval that is not a literal is");
	return sql_interval(e->c, constant->text, fields, out->place, &value) &&
	       sql_emit_const(e->c, e->prog, &value, out);
}

static bool bind_null_test(struct sql_expr *e, const json_t *inner, struct sql_val *out)
{
	bool is_not = strcmp(sql_str(inner, "nulltesttype"), "IS_NOT_NULL") == 0;

	return sql_fields(e->c, inner, "arg nulltesttype location") &&
	       sql_bind(e, sql_get(inner, "arg"), out) && sql_settle(e->c, e->prog, out) &&
	       sql_emit1(e->c, e->prog, RD_OP_IS_NULL, *out, out) &&
	       (!is_not || sql_emit1(e->c, e->prog, RD_OP_NOT, *out, out));
}

static bool bind_bool_test(struct sql_expr *e, const json_t *inner, struct sql_val *out)
{
	static const struct {
		const char *name;
		uint16_t op;
		bool negate;
	} tests[] = {
		{ "IS_TRUE", RD_OP_IS_TRUE, false },    { "IS_NOT_TRUE", RD_OP_IS_TRUE, true },
		{ "IS_FALSE", RD_OP_IS_FALSE, false },  { "IS_NOT_FALSE", RD_OP_IS_FALSE, true },
		{ "IS_UNKNOWN", RD_OP_IS_NULL, false }, { "IS_NOT_UNKNOWN", RD_OP_IS_NULL, true },
	};
	const char *name = sql_str(inner, "booltesttype");

	if (!sql_fields(e->c, inner, "arg booltesttype location") ||
	    !sql_bind(e, sql_get(inner, "arg"), out) ||
	    !sql_want_bool(e->c, e->prog, out, "IS TRUE"))
		return false;
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		if (strcmp(tests[i].name, name) == 0)
			return sql_emit1(e->c, e->prog, tests[i].op, *out, out) &&
			       (!tests[i].negate || sql_emit1(e->c, e->prog, RD_OP_NOT, *out, out));
	return sql_unsupported(e->c, sql_place(inner), "this test is");
}

/* A date against a timestamp that is a constant midnight: compared as dates, without a cast of
 * every row; means the same. */
static bool midnight(struct sql_expr *e, struct sql_val *day, struct sql_val *stamp)
{
	const int64_t day_us = INT64_C(86400000000);
	const struct rd_value *constant = sql_constant(e->prog, *stamp);
	struct rd_value value = { .type = sql_type_of(RD_DATE) };

	if (day->type.type != RD_DATE || stamp->type.type != RD_TIMESTAMP || !constant ||
	    constant->is_null || constant->i % day_us != 0 || day->unknown || stamp->unknown)
		return true;
	value.i = constant->i / day_us;
	return sql_emit_const(e->c, e->prog, &value, stamp);
}

bool sql_compare(struct sql_expr *e, uint16_t op, struct sql_val v[2], uint32_t place,
		 struct sql_val *out)
{
	struct sql_val *both[2] = { &v[0], &v[1] };
	struct rd_instr in = { .op = op, .position = place };

	if (!midnight(e, &v[0], &v[1]) || !midnight(e, &v[1], &v[0]))
		return false;
	if (v[0].unknown || v[1].unknown || v[0].type.type != RD_DECIMAL ||
	    v[1].type.type != RD_DECIMAL || v[0].type.scale != v[1].type.scale) {
		if (!sql_unify(e->c, e->prog, both, 2, "a comparison's"))
			return false;
	}
	in.a = v[0].id;
	in.b = v[1].id;
	if (!sql_emit2(e->c, e->prog, &in, out))
		return false;
	out->place = place;
	return true;
}

static const struct {
	const char *name;
	uint16_t op;
} comparisons[] = {
	{ "=", RD_OP_EQ },  { "<>", RD_OP_NE }, { "<", RD_OP_LT },
	{ "<=", RD_OP_LE }, { ">", RD_OP_GT },  { ">=", RD_OP_GE },
};

static bool bind_sign(struct sql_expr *e, const char *op, const json_t *operand, uint32_t place,
		      struct sql_val *out)
{
	char name[32];

	if (!sql_bind(e, operand, out))
		return false;
	if (out->unknown && !sql_coerce(e->c, e->prog, out, sql_type_of(RD_DOUBLE)))
		return false;
	sql_type_name(out->type, name);
	if (!sql_is_number(out->type) || (strcmp(op, "-") != 0 && strcmp(op, "+") != 0))
		return sql_fail(e->c, place, "query.sql.type", "operator %s does not take %s", op,
				name);
	return op[0] == '+' || sql_emit1(e->c, e->prog, RD_OP_NEG, *out, out);
}

static bool bind_op(struct sql_expr *e, const json_t *inner, struct sql_val *out)
{
	uint32_t place = sql_place(inner);
	const json_t *left = sql_get(inner, "lexpr");
	struct sql_val v[2];
	const char *op;

	if (!sql_last_name(e->c, sql_get(inner, "name"), &op))
		return false;
	if (!left)
		return bind_sign(e, op, sql_get(inner, "rexpr"), place, out);
	if (!sql_bind(e, left, &v[0]) || !sql_bind(e, sql_get(inner, "rexpr"), &v[1]))
		return false;
	for (size_t i = 0; i < sizeof(comparisons) / sizeof(comparisons[0]); i++)
		if (strcmp(op, comparisons[i].name) == 0)
			return sql_compare(e, comparisons[i].op, v, place, out);
	return sql_bind_arith(e, op, v, place, out);
}

static bool bind_a_expr(struct sql_expr *e, const json_t *inner, struct sql_val *out)
{
	if (!sql_fields(e->c, inner, "kind name lexpr rexpr location"))
		return false;
	if (strcmp(sql_str(inner, "kind"), "AEXPR_OP") == 0)
		return bind_op(e, inner, out);
	return sql_bind_special(e, inner, out);
}

static bool bind_sublink(struct sql_expr *e, const json_t *inner, struct sql_val *out)
{
	const char *type = sql_str(inner, "subLinkType");

	if (strcmp(type, "EXPR_SUBLINK") == 0)
		return sql_scalar_subquery(e, inner, out);
	return sql_unsupported(e->c, sql_place(inner),
			       "IN (SELECT), EXISTS, ANY and ALL anywhere but as a condition of "
			       "WHERE joined to the others by AND is");
}

static const struct {
	const char *kind;
	bool (*bind)(struct sql_expr *e, const json_t *inner, struct sql_val *out);
} binders[] = {
	{ "ColumnRef", bind_column },   { "A_Const", bind_const },
	{ "A_Expr", bind_a_expr },      { "BoolExpr", sql_bind_logic },
	{ "FuncCall", sql_bind_func },  { "TypeCast", bind_cast },
	{ "CaseExpr", sql_bind_case },  { "CoalesceExpr", sql_bind_coalesce },
	{ "NullTest", bind_null_test }, { "BooleanTest", bind_bool_test },
	{ "SubLink", bind_sublink },
};

bool sql_bind(struct sql_expr *e, const json_t *node, struct sql_val *out)
{
	const json_t *inner;
	const char *kind = sql_kind(node, &inner);
	bool found = false;

	if (e->group && !sql_group_key(e, node, out, &found))
		return false;
	if (found)
		return true;
	for (size_t i = 0; i < sizeof(binders) / sizeof(binders[0]); i++)
		if (strcmp(kind, binders[i].kind) == 0)
			return binders[i].bind(e, inner, out);
	return sql_fail(e->c, sql_place(node), "query.sql.unsupported",
			"an expression that the parser calls '%s' is not supported",
			kind[0] ? kind : "?");
}

bool sql_bind_bool(struct sql_expr *e, const json_t *node, struct sql_val *out)
{
	return sql_bind(e, node, out) && sql_want_bool(e->c, e->prog, out, e->clause);
}
