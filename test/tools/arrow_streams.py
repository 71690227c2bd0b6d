"""arrow_streams.py FOLDER: Arrow IPC as the specification has it, byte by byte, for test/cli/arrow.sh.

Written from Columnar.rst, Schema.fbs, Message.fbs and File.fbs: what writers may do and hardly one does."""
import json
import struct
import sys

NULL, INT, FLOAT, BINARY, UTF8, BOOL, DECIMAL, DATE, TIME, TIMESTAMP, INTERVAL, LIST, STRUCT, UNION, FIXED = range(1, 16)
FIXED_LIST, MAP, DURATION, LARGE_BINARY, LARGE_UTF8, LARGE_LIST, RUNS, BINARY_VIEW, UTF8_VIEW = range(16, 25)
SIZES = {"b": 1, "h": 2, "i": 4, "q": 8}


# ---- FlatBuffers: a table is a list of (field, kind, value) ----

def put_ref(out, at, value, kind):
    while len(out) % 8 != (4 if kind == "structs" else 0):
        out.append(0)
    start = len(out)
    if kind == "table":
        start = put_table(out, value)
    elif kind == "text":
        data = value.encode()
        out += struct.pack("<I", len(data)) + data + b"\0"
    elif kind == "structs":
        data, size = value
        out += struct.pack("<I", len(data) // size) + data
    else:
        out += struct.pack("<I", len(value)) + bytes(4 * len(value))
        for i, one in enumerate(value):
            put_ref(out, start + 4 + 4 * i, one, "table")
    struct.pack_into("<I", out, at, start - at)


def put_table(out, fields):
    n = max([f for f, _, _ in fields], default=-1) + 1
    vtable = len(out)
    out += bytes(4 + 2 * n)
    while len(out) % 8:
        out.append(0)
    table = len(out)
    out += bytes(8 + 8 * n)
    struct.pack_into("<HH", out, vtable, 4 + 2 * n, 8 + 8 * n)
    struct.pack_into("<i", out, table, table - vtable)
    for field, kind, value in fields:
        at = table + 8 + 8 * field
        struct.pack_into("<H", out, vtable + 4 + 2 * field, at - table)
        if kind in SIZES:
            struct.pack_into("<" + kind, out, at, value)
        else:
            put_ref(out, at, value, kind)
    return table


def flat(fields):
    out = bytearray(4)
    put_ref(out, 0, fields, "table")
    return bytes(out)


# ---- messages ----

def message(kind, header, body=b"", version=4, old=False, metadata=None):
    fields = [(0, "h", version), (1, "b", kind), (2, "table", header), (3, "q", len(body))]
    if metadata:
        fields.append((4, "tables", pairs(metadata)))
    meta = flat(fields)
    prefix = 4 if old else 8
    meta += bytes(-(len(meta) + prefix) % 8)
    return (b"" if old else b"\xff\xff\xff\xff") + struct.pack("<i", len(meta)) + meta + body


def pairs(metadata):
    return [[(0, "text", k), (1, "text", v)] for k, v in metadata.items()]


def field(name, kind, parameters=(), dictionary=None, nullable=1, children=(), metadata=None):
    out = [(0, "text", name), (1, "b", nullable), (2, "b", kind), (3, "table", list(parameters))]
    if dictionary:
        number, bits, signed = dictionary
        out.append((4, "table", [(0, "q", number), (1, "table", [(0, "i", bits), (1, "b", signed)])]))
    out.append((5, "tables", list(children)))
    if metadata:
        out.append((6, "tables", pairs(metadata)))
    return out


def schema(fields, big=False):
    return ([(0, "h", 1)] if big else []) + [(1, "tables", fields)]


class Batch:
    """Columns of a record batch: each adds its node and its buffers."""

    def __init__(self, rows, packed=False):
        self.rows, self.nodes, self.buffers, self.body, self.views, self.packed = rows, b"", b"", b"", [], packed

    def buffer(self, data):
        if self.packed and data:
            data = struct.pack("<q", -1) + data
        self.buffers += struct.pack("<qq", len(self.body), len(data))
        self.body += data + bytes(-len(data) % 8)

    def column(self, valid, *buffers, rows=None, nulls=None, views=None):
        rows = self.rows if rows is None else rows
        if valid is not None:
            nulls = valid.count("0") if nulls is None else nulls
        self.nodes += struct.pack("<qq", rows, nulls or 0)
        if valid is not None:
            bits = sum(1 << i for i, c in enumerate(valid) if c == "1")
            self.buffer(bits.to_bytes((len(valid) + 7) // 8, "little") if valid else b"")
        for one in buffers:
            self.buffer(one)
        if views is not None:
            self.views.append(views)
        return self

    def header(self):
        out = [(0, "q", self.rows), (1, "structs", (self.nodes, 16)), (2, "structs", (self.buffers, 16))]
        if self.packed:
            out.append((3, "table", [(0, "b", 1)]))
        if self.views:
            out.append((4, "structs", (b"".join(struct.pack("<q", v) for v in self.views), 8)))
        return out


def rows_of(batch, **how):
    return message(3, batch.header(), batch.body, **how)


def dictionary_of(number, batch, delta=False, **how):
    return message(2, [(0, "q", number), (1, "table", batch.header())] + ([(2, "b", 1)] if delta else []), batch.body,
                   **how)


def stream(columns, *parts, big=False, old=False, version=4):
    end = struct.pack("<i", 0) if old else b"\xff\xff\xff\xff\0\0\0\0"
    return message(1, schema(columns, big), old=old, version=version) + b"".join(parts) + end


def file(columns, dictionaries, batches, big=False, version=4):
    out = b"ARROW1\0\0" + message(1, schema(columns, big), version=version)
    blocks = [b"", b""]
    for kind, parts in ((1, batches), (0, dictionaries)):  # the dictionaries last: the footer finds them
        for part in parts:
            meta = struct.unpack_from("<i", part, 4)[0] + 8
            blocks[kind] += struct.pack("<qiiq", len(out), meta, 0, len(part) - meta)
            out += part
    footer = flat([(0, "h", version), (1, "table", schema(columns, big)), (2, "structs", (blocks[0], 24)),
                   (3, "structs", (blocks[1], 24))])
    return out + b"\xff\xff\xff\xff\0\0\0\0" + footer + struct.pack("<i", len(footer)) + b"ARROW1"


# ---- every type, in either byte order: rows of a value, of another, of NULL ----

def every(big):
    o = ">" if big else "<"

    def ints(kind, *values):
        return struct.pack(o + kind * len(values), *values)

    def wide(size, *values):
        return b"".join(v.to_bytes(size, "big" if big else "little", signed=True) for v in values)

    def view(text, number=0, at=0):
        if len(text) <= 12:
            return ints("i", len(text)) + text + bytes(12 - len(text))
        return ints("i", len(text)) + text[:4] + ints("i", number, at)

    long_text = b"a text of more than twelve bytes"
    columns, batch = [], Batch(3)

    def add(name, kind, parameters, *buffers, valid="110", **more):
        columns.append(field(name, kind, parameters, metadata=more.pop("metadata", None)))
        batch.column(valid, *buffers, **more)

    add("nothing", NULL, [], valid=None, nulls=3)
    for bits, kind in ((8, "b"), (16, "h"), (32, "i"), (64, "q")):
        least, most = -2 ** (bits - 1), 2 ** (bits - 1) - 1
        add("i%d" % bits, INT, [(0, "i", bits), (1, "b", 1)], ints(kind, least, most, 0))
        add("u%d" % bits, INT, [(0, "i", bits)], ints(kind.upper(), 0, 2 ** bits - 1, 0))
    add("half", FLOAT, [], ints("e", 1.5, -0.25, 0))
    add("single", FLOAT, [(0, "h", 1)], ints("f", 0.1, -3.5, 0))
    add("double", FLOAT, [(0, "h", 2)], ints("d", 0.1, 1e300, 0))
    add("flag", BOOL, [], b"\x01")
    add("d32", DECIMAL, [(0, "i", 9), (1, "i", 2), (2, "i", 32)], wide(4, 123456789, -1, 0))
    add("d64", DECIMAL, [(0, "i", 18), (1, "i", 2), (2, "i", 64)], wide(8, 10 ** 18 - 1, -1, 0))
    add("d128", DECIMAL, [(0, "i", 38), (1, "i", 3)], wide(16, 10 ** 38 - 1, -12345, 0))
    add("d256", DECIMAL, [(0, "i", 38), (1, "i", 0), (2, "i", 256)], wide(32, 10 ** 38 - 1, -7, 0))
    add("day32", DATE, [(0, "h", 0)], ints("i", 19782, -1, 0))
    add("day64", DATE, [], ints("q", 19782 * 86400000, -86400000, 0))
    add("times", TIME, [(0, "h", 0)], ints("i", 0, 86399, 0))
    add("timems", TIME, [], ints("i", 1, 86399999, 0))
    add("timeus", TIME, [(0, "h", 2), (1, "i", 64)], ints("q", 1, 86399999999, 0))
    add("timens", TIME, [(0, "h", 3), (1, "i", 64)], ints("q", 1, 86399999999999, 0))
    for unit, name in enumerate(("s", "ms", "us", "ns")):
        add("at" + name, TIMESTAMP, [(0, "h", unit)], ints("q", 1700000000 * 1000 ** unit, -1000 ** unit, 0))
    add("zone", TIMESTAMP, [(0, "h", 0), (1, "text", "Europe/Berlin")], ints("q", 1700000000, 0, 0))
    add("length", DURATION, [], ints("q", 5, -5, 0))
    add("months", INTERVAL, [], ints("i", 14, -1, 0))
    add("daytime", INTERVAL, [(0, "h", 1)], ints("i", 1, 1500, 0, -1, 0, 0))
    add("mixed", INTERVAL, [(0, "h", 2)], b"".join(ints("i", *v[:2]) + ints("q", v[2])
                                                  for v in ((1, 2, 3000), (0, 0, -1000), (0, 0, 0))))
    add("bytes", BINARY, [], ints("i", 0, 3, 3, 3), b"\x01A\xff")
    add("largebytes", LARGE_BINARY, [], ints("q", 0, 1, 2, 2), b"xy")
    add("fixed", FIXED, [(0, "i", 2)], b"ab\0c\0\0")
    add("uuid", FIXED, [(0, "i", 16)], bytes(range(16)) + bytes(32), metadata={"ARROW:extension:name": "arrow.uuid"})
    # Offsets that begin behind the start: what stands before belongs to nothing.
    add("text", UTF8, [], ints("i", 4, 36, 36, 36), b"skip" + long_text)
    add("largetext", LARGE_UTF8, [], ints("q", 0, 1, 33, 33), b"x" + long_text)
    add("view", UTF8_VIEW, [], view(b"short") + view(long_text, 1, 2) + bytes(16), b"", b"__" + long_text, views=2)
    add("byteview", BINARY_VIEW, [], view(b"\x00") + view(b"twelve bytes") + bytes(16), views=0)
    add("full", INT, [(0, "i", 32), (1, "b", 1)], ints("i", 1, 2, 3), valid="", nulls=0)
    # No NULL is counted, so the bitmap does not count either.
    add("counted", INT, [(0, "i", 32), (1, "b", 1)], ints("i", 1, 2, 3), valid="000", nulls=0)
    return columns, batch


WANT = {name: (first, second, None) for name, first, second in (
    ("nothing", None, None), ("i8", "-128", "127"), ("u8", "0", "255"), ("i16", "-32768", "32767"),
    ("u16", "0", "65535"), ("i32", "-2147483648", "2147483647"), ("u32", "0", "4294967295"),
    ("i64", "-9223372036854775808", "9223372036854775807"), ("u64", "0", "18446744073709551615"),
    ("half", "1.5", "-0.25"), ("single", "0.1", "-3.5"), ("double", "0.1", "1e+300"), ("flag", True, False),
    ("d32", "1234567.89", "-0.01"), ("d64", "9999999999999999.99", "-0.01"), ("d128", "9" * 35 + ".999", "-12.345"),
    ("d256", "9" * 38, "-7"), ("day32", "2024-02-29", "1969-12-31"), ("day64", "2024-02-29", "1969-12-31"),
    ("times", "00:00:00", "23:59:59"), ("timems", "00:00:00.001", "23:59:59.999"),
    ("timeus", "00:00:00.000001", "23:59:59.999999"), ("timens", "00:00:00.000000001", "23:59:59.999999999"),
    ("ats", "2023-11-14 22:13:20", "1969-12-31 23:59:59"), ("atms", "2023-11-14 22:13:20", "1969-12-31 23:59:59"),
    ("atus", "2023-11-14 22:13:20", "1969-12-31 23:59:59"), ("atns", "2023-11-14 22:13:20", "1969-12-31 23:59:59"),
    ("zone", "2023-11-14 22:13:20", "1970-01-01 00:00:00"), ("length", "5", "-5"),
    ("months", "1 year 2 mons", "-1 mons"), ("daytime", "1 day 00:00:01.5", "-00:00:00.001"),
    ("mixed", "1 mon 2 days 00:00:00.000003", "-00:00:00.000001"), ("bytes", "\\x01A\\xFF", ""),
    ("largebytes", "x", "y"), ("fixed", "ab", "\\x00c"),
    ("uuid", "00010203-0405-0607-0809-0a0b0c0d0e0f", "00000000-0000-0000-0000-000000000000"),
    ("text", "a text of more than twelve bytes", ""), ("largetext", "x", "a text of more than twelve bytes"),
    ("view", "short", "a text of more than twelve bytes"), ("byteview", "\\x00", "twelve bytes"))}
WANT["full"] = WANT["counted"] = ("1", "2", "3")


def texts(*values, rows=None):
    offsets, data = [0], b""
    for v in values:
        data += v.encode()
        offsets.append(len(data))
    return struct.pack("<%di" % len(offsets), *offsets), data


def dictionaries():
    """Values of integers and of text, one of them NULL; one dictionary grows, is replaced, serves two columns."""
    columns = [field("n", INT, [(0, "i", 64), (1, "b", 1)], dictionary=(1, 8, 1)),
               field("w", UTF8, dictionary=(2, 16, 0)), field("v", UTF8, dictionary=(2, 64, 1)),
               field("never", UTF8, dictionary=(3, 32, 1)), field("none", NULL, dictionary=(4, 8, 1))]
    numbers = Batch(2).column("11", struct.pack("<qq", 10, 20))

    def words(*values, valid=None):
        return Batch(len(values)).column(valid or "1" * len(values), *texts(*values))

    def rows(n, w, v):
        return Batch(2).column("11", bytes(n)).column("11", struct.pack("<HH", *w)).column(
            "11", struct.pack("<qq", *v)).column("00", bytes(8)).column("00", bytes(2))

    return columns, [dictionary_of(1, numbers), dictionary_of(2, words("a", "-", valid="10")),
                     dictionary_of(4, Batch(0).column(None, nulls=0)), rows_of(rows([0, 1], [0, 1], [0, 0])),
                     dictionary_of(2, words("b"), delta=True), rows_of(rows([1, 1], [2, 0], [2, 2])),
                     dictionary_of(2, words("c")), rows_of(rows([0, 0], [0, 0], [0, 0]))]


# ---- what is refused: name, words of the refusal, bytes ----

def refusals():
    whole = [field("i", INT, [(0, "i", 32), (1, "b", 1)])]
    word = [field("w", UTF8)]
    coded = [field("w", UTF8, dictionary=(1, 8, 1))]
    two = Batch(2).column("11", struct.pack("<ii", 1, 2))
    ab = dictionary_of(1, Batch(256).column("1" * 256, *texts(*["x"] * 256)))

    def one(columns, *buffers, valid="1", **more):
        return stream(columns, rows_of(Batch(1).column(valid, *buffers, **more)))

    for name, kind in (("list", LIST), ("struct", STRUCT), ("union", UNION), ("fixedlist", FIXED_LIST), ("map", MAP),
                       ("largelist", LARGE_LIST), ("runs", RUNS)):
        yield name, "column nested: Arrow's type .*not read", stream([field("ok", BOOL), field("nested", kind, children=whole)])
    yield "digits", "column huge: a decimal of 256 bits, 76 digits", stream([field("huge", DECIMAL, [(0, "i", 76), (1, "i", 2), (2, "i", 256)])])
    yield "scale", "column huge: a decimal of 128 bits, 5 digits, -2", stream([field("huge", DECIMAL, [(0, "i", 5), (1, "i", -2)])])
    yield "names", "columns 1 and 2 are both called i", stream(whole + whole)
    yield "empty", "1 to 255 bytes", stream([field("", BOOL)])
    yield "columns", "without columns", stream([])
    yield "version", "another version", stream(whole, rows_of(two), version=2)
    yield "experimental", "Arrow 0.17", stream(whole, rows_of(two, metadata={"ARROW:experimental_compression": "lz4"}))
    yield "tensor", "neither a dictionary nor", stream(whole, message(4, []))
    yield "daytime", "column d, row 0.*a date has a time of day", one([field("d", DATE)], struct.pack("<q", 1))
    yield "time", "column t, row 0.*outside the day", one([field("t", TIME, [(0, "h", 0)])], struct.pack("<i", 86401))
    yield "nanos", "column v, row 0.*fraction of a microsecond", one([field("v", INTERVAL, [(0, "h", 2)])], struct.pack("<iiq", 0, 0, 1))
    yield "decimal", "column d, row 0.*more digits than its type", one([field("d", DECIMAL, [(0, "i", 3)])], (1000).to_bytes(16, "little"))
    yield "offsets", "column w, row 0.*outside its buffer", one(word, struct.pack("<ii", 2, 1), b"abc")
    yield "outside", "column w, row 0.*outside its buffer", one(word, struct.pack("<ii", 0, 4), b"abc")
    yield "utf8", "column w, row 0.*not UTF-8", one(word, struct.pack("<ii", 0, 1), b"\xff")
    yield "view", "column w, row 0.*outside its buffer", one([field("w", UTF8_VIEW)], struct.pack("<i4sii", 13, b"aaaa", 1, 0), b"a" * 13, views=1)
    yield "viewend", "column w, row 0.*outside its buffer", one([field("w", UTF8_VIEW)], struct.pack("<i4sii", 13, b"aaaa", 0, 1), b"a" * 13, views=1)
    yield "prefix", "column w, row 0.*outside its buffer", one([field("w", UTF8_VIEW)], struct.pack("<i4sii", 13, b"aaab", 0, 0), b"a" * 13, views=1)
    yield "views", "column w.*fewer buffers", one([field("w", UTF8_VIEW)], bytes(16), views=9)
    yield "uncounted", "column w.*how many buffers", one([field("w", UTF8_VIEW)], bytes(16))
    yield "bitmap", "column i.*shorter than its rows", one(whole, struct.pack("<i", 1), valid="", nulls=1)
    yield "required", "column i, row 0.*NULL", one([field("i", INT, [(0, "i", 32)], nullable=0)], struct.pack("<i", 1), valid="0")
    yield "index", "column w, row 0.*not in its dictionary", stream(coded, ab, rows_of(Batch(1).column("1", b"\xff")))
    yield "missing", "column w, row 0.*not in its dictionary", stream(coded, rows_of(Batch(1).column("1", b"\0")))
    yield "stranger", "of no column", stream(coded, dictionary_of(7, two))
    yield "shared", "two columns of one dictionary", stream(coded + [field("i", INT, [(0, "i", 64)], dictionary=(1, 8, 1))])
    yield "rows", "column i.*number of rows", one(whole, struct.pack("<i", 1), rows=2)
    yield "cut", "longer than the stream", stream(whole, rows_of(two))[:-20]
    yield "file", "it is cut off", file(whole, [], [rows_of(two)])[:-3]
    yield "footer", "footer is longer than the file", file(whole, [], [rows_of(two)])[:-10] + struct.pack("<i", 1 << 20) + b"ARROW1"
    yield "block", "lies outside the file", file(whole, [], [rows_of(two)]).replace(struct.pack("<qi", 8 + len(message(1, schema(whole))), 0)[:8],
                                                            struct.pack("<q", 1 << 40))


def main(folder):
    def write(name, data):
        with open("%s/%s" % (folder, name), "wb") as out:
            out.write(data)

    for big in (False, True):
        columns, batch = every(big)
        name = "big" if big else "little"
        write(name + ".arrows", stream(columns, rows_of(batch), big=big))
        write(name + ".arrow", file(columns, [], [rows_of(batch)], big=big))
        write(name + "-old.arrows", stream(columns, rows_of(batch, old=True, version=3), big=big, old=True, version=3))
        columns, batch = every(big)
    whole = [field("i", INT, [(0, "i", 32), (1, "b", 1)]), field("w", UTF8)]
    packed = Batch(2, packed=True).column("11", struct.pack("<ii", 1, 2)).column("11", *texts("x", ""))
    none = Batch(0).column("", b"").column("", b"", b"")
    write("minus-one.arrows", stream(whole, rows_of(packed), rows_of(none), rows_of(packed)))
    write("no-rows.arrows", stream(whole, rows_of(none)))
    write("no-batch.arrows", stream(whole))
    write("no-end.arrows", stream(whole, rows_of(packed))[:-8])
    columns, parts = dictionaries()
    write("dictionaries.arrows", stream(columns, *parts))
    write("dictionaries.arrow", file(columns, parts[:3], parts[3:4]))
    with open(folder + "/refusals", "w") as out:
        for name, words, data in refusals():
            write("bad-" + name, data)
            out.write("%s %s\n" % (name, words))
    with open(folder + "/want.json", "w") as out:
        json.dump([{name: row[i] for name, row in WANT.items()} for i in range(3)], out)


main(sys.argv[1])
