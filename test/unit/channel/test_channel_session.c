/*
 * The attested session over real TLS between two threads: it works, and every attack that
 * PROTOCOL.md 2 names is carried out and refused.
 */
#include "../../support.h"

#include "channel/session_int.h"

#include <redoubt/attest.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MEMORY ((size_t)64 << 20)

/* ---- who takes part
 * -------------------------------------------------------------------------------- */

struct party {
	struct rd_secret seed;
	uint8_t key[32];
};

/* One enclave, one broker, one launcher; a second set for attackers. */
struct cast {
	struct party tls, release, e_sign, e_kem, launcher;
};
static struct cast honest, other;
static uint8_t room[32] = { 7 }, parameters[32] = { 9 }, measurement[48] = { 3 },
	       config[32] = { 4 };

static struct rd_view key_of(const struct party *p)
{
	return rd_view_of(p->key, 32);
}

static void cast_new(struct cast *c)
{
	struct rd_err err = { 0 };

	assert_true(rd_ed25519_generate(&c->tls.seed, c->tls.key, &err));
	assert_true(rd_ed25519_generate(&c->release.seed, c->release.key, &err));
	assert_true(rd_ed25519_generate(&c->e_sign.seed, c->e_sign.key, &err));
	assert_true(rd_x25519_generate(&c->e_kem.seed, c->e_kem.key, &err));
	assert_true(rd_ed25519_generate(&c->launcher.seed, c->launcher.key, &err));
}

static bool fd_send(void *ctx, struct rd_view bytes, struct rd_err *err)
{
	const int *fd = ctx;

	while (bytes.len) {
		ssize_t n = send(*fd, bytes.data, bytes.len, MSG_NOSIGNAL);

		if (n <= 0)
			return rd_fail(err, RD_FAULT_FAILED, "os.socket.send", "send");
		bytes = rd_view_of(bytes.data + n, bytes.len - (size_t)n);
	}
	return true;
}

static bool fd_recv(void *ctx, struct rd_span *out, struct rd_err *err)
{
	const int *fd = ctx;
	ssize_t n = recv(*fd, out->data + out->used, out->cap - out->used, 0);

	if (n < 0)
		return rd_fail(err, RD_FAULT_FAILED, "os.socket.receive", "recv");
	out->used += (size_t)n;
	return true;
}

static struct rd_stream stream_of(int *fd)
{
	return (struct rd_stream){ .ctx = fd, .send = fd_send, .recv = fd_recv };
}

/* ---- evidence, with lies
 * ------------------------------------------------------------------------------ */

/* Which claim the evidence lies about. */
enum lie {
	LIE_NONE,
	LIE_NONCE,
	LIE_ROOM,
	LIE_QUERY,
	LIE_PARAMETERS,
	LIE_E_SIGN,
	LIE_E_KEM,
	LIE_SPKI,
	LIE_BINDING,
	LIE_MEASUREMENT,
	LIE_LAUNCHER,
	LIE_END
};

static bool attest(void *ctx, const struct rd_claims *draft, struct rd_arena *arena,
		   struct rd_view *claims, struct rd_view *cmw, struct rd_err *err)
{
	static const uint8_t wrong[48] = { 0xee };
	const enum lie *lie = ctx;
	struct rd_claims c = *draft;
	struct rd_buf bytes = { .max = RD_CLAIMS_MAX }, out = { .max = RD_BUNDLE_MAX };
	struct rd_view w = rd_view_of(wrong, 32);
	bool ok;

