#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The table of scenarios, and the program that plays one of them inside a laboratory.

Owns: SCENARIOS (name -> function), gathered from the files named below. A scenario is a function that takes a World that is not up yet and returns
when what its name says was seen, while no program of ours broke: one that its filter of system calls ended, or a fault of its own, fails the scenario even where
nothing else was missed. On failure the ends of the logs are printed.    usage (inside enter): scenarios.py NAME FOLDER
"""
import sys
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

SCENARIOS = {}
MEASURED = set()  # names of those that measure: they are not played beside many others


def scenario(measured=False, **world_options):
    """Registers a function under its name; world_options go to World, but for `breaks`: what its programs end by, which is the thing shown."""
    def register(function):
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
    import devices          # noqa: F401
    import factory_lwm2m    # noqa: F401
    import gba              # noqa: F401
    import instructions     # noqa: F401
    import ipv6_only        # noqa: F401
    import key_scan         # noqa: F401
    import lan              # noqa: F401
    import lwm2m_bootstrap  # noqa: F401
    import main_job         # noqa: F401
    import neighbours       # noqa: F401
    import once             # noqa: F401
    import operators        # noqa: F401
    import platform_update  # noqa: F401
    import proxy            # noqa: F401
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


def play(name: str, folder: str) -> int:
    from world import World, labproc
    function, options = SCENARIOS[name]
    wanted, options = sorted(options.get("breaks", ())), {k: v for k, v in options.items() if k != "breaks"}
    world = World(folder, **options)
    try:
        function(world)
        code = 0
    except Exception:                                    # whatever went wrong is the answer
        traceback.print_exc()
        for log in ("agentd", "tred", "modemd", "sysd"):
            path = Path(folder) / "lab" / f"{log}.log"
            if path.exists():
                print(f"--- {log}.log", "".join(path.read_text(errors="replace").splitlines(True)[-30:]), sep="\n")
        code = 1
    world.down()
    if sorted(labproc.broken()) != wanted:
        print(f"a program broke: {labproc.broken()}, expected {wanted}")
        code = 1
    return code


if __name__ == "__main__":
    sys.modules["scenarios"] = sys.modules["__main__"]
    load()
    sys.exit(play(*sys.argv[1:3]))
load()
