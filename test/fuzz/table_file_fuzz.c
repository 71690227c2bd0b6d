/* A whole Parquet file: footer, pages, encodings.  Any bytes; all columns are read. */
#include "table_io.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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

static void read_table(const struct rd_blob *blob, const struct rd_foreign_keys *keys)
{
	const struct rd_table_options options = { .foreign_keys = keys,
						  .without_aad = true,
						  .max_memory = (size_t)64 << 20 };
	struct rd_table *table = NULL;
	struct rd_storage storage;
	struct rd_err err = { 0 };

	if (!rd_table_open_any(blob, &options, &table, &err))
		return;
	for (uint32_t c = 0; c < rd_table_schema(table)->n && c < 16; c++) {
		bool ok = rd_table_storage(table, c, &storage, &err);

		(void)ok;
		read_column(table, c, c % 2);
	}
	rd_table_close(&table);
}

/* Plain, and as if it were encrypted with keys that are known. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rd_named_key columns[2] = { { .key.len = 16 }, { .key.len = 32 } };
	static struct rd_foreign_keys keys = { .has_footer = true, .footer.len = 16, .n = 2 };
	struct rd_view in = { data, size };
	struct rd_blob blob = { .ctx = &in, .size = size, .read = rd_test_view_read };

	memcpy(keys.footer.data, "0123456789012345", 16);
	columns[0].name = rd_view_str("a");
	columns[1].name = rd_view_str("b");
	keys.column = columns;
	read_table(&blob, NULL);
	read_table(&blob, &keys);
	return 0;
}
