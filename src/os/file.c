/* Files: read whole or at any place, written whole or not at all. */
#include "os_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_LEN_MAX 4096u
#define OUT_BUFFER (1u << 20)

static bool open_regular(const char *path, int *fd, struct stat *st, struct rd_err *err)
{
	/* O_NONBLOCK so that a FIFO in the file's place cannot hang us before it is refused. */
	int made = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (made < 0)
		return rd_fail_errno(err, "os.file.open", "%s", path);
	if (fstat(made, st) || !S_ISREG(st->st_mode)) {
		close(made);
		return rd_fail(err, RD_FAULT_USAGE, "os.file.kind", "%s: not a regular file", path);
	}
	*fd = made;
	return true;
}

static bool read_all(const char *path, size_t max, bool private_only, struct rd_buf *out,
		     struct rd_err *err)
{
	RD_AUTO(rd_os_close) int fd = -1;
	uint8_t chunk[16384];
	size_t total = 0;
	struct stat st;

	if (!open_regular(path, &fd, &st, err))
		return false;
	if (private_only && (st.st_mode & 077))
		return rd_fail(err, RD_FAULT_REFUSED, "os.file.private",
			       "%s: mode is %04o, expected 0600: others can reach this key; "
			       "chmod 600 it",
			       path, (unsigned)st.st_mode & 07777u);
	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return rd_fail_errno(err, "os.file.read", "%s", path);
		if (n == 0)
			break;
		total += (size_t)n;
		if (total > max) {
			rd_wipe(chunk, sizeof(chunk));
			return rd_fail(err, RD_FAULT_REFUSED, "os.file.large",
				       "%s: more than the %zu bytes allowed", path, max);
		}
		rd_buf_add(out, rd_view_of(chunk, (size_t)n));
	}
	rd_wipe(chunk, sizeof(chunk));
	return rd_buf_ok(out, err);
}

bool rd_os_file_read(const char *path, size_t max, struct rd_buf *out, struct rd_err *err)
{
	return read_all(path, max, false, out, err);
}

bool rd_os_file_read_private(const char *path, size_t max, struct rd_buf *out, struct rd_err *err)
{
	return read_all(path, max, true, out, err);
}

bool rd_os_file_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

/* ---- written whole or not at all ---------------------------------------------------------------
 */

struct rd_os_out {
	char path[PATH_LEN_MAX];
	char temporary[PATH_LEN_MAX];
	int fd;
	bool exclusive; /* refuse to replace */
	bool finished;
	size_t used;
	uint8_t buffer[OUT_BUFFER];
};

static bool write_all(int fd, const uint8_t *data, size_t len, const char *path, struct rd_err *err)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return rd_fail_errno(err, "os.file.write", "%s", path);
		data += n;
		len -= (size_t)n;
	}
	return true;
}

/* The rename itself must survive a power cut: fsync the folder that has the names. */
static bool sync_folder(const char *path, struct rd_err *err)
{
	char folder[PATH_LEN_MAX];
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;
	RD_AUTO(rd_os_close) int fd = -1;

	if (slash && len == 0)
		len = 1; /* "/name": the folder is "/" */
	memcpy(folder, path, len);
	folder[len] = '\0';
	fd = open(len ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || (fsync(fd) && errno != EINVAL))
		return rd_fail_errno(err, "os.file.write", "%s: its folder", path);
	return true;
}

bool rd_os_out_new(const char *path, unsigned mode, struct rd_os_out **out, struct rd_err *err)
{
	struct rd_os_out *o = calloc(1, sizeof(*o));

	if (!o)
		return rd_fail(err, RD_FAULT_FAILED, "base.memory", "no memory to write %s", path);
	o->fd = -1;
	if ((size_t)snprintf(o->path, sizeof(o->path), "%s", path) >= sizeof(o->path) ||
	    (size_t)snprintf(o->temporary, sizeof(o->temporary), "%s.XXXXXX", path) >=
		    sizeof(o->temporary)) {
		free(o);
		return rd_fail(err, RD_FAULT_USAGE, "os.file.name", "a path of over %u bytes",
			       PATH_LEN_MAX - 8);
	}
	o->fd = mkostemp(o->temporary, O_CLOEXEC);
	if (o->fd < 0 || fchmod(o->fd, mode)) {
		rd_fail_errno(err, "os.file.write", "%s", path);
		rd_os_out_free(&o);
		return false;
	}
	*out = o;
	return true;
}

bool rd_os_out_write(void *out, struct rd_view bytes, struct rd_err *err)
{
	struct rd_os_out *o = out;

	if (bytes.len > OUT_BUFFER - o->used) {
		if (!write_all(o->fd, o->buffer, o->used, o->path, err))
			return false;
		o->used = 0;
		if (bytes.len >= OUT_BUFFER)
			return write_all(o->fd, bytes.data, bytes.len, o->path, err);
	}
	if (bytes.len)
		memcpy(o->buffer + o->used, bytes.data, bytes.len);
	o->used += bytes.len;
	return true;
}

/* link(2) fails where rename(2) would replace. */
static bool give_name(struct rd_os_out *o, struct rd_err *err)
{
	if (!o->exclusive) {
		if (rename(o->temporary, o->path))
			return rd_fail_errno(err, "os.file.write", "%s", o->path);
		return true;
	}
	if (link(o->temporary, o->path)) {
		if (errno == EEXIST)
			return rd_fail(err, RD_FAULT_USAGE, "os.file.exists",
				       "%s exists already and is not replaced", o->path);
		return rd_fail_errno(err, "os.file.write", "%s", o->path);
	}
	unlink(o->temporary);
	return true;
}

