# SPDX-License-Identifier: Apache-2.0
"""agent-sysd as a process: what hooks get and may, what hostile requests come to, time-outs, a requester that goes away, activation by a socket.

usage (root): sysd_test.py AGENT_SYSD ERROR_LIST. TAP.
"""
import atexit
import os
import pathlib
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

from sysd_wire import (FACTORY_RESET, FIRMWARE_INSPECT, FIRMWARE_INSTALL, PACKAGE_INSTALL, PACKAGE_REMOVE, REBOOT, STATUS, Sysd, text)

PROGRAM, LIST = sys.argv[1:3]
CODES = {name: n for n, name in enumerate(re.findall(r"^ +X\((\w+),", pathlib.Path(LIST).read_text(), re.MULTILINE))}
AGENT, STRANGER = 4321, 65534
results = []


def check(name, good, detail=""):
    results.append(bool(good))
    print(f"{'ok' if good else 'not ok'} {len(results)} - {name}" + ("" if good else f" # {detail!r}"), flush=True)


class Daemon:
    def __init__(self, *options, hooks=None):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="sysd-"))
        self.dir.chmod(0o755)
        self.hooks = self.dir / "hooks"
        self.hooks.mkdir(mode=0o755)
        for name, script in (hooks or {}).items():
            self.hook(name, script)
        self.path = self.dir / "sysd.sock"
        self.log = open(self.dir / "log", "w+", encoding="ascii")
        self.process = subprocess.Popen([PROGRAM, "--socket", self.path, "--hooks", self.hooks, "--agentd-user", str(AGENT), *options], stderr=self.log)
        atexit.register(self.process.kill)
        self.wait_for(lambda: "ready" in self.said())  # the socket's file is there before it listens
        os.chown(self.path, -1, AGENT)

    @staticmethod
    def wait_for(test, seconds=20):
        end = time.monotonic() + seconds
        while not test():
            assert time.monotonic() < end, "waited too long"
            time.sleep(0.01)
        return True

    def hook(self, name, script, mode=0o755):
        path = self.hooks / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(mode)

    def said(self):
        return (self.dir / "log").read_text()

    def ends(self):
        return self.process.wait(timeout=20)

    def stop(self):
        self.process.terminate()
        return self.ends()


def file_with(content):
    fd = os.memfd_create("image")
    os.write(fd, content)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def as_user(uid, path, op=STATUS):
    """What another user gets: True for an answer, False for a closed door."""
    script = f"""
import sys; sys.path.insert(0, {str(pathlib.Path(__file__).parent)!r})
from sysd_wire import Sysd
try:
    s = Sysd({str(path)!r}); s.send({op}); print(bool(s.receive()))
except OSError:
    print(False)"""
    done = subprocess.run(["setpriv", "--reuid", str(uid), "--regid", str(uid), "--clear-groups", sys.executable, "-B", "-c", script], capture_output=True, text=True, check=True)
    return done.stdout.strip() == "True"


