# SPDX-License-Identifier: Apache-2.0
"""The card in the modem is a PCID: its access point leads to the RO's hosts and nowhere else (R32), the network may refuse it (R33), and the gateway's own takes its
place. No uplink, no push: what the gateway has is the factory's word."""
import json
import os
import signal
import socket

from main_job import check_managed, expect
from roaming import registers
from scenarios import scenario
from sources import run_account
from world import IMSI, agentctl, lab, labproc, run, until

RO, OTHER, DNS = "198.51.100.20", "198.51.100.10", "192.0.2.53"
FACTORY = ("--instruction-key", "bbn", "--briefing", "https://bbn.operator.example", "--context", "usim")


def access(hosts, pcid=IMSI[:5]):
    return ("--initial-access", f"pcid={pcid},apn=ro.example.net,hosts={hosts},ip=ipv4")


def attempts(apn="ro.example.net"):
    return [a for a in json.loads(lab("modem", "state").stdout)["attempts"] if bytes.fromhex(a["apn"]).decode() == apn]


def initial(world, **wanted):
    return world.one("Bearer", Apn="ro.example.net", **wanted)


def routes(table="all"):
    return [(r["dst"], r.get("type", "unicast")) for r in json.loads(run("ip", "-j", "route", "show", "table", table, check=False).stdout or "[]") if r.get("dev", "wwan0") == "wwan0"]


def tcp(host, port, source):
    """What a program gets that binds to the bearer's address."""
    with socket.socket() as s:
        s.settimeout(20)
        s.bind((source, 0))
        try:
            s.connect((host, port))
            return "connected"
        except OSError as e:
            return os.strerror(e.errno) if e.errno else str(e)


def limited(world, source):
    """What the table of the initial access leads to, while it is up; nothing while it is not."""
    if not initial(world, State="connected"):
        return None
    seen = (sorted(routes("1000")), tcp(RO, 443, source), tcp(OTHER, 443, source), run("ip", "route", "get", RO, check=False).returncode)
    return seen if initial(world, State="connected") else None


def told(world, word):
    return sum(word in line and "warning" in line for line in world.log().splitlines())


@scenario(mode="qmi", factory_options=(*FACTORY, *access("bbn.operator.example")))
def tre_R32_initial_access_leads_to_the_ro_alone_and_ends_with_the_first_bearer(world):
    """The briefing node is asked over it. Meanwhile its table has routes to that host and the name server, no other; what would go elsewhere, or is no session with the
    RO, is refused, told once and seen. The bearer of the instruction replaces it for good."""
    world.settings = "[briefing]\nretry=1\n"
    world.up()
    world.bbn_up("usim", words=("--apn", "prov.example"))
    os.kill(labproc.pid_of("bbn"), signal.SIGSTOP)                # it is being asked for as long as this looks
    world.start()
    seen = until("the initial access", lambda: limited(world, "192.0.2.10"), 60)
    expect(f"RO, name server, end: {seen}", seen == ([(DNS, "unicast"), (RO, "unicast"), ("default", "unreachable")], "connected", "No route to host", 2))
    expect(f"seen: {initial(world)}", initial(world)["Hosts"] == ["bbn.operator.example"] and not initial(world)["Installed"])
    elsewhere = agentctl("bootstrap", "https://dm.operator.example/dm", check=False)
    expect(f"another server: {elsewhere.stderr}", elsewhere.returncode == 3 and "PolicyDenied" in elsewhere.stderr and
           "the initial access leads to bbn.operator.example alone, not to dm.operator.example" in elsewhere.stderr)
    expect("told once, and seen", told(world, "not to dm.operator.example") == 1 and world.one("Job", State="failed", Error="PolicyDenied"))
    lwm2m = agentctl("bootstrap", world.instruction("--mech", "lwm2m", "--uri", "coaps://bootstrap.example.net:5784"), check=False)
    expect(f"LwM2M: {lwm2m.stderr}", lwm2m.returncode == 3 and "PolicyDenied" in lwm2m.stderr and "the initial access is for a session with the RO" in lwm2m.stderr)
    expect("nothing of them went out", not world.sessions() and not [e for e in world.lwm2m_events() if e["event"] == "register"])
    os.kill(labproc.pid_of("bbn"), signal.SIGCONT)
    check_managed(world)
    asked = next(e for e in world.bbn_events("ask") if e["status"] == 200)
    expect(f"by the RO: {asked}", asked["peer"] == "192.0.2.10" and asked["network"].endswith("bearer=ro.example.net") and world.one("Context", Name="usim")["Source"] == "bbn")
    until("the result", lambda: world.bbn_events("result"))
    expect("the own bearer is the only one", [b["Apn"] for b in world.all("Bearer").values()] == ["prov.example"] and routes("1000") == [])
    expect("which leads anywhere", tcp(OTHER, 443, "192.0.2.10") == "connected")
    before = len(attempts())
    world.kill("agentd")
    world.start("agentd")
    until("the own bearer again", lambda: world.one("Bearer", State="connected", Apn="prov.example", Installed=True), 60)
    agentctl("context", "reopen", "usim")
    elsewhere = agentctl("bootstrap", "https://dm.operator.example/dm/other", check=False) # that one again would have to wait
    expect(f"it is over, and denies nothing any more: {elsewhere.stderr}", "PolicyDenied" not in elsewhere.stderr and len(attempts()) == before and not initial(world))


