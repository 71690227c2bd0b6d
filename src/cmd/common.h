/* What several commands do: rooms and keys from files; runs that were seen before. */
#ifndef RD_CMD_COMMON_H
#define RD_CMD_COMMON_H

#include <redoubt/room.h>

/* Private keys, mode 0600. */
RD_MUST_USE bool cmd_read_seed(const char *path, struct rd_secret *out, struct rd_err *err);
RD_MUST_USE bool cmd_read_x25519(const char *path, struct rd_secret *out, struct rd_err *err);

/* A room from its manifest (.yaml, compiled here) or compiled. */
struct cmd_room_file {
	struct rd_room room;
	struct rd_view bytes;
	uint8_t hash[RD_SHA256_LEN];
	bool compiled_here;
};
RD_MUST_USE bool cmd_read_room(const char *path, struct rd_arena *arena, struct cmd_room_file *out,
			       struct rd_err *err);

/*
 * runs_seen.c: the last run number of each broker, kept in the user's state folder per room (by its
 * hash: brokers count anew for each sequence) and query.  An older or a repeated one is named on
 * standard error; then the higher one is kept.
 */
RD_MUST_USE bool cmd_runs_seen(const struct cmd_room_file *room, struct rd_view query,
			       const struct rd_receipt_checked *receipt, struct rd_err *err);

#endif
