# SPDX-License-Identifier: Apache-2.0
"""What a management server does to the gateway as a machine, by the administrator's hooks: restart, factory reset, firmware."""
import re
from pathlib import Path

from main_job import expect, lwm2m
from scenarios import scenario
from world import TREE, agentctl, labproc, run, until


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
    log = bytes.fromhex(lwm2m(world, op="read", path="/20/0/4014", accept=42)["value"]).decode()
    expect(f"and in the event log that the server reads: {log}", re.search(r"^\S+Z \[job1\] accepted$(.|\n)*^\S+Z \[job1\] reported$(.|\n)*^\S+Z NotSupported restart: .*no hook", log, re.M))
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


def read(world, path):
    """The text of one resource, or the code of the refusal."""
    answer = lwm2m(world, op="read", path=path, accept=0)
    return str(answer["value"]) if answer["code"] == "2.05" else answer["code"]


def update(world):
    """State and result of the firmware update."""
    return read(world, "/5/0/3"), read(world, "/5/0/5")


def over(real, text, world):
    """A file of the system that the kernel or the image wrote, as it is after the restart."""
    path = world.dir / real.replace("/", "_")
    path.write_text(text)
    run("mount", "--bind", path, real)


def restart(world, version, boot):
    """The machine goes down and comes up with this firmware."""
    for name in ("agentd", "sysd"):
        world.kill(name)
    over("/usr/lib/os-release", f'NAME=Gateway\nIMAGE_VERSION="{version}"\n', world)
    over("/proc/sys/kernel/random/boot_id", f"{boot:08d}-0000-0000-0000-000000000000\n", world)
    world.start("sysd", "agentd")
    registered(world)


def registered(world):
    until("the registration", lambda: world.on_bus() and world.one("Account", Protocol="lwm2m", State="registered"), 60)
    until("object 5", lambda: read(world, "/5/0/3") != "4.04")


def push(world, octets):
    return lwm2m(world, op="write", path="/5/0/0", format=42, hex=octets.hex())["code"]


def execute(world, path="/5/0/2"):
    return lwm2m(world, op="execute", path=path)["code"]


@scenario(mode="none")
def a_pushed_firmware_is_installed_and_reported_after_the_restart(world):
    """In blocks; agentd is killed while the hook works; a restart into the old firmware is a failure that can be tried again, one into the new one is a success."""
    got, go, image = world.dir / "got", world.dir / "go", bytes(range(256)) * 300
    over("/usr/lib/os-release", 'IMAGE_VERSION="1"\n', world)
    world.hook("firmware", f"cat >{got}; echo \"$@\" >>{got}; while [ ! -e {go} ]; do sleep 0.1; done; exit $(cat {go})")
    managed(world)
    expect(f"idle: {update(world)}", update(world) == ("0", "0") and read(world, "/3/0/3") == "1")
    expect("Update without an image", execute(world) == "4.05")
    expect("an image in blocks", push(world, image) == "2.04")
    expect(f"downloaded: {update(world)}", update(world) == ("2", "0"))
    expect("no second one over it", push(world, image) == "4.05")
    expect("and kept over a restart of agentd", (world.kill("agentd"), world.start("agentd"), registered(world), update(world))[-1] == ("2", "0"))
    expect("Update", execute(world) == "2.04")
    until("the hook", lambda: got.exists() and got.read_bytes() == image + b"install\n")
    expect("updating, and nothing may be written", update(world) == ("3", "0") and push(world, b"\0") == "4.05")
    world.kill("agentd")
    world.start("agentd")
    registered(world)
    expect("agentd was killed, the hook goes on", update(world) == ("3", "0"))
    go.write_text("0")
    until("its end", lambda: "firmware install ended with status 0" in world.log("sysd"))
    restart(world, "1", 1)
    until("the old firmware is there again", lambda: update(world) == ("2", "8"))
    go.unlink()
    expect("tried again", execute(world) == "2.04")
    until("the hook again", lambda: update(world) == ("3", "0"))
    go.write_text("0")
    until("its second end", lambda: "ended with status 0" in world.log("sysd").split("ready")[-1])
    restart(world, "2", 2)
    until("success", lambda: update(world) == ("0", "1"))
    expect("the new version", read(world, "/3/0/3") == "2")
    go.write_text("65")
    expect("another image", push(world, image[:2000]) == "2.04" and execute(world) == "2.04")
    until("the hook says that it is not good", lambda: update(world) == ("0", "5"))
    expect("which is visible", world.manager()["LastError"] == "HookFailed")


@scenario(mode="none")
def a_firmware_is_pulled_over_https(world):
    """What can go wrong has its result: no such file, another protocol, a server that is not trusted or closes too early; a download can be cancelled."""
    world.hook("firmware", "exit 0")
    managed(world)
    run("/usr/bin/python3", "-B", TREE / "tests/operator/factory.py", "server", world.operator_dir, "bbn.operator.example")
    files = world.dir / "files"
    files.mkdir()
    (files / "image").write_bytes(b"firmware" * 20000)
    labproc.start("files", TREE / "tests/lab/lab", "in", "operator", "--", "/usr/bin/python3", "-B", TREE / "tests/operator/file_server.py", "--dir", world.operator_dir, files)
    site = "https://bbn.operator.example:8443"
    registered(world)

    def pull(uri):
        expect("a URI is taken", lwm2m(world, op="write", path="/5/0/1", value=uri)["code"] == "2.04")
        return until(f"the end of {uri}", lambda: (lambda s: s if s[0] != "1" else None)(update(world)))
    until("the file server", lambda: pull(f"{site}/nothing") == ("0", "7"))
    expect("no such file", pull(f"{site}/nothing") == ("0", "7"))
    expect("plain HTTP", pull("http://bbn.operator.example/image") == ("0", "9"))
    expect("no URI at all", pull("image") == ("0", "7") and pull("https://bbn.operator.example/a b") == ("0", "7"))
    expect("cut off", pull(f"{site}/cut/image") == ("0", "4"))
    expect("a certificate for another name", pull("https://198.51.100.20:8443/image") == ("0", "4"))
    lwm2m(world, op="write", path="/5/0/1", value=f"{site}/slow/image")
    until("it comes slowly", lambda: update(world) == ("1", "0"))
    expect("no push meanwhile", push(world, b"x") == "4.05" and execute(world) == "4.05")
    expect("cancelled", execute(world, "/5/0/10") == "2.04" and update(world) == ("0", "10"))
    expect("the image", pull(f"{site}/image") == ("2", "0"))
    expect("its URI can be read", read(world, "/5/0/1") == f"{site}/image")
    spooled = Path("/var/lib/gateway-agent/firmware.image")
    expect("it is whole", spooled.read_bytes() == (files / "image").read_bytes())
    expect("an empty URI drops it", lwm2m(world, op="write", path="/5/0/1", format=0, hex="")["code"] in ("2.04",) and update(world) == ("0", "0") and not spooled.exists())
    labproc.stop("files")
