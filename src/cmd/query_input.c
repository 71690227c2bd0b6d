/* The tables of `redoubt query`: plain and sealed Parquet. */
#include "query.h"

#include <stdio.h>
#include <string.h>

#define KEY_MAX 65536
#define TABLE_MEMORY ((size_t)1 << 30)

bool query_input_parse(const char *argument, struct query_input *out)
{
	const char *equals = strchr(argument, '='), *comma;
	struct rd_view rest;

	if (!equals || equals == argument || !equals[1])
		return false;
	*out = (struct query_input){ .file.fd = -1 };
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

static bool load_key(struct query_input *in, struct rd_err *err)
{
	struct rd_buf pem RD_AUTO(rd_buf_free) = { .max = KEY_MAX };

	return rd_os_file_read_private((const char *)in->key_path.data, KEY_MAX, &pem, err) &&
	       rd_table_key_from_pem(rd_buf_view(&pem), &in->key, err);
}

/* A key file opens any number of columns: those of the largest table there can be are not made
 * before the file says how many it has, so the keys are derived for all that a footer may name. */
static bool open_sealed(struct query_input *in, struct rd_arena *arena, struct rd_err *err)
{
	uint32_t n = RD_COLUMNS_MAX;

	if (!load_key(in, err) || !rd_table_keys_all(&in->key, n, arena, &in->keys, err))
		return false;
	return rd_table_open(&in->blob, &in->keys, RD_TABLE_OWN, TABLE_MEMORY, &in->table, err);
}

bool query_input_open(struct query_input *in, struct rd_arena *arena, struct rd_err *err)
{
	struct rd_view path;

	if (!rd_arena_copy(arena, in->path, &path, err) ||
	    !rd_os_file_open((const char *)path.data, &in->file, err))
		return false;
	in->blob = (struct rd_blob){ .ctx = &in->file,
				     .size = in->file.size,
				     .read = rd_os_file_pread,
				     .prefetch = rd_os_file_prefetch };
	if (in->key_path.len
		    ? !open_sealed(in, arena, err)
		    : !rd_table_open(&in->blob, NULL, RD_TABLE_OWN, TABLE_MEMORY, &in->table, err))
		return rd_wrap(err, "%.*s", RD_FMT(in->path));
	return true;
}

void query_input_close(struct query_input *in)
{
	rd_table_close(&in->table);
	rd_secret_wipe(&in->key.key);
	rd_buf_free(&in->memory);
	if (in->file.fd >= 0)
		rd_os_file_close(&in->file);
}
