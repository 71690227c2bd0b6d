/*
 * Arm PSA attestation tokens (RFC 9783, and PSA_IOT_PROFILE_1 before it), and the claims that the
 * platform token of Arm CCA shares with them (draft-ffm-rats-cca-token).
 */
#ifndef RD_TEE_PSA_H
#define RD_TEE_PSA_H

#include <redoubt/codec.h>
#include <redoubt/tee.h>

#define RD_PSA_COMPONENTS_MAX 32u
#define RD_PSA_KEYS_MAX 16u

enum rd_psa_form {
	RD_PSA_OLD, /* PSA_IOT_PROFILE_1: keys -75000 on */
	RD_PSA_NEW, /* RFC 9783: registered keys */
	RD_PSA_CCA_PLATFORM,
};

struct rd_psa_component {
	struct rd_view type, version, hash; /* text; may be empty */
	struct rd_view measurement, signer; /* 32, 48 or 64 bytes */
};
struct rd_psa_claims {
	struct rd_view profile, nonce, instance_id, implementation_id, boot_seed, certification,
		service, config, hash, workload;
	bool has_client, has_lifecycle, no_measurements;
	int64_t client_id;
	uint32_t lifecycle;
	uint32_t n_components;
	struct rd_psa_component component[RD_PSA_COMPONENTS_MAX];
};
/* The claims of one form: keys of another form, missing ones, wrong lengths fail with
 * "tee.psa.form". */
RD_MUST_USE bool rd_psa_claims_read(struct rd_view payload, enum rd_psa_form form,
				    struct rd_psa_claims *out, struct rd_err *err);
/* A map's next key; 0, which no claim has, for one that is no number. */
int64_t rd_psa_key(struct rd_cbor_reader *reader);
/* Which form a token's payload has, by its keys. */
enum rd_psa_form rd_psa_form_of(struct rd_view payload);
/* Leaves them as claims of the result; `prefix` is "" or ends with a dot. */
void rd_psa_claims_put(struct rd_tee_work *work, const struct rd_psa_claims *claims,
		       const char *prefix);
/* The signature by one of the verifier's own keys: reason `code`; which key, or empty. */
struct rd_view rd_psa_check_signature(struct rd_tee_work *work, const struct rd_cose_sign1 *sign1,
				      const char *code, const char *claim);

extern const struct rd_code_text rd_psa_codes[];
extern const struct rd_tee rd_tee_psa;

#endif
