#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Bootstrap execution instructions of the operator: CBOR payload, COSE_Mac0 by the device PIN or COSE_Sign1 by a key, wrapped as a push on demand.

Owns DIR/bei-seq (the issuer's sequence number). Everything that a bad issuer could do differently is an option. Keys and PIN are never printed.
"""
from __future__ import annotations

import argparse
import hashlib
import hmac
import random
import secrets
import time
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

import accounts
import cbor
import pki
from common import Refused, json_state, load_json, run_program, sha256, write_file
from oma import wsp

KEYS = ("v", "id", "seq", "iss", "sub", "iat", "exp", "mech", "tgt", "bsf", "ua", "trust", "cred", "bearer", "ctx", "next")
MECHANISMS = {"gba": 1, "pki": 2, "psk": 3, "lwm2m": 4, "omadm": 5}
TARGET = {"nid": 0, "uri": 1, "naf": 2, "sni": 3, "port": 4, "server": 5}
MEDIA = "application/cose"
MAC_INFO = b"oneM2M bootstrap instruction"


def payload(fields: dict) -> bytes:
    """fields by name; tgt by name too."""
    values = dict(fields)
    if "mech" in values:
        values["mech"] = MECHANISMS.get(values["mech"], values["mech"])
    if "tgt" in values:
        values["tgt"] = {TARGET[k]: v for k, v in values["tgt"].items()}
    return cbor.encode({KEYS.index(k) if k in KEYS else k: v for k, v in values.items()})


def mac_key(pin: str, gateway: str) -> bytes:
    """HKDF-SHA-256 (RFC 5869): salt = gateway id, input = PIN, one block."""
    prk = hmac.new(gateway.encode(), pin.encode(), hashlib.sha256).digest()
    return hmac.new(prk, MAC_INFO + b"\x01", hashlib.sha256).digest()


def mac0(body: bytes, key: bytes, algorithm: int = 5) -> bytes:
    protected = cbor.encode({1: algorithm})
    tag = hmac.new(key, cbor.encode(["MAC0", protected, b"", body]), hashlib.sha256).digest()
    return cbor.encode(cbor.Tagged(17, [protected, {}, body, tag]))


def spki(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def sign1(body: bytes, key: ec.EllipticCurvePrivateKey, kid: bytes | None = None, aad: bytes = b"") -> bytes:
    protected = cbor.encode({1: -7})
    r, s = utils.decode_dss_signature(key.sign(cbor.encode(["Signature1", protected, aad, body]), ec.ECDSA(hashes.SHA256())))
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    return cbor.encode(cbor.Tagged(18, [protected, {4: kid or sha256(spki(key))}, body, signature]))


def load_key(path: Path) -> ec.EllipticCurvePrivateKey:
    return load_pem_private_key(path.read_bytes(), None)


def next_seq(directory: Path) -> int:
    with json_state(directory / "bei-seq") as state:
        state["seq"] = state.get("seq", 0) + 1
        return state["seq"]


def instruction(directory: Path, gateway: str, **other) -> dict:
    """The ordinary instruction: OMA DM at the operator's server; `other` replaces fields, None leaves one out."""
    now = int(time.time())
    fields = {"v": 1, "id": secrets.token_bytes(16), "seq": None, "iss": "bbn.operator.example", "sub": f"urn:gateway:{gateway}", "iat": now - 60,
              "exp": now + 86400, "mech": "omadm", "tgt": {"nid": "com.example.dm", "uri": ["https://dm.operator.example/dm"]}, "ctx": "usim"} | other
    if "seq" not in other:
        fields["seq"] = next_seq(directory)
    return {k: v for k, v in fields.items() if v is not None}


def account_by_pin(directory: Path, gateway: str, server_id: str, url: str) -> None:
    """The DM server expects the device PIN from both sides; nobody has a nonce yet."""
    if accounts.load(directory, gateway) is None:
        pin = load_json(directory / "devices.json", {})[gateway]["pin"]
        accounts.save(directory, accounts.Account(gateway, server_id, url, "DIGEST", pin, "", pin, ""))


def as_push(octets: bytes) -> bytes:
    return wsp.wsp_push(octets, MEDIA, tid=random.randrange(1, 256))


def make(a: argparse.Namespace) -> bytes:
    other: dict = {}
    for name in ("seq", "iss", "sub", "mech", "ctx", "next", "iat", "exp", "bsf"):
        if getattr(a, name) is not None:
            other[name] = getattr(a, name)
    if a.uri:
        other["tgt"] = {**({"nid": a.nid} if a.nid else {}), "uri": a.uri, **{k: v for k, v in (("naf", a.naf), ("sni", a.sni), ("server", a.server)) if v}}
    if a.server_pin:
        other["trust"] = [[1, pki.pin(a.server_pin)]]
    if a.server_certificate:
        other["trust"] = [[2, pki.der(a.server_certificate)]]
    if a.cred:
        other["cred"] = [1, a.cred]
    if a.mid:
        other["cred"] = [2, a.mid]
    if a.ua:
        other["ua"] = bytes.fromhex(a.ua)
    if a.apn:
        other["bearer"] = [a.apn, 0, 0]
    fields = instruction(a.dir, a.gateway_id, **other)
    body = payload(fields)
    if fields["mech"] == "omadm":
        account_by_pin(a.dir, a.gateway_id, fields["tgt"]["nid"], fields["tgt"]["uri"][0])
    if a.key:
        octets = sign1(body, load_key(a.key))
    else:
        pin = a.pin or load_json(a.dir / "devices.json", {}).get(a.gateway_id, {}).get("pin", "")
        if not pin:
            raise Refused(f"no PIN for {a.gateway_id}: run `factory.py device` or give --pin")
        octets = mac0(body, mac_key(pin, a.gateway_id))
    if a.flip is not None:
        at = len(octets) - 1 - a.flip // 8
        octets = octets[:at] + bytes([octets[at] ^ 1 << a.flip % 8]) + octets[at + 1:]
    return octets


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--dir", type=Path, required=True, help="the operator's state (devices.json, bei-seq)")
    p.add_argument("--gateway-id", default="GW-0001")
    p.add_argument("--out", type=Path, required=True)
    p.add_argument("--push", action="store_true", help="as WSP push with content type application/cose")
    p.add_argument("--key", type=Path, help="COSE_Sign1 by this private key (default: COSE_Mac0 by the device PIN)")
    p.add_argument("--pin", help="device PIN (default: of devices.json)")
    p.add_argument("--flip", type=int, metavar="BIT", help="flip this bit, counted from the end")
    p.add_argument("--seq", type=int, help="default: one more than the last")
    p.add_argument("--uri", action="append", help="tgt.uri; may be repeated")
    p.add_argument("--nid", default="com.example.dm", help='tgt.nid; "": none')
    p.add_argument("--server-pin", type=Path, metavar="CERT", help="trust: SHA-256 of this certificate's key")
    p.add_argument("--server-certificate", type=Path, metavar="CERT", help="trust: this certificate, the server's or of its authority")
    p.add_argument("--sni", help="tgt.sni")
    p.add_argument("--naf", help="tgt.naf")
    p.add_argument("--server", type=int, help="tgt.server: LwM2M Short Server ID")
    p.add_argument("--cred", metavar="NAME", help="cred: the pre-shared key of that name")
    p.add_argument("--mid", metavar="ID", help="cred: the identity whose Ks is used")
    p.add_argument("--ua", metavar="HEX", help="Ua security protocol identifier")
    p.add_argument("--apn", help="bearer")
    p.add_argument("--iat", type=int)
    p.add_argument("--exp", type=int)
    for name in ("iss", "sub", "mech", "ctx", "next", "bsf"):
        p.add_argument(f"--{name}")
    a = p.parse_args()
    octets = make(a)
    write_file(a.out, as_push(octets) if a.push else octets, 0o600)


if __name__ == "__main__":
    run_program(main)
