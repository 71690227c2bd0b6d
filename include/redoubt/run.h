/*
 * run: launcher, host, door and the enclave's frame.
 *
 *	host  --one socket pair-->  launcher  --forks-->  zygote  --clones-->  enclave
 *	host  <========== door (shared memory) ==========================>  enclave
 *	                            launcher  <--one socket pair---------->  enclave
 *
 * The launcher hashes the sealed memfd that the zygote executes, holds the attestation key, and
 * signs claims only for what arrives on the socket pair that it gave its enclave before exec.  The
 * host gets door descriptors, never evidence.  Either side of the door treats all that the other
 * wrote as hostile: every field is copied once, then checked, then used.
 *
 * Core library: door (enclave side), enclave.  Edge library: door (host side), launcher, host.
 */
#ifndef REDOUBT_RUN_H
#define REDOUBT_RUN_H

#include <redoubt/base.h>
#include <redoubt/crypto.h>
#include <redoubt/os.h>
#include <redoubt/room.h>
#include <redoubt/table.h>
#include <redoubt/tee.h>

extern const struct rd_code_text rd_run_codes[];

/* ---- the door -------------------------------------------------------------------------------- */

#define RD_DOOR_JOB_MAX (2u << 20)             /* bytes of a job */
#define RD_DOOR_BLOBS_MAX 64u                  /* tables of a job */
#define RD_DOOR_PEERS_MAX 64u                  /* brokers of a job */
#define RD_DOOR_CONNECTIONS_MAX 64u            /* over the life of an enclave */
#define RD_DOOR_CONNECTION_IN_MAX (1u << 20)   /* bytes one connection may bring in, in all */
#define RD_DOOR_OUTPUTS_MAX 64u                /* sealed answers and receipts of a run */
#define RD_DOOR_OUTPUT_MAX (UINT64_C(4) << 30) /* bytes of one output */

/* All that the host learns about how far a run is. */
enum rd_phase {
	RD_PHASE_STARTING = 0,
	RD_PHASE_READY = 1, /* keys made */
	RD_PHASE_ATTESTING = 2,
	RD_PHASE_READING = 3, /* per cent of the input bytes */
	RD_PHASE_SEALING = 4,
	RD_PHASE_DONE = 5,
};
const char *rd_phase_name(enum rd_phase phase);

/* The enclave's end.  Thread-safe.  A host that breaks the door's rules makes every later call
 * fail with "run.door.host". */
struct rd_door;

RD_MUST_USE bool rd_door_open(int fd, struct rd_door **out, struct rd_err *err);
void rd_door_free(struct rd_door **door);

/* The job that the host wants done, copied into the arena: opaque bytes here, hostile. */
struct rd_door_job {
	struct rd_door *door;
	struct rd_view bytes;
	uint32_t n_blobs, n_peers;
	uint64_t blob_size[RD_DOOR_BLOBS_MAX]; /* as the host says */
};
RD_MUST_USE bool rd_door_job(struct rd_door *door, int64_t deadline_ns, struct rd_arena *arena,
			     struct rd_door_job *out, struct rd_err *err);

/* Blob number `index` of the job as a source of bytes; lives as long as the door and the arena.
 * `prefetch` starts reads that a later `read` of the same range finds done. */
RD_MUST_USE bool rd_door_blob(const struct rd_door_job *job, uint32_t index, struct rd_arena *arena,
			      struct rd_blob *out, struct rd_err *err);

/* A TCP connection to peer number `peer` of the job, relayed by the host. */
RD_MUST_USE bool rd_door_connect(struct rd_door *door, uint32_t peer, uint32_t *connection,
				 struct rd_err *err);
RD_MUST_USE bool rd_door_send(struct rd_door *door, uint32_t connection, struct rd_view bytes,
			      struct rd_err *err);
/* At least one byte up to the free space; the peer's end gives true and no bytes. */
RD_MUST_USE bool rd_door_recv(struct rd_door *door, uint32_t connection, struct rd_span *out,
			      int64_t deadline_ns, struct rd_err *err);
