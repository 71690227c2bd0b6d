#!/bin/sh
# verify, policy, collateral and measure on recorded evidence: exit codes, forms, policies, what is said.
. "$RD_SRC/test/cli/lib.sh"
t_need_shared vectors/README.md

V=$RD_SHARED/vectors
TDX=$V/tdx/v5-90c06f-uptodate-google
SNP=$V/sev-snp/milan-v3-ms
verify_tdx() {
	t_want_status=$1
	t_what=$2
	shift 2
	t_exit "$t_want_status" "$t_what" "$REDOUBT" verify "$TDX/quote.bin" --type tdx \
		--collateral "$TDX" --at 2026-02-05T12:00:00Z "$@"
}

# ---- verify
verify_tdx 0 "a TDX quote with all its collateral is accepted"
t_out '^accepted at level hardware$' "with one line of verdict"
t_out 'pass +tcb +tee.tcb.status' "a table of checks"
t_out '^  mrtd +"7348651a' "and the claims"
verify_tdx 0 "JSON is for programs" -o json
python3 -c 'import json, sys; d = json.load(open("out")); sys.exit(d["findings"]["tcb"]["status"] != "UpToDate")'
t_ok $? "with the status word"
t_exit 3 "what fails says so to programs" "$REDOUBT" verify "$TDX/quote.bin" --type tdx --at 2026-02-05T12:00:00Z -o json
python3 -c '
import json, sys
reasons = [r for f in json.load(open("out"))["findings"].values() for r in f["reasons"]]
bad = [r for r in reasons if r["result"] in ("fail", "absent")]
assert bad and all(r["remedy"] and r["expected"] and r["found"] and r["claim"] for r in bad)'
t_ok $? "with what was expected, found, and what to do"
t_exit 3 "without collateral it is refused" "$REDOUBT" verify "$TDX/quote.bin" --type tdx --at 2026-02-05T12:00:00Z
t_out 'absent +revocation|absent +tcb' "and what is missing is said"
t_exit 3 "a day after the collateral's end it is refused" "$REDOUBT" verify "$TDX/quote.bin" --type tdx \
	--collateral "$TDX" --at 2026-02-12T12:00:00Z
t_out 'FAIL +tcb +tee.dcap.collateral.time' "for its age"
verify_tdx 3 "another nonce is refused" --nonce 00ff
head -c 700 "$TDX/quote.bin" >cut
t_exit 4 "a quote that is cut off is malformed" "$REDOUBT" verify cut --type tdx
t_exit 4 "SNP evidence is no TDX quote" "$REDOUBT" verify "$SNP/report.bin" --type tdx
printf 'e30.e30.' | sed 's/^e30/eyJhbGciOiJcdTAwMWJbMkoiLCJjcml0IjpbXX0/' >escape.jwt
printf '{"eat_profile":"x","\\u001b[2J":1,"a":2}' >escape.json
for f in escape.jwt escape.json; do
	"$REDOUBT" verify $f --type ear >out 2>err
	! grep -q "$(printf '\033')" out err
	t_ok $? "$f moves no cursor"
done
t_exit 2 "an unknown type is a usage error" "$REDOUBT" verify "$SNP/report.bin" --type snpp
t_err 'snp, sgx, tdx' "which lists the types"
t_exit 2 "evidence must say what it is" "$REDOUBT" verify "$SNP/report.bin"
t_exit 2 "a receipt needs a room" "$REDOUBT" verify "$SNP/report.bin" --type receipt
mkdir many
for i in $(seq 70); do echo x >many/$i; done
t_exit 2 "too many pieces of collateral" "$REDOUBT" verify "$SNP/report.bin" --type snp --collateral many
t_exit 0 "one file is collateral too" "$REDOUBT" verify "$SNP/report.bin" --type snp \
	--collateral "$SNP/vcek.pem" --at 2026-03-01T00:00:00Z

