#!/bin/sh
# Runs the recorded Parquet files; needs the vectors beside the repository.
. "$RD_SRC/test/cli/lib.sh"
t_need_shared vectors/parquet
exec python3 "$RD_SRC/test/vector/parquet.py" "$REDOUBT" "$RD_SHARED/vectors/parquet"
