/* What owners sign: yes to a room, and no to all before a sequence. */
#include "room_int.h"

bool rd_approval_sign(const struct rd_approval *a, const struct rd_secret *seed, struct rd_buf *out,
		      struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf payload = { .max = 1024 };

	rd_cbor_put_array(&payload, 7);
	rd_cbor_put_uint(&payload, OBJECT_APPROVAL);
	rd_cbor_put_uint(&payload, RD_ROOM_VERSION);
	rd_cbor_put_bytes(&payload, a->room_hash);
	rd_cbor_put_text(&payload, a->room_id);
	rd_cbor_put_text(&payload, a->owner);
	rd_cbor_put_uint(&payload, a->sequence);
	rd_cbor_put_int(&payload, a->expires_unix_s);
	return rd_buf_ok(&payload, err) &&
	       rd_cose_sign("approval", rd_buf_view(&payload), seed, out, err);
}

static bool read_approval(struct rd_view payload, struct rd_approval *out, struct rd_err *err)
{
	struct rd_cbor_reader r;

	rd_cbor_read_init(&r, payload, RD_CBOR_STRICT);
	rd_cbor_enter_array(&r, 7);
	if (rd_cbor_read_uint(&r, UINT32_MAX) != OBJECT_APPROVAL ||
	    rd_cbor_read_uint(&r, UINT32_MAX) != RD_ROOM_VERSION)
		rd_cbor_complain(&r, "room.approval.form", "expected an approval of version 1");
	out->room_hash = rd_cbor_read_bytes(&r, RD_SHA256_LEN, RD_SHA256_LEN);
	out->room_id = rd_cbor_read_text(&r, 1, RD_ROOM_NAME_MAX);
	out->owner = rd_cbor_read_text(&r, 1, RD_ROOM_NAME_MAX);
	out->sequence = rd_cbor_read_uint(&r, INT64_MAX);
	out->expires_unix_s = rd_cbor_read_int(&r, 0, INT64_MAX);
	rd_cbor_leave(&r);
	return rd_cbor_finish(&r, err) || rd_wrap(err, "approval");
}

static bool other(const char *what, struct rd_err *err)
{
	return rd_fail(err, RD_FAULT_REFUSED, "room.approval.other",
		       "the approval is for another %s", what);
}

bool rd_approval_check(struct rd_view cose, const struct rd_room *room, struct rd_view room_hash,
		       int64_t now_unix_s, struct rd_approval *out, struct rd_err *err)
{
	struct rd_view payload;
	uint32_t owner;

	if (!rd_cose_peek("approval", cose, &payload, err) || !read_approval(payload, out, err))
		return false;
	owner = rd_room_find_owner(room, out->owner);
	if (owner == RD_NONE)
		return rd_fail(err, RD_FAULT_REFUSED, "room.approval.owner",
			       "'%.*s' is not an owner in this room", RD_FMT(out->owner));
	if (!rd_cose_verify("approval", cose, room->owner[owner].sign_key, &payload, err))
		return rd_fail(err, RD_FAULT_REFUSED, "room.approval.signature",
			       "the approval is not signed by the sign key of '%.*s'",
			       RD_FMT(out->owner));
	if (!rd_view_eq(out->room_hash, room_hash) || !rd_view_eq(out->room_id, room->id))
		return other("room, or the room was edited afterwards", err);
	if (out->sequence != room->sequence)
		return other("sequence", err);
	if (out->expires_unix_s > room->expires_unix_s || now_unix_s >= out->expires_unix_s)
		return rd_fail(err, RD_FAULT_REFUSED, "room.approval.expired",
			       "the approval of '%.*s' has expired", RD_FMT(out->owner));
	return true;
}

bool rd_revocation_sign(const struct rd_revocation *v, const struct rd_secret *seed,
			struct rd_buf *out, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf payload = { .max = 1024 };

	rd_cbor_put_array(&payload, 6);
	rd_cbor_put_uint(&payload, OBJECT_REVOCATION);
	rd_cbor_put_uint(&payload, RD_ROOM_VERSION);
	rd_cbor_put_text(&payload, v->room_id);
	rd_cbor_put_text(&payload, v->owner);
	rd_cbor_put_uint(&payload, v->sequence);
	rd_cbor_put_int(&payload, v->time_unix_s);
	return rd_buf_ok(&payload, err) &&
	       rd_cose_sign("revocation", rd_buf_view(&payload), seed, out, err);
}

bool rd_revocation_check(struct rd_view cose, struct rd_view owner_sign_key,
			 struct rd_revocation *out, struct rd_err *err)
{
	struct rd_cbor_reader r;
	struct rd_view payload;

	if (!rd_cose_verify("revocation", cose, owner_sign_key, &payload, err))
		return rd_wrap(err, "revocation");
	rd_cbor_read_init(&r, payload, RD_CBOR_STRICT);
	rd_cbor_enter_array(&r, 6);
	if (rd_cbor_read_uint(&r, UINT32_MAX) != OBJECT_REVOCATION ||
	    rd_cbor_read_uint(&r, UINT32_MAX) != RD_ROOM_VERSION)
		rd_cbor_complain(&r, "room.approval.form", "expected a revocation of version 1");
	out->room_id = rd_cbor_read_text(&r, 1, RD_ROOM_NAME_MAX);
	out->owner = rd_cbor_read_text(&r, 1, RD_ROOM_NAME_MAX);
	out->sequence = rd_cbor_read_uint(&r, INT64_MAX);
	out->time_unix_s = rd_cbor_read_int(&r, 0, INT64_MAX);
	rd_cbor_leave(&r);
	return rd_cbor_finish(&r, err) || rd_wrap(err, "revocation");
}