# ---- on a terminal: colours unless they are not wanted, and no line wider than it
on_terminal() {
	script -qec "stty cols 80; $1 '$REDOUBT' verify '$TDX/quote.bin' --type tdx --collateral '$TDX' \
		--at 2026-02-05T12:00:00Z" /dev/null </dev/null | tr -d '\r' >out
}
on_terminal ""
t_out "$(printf '^\033\\[32maccepted')" "a terminal has colours"
sed 's/\x1b\[[0-9]*m//g' out | awk 'length > 80 { exit 1 }'
t_ok $? "and lines that fit"
on_terminal NO_COLOR=1
! grep -q "$(printf '\033')" out
t_ok $? "no colours where NO_COLOR says so"

# ---- the vendor's root or nothing
printf 'version: 1\nanchors: [%s]\n' "$V/sgx/intel-sample/trustedRootCaCert.pem" >own-root.yaml
sample() {
	t_want_status=$1
	t_what=$2
	shift 2
	t_exit "$t_want_status" "$t_what" "$REDOUBT" verify "$V/sgx/intel-sample/quote.dat" --type sgx \
		--collateral "$V/sgx/intel-sample" --at 2025-01-01T00:00:00Z "$@"
}
sample 3 "a quote under another root is refused"
t_out 'FAIL +crypto +tee.chain ' "for its chain"
sample 0 "and accepted when a policy names that root" --policy own-root.yaml
t_out 'warn +crypto +tee.anchor.test' "with a warning"

# ---- policies
t_exit 0 "a policy is suggested from evidence" "$REDOUBT" policy suggest "$TDX/quote.bin" --type tdx \
	--collateral "$TDX" --at 2026-02-05T12:00:00Z
cp out policy.yaml
verify_tdx 0 "it accepts that evidence" --policy policy.yaml
sed 's/mrtd: \["73/mrtd: ["74/' policy.yaml >other.yaml
verify_tdx 3 "another measurement is refused" --policy other.yaml
t_out 'FAIL +policy +attest.one_of +mrtd' "by name"
t_exit 0 "a change is explained on recorded evidence" "$REDOUBT" policy diff policy.yaml other.yaml "$TDX/quote.bin" \
	--type tdx --collateral "$TDX" --at 2026-02-05T12:00:00Z
t_out 'accepted before, refused after' "which way it goes"
t_out 'now fails +attest.one_of: mrtd' "and by what"
sed '/mrtd/d' policy.yaml >loose.yaml
t_exit 0 "a change that lets more in" "$REDOUBT" policy diff policy.yaml loose.yaml "$TDX/quote.bin" \
	--type tdx --collateral "$TDX" --at 2026-02-05T12:00:00Z
t_out 'accepted by both' "is one although this evidence meets both"
t_out 'no longer held +attest.one_of: mrtd' "by what it does not look at any more"
t_exit 0 "the keys of a policy are listed" "$REDOUBT" policy keys tdx
t_out '^  mrtd ' "by name"
t_out '48 bytes in hex' "with the form of their values"
t_exit 2 "of a type that is known" "$REDOUBT" policy keys tdxx
t_exit 0 "a policy that no evidence would meet" "$REDOUBT" policy suggest "$V/sgx/v3-chainorder-fortanix/quote.bin" \
	--type sgx --at 2021-01-01T00:00:00Z
t_err 'does not accept it yet: ' "says what is still missing"
printf 'version: 1\ntdx:\n  mrtd: []\n' >empty.yaml
verify_tdx 4 "an empty list is an error" --policy empty.yaml
t_err 'empty.yaml:3:9: mrtd: the list is empty' "with its place"
printf 'version: 1\ntdx:\n  mrtdd: [00]\n' >slip.yaml
verify_tdx 4 "a slip of the hand too" --policy slip.yaml
t_err 'did you mean "mrtd"' "with the nearest key"
t_exit 3 "evidence that does not verify is no model" "$REDOUBT" policy suggest \
	"$V/sgx/v3-badsig-fortanix/quote.bin" --type sgx --at 2021-01-01T00:00:00Z

