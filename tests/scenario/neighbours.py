# SPDX-License-Identifier: Apache-2.0
"""ModemManager comes and goes; the clock is wrong."""
from main_job import check_managed, expect
from scenarios import scenario
from world import agentctl, lab, until


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


@scenario(mode="qmi")
def a_boot_in_1970_waits_for_network_time(world):
    """agentd alone believes it is 1970; ModemManager gives the network's time."""
    world.up()
    faketime = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
    world.start("tred", "modemd")
    world.start("agentd", env={"LD_PRELOAD": faketime, "FAKETIME": "@1970-01-01 00:00:10", "DONT_FAKE_MONOTONIC": "1"})
    expect("untrusted", world.manager()["ClockState"] == "untrusted")
    world.sms(world.push())
    until("a job that waits visibly", lambda: any("time" in j["ErrorText"] for j in world.all("Job").values()), 60)
    expect("no session yet", not world.sessions())
    lab("modem", "network-time", "now")
    until("network time", lambda: world.manager()["ClockState"] == "network", 60)
    check_managed(world)
    agentctl("status")
