# SPDX-License-Identifier: Apache-2.0
"""What a daemon costs, from /proc: memory, processor time; and the environment that its shipped unit gives it.

Owns: nothing. Promises: figures come from the kernel, never from the daemon's own words.
"""
import os
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]
UNITS = {"tred": "gateway-tred.service", "modemd": "gateway-modemd.service", "agentd": "gateway-agent.service"}


def rollup(pid) -> dict:
    """Memory in KiB by kind, e.g. Private_Dirty."""
    rows = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    return {r.split(":")[0]: int(r.split()[1]) for r in rows if r.endswith("kB")}


def processor_seconds(pid) -> float:
    """User and system time of all threads so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def real_pid(program: Path) -> int:
    """The process that runs program: `lab run-as` replaces itself, but ask the kernel."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (entry / "exe").exists() and (entry / "exe").resolve() == program.resolve():
            return int(entry.name)
    raise LookupError(f"{program} does not run")


def environment(name: str) -> dict:
    """What the shipped unit of a daemon sets for it."""
    text = (TREE / "etc/systemd" / UNITS[name]).read_text()
    return dict(line.split("=", 1)[1].split("=", 1) for line in text.splitlines() if line.startswith("Environment="))
