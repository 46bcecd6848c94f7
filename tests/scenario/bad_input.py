# SPDX-License-Identifier: Apache-2.0
"""Bad input: a clean failure with cause and hint, the old state kept, the next attempt possible."""
import os
import subprocess

from main_job import check_managed, expect
from scenarios import scenario
from world import agentctl, until


def fails_then_works(world, error, *push_options, fault=None, seconds=120):
    """One attempt against a faulty operator fails with error; then the operator is good and a new push works."""
    world.operator_options = ("--fault", fault) if fault else ()
    world.up()
    world.start()
    agentctl("bootstrap", "--no-wait", world.push(*push_options))
    job = world.job_ended("failed", seconds)
    expect(f"cause {job['Error']}: {job['ErrorText']}", job["Error"] in error)
    expect("a hint", job["Hint"] and world.manager()["LastErrorHint"])
    expect("nothing installed", not world.one("Account", Installed=True) and not world.one("Mid", State="ACTIVE") and
           not world.one("Mid", State="PROVISIONED"))
    context = world.one("Context", Name="usim")
    expect("the context is open", context["State"] == "open" and context["LastError"] == job["Error"])
    world.operator_down()
    world.operator_options = ()
    world.operator_up()
    agentctl("bootstrap", "--no-wait", world.push("--fresh"))
    check_managed(world)


@scenario(mode="none")
def a_wrong_mac_is_refused_and_visible(world):
    world.up()
    world.start()
    for option, cause in (("--wrong-mac", "MacMismatch"), ("--no-mac", "MacMissing"), ("--no-sec", "MacMissing")):
        done = agentctl("bootstrap", world.push(option), check=False)
        expect(f"{option}: {done.stderr}", done.returncode == 1 and "hint:" in done.stderr)
        expect(f"{option}: {world.manager()['LastError']}", world.manager()["LastError"] == cause)
    expect("counted", world.manager()["MessagesRefused"] == 3)
    expect("no job", not world.all("Job"))
    expect("logged once each", sum("MacMismatch" in line for line in world.log().splitlines()) == 1)


@scenario(mode="qmi")
def an_unauthentic_sms_is_deleted_and_refused(world):
    world.up()
    world.start()
    world.sms(world.push("--wrong-mac"))
    until("the refusal", lambda: world.manager()["LastError"] == "MacMismatch", 60)
    until("an empty SMS storage", lambda: not world.sms_in_modem(), 10)
    world.sms(world.push())
    check_managed(world)


@scenario(mode="none")
def an_untrusted_server_certificate(world):
    fails_then_works(world, ("TlsUntrusted",), fault="wrong-cert")


@scenario(mode="none")
def a_server_with_wrong_credentials(world):
    fails_then_works(world, ("ServerAuth",), fault="wrong-digest")


@scenario(mode="none")
def a_mid_for_another_tre(world):
    fails_then_works(world, ("MidTarget", "MidSignature"), fault="mid-other-tre")


@scenario(mode="none")
def a_mid_with_a_flipped_bit(world):
    fails_then_works(world, ("MidSignature",), fault="mid-bitflip")


@scenario(mode="none")
def a_mid_for_another_registration(world):
    fails_then_works(world, ("MidBinding",), fault="mid-wrong-token")


@scenario(mode="none")
def a_replayed_mid_is_refused_and_the_old_one_stays(world):
    """A second bootstrap of a reopened context; the operator sends the package of the first one again."""
    world.up()
    world.start()
    agentctl("bootstrap", world.push())
    check_managed(world)
    before = world.one("Mid", State="ACTIVE")
    agentctl("context", "reopen", "usim")
    world.dm_fault("mid-replay")
    done = agentctl("bootstrap", world.push("--fresh"), check=False)
    expect(f"refused: {done.stderr}", done.returncode == 3 and ("MidBinding" in done.stderr or "MidVersion" in done.stderr))
    expect("the MID is as it was", world.one("Mid", State="ACTIVE") == before and len(world.all("Mid")) == 1)
    expect("the accounts are in service", world.manager()["State"] == "managed" and
           world.one("Account", Protocol="lwm2m")["State"] == "registered")
    world.dm_fault("none")
    agentctl("bootstrap", world.push("--fresh"))
    world.managed()
    after = world.one("Mid", State="ACTIVE")
    expect(f"a newer MID is in service: {after}", after["Version"] > before["Version"])


@scenario(mode="none")
def a_server_that_closes_in_the_middle(world):
    fails_then_works(world, ("ServerClosed",), fault="close-in-middle")


@scenario(mode="none")
def a_silent_server(world):
    fails_then_works(world, ("Timeout",), fault="silent")


@scenario(mode="none")
def an_incomplete_account(world):
    fails_then_works(world, ("Incomplete",), fault="incomplete-account")


@scenario(mode="none")
def a_full_disk_keeps_the_old_state(world):
    """The state folder is a file system of a few blocks; the message cannot be committed and says why; with room again it works."""
    world.up()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96k,mode=0700,uid=0", "tmpfs", "/var/lib/gateway-agent"], check=True)
    subprocess.run(["chown", "gateway-agent:gateway-agent", "/var/lib/gateway-agent"], check=True)
    world.start()
    filler = os.open("/var/lib/gateway-agent/filler", os.O_WRONLY | os.O_CREAT)
    try:
        while True:
            os.write(filler, b"x" * 512)
    except OSError:
        os.close(filler)
    done = agentctl("bootstrap", world.push(), check=False)
    expect(f"refused: {done.stderr}", done.returncode != 0)
    expect(f"cause: {world.manager()['LastError']}", world.manager()["LastError"] in ("NoSpace", "StorageFailed"))
    expect("agentd is alive", world.alive("agentd"))
    subprocess.run(["mount", "-o", "remount,size=4m", "/var/lib/gateway-agent"], check=True)
    agentctl("bootstrap", "--no-wait", world.push("--fresh"))
    check_managed(world)


@scenario(mode="qmi")
def what_is_not_ours_is_left_alone_and_counted(world):
    """A person's text, an MMS notification, a bootstrap for another application: by both routes, each counted once."""
    world.up()
    world.start()
    until("the modem", lambda: (world.one("Modem") or {}).get("State") in ("registered", "connected"))
    messages = {"mms": bytes.fromhex("010604be84af8403") + b"mms", "si": bytes.fromhex("010601ae") + b"si",
                "text": b"\x06 is not a push", "wrong application": bytes.fromhex("010603c4af8203") + b"0"}
    for name, octets in messages.items():
        (world.dir / name).write_bytes(octets)
        world.sms(world.dir / name, "--pause", "0")
    until("two other pushes and one application", lambda: world.manager()["MessagesIgnored"] == 3, 20)
    expect(f"by cause: {world.manager()['MessageCauses']}", world.manager()["MessageCauses"] == ["NotForUs=3"])
    until("ours alone is taken out of the modem", lambda: len(world.sms_in_modem()) == 3, 10)
    expect("no error, no refusal, nothing taken", not world.manager()["LastError"] and world.manager()["MessagesRefused"] == 0)
    world.sms(world.push("--wrong-mac"), "--pause", "0")
    until("the refusal", lambda: world.manager()["MessageCauses"] == ["MacMismatch=1", "NotForUs=3"], 20)
    expect("on the first page", "1 refused, 3 ignored (MacMismatch=1 NotForUs=3)" in agentctl("status").stdout)
    expect("and in the examination", "MacMismatch=1 NotForUs=3" in agentctl("doctor", check=False).stdout)
