/*
 * os: the only module that makes system calls: files, clock, random, sockets, processes, secret
 * pages, the sandbox, the terminal.
 *
 *  - Linux only.  Every descriptor made here is close-on-exec and never 0, 1 or 2 by accident.
 *  - A wait takes an absolute deadline in nanoseconds of RD_CLOCK_MONO, or RD_NO_DEADLINE; when it
 *    passes, the call fails with "os.deadline".
 *  - Paths and addresses are C strings that the user wrote; errors name them.
 *  - The enclave links only what is under "the enclave part" below (library redoubt_os_enclave):
 *    clock, random, secret pages, shared memory, messages over a socket pair, its own sandbox.
 *    Files, TCP, processes and the terminal are not in it.
 */
#ifndef REDOUBT_OS_H
#define REDOUBT_OS_H

#include <redoubt/base.h>

extern const struct rd_code_text rd_os_codes[];

/* ======== the enclave part ==================================================================== */

/* ---- clock and random ------------------------------------------------------------------------ */

#define RD_NO_DEADLINE INT64_MAX

enum rd_clock {
	RD_CLOCK_WALL = 0,   /* since 1970-01-01T00:00:00Z; hostile inside an enclave */
	RD_CLOCK_MONO = 1,   /* never goes back; for deadlines and wall time spent */
	RD_CLOCK_THREAD = 2, /* CPU time of this thread */
	RD_CLOCK_PROCESS = 3 /* CPU time of all threads */
};

/* Nanoseconds. */
int64_t rd_os_now_ns(enum rd_clock clock);
/* RD_CLOCK_MONO plus `timeout_ms`; below 0 gives RD_NO_DEADLINE. */
int64_t rd_os_deadline(int64_t timeout_ms);

/* Fills `out` to its capacity from getrandom(2), which may not fail once the machine is up. */
RD_MUST_USE bool rd_os_random(struct rd_span *out, struct rd_err *err);

/* RFC 3339 ("2026-02-03T04:05:06Z", offsets, fractions are cut) or Unix seconds, years 1970 to
 * 9999, to Unix seconds.  Fails with "os.time.form". */
RD_MUST_USE bool rd_os_time_parse(struct rd_view text, int64_t *unix_s, struct rd_err *err);
/* "2026-02-03T04:05:06Z" in UTC, 20 bytes and a NUL; years outside 1970..9999 are clamped. */
void rd_os_time_format(int64_t unix_s, char out[21]);

/* ---- secret pages ---------------------------------------------------------------------------- */

/*
 * Memory for keys.  From memfd_secret(2), its descriptor closed at once, so that not even the
 * kernel's own map has it; else anonymous, locked, kept out of core dumps, with `is_secret` false
 * so that the caller can report it (RD_SANDBOX_SECRET_PAGES).  Wiped by free.
 */
struct rd_secret_pages {
	void *data;
	size_t len; /* rounded up to whole pages */
	bool is_secret;
};

RD_MUST_USE bool rd_os_secret_pages_new(size_t len, struct rd_secret_pages *out,
					struct rd_err *err);
/* Accepts a zeroed struct; zeroes it. */
void rd_os_secret_pages_free(struct rd_secret_pages *pages);

/* ---- shared memory --------------------------------------------------------------------------- */

/* A memfd that can never change its size again (so no SIGBUS can be provoked); for the door. */
RD_MUST_USE bool rd_os_shared_new(size_t len, int *fd, struct rd_err *err);
/* Maps a descriptor that someone else made: refuses one that is not a memfd of exactly `len` bytes
 * with size seals ("os.shared.seals").  The bytes are hostile at every read. */
RD_MUST_USE bool rd_os_shared_map(int fd, size_t len, void **out, struct rd_err *err);
void rd_os_shared_unmap(void *data, size_t len);
/* Sleeps while *word == seen, at most to the deadline; early returns are allowed.  Never fails:
 * the caller looks again.  `word` lies in memory shared between processes. */
