# SPDX-License-Identifier: Apache-2.0
"""A management server changes the access point: what holds stays, what does not leaves the former one."""
import json
import re
import time
from pathlib import Path

from main_job import check_managed, expect, lwm2m
from roaming import HOME_AND_ABROAD, conf, registers
from scenarios import scenario
from second_server import account_file, ask, code, state
from upkeep import read
from world import agentctl, lab, until


def attempts() -> list:
    return [bytes.fromhex(a["apn"]).decode() for a in json.loads(lab("modem", "state").stdout)["attempts"]]


def write(world, resource, value):
    return lwm2m(world, op="write", path=f"/11/0/{resource}", value=value)["code"]


def installed(world, apn):
    return until(f"the bearer {apn}", lambda: world.one("Bearer", State="connected", Apn=apn, Installed=True), 60)


def managed_again(world):
    until("the registration", lambda: world.one("Account", Protocol="lwm2m", ServerId="101", State="registered"), 60)


def tried(world, result, instance=0):
    """The end of a trial, as the server sees it: once it is registered again. Meanwhile it may get no answer."""
    until(f"result {result}", lambda: state(world, 101) == "registered" and
          str(lwm2m(world, op="read", path=f"/11/{instance}/10/0", accept=0).get("value")) == result, 60)


@scenario(mode="qmi")
def a_management_server_changes_the_access_point_and_a_wrong_one_gives_way(world):
    """APN, authentication and secret are written to object 11: tried when the answer is out, proved by the registration over them, kept over a restart, also one in
    the middle of the trial; a wrong one and one of a server of another context change nothing."""
    world.up()
    world.start()
    world.sms(world.push())
    check_managed(world)
    expect("as bootstrapped", read(world, "/11/0/1") == "m2m.example.net" and read(world, "/11/0/4") == "1" and read(world, "/11/0/10/0") == "4.04")
    expect("the secret is not to be read", read(world, "/11/0/6") == "4.05")
    begun = attempts()
    expect("what cannot be is refused", [write(world, *w) for w in ((1, "a b"), (1, ""), (4, "2"), (24, "0"))] == ["4.00"] * 4)
    expect("nor is it put aside", write(world, 3, "0") == "4.05")
    elsewhere, here = (json.dumps([{"n": "/11/0/8/0", "vs": network}]).encode().hex() for network in ("262,01", "240,08"))
    expect("one for another network is taken", lwm2m(world, op="write", path="/11/0/8", format=110, hex=elsewhere)["code"] == "2.04")
    tried(world, "1")
    expect("and dropped, with the reason", world.manager()["LastError"] == "PolicyDenied" and "server 101 is dropped: it is not valid" in world.manager()["LastErrorText"])
    expect("nothing is tried", attempts() == begun and read(world, "/11/0/8/0") == "4.04")
    expect("what goes over it is counted", int(read(world, "/11/0/13")) > 1000 and int(read(world, "/11/0/14")) > 1000 and int(read(world, "/11/0/23")) > 10)

    expect("a wrong APN is taken", write(world, 1, "nowhere.example") == "2.04")
    expect("and shown until it is tried", read(world, "/11/0/1") == "nowhere.example")
    until("its refusal", lambda: world.manager()["LastError"] == "BearerRefused", 30)
    expect("says what and whose", "server 101" in world.manager()["LastErrorText"] and "former one" in world.manager()["LastErrorText"])
    installed(world, "m2m.example.net")
    tried(world, "1")
    expect("the former one, as it was", read(world, "/11/0/1") == "m2m.example.net" and read(world, "/11/0/5") == "gw")

    registrations = sum(e["event"] in ("register", "update") for e in world.lwm2m_events())
    expect("another one, in four Writes", [write(world, *w) for w in ((1, "prov.example"), (4, "3"), (5, ""), (6, ""))] == ["2.04"] * 4)
    installed(world, "prov.example")
    tried(world, "0")
    expect("proved by its server", sum(e["event"] in ("register", "update") for e in world.lwm2m_events()) > registrations)
    expect("in one trial", world.log().count("connecting APN prov.example") == 1)
    expect("valid in this network", lwm2m(world, op="write", path="/11/0/8", format=110, hex=here)["code"] == "2.04")
    until("its trial", lambda: world.log().count("access point prov.example of server 101 is proved") == 2, 60)
    until("told", lambda: state(world, 101) == "registered" and read(world, "/11/0/8/0") == "240,08", 60)
    expect("known as such", (read(world, "/11/0/1"), read(world, "/11/0/4"), read(world, "/11/0/5")) == ("prov.example", "3", "4.04"))

    registers(world, "roaming")
    until("no data abroad", lambda: not world.one("Bearer", State="connected"), 30)
    registers(world, "home")
    installed(world, "prov.example")  # it is what is kept up from now on
    managed_again(world)
    world.kill("agentd")
    world.start("agentd")
    installed(world, "prov.example")
    managed_again(world)
    expect("the secret of the former one is the server's to give again", [write(world, *w) for w in ((1, "m2m.example.net"), (4, "0"), (5, "gw"), (6, "apn-secret-7"))] == ["2.04"] * 4)
    until("the trial", lambda: "trial SEALING" in world.log("agentd").split("ready")[-1])
    world.kill("agentd")
    world.start("agentd")
    installed(world, "m2m.example.net")
    managed_again(world)
    reads(world, "/11/0/1", "m2m.example.net")
    expect("killed in a trial, the former one is there, and then it is tried again", (read(world, "/11/0/4"), read(world, "/11/0/5")) == ("0", "gw"))

    agentctl("account", "add", account_file(world, 102))
    until("a server of another context", lambda: state(world, 102) == "registered")
    rows = [r for r in range(64) if read(world, f"/2/{r}/0") == "11" and read(world, f"/2/{r}/1") == "0"]
    expect("which its rights keep away", code(ask(world, "GW-0001-102", "write", "/11/0/1", "--value", "a.example")) == "4.01")
    given = json.dumps([{"bn": f"/2/{rows[0]}/2/", "n": "102", "v": 3}]).encode()
    expect("the owner gives it the right", lwm2m(world, op="write", path=f"/2/{rows[0]}/2", format=110, hex=given.hex())["code"] == "2.04")
    before = attempts()
    expect("it may not change it all the same", code(ask(world, "GW-0001-102", "write", "/11/0/1", "--value", "a.example")) == "4.05")
    expect("which is visible", world.manager()["LastError"] == "PolicyDenied" and "server 102" in world.manager()["LastErrorText"])
    expect("nothing was tried", attempts() == before and world.one("Bearer", State="connected")["Apn"] == "m2m.example.net")


