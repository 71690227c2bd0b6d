"""What the benchmarks share: redoubt's own cost of a query, DuckDB as the peer, and how figures are printed."""
import decimal
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess

BUILD = pathlib.Path(os.environ.get("RD_BUILD", "build")).resolve()
SOURCE = pathlib.Path(os.environ.get("RD_SRC", ".")).resolve()
FOLDER = BUILD / "bench"
COST = re.compile(r"^(decrypt|execute) +([0-9.]+) ms CPU(?:, ([0-9]+) rows)?", re.M)


def have_npm():
    return bool(shutil.which("npm") and shutil.which("node"))


def npm():
    """The peers' folder, where they stay for the next time."""
    folder = BUILD / "npm"
    subprocess.run([SOURCE / "test/tools/npm-peers", folder], check=True)
    return folder


def redoubt(inputs, sql):
    """CPU ms of a warm run, rows scanned, and the answer as rows of JSON values."""
    tables = [word for table in inputs for word in ("-t", table)]
    run = subprocess.run([BUILD / "redoubt", "query", *tables, "--time", "--repeat", "2", "-o", "json", sql],
                         capture_output=True, text=True, check=True)
    costs = COST.findall(run.stderr)[-2:]
    answer = json.loads(run.stdout, parse_float=decimal.Decimal)
    return sum(float(ms) for _, ms, _ in costs), int(costs[1][2]), [list(row.values()) for row in answer]


class Refused(Exception):
    """DuckDB answered with an error."""


class DuckDB:
    def __init__(self):
        self.process = subprocess.Popen(["node", SOURCE / "test/bench/duckdb.mjs"], cwd=npm(),
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, sql):
        """CPU ms and the rows, as text."""
        self.process.stdin.write(json.dumps(sql) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise Refused(answer["error"])
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