	c.has_launch = true;
	c.measurement = rd_view_of(*lie == LIE_MEASUREMENT ? wrong : measurement, 48);
	c.launch_config = rd_view_of(config, sizeof(config));
	c.nonce = *lie == LIE_NONCE ? w : c.nonce;
	c.room_hash = *lie == LIE_ROOM ? w : c.room_hash;
	c.query = *lie == LIE_QUERY ? rd_view_str("other") : c.query;
	c.parameters_hash = *lie == LIE_PARAMETERS ? w : c.parameters_hash;
	c.e_sign = *lie == LIE_E_SIGN ? key_of(&other.e_sign) : c.e_sign;
	c.e_kem = *lie == LIE_E_KEM ? key_of(&other.e_kem) : c.e_kem;
	c.spki_hash = *lie == LIE_SPKI ? w : c.spki_hash;
	c.binding = *lie == LIE_BINDING ? w : c.binding;
	ok = rd_claims_encode(&c, &bytes, err) &&
	     rd_arena_copy(arena, rd_buf_view(&bytes), claims, err) &&
	     rd_evidence_make(&rd_tee_process, *claims,
			      *lie == LIE_LAUNCHER ? &other.launcher.seed : &honest.launcher.seed,
			      &out, err) &&
	     rd_arena_copy(arena, rd_buf_view(&out), cmw, err);
	rd_buf_free(&bytes);
	rd_buf_free(&out);
	return ok;
}

/* ---- the broker
 * ---------------------------------------------------------------------------------------- */

enum tamper {
	TAMPER_NONE,
	TAMPER_CLAIMS,
	TAMPER_ROOM,
	TAMPER_QUERY,
	TAMPER_PARAMETERS,
	TAMPER_OWNER,
	TAMPER_KEYS_HASH,
	TAMPER_SWAP,  /* the keys of two columns change places */
	TAMPER_SPKI,  /* M2 states another TLS key */
	TAMPER_TYPES, /* M2 accepts other evidence only */
	TAMPER_END,
	TAMPER_HANG_UP, /* after M1 */
};

struct broker {
	int fd;
	const struct cast *cast;
	bool refuses;
	enum tamper tamper;
	bool ok;
	struct rd_err err;
	struct rd_appraisal appraisal;
};

static const char *const accepted[] = { "application/redoubt-process" };

static int64_t now(void *ctx)
{
	(void)ctx;
	return 1800000000;
}

static bool decide(void *ctx, const struct rd_session_request_seen *seen, struct rd_arena *arena,
		   struct rd_session_grant *out, struct rd_err *err)
{
	struct broker *b = ctx;
	struct rd_reference reference = { .name = rd_view_str("test"),
					  .measurement = rd_view_of(measurement, 48) };
	struct rd_platform platform = { .name = rd_view_str("here"),
					.id = key_of(&honest.launcher) };
	struct rd_policy policy = { .min_level = RD_LEVEL_SOFTWARE,
				    .n_tees = 1,
				    .tee = { rd_view_str("process") },
				    .n_references = 1,
				    .reference = &reference,
				    .n_platforms = 1,
				    .platform = &platform };
	struct rd_released_key *key = RD_NEW_ARRAY(arena, struct rd_released_key, 2, err);

	if (!key)
		return false;
	if (!rd_appraise(&policy, seen->evidence, &seen->expected, arena, &b->appraisal, err) ||
	    !rd_appraisal_demand(&b->appraisal, err))
		return false;
	if (b->refuses)
		return rd_fail(err, RD_FAULT_REFUSED, "test.no", "not today");
	for (uint32_t i = 0; i < 2; i++) {
		key[i] = (struct rd_released_key){ .table = 1, .version = 3, .column = i };
		memset(key[i].key.data, 0x40 + (int)i, 32);
		key[i].key.len = 32;
	}
	*out = (struct rd_session_grant){ .key = key, .n_keys = 2 };
	out->statement.owner = rd_view_str("clinic");
	out->statement.run = 5;
	out->statement.time_unix_s = 1800000000;
	return true;
}

static void *serve(void *arg)
{
	struct broker *b = arg;
	struct rd_stream stream = stream_of(&b->fd);
	struct rd_session_server server = { .stream = &stream,
					    .tls_seed = &b->cast->tls.seed,
					    .release_seed = &b->cast->release.seed,
					    .n_accepted = 1,
					    .accepted = accepted,
					    .now_unix_s = now,
					    .decide = decide,
					    .ctx = b };
	struct rd_arena *arena = NULL;

	b->ok = rd_arena_new(MEMORY, &arena, &b->err) && rd_session_serve(&server, arena, &b->err);
	rd_arena_free(&arena);
	shutdown(b->fd, SHUT_RDWR);
	return NULL;
}

