/* FROM: tables, subqueries, WITH names, joins, and comma lists with WHERE. */
#include "sql_int.h"

#include <string.h>

static bool from_item(struct sql *c, const struct sql_query *query, const json_t *node,
		      struct sql_scope *out);

/* AS name (columns): gives the relation's columns their names. */
static bool apply_alias(struct sql *c, const json_t *alias, const char *name,
			struct sql_scope *scope)
{
	const json_t *names = alias ? sql_get(alias, "colnames") : NULL;
	struct rd_view *aliases = RD_NEW_ARRAY(c->arena, struct rd_view, 1, c->err);

	if (!aliases || (alias && !sql_fields(c, alias, "aliasname colnames")))
		return false;
	aliases[0] = rd_view_str(alias ? sql_str(alias, "aliasname") : name);
	if (json_array_size(names) > scope->n_cols)
		return sql_fail(c, scope->place, "query.sql.name",
				"'%.*s' has %u columns but %zu names are given", RD_FMT(aliases[0]),
				scope->n_cols, json_array_size(names));
	for (uint32_t i = 0; i < scope->n_cols; i++) {
		scope->col[i].table = aliases[0];
		if (i < json_array_size(names))
			scope->col[i].name = rd_view_str(sql_string(sql_at(names, i)));
	}
	scope->alias = aliases;
	scope->n_aliases = 1;
	return true;
}

static bool unknown_table(struct sql *c, const struct sql_query *query, const char *name,
			  uint32_t place)
{
	struct rd_view *known, near;
	uint32_t n = 0, cap = c->n_tables;

	for (const struct sql_with *w = query->with; w; w = w->next)
		cap++;
	known = RD_NEW_ARRAY(c->arena, struct rd_view, cap, c->err);
	if (!known)
		return false;
	for (const struct sql_with *w = query->with; w; w = w->next)
		known[n++] = w->name;
	for (uint32_t i = 0; i < c->n_tables; i++)
		known[n++] = c->table[i].name;
	if (!sql_nearest(c, name, known, n, &near))
		return false;
	return sql_fail(c, place, "query.sql.name", "no table is called '%s'%s%.*s%s", name,
			near.len ? ", did you mean '" : "", RD_FMT(near), near.len ? "'?" : "");
}

static bool scan(struct sql *c, uint32_t table, struct sql_scope *out)
{
	const struct rd_schema *schema = c->table[table].schema;
	uint32_t *column = RD_NEW_ARRAY(c->arena, uint32_t, schema->n, c->err);
	struct sql_col *col =
		column ? RD_NEW_ARRAY(c->arena, struct sql_col, schema->n, c->err) : NULL;

	if (!col || !sql_node(c, RD_NODE_SCAN, RD_NONE, &out->node))
		return false;
	for (uint32_t i = 0; i < schema->n; i++) {
		column[i] = i;
		col[i] = (struct sql_col){ .name = schema->column[i].name,
					   .at = i,
					   .type = schema->column[i].type,
					   .bare = true,
					   .unique = schema->column[i].unique &&
						     !schema->column[i].type.nullable };
	}
	c->node[out->node].scan.table = table;
	c->node[out->node].scan.column = column;
	c->node[out->node].n_cols = schema->n;
	out->col = col;
	out->n_cols = schema->n;
	return sql_node_done(c, out->node);
}

static bool from_name(struct sql *c, const struct sql_query *query, const json_t *inner,
		      struct sql_scope *out)
{
	const char *name = sql_str(inner, "relname");
	const json_t *alias = sql_get(inner, "alias");

	if (sql_get(inner, "schemaname") || sql_get(inner, "catalogname"))
		return sql_unsupported(c, sql_place(inner), "a name with a schema is");
	if (!sql_fields(c, inner, "relname inh relpersistence alias location"))
		return false;
	if (!sql_flag(inner, "inh"))
		return sql_unsupported(c, sql_place(inner), "ONLY is");
	for (const struct sql_with *w = query->with; w; w = w->next) {
		if (!rd_view_eq(w->name, rd_view_str(name)))
			continue;
		out->node = w->node;
		out->n_cols = w->n_cols;
		out->col = RD_NEW_ARRAY(c->arena, struct sql_col, w->n_cols, c->err);
		if (!out->col)
			return false;
		if (w->n_cols)
			memcpy(out->col, w->col, w->n_cols * sizeof(*w->col));
		return apply_alias(c, alias, name, out);
	}
	for (uint32_t i = 0; i < c->n_tables; i++)
		if (rd_view_eq(c->table[i].name, rd_view_str(name)))
			return scan(c, i, out) && apply_alias(c, alias, name, out);
	return unknown_table(c, query, name, sql_place(inner));
}

