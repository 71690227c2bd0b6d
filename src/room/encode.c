/* A room as bytes: PROTOCOL.md 3, doc/format/room.cddl. */
#include "room_int.h"

static void put_owner(const struct rd_room_owner *o, struct rd_buf *out)
{
	rd_cbor_put_array(out, 5);
	rd_cbor_put_text(out, o->name);
	rd_cbor_put_bytes(out, o->sign_key);
	rd_cbor_put_bytes(out, o->tls_key);
	rd_cbor_put_bytes(out, o->release_key);
	rd_cbor_put_text(out, o->broker);
}

static void put_column(const struct rd_column *c, struct rd_view commitment, struct rd_buf *out)
{
	rd_cbor_put_array(out, 8);
	rd_cbor_put_text(out, c->name);
	rd_cbor_put_uint(out, c->type.type);
	rd_cbor_put_uint(out, c->type.precision);
	rd_cbor_put_uint(out, c->type.scale);
	rd_cbor_put_bool(out, c->type.nullable);
	rd_cbor_put_uint(out, c->class_);
	rd_cbor_put_bool(out, c->unique);
	rd_cbor_put_bytes(out, commitment);
}

static void put_table(const struct rd_room_table *t, struct rd_buf *out)
{
	rd_cbor_put_array(out, 10);
	rd_cbor_put_text(out, t->name);
	rd_cbor_put_uint(out, t->owner);
	rd_cbor_put_text(out, t->dataset);
	rd_cbor_put_uint(out, t->version);
	rd_cbor_put_array(out, t->schema.n);
	for (uint32_t i = 0; i < t->schema.n; i++)
		put_column(&t->schema.column[i], t->column_commitment[i], out);
	if (t->person == RD_NONE)
		rd_cbor_put_null(out);
	else
		rd_cbor_put_uint(out, t->person);
	rd_cbor_put_uint(out, t->min_persons);
	rd_cbor_put_uint(out, t->min_cell);
	rd_cbor_put_bytes(out, t->tail_digest);
	rd_cbor_put_bytes(out, t->footer_commitment);
}

static void put_query(const struct rd_room_query *q, struct rd_buf *out)
{
	rd_cbor_put_array(out, 6);
	rd_cbor_put_text(out, q->name);
	rd_cbor_put_text(out, q->sql);
	rd_cbor_put_bytes(out, q->plan);
	rd_cbor_put_array(out, q->n_readers);
	for (uint32_t i = 0; i < q->n_readers; i++)
		rd_cbor_put_uint(out, q->reader[i]);
	rd_cbor_put_uint(out, q->max_runs);
	rd_cbor_put_array(out, 0); /* parameter domains */
}

static bool put_policy(const struct rd_policy *policy, struct rd_buf *out, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf bytes = { .max = RD_ROOM_MAX };

	if (!rd_policy_encode(policy, &bytes, err))
		return false;
	rd_cbor_put_bytes(out, rd_buf_view(&bytes));
	return true;
}

bool rd_room_encode(const struct rd_room *room, struct rd_buf *out, struct rd_err *err)
{
	if (!room_check_parts(room, err))
		return false;
	rd_cbor_put_array(out, 15);
	rd_cbor_put_uint(out, OBJECT_ROOM);
	rd_cbor_put_uint(out, RD_ROOM_VERSION);
	rd_cbor_put_text(out, room->id);
	rd_cbor_put_uint(out, room->sequence);
	rd_cbor_put_bytes(out, room->previous);
	rd_cbor_put_int(out, room->not_before_unix_s);
	rd_cbor_put_int(out, room->expires_unix_s);
	rd_cbor_put_text(out, room->engine);
	rd_cbor_put_uint(out, room->plan_version);
	rd_cbor_put_uint(out, room->semantics_version);
	rd_cbor_put_array(out, room->n_owners);
	for (uint32_t i = 0; i < room->n_owners; i++)
		put_owner(&room->owner[i], out);
	rd_cbor_put_array(out, room->n_tables);
	for (uint32_t i = 0; i < room->n_tables; i++)
		put_table(&room->table[i], out);
	rd_cbor_put_array(out, room->n_readers);
	for (uint32_t i = 0; i < room->n_readers; i++) {
		rd_cbor_put_array(out, 2);
		rd_cbor_put_text(out, room->reader[i].name);
		rd_cbor_put_bytes(out, room->reader[i].key);
	}
	rd_cbor_put_array(out, room->n_queries);
	for (uint32_t i = 0; i < room->n_queries; i++)
		put_query(&room->query[i], out);
	return put_policy(&room->policy, out, err) && rd_buf_ok(out, err);
}

bool rd_room_hash(struct rd_view bytes, uint8_t out[RD_SHA256_LEN], struct rd_err *err)
{
	return rd_sha256(bytes, out, err);
}

bool rd_room_no_parameters(uint8_t out[RD_SHA256_LEN], struct rd_err *err)
{
	static const uint8_t empty_array = 0x80;

	return rd_sha256(rd_view_of(&empty_array, 1), out, err);
}
