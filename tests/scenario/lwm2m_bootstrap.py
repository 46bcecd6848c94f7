# SPDX-License-Identifier: Apache-2.0
"""LwM2M bootstrap, client initiated: the account of a bootstrap server is enough, and a trigger has it asked again."""
import json
import secrets

from main_job import expect
from scenarios import scenario
from second_server import ask
from smart_card import BOOTSTRAP, document, image, lwm2m_accounts
from world import agentctl, lab, until


def plan(world, server_id, server=None, endpoint="GW-0001", **fault) -> None:
    """What the bootstrap server writes from now on, to the one gateway that it knows."""
    path = world.operator_dir / "bootstrap.json"
    (identity,) = json.loads(path.read_text())
    account = {"id": server_id, "uri": BOOTSTRAP, "identity": f"GW-0001-{server_id}", "key": secrets.token_hex(16), "lifetime": 300, "server": server or {}}
    psk = json.loads((world.operator_dir / "psk.json").read_text())
    (world.operator_dir / "psk.json").write_text(json.dumps({**psk, account["identity"]: {"key": account["key"], "endpoint": endpoint}}))
    path.write_text(json.dumps({identity: {"accounts": [account], **fault}}))


def trigger(world) -> None:
    world.sms(world.push("--trigger", "/1/0/9"))


def requests(world) -> int:
    return sum(e["event"] == "bootstrap-request" for e in world.lwm2m_events())


def steps(world, path) -> int:
    return sum(e["event"] == "bootstrap-step" and e["path"] == path and e["code"] == "2.04" for e in world.lwm2m_events())


@scenario()
def a_bootstrap_server_on_the_card_gives_the_account_and_is_asked_again(world):
    """Card: a NAPDEF and a LwM2M bootstrap server. Then Bootstrap-Request Triggers by SMS: another account; a refusal; a kill while the server writes; the
    server gives its own account a second to live."""
    world.up()
    lab("modem", "image", image(world, "--cp", document(world, "--no-account", "--no-provurl"), "--bootstrap-server", BOOTSTRAP))
    world.start()
    world.managed()
    until("what the server wrote", lambda: sorted(lwm2m_accounts(world)) == [("0", "bootstrap"), ("101", "registered")])
    expect("over the card's bearer", world.one("Bearer", State="connected", Apn="m2m.example.net"))
    plan(world, 102)
    trigger(world)
    until("the new account alone", lambda: sorted(lwm2m_accounts(world)) == [("0", "bootstrap"), ("102", "registered")], 60)
    expect("its bearer stays", world.one("Bearer", State="connected", Apn="m2m.example.net"))
    expect("the server saw what was there", any("ssid=101" in e.get("links", "") for e in world.lwm2m_events()))
    plan(world, 103, fault="refuse")
    asked = requests(world)
    trigger(world)
    until("the refusal on the bus", lambda: world.manager()["LastError"].endswith("ServerStatus"), 60)
    expect("it was asked", requests(world) > asked)
    until("the account in service", lambda: sorted(lwm2m_accounts(world)) == [("0", "bootstrap"), ("102", "registered")], 60)
    plan(world, 104, fault="silent")
    written = steps(world, "/0/1")
    trigger(world)
    until("half of it written", lambda: steps(world, "/0/1") > written, 60)
    world.kill("agentd")
    plan(world, 105)
    world.start("agentd")
    until("the whole of the next plan", lambda: sorted(lwm2m_accounts(world)) == [("0", "bootstrap"), ("105", "registered")], 120)
    plan(world, 106, own={"12": 1})
    trigger(world)
    until("the account without its bootstrap server, whose time is over", lambda: lwm2m_accounts(world) == [("106", "registered")], 60)
    world.kill("agentd")
    world.start("agentd")
    until("the same after a kill", lambda: lwm2m_accounts(world) == [("106", "registered")], 60)
    expect("it was removed once", world.log().count("it is removed") == 1)


AT_ONCE = {"17": 1, "18": 1, "19": 1, "20": 1}  # object 1: one attempt in one sequence, a second apart


def admit(world, server_id, endpoint) -> None:
    """Who comes with the key of that account may be only that endpoint: with another one Register is answered 4.03."""
    path = world.operator_dir / "psk.json"
    known = json.loads(path.read_text())
    known[f"GW-0001-{server_id}"]["endpoint"] = endpoint
    path.write_text(json.dumps(known))


def refusals(world) -> int:
    return sum(e["event"] == "refused" and e["code"] == "4.03" for e in world.lwm2m_events())


def accounts(world, server_id, state) -> bool:
    return sorted(lwm2m_accounts(world)) == [("0", "bootstrap"), (str(server_id), state)]


def register_anew(world, server_id) -> None:
    account = f"account/lwm2m_2dusim_2d{server_id}"
    agentctl("account", "disable", account)
    until("de-registered", lambda: accounts(world, server_id, "disabled"))
    agentctl("account", "connect", account)


@scenario()
def a_registration_that_fails_for_good_asks_the_bootstrap_server_and_never_in_a_loop(world):
    """Resources 16 to 20 of object 1: another account from the bootstrap server; then its account fails too, at once, and the bootstrap server has its peace;
    a new account that fails is rolled back; a server that does not want it (resource 16) is retried and nothing else."""
    world.up()
    lab("modem", "image", image(world, "--cp", document(world, "--no-account", "--no-provurl"), "--bootstrap-server", BOOTSTRAP))
    plan(world, 101, AT_ONCE)
    world.start()
    until("what the server wrote", lambda: accounts(world, 101, "registered"), 60)
    expect("asked once", requests(world) == 1)
    plan(world, 102, AT_ONCE)
    admit(world, 101, "nobody")
    register_anew(world, 101)
    until("the new account alone", lambda: accounts(world, 102, "registered"), 60)
    expect("its bearer stays", world.one("Bearer", State="connected", Apn="m2m.example.net"))
    admit(world, 102, "nobody")
    register_anew(world, 102)
    refused = refusals(world)
    until("more failures", lambda: refusals(world) >= refused + 3)
    expect(f"it is asked again at once: {requests(world)}", requests(world) == 2 and "no bootstrap for another" in world.log())

    plan(world, 103, AT_ONCE, endpoint="nobody")
    world.kill("agentd")  # the first failure after a start is answered at once
    world.start("agentd")
    until("the third request", lambda: requests(world) == 3, 60)
    world.job_ended("failed")
    until("the account from before", lambda: accounts(world, 102, "retrying"))
    expect("the cause is told", world.manager()["LastError"].endswith("ClientAuth"))
    admit(world, 102, "GW-0001")
    until("which is well again", lambda: accounts(world, 102, "registered"))

    plan(world, 104, {**AT_ONCE, "16": 0})
    expect("Execute of the trigger", ask(world, "GW-0001", "execute", "/1/0/9")["code"] == "2.04")
    until("the account that wants no bootstrap", lambda: accounts(world, 104, "registered"), 60)
    world.kill("agentd")
    admit(world, 104, "nobody")
    world.start("agentd")
    refused, asked = refusals(world), requests(world)
    until("failures of it", lambda: refusals(world) >= refused + 3)
    expect("a bootstrap that nobody wanted", requests(world) == asked)
