/*
 * The host's end of the door: serves one enclave from job to end.  All that the enclave writes is
 * hostile here: a broken rule ends the run.  One thread waits on one futex word, which the enclave
 * rings, and which a watch rings for sockets and for the enclave's death.
 */
#include "host_int.h"

#include <stdlib.h>

#define CONNECT_MS 5000
#define SEND_MS 20000
#define POLL_NS INT64_C(200000000)

enum step { STEP_FAIL = 0, STEP_GO, STEP_DONE };

static bool hostile(const char *what, struct rd_err *err)
{
	return rd_fail(err, RD_FAULT_REFUSED, "run.door.enclave",
		       "the enclave broke the rules of the door: %s", what);
}

static enum door_result put(struct rd_host_run *run, const struct door_head *h,
			    struct rd_view payload, uint32_t reserve)
{
	enum door_result result = rd_door_ring_put(&run->down, h, payload, reserve);

	if (result == DOOR_OK)
		rd_door_ring_bell(&run->page->enclave_bell);
	return result;
}

/* ---- from the enclave ---------------------------------------------------------------------------
 */

static enum step on_read(struct rd_host_run *run, const struct rd_host_job *job,
			 const struct door_head *h, struct rd_err *err)
{
	struct door_head answer = { .type = DOOR_BLOB_DATA, .b = h->b };
	const struct rd_blob *blob;
	struct rd_span out;
	struct rd_err why = { 0 };

	if (h->a >= job->n_blobs || h->b >= SLOTS || h->d > SLOT_LEN)
		return hostile("a read of no blob, slot or length", err), STEP_FAIL;
	blob = &job->blob[h->a];
	if (h->c > blob->size || h->d > blob->size - h->c)
		return hostile("a read past the end of a blob", err), STEP_FAIL;
	/* Straight into shared memory: what the enclave does to it meanwhile is its own loss. */
	out = (struct rd_span){ run->base + SLOTS_AT + (size_t)h->b * SLOT_LEN, h->d, 0 };
	answer.a = !blob->read(blob->ctx, h->c, &out, &why);
	if (put(run, &answer, rd_view_of(NULL, 0), 0) != DOOR_OK)
		return hostile("more reads than slots", err), STEP_FAIL;
	return STEP_GO;
}

static enum step on_open(struct rd_host_run *run, const struct rd_host_job *job,
			 const struct door_head *h, struct rd_err *err)
{
	struct host_connection *c;
	struct rd_err why = { 0 };

	if (h->a >= RD_DOOR_CONNECTIONS_MAX || h->b >= job->n_peers ||
	    run->connection[h->a].state != CONNECTION_NONE)
		return hostile("a connection to nobody, or twice", err), STEP_FAIL;
	c = &run->connection[h->a];
	c->state = CONNECTION_ENDED;
	if (rd_os_tcp_connect(job->peer[h->b], rd_os_deadline(CONNECT_MS), &c->fd, &why) &&
	    rd_os_watch_add(run->watch, c->fd, &why)) {
		c->state = CONNECTION_OPEN;
		return STEP_GO;
	}
	/* Not the enclave's fault: it sees an end, and the caller can ask which peer it was. */
	if (!run->peer_failure.code) {
		run->peer_failure = why;
		rd_wrap(&run->peer_failure, "broker %s", job->peer[h->b]);
	}
	return STEP_GO;
}

static enum step on_send(struct rd_host_run *run, const struct door_head *h, struct rd_err *err)
{
	struct host_connection *c;
	struct rd_err why = { 0 };

	if (h->a >= RD_DOOR_CONNECTIONS_MAX || run->connection[h->a].state == CONNECTION_NONE)
		return hostile("bytes for no connection", err), STEP_FAIL;
	c = &run->connection[h->a];
	if (c->state == CONNECTION_OPEN &&
	    !rd_os_send(c->fd, rd_view_of(run->payload, h->len), rd_os_deadline(SEND_MS), &why))
		c->state = CONNECTION_ENDED;
	return STEP_GO;
}

