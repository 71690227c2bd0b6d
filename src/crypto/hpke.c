/* HPKE (RFC 9180), mode base, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256. */
#include "crypto_int.h"

#include <stdlib.h>
#include <string.h>

#define INFO_MAX 65536

struct rd_hpke {
	struct rd_aead *aead;
	uint8_t base_nonce[RD_AEAD_NONCE_LEN];
	uint64_t sequence;
};

/* "HPKE-v1" || suite_id, where the KEM has a suite id of its own (section 4.1). */
struct labels {
	uint8_t suite[10];
	size_t suite_len;
};

static struct labels kem_labels(void)
{
	return (struct labels){ { 'K', 'E', 'M', 0, RD_HPKE_X25519_SHA256 }, 5 };
}

static struct labels hpke_labels(enum rd_hpke_aead aead)
{
	return (struct labels){ { 'H', 'P', 'K', 'E', 0, RD_HPKE_X25519_SHA256, 0,
				  RD_HPKE_HKDF_SHA256, 0, (uint8_t)aead },
				10 };
}

static void put_label(struct rd_buf *out, const struct labels *labels, const char *label)
{
	rd_buf_add(out, rd_view_str("HPKE-v1"));
	rd_buf_add(out, rd_view_of(labels->suite, labels->suite_len));
	rd_buf_add(out, rd_view_str(label));
}

static bool labeled_extract(const struct labels *labels, struct rd_view salt, const char *label,
			    struct rd_view ikm, struct rd_secret *out, struct rd_err *err)
{
	struct rd_buf text RD_AUTO(rd_buf_free) = { .max = INFO_MAX + 64 };

	put_label(&text, labels, label);
	rd_buf_add(&text, ikm);
	return rd_buf_ok(&text, err) &&
	       rd_hkdf_extract(RD_HASH_SHA256, salt, rd_buf_view(&text), out, err);
}

static bool labeled_expand(const struct labels *labels, const struct rd_secret *prk,
			   const char *label, struct rd_view info, struct rd_span *out,
			   struct rd_err *err)
{
	struct rd_buf text RD_AUTO(rd_buf_free) = { .max = 512 };

	rd_buf_add_byte(&text, (uint8_t)(out->cap >> 8));
	rd_buf_add_byte(&text, (uint8_t)out->cap);
	put_label(&text, labels, label);
	rd_buf_add(&text, info);
	return rd_buf_ok(&text, err) &&
	       rd_hkdf_expand(RD_HASH_SHA256, rd_secret_view(prk), rd_buf_view(&text), out, err);
}

/* ExtractAndExpand(dh, enc || pkR), section 4.1. */
static bool kem_shared(const struct rd_secret *dh, struct rd_view enc, struct rd_view recipient,
		       struct rd_secret *shared, struct rd_err *err)
{
	struct labels labels = kem_labels();
	struct rd_secret prk RD_AUTO(rd_secret_wipe) = { .len = 0 };
	struct rd_span out = { shared->data, 32, 0 };
	uint8_t context[2 * RD_X25519_LEN];

	memcpy(context, enc.data, RD_X25519_LEN);
	memcpy(context + RD_X25519_LEN, recipient.data, RD_X25519_LEN);
	if (!labeled_extract(&labels, rd_view_of(NULL, 0), "eae_prk", rd_secret_view(dh), &prk,
			     err) ||
	    !labeled_expand(&labels, &prk, "shared_secret", rd_view_of(context, sizeof(context)),
			    &out, err))
		return false;
	shared->len = 32;
	return true;
}

static size_t key_len(enum rd_hpke_aead aead)
{
	switch (aead) {
	case RD_HPKE_AES128GCM:
		return 16;
	case RD_HPKE_AES256GCM:
	case RD_HPKE_CHACHA20:
		return 32;
	}
	return 0;
}

/* KeySchedule(mode_base, shared, info), section 5.1. */
static bool schedule(const struct rd_hpke_params *params, const struct rd_secret *shared,
		     struct rd_hpke *hpke, struct rd_err *err)
{
	struct labels labels = hpke_labels(params->aead);
	struct rd_view none = { NULL, 0 };
	struct rd_secret psk_id RD_AUTO(rd_secret_wipe) = { .len = 0 };
	struct rd_secret info RD_AUTO(rd_secret_wipe) = { .len = 0 };
	struct rd_secret secret RD_AUTO(rd_secret_wipe) = { .len = 0 };
	struct rd_secret key RD_AUTO(rd_secret_wipe) = { .len = key_len(params->aead) };
	struct rd_span key_out = { key.data, key.len, 0 };
	struct rd_span nonce_out = { hpke->base_nonce, RD_AEAD_NONCE_LEN, 0 };
	uint8_t context[1 + 2 * RD_SHA256_LEN] = { 0 };
	struct rd_view ctx = { context, sizeof(context) };

	if (!labeled_extract(&labels, none, "psk_id_hash", none, &psk_id, err) ||
	    !labeled_extract(&labels, none, "info_hash", params->info, &info, err))
		return false;
	memcpy(context + 1, psk_id.data, RD_SHA256_LEN);
	memcpy(context + 1 + RD_SHA256_LEN, info.data, RD_SHA256_LEN);
	if (!labeled_extract(&labels, rd_secret_view(shared), "secret", none, &secret, err) ||
	    !labeled_expand(&labels, &secret, "key", ctx, &key_out, err) ||
	    !labeled_expand(&labels, &secret, "base_nonce", ctx, &nonce_out, err))
		return false;
	if (params->aead == RD_HPKE_CHACHA20)
		return rd_aead_new_with(&rd_aead_openssl_chacha20, rd_secret_view(&key),
					&hpke->aead, err);
	return rd_aead_new(rd_secret_view(&key), NULL, &hpke->aead, err);
}