void rd_os_futex_wait(uint32_t *word, uint32_t seen, int64_t deadline_ns);
void rd_os_futex_wake(uint32_t *word);

/* ---- messages with descriptors over a UNIX socket -------------------------------------------- */

#define RD_OS_MESSAGE_MAX (256u * 1024) /* bytes of one message */
#define RD_OS_MESSAGE_FDS 8u

/* A connected pair of SOCK_SEQPACKET sockets: one send is one receive. */
RD_MUST_USE bool rd_os_socket_pair(int fd[2], struct rd_err *err);
/* Sends one message. */
RD_MUST_USE bool rd_os_message_send(int fd, struct rd_view bytes, int64_t deadline_ns,
				    struct rd_err *err);
/* As above with up to RD_OS_MESSAGE_FDS descriptors, which stay the caller's. */
struct rd_os_fds {
	const int *fd;
	uint32_t n;
};
RD_MUST_USE bool rd_os_message_send_fds(int fd, struct rd_view bytes, struct rd_os_fds fds,
					int64_t deadline_ns, struct rd_err *err);

struct rd_os_message {
	struct rd_span bytes;       /* lent by the caller; a longer message is refused, not cut */
	int fds[RD_OS_MESSAGE_FDS]; /* owned by the receiver, close-on-exec */
	uint32_t n_fds;
	uint32_t max_fds; /* set by the caller; more are refused and closed */
};
/* Fails with "os.message.closed" at the end of the stream. */
RD_MUST_USE bool rd_os_message_recv(int fd, struct rd_os_message *message, int64_t deadline_ns,
				    struct rd_err *err);

/* close(2) where the descriptor is >= 0; sets it to -1.  For RD_AUTO too. */
void rd_os_close(int *fd);

/* ---- the sandbox, seen from inside ----------------------------------------------------------- */

/* Layers of the process sandbox.  A set bit of a mask means: MISSING.  The numbers go into claims
 * (sandbox.missing, PROTOCOL.md 2): never renumber. */
enum rd_sandbox_layer {
	RD_SANDBOX_NAMESPACES = 1u << 0, /* pid, net, ipc, mount, uts, cgroup namespaces */
	RD_SANDBOX_USER_NS = 1u << 1,    /* own user namespace with no mapping */
	RD_SANDBOX_EMPTY_ROOT = 1u << 2, /* read-only empty root file system */
	RD_SANDBOX_LANDLOCK = 1u << 3,
	RD_SANDBOX_SECCOMP = 1u << 4,
	RD_SANDBOX_NOT_DUMPABLE = 1u << 5, /* no peer of the same uid can attach or read */
	RD_SANDBOX_OWN_UID = 1u << 6,      /* a uid that no other process has */
	RD_SANDBOX_SECRET_PAGES = 1u << 7, /* memfd_secret */
	RD_SANDBOX_LIMITS = 1u << 8,       /* resource limits */
};
#define RD_SANDBOX_ALL 0x1ffu
/* "namespaces", "user-ns", "empty-root", "landlock", "seccomp", "not-dumpable", "own-uid",
 * "secret-pages", "limits"; NULL for no single known layer. */
const char *rd_os_sandbox_layer_name(uint32_t layer);

/* First thing in an enclave's main, before any secret: not dumpable, no new privileges, no core.
 * *missing gets the bits that do not hold; a layer that is off is no failure. */
RD_MUST_USE bool rd_os_sandbox_enter(uint32_t *missing, struct rd_err *err);
/* Second-stage seccomp filter, after libraries and threads are up: memory, futex, the open
 * descriptors, clock, random and exit remain; everything else kills the process.  No way back. */
RD_MUST_USE bool rd_os_sandbox_seal(uint32_t *missing, struct rd_err *err);

/* ======== the rest, not in the enclave ======================================================== */

/* ---- files ----------------------------------------------------------------------------------- */

/* The whole file, at most `max` bytes ("os.file.large"), appended to `out`. */
RD_MUST_USE bool rd_os_file_read(const char *path, size_t max, struct rd_buf *out,
				 struct rd_err *err);
