/* Several files as one table. */
#include "open_int.h"

#include <stdlib.h>

static bool same_columns(const struct rd_table *a, const struct rd_table *b)
{
	if (a->schema.n != b->schema.n)
		return false;
	for (uint32_t i = 0; i < a->schema.n; i++) {
		const struct rd_column *x = &a->schema.column[i], *y = &b->schema.column[i];

		if (!rd_view_eq(x->name, y->name) || x->type.type != y->type.type ||
		    x->type.precision != y->type.precision || x->type.scale != y->type.scale)
			return false;
	}
	return true;
}

static bool make_schema(struct rd_table *t, struct rd_err *err)
{
	const struct rd_schema *first = &t->part[0]->schema;

	t->schema.n = first->n;
	t->schema.column = RD_NEW_ARRAY(t->arena, struct rd_column, first->n, err);
	t->column = RD_NEW_ARRAY(t->arena, struct table_column, first->n, err);
	if (!t->schema.column || !t->column)
		return false;
	for (uint32_t i = 0; i < first->n; i++) {
		struct rd_column *c = &t->schema.column[i];

		*c = first->column[i];
		c->unique = c->unique && t->n_parts == 1;
		for (uint32_t k = 1; k < t->n_parts; k++) {
			const struct rd_column *other = &t->part[k]->schema.column[i];

			c->type.nullable |= other->type.nullable;
			if (!c->unreadable)
				c->unreadable = other->unreadable;
		}
	}
	return true;
}

static bool count_groups(struct rd_table *t, struct rd_err *err)
{
	uint64_t groups = 0;

	for (uint32_t k = 0; k < t->n_parts; k++) {
		groups += t->part[k]->footer.n_groups;
		if (!rd_add_u64(t->footer.n_rows, t->part[k]->footer.n_rows, &t->footer.n_rows))
			return rd_fail(err, RD_FAULT_REFUSED, "table.parts", "too many rows");
	}
	if (groups > UINT32_MAX)
		return rd_fail(err, RD_FAULT_REFUSED, "table.parts", "too many row groups");
	t->footer.n_groups = (uint32_t)groups;
	return true;
}

static bool make_groups(struct rd_table *t, struct rd_err *err)
{
	uint32_t n = t->schema.n, at = 0;

	if (!count_groups(t, err))
		return false;
	t->home = RD_NEW_ARRAY(t->arena, struct table_home, t->footer.n_groups, err);
	t->footer.group = RD_NEW_ARRAY(t->arena, struct pq_group, t->footer.n_groups, err);
	t->group_stats =
		RD_NEW_ARRAY(t->arena, struct rd_column_stats, (size_t)n * t->footer.n_groups, err);
	if (!t->home || !t->footer.group || !t->group_stats)
		return false;
	for (uint32_t k = 0; k < t->n_parts; k++) {
		const struct rd_table *p = t->part[k];

		for (uint32_t g = 0; g < p->footer.n_groups; g++, at++) {
			t->home[at] = (struct table_home){ p, g };
			t->footer.group[at] = p->footer.group[g];
			memcpy(&t->group_stats[(size_t)at * n], &p->group_stats[(size_t)g * n],
			       n * sizeof(t->group_stats[0]));
		}
		for (uint32_t c = 0; c < n; c++)
			table_merge_stats(&t->column[c].stats, &p->column[c].stats, k == 0);
	}
	return true;
}

static void close_all(struct rd_table **part, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		rd_table_close(&part[i]);
}

bool rd_table_join(struct rd_table **part, uint32_t n, struct rd_table **out, uint32_t *differs,
		   struct rd_err *err)
{
	RD_AUTO(rd_table_close) struct rd_table *t = calloc(1, sizeof(*t));

	*out = NULL;
	*differs = 0;
	if (!t || n == 0 || n > RD_TABLE_PARTS_MAX) {
		close_all(part, n);
		return t ? rd_fail(err, RD_FAULT_USAGE, "table.parts",
				   "1 to %u files are one table", RD_TABLE_PARTS_MAX)
			 : rd_fail_errno(err, "base.memory", "table");
	}
	t->part = calloc(n, sizeof(struct rd_table *));
	if (!t->part) {
		close_all(part, n);
		return rd_fail_errno(err, "base.memory", "table");
	}
	memcpy(t->part, part, n * sizeof(struct rd_table *));
	memset(part, 0, n * sizeof(struct rd_table *));
	t->n_parts = n;
	t->mode = RD_TABLE_OWN;
	for (uint32_t k = 1; k < n; k++)
		if (!same_columns(t->part[0], t->part[k])) {
			*differs = k;
			return rd_fail(err, RD_FAULT_REFUSED, "table.parts",
				       "its columns are not those of the first file");
		}
	if (!rd_arena_new((size_t)1 << 30, &t->arena, err) || !make_schema(t, err) ||
	    !make_groups(t, err))
		return false;
	*out = t;
	t = NULL;
	return true;
}
