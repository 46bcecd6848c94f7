# SPDX-License-Identifier: Apache-2.0
"""Certificates of the operator and the manufacturer, all made by the openssl command line (EC P-256, SHA-256).

Owns the layout DIR/ca/NAME.{pem,key}. Private keys are 0600 and never leave DIR. For tests only: no revocation, no ceremony.
"""
from __future__ import annotations

import ipaddress
import os
import secrets
import tempfile
from pathlib import Path

from common import Refused, openssl, sha256

CA_DAYS, LEAF_DAYS = "7300", "3650"
ROOT = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n"
LEAF = "basicConstraints=critical,CA:FALSE\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"


def make_key(path: Path) -> None:
    pem = openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:named_curve")
    path.parent.mkdir(parents=True, exist_ok=True)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(fd, "wb") as f:
        f.write(pem)


def subject(cn: str, organisation: str = "") -> str:
    def quote(s: str) -> str:
        return s.replace("\\", "\\\\").replace("/", "\\/").replace("+", "\\+")
    return (f"/O={quote(organisation)}" if organisation else "") + f"/CN={quote(cn)}"


def make_root(directory: Path, name: str, cn: str, organisation: str) -> None:
    key, cert = directory / f"{name}.key", directory / f"{name}.pem"
    make_key(key)
    config = "[req]\ndistinguished_name=dn\nx509_extensions=ext\nprompt=no\n[dn]\n[ext]\n" + ROOT
    with tempfile.NamedTemporaryFile("w", suffix=".cnf") as f:
        f.write(config)
        f.flush()
        openssl("req", "-x509", "-new", "-config", f.name, "-key", key, "-sha256", "-days", CA_DAYS, "-subj", subject(cn, organisation), "-out", cert)


def make_request(key: Path, cn: str, organisation: str = "") -> bytes:
    with tempfile.NamedTemporaryFile("w", suffix=".cnf") as f:
        f.write("[req]\ndistinguished_name=dn\nprompt=no\n[dn]\n")
        f.flush()
        return openssl("req", "-new", "-config", f.name, "-key", key, "-sha256", "-subj", subject(cn, organisation))


def sign_request(request: bytes, ca: Path, ca_name: str, out: Path, extensions: str) -> None:
    """Issues a certificate for a PEM request whose own signature is right."""
    openssl("req", "-verify", "-noout", data=request)
    with tempfile.NamedTemporaryFile("w", suffix=".ext") as f:
        f.write(LEAF + extensions)
        f.flush()
        openssl("x509", "-req", "-CA", ca / f"{ca_name}.pem", "-CAkey", ca / f"{ca_name}.key", "-set_serial", "0x4" + secrets.token_hex(15)[1:], "-sha256",
                "-days", LEAF_DAYS, "-extfile", f.name, "-out", out, data=request)


def make_leaf(ca: Path, ca_name: str, key: Path, out: Path, cn: str, extensions: str, organisation: str = "") -> None:
    if not key.exists():
        make_key(key)
    sign_request(make_request(key, cn, organisation), ca, ca_name, out, extensions)


def alternative_names(names: list[str]) -> str:
    def one(name: str) -> str:
        try:
            return f"IP:{ipaddress.ip_address(name)}"
        except ValueError:
            return f"DNS:{name}"
    return ",".join(map(one, names))


def request_spki(request: bytes) -> bytes:
    """DER SubjectPublicKeyInfo of a PEM request; a P-256 key or Refused."""
    return check_p256(openssl("pkey", "-pubin", "-outform", "DER", data=openssl("req", "-noout", "-pubkey", data=request)))


def request_cn(request: bytes) -> str:
    line = openssl("req", "-noout", "-subject", "-nameopt", "multiline,-esc_msb,utf8", data=request).decode()
    for part in line.splitlines():
        name, _, value = part.partition("=")
        if name.strip() == "commonName":
            return value.strip()
    raise Refused("request without a common name")


def certificate_spki(path: Path) -> bytes:
    return openssl("pkey", "-pubin", "-outform", "DER", data=openssl("x509", "-in", path, "-noout", "-pubkey"))


def check_p256(spki: bytes) -> bytes:
    if len(spki) != 91 or not spki.startswith(bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")):
        raise Refused("not an uncompressed P-256 public key")
    return spki


def der(path: Path) -> bytes:
    return openssl("x509", "-in", path, "-outform", "DER")


def pin(path: Path) -> bytes:
    """SHA-256 of the certificate's SubjectPublicKeyInfo."""
    return sha256(certificate_spki(path))
