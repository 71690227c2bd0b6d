#!/usr/bin/env python3
"""The gate on queries of TPC-H's shape: redoubt on sealed tables against DuckDB on uncompressed
Parquet, each warm, in turn, one thread, CPU time, median of nine.  Fails above 1.5 for any query.

    tpch.py [RUNS]

Needs node and npm, which fetch DuckDB once; without them only redoubt's own figures are printed.
Tables and DuckDB stay in $RD_BUILD/bench for the next time."""
import decimal
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys

BUILD = pathlib.Path(os.environ.get("RD_BUILD", "build"))
SOURCE = pathlib.Path(os.environ.get("RD_SRC", "."))
FOLDER = BUILD / "bench"
TABLES = ["lineitem", "orders", "customer"]
QUERIES = ["q01", "q03", "q06", "q13", "q18"]
PEER = "@duckdb/node-api@1.5.6-r.1"
MOST = 1.5
RUNS = int(sys.argv[1]) if len(sys.argv) > 1 else 9
COST = re.compile(r"^(decrypt|execute) +([0-9.]+) ms CPU(?:, ([0-9]+) rows)?", re.M)


def make_tables():
    if not (FOLDER / "customer.sealed").exists():
        subprocess.run([BUILD / "test/bench/bench_tpch_tables", FOLDER], check=True)


def redoubt(sql):
    """CPU ms of a warm run, rows scanned, and the answer."""
    inputs = [x for t in TABLES for x in
              ("-t", f"{t}={FOLDER / t}.sealed,key={FOLDER / t}.key")]
    run = subprocess.run([BUILD / "redoubt", "query", *inputs, "--time", "--repeat", "2", "-o", "json", sql],
                         capture_output=True, text=True, check=True)
    costs = COST.findall(run.stderr)[-2:]
    answer = json.loads(run.stdout, parse_float=decimal.Decimal)
    return sum(float(ms) for _, ms, _ in costs), int(costs[1][2]), [list(row.values()) for row in answer]


class DuckDB:
    def __init__(self):
        subprocess.run(["npm", "install", "--package-lock=false", "--no-save", PEER], cwd=FOLDER, check=True,
                       stdout=subprocess.DEVNULL)
        self.process = subprocess.Popen(
            ["node", (SOURCE / "test/bench/tpch_duckdb.mjs").resolve(), FOLDER.resolve(), FOLDER.resolve()],
            cwd=FOLDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()

    def run(self, sql):
        self.process.stdin.write(json.dumps(sql) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        return answer["cpu_ms"], answer["rows"]

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def number(value):
    try:
        return decimal.Decimal(str(value))
    except decimal.InvalidOperation:
        return None


def same(ours, theirs):
    """Averages are doubles there: a billionth may differ."""
    if len(ours) != len(theirs):
        return False
    for a, b in zip(ours, theirs):
        for x, y in zip(a, b):
            p, q = number(x), number(y)
            if str(x) != str(y) and (p is None or q is None or abs(p - q) > abs(p) * decimal.Decimal("1e-9")):
                return False
    return True


def spread(values):
    return f"{statistics.median(values):7.1f} [{min(values):.1f}-{max(values):.1f}]"


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    make_tables()
    peer = DuckDB() if shutil.which("npm") and shutil.which("node") else None
    failed = 0
    print("query  redoubt, sealed, CPU ms    DuckDB, plain, CPU ms      ratio  ns/row")
    for name in QUERIES:
        sql = (SOURCE / f"test/sql/tpch/{name}.sql").read_text().strip()
        ours, theirs, answers = [], [], None
        for _ in range(RUNS):
            ms, rows, answer = redoubt(sql)
            ours.append(ms)
            if peer:
                ms, answers = peer.run(sql)
                theirs.append(ms)
        line = f"{name}    {spread(ours):26s}"
        if peer:
            ratio = statistics.median(ours) / statistics.median(theirs)
            failed += ratio > MOST or not same(answer, answers)
            line += f" {spread(theirs):26s} {ratio:5.2f}"
            if not same(answer, answers):
                line += "  ANSWERS DIFFER"
        print(f"{line}  {statistics.median(ours) * 1e6 / rows:6.2f}", flush=True)
    if peer:
        peer.end()
    return failed > 0


sys.exit(main())
