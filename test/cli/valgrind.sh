#!/bin/sh
# Where keys and what they seal are handled, valgrind is silent: no uninitialised byte decides, none is lost.
. "$RD_SRC/test/cli/lib.sh"

[ -z "${RD_SANITIZED:-}" ] || { echo "1..0 # SKIP sanitized already"; exit 0; }
command -v valgrind >/dev/null || t_skip "no valgrind"
silent() {
	t_exit 0 "$1" sh -c 'shift; exec valgrind --leak-check=full -q --error-exitcode=9 --log-file=valgrind.log "$@"' sh "$@"
}
{
	echo id,word,price,real,flag
	for i in 1 2 3 4 5 6 7 8 9 10 11; do
		echo "$i,word $((i % 3)),$i.25,0.$i,true"
		echo ",,,,"
	done
} >t.csv
silent "a table is sealed" "$REDOUBT" seal t.csv -o t.parquet --codec zstd
silent "read back" "$REDOUBT" unseal t.parquet --key t.key
mv out got
silent "queried" "$REDOUBT" query -t t=t.parquet,key=t.key 'SELECT word, max(id), sum(price) FROM t GROUP BY word'
silent "so for a uniform one" "$REDOUBT" seal t.csv -o u.parquet --uniform
silent "read back" "$REDOUBT" unseal u.parquet --key u.key -o u.csv
t_same got u.csv "with the same rows"
t_done
