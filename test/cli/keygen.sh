#!/bin/sh
# Keys: openssl reads them, nobody else can, and none is ever replaced.
. "$RD_SRC/test/cli/lib.sh"

t_exit 0 "keygen makes a folder of keys" "$REDOUBT" keygen party
t_exit 0 "openssl reads the Ed25519 key" openssl pkey -in party/sign.key -pubout -out got.pub
t_same got.pub party/sign.pub "and derives the public key that was written"
t_exit 0 "openssl reads the X25519 key" openssl pkey -in party/read.key -pubout -out got.pub
t_same got.pub party/read.pub "and derives the public key that was written"
t_exit 0 "private keys are for their owner alone" \
	test "$(stat -c %a party/sign.key party/release.key party/tls.key party/read.key | sort -u)" = 600
t_exit 0 "the four keys differ" test "$(sort -u party/*.key | grep -vc '^-----')" = 4
cp -r party before
t_exit 1 "a second keygen refuses" "$REDOUBT" keygen party
t_err 'os\.file\.exists' "and says why"
t_exit 0 "and leaves every file as it was" diff -r party before
rm party/sign.key
t_exit 1 "one file in the way is enough" "$REDOUBT" keygen party
t_exit 1 "and nothing is written then" test -e party/sign.key
t_exit 2 "no folder is a usage error" "$REDOUBT" keygen
echo text >file
t_exit 1 "a file in the place of the folder fails" "$REDOUBT" keygen file/party
t_done