def create(world, instance, name, apn, *more):
    """A profile of object 11 without authentication."""
    values = [{"bn": f"/11/{instance}/", "n": "0", "vs": name}, {"n": "1", "vs": apn}, {"n": "4", "v": 3}, *more]
    return lwm2m(world, op="create", path="/11", format=110, hex=json.dumps(values).encode().hex())["code"]


def delete(world, instance):
    return lwm2m(world, op="delete", path=f"/11/{instance}")["code"]


def bearers(world) -> dict:
    return {b["Name"]: b["State"] for b in world.all("Bearer").values() if b["Installed"]}


def listed(world) -> set:
    """The instances of object 11 that the server was told."""
    registrations = lwm2m(world, op="list")["registrations"]
    return {int(x) for r in registrations for x in re.findall(r"/11/(\d+)", str(r["objects"]))}


def told(world, instances):
    until(f"the server knows {instances}", lambda: state(world, 101) == "registered" and listed(world) == instances, 60)


@scenario(mode="qmi")
def a_management_server_adds_access_points_and_removes_those_not_in_use(world):
    """Object 11: each that is installed is an instance, those that wait too; one added is proved like a changed one, or waits for its network; what is in use stays."""
    world.up()
    conf(world, "allow-roaming=true")
    world.start()
    world.sms(world.push(*HOME_AND_ABROAD))
    check_managed(world)
    told(world, {0, 1})
    home = next(i for i in (0, 1) if read(world, f"/11/{i}/1") == "m2m.example.net")
    abroad = 1 - home
    expect(f"both are on the bus: {bearers(world)}", sorted(bearers(world).values()) == ["connected", "waiting"])
    expect("the one for abroad is enabled, and not active", read(world, f"/11/{abroad}/3") == "1" and read(world, f"/10/0/11/{abroad}") == "4.04")
    expect("the one in use is active", read(world, f"/10/0/11/{home}") == f"11:{home}")
    expect("and is not removed", delete(world, home) == "4.05" and "in use" in world.manager()["LastErrorText"])

    begun = attempts()
    expect("one for a network abroad", create(world, 8, "Visited", "prov.example", {"n": "8/0", "vs": "262,01"}, {"n": "6", "vs": "waiting-secret-9"}) == "2.01")
    until("it waits", lambda: bearers(world).get("Visited") == "waiting", 30)
    told(world, {0, 1, 8})
    stored = b"".join(p.read_bytes() for p in Path("/var/lib/gateway-agent").glob("*"))
    expect("its secret is sealed, and not to be read", read(world, "/11/8/6") == "4.05" and b"waiting-secret-9" not in stored)
    expect("untried", attempts() == begun and read(world, "/11/8/8/0") == "262,01" and read(world, "/11/8/10/0") == "4.04")
    expect("one that the network will refuse is taken", create(world, 7, "Wrong", "nowhere.example") == "2.01")
    expect("and is there", read(world, "/11/7/1") == "nowhere.example")
    until("its refusal", lambda: world.manager()["LastError"] == "BearerRefused", 30)
    installed(world, "m2m.example.net")
    told(world, {0, 1, 8})
    expect("nothing is left of it", read(world, "/11/7/1") == "4.04" and len(world.all("Bearer")) == 3)

    world.kill("agentd")
    world.start("agentd")
    installed(world, "m2m.example.net")
    told(world, {0, 1, 8})
    expect("nothing is tried again", "--resumed-->" not in world.log())
    expect("with its number", read(world, "/11/8/0") == "Visited" and read(world, f"/11/{home}/1") == "m2m.example.net")
    expect("it is put aside", lwm2m(world, op="write", path="/11/8/3", value="0")["code"] == "2.04")
    until("disabled", lambda: bearers(world)["Visited"] == "disabled", 30)
    registers(world, "roaming")
    installed(world, "prov.example")
    managed_again(world)
    expect("abroad the bootstrap's own one is used", bearers(world)["Visited"] == "disabled" and delete(world, abroad) == "4.05")
    expect("until the other one is enabled", lwm2m(world, op="write", path="/11/8/3", value="1")["code"] == "2.04")
    tried(world, "0", 8)
    expect("it is in use", bearers(world)["Visited"] == "connected")
    told(world, {0, 1, 8})
    expect("the former one goes", delete(world, abroad) == "2.02" and len(bearers(world)) == 2)
    told(world, {home, 8})
    registers(world, "home")
    installed(world, "m2m.example.net")
    managed_again(world)

    expect("one that is right here", create(world, 9, "Second", "prov.example", {"n": "8/0", "vs": "240,08"}) == "2.01")
    tried(world, "0", 9)
    expect("it is in use", bearers(world).get("Second") == "connected")
    told(world, {home, 8, 9})
    expect("proved", world.log().count("of server 101 is proved and installed") == 2)
    expect("what was in use before goes, and what waits", delete(world, home) == "2.02" and delete(world, 8) == "2.02")
    told(world, {9})
    expect("the last one stays", delete(world, 9) == "4.05" and "last one" in world.manager()["LastErrorText"])
    world.kill("agentd")
    world.start("agentd")
    installed(world, "prov.example")
    told(world, {9})
    expect("and untried", "--resumed-->" not in world.log())
    expect("over a restart", bearers(world) == {"Second": "connected"} and read(world, "/11/9/0") == "Second")


