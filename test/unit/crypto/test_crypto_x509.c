/* Foreign keys, signatures, certificates, paths, revocation lists, DER: forged and genuine ones. */
#include "forge/forge.h"
#include "support.h"

#include <stdio.h>
#include <string.h>

#define NOW 1750000000 /* 2025-06-15 */

static struct forge f;

static int setup(void **state)
{
	(void)state;
	forge_init(&f);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	forge_free(&f);
	return 0;
}

/* A root, an intermediate and a leaf, and what a test changes about them. */
struct chain {
	struct forge_key *root_key, *mid_key, *leaf_key;
	struct forge_cert_spec root_spec, mid_spec, leaf_spec;
	struct rd_cert root, mid, leaf;
	struct rd_cert_path_rules rules;
	struct rd_cert_path path;
};

static void chain_keys(struct chain *c, enum forge_key_kind kind)
{
	*c = (struct chain){ .root_key = forge_key(&f, kind),
			     .mid_key = forge_key(&f, kind),
			     .leaf_key = forge_key(&f, FORGE_P256) };
	c->root_spec = (struct forge_cert_spec){ .cn = "Root",
						 .key = c->root_key,
						 .is_ca = true,
						 .key_usage = "critical,keyCertSign,cRLSign" };
	c->mid_spec = (struct forge_cert_spec){ .cn = "Mid",
						.key = c->mid_key,
						.issuer = &c->root,
						.issuer_key = c->root_key,
						.is_ca = true,
						.path_len_plus_1 = 1,
						.key_usage = "critical,keyCertSign,cRLSign" };
	c->leaf_spec = (struct forge_cert_spec){
		.cn = "Leaf", .key = c->leaf_key, .issuer = &c->mid, .issuer_key = c->mid_key
	};
}

static bool build(struct chain *c, struct rd_err *err)
{
	*err = (struct rd_err){ 0 };
	c->root = forge_cert(&f, &c->root_spec);
	c->mid = forge_cert(&f, &c->mid_spec);
	c->leaf = forge_cert(&f, &c->leaf_spec);
	if (!c->rules.n_anchors)
		c->rules = (struct rd_cert_path_rules){ .anchor = &c->root,
							.n_anchors = 1,
							.pool = &c->mid,
							.n_pool = 1,
							.now_unix_s = NOW };
	return rd_cert_path_build(&c->leaf, &c->rules, &c->path, err);
}

static void test_path_holds(void **state)
{
	static const enum forge_key_kind kinds[] = { FORGE_P256, FORGE_P384, FORGE_RSA2048 };
	struct rd_err err;
	struct chain c;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		chain_keys(&c, kinds[i]);
		c.mid_spec.pss = c.leaf_spec.pss = kinds[i] == FORGE_RSA2048;
		assert_true(build(&c, &err));
		assert_int_equal(c.path.n, 3);
		assert_ptr_equal(c.path.cert[0], &c.leaf);
		assert_ptr_equal(c.path.cert[1], &c.mid);
		assert_ptr_equal(c.path.anchor, &c.root);
	}
	c.leaf_spec.no_key_ids = true;
	assert_true(build(&c, &err));
	assert_true(rd_cert_issued_by(&c.leaf, &c.mid, &err));
	assert_false(rd_cert_issued_by(&c.leaf, &c.root, &err));
	assert_string_equal(err.code, "crypto.cert.path");
}

/* One change, and the code that must come of it. */
#define PATH_CASES(X) \
	X(c.root_spec.issuer_key = NULL, NULL) \
	X(c.leaf_spec.issuer_key = other, "crypto.cert.path") \
	X(c.mid_spec.issuer_key = other, "crypto.cert.path") \
	X(c.mid_spec.is_ca = false, "crypto.cert.path") \
	X(c.mid_spec.key_usage = "critical,digitalSignature", "crypto.cert.path") \
	X(c.mid_spec.cn = "Another", NULL) \
	X(c.leaf_spec.hash = RD_HASH_SHA1, "crypto.cert.path") \
	X(c.leaf_spec.not_after = NOW - 1, "crypto.cert.time") \
	X(c.leaf_spec.not_before = NOW + 1, "crypto.cert.time") \
	X(c.leaf_spec.not_after = NOW, NULL) \
	X(c.leaf_spec.not_before = NOW, NULL) \
	X(c.mid_spec.not_after = NOW - 1, "crypto.cert.time") \
	X(c.root_spec.not_after = NOW - 1, "crypto.cert.time")

