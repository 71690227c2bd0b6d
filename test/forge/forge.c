/* Keys, certificates, revocation lists and DER of vendors that do not exist. */
#include "forge.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FROM 1577836800  /* 2020-01-01 */
#define UNTIL 2208988800 /* 2040-01-01 */
#define MEMORY_MAX ((size_t)64 << 20)

struct forge_key {
	EVP_PKEY *pkey;
	struct forge_key *next;
};

#define MUST(condition) must((condition), #condition)

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "forge: %s failed\n", what);
	abort();
}

void forge_init(struct forge *f)
{
	struct rd_err err = { 0 };

	*f = (struct forge){ .next_serial = 0x1001 };
	MUST(rd_arena_new(MEMORY_MAX, &f->arena, &err));
}

void forge_free(struct forge *f)
{
	while (f->keys) {
		struct forge_key *next = f->keys->next;

		EVP_PKEY_free(f->keys->pkey);
		free(f->keys);
		f->keys = next;
	}
	rd_arena_free(&f->arena);
}

static struct rd_view keep(struct forge *f, const void *data, size_t len)
{
	struct rd_err err = { 0 };
	struct rd_view out;

	MUST(rd_arena_copy(f->arena, rd_view_of(data, len), &out, &err));
	return out;
}

struct forge_key *forge_key(struct forge *f, enum forge_key_kind kind)
{
	struct forge_key *key = calloc(1, sizeof(*key));

	MUST(key != NULL);
	switch (kind) {
	case FORGE_P256:
		key->pkey = EVP_EC_gen("P-256");
		break;
	case FORGE_P384:
		key->pkey = EVP_EC_gen("P-384");
		break;
	case FORGE_RSA2048:
		key->pkey = EVP_RSA_gen(2048);
		break;
	case FORGE_RSA3072:
		key->pkey = EVP_RSA_gen(3072);
		break;
	case FORGE_ED25519:
		key->pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
		break;
	}
	MUST(key->pkey != NULL);
	key->next = f->keys;
	f->keys = key;
	return key;
}

struct rd_view forge_spki(struct forge *f, const struct forge_key *key)
{
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(key->pkey, &der);
	struct rd_view out;

	MUST(len > 0);
	out = keep(f, der, (size_t)len);
	OPENSSL_free(der);
	return out;
}

struct rd_view forge_raw_public(struct forge *f, const struct forge_key *key)
{
	uint8_t bytes[200];
	size_t len = sizeof(bytes);

	if (EVP_PKEY_is_a(key->pkey, "ED25519"))
		MUST(EVP_PKEY_get_raw_public_key(key->pkey, bytes, &len) == 1);
	else
		MUST(EVP_PKEY_get_octet_string_param(key->pkey, OSSL_PKEY_PARAM_PUB_KEY, bytes,
						     sizeof(bytes), &len) == 1);
	return keep(f, bytes, len);
}

struct rd_view forge_rsa_modulus(struct forge *f, const struct forge_key *key)
{
	BIGNUM *n = NULL;
	uint8_t bytes[1024];
	int len;

	MUST(EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_RSA_N, &n) == 1);
	MUST(BN_num_bytes(n) <= (int)sizeof(bytes));
	len = BN_bn2bin(n, bytes);
	BN_free(n);
	return keep(f, bytes, (size_t)len);
}

static const EVP_MD *md_of(enum rd_hash hash)
{
	return hash == RD_HASH_SHA1     ? EVP_sha1()
	       : hash == RD_HASH_SHA384 ? EVP_sha384()
	       : hash == RD_HASH_SHA512 ? EVP_sha512()
					: EVP_sha256();
}

static struct rd_view der_to_raw(struct forge *f, const struct forge_key *key, struct rd_view der)
{
	int half = (EVP_PKEY_get_bits(key->pkey) + 7) / 8;
	const unsigned char *p = der.data;
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &p, (long)der.len);
	uint8_t raw[200];

	MUST(sig != NULL);
	MUST(BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, half) == half);
	MUST(BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + half, half) == half);
	ECDSA_SIG_free(sig);
	return keep(f, raw, 2 * (size_t)half);
}