def begins(world, push, apn):
    """A server writes an access point, and a job begins before it is tried; the job's number."""
    expect("taken", write(world, 1, apn) == "2.04")
    return agentctl("bootstrap", "--no-wait", push).stdout.strip().rsplit("/", 1)[-1]


def waits(world, times):
    until("it waits", lambda: world.log().count("draft WRITTEN --held--> KEPT") == times, 10)


def proved(world, times):
    until("the proof", lambda: world.log().count("of server 101 is proved and installed") == times and state(world, 101) == "registered", 60)
    expect("one trial each", world.log().count("--leased--> PROVING") == times)


def no_job(world):
    until("the end of the job", lambda: world.manager()["ActiveJobs"] == 0, 90)


@scenario(mode="qmi", lab_options=("--uplink-reaches-operator",))
def an_access_point_that_a_server_wrote_waits_for_the_end_of_a_job(world):
    """A job that fails leaves it to be tried, once, whether the job had the bearer or not, also when agentd is killed in it; one that brings the access points of that context makes it void, with the reason."""
    world.up()
    world.start()
    world.sms(world.push())
    check_managed(world)
    no_job(world)
    agentctl("context", "reopen", "usim")
    world.dm_fault("silent")
    for trial, (words, apn) in enumerate(((("--name", "By the bearer"), "prov.example"), (("--name", "By the uplink", "--no-napdef"), "m2m.example.net")), 1):
        number = begins(world, world.push(*words), apn)
        waits(world, trial)
        expect("it may not be written now", (write(world, 1, "nowhere.example"), world.manager()["LastError"]) == ("4.05", "Busy"))
        agentctl("job", "cancel", number)
        no_job(world)
        installed(world, apn)
        proved(world, trial)

    begins(world, world.push("--name", "Killed"), "prov.example")
    waits(world, 3)
    world.kill("agentd")
    world.dm_fault("mid-bad-res")
    world.start("agentd")
    no_job(world)
    installed(world, "prov.example")
    proved(world, 3)

    world.dm_fault("none")
    begins(world, world.push("--name", "Right"), "nowhere.example")
    until("its end", lambda: world.manager()["LastError"] == "Cancelled", 90)
    expect("with the reason", "server 101 is dropped: a bootstrap brought" in world.manager()["LastErrorText"])
    no_job(world)
    installed(world, "m2m.example.net")
    managed_again(world)
    reads(world, "/11/0/1", "m2m.example.net")
    expect("untried", world.log().count("--leased--> PROVING") == 3 and "nowhere.example" not in attempts())


