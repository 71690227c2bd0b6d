#!/bin/sh
# What the program does before any command is chosen.
. "$RD_SRC/test/cli/lib.sh"

t_exit 0 "--version succeeds" "$REDOUBT" --version
t_out '^redoubt [0-9]+\.[0-9]+\.[0-9]+$' "--version prints name and version"
t_exit 0 "--help succeeds" "$REDOUBT" --help
t_out '^Usage: redoubt ' "--help starts with the usage"
t_exit 2 "no argument is a usage error" "$REDOUBT"
t_err '^redoubt: ' "and says so on stderr"
t_exit 2 "an unknown command is a usage error" "$REDOUBT" frobnicate
t_err 'frobnicate' "and names it"
t_done
