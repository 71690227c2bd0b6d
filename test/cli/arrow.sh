#!/bin/sh
# Arrow IPC as its specification allows it: byte orders, framings, files, every flat type, dictionaries, refusals.
# The bytes come from test/tools/arrow_streams.py; test/cli/peers.sh has other tools.
. "$RD_SRC/test/cli/lib.sh"

python3 "$RD_SRC/test/tools/arrow_streams.py" "$t_dir" || exit 1
cat >compare.py <<'X'
import json, sys
def lines(path):
    return sorted(json.dumps(row, sort_keys=True) for row in json.load(open(path), parse_int=str, parse_float=str))
sys.exit(lines("out") != lines("want.json"))
X
for name in little.arrows big.arrows little-old.arrows big-old.arrows little.arrow big.arrow; do
	t_exit 0 "$name is read" "$REDOUBT" query -t t=$name -o json 'SELECT * FROM t'
	python3 compare.py
	t_ok $? "value by value"
done

# rows FILE WANTED ORDER WORDS
rows() {
	t_exit 0 "$4" "$REDOUBT" query -t t="$1" -o csv "SELECT * FROM t ORDER BY $3"
	t_same out "$2" "with its rows"
}
printf 'i,w\n' >none
printf 'i,w\n1,x\n2,""\n' >two
printf 'i,w\n1,x\n1,x\n2,""\n2,""\n' >four
printf 'n,w,v,never,none\n10,a,a,,\n10,c,c,,\n10,c,c,,\n20,a,b,,\n20,b,b,,\n20,,a,,\n' >coded
printf 'n,w,v,never,none\n10,a,a,,\n20,,a,,\n' >coded2
rows dictionaries.arrows coded '1, 2, 3' "dictionaries that grow, are replaced, serve two columns"
rows dictionaries.arrow coded2 '1, 2, 3' "a file's dictionaries may stand behind its rows"
rows minus-one.arrows four 1 "a packed batch may have buffers that are not"
rows no-rows.arrows none 1 "a batch may have no rows"
rows no-batch.arrows none 1 "a stream may have no batch"
rows no-end.arrows two 1 "a stream may end without its mark"
while read -r name words; do
	want=4
	case $words in *"Arrow's type"* | *decimal\ of*) want=3 ;; esac
	t_exit $want "$name is refused" "$REDOUBT" query -t t="bad-$name" 'SELECT * FROM t'
	t_err "$words" "and says why"
done <refusals
t_exit 0 "an Arrow file can be sealed from standard input" sh -c '"$1" seal - -o f.parquet --plain <little.arrow' sh \
	"$REDOUBT"
t_done