def killed(world):
    """A kill of agentd and a new start; then the server is there."""
    world.kill("agentd")
    world.start("agentd")
    managed_again(world)


def reads(world, path, value):
    until(f"{path} is {value}", lambda: read(world, path) == value, 30)


@scenario(mode="qmi")
def an_access_point_that_a_server_added_outlives_a_kill_right_after_the_answer(world):
    """Whatever was answered with a success on object 11 is there after a kill, however soon that comes: what was added with its number, what was changed and what was
    removed; a trial that was cut off is made once more, and no third time."""
    abroad = {"n": "8/0", "vs": "262,01"}
    world.up()
    world.start()
    world.sms(world.push())
    check_managed(world)
    (home,) = bearers(world)
    for instance, delay in enumerate((0, 0.9, 1.1), 20):
        expect("one for a network abroad is taken", create(world, instance, f"Visited {instance}", "prov.example", abroad, {"n": "6", "vs": "waiting-secret-9"}) == "2.01")
        time.sleep(delay)
        killed(world)
        reads(world, f"/11/{instance}/0", f"Visited {instance}")
        until("it waits", lambda i=instance: bearers(world) == {home: "connected", f"Visited {i}": "waiting"}, 30)
        told(world, {0, instance})
        if not delay:
            expect("it was changed", lwm2m(world, op="write", path=f"/11/{instance}/0", value="Renamed")["code"] == "2.04")
            killed(world)
            until("it waits under its new name", lambda: bearers(world) == {home: "connected", "Renamed": "waiting"}, 30)
            told(world, {0, instance})
        expect("it is removed", delete(world, instance) == "2.02")
    expect("one that is not wanted after all", create(world, 23, "Brief", "prov.example", abroad) == "2.01" and delete(world, 23) == "2.02")
    killed(world)
    told(world, {0})
    expect("what was removed stays away", set(bearers(world)) == {home} and read(world, "/11/22/0") == "4.04" and read(world, "/11/23/0") == "4.04")
    stored = b"".join(p.read_bytes() for p in Path("/var/lib/gateway-agent").glob("*"))
    expect("secrets were sealed", b"waiting-secret-9" not in stored)

    def six(trials):
        return create(world, 30, "Six", "six.example.net", {"n": "24", "v": 2}) == "2.01" and proving(trials)

    def proving(trials):
        return until(f"trial {trials}", lambda: world.log().count("--leased--> PROVING") == trials, 60)

    expect("one that does not lead to its server", six(1))
    for trial in (1, 2):
        proving(trial)
        expect("it is not installed before it is proved", set(bearers(world)) == {home})
        killed(world)
        installed(world, "m2m.example.net")
    expect("there is no third trial", world.manager()["LastError"] == "Cancelled" and "cut off twice" in world.manager()["LastErrorText"])
    told(world, {0})
    expect("and nothing left of it", read(world, "/11/30/0") == "4.04" and set(bearers(world)) == {home})

    expect("another one like that", six(3))
    world.kill("agentd")
    world.operator_down()
    world.start("agentd")
    until("it waits for its server", lambda: "draft NONE --resumed--> KEPT" in world.log().split("ready")[-1])
    until("the account", lambda: world.one("Account", ServerId="101"))
    agentctl("account", "remove", "lwm2m-usim-101")
    until("and goes with its account", lambda: "draft KEPT --dropped--> NONE" in world.log())