ear() {
	t_want_status=$1
	t_what=$2
	shift 2
	t_exit "$t_want_status" "$t_what" "$REDOUBT" verify "$V/ear/c-ear.jwt" --type ear --collateral "$V/ear/c-ear_pub.pem" \
		--at 2024-01-01T00:00:00Z "$@"
}
{ printf '{"keys":[{"kty":"oct","k":"AA"},'; cat "$V/ear/pkey.json"; printf ']}'; } >set.json
t_exit 0 "keys come in sets, too" "$REDOUBT" verify "$V/ear/c-ear.jwt" --type ear --collateral set.json \
	--at 2024-01-01T00:00:00Z
t_exit 0 "a policy for attestation results" "$REDOUBT" policy suggest "$V/ear/c-ear.jwt" --type ear \
	--collateral "$V/ear/c-ear_pub.pem" --at 2024-01-01T00:00:00Z
cp out ear.yaml
ear 0 "accepts the one it is made from" --policy ear.yaml
sed 's/PARSEC_TPM/other/' ear.yaml >other-ear.yaml
ear 3 "and no other attester's" --policy other-ear.yaml
t_exit 0 "a policy for reference values" "$REDOUBT" policy suggest "$V/corim/signed-good-corim.cbor" --type corim \
	--collateral "$V/corim/signer_pub.jwk" --at 1750000000
cp out corim.yaml
t_exit 0 "accepts them, and Unix seconds are a time" "$REDOUBT" verify "$V/corim/signed-good-corim.cbor" --type corim \
	--collateral "$V/corim/signer_pub.jwk" --at 1750000000 --policy corim.yaml
t_exit 3 "and no others" "$REDOUBT" verify "$V/corim/signed-example-corim.cbor" --type corim \
	--collateral "$V/corim/signer_pub.jwk" --at 1750000000 --policy corim.yaml

# ---- results for others
t_exit 0 "a verifier's keys" "$REDOUBT" keygen verifier
t_exit 0 "an attestation result, signed" "$REDOUBT" verify "$TDX/quote.bin" --type tdx --collateral "$TDX" \
	--at 2026-02-05T12:00:00Z -o ear --key verifier/sign.key
cp out result.jwt
t_exit 0 "is accepted by whoever has the verifier's key" "$REDOUBT" verify result.jwt --type ear --collateral verifier/sign.pub
t_out 'submods.tdx +"affirming"' "as affirming"
t_exit 3 "and by nobody else" "$REDOUBT" verify result.jwt --type ear --collateral "$V/ear/c-ear_pub.pem"
t_exit 3 "a refusal is a result too" "$REDOUBT" verify "$TDX/quote.bin" --type tdx --at 2026-02-05T12:00:00Z \
	-o ear-veraison --key verifier/sign.key
cp out refused.jwt
t_exit 3 "that says so" "$REDOUBT" verify refused.jwt --type ear --collateral verifier/sign.pub
t_out 'submods.tdx +"contraindicated"' "under the old profile's names"
t_exit 0 "the same as CWT" "$REDOUBT" verify "$TDX/quote.bin" --type tdx --collateral "$TDX" \
	--at 2026-02-05T12:00:00Z -o ear-cwt --key verifier/sign.key
mv out result.cwt
t_exit 0 "is accepted, too" "$REDOUBT" verify result.cwt --type ear --collateral verifier/sign.pub
t_out 'submods.tdx +"affirming"' "with its submodule"
t_exit 3 "and by nobody else, either" "$REDOUBT" verify result.cwt --type ear --collateral "$V/ear/c-ear_pub.pem"
t_exit 2 "a CWT needs a key" "$REDOUBT" verify "$TDX/quote.bin" --type tdx --collateral "$TDX" -o ear-cwt
# The oracle: Python's own reading of the token, and its Ed25519.
cat >oracle.py <<'PY'
import base64, json, sys
from cryptography.hazmat.primitives.serialization import load_pem_public_key
key = load_pem_public_key(open("verifier/sign.pub", "rb").read())
def b64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
def item(data, at):
    major, info = data[at] >> 5, data[at] & 31
    extra = 0 if info < 24 else 1 << (info - 24)
    value = int.from_bytes(data[at + 1:at + 1 + extra], "big") if extra else info
    at += 1 + extra
    if major == 0: return value, at
    if major == 1: return -1 - value, at
    if major in (2, 3):
        raw = data[at:at + value]
        return (raw if major == 2 else raw.decode()), at + value
    if major == 4:
        out = []
        for _ in range(value):
            v, at = item(data, at)
            out.append(v)
        return out, at
    if major == 5:
        out = {}
        for _ in range(value):
            k, at = item(data, at)
            out[k], at = item(data, at)
        return out, at
    v, at = item(data, at)
    return (value, v), at
