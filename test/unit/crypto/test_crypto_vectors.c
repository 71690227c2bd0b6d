/* crypto against Wycheproof and the vectors of RFC 9180. */
#include "vectors.h"

#include <redoubt/crypto.h>

#include "crypto/crypto_int.h"

static struct rd_arena *arena;

static int set_up(void **state)
{
	struct rd_err err = { 0 };

	(void)state;
	return rd_arena_new((size_t)64 << 20, &arena, &err) && rd_crypto_init(&err) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	rd_arena_free(&arena);
	return 0;
}

/* One vector with one back end: seals to exactly ct||tag, opens only if it is valid. */
static void try_gcm(json_t *test, const char *backend)
{
	struct rd_err err = { 0 };
	struct rd_aead *aead = NULL;
	struct rd_view msg = field(arena, test, "msg"), ct = field(arena, test, "ct");
	struct rd_view tag = field(arena, test, "tag"), aad = field(arena, test, "aad");
	struct rd_view iv = field(arena, test, "iv");
	bool valid = says(test, "valid");
	uint8_t sealed[1024], out_bytes[1024];
	struct rd_span out = { out_bytes, sizeof(out_bytes), 0 };

	assert_true(ct.len + 16 <= sizeof(sealed));
	memcpy(sealed, ct.data, ct.len);
	memcpy(sealed + ct.len, tag.data, tag.len);
	assert_true(rd_aead_new(field(arena, test, "key"), backend, &aead, &err));
	bool opened = rd_aead_open(aead, iv.data, aad, rd_view_of(sealed, ct.len + 16), &out, &err);
	assert_int_equal(opened, valid);
	if (valid) {
		assert_true(rd_view_eq(rd_view_of(out.data, out.used), msg));
		out.used = 0;
		assert_true(rd_aead_seal(aead, iv.data, aad, msg, &out, &err));
		assert_true(rd_view_eq(rd_view_of(out.data, out.used),
				       rd_view_of(sealed, ct.len + 16)));
	} else {
		assert_string_equal(err.code, "crypto.aead.tag");
		assert_int_equal(out.used, 0);
	}
	rd_aead_free(&aead);
}

static void test_wycheproof_gcm(void **state)
{
	json_t *root = load_vectors("vectors/wycheproof/aes_gcm_test.json");
	json_t *group, *test;
	size_t i, j, tried = 0, with_ipsecmb = 0;

	(void)state;
	json_array_foreach(json_object_get(root, "testGroups"), i, group)
	{
		json_int_t key_bits = json_integer_value(json_object_get(group, "keySize"));

		if (json_integer_value(json_object_get(group, "ivSize")) != 96)
			continue; /* the interface takes 12-byte nonces only */
		json_array_foreach(json_object_get(group, "tests"), j, test)
		{
			for (size_t k = 0; rd_aead_backends[k]; k++) {
				if (!rd_aead_backends[k]->usable((size_t)key_bits / 8))
					continue;
				try_gcm(test, rd_aead_backends[k]->name);
				with_ipsecmb += rd_aead_backends[k] != &rd_aead_openssl;
				tried++;
			}
		}
	}
	json_decref(root);
	print_message("%zu tries, %zu of them with ipsec-mb\n", tried, with_ipsecmb);
	assert_true(tried > 150);
}

