/*
 * PEM (RFC 7468) and the four key forms (RFC 8410).  The DER of these keys has one possible
 * encoding each, so it is written and compared as a constant prefix: no parser.
 */
#include "crypto_int.h"

#include <openssl/x509.h>
#include <string.h>

#define LINE 64
#define TEXT_MAX ((size_t)1 << 20)
#define PRIVATE_LEN 48
#define PUBLIC_LEN 44

static const uint8_t ed25519_private_prefix[] = { 0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06,
						  0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20 };
static const uint8_t x25519_private_prefix[] = { 0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06,
						 0x03, 0x2b, 0x65, 0x6e, 0x04, 0x22, 0x04, 0x20 };
static const uint8_t ed25519_public_prefix[] = { 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
						 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00 };
static const uint8_t x25519_public_prefix[] = { 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
						0x2b, 0x65, 0x6e, 0x03, 0x21, 0x00 };

bool rd_pem_wrap(const char *label, struct rd_view bytes, struct rd_buf *pem, struct rd_err *err)
{
	uint8_t line[LINE + 1];

	rd_buf_printf(pem, "-----BEGIN %s-----\n", label);
	for (size_t at = 0; at < bytes.len; at += LINE / 4 * 3) {
		size_t n = bytes.len - at < LINE / 4 * 3 ? bytes.len - at : LINE / 4 * 3;
		int len = EVP_EncodeBlock(line, bytes.data + at, (int)n);

		rd_buf_add(pem, rd_view_of(line, (size_t)len));
		rd_buf_add_byte(pem, '\n');
	}
	rd_buf_printf(pem, "-----END %s-----\n", label);
	rd_wipe(line, sizeof(line));
	return rd_buf_ok(pem, err);
}

static bool malformed(struct rd_err *err)
{
	return rd_fail(err, RD_FAULT_MALFORMED, "crypto.pem.form",
		       "not one PEM block with lines of 64 characters");
}

/* Cuts `marker` with the label in it off the front of *text. */
static bool take_marker(const char *marker, const char *label, struct rd_view *text)
{
	struct rd_buf want RD_AUTO(rd_buf_free) = { .max = 256 };
	bool found;

	rd_buf_printf(&want, "-----%s %s-----\n", marker, label);
	found = !want.failed && rd_view_starts(*text, rd_buf_view(&want));
	if (found)
		*text = rd_view_of(text->data + want.len, text->len - want.len);
	return found;
}

/* Decodes one line of base64 to the end of out. */
static bool take_line(struct rd_view *text, struct rd_span *out)
{
	uint8_t decoded[LINE / 4 * 3];
	const uint8_t *end = memchr(text->data, '\n', text->len);
	size_t len = end ? (size_t)(end - text->data) : 0;
	size_t padding = 0;
	bool ok;
	int n;

	if (len == 0 || len > LINE || len % 4)
		return false;
	padding = text->data[len - 1] != '=' ? 0 : text->data[len - 2] != '=' ? 1 : 2;
	n = EVP_DecodeBlock(decoded, text->data, (int)len);
	ok = n >= 0 && (size_t)n - padding <= out->cap - out->used;
	if (ok) {
		memcpy(out->data + out->used, decoded, (size_t)n - padding);
		out->used += (size_t)n - padding;
		*text = rd_view_of(text->data + len + 1, text->len - len - 1);
	}
	rd_wipe(decoded, sizeof(decoded));
	return ok;
}

bool rd_pem_unwrap(const char *label, struct rd_view pem, struct rd_span *out, struct rd_err *err)
{
	struct rd_buf again RD_AUTO(rd_buf_free) = { .max = TEXT_MAX + 256 };
	struct rd_view text = pem;
	size_t from = out->used;

	if (pem.len > TEXT_MAX)
		return malformed(err);
	if (!take_marker("BEGIN", label, &text))
		return rd_fail(err, RD_FAULT_MALFORMED, "crypto.pem.label",
			       "does not begin with -----BEGIN %s-----", label);
	while (text.len && text.data[0] != '-')
		if (!take_line(&text, out))
			return malformed(err);
	/* One way to write it: whatever differs from what we would write is refused, be it padding
	 * bits, spaces or text around the block. */
	if (!rd_pem_wrap(label, rd_view_of(out->data + from, out->used - from), &again, err))
		return false;
	if (!rd_equal_secret(rd_buf_view(&again), pem))
		return malformed(err);
	return true;
}

static bool put_key(const char *label, struct rd_view prefix, struct rd_view key,
		    struct rd_buf *pem, struct rd_err *err)
{
	struct rd_secret der RD_AUTO(rd_secret_wipe) = { .len = prefix.len + 32 };

	if (key.len != 32)
		return rd_fail(err, RD_FAULT_USAGE, "crypto.key.length",
			       "key of %zu bytes, must be 32", key.len);
	memcpy(der.data, prefix.data, prefix.len);
	memcpy(der.data + prefix.len, key.data, key.len);
	return rd_pem_wrap(label, rd_secret_view(&der), pem, err);
}

bool rd_pem_ed25519_private(const struct rd_secret *seed, struct rd_buf *pem, struct rd_err *err)
{
	return put_key("PRIVATE KEY",
		       rd_view_of(ed25519_private_prefix, sizeof(ed25519_private_prefix)),
		       rd_secret_view(seed), pem, err);
}

