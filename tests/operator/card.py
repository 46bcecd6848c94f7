#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The card issuer: an image of a UICC's PKCS#15 application with bootstrap files (LwM2M TS 1.0 appendix G), for the simulated cards.

Owns the pre-shared keys that it writes on cards (DIR/psk.json, which the LwM2M server reads), and the keys whose certificates the manufacturer's root signs. Everything that a careless issuer could do differently is
an option. Secrets are in the image only.
"""
from __future__ import annotations

import argparse
import base64
import json
import secrets
from pathlib import Path

import cbor
import lwm2m_accounts
import pki
from common import openssl, run_program, write_file
from oma import card

ODF, DODF, SECOND_DODF = "5031", "6430", "6410"
FILES = {"cp_bootstrap": "6431", "dm_bootstrap": "6432", "lwm2m_bootstrap": "6433"}
DIR_RECORD = 38
RESOURCE, INSTANCE = 3, 0                                 # kinds of TLV items
USIM = bytes.fromhex("4f10a0000000871002ffffffff890709000050045553494d")


def tlv(ident: int, value: bytes) -> bytes:
    return card.tlv(RESOURCE, ident, value)


def small(value: int) -> bytes:
    """A TLV integer in its shortest form."""
    return next(value.to_bytes(n, "big", signed=True) for n in (1, 2, 4, 8) if -(1 << 8 * n - 1) <= value < 1 << 8 * n - 1)


def certificates(a: argparse.Namespace) -> bytes:
    """Mode 2: the gateway's certificate, that of the server, the key (DER)."""
    key, leaf = a.dir / "cards" / f"{secrets.token_hex(4)}.key", a.out.with_suffix(".pem")
    pki.make_leaf(a.dir / "ca", "manufacturer", key, leaf, a.gateway_id, "keyUsage=critical,digitalSignature\n")
    shown, known = (openssl("x509", "-in", path, "-outform", "DER") for path in (leaf, a.dir / "servers" / f"{a.certificate}.pem"))
    return tlv(2, b"\2") + tlv(3, shown) + tlv(4, known) + tlv(5, openssl("pkey", "-in", key, "-outform", "DER"))


def security(a: argparse.Namespace, uri: str, bootstrap: bool, server: int) -> bytes:
    if a.certificate and not bootstrap:
        return tlv(0, uri.encode()) + tlv(1, b"\0") + certificates(a) + tlv(10, small(server))
    identity, key = f"{a.gateway_id}-card-{secrets.token_hex(4)}", secrets.token_bytes(16)
    lwm2m_accounts.admit(a.dir, identity, key.hex(), a.gateway_id)
    if bootstrap:
        lwm2m_accounts.order(a.dir, identity, a.gateway_id, a.bootstrap_account, a.server_id, a.lifetime)
    mode = 3 if a.no_security else 0
    body = tlv(0, uri.encode()) + tlv(1, bytes([bootstrap])) + tlv(2, bytes([mode])) + tlv(3, identity.encode()) + tlv(4, b"") + tlv(5, key)
    return body + (b"" if bootstrap else tlv(10, small(server)))


def senml_records(objects: list) -> list:
    """The instances' TLV as records of RFC 8428, base names where an instance begins."""
    kinds = {(0, 0): "vs", (0, 1): "vb", (0, 2): "v", (0, 10): "v", (1, 0): "v", (1, 1): "v", (1, 6): "vb", (1, 7): "vs"}
    out = []
    for ident, rows in objects:
        for n, one in enumerate(rows):
            for at, (resource, value) in enumerate(read_tlv(one)):
                kind = kinds.get((ident, resource), "vd")
                plain = {"vs": value.decode(errors="replace"), "vb": value == b"\1", "v": int.from_bytes(value, "big"), "vd": value}[kind]
                out.append({**({"bn": f"/{ident}/{n}/"} if at == 0 else {}), "n": str(resource), kind: plain})
    return out


def read_tlv(octets: bytes) -> list:
    """(id, value) of items with ids below 256."""
    out = []
    while octets:
        wide = octets[0] >> 3 & 3
        size, head = (octets[0] & 7, 2) if wide == 0 else (int.from_bytes(octets[2:2 + wide], "big"), 2 + wide)
        out.append((octets[1], octets[head:head + size]))
        octets = octets[head + size:]
    return out


def senml(objects: list, form: str) -> bytes:
    records = senml_records(objects)
    if form == "json":
        return json.dumps([{k: base64.urlsafe_b64encode(v).decode().rstrip("=") if k == "vd" else v for k, v in r.items()} for r in records]).encode()
    labels = {"bn": -2, "n": 0, "v": 2, "vs": 3, "vb": 4, "vd": 8}
    return cbor.encode([{labels[k]: v for k, v in r.items()} for r in records])


