/* SELECT: targets, HAVING, DISTINCT, ORDER BY and LIMIT; set operations; WITH. */
#include "sql_int.h"

#include <string.h>

/* One SELECT in the making. */
struct select {
	struct sql *c;
	const struct sql_query *query;
	struct sql_scope from;
	struct sql_group group;
	bool grouped;
	struct sql_prog prog;
	struct sql_expr expr; /* of targets and ORDER BY */
	/* targets, then columns that only ORDER BY reads */
	struct sql_val *val;
	struct rd_view *name;
	const json_t **node; /* NULL for a column out of * */
	uint32_t n_targets, n, cap;
	uint32_t at; /* the node so far */
};

static const char select_fields[] =
	"distinctClause targetList fromClause whereClause groupClause havingClause sortClause "
	"limitOffset limitCount limitOption withClause op";
static const char setop_fields[] =
	"sortClause limitOffset limitCount limitOption withClause op all larg rarg";

/* ---- targets ----------------------------------------------------------------------------- */

static bool add_value(struct select *s, struct sql_val v, struct rd_view name, const json_t *node)
{
	uint32_t cap = s->cap ? s->cap * 2 : 32;
	struct sql_val *val;
	struct rd_view *names;
	const json_t **nodes;

	if (s->n == s->cap) {
		val = RD_NEW_ARRAY(s->c->arena, struct sql_val, cap, s->c->err);
		names = RD_NEW_ARRAY(s->c->arena, struct rd_view, cap, s->c->err);
		nodes = RD_NEW_ARRAY(s->c->arena, const json_t *, cap, s->c->err);
		if (!val || !names || !nodes)
			return false;
		if (s->n) {
			memcpy(val, s->val, s->n * sizeof(*val));
			memcpy(names, s->name, s->n * sizeof(*names));
			memcpy(nodes, s->node, s->n * sizeof(*nodes));
		}
		s->val = val;
		s->name = names;
		s->node = nodes;
		s->cap = cap;
	}
	if (s->n > SQL_COLUMNS_MAX)
		return sql_fail(s->c, v.place, "query.sql.limit",
				"a SELECT has more than %d columns", SQL_COLUMNS_MAX);
	s->val[s->n] = v;
	s->name[s->n] = name;
	s->node[s->n++] = node;
	return true;
}

/* The ColumnRef's inside if it is * or table.*, else NULL. */
static const json_t *star(const json_t *node)
{
	const json_t *ref, *fields, *inner;

	if (!sql_is(node, "ColumnRef", &ref))
		return NULL;
	fields = sql_get(ref, "fields");
	return sql_is(sql_at(fields, json_array_size(fields) - 1), "A_Star", &inner) ? ref : NULL;
}

static bool add_star(struct select *s, const json_t *ref)
{
	const json_t *fields = sql_get(ref, "fields");
	struct rd_view table = rd_view_of(NULL, 0);
	const struct sql_col *col;
	struct sql_val v;
	bool any = false;

	if (json_array_size(fields) > 2)
		return sql_unsupported(s->c, sql_place(ref), "a name with a schema is");
	if (s->grouped)
		return sql_unsupported(s->c, sql_place(ref), "* beside GROUP BY or aggregates is");
	if (json_array_size(fields) == 2)
		table = rd_view_str(sql_string(sql_at(fields, 0)));
	for (uint32_t i = 0; i < s->from.n_aliases; i++)
		any |= rd_view_eq(s->from.alias[i], table);
	if (table.len ? !any : s->from.n_aliases == 0)
		return sql_fail(s->c, sql_place(ref), "query.sql.name",
				table.len ? "no table is called '%.*s' here" : "* without FROM%.*s",
				RD_FMT(table));
	for (uint32_t i = 0; i < s->from.n_cols; i++) {
		col = &s->from.col[i];
		if (table.len ? !rd_view_eq(col->table, table) : !col->bare)
			continue;
		if (!sql_emit_column(s->c, &s->prog, col->at, col->type, &v))
			return false;
		v.unknown = col->unknown;
		if (!add_value(s, v, col->name, NULL))
			return false;
	}
	return true;
}

