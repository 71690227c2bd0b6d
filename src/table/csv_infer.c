/* Types of CSV columns. */
#include "csv_int.h"
#include "infer_int.h"

static bool look_at_all(struct csv_reader *r, struct infer *c, uint32_t n, struct rd_err *err)
{
	bool more = true;

	for (;;) {
		if (!csv_next(r, &more, err))
			return false;
		if (!more)
			return true;
		if (!csv_check_fields(r, n, err))
			return false;
		for (uint32_t i = 0; i < n; i++) {
			if (csv_is_null(r, &r->field[i]))
				c[i].null = true;
			else
				infer_look(&c[i], r->field[i].text);
		}
	}
}

bool rd_csv_infer(const struct rd_blob *blob, const char *name,
		  const struct rd_csv_options *options, struct rd_arena *arena,
		  struct rd_schema *out, struct rd_err *err)
{
	struct csv_reader r RD_AUTO(csv_close) = { .line = 1 };
	struct rd_column *column;
	struct infer *seen;
	uint32_t n;

	if (!csv_open(&r, blob, name, options, err) || !csv_header(&r, err))
		return false;
	n = r.n_fields;
	column = RD_NEW_ARRAY(arena, struct rd_column, n, err);
	seen = RD_NEW_ARRAY(arena, struct infer, n, err);
	if (!column || !seen)
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (!rd_arena_copy(arena, r.field[i].text, &column[i].name, err))
			return false;
	if (!look_at_all(&r, seen, n, err))
		return false;
	for (uint32_t i = 0; i < n; i++)
		column[i].type = infer_type(&seen[i]);
	*out = (struct rd_schema){ .n = n, .column = column };
	return true;
}
