/* What test and probe say to each other. */
#ifndef SANDBOX_PROBE_H
#define SANDBOX_PROBE_H

#include <stdint.h>

enum probe_try {
	TRY_NOTHING,
	TRY_SEAL,
	TRY_OPEN,
	TRY_SOCKET,
	TRY_FORK,
	TRY_CLONE3,
	TRY_PTRACE,
	TRY_EXEC,
	TRY_EXECVEAT,
	TRY_NEW_CODE,
	TRY_MOUNT,
	TRY_KILL,
	TRY_X32,
	TRY_END,
};

/* Descriptors, argv or environment were not as promised. */
#define PROBE_BAD_START 0x80000000u

struct probe_reply {
	uint32_t what, missing;
	int64_t result;
	uint64_t address; /* of "SECRET-77" */
};

#endif
