#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Kannel sends provisioning documents, fakesmsc receives the short messages, agentctl decode judges them.

Owns: Kannel's processes in the namespace that kannel_push.sh made, and the comparison. TAP on standard output.
Must never use code of agentd: messages are joined and documents compared here.    usage: kannel_push.py AGENTCTL VECTOR_FOLDER
"""
import json
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ElementTree
from pathlib import Path

AGENTCTL, VECTORS = sys.argv[1], Path(sys.argv[2])
IMSI, PIN = "262011234567890", "12345"
IMSI_KEY = bytes.fromhex("2926102143658709")
CONF = """
group = core
admin-port = 13000
admin-password = x
smsbox-port = 13001
box-allow-ip = 127.0.0.1

group = smsc
smsc = fake
port = 10000
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = 13013

group = sendsms-user
username = u
password = p
max-messages = 20
concatenation = true

group = sms-service
keyword = default
text = x
"""
# document, SEC for Kannel, key for Kannel, options for agentctl, options that must be refused
CASES = [
    (name, sec, key, good, bad)
    for name in ("v01_bootstrap_nap_pap_netwpin", "v05_three_napdef_v4_v6_v4v6", "v07_w7_dm_account", "v10_pxlogical_validity_access")
    for sec, key, good, bad in (
        ("NETWPIN", IMSI_KEY, ["--imsi", IMSI], ["--imsi", "262011234567891"]),
        ("USERPIN", PIN.encode(), ["--pin", PIN], ["--pin", "12346"]),
        ("USERNETWPIN", IMSI_KEY + PIN.encode(), ["--imsi", IMSI, "--pin", PIN], ["--imsi", IMSI, "--pin", "12346"]),
    )
]


def wait_for(what, seconds=15):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        result = what()
        if result:
            return result
        time.sleep(0.1)
    raise AssertionError(f"waited {seconds} s in vain for {what.__name__}")


class Kannel:
    """bearerbox, smsbox and fakesmsc; the log of fakesmsc is what the network received."""

    def __init__(self, folder: Path):
        self.folder, self.seen, self.processes = folder, 0, []
        (folder / "kannel.conf").write_text(CONF)
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        self.start("bearerbox", ["/usr/sbin/bearerbox", "kannel.conf"])
        wait_for(lambda: self.listening(10000) and self.listening(13001))
        self.start("fakesmsc", ["/usr/lib/kannel/test/fakesmsc", "-m", "0", "1 2 text x"])
        self.start("smsbox", ["/usr/sbin/smsbox", "kannel.conf"])
        wait_for(lambda: self.listening(13013))

    def start(self, name, command):
        with open(self.folder / f"{name}.log", "wb") as log:
            self.processes.append(subprocess.Popen(command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log))

    @staticmethod
    def listening(port):
        return any(line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A" for line in Path("/proc/net/tcp").read_text().splitlines()[1:])

    def send(self, xml: str, sec: str, key: bytes):
        """One document out, the octets of the whole push back."""
        query = urllib.parse.urlencode({"username": "u", "password": "p", "phonenumber": "491700000000", "from": "1", "type": "oma-settings",
                                        "sec": sec, "pin": key, "text": xml})
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:13013/cgi-bin/sendota?{query}", timeout=10) as answer:
                answer.read()
        except urllib.error.HTTPError as problem:
            raise AssertionError(f"sendota: {problem} {problem.read()[:200]}") from problem
        return wait_for(self.received, 10)

    def received(self):
        lines = re.findall(r"Got message \d+: <\S+ \S+ udh (\S+) data (\S*)>", (self.folder / "fakesmsc.log").read_text(errors="replace"))[self.seen:]
        parts, total = {}, 1
        for udh, data in lines:
            total, seq = position(urllib.parse.unquote_to_bytes(udh.replace("+", " ")))
            parts[seq] = urllib.parse.unquote_to_bytes(data.replace("+", " "))
        if not parts or len(parts) < total:
            return None
        self.seen += total
        return b"".join(parts[i + 1] for i in range(total))

    def stop(self):
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            process.wait(timeout=20)


def position(udh: bytes):
    """(parts, number of this part) of a user data header; the port must be that of a push."""
    assert len(udh) == udh[0] + 1, udh.hex()
    elements, at = {}, 1
    while at < len(udh):
        elements[udh[at]] = udh[at + 2:at + 2 + udh[at + 1]]
        at += 2 + udh[at + 1]
    assert elements[5][:2] == bytes.fromhex("0b84"), udh.hex()
    return (elements[0][1], elements[0][2]) if 0 in elements else (1, 1)


def tree(node):
    return {"element": node.tag, "attributes": dict(node.attrib), "children": [tree(child) for child in node]}


def decode(pdu: bytes, options):
    done = subprocess.run([AGENTCTL, "decode", "--json", *options, "-"], input=pdu, capture_output=True, check=False)
    assert done.returncode in (0, 3), f"exit {done.returncode}: {done.stderr.decode()[-300:]}"
    return done.returncode, json.loads(done.stdout)


def judge(kannel, name, sec, key, good, bad):
    xml = (VECTORS / f"{name}.xml").read_text()
    pdu = kannel.send(xml, sec, key)
    code, out = decode(pdu, good)
    assert (code, out["verdict"], out["mac"], out["sec"]) == (0, "accept", "ok", sec), f"{out['verdict']} {out['reason']} {pdu[:60].hex()}"
    assert out["document"] == tree(ElementTree.fromstring(xml)), "document differs"
    code, out = decode(pdu, bad)
    assert (code, out["verdict"], out["mac"], out["document"]) == (3, "reject", "bad", None), "another key is not refused"


def main():
    failed = 0
    print(f"1..{len(CASES)}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        kannel = Kannel(Path(folder))
        try:
            for i, (name, sec, *rest) in enumerate(CASES, 1):
                try:
                    judge(kannel, name, sec, *rest)
                    print(f"ok {i} - {name} {sec}", flush=True)
                except AssertionError as problem:
                    failed += 1
                    print(f"not ok {i} - {name} {sec} # {problem}", flush=True)
        finally:
            kannel.stop()
    return 1 if failed else 0


sys.exit(main())
