/*
 * GROUP BY and aggregates.  Three steps: a project that computes the keys, the arguments and the
 * filters; the aggregate; and above it the programs of SELECT, HAVING and ORDER BY, in which a key
 * expression and an aggregate call are columns.
 */
#include "sql_int.h"

#include <string.h>

static const struct {
	const char *name;
	enum rd_agg_fn fn;
} functions[] = {
	{ "count", RD_AGG_COUNT },
	{ "sum", RD_AGG_SUM },
	{ "avg", RD_AGG_AVG },
	{ "min", RD_AGG_MIN },
	{ "max", RD_AGG_MAX },
	{ "stddev", RD_AGG_STDDEV },
	{ "stddev_samp", RD_AGG_STDDEV },
};

static enum rd_agg_fn function_of(const char *name)
{
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		if (strcmp(functions[i].name, name) == 0)
			return functions[i].fn;
	return 0;
}

bool sql_is_aggregate(const char *name)
{
	return function_of(name) != 0;
}

/* One more output of the project below: its number. */
static bool add_output(struct sql *c, struct sql_group *g, struct sql_val v, uint32_t *at)
{
	struct sql_val *bigger;
	uint32_t cap;

	for (uint32_t i = g->n_keys; i < g->n_out; i++) {
		if (g->out[i].id == v.id) {
			*at = i;
			return true;
		}
	}
	if (g->n_out == g->cap_out) {
		cap = g->cap_out ? g->cap_out * 2 : 16;
		bigger = RD_NEW_ARRAY(c->arena, struct sql_val, cap, c->err);
		if (!bigger)
			return false;
		if (g->n_out)
			memcpy(bigger, g->out, g->n_out * sizeof(*bigger));
		g->out = bigger;
		g->cap_out = cap;
	}
	*at = g->n_out;
	g->out[g->n_out++] = v;
	return true;
}

/* The target that an ordinal or an output name of GROUP BY stands for, else the node itself. */
static bool key_expression(struct sql_expr *e, const json_t *select, const json_t *node,
			   const json_t **out)
{
	const json_t *targets = sql_get(select, "targetList"), *inner, *target, *fields,
		     *found = NULL;
	struct rd_value value;
	struct rd_view name;
	bool unknown;

	*out = node;
	if (sql_is(node, "A_Const", &inner)) {
		if (!sql_const_node(e->c, inner, &value, &unknown))
			return false;
		if (unknown || value.type.type != RD_INT32)
			return sql_fail(e->c, sql_place(node), "query.sql.group",
					"a constant in GROUP BY must be a column's number");
		if (value.i < 1 || (uint64_t)value.i > json_array_size(targets))
			return sql_fail(e->c, sql_place(node), "query.sql.group",
					"GROUP BY position %lld is not in the select list",
					(long long)value.i);
		(void)sql_is(sql_at(targets, (size_t)value.i - 1), "ResTarget", &target);
		*out = sql_get(target, "val");
		return true;
	}
	if (!sql_is(node, "ColumnRef", &inner))
		return true;
	fields = sql_get(inner, "fields");
	if (json_array_size(fields) != 1 || sql_lookup(e->scope, inner) != RD_NONE)
		return true; /* an input column goes first, as in PostgreSQL */
	for (size_t i = 0; i < json_array_size(targets); i++) {
		(void)sql_is(sql_at(targets, i), "ResTarget", &target);
		if (!sql_output_name(e->c, target, &name))
			return false;
		if (!rd_view_eq(name, rd_view_str(sql_string(sql_at(fields, 0)))))
			continue;
		if (found && !sql_equal(e->scope, found, sql_get(target, "val")))
			return sql_fail(e->c, sql_place(node), "query.sql.ambiguous",
					"GROUP BY '%.*s' is ambiguous", RD_FMT(name));
		found = sql_get(target, "val");
	}
	*out = found ? found : node;
	return true;
}

static bool add_key(struct sql_expr *e, struct sql_group *g, const json_t *node, uint32_t cap)
{
	struct sql_expr below = { e->c, g->scope, &g->pre, NULL, "GROUP BY" };
	struct sql_val v;

	for (uint32_t i = 0; i < g->n_keys; i++)
		if (sql_equal(g->scope, g->key[i], node))
			return true;
	if (sql_has_aggregate(node))
		return sql_fail(e->c, sql_place(node), "query.sql.group",
				"aggregate functions are not allowed in GROUP BY");
	if (!sql_bind(&below, node, &v) || !sql_settle(e->c, &g->pre, &v))
		return false;
	rd_assert(g->n_keys < cap);
	g->key[g->n_keys] = node;
	g->out[g->n_keys++] = v;
	g->n_out = g->n_keys;
	return true;
}

