# SPDX-License-Identifier: Apache-2.0
"""An update of the trusted environment that its device certificate does not name: certified anew, or with another key."""
import hashlib
import json
from pathlib import Path

from main_job import check_managed, expect
from scenarios import scenario
from world import agentctl, until


def happened(world, event):
    return [e for e in world.dm_events() if e["event"] == event]


@scenario(mode="none")
def tre_R29_an_updated_platform_is_enrolled_before_it_is_validated(world):
    """A program that the maker has not released is not certified, and nothing is provisioned; once it is, the same session enrols, validates and provisions; the next
    validation needs no other certificate. The PVA asks OCSP for the new one."""
    world.certified, world.box_options = ("agent-tred",), ("--ocsp",)
    world.up()
    program, programs = world.bin / "agent-tred", world.operator_dir / "programs.json"
    released = [hashlib.sha256(program.read_bytes()).hexdigest()]
    programs.write_text(json.dumps(released))
    with open(program, "ab") as f:
        f.write(b"release 2")
    world.start()
    until("it is told", lambda: "was issued for other programs" in world.log("tred"))
    agentctl("bootstrap", world.push(), check=False)
    world.job_ended("failed")
    expect(f"not released: {happened(world, 'enrol')}", [e.get("refused") for e in happened(world, "enrol")] == ["the program is not a released one"])
    expect("no verdict, no MID, no account", not happened(world, "pva.verdict") and not world.all("Mid") and not world.one("Account", Protocol="lwm2m"))
    programs.write_text(json.dumps([*released, hashlib.sha256(program.read_bytes()).hexdigest()]))
    agentctl("bootstrap", world.push("--name", "Released"), check=False)
    check_managed(world)
    world.reported()
    order = [e["event"] for e in world.dm_events() if e["event"] in ("enrol", "pva.verdict", "mid.install")]
    expect(f"enrolled, then validated: {order}", order == ["enrol", "enrol", "pva.verdict", "mid.install"])
    claims = happened(world, "pva.verdict")[0]["claims"]
    expect(f"the new program: {claims['program']}", claims["program"] == happened(world, "enrol")[1]["program"] != released[0])
    expect("agentd says so", "the platform has a new certificate" in world.log())
    until("no running job", lambda: world.manager()["ActiveJobs"] == 0)
    agentctl("context", "reopen", "usim")
    agentctl("bootstrap", world.push("--name", "Again"), check=False)
    until("the second validation", lambda: [e["verdict"] for e in happened(world, "pva.verdict")] == ["pass", "pass"], 60)
    expect("nothing more to enrol", len(happened(world, "enrol")) == 2)


@scenario(mode="none", operator_options=("--new-key",))
def tre_R29_an_updated_platform_gets_another_key_that_the_former_vouches_for(world):
    """The maker wants another key: the same session has it certified and installed, evidence and identity are by it, and so is the next validation; a start later too. What
    was installed by the former key serves on."""
    world.certified, world.box_options = ("agent-tred",), ("--ocsp",)
    world.up()
    with open(world.bin / "agent-tred", "ab") as f:
        f.write(b"release 2")
    devices = world.operator_dir / "devices.json"
    former = json.loads(devices.read_text())[world.gateway]["pfc"]
    world.start()
    agentctl("bootstrap", world.push())
    check_managed(world)
    world.reported()
    order = [e["event"] for e in world.dm_events() if e["event"] in ("enrol", "pva.verdict", "mid.install")]
    expect(f"enrolled, then validated: {order}", order == ["enrol", "pva.verdict", "mid.install"])
    entry = json.loads(devices.read_text())[world.gateway]
    expect("by another key", entry["pfc"] != former and "next" not in entry)
    expect("the trusted environment says so", "another platform key" in world.log("tred"))
    records = [p.name for p in Path("/var/lib/gateway-tred").iterdir() if p.name.startswith(("identity", "successor"))]
    expect(f"no record of the former: {records}", len(records) == 1 and records[0].startswith("identity."))
    until("no running job", lambda: world.manager()["ActiveJobs"] == 0)
    world.stop("tred")
    world.start("tred")
    until("the TRE again", lambda: world.manager()["TreState"] == "ready")
    expect("its identity serves on", world.one("Mid", State="ACTIVE"))
    agentctl("context", "reopen", "usim")
    agentctl("bootstrap", world.push("--name", "Again"), check=False)
    until("the second validation", lambda: [e["verdict"] for e in happened(world, "pva.verdict")] == ["pass", "pass"], 60)
    expect("nothing more to enrol", len(happened(world, "enrol")) == 1)
