/* Rows from files of several kinds. */
#include "source.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TABLE_MEMORY ((size_t)1 << 30)
#define MEMORY_MAX ((size_t)8 << 30) /* bytes of standard input, or of the table made of text */
#define CHUNK ((size_t)1 << 20)
#define OLD_METADATA_MAX ((uint32_t)1 << 24) /* text would have a zero byte behind that */

static bool read_memory(void *ctx, uint64_t offset, struct rd_span *out, struct rd_err *err)
{
	const struct rd_buf *buf = ctx;
	size_t len = out->cap - out->used;

	if (offset > buf->len || len > buf->len - offset)
		return rd_fail(err, RD_FAULT_FAILED, "os.file.short", "past the end of the table");
	memcpy(out->data + out->used, buf->data + offset, len);
	out->used += len;
	return true;
}

static bool write_memory(void *ctx, struct rd_view bytes, struct rd_err *err)
{
	rd_buf_add(ctx, bytes);
	return rd_buf_ok(ctx, err);
}

static bool read_stdin(struct rd_buf *out, struct rd_err *err)
{
	size_t got;

	do {
		uint8_t *at = rd_buf_extend(out, CHUNK);

		if (!at)
			return rd_buf_ok(out, err);
		got = fread(at, 1, CHUNK, stdin);
		out->len -= CHUNK - got;
	} while (got == CHUNK);
	return !ferror(stdin) || rd_fail_errno(err, "os.file.read", "standard input");
}

/* A stream begins with its continuation mark, before Arrow 0.15 with the length of its metadata and
 * the place of their root, which lies inside; a file with its magic. */
static bool is_arrow(const uint8_t *head, size_t len)
{
	uint32_t size = len >= 8 ? rd_load_le32(head) : 0;

	return (len >= 4 && memcmp(head, "\xFF\xFF\xFF\xFF", 4) == 0) ||
	       (len >= 6 && memcmp(head, "ARROW1", 6) == 0) ||
	       (size >= 8 && size <= OLD_METADATA_MAX && size % 4 == 0 &&
		rd_load_le32(head + 4) <= size - 4);
}

static size_t skip_blanks(const uint8_t *text, size_t at, size_t len)
{
	while (at < len && text[at] && strchr(" \t\r\n", text[at]))
		at++;
	return at;
}

static bool find_kind(struct cmd_source *s, struct rd_err *err)
{
	uint8_t head[16];
	struct rd_span span = { .data = head, .cap = sizeof(head) };
	size_t at = 0;

	if (s->blob.size < span.cap)
		span.cap = (size_t)s->blob.size;
	if (span.cap && !s->blob.read(s->blob.ctx, 0, &span, err))
		return false;
	s->kind = SOURCE_CSV;
	if (span.used >= 4 && (memcmp(head, "PAR1", 4) == 0 || memcmp(head, "PARE", 4) == 0)) {
		s->kind = SOURCE_PARQUET;
	} else if (is_arrow(head, span.used)) {
		s->kind = SOURCE_ARROW;
	} else {
		if (span.used >= 3 && memcmp(head, "\xEF\xBB\xBF", 3) == 0)
			at = 3;
		at = skip_blanks(head, at, span.used);
		/* A list of objects, too: it is refused as JSON, not as CSV. */
		if (at < span.used && head[at] == '[')
			at = skip_blanks(head, at + 1, span.used);
		if (at < span.used && head[at] == '{')
			s->kind = SOURCE_JSONL;
	}
	return true;
}

bool cmd_source_open(const char *path, struct cmd_source *s, struct rd_err *err)
{
	*s = (struct cmd_source){ .path = path, .file.fd = -1, .memory = { .max = MEMORY_MAX } };
	if (strcmp(path, "-") == 0) {
		s->path = "standard input";
		if (!read_stdin(&s->memory, err))
			return false;
		s->blob = (struct rd_blob){ .ctx = &s->memory,
					    .size = s->memory.len,
					    .read = read_memory };
	} else {
		if (!rd_os_file_open(path, &s->file, err))
			return false;
		s->blob = (struct rd_blob){ .ctx = &s->file,
					    .size = s->file.size,
					    .read = rd_os_file_pread,
					    .prefetch = rd_os_file_prefetch };
	}
	return find_kind(s, err);
}

