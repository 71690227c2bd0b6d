/* Other people's public keys, as SubjectPublicKeyInfo, and their signatures. */
#include "x509_int.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <string.h>

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 8192
#define COORDINATE_MAX 66u

static const struct curve {
	enum rd_key_kind kind;
	const char *name, *group;
	uint32_t bits;
	size_t coordinate_len;
} curves[] = {
	{ RD_KEY_P256, "P-256", "prime256v1", 256, 32 },
	{ RD_KEY_P384, "P-384", "secp384r1", 384, 48 },
	{ RD_KEY_P521, "P-521", "secp521r1", 521, 66 },
};

static const struct curve *curve_of_kind(enum rd_key_kind kind)
{
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
		if (curves[i].kind == kind)
			return &curves[i];
	return NULL;
}

static bool no_key(struct rd_err *err, const char *what)
{
	rd_crypto_forget();
	return rd_fail(err, RD_FAULT_MALFORMED, "crypto.spki", "public key: %s", what);
}

void rd_crypto_key_kind(EVP_PKEY *pkey, enum rd_key_kind *kind, uint32_t *bits)
{
	char group[64] = "";
	size_t len = 0;

	*kind = RD_KEY_OTHER;
	*bits = (uint32_t)EVP_PKEY_get_bits(pkey);
	if (EVP_PKEY_is_a(pkey, "RSA")) {
		*kind = RD_KEY_RSA;
	} else if (EVP_PKEY_is_a(pkey, "ED25519")) {
		*kind = RD_KEY_ED25519;
	} else if (EVP_PKEY_is_a(pkey, "EC") &&
		   EVP_PKEY_get_group_name(pkey, group, sizeof(group), &len) == 1) {
		for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
			if (strcmp(group, curves[i].group) == 0 ||
			    strcmp(group, curves[i].name) == 0)
				*kind = curves[i].kind;
	}
	rd_crypto_forget();
}

/* The key, checked: an EC point on its curve, an RSA modulus of a sane size. */
static EVP_PKEY *key_of(struct rd_view spki, struct rd_err *err)
{
	EVP_PKEY *pkey = rd_crypto_spki_decode(spki);
	EVP_PKEY_CTX *ctx;
	bool good;

	if (!pkey) {
		no_key(err, "no SubjectPublicKeyInfo that is understood");
		return NULL;
	}
	ctx = EVP_PKEY_CTX_new(pkey, NULL);
	/* An RSA modulus is only measured: to look for small factors takes longer than a signature.
	 */
	if (EVP_PKEY_is_a(pkey, "RSA"))
		good = EVP_PKEY_get_bits(pkey) >= RSA_BITS_MIN &&
		       EVP_PKEY_get_bits(pkey) <= RSA_BITS_MAX;
	else
		good = ctx &&
		       (EVP_PKEY_is_a(pkey, "ED25519") || EVP_PKEY_public_check_quick(ctx) == 1);
	EVP_PKEY_CTX_free(ctx);
	if (good)
		return pkey;
	EVP_PKEY_free(pkey);
	no_key(err, "its numbers are no key, such as a point that is not on the curve");
	return NULL;
}

bool rd_spki_kind(struct rd_view spki, enum rd_key_kind *kind, uint32_t *bits, struct rd_err *err)
{
	EVP_PKEY *pkey RD_AUTO(rd_crypto_pkey_free) = key_of(spki, err);

	if (!pkey)
		return false;
	rd_crypto_key_kind(pkey, kind, bits);
	return true;
}

static bool keep_spki(EVP_PKEY *pkey, struct rd_arena *arena, struct rd_view *spki,
		      struct rd_err *err)
{
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(pkey, &der);
	bool ok;

	if (len <= 0)
		return rd_crypto_fail(err, "i2d_PUBKEY");
	ok = rd_arena_copy(arena, rd_view_of(der, (size_t)len), spki, err);
	OPENSSL_free(der);
	return ok;
}

bool rd_spki_from_pem(struct rd_view pem, struct rd_arena *arena, struct rd_view *spki,
		      struct rd_err *err)
{
	BIO *bio = pem.len && pem.len <= 64 * 1024 ? BIO_new_mem_buf(pem.data, (int)pem.len) : NULL;
	EVP_PKEY *pkey RD_AUTO(rd_crypto_pkey_free) = NULL;
	enum rd_key_kind kind;
	uint32_t bits;

