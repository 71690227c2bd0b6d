/*
 * The enclave's end of the door.  One mutex guards everything; whoever waits for something pumps
 * the ring for all.  Payload is copied into private memory before anybody looks at it; ranges of
 * blobs are copied from their slot straight to where the caller wants them, once.
 */
#include "door_int.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_NS INT64_C(1000000000)
#define AHEAD 8u /* slots that one large read keeps in flight */

enum slot_state { SLOT_FREE = 0, SLOT_PENDING, SLOT_READY, SLOT_FAILED };

struct slot {
	enum slot_state state;
	uint32_t blob, len, readers, hits;
	uint64_t offset, stamp;
};

struct connection {
	bool used, ended;
	struct rd_buf in;
	size_t taken, total;
};

struct rd_door {
	pthread_mutex_t lock;
	uint8_t *base;
	struct door_page *page;
	struct door_ring up, down;
	bool broken, has_job;
	uint8_t *payload; /* private copy of the message at hand */
	struct door_head job;
	uint8_t *job_bytes;
	uint32_t n_blobs, n_peers;
	uint64_t stamp;
	struct slot slot[SLOTS];
	struct connection connection[RD_DOOR_CONNECTIONS_MAX];
	uint64_t blob_size[RD_DOOR_BLOBS_MAX];
};

static bool broken(struct rd_err *err)
{
	return rd_fail(err, RD_FAULT_REFUSED, "run.door.host",
		       "the host broke the rules of the door");
}

bool rd_door_open(int fd, struct rd_door **out, struct rd_err *err)
{
	struct rd_door *door = calloc(1, sizeof(*door));
	void *base = NULL;

	if (!door)
		return rd_fail(err, RD_FAULT_FAILED, "base.memory", "no memory for a door");
	if (!rd_os_shared_map(fd, DOOR_LEN, &base, err)) {
		free(door);
		return false;
	}
	door->base = base;
	door->page = base;
	pthread_mutex_init(&door->lock, NULL);
	rd_door_rings(door->base, true, &door->up, &door->down);
	door->payload = malloc(NET_LEN_MAX);
	if (!door->payload || rd_door_load(&door->page->magic) != DOOR_MAGIC ||
	    rd_door_load(&door->page->version) != DOOR_VERSION) {
		rd_door_free(&door);
		return rd_fail(err, RD_FAULT_REFUSED, "run.door.form",
			       "no door of version %u behind the descriptor", DOOR_VERSION);
	}
	for (uint32_t i = 0; i < RD_DOOR_CONNECTIONS_MAX; i++)
		rd_buf_init(&door->connection[i].in, RD_DOOR_CONNECTION_IN_MAX);
	*out = door;
	return true;
}

void rd_door_free(struct rd_door **out)
{
	struct rd_door *door = *out;

	if (!door)
		return;
	for (uint32_t i = 0; i < RD_DOOR_CONNECTIONS_MAX; i++)
		rd_buf_free(&door->connection[i].in);
	rd_os_shared_unmap(door->base, DOOR_LEN);
	pthread_mutex_destroy(&door->lock);
	free(door->payload);
	free(door->job_bytes);
	free(door);
	*out = NULL;
}

/* ---- what comes in -----------------------------------------------------------------------------
 */

static bool on_job(struct rd_door *d, const struct door_head *h)
{
	if (d->has_job || h->a > RD_DOOR_BLOBS_MAX || h->b > RD_DOOR_PEERS_MAX ||
	    h->len < 8 * h->a || h->len - 8 * h->a > RD_DOOR_JOB_MAX)
		return false;
	d->job_bytes = malloc(h->len ? h->len : 1);
	if (!d->job_bytes)
		return false;
	rd_door_ring_take(&d->down, h, d->job_bytes);
	for (uint32_t i = 0; i < h->a; i++) {
		d->blob_size[i] = rd_load_le64(d->job_bytes + 8 * i);
		if (d->blob_size[i] > INT64_MAX)
			return false;
	}
	d->job = *h;
	d->has_job = true;
	return true;
}

