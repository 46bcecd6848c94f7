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


V01 = (FOLDER / "v01_bootstrap_nap_pap_netwpin.pdu").read_bytes()


def tool(*args, octets=b""):
    done = subprocess.run([TOOL, *args], input=octets, capture_output=True, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def hex_text():
    """Hex with white space from standard input is the same message; a digit too many makes it something else."""
    text = V01.hex(" ", 16).upper().replace(" ", "\n  ") + "\n"
    code, out, _ = tool("-", INDEX["imsi"], "-", octets=text.encode())
    assert code == 0 and json.loads(out)["verdict"] == "accept", code
    code, out, _ = tool("-", INDEX["imsi"], "-", octets=text.encode() + b"0")
    assert code == 3, code


def usage():
    """What is no message, key or file ends with status 2, a line on standard error and nothing on standard output."""
    for args, octets in ((("/nonexistent", "-", "-"), b""), (("-", "-", "-"), b""), (("-", "12", "-"), V01), (("-", "26201123456789a", "-"), V01),
                         (("-", "2620112345678901", "-"), V01), (("-", "-", "12x4"), V01), (("-", "-", ""), V01), (("-", "-", "-"), bytes(300000))):
        code, out, err = tool(*args, octets=octets)
        assert code == 2 and not out and err.count("\n") == 1, (args, code)


def text_output():
    """The text form names verdict, security and each value, with the octet of its tag."""
    code, out, _ = tool("-", INDEX["imsi"], "-", "text", octets=V01)
    assert code == 0, code
    for line in ("verdict   accept", "security  SEC NETWPIN, MAC ok", "NAP-ADDRESS = m2m.example.net", "document  222 octets"):
        assert line in out, line
    body = V01[-222:]
    offset, name = next(line.split()[:2] for line in out.splitlines() if "NAPID =" in line)
    assert name == "NAPID" and body[int(offset):int(offset) + 2] == bytes.fromhex("8711"), offset


def escapes():
    """A value cannot move the cursor of whoever reads it, nor break the JSON."""
    document = bytes.fromhex("030b6a00458711060 3".replace(" ", "")) + b"a\x1b[2J\xc2\x9b\x7f\n\xc3\xa9\0" + bytes.fromhex("0101")
    code, out, _ = tool("-", "-", "-", "text", octets=bytes.fromhex("010601b6") + document)
    assert code == 3 and "NAPID = a\\x1b[2J\\x9b\\x7f\\x0a\u00e9\n" in out, out
    code, out, _ = tool("-", "-", "-", octets=bytes.fromhex("010601b6") + document)
    assert json.loads(out)["document"]["children"][0]["attributes"]["value"] == "a\x1b[2J\x9b\x7f\n\u00e9", out
    code, out, _ = tool("-", "-", "-", octets=bytes.fromhex("010601b5") + ("<" + "\u00e9" * 30 + "/>").encode())
    assert code == 3 and "unknown element" in json.loads(out)["reason"], out


TOOL_TESTS = [hex_text, usage, text_output, escapes]


def main():
    print(f"1..{len(TOOL_TESTS) + 2 * len(INDEX['vectors']) - sum(v['verdict'] != 'accept' for v in INDEX['vectors'])}")
    for vector in INDEX["vectors"]:
        for name, test in (("", check), ("_without_keys", uncheckable)):
            if name and vector["verdict"] != "accept":
                continue
            try:
                test(vector)
                report(vector["name"] + name, True)
            except AssertionError as problem:
                report(vector["name"] + name, False, str(problem))
    for test in TOOL_TESTS:
        try:
            test()
            report(test.__name__, True)
        except AssertionError as problem:
            report(test.__name__, False, str(problem))
    return 0 if all(results) else 1


sys.exit(main())
