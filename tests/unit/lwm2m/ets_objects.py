# SPDX-License-Identifier: Apache-2.0
"""Cases 550 and more: what each object of the client does."""
import json
import re
import signal
import time

from ets_bench import *  # noqa: F403
from ets_bench import assert_value, case, code, coap, portfolio, read_tlv, same, senml, tlv
import lwm2m_data  # found by ets_bench
from ets_core import create, delete_instance, execute_reboot, update_trigger


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


@case(560)
def delayed_notification(b):
    """What changes while there is no connectivity is reported afterwards."""
    same(b.write("/1/0/6", "1"), "2.04")
    b.get("/4/0/0", token=b"ob", observe=0)
    b.client.send_signal(signal.SIGUSR2)
    assert b.said("state idle")
    change_access(b)
    assert b.no_more(b"ob")
    b.client.send_signal(signal.SIGHUP)
    assert b.server.updated()
    assert_value(b.server.notification(b"ob"), b"2")


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
    same((values["/4/0/0"], values["/4/0/2"], values["/4/0/4/0"], values["/4/0/7/0"], values["/4/0/10"]), (6, -90, "192.0.2.10", "internet.example", 240))


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


def becomes(value, wanted):
    end = time.monotonic() + 10
    while value() != wanted:
        assert time.monotonic() < end, f"{value()}, not {wanted}"
        time.sleep(0.1)


def ends(b, wanted):
    becomes(lambda: firmware(b), wanted)


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
    same((b.write("/5/0/0", b"other", OPAQUE), b.write("/5/0/1", "https://x/image"), firmware(b)), ("4.05", "4.05", "20"))


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


by_scenario("a_firmware_is_pulled_over_https_and_coaps", 771)


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
    hook(b, "fetch", 3)  # DOWNLOAD_LOST
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


# ---- 800: Location ----

@case(801)
def location_read(b):
    same(senml(b.get("/6/0", SENML_JSON)), {"/6/0/0": 59.5, "/6/0/1": -18.25, "/6/0/2": 28, "/6/0/4": "AQ8ALQ", "/6/0/5": 1795273200, "/6/0/6": 12.5})


@case(805)
def location_write(b):
    same((b.write("/6/0/0", "1"), b.write("/6/0/5", "1")), ("4.05", "4.05"))


@case(810)
def location_observe(b):
    same(b.get("/6/0/0", token=b"ob", observe=0).payload, b"59.5")
    change_access(b)
    assert_value(b.server.notification(b"ob"), b"60")


@case(811)
def location_observe_extended(b):
    b.attributes("/6/0/0?st=1")
    b.get("/6/0/0", token=b"ob", observe=0)
    change_access(b)
    assert b.no_more(b"ob")
    change_access(b)
    assert_value(b.server.notification(b"ob"), b"60.5")


@case(820)
def location_create_resource_instance(b):
    same(b.write("/6/0/0/0", "1"), "4.05")


@case(830)
def location_create(b):
    same(code(b.send(POST, "/6", tlv(0, 1, b""), TLV)), "4.05")


@case(835)
def location_delete(b):
    same(code(b.send(DELETE, "/6/0")), "4.05")


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


@case(1250)
def access_point(b):
    same(senml(b.get("/11/0", SENML_JSON))["/11/0/1"], "internet.example")
    for resource, value in (("0", "Second"), ("1", "second.example"), ("4", "1"), ("5", "me"), ("6", "s3cret")):
        same(b.write(f"/11/0/{resource}", value), "2.04")
    becomes(lambda: code(b.get("/11/0/10/0")), "2.05")  # it was tried
    after = senml(b.get("/11/0", SENML_JSON))
    same([after[f"/11/0/{r}"] for r in ("0", "1", "4", "10/0")], ["Second", "second.example", 1, 0])
    assert "/11/0/6" not in after
    same(code(b.send(DELETE, "/11/0")), "4.05")  # in use
    new = json.dumps([{"bn": "/11/5/", "n": "0", "vs": "Third"}, {"n": "1", "vs": "third.example"}, {"n": "4", "v": 3}, {"n": "3", "vb": False}])
    same(code(b.send(POST, "/11", new.encode(), SENML_JSON)), "2.01")
    becomes(lambda: code(b.get("/11/5/10/0")), "2.05")
    same([senml(b.get("/11/5", SENML_JSON))[f"/11/5/{r}"] for r in ("0", "1", "4")], ["Third", "third.example", 3])
    same(code(b.send(DELETE, "/11/5")), "2.02")
    same(code(b.get("/11/5")), "4.04")


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
