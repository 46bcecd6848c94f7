# SPDX-License-Identifier: Apache-2.0
"""Restart and kill -9 at any step: it resumes or rolls back, and ends in the same state."""
import time

from main_job import check_managed, expect
from scenarios import scenario
from world import agentctl, until

STEPS = ("NEW", "AUTHORISED", "CONNECTING", "BRIEFING", "EXECUTING", "STAGED", "PROVING", "COMMITTED")


def kill_when_logged(world, text, seconds=60):
    """SIGKILL as soon as agentd logs text."""
    end = time.monotonic() + seconds
    while text not in world.log():
        if time.monotonic() > end:
            raise AssertionError(f"never logged: {text}")
        time.sleep(0.002)
    world.kill("agentd")


def killed_at(step):
    def play(world):
        world.up()
        world.start()
        world.sms(world.push(), "--pause", "0.2")
        kill_when_logged(world, f"--> {step}")
        world.start("agentd")
        check_managed_after_restart(world)
    play.__name__ = f"agentd_killed_at_{step}_ends_managed"
    play.__doc__ = f"kill -9 right after the transition into {step}."
    return play


def check_managed_after_restart(world):
    world.managed(90)
    world.reported()
    until("the MID", lambda: world.one("Mid", State="ACTIVE"))
    account = until("the account", lambda: world.one("Account", Protocol="lwm2m", State="registered"))
    expect("installed", account["Installed"])
    expect("one MID", len(world.all("Mid")) == 1)
    until("an empty SMS storage", lambda: not world.sms_in_modem(), 20)


for _step in STEPS[1:]:
    scenario(mode="qmi")(killed_at(_step))


@scenario(mode="qmi")
def agentd_killed_between_commit_and_deletion_of_the_sms(world):
    world.up()
    world.start()
    world.sms(world.push(), "--pause", "0.2")
    kill_when_logged(world, "push message taken over")
    world.start("agentd")
    check_managed_after_restart(world)


@scenario(mode="qmi")
def the_same_sms_again_changes_nothing(world):
    world.up()
    world.start()
    push = world.push()
    world.sms(push)
    check_managed(world)
    sessions = len(world.sessions())
    world.sms(push, "--ref", "99")
    until("an empty SMS storage", lambda: not world.sms_in_modem(), 20)
    time.sleep(1)
    expect("no new session", len(world.sessions()) == sessions)
    expect("one job", world.log().count("] NEW --accepted--> ") == 1)
    expect("still managed", world.manager()["State"] == "managed")
    world.sms(world.push("--fresh"))
    until("the refusal", lambda: world.manager()["LastError"] == "ContextCommitted", 30)
    expect("still managed", world.manager()["State"] == "managed")


@scenario(mode="qmi")
def a_managed_gateway_comes_back_after_a_restart(world):
    world.up()
    world.start()
    world.sms(world.push())
    check_managed(world)
    for name in ("agentd", "tred", "modemd"):
        world.kill(name)
    world.start()
    check_managed_after_restart(world)
    expect("no second bootstrap", sum(e.get("event") == "report" for e in world.dm_events()) == 1)


@scenario(mode="none")
def agent_tred_killed_during_a_job(world):
    world.up()
    world.start()
    agentctl("bootstrap", "--no-wait", world.push())
    world.kill("tred")
    world.start("tred")
    until("an end", lambda: world.one("Job", State="succeeded") or world.one("Job", State="failed"), 120)
    until("the TRE", lambda: world.manager()["TreState"] == "ready")
    if world.manager()["State"] != "managed":
        agentctl("bootstrap", "--no-wait", world.push("--fresh"))
    world.managed()
