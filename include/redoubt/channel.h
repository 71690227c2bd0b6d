/*
 * channel: TLS 1.3 and the attested session of PROTOCOL.md 2 over it, both sides.
 *
 * The only module that calls libssl.  Core library: the client (in the enclave), over any stream.
 * Edge library: the server side of the session.
 *
 *	enclave  --M1-->  broker      which room, query and keys
 *	         <--M2--              nonce, what evidence is accepted
 *	         --M3-->              evidence bound to this very TLS session, signed by E_sign
 *	         <--M4--              signed release, column keys sealed to E_kem
 */
#ifndef REDOUBT_CHANNEL_H
#define REDOUBT_CHANNEL_H

#include <redoubt/attest.h>
#include <redoubt/base.h>
#include <redoubt/crypto.h>
#include <redoubt/tee.h>

extern const struct rd_code_text rd_channel_codes[];

/* ---- streams --------------------------------------------------------------------------------- */

/* A byte stream that someone else carries: the door's relayed connection, a TCP socket, a test's
 * pair.  The carrier is hostile. */
struct rd_stream {
	void *ctx;
	bool (*send)(void *ctx, struct rd_view bytes, struct rd_err *err);
	/* At least one byte up to the free space of `out`; the end gives true and no bytes. */
	bool (*recv)(void *ctx, struct rd_span *out, struct rd_err *err);
};

/* ---- TLS 1.3 --------------------------------------------------------------------------------- */

/*
 * TLS 1.3 only; no session resumption, tickets, 0-RTT or client certificates; one group (X25519)
 * and AES-256-GCM-SHA384 or CHACHA20.  The server's certificate is self-signed Ed25519; a client
 * compares its SubjectPublicKeyInfo with the key that it expects, and nothing else in it counts.
 */
struct rd_tls;

/* Initialises libssl without configuration files; before a seccomp filter. */
RD_MUST_USE bool rd_channel_init(struct rd_err *err);
/* Handshakes.  `server_key`: raw Ed25519; another key fails with "channel.tls.key". */
RD_MUST_USE bool rd_tls_connect(const struct rd_stream *stream, struct rd_view server_key,
				struct rd_tls **out, struct rd_err *err);
RD_MUST_USE bool rd_tls_accept(const struct rd_stream *stream, const struct rd_secret *server_seed,
			       struct rd_tls **out, struct rd_err *err);
/* Says close_notify if it can; the stream stays the caller's. */
void rd_tls_free(struct rd_tls **tls);

#define RD_FRAME_MAX (512u * 1024) /* bytes of one frame */

/* Frames: u32 length (big-endian), then that many bytes.  A received frame lies in the arena. */
RD_MUST_USE bool rd_tls_send_frame(struct rd_tls *tls, struct rd_view frame, struct rd_err *err);
RD_MUST_USE bool rd_tls_recv_frame(struct rd_tls *tls, uint32_t max_len, struct rd_arena *arena,
				   struct rd_view *out, struct rd_err *err);
/* RFC 8446 7.5 exporter with label "EXPERIMENTAL-redoubt-session-v1" and `context`; 32 bytes. */
RD_MUST_USE bool rd_tls_export(struct rd_tls *tls, struct rd_view context, uint8_t out[32],
			       struct rd_err *err);

/* ---- the attested session -------------------------------------------------------------------- */

#define RD_SESSION_VERSION 1
#define RD_NONCE_LEN 32
#define RD_QUERY_NAME_MAX 128u
#define RD_OWNER_NAME_MAX 64u
#define RD_RELEASE_KEYS_MAX 4096u

/* M1: what the enclave asks for. */
struct rd_session_ask {
	struct rd_view room_hash;       /* 32 bytes */
	struct rd_view query;           /* its name */
	struct rd_view parameters_hash; /* SHA-256 of the CBOR parameters */
	struct rd_view e_sign, e_kem;   /* 32 bytes each */
};

