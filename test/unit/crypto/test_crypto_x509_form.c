/* One refusal for every single check of certificates, lists, DER and public keys
 * (tools/mutate-checks). */
#include "forge/forge.h"
#include "support.h"

#include <stdio.h>
#include <string.h>

#define NOW 1750000000 /* 2025-06-15 */

static struct forge f;
static struct forge_key *root_key, *leaf_key, *other_key;
static struct forge_cert_spec root_spec, leaf_spec;
static struct rd_cert root, leaf;

static int setup(void **state)
{
	(void)state;
	forge_init(&f);
	root_key = forge_key(&f, FORGE_P256);
	leaf_key = forge_key(&f, FORGE_P256);
	other_key = forge_key(&f, FORGE_P256);
	root_spec = (struct forge_cert_spec){ .cn = "Root",
					      .key = root_key,
					      .is_ca = true,
					      .key_usage = "critical,keyCertSign,cRLSign" };
	root = forge_cert(&f, &root_spec);
	leaf_spec = (struct forge_cert_spec){
		.cn = "Leaf", .key = leaf_key, .issuer = &root, .issuer_key = root_key
	};
	leaf = forge_cert(&f, &leaf_spec);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	forge_free(&f);
	return 0;
}

/* The error has this code and says this. */
static void said(const struct rd_err *err, const char *code, const char *words)
{
	if (strcmp(err->code, code) != 0 || !strstr(err->text, words))
		fail_msg("%s: %s, expected %s: ...%s...", err->code, err->text, code, words);
}

static struct rd_view filled(size_t len, uint8_t byte)
{
	struct rd_err err = { 0 };
	uint8_t *data = rd_arena_alloc(f.arena, len, 1, &err);

	assert_non_null(data);
	memset(data, byte, len);
	return rd_view_of(data, len);
}

static struct rd_view joined(struct rd_view a, struct rd_view b)
{
	const struct rd_view parts[] = { a, b };

	return forge_concat(&f, 2, parts);
}

/* The leaf with a signature of so many bytes, which the parser does not look into. */
static struct rd_view leaf_of_size(size_t signature_len)
{
	struct rd_view in = leaf.der, whole = { 0 }, tbs = { 0 }, alg = { 0 }, parts[3];
	struct rd_err err = { 0 };

	assert_true(rd_der_expect(&in, RD_DER_SEQUENCE, &whole, &err) &&
		    rd_der_expect(&whole, RD_DER_SEQUENCE, &tbs, &err) &&
		    rd_der_expect(&whole, RD_DER_SEQUENCE, &alg, &err));
	parts[0] = forge_der(&f, RD_DER_SEQUENCE, tbs);
	parts[1] = forge_der(&f, RD_DER_SEQUENCE, alg);
	parts[2] = forge_der(&f, RD_DER_BIT_STRING, filled(1 + signature_len, 0));
	return forge_der(&f, RD_DER_SEQUENCE, forge_concat(&f, 3, parts));
}

static void refused_cert(struct rd_view der, const char *words)
{
	struct rd_err err = { 0 };
	struct rd_cert out;

	assert_false(rd_cert_parse(der, f.arena, &out, &err));
	said(&err, "crypto.cert.form", words);
}

static void test_cert(void **state)
{
	static const uint8_t head[] = { 0x30, 0x83, 0 }, unknown[] = { 0x55, 0x1D, 0x63 };
	static const uint8_t null_der[] = { 5, 0 };
	struct forge_cert_spec spec = leaf_spec;
	struct rd_err err = { 0 };
	struct rd_cert out;
	const uint8_t *at;

	(void)state;
	refused_cert((struct rd_view){ 0 }, "empty");
	assert_true(rd_cert_parse(leaf_of_size(RD_CERT_MAX - 1000), f.arena, &out, &err));
	refused_cert(leaf_of_size(RD_CERT_MAX), "more than 16 KiB");
	/* BER: the outer length takes a byte more than it needs. */
	assert_int_equal(leaf.der.data[1], 0x82);
	refused_cert(joined(rd_view_of(head, 3), rd_view_of(leaf.der.data + 2, leaf.der.len - 2)),
		     "not one in DER");
	/* Basic constraints (2.5.29.19) that are NULL. */
	spec.n_extensions = 1;
	spec.extension[0] = (struct forge_extension){ "2.5.29.99", false, rd_view_of(null_der, 2) };
	out = forge_cert(&f, &spec);
	at = memmem(out.der.data, out.der.len, unknown, 3);
	assert_non_null(at);
	refused_cert(forge_set(&f, out.der, (size_t)(at - out.der.data) + 2, 19),
		     "an extension cannot be read");
}

