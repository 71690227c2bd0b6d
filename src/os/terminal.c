/* What there is to know about a terminal, and one line of progress on it. */
#include "os_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define REDRAW_NS 100000000
#define BAR 24u

bool rd_os_is_terminal(int fd)
{
	return isatty(fd) == 1;
}

uint32_t rd_os_terminal_width(int fd)
{
	struct winsize size = { 0 };

	return !ioctl(fd, TIOCGWINSZ, &size) && size.ws_col ? size.ws_col : 80;
}

bool rd_os_wants_color(int fd)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	return rd_os_is_terminal(fd) && (!no_color || !no_color[0]) &&
	       !(term && !strcmp(term, "dumb"));
}

void rd_os_progress_begin(struct rd_os_progress *progress, const char *label, uint64_t total)
{
	*progress = (struct rd_os_progress){ .label = label, .total = total };
}

void rd_os_progress_step(struct rd_os_progress *progress, uint64_t done)
{
	int64_t now = rd_os_now_ns(RD_CLOCK_MONO);
	char line[256], bar[BAR + 1] = { 0 };
	int len;

	if (now - progress->last_ns < REDRAW_NS || !rd_os_is_terminal(STDERR_FILENO))
		return;
	progress->last_ns = now;
	if (progress->total) {
		double part = done < progress->total ? (double)done / (double)progress->total : 1;

		memset(bar, ' ', BAR);
		memset(bar, '#', (size_t)(part * BAR));
		len = snprintf(line, sizeof(line), "\r\033[K%.120s  %3.0f %%  [%s]",
			       progress->label, part * 100, bar);
	} else {
		len = snprintf(line, sizeof(line), "\r\033[K%.120s  %llu", progress->label,
			       (unsigned long long)done);
	}
	if (len > 0 && write(STDERR_FILENO, line, (size_t)len) > 0)
		progress->shown = true;
}

void rd_os_progress_end(struct rd_os_progress *progress)
{
	if (progress->shown && write(STDERR_FILENO, "\r\033[K", 4) > 0)
		progress->shown = false;
}