static bool from_subquery(struct sql *c, const struct sql_query *query, const json_t *inner,
			  struct sql_scope *out)
{
	struct sql_scope around = { .with = query->with, .outer = query->outer };
	const json_t *alias = sql_get(inner, "alias");
	uint32_t place = sql_place(inner);

	if (sql_get(inner, "lateral"))
		return sql_unsupported(c, place, "LATERAL is");
	if (!sql_fields(c, inner, "subquery alias"))
		return false;
	if (!sql_subquery(c, sql_get(inner, "subquery"), &around, out))
		return false;
	out->place = place;
	return apply_alias(c, alias, "", out);
}

static bool from_join(struct sql *c, const struct sql_query *query, const json_t *inner,
		      struct sql_scope *out)
{
	static const struct {
		const char *name;
		enum rd_join_kind kind;
	} kinds[] = { { "JOIN_INNER", RD_JOIN_INNER },
		      { "JOIN_LEFT", RD_JOIN_LEFT },
		      { "JOIN_RIGHT", RD_JOIN_RIGHT },
		      { "JOIN_FULL", RD_JOIN_FULL } };
	struct sql_scope left = { .with = query->with, .outer = query->outer }, right = left;
	struct sql_conjuncts on = { 0 };
	struct sql_pair pair = { .left = &left,
				 .right = &right,
				 .on = &on,
				 .residual = true,
				 .using_ = sql_get(inner, "usingClause") };

	if (sql_get(inner, "isNatural"))
		return sql_unsupported(c, sql_place(inner), "NATURAL JOIN is");
	if (sql_get(inner, "alias") || sql_get(inner, "join_using_alias"))
		return sql_unsupported(c, sql_place(inner), "a name for a join is");
	if (!sql_fields(c, inner, "jointype larg rarg usingClause quals"))
		return false;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, sql_str(inner, "jointype")) == 0)
			pair.kind = kinds[i].kind;
	if (pair.kind == 0)
		return sql_unsupported(c, sql_place(inner), "this kind of join is");
	return from_item(c, query, sql_get(inner, "larg"), &left) &&
	       from_item(c, query, sql_get(inner, "rarg"), &right) &&
	       sql_conjuncts_of(c, sql_get(inner, "quals"), &on) && sql_join_scopes(c, &pair, out);
}

static bool from_item(struct sql *c, const struct sql_query *query, const json_t *node,
		      struct sql_scope *out)
{
	const json_t *inner;
	const char *kind = sql_kind(node, &inner);

	*out = (struct sql_scope){ .with = query->with,
				   .outer = query->outer,
				   .place = sql_place(node) };
	if (strcmp(kind, "RangeVar") == 0)
		return from_name(c, query, inner, out);
	if (strcmp(kind, "RangeSubselect") == 0)
		return from_subquery(c, query, inner, out);
	if (strcmp(kind, "JoinExpr") == 0)
		return from_join(c, query, inner, out);
	return sql_fail(c, sql_place(node), "query.sql.unsupported",
			"a FROM item that the parser calls '%s' is not supported",
			kind[0] ? kind : "?");
}

/* SELECT without FROM: one row without columns. */
static bool from_nothing(struct sql *c, struct sql_scope *out)
{
	if (!sql_node(c, RD_NODE_VALUES, RD_NONE, &out->node))
		return false;
	c->node[out->node].values.n_rows = 1;
	c->node[out->node].values.type = RD_NEW_ARRAY(c->arena, struct rd_coltype, 0, c->err);
	c->node[out->node].values.value = RD_NEW_ARRAY(c->arena, struct rd_value, 0, c->err);
	return c->node[out->node].values.type && c->node[out->node].values.value &&
	       sql_node_done(c, out->node);
}

