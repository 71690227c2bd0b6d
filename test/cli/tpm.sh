#!/bin/sh
# A living TPM: swtpm and tpm2-tools make keys, quotes and registers in every form that they know; a log of what
# was extended must explain them.
. "$RD_SRC/test/cli/lib.sh"

for tool in swtpm tpm2_quote tpm2_encodeobject python3; do
	command -v $tool >/dev/null || t_skip "no $tool"
done
mkdir state
swtpm socket --tpm2 --tpmstate dir="$t_dir/state" --ctrl type=unixio,path="$t_dir/sock.ctrl" \
	--server type=unixio,path="$t_dir/sock" --flags not-need-init,startup-clear --pid file="$t_dir/pid" >swtpm.log 2>&1 &
trap 'kill $! 2>/dev/null; rm -rf "$t_dir"' EXIT
for i in $(seq 50); do
	[ -S sock.ctrl ] && [ -S sock ] && break
	sleep 0.2
done
export TPM2TOOLS_TCTI="swtpm:path=$t_dir/sock"
tpm2_pcrread sha1:0+sha256:0+sha384:0 >all 2>tpm.log && [ "$(grep -c ' 0 ' all)" -eq 3 ] ||
	t_skip "this swtpm does not answer"
# Small TPMs hold three objects and three sessions: nothing stays.
flush() {
	for what in -t -l -s; do tpm2_flushcontext -Q $what 2>>tpm.log; done
}
tpm() {
	flush
	"$@" >>tpm.log 2>&1 || echo "# failed: $*"
}
ok() { # STATUS NAME QUOTE COLLATERAL...
	t_want_status=$1
	t_what=$2
	quote=$3
	shift 3
	for piece in "$@"; do set -- "$@" --collateral "$piece"; shift; done
	t_exit "$t_want_status" "$t_what" "$REDOUBT" verify "$quote.msg" --type tpm --nonce cafe01 --collateral "$quote.sig" "$@"
}

# A machine's start: events of three registers, extended into the TPM and written down in a log.
python3 - >extend <<'X'
import hashlib, struct
algs = [("sha1", 4), ("sha256", 11), ("sha384", 12)]
events = [(0, 8, b"firmware"), (4, 0x80000003, b"loader"), (7, 0x80000001, b"SecureBoot"), (4, 4, b"\0\0\0\0")]
spec = b"Spec ID Event03\0" + struct.pack("<IBBBBI", 0, 0, 2, 0, 2, len(algs))
spec += b"".join(struct.pack("<HH", number, hashlib.new(name).digest_size) for name, number in algs) + b"\0"
log = struct.pack("<II20sI", 0, 3, bytes(20), len(spec)) + spec
for pcr, kind, data in events:
    digests = [(name, number, hashlib.new(name, data).digest()) for name, number in algs]
    log += struct.pack("<III", pcr, kind, len(algs))
    log += b"".join(struct.pack("<H", number) + digest for _, number, digest in digests) + struct.pack("<I", len(data)) + data
    print(f"{pcr}:" + ",".join(f"{name}={digest.hex()}" for name, _, digest in digests))
open("log.bin", "wb").write(log + bytes(4096))
X
while read -r extension; do tpm tpm2_pcrextend "$extension"; done <extend
tpm2_pcrread sha256:0,4,7 >read.yaml 2>>tpm.log
t_exit 0 "a log is replayed" "$REDOUBT" measure --kind tpm log.bin
for i in 0 4 7; do
	value=$(sed -n "s/^ *$i *: 0x//p" read.yaml | tr A-F a-f)
	grep -q "$value" out
	t_ok $? "to what the TPM holds in register $i"
done

