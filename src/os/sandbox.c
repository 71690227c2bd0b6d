/*
 * The sandbox from outside: makes the child of the zygote, layer by layer, and executes the sealed
 * enclave file in it.
 *
 * Order matters.  As root: namespaces with the clone; empty root while we may still mount; then the
 * enclave's own uid (which drops every capability), then a user namespace with no mapping (so that
 * what remains of root inside is root of nothing; the other namespaces belong to the one outside).
 * Without root the user namespace comes first, with the clone, because it is what permits the rest.
 * Last: Landlock, death signal, seccomp, exec.
 */
#include "os_int.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAMESPACES \
	(CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWCGROUP)
#define FIRST_FD 3
#define EXE_FD (FIRST_FD + (int)RD_SANDBOX_FDS)
#define SPARE_FD 32 /* above every descriptor of the child, below its limit while it moves them */
#define LOCKED_MAX (64u << 20)

/* Landlock rights up to ABI 7, written as bits where the headers are older than the kernel. */
#define LANDLOCK_FS_ABI1 ((UINT64_C(1) << 13) - 1)

/* Written by the child before exec, read by the parent after it: the clone is a vfork in time. */
struct report {
	uint32_t missing;
	int stage_errno;
	const char *stage; /* literal of our own image: valid on both sides */
};

/* ---- limits ------------------------------------------------------------------------------------
 */

struct limit {
	int resource;
	uint64_t value;
};

#define LIMITS 6u
static void limits_of(const struct rd_sandbox *s, struct limit out[LIMITS])
{
	out[0] = (struct limit){ RLIMIT_AS, s->memory_max };
	out[1] = (struct limit){ RLIMIT_CORE, 0 };
	out[2] = (struct limit){ RLIMIT_NOFILE, 16 };
	/* Not 0: sizing secret pages counts as writing a file. */
	out[3] = (struct limit){ RLIMIT_FSIZE, LOCKED_MAX };
	out[4] = (struct limit){ RLIMIT_MEMLOCK, LOCKED_MAX };
	out[5] = (struct limit){ RLIMIT_STACK, 8u << 20 };
}

static bool set_limit(int resource, uint64_t value)
{
	struct rlimit old, want = { value, value };

	if (getrlimit((__rlimit_resource_t)resource, &old))
		return false;
	/* Raising a hard limit takes a capability that even root may lack; lower is stricter. */
	if (want.rlim_max > old.rlim_max)
		want.rlim_cur = want.rlim_max = old.rlim_max;
	return !setrlimit((__rlimit_resource_t)resource, &want);
}

bool rd_os_sandbox_describe(const struct rd_sandbox *sandbox, struct rd_buf *out,
			    struct rd_err *err)
{
	struct rd_filter filter[2];
	struct limit limits[LIMITS];
	uint8_t word[8];

	rd_os_filter_start(&filter[0]);
	rd_os_filter_run(&filter[1]);
	for (size_t i = 0; i < 2; i++) {
		rd_store_le64(word, filter[i].n);
		rd_buf_add(out, rd_view_of(word, sizeof(word)));
		rd_buf_add(out,
			   rd_view_of(filter[i].code, filter[i].n * sizeof(filter[i].code[0])));
	}
	limits_of(sandbox, limits);
	for (size_t i = 0; i < LIMITS; i++) {
		rd_store_le64(word, (uint64_t)limits[i].resource);
		rd_buf_add(out, rd_view_of(word, sizeof(word)));
		rd_store_le64(word, limits[i].value);
		rd_buf_add(out, rd_view_of(word, sizeof(word)));
	}
	rd_store_le64(word, sandbox->threads_max);
	rd_buf_add(out, rd_view_of(word, sizeof(word)));
	/* argc, envc: both none. */
	rd_store_le64(word, 0);
	rd_buf_add(out, rd_view_of(word, sizeof(word)));
	return rd_buf_ok(out, err);
}

/* ---- in the child
 * --------------------------------------------------------------------------------- */

static _Noreturn void die(struct report *report, const char *stage)
{
	report->stage_errno = errno;
	report->stage = stage;
	_exit(127);
}

/* Leaves 3.. (what it may have) and EXE_FD (gone at exec) open, nothing else. */
static void place_fds(const struct rd_sandbox *s, struct report *report)
{
	int exe = fcntl(s->exe_fd, F_DUPFD_CLOEXEC, SPARE_FD), moved[RD_SANDBOX_FDS];

	if (exe < 0)
		die(report, "descriptors");
	for (uint32_t i = 0; i < RD_SANDBOX_FDS; i++)
		if ((moved[i] = fcntl(s->fd[i], F_DUPFD_CLOEXEC, SPARE_FD)) < 0)
			die(report, "descriptors");
	for (uint32_t i = 0; i < RD_SANDBOX_FDS; i++)
		if (dup2(moved[i], FIRST_FD + (int)i) < 0)
			die(report, "descriptors");
	if (dup3(exe, EXE_FD, O_CLOEXEC) < 0)
		die(report, "descriptors");
	if (syscall(SYS_close_range, 0, FIRST_FD - 1, 0) ||
	    syscall(SYS_close_range, EXE_FD + 1, ~0u, 0))
		die(report, "descriptors");
}

