/* Child processes of the command line and its daemons; and the program's own whereabouts. */
#include "os_int.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SPARE_FD 64

extern char **environ;

struct pipes {
	int in[2], out[2], err[2], failed[2];
};

static void close_pair(int pair[2])
{
	rd_os_close(&pair[0]);
	rd_os_close(&pair[1]);
}

static void close_pipes(struct pipes *p)
{
	close_pair(p->in);
	close_pair(p->out);
	close_pair(p->err);
	close_pair(p->failed);
}

static bool make_pipes(const struct rd_process_options *o, struct pipes *p)
{
	return (!o->pipe_in || !pipe2(p->in, O_CLOEXEC)) &&
	       (!o->pipe_out || !pipe2(p->out, O_CLOEXEC)) &&
	       (!o->pipe_err || !pipe2(p->err, O_CLOEXEC)) && !pipe2(p->failed, O_CLOEXEC);
}

/* Between fork and exec: only calls that are safe there. */
static _Noreturn void become(const struct rd_process_options *o, struct pipes *p, pid_t parent)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC),
	    status = fcntl(p->failed[1], F_DUPFD_CLOEXEC, SPARE_FD), pass[RD_OS_PASS_FDS], why;
	sigset_t none;

	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	for (uint32_t i = 0; i < o->n_pass_fds; i++)
		pass[i] = fcntl(o->pass_fd[i], F_DUPFD_CLOEXEC, SPARE_FD);
	if (getppid() == parent && status >= 0 && null >= 0) {
		dup2(o->pipe_in ? p->in[0] : null, 0);
		if (o->pipe_out || o->quiet)
			dup2(o->pipe_out ? p->out[1] : null, 1);
		if (o->pipe_err || o->quiet)
			dup2(o->pipe_err ? p->err[1] : null, 2);
		for (uint32_t i = 0; i < o->n_pass_fds; i++)
			dup2(pass[i], 3 + (int)i);
		syscall(SYS_close_range, 3 + o->n_pass_fds, (unsigned)SPARE_FD - 1, 0);
		execvpe(o->argv[0], (char *const *)(uintptr_t)o->argv,
			o->env ? (char *const *)(uintptr_t)o->env : environ);
	}
	why = errno;
	if (write(status, &why, sizeof(why)) != (ssize_t)sizeof(why))
		_exit(126);
	_exit(127);
}

static int take(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

bool rd_os_process_start(const struct rd_process_options *options, struct rd_process *out,
			 struct rd_err *err)
{
	RD_AUTO(close_pipes) struct pipes p = { { -1, -1 }, { -1, -1 }, { -1, -1 }, { -1, -1 } };
	int why = 0;
	pid_t parent = getpid(), pid;

	rd_assert(options->n_pass_fds <= RD_OS_PASS_FDS);
	if (!make_pipes(options, &p))
		return rd_fail_errno(err, "os.process.start", "%s: pipes", options->argv[0]);
	pid = fork();
	if (pid < 0)
		return rd_fail_errno(err, "os.process.start", "%s", options->argv[0]);
	if (pid == 0)
		become(options, &p, parent);
	setpgid(pid, pid);
	rd_os_close(&p.failed[1]);
	if (read(p.failed[0], &why, sizeof(why)) == (ssize_t)sizeof(why)) {
		waitpid(pid, NULL, 0);
		errno = why;
		return rd_fail_errno(err, "os.process.start", "%s", options->argv[0]);
	}
	*out = (struct rd_process){ .pid = pid,
				    .pidfd = (int)syscall(SYS_pidfd_open, pid, 0),
				    .in = take(&p.in[1]),
				    .out = take(&p.out[0]),
				    .err = take(&p.err[0]) };
	return true;
}

bool rd_os_process_wait(struct rd_process *process, int64_t deadline_ns, int *status,
			struct rd_err *err)
{
	int raw;

	if (process->pid <= 0)
		return rd_fail(err, RD_FAULT_USAGE, "os.process.wait", "no process");
	if (process->pidfd >= 0 && !rd_os_poll(process->pidfd, POLLIN, deadline_ns, err))
		return false;
	while (waitpid(process->pid, &raw, 0) < 0)
		if (errno != EINTR)
			return rd_fail_errno(err, "os.process.wait", "process %d", process->pid);
	*status = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
	process->pid = -1; /* finished: its descriptors are still open */
	return true;
}

void rd_os_process_end(struct rd_process *process, int64_t grace_ms)
{
	struct rd_err ignored = { 0 };
	int status;

	if (process->pid > 0) {
		kill(-process->pid, SIGTERM);
		if (!rd_os_process_wait(process, rd_os_deadline(grace_ms), &status, &ignored)) {
			kill(-process->pid, SIGKILL);
			if (!rd_os_process_wait(process, RD_NO_DEADLINE, &status, &ignored))
				process->pid = -1;
		}
	}
	if (process->pid != 0) {
		rd_os_close(&process->pidfd);
		rd_os_close(&process->in);
		rd_os_close(&process->out);
		rd_os_close(&process->err);
	}
	*process = (struct rd_process){ .pidfd = -1, .in = -1, .out = -1, .err = -1 };
}

bool rd_os_program_folder(struct rd_arena *arena, struct rd_view *out, struct rd_err *err)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path));
	const char *slash = n > 0 ? memrchr(path, '/', (size_t)n) : NULL;

	if (!slash || n == (ssize_t)sizeof(path))
		return rd_fail_errno(err, "os.program", "the folder of this program");
	return rd_arena_copy(arena, rd_view_of(path, (size_t)(slash - path)), out, err);
}

bool rd_os_signal_fd(int *fd, struct rd_err *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return rd_fail_errno(err, "os.signal", "blocking signals");
	*fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (*fd < 0)
		return rd_fail_errno(err, "os.signal", "a descriptor for signals");
	return true;
}
