/* Bodies of record batches: buffers, dictionaries, rows. */
#include "arrow_read_int.h"

#include <lz4frame.h>
#include <stdlib.h>
#include <zstd.h>

#define UNPACKED_MAX ((size_t)2 << 30)
#define DICTIONARIES_MAX RD_COLUMNS_MAX
#define DICTIONARY_VALUES_MAX (1u << 24)

enum packing { PACKED_LZ4 = 0, PACKED_ZSTD = 1, NOT_PACKED = 2 };

/* The parts of a record batch that are walked through column by column. */
struct batch {
	struct arrow_reader *r;
	uint64_t n_rows, body_len;
	struct rd_view nodes, buffers, variadic;
	uint32_t n_nodes, n_buffers, n_variadic;
	uint32_t node, buffer, view; /* the next ones */
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
	if (len == -1 || len == 0) {
		*bytes = rd_view_of(in.data, len ? in.len : 0);
		return true;
	}
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

/* The buffers of bytes behind views. */
static bool read_variadic(struct batch *b, struct arrow_column *c, struct rd_err *err)
{
	struct rd_view *buffer;
	uint64_t n;

	if (b->view == b->n_variadic)
		return arrow_bad(b->r, "it does not say how many buffers a view has", err);
	n = rd_load_le64(b->variadic.data + 8 * (size_t)b->view++);
	if (n > b->n_buffers)
		return arrow_bad(b->r, "it has fewer buffers than its columns take", err);
	buffer = RD_NEW_ARRAY(b->r->unpacked, struct rd_view, n, err);
	if (!buffer)
		return false;
	for (uint64_t i = 0; i < n; i++)
		if (!next_buffer(b, &buffer[i], err))
			return false;
	c->buffer = buffer;
	c->n_buffers = (uint32_t)n;
	return true;
}

/* Rows, and the validity where it counts: without NULLs it may be there, or not. */
static bool read_node(struct batch *b, const struct arrow_field *f, struct arrow_column *c,
		      struct rd_err *err)
{
	uint64_t nulls;

	if (b->node == b->n_nodes)
		return arrow_bad(b->r, "it has fewer columns than the schema", err);
	c->n = rd_load_le64(b->nodes.data + 16 * (size_t)b->node);
	nulls = rd_load_le64(b->nodes.data + 16 * (size_t)b->node + 8);
	b->node++;
	if (c->n != b->n_rows || c->n > UINT32_MAX)
		return arrow_bad(b->r, "a column has another number of rows than its batch", err);
	if (f->layout == ARROW_NO_BUFFERS)
		return true;
	if (!next_buffer(b, &c->valid, err))
		return false;
	if (nulls == 0)
		c->valid = (struct rd_view){ 0 };
	return nulls == 0 || at_least(b, c->valid, c->n, 1, err);
}

/* Node and buffers of one column, as values or as indexes of a dictionary. */
static bool read_column(struct batch *b, const struct arrow_field *f, bool indexes,
			struct arrow_column *c, struct rd_err *err)
{
	const struct arrow_field index = { .layout = ARROW_VALUES, .bits = f->index_bits };

	if (indexes)
		f = &index;
	*c = (struct arrow_column){ 0 };
	if (!read_node(b, f, c, err))
		return false;
	switch (f->layout) {
	case ARROW_NO_BUFFERS:
		return true;
	case ARROW_VALUES:
	case ARROW_VIEWS:
		return next_buffer(b, &c->data, err) && at_least(b, c->data, c->n, f->bits, err) &&
		       (f->layout == ARROW_VALUES || read_variadic(b, c, err));
	default:
		/* Nothing has no offsets, or one. */
		return next_buffer(b, &c->offsets, err) && next_buffer(b, &c->data, err) &&
		       (c->n == 0 || at_least(b, c->offsets, c->n + 1, f->bits, err));
	}
}

static bool begin_batch(struct batch *b, struct arrow_message *m, const struct flat_table *t,
			struct rd_err *err)
{
	struct flat_table packed;
	uint64_t codec, method;

	b->n_rows = flat_scalar(&m->flat, t, 0, 8, 0);
	b->nodes = flat_vector(&m->flat, t, 1, 16, &b->n_nodes);
	b->buffers = flat_vector(&m->flat, t, 2, 16, &b->n_buffers);
	b->variadic = flat_vector(&m->flat, t, 4, 8, &b->n_variadic);
	b->body_len = m->body_len;
	b->packing = NOT_PACKED;
	if (flat_child(&m->flat, t, 3, &packed)) {
		codec = flat_scalar(&m->flat, &packed, 0, 1, PACKED_LZ4);
		method = flat_scalar(&m->flat, &packed, 1, 1, 0);
		if (codec > PACKED_ZSTD || method != 0)
			return arrow_bad(b->r, "it is packed in an unknown way", err);
		b->packing = (enum packing)codec;
	}
	if (b->r->unpacked)
		rd_arena_reset(b->r->unpacked);
	else if (!rd_arena_new(UNPACKED_MAX, &b->r->unpacked, err))
		return false;
	return !m->flat.bad || arrow_bad(b->r, "its metadata is broken", err);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static bool value_of(struct arrow_reader *r, const struct arrow_field *f,
		     const struct arrow_column *c, uint64_t i, struct rd_value *out,
		     struct rd_err *err)
{
	const struct rd_coltype type = out->type;
	size_t size = f->index_bits / 8;
	const uint8_t *p;
	uint64_t index;

