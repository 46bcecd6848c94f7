#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""agent-modemd on dummy ports of a private network namespace.

Owns: one running agent-modemd at a time, and what `ip` says about the namespace.
Promises: prints one line a check and ends with status 1 if one failed.
"""
import json
import os
import pwd
import re
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from modemd_wire import LINK_DOWN, LINK_UP, SMS_DELETE, SMS_WATCH, STATUS, SUCCESS, Modemd, link_up, text

PROGRAM = sys.argv[1]
ERRORS = [line.split('"')[1] for line in (Path(__file__).resolve().parents[3] / "agentd/base/error_list.h").read_text().splitlines()
          if line.lstrip().startswith("X(") and '"' in line]
AGENTD, THIRD = pwd.getpwnam("daemon").pw_uid, pwd.getpwnam("nobody").pw_uid
failures = 0


def check(what: str, good: bool, detail="") -> None:
    global failures
    failures += not good
    print(f"{'ok' if good else 'FAILED'}: {what}{'' if good else f': {detail}'}", flush=True)


def ip(*words: str):
    return json.loads(subprocess.run(["ip", "-j", *words], capture_output=True, text=True, check=True).stdout or "[]")


def plain(*words: str) -> str:
    return subprocess.run(["ip", *words], capture_output=True, text=True, check=True).stdout


def name(status: int) -> str:
    return ERRORS[status]


class Server:
    def __init__(self, folder: str, config: str):
        self.path = f"{folder}/modemd.sock"
        Path(folder, "conf").write_text(config)
        self.log = Path(folder, "log")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([PROGRAM, "--socket", self.path, "--config", f"{folder}/conf", "--agentd-user", "daemon",
                                             "--log-level", "debug"], stderr=log)
        for _ in range(100):
            if "ready" in self.log.read_text():
                return
            time.sleep(0.05)
        sys.exit(f"agent-modemd did not start: {self.log.read_text()}")

    def status(self, field: str) -> str:
        return re.search(rf"^{field}:\s*(\S+)", Path(f"/proc/{self.process.pid}/status").read_text(), re.M)[1]

    def end(self) -> int:
        self.process.terminate()
        return self.process.wait(10)


def as_user(uid: int, fn) -> int:
    """Exit status of fn in a child that is that user, in no group of ours."""
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(uid if uid != AGENTD else pwd.getpwnam("daemon").pw_gid)
            os.setuid(uid)
            os._exit(0 if fn() else 1)
        except Exception as problem:                  # the status is all that a child can say
            print(f"  child: {problem!r}")
            os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def served(path: str) -> bool:
    try:
        return Modemd(path).ask(STATUS)[0] == SUCCESS
    except (OSError, TypeError):                      # closed unheard
        return False


def ours(port: str) -> list:
    return sorted(f"{a['local']}/{a['prefixlen']}" for a in ip("address", "show", "dev", port)[0]["addr_info"])


def rules() -> list:
    return [(r["priority"], r["src"], r["table"]) for family in ("-4", "-6") for r in ip(family, "rule") if r["priority"] not in (0, 32766, 32767)]


def routes(family: str, table: str) -> list:
    return sorted(line.strip() for line in plain(family, "route", "show", "table", table).splitlines()) if table in plain(family, "rule") else []


def on_port(family: str, table: str) -> list:
    return re.findall(r".*\bdev wwan0 .*", plain(family, "route", "show", "table", table))


def check_privileges(server: Server) -> None:
    check("only CAP_NET_ADMIN is effective and permitted", (server.status("CapEff"), server.status("CapPrm")) == ("0000000000001000",) * 2)
    check("the bounding set holds nothing else", server.status("CapBnd") == "0000000000001000", server.status("CapBnd"))
    check("no new privileges", server.status("NoNewPrivs") == "1")


def check_peers(server: Server) -> None:
    mode = os.stat(server.path)
    check("socket is 0660 of agentd's group", (mode.st_mode & 0o777, mode.st_gid) == (0o660, pwd.getpwnam("daemon").pw_gid))
    check("agentd's user is served", as_user(AGENTD, lambda: served(server.path)) == 0)
    check("a third user finds the socket shut", as_user(THIRD, lambda: served(server.path)) == 1)
    os.chmod(server.path, 0o666)
    check("a third user is closed unheard behind an open socket", as_user(THIRD, lambda: served(server.path)) == 1)
    os.chmod(server.path, 0o660)


def check_up(modemd: Modemd) -> None:
    status, _ = modemd.ask(LINK_UP, link_up("wwan0", 1001, 1420, ["192.0.2.10/24", "2001:db8:5::10/64"], ["192.0.2.1", "2001:db8:5::1"]))
    check("LINK_UP succeeds", status == SUCCESS, name(status))
    check("both addresses, and no other, stand on the port", ours("wwan0") == ["192.0.2.10/24", "2001:db8:5::10/64"], ours("wwan0"))
    link = ip("link", "show", "dev", "wwan0")[0]
    check("the port is up with its MTU", "UP" in link["flags"] and link["mtu"] == 1420, link)
    check("one rule an address", rules() == [(1001, "192.0.2.10", "1001"), (1001, "2001:db8:5::10", "1001")], rules())
    four, six = routes("-4", "1001"), routes("-6", "1001")
    check("IPv4 table: default, prefix, and the end", len(four) == 3 and any(r.startswith("default via 192.0.2.1 dev wwan0") for r in four) and
          any(r.startswith("192.0.2.0/24 dev wwan0") for r in four) and any(r.startswith("unreachable default") for r in four), four)
    check("IPv6 table: default, prefix, and the end", len(six) == 3 and any(r.startswith("default via 2001:db8:5::1 dev wwan0") for r in six) and
          any(r.startswith("2001:db8:5::/64 dev wwan0") for r in six) and any(r.startswith("unreachable default") for r in six), six)
    check("the main table has nothing of the port", not on_port("-4", "main") and not on_port("-6", "main"))
    check("its source address goes out by it", ip("route", "get", "198.51.100.9", "from", "192.0.2.10")[0]["dev"] == "wwan0")
    check("the host's own traffic does not", ip("route", "get", "198.51.100.9")[0]["dev"] == "dsl0")


def check_carrier(modemd: Modemd) -> None:
    """The kernel forgets a port's routes when the port goes down; the rule must not then leak to the main table."""
    plain("link", "set", "wwan0", "down")
    lost = subprocess.run(["ip", "route", "get", "198.51.100.9", "from", "192.0.2.10"], capture_output=True, text=True, check=False)
    check("without the port its address goes nowhere", lost.returncode != 0, lost.stdout)


