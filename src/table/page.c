/* Pages: fetched, opened, unpacked, and taken apart into levels and values. */
#include "cursor_int.h"

#include <redoubt/os.h>

#include <zstd.h>

#define HEADER_AHEAD 256u            /* a header, and most likely not much more */
#define HEADER_MAX ((size_t)1 << 20) /* statistics may make headers of others long */
#define WHOLE_VALUES_MAX (8u << 20)  /* of a page that is decoded as a whole */
#define DICTIONARY_MAX (16u << 20)

bool cursor_bad_page(const struct rd_cursor *c, const char *what, struct rd_err *err)
{
	return rd_fail(err, RD_FAULT_MALFORMED, "table.page.form",
		       "column %.*s, row group %u, page %u: %s", RD_FMT(c->leaf->name), c->group,
		       c->n_pages ? c->n_pages - 1 : 0, what);
}

bool cursor_large_page(const struct rd_cursor *c, const char *what, struct rd_err *err)
{
	return rd_fail(err, RD_FAULT_REFUSED, "table.page.size",
		       "column %.*s, row group %u, page %u: %s", RD_FMT(c->leaf->name), c->group,
		       c->n_pages ? c->n_pages - 1 : 0, what);
}

/* Makes `len` bytes from file offset `at` stand at the front of `raw`; what was read ahead is used.
 */
static bool fetch(struct rd_cursor *c, uint64_t at, size_t len, struct rd_err *err)
{
	size_t have = 0;
	struct rd_span rest;

	if (c->raw_len && at >= c->raw_at && at - c->raw_at <= c->raw_len) {
		have = c->raw_len - (size_t)(at - c->raw_at);
		memmove(c->raw.data, c->raw.data + (at - c->raw_at), have);
	}
	c->raw_at = at;
	c->raw_len = have;
	if (have >= len)
		return true;
	if (!rd_store_grow(&c->raw, len, have, err))
		return false;
	rest = (struct rd_span){ .data = c->raw.data, .cap = len, .used = have };
	if (!c->table->blob.read(c->table->blob.ctx, at + have, &rest, err))
		return false;
	c->cost.bytes += len - have;
	c->raw_len = len;
	return true;
}

/* A page under AES_GCM_CTR_V1: length, nonce, bytes without a tag. */
static bool open_ctr(const struct rd_cursor *c, struct rd_view sealed, struct rd_span *out,
		     struct rd_err *err)
{
	const struct rd_secret *key = c->chunk->crypto == PQ_CRYPTO_FOOTER_KEY
					      ? c->table->footer_key
					      : c->table->column[c->column].key;
	size_t head = 4 + RD_AEAD_NONCE_LEN;

	if (sealed.len < head || rd_load_le32(sealed.data) != sealed.len - 4)
		return cursor_bad_page(c, "its sealed bytes have another length than they state",
				       err);
	return c->table->edge->ctr(key, sealed.data + 4,
				   rd_view_of(sealed.data + head, sealed.len - head), out, err);
}

static bool open_timed(struct rd_cursor *c, const struct module *module, struct rd_view sealed,
		       struct rd_span *out, struct rd_err *err)
{
	bool ctr = c->table->is_ctr &&
		   (module->kind == MODULE_DATA_PAGE || module->kind == MODULE_DICTIONARY_PAGE);
	int64_t start = rd_os_now_ns(RD_CLOCK_THREAD);
	bool ok = ctr ? open_ctr(c, sealed, out, err)
		      : module_open(c->aead, module, sealed, out, err);

	c->cost.decrypt_ns += (uint64_t)(rd_os_now_ns(RD_CLOCK_THREAD) - start);
	return ok || rd_wrap(err, "column %.*s", RD_FMT(c->leaf->name));
}

static struct module module_of(const struct rd_cursor *c, enum module_kind kind)
{
	return (struct module){ .aad_base = c->table->aad_base,
				.kind = kind,
				.group = c->table->footer.group[c->group].ordinal,
				.column = (uint16_t)c->column,
				.page = (uint16_t)c->n_pages };
}

/* ---- headers
 * --------------------------------------------------------------------------------------- */

