# SPDX-License-Identifier: Apache-2.0
"""What the operator knows about its subscribers' access points, and what it answers to a wrong one.

Owns: the table {apn: {"auth": [pap|chap|none], "user": ..., "password": ..., "family": [ipv4|ipv6]}} (IPv4 alone by default) and the call end reasons.
Promises: without a table every access point is accepted; with one, only what it lists, names compared without case.
Must never tell apart a wrong user from a wrong password.
"""
import hmac
import json
import struct
from dataclasses import dataclass

from qmux import tlv

AUTH_BITS = {"pap": 0x01, "chap": 0x02}               # WDS authentication preference
TYPE_3GPP = 6                                         # verbose call end reason: cause values of 3GPP TS 24.008 10.5.6.6


@dataclass(frozen=True)
class EndReason:
    name: str
    generic: int                                      # WDS call end reason
    cause: int                                        # 3GPP session management cause

    def tlvs(self) -> bytes:
        return tlv(0x10, struct.pack("<H", self.generic)) + tlv(0x11, struct.pack("<Hh", TYPE_3GPP, self.cause))


UNKNOWN_APN = EndReason("unknown-apn", 1013, 27)
AUTH_FAILED = EndReason("auth-failed", 10, 29)
IPV4_ONLY = EndReason("ipv4-only", 1, 50)
IPV6_ONLY = EndReason("ipv6-only", 1, 51)
BARRED = EndReason("barred", 1012, 8)
NO_RESOURCES = EndReason("no-resources", 1005, 26)
NETWORK_FAILURE = EndReason("network-failure", 1009, 38)
DEACTIVATED = EndReason("deactivated", 1008, 36)
REASONS = {r.name: r for r in (UNKNOWN_APN, AUTH_FAILED, IPV4_ONLY, IPV6_ONLY, BARRED, NO_RESOURCES, NETWORK_FAILURE, DEACTIVATED)}


def table_load(path: str):
    with open(path, encoding="utf-8") as file:
        table = {apn.lower(): row for apn, row in json.load(file).items()}
    for apn, row in table.items():
        unknown = set(row) - {"auth", "user", "password", "family"} or set(row.get("auth", [])) - {"pap", "chap", "none"}
        if unknown:
            raise SystemExit(f"{path}: {apn}: unknown {', '.join(sorted(unknown))}")
    return table


def family_check(table, apn: bytes, family: str):
    """None if the access point gives addresses of that family, else the EndReason."""
    row = (table or {}).get(apn.decode("ascii", "replace").lower(), {})
    if family in row.get("family", ["ipv4"]):
        return None
    return IPV4_ONLY if family == "ipv6" else IPV6_ONLY


def same(left: bytes, right: str) -> bool:
    return hmac.compare_digest(left, right.encode())


def attempt_check(table, apn: bytes, preference: int, user: bytes, password: bytes):
    """None if the network accepts, else the EndReason. PREFERENCE is a bit mask of AUTH_BITS; 0 is none."""
    if table is None:
        return None
    row = table.get(apn.decode("ascii", "replace").lower())
    if row is None:
        return UNKNOWN_APN
    allowed = row.get("auth", ["none"])
    if "none" in allowed:
        return None
    if not any(preference & AUTH_BITS[name] for name in allowed):
        return AUTH_FAILED
    if same(user, row.get("user", "")) and same(password, row.get("password", "")):
        return None
    return AUTH_FAILED
