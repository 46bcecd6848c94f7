# SPDX-License-Identifier: Apache-2.0
"""The manufacturer certifies the platform key of a gateway for the programs of its TRE: names of RFC 6920 in the certificate (doc management-objects section 4).

Owns no file of its own; DIR/devices.json says whose key it is ("next": one that was certified and not yet seen at work), DIR/programs.json which programs were released
(absent: all).
"""
from __future__ import annotations

import base64
import re
import tempfile
from pathlib import Path

import cbor
import ocsp
import pki
import pva
from common import Refused, json_state, load_json, openssl, sha256, write_file

PREFIX = "ni:///sha-256;"
SUCCESSOR = b"platform key successor"  # external_aad


def program_name(digest: bytes) -> str:
    return PREFIX + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def extensions(*digests: bytes) -> str:
    names = "".join(f",URI:{program_name(d)}" for d in digests)
    return "keyUsage=critical,digitalSignature\n" + (f"subjectAltName={names[1:]}\n" if names else "")


def asked_program(request: bytes) -> bytes:
    """SHA-256 of the one program that a request (PEM) names."""
    found = re.findall(rb"URI:" + PREFIX.encode() + rb"([A-Za-z0-9_-]{43})\s", openssl("req", "-noout", "-text", data=request))
    if len(found) != 1:
        raise Refused("the request names no program")
    return base64.urlsafe_b64decode(found[0] + b"=")


def vouched(octets: bytes, devices: dict) -> tuple[str, bytes]:
    """The gateway whose platform key has signed for the request of its successor, and that request (DER)."""
    try:
        sign1 = cbor.decode(octets)
        protected, unprotected, payload, signature = sign1.value
    except (ValueError, AttributeError, TypeError):
        raise Refused("neither a request nor a COSE_Sign1 over one") from None
    gateway = next((g for g, d in devices.items() if unprotected == {4: bytes.fromhex(d.get("pfc", ""))}), None)
    if sign1.tag != 18 or gateway is None or not pva.signature_fits(bytes.fromhex(devices[gateway]["pfc_spki"]), signature, protected, payload, SUCCESSOR):
        raise Refused("no platform key of a gateway of ours vouches for the new one")
    return gateway, payload


def certify(directory: Path, octets: bytes) -> tuple[bytes, str]:
    """The certificate (DER) for a request (DER, or signed by the former key) of a device that is known, and the program's digest."""
    devices = load_json(directory / "devices.json", {})
    gateway, der = (None, octets) if octets[:1] == b"\x30" else vouched(octets, devices)
    request = openssl("req", "-inform", "DER", "-verify", data=der)
    spki, program = pki.request_spki(request), asked_program(request)
    thumbprint = sha256(spki).hex()
    known = [g for g, d in devices.items() if d.get("pfc") == thumbprint]
    if gateway is None and not known:
        raise Refused("the key was not made in a gateway of ours")
    if gateway is not None and (known or pki.request_cn(request) != gateway):
        raise Refused("the new key is a former one, or for another gateway")
    released = load_json(directory / "programs.json", None)
    if released is not None and program.hex() not in released:
        raise Refused("the program is not a released one")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "pfc.pem")
        pki.sign_request(request, directory / "ca", "manufacturer", out, extensions(program))
        ocsp.change(directory, pki.request_cn(request), revoked=True)  # the former one is superseded
        ocsp.record(directory, out)
        if gateway is not None:
            with json_state(directory / "devices.json") as changed:
                changed[gateway]["next"] = {"pfc": thumbprint, "pfc_spki": spki.hex()}
            write_file(directory / "pfc-next.pem", out.read_bytes())
        return openssl("x509", "-in", out, "-outform", "DER"), program.hex()


def seen_at_work(directory: Path, thumbprint: str) -> None:
    """Evidence was given by that key: if it is a successor, the former one is history."""
    with json_state(directory / "devices.json") as devices:
        for entry in devices.values():
            if entry.get("next", {}).get("pfc") == thumbprint:
                entry.update(entry.pop("next"))
                (directory / "pfc-next.pem").rename(directory / "pfc.pem")