/* A plain header has no length of its own: more is read until it parses. */
static bool plain_header(struct rd_cursor *c, size_t *len, struct rd_err *err)
{
	size_t ahead = HEADER_AHEAD;

	for (;;) {
		struct rd_err why = { 0 };

		if (ahead > c->end - c->at)
			ahead = (size_t)(c->end - c->at);
		if (!fetch(c, c->at, ahead, err))
			return false;
		if (pq_page_header_read(rd_view_of(c->raw.data, ahead), &c->page.header, len, &why))
			return true;
		if (ahead == c->end - c->at || ahead >= HEADER_MAX) {
			*err = why;
			return false;
		}
		ahead *= 4;
	}
}

static bool sealed_header(struct rd_cursor *c, bool dictionary, size_t *len, struct rd_err *err)
{
	const struct module module =
		module_of(c, dictionary ? MODULE_DICTIONARY_HEADER : MODULE_DATA_HEADER);
	size_t ahead = HEADER_AHEAD, used = 0;
	struct rd_span plain;

	if (ahead > c->end - c->at)
		ahead = (size_t)(c->end - c->at);
	if (!fetch(c, c->at, ahead, err) ||
	    !module_len(&module, rd_view_of(c->raw.data, ahead), HEADER_MAX, len, err))
		return rd_wrap(err, "column %.*s", RD_FMT(c->leaf->name));
	if (*len > c->end - c->at)
		return cursor_bad_page(c, "its header is longer than the column", err);
	if ((*len > ahead && !fetch(c, c->at, *len, err)) ||
	    !rd_store_grow(&c->plain, *len, 0, err))
		return false;
	plain = (struct rd_span){ .data = c->plain.data, .cap = *len };
	if (!open_timed(c, &module, rd_view_of(c->raw.data, *len), &plain, err) ||
	    !pq_page_header_read(rd_view_of(plain.data, plain.used), &c->page.header, &used, err))
		return false;
	return table_padding_fits(c->table, plain.used - used, err);
}

/* DuckDB's own files do not always count what sealing adds to a page: the module itself does. */
static bool duckdb_body_len(struct rd_cursor *c, struct rd_err *err)
{
	struct page *p = &c->page;

	if (c->end - p->body_at < 4 || !fetch(c, p->body_at, 4, err))
		return cursor_bad_page(c, "it is longer than the column", err);
	if (rd_load_le32(c->raw.data) == (uint64_t)p->header.stored_size + MODULE_OVERHEAD - 4)
		p->body_len += MODULE_OVERHEAD;
	return true;
}

static bool read_header(struct rd_cursor *c, bool dictionary, struct rd_err *err)
{
	struct page *p = &c->page;
	size_t len = 0;

	if (c->at >= c->end)
		return cursor_bad_page(c, "the column ends before its rows do", err);
	*p = (struct page){ 0 };
	if (!(c->aead ? sealed_header(c, dictionary, &len, err) : plain_header(c, &len, err)))
		return false;
	p->body_at = c->at + len;
	p->body_len = p->header.stored_size;
	if (c->aead && c->table->aad_base.len == 0 && !duckdb_body_len(c, err))
		return false;
	if (p->body_len > c->end - p->body_at)
		return cursor_bad_page(c, "it is longer than the column", err);
	if (!c->table->edge &&
	    (p->header.plain_size > RD_PAGE_BYTES_MAX || p->header.stored_size > RD_PAGE_BYTES_MAX))
		return cursor_large_page(c, "it has more than 64 MiB", err);
	c->at = p->body_at + p->body_len;
	return true;
}

/* ---- bodies
 * ---------------------------------------------------------------------------------------- */

/* More than `len` packed bytes can ever stand for: a header that promises more gets no memory. */
static uint64_t most_unpacked(uint32_t codec, size_t len)
{
	switch (codec) {
	case RD_CODEC_SNAPPY: /* a copy of 64 bytes takes three */
		return (uint64_t)len * 22;
	case RD_CODEC_LZ4_RAW: /* a byte lengthens a match by 255 at most, beside a few to begin */
		return (uint64_t)len * 255 + 64;
	case RD_CODEC_GZIP: /* 258 bytes for two bits */
		return (uint64_t)len * 1032;
	default: /* a block of zstd: 128 KiB for four bytes */
		return (uint64_t)len << 15;
	}
}

