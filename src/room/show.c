/* A room in plain words: what would be revealed to whom. */
#include "room_int.h"

#include <redoubt/os.h>

static const char *class_words(uint8_t c)
{
	static const char *const words[] = {
		[RD_CLASS_HIDDEN] = "never leaves its owner",
		[RD_CLASS_JOIN] = "only links rows of one person or thing",
		[RD_CLASS_AGGREGATE] = "only in sums, averages and counts",
		[RD_CLASS_GROUP] = "may select and group, and be seen per group",
		[RD_CLASS_VISIBLE] = "may be seen as it is",
	};

	return words[c];
}

static void show_table(const struct rd_room *room, const struct rd_room_table *t,
		       struct rd_buf *out)
{
	uint32_t hidden = 0;

	rd_buf_printf(out, "  %.*s, of %.*s (dataset %.*s, version %llu)\n", RD_FMT(t->name),
		      RD_FMT(room->owner[t->owner].name), RD_FMT(t->dataset),
		      (unsigned long long)t->version);
	for (uint32_t i = 0; i < t->schema.n; i++) {
		const struct rd_column *c = &t->schema.column[i];

		if (c->class_ == RD_CLASS_HIDDEN) {
			hidden++;
			continue;
		}
		rd_buf_printf(out, "    %-16.*s %-10s %s%s\n", RD_FMT(c->name),
			      rd_class_name((enum rd_class)c->class_), class_words(c->class_),
			      i == t->person ? "; it is the person" : "");
	}
	if (hidden)
		rd_buf_printf(out, "    %u other column%s hidden: %s\n", hidden,
			      hidden == 1 ? " is" : "s are", "their keys never leave the broker");
	if (t->min_persons)
		rd_buf_printf(out, "    no group of fewer than %llu persons is shown\n",
			      (unsigned long long)t->min_persons);
	if (t->min_cell)
		rd_buf_printf(out, "    no cell that fewer than %llu persons contribute to\n",
			      (unsigned long long)t->min_cell);
	if (t->person != RD_NONE && !t->min_persons)
		rd_buf_printf(out, "    it asks for no smallest group\n");
}

static bool show_output(const struct rd_plan *plan, struct rd_buf *out, struct rd_err *err)
{
	const struct rd_node *node = &plan->node[plan->n_nodes - 1];
	char type[32];

	for (uint32_t i = 0; i < node->n_cols; i++) {
		rd_coltype_name(node->col[i], type);
		rd_buf_printf(out, "%s%.*s (%s)", i ? ", " : "", RD_FMT(node->output.name[i]),
			      type);
	}
	rd_buf_printf(out, "\n");
	return rd_buf_ok(out, err);
}

static void show_guards(const struct rd_plan *plan, struct rd_buf *out)
{
	for (uint32_t i = 0; i < plan->n_nodes; i++) {
		const struct rd_node *n = &plan->node[i];

		if (n->kind != RD_NODE_GUARD)
			continue;
		for (uint32_t k = 0; k < n->guard.n_rules; k++)
			rd_buf_printf(out,
				      "    groups with fewer than %llu persons of %.*s are "
				      "withheld, and only counted\n",
				      (unsigned long long)n->guard.rule[k].min,
				      RD_FMT(plan->table[n->guard.rule[k].table].name));
		for (uint32_t k = 0; k < n->guard.n_cells; k++)
			rd_buf_printf(out,
				      "    a cell is withheld where fewer than %llu persons of "
				      "%.*s contribute\n",
				      (unsigned long long)n->guard.cell[k].min,
				      RD_FMT(plan->table[n->guard.cell[k].table].name));
	}
}

static bool show_query(const struct rd_room *room, uint32_t index, struct rd_buf *out,
		       struct rd_err *err)
{
	RD_AUTO(rd_arena_free) struct rd_arena *arena = NULL;
	const struct rd_room_query *q = &room->query[index];
	const struct rd_table_rules *rules;
	struct rd_rules_report report = { 0 };
	struct rd_plan plan;

