# SPDX-License-Identifier: Apache-2.0
"""Connectivity WBXML (OMA PROV 1.0/1.1): encoder with every legal choice as an option, strict decoder."""
from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Iterable, Mapping, Optional, Sequence

_TABLE = json.loads((Path(__file__).resolve().parent / "prov_tokens.json").read_text())
PUBLIC_ID, PUBLIC_ID_TOKEN = _TABLE["public_id"], _TABLE["public_id_token"]
TAGS = {"wap-provisioningdoc": 5, "characteristic": 6, "parm": 7}
TAG_NAMES = {v: k for k, v in TAGS.items()}
ATTRIBUTES = {(e["page"], e["token"]): (e["attribute"], e["value"]) for e in _TABLE["attributes"]}
VALUES = {(e["page"], e["token"]): e["value"] for e in _TABLE["values"]}
CHARSETS = {0: "utf-8", 3: "ascii", 4: "latin-1", 106: "utf-8", 1015: "utf-16"}
END, ENTITY, STR_I, LITERAL, STR_T, OPAQUE = 0x01, 0x02, 0x03, 0x04, 0x83, 0xC3


def _reverse(table: Mapping) -> dict:
    out: dict = {}
    for place, meaning in table.items():
        out.setdefault(meaning, []).append(place)
    return out


_ATTRIBUTE_TOKENS, _VALUE_TOKENS = _reverse(ATTRIBUTES), _reverse(VALUES)


def mb_uint(n: int) -> bytes:
    out = [n & 0x7F]
    while n := n >> 7:
        out.append(0x80 | (n & 0x7F))
    return bytes(reversed(out))


# --- documents ------------------------------------------------------------------------------------

def parm(name: str, value: Optional[str] = None) -> ET.Element:
    return ET.Element("parm", {"name": name} | ({} if value is None else {"value": value}))


def characteristic(kind: str, *children: ET.Element) -> ET.Element:
    e = ET.Element("characteristic", {"type": kind})
    e.extend(children)
    return e


def document(*children: ET.Element, version: str = "1.1") -> ET.Element:
    e = ET.Element("wap-provisioningdoc", {"version": version})
    e.extend(children)
    return e


def tree(e: ET.Element) -> dict:
    """The form of the "expected_document" fields."""
    return {"element": e.tag, "attributes": dict(e.attrib), "children": [tree(c) for c in e]}


def to_xml(root: ET.Element) -> str:
    doctype = f'<!DOCTYPE wap-provisioningdoc PUBLIC "{PUBLIC_ID}" "http://www.wapforum.org/DTD/prov.dtd">'
    return f'<?xml version="1.0"?>\n{doctype}\n{ET.tostring(root, encoding="unicode")}\n'


# --- encoder --------------------------------------------------------------------------------------

