# SPDX-License-Identifier: Apache-2.0
"""The wire of agent-sysd, written down a second time from its description, so that agreement means something.

Owns: packing of requests, unpacking of answers. Must never share code with the C side.
"""
import socket
import struct

STATUS, REBOOT, FACTORY_RESET, FIRMWARE_INSTALL, PACKAGE_INSTALL, PACKAGE_REMOVE, PACKAGE_ACTIVATE, PACKAGE_DEACTIVATE, PACKAGE_INSPECT, FIRMWARE_INSPECT = range(1, 11)


def text(value):
    value = value.encode() if isinstance(value, str) else value
    return struct.pack(">H", len(value)) + value


class Sysd:
    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.sock.connect(str(path))  # waits its turn, which a socket with a time-out does not
        self.sock.settimeout(20)
        self.seq = 0

    def send(self, op, body=b"", fds=(), seq=None):
        self.seq += 1
        head = struct.pack(">IHHI", self.seq if seq is None else seq, op, 0, len(body))
        socket.send_fds(self.sock, [head + body], list(fds))

    def receive(self):
        """(op, status, body), or None at the end of the connection."""
        packet = self.sock.recv(65536)
        if not packet:
            return None
        seq, op, status, size = struct.unpack(">IHHI", packet[:12])
        assert seq == self.seq and size == len(packet) - 12, packet
        return op, status, packet[12:]

    def ask(self, op, body=b"", fds=()):
        """(status, exit status of the hook, text)."""
        self.send(op, body, fds)
        got = self.receive()
        assert got and got[0] == op, got
        return got[1], got[2][0], got[2][1:].decode()

    def status(self):
        self.send(STATUS)
        body = self.receive()[2]
        hooks, running, last, status = struct.unpack(">HBBH", body[:2] + body[38:42])
        return {"hooks": hooks, "running": running, "boot": body[2:38].decode(), "last": (last, status, body[42], body[43:].decode())}
