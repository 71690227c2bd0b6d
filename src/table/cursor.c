/* Cursors: rows of one column in batches. */
#include "cursor_int.h"

#include <stdlib.h>

bool rd_cursor_new(const struct rd_table *table, uint32_t column, struct rd_cursor **out,
		   struct rd_err *err)
{
	struct rd_cursor *c;

	*out = NULL;
	if (column >= table->schema.n)
		return rd_fail(err, RD_FAULT_USAGE, "table.column.none", "there is no column %u",
			       column);
	if (table->schema.column[column].unreadable)
		return rd_fail(err, RD_FAULT_REFUSED, "table.column.type", "column %.*s: %s",
			       RD_FMT(table->schema.column[column].name),
			       table->schema.column[column].unreadable);
	c = calloc(1, sizeof(*c));
	if (!c)
		return rd_fail_errno(err, "base.memory", "cursor");
	c->whole = table;
	c->column = column;
	c->type = table->schema.column[column].type;
	c->width = rd_coltype_width(c->type);
	*out = c;
	return true;
}

static void free_stores(struct rd_cursor *c)
{
	struct rd_store *stores[] = { &c->raw,          &c->plain,      &c->unpacked, &c->lengths,
				      &c->levels,       &c->expanded,   &c->recoded,  &c->dict_page,
				      &c->dict_recoded, &c->dict_value, &c->flat,     &c->codes,
				      &c->texts };

	for (size_t i = 0; i < sizeof(stores) / sizeof(stores[0]); i++)
		rd_store_free(stores[i]);
}

void rd_cursor_free(struct rd_cursor **cursor)
{
	if (!*cursor)
		return;
	free_stores(*cursor);
	free(*cursor);
	*cursor = NULL;
}

bool rd_cursor_open(struct rd_cursor *c, uint32_t group, struct rd_err *err)
{
	const struct rd_table *t = c->whole;
	const struct pq_meta *m;

	if (group >= t->footer.n_groups)
		return rd_fail(err, RD_FAULT_USAGE, "table.group.none", "there is no row group %u",
			       group);
	if (t->n_parts) {
		const struct table_home *home = &t->home[group];

		t = home->table;
		group = home->group;
	}
	c->table = t;
	c->stored = &t->footer.leaf[c->column];
	c->leaf = &t->column[c->column].leaf;
	c->group = group;
	c->chunk = &t->footer.group[group].chunk[c->column];
	c->stats = &t->group_stats[(size_t)group * t->schema.n + c->column];
	if (!c->chunk->has_meta)
		return rd_fail(err, RD_FAULT_REFUSED, "table.key.column",
			       "column %.*s is sealed and its key is not here",
			       RD_FMT(c->leaf->name));
	m = &c->chunk->meta;
	c->aead = c->chunk->crypto == PQ_CRYPTO_COLUMN_KEY   ? t->column[c->column].aead
		  : c->chunk->crypto == PQ_CRYPTO_FOOTER_KEY ? t->footer_aead
							     : NULL;
	c->at = m->dictionary_offset && m->dictionary_offset < m->data_offset ? m->dictionary_offset
									      : m->data_offset;
	c->end = c->at + m->stored_size;
	c->rows_left = t->footer.group[group].n_rows;
	c->n_pages = 0;
	c->page = (struct page){ 0 };
	c->raw_len = 0;
	c->dict = (struct rd_dict){ 0 };
	if (t->blob.prefetch && c->rows_left)
		t->blob.prefetch(t->blob.ctx, c->at, m->stored_size);
	return true;
}

/* The next `n` rows' validity, from bit `at` of c->valid; *m: how many are not NULL. */
static bool read_levels(struct rd_cursor *c, uint32_t n, uint32_t at, uint32_t *m,
			struct rd_err *err)
{
	*m = n;
	if (!c->page.has_levels)
		return true;
	if (!hybrid_read_bits(&c->page.levels, n, c->valid, at, m))
		return cursor_bad_page(c, "its levels end too early", err);
	if (*m < n && !c->stats->has_nulls)
		return rd_fail(err, RD_FAULT_REFUSED, "table.stats.lie",
			       "column %.*s, row group %u: a NULL where the footer states none",
			       RD_FMT(c->leaf->name), c->group);
	return true;
}

static bool codes_fit(const struct rd_cursor *c, const void *codes, uint32_t m)
{
	uint32_t most = 0;

	if (c->code_width == 1) {
		const uint8_t *v = codes;

		if (c->dict.n == 256)
			return true;
		for (uint32_t i = 0; i < m; i++)
			most = v[i] > most ? v[i] : most;
	} else if (c->code_width == 2) {
		const uint16_t *v = codes;

		for (uint32_t i = 0; i < m; i++)
			most = v[i] > most ? v[i] : most;
	} else {
		const uint32_t *v = codes;

		for (uint32_t i = 0; i < m; i++)
			most = v[i] > most ? v[i] : most;
	}
	return m == 0 || most < c->dict.n;
}