static bool on_blob_data(struct rd_door *d, const struct door_head *h)
{
	struct slot *s;

	rd_door_ring_take(&d->down, h, NULL);
	if (h->b >= SLOTS || h->a > 1)
		return false;
	s = &d->slot[h->b];
	if (s->state != SLOT_PENDING)
		return false;
	s->state = h->a ? SLOT_FAILED : SLOT_READY;
	return true;
}

static bool on_net_data(struct rd_door *d, const struct door_head *h)
{
	struct connection *c;

	rd_door_ring_take(&d->down, h, d->payload);
	if (h->a >= RD_DOOR_CONNECTIONS_MAX)
		return false;
	c = &d->connection[h->a];
	if (!c->used || c->ended || h->len > RD_DOOR_CONNECTION_IN_MAX - c->total)
		return false;
	c->total += h->len;
	c->ended = h->len == 0;
	rd_buf_add(&c->in, rd_view_of(d->payload, h->len));
	return !c->in.failed;
}

/* Takes in all that is there. */
static bool pump(struct rd_door *d)
{
	while (!d->broken) {
		struct door_head h;
		enum door_result there = rd_door_ring_peek(&d->down, true, &h);

		if (there == DOOR_WAIT)
			return true;
		if (there == DOOR_BROKEN)
			d->broken = true;
		else if (h.type == DOOR_JOB)
			d->broken = !on_job(d, &h);
		else if (h.type == DOOR_BLOB_DATA)
			d->broken = !on_blob_data(d, &h);
		else
			d->broken = !on_net_data(d, &h);
	}
	return false;
}

/* Sleeps until the host rings, with the lock given up; the caller looks again. */
static void await(struct rd_door *d, uint32_t bell, int64_t deadline_ns)
{
	int64_t slice = rd_os_now_ns(RD_CLOCK_MONO) + WAIT_NS;

	pthread_mutex_unlock(&d->lock);
	rd_os_futex_wait(&d->page->enclave_bell, bell, slice < deadline_ns ? slice : deadline_ns);
	pthread_mutex_lock(&d->lock);
}

/* What one wait turns on: the bell as it was before the ring was looked at. */
static bool look(struct rd_door *d, uint32_t *bell, struct rd_err *err)
{
	*bell = rd_door_load(&d->page->enclave_bell);
	return pump(d) || broken(err);
}

static bool put(struct rd_door *d, const struct door_head *h, struct rd_view payload,
		struct rd_err *err)
{
	for (;;) {
		uint32_t bell;
		enum door_result result;

		if (!look(d, &bell, err))
			return false;
		result = rd_door_ring_put(&d->up, h, payload, 0);
		if (result == DOOR_OK) {
			rd_door_ring_bell(&d->page->host_bell);
			return true;
		}
		if (result == DOOR_BROKEN) {
			d->broken = true;
			return broken(err);
		}
		await(d, bell, RD_NO_DEADLINE);
	}
}

static bool put_locked(struct rd_door *d, const struct door_head *h, struct rd_view payload,
		       struct rd_err *err)
{
	bool ok;

	pthread_mutex_lock(&d->lock);
	ok = put(d, h, payload, err);
	pthread_mutex_unlock(&d->lock);
	return ok;
}

static bool late(struct rd_err *err)
{
	return rd_fail(err, RD_FAULT_FAILED, "os.deadline",
		       "nothing came through the door within the time allowed");
}

/* ---- the job
 * --------------------------------------------------------------------------------------- */

static bool wait_job(struct rd_door *d, int64_t deadline_ns, struct rd_err *err)
{
	for (;;) {
		uint32_t bell;

		if (!look(d, &bell, err))
			return false;
		if (d->has_job)
			return true;
		if (rd_os_now_ns(RD_CLOCK_MONO) >= deadline_ns)
			return late(err);
		await(d, bell, deadline_ns);
	}
}

