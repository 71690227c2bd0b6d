/* The tables of `redoubt query`: CSV, plain and sealed Parquet. */
#include "query.h"

#include <glob.h>
#include <stdio.h>
#include <string.h>

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

/* ---- files ---- */

static bool open_file(const char *path, const struct query_input *in, struct rd_arena *arena,
		      struct cmd_source *f, struct rd_table **out, struct rd_err *err)
{
	if (!cmd_source_open(path, f, err))
		return false;
	if (!in->keys.given && f->kind != SOURCE_PARQUET && !cmd_source_to_table(f, arena, err))
		return false;
	return cmd_keys_open(&in->keys, &f->blob, path, in->without_aad, out, err);
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
	const char *key_path = in->key_path.len ? (const char *)in->key_path.data : NULL;
	bool ok;

	in->file = RD_NEW_ARRAY(arena, struct cmd_source, n, err);
	if (!part || !in->file || !cmd_keys_read(key_path, arena, &in->keys, err))
		return false;
	for (ok = true; ok && opened < n; opened += ok) {
		in->n_files = opened + 1;
		ok = open_file(found->gl_pathv[opened], in, arena, &in->file[opened], &part[opened],
			       err);
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
	cmd_keys_wipe(&in->keys);
	for (uint32_t i = 0; i < in->n_files; i++)
		cmd_source_close(&in->file[i]);
}
