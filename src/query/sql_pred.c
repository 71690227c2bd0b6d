/* Conditions: AND, OR, NOT, CASE, COALESCE, NULLIF, IN, BETWEEN, LIKE, IS DISTINCT FROM; and the
 * guards that keep their arms from failing where SQL does not reach them. */
#include "sql_int.h"

#include <string.h>

/* The guard of what comes after `v` in an AND (while v is not false) or OR (not true). */
static bool guard_after(struct sql_expr *e, bool is_and, struct sql_val v)
{
	return sql_emit1(e->c, e->prog, is_and ? RD_OP_IS_FALSE : RD_OP_IS_TRUE, v, &v) &&
	       sql_emit1(e->c, e->prog, RD_OP_NOT, v, &v) && sql_narrow(e->c, e->prog, v);
}

bool sql_bind_logic(struct sql_expr *e, const json_t *inner, struct sql_val *out)
{
	const char *op = sql_str(inner, "boolop");
	bool is_and = strcmp(op, "AND_EXPR") == 0, is_not = strcmp(op, "NOT_EXPR") == 0;
	const char *what = is_and ? "AND" : is_not ? "NOT" : "OR";
	const json_t *args = sql_get(inner, "args");
	uint32_t mask = e->prog->mask, place = sql_place(inner);
	struct rd_instr in = { .op = is_and ? RD_OP_AND : RD_OP_OR,
			       .type = sql_type_of(RD_BOOL),
			       .position = place };
	struct sql_val v;

	if (!sql_fields(e->c, inner, "boolop args location"))
		return false;
	for (size_t i = 0; i < json_array_size(args); i++) {
		if ((i > 0 && !guard_after(e, is_and, v)) || !sql_bind(e, sql_at(args, i), &v) ||
		    !sql_want_bool(e->c, e->prog, &v, what))
			return false;
		if (i == 0) {
			*out = v;
			continue;
		}
		in.a = out->id;
		in.b = v.id;
		if (!sql_emit2(e->c, e->prog, &in, out))
			return false;
	}
	e->prog->mask = mask;
	out->place = place;
	return !is_not || sql_emit1(e->c, e->prog, RD_OP_NOT, *out, out);
}

static bool list_op(struct sql_expr *e, uint16_t op, const struct sql_val *v, uint32_t n,
		    struct sql_val *out)
{
	uint32_t *list = RD_NEW_ARRAY(e->c->arena, uint32_t, n, e->c->err);
	struct rd_instr in = { .op = op,
			       .type = v[n > 1].type,
			       .a = RD_NONE,
			       .b = RD_NONE,
			       .c = RD_NONE,
			       .position = v[0].place,
			       .n_list = n,
			       .list = list };

	if (!list)
		return false;
	for (uint32_t i = 0; i < n; i++)
		list[i] = v[i].id;
	return sql_emit_op(e->c, e->prog, &in, out);
}

/* v: condition, result, ..., else; gives the results one type. */
static bool finish_case(struct sql_expr *e, struct sql_val *v, uint32_t n, struct sql_val *out)
{
	struct sql_val **results = RD_NEW_ARRAY(e->c->arena, struct sql_val *, n, e->c->err);
	uint32_t n_results = 0;

	if (!results)
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (i % 2 == 1 || i == n - 1)
			results[n_results++] = &v[i];
	return sql_unify(e->c, e->prog, results, n_results, "CASE") &&
	       list_op(e, RD_OP_CASE, v, n, out);
}

/* One WHEN's condition: boolean, or `subject` compared with it. */
static bool bind_when(struct sql_expr *e, const struct sql_val *subject, const json_t *when,
		      struct sql_val *out)
{
	struct sql_val v[2];

	if (!subject)
		return sql_bind(e, when, out) && sql_want_bool(e->c, e->prog, out, "CASE/WHEN");
	v[0] = *subject;
	return sql_bind(e, when, &v[1]) && sql_compare(e, RD_OP_EQ, v, sql_place(when), out);
}

/* Condition and result of each WHEN; leaves the guard of what follows. */
static bool bind_arms(struct sql_expr *e, const struct sql_val *subject, const json_t *arms,
		      struct sql_val *v)
{
	const json_t *arm;
	uint32_t mask;
	struct sql_val test;

	for (size_t i = 0; i < json_array_size(arms); i++) {
		if (!sql_is(sql_at(arms, i), "CaseWhen", &arm) ||
		    !sql_fields(e->c, arm, "expr result location"))
			return sql_unsupported(e->c, sql_place(arms), "this WHEN is");
		if (!bind_when(e, subject, sql_get(arm, "expr"), &v[2 * i]) ||
		    !sql_emit1(e->c, e->prog, RD_OP_IS_TRUE, v[2 * i], &test))
			return false;
		mask = e->prog->mask;
		if (!sql_narrow(e->c, e->prog, test) ||
		    !sql_bind(e, sql_get(arm, "result"), &v[2 * i + 1]))
			return false;
		e->prog->mask = mask;
		if (!sql_emit1(e->c, e->prog, RD_OP_NOT, test, &test) ||
		    !sql_narrow(e->c, e->prog, test))
			return false;
	}
	return true;
}

