# SPDX-License-Identifier: Apache-2.0
"""Triggers that are not provisioning pushes: instructions, the briefing node, the factory's accounts."""
import json
import sys
import time
from pathlib import Path

from main_job import check_managed, expect
from scenarios import scenario
from smart_card import BOOTSTRAP
from world import ETC, GATEWAY, IMSI, PIN, TREE, agentctl, run, until

SIGNED = ("--instruction-key", "bbn")


def refused(world, cause, document):
    done = agentctl("bootstrap", document, check=False)
    last = world.manager()["LastError"]
    expect(f"{cause}, not {last}: {done.stderr}", done.returncode == 1 and last == cause and "hint:" in done.stderr)


@scenario(mode="none", factory_options=SIGNED)
def a_signed_instruction_is_carried_out_and_bad_ones_are_refused(world):
    world.up()
    world.start()
    now = int(time.time())
    for cause, document in (
            ("WrongSubject", world.instruction("--sub", "urn:gateway:GW-0002")),
            ("WrongSubject", world.instruction("--sub", "imei:490154203237518", signed="")),
            ("Expired", world.instruction("--iat", str(now - 7200), "--exp", str(now - 10))),
            ("Expired", world.instruction("--iat", str(now + 3600), "--exp", str(now + 7200))),
            ("Expired", world.instruction("--iat", str(now), "--exp", str(now + 31 * 86400))),
            ("MacMismatch", world.instruction("--flip", "3")),
            ("MacMismatch", world.instruction("--flip", "600")),
            ("MacMismatch", world.instruction("--flip", "3", signed="")),
            ("UnknownKey", world.instruction(signed="rogue-bbn")),
            ("Invalid", world.instruction("--mech", "gba")),
            ("Invalid", world.instruction("--mech", "pki")),
            ("Invalid", world.instruction("--mech", "psk", signed="")),
            ("NotSupported", world.instruction("--uri", URL, "--sni", "other.example")),
            ("Invalid", world.instruction("--uri", BOOTSTRAP)),
            ("Invalid", world.instruction("--mech", "lwm2m", signed="")),
            ("NotSupported", world.instruction("--mech", "lwm2m", "--uri", BOOTSTRAP, "--server-pin", world.operator_dir / "ca/bbn.pem"))):
        refused(world, cause, document)
    expect("no job", not world.all("Job"))
    old = world.instruction("--seq", "90")
    agentctl("bootstrap", world.instruction("--seq", "100"))
    check_managed(world)
    context = world.one("Context", Name="usim")
    expect(f"by the instruction: {context}", context["Source"] == "instruction" and context["ServerId"] == "com.example.dm")
    refused(world, "Replayed", old)


@scenario(mode="qmi", factory_options=SIGNED)
def an_instruction_in_two_sms_names_the_server_and_the_bearer(world):
    """COSE_Mac0 by the device PIN; the phases are visible."""
    world.up()
    world.start()
    until("the modem", lambda: (world.one("Modem") or {}).get("State") in ("registered", "connected"))
    push = world.instruction("--push", "--apn", "prov.example", signed="")
    expect(f"two SMS: {push.stat().st_size} octets", push.stat().st_size <= 256)
    world.sms(push, reverse=True)
    check_managed(world)
    expect("by SMS", world.one("Context", Name="usim")["Source"] in ("sms-qmi", "sms-mm"))
    expect("the phases", world.one("Job", State="succeeded")["Phase"] == "done")


BBN = (*SIGNED, "--briefing", "https://bbn.operator.example", "--context", "usim")


