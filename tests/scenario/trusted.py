# SPDX-License-Identifier: Apache-2.0
"""The trusted environment in a whole gateway: what its issuer may order, and what of it can be seen where. Names carry the requirements of TR 33.812."""
import json
import sys

from main_job import check_managed, expect
from pushes import session
from scenarios import scenario
from world import ETC, NAME, TREE, agentctl, labproc, run, until
sys.path.append(str(TREE / "tests/unit/tred"))
from foreign_call import foreign_call, here  # noqa: E402
from aka import subscribers  # noqa: E402

MID = ("/usr/bin/python3", "-B", TREE / "tests/operator/mid.py")


def managed_gateway(world):
    world.up()
    world.start()
    agentctl("bootstrap", world.push())
    check_managed(world)
    world.reported()
    until("no running job", lambda: world.manager()["ActiveJobs"] == 0)
    return next(iter(world.all("Mid").values()))["MidId"]


def order(world, mid, command, out=None):
    """The order's file, as its issuer makes it."""
    out = out or world.dir / f"order-{command}"
    run(*MID, "order", "--dir", world.operator_dir, "--mid-id", mid, command, "--out", out)
    return out


def by_hand(world, mid, command):
    """`agentctl mid order`; exit status and the receipt as its issuer reads it."""
    file, receipt = order(world, mid, command), world.dir / "receipt"
    done = agentctl("mid", "order", file, receipt, check=False)
    return done.returncode, json.loads(run(*MID, "receipt", "--dir", world.operator_dir, "--order", file, receipt).stdout)


def by_session(world, mid, command, number):
    """In a DM session that the operator asks for; what the receipt said."""
    order(world, mid, command, world.operator_dir / "order")
    session(world, number, lambda: agentctl("bootstrap", "--no-wait", world.push("--notify", number), check=False))
    return [e for e in world.dm_events() if e["event"] == "order"][-1]


def shown(world):
    mid = next(iter(world.all("Mid").values()))
    return mid["State"], mid["Reason"]


@scenario(mode="none")
def tre_R8_R19_an_issuer_commands_its_mids_by_session_and_by_hand(world):
    """Discover, block, unblock, migrate, erase: each authentic, once, with a receipt, and seen on the bus; its administrator cannot undo a block."""
    mid = managed_gateway(world)
    until("in service", lambda: shown(world) == ("ACTIVE", "request"))
    code, told = by_hand(world, mid, "discover")
    expect(f"its own MID: {told}", code == 0 and [(m["id"], m["state"], m["version"]) for m in told["mids"]] == [(mid, "ACTIVE", 1)])
    told = by_session(world, mid, "block", "1")
    expect(f"blocked by order: {told}", told["result"] == 0 and [(m["state"], m["reason"]) for m in told["mids"]] == [("BLOCKED", "order")])
    until("the block on the bus", lambda: shown(world) == ("BLOCKED", "order"))
    denied = agentctl("mid", "activate", mid, check=False)
    expect(f"no way round: {denied.stderr}", denied.returncode == 1 and "its issuer must unblock it" in denied.stderr and shown(world)[0] == "BLOCKED")
    code, told = by_hand(world, mid, "unblock")
    expect(f"unblocked: {told}", code == 0 and shown(world) == ("SUSPENDED", "order"))
    agentctl("mid", "activate", mid)
    code, told = by_hand(world, mid, "unblock")
    expect(f"nothing to unblock: {told}", code == 3 and told["result"] == 5 and shown(world) == ("ACTIVE", "request"))
    again = world.dir / "order-unblock"                      # the last order, once more: its result again, and no effect
    expect("told again", "result 5" in agentctl("mid", "order", again, check=False).stdout and shown(world) == ("ACTIVE", "request"))
    old = world.dir / "order-discover"
    expect("an older order", "result 4" in agentctl("mid", "order", old, check=False).stdout)
    told = by_session(world, mid, "migrate", "2")
    expect(f"migrating: {told}", told["result"] == 0 and told["mids"][0]["state"] == "MIGRATING")
    until("seen", lambda: shown(world) == ("MIGRATING", "migration"))
    expect("no key is left", not [n for n in run("ls", "/var/lib/gateway-tred").stdout.split() if n.startswith(("mid", "key", "sqn"))])
    told = by_session(world, mid, "erase", "3")
    expect(f"the end: {told}", told["result"] == 0 and (told["mids"][0]["state"], told["mids"][0]["reason"]) == ("ERASED", "migration"))
    expect("a tombstone on the bus", shown(world) == ("ERASED", "migration"))
    empty = world.dir / "empty"
    empty.write_bytes(b"")
    expect("no order", agentctl("mid", "order", empty, check=False).returncode == 1)
    junk = world.dir / "junk"
    junk.write_bytes(b"0123456789")
    done = agentctl("mid", "order", junk, check=False)
    expect(f"junk is refused and named: {done.stdout}", done.returncode == 3 and "result 1 " in done.stdout)
    expect(f"the interface is that of the document: {NAME}", world.manager()["TreState"] == "ready")


