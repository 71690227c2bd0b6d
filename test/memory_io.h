/* Files in memory, for tests of what reads blobs and writes to sinks. */
#ifndef RD_TEST_MEMORY_IO_H
#define RD_TEST_MEMORY_IO_H

#include <redoubt/base.h>

#include <string.h>

/* `ctx` is a struct rd_view. */
static inline bool rd_test_view_read(void *ctx, uint64_t offset, struct rd_span *out,
				     struct rd_err *err)
{
	const struct rd_view *file = ctx;
	size_t len = out->cap - out->used;

	if (offset > file->len || len > file->len - offset)
		return rd_fail(err, RD_FAULT_FAILED, "os.file.short", "past the end");
	if (len)
		memcpy(out->data + out->used, file->data + offset, len);
	out->used = out->cap;
	return true;
}

/* `ctx` is a struct rd_buf, here and below. */
static inline bool rd_test_buf_read(void *ctx, uint64_t offset, struct rd_span *out,
				    struct rd_err *err)
{
	struct rd_view file = rd_buf_view(ctx);

	return rd_test_view_read(&file, offset, out, err);
}

static inline bool rd_test_buf_write(void *ctx, struct rd_view bytes, struct rd_err *err)
{
	rd_buf_add(ctx, bytes);
	return rd_buf_ok(ctx, err);
}

#endif
