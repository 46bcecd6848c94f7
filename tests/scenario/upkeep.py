# SPDX-License-Identifier: Apache-2.0
"""What a management server does to the gateway as a machine, by the administrator's hooks: restart, factory reset, firmware, software."""
import contextlib
import os
import pty
import random
import re
import subprocess
import time
from pathlib import Path

from main_job import check_managed, expect, lwm2m
from scenarios import scenario
from smart_card import LWM2M
from world import BUILD, NAME, ROOT, TREE, agentctl, lab, labproc, run, until


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
    begun, go = held_hook(world, "reboot", done)
    world.hook("factory-reset", "echo the flash is worn out; exit 1")
    lwm2m(world, op="execute", path="/3/0/5")  # has the hooks looked at again
    asked = until("the hooks", lambda: accepted_at(world, "/3/0/4"))
    deed_after_answer(asked, begun, go, done)
    expect("the hook is told what", done.read_text() == "reboot now\n")
    until("the end of the hook", lambda: "reboot now ended" in world.log("sysd"))
    until("the other hook", lambda: lwm2m(world, op="execute", path="/3/0/5")["code"] == "2.04")
    until("its failure", lambda: world.manager()["LastError"] == "HookFailed")
    expect("in its own words", "factory reset: the flash is worn out" in world.manager()["LastErrorText"])
    expect("and hint", "agent-sysd" in world.manager()["LastErrorHint"])


def held_hook(world, name, done):
    """A hook that notes its begin and waits for leave to do its deed: gives the files of both."""
    begun, go = (done.with_suffix(suffix) for suffix in (".begun", ".go"))
    world.hook(name, f"touch {begun}; until [ -e {go} ]; do sleep 0.1; done; echo {name} $1 >>{done}")
    return begun, go


def deed_after_answer(asked, begun, go, done):
    """There is an answer already: it did not wait for the deed, which began a second after it, which is later than a second after the question."""
    go.touch()
    until("the deed", lambda: done.exists() and done.read_text())
    expect(f"begun {begun.stat().st_mtime - asked:.2f} s after the question", begun.stat().st_mtime - asked > 0.9)


def accepted_at(world, path):
    """When an Execute was sent, if it was accepted."""
    asked = time.time()
    return lwm2m(world, op="execute", path=path)["code"] == "2.04" and asked


def ask_as(user):
    """FactoryReset by another user; what was said."""
    return lab("run-as", user, "--", "busctl", "--system", "call", NAME, ROOT, f"{NAME}.Manager", "FactoryReset", check=False).stderr


def typed(answer):
    """agentctl at a terminal, where a person answers; exit status and all that was shown."""
    here, there = pty.openpty()
    agentctl_at = subprocess.Popen([BUILD / "agentd/ctl/agentctl", "factory-reset"], stdin=there, stdout=there, stderr=there)
    os.close(there)
    shown = b""
    while b"Type yes" not in shown:
        shown += os.read(here, 1000)
    os.write(here, answer)
    with contextlib.suppress(OSError):                    # EIO: nobody has the other end any more, and all was read; what one read gives may be a part
        while True:
            shown += os.read(here, 1000)
    os.close(here)
    return agentctl_at.wait(20), shown.decode()