def test_hooks():
    d = Daemon(hooks={"reboot": "echo going down; exit 0", "firmware": f"cat >{tempfile.gettempdir()}/never; exit 0"})
    s = Sysd(d.path)
    seen = d.dir / "seen"
    check("a hook that is there is told, others not", s.status()["hooks"] == 1 << REBOOT | 1 << FIRMWARE_INSTALL | 1 << FIRMWARE_INSPECT, s.status())
    check("the boot id is the kernel's", s.status()["boot"] == pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip())
    check("its last line comes back", s.ask(REBOOT) == (0, 0, "going down"))
    check("a hook that is not there is NOT_SUPPORTED", s.ask(FACTORY_RESET)[0] == CODES["NOT_SUPPORTED"])
    d.hook("firmware", f"cat >{seen}; echo $# $1 >>{seen}; env | sort >>{seen}; pwd >>{seen}; ls /proc/$$/fd >>{seen}; umask >>{seen}; [ -t 0 ] || exit 0")
    fd = file_with(b"image\n")
    check("a hook reads the file on its standard input", s.ask(FIRMWARE_INSTALL, fds=[fd])[:2] == (0, 0))
    lines = seen.read_text().split("\n")
    check("and gets fixed arguments, PATH and LANG, nothing else of the daemon",
          lines[:2] == ["image", "1 install"] and "LANG=C" in lines and "PATH=/usr/sbin:/usr/bin:/sbin:/bin" in lines and
          not [line for line in lines if "=" in line and line.split("=")[0] not in ("LANG", "PATH", "PWD", "OLDPWD", "SHLVL", "_")], lines)
    check("it runs in / with the usual mask and three descriptors", "/" in lines and "0022" in lines and not {"4", "5", "6"} & set(lines), lines)
    d.hook("package", "echo \"$@\"; exit 3")
    check("names are arguments, and the exit status comes back", s.ask(PACKAGE_INSTALL, text("my-app") + text("1.2~rc1"), [fd]) == (CODES["HOOK"], 3, "install my-app 1.2~rc1"))
    check("an empty version is an empty argument", s.ask(PACKAGE_INSTALL, text("my-app") + text(""), [fd])[2] == "install my-app ")
    d.hook("package", "kill -9 $$")
    check("a hook that a signal ended", s.ask(PACKAGE_REMOVE, text("my-app"))[:2] == (CODES["HOOK"], 255))
    d.hook("package", "printf 'a\\033[2Jb\\n%0300d' 0")
    check("what it prints is bounded and printable", s.ask(PACKAGE_REMOVE, text("my-app"))[2] == "0" * 140 and "\033" not in d.said(), d.said()[-300:])
    check("how the last one ended can be asked again", s.status()["last"][:3] == (PACKAGE_REMOVE, 0, 0))
    check("told to end it ends", d.stop() == 0 and not d.path.exists())
    os.close(fd)


def test_trust():
    d = Daemon(hooks={"reboot": "exit 0"})
    s = Sysd(d.path)
    for what, change in (("a hook that others can write", lambda: (d.hooks / "reboot").chmod(0o757)), ("one of another user", lambda: os.chown(d.hooks / "reboot", AGENT, 0)),
                         ("a link", lambda: ((d.hooks / "reboot").rename(d.hooks / "x"), (d.hooks / "reboot").symlink_to("x"))),
                         ("one that cannot be executed", lambda: (d.hooks / "reboot").chmod(0o644)), ("a folder that others can write", lambda: d.hooks.chmod(0o777))):
        (d.hooks / "reboot").unlink(missing_ok=True)
        d.hook("reboot", "exit 0")
        change()
        check(f"{what} is not run", s.ask(REBOOT)[0] == CODES["DENIED"] and s.status()["hooks"] == 0)
    check("agentd's user may ask", as_user(AGENT, d.path))
    os.chmod(d.path, 0o666)
    check("another user may not, whatever the socket's mode", not as_user(STRANGER, d.path))
    d.stop()


def test_hostile():
    fd, folder = file_with(b"x"), os.open("/", os.O_RDONLY | os.O_DIRECTORY)
    long = "a" * 65
    cases = {"an unknown request": (99, b"", []), "a body where none belongs": (REBOOT, b"now", []), "a file where none belongs": (REBOOT, b"", [fd]),
             "no file where one belongs": (FIRMWARE_INSTALL, b"", []), "a folder as file": (FIRMWARE_INSTALL, b"", [folder]), "two files": (FIRMWARE_INSTALL, b"", [fd, fd, fd, fd, fd]),
             "a shell's words as name": (PACKAGE_REMOVE, text("a; reboot"), []), "an option as name": (PACKAGE_REMOVE, text("--force"), []), "a path as name": (PACKAGE_REMOVE, text("../x"), []),
             "a NUL in a name": (PACKAGE_REMOVE, text(b"a\0b"), []), "a name too long": (PACKAGE_REMOVE, text(long), []), "no name": (PACKAGE_REMOVE, text(""), []),
             "a name cut off": (PACKAGE_REMOVE, b"\0\5ab", []), "octets behind the name": (PACKAGE_REMOVE, text("a") + b"b", []),
             "STATUS with a body": (STATUS, b"x", []), "an option as version": (PACKAGE_INSTALL, text("a") + text("-x"), [fd])}
    for name, (op, body, fds) in cases.items():
        d = Daemon(hooks={n: f"touch {n}.ran; echo ran >&2" for n in ("reboot", "firmware", "package")})
        s = Sysd(d.path)
        s.send(op, body, fds)
        check(f"{name} ends the program, and no hook runs", s.receive() is None and d.ends() == 76 and " ran" not in d.said(), d.said())
    for name, packet in {"sequence number 0": struct.pack(">IHHI", 0, STATUS, 0, 0), "a header cut off": b"\0" * 7, "a length that lies": struct.pack(">IHHI", 1, STATUS, 0, 5)}.items():
        d = Daemon()
        s = Sysd(d.path)
        s.sock.send(packet)
        check(f"{name} ends the program", s.receive() is None and d.ends() == 76)
    d = Daemon(hooks={"reboot": "sleep 2; echo done"})
    s = Sysd(d.path)
    s.send(REBOOT)
    hostile = Sysd(d.path)
    hostile.send(99)
    begun = time.monotonic()
    check("a hook that runs is let run to its end before the program ends", hostile.receive() is None and d.ends() == 76 and "hook] done" in d.said(), (time.monotonic() - begun, d.said()))
    os.close(fd)
    os.close(folder)


