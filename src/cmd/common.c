/* What several commands do: rooms and keys from files. */
#include "common.h"

#include <redoubt/crypto.h>
#include <redoubt/os.h>

#include <stdio.h>
#include <string.h>

#define PEM_MAX 8192u

bool cmd_read_seed(const char *path, struct rd_secret *out, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf pem = { .max = PEM_MAX };

	return (rd_os_file_read_private(path, PEM_MAX, &pem, err) &&
		rd_pem_parse_ed25519_private(rd_buf_view(&pem), out, err)) ||
	       rd_wrap(err, "%s", path);
}

bool cmd_read_x25519(const char *path, struct rd_secret *out, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf pem = { .max = PEM_MAX };

	return (rd_os_file_read_private(path, PEM_MAX, &pem, err) &&
		rd_pem_parse_x25519_private(rd_buf_view(&pem), out, err)) ||
	       rd_wrap(err, "%s", path);
}

/* Files that a manifest names, relative to its folder. */
struct folder {
	struct rd_view path;
};

static bool read_beside(void *ctx, struct rd_view path, size_t max, struct rd_arena *arena,
			struct rd_view *out, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf bytes = { .max = max };
	const struct folder *folder = ctx;
	bool absolute = path.len && path.data[0] == '/';
	struct rd_view full;

	if (memchr(path.data, 0, path.len))
		return rd_fail(err, RD_FAULT_MALFORMED, "os.file.name", "a NUL in a path");
	return rd_arena_printf(arena, &full, err, "%.*s%.*s", absolute ? 0 : (int)folder->path.len,
			       (const char *)folder->path.data, RD_FMT(path)) &&
	       rd_os_file_read((const char *)full.data, max, &bytes, err) &&
	       rd_arena_copy(arena, rd_buf_view(&bytes), out, err);
}

static bool from_yaml(const char *path, struct rd_view text, struct rd_arena *arena,
		      struct cmd_room_file *out, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf bytes = { .max = RD_ROOM_MAX };
	const char *slash = strrchr(path, '/');
	struct folder folder = { .path = rd_view_of(path, slash ? (size_t)(slash - path) + 1 : 0) };
	const struct rd_room_files files = { .ctx = &folder, .read = read_beside };

	/* Decoded again from its bytes: what is shown and signed is what was compiled. */
	return rd_room_from_yaml(text, path, &files, arena, &out->room, err) &&
	       rd_room_encode(&out->room, &bytes, err) &&
	       rd_arena_copy(arena, rd_buf_view(&bytes), &out->bytes, err) &&
	       rd_room_decode(out->bytes, arena, &out->room, err);
}

bool cmd_read_room(const char *path, struct rd_arena *arena, struct cmd_room_file *out,
		   struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf bytes = { .max = RD_ROOM_MAX };
	size_t len = strlen(path);
	struct rd_view copy;

	if (!rd_os_file_read(path, RD_ROOM_MAX, &bytes, err) ||
	    !rd_arena_copy(arena, rd_buf_view(&bytes), &copy, err))
		return false;
	out->compiled_here = len > 5 && (strcmp(path + len - 5, ".yaml") == 0 ||
					 strcmp(path + len - 4, ".yml") == 0);
	if (out->compiled_here) {
		if (!from_yaml(path, copy, arena, out, err))
			return false;
	} else {
		out->bytes = copy;
		if (!rd_room_decode(copy, arena, &out->room, err))
			return rd_wrap(err, "%s", path);
	}
	return rd_room_hash(out->bytes, out->hash, err);
}
