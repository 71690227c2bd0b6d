/* Finding things in a room; what a query needs. */
#include "room_int.h"

uint32_t rd_room_find_query(const struct rd_room *room, struct rd_view name)
{
	for (uint32_t i = 0; i < room->n_queries; i++)
		if (rd_view_eq(room->query[i].name, name))
			return i;
	return RD_NONE;
}

uint32_t rd_room_find_table(const struct rd_room *room, struct rd_view name)
{
	for (uint32_t i = 0; i < room->n_tables; i++)
		if (rd_view_eq(room->table[i].name, name))
			return i;
	return RD_NONE;
}

uint32_t rd_room_find_owner(const struct rd_room *room, struct rd_view name)
{
	for (uint32_t i = 0; i < room->n_owners; i++)
		if (rd_view_eq(room->owner[i].name, name))
			return i;
	return RD_NONE;
}

uint32_t rd_room_find_reader(const struct rd_room *room, struct rd_view name)
{
	for (uint32_t i = 0; i < room->n_readers; i++)
		if (rd_view_eq(room->reader[i].name, name))
			return i;
	return RD_NONE;
}

bool rd_room_rules(const struct rd_room *room, const struct rd_plan *plan, struct rd_arena *arena,
		   const struct rd_table_rules **out, struct rd_err *err)
{
	struct rd_table_rules *rules =
		RD_NEW_ARRAY(arena, struct rd_table_rules, plan->n_tables, err);

	if (!rules)
		return false;
	for (uint32_t i = 0; i < plan->n_tables; i++) {
		uint32_t t = rd_room_find_table(room, plan->table[i].name);

		if (t == RD_NONE)
			return rd_fail(err, RD_FAULT_MALFORMED, "room.plan.table",
				       "the room has no table %.*s", RD_FMT(plan->table[i].name));
		rules[i] = (struct rd_table_rules){ .person_column = room->table[t].person,
						    .min_persons = room->table[t].min_persons,
						    .min_cell = room->table[t].min_cell };
	}
	*out = rules;
	return true;
}

bool rd_room_query_needs(const struct rd_room *room, uint32_t query, struct rd_arena *arena,
			 struct rd_room_query_needs *out, struct rd_err *err)
{
	if (!rd_plan_decode(room->query[query].plan, arena, &out->plan, err))
		return false;
	out->n = out->plan.n_tables;
	out->need = RD_NEW_ARRAY(arena, struct rd_room_need, out->n, err);
	if (!out->need)
		return false;
	for (uint32_t i = 0; i < out->n; i++) {
		struct rd_room_need *need = &out->need[i];

		need->table = rd_room_find_table(room, out->plan.table[i].name);
		if (need->table == RD_NONE)
			return rd_fail(err, RD_FAULT_MALFORMED, "room.plan.table",
				       "the room has no table %.*s",
				       RD_FMT(out->plan.table[i].name));
		if (!rd_plan_columns_read(&out->plan, i, arena, &need->column, &need->n_columns,
					  err))
			return false;
	}
	return true;
}
