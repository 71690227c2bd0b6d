#!/bin/sh
# Tables sealed and read back: every kind of value, and what a person gets wrong.
. "$RD_SRC/test/cli/lib.sh"

cat >visits.csv <<'X'
id,name,paid,weight,at,ok,"odd ""name"""
1,Ann,12.50,1e3,2026-01-02,true,"a,b"
2,"",7.25,0.5,2026-02-03,false,"line
break"
3,,,,,,
X
t_exit 0 "a table is sealed" "$REDOUBT" seal visits.csv -o visits.parquet
t_out '^paid +decimal\(4,2\) +may be' "and its types are printed"
t_exit 0 "its key is for its owner alone" test "$(stat -c %a visits.key)" = 600
t_exit 1 "no word of it is in the file" grep -aq Ann visits.parquet
t_exit 0 "and it is read back" "$REDOUBT" unseal visits.parquet --key visits.key
printf '%s\n' 'id,name,paid,weight,at,ok,"odd ""name"""' '1,Ann,12.50,1000,2026-01-02,true,"a,b"' \
	'2,"",7.25,0.5,2026-02-03,false,"line' 'break"' '3,,,,,,' >want.csv
t_same out want.csv "as it was"
t_exit 0 "a description for rooms is written" grep -q 'tail_digest: [0-9a-f]\{64\}' visits.table
t_exit 1 "the same key never seals twice" "$REDOUBT" seal visits.csv -o visits.parquet
t_err 'os\.file\.exists' "and the error says why"
t_exit 3 "without the key nothing is read" "$REDOUBT" unseal visits.parquet
t_err 'table\.key\.none' "and the error says why"
"$REDOUBT" seal visits.csv -o other.parquet >/dev/null
t_exit 3 "another table's key does not open it" "$REDOUBT" unseal visits.parquet --key other.key
t_err 'table\.module\.tag' "and the error says why"
t_exit 0 "a plain table needs no key" "$REDOUBT" seal visits.csv -o plain.parquet --plain
t_exit 0 "and is read back" "$REDOUBT" unseal plain.parquet
t_same out want.csv "as it was"
t_exit 0 "a uniform one has one key" "$REDOUBT" seal visits.csv -o uniform.parquet --uniform --codec zstd
t_exit 0 "and is read back" "$REDOUBT" unseal uniform.parquet --key uniform.key
t_same out want.csv "as it was"

printf 'id int64 join unique\nname text visible\n' >two.schema
printf 'id,name\n1,x\n2,y\n' >two.csv
t_exit 0 "a schema is obeyed" "$REDOUBT" seal two.csv -o two.parquet --schema two.schema
t_out '^id +int64 +may be +join, unique' "with its classes"
printf 'id,name\n1,x\n1,y\n' >twice.csv
t_exit 4 "a value twice in a unique column is refused" \
	"$REDOUBT" seal twice.csv -o twice.parquet --schema two.schema
t_err 'rows 1 and 2 have the same value' "and named"
t_exit 1 "and nothing is half written" test -e twice.parquet
printf 'a,b\n1\n' >short.csv
t_exit 4 "a line with a field too few is refused" "$REDOUBT" seal short.csv -o short.parquet
t_err 'short\.csv: line 2' "with file and line"
t_exit 1 "and no key is left that would be in the way" test -e short.key
printf 'a\n"x\n' >open.csv
t_exit 4 "a quote that never closes is refused" "$REDOUBT" seal open.csv -o open.parquet
t_err 'no closing quote' "and named"
printf 'id,name\nx,y\n' >word.csv
t_exit 4 "a word in a column of numbers is refused" \
	"$REDOUBT" seal word.csv -o word.parquet --schema two.schema
t_err 'line 2: field 1 \(id\)' "with line and field"
t_exit 2 "no file is a usage error" "$REDOUBT" seal

# Python's csv module is the other opinion on what a CSV file says.
python3 - <<'PY'
import csv, random
r = random.Random(7)
word = lambda: "".join(r.choice(['a', ',', '"', '\n', '\r\n', ' ', '\u00e9', ';', "'", '']) for _ in range(r.randrange(6)))
for name, end, quoting in (("lf", "\n", csv.QUOTE_MINIMAL), ("crlf", "\r\n", csv.QUOTE_ALL)):
    with open("hostile_%s.csv" % name, "w", newline="") as f:
        out = csv.writer(f, lineterminator=end, quoting=quoting)
        out.writerow(["p", "q,r", 's"t'])
        out.writerows([word() + "x", word(), word()] for _ in range(5000))
with open("hostile.schema", "w") as f:
    f.write('p text\n"q,r" text\n"s""t" text\n')
PY
for name in lf crlf; do
	"$REDOUBT" seal hostile_$name.csv -o $name.parquet --schema hostile.schema >/dev/null
	t_exit 0 "fields full of quotes, separators and line ends ($name)" \
		"$REDOUBT" unseal $name.parquet --key $name.key -o back_$name.csv
	t_exit 0 "mean what they mean to Python" python3 -c '
import csv, sys
rows = [list(csv.reader(open(name, newline=""))) for name in sys.argv[1:]]
assert len(rows[0]) == 5001 and rows[0] == rows[1]' hostile_$name.csv back_$name.csv
done

# The study: numbers come back as numbers, text as text; a second time, byte for byte.
for name in subjects measurements outcomes; do
	[ -e "$RD_SHARED/data/nafld/$name.csv" ] || continue
	"$REDOUBT" seal "$RD_SHARED/data/nafld/$name.csv" -o once.parquet --key once.$name.key >/dev/null
	"$REDOUBT" unseal once.parquet --key once.$name.key >once.csv
	t_exit 0 "$name of the NAFLD study comes back" python3 -c '
import csv, decimal, sys
def value(text):
    try:
        return decimal.Decimal(text)
    except decimal.InvalidOperation:
        return text
a, b = ([[value(x) for x in row] for row in csv.reader(open(name))] for name in sys.argv[1:])
assert len(a) > 10000 and a == b' "$RD_SHARED/data/nafld/$name.csv" once.csv
	"$REDOUBT" seal once.csv -o twice.parquet --key twice.$name.key >/dev/null
	"$REDOUBT" unseal twice.parquet --key twice.$name.key >twice.csv
	t_same once.csv twice.csv "and then byte for byte"
done
t_done