/* ---- a broker that does not keep to it
 * ------------------------------------------------------------------ */

static bool lying_m4(struct broker *b, struct rd_tls *tls, const struct m1 *m1,
		     struct rd_view claims, struct rd_err *err)
{
	static uint8_t wrong[32] = { 0xcc };
	struct rd_released_key key[2] = { { .table = 1, .version = 3, .column = 0 },
					  { .table = 1, .version = 3, .column = 1 } };
	struct rd_session_grant grant = { .key = key, .n_keys = 2 };
	struct rd_buf keys = { .max = 8192 }, payload = { .max = 4096 }, cose = { .max = 4096 };
	struct rd_buf frame = { .max = 16384 };
	uint8_t claims_hash[32], keys_hash[32];
	struct rd_view w = rd_view_of(wrong, 32), ch = rd_view_of(claims_hash, 32);
	bool ok;

	for (int i = 0; i < 2; i++) {
		memset(key[i].key.data, 0x40 + i, 32);
		key[i].key.len = 32;
	}
	ok = rd_sha256(claims, claims_hash, err) &&
	     keys_seal(&grant, ch, m1->ask.e_kem, &keys, err);
	if (ok && b->tamper == TAMPER_SWAP) {
		/* Entries of equal length behind the array's head; column numbers stay in place. */
		size_t half = (keys.len - 1) / 2;

		for (size_t i = 4; i < half; i++) {
			uint8_t c = keys.data[1 + i];

			keys.data[1 + i] = keys.data[1 + half + i];
			keys.data[1 + half + i] = c;
		}
	}
	ok = ok && rd_sha256(rd_buf_view(&keys), keys_hash, err);
	struct rd_release_statement s = {
		.claims_hash = b->tamper == TAMPER_CLAIMS ? w : ch,
		.room_hash = b->tamper == TAMPER_ROOM ? w : m1->ask.room_hash,
		.query = b->tamper == TAMPER_QUERY ? rd_view_str("other") : m1->ask.query,
		.parameters_hash = b->tamper == TAMPER_PARAMETERS ? w : m1->ask.parameters_hash,
		.owner = rd_view_str(b->tamper == TAMPER_OWNER ? "lab" : "clinic"),
		.run = 1,
		.time_unix_s = 1,
		.keys_hash = b->tamper == TAMPER_KEYS_HASH ? w : rd_view_of(keys_hash, 32),
	};
	ok = ok && release_encode(&s, &payload, err) &&
	     rd_cose_sign("release", rd_buf_view(&payload), &b->cast->release.seed, &cose, err);
	struct m4 m4 = { .release = rd_buf_view(&cose), .keys = rd_buf_view(&keys) };

	ok = ok && m4_encode(&m4, &frame, err) && rd_tls_send_frame(tls, rd_buf_view(&frame), err);
	rd_buf_free(&keys);
	rd_buf_free(&payload);
	rd_buf_free(&cose);
	rd_buf_free(&frame);
	return ok;
}

