# SPDX-License-Identifier: Apache-2.0
"""The briefing node over CoAP with DTLS (doc briefing-node): GET /bei and POST /res, in blocks as small as is wanted. A gateway shows its device certificate, by which alone it is known.

Owns the socket and the sessions. What is asked and answered is the node's business.
"""
from __future__ import annotations

import asyncio
import signal

import coap
from coap_endpoint import Endpoint
from common import Refused
from dtls import DtlsServer

COSE_SIGN1, BLOCK = 18, 64


def code_of(status: int) -> int:
    """403 as 4.03; 200 is content and 204 nothing new."""
    return {200: coap.CONTENT, 204: coap.VALID}.get(status) or status // 100 << 5 | status % 100


class Front(asyncio.DatagramProtocol):
    def __init__(self, node) -> None:
        self.node = node
        stem = node.directory / "servers" / node.name.partition(":")[0]
        files = (f"{stem}.pem", f"{stem}.key", node.directory / "ca/manufacturer.pem")
        self.endpoint = Endpoint(self.on_request, lambda peer, text: node.log("violation", path="coap", reason=text))
        self.dtls = DtlsServer(lambda data, to: self.transport.sendto(data, to), lambda _identity: None, lambda _connection, _old: None, self.endpoint.receive,
                               self.endpoint.forget, node.log, certificates=lambda: files)

    def connection_made(self, transport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, address) -> None:
        self.dtls.feed(data, address)

    def on_request(self, peer, m: coap.Message) -> coap.Message:
        try:
            status, headers, body = self.answer(peer, m)
        except (Refused, KeyError, ValueError, TypeError) as e:
            self.node.log("violation", path=m.path, reason=f"{type(e).__name__}: {e}")
            status, headers, body = 400, {}, b""
        options = [(coap.MAX_AGE, coap.uint(int(headers["Retry-After"])))] if "Retry-After" in headers else []
        if status != 200:
            return coap.Message(coap.ACK, coap.CHANGED if m.code == coap.POST and status == 204 else code_of(status), options=options)
        return self.block(m, body)

    def answer(self, peer, m: coap.Message) -> tuple[int, dict, bytes]:
        if m.code == coap.POST and m.path == "/res" and m.number(coap.CONTENT_FORMAT) == COSE_SIGN1:
            return self.node.result(m.payload, "/res", "coaps")
        if m.code != coap.GET or m.path != "/bei" or m.number(coap.ACCEPT) != COSE_SIGN1:
            raise Refused(f"{coap.code_text(m.code)} {m.path} {m.options}")
        query = dict(q.split("=", 1) for q in m.query)
        gateway = query["n"].removeprefix("urn:gateway:")
        if not peer.identity.endswith(f"/CN={gateway}"):
            raise Refused(f"{gateway} is asked for by {peer.identity}")
        block = m.block(coap.BLOCK2)
        return self.node.answer(gateway, query["c"], int(query["s"]), query["w"], peer.address[0], again=bool(block and block[0]))

    @staticmethod
    def block(m: coap.Message, body: bytes) -> coap.Message:
        number, _, size = m.block(coap.BLOCK2) or (0, False, BLOCK)
        size = min(size, BLOCK)
        part = body[number * size:(number + 1) * size]
        option = coap.block_value(number, (number + 1) * size < len(body), size)
        return coap.Message(coap.ACK, coap.CONTENT, options=[(coap.CONTENT_FORMAT, coap.uint(COSE_SIGN1)), (coap.BLOCK2, option)], payload=part)


async def serve(node, addr: str, port: int) -> None:
    loop = asyncio.get_running_loop()
    transport, front = await loop.create_datagram_endpoint(lambda: Front(node), local_addr=(addr, port))
    node.log("listening", addr=addr, port=port)
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    while not stop.is_set():
        front.dtls.tick()
        try:
            await asyncio.wait_for(stop.wait(), 0.5)
        except asyncio.TimeoutError:
            pass
    transport.close()