def lwm2m_file(a: argparse.Namespace) -> bytes:
    accounts, servers = [], []
    if a.bootstrap_server:
        accounts.append(security(a, a.bootstrap_server, True, 0))
    if a.lwm2m:
        accounts.append(security(a, a.lwm2m, False, a.server_id))
        servers.append(tlv(0, small(a.server_id)) + tlv(1, small(a.lifetime)) + tlv(6, b"\0") + tlv(7, b"U"))
    if a.senml:
        return senml([(0, accounts), (1, servers)], a.senml)
    objects = [(ident, b"".join(card.tlv(INSTANCE, n, one) for n, one in enumerate(rows))) for ident, rows in ((0, accounts), (1, servers)) if rows]
    return card.lwm2m_file(*(card.lwm2m_object(ident, data) for ident, data in objects))


def contents(a: argparse.Namespace) -> dict:
    found = {}
    if a.lwm2m or a.bootstrap_server:
        found["lwm2m_bootstrap"] = lwm2m_file(a)
    if a.dm:
        found["dm_bootstrap"] = a.dm.read_bytes()
    if a.cp:
        found["cp_bootstrap"] = a.cp.read_bytes()
    return found


def transparent(data: bytes, room: int = 32) -> dict:
    """With padding behind, as files of cards have it."""
    return {"hex": (data + b"\xff" * room).hex()}


def image(a: argparse.Namespace) -> dict:
    found = contents(a)
    entries = [card.dodf_entry(name.replace("_", " "), card.OIDS[name], FILES[name]) for name in found]
    record = card.der(0x4F, card.AID) + card.der(0x50, b"PKCS15") + card.der(0x51, bytes.fromhex("3F007F50"))
    records = [card.der(0x61, USIM), card.der(0x61, record)]
    files = {"3F00/2F00": {"records": [r.ljust(DIR_RECORD, b"\xff").hex() for r in records]}}
    first, second = (entries[:1], entries[1:]) if a.two_directories else (entries, [])
    directories = [DODF, SECOND_DODF] if a.two_directories else [DODF]
    files[f"ADF:PKCS15/{ODF}"] = transparent(card.odf(*directories))
    for fid, rows in zip(directories, (first, second)):
        files[f"ADF:PKCS15/{fid}"] = transparent(b"".join(rows))
    for name, data in found.items():
        files[f"ADF:PKCS15/{FILES[name]}"] = transparent(data)
    for change in a.file:
        fid, _, data = change.partition("=")
        files[f"ADF:PKCS15/{fid.upper()}"] = {"hex": data}
    return {"files": files, "pin": a.pin}


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--dir", type=Path, required=True, help="the operator's state")
    p.add_argument("--out", type=Path, required=True, help="the image")
    p.add_argument("--gateway-id", default="GW-0001")
    p.add_argument("--cp", type=Path, metavar="WBXML", help="OMA CP document (push.py --document)")
    p.add_argument("--dm", type=Path, metavar="WBXML", help="OMA DM bootstrap message")
    p.add_argument("--lwm2m", metavar="URI", help="LwM2M server account")
    p.add_argument("--bootstrap-server", metavar="URI", help="LwM2M bootstrap server account")
    p.add_argument("--bootstrap-account", metavar="URI", default="coaps://lwm2m.operator.example:5684", help="what the bootstrap server writes (default %(default)s)")
    p.add_argument("--server-id", type=int, default=101, help="Short Server ID (default %(default)s)")
    p.add_argument("--lifetime", type=int, default=300)
    p.add_argument("--senml", choices=("json", "cbor"), help="the LwM2M file in SenML, not in the standard's TLV")
    p.add_argument("--certificate", metavar="NAME", help="the LwM2M server's account by certificates; the server's is DIR/servers/NAME.pem")
    p.add_argument("--no-security", action="store_true", help="security mode NoSec")
    p.add_argument("--two-directories", action="store_true", help="the entries behind the first one in a second DODF")
    p.add_argument("--pin", action="append", default=[], metavar="FID", help="this file wants a PIN")
    p.add_argument("--file", action="append", default=[], metavar="FID=HEX", help="another content of a file, e.g. a malformed one")
    a = p.parse_args()
    write_file(a.out, json.dumps(image(a), indent=1).encode(), 0o600)


if __name__ == "__main__":
    run_program(main)
