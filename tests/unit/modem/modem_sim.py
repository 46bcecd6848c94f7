#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""modem/, bearer/ and agent-modemd against the real ModemManager on simulated modems.

Owns: the laboratory while it runs, one modem-probe and one agent-modemd in it.
Promises: prints one line a check, ends with status 1 if one failed. Must never talk to ModemManager where the agent should.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

PROBE, MODEMD, PLUGIN = sys.argv[1:4]
PUSH = bytes.fromhex("01060403b68181") + bytes(range(256)) + bytes(44)  # three parts
SUBSCRIPTION = {"prov.example": {"auth": ["none"]}, "m2m.example.net": {"auth": ["pap", "chap"], "user": "gw", "password": "secret"}}
TIMEOUT = 40
failures = 0


def check(what: str, good: bool, detail="") -> bool:
    global failures
    failures += not good
    print(f"{'ok' if good else 'FAILED'}: {what}{'' if good else f': {detail}'}", flush=True)
    return good


def lab(*words: str) -> str:
    done = subprocess.run(["lab", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"lab {' '.join(words)}: {done.stderr}{done.stdout}")
    return done.stdout


class Program:
    """A process whose lines are kept, each with its number."""

    def __init__(self, log: Path, user: str, *command: str):
        self.err = open(log, "ab")
        self.process = subprocess.Popen(["lab", "run-as", user, "--", *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.err, text=True, env=dict(os.environ, RUNTIME_DIRECTORY="/run/gateway-agent"))
        self.lines, self.at = [], 0
        threading.Thread(target=self.read, daemon=True).start()

    def read(self) -> None:
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def say(self, line: str) -> None:
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def wait(self, pattern: str, seconds: float = TIMEOUT):
        """The first line after the last one waited for that fits, or None."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for i in range(self.at, len(self.lines)):
                found = re.search(pattern, self.lines[i])
                if found:
                    self.at = i + 1
                    return found
            time.sleep(0.05)
        return None

    def seen(self, pattern: str) -> list:
        return [line for line in self.lines if re.search(pattern, line)]

    def mark(self) -> None:
        self.at = len(self.lines)

    def tree(self) -> dict:
        self.mark()
        start = self.at
        self.say("tree")
        self.wait("^tree end")
        rows = (line.split(" ", 2)[1:] for line in self.lines[start:] if line.startswith("node "))
        return {(path.split("Agent1")[1], pair.split("=")[0]): pair.split("=", 1)[1] for path, pair in rows}

    def end(self) -> int:
        self.say("quit")
        return self.process.wait(15)


def modemd_start(folder: Path) -> subprocess.Popen:
    Path("/run/gateway-agent/modemd.sock").unlink(missing_ok=True)
    with open(folder / "modemd.log", "ab") as log:
        process = subprocess.Popen(["lab", "run-as", "root", "--", MODEMD, "--log-level", "debug"], stderr=log)
    for _ in range(100):
        if Path("/run/gateway-agent/modemd.sock").exists():
            return process
        time.sleep(0.05)
    sys.exit(f"agent-modemd did not start: {(folder / 'modemd.log').read_text()}")


def send(folder: Path, payload: bytes, *options: str) -> None:
    (folder / "push").write_bytes(payload)
    lab("send", str(folder / "push"), *options)


def facts(probe: Program) -> None:
    modem = probe.wait(r"^modem id=imei-[0-9a-f]{12} path=(\S+) plmn=24008 access=lte registered=1 roaming=0 sim_ready=1 qmi=1 imsi=240081111111111 "
                       r"iccid=89460811111111111114")
    check("a modem that nobody enables is enabled and registers", bool(modem), probe.lines[-3:])
    tree = probe.tree()
    node = next(path for path, _ in tree if path.startswith("/modem/"))
    sim = next((path for path, _ in tree if path.startswith("/sim/")), "")
    check("the Modem node shows it", (tree[node, "State"], tree[node, "Registration"], tree[node, "OperatorId"], tree[node, "AccessTechnology"]) ==
          ("registered", "home", "24008", "lte"), tree)
    radio = ("SignalPercent", "SignalStrength", "SignalQuality", "SignalToNoise", "CellId", "AreaCode")
    check("its signal and cell", probe_until(probe, lambda t: [t[node, key] for key in radio] == ["86", "-90", "-10", "15", str(0x1122BB), str(0x31C5)]), tree)
    lab("modem", "move", "ABCDEF1", "4321", "-77", "-13", "-104", "-3")
    check("it moved", probe_until(probe, lambda t: [t[node, key] for key in radio] == ["59", "-104", "-13", "-3", str(0xABCDEF1), str(0x4321)]), probe.tree())
    check("identities are masked", tree[node, "Imei"] == "35353535*******" and tree[sim, "Imsi"] == "24008**********" and
          tree[sim, "Iccid"] == "894608************14", tree)
    check("the SIM is unlocked and linked", tree[sim, "Lock"] == "none" and tree[node, "Sim"].endswith(sim), tree)
    check("ModemManager is present", tree["", "ModemManagerState"] == "present")
    check("raw SMS are watched", probe_until(probe, lambda t: t[node, "QmiRoute"] == "true"))


def probe_until(probe: Program, good, seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if good(probe.tree()):
            return True
        time.sleep(0.3)
    return False


def messages(folder: Path, probe: Program) -> None:
    hexed = PUSH.hex()
    check("a message stored before start came by ModemManager", len(probe.seen(f"^sms route=mm push=1 handle=/\\S+ data={hexed}$")) == 1)
    check("and by agent-modemd", bool(probe_until(probe, lambda _: probe.seen(f"^sms route=qmi push=1 handle=qmi/\\d+ data={hexed}$"))))
    probe.mark()
    fresh = PUSH[:-1] + b"\x01"
    send(folder, fresh, "--pause", "0", "--ref", "77", "--order", "3,1,2")
    mm = probe.wait(f"^sms route=mm push=1 handle=(\\S+) data={fresh.hex()}$", 20)
    check("a burst out of order is whole by ModemManager", bool(mm))
    check("and by agent-modemd", bool(probe_until(probe, lambda _: probe.seen(f"^sms route=qmi push=1 handle=qmi/\\d+ data={fresh.hex()}$"))))
    probe.mark()
    probe.say(f"delete {mm[1]}")
    check("it can be deleted", bool(probe.wait("^delete None", 10)))
    probe.say(f"delete {mm[1]}")
    check("again is no error", bool(probe.wait("^delete None", 10)))
    check("the modem has only the first one left", len(re.findall(r'"\d+":', lab("modem", "list"))) == 3, lab("modem", "list"))
    probe.mark()
    send(folder, b"\x00\x01not a push", "--ref", "78")
    check("another data message is told apart", bool(probe.wait("^sms route=(mm|qmi) push=0 ", 20)))


def routed(probe: Program, wap_push) -> None:
    """Class 0 and the like go by transfer route: not stored, so ModemManager's object cannot be read raw."""
    probe.mark()
    for pdu in wap_push(PUSH, ref=91):
        lab("modem", "route", pdu[8:].hex())          # without the SMSC
    check("a message by transfer route arrives raw", bool(probe.wait(f"^sms route=qmi push=1 handle= data={PUSH.hex()}$", 10)))


def serving(probe: Program) -> None:
    probe.mark()
    lab("modem", "register", "roaming")
    check("roaming is a fact", bool(probe.wait("^modem .* registered=1 roaming=1 ", 20)), probe.lines[-3:])
    lab("modem", "register", "denied")
    check("so is a denial", bool(probe.wait("^modem .* registered=0 roaming=0 ", 20)), probe.lines[-3:])
    probe.say("connect NAP1 prov.example")
    check("without registration no bearer is tried", bool(probe.wait("^connect NotRegistered ")), probe.lines[-3:])
    lab("modem", "register", "home")
    check("and home again", bool(probe.wait("^modem .* registered=1 roaming=0 ", 20)), probe.lines[-3:])


def locked(probe: Program) -> None:
    lab("unplug")
    lab("modem", "pin", "1234")
    probe.mark()
    lab("replug")
    check("a locked card is no ready SIM", bool(probe.wait("^modem id=imei-.* sim_ready=0 ")), probe.lines[-3:])
    check("the lock has a name", probe_until(probe, lambda t: "pin" in [v for (_, key), v in t.items() if key == "Lock"]))
    tree = probe.tree()
    sim = next(path for path, _ in tree if path.startswith("/sim/")).split("/")[2].replace("_2d", "-")
    probe.say("connect NAP1 prov.example")
    check("a bearer says that the SIM is locked", bool(probe.wait("^connect SimLocked ")), probe.lines[-3:])
    for pin, answer in (("12a4", "Invalid"), ("0000", "PinWrong"), ("0000", "PinWrong")):
        probe.say(f"pin {sim} {pin}")
        check(f"PIN {pin} is {answer}", bool(probe.wait(f"^pin {answer} ", 10)), probe.lines[-3:])
    probe.say(f"pin {sim} 1234")
    check("the last try is not made, even with the right PIN", bool(probe.wait("^pin PinLastTry ", 10)), probe.lines[-3:])
    lab("unplug")
    lab("modem", "pin", "1234")
    probe.mark()
    lab("replug")
    check("the card is back with its tries", bool(probe.wait("^modem id=imei-.* sim_ready=0 ")), probe.lines[-3:])
    check("its lock too", probe_until(probe, lambda t: "pin" in [v for (_, key), v in t.items() if key == "Lock"]))
    probe.mark()
    probe.say(f"pin {sim} 1234")
    check("the right PIN is taken", bool(probe.wait("^pin None ", 10)), probe.lines[-3:])
    check("and the modem goes on to register", bool(probe.wait("^modem id=imei-.* registered=1 .* sim_ready=1 ")), probe.lines[-3:])


def bearer(probe: Program) -> None:
    probe.mark()
    probe.say("connect NAP1 prov.example")
    check("a bearer connects", bool(probe.wait(r"^connect None bearer=NAP1 interface=wwan0 address=192.0.2.10/24 gateway=192.0.2.1 dns=192.0.2.53 "
                                               r"mtu=\d+ table=1000$")), probe.lines[-3:])
    ping = subprocess.run(["ping", "-c1", "-W3", "-I", "192.0.2.10", "198.51.100.10"], capture_output=True, text=True, check=False)
    check("packets of its address reach the operator", ping.returncode == 0, ping.stdout + ping.stderr)
    route = subprocess.run(["ip", "route", "get", "198.51.100.10"], capture_output=True, text=True, check=False).stdout
    check("packets of the host do not use it", "wwan0" not in route, route)
    tree = probe.tree()
    check("the Bearer node shows it", [tree["/bearer/NAP1", key] for key in ("State", "Interface", "Addresses", "Gateway", "Backend")] ==
          ["connected", "wwan0", "192.0.2.10/24", "192.0.2.1", "modemmanager"], tree)
    probe.say("connect NAP2 m2m.example.net chap gw wrong")
    check("a wrong password is refused, with the network's words", bool(probe.wait("^connect BearerRefused \\S+")), probe.lines[-3:])
    probe.say("connect NAP3 nowhere.example")
    check("so is an unknown access point", bool(probe.wait("^connect BearerRefused \\S+")), probe.lines[-3:])
    addresses = subprocess.run(["ip", "-4", "address", "show", "dev", "wwan0"], capture_output=True, text=True, check=False).stdout
    check("nothing is left on the port", "inet" not in addresses, addresses)
    probe.say("connect NAP2 m2m.example.net chap gw secret ipv4v6")
    check("another one, dual stack asked, IPv4 given", bool(probe.wait("^connect None bearer=NAP2 .*address=192.0.2.10/24")), probe.lines[-3:])
    probe.say("keep NAP2 m2m.example.net chap gw secret ipv4v6")
    check("it is installed now", probe_until(probe, lambda t: t["/bearer/NAP2", "Installed"] == "true"))


def loss(probe: Program) -> None:
    probe.mark()
    lab("modem", "network-drop")
    check("a drop by the network is told", bool(probe.wait("^down ", 20)), probe.lines[-3:])
    check("and the bearer comes back", bool(probe.wait("^up bearer=NAP2 interface=wwan0", 40)), probe.lines[-3:])
    probe.mark()
    lab("mm-restart")
    check("a restart of ModemManager: facts go", bool(probe.wait("^modem none", 10)), probe.lines[-3:])
    check("the modem is taken up again", bool(probe.wait("^modem id=imei-.* registered=1 ", 60)), probe.lines[-3:])
    check("the bearer comes back by itself", bool(probe.wait("^up bearer=NAP2 interface=wwan0", 60)), probe.lines[-3:])
    check("raw SMS are watched again", probe_until(probe, lambda t: "true" in [v for (_, key), v in t.items() if key == "QmiRoute"], 60))
    probe.mark()
    lab("unplug")
    check("hot unplug: facts go", bool(probe.wait("^modem none", 10)), probe.lines[-3:])
    check("and the nodes with them", not any(path.startswith(("/modem/", "/sim/")) for path, _ in probe.tree()))
    probe.mark()
    lab("replug")
    check("replugged: the modem is taken up again", bool(probe.wait("^modem id=imei-.* registered=1 ", 60)), probe.lines[-3:])
    check("and the bearer", bool(probe.wait("^up bearer=NAP2 interface=wwan0", 60)), probe.lines[-3:])


def crash(folder: Path, probe: Program) -> Program:
    """A life of the agent ends without warning: the next one finds its bearer connected and removes it."""
    probe.process.kill()
    probe.process.wait()
    probe = Program(folder / "probe.log", "gateway-agent", PROBE, "/run/gateway-agent/modemd.sock", str(folder / "plugins"))
    check("after a crash the modem is found", bool(probe.wait("^modem id=imei-.* registered=1 ")))
    probe.say("connect NAP1 prov.example")
    check("and the bearer that was left does not stand in the way", bool(probe.wait("^connect None bearer=NAP1 ")), probe.lines[-3:])
    return probe


def modemd_lost(folder: Path, probe: Program, modemd: subprocess.Popen) -> subprocess.Popen:
    modemd.terminate()
    check("agent-modemd ends by SIGTERM", modemd.wait(10) == 0)
    check("without it there is no raw route", probe_until(probe, lambda t: "true" not in [v for (_, key), v in t.items() if key == "QmiRoute"]))
    modemd = modemd_start(folder)
    check("back again, the watch is", probe_until(probe, lambda t: "true" in [v for (_, key), v in t.items() if key == "QmiRoute"], 40))
    return modemd


def denied(probe: Program) -> None:
    probe.mark()
    probe.say("disconnect")                           # ModemManager 1.20.4 dies of a Disconnect that polkit refuses
    check("a bearer is disconnected when asked", bool(probe.wait("^disconnected")), probe.lines[-3:])
    lab("polkit-rule", "off")
    probe.say("connect NAP2 prov.example")
    check("without our polkit rule the refusal says so", bool(probe.wait("^connect Denied ")), probe.lines[-3:])
    lab("polkit-rule", "on")


def at_mode(keep: Path, folder: Path) -> None:
    """A modem without QMI: messages by ModemManager only, and a bearer that would need PPP."""
    lab("up", "--dir", str(keep / "at"), "--mode", "at")
    probe = Program(folder / "probe.log", "gateway-agent", PROBE, "-", str(folder / "plugins"))
    check("AT: the modem registers, without QMI", bool(probe.wait("^modem id=imei-.* registered=1 .* qmi=0 ")), probe.lines[-3:])
    at = probe.tree()
    node = next(path for path, _ in at if path.startswith("/modem/"))
    check("AT: a signal", probe_until(probe, lambda t: (t[node, "SignalPercent"], t[node, "CellId"]) == ("67", str(0x83F7CD))), at)
    probe.mark()
    send(folder, PUSH, "--pause", "0.5", "--ref", "9")
    check("AT: parts in order are one message", bool(probe.wait(f"^sms route=mm push=1 .* data={PUSH.hex()}$", 20)), probe.lines[-3:])
    probe.say("connect NAP1 prov.example")
    check("AT: a bearer by PPP is not supported, and says so", bool(probe.wait("^connect NotSupported .*PPP")), probe.lines[-3:])
    bearers = subprocess.run(["mmcli", "-m", "any"], capture_output=True, text=True, check=False).stdout
    check("AT: and no bearer is left in ModemManager", "/Bearer/" not in bearers, bearers)
    probe.mark()
    lab("unplug")
    check("AT: unplugged, facts go", bool(probe.wait("^modem none", 10)), probe.lines[-3:])
    lab("replug")
    check("AT: replugged, it is taken up again", bool(probe.wait("^modem id=imei-.* registered=1 ", 60)), probe.lines[-3:])
    check("AT: it ends in peace", probe.end() == 0)
    lab("down")


def main() -> int:
    folder = Path(tempfile.mkdtemp(dir="/run"))
    folder.chmod(0o755)
    shutil.copytree(os.path.dirname(PLUGIN), folder / "plugins", ignore=lambda _, names: [n for n in names if not n.endswith(".so")])
    keep = Path(tempfile.mkdtemp(prefix="modem-sim-"))
    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "sim"))
    from sms_pdu import wap_push                      # noqa: E402  the folder is known only now
    preload = [word for pdu in wap_push(PUSH, ref=5) for word in ("--preload", pdu.hex())]
    (keep / "subscription.json").write_text(json.dumps(SUBSCRIPTION))
    lab("up", "--dir", str(keep), "--mode", "qmi", "--subscription", str(keep / "subscription.json"), *preload)
    modemd = modemd_start(folder)
    probe = Program(folder / "probe.log", "gateway-agent", PROBE, "/run/gateway-agent/modemd.sock", str(folder / "plugins"))
    check("the probe starts", bool(probe.wait("^ready")), (folder / "probe.log").read_text())
    try:
        facts(probe)
        messages(folder, probe)
        routed(probe, wap_push)
        bearer(probe)
        loss(probe)
        probe = crash(folder, probe)
        modemd = modemd_lost(folder, probe, modemd)
        denied(probe)
        serving(probe)
        locked(probe)
        check("it ends in peace", probe.end() == 0, probe.lines[-3:])
    finally:
        shutil.copy(folder / "probe.log", keep)
        shutil.copy(folder / "modemd.log", keep)
        (keep / "lines.log").write_text("\n".join(probe.lines))
    lab("down")
    at_mode(keep, folder)
    print(f"{failures} failed; logs in {keep}")
    if not failures:
        shutil.rmtree(keep)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
