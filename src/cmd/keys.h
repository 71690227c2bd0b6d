/* Keys that open a table: its owner's table key, or a plain key file of another tool's. */
#ifndef RD_CMD_KEYS_H
#define RD_CMD_KEYS_H

#include <redoubt/table.h>

struct cmd_keys {
	bool given, is_foreign;
	struct rd_table_key key;
	struct rd_table_keys keys;
	struct rd_foreign_keys foreign;
};
/* Told apart by content; path NULL: none is given. */
RD_MUST_USE bool cmd_keys_read(const char *path, struct rd_arena *arena, struct cmd_keys *out,
			       struct rd_err *err);
void cmd_keys_wipe(struct cmd_keys *keys);
/* Opens with them whatever Parquet it is; says on standard error what a room would miss. */
RD_MUST_USE bool cmd_keys_open(const struct cmd_keys *keys, const struct rd_blob *blob,
			       const char *path, bool without_aad, struct rd_table **out,
			       struct rd_err *err);

#endif
