/*
 * Fuzzes what verification reads besides the evidence: certificates and their vendors' extensions,
 * revocation lists, Intel's JSON, registers, event logs, images.  The first byte says which.
 */
#include "tee/azure/azure.h"
#include "tee/dcap/dcap.h"
#include "tee/nitro/eif.h"
#include "tee/snp/launch.h"
#include "tee/snp/snp.h"
#include "tee/tdx/launch.h"
#include "tee/tpm/tpm.h"

#include "support.h"

#define MEMORY_MAX ((size_t)64 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void certificates(struct rd_view in, struct rd_arena *arena)
{
	struct rd_cert certs[RD_CERT_PATH_MAX];
	struct rd_err err = { 0 };
	struct rd_snp_cert snp;
	struct rd_pck pck;
	uint32_t n = 0;
	bool ok;

	if (!rd_certs_read(in, arena, certs, RD_CERT_PATH_MAX, &n, &err))
		return;
	for (uint32_t i = 0; i < n; i++) {
		struct rd_cert_path_rules rules = { .anchor = certs,
						    .n_anchors = 1,
						    .pool = certs,
						    .n_pool = n,
						    .now_unix_s = 1750000000 };
		struct rd_cert_path path;

		ok = rd_pck_read(&certs[i], &pck, &err);
		ok = rd_snp_cert_read(&certs[i], &snp, &err) || ok;
		ok = rd_cert_path_build(&certs[i], &rules, &path, &err) || ok;
	}
}

static void log_of(struct rd_view in, struct rd_arena *arena)
{
	struct rd_tee_values values = { 0 };
	struct rd_err err = { 0 };
	bool ok = rd_tpm_log_measure(&(struct rd_tee_launch){ .file = in }, arena, &values, &err);

	rd_assert(ok || err.code);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rd_arena *arena;
	struct rd_err err = { 0 };
	struct rd_view in;
	union {
		struct rd_crl crl;
		struct rd_tcb_info info;
		struct rd_qe_identity identity;
		struct rd_tpm_pcrs pcrs;
		struct rd_tpm_public public;
		struct rd_tpm_signature signature;
		struct rd_hcl_report hcl;
		struct rd_tee_values values;
	} out = { 0 };
	bool ok = false;

	if (!arena)
		rd_assert(rd_crypto_init(&err) && rd_arena_new(MEMORY_MAX, &arena, &err));
	rd_arena_reset(arena);
	if (size < 1)
		return 0;
	in = rd_view_of(data + 1, size - 1);
	switch (data[0] % 12) {
	case 0:
		certificates(in, arena);
		break;
	case 1:
		ok = rd_crl_parse(in, arena, &out.crl, &err);
		break;
	case 2:
		ok = rd_tcb_info_parse(in, arena, &out.info, &err);
		break;
	case 3:
		ok = rd_qe_identity_parse(in, arena, &out.identity, &err);
		break;
	case 4:
		ok = rd_tpm_pcrs_parse(in, arena, &out.pcrs);
		break;
	case 5:
		ok = rd_tpm_public_parse(in, arena, &out.public);
		break;
	case 6:
		ok = rd_tpm_signature_parse(in, &out.signature);
		break;
	case 7:
		ok = rd_hcl_parse(in, &out.hcl, &err);
		break;
	case 8:
		ok = rd_eif_measure(&(struct rd_tee_launch){ .file = in }, arena, &out.values,
				    &err);
		break;
	case 10:
		ok = rd_snp_measure(&(struct rd_tee_launch){ .file = in,
							     .kernel = rd_view_str("kernel"),
							     .cpu = rd_view_str("EPYC"),
							     .vcpus = 2 },
				    arena, &out.values, &err);
		break;
	case 11:
		ok = rd_tdx_measure(&(struct rd_tee_launch){ .file = in }, arena, &out.values,
				    &err);
		break;
	default:
		log_of(in, arena);
		break;
	}
	(void)ok;
	return 0;
}