bool rd_door_job(struct rd_door *door, int64_t deadline_ns, struct rd_arena *arena,
		 struct rd_door_job *out, struct rd_err *err)
{
	size_t head;
	bool ok;

	pthread_mutex_lock(&door->lock);
	ok = wait_job(door, deadline_ns, err);
	pthread_mutex_unlock(&door->lock);
	if (!ok)
		return false;
	head = 8 * (size_t)door->job.a;
	*out = (struct rd_door_job){ .door = door, .n_blobs = door->job.a, .n_peers = door->job.b };
	memcpy(out->blob_size, door->blob_size, sizeof(out->blob_size));
	return rd_arena_copy(arena, rd_view_of(door->job_bytes + head, door->job.len - head),
			     &out->bytes, err);
}

/* ---- blobs
 * ------------------------------------------------------------------------------------------ */

struct blob {
	struct rd_door *door;
	uint32_t index;
	uint64_t size;
};

static struct slot *slot_with(struct rd_door *d, uint32_t blob, uint64_t at)
{
	for (uint32_t i = 0; i < SLOTS; i++) {
		struct slot *s = &d->slot[i];

		if (s->state != SLOT_FREE && s->blob == blob && at >= s->offset &&
		    at - s->offset < s->len)
			return s;
	}
	return NULL;
}

/* A free slot; with `force` also the oldest that nobody is copying from. */
static struct slot *slot_new(struct rd_door *d, bool force)
{
	struct slot *oldest = NULL;

	for (uint32_t i = 0; i < SLOTS; i++) {
		struct slot *s = &d->slot[i];

		if (s->state == SLOT_FREE)
			return s;
		if (s->state != SLOT_PENDING && !s->readers &&
		    (!oldest || s->stamp < oldest->stamp))
			oldest = s;
	}
	return force ? oldest : NULL;
}

/* Asks for the slot's worth at `at`.  False when there is no slot or no room now. */
static bool request(struct rd_door *d, const struct blob *b, uint64_t at, bool force)
{
	struct slot *s = slot_new(d, force);
	uint64_t left = b->size - at;
	struct door_head h = { .type = DOOR_BLOB_READ, .a = b->index, .c = at };

	if (!s)
		return false;
	h.b = (uint32_t)(s - d->slot);
	h.d = left < SLOT_LEN ? left : SLOT_LEN;
	if (rd_door_ring_put(&d->up, &h, rd_view_of(NULL, 0), 0) != DOOR_OK)
		return false;
	*s = (struct slot){ .state = SLOT_PENDING,
			    .blob = b->index,
			    .offset = at,
			    .len = (uint32_t)h.d,
			    .stamp = ++d->stamp };
	rd_door_ring_bell(&d->page->host_bell);
	return true;
}

/* Starts what is not yet under way of [at, end), as far as free slots go. */
static void start_ahead(struct rd_door *d, const struct blob *b, uint64_t at, uint64_t end)
{
	for (uint32_t i = 0; i < AHEAD && at < end; i++) {
		const struct slot *s = slot_with(d, b->index, at);

		if (!s && !request(d, b, at, false))
			return;
		s = slot_with(d, b->index, at);
		if (!s)
			return;
		at = s->offset + s->len;
	}
}

/* The slot that has byte `at`, ready to be copied from and held; NULL with *err on failure. */
static struct slot *hold(struct rd_door *d, const struct blob *b, uint64_t at, struct rd_err *err)
{
	for (;;) {
		struct slot *s;
		uint32_t bell;

		if (!look(d, &bell, err))
			return NULL;
		s = slot_with(d, b->index, at);
		if (s && s->state == SLOT_FAILED) {
			s->state = SLOT_FREE;
			rd_fail(err, RD_FAULT_FAILED, "run.door.blob",
				"the host could not read blob %u at %llu", b->index,
				(unsigned long long)at);
			return NULL;
		}
		if (s && s->state == SLOT_READY) {
			s->readers++;
			s->hits++;
			s->stamp = ++d->stamp;
			return s;
		}
		if (!s && request(d, b, at, true))
			continue;
		await(d, bell, RD_NO_DEADLINE);
	}
}

