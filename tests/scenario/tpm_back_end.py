# SPDX-License-Identifier: Apache-2.0
"""The keys of the trusted environment in a TPM 2.0 (swtpm), from the factory to managed, and what a person sees when it refuses."""
from main_job import check_identity, check_managed, expect
from scenarios import scenario
from world import agentctl, until


def tre(world):
    m = world.manager()
    return m["TreState"], m["TreBackend"], m["TreCause"]


@scenario(mode="qmi", tpm=True, operator_options=("--min-backend", "tpm2"))
def one_sms_makes_a_managed_device_whose_keys_are_in_a_tpm(world):
    """The MID demands the TPM. Then the machine starts with other firmware, with approved other firmware, and with the old one."""
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
