/*
 * Confidential VMs of Azure: a vTPM whose attestation key the SEV-SNP or TDX report of the VM's
 * paravisor vouches for.  The "HCL report" in NV index 0x01400001 holds that report and JSON whose
 * SHA-256 is its report data ("Guest attestation for confidential VMs", Microsoft's azure-cvm
 * docs).
 *
 * FILE is JSON: version 1; hcl_report in base64; tpm_quote {message, signature in hexadecimal,
 * pcrs: a list of 24}; vcek (SNP) or td_quote (TDX) in base64.
 */
#ifndef RD_TEE_AZURE_H
#define RD_TEE_AZURE_H

#include <redoubt/codec.h>
#include <redoubt/tee.h>

enum rd_hcl_kind { RD_HCL_SNP = 2, RD_HCL_TDX = 4 };

struct rd_hcl_report {
	enum rd_hcl_kind kind;
	struct rd_view hw_report;   /* 1184 bytes (SNP) or a TDREPORT of 1024 */
	struct rd_view report_data; /* 64 bytes, of the hardware report */
	struct rd_view runtime;     /* the JSON, as it was hashed */
};
/* "tee.azure.hcl" */
RD_MUST_USE bool rd_hcl_parse(struct rd_view bytes, struct rd_hcl_report *out, struct rd_err *err);

extern const struct rd_code_text rd_azure_codes[];
extern const struct rd_tee rd_tee_azure;

#endif