static bool lie_through(struct broker *b, struct rd_arena *arena, struct rd_err *err)
{
	RD_AUTO(rd_tls_free) struct rd_tls *tls = NULL;
	RD_AUTO(rd_buf_free) struct rd_buf frame = { .max = 4096 };
	RD_AUTO(rd_buf_free) struct rd_buf spki = { .max = 256 };
	struct rd_stream stream = stream_of(&b->fd);
	uint8_t nonce[32] = { 1 }, hash[32];
	struct rd_evidence evidence;
	struct rd_view bytes;
	struct m1 m1;
	struct m3 m3;
	struct m2 m2 = { .nonce = rd_view_of(nonce, 32),
			 .spki_hash = rd_view_of(hash, 32),
			 .n_accepted = 1,
			 .accepted = { rd_view_str(b->tamper == TAMPER_TYPES ? "application/other"
									     : accepted[0]) } };

	if (!rd_tls_accept(&stream, &b->cast->tls.seed, &tls, err) ||
	    !rd_tls_recv_frame(tls, 4096, arena, &bytes, err) || !m1_decode(bytes, &m1, err))
		return false;
	if (b->tamper == TAMPER_HANG_UP)
		return false;
	if (!rd_ed25519_spki(key_of(b->tamper == TAMPER_SPKI ? &other.tls : &b->cast->tls), &spki,
			     err) ||
	    !rd_sha256(rd_buf_view(&spki), hash, err) || !m2_encode(&m2, &frame, err) ||
	    !rd_tls_send_frame(tls, rd_buf_view(&frame), err) ||
	    !rd_tls_recv_frame(tls, M3_MAX, arena, &bytes, err) || !m3_decode(bytes, &m3, err) ||
	    !rd_evidence_verify(m3.cmw, 1, arena, &evidence, err))
		return false;
	return lying_m4(b, tls, &m1, evidence.bundle.claims, err);
}

static void *serve_lies(void *arg)
{
	struct broker *b = arg;
	struct rd_arena *arena = NULL;

	b->ok = rd_arena_new(MEMORY, &arena, &b->err) && lie_through(b, arena, &b->err);
	rd_arena_free(&arena);
	shutdown(b->fd, SHUT_RDWR);
	return NULL;
}

/* ---- one session
 * ---------------------------------------------------------------------------------------- */

struct outcome {
	bool ok;
	struct rd_err err;
	struct broker broker;
	uint8_t key[2][32];
	uint32_t n_keys;
};

static struct rd_session_client client_of(const struct rd_stream *stream, enum lie *lie)
{
	return (struct rd_session_client){
		.stream = stream,
		.ask = { .room_hash = rd_view_of(room, 32),
			 .query = rd_view_str("study"),
			 .parameters_hash = rd_view_of(parameters, 32),
			 .e_sign = key_of(&honest.e_sign),
			 .e_kem = key_of(&honest.e_kem) },
		.owner = rd_view_str("clinic"),
		.tls_key = key_of(&honest.tls),
		.release_key = key_of(&honest.release),
		.e_sign = &honest.e_sign.seed,
		.e_kem = &honest.e_kem.seed,
		.attest = attest,
		.attest_ctx = lie,
	};
}

