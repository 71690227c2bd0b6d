/* A Parquet file from front to back: plain, sealed, or uniformly sealed. */
#include "codec_int.h"
#include "writer_int.h"

#include <stdlib.h>

#define CREATED_BY "redoubt version " RD_VERSION " (build 1)"
#define KEY_ID_LEN 8u
#define MODULES_MAX (UINT64_C(1) << 32) /* under one key */

struct writer_column {
	struct pq_leaf leaf;
	struct column_buf buf;
	struct unique *unique; /* NULL: not declared */
	struct rd_aead *aead;
};

struct rd_writer {
	struct rd_arena *arena;
	struct rd_schema schema;
	struct rd_sink sink;
	bool sealed, uniform, finished;
	enum rd_codec codec;
	struct rd_aead *footer_aead;
	struct rd_view aad_base;
	uint8_t file_unique[FILE_UNIQUE_LEN], key_id[KEY_ID_LEN];
	struct writer_column *column;
	uint64_t offset, n_rows, n_modules;
	uint64_t group_bytes; /* of values in the row group at hand */
	uint32_t n_groups, group_rows;
	struct rd_buf groups;            /* encoded RowGroups */
	struct rd_buf body, packed, out; /* of the page at hand */
};

/* ---- life
 * ------------------------------------------------------------------------------------------ */

void rd_writer_free(struct rd_writer **writer)
{
	struct rd_writer *w = *writer;

	if (!w)
		return;
	for (uint32_t i = 0; w->column && i < w->schema.n; i++) {
		column_buf_free(&w->column[i].buf);
		unique_free(&w->column[i].unique);
		rd_aead_free(&w->column[i].aead);
	}
	rd_aead_free(&w->footer_aead);
	rd_buf_free(&w->groups);
	rd_buf_free(&w->body);
	rd_buf_free(&w->packed);
	rd_buf_free(&w->out);
	rd_arena_free(&w->arena);
	free(w);
	*writer = NULL;
}

static bool check_schema(const struct rd_schema *schema, struct rd_err *err)
{
	if (schema->n < 1 || schema->n > RD_COLUMNS_MAX)
		return rd_fail(err, RD_FAULT_USAGE, "table.schema.columns",
			       "%u columns, a table has 1 to %u", schema->n, RD_COLUMNS_MAX);
	for (uint32_t i = 0; i < schema->n; i++) {
		const struct rd_column *c = &schema->column[i];

		if (!rd_stored_type(c->type) || c->name.len == 0 ||
		    c->name.len > RD_COLUMN_NAME_MAX || !rd_utf8_valid(c->name))
			return rd_fail(err, RD_FAULT_USAGE, "table.column.name",
				       "column %u has no valid name or type", i);
		for (uint32_t k = 0; k < i; k++)
			if (rd_view_eq(c->name, schema->column[k].name))
				return rd_fail(err, RD_FAULT_USAGE, "table.column.name",
					       "two columns are called %.*s", RD_FMT(c->name));
	}
	return true;
}

static bool derive_aead(const struct rd_table_key *key, uint32_t column, struct rd_aead **out,
			struct rd_err *err)
{
	RD_AUTO(rd_secret_wipe) struct rd_secret derived = { .len = 0 };

	return rd_table_derive(key, column, &derived, err) &&
	       rd_aead_new(rd_secret_view(&derived), NULL, out, err);
}

static bool set_up_keys(struct rd_writer *w, const struct rd_writer_options *o, struct rd_err *err)
{
	struct rd_span unique = { .data = w->file_unique, .cap = FILE_UNIQUE_LEN };
	struct rd_span id = { .data = w->key_id, .cap = KEY_ID_LEN };
	struct rd_view prefix = { 0 };
	uint8_t *base;

	w->sealed = true;
	w->uniform = o->uniform;
	if (!rd_crypto_random(&unique, err) || !rd_crypto_random(&id, err) ||
	    (!w->uniform && !rd_table_aad_prefix(&o->key->id, w->arena, &prefix, err)) ||
	    !derive_aead(o->key, RD_FOOTER_KEY, &w->footer_aead, err))
		return false;
	base = rd_arena_alloc(w->arena, prefix.len + FILE_UNIQUE_LEN, 1, err);
	if (!base)
		return false;
	if (prefix.len)
		memcpy(base, prefix.data, prefix.len);
	memcpy(base + prefix.len, w->file_unique, FILE_UNIQUE_LEN);
	w->aad_base = rd_view_of(base, prefix.len + FILE_UNIQUE_LEN);
	for (uint32_t i = 0; !w->uniform && i < w->schema.n; i++)
		if (!derive_aead(o->key, i, &w->column[i].aead, err))
			return false;
	return true;
}