/* Copies what one slot has; frees the slot when it was used up. */
static bool read_piece(const struct blob *b, uint64_t at, struct rd_span *out, struct rd_err *err)
{
	struct rd_door *d = b->door;
	struct slot *s = hold(d, b, at, err);
	uint64_t from, len;

	if (!s)
		return false;
	from = at - s->offset;
	len = s->len - from;
	if (len > out->cap - out->used)
		len = out->cap - out->used;
	/* Read on for one who reads on. */
	if (s->hits == 2 && s->offset + s->len < b->size)
		start_ahead(d, b, s->offset + s->len, s->offset + s->len + 1);
	pthread_mutex_unlock(&d->lock);
	memcpy(out->data + out->used, d->base + SLOTS_AT + (size_t)(s - d->slot) * SLOT_LEN + from,
	       len);
	out->used += len;
	pthread_mutex_lock(&d->lock);
	s->readers--;
	if (from + len == s->len && !s->readers)
		s->state = SLOT_FREE;
	return true;
}

static bool blob_read(void *ctx, uint64_t offset, struct rd_span *out, struct rd_err *err)
{
	const struct blob *b = ctx;
	uint64_t want = out->cap - out->used, end;
	bool ok = true;

	if (offset > b->size || want > b->size - offset)
		return rd_fail(err, RD_FAULT_MALFORMED, "run.door.range",
			       "%llu bytes wanted at %llu of a blob of %llu",
			       (unsigned long long)want, (unsigned long long)offset,
			       (unsigned long long)b->size);
	end = offset + want;
	pthread_mutex_lock(&b->door->lock);
	while (ok && offset < end) {
		size_t before = out->used;

		start_ahead(b->door, b, offset, end);
		ok = read_piece(b, offset, out, err);
		offset += out->used - before;
	}
	pthread_mutex_unlock(&b->door->lock);
	return ok;
}

static void blob_prefetch(void *ctx, uint64_t offset, uint64_t len)
{
	const struct blob *b = ctx;
	uint64_t end;

	if (offset >= b->size)
		return;
	end = len < b->size - offset ? offset + len : b->size;
	pthread_mutex_lock(&b->door->lock);
	if (pump(b->door))
		start_ahead(b->door, b, offset, end);
	pthread_mutex_unlock(&b->door->lock);
}

bool rd_door_blob(const struct rd_door_job *job, uint32_t index, struct rd_arena *arena,
		  struct rd_blob *out, struct rd_err *err)
{
	struct blob *b;

	if (index >= job->n_blobs)
		return rd_fail(err, RD_FAULT_MALFORMED, "run.door.range",
			       "blob %u of a job with %u", index, job->n_blobs);
	b = RD_NEW(arena, struct blob, err);
	if (!b)
		return false;
	*b = (struct blob){ .door = job->door, .index = index, .size = job->blob_size[index] };
	*out = (struct rd_blob){
		.ctx = b, .size = b->size, .read = blob_read, .prefetch = blob_prefetch
	};
	return true;
}

/* ---- connections
 * -------------------------------------------------------------------------------------- */

bool rd_door_connect(struct rd_door *door, uint32_t peer, uint32_t *connection, struct rd_err *err)
{
	struct door_head h = { .type = DOOR_NET_OPEN, .b = peer };
	bool ok = false;

	pthread_mutex_lock(&door->lock);
	while (h.a < RD_DOOR_CONNECTIONS_MAX && door->connection[h.a].used)
		h.a++;
	if (h.a == RD_DOOR_CONNECTIONS_MAX || !door->has_job || peer >= door->job.b) {
		rd_fail(err, RD_FAULT_FAILED, "run.door.connect",
			"no connection to peer %u: none is left, or there is no such peer", peer);
	} else {
		door->connection[h.a].used = true;
		ok = put(door, &h, rd_view_of(NULL, 0), err);
		*connection = h.a;
	}
	pthread_mutex_unlock(&door->lock);
	return ok;
}

