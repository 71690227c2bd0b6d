/*
 * Confidential VMs of Azure: a vTPM whose attestation key the SEV-SNP or TDX report of the VM's
 * paravisor vouches for.  The "HCL report" in NV index 0x01400001 holds that report and JSON whose
 * SHA-256 is its report data ("Guest attestation for confidential VMs", Microsoft's azure-cvm
 * docs).
 *
 * FILE is the JSON of Confidential Containers' attester (trustee, deps/verifier/src/az_*_vtpm):
 * hcl_report, tpm_quote {message, signature, pcrs: a list of 24}, vcek (SNP) or td_quote (TDX).
 * Version 1 and 2: hcl_report, vcek, td_quote in base64, the quote in hexadecimal.  Without a
 * version: lists of numbers in their place, a VCEK in PEM; SNP calls them report and quote.
 */
#ifndef RD_TEE_AZURE_H
#define RD_TEE_AZURE_H

#include <redoubt/codec.h>
#include <redoubt/tee.h>

#include "tee/tpm/tpm.h"

enum rd_hcl_kind { RD_HCL_SNP = 2, RD_HCL_TDX = 4 };

struct rd_hcl_report {
	enum rd_hcl_kind kind;
	struct rd_view hw_report;   /* 1184 bytes (SNP) or a TDREPORT of 1024 */
	struct rd_view report_data; /* 64 bytes, of the hardware report */
	enum rd_hash hash;          /* of the JSON in report_data, zeros behind it */
	struct rd_view runtime;     /* the JSON, as it was hashed */
};
/* "tee.azure.hcl" */
RD_MUST_USE bool rd_hcl_parse(struct rd_view bytes, struct rd_hcl_report *out, struct rd_err *err);

/* FILE taken apart; what is not there is empty. */
struct rd_azure_evidence {
	struct rd_view hcl, message, signature, vcek, td_quote;
	struct rd_tpm_pcrs pcrs;
};
/* "tee.azure.form" (malformed), "tee.azure.version" (refused) */
RD_MUST_USE bool rd_azure_parse(struct rd_view file, struct rd_arena *arena,
				struct rd_azure_evidence *out, struct rd_err *err);

extern const struct rd_code_text rd_azure_codes[];
extern const struct rd_tee rd_tee_azure;

#endif
