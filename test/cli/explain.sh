#!/bin/sh
# Every code has its text, and a slip of the hand is met with the code that was meant.
. "$RD_SRC/test/cli/lib.sh"

t_exit 0 "explain knows a code" "$REDOUBT" explain crypto.aead.tag
t_out 'do not authenticate' "and what it means"
t_out 'What to do:' "and what to do"
t_exit 2 "an unknown code is a usage error" "$REDOUBT" explain crypto.aead.tg
t_err "did you mean 'crypto.aead.tag'" "with the nearest one"
t_exit 2 "no code is a usage error" "$REDOUBT" explain
grep -ho '^	{ "[a-z]*\.[a-z._0-9]*"' "$RD_SRC"/src/*/codes.c "$RD_SRC"/src/*/*/codes.c | cut -d'"' -f2 | sort >want
t_exit 0 "explain --all lists codes" "$REDOUBT" explain --all
cut -d' ' -f1 out | sort >got
t_same want got "every code of every module"
t_done
