/* Arrow IPC streams: messages, schema, dictionaries, record batches. */
#include "arrow_read_int.h"

#include <inttypes.h>
#include <stdlib.h>

bool arrow_bad(const struct arrow_reader *r, const char *what, struct rd_err *err)
{
	return rd_fail(err, RD_FAULT_MALFORMED, "table.arrow.form",
		       "%s: message at byte %" PRIu64 ": %s", r->name, r->message_at, what);
}

/* ---- messages -------------------------------------------------------------------------------- */

static bool read_at(struct arrow_reader *r, uint64_t at, size_t len, struct rd_store *to,
		    struct rd_err *err)
{
	struct rd_span span = { .cap = len };

	if (!rd_store_grow(to, len, 0, err))
		return false;
	span.data = to->data;
	return r->blob->read(r->blob->ctx, at, &span, err) || rd_wrap(err, "%s", r->name);
}

/* Continuation (streams before 0.15 have none), length of the metadata; 0: the end. */
static bool read_length(struct arrow_reader *r, uint32_t *len, struct rd_err *err)
{
	uint64_t left = r->blob->size - r->at;

	*len = 0;
	if (left == 0)
		return true; /* an end without its mark */
	if (left < 4)
		return arrow_bad(r, "it is cut off", err);
	if (!read_at(r, r->at, 4, &r->meta_store, err))
		return false;
	*len = rd_load_le32(r->meta_store.data);
	r->at += 4;
	left -= 4;
	if (*len != ARROW_CONTINUATION)
		return true;
	*len = 0;
	if (left < 4)
		return arrow_bad(r, "it is cut off", err);
	if (!read_at(r, r->at, 4, &r->meta_store, err))
		return false;
	*len = rd_load_le32(r->meta_store.data);
	r->at += 4;
	return true;
}

/* The next message: its metadata is read, its body stays where it is. */
static bool next_message(struct arrow_reader *r, struct arrow_message *m, bool *more,
			 struct rd_err *err)
{
	struct flat_table message;
	uint32_t len;

	r->message_at = r->at;
	if (!read_length(r, &len, err))
		return false;
	*more = len != 0;
	if (!*more)
		return true;
	if (len > ARROW_METADATA_MAX || len > r->blob->size - r->at)
		return arrow_bad(r, "its metadata is longer than the stream, or absurd", err);
	if (!read_at(r, r->at, len, &r->meta_store, err))
		return false;
	r->at += len;
	*m = (struct arrow_message){ .flat = { .in = rd_view_of(r->meta_store.data, len) } };
	message = flat_root(&m->flat);
	m->kind = (enum arrow_header)flat_scalar(&m->flat, &message, 1, 1, 0);
	m->body_len = flat_scalar(&m->flat, &message, 3, 8, 0);
	if (!flat_child(&m->flat, &message, 2, &m->header) || m->flat.bad)
		return arrow_bad(r, "its metadata is broken", err);
	if (m->body_len > r->blob->size - r->at)
		return arrow_bad(r, "its body is longer than the stream", err);
	m->body_at = r->at;
	r->at += m->body_len;
	return true;
}

/* ---- schema ---------------------------------------------------------------------------------- */

static void read_type(struct flat *f, const struct flat_table *field, struct arrow_field *out)
{
	struct flat_table t, dictionary, index;

	out->type = (enum arrow_type)flat_scalar(f, field, 2, 1, 0);
	if (flat_child(f, field, 3, &t)) {
		switch (out->type) {
		case ARROW_INT:
			out->bits = (uint32_t)flat_scalar(f, &t, 0, 4, 0);
			out->is_signed = flat_scalar(f, &t, 1, 1, 0) != 0;
			break;
		case ARROW_FLOAT:
		case ARROW_TIMESTAMP:
			out->unit = (uint32_t)flat_scalar(f, &t, 0, 2, 0);
			break;
		case ARROW_DATE:
			out->bits = flat_scalar(f, &t, 0, 2, 1) ? 64 : 32;
			break;
		case ARROW_DECIMAL:
			out->precision = (int32_t)flat_scalar(f, &t, 0, 4, 0);
			out->scale = (int32_t)flat_scalar(f, &t, 1, 4, 0);
			out->bits = (uint32_t)flat_scalar(f, &t, 2, 4, 128);
			break;
		default:
			break;
		}
	}
	if (!flat_child(f, field, 4, &dictionary))
		return;
	out->has_dictionary = true;
	out->dictionary = (int64_t)flat_scalar(f, &dictionary, 0, 8, 0);
	out->bits = 32;
	out->is_signed = true;
	if (flat_child(f, &dictionary, 1, &index)) {
		out->bits = (uint32_t)flat_scalar(f, &index, 0, 4, 0);
		out->is_signed = flat_scalar(f, &index, 1, 1, 0) != 0;
	}
}

