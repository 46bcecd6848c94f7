# SPDX-License-Identifier: Apache-2.0
"""SyncML 1.2 in WBXML: an encoder, a strict decoder, the content models of the DTD.

Pure. Owns the token tables (code page 0 SyncML, 1 MetInf; public id 0x1201) and the order of children (SyncML RepPro DTD 1.2, MetInf DTD 1.2). The
decoder refuses what WBXML 1.3 or the DTD does not allow; it never repairs.
"""
from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Iterator, Optional

PUBLIC_ID, UTF8 = 0x1201, 106
SWITCH, END, ENTITY, STR_I, LITERAL, STR_T, OPAQUE = 0x00, 0x01, 0x02, 0x03, 0x04, 0x83, 0xC3
_PAGE0 = ("Add Alert Archive Atomic Chal Cmd CmdID CmdRef Copy Cred Data Delete Exec Final Get Item Lang LocName LocURI Map MapItem Meta MsgID MsgRef "
          "NoResp NoResults Put Replace RespURI Results Search Sequence SessionID SftDel Source SourceRef Status Sync SyncBody SyncHdr SyncML Target "
          "TargetRef - VerDTD VerProto NumberOfChanges MoreData Field Filter Record FilterType SourceParent TargetParent Move Correlator").split()
_PAGE1 = ("Anchor EMI Format FreeID FreeMem Last Mark MaxMsgSize Mem MetInf Next NextNonce SharedMem Size Type Version MaxObjSize FieldLevel").split()
NAMES = {(0, 5 + i): n for i, n in enumerate(_PAGE0) if n != "-"} | {(1, 5 + i): n for i, n in enumerate(_PAGE1)}
TOKENS = {n: place for place, n in NAMES.items()}

# Children in order; ? optional, * any number, + at least one (RepPro DTD 1.2; Meta holds MetInf elements in any order).
_ITEM = "Target? Source? SourceParent? TargetParent? Meta? Data? MoreData?"
_COMMAND = "CmdID NoResp? Cred? Meta? Item+"
MODELS = {
    "SyncML": "SyncHdr SyncBody", "SyncHdr": "VerDTD VerProto SessionID MsgID Target Source RespURI? NoResp? Cred? Meta?",
    "Target": "LocURI LocName? Filter?", "Source": "LocURI LocName?", "Cred": "Meta? Data", "Chal": "Meta", "Item": _ITEM,
    "Alert": "CmdID NoResp? Cred? Data? Correlator? Item*", "Add": _COMMAND, "Replace": _COMMAND, "Delete": "CmdID NoResp? Archive? SftDel? Cred? Meta? Item+",
    "Get": "CmdID NoResp? Lang? Cred? Meta? Item+", "Exec": "CmdID NoResp? Cred? Meta? Correlator? Item", "Copy": _COMMAND,
    "Results": "CmdID MsgRef? CmdRef Meta? TargetRef? SourceRef? Item+", "Status": "CmdID MsgRef CmdRef Cmd TargetRef* SourceRef* Cred? Chal? Data? Item*",
    "Atomic": None, "Sequence": None, "SyncBody": None, "Meta": None, "Anchor": "Last? Next", "MetInf": None, "Mem": None,
}
EMPTY = {"Final", "MoreData", "NoResp", "NoResults", "Archive", "SftDel"}
IN_BODY = {"Alert", "Add", "Replace", "Delete", "Get", "Exec", "Copy", "Results", "Status", "Atomic", "Sequence", "Final"}
IN_META = {"Format", "Type", "Mark", "Size", "Anchor", "Version", "NextNonce", "MaxMsgSize", "MaxObjSize", "EMI", "Mem", "FieldLevel"}
COMMANDS = ("Add", "Alert", "Atomic", "Copy", "Delete", "Exec", "Get", "Replace", "Results", "Sequence")


class Malformed(ValueError):
    pass


