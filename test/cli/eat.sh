#!/bin/sh
# EAT: the examples of RFC 9711, from diagnostic notation; nobody's key is there, so none is accepted.
. "$RD_SRC/test/cli/lib.sh"
t_need_shared vectors/eat/MANIFEST.md

E=$RD_SHARED/vectors/eat
for f in "$E"/valid_*.diag "$E/minimal.diag" "$E/simple.diag"; do
	python3 "$RD_SRC/test/vector/diag.py" <"$f" >token.cbor
	t_exit 3 "$(basename "$f") is read" "$REDOUBT" verify token.cbor --type eat --at 2020-01-01T00:00:00Z
	! grep -E '^  FAIL' out | grep -v 'rats.eat.time' >&2
	t_ok $? "and nothing in it fails but its dates"
done
for f in valid_results audio_ss graphics_ss main_token_claims submods deb; do
	t_exit 3 "$f.json is read" "$REDOUBT" verify "$E/$f.json" --type eat
	! grep -E '^  FAIL' out >&2
	t_ok $? "and nothing in it fails"
done
t_out 'pass +crypto +rats.eat.detached +Audio Subsystem' "detached claims are those of the digest"
sed 's/ewogICAgImVhdF9ub25jZSI6ICJs/ewogICAgImVhdF9ub25jZSI6ICJt/' "$E/deb.json" >other.json
t_exit 3 "others are refused" "$REDOUBT" verify other.json --type eat
t_out 'FAIL +crypto +rats.eat.detached +Audio Subsystem' "by name"
t_exit 4 "a version that is plain text is against the RFC" "$REDOUBT" verify "$E/simple.json" --type eat
t_err 'swversion' "by name"
t_exit 4 "a software identity is no token" "$REDOUBT" verify "$RD_SHARED/vectors/cmw/collection-cbor-ok.cbor" --type eat
t_done
