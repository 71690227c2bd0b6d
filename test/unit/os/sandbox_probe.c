/*
 * Runs inside the sandbox for test_os_sandbox.c: says where a secret lies, seals itself if told to,
 * then does one forbidden thing on command and says what came of it, if it still can.
 */
#include <redoubt/os.h>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox_probe.h"

static char secret[] = "SECRET-77";

static long attempt(uint32_t what)
{
	char *const none[] = { NULL };

	switch (what) {
	case TRY_OPEN:
		return syscall(SYS_openat, AT_FDCWD, "/", O_RDONLY);
	case TRY_SOCKET:
		return syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
	case TRY_FORK:
		return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	case TRY_CLONE3:
		return syscall(SYS_clone3, NULL, 0);
	case TRY_PTRACE:
		return ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	case TRY_EXEC:
		return syscall(SYS_execve, "/proc/self/exe", none, none);
	case TRY_EXECVEAT:
		return syscall(SYS_execveat, 4, "", none, none, AT_EMPTY_PATH);
	case TRY_NEW_CODE:
		return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			    0) == MAP_FAILED
			       ? -1
			       : 0;
	case TRY_MOUNT:
		return syscall(SYS_mount, "none", "/", "tmpfs", 0, NULL);
	case TRY_KILL:
		return syscall(SYS_kill, -1, SIGKILL);
	case TRY_X32:
		return syscall(0x40000000 | SYS_getpid);
	default:
		return 0;
	}
}

static bool tell(uint32_t what, uint32_t missing, int64_t result)
{
	struct probe_reply reply = { .what = what,
				     .missing = missing,
				     .result = result,
				     .address = (uint64_t)(uintptr_t)secret };
	struct rd_err err = { 0 };

	return rd_os_message_send(3, rd_view_of(&reply, sizeof(reply)), RD_NO_DEADLINE, &err);
}

int main(int argc, char **argv)
{
	uint32_t missing = 0, more = 0, what = 0;
	struct rd_os_message m = { .bytes = { (uint8_t *)&what, sizeof(what), 0 } };
	struct rd_err err = { 0 };
	extern char **environ;

	if (!rd_os_sandbox_enter(&missing, &err))
		return 1;
	/* The kernel puts an empty argv[0] where none was given. */
	if (argc > 1 || (argc == 1 && argv[0][0]) || environ[0])
		missing |= PROBE_BAD_START;
	for (int fd = 0; fd < 1024; fd++)
		if ((fcntl(fd, F_GETFD) >= 0) != (fd == 3 || fd == 4))
			missing |= PROBE_BAD_START;
	if (!tell(TRY_NOTHING, missing, getpid()))
		return 1;
	while (rd_os_message_recv(3, &m, RD_NO_DEADLINE, &err)) {
		m.bytes.used = 0;
		if (what == TRY_SEAL) {
			if (!rd_os_sandbox_seal(&more, &err) || !tell(what, more, 0))
				return 1;
		} else if (!tell(what, missing, attempt(what))) {
			return 1;
		}
	}
	return 0;
}