def check_again(modemd: Modemd) -> None:
    status, _ = modemd.ask(LINK_UP, link_up("wwan0", 1002, 0, ["192.0.2.10/32"], []))
    check("the same address in another table takes over", status == SUCCESS and rules() == [(1002, "192.0.2.10", "1002")], rules())
    check("old addresses are gone", ours("wwan0") == ["192.0.2.10/32"], ours("wwan0"))
    four = routes("-4", "1002")
    check("without gateway the port itself is the default", len(four) == 2 and any(r.startswith("default dev wwan0") for r in four), four)


def check_limited(modemd: Modemd) -> None:
    """A bearer for some hosts alone: its table leads to them and nowhere else, neither to its own prefix nor out by another port."""
    def leads(host: str, source: str) -> bool:
        return subprocess.run(["ip", "route", "get", host, "from", source], capture_output=True, check=False).returncode == 0
    up = ("wwan0", 1003, 0, ["192.0.2.10/24", "2001:db8:5::10/64"], ["192.0.2.1", "2001:db8:5::1"])
    status, _ = modemd.ask(LINK_UP, link_up(*up, ["198.51.100.20", "192.0.2.53", "2001:db8:9::20"]))
    four, six = routes("-4", "1003"), routes("-6", "1003")
    check("limited: a route a host, and the end", status == SUCCESS and len(four) == 3 and len(six) == 2 and not any(r.startswith("default") for r in four + six), (four, six))
    check("limited: by the gateway, or on the link", any(r.startswith("198.51.100.20 via 192.0.2.1 dev wwan0") for r in four) and
          any(r.startswith("192.0.2.53 dev wwan0") for r in four) and any(r.startswith("2001:db8:9::20 via 2001:db8:5::1 dev wwan0") for r in six), (four, six))
    check("limited: its hosts", all(leads(*w) for w in (("198.51.100.20", "192.0.2.10"), ("192.0.2.53", "192.0.2.10"), ("2001:db8:9::20", "2001:db8:5::10"))))
    check("limited: no other", not any(leads(*w) for w in (("198.51.100.21", "192.0.2.10"), ("192.0.2.1", "192.0.2.10"), ("203.0.113.9", "192.0.2.10"),
                                                           ("2001:db8:9::21", "2001:db8:5::10"), ("2001:db8:5::1", "2001:db8:5::10"))))
    status, _ = modemd.ask(LINK_UP, link_up(*up, []))
    check("limited to nothing leads nowhere", status == SUCCESS and not leads("198.51.100.20", "192.0.2.10") and routes("-4", "1003") != [], routes("-4", "1003"))
    status, _ = modemd.ask(LINK_UP, link_up("wwan0", 1002, 0, ["192.0.2.10/32"], []))
    check("and is not limited in another table", status == SUCCESS and leads("198.51.100.21", "192.0.2.10"))


def check_down(modemd: Modemd) -> None:
    status, _ = modemd.ask(LINK_DOWN, text("wwan0") + struct.pack(">I", 1002))
    check("LINK_DOWN succeeds", status == SUCCESS, name(status))
    check("no address, no rule, no route is left", not ours("wwan0") and not rules() and not on_port("-4", "all") and not on_port("-6", "all"))
    check("nor an unreachable one", "unreachable" not in plain("-4", "route", "show", "table", "all"))
    check("the port is down", "UP" not in ip("link", "show", "dev", "wwan0")[0]["flags"])
    check("LINK_DOWN of a port that is not there is no error",
          modemd.ask(LINK_DOWN, text("wwan7") + struct.pack(">I", 1003))[0] == SUCCESS)