def head(major, n):
    return bytes([major << 5 | n]) if n < 24 else bytes([major << 5 | 24, n]) if n < 256 else \
        bytes([major << 5 | 25]) + n.to_bytes(2, "big")
if sys.argv[1].endswith(".jwt"):
    h, p, s = open(sys.argv[1]).read().strip().split(".")
    assert json.loads(b64(h))["alg"] == "EdDSA"
    key.verify(b64(s), (h + "." + p).encode())
    c = json.loads(b64(p))
    status = c["submods"]["tdx"]["ear_status"]
    assert c["eat_profile"] == "tag:ietf.org,2026:rats/ear#04" and isinstance(c["iat"], int)
    assert set(c["ear_verifier_id"]) == {"developer", "build"}
    assert b64(c["eat_nonce"]) == bytes.fromhex(sys.argv[2])
    assert status == "affirming", status
else:
    (tag, (protected, _, payload, sig)), _ = item(open(sys.argv[1], "rb").read(), 0)
    assert tag == 18 and item(protected, 0)[0][1] == -8
    parts = [b"Signature1", protected, b"", payload]
    key.verify(sig, b"\x84" + head(3, 10) + parts[0] + b"".join(head(2, len(x)) + x for x in parts[1:]))
    c, _ = item(payload, 0)
    assert c[265] == "tag:ietf.org,2026:rats/ear#04" and c[266]["tdx"][1000] == 2 and set(c[1004]) == {0, 1}
PY
nonce=$(python3 -c "print(open('$TDX/quote.bin','rb').read().hex()[2*(48+6+520):][:128])")
verify_tdx 0 "a result that echoes the nonce" --nonce "$nonce" -o ear --key verifier/sign.key
cp out nonce.jwt
for token in nonce.jwt result.cwt; do
	python3 oracle.py $token "$nonce" 2>err
	t_ok $? "another reader verifies $token"
done
t_exit 0 "without a key the claims alone" "$REDOUBT" verify "$TDX/quote.bin" --type tdx --collateral "$TDX" \
	--at 2026-02-05T12:00:00Z -o ear
t_out '"ear_status":"affirming"' "for another signer"

# ---- collateral
t_exit 0 "what to download for SNP" "$REDOUBT" collateral needs "$SNP/report.bin" --type snp
t_out '^vcek.der https://.*blSPL=4&teeSPL=0&snpSPL=24&ucodeSPL=219$' "by the reported versions"
t_exit 0 "and for TDX" "$REDOUBT" collateral needs "$TDX/quote.bin" --type tdx
t_out '^tcb_info.json https://.*fmspc=90c06f000000$' "by its platform"
t_exit 0 "downloads are kept by what they are" "$REDOUBT" collateral import cache "$TDX/tcb_info.json" \
	"$TDX/qe_identity.json" "$TDX/pck_crl.der" "$TDX/root_ca_crl.der" "$TDX/tcb_signing_chain.pem" "$TDX/pck_chain.pem" \
	--at 2026-02-05T12:00:00Z
t_out '^TCB info +cache/tcb_info.json' "and named"
t_exit 0 "and serve to verify" "$REDOUBT" verify "$TDX/quote.bin" --type tdx --collateral cache \
	--at 2026-02-05T12:00:00Z
{ printf 'HTTP/1.1 200 OK\r\nTCB-Info-Issuer-Chain: '
	sed 's/ /%20/g; s/+/%2B/g; s/$/%0A/' "$TDX/tcb_signing_chain.pem" | tr -d '\n'
	printf '\r\n'; } >tcb_info.json.headers
