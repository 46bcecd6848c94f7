# SPDX-License-Identifier: Apache-2.0
"""ModemManager comes and goes; the clock is wrong."""
import json
import time
from pathlib import Path

from main_job import check_managed, expect
from scenarios import scenario
from world import lab, until


@scenario(mode="qmi", lab_options=("--no-mm",))
def modemmanager_starts_after_the_agent(world):
    world.up()
    world.start()
    until("its absence", lambda: world.manager()["ModemManagerState"] == "absent")
    expect("no modem", not world.all("Modem"))
    lab("mm-start")
    until("the modem", lambda: world.all("Modem"), 40)
    world.sms(world.push())
    check_managed(world)


@scenario(mode="qmi")
def modemmanager_restarts_and_the_modem_is_unplugged(world):
    world.up()
    world.start()
    world.sms(world.push())
    check_managed(world)
    lab("mm-restart")
    until("managed again", lambda: world.one("Bearer", State="connected") and world.manager()["State"] == "managed", 90)
    lab("unplug")
    until("no modem", lambda: not world.all("Modem"), 30)
    until("no longer managed", lambda: world.one("Bearer")["State"] != "connected", 30)
    lab("replug")
    until("managed again", lambda: world.one("Bearer", State="connected") and world.manager()["State"] == "managed", 120)
    expect("agentd lived through it", world.alive("agentd"))


@scenario(mode="qmi")
def the_network_drops_the_bearer(world):
    world.up()
    world.start()
    world.sms(world.push())
    check_managed(world)
    lab("modem", "network-drop")
    until("the loss", lambda: world.one("Bearer")["State"] != "connected", 30)
    until("the bearer again", lambda: world.one("Bearer", State="connected"), 90)
    until("managed again", lambda: world.manager()["State"] == "managed", 90)


@scenario(mode="qmi")
def modemmanager_without_our_polkit_rule(world):
    """Everything is refused; the agent says so and stays up."""
    world.lab_options = ("--no-polkit-rule",)
    world.up()
    world.start()
    until("the modem", lambda: world.all("Modem"), 40)
    expect("not enabled", world.one("Modem")["State"] in ("disabled", "unknown"))
    until("a visible refusal", lambda: "enable" in world.log().lower() and "authoriz" in world.log().lower(), 30)
    expect("agentd is alive", world.alive("agentd"))
    lab("polkit-rule", "on")


def wall_clock_of_1970() -> dict:
    """Environment of a program that believes it is 1970; boot and monotonic clocks go on as they are."""
    library = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    return {"LD_PRELOAD": library, "FAKETIME": "@1970-01-01 00:00:10", "DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"}


@scenario(mode="at", lab_options=("--uplink-reaches-operator",))
def a_boot_in_1970_waits_for_network_time(world):
    """agentd alone believes it is 1970; ModemManager gives the network's time. In AT mode: ModemManager 1.20 asks for time by AT+CCLK? only."""
    world.up()
    world.start("tred", "modemd")
    world.start("agentd", env=wall_clock_of_1970())
    expect("untrusted", world.manager()["ClockState"] == "untrusted")
    until("the modem", lambda: (world.one("Modem") or {}).get("State") in ("enabled", "registered", "connected"))
    world.sms(world.push("--no-napdef"), reverse=True)
    until("a job that waits visibly", lambda: any("network time" in j["ErrorText"] for j in world.all("Job").values()), 60)
    until("a modem that was asked and knew none", lambda: "before the release date" in world.log(), 30)
    expect("still untrusted", world.manager()["ClockState"] == "untrusted")
    expect("no session yet", not world.sessions())
    lab("modem", "network-time", "now")
    until("network time", lambda: world.manager()["ClockState"] == "network", 70)
    check_managed(world)
    expect("the clock of the system is still wrong", world.manager()["ClockState"] == "network")
    until("messages listed anew, for which the modem registers once more", lambda: "lists its messages anew" in world.log(), 60)
    time.sleep(5)
    asked = json.loads(lab("modem", "log").stdout).count("AT+CCLK?")
    time.sleep(12)
    expect("no more questions", json.loads(lab("modem", "log").stdout).count("AT+CCLK?") == asked)
