/* Pages for keys, and memory shared between two processes that do not trust each other. */
#include <redoubt/os.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096u
#define SIZE_SEALS (F_SEAL_SHRINK | F_SEAL_GROW)

/* memfd_secret(2): gone from the kernel's direct map; the mapping outlives the descriptor, and
 * with it closed nobody can take it by pidfd_getfd and map the pages too. */
static void *map_secret(size_t len)
{
	int fd = (int)syscall(SYS_memfd_secret, O_CLOEXEC);
	void *data = MAP_FAILED;

	if (fd < 0)
		return MAP_FAILED;
	if (!ftruncate(fd, (off_t)len))
		data = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
	close(fd);
	return data;
}

static void *map_locked(size_t len)
{
	void *data = mmap(NULL, len, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (data == MAP_FAILED)
		return MAP_FAILED;
	if (mlock(data, len) || madvise(data, len, MADV_DONTDUMP)) {
		int kept = errno;

		munmap(data, len);
		errno = kept;
		return MAP_FAILED;
	}
	return data;
}

bool rd_os_secret_pages_new(size_t len, struct rd_secret_pages *out, struct rd_err *err)
{
	size_t padded;
	void *data;

	if (!len || !rd_add_size(len, PAGE - 1, &padded) || padded > (64u << 20))
		return rd_fail(err, RD_FAULT_USAGE, "os.secret.size",
			       "secret pages: 1 byte to 64 MiB can be had, asked for %zu", len);
	padded -= padded % PAGE;
	data = map_secret(padded);
	out->is_secret = data != MAP_FAILED;
	if (data == MAP_FAILED)
		data = map_locked(padded);
	if (data == MAP_FAILED)
		return rd_fail_errno(err, "os.secret.locked",
				     "%zu bytes for keys could not be locked in memory "
				     "(limit: ulimit -l)",
				     padded);
	/* What must not be inherited cannot leak through a child. */
	madvise(data, padded, MADV_DONTFORK);
	out->data = data;
	out->len = padded;
	return true;
}

void rd_os_secret_pages_free(struct rd_secret_pages *pages)
{
	if (pages->data) {
		rd_wipe(pages->data, pages->len);
		munmap(pages->data, pages->len);
	}
	*pages = (struct rd_secret_pages){ 0 };
}

bool rd_os_shared_new(size_t len, int *fd, struct rd_err *err)
{
	int made = memfd_create("redoubt-door", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (made < 0)
		return rd_fail_errno(err, "os.shared.new", "shared memory could not be made");
	if (ftruncate(made, (off_t)len) || fcntl(made, F_ADD_SEALS, SIZE_SEALS | F_SEAL_SEAL)) {
		rd_fail_errno(err, "os.shared.new", "shared memory of %zu bytes", len);
		close(made);
		return false;
	}
	*fd = made;
	return true;
}

bool rd_os_shared_map(int fd, size_t len, void **out, struct rd_err *err)
{
	struct stat st;
	int seals = fcntl(fd, F_GET_SEALS);
	void *data;

	if (seals < 0 || (seals & SIZE_SEALS) != SIZE_SEALS || fstat(fd, &st) || st.st_size < 0 ||
	    (uint64_t)st.st_size != len)
		return rd_fail(err, RD_FAULT_REFUSED, "os.shared.seals",
			       "expected shared memory of %zu bytes whose size is sealed", len);
	data = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (data == MAP_FAILED)
		return rd_fail_errno(err, "os.shared.map", "mapping %zu bytes", len);
	*out = data;
	return true;
}

void rd_os_shared_unmap(void *data, size_t len)
{
	if (data)
		munmap(data, len);
}

void rd_os_futex_wait(uint32_t *word, uint32_t seen, int64_t deadline_ns)
{
	struct timespec left, *wait = NULL;

	if (deadline_ns != RD_NO_DEADLINE) {
		int64_t ns = deadline_ns - rd_os_now_ns(RD_CLOCK_MONO);

		if (ns <= 0)
			return;
		left.tv_sec = ns / 1000000000;
		left.tv_nsec = ns % 1000000000;
		wait = &left;
	}
	syscall(SYS_futex, word, FUTEX_WAIT, seen, wait, NULL, 0);
}

void rd_os_futex_wake(uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

void rd_os_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}