static void test_backends_agree(void **state)
{
	struct rd_test_random random = rd_test_random_seed(7);
	struct rd_err err = { 0 };
	static uint8_t text[70000], a[70016], b[70016];
	uint8_t key[32], nonce[12], aad[200];

	(void)state;
	for (int round = 0; round < 300; round++) {
		size_t len = rd_test_random_below(&random, round < 200 ? 1200 : sizeof(text));
		struct rd_view v_aad = { aad, rd_test_random_below(&random, sizeof(aad)) };
		struct rd_aead *one = NULL, *other = NULL;

		rd_test_random_bytes(&random, key, sizeof(key));
		rd_test_random_bytes(&random, nonce, sizeof(nonce));
		rd_test_random_bytes(&random, aad, sizeof(aad));
		rd_test_random_bytes(&random, text, len);
		assert_true(rd_aead_new(rd_view_of(key, 32), "openssl", &one, &err));
		for (size_t k = 0; rd_aead_backends[k]; k++) {
			struct rd_span sa = { a, sizeof(a), 0 }, sb = { b, sizeof(b), 0 };

			if (!rd_aead_backends[k]->usable(32))
				continue;
			assert_true(rd_aead_new(rd_view_of(key, 32), rd_aead_backends[k]->name,
						&other, &err));
			assert_true(
				rd_aead_seal(one, nonce, v_aad, rd_view_of(text, len), &sa, &err));
			assert_true(rd_aead_seal(other, nonce, v_aad, rd_view_of(text, len), &sb,
						 &err));
			assert_true(rd_view_eq(rd_view_of(a, sa.used), rd_view_of(b, sb.used)));
			/* In place, and with a bit flipped anywhere. */
			sb.used = 0;
			assert_true(rd_aead_open(other, nonce, v_aad, rd_view_of(b, len + 16), &sb,
						 &err));
			assert_memory_equal(b, text, len);
			a[rd_test_random_below(&random, len + 16)] ^= 4;
			sb.used = 0;
			assert_false(rd_aead_open(other, nonce, v_aad, rd_view_of(a, len + 16), &sb,
						  &err));
			rd_aead_free(&other);
		}
		rd_aead_free(&one);
	}
}

static void test_wycheproof_hkdf(void **state)
{
	json_t *root = load_vectors("vectors/wycheproof/hkdf_sha256_test.json");
	json_t *group, *test;
	size_t i, j, tried = 0;

	(void)state;
	json_array_foreach(json_object_get(root, "testGroups"), i, group)
	{
		json_array_foreach(json_object_get(group, "tests"), j, test)
		{
			struct rd_err err = { 0 };
			struct rd_secret prk;
			static uint8_t okm[70000];
			struct rd_span out = {
				okm, (size_t)json_integer_value(json_object_get(test, "size")), 0
			};

			assert_true(out.cap <= sizeof(okm));
			assert_true(rd_hkdf_extract(RD_HASH_SHA256, field(arena, test, "salt"),
						    field(arena, test, "ikm"), &prk, &err));
			bool ok = rd_hkdf_expand(RD_HASH_SHA256, rd_secret_view(&prk),
						 field(arena, test, "info"), &out, &err);
			assert_int_equal(ok, says(test, "valid"));
			if (ok)
				assert_true(rd_view_eq(rd_view_of(okm, out.used),
						       field(arena, test, "okm")));
			tried++;
		}
	}
	json_decref(root);
	assert_int_equal(tried, 86);
}

static void test_wycheproof_x25519(void **state)
{
	json_t *root = load_vectors("vectors/wycheproof/x25519_test.json");
	json_t *group, *test;
	size_t i, j, zeros = 0;

	(void)state;
	json_array_foreach(json_object_get(root, "testGroups"), i, group)
	{
		json_array_foreach(json_object_get(group, "tests"), j, test)
		{
			struct rd_err err = { 0 };
			struct rd_secret key = { .len = 0 }, shared = { .len = 0 };
			struct rd_view want = field(arena, test, "shared");
			static const uint8_t zero[32];
			bool is_zero = rd_view_eq(want, rd_view_of(zero, 32));

			assert_true(rd_secret_set(&key, field(arena, test, "private"), &err));
			assert_int_equal(rd_crypto_x25519(&key, field(arena, test, "public"),
							  &shared, &err),
					 !is_zero);
			if (is_zero)
				assert_string_equal(err.code, "crypto.x25519.zero");
			else
				assert_true(rd_view_eq(rd_secret_view(&shared), want));
			zeros += is_zero;
		}
	}
	json_decref(root);
	assert_true(zeros > 0);
}

static void test_wycheproof_ed25519(void **state)
{
	json_t *root = load_vectors("vectors/wycheproof/ed25519_test.json");
	json_t *group, *test;
	size_t i, j;

	(void)state;
	json_array_foreach(json_object_get(root, "testGroups"), i, group)
	{
		struct rd_view key = field(arena, json_object_get(group, "publicKey"), "pk");

		json_array_foreach(json_object_get(group, "tests"), j, test)
		{
			struct rd_err err = { 0 };

			assert_int_equal(rd_ed25519_verify(key, field(arena, test, "msg"),
							   field(arena, test, "sig"), &err),
					 says(test, "valid"));
		}
	}
	json_decref(root);
}