bool sql_bind_case(struct sql_expr *e, const json_t *inner, struct sql_val *out)
{
	const json_t *arms = sql_get(inner, "args"), *subject = sql_get(inner, "arg");
	size_t n = json_array_size(arms) * 2 + 1;
	struct rd_value null = { .type = sql_type_of(RD_TEXT), .is_null = true };
	uint32_t mask = e->prog->mask, place = sql_place(inner);
	struct sql_val *v = RD_NEW_ARRAY(e->c->arena, struct sql_val, n, e->c->err);
	struct sql_val about;
	bool ok;

	if (!v || !sql_fields(e->c, inner, "arg args defresult location") ||
	    (subject && !sql_bind(e, subject, &about)) ||
	    (subject && !sql_settle(e->c, e->prog, &about)) ||
	    !bind_arms(e, subject ? &about : NULL, arms, v))
		return false;
	if (sql_get(inner, "defresult")) {
		ok = sql_bind(e, sql_get(inner, "defresult"), &v[n - 1]);
	} else {
		ok = sql_emit_const(e->c, e->prog, &null, &v[n - 1]);
		v[n - 1].unknown = true;
	}
	e->prog->mask = mask;
	if (!ok || !finish_case(e, v, (uint32_t)n, out))
		return false;
	out->place = place;
	return true;
}

bool sql_bind_coalesce(struct sql_expr *e, const json_t *inner, struct sql_val *out)
{
	const json_t *args = sql_get(inner, "args");
	size_t n = json_array_size(args);
	struct sql_val *v = RD_NEW_ARRAY(e->c->arena, struct sql_val, n, e->c->err);
	struct sql_val **all = v ? RD_NEW_ARRAY(e->c->arena, struct sql_val *, n, e->c->err) : NULL;
	uint32_t mask = e->prog->mask, place = sql_place(inner);
	struct sql_val test;

	if (!all || !sql_fields(e->c, inner, "args location"))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!sql_bind(e, sql_at(args, i), &v[i]))
			return false;
		all[i] = &v[i];
		test = v[i];
		if (!sql_settle(e->c, e->prog, &test) ||
		    !sql_emit1(e->c, e->prog, RD_OP_IS_NULL, test, &test) ||
		    !sql_narrow(e->c, e->prog, test))
			return false;
	}
	e->prog->mask = mask;
	if (!sql_unify(e->c, e->prog, all, n, "COALESCE") ||
	    !list_op(e, RD_OP_COALESCE, v, (uint32_t)n, out))
		return false;
	out->place = place;
	return true;
}

/* CASE WHEN a = b THEN NULL ELSE a END, with a's own type. */
static bool bind_nullif(struct sql_expr *e, struct sql_val v[2], uint32_t place,
			struct sql_val *out)
{
	struct rd_value null = { .is_null = true };
	struct sql_val arm[3];

	if (!sql_settle(e->c, e->prog, &v[0]))
		return false;
	null.type = v[0].type;
	arm[2] = v[0];
	return sql_compare(e, RD_OP_EQ, v, place, &arm[0]) &&
	       sql_emit_const(e->c, e->prog, &null, &arm[1]) && list_op(e, RD_OP_CASE, arm, 3, out);
}

/* ---- IN and BETWEEN ---------------------------------------------------------------------- */

/* All of one type and constant: one instruction. */
static bool in_constants(struct sql_expr *e, struct sql_val *v, uint32_t n, struct sql_val *out)
{
	struct rd_value *list = RD_NEW_ARRAY(e->c->arena, struct rd_value, n - 1, e->c->err);
	struct rd_instr in = { .op = RD_OP_IN,
			       .type = sql_type_of(RD_BOOL),
			       .a = v[0].id,
			       .b = RD_NONE,
			       .c = RD_NONE,
			       .n_list = n - 1,
			       .position = v[0].place,
			       .constant = list };

	if (!list)
		return false;
	for (uint32_t i = 1; i < n; i++)
		list[i - 1] = *sql_constant(e->prog, v[i]);
	return sql_emit_op(e->c, e->prog, &in, out);
}

