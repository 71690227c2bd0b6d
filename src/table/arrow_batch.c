/* Bodies of record batches: buffers, dictionaries, values. */
#include "arrow_read_int.h"

#include <lz4frame.h>
#include <math.h>
#include <stdlib.h>
#include <zstd.h>

#define UNPACKED_MAX ((size_t)2 << 30)
#define DICTIONARIES_MAX RD_COLUMNS_MAX

enum packing { PACKED_LZ4 = 0, PACKED_ZSTD = 1, NOT_PACKED = 2 };

/* The parts of a record batch that are walked through column by column. */
struct batch {
	struct arrow_reader *r;
	uint64_t n_rows, body_len;
	struct rd_view nodes, buffers;
	uint32_t n_nodes, n_buffers, node, buffer; /* the next ones */
	enum packing packing;
};

/* ---- buffers --------------------------------------------------------------------------------- */

static bool unlz4(struct rd_view in, uint8_t *out, size_t len)
{
	LZ4F_dctx *ctx = NULL;
	size_t got = len, used = in.len, more = 1;

	if (LZ4F_isError(LZ4F_createDecompressionContext(&ctx, LZ4F_VERSION)))
		return false;
	more = LZ4F_decompress(ctx, out, &got, in.data, &used, NULL);
	(void)LZ4F_freeDecompressionContext(ctx);
	return more == 0 && got == len && used == in.len;
}

/* Length before packing (-1: not packed), bytes. */
static bool unpack(struct batch *b, struct rd_view *bytes, struct rd_err *err)
{
	int64_t len = bytes->len >= 8 ? (int64_t)rd_load_le64(bytes->data) : -2;
	struct rd_view in;
	uint8_t *out;
	bool ok;

	if (bytes->len == 0)
		return true;
	if (len < -1 || len > (int64_t)UNPACKED_MAX)
		return arrow_bad(b->r, "a packed buffer states no length, or an absurd one", err);
	in = rd_view_of(bytes->data + 8, bytes->len - 8);
	if (len == -1) {
		*bytes = in;
		return true;
	}
	if (!b->r->unpacked && !rd_arena_new(UNPACKED_MAX, &b->r->unpacked, err))
		return false;
	out = rd_arena_alloc(b->r->unpacked, (size_t)len + 16, 1, err);
	if (!out)
		return false;
	ok = b->packing == PACKED_ZSTD
		     ? ZSTD_decompress(out, (size_t)len, in.data, in.len) == (size_t)len
		     : unlz4(in, out, (size_t)len);
	*bytes = rd_view_of(out, (size_t)len);
	return ok || arrow_bad(b->r, "a packed buffer does not unpack to its length", err);
}

static bool next_buffer(struct batch *b, struct rd_view *out, struct rd_err *err)
{
	uint64_t offset, len;

	if (b->buffer == b->n_buffers)
		return arrow_bad(b->r, "it has fewer buffers than its columns take", err);
	offset = rd_load_le64(b->buffers.data + 16 * (size_t)b->buffer);
	len = rd_load_le64(b->buffers.data + 16 * (size_t)b->buffer + 8);
	b->buffer++;
	if (offset > b->body_len || len > b->body_len - offset)
		return arrow_bad(b->r, "a buffer lies outside its body", err);
	*out = rd_view_of(b->r->body_store.data + offset, (size_t)len);
	return b->packing == NOT_PACKED || unpack(b, out, err);
}

static bool at_least(const struct batch *b, struct rd_view buffer, uint64_t n, uint32_t bits,
		     struct rd_err *err)
{
	return n <= UINT32_MAX && buffer.len >= (n * bits + 7) / 8
		       ? true
		       : arrow_bad(b->r, "a buffer is shorter than its rows", err);
}

static uint32_t value_bits(const struct arrow_field *f)
{
	switch (f->type) {
	case ARROW_BOOL:
		return 1;
	case ARROW_FLOAT:
		return f->unit == 1 ? 32 : 64;
	case ARROW_TIMESTAMP:
		return 64;
	default:
		return f->bits;
	}
}

