#!/bin/sh
# cmw: messages into wrappers and out, and what verify makes of them.
. "$RD_SRC/test/cli/lib.sh"
t_need_shared vectors/README.md

TDX=$RD_SHARED/vectors/tdx/v5-90c06f-uptodate-google
AT=2026-02-05T12:00:00Z
t_exit 0 "a quote and its collateral in one file" "$REDOUBT" cmw write -o json cpu=tdx "$TDX/quote.bin" \
	crl=application/pkix-crl "$TDX/pck_crl.der" root=287,endorsements "$TDX/root_ca_crl.der" \
	tcb=application/json,endorsements "$TDX/tcb_info.json" qe=application/json,endorsements "$TDX/qe_identity.json" \
	signer=application/pem-certificate-chain "$TDX/tcb_signing_chain.pem"
cp out machine.json
python3 -c '
import base64, json, sys
c = json.load(open("machine.json"))
raw = base64.urlsafe_b64decode(c["cpu"][1] + "=" * (-len(c["cpu"][1]) % 4))
sys.exit(raw != open(sys.argv[1], "rb").read() or c["tcb"][2] != 2 or c["root"][0] != 287)' "$TDX/quote.bin"
t_ok $? "is JSON that others read"
t_exit 0 "is accepted by itself" "$REDOUBT" verify machine.json --type cmw --at $AT
t_out 'pass +tcb +tee.tcb.status +cpu.tcb_status' "with its status"
t_exit 3 "and refused a day after its collateral's end" "$REDOUBT" verify machine.json --type cmw --at 2026-02-12T12:00:00Z
t_exit 0 "show lists it" "$REDOUBT" cmw show machine.json
t_out '^tcb  [0-9]+ bytes  application/json  endorsements$' "with types and what they are about"
t_exit 0 "get takes one out" "$REDOUBT" cmw get machine.json cpu
t_same out "$TDX/quote.bin" "as it was"
t_exit 2 "a label that is not there" "$REDOUBT" cmw get machine.json gpu
t_err 'rats\.cmw\.label' "with its code"
t_exit 0 "one message is a record" "$REDOUBT" cmw write tdx "$TDX/quote.bin"
mv out quote.cmw
t_exit 0 "that says what it is" "$REDOUBT" verify quote.cmw --collateral "$TDX" --at $AT
t_exit 3 "without collateral it is refused, as it would be bare" "$REDOUBT" verify quote.cmw --type cmw --at $AT
printf 'version: 1\ntdx:\n  mrtd: ["%096d"]\n' 0 >other.yaml
t_exit 3 "a policy of its kind holds inside" "$REDOUBT" verify machine.json --type cmw --at $AT --policy other.yaml
t_out 'FAIL +policy +attest.one_of +cpu.mrtd' "under its label"
t_exit 0 "what its messages need" "$REDOUBT" collateral needs machine.json --type cmw
t_out '^tcb_info.json https://' "is listed"
t_exit 3 "a CMW as a whole is no model for a policy" "$REDOUBT" policy suggest machine.json --type cmw --at $AT
t_err 'attest\.rules' "with its code"
t_exit 4 "what is no CMW is refused" "$REDOUBT" cmw show "$TDX/quote.bin"
t_exit 2 "labels are unique" "$REDOUBT" cmw write a=t/u machine.json a=t/u machine.json
t_exit 2 "a type needs a file" "$REDOUBT" cmw write tdx
t_done