static enum step on_output(struct rd_host_run *run, const struct rd_host_job *job,
			   const struct door_head *h, struct rd_err *err)
{
	if (h->a >= RD_DOOR_OUTPUTS_MAX || h->len > RD_DOOR_OUTPUT_MAX - run->output_len[h->a])
		return hostile("an output past the limits", err), STEP_FAIL;
	run->output_len[h->a] += h->len;
	return job->output(job->ctx, h->a, rd_view_of(run->payload, h->len), err) ? STEP_GO
										  : STEP_FAIL;
}

static enum step on_progress(struct rd_host_run *run, const struct rd_host_job *job,
			     const struct door_head *h, struct rd_err *err)
{
	if (h->a > RD_PHASE_DONE || h->b > 100)
		return hostile("no such phase", err), STEP_FAIL;
	run->phase = (enum rd_phase)h->a;
	if (job->progress)
		job->progress(job->ctx, run->phase, h->b);
	return STEP_GO;
}

static enum step dispatch(struct rd_host_run *run, const struct rd_host_job *job,
			  const struct door_head *h, struct rd_err *err)
{
	switch (h->type) {
	case DOOR_BLOB_READ:
		return on_read(run, job, h, err);
	case DOOR_NET_OPEN:
		return on_open(run, job, h, err);
	case DOOR_NET_SEND:
		return on_send(run, h, err);
	case DOOR_NET_CLOSE:
		if (h->a < RD_DOOR_CONNECTIONS_MAX &&
		    run->connection[h->a].state == CONNECTION_OPEN) {
			rd_os_close(&run->connection[h->a].fd);
			run->connection[h->a].state = CONNECTION_TOLD;
		}
		return STEP_GO;
	case DOOR_PROGRESS:
		return on_progress(run, job, h, err);
	case DOOR_OUTPUT:
		return on_output(run, job, h, err);
	default:
		if (h->a > RD_END_MEMORY)
			return hostile("no such end", err), STEP_FAIL;
		run->end = h->a;
		return STEP_DONE;
	}
}

static enum step pump(struct rd_host_run *run, const struct rd_host_job *job, struct rd_err *err)
{
	enum step step = STEP_GO;
	bool took = false;

	while (step == STEP_GO) {
		struct door_head h;
		enum door_result there = rd_door_ring_peek(&run->up, false, &h);

		if (there == DOOR_WAIT)
			break;
		if (there == DOOR_BROKEN)
			return hostile("a message that is none", err), STEP_FAIL;
		rd_door_ring_take(&run->up, &h, run->payload);
		took = true;
		step = dispatch(run, job, &h, err);
	}
	/* There is room again, for an enclave that waits for it. */
	if (took)
		rd_door_ring_bell(&run->page->enclave_bell);
	return step;
}

/* ---- from the brokers
 * --------------------------------------------------------------------------------- */

/* Moves what a socket has into the ring.  False: no room now, or the enclave broke the ring. */
static bool relay_one(struct rd_host_run *run, uint32_t index)
{
	struct host_connection *c = &run->connection[index];
	struct door_head h = { .type = DOOR_NET_DATA, .a = index };

	while (c->state == CONNECTION_OPEN || c->state == CONNECTION_ENDED) {
		struct rd_span in = { c->pending, NET_LEN_MAX, c->pending_len };
		struct rd_err why = { 0 };
		bool nothing = false;

		if (!c->pending_len && c->state == CONNECTION_OPEN) {
			if (!rd_os_recv_now(c->fd, &in, &nothing, &why) ||
			    (!nothing && in.used == 0))
				c->state = CONNECTION_ENDED;
			c->pending_len = (uint32_t)in.used;
		}
		if (nothing)
			return true;
		if (put(run, &h, rd_view_of(c->pending, c->pending_len), DOWN_RESERVE) != DOOR_OK)
			return false;
		/* An empty message is the end. */
		if (!c->pending_len)
			c->state = CONNECTION_TOLD;
		c->pending_len = 0;
	}
	return true;
}

static void relay(struct rd_host_run *run)
{
	for (uint32_t i = 0; i < RD_DOOR_CONNECTIONS_MAX; i++)
		if (!relay_one(run, i))
			return;
}

/* ---- the run
 * --------------------------------------------------------------------------------------------- */

