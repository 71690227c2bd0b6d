/*
 * The sandbox denies: one child for each forbidden thing, with a control that is alive; and nobody
 * of the same uid can look into it, with a control that can be looked into.
 */
#include "support.h"

#include <redoubt/os.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox_probe.h"

#define UID 0x7ed10000u
#define PROBE_MS 5000

struct probe {
	struct rd_sandbox_child child;
	struct probe_reply first;
	int socket;
};

static int exe = -1;

static int seal_probe(void **state)
{
	char path[4096];
	struct rd_err err = { 0 };
	const char *build = getenv("RD_BUILD"), *sanitized = getenv("RD_SANITIZED");

	(void)state;
	if (sanitized && sanitized[0]) {
		print_message("a sanitized program cannot be static: skipped\n");
		return 0;
	}
	snprintf(path, sizeof(path), "%s/test/unit/os/sandbox_probe", build ? build : ".");
	if (!rd_os_exe_seal(path, 64u << 20, &exe, &err)) {
		print_error("%s: %s\n", err.code, err.text);
		return -1;
	}
	return 0;
}

static bool hear(struct probe *p, struct probe_reply *reply)
{
	struct rd_os_message m = { .bytes = { (uint8_t *)reply, sizeof(*reply), 0 } };
	struct rd_err err = { 0 };

	return rd_os_message_recv(p->socket, &m, rd_os_deadline(PROBE_MS), &err);
}

static void start(struct probe *p)
{
	struct rd_sandbox s = {
		.exe_fd = exe, .uid = UID, .memory_max = UINT64_C(4) << 30, .threads_max = 4
	};
	struct rd_err err = { 0 };
	int pair[2];

	if (exe < 0)
		skip();
	assert_true(rd_os_socket_pair(pair, &err));
	assert_true(rd_os_shared_new(4096, &s.fd[1], &err));
	s.fd[0] = pair[1];
	if (!rd_os_sandbox_spawn(&s, &p->child, &err))
		fail_msg("%s: %s", err.code, err.text);
	rd_os_close(&pair[1]);
	rd_os_close(&s.fd[1]);
	p->socket = pair[0];
	assert_true(hear(p, &p->first));
}

static int finish(struct probe *p)
{
	int status = 0;

	rd_os_close(&p->socket);
	rd_os_close(&p->child.pidfd);
	assert_int_equal(waitpid(p->child.pid, &status, 0), p->child.pid);
	return status;
}

static bool command(struct probe *p, uint32_t what, struct probe_reply *reply)
{
	struct rd_err err = { 0 };

	return rd_os_message_send(p->socket, rd_view_of(&what, sizeof(what)), RD_NO_DEADLINE,
				  &err) &&
	       hear(p, reply);
}

static void test_layers(void **state)
{
	struct probe p;
	uint32_t expected = geteuid() == 0 ? 0 : RD_SANDBOX_OWN_UID;

	(void)state;
	start(&p);
	for (uint32_t bit = 1; bit <= RD_SANDBOX_ALL; bit <<= 1)
		if (p.child.missing & bit)
			print_message("this kernel lacks: %s\n", rd_os_sandbox_layer_name(bit));
	/* A fresh pid namespace; a clean start. */
	if (!(p.child.missing & RD_SANDBOX_NAMESPACES))
		assert_int_equal(p.first.result, 1);
	assert_int_equal(p.first.missing, 0);
	/* CI=true runs where everything is to be had. */
	if (getenv("CI"))
		assert_int_equal(p.child.missing, expected);
	assert_int_equal(finish(&p), 0);
}

static void test_not_root_inside(void **state)
{
	struct probe p;
	char line[256], path[64];
	bool caps = false, seccomp = false;
	FILE *status;

	(void)state;
	start(&p);
	snprintf(path, sizeof(path), "/proc/%d/status", p.child.pid);
	status = fopen(path, "r");
	assert_non_null(status);
	while (fgets(line, sizeof(line), status)) {
		caps = caps || !strcmp(line, "CapEff:\t0000000000000000\n");
		seccomp = seccomp || !strcmp(line, "Seccomp:\t2\n");
		if (geteuid() == 0 && !strncmp(line, "Uid:", 4))
			assert_int_equal(strtoul(line + 5, NULL, 10), UID);
	}
	fclose(status);
	assert_true(caps);
	assert_true(seccomp);
	finish(&p);
}

/* Sealed: every attempt kills.  The control answers. */
static void test_sealed_kills(void **state)
{
	(void)state;
	for (uint32_t what = TRY_OPEN; what < TRY_END; what++) {
		struct probe p;
		struct probe_reply reply;
		int status;

		start(&p);
		assert_true(command(&p, TRY_SEAL, &reply));
		if (reply.missing) {
			finish(&p);
			print_message("no seccomp here\n");
			skip();
		}
		assert_true(command(&p, TRY_NOTHING, &reply));
		if (what == TRY_CLONE3) {
			/* Answered with ENOSYS, so that libc makes its threads with clone. */
			assert_true(command(&p, what, &reply));
			assert_int_equal(reply.result, -1);
			assert_int_equal(finish(&p), 0);
			continue;
		}
		if (command(&p, what, &reply))
			fail_msg("attempt %u was survived, result %lld", what,
				 (long long)reply.result);
		status = finish(&p);
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
			fail_msg("attempt %u ended with status 0x%x", what, (unsigned)status);
	}
}