@scenario(mode="none")
def tre_R28_R34_without_a_verdict_nothing_is_installed_and_results_are_reported(world):
    """A platform that the PVA does not know ends without a MID and without an account; a refused package is reported with its code, a good one with 0."""
    world.up()
    devices = world.operator_dir / "devices.json"
    known = devices.read_text()
    strange = json.loads(known)
    for entry in strange.values():
        entry["pfc"] = "00" * 32
    devices.write_text(json.dumps(strange))
    world.start()
    agentctl("bootstrap", world.push(), check=False)
    job = world.job_ended("failed")
    expect(f"no verdict, no MID: {job['Error']}", not world.all("Mid") and not world.one("Account", Protocol="lwm2m"))
    expect("the PVA said no", [e["verdict"] for e in world.dm_events() if e["event"] == "pva.verdict"] == ["fail"])
    devices.write_text(known)
    world.dm_fault("mid-bad-res")
    agentctl("bootstrap", world.push("--name", "Second"), check=False)
    until("the refused package", lambda: any(e["event"] == "mid.install" and (e["status"], e["result"]) == ("500", 8) for e in world.dm_events()), 60)
    until("the end of its job", lambda: world.manager()["ActiveJobs"] == 0)
    expect("nothing installed", not world.all("Mid"))
    world.dm_fault("none")
    agentctl("bootstrap", world.push("--name", "Third"), check=False)
    world.managed()
    world.reported()
    report = [e for e in world.dm_events() if e["event"] == "report"][-1]
    expect(f"the result is reported: {report}", (report["context"], report["result"]) == ("usim", "0"))
    expect("0 for the good package", [e["result"] for e in world.dm_events() if e["event"] == "mid.install"][-1] == 0)


def bootstrapped(world, *options, name):
    """One push by hand, to its end."""
    agentctl("bootstrap", world.push("--name", name, *options), check=False)
    world.managed()
    world.reported()
    until("no running job", lambda: world.manager()["ActiveJobs"] == 0)


@scenario(mode="none")
def tre_R36_a_context_is_bootstrapped_once_and_again_only_after_an_explicit_reset(world):
    world.up()
    world.start()
    bootstrapped(world, name="First")
    again = agentctl("bootstrap", world.push("--name", "Again"), check=False)
    expect(f"once: {again.stderr}", again.returncode != 0 and world.manager()["LastError"] == "ContextCommitted")
    expect("nothing of the second", sum(e["event"] == "report" for e in world.dm_events()) == 1 and [m["Version"] for m in world.all("Mid").values()] == [1])
    agentctl("context", "reopen", "usim")
    agentctl("bootstrap", world.push("--name", "Reset"), check=False)
    until("the second time", lambda: sum(e["event"] == "report" for e in world.dm_events()) == 2, 60)
    until("one MID of two versions", lambda: [m["Version"] for m in world.all("Mid").values()] == [2])


@scenario(mode="qmi")
def tre_R37_bootstrap_brings_the_server_and_beside_it_the_access_point(world):
    """One document: the session with its server goes over the access point of its NAPDEF."""
    world.up()
    world.start()
    world.sms(world.push())
    check_managed(world)
    world.reported()
    expect("its server", world.one("Context", Name="usim")["ServerId"] == "com.example.dm" and world.one("Mid", State="ACTIVE"))
    bearer = world.one("Bearer", State="connected", Installed=True)
    expect(f"its access point: {bearer['Apn']}", bearer["Apn"] == "m2m.example.net" and bearer["NapId"] == "NAP1")
    expect(f"one by the other: {world.sessions()}", {s["peer"] for s in world.sessions()} == {bearer["Addresses"][0].split("/")[0]})


@scenario(mode="none")
def tre_R38_a_bootstrap_is_authentic_by_the_device_pin(world):
    """With another PIN it is refused before anything is asked; with the device's, the same document is taken, and the session is by what it brought."""
    world.up()
    world.start()
    wrong = agentctl("bootstrap", world.push(device_pin="11112222"), check=False)
    expect(f"another PIN: {wrong.stderr}", wrong.returncode != 0 and world.manager()["LastError"] == "MacMismatch")
    expect("nothing of it", not world.all("Job") and not world.sessions() and not world.all("Account"))
    bootstrapped(world, name="Example")
    expect("the device's", world.one("Context", Name="usim")["State"] == "committed")