/* The first `keep` bytes are not packed (levels of v2). */
static bool unpack_body(struct rd_cursor *c, struct rd_view in, size_t keep, struct rd_store *store,
			struct rd_err *err)
{
	size_t size = c->page.header.plain_size, got;
	uint32_t codec = c->chunk->meta.codec;

	if (keep > size || keep > in.len)
		return cursor_bad_page(c, "its levels are longer than it is", err);
	if (size - keep > most_unpacked(codec, in.len - keep))
		return cursor_bad_page(c, "it cannot unpack to the size that it states", err);
	if (!rd_store_grow(store, size, 0, err))
		return rd_wrap(err, "column %.*s", RD_FMT(c->leaf->name));
	if (keep)
		memcpy(store->data, in.data, keep);
	/* Nothing packed may be no bytes, or what the codec makes of none. */
	if (in.len == keep || size == keep)
		return size == keep || cursor_bad_page(c, "it is empty", err);
	if (codec != RD_CODEC_ZSTD)
		return c->table->edge->unpack(codec, rd_view_of(in.data + keep, in.len - keep),
					      store->data + keep, size - keep) ||
		       cursor_bad_page(c, "it does not unpack to the size that it states", err);
	got = ZSTD_decompress(store->data + keep, size - keep, in.data + keep, in.len - keep);
	if (ZSTD_isError(got) || got != size - keep)
		return cursor_bad_page(c, "it does not unpack to the size that it states", err);
	return true;
}

/* The opened, unpacked body; it lies in `raw`, `plain` or `store`. */
static bool read_body(struct rd_cursor *c, enum module_kind kind, struct rd_store *store,
		      struct rd_view *out, struct rd_err *err)
{
	struct page *p = &c->page;
	size_t keep = p->header.kind == PQ_DATA_PAGE_V2
			      ? (size_t)p->header.def_bytes + p->header.rep_bytes
			      : 0;
	const struct module module = module_of(c, kind);
	bool packed = c->chunk->meta.codec != RD_CODEC_NONE && p->header.is_compressed;
	struct rd_span span;

	if (!fetch(c, p->body_at, p->body_len, err))
		return false;
	*out = rd_view_of(c->raw.data, p->body_len);
	if (!c->aead && p->header.has_crc && c->table->edge &&
	    c->table->edge->crc32(*out) != p->header.crc)
		return rd_fail(err, RD_FAULT_MALFORMED, "table.page.crc",
			       "column %.*s, row group %u, page %u: its bytes do not have the CRC "
			       "that its header states",
			       RD_FMT(c->leaf->name), c->group, c->n_pages);
	if (c->aead) {
		struct rd_store *to = packed ? &c->plain : store;

		if (!rd_store_grow(to, p->body_len, 0, err))
			return false;
		span = (struct rd_span){ .data = to->data, .cap = p->body_len };
		if (!open_timed(c, &module, *out, &span, err))
			return false;
		*out = rd_view_of(span.data, span.used);
	}
	if (packed) {
		if (!unpack_body(c, *out, keep, store, err))
			return false;
		*out = rd_view_of(store->data, p->header.plain_size);
	} else if (!c->aead) {
		/* `raw` is overwritten by the next fetch; values must stay. */
		if (!rd_store_grow(store, out->len, 0, err))
			return false;
		memcpy(store->data, out->data, out->len);
		*out = rd_view_of(store->data, out->len);
	}
	/* Decoders look past the end: at zeros, not at what lay there before. */
	memset(store->data + out->len, 0, RD_PAD);
	return out->len == p->header.plain_size ||
	       cursor_bad_page(c, "it has another size than its header states", err);
}

/* ---- the dictionary
 * -------------------------------------------------------------------------------- */

