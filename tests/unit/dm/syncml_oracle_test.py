# SPDX-License-Identifier: Apache-2.0
"""Our SyncML trees against libwbxml: what wbxml2xml reads we read alike, what we write it reads alike, what xml2wbxml writes we read.
Arguments: the tool, the folder of vectors."""
import pathlib
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ET

TOOL, FOLDER = sys.argv.pop(1), pathlib.Path(sys.argv.pop(1))
VECTORS = sorted(FOLDER.glob("dm_pkg*.wbxml"))


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


if __name__ == "__main__":
    unittest.main()
