/* What host and enclave must agree on about a room's run. */
#include <redoubt/codec.h>
#include <redoubt/run.h>

#define LABEL "redoubt-job-v1"

bool rd_run_job_encode(const struct rd_run_job *job, struct rd_buf *out, struct rd_err *err)
{
	rd_cbor_put_array(out, 4);
	rd_cbor_put_str(out, LABEL);
	rd_cbor_put_bytes(out, job->room);
	rd_cbor_put_text(out, job->query);
	rd_cbor_put_uint(out, job->max_memory);
	return rd_buf_ok(out, err);
}

bool rd_run_job_decode(struct rd_view bytes, struct rd_run_job *out, struct rd_err *err)
{
	struct rd_cbor_reader r;

	rd_cbor_read_init(&r, bytes, RD_CBOR_STRICT);
	rd_cbor_enter_array(&r, 4);
	rd_cbor_expect_text(&r, LABEL);
	out->room = rd_cbor_read_bytes(&r, 1, RD_ROOM_MAX);
	out->query = rd_cbor_read_text(&r, 1, RD_ROOM_NAME_MAX);
	out->max_memory = rd_cbor_read_uint(&r, UINT64_C(1) << 46);
	rd_cbor_leave(&r);
	return rd_cbor_finish(&r, err) || rd_wrap(err, "job");
}

void rd_run_owners_of(const struct rd_room *room, const struct rd_room_query_needs *needs,
		      struct rd_run_owners *out)
{
	out->n = 0;
	for (uint32_t o = 0; o < room->n_owners; o++)
		for (uint32_t i = 0; i < needs->n; i++)
			if (room->table[needs->need[i].table].owner == o) {
				out->owner[out->n++] = o;
				break;
			}
}
