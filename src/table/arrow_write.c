/* Tables and answers as Arrow IPC streams. */
#include "arrow_int.h"
#include "walk_int.h"

#include <stdlib.h>

#define BATCH_ROWS 65536u
#define BATCH_BYTES ((size_t)64 << 20) /* of texts, and of numbers in wide tables */
#define VERSION_5 4u
#define BUFFER_MAX ((size_t)1 << 30)

/* ---- messages -------------------------------------------------------------------------------- */

/* Message: version, header's kind, header, length of the body. */
static size_t begin_message(struct rd_buf *meta, enum arrow_header kind, uint64_t body_len)
{
	size_t message;

	flat_put_le(meta, 0, 8); /* root: set when the table has its place */
	message = flat_put_table(meta, 4, 0xF);
	if (meta->len >= 4) {
		uint32_t root = (uint32_t)message;

		memcpy(meta->data, &root, 4);
	}
	flat_set(meta, message, 0, 2, VERSION_5);
	flat_set(meta, message, 1, 1, kind);
	flat_set(meta, message, 3, 8, body_len);
	return message;
}

/* All but the body. */
static bool put_message(struct rd_buf *meta, const struct rd_sink *sink, struct rd_err *err)
{
	uint8_t head[8];

	flat_align(meta, 8);
	if (!rd_buf_ok(meta, err))
		return false;
	rd_store_le32(head, ARROW_CONTINUATION);
	rd_store_le32(head + 4, (uint32_t)meta->len);
	return sink->write(sink->ctx, rd_view_of(head, sizeof(head)), err) &&
	       sink->write(sink->ctx, rd_buf_view(meta), err);
}

static bool put_end(const struct rd_sink *sink, struct rd_err *err)
{
	static const uint8_t end[8] = { 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0 };

	return sink->write(sink->ctx, rd_view_of(end, sizeof(end)), err);
}

/* ---- schema ---------------------------------------------------------------------------------- */

/* The table of a type; *kind: its number in the union. */
static size_t put_type(struct rd_buf *out, struct rd_coltype type, enum arrow_type *kind)
{
	size_t t;

	switch (type.type) {
	case RD_BOOL:
		*kind = ARROW_BOOL;
		return flat_put_table(out, 0, 0);
	case RD_INT32:
	case RD_INT64:
		*kind = ARROW_INT;
		t = flat_put_table(out, 2, 3);
		flat_set(out, t, 0, 4, type.type == RD_INT32 ? 32 : 64);
		flat_set(out, t, 1, 1, 1);
		return t;
	case RD_DECIMAL:
		*kind = ARROW_DECIMAL;
		t = flat_put_table(out, 3, 7);
		flat_set(out, t, 0, 4, type.precision);
		flat_set(out, t, 1, 4, type.scale);
		flat_set(out, t, 2, 4, 128);
		return t;
	case RD_DOUBLE:
		*kind = ARROW_FLOAT;
		t = flat_put_table(out, 1, 1);
		flat_set(out, t, 0, 2, 2);
		return t;
	case RD_DATE:
		*kind = ARROW_DATE;
		t = flat_put_table(out, 1, 1);
		flat_set(out, t, 0, 2, 0); /* days */
		return t;
	case RD_TIMESTAMP:
		*kind = ARROW_TIMESTAMP;
		t = flat_put_table(out, 2, 1);
		flat_set(out, t, 0, 2, ARROW_MICRO);
		return t;
	default:
		*kind = ARROW_UTF8;
		return flat_put_table(out, 0, 0);
	}
}

static size_t put_field(struct rd_buf *out, const struct rd_column *column)
{
	size_t field = flat_put_table(out, 6, 0x2F); /* all but a dictionary */
	enum arrow_type kind;

	flat_set(out, field, 1, 1, column->type.nullable);
	flat_point(out, field, 0, flat_put_string(out, column->name));
	flat_point(out, field, 3, put_type(out, column->type, &kind));
	flat_set(out, field, 2, 1, kind);
	flat_point(out, field, 5, flat_put_offsets(out, 0));
	return field;
}

static bool put_schema(const struct rd_column *column, uint32_t n, const struct rd_sink *sink,
		       struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf meta = { .max = ARROW_METADATA_MAX };
	size_t message = begin_message(&meta, ARROW_SCHEMA, 0), schema, fields;

	schema = flat_put_table(&meta, 2, 3);
	flat_point(&meta, message, 2, schema);
	fields = flat_put_offsets(&meta, n);
	flat_point(&meta, schema, 1, fields);
	for (uint32_t i = 0; i < n; i++)
		flat_point_offset(&meta, fields, i, put_field(&meta, &column[i]));
	return put_message(&meta, sink, err);
}

/* ---- batches --------------------------------------------------------------------------------- */

