#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The rings of tests, in rows of parts beside each other: most of them wait, and leave a processor to those that work.

Owns: which commands make up a part, which parts follow each other, and the count. A command says its own count in a last line "N passed, N failed[, N skipped]";
one that does not counts as one test by its exit status. A command that says 0 passed and 0 failed has failed, so has a part that breaks.
Promises: what a part has to say comes in one piece, its line behind it; the seconds of a line are that part's own, though another one ran beside it.
Must never count what did not run as passed.    usage: parts.py [--interop] [PART]...
"""
import contextlib
import io
import json
import multiprocessing
import multiprocessing.connection
import os
import re
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path

TREE = Path(__file__).resolve().parents[1]
BUILD = TREE / "build-tests"
COUNT = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$")
BRANCHES = 95  # percent, of agentd/codec
FIGURE = re.compile(r"^# (?!random seed|Start of|End of)(.*)$", re.MULTILINE)  # what a test with figures says, as TAP
SKIPPED = re.compile(r"^(?:not )?ok\b(?: \d+)?(?: -)? *(.*?) *# *SKIP\S* *(.*)$", re.MULTILINE | re.IGNORECASE)  # a subtest of TAP and its reason
SKIPPED_WHOLE = re.compile(r"^1\.\.0 *# *SKIP\S* *(.*)$", re.MULTILINE | re.IGNORECASE)
SKIPPED_CASE = re.compile(r"^ *(\w+) \([\w.]+\)( \[.+\])?(?:\n.*)? \.\.\. skipped (['\"])(.*)\3$", re.MULTILINE)  # of Python's unittest, verbosity 2; a part with its name
SKIPPED_CASES = re.compile(r"^(?:OK|FAILED) \(.*\bskipped=(\d+)", re.MULTILINE)
FAILURE = re.compile(r"^(FAIL|not ok|ERROR|skip)", re.IGNORECASE)


def configured(name, *options):
    """A folder of that name to build in, as the tree is now; what `meson test` plays there it builds by itself."""
    folder = TREE / name
    if not (folder / "build.ninja").exists():
        subprocess.run(["meson", "setup", folder, TREE, *options], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", folder, "build.ninja"], check=True, stdout=subprocess.DEVNULL)
    return folder


def build():
    return run_command(["ninja", "-C", configured(BUILD.name, "-Dwerror=true")])


def meson_test(folder, *words):
    """The verdict of `meson test` and a row for each test that it played, none if it did not come so far."""
    log = folder / "meson-logs/testlog.json"
    log.unlink(missing_ok=True)
    done = subprocess.run(["meson", "test", "-C", folder, "--print-errorlogs", *words], capture_output=True, text=True, check=False)
    return done, [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def unit():
    """Two tests a processor at once: the long ones wait for clocks."""
    return judge(*meson_test(BUILD, "--no-rebuild", "--num-processes", str(2 * os.cpu_count())))


def skips(row):
    """What did not run of a test of meson's, a line each. A test of which something ran has passed or failed beside that."""
    said, errors = row.get("stdout") or "", row.get("stderr") or ""
    found = [": ".join(filter(None, pair)) for pair in SKIPPED.findall(said)] + SKIPPED_WHOLE.findall(said)
    cases = [f"{name}{part}: {why}" for name, part, _, why in SKIPPED_CASE.findall(errors)]
    silent = sum(map(int, SKIPPED_CASES.findall(errors))) - len(cases)
    found += cases + ["a case that does not say why"] * silent
    return found or ["it does not say why"] * (row["result"] == "SKIP")


def judge(done, rows):
    """meson's own tests; each is one here, and so is each subtest that was skipped; else subtests are the test's own business."""
    bad = [r for r in rows if r["result"] not in ("OK", "EXPECTEDFAIL", "SKIP")]
    for row in rows:
        if "/ fault/" in row["name"]:
            print("\n".join(f"{row['name'].split('/ ')[-1]:15} {figure}" for figure in FIGURE.findall(row.get("stdout", ""))))
    for row in bad:
        print(f"FAIL {row['name']}\n" + "\n".join(row.get("stdout", "").splitlines()[-30:]) + row.get("stderr", "")[-2000:])
    skipped = [f"skip {row['name']}: {what}" for row in rows for what in skips(row)]
    if skipped:
        print("\n".join(skipped))
    if done.returncode and not bad:
        print(done.stdout[-3000:])
        return 0, 1, 0
    return sum(r["result"] in ("OK", "EXPECTEDFAIL") for r in rows), len(bad), len(skipped)


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
    return judge(*meson_test(configured("build-sanitize", "-Db_sanitize=address,undefined", "-Db_lundef=false"), *SANITIZED))


COVERED = re.compile(r"codec[-/]|fuzz-(?!sms_assembly|dm_session)|syncml$|trees$|provisioning$|lwm2m$|lwm2m-objects$|factory$|route$")  # quick ones


