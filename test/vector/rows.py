#!/usr/bin/env python3
"""Rows of MANIFEST.md in the folders of vectors that have no case.json: tpm, cca, psa, nvidia. What each says must
come out is stated here once more, by hand.  Usage: rows.py REDOUBT VECTORS.  Prints TAP."""
import json
import pathlib
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
from run_cases import differences  # noqa: E402

REDOUBT, ROOT = sys.argv[1], pathlib.Path(sys.argv[2])
NVIDIA_NONCE = "931d8dd0add203ac3d8b4fbde75e115278eefcdceac5b87671a748f32364dfcb"

# What, type, file, collateral, exit status, claims, (reason, result) that must be among those given.
ROWS = [
    ("tpm: RSASSA and SHA-1 of GCP, no nonce", "tpm", "tpm/gcp-windows-rsa-sha1-goattestation/quote.msg",
     "tpm/gcp-windows-rsa-sha1-goattestation", 0,
     {"nonce": "", "sha1": True, "pcr_digest": "a610f27bc687ce906243287d832706036e79f6e1",
      "pcr_selection": {"sha1": 0xFFFFFF}, "event_log_replays": True}, ("tee.tpm.key", "pass")),
    ("tpm: a creation by the same key is no quote", "tpm", "tpm/gcp-windows-rsa-sha1-goattestation/create_attest.bin",
     "tpm/gcp-windows-rsa-sha1-goattestation", 3, None, None),
    ("tpm: RSASSA of keylime, register 16", "tpm", "tpm/rsa-keylime/quote.msg", "tpm/rsa-keylime", 0,
     {"nonce": b"Ai5M5SjYjnkyv4P7itH1".hex(), "sha1": False, "pcr_selection": {"sha256": 1 << 16}},
     ("tee.tpm.digest", "pass")),
    ("cca: TF-RMM, ES384", "cca", "cca/tfrmm-es384/token.cbor", "cca/tfrmm-es384/cpak_pub.pem", 0,
     {"platform_profile": "http://arm.com/CCA-SSD/1.0.0", "platform_lifecycle": 12291, "platform_secured": True,
      "realm_challenge": "ab" * 64}, ("tee.cca.binding", "pass")),
    ("cca: ES256 and SHA-512", "cca", "cca/token02-es256/token.cbor", "cca/token02-es256/cpak.jwk", 0, {},
     ("tee.cca.realm.signature", "pass")),
    ("cca: a key that is off its curve", "cca", "cca/token02-es256/token.cbor", "cca/token02-es256/cpak_bad.jwk", 3, {},
     ("tee.key.absent", "absent")),
    ("cca: profiles of 2023, key as COSE_Key", "cca", "cca/draft-ffm-00/token.cbor", "cca/draft-ffm-00", 0,
     {"platform_profile": "tag:arm.com,2023:cca_platform#1.0.0", "realm_profile": "tag:arm.com,2023:realm#1.0.0"},
     ("tee.cca.platform.signature", "pass")),
    ("cca: two good tokens of two realms", "cca", "cca/bug33-binding-mismatch/token.cbor", "cca/bug33-binding-mismatch",
     3, {}, ("tee.cca.binding", "fail")),
    ("psa: 2.0.0", "psa", "psa/tfm/psa2_sign1.cbor", "psa/tfm/iak_pub.pem", 0,
     {"profile": "http://arm.com/psa/2.0.0", "secured": True}, ("tee.psa.signature", "pass")),
    ("psa: IoT profile 1", "psa", "psa/tfm/psa-iot-1_sign1.cbor", "psa/tfm/iak_pub.pem", 0,
     {"profile": "PSA_IOT_PROFILE_1"}, ("tee.psa.signature", "pass")),
    ("psa: a MAC", "psa", "psa/tfm/psa2_mac0.cbor", "psa/tfm/iak_pub.pem", 3, None, None),
    ("nvidia: Hopper", "nvidia", "nvidia/hopper-nvtrust/report.bin", "nvidia/hopper-nvtrust/chain.pem", 0,
     {"nonce": NVIDIA_NONCE}, ("tee.nvidia.fwid", "pass")),
    ("nvidia: a link is missing", "nvidia", "nvidia/hopper-nvtrust/report.bin", "nvidia/chains/hopper_chain_case3.pem", 3,
     {}, ("tee.chain", "fail")),
    ("nvidia: the leaf is missing", "nvidia", "nvidia/hopper-nvtrust/report.bin", "nvidia/chains/hopper_chain_case4.pem", 3,
     {}, ("tee.nvidia.leaf", "fail")),
]
LOGS = [("coreos_36_shielded_vm_no_secure_boot_eventlog", 0), ("crypto_agile_eventlog", 0),
        ("ebs_event_missing_eventlog", 0), ("option_rom_eventlog", 0), ("short_no_action_eventlog", 4)]
number = bad = 0


def ok(what, wrong):
    global number, bad
    number += 1
    bad += bool(wrong)
    print(f"{'not ' if wrong else ''}ok {number} - {what}")
    for line in wrong:
        print(f"# {line}")


def run(arguments, status):
    done = subprocess.run([REDOUBT, *map(str, arguments)], capture_output=True, text=True, timeout=60)
    wrong = [] if done.returncode == status else [f"exit status {done.returncode}, not {status}: {done.stderr.strip()}"]
    return done.stdout, wrong


def verify(file, kind, collateral, status, *more):
    return run(["verify", file, "--type", kind, "--collateral", ROOT / collateral, "-o", "json", *more], status)


for what, kind, file, collateral, status, claims, reason in ROWS:
    out, wrong = verify(ROOT / file, kind, collateral, status)
    if claims is not None and not wrong:
        got = json.loads(out)
        wrong += differences(claims, got["claims"], ".claims")
        seen = {(r["code"], r["result"]) for f in got["findings"].values() for r in f["reasons"]}
        wrong += [] if reason in seen else [f"{reason} is not among {sorted(seen)}"]
    ok(what, wrong)
for log, status in LOGS:
    ok(f"tpm: {log}", run(["measure", "--kind", "tpm", ROOT / "tpm/eventlogs" / log], status)[1])
with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    quote = bytearray((ROOT / "tpm/rsa-keylime/quote.msg").read_bytes())
    quote[5] ^= 1
    (folder / "quote.msg").write_bytes(quote)
    ok("tpm: a bit of keylime's quote", verify(folder / "quote.msg", "tpm", "tpm/rsa-keylime", 3)[1])
    (folder / "strict.yaml").write_text("version: 1\n")
    ok("tpm: a policy file forbids SHA-1", verify(ROOT / ROWS[0][2], "tpm", ROWS[0][3], 3, "--policy",
                                                folder / "strict.yaml")[1])
for nonce, status in ((NVIDIA_NONCE, 0), ("00" * 32, 3)):
    ok(f"nvidia: nonce {nonce[:4]}", verify(ROOT / "nvidia/hopper-nvtrust/report.bin", "nvidia",
                                           "nvidia/hopper-nvtrust", status, "--nonce", nonce)[1])
print(f"1..{number}")
sys.exit(bad > 0)
