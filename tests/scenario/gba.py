# SPDX-License-Identifier: Apache-2.0
"""GBA: a program wants a key, agentd asks the BSF, the trusted environment makes it. The program is a small client of agent-tred's socket under the user
of agent-usimd; with the real one, and strongSwan behind it, see tests/interop/ikev2.sh."""
import json
import time

from main_job import expect
from scenarios import scenario
from sources import run_account
from world import TREE, agentctl, lab, run, until

MID, NAF, UA = "usim-GW-0001", "naf.operator.example", "0100000002"
BSF = "[gba]\nbsf=https://bsf.operator.example:8443/\n"
ASK = f"""
import json, sys
sys.path.insert(0, {str(TREE / "tests/unit/tred")!r})
from tre_client import Client
status, *rest = Client("/run/gateway-agent/tred.sock").naf_key({MID!r}, {NAF.encode()!r} + bytes.fromhex({UA!r}))
print(json.dumps([status, *(r.decode("latin-1") if isinstance(r, bytes) else r for r in rest)]))
"""
NOT_READY, DENIED = 11, 16


def provisioned(world):
    """A gateway with an ACTIVE MID, by hand over its own uplink."""
    world.settings += BSF
    world.up()
    run_account(world, "dm.operator.example")
    world.start()
    agentctl("bootstrap", "https://dm.operator.example/dm")
    until("the MID", lambda: world.one("Mid", State="ACTIVE"), 60)


def key(world):
    """What agent-tred answers to agent-usimd's user."""
    code = world.dir / "ask.py"
    code.write_text(ASK)
    code.chmod(0o644)
    return json.loads(lab("run-as", "gateway-usim", "--", "/usr/bin/python3", "-B", code).stdout)


def state(world):
    mid = world.one("Mid", MidId=MID)
    return mid["GbaState"], mid["GbaError"]


def wanted(world, seconds=30):
    """Seconds, B-TID, Ks_NAF once they are there."""
    def ready():
        status, *rest = key(world)
        return rest if status == 0 else None
    return until("the key", ready, seconds)


def at_the_naf(world, btid):
    return run("/usr/bin/python3", "-B", TREE / "tests/operator/bsf.py", "key", "--dir", world.operator_dir, "--btid", btid, "--naf", NAF, check=False).stdout.strip()


@scenario(mode="none")
def a_wanted_key_makes_the_gateway_bootstrap_and_only_the_tre_knows_ks(world):
    """Also: out of step, then AUTS; the key ends; suspension ends it at once."""
    provisioned(world)
    world.bsf_up("--lifetime", "8")
    expect(f"nothing before it is wanted: {state(world)}", state(world) == ("none", "") and not world.bsf_events("challenge"))
    expect("no key yet", key(world)[0] == NOT_READY)
    seconds, btid, ks_naf = wanted(world)
    now, mid = time.time(), world.one("Mid", MidId=MID)
    expect(f"the NAF has the same: {btid}", at_the_naf(world, btid) == ks_naf.encode("latin-1").hex() and btid.endswith("@bsf.operator.example"))
    expect(f"shown: {mid}", mid["GbaState"] == "ready" and abs(mid["GbaUntil"] / 1e6 - now - seconds) < 3)
    subscribers = world.operator_dir / "subscribers.db"
    fields = subscribers.read_text().split()
    subscribers.write_text(" ".join([*fields[:4], "000000000000"]) + "\n")          # the network has lost its numbers
    until("the end of the key", lambda: key(world)[0] == NOT_READY, 15)
    expect("the NAF has none either", at_the_naf(world, btid) == "")
    again = wanted(world)
    expect("another B-TID", again[1] != btid and at_the_naf(world, again[1]) == again[2].encode("latin-1").hex())
    expect(f"by one AUTS: {world.bsf_events('resync')}", [e["taken"] for e in world.bsf_events("resync")] == [True])
    agentctl("mid", "suspend", MID)
    expect(f"suspended: {key(world)} {state(world)}", key(world)[0] == NOT_READY and state(world)[0] == "none")
    ks = [bytes.fromhex(s[n]) for s in json.loads((world.operator_dir / "bsf.json").read_text()).values() for n in ("ck", "ik")]
    places = [world.log(n).encode() for n in ("agentd", "tred")] + [p.read_bytes() for p in __import__("pathlib").Path("/var/lib/gateway-agent").glob("*")]
    for secret in (*ks, ks_naf.encode("latin-1"), again[2].encode("latin-1")):
        expect("a key in a log or in the store", not any(secret in p or secret.hex().encode() in p for p in places))
    expect("the whole IMSI is in a log", not any(fields[0].encode() in p for p in places[:2]))
    expect(f"every request was right: {world.bsf_events('violation')}", not world.bsf_events("violation"))


def tries(world):
    """Failed ones: a cause is told when it is another one, else only noted."""
    return world.log().count("warning [gba]") + world.log().count("again:")


@scenario(mode="none")
def a_bsf_that_is_wrong_or_away_is_told_and_tried_again(world):
    provisioned(world)
    key(world)
    until("no BSF", lambda: state(world) == ("failed", "ConnectFailed"))
    expect("visible", world.manager()["LastError"] == "ConnectFailed" and "bsf.operator.example" in world.manager()["LastErrorText"])
    world.bsf_up()
    for fault, cause in (("mac", "ServerAuth"), ("rspauth", "ServerAuth"), ("no-rspauth", "ServerAuth"), ("forbidden", "ClientAuth"), ("again", "ClientAuth"),
                         ("away", "HttpStatus"), ("expired", "Expired"), ("realm", "Protocol"), ("md5", "Protocol"), ("body", "Malformed"), ("no-btid", "Incomplete"),
                         ("type", "Protocol")):
        world.bsf_fault(fault)
        before = tries(world)
        agentctl("reload")                                                          # no need to wait for the next try
        until(f"{fault}: a try", lambda n=before: tries(world) > n)
        until(f"{fault}: {cause}", lambda c=cause: state(world) == ("failed", c))
        expect(f"{fault}: {world.manager()['LastErrorText']}", world.manager()["LastError"] == cause and "bsf" in world.manager()["LastErrorText"].lower())
        expect(f"{fault}: still none", key(world)[0] == NOT_READY)
    count = world.log().count("warning [gba] Protocol")
    expect(f"a cause is told once, until it is another: {count}", count == 2)
    expect("tried again later by itself", "again:" in world.log())
    world.bsf_fault()
    agentctl("reload")
    wanted(world)
    expect("ready", state(world) == ("ready", ""))


@scenario(mode="none")
def without_gba_in_the_acl_no_key_is_made(world):
    world.operator_options = ("--acl", "agentd:identity", "--acl", "agent-usimd:authenticate")
    provisioned(world)
    world.bsf_up()
    expect("denied", key(world)[0] == DENIED)
    time.sleep(0.5)
    expect("the BSF was not asked", not world.bsf_events("challenge"))