struct rd_view forge_sign(struct forge *f, const struct forge_key *key, enum rd_signature_form form,
			  enum rd_hash hash, struct rd_view message)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *key_ctx = NULL;
	uint8_t bytes[1024];
	size_t len = sizeof(bytes);
	struct rd_view out;

	MUST(EVP_DigestSignInit(ctx, &key_ctx, form == RD_SIGNATURE_EDDSA ? NULL : md_of(hash),
				NULL, key->pkey) == 1);
	if (form == RD_SIGNATURE_RSA_PSS || form == RD_SIGNATURE_RSA_PSS_ANY_SALT)
		MUST(EVP_PKEY_CTX_set_rsa_padding(key_ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
		     EVP_PKEY_CTX_set_rsa_pss_saltlen(key_ctx, form == RD_SIGNATURE_RSA_PSS
								       ? RSA_PSS_SALTLEN_DIGEST
								       : RSA_PSS_SALTLEN_MAX) == 1);
	MUST(EVP_DigestSign(ctx, bytes, &len, message.data, message.len) == 1);
	EVP_MD_CTX_free(ctx);
	out = keep(f, bytes, len);
	return form == RD_SIGNATURE_ECDSA_RAW ? der_to_raw(f, key, out) : out;
}

/* ---- certificates ---------------------------------------------------------------------------- */

static void set_time(ASN1_TIME *t, int64_t unix_s)
{
	MUST(ASN1_TIME_adj(t, 0, (int)(unix_s / 86400), (long)(unix_s % 86400)) != NULL);
}

static void add_text_extension(X509 *x, X509 *issuer, int nid, const char *text)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;

	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, text);
	MUST(e && X509_add_ext(x, e, -1) == 1);
	X509_EXTENSION_free(e);
}

static X509_EXTENSION *raw_extension(const struct forge_extension *in)
{
	ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
	ASN1_OBJECT *oid = OBJ_txt2obj(in->oid, 1);
	X509_EXTENSION *e;

	MUST(oid && ASN1_OCTET_STRING_set(octets, in->value.data, (int)in->value.len) == 1);
	e = X509_EXTENSION_create_by_OBJ(NULL, oid, in->critical, octets);
	MUST(e != NULL);
	ASN1_OBJECT_free(oid);
	ASN1_OCTET_STRING_free(octets);
	return e;
}

static void add_extensions(X509 *x, X509 *issuer, const struct forge_cert_spec *spec)
{
	char text[64];

	if (spec->is_ca && spec->path_len_plus_1) {
		snprintf(text, sizeof(text), "critical,CA:TRUE,pathlen:%d",
			 spec->path_len_plus_1 - 1);
		add_text_extension(x, issuer, NID_basic_constraints, text);
	} else if (spec->is_ca) {
		add_text_extension(x, issuer, NID_basic_constraints, "critical,CA:TRUE");
	}
	if (spec->key_usage)
		add_text_extension(x, issuer, NID_key_usage, spec->key_usage);
	if (!spec->no_key_ids) {
		add_text_extension(x, issuer, NID_subject_key_identifier, "hash");
		/* A self-signed one: its key id is only known by now. */
		add_text_extension(x, issuer, NID_authority_key_identifier, "keyid");
	}
	for (uint32_t i = 0; i < spec->n_extensions; i++) {
		X509_EXTENSION *e = raw_extension(&spec->extension[i]);

		MUST(X509_add_ext(x, e, -1) == 1);
		X509_EXTENSION_free(e);
	}
}

/* A context that signs with PSS or not. */
static EVP_MD_CTX *signer(const struct forge_key *key, enum rd_hash hash, bool pss)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *key_ctx = NULL;
	const EVP_MD *md = EVP_PKEY_is_a(key->pkey, "ED25519") ? NULL : md_of(hash);

	MUST(ctx && EVP_DigestSignInit(ctx, &key_ctx, md, NULL, key->pkey) == 1);
	if (pss)
		MUST(EVP_PKEY_CTX_set_rsa_padding(key_ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
		     EVP_PKEY_CTX_set_rsa_pss_saltlen(key_ctx, RSA_PSS_SALTLEN_DIGEST) == 1);
	return ctx;
}

static X509 *parse(struct rd_view der)
{
	const unsigned char *p = der.data;
	X509 *x = d2i_X509(NULL, &p, (long)der.len);

	MUST(x != NULL);
	return x;
}

struct rd_cert forge_cert(struct forge *f, const struct forge_cert_spec *spec)
{
	const struct forge_key *by = spec->issuer_key ? spec->issuer_key : spec->key;
	X509 *issuer = spec->issuer ? parse(spec->issuer->der) : NULL;
	EVP_MD_CTX *ctx = signer(by, spec->hash, spec->pss);
	struct rd_err err = { 0 };
	unsigned char *der = NULL;
	X509 *x = X509_new();
	struct rd_cert out;
	int len;

