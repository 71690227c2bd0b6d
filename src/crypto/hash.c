/* Hashes and HMAC: thin over OpenSSL's EVP. */
#include "crypto_int.h"

#include <openssl/hmac.h>
#include <stdlib.h>

struct rd_hasher {
	EVP_MD_CTX *ctx;
};

size_t rd_hash_len(enum rd_hash hash)
{
	switch (hash) {
	case RD_HASH_SHA256:
		return RD_SHA256_LEN;
	case RD_HASH_SHA384:
		return RD_SHA384_LEN;
	case RD_HASH_SHA512:
		return RD_SHA512_LEN;
	case RD_HASH_SHA1:
		return RD_SHA1_LEN;
	}
	return 0;
}

const EVP_MD *rd_crypto_digest(enum rd_hash hash)
{
	switch (hash) {
	case RD_HASH_SHA256:
		return EVP_sha256();
	case RD_HASH_SHA384:
		return EVP_sha384();
	case RD_HASH_SHA512:
		return EVP_sha512();
	case RD_HASH_SHA1:
		return EVP_sha1();
	}
	return NULL;
}

static bool unknown(enum rd_hash hash, struct rd_err *err)
{
	return rd_fail(err, RD_FAULT_USAGE, "crypto.hash", "hash %d is not one of ours", (int)hash);
}

bool rd_hasher_new(enum rd_hash hash, struct rd_hasher **out, struct rd_err *err)
{
	const EVP_MD *digest = rd_crypto_digest(hash);
	if (!digest)
		return unknown(hash, err);
	struct rd_hasher *h = calloc(1, sizeof *h);
	if (!h)
		return rd_fail_errno(err, "crypto.memory", "hash context");
	h->ctx = EVP_MD_CTX_new();
	if (!h->ctx || EVP_DigestInit_ex(h->ctx, digest, NULL) != 1) {
		rd_hasher_free(&h);
		return rd_crypto_fail(err, "EVP_DigestInit_ex");
	}
	*out = h;
	return true;
}

void rd_hasher_free(struct rd_hasher **hasher)
{
	if (!hasher || !*hasher)
		return;
	EVP_MD_CTX_free((*hasher)->ctx);
	free(*hasher);
	*hasher = NULL;
}

bool rd_hasher_add(struct rd_hasher *hasher, struct rd_view in, struct rd_err *err)
{
	if (in.len && EVP_DigestUpdate(hasher->ctx, in.data, in.len) != 1)
		return rd_crypto_fail(err, "EVP_DigestUpdate");
	return true;
}

bool rd_hasher_finish(struct rd_hasher *hasher, uint8_t *out, struct rd_err *err)
{
	if (EVP_DigestFinal_ex(hasher->ctx, out, NULL) != 1)
		return rd_crypto_fail(err, "EVP_DigestFinal_ex");
	return true;
}

bool rd_hash_parts(enum rd_hash hash, const struct rd_view *parts, size_t n, uint8_t *out,
		   struct rd_err *err)
{
	struct rd_hasher *h RD_AUTO(rd_hasher_free) = NULL;
	if (!rd_hasher_new(hash, &h, err))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!rd_hasher_add(h, parts[i], err))
			return false;
	return rd_hasher_finish(h, out, err);
}

bool rd_sha256(struct rd_view in, uint8_t out[RD_SHA256_LEN], struct rd_err *err)
{
	return rd_hash_parts(RD_HASH_SHA256, &in, 1, out, err);
}

bool rd_hmac(enum rd_hash hash, struct rd_view key, struct rd_view in, uint8_t *out,
	     struct rd_err *err)
{
	const EVP_MD *digest = rd_crypto_digest(hash);
	if (!digest)
		return unknown(hash, err);
	if (key.len > INT32_MAX)
		return rd_fail(err, RD_FAULT_USAGE, "crypto.size", "HMAC key of %zu bytes",
			       key.len);
	/* HMAC() takes a NULL key for "the one before". */
	static const uint8_t none[1];
	unsigned len = 0;
	if (!HMAC(digest, key.len ? key.data : none, (int)key.len, in.len ? in.data : none, in.len,
		  out, &len))
		return rd_crypto_fail(err, "HMAC");
	return true;
}
