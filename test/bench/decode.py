#!/usr/bin/env python3
"""How fast each encoding of Parquet is decoded, on a file of arrow-rs: rows and bytes of values a second of
our cursors, and a scan of the same column (count of what is below its greatest value, which no statistics
answer) beside DuckDB's, in turn, one thread, CPU time, median of nine.

    decode.py [RUNS]

Needs node and npm, which fetch the writer and DuckDB once; without them there is no file to decode, and it
says so.  The file stays in $RD_BUILD/bench, they in $RD_BUILD/npm."""
import statistics
import subprocess
import sys

sys.dont_write_bytecode = True
import peer  # noqa: E402

RUNS = int(sys.argv[1]) if len(sys.argv) > 1 else 9
ROWS = 2_000_000
FILE = peer.FOLDER / "decode.parquet"


def make_file():
    if not FILE.exists():
        scratch = FILE.with_suffix(".part")
        subprocess.run(["node", "--max-old-space-size=8192", peer.SOURCE / "test/bench/decode_files.mjs", str(ROWS),
                        scratch], cwd=peer.npm(), check=True)
        scratch.rename(FILE)


def columns():
    """Name, rows, bytes, CPU ns (median, least, most) of each column."""
    out = subprocess.run([peer.BUILD / "test/bench/bench_decode", str(RUNS), FILE], capture_output=True, text=True,
                         check=True).stdout
    for line in out.splitlines():
        name, *figures = line.split("\t")
        yield name, *map(int, figures)


def scan(name):
    """The SQL of a scan, with a bound that is the column's greatest value: footers cannot answer it."""
    if name.startswith("bool"):
        return f"SELECT count(*) FROM t WHERE {name}"
    most = peer.redoubt([f"t={FILE}"], f"SELECT max({name}) FROM t")[2][0][0]
    if name.startswith("date"):
        most = f"DATE '{most}'"
    elif name.startswith("text"):
        most = f"'{most}'"
    return f"SELECT count(*) FROM t WHERE {name} < {most}"


def times(duckdb, sql):
    """CPU ms of both, in turn, and whether the answers agree; DuckDB's are none where it cannot read the column."""
    ours, theirs, alike = [], [], True
    for _ in range(RUNS):
        ms, _, answer = peer.redoubt([f"t={FILE}"], sql)
        ours.append(ms)
        try:
            ms, wanted = duckdb.run(sql)
        except peer.Refused:
            continue
        theirs.append(ms)
        alike = alike and peer.same(answer, wanted)
    return ours, theirs, alike


def main():
    if not peer.have_npm():
        print("decode: no npm, and so no file of another writer: nothing was measured")
        return 0
    peer.FOLDER.mkdir(parents=True, exist_ok=True)
    make_file()
    duckdb = peer.DuckDB()
    duckdb.run(f"CREATE VIEW t AS FROM '{FILE}'")
    failed = 0
    print(f"{'column':18s}  M values/s   GB/s   redoubt, scan, CPU ms    DuckDB, scan, CPU ms     ratio")
    for name, rows, size, median, _, _ in columns():
        ours, theirs, alike = times(duckdb, scan(name))
        failed += not alike
        line = f"{name:18s} {rows * 1e3 / median:11.0f} {size / median:6.2f}  {peer.spread(ours):24s} "
        if theirs:
            line += f"{peer.spread(theirs):24s} {statistics.median(ours) / statistics.median(theirs):5.2f}"
        else:
            line += "    cannot read it"
        print(line + ("" if alike else "  ANSWERS DIFFER"), flush=True)
    duckdb.end()
    return failed > 0


sys.exit(main())