static bool int_bits(uint32_t bits)
{
	return bits == 8 || bits == 16 || bits == 32 || bits == 64;
}

/* Our type; RD_NOTYPE: none. */
static struct rd_coltype type_of(const struct arrow_field *f)
{
	struct rd_coltype type = { .nullable = f->nullable };

	if (f->has_dictionary) {
		bool text = f->type == ARROW_UTF8 || f->type == ARROW_LARGE_UTF8;

		type.type = text && int_bits(f->bits) ? RD_TEXT : RD_NOTYPE;
		return type;
	}
	switch (f->type) {
	case ARROW_BOOL:
		type.type = RD_BOOL;
		break;
	case ARROW_INT:
		if (!int_bits(f->bits))
			break;
		if (f->bits < 32 || (f->bits == 32 && f->is_signed)) {
			type.type = RD_INT32;
		} else if (f->bits == 32 || f->is_signed) {
			type.type = RD_INT64;
		} else {
			type.type = RD_DECIMAL;
			type.precision = 20;
		}
		break;
	case ARROW_FLOAT:
		type.type = f->unit == 1 || f->unit == 2 ? RD_DOUBLE : RD_NOTYPE;
		break;
	case ARROW_DECIMAL:
		if (f->bits != 128 || f->precision < 1 || f->precision > 38 || f->scale < 0 ||
		    f->scale > f->precision)
			break;
		type.type = RD_DECIMAL;
		type.precision = (uint8_t)f->precision;
		type.scale = (uint8_t)f->scale;
		break;
	case ARROW_DATE:
		type.type = RD_DATE;
		break;
	case ARROW_TIMESTAMP:
		type.type = f->unit <= ARROW_NANO ? RD_TIMESTAMP : RD_NOTYPE;
		break;
	case ARROW_UTF8:
	case ARROW_LARGE_UTF8:
		type.type = RD_TEXT;
		break;
	case ARROW_NULL:
		type.type = RD_TEXT;
		type.nullable = true;
		break;
	}
	return type;
}

static bool read_fields(struct arrow_reader *r, struct arrow_message *m, struct rd_arena *arena,
			struct rd_schema *out, struct rd_err *err)
{
	uint32_t n;
	struct rd_view fields = flat_vector(&m->flat, &m->header, 1, 4, &n);
	bool big_endian = flat_scalar(&m->flat, &m->header, 0, 2, 0) != 0;
	struct rd_column *column;

	if (m->flat.bad || big_endian || n == 0 || n > RD_COLUMNS_MAX)
		return arrow_bad(r, "a schema that is broken, big-endian or without columns", err);
	r->field = calloc(n, sizeof(*r->field));
	column = RD_NEW_ARRAY(arena, struct rd_column, n, err);
	if (!r->field || !column)
		return column ? rd_fail_errno(err, "base.memory", "fields") : false;
	r->n_fields = n;
	for (uint32_t i = 0; i < n && !m->flat.bad; i++) {
		struct flat_table field = flat_element(&m->flat, fields, i);
		struct arrow_field *f = &r->field[i];

		f->name = flat_string(&m->flat, &field, 0);
		f->nullable = flat_scalar(&m->flat, &field, 1, 1, 0) != 0;
		read_type(&m->flat, &field, f);
		column[i].type = type_of(f);
		if (m->flat.bad || f->name.len == 0 || f->name.len > RD_COLUMN_NAME_MAX ||
		    !rd_utf8_valid(f->name))
			return arrow_bad(r, "a column without a usable name", err);
		if (column[i].type.type == RD_NOTYPE)
			return rd_fail(err, RD_FAULT_REFUSED, "table.arrow.type",
				       "%s: column %.*s: Arrow's type %d (%u bits, unit %u) is not "
				       "read",
				       r->name, RD_FMT(f->name), (int)f->type, f->bits, f->unit);
		if (!rd_arena_copy(arena, f->name, &column[i].name, err))
			return false;
		f->name = column[i].name;
	}
	*out = (struct rd_schema){ .n = n, .column = column };
	return !m->flat.bad || arrow_bad(r, "a schema that is broken", err);
}

