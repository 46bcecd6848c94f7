# SPDX-License-Identifier: Apache-2.0
"""CoAP message layer and blocks for a server that also asks (RFC 7252 section 4, 7641, 7959), on asyncio, over any datagram peer.

Owns message ids, tokens, retransmission, deduplication, observations. A peer is an object with send(octets); what is wrong in a peer's message is
reported to `complain(peer, text)` and answered as the RFC says.
"""
from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import coap
from coap import ACK, CON, NON, RST, Message

ACK_TIMEOUT, ACK_RANDOM, MAX_RETRANSMIT, EXCHANGE_LIFETIME = 2.0, 1.5, 4, 247.0  # RFC 7252 4.8
BLOCK, MAX_BODY = 1024, 65536


class NoAnswer(Exception):
    """The peer did not answer, or answered with RST."""


@dataclass
class Exchange:
    peer: object
    message: Message
    answer: asyncio.Future
    acknowledged: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass
class Observation:
    token: bytes
    path: str
    notify: Callable[[Message], None]
    last: int = -1


class Endpoint:
    def __init__(self, on_request: Callable[[object, Message], Message], complain: Callable[[object, str], None]) -> None:
        self.on_request, self.complain = on_request, complain
        self.next_mid = secrets.randbelow(65536)
        self.exchanges: dict[tuple[int, bytes], Exchange] = {}
        self.answered: dict[tuple[int, int], tuple[float, bytes]] = {}
        self.observations: dict[tuple[int, bytes], Observation] = {}
        self.bodies: dict[tuple[int, str], tuple[float, bytes]] = {}

    def mid(self) -> int:
        self.next_mid = (self.next_mid + 1) & 0xFFFF
        return self.next_mid

    # --- inward -----------------------------------------------------------------------------------

    def receive(self, peer, data: bytes) -> None:
        try:
            m = coap.decode(data)
        except coap.CoapError as e:
            self.complain(peer, f"CoAP message format: {e}")
            if len(data) >= 4 and data[0] >> 6 == 1 and data[0] >> 4 & 3 == CON:
                peer.send(bytes([0x70, 0]) + data[2:4])  # RFC 7252 4.2: reject with RST
            return
        for text in coap.faults(m):
            self.complain(peer, text)
        if m.code == coap.EMPTY:
            self.empty(peer, m)
        elif m.code < 32:
            self.request_in(peer, m)
        else:
            self.response_in(peer, m)

    def empty(self, peer, m: Message) -> None:
        if m.type == CON:
            peer.send(coap.encode(Message(RST, 0, m.mid)))  # CoAP ping
            return
        for e in self.exchanges.values():
            if e.peer is peer and e.message.mid == m.mid:
                e.acknowledged.set()
                if m.type == RST and not e.answer.done():
                    e.answer.set_exception(NoAnswer("RST"))

    def request_in(self, peer, m: Message) -> None:
        if m.type not in (CON, NON):
            return
        now = time.monotonic()
        self.answered = {k: v for k, v in self.answered.items() if now - v[0] < EXCHANGE_LIFETIME}
        known = self.answered.get((id(peer), m.mid))
        if known:
            if m.type == CON:
                peer.send(known[1])
            return
        answer = self.gather(peer, m)
        if answer is None:
            return  # asked again later, it may get one
        answer.token = m.token
        answer.type, answer.mid = (ACK, m.mid) if m.type == CON else (NON, self.mid())
        data = coap.encode(answer)
        self.answered[id(peer), m.mid] = (now, data)
        peer.send(data)

    def gather(self, peer, m: Message) -> Message | None:
        """Block1 of a request (RFC 7959, 2.5); the whole one goes to on_request."""
        block = m.block(coap.BLOCK1)
        if block is None:
            return self.on_request(peer, m)
        number, more, size = block
        key = (id(peer), f"{m.code} {m.path} {m.query}")
        so_far = self.bodies.get(key, (0.0, b""))[1] if number else b""
        echo = (coap.BLOCK1, coap.block_value(number, more, size))
        if number * size != len(so_far) or (more and len(m.payload) != size):
            self.complain(peer, f"Block1 number {number} does not follow")
            return Message(ACK, coap.INCOMPLETE, options=[echo])
        if len(so_far) + len(m.payload) > MAX_BODY:
            return Message(ACK, coap.TOO_LARGE)
        self.bodies[key] = (time.monotonic(), so_far + m.payload)
        if more:
            return Message(ACK, coap.CONTINUE, options=[echo])
        m.payload = self.bodies.pop(key)[1]
        answer = self.on_request(peer, m)
        answer.options.append(echo)
        return answer

    def response_in(self, peer, m: Message) -> None:
        key = (id(peer), m.token)
        e = self.exchanges.get(key)
        if e and (m.type != ACK or m.mid == e.message.mid):
            e.acknowledged.set()
            if m.type == CON:
                peer.send(coap.encode(Message(ACK, 0, m.mid)))
            if not e.answer.done():
                e.answer.set_result(m)
            return
        o = self.observations.get(key)
        if o is None or m.type == ACK:
            if m.type in (CON, NON):
                peer.send(coap.encode(Message(RST, 0, m.mid)))  # RFC 7641 3.6: not interested
            return
        if m.type == CON:
            peer.send(coap.encode(Message(ACK, 0, m.mid)))
        self.notified(peer, o, m)

    def notified(self, peer, o: Observation, m: Message) -> None:
        sequence = m.number(coap.OBSERVE)
        if m.code >> 5 != 2:
            self.observations.pop((id(peer), o.token), None)
        elif sequence is None:
            self.complain(peer, "notification without Observe")
        elif sequence == o.last:
            return  # the same notification again
        elif o.last >= 0 and not 0 < (sequence - o.last) % (1 << 24) < 1 << 23:
            self.complain(peer, f"notification {sequence} after {o.last}")
        o.last = sequence if sequence is not None else o.last
        o.notify(m)

    # --- outward ----------------------------------------------------------------------------------

    async def exchange(self, peer, m: Message) -> Message:
        """One confirmable request and its response, piggybacked or separate."""
        m.type, m.mid, m.token = CON, self.mid(), m.token or secrets.token_bytes(4)
        e = Exchange(peer, m, asyncio.get_running_loop().create_future())
        self.exchanges[id(peer), m.token] = e
        wait = ACK_TIMEOUT * random.uniform(1, ACK_RANDOM)
        try:
            for _ in range(MAX_RETRANSMIT + 1):
                peer.send(coap.encode(m))
                try:
                    await asyncio.wait_for(e.acknowledged.wait(), wait)
                    break
                except asyncio.TimeoutError:
                    wait *= 2
            else:
                raise NoAnswer("time-out")
            try:
                return await asyncio.wait_for(e.answer, 60)
            except asyncio.TimeoutError:
                raise NoAnswer("acknowledged, then no response") from None
        finally:
            self.exchanges.pop((id(peer), m.token), None)

    async def ask(self, peer, code: int, path: str, options: list[tuple[int, bytes]] | None = None, payload: bytes = b"") -> Message:
        """A request with its blocks; the response with the whole payload."""
        fixed = coap.path_options(path) + list(options or [])
        if len(payload) > BLOCK:
            m = await self.put_blocks(peer, code, fixed, payload)
        else:
            m = await self.exchange(peer, Message(CON, code, options=fixed, payload=payload))
        return await self.get_blocks(peer, code, fixed, m)

    async def put_blocks(self, peer, code: int, fixed: list, payload: bytes) -> Message:
        size, at = BLOCK, 0
        while True:
            more = at + size < len(payload)
            block = (coap.BLOCK1, coap.block_value(at // size, more, size))
            m = await self.exchange(peer, Message(CON, code, options=fixed + [block], payload=payload[at:at + size]))
            if m.code != coap.CONTINUE or not more:
                return m
            got = m.block(coap.BLOCK1)
            at += size
            if got and got[2] < size:
                size = got[2]

    async def get_blocks(self, peer, code: int, fixed: list, m: Message) -> Message:
        block = m.block(coap.BLOCK2)
        body = m.payload
        while block and block[1]:
            if len(body) % block[2] or len(body) > MAX_BODY:
                self.complain(peer, "Block2 does not follow")
                break
            option = (coap.BLOCK2, coap.block_value(len(body) // block[2], False, block[2]))
            options = [o for o in fixed if o[0] != coap.OBSERVE] + [option]
            m2 = await self.exchange(peer, Message(CON, code, options=options))
            block = m2.block(coap.BLOCK2)
            if m2.code >> 5 != 2 or block is None:
                self.complain(peer, f"block answered {coap.code_text(m2.code)}")
                break
            body += m2.payload
        m.payload = body
        return m

    async def observe(self, peer, path: str, options: list, notify: Callable[[Message], None]) -> tuple[Message, Observation | None]:
        token = secrets.token_bytes(4)
        o = Observation(token, path, notify)
        m = Message(CON, coap.GET, token=token, options=coap.path_options(path) + [(coap.OBSERVE, b"")] + options)
        answer = await self.exchange(peer, m)
        if answer.code >> 5 != 2 or answer.number(coap.OBSERVE) is None:
            return answer, None
        o.last = answer.number(coap.OBSERVE)
        self.observations[id(peer), token] = o
        return answer, o

    async def cancel(self, peer, o: Observation) -> Message:
        """Active cancel: GET with Observe 1, same token and path (RFC 7641, 3.6)."""
        self.observations.pop((id(peer), o.token), None)
        options = coap.path_options(o.path) + [(coap.OBSERVE, b"\1")]
        return await self.exchange(peer, Message(CON, coap.GET, token=o.token, options=options))

    def moved(self, old, peer) -> None:
        """The same client, found elsewhere: what it is observed for goes on."""
        for key in [k for k in self.observations if k[0] == id(old)]:
            self.observations[id(peer), key[1]] = self.observations.pop(key)

    def forget(self, peer) -> None:
        """The peer is gone: its observations and exchanges too."""
        self.observations = {k: v for k, v in self.observations.items() if k[0] != id(peer)}
        self.answered = {k: v for k, v in self.answered.items() if k[0] != id(peer)}
        self.bodies = {k: v for k, v in self.bodies.items() if k[0] != id(peer)}
        for e in list(self.exchanges.values()):
            if e.peer is peer and not e.answer.done():
                e.acknowledged.set()
                e.answer.set_exception(NoAnswer("connection closed"))
