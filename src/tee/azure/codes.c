/* The stable codes of Azure's evidence, for `redoubt explain CODE`. */
#include "azure.h"

const struct rd_code_text rd_azure_codes[] = {
	{ "tee.azure.binding", "The hardware's report does not vouch for the vTPM's key.",
	  "The evidence was put together from parts of others." },
	{ "tee.azure.form", "The JSON is not the evidence of an Azure confidential VM.",
	  "It needs hcl_report, tpm_quote with message, signature and pcrs, and vcek or "
	  "td_quote." },
	{ "tee.azure.hcl", "The HCL report cannot be read.",
	  "Read NV index 0x01400001 of the vTPM, whole." },
	{ "tee.azure.hcl.version", "The HCL report is of a form that is not known.",
	  "A newer Redoubt may know it." },
	{ "tee.azure.version", "The evidence is of a version that is not known.",
	  "A newer Redoubt may know it; or have the attester write version 1." },
	{ "tee.azure.vmpl", "The SNP report was not asked for by Azure's paravisor.",
	  "Only a report of VMPL 0 vouches for the vTPM: read it from the vTPM's NV index." },
	{ "tee.azure.td_quote", "The TD quote is about other data than the HCL report.",
	  "Quote and HCL report must be of one VM and one boot." },
	{ NULL, NULL, NULL },
};
