/*
 * The reference interpreter of plans: row at a time, slow and obvious, the oracle for all engines.
 * It shares with them the plan's types (rd_plan_check), and of the table module only the text forms
 * of values; arithmetic, calendars, comparisons and operators are its own.
 */
#ifndef RD_TEST_REF_H
#define RD_TEST_REF_H

#include <redoubt/query.h>

/*
 * Runs a plan (which is checked first) over tables in memory, table[i] for plan->table[i]: flat,
 * constant or code vectors of n_rows, columns as in the plan's schema.  The answer is in `arena`,
 * which should be generous.
 *
 * A data error is an answer: out->failed and out->failed_at, of the first one in the order of
 * nodes, rows and instructions; an engine may report another one.  False for what is no answer: no
 * memory; a plan that fails rd_plan_check; and three faults of a compiler,
 *	"ref.poison"     a value that its mask leaves unspecified was looked at,
 *	"ref.any"        RD_AGG_ANY over a group with several values,
 *	"ref.table"      a table that is not what the plan's schema says (types, NULLs).
 */
RD_MUST_USE bool rd_ref_run(const struct rd_plan *plan, const struct rd_rows *table,
			    struct rd_arena *arena, struct rd_rows *out, struct rd_err *err);

/* Does the plan say in which order the rows of its answer come? */
bool rd_ref_is_ordered(const struct rd_plan *plan);

/*
 * Are two answers the same?  As sequences where `ordered`, else as multisets; names apart: types,
 * values (doubles by their bits, all NaNs alike), withheld cells and counts.  Two failed answers
 * are the same.  False with "ref.differ" and the first difference.
 */
RD_MUST_USE bool rd_ref_same(const struct rd_rows *a, const struct rd_rows *b, bool ordered,
			     struct rd_err *err);

/* The order of sorts: <0, 0, >0; NULL equals NULL and comes after all else. */
int rd_ref_compare(const struct rd_value *a, const struct rd_value *b);

#endif