static bool in_or(struct sql_expr *e, const struct sql_val *v, uint32_t n, struct sql_val *out)
{
	struct rd_instr in = { .op = RD_OP_OR, .position = v[0].place };
	struct sql_val pair[2], equal;

	for (uint32_t i = 1; i < n; i++) {
		pair[0] = v[0];
		pair[1] = v[i];
		if (!sql_compare(e, RD_OP_EQ, pair, v[i].place, &equal))
			return false;
		if (i == 1) {
			*out = equal;
			continue;
		}
		in.a = out->id;
		in.b = equal.id;
		if (!sql_emit2(e->c, e->prog, &in, out))
			return false;
	}
	return true;
}

static bool bind_in(struct sql_expr *e, const json_t *inner, struct sql_val *out)
{
	const json_t *list, *items;
	bool negate = strcmp(sql_string(sql_at(sql_get(inner, "name"), 0)), "<>") == 0;
	struct sql_val *v, **all;
	bool constant = true;
	uint32_t n;

	if (!sql_is(sql_get(inner, "rexpr"), "List", &list) || !sql_fields(e->c, list, "items"))
		return sql_unsupported(e->c, sql_place(inner), "this form of IN is");
	items = sql_get(list, "items");
	n = (uint32_t)json_array_size(items) + 1;
	v = RD_NEW_ARRAY(e->c->arena, struct sql_val, n, e->c->err);
	all = v ? RD_NEW_ARRAY(e->c->arena, struct sql_val *, n, e->c->err) : NULL;
	if (!all || !sql_bind(e, sql_get(inner, "lexpr"), &v[0]))
		return false;
	all[0] = &v[0];
	for (uint32_t i = 1; i < n; i++) {
		if (!sql_bind(e, sql_at(items, i - 1), &v[i]))
			return false;
		all[i] = &v[i];
		constant &= sql_constant(e->prog, v[i]) != NULL;
	}
	if (constant) {
		if (!sql_unify(e->c, e->prog, all, n, "IN"))
			return false;
		for (uint32_t i = 1; i < n; i++)
			constant &= sql_constant(e->prog, v[i]) != NULL;
	}
	return (constant ? in_constants(e, v, n, out) : in_or(e, v, n, out)) &&
	       (!negate || sql_emit1(e->c, e->prog, RD_OP_NOT, *out, out));
}

static bool bind_between(struct sql_expr *e, const json_t *inner, bool negate, struct sql_val *out)
{
	const json_t *list, *items;
	uint32_t place = sql_place(inner);
	struct rd_instr in = { .op = RD_OP_AND, .position = place };
	struct sql_val v, low, high, pair[2];

	if (!sql_is(sql_get(inner, "rexpr"), "List", &list) ||
	    !sql_bind(e, sql_get(inner, "lexpr"), &v))
		return false;
	items = sql_get(list, "items");
	if (!sql_bind(e, sql_at(items, 0), &low) || !sql_bind(e, sql_at(items, 1), &high))
		return false;
	pair[0] = v;
	pair[1] = low;
	if (!sql_compare(e, RD_OP_GE, pair, place, &low))
		return false;
	pair[0] = v;
	pair[1] = high;
	if (!sql_compare(e, RD_OP_LE, pair, place, &high))
		return false;
	in.a = low.id;
	in.b = high.id;
	return sql_emit2(e->c, e->prog, &in, out) &&
	       (!negate || sql_emit1(e->c, e->prog, RD_OP_NOT, *out, out));
}

/* ---- LIKE -------------------------------------------------------------------------------- */

struct like {
	struct rd_like_item *item;
	uint32_t n;
	uint8_t *bytes;
	size_t n_bytes; /* of all items so far */
};

static bool like_add(struct sql_expr *e, struct like *like, unsigned kind, uint32_t place)
{
	if (like->n > 0 && kind == RD_LIKE_ANY_RUN &&
	    like->item[like->n - 1].kind == RD_LIKE_ANY_RUN)
		return true;
	if (like->n > 0 && kind == RD_LIKE_BYTES && like->item[like->n - 1].kind == RD_LIKE_BYTES) {
		like->item[like->n - 1].bytes.len++;
		return true;
	}
	if (like->n == RD_LIKE_ITEMS_MAX)
		return sql_fail(e->c, place, "query.sql.limit",
				"a LIKE pattern has more than %d parts", RD_LIKE_ITEMS_MAX);
	like->item[like->n].kind = kind;
	if (kind == RD_LIKE_BYTES)
		like->item[like->n].bytes = rd_view_of(like->bytes + like->n_bytes, 1);
	like->n++;
	return true;
}

/* escape: the byte that takes the next one's meaning away; -1: none. */
static bool like_items(struct sql_expr *e, struct rd_view pattern, int escape, uint32_t place,
		       struct like *like)
{
	struct sql *c = e->c;
	uint8_t ch;
	unsigned kind;

