/* Certificates taken apart: RFC 5280 by OpenSSL, copied into views. */
#include "x509_int.h"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#define SECONDS_PER_DAY 86400

void rd_crypto_x509_free(X509 **cert)
{
	X509_free(*cert);
	*cert = NULL;
}

static bool bad_form(struct rd_err *err, const char *what)
{
	rd_crypto_forget();
	return rd_fail(err, RD_FAULT_MALFORMED, "crypto.cert.form", "certificate: %s", what);
}

bool rd_crypto_time(const ASN1_TIME *time, int64_t *unix_s)
{
	ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
	int days, seconds;
	bool ok = epoch && time && ASN1_TIME_diff(&days, &seconds, epoch, time) == 1;

	ASN1_TIME_free(epoch);
	rd_crypto_forget();
	if (ok)
		*unix_s = (int64_t)days * SECONDS_PER_DAY + seconds;
	return ok;
}

void rd_crypto_time_text(int64_t unix_s, char out[32])
{
	ASN1_TIME *t = ASN1_TIME_adj(NULL, 0, (int)(unix_s / SECONDS_PER_DAY),
				     (long)(unix_s % SECONDS_PER_DAY));
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	long len = 0;

	if (t && bio && ASN1_TIME_print_ex(bio, t, ASN1_DTFLGS_ISO8601) == 1)
		len = BIO_get_mem_data(bio, &text);
	snprintf(out, 32, "%.*s", (int)(len < 31 ? len : 31), len ? text : "");
	BIO_free(bio);
	ASN1_TIME_free(t);
	rd_crypto_forget();
}

bool rd_crypto_common_name(const X509_NAME *name, struct rd_arena *arena, struct rd_view *out,
			   struct rd_err *err)
{
	int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
	unsigned char *text = NULL;
	int len;
	bool ok = true;

	*out = (struct rd_view){ 0 };
	if (at < 0)
		return true;
	len = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
	if (len > 0)
		ok = rd_arena_copy(arena, rd_view_of(text, (size_t)len), out, err);
	OPENSSL_free(text);
	rd_crypto_forget();
	return ok;
}

bool rd_crypto_weak_signature(int signature_nid)
{
	int hash = NID_undef;

	if (signature_nid == NID_rsassaPss || signature_nid == NID_ED25519)
		return false;
	return !OBJ_find_sigid_algs(signature_nid, &hash, NULL) || hash == NID_sha1 ||
	       hash == NID_md5 || hash == NID_undef;
}

/* Anything that OpenSSL can write as DER, into the arena. */
static bool keep_name(const X509_NAME *name, struct rd_arena *arena, struct rd_view *out,
		      struct rd_err *err)
{
	unsigned char *der = NULL;
	int len = i2d_X509_NAME(name, &der);
	bool ok;

	if (len <= 0)
		return bad_form(err, "a name that cannot be read");
	ok = rd_arena_copy(arena, rd_view_of(der, (size_t)len), out, err);
	OPENSSL_free(der);
	return ok;
}

static bool keep_spki(X509 *x, struct rd_arena *arena, struct rd_cert *out, struct rd_err *err)
{
	EVP_PKEY *pkey = X509_get0_pubkey(x);
	unsigned char *der = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der);
	bool ok;

	if (len <= 0)
		return bad_form(err, "no public key");
	ok = rd_arena_copy(arena, rd_view_of(der, (size_t)len), &out->spki, err);
	OPENSSL_free(der);
	if (pkey)
		rd_crypto_key_kind(pkey, &out->key, &out->key_bits);
	rd_crypto_forget();
	return ok;
}

static bool keep_octets(const ASN1_OCTET_STRING *s, struct rd_arena *arena, struct rd_view *out,
			struct rd_err *err)
{
	*out = (struct rd_view){ 0 };
	return !s || ASN1_STRING_length(s) == 0 ||
	       rd_arena_copy(arena,
			     rd_view_of(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s)),
			     out, err);
}

static bool keep_serial(X509 *x, struct rd_arena *arena, struct rd_view *out, struct rd_err *err)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(x);
	struct rd_view v =
		rd_view_of(ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial));

	while (v.len && v.data[0] == 0) {
		v.data++;
		v.len--;
	}
	return rd_arena_copy(arena, v, out, err);
}

static void read_usage(X509 *x, struct rd_cert *out)
{
	uint32_t flags = X509_get_extension_flags(x);
	uint32_t usage = X509_get_key_usage(x);

	out->is_ca = (flags & EXFLAG_CA) != 0;
	out->path_len = (int32_t)X509_get_pathlen(x);
	out->has_key_usage = (flags & EXFLAG_KUSAGE) != 0;
	out->may_sign_certs = (usage & KU_KEY_CERT_SIGN) != 0;
	out->may_sign_crls = (usage & KU_CRL_SIGN) != 0;
	out->may_sign = (usage & KU_DIGITAL_SIGNATURE) != 0;
	out->signed_with_pss = X509_get_signature_nid(x) == NID_rsassaPss;
}

/* OpenSSL takes some BER: what it writes must be what it read. */
static bool is_der(X509 *x, struct rd_view der)
{
	unsigned char *again = NULL;
	int len = i2d_X509(x, &again);
	bool same = len > 0 && rd_view_eq(rd_view_of(again, (size_t)len), der);

	OPENSSL_free(again);
	return same;
}

bool rd_cert_parse(struct rd_view der, struct rd_arena *arena, struct rd_cert *out,
		   struct rd_err *err)
{
	X509 *x RD_AUTO(rd_crypto_x509_free) = NULL;

