/* Arrow streams of any bytes: what is taken is written again as the same stream. */
#include "table_io.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool infer(const struct rd_blob *blob, struct rd_arena *arena, struct rd_schema *out,
		  struct rd_err *err)
{
	return rd_arrow_schema(blob, "a.arrows", arena, out, err);
}

static bool load(const struct rd_blob *blob, const struct rd_schema *schema,
		 struct rd_writer *writer, struct rd_err *err)
{
	return rd_arrow_load(blob, "a.arrows", schema, writer, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct loader arrow = { infer, load, rd_arrow_unload };

	round_trip(&arrow, &arrow, rd_view_of(data, size));
	return 0;
}
