/* COSE_Sign1 against the working group's examples, our own form and its forgeries; CMW records. */
#include "support.h"

#include <redoubt/codec.h>

#include <jansson.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

static struct rd_arena *arena;

static int set_up(void **state)
{
	struct rd_err err = { 0 };

	(void)state;
	return rd_arena_new((size_t)16 << 20, &arena, &err) && rd_crypto_init(&err) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	rd_arena_free(&arena);
	return 0;
}

/* A base64url coordinate, left-padded to `len`. */
static void coordinate(json_t *key, const char *name, uint8_t *out, size_t len)
{
	const char *text = json_string_value(json_object_get(key, name));
	char padded[128] = { 0 };
	uint8_t bytes[96];
	size_t n = strlen(text), pad = (4 - n % 4) % 4;

	assert_true(n + pad < sizeof(padded));
	for (size_t i = 0; i < n + pad; i++)
		padded[i] = i >= n ? '=' : text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i];
	int got = EVP_DecodeBlock(bytes, (const uint8_t *)padded, (int)(n + pad));
	assert_true(got > 0);
	size_t used = (size_t)got - pad;
	assert_true(used <= len);
	memset(out, 0, len - used);
	memcpy(out + len - used, bytes, used);
}

static struct rd_view public_key(json_t *key)
{
	static uint8_t point[160];
	const char *curve = json_string_value(json_object_get(key, "crv"));
	size_t len = strcmp(curve, "P-256") == 0   ? 32
		     : strcmp(curve, "P-384") == 0 ? 48
		     : strcmp(curve, "P-521") == 0 ? 66
						   : 0;
	if (len == 0) {
		struct rd_err err = { 0 };
		struct rd_view raw = { 0 };
		const char *x = json_string_value(json_object_get(key, "x_hex"));

		assert_true(rd_unhex(arena, rd_view_str(x), &raw, &err));
		return raw;
	}
	point[0] = 4;
	coordinate(key, "x", point + 1, len);
	coordinate(key, "y", point + 1 + len, len);
	return rd_view_of(point, 1 + 2 * len);
}

/* The same by the key's SPKI. */
static bool by_spki(const struct rd_cose_sign1 *sign1, struct rd_view aad, struct rd_view key,
		    struct rd_err *err)
{
	enum rd_key_kind kind = key.len == 65   ? RD_KEY_P256
				: key.len == 97 ? RD_KEY_P384
						: RD_KEY_P521;
	struct rd_view spki = { 0 };
	bool ok = key.len >= 65 ? rd_spki_from_point(kind, key, arena, &spki, err)
				: rd_spki_from_ed25519(key, arena, &spki, err);

	return ok && rd_cose_check_spki(sign1, aad, spki, err);
}

static void try_example(const char *file, bool want)
{
	char path[256];
	struct rd_err err = { 0 };
	struct rd_view object = { 0 }, aad = { 0 };
	struct rd_cose_sign1 sign1;
	json_error_t why;

	(void)snprintf(path, sizeof(path), "vectors/cose/%s.json", file);
	struct rd_view text = rd_test_read_file(rd_test_shared_path(path));
	json_t *root = json_loadb((const char *)text.data, text.len, 0, &why);
	rd_test_free(text);
	assert_non_null(root);
	json_t *sign0 = json_object_get(json_object_get(root, "input"), "sign0");
	const char *external = json_string_value(json_object_get(sign0, "external"));
	const char *cbor =
		json_string_value(json_object_get(json_object_get(root, "output"), "cbor"));
	assert_true(rd_unhex(arena, rd_view_str(cbor), &object, &err));
	if (external)
		assert_true(rd_unhex(arena, rd_view_str(external), &aad, &err));
	struct rd_view key = public_key(json_object_get(sign0, "key"));
	bool parsed = rd_cose_parse(object, &sign1, &err);
	bool ok = parsed && rd_cose_check(&sign1, aad, key, &err);
	assert_int_equal(ok, parsed && by_spki(&sign1, aad, key, &err));
	if (ok != want)
		fail_msg("%s: %s", file, ok ? "accepted" : err.text);
	json_decref(root);
}

static void test_examples(void **state)
{
	static const char *const pass[] = {
		/* An empty map as protected header, the algorithm in the other one. */
		"sign1-tests/sign-pass-01",    "sign1-tests/sign-pass-02",
		"sign1-tests/sign-pass-03",    "ecdsa-examples/ecdsa-sig-01",
		"ecdsa-examples/ecdsa-sig-02", "ecdsa-examples/ecdsa-sig-03",
		"ecdsa-examples/ecdsa-sig-04", "eddsa-examples/eddsa-sig-01",
	};
	static const char *const refuse[] = {
		"sign1-tests/sign-fail-01",    "sign1-tests/sign-fail-02",
		"sign1-tests/sign-fail-03",    "sign1-tests/sign-fail-04",
		"sign1-tests/sign-fail-06",    "sign1-tests/sign-fail-07",
		"eddsa-examples/eddsa-sig-02", /* Ed448: not one of ours */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pass) / sizeof(pass[0]); i++)
		try_example(pass[i], true);
	for (size_t i = 0; i < sizeof(refuse) / sizeof(refuse[0]); i++)
		try_example(refuse[i], false);
}

