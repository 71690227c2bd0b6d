/* The stable codes of GPU reports, for `redoubt explain CODE`. */
#include "nvidia.h"

const struct rd_code_text rd_nvidia_codes[] = {
	{ "tee.nvidia.chain", "There are no certificates of the device.",
	  "Give the chain that the driver returns with the report." },
	{ "tee.nvidia.form", "The bytes are not a GPU's request and report.",
	  "Give the request of 37 bytes, of all measurements, and the answer as one file; or JSON "
	  "with `evidence`." },
	{ "tee.nvidia.fwid",
	  "Whether the device's certificate is of the firmware that the report names.",
	  "Report and chain must be of one device and one boot. Switches and older drivers name "
	  "none; then demand `fwids` of the certificate." },
	{ "tee.nvidia.leaf", "The signing certificate is a CA's, not the firmware's.",
	  "Give the whole chain, the leaf first." },
	{ "tee.nvidia.rim", "Measurements were not compared with NVIDIA's reference values.",
	  "Take them from the RIM of your driver and VBIOS into a policy: `measurements`." },
	{ "tee.nvidia.several", "The evidence is of several devices.",
	  "Verify each by itself: a list of one." },
	{ "tee.nvidia.signature", "The report is not signed by the device's key.",
	  "It was altered, or the chain is of another device." },
	{ "tee.nvidia.version", "The report is of an SPDM version that is not known.",
	  "A newer Redoubt may know it." },
	{ NULL, NULL, NULL },
};
