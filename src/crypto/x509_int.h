/* crypto edge, inside: OpenSSL's objects behind our views. */
#ifndef RD_CRYPTO_X509_INT_H
#define RD_CRYPTO_X509_INT_H

#include "crypto_int.h"

#include <openssl/x509.h>

void rd_crypto_key_kind(EVP_PKEY *pkey, enum rd_key_kind *kind, uint32_t *bits);
void rd_crypto_x509_free(X509 **cert);
/* cache.c: decoded now or lately, to be freed; NULL if the whole of the bytes is not one. */
X509 *rd_crypto_x509_decode(struct rd_view der);
EVP_PKEY *rd_crypto_spki_decode(struct rd_view spki);
/* A certificate that rd_cert_parse took; NULL with *err set when memory runs out. */
X509 *rd_crypto_x509(const struct rd_cert *cert, struct rd_err *err);
/* Unix seconds; false for a time that is none. */
bool rd_crypto_time(const ASN1_TIME *time, int64_t *unix_s);
/* The first common name as UTF-8, or empty. */
bool rd_crypto_common_name(const X509_NAME *name, struct rd_arena *arena, struct rd_view *out,
			   struct rd_err *err);
/* Signed with MD5 or SHA-1 (an RSASSA-PSS one says its hash elsewhere). */
bool rd_crypto_weak_signature(int signature_nid);
/* "2025-07-01T00:00:00Z" or so, for texts. */
void rd_crypto_time_text(int64_t unix_s, char out[32]);

#endif