def check_refusals(modemd: Modemd) -> None:
    before = plain("address", "show", "dev", "dsl0")
    status, _ = modemd.ask(LINK_UP, link_up("dsl0", 1001, 0, ["192.0.2.66/24"], []))
    check("a port outside of the list is DENIED", name(status) == "Denied" and plain("address", "show", "dev", "dsl0") == before, name(status))
    check("and cannot be taken down", name(modemd.ask(LINK_DOWN, text("dsl0") + struct.pack(">I", 1001))[0]) == "Denied")
    check("a port that is not there is NOT_FOUND", name(modemd.ask(LINK_UP, link_up("wwan7", 1001, 0, ["192.0.2.9/24"], []))[0]) == "NotFound")
    status, _ = modemd.ask(LINK_UP, link_up("wwan0", 1001, 0, ["203.0.113.2/24"], []))
    check("an address of another port is DENIED, and nothing done", name(status) == "Denied" and not ours("wwan0") and not rules(), name(status))
    check("a device name with a slash is INVALID", name(modemd.ask(SMS_WATCH, text("../null"))[0]) == "Invalid")
    check("without a watch nothing is deleted", name(modemd.ask(SMS_DELETE, text("cdc-wdm0") + bytes(37))[0]) == "NotReady")
    check("without qmi-proxy a watch is NOT_READY", name(modemd.ask(SMS_WATCH, text("cdc-wdm0"))[0]) == "NotReady")


MALFORMED = {
    "an unknown operation": (77, b""),
    "a body beyond its bound": (STATUS, b"x"),
    "a table out of range": (LINK_UP, link_up("wwan0", 254, 0, ["192.0.2.9/24"], [])),
    "a prefix length beyond 32": (LINK_UP, link_up("wwan0", 1001, 0, ["192.0.2.9/33"], [])),
    "a loopback address": (LINK_UP, link_up("wwan0", 1001, 0, ["127.0.0.1/8"], [])),
    "a multicast address": (LINK_UP, link_up("wwan0", 1001, 0, ["ff02::1/64"], [])),
    "no address": (LINK_UP, link_up("wwan0", 1001, 0, [], [])),
    "neither limited nor not": (LINK_UP, link_up("wwan0", 1001, 0, ["192.0.2.9/24"], [])[:-2] + b"\2\0"),
    "more hosts than there may be": (LINK_UP, link_up("wwan0", 1001, 0, ["192.0.2.9/24"], [], ["192.0.2.1"] * 21)),
    "octets behind the end": (LINK_UP, link_up("wwan0", 1001, 0, ["192.0.2.9/24"], []) + b"\0"),
    "a request cut short": (LINK_UP, link_up("wwan0", 1001, 0, ["192.0.2.9/24"], [])[:-3]),
}


def check_malformed(folder: str) -> None:
    for what, (op, body) in MALFORMED.items():
        server = Server(folder, "")
        modemd = Modemd(server.path)
        modemd.send(op, body)
        check(f"{what} ends the program", server.process.wait(10) == 76 and not ours("wwan0"), server.log.read_text())


def check_config(folder: str) -> None:
    server = Server(folder, "[link]\nports=\n")
    modemd = Modemd(server.path)
    check("without ports there is no capability", server.status("CapEff") == "0000000000000000" and modemd.ask(STATUS) == (SUCCESS, b"\x02"))
    check("and no link", name(modemd.ask(LINK_UP, link_up("wwan0", 1001, 0, ["192.0.2.9/24"], []))[0]) == "NotSupported")
    check("it ends by SIGTERM with status 0 and takes its socket along", server.end() == 0 and not os.path.exists(server.path))
    Path(folder, "bad").write_text("[link]\nport=wwan0\n")
    done = subprocess.run([PROGRAM, "--socket", f"{folder}/x", "--config", f"{folder}/bad", "--agentd-user", "daemon"],
                          capture_output=True, text=True, check=False, timeout=10)
    check("a misspelt key is refused at start", done.returncode == 78 and "unknown key port" in done.stderr, done.stderr)


def main() -> int:
    for port in ("wwan0", "dsl0"):
        plain("link", "add", port, "type", "veth", "peer", "name", f"{port}peer")
        plain("link", "set", f"{port}peer", "up")
    plain("link", "set", "lo", "up")
    plain("link", "set", "dsl0", "up")
    plain("address", "add", "203.0.113.2/24", "dev", "dsl0")
    plain("route", "add", "default", "via", "203.0.113.1")
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        server = Server(folder, "[link]\nports=wwan*;usb*\n[qmi]\ndevice-directory=/dev\n")
        modemd = Modemd(server.path)
        check("STATUS says link and QMI", modemd.ask(STATUS) == (SUCCESS, b"\x03"))
        check_privileges(server)
        check_peers(server)
        check_refusals(modemd)
        check_up(modemd)
        check_carrier(modemd)
        check_again(modemd)
        check_limited(modemd)
        check_down(modemd)
        server.end()
        check_config(folder)
        check_malformed(folder)
    print(f"{failures} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
