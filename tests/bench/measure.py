# SPDX-License-Identifier: Apache-2.0
"""One gateway, watched from the SMS to a minute of idleness.

Owns: the measuring inside a laboratory. Promises: figures come from /proc, from signals on the bus, from the operator's events and from packets on
the operator's side, never from the agent's own words. Writes FOLDER/figures.json.    usage (inside tests/lab/enter): measure.py FOLDER SECONDS
"""
import json
import os
import subprocess
import sys
import time
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]
for place in ("tests/scenario", "tests/sim", "tests/lab"):
    sys.path.insert(0, str(TREE / place))
import world as scene  # noqa: E402
from gi.repository import Gio, GLib  # noqa: E402
import scenarios  # noqa: E402,F401  it loads the files of scenarios in their order
from figures import environment, real_pid, rollup  # noqa: E402
from main_job import lwm2m  # noqa: E402
from send_push import command  # noqa: E402
from sms_pdu import wap_push  # noqa: E402

DAEMONS = ("agentd", "tred", "modemd")
READS = 50


def libraries(pid) -> list:
    return sorted({line.split()[-1] for line in Path(f"/proc/{pid}/maps").read_text().splitlines() if ".so" in line and "/usr/lib" in line})


def heap(pid) -> dict:
    """Private dirty of a process by mapping, largest first."""
    found, name = {}, ""
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        words = line.split()
        if not words[0].endswith(":"):
            name = words[5] if len(words) > 5 else "anonymous"
        elif words[0] == "Private_Dirty:" and int(words[1]):
            found[name] = found.get(name, 0) + int(words[1])
    return dict(sorted(found.items(), key=lambda item: -item[1])[:25])


def wakes(pid) -> dict:
    """Voluntary context switches of each thread."""
    found = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        text = (task / "status").read_text()
        found[task.name] = int(text.split("\nvoluntary_ctxt_switches:")[1].split()[0])
    return found


class Signals:
    """Step by step, with the time of arrival."""
    def __init__(self, bus):
        self.steps, self.bus = [], bus                           # the connection lives as long as somebody holds it
        bus.signal_subscribe(scene.NAME, f"{scene.NAME}.Job", "StepChanged", None, None, Gio.DBusSignalFlags.NONE, self.on_step)

    def on_step(self, _bus, _sender, _path, _interface, _signal, parameters):
        self.steps.append((time.monotonic(), *parameters.unpack()))

    def wait_for(self, last, seconds=60):
        end, context = time.monotonic() + seconds, GLib.MainContext.default()
        GLib.timeout_add(200, lambda: True)
        while not any(step[3] == last for step in self.steps):
            context.iteration(True)
            if time.monotonic() > end:
                raise scene.Trouble(f"no step {last}")


def send(world, push: Path) -> float:
    """All parts at once; the time just before the last one goes out."""
    parts, begin = wap_push(push.read_bytes()), 0.0
    for part in parts:
        begin = time.monotonic()
        command(str(world.dir / "lab/ctl"), "sms " + part.hex())
    return begin


def idle(pids, seconds, bus) -> dict:
    """Wake-ups of each daemon, and the signals of ModemManager that agentd was told meanwhile."""
    told, context = [], GLib.MainContext.default()
    bus.signal_subscribe("org.freedesktop.ModemManager1", None, None, None, None, Gio.DBusSignalFlags.NONE, lambda *_: told.append(1))
    before = {name: wakes(pid) for name, pid in pids.items()}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        context.iteration(True)
    after = {name: wakes(pid) for name, pid in pids.items()}
    ended = {name: len(before[name].keys() - after[name].keys()) for name in pids}        # a thread that ends has woken for it
    found = {name: ended[name] + sum(n - before[name].get(task, 0) for task, n in after[name].items()) for name in pids}
    return {**found, "signals of ModemManager": len(told)}


def empties(folder: Path, users: dict) -> dict:
    """The empty programs, each under the user of its daemon."""
    found = {}
    for name in DAEMONS:
        program = folder / f"empty-{name}"
        child = subprocess.Popen([str(TREE / "tests/lab/lab"), "run-as", users[name], "--", str(program)],
                                 env={**os.environ, **environment(name)})
        time.sleep(1)
        found[name] = {"memory": rollup(real_pid(program)), "libraries": libraries(real_pid(program))}
        child.terminate()
        child.wait()
    return found


def calls_per_read(world, pid, folder: Path) -> dict:
    """System calls of agentd for READS reads, by strace; the daemon is idle otherwise."""
    out = folder / "strace.txt"
    tracer = subprocess.Popen(["strace", "-f", "-c", "-o", str(out), "-p", str(pid)], stderr=subprocess.DEVNULL)
    time.sleep(1)
    for _ in range(READS):
        if lwm2m(world, op="read", path="/3/0/13").get("code") != "2.05":
            raise scene.Trouble("a Read failed")
    time.sleep(0.2)
    tracer.send_signal(2)
    tracer.wait()
    rows = [line.split() for line in out.read_text().splitlines()[2:]]
    return {r[-1]: int(r[3]) / READS for r in rows if len(r) >= 5 and r[3].isdigit() and r[-1] != "total"}


def main():
    folder, seconds = Path(sys.argv[1]), float(sys.argv[2])
    world, figures = scene.World(folder), {}
    world.programs["agentd"] = world.programs["agentd"][:-2]     # as shipped: no debug log
    try:
        world.up()
        os.sync()                                                # unwritten pages of a program's file would count as its memory
        packets = folder / "packets.jsonl"
        sniffer = subprocess.Popen([str(TREE / "tests/lab/lab"), "in", "operator", "--", "/usr/bin/python3", str(TREE / "tests/bench/sniff.py"), str(packets)])
        for name in scene.ORDER:
            world.start(name, env=environment(name))
        pids = {name: real_pid(world.programs[name][1]) for name in DAEMONS}
        scene.until("the modem", lambda: (world.one("Modem") or {}).get("State") in ("registered", "connected"))
        scene.until("the sniffer", packets.exists)
        time.sleep(3)
        figures["fresh"] = {name: rollup(pid) for name, pid in pids.items()}
        push, signals = world.push(), Signals(world.bus())
        figures["parts"] = len(wap_push(push.read_bytes()))
        wall = time.time() - time.monotonic()
        begin = send(world, push)
        signals.wait_for("REPORTED")
        world.managed()
        figures["steps"] = [[t - begin, *rest] for t, *rest in signals.steps]
        figures["register"] = next(e["t"] for e in world.lwm2m_events() if e["event"] == "register") - wall - begin
        figures["dm"] = [[e["t"] - wall - begin, e["event"]] for e in world.dm_events() if e["t"] - wall > begin]
        figures["packets"] = [{**row, "t": row["t"] - begin} for row in map(json.loads, packets.read_text().splitlines()) if row.get("t", 0) > begin]
        sniffer.terminate()
        time.sleep(65)                                           # GLib's pool threads end after 15 s, an ended job leaves the bus after 60 s
        figures["wakes"] = idle(pids, seconds, signals.bus)
        figures["memory"] = {name: rollup(pid) for name, pid in pids.items()}
        figures["heap"] = {name: heap(pid) for name, pid in pids.items()}
        figures["libraries"] = {name: libraries(pid) for name, pid in pids.items()}
        figures["empty"] = empties(folder, {name: world.programs[name][0] for name in DAEMONS})
        figures["calls"] = calls_per_read(world, pids["agentd"], folder)
        figures["memory-after-reads"] = {name: rollup(pid) for name, pid in pids.items()}
    finally:
        world.down()
    (folder / "figures.json").write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