@scenario(mode="none")
def the_administrator_resets_the_gateway_by_the_hook_and_nobody_else_does(world):
    """The one way that a management server has, too: without agent-sysd, without a hook, without a terminal, by others than root, with polkit and without."""
    done = world.dir / "done"
    world.up()
    world.start()
    refused = agentctl("factory-reset", check=False)
    expect(f"without a terminal: {refused.stderr}", refused.returncode == 2 and "no terminal" in refused.stderr and "--yes" in refused.stderr)
    refused = agentctl("factory-reset", "--yes", check=False)
    expect(f"without agent-sysd: {refused.stderr}", refused.returncode == 1 and "agent-sysd" in refused.stderr)
    world.start("sysd")
    refused = agentctl("factory-reset", "--yes", check=False)
    expect(f"without a hook: {refused.stderr}", refused.returncode == 1 and "installed no hook" in refused.stderr and "hint:" in refused.stderr)
    begun, go = held_hook(world, "factory-reset", done)
    expect("the service user, whom polkit does not know", "not authorised" in ask_as("gateway-agent"))
    expect("a stranger, by the bus policy", "Access denied" in ask_as("lab-visitor") or "rejected" in ask_as("lab-visitor"))
    status, shown = typed(b"no\n")
    expect(f"a person who thinks better of it: {shown}", status == 2 and "nothing was done" in shown)
    time.sleep(1.5)                                       # the hook would have begun after a second
    expect("nothing was done", not begun.exists())
    asked = time.time()
    status, shown = typed(b"yes\n")
    expect(f"a person who means it: {shown}", status == 0 and "begins" in shown)
    deed_after_answer(asked, begun, go, done)
    expect(f"once: {done.read_text()}", done.read_text() == "factory-reset now\n")
    expect("by whom", "by the administrator's order" in world.log())
    Path("/etc/polkit-1/rules.d/60-lab.rules").write_text(f'polkit.addRule(function(a, s) {{ return a.id === "{NAME}.factory-reset" && s.user === "gateway-agent" ? "yes" : undefined; }});')
    until("polkit's leave for a user", lambda: not ask_as("gateway-agent"))
    until("the hook again", lambda: done.read_text().count("now") == 2)
    until("its end", lambda: world.log("sysd").count("factory-reset now ended") == 2)  # while one is at work no other begins
    labproc.stop("polkit")
    expect("without polkit it is root's alone", "not authorised" in ask_as("gateway-agent"))
    agentctl("-q", "factory-reset", "--yes")


def read(world, path):
    """The text of one resource, or the code of the refusal."""
    answer = lwm2m(world, op="read", path=path, accept=0)
    return str(answer.get("value", "")) if answer["code"] == "2.05" else answer["code"]


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


def registered(world, resource="/5/0/3"):
    until("the registration", lambda: world.on_bus() and world.one("Account", Protocol="lwm2m", State="registered"), 60)
    until(resource, lambda: read(world, resource) != "4.04")


def push(world, octets):
    return lwm2m(world, op="write", path="/5/0/0", format=42, hex=octets.hex())["code"]


def execute(world, path="/5/0/2"):
    return lwm2m(world, op="execute", path=path)["code"]


@scenario(mode="none")
def a_pushed_firmware_is_installed_and_reported_after_the_restart(world):
    """In blocks; agentd is killed while the hook works; a restart into the old firmware is a failure that can be tried again, one into the new one is a success."""
    got, go, image = world.dir / "got", world.dir / "go", bytes(range(256)) * 300
    over("/usr/lib/os-release", 'IMAGE_VERSION="1"\n', world)
    world.hook("firmware", f"[ $1 = install ] || {{ echo gateway-os 2.0; exit; }}; cat >{got}; echo \"$@\" >>{got}; while [ ! -e {go} ]; do sleep 0.1; done; exit $(cat {go})")
    managed(world)
    expect(f"idle: {update(world)}", update(world) == ("0", "0") and read(world, "/3/0/3") == "1")
    expect("Update without an image", execute(world) == "4.05")
    expect("an image in blocks", push(world, image) == "2.04")
    expect(f"downloaded: {update(world)}", update(world) == ("2", "0"))
    until("who it is", lambda: (read(world, "/5/0/6"), read(world, "/5/0/7")) == ("gateway-os", "2.0"))
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


def file_server(world):
    """Where the operator keeps files for its gateways, and the folder of them."""
    run("/usr/bin/python3", "-B", TREE / "tests/operator/factory.py", "server", world.operator_dir, "bbn.operator.example")
    files = world.dir / "files"
    files.mkdir()
    labproc.start("files", TREE / "tests/lab/lab", "in", "operator", "--", "/usr/bin/python3", "-B", TREE / "tests/operator/file_server.py", "--dir", world.operator_dir, files)
    return "https://bbn.operator.example:8443", files


