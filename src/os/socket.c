/* TCP and UNIX sockets that wait no longer than they are told. */
#include "os_int.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define WAIT_MAX 256u

static void free_addresses(struct addrinfo **list)
{
	if (*list)
		freeaddrinfo(*list);
}

/* "host:port", "[v6]:port", ":port" (any address, for listeners). */
static bool resolve(const char *address, bool passive, struct addrinfo **out, struct rd_err *err)
{
	char host[256];
	const char *colon = strrchr(address, ':');
	size_t len = colon ? (size_t)(colon - address) : 0;
	const char *start = address;
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
				  .ai_flags = passive ? AI_PASSIVE : 0 };
	struct rd_err ignored = { 0 };
	int64_t port;
	int why;

	if (len >= 2 && address[0] == '[' && address[len - 1] == ']') {
		start++;
		len -= 2;
	}
	if (!colon || len >= sizeof(host) ||
	    !rd_parse_i64(rd_view_str(colon + 1), passive ? 0 : 1, 65535, &port, &ignored))
		return rd_fail(err, RD_FAULT_USAGE, "os.address.form",
			       "'%s': expected HOST:PORT, such as 127.0.0.1:7400", address);
	memcpy(host, start, len);
	host[len] = '\0';
	why = getaddrinfo(len ? host : NULL, colon + 1, &hints, out);
	if (why)
		return rd_fail(err, RD_FAULT_FAILED, "os.address.unknown", "%s: %s", address,
			       gai_strerror(why));
	return true;
}

bool rd_os_tcp_listen(const char *address, int *fd, struct rd_err *err)
{
	RD_AUTO(free_addresses) struct addrinfo *list = NULL;
	int on = 1, made;

	if (!resolve(address, true, &list, err))
		return false;
	made = socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (made < 0)
		return rd_fail_errno(err, "os.listen", "%s", address);
	setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(made, list->ai_addr, list->ai_addrlen) || listen(made, 128)) {
		rd_fail_errno(err, "os.listen", "%s", address);
		close(made);
		return false;
	}
	*fd = made;
	return true;
}

bool rd_os_tcp_port(int fd, uint16_t *port, struct rd_err *err)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} name = { 0 };
	socklen_t len = sizeof(name);

	if (getsockname(fd, &name.any, &len))
		return rd_fail_errno(err, "os.socket.name", "a socket's own address");
	*port = ntohs(name.any.sa_family == AF_INET6 ? name.v6.sin6_port : name.v4.sin_port);
	return true;
}

static bool connect_one(const struct addrinfo *to, const char *address, int64_t deadline_ns,
			int *fd, struct rd_err *err)
{
	int made = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1, why = 0;
	socklen_t len = sizeof(why);

	if (made < 0)
		return rd_fail_errno(err, "os.connect", "%s", address);
	if (connect(made, to->ai_addr, to->ai_addrlen) && errno != EINPROGRESS) {
		why = errno;
	} else if (!rd_os_poll(made, POLLOUT, deadline_ns, err)) {
		close(made);
		return rd_wrap(err, "connecting to %s", address);
	} else if (getsockopt(made, SOL_SOCKET, SO_ERROR, &why, &len)) {
		why = errno;
	}
	if (why) {
		close(made);
		errno = why;
		return rd_fail_errno(err, "os.connect", "%s", address);
	}
	setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	*fd = made;
	return true;
}

bool rd_os_tcp_connect(const char *address, int64_t deadline_ns, int *fd, struct rd_err *err)
{
	RD_AUTO(free_addresses) struct addrinfo *list = NULL;

	if (!resolve(address, false, &list, err))
		return false;
	for (const struct addrinfo *to = list; to; to = to->ai_next) {
		struct rd_err why = { 0 };

		if (connect_one(to, address, deadline_ns, fd, &why))
			return true;
		if (!to->ai_next) {
			*err = why;
			return false;
		}
	}
	return rd_fail(err, RD_FAULT_FAILED, "os.address.unknown", "%s: no address", address);
}

bool rd_os_accept(int listener, int64_t deadline_ns, int *fd, struct rd_err *err)
{
	for (;;) {
		int made, on = 1;

		if (!rd_os_poll(listener, POLLIN, deadline_ns, err))
			return false;
		made = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (made >= 0) {
			/* Says no on UNIX sockets, which have nothing to delay. */
			setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
			*fd = made;
			return true;
		}
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			return rd_fail_errno(err, "os.accept", "accepting a connection");
	}
}

