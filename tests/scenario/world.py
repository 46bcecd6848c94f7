# SPDX-License-Identifier: Apache-2.0
"""One gateway and one operator, for a scenario or the quick start.

Owns: factory, daemons of the project, their configuration and logs, inside a laboratory that is up.
Promises: each daemon runs under its own user without capabilities (agent-modemd: CAP_NET_ADMIN alone); what a test asks of the gateway goes over the
system bus, what it asks of the operator comes from the operator's own event log.
Must never use code of the agent, nor look into its store except to compare it as octets.
"""
import json
import os
import pwd
import signal
import subprocess
import sys
import time
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TREE / "tests/lab"), str(TREE / "tests/sim")]
import labproc  # noqa: E402
from tpm import Tpm  # noqa: E402

import gi  # noqa: E402
gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

BUILD = Path(os.environ.get("AGENT_BUILD", TREE / "build"))
NAME, ROOT = "org.gatewayagent.Agent1", "/org/gatewayagent/Agent1"
PIN, GATEWAY, IMSI = "24681357", "GW-0001", "240081111111111"
ETC = Path("/etc/gateway-agent")
KEYS = ETC / "tre"
SOURCES = ("agentd/agentd", "agentd/tred/agent-tred", "agentd/modemd/agent-modemd", "agentd/sysd/agent-sysd", "agentd/usimd/agent-usimd",
           "agentd/ctl/agentctl", "plugins/bearer-modemmanager.so")
OPERATOR = ("/usr/bin/python3", "-B", TREE / "tests/operator/box.py")
ORDER = ("tred", "modemd", "agentd")
HOOKS = ETC / "hooks"


class Trouble(AssertionError):
    """A scenario's expectation that did not hold."""


def until(what: str, test, seconds: float = 30.0):
    """The first true value of test()."""
    end = time.monotonic() + seconds
    while True:
        value = test()
        if value:
            return value
        if time.monotonic() > end:
            raise Trouble(f"waited {seconds:g} s for {what}")
        time.sleep(0.05)


def run(*command, check=True, **options) -> subprocess.CompletedProcess:
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False, **{"timeout": 300, **options})
    if check and done.returncode:
        raise Trouble(f"{' '.join(str(c) for c in command)}: {done.stderr.strip() or done.stdout.strip()}")
    return done


def lab(*words, check=True):
    return run(TREE / "tests/lab/lab", *words, check=check)


