# SPDX-License-Identifier: Apache-2.0
"""The keys of the trusted environment in a TPM 2.0 (swtpm), from the factory to managed, and what a person sees when it refuses."""
import hashlib
import json

from main_job import check_identity, check_managed, expect
from scenarios import scenario
from world import GATEWAY, TREE, agentctl, run, until


def tre(world):
    m = world.manager()
    return m["TreState"], m["TreBackend"], m["TreCause"]


@scenario(mode="qmi", tpm=True, operator_options=("--min-backend", "tpm2", "--evidence", "remote"))
def one_sms_makes_a_managed_device_whose_keys_are_in_a_tpm(world):
    """The MID demands the TPM, the PVA its quote. Then the machine starts with other firmware, with approved other firmware, and with the old one."""
    world.up()
    world.start()
    until("the TRE", lambda: tre(world) == ("ready", "tpm2", ""))
    world.sms(world.push(), reverse=True)
    check_managed(world)
    check_identity(world)
    for firmware, approved in ("firmware 2", False), ("firmware 2", True), ("firmware 1", True):
        for name in ("agentd", "tred"):
            world.stop(name)
        world.boot(firmware)
        if approved and firmware == "firmware 2":
            world.approve(firmware)
        world.start("tred", "agentd")
        if approved:
            until(f"the TRE with approved {firmware}", lambda: tre(world) == ("ready", "tpm2", ""))
            expect("the MID is there", until("the MID", lambda: world.one("Mid"))["State"] == "ACTIVE")
        else:
            until("the refusal", lambda: tre(world) == ("blocked", "tpm2", "PlatformChanged"))
            said = agentctl("status", check=False).stdout
            expect(f"a person is told: {said}", "blocked tpm2" in said and "no state that its maker approved" in said and "platform.policy" in said)
            expect("agent-tred stays", world.alive("tred") and world.log("tred").count("BLOCKED") == 1)
    check_identity(world)


@scenario(mode="none", operator_options=("--min-backend", "tpm2"))
def a_mid_that_demands_a_tpm_is_refused_without_one(world):
    world.up()
    world.start()
    agentctl("bootstrap", world.push(), check=False)
    job = world.job_ended("failed")
    expect(f"the reason is visible: {job['Error']}", job["Error"] == "MidBackend" and "TreBackend" in job["Hint"])
    expect("nothing is left", not world.all("Mid") and not world.all("Account"))
    expect("the operator is told", any(e["event"] == "mid.install" and e["result"] == 7 for e in world.dm_events()))


def verdicts(world):
    return [(e["verdict"], e["reasons"]) for e in world.dm_events() if e["event"] == "pva.verdict"]


def refused(world, name, *reasons):
    """A bootstrap that ends with the PVA's verdict, and brings nothing."""
    before = len(verdicts(world))
    agentctl("bootstrap", world.push("--name", name), check=False)
    until("the PVA's verdict", lambda: len(verdicts(world)) > before)
    until("the end of the job", lambda: world.manager()["ActiveJobs"] == 0)
    said = verdicts(world)[-1]
    expect(f"{name}: {said}", said[0] == "fail" and all(any(r in told for told in said[1]) for r in reasons))
    expect("no MID, no account", not world.all("Mid") and not world.one("Account", Protocol="lwm2m"))


@scenario(mode="none")
def tre_R35_a_bad_verdict_of_the_pva_brings_no_identity(world):
    """A program that was not released; a certificate that is revoked, unknown to its maker, of no status because the responder is away; then a good one."""
    world.box_options = ("--ocsp",)
    world.up()
    programs, tool = world.operator_dir / "programs.json", ("/usr/bin/python3", "-B", TREE / "tests/operator/ocsp.py")
    index = world.operator_dir / "ca/index.txt"
    issued = index.read_bytes()
    programs.write_text(json.dumps(["00" * 32]))
    world.start()
    refused(world, "Unreleased", "program is not a released one")
    programs.write_text(json.dumps([hashlib.sha256((world.bin / "agent-tred").read_bytes()).hexdigest()]))
    run(*tool, "revoke", world.operator_dir, GATEWAY)
    refused(world, "Revoked", "certificate: revoked")
    run(*tool, "hold", world.operator_dir, GATEWAY)
    refused(world, "Unknown", "certificate: unknown")
    index.with_name("issued").write_bytes(issued)
    index.with_name("issued").rename(index)      # the responder tells lists apart by inode and whole second
    agentctl("bootstrap", world.push("--name", "Good"), check=False)
    check_managed(world)
    expect("the last verdict", verdicts(world)[-1] == ("pass", []))


@scenario(mode="none", operator_options=("--evidence", "remote"))
def evidence_that_a_back_end_cannot_give_is_not_replaced_by_a_weaker_one(world):
    world.up()
    world.start()
    agentctl("bootstrap", world.push(), check=False)
    world.job_ended("failed")
    expect("no verdict, no MID", not verdicts(world) and not world.all("Mid"))
    expect("the operator sees why", any("Evidence answered 406" in e.get("reason", "") for e in world.dm_events()))