static void converse(struct outcome *o, void *(*server)(void *), enum lie lie,
		     void (*change)(struct rd_session_client *c))
{
	struct rd_session_result result;
	struct rd_arena *arena = NULL;
	struct rd_stream stream;
	pthread_t thread;
	int fd[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	o->broker.fd = fd[1];
	assert_int_equal(pthread_create(&thread, NULL, server, &o->broker), 0);
	stream = stream_of(&fd[0]);
	struct rd_session_client client = client_of(&stream, &lie);

	if (change)
		change(&client);
	assert_true(rd_arena_new(MEMORY, &arena, &o->err));
	o->ok = rd_session_request(&client, arena, &result, &o->err);
	if (o->ok) {
		o->n_keys = result.n_keys;
		for (uint32_t i = 0; i < result.n_keys && i < 2; i++)
			memcpy(o->key[i], result.key[i].key.data, 32);
	}
	shutdown(fd[0], SHUT_RDWR);
	pthread_join(thread, NULL);
	close(fd[0]);
	close(fd[1]);
	rd_arena_free(&arena);
}

static void test_good(void **state)
{
	struct outcome o = { .broker.cast = &honest };

	(void)state;
	converse(&o, serve, LIE_NONE, NULL);
	if (!o.ok)
		fail_msg("client: %s; broker: %s", o.err.text, o.broker.err.text);
	assert_true(o.broker.ok && o.n_keys == 2);
	assert_true(o.key[0][0] == 0x40 && o.key[1][31] == 0x41);
}

/* Evidence of another room, session, enclave, launcher or program: each claim is compared. */
static void test_lies(void **state)
{
	(void)state;
	for (enum lie lie = LIE_NONCE; lie < LIE_END; lie++) {
		struct outcome o = { .broker.cast = &honest };

		converse(&o, serve, lie, NULL);
		if (o.ok || o.broker.ok)
			fail_msg("lie %d was believed", (int)lie);
		assert_string_equal(o.err.code, "channel.session.refused");
		assert_string_equal(o.broker.err.code, lie == LIE_MEASUREMENT ? "attest.measurement"
						       : lie == LIE_LAUNCHER  ? "attest.platform"
									      : "attest.claim");
	}
}

static void test_refusal(void **state)
{
	struct outcome o = { .broker = { .cast = &honest, .refuses = true } };

	(void)state;
	converse(&o, serve, LIE_NONE, NULL);
	assert_false(o.ok);
	assert_string_equal(o.err.code, "channel.session.refused");
	assert_non_null(strstr(o.err.text, "not today"));
}

/* A fake broker: another TLS key; or the right one stolen, but not the release key. */
static void test_fake_broker(void **state)
{
	struct outcome o = { .broker.cast = &other };
	struct cast half = honest;

	(void)state;
	converse(&o, serve, LIE_NONE, NULL);
	assert_false(o.ok);
	assert_string_equal(o.err.code, "channel.tls.key");
	half.release = other.release;
	o = (struct outcome){ .broker.cast = &half };
	converse(&o, serve, LIE_NONE, NULL);
	assert_false(o.ok);
	assert_int_equal(o.err.fault, RD_FAULT_REFUSED);
}

static void another_signer(struct rd_session_client *c)
{
	c->e_sign = &other.e_sign.seed;
}

static void another_owner(struct rd_session_client *c)
{
	c->owner = rd_view_str("lab");
}

static void another_kem(struct rd_session_client *c)
{
	c->e_kem = &other.e_kem.seed;
}

static void test_wrong_hands(void **state)
{
	struct outcome o = { .broker.cast = &honest };

	(void)state;
	/* Enclave 1's evidence, sent by whoever does not hold enclave 1's key. */
	converse(&o, serve, LIE_NONE, another_signer);
	assert_string_equal(o.broker.err.code, "channel.session.signature");
	/* A broker that answers for another owner. */
	o = (struct outcome){ .broker.cast = &honest };
	converse(&o, serve, LIE_NONE, another_owner);
	assert_false(o.ok);
	assert_string_equal(o.err.code, "channel.release.other");
	/* Keys are of no use without the private E_kem. */
	o = (struct outcome){ .broker.cast = &honest };
	converse(&o, serve, LIE_NONE, another_kem);
	assert_false(o.ok);
	assert_string_equal(o.err.code, "channel.release.key");
}

static void test_tampered(void **state)
{
	struct outcome o = { .broker = { .cast = &honest } };

	(void)state;
	converse(&o, serve_lies, LIE_NONE, NULL);
	if (!o.ok)
		fail_msg("%s / %s", o.err.text, o.broker.err.text);
	for (enum tamper t = TAMPER_CLAIMS; t < TAMPER_END; t++) {
		o = (struct outcome){ .broker = { .cast = &honest, .tamper = t } };
		converse(&o, serve_lies, LIE_NONE, NULL);
		if (o.ok)
			fail_msg("tampering %d went through", (int)t);
		assert_string_equal(o.err.code, t == TAMPER_SWAP    ? "channel.release.key"
						: t == TAMPER_SPKI  ? "channel.session.spki"
						: t == TAMPER_TYPES ? "channel.session.type"
								    : "channel.release.other");
	}
	o = (struct outcome){ .broker = { .cast = &honest, .tamper = TAMPER_HANG_UP } };
	converse(&o, serve_lies, LIE_NONE, NULL);
	assert_false(o.ok);
}

/* ---- attackers that speak the protocol by hand
 * ------------------------------------------------------------ */

struct hand {
	struct rd_arena *arena;
	struct broker broker;
	pthread_t thread;
	int fd[2];
	struct rd_stream stream;
	struct rd_tls *tls;
	struct rd_buf m1;
	struct rd_view m2_bytes;
	struct m2 m2;
};

static void hand_open(struct hand *h)
{
	struct rd_err err = { 0 };
	uint8_t nonce[32] = { 5 };
	enum lie lie = LIE_NONE;

	memset(h, 0, sizeof(*h));
	h->broker.cast = &honest;
	assert_true(rd_arena_new(MEMORY, &h->arena, &err));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, h->fd), 0);
	h->broker.fd = h->fd[1];
	assert_int_equal(pthread_create(&h->thread, NULL, serve, &h->broker), 0);
	h->stream = stream_of(&h->fd[0]);
	assert_true(rd_tls_connect(&h->stream, key_of(&honest.tls), &h->tls, &err));
	struct m1 m1 = { .ask = client_of(&h->stream, &lie).ask, .nonce = rd_view_of(nonce, 32) };

	rd_buf_init(&h->m1, 4096);
	assert_true(m1_encode(&m1, &h->m1, &err));
}