bool rd_pem_x25519_private(const struct rd_secret *key, struct rd_buf *pem, struct rd_err *err)
{
	return put_key("PRIVATE KEY",
		       rd_view_of(x25519_private_prefix, sizeof(x25519_private_prefix)),
		       rd_secret_view(key), pem, err);
}

bool rd_pem_ed25519_public(struct rd_view key, struct rd_buf *pem, struct rd_err *err)
{
	return put_key("PUBLIC KEY",
		       rd_view_of(ed25519_public_prefix, sizeof(ed25519_public_prefix)), key, pem,
		       err);
}

bool rd_pem_x25519_public(struct rd_view key, struct rd_buf *pem, struct rd_err *err)
{
	return put_key("PUBLIC KEY", rd_view_of(x25519_public_prefix, sizeof(x25519_public_prefix)),
		       key, pem, err);
}

static bool parse_private(struct rd_view pem, struct rd_view prefix, struct rd_secret *key,
			  struct rd_err *err)
{
	struct rd_secret der RD_AUTO(rd_secret_wipe) = { .len = 0 };
	struct rd_span out = { der.data, PRIVATE_LEN, 0 };

	if (!rd_pem_unwrap("PRIVATE KEY", pem, &out, err))
		return false;
	if (out.used != PRIVATE_LEN || !rd_view_starts(rd_view_of(der.data, out.used), prefix))
		return rd_fail(err, RD_FAULT_MALFORMED, "crypto.pem.key",
			       "not a private key of the kind that is needed here");
	return rd_secret_set(key, rd_view_of(der.data + prefix.len, 32), err);
}

bool rd_pem_parse_ed25519_private(struct rd_view pem, struct rd_secret *seed, struct rd_err *err)
{
	return parse_private(
		pem, rd_view_of(ed25519_private_prefix, sizeof(ed25519_private_prefix)), seed, err);
}

bool rd_pem_parse_x25519_private(struct rd_view pem, struct rd_secret *key, struct rd_err *err)
{
	return parse_private(pem, rd_view_of(x25519_private_prefix, sizeof(x25519_private_prefix)),
			     key, err);
}

bool rd_pem_parse_public(struct rd_view pem, uint8_t key[32], bool *is_x25519, struct rd_err *err)
{
	uint8_t der[PUBLIC_LEN];
	struct rd_span out = { der, sizeof(der), 0 };
	struct rd_view got, x = { x25519_public_prefix, sizeof(x25519_public_prefix) };
	struct rd_view ed = { ed25519_public_prefix, sizeof(ed25519_public_prefix) };

	if (!rd_pem_unwrap("PUBLIC KEY", pem, &out, err))
		return false;
	got = rd_view_of(der, out.used);
	if (got.len != PUBLIC_LEN || (!rd_view_starts(got, x) && !rd_view_starts(got, ed)))
		return rd_fail(err, RD_FAULT_MALFORMED, "crypto.pem.key",
			       "not a public Ed25519 or X25519 key");
	*is_x25519 = rd_view_starts(got, x);
	memcpy(key, der + x.len, 32);
	return true;
}

bool rd_ed25519_spki(struct rd_view public_key, struct rd_buf *der, struct rd_err *err)
{
	if (public_key.len != RD_ED25519_LEN)
		return rd_fail(err, RD_FAULT_USAGE, "crypto.key.length",
			       "key of %zu bytes, must be 32", public_key.len);
	rd_buf_add(der, rd_view_of(ed25519_public_prefix, sizeof(ed25519_public_prefix)));
	rd_buf_add(der, public_key);
	return rd_buf_ok(der, err);
}

/* The times are constants: nothing in the certificate counts but its key, and the functions that
 * take "now" read the clock and the time zone's file. */
static bool fill_certificate(X509 *cert, EVP_PKEY *key)
{
	X509_NAME *name = X509_get_subject_name(cert);

	return X509_set_version(cert, 2) == 1 &&
	       ASN1_INTEGER_set(X509_get_serialNumber(cert), 1) == 1 &&
	       ASN1_TIME_set_string_X509(X509_getm_notBefore(cert), "20200101000000Z") == 1 &&
	       ASN1_TIME_set_string_X509(X509_getm_notAfter(cert), "99991231235959Z") == 1 &&
	       X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"redoubt", -1,
					  -1, 0) == 1 &&
	       X509_set_issuer_name(cert, name) == 1 && X509_set_pubkey(cert, key) == 1 &&
	       X509_sign(cert, key, NULL) > 0;
}

bool rd_cert_self_signed(const struct rd_secret *seed, struct rd_buf *der, struct rd_err *err)
{
	EVP_PKEY *key RD_AUTO(rd_crypto_pkey_free) =
		rd_crypto_raw_private(EVP_PKEY_ED25519, seed, err);
	X509 *cert;
	uint8_t *bytes = NULL;
	int len = -1;

	if (!key)
		return false;
	cert = X509_new();
	if (cert && fill_certificate(cert, key))
		len = i2d_X509(cert, &bytes);
	X509_free(cert);
	if (len < 0)
		return rd_crypto_fail(err, "X509_sign");
	rd_buf_add(der, rd_view_of(bytes, (size_t)len));
	OPENSSL_free(bytes);
	return rd_buf_ok(der, err);
}
