/* The host: starts a launcher, asks it for enclaves, and keeps their doors. */
#include "host_int.h"

#include <redoubt/codec.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define START_MS 30000
#define GRACE_MS 2000
#define MEMORY_DEFAULT (UINT64_C(64) << 30)
#define THREADS_DEFAULT 16u

struct rd_host {
	struct rd_process launcher;
	int socket;
	pthread_mutex_t lock; /* one question to the launcher at a time */
	struct rd_host_info info;
};

static const char *const phase_names[] = { "starting", "ready",   "attesting",
					   "reading",  "sealing", "done" };

const char *rd_phase_name(enum rd_phase phase)
{
	return phase >= RD_PHASE_STARTING && phase <= RD_PHASE_DONE ? phase_names[phase] : "?";
}

const char *rd_run_end_text(uint32_t code)
{
	static const char *const texts[] = {
		"done",
		"the enclave failed",
		"the job is not one that this enclave understands",
		"a broker could not be reached or broke off",
		"a broker or a check inside the enclave refused",
		"a table is not the one that the room names",
		"the data made the query fail; its reader learns where",
		"the run needed more memory than allowed",
	};

	if (code == RD_END_LOST)
		return "the enclave died";
	return code < sizeof(texts) / sizeof(texts[0]) ? texts[code] : "an end that is not known";
}

/* ---- the launcher -------------------------------------------------------------------------------
 */

/* One message from the launcher; its own errors become ours. */
static bool hear(int socket, uint64_t expected, struct rd_os_message *m, struct rd_err *err)
{
	uint32_t n_fds = m->max_fds;
	struct rd_cbor_reader r;
	uint64_t what;

	if (!rd_os_message_recv(socket, m, rd_os_deadline(START_MS), err))
		return rd_wrap(err, "launcher");
	rd_cbor_read_init(&r, rd_view_of(m->bytes.data, m->bytes.used), RD_CBOR_STRICT);
	rd_cbor_enter_array(&r, 3);
	what = rd_cbor_read_uint(&r, LAUNCHER_EVIDENCE);
	if (!r.failed && what == expected && m->n_fds == n_fds)
		return true;
	for (uint32_t i = 0; i < m->n_fds; i++)
		rd_os_close(&m->fds[i]);
	if (!r.failed && what == LAUNCHER_ERROR) {
		struct rd_view code = rd_cbor_read_text(&r, 0, 128);
		struct rd_view text = rd_cbor_read_text(&r, 0, RD_ERR_TEXT_MAX);

		return rd_fail(err, RD_FAULT_FAILED, "run.launcher.failed",
			       "the launcher could not: %.*s (%.*s)", RD_FMT(text), RD_FMT(code));
	}
	return rd_fail(err, RD_FAULT_MALFORMED, "run.launcher.message",
		       "the launcher answered something else than was asked");
}

static bool hear_hello(struct rd_host *host, struct rd_err *err)
{
	uint8_t bytes[4096];
	struct rd_os_message m = { .bytes = { bytes, sizeof(bytes), 0 } };
	struct rd_cbor_reader r;
	struct rd_view measurement, key;

	if (!hear(host->socket, LAUNCHER_HELLO, &m, err))
		return false;
	rd_cbor_read_init(&r, rd_view_of(bytes, m.bytes.used), RD_CBOR_STRICT);
	rd_cbor_enter_array(&r, 3);
	rd_cbor_read_uint(&r, LAUNCHER_HELLO);
	measurement = rd_cbor_read_bytes(&r, RD_MEASUREMENT_LEN, RD_MEASUREMENT_LEN);
	key = rd_cbor_read_bytes(&r, RD_ED25519_LEN, RD_ED25519_LEN);
	rd_cbor_leave(&r);
	if (!rd_cbor_finish(&r, err))
		return rd_wrap(err, "launcher");
	memcpy(host->info.measurement, measurement.data, measurement.len);
	memcpy(host->info.launcher_key, key.data, key.len);
	return true;
}

static bool start_launcher(const struct rd_host_options *o, struct rd_host *host,
			   struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf numbers;
	const char *argv[7] = { o->launcher_path, "3", o->enclave_path, o->key_path };
	struct rd_process_options options = { .argv = argv, .n_pass_fds = 1 };
	int pair[2];
	bool ok;

	rd_buf_init(&numbers, 256);
	rd_buf_printf(&numbers, "%llu%c%u%c",
		      (unsigned long long)(o->memory_max ? o->memory_max : MEMORY_DEFAULT), 0,
		      o->threads_max ? o->threads_max : THREADS_DEFAULT, 0);
	if (!rd_buf_ok(&numbers, err) || !rd_os_socket_pair(pair, err))
		return false;
	argv[4] = (const char *)numbers.data;
	argv[5] = argv[4] + strlen(argv[4]) + 1;
	options.pass_fd[0] = pair[1];
	ok = rd_os_process_start(&options, &host->launcher, err);
	rd_os_close(&pair[1]);
	host->socket = pair[0];
	return ok;
}