static bool add_targets(struct select *s)
{
	const json_t *targets = sql_get(s->query->select, "targetList"), *target, *node;
	struct rd_view name;
	struct sql_val v;

	for (size_t i = 0; i < json_array_size(targets); i++) {
		if (!sql_is(sql_at(targets, i), "ResTarget", &target) ||
		    !sql_output_name(s->c, target, &name))
			return sql_unsupported(s->c, sql_place(targets), "this select list is");
		node = sql_get(target, "val");
		if (star(node) ? !add_star(s, star(node))
			       : !sql_bind(&s->expr, node, &v) || !add_value(s, v, name, node))
			return false;
	}
	s->n_targets = s->n;
	return true;
}

/* ---- ORDER BY and LIMIT ------------------------------------------------------------------ */

static bool sort_by(struct sql *c, const json_t *node, const json_t **expr, struct rd_sort_key *key)
{
	const char *dir, *nulls;
	const json_t *inner;

	if (!sql_is(node, "SortBy", &inner) ||
	    !sql_fields(c, inner, "node sortby_dir sortby_nulls location"))
		return sql_unsupported(c, sql_place(node), "this ORDER BY is");
	dir = sql_str(inner, "sortby_dir");
	nulls = sql_str(inner, "sortby_nulls");
	if (strcmp(dir, "SORTBY_USING") == 0)
		return sql_unsupported(c, sql_place(node), "ORDER BY USING is");
	*expr = sql_get(inner, "node");
	key->descending = strcmp(dir, "SORTBY_DESC") == 0;
	key->nulls_first = strcmp(nulls, "SORTBY_NULLS_FIRST") == 0 ||
			   (strcmp(nulls, "SORTBY_NULLS_DEFAULT") == 0 && key->descending);
	return true;
}

/* An ordinal, or a name among the n output names; RD_NONE if it is neither. */
static bool output_column(struct sql *c, const json_t *expr, const struct rd_view *name, uint32_t n,
			  uint32_t *out)
{
	const json_t *inner;
	struct rd_value value;
	bool unknown;

	*out = RD_NONE;
	if (sql_is(expr, "A_Const", &inner)) {
		if (!sql_const_node(c, inner, &value, &unknown))
			return false;
		if (unknown || value.type.type != RD_INT32 || value.i < 1 || value.i > n)
			return sql_fail(c, sql_place(expr), "query.sql.order",
					"a constant in ORDER BY must be a column's number, 1 to %u",
					n);
		*out = (uint32_t)value.i - 1;
		return true;
	}
	if (!sql_is(expr, "ColumnRef", &inner) || json_array_size(sql_get(inner, "fields")) != 1)
		return true;
	for (uint32_t i = 0; i < n; i++)
		if (rd_view_eq(name[i],
			       rd_view_str(sql_string(sql_at(sql_get(inner, "fields"), 0)))))
			*out = *out == RD_NONE ? i : *out;
	return true;
}

/* ORDER BY of a plain SELECT: new columns behind the targets where needed. */
static bool order_columns(struct select *s, struct rd_sort_key *key)
{
	const json_t *sort = sql_get(s->query->select, "sortClause"), *expr;
	bool distinct = sql_get(s->query->select, "distinctClause") != NULL;
	struct sql_val v;

	for (size_t i = 0; i < json_array_size(sort); i++) {
		if (!sort_by(s->c, sql_at(sort, i), &expr, &key[i]) ||
		    !output_column(s->c, expr, s->name, s->n_targets, &key[i].column))
			return false;
		for (uint32_t k = 0; k < s->n && key[i].column == RD_NONE; k++)
			if (s->node[k] && sql_equal(&s->from, s->node[k], expr))
				key[i].column = k;
		if (key[i].column != RD_NONE)
			continue;
		if (!sql_bind(&s->expr, expr, &v))
			return false;
		for (uint32_t k = 0; k < s->n && key[i].column == RD_NONE; k++)
			if (s->val[k].id == v.id)
				key[i].column = k;
		if (key[i].column != RD_NONE)
			continue;
		if (distinct)
			return sql_fail(
				s->c, sql_place(expr), "query.sql.order",
				"with SELECT DISTINCT, ORDER BY takes columns of the select "
				"list only");
		key[i].column = s->n;
		if (!add_value(s, v, rd_view_of(NULL, 0), expr))
			return false;
	}
	return true;
}

