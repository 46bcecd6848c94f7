# SPDX-License-Identifier: Apache-2.0
"""What the conformance cases stand on: the register of cases, a server with a registered client, and how values are written and read.

Must never use code of the agent.
"""
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from ets_server import SILENCE, Server, coap

import cbor  # found by ets_server
import lwm2m_data

TEXT, LINKS, OPAQUE, CBOR, SENML_JSON, SENML_CBOR, TLV, JSON = 0, 40, 42, 60, 110, 112, 11542, 11543
GET, POST, PUT, DELETE, FETCH, IPATCH = coap.GET, coap.POST, coap.PUT, coap.DELETE, coap.FETCH, coap.IPATCH
CASES, MISSING, SCENARIOS = {}, {}, {}


def case(number, lifetime=300, awake=0):
    def register(function):
        CASES[number] = (function, lifetime, awake)
        return function
    return register


def missing(reason, *numbers):
    MISSING.update({n: reason for n in numbers})


def by_scenario(name, *numbers):
    SCENARIOS.update({n: name for n in numbers})


class Bench:
    """One server and one client, registered."""

    def __init__(self, lifetime=300, awake=0):
        self.folder = Path(tempfile.mkdtemp(prefix="ets-"))
        statistics = self.folder / "sys/sys/class/net/wwan0/statistics"
        statistics.mkdir(parents=True)
        self.statistics = statistics
        self.carry(1000, 2000)
        self.server = Server()
        self.client = subprocess.Popen([sys.argv[1], self.folder, str(lifetime), str(awake)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1)
        self.register = self.server.registered()
        assert self.register, "no Register"
        self.said("state registered")

    def carry(self, sent, received):
        (self.statistics / "tx_bytes").write_text(f"{sent}\n")
        (self.statistics / "rx_bytes").write_text(f"{received}\n")

    def said(self, word):
        while (line := self.client.stdout.readline()):
            if line.strip() == word:
                return True
        return False

    def close(self):
        self.client.kill()
        self.client.wait()
        self.server.close()
        shutil.rmtree(self.folder)

    # operations: the message that answers

    def get(self, path, accept=TEXT, token=None, observe=None):
        options = ([] if accept is None else [(coap.ACCEPT, coap.uint(accept))]) + ([] if observe is None else [(coap.OBSERVE, coap.uint(observe))])
        return self.server.ask(GET, path, options, token=token)

    def send(self, method, path, payload=b"", kind=None):
        return self.server.ask(method, path, [] if kind is None else [(coap.CONTENT_FORMAT, coap.uint(kind))], payload)

    def write(self, path, payload, kind=TEXT):
        return code(self.send(PUT, path, payload.encode() if isinstance(payload, str) else payload, kind))

    def update(self, path, payload, kind=TLV):
        return code(self.send(POST, path, payload, kind))

    def execute(self, path):
        return code(self.send(POST, path))

    def attributes(self, path):
        return code(self.send(PUT, path))

    def fetch(self, *paths, observe=None, token=None, accept=SENML_JSON):
        options = [(coap.CONTENT_FORMAT, coap.uint(SENML_JSON)), (coap.ACCEPT, coap.uint(accept))]
        options += [] if observe is None else [(coap.OBSERVE, coap.uint(observe))]
        return self.server.ask(FETCH, "/", options, json.dumps([{"n": p} for p in paths]).encode(), token)

    def patch(self, values):
        payload = json.dumps([{"n": p, **({"vs": v} if isinstance(v, str) else {"vb": v} if isinstance(v, bool) else {"v": v})} for p, v in values.items()]).encode()
        return code(self.send(IPATCH, "/", payload, SENML_JSON))

    def text(self, path):
        m = self.get(path)
        return m.payload.decode() if code(m) == "2.05" else code(m)

    def no_more(self, token):
        """Nothing is notified although there is something to tell."""
        return self.server.notification(token, SILENCE) is None


def code(m):
    return coap.code_text(m.code)


def same(got, wanted):
    assert got == wanted, f"{got!r}, not {wanted!r}"


def tlv(kind, ident, value):
    """0 object instance, 1 resource instance, 2 multiple resource, 3 resource (8-bit ids, up to 255 octets)."""
    head = bytes([kind << 6 | (8 if len(value) > 7 else len(value)), ident])
    return head + (bytes([len(value)]) if len(value) > 7 else b"") + value


def senml(m):
    """{path: value} of an answer in SenML JSON or CBOR."""
    records = json.loads(m.payload) if m.number(coap.CONTENT_FORMAT) == SENML_JSON else cbor_records(m.payload)
    base, out = "", {}
    for r in records:
        base = r.get("bn", base)
        out[base + r.get("n", "")] = next((r[k] for k in ("v", "vs", "vb", "vd", "vlo") if k in r), None)
    return out


def cbor_records(payload):
    names = {-2: "bn", 0: "n", 2: "v", 3: "vs", 4: "vb", 8: "vd"}
    return [{names.get(k, k): v for k, v in r.items()} for r in cbor.decode(payload)]


def read_tlv(m):
    return {ident: value for _, ident, value in lwm2m_data.tlv(m.payload)}


def portfolio(b, *names):
    """An instance of object 16."""
    payload = tlv(2, 0, b"".join(tlv(1, i, n.encode()) for i, n in enumerate(names)))
    m = b.send(POST, "/16", payload, TLV)
    same(code(m), "2.01")
    assert b.server.updated()
    return m.location


def assert_value(m, value):
    assert m, "no notification"
    same(m.payload, value)