	*out = (struct rd_cert){ .der = der, .path_len = -1 };
	if (der.len == 0 || der.len > RD_CERT_MAX)
		return bad_form(err, "empty, or of more than 16 KiB");
	x = rd_crypto_x509_decode(der);
	if (!x || !is_der(x, der))
		return bad_form(err, "not one in DER");
	if (X509_get_extension_flags(x) & EXFLAG_INVALID)
		return bad_form(err, "an extension cannot be read");
	if (!rd_crypto_time(X509_get0_notBefore(x), &out->not_before) ||
	    !rd_crypto_time(X509_get0_notAfter(x), &out->not_after))
		return bad_form(err, "its dates cannot be read");
	read_usage(x, out);
	rd_crypto_forget();
	return keep_spki(x, arena, out, err) &&
	       keep_name(X509_get_subject_name(x), arena, &out->subject, err) &&
	       keep_name(X509_get_issuer_name(x), arena, &out->issuer, err) &&
	       rd_crypto_common_name(X509_get_subject_name(x), arena, &out->subject_cn, err) &&
	       rd_crypto_common_name(X509_get_issuer_name(x), arena, &out->issuer_cn, err) &&
	       keep_serial(x, arena, &out->serial, err) &&
	       keep_octets(X509_get0_subject_key_id(x), arena, &out->subject_key_id, err) &&
	       keep_octets(X509_get0_authority_key_id(x), arena, &out->authority_key_id, err);
}

X509 *rd_crypto_x509(const struct rd_cert *cert, struct rd_err *err)
{
	X509 *x = rd_crypto_x509_decode(cert->der);

	if (!x)
		rd_crypto_fail(err, "d2i_X509");
	return x;
}

/* One PEM block: its DER into the arena if it is a certificate.  False: no more blocks, or *err. */
static bool next_block(BIO *bio, struct rd_arena *arena, struct rd_view *der, bool *failed,
		       struct rd_err *err)
{
	char *name = NULL, *header = NULL;
	unsigned char *data = NULL;
	long len = 0;

	*der = (struct rd_view){ 0 };
	if (PEM_read_bio(bio, &name, &header, &data, &len) != 1) {
		unsigned long why = ERR_peek_last_error();

		*failed = ERR_GET_REASON(why) != PEM_R_NO_START_LINE;
		rd_crypto_forget();
		return *failed ? bad_form(err, "a PEM block that is broken") : false;
	}
	if (strcmp(name, PEM_STRING_X509) == 0 && header[0] == '\0')
		*failed = !rd_arena_copy(arena, rd_view_of(data, (size_t)len), der, err);
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_free(data);
	return !*failed;
}

bool rd_certs_read(struct rd_view in, struct rd_arena *arena, struct rd_cert *certs, uint32_t max,
		   uint32_t *n, struct rd_err *err)
{
	struct rd_view der;
	bool failed = false;
	BIO *bio;

	*n = 0;
	if (in.len && in.data[0] == RD_DER_SEQUENCE) {
		if (max == 0)
			return bad_form(err, "one more than fits");
		*n = 1;
		return rd_cert_parse(in, arena, &certs[0], err);
	}
	if (in.len == 0 || in.len > (size_t)RD_CERT_MAX * 2 * RD_CERT_PATH_MAX)
		return in.len == 0 || bad_form(err, "a PEM text that is too large");
	bio = BIO_new_mem_buf(in.data, (int)in.len);
	if (!bio)
		return rd_crypto_fail(err, "BIO_new_mem_buf");
	while (!failed && next_block(bio, arena, &der, &failed, err)) {
		if (der.len == 0)
			continue;
		failed = *n == max ? !bad_form(err, "more of them than fit")
				   : !rd_cert_parse(der, arena, &certs[(*n)++], err);
	}
	BIO_free(bio);
	return !failed;
}

bool rd_cert_extension(const struct rd_cert *cert, const char *oid, struct rd_view *value)
{
	struct rd_err unused = { 0 };
	X509 *x RD_AUTO(rd_crypto_x509_free) = rd_crypto_x509(cert, &unused);
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	int at = x && object ? X509_get_ext_by_OBJ(x, object, -1) : -1;
	ASN1_OCTET_STRING *octets = at < 0 ? NULL : X509_EXTENSION_get_data(X509_get_ext(x, at));
	const uint8_t *inside;
	size_t len;

	ASN1_OBJECT_free(object);
	rd_crypto_forget();
	if (!octets)
		return false;
	/* The same bytes in the caller's certificate, which outlives OpenSSL's copy. */
	len = (size_t)ASN1_STRING_length(octets);
	inside = memmem(cert->der.data, cert->der.len, ASN1_STRING_get0_data(octets), len);
	*value = rd_view_of(inside, len);
	return inside != NULL;
}

bool rd_cert_issued_by(const struct rd_cert *cert, const struct rd_cert *issuer, struct rd_err *err)
{
	X509 *x RD_AUTO(rd_crypto_x509_free) = rd_crypto_x509(cert, err);
	X509 *by RD_AUTO(rd_crypto_x509_free) = x ? rd_crypto_x509(issuer, err) : NULL;
	bool ok;

	if (!x || !by)
		return false;
	if (!rd_view_eq(cert->issuer, issuer->subject))
		return rd_fail(err, RD_FAULT_REFUSED, "crypto.cert.path",
			       "the certificate names another issuer: %.*s",
			       RD_FMT(cert->issuer_cn));
	ok = !rd_crypto_weak_signature(X509_get_signature_nid(x)) &&
	     X509_verify(x, X509_get0_pubkey(by)) == 1;
	rd_crypto_forget();
	return ok || rd_fail(err, RD_FAULT_REFUSED, "crypto.signature",
			     "the issuer's signature over the certificate does not verify");
}
