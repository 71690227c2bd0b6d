/* Footers, column metadata and page headers: parquet.thrift. */
#include "parquet_int.h"

#define ENTRIES_MAX 65536u

bool pq_malformed(const struct thrift *t, const char *what, struct rd_err *err)
{
	return rd_fail(err, RD_FAULT_MALFORMED, "table.footer.form", "%s: %s at byte %zu of %zu",
		       what, t->why ? t->why : "it is not complete", t->pos, t->in.len);
}

/* ---- columns and groups
 * -------------------------------------------------------------------------- */

/* A count that is below zero, as some write it, is none. */
static bool read_count(struct thrift *t, const struct thrift_field *f, uint64_t *out)
{
	int64_t n = thrift_int(t, f);

	*out = n < 0 ? 0 : (uint64_t)n;
	return n >= 0;
}

static void read_stats(struct thrift *t, struct pq_stats *s)
{
	struct thrift_field f = { 0 };
	bool has_min = false, has_max = false;

	while (thrift_next(t, &f)) {
		if (f.id == 3) {
			s->has_null_count = read_count(t, &f, &s->null_count);
		} else if (f.id == 4) {
			s->has_distinct = read_count(t, &f, &s->distinct);
		} else if (f.id == 5) {
			s->max = thrift_binary(t, &f);
			has_max = true;
		} else if (f.id == 6) {
			s->min = thrift_binary(t, &f);
			has_min = true;
		} else {
			thrift_skip(t, f.type);
		}
	}
	s->has_min_max = has_min && has_max;
}

static struct rd_view read_path(struct thrift *t, const struct thrift_field *f)
{
	uint32_t n = thrift_list(t, f, THRIFT_BINARY, 64);
	struct rd_view first = { 0 };

	for (uint32_t i = 0; i < n && !t->failed; i++) {
		struct rd_view part = thrift_element_binary(t);

		if (i == 0)
			first = part;
	}
	return first;
}

static void read_meta(struct thrift *t, struct pq_meta *m)
{
	struct thrift_field f = { 0 };
	uint32_t seen = 0;

	while (thrift_next(t, &f)) {
		if (f.id > 0 && f.id < 32)
			seen |= 1u << f.id;
		switch (f.id) {
		case 1:
			m->type = (enum pq_type)thrift_uint(t, &f, PQ_FIXED);
			break;
		case 3:
			m->path = read_path(t, &f);
			break;
		case 4:
			m->codec = (uint32_t)thrift_uint(t, &f, 255);
			break;
		case 5:
			m->n_values = thrift_uint(t, &f, INT64_MAX);
			break;
		case 6:
			m->plain_size = thrift_uint(t, &f, INT64_MAX);
			break;
		case 7:
			m->stored_size = thrift_uint(t, &f, INT64_MAX);
			break;
		case 9:
			m->data_offset = thrift_uint(t, &f, INT64_MAX);
			break;
		case 11:
			(void)read_count(t, &f, &m->dictionary_offset);
			break;
		case 12:
			if (thrift_enter(t, &f))
				read_stats(t, &m->stats);
			break;
		case 14:
			m->has_bloom = true;
			thrift_skip(t, f.type);
			break;
		default:
			thrift_skip(t, f.type);
		}
	}
	/* type, path, codec, number of values, both sizes, where its pages begin */
	if ((seen & 0x2fa) != 0x2fa)
		thrift_fail(t, "a column's metadata lacks a field");
}

bool pq_meta_read(struct rd_view bytes, struct pq_meta *out, size_t *used, struct rd_err *err)
{
	struct thrift t;

	*out = (struct pq_meta){ 0 };
	thrift_init(&t, bytes);
	t.depth = 1;
	read_meta(&t, out);
	*used = t.pos;
	return !t.failed || pq_malformed(&t, "a column's metadata", err);
}

static void read_crypto(struct thrift *t, struct pq_chunk *c)
{
	struct thrift_field f = { 0 };

	while (thrift_next(t, &f)) {
		if (c->crypto != PQ_CRYPTO_NONE || (f.id != 1 && f.id != 2))
			thrift_fail(t, "a column is encrypted in an unknown way");
		c->crypto = (enum pq_crypto)f.id;
		thrift_skip(t, f.type);
	}
	if (c->crypto == PQ_CRYPTO_NONE)
		thrift_fail(t, "a column is encrypted in no way");
}

