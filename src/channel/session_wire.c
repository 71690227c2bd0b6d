/* The messages as bytes: PROTOCOL.md 2. */
#include "session_int.h"

#include <string.h>

enum message { M1 = 1, M2 = 2, M3 = 3, M4 = 4, REFUSAL = 5 };

static void begin(struct rd_cbor_reader *r, struct rd_view bytes, uint32_t items,
		  enum message number)
{
	rd_cbor_read_init(r, bytes, RD_CBOR_STRICT);
	rd_cbor_enter_array(r, items);
	if (rd_cbor_read_uint(r, REFUSAL) != number)
		rd_cbor_complain(r, "channel.session.order", "another message was expected");
}

static void version(struct rd_cbor_reader *r)
{
	if (rd_cbor_read_uint(r, UINT32_MAX) != RD_SESSION_VERSION)
		rd_cbor_complain(r, "channel.session.version", "another version of the session");
}

static bool end(struct rd_cbor_reader *r, const char *what, struct rd_err *err)
{
	rd_cbor_leave(r);
	return rd_cbor_finish(r, err) || rd_wrap(err, "%s", what);
}

bool m1_encode(const struct m1 *m, struct rd_buf *out, struct rd_err *err)
{
	rd_cbor_put_array(out, 8);
	rd_cbor_put_uint(out, M1);
	rd_cbor_put_uint(out, RD_SESSION_VERSION);
	rd_cbor_put_bytes(out, m->ask.room_hash);
	rd_cbor_put_text(out, m->ask.query);
	rd_cbor_put_bytes(out, m->ask.parameters_hash);
	rd_cbor_put_bytes(out, m->nonce);
	rd_cbor_put_bytes(out, m->ask.e_sign);
	rd_cbor_put_bytes(out, m->ask.e_kem);
	return rd_buf_ok(out, err);
}

bool m1_decode(struct rd_view bytes, struct m1 *out, struct rd_err *err)
{
	struct rd_cbor_reader r;

	begin(&r, bytes, 8, M1);
	version(&r);
	out->ask.room_hash = rd_cbor_read_bytes(&r, RD_SHA256_LEN, RD_SHA256_LEN);
	out->ask.query = rd_cbor_read_text(&r, 1, RD_QUERY_NAME_MAX);
	out->ask.parameters_hash = rd_cbor_read_bytes(&r, RD_SHA256_LEN, RD_SHA256_LEN);
	out->nonce = rd_cbor_read_bytes(&r, RD_NONCE_LEN, RD_NONCE_LEN);
	out->ask.e_sign = rd_cbor_read_bytes(&r, RD_ED25519_LEN, RD_ED25519_LEN);
	out->ask.e_kem = rd_cbor_read_bytes(&r, RD_X25519_LEN, RD_X25519_LEN);
	return end(&r, "M1", err);
}

bool m2_encode(const struct m2 *m, struct rd_buf *out, struct rd_err *err)
{
	rd_cbor_put_array(out, 5);
	rd_cbor_put_uint(out, M2);
	rd_cbor_put_uint(out, RD_SESSION_VERSION);
	rd_cbor_put_bytes(out, m->nonce);
	rd_cbor_put_bytes(out, m->spki_hash);
	rd_cbor_put_array(out, m->n_accepted);
	for (uint32_t i = 0; i < m->n_accepted; i++)
		rd_cbor_put_text(out, m->accepted[i]);
	return rd_buf_ok(out, err);
}

bool m2_decode(struct rd_view bytes, struct m2 *out, struct rd_err *err)
{
	struct rd_cbor_reader r;

	begin(&r, bytes, 5, M2);
	version(&r);
	out->nonce = rd_cbor_read_bytes(&r, RD_NONCE_LEN, RD_NONCE_LEN);
	out->spki_hash = rd_cbor_read_bytes(&r, RD_SHA256_LEN, RD_SHA256_LEN);
	out->n_accepted = rd_cbor_enter_array_upto(&r, 1, ACCEPTED_MAX);
	for (uint32_t i = 0; i < out->n_accepted; i++)
		out->accepted[i] = rd_cbor_read_text(&r, 1, TYPE_MAX);
	rd_cbor_leave(&r);
	return end(&r, "M2", err);
}

