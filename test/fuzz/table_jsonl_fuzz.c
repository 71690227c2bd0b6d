/* JSON lines of any bytes: what is taken is put out as an Arrow stream, which is taken again. */
#include "table_io.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool infer(const struct rd_blob *blob, struct rd_arena *arena, struct rd_schema *out,
		  struct rd_err *err)
{
	return rd_jsonl_infer(blob, "a.jsonl", arena, out, err);
}

static bool load(const struct rd_blob *blob, const struct rd_schema *schema,
		 struct rd_writer *writer, struct rd_err *err)
{
	return rd_jsonl_load(blob, "a.jsonl", &(struct rd_csv_options){ 0 }, schema, writer, err);
}

static bool load_arrow(const struct rd_blob *blob, const struct rd_schema *schema,
		       struct rd_writer *writer, struct rd_err *err)
{
	return rd_arrow_load(blob, "a.arrows", schema, writer, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct loader jsonl = { infer, load, rd_arrow_unload };
	static const struct loader arrow = { NULL, load_arrow, rd_arrow_unload };

	round_trip(&jsonl, &arrow, rd_view_of(data, size));
	return 0;
}
