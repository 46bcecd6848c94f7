# SPDX-License-Identifier: Apache-2.0
"""A gateway with a downloaded identity, as small as it gets, for programs that are not ours: the real agent-tred and agent-usimd, each as a user of
its own, a MID that came as a package, and the operator's AuC behind it. Owns a temporary folder. Runs as root in namespaces of its own."""
import fcntl
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TREE / "tests/unit/tred"), str(TREE / "tests/operator")]
from aka import milenage, subscribers  # noqa: E402
from mid_package import Issuer, manifest  # noqa: E402
from tre_client import MID_INSTALL, TOKEN_OPEN, Client, text  # noqa: E402

TRED_UID, USIMD_UID, ACTIVE, SUSPENDED = 64001, 64002, 2, 3
IMSI, K, OPC = "232010000000000", bytes.fromhex("90dca4eda45b53cf0f12d7c9c3bc6a89"), bytes.fromhex("cb9cccc4b9258e6dca4760379fb82581")
AMF = b"\x80\0"  # separation bit: for EAP-AKA' too
USIM, ISIM, PCID = range(3)
PATIENT = {"eap_sim_db_timeout": 10}  # seconds that hostapd waits for the AuC, which writes to the disk before it answers; a busy disk takes more than its own 1


def bcd(digits):
    """EF_IMSI (TS 31.102 4.2.2): length, parity, digits swapped."""
    digits = ("9" if len(digits) % 2 else "1") + digits + "f" * ((len(digits) + 1) % 2)
    octets = bytes(int(digits[i + 1] + digits[i], 16) for i in range(0, len(digits), 2))
    return bytes([len(octets)]) + octets


def until(what, test, seconds=10.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = test()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"no {what} within {seconds:.0f} s")


