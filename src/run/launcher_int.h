/* Messages of the launcher: CBOR arrays over socket pairs (SOCK_SEQPACKET). */
#ifndef RUN_LAUNCHER_INT_H
#define RUN_LAUNCHER_INT_H

#include <redoubt/run.h>

#define LAUNCHER_MESSAGE_MAX 65536u
#define LAUNCHER_TIMEOUT_MS 10000
#define LAUNCHER_EVIDENCE_MAX 256u /* pieces of evidence one enclave may ask for */

/* First item of every message. */
enum launcher_message {
	/* reply: [0, code text, text] */
	LAUNCHER_ERROR = 0,
	/* launcher -> host at start: [1, measurement, launcher key] */
	LAUNCHER_HELLO = 1,
	/* host -> launcher: [2]; reply [2, missing, launch config] with two descriptors: the door's
	 * memory, and a socket that hangs up when the enclave dies and kills it when closed */
	LAUNCHER_START = 2,
	/* enclave -> launcher: [3, missing, claims]; reply [3, claims, cmw]; never from the host */
	LAUNCHER_EVIDENCE = 3,
};

/* Where descriptors appear in an enclave. */
#define ENCLAVE_LAUNCHER_FD 3
#define ENCLAVE_DOOR_FD 4

/* uids of the launcher and, counting on, of its enclaves, when started as root: far above any
 * that a distribution or a directory service gives out. */
#define LAUNCHER_UID 0x7ed00000u
#define LAUNCHER_UIDS 0x10000u

/* The bytes of the launch configuration's fixed part. */
RD_MUST_USE bool rd_launcher_digest(const struct rd_sandbox *sandbox, uint32_t missing,
				    uint8_t out[RD_SHA256_LEN], struct rd_err *err);

#endif