	MUST(x && X509_set_version(x, X509_VERSION_3) == 1);
	MUST(ASN1_INTEGER_set_uint64(X509_get_serialNumber(x),
				     spec->serial ? spec->serial : f->next_serial++) == 1);
	set_time(X509_getm_notBefore(x), spec->not_before ? spec->not_before : FROM);
	set_time(X509_getm_notAfter(x), spec->not_after ? spec->not_after : UNTIL);
	MUST(X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
					(const unsigned char *)spec->cn, -1, -1, 0) == 1);
	MUST(X509_set_issuer_name(x, X509_get_subject_name(issuer ? issuer : x)) == 1);
	MUST(X509_set_pubkey(x, spec->key->pkey) == 1);
	add_extensions(x, issuer ? issuer : x, spec);
	MUST(X509_sign_ctx(x, ctx) > 0);
	len = i2d_X509(x, &der);
	MUST(len > 0);
	MUST(rd_cert_parse(keep(f, der, (size_t)len), f->arena, &out, &err));
	OPENSSL_free(der);
	EVP_MD_CTX_free(ctx);
	X509_free(x);
	X509_free(issuer);
	return out;
}

static struct rd_view keep_bio(struct forge *f, BIO *bio)
{
	char *text = NULL;
	long len = BIO_get_mem_data(bio, &text);
	struct rd_view out = keep(f, text, (size_t)len);

	BIO_free(bio);
	return out;
}

struct rd_view forge_pem(struct forge *f, const struct rd_cert *const *certs, uint32_t n)
{
	BIO *bio = BIO_new(BIO_s_mem());

	for (uint32_t i = 0; i < n; i++) {
		X509 *x = parse(certs[i]->der);

		MUST(PEM_write_bio_X509(bio, x) == 1);
		X509_free(x);
	}
	return keep_bio(f, bio);
}

struct rd_view forge_spki_pem(struct forge *f, const struct forge_key *key)
{
	BIO *bio = BIO_new(BIO_s_mem());

	MUST(PEM_write_bio_PUBKEY(bio, key->pkey) == 1);
	return keep_bio(f, bio);
}

struct rd_tee_input forge_with_key(struct forge *f, struct rd_view report,
				   const struct forge_key *key, int64_t now_unix_s)
{
	static struct rd_collateral piece;

	piece = (struct rd_collateral){ .name = "key.pem",
					.bytes = key ? forge_spki_pem(f, key) : rd_view_str(""),
					.trusted = key != NULL };
	return (struct rd_tee_input){
		.report = report, .collateral = &piece, .n_collateral = 1, .now_unix_s = now_unix_s
	};
}

static void add_revoked(X509_CRL *crl, struct rd_view serial)
{
	X509_REVOKED *r = X509_REVOKED_new();
	BIGNUM *bn = BN_bin2bn(serial.data, (int)serial.len, NULL);
	ASN1_INTEGER *number = BN_to_ASN1_INTEGER(bn, NULL);
	ASN1_TIME *when = ASN1_TIME_set(NULL, FROM);

	MUST(r && number && X509_REVOKED_set_serialNumber(r, number) == 1 &&
	     X509_REVOKED_set_revocationDate(r, when) == 1 && X509_CRL_add0_revoked(crl, r) == 1);
	BN_free(bn);
	ASN1_INTEGER_free(number);
	ASN1_TIME_free(when);
}

static void add_crl_extension(X509_CRL *crl, X509 *issuer, int nid, const char *text)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;

	X509V3_set_ctx(&ctx, issuer, NULL, NULL, crl, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, text);
	MUST(e && X509_CRL_add_ext(crl, e, -1) == 1);
	X509_EXTENSION_free(e);
}

struct rd_view forge_crl(struct forge *f, const struct forge_crl_spec *spec)
{
	static const uint8_t null_der[] = { 5, 0 };
	struct forge_extension unknown = { .oid = "1.3.6.1.4.1.99999.1",
					   .critical = true,
					   .value = rd_view_of(null_der, sizeof(null_der)) };
	EVP_MD_CTX *ctx = signer(spec->issuer_key, spec->hash, spec->pss);
	X509 *issuer = parse(spec->issuer->der);
	ASN1_TIME *t = ASN1_TIME_new();
	X509_CRL *crl = X509_CRL_new();
	unsigned char *der = NULL;
	struct rd_view out;
	int len;

