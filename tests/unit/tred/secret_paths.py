#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""secret_paths under valgrind: no branch and no address of the code that compares MACs depends on what is secret, but on the verdict of secret_equal. It counts places and
no time: what else the machine does is all the same. usage: secret_paths.py PROGRAM"""
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

CONTROL = "first_difference"
WAYS = ("octets", "NETWPIN", "USERPIN", "USERNETWPIN", "typed PIN", "USERPINMAC", "instruction", "notification", "MILENAGE", "TUAK")
failed = 0


def check(what, good, detail=""):
    global failed
    failed += not good
    print(("ok - " if good else "not ok - ") + what + ("" if good or not detail else f": {detail}"), flush=True)


def place(error):
    """The innermost functions of the place where it was found."""
    return " < ".join(f"{f.findtext('fn') or '?'} ({f.findtext('file')}:{f.findtext('line')})" for f in error.findall("stack/frame")[:4])


print(f"1..{len(WAYS) + 3}")
with tempfile.TemporaryDirectory() as folder:
    report = Path(folder, "report")
    done = subprocess.run(["valgrind", "--quiet", "--xml=yes", f"--xml-file={report}", sys.argv[1]], capture_output=True, text=True, check=False)
    check("it ran to its end", done.returncode == 0, done.stderr[-800:])
    seen = [place(e) for e in ElementTree.parse(report).getroot().iter("error")]
for way in WAYS:
    check(f"{way}: a verdict came of what is secret", any(line.startswith(f"{way}: ") for line in done.stdout.splitlines()), done.stdout)
check("what ends at the first difference is found", any(p.startswith(CONTROL) for p in seen), seen)
check("nothing else depends on it", all(p.startswith(CONTROL) for p in seen), [p for p in seen if not p.startswith(CONTROL)])
sys.exit(1 if failed else 0)
