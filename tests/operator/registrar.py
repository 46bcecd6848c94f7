#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A registrar of the IMS on UDP, as far as HTTP Digest AKA goes (RFC 3310 in TS 24.229): challenges each REGISTER, checks the answer, takes AUTS.

Owns DIR/sip-events.jsonl. Vectors come from DIR/subscribers.db by the user part of the private identity. Never logs a key, RES or a whole identity.
"""
from __future__ import annotations

import argparse
import base64
import hashlib
import os
import re
import signal
import socket
import sys
from pathlib import Path

from aka import milenage, subscribers
from common import EventLog, run_program

DIGEST = re.compile(r'(\w+)\s*=\s*(?:"([^"]*)"|([^,\s]+))')


def md5(*parts: str | bytes) -> str:
    return hashlib.md5(b":".join(p if isinstance(p, bytes) else p.encode() for p in parts), usedforsecurity=False).hexdigest()


class Registrar:
    """Transport-free: answer() takes a request's text and gives the response's."""

    def __init__(self, directory: Path, realm: str, impi: str, qop: str, log: EventLog, no_nul: bool = False) -> None:
        self.directory, self.realm, self.impi, self.qop, self.log, self.no_nul = directory, realm, impi, qop, log, no_nul
        self.challenges: dict[str, milenage.Vector] = {}

    def vector(self) -> milenage.Vector:
        with subscribers.changing(self.directory / "subscribers.db") as db:
            subscriber = db[self.impi.partition("@")[0]]
            while 0 in (v := subscriber.next_vector()).xres and self.no_nul:
                pass
            return v

    def challenge(self) -> tuple[str, str]:
        v = self.vector()
        nonce = base64.b64encode(v.rand + v.autn).decode()
        self.challenges[nonce] = v
        self.log("challenge", nonce=nonce)
        qop = f',qop="{self.qop}"' if self.qop else ""
        return "401 Unauthorized", f'WWW-Authenticate: Digest realm="{self.realm}",nonce="{nonce}",algorithm=AKAv1-MD5{qop},opaque="{os.urandom(4).hex()}"\r\n'

    def expected(self, a: dict, password: bytes, uri: str) -> str:
        ha1, ha2 = md5(self.impi, self.realm, password), md5("REGISTER", uri)
        return md5(ha1, a["nonce"], a["nc"], a["cnonce"], a["qop"], ha2) if "qop" in a else md5(ha1, a["nonce"], ha2)

    def judge(self, a: dict) -> tuple[str, str]:
        v = self.challenges.pop(a.get("nonce", ""), None)
        if v is None or a["username"] != self.impi or a["realm"] != self.realm or a.get("qop", "") != self.qop:
            return self.challenge()
        if a.get("auts"):
            with subscribers.changing(self.directory / "subscribers.db") as db:
                sub = db[self.impi.partition("@")[0]]
                taken = a["response"] == self.expected(a, b"", a["uri"]) and sub.resync(v.rand, base64.b64decode(a["auts"], validate=True))
            self.log("resync", taken=taken)
            return self.challenge() if taken else ("403 Forbidden", "")
        good = a["response"] == self.expected(a, v.xres, a["uri"])
        self.log("registered" if good else "wrong-response", nonce=a["nonce"], uri=a["uri"], response=a["response"])
        return ("200 OK", "") if good else ("403 Forbidden", "")

    def answer(self, text: str) -> str:
        found = re.search(r"^Authorization:\s*Digest (.*)$", text, re.MULTILINE)
        status, extra = self.judge({name: quoted or plain for name, quoted, plain in DIGEST.findall(found[1])}) if found else self.challenge()
        lines = [line.strip() for name in ("Via", "From", "To", "Call-ID", "CSeq") for line in re.findall(rf"^{name}: .*$", text, re.MULTILINE)]
        return f"SIP/2.0 {status}\r\n" + "\r\n".join(lines) + f"\r\n{extra}Content-Length: 0\r\n\r\n"


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--dir", type=Path, required=True)
    p.add_argument("--addr", default="198.51.100.20")
    p.add_argument("--port", type=int, default=5060)
    p.add_argument("--realm", required=True)
    p.add_argument("--impi", required=True, help="whom it registers")
    p.add_argument("--qop", default="auth", choices=("auth", ""))
    p.add_argument("--no-nul", action="store_true", help="only challenges whose RES has no octet 00, for clients that read it as a C string")
    a = p.parse_args()
    log = EventLog(a.dir / "sip-events.jsonl")
    registrar = Registrar(a.dir, a.realm, a.impi, a.qop, log, a.no_nul)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((a.addr, a.port))
        log("listening", addr=a.addr, port=a.port)
        while True:
            data, peer = s.recvfrom(8192)
            try:
                s.sendto(registrar.answer(data.decode()).encode(), peer)
            except (KeyError, ValueError) as e:
                log("violation", reason=f"{type(e).__name__}: {e}")


if __name__ == "__main__":
    run_program(main)
