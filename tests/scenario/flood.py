# SPDX-License-Identifier: Apache-2.0
"""An SMS flood: what an attacker with many numbers sends, at a rate, and what it does to the gateway.

Owns: the kinds of messages, their pace, the sampling. Promises: every message is of one of our content types and none is authentic; no two are alike but
the replayed ones; the same seed gives the same flood. Must never send an ordinary message: those are the user's.
"""
import json
import random
import socket
import threading
import time

import gi

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402
from sms_pdu import wap_push  # noqa: E402
from figures import processor_seconds, real_pid, rollup  # noqa: E402
from world import NAME, ROOT, Trouble  # noqa: E402

SECS = (0x80, 0x81, 0x82, 0x83)                       # NETWPIN, USERPIN, USERNETWPIN, USERPINMAC
TURN_S, TURN_QUIET_MS = 3, 40
BURST = 10                                            # messages at once in QMI mode
MAC_DIGITS = 40
DAEMONS = ("agentd", "modemd", "tred")


class Line:
    """The simulator's control socket, kept open."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(path))
        self.file = self.sock.makefile()

    def say(self, line: str) -> str:
        self.sock.sendall(line.encode() + b"\n")
        return self.file.readline().strip()


class Attacker:
    """Makes messages; genuine: a push that was carried out before, as octets."""

    def __init__(self, genuine: bytes, seed: int = 1):
        self.genuine, self.random, self.old = genuine, random.Random(seed), []

    def junk(self) -> bytes:                          # octets after a header that looks like ours
        media = self.random.choice((0xB5, 0xB6, 0xC2, 0xC3, 0xC4))
        return bytes([self.random.randrange(256), 6, 1, media]) + self.random.randbytes(self.random.randrange(1, 120))

    def no_mac(self) -> bytes:                        # SEC without a MAC
        return bytes([1, 6, 5, 3, 0xB6, 0x91, 0x81, 1 + 0x80]) + self.random.randbytes(90)

    def notification(self) -> bytes:                  # DM Package #0, digest by dice
        return bytes([1, 6, 3, 0xC4, 0xAF, 0x87]) + self.random.randbytes(16) + bytes.fromhex("02c80000000108") + b"attacker"

    def wrong_mac(self) -> bytes:                     # short document, well formed SEC and MAC
        mac = self.random.randbytes(MAC_DIGITS // 2).hex().upper().encode() + b"\0"
        parameters = bytes([0xB6, 0x91, self.random.choice(SECS), 0x92]) + mac
        return bytes([2, 6, 2 + len(parameters), 0x1F, len(parameters)]) + parameters + bytes.fromhex("030b6a0045c601") + self.random.randbytes(40)

    def altered(self) -> bytes:                       # the operator's own message, one bit of its document changed
        octets = bytearray(self.genuine)
        octets[self.random.randrange(len(octets) // 2, len(octets))] ^= 1 << self.random.randrange(8)
        return bytes(octets)

    def replayed(self) -> bytes:
        return self.random.choice(self.old[-400:] + [self.genuine])

    def message(self) -> list:
        """The PDUs of one message."""
        kind = self.random.choices((self.junk, self.no_mac, self.notification, self.wrong_mac, self.altered, self.replayed),
                                   weights=(25, 10, 10, 37, 2, 16))[0]
        octets = kind()
        self.old.append(octets)
        sender = f"+4670{self.random.randrange(10**7):07d}"
        parts = wap_push(octets, ref=self.random.randrange(65536), wide_ref=True, sender=sender)
        self.random.shuffle(parts)
        return [part.hex() for part in parts]


class Latency(threading.Thread):
    """Asks agentd for a property, 20 times a second, on a connection of its own."""

    def __init__(self):
        super().__init__(daemon=True)
        self.seconds, self.running = [], True
        address = Gio.dbus_address_get_for_bus_sync(Gio.BusType.SYSTEM)
        self.bus = Gio.DBusConnection.new_for_address_sync(
            address, Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION)

    def run(self):
        arguments = GLib.Variant("(ss)", (f"{NAME}.Manager", "State"))
        while self.running:
            begin = time.monotonic()
            self.bus.call_sync(NAME, ROOT, "org.freedesktop.DBus.Properties", "Get", arguments, None, Gio.DBusCallFlags.NO_AUTO_START, 20000)
            self.seconds.append(time.monotonic() - begin)
            time.sleep(0.05)

    def end(self) -> float:
        """The 99th percentile."""
        self.running = False
        self.join()
        return sorted(self.seconds)[int(len(self.seconds) * 0.99)]


class Flood:
    def __init__(self, world, genuine: bytes, per_minute: int = 1000):
        self.world, self.attacker, self.per_minute = world, Attacker(genuine), per_minute
        self.line = Line(world.dir / "lab/ctl")
        self.sent = self.refused = 0
        self.idle_level, self.dropped = self.stored(), 0
        self.pids = {name: real_pid(world.programs[name][1]) for name in DAEMONS}

    def stored(self) -> int:
        rows = json.loads(self.line.say("list"))
        return sum(len(r) for r in rows.values()) if "SM" in rows else len(rows)

    def put(self, pdus: list) -> None:
        """All of them at once, one line of the control socket."""
        for pdu in [pdus[i:i + 40] for i in range(0, len(pdus), 40)]:
            answer = self.line.say("sms " + " ".join(pdu))
            self.sent += len(pdu)
            self.refused += len(pdu) if answer == "full" else 0

    def unread(self) -> int:
        """AT mode: messages that ModemManager has not read."""
        return sum(row[0] == 0 for memory in json.loads(self.line.say("list")).values() for row in memory.values())

    def wait_turn(self, parts: int = 0) -> None:
        """AT mode: ModemManager drops what comes while it works with the storages, so each message waits until the one before is read and deleted; parts:
        of the same message that are there already. What was dropped all the same is not waited for again."""
        end = time.monotonic() + TURN_S
        while time.monotonic() < end:
            if self.unread() <= self.dropped and self.stored() <= self.idle_level + parts and int(self.line.say("quiet")) >= TURN_QUIET_MS:
                return
            time.sleep(0.004)
        self.dropped, self.idle_level = self.unread(), max(self.idle_level, self.stored() - parts)

    def put_spaced(self, pdus: list) -> None:
        for parts, pdu in enumerate(pdus):
            self.wait_turn(parts)
            self.put([pdu])

    def step(self) -> None:
        if self.world.mode == "at":
            self.put_spaced(self.attacker.message())
            return
        burst = []
        while len(burst) < BURST:
            burst += self.attacker.message()
        self.put(burst)

    def play(self, seconds: float, at=None, hook=None) -> dict:
        """The flood; hook is called once, `at` seconds after the beginning. Returns the figures."""
        before = {name: (rollup(pid)["Private_Dirty"], processor_seconds(pid)) for name, pid in self.pids.items()}
        latency, most, begin, level = Latency(), 0, time.monotonic(), []
        latency.start()
        while time.monotonic() - begin < seconds:
            self.step()
            if hook and time.monotonic() - begin >= at:
                hook()
                hook = None
            level.append(self.stored())
            rest = begin + self.sent * 60 / self.per_minute - time.monotonic()
            if rest > 0:
                time.sleep(rest)
        took = time.monotonic() - begin
        figures = {"seconds": took, "a minute": self.sent * 60 / took, "messages": self.sent, "not taken by the modem": self.refused, "fullest": max(level), "p99 ms": latency.end() * 1000,
                   "asked": len(latency.seconds), "longest ms": max(latency.seconds) * 1000}
        for name, pid in self.pids.items():
            dirty, cpu = before[name]
            figures[f"{name} core %"] = 100 * (processor_seconds(pid) - cpu) / took
            figures[f"{name} growth KiB"] = rollup(pid)["Private_Dirty"] - dirty
        return figures

    def drained(self, ordinary: int, seconds: float = 30) -> float:
        """Until only the user's messages are left; how long it took."""
        begin = time.monotonic()
        while self.stored() > ordinary:
            if time.monotonic() - begin > seconds:
                raise Trouble(f"{self.stored() - ordinary} messages of the flood are left in the modem")
            time.sleep(0.2)
        return time.monotonic() - begin