/* A read-only tmpfs of one page becomes the root; the old one is detached. */
static bool empty_root(void)
{
	static const char *const places[] = { "/tmp", "/var", "/usr", "/etc" };

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return false;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (mount("none", places[i], "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
			  "size=4k,nr_inodes=1,mode=0555"))
			continue;
		return !chdir(places[i]) && !syscall(SYS_pivot_root, ".", ".") &&
		       !umount2(".", MNT_DETACH) && !chdir("/") &&
		       !mount(NULL, "/", NULL,
			      MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
			      NULL);
	}
	return false;
}

/* Handles every right that this kernel knows and grants none.  The memfd is of an internal file
 * system, which Landlock leaves alone, so that exec of it still works. */
static bool landlock(void)
{
	struct {
		uint64_t fs, net, scoped;
	} rules = { LANDLOCK_FS_ABI1, 0, 0 };
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	int fd;
	bool ok;

	if (abi < 1)
		return false;
	rules.fs |= abi >= 2 ? UINT64_C(1) << 13 : 0; /* refer */
	rules.fs |= abi >= 3 ? UINT64_C(1) << 14 : 0; /* truncate */
	rules.fs |= abi >= 5 ? UINT64_C(1) << 15 : 0; /* ioctl on devices */
	rules.net = abi >= 4 ? 3 : 0;                 /* TCP bind, connect */
	rules.scoped = abi >= 6 ? 3 : 0;              /* abstract sockets, signals */
	fd = (int)syscall(SYS_landlock_create_ruleset, &rules,
			  abi >= 6   ? 24
			  : abi >= 4 ? 16
				     : 8,
			  0);
	if (fd < 0)
		return false;
	ok = !syscall(SYS_landlock_restrict_self, fd, 0);
	close(fd);
	return ok;
}

static bool own_uid(uint32_t uid)
{
	return !setgroups(0, NULL) && !setresgid(uid, uid, uid) && !setresuid(uid, uid, uid);
}

static void confine(const struct rd_sandbox *s, bool root, struct report *report)
{
	struct limit limits[LIMITS];

	limits_of(s, limits);
	for (size_t i = 0; i < LIMITS; i++)
		if (!set_limit(limits[i].resource, limits[i].value))
			report->missing |= RD_SANDBOX_LIMITS;
	if (root) {
		if (!own_uid(s->uid))
			report->missing |= RD_SANDBOX_OWN_UID;
		if (unshare(CLONE_NEWUSER))
			report->missing |= RD_SANDBOX_USER_NS;
		/* Counts per uid, so it means something only with one of our own. */
		if (!set_limit(RLIMIT_NPROC, s->threads_max + 1u))
			report->missing |= RD_SANDBOX_LIMITS;
	} else {
		report->missing |= RD_SANDBOX_OWN_UID;
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		die(report, "no new privileges");
	if (!landlock())
		report->missing |= RD_SANDBOX_LANDLOCK;
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		report->missing |= RD_SANDBOX_NOT_DUMPABLE;
}

static _Noreturn void child(const struct rd_sandbox *s, bool root, struct report *report)
{
	struct rd_filter filter;
	sigset_t none;
	char *const empty[] = { NULL };

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGCHLD, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	place_fds(s, report);
	if ((report->missing & RD_SANDBOX_NAMESPACES) || !empty_root())
		report->missing |= RD_SANDBOX_EMPTY_ROOT;
	confine(s, root, report);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0))
		die(report, "death signal");
	rd_os_filter_start(&filter);
	if (!rd_os_filter_load(&filter))
		report->missing |= RD_SANDBOX_SECCOMP;
	syscall(SYS_execveat, EXE_FD, "", empty, empty, AT_EMPTY_PATH);
	die(report, "execute");
}

/* ---- in the zygote
 * ---------------------------------------------------------------------------------- */

static long clone_child(uint64_t flags, int *pidfd)
{
	struct clone_args args = {
		.flags = flags | CLONE_VFORK | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)pidfd,
		.exit_signal = SIGCHLD,
	};

	return syscall(SYS_clone3, &args, sizeof(args));
}

bool rd_os_sandbox_spawn(const struct rd_sandbox *sandbox, struct rd_sandbox_child *out,
			 struct rd_err *err)
{
	bool root = geteuid() == 0;
	struct report *report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0),
		      seen;
	int pidfd = -1;
	long pid;

	if (report == MAP_FAILED)
		return rd_fail_errno(err, "os.sandbox.spawn", "memory for a report");
	pid = clone_child(root ? NAMESPACES : NAMESPACES | CLONE_NEWUSER, &pidfd);
	if (pid < 0) {
		report->missing = RD_SANDBOX_NAMESPACES | (root ? 0 : RD_SANDBOX_USER_NS);
		pid = clone_child(0, &pidfd);
	}
	if (pid == 0)
		child(sandbox, root, report);
	seen = *report;
	munmap(report, sizeof(*report));
	if (pid < 0)
		return rd_fail_errno(err, "os.sandbox.spawn", "no process for an enclave");
	if (seen.stage) {
		waitpid((pid_t)pid, NULL, 0);
		close(pidfd);
		errno = seen.stage_errno;
		return rd_fail_errno(err, "os.sandbox.spawn", "sandbox: %s", seen.stage);
	}
	*out = (struct rd_sandbox_child){ .pid = (int)pid,
					  .pidfd = pidfd,
					  .missing = seen.missing };
	return true;
}
