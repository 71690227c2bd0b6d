#!/bin/sh
# Another reader: DuckDB, from npm, reads our plain and uniformly sealed files as it reads the CSV.
. "$RD_SRC/test/cli/lib.sh"

t_need_npm

# compare NAME CSV PARQUET [KEY FILE]
compare() {
	footer=
	[ -n "${4:-}" ] && footer=$("$REDOUBT" table keys "$3" --key "$4" | sed -n 's/^footer //p')
	# shellcheck disable=SC2086 # two words, or one
	"$REDOUBT" table show "$3" ${4:+--key $4} -o json >schema.json
	# shellcheck disable=SC2086 # a word, or none
	t_exit 0 "$1" sh -c 'cd "$1" && shift && exec node "$@"' sh "$t_npm" \
		"$RD_SRC/test/tools/duckdb_tables.mjs" "$t_dir/schema.json" "$2" "$t_dir/$3" $footer
}

# Every type with NULLs and extremes; long and short texts; more than one row group; few values.
python3 - >every.csv <<'PY'
import random
r = random.Random(5)
print("id,flag,small,wide,price,money,vast,real,day,moment,word,long,few")
def some(value):
    return "" if r.random() < 0.1 else value
for i in range(270000):
    big = r.choice([0, 1, -1, 10**38 - 1, 1 - 10**38, r.randrange(10**37)])
    print(i, some(r.choice(["true", "false"])), some(r.choice([-2**31, 2**31 - 1, i % 1000])),
          some(r.choice([-2**63, 2**63 - 1, r.randrange(2**62)])), some("%d.%02d" % (i % 100000, i % 100)),
          some("-%d.%04d" % (r.randrange(10**12), i % 10000)),
          some("%s%d.%03d" % ("-" if big < 0 else "", abs(big) // 1000, abs(big) % 1000)),
          some(repr(r.choice([0.0, -1.5, 5e-324, 1.7976931348623157e308, r.random()]))),
          some("%04d-%02d-%02d" % (r.randrange(1, 9999), r.randrange(1, 13), r.randrange(1, 29))),
          some("1969-12-31 23:59:59.%06d" % r.randrange(1, 10**6)),
          some(r.choice(['""', '"a,b"', '"say ""x"""', "plain", "\u00e4\u20ac\U0001f600"])),
          some("x" * (i % 7) + str(i) + ("y" * 5000 if i % 1000 == 0 else "")), some("group %d" % (i % 5)), sep=",")
PY
cat >every.schema <<'X'
id int64 unique not-null
flag boolean
small int32
wide int64
price decimal(9,2)
money decimal(18,4)
vast decimal(38,3)
real double
day date
moment timestamp
word text
long text
few text group
X
"$REDOUBT" seal every.csv -o plain.parquet --schema every.schema --plain >/dev/null
compare "DuckDB reads every type" "$t_dir/every.csv" plain.parquet
head -n 20001 every.csv >some.csv
for codec in zstd snappy gzip lz4_raw; do
	"$REDOUBT" seal some.csv -o $codec.parquet --schema every.schema --plain --codec $codec >/dev/null
	compare "packed with $codec" "$t_dir/some.csv" $codec.parquet
done
"$REDOUBT" seal every.csv -o uniform.parquet --schema every.schema --uniform >/dev/null
compare "and uniformly sealed" "$t_dir/every.csv" uniform.parquet uniform.key
"$REDOUBT" seal some.csv -o both.parquet --schema every.schema --uniform --codec snappy >/dev/null
compare "packed too" "$t_dir/some.csv" both.parquet both.key
head -n 1 every.csv >none.csv
"$REDOUBT" seal none.csv -o none.parquet --schema every.schema --plain >/dev/null
compare "a table without rows" "$t_dir/none.csv" none.parquet

# A wide table, in little memory: its columns have little; and texts of 1 MiB.
python3 - <<'PY'
with open("wide.csv", "w") as f:
    print(*("c%d" % i for i in range(1000)), sep=",", file=f)
    for k in range(300):
        print(*(k * i if i % 3 else "t%d" % (k * i % 17) if k % 5 else "" for i in range(1000)), sep=",", file=f)
with open("long.csv", "w") as f:
    print("id,word", file=f)
    for k in range(20):
        print(k, chr(97 + k) * (1 << 20), sep=",", file=f)
PY
limit=$([ -n "${RD_SANITIZED:-}" ] || echo 'ulimit -v 300000;')
for name in wide long; do
	for form in --plain --uniform; do
		t_exit 0 "$name$form" sh -c "$limit exec \"\$@\"" sh "$REDOUBT" seal $name.csv -o $name$form.parquet $form
		key=$([ $form = --plain ] || echo $name$form.key)
		# shellcheck disable=SC2086 # a word, or none
		compare "is read by DuckDB" "$t_dir/$name.csv" $name$form.parquet $key
	done
done

# What others see of a column: statistics, null counts, who wrote it.
t_exit 0 "DuckDB sees our statistics" sh -c 'cd "$1" && shift && exec node "$@"' sh "$t_npm" \
	"$RD_SRC/test/tools/duckdb_metadata.mjs" "$t_dir/plain.parquet"

# And the other way: what DuckDB writes, plain and in its own encryption.
t_exit 0 "DuckDB writes every type" sh -c 'cd "$1" && shift && exec node "$@"' sh "$t_npm" \
	"$RD_SRC/test/tools/duckdb_write.mjs" "$t_dir/snappy.parquet" "$t_dir/duck"
printf 'footer 30313233343536373839303132333435\n' >duck.keys
chmod 600 duck.keys
"$REDOUBT" query -t t=snappy.parquet -o csv 'SELECT * FROM t' >want
for name in none snappy zstd gzip lz4_raw v2; do
	t_exit 0 "and we read it ($name)" "$REDOUBT" query -t t=duck.$name.parquet -o csv 'SELECT * FROM t'
	t_same out want "as it was"
done
t_exit 0 "and what it encrypts" "$REDOUBT" query --without-aad -t t=duck.sealed.parquet,key=duck.keys -o csv 'SELECT * FROM t'
t_same out want "as it was"
t_exit 3 "for its owner alone, who says so" "$REDOUBT" unseal duck.sealed.parquet --key duck.keys
t_err 'table\.crypto\.unique' "never without saying"

sed -i '2s/^0,/7,/' every.csv
"$REDOUBT" table show plain.parquet -o json >schema.json
t_exit 1 "a row that differs is noticed" sh -c 'cd "$1" && shift && exec node "$@"' sh "$t_npm" \
	"$RD_SRC/test/tools/duckdb_tables.mjs" "$t_dir/schema.json" "$t_dir/every.csv" "$t_dir/plain.parquet"
for name in subjects measurements outcomes; do
	[ -e "$RD_SHARED/data/nafld/$name.csv" ] || continue
	"$REDOUBT" seal "$RD_SHARED/data/nafld/$name.csv" -o $name.parquet --plain >/dev/null
	compare "$name of the NAFLD study" "$RD_SHARED/data/nafld/$name.csv" $name.parquet
done
t_done
