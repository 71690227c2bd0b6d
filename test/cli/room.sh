#!/bin/bash
# Rooms, brokers and hosts: what PROTOCOL.md names as an attack is carried out and refused, and what
# goes wrong in daily life is said plainly.
. "$RD_SRC/test/cli/lib.sh"
export XDG_STATE_HOME="$PWD/state"
if [ -n "${RD_SANITIZED:-}" ]; then
	echo "1..0 # SKIP an enclave cannot be static in a sanitized build"
	exit 0
fi
PATH=$RD_BUILD:$PATH
daemons=
trap 'kill $daemons 2>/dev/null; wait 2>/dev/null; rm -rf "$t_dir"' EXIT

# start NAME COMMAND...: a daemon that says where it serves in NAME.address; its pid in $started.
start() {
	rm -f "$1.address"
	name=$1
	shift
	"$@" --address-file "$name.address" >/dev/null 2>"$name.err" &
	started=$!
	daemons="$daemons $started"
	for _ in $(seq 250); do
		[ -s "$name.address" ] && return 0
		sleep 0.02
	done
	echo "# $name did not start: $(cat "$name.err")"
}
broker() { # VERB OWNER ARGUMENT...
	verb=$1 owner=$2
	shift 2
	redoubt broker "$verb" "$owner/broker" --passphrase-file "$owner/passphrase" "$@"
}
# t_log OWNER REGEX: the last decision in the owner's log has this reason.
t_log() {
	broker log "$1" | tail -n 2 | head -n 1 >out
	t_out "$2" "the log of $1 says why"
}

# ---- two owners, two tables, one reader -------------------------------------------------------------

for party in clinic lab reader mallory; do redoubt keygen "$party" >/dev/null; done
for owner in clinic lab mallory; do
	(umask 077 && echo "correct horse $owner" >"$owner/passphrase")
	redoubt broker init "$owner/broker" --owner "$owner" --keys "$owner" \
		--passphrase-file "$owner/passphrase" --scrypt-log2-n 10 >/dev/null
done
echo id,ward,cost >visits.csv
echo id,kind,value >results.csv
for i in $(seq 1 60); do
	echo "$i,ward$((i % 3)),$((i * 7 % 50)).50" >>visits.csv
	echo "$i,$([ $((i % 4)) -eq 0 ] && echo sugar || echo salt),$((i % 9))" >>results.csv
done
echo "61,ward9,3.00" >>visits.csv
redoubt seal visits.csv -o visits.parquet --owner clinic/sign.pub >/dev/null
redoubt seal results.csv -o results.parquet --owner lab/sign.pub >/dev/null
redoubt host init host >accept.yaml
cat >room.yaml <<'X'
room: wards
not_before: 2026-01-01
expires: 2036-01-01
owners:
  clinic: {sign: clinic/sign.pub, tls: clinic/tls.pub, release: clinic/release.pub}
  lab: {sign: lab/sign.pub, tls: lab/tls.pub, release: lab/release.pub}
tables:
  visits:
    owner: clinic
    table: visits.table
    person: id
    min_persons: 5
    columns: {id: join, ward: group, cost: aggregate}
  results:
    owner: lab
    table: results.table
    person: id
    columns: {id: join, kind: group, value: aggregate}
readers:
  reader: {read: reader/read.pub}
queries:
  wards:
    sql: SELECT ward, count(*) AS n, sum(cost) AS cost FROM visits GROUP BY ward
    readers: [reader]
    max_runs: 3
  joint:
    sql: SELECT v.ward, avg(r.value) AS value FROM visits v JOIN results r ON r.id = v.id GROUP BY v.ward
    readers: [reader]
    max_runs: 50
X
sed 's/not_before: 2026-01-01/not_before: 2026-01-01T00:00:00Z/; s/expires: 2036-01-01/expires: 2036-01-01T00:00:00Z/' \
	room.yaml >room1.yaml
cat accept.yaml >>room1.yaml

approve() { # ROOM.yaml NAME: compiles, both approve, both brokers take it
	redoubt room compile "$1" -o "$2.room" || return
	for o in clinic lab; do
		redoubt room approve "$1" --owner $o --key $o/sign.key -o "$2.$o" >/dev/null || return
	done
	for o in clinic lab; do
		broker add $o --room "$2.room" --approval "$2.clinic" --approval "$2.lab" >/dev/null ||
			return
	done
}