static bool limit_value(struct sql *c, const json_t *node, uint64_t none, uint64_t *out)
{
	const json_t *inner;
	struct rd_value value;
	bool unknown;

	*out = none;
	if (!node)
		return true;
	if (!sql_is(node, "A_Const", &inner))
		return sql_unsupported(c, sql_place(node),
				       "LIMIT or OFFSET other than a number is");
	if (!sql_const_node(c, inner, &value, &unknown))
		return false;
	if (value.is_null)
		return true;
	if (unknown || !sql_is_integer(value.type) || value.i < 0)
		return sql_fail(c, sql_place(node), "query.sql.value",
				"LIMIT and OFFSET take a whole number that is not negative");
	*out = (uint64_t)value.i;
	return true;
}

/* Sorts where ORDER BY or LIMIT asks for it. */
static bool order_and_limit(struct sql *c, const struct sql_query *query,
			    const struct rd_sort_key *key, uint32_t *at)
{
	const json_t *select = query->select;
	const json_t *count = sql_get(select, "limitCount"),
		     *offset = sql_get(select, "limitOffset");
	uint32_t n = (uint32_t)json_array_size(sql_get(select, "sortClause")), input;
	uint64_t rows, skip;

	if (strcmp(sql_str(select, "limitOption"), "LIMIT_OPTION_WITH_TIES") == 0)
		return sql_unsupported(c, sql_place(count), "WITH TIES is");
	if (!limit_value(c, count, UINT64_MAX, &rows) || !limit_value(c, offset, 0, &skip))
		return false;
	if (((n && !query->inner) || count || offset) && !sql_node_sort(c, *at, key, n, at))
		return false;
	if (!count && !offset)
		return true;
	input = *at;
	if (!sql_node(c, RD_NODE_LIMIT, input, at))
		return false;
	c->node[*at].limit.count = rows;
	c->node[*at].limit.offset = skip;
	return sql_node_done(c, *at);
}

/* ---- plain SELECT ------------------------------------------------------------------------ */

static bool begin(struct select *s)
{
	const json_t *select = s->query->select;

	if (!sql_from(s->c, s->query, &s->from))
		return false;
	s->prog.mask = RD_NONE;
	s->expr = (struct sql_expr){ s->c, &s->from, &s->prog, NULL, "SELECT" };
	s->at = s->from.node;
	s->grouped = sql_get(select, "groupClause") || sql_get(select, "havingClause") ||
		     sql_has_aggregate(sql_get(select, "targetList")) ||
		     sql_has_aggregate(sql_get(select, "sortClause"));
	if (!s->grouped)
		return true;
	if (!sql_group_begin(&s->expr, select, &s->group))
		return false;
	s->expr.group = &s->group;
	return true;
}

/* The aggregate and HAVING, below the targets. */
static bool finish_group(struct select *s)
{
	const json_t *having = sql_get(s->query->select, "havingClause");
	struct sql_prog p = { .mask = RD_NONE };
	struct sql_expr e = { s->c, &s->from, &p, &s->group, "HAVING" };
	struct sql_val v;

	if (!s->grouped)
		return true;
	return (!having || sql_bind_bool(&e, having, &v)) &&
	       sql_group_end(s->c, &s->group, s->at, &s->at) &&
	       (!having || sql_node_filter(s->c, s->at, &p, v, &s->at));
}

static bool outputs(struct select *s, struct sql_scope *out)
{
	*out = (struct sql_scope){ .node = s->at, .n_cols = s->n_targets };
	out->col = RD_NEW_ARRAY(s->c->arena, struct sql_col, s->n_targets, s->c->err);
	if (!out->col)
		return false;
	for (uint32_t i = 0; i < s->n_targets; i++)
		out->col[i] = (struct sql_col){ .name = s->name[i],
						.at = i,
						.type = s->c->node[s->at].col[i],
						.bare = true,
						.unknown = s->val[i].unknown };
	return true;
}

static bool plain_select(struct sql *c, const struct sql_query *query, struct sql_scope *out)
{
	const json_t *select = query->select, *distinct = sql_get(select, "distinctClause");
	size_t n_sort = json_array_size(sql_get(select, "sortClause"));
	struct rd_sort_key *key = RD_NEW_ARRAY(c->arena, struct rd_sort_key, n_sort, c->err);
	struct select s = { .c = c, .query = query };

	if (!key || !sql_fields(c, select, select_fields))
		return false;
	if (json_array_size(distinct) > 1 || json_object_size(sql_at(distinct, 0)) > 0)
		return sql_unsupported(c, sql_place(distinct), "DISTINCT ON is");
	if (!begin(&s) || !add_targets(&s) || !order_columns(&s, key) || !finish_group(&s))
		return false;
	for (uint32_t i = 0; i < s.n; i++)
		if (s.val[i].type.type == RD_INTERVAL)
			return sql_unsupported(c, s.val[i].place, "an interval as a result is");
	if (!sql_node_project(c, &s.prog, s.val, s.n, &s.at) ||
	    (distinct && !sql_node_distinct(c, s.at, &s.at)) ||
	    !order_and_limit(c, query, key, &s.at) ||
	    (s.n > s.n_targets && !sql_node_columns(c, s.at, s.n_targets, &s.at)))
		return false;
	return outputs(&s, out);
}

