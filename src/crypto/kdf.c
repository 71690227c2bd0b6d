/* Key derivation: HKDF (RFC 5869) over rd_hmac, scrypt (RFC 7914) by OpenSSL. */
#include "crypto_int.h"

#include <string.h>

#define HKDF_INFO_MAX 4096

bool rd_hkdf_extract(enum rd_hash hash, struct rd_view salt, struct rd_view ikm,
		     struct rd_secret *prk, struct rd_err *err)
{
	/* RFC 5869 2.2: no salt is a string of hash-length zeros; HMAC pads an empty key to the
	 * same. */
	if (!rd_hmac(hash, salt, ikm, prk->data, err))
		return false;
	prk->len = rd_hash_len(hash);
	return true;
}

bool rd_hkdf_expand(enum rd_hash hash, struct rd_view prk, struct rd_view info, struct rd_span *okm,
		    struct rd_err *err)
{
	size_t hash_len = rd_hash_len(hash);
	size_t want = okm->cap - okm->used;
	if (!hash_len || want > 255 * hash_len || info.len > HKDF_INFO_MAX)
		return rd_fail(err, RD_FAULT_USAGE, "crypto.size",
			       "HKDF of %zu bytes with %zu bytes of info is out of bounds", want,
			       info.len);
	struct rd_buf block RD_AUTO(rd_buf_free) = { .max = RD_SHA512_LEN + HKDF_INFO_MAX + 1 };
	struct rd_secret t = { .len = 0 };
	bool ok = true;
	for (uint8_t i = 1; ok && okm->used < okm->cap; i++) {
		rd_buf_clear(&block);
		rd_buf_add(&block, rd_secret_view(&t));
		rd_buf_add(&block, info);
		rd_buf_add_byte(&block, i);
		ok = rd_buf_ok(&block, err) && rd_hmac(hash, prk, rd_buf_view(&block), t.data, err);
		if (!ok)
			break;
		t.len = hash_len;
		size_t left = okm->cap - okm->used;
		size_t n = left < hash_len ? left : hash_len;
		memcpy(okm->data + okm->used, t.data, n);
		okm->used += n;
	}
	rd_secret_wipe(&t);
	return ok;
}

bool rd_hkdf(struct rd_view ikm, struct rd_view salt, struct rd_view info, size_t len,
	     struct rd_secret *out, struct rd_err *err)
{
	if (len == 0 || len > RD_SECRET_MAX)
		return rd_fail(err, RD_FAULT_USAGE, "crypto.size",
			       "a secret of %zu bytes, must be 1 to %d", len, RD_SECRET_MAX);
	struct rd_secret prk RD_AUTO(rd_secret_wipe) = { .len = 0 };
	struct rd_span okm = { out->data, len, 0 };
	if (!rd_hkdf_extract(RD_HASH_SHA256, salt, ikm, &prk, err) ||
	    !rd_hkdf_expand(RD_HASH_SHA256, rd_secret_view(&prk), info, &okm, err))
		return false;
	out->len = len;
	return true;
}

bool rd_scrypt(struct rd_view password, struct rd_view salt, struct rd_scrypt_cost cost, size_t len,
	       struct rd_secret *out, struct rd_err *err)
{
	if (cost.log2_n < 10 || cost.log2_n > 20 || cost.r < 1 || cost.r > 16 || cost.p < 1 ||
	    cost.p > 4)
		return rd_fail(
			err, RD_FAULT_REFUSED, "crypto.scrypt.cost",
			"scrypt cost N=2^%u r=%u p=%u, must be N 2^10..2^20, r 1..16, p 1..4",
			cost.log2_n, cost.r, cost.p);
	if (len == 0 || len > RD_SECRET_MAX)
		return rd_fail(err, RD_FAULT_USAGE, "crypto.size",
			       "a secret of %zu bytes, must be 1 to %d", len, RD_SECRET_MAX);
	uint64_t n = (uint64_t)1 << cost.log2_n;
	uint64_t memory = 128 * (n + cost.p + 2) * cost.r;
	const char *pass = password.len ? (const char *)password.data : "";
	if (EVP_PBE_scrypt(pass, password.len, salt.data, salt.len, n, cost.r, cost.p, memory,
			   out->data, len) != 1)
		return rd_crypto_fail(err, "EVP_PBE_scrypt");
	out->len = len;
	return true;
}
