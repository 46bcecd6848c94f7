#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Status of device certificates by OCSP (RFC 6960): the manufacturer's responder is `openssl ocsp`, and the PVA asks it by the same program.

Owns DIR/ca/index.txt, the manufacturer's list of what it certified.

    ocsp.py revoke DIR GATEWAY ; ocsp.py hold DIR GATEWAY      (hold: as if never issued)
"""
from __future__ import annotations

import argparse
import re
import tempfile
import time
from pathlib import Path

import pki
from common import Refused, openssl, run_program, write_file

PORT = 2560
STATUS = re.compile(rb": (good|revoked|unknown)$", re.MULTILINE)


def index(directory: Path) -> Path:
    return directory / "ca/index.txt"


def record(directory: Path, certificate: Path) -> None:
    """A line of openssl-ca(1): status, expiry, revocation, serial number, file, subject."""
    words = openssl("x509", "-in", certificate, "-noout", "-serial", "-enddate", "-subject", "-nameopt", "compat").decode().splitlines()
    serial, end, subject = (w.split("=", 1)[1] for w in words)
    expiry = time.strftime("%y%m%d%H%M%SZ", time.strptime(end, "%b %d %H:%M:%S %Y %Z"))
    path = index(directory)
    lines = path.read_text() if path.exists() else ""
    write_file(path, f"{lines}V\t{expiry}\t\t{serial}\tunknown\t{subject.strip()}\n".encode())


def change(directory: Path, gateway: str, revoked: bool) -> None:
    lines, found = [], False
    for line in index(directory).read_text().splitlines():
        fields = line.split("\t")
        ours = fields[5].endswith(f"CN={gateway}") or fields[5].endswith(f"CN = {gateway}")
        found |= ours
        if ours and revoked:
            fields[0], fields[2] = "R", time.strftime("%y%m%d%H%M%SZ", time.gmtime())
        if not ours or revoked:
            lines.append("\t".join(fields))
    if not found:
        raise Refused(f"{gateway}: no certificate")
    write_file(index(directory), "".join(line + "\n" for line in lines).encode())


def responder(directory: Path) -> list[str]:
    """The command; it says `ACCEPT` when it listens."""
    ca = directory / "ca"
    if not index(directory).exists():
        write_file(index(directory), b"")
    return ["openssl", "ocsp", "-index", str(index(directory)), "-port", str(PORT), "-rsigner", str(ca / "manufacturer.pem"), "-rkey", str(ca / "manufacturer.key"),
            "-CA", str(ca / "manufacturer.pem"), "-ndays", "1", "-ignore_err"]


def judge(directory: Path, certificate: bytes, public_key: bytes, url: str) -> list[str]:
    """What is wrong with a device's certificate: nothing if it is the manufacturer's, over that key, and the responder says good, over our nonce."""
    root = directory / "ca/manufacturer.pem"
    if not certificate:
        return ["certificate: the device has none"]
    with tempfile.NamedTemporaryFile(suffix=".pem") as f:
        try:
            f.write(openssl("x509", "-inform", "DER", data=certificate))
            f.flush()
            openssl("verify", "-CAfile", root, f.name)
            if pki.certificate_spki(Path(f.name)) != public_key:
                return ["certificate: of another key"]
        except Refused as e:
            return [f"certificate: {e}"]
        try:
            for _ in range(2):  # the responder looks at its list, then waits: only the second answer is of now
                said = openssl("ocsp", "-issuer", root, "-cert", f.name, "-url", url, "-CAfile", root, "-timeout", "10")
        except Refused as e:
            return [f"certificate: no OCSP answer ({e})"]
    status = STATUS.search(said)
    return [] if status and status[1] == b"good" else [f"certificate: {status[1].decode() if status else 'no status'}"]


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("verb", choices=["revoke", "hold"])
    p.add_argument("dir", type=Path)
    p.add_argument("gateway")
    a = p.parse_args()
    change(a.dir, a.gateway, a.verb == "revoke")


if __name__ == "__main__":
    run_program(main)