static void check_path(struct chain *c, const char *change, const char *code)
{
	struct rd_err err;
	bool ok = build(c, &err);

	if (!code && !ok)
		fail_msg("%s: %s", change, err.text);
	if (code && (ok || strcmp(err.code, code) != 0))
		fail_msg("%s: %s, expected %s", change, ok ? "holds" : err.code, code);
}

static void test_path_changes(void **state)
{
	struct forge_key *other = forge_key(&f, FORGE_P256);
	struct chain c;

	(void)state;
#define X(change, code) \
	chain_keys(&c, FORGE_P256); \
	change; \
	check_path(&c, #change, code);
	PATH_CASES(X)
#undef X
}

/* A root of the same name and another key; a root that is renewed; no root; too long a path. */
static void test_anchors(void **state)
{
	struct chain c, d;
	struct rd_cert pool[2];
	struct rd_err err;

	(void)state;
	chain_keys(&c, FORGE_P256);
	chain_keys(&d, FORGE_P256);
	assert_true(build(&c, &err));
	assert_true(build(&d, &err));
	c.rules.anchor = &d.root;
	assert_false(rd_cert_path_build(&c.leaf, &c.rules, &c.path, &err));
	assert_string_equal(err.code, "crypto.cert.path");
	/* The forger's root in the pool changes nothing. */
	pool[0] = c.mid;
	pool[1] = c.root;
	c.rules.pool = pool;
	c.rules.n_pool = 2;
	assert_false(rd_cert_path_build(&c.leaf, &c.rules, &c.path, &err));
	c.rules.n_anchors = 0;
	assert_false(rd_cert_path_build(&c.leaf, &c.rules, &c.path, &err));
	c.rules.n_anchors = 1;
	c.rules.anchor = &c.root;
	c.rules.n_pool = 0;
	assert_false(rd_cert_path_build(&c.leaf, &c.rules, &c.path, &err));

	c.rules.n_pool = 2;
	c.root_spec.not_after = NOW + 1000;
	pool[1] = forge_cert(&f, &c.root_spec); /* renewed: one key, other dates */
	assert_true(rd_cert_path_build(&c.leaf, &c.rules, &c.path, &err));
	assert_ptr_equal(c.path.anchor, &c.root);

	/* pathlen 0 forbids a CA under Mid. */
	struct forge_cert_spec below = { .cn = "Below",
					 .key = d.mid_key,
					 .issuer = &c.mid,
					 .issuer_key = c.mid_key,
					 .is_ca = true,
					 .key_usage = "critical,keyCertSign" };
	struct forge_cert_spec leaf = {
		.cn = "Leaf", .key = d.leaf_key, .issuer = &pool[1], .issuer_key = d.mid_key
	};
	pool[1] = forge_cert(&f, &below);
	d.leaf = forge_cert(&f, &leaf);
	assert_false(rd_cert_path_build(&d.leaf, &c.rules, &c.path, &err));
	assert_string_equal(err.code, "crypto.cert.path");
}

static void test_critical_extension(void **state)
{
	static const uint8_t null_der[] = { 5, 0 };
	struct rd_view value;
	struct rd_err err;
	struct chain c;

	(void)state;
	chain_keys(&c, FORGE_P256);
	c.leaf_spec.n_extensions = 1;
	c.leaf_spec.extension[0] =
		(struct forge_extension){ "1.3.6.1.4.1.99999.7", true, rd_view_of(null_der, 2) };
	assert_false(build(&c, &err));
	c.rules.ignore_unknown_critical = true;
	assert_true(rd_cert_path_build(&c.leaf, &c.rules, &c.path, &err));
	assert_true(rd_cert_extension(&c.leaf, "1.3.6.1.4.1.99999.7", &value));
	assert_true(rd_view_eq(value, rd_view_of(null_der, 2)));
	assert_true(value.data > c.leaf.der.data && value.data < c.leaf.der.data + c.leaf.der.len);
	assert_false(rd_cert_extension(&c.leaf, "1.3.6.1.4.1.99999.8", &value));
}

static void test_cert_form(void **state)
{
	struct rd_cert out, two[2];
	const struct rd_cert *both[2];
	struct rd_view pem, parts[2];
	struct rd_err err = { 0 };
	struct chain c;
	uint32_t n;

	(void)state;
	chain_keys(&c, FORGE_P256);
	assert_true(build(&c, &err));
	assert_true(rd_view_eq(c.leaf.subject_cn, rd_view_str("Leaf")));
	assert_true(rd_view_eq(c.leaf.issuer_cn, rd_view_str("Mid")));
	assert_true(c.mid.is_ca && c.mid.path_len == 0 && c.mid.may_sign_certs &&
		    c.mid.may_sign_crls && !c.mid.may_sign);
	assert_true(c.root.path_len == -1 && !c.leaf.is_ca && !c.leaf.has_key_usage);
	assert_int_equal(c.leaf.key, RD_KEY_P256);
	assert_true(c.leaf.not_before == 1577836800 && c.leaf.not_after == 2208988800);
	for (size_t cut = 0; cut < c.leaf.der.len; cut += 7)
		assert_false(rd_cert_parse(rd_view_of(c.leaf.der.data, cut), f.arena, &out, &err));
	parts[0] = c.leaf.der;
	parts[1] = rd_view_of("", 1);
	assert_false(rd_cert_parse(forge_concat(&f, 2, parts), f.arena, &out, &err));
	assert_string_equal(err.code, "crypto.cert.form");

	both[0] = &c.leaf;
	both[1] = &c.mid;
	pem = forge_pem(&f, both, 2);
	assert_true(rd_certs_read(pem, f.arena, two, 2, &n, &err) && n == 2);
	assert_true(rd_view_eq(two[0].der, c.leaf.der) && rd_view_eq(two[1].der, c.mid.der));
	assert_false(rd_certs_read(pem, f.arena, two, 1, &n, &err));
	parts[0] = pem;
	assert_true(rd_certs_read(forge_concat(&f, 2, parts), f.arena, two, 2, &n, &err) && n == 2);
	assert_true(rd_certs_read(c.leaf.der, f.arena, two, 2, &n, &err) && n == 1);
	assert_true(rd_certs_read(rd_view_str("no PEM"), f.arena, two, 2, &n, &err) && n == 0);
	assert_false(rd_certs_read(forge_flip(&f, pem, 60, 7), f.arena, two, 2, &n, &err));
}

static void check_crl(const struct chain *c, const struct forge_crl_spec *spec, const char *code)
{
	struct rd_err err = { 0 };
	struct rd_crl crl;
	bool ok;

	assert_true(rd_crl_parse(forge_crl(&f, spec), f.arena, &crl, &err));
	ok = rd_crl_check(&crl, &c->mid, NOW, &err);
	if (code) {
		assert_false(ok);
		assert_string_equal(err.code, code);
	} else if (!ok) {
		fail_msg("%s", err.text);
	}
}

static void test_crl(void **state)
{
	struct forge_key *other = forge_key(&f, FORGE_P256);
	struct forge_crl_spec good, spec;
	struct rd_err err = { 0 };
	struct rd_view hex;
	struct rd_crl crl;
	struct chain c;
	bool revoked;

	(void)state;
	chain_keys(&c, FORGE_P256);
	assert_true(build(&c, &err));
	good = (struct forge_crl_spec){ .issuer = &c.mid,
					.issuer_key = c.mid_key,
					.n_revoked = 1,
					.revoked = { c.leaf.serial } };
	check_crl(&c, &good, NULL);
	spec = good, spec.issuer_key = other;
	check_crl(&c, &spec, "crypto.signature");
	spec = good, spec.issuer = &c.root, spec.issuer_key = c.root_key;
	check_crl(&c, &spec, "crypto.crl.issuer");
	spec = good, spec.next_update = NOW - 1;
	check_crl(&c, &spec, "crypto.crl.time");
	spec = good, spec.this_update = NOW + 1;
	check_crl(&c, &spec, "crypto.crl.time");
	spec = good, spec.next_update = -1;
	check_crl(&c, &spec, "crypto.crl.time");
	spec = good, spec.next_update = NOW, spec.this_update = NOW;
	check_crl(&c, &spec, NULL);
	spec = good, spec.critical_extension = true;
	check_crl(&c, &spec, "crypto.crl.form");

	assert_true(rd_crl_parse(forge_crl(&f, &good), f.arena, &crl, &err));
	assert_true(rd_crl_revokes(&crl, &c.leaf, &revoked, &err) && revoked);
	assert_false(rd_crl_revokes(&crl, &c.mid, &revoked, &err));
	c.leaf = forge_cert(&f, &c.leaf_spec);
	assert_true(rd_crl_revokes(&crl, &c.leaf, &revoked, &err) && !revoked);
	assert_true(rd_hex(f.arena, crl.der, &hex, &err));
	assert_true(rd_crl_parse(hex, f.arena, &crl, &err) && crl.n_revoked == 1);
	assert_false(rd_crl_parse(rd_view_str("zz"), f.arena, &crl, &err));
	assert_string_equal(err.code, "crypto.crl.form");
	c.mid_spec.key_usage = "critical,keyCertSign";
	assert_true(build(&c, &err));
	check_crl(&c, &good, "crypto.crl.issuer");
}

static void check_signature(enum forge_key_kind kind, enum rd_signature_form form,
			    enum rd_hash hash)
{
	struct forge_key *key = forge_key(&f, kind);
	struct rd_view message = rd_view_str("a message"), spki = forge_spki(&f, key);
	struct rd_view sig = forge_sign(&f, key, form, hash, message);
	struct rd_err err = { 0 };

	assert_true(rd_signature_verify(spki, form, hash, message, sig, &err));
	assert_false(rd_signature_verify(spki, form, hash, rd_view_str("a massage"), sig, &err));
	assert_string_equal(err.code, "crypto.signature");
	assert_false(rd_signature_verify(spki, form, hash, message,
					 forge_flip(&f, sig, sig.len - 1, 0), &err));
	assert_false(rd_signature_verify(spki, form, hash, message,
					 rd_view_of(sig.data, sig.len - 1), &err));
	if (form != RD_SIGNATURE_EDDSA)
		assert_false(rd_signature_verify(
			spki, form, hash == RD_HASH_SHA256 ? RD_HASH_SHA384 : RD_HASH_SHA256,
			message, sig, &err));
}

static void test_signatures(void **state)
{
	static const uint8_t zeros[64];
	struct forge_key *key = forge_key(&f, FORGE_P256), *rsa = forge_key(&f, FORGE_RSA2048);
	struct rd_view sig =
		forge_sign(&f, key, RD_SIGNATURE_ECDSA_RAW, RD_HASH_SHA256, rd_view_str("m"));
	struct rd_err err = { 0 };

	(void)state;
	check_signature(FORGE_P256, RD_SIGNATURE_ECDSA_RAW, RD_HASH_SHA256);
	check_signature(FORGE_P384, RD_SIGNATURE_ECDSA_RAW, RD_HASH_SHA384);
	check_signature(FORGE_P384, RD_SIGNATURE_ECDSA_DER, RD_HASH_SHA512);
	check_signature(FORGE_RSA2048, RD_SIGNATURE_RSA_PKCS1, RD_HASH_SHA256);
	check_signature(FORGE_RSA2048, RD_SIGNATURE_RSA_PKCS1, RD_HASH_SHA1);
	check_signature(FORGE_RSA2048, RD_SIGNATURE_RSA_PSS, RD_HASH_SHA384);
	check_signature(FORGE_RSA2048, RD_SIGNATURE_RSA_PSS_ANY_SALT, RD_HASH_SHA256);
	check_signature(FORGE_ED25519, RD_SIGNATURE_EDDSA, RD_HASH_SHA256);
	/* r = s = 0, r = n; a form that is not the key's; PSS with another salt length. */
	assert_false(rd_signature_verify(forge_spki(&f, key), RD_SIGNATURE_ECDSA_RAW,
					 RD_HASH_SHA256, rd_view_str("m"), rd_view_of(zeros, 64),
					 &err));
	assert_false(rd_signature_verify(forge_spki(&f, rsa), RD_SIGNATURE_ECDSA_RAW,
					 RD_HASH_SHA256, rd_view_str("m"), sig, &err));
	assert_string_equal(err.code, "crypto.signature.form");
	sig = forge_sign(&f, rsa, RD_SIGNATURE_RSA_PSS_ANY_SALT, RD_HASH_SHA256, rd_view_str("m"));
	assert_false(rd_signature_verify(forge_spki(&f, rsa), RD_SIGNATURE_RSA_PSS, RD_HASH_SHA256,
					 rd_view_str("m"), sig, &err));
}

static void test_keys(void **state)
{
	struct forge_key *ec = forge_key(&f, FORGE_P384), *rsa = forge_key(&f, FORGE_RSA2048);
	struct forge_key *ed = forge_key(&f, FORGE_ED25519);
	static const uint8_t exponent[] = { 1, 0, 1 }, even[] = { 1, 0, 0 };
	struct rd_view spki, raw, point = forge_raw_public(&f, ec);
	struct rd_view n = forge_rsa_modulus(&f, rsa), e = rd_view_of(exponent, 3);
	struct rd_err err = { 0 };
	enum rd_key_kind kind;
	uint32_t bits;

	(void)state;
	assert_true(rd_spki_from_point(RD_KEY_P384, point, f.arena, &spki, &err));
	assert_true(rd_view_eq(spki, forge_spki(&f, ec)));
	assert_true(rd_spki_raw(spki, f.arena, &raw, &err) && rd_view_eq(raw, point));
	assert_true(rd_spki_kind(spki, &kind, &bits, &err) && kind == RD_KEY_P384 && bits == 384);
	assert_false(rd_spki_from_point(RD_KEY_P384, forge_flip(&f, point, 90, 0), f.arena, &spki,
					&err));
	assert_string_equal(err.code, "crypto.spki");
	assert_false(rd_spki_from_point(RD_KEY_P256, point, f.arena, &spki, &err));
	assert_true(rd_spki_from_rsa(n, e, f.arena, &spki, &err));
	assert_true(rd_view_eq(spki, forge_spki(&f, rsa)));
	assert_false(rd_spki_from_rsa(n, rd_view_of(even, 3), f.arena, &spki, &err));
	assert_false(rd_spki_from_rsa(rd_view_of(n.data, 128), e, f.arena, &spki, &err));
	assert_false(rd_spki_raw(forge_spki(&f, rsa), f.arena, &raw, &err));
	assert_true(rd_spki_from_ed25519(forge_raw_public(&f, ed), f.arena, &spki, &err));
	assert_true(rd_view_eq(spki, forge_spki(&f, ed)));
	assert_true(rd_spki_from_pem(forge_spki_pem(&f, rsa), f.arena, &spki, &err));
	assert_true(rd_view_eq(spki, forge_spki(&f, rsa)));
	assert_false(rd_spki_from_pem(rd_view_str("-----BEGIN"), f.arena, &spki, &err));
	for (size_t cut = 0; cut < spki.len; cut += 3)
		assert_false(rd_spki_kind(rd_view_of(spki.data, cut), &kind, &bits, &err));
}

static void test_der(void **state)
{
	/* Content of INTEGER, and whether it is one of ours. */
	static const struct {
		uint8_t bytes[12];
		size_t len;
		bool good;
		uint64_t value;
	} cases[] = {
		{ { 2, 1, 0 }, 3, true, 0 },
		{ { 2, 2, 0, 0xDB }, 4, true, 0xDB },
		{ { 2, 1, 0x80 }, 3, false, 0 },
		{ { 2, 2, 0, 5 }, 4, false, 0 },
		{ { 4, 1, 5 }, 3, false, 0 },
		{ { 2, 0 }, 2, false, 0 },
		{ { 2, 0x81, 1, 5 }, 4, false, 0 },
		{ { 2, 2, 5 }, 3, false, 0 },
		{ { 2, 0x80, 5, 0, 0 }, 5, false, 0 },
		{ { 2, 9, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF },
		  11,
		  true,
		  UINT64_MAX },
		{ { 2, 9, 1, 0, 0, 0, 0, 0, 0, 0, 0 }, 11, false, 0 },
		{ { 0x1F, 2, 1, 5 }, 4, false, 0 },
		{ { 2 }, 1, false, 0 },
	};
	struct rd_view in, content, many;
	struct rd_err err = { 0 };
	uint64_t value;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		in = rd_view_of(cases[i].bytes, cases[i].len);
		if (rd_der_uint(&in, UINT64_MAX, &value, &err) != cases[i].good)
			fail_msg("case %zu", i);
		if (cases[i].good)
			assert_true(value == cases[i].value && in.len == 0);
	}
	in = rd_view_of(cases[1].bytes, 4);
	assert_false(rd_der_uint(&in, 0xDA, &value, &err));
	assert_string_equal(err.code, "crypto.der");
	in = forge_der_oid(&f, "1.2.840.113741.1.13.1");
	assert_true(rd_der_expect(&in, RD_DER_OID, &content, &err));
	assert_true(rd_der_oid_is(content, "1.2.840.113741.1.13.1"));
	assert_false(rd_der_oid_is(content, "1.2.840.113741.1.13.2"));
	/* Ten thousand levels cost ten thousand steps, and no stack. */
	many = forge_der_uint(&f, 7);
	for (int i = 0; i < 10000; i++)
		many = forge_der(
			&f, RD_DER_SEQUENCE,
			i < 200 ? many : rd_view_of(many.data, 3000 < many.len ? 3000 : many.len));
	for (int i = 0; i < 10000 && rd_der_expect(&many, RD_DER_SEQUENCE, &content, &err); i++)
		many = content;
	assert_false(rd_der_uint(&many, 1, &value, &err));
}

