/* Joins: equalities across become keys, the rest a residual; USING; subqueries of WHERE. */
#include "sql_int.h"

#include <string.h>

/* ---- conjuncts --------------------------------------------------------------------------- */

static bool add_conjunct(struct sql *c, struct sql_conjuncts *list, const json_t *node,
			 bool implied)
{
	struct sql_conjunct *bigger;
	uint32_t cap;

	if (list->n == list->cap) {
		cap = list->cap ? list->cap * 2 : 16;
		bigger = RD_NEW_ARRAY(c->arena, struct sql_conjunct, cap, c->err);
		if (!bigger)
			return false;
		if (list->n)
			memcpy(bigger, list->at, list->n * sizeof(*bigger));
		list->at = bigger;
		list->cap = cap;
	}
	list->at[list->n++] = (struct sql_conjunct){ .node = node, .implied = implied };
	return true;
}

/* The arguments of AND or OR; NULL if the node is not one. */
static const json_t *args_of(const json_t *node, const char *op)
{
	const json_t *inner;

	return sql_is(node, "BoolExpr", &inner) && strcmp(sql_str(inner, "boolop"), op) == 0
		       ? sql_get(inner, "args")
		       : NULL;
}

static bool is_equality(const json_t *node, const json_t **left, const json_t **right)
{
	const json_t *inner;

	if (!sql_is(node, "A_Expr", &inner) || strcmp(sql_str(inner, "kind"), "AEXPR_OP") != 0 ||
	    json_array_size(sql_get(inner, "name")) != 1 ||
	    strcmp(sql_string(sql_at(sql_get(inner, "name"), 0)), "=") != 0)
		return false;
	*left = sql_get(inner, "lexpr");
	*right = sql_get(inner, "rexpr");
	return *left && *right;
}

static bool arm_has(const json_t *arm, const json_t *wanted)
{
	static const struct sql_scope nothing = { .node = RD_NONE };
	const json_t *args = args_of(arm, "AND_EXPR");

	if (!args)
		return sql_equal(&nothing, arm, wanted);
	for (size_t i = 0; i < json_array_size(args); i++)
		if (sql_equal(&nothing, sql_at(args, i), wanted))
			return true;
	return false;
}

/* (k AND a) OR (k AND b) implies k: equalities that stand in every arm may be join keys. */
static bool add_implied(struct sql *c, const json_t *arms, struct sql_conjuncts *out)
{
	const json_t *first = args_of(sql_at(arms, 0), "AND_EXPR"), *wanted, *left, *right;
	bool all;

	for (size_t i = 0; first && i < json_array_size(first); i++) {
		wanted = sql_at(first, i);
		all = is_equality(wanted, &left, &right);
		for (size_t k = 1; all && k < json_array_size(arms); k++)
			all = arm_has(sql_at(arms, k), wanted);
		if (all && !add_conjunct(c, out, wanted, true))
			return false;
	}
	return true;
}

bool sql_conjuncts_of(struct sql *c, const json_t *condition, struct sql_conjuncts *out)
{
	const json_t *args;

	if (!condition)
		return true;
	args = args_of(condition, "AND_EXPR");
	for (size_t i = 0; args && i < json_array_size(args); i++)
		if (!sql_conjuncts_of(c, sql_at(args, i), out))
			return false;
	if (args)
		return true;
	args = args_of(condition, "OR_EXPR");
	return add_conjunct(c, out, condition, false) && (!args || add_implied(c, args, out));
}

/* No column of the expression has a name that the scope knows too. */
static bool apart(const struct sql_scope *scope, const json_t *node)
{
	const json_t *inner;
	const char *key;
	json_t *value;

	if (sql_is(node, "ColumnRef", &inner) && sql_lookup(scope, inner) != RD_NONE)
		return false;
	if (json_is_object(node)) {
		json_object_foreach((json_t *)(uintptr_t)node, key,
				    value) if (!apart(scope, value)) return false;
	}
	for (size_t i = 0; json_is_array(node) && i < json_array_size(node); i++)
		if (!apart(scope, sql_at(node, i)))
			return false;
	return true;
}

