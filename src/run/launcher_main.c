/* redoubt-launcher HOST_FD ENCLAVE KEY MEMORY THREADS: started by the host, never by hand. */
#include <redoubt/run.h>

#include <stdio.h>

int main(int argc, char **argv)
{
	struct rd_launcher_options options = { 0 };
	struct rd_err err = { 0 };
	int64_t fd, memory, threads;

	if (argc != 6 || !rd_parse_i64(rd_view_str(argv[1]), 3, 1024, &fd, &err) ||
	    !rd_parse_i64(rd_view_str(argv[4]), 1 << 20, INT64_MAX, &memory, &err) ||
	    !rd_parse_i64(rd_view_str(argv[5]), 1, 1024, &threads, &err)) {
		fprintf(stderr, "redoubt-launcher is started by `redoubt host`, not by hand\n");
		return 2;
	}
	options.host_fd = (int)fd;
	options.enclave_path = argv[2];
	options.key_path = argv[3];
	options.memory_max = (uint64_t)memory;
	options.threads_max = (uint32_t)threads;
	/* The host is told of failures through its socket. */
	return rd_launcher_run(&options, &err) ? 0 : 1;
}