bool m3_encode(const struct m3 *m, struct rd_buf *out, struct rd_err *err)
{
	rd_cbor_put_array(out, 3);
	rd_cbor_put_uint(out, M3);
	rd_cbor_put_bytes(out, m->cmw);
	rd_cbor_put_bytes(out, m->signature);
	return rd_buf_ok(out, err);
}

bool m3_decode(struct rd_view bytes, struct m3 *out, struct rd_err *err)
{
	struct rd_cbor_reader r;

	begin(&r, bytes, 3, M3);
	out->cmw = rd_cbor_read_bytes(&r, 1, M3_MAX);
	out->signature = rd_cbor_read_bytes(&r, RD_ED25519_SIG_LEN, RD_ED25519_SIG_LEN);
	return end(&r, "M3", err);
}

bool m4_encode(const struct m4 *m, struct rd_buf *out, struct rd_err *err)
{
	rd_cbor_put_array(out, 3);
	rd_cbor_put_uint(out, M4);
	rd_cbor_put_bytes(out, m->release);
	rd_cbor_put_bytes(out, m->keys);
	return rd_buf_ok(out, err);
}

bool m4_decode(struct rd_view bytes, struct m4 *out, struct rd_err *err)
{
	struct rd_cbor_reader r;

	begin(&r, bytes, 3, M4);
	out->release = rd_cbor_read_bytes(&r, 1, 4096);
	out->keys = rd_cbor_read_bytes(&r, 1, RD_FRAME_MAX);
	return end(&r, "M4", err);
}

/* ---- refusals
 * ------------------------------------------------------------------------------------ */

bool refusal_encode(const struct rd_err *why, struct rd_buf *out, struct rd_err *err)
{
	struct rd_view text = rd_view_str(why->text);

	rd_cbor_put_array(out, 3);
	rd_cbor_put_uint(out, REFUSAL);
	rd_cbor_put_str(out, why->code ? why->code : "");
	rd_cbor_put_text(out, rd_utf8_valid(text) ? text : (struct rd_view){ 0 });
	return rd_buf_ok(out, err);
}

bool refusal_check(struct rd_view bytes, struct rd_err *err)
{
	struct rd_cbor_reader r;
	struct rd_err ignored = { 0 };
	struct rd_view code, text;

	rd_cbor_read_init(&r, bytes, RD_CBOR_STRICT);
	rd_cbor_enter_array_upto(&r, 3, 8);
	if (rd_cbor_read_uint(&r, REFUSAL) != REFUSAL || r.failed)
		return true;
	code = rd_cbor_read_text(&r, 0, 128);
	text = rd_cbor_read_text(&r, 0, RD_ERR_TEXT_MAX);
	rd_cbor_leave(&r);
	if (!rd_cbor_finish(&r, &ignored))
		return true;
	return rd_fail(err, RD_FAULT_REFUSED, "channel.session.refused",
		       "the broker refused: %.*s [%.*s]", RD_FMT(text), RD_FMT(code));
}

/* ---- what is bound to the session
 * ----------------------------------------------------------------- */

bool transcript_make(struct rd_tls *tls, struct rd_view m1, struct rd_view m2,
		     struct transcript *out, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf both = { .max = M1_MAX + M2_MAX + 64 };
	struct rd_view t = rd_view_of(out->t, sizeof(out->t));

	rd_cbor_put_array(&both, 2);
	rd_cbor_put_bytes(&both, m1);
	rd_cbor_put_bytes(&both, m2);
	return rd_buf_ok(&both, err) && rd_sha256(rd_buf_view(&both), out->t, err) &&
	       rd_tls_export(tls, t, out->x, err) &&
	       rd_claims_binding(RD_ROLE_BROKER, t, rd_view_of(out->x, sizeof(out->x)),
				 out->binding, err);
}

bool m3_signed(const struct transcript *t, struct rd_view cmw, struct rd_buf *out,
	       struct rd_err *err)
{
	uint8_t hash[RD_SHA256_LEN];

	if (!rd_sha256(cmw, hash, err))
		return false;
	rd_cbor_put_array(out, 4);
	rd_cbor_put_str(out, "redoubt-m3-v1");
	rd_cbor_put_bytes(out, rd_view_of(t->t, sizeof(t->t)));
	rd_cbor_put_bytes(out, rd_view_of(t->x, sizeof(t->x)));
	rd_cbor_put_bytes(out, rd_view_of(hash, sizeof(hash)));
	return rd_buf_ok(out, err);
}