t_exit 0 "a room is shown in plain words" redoubt room show room1.yaml
t_out 'no group of fewer than 5 persons' "with its rules"
t_out 'software isolation, no TEE' "and what its level means"
t_out '2 queries are over the persons of visits.*room\.differencing' "and what its rules cannot stop"
t_exit 3 "a broker refuses a room over a table that it does not have" approve room1.yaml a
t_err 'broker\.table\.none' "and says so"
broker add clinic --table visits.key >/dev/null
broker add lab --table results.key >/dev/null
redoubt room compile room1.yaml -o a.room
redoubt room approve room1.yaml --owner clinic --key clinic/sign.key -o a.clinic >/dev/null
t_exit 3 "one owner's approval is not enough" broker add clinic --room a.room --approval a.clinic
t_err "approval of 'lab' is missing" "and the missing one is named"
t_exit 3 "an owner cannot approve for another" \
	redoubt room approve room1.yaml --owner lab --key clinic/sign.key -o a.lab
t_exit 0 "all approve" approve room1.yaml a
t_exit 3 "mallory's broker has no place in the room" \
	broker add mallory --room a.room --approval a.clinic --approval a.lab
t_err 'broker\.room\.owner' "and says so"

# ---- serving ------------------------------------------------------------------------------------------

start clinic redoubt broker serve clinic/broker --passphrase-file clinic/passphrase --listen 127.0.0.1:0
clinic_pid=$started
start lab redoubt broker serve lab/broker --passphrase-file lab/passphrase --listen 127.0.0.1:0
serve_host() { # NAME DIR TABLE... : brokers as started, or $clinic_at
	hname=$1 hdir=$2
	shift 2
	set -- $(printf -- '--table %s ' "$@")
	start "$hname" redoubt host serve "$hdir" --listen 127.0.0.1:0 "$@" \
		--broker "clinic=${clinic_at:-$(cat clinic.address)}" --broker "lab=$(cat lab.address)"
}
serve_host host host visits.parquet results.parquet
run() { redoubt room run "$1" --query "$2" --host "$(cat "${3:-host}.address")" -o "${4:-out.d}"; }

t_exit 0 "a run" run a.room wards
t_exit 0 "its answer opens" redoubt open out.d/wards.reader.sealed --room a.room --key reader/read.key -o csv
printf '%s\n' ward,n,cost ward0,20,$(awk -F, '$2=="ward0"{s+=$3}END{printf "%.2f",s}' visits.csv) \
	ward1,20,$(awk -F, '$2=="ward1"{s+=$3}END{printf "%.2f",s}' visits.csv) \
	ward2,20,$(awk -F, '$2=="ward2"{s+=$3}END{printf "%.2f",s}' visits.csv) >want
sort out >got
sort want >want2
t_same got want2 "with the right sums, and without the ward of one person"
t_err 'withheld.* 1 group' "which is counted"
t_err 'level software' "and the level is said"
t_exit 0 "opened again" redoubt open out.d/wards.reader.sealed --room a.room --key reader/read.key
t_err 'run 1 of the broker of clinic was opened here before' "a repeated answer is named"
cp -r out.d old.d
t_exit 0 "a second run" run a.room wards
redoubt open out.d/wards.reader.sealed --room a.room --key reader/read.key >/dev/null 2>&1
t_exit 0 "the older answer still opens" redoubt open old.d/wards.reader.sealed --room a.room --key reader/read.key
t_err 'WARNING: this is run 1 .* an old answer' "but is named as old"
t_exit 0 "receipts verify without any key" redoubt verify out.d/wards.reader.receipt --room a.room -o json
t_out '"verdict": "accepted"' "and say so to programs"
t_exit 0 "a third run" run a.room wards
t_exit 3 "the approved number of runs is all there is" run a.room wards
t_log clinic 'broker\.release\.runs'

# ---- forged and damaged answers ---------------------------------------------------------------------

