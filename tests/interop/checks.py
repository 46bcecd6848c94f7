# SPDX-License-Identifier: Apache-2.0
"""Checks that build on each other in one world of the laboratory: TAP, the ends of the logs of what failed, the count in the last line."""
import os
import shutil
import tempfile

import labproc
from world import World


def run_checks(name, checks, ready, processes=()):
    """ready(world) brings the world up and gives what each check(world, it) gets; processes are ended with it. The exit status."""
    folder = tempfile.mkdtemp(prefix=f"{name}-")
    os.chmod(folder, 0o755)
    world = World(folder, mode="none")
    passed = 0
    print(f"1..{len(checks)}")
    try:
        bench = ready(world)
        for n, check in enumerate(checks, 1):
            check(world, bench)
            passed += 1
            print(f"ok {n} - {check.__name__}", flush=True)
    except Exception as e:  # noqa: BLE001: told, and the logs with it
        print(f"not ok {passed + 1} - {checks[passed].__name__}: {type(e).__name__}: {e}")
        for path in sorted((*world.dir.glob("*/*.log"), *world.dir.glob("*.err"))):
            print(f"--- {path.name}", "".join(path.read_text(errors="replace").splitlines(True)[-30:]), sep="\n")
    if world.is_up():
        for process in processes:
            labproc.stop(process)
    world.down()
    if passed == len(checks):
        shutil.rmtree(folder)
    print(f"{passed} passed, {len(checks) - passed} failed")
    return 0 if passed == len(checks) else 1
