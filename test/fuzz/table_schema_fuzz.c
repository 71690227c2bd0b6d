/* rd_schema_parse: any text.  What is taken has usable names and types. */
#include <redoubt/table.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd_arena *arena RD_AUTO(rd_arena_free) = NULL;
	struct rd_schema schema = { 0 };
	struct rd_err err = { 0 };

	rd_assert(rd_arena_new((size_t)16 << 20, &arena, &err));
	if (!rd_schema_parse(rd_view_of(data, size), "s.txt", arena, &schema, &err)) {
		rd_assert(err.code != NULL);
		return 0;
	}
	rd_assert(schema.n >= 1 && schema.n <= RD_COLUMNS_MAX);
	for (uint32_t i = 0; i < schema.n; i++) {
		const struct rd_column *c = &schema.column[i];

		rd_assert(c->name.len >= 1 && c->name.len <= RD_COLUMN_NAME_MAX &&
			  rd_utf8_valid(c->name) && rd_coltype_width(c->type) > 0 &&
			  c->class_ <= RD_CLASS_VISIBLE);
	}
	return 0;
}