	if (bio)
		pkey = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
	BIO_free(bio);
	rd_crypto_forget();
	if (!pkey)
		return no_key(err, "no PUBLIC KEY block in PEM");
	return keep_spki(pkey, arena, spki, err) && rd_spki_kind(*spki, &kind, &bits, err);
}

/* A key made of parameters; checked by key_of afterwards. */
static bool from_params(const char *type, OSSL_PARAM_BLD *build, struct rd_arena *arena,
			struct rd_view *spki, struct rd_err *err)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *pkey RD_AUTO(rd_crypto_pkey_free) = NULL;
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
	enum rd_key_kind kind;
	uint32_t bits;
	bool ok = params && ctx && EVP_PKEY_fromdata_init(ctx) == 1 &&
		  EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) == 1;

	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	if (!ok)
		return no_key(err, "its numbers are no key, such as a point off the curve");
	return keep_spki(pkey, arena, spki, err) && rd_spki_kind(*spki, &kind, &bits, err);
}

bool rd_spki_from_point(enum rd_key_kind kind, struct rd_view point, struct rd_arena *arena,
			struct rd_view *spki, struct rd_err *err)
{
	const struct curve *curve = curve_of_kind(kind);
	OSSL_PARAM_BLD *build;
	bool ok;

	if (!curve || point.len != 1 + 2 * curve->coordinate_len || point.data[0] != 4)
		return no_key(err, "no uncompressed point of that curve");
	build = OSSL_PARAM_BLD_new();
	if (!build ||
	    !OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, curve->name, 0) ||
	    !OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point.data,
					      point.len)) {
		OSSL_PARAM_BLD_free(build);
		return rd_crypto_fail(err, "OSSL_PARAM_BLD");
	}
	ok = from_params("EC", build, arena, spki, err);
	OSSL_PARAM_BLD_free(build);
	return ok;
}

bool rd_spki_from_rsa(struct rd_view n, struct rd_view e, struct rd_arena *arena,
		      struct rd_view *spki, struct rd_err *err)
{
	OSSL_PARAM_BLD *build = NULL;
	BIGNUM *bn_n, *bn_e;
	bool ok;

	if (n.len > RSA_BITS_MAX / 8 + 1 || e.len > 8)
		return no_key(err, "an RSA key of more than 8192 bits");
	bn_n = BN_bin2bn(n.data, (int)n.len, NULL);
	bn_e = BN_bin2bn(e.data, (int)e.len, NULL);
	build = OSSL_PARAM_BLD_new();
	ok = bn_n && bn_e && build && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, bn_n) &&
	     OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, bn_e);
	if (!ok)
		rd_crypto_fail(err, "OSSL_PARAM_BLD");
	else if (BN_num_bits(bn_n) < RSA_BITS_MIN || !BN_is_odd(bn_e) || BN_is_one(bn_e))
		ok = no_key(err, "an RSA key under 2048 bits, or with an even exponent");
	else
		ok = from_params("RSA", build, arena, spki, err);
	OSSL_PARAM_BLD_free(build);
	BN_free(bn_n);
	BN_free(bn_e);
	return ok;
}

bool rd_spki_from_ed25519(struct rd_view key, struct rd_arena *arena, struct rd_view *spki,
			  struct rd_err *err)
{
	EVP_PKEY *pkey RD_AUTO(rd_crypto_pkey_free) =
		rd_crypto_raw_public(EVP_PKEY_ED25519, key, err);

	return pkey && keep_spki(pkey, arena, spki, err);
}

bool rd_spki_raw(struct rd_view spki, struct rd_arena *arena, struct rd_view *raw,
		 struct rd_err *err)
{
	EVP_PKEY *pkey RD_AUTO(rd_crypto_pkey_free) = key_of(spki, err);
	uint8_t bytes[1 + 2 * COORDINATE_MAX];
	size_t len = sizeof(bytes);
	enum rd_key_kind kind;
	uint32_t bits;