class Encoder:
    """version: WBXML version octet; charset, codec: MIBenum and its Python name; strings: go to the string table;
    opaque: names of parms whose (hex) value becomes OPAQUE; entities: non-ASCII and & as ENTITY;
    public_id_text: public id by string table; value_tokens: False writes all values as strings;
    split: parm name -> pieces its value is put together from."""

    def __init__(self, version: int = 3, charset: int = 106, strings: Iterable[str] = (), opaque: Iterable[str] = (),
                 public_id_text: bool = False, entities: bool = False, value_tokens: bool = True,
                 split: Optional[Mapping[str, Sequence[str]]] = None) -> None:
        self.version, self.charset, self.codec = version, charset, CHARSETS[charset]
        self.table, self.index = b"", {}
        self.opaque, self.entities, self.value_tokens, self.split = set(opaque), entities, value_tokens, dict(split or {})
        self.public_id = mb_uint(PUBLIC_ID_TOKEN)
        if public_id_text:
            self.public_id = b"\0" + mb_uint(self._intern(PUBLIC_ID))
        for s in strings:
            self._intern(s)
        self.page = 0

    def encode(self, root: ET.Element) -> bytes:
        body = self._element(root)
        return bytes([self.version]) + self.public_id + mb_uint(self.charset) + mb_uint(len(self.table)) + self.table + body

    def _intern(self, s: str) -> int:
        if s not in self.index:
            self.index[s] = len(self.table)
            self.table += s.encode(self.codec) + b"\0"
        return self.index[s]

    def _token(self, places: Sequence[tuple[int, int]]) -> bytes:
        page, token = next((p for p in places if p[0] == self.page), places[0])
        switch = b"" if page == self.page else bytes([0, page])
        self.page = page
        return switch + bytes([token])

    def _inline(self, s: str) -> bytes:
        return bytes([STR_I]) + s.encode(self.codec) + b"\0" if s else b""

    def _string(self, s: str) -> bytes:
        if s in self.index:
            return bytes([STR_T]) + mb_uint(self.index[s])
        if not self.entities:
            return bytes([STR_I]) + s.encode(self.codec) + b"\0"
        out, plain = b"", ""
        for ch in s:
            if ord(ch) > 126 or ch == "&":
                out += self._inline(plain) + bytes([ENTITY]) + mb_uint(ord(ch))
                plain = ""
            else:
                plain += ch
        return out + self._inline(plain)

    def _value(self, s: str) -> bytes:
        places = _VALUE_TOKENS.get(s) if self.value_tokens else None
        return self._token(places) if places else self._string(s)

    def _attribute(self, name: str, value: str, parm_name: str) -> bytes:
        if (name, value) in _ATTRIBUTE_TOKENS:
            return self._token(_ATTRIBUTE_TOKENS[name, value])
        places = _ATTRIBUTE_TOKENS.get((name, None))
        out = self._token(places) if places else bytes([LITERAL]) + mb_uint(self._intern(name))
        if name == "value" and parm_name in self.opaque:
            raw = bytes.fromhex(value)
            return out + bytes([OPAQUE]) + mb_uint(len(raw)) + raw
        if name == "value" and parm_name in self.split:
            return out + b"".join(self._value(piece) for piece in self.split[parm_name])
        return out + self._value(value)

    def _element(self, e: ET.Element) -> bytes:
        out = bytes([TAGS[e.tag] | (0x40 if len(e) else 0) | (0x80 if e.attrib else 0)])
        if e.attrib:
            out += b"".join(self._attribute(k, v, e.get("name", "")) for k, v in e.attrib.items()) + bytes([END])
        if len(e):
            out += b"".join(self._element(c) for c in e) + bytes([END])
        return out


# --- decoder --------------------------------------------------------------------------------------

class Malformed(Exception):
    pass


