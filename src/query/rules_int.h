/*
 * The disclosure rules, inside: what is known of each column and of the persons behind each row,
 * node by node.  rules_apply builds a guarded plan and asks rules_flow about every node that it
 * adds; rules_verify asks the same of a plan that someone else built.
 */
#ifndef RD_RULES_INT_H
#define RD_RULES_INT_H

#include "query_int.h"

#define PERSONS_MAX 64u

/* One column: how much it may reveal, and what to call it in a refusal. */
struct flow_column {
	uint8_t class_; /* enum rd_class: the lowest of what it was made of */
	uint32_t table; /* where it comes from, or RD_NONE: for words only */
	uint32_t column;
};

/*
 * One scan of a table that asks for persons, below the guard.  `column` of the node holds that
 * scan's person values unchanged (NULL where a join found no partner); RD_NONE: they were lost on
 * the way, and no group above can be counted.
 */
struct flow_person {
	uint32_t table;
	uint32_t column;
};

struct flow {
	struct flow_column *column; /* one a column of the node */
	uint32_t n_persons;
	struct flow_person *person;
	bool is_boundary; /* an aggregate whose only consumer is a guard */
	bool below_guard; /* its rows are not released yet */
};

struct rules {
	const struct rd_plan *plan;
	const struct rd_table_rules *rule; /* one a plan table */
	struct rd_arena *arena;
	struct flow *flow; /* one a node */
};

static inline bool rules_asks(const struct rd_table_rules *r)
{
	return r->min_persons > 0 || r->min_cell > 0;
}

/* rules_class.c: the class of each value of a program over these columns; refuses what the classes
 * forbid.  `out`: prog->n classes. */
bool rules_prog(const struct rules *r, const struct rd_prog *prog, const struct flow_column *input,
		uint8_t *out, struct rd_err *err);
/* "column age of subjects is aggregate; grouping needs group" with its position. */
bool rules_refuse(const struct rules *r, const struct flow_column *column, uint32_t position,
		  const char *what, struct rd_err *err);

/* rules_flow.c: plan->node[index] from its inputs' flows.  is_boundary: an aggregate that a guard
 * follows. */
bool rules_flow_node(const struct rules *r, uint32_t index, bool is_boundary, struct rd_err *err);

/* rules_guard.c: that a guard asks for what the rules demand, with counts that count it. */
bool rules_guard(const struct rules *r, uint32_t index, struct rd_err *err);
/* May the aggregate's value rest on a part of its group only? */
bool rules_is_cell(const struct rd_node *input, const struct rd_agg *agg);

#endif
