#!/usr/bin/env python3
"""parquet.py REDOUBT FOLDER: the Parquet files of apache/parquet-testing give the rows or the error that their
MANIFEST states.  TAP on standard output.  Rows are compared as a set, since SQL has no order; numbers by value."""
import csv
import pathlib
import subprocess
import sys
import tempfile

REDOUBT, FOLDER = sys.argv[1], pathlib.Path(sys.argv[2])
ENCRYPTED = ["boolean_field", "int32_field", "float_field", "double_field", "ba_field", "flba_field"]
count = failed = 0


def check(ok, name, why=""):
    global count, failed
    count += 1
    failed += not ok
    print(f"{'ok' if ok else 'not ok'} {count} - {name}")
    if not ok:
        print(f"# {why}")


def query(path, sql="SELECT * FROM t", key=None):
    table = f"t={path}" + (f",key={key}" if key else "")
    return subprocess.run([REDOUBT, "query", "-t", table, "-o", "csv", sql], capture_output=True, text=True)


def value(text):
    try:
        return text if abs(int(text)) > 2**53 else float(text)
    except ValueError:
        pass
    try:
        return "nan" if text.lower() == "nan" else float(text)
    except ValueError:
        return text


def rows(text):
    table = list(csv.reader(text.splitlines()))
    body = [tuple(map(value, r)) for r in table[1:]]
    return (table[0] if table else []), sorted(body, key=repr)


def same(name, run, wanted):
    if run.returncode:
        return check(False, name, run.stderr)
    got = rows(run.stdout)
    check(got == wanted, name, f"{len(got[1])} rows, {len(wanted[1])} wanted; first {got[1][:1]}, {wanted[1][:1]}")


def refused(name, run, status, *words):
    ok = run.returncode in status and all(w in run.stderr for w in words)
    check(ok, name, f"status {run.returncode}: {run.stderr}")


def plain():
    refusals = {
        "datapage_v1-corrupt-checksum": ((4,), "column a", "page 0", "table.page.crc"),
        "rle-dict-uncompressed-corrupt-checksum": ((4,), "column long_field", "page 0", "table.page.crc"),
        "int96_from_spark": ((4,), "column a", "timestamp"),
        "nested_lists.snappy": ((3,), "column a", "nested"),
        "nulls.snappy": ((3,), "column b_struct", "nested"),
    }
    for path in sorted((FOLDER / "plain").glob("*.parquet")):
        name = path.stem
        if name in refusals:
            status, *words = refusals[name]
            refused(f"{name} is refused", query(path), status, *words)
        elif name == "byte_stream_split_extended.gzip":
            table = list(csv.reader(query(path).stdout.splitlines()))
            pairs = [(r[i], r[i + 1]) for r in table[1:] for i in range(0, len(r), 2)]
            check(len(pairs) == 1400 and all(a == b for a, b in pairs), f"{name}: pairs of columns are equal")
        else:
            same(name, query(path), rows(path.with_suffix(".csv").read_text()))
    same("flat beside nested", query(FOLDER / "plain/nested_lists.snappy.parquet", "SELECT b FROM t"),
         (["b"], [(1.0,), (1.0,), (1.0,)]))


def key_file(folder, name, footer, columns, more=""):
    path = pathlib.Path(folder) / name
    path.write_text(f"footer {footer.encode().hex()}\n" + more
                    + "".join(f"column {c} {k.encode().hex()}\n" for c, k in columns.items()))
    path.chmod(0o600)
    return path


def encrypted(folder):
    wanted = rows((FOLDER / "encrypted/rows.csv").read_text())
    sql = f"SELECT {', '.join(ENCRYPTED)} FROM t"
    columns = {"double_field": "1234567890123450", "float_field": "1234567890123451"}
    key = key_file(folder, "key", "0123456789012345", columns)
    tester = key_file(folder, "tester", "0123456789012345", columns, "aad tester\n")
    wrong = key_file(folder, "wrong", "0123456789012346", columns)
    footer_only = key_file(folder, "footer", "0123456789012345", {})
    for path in sorted((FOLDER / "encrypted").glob("*.encrypted")):
        name = path.name.split(".")[0]
        if "disable_aad_storage" in name:
            refused(f"{name} needs its prefix", query(path, sql, key), (3,), "AAD prefix")
            same(f"{name} with its prefix", query(path, sql, tester), wanted)
            continue
        if "bloom" in name:
            # Other rows than the others hold; its bloom filters are skipped.
            numbered = [(i + 0.5, i + 0.25, float(i), f"name_{i}") for i in range(2000)]
            same(f"{name} is read beside its filters", query(path, "SELECT * FROM t", key),
                 (["double_field", "float_field", "int32_field", "name"], sorted(numbered, key=repr)))
            continue
        same(name, query(path, sql, key), wanted)
        refused(f"{name} with another key", query(path, sql, wrong), (3,))
        refused(f"{name} without a key", query(path, sql), (3,), "key")
        if "uniform" not in name:
            refused(f"{name} without a column's key", query(path, sql, footer_only), (3,), "float_field")
        refused(f"{name}: a list", query(path, "SELECT int64_field FROM t", key), (3,), "int64_field", "nested")
        damaged = pathlib.Path(folder) / "damaged"
        data = bytearray(path.read_bytes())
        data[-60] ^= 1
        damaged.write_bytes(data)
        refused(f"{name}: a changed footer", query(damaged, sql, key), (3, 4))
    long = {c: f"123456789012345678901234567890{i + 12}" for i, c in enumerate(
        ["double_field", "float_field", "boolean_field", "int32_field", "ba_field", "flba_field", "int64_field",
         "int96_field"])}
    key = key_file(folder, "long", "01234567890123456789012345678901", long)
    for path in sorted((FOLDER / "encrypted/aes256").glob("*")):
        same(f"aes256/{path.name.split('.')[0]}", query(path, sql, key), wanted)


def bad():
    for path in sorted((FOLDER / "bad").glob("*.parquet")):
        refused(f"bad/{path.name}", query(path), (3, 4))


with tempfile.TemporaryDirectory() as scratch:
    plain()
    encrypted(scratch)
    bad()
print(f"1..{count}")
sys.exit(failed != 0)
