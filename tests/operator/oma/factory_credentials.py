# SPDX-License-Identifier: Apache-2.0
"""OMA DM factory bootstrap: credentials from IMEI and ServerID.

A and B are public functions of the IMEI (long in use, no secret in them); C is keyed with a master key of at least 32 octets.
"""
from __future__ import annotations

import base64
import hashlib
import hmac

_CLIENT = (14, 6, 16, 12, 10, 14, 5, 12, 18, 10, 11, 6, 13, 14, 5)
_SERVER = (10, 6, 14, 14, 10, 11, 6, 14, 11, 4, 4, 7, 17, 12, 12)


def _md5_b64(text: str) -> str:
    return base64.b64encode(hashlib.md5(text.encode()).digest()).decode()


def method_a(imei: str, server_id: str) -> dict[str, str]:
    return dict(UserName=_md5_b64(f"{imei}:{server_id}:UserName"), ClientPW=_md5_b64(f"{imei}:{server_id}"),
                ServerPW=_md5_b64(f"{server_id}:{imei}"))


def _base36(n: int) -> str:
    s = ""
    while n:
        n, digit = divmod(n, 36)
        s = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + s
    return s.rjust(10, "0")


def _shuffle(s: str) -> str:
    half = len(s) // 2
    return "".join(b + a for a, b in zip(s[:half], reversed(s[half:])))


def _method_b(imei: str, server_id: str, weights: tuple[int, ...]) -> str:
    o = [ord(c) for c in imei]
    s1 = sum(o[i + 3] * weights[i] for i in range(len(o) - 3))
    s2 = sum(o[i + 3] * o[i + 2] * weights[i] for i in range(len(o) - 3))
    digest = hashlib.md5(f"{imei}{s1}-{s2}{server_id}".encode()).digest()
    nibbles = "".join(f"{b & 15:x}{b >> 4:x}" for b in digest)
    out = "".join(nibbles[i] for i in (2, 7, 8, 12, 25, 30)) + _base36(int(imei))
    for _ in range(3):
        out = _shuffle(out)
    return out


def method_b(imei: str, server_id: str) -> dict[str, str]:
    return dict(UserName=imei, ClientPW=_method_b(imei, server_id, _CLIENT), ServerPW=_method_b(imei, server_id, _SERVER))


def method_c(master: bytes, imei: str, server_id: str) -> dict[str, str]:
    """HMAC-SHA-256(master, "oma-dm-factory-v1" 00 | label | imei | server id), each field with a 16-bit length."""
    def field(text: str) -> bytes:
        return len(text.encode()).to_bytes(2, "big") + text.encode()

    def derive(label: str) -> bytes:
        return hmac.new(master, b"oma-dm-factory-v1\0" + field(label) + field(imei) + field(server_id), hashlib.sha256).digest()

    return dict(UserName="urn:imei:" + imei, ClientPW=base64.urlsafe_b64encode(derive("ClientPW")[:24]).decode(),
                ServerPW=base64.urlsafe_b64encode(derive("ServerPW")[:24]).decode(),
                ClientNonce=base64.b64encode(derive("ClientNonce")[:16]).decode(),
                ServerNonce=base64.b64encode(derive("ServerNonce")[:16]).decode())
