/* Bytes to a room: hostile until everything was checked. */
#include "room_int.h"

struct decoder {
	struct rd_cbor_reader r;
	struct rd_arena *arena;
	struct rd_room *room;
	struct rd_err *err;
};

static struct rd_view read_name(struct decoder *d)
{
	return rd_cbor_read_text(&d->r, 1, RD_ROOM_NAME_MAX);
}

static struct rd_view read_key(struct decoder *d)
{
	return rd_cbor_read_bytes(&d->r, 32, 32);
}

static bool read_owners(struct decoder *d)
{
	struct rd_room_owner *owner;

	d->room->n_owners = rd_cbor_enter_array_upto(&d->r, 1, RD_ROOM_OWNERS_MAX);
	owner = RD_NEW_ARRAY(d->arena, struct rd_room_owner, d->room->n_owners, d->err);
	if (!owner)
		return false;
	for (uint32_t i = 0; i < d->room->n_owners; i++) {
		rd_cbor_enter_array(&d->r, 5);
		owner[i].name = read_name(d);
		owner[i].sign_key = read_key(d);
		owner[i].tls_key = read_key(d);
		owner[i].release_key = read_key(d);
		owner[i].broker = rd_cbor_read_text(&d->r, 0, 256);
		rd_cbor_leave(&d->r);
	}
	rd_cbor_leave(&d->r);
	d->room->owner = owner;
	return true;
}

static void read_column(struct decoder *d, struct rd_column *c, struct rd_view *commitment)
{
	rd_cbor_enter_array(&d->r, 8);
	c->name = rd_cbor_read_text(&d->r, 1, RD_COLUMN_NAME_MAX);
	c->type.type = (uint8_t)rd_cbor_read_uint(&d->r, RD_TEXT);
	c->type.precision = (uint8_t)rd_cbor_read_uint(&d->r, 38);
	c->type.scale = (uint8_t)rd_cbor_read_uint(&d->r, 38);
	c->type.nullable = rd_cbor_read_bool(&d->r);
	c->class_ = (uint8_t)rd_cbor_read_uint(&d->r, RD_CLASS_VISIBLE);
	c->unique = rd_cbor_read_bool(&d->r);
	*commitment = rd_cbor_read_bytes(&d->r, RD_COMMITMENT_LEN, RD_COMMITMENT_LEN);
	rd_cbor_leave(&d->r);
}

static bool read_schema(struct decoder *d, struct rd_room_table *t)
{
	struct rd_view *commitment;

	t->schema.n = rd_cbor_enter_array_upto(&d->r, 1, RD_COLUMNS_MAX);
	t->schema.column = RD_NEW_ARRAY(d->arena, struct rd_column, t->schema.n, d->err);
	commitment = RD_NEW_ARRAY(d->arena, struct rd_view, t->schema.n, d->err);
	if (!t->schema.column || !commitment)
		return false;
	for (uint32_t i = 0; i < t->schema.n && !d->r.failed; i++)
		read_column(d, &t->schema.column[i], &commitment[i]);
	rd_cbor_leave(&d->r);
	t->column_commitment = commitment;
	return true;
}

static bool read_table(struct decoder *d, struct rd_room_table *t)
{
	rd_cbor_enter_array(&d->r, 10);
	t->name = rd_cbor_read_text(&d->r, 1, RD_ROOM_NAME_MAX);
	t->owner = (uint32_t)rd_cbor_read_uint(&d->r, RD_ROOM_OWNERS_MAX);
	t->dataset = rd_cbor_read_text(&d->r, 1, RD_TABLE_NAME_MAX);
	t->version = rd_cbor_read_uint(&d->r, INT64_MAX);
	if (!read_schema(d, t))
		return false;
	t->person = RD_NONE;
	if (rd_cbor_at_null(&d->r))
		rd_cbor_read_null(&d->r);
	else
		t->person = (uint32_t)rd_cbor_read_uint(&d->r, RD_COLUMNS_MAX);
	t->min_persons = rd_cbor_read_uint(&d->r, INT64_MAX);
	t->min_cell = rd_cbor_read_uint(&d->r, INT64_MAX);
	t->tail_digest = rd_cbor_read_bytes(&d->r, RD_SHA256_LEN, RD_SHA256_LEN);
	t->footer_commitment = rd_cbor_read_bytes(&d->r, RD_COMMITMENT_LEN, RD_COMMITMENT_LEN);
	rd_cbor_leave(&d->r);
	return true;
}

static bool read_tables(struct decoder *d)
{
	struct rd_room_table *table;

	d->room->n_tables = rd_cbor_enter_array_upto(&d->r, 1, RD_ROOM_TABLES_MAX);
	table = RD_NEW_ARRAY(d->arena, struct rd_room_table, d->room->n_tables, d->err);
	if (!table)
		return false;
	for (uint32_t i = 0; i < d->room->n_tables && !d->r.failed; i++)
		if (!read_table(d, &table[i]))
			return false;
	rd_cbor_leave(&d->r);
	d->room->table = table;
	return true;
}

