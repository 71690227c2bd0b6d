/* The front door of the compiler. */
#include "sql_int.h"

#include <string.h>

static void drop_json(json_t **root)
{
	json_decref(*root);
}

static bool plan_tables(struct sql *c)
{
	c->plan_table = RD_NEW_ARRAY(c->arena, struct rd_plan_table, c->n_tables, c->err);
	if (!c->plan_table)
		return false;
	for (uint32_t i = 0; i < c->n_tables; i++)
		c->plan_table[i] = (struct rd_plan_table){ .name = c->table[i].name,
							   .n_cols = c->table[i].schema->n,
							   .column = c->table[i].schema->column };
	return true;
}

static bool output(struct sql *c, const struct sql_scope *query, uint32_t *at)
{
	struct rd_view *name = RD_NEW_ARRAY(c->arena, struct rd_view, query->n_cols, c->err);

	if (!name)
		return false;
	if (query->n_cols == 0)
		return sql_unsupported(c, 0, "a SELECT without columns is");
	for (uint32_t i = 0; i < query->n_cols; i++)
		if (!rd_arena_copy(c->arena, query->col[i].name, &name[i], c->err))
			return false;
	if (!sql_node(c, RD_NODE_OUTPUT, query->node, at))
		return false;
	c->node[*at].output.name = name;
	return sql_node_done(c, *at);
}

bool rd_sql_compile(struct rd_view sql, const struct rd_sql_table *table, uint32_t n_tables,
		    struct rd_arena *arena, struct rd_plan *out, struct rd_err *err)
{
	struct sql c = {
		.text = sql, .table = table, .n_tables = n_tables, .arena = arena, .err = err
	};
	json_t *root RD_AUTO(drop_json) = NULL;
	struct sql_query query = { .select = NULL };
	struct sql_scope scope;
	uint32_t last;

	return sql_parse(&c, &root, &query.select) && plan_tables(&c) &&
	       sql_query(&c, &query, &scope) && output(&c, &scope, &last) &&
	       sql_prune(&c, last, out) && rd_plan_check(out, err);
}