static void read_chunk(struct thrift *t, struct pq_chunk *c)
{
	struct thrift_field f = { 0 };

	t->depth++;
	while (thrift_next(t, &f)) {
		switch (f.id) {
		case 1:
			c->has_file_path = thrift_binary(t, &f).len > 0;
			break;
		case 3:
			if (thrift_enter(t, &f))
				read_meta(t, &c->meta);
			c->has_meta = true;
			break;
		case 8:
			if (thrift_enter(t, &f))
				read_crypto(t, c);
			break;
		case 9:
			c->sealed_meta = thrift_binary(t, &f);
			break;
		default:
			thrift_skip(t, f.type);
		}
	}
}

/* The ordinals of others may be missing, or anything in a file that needs none. */
static void read_ordinal(struct thrift *t, const struct thrift_field *f, struct pq_group *g)
{
	int64_t stated = thrift_int(t, f);

	g->misplaced = stated != g->ordinal;
	if (stated >= 0 && stated < RD_GROUPS_MAX)
		g->ordinal = (uint16_t)stated;
}

static bool read_group(struct thrift *t, struct rd_arena *arena, const struct pq_footer *footer,
		       struct pq_group *g, struct rd_err *err)
{
	struct thrift_field f = { 0 };
	uint32_t n = 0;

	t->depth++;
	while (thrift_next(t, &f)) {
		if (f.id == 1 && !g->chunk) {
			n = thrift_list(t, &f, THRIFT_STRUCT, RD_COLUMNS_MAX);
			if (t->failed || n != footer->n_leaves)
				return rd_fail(err, RD_FAULT_MALFORMED, "table.footer.form",
					       "a row group has %u columns, the schema %u", n,
					       footer->n_leaves);
			g->chunk = RD_NEW_ARRAY(arena, struct pq_chunk, n, err);
			if (!g->chunk)
				return false;
			for (uint32_t i = 0; i < n && !t->failed; i++)
				read_chunk(t, &g->chunk[i]);
		} else if (f.id == 3) {
			g->n_rows = thrift_uint(t, &f, INT64_MAX);
		} else if (f.id == 7) {
			read_ordinal(t, &f, g);
		} else {
			thrift_skip(t, f.type);
		}
	}
	if (!t->failed && !g->chunk)
		thrift_fail(t, "a row group has no columns");
	return true;
}

static bool read_groups(struct thrift *t, const struct thrift_field *f, struct rd_arena *arena,
			struct pq_footer *out, struct rd_err *err)
{
	out->n_groups = thrift_list(t, f, THRIFT_STRUCT, RD_GROUPS_MAX);
	if (!out->n_leaves)
		thrift_fail(t, "row groups come before the schema");
	if (t->failed)
		return true;
	out->group = RD_NEW_ARRAY(arena, struct pq_group, out->n_groups, err);
	if (!out->group)
		return false;
	for (uint32_t i = 0; i < out->n_groups && !t->failed; i++) {
		out->group[i].ordinal = (uint16_t)i;
		if (!read_group(t, arena, out, &out->group[i], err))
			return false;
	}
	return true;
}

/* ---- encryption
 * ------------------------------------------------------------------------------------ */

static void read_algorithm(struct thrift *t, struct pq_file_crypto *c)
{
	struct thrift_field f = { 0 };

	while (thrift_next(t, &f)) {
		if (f.id == 1) {
			c->aad_prefix = thrift_binary(t, &f);
			c->has_aad_prefix = true;
		} else if (f.id == 2) {
			c->file_unique = thrift_binary(t, &f);
		} else if (f.id == 3) {
			c->supply_aad_prefix = thrift_bool(t, &f);
		} else {
			thrift_skip(t, f.type);
		}
	}
}

/* The union EncryptionAlgorithm. */
static void read_algorithms(struct thrift *t, struct pq_file_crypto *c)
{
	struct thrift_field f = { 0 };

	while (thrift_next(t, &f)) {
		if (c->algorithm)
			thrift_fail(t, "two algorithms");
		c->algorithm = (uint32_t)f.id;
		if (thrift_enter(t, &f))
			read_algorithm(t, c);
	}
	if (c->algorithm < 1 || c->algorithm > 2 || c->file_unique.len > 64 ||
	    c->aad_prefix.len > RD_AAD_MAX - 64)
		thrift_fail(t, "an unknown algorithm, or an AAD that is too long");
}