static bool recode_failed(const struct rd_cursor *c, const struct recoding *r, struct rd_err *err)
{
	if (!r->why)
		return rd_wrap(err, "column %.*s", RD_FMT(c->leaf->name));
	return r->is_large ? cursor_large_page(c, r->why, err) : cursor_bad_page(c, r->why, err);
}

static bool recode_dictionary(struct rd_cursor *c, struct rd_view *body, struct rd_err *err)
{
	enum pq_recode how = c->table->column[c->column].recode;
	struct recoding r = { .stored = c->stored,
			      .from = *body,
			      .n = c->page.header.n_values,
			      .to = &c->dict_recoded };

	if (how == PQ_AS_IS)
		return true;
	if (!recode_type(&r, how, err))
		return recode_failed(c, &r, err);
	*body = r.result;
	return true;
}

static bool read_dictionary(struct rd_cursor *c, struct rd_err *err)
{
	const struct pq_page_header *h = &c->page.header;
	struct rd_view body;
	const uint8_t *p;

	if (h->n_values > DICTIONARY_MAX ||
	    (h->encoding != PQ_PLAIN && h->encoding != PQ_PLAIN_DICTIONARY))
		return cursor_bad_page(c, "its dictionary is too large or of an unknown encoding",
				       err);
	if (!read_body(c, MODULE_DICTIONARY_PAGE, &c->dict_page, &body, err))
		return false;
	if (c->leaf->type == PQ_BOOLEAN)
		return cursor_bad_page(c, "booleans cannot have a dictionary", err);
	/* A value takes a byte at least: so a small page cannot ask for much memory. */
	if (h->n_values > body.len)
		return cursor_bad_page(c, "its dictionary is shorter than it states", err);
	if (!recode_dictionary(c, &body, err))
		return false;
	p = body.data;
	if (!rd_store_grow(&c->dict_value, (size_t)h->n_values * c->width, 0, err) ||
	    !values_plain(c, &p, body.data + body.len, h->n_values, c->dict_value.data, err))
		return false;
	if (p != body.data + body.len)
		return cursor_bad_page(c, "its dictionary has bytes left over", err);
	c->dict = (struct rd_dict){ .n = h->n_values, .type = c->type, .data = c->dict_value.data };
	c->code_width = h->n_values <= 1u << 8 ? 1 : h->n_values <= 1u << 16 ? 2 : 4;
	return values_in_range(c, c->dict.data, c->dict.n, err);
}

/* ---- data pages
 * ------------------------------------------------------------------------------------ */

/* The dictionary, whose header was read; the pages of data may begin further on. */
static bool keep_dictionary(struct rd_cursor *c, struct rd_err *err)
{
	uint64_t data = c->chunk->meta.data_offset;

	if (!read_dictionary(c, err))
		return false;
	if (c->table->mode == RD_TABLE_ROOM && c->at != data)
		return cursor_bad_page(c, "there are bytes behind the dictionary", err);
	if (data > c->at && data < c->end)
		c->at = data;
	return true;
}

/* Passes over what comes before the next page of data.  The header of a sealed dictionary opens as
 * nothing else; in a plain file any first page may be one, whatever its metadata say. */
static bool find_data_page(struct rd_cursor *c, struct rd_err *err)
{
	const struct pq_meta *meta = &c->chunk->meta;
	const struct pq_page_header *h = &c->page.header;
	bool sealed_dictionary = c->aead && c->n_pages == 0 && meta->dictionary_offset &&
				 c->at == meta->dictionary_offset;

	for (;; sealed_dictionary = false) {
		if (!read_header(c, sealed_dictionary, err))
			return false;
		if (sealed_dictionary && h->kind != PQ_DICTIONARY_PAGE)
			return cursor_bad_page(c, "a dictionary was expected", err);
		if (h->kind == PQ_DICTIONARY_PAGE && c->n_pages == 0 && !c->dict.data &&
		    (sealed_dictionary || !c->aead)) {
			if (!keep_dictionary(c, err))
				return false;
		} else if (h->kind != PQ_INDEX_PAGE || c->aead) {
			return true;
		}
	}
}