@dataclass
class Node:
    tag: str
    children: list["Node"] = field(default_factory=list)
    data: Optional[str | bytes] = None  # bytes: OPAQUE

    def get(self, path: str) -> Optional["Node"]:
        here: Optional[Node] = self
        for name in path.split("/"):
            here = next((c for c in here.children if c.tag == name), None) if here else None
        return here

    def all(self, name: str) -> list["Node"]:
        return [c for c in self.children if c.tag == name]

    def text(self, path: str = "", default: str = "") -> str:
        """The text at a path; opaque octets are read as UTF-8."""
        n = self.get(path) if path else self
        if n is None or n.data is None:
            return default
        try:
            return n.data.decode() if isinstance(n.data, bytes) else n.data
        except UnicodeDecodeError:
            raise Malformed(f"{path or self.tag}: octets where text is expected") from None


def N(tag: str, *content: Node | str | bytes | int | None) -> Node:  # noqa: N802 - reads as the element
    """An element: children, or one text or octets. None is left out."""
    parts = [c for c in content if c is not None]
    if len(parts) == 1 and not isinstance(parts[0], Node):
        return Node(tag, [], parts[0] if isinstance(parts[0], bytes) else str(parts[0]))
    return Node(tag, list(parts))


# --- encoder --------------------------------------------------------------------------------------

def mb_uint(n: int) -> bytes:
    out = [n & 0x7F]
    while n := n >> 7:
        out.append(0x80 | n & 0x7F)
    return bytes(reversed(out))


def encode(root: Node) -> bytes:
    out = bytearray(b"\x03" + mb_uint(PUBLIC_ID) + mb_uint(UTF8) + mb_uint(0))
    _put(root, out, [0])
    return bytes(out)


def _put(n: Node, out: bytearray, page: list[int]) -> None:
    place = TOKENS[n.tag]
    if place[0] != page[0]:
        out += bytes([SWITCH, place[0]])
        page[0] = place[0]
    content = bool(n.children) or n.data not in (None, "", b"")
    out.append(place[1] | (0x40 if content else 0))
    if not content:
        return
    if isinstance(n.data, bytes):
        out += bytes([OPAQUE]) + mb_uint(len(n.data)) + n.data
    elif n.data is not None:
        out += bytes([STR_I]) + n.data.encode() + b"\0"
    for c in n.children:
        _put(c, out, page)
    out.append(END)


# --- decoder --------------------------------------------------------------------------------------

class _Decoder:
    MAX_DEPTH = 12

    def __init__(self, data: bytes) -> None:
        self.data, self.at, self.page, self.table = data, 0, 0, b""

    def octet(self) -> int:
        if self.at >= len(self.data):
            raise Malformed("truncated")
        self.at += 1
        return self.data[self.at - 1]

    def number(self) -> int:
        value = 0
        for _ in range(5):
            c = self.octet()
            value = value << 7 | c & 0x7F
            if c < 0x80:
                if value > 0xFFFFFFFF:
                    break
                return value
        raise Malformed("integer")

    def take(self, n: int) -> bytes:
        if n > len(self.data) - self.at:
            raise Malformed("truncated")
        self.at += n
        return self.data[self.at - n:self.at]

    def text(self, raw: bytes) -> str:
        try:
            return raw.decode()
        except UnicodeDecodeError:
            raise Malformed("text is not UTF-8") from None

    def document(self) -> Node:
        if self.octet() not in (1, 2, 3):
            raise Malformed("WBXML version")
        public = self.number()
        index = self.number() if public == 0 else None
        if self.number() != UTF8:
            raise Malformed("charset is not UTF-8")
        self.table = self.take(self.number())
        named = index is not None and self.string(index).upper() == "-//SYNCML//DTD SYNCML 1.2//EN"
        if public != PUBLIC_ID and not named:
            raise Malformed("public id")
        root = self.element(self.octet(), 0)
        if self.at != len(self.data):
            raise Malformed("octets after the document")
        return root

    def string(self, index: int) -> str:
        end = self.table.find(0, index)
        if end < 0:
            raise Malformed("string table reference")
        return self.text(self.table[index:end])

    def element(self, token: int, depth: int) -> Node:
        if depth > self.MAX_DEPTH:
            raise Malformed("nesting")
        while token == SWITCH:
            self.page, token = self.octet(), self.octet()
        if token & 0x80:
            raise Malformed("attributes")
        name = NAMES.get((self.page, token & 0x3F))
        if name is None:
            raise Malformed(f"tag {token & 0x3F:#04x} on page {self.page}")
        n = Node(name)
        if token & 0x40:
            self.content(n, depth)
        return n

    def content(self, n: Node, depth: int) -> None:
        while True:
            t = self.octet()
            if t == END:
                return
            if t == SWITCH:
                self.page = self.octet()
            elif t == OPAQUE:
                self.add(n, self.take(self.number()))
            elif t == STR_I:
                end = self.data.find(0, self.at)
                if end < 0:
                    raise Malformed("unterminated string")
                raw, self.at = self.data[self.at:end], end + 1
                self.add(n, self.text(raw))
            elif t == STR_T:
                self.add(n, self.string(self.number()))
            elif t == ENTITY:
                self.add(n, chr(min(self.number(), 0x10FFFF)))
            else:
                if n.data is not None:
                    raise Malformed(f"{n.tag}: text and elements")
                n.children.append(self.element(t, depth + 1))

    @staticmethod
    def add(n: Node, piece: str | bytes) -> None:
        if n.children:
            raise Malformed(f"{n.tag}: text and elements")
        if n.data is not None and type(n.data) is not type(piece):
            raise Malformed(f"{n.tag}: text and octets")
        n.data = piece if n.data is None else n.data + piece