static bool set_up_columns(struct rd_writer *w, const struct rd_schema *schema, struct rd_err *err)
{
	w->column = RD_NEW_ARRAY(w->arena, struct writer_column, schema->n, err);
	w->schema.column = RD_NEW_ARRAY(w->arena, struct rd_column, schema->n, err);
	if (!w->column || !w->schema.column)
		return false;
	for (uint32_t i = 0; i < schema->n; i++) {
		struct rd_column *c = &w->schema.column[i];

		*c = schema->column[i];
		if (!rd_arena_copy(w->arena, schema->column[i].name, &c->name, err))
			return false;
		w->schema.n = i + 1; /* as far as rd_writer_free has to look */
		w->column[i].leaf = pq_leaf_of(c);
		if (!column_buf_new(c->type, &w->column[i].buf, err) ||
		    (c->unique && !unique_new(&w->column[i].unique, err)))
			return false;
	}
	return true;
}

static bool emit(struct rd_writer *w, struct rd_view bytes, struct rd_err *err)
{
	w->offset += bytes.len;
	return w->sink.write(w->sink.ctx, bytes, err);
}

bool rd_writer_new(const struct rd_schema *schema, const struct rd_writer_options *options,
		   const struct rd_sink *sink, struct rd_writer **out, struct rd_err *err)
{
	RD_AUTO(rd_writer_free) struct rd_writer *w = NULL;

	*out = NULL;
	if (!check_schema(schema, err))
		return false;
	w = calloc(1, sizeof(*w));
	if (!w)
		return rd_fail_errno(err, "base.memory", "writer");
	w->sink = *sink;
	w->codec = options->codec;
	rd_buf_init(&w->groups, RD_FOOTER_BYTES_MAX);
	rd_buf_init(&w->body, RD_PAGE_BYTES_MAX);
	rd_buf_init(&w->packed, RD_PAGE_BYTES_MAX);
	rd_buf_init(&w->out, RD_FOOTER_BYTES_MAX);
	if (options->codec != RD_CODEC_NONE && options->codec != RD_CODEC_ZSTD &&
	    !codec_known((uint32_t)options->codec))
		return rd_fail(err, RD_FAULT_USAGE, "table.codec", "codec %d", (int)options->codec);
	if (!rd_arena_new((size_t)1 << 26, &w->arena, err) || !set_up_columns(w, schema, err) ||
	    (options->key && !set_up_keys(w, options, err)) ||
	    !emit(w, rd_view_str(w->sealed ? "PARE" : "PAR1"), err))
		return false;
	*out = w;
	w = NULL;
	return true;
}

/* ---- pages
 * ------------------------------------------------------------------------------------------ */

static struct rd_aead *column_aead(const struct rd_writer *w, uint32_t column)
{
	return !w->sealed ? NULL : w->uniform ? w->footer_aead : w->column[column].aead;
}

static bool put_module(struct rd_writer *w, const struct rd_aead *aead, const struct module *module,
		       struct rd_view plain, struct rd_err *err)
{
	if (++w->n_modules >= MODULES_MAX)
		return rd_fail(err, RD_FAULT_FAILED, "table.module.count",
			       "the table has too many parts for one key; split it");
	rd_buf_clear(&w->out);
	return module_seal(aead, module, plain, &w->out, err) && emit(w, rd_buf_view(&w->out), err);
}

static bool pack(struct rd_writer *w, struct rd_view *body, struct rd_err *err)
{
	if (w->codec == RD_CODEC_NONE)
		return true;
	rd_buf_clear(&w->packed);
	if (!codec_pack(w->codec, *body, &w->packed, err))
		return false;
	*body = rd_buf_view(&w->packed);
	return true;
}

