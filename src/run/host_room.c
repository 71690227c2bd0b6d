/* One run of a room, seen from the host: which tables, which brokers, what comes out. */
#include "host_int.h"

#include <stdlib.h>
#include <string.h>

#define ROOM_MEMORY_MAX ((size_t)64 << 20)
#define MEMORY_DEFAULT (UINT64_C(4) << 30)
#define RUN_MS 3600000
#define ADDRESS_MAX 280u

/* ---- tables ------------------------------------------------------------------------------------
 */

struct sheet {
	struct rd_os_file file;
	struct rd_blob blob;
	uint8_t tail_digest[RD_SHA256_LEN];
};

struct rd_shelf {
	uint32_t n;
	struct sheet sheet[RD_DOOR_BLOBS_MAX];
};

void rd_shelf_free(struct rd_shelf **shelf)
{
	if (!*shelf)
		return;
	for (uint32_t i = 0; i < (*shelf)->n; i++)
		rd_os_file_close(&(*shelf)->sheet[i].file);
	free(*shelf);
	*shelf = NULL;
}

static bool add_sheet(struct rd_shelf *shelf, const char *path, struct rd_err *err)
{
	struct sheet *sheet = &shelf->sheet[shelf->n];

	if (!rd_os_file_open(path, &sheet->file, err))
		return false;
	shelf->n++;
	sheet->blob = (struct rd_blob){ .ctx = &sheet->file,
					.size = sheet->file.size,
					.read = rd_os_file_pread,
					.prefetch = rd_os_file_prefetch };
	return rd_table_tail_digest(&sheet->blob, sheet->tail_digest, err) ||
	       rd_wrap(err, "%s", path);
}

bool rd_shelf_new(const char *const *paths, uint32_t n, struct rd_shelf **out, struct rd_err *err)
{
	RD_AUTO(rd_shelf_free) struct rd_shelf *shelf = calloc(1, sizeof(*shelf));

	if (!shelf)
		return rd_fail_errno(err, "base.memory", "tables");
	if (n > RD_DOOR_BLOBS_MAX)
		return rd_fail(err, RD_FAULT_USAGE, "run.shelf.tables",
			       "%u tables, a host takes at most %u", n, RD_DOOR_BLOBS_MAX);
	for (uint32_t i = 0; i < n; i++)
		if (!add_sheet(shelf, paths[i], err))
			return false;
	*out = shelf;
	shelf = NULL;
	return true;
}

static const struct rd_blob *find_sheet(const struct rd_shelf *shelf, struct rd_view digest)
{
	for (uint32_t i = 0; i < shelf->n; i++)
		if (rd_view_eq(rd_view_of(shelf->sheet[i].tail_digest, RD_SHA256_LEN), digest))
			return &shelf->sheet[i].blob;
	return NULL;
}

/* ---- one run -----------------------------------------------------------------------------------
 */

/* What the job needs besides its bytes. */
struct parts {
	struct rd_room room;
	struct rd_room_query_needs needs;
	struct rd_run_owners owners;
	struct rd_blob blob[RD_DOOR_BLOBS_MAX];
	const char *peer[RD_DOOR_PEERS_MAX];
};

static bool find_tables(const struct rd_shelf *shelf, struct parts *p, struct rd_err *err)
{
	for (uint32_t i = 0; i < p->needs.n; i++) {
		const struct rd_room_table *table = &p->room.table[p->needs.need[i].table];
		const struct rd_blob *blob = find_sheet(shelf, table->tail_digest);

		if (!blob)
			return rd_fail(err, RD_FAULT_FAILED, "run.shelf.none",
				       "this host has no file of table %.*s (%.*s version %llu)",
				       RD_FMT(table->name), RD_FMT(table->dataset),
				       (unsigned long long)table->version);
		p->blob[i] = *blob;
	}
	return true;
}

static bool find_broker(const struct rd_room_run *run, const struct rd_room_owner *owner,
			struct rd_arena *arena, const char **out, struct rd_err *err)
{
	struct rd_view address = owner->broker, copy;

