/*
 * Aimed at the door from both sides: rd_door_ring_peek, rd_door_job, rd_door_recv (a hostile host),
 * rd_host_run_serve (a hostile enclave).  Input: side, claimed length, then bytes of the ring.
 */
#include <redoubt/run.h>

#include "run/host_int.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static bool read_nothing(void *ctx, uint64_t offset, struct rd_span *out, struct rd_err *err)
{
	(void)ctx, (void)offset, (void)err;
	memset(out->data + out->used, 0, out->cap - out->used);
	out->used = out->cap;
	return true;
}

static bool take_output(void *ctx, uint32_t output, struct rd_view bytes, struct rd_err *err)
{
	(void)ctx, (void)output, (void)err;
	for (size_t i = 0; i < bytes.len; i++)
		if (bytes.data[i] == 0xff && bytes.data == NULL)
			abort();
	return true;
}

static void hostile_host(int fd)
{
	struct rd_door *door = NULL;
	struct rd_arena *arena = NULL;
	struct rd_door_job job;
	struct rd_err err = { 0 };
	uint8_t bytes[256];
	struct rd_span in = { bytes, sizeof(bytes), 0 };
	uint32_t connection;

	if (!rd_arena_new(8u << 20, &arena, &err) || !rd_door_open(fd, &door, &err))
		abort();
	if (rd_door_job(door, 0, arena, &job, &err)) {
		/* What an enclave may rely on after a job was taken. */
		if (job.n_blobs > RD_DOOR_BLOBS_MAX || job.n_peers > RD_DOOR_PEERS_MAX ||
		    job.bytes.len > RD_DOOR_JOB_MAX)
			abort();
		if (job.n_peers && rd_door_connect(door, 0, &connection, &err) &&
		    !rd_door_recv(door, connection, &in, 0, &err))
			in.used = 0;
	}
	rd_door_free(&door);
	rd_arena_free(&arena);
}

static void hostile_enclave(int fd)
{
	struct rd_blob blob = { .size = 100000, .read = read_nothing };
	struct rd_host_job job = {
		.bytes = rd_view_str("j"), .n_blobs = 1, .blob = &blob, .output = take_output
	};
	struct rd_host_run *run = NULL;
	struct rd_err err = { 0 };
	uint32_t end = 0;
	int life[2];

	if (!rd_os_socket_pair(life, &err) || !rd_host_run_attach(dup(fd), life[0], &run, &err))
		abort();
	if (rd_host_run_serve(run, &job, 0, &end, &err) && end > RD_END_MEMORY &&
	    end != RD_END_LOST)
		abort();
	rd_host_run_free(&run);
	rd_os_close(&life[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct rd_err err = { 0 };
	struct door_page *page;
	uint8_t *base;
	void *mapped;
	bool host;
	int fd;

	if (len < 5)
		return 0;
	if (!rd_os_shared_new(DOOR_LEN, &fd, &err) ||
	    !rd_os_shared_map(fd, DOOR_LEN, &mapped, &err))
		abort();
	base = mapped;
	page = mapped;
	page->magic = DOOR_MAGIC;
	page->version = DOOR_VERSION;
	host = data[0] & 1;
	*(host ? &page->down_head : &page->up_head) = rd_load_le32(data + 1);
	if (data[0] & 2)
		*(host ? &page->up_tail : &page->down_tail) = rd_load_le32(data + 1) * 3;
	len -= 5;
	memcpy(base + DOOR_PAGE + (host ? RING_UP : 0), data + 5, len < RING_UP ? len : RING_UP);
	rd_os_shared_unmap(mapped, DOOR_LEN);
	if (host)
		hostile_host(fd);
	else
		hostile_enclave(fd);
	rd_os_close(&fd);
	return 0;
}
