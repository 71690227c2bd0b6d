/* The stable codes of attest, for `redoubt explain CODE`. */
#include <redoubt/attest.h>

const struct rd_code_text rd_attest_codes[] = {
	{ "attest.claim", "A claim of the evidence is not what the verifier's own side of it says.",
	  "The evidence was made for another session, room, query or enclave: it may be a replay "
	  "or "
	  "a relay." },
	{ "attest.claims.unchecked", "The claims were not compared with a session.",
	  "Recorded evidence proves nothing about the present." },
	{ "attest.debug", "The enclave can be debugged: its memory can be read.",
	  "Start it without debugging." },
	{ "attest.launch", "The launcher's claims are missing.",
	  "The evidence was not made by a launcher." },
	{ "attest.launch_config", "The enclave was started in a way that is not listed.",
	  "`redoubt host probe` prints the digest of a host's way; list it if you accept it." },
	{ "attest.level", "The evidence does not reach the level that is demanded.",
	  "Run on a machine with the technology that the policy asks for." },
	{ "attest.measurement", "The enclave is not one of those that are accepted.",
	  "Compare `redoubt measure` of the file with the policy: it was changed, or is another "
	  "version." },
	{ "attest.measurement.hardware", "The hardware measured another enclave than is claimed.",
	  "Someone lies: do not use this machine." },
	{ "attest.platform", "The machine is not one of those that are accepted.",
	  "`redoubt host probe` prints the id of a host; list it if you trust it." },
	{ "attest.policy", "A policy does not make sense.", "The text says where and why." },
	{ "attest.refused", "Evidence was refused.", "The text lists why." },
	{ "attest.role", "Evidence made for one purpose was shown for another.",
	  "It may be a replay." },
	{ "attest.sandbox", "The host's kernel lacks a layer of the sandbox that is demanded.",
	  "Use another kernel, or allow it under sandbox_may_miss." },
	{ "attest.tee", "The technology is not one of those that are accepted.",
	  "List it under tees, or use another machine." },
	{ NULL, NULL, NULL },
};
