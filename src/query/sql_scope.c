/* Names to columns. */
#include "sql_int.h"

#include <string.h>

/* table and name of a ColumnRef; false for other forms. */
static bool ref_names(const json_t *ref, struct rd_view *table, struct rd_view *name)
{
	const json_t *fields = sql_get(ref, "fields"), *inner;
	size_t n = json_array_size(fields);

	if (n < 1 || n > 2)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!sql_is(sql_at(fields, i), "String", &inner))
			return false;
	*table = n == 2 ? rd_view_str(sql_string(sql_at(fields, 0))) : rd_view_of(NULL, 0);
	*name = rd_view_str(sql_string(sql_at(fields, n - 1)));
	return true;
}

static uint32_t find(const struct sql_scope *scope, const json_t *ref, uint32_t *count)
{
	struct rd_view table, name;
	uint32_t found = RD_NONE;

	*count = 0;
	if (!ref_names(ref, &table, &name))
		return RD_NONE;
	for (uint32_t i = 0; i < scope->n_cols; i++) {
		const struct sql_col *col = &scope->col[i];
		if (!rd_view_eq(col->name, name) ||
		    (table.len ? !rd_view_eq(col->table, table) : !col->bare))
			continue;
		found = i;
		++*count;
	}
	return found;
}

uint32_t sql_lookup(const struct sql_scope *scope, const json_t *ref)
{
	uint32_t count, found = find(scope, ref, &count);

	return count == 1 ? found : RD_NONE;
}

bool sql_nearest(struct sql *c, const char *word, const struct rd_view *known, uint32_t n,
		 struct rd_view *out)
{
	const char **candidates = RD_NEW_ARRAY(c->arena, const char *, n + 1, c->err);
	struct rd_view copy;
	const char *near;

	if (!candidates)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		if (!rd_arena_copy(c->arena, known[i], &copy, c->err))
			return false;
		candidates[i] = (const char *)copy.data;
	}
	near = rd_nearest_word(rd_view_str(word), candidates);
	*out = near ? rd_view_str(near) : rd_view_of(NULL, 0);
	return true;
}

static bool unknown_name(struct sql *c, const struct sql_scope *scope, const json_t *ref)
{
	uint32_t place = sql_place(ref), n = 0, count;
	struct rd_view table, name, near;
	struct rd_view *known;
	bool has_table = false;

	if (!ref_names(ref, &table, &name))
		return sql_unsupported(c, place, "this form of a column's name is");
	for (const struct sql_scope *outer = scope->outer; outer; outer = outer->outer)
		if (find(outer, ref, &count) != RD_NONE)
			return sql_unsupported(c, place,
					       "a subquery that reads the query around it is");
	for (uint32_t i = 0; i < scope->n_aliases; i++)
		has_table |= rd_view_eq(scope->alias[i], table);
	if (table.len && !has_table) {
		if (!sql_nearest(c, (const char *)table.data, scope->alias, scope->n_aliases,
				 &near))
			return false;
		return sql_fail(c, place, "query.sql.name",
				"no table is called '%.*s' here%s%.*s%s", RD_FMT(table),
				near.len ? ", did you mean '" : "", RD_FMT(near),
				near.len ? "'?" : "");
	}
	known = RD_NEW_ARRAY(c->arena, struct rd_view, scope->n_cols, c->err);
	if (!known)
		return false;
	for (uint32_t i = 0; i < scope->n_cols; i++)
		if (table.len == 0 || rd_view_eq(scope->col[i].table, table))
			known[n++] = scope->col[i].name;
	if (!sql_nearest(c, (const char *)name.data, known, n, &near))
		return false;
	return sql_fail(c, place, "query.sql.name", "no column is called '%.*s' here%s%.*s%s",
			RD_FMT(name), near.len ? ", did you mean '" : "", RD_FMT(near),
			near.len ? "'?" : "");
}

bool sql_resolve(struct sql *c, const struct sql_scope *scope, const json_t *ref, uint32_t *out)
{
	uint32_t count, found;

	if (!sql_fields(c, ref, "fields location"))
		return false;
	found = find(scope, ref, &count);
	if (count > 1)
		return sql_fail(c, sql_place(ref), "query.sql.ambiguous",
				"the column '%.*s' is in more than one table: write table.column",
				RD_FMT(scope->col[found].name));
	if (count == 0)
		return unknown_name(c, scope, ref);
	*out = found;
	return true;
}

static bool equal_fields(const struct sql_scope *scope, const json_t *a, const json_t *b)
{
	const char *key;
	json_t *value;
	size_t n = 0, m = 0;

	json_object_foreach((json_t *)(uintptr_t)a, key, value)
	{
		if (strcmp(key, "location") == 0)
			continue;
		if (!json_object_get(b, key) || !sql_equal(scope, value, json_object_get(b, key)))
			return false;
		n++;
	}
	json_object_foreach((json_t *)(uintptr_t)b, key, value) m += strcmp(key, "location") != 0;
	return n == m;
}

