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

# OVMF of Debian carries the metadata of SEV-SNP and of TDX; the oracle is test/vector/launch.py.
ovmf=/usr/share/ovmf/OVMF.fd
for kind in snp tdx; do
	options=
	[ $kind = snp ] && options='--vcpus 4 --cpu EPYC-Milan'
	# shellcheck disable=SC2086 # options are words
	t_exit 0 "$kind: firmware is measured" "$REDOUBT" measure --kind $kind $options $ovmf
	cut -d' ' -f1 out >got
	python3 "$RD_SRC/test/vector/launch.py" $kind $ovmf >want
	t_same got want "$kind: as the oracle measures it"
done
t_exit 0 "as a policy" "$REDOUBT" measure --kind tdx -o policy --append quiet $ovmf
t_out '^  mrtd: \["[0-9a-f]{96}"\]$' "with the measurement of the firmware"
t_out '^  rtmr2: \["[0-9a-f]{96}"\]$' "and of the command line"
t_exit 2 "snp without processors is a usage error" "$REDOUBT" measure --kind snp $ovmf
t_exit 3 "a kernel that nothing measures is refused" "$REDOUBT" measure --kind snp --vcpus 1 --cpu EPYC \
	--kernel one $ovmf
t_err 'tee\.snp\.firmware' "with its code"
t_exit 2 "an enclave has no kernel" "$REDOUBT" measure --kernel one one
# Enclave images; the oracle is test/vector/eif.py, the signature OpenSSL's.
python3 "$RD_SRC/test/vector/eif.py" plain.eif >want
t_exit 0 "an enclave image is measured" "$REDOUBT" measure --kind nitro plain.eif
t_same out want "as the oracle measures it"
openssl ecparam -name secp384r1 -genkey -noout -out sign.pem
openssl req -x509 -new -key sign.pem -sha384 -subj /CN=signer -days 2 -out cert.pem
python3 "$RD_SRC/test/vector/eif.py" signed.eif sign.pem cert.pem >want
t_exit 0 "a signed one, too" "$REDOUBT" measure --kind nitro signed.eif
t_same out want "with its signer's register"
t_exit 0 "as a policy" "$REDOUBT" measure --kind nitro -o policy signed.eif
t_out '^    "8": \["[0-9a-f]{96}"\]$' "with that register"
openssl ecparam -name secp384r1 -genkey -noout -out other.pem
python3 "$RD_SRC/test/vector/eif.py" forged.eif other.pem cert.pem >want
t_exit 3 "signed by another key than its certificate's" "$REDOUBT" measure --kind nitro forged.eif
t_err 'tee\.nitro\.eif\.signature' "with its code"
t_exit 4 "a file that is no firmware" "$REDOUBT" measure --kind tdx one
t_done
