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
