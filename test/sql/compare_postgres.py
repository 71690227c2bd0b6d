#!/usr/bin/env python3
"""The meaning of every query in nafld/ equals PostgreSQL 15's: starts a private server (its own user,
socket only, C locale, a temporary folder in the build folder), loads the tables, runs each query in
both and compares.

    compare_postgres.py COMMAND...       run as COMMAND... SCHEMAS DATA QUERY.sql..., see run_sql.c

RD_SQL_ONLY=57 runs only the queries whose names contain it and prints both answers."""
import decimal
import os
import pathlib
import pwd
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
BIN = pathlib.Path("/usr/lib/postgresql/15/bin")
SHARED = pathlib.Path(os.environ.get("RD_SHARED", HERE.parent.parent.parent / "shared"))
DATA = SHARED / "data/nafld"
TYPES = {"int32": "integer", "int64": "bigint", "double": "double precision"}
SKIP = 77


def absent(what):
    print(f"{what} is not there", file=sys.stderr)
    sys.exit(1 if os.environ.get("CI") == "true" else SKIP)


class Server:
    def __init__(self, folder):
        self.folder = folder
        self.user = []
        if os.geteuid() == 0:  # PostgreSQL refuses to be root
            owner = pwd.getpwnam("postgres")
            os.chown(folder, owner.pw_uid, owner.pw_gid)
            self.user = ["setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"]
        self.run("initdb", "-D", f"{folder}/db", "-U", "redoubt", "-A", "trust", "--locale=C", "-E", "UTF8",
                 "--no-sync")
        options = f"-k {folder} -c listen_addresses='' -c fsync=off -c max_parallel_workers_per_gather=0"
        self.run("pg_ctl", "-D", f"{folder}/db", "-w", "-o", options, "-l", f"{folder}/log", "start")

    def run(self, program, *args):
        subprocess.run([*self.user, str(BIN / program), *args], check=True, stdout=subprocess.DEVNULL, cwd="/")

    def sql(self, text, stdin=None):
        command = ["psql", "-X", "-q", "-h", self.folder, "-U", "redoubt", "-d", "postgres", "-v",
                   "ON_ERROR_STOP=1", "-A", "-t", "-F", "|", "-P", "null=\\N", "-c", text]
        return subprocess.run([*self.user, *command], stdin=stdin, capture_output=True, text=True, cwd="/")

    def stop(self):
        self.run("pg_ctl", "-D", f"{self.folder}/db", "-m", "immediate", "stop")


def load(server):
    for schema in sorted((HERE / "nafld").glob("*.schema")):
        columns = []
        for line in schema.read_text().splitlines():
            name, kind = line.split()[:2]
            columns.append(f'"{name}" {TYPES.get(kind, kind)}')
        done = server.sql(f"CREATE TABLE {schema.stem} ({', '.join(columns)})")
        if done.returncode == 0:
            with open(DATA / f"{schema.stem}.csv", encoding="utf-8") as rows:
                done = server.sql(f"COPY {schema.stem} FROM STDIN (FORMAT csv, HEADER)", stdin=rows)
        if done.returncode:
            sys.exit(f"{schema.stem}: {done.stderr}")
    server.sql("ANALYZE")


def number(text):
    try:
        return decimal.Decimal(text)
    except decimal.InvalidOperation:
        return None


def same_field(ours, theirs):
    """Whole numbers and text exactly; numbers with a fraction to the scale of the coarser, since the
    scale of a quotient is fixed here and depends on the values there."""
    if ours == theirs or {"true": "t", "false": "f"}.get(ours) == theirs:
        return True
    a, b = number(ours), number(theirs)
    if a is None or b is None or not a.is_finite() or not b.is_finite():
        return False
    digits = min(-a.as_tuple().exponent, -b.as_tuple().exponent)
    if "." not in ours or "." not in theirs:
        return a == b
    slack = decimal.Decimal(1).scaleb(-max(digits, 0))
    return abs(a - b) <= slack or (digits >= 12 and abs(a - b) <= abs(a) * decimal.Decimal("1e-14"))


def row_key(row):
    """Numbers sort by value, whatever their scale."""
    key = []
    for field in row.split("|"):
        value = number(field)
        key.append((1, f"{value:.9f}", "") if value is not None and value.is_finite()
                   else (0, "", {"t": "true", "f": "false"}.get(field, field)))
    return key


def differ(ours, theirs, ordered):
    if len(ours) != len(theirs):
        return f"{len(ours)} rows, PostgreSQL has {len(theirs)}"
    if not ordered:
        ours, theirs = sorted(ours, key=row_key), sorted(theirs, key=row_key)
    for i, (a, b) in enumerate(zip(ours, theirs)):
        left, right = a.split("|"), b.split("|")
        if len(left) != len(right) or not all(map(same_field, left, right)):
            return f"row {i + 1}: {a}\n      PostgreSQL: {b}"
    return None


def answers(command, queries):
    done = subprocess.run([*command, str(HERE / "nafld"), str(DATA), *map(str, queries)], capture_output=True,
                          text=True)
    found, rows = {}, None
    for line in done.stdout.splitlines():
        if line.startswith("-- "):
            rows = found.setdefault(line[3:], [])
        elif rows is not None:
            rows.append(line)
    if done.stderr:
        print(done.stderr, file=sys.stderr)
    return found


def compare(server, command):
    only = os.environ.get("RD_SQL_ONLY", "")
    queries = [q for q in sorted((HERE / "nafld").glob("*.sql")) if only in q.name]
    found, bad, refused = answers(command, queries), 0, 0
    for query in queries:
        theirs = server.sql(query.read_text())
        ours = found.get(str(query), ["no answer"])
        ordered = query.read_text().startswith("-- ordered")
        if theirs.returncode:
            why = f"PostgreSQL refuses: {theirs.stderr}"
        elif ours and ours[0].startswith("error: engine.unsupported"):
            why = None
            refused += 1
            print(f"refused by the engine: {query.name}")
        elif ours and ours[0].startswith("error: "):
            why = ours[0]
        else:
            why = differ(ours, theirs.stdout.splitlines(), ordered)
        if only:
            print(*ours, "-- PostgreSQL", theirs.stdout, sep="\n")
        if why:
            bad += 1
            print(f"not equal: {query.name}: {why}")
    equal = len(queries) - bad - refused
    print(f"{equal} of {len(queries)} queries equal PostgreSQL 15")
    return bad == 0 and (only or equal >= 60)


def main():
    if not DATA.is_dir():
        absent(DATA)
    if not (BIN / "postgres").exists() or not shutil.which("psql"):
        absent("PostgreSQL 15")
    with tempfile.TemporaryDirectory(dir=os.environ.get("RD_BUILD"), prefix="pg-") as folder:
        os.chmod(folder, 0o755)
        server = Server(folder)
        try:
            load(server)
            good = compare(server, sys.argv[1:])
        finally:
            server.stop()
    return 0 if good else 1


sys.exit(main())
