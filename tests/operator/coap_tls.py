# SPDX-License-Identifier: Apache-2.0
"""CoAP over TLS (RFC 8323) with certificates of both sides or pre-shared keys, for a server whose message layer speaks datagrams.

Owns each connection: TLS by the ssl module on memory BIOs, so that an alert leaves before the connection ends; framing, capabilities and pings. To the message layer a request
is a confirmable one with a message id made here, and a response is the acknowledgement of what it answers: RFC 8323 has neither ids nor acknowledgements.
"""
from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable

import coap
import dtls
from coap import ACK, CON, NON, Message

CSM, PING, PONG, MAX_MESSAGE = 0xE1, 0xE2, 0xE3, 1 << 16
_EXTENDED = {13: (1, 13), 14: (2, 269), 15: (4, 65805)}


def frame(m: Message) -> bytes:
    """RFC 8323 clause 3.2: length, code, token; options and payload as over UDP."""
    rest = coap.encode(m)[4 + len(m.token):]
    nibble, size, base = next(((n, s, b) for n, (s, b) in reversed(_EXTENDED.items()) if len(rest) >= b), (len(rest), 0, len(rest)))
    return bytes([nibble << 4 | len(m.token)]) + (len(rest) - base).to_bytes(size, "big") + bytes([m.code]) + m.token + rest


def unframe(data: bytes) -> tuple[bytes, bytes] | None:
    """The first message as octets of a confirmable datagram with message id 0, and what follows; None: more is needed."""
    if not data:
        return None
    size, base = _EXTENDED.get(data[0] >> 4, (0, data[0] >> 4))
    token = data[0] & 15
    length = base + int.from_bytes(data[1:1 + size], "big")
    end = 2 + size + token + length
    if len(data) < 2 + size or len(data) < end:
        return None
    return bytes([0x40 | token, data[1 + size], 0, 0]) + data[2 + size:end], data[end:]


class Connection(asyncio.Protocol):
    """A peer of the message layer: send(datagram), identity. files() gives certificate, key and the root of clients; None: key(identity) gives that of a client, or None."""

    def __init__(self, endpoint, files: Callable[[], tuple | None], key: Callable[[str], bytes | None], log: Callable) -> None:
        self.endpoint, self.files, self.key, self.log = endpoint, files, key, log
        self.identity, self.open, self.buffer = "", False, b""
        self.mid, self.asked = 0, {}  # asked: token -> message id of our request

    def __repr__(self) -> str:
        return f"{self.address[0]}:{self.address[1]}"

    def connection_made(self, transport) -> None:
        self.transport, self.address = transport, transport.get_extra_info("peername")
        context, files = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), self.files()
        if files:
            context.load_cert_chain(files[0], files[1])
            context.load_verify_locations(files[2])
            context.verify_mode = ssl.CERT_REQUIRED
        else:
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            self.callback = dtls.give_keys(context, self.look_up)
        self.inward, self.outward = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.inward, self.outward, server_side=True)

    def look_up(self, identity: str) -> bytes | None:
        self.identity = identity
        return self.key(identity)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        self.inward.write(data)
        try:
            if not self.open:
                self.tls.do_handshake()
                self.opened()
            while more := self.tls.read(MAX_MESSAGE):
                self.buffer += more
                self.take_messages()
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.transport.close()
        except (ssl.SSLError, ValueError) as e:
            self.log("tls.failed", peer=repr(self), reason=str(e))
            self.flush()
            self.transport.close()
        self.flush()

    def opened(self) -> None:
        self.open = True
        if shown := self.tls.getpeercert():
            self.identity = "/CN=" + dict(pair for part in shown["subject"] for pair in part)["commonName"]
        self.log("tls.open", peer=repr(self), identity=self.identity, version=self.tls.version())
        self.write(Message(CON, CSM, options=[(2, coap.uint(MAX_MESSAGE)), (4, b"")]))

    def take_messages(self) -> None:
        while found := unframe(self.buffer):
            datagram, self.buffer = found
            m = Message(CON, datagram[1], token=datagram[4:4 + (datagram[0] & 15)])
            if m.code == PING:
                self.write(Message(CON, PONG, token=m.token))
            elif m.code < CSM and m.code != coap.EMPTY:
                self.endpoint.receive(self, self.as_datagram(m, datagram))
        if len(self.buffer) > 2 * MAX_MESSAGE:
            raise ValueError("a message without end")

    def as_datagram(self, m: Message, datagram: bytes) -> bytes:
        kind, mid = CON, self.mid
        if m.code >= 32:
            kind, mid = (ACK, self.asked.pop(m.token)) if m.token in self.asked else (NON, self.mid)
        self.mid = (self.mid + 1) & 0xFFFF
        return bytes([datagram[0] & 0xCF | kind << 4, datagram[1]]) + mid.to_bytes(2, "big") + datagram[4:]

    def send(self, datagram: bytes) -> None:
        m = coap.decode(datagram)
        if m.code == coap.EMPTY:
            return  # acknowledgements and resets have no place here
        if m.code < 32 and m.token in self.asked:
            return  # a stream repeats by itself
        if m.code < 32:
            self.asked[m.token] = m.mid
        self.write(m)

    def write(self, m: Message) -> None:
        if self.open and not self.transport.is_closing():
            self.tls.write(frame(m))
            self.flush()

    def flush(self) -> None:
        if self.outward.pending:
            self.transport.write(self.outward.read())

    def connection_lost(self, _reason) -> None:
        self.endpoint.forget(self)


async def listen(endpoint, files: Callable[[], tuple | None], key: Callable[[str], bytes | None], log: Callable, addr: str, port: int) -> asyncio.Server:
    return await asyncio.get_running_loop().create_server(lambda: Connection(endpoint, files, key, log), addr, port)