bool cursor_next_page(struct rd_cursor *c, struct rd_err *err)
{
	if (c->aead && c->n_pages >= RD_PAGES_MAX)
		return cursor_bad_page(c, "the column has more than 32,768 sealed pages", err);
	if (!find_data_page(c, err))
		return false;
	c->n_pages++;
	if (c->page.header.kind != PQ_DATA_PAGE && c->page.header.kind != PQ_DATA_PAGE_V2)
		return cursor_bad_page(c, "a page of data was expected", err);
	if (c->page.header.n_values > c->rows_left)
		return cursor_bad_page(c, "it has more values than the row group has left", err);
	c->rows_left -= c->page.header.n_values;
	if (c->table->mode == RD_TABLE_ROOM && c->rows_left == 0 && c->at != c->end)
		return cursor_bad_page(c, "there are bytes behind the last page", err);
	c->page.left = c->page.header.n_values;
	return true;
}

/* Levels of the deprecated encoding BIT_PACKED: no length, and the first value is the highest bit.
 * *len: bytes that they take. */
static bool start_packed_levels(struct rd_cursor *c, struct rd_view body, size_t *len,
				struct rd_err *err)
{
	uint32_t n = c->page.header.n_values;

	*len = ((size_t)n + 7) / 8;
	if (*len > body.len)
		return cursor_bad_page(c, "its levels are longer than it is", err);
	if (!rd_store_grow(&c->levels, *len, 0, err))
		return false;
	for (size_t i = 0; i < *len; i++) {
		uint8_t turned = 0;

		for (unsigned bit = 0; bit < 8; bit++)
			turned |= (uint8_t)((body.data[i] >> bit & 1) << (7 - bit));
		c->levels.data[i] = turned;
	}
	c->page.has_levels = true;
	hybrid_init_packed(&c->page.levels, c->levels.data, c->levels.data + *len, n);
	return true;
}

/* Cuts the definition levels off the front of *body. */
static bool split_levels(struct rd_cursor *c, struct rd_view *body, struct rd_err *err)
{
	const struct pq_page_header *h = &c->page.header;
	size_t len, head = 0;

	if (h->kind == PQ_DATA_PAGE_V2) {
		/* A flat column has no repetition levels; some writers state them all the same. */
		if (h->rep_bytes > body->len || h->def_bytes > body->len - h->rep_bytes)
			return cursor_bad_page(c, "its levels do not fit", err);
		*body = rd_view_of(body->data + h->rep_bytes, body->len - h->rep_bytes);
		if (c->leaf->repetition != PQ_OPTIONAL && (h->def_bytes || h->n_nulls))
			return cursor_bad_page(c, "NULLs in a column that has none", err);
		len = h->def_bytes;
	} else {
		if (c->leaf->repetition != PQ_OPTIONAL)
			return true;
		if (h->level_encoding == PQ_BIT_PACKED) {
			if (!start_packed_levels(c, *body, &len, err))
				return false;
			*body = rd_view_of(body->data + len, body->len - len);
			return true;
		}
		if (body->len < 4 || h->level_encoding != PQ_RLE)
			return cursor_bad_page(c, "its levels are missing or not RLE", err);
		len = rd_load_le32(body->data);
		head = 4;
		if (len > body->len - 4)
			return cursor_bad_page(c, "its levels are longer than it is", err);
	}
	if (c->leaf->repetition == PQ_OPTIONAL) {
		c->page.has_levels = true;
		hybrid_init(&c->page.levels, body->data + head, body->data + head + len, 1);
	}
	*body = rd_view_of(body->data + head + len, body->len - head - len);
	return true;
}

/* How many of the page's values are not NULL: needed where a page is decoded as a whole. */
static bool count_valid(const struct rd_cursor *c, uint32_t *out, struct rd_err *err)
{
	struct hybrid levels = c->page.levels;
	uint64_t bits[RD_BATCH_ROWS / 64 + 1];
	uint32_t left = c->page.header.n_values, set = 0;

	*out = left;
	if (left > WHOLE_VALUES_MAX)
		return cursor_large_page(c, "it has more values than are decoded at once", err);
	if (!c->page.has_levels)
		return true;
	for (*out = 0; left;) {
		uint32_t take = left < RD_BATCH_ROWS ? left : RD_BATCH_ROWS;

		memset(bits, 0, sizeof(bits));
		if (!hybrid_read_bits(&levels, take, bits, 0, &set))
			return cursor_bad_page(c, "its levels end too early", err);
		*out += set;
		left -= take;
	}
	return true;
}