static bool read_readers(struct decoder *d)
{
	struct rd_room_reader *reader;

	d->room->n_readers = rd_cbor_enter_array_upto(&d->r, 1, RD_ROOM_READERS_MAX);
	reader = RD_NEW_ARRAY(d->arena, struct rd_room_reader, d->room->n_readers, d->err);
	if (!reader)
		return false;
	for (uint32_t i = 0; i < d->room->n_readers; i++) {
		rd_cbor_enter_array(&d->r, 2);
		reader[i].name = read_name(d);
		reader[i].key = read_key(d);
		rd_cbor_leave(&d->r);
	}
	rd_cbor_leave(&d->r);
	d->room->reader = reader;
	return true;
}

static bool read_query(struct decoder *d, struct rd_room_query *q)
{
	uint32_t *reader;

	rd_cbor_enter_array(&d->r, 6);
	q->name = read_name(d);
	q->sql = rd_cbor_read_text(&d->r, 1, RD_SQL_TEXT_MAX);
	q->plan = rd_cbor_read_bytes(&d->r, 1, RD_ROOM_MAX);
	q->n_readers = rd_cbor_enter_array_upto(&d->r, 1, RD_ROOM_READERS_MAX);
	reader = RD_NEW_ARRAY(d->arena, uint32_t, q->n_readers, d->err);
	if (!reader)
		return false;
	for (uint32_t i = 0; i < q->n_readers; i++)
		reader[i] = (uint32_t)rd_cbor_read_uint(&d->r, RD_ROOM_READERS_MAX);
	rd_cbor_leave(&d->r);
	q->reader = reader;
	q->max_runs = rd_cbor_read_uint(&d->r, RD_RUNS_MAX);
	rd_cbor_enter_array(&d->r, 0);
	rd_cbor_leave(&d->r);
	rd_cbor_leave(&d->r);
	return true;
}

static bool read_queries(struct decoder *d)
{
	struct rd_room_query *query;

	d->room->n_queries = rd_cbor_enter_array_upto(&d->r, 1, RD_ROOM_QUERIES_MAX);
	query = RD_NEW_ARRAY(d->arena, struct rd_room_query, d->room->n_queries, d->err);
	if (!query)
		return false;
	for (uint32_t i = 0; i < d->room->n_queries && !d->r.failed; i++)
		if (!read_query(d, &query[i]))
			return false;
	rd_cbor_leave(&d->r);
	d->room->query = query;
	return true;
}

static void read_head(struct decoder *d)
{
	struct rd_cbor_reader *r = &d->r;
	struct rd_room *room = d->room;

	rd_cbor_enter_array(r, 15);
	if (rd_cbor_read_uint(r, UINT32_MAX) != OBJECT_ROOM)
		rd_cbor_complain(r, "room.form", "expected a compiled room");
	if (rd_cbor_read_uint(r, UINT32_MAX) != RD_ROOM_VERSION)
		rd_cbor_complain(r, "room.version", "expected version 1 of a room");
	room->id = rd_cbor_read_text(r, 1, RD_ROOM_NAME_MAX);
	room->sequence = rd_cbor_read_uint(r, INT64_MAX);
	room->previous = rd_cbor_read_bytes(r, 0, RD_SHA256_LEN);
	room->not_before_unix_s = rd_cbor_read_int(r, 0, INT64_MAX);
	room->expires_unix_s = rd_cbor_read_int(r, 0, INT64_MAX);
	room->engine = read_name(d);
	room->plan_version = (uint32_t)rd_cbor_read_uint(r, UINT32_MAX);
	room->semantics_version = (uint32_t)rd_cbor_read_uint(r, UINT32_MAX);
}

bool rd_room_decode(struct rd_view bytes, struct rd_arena *arena, struct rd_room *out,
		    struct rd_err *err)
{
	struct decoder d = { .arena = arena, .room = out, .err = err };
	struct rd_view policy;
	struct rd_plan plan;

	*out = (struct rd_room){ 0 };
	if (bytes.len > RD_ROOM_MAX)
		return rd_fail(err, RD_FAULT_MALFORMED, "room.form", "a room of %zu bytes",
			       bytes.len);
	rd_cbor_read_init(&d.r, bytes, RD_CBOR_STRICT);
	read_head(&d);
	if (!read_owners(&d) || !read_tables(&d) || !read_readers(&d) || !read_queries(&d))
		return false;
	policy = rd_cbor_read_bytes(&d.r, 1, RD_ROOM_MAX);
	rd_cbor_leave(&d.r);
	if (!rd_cbor_finish(&d.r, err) || !rd_policy_decode(policy, arena, &out->policy, err) ||
	    !room_check_parts(out, err))
		return rd_wrap(err, "room");
	for (uint32_t i = 0; i < out->n_queries; i++)
		if (!room_check_plan(out, i, arena, &plan, err))
			return rd_wrap(err, "room: query %.*s", RD_FMT(out->query[i].name));
	return true;
}
