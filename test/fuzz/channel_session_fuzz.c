/* The messages of the attested session, each side's readers; claims and bundles inside M3. */
#include "channel/session_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd_view in = { data, size };
	struct rd_release_statement statement;
	struct rd_evidence evidence;
	struct rd_arena *arena = NULL;
	struct rd_buf again = { .max = 1 << 20 };
	struct rd_err err = { 0 };
	struct m1 m1;
	struct m2 m2;
	struct m3 m3;
	struct m4 m4;

	if (!rd_arena_new((size_t)16 << 20, &arena, &err))
		return 0;
	/* What is accepted has one form. */
	if (m1_decode(in, &m1, &err))
		rd_assert(m1_encode(&m1, &again, &err) && rd_view_eq(in, rd_buf_view(&again)));
	rd_buf_clear(&again);
	if (m2_decode(in, &m2, &err))
		rd_assert(m2_encode(&m2, &again, &err) && rd_view_eq(in, rd_buf_view(&again)));
	rd_buf_clear(&again);
	if (m3_decode(in, &m3, &err))
		(void)!rd_evidence_verify(m3.cmw, 1, arena, &evidence, &err);
	if (m4_decode(in, &m4, &err))
		(void)!rd_release_decode(m4.release, &statement, &err);
	(void)!refusal_check(in, &err);
	(void)!rd_release_decode(in, &statement, &err);
	(void)!rd_evidence_verify(in, 1, arena, &evidence, &err);
	rd_buf_free(&again);
	rd_arena_free(&arena);
	return 0;
}
