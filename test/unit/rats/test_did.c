/* Issuers that name a CA of their own chain (did:x509), and what its leaf must hold. */
#include "forge/forge.h"
#include "rats/rats_int.h"
#include "support.h"

#include <string.h>

#define NOW 1750000000

static struct forge f;
static struct forge_key *ec, *other;

static int setup(void **state)
{
	(void)state;
	forge_init(&f);
	ec = forge_key(&f, FORGE_P256);
	other = forge_key(&f, FORGE_P256);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	forge_free(&f);
	return 0;
}

/* A COSE_Sign1 by `leaf`, whose header has the chain and an issuer: this method, the fingerprint
 * of a certificate, and what comes behind it. */
static struct rd_view message(const struct rd_cert *leaf, const struct rd_cert *root,
			      const struct rd_cert *named, const char *method, const char *asks)
{
	struct forge_cose_spec spec = {
		.alg = RD_COSE_ES256, .key = ec, .tagged = true, .payload = rd_view_str("{}")
	};
	struct rd_buf did = { .max = 512 }, b = { .max = 8192 };
	uint8_t digest[RD_SHA256_LEN];
	struct rd_err err = { 0 };

	assert_true(rd_sha256(named->der, digest, &err));
	rd_buf_printf(&did, "%s", method);
	rd_base64url_put(&did, rd_view_of(digest, sizeof(digest)));
	rd_buf_printf(&did, "%s", asks);
	rd_cbor_put_map(&b, 3);
	rd_cbor_put_uint(&b, 1);
	rd_cbor_put_int(&b, RD_COSE_ES256);
	rd_cbor_put_uint(&b, 15);
	rd_cbor_put_map(&b, 1);
	rd_cbor_put_uint(&b, 1);
	rd_cbor_put_text(&b, forge_keep(&f, &did));
	rd_cbor_put_uint(&b, 33);
	rd_cbor_put_array(&b, 2);
	rd_cbor_put_bytes(&b, leaf->der);
	rd_cbor_put_bytes(&b, root->der);
	spec.protected_header = forge_keep(&f, &b);
	return forge_cose(&f, &spec);
}

static void test_did(void **state)
{
	static const struct {
		const char *method, *asks;
		bool leaf, good;
	} cases[] = {
		{ "did:x509:0:sha256:", "::eku:1.3.6.1.4.1.311.76.59.1.2", false, true },
		{ "did:web:", "", false, true }, /* another method says nothing of the chain */
		{ "did:x509:0:sha256:", "::eku:1.3.6.1.4.1.311.76.59.1.2", true, false },
		{ "did:x509:0:sha256:", "::eku:1.3.6.1.4.1.311.76.59.1.3", false, false },
		{ "did:x509:0:sha256:", "::subject:CN:signer", false, false },
		{ "did:x509:0:sha256:", "", false, false },
		{ "did:x509:0:sha256:AA", "::eku:1.3.6.1.4.1.311.76.59.1.2", false, false },
		{ "did:x509:0:sha1:", "::eku:1.3.6.1.4.1.311.76.59.1.2", false, false },
	};
	struct forge_cert_spec root_spec = {
		.cn = "root", .key = other, .is_ca = true, .key_usage = "critical,keyCertSign"
	};
	struct rd_cert root = forge_cert(&f, &root_spec);
	struct forge_cert_spec leaf_spec = {
		.cn = "signer", .key = ec, .issuer = &root, .issuer_key = other, .n_extensions = 1
	};
	struct rd_view usage = forge_der_oid(&f, "1.3.6.1.4.1.311.76.59.1.2");
	struct rd_cert leaf;

	(void)state;
	leaf_spec.extension[0] =
		(struct forge_extension){ .oid = "2.5.29.37",
					  .value = forge_der(&f, RD_DER_SEQUENCE, usage) };
	leaf = forge_cert(&f, &leaf_spec);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rd_tee_input in = { .now_unix_s = NOW, .anchor = &root, .n_anchors = 1 };
		struct rd_tee_result *r;

		in.report = message(&leaf, &root, cases[i].leaf ? &leaf : &root, cases[i].method,
				    cases[i].asks);
		r = forge_verify(&f, &rd_rats_cose, &in);
		if (cases[i].good)
			forge_expect_good(r, cases[i].method);
		else
			forge_expect(r, "rats.cose.issuer", RD_RESULT_FAIL, cases[i].asks);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_did) };

	return cmocka_run_group_tests(tests, setup, teardown);
}
