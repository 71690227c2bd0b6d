/* What the files of this module share. */
#ifndef RD_ROOM_INT_H
#define RD_ROOM_INT_H

#include <redoubt/codec.h>
#include <redoubt/room.h>

/* Integer types of our signed objects (PROTOCOL.md): never renumber. */
enum room_object {
	OBJECT_ROOM = 10,
	OBJECT_APPROVAL = 11,
	OBJECT_REVOCATION = 12,
	OBJECT_RECEIPT_INNER = 13,
	OBJECT_RECEIPT_OUTER = 14,
};

/* [a-z0-9][a-z0-9._-]*, at most RD_ROOM_NAME_MAX bytes: safe in paths, logs and on terminals. */
bool room_name_ok(struct rd_view name);
/* check.c: that the parts fit one another; everything but the plans. */
bool room_check_parts(const struct rd_room *room, struct rd_err *err);
/* The plan of a query decodes, is over the room's tables as they are, and satisfies the rules. */
bool room_check_plan(const struct rd_room *room, uint32_t query, struct rd_arena *arena,
		     struct rd_plan *out, struct rd_err *err);

/* recompile.c, edge: SQL to the guarded plan's bytes, in q->plan. */
bool room_compile_query(const struct rd_room *room, struct rd_room_query *q, struct rd_arena *arena,
			struct rd_err *err);

#endif