/* w->body as one page: header and body, each its own module in a sealed table. */
static bool put_page(struct rd_writer *w, struct pq_page_header *header, struct module module,
		     struct pq_meta *meta, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf head = { .max = 4096 };
	const struct rd_aead *aead = column_aead(w, module.column);
	bool dictionary = header->kind == PQ_DICTIONARY_PAGE;
	struct rd_view body = rd_buf_view(&w->body);
	uint64_t start = w->offset;

	if (!rd_buf_ok(&w->body, err) || !pack(w, &body, err))
		return false;
	header->plain_size = (uint32_t)w->body.len;
	header->stored_size = (uint32_t)(body.len + (aead ? MODULE_OVERHEAD : 0));
	/* A sealed page has its tag. */
	header->has_crc = !aead;
	header->crc = aead ? 0 : codec_crc32(body);
	pq_page_header_write(header, &head);
	if (!rd_buf_ok(&head, err))
		return false;
	if (aead) {
		module.kind = dictionary ? MODULE_DICTIONARY_HEADER : MODULE_DATA_HEADER;
		if (!put_module(w, aead, &module, rd_buf_view(&head), err))
			return false;
		module.kind = dictionary ? MODULE_DICTIONARY_PAGE : MODULE_DATA_PAGE;
		if (!put_module(w, aead, &module, body, err))
			return false;
	} else if (!emit(w, rd_buf_view(&head), err) || !emit(w, body, err)) {
		return false;
	}
	meta->stored_size += w->offset - start;
	meta->plain_size += w->offset - start - header->stored_size + header->plain_size;
	return true;
}

/* A text page is halved until it is small; every cut of 16 Ki rows stays one. */
static bool put_rows(struct rd_writer *w, uint32_t column, struct page_range r, uint16_t *page,
		     struct pq_meta *meta, struct rd_err *err)
{
	struct writer_column *c = &w->column[column];
	const uint64_t *valid = (const uint64_t *)(const void *)c->buf.valid.data;
	struct module module = { .aad_base = w->aad_base,
				 .group = (uint16_t)w->n_groups,
				 .column = (uint16_t)column,
				 .page = *page };
	struct pq_page_header header = { .kind = PQ_DATA_PAGE,
					 .n_values = r.n_rows,
					 .encoding = c->buf.has_dict && c->buf.n_dict
							     ? PQ_RLE_DICTIONARY
						     : c->leaf.type == PQ_BYTE_ARRAY
							     ? PQ_DELTA_LENGTH_BYTE_ARRAY
							     : PQ_PLAIN };

	rd_buf_clear(&w->body);
	encode_page(&c->buf, c->leaf.type, r, &w->body);
	if (c->leaf.type == PQ_BYTE_ARRAY && r.n_rows > 1 && !w->uniform &&
	    (w->body.failed || w->body.len > TEXT_PAGE_BYTES)) {
		struct page_range first = { r.row, r.n_rows / 2, r.value, 0 };
		struct page_range second;

		for (uint32_t i = 0; i < first.n_rows; i++)
			first.n += rd_bit(valid, first.row + i);
		second = (struct page_range){ r.row + first.n_rows, r.n_rows - first.n_rows,
					      r.value + first.n, r.n - first.n };
		return put_rows(w, column, first, page, meta, err) &&
		       put_rows(w, column, second, page, meta, err);
	}
	if (*page >= RD_PAGES_MAX - 1)
		return rd_fail(err, RD_FAULT_FAILED, "table.module.count",
			       "a column has too many pages in one row group");
	(*page)++;
	return put_page(w, &header, module, meta, err);
}

static bool put_dictionary(struct rd_writer *w, uint32_t column, struct pq_meta *meta,
			   struct rd_err *err)
{
	struct writer_column *c = &w->column[column];
	struct module module = { .aad_base = w->aad_base,
				 .group = (uint16_t)w->n_groups,
				 .column = (uint16_t)column };
	struct pq_page_header header = { .kind = PQ_DICTIONARY_PAGE,
					 .n_values = c->buf.n_dict,
					 .encoding = PQ_PLAIN };

	meta->dictionary_offset = w->offset;
	rd_buf_clear(&w->body);
	encode_dictionary(&c->buf, c->leaf.type, &w->body);
	return put_page(w, &header, module, meta, err);
}

static bool put_pages(struct rd_writer *w, uint32_t column, struct pq_meta *meta,
		      struct rd_err *err)
{
	struct writer_column *c = &w->column[column];
	const uint64_t *valid = (const uint64_t *)(const void *)c->buf.valid.data;
	uint32_t value = 0;
	uint16_t page = 0;