def decode(data: bytes) -> Node:
    return _Decoder(data).document()


# --- content models -------------------------------------------------------------------------------

def _model(n: Node) -> Optional[str]:
    """None if the children of n are as the DTD says, else what is wrong."""
    kinds = [c.tag for c in n.children]
    if n.tag in ("SyncBody", "Meta", "Atomic", "Sequence"):
        allowed = {"SyncBody": IN_BODY, "Meta": IN_META}.get(n.tag, IN_BODY | {"CmdID", "NoResp", "Meta"})
        strange = [k for k in kinds if k not in allowed]
        if n.tag == "SyncBody" and "Final" in kinds[:-1]:
            return "Final is not last"
        return f"unexpected {strange[0]}" if strange else None
    model = MODELS.get(n.tag)
    if model is None:
        return f"unexpected {kinds[0]}" if kinds else None
    pattern = "".join(f"(?:{w.rstrip('?*+')} ){w[-1] if w[-1] in '?*+' else ''}" for w in model.split())
    return None if re.fullmatch(pattern, "".join(k + " " for k in kinds)) else f"children {' '.join(kinds) or 'none'} instead of {model}"


def check(n: Node) -> Iterator[str]:
    """Everything in a message that the DTD does not allow."""
    wrong = _model(n)
    if wrong:
        yield f"{n.tag}: {wrong}"
    if n.data is not None and (MODELS.get(n.tag) or n.tag in EMPTY or n.tag in ("SyncBody", "Meta")):
        yield f"{n.tag}: text in it"
    for c in n.children:
        yield from check(c)


# --- for people -----------------------------------------------------------------------------------

SECRET = {"Cred", "Chal"}


def outline(root: Node) -> list[str]:
    """One short line a command, without secrets: for the event log."""
    body = root.get("SyncBody")
    lines = []
    for c in body.children if body else []:
        where = [i.text("Target/LocURI") or i.text("Source/LocURI") for i in c.all("Item")]
        more = " MoreData" if c.get("Item/MoreData") else ""
        if c.tag == "Status":
            lines.append(f"Status {c.text('Cmd')} {c.text('MsgRef')}/{c.text('CmdRef')} {c.text('Data')}")
        elif c.tag == "Alert":
            lines.append(f"Alert {c.text('Data')} {' '.join(w for w in where if w)}".rstrip())
        else:
            lines.append(f"{c.tag} {' '.join(w for w in where if w)}{more}".rstrip())
    return lines
