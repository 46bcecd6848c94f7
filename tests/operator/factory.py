#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The manufacturer: roots, factory data of a gateway (doc factory-data), certificates for the keys that its TRE made, server certificates.

Owns DIR/ca, DIR/servers and DIR/devices.json (what the operator later knows of a device: PIN and key thumbprints). Never sees a private key of a
device.
"""
from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

import enrolment
import ocsp
import pki
from common import Refused, b64, json_state, load_json, openssl, run_program, sha256, write_file
from mid import ISSUER, signer

GATEWAY_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")


def init(directory: Path, issuer: str) -> None:
    """Roots: manufacturer (PfC), operator-tls (servers), mid-root with the signer mid-issuer; rogue-* are like them, and trusted by nobody."""
    ca = directory / "ca"
    if (ca / "manufacturer.pem").exists():
        raise Refused(f"{ca}: made already")
    ca.mkdir(parents=True, exist_ok=True)
    ca.chmod(0o700)
    for name, cn, organisation in (("manufacturer", "Example Gateways Root", "Example Gateways"), ("operator-tls", "Operator TLS Root", "Operator"),
                                   ("mid-root", "MID Issuer Root", "Operator"), ("rogue-tls", "Operator TLS Root", "Operator"),
                                   ("bbn", "Briefing Node", "Operator"), ("rogue-bbn", "Briefing Node", "Operator"),
                                   ("rogue-mid-root", "MID Issuer Root", "Operator"), ("platform-authority", "Platform Authority", "Example Gateways")):
        pki.make_root(ca, name, cn, organisation)
    for root, name in (("mid-root", "mid-issuer"), ("rogue-mid-root", "rogue-mid-issuer")):
        issuer_leaf(ca, root, name, issuer)


def issuer_leaf(ca: Path, root: str, stem: str, issuer: str) -> None:
    pki.make_leaf(ca, root, ca / f"{stem}.key", ca / f"{stem}.pem", issuer, "keyUsage=critical,digitalSignature\n", "Operator")


def sources(ca: Path, args: argparse.Namespace) -> dict:
    """Where the gateway may ask by itself, and who may instruct it."""
    out: dict = {}
    if args.instruction_key:
        out["instruction_keys"] = [(ca / f"{name}.pem").read_text() for name in args.instruction_key]
    if args.briefing:
        out["briefing"] = {"uri": args.briefing}
    if args.access_point:
        out["access_point"] = {"apn": args.access_point}
    if args.provurl:
        out["provurl"] = {"uri": args.provurl}
    if args.account:
        out["accounts"] = [dict(part.split("=", 1) for part in text.split(",")) for text in args.account]
    if args.lwm2m:
        out["lwm2m"] = [{k: int(v) if k in ("server_id", "lifetime") else v for k, v in (part.split("=", 1) for part in text.split(","))} for text in args.lwm2m]
    if args.initial_access:
        out["initial_access"] = {k: v.split("+") if k == "hosts" else v for k, v in (part.split("=", 1) for part in args.initial_access.split(","))}
    if args.imei:
        out["imei"] = args.imei
    return out


def device(directory: Path, args: argparse.Namespace) -> None:
    ca, out = directory / "ca", args.out or directory
    if not GATEWAY_ID.fullmatch(args.gateway_id):
        raise Refused("gateway id: 1..64 of A-Z a-z 0-9 . _ : -")
    if not re.fullmatch(r"[0-9]{4,16}", args.pin):
        raise Refused("PIN: 4..16 decimal digits")
    public = {"format": 1, "gateway_id": args.gateway_id, "manufacturer": args.manufacturer, "model": args.model, "serial": args.serial}
    if args.hardware_version:
        public["hardware_version"] = args.hardware_version
    public["trust_roots"] = [(ca / "operator-tls.pem").read_text()]
    if args.context:
        public["contexts"] = args.context
    public |= sources(ca, args)
    out.mkdir(parents=True, exist_ok=True)
    write_file(out / "factory.json", (json.dumps(public, indent=2) + "\n").encode())
    write_file(out / "mid-issuers.pem", (ca / "mid-root.pem").read_bytes())
    secret = f"gateway_id = {args.gateway_id}\ndevice_pin = {args.pin}\nmid_issuers = mid-issuers.pem\n"
    if args.derivation_key:
        secret += f"derivation_key = {args.derivation_key}\n"
    if args.tpm:
        secret += "platform_authority = platform-authority.pub\n"
        write_file(out / "platform-authority.pub", openssl("x509", "-in", ca / "platform-authority.pem", "-noout", "-pubkey"))
    secret += "".join(f"psk_{name} = {value}\n" for name, value in (text.split("=", 1) for text in args.psk or []))
    write_file(out / "factory-secret.conf", secret.encode(), 0o600)
    with json_state(directory / "devices.json") as devices:
        devices.setdefault(args.gateway_id, {}).update(pin=args.pin, backend="tpm2" if args.tpm else "software", **{k: v for k, v in (("imei", args.imei), ("key", args.derivation_key)) if v})


def sign(directory: Path, args: argparse.Namespace) -> None:
    ca, out = directory / "ca", args.out or directory
    pfc, transport = args.pfc.read_bytes(), args.transport.read_bytes()
    gateway = pki.request_cn(pfc)
    if pki.request_cn(transport) != gateway:
        raise Refused("the two requests name different gateways")
    if gateway not in load_json(directory / "devices.json", {}):
        raise Refused(f"{gateway}: no such device (run `factory.py device` first)")
    spki, kem = pki.request_spki(pfc), pki.request_spki(transport)
    if spki == kem:
        raise Refused("one key for two purposes")
    out.mkdir(parents=True, exist_ok=True)
    pki.sign_request(pfc, ca, "manufacturer", out / "pfc.pem", enrolment.extensions(*(sha256(p.read_bytes()) for p in args.program or [])))
    ocsp.record(directory, out / "pfc.pem")
    pki.sign_request(transport, ca, "manufacturer", out / "transport.pem", "keyUsage=critical,keyAgreement\n")
    with json_state(directory / "devices.json") as devices:
        entry = devices[gateway]
        entry.update(pfc=sha256(spki).hex(), pfc_spki=spki.hex(), transport=sha256(kem).hex())
        if args.tre_id:
            entry["tre_id"] = args.tre_id.read_text().strip().lower()


def server(directory: Path, names: list[str]) -> None:
    """NAME.pem under the operator's root, NAME.rogue.pem with the same names under a root that nobody trusts."""
    ca, out = directory / "ca", directory / "servers"
    out.mkdir(exist_ok=True)
    extensions = f"keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\nsubjectAltName={pki.alternative_names(names)}\n"
    for root, suffix in (("operator-tls", ""), ("rogue-tls", ".rogue")):
        stem = names[0] + suffix
        pki.make_leaf(ca, root, out / f"{stem}.key", out / f"{stem}.pem", names[0][:64], extensions)


