#!/usr/bin/env python3
"""eif.py FILE [KEY CERTIFICATE]: writes an enclave image as nitro-cli does and prints its registers.

With a P-384 key and its certificate (PEM) the image is signed, by `openssl dgst`.  Written from the public
description of the format (aws-nitro-enclaves-image-format, src/defs) and sharing nothing with the program:
an oracle, not a tool.
"""
import hashlib
import json
import ssl
import struct
import subprocess
import sys
import zlib

KERNEL, CMDLINE, RAMDISK, SIGNATURE, METADATA = range(1, 6)


def head(major, value):
    if value < 24:
        return bytes([major << 5 | value])
    return bytes([major << 5 | 24, value]) if value < 256 else struct.pack(">BH", major << 5 | 25, value)


def numbers(data):
    """Bytes as serde writes a Vec<u8>: a list of numbers."""
    return head(4, len(data)) + b"".join(head(0, byte) for byte in data)


def text(data):
    return head(3, len(data)) + data.encode()


def register(parts):
    return hashlib.sha384(bytes(48) + hashlib.sha384(b"".join(parts)).digest()).digest()


def raw(der):
    """ECDSA-Sig-Value to R and S of 48 bytes each."""
    at = 3 if der[1] & 0x80 else 2
    out = b""
    for _ in range(2):
        size = der[at + 1]
        out += der[at + 2 : at + 2 + size].lstrip(b"\0").rjust(48, b"\0")
        at += 2 + size
    return out


def signature(pcr0, key, pem):
    payload = head(5, 2) + text("register_index") + head(0, 0) + text("register_value") + numbers(pcr0)
    protected = bytes.fromhex("a1013822")
    signed = head(4, 4) + text("Signature1") + head(2, 4) + protected + head(2, 0)
    signed += head(2, len(payload)) + payload
    der = subprocess.run(["openssl", "dgst", "-sha384", "-sign", key], input=signed, stdout=subprocess.PIPE,
                         check=True).stdout
    cose = head(4, 4) + head(2, 4) + protected + head(5, 0) + head(2, len(payload)) + payload
    cose += head(2, 96) + raw(der)
    return (head(4, 1) + head(5, 2) + text("signing_certificate") + numbers(pem) + text("signature")
            + numbers(cose))


def main():
    boot = [bytes(range(256)) * 40, b"reboot=k panic=30", b"bootstrap" * 1000]
    app = [b"application" * 3000]
    sections = [(KERNEL, boot[0]), (CMDLINE, boot[1]), (METADATA, json.dumps({"ImageName": "x"}).encode()),
                (RAMDISK, boot[2]), (RAMDISK, app[0])]
    values = {0: register(boot + app), 1: register(boot), 2: register(app)}
    if len(sys.argv) > 2:
        pem = open(sys.argv[3], "rb").read()
        sections.append((SIGNATURE, signature(values[0], sys.argv[2], pem)))
        values[8] = register([ssl.PEM_cert_to_DER_cert(pem.decode())])
    body, offsets, sizes = b"", [], []
    for kind, data in sections:
        offsets.append(548 + len(body))
        sizes.append(len(data))
        body += struct.pack(">HHQ", kind, 0, len(data)) + data
    pad = [0] * (32 - len(sections))
    header = struct.pack(">4sHHQQHH32Q32QI", b".eif", 4, 0, 1 << 28, 2, 0, len(sections), *(offsets + pad),
                         *(sizes + pad), 0)
    with open(sys.argv[1], "wb") as out:
        out.write(header + struct.pack(">I", zlib.crc32(header + body)) + body)
    for index, value in values.items():
        print(f"{value.hex()}  pcrs.{index}  {sys.argv[1]}")


main()
