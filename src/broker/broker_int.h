/*
 * broker, inside.  One connection to one SQLite file, one lock around each transaction.
 */
#ifndef RD_BROKER_INT_H
#define RD_BROKER_INT_H

#include <redoubt/broker.h>
#include <redoubt/os.h>

#include <pthread.h>
#include <sqlite3.h>

#define KEY_BLOB_MAX 512u /* bytes of a sealed key */
#define OWN_TABLES_MAX RD_ROOM_TABLES_MAX

/* What must not be swapped out: one secret page. */
struct broker_secrets {
	struct rd_secret seal_key; /* AES-256-GCM: keys at rest */
	struct rd_secret log_key;  /* HMAC: the chain */
	struct rd_secret tls_seed, release_seed;
};

struct rd_broker {
	sqlite3 *db;
	pthread_mutex_t lock;
	bool locked_made;
	struct rd_secret_pages pages;
	struct broker_secrets *secrets;
	struct rd_broker_clock clock;
	struct rd_arena *arena; /* owner's name and public keys */
	struct rd_view owner;
	uint8_t sign_key[RD_ED25519_LEN];
	uint8_t tls_key[RD_ED25519_LEN];
	uint8_t release_key[RD_ED25519_LEN];
	uint8_t owner_key_hash[RD_SHA256_LEN];
};

static inline int64_t broker_now(const struct rd_broker *broker)
{
	return broker->clock.now_unix_s(broker->clock.ctx);
}

/* ---- database.c: statements without ceremony ------------------------------------------------- */

/* One prepared statement; `failed` sticks, so that the binds need no checks of their own. */
struct query {
	sqlite3 *db;
	sqlite3_stmt *stmt;
	bool failed;
	int n_bound;
};
void query_open(struct query *q, sqlite3 *db, const char *sql);
void query_close(struct query *q); /* for RD_AUTO */
void query_bind_int(struct query *q, int64_t value);
void query_bind_text(struct query *q, struct rd_view value); /* borrowed until query_close */
void query_bind_blob(struct query *q, struct rd_view value);
/* *row false: no more. */
bool query_step(struct query *q, bool *row, struct rd_err *err);
/* For statements that give no rows. */
bool query_run(struct query *q, struct rd_err *err);
/* Columns of the current row; views are valid until the next step. */
int64_t query_int(struct query *q, int column);
struct rd_view query_view(struct query *q, int column);

bool database_open(const char *path, bool create, sqlite3 **db, struct rd_err *err);
bool database_exec(sqlite3 *db, const char *sql, struct rd_err *err);
/* Takes the lock and the write lock of the file; ends with commit or, if that is not reached,
 * rollback. */
struct transaction {
	struct rd_broker *broker;
};
bool transaction_begin(struct transaction *t, struct rd_broker *broker, struct rd_err *err);
bool transaction_commit(struct transaction *t, struct rd_err *err);
void transaction_end(struct transaction *t); /* for RD_AUTO */

/* ---- store.c: keys at rest --------------------------------------------------------------------
 */

/* What a sealed key is for goes into its AAD, so that one cannot stand in for another. */
struct key_label {
	const char *kind;    /* "table", "tls", "release" */
	struct rd_view name; /* dataset, or empty */
	uint64_t version;
};
/* nonce || ciphertext || tag. */
bool store_seal(const struct rd_secret *seal_key, const struct key_label *label,
		const struct rd_secret *in, struct rd_buf *out, struct rd_err *err);
bool store_open(const struct rd_secret *seal_key, const struct key_label *label,
		struct rd_view sealed, struct rd_secret *out, struct rd_err *err);

/* ---- log.c ------------------------------------------------------------------------------------
 */

/* Inside a transaction. */
struct log_new {
	enum rd_log_kind kind;
	struct rd_view text, details;
};
bool log_append(sqlite3 *db, const struct rd_secret *log_key, int64_t now_unix_s,
		const struct log_new *entry, struct rd_err *err);

/* ---- admin.c, decide.c ------------------------------------------------------------------------
 */

/* The stored key of one of the own tables, checked against the room's commitments of the footer
 * and of each column; *retired says whether it may still be used. */
bool broker_table_key(struct rd_broker *broker, const struct rd_room_table *table,
		      struct rd_table_key *out, bool *retired, struct rd_err *err);
/* That the key opens what the room names: footer and column commitments agree. */
bool broker_check_commitments(const struct rd_table_key *key, const struct rd_room_table *table,
			      struct rd_err *err);
/* Every owner's approval of the room is stored, signed, and unexpired. */
bool broker_check_approvals(struct rd_broker *broker, const struct rd_room *room,
			    struct rd_view room_hash, struct rd_err *err);
/* This broker's place in the room: an owner with its name and its three public keys. */
bool broker_find_self(const struct rd_broker *broker, const struct rd_room *room, uint32_t *owner,
		      struct rd_err *err);
/* What the room id was raised to by a revocation; 0: not revoked. */
bool broker_revoked_below(sqlite3 *db, struct rd_view room_id, uint64_t *sequence,
			  struct rd_err *err);

#endif
