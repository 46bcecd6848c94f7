# SPDX-License-Identifier: Apache-2.0
"""DM accounts of the operator, DIR/dm-accounts.json: what push.py hands to gateways and dm_server.py believes.

Keyed by the client's user name. Nonces are those that the next message of each side is made with; the server moves them on. The file is 0600.
"""
from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path

from common import Refused, b64, from_b64, json_state, load_json

TYPES = {"BASIC": "syncml:auth-basic", "DIGEST": "syncml:auth-md5", "HMAC": "syncml:auth-MAC"}


def _nonce() -> str:
    return b64(secrets.token_bytes(16))


@dataclass
class Account:
    user: str
    server_id: str
    url: str
    auth: str = "DIGEST"
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    nonce: str = field(default_factory=_nonce)
    server_secret: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    server_nonce: str = field(default_factory=_nonce)

    def octets(self, which: str) -> bytes:
        return from_b64(getattr(self, which))


def load(directory: Path, user: str) -> Account | None:
    entry = load_json(directory / "dm-accounts.json", {}).get(user)
    return Account(**entry) if entry else None


def save(directory: Path, account: Account) -> None:
    with json_state(directory / "dm-accounts.json") as accounts:
        accounts[account.user] = asdict(account)


def get_or_make(directory: Path, user: str, server_id: str, url: str, auth: str) -> Account:
    """The stored account with these (server id, URL and type are set anew), or a new one with random secrets and nonces."""
    if auth not in TYPES:
        raise Refused(f"authentication {auth}: one of {', '.join(TYPES)}")
    account = load(directory, user) or Account(user, server_id, url)
    account.server_id, account.url, account.auth = server_id, url, auth
    save(directory, account)
    return account