class Gateway:
    def __init__(self, build, config=""):
        self.dir = Path(tempfile.mkdtemp(prefix="usim-"))
        os.chmod(self.dir, 0o755)
        self.build, self.processes, self.logs, self.token, self.turn = Path(build), {}, {}, None, None
        for name in "agent-tred", "agent-usimd":  # the tree may lie where service users may not read
            shutil.copy(next(self.build.glob(f"agentd/*/{name}")), self.dir / name)
        self.issuer = Issuer(str(self.dir / "sho"))
        self.state = self.dir / "state"
        self.state.mkdir(mode=0o700)
        (self.dir / "out").mkdir()
        (self.dir / "run").mkdir(mode=0o777)
        os.chmod(self.dir / "run", 0o777)
        secret = self.dir / "factory-secret.conf"
        secret.write_text("gateway_id = gw\ndevice_pin = 1234\nmid_issuers = sho/root.pem\n")
        secret.chmod(0o600)
        subprocess.run([self.dir / "agent-tred", "--state", self.state, "--provision", secret, "--out", self.dir / "out"], check=True, capture_output=True)
        self.transport = self.issuer.certify(str(self.dir / "out/transport.csr"), str(self.dir / "transport.pem"))
        for path in (self.state, *self.state.iterdir()):
            os.chown(path, TRED_UID, TRED_UID)
        (self.dir / "agent-usimd.conf").write_text(config)
        self.tred()

    def start(self, name, *command, user=0, ready=None, seconds=10, **options):
        self.logs[name] = self.dir / f"{name}.log"
        with open(self.logs[name], "ab") as log:
            drop = ["setpriv", "--reuid", str(user), "--regid", str(user), "--clear-groups"] if user else []
            self.processes[name] = subprocess.Popen([*drop, *map(str, command)], stdout=log, stderr=log, stdin=subprocess.DEVNULL, **options)
        if ready:
            until(f"{ready} of {name}: {self.log(name)[-600:]}", lambda: ready in self.log(name), seconds)
        return self.processes[name]

    def log(self, name):
        return self.logs[name].read_text(encoding="utf-8", errors="replace")

    def stop(self, name):
        process = self.processes.pop(name, None)
        if process:
            process.terminate()
            if process.wait(10) == -signal.SIGSYS:
                raise AssertionError(f"the filter of {name} ended it")

    def tred(self):
        self.start("tred", self.dir / "agent-tred", "--state", self.state, "--socket", self.dir / "run/tred.sock", "--agentd-user", "0", "--usimd-user",
                   str(USIMD_UID), "--log-level", "debug", user=TRED_UID, ready="ready")
        self.tre = until("connection", self.reach)

    def reach(self):
        """A connection, or None: a socket has its name a moment before anybody listens."""
        try:
            return Client(str(self.dir / "run/tred.sock"))
        except (FileNotFoundError, ConnectionRefusedError):
            return None

    def usimd(self, ready="ready"):
        return self.start("usimd", self.dir / "agent-usimd", "--tred", self.dir / "run/tred.sock", "--config", self.dir / "agent-usimd.conf", "--filter",
                          "kill", "--log-level", "debug", user=USIMD_UID, ready=ready)

    def install(self, mid_id="usim-1", mid_type=USIM, acl="authenticate,ckik,gba,identity,msk", active=True, files=None, **kw):
        nonce = b"0123456789abcdef"
        status, token = self.tre.call(TOKEN_OPEN, text("usim"))
        assert status == 0 and self.tre.evidence("usim", nonce)[0] == 0
        check = milenage.network_vector(K, OPC, os.urandom(16), (0x40).to_bytes(6, "big"), AMF)
        if files is None:
            files = self.isim_files() if mid_type == ISIM else [("7FFF6F07", bcd(IMSI)), ("7FFF6FAD", bytes.fromhex("00000002")), ("7FFF6F78", b"\0\1"),
                                                               ("7FFF6F38", bytes(9)), ("3F002FE2", bytes.fromhex("98880112000000000000"))]
        der = manifest(self.tre.tre_id(), self.tre.keys()[0], token, nonce, mid_id=mid_id, type=mid_type, k=K, opc=OPC, amf=AMF, rand=check.rand,
                       autn=check.autn, res=check.xres, acl=[("agent-usimd", acl)], files=files, share=True, **kw)
        status, body = self.tre.install("usim", self.issuer.package(der, self.transport))
        assert (status, body[0]) == (0, 0), (status, body)
        if active:
            assert self.tre.set_state(mid_id, ACTIVE)[0] == 0
        with subscribers.changing(self.dir / "subscribers.db") as db:
            db[IMSI] = subscribers.Subscriber(IMSI, K, OPC, AMF, 0x40)

    @staticmethod
    def isim_files():
        domain = f"ims.mnc001.mcc{IMSI[:3]}.3gppnetwork.org"
        texts = ("6F02", f"{IMSI}@{domain}"), ("6F03", domain), ("6F04", f"sip:{IMSI}@{domain}"), ("6F04", "tel:+43123456789")
        return [("7FFF" + fid, b"\x80" + bytes([len(t)]) + t.encode()) for fid, t in texts] + [("7FFF6FAD", bytes.fromhex("00000002"))]

    def auc(self, sqn=None):
        if sqn is not None:
            with subscribers.changing(self.dir / "subscribers.db") as db:
                db[IMSI].sqn = sqn
        if "auc" not in self.processes:
            self.start("auc", "/usr/bin/python3", "-B", TREE / "tests/operator/auc.py", "--dir", self.dir, ready="listening")

    def events(self):
        path = self.dir / "auc-events.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def hostapd(self, users='"0"*\tAKA\n"6"*\tAKA\'\n"1"*\tSIM\n'):
        """hostapd as RADIUS server with the AuC behind it; users: whom it serves. One gateway at a time has it: its socket to the AuC is /tmp/eap_sim_db_PID-0, and in other
        namespaces another one has the same number, and would bind or delete the same name."""
        if self.turn is None:
            self.turn = os.open("/tmp", os.O_RDONLY)
            fcntl.flock(self.turn, fcntl.LOCK_EX)
        (self.dir / "eap_user").write_text(users)
        (self.dir / "radius_clients").write_text("127.0.0.1/32\tradius\n")
        settings = {"driver": "none", "interface": "lo", "ctrl_interface": self.dir / "hostapd", "radius_server_clients": self.dir / "radius_clients",
                    "radius_server_auth_port": 18120, "eap_server": 1, "eap_user_file": self.dir / "eap_user", "eap_sim_db": f"unix:{self.dir}/auc.sock", **PATIENT}
        (self.dir / "hostapd.conf").write_text("".join(f"{k}={v}\n" for k, v in settings.items()))
        self.start("hostapd", "hostapd", self.dir / "hostapd.conf", ready="AP-ENABLED")

    def eapol(self, network, options=(), head="", seconds=15):
        """One run of eapol_test; its exit status and what it said."""
        config = self.dir / "eapol.conf"
        config.write_text(head + "network={\nkey_mgmt=IEEE8021X\neapol_flags=0\n" + "".join(f"{k}={v}\n" for k, v in network.items()) + "}\n")
        done = subprocess.run(["eapol_test", *options, "-c", config, "-a127.0.0.1", "-p18120", "-sradius", f"-t{seconds}"], capture_output=True, text=True,
                              check=False, timeout=seconds + 20)
        return done.returncode, done.stdout

    def memory_has(self, name, octets):
        """How often a process has these octets in memory."""
        found, pid = 0, self.processes[name].pid
        with open(f"/proc/{pid}/maps", encoding="ascii") as maps, open(f"/proc/{pid}/mem", "rb") as mem:
            for line in maps:
                span, rights = line.split()[:2]
                begin, end = (int(x, 16) for x in span.split("-"))
                if "r" not in rights or "[v" in line:
                    continue
                try:
                    mem.seek(begin)
                    found += mem.read(end - begin).count(octets)
                except OSError:
                    pass
        return found

    def close(self):
        try:
            for name in list(self.processes)[::-1]:
                self.stop(name)
        finally:
            if self.turn is not None:
                os.close(self.turn)  # and the lock
        if not os.environ.get("USIM_KEEP"):
            shutil.rmtree(self.dir)


def loopback():
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def main(checks):
    """Runs each check(build), prints TAP; the exit status says whether all passed."""
    loopback()
    build, failed = sys.argv[1], 0
    chosen = [c for c in checks if not sys.argv[2:] or any(re.search(w, c.__name__) for w in sys.argv[2:])]
    print(f"1..{len(chosen)}")
    for n, check in enumerate(chosen, 1):
        try:
            check(build)
            print(f"ok {n} - {check.__name__}", flush=True)
        except Exception as e:  # noqa: BLE001: a failed check is told, the next one still runs
            failed += 1
            print(f"not ok {n} - {check.__name__}: {type(e).__name__}: {e}", flush=True)
    print(f"{len(chosen) - failed} passed, {failed} failed")
    sys.exit(failed > 0)
