#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The size and shape of what we write. Owns: the house rules that a count or a pattern can show.

Files up to 800 lines, functions up to 80, headers up to 100; an SPDX line in each file that can hold one; no conditional compilation inside a function;
no typedef but of function types; no words that promise later work. Prints the medians.    usage: sizes.py [TREE]
"""
import ast
import re
import statistics
import subprocess
import sys
from pathlib import Path

FILE_MAX, FUNCTION_MAX, HEADER_MAX = 800, 80, 100
SOURCES = {".c", ".h", ".py", ".sh"}
FOREIGN = ("tests/vectors/", "tests/fuzz/corpus/")  # input data: an added line would change what it tests
NO_COMMENTS = {".json", ".pem", ".bin", ".hex", ".der", ".wbxml", ".pdu", ".txt"}
WITHOUT_SPDX = {"LICENSE", ".gitignore"}
LATER = re.compile("|".join(["TO" + "DO", "FIX" + "ME", r"\bst" + r"ubs?\b", r"\bfor " + r"now\b(?!(, \w+)* in\b)", "simpl" + "ified", "not impl" + "emented"]), re.IGNORECASE)
SPDX = "SPDX-License-Identifier: Apache-2.0"
TYPEDEF = re.compile(r"^\s*typedef\s+(?:[^(){};]*|\w[^(){};]*\{[^}]*\}\s*)\b(\w+)\s*;", re.MULTILINE)


def tracked(tree):
    """Files of the tree: what git knows, or all but build folders where there is no git."""
    done = subprocess.run(["git", "-C", str(tree), "ls-files", "-z", "--cached", "--others", "--exclude-standard"], capture_output=True, check=False)
    names = done.stdout.decode().split("\0") if done.returncode == 0 else [p.relative_to(tree).as_posix() for p in tree.rglob("*")]
    return [n for n in sorted(set(names)) if n and (tree / n).is_file() and not n.startswith(("build", ".git/")) and "__pycache__" not in n]


def c_functions(lines):
    """(name, first line, lines of text): a definition starts in column 0 and its braces stand in column 0."""
    name, start = None, 0
    for i, line in enumerate(lines):
        if line == "{" and i:
            start = i
            while start > 0 and lines[start - 1] and not lines[start - 1].startswith(("}", "/*", " *", "#")):
                start -= 1
            match = re.search(r"(\w+)\(", lines[start])
            name = match.group(1) if match else None
        elif line.startswith("}") and name:
            yield name, start + 1, lines[start:i + 1]
            name = None


def python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node.lineno, [""] * (node.end_lineno - node.lineno + 1)


class Report:
    def __init__(self, tree):
        self.tree, self.troubles = tree, {}
        self.files, self.headers, self.functions = [], [], []
        for rule in ("file length", "header length", "function length", "SPDX line", "conditional code in a function", "typedef", "words of later work"):
            self.troubles[rule] = []

    def note(self, rule, text):
        self.troubles[rule].append(text)

    def function(self, path, name, line, body):
        self.functions.append(len(body))
        if len(body) > FUNCTION_MAX:
            self.note("function length", f"{path}:{line}: {name}: {len(body)} lines")
        for i, text in enumerate(body):
            if re.match(r"\s*#\s*(if|ifdef|ifndef|else|elif)\b", text):
                self.note("conditional code in a function", f"{path}:{line + i}: {name}")

    def source(self, path, text):
        lines = text.splitlines()
        suffix = Path(path).suffix
        self.files.append(len(lines))
        if len(lines) > FILE_MAX:
            self.note("file length", f"{path}: {len(lines)}")
        if suffix == ".h":
            self.headers.append(len(lines))
            if len(lines) > HEADER_MAX:
                self.note("header length", f"{path}: {len(lines)}")
        if suffix in (".c", ".h"):
            for name in TYPEDEF.findall(text):
                if f"STACK_OF({name})" not in text:  # the macros of libcrypto need a plain name
                    self.note("typedef", f"{path}: {name}")
        for found in c_functions(lines) if suffix in (".c", ".h") else python_functions(text) if suffix == ".py" else ():
            self.function(path, *found)

    def look(self, path):
        data = (self.tree / path).read_bytes()
        if path.startswith(FOREIGN) or b"\0" in data:
            return
        text = data.decode("utf-8", "replace")
        if Path(path).suffix not in NO_COMMENTS and path not in WITHOUT_SPDX and SPDX not in text[:1000]:
            self.note("SPDX line", path)
        for i, line in enumerate(text.splitlines()):
            if LATER.search(line) and path != "LICENSE":
                self.note("words of later work", f"{path}:{i + 1}: {line.strip()[:100]}")
        if Path(path).suffix in SOURCES or text.startswith(("#!/bin/sh", "#!/usr/bin/python3")):
            self.source(path, text)

    def print(self):
        for name, values in (("files", self.files), ("headers", self.headers), ("functions", self.functions)):
            if values:
                print(f"     {name}: {len(values)}, median {statistics.median(values):g} lines, longest {max(values)}")
        failed = 0
        for rule, found in self.troubles.items():
            failed += bool(found)
            print(f"{'FAIL' if found else 'ok  '} {rule}" + "".join("\n  " + f for f in found))
        print(f"{len(self.troubles) - failed} passed, {failed} failed")
        return 1 if failed or not self.functions else 0


def main():
    report = Report(Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parents[2]))
    for path in tracked(report.tree):
        report.look(path)
    return report.print()


if __name__ == "__main__":
    sys.exit(main())
