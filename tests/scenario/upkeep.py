# SPDX-License-Identifier: Apache-2.0
"""What a management server does to the gateway as a machine, by the administrator's hooks: restart, factory reset."""
from main_job import expect, lwm2m
from scenarios import scenario
from world import agentctl, until


def managed(world):
    """A gateway with agent-sysd, bootstrapped from a file."""
    world.up()
    world.start("tred", "modemd", "sysd", "agentd")
    agentctl("bootstrap", world.push())
    world.managed()


@scenario(mode="none")
def a_management_server_restarts_and_resets_the_gateway_by_hooks(world):
    """Without a hook it is refused, and says so; with one the answer comes before the machine goes down; a hook that fails is visible."""
    done = world.dir / "done"
    managed(world)
    refused = lwm2m(world, op="execute", path="/3/0/4")
    expect(f"without a hook: {refused}", refused["code"] == "4.05")
    expect("which is visible", world.manager()["LastError"] == "NotSupported" and "restart" in world.manager()["LastErrorText"])
    world.hook("reboot", f"echo reboot $1 >>{done}")
    world.hook("factory-reset", "echo the flash is worn out; exit 1")
    lwm2m(world, op="execute", path="/3/0/5")  # has the hooks looked at again
    until("the hooks", lambda: lwm2m(world, op="execute", path="/3/0/4")["code"] == "2.04")
    expect("the answer is before the deed", not done.exists())
    until("the restart", done.exists)
    expect("the hook is told what", done.read_text() == "reboot now\n")
    until("the end of the hook", lambda: "reboot now ended" in world.log("sysd"))
    until("the other hook", lambda: lwm2m(world, op="execute", path="/3/0/5")["code"] == "2.04")
    until("its failure", lambda: world.manager()["LastError"] == "HookFailed")
    expect("in its own words", "factory reset: the flash is worn out" in world.manager()["LastErrorText"])
    expect("and hint", "agent-sysd" in world.manager()["LastErrorHint"])
