/* CSV of any bytes: what is taken is inferred, written, read back and printed; and what is printed
 * is taken again and prints the same. */
#include <redoubt/table.h>

#include <string.h>

#define MEMORY ((size_t)256 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool sink_write(void *ctx, struct rd_view bytes, struct rd_err *err)
{
	rd_buf_add(ctx, bytes);
	return rd_buf_ok(ctx, err);
}

static bool blob_read(void *ctx, uint64_t offset, struct rd_span *out, struct rd_err *err)
{
	const struct rd_view *text = ctx;
	size_t len = out->cap - out->used;

	if (offset > text->len || len > text->len - offset)
		return rd_fail(err, RD_FAULT_FAILED, "os.file.short", "past the end");
	if (len)
		memcpy(out->data + out->used, text->data + offset, len);
	out->used = out->cap;
	return true;
}

/* False: refused.  Types of `schema` if it has columns, else inferred into it. */
static bool convert(struct rd_view text, struct rd_schema *schema, struct rd_arena *arena,
		    struct rd_buf *out)
{
	const struct rd_csv_options options = { .null_text = "", .separator = ',' };
	struct rd_buf file RD_AUTO(rd_buf_free) = { .max = MEMORY };
	struct rd_writer *w RD_AUTO(rd_writer_free) = NULL;
	struct rd_table *t RD_AUTO(rd_table_close) = NULL;
	struct rd_blob blob = { .ctx = &text, .size = text.len, .read = blob_read };
	struct rd_view bytes;
	struct rd_err err = { 0 };

	if (!schema->n && !rd_csv_infer(&blob, "a.csv", &options, arena, schema, &err))
		return false;
	if (!rd_writer_new(schema, &(struct rd_writer_options){ 0 },
			   &(struct rd_sink){ &file, sink_write }, &w, &err) ||
	    !rd_csv_load(&blob, "a.csv", &options, schema, w, &err) || !rd_writer_finish(w, &err))
		return false;
	bytes = rd_buf_view(&file);
	blob = (struct rd_blob){ .ctx = &bytes, .size = bytes.len, .read = blob_read };
	rd_assert(rd_table_open(&blob, NULL, RD_TABLE_OWN, MEMORY, &t, &err));
	rd_assert(rd_csv_unload(t, &options, &(struct rd_sink){ out, sink_write }, &err));
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd_arena *arena RD_AUTO(rd_arena_free) = NULL;
	struct rd_buf once RD_AUTO(rd_buf_free) = { .max = MEMORY };
	struct rd_buf twice RD_AUTO(rd_buf_free) = { .max = MEMORY };
	struct rd_schema schema = { 0 };
	struct rd_err err = { 0 };

	rd_assert(rd_arena_new(MEMORY, &arena, &err));
	if (!convert(rd_view_of(data, size), &schema, arena, &once))
		return 0;
	rd_assert(convert(rd_buf_view(&once), &schema, arena, &twice));
	rd_assert(rd_view_eq(rd_buf_view(&once), rd_buf_view(&twice)));
	return 0;
}