	if (c->buf.has_dict && c->buf.n_dict && !put_dictionary(w, column, meta, err))
		return false;
	meta->data_offset = w->offset;
	for (uint32_t row = 0; row < w->group_rows; row += RD_PAGE_ROWS) {
		uint32_t left = w->group_rows - row;
		struct page_range r = { row, left < RD_PAGE_ROWS ? left : RD_PAGE_ROWS, value, 0 };

		for (uint32_t i = 0; i < r.n_rows; i++)
			r.n += rd_bit(valid, row + i);
		value += r.n;
		if (!put_rows(w, column, r, &page, meta, err))
			return false;
	}
	return true;
}

/* ---- row groups
 * ------------------------------------------------------------------------------------- */

static bool seal_meta(struct rd_writer *w, uint32_t column, struct rd_view plain,
		      struct rd_buf *out, struct rd_err *err)
{
	const struct module module = { .aad_base = w->aad_base,
				       .kind = MODULE_COLUMN_META,
				       .group = (uint16_t)w->n_groups,
				       .column = (uint16_t)column };

	w->n_modules++;
	return module_seal(w->column[column].aead, &module, plain, out, err);
}

/* ColumnChunk: metadata in the open, or sealed with the column's own key. */
static bool put_chunk(struct rd_writer *w, uint32_t column, const struct pq_meta *meta,
		      struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf plain = { .max = 1 << 20 };
	RD_AUTO(rd_buf_free) struct rd_buf sealed = { .max = 1 << 20 };
	const enum pq_encoding encodings[] = { PQ_RLE, PQ_PLAIN, PQ_RLE_DICTIONARY,
					       PQ_DELTA_LENGTH_BYTE_ARRAY };
	uint32_t n = meta->dictionary_offset                        ? 3
		     : w->column[column].leaf.type == PQ_BYTE_ARRAY ? 4
								    : 2;
	int16_t last = 0, inner = 0, key = 0;

	pq_meta_write(meta, encodings, n, &plain);
	if (!rd_buf_ok(&plain, err))
		return false;
	thrift_put_i64(&w->groups, &last, 2, 0);
	if (!w->sealed || w->uniform) {
		thrift_put_field(&w->groups, &last, 3, THRIFT_STRUCT);
		rd_buf_add(&w->groups, rd_buf_view(&plain));
	}
	if (w->sealed) {
		thrift_put_field(&w->groups, &last, 8, THRIFT_STRUCT);
		thrift_put_field(&w->groups, &inner, w->uniform ? 1 : 2, THRIFT_STRUCT);
		if (!w->uniform) {
			thrift_put_list(&w->groups, &key, 1, THRIFT_BINARY, 1);
			thrift_put_varint(&w->groups, meta->path.len);
			rd_buf_add(&w->groups, meta->path);
		}
		thrift_put_stop(&w->groups);
		thrift_put_stop(&w->groups);
	}
	if (w->sealed && !w->uniform) {
		if (!seal_meta(w, column, rd_buf_view(&plain), &sealed, err))
			return false;
		thrift_put_binary(&w->groups, &last, 9, rd_buf_view(&sealed));
	}
	thrift_put_stop(&w->groups);
	return rd_buf_ok(&w->groups, err);
}

static bool put_column(struct rd_writer *w, uint32_t column, uint64_t *plain, uint64_t *stored,
		       struct rd_err *err)
{
	struct writer_column *c = &w->column[column];
	struct pq_meta meta = { .type = c->leaf.type,
				.codec = (uint32_t)w->codec,
				.n_values = w->group_rows,
				.path = c->leaf.name };
	uint8_t space[64];

	if (!put_pages(w, column, &meta, err))
		return false;
	encode_stats(&c->buf, c->leaf.type, space, &meta.stats);
	*plain += meta.plain_size;
	*stored += meta.stored_size;
	column_buf_clear(&c->buf);
	return put_chunk(w, column, &meta, err);
}

static bool flush_group(struct rd_writer *w, struct rd_err *err)
{
	uint64_t plain = 0, stored = 0, start = w->offset;
	int16_t last = 0;

	if (w->group_rows == 0)
		return true;
	if (w->n_groups >= RD_GROUPS_MAX)
		return rd_fail(err, RD_FAULT_FAILED, "table.module.count",
			       "the table has more than %u row groups", RD_GROUPS_MAX);
	thrift_put_list(&w->groups, &last, 1, THRIFT_STRUCT, w->schema.n);
	for (uint32_t i = 0; i < w->schema.n; i++)
		if (!put_column(w, i, &plain, &stored, err))
			return rd_wrap(err, "column %.*s", RD_FMT(w->schema.column[i].name));
	thrift_put_i64(&w->groups, &last, 2, (int64_t)plain);
	thrift_put_i64(&w->groups, &last, 3, w->group_rows);
	thrift_put_i64(&w->groups, &last, 5, (int64_t)start);
	thrift_put_i64(&w->groups, &last, 6, (int64_t)stored);
	thrift_put_i16(&w->groups, &last, 7, (int16_t)w->n_groups);
	thrift_put_stop(&w->groups);
	w->n_groups++;
	w->group_rows = 0;
	w->group_bytes = 0;
	return rd_buf_ok(&w->groups, err);
}