static bool post_job(struct rd_host_run *run, const struct rd_host_job *job, struct rd_err *err)
{
	struct door_head h = { .type = DOOR_JOB, .a = job->n_blobs, .b = job->n_peers };
	RD_AUTO(rd_buf_free) struct rd_buf payload;
	uint8_t size[8];

	rd_buf_init(&payload, RD_DOOR_JOB_MAX + sizeof(size) * RD_DOOR_BLOBS_MAX);
	if (job->n_blobs > RD_DOOR_BLOBS_MAX || job->n_peers > RD_DOOR_PEERS_MAX ||
	    job->bytes.len > RD_DOOR_JOB_MAX)
		return rd_fail(err, RD_FAULT_USAGE, "run.job.large",
			       "a job has at most %u tables, %u brokers and %u bytes",
			       RD_DOOR_BLOBS_MAX, RD_DOOR_PEERS_MAX, RD_DOOR_JOB_MAX);
	for (uint32_t i = 0; i < job->n_blobs; i++) {
		rd_store_le64(size, job->blob[i].size);
		rd_buf_add(&payload, rd_view_of(size, sizeof(size)));
	}
	rd_buf_add(&payload, job->bytes);
	if (!rd_buf_ok(&payload, err))
		return false;
	if (put(run, &h, rd_buf_view(&payload), DOWN_RESERVE) != DOOR_OK)
		return hostile("a ring that is not empty", err);
	return true;
}

static bool loop(struct rd_host_run *run, const struct rd_host_job *job, int64_t deadline_ns,
		 struct rd_err *err)
{
	for (;;) {
		uint32_t bell = rd_door_load(&run->page->host_bell);
		int64_t now = rd_os_now_ns(RD_CLOCK_MONO), slice = now + POLL_NS;
		bool dead = rd_os_hung_up(run->life);
		enum step step = pump(run, job, err);

		if (step == STEP_FAIL)
			return false;
		if (step == STEP_DONE)
			return true;
		/* Asked before the last look, so that its last words are heard. */
		if (dead) {
			run->end = RD_END_LOST;
			return true;
		}
		if (now >= deadline_ns)
			return rd_fail(err, RD_FAULT_FAILED, "os.deadline",
				       "the run took longer than allowed");
		relay(run);
		rd_os_futex_wait(&run->page->host_bell, bell,
				 slice < deadline_ns ? slice : deadline_ns);
	}
}

bool rd_host_run_serve(struct rd_host_run *run, const struct rd_host_job *job, int64_t deadline_ns,
		       uint32_t *end, struct rd_err *err)
{
	if (run->served)
		return rd_fail(err, RD_FAULT_USAGE, "run.host.served",
			       "an enclave serves one run, and this one has");
	run->served = true;
	if (!rd_os_watch_new(&run->page->host_bell, &run->watch, err) ||
	    !rd_os_watch_add(run->watch, run->life, err) || !post_job(run, job, err) ||
	    !loop(run, job, deadline_ns, err))
		return false;
	*end = run->end;
	return true;
}

static bool no_output(void *ctx, uint32_t output, struct rd_view bytes, struct rd_err *err)
{
	(void)ctx, (void)output, (void)bytes;
	return hostile("output before a job", err);
}

bool rd_host_run_ready(struct rd_host_run *run, int64_t deadline_ns, struct rd_err *err)
{
	struct rd_host_job none = { .output = no_output };

	while (run->phase < RD_PHASE_READY) {
		uint32_t bell = rd_door_load(&run->page->host_bell);
		int64_t now = rd_os_now_ns(RD_CLOCK_MONO), slice = now + POLL_NS;
		bool dead = rd_os_hung_up(run->life);
		enum step step = pump(run, &none, err);

		if (step == STEP_FAIL)
			return false;
		if (run->phase >= RD_PHASE_READY)
			return true;
		if (dead || step == STEP_DONE)
			return rd_fail(err, RD_FAULT_FAILED, "run.host.lost",
				       "the enclave ended before it was ready");
		if (now >= deadline_ns)
			return rd_fail(err, RD_FAULT_FAILED, "os.deadline",
				       "the enclave was not ready within the time allowed");
		rd_os_futex_wait(&run->page->host_bell, bell,
				 slice < deadline_ns ? slice : deadline_ns);
	}
	return true;
}
