/* Where rows come from: CSV, JSON lines, an Arrow IPC stream or Parquet, told by content. */
#ifndef RD_CMD_SOURCE_H
#define RD_CMD_SOURCE_H

#include <redoubt/os.h>
#include <redoubt/table.h>

enum cmd_source_kind { SOURCE_CSV, SOURCE_JSONL, SOURCE_ARROW, SOURCE_PARQUET };

struct cmd_source {
	const char *path; /* "-": standard input */
	enum cmd_source_kind kind;
	struct rd_os_file file;
	struct rd_buf memory; /* of standard input, and of query's: the plain table made of text */
	struct rd_blob blob;
	struct rd_table *table; /* Parquet that was opened for reading rows */
};

/* Opens the file and finds its kind. */
RD_MUST_USE bool cmd_source_open(const char *path, struct cmd_source *out, struct rd_err *err);
void cmd_source_close(struct cmd_source *source);
/* Names and types; Parquet is opened for it (plain files). */
RD_MUST_USE bool cmd_source_schema(struct cmd_source *source, const struct rd_csv_options *options,
				   struct rd_arena *arena, struct rd_schema *out,
				   struct rd_err *err);
/* All rows into the writer; the schema is that of the source, or one declared for it. */
RD_MUST_USE bool cmd_source_load(struct cmd_source *source, const struct rd_csv_options *options,
				 const struct rd_schema *schema, struct rd_writer *writer,
				 struct rd_err *err);
/* CSV, JSON lines and Arrow: the rows as a plain table in memory; blob is that then. */
RD_MUST_USE bool cmd_source_to_table(struct cmd_source *source, struct rd_arena *arena,
				     struct rd_err *err);

#endif