static struct rd_cert read_one(const char *relative)
{
	struct rd_view file = rd_test_read_file(rd_test_shared_path(relative)), text;
	struct rd_err err = { 0 };
	struct rd_cert out = { 0 };
	uint32_t n = 0;

	assert_true(rd_arena_copy(f.arena, file, &text, &err));
	rd_test_free(file);
	if (!rd_certs_read(text, f.arena, &out, 1, &n, &err))
		fail_msg("%s: %s", relative, err.text);
	assert_int_equal(n, 1);
	return out;
}

/* AMD's chains are RSASSA-PSS without key ids; AWS's leaf names no issuer's key. */
static void test_genuine(void **state)
{
	static const char *const products[] = { "milan", "genoa", "turin" };
	struct rd_cert ark, ask, vcek;
	struct rd_cert_path path;
	struct rd_view hwid;
	struct rd_err err = { 0 };
	char name[128];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct rd_cert_path_rules rules = { .anchor = &ark,
						    .n_anchors = 1,
						    .pool = &ask,
						    .n_pool = 1,
						    .now_unix_s = 1772000000 };

		snprintf(name, sizeof(name), "vectors/sev-snp/roots/%s_ark.pem", products[i]);
		ark = read_one(name);
		snprintf(name, sizeof(name), "vectors/sev-snp/roots/%s_ask.pem", products[i]);
		ask = read_one(name);
		snprintf(name, sizeof(name), "vectors/sev-snp/%s-v%d-ms/vcek.pem", products[i],
			 i == 2 ? 5 : 3);
		vcek = read_one(name);
		assert_true(vcek.signed_with_pss && vcek.key == RD_KEY_P384);
		if (!rd_cert_path_build(&vcek, &rules, &path, &err))
			fail_msg("%s: %s", name, err.text);
		assert_true(rd_cert_extension(&vcek, "1.3.6.1.4.1.3704.1.4", &hwid));
		assert_int_equal(hwid.len, i == 2 ? 8 : 64);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_path_holds), cmocka_unit_test(test_path_changes),
		cmocka_unit_test(test_anchors),    cmocka_unit_test(test_critical_extension),
		cmocka_unit_test(test_cert_form),  cmocka_unit_test(test_crl),
		cmocka_unit_test(test_signatures), cmocka_unit_test(test_keys),
		cmocka_unit_test(test_der),        cmocka_unit_test(test_genuine),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
