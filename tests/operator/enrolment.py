# SPDX-License-Identifier: Apache-2.0
"""The manufacturer certifies the platform key of a gateway for the programs of its TRE: names of RFC 6920 in the certificate (doc management-objects section 4).

Owns no file of its own; DIR/devices.json says whose key it is, DIR/programs.json which programs were released (absent: all).
"""
from __future__ import annotations

import base64
import re
import tempfile
from pathlib import Path

import ocsp
import pki
from common import Refused, load_json, openssl, sha256

PREFIX = "ni:///sha-256;"


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


def certify(directory: Path, der: bytes) -> tuple[bytes, str]:
    """The certificate (DER) for a request (DER) of a device that is known, and the program's digest."""
    request = openssl("req", "-inform", "DER", "-verify", data=der)
    thumbprint, program = sha256(pki.request_spki(request)).hex(), asked_program(request)
    if not any(d.get("pfc") == thumbprint for d in load_json(directory / "devices.json", {}).values()):
        raise Refused("the key was not made in a gateway of ours")
    released = load_json(directory / "programs.json", None)
    if released is not None and program.hex() not in released:
        raise Refused("the program is not a released one")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "pfc.pem")
        pki.sign_request(request, directory / "ca", "manufacturer", out, extensions(program))
        ocsp.change(directory, pki.request_cn(request), revoked=True)  # the former one is superseded
        ocsp.record(directory, out)
        return openssl("x509", "-in", out, "-outform", "DER"), program.hex()
