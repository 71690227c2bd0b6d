/* One release: every check of PROTOCOL.md 3, then log and run counter on disk, then the keys. */
#include "broker_int.h"

#include <redoubt/codec.h>

#include <stdio.h>
#include <string.h>

#define DETAILS_MAX (128u * 1024)
#define TEXT_MAX 1400u

/* What the checks found out, for the log and the grant. */
struct decision {
	struct rd_view room_bytes;
	struct rd_room room;
	uint32_t self, query;
	struct rd_room_query_needs needs;
	struct rd_appraisal appraisal;
	bool appraised;
	uint64_t run;
	struct rd_released_key *key;
	uint32_t n_keys;
};

static bool refuse(struct rd_err *err, const char *code, const char *text)
{
	return rd_fail(err, RD_FAULT_REFUSED, code, "%s", text);
}

/* ---- the checks, in order ---------------------------------------------------------------------
 */

static bool load_room(struct rd_broker *b, struct rd_view hash, struct rd_arena *arena,
		      struct decision *d, struct rd_err *err)
{
	RD_AUTO(query_close) struct query q = { 0 };
	uint8_t seen[RD_SHA256_LEN];
	bool row = false;

	query_open(&q, b->db, "SELECT bytes FROM rooms WHERE hash=?");
	query_bind_blob(&q, hash);
	if (!query_step(&q, &row, err))
		return false;
	if (!row)
		return refuse(err, "broker.release.room", "no room of this hash was approved here");
	if (!rd_arena_copy(arena, query_view(&q, 0), &d->room_bytes, err) ||
	    !rd_room_hash(d->room_bytes, seen, err))
		return false;
	if (!rd_view_eq(rd_view_of(seen, sizeof(seen)), hash))
		return refuse(err, "broker.release.room", "the stored room does not have its hash");
	return rd_room_decode(d->room_bytes, arena, &d->room, err);
}

static bool check_highest(struct rd_broker *b, const struct rd_room *room, struct rd_err *err)
{
	RD_AUTO(query_close) struct query q = { 0 };
	uint64_t revoked = 0;
	bool row = false;

	query_open(&q, b->db, "SELECT 1 FROM rooms WHERE id=? AND sequence>?");
	query_bind_text(&q, room->id);
	query_bind_int(&q, (int64_t)room->sequence);
	if (!query_step(&q, &row, err))
		return false;
	if (row)
		return refuse(err, "broker.release.superseded",
			      "a later sequence of this room was approved here");
	if (!broker_revoked_below(b->db, room->id, &revoked, err))
		return false;
	if (room->sequence < revoked)
		return refuse(err, "broker.release.revoked", "this room was revoked");
	return true;
}

static bool check_dates(struct rd_broker *b, const struct rd_room *room, struct rd_err *err)
{
	int64_t now = broker_now(b);

	if (now < room->not_before_unix_s)
		return refuse(err, "broker.release.early", "the room is not valid yet");
	if (now >= room->expires_unix_s)
		return refuse(err, "broker.release.expired", "the room has expired");
	return true;
}

/* The classes once more, on the plan's own columns: the key of a hidden one never leaves. */
static bool check_query(struct rd_broker *b, const struct rd_session_ask *ask,
			struct rd_arena *arena, struct decision *d, struct rd_err *err)
{
	uint8_t none[RD_SHA256_LEN];
	bool mine = false;

	d->query = rd_room_find_query(&d->room, ask->query);
	if (d->query == RD_NONE)
		return refuse(err, "broker.release.query", "the room has no query of this name");
	if (!rd_room_no_parameters(none, err))
		return false;
	if (!rd_view_eq(ask->parameters_hash, rd_view_of(none, sizeof(none))))
		return refuse(err, "broker.release.parameters",
			      "the query was approved without parameters");
	if (!broker_find_self(b, &d->room, &d->self, err) ||
	    !rd_room_query_needs(&d->room, d->query, arena, &d->needs, err))
		return false;
	for (uint32_t i = 0; i < d->needs.n; i++) {
		const struct rd_room_need *need = &d->needs.need[i];
		const struct rd_room_table *table = &d->room.table[need->table];

		mine = mine || table->owner == d->self;
		for (uint32_t c = 0; c < need->n_columns; c++)
			if (table->schema.column[need->column[c]].class_ == RD_CLASS_HIDDEN)
				return refuse(err, "broker.release.hidden",
					      "the query reads a hidden column");
	}
	if (!mine)
		return refuse(err, "broker.release.nothing",
			      "the query reads no table of this owner");
	return true;
}

