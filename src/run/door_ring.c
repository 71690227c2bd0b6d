/* One ring of the door: a byte stream of messages between two sides that distrust each other. */
#include "door_int.h"

#include <string.h>

#define JOB_LEN_MAX (RD_DOOR_JOB_MAX + 8u * RD_DOOR_BLOBS_MAX)

/* What each type may carry, and who may send it. */
static const struct {
	bool up;
	uint32_t len_max;
} types[] = {
	[DOOR_JOB] = { false, JOB_LEN_MAX },      [DOOR_BLOB_READ] = { true, 0 },
	[DOOR_BLOB_DATA] = { false, 0 },          [DOOR_NET_OPEN] = { true, 0 },
	[DOOR_NET_SEND] = { true, NET_LEN_MAX },  [DOOR_NET_DATA] = { false, NET_LEN_MAX },
	[DOOR_NET_CLOSE] = { true, 0 },           [DOOR_PROGRESS] = { true, 0 },
	[DOOR_OUTPUT] = { true, OUTPUT_LEN_MAX }, [DOOR_DONE] = { true, 0 },
};

void rd_door_rings(uint8_t *base, bool enclave, struct door_ring *out, struct door_ring *in)
{
	struct door_page *page = (struct door_page *)(void *)base;
	struct door_ring up = { .data = base + DOOR_PAGE, .cap = RING_UP };
	struct door_ring down = { .data = base + DOOR_PAGE + RING_UP, .cap = RING_DOWN };

	up.mine = enclave ? &page->up_head : &page->up_tail;
	up.theirs = enclave ? &page->up_tail : &page->up_head;
	down.mine = enclave ? &page->down_tail : &page->down_head;
	down.theirs = enclave ? &page->down_head : &page->down_tail;
	*out = enclave ? up : down;
	*in = enclave ? down : up;
}

void rd_door_ring_bell(uint32_t *bell)
{
	__atomic_add_fetch(bell, 1, __ATOMIC_RELEASE);
	rd_os_futex_wake(bell);
}

static uint32_t padded(uint32_t len)
{
	return HEAD_LEN + ((len + 7u) & ~7u);
}

static void copy_in(struct door_ring *r, uint32_t at, const void *from, uint32_t len)
{
	uint32_t start = at & (r->cap - 1), first = r->cap - start;

	first = first < len ? first : len;
	memcpy(r->data + start, from, first);
	if (len > first)
		memcpy(r->data, (const uint8_t *)from + first, len - first);
}

static void copy_out(const struct door_ring *r, uint32_t at, void *to, uint32_t len)
{
	uint32_t start = at & (r->cap - 1), first = r->cap - start;

	first = first < len ? first : len;
	memcpy(to, r->data + start, first);
	if (len > first)
		memcpy((uint8_t *)to + first, r->data, len - first);
}

enum door_result rd_door_ring_put(struct door_ring *ring, const struct door_head *head,
				  struct rd_view payload, uint32_t reserve)
{
	uint32_t used = ring->pos - rd_door_load(ring->theirs);
	uint32_t need = padded((uint32_t)payload.len);
	struct door_head whole = *head;

	rd_assert(payload.len <= types[head->type].len_max);
	if (used > ring->cap)
		return DOOR_BROKEN;
	if (need + reserve > ring->cap - used)
		return DOOR_WAIT;
	whole.len = (uint32_t)payload.len;
	copy_in(ring, ring->pos, &whole, HEAD_LEN);
	if (payload.len)
		copy_in(ring, ring->pos + HEAD_LEN, payload.data, (uint32_t)payload.len);
	ring->pos += need;
	__atomic_store_n(ring->mine, ring->pos, __ATOMIC_RELEASE);
	return DOOR_OK;
}

enum door_result rd_door_ring_peek(const struct door_ring *ring, bool enclave,
				   struct door_head *head)
{
	uint32_t there = rd_door_load(ring->theirs) - ring->pos;

	if (!there)
		return DOOR_WAIT;
	if (there > ring->cap || there < HEAD_LEN)
		return DOOR_BROKEN;
	copy_out(ring, ring->pos, head, HEAD_LEN);
	if (head->type < DOOR_JOB || head->type > DOOR_DONE || types[head->type].up == enclave ||
	    head->len > types[head->type].len_max || padded(head->len) > there)
		return DOOR_BROKEN;
	return DOOR_OK;
}

void rd_door_ring_take(struct door_ring *ring, const struct door_head *head, uint8_t *payload)
{
	if (payload && head->len)
		copy_out(ring, ring->pos + HEAD_LEN, payload, head->len);
	ring->pos += padded(head->len);
	__atomic_store_n(ring->mine, ring->pos, __ATOMIC_RELEASE);
}
