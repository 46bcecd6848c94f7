# SPDX-License-Identifier: Apache-2.0
"""CoAP messages (RFC 7252, 7641, 7959): codec and what a message may not contain.

Pure. decode() refuses what is a message format error (RFC 7252, 3 and 4.1); faults() lists what is well formed and still wrong.
"""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Iterator

CON, NON, ACK, RST = range(4)
EMPTY, GET, POST, PUT, DELETE, FETCH, PATCH, IPATCH = range(8)
CREATED, DELETED, VALID, CHANGED, CONTENT, CONTINUE = 0x41, 0x42, 0x43, 0x44, 0x45, 0x5F
BAD_REQUEST, FORBIDDEN, NOT_FOUND, NOT_ALLOWED, NOT_ACCEPTABLE, INCOMPLETE, PRECONDITION, TOO_LARGE, BAD_FORMAT, INTERNAL = (
    0x80, 0x83, 0x84, 0x85, 0x86, 0x88, 0x8C, 0x8D, 0x8F, 0xA0)
IF_MATCH, URI_HOST, ETAG, IF_NONE_MATCH, OBSERVE, URI_PORT, LOCATION_PATH, URI_PATH, CONTENT_FORMAT = 1, 3, 4, 5, 6, 7, 8, 11, 12
MAX_AGE, URI_QUERY, ACCEPT, LOCATION_QUERY, BLOCK2, BLOCK1, SIZE2, SIZE1 = 14, 15, 17, 20, 23, 27, 28, 60
# number: (name, shortest, longest, repeatable) (RFC 7252 5.10, RFC 7641 2, RFC 7959 2.1)
OPTIONS = {IF_MATCH: ("If-Match", 0, 8, True), URI_HOST: ("Uri-Host", 1, 255, False), ETAG: ("ETag", 1, 8, True), IF_NONE_MATCH: ("If-None-Match", 0, 0, False),
           OBSERVE: ("Observe", 0, 3, False), URI_PORT: ("Uri-Port", 0, 2, False), LOCATION_PATH: ("Location-Path", 0, 255, True),
           URI_PATH: ("Uri-Path", 0, 255, True), CONTENT_FORMAT: ("Content-Format", 0, 2, False), MAX_AGE: ("Max-Age", 0, 4, False),
           URI_QUERY: ("Uri-Query", 0, 255, True), ACCEPT: ("Accept", 0, 2, False), LOCATION_QUERY: ("Location-Query", 0, 255, True),
           BLOCK2: ("Block2", 0, 3, False), BLOCK1: ("Block1", 0, 3, False), SIZE2: ("Size2", 0, 4, False), SIZE1: ("Size1", 0, 4, False)}


class CoapError(ValueError):
    pass


def code_text(code: int) -> str:
    return f"{code >> 5}.{code & 31:02d}"


def uint(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


@dataclass
class Message:
    type: int
    code: int
    mid: int = 0
    token: bytes = b""
    options: list[tuple[int, bytes]] = field(default_factory=list)
    payload: bytes = b""

    def all(self, number: int) -> list[bytes]:
        return [v for n, v in self.options if n == number]

    def number(self, option: int) -> int | None:
        values = self.all(option)
        return int.from_bytes(values[0], "big") if values else None

    @property
    def path(self) -> str:
        return "/" + "/".join(v.decode(errors="replace") for v in self.all(URI_PATH))

    @property
    def location(self) -> str:
        return "/" + "/".join(v.decode(errors="replace") for v in self.all(LOCATION_PATH))

    @property
    def query(self) -> list[str]:
        return [v.decode(errors="replace") for v in self.all(URI_QUERY)]

    def block(self, option: int) -> tuple[int, bool, int] | None:
        """(number, more, size) of a Block option."""
        v = self.number(option)
        return None if v is None else (v >> 4, bool(v & 8), 16 << (v & 7))


def block_value(number: int, more: bool, size: int) -> bytes:
    return uint(number << 4 | (8 if more else 0) | size.bit_length() - 5)


def path_options(path: str) -> list[tuple[int, bytes]]:
    return [(URI_PATH, s.encode()) for s in path.split("/") if s]


def _extended(n: int) -> tuple[int, bytes]:
    if n < 13:
        return n, b""
    return (13, bytes([n - 13])) if n < 269 else (14, (n - 269).to_bytes(2, "big"))


def encode(m: Message) -> bytes:
    out = bytearray([0x40 | m.type << 4 | len(m.token), m.code]) + m.mid.to_bytes(2, "big") + m.token
    last = 0
    for number, value in sorted(m.options, key=lambda o: o[0]):
        (d, d_more), (n, n_more) = _extended(number - last), _extended(len(value))
        out += bytes([d << 4 | n]) + d_more + n_more + value
        last = number
    return bytes(out + (b"\xff" + m.payload if m.payload else b""))


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, n: int) -> bytes:
        if n > len(self.data) - self.at:
            raise CoapError("truncated")
        self.at += n
        return self.data[self.at - n:self.at]

    def extended(self, nibble: int) -> int:
        if nibble == 15:
            raise CoapError("reserved option nibble")
        if nibble == 13:
            return 13 + self.take(1)[0]
        return 269 + int.from_bytes(self.take(2), "big") if nibble == 14 else nibble


def decode(data: bytes) -> Message:
    r = _Reader(data)
    head = r.take(4)
    if head[0] >> 6 != 1:
        raise CoapError("version")
    if head[0] & 15 > 8:
        raise CoapError("token length")
    m = Message(head[0] >> 4 & 3, head[1], int.from_bytes(head[2:], "big"))
    if m.code == EMPTY and len(data) != 4:
        raise CoapError("octets in an empty message")
    if m.code >> 5 in (1, 6, 7):
        raise CoapError(f"reserved code {code_text(m.code)}")
    m.token = r.take(head[0] & 15)
    number = 0
    while r.at < len(data):
        octet = r.take(1)[0]
        if octet == 0xFF:
            m.payload = data[r.at:]
            if not m.payload:
                raise CoapError("payload marker without payload")
            break
        number += r.extended(octet >> 4)
        m.options.append((number, r.take(r.extended(octet & 15))))
        if number > 0xFFFF:
            raise CoapError("option number")
    return m


def faults(m: Message) -> Iterator[str]:
    """What a well-formed message has wrong."""
    seen: set[int] = set()
    for number, value in m.options:
        known = OPTIONS.get(number)
        if known is None:
            if number & 1:
                yield f"unknown critical option {number}"
            continue
        name, shortest, longest, repeatable = known
        if not shortest <= len(value) <= longest:
            yield f"{name} of {len(value)} octets"
        if number in seen and not repeatable:
            yield f"{name} given twice"
        seen.add(number)
        if number in (BLOCK1, BLOCK2) and value and value[-1] & 7 == 7:
            yield f"{name} with reserved size"
        if number in (URI_PATH, URI_QUERY):
            try:
                value.decode()
            except UnicodeDecodeError:
                yield f"{name} is not UTF-8"
    if m.type == RST and m.code != EMPTY:
        yield "RST that is not empty"
    if m.code == EMPTY and m.type == NON:
        yield "empty NON"
    if m.type == ACK and 0 < m.code < 32:
        yield "request in an ACK"
