#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""One operator in a box: starts the DM server, the LwM2M server and the DNS in a network namespace that exists, waits until they listen; stops them.

    box.py up --dir DIR --netns operator          dm 198.51.100.10:443, lwm2m 198.51.100.20:5684, dns 192.0.2.53
    box.py status --dir DIR ; box.py down --dir DIR

Owns DIR/box/NAME.{pid,log}. Makes CAs and the server certificate if DIR has none. Ends only processes that it started.
"""
from __future__ import annotations

import argparse
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import dns
import factory
import ocsp
from common import Refused, run_program, write_file

HERE = Path(__file__).resolve().parent
NAMES = ("dm", "lwm2m", "dns", "ocsp")


def prefix(netns: str) -> list[str]:
    """Words before a command that shall run in the namespace: NAME, pid:N or none."""
    if netns == "none":
        return []
    if netns.startswith("pid:"):
        return ["nsenter", f"--target={netns[4:]}", "--net"]
    return ["ip", "netns", "exec", netns]


def start_time(pid: int) -> str | None:
    """Field 22 of /proc/PID/stat: tells a process from a later one with its number."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19]
    except OSError:
        return None


def running(folder: Path, name: str) -> int | None:
    path = folder / f"{name}.pid"
    if not path.exists():
        return None
    pid, started = path.read_text().split()
    state = start_time(int(pid)) == started and Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return int(pid) if state else None


def launch(folder: Path, name: str, command: list[str]) -> subprocess.Popen:
    with open(folder / f"{name}.log", "wb") as log:
        p = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
    write_file(folder / f"{name}.pid", f"{p.pid} {start_time(p.pid)}\n".encode())
    return p


