# SPDX-License-Identifier: Apache-2.0
"""Two QMI modems at one gateway: which one data goes over, what happens when one leaves, and a card that moves to another modem in another port."""
import json

from main_job import check_managed, expect
from roaming import conf, connected, managed_again
from scenarios import scenario
from world import agentctl, lab, until

IMEIS = ("353535350000004", "353535350000012")
CARDS = (("89460811111111111114", "240081111111111"), ("89460811111111111122", "240082222222222"))
ADDRESSES = ("192.0.2.10", "192.0.2.11")             # which the network gives to them


def both(world):
    until("two registered modems", lambda: [m["State"] in ("registered", "connected") for m in world.all("Modem").values()] == [True, True], 60)


def primary(world, number, count=2):
    """The modem is the primary one, and no other is."""
    def shown():
        modems = world.all("Modem").values()
        return len(modems) == count and [m["Model"] for m in modems if m["Primary"]] == [f"QMI-{number + 1}"]
    until(f"modem {number} as the primary one", shown, 60)


def attempts(number) -> int:
    return len(json.loads(lab("modem", f"@{number}", "state").stdout)["attempts"])


def carries(world, number):
    bearer = connected(world, "m2m.example.net", 90)
    until(f"data over modem {number}", lambda: world.one("Bearer", State="connected", Interface=f"wwan{number}"), 60)
    managed_again(world)
    return bearer


@scenario(mode="qmi", lab_options=("--modems", "2"))
def data_follows_the_primary_modem(world):
    """The first one, until it is unplugged; then the other, for as long as it is usable, or until the owner's choice is back."""
    world.settings = "bearer-sim=operator\n"
    world.up()
    world.start()
    both(world)
    primary(world, 0)
    world.sms(world.push())
    check_managed(world)
    carries(world, 0)
    expect("the other was not used", attempts(1) == 0)
    lab("unplug")
    primary(world, 1, count=1)
    carries(world, 1)
    lab("replug")
    both(world)
    primary(world, 1)
    before = attempts(0)
    agentctl("reload")
    expect("nothing changes by its return", attempts(0) == before and world.one("Bearer", Interface="wwan1", State="connected"))
    conf(world, f"bearer-sim=operator\nprimary-modem={IMEIS[0]}")
    agentctl("reload")
    primary(world, 0)
    carries(world, 0)
    lab("unplug")
    primary(world, 1, count=1)
    carries(world, 1)
    lab("replug")
    primary(world, 0)
    carries(world, 0)
    said = world.log().count("primary modem: imei-")
    expect(f"each change is said once: {said}", said == 5)
    expect("one bootstrap", len([e for e in world.dm_events() if e["event"] == "report"]) == 1)


@scenario(mode="qmi", lab_options=("--modems", "2"))
def a_push_to_the_other_modem_is_acted_on_over_that_one(world):
    """Its key is made of that card's IMSI, and its bearer goes with that card, while the primary modem stays what it is."""
    world.up()
    world.start()
    both(world)
    primary(world, 0)
    world.sms(world.push("--sec", "usernetwpin", "--imsi", CARDS[0][1]), "--modem", "1")
    until("the refusal", lambda: world.manager()["LastError"] == "MacMismatch", 30)
    world.sms(world.push("--sec", "usernetwpin", "--imsi", CARDS[1][1]), "--modem", "1")
    check_managed(world)
    carries(world, 1)
    expect("at the operator too", {e["peer"] for e in world.sessions()} == {ADDRESSES[1]})
    expect("the primary one was not used", attempts(0) == 0)
    primary(world, 0)
    world.stop("agentd")
    world.start("agentd")
    primary(world, 0)
    carries(world, 1)
    expect("nor after a start", attempts(0) == 0)


@scenario(mode="qmi", lab_options=("--modems", "2"))
def the_state_is_found_again_when_the_card_moves_to_another_modem(world):
    """Another IMEI in another port: what was bootstrapped goes with the card."""
    world.up()
    world.start()
    both(world)
    world.sms(world.push())
    check_managed(world)
    carries(world, 0)
    lab("unplug")
    until("the other's card is another one", lambda: world.manager()["LastError"] == "OtherSim", 60)
    expect("nothing was tried with it", attempts(1) == 0)
    lab("unplug", "1")
    lab("modem", "@1", "card", *CARDS[0])
    lab("replug", "1")
    primary(world, 1, count=1)
    carries(world, 1)
    expect("by its number", world.one("Sim", Iccid=f"{CARDS[0][0][:6]}************{CARDS[0][0][-2:]}"))
    expect("not bootstrapped again", len([e for e in world.dm_events() if e["event"] == "report"]) == 1)
