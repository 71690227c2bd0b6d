/* What the files of os share. */
#ifndef OS_INT_H
#define OS_INT_H

#include <redoubt/os.h>

#include <linux/filter.h>

/* Milliseconds for poll(2) until the deadline: -1 for none, at most a minute at a time. */
int rd_os_poll_ms(int64_t deadline_ns);
RD_MUST_USE bool rd_os_poll(int fd, short events, int64_t deadline_ns, struct rd_err *err);

/* ---- seccomp programs
 * ---------------------------------------------------------------------------- */

#define RD_FILTER_MAX 160u /* instructions */

struct rd_filter {
	struct sock_filter code[RD_FILTER_MAX];
	uint32_t n;
};
/* First stage, from just before exec: what start-up of libc and OpenSSL needs, execveat once. */
void rd_os_filter_start(struct rd_filter *filter);
/* Second stage, the enclave's own. */
void rd_os_filter_run(struct rd_filter *filter);
/* The launcher's: everything but network sockets and programs. */
void rd_os_filter_launcher(struct rd_filter *filter);
/* For all threads.  False with errno set. */
bool rd_os_filter_load(const struct rd_filter *filter);

#endif
