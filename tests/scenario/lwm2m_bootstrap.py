# SPDX-License-Identifier: Apache-2.0
"""LwM2M bootstrap, client initiated: the account of a bootstrap server is enough, and a trigger has it asked again."""
import json
import secrets

from main_job import expect
from scenarios import scenario
from smart_card import BOOTSTRAP, document, image, lwm2m_accounts
from world import lab, until


def plan(world, server_id, **fault) -> None:
    """What the bootstrap server writes from now on, to the one gateway that it knows."""
    path = world.operator_dir / "bootstrap.json"
    (identity,) = json.loads(path.read_text())
    account = {"id": server_id, "uri": BOOTSTRAP, "identity": f"GW-0001-{server_id}", "key": secrets.token_hex(16), "lifetime": 300}
    psk = json.loads((world.operator_dir / "psk.json").read_text())
    (world.operator_dir / "psk.json").write_text(json.dumps({**psk, account["identity"]: {"key": account["key"], "endpoint": "GW-0001"}}))
    path.write_text(json.dumps({identity: {"accounts": [account], **fault}}))


def trigger(world) -> None:
    world.sms(world.push("--trigger", "/1/0/9"))


def requests(world) -> int:
    return sum(e["event"] == "bootstrap-request" for e in world.lwm2m_events())


def steps(world, path) -> int:
    return sum(e["event"] == "bootstrap-step" and e["path"] == path and e["code"] == "2.04" for e in world.lwm2m_events())


@scenario()
def a_bootstrap_server_on_the_card_gives_the_account_and_is_asked_again(world):
    """Card: a NAPDEF and a LwM2M bootstrap server. Then Bootstrap-Request Triggers by SMS: another account; a refusal; a kill while the server writes."""
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