	if (!f->has_dictionary)
		return arrow_value(r, f, c, i, out, err);
	p = c->data.data + i * size;
	/* A negative one is far outside. */
	index = f->index_signed ? (uint64_t)arrow_int(r, p, size) : arrow_uint(r, p, size);
	if (!c->dictionary || index >= c->dictionary->n)
		return arrow_bad(r, "an index is not in its dictionary", err);
	*out = c->dictionary->value[index];
	out->type = type;
	return true;
}

/* Of indexes: their own validity counts, not that of the values. */
static bool cell_is_null(const struct arrow_field *f, const struct arrow_column *c, uint64_t i)
{
	static const struct arrow_field index = { .layout = ARROW_VALUES };

	return arrow_is_null(f->has_dictionary ? &index : f, c, i);
}

static bool load_row(struct arrow_reader *r, uint64_t i, struct row_load *rows, struct rd_err *err)
{
	for (uint32_t k = 0; k < r->n_fields; k++) {
		const struct arrow_field *f = &r->field[k];
		const struct arrow_column *c = &r->column[k];
		struct rd_value value = { .type = rows->schema->column[k].type,
					  .is_null = cell_is_null(f, c, i) };

		if ((!value.is_null && !value_of(r, f, c, i, &value, err)) ||
		    !row_load_put(rows, k, &value, err))
			return rd_wrap(err, "column %.*s, row %llu of its batch", RD_FMT(f->name),
				       (unsigned long long)i);
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

		if (!read_column(&b, f, f->has_dictionary, &r->column[k], err))
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

/* The one of that id, new, or emptied unless it grows; NULL with *err set. */
static struct arrow_dictionary *find_dictionary(struct arrow_reader *r, int64_t id, bool grows,
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
		d->id = id;
	}
	if (!grows) {
		rd_arena_free(&d->arena);
		d->n = 0;
	}
	return d->arena || rd_arena_new(UNPACKED_MAX, &d->arena, err) ? d : NULL;
}

static bool make_room(const struct arrow_reader *r, struct arrow_dictionary *d, uint64_t more,
		      struct rd_err *err)
{
	uint64_t room = d->n + more;
	struct rd_value *value;

	if (room > DICTIONARY_VALUES_MAX)
		return arrow_bad(r, "a dictionary of more than 16 million values", err);
	if (room <= d->room)
		return true;
	room = room < 2 * (uint64_t)d->room ? 2 * (uint64_t)d->room : room;
	value = realloc(d->value, room * sizeof(*value));
	if (!value)
		return rd_fail_errno(err, "base.memory", "dictionary");
	d->value = value;
	d->room = (uint32_t)room;
	return true;
}

/* The values stay: those of the batch go with it. */
static bool add_values(struct arrow_reader *r, const struct arrow_field *f,
		       const struct arrow_column *c, struct arrow_dictionary *d, struct rd_err *err)
{
	bool is_text = arrow_is_text(f);

	if (!make_room(r, d, c->n, err))
		return false;
	for (uint64_t i = 0; i < c->n; i++) {
		struct rd_value v = { .is_null = arrow_is_null(f, c, i) };

		if (!v.is_null && (!arrow_value(r, f, c, i, &v, err) ||
				   (is_text && !rd_arena_copy(d->arena, v.text, &v.text, err))))
			return rd_wrap(err, "column %.*s, value %llu of its dictionary",
				       RD_FMT(f->name), (unsigned long long)i);
		d->value[d->n++] = v;
	}
	return true;
}

bool arrow_load_dictionary(struct arrow_reader *r, struct arrow_message *m, struct rd_err *err)
{
	int64_t id = (int64_t)flat_scalar(&m->flat, &m->header, 0, 8, 0);
	bool delta = flat_scalar(&m->flat, &m->header, 2, 1, 0) != 0;
	const struct arrow_field *of = NULL;
	struct arrow_dictionary *d;
	struct arrow_column c;
	struct flat_table data;
	struct batch b = { .r = r };

	for (uint32_t k = r->n_fields; k-- > 0;)
		if (r->field[k].has_dictionary && r->field[k].dictionary == id)
			of = &r->field[k];
	if (!flat_child(&m->flat, &m->header, 1, &data) || m->flat.bad || !of)
		return arrow_bad(r, "a dictionary that is broken, or of no column", err);
	if (!begin_batch(&b, m, &data, err) || !read_column(&b, of, false, &c, err))
		return rd_wrap(err, "dictionary of column %.*s", RD_FMT(of->name));
	d = find_dictionary(r, id, delta, err);
	return d && add_values(r, of, &c, d, err);
}