head -c 3000 out.d/wards.reader.sealed >cut.sealed
t_exit 4 "a cut answer is malformed" redoubt open cut.sealed --room a.room --key reader/read.key
cp out.d/wards.reader.sealed bad.sealed
printf 'X' | dd of=bad.sealed bs=1 seek=2000 conv=notrunc status=none
t_exit 3 "a changed answer is refused" redoubt open bad.sealed --room a.room --key reader/read.key
cp out.d/wards.reader.receipt bad.receipt
printf 'XX' | dd of=bad.receipt bs=1 seek=300 conv=notrunc status=none
t_exit 3 "a changed receipt is refused" redoubt verify bad.receipt --room a.room
t_exit 0 "another room" sh -c 'sed "s/max_runs: 3/max_runs: 4/" room1.yaml >b.yaml && redoubt room compile b.yaml -o b.room'
t_exit 3 "an answer of another room is refused" \
	redoubt open out.d/wards.reader.sealed --room b.room --key reader/read.key
t_err 'room\.answer\.room' "and named"
t_exit 3 "a room that was edited after approval does not run" run b.room wards
t_log clinic 'broker\.release\.room'

# ---- other tables, other machines --------------------------------------------------------------------

t_exit 0 "the same dataset and version sealed again" \
	redoubt seal visits.csv -o again.parquet --dataset visits --owner clinic/sign.pub
t_exit 3 "is refused by the broker" broker add clinic --table again.key
t_err 'broker\.table\.twice' "and named"
serve_host other-host host again.parquet results.parquet
t_exit 1 "a host without the pinned file cannot run" run a.room joint other-host
t_err 'no file of table visits' "and says which table"
# The tail (and so the digest) of the true file, pages of another.
cp visits.parquet swapped.parquet
dd if=again.parquet of=swapped.parquet bs=1 skip=4 seek=4 count=400 conv=notrunc status=none
serve_host swap-host host swapped.parquet results.parquet
t_exit 3 "pages of another sealing are refused inside" run a.room joint swap-host
t_err 'run\.end\.table' "as another table"
redoubt seal visits.csv -o plain.parquet --plain >/dev/null
redoubt host init host2 >/dev/null
serve_host host2 host2 visits.parquet results.parquet
t_exit 3 "another launcher's key is refused" run a.room joint host2
t_log clinic 'attest\.platform'
clinic_at=$(cat lab.address)
serve_host wrong host visits.parquet results.parquet
t_exit 3 "a broker in another's place is noticed" run a.room joint wrong
start fake redoubt broker serve mallory/broker --passphrase-file mallory/passphrase --listen 127.0.0.1:0
clinic_at=$(cat fake.address)
serve_host fake-host host visits.parquet results.parquet
t_exit 3 "a fake broker is refused by the enclave" run a.room joint fake-host
clinic_at=127.0.0.1:1
serve_host down-host host visits.parquet results.parquet
t_exit 1 "a broker that is down" run a.room joint down-host
t_err '127\.0\.0\.1:1' "is named"
clinic_at=

# ---- a broker that dies in the middle of a release ------------------------------------------------------

# Whatever the moment: the log holds, and it has a release for every run that came through.
port=$(cut -d : -f 2 clinic.address)
through=0
for delay in 0.005 0.012 0.018 0.025 0.035 0.05; do
	run a.room joint host "mid.$delay" >/dev/null 2>&1 &
	asker=$!
	sleep $delay
	kill -9 "$clinic_pid" 2>/dev/null
	wait "$clinic_pid" 2>/dev/null
	wait "$asker" && through=$((through + 1))
	broker log clinic >"log.$delay" || echo "# the log broke at $delay"
	start clinic redoubt broker serve clinic/broker --passphrase-file clinic/passphrase \
		--listen "127.0.0.1:$port"
	clinic_pid=$started
done
t_exit 0 "after six kills in the middle of runs the log holds" broker log clinic
cp out full.log
for f in log.*; do
	lines=$(($(wc -l <"$f") - 1))
	head -n $lines "$f" >short.log
	head -n $lines full.log | cmp -s - short.log || echo "# $f is no beginning of the last log"
done >broken
t_exit 1 "each log is the beginning of the next" grep -q . broken
t_exit 0 "every run that came through is in it" \
	test "$(grep -c 'RELEASE .*query joint' full.log)" -ge "$through"
t_exit 0 "and the keys are all there: a run goes through" run a.room joint

# ---- no plaintext outside its owner -----------------------------------------------------------------------

