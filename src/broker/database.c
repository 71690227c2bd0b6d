/* SQLite with errors of ours. */
#include "broker_int.h"

#include <limits.h>

static bool fail(sqlite3 *db, struct rd_err *err)
{
	return rd_fail(err, RD_FAULT_FAILED, "broker.database", "the broker's database: %s",
		       db ? sqlite3_errmsg(db) : "no memory");
}

void query_open(struct query *q, sqlite3 *db, const char *sql)
{
	*q = (struct query){ .db = db };
	q->failed = sqlite3_prepare_v2(db, sql, -1, &q->stmt, NULL) != SQLITE_OK;
}

void query_close(struct query *q)
{
	sqlite3_finalize(q->stmt);
	q->stmt = NULL;
}

void query_bind_int(struct query *q, int64_t value)
{
	if (!q->failed)
		q->failed = sqlite3_bind_int64(q->stmt, ++q->n_bound, value) != SQLITE_OK;
}

void query_bind_text(struct query *q, struct rd_view value)
{
	if (!q->failed)
		q->failed = value.len > INT_MAX ||
			    sqlite3_bind_text(q->stmt, ++q->n_bound, (const char *)value.data,
					      (int)value.len, SQLITE_STATIC) != SQLITE_OK;
}

void query_bind_blob(struct query *q, struct rd_view value)
{
	static const uint8_t empty;

	if (!q->failed)
		q->failed =
			value.len > INT_MAX ||
			sqlite3_bind_blob(q->stmt, ++q->n_bound, value.len ? value.data : &empty,
					  (int)value.len, SQLITE_STATIC) != SQLITE_OK;
}

bool query_step(struct query *q, bool *row, struct rd_err *err)
{
	int rc = q->failed ? SQLITE_ERROR : sqlite3_step(q->stmt);

	*row = rc == SQLITE_ROW;
	return rc == SQLITE_ROW || rc == SQLITE_DONE || fail(q->db, err);
}

bool query_run(struct query *q, struct rd_err *err)
{
	bool row = false;

	return query_step(q, &row, err);
}

int64_t query_int(struct query *q, int column)
{
	return sqlite3_column_int64(q->stmt, column);
}

struct rd_view query_view(struct query *q, int column)
{
	const void *data = sqlite3_column_blob(q->stmt, column);

	return rd_view_of(data, (size_t)sqlite3_column_bytes(q->stmt, column));
}

bool database_exec(sqlite3 *db, const char *sql, struct rd_err *err)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK || fail(db, err);
}

/* A write-ahead log with full sync, one sync a commit: what is committed survives a power cut.  The
 * file is made 0600 before SQLite sees it, and its journal takes the same mode. */
bool database_open(const char *path, bool create, sqlite3 **db, struct rd_err *err)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_FULLMUTEX | SQLITE_OPEN_NOFOLLOW;

	if (create && !rd_os_file_create(path, 0600, (struct rd_view){ 0 }, err))
		return false;
	if (sqlite3_open_v2(path, db, flags, NULL) != SQLITE_OK) {
		bool ok = fail(*db, err);

		sqlite3_close(*db);
		*db = NULL;
		return ok || rd_wrap(err, "%s", path);
	}
	sqlite3_busy_timeout(*db, 10000);
	sqlite3_limit(*db, SQLITE_LIMIT_LENGTH, 64 << 20);
	return database_exec(*db,
			     "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; "
			     "PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF;"
			     "PRAGMA secure_delete=ON; PRAGMA cell_size_check=ON",
			     err);
}

bool transaction_begin(struct transaction *t, struct rd_broker *broker, struct rd_err *err)
{
	pthread_mutex_lock(&broker->lock);
	t->broker = broker;
	return database_exec(broker->db, "BEGIN IMMEDIATE", err);
}

bool transaction_commit(struct transaction *t, struct rd_err *err)
{
	return database_exec(t->broker->db, "COMMIT", err);
}

void transaction_end(struct transaction *t)
{
	if (!t->broker)
		return;
	if (!sqlite3_get_autocommit(t->broker->db))
		sqlite3_exec(t->broker->db, "ROLLBACK", NULL, NULL, NULL);
	pthread_mutex_unlock(&t->broker->lock);
	t->broker = NULL;
}