static bool start_lengths(struct rd_cursor *c, struct rd_view body, struct rd_err *err)
{
	struct page *p = &c->page;
	uint32_t n = 0;
	size_t used = 0;

	if (!count_valid(c, &n, err) || !rd_store_grow(&c->lengths, (size_t)n * 4, 0, err))
		return false;
	if (!delta_lengths(body, n, (uint32_t *)(void *)c->lengths.data, &used))
		return cursor_bad_page(c, "its lengths do not decode", err);
	p->length = (const uint32_t *)(const void *)c->lengths.data;
	p->left_valid = n;
	p->p = body.data + used;
	return true;
}

/* Turns the page into a PLAIN one of the type that is read. */
static bool recode_page(struct rd_cursor *c, struct rd_view body, struct rd_err *err)
{
	enum pq_recode how = c->table->column[c->column].recode;
	struct recoding r = { .stored = c->stored,
			      .from = body,
			      .to = &c->expanded,
			      .spare = &c->lengths,
			      .result = body };
	struct page *p = &c->page;

	if (!count_valid(c, &r.n, err))
		return false;
	if (p->header.encoding != PQ_PLAIN && !recode_expand(&r, p->header.encoding, err))
		return recode_failed(c, &r, err);
	if (how != PQ_AS_IS) {
		r.from = r.result;
		r.to = &c->recoded;
		if (!recode_type(&r, how, err))
			return recode_failed(c, &r, err);
	}
	p->header.encoding = PQ_PLAIN;
	p->p = r.result.data;
	p->end = r.result.data + r.result.len;
	return true;
}

static bool start_values(struct rd_cursor *c, struct rd_view body, struct rd_err *err)
{
	bool as_is = c->table->column[c->column].recode == PQ_AS_IS;
	struct page *p = &c->page;

	p->p = body.data;
	p->end = body.data + body.len;
	switch (p->header.encoding) {
	case PQ_PLAIN_DICTIONARY:
	case PQ_RLE_DICTIONARY:
		/* A page of NULLs alone may have no values at all. */
		if (!c->dict.data || (body.len && body.data[0] > 32))
			return cursor_bad_page(c, "codes without a dictionary, or too wide", err);
		p->is_codes = true;
		hybrid_init(&p->codes, body.data + (body.len ? 1 : 0), p->end,
			    body.len ? body.data[0] : 0);
		return true;
	case PQ_RLE:
		if (c->leaf->type != PQ_BOOLEAN)
			return cursor_bad_page(c, "RLE values that are not booleans", err);
		/* The same: no values, not even their length. */
		if (body.len && (body.len < 4 || rd_load_le32(body.data) > body.len - 4))
			return cursor_bad_page(c, "its values are longer than it is", err);
		hybrid_init(&p->codes, body.data + (body.len ? 4 : 0), p->end, 1);
		return true;
	case PQ_PLAIN:
		return as_is || recode_page(c, body, err);
	case PQ_DELTA_LENGTH_BYTE_ARRAY:
		return as_is && c->leaf->type == PQ_BYTE_ARRAY ? start_lengths(c, body, err)
							       : recode_page(c, body, err);
	default:
		return recode_page(c, body, err);
	}
}

bool cursor_load_page(struct rd_cursor *c, struct rd_err *err)
{
	struct rd_view body;

	/* The ordinal in the AAD is that of this page, which was counted already. */
	c->n_pages--;
	if (!read_body(c, MODULE_DATA_PAGE, &c->unpacked, &body, err)) {
		c->n_pages++;
		return false;
	}
	c->n_pages++;
	if (!split_levels(c, &body, err) || !start_values(c, body, err))
		return false;
	c->page.has_body = true;
	return true;
}
