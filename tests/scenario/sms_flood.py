# SPDX-License-Identifier: Apache-2.0
"""A minute of an SMS flood, 1000 a minute: the gateway stays small, answers, keeps the modem's storage free, and hears its operator."""
import json
import shutil
import time
from pathlib import Path

from figures import environment
from flood import Flood, Line
from main_job import check_managed, expect
from scenarios import scenario
from sms_pdu import deliver, wap_push
from world import ORDER, agentctl, run, until

ORDINARY = 17                                         # the user's messages in the modem
STATE = Path("/var/lib/gateway-agent")
GROWTH_KIB, CORE_PERCENT, ANSWER_MS, ACT_S = 1024, 20, 200, 5


def ordinary(count=ORDINARY) -> list:
    """Messages of a user: text, and data of other applications."""
    texts = [deliver(bytes([0x48 + n % 8]) * 9, dcs=0, sender=f"+4670{n:07d}") for n in range(count - 5)]
    mms = [wap_push(bytes([1, 6, 2, 0xBE, 0xAF, 0x84, n]) + b"mms", ref=n)[0] for n in range(3)]
    data = [deliver(bytes([n, 6, 1, 0xD0, 0x61]), sender="+4670999") for n in range(2)]
    return [pdu.hex() for pdu in (texts + mms + data)[:count]]


def state_on(disk: Path) -> None:
    """The state directory on a file system that is not in memory."""
    disk.mkdir()
    shutil.chown(disk, "gateway-agent", "gateway-agent")
    disk.chmod(0o700)
    run("mount", "--bind", disk, STATE)


def up_and_managed(world, disk=None) -> bytes:
    """As shipped: no debug log, the environment of the units. The push that did it, as octets."""
    world.programs["agentd"] = world.programs["agentd"][:-2]
    world.up()
    if disk:
        state_on(disk)
    line = Line(world.dir / "lab/ctl")
    memory = "SM " if world.mode == "at" else ""
    if memory:
        line.say("capacity SM 40")
        line.say("capacity ME 255")
    for pdu in ordinary():
        expect("room for the user's messages", line.say(f"store {memory}{pdu}") != "full")
    for name in ORDER:
        world.start(name, env=environment(name))
    push = world.push(*(("--no-napdef",) if world.mode == "at" else ()))
    world.sms(push, reverse=True)
    check_managed(world)
    until("the user's messages alone", lambda: kept(world) == sorted(ordinary()), 60)
    return push.read_bytes()


def kept(world) -> list:
    """What lies in the modem, sorted."""
    rows = json.loads(Line(world.dir / "lab/ctl").say("list"))
    rows = [row for memory in rows.values() for row in memory.values()] if "SM" in rows else rows.values()
    return sorted(pdu for _, pdu in rows)


def trigger_in_between(world, flood, seen):
    """A second bootstrap by the operator, its parts in one burst with the flood; when its job was there goes to seen."""
    agentctl("context", "reopen", "usim")
    push = world.push("--fresh", *(("--no-napdef",) if world.mode == "at" else ()))
    jobs = set(world.all("Job"))

    def send():
        pdus = [pdu.hex() for pdu in wap_push(push.read_bytes(), ref=4711, wide_ref=True)]
        (flood.put_spaced if world.mode == "at" else flood.put)(pdus)
        begin = time.monotonic()
        while set(world.all("Job")) == jobs and time.monotonic() - begin < 20:
            flood.step()
            time.sleep(0.3)
        seen.append(time.monotonic() - begin)
    return send


def play(world, seconds=60, disk=None):
    """The whole of it; figures for who wants them."""
    genuine = up_and_managed(world, disk)
    store_before = sum(p.stat().st_size for p in STATE.glob("*"))
    flood, seen = Flood(world, genuine), []
    figures = flood.play(seconds, seconds / 2, trigger_in_between(world, flood, seen))
    figures["trigger acted on after s"] = seen[0]
    print(json.dumps(figures), flush=True)  # they are worth more than an exception if the storage stays full
    figures["storage empty after s"] = flood.drained(ORDINARY, 60)
    store_after = sum(p.stat().st_size for p in STATE.glob("*"))
    figures["store growth KiB"] = (store_after - store_before) / 1024
    figures["refused on D-Bus"] = world.manager()["MessagesRefused"]
    print(json.dumps(figures, indent=1), flush=True)
    return figures


def judge(world, figures):
    for name in ("agentd", "modemd"):
        expect(f"{name} grew by {figures[f'{name} growth KiB']} KiB", figures[f"{name} growth KiB"] <= GROWTH_KIB)
    expect(f"agentd took {figures['agentd core %']:.1f} % of a core", figures["agentd core %"] <= CORE_PERCENT)
    expect(f"p99 of a Get: {figures['p99 ms']:.0f} ms", figures["p99 ms"] <= ANSWER_MS)
    expect(f"the trigger was acted on after {figures['trigger acted on after s']:.1f} s", figures["trigger acted on after s"] <= ACT_S)
    expect(f"{figures['not taken by the modem']} messages did not fit into the modem", figures["not taken by the modem"] == 0)
    expect("the user's messages are as they were", kept(world) == sorted(ordinary()))
    expect(f"the store grew by {figures['store growth KiB']:.0f} KiB", figures["store growth KiB"] <= 512)
    world.managed(60)


@scenario(measured=True, mode="qmi")
def a_minute_of_sms_flood_in_bursts(world):
    judge(world, play(world))


@scenario(measured=True, mode="at", lab_options=("--uplink-reaches-operator",))
def a_minute_of_sms_flood_through_an_at_modem(world):
    judge(world, play(world))
