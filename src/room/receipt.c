/* Receipts as bytes: PROTOCOL.md 5, doc/format/receipt.cddl. */
#include "room_int.h"
#include "receipt_int.h"

static void put_inputs(const struct rd_receipt *x, struct rd_buf *out)
{
	rd_cbor_put_array(out, x->n_inputs);
	for (uint32_t i = 0; i < x->n_inputs; i++) {
		rd_cbor_put_array(out, 4);
		rd_cbor_put_text(out, x->input[i].dataset);
		rd_cbor_put_bytes(out, x->input[i].owner_key_hash);
		rd_cbor_put_uint(out, x->input[i].version);
		rd_cbor_put_bytes(out, x->input[i].tail_digest);
	}
}

bool rd_receipt_encode(const struct rd_receipt *x, struct rd_buf *out, struct rd_err *err)
{
	rd_cbor_put_array(out, 16);
	rd_cbor_put_uint(out, x->inner ? OBJECT_RECEIPT_INNER : OBJECT_RECEIPT_OUTER);
	rd_cbor_put_uint(out, RD_ROOM_VERSION);
	rd_cbor_put_bytes(out, x->room_hash);
	rd_cbor_put_uint(out, x->sequence);
	rd_cbor_put_text(out, x->query);
	rd_cbor_put_bytes(out, x->parameters_hash);
	rd_cbor_put_bytes(out, x->plan_hash);
	rd_cbor_put_text(out, x->engine);
	put_inputs(x, out);
	rd_cbor_put_array(out, x->n_releases);
	for (uint32_t i = 0; i < x->n_releases; i++) {
		rd_cbor_put_array(out, 2);
		rd_cbor_put_bytes(out, x->release[i].claims);
		rd_cbor_put_bytes(out, x->release[i].m4);
	}
	rd_cbor_put_bytes(out, x->measurement);
	rd_cbor_put_bytes(out, x->answer_hash);
	rd_cbor_put_bytes(out, x->e_sign);
	rd_cbor_put_bytes(out, x->e_kem);
	if (x->inner) {
		rd_cbor_put_uint(out, x->withheld_groups);
		rd_cbor_put_uint(out, x->withheld_cells);
	} else {
		rd_cbor_put_text(out, x->reader);
		rd_cbor_put_bytes(out, x->sealed_digest);
	}
	return rd_buf_ok(out, err);
}

bool rd_receipt_seal(struct rd_view payload, const struct rd_secret *e_sign, struct rd_view cmw,
		     struct rd_buf *out, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf cose = { .max = RD_RECEIPT_MAX };

	if (!rd_cose_sign("receipt", payload, e_sign, &cose, err))
		return false;
	rd_cbor_put_array(out, 2);
	rd_cbor_put_bytes(out, rd_buf_view(&cose));
	rd_cbor_put_bytes(out, cmw);
	return rd_buf_ok(out, err);
}

/* ---- reading
 * ------------------------------------------------------------------------------------- */

static bool read_inputs(struct rd_cbor_reader *r, struct rd_arena *arena, struct rd_receipt *out,
			struct rd_err *err)
{
	struct rd_receipt_input *input;

	out->n_inputs = rd_cbor_enter_array_upto(r, 1, RD_ROOM_TABLES_MAX);
	input = RD_NEW_ARRAY(arena, struct rd_receipt_input, out->n_inputs, err);
	if (!input)
		return false;
	for (uint32_t i = 0; i < out->n_inputs; i++) {
		rd_cbor_enter_array(r, 4);
		input[i].dataset = rd_cbor_read_text(r, 1, RD_TABLE_NAME_MAX);
		input[i].owner_key_hash = rd_cbor_read_bytes(r, RD_SHA256_LEN, RD_SHA256_LEN);
		input[i].version = rd_cbor_read_uint(r, INT64_MAX);
		input[i].tail_digest = rd_cbor_read_bytes(r, RD_SHA256_LEN, RD_SHA256_LEN);
		rd_cbor_leave(r);
	}
	rd_cbor_leave(r);
	out->input = input;
	return true;
}

