/* Tables and answers as Arrow IPC streams. */
#include "arrow_int.h"
#include "walk_int.h"

#define BATCH_ROWS 65536u
#define VERSION_5 4u
#define MESSAGE_MAX ((size_t)2 << 30)

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

static bool put_message(struct rd_buf *meta, struct rd_view body, const struct rd_sink *sink,
			struct rd_err *err)
{
	uint8_t head[8];

	flat_align(meta, 8);
	if (!rd_buf_ok(meta, err))
		return false;
	rd_store_le32(head, ARROW_CONTINUATION);
	rd_store_le32(head + 4, (uint32_t)meta->len);
	return sink->write(sink->ctx, rd_view_of(head, sizeof(head)), err) &&
	       sink->write(sink->ctx, rd_buf_view(meta), err) &&
	       (body.len == 0 || sink->write(sink->ctx, body, err));
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
	return put_message(&meta, rd_view_of(NULL, 0), sink, err);
}

/* ---- batches --------------------------------------------------------------------------------- */

/* Rows [first, first + n) of vectors as one record batch. */
struct slice {
	const struct rd_vec *vec;
	uint64_t *const *withheld; /* of answers; NULL: none */
	uint32_t n_cols, n;
	uint64_t first;
};

struct body {
	struct rd_buf bytes, buffers; /* buffers: pairs of offset and length */
	struct rd_buf nodes;          /* pairs of length and null count */
};

static void body_free(struct body *b)
{
	rd_buf_free(&b->bytes);
	rd_buf_free(&b->buffers);
	rd_buf_free(&b->nodes);
}

/* What was added since `start` is one buffer. */
static void end_buffer(struct body *b, size_t start)
{
	flat_put_le(&b->buffers, start, 8);
	flat_put_le(&b->buffers, b->bytes.len - start, 8);
	flat_align(&b->bytes, 8);
}

static bool is_null(const struct slice *s, uint32_t column, uint32_t row)
{
	uint64_t at = s->first + row;

	return rd_vec_is_null(&s->vec[column], (uint32_t)at) ||
	       (s->withheld && s->withheld[column] && rd_bit(s->withheld[column], at));
}

static void put_validity(struct body *b, const struct slice *s, uint32_t column)
{
	size_t start = b->bytes.len, len = (s->n + 7) / 8;
	uint8_t *bits = rd_buf_extend(&b->bytes, len);
	uint64_t nulls = 0;

	if (!bits)
		return;
	memset(bits, 0, len);
	for (uint32_t i = 0; i < s->n; i++) {
		bool null = is_null(s, column, i);

		nulls += null;
		bits[i / 8] |= (uint8_t)(!null << i % 8);
	}
	if (nulls == 0)
		b->bytes.len = start;
	end_buffer(b, start);
	flat_put_le(&b->nodes, s->n, 8);
	flat_put_le(&b->nodes, nulls, 8);
}

static bool put_texts(struct body *b, const struct slice *s, uint32_t column, struct rd_err *err)
{
	size_t start = b->bytes.len;
	uint64_t at = 0;

	flat_put_le(&b->bytes, 0, 4);
	for (uint32_t i = 0; i < s->n; i++) {
		struct rd_value v = rd_vec_value(&s->vec[column], (uint32_t)(s->first + i));

		at += is_null(s, column, i) ? 0 : v.text.len;
		flat_put_le(&b->bytes, at, 4);
	}
	if (at > INT32_MAX)
		return rd_fail(err, RD_FAULT_FAILED, "table.arrow.form",
			       "more than 2 GiB of text in one batch");
	end_buffer(b, start);
	start = b->bytes.len;
	for (uint32_t i = 0; i < s->n; i++) {
		struct rd_value v = rd_vec_value(&s->vec[column], (uint32_t)(s->first + i));

		if (!is_null(s, column, i))
			rd_buf_add(&b->bytes, v.text);
	}
	end_buffer(b, start);
	return true;
}

static void put_bits(struct body *b, const struct slice *s, uint32_t column)
{
	size_t start = b->bytes.len, len = (s->n + 7) / 8;
	uint8_t *bits = rd_buf_extend(&b->bytes, len);

	if (!bits)
		return;
	memset(bits, 0, len);
	for (uint32_t i = 0; i < s->n; i++)
		bits[i / 8] |=
			(uint8_t)((rd_vec_value(&s->vec[column], (uint32_t)(s->first + i)).i & 1)
				  << i % 8);
	end_buffer(b, start);
}

