/* rats, inside: the kinds, and what they share. */
#ifndef RD_RATS_INT_H
#define RD_RATS_INT_H

#include <redoubt/rats.h>

#define RD_RATS_KEYS_MAX 16u

extern const struct rd_tee rd_rats_ear, rd_rats_eat, rd_rats_corim, rd_rats_cmw, rd_rats_cose;

/* Checks with each of the verifier's own keys until one fits. */
typedef bool rd_rats_check_fn(const void *object, struct rd_view spki, struct rd_err *err);
/* Leaves the reason `code`; ABSENT when there is no key. */
void rd_rats_check_keys(struct rd_tee_work *work, rd_rats_check_fn *check, const void *object,
			const char *code);
/* The same for a COSE_Sign1: rd_rats_check_fn. */
bool rd_rats_check_cose(const void *sign1, struct rd_view spki, struct rd_err *err);
/* The profile is one of an attestation result. */
bool rd_rats_is_ear(struct rd_view profile);
/* A submodule's name for claims: a dot would nest, and a name that is cut could be another's, so a
 * long one goes by its number. */
#define RD_RATS_PART_MAX 64u
const char *rd_rats_part_name(struct rd_tee_work *work, struct rd_view text, uint32_t number);
/* By a chain in the header to an anchor of the policy's, else by one of the verifier's own keys. */
RD_MUST_USE bool rd_rats_check_signer(struct rd_tee_work *work, const struct rd_cose_sign1 *sign1,
				      const char *code);
/* An issuer of the method x509 is what the chain of `n` certificates (leaf first) fulfils. */
void rd_rats_check_did(struct rd_tee_work *work, struct rd_view did, const struct rd_cert *leaf,
		       const struct rd_view *cert, uint32_t n);
/* Claims "payload_bytes" and "payload_sha256". */
RD_MUST_USE bool rd_rats_claim_payload(struct rd_tee_work *work, struct rd_view payload);
/* RFC 7515 section 2: the URL-safe alphabet without padding, so that bytes have one text. */
bool rd_rats_base64url(struct rd_view text, struct rd_arena *arena, struct rd_view *out,
		       struct rd_err *err);
/* Leaves a reason that nothing is signed. */
void rd_rats_unsigned(struct rd_tee_work *work);

#endif
