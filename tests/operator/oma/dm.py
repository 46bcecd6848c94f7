# SPDX-License-Identifier: Apache-2.0
"""OMA DM 1.2: authentication digests, Package#0, and the CoAP trigger of LwM2M."""
from __future__ import annotations

import base64
import hashlib


def _h(data: bytes) -> bytes:
    return hashlib.md5(data).digest()


def _b64(data: bytes) -> bytes:
    return base64.b64encode(data)


def basic(user: bytes, password: bytes) -> str:
    return _b64(user + b":" + password).decode()


def md5_digest(user: bytes, password: bytes, nonce: bytes) -> str:
    """syncml:auth-md5"""
    return _b64(_h(_b64(_h(user + b":" + password)) + b":" + nonce)).decode()


def hmac_digest(user: bytes, password: bytes, nonce: bytes, body: bytes) -> str:
    """The mac field of the x-syncml-hmac header (nested MD5, not RFC 2104)."""
    return _b64(_h(_b64(_h(user + b":" + password)) + b":" + nonce + b":" + _b64(_h(body)))).decode()


def package0(server_id: bytes, password: bytes, nonce: bytes, version: int = 11, ui_mode: int = 0, initiator: int = 1, session: int = 1,
             vendor: bytes = b"") -> bytes:
    """Digest and trigger of a DM 1.2 notification (version 11 is "1.1")."""
    header = version << 54 | ui_mode << 52 | initiator << 51 | session << 8 | len(server_id)
    trigger = header.to_bytes(8, "big") + server_id + vendor
    digest = _h(_b64(_h(server_id + b":" + password)) + b":" + nonce + b":" + _b64(_h(trigger)))
    return digest + trigger


def coap_post(path: str, message_id: int, token: bytes) -> bytes:
    out, last = bytes([0x40 | len(token), 0x02]) + message_id.to_bytes(2, "big") + token, 0
    for segment in path.strip("/").split("/"):
        out += bytes([(11 - last) << 4 | len(segment)]) + segment.encode()
        last = 11
    return out
