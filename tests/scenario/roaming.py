# SPDX-License-Identifier: Apache-2.0
"""Abroad: data only where it is allowed, and by the access point that is right there."""
import json
import time

from main_job import check_managed, expect
from scenarios import scenario
from world import ETC, agentctl, lab, until

HOME_AND_ABROAD = ("--validity", "NETWORK=24008", "--also", "ABROAD:prov.example:COUNTRY=DE")


def conf(world, line=""):
    """agentd.conf as the world makes it, with one more line."""
    lines = [x for x in (ETC / "agentd.conf").read_text().splitlines() if not x.startswith("allow-roaming")]
    (ETC / "agentd.conf").write_text("\n".join([*lines, line, ""]))


def registers(world, *words):
    lab("modem", "register", *words)
    wanted = {"Registration": words[0]} if len(words) < 2 else {"OperatorId": words[1]}
    until(f"registration {words}", lambda: world.one("Modem", **wanted), 30)


def attempts() -> list:
    return [bytes.fromhex(a["apn"]).decode() for a in json.loads(lab("modem", "state").stdout)["attempts"]]


def connected(world, apn, seconds=60):
    return until(f"the bearer {apn}", lambda: world.one("Bearer", State="connected", Apn=apn, Installed=True), seconds)


def managed_again(world):
    until("managed again", lambda: world.manager()["State"] == "managed", 90)


@scenario(mode="qmi")
def roaming_uses_no_data_unless_allowed(world):
    world.up()
    world.start()
    registers(world, "roaming")
    expect("visible", world.one("Modem")["Roaming"] and world.one("Modem")["OperatorId"] == "26201")
    world.sms(world.push())
    job = world.job_ended("failed")
    expect(f"cause Roaming: {job}", job["Error"] == "Roaming" and "allow-roaming" in job["Hint"] and not attempts())
    conf(world, "allow-roaming=26202 24008")
    agentctl("reload")
    world.sms(world.push("--fresh"))
    check_managed(world)
    conf(world)
    agentctl("reload")
    bearer = until("the bearer's end", lambda: world.one("Bearer", State="failed", LastError="Roaming"), 10)
    expect("with its reason", "26201" in bearer["LastErrorText"] and world.manager()["LastError"] == "Roaming")
    before = len(attempts())
    world.stop("agentd")
    world.start("agentd")
    until("the same after a start", lambda: world.one("Bearer", LastError="Roaming"), 30)
    time.sleep(2)
    expect("nothing was tried", len(attempts()) == before)
    registers(world, "home")
    connected(world, "m2m.example.net")
    managed_again(world)
    expect("said once a time", world.log().count("[bearer] Roaming:") == 3)


@scenario(mode="qmi")
def tre_R40_the_access_point_follows_the_serving_network(world):
    """VALIDITY: one NAPDEF for the home network, one for a country, chosen again as the network changes; in a third country neither."""
    world.up()
    conf(world, "allow-roaming=true")
    world.start()
    world.sms(world.push(*HOME_AND_ABROAD))
    check_managed(world)
    connected(world, "m2m.example.net")
    registers(world, "roaming")
    connected(world, "prov.example")
    managed_again(world)
    registers(world, "home")
    connected(world, "m2m.example.net")
    managed_again(world)
    registers(world, "roaming", "20801")
    until("no access point", lambda: not world.one("Bearer", State="connected") and world.manager()["LastError"] == "PolicyDenied", 30)
    expect("says why", "20801" in world.manager()["LastErrorText"])
    tried = len(attempts())
    registers(world, "roaming", "26203")
    connected(world, "prov.example")
    managed_again(world)
    expect("no attempt in between", set(attempts()[tried:]) == {"prov.example"})


@scenario(mode="qmi")
def a_better_access_point_that_is_refused_gives_way_to_the_former(world):
    world.up()
    conf(world, "allow-roaming=true")
    world.start()
    world.sms(world.push("--also", "ABROAD:nowhere.example:COUNTRY=DE"))
    check_managed(world)
    registers(world, "roaming")
    until("the refusal", lambda: world.manager()["LastError"] == "BearerRefused", 30)
    connected(world, "m2m.example.net")
    managed_again(world)
    registers(world, "home")
    registers(world, "roaming")
    time.sleep(2)
    expect("tried once in that network", world.log().count("connecting APN nowhere.example") == 1)


