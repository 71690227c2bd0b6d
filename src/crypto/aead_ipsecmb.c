/*
 * AES-256-GCM by libipsec-mb's direct functions: no manager, which would link every algorithm of
 * that library.  Also not its aes_gcm_pre_256_*: those live in one object that refers to every
 * key length and CPU (4 MB); key expansion and precomputation called by themselves are all they
 * do.
 */
#include "crypto_int.h"

#include <cpuid.h>
#include <intel-ipsec-mb.h>
#include <string.h>

/* Exported by libipsec-mb 1.3 but declared in no header of it.  The known-answer test in
 * rd_crypto_init is what tells a library whose functions differ. */
void aes_gcm_precomp_256_vaes_avx512(struct gcm_key_data *key_data);
void aes_gcm_enc_256_vaes_avx512(const struct gcm_key_data *key_data,
				 struct gcm_context_data *context, uint8_t *out, const uint8_t *in,
				 uint64_t len, const uint8_t *iv, const uint8_t *aad,
				 uint64_t aad_len, uint8_t *tag, uint64_t tag_len);
void aes_gcm_dec_256_vaes_avx512(const struct gcm_key_data *key_data,
				 struct gcm_context_data *context, uint8_t *out, const uint8_t *in,
				 uint64_t len, const uint8_t *iv, const uint8_t *aad,
				 uint64_t aad_len, uint8_t *tag, uint64_t tag_len);

/* Leaf 7, ECX: bits that clang 14's __builtin_cpu_supports does not know. */
#define ECX_VAES (1U << 9)
#define ECX_VPCLMULQDQ (1U << 10)

static bool leaf7_has(unsigned bits)
{
	unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
	return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (ecx & bits) == bits;
}

static bool leaf1_has(unsigned bits)
{
	unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
	return __get_cpuid(1, &eax, &ebx, &ecx, &edx) && (ecx & bits) == bits;
}

/* __builtin_cpu_supports also asks whether the kernel saves the wide registers. */
static bool avx2_usable(size_t key_len)
{
	return key_len == 32 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") &&
	       leaf1_has(bit_AES | bit_PCLMUL);
}

static bool vaes_usable(size_t key_len)
{
	return avx2_usable(key_len) && __builtin_cpu_supports("avx512f") &&
	       __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
	       __builtin_cpu_supports("avx512vl") && leaf7_has(ECX_VAES | ECX_VPCLMULQDQ);
}

static void expand(struct gcm_key_data *keys, struct rd_view key)
{
	_Alignas(16) uint8_t decrypt_keys[sizeof keys->expanded_keys]; /* GCM never uses them */
	aes_keyexp_256_avx2(key.data, keys->expanded_keys, decrypt_keys);
	rd_wipe(decrypt_keys, sizeof decrypt_keys);
}

static bool vaes_key(void *state, struct rd_view key, struct rd_err *err)
{
	(void)err;
	expand(state, key);
	aes_gcm_precomp_256_vaes_avx512(state);
	return true;
}

static bool avx2_key(void *state, struct rd_view key, struct rd_err *err)
{
	(void)err;
	expand(state, key);
	aes_gcm_precomp_256_avx_gen4(state);
	return true;
}

static bool seal_by(aes_gcm_enc_dec_t fn, const void *state, const uint8_t *nonce,
		    const struct rd_view text[2], uint8_t *out)
{
	_Alignas(16) struct gcm_context_data context;
	fn(state, &context, out, text[1].data, text[1].len, nonce, text[0].data, text[0].len,
	   out + text[1].len, RD_AEAD_TAG_LEN);
	rd_wipe(&context, sizeof context);
	return true;
}

/* `tag` is what the message claims; the answer is whether the one computed equals it. */
static bool open_by(aes_gcm_enc_dec_t fn, const void *state, const uint8_t *nonce,
		    const struct rd_view text[3], uint8_t *out)
{
	_Alignas(16) struct gcm_context_data context;
	uint8_t computed[RD_AEAD_TAG_LEN];
	fn(state, &context, out, text[1].data, text[1].len, nonce, text[0].data, text[0].len,
	   computed, sizeof computed);
	bool genuine = rd_equal_secret(rd_view_of(computed, sizeof computed), text[2]);
	rd_wipe(&context, sizeof context);
	rd_wipe(computed, sizeof computed);
	return genuine;
}

static bool vaes_seal(const void *state, const uint8_t *nonce, struct rd_view aad,
		      struct rd_view in, uint8_t *out, struct rd_err *err)
{
	(void)err;
	return seal_by(aes_gcm_enc_256_vaes_avx512, state, nonce, (struct rd_view[]){ aad, in },
		       out);
}

static bool vaes_open(const void *state, const uint8_t *nonce, struct rd_view aad,
		      struct rd_view in, const uint8_t *tag, uint8_t *out, bool *genuine)
{
	*genuine = open_by(aes_gcm_dec_256_vaes_avx512, state, nonce,
			   (struct rd_view[]){ aad, in, { tag, RD_AEAD_TAG_LEN } }, out);
	return true;
}

static bool avx2_seal(const void *state, const uint8_t *nonce, struct rd_view aad,
		      struct rd_view in, uint8_t *out, struct rd_err *err)
{
	(void)err;
	return seal_by(aes_gcm_enc_256_avx_gen4, state, nonce, (struct rd_view[]){ aad, in }, out);
}

static bool avx2_open(const void *state, const uint8_t *nonce, struct rd_view aad,
		      struct rd_view in, const uint8_t *tag, uint8_t *out, bool *genuine)
{
	*genuine = open_by(aes_gcm_dec_256_avx_gen4, state, nonce,
			   (struct rd_view[]){ aad, in, { tag, RD_AEAD_TAG_LEN } }, out);
	return true;
}

const struct rd_aead_ops rd_aead_ipsecmb_vaes = {
	.name = "ipsec-mb-vaes",
	.usable = vaes_usable,
	.state_size = sizeof(struct gcm_key_data),
	.key = vaes_key,
	.seal = vaes_seal,
	.open = vaes_open,
};

const struct rd_aead_ops rd_aead_ipsecmb_avx2 = {
	.name = "ipsec-mb-avx2",
	.usable = avx2_usable,
	.state_size = sizeof(struct gcm_key_data),
	.key = avx2_key,
	.seal = avx2_seal,
	.open = avx2_open,
};
