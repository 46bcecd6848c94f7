# SPDX-License-Identifier: Apache-2.0
"""SyncML 1.2 in WBXML for tests: an element is (name, content), content being a list of elements, text, octets (OPAQUE) or None."""

PAGES = {
    0: {5: "Add", 6: "Alert", 8: "Atomic", 9: "Chal", 10: "Cmd", 11: "CmdID", 12: "CmdRef", 13: "Copy", 14: "Cred", 15: "Data", 16: "Delete",
        17: "Exec", 18: "Final", 19: "Get", 20: "Item", 22: "LocName", 23: "LocURI", 26: "Meta", 27: "MsgID", 28: "MsgRef", 29: "NoResp",
        32: "Replace", 33: "RespURI", 34: "Results", 36: "Sequence", 37: "SessionID", 39: "Source", 40: "SourceRef", 41: "Status", 43: "SyncBody",
        44: "SyncHdr", 45: "SyncML", 46: "Target", 47: "TargetRef", 49: "VerDTD", 50: "VerProto", 52: "MoreData", 60: "Correlator"},
    1: {7: "Format", 11: "Mark", 12: "MaxMsgSize", 16: "NextNonce", 18: "Size", 19: "Type", 21: "MaxObjSize"},
}
TOKENS = {name: (page, token) for page, names in PAGES.items() for token, name in names.items()}


def uintvar(value: int) -> bytes:
    out = [value & 0x7F]
    while value := value >> 7:
        out.insert(0, 0x80 | value & 0x7F)
    return bytes(out)


def encode(root) -> bytes:
    out = bytearray(b"\x03" + uintvar(0x1201) + b"\x6a\x00")
    page = 0

    def put(element):
        nonlocal page
        name, content = element
        want, token = TOKENS[name]
        if want != page:
            out.extend((0, want))
            page = want
        if content is None or content == "" or content == []:
            out.append(token)
            return
        out.append(token | 0x40)
        if isinstance(content, str):
            out.extend(b"\x03" + content.encode() + b"\x00")
        elif isinstance(content, bytes):
            out.extend(b"\xc3" + uintvar(len(content)) + content)
        else:
            for child in content:
                put(child)
        out.append(1)

    put(root)
    return bytes(out)


def decode(data: bytes):
    at = 0

    def octet():
        nonlocal at
        at += 1
        return data[at - 1]

    def number():
        value = 0
        while True:
            b = octet()
            value = value << 7 | b & 0x7F
            if not b & 0x80:
                return value

    def text():
        nonlocal at
        end = data.index(0, at)
        found, at = data[at:end], end + 1
        return found.decode()

    assert octet() in (1, 2, 3)
    assert number() == 0x1201
    assert number() == 106
    table = number()
    strings = data[at:at + table]
    at += table
    page = 0
    stack = [("", [])]
    while at < len(data):
        b = octet()
        if b == 0:
            page = octet()
        elif b == 1:
            name, parts = stack.pop()
            stack[-1][1].append((name, parts if not parts or isinstance(parts[0], tuple) else parts[0]))
        elif b == 3:
            stack[-1][1].append(text())
        elif b == 0x83:
            start = number()
            stack[-1][1].append(strings[start:strings.index(0, start)].decode())
        elif b == 0xC3:
            length = number()
            stack[-1][1].append(data[at:at + length])
            at += length
        else:
            name = PAGES[page][b & 0x3F]
            if b & 0x40:
                stack.append((name, []))
            else:
                stack[-1][1].append((name, None))
    assert len(stack) == 1
    return stack[0][1][0]


def find(element, *path):
    """The content below element along the path of names, or None."""
    for name in path:
        element = next((c for c in (element[1] or []) if isinstance(c, tuple) and c[0] == name), None)
        if element is None:
            return None
    return element[1]


def children(element, name):
    return [c for c in (element[1] or []) if isinstance(c, tuple) and c[0] == name]
