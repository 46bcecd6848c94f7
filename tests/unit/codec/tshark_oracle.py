#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Pushes through our decoders and through tshark: of what both accept, header fields and document are the same.

Owns: the messages (the vectors, the fuzz corpora, and copies of them with changed octets, seeded: the same each time), a capture file of them, the
document that tshark's list of tokens makes, and the known differences by name and cause.
Must never count a message that one of the two refused as agreement.    usage: tshark_oracle.py PUSH_TOOL VECTORS CORPORA [CHANGES]
"""
import collections
import json
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from changes import changed  # noqa: E402

TOOL, VECTORS, CORPORA = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
CHANGES = int(sys.argv[4]) if len(sys.argv) > 4 else 40
PORT, LENGTH_MAX = 2948, 65000
TOKENS = [bytes([token]) for token in b"\x00\x01\x02\x03\x05\x06\x07\x12\x45\x46\x50\x55\x81\x83\x85\x91\x92\xab\xaf\xc3\xc6\x87"]
HEADERS = {"prov_wbxml": b"\x01\x06\x01\xb6", "wbxml": b"\x01\x06\x01\xb6", "provisioning": b"\x01\x06\x01\xb6",
           "syncml": b"\x01\x06\x01\xc2", "dm_bootstrap": b"\x01\x06\x01\xc2"}  # a header for corpora of bare documents
APPLICATIONS = {f"x-wap-application:{name}": number for number, name in enumerate((
    "*", "push.sia", "wml.ua", "wta.ua", "mms.ua", "push.syncml", "loc.ua", "syncml.dm", "drm.ua", "emn.ua", "wv.ua"))}  # OMNA
APPLICATIONS["x-wap-application:lwm2m.dm"] = 0x1A
# Known differences. Rows that tshark 4.0's table of code page 1 lacks: the later edition of the document (OMA ProvCont 1.1 clause 7.2) has added them.
UNDEFINED = {(1, "wbxml.known_attrstart", 0x06): "value=", (1, "wbxml.known_attrvalue", 0x10): "','", (1, "wbxml.known_attrvalue", 0x11): "'HTTP-'",
             (1, "wbxml.known_attrvalue", 0x12): "'BASIC'", (1, "wbxml.known_attrvalue", 0x13): "'DIGEST'"}
# Words that its table of code page 0 misspells.
SPELLED = {"TRETRA-SDS": "TETRA-SDS", "TRETRA-PACKET": "TETRA-PACKET", "CDMA2000-IX-": "CDMA2000-1X-"}


# --- messages ---

def every_token():
    """A document for each attribute token of both pages in a parm and in a characteristic, for each value token, and for each element of SyncML."""
    header = HEADERS["prov_wbxml"] + b"\x03\x0b\x6a\x00\x45\xc6\x55\x01"
    for page in (0, 1):
        switch = b"\x00\x01" if page else b""
        for token in range(0x05, 0x40):
            yield f"element {page}:{token:02x}", HEADERS["syncml"] + b"\x03\xa4\x01\x6a\x00\x6d" + switch + bytes([token]) + b"\x01"
        for token in range(0x05, 0x80):
            yield f"parm of {page}:{token:02x}", header + b"\x87" + switch + bytes([token]) + b"\x03x\0\x01\x01\x01"
            yield f"characteristic of {page}:{token:02x}", header + b"\xc6" + switch + bytes([token]) + b"\x03x\0\x01\x01\x01\x01"
            yield f"value {page}:{token | 0x80:02x}", header + b"\x87\x05\x03n\0\x06" + switch + bytes([token | 0x80]) + b"\x01\x01\x01"


def messages():
    yield from every_token()
    chance = random.Random(20261121)
    whole = [(p.name, p.read_bytes()) for p in sorted(VECTORS.glob("*.pdu"))]
    whole += [(p.name, HEADERS["syncml"] + p.read_bytes()) for p in sorted(VECTORS.glob("dm_pkg*.wbxml"))]
    for name in ("wsp", "route"):
        whole += [(f"{name}/{p.name}", p.read_bytes()) for p in sorted((CORPORA / name).iterdir())]
    for name, header in HEADERS.items():
        whole += [(f"{name}/{p.name}", header + p.read_bytes()) for p in sorted((CORPORA / name).iterdir())]
    for name, data in whole:
        if not 0 < len(data) <= LENGTH_MAX:
            continue
        yield name, data
        if len(data) < 4096:
            for i in range(CHANGES):
                yield f"{name} change {i}", changed(data, chance, TOKENS)


def capture(path, payloads):
    """A capture file of UDP datagrams over raw IP (LINKTYPE_RAW)."""
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 0x40000, 101))
        for p in payloads:
            packet = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 28 + len(p), 0, 0, 64, 17, 0, b"\xc0\0\2\1", b"\xc0\0\2\2")
            packet += struct.pack(">HHHH", 9200, PORT, 8 + len(p), 0) + p
            f.write(struct.pack("<IIII", 0, 0, len(packet), len(packet)) + packet)


def ours(payloads):
    done = subprocess.run([TOOL], input=b"".join(struct.pack(">I", len(p)) + p for p in payloads), capture_output=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


# --- what tshark says ---

class Refused(Exception):
    pass


def octets(text):
    return bytes.fromhex(text.replace(":", ""))


def opaque(data):
    """The octets behind the token C3 and its length."""
    at, length = 1, 0
    while True:
        length = length << 7 | data[at] & 0x7F
        at += 1
        if not data[at - 1] & 0x80:
            return data[at:at + length].decode("latin-1")


def character(code):
    if code > 0x10FFFF or 0xD800 <= code < 0xE000:
        raise Refused("no character")
    return chr(code).encode().decode("latin-1")


def known(field):
    """The meaning of a token. One that tshark has no row for is in UNDEFINED, or it refuses the document."""
    show = field.get("show")
    if show.startswith("(Requested token"):
        found = re.search(r"\| A +(\d+) .*? 0x([0-9A-F]+) ", field.get("showname"))
        show = found and UNDEFINED.get((int(found.group(1)), field.get("name"), int(found.group(2), 16)))
        if show is None:
            raise Refused("unknown token")
    return show


class Document:
    """A tree [name, attributes, text, children] out of the tokens in their order."""

    def __init__(self):
        self.root, self.open, self.attribute, self.listing = None, [], None, False

    def put(self, text):
        if self.listing:
            if self.attribute is None:
                raise Refused("a value without attribute")
            self.open[-1][1][self.attribute] += text
        elif self.open:
            self.open[-1][2] += text
        else:
            raise Refused("text outside")

    def begin(self, name, flags):
        node = [name, {}, "", [], "C" in flags]
        if self.open:
            self.open[-1][3].append(node)
        elif self.root is None:
            self.root = node
        else:
            raise Refused("a second root")
        if "A" in flags or "C" in flags:
            self.open.append(node)
        self.listing, self.attribute = "A" in flags, None

    def start(self, text):
        name, _, value = text.partition("=")
        if name in self.open[-1][1]:
            raise Refused("an attribute twice")
        self.attribute = name
        self.open[-1][1][name] = value.strip("'")

    def end(self):
        if not self.open:
            raise Refused("an end too many")
        if self.listing:
            self.listing = False
            if self.open[-1][4]:
                return
        self.open.pop()


def text_of(field):
    """The octets of a text, one a character: of those that are no UTF-8 tshark shows substitutes, and the octets themselves in `value`."""
    if field.get("name") == "wbxml.str_t":
        if re.search(r"[\ufffd\\]", field.get("show")):
            raise Refused("a text of the string table that is not shown as it is")
        return field.get("show").encode().decode("latin-1")
    return octets(field.get("value"))[1:-1].decode("latin-1")


def read_tokens(packet):
    d = Document()
    for field in packet.iter("field"):
        name, show = field.get("name"), field.get("show")
        if not name.startswith("wbxml."):
            continue
        if name == "wbxml.known_tag":
            d.begin(known(field), re.search(r"\(([A.][C.])\)", field.get("showname")).group(1))
        elif name == "wbxml.known_attrstart":
            d.start(known(field))
        elif name == "wbxml.known_attrvalue":
            d.put(known(field).strip("'"))
        elif name in ("wbxml.str_i", "wbxml.str_t"):
            d.put(text_of(field))
        elif name == "wbxml.entity":
            d.put(character(int(show)))
        elif name == "wbxml.opaque_data":
            d.put(opaque(octets(field.get("value"))))
        elif name.startswith("wbxml.end"):
            d.end()
        elif name.startswith(("wbxml.version", "wbxml.public_id", "wbxml.charset", "wbxml.string_table", "wbxml.switch_page")):
            continue
        else:
            raise Refused(name)  # unknown tags and tokens, extensions, processing instructions, recursion
    if d.open or not d.root:
        raise Refused("not closed")
    return prune(d.root)


def prune(node):
    """White space between elements is no text."""
    children = [prune(c) for c in node[3]]
    return [node[0], node[1], "" if children and not node[2].strip() else node[2], children]


def application(shown):
    """Its number, as our decoder gives it: 9A is 1A to it, a text that it does not know FFFFFFFF."""
    unknown = re.fullmatch(r"<Unknown WAP application identifier 0x([0-9a-fA-F]+)>", shown)
    number = int(unknown.group(1), 16) if unknown else APPLICATIONS.get(shown.lower(), 0xFFFFFFFF)
    return 0x1A if number == 0x9A else number


def theirs(xml):
    try:
        packet = ET.fromstring(xml)
    except ET.ParseError:
        raise Refused("tshark's output is no XML") from None
    fields = {}
    for field in packet.iter("field"):
        if re.search(r"malformed|^_ws\.expert$|invalid", field.get("name")):
            raise Refused("malformed")
        fields.setdefault(field.get("name"), field)
    if "wsp.pdu_type" not in fields or fields["wsp.pdu_type"].get("show") != "0x06" or "wsp.header.content_type" not in fields:
        raise Refused("no push, or none with a content type")
    out = {"tid": int(fields["wsp.TID"].get("show"), 16), "media": fields["wsp.header.content_type"].get("show").lower()}
    if "wsp.parameter.sec" in fields:
        out["sec"] = int(fields["wsp.parameter.sec"].get("show"), 16)
    if "wsp.parameter.mac" in fields:
        out["mac"] = octets(fields["wsp.parameter.mac"].get("value"))[:-1].decode("latin-1").removeprefix("\x7f")
    if "wsp.header.x_wap_application_id" in fields:
        out["application"] = application(fields["wsp.header.x_wap_application_id"].get("show"))
    out["document"] = read_tokens(packet) if "wbxml.version" in fields else None
    return out


# --- comparison ---


def compare(a, b):
    """None: the same. Otherwise the place."""
    for key in ("tid", "media", "sec", "mac", "application"):
        if a.get(key) != b.get(key) and (key != "media" or key in a):
            return f"{key}: {a.get(key)!r} and {b.get(key)!r}"
    return tree(a["document"], b["document"]) if "media" in a else None  # a type that we leave alone


def fold(text):
    for word, right in SPELLED.items():
        text = text.replace(word, right)
    return text


def tree(a, b):
    if a is None or b is None:
        return None if a is b else f"document: {a and a[0]} and {b and b[0]}"
    if a[0] != b[0] or fold(a[2]) != fold(b[2]) or len(a[3]) != len(b[3]):
        return f"element {a[0]} {a[2][:60]!r} with {len(a[3])} and {b[0]} {b[2][:60]!r} with {len(b[3])}"
    for name in sorted(set(a[1]) | set(b[1])):
        if fold(a[1].get(name, "")) != fold(b[1].get(name, "")):
            return f"{a[0]}/{name}: {a[1].get(name)!r} and {b[1].get(name)!r}"
    return next((found for x, y in zip(a[3], b[3]) if (found := tree(x, y))), None)


def packets(payloads):
    """The packets of tshark's XML, each for itself, as octets: some of what it writes for hostile input is no XML."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "pushes.pcap")
        capture(path, payloads)
        path.chmod(0o644)
        done = subprocess.Popen(["tshark", "-n", "-r", str(path), "-d", f"udp.port=={PORT},wsp", "-T", "pdml", "-J", "wsp wbxml _ws.malformed"],
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        packet = []
        for line in done.stdout:
            if line.startswith(b"<packet>"):
                packet.clear()
            packet.append(line)
            if line.startswith(b"</packet>"):
                yield b"".join(packet)
        assert done.wait() == 0


def main():
    if not shutil.which("tshark"):
        print("1..0 # SKIP tshark is not installed (Debian package tshark)")
        return 0
    names, payloads = zip(*messages())
    counts, differences, seen = collections.Counter(), [], 0
    for name, data, a, packet in zip(names, payloads, ours(payloads), packets(payloads)):
        seen += 1
        try:
            b = theirs(packet)
        except Refused as why:
            counts["neither" if a is None else f"only ours: {why}"] += 1
            continue
        if a is None:
            counts["only tshark"] += 1
            continue
        found = compare(a, b)
        counts["different" if found else "same" if a["document"] else "same header"] += 1
        if found:
            differences.append(f"# {name}: {found}: {data[:200].hex()}")
    print("\n".join(differences[:40]))
    print(f"{'not ' if differences else ''}ok 1 - what both accept is the same message # {dict(counts)}")
    print(f"{'not ' if counts['same'] < 200 or seen != len(names) else ''}ok 2 - they agree on enough of {seen} messages to mean something")
    print("1..2")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
