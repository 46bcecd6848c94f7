# SPDX-License-Identifier: Apache-2.0
"""The cases of OMA-ETS-LightweightM2M (1.0.1, 1.1; numbers of 1.2), one test each, and the figure that README shows of them.

Owns: the list of all 149 numbers: each has a function here, a scenario elsewhere, or a reason why it has none. Titles and steps are ours, from what the
clause of the TS that a case is about demands. Runs itself in a private network namespace.
usage: ets_cases.py ETS_CLIENT LWM2M_CLIENT_TOOL [--write-readme]. TAP; the last check compares README's row with what was counted.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

from ets_server import SILENCE, Server, coap

import cbor  # noqa: E402 - found by ets_server
import lwm2m_data  # noqa: E402

TREE = Path(__file__).resolve().parents[3]
NUMBERS = [*range(13), 19, *range(101, 112), *range(201, 206), 210, 211, 212, 215, *range(220, 238), 241, 256, 257, 260, 261, 264, 266, 270, 271, 280, 281, 290,
           *range(301, 314), *range(401, 407), 551, 555, 556, 560, 565, 566, 651, 652, 655, 656, 657, 660, 661, 670, 680, 685, 701, 705, 710, 711, 720, 730, 735,
           751, 755, 756, 760, *range(770, 781), 801, 805, 810, 811, 820, 830, 835, 901, 905, 910, 911, 920, 930, 935, 950, 951, 1200, 1201, 1210, 1230, 1250,
           1600, 1605, 1610, 1611, 1620, 1630, 1635]
CORE = [n for n in NUMBERS if n < 10 or 101 <= n <= 109 or 201 <= n <= 311 or n == 401]
TEXT, LINKS, OPAQUE, CBOR, SENML_JSON, SENML_CBOR, TLV, JSON = 0, 40, 42, 60, 110, 112, 11542, 11543
GET, POST, PUT, DELETE, FETCH, IPATCH = coap.GET, coap.POST, coap.PUT, coap.DELETE, coap.FETCH, coap.IPATCH
CASES, MISSING, SCENARIOS = {}, {}, {}
results = []


def case(number, lifetime=300):
    def register(function):
        CASES[number] = (function, lifetime)
        return function
    return register


def missing(reason, *numbers):
    MISSING.update({n: reason for n in numbers})


def by_scenario(name, *numbers):
    SCENARIOS.update({n: name for n in numbers})


missing("not known what it asks: only its number is public", 10)
missing("the linked libcoap has no OSCORE", 11, 405)
missing("no binding of the client", 19, 106, 404, 406)
missing("optional in 1.2, not offered", 12, 110, 111)
missing("certificates", 2, 402, 403)
missing("queue mode", 108, 109)
missing("Send", 306, 307, 311)
missing("fallback to bootstrap after a failed registration", 7)
missing("no resource to read is opaque", 202)
missing("notifications are not stored while a server is away", 560)
missing("no object 6: location is behind a permission of ModemManager that the agent does not have", 801, 805, 810, 811, 820, 830, 835)
missing("several servers in one test", 950, 951)
missing("power saving is not among the facts of ModemManager", 1210, 1230)
missing("an APN profile is read only", 1250)
missing("no memory is short where the package goes to a disk", 774)
by_scenario("a_card_with_a_lwm2m_file_registers_and_another_card_takes_over", 3)
by_scenario("a_bootstrap_server_on_the_card_gives_the_account_and_is_asked_again", 5)


# ---- what the cases use ----

class Bench:
    """One server and one client, registered."""

    def __init__(self, lifetime=300):
        self.folder = Path(tempfile.mkdtemp(prefix="ets-"))
        statistics = self.folder / "sys/sys/class/net/wwan0/statistics"
        statistics.mkdir(parents=True)
        self.statistics = statistics
        self.carry(1000, 2000)
        self.server = Server()
        self.client = subprocess.Popen([sys.argv[1], self.folder, str(lifetime)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1)
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


# ---- 0 to 9: bootstrap ----

class Bootstrap:
    """A bootstrap server, and the client that asks it."""

    def __init__(self):
        self.server = Server()
        self.client = subprocess.Popen([sys.argv[2], "--uri", "coaps://127.0.0.1:5684", "--endpoint", "gw", "--identity", "bootstrap", "--key",
                                        "ffeeddccbbaa99887766554433221100", "--bootstrap"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1)
        self.request = self.server.request_of(POST, "/bs")
        assert self.request, "no Bootstrap-Request"

    def accept(self):
        self.server.answer(self.request, coap.CHANGED)
        return self

    def ask(self, method, path, payload=b"", accept=None):
        return self.server.ask(method, path, ([(coap.CONTENT_FORMAT, coap.uint(TLV))] if payload else []) + ([(coap.ACCEPT, coap.uint(accept))] if accept else []), payload)

    def give_account(self, ssid=101):
        security = b"".join(tlv(3, i, v) for i, v in ((0, b"coaps://127.0.0.1:5684"), (1, b"\0"), (2, b"\0"), (3, b"wire"), (4, b""),
                                                      (5, bytes.fromhex("00112233445566778899aabbccddeeff")), (10, ssid.to_bytes(2, "big"))))
        same(code(self.ask(PUT, "/0/1", security)), "2.04")
        server = b"".join(tlv(3, i, v) for i, v in ((0, ssid.to_bytes(2, "big")), (1, b"\x02\x58"), (6, b"\1"), (7, b"U")))
        same(code(self.ask(PUT, "/1/0", server)), "2.04")

    def finish(self):
        return code(self.server.ask(POST, "/bs"))

    def close(self):
        self.client.kill()
        self.client.wait()
        self.server.close()


def bootstrap(number):
    def register(function):
        def run():
            b = Bootstrap()
            try:
                function(b)
            finally:
                b.close()
        CASES[number] = (run, None)
        return function
    return register


@bootstrap(0)
def client_initiated(b):
    same(b.request.query[0], "ep=gw")
    b.accept().give_account()
    same(b.finish(), "2.04")
    m = b.server.registered()
    assert m and "lt=600" in m.query, m


@bootstrap(1)
def client_initiated_psk(b):
    b.accept().give_account()
    same(b.finish(), "2.04")
    assert b.server.registered()
    same([identity for identity, _ in b.server.ciphers], ["bootstrap", "wire"])


@bootstrap(4)
def delete(b):
    b.accept().give_account()
    same(code(b.ask(DELETE, "/1/0")), "2.02")
    same(code(b.ask(DELETE, "/0/1")), "2.02")
    same(code(b.ask(DELETE, "/")), "2.02")
    same(lwm2m_data.links(b.ask(GET, "/", accept=LINKS).payload), ["/", "/0/0", "/1", "/3/0"])  # the bootstrap server's own account stays


@bootstrap(6)
def sequence(b):
    b.accept()
    same(code(b.ask(DELETE, "/0")), "2.02")
    b.give_account()
    b.give_account()  # a Write replaces what is there
    same(b.finish(), "2.04")
    assert b.server.registered()


@bootstrap(8)
def bootstrap_read(b):
    b.accept().give_account()
    same(code(b.ask(GET, "/0", accept=TLV)), "4.05")
    read = b.ask(GET, "/1", accept=TLV)
    same(code(read), "2.05")
    assert b"\x02\x58" in read.payload


@bootstrap(9)
def consistency(b):
    b.accept()
    same(b.finish(), "4.06")
    b.give_account()
    same(code(b.ask(PUT, "/0/1", tlv(3, 10, b"\0\x07"))), "2.04")  # no Server object has that id
    same(b.finish(), "4.06")
    b.give_account()
    same(b.finish(), "2.04")


# ---- 100: registration ----

@case(101)
def initial_registration(b):
    same(sorted(b.register.query), ["b=U", "ep=gw", "lt=300", "lwm2m=1.1"])
    links = lwm2m_data.links(b.register.payload)
    assert links[0] == "/" and "/1/0" in links and "/3/0" in links and not [link for link in links if re.match("/(0|21)(/|$)", link)], links
    same(b.register.number(coap.CONTENT_FORMAT), LINKS)


@case(102, lifetime=4)
def registration_update(b):
    m = b.server.updated(4)
    assert m and not m.payload and not m.query, m


@case(103)
def deregistration(b):
    b.client.send_signal(signal.SIGTERM)
    m = b.server.request_of(DELETE, "/rd/1")
    b.server.answer(m, coap.DELETED)
    same(b.client.wait(timeout=10), 0)


@case(104)
def update_trigger(b):
    same(b.execute("/1/0/8"), "2.04")
    assert b.server.updated()


@case(105)
def discarded_update(b):
    same(b.execute("/1/0/8"), "2.04")
    b.server.answer(b.server.request_of(POST, "/rd/1"), coap.NOT_FOUND)
    m = b.server.registered()
    assert m and b"</3/0>" in m.payload


@case(107)
def longer_lifetime(b):
    same(b.write("/1/0/1", "600"), "2.04")
    same(b.server.updated().query, ["lt=600"])


# ---- 200: device management ----

@case(201)
def query_text(b):
    same([b.text(f"/3/0/{r}") for r in (0, 1, 2)], ["gateway-agent", "ets", "SN-1"])


@case(203)
def query_tlv(b):
    m = b.get("/3/0", TLV)
    same((m.number(coap.CONTENT_FORMAT), read_tlv(m)[0], read_tlv(m)[2]), (TLV, b"gateway-agent", b"SN-1"))


@case(204)
def query_json(b):
    """JSON of 1.0, from a client that speaks 1.0 to the server."""
    b.server.answer(register_again(b), coap.PRECONDITION)
    b.server.registered()
    m = b.get("/3/0", JSON)
    values = {e["n"]: e.get("sv") for e in json.loads(m.payload)["e"]}
    same((m.number(coap.CONTENT_FORMAT), values["0"], values["1"]), (JSON, "gateway-agent", "ets"))


def register_again(b):
    same(b.execute("/1/0/8"), "2.04")
    b.server.answer(b.server.request_of(POST, "/rd/1"), coap.NOT_FOUND)
    return b.server.request_of(POST, "/rd")


@case(205)
def set_text(b):
    same((b.write("/1/0/2", "5"), b.write("/1/0/6", "0"), b.text("/1/0/2"), b.text("/1/0/6")), ("2.04", "2.04", "5", "0"))


@case(210)
def set_opaque(b):
    same((b.write("/5/0/0", b"image", OPAQUE), b.text("/5/0/3")), ("2.04", "2"))


@case(211)
def query_cbor(b):
    m = b.get("/3/0/0", CBOR)
    same((m.number(coap.CONTENT_FORMAT), cbor.decode(m.payload)), (CBOR, "gateway-agent"))


@case(212)
def set_cbor(b):
    same((b.write("/1/0/2", cbor.encode(77), CBOR), b.text("/1/0/2")), ("2.04", "77"))


@case(215)
def set_tlv(b):
    same((b.update("/1/0", tlv(3, 2, b"\x65") + tlv(3, 3, b"\x04\x4c")), b.text("/1/0/2"), b.text("/1/0/3")), ("2.04", "101", "1100"))


@case(220)
def set_json(b):
    same((b.update("/1/0", b'{"e":[{"n":"2","v":101},{"n":"6","bv":true}]}', JSON), b.text("/1/0/2"), b.text("/1/0/6")), ("2.04", "101", "1"))


@case(221)
def security_is_closed(b):
    same([code(b.get(p, None)) for p in ("/0", "/0/0", "/0/0/5")], ["4.01"] * 3)
    same((b.write("/0/0/0", "coaps://evil"), b.execute("/0/0/1"), code(b.send(DELETE, "/0/0")), b.attributes("/0/0?pmin=1"), code(b.send(POST, "/0", tlv(0, 1, b""), TLV))), ("4.01",) * 5)


@case(222)
def read_object(b):
    same(senml(b.get("/3", SENML_JSON))["/3/0/0"], "gateway-agent")


@case(223)
def read_instance(b):
    same(senml(b.get("/3/0", SENML_JSON))["/3/0/1"], "ets")


@case(224)
def read_resource(b):
    same(b.text("/3/0/16"), "U")


@case(225)
def read_resource_instance(b):
    same(b.text("/3/0/11/0"), "0")


@case(226)
def partial_update(b):
    b.write("/1/0/3", "99")
    same((b.update("/1/0", tlv(3, 2, b"\x05")), b.text("/1/0/2"), b.text("/1/0/3")), ("2.04", "5", "99"))


@case(227)
def replace_resource(b):
    same((b.write("/1/0/2", "1"), b.write("/1/0/2", "2"), b.text("/1/0/2")), ("2.04", "2.04", "2"))


def portfolio(b, *names):
    """An instance of object 16."""
    payload = tlv(2, 0, b"".join(tlv(1, i, n.encode()) for i, n in enumerate(names)))
    m = b.send(POST, "/16", payload, TLV)
    same(code(m), "2.01")
    assert b.server.updated()
    return m.location


@case(228)
def write_resource_instance(b):
    place = portfolio(b, "one", "two")
    same((b.write(f"{place}/0/1", "three"), b.text(f"{place}/0/0"), b.text(f"{place}/0/1")), ("2.04", "one", "three"))


@case(229)
def read_composite(b):
    same(senml(b.fetch("/3/0/0", "/1/0/1")), {"/3/0/0": "gateway-agent", "/1/0/1": 300})


@case(230)
def write_composite(b):
    same((b.patch({"/1/0/2": 7, "/1/0/6": False}), b.text("/1/0/2"), b.text("/1/0/6")), ("2.04", "7", "0"))


@case(231)
def query_senml_json(b):
    m = b.get("/1/0", SENML_JSON)
    same((m.number(coap.CONTENT_FORMAT), senml(m)["/1/0/0"], senml(m)["/1/0/7"]), (SENML_JSON, 1, "U"))


@case(232)
def query_senml_cbor(b):
    m = b.get("/1/0", SENML_CBOR)
    same((m.number(coap.CONTENT_FORMAT), senml(m)["/1/0/0"], senml(m)["/1/0/7"]), (SENML_CBOR, 1, "U"))


@case(233)
def set_senml_cbor(b):
    same((b.update("/1/0", cbor.encode([{-2: "/1/0/", 0: "2", 2: 9}]), SENML_CBOR), b.text("/1/0/2")), ("2.04", "9"))


@case(234)
def set_senml_json(b):
    same((b.update("/1/0", b'[{"bn":"/1/0/","n":"2","v":8}]', SENML_JSON), b.text("/1/0/2")), ("2.04", "8"))


@case(235)
def read_composite_root(b):
    values = senml(b.fetch("/"))
    same((values["/3/0/0"], values["/1/0/0"]), ("gateway-agent", 1))
    assert not [p for p in values if p.startswith("/0/")]


@case(236)
def read_composite_partial(b):
    same(senml(b.fetch("/3/0/0", "/16/7", "/3442/0/110")), {"/3/0/0": "gateway-agent"})


@case(237)
def read_without_accept(b):
    m = b.get("/3/0", None)
    same((m.number(coap.CONTENT_FORMAT), senml(m)["/3/0/1"]), (SENML_CBOR, "ets"))


@case(241)
def execute_reboot(b):
    same(b.execute("/3/0/4"), "2.04")
    assert b.said("reboot")


@case(256)
def write_fails(b):
    same((b.write("/3/0/0", "x"), b.write("/1/0/1", "text"), b.write("/1/0/99", "1"), b.write("/1/0/1", b"\1", 9999)), ("4.05", "4.00", "4.04", "4.15"))
    same(b.text("/1/0/1"), "300")


@case(257)
def write_composite_objects(b):
    place = portfolio(b, "one")
    same((b.patch({"/1/0/2": 7, f"{place}/0/0": "two"}), b.text("/1/0/2"), b.text(f"{place}/0/0")), ("2.04", "7", "two"))
    same((b.patch({"/1/0/2": 8, "/3/0/0": "no"}), b.text("/1/0/2")), ("4.05", "7"))  # all or nothing


@case(260)
def discover(b):
    b.attributes("/1/0/1?pmin=5")
    links = dict(lwm2m_data.split_links(b.get("/1/0", LINKS).payload))
    assert links["/1/0/1"].get("pmin") == "5" and "/1/0/7" in links, links
    same(lwm2m_data.links(b.get("/3/0/0", LINKS).payload), ["/3/0/0"])


@case(261)
def attributes_of_a_multiple_resource(b):
    same(b.attributes("/3/0/11?pmin=10&pmax=200"), "2.04")
    links = dict(lwm2m_data.split_links(b.get("/3/0", LINKS).payload))
    same((links["/3/0/11"]["pmin"], links["/3/0/11"]["pmax"], links["/3/0/11"]["dim"]), ("10", "200", "1"))


@case(264)
def discover_depth_0(b):
    same(lwm2m_data.links(b.server.ask(GET, "/3?depth=0", [(coap.ACCEPT, coap.uint(LINKS))]).payload), ["/3"])


@case(266)
def discover_depth_3(b):
    assert "/3/0/11/0" in lwm2m_data.links(b.server.ask(GET, "/3?depth=3", [(coap.ACCEPT, coap.uint(LINKS))]).payload)


@case(270)
def create(b):
    same(b.text(portfolio(b, "one") + "/0/0"), "one")


@case(271)
def create_multiple(b):
    place = portfolio(b, "one", "two", "three")
    same([b.text(f"{place}/0/{i}") for i in range(3)], ["one", "two", "three"])


@case(280)
def read_composite_whole(b):
    values = senml(b.fetch("/3/0/0", "/1/0", "/3/0/11/0"))
    assert values["/3/0/0"] == "gateway-agent" and values["/3/0/11/0"] == 0 and values["/1/0/7"] == "U", values


@case(281)
def read_composite_some(b):
    same(senml(b.fetch("/1/0/1", "/1/5/1", "/3/0/77", "/3/0/4")), {"/1/0/1": 300})


@case(290)
def delete_instance(b):
    place = portfolio(b, "one")
    same((code(b.send(DELETE, place)), code(b.get(place))), ("2.02", "4.04"))
    assert place.encode() not in b.server.updated().payload


# ---- 300: reporting ----

@case(301)
def observe(b):
    same((b.attributes("/1/0/2?pmin=1&pmax=3"),), ("2.04",))
    m = b.get("/1/0/2", token=b"ob", observe=0)
    same((code(m), m.number(coap.OBSERVE) is not None, m.payload), ("2.05", True, b"0"))
    b.write("/1/0/2", "40")
    assert_value(b.server.notification(b"ob"), b"40")
    begun = time.monotonic()
    assert_value(b.server.notification(b"ob", 6), b"40")  # pmax
    assert 2 < time.monotonic() - begun < 5


def assert_value(m, value):
    assert m, "no notification"
    same(m.payload, value)


@case(302)
def cancel_by_reset(b):
    b.get("/1/0/2", token=b"ob", observe=0)
    b.server.unwanted.add(b"ob")
    b.write("/1/0/2", "1")
    assert b.server.notification(b"ob")
    b.write("/1/0/2", "2")
    assert b.no_more(b"ob")


@case(303)
def cancel_by_request(b):
    b.get("/1/0/2", token=b"ob", observe=0)
    same(b.get("/1/0/2", token=b"ob", observe=1).number(coap.OBSERVE), None)
    b.write("/1/0/2", "2")
    assert b.no_more(b"ob")


@case(304)
def observe_composite(b):
    m = b.fetch("/1/0/2", "/1/0/3", observe=0, token=b"oc")
    assert code(m) == "2.05" and m.number(coap.OBSERVE) is not None
    b.write("/1/0/2", "6")
    same(senml(b.server.notification(b"oc"))["/1/0/2"], 6)


@case(305)
def cancel_composite(b):
    b.fetch("/1/0/2", "/1/0/3", observe=0, token=b"oc")
    same(b.fetch("/1/0/2", "/1/0/3", observe=1, token=b"oc").number(coap.OBSERVE), None)
    b.write("/1/0/2", "6")
    assert b.no_more(b"oc")


@case(308)
def observe_composite_create(b):
    b.fetch("/16", "/1/0/2", observe=0, token=b"oc")
    place = portfolio(b, "one")
    same(senml(b.server.notification(b"oc"))[f"{place}/0/0"], "one")


@case(309)
def observe_composite_delete(b):
    place = portfolio(b, "one")
    b.fetch("/16", "/1/0/2", observe=0, token=b"oc")
    same(code(b.send(DELETE, place)), "2.02")
    assert f"{place}/0/0" not in senml(b.server.notification(b"oc"))


@case(310)
def observe_composite_change(b):
    b.fetch("/1/0/2", "/3/0/0", observe=0, token=b"oc")
    b.write("/1/0/2", "9")
    same(senml(b.server.notification(b"oc")), {"/1/0/2": 9, "/3/0/0": "gateway-agent"})


def observe_with(b, query):
    return b.server.ask(GET, f"/1/0/2?{query}", [(coap.OBSERVE, b""), (coap.ACCEPT, b"")], token=b"ob")


@case(312)
def observe_with_attributes(b):
    same(observe_with(b, "gt=10").number(coap.OBSERVE) is not None, True)
    b.write("/1/0/2", "9")
    assert b.no_more(b"ob")
    b.write("/1/0/2", "11")
    assert_value(b.server.notification(b"ob"), b"11")


@case(313)
def observe_with_attributes_overrides(b):
    b.attributes("/1/0/2?pmin=60")
    observe_with(b, "pmin=0")
    b.write("/1/0/2", "9")
    assert_value(b.server.notification(b"ob"), b"9")
    same(code(observe_with(b, "pmin=x")), "4.00")


@case(401)
def psk(b):
    (identity, cipher), = b.server.ciphers
    same(identity, "wire")
    assert "PSK" in cipher, cipher


# ---- 550: Server ----

@case(551)
def server_resources(b):
    values = senml(b.get("/1/0", SENML_JSON))
    assert {f"/1/0/{r}" for r in (0, 1, 6, 7)} <= set(values), values
    same((b.write("/1/0/0", "2"), b.write("/1/0/5", "60"), b.write("/1/0/7", "U"), b.execute("/1/0/1")), ("4.05", "2.04", "2.04", "4.05"))


@case(555)
def disable(b):
    b.write("/1/0/5", "1")
    same(b.execute("/1/0/4"), "2.04")
    b.server.answer(b.server.request_of(DELETE, "/rd/1"), coap.DELETED)
    assert b.server.registered()


@case(556)
def update_registration(b):
    update_trigger(b)


@case(565)
def create_server(b):
    same(code(b.send(POST, "/1", tlv(0, 1, tlv(3, 0, b"\x09") + tlv(3, 1, b"\x3c") + tlv(3, 6, b"\0") + tlv(3, 7, b"U")), TLV)), "4.05")


@case(566)
def delete_server(b):
    same(code(b.send(DELETE, "/1/0")), "4.05")


# ---- 650: Device ----

@case(651)
def device_resources(b):
    links = lwm2m_data.links(b.get("/3/0", LINKS).payload)
    same(b.write("/3/0/3", "2"), "4.05")
    same([code(b.get(link)) for link in ("/3/0/4", "/3/0/5")], ["4.05", "4.05"])
    same([code(b.get(link)) for link in links if re.fullmatch(r"/3/0/(0|1|2|3|11|13|14|16|17|18|19)", link) and link != "/3/0/11"], ["2.05"] * 10)


@case(652)
def firmware_version(b):
    same(b.text("/3/0/3"), "1")


@case(655)
def reboot(b):
    execute_reboot(b)


@case(656)
def factory_reset(b):
    same(b.execute("/3/0/5"), "2.04")
    assert b.said("reset")


@case(657)
def error_code(b):
    same(read_tlv(b.get("/3/0/11", TLV)), {11: [("resource instance", 0, b"\0")]})


@case(660)
def device_observe(b):
    b.attributes("/3/0/13?pmax=1")
    m = b.get("/3/0/13", token=b"ob", observe=0)
    n = b.server.notification(b"ob", 4)
    assert n and int(n.payload) > int(m.payload)


@case(661)
def device_observe_extended(b):
    b.attributes("/3/0/13?pmin=1&pmax=2")
    b.get("/3/0/13", token=b"ob", observe=0)
    first, second = b.server.notification(b"ob", 5), b.server.notification(b"ob", 5)
    assert first and second and 1 <= int(second.payload) - int(first.payload) <= 3


@case(670)
def device_create_resource_instance(b):
    same(b.write("/3/0/11/1", "3"), "4.05")


@case(680)
def device_create(b):
    same(code(b.send(POST, "/3", tlv(0, 1, b""), TLV)), "4.05")


@case(685)
def device_delete(b):
    same(code(b.send(DELETE, "/3/0")), "4.05")


# ---- 700: Connectivity Monitoring ----

@case(701)
def monitoring_read(b):
    values = senml(b.get("/4/0", SENML_JSON))
    same((values["/4/0/0"], values["/4/0/4/0"], values["/4/0/7/0"], values["/4/0/10"]), (6, "192.0.2.10", "internet.example", 240))


@case(705)
def monitoring_write(b):
    same((b.write("/4/0/0", "1"), b.write("/4/0/4/0", "1")), ("4.05", "4.05"))


def change_access(b):
    b.client.send_signal(signal.SIGUSR1)


@case(710)
def monitoring_observe(b):
    same(b.get("/4/0/0", token=b"ob", observe=0).payload, b"6")
    change_access(b)
    assert_value(b.server.notification(b"ob"), b"2")


@case(711)
def monitoring_observe_extended(b):
    b.attributes("/4/0/0?lt=4")
    b.get("/4/0/0", token=b"ob", observe=0)
    change_access(b)
    assert_value(b.server.notification(b"ob"), b"2")
    b.attributes("/4/0/0?lt=1")
    change_access(b)
    assert b.no_more(b"ob")


@case(720)
def monitoring_create_resource_instance(b):
    same(b.write("/4/0/7/1", "x"), "4.05")


@case(730)
def monitoring_create(b):
    same(code(b.send(POST, "/4", tlv(0, 1, b""), TLV)), "4.05")


@case(735)
def monitoring_delete(b):
    same(code(b.send(DELETE, "/4/0")), "4.05")


# ---- 750: Firmware Update ----

def firmware(b):
    return b.text("/5/0/3") + b.text("/5/0/5")


def ends(b, wanted):
    end = time.monotonic() + 10
    while firmware(b) != wanted:
        assert time.monotonic() < end, f"{firmware(b)}, not {wanted}"
        time.sleep(0.1)


def pushed(b):
    same(b.write("/5/0/0", b"image", OPAQUE), "2.04")


def hook(b, name, result):
    (b.folder / name).write_text(str(result))


@case(751)
def firmware_read(b):
    values = senml(b.get("/5/0", SENML_JSON))
    same((values["/5/0/3"], values["/5/0/5"], values["/5/0/9"], values["/5/0/1"]), (0, 0, 2, ""))
    same(code(b.get("/5/0/0", None)), "4.05")


@case(755)
def firmware_package(b):
    pushed(b)
    same(firmware(b), "20")


@case(756)
def firmware_uri(b):
    same(b.write("/5/0/1", "https://x/image"), "2.04")
    same(b.text("/5/0/1"), "https://x/image")
    ends(b, "20")


@case(760)
def firmware_observe(b):
    b.get("/5/0/3", token=b"ob", observe=0)
    pushed(b)
    assert_value(b.server.notification(b"ob"), b"2")


@case(770)
def firmware_update(b):
    image = bytes(range(256)) * 16
    b.get("/5/0/3", token=b"ob", observe=0)
    for n in range(4):
        options = [(coap.CONTENT_FORMAT, coap.uint(OPAQUE)), (coap.BLOCK1, coap.block_value(n, n < 3, 1024))]
        same(code(b.server.ask(PUT, "/5/0/0", options, image[n * 1024:n * 1024 + 1024])), "2.31" if n < 3 else "2.04")
    assert_value(b.server.notification(b"ob"), b"1")
    assert_value(b.server.notification(b"ob"), b"2")
    same(b.execute("/5/0/2"), "2.04")
    assert_value(b.server.notification(b"ob"), b"3")


by_scenario("a_firmware_is_pulled_over_https", 771)


@case(772)
def firmware_without_package(b):
    same((b.execute("/5/0/2"), firmware(b)), ("4.05", "00"))


@case(773)
def firmware_no_space(b):
    options = [(coap.CONTENT_FORMAT, coap.uint(OPAQUE)), (coap.BLOCK1, coap.block_value(0, True, 1024)), (coap.SIZE1, b"\xff\xff\xff\xff")]
    b.folder.joinpath("firmware.image").mkdir()  # where the package would go is no room
    same(code(b.server.ask(PUT, "/5/0/0", options, bytes(1024))), "4.13")
    same(b.text("/5/0/3"), "0")
    assert b.text("/5/0/5") in ("2", "3")


@case(775)
def firmware_connection_lost(b):
    hook(b, "fetch", 4)
    b.write("/5/0/1", "https://x/image")
    same(b.text("/5/0/3"), "1")
    ends(b, "04")


@case(776)
def firmware_integrity(b):
    hook(b, "hook", 5)
    pushed(b)
    b.execute("/5/0/2")
    ends(b, "05")


@case(777)
def firmware_wrong_type(b):
    hook(b, "hook", 6)
    pushed(b)
    b.execute("/5/0/2")
    ends(b, "06")


@case(778)
def firmware_invalid_uri(b):
    b.write("/5/0/1", "image")
    ends(b, "07")


@case(779)
def firmware_update_fails(b):
    hook(b, "hook", 8)
    pushed(b)
    same(b.execute("/5/0/2"), "2.04")
    ends(b, "28")


@case(780)
def firmware_protocol(b):
    b.write("/5/0/1", "ftp://x/image")
    ends(b, "09")


# ---- 900: Connectivity Statistics ----

@case(901)
def statistics(b):
    same(b.execute("/7/0/6"), "2.04")
    b.carry(11000, 22000)
    same((b.text("/7/0/2"), b.text("/7/0/3")), ("10", "20"))
    same(b.execute("/7/0/7"), "2.04")
    b.carry(99000, 99000)
    same((b.text("/7/0/2"), b.text("/7/0/3")), ("10", "20"))


@case(905)
def statistics_write(b):
    same((b.write("/7/0/2", "1"), b.write("/7/0/8", "60")), ("4.05", "4.04"))


@case(910)
def statistics_observe(b):
    b.execute("/7/0/6")
    b.attributes("/7/0/2?pmin=0&st=1")
    b.get("/7/0/2", token=b"ob", observe=0)
    b.carry(11000, 2000)
    change_access(b)
    assert_value(b.server.notification(b"ob"), b"10")


@case(911)
def statistics_observe_extended(b):
    b.execute("/7/0/6")
    b.attributes("/7/0/2?gt=50")
    b.get("/7/0/2", token=b"ob", observe=0)
    b.carry(11000, 2000)
    change_access(b)
    assert b.no_more(b"ob")
    b.carry(90000, 2000)
    change_access(b)
    assert_value(b.server.notification(b"ob"), b"89")


@case(920)
def statistics_create_resource_instance(b):
    same(b.write("/7/0/2/0", "1"), "4.05")


@case(930)
def statistics_create(b):
    same(code(b.send(POST, "/7", tlv(0, 1, b""), TLV)), "4.05")


@case(935)
def statistics_delete(b):
    same(code(b.send(DELETE, "/7/0")), "4.05")


# ---- 1200: Cellular; 1600: Portfolio ----

@case(1200)
def cellular(b):
    same(senml(b.get("/10/0", SENML_JSON)), {"/10/0/11/0": "11:0"})


@case(1201)
def cellular_1_1(b):
    assert b'</10>;ver=1.1' in b.register.payload
    cellular(b)


@case(1600)
def portfolio_read(b):
    same(b.text(portfolio(b, "host") + "/0/0"), "host")


@case(1605)
def portfolio_write(b):
    place = portfolio(b, "host")
    same((b.write(f"{place}/0/0", "other"), b.text(f"{place}/0/0")), ("2.04", "other"))


@case(1610)
def portfolio_observe(b):
    place = portfolio(b, "host")
    b.get(f"{place}/0/0", token=b"ob", observe=0)
    b.write(f"{place}/0/0", "other")
    assert_value(b.server.notification(b"ob"), b"other")


@case(1611)
def portfolio_observe_extended(b):
    place = portfolio(b, "host")
    b.attributes(f"{place}/0?pmin=1")
    b.get(f"{place}/0/0", token=b"ob", observe=0)
    begun = time.monotonic()
    b.write(f"{place}/0/0", "other")
    assert_value(b.server.notification(b"ob"), b"other")
    assert time.monotonic() - begun > 0.8


@case(1620)
def portfolio_create_resource_instance(b):
    place = portfolio(b, "host")
    same((b.update(place, tlv(2, 0, tlv(1, 2, b"more"))), b.text(f"{place}/0/0"), b.text(f"{place}/0/2")), ("2.04", "host", "more"))


@case(1630)
def portfolio_create(b):
    create(b)


@case(1635)
def portfolio_delete(b):
    delete_instance(b)


# ---- the run ----

def run(number):
    function, lifetime = CASES[number]
    if lifetime is None:
        function()
        return
    b = Bench(lifetime)
    try:
        function(b)
    finally:
        b.close()


def report(good, name, why=""):
    results.append(good)
    print(f"{'ok' if good else 'not ok'} {len(results)} - {name}" + (f" # {why}" if why else ""), flush=True)


def scenario_names():
    return set(re.findall(r"^def (\w+)\(world", "".join(p.read_text() for p in (TREE / "tests/scenario").glob("*.py")), re.MULTILINE))


def readme_row(passed):
    """What was counted, as README's row says it."""
    core = len([n for n in passed if n in CORE])
    reasons = {}
    for n in NUMBERS:
        if n not in passed:
            reasons.setdefault(MISSING.get(n, "fails"), []).append(str(n))
    rest = "; ".join(f"{why}: {', '.join(numbers)}" for why, numbers in reasons.items())
    return (f"| LwM2M conformance cases (OMA ETS) | {len(passed)} of {len(NUMBERS)} numbers pass, {core} of the {len(CORE)} of 0-9, 101-109, 201-311, 401. The rest: {rest} | "
            "`lwm2m-ets`, scenarios named there |")


