/* Tables in memory, for the targets of this module. */
#ifndef RD_FUZZ_TABLE_IO_H
#define RD_FUZZ_TABLE_IO_H

#include "../memory_io.h"

#include <redoubt/table.h>

#include <string.h>

#define MEMORY ((size_t)256 << 20)

/* How one text or stream becomes rows. */
struct loader {
	bool (*infer)(const struct rd_blob *blob, struct rd_arena *arena, struct rd_schema *out,
		      struct rd_err *err);
	bool (*load)(const struct rd_blob *blob, const struct rd_schema *schema,
		     struct rd_writer *writer, struct rd_err *err);
	bool (*unload)(const struct rd_table *table, const struct rd_sink *sink,
		       struct rd_err *err);
};

/* False: refused.  Types of `schema` if it has columns, else inferred into it. */
static inline bool convert(const struct loader *l, struct rd_view text, struct rd_schema *schema,
			   struct rd_arena *arena, struct rd_buf *out)
{
	struct rd_buf file RD_AUTO(rd_buf_free) = { .max = MEMORY };
	struct rd_writer *w RD_AUTO(rd_writer_free) = NULL;
	struct rd_table *t RD_AUTO(rd_table_close) = NULL;
	struct rd_blob blob = { .ctx = &text, .size = text.len, .read = rd_test_view_read };
	struct rd_view bytes;
	struct rd_err err = { 0 };

	if (!schema->n && !l->infer(&blob, arena, schema, &err))
		return false;
	if (!rd_writer_new(schema, &(struct rd_writer_options){ 0 },
			   &(struct rd_sink){ &file, rd_test_buf_write }, &w, &err) ||
	    !l->load(&blob, schema, w, &err) || !rd_writer_finish(w, &err))
		return false;
	bytes = rd_buf_view(&file);
	blob = (struct rd_blob){ .ctx = &bytes, .size = bytes.len, .read = rd_test_view_read };
	rd_assert(rd_table_open(&blob, NULL, RD_TABLE_OWN, MEMORY, &t, &err));
	rd_assert(l->unload(t, &(struct rd_sink){ out, rd_test_buf_write }, &err));
	return true;
}

/* What is taken is written, read back and put out; and what is put out is taken again, the same. */
static inline void round_trip(const struct loader *in, const struct loader *out,
			      struct rd_view text)
{
	struct rd_arena *arena RD_AUTO(rd_arena_free) = NULL;
	struct rd_buf once RD_AUTO(rd_buf_free) = { .max = MEMORY };
	struct rd_buf twice RD_AUTO(rd_buf_free) = { .max = MEMORY };
	struct rd_schema schema = { 0 };
	struct rd_err err = { 0 };

	rd_assert(rd_arena_new(MEMORY, &arena, &err));
	if (!convert(in, text, &schema, arena, &once))
		return;
	rd_assert(convert(out, rd_buf_view(&once), &schema, arena, &twice));
	rd_assert(rd_view_eq(rd_buf_view(&once), rd_buf_view(&twice)));
}

#endif
