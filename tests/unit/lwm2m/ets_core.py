# SPDX-License-Identifier: Apache-2.0
"""Cases 0 to 401: bootstrap, registration, device management, reporting, security."""
import json
import re
import signal
import subprocess
import sys
import time

from ets_bench import *  # noqa: F403
from ets_bench import CASES, Server, assert_value, case, code, coap, portfolio, read_tlv, same, senml, tlv
import cbor  # found by ets_bench
import lwm2m_data


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
        CASES[number] = (run, None, 0)
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
    same(lwm2m_data.links(b.ask(GET, "/", accept=LINKS).payload), ["/", "/0/0", "/1", "/2", "/3/0"])  # the bootstrap server's own account stays


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
    rights = tlv(3, 0, b"\3") + tlv(3, 1, b"\0") + tlv(2, 2, tlv(1, 0, b"\x1f")) + tlv(3, 3, b"\0\0\xff\xff")
    same(code(b.ask(PUT, "/2/0", rights)), "2.04")
    same(read_tlv(b.ask(GET, "/2/0", accept=TLV)), {0: b"\3", 1: b"\0", 2: [("resource instance", 0, b"\x1f")], 3: b"\0\0\xff\xff"})
    same(b.finish(), "2.04")


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


@case(108, awake=1)
def queue_mode(b):
    assert {"b=U", "Q"} <= set(b.register.query), b.register.query


@case(109, lifetime=10, awake=1)
def queue_mode_asleep(b):
    b.said("state asleep")
    m = b.server.updated(9)  # by which the server knows that it is awake
    assert m and m.path == "/rd/1"
    same(b.text("/3/0/0"), "gateway-agent")


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


@case(202)
def query_opaque(b):
    m = b.get("/6/0/4", OPAQUE)
    same((m.number(coap.CONTENT_FORMAT), m.payload), (OPAQUE, bytes.fromhex("010f002d")))
    same(code(b.get("/3/0/0", OPAQUE)), "4.06")


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
    same(b.text("/3/0/16"), "UT")


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