static void test_own(void **state)
{
	struct rd_err err = { 0 };
	struct rd_secret seed = { .len = 0 };
	uint8_t key[32], other[32];
	struct rd_view payload = { 0 };
	struct rd_buf object;

	(void)state;
	rd_buf_init(&object, 4096);
	assert_true(rd_ed25519_generate(&seed, other, &err));
	assert_true(rd_ed25519_generate(&seed, key, &err));
	assert_true(rd_cose_sign("approval", rd_view_str("payload"), &seed, &object, &err));
	struct rd_view v = rd_buf_view(&object), k = { key, 32 };
	assert_true(rd_cose_verify("approval", v, k, &payload, &err));
	assert_true(rd_view_eq(payload, rd_view_str("payload")));
	assert_true(rd_cose_peek("approval", v, &payload, &err));
	assert_false(rd_cose_verify("receipt", v, k, &payload, &err));
	assert_string_equal(err.code, "codec.cose.type");
	assert_false(rd_cose_verify("approval", v, rd_view_of(other, 32), &payload, &err));
	assert_string_equal(err.code, "crypto.signature");
	for (size_t i = 0; i < object.len * 8; i++) {
		object.data[i / 8] ^= (uint8_t)(1 << i % 8);
		if (rd_cose_verify("approval", v, k, &payload, &err))
			fail_msg("bit %zu flipped and accepted", i);
		object.data[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	for (size_t cut = 0; cut < object.len; cut++)
		assert_false(
			rd_cose_verify("approval", rd_view_of(v.data, cut), k, &payload, &err));
	rd_buf_free(&object);
}

/* {1: -8, 2: [99]}: a header that must be understood; and the same without it. */
static void test_critical(void **state)
{
	struct rd_err err = { 0 };
	struct rd_view object = { 0 };
	struct rd_cose_sign1 sign1;

	(void)state;
	assert_true(rd_unhex(arena, rd_view_str("d28447a2012702811863a041004100"), &object, &err));
	assert_false(rd_cose_parse(object, &sign1, &err));
	assert_string_equal(err.code, "codec.cose.crit");
	assert_true(rd_unhex(arena, rd_view_str("d28443a10127a041004100"), &object, &err));
	assert_true(rd_cose_parse(object, &sign1, &err));
	assert_int_equal(sign1.alg, RD_COSE_EDDSA);
}

/* Forms that are understood and not verified are refused, not called broken. */
static void test_unsupported(void **state)
{
	static const char *const hex[] = { "d18443a10105a041004100", "d8628443a10127a041008043",
					   "d28443a10127a0f64100" };
	struct rd_err err = { 0 };
	struct rd_view object = { 0 };
	struct rd_cose_sign1 sign1;

	(void)state;
	for (size_t i = 0; i < sizeof(hex) / sizeof(hex[0]); i++) {
		err = (struct rd_err){ 0 };
		assert_true(rd_unhex(arena, rd_view_str(hex[i]), &object, &err));
		assert_false(rd_cose_parse(object, &sign1, &err));
		assert_string_equal(err.code, "codec.cose.unsupported");
		assert_int_equal(err.fault, RD_FAULT_REFUSED);
	}
}

/* The bytes are right but for the external AAD: a signature made for another use. */
static void test_external_aad(void **state)
{
	struct rd_err err = { 0 };
	struct rd_secret seed = { .len = 0 };
	struct rd_cose_sign1 sign1;
	uint8_t key[32];
	struct rd_buf object;

	(void)state;
	rd_buf_init(&object, 4096);
	assert_true(rd_ed25519_generate(&seed, key, &err));
	assert_true(rd_cose_sign("m4", rd_view_str("p"), &seed, &object, &err));
	assert_true(rd_cose_parse(rd_buf_view(&object), &sign1, &err));
	assert_true(rd_cose_check(&sign1, rd_view_str("redoubt-m4-v1"), rd_view_of(key, 32), &err));
	assert_false(
		rd_cose_check(&sign1, rd_view_str("redoubt-m3-v1"), rd_view_of(key, 32), &err));
	sign1.alg = 0;
	assert_false(
		rd_cose_check(&sign1, rd_view_str("redoubt-m4-v1"), rd_view_of(key, 32), &err));
	assert_string_equal(err.code, "codec.cose.alg");
	rd_buf_free(&object);
}

static void test_cmw(void **state)
{
	struct rd_err err = { 0 };
	struct rd_view type = { 0 }, value = { 0 };
	struct rd_buf out;

	(void)state;
	rd_buf_init(&out, 4096);
	assert_true(rd_cmw_put(&out, "application/eat+cwt", rd_view_str("abc"), &err));
	assert_true(rd_cmw_get(rd_buf_view(&out), &type, &value, &err));
	assert_true(rd_view_eq(type, rd_view_str("application/eat+cwt")));
	assert_true(rd_view_eq(value, rd_view_str("abc")));
	assert_true(rd_cmw_get(rd_view_of("\x83\x61"
					  "a"
					  "\x41z\x04",
					  6),
			       &type, &value, &err));
	assert_false(rd_cmw_get(rd_view_of("\x81\x61"
					   "a",
					   3),
				&type, &value, &err));
	assert_false(rd_cmw_get(rd_view_of(out.data, out.len - 1), &type, &value, &err));
	rd_buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_examples),     cmocka_unit_test(test_critical),
		cmocka_unit_test(test_unsupported),  cmocka_unit_test(test_own),
		cmocka_unit_test(test_external_aad), cmocka_unit_test(test_cmw),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
