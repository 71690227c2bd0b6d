#!/usr/bin/env python3
"""The gate on queries of TPC-H's shape: redoubt on sealed tables against DuckDB on uncompressed
Parquet, each warm, in turn, one thread, CPU time, median of nine.  Fails above 1.5 for any query.

    tpch.py [RUNS]

Needs node and npm, which fetch DuckDB once; without them only redoubt's own figures are printed.
Tables stay in $RD_BUILD/bench, DuckDB in $RD_BUILD/npm."""
import statistics
import subprocess
import sys

sys.dont_write_bytecode = True
import peer  # noqa: E402

TABLES = ["lineitem", "orders", "customer"]
QUERIES = ["q01", "q03", "q06", "q13", "q18"]
MOST = 1.5
RUNS = int(sys.argv[1]) if len(sys.argv) > 1 else 9
INPUTS = [f"{t}={peer.FOLDER / t}.sealed,key={peer.FOLDER / t}.key" for t in TABLES]


def make_tables():
    if not (peer.FOLDER / "customer.sealed").exists():
        subprocess.run([peer.BUILD / "test/bench/bench_tpch_tables", peer.FOLDER], check=True)


def start_duckdb():
    """With its own uncompressed copies of the tables."""
    duckdb = peer.DuckDB()
    for table in TABLES:
        copy = peer.FOLDER / f"{table}.duckdb.parquet"
        if not copy.exists():
            duckdb.run(f"COPY (FROM '{peer.FOLDER / table}.parquet') TO '{copy}' (FORMAT parquet, COMPRESSION uncompressed)")
        duckdb.run(f"CREATE VIEW {table} AS FROM '{copy}'")
    return duckdb


def main():
    peer.FOLDER.mkdir(parents=True, exist_ok=True)
    make_tables()
    duckdb = start_duckdb() if peer.have_npm() else None
    failed = 0
    print("query  redoubt, sealed, CPU ms    DuckDB, plain, CPU ms      ratio  ns/row")
    for name in QUERIES:
        sql = (peer.SOURCE / f"test/sql/tpch/{name}.sql").read_text().strip()
        ours, theirs, answers = [], [], None
        for _ in range(RUNS):
            ms, rows, answer = peer.redoubt(INPUTS, sql)
            ours.append(ms)
            if duckdb:
                ms, answers = duckdb.run(sql)
                theirs.append(ms)
        line = f"{name}    {peer.spread(ours):26s}"
        if duckdb:
            ratio = statistics.median(ours) / statistics.median(theirs)
            alike = peer.same(answer, answers)
            failed += ratio > MOST or not alike
            line += f" {peer.spread(theirs):26s} {ratio:5.2f}" + ("" if alike else "  ANSWERS DIFFER")
        print(f"{line}  {statistics.median(ours) * 1e6 / rows:6.2f}", flush=True)
    if duckdb:
        duckdb.end()
    return failed > 0


sys.exit(main())