bool sql_group_begin(struct sql_expr *e, const json_t *select, struct sql_group *g)
{
	const json_t *keys = sql_get(select, "groupClause"), *node;
	uint32_t n = (uint32_t)json_array_size(keys);

	*g = (struct sql_group){ .scope = e->scope, .pre = { .mask = RD_NONE }, .cap_out = n + 16 };
	g->key = RD_NEW_ARRAY(e->c->arena, const json_t *, n + 1, e->c->err);
	g->out = g->key ? RD_NEW_ARRAY(e->c->arena, struct sql_val, n + 16, e->c->err) : NULL;
	if (!g->out)
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (!key_expression(e, select, sql_at(keys, i), &node) || !add_key(e, g, node, n))
			return false;
	return true;
}

bool sql_group_key(struct sql_expr *e, const json_t *node, struct sql_val *out, bool *found)
{
	struct sql_group *g = e->group;

	for (uint32_t i = 0; i < g->n_keys; i++) {
		if (!sql_equal(g->scope, g->key[i], node))
			continue;
		*found = true;
		if (!sql_emit_column(e->c, e->prog, i, g->out[i].type, out))
			return false;
		out->place = sql_place(node);
		return true;
	}
	*found = false;
	return true;
}

static bool add_agg(struct sql *c, struct sql_group *g, const struct sql_agg *agg, uint32_t *at)
{
	struct sql_agg *bigger;
	uint32_t cap;

	if (g->n_aggs == g->cap_aggs) {
		cap = g->cap_aggs ? g->cap_aggs * 2 : 16;
		bigger = RD_NEW_ARRAY(c->arena, struct sql_agg, cap, c->err);
		if (!bigger)
			return false;
		if (g->n_aggs)
			memcpy(bigger, g->agg, g->n_aggs * sizeof(*bigger));
		g->agg = bigger;
		g->cap_aggs = cap;
	}
	*at = g->n_aggs;
	g->agg[g->n_aggs++] = *agg;
	return true;
}

/* An ungrouped column: allowed if a key of its table that is unique and never NULL is grouped by,
 * for then it has one value a group. */
bool sql_group_column(struct sql_expr *e, const json_t *ref, struct sql_val *out)
{
	struct sql_group *g = e->group;
	struct sql_agg agg = { .agg = { .fn = RD_AGG_ANY, .filter = RD_NONE } };
	const struct sql_col *col;
	const json_t *key;
	uint32_t at, k;
	struct sql_val v;

	if (!sql_resolve(e->c, g->scope, ref, &at))
		return false;
	col = &g->scope->col[at];
	for (uint32_t i = 0; i < g->n_keys; i++) {
		k = sql_is(g->key[i], "ColumnRef", &key) ? sql_lookup(g->scope, key) : RD_NONE;
		if (k == RD_NONE || !g->scope->col[k].unique || !col->table.len ||
		    !rd_view_eq(g->scope->col[k].table, col->table))
			continue;
		agg.agg.position = sql_place(ref);
		if (!sql_emit_column(e->c, &g->pre, col->at, col->type, &v) ||
		    !add_output(e->c, g, v, &agg.agg.column) ||
		    !rd_agg_derive(RD_AGG_ANY, v.type, false, &agg.agg.type, e->c->err) ||
		    !add_agg(e->c, g, &agg, &at) ||
		    !sql_emit_column(e->c, e->prog, g->n_keys + at, agg.agg.type, out))
			return false;
		out->place = agg.agg.position;
		return true;
	}
	return sql_fail(e->c, sql_place(ref), "query.sql.group",
			"column '%.*s' must appear in GROUP BY or be used in an aggregate function",
			RD_FMT(col->name));
}

static bool bind_argument(struct sql_expr *below, const json_t *call, struct sql_agg *agg,
			  struct sql_val *v)
{
	const json_t *args = sql_get(call, "args");
	uint8_t fn = agg->agg.fn;
	char name[32];

