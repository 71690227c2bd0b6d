#!/usr/bin/env python3
"""Runs `redoubt verify` on every case.json under a folder of vectors and compares verdict, findings,
claims and exit status with what the file states.  Usage: run_cases.py REDOUBT VECTORS [KIND...]
Prints TAP.  A case of a kind that is not built fails: nothing is skipped here."""
import json
import pathlib
import subprocess
import sys

EXIT = {"accepted": 0, "refused": 3}


def differences(wanted, got, path=""):
    """What `wanted` states and `got` does not hold; `got` may say more."""
    if isinstance(wanted, dict):
        if not isinstance(got, dict):
            return [f"{path}: expected a map, found {got!r}"]
        return [d for key, value in wanted.items()
                for d in differences(value, got.get(key, "(missing)"), f"{path}.{key}")]
    return [] if wanted == got else [f"{path}: expected {wanted!r}, found {got!r}"]


def run(redoubt, folder, case):
    command = [redoubt, "verify", str(folder / case["file"]), "--type", case["type"],
               "--collateral", str(folder / case["collateral"]), "-o", "json"]
    if case.get("at"):
        command += ["--at", case["at"]]
    if case.get("nonce"):
        command += ["--nonce", case["nonce"]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    wrong = []
    if done.returncode != EXIT[case["verdict"]]:
        wrong.append(f"exit status {done.returncode}, expected {EXIT[case['verdict']]}: {done.stderr.strip()}")
    if not done.stdout:
        return wrong + ["no output"]
    got = json.loads(done.stdout)
    wrong += differences({k: case[k] for k in ("verdict", "findings", "claims") if k in case}, got)
    if wrong:
        wrong += [f"{aspect}: {r['code']} {r['claim']} {r['found']}" for aspect, finding in
                  got["findings"].items() for r in finding["reasons"] if r["result"] in ("fail", "absent")]
    return wrong


def main():
    redoubt, root, kinds = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3:]
    cases = [(p.parent, json.loads(p.read_text())) for p in sorted(root.rglob("case.json"))]
    cases = [(folder, case) for folder, case in cases if not kinds or case["type"] in kinds]
    print(f"1..{len(cases)}")
    bad = 0
    for number, (folder, case) in enumerate(cases, 1):
        wrong = run(redoubt, folder, case)
        bad += bool(wrong)
        print(f"{'not ' if wrong else ''}ok {number} - {folder.relative_to(root)}")
        for line in wrong:
            print(f"# {line}")
    return bad > 0 or not cases


if __name__ == "__main__":
    sys.exit(main())
