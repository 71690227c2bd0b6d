/* The stable codes of SNP, for `redoubt explain CODE`. */
#include "snp.h"

const struct rd_code_text rd_snp_codes[] = {
	{ "tee.snp.algorithm", "A report is signed with another algorithm than AMD uses.",
	  "Genuine reports of today's firmware are not: where does it come from?" },
	{ "tee.snp.chip_id", "A report is of another chip than its signing certificate.",
	  "Fetch the VCEK of this chip: `redoubt collateral needs`." },
	{ "tee.snp.chip_id.hidden", "The host hides the chip's id, so the report names no chip.",
	  "A policy with chip_ids needs a host that does not set MASK_CHIP_ID." },
	{ "tee.snp.cpu", "A virtual CPU or their number is not one that can be measured.",
	  "Give --vcpus and --cpu as the machine is started with." },
	{ "tee.snp.firmware", "Firmware cannot be measured for SEV-SNP.",
	  "Give OVMF with SEV metadata, whole: OVMF.fd, or code and variables joined." },
	{ "tee.snp.extension",
	  "A signing certificate lacks one of AMD's extensions, or it is broken.",
	  "It is not a genuine VCEK or VLEK: fetch it from AMD or the cloud." },
	{ "tee.snp.issuer",
	  "The signing certificate is of another kind or product than the report.",
	  "A VCEK goes with the ASK of its product, a VLEK with the ASVK." },
	{ "tee.snp.leaf", "The certificate of the key that signed the report is not there.",
	  "Give the VCEK or VLEK as collateral, or what the host gives its guest (auxblob, or "
	  "Azure's THIM JSON); "
	  "`redoubt collateral needs` says where a VCEK is." },
	{ "tee.snp.length", "An SNP report has exactly 1184 bytes.",
	  "Is it wrapped in something else, such as a TPM's or a cloud's own format, or text "
	  "(hexadecimal, base64)? Cut out or decode the report; a host's certificates are "
	  "collateral." },
	{ "tee.snp.padding", "The signature field of a report has bytes where there must be zeros.",
	  "The report was altered." },
	{ "tee.snp.policy", "A guest policy has a bit cleared that is always set.",
	  "The report was made up." },
	{ "tee.snp.product", "The report's CPU and its certificate's product are not the same.",
	  "Give the certificate of this machine." },
	{ "tee.snp.signature", "The report is not signed by the key of its certificate.",
	  "Altered, or the VCEK is of another chip or of other firmware versions: its versions "
	  "must "
	  "be those of REPORTED_TCB." },
	{ "tee.snp.signing_key", "A report says that it is signed by no key, or by a reserved one.",
	  "The host must provision a VCEK or VLEK, and not set MASK_CHIP_KEY." },
	{ "tee.snp.tcb",
	  "The certificate stands for other firmware versions than the report states.",
	  "Fetch the certificate for REPORTED_TCB (not CURRENT or COMMITTED)." },
	{ "tee.snp.tcb.order",
	  "Reported, committed and current versions are in an impossible order.",
	  "The firmware is broken or the report made up." },
	{ "tee.snp.version", "A report has a version that is not known.",
	  "A newer Redoubt may know it." },
	{ "tee.snp.vmpl", "A report was asked for by the host, not by the guest.",
	  "It proves nothing about who holds its report data." },
	{ NULL, NULL, NULL },
};
