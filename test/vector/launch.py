#!/usr/bin/env python3
"""launch.py KIND FIRMWARE: prints what `redoubt measure` must print, by hashlib and the specifications.

KIND is tdx (MRTD) or snp (launch digest with 4 virtual CPUs EPYC-Milan, no kernel).  Written from the
specifications alone and sharing nothing with the program: an oracle, not a tool.
"""
import hashlib
import struct
import sys
import uuid

PAGE = 4096


def entries(firmware):
    """The GUIDed table at the end of the image: {guid: data}."""
    end = len(firmware) - 32 - 18
    begin = end + 18 - struct.unpack_from("<H", firmware, end)[0]
    found = {}
    while end - begin >= 18:
        size, guid = struct.unpack_from("<H16s", firmware, end - 18)
        found[str(uuid.UUID(bytes_le=guid))] = firmware[end - size : end - 18]
        end -= size
    return found


def descriptors(firmware, entry, magic, form):
    at = len(firmware) - struct.unpack("<I", entry)[0]
    assert firmware[at : at + 4] == magic
    count = struct.unpack_from("<I", firmware, at + 12)[0]
    return [struct.unpack_from(form, firmware, at + 16 + i * struct.calcsize(form)) for i in range(count)]


def tdx(firmware):
    entry = entries(firmware)["e47a6535-984a-4798-865e-4685a7bf8ec2"]
    mrtd = hashlib.sha384()
    for offset, raw, gpa, size, _, attributes in descriptors(firmware, entry, b"TDVF", "<IIQQII"):
        if attributes & 2:
            continue
        content = firmware[offset : offset + raw].ljust(size, b"\0")
        for page in range(0, size, PAGE):
            mrtd.update(struct.pack("<16sQ104x", b"MEM.PAGE.ADD", gpa + page))
            for at in range(page, page + PAGE if attributes & 1 else page, 256):
                mrtd.update(struct.pack("<16sQ104x", b"MR.EXTEND", gpa + at) + content[at : at + 256])
    return mrtd.hexdigest()


def vmsa(eip):
    page = bytearray(PAGE)
    for at, selector, attributes, base in (
        (0x00, 0, 0x93, 0), (0x10, 0xF000, 0x9B, eip & 0xFFFF0000), (0x20, 0, 0x93, 0),
        (0x30, 0, 0x93, 0), (0x40, 0, 0x93, 0), (0x50, 0, 0x93, 0), (0x60, 0, 0, 0),
        (0x70, 0, 0x82, 0), (0x80, 0, 0, 0), (0x90, 0, 0x8B, 0),
    ):
        struct.pack_into("<HHIQ", page, at, selector, attributes, 0xFFFF, base)
    for at, value in (
        (0xD0, 0x1000), (0x148, 0x40), (0x158, 0x10), (0x160, 0x400), (0x168, 0xFFFF0FF0), (0x170, 2),
        (0x178, eip & 0xFFFF), (0x268, 0x0007040600070406), (0x310, 0x00A00F11), (0x3B0, 1), (0x3E8, 1),
    ):
        struct.pack_into("<Q", page, at, value)
    return bytes(page)


def snp(firmware):
    table = entries(firmware)
    digest = bytes(48)

    def update(kind, gpa, page=None):
        nonlocal digest
        content = hashlib.sha384(page).digest() if page else bytes(48)
        digest = hashlib.sha384(digest + content + struct.pack("<HBBIQ", 112, kind, 0, 0, gpa)).digest()

    for at in range(0, len(firmware), PAGE):
        update(1, 2**32 - len(firmware) + at, firmware[at : at + PAGE])
    metadata = table["dc886566-984a-4798-a75e-5585a7bf67cc"]
    for gpa, size, kind in descriptors(firmware, metadata, b"ASEV", "<III"):
        for at in range(0, size if kind in (1, 4) else PAGE, PAGE):
            update({1: 3, 2: 5, 3: 6, 4: 3}[kind], gpa + at)
    start = struct.unpack("<I", table["00f771de-1a7e-4fcb-890e-68c77e2fb44e"])[0]
    for eip in [0xFFFFFFF0] + 3 * [start]:
        update(2, 0xFFFFFFFFF000, vmsa(eip))
    return digest.hex()


print({"snp": snp, "tdx": tdx}[sys.argv[1]](open(sys.argv[2], "rb").read()))
