#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The rings of tests, one after the other.

Owns: which commands make up a part, and the count. A command says its own count in a last line "N passed, N failed[, N skipped]"; one that does not
counts as one test by its exit status. A command that says 0 passed and 0 failed has failed.
Must never count what did not run as passed.    usage: parts.py [--interop] [PART]...
"""
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

TREE = Path(__file__).resolve().parents[1]
BUILD = TREE / "build-tests"
COUNT = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$")
BRANCHES = 95  # percent, of agentd/codec
FIGURE = re.compile(r"^# (?!random seed|Start of|End of)(.*)$", re.MULTILINE)  # what a test with figures says, as TAP
FAILURE = re.compile(r"^(FAIL|not ok|ERROR|skip)", re.IGNORECASE)


def build():
    if not (BUILD / "build.ninja").exists():
        subprocess.run(["meson", "setup", BUILD, TREE], check=True, stdout=subprocess.DEVNULL)
    return run_command(["ninja", "-C", str(BUILD)])


def unit(folder=BUILD, names=()):
    """meson's own tests; each is one here, its subtests are its own business."""
    done = subprocess.run(["meson", "test", "-C", folder, "--print-errorlogs", "--no-rebuild", *names], capture_output=True, text=True, check=False)
    rows = [json.loads(line) for line in (folder / "meson-logs/testlog.json").read_text().splitlines()]
    bad = [r for r in rows if r["result"] not in ("OK", "EXPECTEDFAIL", "SKIP")]
    for row in rows:
        if "/ fault/" in row["name"]:
            print("\n".join(f"{row['name'].split('/ ')[-1]:15} {figure}" for figure in FIGURE.findall(row.get("stdout", ""))))
    for row in bad:
        print(f"FAIL {row['name']}\n" + "\n".join(row.get("stdout", "").splitlines()[-30:]) + row.get("stderr", "")[-2000:])
    skipped = [r for r in rows if r["result"] == "SKIP"]
    for row in skipped:
        print(f"skip {row['name']}")
    if done.returncode and not bad:
        print(done.stdout[-3000:])
        return 0, 1, 0
    return len(rows) - len(bad) - len(skipped), len(bad), len(skipped)


def run_command(command):
    environment = {**os.environ, "AGENT_BUILD": str(BUILD), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False, cwd=TREE, env=environment)
    lines = done.stdout.splitlines()
    match = COUNT.match(lines[-1].strip()) if lines else None
    counts = tuple(int(n or 0) for n in match.groups()) if match else (int(done.returncode == 0), int(done.returncode != 0), 0)
    if match and sum(counts) == 0:
        counts = (0, 1, 0)
    if done.returncode and not counts[1]:
        counts = (counts[0], 1, counts[2])
    for line in lines:
        if FAILURE.match(line):
            print(line)
    if counts[1]:
        print("\n".join(lines[-60:]) + "\n" + done.stderr[-4000:])
    return counts


SANITIZED = ("base-octets", "base-wire", "codec-wsp", "codec-wbxml", "codec-prov", "codec-sms", "provisioning", "provisioning-tokens", "push-vectors", "push-check", "syncml",
             "fuzz-wsp", "fuzz-wbxml", "fuzz-prov_wbxml", "fuzz-prov_xml", "fuzz-sms")


def sanitize():
    """What reads messages, once more under ASan and UBSan (gcc's own warnings mislead there, so they are no errors)."""
    folder = TREE / "build-sanitize"
    if not (folder / "build.ninja").exists():
        subprocess.run(["meson", "setup", folder, TREE, "-Db_sanitize=address,undefined", "-Db_lundef=false", "-Dwerror=false"],
                       check=True, stdout=subprocess.DEVNULL)
    built = run_command(["ninja", "-C", folder])
    return built if built[1] else unit(folder, SANITIZED)


COVERED = re.compile(r"codec[-/]|fuzz-(?!sms_assembly|dm_session)|syncml$|trees$|provisioning$|lwm2m$|lwm2m-objects$|factory$|route$")  # quick ones


def coverage():
    """Branches of agentd/codec that its own tests take: one test, which fails below the bound and prints what was reached."""
    folder = TREE / "build-coverage"
    if not (folder / "build.ninja").exists():
        subprocess.run(["meson", "setup", folder, TREE, "-Db_coverage=true", "-Dbuildtype=debug"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", folder, "build.ninja"], check=True, stdout=subprocess.DEVNULL)
    for old in folder.rglob("*.gcda"):
        old.unlink()
    names = [t["name"] for t in json.loads(subprocess.run(["meson", "introspect", "--tests", folder], check=True, capture_output=True, text=True).stdout)]
    done = subprocess.run(["meson", "test", "-C", folder, "--print-errorlogs", *filter(COVERED.match, names)], capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stdout[-3000:])
        return 0, 1, 0
    report = subprocess.run(["gcovr", "-r", TREE, "--object-directory", folder, "--filter", "agentd/codec/", "--branches", "--exclude-unreachable-branches", "--print-summary",
                             "--fail-under-branch", str(BRANCHES)], capture_output=True, text=True, check=False, cwd=TREE)
    print("\n".join(line for line in report.stdout.splitlines() if line.startswith(("branches", "lines"))))
    if report.returncode:
        print(report.stdout[-4000:], report.stderr[-1000:])
    return int(report.returncode == 0), int(report.returncode != 0), 0


def script(*command):
    return lambda: run_command(command)


PARTS = {
    "build": build,
    "unit": unit,
    "sanitize": sanitize,
    "coverage": coverage,
    "fuzz": script("tests/fuzz/campaign", "--fast", "0", "--asan", "100000", "--jobs", "2", "--folder", TREE / "build-fuzz", "--again"),
    "lint": script("tests/lint/run"),
    "lab": script("tests/lab/selftest"),
    "operator": script("/usr/bin/python3", "-B", "tests/operator/selftest.py"),
    "scenario": script("tests/scenario/run"),
}
INTEROP = {
    "kannel": script("tests/interop/kannel_push.sh", BUILD / "agentd/ctl/agentctl"),
    "eap_aka": script("tests/interop/eap_aka.sh", BUILD),
    "vpcd": script("tests/interop/vpcd.sh", BUILD),
    "ikev2": script("tests/interop/ikev2.sh", BUILD),
    "sip": script("tests/interop/sip.sh", BUILD),
    "leshan": script("tests/interop/leshan.sh", BUILD),
    "tshark": script("tests/interop/tshark.sh", BUILD),
}


def main() -> int:
    words = [w for w in sys.argv[1:] if not w.startswith("--")]
    parts = {**PARTS, **(INTEROP if "--interop" in sys.argv else {})}
    chosen = [p for p in {**PARTS, **INTEROP} if p in words] if words else list(parts)
    total = [0, 0, 0]
    for name in chosen:
        begin = time.monotonic()
        counts = {**PARTS, **INTEROP}[name]()
        total = [a + b for a, b in zip(total, counts)]
        print(f"{name:12} {counts[0]:4} passed {counts[1]:3} failed {counts[2]:3} skipped  {time.monotonic() - begin:6.1f} s", flush=True)
        if name == "build" and counts[1]:
            break
    print(f"{total[0]} passed, {total[1]} failed" + (f", {total[2]} skipped" if total[2] else ""))
    return 1 if total[1] or not total[0] else 0


if __name__ == "__main__":
    sys.exit(main())