void cmd_source_close(struct cmd_source *s)
{
	rd_table_close(&s->table);
	if (s->file.fd >= 0)
		rd_os_file_close(&s->file);
	rd_buf_free(&s->memory);
}

bool cmd_source_schema(struct cmd_source *s, const struct rd_csv_options *options,
		       struct rd_arena *arena, struct rd_schema *out, struct rd_err *err)
{
	const struct rd_table_options plain = { .max_memory = TABLE_MEMORY };

	switch (s->kind) {
	case SOURCE_JSONL:
		return rd_jsonl_infer(&s->blob, s->path, arena, out, err);
	case SOURCE_ARROW:
		return rd_arrow_schema(&s->blob, s->path, arena, out, err);
	case SOURCE_PARQUET:
		if (!rd_table_open_any(&s->blob, &plain, &s->table, err))
			return rd_wrap(err, "%s", s->path);
		*out = *rd_table_schema(s->table);
		return true;
	default:
		return rd_csv_infer(&s->blob, s->path, options, arena, out, err);
	}
}

/* What was declared for a file that has types of its own: the same columns. */
static bool same_types(const struct cmd_source *s, const struct rd_schema *schema,
		       const struct rd_schema *own, struct rd_err *err)
{
	bool same = schema->n == own->n;

	for (uint32_t i = 0; same && i < own->n; i++) {
		const struct rd_column *a = &schema->column[i], *b = &own->column[i];

		same = rd_view_eq(a->name, b->name) && a->type.type == b->type.type &&
		       a->type.precision == b->type.precision && a->type.scale == b->type.scale;
	}
	return same ||
	       rd_fail(err, RD_FAULT_MALFORMED, "table.schema",
		       "%s: the schema's names and types are not those of the file", s->path);
}

bool cmd_source_load(struct cmd_source *s, const struct rd_csv_options *options,
		     const struct rd_schema *schema, struct rd_writer *writer, struct rd_err *err)
{
	struct rd_schema own;

	switch (s->kind) {
	case SOURCE_JSONL:
		return rd_jsonl_load(&s->blob, s->path, options, schema, writer, err);
	case SOURCE_ARROW:
		return rd_arrow_load(&s->blob, s->path, schema, writer, err);
	case SOURCE_PARQUET:
		return (s->table || cmd_source_schema(s, options, NULL, &own, err)) &&
		       same_types(s, schema, rd_table_schema(s->table), err) &&
		       (rd_table_copy(s->table, writer, err) || rd_wrap(err, "%s", s->path));
	default:
		return rd_csv_load(&s->blob, s->path, options, schema, writer, err);
	}
}

bool cmd_source_to_table(struct cmd_source *s, struct rd_arena *arena, struct rd_err *err)
{
	const struct rd_csv_options options = { .null_text = "", .separator = ',' };
	const struct rd_writer_options plain = { 0 };
	struct rd_buf made = { .max = MEMORY_MAX };
	struct rd_sink sink = { .ctx = &made, .write = write_memory };
	struct rd_writer *writer RD_AUTO(rd_writer_free) = NULL;
	struct rd_schema schema;
	bool ok = cmd_source_schema(s, &options, arena, &schema, err) &&
		  rd_writer_new(&schema, &plain, &sink, &writer, err) &&
		  cmd_source_load(s, &options, &schema, writer, err) &&
		  rd_writer_finish(writer, err);

	rd_buf_free(&s->memory);
	s->memory = made;
	s->blob = (struct rd_blob){ .ctx = &s->memory, .size = made.len, .read = read_memory };
	return ok;
}
