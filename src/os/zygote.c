/* The zygote: spawns and kills on request, one at a time, and holds nothing worth stealing. */
#include "os_int.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CHILDREN_MAX 64u

enum op { OP_SPAWN = 1, OP_KILL = 2 };

struct request {
	uint32_t op, value; /* uid, or id */
};

struct reply {
	uint32_t ok, id, missing;
	int32_t sys_errno;
	char text[160];
};

static void spawn(const struct rd_sandbox *common, const struct request *q, const int *fds,
		  int *pidfds, struct reply *reply)
{
	struct rd_sandbox s = *common;
	struct rd_sandbox_child child;
	struct rd_err err = { 0 };
	uint32_t id = 0;

	while (id < CHILDREN_MAX && pidfds[id] >= 0)
		id++;
	if (id == CHILDREN_MAX) {
		memcpy(reply->text, "too many enclaves at a time", 28);
		return;
	}
	s.uid = q->value;
	memcpy(s.fd, fds, sizeof(s.fd));
	if (!rd_os_sandbox_spawn(&s, &child, &err)) {
		reply->sys_errno = err.sys_errno;
		memcpy(reply->text, err.text, sizeof(reply->text) - 1);
		return;
	}
	pidfds[id] = child.pidfd;
	*reply = (struct reply){ .ok = 1, .id = id, .missing = child.missing };
}

static void end_child(int *pidfd)
{
	if (*pidfd >= 0)
		syscall(SYS_pidfd_send_signal, *pidfd, SIGKILL, NULL, 0);
	rd_os_close(pidfd);
}

static _Noreturn void serve(const struct rd_sandbox *common, int socket)
{
	int pidfds[CHILDREN_MAX];

	for (uint32_t i = 0; i < CHILDREN_MAX; i++)
		pidfds[i] = -1;
	for (;;) {
		struct request q = { 0 };
		struct reply reply = { 0 };
		struct rd_err err = { 0 };
		struct rd_os_message m = { .bytes = { (uint8_t *)&q, sizeof(q), 0 },
					   .max_fds = RD_SANDBOX_FDS };

		if (!rd_os_message_recv(socket, &m, RD_NO_DEADLINE, &err))
			break;
		if (q.op == OP_SPAWN && m.n_fds == RD_SANDBOX_FDS) {
			spawn(common, &q, m.fds, pidfds, &reply);
		} else if (q.op == OP_KILL && q.value < CHILDREN_MAX) {
			end_child(&pidfds[q.value]);
			reply.ok = 1;
		}
		for (uint32_t i = 0; i < m.n_fds; i++)
			close(m.fds[i]);
		if (!rd_os_message_send(socket, rd_view_of(&reply, sizeof(reply)), RD_NO_DEADLINE,
					&err))
			break;
	}
	for (uint32_t i = 0; i < CHILDREN_MAX; i++)
		end_child(&pidfds[i]);
	_exit(0);
}

bool rd_os_zygote_start(const struct rd_sandbox *common, int *socket, struct rd_err *err)
{
	int pair[2];
	pid_t parent = getpid(), pid;

	if (!rd_os_socket_pair(pair, err))
		return false;
	pid = fork();
	if (pid < 0) {
		rd_fail_errno(err, "os.zygote", "no process");
		close(pair[0]);
		close(pair[1]);
		return false;
	}
	if (pid == 0) {
		struct rd_sandbox mine = *common;

		/* Only its own socket and the sealed file, so that no hang-up goes unseen. */
		mine.exe_fd = 3;
		if (dup2(pair[1], 64) < 0 || dup2(common->exe_fd, 65) < 0 || dup2(65, 3) < 0 ||
		    dup2(64, 4) < 0)
			_exit(1);
		syscall(SYS_close_range, 5, ~0u, 0);
		signal(SIGCHLD, SIG_IGN);
		signal(SIGINT, SIG_IGN);
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) || getppid() != parent)
			_exit(1);
		serve(&mine, 4);
	}
	close(pair[1]);
	*socket = pair[0];
	return true;
}

static bool ask(int socket, const struct request *q, const int *fds, struct reply *reply,
		struct rd_err *err)
{
	struct rd_os_message m = { .bytes = { (uint8_t *)reply, sizeof(*reply), 0 } };

	if (!rd_os_message_send_fds(socket, rd_view_of(q, sizeof(*q)),
				    (struct rd_os_fds){ fds, fds ? RD_SANDBOX_FDS : 0 },
				    RD_NO_DEADLINE, err) ||
	    !rd_os_message_recv(socket, &m, RD_NO_DEADLINE, err))
		return rd_wrap(err, "zygote");
	if (m.bytes.used != sizeof(*reply) || !reply->ok) {
		reply->text[sizeof(reply->text) - 1] = '\0';
		return rd_fail(err, RD_FAULT_FAILED, "os.sandbox.spawn", "the zygote could not: %s",
			       reply->text);
	}
	return true;
}

bool rd_os_zygote_spawn(int socket, const int fds[RD_SANDBOX_FDS], uint32_t uid,
			struct rd_os_zygote_child *out, struct rd_err *err)
{
	struct request q = { OP_SPAWN, uid };
	struct reply reply = { 0 };

	if (!ask(socket, &q, fds, &reply, err))
		return false;
	*out = (struct rd_os_zygote_child){ .id = reply.id, .missing = reply.missing };
	return true;
}

bool rd_os_zygote_kill(int socket, uint32_t id, struct rd_err *err)
{
	struct request q = { OP_KILL, id };
	struct reply reply = { 0 };

	return ask(socket, &q, NULL, &reply, err);
}