/* As above, and refuses a file that group or others may read or write ("os.file.private"): for
 * keys. */
RD_MUST_USE bool rd_os_file_read_private(const char *path, size_t max, struct rd_buf *out,
					 struct rd_err *err);
/* All or nothing: temporary name beside it, fsync, rename, fsync of the folder.  `mode` such as
 * 0600; the umask does not apply. */
RD_MUST_USE bool rd_os_file_write(const char *path, unsigned mode, struct rd_view bytes,
				  struct rd_err *err);
/* As rd_os_file_write, but fails with "os.file.exists" rather than replace anything. */
RD_MUST_USE bool rd_os_file_create(const char *path, unsigned mode, struct rd_view bytes,
				   struct rd_err *err);
bool rd_os_file_exists(const char *path);
/* All missing folders of the path with `mode`. */
RD_MUST_USE bool rd_os_mkdirs(const char *path, unsigned mode, struct rd_err *err);
/* Takes an exclusive lock on a file (made if missing), or fails at once with "os.file.locked":
 * someone else holds it.  Held until *fd is closed. */
RD_MUST_USE bool rd_os_file_lock(const char *path, int *fd, struct rd_err *err);

/* A file opened for reading at any place; made for struct rd_blob (redoubt/table.h): ctx is the
 * struct, rd_os_file_pread its `read`.  Only regular files.  Calls may come from several threads.
 */
struct rd_os_file {
	int fd;
	uint64_t size; /* when it was opened */
};
RD_MUST_USE bool rd_os_file_open(const char *path, struct rd_os_file *out, struct rd_err *err);
/* The same over a descriptor that is open already, such as a sealed memfd; borrows it. */
RD_MUST_USE bool rd_os_file_size(int fd, struct rd_os_file *out, struct rd_err *err);
void rd_os_file_close(struct rd_os_file *file);
/* Exactly out->cap - out->used bytes from `offset`, or fails ("os.file.short"). */
RD_MUST_USE bool rd_os_file_pread(void *file, uint64_t offset, struct rd_span *out,
				  struct rd_err *err);
void rd_os_file_prefetch(void *file, uint64_t offset, uint64_t len);

/* A file written from front to back that appears under its name only when it is whole. */
struct rd_os_out;
RD_MUST_USE bool rd_os_out_new(const char *path, unsigned mode, struct rd_os_out **out,
			       struct rd_err *err);
/* ctx is the struct rd_os_out: made for struct rd_sink.  Buffered. */
RD_MUST_USE bool rd_os_out_write(void *out, struct rd_view bytes, struct rd_err *err);
/* fsync, rename.  After it, or instead of it, rd_os_out_free: which removes what was not
 * finished. */
RD_MUST_USE bool rd_os_out_finish(struct rd_os_out *out, struct rd_err *err);
void rd_os_out_free(struct rd_os_out **out);

/* ---- sockets --------------------------------------------------------------------------------- */

/* `address` is "host:port", "[v6]:port"; port 0 takes a free one.  Names are resolved.  Sockets
 * are non-blocking inside; the calls below wait. */
RD_MUST_USE bool rd_os_tcp_listen(const char *address, int *fd, struct rd_err *err);
/* The port a listener got. */
RD_MUST_USE bool rd_os_tcp_port(int fd, uint16_t *port, struct rd_err *err);
RD_MUST_USE bool rd_os_tcp_connect(const char *address, int64_t deadline_ns, int *fd,
				   struct rd_err *err);
/* TCP or UNIX listener. */
RD_MUST_USE bool rd_os_accept(int listener, int64_t deadline_ns, int *fd, struct rd_err *err);
/* Listening UNIX socket (SOCK_SEQPACKET) at a path, mode 0600; an old socket there is replaced. */
RD_MUST_USE bool rd_os_unix_listen(const char *path, int *fd, struct rd_err *err);
RD_MUST_USE bool rd_os_unix_connect(const char *path, int *fd, struct rd_err *err);
/* All bytes, or failure. */
RD_MUST_USE bool rd_os_send(int fd, struct rd_view bytes, int64_t deadline_ns, struct rd_err *err);
/* At least one byte, at most the free space of `out`; an orderly end gives true and no bytes. */
RD_MUST_USE bool rd_os_recv(int fd, struct rd_span *out, int64_t deadline_ns, struct rd_err *err);
/* Exactly the free space of `out`; an early end fails with "os.socket.closed". */
RD_MUST_USE bool rd_os_recv_all(int fd, struct rd_span *out, int64_t deadline_ns,
				struct rd_err *err);
