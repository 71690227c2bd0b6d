/* The steps of a room's run inside the enclave, and what they hand on. */
#ifndef RD_RUN_ENCLAVE_ROOM_H
#define RD_RUN_ENCLAVE_ROOM_H

#include <redoubt/channel.h>
#include <redoubt/engine.h>
#include <redoubt/run.h>

/* One table of the query: index as in needs. */
struct run_table {
	struct rd_blob blob;
	struct rd_table_keys keys;
	struct rd_table *table;
	struct rd_table_id id;
};

struct room_run {
	struct rd_enclave *enclave;
	struct rd_arena *arena; /* wiped at the end: holds keys and answers */
	struct rd_door_job job;
	struct rd_run_job asked;
	struct rd_room room;
	uint8_t room_hash[RD_SHA256_LEN];
	uint8_t parameters_hash[RD_SHA256_LEN];
	uint32_t query;
	struct rd_room_query_needs needs;
	struct rd_run_owners owners;
	struct rd_session_result *session; /* one an owner of `owners` */
	struct run_table *table;           /* one a table of `needs` */
	struct rd_view measurement;
};

/* enclave_keys.c: all sessions; every key that is needed is there and has its commitment.  Gives
 * the end of the run, RD_END_DONE when all is well. */
uint32_t run_collect_keys(struct room_run *run, int64_t deadline_ns);
/* enclave_tables.c: opens the tables in room mode and holds them against the room. */
uint32_t run_open_tables(struct room_run *run);
void run_close_tables(struct room_run *run);
/* enclave_answer.c: what the engine gave, sealed to every reader, with receipts. */
uint32_t run_seal_answers(struct room_run *run, const struct rd_rows *answer);

#endif