@scenario(mode="none")
def a_firmware_is_pulled_over_https_and_coaps(world):
    """And by CoAP over DTLS. What can go wrong has its result: no such file, another protocol, a server that is not trusted or closes too early; a download can be cancelled."""
    world.hook("firmware", "exit 0")
    managed(world)
    site, files = file_server(world)
    (files / "image").write_bytes(b"firmware" * 20000)
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
    put = coap_server(world, files / "image")
    until("by CoAP over DTLS", lambda: (put(), pull("coaps://bbn.operator.example:5691/image"))[1] == ("2", "0"), 60)
    expect("whole", spooled.read_bytes() == (files / "image").read_bytes())
    expect("dropped", push(world, b"") == "2.04")
    expect("another name for that server", pull("coaps://198.51.100.20:5691/image") == ("0", "4"))
    expect("without security", pull("coap://bbn.operator.example:5690/image") == ("0", "9"))
    (world.operator_dir / "files").mkdir()
    (world.operator_dir / "files/image").write_bytes((files / "image").read_bytes())
    expect("from the management server, by the key of its account", pull(f"{LWM2M}/files/image") == ("2", "0"))
    expect("whole, too", spooled.read_bytes() == (files / "image").read_bytes())
    by = [e["identity"] for e in world.lwm2m_events() if e["event"] == "file"]
    expect(f"by its identity: {by}", len(by) == 1 and by == [e["identity"] for e in world.lwm2m_events() if e["event"] == "dtls.open"][-1:])
    expect("dropped as well", push(world, b"") == "2.04")
    over_a_kill(world)
    expect("whole after all", spooled.read_bytes() == (files / "image").read_bytes() and push(world, b"") == "2.04")
    expect("not there", pull(f"{LWM2M}/files/nothing") == ("0", "7"))
    expect("another port of its host", pull(f"{LWM2M.replace('5684', '5691')}/files/image") == ("0", "4"))
    expect("which is said before", [read(world, f"/5/0/8/{i}") for i in range(4)] == ["1", "3", "5", "4.04"])
    labproc.stop("coap")


def pulls(world):
    """Those who asked the LwM2M server for a file, in order."""
    return [(e["identity"], e["peer"].rsplit(":", 1)[0]) for e in world.lwm2m_events() if e["event"] == "file"]


def pull_held(world):
    """A firmware by the account of the LwM2M server, of which only the first block came when the daemons are killed; gives it leave to go on."""
    hold, before = world.operator_dir / "files/image.hold", len(pulls(world))
    hold.touch()
    expect("a URI is taken", lwm2m(world, op="write", path="/5/0/1", value=f"{LWM2M}/files/image")["code"] == "2.04")
    until("the first block", lambda: len(pulls(world)) > before)
    for name in ("agentd", "tred"):
        world.kill(name)
    expect("not whole yet", Path("/var/lib/gateway-agent/firmware.image").stat().st_size <= 1024)
    hold.unlink()


def pulled_anew(world):
    until("the rest of it", lambda: update(world) == ("2", "0"), 60)
    expect(f"asked for anew by the same identity from the same address: {pulls(world)}", len(pulls(world)) > 1 and len(set(pulls(world)[-2:])) == 1)


def over_a_kill(world):
    """What an account's key pulls begins anew once the TRE is there to open that account."""
    before = len(pulls(world))
    pull_held(world)
    world.start("agentd")
    until("it waits", lambda: "firmware download: waits until" in world.log())
    time.sleep(2.5)                                       # it looks every second, and nothing opens the accounts
    world.start("tred")
    registered(world)
    pulled_anew(world)
    expect("in one pull", len(pulls(world)) == before + 2)


@scenario(mode="qmi", lab_options=("--uplink-reaches-operator",))
def a_firmware_that_a_restart_interrupts_waits_for_the_bearer_of_its_account(world):
    """By that account's key and over that bearer, though its server can be reached by the host's uplink all the while."""
    world.settings = "uplink=cellular\n"
    world.up()
    world.hook("firmware", "exit 0")
    world.start("tred", "modemd", "sysd", "agentd")
    world.sms(world.push())
    check_managed(world)
    (world.operator_dir / "files").mkdir()
    (world.operator_dir / "files/image").write_bytes(b"firmware" * 2000)
    pull_held(world)
    lab("modem", "register", "roaming")
    world.start("tred", "agentd")
    until("no data abroad", lambda: world.one("Bearer", LastError="Roaming"), 60)
    until("it waits", lambda: "firmware download: waits until" in world.log())
    time.sleep(2.5)                                       # it looks every second
    expect(f"nobody asked: {pulls(world)}", len(pulls(world)) == 1)
    lab("modem", "register", "home")
    registered(world)
    pulled_anew(world)
    expect("over the bearer", {address for _, address in pulls(world)} == {"192.0.2.10"})
    expect("whole", Path("/var/lib/gateway-agent/firmware.image").read_bytes() == b"firmware" * 2000)


