# SPDX-License-Identifier: Apache-2.0
"""The wire of agent-modemd, written down a second time from its description, so that agreement means something.

Owns: packing of requests, unpacking of answers. Must never share code with the C side.
"""
import os
import socket
import struct

STATUS, LINK_UP, LINK_DOWN, SMS_WATCH, SMS_UNWATCH, EVENT_SMS, EVENT_LOST = 1, 2, 3, 4, 5, 100, 101
CARD_WATCH, CARD_UNWATCH, CARD_READ, EVENT_CARD, EVENT_CARD_LOST = 6, 7, 8, 102, 103
PRESENT, ABSENT, REFRESHED = 1, 2, 3
SMS_DELETE, EVENT_ROOM = 9, 104
SUCCESS = 0


def text(value: str) -> bytes:
    return struct.pack(">H", len(value)) + value.encode()


def address(value: str) -> bytes:
    host, _, prefix = value.partition("/")
    family = 6 if ":" in host else 4
    octets = socket.inet_pton(socket.AF_INET6 if family == 6 else socket.AF_INET, host)
    return bytes([family]) + (bytes([int(prefix)]) if prefix else b"") + octets


def link_up(port: str, table: int, mtu: int, addresses: list, gateways: list, hosts: list | None = None) -> bytes:
    """hosts: where it leads alone; None: anywhere."""
    return (text(port) + struct.pack(">II", table, mtu) + bytes([len(addresses)]) + b"".join(map(address, addresses)) +
            bytes([len(gateways)]) + b"".join(map(address, gateways)) + bytes([hosts is not None, len(hosts or [])]) + b"".join(map(address, hosts or [])))


def counted(octets: bytes) -> bytes:
    return bytes([len(octets)]) + octets


def card_read(card: str, path: str, aid: str = "", df: str = "", records: bool = False) -> bytes:
    return text(card) + bytes([records]) + b"".join(counted(bytes.fromhex(part)) for part in (aid, df, path))


class Modemd:
    def __init__(self, path: str):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.sock.settimeout(20)
        self.sock.connect(path)
        self.seq = 0
        self.events = []

    def send(self, op: int, body: bytes = b"") -> int:
        self.seq += 1
        self.sock.sendall(struct.pack(">IHHI", self.seq, op, 0, len(body)) + body)
        return self.seq

    def receive(self):
        """(seq, op, status, body), or None at the end of the connection."""
        packet, fds, _, _ = socket.recv_fds(self.sock, 65536, 1)
        if not packet:
            return None
        seq, op, status, size = struct.unpack(">IHHI", packet[:12])
        body = packet[12:]
        if fds:                                       # a large body
            body = os.pread(fds[0], size, 0)
            os.close(fds[0])
        assert size == len(body), packet
        return seq, op, status, body

    def ask(self, op: int, body: bytes = b""):
        """(status, body) of the answer; events on the way are kept."""
        wanted = self.send(op, body)
        while True:
            seq, got, status, answer = self.receive()
            if seq == 0:
                self.events.append((got, answer))
                continue
            assert (seq, got) == (wanted, op), (seq, got)
            return status, answer

    def event(self, seconds: float = 10):
        """(op, body) of the next event, or None."""
        if self.events:
            return self.events.pop(0)
        self.sock.settimeout(seconds)
        try:
            seq, op, _, body = self.receive()
            assert seq == 0, seq
            return op, body
        except TimeoutError:
            return None
        finally:
            self.sock.settimeout(20)
