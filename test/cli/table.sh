#!/bin/sh
# What a table file has inside; its keys, recomputed by Python from the key file's own secret.
. "$RD_SRC/test/cli/lib.sh"

printf 'id,name,paid\n1,Ann,12.50\n2,Bob,\n3,"a b",-7.25\n' >v.csv
printf 'id int64 join unique\nname text visible not-null\npaid decimal(6,2) aggregate\n' >v.schema
t_exit 0 "a table is sealed" "$REDOUBT" seal v.csv -o v.parquet --schema v.schema --dataset visits --table-version 7
t_exit 0 "and shown" "$REDOUBT" table show v.parquet --key v.key
t_out '^v\.parquet: sealed, 3 rows, 3 columns, 1 row group, [0-9]+ bytes \([0-9.]+ KiB\)$' "with its sizes"
t_out '^dataset visits, version 7$' "its name and version"
t_out "^tail digest $(sed -n 's/^tail_digest: //p' v.table)\$" "the digest of its description"
t_out '^id +int64 +none +join +yes +1 \.\. 3$' "a column that is unique"
t_out '^name +text +none +visible +no +$' "a column without a range"
t_out '^paid +decimal\(6,2\) +some +aggregate +no +-7\.25 \.\. 12\.50$' "and a decimal's range"
t_exit 0 "as JSON too" "$REDOUBT" table show v.parquet --key v.key -o json
cp out shown.json
t_exit 0 "which Python reads" python3 -c '
import json
t = json.load(open("shown.json"))
assert t["sealed"] and t["rows"] == 3 and [c["name"] for c in t["columns"]] == ["id", "name", "paid"]
assert t["columns"][0]["unique"] and t["columns"][2]["range"] == "-7.25 .. 12.50"'
"$REDOUBT" table keys v.parquet --key v.key >keys.txt
t_exit 0 "the keys are those that the documented derivation gives" python3 -c '
import base64, hashlib, hmac
pem = open("v.key").read().split("\n")
cbor = base64.b64decode("".join(l for l in pem if l and l[0] != "-"))
secret = cbor[-32:]
def derive(info):
    return hmac.new(secret, info + b"\x01", hashlib.sha256).hexdigest()
def text(s):
    return bytes([0x60 + len(s)]) + s.encode()
want = ["column %s %s" % (n, derive(b"\x82" + text("redoubt-table-column-v1") + bytes([i])))
        for i, n in enumerate(["id", "name", "paid"])]
want.append("footer " + derive(b"\x81" + text("redoubt-table-footer-v1")))
want.append("aad-hex " + (b"\x83" + text("visits") + b"\x58\x20" + bytes(32) + b"\x07").hex())
assert open("keys.txt").read().split("\n")[:-1] == want, want'
"$REDOUBT" seal v.csv -o p.parquet --plain >/dev/null
t_exit 0 "a plain table needs no key" "$REDOUBT" table show p.parquet
t_out 'p\.parquet: plain, 3 rows' "and says that it is plain"
t_exit 3 "a sealed one does" "$REDOUBT" table show v.parquet
t_err 'table\.key\.none' "and says so"
t_exit 2 "keys without --key is a usage error" "$REDOUBT" table keys v.parquet
t_exit 2 "an unknown verb is a usage error" "$REDOUBT" table list v.parquet
printf 'id,"ev\033[31mil","two\nlines\342\200\256","%s"\n1,a,b,c\n' "$(printf 'e%.0s' $(seq 60))" >odd.csv
"$REDOUBT" seal odd.csv -o odd.parquet --plain >out
t_out '^ev.x1b.31mil +text' "seal shows control characters of a name"
t_exit 0 "so does show" "$REDOUBT" table show odd.parquet
t_out '^ev.x1b.31mil +text +none' "instead of obeying them"
t_out '^two.x0alines.xe2.x80.xae +[0-9]+ B' "and one name stays on one line"
t_out '^e{60}$' "a long name has a line of its own"
t_exit 0 "so does query" "$REDOUBT" query -t t=odd.csv 'SELECT * FROM t'
t_out '^id +ev.x1b.31mil +two.x0alines.xe2.x80.xae' "in its heading"
t_exit 4 "and an error" "$REDOUBT" query -t t=odd.csv 'SELECT "no'"$(printf '\033')"'" FROM t'
t_err 'no.x1b' "in its text"
python3 -c 'print("i,w"); [print("%d,word %d" % (i, i % 7)) for i in range(300000)]' >groups.csv
"$REDOUBT" seal groups.csv -o groups.parquet --key groups.key >/dev/null
t_exit 0 "a table of several row groups" "$REDOUBT" table show groups.parquet --key groups.key
t_out '^encryption AES_GCM_V1, footer encrypted$' "says how it is sealed"
t_out '^1 +37856 +[0-9.]+ KiB$' "how many rows and bytes each has"
t_out '^i +2\.4 MiB +2\.4 MiB +19  own +none +PLAIN.RLE_DICTIONARY$' "and each column"
t_exit 0 "from standard input, too" sh -c '"$1" table show - --key groups.key -o json <groups.parquet' sh "$REDOUBT"
cp out shown.json
t_exit 0 "with everything as JSON" python3 -c '
import json
t = json.load(open("shown.json"))
assert [g["rows"] for g in t["groups"]] == [262144, 37856]
assert sum(g["stored_bytes"] for g in t["groups"]) == sum(c["stored_bytes"] for c in t["columns"])
assert (t["encryption"], t["footer"], t["dataset"], t["version"]) == ("AES_GCM_V1", "encrypted", "groups", 1)
assert t["created_by"].startswith("redoubt") and t["columns"][0]["nullable"] is False'
t_exit 1 "a full disk is no success" sh -c '"$1" query -t t=v.csv -o arrow "SELECT * FROM t" >/dev/full' sh "$REDOUBT"
t_exit 0 "- is standard output" sh -c '"$1" unseal v.parquet --key v.key --to arrow -o - | "$1" query -t t=- -o csv \
	"SELECT count(*) AS n FROM t"' sh "$REDOUBT"
t_out '^3$' "for pipes"
printf '[\n  {"a": 1},\n  {"a": 2}\n]\n' >list.json
t_exit 4 "a list of objects is refused" "$REDOUBT" query -t t=list.json 'SELECT * FROM t'
t_err 'list.json: line 1, byte 1: an object is expected' "as JSON that is none of lines"
t_exit 0 "rows from a pipe are sealed" sh -c '"$1" seal - -o piped.parquet <v.csv' sh "$REDOUBT"
t_exit 0 "as a dataset" "$REDOUBT" table show piped.parquet --key piped.key
t_out '^dataset piped, version 1$' "that has the name of the new file"
t_exit 2 "but not for what is sealed" "$REDOUBT" seal v.csv -o -
t_exit 4 "CSV is no table" "$REDOUBT" table show v.csv
t_err 'table\.magic' "and says so"
t_done
