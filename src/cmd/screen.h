/* Columns on a terminal. */
#ifndef RD_CMD_SCREEN_H
#define RD_CMD_SCREEN_H

#include <redoubt/base.h>

/* What was put since `start` padded to `width` cells; what is longer gets a line of its own. */
void screen_pad(struct rd_buf *out, size_t start, size_t width);
/* "87 B", "4.6 MiB", "915 KiB": at most 8 cells. */
void screen_put_size(struct rd_buf *out, uint64_t bytes);

#endif
