# SPDX-License-Identifier: Apache-2.0
"""LwM2M payloads as the server sees them: link format (RFC 6690), TLV, SenML JSON and CBOR (RFC 8428), text; decoded strictly, described for the log.

Pure. ValueError for anything malformed.
"""
from __future__ import annotations

import base64
import json
import re
from typing import Any

import cbor

TEXT, LINKS, OPAQUE, SENML_JSON, SENML_CBOR, TLV, JSON = 0, 40, 42, 110, 112, 11542, 11543
_KINDS = ("instance", "resource instance", "multiple", "resource")
_INTEGERS = {"1": {0, 1, 2, 3, 5, 13, 14, 17, 18, 19, 20}, "3": {6, 7, 8, 9, 10, 11, 12, 13, 20, 21}, "4": {0, 1, 2, 3, 6, 8, 9, 10, 11, 12}, "5": {3, 5, 8, 9}}
_SENML_KEYS = {-2: "bn", -3: "bt", -5: "bv", -6: "bs", -1: "bver", 0: "n", 1: "u", 2: "v", 3: "vs", 4: "vb", 5: "s", 6: "t", 7: "ut", 8: "vd", "vlo": "vlo"}
_LINK = re.compile(r'<([^<>]*)>((?:;[!#$&+.^_`|~0-9A-Za-z*-]+(?:=(?:"(?:[^"\\]|\\.)*"|[^",;\\]+))?)*)')


def split_links(payload: bytes) -> list[tuple[str, dict[str, str]]]:
    """(target, attributes) of every link."""
    text = payload.decode()
    out, at = [], 0
    while at < len(text):
        m = _LINK.match(text, at)
        if not m or (m.end() < len(text) and text[m.end()] != ",") or m.end() == len(text) - 1:
            raise ValueError(f"link format at octet {at}")
        attributes = dict(re.findall(r';([^=;"]+)(?:=("(?:[^"\\]|\\.)*"|[^",;]+))?', m.group(2)))
        out.append((m.group(1), {k: v.strip('"') for k, v in attributes.items()}))
        at = m.end() + 1
    return out


def links(payload: bytes) -> list[str]:
    return [target for target, _ in split_links(payload)]


def tlv(data: bytes) -> list[tuple[str, int, Any]]:
    """(kind, id, octets or list)."""
    at, out = 0, []
    while at < len(data):
        head = data[at]
        width, sized = (2 if head & 0x20 else 1), head >> 3 & 3
        if at + 1 + width + sized > len(data):
            raise ValueError("TLV truncated")
        ident = int.from_bytes(data[at + 1:at + 1 + width], "big")
        size = int.from_bytes(data[at + 1 + width:at + 1 + width + sized], "big") if sized else head & 7
        at += 1 + width + sized
        if size > len(data) - at:
            raise ValueError("TLV value longer than its container")
        kind, value = _KINDS[head >> 6], data[at:at + size]
        out.append((kind, ident, tlv(value) if kind in ("instance", "multiple") else value))
        at += size
    return out


def _shown(value: bytes, integer: bool) -> Any:
    if integer:
        if len(value) not in (1, 2, 4, 8):
            raise ValueError(f"integer of {len(value)} octets")
        return int.from_bytes(value, "big", signed=True)
    try:
        text = value.decode()
        return text if text.isprintable() else value.hex()
    except UnicodeDecodeError:
        return value.hex()


def _flatten(items: list, path: list[str], integers: set[int], out: dict[str, Any]) -> None:
    for kind, ident, value in items:
        here = path + [str(ident)]
        if isinstance(value, list):
            _flatten(value, here, integers if kind == "instance" else ({ident} & integers and set(range(65536))) or set(), out)
        else:
            out["/".join(here)] = _shown(value, ident in integers)


def senml(records: Any, keys: dict | None = None) -> dict[str, Any]:
    """Resolved name -> value; base name and names are put together (RFC 8428, 4.6)."""
    if not isinstance(records, list):
        raise ValueError("SenML is an array")
    base, out = "", {}
    for r in records:
        if not isinstance(r, dict):
            raise ValueError("SenML record is a map")
        if keys is not None:
            r = {keys.get(k, k): v for k, v in r.items()}
        base = r.get("bn", base)
        name = base + r.get("n", "")
        if not re.fullmatch(r"(/[0-9A-Za-z_.:-]+)*/?", name):
            raise ValueError(f"SenML name {name!r}")
        values = [k for k in ("v", "vs", "vb", "vd", "vlo") if k in r]
        if len(values) > 1:
            raise ValueError("SenML record with two values")
        if values:
            value = r[values[0]]
            if values[0] == "vd":
                value = value.hex() if isinstance(value, bytes) else base64.urlsafe_b64decode(value + "==").hex()
            if name in out:
                raise ValueError(f"SenML name {name!r} twice")
            out[name] = value
    return out


def describe(content_format: int | None, payload: bytes, path: str = "") -> Any:
    """What a payload says, for people and tests. path: the one that was read (TLV integers need it)."""
    if content_format in (None, TEXT):
        return payload.decode()
    if content_format == LINKS:
        return [target + "".join(f";{k}={v}" if v else f";{k}" for k, v in a.items()) for target, a in split_links(payload)]
    if content_format == TLV:
        out: dict[str, Any] = {}
        _flatten(tlv(payload), [], _INTEGERS.get(path.strip("/").split("/")[0], set()), out)
        return out
    if content_format == SENML_JSON:
        return senml(json.loads(payload))
    if content_format == SENML_CBOR:
        return senml(cbor.decode(payload), _SENML_KEYS)
    return payload.hex()
