#!/usr/bin/env python3
"""`redoubt query` as the command of compare_postgres.py: answers as lines of fields separated by |.

    run_query.py csv|plain|sealed THREADS SCHEMAS DATA QUERY.sql...

The tables are given as they are (csv), or sealed first, with or without a key."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

REDOUBT = pathlib.Path(os.environ["RD_BUILD"]) / "redoubt"


def inputs(form, schemas, data, folder):
    for schema in sorted(pathlib.Path(schemas).glob("*.schema")):
        name, csv = schema.stem, f"{data}/{schema.stem}.csv"
        if form == "csv":
            yield from ("-t", f"{name}={csv}")
            continue
        table = f"{folder}/{name}.parquet"
        subprocess.run([REDOUBT, "seal", csv, "--schema", schema, "-o", table,
                        *(["--plain"] if form == "plain" else [])], check=True, stdout=subprocess.DEVNULL)
        yield from ("-t", f"{name}={table}" + ("" if form == "plain" else f",key={folder}/{name}.key"))


def field(value):
    if value is None:
        return "\\N"
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else value


def main():
    form, threads, schemas, data, *queries = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        tables = list(inputs(form, schemas, data, folder))
        for query in queries:
            done = subprocess.run([REDOUBT, "query", *tables, "--threads", threads, "-o", "json",
                                   pathlib.Path(query).read_text()], capture_output=True, text=True)
            print(f"-- {query}")
            if done.returncode:
                print("error:", done.stderr.splitlines()[0].rsplit("[", 1)[-1].rstrip("]"), done.stderr)
                continue
            # Column names may repeat, and numbers are compared as they were printed.
            for row in json.loads(done.stdout, parse_int=str, parse_float=str, object_pairs_hook=list):
                print("|".join(field(value) for _, value in row))


main()