bool rd_os_out_finish(struct rd_os_out *out, struct rd_err *err)
{
	if (!write_all(out->fd, out->buffer, out->used, out->path, err))
		return false;
	out->used = 0;
	if (fsync(out->fd))
		return rd_fail_errno(err, "os.file.write", "%s: fsync", out->path);
	if (!give_name(out, err))
		return false;
	out->finished = true;
	return sync_folder(out->path, err);
}

void rd_os_out_free(struct rd_os_out **out)
{
	struct rd_os_out *o = *out;

	if (!o)
		return;
	if (o->fd >= 0 && !o->finished)
		unlink(o->temporary);
	rd_os_close(&o->fd);
	/* What passes here may be a key on its way to its file. */
	rd_wipe(o, sizeof(*o));
	free(o);
	*out = NULL;
}

static bool write_whole(const char *path, unsigned mode, bool exclusive, struct rd_view bytes,
			struct rd_err *err)
{
	RD_AUTO(rd_os_out_free) struct rd_os_out *out = NULL;

	if (!rd_os_out_new(path, mode, &out, err))
		return false;
	out->exclusive = exclusive;
	return rd_os_out_write(out, bytes, err) && rd_os_out_finish(out, err);
}

bool rd_os_file_write(const char *path, unsigned mode, struct rd_view bytes, struct rd_err *err)
{
	return write_whole(path, mode, false, bytes, err);
}

bool rd_os_file_create(const char *path, unsigned mode, struct rd_view bytes, struct rd_err *err)
{
	return write_whole(path, mode, true, bytes, err);
}

/* ---- folders and locks -------------------------------------------------------------------------
 */

bool rd_os_mkdirs(const char *path, unsigned mode, struct rd_err *err)
{
	char part[PATH_LEN_MAX];
	size_t len = strlen(path);
	struct stat st;

	if (!len || len >= sizeof(part))
		return rd_fail(err, RD_FAULT_USAGE, "os.file.name",
			       "a folder's path has 1 to %u bytes", PATH_LEN_MAX - 1);
	memcpy(part, path, len + 1);
	for (size_t i = 1; i <= len; i++) {
		if (part[i] != '/' && part[i] != '\0')
			continue;
		part[i] = '\0';
		if (mkdir(part, (mode_t)mode) && errno != EEXIST)
			return rd_fail_errno(err, "os.file.folder", "%s", part);
		if (i < len)
			part[i] = '/';
	}
	if (stat(path, &st) || !S_ISDIR(st.st_mode))
		return rd_fail(err, RD_FAULT_USAGE, "os.file.folder", "%s: not a folder", path);
	return true;
}

bool rd_os_file_lock(const char *path, int *fd, struct rd_err *err)
{
	int made = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW, 0600);

	if (made < 0)
		return rd_fail_errno(err, "os.file.open", "%s", path);
	if (flock(made, LOCK_EX | LOCK_NB)) {
		int why = errno;

		close(made);
		errno = why;
		if (why == EWOULDBLOCK)
			return rd_fail(err, RD_FAULT_FAILED, "os.file.locked",
				       "%s is locked: another process is using it", path);
		return rd_fail_errno(err, "os.file.open", "%s: lock", path);
	}
	*fd = made;
	return true;
}

/* ---- at any place
 * --------------------------------------------------------------------------------- */

bool rd_os_file_open(const char *path, struct rd_os_file *out, struct rd_err *err)
{
	struct stat st;

	if (!open_regular(path, &out->fd, &st, err))
		return false;
	out->size = (uint64_t)st.st_size;
	return true;
}

bool rd_os_file_size(int fd, struct rd_os_file *out, struct rd_err *err)
{
	struct stat st;

	if (fstat(fd, &st))
		return rd_fail_errno(err, "os.file.open", "descriptor %d", fd);
	*out = (struct rd_os_file){ .fd = fd, .size = (uint64_t)st.st_size };
	return true;
}

void rd_os_file_close(struct rd_os_file *file)
{
	rd_os_close(&file->fd);
	file->size = 0;
}

bool rd_os_file_pread(void *file, uint64_t offset, struct rd_span *out, struct rd_err *err)
{
	const struct rd_os_file *f = file;
	size_t want = out->cap - out->used;

	if (offset > f->size || want > f->size - offset)
		return rd_fail(err, RD_FAULT_MALFORMED, "os.file.short",
			       "%zu bytes wanted at %llu of a file of %llu", want,
			       (unsigned long long)offset, (unsigned long long)f->size);
	while (out->used < out->cap) {
		ssize_t n =
			pread(f->fd, out->data + out->used, out->cap - out->used, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return rd_fail_errno(err, "os.file.read", "at byte %llu",
					     (unsigned long long)offset);
		if (n == 0)
			return rd_fail(err, RD_FAULT_MALFORMED, "os.file.short",
				       "the file shrank: nothing at byte %llu",
				       (unsigned long long)offset);
		out->used += (size_t)n;
		offset += (uint64_t)n;
	}
	return true;
}

void rd_os_file_prefetch(void *file, uint64_t offset, uint64_t len)
{
	const struct rd_os_file *f = file;

	posix_fadvise(f->fd, (off_t)offset, (off_t)len, POSIX_FADV_WILLNEED);
}
