# SPDX-License-Identifier: Apache-2.0
"""What the modem's radio sees, as a management server sees it: by the real ModemManager from the simulated modem."""
import json
import re

from main_job import check_managed, expect, lwm2m
from scenarios import scenario
from upkeep import read
from world import lab, run, until

PLACES = ("/4/0/2", "/4/0/3", "/4/0/8", "/4/0/11", "/4/0/12")


def radio(world):
    """dBm, dB, cell, dB, area."""
    return [read(world, path) for path in PLACES]


def notified(world, path):
    return [json.dumps(e) for e in world.lwm2m_events() if e["event"] == "notify" and e["path"] == path]


def rate():
    """Seconds between two measurements, as ModemManager is set."""
    return int(re.search(r"\.rate *: *(\d+)", run("mmcli", "-m", "any", "--signal-get", "-K").stdout).group(1))


@scenario(mode="qmi")
def a_management_server_sees_signal_and_cell_and_hears_of_another_cell(world):
    """Object 4 from ModemManager: a change is told to who observes it; what others have set in ModemManager stays, what is set here goes with the agent."""
    world.up()
    world.start()
    world.sms(world.push())
    check_managed(world)
    until("signal and cell", lambda: radio(world) == ["-90", "-10", str(0x1122BB), "15", str(0x31C5)])
    expect("mandatory ones are there", [read(world, f"/4/0/{r}") for r in ("0", "1/0", "9", "10")] == ["6", "6", "8", "240"])
    for path in ("/4/0/2", "/4/0/8"):
        expect("observed", lwm2m(world, op="observe", path=path, accept=0)["ok"])
    lab("modem", "move", "ABCDEF1", "4321", "-77", "-13", "-104", "-3")
    until("its notification", lambda: any("-104" in e for e in notified(world, "/4/0/2")) and any(str(0xABCDEF1) in e for e in notified(world, "/4/0/8")))
    until("the rest", lambda: radio(world) == ["-104", "-13", str(0xABCDEF1), "-3", str(0x4321)])
    lab("modem", "move", "ABCDEF2", "4321", "-77", "-13", "-104", "-3")
    until("a cell that changed while all else stayed", lambda: read(world, "/4/0/8") == str(0xABCDEF2))
    until("which its observer is told, too", lambda: any(str(0xABCDEF2) in e for e in notified(world, "/4/0/8")))
    lab("modem", "move", "ABCDEF1", "4321", "-77", "-13", "-104", "-3")
    until("back", lambda: read(world, "/4/0/8") == str(0xABCDEF1))
    lab("modem", "register", "searching")
    until("nothing is known any more", lambda: radio_shown(world) == (0, "", 0))
    lab("modem", "register", "home")
    until("known again", lambda: radio_shown(world) == (59, "-104", 0xABCDEF1))
    world.stop("agentd")
    until("taken back", lambda: rate() == 0)
    run("mmcli", "-m", "any", "--signal-setup=5")
    world.start("agentd")
    until("what ModemManager measures for others", lambda: world.on_bus() and world.one("Modem") and radio_shown(world) == (59, "-104", 0xABCDEF1))
    expect("theirs", rate() == 5)
    lab("polkit-rule", "off")
    world.stop("agentd")
    world.start("agentd")
    until("a refusal is visible", lambda: "does not tell the cell to us; install our polkit rule" in world.log())
    until("the signal, not the cell", lambda: world.on_bus() and world.one("Modem") and radio_shown(world) == (59, "-104", 0))
    expect("still theirs", rate() == 5)
    lab("polkit-rule", "on")


def radio_shown(world):
    modem = world.one("Modem")
    return modem["SignalPercent"], modem["SignalStrength"], modem["CellId"]


def receiver():
    return json.loads(lab("modem", "state").stdout)["receiver"]


def place(world):
    return [read(world, f"/6/0/{r}") for r in (0, 1, 2, 5)]


def motion(world):
    """Velocity as octets of TS 23.032, speed."""
    velocity = lwm2m(world, op="read", path="/6/0/4", accept=42)
    return velocity.get("value", velocity["code"]), read(world, "/6/0/6")


@scenario(mode="qmi")
def a_management_server_sees_where_the_modem_is_if_the_administrator_lets_it(world):
    """Object 6 from the modem's satellite receiver, which is on while agentd runs and as it was before afterwards; the surveyed place until there is a fix."""
    world.settings = "[location]\nsource=modem\nlatitude=59.3293\nlongitude=18.0686\nsurveyed=2026-11-21T15:00:00Z\n"
    world.up()
    expect("off at first", not receiver())
    world.start()
    world.sms(world.push())
    check_managed(world)
    until("on", receiver)
    expect(f"the surveyed place: {place(world)}", place(world) == ["59.3293", "18.0686", "4.04", "1795273200"] and motion(world) == ("4.04", "4.04"))
    expect("observed", lwm2m(world, op="observe", path="/6/0/0", accept=0)["ok"])
    lab("modem", "fix", "-33.8568", "151.2153", "12.5", "36.0", "271.5", "2026-11-21T16:00:05")
    until("the fix", lambda: place(world) == ["-33.8568", "151.2153", "12.5", "1795276805"], 30)
    expect(f"how it moves: {motion(world)}", motion(world) == ("01100043", "18.52"))
    until("told", lambda: any("-33.8568" in e for e in notified(world, "/6/0/0")))
    world.stop("agentd")
    expect("off again", not receiver())
    run("mmcli", "-m", "any", "--location-enable-gps-raw")
    expect("somebody else's", receiver())
    world.start("agentd")
    until("its registration", lambda: world.on_bus() and world.one("Account", Protocol="lwm2m", State="registered"), 60)
    lab("modem", "fix", "48.8584", "2.2945", "35", "-", "-", "2026-11-21T17:00:00")
    until("a fix", lambda: place(world) == ["48.8584", "2.2945", "35", "1795280400"], 30)
    expect("that stands", motion(world) == ("4.04", "4.04"))
    world.stop("agentd")
    expect("left on", receiver())
