#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The bootstrapping server function (BSF) of GBA: Ub over HTTPS (TS 24.109 annex A: HTTP Digest AKAv1-MD5), and for the NAFs of this operator, in place of
Zn, a look-up on the command line.

    bsf.py run --dir DIR --name bsf.operator.example      serves the subscribers of DIR/subscribers.db
    bsf.py key --dir DIR --btid BTID --naf FQDN [--ua 0100000002]    Ks_NAF as a NAF gets it, hex; status 1 once the B-TID has expired

Owns DIR/bsf.json (what was bootstrapped) and DIR/bsf-events.jsonl (without keys and whole identities). DIR/bsf-fault may hold one word of FAULTS.
"""
from __future__ import annotations

import argparse
import base64
import datetime as dt
import hashlib
import os
import re
import signal
import sys
import time
from pathlib import Path

import https
from aka import kdf, milenage, subscribers
from common import EventLog, Refused, json_state, load_json, run_program

FAULTS = {"mac": "AUTN of another key", "rspauth": "another response-auth", "no-rspauth": "none", "expired": "a lifetime that is past", "forbidden": "403 to everybody",
          "again": "401 to every answer", "away": "503", "realm": "another realm", "md5": "an algorithm without AKA", "body": "a body that is none",
          "no-btid": "without B-TID", "type": "another content type"}
DIGEST = re.compile(r'(\w+)\s*=\s*(?:"([^"]*)"|([^,\s]+))')


def md5(*parts: str | bytes) -> str:
    return hashlib.md5(b":".join(p if isinstance(p, bytes) else p.encode() for p in parts), usedforsecurity=False).hexdigest()


class Node:
    """Transport-free: answer() takes the Authorization and the path, gives (status, headers, body)."""

    def __init__(self, directory: Path, name: str, lifetime: int, log: EventLog) -> None:
        self.directory, self.name, self.lifetime, self.log = directory, name, lifetime, log
        self.challenges: dict[str, tuple[str, milenage.Vector]] = {}

    def fault(self) -> str:
        path = self.directory / "bsf-fault"
        return path.read_text().strip() if path.exists() else ""

    def challenge(self, impi: str) -> tuple[int, dict, bytes]:
        with subscribers.changing(self.directory / "subscribers.db") as db:
            sub = db.get(impi.partition("@")[0])
            v = sub.next_vector() if sub else None
        if v is None or self.fault() == "forbidden":
            self.log("refused", impi="*" + impi[-12:])
            return 403, {}, b""
        if self.fault() == "mac":
            v = milenage.network_vector(bytes(16), sub.opc, v.rand, sub.sqn.to_bytes(6, "big"), sub.amf)
        nonce = base64.b64encode(v.rand + v.autn + b"bsf").decode()
        self.challenges[nonce] = impi, v
        realm = "other.example" if self.fault() == "realm" else self.name
        algorithm = "MD5" if self.fault() == "md5" else "AKAv1-MD5"
        self.log("challenge", impi="*" + impi[-12:])
        return 401, {"WWW-Authenticate": f'Digest realm="{realm}", nonce="{nonce}", algorithm={algorithm}, qop="auth,auth-int", opaque="{os.urandom(8).hex()}"'}, b""

    def response(self, a: dict, password: bytes, method: str, body: bytes) -> str:
        return md5(md5(a["username"], a["realm"], password), a["nonce"], a["nc"], a["cnonce"], a["qop"], md5(method, a["uri"], md5(body)))

    def answer(self, agent: str, authorization: str, path: str) -> tuple[int, dict, bytes]:
        scheme, _, text = authorization.partition(" ")
        a = {name: quoted or plain for name, quoted, plain in DIGEST.findall(text)}
        if scheme != "Digest" or "3gpp-gba" not in agent.split() or a["uri"] != path or a["realm"] != self.name:
            raise Refused(f"not Ub: {scheme} {agent} {a.get('uri')} {a.get('realm')}")
        if self.fault() == "away":
            return 503, {}, b""
        impi, v = self.challenges.pop(a["nonce"], (None, None))
        if impi is None:
            if a["nonce"] or a["response"]:
                raise Refused("an answer to no challenge of ours")
            return self.challenge(a["username"])
        if a["username"] != impi or a["qop"] != "auth-int" or a["nc"] != "00000001" or len(a["cnonce"]) < 16 or not a["opaque"]:
            raise Refused("another identity, or not auth-int")
        if "auts" in a:
            return self.resync(a, impi, v)
        if a["response"] != self.response(a, v.xres, "GET", b""):
            self.log("wrong-response")
            return 403, {}, b""
        return self.challenge(impi) if self.fault() == "again" else self.bootstrapped(a, impi, v)

    def resync(self, a: dict, impi: str, v: milenage.Vector) -> tuple[int, dict, bytes]:
        good = a["response"] == self.response(a, b"", "GET", b"")
        with subscribers.changing(self.directory / "subscribers.db") as db:
            taken = good and db[impi.partition("@")[0]].resync(v.rand, base64.b64decode(a["auts"], validate=True))
        self.log("resync", taken=taken)
        return self.challenge(impi) if taken else (403, {}, b"")

    def bootstrapped(self, a: dict, impi: str, v: milenage.Vector) -> tuple[int, dict, bytes]:
        ends = int(time.time()) + (-60 if self.fault() == "expired" else self.lifetime)
        btid = base64.b64encode(v.rand).decode() + "@" + self.name
        with json_state(self.directory / "bsf.json") as state:
            state[btid] = {"impi": impi, "rand": v.rand.hex(), "ck": v.ck.hex(), "ik": v.ik.hex(), "ends": ends}
        when = dt.datetime.fromtimestamp(ends, dt.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        inside = ("" if self.fault() == "no-btid" else f"<btid>{btid}</btid>") + f"<lifetime>{when}</lifetime>"
        body = f'<?xml version="1.0" encoding="UTF-8"?>\n<BootstrappingInfo xmlns="uri:3gpp-gba">{inside}</BootstrappingInfo>\n'.encode()
        if self.fault() == "body":
            body = body[:-9]
        proof = self.response(a, b"" if self.fault() == "rspauth" else v.xres, "", body)
        headers = {"Content-Type": "text/xml" if self.fault() == "type" else "application/vnd.3gpp.bsf+xml",
                   "Authentication-Info": f'qop=auth-int, rspauth="{proof}", cnonce="{a["cnonce"]}", nc={a["nc"]}, opaque="{a["opaque"]}"'}
        if self.fault() == "no-rspauth":
            del headers["Authentication-Info"]
        self.log("bootstrapped", btid=btid, ends=ends)
        return 200, headers, body


class Handler(https.Handler):
    def do_GET(self) -> None:  # noqa: N802 - name given by http.server
        node = self.server.node
        try:
            self.reply(*node.answer(self.headers.get("User-Agent", ""), self.headers.get("Authorization", ""), self.path))
        except (Refused, KeyError, ValueError) as e:
            node.log("violation", reason=f"{type(e).__name__}: {e}")
            self.reply(400, {}, b"")


def key(directory: Path, btid: str, naf: bytes) -> bytes:
    """Ks_NAF for a NAF (TS 33.220 annex B.3)."""
    s = load_json(directory / "bsf.json", {}).get(btid)
    if not s or s["ends"] <= time.time():
        raise Refused("the B-TID is not known, or has expired")
    ck, ik, rand = (bytes.fromhex(s[n]) for n in ("ck", "ik", "rand"))
    return kdf.gba(ck, ik, rand, s["impi"], naf)["ks_naf"]


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0], epilog="faults: " + "; ".join(f"{k} ({t})" for k, t in FAULTS.items()))
    sub = p.add_subparsers(dest="verb", required=True)
    v = sub.add_parser("run", help="serve Ub")
    v.add_argument("--dir", type=Path, required=True)
    v.add_argument("--addr", default="198.51.100.10")
    v.add_argument("--port", type=int, default=8443)
    v.add_argument("--name", default="bsf.operator.example", help="FQDN, which is the realm; DIR/servers/NAME.pem is the certificate")
    v.add_argument("--lifetime", type=int, default=3600, help="of a B-TID, seconds")
    v = sub.add_parser("key", help="Ks_NAF of a B-TID, hex")
    v.add_argument("--dir", type=Path, required=True)
    v.add_argument("--btid", required=True)
    v.add_argument("--naf", required=True, help="FQDN")
    v.add_argument("--ua", default="0100000002", help="Ua security protocol identifier, hex")
    a = p.parse_args()
    if a.verb == "key":
        print(key(a.dir, a.btid, kdf.naf_id(a.naf, bytes.fromhex(a.ua))).hex())
        return
    log = EventLog(a.dir / "bsf-events.jsonl")
    server = https.HttpsServer((a.addr, a.port), Node(a.dir, a.name, a.lifetime, log), Handler)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    log("listening", addr=a.addr, port=a.port)
    server.serve_forever()


if __name__ == "__main__":
    run_program(main)
