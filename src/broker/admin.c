/* What the owner does with its broker: tables, rooms, approvals, revocations. */
#include "broker_int.h"

#include <stdio.h>
#include <string.h>

#define ROOM_MEMORY_MAX (64u << 20)
#define TEXT_MAX 512u

static bool log_text(struct rd_broker *b, enum rd_log_kind kind, const char *text,
		     struct rd_err *err)
{
	struct log_new entry = { .kind = kind, .text = rd_view_str(text) };

	return log_append(b->db, &b->secrets->log_key, broker_now(b), &entry, err);
}

/* ---- tables -----------------------------------------------------------------------------------
 */

static struct key_label table_label(struct rd_view dataset, uint64_t version)
{
	return (struct key_label){ .kind = "table", .name = dataset, .version = version };
}

enum key_state { KEY_NONE = 0, KEY_LIVE, KEY_RETIRED };

static bool stored_key(struct rd_broker *b, struct rd_view dataset, uint64_t version,
		       struct rd_table_key *out, enum key_state *state, struct rd_err *err)
{
	RD_AUTO(query_close) struct query q = { 0 };
	struct key_label label = table_label(dataset, version);

	bool row = false;

	*state = KEY_NONE;
	if (dataset.len > RD_TABLE_NAME_MAX || version > INT64_MAX)
		return rd_fail(err, RD_FAULT_USAGE, "broker.table.name",
			       "a dataset's name or version is out of range");
	query_open(&q, b->db, "SELECT key, retired FROM tables WHERE dataset=? AND version=?");
	query_bind_text(&q, dataset);
	query_bind_int(&q, (int64_t)version);
	if (!query_step(&q, &row, err))
		return false;
	if (!row)
		return true;
	*state = query_int(&q, 1) ? KEY_RETIRED : KEY_LIVE;
	memset(&out->id, 0, sizeof(out->id));
	memcpy(out->id.dataset, dataset.data, dataset.len);
	memcpy(out->id.owner_key_hash, b->owner_key_hash, RD_SHA256_LEN);
	out->id.version = version;
	return store_open(&b->secrets->seal_key, &label, query_view(&q, 0), &out->key, err) ||
	       rd_wrap(err, "the stored key of %.*s", RD_FMT(dataset));
}

static void wipe_table_key(struct rd_table_key *key)
{
	rd_secret_wipe(&key->key);
}

static bool insert_table(struct rd_broker *b, const struct rd_table_key *key, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf sealed = { .max = KEY_BLOB_MAX };
	RD_AUTO(query_close) struct query q = { 0 };
	struct key_label label = table_label(rd_view_str(key->id.dataset), key->id.version);

	if (!store_seal(&b->secrets->seal_key, &label, &key->key, &sealed, err))
		return false;
	query_open(&q, b->db, "INSERT INTO tables(dataset, version, key) VALUES(?,?,?)");
	query_bind_text(&q, label.name);
	query_bind_int(&q, (int64_t)key->id.version);
	query_bind_blob(&q, rd_buf_view(&sealed));
	return query_run(&q, err);
}

bool rd_broker_add_table(struct rd_broker *broker, const struct rd_table_key *key,
			 struct rd_err *err)
{
	RD_AUTO(transaction_end) struct transaction t = { 0 };
	RD_AUTO(wipe_table_key) struct rd_table_key old = { .key.len = 0 };
	enum key_state state = KEY_NONE;
	char text[TEXT_MAX];

	if (memcmp(key->id.owner_key_hash, broker->owner_key_hash, RD_SHA256_LEN) != 0)
		return rd_fail(err, RD_FAULT_REFUSED, "broker.table.owner",
			       "%s was sealed for another owner's sign key", key->id.dataset);
	if (!transaction_begin(&t, broker, err) ||
	    !stored_key(broker, rd_view_str(key->id.dataset), key->id.version, &old, &state, err))
		return false;
	if (state && rd_equal_secret(rd_secret_view(&old.key), rd_secret_view(&key->key)))
		return true;
	if (state)
		return rd_fail(err, RD_FAULT_REFUSED, "broker.table.twice",
			       "%s version %llu is here already, with another key", key->id.dataset,
			       (unsigned long long)key->id.version);
	snprintf(text, sizeof(text), "table %s version %llu added", key->id.dataset,
		 (unsigned long long)key->id.version);
	return insert_table(broker, key, err) && log_text(broker, RD_LOG_TABLE, text, err) &&
	       transaction_commit(&t, err);
}