/* ---- set operations ---------------------------------------------------------------------- */

static bool cast_columns(struct sql *c, const struct rd_coltype *type, struct sql_scope *side)
{
	struct sql_prog p = { .mask = RD_NONE };
	struct sql_val *out = RD_NEW_ARRAY(c->arena, struct sql_val, side->n_cols, c->err);
	bool same = c->node[side->node].n_cols == side->n_cols;

	if (!out)
		return false;
	for (uint32_t i = 0; i < side->n_cols; i++) {
		struct sql_col *col = &side->col[i];
		same &= col->at == i && sql_same_type(col->type, type[i]);
		if (!sql_emit_column(c, &p, col->at, col->type, &out[i]))
			return false;
		out[i].unknown = col->unknown;
		if (!sql_same_type(col->type, type[i]) && !sql_coerce(c, &p, &out[i], type[i]))
			return false;
	}
	return same || sql_node_project(c, &p, out, side->n_cols, &side->node);
}

static bool match_columns(struct sql *c, const char *op, struct sql_scope *left,
			  struct sql_scope *right)
{
	struct rd_coltype *type = RD_NEW_ARRAY(c->arena, struct rd_coltype, left->n_cols, c->err);
	char l[32], r[32];

	if (!type)
		return false;
	if (left->n_cols != right->n_cols)
		return sql_fail(
			c, right->place, "query.sql.type",
			"each side of %s must have the same number of columns, found %u and "
			"%u",
			op, left->n_cols, right->n_cols);
	for (uint32_t i = 0; i < left->n_cols; i++) {
		struct sql_col *a = &left->col[i], *b = &right->col[i];
		type[i] = a->unknown ? b->type : a->type;
		if (a->unknown || b->unknown || sql_common_type(a->type, b->type, &type[i]))
			continue;
		sql_type_name(a->type, l);
		sql_type_name(b->type, r);
		return sql_fail(c, right->place, "query.sql.type",
				"column %u of %s: types %s and %s cannot be matched", i + 1, op, l,
				r);
	}
	return cast_columns(c, type, left) && cast_columns(c, type, right);
}

static bool set_order(struct sql *c, const json_t *select, const struct sql_scope *out,
		      struct rd_sort_key *key)
{
	const json_t *sort = sql_get(select, "sortClause"), *expr;
	struct rd_view *name = RD_NEW_ARRAY(c->arena, struct rd_view, out->n_cols, c->err);

	if (!name)
		return false;
	for (uint32_t i = 0; i < out->n_cols; i++)
		name[i] = out->col[i].name;
	for (size_t i = 0; i < json_array_size(sort); i++) {
		if (!sort_by(c, sql_at(sort, i), &expr, &key[i]) ||
		    !output_column(c, expr, name, out->n_cols, &key[i].column))
			return false;
		if (key[i].column == RD_NONE)
			return sql_fail(
				c, sql_place(expr), "query.sql.order",
				"after a set operation, ORDER BY takes names and numbers of "
				"its columns only");
	}
	return true;
}