static bool read_codes(struct rd_cursor *c, uint32_t m, void *out, struct rd_err *err)
{
	/* A code wider than its slot would lose bits before it could be checked. */
	if (c->page.codes.width > 8 * c->code_width) {
		uint32_t wide[256];

		for (uint32_t done = 0; done < m;) {
			uint32_t take = m - done < 256 ? m - done : 256;

			if (!hybrid_read(&c->page.codes, take, 4, wide))
				return cursor_bad_page(c, "its codes end too early", err);
			for (uint32_t i = 0; i < take; i++) {
				if (wide[i] >= c->dict.n)
					return cursor_bad_page(c, "a code is not in the dictionary",
							       err);
				memcpy((uint8_t *)out + (size_t)(done + i) * c->code_width,
				       &wide[i], c->code_width);
			}
			done += take;
		}
		return true;
	}
	if (!hybrid_read(&c->page.codes, m, c->code_width, out))
		return cursor_bad_page(c, "its codes end too early", err);
	return codes_fit(c, out, m) || cursor_bad_page(c, "a code is not in the dictionary", err);
}

#define GATHER(name, code, value) \
	static void name(const code *codes, uint32_t m, const value *dict, value *out) \
	{ \
		for (uint32_t i = 0; i < m; i++) \
			out[i] = dict[codes[i]]; \
	}
GATHER(gather_1_4, uint8_t, uint32_t)
GATHER(gather_1_8, uint8_t, uint64_t)
GATHER(gather_1_16, uint8_t, rd_uint128)
GATHER(gather_2_4, uint16_t, uint32_t)
GATHER(gather_2_8, uint16_t, uint64_t)
GATHER(gather_2_16, uint16_t, rd_uint128)
GATHER(gather_4_4, uint32_t, uint32_t)
GATHER(gather_4_8, uint32_t, uint64_t)
GATHER(gather_4_16, uint32_t, rd_uint128)
#undef GATHER

static void gather(const struct rd_cursor *c, const void *codes, uint32_t m, void *out)
{
	const void *d = c->dict.data;

	switch (c->code_width << 8 | c->width) {
	case 1 << 8 | 4:
		gather_1_4(codes, m, d, out);
		break;
	case 1 << 8 | 8:
		gather_1_8(codes, m, d, out);
		break;
	case 1 << 8 | 16:
		gather_1_16(codes, m, d, out);
		break;
	case 2 << 8 | 4:
		gather_2_4(codes, m, d, out);
		break;
	case 2 << 8 | 8:
		gather_2_8(codes, m, d, out);
		break;
	case 2 << 8 | 16:
		gather_2_16(codes, m, d, out);
		break;
	case 4 << 8 | 4:
		gather_4_4(codes, m, d, out);
		break;
	case 4 << 8 | 8:
		gather_4_8(codes, m, d, out);
		break;
	default:
		gather_4_16(codes, m, d, out);
	}
}

/* `m` values of the page in flat form at `out`. */
static bool read_values(struct rd_cursor *c, uint32_t m, void *out, struct rd_err *err)
{
	struct page *p = &c->page;

	if (p->is_codes) {
		if (!rd_store_grow(&c->codes, (size_t)RD_BATCH_ROWS * 4, 0, err) ||
		    !read_codes(c, m, c->codes.data, err))
			return false;
		gather(c, c->codes.data, m, out);
		return true;
	}
	if (p->header.encoding == PQ_RLE)
		return hybrid_read(&p->codes, m, 1, out) ||
		       cursor_bad_page(c, "its values end too early", err);
	if (c->leaf->type == PQ_BOOLEAN)
		return values_bool(p, m, out) ||
		       cursor_bad_page(c, "its values end too early", err);
	if (p->length)
		return values_lengths(p, m, out, err) ||
		       rd_wrap(err, "column %.*s", RD_FMT(c->leaf->name));
	return values_plain(c, &p->p, p->end, m, out, err) && values_in_range(c, out, m, err);
}

/* Values that lie in the page just as a vector has them need no copy. */
static bool in_place(const struct rd_cursor *c)
{
	const struct page *p = &c->page;
	const struct pq_leaf *leaf = c->leaf;

	return !p->is_codes && p->header.encoding == PQ_PLAIN &&
	       (leaf->type == PQ_INT32 || leaf->type == PQ_INT64 || leaf->type == PQ_DOUBLE) &&
	       c->width == (leaf->type == PQ_INT32 ? 4 : 8) && c->type.type != RD_DECIMAL &&
	       (leaf->logical != PQ_TIMESTAMP || leaf->unit == PQ_MICROS) &&
	       (uintptr_t)p->p % c->width == 0;
}

/* A part of a batch from one page, into slots [at, at + n). */
static bool read_part(struct rd_cursor *c, uint32_t n, uint32_t at, bool *nulls, struct rd_err *err)
{
	uint8_t *out = c->flat.data + (size_t)at * c->width;
	uint32_t m = n;

	if (!read_levels(c, n, at, &m, err) || !read_values(c, m, out, err))
		return false;
	if (m < n) {
		scatter(out, c->width, m, (struct slots){ c->valid, at, n });
		*nulls = true;
	}
	return true;
}