@scenario(mode="qmi", factory_options=(*FACTORY, *access("bbn.operator.example", pcid="24099")))
def tre_R32_a_card_that_is_no_pcid_gets_no_initial_access(world):
    """Its IMSI begins otherwise: nothing is connected, and without another way nobody is asked."""
    world.settings = "[briefing]\nretry=1\n"
    world.up()
    world.bbn_up("usim", words=("--apn", "prov.example"))
    world.start()
    until("the serving network", lambda: world.one("Modem", OperatorId="24008", AccessTechnology="lte"))
    begun = told(world, "[briefing] ")
    until("a whole round with the modem", lambda: told(world, "[briefing] ") >= begun + 2, 120)
    expect("no attempt, no question", not attempts() and not world.bbn_events("ask") and not initial(world))


@scenario(mode="qmi", factory_options=("--provurl", "https://dm.operator.example/dm", *access("dm.operator.example", pcid="card")))
def tre_R32_the_ro_gives_an_identity_over_the_initial_access_but_no_account(world):
    """A session with the RO's own server: an account of LwM2M would need another way, and the whole job is undone; the identity alone is installed, and reported."""
    world.settings = "[briefing]\nretry=1\n"
    world.up()
    run_account(world, "dm.operator.example")
    world.start()
    job = world.job_ended("failed")
    expect(f"no LwM2M: {job['Error']}", job["Error"] == "PolicyDenied" and not [e for e in world.lwm2m_events() if e["event"] == "register"] and
           not world.one("Account", Protocol="lwm2m"))
    expect("which is told", "the initial access carries no LwM2M" in world.manager()["LastErrorText"])
    until("its identity is undone", lambda: all(m["State"] == "ERASED" for m in world.all("Mid").values()))
    expect(f"the session went that way: {world.sessions()}", {s["peer"] for s in world.sessions()} == {"192.0.2.10"})


@scenario(mode="qmi", factory_options=(*FACTORY, "--provurl", "https://dm.operator.example/dm", *access("bbn.operator.example+dm.operator.example")))
def tre_R33_a_refused_attach_is_tried_again_later_each_time(world):
    """The network denies the registration, then refuses the bearer as one does whose PCID is in use elsewhere: each is seen with its next time, waits about twice as
    long as the last, whatever else the round would ask, and the first that is accepted does. A question that brings nothing leaves the PCID to others."""
    world.settings = "[briefing]\nretry=1\ninterval=60\n"
    world.up()
    world.bbn_up("usim", words=("--apn", "prov.example"))
    world.bbn_says("204")
    for _ in range(2):
        lab("modem", "reject-next", "no-resources")
    lab("modem", "register", "denied")
    world.start()
    until("the denial", lambda: world.one("Modem", Registration="denied"))
    until("it is told", lambda: "initial access ro.example.net: modem" in world.manager()["LastErrorText"] and world.manager()["LastError"] == "NotRegistered", 60)
    expect("nothing is attempted, by no job either", not attempts() and not world.all("Job"))
    registers(world, "home")
    until("a refusal", lambda: (initial(world) or {}).get("LastError") == "BearerRefused", 60)
    until("told, with the next time", lambda: world.manager()["LastError"] == "BearerRefused" and world.manager()["BriefingState"] == "waiting" and world.manager()["NextBriefing"], 30)
    until("the question", lambda: world.bbn_events("ask"), 60)
    until("the PCID is free again", lambda: not initial(world, State="connected"), 30)
    world.bbn_says()
    world.stop("agentd")                                          # the next question is a minute away
    world.start("agentd")
    check_managed(world)
    first = attempts()[:3]
    gaps = [b["at"] - a["at"] for a, b in zip(first, first[1:])]
    expect(f"two refusals, one that is not: {first}", [a["result"] for a in first] == ["no-resources"] * 2 + ["accepted"])
    expect(f"later each time: {gaps}", gaps[0] >= 1.5 and gaps[1] >= 3)