class Decoder:
    MAX_DEPTH, MAX_VALUE, MAX_TEXT = 16, 8192, 65536

    def __init__(self, data: bytes) -> None:
        self.data, self.at, self.text = data, 0, 0
        self.tag_page = self.attribute_page = 0
        self.codec, self.table = "utf-8", b""

    def decode(self) -> dict:
        if self._octet() > 3:
            raise Malformed("WBXML version")
        public = self._mb_uint()
        index = self._mb_uint() if public == 0 else None
        charset = self._mb_uint()
        if charset not in CHARSETS:
            raise Malformed("charset")
        self.codec = CHARSETS[charset]
        self.table = self._take(self._mb_uint(), "string table")
        if public != PUBLIC_ID_TOKEN if index is None else self._table_string(index) != PUBLIC_ID:
            raise Malformed("public id")
        root = self._element(self._octet(), 0)
        if self.at != len(self.data):
            raise Malformed("octets after the document")
        return root

    def _octet(self) -> int:
        if self.at >= len(self.data):
            raise Malformed("truncated")
        self.at += 1
        return self.data[self.at - 1]

    def _mb_uint(self) -> int:
        value = 0
        for _ in range(5):
            c = self._octet()
            value = value << 7 | c & 0x7F
            if not c & 0x80:
                if value > 0xFFFFFFFF:
                    raise Malformed("integer over 32 bits")
                return value
        raise Malformed("integer over five octets")

    def _take(self, size: int, what: str) -> bytes:
        if size > len(self.data) - self.at:
            raise Malformed(f"{what} longer than the document")
        self.at += size
        return self.data[self.at - size:self.at]

    def _text(self, raw: bytes) -> str:
        try:
            return raw.decode(self.codec)
        except UnicodeDecodeError:
            raise Malformed("octets outside the charset") from None

    def _inline_string(self) -> str:
        end = self.data.find(0, self.at)
        if end < 0:
            raise Malformed("unterminated inline string")
        raw, self.at = self.data[self.at:end], end + 1
        return self._text(raw)

    def _table_string(self, index: int) -> str:
        end = self.table.find(0, index)
        if index >= len(self.table) or end < 0:
            raise Malformed("string table reference")
        return self._text(self.table[index:end])

    def _element(self, token: int, depth: int) -> dict:
        if depth >= self.MAX_DEPTH:
            raise Malformed("nesting")
        while token == 0:
            self.tag_page, token = self._octet(), self._octet()
        if self.tag_page > 1:
            raise Malformed("tag code page")
        key = token & 0x3F
        if key == LITERAL:
            tag = self._table_string(self._mb_uint())
        elif key not in TAG_NAMES or (self.tag_page == 1 and key == 5):
            raise Malformed(f"tag token {token:#04x}")
        else:
            tag = TAG_NAMES[key]
        attributes = self._attributes() if token & 0x80 else {}
        children = []
        while token & 0x40:
            t = self._octet()
            if t == END:
                break
            if t == 0:
                self.tag_page = self._octet()
            elif t in (ENTITY, STR_I, STR_T, OPAQUE):
                raise Malformed("text content")
            else:
                children.append(self._element(t, depth + 1))
        return {"element": tag, "attributes": attributes, "children": children}

    def _attributes(self) -> dict:
        out: dict = {}
        name: Optional[str] = None

        def start(new: str, prefix: str) -> str:
            if new in out:
                raise Malformed("attribute given twice")
            out[new] = prefix
            return new

        while True:
            t = self._octet()
            if t == END:
                return out
            if t == 0:
                self.attribute_page = self._octet()
                if self.attribute_page > 1:
                    raise Malformed("attribute code page")
                continue
            if t == LITERAL:
                name = start(self._table_string(self._mb_uint()), "")
                continue
            place = (self.attribute_page, t)
            if t < 0x80 and t not in (ENTITY, STR_I):
                if place not in ATTRIBUTES:
                    raise Malformed(f"attribute token {t:#04x} on page {place[0]}")
                name = start(ATTRIBUTES[place][0], ATTRIBUTES[place][1] or "")
                continue
            if t == STR_I:
                piece = self._inline_string()
            elif t == STR_T:
                piece = self._table_string(self._mb_uint())
            elif t == ENTITY:
                code = self._mb_uint()
                if not 0 < code <= 0x10FFFF or 0xD800 <= code < 0xE000:
                    raise Malformed("entity")
                piece = chr(code)
            elif t == OPAQUE:
                piece = {"opaque_hex": self._take(self._mb_uint(), "opaque").hex()}
            elif place in VALUES:
                piece = VALUES[place]
            else:
                raise Malformed(f"value token {t:#04x} on page {place[0]}")
            if name is None:
                raise Malformed("value without attribute")
            if isinstance(piece, dict):
                if out[name]:
                    raise Malformed("opaque after other value parts")
                out[name] = piece
                continue
            if isinstance(out[name], dict):
                raise Malformed("text after opaque")
            out[name] += piece
            self.text += len(piece)
            if len(out[name]) > self.MAX_VALUE or self.text > self.MAX_TEXT:
                raise Malformed("expanded size")


def decode(data: bytes) -> dict:
    return Decoder(data).decode()
