/* A whole Parquet file: footer, pages, encodings.  Any bytes; all columns are read. */
#include <redoubt/table.h>

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool read_input(void *ctx, uint64_t offset, struct rd_span *out, struct rd_err *err)
{
	const struct rd_view *in = ctx;
	size_t len = out->cap - out->used;

	if (offset > in->len || len > in->len - offset)
		return rd_fail(err, RD_FAULT_FAILED, "os.file.short", "past the end");
	if (len)
		memcpy(out->data + out->used, in->data + offset, len);
	out->used = out->cap;
	return true;
}

/* Rows are read as far as they go; no more than some thousand batches a column. */
static void read_column(const struct rd_table *table, uint32_t column, bool codes)
{
	struct rd_cursor *cursor = NULL;
	struct rd_err err = { 0 };
	uint32_t batches = 0;

	if (!rd_cursor_new(table, column, &cursor, &err))
		return;
	for (uint32_t g = 0; g < rd_table_groups(table) && g < 64; g++) {
		uint64_t left = rd_table_group_rows(table, g);

		if (!rd_cursor_open(cursor, g, &err))
			break;
		while (left && batches++ < 2000) {
			uint32_t n = left < 700 ? (uint32_t)left : 700;
			struct rd_vec v;

			if (!rd_cursor_read(cursor, n, codes, &v, &err))
				break;
			for (uint32_t i = 0; i < n; i++) {
				struct rd_value value = rd_vec_value(&v, i);

				rd_assert(value.is_null || value.type.type != RD_TEXT ||
					  rd_utf8_valid(value.text));
			}
			left -= n;
		}
	}
	rd_cursor_free(&cursor);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd_view in = { data, size };
	struct rd_blob blob = { .ctx = &in, .size = size, .read = read_input };
	struct rd_table *table = NULL;
	struct rd_err err = { 0 };

	if (!rd_table_open(&blob, NULL, RD_TABLE_OWN, (size_t)64 << 20, &table, &err))
		return 0;
	for (uint32_t c = 0; c < rd_table_schema(table)->n && c < 16; c++)
		read_column(table, c, c % 2);
	rd_table_close(&table);
	return 0;
}
