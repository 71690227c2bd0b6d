/* What a file has inside: sizes, pages, encodings, keys. */
#include "cursor_int.h"

static void drop_cursor(struct rd_cursor **c)
{
	rd_cursor_free(c);
}

/* Walks the pages of one chunk by their headers. */
static bool walk_pages(struct rd_cursor *c, uint32_t group, struct rd_storage *out,
		       struct rd_err *err)
{
	if (!rd_cursor_open(c, group, err))
		return false;
	while (c->rows_left) {
		if (!cursor_next_page(c, err))
			return false;
		out->n_pages++;
		if (c->page.header.encoding < 32)
			out->encodings |= 1u << c->page.header.encoding;
	}
	out->n_dictionaries += c->dict.data != NULL;
	return true;
}

static void add_chunk(const struct pq_chunk *chunk, struct rd_storage *out)
{
	out->own_key |= chunk->crypto == PQ_CRYPTO_COLUMN_KEY;
	out->footer_key |= chunk->crypto == PQ_CRYPTO_FOOTER_KEY;
	if (!chunk->has_meta) {
		out->locked = true;
		return;
	}
	out->stored_bytes += chunk->meta.stored_size;
	out->plain_bytes += chunk->meta.plain_size;
	if (chunk->meta.codec < 32)
		out->codecs |= 1u << chunk->meta.codec;
}

bool rd_table_storage(const struct rd_table *t, uint32_t column, struct rd_storage *out,
		      struct rd_err *err)
{
	struct rd_cursor *c RD_AUTO(drop_cursor) = NULL;

	*out = (struct rd_storage){ 0 };
	for (uint32_t g = 0; g < t->footer.n_groups; g++)
		add_chunk(&t->footer.group[g].chunk[column], out);
	if (out->locked || t->schema.column[column].unreadable)
		return true;
	if (!rd_cursor_new(t, column, &c, err))
		return false;
	for (uint32_t g = 0; g < t->footer.n_groups; g++)
		if (!walk_pages(c, g, out, err))
			return false;
	return true;
}

uint64_t rd_table_group_bytes(const struct rd_table *t, uint32_t group)
{
	uint64_t all = 0;

	for (uint32_t c = 0; c < t->footer.n_leaves; c++)
		if (t->footer.group[group].chunk[c].has_meta)
			all += t->footer.group[group].chunk[c].meta.stored_size;
	return all;
}

const char *rd_table_crypto_name(const struct rd_table *t)
{
	if (!t->tail.sealed && !t->footer.signature_len)
		return "";
	return t->is_ctr ? "AES_GCM_CTR_V1" : "AES_GCM_V1";
}

const char *rd_table_footer_form(const struct rd_table *t)
{
	return t->tail.sealed ? "encrypted" : t->footer.signature_len ? "signed" : "plain";
}

const char *rd_encoding_name(uint32_t encoding)
{
	static const char *const names[] = {
		[PQ_PLAIN] = "PLAIN",
		[PQ_PLAIN_DICTIONARY] = "PLAIN_DICTIONARY",
		[PQ_RLE] = "RLE",
		[PQ_BIT_PACKED] = "BIT_PACKED",
		[PQ_DELTA_BINARY_PACKED] = "DELTA_BINARY_PACKED",
		[PQ_DELTA_LENGTH_BYTE_ARRAY] = "DELTA_LENGTH_BYTE_ARRAY",
		[PQ_DELTA_BYTE_ARRAY] = "DELTA_BYTE_ARRAY",
		[PQ_RLE_DICTIONARY] = "RLE_DICTIONARY",
		[PQ_BYTE_STREAM_SPLIT] = "BYTE_STREAM_SPLIT",
	};

	return encoding < sizeof(names) / sizeof(names[0]) && names[encoding] ? names[encoding]
									      : "?";
}

struct rd_view rd_table_created_by(const struct rd_table *t)
{
	return t->footer.created_by;
}
