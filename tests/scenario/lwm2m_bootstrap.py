# SPDX-License-Identifier: Apache-2.0
"""LwM2M bootstrap, client initiated: the account of a bootstrap server is enough, and a trigger has it asked again."""
import json
import secrets

from main_job import expect
from pushes import refused
from scenarios import scenario
from second_server import SERVER, ask, code
from smart_card import BOOTSTRAP, document, image, lwm2m_accounts
from world import TREE, agentctl, lab, labproc, until


def account_at(world, server_id, endpoint="GW-0001", server=None, folder=None, **more) -> dict:
    """An account at the operator's server, or at the one of that folder, which from now on knows its key."""
    known = (folder or world.operator_dir) / "psk.json"
    account = {"id": server_id, "uri": BOOTSTRAP, "identity": f"GW-0001-{server_id}", "key": secrets.token_hex(16), "lifetime": 300, "server": server or {}, **more}
    known.write_text(json.dumps({**json.loads(known.read_text()), account["identity"]: {"key": account["key"], "endpoint": endpoint}}))
    return account


def plan_all(world, accounts, **fault) -> None:
    """What the bootstrap server writes from now on, to the one gateway that it knows."""
    path = world.operator_dir / "bootstrap.json"
    (identity,) = json.loads(path.read_text())
    path.write_text(json.dumps({identity: {"accounts": accounts, **fault}}))


def plan(world, server_id, server=None, endpoint="GW-0001", **fault) -> None:
    plan_all(world, [account_at(world, server_id, endpoint, server)], **fault)


def trigger(world, instance=0) -> None:
    world.sms(world.push("--trigger", f"/1/{instance}/9"))


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


def listed(world) -> list:
    """The instances of object 1 in each Register and Update that has a list."""
    return [{o for o in e["objects"] if o.startswith("/1/")} for e in world.lwm2m_events() if e["event"] in ("register", "update") and e.get("objects")]


def another_server(world):
    """One more LwM2M server of the operator, with keys and events of its own."""
    folder = world.dir / "second"
    folder.mkdir()
    (folder / "psk.json").write_text("{}")
    labproc.start("lwm2m-second", TREE / "tests/lab/lab", "in", "operator", "--", *SERVER, "run", "--no-auto", "--dir", folder, "--addr", "198.51.100.20", "--port", "5685")
    return folder


def instances(world, folder, first, second) -> bool:
    """Each server reads its own account in that instance of object 1, and not the other's: the rights (object 2) are on the same instances."""
    here, there = (lambda n: code(ask(world, "GW-0001", "read", f"/1/{n}/0"))), (lambda n: code(ask(world, "GW-0001", "read", f"/1/{n}/0", folder=folder)))
    return (here(first), here(second), there(first), there(second)) == ("2.05", "4.01", "4.01", "2.05")


@scenario()
def accounts_keep_the_instances_that_the_bootstrap_server_wrote(world):
    """Two servers as /1/7 and /1/3, /0/12 and /0/40: in Register and Read, for triggers, over a restart, to the bootstrap server; then the other way round."""
    world.up()
    lab("modem", "image", image(world, "--cp", document(world, "--no-account", "--no-provurl"), "--bootstrap-server", BOOTSTRAP))
    folder = another_server(world)

    def plan_both(of_one, of_two):
        plan_all(world, [account_at(world, 101, instances=of_one), account_at(world, 102, folder=folder, uri="coaps://lwm2m.operator.example:5685", instances=of_two)])

    plan_both([12, 7], [40, 3])
    world.start()
    both = [("0", "bootstrap"), ("101", "registered"), ("102", "registered")]
    until("both accounts", lambda: sorted(lwm2m_accounts(world)) == both, 60)
    until("both instances in a registration, and no other one", lambda: {"/1/3", "/1/7"} in listed(world))
    expect("each has its own", instances(world, folder, 7, 3))
    world.stop("agentd")
    world.start("agentd")
    until("both after a restart", lambda: sorted(lwm2m_accounts(world)) == both, 60)
    until("as before", lambda: instances(world, folder, 7, 3))

    plan_both([40, 3], [12, 7])
    asked = requests(world)
    refused(world, "NotFound", lambda: trigger(world, 0))
    trigger(world, 3)
    until("the bootstrap server is asked", lambda: requests(world) == asked + 1, 60)
    found = until("what it found", lambda: [e["links"] for e in world.lwm2m_events() if e["event"] == "bootstrap-step" and "ssid=102" in e.get("links", "")])[-1]
    expect(f"as it had left it: {found}", all(link in found for link in ("</0/12>;ssid=101", "</0/40>;ssid=102", "</1/7>;ssid=101", "</1/3>;ssid=102")))
    until("the numbers of now", lambda: sorted(lwm2m_accounts(world)) == both and instances(world, folder, 3, 7), 60)


