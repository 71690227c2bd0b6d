/*
 * crypto: the only module that calls a cryptographic library (libssl in channel excepted).
 *
 * There is one suite today, RD_SUITE_1: X25519, HKDF-SHA256, AES-256-GCM, SHA-256, Ed25519.
 * Every signed or sealed object carries its suite id, so that a post-quantum hybrid can follow.
 *
 * Everything here is pure given its inputs, but for rd_crypto_random and the functions that say
 * that they draw from it.  No function keeps a key after it returns, but for the contexts made
 * by a `_new`, which wipe themselves in `_free`.
 */
#ifndef REDOUBT_CRYPTO_H
#define REDOUBT_CRYPTO_H

#include <redoubt/base.h>

#define RD_SUITE_1 1

#define RD_SHA256_LEN 32
#define RD_SHA384_LEN 48
#define RD_SHA512_LEN 64
#define RD_ED25519_LEN 32 /* public key and private seed */
#define RD_ED25519_SIG_LEN 64
#define RD_X25519_LEN 32   /* public and private key */
#define RD_AEAD_KEY_LEN 32 /* AES-256-GCM */
#define RD_AEAD_NONCE_LEN 12
#define RD_AEAD_TAG_LEN 16

/* Ends with an entry whose code is NULL. */
extern const struct rd_code_text rd_crypto_codes[];

/* Must run once before any other call, before a seccomp filter: initialises the libraries
 * without reading their configuration files, picks the AEAD back end for this CPU, and runs
 * known-answer tests on it; a wrong answer fails with "crypto.selftest". */
RD_MUST_USE bool rd_crypto_init(struct rd_err *err);
/* Fills `out` to its capacity from the system's generator. */
RD_MUST_USE bool rd_crypto_random(struct rd_span *out, struct rd_err *err);

/* ---- hash, MAC, KDF ---------------------------------------------------------------------- */

enum rd_hash { RD_HASH_SHA256 = 1, RD_HASH_SHA384 = 2, RD_HASH_SHA512 = 3 };

size_t rd_hash_len(enum rd_hash hash);
/*
 * Hashes are public functions of public bytes: `out` is not wiped.  Where the input is secret the
 * caller keeps the result in a struct rd_secret.
 */
/* One shot over the concatenation of `n` parts; `out` must have rd_hash_len bytes. */
RD_MUST_USE bool rd_hash_parts(enum rd_hash hash, const struct rd_view *parts, size_t n,
			       uint8_t *out, struct rd_err *err);
RD_MUST_USE bool rd_sha256(struct rd_view in, uint8_t out[RD_SHA256_LEN], struct rd_err *err);
/* Streaming. */
struct rd_hasher;
RD_MUST_USE bool rd_hasher_new(enum rd_hash hash, struct rd_hasher **out, struct rd_err *err);
void rd_hasher_free(struct rd_hasher **hasher);
RD_MUST_USE bool rd_hasher_add(struct rd_hasher *hasher, struct rd_view in, struct rd_err *err);
RD_MUST_USE bool rd_hasher_finish(struct rd_hasher *hasher, uint8_t *out, struct rd_err *err);

RD_MUST_USE bool rd_hmac(enum rd_hash hash, struct rd_view key, struct rd_view in, uint8_t *out,
			 struct rd_err *err);
/* RFC 5869.  Extract writes rd_hash_len bytes to prk; expand fills okm to its capacity. */
RD_MUST_USE bool rd_hkdf_extract(enum rd_hash hash, struct rd_view salt, struct rd_view ikm,
				 struct rd_secret *prk, struct rd_err *err);
RD_MUST_USE bool rd_hkdf_expand(enum rd_hash hash, struct rd_view prk, struct rd_view info,
				struct rd_span *okm, struct rd_err *err);
/* Extract then expand to a secret of `len` bytes (at most RD_SECRET_MAX), SHA-256. */
RD_MUST_USE bool rd_hkdf(struct rd_view ikm, struct rd_view salt, struct rd_view info, size_t len,
			 struct rd_secret *out, struct rd_err *err);
