/* CSV of any bytes: what is taken is inferred, written, read back and printed; and what is printed
 * is taken again and prints the same. */
#include "table_io.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct rd_csv_options options = { .null_text = "", .separator = ',' };

static bool infer(const struct rd_blob *blob, struct rd_arena *arena, struct rd_schema *out,
		  struct rd_err *err)
{
	return rd_csv_infer(blob, "a.csv", &options, arena, out, err);
}

static bool load(const struct rd_blob *blob, const struct rd_schema *schema,
		 struct rd_writer *writer, struct rd_err *err)
{
	return rd_csv_load(blob, "a.csv", &options, schema, writer, err);
}

static bool unload(const struct rd_table *table, const struct rd_sink *sink, struct rd_err *err)
{
	return rd_csv_unload(table, &options, sink, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct loader csv = { infer, load, unload };

	round_trip(&csv, &csv, rd_view_of(data, size));
	return 0;
}
