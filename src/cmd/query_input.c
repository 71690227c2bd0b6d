/* The tables of `redoubt query`: CSV, plain and sealed Parquet. */
#include "query.h"

#include <glob.h>
#include <stdio.h>
#include <string.h>

#define KEY_MAX 65536
#define TABLE_MEMORY ((size_t)1 << 30)
#define CSV_TABLE_MAX ((size_t)8 << 30) /* bytes of the table that a CSV file becomes */

bool query_input_parse(const char *argument, struct query_input *out)
{
	const char *equals = strchr(argument, '='), *comma;
	struct rd_view rest;

	if (!equals || equals == argument || !equals[1])
		return false;
	*out = (struct query_input){ 0 };
	out->name = rd_view_of(argument, (size_t)(equals - argument));
	rest = rd_view_str(equals + 1);
	comma = strstr(equals + 1, ",key=");
	if (comma) {
		out->key_path = rd_view_str(comma + 5);
		rest.len = (size_t)(comma - equals - 1);
	}
	out->path = rest;
	return rest.len > 0 && (!comma || out->key_path.len > 0);
}

/* A table key, or a plain key file of another tool's.  A table key opens any number of columns:
 * keys are derived for all that a footer may name. */
static bool load_key(struct query_input *in, struct rd_arena *arena, struct rd_err *err)
{
	struct rd_buf text RD_AUTO(rd_buf_free) = { .max = KEY_MAX };
	const char *path = (const char *)in->key_path.data;
	struct rd_view kept;

	if (!rd_os_file_read_private(path, KEY_MAX, &text, err))
		return false;
	if (text.len && memmem(text.data, text.len, "-----BEGIN", 10))
		return rd_table_key_from_pem(rd_buf_view(&text), &in->key, err) &&
		       rd_table_keys_all(&in->key, RD_COLUMNS_MAX, arena, &in->keys, err);
	in->is_foreign = true;
	return rd_arena_copy(arena, rd_buf_view(&text), &kept, err) &&
	       rd_foreign_keys_parse(kept, path, arena, &in->foreign_keys, err);
}

static bool set_up_keys(struct query_input *in, struct rd_arena *arena,
			struct rd_table_options *options, struct rd_err *err)
{
	if (in->key_path.len && !load_key(in, arena, err))
		return false;
	*options = (struct rd_table_options){
		.keys = in->key_path.len && !in->is_foreign ? &in->keys : NULL,
		.foreign_keys = in->is_foreign ? &in->foreign_keys : NULL,
		.without_aad = in->without_aad,
		.max_memory = TABLE_MEMORY,
	};
	return true;
}

/* ---- CSV: made into a plain table in memory ---- */

static bool write_memory(void *ctx, struct rd_view bytes, struct rd_err *err)
{
	rd_buf_add(ctx, bytes);
	return rd_buf_ok(ctx, err);
}

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

static bool load_csv(struct query_file *in, const char *path, struct rd_arena *arena,
		     struct rd_err *err)
{
	struct rd_csv_options options = { .null_text = "", .separator = ',' };
	struct rd_writer_options plain = { 0 };
	struct rd_sink sink = { .ctx = &in->memory, .write = write_memory };
	struct rd_writer *writer RD_AUTO(rd_writer_free) = NULL;
	struct rd_schema schema;

	in->memory = (struct rd_buf){ .max = CSV_TABLE_MAX };
	if (!rd_csv_infer(&in->blob, path, &options, arena, &schema, err) ||
	    !rd_writer_new(&schema, &plain, &sink, &writer, err) ||
	    !rd_csv_load(&in->blob, path, &options, &schema, writer, err) ||
	    !rd_writer_finish(writer, err))
		return false;
	in->blob =
		(struct rd_blob){ .ctx = &in->memory, .size = in->memory.len, .read = read_memory };
	return true;
}