bool pq_file_crypto_read(struct rd_view bytes, struct pq_file_crypto *out, size_t *used,
			 struct rd_err *err)
{
	struct thrift_field f = { 0 };
	struct thrift t;

	*out = (struct pq_file_crypto){ 0 };
	thrift_init(&t, bytes);
	t.depth = 1;
	while (thrift_next(&t, &f)) {
		if (f.id == 1 && thrift_enter(&t, &f))
			read_algorithms(&t, out);
		else if (f.id == 2)
			out->key_metadata = thrift_binary(&t, &f);
		else
			thrift_skip(&t, f.type);
	}
	if (t.failed || !out->algorithm)
		return pq_malformed(&t, "the file's encryption", err);
	*used = t.pos;
	return true;
}

/* Key-value metadata: only the entry that is ours. */
static void read_entries(struct thrift *t, const struct thrift_field *f, struct pq_footer *out)
{
	uint32_t n = thrift_list(t, f, THRIFT_STRUCT, ENTRIES_MAX);

	for (uint32_t i = 0; i < n && !t->failed; i++) {
		struct thrift_field g = { 0 };
		struct rd_view key = { 0 }, value = { 0 };

		t->depth++;
		while (thrift_next(t, &g)) {
			if (g.id == 1)
				key = thrift_binary(t, &g);
			else if (g.id == 2)
				value = thrift_binary(t, &g);
			else
				thrift_skip(t, g.type);
		}
		if (rd_view_eq(key, rd_view_str(PQ_COLUMNS_ENTRY)))
			out->columns = value;
	}
}

bool pq_footer_read(struct rd_view bytes, struct rd_arena *arena, struct pq_footer *out,
		    struct rd_err *err)
{
	struct thrift_field f = { 0 };
	struct thrift t;

	*out = (struct pq_footer){ 0 };
	thrift_init(&t, bytes);
	t.depth = 1;
	while (thrift_next(&t, &f)) {
		if (f.id == 2 && !out->leaf) {
			if (!pq_schema_read(&t, &f, arena, out, err))
				return false;
		} else if (f.id == 3) {
			out->n_rows = thrift_uint(&t, &f, INT64_MAX);
		} else if (f.id == 4 && !out->group) {
			if (!read_groups(&t, &f, arena, out, err))
				return false;
		} else if (f.id == 5) {
			read_entries(&t, &f, out);
		} else if (f.id == 6) {
			out->created_by = thrift_binary(&t, &f);
		} else if (f.id == 8 && thrift_enter(&t, &f)) {
			read_algorithms(&t, &out->crypto);
			out->signature_len = PQ_SIGNATURE_LEN;
		} else {
			out->has_column_orders |= f.id == 7;
			thrift_skip(&t, f.type);
		}
	}
	if (t.failed || bytes.len - t.pos < out->signature_len || !out->leaf)
		return pq_malformed(&t, "the footer", err);
	out->left_over = bytes.len - t.pos - out->signature_len;
	return true;
}

/* ---- page headers
 * -------------------------------------------------------------------------------- */

/* Of a data page, or of a dictionary, whose third field says whether it is sorted. */
static void read_data_header(struct thrift *t, struct pq_page_header *h)
{
	struct thrift_field f = { 0 };

	while (thrift_next(t, &f)) {
		if (f.id == 1)
			h->n_values = (uint32_t)thrift_uint(t, &f, INT32_MAX);
		else if (f.id == 2)
			h->encoding = (enum pq_encoding)thrift_uint(t, &f, 255);
		else if (f.id == 3 && f.type != THRIFT_TRUE && f.type != THRIFT_FALSE)
			h->level_encoding = (enum pq_encoding)thrift_uint(t, &f, 255);
		else
			thrift_skip(t, f.type);
	}
}

