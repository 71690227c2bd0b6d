/* A text file read from front to back through a window that grows with its longest record. */
#ifndef RD_TABLE_TEXT_INT_H
#define RD_TABLE_TEXT_INT_H

#include "table_int.h"

struct text_window {
	const struct rd_blob *blob;
	const char *name;       /* of the file, for errors */
	uint64_t offset;        /* of the next byte to fetch */
	struct rd_store window; /* bytes [at, len) of it are not yet read */
	size_t at, len;
};

/* Fetches the beginning; a byte order mark is skipped. */
RD_MUST_USE bool text_open(struct text_window *w, struct rd_err *err);
void text_close(struct text_window *w);
/* More bytes behind those that are not yet read; what stood before `at` is gone. */
RD_MUST_USE bool text_more(struct text_window *w, struct rd_err *err);
static inline bool text_is_all(const struct text_window *w)
{
	return w->offset == w->blob->size;
}
/* Bytes that were read. */
static inline uint64_t text_done(const struct text_window *w)
{
	return w->offset - (w->len - w->at);
}

#endif
