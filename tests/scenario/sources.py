# SPDX-License-Identifier: Apache-2.0
"""Triggers that are not provisioning pushes: instructions, the briefing node, the factory's accounts."""
import time

from main_job import check_managed, expect
from scenarios import scenario
from world import agentctl, until

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
            ("NotSupported", world.instruction("--mech", "gba")),
            ("NotSupported", world.instruction("--mech", "lwm2m", signed=""))):
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


@scenario(mode="none", factory_options=BBN)
def a_briefing_node_is_asked_until_it_instructs(world):
    """No push at all: 503, 202, 403, 409 and silence end in a visible next time; then the instruction, the job, the signed result."""
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
    world.bbn_says()
    check_managed(world)
    expect("by the node", world.one("Context", Name="usim")["Source"] == "bbn")
    result = until("the result", lambda: world.bbn_events("result"), 30)[0]
    expect(f"result: {result}", result["phase"] == "done" and result["code"] == "None" and result["seq"] >= 1)
    expect(f"network facts: {world.bbn_events('ask')[-1]}", world.bbn_events("ask")[-1]["network"] == "uplink=host")
    expect(f"every request was right: {world.bbn_events('violation')}", not world.bbn_events("violation"))


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


def run_account(world, server_id):
    """The DM server knows the PIN of the device."""
    import sys
    from world import GATEWAY, TREE
    sys.path.append(str(TREE / "tests/operator"))
    import bei
    bei.account_by_pin(world.operator_dir, GATEWAY, server_id, "https://dm.operator.example/dm")
