/* Key files and certificates, with the openssl program as the other side; fresh HPKE; costs. */
#include "support.h"

#include <redoubt/crypto.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/rd-crypto-XXXXXX";

static int set_up(void **state)
{
	struct rd_err err = { 0 };

	(void)state;
	return mkdtemp(folder) && chdir(folder) == 0 && rd_crypto_init(&err) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	return system("rm -rf \"$PWD\"") == 0 && chdir("/") == 0 ? 0 : -1;
}

static void save(const char *name, struct rd_view bytes)
{
	FILE *f = fopen(name, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes.data, 1, bytes.len, f), bytes.len);
	assert_int_equal(fclose(f), 0);
}

static void shell(const char *command)
{
	if (system(command) != 0)
		fail_msg("%s", command);
}

/* What we write, openssl reads and writes the same; a signature of ours verifies there. */
static void test_ed25519_files(void **state)
{
	struct rd_err err = { 0 };
	struct rd_secret seed = { .len = 0 }, back = { .len = 0 };
	uint8_t public_key[32], parsed[32], signature[64];
	struct rd_buf pem, pub;
	bool is_x25519 = true;

	(void)state;
	rd_buf_init(&pem, 4096);
	rd_buf_init(&pub, 4096);
	assert_true(rd_ed25519_generate(&seed, public_key, &err));
	assert_true(rd_pem_ed25519_private(&seed, &pem, &err));
	assert_true(rd_pem_ed25519_public(rd_view_of(public_key, 32), &pub, &err));
	save("key.pem", rd_buf_view(&pem));
	save("pub.pem", rd_buf_view(&pub));
	shell("openssl pkey -in key.pem -out key2.pem && cmp key.pem key2.pem");
	shell("openssl pkey -in key.pem -pubout -out pub2.pem && cmp pub.pem pub2.pem");
	assert_true(rd_ed25519_sign(&seed, rd_view_str("message"), signature, &err));
	save("sig", rd_view_of(signature, 64));
	save("msg", rd_view_str("message"));
	shell("openssl pkeyutl -verify -pubin -inkey pub.pem -rawin -in msg -sigfile sig >out");
	assert_true(rd_pem_parse_ed25519_private(rd_buf_view(&pem), &back, &err));
	assert_true(rd_equal_secret(rd_secret_view(&seed), rd_secret_view(&back)));
	assert_true(rd_pem_parse_public(rd_buf_view(&pub), parsed, &is_x25519, &err));
	assert_false(is_x25519);
	assert_memory_equal(parsed, public_key, 32);
	assert_false(rd_pem_parse_x25519_private(rd_buf_view(&pem), &back, &err));
	assert_string_equal(err.code, "crypto.pem.key");
	rd_buf_free(&pem);
	rd_buf_free(&pub);
}

static void test_x25519_files(void **state)
{
	struct rd_err err = { 0 };
	struct rd_secret key = { .len = 0 }, back = { .len = 0 };
	uint8_t public_key[32], parsed[32];
	struct rd_buf pem, pub;
	bool is_x25519 = false;

	(void)state;
	rd_buf_init(&pem, 4096);
	rd_buf_init(&pub, 4096);
	assert_true(rd_x25519_generate(&key, public_key, &err));
	assert_true(rd_pem_x25519_private(&key, &pem, &err));
	assert_true(rd_pem_x25519_public(rd_view_of(public_key, 32), &pub, &err));
	save("x.pem", rd_buf_view(&pem));
	save("xpub.pem", rd_buf_view(&pub));
	shell("openssl pkey -in x.pem -out x2.pem && cmp x.pem x2.pem");
	shell("openssl pkey -in x.pem -pubout -out xpub2.pem && cmp xpub.pem xpub2.pem");
	assert_true(rd_pem_parse_x25519_private(rd_buf_view(&pem), &back, &err));
	assert_true(rd_equal_secret(rd_secret_view(&key), rd_secret_view(&back)));
	assert_true(rd_pem_parse_public(rd_buf_view(&pub), parsed, &is_x25519, &err));
	assert_true(is_x25519);
	assert_memory_equal(parsed, public_key, 32);
	rd_buf_free(&pem);
	rd_buf_free(&pub);
}

static void test_broken_pem(void **state)
{
	static const char *const broken[] = {
		"",
		"-----BEGIN X-----\n",
		"-----BEGIN X-----\nAAAA\n",
		"-----BEGIN X-----\nAAAA-----END X-----\n",
		"-----BEGIN X-----\nAAA\n-----END X-----\n",
		"-----BEGIN X-----\nAAB=\n-----END X-----\n",       /* bits behind the end */
		"-----BEGIN X-----\nAAAA\nAAAA\n-----END X-----\n", /* short line first */
		"-----BEGIN X-----\nA!AA\n-----END X-----\n",
		"-----BEGIN X-----\nAAAA\n-----END Y-----\n",
		"-----BEGIN X-----\nAAAA\n-----END X-----\nmore",
		" -----BEGIN X-----\nAAAA\n-----END X-----\n",
		"-----BEGIN X-----\n====\n-----END X-----\n",
	};
	struct rd_err err = { 0 };
	uint8_t bytes[64];

	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct rd_span out = { bytes, sizeof(bytes), 0 };

		if (rd_pem_unwrap("X", rd_view_str(broken[i]), &out, &err))
			fail_msg("accepted: %s", broken[i]);
		assert_int_equal(err.fault, RD_FAULT_MALFORMED);
	}
	struct rd_span tight = { bytes, 2, 0 };
	assert_false(rd_pem_unwrap("X", rd_view_str("-----BEGIN X-----\nAAAA\n-----END X-----\n"),
				   &tight, &err));
	for (size_t len = 0; len < sizeof(bytes); len++) {
		struct rd_span out = { bytes, sizeof(bytes), 0 };
		uint8_t in[64] = { 1, 2, 3 };
		struct rd_buf pem;

		rd_buf_init(&pem, 4096);
		assert_true(rd_pem_wrap("X", rd_view_of(in, len), &pem, &err));
		assert_true(rd_pem_unwrap("X", rd_buf_view(&pem), &out, &err));
		assert_true(rd_view_eq(rd_view_of(bytes, out.used), rd_view_of(in, len)));
		rd_buf_free(&pem);
	}
}

