# SPDX-License-Identifier: Apache-2.0
"""UICC PKCS#15 files with bootstrap data, and the LwM2M smart card format (LwM2M TLV)."""
from __future__ import annotations

from typing import Optional

AID = bytes.fromhex("A000000063504B43532D3135")
OIDS = {"cp_bootstrap": "2.23.43.5.1", "cp_config1": "2.23.43.5.2", "cp_config2": "2.23.43.5.3", "dm_bootstrap": "2.23.43.7.1",
        "lwm2m_bootstrap": "2.23.43.9.1"}
_KINDS = ("object instance", "resource instance", "multiple resource", "resource")


def der(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    n = len(body)
    size = bytes([n]) if n < 128 else bytes([0x81, n]) if n < 256 else b"\x82" + n.to_bytes(2, "big")
    return bytes([tag]) + size + body


def der_oid(text: str) -> bytes:
    first, second, *rest = map(int, text.split("."))
    out = b""
    for arc in (first * 40 + second, *rest):
        septets = [arc & 0x7F]
        while arc := arc >> 7:
            septets.append(0x80 | arc & 0x7F)
        out += bytes(reversed(septets))
    return der(6, out)


def path(file: str, index: Optional[int] = None, length: int = 0) -> bytes:
    extra = []
    if index is not None:
        extra = [der(2, bytes([index])), der(0x80, length.to_bytes(2 if length > 127 else 1, "big"))]
    return der(0x30, der(4, bytes.fromhex(file)), *extra)


def odf(*files: str) -> bytes:
    return b"".join(der(0xA7, path(f)) for f in files)


def dodf_entry(label: str, oid: str, file: str, private: bool = False, auth_id: Optional[bytes] = None, **where: int) -> bytes:
    flags = der(3, b"\x07\x80" if private else b"\0")
    common = der(0x30, der(0x0C, label.encode()), flags, *([der(4, auth_id)] if auth_id else []))
    return der(0x30, common, der(0x30, der_oid(oid)), der(0xA1, path(file, **where)))


def tlv(kind: int, ident: int, value: bytes) -> bytes:
    """LwM2M TLV; kind indexes _KINDS."""
    head, n = kind << 6 | (0x20 if ident > 255 else 0), len(value)
    name = ident.to_bytes(2 if ident > 255 else 1, "big")
    if n < 8:
        return bytes([head | n]) + name + value
    octets = 1 if n < 1 << 8 else 2 if n < 1 << 16 else 3
    return bytes([head | octets << 3]) + name + n.to_bytes(octets, "big") + value


def lwm2m_object(ident: int, data: bytes, version: bytes = b"\0") -> bytes:
    return ident.to_bytes(2, "big") + version + len(data).to_bytes(2, "big") + data


def lwm2m_file(*objects: bytes) -> bytes:
    body = b"".join(objects)
    return len(objects).to_bytes(2, "big") + len(body).to_bytes(2, "big") + body


def decode_tlv(data: bytes) -> list[dict]:
    at, out = 0, []

    def number(size: int) -> int:
        nonlocal at
        if at + size > len(data):
            raise ValueError("truncated")
        at += size
        return int.from_bytes(data[at - size:at], "big")

    while at < len(data):
        head = number(1)
        ident = number(2 if head & 0x20 else 1)
        size = number(head >> 3 & 3) if head >> 3 & 3 else head & 7
        if size > len(data) - at:
            raise ValueError("value longer than its container")
        value, at = data[at:at + size], at + size
        nested = head >> 6 in (0, 2)
        out.append({"kind": _KINDS[head >> 6], "id": ident, **({"content": decode_tlv(value)} if nested else {"value_hex": value.hex()})})
    return out


def decode_lwm2m_file(data: bytes) -> list[dict]:
    count, size = int.from_bytes(data[:2], "big"), int.from_bytes(data[2:4], "big")
    if size > len(data) - 4:
        raise ValueError("size past the file")
    at, end, out = 4, 4 + size, []
    for _ in range(count):
        if at + 5 > end:
            raise ValueError("more objects announced than present")
        ident, at = int.from_bytes(data[at:at + 2], "big"), at + 2
        version = "1.0" if data[at] == 0 else f"{data[at]}.{data[at + 1]}"
        at += 1 if data[at] == 0 else 2
        length, at = int.from_bytes(data[at:at + 2], "big"), at + 2
        if length > end - at:
            raise ValueError("object past the collection")
        out.append({"object": ident, "version": version, "instances": decode_tlv(data[at:at + length])})
        at += length
    return out
