#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""IMS registration by Digest AKA. SIPp, which has an AKA of its own, registers at the operator's registrar with the keys of the MID; the gateway gives the same
response to the same challenge. Then SIPp is the user agent of a device that has no key and asks the gateway. usage (by sip.sh): sip.py BUILD"""
import re
import socket
import sys
import threading
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TREE / "tests/scenario"), str(TREE / "tests/lab"), str(Path(__file__).resolve().parent)]
import labproc  # noqa: E402
import scenarios  # noqa: E402, F401: first, it loads the others
from checks import run_checks  # noqa: E402
from devices import IMPUS, ISIM, provisioned, subscribers  # noqa: E402
from main_job import expect  # noqa: E402
from world import agentctl, run, until  # noqa: E402

# TS 35.208 set 19: SIPp reads keys as C strings, so they have neither 00 nor 5b
K, OP, OPC, AMF = "5122250214c33e723a5dd523fc145fc0", "c9e8763286b5b9ffbdf56e1297d0887b", "981d464c7c52eb6e5036234984ad0bcf", "c3ab"
SCENARIOS, TWIN, LOCAL = Path(__file__).resolve().parent / "sip", ("127.0.0.1", 9000), "203.0.113.2"


class Ims:
    """The registrar of a world and SIPp."""

    def __init__(self, world):
        self.world = world
        agentctl("device", "add", "hall")
        agentctl("device", "assign", "hall")
        self.device = world.one("Device", Name="hall")

    def registrar(self, qop, *options):
        self.world.stop("registrar")
        seen = len(self.events("listening"))
        labproc.start("registrar", TREE / "tests/lab/lab", "in", "operator", "--", "/usr/bin/python3", "-B", TREE / "tests/operator/registrar.py", "--dir",
                      self.world.operator_dir, "--realm", self.device["Domain"], "--impi", self.device["Impi"], f"--qop={qop}", *options)
        until("the registrar", lambda: len(self.events("listening")) > seen)

    def events(self, event):
        return [e for e in self.world.events("sip-events.jsonl") if e["event"] == event]

    def sipp(self, name, *options):
        """SIPp's exit status and what it said; key fields put into the text, for its parser takes no words inside of [authentication]."""
        text = (SCENARIOS / name).read_text()
        for word, value in (("IMPI", self.device["Impi"]), ("AKA_K", K), ("AKA_OP", OP), ("AKA_AMF", AMF)):
            text = re.sub(rf"=(0x)?{word}\b", lambda m, v=value: f"={m[1] or ''}{v}", text)
        path = self.world.dir / name
        path.write_text(text)
        done = run("timeout", "20", "sipp", "198.51.100.20:5060", "-sf", path, "-m", "1", "-i", LOCAL, "-p", "5071", "-key", "realm", self.device["Domain"], "-key",
                   "impu", self.device["Impu"], "-nostdin", "-trace_err", "-error_file", self.world.dir / "sipp.err", *options, check=False, cwd=self.world.dir)
        return done.returncode, done.stdout[-1500:] + done.stderr[-500:]

    def authorize(self, challenge, uri=None):
        return agentctl("device", "authorize", "hall", "REGISTER", uri or f"sip:{self.device['Domain']}", challenge).stdout.strip()

    def twin(self, answers):
        """SIPp's twin: a challenge in, an authorization out, until SIPp leaves. Both end with ESC."""
        with socket.create_server(TWIN) as server:
            peer, _ = server.accept()
            with peer:
                text = b""
                while data := peer.recv(8192):
                    text += data
                    while b"\x1b" in text:
                        message, _, text = text.partition(b"\x1b")
                        call = re.search(rb"Call-ID: (\S+)", message)[1].decode()
                        answers.append(self.authorize(re.search(rb"Challenge: (Digest [^\r\n]*)", message)[1].decode()))
                        peer.sendall(f"Call-ID: {call}\r\nAuthorization: {answers[-1]}\r\n\r\n\x1b".encode())

    def register(self):
        """The device registers; what the gateway answered for it."""
        answers = []
        thread = threading.Thread(target=self.twin, args=(answers,), daemon=True)
        thread.start()
        until("the twin", lambda: ":2328 " in Path("/proc/net/tcp").read_text())
        status, said = self.sipp("device.xml", "-3pcc", f"{TWIN[0]}:{TWIN[1]}")
        expect(f"SIPp: {status} {said}", status == 0)
        thread.join(5)
        return answers


def sipp_with_its_own_aka_and_the_gateway_answer_alike(_world, ims):
    """Without qop there is no nonce of the client in it. SIPp reads RES, too, as a C string: one in 32 has a 00, and SIPp's response is wrong then (42 of 42 in 1800)."""
    ims.registrar("", "--no-nul")
    status, said = ims.sipp("own.xml")
    expect(f"SIPp registers: {status} {said}", status == 0)
    sipp = ims.events("registered")[-1]
    ours = ims.authorize(f'Digest realm="{ims.device["Domain"]}",nonce="{sipp["nonce"]}",algorithm=AKAv1-MD5', sipp["uri"])
    expect(f"the same response: {sipp} {ours}", f'response="{sipp["response"]}"' in ours and "auts" not in ours)


def a_device_without_keys_registers_by_the_gateway(_world, ims):
    ims.registrar("auth")
    before = len(ims.events("registered"))
    answers = ims.register()
    expect(f"at the first answer: {answers}", len(answers) == 1 and "qop=auth" in answers[0])
    expect("registered", len(ims.events("registered")) == before + 1 and not ims.events("violation"))


def a_network_that_lost_its_numbers_is_brought_back(world, ims):
    with subscribers.changing(world.operator_dir / "subscribers.db") as db:
        next(iter(db.values())).sqn = 0
    answers = ims.register()
    expect(f"AUTS, then the answer: {answers}", len(answers) == 2 and "auts=" in answers[0] and "auts=" not in answers[1])
    expect("taken", [e["taken"] for e in ims.events("resync")] == [True])


def a_revoked_device_registers_no_more(_world, ims):
    agentctl("device", "revoke", "hall")
    done = agentctl("device", "authorize", "hall", "REGISTER", "sip:x", "Digest a", check=False)
    expect(f"refused: {done.stderr}", done.returncode and "no identity" in done.stderr)
    expect("free", agentctl("device", "assign", "hall").stdout.strip() == IMPUS[0])


CHECKS = (sipp_with_its_own_aka_and_the_gateway_answer_alike, a_device_without_keys_registers_by_the_gateway, a_network_that_lost_its_numbers_is_brought_back,
          a_revoked_device_registers_no_more)


def ready(world):
    provisioned(world, "--keys", f"{K}:{OPC}:{AMF}")
    return Ims(world)


if __name__ == "__main__":
    sys.exit(run_checks("sip", CHECKS, ready, ("registrar",)))
