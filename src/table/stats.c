/* The writer's statistics, as far as they can be relied upon. */
#include "open_int.h"

/* A physical min or max as the 64-bit integer that vectors hold; false: not of this kind. */
static bool int_bound(const struct pq_leaf *leaf, struct rd_coltype type, struct rd_view bytes,
		      int64_t *out)
{
	bool kind = type.type == RD_INT32 || type.type == RD_INT64 || type.type == RD_DATE ||
		    type.type == RD_TIMESTAMP || (type.type == RD_DECIMAL && type.precision <= 18);

	if (!kind || (leaf->logical == PQ_INTEGER && !leaf->is_signed) ||
	    (leaf->logical == PQ_TIMESTAMP && leaf->unit != PQ_MICROS))
		return false;
	if (leaf->type == PQ_INT32 && bytes.len == 4) {
		*out = (int32_t)rd_load_le32(bytes.data);
		return true;
	}
	if (leaf->type == PQ_INT64 && bytes.len == 8) {
		*out = (int64_t)rd_load_le64(bytes.data);
		return true;
	}
	return false;
}

static void chunk_stats(const struct rd_table *t, uint32_t g, uint32_t c,
			struct rd_column_stats *out)
{
	const struct pq_group *group = &t->footer.group[g];
	const struct pq_chunk *chunk = &group->chunk[c];
	const struct pq_stats *s = &chunk->meta.stats;
	const struct pq_leaf *leaf = &t->footer.leaf[c];
	struct rd_coltype type = t->schema.column[c].type;

	*out = (struct rd_column_stats){ .has_nulls = type.nullable, .n_distinct = group->n_rows };
	if (!chunk->has_meta)
		return;
	if (s->has_null_count && s->null_count == 0)
		out->has_nulls = false;
	if (s->has_distinct && s->distinct < group->n_rows)
		out->n_distinct = s->distinct;
	out->dictionary = chunk->meta.dictionary_offset != 0;
	if (t->footer.has_column_orders && s->has_min_max &&
	    int_bound(leaf, type, s->min, &out->min) && int_bound(leaf, type, s->max, &out->max) &&
	    out->min <= out->max)
		out->has_range = true;
}

void table_merge_stats(struct rd_column_stats *all, const struct rd_column_stats *one, bool first)
{
	if (first) {
		*all = *one;
		return;
	}
	all->has_nulls |= one->has_nulls;
	all->has_range &= one->has_range;
	all->dictionary &= one->dictionary;
	if (one->min < all->min)
		all->min = one->min;
	if (one->max > all->max)
		all->max = one->max;
	if (!rd_add_u64(all->n_distinct, one->n_distinct, &all->n_distinct))
		all->n_distinct = UINT64_MAX;
}

bool table_make_stats(struct rd_table *t, struct rd_err *err)
{
	uint32_t n = t->schema.n, n_groups = t->footer.n_groups;

	t->group_stats = RD_NEW_ARRAY(t->arena, struct rd_column_stats, (size_t)n * n_groups, err);
	if (!t->group_stats)
		return false;
	for (uint32_t c = 0; c < n; c++) {
		t->column[c].stats = (struct rd_column_stats){ .has_nulls = true };
		for (uint32_t g = 0; g < n_groups; g++) {
			struct rd_column_stats *s = &t->group_stats[(size_t)g * n + c];

			chunk_stats(t, g, c, s);
			table_merge_stats(&t->column[c].stats, s, g == 0);
		}
		if (n_groups == 0)
			t->column[c].stats.has_nulls = false;
	}
	return true;
}

void rd_table_column_stats(const struct rd_table *table, uint32_t column,
			   struct rd_column_stats *out)
{
	*out = table->column[column].stats;
}

void rd_table_group_stats(const struct rd_table *table, uint32_t group, uint32_t column,
			  struct rd_column_stats *out)
{
	*out = table->group_stats[(size_t)group * table->schema.n + column];
}