static void hand_m2(struct hand *h)
{
	struct rd_err err = { 0 };

	assert_true(rd_tls_send_frame(h->tls, rd_buf_view(&h->m1), &err));
	assert_true(rd_tls_recv_frame(h->tls, 4096, h->arena, &h->m2_bytes, &err));
	assert_true(m2_decode(h->m2_bytes, &h->m2, &err));
}

/* An honest M3 for this session. */
static void hand_m3(struct hand *h, struct rd_buf *frame)
{
	struct rd_buf to_sign = { .max = 512 };
	uint8_t signature[RD_ED25519_SIG_LEN];
	struct rd_view claims, cmw;
	struct transcript t;
	struct rd_err err = { 0 };
	enum lie lie = LIE_NONE;

	assert_true(transcript_make(h->tls, rd_buf_view(&h->m1), h->m2_bytes, &t, &err));
	struct rd_session_ask ask = client_of(&h->stream, &lie).ask;
	struct rd_claims draft = { .role = RD_ROLE_BROKER,
				   .nonce = h->m2.nonce,
				   .room_hash = ask.room_hash,
				   .query = ask.query,
				   .parameters_hash = ask.parameters_hash,
				   .e_sign = ask.e_sign,
				   .e_kem = ask.e_kem,
				   .spki_hash = h->m2.spki_hash,
				   .binding = rd_view_of(t.binding, 32) };

	assert_true(attest(&lie, &draft, h->arena, &claims, &cmw, &err));
	assert_true(m3_signed(&t, cmw, &to_sign, &err));
	assert_true(rd_ed25519_sign(&honest.e_sign.seed, rd_buf_view(&to_sign), signature, &err));
	struct m3 m3 = { .cmw = cmw, .signature = rd_view_of(signature, sizeof(signature)) };

	rd_buf_init(frame, M3_MAX);
	assert_true(m3_encode(&m3, frame, &err));
	rd_buf_free(&to_sign);
}

static void hand_close(struct hand *h)
{
	shutdown(h->fd[0], SHUT_RDWR);
	pthread_join(h->thread, NULL);
	rd_tls_free(&h->tls);
	close(h->fd[0]);
	close(h->fd[1]);
	rd_buf_free(&h->m1);
	rd_arena_free(&h->arena);
}