@scenario(mode="qmi", lab_options=("--uplink-reaches-operator",), factory_options=BBN)
def a_briefing_node_is_asked_until_it_instructs(world):
    """No push at all: 503, 202, 403, 409 and silence end in a visible next time; then the instruction, the job, the signed result. The node learns where the
    modem is registered, though it is asked over the gateway's own uplink."""
    world.settings = "[briefing]\nretry=1\n"
    world.up()
    world.bbn_says("503 2")
    world.start()
    until("a refused connection", lambda: world.manager()["LastError"] == "ConnectFailed", 20)
    world.bbn_up("usim")
    for status, cause in (("503 2", "NotReady"), ("202 1", "NotReady"), ("403", "Denied"), ("409", "Replayed")):
        world.bbn_says(status)
        seen = len(world.bbn_events("ask"))
        until(f"{status} seen", lambda n=seen: len(world.bbn_events("ask")) > n, 60)
        until(cause, lambda c=cause: world.manager()["LastError"] == c)
        manager = world.manager()
        expect(f"the next question is visible: {manager['BriefingState']}", manager["BriefingState"] == "waiting" and
               manager["NextBriefing"] / 1e6 > time.time() - 2)
    expect("no job so far", not world.all("Job"))
    until("the serving network", lambda: world.one("Modem", OperatorId="24008", AccessTechnology="lte", CellId=1123003))
    world.bbn_says()
    check_managed(world)
    expect("by the node", world.one("Context", Name="usim")["Source"] == "bbn")
    result = until("the result", lambda: world.bbn_events("result"), 30)[0]
    expect(f"result: {result}", result["phase"] == "done" and result["code"] == "None" and result["seq"] >= 1)
    expect(f"network facts: {world.bbn_events('ask')[-1]}", world.bbn_events("ask")[-1]["network"] == "plmn=24008;home=24008;access=lte;roaming=no;cell=1123003;area=12741;uplink=host")
    expect(f"every request was right: {world.bbn_events('violation')}", not world.bbn_events("violation"))


@scenario(mode="qmi", factory_options=BBN)
def a_briefing_node_is_asked_over_the_first_bearer_where_there_is_no_other_way(world):
    """Nothing is asked while no bearer is up; NETWPIN brings one, which takes no context, and the node is soon reached by its addresses and name servers."""
    world.settings = "uplink=cellular\n[briefing]\nretry=1\n"
    world.up()
    world.bbn_up("usim")
    world.bbn_says("204")
    world.start()
    until("the serving network", lambda: world.one("Modem", OperatorId="24008", AccessTechnology="lte", CellId=1123003))
    expect("nobody was asked", not world.bbn_events("ask"))
    world.sms(world.push("--sec", "netwpin", "--imsi", IMSI, "--no-account", "--no-provurl", "--apn", "prov.example", "--apn-auth", "none"))
    asked = until("the question", lambda: world.bbn_events("ask"), 60)[0]
    expect(f"over the bearer: {asked}", asked["peer"] == "192.0.2.10" and asked["network"] == "plmn=24008;home=24008;access=lte;roaming=no;cell=1123003;area=12741;bearer=prov.example")
    expect(f"it was right: {world.bbn_events('violation')}", not world.bbn_events("violation"))


@scenario(mode="none", factory_options=("--provurl", "https://dm.operator.example/dm"))
def provurl_of_the_factory_is_asked_with_the_device_pin(world):
    """At start, over the gateway's own uplink; a failed attempt is repeated with back-off."""
    world.settings = "[briefing]\nretry=1\n"
    world.operator_options = ("--fault", "wrong-cert")
    world.up()
    run_account(world, "dm.operator.example")
    world.start()
    until("a refused server", lambda: world.manager()["LastError"] == "TlsUntrusted", 30)
    world.dm_fault("none")
    check_managed(world)
    expect("by the factory", world.one("Context", Name="usim")["Source"] == "factory")


def operator():
    """The operator's own modules; they share no code with the agent."""
    sys.path.append(str(TREE / "tests/operator"))
    import accounts
    import bei
    from oma import factory_credentials
    return accounts, bei, factory_credentials


def run_account(world, server_id):
    """The DM server knows the PIN of the device."""
    operator()[1].account_by_pin(world.operator_dir, GATEWAY, server_id, "https://dm.operator.example/dm")