static void test_certificate(void **state)
{
	struct rd_err err = { 0 };
	struct rd_secret seed = { .len = 0 };
	uint8_t public_key[32];
	struct rd_buf der, spki;

	(void)state;
	rd_buf_init(&der, 4096);
	rd_buf_init(&spki, 4096);
	assert_true(rd_ed25519_generate(&seed, public_key, &err));
	assert_true(rd_cert_self_signed(&seed, &der, &err));
	assert_true(rd_ed25519_spki(rd_view_of(public_key, 32), &spki, &err));
	save("cert.der", rd_buf_view(&der));
	save("spki.der", rd_buf_view(&spki));
	shell("openssl x509 -inform DER -in cert.der -out cert.pem");
	shell("openssl verify -CAfile cert.pem -check_ss_sig cert.pem >out");
	shell("openssl x509 -in cert.pem -noout -pubkey | openssl pkey -pubin -outform DER "
	      "| cmp - spki.der");
	rd_buf_free(&der);
	rd_buf_free(&spki);
}

static void test_hpke_fresh(void **state)
{
	struct rd_err err = { 0 };
	struct rd_secret key = { .len = 0 }, other = { .len = 0 };
	uint8_t public_key[32], other_public[32], enc[32], sealed[64], opened[64];
	struct rd_hpke_params params = { RD_HPKE_AES256GCM, rd_view_str("info"), NULL };
	struct rd_hpke_params wrong = { RD_HPKE_AES256GCM, rd_view_str("inf0"), NULL };
	struct rd_span out = { sealed, sizeof(sealed), 0 }, back = { opened, sizeof(opened), 0 };
	static const uint8_t zero[32];

	(void)state;
	assert_true(rd_x25519_generate(&key, public_key, &err));
	assert_true(rd_x25519_generate(&other, other_public, &err));
	assert_true(rd_hpke_seal(&params, rd_view_of(public_key, 32), rd_view_str("aad"),
				 rd_view_str("secret"), enc, &out, &err));
	struct rd_view v_enc = { enc, 32 }, ct = { sealed, out.used };
	assert_true(rd_hpke_open(&params, &key, v_enc, rd_view_str("aad"), ct, &back, &err));
	assert_true(rd_view_eq(rd_view_of(opened, back.used), rd_view_str("secret")));
	assert_false(rd_hpke_open(&params, &other, v_enc, rd_view_str("aad"), ct, &back, &err));
	assert_false(rd_hpke_open(&wrong, &key, v_enc, rd_view_str("aad"), ct, &back, &err));
	assert_false(rd_hpke_open(&params, &key, v_enc, rd_view_str("aae"), ct, &back, &err));
	assert_false(rd_hpke_seal(&params, rd_view_of(zero, 32), rd_view_str("aad"),
				  rd_view_str("secret"), enc, &out, &err));
	assert_string_equal(err.code, "crypto.x25519.zero");
	params.aead = (enum rd_hpke_aead)9;
	assert_false(rd_hpke_seal(&params, rd_view_of(public_key, 32), rd_view_str("aad"),
				  rd_view_str("secret"), enc, &out, &err));
	assert_string_equal(err.code, "crypto.hpke.aead");
}

/* RFC 7914 section 12, third vector; and what would exhaust the machine. */
static void test_scrypt(void **state)
{
	static const uint8_t want[] = { 0x70, 0x23, 0xbd, 0xcb, 0x3a, 0xfd, 0x73, 0x48,
					0x46, 0x1c, 0x06, 0xcd, 0x81, 0xfd, 0x38, 0xeb };
	static const struct rd_scrypt_cost refused[] = {
		{ 9, 8, 1 }, { 21, 8, 1 }, { 14, 0, 1 }, { 14, 17, 1 }, { 14, 8, 0 }, { 14, 8, 5 }
	};
	struct rd_err err = { 0 };
	struct rd_secret out = { .len = 0 };

	(void)state;
	assert_true(rd_scrypt(rd_view_str("pleaseletmein"), rd_view_str("SodiumChloride"),
			      (struct rd_scrypt_cost){ 14, 8, 1 }, 64, &out, &err));
	assert_memory_equal(out.data, want, sizeof(want));
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		assert_false(
			rd_scrypt(rd_view_str("p"), rd_view_str("s"), refused[i], 32, &out, &err));
		assert_string_equal(err.code, "crypto.scrypt.cost");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ed25519_files), cmocka_unit_test(test_x25519_files),
		cmocka_unit_test(test_broken_pem),    cmocka_unit_test(test_certificate),
		cmocka_unit_test(test_hpke_fresh),    cmocka_unit_test(test_scrypt),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
