/*
 * AEAD: lengths, choice of back end, and the life of keyed contexts.  The back ends themselves
 * are aead_*.c; each ends in a const table that is listed here.
 */
#include "crypto_int.h"

#include <stdlib.h>
#include <string.h>

/* GCM's limit on one message is 2^36 - 32 bytes (SP 800-38D 5.2.1.1); no object of ours comes
 * near it, and the back ends are only tested below this. */
#define MESSAGE_MAX ((size_t)1 << 32)
#define STATE_ALIGN 64

const struct rd_aead_ops *const rd_aead_backends[] = {
#ifdef __x86_64__
	&rd_aead_ipsecmb_vaes,
	&rd_aead_ipsecmb_avx2,
#endif
	&rd_aead_openssl,
	NULL,
};

struct rd_aead {
	const struct rd_aead_ops *ops;
	size_t state_size;
	void *state;
};

bool rd_aead_new_with(const struct rd_aead_ops *ops, struct rd_view key, struct rd_aead **out,
		      struct rd_err *err)
{
	struct rd_aead *aead = calloc(1, sizeof *aead);
	if (!aead)
		return rd_fail_errno(err, "crypto.memory", "AEAD context");
	aead->ops = ops;
	aead->state_size = (ops->state_size + STATE_ALIGN - 1) / STATE_ALIGN * STATE_ALIGN;
	aead->state = aligned_alloc(STATE_ALIGN, aead->state_size);
	if (!aead->state) {
		free(aead);
		return rd_fail_errno(err, "crypto.memory", "AEAD state");
	}
	memset(aead->state, 0, aead->state_size);
	if (!ops->key(aead->state, key, err)) {
		rd_aead_free(&aead);
		return false;
	}
	*out = aead;
	return true;
}

bool rd_aead_new(struct rd_view key, const char *backend, struct rd_aead **out, struct rd_err *err)
{
	if (key.len != 16 && key.len != 24 && key.len != 32)
		return rd_fail(err, RD_FAULT_USAGE, "crypto.aead.key",
			       "AES-GCM key is %zu bytes, must be 16, 24 or 32", key.len);
	for (size_t i = 0; rd_aead_backends[i]; i++) {
		const struct rd_aead_ops *ops = rd_aead_backends[i];
		if (backend && strcmp(backend, ops->name) != 0)
			continue;
		if (ops->usable(key.len))
			return rd_aead_new_with(ops, key, out, err);
	}
	return rd_fail(err, RD_FAULT_USAGE, "crypto.aead.backend",
		       "no AEAD back end \"%s\" for %zu-byte keys on this CPU",
		       backend ? backend : "(any)", key.len);
}

void rd_aead_free(struct rd_aead **aead)
{
	if (!aead || !*aead)
		return;
	struct rd_aead *a = *aead;
	if (a->ops->drop)
		a->ops->drop(a->state);
	rd_wipe(a->state, a->state_size);
	free(a->state);
	free(a);
	*aead = NULL;
}

const char *rd_aead_backend(const struct rd_aead *aead)
{
	return aead->ops->name;
}

static bool check_room(size_t text_len, size_t out_len, const struct rd_span *out,
		       struct rd_err *err)
{
	if (text_len > MESSAGE_MAX)
		return rd_fail(err, RD_FAULT_USAGE, "crypto.aead.size",
			       "message of %zu bytes, one AEAD message holds at most %zu", text_len,
			       MESSAGE_MAX);
	if (out->cap < out->used || out->cap - out->used < out_len)
		return rd_fail(err, RD_FAULT_USAGE, "crypto.space",
			       "AEAD output needs %zu bytes, the caller lent %zu", out_len,
			       out->cap < out->used ? 0 : out->cap - out->used);
	return true;
}

bool rd_aead_seal(const struct rd_aead *aead, const uint8_t nonce[RD_AEAD_NONCE_LEN],
		  struct rd_view aad, struct rd_view in, struct rd_span *out, struct rd_err *err)
{
	size_t out_len;
	if (!rd_add_size(in.len, RD_AEAD_TAG_LEN, &out_len))
		return rd_fail(err, RD_FAULT_USAGE, "crypto.aead.size", "message too long");
	if (!check_room(in.len, out_len, out, err))
		return false;
	if (!aead->ops->seal(aead->state, nonce, aad, in, out->data + out->used, err))
		return false;
	out->used += out_len;
	return true;
}

bool rd_aead_open(const struct rd_aead *aead, const uint8_t nonce[RD_AEAD_NONCE_LEN],
		  struct rd_view aad, struct rd_view in, struct rd_span *out, struct rd_err *err)
{
	if (in.len < RD_AEAD_TAG_LEN)
		return rd_fail(err, RD_FAULT_MALFORMED, "crypto.aead.short",
			       "ciphertext of %zu bytes is shorter than its %d-byte tag", in.len,
			       RD_AEAD_TAG_LEN);
	struct rd_view text = { in.data, in.len - RD_AEAD_TAG_LEN };
	if (!check_room(text.len, text.len, out, err))
		return false;
	/* A copy: opening in place may overwrite what lies behind the text. */
	uint8_t tag[RD_AEAD_TAG_LEN];
	memcpy(tag, in.data + text.len, sizeof tag);

	/* An empty text may come with no space at all: NULL + 0 is not for us to compute. */
	uint8_t nowhere[1];
	uint8_t *to = text.len ? out->data + out->used : nowhere;
	bool genuine = false;
	bool judged = aead->ops->open(aead->state, nonce, aad, text, tag, to, &genuine);
	if (judged && genuine) {
		out->used += text.len;
		return true;
	}
	if (text.len)
		rd_wipe(to, text.len);
	if (!judged)
		return rd_crypto_fail(err, "AEAD open");
	return rd_fail(err, RD_FAULT_REFUSED, "crypto.aead.tag",
		       "%zu bytes do not authenticate: wrong key, wrong place or changed bytes",
		       in.len);
}