# make NAME KIND SCHEME HASH: a restricted key, in each form
tpm tpm2_createek -c ek.ctx -G ecc -u ek.pub
make() {
	tpm tpm2_createak -C ek.ctx -c "$1.ctx" -G "$2" -s "$3" -g "$4" -u "$1.tpm2b" -r "$1.private" -f tss
	for form in pem der tpmt; do tpm tpm2_readpublic -c "$1.ctx" -f $form -o "$1.$form"; done
	tpm tpm2_encodeobject -C ek.ctx -u "$1.tpm2b" -r "$1.private" -o "$1.tss2"
}
# quote NAME KEY SELECTION SIGNATURE REGISTERS HASH SCHEME
quote() {
	flush
	tpm2_quote -c "$2.ctx" -l "$3" -q cafe01 -m "$1.msg" -s "$1.sig" -o "$1.pcrs" -f "$4" -F "$5" -g "$6" --scheme "$7" \
		>"$1.yaml" 2>>tpm.log || echo "# failed: quote $1"
}
make ecc ecc ecdsa sha256
make rsa rsa rsassa sha256
make pss rsa rsapss sha256
make ecc384 ecc384 ecdsa sha384
for key in ecc:ecdsa:256 rsa:rsassa:256 pss:rsapss:256 ecc384:ecdsa:384; do
	hash=sha${key##*:}
	scheme=${key#*:}
	scheme=${scheme%:*}
	key=${key%%:*}
	for form in tss plain; do
		quote "$key-$form" "$key" "$hash:0,4,7" $form serialized "$hash" "$scheme"
		ok 0 "$key, signature as $form" "$key-$form" "$key.tpm2b" "$key-$form.pcrs" log.bin
		t_out 'pass +crypto +tee.tpm.digest' "with its registers"
		t_out 'pass +policy +tee.tpm.log.replay' "which the log explains"
	done
done
for form in pem der tpmt tpm2b tss2; do
	[ -s ecc.$form ] && ok 0 "the key as $form" ecc-tss ecc.$form ecc-tss.pcrs
done

# ---- certificates of the key: by whom a policy trusts, and of this key
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -subj "/CN=TPM maker" -days 30 \
	-addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign 2>>tpm.log
certify() { # NAME PUBLIC
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout throwaway.key -subj "/CN=$1" 2>>tpm.log |
		openssl x509 -req -CA ca.pem -CAkey ca.key -CAcreateserial -force_pubkey "$2" -days 30 -out "$1.crt" 2>>tpm.log
}
certify ak ecc.pem
certify other rsa.pem
printf 'version: 1\nanchors: [ca.pem]\n' >maker.yaml
t_exit 0 "a certificate in place of the key" "$REDOUBT" verify ecc-tss.msg --type tpm --collateral ecc-tss.sig \
	--collateral ak.crt --collateral ecc-tss.pcrs --policy maker.yaml
t_out 'pass +crypto +tee.chain ' "leads to its maker"
ok 3 "of a maker whom nobody trusts it is refused" ecc-tss ak.crt ecc-tss.pcrs
t_out 'FAIL +crypto +tee.chain ' "for its path"
ok 3 "another key's certificate is no key of this quote" ecc-tss other.crt ecc-tss.pcrs
t_out 'absent +crypto +tee.tpm.key.absent' "so there is none"
ok 0 "and beside the key it says nothing" ecc-tss ecc.pem other.crt ecc-tss.pcrs

# ---- registers
ok 0 "registers as printed with the quote" ecc-tss ecc.pem ecc-tss.yaml
t_out 'pass +crypto +tee.tpm.digest' "are compared"
ok 0 "registers as read" ecc-tss ecc.pem read.yaml
t_out 'pass +crypto +tee.tpm.digest' "are compared"
quote two ecc sha1:0,4+sha256:0,4,7+sha384:7 tss serialized sha256 ecdsa
quote values ecc sha1:0,4+sha256:0,4,7+sha384:7 tss values sha256 ecdsa
quote eight rsa sha256:0,1,2,3,4,5,6,7 tss values sha256 rsassa
quote every ecc sha256:all+sha384:all tss serialized sha256 ecdsa
for name in two values; do
	ok 0 "three banks, $name" $name ecc.pem $name.pcrs log.bin
	t_out 'sha1:0,4\+sha256:0,4,7\+sha384:7' "by name"
	t_out 'pass +policy +tee.tpm.log.replay' "the log explains each"
done
ok 0 "three banks as printed" two ecc.pem two.yaml
t_out 'pass +crypto +tee.tpm.digest' "are compared"
ok 0 "values as long as a signature" eight rsa.pem eight.pcrs
t_out 'pass +crypto +tee.tpm.digest' "are compared"
ok 0 "every register of two banks" every ecc.pem every.pcrs log.bin
t_out 'pass +policy +tee.tpm.log.replay' "as resets leave them, but the logged ones"
tpm2_pcrread sha256:0,4 >fewer.yaml 2>>tpm.log
ok 3 "fewer registers than were quoted are refused" ecc-tss ecc.pem fewer.yaml
t_out 'FAIL +crypto +tee.tpm.selection +pcrs +sha256:0,4 \(expected sha256:0,4,7\)' "by name"
ok 3 "registers of another quote, too" ecc-tss ecc.pem two.pcrs

# ---- what must not pass
ok 3 "another key is refused" ecc-tss rsa.pem ecc-tss.pcrs
t_out 'FAIL +crypto +tee.tpm.signature' "by its signature"
t_exit 3 "another nonce is refused" "$REDOUBT" verify ecc-tss.msg --type tpm --nonce cafe02 --collateral ecc-tss.sig \
	--collateral ecc.pem --collateral ecc-tss.pcrs
tpm tpm2_createprimary -C o -G ecc -c primary.ctx
tpm tpm2_create -C primary.ctx -G ecc:ecdsa-sha256 -a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign' \
	-u loose.tpm2b -r loose.private -c loose.ctx
quote loose loose sha256:0,4,7 tss serialized sha256 ecdsa
ok 3 "a key that signs anything is refused" loose loose.tpm2b loose.pcrs
t_out 'FAIL +crypto +tee.tpm.key .* not restricted' "for what it is"
tpm tpm2_readpublic -c loose.ctx -f pem -o aaa.pem
ok 3 "also when it is given as PEM besides" loose aaa.pem loose.tpm2b loose.pcrs
tpm tpm2_pcrextend 8:sha256=$(printf '%064d' 8)
quote more ecc sha256:0,4,7,8 tss serialized sha256 ecdsa
ok 0 "a register that the log does not speak of" more ecc.pem more.pcrs log.bin
t_out 'warn +policy +tee.tpm.log.replay +event log +sha256 register 8' "is named"
printf 'version: 1\ntpm:\n  event_log: required\n' >log.yaml
t_exit 3 "and refused where the log must explain all" "$REDOUBT" verify more.msg --type tpm --collateral more.sig \
	--collateral ecc.pem --collateral more.pcrs --collateral log.bin --policy log.yaml
t_exit 0 "as it does the others" "$REDOUBT" verify ecc-tss.msg --type tpm --collateral ecc-tss.sig \
	--collateral ecc.pem --collateral ecc-tss.pcrs --collateral log.bin --policy log.yaml
t_exit 0 "a policy from the log" "$REDOUBT" measure --kind tpm -o policy log.bin
cp out measured.yaml
t_exit 0 "accepts the machine" "$REDOUBT" verify ecc-tss.msg --type tpm --collateral ecc-tss.sig --collateral ecc.pem \
	--collateral ecc-tss.pcrs --policy measured.yaml
quote fewer ecc sha256:0,4 tss serialized sha256 ecdsa
t_exit 3 "no quote without a register that it demands" "$REDOUBT" verify fewer.msg --type tpm --collateral fewer.sig \
	--collateral ecc.pem --collateral fewer.pcrs --policy measured.yaml
t_out 'FAIL +policy +attest.one_of +pcrs.7 +nothing' "by the register"
tpm tpm2_pcrextend 7:sha256=$(printf '%064d' 7)
quote changed ecc sha256:0,4,7 tss serialized sha256 ecdsa
t_exit 3 "and no other" "$REDOUBT" verify changed.msg --type tpm --collateral changed.sig --collateral ecc.pem \
	--collateral changed.pcrs --policy measured.yaml
t_out 'FAIL +policy +attest.one_of +pcrs.7' "by the register"
t_done