/* The cost of scrypt (RFC 7914): N = 2^log2_n, in 10..20; r in 1..16; p in 1..4. */
struct rd_scrypt_cost {
	uint32_t log2_n, r, p;
};
/* A secret of `len` bytes (at most RD_SECRET_MAX).  Refuses a cost outside the bounds above
 * ("crypto.scrypt.cost"), so that parameters read from a file cannot exhaust the machine: at most
 * 2 GiB of memory (128 * N * r bytes). */
RD_MUST_USE bool rd_scrypt(struct rd_view password, struct rd_view salt, struct rd_scrypt_cost cost,
			   size_t len, struct rd_secret *out, struct rd_err *err);

/* ---- AEAD: AES-GCM ----------------------------------------------------------------------- */

/*
 * A keyed context for many messages; cheap to call per message, safe to share between threads
 * for sealing and opening.  The nonce comes from the caller and must never repeat under a key.
 * Back ends: "ipsec-mb-vaes" and "ipsec-mb-avx2" (direct functions, 256-bit keys only: those are
 * what we write, and every further key length would add to the enclave) and "openssl" (any CPU;
 * 128, 192, 256 bits; the others' oracle in the tests).
 */
struct rd_aead;

/* backend: NULL picks the fastest for this CPU and key length; a name forces one (for tests). */
RD_MUST_USE bool rd_aead_new(struct rd_view key, const char *backend, struct rd_aead **out,
			     struct rd_err *err);
void rd_aead_free(struct rd_aead **aead);
const char *rd_aead_backend(const struct rd_aead *aead);
/* Writes ciphertext and tag (in.len + 16 bytes) at out->data + out->used.  Out may not overlap
 * in, but may equal it. */
RD_MUST_USE bool rd_aead_seal(const struct rd_aead *aead, const uint8_t nonce[RD_AEAD_NONCE_LEN],
			      struct rd_view aad, struct rd_view in, struct rd_span *out,
			      struct rd_err *err);
/* `in` ends with the tag.  A wrong tag fails with "crypto.aead.tag" and wipes what it wrote. */
RD_MUST_USE bool rd_aead_open(const struct rd_aead *aead, const uint8_t nonce[RD_AEAD_NONCE_LEN],
			      struct rd_view aad, struct rd_view in, struct rd_span *out,
			      struct rd_err *err);

/* ---- signatures and key agreement -------------------------------------------------------- */

/*
 * Keys are raw bytes: an Ed25519 private key is its seed (RFC 8032 5.1.5), an X25519 private
 * key is the scalar before clamping (RFC 7748 5).  Both generators draw from rd_crypto_random.
 * Errors: "crypto.key.length" for a key of another length; "crypto.library" when OpenSSL fails.
 */
RD_MUST_USE bool rd_ed25519_generate(struct rd_secret *seed, uint8_t public_key[RD_ED25519_LEN],
				     struct rd_err *err);
RD_MUST_USE bool rd_ed25519_public(const struct rd_secret *seed, uint8_t public_key[RD_ED25519_LEN],
				   struct rd_err *err);
RD_MUST_USE bool rd_ed25519_sign(const struct rd_secret *seed, struct rd_view message,
				 uint8_t signature[RD_ED25519_SIG_LEN], struct rd_err *err);
/* False with "crypto.signature" when it does not verify. */
RD_MUST_USE bool rd_ed25519_verify(struct rd_view public_key, struct rd_view message,
				   struct rd_view signature, struct rd_err *err);
RD_MUST_USE bool rd_x25519_generate(struct rd_secret *private_key,
				    uint8_t public_key[RD_X25519_LEN], struct rd_err *err);
RD_MUST_USE bool rd_x25519_public(const struct rd_secret *private_key,
				  uint8_t public_key[RD_X25519_LEN], struct rd_err *err);
/* ECDSA as evidence and COSE use it: curve by key size, raw r||s signature; key is an
 * uncompressed point 04||X||Y (P-256, P-384, P-521). */
RD_MUST_USE bool rd_ecdsa_verify(struct rd_view public_point, enum rd_hash hash,
				 struct rd_view message, struct rd_view signature,
				 struct rd_err *err);

/* ---- HPKE (RFC 9180), mode base, single shot --------------------------------------------- */

enum rd_hpke_kem { RD_HPKE_X25519_SHA256 = 0x0020 };
enum rd_hpke_kdf { RD_HPKE_HKDF_SHA256 = 0x0001 };
enum rd_hpke_aead {
	RD_HPKE_AES128GCM = 0x0001,
	RD_HPKE_AES256GCM = 0x0002,
	RD_HPKE_CHACHA20 = 0x0003,
};

