/*
 * Launcher, zygote, sandboxed enclave, door and host together: the programs as they are shipped,
 * with enclave_probe.c's job in the enclave.
 */
#include "support.h"

#include <redoubt/codec.h>
#include <redoubt/run.h>

#include "run/launcher_int.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RUN_MS 20000
#define STARTS 21

static char folder[] = "/tmp/redoubt-run-XXXXXX";
static char launcher[4096], enclave[4096], changed[4200], key[128];

struct outputs {
	struct rd_buf out[4];
	enum rd_phase phase;
};

static int prepare(void **state)
{
	const char *build = getenv("RD_BUILD"), *sanitized = getenv("RD_SANITIZED");
	struct rd_secret seed = { 0 };
	uint8_t public_key[32];
	struct rd_err err = { 0 };
	struct rd_buf pem, file;

	(void)state;
	snprintf(launcher, sizeof(launcher), "%s/redoubt-launcher", build ? build : ".");
	if (sanitized && sanitized[0]) {
		print_message("a sanitized program cannot be static: skipped\n");
		return 0;
	}
	snprintf(enclave, sizeof(enclave), "%s/test/unit/run/enclave_probe", build ? build : ".");
	if (!mkdtemp(folder) || !rd_crypto_init(&err))
		return -1;
	snprintf(key, sizeof(key), "%s/launcher.key", folder);
	snprintf(changed, sizeof(changed), "%s/changed", folder);
	rd_buf_init(&pem, 4096);
	rd_buf_init(&file, 64u << 20);
	if (!rd_ed25519_generate(&seed, public_key, &err) ||
	    !rd_pem_ed25519_private(&seed, &pem, &err) ||
	    !rd_os_file_write(key, 0600, rd_buf_view(&pem), &err) ||
	    !rd_os_file_read(enclave, 64u << 20, &file, &err)) {
		print_error("%s: %s\n", err.code, err.text);
		return -1;
	}
	/* One byte more at the end: nothing that runs has changed, and it is another enclave. */
	rd_buf_add_byte(&file, 0);
	if (!rd_os_file_write(changed, 0700, rd_buf_view(&file), &err))
		return -1;
	rd_buf_free(&pem);
	rd_buf_free(&file);
	return 0;
}

