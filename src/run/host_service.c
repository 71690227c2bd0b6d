/* Runs over TCP: the host's service and those who ask it. */
#include "host_int.h"

#include <redoubt/codec.h>

#include <pthread.h>
#include <string.h>

#define ASK_LABEL "redoubt-run-v1"
#define ASK_MAX (RD_ROOM_MAX + 4096u)
#define CHUNK_MAX (1u << 20) /* bytes of an output in one frame */
#define FRAME_MAX (CHUNK_MAX + 64u)
#define ASK_MS 30000
#define WAIT_MS 3600000

enum frame { FRAME_PROGRESS = 1, FRAME_OUTPUT = 2, FRAME_END = 3 };

static bool send_frame(int fd, const struct rd_buf *frame, struct rd_err *err)
{
	uint8_t head[4];

	if (!rd_buf_ok(frame, err))
		return false;
	rd_store_be32(head, (uint32_t)frame->len);
	return rd_os_send(fd, rd_view_of(head, sizeof(head)), rd_os_deadline(ASK_MS), err) &&
	       rd_os_send(fd, rd_buf_view(frame), rd_os_deadline(ASK_MS), err);
}

static bool recv_frame(int fd, uint32_t max, int64_t deadline_ns, struct rd_buf *out,
		       struct rd_err *err)
{
	uint8_t head[4];
	struct rd_span span = { .data = head, .cap = sizeof(head) };
	uint32_t len;

	if (!rd_os_recv_all(fd, &span, deadline_ns, err))
		return false;
	len = rd_load_be32(head);
	if (len > max)
		return rd_fail(err, RD_FAULT_MALFORMED, "run.service.frame",
			       "a frame of %u bytes, expected at most %u", len, max);
	rd_buf_clear(out);
	span = (struct rd_span){ .data = rd_buf_extend(out, len), .cap = len };
	return rd_buf_ok(out, err) && rd_os_recv_all(fd, &span, deadline_ns, err);
}

/* ---- the host ----------------------------------------------------------------------------------
 */

/* One who asked; several threads may have one each. */
struct asker {
	const struct rd_host_service *service;
	int fd;
};

static void tell_progress(void *ctx, enum rd_phase phase, uint32_t percent)
{
	const struct asker *asker = ctx;
	RD_AUTO(rd_buf_free) struct rd_buf frame = { .max = 64 };
	struct rd_err ignored = { 0 };

	rd_cbor_put_array(&frame, 3);
	rd_cbor_put_uint(&frame, FRAME_PROGRESS);
	rd_cbor_put_uint(&frame, phase);
	rd_cbor_put_uint(&frame, percent);
	/* Whoever does not listen any more is noticed at the next output. */
	if (!send_frame(asker->fd, &frame, &ignored))
		return;
}

static bool tell_output(void *ctx, uint32_t output, struct rd_view bytes, struct rd_err *err)
{
	const struct asker *asker = ctx;
	RD_AUTO(rd_buf_free) struct rd_buf frame = { .max = FRAME_MAX };

	for (size_t at = 0; at < bytes.len; at += CHUNK_MAX) {
		size_t left = bytes.len - at;

		rd_buf_clear(&frame);
		rd_cbor_put_array(&frame, 3);
		rd_cbor_put_uint(&frame, FRAME_OUTPUT);
		rd_cbor_put_uint(&frame, output);
		rd_cbor_put_bytes(&frame,
				  rd_view_of(bytes.data + at, left < CHUNK_MAX ? left : CHUNK_MAX));
		if (!send_frame(asker->fd, &frame, err))
			return false;
	}
	return true;
}

static bool tell_end(int fd, const struct rd_err *why, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf frame = { .max = FRAME_MAX };
	size_t len = why ? strlen(why->text) : 0;

	/* Names from afar may be in the text: what is not UTF-8 is not sent. */
	if (why && !rd_utf8_valid(rd_view_of(why->text, len)))
		len = 0;
	rd_cbor_put_array(&frame, 4);
	rd_cbor_put_uint(&frame, FRAME_END);
	rd_cbor_put_uint(&frame, why ? (uint64_t)why->fault : 0);
	rd_cbor_put_str(&frame, why ? why->code : "");
	rd_cbor_put_text(&frame, rd_view_of(why ? why->text : "", len));
	return send_frame(fd, &frame, err);
}

static bool read_ask(int fd, struct rd_buf *bytes, struct rd_room_run *run, struct rd_err *err)
{
	struct rd_cbor_reader r;

	if (!recv_frame(fd, ASK_MAX, rd_os_deadline(ASK_MS), bytes, err))
		return false;
	rd_cbor_read_init(&r, rd_buf_view(bytes), RD_CBOR_STRICT);
	rd_cbor_enter_array(&r, 3);
	rd_cbor_expect_text(&r, ASK_LABEL);
	run->room = rd_cbor_read_bytes(&r, 1, RD_ROOM_MAX);
	run->query = rd_cbor_read_text(&r, 1, RD_ROOM_NAME_MAX);
	rd_cbor_leave(&r);
	return rd_cbor_finish(&r, err);
}