bool rd_host_start(const struct rd_host_options *options, struct rd_host **out, struct rd_err *err)
{
	struct rd_host *host = calloc(1, sizeof(*host));

	if (!host)
		return rd_fail(err, RD_FAULT_FAILED, "base.memory", "no memory for a host");
	host->socket = -1;
	pthread_mutex_init(&host->lock, NULL);
	if (!start_launcher(options, host, err) || !hear_hello(host, err)) {
		rd_host_free(&host);
		return rd_wrap(err, "host");
	}
	*out = host;
	return true;
}

void rd_host_free(struct rd_host **out)
{
	struct rd_host *host = *out;

	if (!host)
		return;
	/* Its end of the line is what the launcher lives by. */
	rd_os_close(&host->socket);
	rd_os_process_end(&host->launcher, GRACE_MS);
	pthread_mutex_destroy(&host->lock);
	free(host);
	*out = NULL;
}

void rd_host_describe(const struct rd_host *host, struct rd_host_info *out)
{
	*out = host->info;
}

/* ---- one enclave
 * ----------------------------------------------------------------------------------- */

bool rd_host_run_attach(int door_fd, int life_fd, struct rd_host_run **out, struct rd_err *err)
{
	struct rd_host_run *run = calloc(1, sizeof(*run));
	uint8_t *pending = malloc((size_t)NET_LEN_MAX * RD_DOOR_CONNECTIONS_MAX);
	void *base = NULL;

	if (!run || !pending || !(run->payload = malloc(OUTPUT_LEN_MAX)) ||
	    !rd_os_shared_map(door_fd, DOOR_LEN, &base, err)) {
		if (!base && run && run->payload)
			free(run->payload);
		free(run);
		free(pending);
		return rd_fail(err, RD_FAULT_FAILED, "run.host.door", "the door does not open");
	}
	run->base = base;
	run->page = base;
	run->life = life_fd;
	rd_door_rings(run->base, false, &run->down, &run->up);
	for (uint32_t i = 0; i < RD_DOOR_CONNECTIONS_MAX; i++) {
		run->connection[i].fd = -1;
		run->connection[i].pending = pending + (size_t)i * NET_LEN_MAX;
	}
	rd_os_close(&door_fd);
	*out = run;
	return true;
}

void rd_host_run_free(struct rd_host_run **out)
{
	struct rd_host_run *run = *out;

	if (!run)
		return;
	rd_os_watch_free(&run->watch);
	for (uint32_t i = 0; i < RD_DOOR_CONNECTIONS_MAX; i++)
		rd_os_close(&run->connection[i].fd);
	free(run->connection[0].pending);
	rd_os_close(&run->life);
	rd_os_shared_unmap(run->base, DOOR_LEN);
	free(run->payload);
	free(run);
	*out = NULL;
}

static bool read_started(struct rd_view bytes, struct rd_host_run *run, struct rd_err *err)
{
	struct rd_cbor_reader r;
	struct rd_view config;

	rd_cbor_read_init(&r, bytes, RD_CBOR_STRICT);
	rd_cbor_enter_array(&r, 3);
	rd_cbor_read_uint(&r, LAUNCHER_START);
	run->missing = (uint32_t)rd_cbor_read_uint(&r, RD_SANDBOX_ALL);
	config = rd_cbor_read_bytes(&r, RD_SHA256_LEN, RD_SHA256_LEN);
	rd_cbor_leave(&r);
	if (!rd_cbor_finish(&r, err))
		return rd_wrap(err, "launcher");
	memcpy(run->launch_config, config.data, config.len);
	return true;
}

/* Asks for an enclave: the answer has its door and its life line. */
static bool ask_start(struct rd_host *host, struct rd_os_message *answer, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf ask = { .max = 64 };
	bool ok;

	rd_cbor_put_array(&ask, 1);
	rd_cbor_put_uint(&ask, LAUNCHER_START);
	pthread_mutex_lock(&host->lock);
	ok = rd_buf_ok(&ask, err) &&
	     rd_os_message_send(host->socket, rd_buf_view(&ask), rd_os_deadline(START_MS), err) &&
	     hear(host->socket, LAUNCHER_START, answer, err);
	pthread_mutex_unlock(&host->lock);
	return ok || rd_wrap(err, "starting an enclave");
}

bool rd_host_run_new(struct rd_host *host, struct rd_host_run **out, struct rd_err *err)
{
	uint8_t bytes[4096];
	struct rd_os_message m = { .bytes = { bytes, sizeof(bytes), 0 }, .max_fds = 2 };

	if (!ask_start(host, &m, err))
		return false;
	if (!rd_host_run_attach(m.fds[0], m.fds[1], out, err)) {
		rd_os_close(&m.fds[0]);
		rd_os_close(&m.fds[1]);
		return false;
	}
	if (!read_started(rd_view_of(bytes, m.bytes.used), *out, err)) {
		rd_host_run_free(out);
		return false;
	}
	return true;
}

uint32_t rd_host_run_missing(const struct rd_host_run *run)
{
	return run->missing;
}

struct rd_view rd_host_run_launch_config(const struct rd_host_run *run)
{
	return rd_view_of(run->launch_config, sizeof(run->launch_config));
}

const struct rd_err *rd_host_run_peer_failure(const struct rd_host_run *run)
{
	return run->peer_failure.code ? &run->peer_failure : NULL;
}
