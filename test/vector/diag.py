"""CBOR diagnostic notation to CBOR: maps, arrays, numbers, text, h'', 'text', tags, comments."""
import re, sys
def head(major, n):
    if n < 24: return bytes([major << 5 | n])
    for info, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if n < 1 << 8 * size: return bytes([major << 5 | info]) + n.to_bytes(size, "big")
TOKEN = re.compile(r"""\s+|/[^/]*/|(?P<h>h'(?P<hex>(?:[^'/]|/[^/]*/)*)')|(?P<t>"(?P<text>(?:[^"\\]|\\.)*)")|(?P<n>-?\d+)"""
                   r"""|(?P<w>true|false|null)|(?P<p>[\[\]{}(),:])""")
def tokens(text):
    at = 0
    while at < len(text):
        m = TOKEN.match(text, at)
        at = m.end()
        if m.group("h") is not None: yield "bytes", bytes.fromhex(re.sub(r"/[^/]*/|\s", "", m.group("hex")))
        elif m.group("t") is not None: yield "text", m.group("text").replace('\\"', '"')
        elif m.group("n"): yield "int", int(m.group("n"))
        elif m.group("w"): yield "word", m.group("w")
        elif m.group("p"): yield m.group("p"), None
def item(t):
    kind, v = t.pop(0)
    if kind == "bytes": return head(2, len(v)) + v
    if kind == "text": return head(3, len(v.encode())) + v.encode()
    if kind == "word": return {"true": b"\xf5", "false": b"\xf4", "null": b"\xf6"}[v]
    if kind == "int":
        if t and t[0][0] == "(":
            t.pop(0)
            inner = item(t)
            t.pop(0)
            return head(6, v) + inner
        return head(0, v) if v >= 0 else head(1, -1 - v)
    out, n = b"", 0
    close = {"[": "]", "{": "}"}[kind]
    while t[0][0] != close:
        if t[0][0] == ",":
            t.pop(0)
            continue
        out += item(t)
        n += 1
        if kind == "{":
            assert t.pop(0)[0] == ":"
            out += item(t)
    t.pop(0)
    return head(4 if kind == "[" else 5, n) + out
sys.stdout.buffer.write(item(list(tokens(sys.stdin.read()))))
