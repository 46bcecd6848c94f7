# SPDX-License-Identifier: Apache-2.0
"""LwM2M accounts of the factory data, and instructions that name a LwM2M bootstrap server: keys are in the trusted environment alone."""
import json
import secrets
import sys
import time
from pathlib import Path

from lwm2m_bootstrap import AT_ONCE
from main_job import expect
from scenarios import scenario
from second_server import ask
from smart_card import BOOTSTRAP, LWM2M, OVER_TLS, document, image, lwm2m_accounts
from sources import SIGNED
from world import GATEWAY, TREE, agentctl, lab, run, until

HOST = "lwm2m.operator.example"
MASTER, NAMED, OTHER = secrets.token_bytes(32), secrets.token_hex(24), secrets.token_hex(24)
KEYS = ("--derivation-key", MASTER.hex(), "--psk", f"boot={NAMED}")
SERVER, BOOT = f"uri={LWM2M},server_id=101", f"uri={BOOTSTRAP}"
QUICK = "[briefing]\nretry=1\n"


def operator():
    """The operator's own module; it shares no code with the agent."""
    sys.path.append(str(TREE / "tests/operator"))
    import lwm2m_accounts as module
    return module


def admit(world, identity=GATEWAY, key=None):
    """The operator's server knows the key: derived, as the factory's list says, unless another is given."""
    operator().admit(world.operator_dir, identity, key or operator().psk(MASTER, GATEWAY, HOST), GATEWAY)


def order(world, identity=GATEWAY, server_id=101):
    operator().order(world.operator_dir, identity, GATEWAY, LWM2M, server_id)


def events(world, name) -> int:
    return sum(e["event"] == name for e in world.lwm2m_events())


def check_secret(world, *keys):
    places = [p.read_bytes() for p in Path("/var/lib/gateway-agent").glob("*")] + [world.log(name).encode() for name in ("agentd", "tred")]
    for key in keys:
        expect("a key is in the store or in a log", not any(form in place for place in places for form in (bytes.fromhex(key), key.encode())))


def register_last(world, context, server_id):
    """At the operator's one server the last Register counts: this account's, from now on."""
    account = f"account/lwm2m_2d{context}_2d{server_id}"
    agentctl("account", "disable", account)
    until("de-registered", lambda: world.one("Account", ServerId=str(server_id), State="disabled"))
    agentctl("account", "connect", account)
    until("registered last", lambda: world.one("Account", ServerId=str(server_id), State="registered"))


def execute_trigger(world, context, server_id):
    """Execute of the Bootstrap-Request Trigger of that account by its server."""
    register_last(world, context, server_id)
    return [ask(world, GATEWAY, "execute", f"/1/{instance}/9")["code"] for instance in (1, 0)]


def check_both(world):
    until("both accounts", lambda: sorted(lwm2m_accounts(world)) == [("0", "bootstrap"), ("101", "registered"), ("102", "registered")]
          and not world.one("Job", State="running"), 60)


def check_trigger_by_message(world):
    """It names an instance of object 1 and nothing else: 0 is the account of context usim, 1 that of m2m, which has no bootstrap server."""
    def refusal(path):
        done = agentctl("bootstrap", "--no-wait", world.push("--trigger", path), check=False)
        return done.stderr if done.returncode else ""

    def allow(wanted):
        expect("written", ask(world, GATEWAY, "write", "/1/0/21", "--value", wanted)["code"] == "2.04")

    register_last(world, "usim", 102)
    asked, updates = events(world, "bootstrap-request"), events(world, "update")
    for path, why in (("/1/1/9", "context m2m has no account of a bootstrap server"), ("/1/2/9", "no account is that"), ("/1/2/8", "no account is that")):
        expect(f"{path}: {refusal(path)}", why in world.manager()["LastErrorText"] and world.manager()["LastError"] == "NotFound")
    allow("0")
    for path in ("/1/0/9", "/1/0/8"):
        expect(f"its server wants none: {refusal(path)}", "(/1/0/21)" in world.manager()["LastErrorText"] and world.manager()["LastError"] == "PolicyDenied")
    allow("1")
    expect("nothing came of these", events(world, "bootstrap-request") == asked and events(world, "update") == updates)
    expect("an Update", not refusal("/1/0/8"))
    until("of the account that is meant", lambda: events(world, "update") == updates + 1)
    registers = events(world, "register")
    expect("the other account", not refusal("/1/1/8"))
    until("whose registration the server has replaced", lambda: events(world, "register") == registers + 1)
    expect("a bootstrap", not refusal("/1/0/9"))
    until("its bootstrap server is asked", lambda: events(world, "bootstrap-request") == asked + 1)
    check_both(world)


def check_trigger_of_each(world):
    """Only the context with a bootstrap server has one to ask; the other server's instance is none of its business (4.01)."""
    asked = events(world, "bootstrap-request")
    codes = execute_trigger(world, "m2m", 101)
    expect(f"nobody is asked for context m2m: {codes}", codes == ["4.05", "4.01"] and events(world, "bootstrap-request") == asked)
    codes = execute_trigger(world, "usim", 102)
    expect(f"context usim has one: {codes}", codes == ["4.01", "2.04"])
    until("which is asked", lambda: events(world, "bootstrap-request") == asked + 1)
    check_both(world)