t_exit 0 "the signer's chain comes in a header" "$REDOUBT" collateral import headers "$TDX/tcb_info.json" \
	"$TDX/qe_identity.json" "$TDX/pck_crl.der" "$TDX/root_ca_crl.der" tcb_info.json.headers "$TDX/pck_chain.pem" \
	--at 2026-02-05T12:00:00Z
t_out '^certificates +headers/tcb_info.json.headers' "which is kept"
t_exit 0 "and serves to verify" "$REDOUBT" verify "$TDX/quote.bin" --type tdx --collateral headers \
	--at 2026-02-05T12:00:00Z
echo nothing >nothing.txt
t_exit 4 "what is none of them is refused" "$REDOUBT" collateral import cache nothing.txt
t_exit 3 "old collateral is refused" "$REDOUBT" collateral import old "$TDX/tcb_info.json" "$TDX/tcb_signing_chain.pem" \
	--at 2027-06-05T12:00:00Z
t_err 'tee\.collateral\.time' "by its dates"
sed 's/UpToDate/uptodate/' "$TDX/tcb_info.json" >forged.json
t_exit 3 "altered collateral is refused" "$REDOUBT" collateral import forged forged.json \
	"$TDX/tcb_signing_chain.pem" --at 2026-02-05T12:00:00Z
t_err 'tee\.collateral\.signer' "by its signature"
[ -z "$(ls forged)" ]
t_ok $? "and nothing is kept"
t_exit 3 "collateral without its signer is refused" "$REDOUBT" collateral import forged "$TDX/tcb_info.json" \
	--at 2026-02-05T12:00:00Z
t_exit 3 "a revocation list without its issuer, too" "$REDOUBT" collateral import forged "$TDX/pck_crl.der" \
	--at 2026-02-05T12:00:00Z
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout own.key -out own.pem -subj /CN=own -days 30 \
	2>/dev/null
t_exit 3 "a certificate of nobody's is refused" "$REDOUBT" collateral import forged own.pem
printf 'version: 1\nanchors: [own.pem]\n' >own.yaml
t_exit 0 "unless a policy trusts it" "$REDOUBT" collateral import own own.pem --policy own.yaml
t_exit 0 "a chip's certificate leads to AMD's root" "$REDOUBT" collateral import amd "$SNP/vcek.pem" \
	--at 2026-02-06T01:04:33Z

# ---- measure
LOGS=$V/tpm/eventlogs
for log in coreos_36_shielded_vm_no_secure_boot_eventlog crypto_agile_eventlog ebs_event_missing_eventlog \
	option_rom_eventlog; do
	t_exit 0 "an event log is replayed: $log" "$REDOUBT" measure --kind tpm "$LOGS/$log"
done
t_exit 4 "a log that measures nothing is refused" "$REDOUBT" measure --kind tpm "$LOGS/short_no_action_eventlog"
GCP=$V/tpm/gcp-windows-rsa-sha1-goattestation
t_exit 0 "a policy from a log" "$REDOUBT" measure --kind tpm -o policy "$GCP/eventlog.bin"
{ cat out; echo "  sha1: allowed"; } >log.yaml
t_exit 0 "accepts the machine that wrote it" "$REDOUBT" verify "$GCP/quote.msg" --type tpm --collateral "$GCP" \
	--policy log.yaml
printf 'version: 1\n' >strict.yaml
t_exit 3 "a policy file forbids SHA-1" "$REDOUBT" verify "$GCP/quote.msg" --type tpm --collateral "$GCP" \
	--policy strict.yaml
t_out 'FAIL +policy +attest.flag +sha1' "by name"
t_exit 0 "reference values as CoRIM" "$REDOUBT" measure --kind tpm -o corim "$LOGS/crypto_agile_eventlog"
cp out log.corim
t_exit 3 "can be read, and are unsigned" "$REDOUBT" verify log.corim --type corim
t_out 'absent +crypto +rats.unsigned' "so they do not pass"
t_done
