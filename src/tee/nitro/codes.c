/* The stable codes of Nitro, for `redoubt explain CODE`. */
#include "nitro.h"

const struct rd_code_text rd_nitro_codes[] = {
	{ "tee.nitro.algorithm", "A document is not signed with ES384 by a P-384 key.",
	  "AWS signs no other way: where does it come from?" },
	{ "tee.nitro.bundle", "The document's certificates are not the path to its root, in order.",
	  "AWS puts the root first and nothing else in: where does it come from?" },
	{ "tee.nitro.digest", "A document's registers are of another hash than SHA-384.",
	  "A newer Redoubt may know it." },
	{ "tee.nitro.eif", "The file is not an enclave image, or is broken.",
	  "Build it again with nitro-cli." },
	{ "tee.nitro.form", "The bytes are not a Nitro attestation document.",
	  "Give the COSE_Sign1 as the NSM made it, not base64 and not cut." },
	{ "tee.nitro.future", "A document was made after the time of verification.",
	  "Check --at, or this machine's clock." },
	{ "tee.nitro.signature", "A document is not signed by its certificate's key.",
	  "It was altered." },
	{ "tee.nitro.timestamp", "A document was made outside the life of its certificate.",
	  "It was put together from parts of others." },
	{ "tee.nitro.unprotected", "A document has headers that nobody signed.",
	  "AWS leaves them empty: it was altered on its way." },
	{ NULL, NULL, NULL },
};