void rd_door_hang_up(struct rd_door *door, uint32_t connection);

/* Best effort, never blocks: what does not fit is dropped. */
void rd_door_progress(struct rd_door *door, enum rd_phase phase, uint32_t percent);
/* Appends to output number `output` (0 up to RD_DOOR_OUTPUTS_MAX - 1): sealed bytes only. */
RD_MUST_USE bool rd_door_output(struct rd_door *door, uint32_t output, struct rd_view bytes,
				struct rd_err *err);
/* Last message.  0: done; else one of the constant codes of enum rd_run_end. */
RD_MUST_USE bool rd_door_done(struct rd_door *door, uint32_t code, struct rd_err *err);

/* How a run ended: all that the host is told (PROTOCOL.md 6, 7). */
enum rd_run_end {
	RD_END_DONE = 0,
	RD_END_FAILED = 1,  /* an enclave's fault or a limit */
	RD_END_JOB = 2,     /* the job's bytes are not a job */
	RD_END_BROKER = 3,  /* a broker could not be reached or broke off */
	RD_END_REFUSED = 4, /* a broker refused, or a check in the enclave did */
	RD_END_TABLE = 5,   /* a table is not the one that the room pins */
	RD_END_DATA = 6,    /* overflow or the like: the reader learns where */
	RD_END_MEMORY = 7,
	RD_END_LOST = 100, /* host side only: the enclave died */
};
const char *rd_run_end_text(uint32_t code);

/* ---- the enclave ----------------------------------------------------------------------------- */

enum rd_enclave_state {
	RD_ENCLAVE_NEW = 0,
	RD_ENCLAVE_READY = 1,       /* keys made */
	RD_ENCLAVE_ATTESTED = 2,    /* first evidence for a broker made */
	RD_ENCLAVE_PROVISIONED = 3, /* all keys of the run are here */
	RD_ENCLAVE_RUNNING = 4,
	RD_ENCLAVE_SEALED = 5, /* answers are sealed; receipts may still be attested */
	RD_ENCLAVE_WIPED = 6,
};
const char *rd_enclave_state_name(enum rd_enclave_state state);

/* One enclave, one run.  `sign` and `kem` lie in secret pages. */
struct rd_enclave {
	enum rd_enclave_state state;
	int launcher_fd;
	uint32_t sandbox_missing; /* layers seen missing from inside */
	struct rd_door *door;
	struct rd_secret_pages pages;
	struct rd_secret *sign, *kem;
	uint8_t sign_public[RD_ED25519_LEN];
	uint8_t kem_public[RD_X25519_LEN];
};

/* NEW: nothing but the descriptors. */
void rd_enclave_init(struct rd_enclave *enclave, int launcher_fd);
/* NEW -> READY: makes the keys. */
RD_MUST_USE bool rd_enclave_make_keys(struct rd_enclave *enclave, struct rd_err *err);
/*
 * Asks the launcher for evidence.  `draft`: claims without the launcher's part; e_sign and e_kem
 * must be this enclave's.  Role broker in READY (-> ATTESTED) or ATTESTED; role receipt in RUNNING
 * or SEALED.  Gives the complete claims bytes and the CMW, in the arena.
 */
struct rd_enclave_evidence {
	struct rd_view claims, cmw;
};
RD_MUST_USE bool rd_enclave_attest(struct rd_enclave *enclave, const struct rd_claims *draft,
				   struct rd_arena *arena, struct rd_enclave_evidence *out,
				   struct rd_err *err);
/* The next state, one step forward: PROVISIONED, RUNNING, SEALED.  Anything else fails with
 * "run.enclave.state". */
RD_MUST_USE bool rd_enclave_advance(struct rd_enclave *enclave, enum rd_enclave_state to,
				    struct rd_err *err);
/* From any state: keys gone. */
void rd_enclave_wipe(struct rd_enclave *enclave);

/*
 * An enclave program: main is `return rd_enclave_main(&program)`.  The frame enters the sandbox,
 * opens the door, makes the keys, closes the second filter, says READY, and calls `run`; then it
 * wipes and tells the host the end that `run` gave.
 */
