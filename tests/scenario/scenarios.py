#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The table of scenarios, and the program that plays one of them inside a laboratory.

Owns: SCENARIOS (name -> function), gathered from the files named below. A scenario is a function that takes a World that is not up yet and returns
when what its name says was seen, while no program of ours broke: one that its filter of system calls ended, or a fault of its own, fails the scenario even where
nothing else was missed. On failure the ends of the logs are printed.

A scenario may have cases: scenarios of their own that share its world, each by its name SCENARIO/CASE. Its function takes a Cases too, plays them with it, and
goes on only if the scenario itself is wanted. A case says in a line how it ended; one that fails ends neither the others nor the scenario.

usage (inside enter): scenarios.py FOLDER NAME...    names of one scenario and its cases
"""
import sys
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

SCENARIOS = {}
CASES = {}        # scenario -> its cases, by their names
MEASURED = set()  # names of those that measure: they are not played beside many others


def scenario(measured=False, cases=(), **world_options):
    """Registers a function under its name; world_options go to World, but for `breaks`: what its programs end by, which is the thing shown.
    cases: (name, value) each."""
    def register(function):
        CASES[function.__name__] = {f"{function.__name__}/{name}": value for name, value in cases}
        SCENARIOS[function.__name__] = (function, world_options)
        if measured:
            MEASURED.add(function.__name__)
        return function
    return register


def load():
    import access_points    # noqa: F401
    import attacks          # noqa: F401
    import bad_input        # noqa: F401
    import bearer_selection # noqa: F401
    import briefing_coap    # noqa: F401
    import default_way      # noqa: F401
    import devices          # noqa: F401
    import factory_lwm2m    # noqa: F401
    import gba              # noqa: F401
    import initial_access   # noqa: F401
    import instructions     # noqa: F401
    import ipv6_only        # noqa: F401
    import key_scan         # noqa: F401
    import kept_writes      # noqa: F401
    import lan              # noqa: F401
    import lwm2m_bootstrap  # noqa: F401
    import main_job         # noqa: F401
    import neighbours       # noqa: F401
    import once             # noqa: F401
    import operators        # noqa: F401
    import platform_update  # noqa: F401
    import proxy            # noqa: F401
    import radio            # noqa: F401
    import pushes           # noqa: F401
    import restarts         # noqa: F401
    import roaming          # noqa: F401
    import second_server    # noqa: F401
    import sim_card         # noqa: F401
    import sms_flood        # noqa: F401
    import sms_traps        # noqa: F401
    import smart_card       # noqa: F401
    import tpm_back_end     # noqa: F401
    import typed_digits     # noqa: F401
    import two_modems       # noqa: F401
    import upkeep           # noqa: F401
    import sources          # noqa: F401
    import trusted          # noqa: F401


def names():
    """Of all scenarios, each followed by its cases."""
    return [name for scenario_name, cases in CASES.items() for name in (scenario_name, *cases)]


class Cases:
    """Those of a scenario that are wanted; whole: so is the scenario."""

    def __init__(self, scenario_name: str, wanted):
        self.whole = scenario_name in wanted
        self.chosen = {name: value for name, value in CASES[scenario_name].items() if name in wanted}

    def play(self, function):
        for name, value in self.chosen.items():
            begin = time.monotonic()
            try:
                function(value)
                end = "ok"
            except Exception:                            # whatever went wrong is the answer
                traceback.print_exc(file=sys.stdout)
                end = "FAIL"
            print(f"case {end} {name} {time.monotonic() - begin:.1f}", flush=True)


def play(folder: str, *wanted: str) -> int:
    from world import World, labproc
    name = wanted[0].split("/")[0]
    function, options = SCENARIOS[name]
    arguments = (Cases(name, wanted),) if CASES[name] else ()
    breaks, options = sorted(options.get("breaks", ())), {k: v for k, v in options.items() if k != "breaks"}
    world = World(folder, **options)
    try:
        function(world, *arguments)
        code = 0
    except Exception:                                    # whatever went wrong is the answer
        for log in ("agentd", "tred", "modemd", "sysd"):
            path = Path(folder) / "lab" / f"{log}.log"
            if path.exists():
                print(f"--- {log}.log", "".join(path.read_text(errors="replace").splitlines(True)[-30:]), sep="\n")
        traceback.print_exc(file=sys.stdout)             # at the end, which whoever runs many of them shows
        code = 1
    world.down()
    if sorted(labproc.broken()) != breaks:
        print(f"a program broke: {labproc.broken()}, expected {breaks}")
        code = 1
    return code


if __name__ == "__main__":
    sys.modules["scenarios"] = sys.modules["__main__"]
    load()
    sys.exit(play(*sys.argv[1:]))
load()
