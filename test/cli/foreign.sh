#!/bin/sh
# Parquet files of arrow-rs, hyparquet-writer, parquetjs and DuckDB: the rows that DuckDB reads in them.
. "$RD_SRC/test/cli/lib.sh"

t_need_npm
cp "$RD_SRC/test/tools/foreign.mjs" "$t_npm/foreign.mjs"
node "$t_npm/foreign.mjs" "$t_dir/files" "$REDOUBT"
