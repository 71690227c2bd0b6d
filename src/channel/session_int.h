/* The four messages of the attested session, as bytes and as structs; both sides use the same. */
#ifndef RD_CHANNEL_SESSION_INT_H
#define RD_CHANNEL_SESSION_INT_H

#include <redoubt/channel.h>
#include <redoubt/codec.h>

#define M1_MAX 1024u
#define M2_MAX 4096u
#define M3_MAX (RD_BUNDLE_MAX + 4096u)
#define ACCEPTED_MAX 32u
#define TYPE_MAX 128u

struct m1 {
	struct rd_session_ask ask;
	struct rd_view nonce;
};
struct m2 {
	struct rd_view nonce, spki_hash;
	uint32_t n_accepted;
	struct rd_view accepted[ACCEPTED_MAX];
};
struct m3 {
	struct rd_view cmw, signature;
};
struct m4 {
	struct rd_view release, keys; /* COSE_Sign1; the encoded keys */
};

bool m1_encode(const struct m1 *m, struct rd_buf *out, struct rd_err *err);
bool m1_decode(struct rd_view bytes, struct m1 *out, struct rd_err *err);
bool m2_encode(const struct m2 *m, struct rd_buf *out, struct rd_err *err);
bool m2_decode(struct rd_view bytes, struct m2 *out, struct rd_err *err);
bool m3_encode(const struct m3 *m, struct rd_buf *out, struct rd_err *err);
bool m3_decode(struct rd_view bytes, struct m3 *out, struct rd_err *err);
bool m4_encode(const struct m4 *m, struct rd_buf *out, struct rd_err *err);
bool m4_decode(struct rd_view bytes, struct m4 *out, struct rd_err *err);
/* [5, code, text] in place of any message of the broker. */
bool refusal_encode(const struct rd_err *why, struct rd_buf *out, struct rd_err *err);
/* True when `bytes` are no refusal; else fails with its words. */
bool refusal_check(struct rd_view bytes, struct rd_err *err);

/* T = SHA-256(CBOR[bstr M1, bstr M2]), X = exporter under T, and what is bound to both. */
struct transcript {
	uint8_t t[RD_SHA256_LEN], x[32], binding[RD_SHA256_LEN];
};
bool transcript_make(struct rd_tls *tls, struct rd_view m1, struct rd_view m2,
		     struct transcript *out, struct rd_err *err);
/* The bytes that E_sign signs in M3. */
bool m3_signed(const struct transcript *t, struct rd_view cmw, struct rd_buf *out,
	       struct rd_err *err);

/* release.c */
bool release_encode(const struct rd_release_statement *s, struct rd_buf *out, struct rd_err *err);
bool release_info(struct rd_view claims_hash, const struct rd_released_key *key, struct rd_buf *out,
		  struct rd_err *err);
/* Keys sealed to E_kem, and back. */
bool keys_seal(const struct rd_session_grant *grant, struct rd_view claims_hash,
	       struct rd_view e_kem, struct rd_buf *out, struct rd_err *err);
bool keys_open(struct rd_view bytes, struct rd_view claims_hash, const struct rd_secret *e_kem,
	       struct rd_arena *arena, struct rd_session_result *out, struct rd_err *err);

#endif
