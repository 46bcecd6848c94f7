# SPDX-License-Identifier: Apache-2.0
"""How long agentd takes from its name on the system bus to registered, without security and with an uplink that is there.

Owns: the measuring inside a laboratory. Promises: both ends come from signals on the bus, to one listener; each start is a Register of its own, for the daemon is
killed before it keeps the one before; the server is tests/bench/lwm2m_load.c, on the gateway, so that neither a network nor an interpreter is measured with it.
Writes FOLDER/start.json.    usage (inside tests/lab/enter): start.py FOLDER LOAD TIMES    LOAD: the program lwm2m-load
"""
import json
import os
import pwd
import secrets
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
from factory_lwm2m import admit  # noqa: E402
from figures import environment  # noqa: E402
from smart_card import BOOTSTRAP  # noqa: E402

PORT = 5784
KEY = secrets.token_hex(24)


class Moments:
    """When the name came, and when the account was registered."""
    def __init__(self, bus):
        self.seen, self.bus = {}, bus
        bus.signal_subscribe("org.freedesktop.DBus", "org.freedesktop.DBus", "NameOwnerChanged", None, scene.NAME, Gio.DBusSignalFlags.NONE, self.on_name)
        bus.signal_subscribe(None, "org.freedesktop.DBus.Properties", "PropertiesChanged", None, f"{scene.NAME}.Account", Gio.DBusSignalFlags.NONE, self.on_account)

    def on_name(self, _bus, _sender, _path, _interface, _signal, parameters):
        if parameters.unpack()[2]:
            self.seen.setdefault("bus", time.monotonic())

    def on_account(self, _bus, _sender, _path, _interface, _signal, parameters):
        if parameters.unpack()[1].get("State") == "registered":
            self.seen.setdefault("registered", time.monotonic())

    def wait(self, world, seconds=30) -> dict:
        """An account that was registered before the connection to the bus was there has no signal: it counts as registered when the name came."""
        context, end = GLib.MainContext.default(), time.monotonic() + seconds
        GLib.timeout_add(200, lambda: len(self.seen) < 2)
        while len(self.seen) < 2:
            context.iteration(True)
            late = "bus" in self.seen and time.monotonic() > self.seen["bus"] + 1
            if late and "registered" not in self.seen and world.one("Account", State="registered"):
                self.seen["registered"] = self.seen["bus"]
            if time.monotonic() > end:
                raise scene.Trouble(f"a start that had only {self.seen}")
        return self.seen


def order(world) -> None:
    """The bootstrap server gives the one account: at the load's server, without security."""
    account = {"id": 101, "uri": f"coap://127.0.0.1:{PORT - 1}", "mode": 3, "identity": "", "key": "", "lifetime": 86400}
    (world.operator_dir / "bootstrap.json").write_text(json.dumps({"boot": {"accounts": [account]}}))


def start(world, moments, log) -> tuple:
    """Milliseconds from the name on the bus, and from the fork, to registered."""
    moments.seen.clear()
    user, *command = world.programs["agentd"]
    group = pwd.getpwnam(user).pw_gid
    identity = {"user": user, "group": group, "extra_groups": os.getgrouplist(user, group)}
    begun = time.monotonic()
    child = subprocess.Popen([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, **environment("agentd")}, **identity)
    try:
        seen = moments.wait(world)
    finally:
        child.kill()
        child.wait()
    scene.until("its name on the bus to be free", lambda: not world.on_bus())
    return (seen["registered"] - seen["bus"]) * 1000, (seen["registered"] - begun) * 1000


def measure(world, folder: Path, times: int) -> dict:
    world.up()
    admit(world, "boot", KEY)
    order(world)
    world.start()
    scene.until("the account", lambda: world.one("Account", ServerId="101", State="registered") and not world.one("Job", State="running"), 60)
    world.kill("agentd")
    moments, words = Moments(world.bus()), folder / "starts.log"
    with open(words, "ab") as log:
        rows = [start(world, moments, log) for _ in range(times)]
    if words.read_text().count("REGISTERING --accepted--> REGISTERED") != times:
        raise scene.Trouble(f"not every start was a Register: {words}")
    return {"bus": [r[0] for r in rows], "fork": [r[1] for r in rows]}


def main() -> None:
    folder, load, times = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    world = scene.World(folder / "start", mode="none", factory_options=("--psk", f"boot={KEY}", "--lwm2m", f"uri={BOOTSTRAP},psk=boot,identity=boot"))
    world.settings = "lwm2m-nosec=true\n[briefing]\nretry=1\n"
    world.programs["agentd"] = world.programs["agentd"][:-2]     # as shipped: no debug log
    server = subprocess.Popen([load, "server", str(PORT)], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    try:
        (folder / "start.json").write_text(json.dumps(measure(world, folder, times)))
    finally:
        server.kill()
        world.down()


if __name__ == "__main__":
    main()