bool sql_equal(const struct sql_scope *scope, const json_t *a, const json_t *b)
{
	const json_t *left, *right;
	uint32_t at;

	if (json_typeof(a) != json_typeof(b))
		return false;
	if (json_is_array(a)) {
		if (json_array_size(a) != json_array_size(b))
			return false;
		for (size_t i = 0; i < json_array_size(a); i++)
			if (!sql_equal(scope, sql_at(a, i), sql_at(b, i)))
				return false;
		return true;
	}
	if (!json_is_object(a))
		return json_equal((json_t *)(uintptr_t)a, (json_t *)(uintptr_t)b) == 1;
	if (sql_is(a, "ColumnRef", &left) && sql_is(b, "ColumnRef", &right)) {
		at = sql_lookup(scope, left);
		if (at != RD_NONE)
			return at == sql_lookup(scope, right);
	}
	return equal_fields(scope, a, b);
}

static bool any_node(const json_t *node, bool (*wanted)(const char *, const json_t *))
{
	const json_t *inner;
	const char *key, *kind;
	json_t *value;

	if (json_is_object(node)) {
		kind = sql_kind(node, &inner);
		if (wanted(kind, inner))
			return true;
		if (strcmp(kind, "SubLink") == 0) /* its own query: only what it is compared with */
			return any_node(sql_get(inner, "testexpr"), wanted);
		json_object_foreach((json_t *)(uintptr_t)node, key,
				    value) if (any_node(value, wanted)) return true;
	}
	for (size_t i = 0; json_is_array(node) && i < json_array_size(node); i++)
		if (any_node(sql_at(node, i), wanted))
			return true;
	return false;
}

static bool is_aggregate(const char *kind, const json_t *inner)
{
	const json_t *names = strcmp(kind, "FuncCall") == 0 ? sql_get(inner, "funcname") : NULL;

	return names && !sql_get(inner, "over") &&
	       sql_is_aggregate(sql_string(sql_at(names, json_array_size(names) - 1)));
}

static bool is_sublink(const char *kind, const json_t *inner)
{
	(void)inner;
	return strcmp(kind, "SubLink") == 0;
}

bool sql_has_aggregate(const json_t *node)
{
	return any_node(node, is_aggregate);
}

bool sql_has_sublink(const json_t *node)
{
	return any_node(node, is_sublink);
}

static bool reads(const struct sql_scope *scope, const json_t *node, uint32_t *n)
{
	const json_t *inner;
	const char *key;
	json_t *value;

	if (sql_is(node, "ColumnRef", &inner)) {
		++*n;
		return sql_lookup(scope, inner) != RD_NONE;
	}
	if (json_is_object(node)) {
		json_object_foreach((json_t *)(uintptr_t)node, key,
				    value) if (!reads(scope, value, n)) return false;
	}
	for (size_t i = 0; json_is_array(node) && i < json_array_size(node); i++)
		if (!reads(scope, sql_at(node, i), n))
			return false;
	return true;
}

bool sql_only_reads(const struct sql_scope *scope, const json_t *node)
{
	uint32_t n = 0;

	return !sql_has_sublink(node) && reads(scope, node, &n) && n > 0;
}

bool sql_scope_join(struct sql *c, const struct sql_scope *left, const struct sql_scope *right,
		    uint32_t shift, struct sql_scope *out)
{
	uint32_t n = left->n_cols + right->n_cols, aliases = left->n_aliases + right->n_aliases;
	struct sql_scope joined = *left;

	for (uint32_t i = 0; i < left->n_aliases; i++)
		for (uint32_t j = 0; j < right->n_aliases; j++)
			if (left->alias[i].len && rd_view_eq(left->alias[i], right->alias[j]))
				return sql_fail(c, right->place, "query.sql.ambiguous",
						"the name '%.*s' is given to two tables of FROM: "
						"give one an alias",
						RD_FMT(left->alias[i]));
	if (n > SQL_COLUMNS_MAX)
		return sql_fail(c, right->place, "query.sql.limit",
				"a join has %u columns, at most %d are accepted", n,
				SQL_COLUMNS_MAX);
	joined.col = RD_NEW_ARRAY(c->arena, struct sql_col, n, c->err);
	joined.alias = joined.col ? RD_NEW_ARRAY(c->arena, struct rd_view, aliases, c->err) : NULL;
	if (!joined.alias)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		joined.col[i] = i < left->n_cols ? left->col[i] : right->col[i - left->n_cols];
		if (i >= left->n_cols)
			joined.col[i].at += shift;
	}
	for (uint32_t i = 0; i < aliases; i++)
		joined.alias[i] =
			i < left->n_aliases ? left->alias[i] : right->alias[i - left->n_aliases];
	joined.n_cols = n;
	joined.n_aliases = aliases;
	*out = joined;
	return true;
}