	if (!pkey)
		return false;
	rd_crypto_key_kind(pkey, &kind, &bits);
	if (kind == RD_KEY_ED25519) {
		if (EVP_PKEY_get_raw_public_key(pkey, bytes, &len) != 1)
			return rd_crypto_fail(err, "EVP_PKEY_get_raw_public_key");
	} else if (curve_of_kind(kind)) {
		if (EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY, bytes,
						    sizeof(bytes), &len) != 1)
			return rd_crypto_fail(err, "EVP_PKEY_get_octet_string_param");
		if (len != 1 + 2 * curve_of_kind(kind)->coordinate_len || bytes[0] != 4)
			return no_key(err, "a point in compressed form");
	} else {
		return no_key(err, "neither on one of the NIST curves nor Ed25519");
	}
	return rd_arena_copy(arena, rd_view_of(bytes, len), raw, err);
}

/* ---- signatures ------------------------------------------------------------------------------ */

static bool wrong(struct rd_err *err)
{
	rd_crypto_forget();
	return rd_fail(err, RD_FAULT_REFUSED, "crypto.signature", "the signature does not verify");
}

static bool wrong_form(struct rd_err *err, const char *what)
{
	return rd_fail(err, RD_FAULT_REFUSED, "crypto.signature.form", "signature: %s", what);
}

static bool set_rsa_padding(EVP_PKEY_CTX *ctx, enum rd_signature_form form, const EVP_MD *md)
{
	if (form == RD_SIGNATURE_RSA_PKCS1)
		return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1;
	return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md) == 1 &&
	       EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, form == RD_SIGNATURE_RSA_PSS
							     ? RSA_PSS_SALTLEN_DIGEST
							     : RSA_PSS_SALTLEN_AUTO) == 1;
}

static bool form_fits(enum rd_signature_form form, enum rd_key_kind kind)
{
	switch (form) {
	case RD_SIGNATURE_ECDSA_RAW:
	case RD_SIGNATURE_ECDSA_DER:
		return curve_of_kind(kind) != NULL;
	case RD_SIGNATURE_RSA_PKCS1:
	case RD_SIGNATURE_RSA_PSS:
	case RD_SIGNATURE_RSA_PSS_ANY_SALT:
		return kind == RD_KEY_RSA;
	case RD_SIGNATURE_EDDSA:
		return kind == RD_KEY_ED25519;
	}
	return false;
}

bool rd_signature_verify(struct rd_view spki, enum rd_signature_form form, enum rd_hash hash,
			 struct rd_view message, struct rd_view signature, struct rd_err *err)
{
	EVP_PKEY *pkey RD_AUTO(rd_crypto_pkey_free) = key_of(spki, err);
	EVP_MD_CTX *ctx RD_AUTO(rd_crypto_md_ctx_free) = EVP_MD_CTX_new();
	bool eddsa = form == RD_SIGNATURE_EDDSA;
	const EVP_MD *md = eddsa ? NULL : rd_crypto_digest(hash);
	EVP_PKEY_CTX *key_ctx = NULL;
	uint8_t der[160];
	enum rd_key_kind kind;
	uint32_t bits;

	if (!pkey)
		return false;
	rd_crypto_key_kind(pkey, &kind, &bits);
	if (!form_fits(form, kind) || (!eddsa && !md))
		return wrong_form(err, "the key is of another kind");
	if (form == RD_SIGNATURE_ECDSA_RAW) {
		if (signature.len != 2 * curve_of_kind(kind)->coordinate_len)
			return wrong_form(err, "r and s are not as long as the curve's order");
		signature.len = rd_crypto_ecdsa_to_der(signature, der, sizeof(der));
		signature.data = der;
	}
	if (!ctx || EVP_DigestVerifyInit(ctx, &key_ctx, md, NULL, pkey) != 1)
		return rd_crypto_fail(err, "EVP_DigestVerifyInit");
	if (kind == RD_KEY_RSA && !set_rsa_padding(key_ctx, form, md))
		return rd_crypto_fail(err, "RSA padding");
	if (EVP_DigestVerify(ctx, signature.data, signature.len, message.data, message.len) != 1)
		return wrong(err);
	return true;
}
