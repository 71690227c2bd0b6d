/* Files, times, messages, sockets, processes: what the rest stands on. */
#include "support.h"

#include <redoubt/os.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/redoubt-os-XXXXXX";

static const char *at(const char *name)
{
	static char path[2][256];
	static int turn;

	turn = !turn;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", folder, name);
	return path[turn];
}

static int count_entries(void)
{
	char command[300];
	FILE *list;
	int n = 0;

	snprintf(command, sizeof(command), "ls -A %s | wc -l", folder);
	list = popen(command, "r");
	assert_non_null(list);
	assert_int_equal(fscanf(list, "%d", &n), 1);
	pclose(list);
	return n;
}

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	char command[300];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static void test_write_read(void **state)
{
	struct rd_err err = { 0 };
	struct rd_buf buf;
	struct stat st;

	(void)state;
	rd_buf_init(&buf, 100);
	assert_true(rd_os_file_write(at("a"), 0600, rd_view_str("one"), &err));
	assert_true(rd_os_file_write(at("a"), 0640, rd_view_str("two"), &err));
	assert_true(rd_os_file_read(at("a"), 3, &buf, &err));
	assert_true(rd_view_eq(rd_buf_view(&buf), rd_view_str("two")));
	assert_int_equal(stat(at("a"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	/* One byte over the maximum. */
	assert_false(rd_os_file_read(at("a"), 2, &buf, &err));
	assert_string_equal(err.code, "os.file.large");
	rd_buf_free(&buf);
	assert_int_equal(count_entries(), 1);
}

static void test_create_keeps(void **state)
{
	struct rd_err err = { 0 };
	struct rd_buf buf;

	(void)state;
	rd_buf_init(&buf, 100);
	assert_true(rd_os_file_create(at("key"), 0600, rd_view_str("first"), &err));
	assert_false(rd_os_file_create(at("key"), 0600, rd_view_str("second"), &err));
	assert_string_equal(err.code, "os.file.exists");
	assert_true(rd_os_file_read_private(at("key"), 100, &buf, &err));
	assert_true(rd_view_eq(rd_buf_view(&buf), rd_view_str("first")));
	rd_buf_free(&buf);
}

static void test_private(void **state)
{
	struct rd_err err = { 0 };
	struct rd_buf buf;

	(void)state;
	rd_buf_init(&buf, 100);
	assert_true(rd_os_file_write(at("open"), 0640, rd_view_str("x"), &err));
	assert_false(rd_os_file_read_private(at("open"), 100, &buf, &err));
	assert_string_equal(err.code, "os.file.private");
	rd_buf_free(&buf);
}

static void test_unfinished_is_gone(void **state)
{
	struct rd_err err = { 0 };
	struct rd_os_out *out = NULL;
	int before = count_entries();

	(void)state;
	assert_true(rd_os_out_new(at("half"), 0600, &out, &err));
	assert_true(rd_os_out_write(out, rd_view_str("half of it"), &err));
	assert_false(rd_os_file_exists(at("half")));
	rd_os_out_free(&out);
	assert_int_equal(count_entries(), before);
}

static void test_stream(void **state)
{
	static uint8_t block[700000];
	struct rd_os_file file = { .fd = -1 };
	struct rd_err err = { 0 };
	struct rd_os_out *out = NULL;
	uint8_t got[4];
	struct rd_span span = { got, sizeof(got), 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = (uint8_t)(i * 7);
	assert_true(rd_os_out_new(at("big"), 0600, &out, &err));
	for (int i = 0; i < 5; i++)
		assert_true(rd_os_out_write(out, rd_view_of(block, sizeof(block)), &err));
	assert_true(rd_os_out_finish(out, &err));
	rd_os_out_free(&out);
	assert_true(rd_os_file_open(at("big"), &file, &err));
	assert_int_equal(file.size, 5 * sizeof(block));
	assert_true(rd_os_file_pread(&file, 3 * sizeof(block) + 1, &span, &err));
	assert_memory_equal(got, block + 1, 4);
	span.used = 0;
	assert_false(rd_os_file_pread(&file, file.size - 3, &span, &err));
	assert_string_equal(err.code, "os.file.short");
	rd_os_file_close(&file);
}

static void test_odd_files(void **state)
{
	struct rd_err err = { 0 };
	struct rd_os_file file;
	struct rd_buf buf;
	int lock = -1, second = -1;

	(void)state;
	rd_buf_init(&buf, 10);
	assert_int_equal(mkfifo(at("fifo"), 0600), 0);
	assert_false(rd_os_file_open(at("fifo"), &file, &err));
	assert_string_equal(err.code, "os.file.kind");
	assert_false(rd_os_file_read(folder, 10, &buf, &err));
	assert_string_equal(err.code, "os.file.kind");
	assert_true(rd_os_mkdirs(at("x/y/z"), 0700, &err));
	assert_true(rd_os_mkdirs(at("x/y/z"), 0700, &err));
	assert_false(rd_os_mkdirs(at("a"), 0700, &err));
	assert_true(rd_os_file_lock(at("lock"), &lock, &err));
	assert_false(rd_os_file_lock(at("lock"), &second, &err));
	assert_string_equal(err.code, "os.file.locked");
	rd_os_close(&lock);
	assert_true(rd_os_file_lock(at("lock"), &second, &err));
	rd_os_close(&second);
}

static void test_times(void **state)
{
	static const struct {
		const char *text;
		int64_t unix_s;
	} good[] = {
		/* Values from `date -u -d TEXT +%s`. */
		{ "1970-01-01T00:00:00Z", 0 },
		{ "2000-02-29T12:34:56Z", 951827696 },
		{ "2026-02-03T04:05:06.789+01:30", 1770086106 },
		{ "9999-12-31T23:59:59Z", 253402300799 },
		{ "951827696", 951827696 },
	};
	static const char *const bad[] = { "",
					   "2026-02-30T00:00:00Z",
					   "2025-02-29T00:00:00Z",
					   "2026-02-03T04:05:06",
					   "2026-13-01T00:00:00Z",
					   "2026-02-03T24:00:00Z",
					   "2026-02-03T04:05:06Zx",
					   "-1",
					   "1969-12-31T23:59:59Z",
					   "253402300800",
					   "2026-02-03T04:05:06.Z" };
	struct rd_err err = { 0 };
	char text[21];
	int64_t t;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(rd_os_time_parse(rd_view_str(good[i].text), &t, &err));
		assert_int_equal(t, good[i].unix_s);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(rd_os_time_parse(rd_view_str(bad[i]), &t, &err));
		assert_string_equal(err.code, "os.time.form");
	}
	rd_os_time_format(951827696, text);
	assert_string_equal(text, "2000-02-29T12:34:56Z");
	rd_os_time_format(INT64_MAX, text);
	assert_string_equal(text, "9999-12-31T23:59:59Z");
}

static void test_messages(void **state)
{
	uint8_t bytes[8];
	struct rd_os_message m = { .bytes = { bytes, sizeof(bytes), 0 }, .max_fds = 1 };
	struct rd_err err = { 0 };
	int pair[2], fds[2], got;

	(void)state;
	assert_true(rd_os_socket_pair(pair, &err));
	assert_true(rd_os_shared_new(4096, &fds[0], &err));
	fds[1] = fds[0];
	assert_true(rd_os_message_send_fds(pair[0], rd_view_str("hello"),
					   (struct rd_os_fds){ fds, 1 }, RD_NO_DEADLINE, &err));
	assert_true(rd_os_message_recv(pair[1], &m, RD_NO_DEADLINE, &err));
	assert_int_equal(m.bytes.used, 5);
	assert_int_equal(m.n_fds, 1);
	got = m.fds[0];
	rd_os_close(&got);
	/* Two descriptors where one is allowed; nine bytes where eight fit; nothing in time. */
	m.bytes.used = 0;
	assert_true(rd_os_message_send_fds(pair[0], rd_view_str("x"), (struct rd_os_fds){ fds, 2 },
					   RD_NO_DEADLINE, &err));
	assert_false(rd_os_message_recv(pair[1], &m, RD_NO_DEADLINE, &err));
	assert_string_equal(err.code, "os.message.size");
	m.bytes.used = 0;
	assert_true(rd_os_message_send(pair[0], rd_view_str("ninebytes"), RD_NO_DEADLINE, &err));
	assert_false(rd_os_message_recv(pair[1], &m, RD_NO_DEADLINE, &err));
	assert_string_equal(err.code, "os.message.size");
	assert_false(rd_os_message_recv(pair[1], &m, rd_os_deadline(10), &err));
	assert_string_equal(err.code, "os.deadline");
	rd_os_close(&pair[0]);
	assert_false(rd_os_message_recv(pair[1], &m, RD_NO_DEADLINE, &err));
	assert_string_equal(err.code, "os.message.closed");
	rd_os_close(&pair[1]);
	rd_os_close(&fds[0]);
}

static void test_shared(void **state)
{
	struct rd_err err = { 0 };
	void *data;
	int fd, plain;

	(void)state;
	assert_true(rd_os_shared_new(8192, &fd, &err));
	assert_true(rd_os_shared_map(fd, 8192, &data, &err));
	rd_os_shared_unmap(data, 8192);
	assert_int_equal(ftruncate(fd, 4096), -1);
	assert_false(rd_os_shared_map(fd, 4096, &data, &err));
	assert_string_equal(err.code, "os.shared.seals");
	/* A file of the right size whose owner could cut it under us. */
	plain = open(at("plain"), O_RDWR | O_CREAT, 0600);
	assert_true(plain >= 0);
	assert_int_equal(ftruncate(plain, 8192), 0);
	assert_false(rd_os_shared_map(plain, 8192, &data, &err));
	assert_string_equal(err.code, "os.shared.seals");
	rd_os_close(&plain);
	rd_os_close(&fd);
}

static void test_tcp(void **state)
{
	struct rd_err err = { 0 };
	int listener, near, far;
	uint16_t port;
	char address[32];
	uint8_t bytes[16];
	struct rd_span in = { bytes, sizeof(bytes), 0 };

	(void)state;
	assert_true(rd_os_tcp_listen("127.0.0.1:0", &listener, &err));
	assert_true(rd_os_tcp_port(listener, &port, &err));
	snprintf(address, sizeof(address), "127.0.0.1:%u", port);
	assert_true(rd_os_tcp_connect(address, rd_os_deadline(1000), &near, &err));
	assert_true(rd_os_accept(listener, rd_os_deadline(1000), &far, &err));
	assert_true(rd_os_send(near, rd_view_str("ping"), rd_os_deadline(1000), &err));
	assert_true(rd_os_recv(far, &in, rd_os_deadline(1000), &err));
	assert_int_equal(in.used, 4);
	assert_false(rd_os_recv(far, &in, rd_os_deadline(10), &err));
	assert_string_equal(err.code, "os.deadline");
	rd_os_close(&near);
	assert_false(rd_os_recv_all(far, &in, rd_os_deadline(1000), &err));
	assert_string_equal(err.code, "os.socket.closed");
	rd_os_close(&far);
	rd_os_close(&listener);
	assert_false(rd_os_tcp_connect(address, rd_os_deadline(1000), &near, &err));
	assert_string_equal(err.code, "os.connect");
	assert_false(rd_os_tcp_connect("nowhere", rd_os_deadline(1000), &near, &err));
	assert_string_equal(err.code, "os.address.form");
}

static void test_process(void **state)
{
	const char *const argv[] = { "sh", "-c", "cat; exit 7", NULL };
	const char *const missing[] = { "/no/such/program", NULL };
	const char *const stubborn[] = { "sh", "-c", "trap '' TERM; echo up; sleep 60", NULL };
	struct rd_process_options options = { .argv = argv, .pipe_in = true, .pipe_out = true };
	struct rd_process p;
	struct rd_err err = { 0 };
	char got[8] = { 0 };
	int64_t before;
	int status;

	(void)state;
	assert_true(rd_os_process_start(&options, &p, &err));
	assert_int_equal(write(p.in, "echo", 4), 4);
	rd_os_close(&p.in);
	assert_int_equal(read(p.out, got, 4), 4);
	assert_string_equal(got, "echo");
	assert_true(rd_os_process_wait(&p, rd_os_deadline(5000), &status, &err));
	assert_int_equal(status, 7);
	rd_os_process_end(&p, 0);
	options.argv = missing;
	assert_false(rd_os_process_start(&options, &p, &err));
	assert_string_equal(err.code, "os.process.start");
	options.argv = stubborn;
	assert_true(rd_os_process_start(&options, &p, &err));
	assert_int_equal(read(p.out, got, 3), 3);
	before = rd_os_now_ns(RD_CLOCK_MONO);
	assert_false(rd_os_process_wait(&p, rd_os_deadline(10), &status, &err));
	rd_os_process_end(&p, 50);
	assert_true(rd_os_now_ns(RD_CLOCK_MONO) - before < INT64_C(5000000000));
}

static void test_secret_pages(void **state)
{
	struct rd_secret_pages pages = { 0 };
	struct rd_err err = { 0 };

	(void)state;
	assert_true(rd_os_secret_pages_new(5000, &pages, &err));
	assert_int_equal(pages.len, 8192);
	memset(pages.data, 1, pages.len);
	rd_os_secret_pages_free(&pages);
	assert_null(pages.data);
	assert_false(rd_os_secret_pages_new(0, &pages, &err));
	assert_string_equal(err.code, "os.secret.size");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_write_read), cmocka_unit_test(test_create_keeps),
		cmocka_unit_test(test_private),    cmocka_unit_test(test_unfinished_is_gone),
		cmocka_unit_test(test_stream),     cmocka_unit_test(test_odd_files),
		cmocka_unit_test(test_times),      cmocka_unit_test(test_messages),
		cmocka_unit_test(test_shared),     cmocka_unit_test(test_tcp),
		cmocka_unit_test(test_process),    cmocka_unit_test(test_secret_pages),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
