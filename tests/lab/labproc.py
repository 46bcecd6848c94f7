# SPDX-License-Identifier: Apache-2.0
"""Processes of the laboratory: start, find, wait, end.

Owns: FILE.pid and FILE.log in the laboratory's folder.
Promises: a process is ended by its own id and is gone when stop() returns; how each child of this program ended can be asked.
Must never end a process by name.
"""
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]
RUN = Path("/run/lab")                                # private to the laboratory's namespaces
CONTROL = RUN / "ctl"                                 # control socket of the simulated modem
BROKEN = (signal.SIGSYS, signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGTRAP)
started = []                                          # (name, child) of this program


class LabError(Exception):
    """Something the user of the laboratory must know; its text is cause and place."""


def run(*command, **options):
    return subprocess.run([str(c) for c in command], check=True, **options)


def quiet(*command) -> subprocess.CompletedProcess:
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False)


def wait_for(what: str, test, seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not test():
        if time.monotonic() > end:
            raise LabError(f"waited {seconds:g} s for {what}")
        time.sleep(0.05)


def folder() -> Path:
    """The folder given to `lab up`."""
    link = RUN / "dir"
    if not link.is_symlink():
        raise LabError("no laboratory is up here; run `lab up` first, inside `enter`")
    return Path(os.readlink(link))


def pid_of(name: str):
    try:
        return int((folder() / f"{name}.pid").read_text())
    except (FileNotFoundError, ValueError):
        return None


def alive(pid) -> bool:
    """False for a zombie too."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def start(name: str, *command, write_pid: bool = True, env=None) -> None:
    """Runs COMMAND in the background, its output to NAME.log. Without WRITE_PID the command writes NAME.pid itself."""
    base = folder()
    with open(base / f"{name}.log", "ab") as log:
        child = subprocess.Popen([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                 start_new_session=True, env={**os.environ, **(env or {})})
    if write_pid:
        (base / f"{name}.pid").write_text(f"{child.pid}\n")
    started.append((name, child))


def broken() -> list:
    """"NAME SIGNAL" of each child that ended by a fault of its own: its filter of system calls (SIGSYS), a wrong access, an assertion."""
    return [f"{name} {signal.Signals(-child.poll()).name}" for name, child in started if -(child.poll() or 0) in BROKEN]


def require(name: str) -> None:
    if not alive(pid_of(name)):
        sys.stderr.write("".join((folder() / f"{name}.log").read_text(errors="replace").splitlines(True)[-10:]))
        raise LabError(f"{name} ended at once; see {folder()}/{name}.log")


def stop(name: str, seconds: float = 20.0) -> None:
    pid = pid_of(name)
    if pid and alive(pid):
        os.kill(pid, signal.SIGTERM)
        try:
            wait_for(f"the end of {name}", lambda: not alive(pid), seconds)
        except LabError:
            os.kill(pid, signal.SIGKILL)
            wait_for(f"the end of {name}", lambda: not alive(pid), 5)
    (folder() / f"{name}.pid").unlink(missing_ok=True)


def log_has(name: str, text: str) -> bool:
    try:
        return text in (folder() / f"{name}.log").read_text(errors="replace")
    except FileNotFoundError:
        return False


def name_owned(name: str) -> bool:
    answer = quiet("busctl", "call", "org.freedesktop.DBus", "/", "org.freedesktop.DBus", "NameHasOwner", "s", name)
    return answer.stdout.strip() == "b true"
