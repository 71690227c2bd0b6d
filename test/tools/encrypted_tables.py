"""Encrypted Parquet from scratch, to hold ours against: Thrift, framing and AAD as Encryption.md has
them, AES from python3-cryptography.

    encrypted_tables.py OUT [bits=128] [mode=gcm|ctr] [footer=sealed|plain] [prefix=none|stored|supplied]
                        [keys=COLUMN,...] [page=1|2] [extras=0|1] [groups=2] [pages=3] [rows=50]
                        [order=0|1] [spoil=0|1] [bare=0|1] [nested=0|1] [like=OTHER]

    encrypted_tables.py -      (the same, for each line of the standard input)

writes OUT.parquet, OUT.keys (a plain key file), OUT.csv, and OUT.modules: a line for each sealed page
and header, and for the footer, with offset, length and name.  `keys` says for each of the columns id,
word, real, small how it is sealed: footer, column or none.  `extras` adds sealed indexes and bloom
filters; `order` gives the row groups other ordinals than their places; `spoil` flips a bit of one
column's metadata under its seal; `bare` leaves out what is sealed with the footer's key beside a plain
footer; `nested` adds a struct with leaves `x` and `id`, the latter under a key that is not told; `like`
takes the keys of OTHER.keys.  The same arguments give the same rows; keys and nonces are new.
"""
import os
import struct
import sys

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KINDS_SHOWN = {0: "the footer", 2: "a data page", 3: "a dictionary", 4: "a data page's header", 5: "a dictionary's header"}
FOOTER, META, DATA, DICTIONARY, DATA_HEADER, DICTIONARY_HEADER, COLUMN_INDEX, OFFSET_INDEX, BLOOM_HEADER, BLOOM = range(10)


# ---- Thrift's compact protocol: a struct is a list of (id, kind, value) ----

def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


KINDS = {"i16": 4, "i32": 5, "i64": 6, "binary": 8, "list": 9, "struct": 12}


def value(kind, v):
    if kind in ("i16", "i32", "i64"):
        return varint((v << 1) ^ (v >> 63))
    if kind == "binary":
        return varint(len(v)) + v
    if kind == "list":
        element, items = v
        head = bytes([len(items) << 4 | KINDS[element]]) if len(items) < 15 else bytes([0xF0 | KINDS[element]]) + varint(len(items))
        return head + b"".join(value(element, x) for x in items)
    return v if isinstance(v, bytes) else encode(v)


def encode(fields):
    out, last = b"", 0
    for number, kind, v in fields:
        code = (1 if v else 2) if kind == "bool" else KINDS[kind]
        out += bytes([(number - last) << 4 | code]) if number - last < 16 else bytes([code]) + value("i16", number)
        out += b"" if kind == "bool" else value(kind, v)
        last = number
    return out + b"\0"


# ---- modules ----

class Crypt:
    def __init__(self, o):
        size = int(o["bits"]) // 8
        self.ctr = o["mode"] == "ctr"
        self.unique, self.prefix = os.urandom(8), b"" if o["prefix"] == "none" else b"the table, version 7"
        self.footer = os.urandom(size)
        self.column = {c: os.urandom(size) for c, how in zip(NAMES, o["keys"].split(",")) if how == "column"}
        for word, *rest in (line.split() for line in open(o["like"] + ".keys")) if o["like"] else ():
            if word == "footer":
                self.footer = bytes.fromhex(rest[0])
            elif word == "column":
                self.column[rest[0]] = bytes.fromhex(rest[1])

    def aad(self, kind, *ordinals):
        return self.prefix + self.unique + bytes([kind]) + struct.pack("<%dh" % len(ordinals), *ordinals)

    def seal(self, key, plain, kind, *ordinals):
        nonce = os.urandom(12)
        if self.ctr and kind in (DATA, DICTIONARY):
            body = Cipher(algorithms.AES(key), modes.CTR(nonce + b"\0\0\0\1")).encryptor().update(plain)
        else:
            body = AESGCM(key).encrypt(nonce, plain, self.aad(kind, *ordinals))
        return struct.pack("<I", len(nonce + body)) + nonce + body

    def sign(self, footer):
        nonce = os.urandom(12)
        return nonce + AESGCM(self.footer).encrypt(nonce, footer, self.aad(FOOTER))[-16:]

    def algorithm(self, o):
        fields = [(1, "binary", self.prefix)] if o["prefix"] == "stored" else []
        fields.append((2, "binary", self.unique))
        if o["prefix"] == "supplied":
            fields.append((3, "bool", True))
        return [(2 if self.ctr else 1, "struct", fields)]


# ---- the table ----

NAMES = ["id", "word", "real", "small", "x", "inner id"]  # the last two in a struct, if there is one
TYPES = {"id": 2, "word": 6, "real": 5, "small": 1, "x": 1, "inner id": 1}
WORDS = ["one", "two", "three, and more than twelve bytes", ""]


