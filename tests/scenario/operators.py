# SPDX-License-Identifier: Apache-2.0
"""Change of operator, and newer identities of the same one: whatever fails on the way, the identity that works goes on working. (TR 33.812 R24; the pipeline with
PCID and DRF is not part of it: the new operator's bootstrap comes over the bearer of the former one, by push.)"""
import json
from pathlib import Path

from main_job import check_managed, expect
from pushes import session
from scenarios import scenario
from trusted import answer_of, order, shown_all
from world import GATEWAY, agentctl, until

FORMER, NEW = f"usim-{GATEWAY}", f"nsho.example-{GATEWAY}"
STATE = Path("/var/lib/gateway-tred")


def records():
    """Files that hold keys of identities."""
    return sorted(p.name for p in STATE.iterdir() if p.name.startswith(("mid", "key", "sqn")))


def accounts(world):
    return sorted((a["Protocol"], a["ServerId"], a["State"]) for a in world.all("Account").values())


def failed_jobs(world, before=()):
    """Those on the bus now, which they leave after a minute, without the ones of before."""
    return {p: j for p, j in world.all("Job").items() if j["State"] == "failed" and p not in before}


def in_service(world, mid, states):
    """That MID answers its operator, the others are as told, and the gateway is registered as before."""
    until(f"the states {states}", lambda: shown_all(world) == states)
    answer_of(world, mid)


@scenario(mode="none")
def tre_R12_a_newer_identity_stays_in_service_when_the_rest_of_its_job_fails(world):
    """The issuer sends a newer version of the MID in service, and then something is wrong: what works is neither erased nor put out of service, and what an
    administrator suspended does not come back by it."""
    world.up()
    world.start()
    agentctl("bootstrap", world.push())
    check_managed(world)
    in_service(world, FORMER, {FORMER: ("ACTIVE", 1)})
    agentctl("context", "reopen", "usim")
    for version, fault in ((1, "mid-bad-res"), (3, "incomplete-account"), (4, "incomplete-account")):
        world.dm_fault(fault)
        before = failed_jobs(world)
        agentctl("bootstrap", world.push("--name", f"Fault {version}"), check=False)
        until("the end of its job", lambda: failed_jobs(world, before) and world.manager()["ActiveJobs"] == 0, 60)
        in_service(world, FORMER, {FORMER: ("ACTIVE", version)})
    world.dm_fault("none")
    agentctl("bootstrap", world.push("--name", "Good"))
    in_service(world, FORMER, {FORMER: ("ACTIVE", 5)})
    agentctl("context", "reopen", "usim")
    agentctl("mid", "suspend", FORMER)
    for version, fault in ((5, "mid-bad-res"), (7, "incomplete-account")):
        world.dm_fault(fault)
        before = failed_jobs(world)
        agentctl("bootstrap", world.push("--name", f"Suspended {version}"), check=False)
        until("the end of its job", lambda: failed_jobs(world, before) and world.manager()["ActiveJobs"] == 0, 60)
        expect(f"still suspended: {shown_all(world)}", shown_all(world) == {FORMER: ("SUSPENDED", version)})


def by_the_new_operator(world, number, command, push):
    """An order of the former operator, which the new one hands over in a session of its own (TR 33.812 release of the former SHO); the receipt's result and states."""
    order(world, FORMER, command, world.operator_dir / "order")
    session(world, number, lambda: agentctl("bootstrap", "--no-wait", world.push("--notify", number, *push), check=False))
    told = [e for e in world.dm_events() if e["event"] == "order"][-1]
    return told["result"], {m["id"]: m["state"] for m in told["mids"]}


def fails(world, push, error):
    """A try of the new operator that goes wrong; all is as it was."""
    before = failed_jobs(world)
    agentctl("bootstrap", push, check=False)
    until("its end", lambda: failed_jobs(world, before) and world.manager()["ActiveJobs"] == 0, 90)
    job = next(iter(failed_jobs(world, before).values()))
    expect(f"{error}, not {job['Error']}", job["Error"] == error)
    states = {m: s for m, s in shown_all(world).items() if s[0] != "ERASED"}
    expect(f"the former operator's is in service, no other: {states}", states == {FORMER: ("ACTIVE", 1)})
    answer_of(world, FORMER)
    until("its account", lambda: ("lwm2m", "101", "registered") in accounts(world))
    until("its bearer", lambda: (world.one("Bearer", State="connected") or {}).get("Apn") == "m2m.example.net")