/* Node and buffers of one column; a text's values lie behind its offsets. */
static bool read_column(struct batch *b, const struct arrow_field *f, struct arrow_column *c,
			struct rd_err *err)
{
	bool text = !f->has_dictionary && (f->type == ARROW_UTF8 || f->type == ARROW_LARGE_UTF8);
	uint32_t offset_bits = f->type == ARROW_LARGE_UTF8 ? 64 : 32;

	*c = (struct arrow_column){ 0 };
	if (b->node == b->n_nodes)
		return arrow_bad(b->r, "it has fewer columns than the schema", err);
	c->n = rd_load_le64(b->nodes.data + 16 * (size_t)b->node);
	b->node++;
	if (c->n != b->n_rows || c->n > UINT32_MAX)
		return arrow_bad(b->r, "a column has another number of rows than its batch", err);
	if (f->type == ARROW_NULL)
		return true;
	if (!next_buffer(b, &c->valid, err) ||
	    (c->valid.len && !at_least(b, c->valid, c->n, 1, err)))
		return false;
	if (!text)
		return next_buffer(b, &c->data, err) &&
		       at_least(b, c->data, c->n, value_bits(f), err);
	if (!next_buffer(b, &c->offsets, err) || !next_buffer(b, &c->data, err))
		return false;
	return c->n == 0 || at_least(b, c->offsets, c->n + 1, offset_bits, err);
}

static bool begin_batch(struct batch *b, struct arrow_message *m, const struct flat_table *t,
			struct rd_err *err)
{
	struct flat_table packed;

	b->n_rows = flat_scalar(&m->flat, t, 0, 8, 0);
	b->nodes = flat_vector(&m->flat, t, 1, 16, &b->n_nodes);
	b->buffers = flat_vector(&m->flat, t, 2, 16, &b->n_buffers);
	b->body_len = m->body_len;
	b->packing = NOT_PACKED;
	if (flat_child(&m->flat, t, 3, &packed))
		b->packing = (enum packing)flat_scalar(&m->flat, &packed, 0, 1, 0);
	if (b->r->unpacked)
		rd_arena_reset(b->r->unpacked);
	if (m->flat.bad || b->packing > NOT_PACKED)
		return arrow_bad(b->r, "its metadata is broken, or it is packed in an unknown way",
				 err);
	return true;
}

/* ---- values ---------------------------------------------------------------------------------- */

static bool bit(struct rd_view bits, uint64_t i)
{
	return bits.data[i / 8] >> (i % 8) & 1;
}

static bool text_at(const struct arrow_reader *r, const struct arrow_field *f,
		    const struct arrow_column *c, uint64_t i, struct rd_view *out,
		    struct rd_err *err)
{
	bool large = f->type == ARROW_LARGE_UTF8;
	const uint8_t *p = c->offsets.data + i * (large ? 8 : 4);
	uint64_t from = large ? rd_load_le64(p) : rd_load_le32(p);
	uint64_t to = large ? rd_load_le64(p + 8) : rd_load_le32(p + 4);

	if (from > to || to > c->data.len || to - from > RD_TEXT_MAX)
		return arrow_bad(r, "a text lies outside its buffer, or is too long", err);
	*out = rd_view_of(c->data.data + from, (size_t)(to - from));
	return rd_utf8_valid(*out) || arrow_bad(r, "a text is not UTF-8", err);
}

static int64_t int_at(const struct arrow_field *f, const struct arrow_column *c, uint64_t i)
{
	const uint8_t *p = c->data.data + i * f->bits / 8;
	uint64_t v = 0;

	memcpy(&v, p, f->bits / 8);
	if (f->is_signed && f->bits < 64)
		return (int64_t)(v << (64 - f->bits)) >> (64 - f->bits);
	return (int64_t)v;
}