/* Sends `frame` in place of M3 and sees the refusal. */
static void refused_m3(struct hand *h, struct rd_view frame, const char *code)
{
	struct rd_view reply;
	struct rd_err err = { 0 };

	assert_true(rd_tls_send_frame(h->tls, frame, &err));
	assert_true(rd_tls_recv_frame(h->tls, 16384, h->arena, &reply, &err));
	assert_false(refusal_check(reply, &err));
	hand_close(h);
	assert_false(h->broker.ok);
	/* A code that ends in a point stands for all that begin with it. */
	if (strncmp(h->broker.err.code, code, strlen(code)) != 0)
		fail_msg("%s, expected %s", h->broker.err.code, code);
}

/* Replayed into a second session, and diverted from one open session to another. */
static void test_replay(void **state)
{
	struct hand first, second;
	struct rd_view m4;
	struct rd_err err = { 0 };
	struct rd_buf m3;

	(void)state;
	hand_open(&first);
	hand_m2(&first);
	hand_m3(&first, &m3);
	hand_open(&second);
	hand_m2(&second);
	refused_m3(&second, rd_buf_view(&m3), "channel.session.signature");
	/* Where it belongs it is good, once: a second M3 meets a closed session. */
	assert_true(rd_tls_send_frame(first.tls, rd_buf_view(&m3), &err));
	assert_true(rd_tls_recv_frame(first.tls, RD_FRAME_MAX, first.arena, &m4, &err));
	assert_true(refusal_check(m4, &err));
	if (rd_tls_send_frame(first.tls, rd_buf_view(&m3), &err))
		assert_false(rd_tls_recv_frame(first.tls, RD_FRAME_MAX, first.arena, &m4, &err));
	hand_close(&first);
	assert_true(first.broker.ok);
	hand_open(&second);
	hand_m2(&second);
	refused_m3(&second, rd_buf_view(&m3), "channel.session.signature");
	rd_buf_free(&m3);
}

/* The broker's own message, M1 again, and noise in the place of M3. */
static void test_reflection(void **state)
{
	struct hand h;

	(void)state;
	hand_open(&h);
	hand_m2(&h);
	refused_m3(&h, h.m2_bytes, "codec.cbor.");
	hand_open(&h);
	hand_m2(&h);
	refused_m3(&h, rd_buf_view(&h.m1), "codec.cbor.");
	hand_open(&h);
	hand_m2(&h);
	refused_m3(&h, rd_view_str("noise"), "codec.cbor.");
}

/*
 * A machine in the middle: it ends the enclave's TLS with a key of its own (which the enclave, for
 * the sake of the attack, takes for the broker's) and speaks TLS with the true broker, passing
 * frames on.
 */
struct relay {
	int to_enclave, to_broker;
	bool rewrites_m2;
};

static bool pass_on(struct relay *r, struct rd_arena *arena, struct rd_err *err)
{
	RD_AUTO(rd_tls_free) struct rd_tls *enclave = NULL;
	RD_AUTO(rd_tls_free) struct rd_tls *broker = NULL;
	RD_AUTO(rd_buf_free) struct rd_buf frame = { .max = 4096 };
	RD_AUTO(rd_buf_free) struct rd_buf spki = { .max = 256 };
	struct rd_stream a = stream_of(&r->to_enclave), b = stream_of(&r->to_broker);
	struct rd_view bytes;
	uint8_t hash[32];
	struct m2 m2;

	if (!rd_tls_accept(&a, &other.tls.seed, &enclave, err) ||
	    !rd_tls_connect(&b, key_of(&honest.tls), &broker, err) ||
	    !rd_tls_recv_frame(enclave, 4096, arena, &bytes, err) ||
	    !rd_tls_send_frame(broker, bytes, err) ||
	    !rd_tls_recv_frame(broker, 4096, arena, &bytes, err) || !m2_decode(bytes, &m2, err) ||
	    !rd_ed25519_spki(key_of(&other.tls), &spki, err) ||
	    !rd_sha256(rd_buf_view(&spki), hash, err))
		return false;
	if (r->rewrites_m2)
		m2.spki_hash = rd_view_of(hash, 32);
	return m2_encode(&m2, &frame, err) &&
	       rd_tls_send_frame(enclave, rd_buf_view(&frame), err) &&
	       rd_tls_recv_frame(enclave, M3_MAX, arena, &bytes, err) &&
	       rd_tls_send_frame(broker, bytes, err) &&
	       rd_tls_recv_frame(broker, RD_FRAME_MAX, arena, &bytes, err) &&
	       rd_tls_send_frame(enclave, bytes, err);
}