/* Texts of the page that is about to be replaced move to a place of their own. */
static bool save_texts(struct rd_cursor *c, uint32_t n, struct rd_err *err)
{
	struct rd_text *t = (struct rd_text *)(void *)c->flat.data;
	size_t need = 0, at = 0;

	if (c->type.type != RD_TEXT || c->page.is_codes)
		return true;
	for (uint32_t i = 0; i < n; i++)
		need += t[i].len > 12 ? t[i].len : 0;
	struct rd_store old = c->texts;

	c->texts = (struct rd_store){ 0 };
	if (!rd_store_grow(&c->texts, need, 0, err)) {
		rd_store_free(&old);
		return false;
	}
	for (uint32_t i = 0; i < n; i++) {
		if (t[i].len <= 12)
			continue;
		memcpy(c->texts.data + at, t[i].far.data, t[i].len);
		t[i].far.data = (const char *)c->texts.data + at;
		at += t[i].len;
	}
	rd_store_free(&old);
	return true;
}

static bool begin_page(struct rd_cursor *c, struct rd_err *err)
{
	while (c->page.left == 0)
		if (!cursor_next_page(c, err))
			return false;
	return c->page.has_body || cursor_load_page(c, err);
}

/* The whole batch from one page, with as little work as can be. */
static bool read_whole(struct rd_cursor *c, uint32_t n, bool want_codes, struct rd_vec *out,
		       struct rd_err *err)
{
	struct page *p = &c->page;
	bool nulls = false;
	uint32_t m = n;

	if (p->is_codes && want_codes) {
		if (!rd_store_grow(&c->codes, (size_t)RD_BATCH_ROWS * 4, 0, err) ||
		    !read_levels(c, n, 0, &m, err) || !read_codes(c, m, c->codes.data, err))
			return false;
		if (m < n)
			scatter(c->codes.data, c->code_width, m, (struct slots){ c->valid, 0, n });
		out->repr = RD_CODE;
		out->width = c->code_width;
		out->data = c->codes.data;
		out->dict = &c->dict;
		out->valid = m < n ? c->valid : NULL;
		return true;
	}
	if (in_place(c) && !p->has_levels) {
		if ((size_t)(p->end - p->p) / c->width < n)
			return cursor_bad_page(c, "its values end too early", err);
		out->data = p->p;
		p->p += (size_t)n * c->width;
		return values_in_range(c, out->data, n, err);
	}
	if (!read_part(c, n, 0, &nulls, err))
		return false;
	out->valid = nulls ? c->valid : NULL;
	return true;
}

bool rd_cursor_read(struct rd_cursor *c, uint32_t n, bool want_codes, struct rd_vec *out,
		    struct rd_err *err)
{
	bool nulls = false;

	if (n < 1 || n > RD_BATCH_ROWS || !c->chunk || n > c->rows_left + c->page.left)
		return rd_fail(err, RD_FAULT_USAGE, "table.cursor.rows",
			       "%u rows asked for where there are not as many", n);
	memset(c->valid, 0, sizeof(c->valid));
	if (!rd_store_grow(&c->flat, (size_t)RD_BATCH_ROWS * 16, 0, err) || !begin_page(c, err))
		return false;
	*out = (struct rd_vec){
		.type = c->type, .repr = RD_FLAT, .width = c->width, .data = c->flat.data
	};
	if (c->page.left >= n) {
		c->page.left -= n;
		return read_whole(c, n, want_codes, out, err);
	}
	for (uint32_t at = 0; at < n;) {
		uint32_t take;

		if (at && (!save_texts(c, at, err) || !begin_page(c, err)))
			return false;
		take = c->page.left < n - at ? c->page.left : n - at;
		/* A page without levels has no NULLs, but its neighbours in the batch may. */
		if (!c->page.has_levels)
			for (uint32_t i = at; i < at + take; i++)
				c->valid[i / 64] |= (uint64_t)1 << i % 64;
		if (!read_part(c, take, at, &nulls, err))
			return false;
		c->page.left -= take;
		at += take;
	}
	out->valid = nulls ? c->valid : NULL;
	return true;
}

bool rd_cursor_skip(struct rd_cursor *c, uint64_t n, struct rd_err *err)
{
	struct rd_vec ignored;

	if (!c->chunk || n > c->rows_left + c->page.left)
		return rd_fail(err, RD_FAULT_USAGE, "table.cursor.rows",
			       "%llu rows to skip where there are not as many",
			       (unsigned long long)n);
	while (n) {
		uint32_t take;

		if (c->page.left == 0 && !cursor_next_page(c, err))
			return false;
		if (!c->page.has_body && c->page.left <= n) {
			n -= c->page.left;
			c->page.left = 0;
			continue;
		}
		take = c->page.left < RD_BATCH_ROWS ? c->page.left : RD_BATCH_ROWS;
		take = take < n ? take : (uint32_t)n;
		if (take && !rd_cursor_read(c, take, true, &ignored, err))
			return false;
		n -= take;
	}
	return true;
}

void rd_cursor_cost(const struct rd_cursor *cursor, struct rd_scan_cost *out)
{
	*out = cursor->cost;
}