def test_time():
    d = Daemon("--time-limit", "1", hooks={"reboot": "echo waiting; sleep 100", "factory-reset": "trap '' TERM; echo stubborn; sleep 100"})
    s = Sysd(d.path)
    s.send(REBOOT)
    other = Sysd(d.path)
    d.wait_for(lambda: "waiting" in d.said())
    check("who is at work is told", other.status()["running"] == REBOOT)
    check("a second hook is BUSY meanwhile", other.ask(REBOOT)[0] == CODES["BUSY"])
    op, status, body = s.receive()
    check("a hook that takes too long is ended", (op, status, body[1:]) == (REBOOT, CODES["TIMEOUT"], b"waiting"), (op, status, body))
    begun = time.monotonic()
    check("one that will not is killed", s.ask(FACTORY_RESET) == (CODES["TIMEOUT"], 255, "stubborn") and 5 < time.monotonic() - begun < 15)
    survivors = subprocess.run(["pgrep", "-f", "^sleep 100$"], capture_output=True, text=True, check=False).stdout
    check("with its children", not survivors, survivors)
    d.hook("reboot", "sleep 30 & exit 0")
    begun = time.monotonic()
    check("a child that it leaves behind is not waited for", s.ask(REBOOT)[:2] == (0, 0) and time.monotonic() - begun < 5)
    d.stop()


def test_gone():
    d = Daemon(hooks={"firmware": "sleep 1; echo written; exit 65"})
    s, fd = Sysd(d.path), file_with(b"x")
    s.send(FIRMWARE_INSTALL, fds=[fd])
    d.wait_for(lambda: "started" in d.said())
    s.sock.close()
    again = Sysd(d.path)
    check("a hook goes on when its requester is gone", again.status()["running"] == FIRMWARE_INSTALL)
    d.wait_for(lambda: again.status()["running"] == 0)
    check("and how it ended can be asked", again.status()["last"] == (FIRMWARE_INSTALL, CODES["HOOK"], 65, "written"))
    many = [Sysd(d.path) for _ in range(8)]
    check("connections are bounded", [bool(answered(m)) for m in many].count(True) == 3)
    d.stop()
    os.close(fd)


def answered(s):
    try:
        s.send(STATUS)
        return s.receive()
    except (BrokenPipeError, ConnectionResetError):
        return None


def test_activation():
    """As systemd does it: descriptor 3 is the listening socket, LISTEN_PID the process."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="sysd-")) / "sock"
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(str(path))
    listener.listen()
    os.dup2(listener.fileno(), 3)
    process = subprocess.Popen(["/bin/sh", "-c", f"LISTEN_PID=$$ LISTEN_FDS=1 exec {PROGRAM} --agentd-user 0 --hooks /nonexistent"], pass_fds=[3], stderr=subprocess.DEVNULL)
    s = Sysd(path)
    check("by a socket that is passed it serves", s.status()["hooks"] == 0)
    before = None
    while before != switches(process.pid):  # until it has done what the answer left to do
        before = switches(process.pid)
        time.sleep(0.5)
    time.sleep(3)
    check("no wake-up while nobody asks", switches(process.pid) == before)
    process.send_signal(signal.SIGTERM)
    check("and leaves the socket to who made it", process.wait(timeout=20) == 0 and path.exists())


def switches(pid):
    return [line for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if "ctxt_switches" in line]


def main():
    for test in (test_hooks, test_trust, test_hostile, test_time, test_gone, test_activation):
        test()
    print(f"1..{len(results)}")
    return 0 if all(results) else 1


sys.exit(main())
