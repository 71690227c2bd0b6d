#!/bin/sh
# Other tools from npm: apache-arrow, hyparquet and arrow-rs read what we write and we what they write; DuckDB's own encryption.
. "$RD_SRC/test/cli/lib.sh"

t_need_npm
cp "$RD_SRC/test/tools/peers.mjs" "$t_npm/peers.mjs"
peer() {
	node "$t_npm/peers.mjs" "$@"
}

cat >t.csv <<'X'
id,price,rate,flag,day,word
1,1.50,0.25,true,2024-02-29,plain
2,-0.01,-1.50,false,1970-01-01,a text of more than twelve bytes
3,,,,,
X
# hyparquet reads every codec
printf '1,1.5,0.25,true,2024-02-29,plain\n2,-0.01,-1.5,false,1970-01-01,a text of more than twelve bytes\n3,,,,,\n' >want
for codec in none zstd snappy gzip lz4_raw; do
	"$REDOUBT" seal t.csv -o $codec.parquet --plain --codec $codec >/dev/null
	t_exit 0 "hyparquet reads a plain file packed with $codec" peer hyparquet "$t_dir/$codec.parquet"
	t_same out want "as it was written"
	t_exit 0 "so does arrow-rs" peer arrow-rs "$t_dir/$codec.parquet"
	t_out '^id Int64,price Decimal.*,rate Decimal.*,flag Bool,day Date32<DAY>,word Utf8$' "with its types"
	t_out '^2,-1,-150,false,0,a text of more than twelve bytes$' "and its rows"
	t_exit 0 "and so do we" "$REDOUBT" unseal $codec.parquet
	t_same out t.csv "as it was written"
done

# apache-arrow, both ways
"$REDOUBT" seal t.csv -o sealed.parquet --key t.key >/dev/null
t_exit 0 "a sealed table becomes an Arrow stream" "$REDOUBT" unseal sealed.parquet --key t.key --to arrow -o t.arrows
t_exit 0 "that apache-arrow reads" peer arrow-read "$t_dir/t.arrows"
t_out '^id Int64,price Decimal.*,rate Decimal.*,flag Bool,day Date32<DAY>,word Utf8$' "with its types"
t_out '^2,-1,-150,false,0,a text of more than twelve bytes$' "and its rows"
t_exit 0 "the stream is a table, too" "$REDOUBT" query -t t=t.arrows -o csv 'SELECT * FROM t ORDER BY id'
t_same out t.csv "with the same rows"
t_exit 0 "an answer as a stream" "$REDOUBT" query -t t=t.csv -o arrow 'SELECT count(*) AS n, sum(price) AS s FROM t'
mv out answer.arrows
t_exit 0 "is read by apache-arrow" peer arrow-read "$t_dir/answer.arrows"
t_out '^3,' "with its rows"
t_exit 0 "apache-arrow writes a stream" peer arrow-write "$t_dir/peer.arrows"
cat >want <<'X'
id,big,tiny,real,flag,word,line,day,moment
1,1,0,0.5,true,one,a,1970-01-01,1970-01-01 00:00:00
2,-9223372036854775808,255,-1.25,false,two,"",2024-02-29,2023-11-14 22:13:20.123
3,9223372036854775807,7,3,true,one,a text of more than twelve bytes,1969-12-31,1969-12-31 23:59:59.999
,,,,,,,,
X
t_exit 0 "that we read" "$REDOUBT" query -t t=peer.arrows -o csv 'SELECT * FROM t ORDER BY id'
t_same out want "value by value"
t_exit 0 "also from standard input, sealed" sh -c '"$1" seal - -o piped.parquet --key piped.key <peer.arrows' sh "$REDOUBT"
t_exit 0 "and back" "$REDOUBT" query -t t=piped.parquet,key=piped.key -o csv 'SELECT * FROM t ORDER BY id'
t_same out want "value by value"

# polars, both ways; arrow-rs
t_exit 0 "polars writes streams and files" peer polars-write "$t_dir"
cat >want <<'X'
id,line,flag,real,moment,few,wide,day,nothing
1,x,true,1.5,1970-01-01 00:00:00,x,1,1970-01-01,
2,a text of more than twelve bytes,false,,2023-11-14 22:13:20.123,a text of more than twelve bytes,2,2023-11-14,
,,,2,,,,,
X
for name in uncompressed lz4 zstd; do
	for form in arrows arrow; do
		t_exit 0 "we read the $name.$form" "$REDOUBT" query -t t=$name.$form -o csv 'SELECT * FROM t ORDER BY id'
		t_same out want "value by value"
	done
done
t_exit 0 "arrow-rs reads our stream and writes Parquet" peer rust-write "$t_dir/t.arrows" "$t_dir/rust.parquet"
t_exit 0 "that we read" "$REDOUBT" query -t t=rust.parquet -o csv 'SELECT * FROM t ORDER BY id'
t_same out t.csv "as it was"
t_exit 0 "polars reads our stream and writes its own" peer polars-read "$t_dir/t.arrows"
t_exit 0 "that we read" "$REDOUBT" query -t t=t.arrows -o csv 'SELECT * FROM t ORDER BY id'
t_same out t.csv "as it was"

# DuckDB's own encryption has no AAD: only when asked for, and with a warning
cat >"$t_npm/encrypt.mjs" <<'X'
import { DuckDBInstance } from '@duckdb/node-api';
const connection = await (await DuckDBInstance.create(':memory:')).connect();
for (const sql of ["SET force_mbedtls_unsafe=true", "PRAGMA add_parquet_key('k', '0123456789012345')",
  `COPY (SELECT i AS id, 'row ' || i AS word FROM range(1000) t(i)) TO '${process.argv[2]}' (FORMAT parquet, ENCRYPTION_CONFIG {footer_key: 'k'})`])
  await connection.run(sql);
X
t_exit 0 "DuckDB encrypts a file" node "$t_npm/encrypt.mjs" "$t_dir/duck.parquet"
printf 'footer 30313233343536373839303132333435\n' >duck.key
chmod 600 duck.key
t_exit 3 "that is refused" "$REDOUBT" query -t t=duck.parquet,key=duck.key 'SELECT count(*) FROM t'
t_err 'table\.crypto\.unique' "for its pages can be swapped"
t_exit 0 "unless it is asked for" "$REDOUBT" query --without-aad -t t=duck.parquet,key=duck.key -o csv \
	'SELECT count(*) AS n, max(word) AS last FROM t'
t_out '^1000,row 999$' "and then read"
t_err 'no AAD at all' "with a warning"
t_done