static void test_certs_read(void **state)
{
	const struct rd_cert *one[] = { &leaf };
	struct rd_view pem = forge_pem(&f, one, 1);
	size_t most = (size_t)RD_CERT_MAX * 2 * RD_CERT_PATH_MAX;
	struct rd_err err = { 0 };
	struct rd_cert out;
	uint32_t n;

	(void)state;
	assert_false(rd_certs_read(leaf.der, f.arena, &out, 0, &n, &err));
	said(&err, "crypto.cert.form", "one more than fits");
	assert_true(rd_certs_read((struct rd_view){ 0 }, f.arena, &out, 1, &n, &err) && n == 0);
	assert_true(rd_certs_read(joined(pem, filled(most - pem.len, '\n')), f.arena, &out, 1, &n,
				  &err) &&
		    n == 1);
	assert_false(rd_certs_read(joined(pem, filled(most - pem.len + 1, '\n')), f.arena, &out, 1,
				   &n, &err));
	said(&err, "crypto.cert.form", "too large");
}

static void test_issued_by(void **state)
{
	struct forge_cert_spec spec = leaf_spec;
	struct rd_err err = { 0 };
	struct rd_cert cert;

	(void)state;
	assert_true(rd_cert_issued_by(&leaf, &root, &err));
	spec.issuer_key = other_key;
	cert = forge_cert(&f, &spec);
	assert_false(rd_cert_issued_by(&cert, &root, &err));
	said(&err, "crypto.signature", "does not verify");
	spec = leaf_spec;
	spec.hash = RD_HASH_SHA1;
	cert = forge_cert(&f, &spec);
	assert_false(rd_cert_issued_by(&cert, &root, &err));
	said(&err, "crypto.signature", "does not verify");
}

/* No anchor; an anchor that is no CA, which OpenSSL takes for its key usage. */
static void test_path(void **state)
{
	struct rd_cert_path_rules rules = { .anchor = &root, .n_anchors = 0, .now_unix_s = NOW };
	struct forge_cert_spec spec = root_spec;
	struct rd_err err = { 0 };
	struct rd_cert_path path;
	struct rd_cert no_ca;

	(void)state;
	assert_false(rd_cert_path_build(&leaf, &rules, &path, &err));
	said(&err, "crypto.cert.path", "no root is accepted");
	rules.n_anchors = 1;
	assert_true(rd_cert_path_build(&leaf, &rules, &path, &err));
	spec.is_ca = false;
	no_ca = forge_cert(&f, &spec);
	rules.anchor = &no_ca;
	assert_false(rd_cert_path_build(&leaf, &rules, &path, &err));
	said(&err, "crypto.cert.path", "not marked as a CA");
	spec = root_spec;
	spec.key_usage = "critical,cRLSign";
	no_ca = forge_cert(&f, &spec);
	assert_false(rd_cert_path_build(&leaf, &rules, &path, &err));
	assert_string_equal(err.code, "crypto.cert.path");
}

static void refused_crl(struct rd_view bytes, const char *words)
{
	struct rd_err err = { 0 };
	struct rd_crl out;

	assert_false(rd_crl_parse(bytes, f.arena, &out, &err));
	said(&err, "crypto.crl.form", words);
}

static void test_crl_form(void **state)
{
	struct forge_crl_spec spec = { .issuer = &root, .issuer_key = root_key };
	struct rd_view hex, crl = forge_crl(&f, &spec);
	struct rd_buf pem RD_AUTO(rd_buf_free) = { .max = 4096 };
	struct rd_err err = { 0 };
	struct rd_crl out;

	(void)state;
	refused_crl((struct rd_view){ 0 }, "empty");
	refused_crl(leaf.der, "not one in DER");
	refused_crl(rd_view_str("zz"), "neither DER nor PEM nor hexadecimal");
	assert_true(rd_hex(f.arena, crl, &hex, &err));
	assert_true(
		rd_crl_parse(joined(hex, filled(RD_CRL_MAX - hex.len, '\n')), f.arena, &out, &err));
	refused_crl(joined(hex, filled(RD_CRL_MAX - hex.len + 1, '\n')), "more than 4 MiB");
	/* The list itself, in a block of another name before one of the right name. */
	assert_true(rd_pem_wrap("CERTIFICATE", crl, &pem, &err));
	refused_crl(joined(rd_buf_view(&pem), rd_view_str("-----BEGIN X509 CRL-----\n")),
		    "a PEM block that is broken");
}

static void refused_list(const struct forge_crl_spec *spec, const char *code, const char *words)
{
	struct rd_err err = { 0 };
	struct rd_crl crl;

	assert_true(rd_crl_parse(forge_crl(&f, spec), f.arena, &crl, &err));
	assert_false(rd_crl_check(&crl, &root, NOW, &err));
	said(&err, code, words);
}

