# SPDX-License-Identifier: Apache-2.0
"""Restart and kill -9 at any step: it resumes or rolls back, and ends in the same state."""
import subprocess
import time
from pathlib import Path

import labproc
from gi.repository import GLib
from main_job import check_managed, expect
from pushes import asked, managed_gateway
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


def session_ended(world, number):
    """The session of that number was held, and nothing of it is left to do."""
    try:
        return number in asked(world) and world.manager()["ActiveJobs"] == 0 and world.one("Account", Protocol="omadm")["State"] == "idle"
    except GLib.Error:                                           # agentd ended meanwhile
        return False


def killed_at(world, name, call, nth, send, ended):
    """That daemon is killed instead of its system call number nth after send(). False: ended() without so many."""
    pid = labproc.pid_of(name)
    with subprocess.Popen(["strace", "-f", "-qq", "-o", world.dir / "strace", "-e", f"inject={call}:signal=SIGKILL:when={nth}", "-p", str(pid)]) as tracer:
        until("strace", lambda: f"TracerPid:\t{tracer.pid}\n" in Path(f"/proc/{pid}/status").read_text(encoding="ascii"))
        send()
        until("a kill or the end", lambda: not world.alive(name) or ended(), 40)
        killed = not world.alive(name)
        tracer.kill()                                            # asked to end, it may wait for ever for a thread of what was killed; whom it traced goes on
    return killed


def what_became_of(push):
    """What agentd says when the message comes again. None as long as it is worked on: between a start and the judgement of what is pending, nothing else tells so."""
    said = agentctl("bootstrap", "--no-wait", push, check=False).stderr
    return None if "being worked on" in said else said


def sweep_commits(world, make, ended):
    """A message of make(NUMBER) for each commit of what it brings about: agentd is killed there, and what is pending is carried out after a restart. How many."""
    nth, killed = 0, True
    while killed:
        nth += 1
        push = make(nth)

        def send(push=push):
            agentctl("bootstrap", "--no-wait", push, check=False)

        killed = killed_at(world, "agentd", "ftruncate", nth, send, lambda number=nth: ended(number)) # a commit empties the journal
        if killed:
            world.start("agentd")
            if nth == 1:                                         # it was not taken over yet
                until("the TRE", lambda: world.manager()["TreState"] == "ready")
                send()
            until(f"the end of what was killed at commit {nth}", lambda number=nth: ended(number), 60)
        until("registered", lambda: world.one("Account", Protocol="lwm2m", State="registered"), 60)
        said = until(f"an answer about what was killed at commit {nth}", lambda push=push: what_became_of(push), 60)
        expect(f"commit {nth}: the message was carried out: {said}", "carried out before" in said)
        expect(f"commit {nth}: it was authentic each time", "MacMismatch" not in world.log())
        expect(f"commit {nth}: one of each", sorted(a["Protocol"] for a in world.all("Account").values()) == ["lwm2m", "omadm"] and len(world.all("Mid")) == 1)
    return nth


@scenario(mode="none")
def a_session_killed_at_any_commit_is_run_again_and_ends_well(world):
    """What a session leaves (nonces, its record, the end of its message) is one transaction: the message that asked for it is authentic when it is judged again, or
    was carried out."""
    managed_gateway(world, lambda push: agentctl("bootstrap", push))
    until("registered", lambda: world.one("Account", Protocol="lwm2m", State="registered"))
    commits = sweep_commits(world, lambda nth: world.push("--notify", f"{0x30 + nth:X}"), lambda nth: session_ended(world, f"{0x30 + nth:X}"))
    expect(f"the sweep met the session: {commits}", commits > 3)


@scenario(mode="none")
def a_bootstrap_killed_at_any_commit_is_run_again_and_brings_one_of_each(world):
    """Both forms of the document, in turn; the context is opened again for each."""
    world.up()
    world.start()
    reports = []                                                 # how many there were before each

    def reported():
        return sum(e.get("event") == "report" for e in world.dm_events())

    def make(nth):
        if nth > 1:
            agentctl("context", "reopen", "usim")
        reports.append(reported())
        return world.push("--name", f"Bootstrap {nth}", *(("--profile", "dm-wbxml") if nth % 2 else ()))

    def ended(_):
        try:
            return reported() > reports[-1] and world.manager()["ActiveJobs"] == 0 and world.manager()["State"] == "managed"
        except GLib.Error:                                       # agentd ended meanwhile
            return False

    commits = sweep_commits(world, make, ended)
    expect(f"the sweep met the job: {commits}", commits > len(STEPS))


@scenario(mode="none")
def a_notification_whose_judge_is_killed_is_judged_again(world):
    """agent-tred is killed instead of each of its first answers; what it did not say is asked again when it is back."""
    managed_gateway(world, lambda push: agentctl("bootstrap", push))
    until("registered", lambda: world.one("Account", Protocol="lwm2m", State="registered"))
    for nth in range(1, 7):
        number = f"{0x60 + nth:X}"
        push = world.push("--notify", number)

        def send(push=push):
            agentctl("bootstrap", "--no-wait", push, check=False)

        if killed_at(world, "tred", "sendmsg", nth, send, lambda number=number: session_ended(world, number)):
            world.start("tred")
            until("the TRE", lambda: world.manager()["TreState"] == "ready")
            send()                                               # it may not have been taken over
        until(f"the session of which answer {nth} was not given", lambda number=number: session_ended(world, number), 60)
        expect(f"answer {nth}: it was authentic each time", "MacMismatch" not in world.log())
