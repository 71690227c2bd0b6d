/* Fuzzes the verification of messages: the first byte says which kind, the rest is the message. */
#include <redoubt/rats.h>

#include "support.h"

#include <string.h>

#define MEMORY_MAX ((size_t)64 << 20)
#define NOW 1750000000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever was read as a CMW and can be written is read again; all of it can be appraised. */
static void again(const struct rd_tee_input *in, struct rd_arena *arena)
{
	const struct rd_evidence_policy policy = { 0 };
	struct rd_err err = { 0 };
	struct rd_cmw *cmw = RD_NEW(arena, struct rd_cmw, &err);
	struct rd_cmw *back = RD_NEW(arena, struct rd_cmw, &err);
	struct rd_cmw_outcome *out = RD_NEW(arena, struct rd_cmw_outcome, &err);

	if (!cmw || !back || !out || !rd_cmw_parse(in->report, arena, cmw, &err))
		return;
	for (int json = 0; json < 2; json++) {
		RD_AUTO(rd_buf_free) struct rd_buf text = { .max = 1u << 22 };

		if (!rd_cmw_write(cmw, json, &text, &err))
			return;
		rd_assert(rd_cmw_parse(rd_buf_view(&text), arena, back, &err) && back->n == cmw->n);
	}
	if (!rd_cmw_appraise(&policy, in, arena, out, &err))
		rd_assert(err.code != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char jwk[] = "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":"
				  "\"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4\","
				  "\"y\":\"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM\"}";
	static struct rd_arena *arena;
	static size_t n;
	struct rd_collateral key = { .name = "key", .bytes = rd_view_str(jwk), .trusted = true };
	struct rd_tee_input in = { .collateral = &key, .n_collateral = 1, .now_unix_s = NOW };
	struct rd_err err = { 0 };
	struct rd_tee_result *r;

	if (!arena) {
		rd_assert(rd_crypto_init(&err) && rd_arena_new(MEMORY_MAX, &arena, &err));
		while (rd_rats_kinds[n])
			n++;
	}
	rd_arena_reset(arena);
	r = RD_NEW(arena, struct rd_tee_result, &err);
	if (size < 1 || !r)
		return 0;
	in.report = rd_view_of(data + 1, size - 1);
	if (strcmp(rd_rats_kinds[data[0] % n]->name, "cmw") == 0)
		again(&in, arena);
	if (!rd_rats_kinds[data[0] % n]->verify(&in, arena, r, &err))
		rd_assert(err.code != NULL);
	else
		rd_assert(r->n_reasons > 0);
	return 0;
}
