/* The daemon: attested sessions over TCP. */
#include "broker_int.h"

#define MESSAGE_TIMEOUT_MS 30000
#define SESSION_MEMORY_MAX ((size_t)96 << 20)
#define TEES_MAX 32u

struct serving {
	struct rd_broker *broker;
	const struct rd_broker_serve *serve;
};

static bool send_bytes(void *ctx, struct rd_view bytes, struct rd_err *err)
{
	const int *fd = ctx;

	return rd_os_send(*fd, bytes, rd_os_deadline(MESSAGE_TIMEOUT_MS), err);
}

static bool recv_bytes(void *ctx, struct rd_span *out, struct rd_err *err)
{
	const int *fd = ctx;

	return rd_os_recv(*fd, out, rd_os_deadline(MESSAGE_TIMEOUT_MS), err);
}

static int64_t session_now(void *ctx)
{
	return broker_now(ctx);
}

static bool session(struct rd_broker *broker, int fd, struct rd_err *err)
{
	RD_AUTO(rd_arena_free_wiped) struct rd_arena *arena = NULL;
	const struct rd_stream stream = { .ctx = &fd, .send = send_bytes, .recv = recv_bytes };
	const char *accepted[TEES_MAX];
	struct rd_session_server server = { .stream = &stream,
					    .tls_seed = &broker->secrets->tls_seed,
					    .release_seed = &broker->secrets->release_seed,
					    .accepted = accepted,
					    .now_unix_s = session_now,
					    .decide = rd_broker_decide,
					    .ctx = broker };

	for (size_t i = 0; rd_tees[i] && i < TEES_MAX; i++)
		accepted[server.n_accepted++] = rd_tees[i]->content_type;
	return rd_arena_new(SESSION_MEMORY_MAX, &arena, err) &&
	       rd_session_serve(&server, arena, err);
}

static void serve_one(void *ctx, int fd)
{
	const struct serving *serving = ctx;
	struct rd_err err = { 0 };
	bool ok = session(serving->broker, fd, &err);

	if (serving->serve->done)
		serving->serve->done(serving->serve->ctx, ok ? NULL : &err);
}

bool rd_broker_serve(struct rd_broker *broker, const struct rd_broker_serve *serve,
		     struct rd_err *err)
{
	struct serving serving = { .broker = broker, .serve = serve };
	struct rd_os_server server = { .listener = serve->listener,
				       .stop_fd = serve->stop_fd,
				       .max_connections = RD_BROKER_SESSIONS_MAX,
				       .serve = serve_one,
				       .ctx = &serving };

	return rd_channel_init(err) && rd_os_serve(&server, err);
}
