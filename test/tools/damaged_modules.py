"""Damages every module of a file of encrypted_tables.py in turn: each time an error that names it.

    damaged_modules.py REDOUBT OUT      (OUT2 has the same keys and rows)

A bit of its nonce, its middle or its end flipped, its length made shorter, longer and as large as can
be, and its place taken by a module of the same length, of another column, row group, page or file.
"""
import subprocess
import sys

redoubt, base = sys.argv[1:]
modules = []
for line in open(base + ".modules"):
    at, length, name = line.rstrip("\n").split(" ", 2)
    modules.append((int(at), int(length), name))
whole = open(base + ".parquet", "rb").read()
tries = failures = 0


def refused(data, names, what):
    global tries, failures
    with open("damaged.parquet", "wb") as f:
        f.write(data)
    done = subprocess.run([redoubt, "unseal", "damaged.parquet", "--key", base + ".keys", "-o", "damaged.csv"],
                          capture_output=True, text=True)
    tries += 1
    named = any(name + end in done.stderr for name in names for end in " :")
    if done.returncode not in (3, 4) or "[table." not in done.stderr or not named:
        failures += 1
        print("%s: %s: status %d, %s" % (names[0], what, done.returncode, done.stderr.strip()))


def replaced(at, new):
    return whole[:at] + new + whole[at + len(new):]


for at, length, name in modules:
    for what, place in (("nonce", at + 4), ("middle", at + length // 2), ("end", at + length - 1)):
        refused(replaced(place, bytes([whole[place] ^ 16])), [name], "a bit of its " + what)
    for what, stated in (("shorter", length - 5), ("longer", length - 3), ("none", 0), ("largest", 2**32 - 1)):
        refused(replaced(at, stated.to_bytes(4, "little")), [name], "its length " + what)
for i, (at, length, name) in enumerate(modules):
    for other_at, other_length, other in modules[i + 1:]:
        if other_length != length:
            continue
        data = replaced(at, whole[other_at:other_at + length])
        data = data[:other_at] + whole[at:at + length] + data[other_at + length:]
        refused(data, [name, other], "swapped with " + other)
other = open(base + "2.parquet", "rb").read()
for at, length, name in modules:
    refused(replaced(at, other[at:at + length]), [name], "of another file")
print("%d damages, %d failures" % (tries, failures))
sys.exit(failures != 0 or tries < 50)