static bool read_releases(struct rd_cbor_reader *r, struct rd_arena *arena, struct rd_receipt *out,
			  struct rd_err *err)
{
	struct rd_receipt_release *release;

	out->n_releases = rd_cbor_enter_array_upto(r, 1, RD_ROOM_OWNERS_MAX);
	release = RD_NEW_ARRAY(arena, struct rd_receipt_release, out->n_releases, err);
	if (!release)
		return false;
	for (uint32_t i = 0; i < out->n_releases; i++) {
		rd_cbor_enter_array(r, 2);
		release[i].claims = rd_cbor_read_bytes(r, 1, RD_CLAIMS_MAX);
		release[i].m4 = rd_cbor_read_bytes(r, 1, 4096);
		rd_cbor_leave(r);
	}
	rd_cbor_leave(r);
	out->release = release;
	return true;
}

bool receipt_decode(struct rd_view payload, struct rd_arena *arena, struct rd_receipt *out,
		    struct rd_err *err)
{
	struct rd_cbor_reader r;
	uint64_t object;

	*out = (struct rd_receipt){ 0 };
	rd_cbor_read_init(&r, payload, RD_CBOR_STRICT);
	rd_cbor_enter_array(&r, 16);
	object = rd_cbor_read_uint(&r, UINT32_MAX);
	out->inner = object == OBJECT_RECEIPT_INNER;
	if ((!out->inner && object != OBJECT_RECEIPT_OUTER) ||
	    rd_cbor_read_uint(&r, UINT32_MAX) != RD_ROOM_VERSION)
		rd_cbor_complain(&r, "room.receipt.form", "expected a receipt of version 1");
	out->room_hash = rd_cbor_read_bytes(&r, RD_SHA256_LEN, RD_SHA256_LEN);
	out->sequence = rd_cbor_read_uint(&r, INT64_MAX);
	out->query = rd_cbor_read_text(&r, 1, RD_ROOM_NAME_MAX);
	out->parameters_hash = rd_cbor_read_bytes(&r, RD_SHA256_LEN, RD_SHA256_LEN);
	out->plan_hash = rd_cbor_read_bytes(&r, RD_SHA256_LEN, RD_SHA256_LEN);
	out->engine = rd_cbor_read_text(&r, 1, RD_ROOM_NAME_MAX);
	if (!read_inputs(&r, arena, out, err) || !read_releases(&r, arena, out, err))
		return false;
	out->measurement = rd_cbor_read_bytes(&r, RD_MEASUREMENT_LEN, RD_MEASUREMENT_LEN);
	out->answer_hash = rd_cbor_read_bytes(&r, RD_SHA256_LEN, RD_SHA256_LEN);
	out->e_sign = rd_cbor_read_bytes(&r, RD_ED25519_LEN, RD_ED25519_LEN);
	out->e_kem = rd_cbor_read_bytes(&r, RD_X25519_LEN, RD_X25519_LEN);
	if (out->inner) {
		out->withheld_groups = rd_cbor_read_uint(&r, UINT64_MAX);
		out->withheld_cells = rd_cbor_read_uint(&r, UINT64_MAX);
	} else {
		out->reader = rd_cbor_read_text(&r, 1, RD_ROOM_NAME_MAX);
		out->sealed_digest = rd_cbor_read_bytes(&r, RD_SHA256_LEN, RD_SHA256_LEN);
	}
	rd_cbor_leave(&r);
	return rd_cbor_finish(&r, err) || rd_wrap(err, "receipt");
}

bool receipt_split(struct rd_view bytes, struct rd_view *cose, struct rd_view *cmw,
		   struct rd_err *err)
{
	struct rd_cbor_reader r;

	rd_cbor_read_init(&r, bytes, RD_CBOR_STRICT);
	rd_cbor_enter_array(&r, 2);
	*cose = rd_cbor_read_bytes(&r, 1, RD_RECEIPT_MAX);
	*cmw = rd_cbor_read_bytes(&r, 1, RD_BUNDLE_MAX);
	rd_cbor_leave(&r);
	return rd_cbor_finish(&r, err) || rd_wrap(err, "receipt");
}
