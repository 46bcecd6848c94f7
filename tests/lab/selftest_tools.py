# SPDX-License-Identifier: Apache-2.0
"""Tools of the laboratory's self-test.

Owns: the registry of cases, calls on the bus as a given user, a second message client beside ModemManager, small probes.
Promises: a case passes only by returning; its name says what was shown.
Must never repair what a case broke.
"""
import json
import re
import socket
import subprocess
import sys
import time
import traceback

LAB = sys.path[0] + "/lab"
MM = "org.freedesktop.ModemManager1"
AGENT_USER, VISITOR = "gateway-agent", "lab-visitor"
CASES = {}


def case(mode):
    def add(function):
        CASES.setdefault(mode, []).append(function)
        return function
    return add


def run_cases(mode) -> tuple:
    passed = failed = 0
    for function in CASES[mode]:
        name, start = f"{mode}: {function.__name__.replace('_', ' ')}", time.monotonic()
        try:
            function()
        except Exception:                             # the report of a case, whatever went wrong in it
            traceback.print_exc()
            failed, verdict = failed + 1, "FAIL"
        else:
            passed, verdict = passed + 1, "ok  "
        print(f"{verdict} {name} ({time.monotonic() - start:.1f} s)", flush=True)
    return passed, failed


def sh(*command, check=True, timeout=60):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=timeout, check=False)
    if check and done.returncode:
        raise AssertionError(f"{' '.join(map(str, command))}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def lab(*words, check=True):
    return sh(LAB, *words, check=check)


def modem_control(*words):
    text = lab("modem", *words).stdout.strip()
    return json.loads(text) if text[:1] in "{[" else text


def until(what, test, seconds=15):
    end = time.monotonic() + seconds
    while not (value := test()):
        assert time.monotonic() < end, f"waited {seconds} s for {what}"
        time.sleep(0.1)
    return value


def call_as(user, path, interface, method, *arguments):
    """(True, answer) or (False, error text) of a call on ModemManager."""
    name = f"{MM}.{interface}"
    done = lab("run-as", user, "--", "busctl", "--timeout=40", "call", MM, path, name, method, *arguments, check=False)
    return done.returncode == 0, (done.stdout or done.stderr).strip()


def refused(outcome) -> None:
    done, text = outcome
    assert not done, f"went through: {text}"
    assert re.search(r"not authorized|Access denied|Unauthorized|PolicyKit", text, re.I), f"failed for another reason: {text}"


def accepted(outcome) -> str:
    done, text = outcome
    assert done, text
    return text


def modem_path() -> str:
    found = re.search(rf"/{MM.replace('.', '/')}/Modem/\d+", sh("mmcli", "-L").stdout)
    assert found, "no modem"
    return found.group()


def modem_property(name, interface="Modem"):
    return json.loads(sh("busctl", "--json=short", "get-property", MM, modem_path(), f"{MM}.{interface}", name).stdout)["data"]


def object_property(path, interface, name):
    return json.loads(sh("busctl", "--json=short", "get-property", MM, path, f"{MM}.{interface}", name).stdout)["data"]


def ping(address, device) -> bool:
    return sh("ping", "-n", "-c", "1", "-W", "1", "-I", device, address, check=False).returncode == 0


def dns_lookup(server, name, source=None):
    """Addresses in the answer of SERVER (RFC 1035 4.1), None if it does not answer."""
    question = b"\x12\x34\x01\x00\x00\x01" + bytes(6) + b"".join(bytes([len(p)]) + p.encode() for p in name.split("."))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(2)
        if source:
            sock.bind((source, 0))
        try:
            sock.sendto(question + b"\x00\x00\x01\x00\x01", (server, 53))
            answer = sock.recv(512)
        except OSError:
            return None
    count = int.from_bytes(answer[6:8], "big")
    return [socket.inet_ntoa(answer[len(answer) - 16 * i - 4:][:4]) for i in range(count)]


class MessageClient:
    """A libqmi client of the message service on the same proxy, as agent-modemd is one."""

    def __init__(self):
        import gi                                     # only where a case needs it
        gi.require_version("Qmi", "1.0")
        from gi.repository import Gio, GLib, Qmi
        self.loop, self.qmi, self.seen = GLib.MainContext.default(), Qmi, []
        self.device = self.wait(lambda cb: Qmi.Device.new(Gio.File.new_for_path("/dev/cdc-wdm0"), None, cb),
                                lambda o, r: Qmi.Device.new_finish(r))
        self.wait(lambda cb: self.device.open(Qmi.DeviceOpenFlags.PROXY, 10, None, cb), lambda o, r: o.open_finish(r))
        self.client = self.wait(lambda cb: self.device.allocate_client(Qmi.Service.WMS, Qmi.CID_NONE, 10, None, cb),
                                lambda o, r: o.allocate_client_finish(r))
        self.client.connect("event-report", lambda _c, out: self.seen.append(out.get_mt_message()[1]))

    def wait(self, begin, finish):
        box = []
        begin(lambda source, result, *_: box.append(finish(source, result)))
        while not box:
            self.loop.iteration(True)
        return box[0]

    def pump(self, count, seconds=5):
        end = time.monotonic() + seconds
        while len(self.seen) < count and time.monotonic() < end:
            if not self.loop.iteration(False):
                time.sleep(0.02)
        return list(self.seen)

    def read(self, index) -> bytes:
        request = self.qmi.MessageWmsRawReadInput()
        request.set_message_memory_storage_id(self.qmi.WmsStorageType.UIM, index)
        answer = self.wait(lambda cb: self.client.raw_read(request, 10, None, cb), lambda o, r: o.raw_read_finish(r))
        answer.get_result()
        return bytes(answer.get_raw_message_data()[2])