static void *relay_thread(void *arg)
{
	struct relay *r = arg;
	struct rd_arena *arena = NULL;
	struct rd_err err = { 0 };

	if (rd_arena_new(MEMORY, &arena, &err) && !pass_on(r, arena, &err))
		err.fault = RD_FAULT_FAILED;
	rd_arena_free(&arena);
	shutdown(r->to_enclave, SHUT_RDWR);
	shutdown(r->to_broker, SHUT_RDWR);
	return NULL;
}

static void relayed(bool rewrites_m2, bool deceived, const char *client_code,
		    const char *broker_code)
{
	struct broker broker = { .cast = &honest };
	struct rd_session_result result;
	struct rd_arena *arena = NULL;
	struct rd_err err = { 0 };
	enum lie lie = LIE_NONE;
	pthread_t threads[2];
	int a[2], b[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, a), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, b), 0);
	broker.fd = b[1];
	struct relay relay = { .to_enclave = a[1], .to_broker = b[0], .rewrites_m2 = rewrites_m2 };
	struct rd_stream stream = stream_of(&a[0]);
	struct rd_session_client client = client_of(&stream, &lie);

	if (deceived)
		client.tls_key = key_of(&other.tls);
	assert_int_equal(pthread_create(&threads[0], NULL, serve, &broker), 0);
	assert_int_equal(pthread_create(&threads[1], NULL, relay_thread, &relay), 0);
	assert_true(rd_arena_new(MEMORY, &arena, &err));
	assert_false(rd_session_request(&client, arena, &result, &err));
	assert_string_equal(err.code, client_code);
	shutdown(a[0], SHUT_RDWR);
	pthread_join(threads[1], NULL);
	pthread_join(threads[0], NULL);
	assert_false(broker.ok);
	if (broker_code)
		assert_string_equal(broker.err.code, broker_code);
	for (int i = 0; i < 2; i++) {
		close(a[i]);
		close(b[i]);
	}
	rd_arena_free(&arena);
}

static void test_relay(void **state)
{
	(void)state;
	/* The enclave knows the broker's key: it sees the stranger at once. */
	relayed(false, false, "channel.tls.key", NULL);
	/* An enclave that was told the stranger's key still sees that M2 is about another. */
	relayed(false, true, "channel.session.spki", NULL);
	/* And with M2 rewritten the broker sees that M3 belongs to another session. */
	relayed(true, true, "channel.session.refused", "channel.session.signature");
}

/* ---- frames
 * ------------------------------------------------------------------------------------------------
 */

static void test_frames(void **state)
{
	struct rd_err err = { 0 };
	struct hand h;
	uint8_t *large = calloc(1, M1_MAX + 1);

	(void)state;
	hand_open(&h);
	assert_true(rd_tls_send_frame(h.tls, rd_view_of(large, M1_MAX + 1), &err));
	hand_close(&h);
	assert_false(h.broker.ok);
	assert_string_equal(h.broker.err.code, "channel.frame");
	free(large);
}

static int setup(void **state)
{
	struct rd_err err = { 0 };

	(void)state;
	if (!rd_crypto_init(&err) || !rd_channel_init(&err))
		return -1;
	cast_new(&honest);
	cast_new(&other);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),        cmocka_unit_test(test_lies),
		cmocka_unit_test(test_refusal),     cmocka_unit_test(test_fake_broker),
		cmocka_unit_test(test_wrong_hands), cmocka_unit_test(test_tampered),
		cmocka_unit_test(test_replay),      cmocka_unit_test(test_reflection),
		cmocka_unit_test(test_relay),       cmocka_unit_test(test_frames),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
