/* That the parts of a room fit one another. */
#include "room_int.h"

static bool bad(struct rd_err *err, const char *what)
{
	return rd_fail(err, RD_FAULT_MALFORMED, "room.check", "%s", what);
}

bool room_name_ok(struct rd_view name)
{
	if (name.len == 0 || name.len > RD_ROOM_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.data[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');

		if (!plain && (i == 0 || (c != '.' && c != '_' && c != '-')))
			return false;
	}
	return true;
}

static bool check_head(const struct rd_room *room, struct rd_err *err)
{
	if (!room_name_ok(room->id) || !room_name_ok(room->engine))
		return bad(err, "the room's id is not a name: lower-case letters, digits, . _ -");
	if (room->sequence < 1 || room->sequence > INT64_MAX)
		return bad(err, "the sequence begins at 1");
	if (room->previous.len != (room->sequence == 1 ? 0u : RD_SHA256_LEN))
		return bad(err, "`previous` is the hash of the sequence before, and absent at 1");
	if (room->not_before_unix_s < 0 || room->expires_unix_s <= room->not_before_unix_s)
		return bad(err, "the room expires before it begins");
	if (room->plan_version != RD_PLAN_VERSION ||
	    room->semantics_version != RD_SEMANTICS_VERSION)
		return rd_fail(
			err, RD_FAULT_REFUSED, "room.version",
			"plans of version %u with semantics %u; this program knows %u and %u",
			room->plan_version, room->semantics_version, RD_PLAN_VERSION,
			RD_SEMANTICS_VERSION);
	return true;
}

/* Every key of the room serves one purpose of one party. */
static bool check_keys(const struct rd_room *room, struct rd_err *err)
{
	struct rd_view key[3 * RD_ROOM_OWNERS_MAX];
	uint32_t n = 0;

	for (uint32_t i = 0; i < room->n_owners; i++) {
		const struct rd_room_owner *o = &room->owner[i];

		if (o->sign_key.len != 32 || o->tls_key.len != 32 || o->release_key.len != 32)
			return bad(err, "an owner's key has not 32 bytes");
		key[n++] = o->sign_key;
		key[n++] = o->tls_key;
		key[n++] = o->release_key;
	}
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t k = 0; k < i; k++)
			if (rd_view_eq(key[i], key[k]))
				return bad(err, "two keys of owners are the same: each purpose and "
						"each owner needs its own");
	return true;
}

static bool check_owners(const struct rd_room *room, struct rd_err *err)
{
	if (room->n_owners < 1 || room->n_owners > RD_ROOM_OWNERS_MAX)
		return bad(err, "a room has 1 to 32 owners");
	for (uint32_t i = 0; i < room->n_owners; i++)
		if (!room_name_ok(room->owner[i].name) ||
		    rd_room_find_owner(room, room->owner[i].name) != i)
			return bad(err, "an owner's name is not a name, or is there twice");
	return check_keys(room, err);
}

static bool check_columns(const struct rd_room_table *t, struct rd_err *err)
{
	for (uint32_t i = 0; i < t->schema.n; i++) {
		const struct rd_column *c = &t->schema.column[i];

		if (c->name.len == 0 || c->class_ > RD_CLASS_VISIBLE ||
		    t->column_commitment[i].len != RD_COMMITMENT_LEN)
			return bad(err, "a column lacks its name, class or commitment");
		for (uint32_t k = 0; k < i; k++)
			if (rd_view_eq(c->name, t->schema.column[k].name))
				return bad(err, "two columns of a table have one name");
	}
	return true;
}

static bool check_table(const struct rd_room *room, const struct rd_room_table *t,
			struct rd_err *err)
{
	if (t->owner >= room->n_owners || t->dataset.len == 0 ||
	    t->dataset.len > RD_TABLE_NAME_MAX || t->version < 1 || t->version > INT64_MAX)
		return bad(err, "a table has no owner, dataset or version");
	if (t->schema.n < 1 || t->schema.n > RD_COLUMNS_MAX ||
	    t->tail_digest.len != RD_SHA256_LEN || t->footer_commitment.len != RD_COMMITMENT_LEN)
		return bad(err, "a table lacks columns, digest or commitment");
	if (t->person != RD_NONE && t->person >= t->schema.n)
		return bad(err, "the person column of a table is not one of its columns");
	if ((t->min_persons || t->min_cell) && t->person == RD_NONE)
		return bad(err, "min_persons and min_cell need a person column");
	return check_columns(t, err);
}

