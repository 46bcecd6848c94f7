#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""tests/parts.py hides no skip: tests of meson's that skip in each way that ours know are played in a project of their own, judged, and looked at for what is said
and counted. Must never count a skip twice, nor what ran beside it as skipped. usage: skips.py"""
import contextlib
import importlib.util
import io
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
UNITTEST = """import unittest


class Some(unittest.TestCase):
    def test_ran(self):
        print("ok")

    def test_told(self):
        \"\"\"With words of its own.\"\"\"
        self.skipTest("no TPM")

    def test_in_part(self):
        with self.subTest("files"):
            self.skipTest("no Landlock")
        print("the rest ran")

    def test_in_told_part(self):
        \"\"\"With words of its own.\"\"\"
        with self.subTest("pages"):
            self.skipTest("the limit is too low")


unittest.main(verbosity={})
"""
UNITTEST_SKIPS = ("test_told: no TPM", "test_in_part [files]: no Landlock", "test_in_told_part [pages]: the limit is too low")
# name -> protocol, program, what is said of it (without "skip NAME: "), passed, failed
TESTS = {
    "all ran": ("tap", "print('ok 1 a # nothing of note\\nok 2 the skipper\\n1..2')", (), 1, 0),
    "one subtest": ("tap", "print('1..3\\nok 1 /pages/are here\\nok 2 /pages/are locked # SKIP the limit is too low\\nok 3 - b')", ("/pages/are locked: the limit is too low",), 1, 0),
    "beside a failure": ("tap", "print('1..2\\nnot ok 1 a\\nok 2 - b # skip no root')", ("b: no root",), 0, 1),
    "every subtest": ("tap", "print('1..2\\nok 1 a # SKIP why\\nok 2 b # SKIP')", ("a: why", "b"), 0, 0),
    "whole": ("tap", "print('1..0 # SKIP no tshark')", ("no tshark",), 0, 0),
    "whole by status": ("exitcode", "raise SystemExit(77)", ("it does not say why",), 0, 0),
    "unittest": ("exitcode", UNITTEST.format(2), UNITTEST_SKIPS, 1, 0),
    "unittest in brief": ("exitcode", UNITTEST.format(1), ("a case that does not say why",) * len(UNITTEST_SKIPS), 1, 0),
}


def parts():
    spec = importlib.util.spec_from_file_location("parts", HERE.parent / "parts.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def play(judge, folder):
    """What parts.py says of each test, and its counts; of all together under None."""
    text = "project('skips')\npython = find_program('/usr/bin/python3')\n"
    for at, (name, (protocol, program, *_)) in enumerate(TESTS.items()):
        (folder / f"{at}.py").write_text(program, encoding="utf-8")
        text += f"test('{name}', python, args: files('{at}.py'), protocol: '{protocol}')\n"
    (folder / "meson.build").write_text(text, encoding="utf-8")
    subprocess.run(["meson", "setup", folder / "build", folder], check=True, capture_output=True)
    done, rows = judge.meson_test(folder / "build")
    out, alone = {}, subprocess.CompletedProcess([], 0)
    for name, ended, chosen in [(None, done, rows)] + [(row["name"], alone, [row]) for row in rows]:
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            counts = judge.judge(ended, chosen)
        out[name] = ([line for line in said.getvalue().splitlines() if line.startswith("skip ")], counts)
    return out


def main():
    sys.dont_write_bytecode = True
    with tempfile.TemporaryDirectory() as folder:
        heard = play(parts(), Path(folder))
    wanted = {name: ([f"skip {name}: {words}" for words in said], (passed, failed, len(said))) for name, (_, _, said, passed, failed) in TESTS.items()}
    wanted[None] = (sorted(line for lines, _ in wanted.values() for line in lines), tuple(map(sum, zip(*(counts for _, counts in wanted.values())))))
    failed = 0
    for name, expected in wanted.items():
        said, counts = heard.get(name, ([], ()))
        good = (sorted(said), counts) == (sorted(expected[0]), expected[1])
        failed += not good
        print(f"ok   skips: {name or 'all of them'}" if good else f"FAIL skips: {name or 'all of them'}: {said} {counts}, not {expected}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