class World:
    def __init__(self, folder, mode="qmi", lab_options=(), operator_options=(), gateway=GATEWAY, factory_options=(), tpm=False):
        self.dir = Path(folder)
        self.mode, self.lab_options, self.operator_options, self.gateway = mode, lab_options, operator_options, gateway
        self.factory_options, self.settings = factory_options, ""
        self.operator_dir = self.dir / "operator"
        self.box_options = ()  # of tests/operator/box.py
        self.certified = ()    # names of programs below bin that the device certificate is issued for
        self.sent = 0
        self.tpm = Tpm(self.dir / "tpm") if tpm else None
        self.bin = self.dir / "bin"
        self.programs = {
            "tred": ("gateway-tred", self.bin / "agent-tred", "--socket", "/run/gateway-agent/tred.sock", "--state", "/var/lib/gateway-tred",
                     "--agentd-user", "gateway-agent", *([] if tpm else ["--keys", KEYS])),
            "modemd": ("root", self.bin / "agent-modemd", "--config", ETC / "agent-modemd.conf", "--agentd-user", "gateway-agent"),
            "sysd": ("root", self.bin / "agent-sysd", "--hooks", HOOKS, "--agentd-user", "gateway-agent"),  # only where a scenario starts it
            "usimd": ("gateway-usim", self.bin / "agent-usimd", "--config", ETC / "agent-usimd.conf", "--filter", "kill", "--log-level", "debug"),
            "agentd": ("gateway-agent", self.bin / "agentd", "--config", ETC / "agentd.conf", "--log-level", "debug"),
        }
        if tpm:
            user, _, *words = self.programs["tred"]
            self.programs["tred"] = (user, self.bin / "agent-tred-tpm2", *words, "--tpm", self.tpm.path, "--platform-policy", ETC / "platform.policy")

    # --- building ---

    def up(self):
        """Laboratory, operator, factory; no daemon yet."""
        self.dir.mkdir(parents=True, exist_ok=True)
        self.install()
        self.factory()
        lab("up", "--dir", self.dir / "lab", "--mode", self.mode, *self.lab_options)
        self.operator_up()

    def install(self):
        """The programs where service users may read them; the tree may lie in root's home."""
        self.bin.mkdir(mode=0o755, exist_ok=True)
        for source in SOURCES + (("agentd/tred/agent-tred-tpm2",) if self.tpm else ()):
            target = self.bin / Path(source).name
            target.write_bytes((BUILD / source).read_bytes())
            target.chmod(0o755)

    def factory(self):
        """The manufacturer: certification authorities, then one device. Keys are made in the TRE and leave as requests."""
        tool = ("/usr/bin/python3", "-B", TREE / "tests/operator/factory.py")
        run(*tool, "init", self.operator_dir)
        run(*tool, "device", self.operator_dir, "--gateway-id", self.gateway, "--pin", PIN, *self.factory_options, *(["--tpm"] if self.tpm else []))
        if self.tpm:
            self.boot()
            self.approve()
        KEYS.mkdir(mode=0o700, parents=True, exist_ok=True)
        run("chown", "gateway-tred:gateway-tred", KEYS)
        secret = Path("/var/lib/gateway-tred/factory")
        secret.mkdir(mode=0o700, exist_ok=True)
        for name in ("factory-secret.conf", "mid-issuers.pem", *(["platform-authority.pub"] if self.tpm else [])):
            (secret / name).write_bytes((self.operator_dir / name).read_bytes())
            (secret / name).chmod(0o600)
        (secret / "out").mkdir(exist_ok=True)
        run("chown", "-R", "gateway-tred:gateway-tred", secret)
        self.tred_once("--provision", secret / "factory-secret.conf", "--out", secret / "out")
        run(*tool, "sign", self.operator_dir, secret / "out/pfc.csr", secret / "out/transport.csr", "--tre-id", secret / "out/tre-id",
            *(word for name in self.certified for word in ("--program", self.bin / name)))
        certificate = secret / "pfc.pem"
        certificate.write_bytes((self.operator_dir / "pfc.pem").read_bytes())
        certificate.chmod(0o644)
        self.tred_once("--certificate", certificate)
        run("rm", "-rf", secret)
        ETC.mkdir(exist_ok=True)
        (ETC / "factory.json").write_bytes((self.operator_dir / "factory.json").read_bytes())
        (ETC / "agentd.conf").write_text(f"[agent]\nfactory={ETC}/factory.json\nplugin-directory={self.bin}\n{self.settings}")
        (ETC / "agent-modemd.conf").write_text("[link]\nports=wwan*\n")

    def hook(self, name, script):
        """A hook of the administrator for agent-sysd: a shell script's body."""
        HOOKS.mkdir(mode=0o755, exist_ok=True)
        (HOOKS / name).write_text(f"#!/bin/sh\n{script}\n")
        (HOOKS / name).chmod(0o755)

    def boot(self, firmware="firmware 1"):
        """Power-up of the TPM, which hears what is started; its device belongs to the service."""
        ETC.mkdir(exist_ok=True)
        user = pwd.getpwnam("gateway-tred")
        self.tpm.boot((0, "loader"), (10, firmware)).give_to(user.pw_uid, user.pw_gid)

    def approve(self, firmware="firmware 1"):
        """The maker of the platform approves what the TPM says now."""
        line = run("/usr/bin/python3", "-B", TREE / "tests/operator/platform_policy.py", "--key", self.operator_dir / "ca/platform-authority.key", "--name", firmware,
                   "--reference", self.operator_dir / "platforms.json", *(w for n in (0, 10) for w in ("--pcr", f"{n}={self.tpm.read(n).hex()}"))).stdout
        with open(ETC / "platform.policy", "a", encoding="ascii") as out:
            out.write(line)

    def agentd_conf(self, line):
        """One more line in [agent]; the answer replaces it by another."""
        text = (ETC / "agentd.conf").read_text()

        def put(other):
            (ETC / "agentd.conf").write_text(f"{text}{other}\n")
        put(line)
        return put

    def tred_once(self, *words):
        user, *command = self.programs["tred"]
        lab("run-as", user, "--", *command, *words)

    def operator_up(self):
        run(*OPERATOR, "up", "--dir", self.operator_dir, "--netns", "operator", "--dns-addr", "none", *self.box_options,
            f"--dm-options={' '.join(self.operator_options)}")

    def bbn_up(self, *orders, words=()):
        """A briefing node beside the operator's other servers, with orders for these contexts; words: more of tests/operator/bbn.py."""
        run("/usr/bin/python3", "-B", TREE / "tests/operator/factory.py", "server", self.operator_dir, "bbn.operator.example")
        labproc.start("bbn", TREE / "tests/lab/lab", "in", "operator", "--", "/usr/bin/python3", "-B", TREE / "tests/operator/bbn.py", "--dir", self.operator_dir,
                      *(word for context in orders for word in ("--order", context)), *words)
        until("the briefing node", lambda: any(e["event"] == "listening" for e in self.events("bbn-events.jsonl")))

    def bbn_says(self, status=""):
        """A status that it answers whatever is asked, e.g. "503 4" with Retry-After; "": as it should."""
        (self.operator_dir / "bbn-status").write_text(status)

    def bbn_events(self, event=None):
        return [e for e in self.events("bbn-events.jsonl") if event in (None, e["event"])]

    def bsf_up(self, *options):
        """A BSF beside the operator's other servers; agentd.conf names it."""
        name = "bsf.operator.example"
        run("/usr/bin/python3", "-B", TREE / "tests/operator/factory.py", "server", self.operator_dir, name)
        labproc.start("bsf", TREE / "tests/lab/lab", "in", "operator", "--", "/usr/bin/python3", "-B", TREE / "tests/operator/bsf.py", "run", "--dir", self.operator_dir,
                      "--name", name, *options)
        until("the BSF", lambda: self.bsf_events("listening"))

    def other_operator_up(self, issuer="nsho.example"):
        """Another operator: a DM server of its own beside the first one, an issuer of MIDs, an access point; the options of its pushes."""
        factory = ("/usr/bin/python3", "-B", TREE / "tests/operator/factory.py")
        name = f"dm.{issuer}"
        run(*factory, "issuer", self.operator_dir, issuer)
        run(*factory, "server", self.operator_dir, name)
        labproc.start("other-dm", TREE / "tests/lab/lab", "in", "operator", "--", "/usr/bin/python3", "-B", TREE / "tests/operator/dm_server.py", "run", "--dir",
                      self.operator_dir, "--addr", "198.51.100.10", "--port", "8443", "--name", name, "--issuer", issuer, "--short-server-id", "102")
        until("the other DM server", lambda: labproc.log_has("other-dm", "listening"))
        return ("--url", f"https://{name}:8443/dm", "--server-id", "com.nsho.dm", "--user", f"{self.gateway}-other", "--napid", "NAP2", "--nap-name", "Other bearer",
                "--apn", f"m2m.{issuer}", "--apn-auth", "none", "--name", "Other Operator")

    def bsf_fault(self, fault=""):
        (self.operator_dir / "bsf-fault").write_text(fault)

    def bsf_events(self, event=None):
        return [e for e in self.events("bsf-events.jsonl") if event in (None, e["event"])]

    def dm_fault(self, fault, *options):
        """Changes the running DM server's fault; "none" ends it."""
        run("/usr/bin/python3", "-B", TREE / "tests/operator/dm_server.py", "fault", "--dir", self.operator_dir, *options, fault)

    def operator_down(self):
        run(*OPERATOR, "down", "--dir", self.operator_dir, check=False)

    def down(self):
        for name in ("usimd", *reversed(ORDER), "sysd", "bbn", "coap-node", "bsf", "other-dm"):
            self.stop(name)
        self.operator_down()
        lab("down", check=False)
        if self.tpm:
            self.tpm.stop()

    # --- daemons ---

    def start(self, *names, env=None):
        for name in names or ORDER:
            user, *command = self.programs[name]
            words = [f"{key}={value}" for key, value in (env or {}).items()]  # for the daemon alone, not for what starts it
            if name == "agentd":
                self.off_bus()
            labproc.start(name, TREE / "tests/lab/lab", "run-as", user, "--", *(["env", *words] if words else []), *command)
            if name not in ("agentd", "usimd"):
                until(f"the socket of {name}", lambda n=name: Path(f"/run/gateway-agent/{n}.sock").exists())
        if not names or "agentd" in names:
            until("agentd on the bus", self.on_bus)

    def stop(self, name):
        labproc.stop(name)

    def kill(self, name):
        """SIGKILL, and the process is gone, for the bus too."""
        pid = labproc.pid_of(name)
        os.kill(pid, signal.SIGKILL)
        until(f"the end of {name}", lambda: not labproc.alive(pid))
        if name == "agentd":
            self.off_bus()

    def off_bus(self):
        """The bus hears of an end later than whoever waits for the process, and who starts agentd again may take the dead one's name for the new one's."""
        until("its name on the bus to be free", lambda: not self.on_bus())

    def alive(self, name):
        return labproc.alive(labproc.pid_of(name))

    @staticmethod
    def is_up():
        return (labproc.RUN / "dir").is_symlink()

    def log(self, name="agentd") -> str:
        path = labproc.folder() / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    # --- the gateway, seen over the bus ---

    @staticmethod
    def bus():
        return Gio.bus_get_sync(Gio.BusType.SYSTEM)

    def call(self, path, interface, method, parameters=None, fds=None, name=NAME):
        return self.bus().call_with_unix_fd_list_sync(name, path, interface, method, parameters, None, Gio.DBusCallFlags.NO_AUTO_START, 20000,
                                                      fds)[0].unpack()

    def on_bus(self):
        return labproc.name_owned(NAME)

    def objects(self) -> dict:
        return self.call(ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")[0]

    def manager(self) -> dict:
        return self.call(ROOT, "org.freedesktop.DBus.Properties", "GetAll", GLib.Variant("(s)", (f"{NAME}.Manager",)))[0]

    def all(self, kind) -> dict:
        """{object path: properties} of a kind, e.g. "Job"."""
        return {p: i[f"{NAME}.{kind}"] for p, i in self.objects().items() if f"{NAME}.{kind}" in i}

    def one(self, kind, **wanted):
        for properties in self.all(kind).values():
            if all(properties.get(k) == v for k, v in wanted.items()):
                return properties
        return None

    def managed(self, seconds=60):
        return until("a managed gateway", lambda: self.on_bus() and self.manager()["State"] == "managed" and
                     self.one("Context", Name="usim", State="committed"), seconds)

    def reported(self, seconds=60):
        return until("the report", lambda: any(e.get("event") == "report" for e in self.dm_events()), seconds)

    def job_ended(self, state, seconds=90):
        return until(f"a job that {state}", lambda: self.one("Job", State=state), seconds)

    def bootstrap(self, document: Path):
        """Manager.Bootstrap; the job's path, or GLib.Error."""
        fds = Gio.UnixFDList.new()
        with open(document, "rb") as file:
            index = fds.append(file.fileno())
        return self.call(ROOT, f"{NAME}.Manager", "Bootstrap", GLib.Variant("(h)", (index,)), fds)[0]

    # --- the operator ---

    def events(self, file) -> list:
        path = self.operator_dir / file
        if not path.exists():
            return []
        return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]

    def dm_events(self):
        return self.events("dm-events.jsonl")

    def sessions(self):
        """TCP connections that the DM server saw."""
        return [e for e in self.dm_events() if e["event"] == "tcp"]

    def lwm2m_events(self):
        return self.events("lwm2m-events.jsonl")

    def push(self, *options, name=None, device_pin=PIN) -> Path:
        """A push message as the operator makes it."""
        self.sent += 1
        out = self.dir / (name or f"push{self.sent}.pdu")
        run("/usr/bin/python3", "-B", TREE / "tests/operator/push.py", "--dir", self.operator_dir, "--pin", device_pin, "--out", out, *options)
        return out

    def instruction(self, *options, name=None, signed="bbn") -> Path:
        """An instruction as the operator makes it; signed: a key of its ca, or "" for a MAC by the device PIN."""
        self.sent += 1
        out = self.dir / (name or f"instruction{self.sent}.cose")
        key = ("--key", self.operator_dir / f"ca/{signed}.key") if signed else ()
        run("/usr/bin/python3", "-B", TREE / "tests/operator/bei.py", "--dir", self.operator_dir, "--out", out, *key, *options)
        return out

    @staticmethod
    def sms(pdu: Path, *options, reverse=False):
        """As SMS to the modem; 128 octets a part beside ports and concatenation (TS 23.040 9.2.3.24)."""
        parts = -(-pdu.stat().st_size // 128)
        order = ("--order", ",".join(str(n) for n in range(parts, 0, -1))) if reverse else ()
        lab("send", pdu, *order, *options)

    def sms_in_modem(self) -> dict:
        return json.loads(lab("modem", "list").stdout)


def agentctl(*words, check=True, **options):
    return run(BUILD / "agentd/ctl/agentctl", *words, check=check, **options)
