# SPDX-License-Identifier: Apache-2.0
"""Our SyncML trees against libwbxml: what wbxml2xml reads we read alike, what we write it reads alike, what xml2wbxml writes we read; and of copies with changed
octets (seeded: the same each time), what both read is the same document. What one of the two refuses is never counted as agreement.
Arguments: the tool, the folder of vectors."""
import collections
import pathlib
import random
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ET

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from changes import changed  # noqa: E402

TOOL, FOLDER = sys.argv.pop(1), pathlib.Path(sys.argv.pop(1))
VECTORS = sorted(FOLDER.glob("dm_pkg*.wbxml"))
CHANGES, HEADER = 400, 5  # of each vector; octets that stay
PIECES = [bytes([token]) for token in b"\x00\x01\x02\x03\x05\x0b\x0f\x14\x17\x45\x4b\x4f\x54\x57\x5a\x60\x69\x6d\x83\xc3"]
PIECES += [b"\0\x03", b"\0\x02\x81\x63\x03", b"\0\x02\x82\xbf\x41\x03", b"\x83\0", b"\xc3\x01b", b"\0\x01", b"\0\0"]  # within a text: its end, a character, a text; pages


def ours(octets: bytes, *args):
    return subprocess.run([TOOL, *args], input=octets, check=True, capture_output=True).stdout


def lines(text: str):
    found = []

    def walk(element, depth):
        name = element.tag.rsplit("}", 1)[-1]
        found.append(f"{depth} {name} {(element.text or '').strip().encode().hex()}")
        for child in element:
            walk(child, depth + 1)
    walk(ET.fromstring(text), 0)
    return found


def theirs(octets: bytes):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder)
        (path / "in").write_bytes(octets)
        subprocess.run(["wbxml2xml", "-m", "0", "-o", path / "out", path / "in"], check=True, capture_output=True)
        return lines((path / "out").read_text())


def folded(tree):
    """White space of texts as an XML reader may leave it."""
    return [" ".join([*line.split()[:2], b" ".join(bytes.fromhex(text).split()).hex()]) for line in tree for text in [line.split(" ")[2]]]


def both(data: bytes):
    """The two trees, or which of the two read it."""
    done = subprocess.run([TOOL], input=data, capture_output=True, check=False)
    mine = done.stdout.decode(errors="replace").splitlines() if done.returncode == 0 else None
    try:
        other = theirs(data)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired, ET.ParseError, UnicodeDecodeError):
        other = None
    if mine is None or other is None:
        return "ours alone" if mine else "libwbxml alone" if other else "neither"
    return folded(mine), folded(other)


class Oracle(unittest.TestCase):
    def test_there_are_vectors(self):
        self.assertGreaterEqual(len(VECTORS), 3)

    def test_decoding(self):
        for vector in VECTORS:
            with self.subTest(vector.name):
                data = vector.read_bytes()
                mine = [line.rstrip("\n") for line in ours(data).decode().splitlines()]
                self.assertEqual(mine, theirs(data))
                self.assertEqual(mine, lines(vector.with_suffix(".xml").read_text()))

    def test_encoding(self):
        for vector in VECTORS:
            with self.subTest(vector.name):
                self.assertEqual(theirs(ours(vector.read_bytes(), "-e")), theirs(vector.read_bytes()))

    def test_what_libwbxml_writes(self):
        for vector in VECTORS:
            for options in ([], ["-n"]):
                with self.subTest(f"{vector.name} {options}"), tempfile.TemporaryDirectory() as folder:
                    out = pathlib.Path(folder) / "out"
                    subprocess.run(["xml2wbxml", *options, "-o", out, vector.with_suffix(".xml")], check=True, capture_output=True)
                    self.assertEqual(ours(out.read_bytes()), ours(vector.read_bytes()))

    def test_changed_copies(self):
        chance, counts = random.Random(20261121), collections.Counter()
        for vector in VECTORS:
            for number in range(CHANGES):
                data = changed(vector.read_bytes(), chance, PIECES, HEADER)
                trees = both(data)
                counts[trees if isinstance(trees, str) else "both"] += 1
                if not isinstance(trees, str):
                    with self.subTest(f"{vector.name} change {number}: {data.hex()}"):
                        self.assertEqual(*trees)
        print(f"# changed copies: {dict(counts)}", file=sys.stderr)
        self.assertGreaterEqual(counts["both"], len(VECTORS) * CHANGES // 10)


if __name__ == "__main__":
    unittest.main()
