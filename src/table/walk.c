/* Tables read from front to back; a table into a writer. */
#include "walk_int.h"

struct walk {
	uint32_t n;
	struct rd_arena *arena;
	struct rd_cursor **cursor;
	struct rd_vec *vec;
};

static void walk_free(struct walk *w)
{
	for (uint32_t i = 0; w->cursor && i < w->n; i++)
		rd_cursor_free(&w->cursor[i]);
	rd_arena_free(&w->arena);
}

static bool begin(struct walk *w, const struct rd_table *table, struct rd_err *err)
{
	w->n = rd_table_schema(table)->n;
	if (!rd_arena_new((size_t)4 << 20, &w->arena, err))
		return false;
	w->cursor = RD_NEW_ARRAY(w->arena, struct rd_cursor *, w->n, err);
	w->vec = RD_NEW_ARRAY(w->arena, struct rd_vec, w->n, err);
	if (!w->cursor || !w->vec)
		return false;
	for (uint32_t c = 0; c < w->n; c++)
		if (!rd_cursor_new(table, c, &w->cursor[c], err))
			return false;
	return true;
}

bool table_walk(const struct rd_table *table,
		bool (*take)(void *ctx, const struct rd_batch *batch, struct rd_err *err),
		void *ctx, struct rd_err *err)
{
	struct walk w RD_AUTO(walk_free) = { .n = 0 };
	struct rd_batch batch = { .first_row = 0 };

	if (!begin(&w, table, err))
		return false;
	batch.n_cols = w.n;
	batch.col = w.vec;
	for (uint32_t g = 0; g < rd_table_groups(table); g++) {
		uint64_t left = rd_table_group_rows(table, g);

		for (uint32_t c = 0; c < w.n; c++)
			if (!rd_cursor_open(w.cursor[c], g, err))
				return false;
		for (; left; left -= batch.n) {
			batch.n = batch.n_sel =
				left < RD_BATCH_ROWS ? (uint32_t)left : RD_BATCH_ROWS;
			for (uint32_t c = 0; c < w.n; c++)
				if (!rd_cursor_read(w.cursor[c], batch.n, false, &w.vec[c], err))
					return rd_wrap(err, "row group %u", g);
			if (!take(ctx, &batch, err))
				return false;
			batch.first_row += batch.n;
		}
	}
	return true;
}

static bool add(void *ctx, const struct rd_batch *batch, struct rd_err *err)
{
	return rd_writer_add(ctx, batch, err);
}

bool rd_table_copy(const struct rd_table *table, struct rd_writer *writer, struct rd_err *err)
{
	return table_walk(table, add, writer, err);
}
