/*
 * Certificates and public keys that were decoded lately.  OpenSSL 3 takes longer to decode a key
 * than to verify with it, and one verification looks at the same few certificates again and again.
 *
 * The key of an entry is the exact encoding, compared whole; the objects are immutable and counted,
 * so an entry may be replaced while somebody still uses its object.  Fixed in size: hostile input
 * only replaces.
 */
#include "x509_int.h"

#include <openssl/crypto.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS 256u
#define SPKI_MAX 4096u

enum kind { EMPTY, CERTIFICATE, PUBLIC_KEY };

struct slot {
	enum kind kind;
	uint8_t *der;
	size_t len;
	X509 *cert;
	EVP_PKEY *key;
};

static struct slot slots[SLOTS];
static CRYPTO_RWLOCK *lock;
static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;

static void make_lock(void)
{
	lock = CRYPTO_THREAD_lock_new();
}

/* FNV-1a: only picks a slot. */
static struct slot *slot_of(enum kind kind, struct rd_view der)
{
	uint32_t h = 2166136261u ^ (uint32_t)kind;

	for (size_t i = 0; i < der.len; i++)
		h = (h ^ der.data[i]) * 16777619u;
	return &slots[(h ^ h >> 16) % SLOTS];
}

static bool holds(const struct slot *s, enum kind kind, struct rd_view der)
{
	return s->kind == kind && rd_view_eq(rd_view_of(s->der, s->len), der);
}

static void empty(struct slot *s)
{
	X509_free(s->cert);
	EVP_PKEY_free(s->key);
	free(s->der);
	*s = (struct slot){ 0 };
}

/* Counts the object once more for the table; without memory there is simply no entry. */
static void put(enum kind kind, struct rd_view der, X509 *cert, EVP_PKEY *key)
{
	struct slot *s = slot_of(kind, der);
	uint8_t *copy = malloc(der.len);

	if (!copy || CRYPTO_THREAD_write_lock(lock) != 1) {
		free(copy);
		return;
	}
	empty(s);
	memcpy(copy, der.data, der.len);
	*s = (struct slot){ .kind = kind, .der = copy, .len = der.len };
	if (cert && X509_up_ref(cert) == 1)
		s->cert = cert;
	if (key && EVP_PKEY_up_ref(key) == 1)
		s->key = key;
	CRYPTO_THREAD_unlock(lock);
}

X509 *rd_crypto_x509_decode(struct rd_view der)
{
	const unsigned char *p = der.data;
	struct slot *s = slot_of(CERTIFICATE, der);
	X509 *x = NULL;

	if (der.len == 0 || der.len > RD_CERT_MAX ||
	    CRYPTO_THREAD_run_once(&once, make_lock) != 1 || !lock ||
	    CRYPTO_THREAD_read_lock(lock) != 1)
		return NULL;
	if (holds(s, CERTIFICATE, der) && s->cert && X509_up_ref(s->cert) == 1)
		x = s->cert;
	CRYPTO_THREAD_unlock(lock);
	if (x)
		return x;
	x = d2i_X509(NULL, &p, (long)der.len);
	if (!x || p != der.data + der.len) {
		X509_free(x);
		return NULL;
	}
	/* Reads the extensions now, while nobody else has it. */
	(void)X509_get_extension_flags(x);
	put(CERTIFICATE, der, x, NULL);
	return x;
}

EVP_PKEY *rd_crypto_spki_decode(struct rd_view spki)
{
	const unsigned char *p = spki.data;
	struct slot *s = slot_of(PUBLIC_KEY, spki);
	EVP_PKEY *key = NULL;

	if (spki.len == 0 || spki.len > SPKI_MAX || CRYPTO_THREAD_run_once(&once, make_lock) != 1 ||
	    !lock || CRYPTO_THREAD_read_lock(lock) != 1)
		return NULL;
	if (holds(s, PUBLIC_KEY, spki) && s->key && EVP_PKEY_up_ref(s->key) == 1)
		key = s->key;
	CRYPTO_THREAD_unlock(lock);
	if (key)
		return key;
	key = d2i_PUBKEY(NULL, &p, (long)spki.len);
	if (!key || p != spki.data + spki.len) {
		EVP_PKEY_free(key);
		return NULL;
	}
	put(PUBLIC_KEY, spki, NULL, key);
	return key;
}
