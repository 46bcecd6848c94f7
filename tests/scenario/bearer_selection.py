# SPDX-License-Identifier: Apache-2.0
"""A management server chooses the generation of network that the modem prefers."""
from main_job import check_managed, expect, lwm2m
from scenarios import scenario
from upkeep import read
from world import run, until


def write(value):
    return {"op": "write", "path": "/13/0/0/0", "value": value}


@scenario(mode="qmi")
def a_management_server_chooses_the_network_that_the_modem_prefers(world):
    """Object 13, as ModemManager can: a preference, without forbidding what the modem may use; what no modem or not this one can is refused."""
    world.up()
    world.start()
    world.sms(world.push())
    check_managed(world)
    modem = world.one("Modem")
    expect(f"what the modem has and can: {modem['PreferredMode']} of {modem['PreferableModes']}", modem["PreferredMode"] == "4g" and sorted(modem["PreferableModes"]) == ["2g", "3g", "4g"])
    expect("told to the server", read(world, "/13/0/0/0") == "4")
    codes = [lwm2m(world, **write(value))["code"] for value in ("7", "17", "-1", "16", "0")]
    expect(f"WLAN, reserved, nonsense, 5G, no preference at all: {codes}", codes == ["4.00"] * 3 + ["4.05"] * 2)
    expect("the answer comes first", lwm2m(world, **write("3"))["code"] == "2.04" and world.one("Modem")["PreferredMode"] == "4g")
    until("the modem's preference", lambda: world.one("Modem")["PreferredMode"] == "3g")
    shown = run("mmcli", "-m", "any").stdout
    expect("ModemManager says the same, and nothing is forbidden", "current: allowed: 2g, 3g, 4g; preferred: 3g" in shown)
    until("the server sees it", lambda: read(world, "/13/0/0/0") == "3")
    expect("no trouble", world.manager()["State"] == "managed" and "NotSupported" not in world.manager()["LastError"])