def check_readme(passed):
    path, row = TREE / "README.md", readme_row(passed)
    text = path.read_text()
    new = re.sub(r"^\| LwM2M conformance cases .*$", lambda _: row, text, flags=re.MULTILINE)
    if "--write-readme" in sys.argv:
        path.write_text(new)
        text = new
    report(row in text, "README shows what was counted", "" if row in text else row)


def main():
    if os.environ.get("ETS_INSIDE") != "1":
        os.environ["ETS_INSIDE"] = "1"
        private = str(TREE / "tests/lab/private")
        os.execv(private, [private, sys.executable, "-B", *sys.argv])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    only = [int(word) for word in os.environ.get("ETS_ONLY", "").split()]
    passed = []
    for number in only or [n for n in NUMBERS if n in CASES]:
        try:
            run(number)
            good, why = True, ""
        except Exception as e:  # whatever went wrong is the verdict
            where = traceback.extract_tb(e.__traceback__)[-2:]
            good, why = False, f"{type(e).__name__}: {e} at {', '.join(f'{f.name}:{f.lineno}' for f in where)}"
        report(good, f"ets_{number}_{CASES[number][0].__name__}", why)
        passed += [number] if good else []
    have = scenario_names()
    for number, name in SCENARIOS.items():
        if number not in CASES and not only:
            report(name in have, f"ets_{number} is scenario {name}")
            passed.append(number)
    unknown = [n for n in NUMBERS if n not in CASES and n not in SCENARIOS and n not in MISSING]
    report(len(NUMBERS) == 149 and not unknown, "each of the 149 numbers is a test or has a reason", f"{len(NUMBERS)} {unknown}")
    if not only:
        check_readme(sorted(passed))
    print(f"1..{len(results)}")
    return 0 if all(results) else 1


sys.exit(main())
