/* Start-up: the library without its configuration files, known-answer tests, randomness. */
#include "crypto_int.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <string.h>

bool rd_crypto_fail(struct rd_err *err, const char *call)
{
	char why[160] = "no reason given";
	unsigned long code = ERR_peek_last_error();
	if (code)
		ERR_error_string_n(code, why, sizeof why);
	ERR_clear_error();
	return rd_fail(err, RD_FAULT_FAILED, "crypto.library", "%s failed: %s", call, why);
}

void rd_crypto_forget(void)
{
	ERR_clear_error();
}

/*
 * Known answer, computed once with OpenSSL's command line and Python's cryptography: key bytes
 * 00..1f, nonce 00..0b, additional data 00..13, text of 1,000 bytes i * 7 (enough for the widest
 * path of every back end); the answer is the tag, which depends on all of the ciphertext.
 */
#define TEXT_LEN 1000
static const uint8_t KNOWN_TAG[RD_AEAD_TAG_LEN] = {
	0x6a, 0x09, 0xa8, 0x13, 0x66, 0x06, 0x7a, 0xdc,
	0x06, 0x15, 0xb8, 0x60, 0x81, 0x1f, 0xb3, 0x3a
};

static bool test_backend(const struct rd_aead_ops *ops, struct rd_err *err)
{
	uint8_t key[32], text[TEXT_LEN], sealed[TEXT_LEN + RD_AEAD_TAG_LEN], opened[TEXT_LEN];
	for (size_t i = 0; i < sizeof key; i++)
		key[i] = (uint8_t)i;
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (uint8_t)(i * 7);
	struct rd_view aad = { key, 20 };
	struct rd_span out = { sealed, sizeof sealed, 0 };
	struct rd_span back = { opened, sizeof opened, 0 };
	struct rd_span refused = { opened, sizeof opened, 0 };
	struct rd_err ignored = { 0 };

	struct rd_aead *aead RD_AUTO(rd_aead_free) = NULL;
	if (!rd_aead_new_with(ops, rd_view_of(key, sizeof key), &aead, err) ||
	    !rd_aead_seal(aead, key, aad, rd_view_of(text, sizeof text), &out, err))
		return false;
	if (memcmp(sealed + TEXT_LEN, KNOWN_TAG, sizeof KNOWN_TAG) != 0)
		return rd_fail(err, RD_FAULT_FAILED, "crypto.selftest",
			       "AEAD back end %s gives a wrong answer", ops->name);
	if (!rd_aead_open(aead, key, aad, rd_view_of(sealed, sizeof sealed), &back, err))
		return rd_wrap(err, "self-test of %s", ops->name);
	sealed[TEXT_LEN / 2] ^= 1;
	if (memcmp(opened, text, sizeof text) != 0 ||
	    rd_aead_open(aead, key, aad, rd_view_of(sealed, sizeof sealed), &refused, &ignored))
		return rd_fail(err, RD_FAULT_FAILED, "crypto.selftest",
			       "AEAD back end %s opens wrongly", ops->name);
	return true;
}

bool rd_crypto_init(struct rd_err *err)
{
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
		return rd_crypto_fail(err, "OPENSSL_init_crypto");
	for (size_t i = 0; rd_aead_backends[i]; i++)
		if (rd_aead_backends[i]->usable(RD_AEAD_KEY_LEN) &&
		    !test_backend(rd_aead_backends[i], err))
			return false;
	/* The first draw opens and seeds the generators: before a seccomp filter, not after. */
	uint8_t seed[16];
	struct rd_span draw = { seed, sizeof seed, 0 };
	bool ok = rd_crypto_random(&draw, err);
	rd_wipe(seed, sizeof seed);
	return ok;
}

bool rd_crypto_random(struct rd_span *out, struct rd_err *err)
{
	size_t want = out->cap - out->used;
	if (want > INT32_MAX)
		return rd_fail(err, RD_FAULT_USAGE, "crypto.size",
			       "%zu random bytes asked for at once", want);
	if (want && RAND_bytes(out->data + out->used, (int)want) != 1)
		return rd_crypto_fail(err, "RAND_bytes");
	out->used = out->cap;
	return true;
}