struct rd_enclave_program {
	/* May be NULL.  Before the second filter: initialise libraries, start threads, pre-fault.
	 * */
	bool (*prepare)(struct rd_enclave *enclave, struct rd_err *err);
	/* Takes its job from enclave->door; an end of enum rd_run_end. */
	uint32_t (*run)(struct rd_enclave *enclave, int64_t deadline_ns);
};
int rd_enclave_main(const struct rd_enclave_program *program);

/* ---- a room's run, inside -------------------------------------------------------------------- */

#define RD_JOB_VERSION 1

/*
 * What `redoubt-enclave` is asked for: CBOR ["redoubt-job-v1", room, query, max_memory].  The
 * job's blobs are the query's tables in the order of its plan (struct rd_room_query_needs), its
 * peers the brokers of the owners of those tables, in the room's order of owners.
 */
struct rd_run_job {
	struct rd_view room; /* compiled */
	struct rd_view query;
	uint64_t max_memory; /* bytes of working memory for the engine */
};
RD_MUST_USE bool rd_run_job_encode(const struct rd_run_job *job, struct rd_buf *out,
				   struct rd_err *err);
RD_MUST_USE bool rd_run_job_decode(struct rd_view bytes, struct rd_run_job *out,
				   struct rd_err *err);

/* The owners whose brokers a query needs: indexes, ascending.  Both sides count alike. */
struct rd_run_owners {
	uint32_t n;
	uint32_t owner[RD_ROOM_OWNERS_MAX];
};
void rd_run_owners_of(const struct rd_room *room, const struct rd_room_query_needs *needs,
		      struct rd_run_owners *out);

/*
 * The whole of one run: room and plan checked, a session with every broker, tables opened and
 * compared with the room, the engine, answers and receipts sealed.  Output 2i is the sealed answer
 * of the query's reader i, output 2i + 1 its receipt.  A data error seals to the readers where in
 * the SQL it happened, and gives RD_END_DATA.
 */
extern const struct rd_enclave_program rd_enclave_room_program;

/* ---- the launcher ---------------------------------------------------------------------------- */

#define RD_ENCLAVE_FILE_MAX (256u << 20) /* bytes of an enclave file */
#define RD_LAUNCHER_ENCLAVES_MAX 32u     /* at a time */

struct rd_launcher_options {
	const char *enclave_path;
	const char *key_path; /* PEM, Ed25519 private, 0600: made by `redoubt host init` */
	uint64_t memory_max;  /* bytes of address space an enclave may have */
	uint32_t threads_max;
	int host_fd; /* socket pair to the host */
};
/* Runs until the host hangs up.  Call it first in main: it forks the zygote. */
RD_MUST_USE bool rd_launcher_run(const struct rd_launcher_options *options, struct rd_err *err);

/* SHA-384 of an enclave file: what `redoubt measure` prints and rooms name. */
RD_MUST_USE bool rd_run_measure(const char *path, uint8_t out[RD_MEASUREMENT_LEN],
				struct rd_err *err);

/* ---- the host -------------------------------------------------------------------------------- */

struct rd_host_options {
	const char *launcher_path, *enclave_path, *key_path;
	uint64_t memory_max;  /* 0: 64 GiB of address space */
	uint32_t threads_max; /* 0: 16 */
};

/* What a room needs to know of a host, and `host probe` prints. */
struct rd_host_info {
	uint8_t measurement[RD_MEASUREMENT_LEN];
	uint8_t launcher_key[RD_ED25519_LEN];
};

struct rd_host;
/* Starts a launcher and waits until it has measured its enclave file. */
RD_MUST_USE bool rd_host_start(const struct rd_host_options *options, struct rd_host **out,
			       struct rd_err *err);
/* Ends the launcher and with it every enclave. */
void rd_host_free(struct rd_host **host);
void rd_host_describe(const struct rd_host *host, struct rd_host_info *out);