def finishes(world) -> list:
    return [e["code"] for e in world.lwm2m_events() if e["event"] == "bootstrap-finish"]


@scenario()
def a_bootstrap_server_writes_object_2_for_its_servers_and_for_no_other(world):
    """Owner and rights for two servers: in force at once, over a kill, and seen by the next bootstrap; one with a strange owner is refused whole; the next one's hold alone."""
    world.up()
    lab("modem", "image", image(world, "--cp", document(world, "--no-account", "--no-provurl"), "--bootstrap-server", BOOTSTRAP))
    folder = another_server(world)

    def plan_both(*rights):
        plan_all(world, [account_at(world, 101, instances=[1, 0]), account_at(world, 102, folder=folder, uri="coaps://lwm2m.operator.example:5685", instances=[2, 1])], rights=rights)

    def starts() -> tuple:
        """What each server gets for the start of the counters (object 7)."""
        return tuple(code(ask(world, "GW-0001", "execute", "/7/0/6", folder=f)) for f in (None, folder))

    def in_force(wanted):
        until(f"the rights: {wanted}", lambda: sorted(lwm2m_accounts(world)) == both and starts() == wanted, 90)

    both = [("0", "bootstrap"), ("101", "registered"), ("102", "registered")]
    plan_both({"instance": 5, "of": [7, 0], "owner": 102, "acl": {"101": 1}})
    world.start()
    in_force(("4.01", "2.04"))
    row = [code(ask(world, "GW-0001", "read", f"/2/5/{n}", folder=folder)) for n in (0, 1, 3)]
    expect(f"under its number: {row}", row == ["2.05"] * 3)
    expect("the owner gives more", code(ask(world, "GW-0001", "write", "/2/5/2", "--format", "110", "--hex", b'[{"n":"/2/5/2/101","v":5}]'.hex(), folder=folder)) == "2.04")
    in_force(("2.04", "2.04"))
    plan_both({"instance": 1, "of": [7, 0], "owner": 999})
    trigger(world)
    until("the refusal", lambda: finishes(world)[-1] == "4.06", 60)
    why = "Bootstrap-Finish refused: /2/1: its owner 999 is no server of this bootstrap"
    until("the bus says why, while the server may mend it", lambda: any(why in j["ErrorText"] for j in world.all("Job").values()))
    expect("as the log, once", world.log().count(why) == 1)
    found = [e["links"] for e in world.lwm2m_events() if e["event"] == "bootstrap-step" and e.get("links")][-1]
    expect(f"it had seen what there was: {found}", "</2/5>" in found)
    in_force(("2.04", "2.04"))
    world.kill("agentd")
    plan_both({"instance": 9, "of": [7, 0], "owner": 101, "acl": {"0": 1}})
    world.start("agentd")
    until("the next one is through", lambda: finishes(world)[-1] == "2.04", 90)
    in_force(("2.04", "4.01"))
    world.kill("agentd")
    world.start("agentd")
    in_force(("2.04", "4.01"))
    expect("its own alone", code(ask(world, "GW-0001", "read", "/2/9/3")) == "2.05")


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

    world.kill("agentd")
    waits = world.log().count("no bootstrap for another")
    world.start("agentd")
    until("the same wait after a kill", lambda: world.log().count("no bootstrap for another") > waits, 60)
    expect("it is not asked sooner", requests(world) == 2)

    plan(world, 103, AT_ONCE, endpoint="nobody")
    trigger(world)
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