static bool answer(struct asker *asker, struct rd_err *err)
{
	const struct rd_host_service *s = asker->service;
	RD_AUTO(rd_buf_free) struct rd_buf bytes = { .max = ASK_MAX };
	struct rd_room_run run = { .max_memory = s->max_memory,
				   .n_brokers = s->n_brokers,
				   .broker = s->broker,
				   .progress = tell_progress,
				   .output = tell_output,
				   .ctx = asker };

	return read_ask(asker->fd, &bytes, &run, err) &&
	       rd_host_room_run(s->host, s->shelf, &run, err);
}

static void serve_one(void *ctx, int fd)
{
	struct asker asker = { .service = ctx, .fd = fd };
	struct rd_err err = { 0 }, lost = { 0 };
	bool ok = answer(&asker, &err);

	if (!tell_end(fd, ok ? NULL : &err, &lost) && ok) {
		ok = false;
		err = lost;
	}
	if (asker.service->done)
		asker.service->done(asker.service->ctx, ok ? NULL : &err);
}

bool rd_host_serve(const struct rd_host_service *service, struct rd_err *err)
{
	struct rd_os_server server = { .listener = service->listener,
				       .stop_fd = service->stop_fd,
				       .max_connections = RD_HOST_RUNS_MAX,
				       .serve = serve_one,
				       .ctx = (void *)(uintptr_t)service };

	return rd_os_serve(&server, err);
}

/* ---- who asks ----------------------------------------------------------------------------------
 */

static bool send_ask(int fd, const struct rd_room_run *run, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf frame = { .max = ASK_MAX };

	rd_cbor_put_array(&frame, 3);
	rd_cbor_put_str(&frame, ASK_LABEL);
	rd_cbor_put_bytes(&frame, run->room);
	rd_cbor_put_text(&frame, run->query);
	return send_frame(fd, &frame, err);
}

/* The service's own words; the code is told apart by its place in our tables, never by address. */
static bool read_end(struct rd_cbor_reader *r, struct rd_err *err)
{
	enum rd_fault fault = (enum rd_fault)rd_cbor_read_uint(r, RD_FAULT_MALFORMED);
	struct rd_view code = rd_cbor_read_text(r, 0, 128);
	struct rd_view text = rd_cbor_read_text(r, 0, RD_ERR_TEXT_MAX);

	rd_cbor_leave(r);
	if (!rd_cbor_finish(r, err))
		return false;
	if (fault == RD_FAULT_NONE)
		return true;
	for (const struct rd_code_text *t = rd_run_codes; t->code; t++)
		if (rd_view_eq(rd_view_str(t->code), code))
			return rd_fail(err, fault, t->code, "%.*s", RD_FMT(text));
	return rd_fail(err, fault, "run.service.failed", "%.*s (%.*s)", RD_FMT(text), RD_FMT(code));
}

static bool take_frame(const struct rd_room_run *run, struct rd_view bytes, bool *end,
		       struct rd_err *err)
{
	struct rd_cbor_reader r;
	uint64_t kind, number;

	rd_cbor_read_init(&r, bytes, RD_CBOR_STRICT);
	rd_cbor_enter_array_upto(&r, 3, 4);
	kind = rd_cbor_read_uint(&r, FRAME_END);
	*end = kind == FRAME_END;
	if (*end)
		return read_end(&r, err);
	number = rd_cbor_read_uint(&r, RD_DOOR_OUTPUTS_MAX - 1);
	if (kind == FRAME_PROGRESS) {
		uint64_t percent = rd_cbor_read_uint(&r, 100);

		if (number <= RD_PHASE_DONE && run->progress && !r.failed)
			run->progress(run->ctx, (enum rd_phase)number, (uint32_t)percent);
		rd_cbor_leave(&r);
		return rd_cbor_finish(&r, err);
	}
	struct rd_view chunk = rd_cbor_read_bytes(&r, 1, CHUNK_MAX);

	rd_cbor_leave(&r);
	if (!rd_cbor_finish(&r, err))
		return false;
	if (kind != FRAME_OUTPUT)
		return rd_fail(err, RD_FAULT_MALFORMED, "run.service.frame", "a frame of kind %llu",
			       (unsigned long long)kind);
	return run->output(run->ctx, (uint32_t)number, chunk, err);
}

bool rd_host_ask(const char *address, const struct rd_room_run *run, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf frame = { .max = FRAME_MAX };
	RD_AUTO(rd_os_close) int fd = -1;
	bool end = false;

	if (!rd_os_tcp_connect(address, rd_os_deadline(ASK_MS), &fd, err) ||
	    !send_ask(fd, run, err))
		return false;
	while (!end)
		if (!recv_frame(fd, FRAME_MAX, rd_os_deadline(WAIT_MS), &frame, err) ||
		    !take_frame(run, rd_buf_view(&frame), &end, err))
			return rd_wrap(err, "host %s", address);
	return true;
}