static bool check_tables(const struct rd_room *room, struct rd_err *err)
{
	if (room->n_tables < 1 || room->n_tables > RD_ROOM_TABLES_MAX)
		return bad(err, "a room has 1 to 64 tables");
	for (uint32_t i = 0; i < room->n_tables; i++) {
		const struct rd_room_table *t = &room->table[i];

		if (!room_name_ok(t->name) || rd_room_find_table(room, t->name) != i)
			return bad(err, "a table's name is not a name, or is there twice");
		if (!check_table(room, t, err))
			return rd_wrap(err, "table %.*s", RD_FMT(t->name));
	}
	return true;
}

static bool check_query(const struct rd_room *room, const struct rd_room_query *q,
			struct rd_err *err)
{
	if (q->sql.len == 0 || q->plan.len == 0 || q->n_readers < 1 ||
	    q->n_readers > room->n_readers)
		return bad(err, "a query lacks SQL, plan or reader");
	for (uint32_t i = 0; i < q->n_readers; i++)
		if (q->reader[i] >= room->n_readers || (i && q->reader[i] <= q->reader[i - 1]))
			return bad(err, "a query's readers are not in order, or not in the room");
	if (q->max_runs < 1 || q->max_runs > RD_RUNS_MAX)
		return bad(err, "a query has 1 to 1,000,000 runs");
	return true;
}

static bool check_readers(const struct rd_room *room, struct rd_err *err)
{
	if (room->n_readers < 1 || room->n_readers > RD_ROOM_READERS_MAX)
		return bad(err, "a room has 1 to 64 readers");
	for (uint32_t i = 0; i < room->n_readers; i++)
		if (!room_name_ok(room->reader[i].name) || room->reader[i].key.len != 32 ||
		    rd_room_find_reader(room, room->reader[i].name) != i)
			return bad(err, "a reader's name is not a name, or is there twice");
	return true;
}

bool room_check_parts(const struct rd_room *room, struct rd_err *err)
{
	if (!check_head(room, err) || !check_owners(room, err) || !check_tables(room, err) ||
	    !check_readers(room, err))
		return false;
	if (room->n_queries < 1 || room->n_queries > RD_ROOM_QUERIES_MAX)
		return bad(err, "a room has 1 to 256 queries");
	for (uint32_t i = 0; i < room->n_queries; i++) {
		const struct rd_room_query *q = &room->query[i];

		if (!room_name_ok(q->name) || rd_room_find_query(room, q->name) != i)
			return bad(err, "a query's name is not a name, or is there twice");
		if (!check_query(room, q, err))
			return rd_wrap(err, "query %.*s", RD_FMT(q->name));
	}
	return rd_policy_check(&room->policy, err);
}

/* ---- plans
 * --------------------------------------------------------------------------------------- */

static bool same_columns(const struct rd_plan_table *p, const struct rd_room_table *t)
{
	bool same = p->n_cols == t->schema.n;

	for (uint32_t i = 0; same && i < p->n_cols; i++) {
		const struct rd_column *a = &p->column[i], *b = &t->schema.column[i];

		same = rd_view_eq(a->name, b->name) && a->type.type == b->type.type &&
		       a->type.precision == b->type.precision && a->type.scale == b->type.scale &&
		       a->type.nullable == b->type.nullable && a->class_ == b->class_ &&
		       a->unique == b->unique;
	}
	return same;
}

bool room_check_plan(const struct rd_room *room, uint32_t query, struct rd_arena *arena,
		     struct rd_plan *out, struct rd_err *err)
{
	const struct rd_table_rules *rules;
	struct rd_rules_report report;

	if (!rd_plan_decode(room->query[query].plan, arena, out, err))
		return false;
	for (uint32_t i = 0; i < out->n_tables; i++) {
		uint32_t t = rd_room_find_table(room, out->table[i].name);

		if (t == RD_NONE || !same_columns(&out->table[i], &room->table[t]))
			return rd_fail(err, RD_FAULT_MALFORMED, "room.plan.table",
				       "its plan reads %.*s, which is not the room's table of that "
				       "name",
				       RD_FMT(out->table[i].name));
	}
	return rd_room_rules(room, out, arena, &rules, err) &&
	       rd_rules_verify(out, rules, arena, &report, err);
}