struct column_out {
	struct rd_buf valid, offsets, data;
	uint64_t nulls;
};

/* The record batch that is being filled. */
struct batch_out {
	const struct rd_sink *sink;
	uint32_t n_cols, n, room; /* rows, and how many it may have */
	size_t text_bytes;
	struct column_out *column;
};

/* Rows [first, first + n) of vectors. */
struct slice {
	const struct rd_vec *vec;
	uint64_t *const *withheld; /* of answers; NULL: none */
	uint32_t n;
	uint64_t first;
};

static void batch_out_free(struct batch_out *b)
{
	for (uint32_t c = 0; b->column && c < b->n_cols; c++) {
		rd_buf_free(&b->column[c].valid);
		rd_buf_free(&b->column[c].offsets);
		rd_buf_free(&b->column[c].data);
	}
	free(b->column);
}

static bool batch_out_begin(struct batch_out *b, uint32_t n_cols, const struct rd_sink *sink,
			    struct rd_err *err)
{
	size_t room = BATCH_BYTES / (16 * ((size_t)n_cols + 1));

	*b = (struct batch_out){ .sink = sink, .n_cols = n_cols };
	b->room = room < BATCH_ROWS ? (uint32_t)room : BATCH_ROWS;
	b->column = calloc(n_cols, sizeof(*b->column));
	if (!b->column)
		return rd_fail_errno(err, "base.memory", "columns");
	for (uint32_t c = 0; c < n_cols; c++)
		b->column[c].valid.max = b->column[c].offsets.max = b->column[c].data.max =
			BUFFER_MAX;
	return true;
}

static bool is_null(const struct slice *s, uint32_t column, uint64_t row)
{
	return rd_vec_is_null(&s->vec[column], (uint32_t)row) ||
	       (s->withheld && s->withheld[column] && rd_bit(s->withheld[column], row));
}

static void put_bit(struct rd_buf *bits, uint32_t row, bool bit)
{
	if (row % 8 == 0)
		rd_buf_add_byte(bits, 0);
	if (bits->len)
		bits->data[bits->len - 1] |= (uint8_t)(bit << row % 8);
}

/* Of a NULL, the zero that stands in its slot. */
static void put_value(struct column_out *c, const struct rd_value *v, uint32_t row)
{
	uint64_t bits;

	switch (v->type.type) {
	case RD_BOOL:
		put_bit(&c->data, row, v->i & 1);
		break;
	case RD_TEXT:
		if (row == 0)
			flat_put_le(&c->offsets, 0, 4);
		rd_buf_add(&c->data, v->text);
		flat_put_le(&c->offsets, c->data.len, 4);
		break;
	case RD_DECIMAL:
		flat_put_le(&c->data, (uint64_t)v->d, 8);
		flat_put_le(&c->data, (uint64_t)((rd_uint128)v->d >> 64), 8);
		break;
	case RD_DOUBLE:
		memcpy(&bits, &v->f, 8);
		flat_put_le(&c->data, bits, 8);
		break;
	default:
		flat_put_le(&c->data, (uint64_t)v->i,
			    v->type.type == RD_INT32 || v->type.type == RD_DATE ? 4 : 8);
	}
}

static void put_column(struct batch_out *b, const struct slice *s, uint32_t column, uint32_t n)
{
	struct column_out *c = &b->column[column];

	for (uint32_t i = 0; i < n; i++) {
		bool null = is_null(s, column, s->first + i);
		struct rd_value v = { .type = s->vec[column].type };

		if (!null)
			v = rd_vec_value(&s->vec[column], (uint32_t)(s->first + i));
		put_bit(&c->valid, b->n + i, !null);
		c->nulls += null;
		put_value(c, &v, b->n + i);
	}
}

/* A buffer's place in the body: all begin at multiples of 8. */
static void place_buffer(struct rd_buf *places, uint64_t *at, size_t len)
{
	flat_put_le(places, *at, 8);
	flat_put_le(places, len, 8);
	*at += (len + 7) / 8 * 8;
}

static bool write_buffer(const struct batch_out *b, struct rd_buf *buffer, struct rd_err *err)
{
	flat_align(buffer, 8);
	return rd_buf_ok(buffer, err) &&
	       (buffer->len == 0 || b->sink->write(b->sink->ctx, rd_buf_view(buffer), err));
}

