# SPDX-License-Identifier: BSD-3-Clause
"""ClientHellos by field, in records as one likes, also such as no library would send."""
import os
import struct

GREASE = 0x5A5A
SERVER_NAME, GROUPS, SIGNATURES, ALPN, PADDING, VERSIONS, KEY_SHARE, ECH = (
    0, 10, 13, 16, 21, 43, 51, 0xFE0D)


def vector(size, content):
    return len(content).to_bytes(size, "big") + content


def extension(kind, content):
    return struct.pack("!H", kind) + vector(2, content)


def server_name(*names):
    return extension(SERVER_NAME, vector(2, b"".join(b"\0" + vector(2, n) for n in names)))


def numbers(values, size=2):
    return vector(size, b"".join(struct.pack("!H", v) for v in values))


def message(names=(), grease=False, ech=False, padding=0, alpn=(b"h2", b"http/1.1")):
    """The handshake message; `names` are bytes."""
    extra = [GREASE] if grease else []
    extensions = [extension(GREASE, b"")] if grease else []
    if names:
        extensions.append(server_name(*names))
    extensions += [
        extension(GROUPS, numbers(extra + [29, 23, 24])),
        extension(SIGNATURES, numbers([0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501])),
        extension(ALPN, vector(2, b"".join(vector(1, p) for p in alpn))),
        extension(VERSIONS, numbers(extra + [0x0304, 0x0303], 1)),
        extension(KEY_SHARE, vector(2, struct.pack("!H", 29) + vector(2, os.urandom(32)))),
    ]
    if ech:
        extensions.append(extension(ECH, b"\0\0\x01\0\x01\x07" + vector(2, os.urandom(32)) +
                                    vector(2, os.urandom(144))))
    if padding:
        extensions.append(extension(PADDING, bytes(padding)))
    body = (b"\x03\x03" + os.urandom(32) + vector(1, os.urandom(32)) +
            numbers(extra + [0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F]) + b"\x01\0" +
            vector(2, b"".join(extensions)))
    return b"\x01" + vector(3, body)


def records(content, size=16384):
    """As handshake records of at most `size` bytes of content."""
    return b"".join(b"\x16\x03\x01" + vector(2, content[i:i + size])
                    for i in range(0, len(content), size))


def hello(*names, size=16384, **more):
    return records(message(tuple(n.encode() if isinstance(n, str) else n for n in names), **more),
                   size)