bool rd_broker_retire_table(struct rd_broker *broker, struct rd_view dataset, uint64_t version,
			    struct rd_err *err)
{
	RD_AUTO(transaction_end) struct transaction t = { 0 };
	RD_AUTO(wipe_table_key) struct rd_table_key old = { .key.len = 0 };
	RD_AUTO(query_close) struct query q = { 0 };
	enum key_state state = KEY_NONE;
	char text[TEXT_MAX];

	if (!transaction_begin(&t, broker, err) ||
	    !stored_key(broker, dataset, version, &old, &state, err))
		return false;
	if (!state)
		return rd_fail(err, RD_FAULT_FAILED, "broker.table.none",
			       "there is no table %.*s version %llu here", RD_FMT(dataset),
			       (unsigned long long)version);
	if (state == KEY_RETIRED)
		return true;
	query_open(&q, broker->db, "UPDATE tables SET retired=1 WHERE dataset=? AND version=?");
	query_bind_text(&q, dataset);
	query_bind_int(&q, (int64_t)version);
	snprintf(text, sizeof(text), "table %.*s version %llu retired", RD_FMT(dataset),
		 (unsigned long long)version);
	return query_run(&q, err) && log_text(broker, RD_LOG_RETIRE, text, err) &&
	       transaction_commit(&t, err);
}

static bool same_commitment(const struct rd_table_key *key, uint32_t column,
			    struct rd_view expected, struct rd_err *err)
{
	RD_AUTO(rd_secret_wipe) struct rd_secret derived = { .len = 0 };
	uint8_t commitment[RD_COMMITMENT_LEN];

	if (!rd_table_derive(key, column, &derived, err) ||
	    !rd_table_commitment(&derived, commitment, err))
		return false;
	if (!rd_view_eq(rd_view_of(commitment, sizeof(commitment)), expected))
		return rd_fail(err, RD_FAULT_REFUSED, "broker.table.commitment",
			       "%s version %llu: the room names another key than the one here",
			       key->id.dataset, (unsigned long long)key->id.version);
	return true;
}

bool broker_check_commitments(const struct rd_table_key *key, const struct rd_room_table *table,
			      struct rd_err *err)
{
	if (!same_commitment(key, RD_FOOTER_KEY, table->footer_commitment, err))
		return false;
	for (uint32_t i = 0; i < table->schema.n; i++)
		if (!same_commitment(key, i, table->column_commitment[i], err))
			return false;
	return true;
}

bool broker_table_key(struct rd_broker *broker, const struct rd_room_table *table,
		      struct rd_table_key *out, bool *retired, struct rd_err *err)
{
	enum key_state state = KEY_NONE;

	if (!stored_key(broker, table->dataset, table->version, out, &state, err))
		return false;
	*retired = state == KEY_RETIRED;
	if (!state)
		return rd_fail(err, RD_FAULT_REFUSED, "broker.table.none",
			       "table %.*s: no key of %.*s version %llu is here",
			       RD_FMT(table->name), RD_FMT(table->dataset),
			       (unsigned long long)table->version);
	return broker_check_commitments(out, table, err);
}

/* ---- rooms ------------------------------------------------------------------------------------
 */

bool broker_find_self(const struct rd_broker *broker, const struct rd_room *room, uint32_t *owner,
		      struct rd_err *err)
{
	uint32_t i = rd_room_find_owner(room, broker->owner);

	if (i == RD_NONE)
		return rd_fail(err, RD_FAULT_REFUSED, "broker.room.owner",
			       "the room has no owner '%.*s'", RD_FMT(broker->owner));
	const struct rd_room_owner *o = &room->owner[i];

	if (!rd_view_eq(o->sign_key, rd_view_of(broker->sign_key, RD_ED25519_LEN)) ||
	    !rd_view_eq(o->tls_key, rd_view_of(broker->tls_key, RD_ED25519_LEN)) ||
	    !rd_view_eq(o->release_key, rd_view_of(broker->release_key, RD_ED25519_LEN)))
		return rd_fail(err, RD_FAULT_REFUSED, "broker.room.keys",
			       "the room names other keys for '%.*s' than those of this broker",
			       RD_FMT(broker->owner));
	*owner = i;
	return true;
}