static bool sides(const struct sql_pair *pair, const json_t *conjunct, const json_t **left,
		  const json_t **right)
{
	const json_t *swap;

	if (!is_equality(conjunct, left, right))
		return false;
	if (!sql_only_reads(pair->left, *left) || !apart(pair->right, *left)) {
		swap = *left;
		*left = *right;
		*right = swap;
	}
	return sql_only_reads(pair->left, *left) && apart(pair->right, *left) &&
	       sql_only_reads(pair->right, *right) && apart(pair->left, *right);
}

bool sql_connects(const struct sql_scope *left, const struct sql_scope *right,
		  const json_t *conjunct)
{
	struct sql_pair pair = { .left = left, .right = right };
	const json_t *l, *r;

	return sides(&pair, conjunct, &l, &r);
}

/* ---- keys -------------------------------------------------------------------------------- */

/* One side: its columns, and behind them the keys that are not bare columns. */
struct side {
	const struct sql_scope *scope;
	struct sql_prog prog;
	struct sql_val *key;
};

struct keys {
	struct sql *c;
	struct side side[2];
	uint32_t n, cap;
};

static bool keys_begin(struct sql *c, const struct sql_scope *left, const struct sql_scope *right,
		       uint32_t cap, struct keys *k)
{
	*k = (struct keys){ .c = c, .cap = cap };
	k->side[0].scope = left;
	k->side[1].scope = right;
	for (int i = 0; i < 2; i++) {
		k->side[i].prog.mask = RD_NONE;
		k->side[i].key = RD_NEW_ARRAY(c->arena, struct sql_val, cap, c->err);
		if (!k->side[i].key)
			return false;
	}
	return true;
}

/* Two values, one of each side's program, that must be equal. */
static bool keys_add(struct keys *k, struct sql_val left, struct sql_val right, uint32_t place)
{
	struct rd_coltype type = left.type;
	char l[32], r[32];

	if (left.unknown) {
		type = right.unknown ? sql_type_of(RD_TEXT) : right.type;
	} else if (!right.unknown && !sql_common_type(left.type, right.type, &type)) {
		sql_type_name(left.type, l);
		sql_type_name(right.type, r);
		return sql_fail(k->c, place, "query.sql.type",
				"a join's types %s and %s cannot be matched", l, r);
	}
	if (!sql_coerce(k->c, &k->side[0].prog, &left, type) ||
	    !sql_coerce(k->c, &k->side[1].prog, &right, type))
		return false;
	rd_assert(k->n < k->cap);
	k->side[0].key[k->n] = left;
	k->side[1].key[k->n++] = right;
	return true;
}

static bool keys_equality(struct keys *k, const json_t *left, const json_t *right, uint32_t place)
{
	struct sql_expr l = { k->c, k->side[0].scope, &k->side[0].prog, NULL, "JOIN" };
	struct sql_expr r = { k->c, k->side[1].scope, &k->side[1].prog, NULL, "JOIN" };
	struct sql_val a, b;

	return sql_bind(&l, left, &a) && sql_bind(&r, right, &b) && keys_add(k, a, b, place);
}

/* The side's node and the columns in which its keys are. */
static bool keys_side(struct keys *k, uint32_t i, uint32_t *node, uint32_t **columns)
{
	struct side *s = &k->side[i];
	uint32_t n_cols = k->c->node[*node].n_cols, n = n_cols;
	struct sql_val *out = RD_NEW_ARRAY(k->c->arena, struct sql_val, n_cols + k->n, k->c->err);
	uint32_t *at = RD_NEW_ARRAY(k->c->arena, uint32_t, k->n, k->c->err);

	if (!out || !at)
		return false;
	for (uint32_t j = 0; j < k->n; j++) {
		at[j] = sql_bare_column(&s->prog, s->key[j]);
		if (at[j] != RD_NONE)
			continue;
		out[n] = s->key[j];
		at[j] = n++;
	}
	*columns = at;
	if (n == n_cols)
		return true;
	for (uint32_t j = 0; j < n_cols; j++)
		if (!sql_emit_column(k->c, &s->prog, j, k->c->node[*node].col[j], &out[j]))
			return false;
	return sql_node_project(k->c, &s->prog, out, n, node);
}

static bool keys_join(struct keys *k, struct sql_join *join)
{
	uint32_t *left, *right;

	if (!keys_side(k, 0, &join->left, &left) || !keys_side(k, 1, &join->right, &right))
		return false;
	join->n_keys = k->n;
	join->left_key = left;
	join->right_key = right;
	return true;
}