struct comma {
	struct sql_scope *item;
	bool *joined;
	uint32_t *first; /* of its columns among the joined ones */
	uint32_t n;
};

/* The textbook rule: the first item, in the order of the text, that an equality of WHERE connects
 * with what is joined already; if there is none, the first one left. */
static uint32_t next_item(const struct comma *list, const struct sql_scope *so_far,
			  const struct sql_conjuncts *where)
{
	uint32_t first = RD_NONE;

	for (uint32_t i = 0; i < list->n; i++) {
		if (list->joined[i])
			continue;
		first = first == RD_NONE ? i : first;
		for (uint32_t k = 0; k < where->n; k++)
			if (!where->at[k].used &&
			    sql_connects(so_far, &list->item[i], where->at[k].node))
				return i;
	}
	return first;
}

/* The names in the order of the text, whatever the order of the joins. */
static bool in_text_order(struct sql *c, const struct comma *list, struct sql_scope *scope)
{
	struct sql_col *col = RD_NEW_ARRAY(c->arena, struct sql_col, scope->n_cols, c->err);
	uint32_t n = 0;

	if (!col)
		return false;
	for (uint32_t i = 0; i < list->n; i++)
		for (uint32_t j = 0; j < list->item[i].n_cols; j++)
			col[n++] = scope->col[list->first[i] + j];
	scope->col = col;
	return true;
}

static bool join_items(struct sql *c, struct comma *list, struct sql_conjuncts *where,
		       struct sql_scope *out)
{
	struct sql_scope so_far, joined, all = list->item[0];
	struct sql_conjuncts usable = { 0 };
	uint32_t next;

	for (uint32_t i = 1; i < list->n; i++) {
		if (!sql_scope_join(c, &all, &list->item[i], 0, &joined))
			return false;
		all = joined;
	}
	/* A name that two tables have is an error, not a key between two others. */
	usable.at = RD_NEW_ARRAY(c->arena, struct sql_conjunct, where->n, c->err);
	if (!usable.at)
		return false;
	for (uint32_t i = 0; i < where->n; i++) {
		usable.at[i] = where->at[i];
		usable.at[i].used = !sql_only_reads(&all, where->at[i].node);
	}
	usable.n = where->n;
	list->joined[0] = true;
	so_far = list->item[0];
	for (uint32_t i = 1; i < list->n; i++) {
		next = next_item(list, &so_far, &usable);
		struct sql_pair pair = { .kind = RD_JOIN_INNER,
					 .left = &so_far,
					 .right = &list->item[next],
					 .on = &usable };
		if (!sql_join_scopes(c, &pair, &joined))
			return false;
		list->joined[next] = true;
		list->first[next] = so_far.n_cols;
		so_far = joined;
	}
	for (uint32_t i = 0; i < where->n; i++)
		where->at[i].used = usable.at[i].used && sql_only_reads(&all, where->at[i].node);
	*out = so_far;
	return in_text_order(c, list, out);
}

bool sql_from(struct sql *c, const struct sql_query *query, struct sql_scope *out)
{
	const json_t *items = sql_get(query->select, "fromClause");
	struct comma list = { .n = (uint32_t)json_array_size(items) };
	struct sql_conjuncts where = { 0 };

	*out = (struct sql_scope){ .with = query->with, .outer = query->outer };
	if (!sql_conjuncts_of(c, sql_get(query->select, "whereClause"), &where))
		return false;
	if (list.n == 0)
		return from_nothing(c, out) && sql_where(c, &where, out);
	list.item = RD_NEW_ARRAY(c->arena, struct sql_scope, list.n, c->err);
	list.joined = list.item ? RD_NEW_ARRAY(c->arena, bool, list.n, c->err) : NULL;
	list.first = list.joined ? RD_NEW_ARRAY(c->arena, uint32_t, list.n, c->err) : NULL;
	if (!list.first)
		return false;
	for (uint32_t i = 0; i < list.n; i++)
		if (!from_item(c, query, sql_at(items, i), &list.item[i]))
			return false;
	return join_items(c, &list, &where, out) && sql_where(c, &where, out);
}