@scenario(mode="qmi")
def tre_R24_another_operator_takes_over_and_the_former_one_has_its_identity_erased(world):
    """The gateway of one operator becomes that of another: by its own registration (another token), over what is there, with a bearer, accounts and a MID that are put
    in service once proved. A push alone does not do it. What fails on the way leaves the former operator's MID in service, also over a kill. Then the former one's
    signed orders, handed over by the new one, migrate and erase its MID, each with a receipt, and nothing of its keys is left."""
    world.up()
    world.start()
    until("the modem", lambda: (world.one("Modem") or {}).get("State") in ("registered", "connected"))
    agentctl("bootstrap", world.push())
    check_managed(world)
    other = world.other_operator_up()
    refused = agentctl("bootstrap", world.push(*other), check=False)
    expect(f"no push takes a gateway from its operator: {refused.stderr}", refused.returncode and world.manager()["LastError"] == "ContextCommitted")
    agentctl("context", "reopen", "usim")
    fails(world, world.push(*other, "--name", "No bearer", "--apn", "wrong.example.net"), "BearerRefused")
    for fault, error in (("wrong-cert", "TlsUntrusted"), ("mid-bad-res", "MidSelfTest"), ("incomplete-account", "Incomplete")):
        world.dm_fault(fault)
        fails(world, world.push(*other, "--name", fault), error)
    world.dm_fault("none")
    agentctl("bootstrap", "--no-wait", world.push(*other, "--name", "Right"))
    until("its MID beside the working one", lambda: shown_all(world).get(NEW, ("",))[0] in ("PROVISIONED", "ACTIVE"))
    world.kill("agentd")
    world.start("agentd")
    until("the end of the job", lambda: world.manager()["TreState"] == "ready" and world.manager()["ActiveJobs"] == 0 and world.manager()["State"] == "managed", 90)
    if shown_all(world)[FORMER][0] == "ACTIVE":              # rolled back by the kill: once more
        agentctl("bootstrap", world.push(*other, "--name", "Again"))
    until("the new MID in service", lambda: (shown_all(world)[NEW][0], shown_all(world)[FORMER]) == ("ACTIVE", ("SUSPENDED", 1)))
    until(f"the new operator alone: {accounts(world)}", lambda: accounts(world) == [("lwm2m", "102", "registered"), ("omadm", "com.nsho.dm", "idle")])
    expect("its bearer", world.one("Bearer", State="connected")["Apn"] == "m2m.nsho.example")
    answer_of(world, NEW)
    mids = json.loads((world.operator_dir / "mids.json").read_text())
    expect("another registration", mids[NEW]["token_hash"] != mids[FORMER]["token_hash"])
    denied = agentctl("mid", "activate", FORMER, check=False)
    expect(f"one identity of a type in service: {denied.stderr}", denied.returncode == 1 and f"{NEW} of its type is ACTIVE" in denied.stderr and
           f"agentctl mid suspend {NEW} comes first" in denied.stderr)
    kept = records()
    told = by_the_new_operator(world, "21", "migrate", other)
    expect(f"migrate: {told}", told == (0, {FORMER: "MIGRATING"}))
    told = by_the_new_operator(world, "22", "erase", other)
    expect(f"erase: {told}", told == (0, {FORMER: "ERASED"}))
    until("a tombstone", lambda: {m: s[0] for m, s in shown_all(world).items()} == {FORMER: "ERASED", NEW: "ACTIVE"})
    left = records()
    expect(f"the keys of one of two identities are left: {kept} {left}", 0 < len(left) < len(kept))
    answer_of(world, NEW)
    denied = agentctl("mid", "authenticate", FORMER, "00" * 16, "00" * 16, check=False)
    expect(f"it answers no more: {denied.stderr}", denied.returncode == 1 and "is ERASED, not ACTIVE" in denied.stderr)
