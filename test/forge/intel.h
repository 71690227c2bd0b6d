/* A forged Intel: its CAs, a platform with a quote, and the collateral; what a test changes of it.
 */
#ifndef RD_TEST_FORGE_INTEL_H
#define RD_TEST_FORGE_INTEL_H

#include "forge.h"
#include "tee/dcap/dcap.h"

#define INTEL_NOW 1750000000 /* 2025-06-15T15:06:40Z */
#define INTEL_PIECES_MAX 8u

struct forge_intel {
	struct forge forge;
	struct forge_key *root, *ca, *pck, *signer, *ak, *other;
	struct rd_cert root_cert, ca_cert, signer_cert;
};
extern struct forge_intel intel;

/* What a test changes. */
struct intel_world {
	bool sgx;
	uint16_t version;
	uint8_t header[48];
	uint8_t body[RD_TD15EX_REPORT_LEN];
	size_t body_len;
	uint8_t qe[RD_SGX_REPORT_LEN];
	bool qe_rebind; /* the QE's report hashes AK and auth, as it should */
	struct forge_key *qe_signer, *quote_signer;
	struct forge_cert_spec pck_spec;
	uint32_t pcesvn, component8, n_components;
	bool smt;
	const char *pck_tail; /* "": in order; else what to spoil in the extension */
	/* Collateral. */
	const char *info_id, *info_dates, *fmspc, *status, *module, *components_json;
	const char *module_mask; /* of TDX_01's attributes */
	const char *qe_mrsigner, *qe_id, *qe_attributes, *qe_status, *qe_dates;
	uint32_t info_number, qe_number; /* evaluation data numbers */
	uint32_t level_pcesvn, level_component8, tdx_component2, tcb_type, qe_isvsvn, info_version;
	bool flip_info_signature, flip_identity_signature, no_info, no_identity, no_signer, no_crls;
	bool crl_old, revoke_pck, revoke_ca, revoke_signer, crl_of_other, wrong_json;
	struct forge_cert_spec signer_spec;
	bool no_anchor;
	int64_t now;
	uint32_t cert_type, tail;
	struct rd_view nonce;
	/* Made of these. */
	struct rd_cert pck;
	struct rd_collateral piece[INTEL_PIECES_MAX];
	struct rd_tee_input in;
};

/* For cmocka: the keys and CAs of one test program. */
int intel_setup(void **state);
int intel_teardown(void **state);

/* An evidence that is accepted; a test changes it before the rest is called. */
void intel_make(struct intel_world *w, bool sgx);
const struct rd_tee_input *intel_build(struct intel_world *w);
/* Single pieces of the collateral. */
struct rd_view intel_tcb_info(const struct intel_world *w);
struct rd_view intel_qe_identity(const struct intel_world *w);
struct rd_view intel_crl(const struct intel_world *w, const struct rd_cert *issuer,
			 struct forge_key *key, struct rd_view revoked);

#endif
