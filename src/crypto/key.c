/* Ed25519 (RFC 8032), X25519 (RFC 7748), ECDSA checks (FIPS 186-5), all by OpenSSL's EVP. */
#include "crypto_int.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/param_build.h>
#include <string.h>

void rd_crypto_pkey_free(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
	*key = NULL;
}

void rd_crypto_md_ctx_free(EVP_MD_CTX **ctx)
{
	EVP_MD_CTX_free(*ctx);
}

static void free_pkey_ctx(EVP_PKEY_CTX **ctx)
{
	EVP_PKEY_CTX_free(*ctx);
}

static bool check_len(size_t len, const char *what, struct rd_err *err)
{
	if (len != 32)
		return rd_fail(err, RD_FAULT_MALFORMED, "crypto.key.length",
			       "%s of %zu bytes, must be 32", what, len);
	return true;
}

EVP_PKEY *rd_crypto_raw_private(int type, const struct rd_secret *key, struct rd_err *err)
{
	EVP_PKEY *pkey;

	if (!check_len(key->len, "private key", err))
		return NULL;
	pkey = EVP_PKEY_new_raw_private_key(type, NULL, key->data, key->len);
	if (!pkey)
		(void)rd_crypto_fail(err, "EVP_PKEY_new_raw_private_key");
	return pkey;
}

EVP_PKEY *rd_crypto_raw_public(int type, struct rd_view key, struct rd_err *err)
{
	EVP_PKEY *pkey;

	if (!check_len(key.len, "public key", err))
		return NULL;
	pkey = EVP_PKEY_new_raw_public_key(type, NULL, key.data, key.len);
	if (!pkey)
		(void)rd_crypto_fail(err, "EVP_PKEY_new_raw_public_key");
	return pkey;
}

static bool public_of(int type, const struct rd_secret *key, uint8_t out[32], struct rd_err *err)
{
	EVP_PKEY *pkey RD_AUTO(rd_crypto_pkey_free) = rd_crypto_raw_private(type, key, err);
	size_t len = 32;

	if (!pkey)
		return false;
	if (EVP_PKEY_get_raw_public_key(pkey, out, &len) != 1 || len != 32)
		return rd_crypto_fail(err, "EVP_PKEY_get_raw_public_key");
	return true;
}

static bool generate(int type, struct rd_secret *key, uint8_t public_key[32], struct rd_err *err)
{
	struct rd_span draw = { key->data, 32, 0 };

	if (!rd_crypto_random(&draw, err))
		return false;
	key->len = 32;
	return public_of(type, key, public_key, err);
}

bool rd_ed25519_generate(struct rd_secret *seed, uint8_t public_key[RD_ED25519_LEN],
			 struct rd_err *err)
{
	return generate(EVP_PKEY_ED25519, seed, public_key, err);
}

bool rd_ed25519_public(const struct rd_secret *seed, uint8_t public_key[RD_ED25519_LEN],
		       struct rd_err *err)
{
	return public_of(EVP_PKEY_ED25519, seed, public_key, err);
}

bool rd_x25519_generate(struct rd_secret *private_key, uint8_t public_key[RD_X25519_LEN],
			struct rd_err *err)
{
	return generate(EVP_PKEY_X25519, private_key, public_key, err);
}

bool rd_x25519_public(const struct rd_secret *private_key, uint8_t public_key[RD_X25519_LEN],
		      struct rd_err *err)
{
	return public_of(EVP_PKEY_X25519, private_key, public_key, err);
}

bool rd_ed25519_sign(const struct rd_secret *seed, struct rd_view message,
		     uint8_t signature[RD_ED25519_SIG_LEN], struct rd_err *err)
{
	EVP_PKEY *pkey RD_AUTO(rd_crypto_pkey_free) =
		rd_crypto_raw_private(EVP_PKEY_ED25519, seed, err);
	EVP_MD_CTX *ctx RD_AUTO(rd_crypto_md_ctx_free) = EVP_MD_CTX_new();
	size_t len = RD_ED25519_SIG_LEN;

	if (!pkey)
		return false;
	if (!ctx || EVP_DigestSignInit(ctx, NULL, NULL, NULL, pkey) != 1 ||
	    EVP_DigestSign(ctx, signature, &len, message.data, message.len) != 1)
		return rd_crypto_fail(err, "EVP_DigestSign");
	return true;
}

static bool wrong_signature(struct rd_err *err)
{
	rd_crypto_forget();
	return rd_fail(err, RD_FAULT_REFUSED, "crypto.signature", "the signature does not verify");
}

bool rd_ed25519_verify(struct rd_view public_key, struct rd_view message, struct rd_view signature,
		       struct rd_err *err)
{
	EVP_PKEY *pkey RD_AUTO(rd_crypto_pkey_free) =
		rd_crypto_raw_public(EVP_PKEY_ED25519, public_key, err);
	EVP_MD_CTX *ctx RD_AUTO(rd_crypto_md_ctx_free) = EVP_MD_CTX_new();