bool rd_door_send(struct rd_door *door, uint32_t connection, struct rd_view bytes,
		  struct rd_err *err)
{
	struct door_head h = { .type = DOOR_NET_SEND, .a = connection };

	while (bytes.len) {
		size_t part = bytes.len < NET_LEN_MAX ? bytes.len : NET_LEN_MAX;

		if (!put_locked(door, &h, rd_view_of(bytes.data, part), err))
			return false;
		bytes = rd_view_of(bytes.data + part, bytes.len - part);
	}
	return true;
}

static bool wait_data(struct rd_door *d, struct connection *c, int64_t deadline_ns,
		      struct rd_err *err)
{
	for (;;) {
		uint32_t bell;

		if (!look(d, &bell, err))
			return false;
		if (c->in.len > c->taken || c->ended)
			return true;
		if (rd_os_now_ns(RD_CLOCK_MONO) >= deadline_ns)
			return late(err);
		await(d, bell, deadline_ns);
	}
}

bool rd_door_recv(struct rd_door *door, uint32_t connection, struct rd_span *out,
		  int64_t deadline_ns, struct rd_err *err)
{
	struct connection *c;
	bool ok;

	rd_assert(connection < RD_DOOR_CONNECTIONS_MAX);
	c = &door->connection[connection];
	pthread_mutex_lock(&door->lock);
	ok = wait_data(door, c, deadline_ns, err);
	if (ok) {
		size_t n = c->in.len - c->taken, room = out->cap - out->used;

		n = n < room ? n : room;
		if (n)
			memcpy(out->data + out->used, c->in.data + c->taken, n);
		out->used += n;
		c->taken += n;
	}
	pthread_mutex_unlock(&door->lock);
	return ok;
}

void rd_door_hang_up(struct rd_door *door, uint32_t connection)
{
	struct door_head h = { .type = DOOR_NET_CLOSE, .a = connection };
	struct rd_err ignored = { 0 };

	if (!put_locked(door, &h, rd_view_of(NULL, 0), &ignored))
		return;
}

/* ---- what goes out
 * --------------------------------------------------------------------------------------- */

void rd_door_progress(struct rd_door *door, enum rd_phase phase, uint32_t percent)
{
	struct door_head h = { .type = DOOR_PROGRESS, .a = (uint32_t)phase, .b = percent };

	pthread_mutex_lock(&door->lock);
	if (rd_door_ring_put(&door->up, &h, rd_view_of(NULL, 0), RING_UP / 2) == DOOR_OK)
		rd_door_ring_bell(&door->page->host_bell);
	pthread_mutex_unlock(&door->lock);
}

bool rd_door_output(struct rd_door *door, uint32_t output, struct rd_view bytes, struct rd_err *err)
{
	struct door_head h = { .type = DOOR_OUTPUT, .a = output };

	if (output >= RD_DOOR_OUTPUTS_MAX)
		return rd_fail(err, RD_FAULT_USAGE, "run.door.range", "output %u, at most %u",
			       output, RD_DOOR_OUTPUTS_MAX);
	while (bytes.len) {
		size_t part = bytes.len < OUTPUT_LEN_MAX ? bytes.len : OUTPUT_LEN_MAX;

		if (!put_locked(door, &h, rd_view_of(bytes.data, part), err))
			return false;
		bytes = rd_view_of(bytes.data + part, bytes.len - part);
	}
	return true;
}

bool rd_door_done(struct rd_door *door, uint32_t code, struct rd_err *err)
{
	struct door_head h = { .type = DOOR_DONE, .a = code };

	return put_locked(door, &h, rd_view_of(NULL, 0), err);
}
