/*
 * Arm CCA attestation tokens (draft-ffm-rats-cca-token; RMM specification, A7): a platform token
 * signed by the platform's key (CPAK) and a realm token signed by a key (RAK) that the platform
 * token vouches for.
 */
#ifndef RD_TEE_CCA_H
#define RD_TEE_CCA_H

#include <redoubt/codec.h>
#include <redoubt/tee.h>

#define RD_CCA_REMS 4u

struct rd_cca_realm {
	struct rd_view profile; /* empty in tokens before 2023 */
	struct rd_view challenge, personalization, rim, rem[RD_CCA_REMS];
	struct rd_view rak; /* as it stands in the claim: a point, or an encoded COSE_Key */
	struct rd_view hash, rak_hash; /* names: "sha-256" */
	struct rd_view instance_id;    /* since 2024; may be empty */
	struct rd_view mec_policy;     /* "shared", "private" since 2024; else empty */
};
struct rd_cca_token {
	struct rd_cose_sign1 platform, realm;
};
/* Map {44234, 44241} of tokens under tag 399, or of CMW records of them under tag 907 (drafts 02
 * on); "tee.cca.form". */
RD_MUST_USE bool rd_cca_parse(struct rd_view bytes, struct rd_cca_token *out, struct rd_err *err);
RD_MUST_USE bool rd_cca_realm_read(struct rd_view payload, struct rd_cca_realm *out,
				   struct rd_err *err);

extern const struct rd_code_text rd_cca_codes[];
extern const struct rd_tee rd_tee_cca;

#endif
