#!/bin/sh
# Measurements equal those of sha384sum, whatever the size.
. "$RD_SRC/test/cli/lib.sh"

: >empty
head -c 1048576 /dev/zero >one
head -c 3000001 /dev/urandom >large
sha384sum empty one large >want
t_exit 0 "measure takes several files" "$REDOUBT" measure empty one large
t_same out want "and prints what sha384sum prints"
t_exit 1 "a file that is not there fails" "$REDOUBT" measure nowhere
t_err 'os\.file\.open' "with its code"
t_exit 2 "a folder is a usage error" "$REDOUBT" measure .
t_exit 2 "no file is a usage error" "$REDOUBT" measure
t_done
