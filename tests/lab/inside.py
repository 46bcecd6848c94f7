#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""First process of the laboratory's namespaces.

Owns: the private /etc, /run, /var/lib, /sys and /dev, the service users in them, and the reaping of orphans.
Promises: COMMAND starts with the users of etc/sysusers.d and the folders of etc/tmpfiles.d in place, no bus, no polkit rule
of ours and no activatable services; its exit status is ours.
Must never run outside of fresh namespaces (it checks), nor write to the host's files.
"""
import contextlib
import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]
VISITOR = "lab-visitor"                               # a user to whom nothing was ever granted


def run(*command: str, text: str = "") -> None:
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"inside.py: {' '.join(command)}: {done.stderr.strip()}")


def check_namespaces() -> None:
    if os.getpid() != 1 or os.geteuid() != 0:
        sys.exit("inside.py: start it by the program enter, as root")
    if set(os.listdir("/sys/class/net")) - {"lo"} and Path("/proc/self/net/dev").read_text().count(":") > 1:
        sys.exit("inside.py: this is not a network namespace of its own")


def mount_private(target: str, *options: str) -> None:
    run("mount", "-n", "-t", "tmpfs", "-o", ",".join(("mode=0755", "nosuid", "nodev") + options), "tmpfs", target)


DEVICES = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9), "tty": (5, 0),
           "net/tun": (10, 200)}


def make_dev() -> None:
    """A small /dev, in which a test may make the file of a modem's control port."""
    run("mount", "-n", "-t", "tmpfs", "-o", "mode=0755,nosuid", "tmpfs", "/dev")
    for name in ("net", "pts", "shm"):
        Path("/dev", name).mkdir()
    for name, (major, minor) in DEVICES.items():
        os.mknod(f"/dev/{name}", 0o666 | stat.S_IFCHR, os.makedev(major, minor))
        os.chmod(f"/dev/{name}", 0o666)
    run("mount", "-n", "-t", "devpts", "-o", "newinstance,ptmxmode=0666,mode=0620,gid=5", "devpts", "/dev/pts")
    for name, target in (("ptmx", "pts/ptmx"), ("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")):
        Path("/dev", name).symlink_to(target)
    mount_private("/dev/shm")
    Path("/dev/shm").chmod(0o1777)


def copy_etc() -> None:
    """A private copy of /etc: what is written there stays here."""
    staging = Path("/dev/shm/etc")
    staging.mkdir()
    run("cp", "-a", "/etc/.", str(staging))
    mount_private("/etc")
    run("cp", "-a", f"{staging}/.", "/etc")
    shutil.rmtree(staging)
    for name in ("resolv.conf", "hosts"):             # may be a link into the host's /run
        Path("/etc", name).unlink(missing_ok=True)
    Path("/etc/resolv.conf").write_text("# no resolver yet\n")
    Path("/etc/hosts").write_text("127.0.0.1 localhost\n::1 localhost\n")


def make_run() -> None:
    mount_private("/run")
    for name in ("dbus", "netns", "lock", "systemd/seats", "systemd/sessions", "systemd/users", "systemd/machines"):
        Path("/run", name).mkdir(parents=True)
    Path("/run/lock").chmod(0o1777)
    Path("/run/shm").symlink_to("/dev/shm")


def make_var_lib() -> None:
    mount_private("/var/lib")
    machine = Path("/etc/machine-id")
    if not machine.exists() or not machine.read_text().strip():
        run("dbus-uuidgen", f"--ensure={machine}")
    Path("/var/lib/dbus").mkdir()
    Path("/var/lib/dbus/machine-id").symlink_to(machine)


def empty_policy() -> None:
    """polkit starts with its own default rules only, and with our actions; the bus starts no service by itself."""
    rules = Path("/usr/share/polkit-1/rules.d")
    stock = (rules / "50-default.rules").read_bytes()
    mount_private(str(rules))
    (rules / "50-default.rules").write_bytes(stock)
    local = Path("/etc/polkit-1/rules.d")
    shutil.rmtree(local, ignore_errors=True)
    local.mkdir(parents=True)
    for folder in (rules, local):
        folder.chmod(0o755)
    actions = Path("/usr/share/polkit-1/actions")
    stock_actions = {p.name: p.read_bytes() for p in actions.glob("*.policy")}
    mount_private(str(actions))
    for name, text in stock_actions.items() | {(p.name, p.read_bytes()) for p in (TREE / "etc/polkit").glob("*.policy")}:
        (actions / name).write_bytes(text)
    actions.chmod(0o755)
    mount_private("/usr/share/dbus-1/system-services")


def make_users() -> None:
    run("systemd-sysusers", str(TREE / "etc/sysusers.d/gateway-agent.conf"))
    run("systemd-sysusers", "-", text=f"u {VISITOR} -\n")
    run("systemd-tmpfiles", "--create", str(TREE / "etc/tmpfiles.d/gateway-agent.conf"))


def prepare() -> None:
    run("mount", "-n", "-t", "sysfs", "sysfs", "/sys")
    make_dev()
    copy_etc()
    make_run()
    make_var_lib()
    empty_policy()
    make_users()
    run("ip", "link", "set", "lo", "up")
    for name in ("all", "default"):                   # as systemd sets it on Debian: answers may come by another way
        Path(f"/proc/sys/net/ipv4/conf/{name}/rp_filter").write_text("2")


def supervise(command: list[str]) -> int:
    """Runs COMMAND, passes signals on, reaps whatever else ends."""
    try:
        child = os.posix_spawnp(command[0], command, os.environ)
    except OSError as problem:
        print(f"enter: {command[0]}: {problem.strerror}", file=sys.stderr)
        return 127
    def pass_on(number, _frame):
        with contextlib.suppress(ProcessLookupError):     # it got the signal itself
            os.kill(child, number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, pass_on)
    while True:
        pid, status = os.wait()
        if pid == child:
            return os.waitstatus_to_exitcode(status)


def main() -> int:
    check_namespaces()
    prepare()
    os.environ.update(PYTHONDONTWRITEBYTECODE="1", LAB_INSIDE="1")
    os.environ.pop("DBUS_SYSTEM_BUS_ADDRESS", None)
    os.environ.pop("DBUS_SESSION_BUS_ADDRESS", None)
    os.environ["PATH"] = f"{TREE}/tests/lab:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    code = supervise(sys.argv[1:])
    return 128 - code if code < 0 else code


if __name__ == "__main__":
    sys.exit(main())