/* ---- USING ------------------------------------------------------------------------------- */

static bool using_column(struct sql *c, const struct sql_scope *scope, const char *name,
			 uint32_t place, uint32_t *at)
{
	struct rd_view *known = RD_NEW_ARRAY(c->arena, struct rd_view, scope->n_cols, c->err);
	struct rd_view near;
	uint32_t n = 0, count = 0;

	if (!known)
		return false;
	for (uint32_t i = 0; i < scope->n_cols; i++) {
		if (!scope->col[i].bare)
			continue;
		known[n++] = scope->col[i].name;
		if (!rd_view_eq(scope->col[i].name, rd_view_str(name)))
			continue;
		*at = i;
		count++;
	}
	if (count == 1)
		return true;
	if (count > 1)
		return sql_fail(c, place, "query.sql.ambiguous",
				"the column '%s' of USING is more than once on one side", name);
	if (!sql_nearest(c, name, known, n, &near))
		return false;
	return sql_fail(c, place, "query.sql.name",
			"the column '%s' of USING is not on both sides%s%.*s%s", name,
			near.len ? ", did you mean '" : "", RD_FMT(near), near.len ? "'?" : "");
}

static bool using_keys(struct keys *k, const struct sql_pair *pair, uint32_t place)
{
	const struct sql_scope *scope[2] = { pair->left, pair->right };
	const struct sql_col *col;
	struct sql_val v[2];
	uint32_t at = 0;

	for (size_t i = 0; i < json_array_size(pair->using_); i++) {
		for (int s = 0; s < 2; s++) {
			if (!using_column(k->c, scope[s], sql_string(sql_at(pair->using_, i)),
					  place, &at))
				return false;
			col = &scope[s]->col[at];
			if (!sql_emit_column(k->c, &k->side[s].prog, col->at, col->type, &v[s]))
				return false;
			v[s].unknown = col->unknown;
		}
		if (!keys_add(k, v[0], v[1], place))
			return false;
	}
	return true;
}

/* FULL: a project behind the join that computes COALESCE(left, right) behind all columns. */
static bool coalesce_keys(struct sql *c, const struct sql_join *join, uint32_t shift,
			  uint32_t *node)
{
	uint32_t n_cols = c->node[*node].n_cols;
	struct sql_val *out = RD_NEW_ARRAY(c->arena, struct sql_val, n_cols + join->n_keys, c->err);
	struct sql_prog p = { .mask = RD_NONE };

	if (!out)
		return false;
	for (uint32_t i = 0; i < n_cols; i++)
		if (!sql_emit_column(c, &p, i, c->node[*node].col[i], &out[i]))
			return false;
	for (uint32_t i = 0; i < join->n_keys; i++) {
		uint32_t *list = RD_NEW_ARRAY(c->arena, uint32_t, 2, c->err);
		struct rd_instr in = { .op = RD_OP_COALESCE,
				       .a = RD_NONE,
				       .b = RD_NONE,
				       .c = RD_NONE,
				       .n_list = 2,
				       .list = list,
				       .position = SQL_NO_PLACE };
		if (!list)
			return false;
		list[0] = out[join->left_key[i]].id;
		list[1] = out[shift + join->right_key[i]].id;
		if (!sql_emit_op(c, &p, &in, &out[n_cols + i]))
			return false;
	}
	return sql_node_project(c, &p, out, n_cols + join->n_keys, node);
}

/* The merged columns come first; the two that they are made of need a qualifier from here on. */
static bool merge_names(struct sql *c, const struct sql_pair *pair, const struct sql_join *join,
			uint32_t shift, struct sql_scope *scope)
{
	uint32_t n = join->n_keys, last = c->node[scope->node].n_cols - n;
	struct sql_col *col = RD_NEW_ARRAY(c->arena, struct sql_col, scope->n_cols + n, c->err);

	if (!col)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		struct rd_view name = rd_view_str(sql_string(sql_at(pair->using_, i)));
		for (uint32_t j = 0; j < scope->n_cols; j++)
			if (rd_view_eq(scope->col[j].name, name))
				scope->col[j].bare = false;
		col[i] = (struct sql_col){ .name = name, .bare = true };
		col[i].at = pair->kind == RD_JOIN_FULL    ? last + i
			    : pair->kind == RD_JOIN_RIGHT ? shift + join->right_key[i]
							  : join->left_key[i];
	}
	if (scope->n_cols)
		memcpy(col + n, scope->col, scope->n_cols * sizeof(*col));
	scope->col = col;
	scope->n_cols += n;
	return true;
}

