/* The broker's side of a session. */
#include "session_int.h"

#include <string.h>

struct server {
	const struct rd_session_server *in;
	struct rd_arena *arena;
	struct rd_tls *tls;
	struct rd_view m1_bytes;
	struct m1 m1;
	uint8_t nonce[RD_NONCE_LEN];
	uint8_t spki_hash[RD_SHA256_LEN];
	struct transcript transcript;
	struct rd_evidence evidence;
	struct rd_session_request_seen seen;
};

static bool own_spki(struct server *s, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf spki = { .max = 256 };
	uint8_t key[RD_ED25519_LEN];

	return rd_ed25519_public(s->in->tls_seed, key, err) &&
	       rd_ed25519_spki(rd_view_of(key, sizeof(key)), &spki, err) &&
	       rd_sha256(rd_buf_view(&spki), s->spki_hash, err);
}

static bool exchange_m1_m2(struct server *s, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf frame = { .max = M2_MAX };
	struct rd_span nonce = { .data = s->nonce, .cap = sizeof(s->nonce) };
	struct m2 m2 = { .nonce = rd_view_of(s->nonce, sizeof(s->nonce)),
			 .spki_hash = rd_view_of(s->spki_hash, sizeof(s->spki_hash)),
			 .n_accepted = s->in->n_accepted };

	if (m2.n_accepted > ACCEPTED_MAX)
		return rd_fail(err, RD_FAULT_USAGE, "channel.session.type", "%u types of evidence",
			       m2.n_accepted);
	for (uint32_t i = 0; i < m2.n_accepted; i++)
		m2.accepted[i] = rd_view_str(s->in->accepted[i]);
	return rd_tls_recv_frame(s->tls, M1_MAX, s->arena, &s->m1_bytes, err) &&
	       m1_decode(s->m1_bytes, &s->m1, err) && own_spki(s, err) &&
	       rd_crypto_random(&nonce, err) && m2_encode(&m2, &frame, err) &&
	       rd_tls_send_frame(s->tls, rd_buf_view(&frame), err) &&
	       transcript_make(s->tls, s->m1_bytes, rd_buf_view(&frame), &s->transcript, err);
}

/* Who sent M1 sent M3, in this session, with this evidence. */
static bool recv_m3(struct server *s, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf signed_bytes = { .max = 256 };
	struct rd_session_request_seen *seen = &s->seen;
	struct rd_view frame;
	struct m3 m3;

	if (!rd_tls_recv_frame(s->tls, M3_MAX, s->arena, &frame, err) ||
	    !m3_decode(frame, &m3, err) || !m3_signed(&s->transcript, m3.cmw, &signed_bytes, err))
		return false;
	if (!rd_ed25519_verify(s->m1.ask.e_sign, rd_buf_view(&signed_bytes), m3.signature, err))
		return rd_fail(err, RD_FAULT_REFUSED, "channel.session.signature",
			       "M3 is not signed by the key of M1 for this session and evidence");
	if (!rd_evidence_verify(m3.cmw, s->in->now_unix_s(s->in->ctx), s->arena, &s->evidence, err))
		return false;
	seen->ask = s->m1.ask;
	seen->cmw = m3.cmw;
	seen->claims = s->evidence.bundle.claims;
	seen->evidence = &s->evidence;
	seen->expected = (struct rd_expected_claims){
		.role = RD_ROLE_BROKER,
		.nonce = rd_view_of(s->nonce, sizeof(s->nonce)),
		.room_hash = s->m1.ask.room_hash,
		.query = s->m1.ask.query,
		.parameters_hash = s->m1.ask.parameters_hash,
		.e_sign = s->m1.ask.e_sign,
		.e_kem = s->m1.ask.e_kem,
		.spki_hash = rd_view_of(s->spki_hash, sizeof(s->spki_hash)),
		.binding = rd_view_of(s->transcript.binding, sizeof(s->transcript.binding)),
	};
	return true;
}

static bool send_m4(struct server *s, struct rd_session_grant *grant, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf keys = { .max = RD_FRAME_MAX };
	RD_AUTO(rd_buf_free) struct rd_buf payload = { .max = 4096 };
	RD_AUTO(rd_buf_free) struct rd_buf cose = { .max = 4096 };
	RD_AUTO(rd_buf_free) struct rd_buf frame = { .max = RD_FRAME_MAX };
	uint8_t claims_hash[RD_SHA256_LEN], keys_hash[RD_SHA256_LEN];
	struct rd_release_statement *st = &grant->statement;

	if (!rd_sha256(s->seen.claims, claims_hash, err))
		return false;
	st->claims_hash = rd_view_of(claims_hash, sizeof(claims_hash));
	if (!keys_seal(grant, st->claims_hash, s->m1.ask.e_kem, &keys, err) ||
	    !rd_sha256(rd_buf_view(&keys), keys_hash, err))
		return false;
	st->room_hash = s->m1.ask.room_hash;
	st->query = s->m1.ask.query;
	st->parameters_hash = s->m1.ask.parameters_hash;
	st->keys_hash = rd_view_of(keys_hash, sizeof(keys_hash));
	if (!release_encode(st, &payload, err) ||
	    !rd_cose_sign("release", rd_buf_view(&payload), s->in->release_seed, &cose, err))
		return false;
	struct m4 m4 = { .release = rd_buf_view(&cose), .keys = rd_buf_view(&keys) };

	return m4_encode(&m4, &frame, err) && rd_tls_send_frame(s->tls, rd_buf_view(&frame), err);
}

/* The enclave learns why; whether it hears it does not matter. */
static bool send_refusal(struct server *s, const struct rd_err *why)
{
	RD_AUTO(rd_buf_free) struct rd_buf frame = { .max = 4096 };
	struct rd_err ignored = { 0 };

	return refusal_encode(why, &frame, &ignored) &&
	       rd_tls_send_frame(s->tls, rd_buf_view(&frame), &ignored);
}

bool rd_session_serve(const struct rd_session_server *server, struct rd_arena *arena,
		      struct rd_err *err)
{
	RD_AUTO(rd_tls_free) struct rd_tls *tls = NULL;
	struct server *s = RD_NEW(arena, struct server, err);
	struct rd_session_grant grant = { 0 };

	if (!s || !rd_tls_accept(server->stream, server->tls_seed, &tls, err))
		return false;
	s->in = server;
	s->arena = arena;
	s->tls = tls;
	if (exchange_m1_m2(s, err) && recv_m3(s, err) &&
	    server->decide(server->ctx, &s->seen, arena, &grant, err) && send_m4(s, &grant, err))
		return true;
	(void)send_refusal(s, err);
	return false;
}
