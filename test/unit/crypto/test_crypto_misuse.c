/* crypto: what must not succeed, what must be wiped, and what must need no file and no clock. */
#include "support.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/crypto_int.h"

/* ---- freed memory is looked at: no key byte may be in it --------------------------------- */

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define OWN_FREE 0
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define OWN_FREE 0
#endif
#ifndef OWN_FREE
#define OWN_FREE 1
#endif

static uint8_t watched[16];
static bool watching;
static unsigned leaks;

#if OWN_FREE
void __libc_free(void *block);
void free(void *block);
void free(void *block)
{
	if (watching && block && memmem(block, malloc_usable_size(block), watched, sizeof(watched)))
		leaks++;
	__libc_free(block);
}
#endif

static struct rd_aead *keyed(const char *backend, struct rd_view key)
{
	struct rd_err err = { 0 };
	struct rd_aead *aead = NULL;
	assert_true(rd_aead_new(key, backend, &aead, &err));
	return aead;
}

static const struct rd_view none = { NULL, 0 };

static void test_free_wipes(void **state)
{
	(void)state;
	if (!OWN_FREE)
		skip();
	uint8_t key[32];
	struct rd_err err = { 0 };
	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)(0xa5 ^ (i * 29));
	memcpy(watched, key, sizeof(watched));
	watching = true;

	/* The watch itself sees what is not wiped. */
	uint8_t *volatile plain = malloc(64);
	memcpy(plain, key, sizeof(key));
	free(plain);
	assert_int_equal(leaks, 1);
	leaks = 0;
	for (size_t i = 0; rd_aead_backends[i]; i++) {
		if (!rd_aead_backends[i]->usable(32))
			continue;
		struct rd_aead *aead = keyed(rd_aead_backends[i]->name, rd_view_of(key, 32));
		uint8_t out[64];
		struct rd_span span = { out, sizeof(out), 0 };
		assert_true(rd_aead_seal(aead, key + 20, none, rd_view_str("text"), &span, &err));
		rd_aead_free(&aead);
		assert_null(aead);
		assert_int_equal(leaks, 0);
	}
	watching = false;
}

/* ---- AEAD -------------------------------------------------------------------------------- */

/* In every back end a flipped bit is refused, what was written is wiped, and no byte beyond. */
static void test_forged(void **state)
{
	(void)state;
	struct rd_test_random random = rd_test_random_seed(7);
	static uint8_t text[3000], sealed[3016], back[3001];
	uint8_t key[32], nonce[RD_AEAD_NONCE_LEN];
	struct rd_err err = { 0 };
	for (size_t i = 0; rd_aead_backends[i]; i++) {
		if (!rd_aead_backends[i]->usable(32))
			continue;
		rd_test_random_bytes(&random, key, sizeof(key));
		struct rd_aead *aead = keyed(rd_aead_backends[i]->name, rd_view_of(key, 32));
		for (unsigned round = 0; round < 200; round++) {
			size_t len = (size_t)rd_test_random_below(&random, sizeof(text) + 1);
			struct rd_span out = { sealed, sizeof(sealed), 0 };
			struct rd_span opened = { back, sizeof(back), 0 };
			rd_test_random_bytes(&random, text, len);
			rd_test_random_bytes(&random, nonce, sizeof(nonce));
			struct rd_view aad = { key, (size_t)rd_test_random_below(&random, 32) };
			assert_true(
				rd_aead_seal(aead, nonce, aad, rd_view_of(text, len), &out, &err));
			sealed[rd_test_random_below(&random, len + 16)] ^=
				(uint8_t)(1u << rd_test_random_below(&random, 8));
			memset(back, 0xee, sizeof(back));
			struct rd_err refusal = { 0 };
			assert_false(rd_aead_open(aead, nonce, aad, rd_view_of(sealed, len + 16),
						  &opened, &refusal));
			assert_string_equal(refusal.code, "crypto.aead.tag");
			assert_int_equal(refusal.fault, RD_FAULT_REFUSED);
			assert_int_equal(opened.used, 0);
			for (size_t k = 0; k < len; k++)
				assert_int_equal(back[k], 0);
			assert_int_equal(back[len], 0xee);
		}
		rd_aead_free(&aead);
	}
}

static void test_empty(void **state)
{
	(void)state;
	uint8_t key[32] = { 7 }, out[16];
	struct rd_err err = { 0 };
	for (size_t i = 0; rd_aead_backends[i]; i++) {
		if (!rd_aead_backends[i]->usable(32))
			continue;
		struct rd_aead *aead = keyed(rd_aead_backends[i]->name, rd_view_of(key, 32));
		assert_string_equal(rd_aead_backend(aead), rd_aead_backends[i]->name);
		struct rd_span span = { out, sizeof(out), 0 }, nothing = { NULL, 0, 0 };
		struct rd_view sealed = { out, 16 };
		assert_true(rd_aead_seal(aead, key, none, none, &span, &err));
		assert_int_equal(span.used, 16);
		assert_true(rd_aead_open(aead, key, none, sealed, &nothing, &err));
		out[3] ^= 4;
		assert_false(rd_aead_open(aead, key, none, sealed, &nothing, &err));
		rd_aead_free(&aead);
	}
}

