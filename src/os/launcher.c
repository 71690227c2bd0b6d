/* What the launcher needs for itself: the sealed copy of the enclave file, and its own cage. */
#include "os_int.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x0020
#endif
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

static bool copy_file(const char *path, int to, size_t max, struct rd_err *err)
{
	RD_AUTO(rd_os_close) int from = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	size_t total = 0;
	struct stat st;

	if (from < 0 || fstat(from, &st))
		return rd_fail_errno(err, "os.file.open", "%s", path);
	if (!S_ISREG(st.st_mode))
		return rd_fail(err, RD_FAULT_USAGE, "os.file.kind", "%s: not a regular file", path);
	for (;;) {
		ssize_t n = sendfile(to, from, NULL, 16u << 20);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return rd_fail_errno(err, "os.file.read", "%s", path);
		if (n == 0)
			return true;
		total += (size_t)n;
		if (total > max)
			return rd_fail(err, RD_FAULT_REFUSED, "os.file.large",
				       "%s: more than %zu bytes", path, max);
	}
}

bool rd_os_exe_seal(const char *path, size_t max, int *fd, struct rd_err *err)
{
	RD_AUTO(rd_os_close)
	int made = memfd_create("redoubt-enclave", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

	/* Kernels before 6.3 know no MFD_EXEC and make every memfd executable. */
	if (made < 0 && errno == EINVAL)
		made = memfd_create("redoubt-enclave", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (made < 0)
		return rd_fail_errno(err, "os.exe.seal", "memory for %s", path);
	if (!copy_file(path, made, max, err))
		return false;
	/* Executable but not readable: the kernel then makes the process not dumpable from exec on,
	 * before its first instruction could be traced. */
	if (fchmod(made, 0111))
		return rd_fail_errno(err, "os.exe.seal", "%s: mode", path);
	if (fcntl(made, F_ADD_SEALS,
		  F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_EXEC | F_SEAL_SEAL) &&
	    fcntl(made, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL))
		return rd_fail_errno(err, "os.exe.seal", "%s: seals", path);
	*fd = made;
	made = -1;
	return true;
}

bool rd_os_launcher_confine(uint32_t uid, struct rd_err *err)
{
	struct rlimit none = { 0, 0 };
	struct rd_filter filter;

	if (geteuid() == 0 &&
	    (setgroups(0, NULL) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid)))
		return rd_fail_errno(err, "os.launcher.uid", "uid %u could not be taken", uid);
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) || setrlimit(RLIMIT_CORE, &none) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return rd_fail_errno(err, "os.launcher.confine", "the launcher's own limits");
	rd_os_filter_launcher(&filter);
	if (!rd_os_filter_load(&filter))
		return rd_fail_errno(err, "os.launcher.confine", "the launcher's own filter");
	return true;
}
