# SPDX-License-Identifier: Apache-2.0
"""DER (X.690) for what the operator writes and checks: a writer of the few types of a MID manifest, and a strict reader.

Pure. The reader refuses indefinite and non-minimal lengths, truncation and octets behind a value; it never guesses.
"""
from __future__ import annotations

import datetime as dt
from typing import Iterator


class DerError(ValueError):
    pass


def tlv(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    n = len(body)
    if n < 128:
        return bytes([tag, n]) + body
    size = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + body


def integer(value: int, tag: int = 0x02) -> bytes:
    return tlv(tag, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def enumerated(value: int) -> bytes:
    return integer(value, 0x0A)


def boolean(value: bool) -> bytes:
    return tlv(0x01, b"\xff" if value else b"\0")


def octets(value: bytes) -> bytes:
    return tlv(0x04, value)


def utf8(value: str) -> bytes:
    return tlv(0x0C, value.encode())


def time(value: dt.datetime) -> bytes:
    return tlv(0x18, value.strftime("%Y%m%d%H%M%SZ").encode())


def sequence(*parts: bytes) -> bytes:
    return tlv(0x30, *parts)


def read(data: bytes) -> tuple[int, bytes, bytes]:
    """(tag, content, rest) of the first value."""
    if len(data) < 2:
        raise DerError("truncated")
    tag, n, at = data[0], data[1], 2
    if tag & 0x1F == 0x1F:
        raise DerError("long tag")
    if n >= 0x80:
        count = n & 0x7F
        if not 1 <= count <= 4 or len(data) < 2 + count:
            raise DerError("length")
        n, at = int.from_bytes(data[2:2 + count], "big"), 2 + count
        if n < 128 or n.bit_length() <= 8 * (count - 1):
            raise DerError("length is not minimal")
    if len(data) - at < n:
        raise DerError("truncated")
    return tag, data[at:at + n], data[at + n:]


def children(content: bytes) -> Iterator[tuple[int, bytes]]:
    while content:
        tag, value, content = read(content)
        yield tag, value


def tree(data: bytes) -> list | tuple[int, bytes]:
    """A whole DER value: constructed ones as lists, primitive ones as (tag, content)."""
    tag, content, rest = read(data)
    if rest:
        raise DerError("octets behind the value")
    return _tree(tag, content)


def _tree(tag: int, content: bytes) -> list | tuple[int, bytes]:
    return [_tree(t, c) for t, c in children(content)] if tag & 0x20 else (tag, content)
