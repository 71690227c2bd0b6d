/* SQL to guarded plans, by whoever writes a room and again by whoever signs it. */
#include "room_int.h"

#define PLAN_MAX RD_ROOM_MAX

static bool compile(const struct rd_room *room, const struct rd_room_query *q,
		    struct rd_arena *arena, struct rd_buf *out, struct rd_err *err)
{
	struct rd_sql_table *table = RD_NEW_ARRAY(arena, struct rd_sql_table, room->n_tables, err);
	const struct rd_table_rules *rules;
	struct rd_rules_report report;
	struct rd_plan plan, guarded;

	if (!table)
		return false;
	for (uint32_t i = 0; i < room->n_tables; i++)
		table[i] = (struct rd_sql_table){ .name = room->table[i].name,
						  .schema = &room->table[i].schema };
	return rd_sql_compile(q->sql, table, room->n_tables, arena, &plan, err) &&
	       rd_room_rules(room, &plan, arena, &rules, err) &&
	       rd_rules_apply(&plan, rules, arena, &guarded, &report, err) &&
	       rd_plan_encode(&guarded, out, err);
}

bool room_compile_query(const struct rd_room *room, struct rd_room_query *q, struct rd_arena *arena,
			struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf bytes = { .max = PLAN_MAX };

	return compile(room, q, arena, &bytes, err) &&
	       rd_arena_copy(arena, rd_buf_view(&bytes), &q->plan, err);
}

bool rd_room_recompile(const struct rd_room *room, struct rd_arena *arena, struct rd_err *err)
{
	for (uint32_t i = 0; i < room->n_queries; i++) {
		RD_AUTO(rd_buf_free) struct rd_buf bytes = { .max = PLAN_MAX };
		const struct rd_room_query *q = &room->query[i];

		if (!compile(room, q, arena, &bytes, err))
			return rd_wrap(err, "query %.*s", RD_FMT(q->name));
		if (!rd_view_eq(rd_buf_view(&bytes), q->plan))
			return rd_fail(
				err, RD_FAULT_REFUSED, "room.plan.differs",
				"query %.*s: its SQL does not compile to the plan in the room "
				"(this is compiler version %u; the room says %u)",
				RD_FMT(q->name), RD_PLAN_VERSION, room->plan_version);
	}
	return true;
}