	if (!rd_arena_new((size_t)64 << 20, &arena, err) ||
	    !rd_plan_decode(q->plan, arena, &plan, err) ||
	    !rd_room_rules(room, &plan, arena, &rules, err) ||
	    !rd_rules_verify(&plan, rules, arena, &report, err))
		return false;
	rd_buf_printf(out, "  %.*s, at most %llu runs, to ", RD_FMT(q->name),
		      (unsigned long long)q->max_runs);
	for (uint32_t i = 0; i < q->n_readers; i++)
		rd_buf_printf(out, "%s%.*s", i ? ", " : "",
			      RD_FMT(room->reader[q->reader[i]].name));
	rd_buf_printf(out, "\n    reveals: ");
	if (!show_output(&plan, out, err))
		return false;
	show_guards(&plan, out);
	for (uint32_t i = 0; i < report.n; i++)
		rd_buf_printf(out, "    warning: %.*s [%s]\n", RD_FMT(report.warning[i].text),
			      report.warning[i].code);
	return rd_buf_ok(out, err);
}

/* Two answers over the same persons can be subtracted from one another (PROTOCOL.md 6). */
static bool warn_differencing(const struct rd_room *room, struct rd_buf *out, struct rd_err *err)
{
	RD_AUTO(rd_arena_free) struct rd_arena *arena = NULL;
	uint32_t readers[RD_ROOM_TABLES_MAX] = { 0 };

	if (!rd_arena_new((size_t)256 << 20, &arena, err))
		return false;
	for (uint32_t q = 0; q < room->n_queries; q++) {
		struct rd_room_query_needs needs;

		if (!rd_room_query_needs(room, q, arena, &needs, err))
			return false;
		for (uint32_t i = 0; i < needs.n; i++)
			readers[needs.need[i].table]++;
	}
	for (uint32_t t = 0; t < room->n_tables; t++)
		if (readers[t] > 1 && room->table[t].person != RD_NONE)
			rd_buf_printf(
				out,
				"  warning: %u queries are over the persons of %.*s: what one "
				"withholds, their difference may tell [room.differencing]\n",
				readers[t], RD_FMT(room->table[t].name));
	return rd_buf_ok(out, err);
}

static void show_hex(struct rd_view bytes, struct rd_buf *out)
{
	for (size_t i = 0; i < bytes.len; i++)
		rd_buf_printf(out, "%02x", bytes.data[i]);
}

static void show_machines(const struct rd_policy *p, struct rd_buf *out)
{
	rd_buf_printf(out, "runs only in\n");
	for (uint32_t i = 0; i < p->n_references; i++) {
		rd_buf_printf(out, "  enclave %.*s, measurement ", RD_FMT(p->reference[i].name));
		show_hex(rd_view_of(p->reference[i].measurement.data, 8), out);
		rd_buf_printf(out, "...\n");
	}
	if (p->any_platform)
		rd_buf_printf(out, "  on any machine\n");
	for (uint32_t i = 0; i < p->n_platforms; i++)
		rd_buf_printf(out, "  on machine %.*s\n", RD_FMT(p->platform[i].name));
	rd_buf_printf(
		out, "  at level %s%s\n", rd_level_name(p->min_level),
		p->min_level == RD_LEVEL_SOFTWARE
			? ": software isolation, no TEE. Root of that machine can see everything"
			: "");
}

bool rd_room_show(const struct rd_room *room, struct rd_view room_hash, struct rd_buf *out,
		  struct rd_err *err)
{
	char from[21], to[21];

	rd_os_time_format(room->not_before_unix_s, from);
	rd_os_time_format(room->expires_unix_s, to);
	rd_buf_printf(out, "room %.*s, sequence %llu, from %s to %s\nhash ", RD_FMT(room->id),
		      (unsigned long long)room->sequence, from, to);
	show_hex(room_hash, out);
	rd_buf_printf(out, "\n\ntables\n");
	for (uint32_t i = 0; i < room->n_tables; i++)
		show_table(room, &room->table[i], out);
	rd_buf_printf(out, "\nqueries; nothing else can be asked\n");
	for (uint32_t i = 0; i < room->n_queries; i++)
		if (!show_query(room, i, out, err))
			return rd_wrap(err, "query %.*s", RD_FMT(room->query[i].name));
	if (!warn_differencing(room, out, err))
		return false;
	rd_buf_printf(out, "\n");
	show_machines(&room->policy, out);
	return rd_buf_ok(out, err);
}