def coverage():
    """Branches of agentd/codec that its own tests take: one test, which fails below the bound and prints what was reached."""
    folder = configured("build-coverage", "-Db_coverage=true", "-Dbuildtype=debug")
    for old in folder.rglob("*.gcda"):
        old.unlink()
    names = [t["name"] for t in json.loads(subprocess.run(["meson", "introspect", "--tests", folder], check=True, capture_output=True, text=True).stdout)]
    _, bad, skipped = judge(*meson_test(folder, *filter(COVERED.match, names)))
    if bad:
        return 0, 1, skipped
    report = subprocess.run(["gcovr", "-r", TREE, "--object-directory", folder, "--filter", "agentd/codec/", "--branches", "--exclude-unreachable-branches", "--print-summary",
                             "--fail-under-branch", str(BRANCHES)], capture_output=True, text=True, check=False, cwd=TREE)
    print("\n".join(line for line in report.stdout.splitlines() if line.startswith(("branches", "lines"))))
    if report.returncode:
        print(report.stdout[-4000:], report.stderr[-1000:])
    return int(report.returncode == 0), int(report.returncode != 0), skipped


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
    "operator": script("tests/lab/private", "sh", "-c", "ip link set lo up && exec /usr/bin/python3 -B tests/operator/selftest.py"),
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
ALL = {**PARTS, **INTEROP}


# Stages: rows of parts, played beside each other; the parts of a row one after the other. A row that waits for clocks and other programs, and has bounds of time,
# goes before one that only works (True), which takes what is left over. `lab` looks at the host's mounts: no other laboratory beside it.
STAGES = (
    ((("build",), False), (("lab",), False)),
    ((("unit", "scenario"), False), (("operator", *INTEROP), False), (("sanitize", "coverage", "fuzz", "lint"), True)),
)
LINE = "{:12} {:4} passed {:3} failed {:3} skipped  {:6.1f} s"
MODEST = 5  # nice value of what only works


def step_back():
    """Others come first: within this session, and as a session, which is a group of the scheduler's own (sched(7), autogroup)."""
    os.nice(MODEST)
    with contextlib.suppress(OSError):                   # a kernel without such groups
        Path("/proc/self/autogroup").write_text(str(MODEST))


def play(name):
    """The part's counts, its seconds, and what it said."""
    begin, said = time.monotonic(), io.StringIO()
    with contextlib.redirect_stdout(said):
        try:
            counts = ALL[name]()
        except Exception:                                # whatever went wrong is the answer
            traceback.print_exc(file=sys.stdout)
            counts = (0, 1, 0)
    return name, counts, time.monotonic() - begin, said.getvalue()


def play_row(names, modest, ends):
    """A process of its own, and a session, so that it can be ended with what it began."""
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    if modest:
        step_back()
    for name in names:
        ends.send(play(name))


def play_rows(rows):
    """What play() gives of each part of each row, in the order of their ends. A part of which nothing was heard has failed."""
    left, processes = {}, []
    try:
        for names, modest in rows:
            end, far_end = multiprocessing.Pipe(duplex=False)
            processes.append(multiprocessing.Process(target=play_row, args=(names, modest, far_end)))
            processes[-1].start()
            far_end.close()
            left[end] = list(names)
        while left:
            for end in multiprocessing.connection.wait(left):
                try:
                    told = end.recv()
                    left[end].remove(told[0])
                    yield told
                except EOFError:
                    yield from ((name, (0, 1, 0), 0.0, "FAIL it was not played to its end\n") for name in left.pop(end))
    finally:
        for process in processes:
            if process.is_alive():
                os.killpg(process.pid, signal.SIGTERM)


def main() -> int:
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    chosen = [w for w in sys.argv[1:] if not w.startswith("--")] or [*PARTS, *(INTEROP if "--interop" in sys.argv else ())]
    unknown = [name for name in chosen if name not in ALL]
    if unknown:
        sys.exit(f"tests/run: there is no part {', '.join(unknown)}; parts are {', '.join(ALL)}")
    begin, total, failed = time.monotonic(), [0, 0, 0], []
    for rows in STAGES:
        wanted = [([n for n in names if n in chosen], modest) for names, modest in rows]
        for name, counts, seconds, said in play_rows([row for row in wanted if row[0]]):
            print(said + LINE.format(name, *counts, seconds), flush=True)
            total = [a + b for a, b in zip(total, counts)]
            failed += [name] if counts[1] else []
        if "build" in failed:
            break
    print(LINE.format("in all", *total, time.monotonic() - begin) + (f"\nfailed: {', '.join(failed)}" if failed else ""))
    print(f"{total[0]} passed, {total[1]} failed" + (f", {total[2]} skipped" if total[2] else ""))
    return 1 if total[1] or not total[0] else 0


if __name__ == "__main__":
    sys.exit(main())
