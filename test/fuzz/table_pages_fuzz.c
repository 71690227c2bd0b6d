/* Encodings and types of one page, without a file around it. */
#include "table/recode_int.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void run(const uint8_t *head, struct rd_view page)
{
	const struct pq_leaf leaf = { .type = (enum pq_type)(head[0] % 8),
				      .type_length = head[1] % 40,
				      .logical = (enum pq_logical)(head[2] % 16),
				      .unit = (enum pq_unit)(head[3] % 4),
				      .is_utc = head[3] & 128,
				      .precision = head[4] % 39 };
	struct rd_store to = { 0 }, again = { 0 }, spare = { 0 };
	struct recoding r = { .stored = &leaf,
			      .from = page,
			      .n = (uint32_t)head[5] | (uint32_t)(head[6] & 15) << 8,
			      .to = &to,
			      .spare = &spare,
			      .result = page };
	struct pq_leaf canonical;
	enum pq_recode how = pq_leaf_recode(&leaf, &canonical);
	struct rd_err err = { 0 };
	bool ok = head[7] % 10 == PQ_PLAIN ||
		  recode_expand(&r, (enum pq_encoding)(head[7] % 10), &err);

	if (ok && how != PQ_AS_IS) {
		r.from = r.result;
		r.to = &again;
		ok = recode_type(&r, how, &err);
	}
	rd_assert(!ok || r.result.len <= RD_EXPANDED_MAX);
	rd_store_free(&to);
	rd_store_free(&again);
	rd_store_free(&spare);
}

/* The hybrid of runs and packed values, in pieces. */
static void run_hybrid(const uint8_t *head, struct rd_view page)
{
	struct hybrid h, bits;
	uint32_t values[64], set;
	uint64_t valid[3] = { 0 };

	hybrid_init(&h, page.data, page.data + page.len, head[0] % 33);
	hybrid_init(&bits, page.data, page.data + page.len, 1);
	for (int i = 0; i < 32; i++) {
		memset(valid, 0, sizeof(valid));
		if (!hybrid_read(&h, 1 + head[1] % 64, 4, values) ||
		    !hybrid_read_bits(&bits, 1 + head[2] % 64, valid, head[3] % 64, &set))
			return;
		rd_assert(h.width == 32 || values[0] >> h.width == 0);
		rd_assert(set <= 64);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy;

	if (size < 9)
		return 0;
	/* Decoders may read RD_PAD bytes past a page: they are there, as they are in a cursor. */
	copy = calloc(1, size + RD_PAD);
	if (!copy)
		return 0;
	memcpy(copy, data + 8, size - 8);
	if (data[7] % 11 == 10)
		run_hybrid(data, rd_view_of(copy, size - 8));
	else
		run(data, rd_view_of(copy, size - 8));
	free(copy);
	return 0;
}
