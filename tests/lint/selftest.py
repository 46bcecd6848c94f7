#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The lints see what they are there for: each rule is broken once in a small tree of its own and must be named. usage: selftest.py"""
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
HEAD = "/* SPDX-License-Identifier: " + "Apache-2.0 */\n"
GOOD = HEAD + "int one(int a)\n{\n    return a;\n}\n"
TABLE = "".join(f"| R{n} | a | `test_tre_R{n}_held` |\n" for n in range(1, 46))
HELD = "# SPDX-License-Identifier: " + "Apache-2.0\n" + "".join(f"def test_tre_R{n}_held():\n    pass\n" for n in range(1, 46))
LONG = HEAD + "int one(void)\n{\n" + "    ;\n" * 80 + "    return 1;\n}\n"


def include(*names):
    return HEAD + "".join(f'#include "{n}"\n' for n in names)


def requirements(table, tests=HELD):
    return {"etc/doc/trusted-environment.md": table, "tests/held.py": tests}


# lint, broken rule, files of the tree
CASES = [
    ("layers.py", "known_rooms", {"agentd/attic/a.c": GOOD}),
    ("layers.py", "resolved", {"agentd/base/a.c": include("base/none.h")}),
    ("layers.py", "downwards", {"agentd/base/a.c": include("model/m.h"), "agentd/model/m.h": HEAD}),
    ("layers.py", "downwards", {"agentd/net/a.c": include("glue/g.h"), "agentd/glue/g.h": HEAD}),
    ("layers.py", "downwards", {"agentd/net/a.c": include("tred/t.h"), "agentd/tred/t.h": HEAD}),
    ("layers.py", "programs_alone", {"agentd/tred/a.c": include("store/s.h"), "agentd/store/s.h": HEAD}),
    ("layers.py", "free_of_glib", {"agentd/store/a.c": HEAD + "#include <glib.h>\n"}),
    ("layers.py", "pure_codec", {"agentd/codec/a.c": HEAD + "#include <unistd.h>\n"}),
    ("layers.py", "pure_codec", {"agentd/codec/a.c": GOOD.replace("return a", "return (int)(long)malloc(a)")}),
    ("layers.py", "stages_apart", {"agentd/bootstrap/start/a.c": include("bootstrap/briefing/b.h"), "agentd/bootstrap/briefing/b.h": HEAD}),
    ("layers.py", "stages_apart", {"agentd/bootstrap/a.c": include("bootstrap/briefing/b.h", "bootstrap/start/s.h"),
                                   "agentd/bootstrap/briefing/b.h": HEAD, "agentd/bootstrap/start/s.h": HEAD}),
    ("layers.py", "no_cycles", {"agentd/base/a.h": include("base/b.h"), "agentd/base/b.h": include("base/a.h")}),
    ("layers.py", "plugins", {"plugins/bearer/p.c": include("store/s.h"), "agentd/store/s.h": HEAD}),
    ("sizes.py", "file length", {"agentd/base/a.c": GOOD + "\n" * 800}),
    ("sizes.py", "header length", {"agentd/base/a.h": HEAD + "\n" * 100, "agentd/base/a.c": GOOD}),
    ("sizes.py", "function length", {"agentd/base/a.c": LONG}),
    ("sizes.py", "function length", {"tests/a.py": "# " + HEAD[3:-4] + "\ndef one():\n" + "    pass\n" * 81}),
    ("sizes.py", "SPDX line", {"agentd/base/a.c": GOOD[len(HEAD):]}),
    ("sizes.py", "SPDX line", {"tests/x/meson.build": "x = 1\n"}),
    ("sizes.py", "conditional code in a function", {"agentd/base/a.c": GOOD.replace("    return a", "#ifdef X\n    return a")}),
    ("sizes.py", "typedef", {"agentd/base/a.c": GOOD + "typedef struct { int a; } thing;\n"}),
    ("sizes.py", "typedef", {"agentd/base/a.c": GOOD + "typedef unsigned long big;\n"}),
    ("sizes.py", "words of later work", {"agentd/base/a.c": GOOD + "/* TO" + "DO */\n"}),
    ("words.sh", "words: files", {"a.txt": "see /wo" + "rk/main\n"}),
    ("words.sh", "words: files", {"a.txt": "https://py" + "pi.org/x\n"}),
    ("words.sh", "words: files", {"a.txt": "fixes #" + "12\n"}),
    ("requirements.py", "requirements: a row for each", requirements(TABLE.replace("| R45 | a | `test_tre_R45_held` |\n", ""))),
    ("requirements.py", "requirements: R7", requirements(TABLE.replace("`test_tre_R7_held`", "`test_tre_R7_held`, `test_tre_R7_gone`"))),
    ("requirements.py", "requirements: R7", requirements(TABLE.replace("`test_tre_R7_held`", "`test_held`"), HELD.replace("test_tre_R7_held", "test_held"))),
    ("requirements.py", "requirements: R7", requirements(TABLE, HELD + "def test_tre_R7_more():\n    pass\n")),
    ("shell.sh", "./init", {"init": "#!/bin/sh /etc/rc.common\nSTART=1\nif x\n"}),
    ("shell.sh", "./a.sh", {"a.sh": "#!/bin/sh\nx='unused\n"}),
]
GOOD_TREE = {**requirements("<!-- " + HEAD[3:-4] + " -->\n" + TABLE), "agentd/base/a.c": GOOD, "agentd/base/a.h": HEAD, "agentd/base/cb.h": HEAD + "typedef void call_fn(int a);\n", "plugins/p.h": HEAD,
             "init": "#!/bin/sh /etc/rc.common\n# " + HEAD[3:-4] + "\nSTART=1\n", "a.sh": "#!/bin/sh\n# " + HEAD[3:-4] + "\necho ok\n"}


def run(lint, files):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        done = subprocess.run([HERE / lint, folder], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def main():
    failed = 0
    for lint in ("layers.py", "requirements.py", "sizes.py", "words.sh", "shell.sh"):
        status, text = run(lint, GOOD_TREE)
        good = status == 0 and "FAIL" not in text
        failed += not good
        print(f"ok   {lint}: a good tree" if good else f"FAIL {lint}: a good tree\n{text}")
    for lint, rule, files in CASES:
        status, text = run(lint, files)
        good = status == 1 and f"FAIL {rule}" in text and text.count("FAIL") == 1
        failed += not good
        print(f"ok   {lint}: {rule}" if good else f"FAIL {lint}: {rule} in {list(files)}\n{text}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
