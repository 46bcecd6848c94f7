# SPDX-License-Identifier: Apache-2.0
"""The card: locked, remembered, blocked, swapped."""
import json

from main_job import check_managed, expect
from scenarios import scenario
from world import agentctl, lab, run, until, BUILD


def sim(world) -> dict:
    return world.one("Sim") or {}


def sim_id(world) -> str:
    return until("the SIM", lambda: next(iter(world.all("Sim")), "")).rsplit("/", 1)[1].replace("_2d", "-")


def pin_tries(world) -> int:
    return json.loads(lab("modem", "state").stdout)["pin_tries"]


def give_pin(world, verb, pin):
    return run(BUILD / "agentd/ctl/agentctl", "sim", verb, sim_id(world), check=False, input=f"{pin}\n")


def replug_locked(*pin):
    lab("unplug")
    lab("modem", "pin", *pin)
    lab("replug")


def locked(world, *pin):
    lab("modem", "pin", *pin)
    lab("mm-start")
    world.start()
    until("the lock and its tries", lambda: sim(world).get("Lock") in ("pin", "puk") and sim(world)["PinTries"] != 255, 60)


def registered(world):
    until("a registered modem", lambda: world.one("Modem", State="registered"), 60)


def remembered(world, pin="1234"):
    done = give_pin(world, "remember", pin)
    expect(f"the PIN is taken: {done.stderr}", done.returncode == 0)
    registered(world)
    until("no lock", lambda: sim(world)["Lock"] == "none" and sim(world)["PinRemembered"] and not sim(world)["LockHint"], 10)


@scenario(mode="qmi", lab_options=("--no-mm",))
def a_locked_sim_is_unlocked_once_and_then_by_itself(world):
    world.up()
    locked(world, "1234")
    expect("visible", world.one("Modem")["State"] == "locked" and "agentctl sim pin" in sim(world)["LockHint"])
    shown = agentctl("status").stdout + agentctl("doctor", check=False).stdout
    expect(f"a hint in status and doctor: {shown}", shown.count("agentctl sim pin") >= 2)
    wrong = give_pin(world, "remember", "9999")
    expect(f"a wrong PIN: {wrong.stderr}", wrong.returncode == 1 and "refused" in wrong.stderr and "hint:" in wrong.stderr)
    until("one try less", lambda: sim(world)["PinTries"] == 2, 10)
    expect("nothing is remembered", not sim(world)["PinRemembered"])
    expect("no digits: not even tried", give_pin(world, "pin", "12a4").returncode == 1 and pin_tries(world) == 2)
    remembered(world)
    replug_locked("1234")
    registered(world)
    expect("by itself", "unlocked with the remembered PIN" in world.log())
    world.stop("agentd")
    replug_locked("1234")
    world.start("agentd")
    registered(world)
    expect("at start too", world.log().count("unlocked with the remembered PIN") == 2)
    expect("no PIN in a log or in the store", not any("1234" in world.log(n).replace("24681357", "") for n in ("agentd", "tred", "modemd")))
    expect("it is forgotten when asked", agentctl("sim", "forget", sim_id(world)).returncode == 0 and not sim(world)["PinRemembered"])
    expect("again is an error", agentctl("sim", "forget", sim_id(world), check=False).returncode == 10)
    world.sms(world.push())
    check_managed(world)


@scenario(mode="qmi", lab_options=("--no-mm",))
def a_remembered_pin_never_costs_the_card(world):
    """Wrong: forgotten after one try. One try left, or PUK: nothing is tried, the hint says what to do."""
    world.up()
    locked(world, "1234")
    remembered(world)
    replug_locked("1234", "1")
    until("a hint", lambda: sim(world).get("PinTries") == 1 and "phone" in sim(world)["LockHint"], 60)
    expect("kept, not tried", sim(world)["PinRemembered"] and pin_tries(world) == 1)
    done = give_pin(world, "pin", "1234")
    expect(f"nor for a person: {done.stderr}", done.returncode == 1 and "one try is left" in done.stderr and pin_tries(world) == 1)
    replug_locked("1234", "0")
    until("the PUK is a hint", lambda: sim(world).get("Lock") == "puk" and "operator has the PUK" in sim(world)["LockHint"], 60)
    expect("SimPuk", "PUK" in give_pin(world, "pin", "1234").stderr)
    replug_locked("5678")
    until("the refusal", lambda: world.manager()["LastError"] == "PinWrong", 60)
    expect("forgotten", not sim(world)["PinRemembered"] and "forgotten" in sim(world)["LockHint"])
    expect("one try", pin_tries(world) == 2)
    world.stop("agentd")
    world.start("agentd")
    until("the lock", lambda: sim(world).get("Lock") == "pin", 30)
    lab("mm-restart")
    until("the lock again", lambda: sim(world).get("PinTries") == 2, 60)
    expect("and never again", pin_tries(world) == 2 and world.log().count("refused the remembered PIN") == 1)


@scenario(mode="at", lab_options=("--no-mm", "--uplink-reaches-operator"))
def an_at_modem_with_a_locked_sim(world):
    """+CPIN and +CSIM instead of QMI; the same rules."""
    world.up()
    locked(world, "1234")
    wrong = give_pin(world, "pin", "9999")
    expect(f"a wrong PIN: {wrong.stderr}", wrong.returncode == 1 and "refused" in wrong.stderr and pin_tries(world) == 2)
    remembered(world)
    replug_locked("5678")
    until("the refusal", lambda: world.manager()["LastError"] == "PinWrong", 60)
    expect("one try, forgotten", pin_tries(world) == 2 and not sim(world)["PinRemembered"])
