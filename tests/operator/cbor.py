# SPDX-License-Identifier: Apache-2.0
"""CBOR (RFC 8949): a strict reader, a writer with core deterministic encoding, for COSE, EAT and SenML.

Pure. With canonical=True the reader refuses indefinite lengths, non-minimal heads and map keys out of order (RFC 8949, 4.2.1).
"""
from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any


class CborError(ValueError):
    pass


@dataclass
class Tagged:
    tag: int
    value: Any


def _head(major: int, n: int) -> bytes:
    if n < 24:
        return bytes([major << 5 | n])
    for code, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if n < 1 << 8 * size:
            return bytes([major << 5 | code]) + n.to_bytes(size, "big")
    raise CborError("number over 64 bits")


def encode(v: Any) -> bytes:
    if isinstance(v, bool):
        return b"\xf5" if v else b"\xf4"
    if v is None:
        return b"\xf6"
    if isinstance(v, int):
        return _head(0, v) if v >= 0 else _head(1, -1 - v)
    if isinstance(v, float):
        return b"\xfb" + struct.pack(">d", v)
    if isinstance(v, bytes):
        return _head(2, len(v)) + v
    if isinstance(v, str):
        return _head(3, len(v.encode())) + v.encode()
    if isinstance(v, (list, tuple)):
        return _head(4, len(v)) + b"".join(map(encode, v))
    if isinstance(v, dict):
        return _head(5, len(v)) + b"".join(k + x for k, x in sorted((encode(k), encode(x)) for k, x in v.items()))
    if isinstance(v, Tagged):
        return _head(6, v.tag) + encode(v.value)
    raise CborError(f"no encoding for {type(v).__name__}")


class _Reader:
    def __init__(self, data: bytes, canonical: bool) -> None:
        self.data, self.at, self.canonical = data, 0, canonical

    def take(self, n: int) -> bytes:
        if n > len(self.data) - self.at:
            raise CborError("truncated")
        self.at += n
        return self.data[self.at - n:self.at]

    def argument(self, info: int) -> int:
        if info < 24:
            return info
        if info > 27:
            raise CborError("indefinite or reserved length")
        size = 1 << info - 24
        n = int.from_bytes(self.take(size), "big")
        if self.canonical and n < (24 if size == 1 else 1 << 4 * size):
            raise CborError("head is not minimal")
        return n

    def value(self, depth: int = 0) -> Any:
        if depth > 16:
            raise CborError("nesting")
        first = self.take(1)[0]
        major, info = first >> 5, first & 31
        if major == 7:
            return self.simple(info)
        n = self.argument(info)
        if major == 0:
            return n
        if major == 1:
            return -1 - n
        if major == 2:
            return self.take(n)
        if major == 3:
            try:
                return self.take(n).decode()
            except UnicodeDecodeError:
                raise CborError("text is not UTF-8") from None
        if major == 4:
            return [self.value(depth + 1) for _ in range(self.bound(n))]
        if major == 5:
            return self.map(n, depth)
        return Tagged(n, self.value(depth + 1))

    def bound(self, n: int) -> int:
        if n > len(self.data):
            raise CborError("more items than octets")
        return n

    def map(self, n: int, depth: int) -> dict:
        out: dict = {}
        before = b""
        for _ in range(self.bound(n)):
            start = self.at
            key = self.value(depth + 1)
            raw = self.data[start:self.at]
            if isinstance(key, (dict, list, Tagged)) or key in out:
                raise CborError("map key")
            if self.canonical and raw <= before:
                raise CborError("map keys out of order")
            before = raw
            out[key] = self.value(depth + 1)
        return out

    def simple(self, info: int) -> Any:
        if info in (20, 21):
            return info == 21
        if info == 22:
            return None
        for code, size, form in ((25, 2, ">e"), (26, 4, ">f"), (27, 8, ">d")):
            if info == code:
                return struct.unpack(form, self.take(size))[0]
        raise CborError("simple value")


def decode(data: bytes, canonical: bool = False) -> Any:
    reader = _Reader(data, canonical)
    value = reader.value()
    if reader.at != len(data):
        raise CborError("octets behind the value")
    return value