static bool set_operation(struct sql *c, const struct sql_query *query, struct sql_scope *out)
{
	const json_t *select = query->select;
	const char *op = sql_str(select, "op");
	size_t n_sort = json_array_size(sql_get(select, "sortClause"));
	struct rd_sort_key *key = RD_NEW_ARRAY(c->arena, struct rd_sort_key, n_sort, c->err);
	struct sql_query left_query = *query, right_query = *query;
	struct sql_scope left, right;
	uint32_t at;

	left_query.select = sql_get(select, "larg");
	right_query.select = sql_get(select, "rarg");
	left_query.inner = right_query.inner = true;
	if (!key || !sql_fields(c, select, setop_fields) || !sql_query(c, &left_query, &left) ||
	    !sql_query(c, &right_query, &right))
		return false;
	right.place = sql_place(sql_get(right_query.select, "targetList"));
	if (!match_columns(c, op + 6, &left, &right) || !sql_node(c, RD_NODE_SETOP, left.node, &at))
		return false;
	c->node[at].input[1] = right.node;
	c->node[at].setop.op = strcmp(op, "SETOP_UNION") == 0       ? RD_SETOP_UNION
			       : strcmp(op, "SETOP_INTERSECT") == 0 ? RD_SETOP_INTERSECT
								    : RD_SETOP_EXCEPT;
	c->node[at].setop.all = sql_flag(select, "all");
	if (!sql_node_done(c, at))
		return false;
	*out = (struct sql_scope){ .n_cols = left.n_cols, .col = left.col };
	for (uint32_t i = 0; i < out->n_cols; i++) {
		out->col[i].at = i;
		out->col[i].type = c->node[at].col[i];
		out->col[i].unknown &= right.col[i].unknown;
		out->col[i].unique = false;
	}
	if (!set_order(c, select, out, key) || !order_and_limit(c, query, key, &at))
		return false;
	out->node = at;
	return true;
}

/* ---- WITH -------------------------------------------------------------------------------- */

static bool with_item(struct sql *c, const struct sql_query *query, const json_t *inner,
		      struct sql_with **out)
{
	const json_t *names = sql_get(inner, "aliascolnames");
	struct sql_scope around = { .with = query->with, .outer = query->outer }, scope;
	struct sql_with *with = RD_NEW(c->arena, struct sql_with, c->err);

	if (!with ||
	    !sql_fields(c, inner, "ctename ctequery ctematerialized location aliascolnames") ||
	    !sql_subquery(c, sql_get(inner, "ctequery"), &around, &scope))
		return false;
	if (json_array_size(names) > scope.n_cols)
		return sql_fail(c, sql_place(inner), "query.sql.name",
				"'%s' has %u columns but %zu names are given",
				sql_str(inner, "ctename"), scope.n_cols, json_array_size(names));
	for (uint32_t i = 0; i < json_array_size(names); i++)
		scope.col[i].name = rd_view_str(sql_string(sql_at(names, i)));
	*with = (struct sql_with){ .name = rd_view_str(sql_str(inner, "ctename")),
				   .node = scope.node,
				   .col = scope.col,
				   .n_cols = scope.n_cols,
				   .next = query->with };
	*out = with;
	return true;
}

static bool add_with(struct sql *c, struct sql_query *query)
{
	const json_t *clause = sql_get(query->select, "withClause"), *list, *inner;
	const struct sql_with *before = query->with;
	struct sql_with *with = NULL;

	if (!clause)
		return true;
	if (sql_flag(clause, "recursive"))
		return sql_unsupported(c, sql_place(clause), "WITH RECURSIVE is");
	if (!sql_fields(c, clause, "ctes location"))
		return false;
	list = sql_get(clause, "ctes");
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (!sql_is(sql_at(list, i), "CommonTableExpr", &inner))
			return sql_unsupported(c, sql_place(list), "this WITH is");
		for (const struct sql_with *w = query->with; w != before; w = w->next)
			if (rd_view_eq(w->name, rd_view_str(sql_str(inner, "ctename"))))
				return sql_fail(c, sql_place(inner), "query.sql.ambiguous",
						"WITH gives the name '%s' twice",
						sql_str(inner, "ctename"));
		if (!with_item(c, query, inner, &with))
			return false;
		query->with = with;
	}
	return true;
}

bool sql_query(struct sql *c, const struct sql_query *query, struct sql_scope *out)
{
	struct sql_query inner = *query;

	if (!add_with(c, &inner))
		return false;
	if (strcmp(sql_str(query->select, "op"), "SETOP_NONE") != 0)
		return set_operation(c, &inner, out);
	return plain_select(c, &inner, out);
}

bool sql_subquery(struct sql *c, const json_t *node, const struct sql_scope *around,
		  struct sql_scope *out)
{
	struct sql_query query = { .with = around->with, .outer = around, .inner = true };

	if (!sql_is(node, "SelectStmt", &query.select))
		return sql_unsupported(c, sql_place(node), "a subquery other than SELECT is");
	if (!sql_query(c, &query, out))
		return false;
	for (uint32_t i = 0; i < out->n_cols; i++)
		out->col[i].unknown = false; /* text from here on */
	return true;
}
