# SPDX-License-Identifier: Apache-2.0
"""Once only: contexts, replays, a full disk, a clock that goes back."""
from pathlib import Path

from main_job import check_managed, expect
from neighbours import wall_clock_of_1970
from scenarios import scenario
from world import GATEWAY, agentctl, run, until


def refused(world, push, text):
    done = agentctl("bootstrap", push, check=False)
    expect(f"refused with \"{text}\": {done.stderr}", done.returncode == 1 and text in done.stderr)


@scenario(mode="none")
def contexts_are_bootstrapped_once_each_and_no_replay_counts(world):
    world.up()
    world.start()
    first = world.push()
    agentctl("bootstrap", first)
    check_managed(world)
    agentctl("bootstrap", world.push("--context", "m2m"))
    contexts = {c["Name"]: c["State"] for c in world.all("Context").values()}
    expect(f"each by itself: {contexts}", contexts == {"usim": "committed", "m2m": "committed"})
    agentctl("context", "reopen", "m2m")
    early = world.push("--name", "Early")
    refused(world, early, "bootstrapped by com.example.dm")  # authentic, and its day does not come by waiting
    world.kill("agentd")
    world.start("agentd", env=wall_clock_of_1970())          # replay protection needs no clock
    until("the TRE", lambda: world.manager()["TreState"] == "ready", 10)
    expect("1970", world.manager()["ClockState"] != "system")
    refused(world, first, "carried out before")
    agentctl("context", "reopen", "usim")
    for push, text in ((first, "carried out before"), (early, "refused before")):
        refused(world, push, text)
    world.stop("agentd")
    world.start("agentd")
    until("the TRE", lambda: world.manager()["TreState"] == "ready", 10)
    agentctl("bootstrap", world.push("--fresh", "--context-allow", "0"))
    world.managed()
    refused(world, world.push("--context", "m2m"), "CONTEXT-ALLOW 0")
    expect("the other context is as it was", world.one("Context", Name="m2m")["State"] == "open" and world.one("Context", Name="m2m")["Attempts"] == 0)
    refused(world, world.push("--context", "nonsense"), "no context")


@scenario(mode="qmi")
def a_full_disk_loses_no_message_and_lets_none_act_twice(world):
    """The state directory is full when the push comes: nothing happens and the SMS stays; with room again it is carried out."""
    world.up()
    world.start("tred", "modemd")
    state = Path("/var/lib/gateway-agent")
    run("mount", "-t", "tmpfs", "-o", f"size=256k,mode=700,uid={run('id', '-u', 'gateway-agent').stdout.strip()}", "tmpfs", state)
    world.start("agentd")
    until("the modem", lambda: (world.one("Modem") or {}).get("State") in ("registered", "connected"))
    ballast = state / "ballast"
    run("sh", "-c", f"cat /dev/zero > {ballast}", check=False)
    world.sms(world.push(), "--pause", "0")
    until("the reason", lambda: world.manager()["LastError"] in ("NoSpace", "StorageFailed"), 20)
    expect(f"no job, and the SMS stays: {world.manager()['LastErrorText']}", not world.all("Job") and world.sms_in_modem())
    world.kill("agentd")
    world.start("agentd")
    until("the reason again", lambda: world.manager()["LastError"] in ("NoSpace", "StorageFailed"), 20)
    ballast.unlink()
    check_managed(world)
    expect("taken over once", world.manager()["MessagesReceived"] == 1)
    until("an empty SMS storage", lambda: not world.sms_in_modem(), 10)


@scenario(mode="none")
def a_factory_reset_forgets_everything_but_what_was_carried_out(world):
    """Programs as the shipped hooks call them, by root: nothing of the operator is left, its messages of before stay refused, a new one works."""
    world.up()
    world.start()
    first = world.push()
    agentctl("bootstrap", first)
    check_managed(world)
    for name in ("agentd", "tred"):
        world.stop(name)
    run(*world.programs["tred"][1:], "--factory-reset")
    run(world.bin / "agentd", "--factory-reset")
    world.start("tred", "agentd")
    until("the TRE", lambda: world.manager()["TreState"] == "ready", 10)
    expect("its factory data", world.manager()["GatewayId"] == GATEWAY)
    expect("no MID in service, no account, no bearer", not world.one("Mid", State="ACTIVE") and not world.all("Account") and not world.all("Bearer"))
    expect("every context is open", all(c["State"] == "open" for c in world.all("Context").values()))
    refused(world, first, "carried out before")
    agentctl("bootstrap", world.push("--fresh"))
    world.managed()