bool broker_revoked_below(sqlite3 *db, struct rd_view room_id, uint64_t *sequence,
			  struct rd_err *err)
{
	RD_AUTO(query_close) struct query q = { 0 };
	bool row = false;

	query_open(&q, db, "SELECT sequence FROM revoked WHERE id=?");
	query_bind_text(&q, room_id);
	if (!query_step(&q, &row, err))
		return false;
	*sequence = row ? (uint64_t)query_int(&q, 0) : 0;
	return true;
}

/* Above everything that was added or revoked for this id, and the successor of what it names. */
static bool check_sequence(struct rd_broker *b, const struct rd_room *room, struct rd_view hash,
			   bool *known, struct rd_err *err)
{
	RD_AUTO(query_close) struct query q = { 0 };
	uint64_t revoked = 0, highest;
	bool row = false;

	if (!broker_revoked_below(b->db, room->id, &revoked, err))
		return false;
	query_open(&q, b->db,
		   "SELECT sequence, hash FROM rooms WHERE id=? ORDER BY sequence DESC LIMIT 1");
	query_bind_text(&q, room->id);
	if (!query_step(&q, &row, err))
		return false;
	highest = row ? (uint64_t)query_int(&q, 0) : 0;
	*known = row && rd_view_eq(query_view(&q, 1), hash);
	if (room->sequence < revoked || (!*known && room->sequence <= highest))
		return rd_fail(err, RD_FAULT_REFUSED, "broker.room.sequence",
			       "room %.*s: sequence %llu, but %llu was approved and below %llu "
			       "was revoked here",
			       RD_FMT(room->id), (unsigned long long)room->sequence,
			       (unsigned long long)highest, (unsigned long long)revoked);
	if (!*known && row && room->sequence == highest + 1 &&
	    !rd_view_eq(room->previous, query_view(&q, 1)))
		return rd_fail(err, RD_FAULT_REFUSED, "broker.room.previous",
			       "room %.*s: names another predecessor than the one approved here",
			       RD_FMT(room->id));
	return true;
}

static bool insert_room(struct rd_broker *b, const struct rd_room *room, struct rd_view hash,
			struct rd_view bytes, struct rd_err *err)
{
	RD_AUTO(query_close) struct query q = { 0 };

	query_open(&q, b->db, "INSERT INTO rooms VALUES(?,?,?,?)");
	query_bind_blob(&q, hash);
	query_bind_text(&q, room->id);
	query_bind_int(&q, (int64_t)room->sequence);
	query_bind_blob(&q, bytes);
	return query_run(&q, err);
}

static bool insert_approval(struct rd_broker *b, struct rd_view hash,
			    const struct rd_approval *approval, struct rd_view cose,
			    struct rd_err *err)
{
	RD_AUTO(query_close) struct query q = { 0 };

	query_open(&q, b->db, "INSERT OR REPLACE INTO approvals VALUES(?,?,?)");
	query_bind_blob(&q, hash);
	query_bind_text(&q, approval->owner);
	query_bind_blob(&q, cose);
	return query_run(&q, err);
}

static bool stored_approval(struct rd_broker *b, const struct rd_room *room, struct rd_view hash,
			    uint32_t owner, struct rd_err *err)
{
	RD_AUTO(query_close) struct query q = { 0 };
	struct rd_approval approval;
	bool row = false;

	query_open(&q, b->db, "SELECT cose FROM approvals WHERE room=? AND owner=?");
	query_bind_blob(&q, hash);
	query_bind_text(&q, room->owner[owner].name);
	if (!query_step(&q, &row, err))
		return false;
	if (!row)
		return rd_fail(err, RD_FAULT_REFUSED, "broker.room.approvals",
			       "the approval of '%.*s' is missing",
			       RD_FMT(room->owner[owner].name));
	if (!rd_approval_check(query_view(&q, 0), room, hash, broker_now(b), &approval, err))
		return rd_wrap(err, "the approval of '%.*s'", RD_FMT(room->owner[owner].name));
	/* A signature of one owner under the name of another would count twice. */
	if (!rd_view_eq(approval.owner, room->owner[owner].name))
		return rd_fail(err, RD_FAULT_REFUSED, "broker.room.approvals",
			       "the stored approval of '%.*s' is another owner's",
			       RD_FMT(room->owner[owner].name));
	return true;
}

bool broker_check_approvals(struct rd_broker *broker, const struct rd_room *room,
			    struct rd_view room_hash, struct rd_err *err)
{
	for (uint32_t i = 0; i < room->n_owners; i++)
		if (!stored_approval(broker, room, room_hash, i, err))
			return false;
	return true;
}

