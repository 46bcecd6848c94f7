# SPDX-License-Identifier: Apache-2.0
"""The simulated modem and the real ModemManager on it.

Owns: starting, stopping, unplugging both; the control line to the simulator.
Promises: when a function returns, ModemManager shows the modem (or shows none, after an unplug).
Must never enable the modem or touch a bearer: that is the agent's work.
"""
import os
import socket
import stat
from pathlib import Path

import labnet
from labproc import CONTROL, RUN, TREE, LabError, folder, log_has, name_owned, pid_of, quiet, require, run, start, stop, wait_for

SIM = TREE / "tests/sim"
AT_PORT = "abstract:at0"
MM = "/usr/sbin/ModemManager"
MM_COMMON = "--debug --log-personal-info --no-auto-scan --test-no-udev --test-no-qrtr --test-no-suspend-resume"
COUNT = RUN / "modems"                                # file: how many QMI modems the simulator has


def control(line: str) -> str:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(10)
        sock.connect(str(CONTROL))
        sock.sendall(line.encode() + b"\n")
        return sock.makefile().readline().rstrip("\n")


def modems(mode: str = "qmi") -> list:
    """Their numbers."""
    return list(range(int(COUNT.read_text()) if mode == "qmi" and COUNT.exists() else 1))


def port_file(number: int) -> Path:
    return Path(f"/dev/cdc-wdm{number}")


def kernel_events(number: int) -> tuple:
    return (f"usbmisc,name=cdc-wdm{number}", f"net,name=wwan{number}")


def simulator_start(mode: str, subscription: str, preload: list) -> None:
    python = ("/usr/bin/python3", "-B")
    stored = [word for pdu in preload for word in ("--preload", pdu)]
    if mode == "qmi":
        start("modem", *python, SIM / "modem-qmi/qmi_modem.py", "--proxy", "--control", CONTROL, "--peer", "wwan0peer",
              "--modems", str(len(modems())), "--subscription", subscription, *stored)
    else:
        start("modem", *python, SIM / "modem-at/at_modem.py", "--at", AT_PORT, "--control", CONTROL, *stored)
    wait_for("the simulated modem", lambda: log_has("modem", "ready"))
    require("modem")


def port_make(number: int = 0) -> None:
    """The file of the modem's control port. libqmi wants to see a device there and leaves the opening to qmi-proxy."""
    if not port_file(number).exists():
        os.mknod(port_file(number), 0o600 | stat.S_IFCHR, os.makedev(1, 3))
    if not Path(f"/sys/class/net/wwan{number}").exists():
        labnet.wwan_make(number)


def port_delete(number: int = 0) -> None:
    port_file(number).unlink(missing_ok=True)
    labnet.wwan_delete(number)


def modems_shown() -> int:
    return quiet("mmcli", "-L").stdout.count("/Modem/")


def device_description() -> Path:
    """umockdev takes no comments, our files have one."""
    text = (SIM / "modem-qmi/qmi-usb.umockdev").read_text()
    first = "".join(line for line in text.splitlines(True) if not line.startswith("#")).lstrip()
    plain = RUN / "qmi-usb.umockdev"
    plain.write_text("\n".join(moved(first, number) for number in modems()))
    return plain


def moved(description: str, number: int) -> str:
    """The first modem's description as that of another, in another port of the bus."""
    other = {"1-1": f"1-{number + 1}", "cdc-wdm0": f"cdc-wdm{number}", "wwan0": f"wwan{number}", "001/002": f"001/00{number + 2}",
             "DEVNUM=002": f"DEVNUM=00{number + 2}", "180:176": f"180:{176 + number}", "=100": f"={100 + number}",
             "00:00:01": f"00:00:0{number + 1}", "QMI-1\n": f"QMI-{number + 1}\n"}
    for old, new in other.items():
        description = description.replace(old, new)
    return description


def mm_start(mode: str) -> None:
    if mode == "qmi":
        # The driver links of the device description must not dangle: else ModemManager finds no driver and probes for AT.
        script = f'''mkdir -p "$UMOCKDEV_DIR/sys/bus/usb/drivers/qmi_wwan" "$UMOCKDEV_DIR/sys/bus/usb/drivers/usb"
echo $$ >"{folder()}/mm.pid"; exec {MM} {MM_COMMON}'''
        (RUN / "tmp").mkdir(exist_ok=True)
        start("mm", "umockdev-run", f"--device={device_description()}", "--", "sh", "-c", script,
              write_pid=False, env={"TMPDIR": str(RUN / "tmp")})
    else:
        start("mm", MM, *MM_COMMON.split(), "--test-enable")
    wait_for("ModemManager on the bus", lambda: name_owned("org.freedesktop.ModemManager1"))


def profile_set(*ports: str):
    """The virtual AT device of ModemManager's test interface; without ports its modem leaves (the call then fails)."""
    return quiet("busctl", "call", "org.freedesktop.ModemManager1", "/org/freedesktop/ModemManager1",
                 "org.freedesktop.ModemManager1.Test", "SetProfile", "ssas", "sim0", "generic", len(ports), *ports)


def modem_announce(mode: str, wait: bool = True, numbers=None) -> None:
    numbers = modems(mode) if numbers is None else numbers
    shown = modems_shown() + len(numbers)
    if mode == "qmi":
        for number in numbers:
            for port in kernel_events(number):
                run("mmcli", f"--report-kernel-event=action=add,subsystem={port}", stdout=-3)
    elif mode == "at":
        done = profile_set(AT_PORT)
        if done.returncode:
            raise LabError(f"ModemManager refused the AT port: {done.stderr.strip()}")
    if wait and mode != "none":
        wait_for("the modem in ModemManager", lambda: modems_shown() >= shown, 30)


def mm_stop() -> None:
    stop("mm")
    wait_for("ModemManager off the bus", lambda: not name_owned("org.freedesktop.ModemManager1"))


def modem_unplug(mode: str, number: int = 0) -> None:
    shown = modems_shown()
    control(f"@{number} unplug" if number else "unplug")
    if mode == "qmi":
        if pid_of("mm"):
            for port in reversed(kernel_events(number)):
                run("mmcli", f"--report-kernel-event=action=remove,subsystem={port}", stdout=-3)
        port_delete(number)
    elif pid_of("mm"):
        profile_set()
    if pid_of("mm"):
        wait_for("the modem's leave", lambda: modems_shown() < max(shown, 1))


def modem_replug(mode: str, number: int = 0) -> None:
    if mode == "qmi":
        port_make(number)
    control(f"@{number} replug" if number else "replug")
    if pid_of("mm"):
        modem_announce(mode, numbers=[number])


def push_send(arguments: list) -> int:
    return os.spawnv(os.P_WAIT, "/usr/bin/python3", ["python3", "-B", str(SIM / "send_push.py"), str(CONTROL), *arguments])
