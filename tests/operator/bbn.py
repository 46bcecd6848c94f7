#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The briefing node (BBN) of the operator: GET /v1/bei and POST /v1/results over HTTPS (doc briefing-node), each request signed by the gateway's TRE; with --coap over CoAP.

Owns DIR/bbn-events.jsonl (all that it sees) and the orders: a context is ordered until its result is "done", or it was told where results go
nowhere or are refused by DIR/bbn-result. DIR/bbn-status may force an answer. Never logs a
key. What a request claims is believed only after its signature, URL, time and nonce.
"""
from __future__ import annotations

import argparse
import asyncio
import base64
import signal
import sys
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import bbn_coap
import bei
import cbor
import https
import pki
from common import EventLog, Refused, load_json, run_program, sha256
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import load_der_public_key

AAD = b"gateway-agent request v1"
METHOD, URL, NONCE, TIME, NETWORK, RESULT = range(1, 7)
SKEW = 600


class Node:
    """Transport-free: answer() takes what came and gives (status, headers, body)."""

    def __init__(self, directory: Path, name: str, orders: list[str], results: str, log: EventLog, kind: str | None, apn: str = "") -> None:
        self.results, self.kind, self.apn = results, kind, apn
        self.directory, self.name, self.orders, self.log = directory, name, set(orders), log
        self.nonces: set[bytes] = set()
        self.given: dict[str, bytes] = {}
        self.key = bei.load_key(directory / "ca/bbn.key")

    def claims(self, octets: bytes, method: str, path: str, scheme: str = "https") -> dict:
        """The signed claims, or Refused."""
        sign1 = cbor.decode(octets)
        if not isinstance(sign1, cbor.Tagged) or sign1.tag != 18:
            raise Refused("no COSE_Sign1")
        protected, unprotected, payload, signature = sign1.value
        spki = pki.certificate_spki(self.directory / "pfc.pem")
        if unprotected != {4: sha256(spki)}:
            raise Refused("unknown device")
        dss = utils.encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
        try:
            load_der_public_key(spki).verify(dss, cbor.encode(["Signature1", protected, AAD, payload]), ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            raise Refused("signature") from None
        c = cbor.decode(payload, canonical=True)
        if c[METHOD] != method or c[URL] != f"{scheme}://{self.name}{path}":
            raise Refused(f"signed for {c[METHOD]} {c[URL]}")
        if abs(c[TIME] - time.time()) > SKEW or c[NONCE] in self.nonces or len(c[NONCE]) != 16:
            raise Refused("time or nonce")
        self.nonces.add(c[NONCE])
        return c

    def forced(self, file: str = "bbn-status") -> tuple[int, dict] | None:
        path = self.directory / file
        if self.kind:
            return None
        words = path.read_text().split() if path.exists() else []
        return (int(words[0]), {"Retry-After": words[1]} if len(words) > 1 else {}) if words else None

    def forgery(self) -> str:
        path = self.directory / "bbn-envelope"
        return self.kind or (path.read_text().strip() if path.exists() else "")

    def envelope(self, gateway: str, payload: bytes) -> bytes:
        """Signed by the node, unless DIR/bbn-envelope or --envelope says what it forges: by a key that nobody trusts, bare, or a MAC by the device PIN."""
        kind = self.forgery()
        if kind == "bare":
            return payload
        if kind == "mac":
            return bei.mac0(payload, bei.mac_key(load_json(self.directory / "devices.json", {})[gateway]["pin"], gateway))
        return bei.sign1(payload, bei.load_key(self.directory / "ca/rogue-bbn.key") if kind == "rogue" else self.key)

    def ask(self, octets: bytes, path: str, peer: str) -> tuple[int, dict, bytes]:
        c = self.claims(octets, "GET", path)
        query = {k: v[0] for k, v in parse_qs(urlsplit(path).query).items()}
        return self.answer(query["node"].removeprefix("urn:gateway:"), query["ctx"], int(query["seq"]), c[NETWORK], peer)

    def answer(self, gateway: str, context: str, last: int, network: str, peer: str, again: bool = False) -> tuple[int, dict, bytes]:
        """To who has proved itself; again: the same answer, of which another block is asked for."""
        if again:
            return 200, {}, self.given[gateway]
        status, headers, body = 204, {}, b""
        if self.forced():
            status, headers = self.forced()
        elif gateway not in load_json(self.directory / "devices.json", {}):
            status = 403
        elif last > load_json(self.directory / "bei-seq", {}).get("seq", 0):
            status = 409
        elif context in self.orders:
            fields = bei.instruction(self.directory, gateway, ctx=context, next=self.results or None, bearer=[self.apn, 0, 0] if self.apn else None)
            bei.account_by_pin(self.directory, gateway, fields["tgt"]["nid"], fields["tgt"]["uri"][0])
            status, headers, body = 200, {"Content-Type": "application/cose"}, self.envelope(gateway, bei.payload(fields))
            self.given[gateway] = body
            if not self.forgery() and (not self.results or self.forced("bbn-result")):
                self.orders.discard(context)  # no report will be taken: told once
        self.log("ask", name=self.name, peer=peer, ctx=context, seq=last, network=network, status=status)
        return status, headers, body

    def result(self, octets: bytes, path: str, scheme: str = "https") -> tuple[int, dict, bytes]:
        c = self.claims(octets, "POST", path, scheme)
        name, seq, phase, code = c[RESULT]
        forced = self.forced("bbn-result") or self.forced()
        self.log("result", id=name, seq=seq, phase=phase, code=code, status=forced[0] if forced else 204)
        if forced:
            return forced[0], forced[1], b""
        if phase == "done":
            self.orders.clear()
        return 204, {}, b""


class Handler(https.Handler):
    def guarded(self, work) -> None:
        node = self.server.node
        try:
            self.reply(*work())
        except (Refused, cbor.CborError, KeyError, ValueError, TypeError) as e:
            node.log("violation", path=self.path, reason=f"{type(e).__name__}: {e}")
            self.reply(400, {}, b"")

    def do_GET(self) -> None:  # noqa: N802 - name given by http.server
        scheme, _, text = self.headers.get("Authorization", "").partition(" ")
        self.guarded(lambda: self.server.node.ask(base64.b64decode(text, validate=True), self.path, self.client_address[0]) if scheme == "COSE-Sign1" else (401, {}, b""))

    def do_POST(self) -> None:  # noqa: N802
        body = self.rfile.read(min(int(self.headers.get("Content-Length", 0)), 4096))
        self.guarded(lambda: self.server.node.result(body, self.path))


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--dir", type=Path, required=True)
    p.add_argument("--addr", default="198.51.100.20")
    p.add_argument("--port", type=int, default=443)
    p.add_argument("--name", default="bbn.operator.example", help="as in the URLs; DIR/servers/NAME.pem is the certificate")
    p.add_argument("--order", action="append", default=[], metavar="CONTEXT", help="context to be bootstrapped; may be repeated")
    p.add_argument("--apn", default="", help="access point that instructions name")
    p.add_argument("--results", metavar="URL", help='where results go; "": nowhere; default: here')
    p.add_argument("--envelope", metavar="KIND", help="always forge: rogue, bare or mac; DIR/bbn-status is not for this node")
    p.add_argument("--coap", action="store_true", help="CoAP over DTLS (give --port 5684)")
    a = p.parse_args()
    log = EventLog(a.dir / "bbn-events.jsonl")
    here = f"coaps://{a.name}/res" if a.coap else f"https://{a.name}/v1/results"
    node = Node(a.dir, a.name, a.order, here if a.results is None else a.results, log, a.envelope, a.apn)
    if a.coap:
        asyncio.run(bbn_coap.serve(node, a.addr, a.port))
        return
    server = https.HttpsServer((a.addr, a.port), node, Handler)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    log("listening", addr=a.addr, port=a.port)
    server.serve_forever()


if __name__ == "__main__":
    run_program(main)
