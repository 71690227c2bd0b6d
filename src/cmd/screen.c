/* Text from files on a terminal. */
#include "screen.h"

#include <inttypes.h>

void screen_pad(struct rd_buf *out, size_t start, size_t width)
{
	size_t has = start <= out->len
			     ? rd_text_width(rd_view_of(out->data + start, out->len - start))
			     : 0;

	if (has > width) {
		rd_buf_add_byte(out, '\n');
		has = 0;
	}
	for (; has < width; has++)
		rd_buf_add_byte(out, ' ');
}

void screen_put_size(struct rd_buf *out, uint64_t bytes)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double size = (double)bytes / 1024;
	size_t unit = 0;

	if (bytes < 1024) {
		rd_buf_printf(out, "%" PRIu64 " B", bytes);
		return;
	}
	/* 1023.95 would be printed as 1024.0 */
	for (; size >= 1023.95; unit++)
		size /= 1024;
	rd_buf_printf(out, size < 99.95 ? "%.1f %s" : "%.0f %s", size, units[unit]);
}
