/* Tables opened with their keys. */
#include "keys.h"

#include <redoubt/os.h>

#include <stdio.h>
#include <string.h>

#define KEY_FILE_MAX ((size_t)1 << 20)
#define TABLE_MEMORY ((size_t)1 << 30)

static bool is_plain(const struct rd_buf *text)
{
	return text->len && !memmem(text->data, text->len, "-----BEGIN", 10);
}

/* Our own key files are refused where others can read them.  A plain one was made by another tool,
 * with the mode that this gives: its owner is told. */
static bool read_text(const char *path, struct rd_buf *out, struct rd_err *err)
{
	struct rd_err open_to_others;

	if (rd_os_file_read_private(path, KEY_FILE_MAX, out, err))
		return true;
	if (!err->code || strcmp(err->code, "os.file.private") != 0)
		return false;
	open_to_others = *err;
	*err = (struct rd_err){ 0 };
	if (!rd_os_file_read(path, KEY_FILE_MAX, out, err))
		return false;
	if (!is_plain(out)) {
		*err = open_to_others;
		return false;
	}
	fprintf(stderr, "%s: others can reach these keys; chmod 600 it\n", path);
	return true;
}

/* A table key opens any number of columns: keys are derived for all that a footer may name. */
bool cmd_keys_read(const char *path, struct rd_arena *arena, struct cmd_keys *out,
		   struct rd_err *err)
{
	struct rd_buf text RD_AUTO(rd_buf_free) = { .max = KEY_FILE_MAX };
	struct rd_view kept;
	bool ok;

	*out = (struct cmd_keys){ .given = path != NULL };
	if (!path)
		return true;
	if (!read_text(path, &text, err))
		return false;
	out->is_foreign = is_plain(&text);
	ok = out->is_foreign
		     ? rd_arena_copy(arena, rd_buf_view(&text), &kept, err) &&
			       rd_foreign_keys_parse(kept, path, arena, &out->foreign, err)
		     : (rd_table_key_from_pem(rd_buf_view(&text), &out->key, err) &&
			rd_table_keys_all(&out->key, RD_COLUMNS_MAX, arena, &out->keys, err)) ||
			       rd_wrap(err, "%s", path);
	rd_wipe(text.data, text.len);
	return ok;
}

void cmd_keys_wipe(struct cmd_keys *k)
{
	rd_secret_wipe(&k->key.key);
	rd_secret_wipe(&k->foreign.footer);
}

bool cmd_keys_open(const struct cmd_keys *k, const struct rd_blob *blob, const char *path,
		   bool without_aad, struct rd_table **out, struct rd_err *err)
{
	const struct rd_table_options options = {
		.keys = k->given && !k->is_foreign ? &k->keys : NULL,
		.foreign_keys = k->is_foreign ? &k->foreign : NULL,
		.without_aad = without_aad,
		.max_memory = TABLE_MEMORY,
	};
	struct rd_buf weakness RD_AUTO(rd_buf_free) = { .max = 1024 };

	if (!rd_table_open_any(blob, &options, out, err))
		return rd_wrap(err, "%s", path);
	if (!rd_table_weakness(*out, &weakness, err)) {
		rd_table_close(out);
		return false;
	}
	if (weakness.len)
		fprintf(stderr, "%s: %.*s\n", path, (int)weakness.len, (const char *)weakness.data);
	return true;
}
