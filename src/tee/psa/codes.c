/* The stable codes of PSA tokens, for `redoubt explain CODE`. */
#include "psa.h"

const struct rd_code_text rd_psa_codes[] = {
	{ "tee.psa.form", "The claims are not those of a PSA or CCA platform token.",
	  "The token is broken, or mixes two profiles." },
	{ "tee.psa.mac", "The token is not signed but carries a MAC.",
	  "Only its maker can check it: have the device sign with COSE_Sign1." },
	{ "tee.psa.profile", "The token's profile is not the one whose claims it holds.",
	  "The token was made up, or is of a profile that is not known." },
	{ "tee.psa.signature", "The token is not signed by one of the given keys.",
	  "Give the key of this device, from its maker; or the token was altered." },
	{ NULL, NULL, NULL },
};
