/* What the broker holds, as a table for people. */
#include "broker_int.h"

static bool print_tables(struct rd_broker *b, struct rd_buf *out, struct rd_err *err)
{
	RD_AUTO(query_close) struct query q = { 0 };
	bool row = false;

	query_open(&q, b->db,
		   "SELECT dataset, version, retired FROM tables ORDER BY dataset, version");
	rd_buf_printf(out, "%-32s %8s  %s\n", "table", "version", "state");
	for (;;) {
		if (!query_step(&q, &row, err))
			return false;
		if (!row)
			return true;
		rd_buf_printf(out, "%-32.*s %8lld  %s\n", RD_FMT(query_view(&q, 0)),
			      (long long)query_int(&q, 1),
			      query_int(&q, 2) ? "retired" : "released to approved rooms");
	}
}

static const char *room_state(struct rd_broker *b, const struct rd_room *room, bool highest,
			      uint64_t revoked)
{
	int64_t now = broker_now(b);

	if (room->sequence < revoked)
		return "revoked";
	if (!highest)
		return "superseded";
	if (now < room->not_before_unix_s)
		return "not yet valid";
	return now >= room->expires_unix_s ? "expired" : "valid";
}

static bool print_runs(struct rd_broker *b, struct rd_view hash, const struct rd_room *room,
		       struct rd_buf *out, struct rd_err *err)
{
	for (uint32_t i = 0; i < room->n_queries; i++) {
		RD_AUTO(query_close) struct query q = { 0 };
		bool row = false;

		query_open(&q, b->db, "SELECT runs FROM runs WHERE room=? AND query=?");
		query_bind_blob(&q, hash);
		query_bind_text(&q, room->query[i].name);
		if (!query_step(&q, &row, err))
			return false;
		rd_buf_printf(out, "  query %-24.*s %lld of %llu runs used\n",
			      RD_FMT(room->query[i].name), row ? (long long)query_int(&q, 0) : 0,
			      (unsigned long long)room->query[i].max_runs);
	}
	return true;
}

static bool print_room(struct rd_broker *b, struct query *q, struct rd_buf *out, struct rd_err *err)
{
	RD_AUTO(rd_arena_free) struct rd_arena *arena = NULL;
	char from[21], to[21];
	struct rd_room room;
	uint64_t revoked = 0;

	if (!rd_arena_new(64u << 20, &arena, err) ||
	    !rd_room_decode(query_view(q, 1), arena, &room, err) ||
	    !broker_revoked_below(b->db, room.id, &revoked, err))
		return false;
	rd_os_time_format(room.not_before_unix_s, from);
	rd_os_time_format(room.expires_unix_s, to);
	rd_buf_printf(out, "room %.*s sequence %llu: %s, from %s to %s\n", RD_FMT(room.id),
		      (unsigned long long)room.sequence,
		      room_state(b, &room, query_int(q, 2) != 0, revoked), from, to);
	return print_runs(b, query_view(q, 0), &room, out, err);
}

bool rd_broker_print(struct rd_broker *broker, struct rd_buf *out, struct rd_err *err)
{
	RD_AUTO(transaction_end) struct transaction t = { 0 };
	RD_AUTO(query_close) struct query q = { 0 };
	bool row = false;

	if (!transaction_begin(&t, broker, err))
		return false;
	rd_buf_printf(out, "broker of %.*s\n\n", RD_FMT(broker->owner));
	if (!print_tables(broker, out, err))
		return false;
	rd_buf_printf(out, "\n");
	query_open(&q, broker->db,
		   "SELECT hash, bytes, sequence=(SELECT max(sequence) FROM rooms s WHERE "
		   "s.id=rooms.id) FROM rooms ORDER BY id, sequence");
	for (;;) {
		if (!query_step(&q, &row, err))
			return false;
		if (!row)
			return rd_buf_ok(out, err);
		if (!print_room(broker, &q, out, err))
			return false;
	}
}