static int clean(void **state)
{
	char command[300];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static struct rd_host *start_host(const char *enclave_path)
{
	struct rd_host_options options = { .launcher_path = launcher,
					   .enclave_path = enclave_path,
					   .key_path = key };
	struct rd_host *host = NULL;
	struct rd_err err = { 0 };

	if (!enclave[0])
		skip();
	if (!rd_host_start(&options, &host, &err))
		fail_msg("%s: %s", err.code, err.text);
	return host;
}

static bool collect(void *ctx, uint32_t output, struct rd_view bytes, struct rd_err *err)
{
	struct outputs *o = ctx;

	assert_true(output < 4);
	rd_buf_add(&o->out[output], bytes);
	return rd_buf_ok(&o->out[output], err);
}

static void progress(void *ctx, enum rd_phase phase, uint32_t percent)
{
	struct outputs *o = ctx;

	(void)percent;
	o->phase = phase;
}

static uint32_t serve(struct rd_host *host, struct rd_host_job *job, struct outputs *o)
{
	struct rd_host_run *run = NULL;
	struct rd_err err = { 0 };
	uint32_t end = 0;

	for (int i = 0; i < 4; i++)
		rd_buf_init(&o->out[i], 1u << 20);
	job->output = collect;
	job->progress = progress;
	job->ctx = o;
	if (!rd_host_run_new(host, &run, &err) ||
	    !rd_host_run_serve(run, job, rd_os_deadline(RUN_MS), &end, &err))
		fail_msg("%s: %s", err.code, err.text);
	if (rd_host_run_peer_failure(run))
		print_message("%s\n", rd_host_run_peer_failure(run)->text);
	rd_host_run_free(&run);
	return end;
}

static void drop(struct outputs *o)
{
	for (int i = 0; i < 4; i++)
		rd_buf_free(&o->out[i]);
}

/* ---- evidence
 * -------------------------------------------------------------------------------------- */

static void test_evidence(void **state)
{
	struct rd_host *host = start_host(enclave);
	struct rd_host_job job = { .bytes = rd_view_str("e") };
	struct rd_host_info info;
	struct rd_arena *arena = NULL;
	struct rd_evidence evidence;
	uint8_t measured[RD_MEASUREMENT_LEN];
	struct outputs o = { 0 };
	struct rd_err err = { 0 };

	(void)state;
	assert_int_equal(serve(host, &job, &o), RD_END_DONE);
	rd_host_describe(host, &info);
	assert_true(rd_run_measure(enclave, measured, &err));
	assert_memory_equal(measured, info.measurement, sizeof(measured));
	assert_true(rd_arena_new(1u << 20, &arena, &err));
	if (!rd_evidence_verify(rd_buf_view(&o.out[1]), -1, arena, &evidence, &err))
		fail_msg("%s: %s", err.code, err.text);
	assert_true(rd_tee_result_clean(&evidence.result));
	assert_true(rd_view_eq(evidence.bundle.claims, rd_buf_view(&o.out[0])));
	assert_int_equal(evidence.result.level, RD_LEVEL_SOFTWARE);
	assert_true(rd_view_eq(evidence.result.platform_id, rd_view_of(info.launcher_key, 32)));
	assert_true(
		rd_view_eq(evidence.claims.measurement, rd_view_of(measured, sizeof(measured))));
	for (uint32_t bit = 1; bit <= RD_SANDBOX_ALL; bit <<= 1)
		if (evidence.claims.sandbox_missing & bit)
			print_message("missing: %s\n", rd_os_sandbox_layer_name(bit));
	if (getenv("CI") && geteuid() == 0)
		assert_int_equal(evidence.claims.sandbox_missing, 0);
	/* Any bit of the evidence flipped: another object, or one that does not hold. */
	for (size_t i = 0; i < o.out[1].len; i++) {
		struct rd_err why = { 0 };

		o.out[1].data[i] ^= 1;
		assert_false(
			rd_evidence_verify(rd_buf_view(&o.out[1]), -1, arena, &evidence, &why) &&
			rd_tee_result_clean(&evidence.result));
		o.out[1].data[i] ^= 1;
	}
	rd_arena_free(&arena);
	drop(&o);
	rd_host_free(&host);
}

static void test_changed_byte(void **state)
{
	struct rd_host *one = start_host(enclave), *other = start_host(changed);
	struct rd_host_info a, b;

	(void)state;
	rd_host_describe(one, &a);
	rd_host_describe(other, &b);
	assert_memory_not_equal(a.measurement, b.measurement, RD_MEASUREMENT_LEN);
	assert_memory_equal(a.launcher_key, b.launcher_key, 32);
	rd_host_free(&one);
	rd_host_free(&other);
}

/* The host asks for evidence in the enclave's words, on its own socket. */
static void test_no_evidence_for_host(void **state)
{
	char fd_text[] = "3", memory[] = "4294967296", threads[] = "4";
	const char *argv[] = { launcher, fd_text, enclave, key, memory, threads, NULL };
	struct rd_process_options options = { .argv = argv, .n_pass_fds = 1 };
	static const uint8_t nonsense[] = { 0x83, 0x03, 0x00, 0x41, 0x00 };
	uint8_t bytes[4096];
	struct rd_os_message m = { .bytes = { bytes, sizeof(bytes), 0 } };
	struct rd_process process;
	struct rd_err err = { 0 };
	struct rd_cbor_reader r;
	int pair[2];

	(void)state;
	if (!enclave[0])
		skip();
	assert_true(rd_os_socket_pair(pair, &err));
	options.pass_fd[0] = pair[1];
	assert_true(rd_os_process_start(&options, &process, &err));
	assert_true(rd_os_message_recv(pair[0], &m, rd_os_deadline(RUN_MS), &err));
	m.bytes.used = 0;
	assert_true(rd_os_message_send(pair[0], rd_view_of(nonsense, sizeof(nonsense)),
				       RD_NO_DEADLINE, &err));
	assert_true(rd_os_message_recv(pair[0], &m, rd_os_deadline(RUN_MS), &err));
	rd_cbor_read_init(&r, rd_view_of(bytes, m.bytes.used), RD_CBOR_STRICT);
	rd_cbor_enter_array(&r, 3);
	assert_int_equal(rd_cbor_read_uint(&r, 9), LAUNCHER_ERROR);
	assert_true(rd_view_eq(rd_cbor_read_text(&r, 0, 99), rd_view_str("run.launcher.message")));
	rd_os_close(&pair[0]);
	rd_os_close(&pair[1]);
	rd_os_process_end(&process, 2000);
}

static void test_states(void **state)
{
	struct rd_host *host = start_host(enclave);
	struct rd_host_job job = { .bytes = rd_view_str("w") };
	struct outputs o = { 0 };

	(void)state;
	assert_int_equal(serve(host, &job, &o), RD_END_DONE);
	assert_true(rd_view_eq(rd_buf_view(&o.out[0]), rd_view_str(".")));
	drop(&o);
	rd_host_free(&host);
}

static void test_death_is_seen(void **state)
{
	struct rd_host *host = start_host(enclave);
	struct rd_host_job job = { .bytes = rd_view_str("x") };
	struct outputs o = { 0 };

	(void)state;
	assert_int_equal(serve(host, &job, &o), RD_END_LOST);
	drop(&o);
	/* The next one is not harmed. */
	job.bytes = rd_view_str("w");
	assert_int_equal(serve(host, &job, &o), RD_END_DONE);
	drop(&o);
	/* A job that is none. */
	job.bytes = rd_view_str("?");
	assert_int_equal(serve(host, &job, &o), RD_END_JOB);
	drop(&o);
	rd_host_free(&host);
}

/* ---- blobs and brokers
 * ----------------------------------------------------------------------------- */

struct memory {
	const uint8_t *data;
	size_t len;
	bool fails;
};

static bool read_memory(void *ctx, uint64_t offset, struct rd_span *out, struct rd_err *err)
{
	const struct memory *m = ctx;
	size_t n = out->cap - out->used;

	if (m->fails)
		return rd_fail(err, RD_FAULT_FAILED, "test.blob", "no");
	assert_true(offset <= m->len && n <= m->len - offset);
	memcpy(out->data + out->used, m->data + offset, n);
	out->used += n;
	return true;
}

static void test_blobs(void **state)
{
	enum { LEN = 32 << 20 };
	struct rd_host *host = start_host(enclave);
	uint8_t *data = malloc(LEN), want[2][RD_SHA256_LEN];
	struct memory big = { data, LEN, false }, small = { data + 5, 777, false };
	struct rd_blob blob[2] = { { .ctx = &big, .size = LEN, .read = read_memory },
				   { .ctx = &small, .size = 777, .read = read_memory } };
	struct rd_host_job job = { .bytes = rd_view_str("r"), .n_blobs = 2, .blob = blob };
	struct rd_test_random random = rd_test_random_seed(7);
	struct rd_err err = { 0 };
	struct outputs o = { 0 };
	int64_t before;

	(void)state;
	assert_non_null(data);
	rd_test_random_bytes(&random, data, LEN);
	assert_true(rd_sha256(rd_view_of(data, LEN), want[0], &err));
	assert_true(rd_sha256(rd_view_of(data + 5, 777), want[1], &err));
	before = rd_os_now_ns(RD_CLOCK_MONO);
	assert_int_equal(serve(host, &job, &o), RD_END_DONE);
	print_message("32 MiB through the door, hashed: %.1f ms\n",
		      (double)(rd_os_now_ns(RD_CLOCK_MONO) - before) / 1e6);
	assert_true(rd_view_eq(rd_buf_view(&o.out[0]), rd_view_of(want[0], RD_SHA256_LEN)));
	assert_true(rd_view_eq(rd_buf_view(&o.out[1]), rd_view_of(want[1], RD_SHA256_LEN)));
	drop(&o);
	small.fails = true;
	assert_int_equal(serve(host, &job, &o), RD_END_TABLE);
	drop(&o);
	free(data);
	rd_host_free(&host);
}

struct broker {
	int listener;
	size_t got;
};

/* Takes 100,000 bytes, answers with 50,000 and hangs up. */
static void *broker_main(void *ctx)
{
	static uint8_t bytes[100000];
	struct broker *b = ctx;
	struct rd_span in = { bytes, sizeof(bytes), 0 };
	struct rd_err err = { 0 };
	int fd = -1;

	if (rd_os_accept(b->listener, rd_os_deadline(RUN_MS), &fd, &err) &&
	    rd_os_recv_all(fd, &in, rd_os_deadline(RUN_MS), &err)) {
		b->got = in.used;
		memset(bytes, 'a', 50000);
		if (!rd_os_send(fd, rd_view_of(bytes, 50000), rd_os_deadline(RUN_MS), &err))
			b->got = 0;
	}
	rd_os_close(&fd);
	return NULL;
}

static void test_relay(void **state)
{
	struct rd_host *host = start_host(enclave);
	char address[32];
	const char *peer[] = { address };
	struct rd_host_job job = { .bytes = rd_view_str("n"), .n_peers = 1, .peer = peer };
	struct broker broker = { .listener = -1 };
	struct rd_err err = { 0 };
	struct outputs o = { 0 };
	pthread_t thread;
	uint16_t port;

	(void)state;
	assert_true(rd_os_tcp_listen("127.0.0.1:0", &broker.listener, &err));
	assert_true(rd_os_tcp_port(broker.listener, &port, &err));
	snprintf(address, sizeof(address), "127.0.0.1:%u", port);
	assert_int_equal(pthread_create(&thread, NULL, broker_main, &broker), 0);
	assert_int_equal(serve(host, &job, &o), RD_END_DONE);
	pthread_join(thread, NULL);
	assert_int_equal(broker.got, 100000);
	assert_int_equal(o.out[0].len, 50000);
	assert_int_equal(o.out[0].data[49999], 'a');
	drop(&o);
	rd_os_close(&broker.listener);
	/* A broker that is down. */
	assert_int_equal(serve(host, &job, &o), RD_END_BROKER);
	drop(&o);
	rd_host_free(&host);
}

/* ---- how long it takes
 * ------------------------------------------------------------------------------- */

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void test_start_time(void **state)
{
	struct rd_host *host = start_host(enclave);
	double ms[STARTS];

	(void)state;
	for (int i = 0; i < STARTS; i++) {
		struct rd_host_run *run = NULL;
		struct rd_err err = { 0 };
		int64_t before = rd_os_now_ns(RD_CLOCK_MONO);

		if (!rd_host_run_new(host, &run, &err) ||
		    !rd_host_run_ready(run, rd_os_deadline(RUN_MS), &err))
			fail_msg("%s: %s", err.code, err.text);
		ms[i] = (double)(rd_os_now_ns(RD_CLOCK_MONO) - before) / 1e6;
		rd_host_run_free(&run);
	}
	qsort(ms, STARTS, sizeof(ms[0]), by_size);
	print_message("start to ready: median %.2f ms, min %.2f, max %.2f\n", ms[STARTS / 2], ms[0],
		      ms[STARTS - 1]);
	rd_host_free(&host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_evidence),
		cmocka_unit_test(test_changed_byte),
		cmocka_unit_test(test_no_evidence_for_host),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_death_is_seen),
		cmocka_unit_test(test_blobs),
		cmocka_unit_test(test_relay),
		cmocka_unit_test(test_start_time),
	};

	return cmocka_run_group_tests(tests, prepare, clean);
}