@scenario(mode="none", factory_options=(*KEYS, "--lwm2m", f"{SERVER},context=m2m", "--lwm2m", f"{BOOT},psk=boot,identity=boot-{GATEWAY}"))
def lwm2m_accounts_of_the_factory_need_no_push(world):
    """Context m2m: a server by derived key, which the operator does not know at first. Context usim: a bootstrap server by a key of that name."""
    world.settings = f"lwm2m-triggers=20\n{QUICK}"
    world.up()
    admit(world, f"boot-{GATEWAY}", NAMED)
    order(world, f"boot-{GATEWAY}", 102)
    world.start()
    job = world.job_ended("failed")
    expect(f"why: {job['ErrorText']}", job["Error"] == "ClientAuth" and job["Context"].endswith("/m2m") and job["Source"] == "factory")
    until("the other context all the same", lambda: sorted(lwm2m_accounts(world)) == [("0", "bootstrap"), ("102", "registered")])
    expect("nothing is kept of the first", world.one("Context", Name="m2m")["State"] == "open")
    key = world.dir / "key"
    key.write_text(MASTER.hex() + "\n")
    derived = agentctl("factory", "psk", GATEWAY, HOST, key).stdout.strip()
    expect("agentctl factory agrees", derived == operator().psk(MASTER, GATEWAY, HOST))
    admit(world)
    until("both contexts", lambda: all(c["State"] == "committed" and c["Source"] == "factory" for c in world.all("Context").values()), 90)
    until("their accounts", lambda: sorted(lwm2m_accounts(world)) == [("0", "bootstrap"), ("101", "registered"), ("102", "registered")])
    check_secret(world, derived, NAMED)
    check_trigger_by_message(world)
    check_trigger_of_each(world)
    world.stop("agentd")
    seen = events(world, "register")
    world.start("agentd")
    until("again after a restart", lambda: events(world, "register") >= seen + 2, 60)
    expect("without another job", not world.all("Job"))


@scenario(mode="none", factory_options=(*KEYS, "--lwm2m", SERVER, "--lwm2m", f"{BOOT},psk=boot,identity=boot"))
def servers_of_the_factory_come_before_their_bootstrap_server(world):
    """LwM2M bootstrap sequence: register where the factory says; only if that fails, ask the bootstrap server."""
    world.settings = QUICK
    world.up()
    admit(world, "boot", NAMED)
    order(world, "boot", 102)
    world.start()
    until("what the bootstrap server wrote", lambda: sorted(lwm2m_accounts(world)) == [("0", "bootstrap"), ("102", "registered")], 60)
    log = world.log()
    expect("the server was tried before", 0 < log.find("[job1] PROVING --failed--> ROLLING_BACK") < log.find("[job2] NEW"))
    expect(f"the bootstrap server was asked once: {events(world, 'bootstrap-request')}", events(world, "bootstrap-request") == 1)


def order_at_once(world, identity, server_id):
    """As order, of an account that fails for good after one attempt; its own identity."""
    order(world, identity, server_id)
    path = world.operator_dir / "bootstrap.json"
    plans = json.loads(path.read_text())
    (account,) = plans[identity]["accounts"]
    account["server"] = AT_ONCE
    path.write_text(json.dumps(plans))
    return account["identity"]


def fail_for_good(world, context, server_id, identity):
    """The operator does not want it any more (4.03)."""
    path = world.operator_dir / "psk.json"
    known = json.loads(path.read_text())
    known[identity]["endpoint"] = "nobody"
    path.write_text(json.dumps(known))
    account = f"account/lwm2m_2d{context}_2d{server_id}"
    agentctl("account", "disable", account)
    agentctl("account", "connect", account)


@scenario(mode="none", factory_options=(*KEYS, "--psk", f"other={OTHER}", "--lwm2m", f"{BOOT},psk=boot,identity=boot-usim",
                                        "--lwm2m", f"{BOOT},context=m2m,psk=other,identity=boot-m2m"))