static bool index_at(const struct arrow_reader *r, const struct arrow_field *f,
		     const struct arrow_column *c, uint64_t i, struct rd_value *out,
		     struct rd_err *err)
{
	uint64_t index = (uint64_t)int_at(f, c, i);

	if (!c->dictionary || index >= c->dictionary->n)
		return arrow_bad(r, "an index is not in its dictionary", err);
	out->text = c->dictionary->text[index];
	return true;
}

static int64_t floor_div(int64_t v, int64_t by)
{
	return v / by - (v % by < 0);
}

static bool time_at(const struct arrow_reader *r, const struct arrow_field *f,
		    const struct arrow_column *c, uint64_t i, struct rd_value *out,
		    struct rd_err *err)
{
	int64_t v = 0;

	memcpy(&v, c->data.data + i * 8, 8);
	if (f->unit == ARROW_NANO)
		out->i = floor_div(v, 1000);
	else if (__builtin_mul_overflow(v,
					(int64_t)(f->unit == ARROW_SECOND  ? 1000000
						  : f->unit == ARROW_MILLI ? 1000
									   : 1),
					&out->i))
		return arrow_bad(r, "a timestamp does not fit 64 bits of microseconds", err);
	return true;
}

static bool date_at(const struct arrow_reader *r, const struct arrow_field *f,
		    const struct arrow_column *c, uint64_t i, struct rd_value *out,
		    struct rd_err *err)
{
	int64_t v = 0;

	if (f->bits == 32) {
		int32_t days;

		memcpy(&days, c->data.data + i * 4, 4);
		out->i = days;
		return true;
	}
	memcpy(&v, c->data.data + i * 8, 8);
	out->i = floor_div(v, 86400000);
	return (out->i >= INT32_MIN && out->i <= INT32_MAX) ||
	       arrow_bad(r, "a date does not fit 32 bits of days", err);
}

static void float_at(const struct arrow_field *f, const struct arrow_column *c, uint64_t i,
		     struct rd_value *out)
{
	float single;

	if (f->unit == 2) {
		memcpy(&out->f, c->data.data + i * 8, 8);
	} else {
		memcpy(&single, c->data.data + i * 4, 4);
		out->f = rd_double_of_float(single);
	}
}

/* One value that is not NULL. */
static bool value_at(const struct arrow_reader *r, const struct arrow_field *f,
		     const struct arrow_column *c, uint64_t i, struct rd_value *out,
		     struct rd_err *err)
{
	if (f->has_dictionary)
		return index_at(r, f, c, i, out, err);
	switch (f->type) {
	case ARROW_UTF8:
	case ARROW_LARGE_UTF8:
		return text_at(r, f, c, i, &out->text, err);
	case ARROW_BOOL:
		out->i = bit(c->data, i);
		return true;
	case ARROW_INT:
		if (f->bits == 64 && !f->is_signed)
			out->d = (rd_int128)(uint64_t)int_at(f, c, i);
		else
			out->i = int_at(f, c, i);
		return true;
	case ARROW_DECIMAL:
		memcpy(&out->d, c->data.data + i * 16, 16);
		return rd_decimal_fits(out->d, (uint8_t)f->precision) ||
		       arrow_bad(r, "a decimal has more digits than its type", err);
	case ARROW_DATE:
		return date_at(r, f, c, i, out, err);
	case ARROW_TIMESTAMP:
		return time_at(r, f, c, i, out, err);
	default:
		float_at(f, c, i, out);
		return true;
	}
}

static bool load_row(struct arrow_reader *r, uint64_t i, struct row_load *rows, struct rd_err *err)
{
	for (uint32_t k = 0; k < r->n_fields; k++) {
		const struct arrow_column *c = &r->column[k];
		struct rd_value value = { .type = rows->schema->column[k].type };

		value.is_null =
			r->field[k].type == ARROW_NULL || (c->valid.len && !bit(c->valid, i));
		if ((!value.is_null && !value_at(r, &r->field[k], c, i, &value, err)) ||
		    !row_load_put(rows, k, &value, err))
			return rd_wrap(err, "column %.*s, row %llu of its batch",
				       RD_FMT(r->field[k].name), (unsigned long long)i);
	}
	return true;
}

