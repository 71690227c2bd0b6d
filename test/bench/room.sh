#!/bin/bash
# What a room costs: the joint study of examples/nafld as a whole run (attest, release, run, seal)
# beside the bare query over the same sealed tables, in turn; and the start of an enclave.
set -eu
src=$RD_SRC
export PATH=$RD_BUILD:$PATH XDG_STATE_HOME=
work=$(mktemp -d)
daemons=
trap 'kill $daemons 2>/dev/null; wait 2>/dev/null; rm -rf "$work"' EXIT
cd "$work"
export XDG_STATE_HOME=$work/state
cp "$src/examples/nafld/room.yaml" "$src/examples/nafld/study.sql" .
sed -i 's/max_runs: 10/max_runs: 1000/' room.yaml
mkdir store
start() { # NAME COMMAND...
	name=$1
	shift
	"$@" --listen 127.0.0.1:0 --address-file "$name.address" >/dev/null 2>&1 &
	daemons="$daemons $!"
	until [ -s "$name.address" ]; do sleep 0.02; done
}
args=() inputs=() approvals=() brokers=()
for pair in clinic:subjects laboratory:measurements hospital:outcomes; do
	o=${pair%:*} t=${pair#*:}
	redoubt keygen "$o" >/dev/null
	(umask 077 && echo "bench passphrase" >"$o/passphrase")
	redoubt broker init "$o/broker" --owner "$o" --keys "$o" --passphrase-file "$o/passphrase" \
		--scrypt-log2-n 10 >/dev/null
	gzip -dc "$src/examples/nafld/data/$t.csv.gz" >"$t.csv"
	redoubt seal "$t.csv" -o "store/$t.parquet" --key "$o/$t.key" --owner "$o/sign.pub" >/dev/null
	redoubt broker add "$o/broker" --passphrase-file "$o/passphrase" --table "$o/$t.key" >/dev/null
	args+=(--table "store/$t.parquet")
	inputs+=(-t "$t=store/$t.parquet,key=$o/$t.key")
	approvals+=(--approval "$o.approval")
done
redoubt keygen registry >/dev/null
redoubt host init host >>room.yaml
redoubt room compile room.yaml -o study.room
for o in clinic laboratory hospital; do
	redoubt room approve room.yaml --owner $o --key $o/sign.key -o $o.approval >/dev/null
done
for o in clinic laboratory hospital; do
	redoubt broker add $o/broker --passphrase-file $o/passphrase --room study.room "${approvals[@]}" \
		>/dev/null
	start $o redoubt broker serve $o/broker --passphrase-file $o/passphrase
	brokers+=(--broker "$o=$(cat $o.address)")
done
start host redoubt host serve host "${args[@]}" "${brokers[@]}"
now() { echo "${EPOCHREALTIME/[.,]/}"; }
took() { # COMMAND...: microseconds of wall time
	local from
	from=$(now)
	"$@" >/dev/null 2>&1
	echo $(($(now) - from))
}
middle() { sort -n | awk '{ v[NR] = $1 } END { printf "%.1f %.1f %.1f\n", v[int((NR + 1) / 2)] / 1000, v[1] / 1000, v[NR] / 1000 }'; }
for _ in $(seq 15); do
	took redoubt room run study.room --host "$(cat host.address)" -o out >>room.us
	took redoubt query "${inputs[@]}" "$(cat study.sql)" >>query.us
done
for _ in $(seq 21); do
	redoubt host probe host | sed -n 's/^enclave ready in \([0-9.]*\) ms/\1/p' >>start.ms
done
read -r room room_min room_max < <(middle <room.us)
read -r query query_min query_max < <(middle <query.us)
start=$(sort -n start.ms | sed -n 11p)
printf '%-44s %8s %8s %8s\n' "the joint study, wall ms of whole processes" median min max
printf '%-44s %8s %8s %8s\n' "redoubt room run (three brokers)" "$room" "$room_min" "$room_max"
printf '%-44s %8s %8s %8s\n' "redoubt query over the same sealed tables" "$query" "$query_min" "$query_max"
printf '%-44s %8s\n' "difference" "$(awk "BEGIN { printf \"%.1f\", $room - $query }")"
printf '%-44s %8s %8s %8s\n' "request to enclave ready" "$start" "$(sort -n start.ms | head -n 1)" \
	"$(sort -n start.ms | tail -n 1)"
