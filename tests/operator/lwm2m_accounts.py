# SPDX-License-Identifier: Apache-2.0
"""What the operator's LwM2M server knows of gateways: pre-shared keys in DIR/psk.json, and in DIR/bootstrap.json what its bootstrap interface writes to whom.

Never prints a key.
"""
from __future__ import annotations

import hashlib
import hmac
import secrets
from pathlib import Path

from common import json_state


def psk(master: bytes, endpoint: str, server: str) -> str:
    """HMAC-SHA-256(master, "lwm2m-factory-v1" 00 | label PSK | endpoint | server), each field with a 16-bit length; hex digits."""
    def field(text: str) -> bytes:
        return len(text.encode()).to_bytes(2, "big") + text.encode()
    return hmac.new(master, b"lwm2m-factory-v1\0" + field("PSK") + field(endpoint) + field(server), hashlib.sha256).hexdigest()


def admit(directory: Path, identity: str, key: str, endpoint: str) -> None:
    """A DTLS client of that identity and key (hex digits) may come as endpoint."""
    with json_state(directory / "psk.json") as known:
        known[identity] = {"key": key, "endpoint": endpoint}


def order(directory: Path, identity: str, endpoint: str, uri: str, server_id: int = 101, lifetime: int = 300) -> None:
    """Who comes to the bootstrap server as identity gets one account, with a key of its own."""
    account = {"id": server_id, "uri": uri, "identity": f"{endpoint}-bs-{secrets.token_hex(4)}", "key": secrets.token_hex(16), "lifetime": lifetime}
    admit(directory, account["identity"], account["key"], endpoint)
    with json_state(directory / "bootstrap.json") as plans:
        plans[identity] = {"accounts": [account]}
