# SPDX-License-Identifier: Apache-2.0
"""The bootstrap interface of the operator's LwM2M server (LwM2M 1.1, 6.1): what it writes to whom.

Owns nothing: DIR/bootstrap.json says for a PSK identity, or for "ep=ENDPOINT" by whatever identity, which accounts it gets, and may order a fault: "silent" (writes half of it and stops),
"half" (an account without its Server object), "refuse" (4.00). An account's "server" holds more resources of its Server object, numbers by id; "own" those of the bootstrap server's own account;
"instances" says which instances of objects 0 and 1 it is. "rights" are instances of object 2, each {"instance", "of": [object, instance], "owner", "acl": {server: bits}}. Keys come from there too and are never logged.
"""
from __future__ import annotations

from pathlib import Path
from typing import Any

import coap
from coap import ACK, Message
from coap_endpoint import Endpoint, NoAnswer
from common import load_json
from oma import card

RESOURCE_INSTANCE, MULTIPLE_RESOURCE, RESOURCE = 1, 2, 3
TLV, TEXT = ([(coap.CONTENT_FORMAT, coap.uint(n))] for n in (11542, 0))


def small(value: int) -> bytes:
    return next(value.to_bytes(n, "big", signed=True) for n in (1, 2, 4, 8) if -(1 << 8 * n - 1) <= value < 1 << 8 * n - 1)


def security(account: dict[str, Any]) -> bytes:
    values = {0: account["uri"].encode(), 1: b"\0", 2: small(account.get("mode", 0)), 3: account["identity"].encode(), 4: b"", 5: bytes.fromhex(account["key"]), 10: small(account["id"])}
    return b"".join(card.tlv(RESOURCE, n, v) for n, v in values.items())


def server(account: dict[str, Any]) -> bytes:
    values = {0: small(account["id"]), 1: small(account["lifetime"]), 6: b"\1", 7: b"U", **{int(n): small(v) for n, v in account.get("server", {}).items()}}
    return b"".join(card.tlv(RESOURCE, n, v) for n, v in values.items())


def rights(row: dict[str, Any]) -> bytes:
    values = {0: small(row["of"][0]), 1: small(row["of"][1]), 3: small(row["owner"])}
    acl = b"".join(card.tlv(RESOURCE_INSTANCE, int(n), small(v)) for n, v in row.get("acl", {}).items())
    return b"".join(card.tlv(RESOURCE, n, v) for n, v in values.items()) + card.tlv(MULTIPLE_RESOURCE, 2, acl)


class Bootstrap:
    """One for all peers; a run for each Bootstrap-Request."""

    def __init__(self, folder: Path, endpoint: Endpoint, log, spawn) -> None:
        self.folder, self.endpoint, self.log, self.spawn = folder, endpoint, log, spawn

    def request(self, peer, m: Message) -> Message:
        names = dict(q.split("=", 1) for q in m.query if "=" in q)
        plans = load_json(self.folder / "bootstrap.json", {})
        plan = plans.get(peer.identity) or plans.get(f"ep={names.get('ep')}")
        self.log("bootstrap-request", identity=peer.identity, ep=names.get("ep", ""), pct=names.get("pct", ""))
        if m.code != coap.POST or not plan or plan.get("fault") == "refuse":
            return Message(ACK, coap.BAD_REQUEST)
        self.spawn(self.run(peer, plan))
        return Message(ACK, coap.CHANGED)

    async def step(self, peer, code: int, path: str, options: list | None = None, payload: bytes = b"") -> str:
        m = await self.endpoint.ask(peer, code, path, options, payload)
        self.log("bootstrap-step", path=path, code=coap.code_text(m.code), links=m.payload.decode(errors="replace") if code == coap.GET else "")
        return coap.code_text(m.code)

    async def run(self, peer, plan: dict[str, Any]) -> None:
        fault = plan.get("fault")
        try:
            await self.step(peer, coap.GET, "/", [(coap.ACCEPT, coap.uint(40))])
            await self.step(peer, coap.DELETE, "/")
            for n, account in enumerate(plan["accounts"]):
                of_security, of_server = account.get("instances", [n + 1, n])
                await self.step(peer, coap.PUT, f"/0/{of_security}", TLV, security(account))
                if fault == "silent":
                    return
                if fault != "half":
                    await self.step(peer, coap.PUT, f"/1/{of_server}", TLV, server(account))
            for row in plan.get("rights", []):
                await self.step(peer, coap.PUT, f"/2/{row['instance']}", TLV, rights(row))
            for n, value in plan.get("own", {}).items():
                await self.step(peer, coap.PUT, f"/0/0/{n}", TEXT, str(value).encode())
            self.log("bootstrap-finish", code=await self.step(peer, coap.POST, "/bs"))
        except NoAnswer as e:
            self.log("bootstrap-ended", error=str(e))