/* ---- joining two scopes ------------------------------------------------------------------ */

static bool bind_conjuncts(struct sql_expr *e, const struct sql_conjuncts *list,
			   struct sql_val *out, bool *any)
{
	struct rd_instr in = { .op = RD_OP_AND, .position = SQL_NO_PLACE };
	struct sql_val v;

	*any = false;
	for (uint32_t i = 0; i < list->n; i++) {
		if (list->at[i].used || list->at[i].implied)
			continue;
		if (*any &&
		    (!sql_emit1(e->c, e->prog, RD_OP_IS_FALSE, *out, &v) ||
		     !sql_emit1(e->c, e->prog, RD_OP_NOT, v, &v) || !sql_narrow(e->c, e->prog, v)))
			return false;
		if (!sql_bind_bool(e, list->at[i].node, &v))
			return false;
		if (*any) {
			in.a = out->id;
			in.b = v.id;
			if (!sql_emit2(e->c, e->prog, &in, &v))
				return false;
		}
		*out = v;
		*any = true;
	}
	return true;
}

static bool residual(struct sql *c, const struct sql_pair *pair, const struct sql_scope *scope)
{
	struct sql_prog p = { .mask = RD_NONE };
	struct sql_expr e = { c, scope, &p, NULL, "JOIN/ON" };
	struct rd_node *node = &c->node[scope->node];
	struct sql_val v;
	bool any;

	for (uint32_t i = 0; i < pair->on->n; i++)
		if (sql_has_sublink(pair->on->at[i].node))
			return sql_unsupported(c, sql_place(pair->on->at[i].node),
					       "a subquery in ON is");
	if (!bind_conjuncts(&e, pair->on, &v, &any))
		return false;
	if (!any)
		return true;
	node->join.has_residual = true;
	return sql_prog_finish(c, &p, &v.id, 1, &node->join.residual);
}

static bool find_keys(struct keys *k, const struct sql_pair *pair)
{
	const json_t *left, *right;

	for (uint32_t i = 0; i < pair->on->n; i++) {
		struct sql_conjunct *conjunct = &pair->on->at[i];
		if (conjunct->used || !sides(pair, conjunct->node, &left, &right))
			continue;
		if (!keys_equality(k, left, right, sql_place(conjunct->node)))
			return false;
		conjunct->used = true;
	}
	return true;
}

bool sql_join_scopes(struct sql *c, const struct sql_pair *pair, struct sql_scope *out)
{
	struct sql_join join = { .kind = pair->kind,
				 .left = pair->left->node,
				 .right = pair->right->node };
	uint32_t n_using = (uint32_t)json_array_size(pair->using_), shift;
	struct keys keys;

	if (!keys_begin(c, pair->left, pair->right, pair->on->n + n_using, &keys) ||
	    !find_keys(&keys, pair) || !using_keys(&keys, pair, sql_place(pair->using_)) ||
	    !keys_join(&keys, &join))
		return false;
	shift = c->node[join.left].n_cols;
	if (!sql_scope_join(c, pair->left, pair->right, shift, out) ||
	    !sql_node_join(c, &join, &out->node) || (pair->residual && !residual(c, pair, out)))
		return false;
	if (n_using) {
		if (pair->kind == RD_JOIN_FULL && !coalesce_keys(c, &join, shift, &out->node))
			return false;
		if (!merge_names(c, pair, &join, shift, out))
			return false;
	}
	for (uint32_t i = 0; i < out->n_cols; i++) {
		struct sql_col *col = &out->col[i];
		col->unique &= !c->node[out->node].col[col->at].nullable;
		col->type = c->node[out->node].col[col->at];
	}
	return true;
}

/* ---- WHERE ------------------------------------------------------------------------------- */