static bool check_evidence(const struct rd_session_request_seen *seen, struct rd_arena *arena,
			   struct decision *d, struct rd_err *err)
{
	if (!rd_appraise(&d->room.policy, seen->evidence, &seen->expected, arena, &d->appraisal,
			 err))
		return false;
	d->appraised = true;
	return rd_appraisal_demand(&d->appraisal, err);
}

static bool next_run(struct rd_broker *b, struct rd_view hash, struct decision *d,
		     struct rd_err *err)
{
	RD_AUTO(query_close) struct query q = { 0 };
	const struct rd_room_query *query = &d->room.query[d->query];
	bool row = false;

	query_open(&q, b->db, "SELECT runs FROM runs WHERE room=? AND query=?");
	query_bind_blob(&q, hash);
	query_bind_text(&q, query->name);
	if (!query_step(&q, &row, err))
		return false;
	d->run = (row ? (uint64_t)query_int(&q, 0) : 0) + 1;
	if (d->run > query->max_runs)
		return refuse(err, "broker.release.runs", "the approved number of runs is used up");
	return true;
}

static bool check_all(struct rd_broker *b, const struct rd_session_request_seen *seen,
		      struct rd_arena *arena, struct decision *d, struct rd_err *err)
{
	return load_room(b, seen->ask.room_hash, arena, d, err) &&
	       check_highest(b, &d->room, err) && check_dates(b, &d->room, err) &&
	       broker_check_approvals(b, &d->room, seen->ask.room_hash, err) &&
	       check_query(b, &seen->ask, arena, d, err) && check_evidence(seen, arena, d, err) &&
	       next_run(b, seen->ask.room_hash, d, err);
}

/* ---- keys -------------------------------------------------------------------------------------
 */

static void wipe_table_key(struct rd_table_key *key)
{
	rd_secret_wipe(&key->key);
}

static bool grant_key(const struct rd_table_key *key, const struct rd_room_need *need,
		      uint32_t column, struct rd_released_key *out, struct rd_err *err)
{
	*out = (struct rd_released_key){ .table = need->table,
					 .version = key->id.version,
					 .column = column };
	return rd_table_derive(key, column, &out->key, err);
}

/* The footer's key and those of the columns that the plan reads, for each own table. */
static bool grant_keys(struct rd_broker *b, struct decision *d, struct rd_err *err)
{
	for (uint32_t i = 0; i < d->needs.n; i++) {
		RD_AUTO(wipe_table_key) struct rd_table_key key = { .key.len = 0 };
		const struct rd_room_need *need = &d->needs.need[i];
		const struct rd_room_table *table = &d->room.table[need->table];
		bool retired = false;

		if (table->owner != d->self)
			continue;
		if (!broker_table_key(b, table, &key, &retired, err))
			return false;
		if (retired)
			return refuse(err, "broker.release.retired",
				      "a version of a table that the query reads is retired");
		if (!grant_key(&key, need, RD_FOOTER_KEY, &d->key[d->n_keys++], err))
			return false;
		for (uint32_t c = 0; c < need->n_columns; c++)
			if (!grant_key(&key, need, need->column[c], &d->key[d->n_keys++], err))
				return false;
	}
	return true;
}

static bool make_grant(struct rd_broker *b, struct decision *d, struct rd_arena *arena,
		       struct rd_session_grant *out, struct rd_err *err)
{
	size_t most = 0;

	for (uint32_t i = 0; i < d->needs.n; i++)
		most += 1 + (size_t)d->needs.need[i].n_columns;
	if (most > RD_RELEASE_KEYS_MAX)
		return refuse(err, "broker.release.keys", "the query reads too many columns");
	d->key = RD_NEW_ARRAY(arena, struct rd_released_key, most, err);
	if (!d->key || !grant_keys(b, d, err))
		return false;
	*out = (struct rd_session_grant){ .key = d->key, .n_keys = d->n_keys };
	out->statement.owner = b->owner;
	out->statement.run = d->run;
	out->statement.time_unix_s = broker_now(b);
	return true;
}

/* ---- the log ----------------------------------------------------------------------------------
 */

