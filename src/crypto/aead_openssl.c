/*
 * AES-GCM (and, for HPKE, ChaCha20-Poly1305) by OpenSSL: any CPU, any key length.  A fresh EVP
 * context a message keeps the keyed state constant, so threads may share it.
 */
#include "crypto_int.h"

#include <string.h>

/* EVP counts in int. */
#define STEP_MAX ((size_t)1 << 30)

struct state {
	EVP_CIPHER *cipher;
	struct rd_secret key;
};

static void context_free(EVP_CIPHER_CTX **ctx)
{
	EVP_CIPHER_CTX_free(*ctx);
}

static bool gcm_usable(size_t key_len)
{
	return key_len == 16 || key_len == 24 || key_len == 32;
}

static bool chacha_usable(size_t key_len)
{
	return key_len == 32;
}

static bool fetch(struct state *s, const char *name, struct rd_view key, struct rd_err *err)
{
	s->cipher = EVP_CIPHER_fetch(NULL, name, NULL);
	if (!s->cipher)
		return rd_crypto_fail(err, "EVP_CIPHER_fetch");
	return rd_secret_set(&s->key, key, err);
}

static bool gcm_key(void *state, struct rd_view key, struct rd_err *err)
{
	const char *name = key.len == 16 ? "AES-128-GCM" : "AES-256-GCM";
	return fetch(state, key.len == 24 ? "AES-192-GCM" : name, key, err);
}

static bool chacha_key(void *state, struct rd_view key, struct rd_err *err)
{
	return fetch(state, "ChaCha20-Poly1305", key, err);
}

static void drop(void *state)
{
	struct state *s = state;
	EVP_CIPHER_free(s->cipher);
}

/* Feeds `in`; out == NULL means it is additional data. */
static bool feed(EVP_CIPHER_CTX *ctx, struct rd_view in, uint8_t *out)
{
	for (size_t done = 0; done < in.len;) {
		size_t step = in.len - done < STEP_MAX ? in.len - done : STEP_MAX;
		int wrote = 0;
		if (EVP_CipherUpdate(ctx, out ? out + done : NULL, &wrote, in.data + done,
				     (int)step) != 1)
			return false;
		done += step;
	}
	return true;
}

static bool start(EVP_CIPHER_CTX *ctx, const struct state *s, const uint8_t *nonce, int encrypt)
{
	return ctx && EVP_CipherInit_ex2(ctx, s->cipher, s->key.data, nonce, encrypt, NULL) == 1;
}

static bool seal(const void *state, const uint8_t *nonce, struct rd_view aad, struct rd_view in,
		 uint8_t *out, struct rd_err *err)
{
	EVP_CIPHER_CTX *ctx RD_AUTO(context_free) = EVP_CIPHER_CTX_new();
	int wrote = 0;
	if (!start(ctx, state, nonce, 1) || !feed(ctx, aad, NULL) || !feed(ctx, in, out) ||
	    EVP_CipherFinal_ex(ctx, out + in.len, &wrote) != 1 ||
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, RD_AEAD_TAG_LEN, out + in.len) != 1)
		return rd_crypto_fail(err, "AEAD seal");
	return true;
}

static bool open(const void *state, const uint8_t *nonce, struct rd_view aad, struct rd_view in,
		 const uint8_t *tag, uint8_t *out, bool *genuine)
{
	EVP_CIPHER_CTX *ctx RD_AUTO(context_free) = EVP_CIPHER_CTX_new();
	uint8_t expected[RD_AEAD_TAG_LEN], rest[16];
	int wrote = 0;
	memcpy(expected, tag, sizeof expected);
	if (!start(ctx, state, nonce, 0) ||
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, RD_AEAD_TAG_LEN, expected) != 1 ||
	    !feed(ctx, aad, NULL) || !feed(ctx, in, out))
		return false;
	*genuine = EVP_CipherFinal_ex(ctx, rest, &wrote) == 1;
	rd_crypto_forget();
	return true;
}

const struct rd_aead_ops rd_aead_openssl = {
	.name = "openssl",
	.usable = gcm_usable,
	.state_size = sizeof(struct state),
	.key = gcm_key,
	.drop = drop,
	.seal = seal,
	.open = open,
};

const struct rd_aead_ops rd_aead_openssl_chacha20 = {
	.name = "openssl-chacha20",
	.usable = chacha_usable,
	.state_size = sizeof(struct state),
	.key = chacha_key,
	.drop = drop,
	.seal = seal,
	.open = open,
};