def a_registration_that_fails_asks_the_bootstrap_server_of_its_own_context_alone(world):
    """Bootstrap on registration failure in two contexts: who fails asks nobody of the other, and takes nothing from the patience with it."""
    def asked():
        names = [e["identity"] for e in world.lwm2m_events() if e["event"] == "bootstrap-request"]
        return names.count("boot-usim"), names.count("boot-m2m")

    def both(usim, m2m):
        return sorted(lwm2m_accounts(world)) == sorted([("0", "bootstrap"), ("0", "bootstrap"), (usim, "registered"), (m2m, "registered")])

    world.settings = QUICK
    world.up()
    admit(world, "boot-usim", NAMED)
    admit(world, "boot-m2m", OTHER)
    usim, m2m = order_at_once(world, "boot-usim", 102), order_at_once(world, "boot-m2m", 101)
    world.start()
    until("both contexts", lambda: both("102", "101") and not world.one("Job", State="running"), 60)
    expect(f"each asked its own once: {asked()}", asked() == (1, 1))
    order_at_once(world, "boot-m2m", 103)
    fail_for_good(world, "m2m", 101, m2m)
    until("m2m asks its own and has a new account", lambda: both("102", "103") and not world.one("Job", State="running"), 60)
    expect(f"nobody else was asked: {asked()}", asked() == (1, 2))
    order_at_once(world, "boot-usim", 104)
    fail_for_good(world, "usim", 102, usim)
    until("usim, too, at once", lambda: both("104", "103") and not world.one("Job", State="running"), 60)
    expect(f"and nobody else: {asked()}", asked() == (2, 2))


@scenario(mode="none", factory_options=(*KEYS, "--lwm2m", f"{SERVER},psk=another"))
def a_factory_account_whose_key_is_missing_says_so(world):
    world.settings = QUICK
    world.up()
    world.start()
    job = world.job_ended("failed")
    expect(f"{job['Error']}: {job['ErrorText']}", job["Error"] == "NotFound" and "the factory gave no such psk" in job["ErrorText"])


@scenario(lab_options=("--uplink-reaches-operator",), factory_options=(*KEYS, "--lwm2m", SERVER))
def a_card_comes_before_the_factory_and_the_factory_before_nothing(world):
    """LwM2M bootstrap sequence: the card's account is taken, though the factory's would be at hand at once; with a card that brings nothing, the factory's."""
    world.settings = QUICK
    world.up()
    admit(world)
    empty = image(world, name="empty.json")
    lab("modem", "image", image(world, "--cp", document(world, "--no-account", "--no-provurl"), "--lwm2m", LWM2M, "--server-id", "103"))
    lab("unplug")
    world.start()
    time.sleep(3)
    expect("no job while a modem may come", not world.all("Job"))
    lab("replug")
    world.managed()
    expect(f"by the card: {lwm2m_accounts(world)}", lwm2m_accounts(world) == [("103", "registered")] and world.one("Context", Name="usim")["Source"] == "card")
    expect("the factory was not asked", "(factory," not in world.log())
    world.stop("agentd")
    run("rm", "-f", "/var/lib/gateway-agent/agent.db")
    lab("modem", "image", empty)
    world.start("agentd")
    until("the factory's account", lambda: lwm2m_accounts(world) == [("101", "registered")], 90)
    expect("by the factory", world.one("Context", Name="usim")["Source"] == "factory")


@scenario(mode="none", factory_options=(*KEYS, *SIGNED))
def an_instruction_names_the_lwm2m_bootstrap_server(world):
    """By a key of that name; then, from the same issuer with a higher number, by the derived one. The bootstrap server refuses once in between."""
    world.up()
    world.start()
    by_name = ("--mech", "lwm2m", "--uri", "https://dm.operator.example/dm", "--uri", BOOTSTRAP, "--nid", "", "--cred", "boot")
    done = agentctl("bootstrap", world.instruction(*by_name[:-1], "none"), check=False)
    expect(f"a key that is not there: {done.stderr}", done.returncode == 3 and "NotFound" in done.stderr)
    admit(world, GATEWAY, NAMED)
    order(world, GATEWAY, 101)
    agentctl("bootstrap", world.instruction(*by_name))
    until("its account", lambda: sorted(lwm2m_accounts(world)) == [("0", "bootstrap"), ("101", "registered")], 60)
    expect("by the instruction", world.one("Context", Name="usim")["Source"] == "instruction")
    derived = ("--mech", "lwm2m", "--uri", BOOTSTRAP, "--nid", "")
    admit(world)
    (world.operator_dir / "bootstrap.json").write_text(json.dumps({GATEWAY: {"accounts": [], "fault": "refuse"}}))
    done = agentctl("bootstrap", world.instruction(*derived), check=False)
    expect(f"the server refuses: {done.stderr}", done.returncode == 3 and "ServerStatus" in done.stderr)
    until("the account before is in service", lambda: sorted(lwm2m_accounts(world)) == [("0", "bootstrap"), ("101", "registered")], 60)
    order(world, GATEWAY, 104)
    agentctl("bootstrap", world.instruction(*derived))
    until("the other account", lambda: sorted(lwm2m_accounts(world)) == [("0", "bootstrap"), ("104", "registered")], 60)
    order(world, GATEWAY, 105)
    agentctl("bootstrap", world.instruction("--mech", "lwm2m", "--uri", OVER_TLS, "--nid", ""))
    until("one more, by a bootstrap server over TLS", lambda: sorted(lwm2m_accounts(world)) == [("0", "bootstrap"), ("105", "registered")], 60)
    expect("as its account says", ("0", OVER_TLS) in [(a["ServerId"], a["Uri"]) for a in world.all("Account").values()])
    check_secret(world, NAMED)
