# SPDX-License-Identifier: Apache-2.0
"""The PVA: judges the evidence of a TRE (COSE_Sign1, doc management-objects section 2) against what the factory signed.

Pure but for the clock. A verdict is pass only if nothing is wrong; every reason is listed. No verdict is a failure (TR 33.812 R28).
"""
from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import load_der_public_key

import cbor
from common import sha256

CLAIMS = {6: int, 10: bytes, 256: bytes, "boot": str, "fw": str, "host": str, "kem": bytes, "mids": bytes, "token": bytes, "backend": str}
MAX_EVIDENCE, MAX_SKEW = 2048, 600


@dataclass
class Platform:
    """What the gateway's nodes said, and what the PVA asked."""
    nonce: bytes
    evidence: bytes
    public_key: bytes
    transport_key: bytes
    token: bytes
    network: str


@dataclass
class Verdict:
    reasons: list[str] = field(default_factory=list)
    gateway: str = ""
    tre_id: bytes = b""
    claims: dict = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return not self.reasons

    def expect(self, good: bool, reason: str) -> None:
        if not good:
            self.reasons.append(reason)

    def for_log(self) -> dict[str, Any]:
        shown = {str(k): v.hex() if isinstance(v, bytes) else v for k, v in self.claims.items()}
        return {"verdict": "pass" if self.ok else "fail", "reasons": self.reasons, "gateway": self.gateway, "claims": shown}


def signature_fits(public_key: bytes, signature: bytes, protected: bytes, payload: bytes, aad: bytes = b"") -> bool:
    """ES256 over the Sig_structure (RFC 9052, 4.4)."""
    if len(signature) != 64:
        return False
    message = cbor.encode(["Signature1", protected, aad, payload])
    dss = utils.encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
    try:
        key = load_der_public_key(public_key)
        if not isinstance(key, ec.EllipticCurvePublicKey):
            return False
        key.verify(dss, message, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


def open_evidence(v: Verdict, evidence: bytes, public_key: bytes) -> dict:
    """The claims, if structure, key id and signature are right."""
    v.expect(len(evidence) <= MAX_EVIDENCE, "evidence too long")
    try:
        sign1 = cbor.decode(evidence)
        protected, unprotected, payload, signature = sign1.value
        claims = cbor.decode(payload, canonical=True)
        algorithm = cbor.decode(protected, canonical=True)
    except (ValueError, AttributeError, TypeError) as e:
        v.expect(False, f"evidence malformed: {e}")
        return {}
    v.expect(sign1.tag == 18, "not COSE_Sign1 (tag 18)")
    v.expect(algorithm == {1: -7}, "protected header is not {1: -7}")
    v.expect(unprotected == {4: sha256(public_key)}, "kid is not the SHA-256 of the PfC key")
    v.expect(isinstance(signature, bytes) and signature_fits(public_key, signature, protected, payload), "signature")
    if not isinstance(claims, dict):
        v.expect(False, "payload is no map")
        return {}
    return claims


def check_claims(v: Verdict, claims: dict, p: Platform) -> None:
    v.expect(not set(claims) - set(CLAIMS), f"unknown claims {sorted(map(str, set(claims) - set(CLAIMS)))}")
    missing = set(CLAIMS) - set(claims) - {6}
    v.expect(not missing, f"missing claims {sorted(map(str, missing))}")
    for key, value in claims.items():
        v.expect(key not in CLAIMS or type(value) is CLAIMS[key], f"type of claim {key}")
    v.expect(claims.get(10) == p.nonce, "nonce")
    ueid = claims.get(256)
    v.expect(isinstance(ueid, bytes) and len(ueid) == 17 and ueid[0] == 1, "UEID is not 01 and 16 octets")
    v.expect(claims.get("kem") == sha256(p.transport_key), "kem is not the transport key")
    v.expect(claims.get("token") == sha256(p.token), "token")
    v.expect(claims.get("boot") == "ok", f"boot state {claims.get('boot')!r}")
    v.expect(claims.get("backend") in ("software", "tpm2"), "backend")
    v.expect(claims.get("host") == p.network, "host differs from Platform/Network")
    v.expect(isinstance(claims.get("mids"), bytes) and len(claims["mids"]) == 32, "mids is not a SHA-256")
    if isinstance(claims.get(6), int):
        v.expect(abs(claims[6] - time.time()) <= MAX_SKEW, "time of issue")
    if isinstance(ueid, bytes):
        v.tre_id = ueid[1:]


def judge(p: Platform, devices: dict) -> Verdict:
    v = Verdict()
    v.expect(len(p.token) == 32, "token is not 32 octets")
    v.claims = open_evidence(v, p.evidence, p.public_key)
    check_claims(v, v.claims, p)
    thumbprint = sha256(p.public_key).hex()
    v.gateway = next((g for g, d in devices.items() if d.get("pfc") == thumbprint), "")
    v.expect(bool(v.gateway), "PfC key was not signed by the factory")
    entry = devices.get(v.gateway, {})
    v.expect(not v.gateway or entry.get("transport") == sha256(p.transport_key).hex(), "transport key was not signed by the factory")
    v.expect(entry.get("tre_id") in (None, v.tre_id.hex()), "TRE id is not the factory's")
    return v