static void test_aead_misuse(void **state)
{
	(void)state;
	uint8_t key[32] = { 1 }, out[64];
	struct rd_aead *aead = NULL;
	static const struct {
		size_t key_len;
		const char *backend, *code;
	} keys[] = {
		{ 31, NULL, "crypto.aead.key" },
		{ 0, NULL, "crypto.aead.key" },
		{ 32, "rot13", "crypto.aead.backend" },
		{ 16, "ipsec-mb-vaes", "crypto.aead.backend" },
		{ 24, "ipsec-mb-avx2", "crypto.aead.backend" },
	};
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		struct rd_err err = { 0 };
		assert_false(rd_aead_new(rd_view_of(key, keys[i].key_len), keys[i].backend, &aead,
					 &err));
		assert_string_equal(err.code, keys[i].code);
	}
	aead = keyed(NULL, rd_view_of(key, 32));
	static const struct {
		size_t in_len, cap, used;
		bool open;
		const char *code;
	} calls[] = {
		{ 32, 47, 0, false, "crypto.space" },
		{ 32, 64, 17, false, "crypto.space" },
		{ 32, 10, 20, false, "crypto.space" },
		{ 15, 64, 0, true, "crypto.aead.short" },
		{ 32, 15, 0, true, "crypto.space" },
		/* Refused by their lengths alone, never touched. */
		{ ((size_t)1 << 32) + 1, 64, 0, false, "crypto.aead.size" },
		{ ((size_t)1 << 32) + 17, 64, 0, true, "crypto.aead.size" },
		{ SIZE_MAX, 64, 0, false, "crypto.aead.size" },
	};
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		struct rd_err err = { 0 };
		struct rd_span span = { out, calls[i].cap, calls[i].used };
		struct rd_view in = { key, calls[i].in_len };
		bool ok = calls[i].open ? rd_aead_open(aead, key, none, in, &span, &err)
					: rd_aead_seal(aead, key, none, in, &span, &err);
		assert_false(ok);
		assert_string_equal(err.code, calls[i].code);
	}
	rd_aead_free(&aead);
	rd_aead_free(&aead);
	rd_aead_free(NULL);
}

/* ---- keys -------------------------------------------------------------------------------- */

static void test_small_order(void **state)
{
	(void)state;
	struct rd_err err = { 0 };
	struct rd_secret own RD_AUTO(rd_secret_wipe) = { .len = 0 };
	uint8_t pub[32], zero[32] = { 0 }, enc[32];
	struct rd_hpke *hpke = NULL;
	struct rd_hpke_params params = { RD_HPKE_AES256GCM, none, NULL };
	assert_true(rd_x25519_generate(&own, pub, &err));
	assert_false(rd_hpke_sender(&params, rd_view_of(zero, 32), enc, &hpke, &err));
	assert_string_equal(err.code, "crypto.x25519.zero");
	err = (struct rd_err){ 0 };
	assert_false(rd_hpke_receiver(&params, &own, rd_view_of(zero, 32), &hpke, &err));
	assert_string_equal(err.code, "crypto.x25519.zero");
	assert_null(hpke);
}

static void test_ecdsa_form(void **state)
{
	(void)state;
	uint8_t point[133] = { 4, 1 }, signature[132] = { 1 };
	static const struct {
		size_t point_len, signature_len;
		uint8_t first;
	} cases[] = {
		{ 65, 64, 4 }, { 65, 63, 4 },   { 65, 64, 2 },   { 33, 64, 2 },
		{ 97, 96, 4 }, { 133, 132, 4 }, { 133, 131, 4 }, { 0, 64, 4 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct rd_err err = { 0 };
		point[0] = cases[i].first;
		assert_false(rd_ecdsa_verify(rd_view_of(point, cases[i].point_len), RD_HASH_SHA256,
					     rd_view_str("m"),
					     rd_view_of(signature, cases[i].signature_len), &err));
		assert_non_null(err.code);
		assert_int_not_equal(err.fault, RD_FAULT_NONE);
	}
}

/* ---- the sandbox --------------------------------------------------------------------------- */

#define REFUSE(nr) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (nr), 0, 1), \
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)

static bool lock_files(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		REFUSE(__NR_openat),
		REFUSE(__NR_newfstatat),
		REFUSE(__NR_socket),
		REFUSE(__NR_clock_gettime),
#ifdef __NR_open
		REFUSE(__NR_open),
#endif
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(filter) / sizeof(*filter), filter };
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static bool enclave_work(void)
{
	struct rd_err err = { 0 };
	struct rd_secret seed RD_AUTO(rd_secret_wipe) = { .len = 0 };
	struct rd_buf der RD_AUTO(rd_buf_free) = { 0 };
	struct rd_hpke *hpke RD_AUTO(rd_hpke_free) = NULL;
	struct rd_hpke_params params = { RD_HPKE_AES256GCM, none, NULL };
	uint8_t key[32], enc[32];
	rd_buf_init(&der, 4096);
	return rd_ed25519_generate(&seed, key, &err) && rd_cert_self_signed(&seed, &der, &err) &&
	       rd_x25519_generate(&seed, key, &err) &&
	       rd_hpke_sender(&params, rd_view_of(key, 32), enc, &hpke, &err);
}

/* After rd_crypto_init all that an enclave does runs where files and the clock are forbidden. */
static void test_no_files(void **state)
{
	(void)state;
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(!lock_files() ? 77 : enclave_work() ? 0 : 1);
	int status = 0;
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int set_up(void **state)
{
	(void)state;
	struct rd_err err = { 0 };
	/* Twice does no harm. */
	return rd_crypto_init(&err) && rd_crypto_init(&err) ? 0 : 1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_free_wipes),  cmocka_unit_test(test_forged),
		cmocka_unit_test(test_empty),       cmocka_unit_test(test_aead_misuse),
		cmocka_unit_test(test_small_order), cmocka_unit_test(test_ecdsa_form),
		cmocka_unit_test(test_no_files),
	};
	return cmocka_run_group_tests(tests, set_up, NULL);
}
