# SPDX-License-Identifier: Apache-2.0
"""The cases of OMA-ETS-LightweightM2M (1.0.1, 1.1; numbers of 1.2), one test each, and the figure that README shows of them.

Owns: the list of all 149 numbers: each has a function here, a scenario elsewhere, or a reason why it has none. Titles and steps are ours, from what the
clause of the TS that a case is about demands. Runs itself in a private network namespace.
usage: ets_cases.py ETS_CLIENT LWM2M_CLIENT_TOOL [--write-readme]. TAP; the last check compares README's row with what was counted.
"""
import os
import re
import subprocess
import sys
import traceback
from pathlib import Path

import ets_core  # noqa: F401 - registers its cases, as the next one
import ets_objects  # noqa: F401
import ets_transports  # noqa: F401
from ets_bench import CASES, MISSING, SCENARIOS, Bench, by_scenario, missing

TREE = Path(__file__).resolve().parents[3]
NUMBERS = [*range(13), 19, *range(101, 112), *range(201, 206), 210, 211, 212, 215, *range(220, 238), 241, 256, 257, 260, 261, 264, 266, 270, 271, 280, 281, 290,
           *range(301, 314), *range(401, 407), 551, 555, 556, 560, 565, 566, 651, 652, 655, 656, 657, 660, 661, 670, 680, 685, 701, 705, 710, 711, 720, 730, 735,
           751, 755, 756, 760, *range(770, 781), 801, 805, 810, 811, 820, 830, 835, 901, 905, 910, 911, 920, 930, 935, 950, 951, 1200, 1201, 1210, 1230, 1250,
           1600, 1605, 1610, 1611, 1620, 1630, 1635]
CORE = [n for n in NUMBERS if n < 10 or 101 <= n <= 109 or 201 <= n <= 311 or n == 401]
results = []

missing("no certificates by EST", 10)
missing("the linked libcoap has no OSCORE", 11, 405)
missing("no MQTT", 19)
missing("Profile ID, a choice of the client's in 1.2, is not offered", 110, 111)
missing("power saving is not among the facts of ModemManager", 1210, 1230)
missing("no memory is short where the package goes to a disk", 774)
by_scenario("a_registration_that_fails_for_good_asks_the_bootstrap_server_and_never_in_a_loop", 7)
by_scenario("a_second_server_shares_the_gateway_by_its_rights_and_each_is_found_again", 306, 307, 311, 950, 951)
by_scenario("a_card_with_a_lwm2m_file_registers_and_another_card_takes_over", 3)
by_scenario("a_bootstrap_server_on_the_card_gives_the_account_and_is_asked_again", 5)


# ---- the run ----

def run(number):
    function, lifetime, awake = CASES[number]
    if lifetime is None:
        function()
        return
    b = Bench(lifetime, awake)
    try:
        function(b)
    finally:
        b.close()


def report(good, name, why=""):
    results.append(good)
    print(f"{'ok' if good else 'not ok'} {len(results)} - {name}" + (f" # {why}" if why else ""), flush=True)


def scenario_names():
    return set(re.findall(r"^def (\w+)\(world", "".join(p.read_text() for p in (TREE / "tests/scenario").glob("*.py")), re.MULTILINE))


def readme_row(passed):
    """What was counted, as README's row says it."""
    core = len([n for n in passed if n in CORE])
    reasons = {}
    for n in NUMBERS:
        if n not in passed:
            reasons.setdefault(MISSING.get(n, "fails"), []).append(str(n))
    rest = "; ".join(f"{why}: {', '.join(numbers)}" for why, numbers in reasons.items())
    return (f"| LwM2M conformance cases (OMA ETS) | {len(passed)} of {len(NUMBERS)} numbers pass, {core} of the {len(CORE)} of 0-9, 101-109, 201-311, 401. The rest: {rest} | "
            "`lwm2m-ets`, scenarios named there |")


def check_readme(passed):
    path, row = TREE / "README.md", readme_row(passed)
    text = path.read_text()
    new = re.sub(r"^\| LwM2M conformance cases .*$", lambda _: row, text, flags=re.MULTILINE)
    if "--write-readme" in sys.argv:
        path.write_text(new)
        text = new
    report(row in text, "README shows what was counted", "" if row in text else row)


def main():
    if os.environ.get("ETS_INSIDE") != "1":
        os.environ["ETS_INSIDE"] = "1"
        private = str(TREE / "tests/lab/private")
        os.execv(private, [private, sys.executable, "-B", *sys.argv])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    only = [int(word) for word in os.environ.get("ETS_ONLY", "").split()]
    passed = []
    for number in only or [n for n in NUMBERS if n in CASES]:
        try:
            run(number)
            good, why = True, ""
        except Exception as e:  # whatever went wrong is the verdict
            where = traceback.extract_tb(e.__traceback__)[-2:]
            good, why = False, f"{type(e).__name__}: {e} at {', '.join(f'{f.name}:{f.lineno}' for f in where)}"
        report(good, f"ets_{number}_{CASES[number][0].__name__}", why)
        passed += [number] if good else []
    have = scenario_names()
    for number, name in SCENARIOS.items():
        if number not in CASES and not only:
            report(name in have, f"ets_{number} is scenario {name}")
            passed.append(number)
    unknown = [n for n in NUMBERS if n not in CASES and n not in SCENARIOS and n not in MISSING]
    report(len(NUMBERS) == 149 and not unknown, "each of the 149 numbers is a test or has a reason", f"{len(NUMBERS)} {unknown}")
    if not only:
        check_readme(sorted(passed))
    print(f"1..{len(results)}")
    return 0 if all(results) else 1


sys.exit(main())