def coap_server(world, path):
    """libcoap's own server, beside the operator's others; the answer gives it that file, once it is up."""
    names = [world.operator_dir / f"servers/bbn.operator.example.{end}" for end in ("pem", "key")]
    lab = TREE / "tests/lab/lab", "in", "operator", "--"
    labproc.start("coap", *lab, "coap-server-openssl", "-A", "198.51.100.20", "-p", "5690", "-d", "1", "-n", "-c", names[0], "-j", names[1])
    put = [*map(str, lab), "coap-client-openssl", "-m", "put", "-B", "3", "-f", str(path), "coap://198.51.100.20:5690/image"]
    return lambda: subprocess.run(put, capture_output=True)


def debian_package(world, name, version):
    """The octets of a package with one file."""
    tree = world.dir / f"{name}_{version}"
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "DEBIAN/control").write_text(f"Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: Operator <operator@example.com>\nDescription: reads meters\n")
    (tree / "usr/share/meter").mkdir(parents=True)
    (tree / "usr/share/meter/noise").write_bytes(random.Random(version).randbytes(5000))
    run("dpkg-deb", "--root-owner-group", "--build", tree, tree.with_suffix(".deb"))
    return tree.with_suffix(".deb").read_bytes()


def package_hook(world):
    """The hook that we ship, over a machine of its own for dpkg; it waits while `hold` is there."""
    root = world.dir / "machine"
    for folder in ("info", "updates", "triggers"):
        (root / "var/lib/dpkg" / folder).mkdir(parents=True)
    for name in ("status", "available"):
        (root / "var/lib/dpkg" / name).touch()
    script = (TREE / "etc/hooks/debian/package").read_text().replace("dpkg --", f"dpkg --root={root} --").replace("systemctl", f"echo >>{root}/services")
    world.hook("package", f"[ \"$1\" = inspect ] || while [ -e {world.dir / 'hold'} ]; do sleep 0.1; done\n{script}")
    return root


def package(world, place):
    """State and result of a package."""
    return read(world, f"{place}/7"), read(world, f"{place}/9")


@scenario(mode="none")
def a_management_server_manages_software_by_the_package_hook(world):
    """Pushed, then an update pulled over HTTPS, with the real dpkg: the hook says what the package is; agentd is killed while it installs; what is not the operator's is refused."""
    root, hold = package_hook(world), world.dir / "hold"
    status = root / "var/lib/dpkg/status"
    first, second = debian_package(world, "operator-meter", "1.0"), debian_package(world, "operator-meter", "1:1.1~beta")
    managed(world)
    site, files = file_server(world)
    (files / "meter.deb").write_bytes(second)
    until("object 9", lambda: lwm2m(world, op="discover", path="/9")["code"] == "2.05")
    created = lwm2m(world, op="create", path="/9", format=11542, hex="0000")
    expect(f"an instance: {created}", created["code"] == "2.01" and created["location"] == "/9/0")
    expect("nothing there", package(world, "/9/0") == ("0", "0") and execute(world, "/9/0/4") == "4.05" and execute(world, "/9/0/10") == "4.05")

    def push_to(place, octets):
        return lwm2m(world, op="write", path=f"{place}/2", format=42, hex=octets.hex())["code"]

    def ends(place, wanted):
        until(f"{place} is {wanted}", lambda: package(world, place) == wanted, 60)
    expect("a package in blocks", push_to("/9/0", first) == "2.04")
    ends("/9/0", ("3", "3"))
    expect("who it is", (read(world, "/9/0/0"), read(world, "/9/0/1")) == ("operator-meter", "1.0"))
    hold.touch()
    expect("Install", execute(world, "/9/0/4") == "2.04")
    until("the hook", lambda: "package install started" in world.log("sysd"))
    world.kill("agentd")
    world.start("agentd")
    registered(world, "/9/0/7")
    expect("agentd was killed, the hook goes on", package(world, "/9/0") == ("3", "3") and execute(world, "/9/0/4") == "4.05")
    hold.unlink()
    ends("/9/0", ("4", "2"))
    expect("installed", "Package: operator-meter\nStatus: install ok installed" in status.read_text() and (root / "usr/share/meter/noise").exists())
    expect("not active", read(world, "/9/0/12") == "0" and execute(world, "/9/0/10") == "2.04")
    until("activated", lambda: read(world, "/9/0/12") == "1")
    expect("its service", "enable --now operator-meter.service" in (root / "services").read_text())
    expect("it cannot be deleted now", lwm2m(world, op="delete", path="/9/0")["code"] == "4.05")
    expect("an update", lwm2m(world, op="execute", path="/9/0/6", value="1")["code"] == "2.04" and package(world, "/9/0") == ("0", "0"))

    def pulled():
        """Asked for again where the file server was not up."""
        if package(world, "/9/0")[0] == "0":
            lwm2m(world, op="write", path="/9/0/3", value=f"{site}/meter.deb")
        return package(world, "/9/0") == ("3", "3")
    until("the update from the file server", pulled, 60)
    expect("the next version", read(world, "/9/0/1") == "1:1.1~beta" and execute(world, "/9/0/4") == "2.04")
    ends("/9/0", ("4", "2"))
    expect("in place, active as before", "Version: 1:1.1~beta" in status.read_text() and read(world, "/9/0/12") == "1")
    other = lwm2m(world, op="create", path="/9", format=11542, hex="0000")["location"]
    for octets, result in ((debian_package(world, "base-files", "99"), "53"), (b"no package", "54"), (first, "57")):
        expect("taken", push_to(other, octets) == "2.04")
        ends(other, ("0", result))
    expect("which is visible", "package" in world.manager()["LastErrorText"])
    expect("the other one goes", lwm2m(world, op="delete", path=other)["code"] == "2.02")
    expect("Uninstall", execute(world, "/9/0/6") == "2.04")
    ends("/9/0", ("0", "0"))
    expect("it has gone", "Status: deinstall" in status.read_text() or "operator-meter" not in status.read_text())
    expect("and its instance", lwm2m(world, op="delete", path="/9/0")["code"] == "2.02" and read(world, "/9/0/7") == "4.04")
    labproc.stop("files")