/* x IN (SELECT ..), EXISTS (SELECT ..), and their negations; NULL if the conjunct is no such. */
static const json_t *membership(const json_t *node, bool *negate)
{
	const json_t *inner, *args;
	const char *type;

	*negate = false;
	args = args_of(node, "NOT_EXPR");
	if (args) {
		*negate = true;
		node = sql_at(args, 0);
	}
	if (!sql_is(node, "SubLink", &inner))
		return NULL;
	type = sql_str(inner, "subLinkType");
	return strcmp(type, "ANY_SUBLINK") == 0 || strcmp(type, "EXISTS_SUBLINK") == 0 ? inner
										       : NULL;
}

static bool semi_join(struct sql *c, const json_t *sublink, bool negate, struct sql_scope *scope)
{
	bool exists = strcmp(sql_str(sublink, "subLinkType"), "EXISTS_SUBLINK") == 0;
	struct sql_join join = { .kind = exists ? RD_JOIN_ANTI : RD_JOIN_NULL_AWARE_ANTI };
	struct sql_scope sub;
	struct sql_val v[2];
	struct keys keys;

	if (!negate)
		join.kind = RD_JOIN_SEMI;
	if (!sql_fields(c, sublink, "subLinkType testexpr subselect location") ||
	    !sql_subquery(c, sql_get(sublink, "subselect"), scope, &sub) ||
	    !keys_begin(c, scope, &sub, 1, &keys))
		return false;
	if (!exists) {
		struct sql_expr e = { c, scope, &keys.side[0].prog, NULL, "WHERE" };
		if (sub.n_cols != 1)
			return sql_fail(c, sql_place(sublink), "query.sql.type",
					"the subquery of IN has %u columns, 1 is expected",
					sub.n_cols);
		if (!sql_bind(&e, sql_get(sublink, "testexpr"), &v[0]) ||
		    !sql_emit_column(c, &keys.side[1].prog, sub.col[0].at, sub.col[0].type, &v[1]))
			return false;
		v[1].unknown = sub.col[0].unknown;
		if (!keys_add(&keys, v[0], v[1], sql_place(sublink)))
			return false;
	}
	join.left = scope->node;
	join.right = sub.node;
	return keys_join(&keys, &join) && sql_node_join(c, &join, &scope->node);
}

bool sql_where(struct sql *c, const struct sql_conjuncts *where, struct sql_scope *scope)
{
	struct sql_conjuncts plain = { 0 };
	struct sql_prog p = { .mask = RD_NONE };
	struct sql_expr e = { c, scope, &p, NULL, "WHERE" };
	const json_t *sublink;
	bool negate, any;
	struct sql_val v;

	for (uint32_t i = 0; i < where->n; i++)
		if (!where->at[i].used && !where->at[i].implied &&
		    !membership(where->at[i].node, &negate) &&
		    !add_conjunct(c, &plain, where->at[i].node, false))
			return false;
	if (!bind_conjuncts(&e, &plain, &v, &any) ||
	    (any && !sql_node_filter(c, scope->node, &p, v, &scope->node)))
		return false;
	for (uint32_t i = 0; i < where->n; i++) {
		sublink = membership(where->at[i].node, &negate);
		if (sublink && !semi_join(c, sublink, negate, scope))
			return false;
	}
	return true;
}

bool sql_scalar_subquery(struct sql_expr *e, const json_t *inner, struct sql_val *out)
{
	struct sql_scope sub;
	struct sql_prog *p = e->prog;
	uint32_t place = sql_place(inner);
	struct rd_coltype type;

	if (!sql_fields(e->c, inner, "subLinkType subselect location"))
		return false;
	if (p->n_scalars == SQL_SCALARS_MAX)
		return sql_fail(e->c, place, "query.sql.limit",
				"more than %d subqueries in one clause", SQL_SCALARS_MAX);
	if (!sql_subquery(e->c, sql_get(inner, "subselect"), e->scope, &sub))
		return false;
	if (sub.n_cols != 1)
		return sql_fail(e->c, place, "query.sql.type",
				"a subquery used as a value has %u columns, 1 is expected",
				sub.n_cols);
	type = sub.col[0].type;
	type.nullable = true;
	p->scalar[p->n_scalars] = sub.node;
	p->scalar_place[p->n_scalars] = place;
	if (!sql_emit_column(e->c, p, SQL_SCALAR_BASE + p->n_scalars, type, out))
		return false;
	p->n_scalars++;
	out->unknown = sub.col[0].unknown;
	out->place = place;
	return true;
}