/* What both sides must agree on before the first message. */
struct rd_hpke_params {
	enum rd_hpke_aead aead;
	struct rd_view info;
	const struct rd_secret *ephemeral; /* sender; NULL (fresh) but in known-answer tests */
};

/* Writes enc (32 bytes) to `enc` and ciphertext||tag at the end of `out`.  An X25519 result of
 * all zeros (a key of small order) fails with "crypto.x25519.zero" on either side. */
RD_MUST_USE bool rd_hpke_seal(const struct rd_hpke_params *params, struct rd_view recipient_public,
			      struct rd_view aad, struct rd_view in, uint8_t enc[RD_X25519_LEN],
			      struct rd_span *out, struct rd_err *err);
RD_MUST_USE bool rd_hpke_open(const struct rd_hpke_params *params,
			      const struct rd_secret *recipient_private, struct rd_view enc,
			      struct rd_view aad, struct rd_view in, struct rd_span *out,
			      struct rd_err *err);
/* Many messages under one enc: sequence numbers count up from 0 by themselves. */
struct rd_hpke;
RD_MUST_USE bool rd_hpke_sender(const struct rd_hpke_params *params,
				struct rd_view recipient_public, uint8_t enc[RD_X25519_LEN],
				struct rd_hpke **out, struct rd_err *err);
RD_MUST_USE bool rd_hpke_receiver(const struct rd_hpke_params *params,
				  const struct rd_secret *recipient_private, struct rd_view enc,
				  struct rd_hpke **out, struct rd_err *err);
void rd_hpke_free(struct rd_hpke **hpke);
RD_MUST_USE bool rd_hpke_seal_next(struct rd_hpke *hpke, struct rd_view aad, struct rd_view in,
				   struct rd_span *out, struct rd_err *err);
RD_MUST_USE bool rd_hpke_open_next(struct rd_hpke *hpke, struct rd_view aad, struct rd_view in,
				   struct rd_span *out, struct rd_err *err);

/* ---- key files: PEM that openssl reads ---------------------------------------------------- */

/* PKCS#8 and SubjectPublicKeyInfo PEM text of Ed25519 and X25519 keys.  The private text is a
 * secret: the caller wipes the buffer. */
RD_MUST_USE bool rd_pem_ed25519_private(const struct rd_secret *seed, struct rd_buf *pem,
					struct rd_err *err);
RD_MUST_USE bool rd_pem_x25519_private(const struct rd_secret *key, struct rd_buf *pem,
				       struct rd_err *err);
RD_MUST_USE bool rd_pem_ed25519_public(struct rd_view key, struct rd_buf *pem, struct rd_err *err);
RD_MUST_USE bool rd_pem_x25519_public(struct rd_view key, struct rd_buf *pem, struct rd_err *err);
RD_MUST_USE bool rd_pem_parse_ed25519_private(struct rd_view pem, struct rd_secret *seed,
					      struct rd_err *err);
RD_MUST_USE bool rd_pem_parse_x25519_private(struct rd_view pem, struct rd_secret *key,
					     struct rd_err *err);
RD_MUST_USE bool rd_pem_parse_public(struct rd_view pem, uint8_t key[32], bool *is_x25519,
				     struct rd_err *err);
/* Any PEM label over raw bytes (such as REDOUBT TABLE KEY): strict base64, one block only. */
RD_MUST_USE bool rd_pem_wrap(const char *label, struct rd_view bytes, struct rd_buf *pem,
			     struct rd_err *err);
RD_MUST_USE bool rd_pem_unwrap(const char *label, struct rd_view pem, struct rd_span *out,
			       struct rd_err *err);

/* ---- certificates for TLS ------------------------------------------------------------------ */

/* A self-signed Ed25519 certificate whose only meaning is its key; DER.  SPKI is the DER
 * SubjectPublicKeyInfo that a room names. */
RD_MUST_USE bool rd_cert_self_signed(const struct rd_secret *seed, struct rd_buf *der,
				     struct rd_err *err);
RD_MUST_USE bool rd_ed25519_spki(struct rd_view public_key, struct rd_buf *der, struct rd_err *err);

#endif