static bool unix_name(const char *path, struct sockaddr_un *name, struct rd_err *err)
{
	*name = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (!path[0] || strlen(path) >= sizeof(name->sun_path))
		return rd_fail(err, RD_FAULT_USAGE, "os.address.form",
			       "%s: a socket's path has 1 to %zu bytes", path,
			       sizeof(name->sun_path) - 1);
	memcpy(name->sun_path, path, strlen(path));
	return true;
}

bool rd_os_unix_listen(const char *path, int *fd, struct rd_err *err)
{
	RD_AUTO(rd_os_close) int made = -1;
	struct sockaddr_un name;
	struct stat st;

	if (!unix_name(path, &name, err))
		return false;
	if (!lstat(path, &st) && S_ISSOCK(st.st_mode))
		unlink(path);
	made = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* fchmod before bind: the path never exists with another mode. */
	if (made < 0 || fchmod(made, 0600) ||
	    bind(made, (const struct sockaddr *)&name, sizeof(name)) || listen(made, 16))
		return rd_fail_errno(err, "os.listen", "%s", path);
	*fd = made;
	made = -1;
	return true;
}

bool rd_os_unix_connect(const char *path, int *fd, struct rd_err *err)
{
	RD_AUTO(rd_os_close) int made = -1;
	struct sockaddr_un name;

	if (!unix_name(path, &name, err))
		return false;
	made = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (made < 0 || connect(made, (const struct sockaddr *)&name, sizeof(name)))
		return rd_fail_errno(err, "os.connect", "%s", path);
	*fd = made;
	made = -1;
	return true;
}

/* ---- bytes
 * --------------------------------------------------------------------------------------- */

bool rd_os_send(int fd, struct rd_view bytes, int64_t deadline_ns, struct rd_err *err)
{
	size_t sent = 0;

	while (sent < bytes.len) {
		ssize_t n =
			send(fd, bytes.data + sent, bytes.len - sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n >= 0) {
			sent += (size_t)n;
		} else if (errno == EAGAIN) {
			if (!rd_os_poll(fd, POLLOUT, deadline_ns, err))
				return false;
		} else if (errno != EINTR) {
			return rd_fail_errno(err, "os.socket.send", "sending");
		}
	}
	return true;
}

bool rd_os_recv(int fd, struct rd_span *out, int64_t deadline_ns, struct rd_err *err)
{
	for (;;) {
		ssize_t n = recv(fd, out->data + out->used, out->cap - out->used, MSG_DONTWAIT);

		if (n >= 0) {
			out->used += (size_t)n;
			return true;
		}
		if (errno == EAGAIN) {
			if (!rd_os_poll(fd, POLLIN, deadline_ns, err))
				return false;
		} else if (errno != EINTR) {
			return rd_fail_errno(err, "os.socket.receive", "receiving");
		}
	}
}

bool rd_os_recv_all(int fd, struct rd_span *out, int64_t deadline_ns, struct rd_err *err)
{
	while (out->used < out->cap) {
		size_t before = out->used;

		if (!rd_os_recv(fd, out, deadline_ns, err))
			return false;
		if (out->used == before)
			return rd_fail(err, RD_FAULT_FAILED, "os.socket.closed",
				       "the other side hung up %zu bytes early",
				       out->cap - out->used);
	}
	return true;
}

bool rd_os_wait_readable(const int *fds, uint32_t n, int64_t deadline_ns, uint32_t *index,
			 struct rd_err *err)
{
	struct pollfd p[WAIT_MAX];

	if (!n || n > WAIT_MAX)
		return rd_fail(err, RD_FAULT_USAGE, "os.wait", "1 to %u descriptors, not %u",
			       WAIT_MAX, n);
	for (;;) {
		int got;

		for (uint32_t i = 0; i < n; i++)
			p[i] = (struct pollfd){ .fd = fds[i], .events = POLLIN };
		got = poll(p, n, rd_os_poll_ms(deadline_ns));
		if (got < 0 && errno != EINTR)
			return rd_fail_errno(err, "os.wait", "waiting for descriptors");
		for (uint32_t i = 0; got > 0 && i < n; i++)
			if (p[i].revents) {
				*index = i;
				return true;
			}
		if (got == 0 && rd_os_now_ns(RD_CLOCK_MONO) >= deadline_ns)
			return rd_fail(err, RD_FAULT_FAILED, "os.deadline",
				       "nothing came within the time allowed");
	}
}

void rd_os_hang_up(int fd)
{
	(void)shutdown(fd, SHUT_RDWR);
}