@scenario(mode="qmi")
def a_bootstrap_abroad_uses_the_access_point_for_abroad(world):
    world.up()
    conf(world, "allow-roaming=true")
    world.start()
    registers(world, "roaming")
    until("the serving cell", lambda: world.one("Modem")["CellId"] and world.one("Modem")["AreaCode"])
    world.sms(world.push(*HOME_AND_ABROAD))
    check_managed(world)
    connected(world, "prov.example")
    expect("only that one", set(attempts()) == {"prov.example"})
    told = "plmn=26201;home=24008;access=lte;roaming=yes;cell=1123003;area=12741;bearer=prov.example"
    expect("the operator reads where it is in the tree", told in [e["network"] for e in world.dm_events() if e["event"] == "network"])
    expect("and in the evidence", told in [e["claims"]["host"] for e in world.dm_events() if e["event"] == "pva.verdict"])


@scenario(mode="qmi")
def another_sim_never_uses_the_bearer_of_the_former(world):
    """The state is kept by the card's number and found again when it is back."""
    world.up()
    world.start()
    world.sms(world.push())
    check_managed(world)
    lab("unplug")
    lab("modem", "card", "89460811111111111122", "240082222222222")
    lab("replug")
    until("the refusal", lambda: world.manager()["LastError"] == "OtherSim", 60)
    expect("on the bearer too", world.one("Bearer")["LastError"] == "OtherSim" and world.one("Bearer")["State"] != "connected")
    expect("not managed", world.manager()["State"] != "managed")
    tried = len(attempts())
    time.sleep(2)
    expect("nothing was tried", len(attempts()) == tried)
    lab("unplug")
    lab("modem", "card", "89460811111111111114", "240081111111111")
    lab("replug")
    connected(world, "m2m.example.net", 90)
    managed_again(world)
    expect("not bootstrapped again", len(world.all("Job")) <= 1 and len([e for e in world.dm_events() if e["event"] == "report"]) == 1)


@scenario(mode="qmi")
def a_refused_access_point_gives_way_to_the_next_of_the_document(world):
    """Within the job; what it proved is kept, and the refused one is not tried again."""
    world.up()
    world.start()
    world.sms(world.push("--apn", "nowhere.example", "--apn-auth", "none", "--also", "SECOND:prov.example"))
    check_managed(world)
    connected(world, "prov.example")
    expect(f"in one job: {attempts()}", list(dict.fromkeys(attempts())) == ["nowhere.example", "prov.example"] and world.log().count("] NEW --accepted--> ") == 1)
    time.sleep(1)
    expect("the refused one only once", world.log().count("connecting APN nowhere.example") == 1)


@scenario(mode="qmi")
def an_access_point_is_used_until_its_time_ends(world):
    """VALIDUNTIL: the other one is taken when it passes, by the agent's own timer. A machine that took long to come here is given longer before it passes."""
    begin = time.time()
    world.up()
    world.start()
    until("a clock that is trusted", lambda: world.manager()["ClockState"] != "untrusted", 30)
    end = time.time() + max(25, 2 * (time.time() - begin))
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(end))
    world.sms(world.push("--validity", f"NETWORK=24008,VALIDUNTIL={stamp}", "--also", "AFTER:prov.example"))
    check_managed(world)
    connected(world, "m2m.example.net")
    expect("before its end", time.time() < end - 1)
    until("the other one", lambda: world.one("Bearer", State="connected", Apn="prov.example"), 60)
    expect(f"not before it: {time.time() - end:.1f} s", int(end) <= time.time() < end + 10)
    managed_again(world)
    expect(f"in this order: {attempts()}", [a for a, b in zip(attempts(), ["", *attempts()]) if a != b] == ["m2m.example.net", "prov.example"])
