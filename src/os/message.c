/* Messages that may carry descriptors, over a pair of UNIX SOCK_SEQPACKET sockets. */
#include "os_int.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

bool rd_os_poll(int fd, short events, int64_t deadline_ns, struct rd_err *err)
{
	for (;;) {
		struct pollfd p = { .fd = fd, .events = events };
		int n = poll(&p, 1, rd_os_poll_ms(deadline_ns));

		if (n > 0)
			return true;
		if (n < 0 && errno != EINTR)
			return rd_fail_errno(err, "os.wait", "waiting for a descriptor");
		if (n == 0 && rd_os_now_ns(RD_CLOCK_MONO) >= deadline_ns)
			return rd_fail(err, RD_FAULT_FAILED, "os.deadline",
				       "no answer within the time allowed");
	}
}

int rd_os_poll_ms(int64_t deadline_ns)
{
	int64_t left;

	if (deadline_ns == RD_NO_DEADLINE)
		return -1;
	left = deadline_ns - rd_os_now_ns(RD_CLOCK_MONO);
	if (left <= 0)
		return 0;
	left = (left + 999999) / 1000000;
	return left > 60000 ? 60000 : (int)left;
}

bool rd_os_socket_pair(int fd[2], struct rd_err *err)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd))
		return rd_fail_errno(err, "os.socket.pair", "a pair of sockets");
	return true;
}

union control {
	struct cmsghdr header;
	char room[CMSG_SPACE(RD_OS_MESSAGE_FDS * sizeof(int))];
};

bool rd_os_message_send_fds(int fd, struct rd_view bytes, struct rd_os_fds fds, int64_t deadline_ns,
			    struct rd_err *err)
{
	struct iovec part = { .iov_base = (void *)(uintptr_t)bytes.data, .iov_len = bytes.len };
	union control control = { 0 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	if (!bytes.len || bytes.len > RD_OS_MESSAGE_MAX || fds.n > RD_OS_MESSAGE_FDS)
		return rd_fail(err, RD_FAULT_USAGE, "os.message.size",
			       "a message has 1 to %u bytes and at most %u descriptors, not %zu "
			       "and %u",
			       RD_OS_MESSAGE_MAX, RD_OS_MESSAGE_FDS, bytes.len, fds.n);
	if (fds.n) {
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(fds.n * sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(fds.n * sizeof(int));
		memcpy(CMSG_DATA(&control.header), fds.fd, fds.n * sizeof(int));
	}
	for (;;) {
		ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent >= 0)
			return true;
		if (errno == EPIPE || errno == ECONNRESET)
			return rd_fail(err, RD_FAULT_FAILED, "os.message.closed",
				       "the other side has hung up");
		if (errno == EAGAIN) {
			if (!rd_os_poll(fd, POLLOUT, deadline_ns, err))
				return false;
		} else if (errno != EINTR) {
			return rd_fail_errno(err, "os.message.send", "sending a message");
		}
	}
}

bool rd_os_message_send(int fd, struct rd_view bytes, int64_t deadline_ns, struct rd_err *err)
{
	return rd_os_message_send_fds(fd, bytes, (struct rd_os_fds){ NULL, 0 }, deadline_ns, err);
}

/* Takes the descriptors out of a received message; closes those above the allowed number. */
static bool take_fds(struct msghdr *from, struct rd_os_message *to)
{
	bool ok = true;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(from); c; c = CMSG_NXTHDR(from, c)) {
		size_t n;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
			if (to->n_fds < to->max_fds && to->n_fds < RD_OS_MESSAGE_FDS) {
				to->fds[to->n_fds++] = fd;
			} else {
				close(fd);
				ok = false;
			}
		}
	}
	return ok && !(from->msg_flags & MSG_CTRUNC);
}

static bool receive(int fd, struct msghdr *message, ssize_t *got, int64_t deadline_ns,
		    struct rd_err *err)
{
	for (;;) {
		*got = recvmsg(fd, message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
		if (*got > 0)
			return true;
		if (*got == 0 || errno == ECONNRESET)
			return rd_fail(err, RD_FAULT_FAILED, "os.message.closed",
				       "the other side has hung up");
		if (errno == EAGAIN) {
			if (!rd_os_poll(fd, POLLIN, deadline_ns, err))
				return false;
		} else if (errno != EINTR) {
			return rd_fail_errno(err, "os.message.receive", "receiving a message");
		}
	}
}

bool rd_os_message_recv(int fd, struct rd_os_message *message, int64_t deadline_ns,
			struct rd_err *err)
{
	struct iovec part = { .iov_base = message->bytes.data + message->bytes.used,
			      .iov_len = message->bytes.cap - message->bytes.used };
	union control control = { 0 };
	struct msghdr header = { .msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control) };
	ssize_t got;

	message->n_fds = 0;
	if (!receive(fd, &header, &got, deadline_ns, err))
		return false;
	if (!take_fds(&header, message) || (header.msg_flags & MSG_TRUNC)) {
		for (uint32_t i = 0; i < message->n_fds; i++)
			close(message->fds[i]);
		message->n_fds = 0;
		return rd_fail(err, RD_FAULT_MALFORMED, "os.message.size",
			       "a message of more than %zu bytes or %u descriptors", part.iov_len,
			       message->max_fds);
	}
	message->bytes.used += (size_t)got;
	return true;
}