static bool write_head(const struct batch_out *b, struct rd_buf *nodes, struct rd_buf *places,
		       uint64_t body_len, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf meta = { .max = ARROW_METADATA_MAX };
	size_t message, batch;

	if (!rd_buf_ok(nodes, err) || !rd_buf_ok(places, err))
		return false;
	message = begin_message(&meta, ARROW_BATCH, body_len);
	batch = flat_put_table(&meta, 3, 7);
	flat_point(&meta, message, 2, batch);
	flat_set(&meta, batch, 0, 8, b->n);
	flat_point(&meta, batch, 1, flat_put_vector(&meta, (uint32_t)(nodes->len / 16), 8));
	rd_buf_add(&meta, rd_buf_view(nodes));
	flat_point(&meta, batch, 2, flat_put_vector(&meta, (uint32_t)(places->len / 16), 8));
	rd_buf_add(&meta, rd_buf_view(places));
	return put_message(&meta, b->sink, err);
}

static bool flush(struct batch_out *b, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf nodes = { .max = ARROW_METADATA_MAX };
	RD_AUTO(rd_buf_free) struct rd_buf places = { .max = ARROW_METADATA_MAX };
	uint64_t at = 0;

	if (b->n == 0)
		return true;
	for (uint32_t i = 0; i < b->n_cols; i++) {
		struct column_out *c = &b->column[i];

		if (c->nulls == 0)
			rd_buf_clear(&c->valid);
		flat_put_le(&nodes, b->n, 8);
		flat_put_le(&nodes, c->nulls, 8);
		place_buffer(&places, &at, c->valid.len);
		if (c->offsets.len)
			place_buffer(&places, &at, c->offsets.len);
		place_buffer(&places, &at, c->data.len);
	}
	if (!write_head(b, &nodes, &places, at, err))
		return false;
	for (uint32_t i = 0; i < b->n_cols; i++) {
		struct column_out *c = &b->column[i];

		if (!write_buffer(b, &c->valid, err) || !write_buffer(b, &c->offsets, err) ||
		    !write_buffer(b, &c->data, err))
			return false;
		rd_buf_clear(&c->valid);
		rd_buf_clear(&c->offsets);
		rd_buf_clear(&c->data);
		c->nulls = 0;
	}
	b->n = 0;
	b->text_bytes = 0;
	return true;
}

/* How many of the slice's rows the batch has room for, at least one; counts their texts. */
static uint32_t rows_that_fit(struct batch_out *b, const struct slice *s)
{
	uint32_t most = s->n < b->room - b->n ? s->n : b->room - b->n, n = 0;

	for (; n < most && b->text_bytes < BATCH_BYTES; n++)
		for (uint32_t c = 0; c < b->n_cols; c++)
			if (s->vec[c].type.type == RD_TEXT && !is_null(s, c, s->first + n))
				b->text_bytes +=
					rd_vec_value(&s->vec[c], (uint32_t)(s->first + n)).text.len;
	return n;
}

static bool add_rows(struct batch_out *b, struct slice s, struct rd_err *err)
{
	while (s.n) {
		uint32_t n = rows_that_fit(b, &s);

		for (uint32_t c = 0; c < b->n_cols; c++)
			put_column(b, &s, c, n);
		b->n += n;
		s.first += n;
		s.n -= n;
		if ((b->n == b->room || b->text_bytes >= BATCH_BYTES) && !flush(b, err))
			return false;
	}
	return true;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static bool unload_batch(void *ctx, const struct rd_batch *batch, struct rd_err *err)
{
	return add_rows(ctx, (struct slice){ .vec = batch->col, .n = batch->n }, err);
}

bool rd_arrow_unload(const struct rd_table *table, const struct rd_sink *sink, struct rd_err *err)
{
	struct batch_out b RD_AUTO(batch_out_free) = { .n_cols = 0 };
	const struct rd_schema *schema = rd_table_schema(table);

	return batch_out_begin(&b, schema->n, sink, err) &&
	       put_schema(schema->column, schema->n, sink, err) &&
	       table_walk(table, unload_batch, &b, err) && flush(&b, err) && put_end(sink, err);
}

static bool add(void *ctx, struct rd_view bytes, struct rd_err *err)
{
	rd_buf_add(ctx, bytes);
	return rd_buf_ok(ctx, err);
}

bool rd_rows_to_arrow(const struct rd_rows *rows, struct rd_buf *out, struct rd_err *err)
{
	struct batch_out b RD_AUTO(batch_out_free) = { .n_cols = 0 };
	const struct rd_sink sink = { .ctx = out, .write = add };
	struct slice s = { .vec = rows->vec, .withheld = rows->withheld };

	if (!batch_out_begin(&b, rows->n_cols, &sink, err) ||
	    !put_schema(rows->column, rows->n_cols, &sink, err))
		return false;
	for (; s.first < rows->n_rows; s.first += s.n) {
		uint64_t left = rows->n_rows - s.first;

		s.n = left < BATCH_ROWS ? (uint32_t)left : BATCH_ROWS;
		if (!add_rows(&b, s, err))
			return false;
	}
	return flush(&b, err) && put_end(&sink, err);
}
