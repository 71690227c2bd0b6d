/* Sockets that ring a futex word: one epoll thread, edge-triggered. */
#include "os_int.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <poll.h>
#include <unistd.h>

struct rd_os_watch {
	uint32_t *word;
	int epoll, stop;
	pthread_t thread;
};

static void *watch(void *ctx)
{
	struct rd_os_watch *w = ctx;

	for (;;) {
		struct epoll_event event[16];
		int n = epoll_wait(w->epoll, event, 16, -1);

		for (int i = 0; i < n; i++)
			if (event[i].data.fd == w->stop)
				return NULL;
		if (n > 0) {
			__atomic_add_fetch(w->word, 1, __ATOMIC_RELEASE);
			rd_os_futex_wake(w->word);
		} else if (n < 0 && errno != EINTR) {
			return NULL;
		}
	}
}

bool rd_os_watch_new(uint32_t *word, struct rd_os_watch **out, struct rd_err *err)
{
	struct rd_os_watch *w = calloc(1, sizeof(*w));
	struct epoll_event stop = { .events = EPOLLIN };

	if (!w)
		return rd_fail(err, RD_FAULT_FAILED, "base.memory", "no memory for a watch");
	w->word = word;
	w->epoll = epoll_create1(EPOLL_CLOEXEC);
	w->stop = eventfd(0, EFD_CLOEXEC);
	stop.data.fd = w->stop;
	if (w->epoll < 0 || w->stop < 0 || epoll_ctl(w->epoll, EPOLL_CTL_ADD, w->stop, &stop) ||
	    pthread_create(&w->thread, NULL, watch, w)) {
		rd_fail_errno(err, "os.wait", "a watch over sockets");
		rd_os_close(&w->epoll);
		rd_os_close(&w->stop);
		free(w);
		return false;
	}
	*out = w;
	return true;
}

void rd_os_watch_free(struct rd_os_watch **watch_out)
{
	struct rd_os_watch *w = *watch_out;
	uint64_t one = 1;

	if (!w)
		return;
	if (write(w->stop, &one, sizeof(one)) == (ssize_t)sizeof(one))
		pthread_join(w->thread, NULL);
	rd_os_close(&w->epoll);
	rd_os_close(&w->stop);
	free(w);
	*watch_out = NULL;
}

bool rd_os_watch_add(struct rd_os_watch *w, int fd, struct rd_err *err)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.fd = fd };

	if (epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &event))
		return rd_fail_errno(err, "os.wait", "watching a socket");
	return true;
}

bool rd_os_recv_now(int fd, struct rd_span *out, bool *nothing, struct rd_err *err)
{
	ssize_t n;

	*nothing = false;
	do {
		n = recv(fd, out->data + out->used, out->cap - out->used, MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n >= 0) {
		out->used += (size_t)n;
		return true;
	}
	*nothing = errno == EAGAIN;
	return *nothing || rd_fail_errno(err, "os.socket.receive", "receiving");
}

bool rd_os_hung_up(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLRDHUP };

	return poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLRDHUP | POLLERR | POLLNVAL));
}
