/*
 * Fuzzes the verification of every technology and message: one byte says which, then the report and
 * up to four pieces of collateral, each with a length of 16 bits before it.  The key of a piece
 * counts as the verifier's own.
 */
#include <redoubt/crypto.h>
#include <redoubt/tee.h>

#include "support.h"

#include <stdlib.h>

#define MEMORY_MAX ((size_t)32 << 20)
#define NOW 1750000000
#define PIECES_MAX 4u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct rd_view take(const uint8_t **at, size_t *left)
{
	struct rd_view out = { 0 };
	size_t len;

	if (*left < 2)
		return out;
	len = (size_t)((*at)[0] | (*at)[1] << 8);
	len = len < *left - 2 ? len : *left - 2;
	out = rd_view_of(*at + 2, len);
	*at += 2 + len;
	*left -= 2 + len;
	return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rd_arena *arena;
	static size_t n_tees;
	struct rd_collateral pieces[PIECES_MAX];
	struct rd_tee_input in = { .collateral = pieces, .now_unix_s = NOW };
	struct rd_err err = { 0 };
	struct rd_tee_result *r;
	const struct rd_tee *tee;

	if (!arena) {
		rd_assert(rd_crypto_init(&err) && rd_arena_new(MEMORY_MAX, &arena, &err));
		while (rd_tees[n_tees])
			n_tees++;
	}
	rd_arena_reset(arena);
	r = RD_NEW(arena, struct rd_tee_result, &err);
	if (size < 3 || !r)
		return 0;
	tee = rd_tees[data[0] % n_tees];
	data++;
	size--;
	in.report = take(&data, &size);
	while (size >= 2 && in.n_collateral < PIECES_MAX)
		pieces[in.n_collateral++] = (struct rd_collateral){ .name = "piece",
								    .bytes = take(&data, &size),
								    .trusted = true };
	/* What does not verify must say why; nothing made of chance passes. */
	if (!tee->verify(&in, arena, r, &err))
		rd_assert(err.code != NULL);
	else
		rd_assert(r->n_reasons > 0);
	return 0;
}
