# SPDX-License-Identifier: Apache-2.0
"""A LwM2M server for one client at a time, step by step, on the operator's own CoAP codec and DTLS: for the conformance cases.

Owns a UDP socket on loopback. A repeated request of the client is answered as before; messages that are not the answer to a request are kept for who waits
for them. Must never use code of the agent.
"""
import select
import socket
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "operator"))
import coap  # noqa: E402
from dtls import DtlsServer  # noqa: E402

KEYS = {"wire": bytes.fromhex("00112233445566778899aabbccddeeff"), "bootstrap": bytes.fromhex("ffeeddccbbaa99887766554433221100")}
PATIENCE, SILENCE = 15.0, 0.5


class Server:
    def __init__(self, port=5684, sessions=False, certificates=None):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", port))
        self.dtls = DtlsServer(lambda data, to: self.sock.sendto(data, to), KEYS.get, self.on_open, self.on_data, lambda c: None, self.on_log, certificates=lambda: certificates,
                               sessions=lambda: sessions)
        self.connection, self.mid, self.token = None, 1, 0
        self.waiting, self.answered, self.ciphers = [], {}, []
        self.unwanted = set()  # tokens whose notifications are reset

    def on_log(self, event, **fields):
        if event == "dtls.open":
            self.ciphers.append((fields["identity"], fields["cipher"]))

    def on_open(self, connection, _old):
        self.connection = connection

    def on_data(self, connection, data):
        self.connection = connection
        m = coap.decode(data)
        wrong = list(coap.faults(m))
        assert not wrong, wrong
        if m.type == coap.CON and m.code < 32 and (m.mid, m.token) in self.answered:
            if self.answered[m.mid, m.token]:
                self.send(self.answered[m.mid, m.token])
            return
        if m.type == coap.CON and m.code < 32:
            self.answered[m.mid, m.token] = None
        if m.type == coap.CON and m.code >= 32:  # at once: a client has one message under way (RFC 7252 clause 4.7)
            self.send(coap.Message(coap.RST if m.token in self.unwanted else coap.ACK, coap.EMPTY, m.mid))
        self.waiting.append(m)

    def send(self, m):
        self.connection.send(coap.encode(m))

    def receive(self, wanted, seconds=PATIENCE):
        """The first message that wanted(m) takes, or None; others stay."""
        end = time.monotonic() + seconds
        while True:
            for i, m in enumerate(self.waiting):
                if wanted(m):
                    return self.waiting.pop(i)
            if time.monotonic() > end:
                return None
            if select.select([self.sock], [], [], max(0.0, min(0.5, end - time.monotonic())))[0]:
                self.dtls.feed(*self.sock.recvfrom(4096))
            self.dtls.tick()

    # --- the client's requests ---

    def request_of(self, method, path, seconds=PATIENCE):
        return self.receive(lambda m: m.code == method and (m.path == path or (path.endswith("*") and m.path.startswith(path[:-1]))), seconds)

    def answer(self, m, code, options=(), payload=b""):
        self.answered[m.mid, m.token] = coap.Message(coap.ACK, code, m.mid, m.token, list(options), payload)
        self.send(self.answered[m.mid, m.token])

    def registered(self, seconds=PATIENCE):
        """Accepts a Register."""
        m = self.request_of(coap.POST, "/rd", seconds)
        if m:
            self.answer(m, coap.CREATED, [(coap.LOCATION_PATH, b"rd"), (coap.LOCATION_PATH, b"1")])
        return m

    def updated(self, seconds=PATIENCE):
        m = self.request_of(coap.POST, "/rd/1", seconds)
        if m:
            self.answer(m, coap.CHANGED)
        return m

    # --- ours ---

    def ask(self, method, path, options=(), payload=b"", token=None):
        """The answer, with the whole body of a GET or FETCH in blocks."""
        self.token += 1
        token = token or self.token.to_bytes(3, "big")
        fixed = coap.path_options(path.partition("?")[0]) + [(coap.URI_QUERY, q.encode()) for q in path.partition("?")[2].split("&") if q] + list(options)
        m = self.exchange(method, fixed, payload, token)
        body, first = m.payload, m
        while m.block(coap.BLOCK2) and m.block(coap.BLOCK2)[1]:
            number, _, size = m.block(coap.BLOCK2)
            m = self.exchange(method, fixed + [(coap.BLOCK2, coap.block_value(number + 1, False, size))], payload, token)
            body += m.payload
        first.payload = body
        return first

    def exchange(self, method, options, payload, token):
        self.mid += 1
        mid = self.mid
        self.send(coap.Message(coap.CON, method, mid, token, options, payload))
        m = self.receive(lambda m: m.mid == mid and m.type in (coap.ACK, coap.RST))
        assert m, "no answer"
        return m

    def notification(self, token, seconds=PATIENCE):
        """The next one with that token."""
        return self.receive(lambda m: m.code == coap.CONTENT and m.token == token and m.type in (coap.CON, coap.NON), seconds)

    def close(self):
        self.sock.close()