	MUST(crl && X509_CRL_set_version(crl, X509_CRL_VERSION_2) == 1);
	MUST(X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer)) == 1);
	set_time(t, spec->this_update ? spec->this_update : FROM);
	MUST(X509_CRL_set1_lastUpdate(crl, t) == 1);
	set_time(t, spec->next_update > 0 ? spec->next_update : UNTIL);
	if (spec->next_update >= 0)
		MUST(X509_CRL_set1_nextUpdate(crl, t) == 1);
	for (uint32_t i = 0; i < spec->n_revoked; i++)
		add_revoked(crl, spec->revoked[i]);
	add_crl_extension(crl, issuer, NID_authority_key_identifier, "keyid");
	if (spec->critical_extension) {
		X509_EXTENSION *e = raw_extension(&unknown);

		MUST(X509_CRL_add_ext(crl, e, -1) == 1);
		X509_EXTENSION_free(e);
	}
	MUST(X509_CRL_sort(crl) == 1 && X509_CRL_sign_ctx(crl, ctx) > 0);
	len = i2d_X509_CRL(crl, &der);
	MUST(len > 0);
	out = keep(f, der, (size_t)len);
	OPENSSL_free(der);
	ASN1_TIME_free(t);
	EVP_MD_CTX_free(ctx);
	X509_CRL_free(crl);
	X509_free(issuer);
	return out;
}

/* ---- bytes ----------------------------------------------------------------------------------- */

struct rd_view forge_der(struct forge *f, uint8_t tag, struct rd_view content)
{
	uint8_t head[6] = { tag };
	struct rd_view parts[2];
	size_t n = 2;

	if (content.len < 128) {
		head[1] = (uint8_t)content.len;
	} else {
		size_t bytes = content.len > 0xFFFF ? 3 : content.len > 0xFF ? 2 : 1;

		head[1] = (uint8_t)(0x80 | bytes);
		for (size_t i = 0; i < bytes; i++)
			head[n++] = (uint8_t)(content.len >> (8 * (bytes - 1 - i)));
	}
	parts[0] = rd_view_of(head, n);
	parts[1] = content;
	return forge_concat(f, 2, parts);
}

struct rd_view forge_der_uint(struct forge *f, uint64_t value)
{
	uint8_t bytes[9] = { 0 };
	size_t from;

	for (int i = 0; i < 8; i++)
		bytes[1 + i] = (uint8_t)(value >> (56 - 8 * i));
	for (from = 1; from < 8 && bytes[from] == 0;)
		from++;
	if (bytes[from] & 0x80)
		from--;
	return forge_der(f, RD_DER_INTEGER, rd_view_of(bytes + from, 9 - from));
}

struct rd_view forge_der_oid(struct forge *f, const char *dotted)
{
	ASN1_OBJECT *object = OBJ_txt2obj(dotted, 1);
	struct rd_view out;

	MUST(object != NULL);
	out = forge_der(f, RD_DER_OID, rd_view_of(OBJ_get0_data(object), OBJ_length(object)));
	ASN1_OBJECT_free(object);
	return out;
}

struct rd_view forge_concat(struct forge *f, uint32_t n, const struct rd_view *parts)
{
	struct rd_err err = { 0 };
	size_t len = 0;
	uint8_t *data;

	for (uint32_t i = 0; i < n; i++)
		len += parts[i].len;
	data = rd_arena_alloc(f->arena, len ? len : 1, 1, &err);
	MUST(data != NULL);
	len = 0;
	for (uint32_t i = 0; i < n; i++) {
		if (parts[i].len)
			memcpy(data + len, parts[i].data, parts[i].len);
		len += parts[i].len;
	}
	return rd_view_of(data, len);
}

struct rd_view forge_set(struct forge *f, struct rd_view in, size_t byte, uint8_t value)
{
	struct rd_view parts[3] = { rd_view_of(in.data, byte), rd_view_of(&value, 1) };

	MUST(byte < in.len);
	parts[2] = rd_view_of(in.data + byte + 1, in.len - byte - 1);
	return forge_concat(f, 3, parts);
}

struct rd_view forge_flip(struct forge *f, struct rd_view in, size_t byte, unsigned bit)
{
	MUST(byte < in.len && bit < 8);
	return forge_set(f, in, byte, (uint8_t)(in.data[byte] ^ (1u << bit)));
}
