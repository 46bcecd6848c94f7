# SPDX-License-Identifier: Apache-2.0
"""A private bus with the test daemon on it. Owns both processes; the host's buses are never touched."""
import os
import queue
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path

NAME = "org.gatewayagent.Agent1"
ROOT = "/org/gatewayagent/Agent1"
CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>custom</type><listen>unix:path={path}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>
"""


class Bus:
    """A dbus-daemon in a folder of its own; its address is this process's system bus."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="bus-test-"))
        (self.folder / "bus.conf").write_text(CONFIG.format(path=self.folder / "socket"), encoding="utf-8")
        self.process = subprocess.Popen(["dbus-daemon", f"--config-file={self.folder}/bus.conf", "--nofork", "--print-address=1"],
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.process.stdout.readline()
        self.address = f"unix:path={self.folder}/socket"
        os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = self.address

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()
        shutil.rmtree(self.folder)


class Daemon:
    """The test daemon: send() a command, said() what came of it."""

    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, "G_DEBUG": "fatal-warnings"})
        self.lines = queue.Queue()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))
        self.lines.put(None)

    def said(self, timeout=60):
        return self.lines.get(timeout=timeout)

    def silent(self):
        return self.lines.empty()

    def send(self, *words):
        self.process.stdin.write("|".join(str(w) for w in words) + "\n")
        self.process.stdin.flush()
        answers = []
        while (line := self.said()) != "done":
            if line is None:
                raise RuntimeError(f"the daemon ended at {words}")
            answers.append(line)
        return answers

    def node(self, kind, name, **properties):
        """A published node; returns its path. Values: str, int, bool, list of str."""
        self.send("add", kind, name)
        escaped = "".join(c if c.isascii() and c.isalnum() else "".join(f"_{b:02x}" for b in c.encode()) for c in name)
        path = f"{ROOT}/{kind.lower()}/{escaped}"
        self.write(path, **properties)
        self.send("publish", path)
        return path

    def write(self, path, **properties):
        for key, value in properties.items():
            if isinstance(value, bool):
                self.send("flag", path, key, str(value).lower())
            elif isinstance(value, int):
                self.send("number", path, key, value)
            elif isinstance(value, list):
                self.send("texts", path, key, *value)
            else:
                self.send("set", path, key, value)

    def stop(self):
        self.process.stdin.close()
        code = self.process.wait(timeout=60)
        self.reader.join(timeout=60)
        self.process.stdout.close()
        return code


def sample(daemon):
    """One managed gateway as a person would meet it; paths by name. Identities are invented."""
    paths = {}
    daemon.write(ROOT, Version="0.1.0", State="managed", GatewayId="GW-0001", TreBackend="software", TreState="ready", ClockState="network",
                 ModemManagerState="present", Capabilities=["dtls-psk", "oma-dm"], ActiveJobs=1, MessagesReceived=1)
    paths["sim"] = daemon.node("Sim", "893490", Iccid="893490*****12", Imsi="26201*****", OperatorId="26201", OperatorName="Home", Lock="none")
    paths["modem"] = daemon.node("Modem", "353490", Imei="35349********12", Manufacturer="Maker", Model="M1", State="connected", Registration="home",
                                 OperatorId="26201", OperatorName="Home", AccessTechnology="lte", Roaming=False, Sim=paths["sim"], QmiRoute=True)
    paths["context"] = daemon.node("Context", "usim", Name="usim", State="committed", Phase="done", Source="sms-mm", ServerId="op.example",
                                   CommittedAt=1700000000000000, Attempts=1)
    paths["bearer"] = daemon.node("Bearer", "internet", Name="internet", NapId="NAP1", Apn="iot.example", Auth="chap", User="u", IpType="ipv4v6",
                                  State="connected", Installed=True, Interface="wwan0", Addresses=["192.0.2.2/30", "2001:db8::2/64"],
                                  Gateway="192.0.2.1", Dns=["192.0.2.53"], Mtu=1430, Backend="modemmanager")
    paths["mid"] = daemon.node("Mid", "mid-1", MidId="mid-1", Type="usim", Version=2, State="ACTIVE", Reason="request", Issuer="CN=SHO", Algorithm="milenage",
                               NotAfter=1900000000000000, Context=paths["context"], GbaState="ready", GbaUntil=1900000000000000, GbaError="", Impus=[])
    paths["account"] = daemon.node("Account", "lwm2m-101", Protocol="lwm2m", ServerId="101", Uri="coaps://op.example", Endpoint="GW-0001",
                                   SecurityMode="psk", State="registered", Installed=True, Lifetime=300, RegistrationId="/rd/a1",
                                   LastContact=1700000100000000)
    paths["device"] = daemon.node("Device", "hall", Name="hall", State="assigned", Impu="sip:hall@home.example", Impi="i@ims.example", Domain="ims.example",
                                  Mid=paths["mid"])
    paths["job"] = daemon.node("Job", "7", Kind="bootstrap", Context=paths["context"], Source="file", State="running", Step="EXECUTING",
                               Phase="execution", Progress=40, StartedAt=1700000000000000)
    return paths
