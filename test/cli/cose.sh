#!/bin/sh
# COSE with a chain in its header, as the endorsements of utility VMs have it; signed by another program.
. "$RD_SRC/test/cli/lib.sh"

cat >sign.py <<'PY'
import base64, datetime, hashlib
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives import hashes,serialization
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
def h(m,n): 
    if n<24: return bytes([m<<5|n])
    if n<256: return bytes([m<<5|24,n])
    return bytes([m << 5 | 25]) + n.to_bytes(2, 'big')
def enc(x):
    if isinstance(x,bool): return b'\xf5' if x else b'\xf4'
    if isinstance(x,int): return h(0,x) if x>=0 else h(1,-1-x)
    if isinstance(x,bytes): return h(2,len(x))+x
    if isinstance(x,str): return h(3,len(x.encode()))+x.encode()
    if isinstance(x,list): return h(4,len(x))+b''.join(map(enc,x))
    if isinstance(x,dict): return h(5,len(x))+b''.join(enc(k)+enc(v) for k,v in x.items())
    if isinstance(x,tuple): return h(6,x[0])+enc(x[1])
from cryptography import x509
from cryptography.x509.oid import NameOID,ObjectIdentifier
from cryptography.hazmat.primitives.asymmetric import rsa,padding
def cert(cn,key,issuer,ikey,ca,eku=None):
    n=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME,cn)])
    b=x509.CertificateBuilder().subject_name(n).issuer_name(issuer or n).public_key(key.public_key()).serial_number(x509.random_serial_number()).not_valid_before(datetime.datetime(2024,1,1)).not_valid_after(datetime.datetime(2028,1,1))
    b=b.add_extension(x509.BasicConstraints(ca,None),True)
    b=b.add_extension(x509.KeyUsage(not ca,False,False,False,False,ca,ca,False,False),True)
    if eku: b=b.add_extension(x509.ExtendedKeyUsage([ObjectIdentifier(o) for o in eku]),False)
    return b.sign(ikey,hashes.SHA384()),n
k=[rsa.generate_private_key(65537,s) for s in (2048,2048,2048)]
root,rn=cert("Root 2022",k[0],None,k[0],True)
inter,im=cert("PCA",k[1],rn,k[0],True)
leaf,_=cert("ContainerPlat",k[2],im,k[1],False,["1.3.6.1.4.1.311.76.59.1.2"])
D=serialization.Encoding.DER
chain=[c.public_bytes(D) for c in (leaf,inter,root)]
fp=base64.urlsafe_b64encode(hashlib.sha256(chain[2]).digest()).rstrip(b"=").decode()
for name, iss in (("good", f"did:x509:0:sha256:{fp}::eku:1.3.6.1.4.1.311.76.59.1.2"),("root", f"did:x509:0:sha256:A{fp[1:]}::eku:1.3.6.1.4.1.311.76.59.1.2"),
                  ("usage", f"did:x509:0:sha256:{fp}::eku:1.3.6.1.4.1.311.76.59.1.3"), ("other", f"did:x509:0:sha256:{fp}::san:dns:x")):
    prot=enc({1:-38,3:"application/json",33:chain,"iss":iss,"feed":"ContainerPlat-AMD-UVM"})
    pay=b'{"x-ms-sevsnpvm-guestsvn": "100"}'
    tbs=enc(["Signature1",prot,b"",pay])
    sig=k[2].sign(tbs,padding.PSS(padding.MGF1(hashes.SHA384()),48),hashes.SHA384())
    open(name + '.cose','wb').write(enc((18,[prot,{},pay,sig])))
open('uvm-root.pem','wb').write(root.public_bytes(serialization.Encoding.PEM))
PY
python3 sign.py
t_ok $? "endorsements are signed"
printf 'version: 1\nanchors: [uvm-root.pem]\ncose:\n  feeds: [ContainerPlat-AMD-UVM]\n' >policy.yaml
printf 'version: 1\nanchors: [uvm-root.pem]\ncose:\n  feeds: [ContainerPlat-AMD-CVM]\n' >other.yaml
under() {
	t_want_status=$1
	t_what=$2
	shift 2
	t_exit "$t_want_status" "$t_what" "$REDOUBT" verify "$1" --type cose --at 2026-01-01T00:00:00Z --policy "$2"
}
under 0 "an endorsement under the policy's root is accepted" good.cose policy.yaml
t_out 'pass +crypto +rats.cose.issuer' "by the issuer that it names"
t_out '^  feed +"ContainerPlat-AMD-UVM"' "for its feed"
under 3 "another feed is refused" good.cose other.yaml
t_exit 3 "without its root, too" "$REDOUBT" verify good.cose --type cose --at 2026-01-01T00:00:00Z
t_out 'FAIL +crypto +tee.chain ' "for its chain"
for issuer in root usage other; do
	under 3 "an issuer that the chain is not ($issuer)" $issuer.cose policy.yaml
	t_out 'FAIL +crypto +rats.cose.issuer' "by name"
done
t_done