def arguments(words: list[str] | None = None) -> argparse.Namespace:
    """The command line, or the words given instead of it (selftests)."""
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    sub = p.add_subparsers(dest="verb", required=True)
    v = sub.add_parser("init", help="make DIR/ca")
    v.add_argument("dir", type=Path)
    v.add_argument("--issuer", default=ISSUER, help="common name of the MID issuer (default %(default)s)")
    v = sub.add_parser("issuer", help="certify one more MID issuer, of another operator, under the same root")
    v.add_argument("dir", type=Path)
    v.add_argument("name")
    v = sub.add_parser("device", help="write factory.json, factory-secret.conf, mid-issuers.pem")
    v.add_argument("dir", type=Path)
    v.add_argument("--gateway-id", required=True)
    v.add_argument("--pin", required=True)
    v.add_argument("--out", type=Path, help="folder for the three files (default DIR)")
    v.add_argument("--manufacturer", default="Example")
    v.add_argument("--model", default="GW1")
    v.add_argument("--serial", default="0001")
    v.add_argument("--hardware-version")
    v.add_argument("--context", action="append", help="may be repeated; default: key absent")
    v.add_argument("--instruction-key", action="append", metavar="CA", help="DIR/ca/CA.pem may sign instructions, e.g. bbn")
    v.add_argument("--briefing", metavar="URI", help="briefing node")
    v.add_argument("--access-point", metavar="APN", help="for what names none")
    v.add_argument("--provurl", metavar="URI", help="DM server for a session by the device PIN")
    v.add_argument("--account", action="append", metavar="KEY=VALUE,..", help="factory account: server_id, uri, credentials, context")
    v.add_argument("--lwm2m", action="append", metavar="KEY=VALUE,..", help="factory LwM2M account: uri, server_id (absent: bootstrap server), psk, server, context, ..")
    v.add_argument("--psk", action="append", metavar="NAME=HEX", help="secret part: a pre-shared key that accounts name")
    v.add_argument("--initial-access", metavar="KEY=VALUE,..", help="of a PCID: pcid, apn, hosts (HOST+HOST..), ip")
    v.add_argument("--imei")
    v.add_argument("--tpm", action="store_true", help="secret part: DIR/ca/platform-authority approves platforms (agent-tred-tpm2)")
    v.add_argument("--derivation-key", metavar="HEX", help="secret part: key of the keyed credentials")
    v = sub.add_parser("sign", help="issue pfc.pem and transport.pem, register the keys in DIR/devices.json")
    v.add_argument("dir", type=Path)
    v.add_argument("pfc", type=Path)
    v.add_argument("transport", type=Path)
    v.add_argument("--tre-id", type=Path, help="file tre-id of agent-tred: the PVA then also checks the UEID")
    v.add_argument("--program", type=Path, action="append", help="program of the TRE that pfc.pem is issued for, may be repeated (default: it names none)")
    v.add_argument("--out", type=Path, help="folder for the two certificates (default DIR)")
    v = sub.add_parser("server", help="issue DIR/servers/NAME.{pem,key} (SAN: all names)")
    v.add_argument("dir", type=Path)
    v.add_argument("name", nargs="+")
    v = sub.add_parser("pin", help="print base64 SHA-256 of a certificate's SubjectPublicKeyInfo")
    v.add_argument("certificate", type=Path)
    return p.parse_args(words)


def run(a: argparse.Namespace) -> None:
    if a.verb == "init":
        init(a.dir, a.issuer)
    elif a.verb == "issuer":
        issuer_leaf(a.dir / "ca", "mid-root", signer(a.name), a.name)
    elif a.verb == "device":
        device(a.dir, a)
    elif a.verb == "sign":
        sign(a.dir, a)
    elif a.verb == "server":
        server(a.dir, a.name)
    else:
        print(b64(pki.pin(a.certificate)))


def main() -> None:
    run(arguments())


if __name__ == "__main__":
    run_program(main)
