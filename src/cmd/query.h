/* The parts of `redoubt query`: inputs (query_input.c) and what it prints (query_print.c). */
#ifndef RD_CMD_QUERY_H
#define RD_CMD_QUERY_H

#include "keys.h"
#include "source.h"

#include <redoubt/os.h>
#include <redoubt/query.h>
#include <redoubt/table.h>

#define QUERY_TABLES_MAX RD_PLAN_TABLES_MAX

/* One -t NAME=FILE[,key=FILE]; FILE may be a pattern that several files match. */
struct query_input {
	struct rd_view name, path, key_path;
	uint32_t n_files;
	struct cmd_source *file;
	struct cmd_keys keys;
	bool without_aad;
	struct rd_table *table;
};
/* Splits the argument; false when it has not that form. */
bool query_input_parse(const char *argument, struct query_input *out);
RD_MUST_USE bool query_input_open(struct query_input *in, struct rd_arena *arena,
				  struct rd_err *err);
void query_input_close(struct query_input *in);

enum query_form { QUERY_TABLE, QUERY_CSV, QUERY_JSON, QUERY_ARROW };
RD_MUST_USE bool query_print(const struct rd_rows *rows, enum query_form form,
			     struct rd_arena *arena, struct rd_err *err);

#endif
