/*
 * broker: one a owner.  Keeps its table keys and the rooms it approved, decides each release, and
 * writes every decision, with its reasons, to a log that cannot be edited unseen.
 *
 * Edge only.  Store: one SQLite file (full sync); table keys and the broker's own TLS and release
 * keys are sealed under a key that scrypt derives from the passphrase; log entries are chained by
 * hash and committed together with the run counter before M4 leaves.  Administration is done on
 * the broker's machine with the passphrase: there is no administration over the network.
 */
#ifndef REDOUBT_BROKER_H
#define REDOUBT_BROKER_H

#include <redoubt/attest.h>
#include <redoubt/base.h>
#include <redoubt/channel.h>
#include <redoubt/crypto.h>
#include <redoubt/room.h>
#include <redoubt/table.h>

extern const struct rd_code_text rd_broker_codes[];

/* ---- the store ------------------------------------------------------------------------------- */

#define RD_BROKER_FILE "broker.db" /* in the broker's folder, mode 0600 */

struct rd_broker;

struct rd_broker_new {
	struct rd_view owner;                            /* name that rooms call it */
	const struct rd_secret *tls_seed, *release_seed; /* Ed25519 */
	struct rd_view sign_key; /* the owner's public one: checks its approvals */
	struct rd_view passphrase;
	struct rd_scrypt_cost cost;
};
/* Makes the store in an existing folder; refuses one that has a store. */
RD_MUST_USE bool rd_broker_init(const char *folder, const struct rd_broker_new *in,
				struct rd_err *err);
/* A wrong passphrase fails with "broker.passphrase".  Several processes may have it open. */
RD_MUST_USE bool rd_broker_open(const char *folder, struct rd_view passphrase,
				struct rd_broker **out, struct rd_err *err);
void rd_broker_close(struct rd_broker **broker);
/* The clock that dates, expiries and log entries go by; the wall clock at first.  For tests. */
struct rd_broker_clock {
	int64_t (*now_unix_s)(void *ctx);
	void *ctx;
};
void rd_broker_set_clock(struct rd_broker *broker, struct rd_broker_clock clock);

/* Adds the key of a table version.  The same id and version with another key fails with
 * "broker.table.twice": sealing again needs a new version. */
RD_MUST_USE bool rd_broker_add_table(struct rd_broker *broker, const struct rd_table_key *key,
				     struct rd_err *err);
/* From now on no key of this version is released. */
RD_MUST_USE bool rd_broker_retire_table(struct rd_broker *broker, struct rd_view dataset,
					uint64_t version, struct rd_err *err);
/* Adds a compiled room with approvals of all its owners, the own one among them; the sequence must
 * be above all that were added or revoked for this id, or the very same bytes. */
RD_MUST_USE bool rd_broker_add_room(struct rd_broker *broker, struct rd_view room_bytes,
				    const struct rd_view *approval, uint32_t n_approvals,
				    struct rd_err *err);
/* The owner's own revocation: nothing below its sequence runs. */
RD_MUST_USE bool rd_broker_add_revocation(struct rd_broker *broker, struct rd_view cose,
					  struct rd_err *err);

/* ---- decisions ------------------------------------------------------------------------------- */

/*
 * Decides one request and commits log entry and run counter; fits struct rd_session_server's
 * `decide` (ctx = the broker).  Order of checks: room known and its bytes intact; highest
 * sequence; not revoked; dates; all approvals, unexpired; query there; own tables that its plan
 * reads are known and not retired; run below the maximum; appraisal of the evidence under the
 * room's policy; classes (no hidden column's key).  Each has its code "broker.release.*".
 */
RD_MUST_USE bool rd_broker_decide(void *broker, const struct rd_session_request_seen *seen,
				  struct rd_arena *arena, struct rd_session_grant *out,
				  struct rd_err *err);

struct rd_broker_serve {
	int listener; /* rd_os_tcp_listen */
	int stop_fd;  /* becomes readable when it should end; -1: never */
	/* Called after each session, from any thread, with NULL or why it failed; may be NULL. */
	void (*done)(void *ctx, const struct rd_err *err);
	void *ctx;
};
/* Serves until told to stop, then breaks off what is under way.  At most RD_BROKER_SESSIONS_MAX
 * sessions at a time, each with 30 s for each message. */
#define RD_BROKER_SESSIONS_MAX 64u
RD_MUST_USE bool rd_broker_serve(struct rd_broker *broker, const struct rd_broker_serve *serve,
				 struct rd_err *err);

/* ---- the log --------------------------------------------------------------------------------- */

enum rd_log_kind {
	RD_LOG_INIT = 1,
	RD_LOG_TABLE = 2,
	RD_LOG_RETIRE = 3,
	RD_LOG_ROOM = 4,
	RD_LOG_REVOKE = 5,
	RD_LOG_RELEASE = 6,
	RD_LOG_REFUSE = 7,
};

/*
 * One entry.  hash = HMAC-SHA256 of CBOR["redoubt-log-v1", number, previous hash, time, kind, text,
 * details] under a key that derives from the passphrase: whoever can write the file but not unlock
 * it cannot make a chain that holds.  `text` is for people; `details` is CBOR [room hash, query,
 * run, claims, [[code, claim, expected, found]...]], empty where there is nothing to add.
 */
struct rd_log_entry {
	uint64_t number; /* from 1 */
	int64_t time_unix_s;
	enum rd_log_kind kind;
	struct rd_view text, details, hash;
};
/* From `from` on, checking the chain from the first entry to the recorded last one:
 * "broker.log.chain" names the number of the entry that does not fit or is not there. */
RD_MUST_USE bool rd_broker_log(struct rd_broker *broker, uint64_t from,
			       bool (*each)(void *ctx, const struct rd_log_entry *entry,
					    struct rd_err *err),
			       void *ctx, struct rd_err *err);

/* What the broker holds, for `broker policy`: tables, rooms with sequence, runs used, dates. */
RD_MUST_USE bool rd_broker_print(struct rd_broker *broker, struct rd_buf *out, struct rd_err *err);

#endif