def await_line(folder: Path, name: str, p: subprocess.Popen, seconds: float = 10, word: str = "listening") -> str:
    """The line in which the server says that it listens."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        text = (folder / f"{name}.log").read_text(errors="replace")
        lines = [line for line in text.splitlines() if word in line]
        if lines:
            return lines[0]
        if p.poll() is not None:
            raise Refused(f"{name}: ended: " + " | ".join(text.splitlines()[-3:]))
        time.sleep(0.05)
    raise Refused(f"{name}: does not listen after {seconds:.0f} s")


def answers(a: argparse.Namespace) -> bool:
    command = [*prefix(a.netns), sys.executable, str(HERE / "dns.py"), "ask", "--server", a.dns_addr, "--port", str(a.dns_port), a.dm_name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode == 0 and a.dm_addr in done.stdout.split()


def dns_up(a: argparse.Namespace, folder: Path, hosts: Path) -> str:
    if answers(a):
        return f"dns {a.dns_addr} answers already"
    p = launch(folder, "dns", prefix(a.netns) + dns.dnsmasq(hosts, a.dns_addr, a.dns_port))
    for _ in range(50):
        if answers(a):
            return f"dns listening on {a.dns_addr}:{a.dns_port}"
        if p.poll() is not None:
            break
        time.sleep(0.1)
    raise Refused("dns: " + " | ".join((folder / "dns.log").read_text(errors="replace").splitlines()[-2:] or ["does not answer"]))


def up(a: argparse.Namespace) -> None:
    folder = a.dir / "box"
    folder.mkdir(parents=True, exist_ok=True)
    already = [n for n in NAMES if running(folder, n)]
    if already:
        raise Refused(f"already up: {', '.join(already)}")
    if not (a.dir / "ca").exists():
        factory.init(a.dir, factory.ISSUER)
    if not (a.dir / "servers" / f"{a.dm_name}.pem").exists():
        factory.server(a.dir, [a.dm_name, a.dm_addr])
    hosts = [(a.dm_name, a.dm_addr), (a.lwm2m_name, a.lwm2m_addr), *(tuple(h.split("=", 1)) for h in a.host)]
    path = dns.write_hosts(a.dir, hosts)
    here = prefix(a.netns) + [sys.executable]
    try:
        if a.ocsp:
            p = launch(folder, "ocsp", prefix(a.netns) + ocsp.responder(a.dir))
            print("ocsp", await_line(folder, "ocsp", p, word="ACCEPT"), flush=True)
            a.dm_options += f" --ocsp http://127.0.0.1:{ocsp.PORT}"
        p = launch(folder, "dm", [*here, str(HERE / "dm_server.py"), "run", "--dir", str(a.dir), "--addr", a.dm_addr, "--port", str(a.dm_port), "--name", a.dm_name,
                                  "--lwm2m-uri", f"coaps://{a.lwm2m_name}:{a.lwm2m_port}", *shlex.split(a.dm_options)])
        print(await_line(folder, "dm", p), flush=True)
        p = launch(folder, "lwm2m", [*here, str(HERE / "lwm2m_server.py"), "run", "--dir", str(a.dir), "--addr", a.lwm2m_addr, "--port", str(a.lwm2m_port),
                                     *shlex.split(a.lwm2m_options)])
        print(await_line(folder, "lwm2m", p), flush=True)
        if a.dns_addr != "none":
            print(dns_up(a, folder, path), flush=True)
    except Refused:
        down(a.dir)
        raise


def down(directory: Path) -> None:
    folder = directory / "box"
    for name in NAMES:
        pid = running(folder, name)
        if pid:
            os.kill(pid, signal.SIGTERM)
            for _ in range(50):
                if not running(folder, name):
                    break
                time.sleep(0.1)
            else:
                os.kill(pid, signal.SIGKILL)
            print(f"{name} stopped")
        (folder / f"{name}.pid").unlink(missing_ok=True)


def status(directory: Path) -> int:
    up_now = {n: running(directory / "box", n) for n in NAMES}
    for name, pid in up_now.items():
        print(f"{name} {'running, pid ' + str(pid) if pid else 'not running'}")
    return 0 if up_now["dm"] and up_now["lwm2m"] else 1


def arguments() -> argparse.Namespace:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    sub = p.add_subparsers(dest="verb", required=True)
    v = sub.add_parser("up", help="start all, one line each when it listens")
    v.add_argument("--dir", type=Path, required=True)
    v.add_argument("--netns", default="operator", help="namespace: a name of `ip netns`, pid:N, or none for where you are (default %(default)s)")
    v.add_argument("--dm-addr", "--addr", default="198.51.100.10")
    v.add_argument("--dm-port", type=int, default=443)
    v.add_argument("--dm-name", default="dm.operator.example")
    v.add_argument("--lwm2m-addr", default="198.51.100.20")
    v.add_argument("--lwm2m-port", type=int, default=5684)
    v.add_argument("--lwm2m-name", default="lwm2m.operator.example")
    v.add_argument("--dns-addr", default="192.0.2.53", help="none: no DNS (DIR/hosts is written all the same)")
    v.add_argument("--dns-port", type=int, default=53)
    v.add_argument("--host", action="append", default=[], metavar="NAME=ADDRESS", help="one more name in the DNS; may be repeated (A and AAAA)")
    v.add_argument("--ocsp", action="store_true", help="the manufacturer's responder too, and the PVA asks it")
    v.add_argument("--dm-options", default="", metavar="WORDS", help="more options of `dm_server.py run`, e.g. '--fault silent'")
    v.add_argument("--lwm2m-options", default="", metavar="WORDS", help="more options of `lwm2m_server.py run`")
    for verb, text in (("down", "stop what `up` started"), ("status", "who runs; status 1 if a server does not")):
        v = sub.add_parser(verb, help=text)
        v.add_argument("--dir", type=Path, required=True)
    return p.parse_args()


def main() -> int | None:
    a = arguments()
    a.dir = a.dir.resolve()
    if a.verb == "up":
        up(a)
    elif a.verb == "down":
        down(a.dir)
    else:
        return status(a.dir)
    return None


if __name__ == "__main__":
    run_program(main)
