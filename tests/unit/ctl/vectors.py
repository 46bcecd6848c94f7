#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every push vector through the decoder: right verdict, right MAC state, equal document; changed messages are refused.

Owns: the judgement over tests/vectors/oma/index-cp.json. TAP on standard output.
Must never print a verdict that it did not compare.    usage: vectors.py DECODE_TOOL VECTOR_FOLDER
"""
import json
import subprocess
import sys
import tempfile
from pathlib import Path

TOOL, FOLDER = sys.argv[1], Path(sys.argv[2])
INDEX = json.loads((FOLDER / "index-cp.json").read_text())
results = []


def decode(pdu: bytes, auth: dict):
    with tempfile.NamedTemporaryFile() as file:
        file.write(pdu)
        file.flush()
        typed = auth.get("user_types") or auth.get("pin") or "-"
        done = subprocess.run([TOOL, file.name, auth.get("imsi") or "-", typed], capture_output=True, text=True, check=False)
    if done.returncode not in (0, 3) or done.stderr:
        raise AssertionError(f"exit {done.returncode}: {done.stderr[-400:]}")
    return done.returncode, json.loads(done.stdout)


def report(name, ok, why=""):
    results.append(ok)
    print(f"{'ok' if ok else 'not ok'} {len(results)} - {name}{' # ' + why if why and not ok else ''}", flush=True)


def expected_mac(vector):
    if vector["verdict"] == "accept":
        return {"ok"}
    fault = vector.get("fault", "")
    return {"mac-missing": {"missing"}, "mac-value": {"bad"}, "mac-length": {"bad"}, "mac-format": {"bad"}, "mac-key": {"bad"},
            "user-pin-mac": {"bad"}}.get(fault, {"ok", "bad", "missing", "unchecked"})


def check(vector):
    code, out = decode((FOLDER / vector["pdu_file"]).read_bytes(), vector["auth"])
    accept = vector["verdict"] == "accept"
    assert out["verdict"] == ("accept" if accept else "reject") and code == (0 if accept else 3), out["verdict"]
    assert bool(out["reason"]) != accept, "reason"
    assert out["mac"] in expected_mac(vector), out["mac"]
    if "expected_document" in vector:
        assert out["document"] == vector["expected_document"], "document differs"
    if accept:
        assert out["sec"] == vector["auth"]["sec_name"], out["sec"]


def uncheckable(vector):
    """Without keys nothing is accepted."""
    code, out = decode((FOLDER / vector["pdu_file"]).read_bytes(), {})
    assert code == 3 and out["verdict"] == "reject" and out["mac"] == "unchecked", out["mac"]


def main():
    print(f"1..{2 * len(INDEX['vectors']) - sum(v['verdict'] != 'accept' for v in INDEX['vectors'])}")
    for vector in INDEX["vectors"]:
        for name, test in (("", check), ("_without_keys", uncheckable)):
            if name and vector["verdict"] != "accept":
                continue
            try:
                test(vector)
                report(vector["name"] + name, True)
            except AssertionError as problem:
                report(vector["name"] + name, False, str(problem))
    return 0 if all(results) else 1


sys.exit(main())
