#!/bin/sh
# Reference values: manifests (CoRIM) of a vendor's, signed by another program, in a policy.
. "$RD_SRC/test/cli/lib.sh"
t_need_shared vectors/README.md

TDX=$RD_SHARED/vectors/tdx/v5-90c06f-uptodate-google
AT=2026-02-05T12:00:00Z
cat >sign.py <<'PY'
import sys
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives import hashes,serialization
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
def h(m,n): 
    if n<24: return bytes([m<<5|n])
    if n<256: return bytes([m<<5|24,n])
    return bytes([m << 5 | 26]) + n.to_bytes(4, 'big')
def enc(x):
    if isinstance(x,bool): return b'\xf5' if x else b'\xf4'
    if isinstance(x,int): return h(0,x) if x>=0 else h(1,-1-x)
    if isinstance(x,bytes): return h(2,len(x))+x
    if isinstance(x,str): return h(3,len(x.encode()))+x.encode()
    if isinstance(x,list): return h(4,len(x))+b''.join(map(enc,x))
    if isinstance(x,dict): return h(5,len(x))+b''.join(enc(k)+enc(v) for k,v in x.items())
    if isinstance(x,tuple): return h(6,x[0])+enc(x[1])
model, name, dig, out = sys.argv[1:5]
until = int(sys.argv[5]) if len(sys.argv) > 5 else 0
comid={1:{0:"t"},4:{0:[[{0:{2:model}},[{0:name,1:{2:[[7,bytes.fromhex(dig)]]}}]]]}}
corim=enc((501,{0:"x",1:[(506,enc(comid))],**({4:{1:(1,until)}} if until else {})}))
k=ec.generate_private_key(ec.SECP256R1())
prot=enc({1:-7,3:"application/rim+cbor",8:enc({0:{0:"me"}})})
tbs=enc(["Signature1",prot,b"",corim])
r,s=decode_dss_signature(k.sign(tbs,ec.ECDSA(hashes.SHA256())))
open(out,'wb').write(enc((18,[prot,{},corim,r.to_bytes(32,'big')+s.to_bytes(32,'big')])))
open(out + '.pem','wb').write(k.public_key().public_bytes(serialization.Encoding.PEM,serialization.PublicFormat.SubjectPublicKeyInfo))
PY
under() {
	t_want_status=$1
	t_what=$2
	printf 'version: 1\nreference_values:\n  - {file: %s}\n' "$3" >policy.yaml
	shift 3
	t_exit "$t_want_status" "$t_what" "$REDOUBT" verify "$TDX/quote.bin" --type tdx --collateral "$TDX" --at $AT \
		--policy policy.yaml "$@"
}
MRTD=7348651a34b2d2d3462822e3a750ec6110125f36757c78480bbfc69cc0d21fb001a1ced3ee19747dda8f750c3bc8f876
OTHER=00$(echo $MRTD | cut -c3-)
python3 sign.py tdx mrtd $MRTD good && python3 sign.py TDX mrtd $OTHER other && python3 sign.py snp measurement $MRTD snp &&
	python3 sign.py tdx mrtd $MRTD old 1700000000
t_ok $? "manifests are made"
under 0 "a quote of what a signed manifest names is accepted" 'good, keys: [good.pem]'
t_out 'pass +policy +attest.one_of +mrtd' "for its measurement"
under 3 "and of something else not" 'other, keys: [other.pem]'
t_out 'FAIL +policy +attest.one_of +mrtd' "for its measurement"
under 0 "any of several manifests may name it" 'good, keys: [good.pem]}
  - {file: other, keys: [other.pem]'
under 3 "a manifest of another signer is refused" 'good, keys: [other.pem]'
t_err 'rats\.corim\.signature' "with its code"
under 3 "and one that nobody's key or digest vouches for" 'good'
t_err 'tee\.key\.absent' "with its code"
under 3 "one that is out of date" 'old, keys: [old.pem]'
t_err 'rats\.corim\.time' "with its code"
under 3 "one about something else" 'snp, keys: [snp.pem]'
t_err 'rats\.corim\.references' "with its code"
under 1 "one that is not there" 'nowhere, keys: [good.pem]'
under 4 "a slip in the policy" 'good, key: [good.pem]'
t_err 'did you mean "keys"' "is named"
under 4 "no keys at all" 'good, keys: []'
t_exit 0 "what measure computes" "$REDOUBT" measure --kind tdx -o corim /usr/share/ovmf/OVMF.fd
mv out own
under 3 "is a manifest, too" "own, sha256: $(sha256sum own | cut -c1-64)"
t_out "mrtd .*expected $("$REDOUBT" measure --kind tdx /usr/share/ovmf/OVMF.fd | cut -c1-96)" "by the file's digest"
under 3 "and no other file" "own, sha256: $(sha256sum good | cut -c1-64)"
t_err 'rats\.corim\.pin' "with its code"
t_done
