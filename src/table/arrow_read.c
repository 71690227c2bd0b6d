/* Arrow IPC streams and files: messages one after another. */
#include "arrow_read_int.h"

#include <inttypes.h>
#include <stdlib.h>

#define FILE_MAGIC "ARROW1"
#define FILE_HEAD 8u  /* magic, padding */
#define FILE_TAIL 10u /* length of the footer, magic */
#define BLOCK_LEN 24u
#define ROW_MAX ((size_t)1 << 30) /* bytes of texts */
enum version { VERSION_4 = 3, VERSION_5 = 4 };

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
	uint64_t version;
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
	version = flat_scalar(&m->flat, &message, 0, 2, 0);
	m->kind = (enum arrow_header)flat_scalar(&m->flat, &message, 1, 1, 0);
	m->body_len = flat_scalar(&m->flat, &message, 3, 8, 0);
	if (!flat_child(&m->flat, &message, 2, &m->header) || m->flat.bad)
		return arrow_bad(r, "its metadata is broken", err);
	if (version != VERSION_4 && version != VERSION_5)
		return arrow_bad(r, "its metadata is of another version than 4 and 5", err);
	if (flat_metadata(&m->flat, &message, 4, "ARROW:experimental_compression").len)
		return arrow_bad(r, "it is packed as Arrow 0.17 did it, which is not read", err);
	if (m->flat.bad)
		return arrow_bad(r, "its metadata is broken", err);
	if (m->body_len > r->blob->size - r->at)
		return arrow_bad(r, "its body is longer than the stream", err);
	m->body_at = r->at;
	r->at += m->body_len;
	return true;
}

/* ---- files ----------------------------------------------------------------------------------- */

static bool is_file(struct arrow_reader *r, bool *out, struct rd_err *err)
{
	size_t len = strlen(FILE_MAGIC);

	*out = false;
	if (r->blob->size < len)
		return true;
	if (!read_at(r, 0, len, &r->meta_store, err))
		return false;
	*out = memcmp(r->meta_store.data, FILE_MAGIC, len) == 0;
	return true;
}

/* The tail: where the footer lies; it is read. */
static bool read_footer(struct arrow_reader *r, uint32_t *len, struct rd_err *err)
{
	uint64_t size = r->blob->size;

	r->message_at = size;
	if (size < FILE_HEAD + FILE_TAIL)
		return arrow_bad(r, "the file is cut off", err);
	if (!read_at(r, size - FILE_TAIL, FILE_TAIL, &r->meta_store, err))
		return false;
	*len = rd_load_le32(r->meta_store.data);
	if (memcmp(r->meta_store.data + 4, FILE_MAGIC, FILE_TAIL - 4) != 0)
		return arrow_bad(r, "an Arrow file ends with " FILE_MAGIC ": it is cut off", err);
	if (*len > ARROW_METADATA_MAX || *len > size - FILE_HEAD - FILE_TAIL)
		return arrow_bad(r, "the footer is longer than the file, or absurd", err);
	r->message_at = size - FILE_TAIL - *len;
	return read_at(r, r->message_at, *len, &r->footer_store, err);
}

static bool open_file(struct arrow_reader *r, struct rd_arena *arena, struct rd_schema *out,
		      struct rd_err *err)
{
	struct flat flat = { 0 };
	struct flat_table footer, schema;
	uint32_t len = 0;

	r->is_file = true;
	if (!read_footer(r, &len, err))
		return false;
	flat.in = rd_view_of(r->footer_store.data, len);
	footer = flat_root(&flat);
	if (!flat_child(&flat, &footer, 1, &schema))
		return arrow_bad(r, "the footer is broken, or has no schema", err);
	for (uint32_t i = 0; i < 2; i++)
		r->block[i] = flat_vector(&flat, &footer, 2 + i, BLOCK_LEN, &r->n_blocks[i]);
	return arrow_read_schema(r, &flat, &schema, arena, out, err);
}

