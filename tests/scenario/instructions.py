# SPDX-License-Identifier: Apache-2.0
"""What instructions ask for beside OMA DM and a LwM2M bootstrap server by pre-shared key: accounts whose keys only the trusted environment has or makes."""
import json

from factory_lwm2m import KEYS, NAMED, admit, check_secret, order
from main_job import expect
from scenarios import scenario
from smart_card import LWM2M, lwm2m_accounts
from sources import SIGNED
from world import GATEWAY, agentctl, until


def psk(world, *options, **signed):
    return world.instruction("--mech", "psk", "--uri", LWM2M, "--nid", "", *options, **signed)


def has(world, *accounts):
    until(f"accounts {accounts}", lambda: sorted(lwm2m_accounts(world)) == sorted(accounts), 60)


def refused(world, cause, document, code=3):
    """The job, or already the message, ends with that cause."""
    done = agentctl("bootstrap", document, check=False)
    last = world.manager()["LastError"]
    expect(f"{cause}, not {last}: {done.stderr}", done.returncode == code and last == cause and "hint:" in done.stderr)


@scenario(mode="none", factory_options=(*KEYS, *SIGNED))
def an_instruction_names_a_server_and_a_pre_shared_key_of_the_trusted_environment(world):
    """A management server by a key of that name and by the derived one, a bootstrap server; wrong keys and names leave the account before in service."""
    world.up()
    world.start()
    refused(world, "NotFound", psk(world, "--server", "101", "--cred", "none"))
    refused(world, "ClientAuth", psk(world, "--server", "101", "--cred", "boot"))               # the server does not know the gateway yet
    expect("nothing is kept", world.one("Context", Name="usim")["State"] == "open" and not lwm2m_accounts(world))
    admit(world, GATEWAY, NAMED)
    agentctl("bootstrap", psk(world, "--server", "101", "--cred", "boot"))
    has(world, ("101", "registered"))
    job = world.one("Job", State="succeeded")
    expect(f"as an instruction, in phases: {job}", job["Source"] == "instruction" and job["Phase"] == "done")
    for cause, document in (("NotSupported", psk(world, "--server", "102", "--sni", "other.example")), ("NotSupported", psk(world, "--naf", "naf.example")),
                            ("NotSupported", world.instruction("--mech", "lwm2m", "--uri", LWM2M, "--server", "102")),
                            ("Invalid", world.instruction("--mech", "psk", "--server", "102", "--uri", "https://dm.operator.example/dm"))):
        refused(world, cause, document, 1)
    (world.operator_dir / "psk.json").write_text("{}")
    refused(world, "ClientAuth", psk(world, "--server", "102"))
    has(world, ("101", "registered"))
    admit(world)
    agentctl("bootstrap", psk(world, "--server", "102", signed="bbn"))
    has(world, ("102", "registered"))
    order(world, GATEWAY, 103)
    agentctl("bootstrap", psk(world))
    has(world, ("0", "bootstrap"), ("103", "registered"))
    check_secret(world, NAMED, json.loads((world.operator_dir / "psk.json").read_text())[GATEWAY]["key"])
