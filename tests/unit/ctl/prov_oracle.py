#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Provisioning documents through our decoder and through libwbxml: what both accept is the same document.

Owns: a corpus of the vectors and of copies of them with changed octets (seeded: the same each time), and the list of known differences by name.
Must never count a document that one of the two refused as agreement.    usage: oracle_test.py DECODE_TOOL VECTOR_FOLDER [CHANGES]
"""
import collections
import json
import random
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from changes import changed  # noqa: E402

TOOL, FOLDER = sys.argv[1], Path(sys.argv[2])
CHANGES = int(sys.argv[3]) if len(sys.argv) > 3 else 20
SPELLED = {"TRETRA-SDS": "TETRA-SDS", "TRETRA-PACKET": "TETRA-PACKET"}  # libwbxml's table
TOKENS = [bytes([token]) for token in b"\x00\x01\x02\x03\x05\x06\x07\x45\x46\x50\x55\x83\x85\xab\xc3\xc6\x87"]
HEADER = 4  # octets that stay
counts = collections.Counter()


def ours(file):
    done = subprocess.run([TOOL, file, "-", "-", "wbxml"], capture_output=True, text=True, check=False)
    assert done.returncode in (0, 3) and not done.stderr, done.stderr
    out = json.loads(done.stdout)
    return out["document"] if out["verdict"] == "accept" and out["document"]["element"] == "wap-provisioningdoc" else None


def theirs(file):
    """The document, None if it is refused, or a name of why its XML cannot be compared."""
    with tempfile.NamedTemporaryFile(suffix=".xml") as out:
        try:
            done = subprocess.run(["wbxml2xml", "-o", out.name, file], capture_output=True, check=False, timeout=10)
        except subprocess.TimeoutExpired:
            return "time"
        text = Path(out.name).read_bytes()
    if done.returncode or not text:
        return None
    try:
        return shape(ET.fromstring(text))
    except ET.ParseError:
        return "no XML"


def shape(node):
    return {"element": node.tag, "attributes": {k: v for k, v in node.attrib.items()}, "children": [shape(c) for c in node]}


def fold(value):
    for theirs_word, ours_word in SPELLED.items():
        value = value.replace(theirs_word, ours_word)
    return " ".join(value.split())  # an XML reader folds white space of attributes


def same(a, b):
    """Equal documents, or the name of a known difference, or a place."""
    if a["element"] != b["element"] or len(a["children"]) != len(b["children"]):
        return f"{a['element']} and {b['element']}"
    for name in set(a["attributes"]) | set(b["attributes"]):
        x, y = a["attributes"].get(name), b["attributes"].get(name)
        if isinstance(x, dict):
            return "OPAQUE printed raw"
        if x != y and fold(x or "") != fold(y or ""):
            return f"{a['element']}/{name}: {x!r} and {y!r}"
    for pair in zip(a["children"], b["children"]):
        if (found := same(*pair)) is not None:
            return found
    return None


def refusal(data):
    """Why we refuse what libwbxml accepts: our reason without its numbers."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        out = json.loads(subprocess.run([TOOL, file.name, "-", "-", "wbxml"], capture_output=True, text=True, check=False).stdout)
    return "".join(c for c in out["reason"] if not c.isdigit())[:60]


KNOWN = {"OPAQUE printed raw"}
# libwbxml's traps: documents it accepts although they are not well formed (unknown tokens and pages, trailing octets, depth, amplification ..).
differences, stricter = [], collections.Counter()


def compare(name, data):
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        a, b = ours(file.name), theirs(file.name)
    if a is None or not isinstance(b, dict):
        counts["only ours" if a else "only libwbxml" if isinstance(b, dict) else "neither"] += 1
        if a is None and isinstance(b, dict):
            stricter[refusal(data)] += 1
        return
    found = same(a, b)
    counts["known difference" if found in KNOWN else "different" if found else "same"] += 1
    if found and found not in KNOWN:
        differences.append(f"{name}: {found}")
        print(f"# {name}: {found}: {data.hex()}")


def main():
    chance = random.Random(20261121)
    for path in sorted(FOLDER.glob("v*.wbxml")):
        data = path.read_bytes()
        compare(path.stem, data)
        for i in range(CHANGES):
            compare(f"{path.stem} change {i}", changed(data, chance, TOKENS, HEADER))
    print(f"{'not ' if differences else ''}ok 1 - what both accept is the same document # {dict(counts)}")
    print(f"{'not ' if counts['same'] < 20 else ''}ok 2 - they agree on enough of them to mean something")
    for reason, n in stricter.most_common():
        print(f"# {n} accepted by libwbxml alone: {reason}")
    print("1..2")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