bool arrow_load_batch(struct arrow_reader *r, struct arrow_message *m, struct row_load *rows,
		      struct rd_err *err)
{
	struct batch b = { .r = r };
	bool handed_on;

	if (!begin_batch(&b, m, &m->header, err))
		return false;
	for (uint32_t k = 0; k < r->n_fields; k++) {
		const struct arrow_field *f = &r->field[k];

		if (!read_column(&b, f, &r->column[k], err))
			return rd_wrap(err, "column %.*s", RD_FMT(f->name));
		for (uint32_t d = 0; f->has_dictionary && d < r->n_dictionaries; d++)
			if (r->dictionary[d].id == f->dictionary)
				r->column[k].dictionary = &r->dictionary[d];
	}
	for (uint64_t i = 0; i < b.n_rows; i++)
		if (!load_row(r, i, rows, err) || !row_load_end_row(rows, &handed_on, err))
			return false;
	return true;
}

/* ---- dictionaries ---------------------------------------------------------------------------- */

/* The one of that id, new or emptied; NULL with *err set. */
static struct arrow_dictionary *find_dictionary(struct arrow_reader *r, int64_t id,
						struct rd_err *err)
{
	struct arrow_dictionary *d = NULL;

	if (!r->dictionary)
		r->dictionary = calloc(DICTIONARIES_MAX, sizeof(*r->dictionary));
	if (!r->dictionary) {
		rd_fail_errno(err, "base.memory", "dictionaries");
		return NULL;
	}
	for (uint32_t i = 0; i < r->n_dictionaries; i++)
		if (r->dictionary[i].id == id)
			d = &r->dictionary[i];
	if (!d) {
		if (r->n_dictionaries == DICTIONARIES_MAX) {
			arrow_bad(r, "more dictionaries than columns", err);
			return NULL;
		}
		d = &r->dictionary[r->n_dictionaries++];
	}
	rd_arena_free(&d->arena);
	*d = (struct arrow_dictionary){ .id = id };
	return rd_arena_new(UNPACKED_MAX, &d->arena, err) ? d : NULL;
}

bool arrow_load_dictionary(struct arrow_reader *r, struct arrow_message *m, struct rd_err *err)
{
	int64_t id = (int64_t)flat_scalar(&m->flat, &m->header, 0, 8, 0);
	bool delta = flat_scalar(&m->flat, &m->header, 2, 1, 0) != 0;
	const struct arrow_field *of = NULL;
	struct arrow_field text;
	struct arrow_dictionary *d;
	struct arrow_column c;
	struct flat_table data;
	struct batch b = { .r = r };

	for (uint32_t k = 0; k < r->n_fields; k++)
		if (r->field[k].has_dictionary && r->field[k].dictionary == id)
			of = &r->field[k];
	if (!flat_child(&m->flat, &m->header, 1, &data) || m->flat.bad || !of)
		return arrow_bad(r, "a dictionary that is broken, or of no column", err);
	if (delta)
		return rd_fail(err, RD_FAULT_REFUSED, "table.arrow.type",
			       "%s: dictionaries that grow (deltas) are not read", r->name);
	text = *of;
	text.has_dictionary = false;
	if (!begin_batch(&b, m, &data, err) || !read_column(&b, &text, &c, err))
		return false;
	d = find_dictionary(r, id, err);
	if (!d)
		return false;
	d->text = RD_NEW_ARRAY(d->arena, struct rd_view, c.n, err);
	if (!d->text)
		return false;
	for (uint64_t i = 0; i < c.n; i++) {
		struct rd_view v;

		if (!text_at(r, &text, &c, i, &v, err) ||
		    !rd_arena_copy(d->arena, v, &d->text[i], err))
			return false;
	}
	d->n = (uint32_t)c.n;
	return true;
}