def cell(name, row):
    if name == "id":
        return row * 1000003 - 2**40
    if name == "word":
        return None if row % 7 == 3 else WORDS[row % 4]
    if name == "real":
        return None if row % 5 == 2 else row / 8 - 3
    return row % 1000 - 500


def plain(name, v):
    if name == "word":
        return struct.pack("<I", len(v.encode())) + v.encode()
    return struct.pack({"id": "<q", "real": "<d"}.get(name, "<i"), v)


def packed(numbers, width):
    """The hybrid's bit-packed run."""
    numbers = numbers + [0] * (-len(numbers) % 8)
    bits = sum(n << i * width for i, n in enumerate(numbers))
    return varint(len(numbers) // 8 << 1 | 1) + bits.to_bytes(len(numbers) * width // 8, "little")


def page(name, rows, version):
    """(header, body) of a data page."""
    cells = [cell(name, r) for r in rows]
    there = [c for c in cells if c is not None]
    optional = name in ("word", "real")
    levels = packed([int(c is not None) for c in cells], 1) if optional else b""
    body = b"\2" + packed([WORDS.index(c) for c in there], 2) if name == "word" else b"".join(plain(name, c) for c in there)
    encoding = 8 if name == "word" else 0
    if version == 1:
        body = (struct.pack("<I", len(levels)) if optional else b"") + levels + body
        return 0, (5, "struct", [(1, "i32", len(rows)), (2, "i32", encoding), (3, "i32", 3), (4, "i32", 3)]), body
    return 3, (8, "struct", [(1, "i32", len(rows)), (2, "i32", len(cells) - len(there)), (3, "i32", len(rows)),
                             (4, "i32", encoding), (5, "i32", len(levels)), (6, "i32", 0), (7, "bool", False)]), levels + body


class File:
    def __init__(self, o):
        self.o, self.crypt = o, Crypt(o)
        self.names = NAMES if o["nested"] == "1" else NAMES[:4]
        self.how = dict(zip(NAMES, o["keys"].split(",") + ["none", "column"]))
        self.crypt.hidden = os.urandom(int(o["bits"]) // 8)
        self.sealed_footer = o["footer"] == "sealed"
        self.bytes = b"PARE" if self.sealed_footer else b"PAR1"
        self.modules = []

    def note(self, length, kind, *ordinals):
        where = "".join(", %s %d" % pair for pair in zip(("row group", "column", "page"), ordinals))
        self.modules.append((len(self.bytes), length, KINDS_SHOWN[kind] + where.replace(", ", " of ", 1)))

    def key(self, name):
        return {"none": None, "footer": self.crypt.footer, "column": self.crypt.column.get(name, self.crypt.hidden)}[self.how[name]]

    def put(self, name, data, kind, *ordinals):
        key = self.key(name)
        if key:
            group, *rest = ordinals
            data = self.crypt.seal(key, data, kind, self.ordinal(group), *rest)
            if kind in KINDS_SHOWN:
                self.note(len(data), kind, self.ordinal(group), *rest)
        self.bytes += data

    def ordinal(self, group):
        return group + 5 if self.o["order"] == "1" else group

    def put_page(self, name, kind, detail, body, ordinals, dictionary):
        stored = len(body) + (0 if not self.key(name) else 16 if self.crypt.ctr else 32)
        header = encode([(1, "i32", kind), (2, "i32", len(body)), (3, "i32", stored), detail])
        self.put(name, header, DICTIONARY_HEADER if dictionary else DATA_HEADER, *ordinals)
        self.put(name, body, DICTIONARY if dictionary else DATA, *ordinals)

    def put_chunk(self, group, name):
        o, column = self.o, NAMES.index(name)
        start, per = len(self.bytes), int(o["rows"])
        first = group * int(o["pages"]) * per
        if name == "word":
            body = b"".join(plain(name, w) for w in WORDS)
            self.put_page(name, 2, (7, "struct", [(1, "i32", len(WORDS)), (2, "i32", 0)]), body, (group, column), True)
        data = len(self.bytes)
        for p in range(int(o["pages"])):
            kind, detail, body = page(name, range(first + p * per, first + (p + 1) * per), int(o["page"]))
            self.put_page(name, kind, detail, body, (group, column, p), False)
        size = len(self.bytes) - start
        meta = [(1, "i32", TYPES[name]), (2, "list", ("i32", [3, 8 if name == "word" else 0])),
                (3, "list", ("binary", [name.encode()])), (4, "i32", 0), (5, "i64", int(o["pages"]) * per),
                (6, "i64", size), (7, "i64", size), (9, "i64", data)]
        if name == "word":
            meta.append((11, "i64", start))
        return self.chunk(group, name, meta, data)

    def chunk(self, group, name, meta, data):
        column, fields = NAMES.index(name), [(2, "i64", data)]
        if self.o["extras"] == "1":
            indexes = []
            for kind, content in ((COLUMN_INDEX, encode([(4, "i32", 0)])),
                                  (OFFSET_INDEX, encode([(1, "list", ("struct", []))]))):
                at = len(self.bytes)
                self.put(name, content, kind, group, column)
                indexes.append((at, len(self.bytes) - at))
            at = len(self.bytes)
            self.put(name, encode([(1, "i32", 32), (2, "struct", [(1, "struct", [])]), (3, "struct", [(1, "struct", [])]),
                                   (4, "struct", [(1, "struct", [])])]), BLOOM_HEADER, group, column)
            self.put(name, bytes(32), BLOOM, group, column)
            meta = meta + [(14, "i64", at), (15, "i32", len(self.bytes) - at)]
        how = self.how[name]
        if how != "column" or not self.sealed_footer:
            fields.append((3, "struct", meta))
        if self.o["extras"] == "1":
            (c_at, c_len), (o_at, o_len) = indexes
            fields += [(4, "i64", o_at), (5, "i32", o_len), (6, "i64", c_at), (7, "i32", c_len)]
        if how == "footer":
            fields.append((8, "struct", [(1, "struct", [])]))
        if how == "column":
            fields.append((8, "struct", [(2, "struct", [(1, "list", ("binary", [name.encode()])), (2, "binary", b"a key's name")])]))
        if how == "column" or (how == "footer" and not self.sealed_footer and self.o["bare"] == "0"):
            sealed = self.crypt.seal(self.key(name), encode(meta), META, self.ordinal(group), column)
            if self.o["spoil"] == "1" and (group, name) == (1, "small"):
                sealed = sealed[:-1] + bytes([sealed[-1] ^ 1])
            fields.append((9, "binary", sealed))
        return fields

    def write(self, path):
        o, c = self.o, self.crypt
        groups, per = int(o["groups"]), int(o["pages"]) * int(o["rows"])
        chunks = [[self.put_chunk(g, name) for name in self.names] for g in range(groups)]
        schema = [[(4, "binary", b"schema"), (5, "i32", min(len(self.names), 5))]]
        for name in self.names:
            if name == "x":
                schema.append([(3, "i32", 0), (4, "binary", b"struct"), (5, "i32", 2)])
            schema.append([(1, "i32", TYPES[name]), (3, "i32", int(name in ("word", "real"))), (4, "binary", name.encode()[-2:] if name == "inner id" else name.encode())] +
                          ([(6, "i32", 0), (10, "struct", [(1, "struct", [])])] if name == "word" else []))
        footer = [(1, "i32", 2), (2, "list", ("struct", schema)), (3, "i64", groups * per),
                  (4, "list", ("struct", [[(1, "list", ("struct", chunk)), (2, "i64", 1), (3, "i64", per), (7, "i16", self.ordinal(g))]
                                          for g, chunk in enumerate(chunks)])), (6, "binary", b"encrypted_tables.py")]
        pages_end = len(self.bytes)
        if self.sealed_footer:
            tail = encode([(1, "struct", c.algorithm(o)), (2, "binary", b"the footer key's name")])
            sealed = c.seal(c.footer, encode(footer), FOOTER)
            self.bytes, tail = self.bytes + tail, sealed
            self.note(len(sealed), FOOTER)
        else:
            tail = encode(footer + [(8, "struct", c.algorithm(o)), (9, "binary", b"the footer key's name")])
            tail += c.sign(tail)
        with open(path + ".parquet", "wb") as f:
            f.write(self.bytes + tail + struct.pack("<I", len(self.bytes) + len(tail) - pages_end) + self.bytes[:4])
        with open(path + ".modules", "w") as f:
            for module in self.modules:
                print(*module, file=f)
        with open(path + ".keys", "w", opener=lambda p, flags: os.open(p, flags, 0o600)) as f:
            print("footer", c.footer.hex(), file=f)
            for name, key in c.column.items():
                print("column", name, key.hex(), file=f)
            if o["prefix"] == "supplied":
                print("aad", c.prefix.decode(), file=f)
        with open(path + ".csv", "w") as f:
            print(",".join(NAMES[:4]), file=f)
            for row in range(groups * per):
                print(",".join(text(cell(name, row)) for name in NAMES[:4]), file=f)


def text(v):
    if v is None:
        return ""
    if isinstance(v, float):
        return repr(int(v) if v == int(v) else v)
    return str(v) if isinstance(v, int) or v and "," not in v else '"%s"' % v


OPTIONS = {"bits": "128", "mode": "gcm", "footer": "sealed", "prefix": "none", "keys": "footer,column,none,column",
           "page": "1", "extras": "0", "groups": "2", "pages": "3", "rows": "50", "order": "0", "spoil": "0", "bare": "0", "nested": "0",
           "like": ""}

if __name__ == "__main__":
    for out, *words in [line.split() for line in sys.stdin] if sys.argv[1:] == ["-"] else [sys.argv[1:]]:
        given = dict(word.split("=", 1) for word in words)
        assert set(given) <= set(OPTIONS), "an unknown option"
        File({**OPTIONS, **given}).write(out)
