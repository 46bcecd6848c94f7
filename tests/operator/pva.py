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
import platform_policy
from common import sha256

ALWAYS = {6: int, 10: bytes, 256: bytes, "form": str, "kem": bytes, "token": bytes, "backend": str}
SPOKEN = {"boot": str, "fw": str, "host": str, "mids": bytes, "program": bytes}  # what a TRE says of itself
LOCATED = {"platform": str, "authority": bytes}                                  # by which approval its TPM opened
FORMS = {"autonomous": {}, "semi-autonomous": SPOKEN, "remote": SPOKEN | {"quote": list}}
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
    form: str = "semi-autonomous"  # that the PVA asked for


@dataclass
class References:
    """What evidence is compared with; None: any."""
    programs: list[str] | None = None                                    # SHA-256 of programs of the TRE, hex
    platforms: dict[str, dict[str, str]] = field(default_factory=dict)   # name of an approval: registers
    authority: str | None = None                                         # SHA-256 of the platform authority's key, hex


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
        shown = {str(k): v.hex() if isinstance(v, bytes) else v for k, v in self.claims.items() if k != "quote"}
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


def expected_claims(claims: dict, form: str) -> dict:
    """Those of the form that was asked for; of a TRE over a TPM, also where it is."""
    located = LOCATED if claims.get("backend") == "tpm2" and form != "autonomous" else {}
    return ALWAYS | FORMS[form] | located


def check_claims(v: Verdict, claims: dict, p: Platform) -> None:
    wanted = expected_claims(claims, p.form)
    v.expect(not set(claims) - set(wanted), f"unknown claims {sorted(map(str, set(claims) - set(wanted)))}")
    missing = set(wanted) - set(claims) - {6}
    v.expect(not missing, f"missing claims {sorted(map(str, missing))}")
    for key, value in claims.items():
        v.expect(key not in wanted or type(value) is wanted[key], f"type of claim {key}")
    v.expect(claims.get("form") == p.form, f"form {claims.get('form')!r} instead of {p.form}")
    v.expect(claims.get(10) == p.nonce, "nonce")
    ueid = claims.get(256)
    v.expect(isinstance(ueid, bytes) and len(ueid) == 17 and ueid[0] == 1, "UEID is not 01 and 16 octets")
    v.expect(claims.get("kem") == sha256(p.transport_key), "kem is not the transport key")
    v.expect(claims.get("token") == sha256(p.token), "token")
    v.expect(claims.get("backend") in ("software", "tpm2"), "backend")
    if p.form != "autonomous":
        v.expect(claims.get("boot") == "ok", f"boot state {claims.get('boot')!r}")
        v.expect(claims.get("host") == p.network, "host differs from Platform/Network")
        v.expect(isinstance(claims.get("mids"), bytes) and len(claims["mids"]) == 32, "mids is not a SHA-256")
    if isinstance(claims.get(6), int):
        v.expect(abs(claims[6] - time.time()) <= MAX_SKEW, "time of issue")
    if isinstance(ueid, bytes):
        v.tre_id = ueid[1:]


def attestation(attest: bytes) -> tuple[bytes, bytes, bytes]:
    """(extraData, PCR selection, digest) of a TPMS_ATTEST for a quote (TPM 2.0 part 2, 10.12.8)."""
    def sized(at: int) -> tuple[bytes, int]:
        n = int.from_bytes(attest[at:at + 2], "big")
        return attest[at + 2:at + 2 + n], at + 2 + n
    if attest[:6] != bytes.fromhex("ff5443478018"):
        raise ValueError("not a quote that a TPM made")
    _, at = sized(6)
    extra, at = sized(at)
    at += 17 + 8                                  # clock and firmware version
    selection = attest[at:at + 10]
    digest, at = sized(at + 10)
    if at != len(attest):
        raise ValueError("octets behind the quote")
    return extra, selection, digest


def check_quote(v: Verdict, claims: dict, p: Platform, references: References) -> None:
    """Remote form: the TPM's own word, over our nonce, about registers that are compared with the approved ones."""
    try:
        attest, signature, registers = claims["quote"]
        extra, selection, digest = attestation(attest)
        key = load_der_public_key(p.public_key)
        dss = utils.encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
        key.verify(dss, attest, ec.ECDSA(hashes.SHA256()))
        told = b"".join(registers[n] for n in sorted(registers))
    except InvalidSignature:
        v.expect(False, "quote: signature")
        return
    except (KeyError, ValueError, TypeError, AttributeError) as e:
        v.expect(False, f"quote malformed: {e}")
        return
    v.expect(extra == sha256(p.nonce + sha256(p.token) + sha256(p.transport_key)), "quote is over another nonce, token or key")
    v.expect(selection == platform_policy.selection(sorted(registers)) and digest == sha256(told), "quote is of other registers")
    shown = {str(n): value.hex() for n, value in registers.items()}
    names = [name for name, values in references.platforms.items() if values == shown]
    v.expect(bool(names), "platform: the registers are those of no approved one")
    v.expect(claims.get("platform") in names, "platform: another name than that of its registers")


def check_references(v: Verdict, claims: dict, p: Platform, references: References, entry: dict) -> None:
    tpm = claims.get("backend") == "tpm2"
    v.expect(entry.get("backend") in (None, claims.get("backend")), "back end is not the factory's")
    if p.form == "autonomous":                    # nothing is said: it must follow from the key alone
        v.expect(tpm and entry.get("backend") == "tpm2", "autonomous: only a TPM gives its key out to an approved platform alone")
        return
    v.expect(references.programs is None or claims.get("program", b"").hex() in references.programs, "program is not a released one")
    if tpm:
        v.expect(claims.get("platform") in references.platforms, f"platform {claims.get('platform')!r} is not approved")
        v.expect(references.authority is None or claims.get("authority", b"").hex() == references.authority, "platform authority")
    if p.form == "remote":
        check_quote(v, claims, p, references)


def judge(p: Platform, devices: dict, references: References = References()) -> Verdict:
    v = Verdict()
    v.expect(len(p.token) == 32, "token is not 32 octets")
    v.claims = open_evidence(v, p.evidence, p.public_key)
    check_claims(v, v.claims, p)
    thumbprint = sha256(p.public_key).hex()
    v.gateway = next((g for g, d in devices.items() if thumbprint in (d.get("pfc"), d.get("next", {}).get("pfc"))), "")
    v.expect(bool(v.gateway), "PfC key was not signed by the factory")
    entry = devices.get(v.gateway, {})
    v.expect(not v.gateway or entry.get("transport") == sha256(p.transport_key).hex(), "transport key was not signed by the factory")
    v.expect(entry.get("tre_id") in (None, v.tre_id.hex()), "TRE id is not the factory's")
    check_references(v, v.claims, p, references, entry)
    return v