struct rd_host_run;
/* Starts one enclave: from here to RD_PHASE_READY is the start time of DESIGN.md 10. */
RD_MUST_USE bool rd_host_run_new(struct rd_host *host, struct rd_host_run **out,
				 struct rd_err *err);
/* Kills the enclave if it still lives. */
void rd_host_run_free(struct rd_host_run **run);
/* Layers that this kernel did not give, and the digest of the launch configuration. */
uint32_t rd_host_run_missing(const struct rd_host_run *run);
struct rd_view rd_host_run_launch_config(const struct rd_host_run *run);

struct rd_host_job {
	struct rd_view bytes;
	uint32_t n_blobs;
	const struct rd_blob *blob;
	uint32_t n_peers;
	const char *const *peer; /* "host:port" of each broker */
	/* May be NULL.  Called from rd_host_run_serve. */
	void (*progress)(void *ctx, enum rd_phase phase, uint32_t percent);
	/* Sealed bytes, in order for each output number. */
	bool (*output)(void *ctx, uint32_t output, struct rd_view bytes, struct rd_err *err);
	void *ctx;
};
/* Serves the door until the enclave is done or dead.  True when it ended by itself, with its code
 * in *end (RD_END_LOST when it died). */
RD_MUST_USE bool rd_host_run_serve(struct rd_host_run *run, const struct rd_host_job *job,
				   int64_t deadline_ns, uint32_t *end, struct rd_err *err);
/* The first peer that could not be reached, named; NULL if none. */
const struct rd_err *rd_host_run_peer_failure(const struct rd_host_run *run);
/* Waits until the enclave says that it is ready: for probe and measurement of the start. */
RD_MUST_USE bool rd_host_run_ready(struct rd_host_run *run, int64_t deadline_ns,
				   struct rd_err *err);

/* ---- a room's run, outside ------------------------------------------------------------------- */

/* The sealed tables that a host holds, found by tail digest: names prove nothing. */
struct rd_shelf;
RD_MUST_USE bool rd_shelf_new(const char *const *paths, uint32_t n, struct rd_shelf **out,
			      struct rd_err *err);
void rd_shelf_free(struct rd_shelf **shelf);

struct rd_room_run {
	struct rd_view room, query;
	uint64_t max_memory; /* of the engine; 0: 4 GiB */
	/* "OWNER=HOST:PORT" in place of the address in the room, n_brokers of them. */
	uint32_t n_brokers;
	const char *const *broker;
	/* As in struct rd_host_job. */
	void (*progress)(void *ctx, enum rd_phase phase, uint32_t percent);
	bool (*output)(void *ctx, uint32_t output, struct rd_view bytes, struct rd_err *err);
	void *ctx;
};
/*
 * One run on this host's launcher.  May be called from several threads.  Fails with the run's end
 * as code: "run.end.refused"...; the text names the broker that could not be reached.  After
 * "run.end.data" the outputs are whole: they tell the readers where it failed.
 */
RD_MUST_USE bool rd_host_room_run(struct rd_host *host, const struct rd_shelf *shelf,
				  const struct rd_room_run *run, struct rd_err *err);

/* The same as a service on TCP: frames of u32 length (big-endian) and CBOR.  Anyone may ask: a run
 * can only produce what was approved, for the approved readers. */
#define RD_HOST_RUNS_MAX 16u
struct rd_host_service {
	int listener, stop_fd; /* as in struct rd_os_server */
	struct rd_host *host;
	const struct rd_shelf *shelf;
	uint64_t max_memory;
	uint32_t n_brokers;
	const char *const *broker;
	/* After each run, from any thread: NULL or why it failed. */
	void (*done)(void *ctx, const struct rd_err *err);
	void *ctx;
};
RD_MUST_USE bool rd_host_serve(const struct rd_host_service *service, struct rd_err *err);
/* Asks such a service; `broker` and max_memory of `run` are its to say, and ignored. */
RD_MUST_USE bool rd_host_ask(const char *address, const struct rd_room_run *run,
			     struct rd_err *err);

#endif