	*like = (struct like){ 0 };
	like->item = RD_NEW_ARRAY(c->arena, struct rd_like_item, RD_LIKE_ITEMS_MAX, c->err);
	like->bytes = like->item ? RD_NEW_ARRAY(c->arena, uint8_t, pattern.len + 1, c->err) : NULL;
	if (!like->bytes)
		return false;
	for (size_t i = 0; i < pattern.len; i++) {
		ch = pattern.data[i];
		kind = ch == '%' ? RD_LIKE_ANY_RUN : ch == '_' ? RD_LIKE_ANY_CHAR : RD_LIKE_BYTES;
		if (ch == escape) {
			if (++i == pattern.len)
				return sql_fail(c, place, "query.sql.value",
						"a LIKE pattern must not end with its escape "
						"character");
			ch = pattern.data[i];
			kind = RD_LIKE_BYTES;
		}
		if (!like_add(e, like, kind, place))
			return false;
		if (kind == RD_LIKE_BYTES)
			like->bytes[like->n_bytes++] = ch;
	}
	return true;
}

static bool literal_text(struct sql_expr *e, const json_t *node, struct rd_view *out)
{
	const struct rd_value *constant;
	struct sql_val v;

	if (!sql_bind(e, node, &v))
		return false;
	constant = sql_constant(e->prog, v);
	if (!constant || constant->is_null || constant->type.type != RD_TEXT)
		return sql_unsupported(e->c, sql_place(node),
				       "a LIKE pattern that is not a literal is");
	*out = constant->text;
	return true;
}

static bool bind_like(struct sql_expr *e, const json_t *inner, struct sql_val *out)
{
	const json_t *pattern = sql_get(inner, "rexpr"), *call, *args;
	const char *op = sql_string(sql_at(sql_get(inner, "name"), 0));
	struct rd_instr in = { .op = RD_OP_LIKE,
			       .type = sql_type_of(RD_BOOL),
			       .b = RD_NONE,
			       .c = RD_NONE,
			       .position = sql_place(inner) };
	struct rd_view text, mark;
	int escape = '\\';
	struct like like;
	struct sql_val v;

	if (sql_is(pattern, "FuncCall", &call)) { /* LIKE p ESCAPE c */
		args = sql_get(call, "args");
		if (json_array_size(args) != 2 || !literal_text(e, sql_at(args, 1), &mark))
			return false;
		if (mark.len > 1)
			return sql_fail(e->c, sql_place(sql_at(args, 1)), "query.sql.value",
					"an escape is one ASCII character or empty");
		escape = mark.len ? mark.data[0] : -1;
		pattern = sql_at(args, 0);
	}
	if (!literal_text(e, pattern, &text) ||
	    !like_items(e, text, escape, sql_place(pattern), &like) ||
	    !sql_bind(e, sql_get(inner, "lexpr"), &v) || !sql_settle(e->c, e->prog, &v))
		return false;
	if (v.type.type != RD_TEXT)
		return sql_fail(e->c, in.position, "query.sql.type", "LIKE takes text only");
	in.a = v.id;
	in.n_list = like.n;
	in.like = like.item;
	return sql_emit_op(e->c, e->prog, &in, out) &&
	       (op[0] != '!' || sql_emit1(e->c, e->prog, RD_OP_NOT, *out, out));
}

bool sql_bind_special(struct sql_expr *e, const json_t *inner, struct sql_val *out)
{
	const char *kind = sql_str(inner, "kind");
	uint32_t place = sql_place(inner);
	struct sql_val v[2];
	bool negate;

	if (strcmp(kind, "AEXPR_IN") == 0)
		return bind_in(e, inner, out);
	if (strcmp(kind, "AEXPR_LIKE") == 0)
		return bind_like(e, inner, out);
	negate = strcmp(kind, "AEXPR_NOT_BETWEEN") == 0;
	if (negate || strcmp(kind, "AEXPR_BETWEEN") == 0)
		return bind_between(e, inner, negate, out);
	negate = strcmp(kind, "AEXPR_NOT_DISTINCT") == 0;
	if (!negate && strcmp(kind, "AEXPR_DISTINCT") != 0 && strcmp(kind, "AEXPR_NULLIF") != 0)
		return sql_fail(e->c, place, "query.sql.unsupported",
				"an operator that the parser calls '%s' is not supported", kind);
	if (!sql_bind(e, sql_get(inner, "lexpr"), &v[0]) ||
	    !sql_bind(e, sql_get(inner, "rexpr"), &v[1]))
		return false;
	if (strcmp(kind, "AEXPR_NULLIF") == 0)
		return bind_nullif(e, v, place, out);
	return sql_compare(e, RD_OP_IS_DISTINCT, v, place, out) &&
	       (!negate || sql_emit1(e->c, e->prog, RD_OP_NOT, *out, out));
}
