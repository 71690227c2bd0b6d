#!/bin/sh
# Parquet files of arrow-rs, hyparquet-writer, parquetjs and DuckDB: the rows that DuckDB reads in them.
. "$RD_SRC/test/cli/lib.sh"

skip() {
	[ "${CI:-}" = true ] && { echo "Bail out! $1"; exit 1; }
	echo "1..0 # SKIP $1"
	exit 0
}
command -v npm >/dev/null || skip "no npm"
mkdir -p "$RD_BUILD/foreign"
[ -d "$RD_BUILD/foreign/node_modules/@dsnp/parquetjs" ] ||
	(cd "$RD_BUILD/foreign" && npm install --package-lock=false --no-save apache-arrow@21.2.0 parquet-wasm@0.8.0 \
		hyparquet-writer@0.17.0 @duckdb/node-api@1.5.6-r.1 @dsnp/parquetjs@1.8.8) >npm.log 2>&1 ||
	skip "npm could not install the peers"
cp "$RD_SRC/test/tools/foreign.mjs" "$RD_BUILD/foreign/foreign.mjs"
node "$RD_BUILD/foreign/foreign.mjs" "$t_dir/files" "$REDOUBT"
