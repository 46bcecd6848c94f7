#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The maker of the platform: approves what its firmware measures (doc platform-policy). Owns nothing but the key that it is given; keeps the PVA's list.

Prints one line of platform.policy; --reference FILE adds the registers to what the PVA compares quotes with.
"""
from __future__ import annotations

import argparse
import struct
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

from common import Refused, json_state, run_program, sha256

POLICY_PCR, REFERENCE = 0x17F, b"gateway-agent platform 1"


def selection(pcrs: list[int]) -> bytes:
    """TPML_PCR_SELECTION of the SHA-256 bank (TPM 2.0 part 2, 10.9.7)."""
    bits = sum(1 << n for n in pcrs).to_bytes(3, "little")
    return struct.pack(">IHB", 1, 0x000B, 3) + bits


def digest(values: dict[int, bytes]) -> bytes:
    """policyDigest after PolicyPCR from an empty one (TPM 2.0 part 3, 23.7)."""
    pcrs = sorted(values)
    return sha256(bytes(32) + struct.pack(">I", POLICY_PCR) + selection(pcrs) + sha256(b"".join(values[n] for n in pcrs)))


def sign(key: Path, octets: bytes) -> bytes:
    private = serialization.load_pem_private_key(key.read_bytes(), None)
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise Refused(f"{key}: no EC key")
    r, s = utils.decode_dss_signature(private.sign(octets, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def line(key: Path, values: dict[int, bytes], name: str) -> str:
    policy = digest(values)
    return f"{','.join(map(str, sorted(values)))} {policy.hex()} {sign(key, policy + REFERENCE).hex()} {name}\n"


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--key", type=Path, required=True, help="private key of the platform authority (PEM)")
    p.add_argument("--pcr", action="append", required=True, metavar="N=HEX", help="expected value in the SHA-256 bank; may be repeated")
    p.add_argument("--name", default="", help="of the firmware, for the log")
    p.add_argument("--reference", type=Path, help="the PVA's list, e.g. DIR/platforms.json")
    a = p.parse_args()
    values = {int(n): bytes.fromhex(value) for n, value in (text.split("=", 1) for text in a.pcr)}
    print(line(a.key, values, a.name), end="")
    if a.reference:
        with json_state(a.reference) as platforms:
            platforms[a.name] = {str(n): value.hex() for n, value in values.items()}


if __name__ == "__main__":
    run_program(main)