	if (json_array_size(args) != 1)
		return sql_fail(below->c, sql_place(call), "query.sql.type",
				"an aggregate takes one argument, found %zu",
				json_array_size(args));
	if (!sql_bind(below, sql_at(args, 0), v))
		return false;
	if (v->unknown && fn != RD_AGG_COUNT && fn != RD_AGG_MIN && fn != RD_AGG_MAX)
		return sql_fail(below->c, sql_place(call), "query.sql.type",
				"this aggregate takes numbers only");
	if (!sql_settle(below->c, below->prog, v))
		return false;
	sql_type_name(v->type, name);
	if ((fn == RD_AGG_SUM || fn == RD_AGG_AVG || fn == RD_AGG_STDDEV) &&
	    !sql_is_number(v->type))
		return sql_fail(below->c, sql_place(call), "query.sql.type",
				"this aggregate takes numbers only, not %s", name);
	if ((fn == RD_AGG_MIN || fn == RD_AGG_MAX) && v->type.type == RD_BOOL)
		return sql_fail(below->c, sql_place(call), "query.sql.type",
				"min and max do not take boolean");
	return true;
}

static bool make_agg(struct sql_expr *e, const json_t *call, struct sql_agg *agg)
{
	struct sql_group *g = e->group;
	struct sql_expr below = { e->c, g->scope, &g->pre, NULL, "FILTER" };
	struct sql_val v = { .type = sql_type_of(RD_INT64) };
	const json_t *filter = sql_get(call, "agg_filter");
	bool empty = filter || g->n_keys == 0;

	agg->agg.filter = RD_NONE;
	agg->agg.column = RD_NONE;
	agg->agg.distinct = sql_flag(call, "agg_distinct");
	if (sql_flag(call, "agg_star")) {
		if (agg->agg.fn != RD_AGG_COUNT)
			return sql_fail(e->c, sql_place(call), "query.sql.type",
					"only count takes *");
		agg->agg.fn = RD_AGG_COUNT_STAR;
	} else if (!bind_argument(&below, call, agg, &v) ||
		   !add_output(e->c, g, v, &agg->agg.column)) {
		return false;
	}
	if (!rd_agg_derive(agg->agg.fn, v.type, empty, &agg->agg.type, e->c->err))
		return false;
	return !filter ||
	       (sql_bind_bool(&below, filter, &v) && add_output(e->c, g, v, &agg->agg.filter));
}

bool sql_group_call(struct sql_expr *e, const json_t *call, struct sql_val *out)
{
	struct sql_group *g = e->group;
	struct sql_agg agg = { .call = call };
	uint32_t at, place = sql_place(call);
	const char *name;

	if (!sql_last_name(e->c, sql_get(call, "funcname"), &name))
		return false;
	if (!g)
		return sql_fail(e->c, place, "query.sql.group",
				"aggregate functions are not allowed in %s%s", e->clause,
				strcmp(e->clause, "FILTER") == 0
					? " or inside of another aggregate function"
					: "");
	if (!sql_fields(e->c, call,
			"funcname args agg_star agg_distinct agg_filter funcformat location"))
		return false;
	for (at = 0; at < g->n_aggs; at++)
		if (g->agg[at].call && sql_equal(g->scope, g->agg[at].call, call))
			break;
	agg.agg.fn = (uint8_t)function_of(name);
	agg.agg.position = place;
	if (at == g->n_aggs && (!make_agg(e, call, &agg) || !add_agg(e->c, g, &agg, &at)))
		return false;
	if (!sql_emit_column(e->c, e->prog, g->n_keys + at, g->agg[at].agg.type, out))
		return false;
	out->place = place;
	return true;
}

bool sql_group_end(struct sql *c, struct sql_group *g, uint32_t input, uint32_t *at)
{
	uint32_t *key = RD_NEW_ARRAY(c->arena, uint32_t, g->n_keys, c->err);
	struct rd_agg *agg = key ? RD_NEW_ARRAY(c->arena, struct rd_agg, g->n_aggs, c->err) : NULL;
	uint32_t below = input;

	if (!agg || !sql_node_project(c, &g->pre, g->out, g->n_out, &below) ||
	    !sql_node(c, RD_NODE_AGGREGATE, below, at))
		return false;
	for (uint32_t i = 0; i < g->n_keys; i++)
		key[i] = i;
	for (uint32_t i = 0; i < g->n_aggs; i++)
		agg[i] = g->agg[i].agg;
	c->node[*at].aggregate.n_keys = g->n_keys;
	c->node[*at].aggregate.key = key;
	c->node[*at].aggregate.n_aggs = g->n_aggs;
	c->node[*at].aggregate.agg = agg;
	return sql_node_done(c, *at);
}