static bool open_stream(struct arrow_reader *r, struct rd_arena *arena, struct rd_schema *out,
			struct rd_err *err)
{
	struct arrow_message m;
	bool more = false;

	if (!next_message(r, &m, &more, err))
		return false;
	if (!more || m.kind != ARROW_SCHEMA)
		return arrow_bad(r, "a schema comes first in an Arrow IPC stream", err);
	return read_fields(r, &m, arena, out, err);
}

void arrow_reader_free(struct arrow_reader *r)
{
	for (uint32_t i = 0; i < r->n_dictionaries; i++)
		rd_arena_free(&r->dictionary[i].arena);
	rd_store_free(&r->meta_store);
	rd_store_free(&r->body_store);
	free(r->dictionary);
	free(r->column);
	free(r->field);
	rd_arena_free(&r->unpacked);
}

bool rd_arrow_schema(const struct rd_blob *blob, const char *name, struct rd_arena *arena,
		     struct rd_schema *out, struct rd_err *err)
{
	struct arrow_reader r RD_AUTO(arrow_reader_free) = { .blob = blob, .name = name };

	return open_stream(&r, arena, out, err);
}

/* ---- loading --------------------------------------------------------------------------------- */

static bool check_schema(const struct arrow_reader *r, const struct rd_schema *own,
			 const struct rd_schema *wanted, struct rd_err *err)
{
	bool same = own->n == wanted->n;

	for (uint32_t i = 0; same && i < own->n; i++) {
		struct rd_coltype a = own->column[i].type, b = wanted->column[i].type;

		same = rd_view_eq(own->column[i].name, wanted->column[i].name) &&
		       a.type == b.type && a.precision == b.precision && a.scale == b.scale;
	}
	return same ||
	       rd_fail(err, RD_FAULT_MALFORMED, "table.schema",
		       "%s: the schema's names and types are not those of the stream", r->name);
}

bool rd_arrow_load(const struct rd_blob *blob, const char *name, const struct rd_schema *schema,
		   struct rd_writer *writer, struct rd_err *err)
{
	struct arrow_reader r RD_AUTO(arrow_reader_free) = { .blob = blob, .name = name };
	struct rd_arena *arena RD_AUTO(rd_arena_free) = NULL;
	struct row_load rows RD_AUTO(
		row_load_free) = { .name = name, .schema = schema, .writer = writer };
	struct arrow_message m;
	struct rd_schema own;
	bool more = true;

	if (!rd_arena_new((size_t)64 << 20, &arena, err) || !open_stream(&r, arena, &own, err) ||
	    !check_schema(&r, &own, schema, err) || !row_load_begin(&rows, RD_TEXT_MAX, err))
		return false;
	r.column = calloc(r.n_fields, sizeof(*r.column));
	if (!r.column)
		return rd_fail_errno(err, "base.memory", "columns");
	for (;;) {
		if (!next_message(&r, &m, &more, err))
			return false;
		if (!more)
			return row_load_end(&rows, err);
		if (m.kind != ARROW_DICTIONARY && m.kind != ARROW_BATCH)
			return arrow_bad(&r, "neither a dictionary nor a record batch", err);
		if (m.body_len > BODY_MAX)
			return arrow_bad(&r, "a body of more than 2 GiB", err);
		if (!read_at(&r, m.body_at, (size_t)m.body_len, &r.body_store, err) ||
		    !(m.kind == ARROW_BATCH ? arrow_load_batch(&r, &m, &rows, err)
					    : arrow_load_dictionary(&r, &m, err)))
			return false;
	}
}