/* A list by another name with the same key, by another key with the same name, signed with SHA-1.
 */
static void test_crl_issuer(void **state)
{
	struct forge_crl_spec good = { .issuer = &root, .issuer_key = root_key }, spec = good;
	struct forge_cert_spec ca = root_spec;
	struct rd_err err = { 0 };
	struct rd_cert another;
	struct rd_crl crl;

	(void)state;
	assert_true(rd_crl_parse(forge_crl(&f, &good), f.arena, &crl, &err));
	assert_true(rd_crl_check(&crl, &root, NOW, &err));
	ca.cn = "Another";
	another = forge_cert(&f, &ca);
	spec.issuer = &another;
	refused_list(&spec, "crypto.crl.issuer", "is of 'Another'");
	ca = root_spec;
	ca.key = other_key;
	another = forge_cert(&f, &ca);
	spec.issuer_key = other_key;
	refused_list(&spec, "crypto.crl.issuer", "is of 'Root'");
	spec = good;
	spec.issuer_key = other_key;
	refused_list(&spec, "crypto.signature", "does not verify");
	spec = good;
	spec.hash = RD_HASH_SHA1;
	refused_list(&spec, "crypto.signature", "does not verify");
	spec = good;
	spec.next_update = -1;
	refused_list(&spec, "crypto.crl.time", "does not say when it is due");
}

static void test_der(void **state)
{
	static const uint8_t indefinite[] = { 0x30, 0x80, 0, 0 }, long_tag[] = { 0x1F, 2, 1, 5 };
	static const uint8_t integer[] = { 2, 1, 5 };
	struct rd_view in = { 0 }, content;
	struct rd_err err = { 0 };
	uint8_t tag;

	(void)state;
	assert_false(rd_der_next(&in, &tag, &content, &err));
	said(&err, "crypto.der", "it ends");
	in = rd_view_of(integer, 1);
	assert_false(rd_der_next(&in, &tag, &content, &err));
	said(&err, "crypto.der", "it ends");
	in = rd_view_of(long_tag, sizeof(long_tag));
	assert_false(rd_der_next(&in, &tag, &content, &err));
	said(&err, "crypto.der", "a tag of several bytes");
	/* Only the header is read: nobody has to hold 2 GiB. */
	in = rd_view_of(integer, (size_t)INT32_MAX + 1);
	assert_false(rd_der_next(&in, &tag, &content, &err));
	said(&err, "crypto.der", "too large");
	in = rd_view_of(indefinite, sizeof(indefinite));
	assert_false(rd_der_next(&in, &tag, &content, &err));
	said(&err, "crypto.der", "indefinite");
	assert_false(rd_der_oid_is((struct rd_view){ 0 }, "no object identifier"));
}

/* SubjectPublicKeyInfo of an object identifier, a second one or NULL, and the key's bits. */
static struct rd_view spki_of(const char *type, const char *curve, struct rd_view bits)
{
	static const uint8_t null_der[] = { 5, 0 }, unused_bits[] = { 0 };
	struct rd_view alg = joined(forge_der_oid(&f, type),
				    curve ? forge_der_oid(&f, curve) : rd_view_of(null_der, 2));

	return forge_der(
		&f, RD_DER_SEQUENCE,
		joined(forge_der(&f, RD_DER_SEQUENCE, alg),
		       forge_der(&f, RD_DER_BIT_STRING, joined(rd_view_of(unused_bits, 1), bits))));
}

/* An RSA key of so many bytes, all bits set, exponent 65537. */
static struct rd_view rsa_of(size_t bytes)
{
	static const uint8_t zero[] = { 0 };
	struct rd_view n =
		forge_der(&f, RD_DER_INTEGER, joined(rd_view_of(zero, 1), filled(bytes, 0xFF)));

	return spki_of("1.2.840.113549.1.1.1", NULL,
		       forge_der(&f, RD_DER_SEQUENCE, joined(n, forge_der_uint(&f, 65537))));
}

static void refused_spki(struct rd_view spki, const char *words)
{
	struct rd_err err = { 0 };
	enum rd_key_kind kind;
	uint32_t bits;

	assert_false(rd_spki_kind(spki, &kind, &bits, &err));
	said(&err, "crypto.spki", words);
}

