# SPDX-License-Identifier: Apache-2.0
"""What names no access point goes by a bearer all the same, where there is no other way: one that is installed, the factory's, or the default of the network."""
import os
import signal
import time

from briefing_coap import ASKED
from main_job import check_managed, expect
from roaming import attempts, connected, registers
from scenarios import scenario
from sources import SIGNED, run_account
from world import IMSI, TREE, agentctl, lab, until

DEFAULT = ("--subscription", TREE / "tests/lab/subscription-default.json")
PROVURL = ("--provurl", "https://dm.operator.example/dm")


def installed(world):
    return [b["Apn"] for b in world.all("Bearer").values() if b["Installed"]]


@scenario(mode="qmi", factory_options=SIGNED)
def an_instruction_without_an_access_point_goes_by_the_one_that_is_installed(world):
    """Of a first bearer by NETWPIN, which stays what it was."""
    world.settings = "uplink=cellular\n"
    world.up()
    world.start()
    until("the modem", lambda: world.one("Modem", OperatorId="24008"))
    world.sms(world.push("--sec", "netwpin", "--imsi", IMSI, "--no-account", "--no-provurl", "--apn", "prov.example", "--apn-auth", "none", "--user", "nobody"))
    connected(world, "prov.example")
    until("the end of that job", lambda: world.one("Job", State="succeeded"))
    agentctl("bootstrap", world.instruction())
    check_managed(world)
    expect(f"by that bearer: {attempts()}", set(attempts()) == {"prov.example"} and installed(world) == ["prov.example"])
    facts = [e for e in world.dm_events() if e["event"] == "network"]
    expect(f"as the server was told: {facts}", facts and "bearer=prov.example" in str(facts[-1]))


@scenario(mode="qmi", lab_options=DEFAULT, factory_options=PROVURL)
def provurl_goes_by_the_default_bearer_of_the_network_and_not_while_roaming(world):
    """Refused by the network first: nothing is kept of that; then it is installed like any other and comes back after a restart."""
    world.settings = "uplink=cellular\n[briefing]\nretry=1\n"
    world.up()
    run_account(world, "dm.operator.example")
    lab("modem", "register", "roaming")
    world.start()
    until("the roaming rule", lambda: world.manager()["LastError"] == "Roaming", 60)
    expect("nothing was tried", not attempts())
    for _ in range(4):                                    # one of them for each address type
        lab("modem", "reject-next", "unknown-apn")
    registers(world, "home")
    until("a refusal", lambda: world.manager()["LastError"] == "BearerRefused", 60)
    until("the end of that job", lambda: world.one("Job", State="failed", Error="BearerRefused"))
    expect("nothing is kept", not installed(world) and world.one("Context", Name="usim")["State"] == "open")
    lab("modem", "allow-all")
    world.stop("agentd")                                  # from the shortest wait
    world.start("agentd")
    check_managed(world)
    expect(f"by none that was named: {attempts()}", set(attempts()) == {""} and installed(world) == [""])
    world.stop("agentd")
    world.start("agentd")
    connected(world, "")
    until("managed again", lambda: world.manager()["State"] == "managed", 60)


@scenario(mode="qmi", factory_options=(*PROVURL, "--access-point", "prov.example"))
def without_a_route_of_the_host_provurl_goes_by_the_access_point_of_the_factory(world):
    """Nobody has said that the modem is to be used."""
    world.settings = "[briefing]\nretry=1\n"
    world.up()
    run_account(world, "dm.operator.example")
    world.start()
    check_managed(world)
    expect(f"by it: {attempts()}", set(attempts()) == {"prov.example"} and installed(world) == ["prov.example"])


@scenario(mode="qmi", lab_options=DEFAULT, factory_options=(*ASKED, "https://bbn.operator.example"))
def a_briefing_node_is_asked_over_a_bearer_that_goes_down_again_behind_the_question(world):
    """And stays for the next one if that comes soon, and if the answer is an instruction that is carried out over it."""
    world.settings = "uplink=cellular\n[briefing]\nretry=1\ninterval=60\n"
    world.up()
    world.bbn_up("usim")
    world.bbn_says("503 2")
    lab("modem", "register", "roaming")
    world.start()
    until("the roaming rule", lambda: world.manager()["LastError"] == "Roaming", 60)
    expect("nothing was tried", not attempts() and not world.bbn_events("ask"))
    registers(world, "home")
    asked = until("questions", lambda: len(world.bbn_events("ask")) > 3 and world.bbn_events("ask"), 60)[-1]
    expect(f"over the bearer: {asked}", asked["peer"] == "192.0.2.10" and asked["network"].startswith("plmn=24008;") and asked["network"].endswith(";bearer=default"))
    expect("over one bearer", world.log("modemd").count("wwan0 up") == 1)
    world.bbn_says("204")
    asked = until("the last one", lambda: world.bbn_events("ask")[-1]["t"] > asked["t"] and world.bbn_events("ask")[-1], 60)
    until("the bearer's end", lambda: not world.one("Bearer", State="connected"), 30)
    expect(f"it stayed for a job: {time.time() - asked['t']:.1f} s", time.time() - asked["t"] > 5)
    expect("nothing is kept", not installed(world))
    world.bbn_says()
    dm = int((world.operator_dir / "box/dm.pid").read_text().split()[0])
    os.kill(dm, signal.SIGSTOP)
    world.stop("agentd")                                  # the next question is a minute away
    world.start("agentd")
    until("a job that waits for the operator", lambda: world.one("Job", Step="EXECUTING"), 60)
    time.sleep(6)                                         # without the job the bearer had gone
    os.kill(dm, signal.SIGCONT)
    check_managed(world)
    expect("by the node", world.one("Context", Name="usim")["Source"] == "bbn" and installed(world) == [""])
    expect(f"by the bearer of its question: {attempts()}", world.log("modemd").count("wwan0 up") == 2)
    until("the result", lambda: world.bbn_events("result"), 60)
    expect(f"every request was right: {world.bbn_events('violation')}", not world.bbn_events("violation"))