/* ---- rows
 * ------------------------------------------------------------------------------------------- */

static const void *vec_value(const struct rd_vec *v, uint32_t row, uint8_t width)
{
	const uint8_t *data = v->data;
	uint32_t code = 0;

	if (rd_vec_is_null(v, v->repr == RD_CONST ? 0 : row))
		return NULL;
	if (v->repr == RD_CONST)
		return data;
	if (v->repr == RD_FLAT)
		return data + (size_t)row * width;
	memcpy(&code, data + (size_t)row * v->width, v->width);
	return (const uint8_t *)v->dict->data + (size_t)code * width;
}

static bool add_value(struct rd_writer *w, uint32_t column, const void *value, struct rd_err *err)
{
	const struct rd_column *schema = &w->schema.column[column];
	struct writer_column *c = &w->column[column];

	if (!value && !schema->type.nullable)
		return rd_fail(err, RD_FAULT_MALFORMED, "table.null",
			       "column %.*s, row %llu: NULL in a column that has none",
			       RD_FMT(schema->name), (unsigned long long)w->n_rows + 1);
	if (value && schema->type.type == RD_TEXT && !rd_utf8_valid(rd_text_view(value)))
		return rd_fail(err, RD_FAULT_MALFORMED, "table.value.utf8",
			       "column %.*s, row %llu: text that is not UTF-8",
			       RD_FMT(schema->name), (unsigned long long)w->n_rows + 1);
	if (value && c->unique && !unique_add(c->unique, schema->type, value, w->n_rows + 1, err))
		return false;
	return column_buf_add(&c->buf, value, err);
}

static bool add_row(struct rd_writer *w, const struct rd_batch *batch, uint32_t row,
		    struct rd_err *err)
{
	for (uint32_t i = 0; i < w->schema.n; i++) {
		const struct rd_column *c = &w->schema.column[i];
		uint8_t width = rd_coltype_width(c->type);
		const void *value = vec_value(&batch->col[i], row, width);

		if (!add_value(w, i, value, err))
			return false;
		w->group_bytes += value && c->type.type == RD_TEXT
					  ? rd_text_view(value).len + sizeof(uint64_t)
					  : width;
	}
	w->n_rows++;
	w->group_rows++;
	if (w->group_rows == (w->uniform ? RD_PAGE_ROWS : RD_GROUP_ROWS) ||
	    w->group_bytes > (w->uniform ? UNIFORM_GROUP_BYTES_MAX : GROUP_BYTES_MAX))
		return flush_group(w, err);
	return true;
}

bool rd_writer_add(struct rd_writer *writer, const struct rd_batch *batch, struct rd_err *err)
{
	uint32_t n = batch->sel ? batch->n_sel : batch->n;

	if (writer->finished || batch->n_cols != writer->schema.n)
		return rd_fail(err, RD_FAULT_USAGE, "table.schema.columns",
			       "a batch of %u columns for a table of %u", batch->n_cols,
			       writer->schema.n);
	for (uint32_t i = 0; i < batch->n_cols; i++)
		if (batch->col[i].type.type != writer->schema.column[i].type.type ||
		    batch->col[i].type.scale != writer->schema.column[i].type.scale ||
		    rd_coltype_width(batch->col[i].type) !=
			    rd_coltype_width(writer->schema.column[i].type))
			return rd_fail(err, RD_FAULT_USAGE, "table.schema.columns",
				       "column %.*s of a batch has another type",
				       RD_FMT(writer->schema.column[i].name));
	for (uint32_t i = 0; i < n; i++)
		if (!add_row(writer, batch, batch->sel ? batch->sel[i] : i, err))
			return false;
	return true;
}

/* ---- the footer
 * ------------------------------------------------------------------------------------- */