@scenario(mode="none")
def provurl_by_hand_is_a_session_by_the_device_pin(world):
    """With the pin of a server that no root knows; a wrong pin before."""
    world.operator_options = ("--fault", "wrong-cert")
    world.up()
    run_account(world, "dm.operator.example")
    world.start()
    rogue = world.operator_dir / "servers/dm.operator.example.rogue.pem"
    pin = run("/usr/bin/python3", "-B", TREE / "tests/operator/factory.py", "pin", rogue).stdout.strip()
    done = agentctl("bootstrap", "https://dm.operator.example/dm", "A" * 43 + "=", check=False)
    expect(f"wrong pin: {done.stderr}", done.returncode == 3 and "TlsUntrusted" in done.stderr)
    done = agentctl("bootstrap", "https://dm.operator.example/dm", "no-pin", check=False)
    expect(f"no pin: {done.stderr}", done.returncode == 1 and "SHA-256" in done.stderr)
    time.sleep(1.1)                                       # the instruction's number is the time
    agentctl("bootstrap", "https://dm.operator.example/dm", pin)
    check_managed(world)
    expect("by hand", world.one("Context", Name="usim")["Source"] == "ui")
    expect("the PIN is nowhere", PIN.encode() not in b"".join(p.read_bytes() for p in Path("/var/lib/gateway-agent").glob("*")))


IMEI, KEY, SERVER, URL = "490154203237518", bytes(range(32)), "com.example.dm", "https://dm.operator.example/dm"
FACTORY = ("--imei", IMEI, "--derivation-key", KEY.hex(), "--account")


def expects(world, credentials):
    """The DM server computes the account by itself."""
    accounts, _, _ = operator()
    accounts.save(world.operator_dir, accounts.Account(credentials["UserName"], SERVER, URL, "DIGEST", credentials["ClientPW"],
                                                      credentials.get("ClientNonce", ""), credentials["ServerPW"], credentials.get("ServerNonce", "")))


@scenario(mode="none", factory_options=(*FACTORY, f"server_id={SERVER},uri={URL}"))
def a_factory_account_needs_no_push(world):
    """Keyed credentials: the TRE derives them, the operator's own program does, agentctl factory does."""
    world.settings = "[briefing]\nretry=1\n"
    world.up()
    credentials = operator()[2].method_c(KEY, IMEI, SERVER)
    expects(world, credentials)
    key = world.dir / "key"
    key.write_text(KEY.hex() + "\n")
    expect("agentctl factory agrees", json.loads(agentctl("factory", "credentials", IMEI, SERVER, key).stdout).items() >= credentials.items())
    world.start()
    check_managed(world)
    expect("by the factory", world.one("Context", Name="usim")["Source"] == "factory")
    expect("the account is its own", world.one("Account", Protocol="omadm")["Endpoint"] == f"urn:imei:{IMEI}")


@scenario(mode="none", factory_options=(*FACTORY, f"server_id={SERVER},uri={URL},credentials=fcs11384"))
def a_published_factory_algorithm_is_off_unless_allowed_and_then_must_be_replaced(world):
    world.settings = "[briefing]\nretry=1\n"
    world.up()
    expects(world, operator()[2].method_a(IMEI, SERVER) | {"ClientNonce": "NTNMSTYyTUkyM0hFMzNTVA==", "ServerNonce": "MTRZSjU1Tkk2NVJTMjVXQQ=="})
    world.start()
    until("the refusal", lambda: world.manager()["LastError"] == "PolicyDenied", 30)
    expect("no session", not world.sessions())
    world.stop("agentd")
    conf = ETC / "agentd.conf"
    conf.write_text(conf.read_text() + "published-credentials=true\n")
    world.start("agentd")
    until("the session", world.sessions, 90)
    until("weak credentials refused", lambda: "left weak factory credentials" in world.manager()["LastErrorText"], 60)
    expect("nothing is committed", world.one("Context", Name="usim")["State"] == "open")


@scenario(mode="none", factory_options=BBN)
def power_is_lost_between_the_phases_of_an_instruction(world):
    """agentd is killed at each step that it logs; the job goes on and the number stays accepted."""
    world.settings = "[briefing]\nretry=1\n"
    world.up()
    world.bbn_up("usim")
    world.start("tred", "modemd")
    for step in ("AUTHORISED", "BRIEFING", "EXECUTING", "PROVING"):
        world.start("agentd")
        until(step, lambda s=step: f"--> {s}" in world.log().rpartition("[agentd] gateway-agent")[2], 60)
        world.kill("agentd")
    world.start("agentd")
    world.managed()
    until("the context", lambda: world.one("Context", Name="usim")["State"] == "committed")  # the job itself may have ended before the last kill
    until("the result", lambda: [e for e in world.bbn_events("result") if e["phase"] == "done"], 60)
    expect(f"every request was right: {world.bbn_events('violation')}", not world.bbn_events("violation"))