	if (!pkey)
		return false;
	if (!ctx || EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) != 1)
		return rd_crypto_fail(err, "EVP_DigestVerifyInit");
	if (signature.len != RD_ED25519_SIG_LEN ||
	    EVP_DigestVerify(ctx, signature.data, signature.len, message.data, message.len) != 1)
		return wrong_signature(err);
	return true;
}

bool rd_crypto_x25519(const struct rd_secret *private_key, struct rd_view public_key,
		      struct rd_secret *shared, struct rd_err *err)
{
	static const uint8_t zero[RD_X25519_LEN];
	EVP_PKEY *mine RD_AUTO(rd_crypto_pkey_free) =
		rd_crypto_raw_private(EVP_PKEY_X25519, private_key, err);
	EVP_PKEY *theirs RD_AUTO(rd_crypto_pkey_free) = NULL;
	EVP_PKEY_CTX *ctx RD_AUTO(free_pkey_ctx) = NULL;
	size_t len = RD_X25519_LEN;

	if (!mine)
		return false;
	theirs = rd_crypto_raw_public(EVP_PKEY_X25519, public_key, err);
	if (!theirs)
		return false;
	ctx = EVP_PKEY_CTX_new(mine, NULL);
	if (!ctx || EVP_PKEY_derive_init(ctx) != 1 || EVP_PKEY_derive_set_peer(ctx, theirs) != 1)
		return rd_crypto_fail(err, "EVP_PKEY_derive_set_peer");
	/* OpenSSL itself fails on a result of zeros; the comparison does not rely on it. */
	if (EVP_PKEY_derive(ctx, shared->data, &len) != 1 || len != RD_X25519_LEN ||
	    rd_equal_secret(rd_view_of(shared->data, len), rd_view_of(zero, sizeof(zero)))) {
		rd_crypto_forget();
		return rd_fail(err, RD_FAULT_REFUSED, "crypto.x25519.zero",
			       "the public key has small order");
	}
	shared->len = RD_X25519_LEN;
	return true;
}

/* ---- ECDSA ----------------------------------------------------------------------------------- */

static const struct curve {
	const char *name;
	size_t coordinate_len;
} curves[] = { { "P-256", 32 }, { "P-384", 48 }, { "P-521", 66 } };

static const struct curve *curve_of_point(struct rd_view point)
{
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
		if (point.len == 1 + 2 * curves[i].coordinate_len && point.data[0] == 4)
			return &curves[i];
	return NULL;
}

static EVP_PKEY *ec_public(const struct curve *curve, struct rd_view point)
{
	EVP_PKEY_CTX *ctx RD_AUTO(free_pkey_ctx) = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	EVP_PKEY *pkey = NULL;

	if (build &&
	    OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, curve->name, 0) &&
	    OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point.data, point.len))
		params = OSSL_PARAM_BLD_to_param(build);
	if (!params || !ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
		pkey = NULL;
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	return pkey;
}

size_t rd_crypto_ecdsa_to_der(struct rd_view raw, uint8_t *der, size_t cap)
{
	int half = (int)(raw.len / 2);
	BIGNUM *r = BN_bin2bn(raw.data, half, NULL);
	BIGNUM *s = BN_bin2bn(raw.data + half, half, NULL);
	ECDSA_SIG *sig = ECDSA_SIG_new();
	size_t len = 0;

	if (r && s && sig && ECDSA_SIG_set0(sig, r, s) == 1) {
		int need = i2d_ECDSA_SIG(sig, NULL);

		if (need > 0 && (size_t)need <= cap)
			len = (size_t)i2d_ECDSA_SIG(sig, &der);
	} else {
		BN_free(r);
		BN_free(s);
	}
	ECDSA_SIG_free(sig);
	return len;
}

bool rd_ecdsa_verify(struct rd_view public_point, enum rd_hash hash, struct rd_view message,
		     struct rd_view signature, struct rd_err *err)
{
	const struct curve *curve = curve_of_point(public_point);
	const EVP_MD *md = hash == RD_HASH_SHA256   ? EVP_sha256()
			   : hash == RD_HASH_SHA384 ? EVP_sha384()
						    : EVP_sha512();
	EVP_PKEY *pkey RD_AUTO(rd_crypto_pkey_free) = NULL;
	EVP_MD_CTX *ctx RD_AUTO(rd_crypto_md_ctx_free) = EVP_MD_CTX_new();
	uint8_t der[160];
	size_t der_len;

	if (!curve)
		return rd_fail(err, RD_FAULT_MALFORMED, "crypto.key.length",
			       "%zu bytes are no uncompressed P-256, P-384 or P-521 point",
			       public_point.len);
	pkey = ec_public(curve, public_point);
	if (!pkey || !ctx || EVP_DigestVerifyInit(ctx, NULL, md, NULL, pkey) != 1)
		return rd_crypto_fail(err, "EC public key");
	if (signature.len != 2 * curve->coordinate_len)
		return wrong_signature(err);
	der_len = rd_crypto_ecdsa_to_der(signature, der, sizeof(der));
	if (!der_len || EVP_DigestVerify(ctx, der, der_len, message.data, message.len) != 1)
		return wrong_signature(err);
	return true;
}
