/*
 * The door's memory, as both sides see it (PROTOCOL.md 7).
 *
 *	offset 0        one page: magic, version, indices of the two rings, two bells
 *	4096            ring enclave -> host
 *	+ RING_UP       ring host -> enclave
 *	+ RING_DOWN     SLOTS slots of SLOT_LEN bytes: where the host puts ranges of blobs
 *
 * A ring carries messages of a 32-byte head and `len` payload bytes, padded to 8.  Indices count
 * bytes and wrap at 2^32.  Each side keeps its own index in private memory and only publishes it;
 * the other's index is loaded once and checked before use.
 */
#ifndef RUN_DOOR_INT_H
#define RUN_DOOR_INT_H

#include <redoubt/run.h>

#define DOOR_MAGIC 0x72446452u
#define DOOR_VERSION 1u
#define DOOR_PAGE 4096u
#define RING_UP (1u << 20)
#define RING_DOWN (4u << 20)
#define SLOTS 32u
#define SLOT_LEN (256u * 1024)
#define SLOTS_AT (DOOR_PAGE + RING_UP + RING_DOWN)
#define DOOR_LEN (SLOTS_AT + (size_t)SLOTS * SLOT_LEN)
#define HEAD_LEN 32u
#define NET_LEN_MAX 65536u
#define OUTPUT_LEN_MAX 262144u
/* Kept free in the downward ring by everything but the answers to reads, which must always fit. */
#define DOWN_RESERVE (SLOTS * HEAD_LEN * 2u)

/* Ten message types, and no more. */
enum door_type {
	DOOR_JOB = 1,       /* down: a blobs, b peers; payload: blob sizes, job bytes */
	DOOR_BLOB_READ = 2, /* up: a blob, b slot, c offset, d length */
	DOOR_BLOB_DATA = 3, /* down: b slot, a 0 or 1 (could not be read) */
	DOOR_NET_OPEN = 4,  /* up: a connection, b peer */
	DOOR_NET_SEND = 5,  /* up: a connection; payload */
	DOOR_NET_DATA = 6,  /* down: a connection; payload, none: the end */
	DOOR_NET_CLOSE = 7, /* up: a connection */
	DOOR_PROGRESS = 8,  /* up: a phase, b per cent */
	DOOR_OUTPUT = 9,    /* up: a output; payload */
	DOOR_DONE = 10,     /* up: a code */
};

struct door_head {
	uint32_t type, len, a, b;
	uint64_t c, d;
};

/* Words on cache lines of their own. */
struct door_page {
	uint32_t magic, version;
	uint8_t pad0[56];
	uint32_t up_head;
	uint8_t pad1[60];
	uint32_t up_tail;
	uint8_t pad2[60];
	uint32_t down_head;
	uint8_t pad3[60];
	uint32_t down_tail;
	uint8_t pad4[60];
	uint32_t host_bell; /* rung for the host */
	uint8_t pad5[60];
	uint32_t enclave_bell;
	uint8_t pad6[60];
};

/* One side's view of one ring. */
struct door_ring {
	uint8_t *data;    /* shared */
	uint32_t *mine;   /* shared word that this side publishes */
	uint32_t *theirs; /* shared word that the other side publishes: hostile */
	uint32_t cap;     /* power of two */
	uint32_t pos;     /* private truth of *mine */
};

enum door_result { DOOR_BROKEN = 0, DOOR_OK = 1, DOOR_WAIT = 2 };

void rd_door_rings(uint8_t *base, bool enclave, struct door_ring *out, struct door_ring *in);
/* DOOR_WAIT: no room, or less than `reserve` bytes would be left. */
enum door_result rd_door_ring_put(struct door_ring *ring, const struct door_head *head,
				  struct rd_view payload, uint32_t reserve);
/* Copies the next head out and checks it against the type's direction and limits; the payload stays
 * until rd_door_ring_take, which copies it (exactly head->len bytes) and moves on. */
enum door_result rd_door_ring_peek(const struct door_ring *ring, bool enclave,
				   struct door_head *head);
void rd_door_ring_take(struct door_ring *ring, const struct door_head *head, uint8_t *payload);

static inline uint32_t rd_door_load(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}
void rd_door_ring_bell(uint32_t *bell);

#endif
