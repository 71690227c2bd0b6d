/*
 * The three seccomp programs, written out by hand: they are a dozen lines of logic, must be the
 * same bytes in every build (they are digested into the launch configuration), and keep libseccomp
 * out of the measured enclave.
 *
 * Shape: wrong architecture or x32 -> kill; a list of calls that are allowed; a few with a look at
 * their arguments; at the end the default.
 */
#include "os_int.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define X32_BIT 0x40000000u
#define THREAD_FLAGS (CLONE_VM | CLONE_THREAD | CLONE_SIGHAND)

static void put(struct rd_filter *f, uint16_t code, uint8_t jt, uint8_t jf, uint32_t k)
{
	rd_assert(f->n < RD_FILTER_MAX);
	f->code[f->n++] = (struct sock_filter){ .code = code, .jt = jt, .jf = jf, .k = k };
}

static void load(struct rd_filter *f, size_t offset)
{
	put(f, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offset);
}

static void give(struct rd_filter *f, uint32_t verdict)
{
	put(f, BPF_RET | BPF_K, 0, 0, verdict);
}

/* The low half of an argument; flags that matter here lie in it. */
static size_t arg(unsigned index)
{
	return offsetof(struct seccomp_data, args) + index * sizeof(uint64_t);
}

static void begin(struct rd_filter *f)
{
	f->n = 0;
	load(f, offsetof(struct seccomp_data, arch));
	put(f, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, AUDIT_ARCH_X86_64);
	give(f, SECCOMP_RET_KILL_PROCESS);
	load(f, offsetof(struct seccomp_data, nr));
	put(f, BPF_JMP | BPF_JGE | BPF_K, 0, 1, X32_BIT);
	give(f, SECCOMP_RET_KILL_PROCESS);
}

static void rule(struct rd_filter *f, uint32_t nr, uint32_t verdict)
{
	put(f, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, nr);
	give(f, verdict);
}

static void allow(struct rd_filter *f, const uint16_t *nrs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		rule(f, nrs[i], SECCOMP_RET_ALLOW);
}

/* mmap, mprotect: no memory is ever executable that the kernel did not map at exec. */
static void no_new_code(struct rd_filter *f, uint32_t nr)
{
	put(f, BPF_JMP | BPF_JEQ | BPF_K, 0, 4, nr);
	load(f, arg(2));
	put(f, BPF_JMP | BPF_JSET | BPF_K, 0, 1, PROT_EXEC);
	give(f, SECCOMP_RET_KILL_PROCESS);
	give(f, SECCOMP_RET_ALLOW);
}

/* Threads yes, processes no.  clone3 hides its flags behind a pointer: libc falls back. */
static void threads_only(struct rd_filter *f)
{
	rule(f, SYS_clone3, SECCOMP_RET_ERRNO | ENOSYS);
	put(f, BPF_JMP | BPF_JEQ | BPF_K, 0, 5, SYS_clone);
	load(f, arg(0));
	put(f, BPF_ALU | BPF_AND | BPF_K, 0, 0, THREAD_FLAGS);
	put(f, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, THREAD_FLAGS);
	give(f, SECCOMP_RET_ALLOW);
	give(f, SECCOMP_RET_KILL_PROCESS);
}

/* Sorted by how often they come. */
static const uint16_t run_calls[] = {
	SYS_futex,
	SYS_clock_gettime,
	SYS_getrandom,
	SYS_brk,
	SYS_munmap,
	SYS_madvise,
	SYS_mremap,
	SYS_poll,
	SYS_sendmsg,
	SYS_recvmsg,
	SYS_read,
	SYS_write,
	SYS_close,
	SYS_sched_yield,
	SYS_sched_getaffinity,
	SYS_getpid,
	SYS_gettid,
	SYS_rt_sigprocmask,
	SYS_rt_sigreturn,
	SYS_set_robust_list,
	SYS_rseq,
	SYS_restart_syscall,
	SYS_exit,
	SYS_exit_group,
};

static const uint16_t start_calls[] = {
	SYS_execveat, SYS_arch_prctl,   SYS_set_tid_address, SYS_prlimit64,   SYS_prctl,
	SYS_seccomp,  SYS_memfd_secret, SYS_ftruncate,       SYS_mlock,       SYS_fcntl,
	SYS_fstat,    SYS_newfstatat,   SYS_rt_sigaction,    SYS_sigaltstack, SYS_sysinfo,
	SYS_uname,    SYS_close_range,  SYS_getuid,          SYS_geteuid,     SYS_getgid,
	SYS_getegid,
};

/* Asked by libc while it starts; the root is empty, so the truthful answer is "not there". */
static const uint16_t absent_calls[] = { SYS_readlink, SYS_readlinkat, SYS_openat, SYS_access };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

void rd_os_filter_start(struct rd_filter *filter)
{
	begin(filter);
	allow(filter, run_calls, COUNT(run_calls));
	allow(filter, start_calls, COUNT(start_calls));
	for (size_t i = 0; i < COUNT(absent_calls); i++)
		rule(filter, absent_calls[i], SECCOMP_RET_ERRNO | ENOENT);
	no_new_code(filter, SYS_mmap);
	no_new_code(filter, SYS_mprotect);
	threads_only(filter);
	give(filter, SECCOMP_RET_KILL_PROCESS);
}

void rd_os_filter_run(struct rd_filter *filter)
{
	begin(filter);
	allow(filter, run_calls, COUNT(run_calls));
	no_new_code(filter, SYS_mmap);
	no_new_code(filter, SYS_mprotect);
	threads_only(filter);
	give(filter, SECCOMP_RET_KILL_PROCESS);
}

/* The launcher runs a whole libc and reads files, so this list names what it may not do. */
void rd_os_filter_launcher(struct rd_filter *filter)
{
	static const uint16_t forbidden[] = {
		SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev,
		SYS_fork,   SYS_vfork,    SYS_bpf,    SYS_io_uring_setup
	};

	begin(filter);
	for (size_t i = 0; i < COUNT(forbidden); i++)
		rule(filter, forbidden[i], SECCOMP_RET_KILL_PROCESS);
	put(filter, BPF_JMP | BPF_JEQ | BPF_K, 0, 4, SYS_socket);
	load(filter, arg(0));
	put(filter, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, AF_UNIX);
	give(filter, SECCOMP_RET_ERRNO | EACCES);
	give(filter, SECCOMP_RET_ALLOW);
	give(filter, SECCOMP_RET_ALLOW);
}

bool rd_os_filter_load(const struct rd_filter *filter)
{
	struct sock_fprog program = {
		.len = (unsigned short)filter->n,
		.filter = (struct sock_filter *)(uintptr_t)filter->code,
	};

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) ==
	       0;
}
