/* The stable codes of tee, for `redoubt explain CODE`. */
#include <redoubt/tee.h>

const struct rd_code_text rd_tee_codes[] = {
	{ "tee.bundle.form",
	  "Evidence is not an array of claims, report and collateral, or too large.",
	  "Was it cut off on its way? Fetch it again." },
	{ "tee.claims.form",
	  "Claims have an unknown, missing or mis-sized entry, or contradict themselves.",
	  "Both sides must be of one version; else it is an attack." },
	{ "tee.collect.none", "This program cannot make evidence of that technology.",
	  "Evidence is made by redoubt-launcher on a machine that has the technology." },
	{ "tee.findings", "A technology had more to say than fits.",
	  "A defect: please report it." },
	{ "tee.level", "A level has an unknown name.", "hardware, operator, tpm or software." },
	{ "tee.process.key", "The launcher has no key to sign with.",
	  "redoubt host init makes one." },
	{ "tee.process.signature", "The launcher's signature over a report does not hold.",
	  "The evidence was altered, or was not made by that launcher." },
	{ "tee.report_data", "The report is about other claims than those that came with it.",
	  "Evidence of one session or run was shown for another: an attack, or a mix-up." },
	{ "tee.type.unknown", "Evidence of a technology that this program does not know.",
	  "A newer version may know it." },
	{ NULL, NULL, NULL },
};