static void check_ecdsa(const char *file, enum rd_hash hash)
{
	json_t *root = load_vectors(file);
	json_t *group, *test;
	size_t i, j, invalid = 0;

	json_array_foreach(json_object_get(root, "testGroups"), i, group)
	{
		struct rd_view key =
			field(arena, json_object_get(group, "publicKey"), "uncompressed");

		json_array_foreach(json_object_get(group, "tests"), j, test)
		{
			struct rd_err err = { 0 };

			assert_int_equal(rd_ecdsa_verify(key, hash, field(arena, test, "msg"),
							 field(arena, test, "sig"), &err),
					 says(test, "valid"));
			invalid += says(test, "invalid");
		}
	}
	json_decref(root);
	assert_true(invalid > 10);
}

static void test_wycheproof_ecdsa(void **state)
{
	(void)state;
	check_ecdsa("vectors/wycheproof/ecdsa_secp256r1_sha256_p1363_test.json", RD_HASH_SHA256);
	check_ecdsa("vectors/wycheproof/ecdsa_secp384r1_sha384_p1363_test.json", RD_HASH_SHA384);
}

/* All messages of one RFC 9180 vector, both ways, and each refused under another AAD. */
static void try_hpke(json_t *vector)
{
	struct rd_err err = { 0 };
	struct rd_secret recipient = { .len = 0 }, ephemeral = { .len = 0 };
	struct rd_hpke *sender = NULL, *receiver = NULL;
	struct rd_hpke_params params = { (enum rd_hpke_aead)json_integer_value(
						 json_object_get(vector, "aead_id")),
					 field(arena, vector, "info"), &ephemeral };
	uint8_t enc[RD_X25519_LEN];
	json_t *message;
	size_t i;

	assert_true(rd_secret_set(&recipient, field(arena, vector, "skRm"), &err));
	assert_true(rd_secret_set(&ephemeral, field(arena, vector, "skEm"), &err));
	assert_true(rd_hpke_sender(&params, field(arena, vector, "pkRm"), enc, &sender, &err));
	assert_true(rd_view_eq(rd_view_of(enc, sizeof(enc)), field(arena, vector, "enc")));
	assert_true(rd_hpke_receiver(&params, &recipient, rd_view_of(enc, sizeof(enc)), &receiver,
				     &err));
	json_array_foreach(json_object_get(vector, "encryptions"), i, message)
	{
		struct rd_view aad = field(arena, message, "aad"), ct = field(arena, message, "ct");
		struct rd_view pt = field(arena, message, "pt");
		uint8_t bytes[256];
		struct rd_span out = { bytes, sizeof(bytes), 0 };

		assert_true(rd_hpke_seal_next(sender, aad, pt, &out, &err));
		assert_true(rd_view_eq(rd_view_of(bytes, out.used), ct));
		out.used = 0;
		assert_false(rd_hpke_open_next(receiver, pt, ct, &out, &err));
		assert_true(rd_hpke_open_next(receiver, aad, ct, &out, &err));
		assert_true(rd_view_eq(rd_view_of(bytes, out.used), pt));
	}
	assert_true(i > 0);
	rd_hpke_free(&sender);
	rd_hpke_free(&receiver);
}

static void test_rfc9180(void **state)
{
	json_t *root = load_vectors("vectors/hpke/rfc9180_x25519_p256base.json");
	json_t *vector;
	size_t i, tried = 0;

	(void)state;
	json_array_foreach(root, i, vector)
	{
		if (json_integer_value(json_object_get(vector, "mode")) != 0 ||
		    json_integer_value(json_object_get(vector, "kem_id")) != 0x20 ||
		    json_integer_value(json_object_get(vector, "aead_id")) > 3)
			continue;
		try_hpke(vector);
		tried++;
	}
	json_decref(root);
	assert_int_equal(tried, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wycheproof_gcm),
		cmocka_unit_test(test_backends_agree),
		cmocka_unit_test(test_wycheproof_hkdf),
		cmocka_unit_test(test_wycheproof_x25519),
		cmocka_unit_test(test_wycheproof_ed25519),
		cmocka_unit_test(test_wycheproof_ecdsa),
		cmocka_unit_test(test_rfc9180),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