static void read_data_header_v2(struct thrift *t, struct pq_page_header *h)
{
	struct thrift_field f = { 0 };

	while (thrift_next(t, &f)) {
		if (f.id == 1)
			h->n_values = (uint32_t)thrift_uint(t, &f, INT32_MAX);
		else if (f.id == 2)
			h->n_nulls = (uint32_t)thrift_uint(t, &f, INT32_MAX);
		else if (f.id == 3)
			h->n_rows = (uint32_t)thrift_uint(t, &f, INT32_MAX);
		else if (f.id == 4)
			h->encoding = (enum pq_encoding)thrift_uint(t, &f, 255);
		else if (f.id == 5)
			h->def_bytes = (uint32_t)thrift_uint(t, &f, INT32_MAX);
		else if (f.id == 6)
			h->rep_bytes = (uint32_t)thrift_uint(t, &f, INT32_MAX);
		else if (f.id == 7)
			h->is_compressed = thrift_bool(t, &f);
		else
			thrift_skip(t, f.type);
	}
}

bool pq_page_header_read(struct rd_view bytes, struct pq_page_header *out, size_t *used,
			 struct rd_err *err)
{
	struct thrift_field f = { 0 };
	struct thrift t;

	*out = (struct pq_page_header){ .is_compressed = true, .level_encoding = PQ_RLE };
	thrift_init(&t, bytes);
	t.depth = 1;
	while (thrift_next(&t, &f)) {
		if (f.id == 1)
			out->kind = (enum pq_page_kind)thrift_uint(&t, &f, 255);
		else if (f.id == 2)
			out->plain_size = (uint32_t)thrift_uint(&t, &f, INT32_MAX);
		else if (f.id == 3)
			out->stored_size = (uint32_t)thrift_uint(&t, &f, INT32_MAX);
		else if (f.id == 4) {
			out->crc = (uint32_t)thrift_int(&t, &f);
			out->has_crc = true;
		} else if ((f.id == 5 || f.id == 7) && thrift_enter(&t, &f))
			read_data_header(&t, out);
		else if (f.id == 8 && thrift_enter(&t, &f))
			read_data_header_v2(&t, out);
		else
			thrift_skip(&t, f.type);
	}
	if (t.failed)
		return rd_fail(err, RD_FAULT_MALFORMED, "table.page.header",
			       "a page's header: %s at byte %zu", t.why, t.pos);
	if (out->kind > PQ_DATA_PAGE_V2)
		return rd_fail(err, RD_FAULT_MALFORMED, "table.page.header", "a page of kind %d",
			       (int)out->kind);
	if (out->plain_size > RD_FOREIGN_PAGE_BYTES_MAX ||
	    out->stored_size > RD_FOREIGN_PAGE_BYTES_MAX)
		return rd_fail(err, RD_FAULT_REFUSED, "table.page.size",
			       "a page has %u bytes, packed %u; at most 256 MiB are read",
			       out->plain_size, out->stored_size);
	*used = t.pos;
	return true;
}

/* ---- writing
 * --------------------------------------------------------------------------------------- */

static void put_int_logical(struct rd_buf *out, int16_t *last, const struct pq_leaf *leaf)
{
	int16_t inner = 0, unit = 0;

	thrift_put_field(out, last, 10, THRIFT_STRUCT);
	inner = 0;
	thrift_put_field(out, &inner, (int16_t)leaf->logical, THRIFT_STRUCT);
	inner = 0;
	if (leaf->logical == PQ_DECIMAL) {
		thrift_put_i32(out, &inner, 1, leaf->scale);
		thrift_put_i32(out, &inner, 2, leaf->precision);
	}
	if (leaf->logical == PQ_TIMESTAMP) {
		thrift_put_bool(out, &inner, 1, false);
		thrift_put_field(out, &inner, 2, THRIFT_STRUCT);
		thrift_put_field(out, &unit, PQ_MICROS, THRIFT_STRUCT);
		thrift_put_stop(out);
		thrift_put_stop(out);
	}
	thrift_put_stop(out);
	thrift_put_stop(out);
}

