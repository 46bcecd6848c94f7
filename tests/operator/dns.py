#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The operator's DNS: dnsmasq that knows the hosts of a file and nothing else, and a question to any resolver (to see that it answers).

Owns DIR/hosts (lines `ADDRESS NAME...`, as `lab hosts FILE` reads too). Never forwards a query.
"""
from __future__ import annotations

import argparse
import ipaddress
import os
import secrets
import socket
from pathlib import Path

from common import Refused, run_program, write_file

A, AAAA = 1, 28


def write_hosts(directory: Path, hosts: list[tuple[str, str]]) -> Path:
    """hosts: (name, address)."""
    text = "# Names of the operator's servers.\n" + "".join(f"{ipaddress.ip_address(address)} {name}\n" for name, address in hosts)
    directory.mkdir(parents=True, exist_ok=True)
    write_file(directory / "hosts", text.encode())
    return directory / "hosts"


def dnsmasq(hosts: Path, address: str, port: int = 53) -> list[str]:
    return ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--user=root", "--pid-file=", "--log-facility=-", "--no-resolv", "--no-hosts",
            "--local=/#/", f"--addn-hosts={hosts}", "--bind-dynamic", f"--listen-address={address}", f"--port={port}", "--local-ttl=1"]


def _skip_name(data: bytes, at: int) -> int:
    while data[at] and data[at] < 0xC0:
        at += 1 + data[at]
    return at + (1 if data[at] == 0 else 2)


def ask(server: str, name: str, kind: int = A, port: int = 53, timeout: float = 1.0) -> list[str]:
    """Addresses of a name; Refused if the resolver does not answer or says no."""
    ident = secrets.token_bytes(2)
    question = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0" + bytes([0, kind, 0, 1])
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        s.settimeout(timeout)
        try:
            s.connect((server, port))
            s.send(ident + bytes.fromhex("01000001000000000000") + question)
            data = s.recv(4096)
        except OSError as e:
            raise Refused(f"{server}: {e}") from None
    if data[:2] != ident or data[3] & 15:
        raise Refused(f"{server}: {name}: code {data[3] & 15}")
    at = _skip_name(data, 12) + 4
    out = []
    for _ in range(int.from_bytes(data[6:8], "big")):
        at = _skip_name(data, at)
        size = int.from_bytes(data[at + 8:at + 10], "big")
        if int.from_bytes(data[at:at + 2], "big") == kind:
            out.append(str(ipaddress.ip_address(data[at + 10:at + 10 + size])))
        at += 10 + size
    return out


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    sub = p.add_subparsers(dest="verb", required=True)
    v = sub.add_parser("run", help="become dnsmasq")
    v.add_argument("--dir", type=Path, required=True)
    v.add_argument("--addr", default="192.0.2.53")
    v.add_argument("--port", type=int, default=53)
    v.add_argument("--host", action="append", default=[], metavar="NAME=ADDRESS", help="may be repeated; without it DIR/hosts stays as it is")
    v = sub.add_parser("ask", help="print the addresses of a name")
    v.add_argument("--server", default="192.0.2.53")
    v.add_argument("--port", type=int, default=53)
    v.add_argument("--ipv6", action="store_true")
    v.add_argument("name")
    a = p.parse_args()
    if a.verb == "ask":
        print("\n".join(ask(a.server, a.name, AAAA if a.ipv6 else A, a.port)))
        return
    if a.host:
        write_hosts(a.dir, [tuple(h.split("=", 1)) for h in a.host])
    command = dnsmasq(a.dir / "hosts", a.addr, a.port)
    os.execvp(command[0], command)


if __name__ == "__main__":
    run_program(main)
