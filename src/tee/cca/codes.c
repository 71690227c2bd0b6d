/* The stable codes of CCA tokens, for `redoubt explain CODE`. */
#include "cca.h"

const struct rd_code_text rd_cca_codes[] = {
	{ "tee.cca.binding", "The platform token was made for another realm's key.",
	  "Two tokens that each verify were put together: refuse them." },
	{ "tee.cca.form", "The bytes are not a CCA token.", "Was it cut off, or is it wrapped?" },
	{ "tee.cca.platform.signature",
	  "The platform token is not signed by one of the given keys.",
	  "Give the CPAK of this platform, from its maker; or the token was altered." },
	{ "tee.cca.profile",
	  "The tokens' profiles are not known, do not go together, or lack claims of theirs.",
	  "The direct model and keys kept by the security subsystem are not known here." },
	{ "tee.cca.realm.signature", "The realm token is not signed by the realm's key.",
	  "The token was altered." },
	{ NULL, NULL, NULL },
};
