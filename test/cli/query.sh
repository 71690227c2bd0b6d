#!/bin/sh
# SQL over one's own tables: the forms of an answer, errors with their place, and one answer whatever the
# number of threads.  The tables are the bench's, in small.
. "$RD_SRC/test/cli/lib.sh"

"$RD_BUILD/test/bench/bench_tpch_tables" tables 1 >/dev/null || exit 1
plain="-t lineitem=tables/lineitem.parquet -t orders=tables/orders.parquet -t customer=tables/customer.parquet"
sealed="-t lineitem=tables/lineitem.sealed,key=tables/lineitem.key -t orders=tables/orders.sealed,key=tables/orders.key
	-t customer=tables/customer.sealed,key=tables/customer.key"

# shellcheck disable=SC2086
{
for query in "$RD_SRC"/test/sql/tpch/*.sql; do
	name=$(basename "$query")
	t_exit 0 "$name runs on plain tables" "$REDOUBT" query $plain -o csv "$(cat "$query")"
	mv out want
	t_exit 0 "$name runs on sealed ones with two threads" "$REDOUBT" query $sealed --threads 2 -o csv "$(cat "$query")"
	t_same out want "and answers the same"
done

t_exit 0 "an aligned table" "$REDOUBT" query $plain "SELECT c_custkey, c_name FROM customer WHERE c_custkey < 3"
cat >want <<'END'
c_custkey  c_name
---------  ------------------
        1  Customer#000000001
        2  Customer#000000002
END
t_same out want "with numbers to the right"
t_exit 0 "JSON" "$REDOUBT" query $plain -o json "SELECT 1.50 AS n, 'a\"b' AS t, NULL AS z FROM customer LIMIT 1"
printf '[\n {"n": 1.50, "t": "a\\"b", "z": null}\n]\n' >want
t_same out want "with exact numbers and escaped text"
t_exit 0 "CSV" "$REDOUBT" query $plain -o csv "SELECT 'a,b' AS t, '' AS e, NULL AS z FROM customer LIMIT 1"
printf 't,e,z\n"a,b","",\n' >want
t_same out want "with NULL and empty text told apart"

printf 'id,name,born\n1,Ada,1815-12-10\n2,,1791-12-26\n' >people.csv
t_exit 0 "a CSV file" "$REDOUBT" query -t p=people.csv -o csv "SELECT id + 1 AS n, name, born FROM p ORDER BY id"
printf 'n,name,born\n2,Ada,1815-12-10\n3,,1791-12-26\n' >want
t_same out want "is a table with inferred types"

t_exit 0 "--time" "$REDOUBT" query $plain --time --repeat 2 "SELECT count(*) FROM customer"
t_err '^execute .* rows scanned' "says what it cost"
t_exit 0 "--explain" "$REDOUBT" query $plain --explain "SELECT count(*) FROM customer"
t_out 'engine vector' "shows the engine's plan"

t_exit 1 "a division by zero fails" "$REDOUBT" query $plain "SELECT c_custkey,
  1 / (c_custkey - 1) FROM customer"
t_err 'line 2, column 5: .*\[engine\.data\]' "with its line and column"
t_exit 2 "no query is a usage error" "$REDOUBT" query $plain
t_exit 2 "so is a table without a name" "$REDOUBT" query -t tables/customer.parquet "SELECT 1"
t_exit 1 "a table that is not there fails" "$REDOUBT" query -t c=nowhere "SELECT 1 FROM c"
t_exit 1 "too little memory fails" "$REDOUBT" query $plain --memory 1 "SELECT * FROM lineitem ORDER BY l_shipdate"
t_err 'engine\.memory|base\.memory' "and says so"
}
cp tables/orders.key wrong.key
t_exit 3 "another table's key does not open a sealed one" "$REDOUBT" query -t c=tables/customer.sealed,key=wrong.key "SELECT 1 FROM c"
chmod 644 tables/customer.key
"$REDOUBT" query -t c=tables/customer.sealed,key=tables/customer.key "SELECT 1 FROM c" >out 2>err
t_err 'os\.file\.private' "a key that others may read is refused"
t_done
