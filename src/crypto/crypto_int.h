/*
 * crypto, inside: what its files share.  No other module includes this (tests of crypto do).
 */
#ifndef RD_CRYPTO_INT_H
#define RD_CRYPTO_INT_H

#include <redoubt/crypto.h>

#include <openssl/evp.h>

/* Says which OpenSSL call failed and why, with "crypto.library"; empties OpenSSL's error queue. */
bool rd_crypto_fail(struct rd_err *err, const char *call);
/* Empties OpenSSL's error queue of this thread where a failure is an answer, not a fault. */
void rd_crypto_forget(void);

/* NULL for a hash that is not one of ours. */
const EVP_MD *rd_crypto_digest(enum rd_hash hash);

/* ---- AEAD back ends ---------------------------------------------------------------------- */

/*
 * One back end.  `state` is state_size zeroed bytes, aligned to 64, owned by the dispatcher, which
 * wipes it.  seal and open have had all lengths checked: `out` has room for what they write.
 */
struct rd_aead_ops {
	const char *name;
	bool (*usable)(size_t key_len); /* on this CPU, for this key length in bytes */
	size_t state_size;
	bool (*key)(void *state, struct rd_view key, struct rd_err *err);
	void (*drop)(void *state); /* what wiping does not free; may be NULL */
	/* Writes in.len bytes and the tag. */
	bool (*seal)(const void *state, const uint8_t *nonce, struct rd_view aad, struct rd_view in,
		     uint8_t *out, struct rd_err *err);
	/* in: without the tag.  Writes in.len bytes and sets *genuine; false only when it could
	 * not judge.  The dispatcher wipes what is not genuine. */
	bool (*open)(const void *state, const uint8_t *nonce, struct rd_view aad, struct rd_view in,
		     const uint8_t *tag, uint8_t *out, bool *genuine);
};

extern const struct rd_aead_ops rd_aead_ipsecmb_vaes;
extern const struct rd_aead_ops rd_aead_ipsecmb_avx2;
extern const struct rd_aead_ops rd_aead_openssl;
/* For HPKE alone, so it is not in the array that rd_aead_new chooses from. */
extern const struct rd_aead_ops rd_aead_openssl_chacha20;

/* The AES-GCM back ends, best first; ends with NULL. */
extern const struct rd_aead_ops *const rd_aead_backends[];

bool rd_aead_new_with(const struct rd_aead_ops *ops, struct rd_view key, struct rd_aead **out,
		      struct rd_err *err);

/* ---- keys ---------------------------------------------------------------------------------- */

/* EVP_PKEY_ED25519 or EVP_PKEY_X25519 from raw bytes; NULL on failure, with *err set. */
EVP_PKEY *rd_crypto_raw_private(int type, const struct rd_secret *key, struct rd_err *err);
EVP_PKEY *rd_crypto_raw_public(int type, struct rd_view key, struct rd_err *err);
void rd_crypto_pkey_free(EVP_PKEY **key);
void rd_crypto_md_ctx_free(EVP_MD_CTX **ctx);

/* Raw r||s, of equal lengths, to the DER form that OpenSSL takes; its length, or 0. */
size_t rd_crypto_ecdsa_to_der(struct rd_view raw, uint8_t *der, size_t cap);

/* X25519 (RFC 7748 6.1); an all-zero result is refused ("crypto.x25519.zero"). */
bool rd_crypto_x25519(const struct rd_secret *private_key, struct rd_view public_key,
		      struct rd_secret *shared, struct rd_err *err);

#endif