/* Waits until one of `n` descriptors can be read or has hung up; *index is the first of them.
 * Descriptors below 0 are skipped. */
RD_MUST_USE bool rd_os_wait_readable(const int *fds, uint32_t n, int64_t deadline_ns,
				     uint32_t *index, struct rd_err *err);

/*
 * A server: one thread a connection, at most `max_connections` (1..256) at a time; who comes when
 * all are taken is turned away.  Returns true when stop_fd becomes readable (-1: never), after it
 * has hung up on everyone and every `serve` has returned.  The server closes the descriptors.
 */
struct rd_os_server {
	int listener, stop_fd;
	uint32_t max_connections;
	void (*serve)(void *ctx, int fd);
	void *ctx;
};
RD_MUST_USE bool rd_os_serve(const struct rd_os_server *server, struct rd_err *err);

/*
 * A watch makes a descriptor's becoming readable (or hung up) ring a futex word, so that one thread
 * can wait for shared memory and for sockets in one place.  Edge-triggered: after a ring, read
 * until
 * nothing is left.  One background thread a watch.
 */
struct rd_os_watch;
RD_MUST_USE bool rd_os_watch_new(uint32_t *word, struct rd_os_watch **out, struct rd_err *err);
void rd_os_watch_free(struct rd_os_watch **watch);
RD_MUST_USE bool rd_os_watch_add(struct rd_os_watch *watch, int fd, struct rd_err *err);
/* As rd_os_recv, but never waits: *nothing says that there is nothing now. */
RD_MUST_USE bool rd_os_recv_now(int fd, struct rd_span *out, bool *nothing, struct rd_err *err);
/* Ends a connection for both sides, whatever other threads are doing with it; the descriptor stays
 * open. */
void rd_os_hang_up(int fd);
/* True when the other end of a socket has hung up. */
bool rd_os_hung_up(int fd);

/* ---- processes ------------------------------------------------------------------------------- */

#define RD_OS_PASS_FDS 4u

struct rd_process_options {
	/* ends with NULL; argv[0] is a path, or a name looked up in PATH */
	const char *const *argv;
	const char *const *env;           /* ends with NULL; NULL: the caller's */
	bool pipe_in, pipe_out, pipe_err; /* else: the caller's own, stdin from /dev/null */
	bool quiet;                       /* without pipe_out, pipe_err: to /dev/null */
	int pass_fd[RD_OS_PASS_FDS];      /* appear in the child as 3, 4, ...; stay the caller's */
	uint32_t n_pass_fds;
};

/* A child in its own process group; it dies when the thread that started it dies. */
struct rd_process {
	int pid, pidfd;
	int in, out, err; /* pipe ends, -1 where not asked for */
};

RD_MUST_USE bool rd_os_process_start(const struct rd_process_options *options,
				     struct rd_process *out, struct rd_err *err);
/* Reaps it.  *status: exit code, or 128 + signal. */
RD_MUST_USE bool rd_os_process_wait(struct rd_process *process, int64_t deadline_ns, int *status,
				    struct rd_err *err);
/* SIGTERM to the group, SIGKILL after `grace_ms`, reaps, closes.  Accepts a finished or zeroed
 * one. */
void rd_os_process_end(struct rd_process *process, int64_t grace_ms);
/* The folder of the running program, for its companions (redoubt-launcher, redoubt-enclave). */
RD_MUST_USE bool rd_os_program_folder(struct rd_arena *arena, struct rd_view *out,
				      struct rd_err *err);