	for (uint32_t i = 0; i < run->n_brokers; i++) {
		struct rd_view given = rd_view_str(run->broker[i]);

		if (given.len > owner->name.len && given.data[owner->name.len] == '=' &&
		    rd_view_starts(given, owner->name))
			address = rd_view_of(given.data + owner->name.len + 1,
					     given.len - owner->name.len - 1);
	}
	if (address.len == 0 || address.len > ADDRESS_MAX)
		return rd_fail(err, RD_FAULT_USAGE, "run.broker.address",
			       "no address of the broker of %.*s", RD_FMT(owner->name));
	if (!rd_arena_copy(arena, address, &copy, err))
		return false;
	*out = (const char *)copy.data;
	return true;
}

static bool gather(const struct rd_room_run *run, const struct rd_shelf *shelf,
		   struct rd_arena *arena, struct parts *p, struct rd_err *err)
{
	uint32_t query;

	if (!rd_room_decode(run->room, arena, &p->room, err))
		return false;
	query = rd_room_find_query(&p->room, run->query);
	if (query == RD_NONE)
		return rd_fail(err, RD_FAULT_USAGE, "run.job.query", "the room has no query '%.*s'",
			       RD_FMT(run->query));
	if (!rd_room_query_needs(&p->room, query, arena, &p->needs, err))
		return false;
	rd_run_owners_of(&p->room, &p->needs, &p->owners);
	if (!find_tables(shelf, p, err))
		return false;
	for (uint32_t i = 0; i < p->owners.n; i++)
		if (!find_broker(run, &p->room.owner[p->owners.owner[i]], arena, &p->peer[i], err))
			return false;
	return true;
}

/* How it ended, as an error that names the broker that was not there. */
static bool ended(const struct rd_host_run *run, uint32_t end, struct rd_err *err)
{
	static const struct {
		uint32_t end;
		enum rd_fault fault;
		const char *code;
	} ends[] = {
		{ RD_END_FAILED, RD_FAULT_FAILED, "run.end.failed" },
		{ RD_END_JOB, RD_FAULT_MALFORMED, "run.end.job" },
		{ RD_END_BROKER, RD_FAULT_FAILED, "run.end.broker" },
		{ RD_END_REFUSED, RD_FAULT_REFUSED, "run.end.refused" },
		{ RD_END_TABLE, RD_FAULT_REFUSED, "run.end.table" },
		{ RD_END_DATA, RD_FAULT_FAILED, "run.end.data" },
		{ RD_END_MEMORY, RD_FAULT_FAILED, "run.end.memory" },
	};
	const struct rd_err *peer = rd_host_run_peer_failure(run);

	if (end == RD_END_DONE)
		return true;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (ends[i].end == end)
			return rd_fail(err, ends[i].fault, ends[i].code, "%s%s%s",
				       rd_run_end_text(end), peer ? ": " : "",
				       peer ? peer->text : "");
	return rd_fail(err, RD_FAULT_FAILED, "run.end.lost", "%s", rd_run_end_text(RD_END_LOST));
}

static bool serve_job(struct rd_host *host, const struct rd_room_run *run, const struct parts *p,
		      struct rd_view bytes, struct rd_err *err)
{
	RD_AUTO(rd_host_run_free) struct rd_host_run *enclave = NULL;
	struct rd_host_job job = { .bytes = bytes,
				   .n_blobs = p->needs.n,
				   .blob = p->blob,
				   .n_peers = p->owners.n,
				   .peer = p->peer,
				   .progress = run->progress,
				   .output = run->output,
				   .ctx = run->ctx };
	uint32_t end = RD_END_LOST;

	return rd_host_run_new(host, &enclave, err) &&
	       rd_host_run_serve(enclave, &job, rd_os_deadline(RUN_MS), &end, err) &&
	       ended(enclave, end, err);
}

bool rd_host_room_run(struct rd_host *host, const struct rd_shelf *shelf,
		      const struct rd_room_run *run, struct rd_err *err)
{
	RD_AUTO(rd_arena_free) struct rd_arena *arena = NULL;
	RD_AUTO(rd_buf_free) struct rd_buf bytes = { .max = RD_DOOR_JOB_MAX };
	struct rd_run_job job = { .room = run->room,
				  .query = run->query,
				  .max_memory =
					  run->max_memory ? run->max_memory : MEMORY_DEFAULT };
	struct parts *p;

	if (!rd_arena_new(ROOM_MEMORY_MAX, &arena, err))
		return false;
	p = RD_NEW(arena, struct parts, err);
	return p && gather(run, shelf, arena, p, err) && rd_run_job_encode(&job, &bytes, err) &&
	       serve_job(host, run, p, rd_buf_view(&bytes), err);
}
