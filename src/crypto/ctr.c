/* AES in counter mode, by OpenSSL. */
#include "crypto_int.h"

#include <openssl/evp.h>

static const EVP_CIPHER *cipher_of(size_t key_len)
{
	return key_len == 16   ? EVP_aes_128_ctr()
	       : key_len == 24 ? EVP_aes_192_ctr()
	       : key_len == 32 ? EVP_aes_256_ctr()
			       : NULL;
}

bool rd_aes_ctr(const struct rd_secret *key, const uint8_t counter[16], struct rd_view in,
		struct rd_span *out, struct rd_err *err)
{
	const EVP_CIPHER *cipher = cipher_of(key->len);
	EVP_CIPHER_CTX *ctx;
	int len = 0;
	bool ok;

	if (!cipher || in.len > INT32_MAX || out->cap - out->used < in.len)
		return rd_fail(err, RD_FAULT_USAGE, "crypto.space",
			       "AES-CTR of %zu bytes with a key of %zu", in.len, key->len);
	if (in.len == 0)
		return true;
	ctx = EVP_CIPHER_CTX_new();
	ok = ctx && EVP_DecryptInit_ex(ctx, cipher, NULL, key->data, counter) == 1 &&
	     EVP_DecryptUpdate(ctx, out->data + out->used, &len, in.data, (int)in.len) == 1 &&
	     (size_t)len == in.len;
	EVP_CIPHER_CTX_free(ctx);
	if (!ok)
		return rd_crypto_fail(err, "AES-CTR");
	out->used += in.len;
	return true;
}