void pq_leaf_write(const struct pq_leaf *leaf, struct rd_buf *out)
{
	static const int8_t converted[] = { [PQ_STRING] = 0, [PQ_DECIMAL] = 5, [PQ_DATE] = 6 };
	int16_t last = 0;

	thrift_put_i32(out, &last, 1, (int32_t)leaf->type);
	if (leaf->type == PQ_FIXED)
		thrift_put_i32(out, &last, 2, (int32_t)leaf->type_length);
	thrift_put_i32(out, &last, 3, (int32_t)leaf->repetition);
	thrift_put_binary(out, &last, 4, leaf->name);
	if (leaf->logical == PQ_STRING || leaf->logical == PQ_DECIMAL || leaf->logical == PQ_DATE)
		thrift_put_i32(out, &last, 6, converted[leaf->logical]);
	if (leaf->logical == PQ_DECIMAL) {
		thrift_put_i32(out, &last, 7, leaf->scale);
		thrift_put_i32(out, &last, 8, leaf->precision);
	}
	if (leaf->logical != PQ_NO_LOGICAL)
		put_int_logical(out, &last, leaf);
	thrift_put_stop(out);
}

static void put_stats(struct rd_buf *out, const struct pq_stats *s)
{
	int16_t last = 0;

	if (s->has_null_count)
		thrift_put_i64(out, &last, 3, (int64_t)s->null_count);
	if (s->has_distinct)
		thrift_put_i64(out, &last, 4, (int64_t)s->distinct);
	if (s->has_min_max) {
		thrift_put_binary(out, &last, 5, s->max);
		thrift_put_binary(out, &last, 6, s->min);
	}
	thrift_put_stop(out);
}

void pq_meta_write(const struct pq_meta *meta, const enum pq_encoding *encoding,
		   uint32_t n_encodings, struct rd_buf *out)
{
	int16_t last = 0;

	thrift_put_i32(out, &last, 1, (int32_t)meta->type);
	thrift_put_list(out, &last, 2, THRIFT_I32, n_encodings);
	for (uint32_t i = 0; i < n_encodings; i++)
		thrift_put_varint(out, (uint64_t)encoding[i] << 1);
	thrift_put_list(out, &last, 3, THRIFT_BINARY, 1);
	thrift_put_varint(out, meta->path.len);
	rd_buf_add(out, meta->path);
	thrift_put_i32(out, &last, 4, (int32_t)meta->codec);
	thrift_put_i64(out, &last, 5, (int64_t)meta->n_values);
	thrift_put_i64(out, &last, 6, (int64_t)meta->plain_size);
	thrift_put_i64(out, &last, 7, (int64_t)meta->stored_size);
	thrift_put_i64(out, &last, 9, (int64_t)meta->data_offset);
	if (meta->dictionary_offset)
		thrift_put_i64(out, &last, 11, (int64_t)meta->dictionary_offset);
	thrift_put_field(out, &last, 12, THRIFT_STRUCT);
	put_stats(out, &meta->stats);
	thrift_put_stop(out);
}

void pq_page_header_write(const struct pq_page_header *h, struct rd_buf *out)
{
	int16_t last = 0, inner = 0;

	thrift_put_i32(out, &last, 1, (int32_t)h->kind);
	thrift_put_i32(out, &last, 2, (int32_t)h->plain_size);
	thrift_put_i32(out, &last, 3, (int32_t)h->stored_size);
	if (h->has_crc)
		thrift_put_i32(out, &last, 4, (int32_t)h->crc);
	thrift_put_field(out, &last, h->kind == PQ_DICTIONARY_PAGE ? 7 : 5, THRIFT_STRUCT);
	thrift_put_i32(out, &inner, 1, (int32_t)h->n_values);
	thrift_put_i32(out, &inner, 2, (int32_t)h->encoding);
	if (h->kind == PQ_DATA_PAGE) {
		thrift_put_i32(out, &inner, 3, PQ_RLE);
		thrift_put_i32(out, &inner, 4, PQ_RLE);
	}
	thrift_put_stop(out);
	thrift_put_stop(out);
}

void pq_file_crypto_write(const struct pq_file_crypto *crypto, struct rd_buf *out)
{
	int16_t last = 0, inner = 0, gcm = 0;

	thrift_put_field(out, &last, 1, THRIFT_STRUCT);
	thrift_put_field(out, &inner, (int16_t)crypto->algorithm, THRIFT_STRUCT);
	thrift_put_binary(out, &gcm, 2, crypto->file_unique);
	thrift_put_bool(out, &gcm, 3, crypto->supply_aad_prefix);
	thrift_put_stop(out);
	thrift_put_stop(out);
	thrift_put_binary(out, &last, 2, crypto->key_metadata);
	thrift_put_stop(out);
}
