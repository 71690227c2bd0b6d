/* The sandbox as the enclave sees it: what it checks and finishes about itself. */
#include "os_int.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static const char *const layer_names[] = { "namespaces", "user-ns",      "empty-root",
					   "landlock",   "seccomp",      "not-dumpable",
					   "own-uid",    "secret-pages", "limits" };

const char *rd_os_sandbox_layer_name(uint32_t layer)
{
	for (uint32_t i = 0; i < sizeof(layer_names) / sizeof(layer_names[0]); i++)
		if (layer == 1u << i)
			return layer_names[i];
	return NULL;
}

bool rd_os_sandbox_enter(uint32_t *missing, struct rd_err *err)
{
	struct rlimit none = { 0, 0 };

	*missing = 0;
	/* Between exec and here the file's mode 0111 keeps peers out; from here on this does. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) || prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
		*missing |= RD_SANDBOX_NOT_DUMPABLE;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return rd_fail_errno(err, "os.sandbox.privileges",
				     "the kernel does not forbid new privileges");
	if (setrlimit(RLIMIT_CORE, &none))
		*missing |= RD_SANDBOX_LIMITS;
	/* A death signal set before exec does not survive every change of credentials. */
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	return true;
}

bool rd_os_sandbox_seal(uint32_t *missing, struct rd_err *err)
{
	struct rd_filter filter;

	(void)err;
	*missing = 0;
	rd_os_filter_run(&filter);
	if (!rd_os_filter_load(&filter))
		*missing |= RD_SANDBOX_SECCOMP;
	return true;
}