static void put_schema(const struct rd_writer *w, struct rd_buf *out, int16_t *last)
{
	int16_t root = 0;

	thrift_put_list(out, last, 2, THRIFT_STRUCT, w->schema.n + 1);
	thrift_put_binary(out, &root, 4, rd_view_str("schema"));
	thrift_put_i32(out, &root, 5, (int32_t)w->schema.n);
	thrift_put_stop(out);
	for (uint32_t i = 0; i < w->schema.n; i++)
		pq_leaf_write(&w->column[i].leaf, out);
}

/* Classes and uniqueness, where any are declared. */
static void put_declarations(const struct rd_writer *w, struct rd_buf *out, int16_t *last)
{
	int16_t inner = 0;
	bool any = false;

	for (uint32_t i = 0; i < w->schema.n; i++)
		any = any || w->schema.column[i].class_ || w->schema.column[i].unique;
	if (!any)
		return;
	thrift_put_list(out, last, 5, THRIFT_STRUCT, 1);
	thrift_put_binary(out, &inner, 1, rd_view_str(PQ_COLUMNS_ENTRY));
	thrift_put_field(out, &inner, 2, THRIFT_BINARY);
	thrift_put_varint(out, w->schema.n);
	for (uint32_t i = 0; i < w->schema.n; i++)
		rd_buf_printf(out, "%x",
			      w->schema.column[i].class_ | (w->schema.column[i].unique ? 8u : 0u));
	thrift_put_stop(out);
}

static void put_footer(const struct rd_writer *w, struct rd_buf *out)
{
	int16_t last = 0;

	thrift_put_i32(out, &last, 1, 2);
	put_schema(w, out, &last);
	thrift_put_i64(out, &last, 3, (int64_t)w->n_rows);
	thrift_put_list(out, &last, 4, THRIFT_STRUCT, w->n_groups);
	rd_buf_add(out, rd_buf_view(&w->groups));
	put_declarations(w, out, &last);
	thrift_put_binary(out, &last, 6, rd_view_str(CREATED_BY));
	thrift_put_list(out, &last, 7, THRIFT_STRUCT, w->schema.n);
	for (uint32_t i = 0; i < w->schema.n; i++) {
		int16_t order = 0;

		thrift_put_field(out, &order, 1, THRIFT_STRUCT); /* TYPE_ORDER */
		thrift_put_stop(out);
		thrift_put_stop(out);
	}
	thrift_put_stop(out);
}

static bool seal_footer(struct rd_writer *w, struct rd_view footer, struct rd_buf *tail,
			struct rd_err *err)
{
	const struct module module = { .aad_base = w->aad_base, .kind = MODULE_FOOTER };
	const struct pq_file_crypto crypto = {
		.algorithm = 1,
		.file_unique = rd_view_of(w->file_unique, FILE_UNIQUE_LEN),
		.supply_aad_prefix = !w->uniform,
		.key_metadata = rd_view_of(w->key_id, KEY_ID_LEN),
	};

	pq_file_crypto_write(&crypto, tail);
	return rd_buf_ok(tail, err) && module_seal(w->footer_aead, &module, footer, tail, err);
}

static bool put_tail(struct rd_writer *w, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf footer = { .max = RD_FOOTER_BYTES_MAX };
	RD_AUTO(rd_buf_free) struct rd_buf tail = { .max = RD_FOOTER_BYTES_MAX };
	uint8_t len[4];

	put_footer(w, &footer);
	if (!rd_buf_ok(&footer, err))
		return false;
	if (w->sealed) {
		if (!seal_footer(w, rd_buf_view(&footer), &tail, err))
			return false;
	} else {
		rd_buf_add(&tail, rd_buf_view(&footer));
	}
	rd_store_le32(len, (uint32_t)tail.len);
	rd_buf_add(&tail, rd_view_of(len, 4));
	rd_buf_add(&tail, rd_view_str(w->sealed ? "PARE" : "PAR1"));
	return rd_buf_ok(&tail, err) && emit(w, rd_buf_view(&tail), err);
}

bool rd_writer_finish(struct rd_writer *writer, struct rd_err *err)
{
	if (writer->finished)
		return rd_fail(err, RD_FAULT_USAGE, "table.schema.columns", "finished twice");
	for (uint32_t i = 0; i < writer->schema.n; i++)
		if (writer->column[i].unique &&
		    !unique_check(writer->column[i].unique, writer->schema.column[i].name, err))
			return false;
	writer->finished = true;
	return flush_group(writer, err) && put_tail(writer, err);
}