t_exit 1 "host, brokers, sealed tables and answers hold no plaintext" \
	grep -raqE 'ward[0-9]|sugar' host clinic/broker lab/broker out.d visits.parquet results.parquet

# ---- dates ------------------------------------------------------------------------------------------------

sed 's/2036-01-01/2026-02-01/; s/^room: wards/room: old/' room1.yaml >old.yaml
t_exit 3 "a room that has expired is not approved into a broker" approve old.yaml old
t_err 'has expired' "and says so"
sed 's/2026-01-01/2035-01-01/; s/^room: wards/room: early/' room1.yaml >early.yaml
t_exit 0 "a room of the future is" approve early.yaml early
t_exit 3 "but does not run" run early.room joint
t_log clinic 'broker\.release\.early'

# ---- sequences, versions, revocation ------------------------------------------------------------------

hash=$(redoubt room show a.room | sed -n 's/^hash //p')
sed "s/^room: wards/&\nsequence: 2\nprevious: $hash/" room1.yaml >c.yaml
t_exit 0 "a second sequence is approved" approve c.yaml c
t_exit 3 "the first does not run any more" run a.room joint
t_log clinic 'broker\.release\.superseded'
t_exit 0 "the second does" run c.room joint
t_exit 3 "an old sequence cannot be added again" \
	broker add clinic --room b.room --approval a.clinic --approval a.lab
redoubt broker retire clinic/broker visits 1 --passphrase-file clinic/passphrase
t_exit 3 "a retired version is not released" run c.room joint
t_log clinic 'broker\.release\.retired'
t_exit 0 "lab revokes" redoubt room revoke c.room --owner lab --key lab/sign.key -o c.revoked
t_exit 0 "and its broker takes it" broker add lab --revocation c.revoked
t_exit 3 "mallory cannot revoke for lab" broker add mallory --revocation c.revoked
t_exit 3 "a revoked room cannot be added" broker add lab --room c.room --approval c.clinic --approval c.lab

redoubt seal visits.csv -o theirs.parquet --dataset visits --table-version 9 --owner mallory/sign.pub \
	>/dev/null
sed 's/visits.table/theirs.table/' room1.yaml >theirs.yaml
t_exit 4 "a table that another owner sealed is refused" redoubt room check theirs.yaml
t_err "sealed for another owner" "and named"

# ---- the broker's memory --------------------------------------------------------------------------------

t_exit 0 "the log holds" broker log clinic
t_out 'the chain holds' "as it says"
before=$(broker log clinic | wc -l)
kill -9 $clinic_pid
wait $clinic_pid 2>/dev/null
t_exit 0 "after kill -9 no entry is lost" test "$(broker log clinic | wc -l)" -eq "$before"
t_exit 3 "a wrong passphrase is refused" sh -c '(umask 077; echo "wrong horse" >wrong); redoubt broker log clinic/broker --passphrase-file wrong'
t_err 'broker\.passphrase' "and named"
if command -v sqlite3 >/dev/null; then
	sqlite3 clinic/broker/broker.db "UPDATE log SET text='nothing' WHERE number=3"
	t_exit 3 "an edited log is noticed" broker log clinic
	t_err 'log entry 3' "and the entry named"
fi
t_exit 1 "no key of a table is in the store" grep -aq "$(sed -n 2p visits.key | head -c 40)" clinic/broker/broker.db

# ---- manifests --------------------------------------------------------------------------------------------

sed 's/min_persons/min_person/' room1.yaml >typo.yaml
t_exit 4 "an unknown key is refused" redoubt room check typo.yaml
t_err "typo\.yaml:[0-9]+:[0-9]+: .*min_persons" "with line, column and what was meant"
sed 's/ward: group/wards: group/' room1.yaml >column.yaml
t_exit 4 "an unknown column is refused" redoubt room check column.yaml
t_err "did you mean 'ward'" "with what was meant"
sed 's/SELECT ward, count/SELECT id, count/' room1.yaml >rows.yaml
t_exit 4 "a query that PostgreSQL would not take" redoubt room check rows.yaml
sed 's/sum(cost) AS cost FROM visits GROUP BY ward/min(cost) AS cost FROM visits GROUP BY ward/' room1.yaml >min.yaml
t_exit 3 "a query that the classes forbid" redoubt room check min.yaml
t_err 'rules\.class' "and why"
t_done