/* M4's payload: what the broker's release key signs. */
struct rd_release_statement {
	struct rd_view claims_hash, room_hash, query, parameters_hash;
	struct rd_view owner;     /* name in the room */
	uint64_t run;             /* counts up per room and query at this broker, from 1 */
	int64_t time_unix_s;      /* the broker's clock */
	struct rd_view keys_hash; /* SHA-256 of the encoded keys */
};
/* Reads a release without checking its signature (rd_release_check does): for logs and shows. */
RD_MUST_USE bool rd_release_decode(struct rd_view cose, struct rd_release_statement *out,
				   struct rd_err *err);
RD_MUST_USE bool rd_release_check(struct rd_view cose, struct rd_view release_key,
				  struct rd_release_statement *out, struct rd_err *err);

/* One key of a release.  `column` as in redoubt/table.h: a column id, or 0xffffffff (footer).
 * table: index of the room's table. */
struct rd_released_key {
	uint32_t table;
	uint64_t version;
	uint32_t column;
	struct rd_secret key;
};

/* ---- the enclave's side ---------------------------------------------------------------------- */

struct rd_session_client {
	const struct rd_stream *stream;
	struct rd_session_ask ask;
	struct rd_view owner;                   /* the name that M4 must carry */
	struct rd_view tls_key;                 /* raw Ed25519 of the broker, from the room */
	struct rd_view release_key;             /* raw Ed25519 of the broker, from the room */
	const struct rd_secret *e_sign, *e_kem; /* private */
	/* Turns a draft of claims (role broker) into evidence; rd_enclave_attest fits. */
	bool (*attest)(void *ctx, const struct rd_claims *draft, struct rd_arena *arena,
		       struct rd_view *claims, struct rd_view *cmw, struct rd_err *err);
	void *attest_ctx;
};

struct rd_session_result {
	/* For the receipt, in the arena: the claims that went out, and M4's COSE_Sign1. */
	struct rd_view claims, release;
	struct rd_release_statement statement;
	uint32_t n_keys;
	struct rd_released_key *key; /* in the arena: wipe with the arena's owner */
};
/*
 * One whole session.  Checks M2 (form, hash of the SPKI seen), M4 (signature by the release key,
 * claims hash, room, query, parameters, owner, keys hash) and opens each key.  Commitments are
 * the caller's to check: it has the room.  A broker that refuses sends [5, code, text] in place of
 * M4: fails with fault REFUSED, code "channel.session.refused" and its words.
 */
RD_MUST_USE bool rd_session_request(const struct rd_session_client *client, struct rd_arena *arena,
				    struct rd_session_result *out, struct rd_err *err);

/* ---- the broker's side (edge) ---------------------------------------------------------------- */

/* What the server asks its broker for after M3, and what it gets. */
struct rd_session_request_seen {
	struct rd_session_ask ask;
	struct rd_view cmw, claims; /* claims: complete bytes from inside the evidence */
	const struct rd_evidence *evidence;
	struct rd_expected_claims expected; /* recomputed from this side of the session */
};
struct rd_session_grant {
	struct rd_release_statement statement; /* all but claims_hash, room, query, parameters,
						  keys_hash: the session fills those in */
	uint32_t n_keys;
	const struct rd_released_key *key;
};

struct rd_session_server {
	const struct rd_stream *stream;
	const struct rd_secret *tls_seed, *release_seed;
	uint32_t n_accepted;
	const char *const *accepted; /* content types of evidence, for M2 */
	int64_t (*now_unix_s)(void *ctx);
	/*
	 * Appraise, decide, and have the decision on disk before returning.  False: refused (fault
	 * REFUSED) or broken; the session sends the error's code and text, nothing else, and ends.
	 */
	bool (*decide)(void *ctx, const struct rd_session_request_seen *seen,
		       struct rd_arena *arena, struct rd_session_grant *out, struct rd_err *err);
	void *ctx;
};
/* Serves one session on one connection. */
RD_MUST_USE bool rd_session_serve(const struct rd_session_server *server, struct rd_arena *arena,
				  struct rd_err *err);

#endif
