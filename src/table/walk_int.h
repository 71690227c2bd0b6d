/* All rows of a table, batch by batch. */
#ifndef RD_TABLE_WALK_INT_H
#define RD_TABLE_WALK_INT_H

#include "table_int.h"

/* `take` gets flat vectors of every column, valid until it returns. */
bool table_walk(const struct rd_table *table,
		bool (*take)(void *ctx, const struct rd_batch *batch, struct rd_err *err),
		void *ctx, struct rd_err *err);

#endif
