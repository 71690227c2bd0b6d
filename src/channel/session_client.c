/* The enclave's side of a session. */
#include "session_int.h"

#include <string.h>

#define M4_MAX RD_FRAME_MAX

/* Everything of one session until M4. */
struct client {
	const struct rd_session_client *in;
	struct rd_arena *arena;
	struct rd_tls *tls;
	struct rd_buf m1;
	struct rd_view m2_bytes;
	struct m2 m2;
	struct transcript transcript;
	struct rd_view claims, cmw;
};

static bool send_m1(struct client *c, struct rd_err *err)
{
	uint8_t nonce[RD_NONCE_LEN];
	struct rd_span span = { .data = nonce, .cap = sizeof(nonce) };
	struct m1 m1 = { .ask = c->in->ask, .nonce = rd_view_of(nonce, sizeof(nonce)) };

	return rd_crypto_random(&span, err) && m1_encode(&m1, &c->m1, err) &&
	       rd_tls_send_frame(c->tls, rd_buf_view(&c->m1), err);
}

/* The hash that the broker states must be that of the key that TLS has just seen proven. */
static bool recv_m2(struct client *c, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf spki = { .max = 256 };
	uint8_t hash[RD_SHA256_LEN];

	if (!rd_tls_recv_frame(c->tls, M2_MAX, c->arena, &c->m2_bytes, err) ||
	    !refusal_check(c->m2_bytes, err) || !m2_decode(c->m2_bytes, &c->m2, err) ||
	    !rd_ed25519_spki(c->in->tls_key, &spki, err) ||
	    !rd_sha256(rd_buf_view(&spki), hash, err))
		return false;
	if (!rd_view_eq(c->m2.spki_hash, rd_view_of(hash, sizeof(hash))))
		return rd_fail(err, RD_FAULT_REFUSED, "channel.session.spki",
			       "the broker states another TLS key than the one it has");
	return transcript_make(c->tls, rd_buf_view(&c->m1), c->m2_bytes, &c->transcript, err);
}

static bool accepted_type(const struct client *c, struct rd_err *err)
{
	struct rd_view type, value;

	if (!rd_cmw_get(c->cmw, &type, &value, err))
		return false;
	for (uint32_t i = 0; i < c->m2.n_accepted; i++)
		if (rd_view_eq(type, c->m2.accepted[i]))
			return true;
	return rd_fail(err, RD_FAULT_REFUSED, "channel.session.type",
		       "the broker does not accept evidence of type %.*s", RD_FMT(type));
}

static bool send_m3(struct client *c, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf signed_bytes = { .max = 256 };
	RD_AUTO(rd_buf_free) struct rd_buf frame = { .max = M3_MAX };
	const struct rd_session_ask *ask = &c->in->ask;
	uint8_t signature[RD_ED25519_SIG_LEN];
	struct rd_claims draft = {
		.role = RD_ROLE_BROKER,
		.nonce = c->m2.nonce,
		.room_hash = ask->room_hash,
		.query = ask->query,
		.parameters_hash = ask->parameters_hash,
		.e_sign = ask->e_sign,
		.e_kem = ask->e_kem,
		.spki_hash = c->m2.spki_hash,
		.binding = rd_view_of(c->transcript.binding, sizeof(c->transcript.binding)),
	};

	if (!c->in->attest(c->in->attest_ctx, &draft, c->arena, &c->claims, &c->cmw, err) ||
	    !accepted_type(c, err) || !m3_signed(&c->transcript, c->cmw, &signed_bytes, err) ||
	    !rd_ed25519_sign(c->in->e_sign, rd_buf_view(&signed_bytes), signature, err))
		return false;
	struct m3 m3 = { .cmw = c->cmw, .signature = rd_view_of(signature, sizeof(signature)) };

	return m3_encode(&m3, &frame, err) && rd_tls_send_frame(c->tls, rd_buf_view(&frame), err);
}

static bool differs(const char *what, struct rd_err *err)
{
	return rd_fail(err, RD_FAULT_REFUSED, "channel.release.other",
		       "the release is for another %s", what);
}

/* The statement is about this very request, and about these very keys. */
static bool check_statement(const struct client *c, const struct rd_release_statement *s,
			    const uint8_t *claims_hash, struct rd_view keys, struct rd_err *err)
{
	const struct rd_session_ask *ask = &c->in->ask;
	uint8_t keys_hash[RD_SHA256_LEN];

	if (!rd_sha256(keys, keys_hash, err))
		return false;
	if (!rd_view_eq(s->claims_hash, rd_view_of(claims_hash, RD_SHA256_LEN)))
		return differs("enclave or session", err);
	if (!rd_view_eq(s->room_hash, ask->room_hash))
		return differs("room", err);
	if (!rd_view_eq(s->query, ask->query))
		return differs("query", err);
	if (!rd_view_eq(s->parameters_hash, ask->parameters_hash))
		return differs("set of parameters", err);
	if (!rd_view_eq(s->owner, c->in->owner))
		return differs("owner", err);
	if (!rd_view_eq(s->keys_hash, rd_view_of(keys_hash, sizeof(keys_hash))))
		return differs("set of keys", err);
	return true;
}

static bool recv_m4(struct client *c, struct rd_session_result *out, struct rd_err *err)
{
	struct rd_view frame;
	uint8_t claims_hash[RD_SHA256_LEN];
	struct m4 m4;

	if (!rd_tls_recv_frame(c->tls, M4_MAX, c->arena, &frame, err) ||
	    !refusal_check(frame, err) || !m4_decode(frame, &m4, err) ||
	    !rd_sha256(c->claims, claims_hash, err) ||
	    !rd_release_check(m4.release, c->in->release_key, &out->statement, err) ||
	    !check_statement(c, &out->statement, claims_hash, m4.keys, err))
		return false;
	out->claims = c->claims;
	out->release = m4.release;
	return keys_open(m4.keys, rd_view_of(claims_hash, sizeof(claims_hash)), c->in->e_kem,
			 c->arena, out, err);
}

bool rd_session_request(const struct rd_session_client *client, struct rd_arena *arena,
			struct rd_session_result *out, struct rd_err *err)
{
	RD_AUTO(rd_tls_free) struct rd_tls *tls = NULL;
	RD_AUTO(rd_buf_free) struct rd_buf m1 = { .max = M1_MAX };
	struct client c = { .in = client, .arena = arena, .m1 = m1 };
	bool ok;

	*out = (struct rd_session_result){ 0 };
	if (!rd_tls_connect(client->stream, client->tls_key, &tls, err))
		return rd_wrap(err, "broker of %.*s", RD_FMT(client->owner));
	c.tls = tls;
	ok = send_m1(&c, err) && recv_m2(&c, err) && send_m3(&c, err) && recv_m4(&c, out, err);
	m1 = c.m1;
	return ok || rd_wrap(err, "broker of %.*s", RD_FMT(client->owner));
}