/* Parquet begins with PAR1, or PARE where the footer is encrypted; anything else is text. */
static bool is_parquet(const struct query_file *in, bool *yes, struct rd_err *err)
{
	uint8_t magic[4];
	struct rd_span span = { magic, sizeof(magic), 0 };

	*yes = false;
	if (in->blob.size < sizeof(magic))
		return true;
	if (!in->blob.read(in->blob.ctx, 0, &span, err))
		return false;
	*yes = memcmp(magic, "PAR1", 4) == 0 || memcmp(magic, "PARE", 4) == 0;
	return true;
}

/* ---- files ---- */

static bool open_file(const char *path, const struct rd_table_options *options,
		      struct rd_arena *arena, struct query_file *f, struct rd_table **out,
		      struct rd_err *err)
{
	const char *weakness;
	bool parquet = true;

	f->file.fd = -1;
	if (!rd_os_file_open(path, &f->file, err))
		return false;
	f->blob = (struct rd_blob){ .ctx = &f->file,
				    .size = f->file.size,
				    .read = rd_os_file_pread,
				    .prefetch = rd_os_file_prefetch };
	if (!options->keys && !options->foreign_keys &&
	    (!is_parquet(f, &parquet, err) || (!parquet && !load_csv(f, path, arena, err))))
		return false;
	if (!rd_table_open_any(&f->blob, options, out, err))
		return rd_wrap(err, "%s", path);
	weakness = rd_table_weakness(*out);
	if (*weakness)
		fprintf(stderr, "%s: %s\n", path, weakness);
	return true;
}

/* The names that a pattern matches, sorted; a name without a pattern is itself. */
static bool find_files(const struct query_input *in, struct rd_arena *arena, glob_t *found,
		       struct rd_err *err)
{
	struct rd_view path;
	int status;

	if (!rd_arena_copy(arena, in->path, &path, err))
		return false;
	status = glob((const char *)path.data, GLOB_NOMAGIC, NULL, found);
	if (status == 0 && found->gl_pathc > RD_TABLE_PARTS_MAX)
		return rd_fail(err, RD_FAULT_USAGE, "table.parts", "%.*s: more than %u files",
			       RD_FMT(in->path), RD_TABLE_PARTS_MAX);
	return status == 0 || rd_fail(err, RD_FAULT_FAILED, "os.file.open",
				      "%.*s: no file has a name like this", RD_FMT(in->path));
}

static bool open_files(struct query_input *in, const glob_t *found, struct rd_arena *arena,
		       struct rd_err *err)
{
	uint32_t n = (uint32_t)found->gl_pathc, differs = 0, opened = 0;
	struct rd_table **part = RD_NEW_ARRAY(arena, struct rd_table *, n, err);
	struct rd_table_options options;
	bool ok;

	in->file = RD_NEW_ARRAY(arena, struct query_file, n, err);
	if (!part || !in->file || !set_up_keys(in, arena, &options, err))
		return false;
	for (ok = true; ok && opened < n; opened += ok) {
		in->n_files = opened + 1;
		ok = open_file(found->gl_pathv[opened], &options, arena, &in->file[opened],
			       &part[opened], err);
	}
	if (ok && n == 1) {
		in->table = part[0];
		return true;
	}
	if (!ok) {
		for (uint32_t i = 0; i < opened; i++)
			rd_table_close(&part[i]);
		return false;
	}
	return rd_table_join(part, n, &in->table, &differs, err) ||
	       rd_wrap(err, "%s", found->gl_pathv[differs]);
}

bool query_input_open(struct query_input *in, struct rd_arena *arena, struct rd_err *err)
{
	glob_t found = { 0 };
	bool ok = find_files(in, arena, &found, err) && open_files(in, &found, arena, err);

	globfree(&found);
	return ok;
}

void query_input_close(struct query_input *in)
{
	rd_table_close(&in->table);
	rd_secret_wipe(&in->key.key);
	rd_wipe(&in->foreign_keys.footer, sizeof(in->foreign_keys.footer));
	for (uint32_t i = 0; i < in->n_files; i++) {
		rd_buf_free(&in->file[i].memory);
		if (in->file[i].file.fd >= 0)
			rd_os_file_close(&in->file[i].file);
	}
}
