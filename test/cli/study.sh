#!/bin/bash
# The joint study of examples/nafld, all of it: the 17 visible rows are the reference's numbers, one
# group is withheld, and the four attempts fail for the right reason.
. "$RD_SRC/test/cli/lib.sh"
export XDG_STATE_HOME="$PWD/state" TMPDIR="$PWD"

cat >want.txt <<'X'
control 10 54 0 0 25.01 18 53.27 2
control 20 784 0 0 26.84 391 52.94 19
control 30 1886 21 1.64 28.39 1423 51.65 94
control 40 2964 52 2.39 28.55 2523 53.45 270
control 50 3773 147 5.87 29 3347 55.55 540
control 60 2692 228 13.27 29.66 2425 54.67 630
control 70 1346 278 34.05 28.9 1201 55.32 384
control 80 495 247 106.72 27.85 438 54.07 135
control 90 41 31 213.62 26.29 29 53.46 6
nafld 10 14 0 0 34.15 11 44.07 1
nafld 20 230 4 2.73 34.42 199 44.06 45
nafld 30 533 12 3.16 35.04 498 44.3 125
nafld 40 762 26 4.73 35.23 744 46.12 253
nafld 50 923 65 10.29 34.84 917 48.35 398
nafld 60 615 88 23.04 33.53 612 49.09 309
nafld 70 301 93 52.98 32.17 299 49.07 173
nafld 80 127 64 116.72 29.56 122 50.49 66
X
if [ -n "${RD_SANITIZED:-}" ]; then
	echo "1..0 # SKIP an enclave cannot be static in a sanitized build"
	exit 0
fi
t_exit 0 "the study runs from CSV to the opened answer" "$RD_SRC/examples/nafld/run" "$RD_BUILD"
cp out whole
# As numbers: 0.00 is 0, 29.00 is 29.
grep -E '^(control|nafld) ' whole | awk '{ for (i = 2; i <= NF; i++) $i += 0; print }' >got.txt
t_same got.txt want.txt "its 17 rows are the reference's"
cp whole out
t_out 'RELEASE +released 7 keys' "the clinic releases the footer's key and those of six columns"
t_out 'REFUSE .*\[attest\.measurement\]' "an enclave with one byte changed is refused"
t_out 'REFUSE .*query study.*\[broker\.release\.room\]' "a room edited after approval is refused"
t_out 'REFUSE .*query curious.*\[broker\.release\.room\]' "a query that nobody approved is refused"
t_out '\[room\.answer\.key\]' "another reader's key opens nothing"
t_out 'true: query study ran as approved' "the receipt is true"
t_err 'withheld.* 1 group, 0 cells' "one group is withheld"
t_exit 0 "and nothing is left behind" sh -c 'test -z "$(ls -d nafld.* 2>/dev/null)"'
t_done