/* From now on SIGINT and SIGTERM make *fd readable instead of ending the process; SIGPIPE is
 * ignored.  For daemons. */
RD_MUST_USE bool rd_os_signal_fd(int *fd, struct rd_err *err);

/* ---- the sandbox, seen from outside: the launcher -------------------------------------------- */

#define RD_SANDBOX_FDS 2u

/* What a child may have.  All of it is digested into the launch configuration. */
struct rd_sandbox {
	int exe_fd;             /* sealed memfd, mode 0111: executed with empty argv and env */
	int fd[RD_SANDBOX_FDS]; /* appear in the child as 3 and 4; nothing else is open */
	uint32_t uid;           /* a uid of its own; used when the caller is root */
	uint64_t memory_max;    /* bytes of address space */
	uint32_t threads_max;
};

struct rd_sandbox_child {
	int pid, pidfd;   /* the pidfd is the caller's to close */
	uint32_t missing; /* layers of enum rd_sandbox_layer that this kernel did not give */
};

/* Makes a sandboxed child; returns when it has executed.  The caller must be single-threaded, hold
 * no secrets, and reap the child (or ignore SIGCHLD).  The child dies with the caller. */
RD_MUST_USE bool rd_os_sandbox_spawn(const struct rd_sandbox *sandbox, struct rd_sandbox_child *out,
				     struct rd_err *err);
/* The bytes that describe the fixed part of the launch configuration: filter programs and limits.
 * The same for the same build and options. */
RD_MUST_USE bool rd_os_sandbox_describe(const struct rd_sandbox *sandbox, struct rd_buf *out,
					struct rd_err *err);

/*
 * A zygote: a copy of this process, forked while it is still small, single-threaded and without
 * secrets, that does nothing but spawn and kill on request.  It dies when `socket` is closed, and
 * all its children with it.  Call it before anything else makes threads or reads keys.
 */
RD_MUST_USE bool rd_os_zygote_start(const struct rd_sandbox *common, int *socket,
				    struct rd_err *err);
struct rd_os_zygote_child {
	uint32_t id;      /* for rd_os_zygote_kill */
	uint32_t missing; /* as in struct rd_sandbox_child */
};
/* `fds` appear in the child as 3 and 4. */
RD_MUST_USE bool rd_os_zygote_spawn(int socket, const int fds[RD_SANDBOX_FDS], uint32_t uid,
				    struct rd_os_zygote_child *out, struct rd_err *err);
/* Kills and forgets a child, dead or alive. */
RD_MUST_USE bool rd_os_zygote_kill(int socket, uint32_t id, struct rd_err *err);
/* Copies a file of at most `max` bytes into an executable memfd that nobody can write again. */
RD_MUST_USE bool rd_os_exe_seal(const char *path, size_t max, int *fd, struct rd_err *err);
/* For the launcher itself: drops to `uid` when root, not dumpable, no core, no new privileges, and
 * a filter that kills any attempt at a network socket or at executing a program. */
RD_MUST_USE bool rd_os_launcher_confine(uint32_t uid, struct rd_err *err);

/* ---- the terminal ---------------------------------------------------------------------------- */

bool rd_os_is_terminal(int fd);
/* Columns of the terminal behind fd, 80 when unknown. */
uint32_t rd_os_terminal_width(int fd);
/* True when fd is a terminal, NO_COLOR is unset or empty, and TERM is not "dumb". */
bool rd_os_wants_color(int fd);

/* A progress line on stderr: "sealing visits.csv  42 %  [####    ]".  Draws nothing unless stderr
 * is a terminal, and at most ten times a second. */
struct rd_os_progress {
	const char *label;
	uint64_t total; /* 0: unknown, counts up */
	int64_t last_ns;
	bool shown;
};
void rd_os_progress_begin(struct rd_os_progress *progress, const char *label, uint64_t total);
void rd_os_progress_step(struct rd_os_progress *progress, uint64_t done);
/* Takes the line away. */
void rd_os_progress_end(struct rd_os_progress *progress);

#endif
