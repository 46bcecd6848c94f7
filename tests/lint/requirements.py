#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""etc/doc/trusted-environment.md against the tests: each requirement R1..R45 has its row; each test that a row names exists; each test that carries a number is in the row of that number; each row names a test that carries its number.
usage: requirements.py [ROOT]"""
import re
import sys
from pathlib import Path

ROOT = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parents[2])
LAST, failed = 45, 0


def check(what, good):
    global failed
    failed += not good
    print(("ok   " if good else "FAIL ") + what)


def numbers(name):
    """R2, R4 of test_tre_R2_R4_damaged_mid: the numbers stand at the front."""
    front = re.match(r"(?:test_)?tre((?:_R\d+)+)_", name + "_")
    return [int(n) for n in re.findall(r"\d+", front.group(1))] if front else []


def tests():
    """Names of functions and of registered C tests below tests/."""
    found = set()
    for path in ROOT.glob("tests/**/*"):
        if path.suffix in (".py", ".c"):
            text = path.read_text(encoding="utf-8")
            found |= set(re.findall(r"^\s*(?:def|static void) (\w+)\(", text, re.M)) | set(re.findall(r'"/[\w/ ]*?(tre_R\w+)"', text))
    return found


rows, cell = {}, ""
for line in (ROOT / "etc/doc/trusted-environment.md").read_text(encoding="utf-8").splitlines():
    row = re.match(r"\| R(\d+) \| .+? \| (.+) \|$", line)
    if row:
        cell = cell if row.group(2) == "the same" else row.group(2)
        rows[int(row.group(1))] = cell
known = tests()
named = {n: [t for t in re.findall(r"`(\w+)`", text) if t in known] for n, text in rows.items()}
check(f"requirements: a row for each of R1 to R{LAST}", sorted(rows) == list(range(1, LAST + 1)))
for n, text in sorted(rows.items()):
    strangers = [t for t in re.findall(r"`((?:test_)?tre_R\w+)`", text) if t not in known]
    own = [t for t in named[n] if n in numbers(t)]
    missing = [t for t in known if n in numbers(t) and t not in named[n]]
    check(f"requirements: R{n} {' '.join(strangers + missing)}".rstrip(), not strangers and not missing and bool(own))
sys.exit(1 if failed else 0)