/* Before the seal: denied, one way or the other. */
static void test_start_denies(void **state)
{
	(void)state;
	for (uint32_t what = TRY_OPEN; what < TRY_END; what++) {
		struct probe p;
		struct probe_reply reply;

		start(&p);
		/* execveat is what made the child; what it finds at descriptor 4 is no program. */
		if (command(&p, what, &reply) && reply.result != -1)
			fail_msg("attempt %u succeeded", what);
		finish(&p);
	}
}

/* ---- a peer of the same uid ---------------------------------------------------------------------
 */

/* Bits: 1 process_vm_readv, 2 /proc/PID/mem, 4 ptrace, 8 pidfd_getfd. */
static int peer_reads(int pid, uint64_t address, uint32_t uid)
{
	char got[9] = { 0 }, path[64];
	struct iovec here = { got, sizeof(got) };
	struct iovec there = { (void *)(uintptr_t)address, sizeof(got) };
	int can = 0, fd, pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (geteuid() == 0 && (setresgid(uid, uid, uid) || setresuid(uid, uid, uid)))
		return 64;
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	if (process_vm_readv(pid, &here, 1, &there, 1, 0) == 9 && !memcmp(got, "SECRET-77", 9))
		can |= 1;
	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDONLY);
	if (fd >= 0 && pread(fd, got, 9, (off_t)address) == 9)
		can |= 2;
	if (!ptrace(PTRACE_SEIZE, pid, NULL, NULL))
		can |= 4;
	if (pidfd >= 0 && syscall(SYS_pidfd_getfd, pidfd, 3, 0) >= 0)
		can |= 8;
	return can;
}

static int ask_peer(int pid, uint64_t address, uint32_t uid)
{
	int status = 0, peer = fork();

	if (peer == 0)
		_exit(peer_reads(pid, address, uid));
	assert_true(peer > 0);
	assert_int_equal(waitpid(peer, &status, 0), peer);
	return WEXITSTATUS(status);
}

static void test_peer_cannot_read(void **state)
{
	static char open_secret[] = "SECRET-77";
	struct probe p;
	int pipe_fd[2], control;
	char ready;

	(void)state;
	start(&p);
	assert_int_equal(ask_peer(p.child.pid, p.first.address, UID), 0);
	finish(&p);
	/* The control: an ordinary process of that uid can be read by its peers in every way. */
	assert_int_equal(pipe(pipe_fd), 0);
	control = fork();
	if (control == 0) {
		if (geteuid() == 0 && (setresgid(UID, UID, UID) || setresuid(UID, UID, UID)))
			_exit(1);
		prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
		if (dup2(pipe_fd[1], 3) < 0 || write(pipe_fd[1], "r", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	assert_int_equal(read(pipe_fd[0], &ready, 1), 1);
	assert_int_equal(ask_peer(control, (uint64_t)(uintptr_t)open_secret, UID) & 1, 1);
	kill(control, SIGKILL);
	waitpid(control, NULL, 0);
	close(pipe_fd[0]);
	close(pipe_fd[1]);
}

/* ---- the sealed file
 * ------------------------------------------------------------------------------ */

static void test_file_is_sealed(void **state)
{
	(void)state;
	if (exe < 0)
		skip();
	assert_int_equal(write(exe, "x", 1), -1);
	assert_int_equal(ftruncate(exe, 0), -1);
	assert_int_equal(fcntl(exe, F_ADD_SEALS, 0), -1);
}

static void test_killed_with_zygote(void **state)
{
	struct rd_sandbox s = { .exe_fd = exe, .memory_max = UINT64_C(4) << 30, .threads_max = 4 };
	struct probe p = { .socket = -1 };
	struct probe_reply reply;
	struct rd_err err = { 0 };
	int zygote, pair[2], fds[2];
	struct rd_os_zygote_child child;

	(void)state;
	if (exe < 0)
		skip();
	assert_true(rd_os_zygote_start(&s, &zygote, &err));
	assert_true(rd_os_socket_pair(pair, &err));
	assert_true(rd_os_shared_new(4096, &fds[1], &err));
	fds[0] = pair[1];
	assert_true(rd_os_zygote_spawn(zygote, fds, UID, &child, &err));
	rd_os_close(&pair[1]);
	p.socket = pair[0];
	assert_true(hear(&p, &p.first));
	assert_true(command(&p, TRY_NOTHING, &reply));
	rd_os_close(&zygote);
	assert_false(hear(&p, &reply));
	assert_true(rd_os_hung_up(p.socket));
	rd_os_close(&p.socket);
	rd_os_close(&fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layers),
		cmocka_unit_test(test_not_root_inside),
		cmocka_unit_test(test_sealed_kills),
		cmocka_unit_test(test_start_denies),
		cmocka_unit_test(test_peer_cannot_read),
		cmocka_unit_test(test_file_is_sealed),
		cmocka_unit_test(test_killed_with_zygote),
	};

	return cmocka_run_group_tests(tests, seal_probe, NULL);
}