/* The own tables are here, not retired, and the room names their keys. */
static bool check_own_tables(struct rd_broker *b, const struct rd_room *room, struct rd_err *err)
{
	uint32_t self = 0;

	if (!broker_find_self(b, room, &self, err))
		return false;
	for (uint32_t i = 0; i < room->n_tables; i++) {
		RD_AUTO(wipe_table_key) struct rd_table_key key = { .key.len = 0 };
		bool retired = false;

		if (room->table[i].owner != self)
			continue;
		if (!broker_table_key(b, &room->table[i], &key, &retired, err))
			return false;
		if (retired)
			return rd_fail(err, RD_FAULT_REFUSED, "broker.table.retired",
				       "table %.*s version %llu is retired",
				       RD_FMT(room->table[i].dataset),
				       (unsigned long long)room->table[i].version);
	}
	return true;
}

bool rd_broker_add_room(struct rd_broker *broker, struct rd_view room_bytes,
			const struct rd_view *approval, uint32_t n_approvals, struct rd_err *err)
{
	RD_AUTO(rd_arena_free) struct rd_arena *arena = NULL;
	RD_AUTO(transaction_end) struct transaction t = { 0 };
	uint8_t hash_bytes[RD_SHA256_LEN];
	struct rd_view hash = rd_view_of(hash_bytes, sizeof(hash_bytes));
	struct rd_approval seen;
	struct rd_room room;
	char text[TEXT_MAX];
	bool known = false;

	if (!rd_arena_new(ROOM_MEMORY_MAX, &arena, err) ||
	    !rd_room_hash(room_bytes, hash_bytes, err) ||
	    !rd_room_decode(room_bytes, arena, &room, err) || !transaction_begin(&t, broker, err) ||
	    !check_own_tables(broker, &room, err) ||
	    !check_sequence(broker, &room, hash, &known, err) ||
	    (!known && !insert_room(broker, &room, hash, room_bytes, err)))
		return false;
	for (uint32_t i = 0; i < n_approvals; i++)
		if (!rd_approval_check(approval[i], &room, hash, broker_now(broker), &seen, err) ||
		    !insert_approval(broker, hash, &seen, approval[i], err))
			return false;
	snprintf(text, sizeof(text), "room %.*s sequence %llu added, approved by all %u owners",
		 RD_FMT(room.id), (unsigned long long)room.sequence, room.n_owners);
	struct log_new entry = { .kind = RD_LOG_ROOM, .text = rd_view_str(text), .details = hash };

	return broker_check_approvals(broker, &room, hash, err) &&
	       log_append(broker->db, &broker->secrets->log_key, broker_now(broker), &entry, err) &&
	       transaction_commit(&t, err);
}

bool rd_broker_add_revocation(struct rd_broker *broker, struct rd_view cose, struct rd_err *err)
{
	RD_AUTO(transaction_end) struct transaction t = { 0 };
	RD_AUTO(query_close) struct query q = { 0 };
	struct rd_revocation revocation;
	char text[TEXT_MAX];
	uint64_t old = 0;

	if (!rd_revocation_check(cose, rd_view_of(broker->sign_key, RD_ED25519_LEN), &revocation,
				 err))
		return false;
	if (!rd_view_eq(revocation.owner, broker->owner))
		return rd_fail(err, RD_FAULT_REFUSED, "broker.revoke.owner",
			       "a revocation by '%.*s', this broker is '%.*s'",
			       RD_FMT(revocation.owner), RD_FMT(broker->owner));
	if (!transaction_begin(&t, broker, err) ||
	    !broker_revoked_below(broker->db, revocation.room_id, &old, err))
		return false;
	if (revocation.sequence <= old)
		return true;
	query_open(&q, broker->db, "INSERT OR REPLACE INTO revoked VALUES(?,?,?)");
	query_bind_text(&q, revocation.room_id);
	query_bind_int(&q, (int64_t)revocation.sequence);
	query_bind_blob(&q, cose);
	snprintf(text, sizeof(text), "room %.*s: everything below sequence %llu revoked",
		 RD_FMT(revocation.room_id), (unsigned long long)revocation.sequence);
	return query_run(&q, err) && log_text(broker, RD_LOG_REVOKE, text, err) &&
	       transaction_commit(&t, err);
}
