/*
 * Random plans that pass rd_plan_check, for comparing engines: the same seed, the same plan.
 */
#ifndef RD_TEST_GEN_H
#define RD_TEST_GEN_H

#include "build.h"
#include "support.h"

/*
 * Adds nodes over the builder's tables (at least one), up to `steps` operators and an output:
 * filters and projections with ops of all kinds under CASE masks, joins, aggregates, set
 * operations, sorts and limits.  Joins that multiply rows are kept small by a limit before them.
 * Some plans fail for some data (overflow, division by zero): so must the engine.
 */
void gen_plan(struct build *b, struct rd_test_random *random, uint32_t steps);

#endif