@scenario(mode="none")
def tre_R39_a_server_that_is_not_proved_gets_no_session(world):
    """Its certificate is of a root that nobody trusts; the same server with a trusted one is talked to."""
    world.up()
    world.start()
    world.dm_fault("wrong-cert")
    agentctl("bootstrap", world.push("--name", "Untrusted"), check=False)
    job = world.job_ended("failed")
    expect(f"not proved: {job['Error']}", job["Error"] == "TlsUntrusted" and not world.all("Mid"))
    expect("it heard nothing", not [e for e in world.dm_events() if e["event"] not in ("listening", "tcp", "fault", "tls.failed")])
    world.dm_fault("none")
    bootstrapped(world, name="Trusted")
    expect("proved", world.one("Mid", State="ACTIVE"))


def shown_all(world):
    return {m["MidId"]: (m["State"], m["Version"]) for m in world.all("Mid").values()}


def answer_of(world, mid):
    """One AUTHENTICATE by hand; RES is that of the AuC, which knows the key that was last issued for that MID."""
    imsi = json.loads((world.operator_dir / "mids.json").read_text())[mid]["imsi"]
    with subscribers.changing(world.operator_dir / "subscribers.db") as db:
        vector = db[imsi].next_vector()
        told = json.loads(agentctl("--json", "mid", "authenticate", mid, vector.rand.hex(), vector.autn.hex()).stdout)
    expect(f"RES: {told['result']}", told["res"] == vector.xres.hex())


@scenario(mode="none", breaks=("tred SIGSYS", "tred SIGSYS"))
def tre_R45_a_trusted_environment_that_leaves_its_filter_is_ended_and_seen(world):
    """The control of all scenarios: they run with the filter that ends the process, and one whose TRE it ended fails for that alone. Here it is made to ask for a
    socket, and for its user; agentd says that it is gone and takes the next one."""
    world.up()
    world.start()
    until("the TRE", lambda: world.manager()["TreState"] == "ready")
    expect("the numbers of system calls below are those of x86-64", here())
    for call in ("socket", 2, 1, 0), ("getuid",):
        pid = labproc.pid_of("tred")
        status = dict(line.split(":\t", 1) for line in open(f"/proc/{pid}/status", encoding="ascii").read().splitlines() if ":\t" in line)
        expect(f"the filter is on: {status['Seccomp']}", (status["Seccomp"], status["NoNewPrivs"]) == ("2", "1") and foreign_call(pid, "getpid") == f"returned {pid}")
        expect("ended", foreign_call(pid, *call) == "killed by SIGSYS" and not world.alive("tred"))
        until("its absence on the bus", lambda: world.manager()["TreState"] != "ready")
        world.start("tred")
        until("the next one", lambda: world.manager()["TreState"] == "ready")


@scenario(mode="none", breaks=("usimd SIGSYS",) * 3)
def agent_usimd_has_no_program_no_process_and_no_socket_but_its_own(world):
    """By itself it is refused them and serves on; as everywhere in these scenarios, it ends. It makes no child, and cannot be dumped again."""
    world.up()
    user, *words = world.programs["usimd"]
    at = words.index("--filter")
    world.programs["usimd"] = (user, *words[:at], *words[at + 2:])
    forbidden = (("socket", 10, 1, 0), ("execve", "/bin/true", 0, 0), ("fork",), ("ptrace", 0, 0, 0, 0), ("clone", 17, 0, 0, 0, 0), ("prctl", 4, 1, 0, 0, 0))
    (ETC / "agent-usimd.conf").write_text("")
    world.start("usimd")
    until("it serves", lambda: "ready" in world.log("usimd"))
    pid = labproc.pid_of("usimd")
    expect("the numbers of system calls are those of x86-64", here())
    for call in forbidden:
        expect(f"{call}: {foreign_call(pid, *call)}", foreign_call(pid, *call) == "returned -1" and world.alive("usimd"))
    made = foreign_call(pid, "socket", 1, 1, 0)
    expect(f"its own kind of socket: {made}", made.startswith("returned ") and not made.startswith("returned -"))
    world.stop("usimd")
    world.programs["usimd"] = (user, *words)
    for call in forbidden[:3]:
        world.start("usimd")
        until("it serves", lambda: world.log("usimd").count("] ready") > forbidden.index(call) + 1)
        pid = labproc.pid_of("usimd")
        expect(f"{call} ends it", foreign_call(pid, *call) == "killed by SIGSYS" and not world.alive("usimd"))