ICCID = "8946080012345678901"


@scenario(mode="none")
def a_management_server_sees_where_the_gateway_is_and_which_identity_it_uses(world):
    """The surveyed place (object 6); the downloaded identity by its ICCID, disabled and enabled again (object 504), over a restart."""
    world.settings = "[location]\nlatitude=59.3293\nlongitude=18.0686\nradius=25\nsurveyed=2026-11-21T15:00:00Z\n"
    world.operator_options = ("--iccid", ICCID)
    world.up()
    world.start("tred", "modemd", "agentd")
    agentctl("bootstrap", world.push())
    world.managed()
    expect("where it is", [read(world, f"/6/0/{r}") for r in (0, 1, 2, 3, 5)] == ["59.3293", "18.0686", "4.04", "25", "1795273200"])
    until("the identity's ICCID", lambda: read(world, "/504/0/11/0") == ICCID)
    expect("an integrated SIM of that operator", [read(world, f"/504/0/{r}") for r in (0, 2, 5, 6, 13, 14)] == ["3", "sho.example", "0", "0", "0", ""])

    def state():
        return world.one("Mid")["State"]

    def act(arguments):
        return lwm2m(world, op="execute", path="/504/0/4", value=arguments)["code"]
    expect("nothing is selected", act("2") == "4.05" and state() == "ACTIVE")
    expect("no other can be", lwm2m(world, op="write", path="/504/0/14", value="8946080012345678902")["code"] == "4.05")
    expect("this one is", lwm2m(world, op="write", path="/504/0/14", value=ICCID)["code"] == "2.04" and read(world, "/504/0/14") == ICCID)
    expect("neither delete, reset nor download", [act(a) for a in ("0", "3", "4", "1,2")] == ["4.05"] * 4 and state() == "ACTIVE")
    expect("Disable", act("2") == "2.04")
    until("suspended", lambda: state() == "SUSPENDED" and read(world, "/504/0/6") == "1")
    expect("still there", read(world, "/504/0/11/0") == ICCID and read(world, "/504/0/2") == "4.04" and read(world, "/504/0/5") == "0")
    world.kill("agentd")
    world.start("agentd")
    registered(world, "/504/0/11/0")
    expect("its name is known after a restart", read(world, "/504/0/11/0") == ICCID)
    expect("Enable", lwm2m(world, op="write", path="/504/0/14", value=ICCID)["code"] == "2.04" and act("1") == "2.04")
    until("active", lambda: state() == "ACTIVE" and read(world, "/504/0/6") == "1")

    def kept():
        return any(ICCID.encode() in p.read_bytes() for p in Path("/var/lib/gateway-agent").iterdir() if p.is_file())
    expect("the store has its ICCID", kept())
    for word in ("suspend", "erase"):
        agentctl("mid", word, world.one("Mid")["MidId"])
    until("erased", lambda: state() == "ERASED")
    until("nothing of it is kept", lambda: not kept())
