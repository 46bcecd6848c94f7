# SPDX-License-Identifier: Apache-2.0
"""Memory of a process that has nothing to do, as the kernel counts it."""
import time


def dirty(pid):
    """KiB that the process wrote: Anonymous, for Private_Dirty also counts the program's file while it is not yet on disk."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("Anonymous:"))


def looks(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return [line for line in f if "ctxt_switches" in line or line.startswith("State:")]


def settled(pid):
    """The same when it sleeps and was not woken between two looks, however long that takes it on this machine."""
    before = None
    while (now := looks(pid)) != before or "sleeping" not in now[0]:
        before = now
        time.sleep(0.2)
    return dirty(pid)
