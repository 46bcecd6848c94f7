# SPDX-License-Identifier: Apache-2.0
"""Pushes that wait for a person: SEC USERPINMAC, and what the typed digits do."""
from main_job import check_managed, expect
from scenarios import scenario
from world import agentctl, until


def digits_of(world, pin="13579"):
    """A USERPINMAC push as SMS would carry it, and what its owner is told to type."""
    push = world.push("--name", f"Operator {world.sent}", "--sec", "userpinmac", "--typed-out", world.dir / "typed", device_pin=pin)
    return push, (world.dir / "typed").read_text().strip()


def type_digits(digits, *words):
    return agentctl(*words, "context", "pin", "usim", check=False, input=digits + "\n")


def wrong(digits):
    return digits[:-1] + str((int(digits[-1]) + 1) % 10)


@scenario(mode="qmi")
def a_push_with_userpinmac_waits_for_its_digits(world):
    """Visible, across a restart and a flood of others like it; the digits are read from a descriptor and nowhere again."""
    world.up()
    world.start()
    until("the modem", lambda: (world.one("Modem") or {}).get("State") in ("registered", "connected"))
    expect("nothing waits", type_digits("1234567890").returncode == 10)
    push, digits = digits_of(world)
    world.sms(push)
    until("the state with a name", lambda: (world.one("Context", Name="usim") or {}).get("State") == "pin-required", 20)
    expect("counted", world.manager()["MessagesWaiting"] == 1 and world.manager()["MessagesRefused"] == 0)
    expect("said", "digits needed" in agentctl("status").stdout and "wait for digits" in agentctl("doctor", check=False).stdout)
    expect("taken out of the modem", not until("SMS", lambda: not world.sms_in_modem(), 10) is None)
    for form in ("123456789", "12345"):
        done = type_digits(form)
        expect(f"{form}: not the form, not counted: {done.stderr}", done.returncode == 1 and "tries left: 3" in done.stderr)
    done = type_digits(wrong(digits))
    expect(f"one of three: {done.stderr}", done.returncode == 1 and "tries left: 2" in done.stderr)
    world.kill("agentd")
    world.start("agentd")
    until("it waits again", lambda: (world.one("Context", Name="usim") or {}).get("State") == "pin-required", 20)
    for number in range(3):  # others like it, which nobody can type the digits of
        agentctl("bootstrap", digits_of(world, pin=f"9876{number}")[0], check=False)
    expect("four wait", world.manager()["MessagesWaiting"] == 4)
    done = type_digits(digits)
    expect(f"the right digits: {done.stderr}", done.returncode == 0 and "succeeded" in done.stdout)
    check_managed(world)
    expect("its context only", world.one("Context", Name="m2m")["State"] == "pin-required")
    logs = "".join(world.log(name) for name in ("agentd", "tred", "modemd"))
    expect("the digits are in no log", digits not in logs and digits[:5] not in logs)
    expect("committed", type_digits(digits).returncode == 1)


@scenario(mode="none")
def three_wrong_typings_drop_the_message(world):
    world.up()
    world.start()
    push, digits = digits_of(world)
    done = agentctl("bootstrap", push, check=False)
    expect(f"it waits: {done.stderr}", done.returncode == 1 and "digits" in done.stderr)
    for left in ("2", "1"):
        expect("tries", f"tries left: {left}" in type_digits(wrong(digits)).stderr)
    world.kill("tred")
    world.start("tred")
    until("the TRE", lambda: world.manager()["TreState"] == "ready", 10)
    done = type_digits(wrong(digits))
    expect(f"the third is the last: {done.stderr}", done.returncode == 1 and "tries left: 0" in done.stderr)
    expect("gone and visible", world.manager()["MessagesWaiting"] == 0 and "MacMismatch=1" in world.manager()["MessageCauses"])
    expect("open again", world.one("Context", Name="usim")["State"] == "open")
    expect("too late", type_digits(digits).returncode == 10)
    again = agentctl("bootstrap", push, check=False)
    expect(f"the same message stays refused: {again.stderr}", again.returncode == 1 and "refused before" in again.stderr)
    push, digits = digits_of(world)
    agentctl("bootstrap", push, check=False)
    done = agentctl("context", "pin", "m2m", check=False, input=digits)
    expect(f"for one context, typed for another: {done.stderr}", done.returncode == 1 and "context usim" in done.stderr)
    agentctl("--no-wait", "context", "pin", "usim", input=digits)
    world.kill("agentd")  # a job whose digits nobody keeps goes on
    world.start("agentd")
    check_managed(world)


@scenario(mode="none")
def many_pushes_for_typing_push_out_the_oldest_only(world):
    world.up()
    world.start()
    for number in range(18):
        agentctl("bootstrap", digits_of(world, pin=f"9876{number:02}")[0], check=False)
    expect("sixteen wait", world.manager()["MessagesWaiting"] == 16 and world.manager()["MessageCauses"] == ["Busy=2"])
    push, digits = digits_of(world)
    agentctl("bootstrap", push, check=False)
    done = type_digits(digits)
    expect(f"the newest works: {done.stderr}", done.returncode == 0)
    check_managed(world)