static bool new_context(const struct rd_hpke_params *params, const struct rd_secret *shared,
			struct rd_hpke **out, struct rd_err *err)
{
	struct rd_hpke *hpke;

	if (!key_len(params->aead))
		return rd_fail(err, RD_FAULT_MALFORMED, "crypto.hpke.aead",
			       "HPKE cipher %d is not one of ours", (int)params->aead);
	hpke = calloc(1, sizeof(*hpke));
	if (!hpke)
		return rd_fail_errno(err, "crypto.memory", "HPKE context");
	if (!schedule(params, shared, hpke, err)) {
		rd_hpke_free(&hpke);
		return false;
	}
	*out = hpke;
	return true;
}

void rd_hpke_free(struct rd_hpke **hpke)
{
	if (!hpke || !*hpke)
		return;
	rd_aead_free(&(*hpke)->aead);
	rd_wipe(*hpke, sizeof(**hpke));
	free(*hpke);
	*hpke = NULL;
}

bool rd_hpke_sender(const struct rd_hpke_params *params, struct rd_view recipient_public,
		    uint8_t enc[RD_X25519_LEN], struct rd_hpke **out, struct rd_err *err)
{
	struct rd_secret ephemeral RD_AUTO(rd_secret_wipe) = { .len = 0 };
	struct rd_secret dh RD_AUTO(rd_secret_wipe) = { .len = 0 };
	struct rd_secret shared RD_AUTO(rd_secret_wipe) = { .len = 0 };

	if (params->ephemeral) {
		ephemeral = *params->ephemeral;
		if (!rd_x25519_public(&ephemeral, enc, err))
			return false;
	} else if (!rd_x25519_generate(&ephemeral, enc, err)) {
		return false;
	}
	return rd_crypto_x25519(&ephemeral, recipient_public, &dh, err) &&
	       kem_shared(&dh, rd_view_of(enc, RD_X25519_LEN), recipient_public, &shared, err) &&
	       new_context(params, &shared, out, err);
}

bool rd_hpke_receiver(const struct rd_hpke_params *params,
		      const struct rd_secret *recipient_private, struct rd_view enc,
		      struct rd_hpke **out, struct rd_err *err)
{
	struct rd_secret dh RD_AUTO(rd_secret_wipe) = { .len = 0 };
	struct rd_secret shared RD_AUTO(rd_secret_wipe) = { .len = 0 };
	uint8_t mine[RD_X25519_LEN];

	return rd_x25519_public(recipient_private, mine, err) &&
	       rd_crypto_x25519(recipient_private, enc, &dh, err) &&
	       kem_shared(&dh, enc, rd_view_of(mine, sizeof(mine)), &shared, err) &&
	       new_context(params, &shared, out, err);
}

/* base_nonce XOR the sequence number, big-endian (section 5.2). */
static bool next_nonce(struct rd_hpke *hpke, uint8_t nonce[RD_AEAD_NONCE_LEN], struct rd_err *err)
{
	if (hpke->sequence == UINT64_MAX)
		return rd_fail(err, RD_FAULT_FAILED, "crypto.hpke.sequence",
			       "no message number is left in this context");
	memcpy(nonce, hpke->base_nonce, RD_AEAD_NONCE_LEN);
	for (unsigned i = 0; i < 8; i++)
		nonce[RD_AEAD_NONCE_LEN - 1 - i] ^= (uint8_t)(hpke->sequence >> (8 * i));
	return true;
}

bool rd_hpke_seal_next(struct rd_hpke *hpke, struct rd_view aad, struct rd_view in,
		       struct rd_span *out, struct rd_err *err)
{
	uint8_t nonce[RD_AEAD_NONCE_LEN];

	if (!next_nonce(hpke, nonce, err) || !rd_aead_seal(hpke->aead, nonce, aad, in, out, err))
		return false;
	hpke->sequence++;
	return true;
}

bool rd_hpke_open_next(struct rd_hpke *hpke, struct rd_view aad, struct rd_view in,
		       struct rd_span *out, struct rd_err *err)
{
	uint8_t nonce[RD_AEAD_NONCE_LEN];

	if (!next_nonce(hpke, nonce, err) || !rd_aead_open(hpke->aead, nonce, aad, in, out, err))
		return false;
	hpke->sequence++;
	return true;
}

bool rd_hpke_seal(const struct rd_hpke_params *params, struct rd_view recipient_public,
		  struct rd_view aad, struct rd_view in, uint8_t enc[RD_X25519_LEN],
		  struct rd_span *out, struct rd_err *err)
{
	struct rd_hpke *hpke RD_AUTO(rd_hpke_free) = NULL;

	return rd_hpke_sender(params, recipient_public, enc, &hpke, err) &&
	       rd_hpke_seal_next(hpke, aad, in, out, err);
}

bool rd_hpke_open(const struct rd_hpke_params *params, const struct rd_secret *recipient_private,
		  struct rd_view enc, struct rd_view aad, struct rd_view in, struct rd_span *out,
		  struct rd_err *err)
{
	struct rd_hpke *hpke RD_AUTO(rd_hpke_free) = NULL;

	return rd_hpke_receiver(params, recipient_private, enc, &hpke, err) &&
	       rd_hpke_open_next(hpke, aad, in, out, err);
}
