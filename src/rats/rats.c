/* The kinds, and how all of them try keys. */
#include "rats_int.h"

#include <string.h>

/* clang-format off */
const struct rd_tee *const rd_rats_kinds[] = {
	&rd_rats_ear,
	&rd_rats_corim,
	&rd_rats_cmw,
	&rd_rats_cose,
	&rd_rats_eat,
	NULL,
};
/* clang-format on */

void rd_rats_check_keys(struct rd_tee_work *w, rd_rats_check_fn *check, const void *object,
			const char *code)
{
	struct rd_view keys[RD_RATS_KEYS_MAX];
	uint32_t n = rd_tee_keys(w, keys, RD_RATS_KEYS_MAX);
	struct rd_err why = { 0 };
	bool ok = false;

	if (n == 0) {
		rd_tee_reason(
			w, (struct rd_reason){ .aspect = RD_ASPECT_CRYPTO,
					       .result = RD_RESULT_ABSENT,
					       .code = "tee.key.absent",
					       .claim = "signature",
					       .expected = rd_view_str("the signer's key"),
					       .found = rd_view_str("none among the collateral") });
		return;
	}
	for (uint32_t i = 0; i < n && !ok; i++) {
		why = (struct rd_err){ 0 };
		ok = check(object, keys[i], &why);
	}
	rd_tee_check_err(w, RD_ASPECT_CRYPTO, ok,
			 (struct rd_tee_words){ code, "signature", "by one of the given keys",
						"by one of them" },
			 &why);
}

bool rd_rats_check_cose(const void *sign1, struct rd_view spki, struct rd_err *err)
{
	return rd_cose_check_spki(sign1, (struct rd_view){ 0 }, spki, err);
}

void rd_rats_unsigned(struct rd_tee_work *w)
{
	rd_tee_reason(w, (struct rd_reason){ .aspect = RD_ASPECT_CRYPTO,
					     .result = RD_RESULT_ABSENT,
					     .code = "rats.unsigned",
					     .claim = "signature",
					     .expected = rd_view_str("a signature"),
					     .found = rd_view_str("none") });
}

bool rd_rats_base64url(struct rd_view text, struct rd_arena *arena, struct rd_view *out,
		       struct rd_err *err)
{
	for (size_t i = 0; i < text.len; i++)
		if (memchr("+/=", text.data[i], 3))
			return rd_fail(err, RD_FAULT_MALFORMED, "codec.base64",
				       "base64url: character %zu is not of its alphabet", i + 1);
	return rd_base64_decode(text, arena, out, err);
}

bool rd_rats_claim_payload(struct rd_tee_work *w, struct rd_view payload)
{
	uint8_t digest[RD_SHA256_LEN];
	struct rd_view kept;

	if (!rd_sha256(payload, digest, w->err) ||
	    !rd_arena_copy(w->arena, rd_view_of(digest, sizeof(digest)), &kept, w->err))
		return false;
	rd_tee_claim_uint(w, "payload_bytes", payload.len);
	rd_tee_claim_bytes(w, "payload_sha256", kept);
	return true;
}

const char *rd_rats_part_name(struct rd_tee_work *w, struct rd_view text, uint32_t number)
{
	const char *name = text.len <= RD_RATS_PART_MAX ? rd_tee_name(w, "%.*s", RD_FMT(text))
							: rd_tee_name(w, "submodule %u", number);
	char *dot = (char *)(uintptr_t)name;

	while ((dot = strchr(dot, '.')) != NULL)
		*dot = '_';
	return name;
}
