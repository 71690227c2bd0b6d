/* Text from files on a terminal: what would move its cursor is shown, not obeyed. */
#ifndef RD_CMD_SCREEN_H
#define RD_CMD_SCREEN_H

#include <redoubt/base.h>

/* Controls, invalid bytes and what turns the direction of writing as \xHH. */
void screen_put(struct rd_buf *out, struct rd_view text);
/* The cells that it takes there, of what screen_put made. */
size_t screen_width(struct rd_view text);
/* What was put since `start` padded to `width` cells; what is longer gets a line of its own. */
void screen_pad(struct rd_buf *out, size_t start, size_t width);
/* "87 B", "4.6 MiB", "915 KiB": at most 8 cells. */
void screen_put_size(struct rd_buf *out, uint64_t bytes);

#endif
