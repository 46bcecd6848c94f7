#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The MID issuer (SHO with its DPF): manifests and packages as doc mid-package says, right ones and, for tests, wrong ones.

Owns DIR/mids.json (last version, IMSI, package and order number of each MID) and the subscriber's line in DIR/subscribers.db, the AuC's file (not for a package with a
fault). CMS is made by the openssl command line. Keys of subscribers stay in DIR; nothing of them is printed.
"""
from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import secrets
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import cbor
import der
import pki
import pva
from aka import milenage, subscribers
from common import Refused, json_state, load_json, openssl, run_program, sha256, write_file
from oma.wsp import imsi_key

USIM, ISIM = 0, 1
BACKENDS = {"software": 0, "tpm2": 1}
SQN_STEP = subscribers.STEP
ISSUER = "sho.example"
FAULTS = {
    "other-tre": "target is another TRE", "other-pfc": "target thumbprint is another key", "wrong-token": "bound to another registration token",
    "wrong-nonce": "bound to another nonce", "expired": "notAfter is past", "not-yet": "notBefore is to come", "old-version": "version 1, whatever is installed",
    "tpm2": "demands the tpm2 back end", "bad-res": "known answer is wrong", "bad-autn": "MAC in AUTN is wrong", "untrusted": "issuer chains to an unknown root",
    "other-issuer": "issuer field is not the signer's name", "trailing": "octet behind the manifest", "truncated": "manifest is cut",
    "bitflip": "one bit of the package is flipped", "other-key": "encrypted to another transport key", "unsigned": "no SignedData inside", "format2": "manifest format 2",
}


@dataclass
class Manifest:
    mid_id: str
    tre_id: bytes
    pfc: bytes             # SHA-256 of the PfC SubjectPublicKeyInfo
    token_hash: bytes
    nonce: bytes
    imsi: str
    version: int = 1
    mid_type: int = USIM
    format: int = 1
    issuer: str = ISSUER
    backend: int = 0
    not_before: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.timezone.utc) - dt.timedelta(hours=1))
    not_after: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.timezone.utc) + dt.timedelta(days=365))
    share_mide: bool = False
    session_check: bool = True
    acl: list[tuple[str, str]] = field(default_factory=lambda: [("agentd", "identity,gba"), ("agent-usimd", "authenticate,ckik,gba,identity")])
    k: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    opc: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    amf: bytes = b"\x80\0"  # separation bit: fit for EAP-AKA' too (RFC 9048)
    sqn: int = 0x20
    rand: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    res: bytes | None = None
    autn: bytes | None = None

    impus: list[str] | None = None  # of an ISIM
    iccid: str = ""  # "": no EF_ICCID

    def files(self) -> list[tuple[str, bytes]]:
        """EF_ICCID (TS 102 221, 13.2), if there is to be one, and those of the application."""
        digits = self.iccid.ljust(20, "f")
        return [("2FE2", bytes.fromhex("".join(digits[i + 1] + digits[i] for i in range(0, 20, 2))))] * bool(self.iccid) + self.application_files()

    def application_files(self) -> list[tuple[str, bytes]]:
        """EF_IMSI, EF_AD (two digits of MNC), EF_ACC, EF_UST; for an ISIM EF_IMPI, EF_DOMAIN, EF_IMPU (TS 31.102, 31.103)."""
        if self.mid_type == ISIM:
            domain = f"ims.mnc0{self.imsi[3:5]}.mcc{self.imsi[:3]}.3gppnetwork.org"
            texts = ("6F02", f"{self.imsi}@{domain}"), ("6F03", domain), *(("6F04", t) for t in self.impus or [f"sip:{self.imsi}@{domain}"])
            return [("7FFF" + fid, b"\x80" + bytes([len(t)]) + t.encode()) for fid, t in texts]
        imsi = imsi_key(self.imsi)
        return [("7FFF6F07", bytes([len(imsi)]) + imsi), ("7FFF6FAD", bytes.fromhex("00000002")),
                ("7FFF6F78", (1 << int(self.imsi[-1])).to_bytes(2, "big")), ("7FFF6F38", bytes.fromhex("9eff1b9c3700"))]

    def encode(self) -> bytes:
        vector = milenage.network_vector(self.k, self.opc, self.rand, (self.sqn + SQN_STEP).to_bytes(6, "big"), self.amf)
        return der.sequence(
            der.integer(self.format), der.utf8(self.mid_id), der.enumerated(self.mid_type), der.integer(self.version), der.utf8(self.issuer),
            der.sequence(der.octets(self.tre_id), der.octets(self.pfc)), der.octets(self.token_hash), der.octets(self.nonce),
            der.time(self.not_before), der.time(self.not_after), der.sequence(der.enumerated(0), der.enumerated(self.backend)),
            der.sequence(der.boolean(self.share_mide), der.boolean(self.session_check)),
            der.sequence(*(der.sequence(der.utf8(s), der.utf8(o)) for s, o in self.acl)),
            der.sequence(*(der.sequence(der.octets(bytes.fromhex(p)), der.octets(c)) for p, c in self.files())),
            der.sequence(der.octets(self.k), der.octets(self.opc), der.octets(self.amf), der.octets(self.sqn.to_bytes(6, "big"))),
            der.sequence(der.octets(self.rand), der.octets(self.autn or vector.autn), der.octets(self.res or vector.xres)))


def _flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


def apply_fault(m: Manifest, fault: str | None) -> None:
    """Faults of the manifest; those of octets and signatures are in seal()."""
    now = dt.datetime.now(dt.timezone.utc)
    vector = milenage.network_vector(m.k, m.opc, m.rand, (m.sqn + SQN_STEP).to_bytes(6, "big"), m.amf)
    changes = {
        "other-tre": {"tre_id": _flip(m.tre_id, 15)}, "other-pfc": {"pfc": _flip(m.pfc, 0)}, "wrong-token": {"token_hash": _flip(m.token_hash, 31)},
        "wrong-nonce": {"nonce": _flip(m.nonce, 0)}, "expired": {"not_before": now - dt.timedelta(days=2), "not_after": now - dt.timedelta(days=1)},
        "not-yet": {"not_before": now + dt.timedelta(days=1), "not_after": now + dt.timedelta(days=2)}, "old-version": {"version": 1},
        "tpm2": {"backend": 1}, "bad-res": {"res": _flip(vector.xres, 7)}, "bad-autn": {"autn": _flip(vector.autn, 15)},
        "other-issuer": {"issuer": "other.example"}, "format2": {"format": 2},
    }
    for name, value in changes.get(fault or "", {}).items():
        setattr(m, name, value)


def recipient_certificate(ca: Path, spki: bytes, folder: Path) -> Path:
    """A certificate over a bare transport key (the TRE looks at the key only)."""
    public, out, key = folder / "transport.pub", folder / "transport.pem", folder / "holder.key"
    public.write_bytes(openssl("pkey", "-pubin", "-inform", "DER", "-pubout", data=pki.check_p256(spki)))
    pki.make_key(key)
    request = pki.make_request(key, "transport key")
    openssl("x509", "-req", "-CA", ca / "mid-root.pem", "-CAkey", ca / "mid-root.key", "-set_serial", "0x4" + secrets.token_hex(15)[1:], "-days", "30",
            "-force_pubkey", public, "-out", out, data=request)
    return out


def signer(issuer: str) -> str:
    """Stem of its key in DIR/ca (`factory.py init`, `factory.py issuer`)."""
    return "mid-issuer" if issuer == ISSUER else f"mid-issuer-{issuer}"


def seal(directory: Path, manifest: bytes, transport_spki: bytes, fault: str | None = None, by: str = ISSUER) -> bytes:
    """SignedData in AuthEnvelopedData, with the two openssl commands of doc mid-package."""
    ca = directory / "ca"
    issuer, root = ("rogue-mid-issuer", "rogue-mid-root") if fault == "untrusted" else (signer(by), "mid-root")
    if fault == "trailing":
        manifest += b"\0"
    if fault == "truncated":
        manifest = manifest[:-9]
    with tempfile.TemporaryDirectory(dir=directory) as name:
        folder = Path(name)
        if fault == "other-key":
            pki.make_key(folder / "other.key")
            transport_spki = openssl("pkey", "-in", folder / "other.key", "-pubout", "-outform", "DER")
        recipient = recipient_certificate(ca, transport_spki, folder)
        (folder / "manifest.der").write_bytes(manifest)
        signed = folder / "signed.der"
        if fault == "unsigned":
            signed.write_bytes(manifest)
        else:
            openssl("cms", "-sign", "-binary", "-nodetach", "-outform", "DER", "-md", "sha256", "-signer", ca / f"{issuer}.pem", "-inkey",
                    ca / f"{issuer}.key", "-certfile", ca / f"{root}.pem", "-in", folder / "manifest.der", "-out", signed)
        openssl("cms", "-encrypt", "-binary", "-outform", "DER", "-aes-256-gcm", "-recip", recipient, "-keyopt", "ecdh_kdf_md:sha256",
                "-in", signed, "-out", folder / "package.der")
        package = (folder / "package.der").read_bytes()
    return _flip(package, len(package) // 2) if fault == "bitflip" else package


def unseal(package: bytes, key: Path, root: Path) -> bytes:
    """What a TRE does, by the openssl command line: decrypts, verifies signature and chain; the manifest."""
    with tempfile.NamedTemporaryFile() as f:
        f.write(package)
        f.flush()
        signed = openssl("cms", "-decrypt", "-binary", "-inform", "DER", "-in", f.name, "-inkey", key)
    return openssl("cms", "-verify", "-binary", "-inform", "DER", "-CAfile", root, data=signed)


def issue(directory: Path, gateway: str, target: dict[str, bytes], fault: str | None = None, **extra) -> tuple[bytes, Manifest]:
    """A package for one TRE. target: tre_id, pfc, token_hash, nonce, transport (SubjectPublicKeyInfo). A new version and new keys each time."""
    issuer = extra.setdefault("issuer", ISSUER)
    mid_id = extra.pop("mid_id", None) or ("usim-" if issuer == ISSUER else issuer + "-") + gateway.replace(":", "-")
    with json_state(directory / "mids.json") as mids:
        entry = mids.setdefault(mid_id, {"version": 0, "imsi": extra.pop("imsi", None) or f"24008{len(mids) + 1:010d}", "gateway": gateway})
        extra.pop("imsi", None)
        version = extra.pop("version", None) or entry["version"] + 1
        m = Manifest(mid_id, target["tre_id"], target["pfc"], target["token_hash"], target["nonce"], entry["imsi"], version, **extra)
        apply_fault(m, fault)
        package = seal(directory, m.encode(), target["transport"], fault, issuer)
        entry["version"] = max(version, entry["version"])
        if fault is None:
            entry |= {"tre_id": target["tre_id"].hex(), "package": sha256(package).hex(), "issuer": issuer, "token_hash": target["token_hash"].hex()}
    if fault is None:
        with subscribers.changing(directory / "subscribers.db") as db:
            db[m.imsi] = subscribers.Subscriber(m.imsi, m.k, m.opc, m.amf, m.sqn + SQN_STEP)
    return package, m


COMMANDS = ("discover", "block", "unblock", "migrate", "erase")
RECEIPT_AAD = b"gateway-agent mid receipt v1"


def sign(directory: Path, content: bytes, issuer: str = ISSUER) -> bytes:
    """SignedData by the MID issuer."""
    ca = directory / "ca"
    return openssl("cms", "-sign", "-binary", "-nodetach", "-outform", "DER", "-md", "sha256", "-signer", ca / f"{signer(issuer)}.pem", "-inkey",
                   ca / f"{signer(issuer)}.key", "-certfile", ca / "mid-root.pem", data=content)


def order(directory: Path, mid_id: str, command: str, nonce: bytes | None = None) -> tuple[bytes, bytes]:
    """A signed order about the MID as it was last issued (doc mid-package, section 4), and the MidOrder in it."""
    with json_state(directory / "mids.json") as mids:
        entry = mids[mid_id]
        if "package" not in entry:
            raise Refused(f"{mid_id} was never issued")
        issuer = entry["issuer"]
        number = max((m.get("sequence", 0) for m in mids.values() if m.get("issuer") == issuer), default=0) + 1
        entry["sequence"] = number
    about = () if command == "discover" else (der.sequence(der.utf8(mid_id), der.octets(bytes.fromhex(entry["package"]))),)
    content = der.sequence(der.integer(1), der.enumerated(COMMANDS.index(command)), der.utf8(issuer), der.octets(bytes.fromhex(entry["tre_id"])),
                           der.integer(number), der.octets(nonce or secrets.token_bytes(16)),
                           der.time(dt.datetime.now(dt.timezone.utc) + dt.timedelta(hours=1)), *about)
    return sign(directory, content, issuer), content


def read_receipt(receipt: bytes, content: bytes, devices: dict) -> dict:
    """The claims, if a platform key that the factory knows signed them for that order."""
    protected, unprotected, payload, signature = cbor.decode(receipt).value
    gateway = next((g for g, d in devices.items() if bytes.fromhex(d.get("pfc", "")) == unprotected.get(4)), None)
    if gateway is None or not pva.signature_fits(bytes.fromhex(devices[gateway]["pfc_spki"]), signature, protected, payload, RECEIPT_AAD):
        raise Refused("receipt: signature")
    claims = cbor.decode(payload, canonical=True)
    if claims["order"] != sha256(content):
        raise Refused("receipt: of another order")
    return claims


def read_spki(path: Path) -> bytes:
    data = path.read_bytes()
    if b"BEGIN CERTIFICATE" in data:
        return pki.certificate_spki(path)
    return pki.check_p256(openssl("pkey", "-pubin", "-outform", "DER", data=data) if b"BEGIN" in data else data)


def arguments() -> argparse.Namespace:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    sub = p.add_subparsers(dest="verb", required=True)
    v = sub.add_parser("make", help="make a package", epilog="faults: " + "; ".join(f"{k} ({t})" for k, t in FAULTS.items()))
    v.add_argument("--dir", type=Path, required=True, help="folder of factory.py init")
    v.add_argument("--gateway-id", default="GW-0001")
    v.add_argument("--transport", type=Path, required=True, help="certificate, PEM or DER public key of the transport key")
    v.add_argument("--pfc", type=Path, required=True, help="the same of the PfC key")
    v.add_argument("--tre-id", required=True, help="32 hex digits, or a file with them")
    v.add_argument("--token", help="registration token, hex")
    v.add_argument("--token-hash", help="its SHA-256 instead, hex")
    v.add_argument("--nonce", required=True, help="nonce of the last evidence, hex")
    v.add_argument("--mid-id")
    v.add_argument("--version", type=int)
    v.add_argument("--imsi")
    v.add_argument("--isim", action="store_true")
    v.add_argument("--acl", action="append", metavar="USER:OPERATIONS")
    v.add_argument("--fault", choices=sorted(FAULTS))
    v.add_argument("--out", type=Path, required=True)
    v = sub.add_parser("order", help="make a signed order about a MID that was issued; its MidOrder goes to OUT.der")
    v.add_argument("--dir", type=Path, required=True)
    v.add_argument("--mid-id", required=True)
    v.add_argument("command", choices=COMMANDS)
    v.add_argument("--out", type=Path, required=True)
    v = sub.add_parser("receipt", help="verify a receipt; its claims on stdout")
    v.add_argument("--dir", type=Path, required=True)
    v.add_argument("--order", type=Path, required=True, help="OUT of the order")
    v.add_argument("receipt", type=Path)
    v = sub.add_parser("open", help="decrypt and verify a package with openssl; the manifest on stdout (DER)")
    v.add_argument("--key", type=Path, required=True, help="transport private key")
    v.add_argument("--root", type=Path, required=True, help="MID issuer root")
    v.add_argument("package", type=Path)
    return p.parse_args()


def make(a: argparse.Namespace) -> None:
    if bool(a.token) == bool(a.token_hash):
        raise Refused("give --token or --token-hash")
    tre = Path(a.tre_id).read_text().strip() if os.path.exists(a.tre_id) else a.tre_id
    token_hash = sha256(bytes.fromhex(a.token)) if a.token else bytes.fromhex(a.token_hash)
    target = {"tre_id": bytes.fromhex(tre), "pfc": sha256(read_spki(a.pfc)), "transport": read_spki(a.transport), "token_hash": token_hash,
              "nonce": bytes.fromhex(a.nonce)}
    extra: dict = {"mid_type": ISIM if a.isim else USIM, "mid_id": a.mid_id, "version": a.version, "imsi": a.imsi}
    if a.acl:
        extra["acl"] = [tuple(entry.split(":", 1)) for entry in a.acl]
    package, m = issue(a.dir, a.gateway_id, target, a.fault, **extra)
    write_file(a.out, package)
    print(json.dumps({"mid_id": m.mid_id, "version": m.version, "octets": len(package), "sha256": sha256(package).hex()}))


def main() -> None:
    a = arguments()
    try:
        if a.verb == "make":
            make(a)
        elif a.verb == "order":
            signed, content = order(a.dir, a.mid_id, a.command)
            write_file(a.out, signed)
            write_file(a.out.with_suffix(".der"), content)
        elif a.verb == "receipt":
            claims = read_receipt(a.receipt.read_bytes(), a.order.with_suffix(".der").read_bytes(), load_json(a.dir / "devices.json", {}))
            print(json.dumps({k if isinstance(k, str) else str(k): v.hex() if isinstance(v, bytes) else
                              [{n: x.hex() if isinstance(x, bytes) else x for n, x in m.items()} for m in v] if isinstance(v, list) else v
                              for k, v in claims.items()}))
        else:
            sys.stdout.buffer.write(unseal(a.package.read_bytes(), a.key, a.root))
    except ValueError as e:
        raise Refused(str(e)) from None


if __name__ == "__main__":
    run_program(main)
