/* The tables of a run, opened as a room demands and held against it. */
#include "enclave_room.h"

#include <string.h>

#define TABLE_MEMORY_MAX ((size_t)256 << 20)

/* The very bytes that were opened must be those that the room pins. */
static bool same_tail(const struct rd_room_table *pinned, const struct rd_table *table,
		      struct rd_err *err)
{
	uint8_t digest[RD_SHA256_LEN];

	rd_table_digest(table, digest);
	return rd_view_eq(rd_view_of(digest, sizeof(digest)), pinned->tail_digest) ||
	       rd_fail(err, RD_FAULT_REFUSED, "run.table.digest",
		       "table %.*s is not the one that the room pins", RD_FMT(pinned->name));
}

static bool same_type(struct rd_coltype a, struct rd_coltype b)
{
	return a.type == b.type && a.precision == b.precision && a.scale == b.scale &&
	       a.nullable == b.nullable;
}

static bool same_schema(const struct rd_room_table *pinned, const struct rd_table *table,
			struct rd_err *err)
{
	const struct rd_schema *schema = rd_table_schema(table);
	bool same = schema->n == pinned->schema.n;

	for (uint32_t i = 0; same && i < schema->n; i++)
		same = rd_view_eq(schema->column[i].name, pinned->schema.column[i].name) &&
		       same_type(schema->column[i].type, pinned->schema.column[i].type);
	return same ||
	       rd_fail(err, RD_FAULT_REFUSED, "run.table.schema",
		       "table %.*s has other columns than the room says", RD_FMT(pinned->name));
}

static bool open_table(struct room_run *run, uint32_t i, struct rd_err *err)
{
	const struct rd_room_table *pinned = &run->room.table[run->needs.need[i].table];
	struct run_table *t = &run->table[i];

	return rd_door_blob(&run->job, i, run->arena, &t->blob, err) &&
	       rd_table_open(&t->blob, &t->keys, RD_TABLE_ROOM, TABLE_MEMORY_MAX, &t->table, err) &&
	       same_tail(pinned, t->table, err) && same_schema(pinned, t->table, err);
}

uint32_t run_open_tables(struct room_run *run)
{
	struct rd_err err = { 0 };

	for (uint32_t i = 0; i < run->needs.n; i++)
		if (!open_table(run, i, &err))
			return RD_END_TABLE;
	return RD_END_DONE;
}

void run_close_tables(struct room_run *run)
{
	for (uint32_t i = 0; run->table && i < run->needs.n; i++)
		rd_table_close(&run->table[i].table);
}