/* The next of a file's messages, where its block says. */
static bool next_block(struct arrow_reader *r, struct arrow_message *m, bool *more,
		       struct rd_err *err)
{
	bool of_rows = r->next_block >= r->n_blocks[0];
	uint32_t i = r->next_block++ - (of_rows ? r->n_blocks[0] : 0);

	*more = !of_rows || i < r->n_blocks[1];
	if (!*more)
		return true;
	r->at = r->message_at = rd_load_le64(r->block[of_rows].data + (size_t)i * BLOCK_LEN);
	if (r->at > r->blob->size)
		return arrow_bad(r, "a block of the footer lies outside the file", err);
	if (!next_message(r, m, more, err))
		return false;
	if (!*more || m->kind != (of_rows ? ARROW_BATCH : ARROW_DICTIONARY))
		return arrow_bad(r, "it is not the one that the footer says", err);
	return true;
}

/* ---- the beginning --------------------------------------------------------------------------- */

static bool open_reader(struct arrow_reader *r, struct rd_arena *arena, struct rd_schema *out,
			struct rd_err *err)
{
	struct arrow_message m;
	bool more = false, file = false;

	if (!is_file(r, &file, err))
		return false;
	if (file)
		return open_file(r, arena, out, err);
	if (!next_message(r, &m, &more, err))
		return false;
	if (!more || m.kind != ARROW_SCHEMA)
		return arrow_bad(r, "a schema comes first in an Arrow IPC stream", err);
	return arrow_read_schema(r, &m.flat, &m.header, arena, out, err);
}

static void reader_free(struct arrow_reader *r)
{
	for (uint32_t i = 0; i < r->n_dictionaries; i++) {
		rd_arena_free(&r->dictionary[i].arena);
		free(r->dictionary[i].value);
	}
	rd_store_free(&r->footer_store);
	rd_store_free(&r->meta_store);
	rd_store_free(&r->body_store);
	rd_store_free(&r->scratch);
	free(r->dictionary);
	free(r->column);
	free(r->field);
	rd_arena_free(&r->unpacked);
}

bool rd_arrow_schema(const struct rd_blob *blob, const char *name, struct rd_arena *arena,
		     struct rd_schema *out, struct rd_err *err)
{
	struct arrow_reader r RD_AUTO(reader_free) = { .blob = blob, .name = name };

	return open_reader(&r, arena, out, err);
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
	struct arrow_reader r RD_AUTO(reader_free) = { .blob = blob, .name = name };
	struct rd_arena *arena RD_AUTO(rd_arena_free) = NULL;
	struct row_load rows RD_AUTO(
		row_load_free) = { .name = name, .schema = schema, .writer = writer };
	struct arrow_message m;
	struct rd_schema own;
	bool more = true;

	if (!rd_arena_new((size_t)64 << 20, &arena, err) || !open_reader(&r, arena, &own, err) ||
	    !check_schema(&r, &own, schema, err) || !row_load_begin(&rows, ROW_MAX, err))
		return false;
	r.column = calloc(r.n_fields, sizeof(*r.column));
	if (!r.column)
		return rd_fail_errno(err, "base.memory", "columns");
	for (;;) {
		if (!(r.is_file ? next_block(&r, &m, &more, err)
				: next_message(&r, &m, &more, err)))
			return false;
		if (!more)
			return row_load_end(&rows, err);
		if (m.kind != ARROW_DICTIONARY && m.kind != ARROW_BATCH)
			return arrow_bad(&r, "neither a dictionary nor a record batch", err);
		if (m.body_len > ARROW_BODY_MAX)
			return arrow_bad(&r, "a body of more than 2 GiB", err);
		if (!read_at(&r, m.body_at, (size_t)m.body_len, &r.body_store, err) ||
		    !(m.kind == ARROW_BATCH ? arrow_load_batch(&r, &m, &rows, err)
					    : arrow_load_dictionary(&r, &m, err)))
			return false;
	}
}