static void put_numbers(struct body *b, const struct slice *s, uint32_t column)
{
	struct rd_coltype type = s->vec[column].type;
	size_t start = b->bytes.len;

	for (uint32_t i = 0; i < s->n; i++) {
		struct rd_value v = rd_vec_value(&s->vec[column], (uint32_t)(s->first + i));
		uint64_t bits;

		if (type.type == RD_DECIMAL) {
			flat_put_le(&b->bytes, (uint64_t)v.d, 8);
			flat_put_le(&b->bytes, (uint64_t)((rd_uint128)v.d >> 64), 8);
		} else if (type.type == RD_DOUBLE) {
			memcpy(&bits, &v.f, 8);
			flat_put_le(&b->bytes, bits, 8);
		} else {
			flat_put_le(&b->bytes, (uint64_t)v.i,
				    type.type == RD_INT32 || type.type == RD_DATE ? 4 : 8);
		}
	}
	end_buffer(b, start);
}

static bool put_column(struct body *b, const struct slice *s, uint32_t column, struct rd_err *err)
{
	put_validity(b, s, column);
	if (s->vec[column].type.type == RD_TEXT)
		return put_texts(b, s, column, err);
	if (s->vec[column].type.type == RD_BOOL)
		put_bits(b, s, column);
	else
		put_numbers(b, s, column);
	return true;
}

static bool put_batch(const struct slice *s, const struct rd_sink *sink, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf meta = { .max = ARROW_METADATA_MAX };
	struct body b RD_AUTO(body_free) = { .bytes = { .max = MESSAGE_MAX },
					     .buffers = { .max = ARROW_METADATA_MAX },
					     .nodes = { .max = ARROW_METADATA_MAX } };
	size_t message, batch;

	for (uint32_t c = 0; c < s->n_cols; c++)
		if (!put_column(&b, s, c, err))
			return false;
	if (!rd_buf_ok(&b.bytes, err) || !rd_buf_ok(&b.buffers, err) || !rd_buf_ok(&b.nodes, err))
		return false;
	message = begin_message(&meta, ARROW_BATCH, b.bytes.len);
	batch = flat_put_table(&meta, 3, 7);
	flat_point(&meta, message, 2, batch);
	flat_set(&meta, batch, 0, 8, s->n);
	flat_point(&meta, batch, 1, flat_put_vector(&meta, (uint32_t)(b.nodes.len / 16), 8));
	rd_buf_add(&meta, rd_buf_view(&b.nodes));
	flat_point(&meta, batch, 2, flat_put_vector(&meta, (uint32_t)(b.buffers.len / 16), 8));
	rd_buf_add(&meta, rd_buf_view(&b.buffers));
	return put_message(&meta, rd_buf_view(&b.bytes), sink, err);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static bool unload_batch(void *ctx, const struct rd_batch *batch, struct rd_err *err)
{
	const struct slice s = { .vec = batch->col, .n_cols = batch->n_cols, .n = batch->n };

	return put_batch(&s, ctx, err);
}

bool rd_arrow_unload(const struct rd_table *table, const struct rd_sink *sink, struct rd_err *err)
{
	const struct rd_schema *schema = rd_table_schema(table);
	struct rd_sink to = *sink;

	return put_schema(schema->column, schema->n, sink, err) &&
	       table_walk(table, unload_batch, &to, err) && put_end(sink, err);
}

static bool add(void *ctx, struct rd_view bytes, struct rd_err *err)
{
	rd_buf_add(ctx, bytes);
	return rd_buf_ok(ctx, err);
}

bool rd_rows_to_arrow(const struct rd_rows *rows, struct rd_buf *out, struct rd_err *err)
{
	const struct rd_sink sink = { .ctx = out, .write = add };
	struct slice s = { .vec = rows->vec, .withheld = rows->withheld, .n_cols = rows->n_cols };

	if (!put_schema(rows->column, rows->n_cols, &sink, err))
		return false;
	for (; s.first < rows->n_rows; s.first += s.n) {
		uint64_t left = rows->n_rows - s.first;

		s.n = left < BATCH_ROWS ? (uint32_t)left : BATCH_ROWS;
		if (!put_batch(&s, &sink, err))
			return false;
	}
	return put_end(&sink, err);
}
