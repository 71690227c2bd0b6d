/* rd_plan_decode: whatever is taken passes the check, prints, and encodes to the same bytes. */
#include <redoubt/query.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd_view in = { data, size };
	struct rd_arena *arena = NULL;
	struct rd_err err = { 0 };
	struct rd_plan plan;
	struct rd_buf out;

	if (!rd_arena_new((size_t)1 << 26, &arena, &err))
		return 0;
	if (rd_plan_decode(in, arena, &plan, &err)) {
		rd_buf_init(&out, (size_t)1 << 24);
		rd_assert(rd_plan_encode(&plan, &out, &err));
		rd_assert(rd_view_eq(rd_buf_view(&out), in));
		rd_buf_clear(&out);
		rd_assert(rd_plan_print(&plan, &out, &err) || out.failed);
		rd_buf_free(&out);
	}
	rd_arena_free(&arena);
	return 0;
}