static void put_reasons(const struct decision *d, struct rd_buf *out)
{
	uint32_t n = d->appraised ? d->appraisal.n_reasons : 0;

	rd_cbor_put_array(out, n);
	for (uint32_t i = 0; i < n; i++) {
		const struct rd_reason *r = &d->appraisal.reason[i];

		rd_cbor_put_array(out, 5);
		rd_cbor_put_str(out, r->code);
		rd_cbor_put_uint(out, r->result);
		rd_cbor_put_str(out, r->claim);
		rd_cbor_put_text(out, r->expected);
		rd_cbor_put_text(out, r->found);
	}
}

static bool log_decision(struct rd_broker *b, const struct rd_session_request_seen *seen,
			 const struct decision *d, struct rd_view text, enum rd_log_kind kind,
			 struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf details = { .max = DETAILS_MAX };

	rd_cbor_put_array(&details, 5);
	rd_cbor_put_bytes(&details, seen->ask.room_hash);
	rd_cbor_put_text(&details, seen->ask.query);
	rd_cbor_put_uint(&details, kind == RD_LOG_RELEASE ? d->run : 0);
	rd_cbor_put_bytes(&details, seen->claims);
	put_reasons(d, &details);
	struct log_new entry = { .kind = kind, .text = text, .details = rd_buf_view(&details) };

	return rd_buf_ok(&details, err) &&
	       log_append(b->db, &b->secrets->log_key, broker_now(b), &entry, err);
}

static bool count_run(struct rd_broker *b, struct rd_view hash, const struct decision *d,
		      struct rd_err *err)
{
	RD_AUTO(query_close) struct query q = { 0 };

	query_open(&q, b->db, "INSERT OR REPLACE INTO runs VALUES(?,?,?)");
	query_bind_blob(&q, hash);
	query_bind_text(&q, d->room.query[d->query].name);
	query_bind_int(&q, (int64_t)d->run);
	return query_run(&q, err);
}

static bool release(struct rd_broker *b, const struct rd_session_request_seen *seen,
		    struct rd_arena *arena, struct decision *d, struct rd_session_grant *out,
		    struct rd_err *err)
{
	RD_AUTO(transaction_end) struct transaction t = { 0 };
	char text[TEXT_MAX];

	if (!transaction_begin(&t, b, err) || !check_all(b, seen, arena, d, err) ||
	    !make_grant(b, d, arena, out, err))
		return false;
	snprintf(text, sizeof(text),
		 "released %u keys for run %llu of query %.*s in room %.*s, level %s", out->n_keys,
		 (unsigned long long)d->run, RD_FMT(seen->ask.query), RD_FMT(d->room.id),
		 rd_level_name(d->appraisal.level));
	return count_run(b, seen->ask.room_hash, d, err) &&
	       log_decision(b, seen, d, rd_view_str(text), RD_LOG_RELEASE, err) &&
	       transaction_commit(&t, err);
}

/* The name of a query comes from a stranger: the codec has checked that it is UTF-8; what a
 * terminal would obey is for `broker log` to take out. */
bool rd_broker_decide(void *broker, const struct rd_session_request_seen *seen,
		      struct rd_arena *arena, struct rd_session_grant *out, struct rd_err *err)
{
	RD_AUTO(transaction_end) struct transaction t = { 0 };
	struct rd_broker *b = broker;
	struct decision *d = RD_NEW(arena, struct decision, err);
	struct rd_err log_err = { 0 };
	char text[TEXT_MAX];

	if (!d)
		return false;
	*out = (struct rd_session_grant){ 0 };
	if (release(b, seen, arena, d, out, err))
		return true;
	*out = (struct rd_session_grant){ 0 };
	if (d->key)
		rd_wipe(d->key, d->n_keys * sizeof(*d->key));
	if (err->fault != RD_FAULT_REFUSED)
		return false;
	snprintf(text, sizeof(text), "refused query %.*s: %s [%s]", RD_FMT(seen->ask.query),
		 err->text, err->code);
	/* A refusal that cannot be logged is a fault of the broker, and still no release. */
	if (!transaction_begin(&t, b, &log_err) ||
	    !log_decision(b, seen, d, rd_view_str(text), RD_LOG_REFUSE, &log_err) ||
	    !transaction_commit(&t, &log_err))
		*err = log_err;
	return false;
}