static void test_spki(void **state)
{
	static const char *const ec = "1.2.840.10045.2.1", *const p256 = "1.2.840.10045.3.1.7";
	struct rd_view point = forge_raw_public(&f, leaf_key), spki, raw;
	struct rd_err err = { 0 };
	enum rd_key_kind kind;
	uint32_t bits;

	(void)state;
	refused_spki(rd_view_str("none"), "no SubjectPublicKeyInfo");
	assert_true(rd_spki_kind(rsa_of(256), &kind, &bits, &err) && bits == 2048);
	assert_true(rd_spki_kind(rsa_of(1024), &kind, &bits, &err) && bits == 8192);
	refused_spki(rsa_of(255), "its numbers are no key");
	refused_spki(rsa_of(1025), "its numbers are no key");
	assert_true(rd_spki_kind(spki_of(ec, p256, point), &kind, &bits, &err));
	/* The point at infinity has an encoding: one zero. */
	refused_spki(spki_of(ec, p256, filled(1, 0)), "its numbers are no key");
	assert_false(rd_spki_from_pem(rd_view_str("no PEM"), f.arena, &spki, &err));
	said(&err, "crypto.spki", "no PUBLIC KEY block");
	/* SEC 1 knows a hybrid form, 06 or 07 by the parity of Y, of the same length. */
	point = forge_set(&f, point, 0, 6 | (point.data[64] & 1));
	assert_false(rd_spki_raw(spki_of(ec, p256, point), f.arena, &raw, &err));
	said(&err, "crypto.spki", "compressed");
}

static void refused_point(enum rd_key_kind kind, struct rd_view point)
{
	struct rd_err err = { 0 };
	struct rd_view spki;

	assert_false(rd_spki_from_point(kind, point, f.arena, &spki, &err));
	said(&err, "crypto.spki", "no uncompressed point of that curve");
}

static void test_spki_from_numbers(void **state)
{
	static const uint8_t exponent[9] = { 0, 0, 0, 0, 0, 0, 1, 0, 1 };
	struct rd_view point = forge_raw_public(&f, leaf_key), n = filled(256, 0xFF), spki;
	struct rd_err err = { 0 };

	(void)state;
	assert_true(rd_spki_from_point(RD_KEY_P256, point, f.arena, &spki, &err));
	refused_point(RD_KEY_RSA, point);
	refused_point(RD_KEY_P384, point);
	refused_point(RD_KEY_P256, (struct rd_view){ 0 });
	refused_point(RD_KEY_P256, forge_set(&f, point, 0, 6 | (point.data[64] & 1)));
	assert_true(rd_spki_from_rsa(n, rd_view_of(exponent + 1, 8), f.arena, &spki, &err));
	assert_false(rd_spki_from_rsa(n, rd_view_of(exponent, 9), f.arena, &spki, &err));
	said(&err, "crypto.spki", "more than 8192 bits");
	assert_false(rd_spki_from_rsa(filled(1026, 0xFF), rd_view_of(exponent + 1, 8), f.arena,
				      &spki, &err));
	said(&err, "crypto.spki", "more than 8192 bits");
	assert_false(rd_spki_from_ed25519(filled(31, 1), f.arena, &spki, &err));
	said(&err, "crypto.key.length", "public key");
}

/* r and s with a zero in front are the same numbers; a hash that there is none of. */
static void test_signature_form(void **state)
{
	struct rd_view m = rd_view_str("m"), zero = filled(1, 0), spki = forge_spki(&f, leaf_key);
	struct rd_view sig = forge_sign(&f, leaf_key, RD_SIGNATURE_ECDSA_RAW, RD_HASH_SHA256, m);
	struct rd_view longer = joined(joined(zero, rd_view_of(sig.data, 32)),
				       joined(zero, rd_view_of(sig.data + 32, 32)));
	struct rd_err err = { 0 };

	(void)state;
	assert_true(
		rd_signature_verify(spki, RD_SIGNATURE_ECDSA_RAW, RD_HASH_SHA256, m, sig, &err));
	assert_false(
		rd_signature_verify(spki, RD_SIGNATURE_ECDSA_RAW, RD_HASH_SHA256, m, longer, &err));
	said(&err, "crypto.signature.form", "as long as the curve's order");
	assert_false(
		rd_signature_verify(spki, RD_SIGNATURE_ECDSA_RAW, (enum rd_hash)99, m, sig, &err));
	said(&err, "crypto.signature.form", "of another kind");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cert),
		cmocka_unit_test(test_certs_read),
		cmocka_unit_test(test_issued_by),
		cmocka_unit_test(test_path),
		cmocka_unit_test(test_crl_form),
		cmocka_unit_test(test_crl_issuer),
		cmocka_unit_test(test_der),
		cmocka_unit_test(test_spki),
		cmocka_unit_test(test_spki_from_numbers),
		cmocka_unit_test(test_signature_form),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
