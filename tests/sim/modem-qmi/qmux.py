# SPDX-License-Identifier: Apache-2.0
"""QMUX and TLV forms of the simulated QMI modem.

Owns: constants of services and protocol errors, TLV building and parsing, cutting a byte stream into frames.
Promises: pure functions, except Link, which keeps one stream's buffer.
Must never know what a message means.
"""
import struct

CTL, WDS, DMS, NAS, WMS, PDS, UIM, WDA = 0x00, 0x01, 0x02, 0x03, 0x05, 0x06, 0x0B, 0x1A
NAMES = {CTL: "ctl", WDS: "wds", DMS: "dms", NAS: "nas", WMS: "wms", PDS: "pds", UIM: "uim", WDA: "wda"}
OK, INTERNAL, NO_MEMORY, CALL_FAILED, NO_EFFECT = 0x0, 0x3, 0x2, 0xE, 0x1A
INCORRECT_PIN, PIN_BLOCKED = 0xC, 0x23
INVALID_ARG, NO_ENTRY, NOT_SUPPORTED, UNKNOWN_SERVICE = 0x30, 0x32, 0x5E, 0x1F
BROADCAST = 0xFF                                      # client id of an indication meant for every client


def tlv(kind: int, data: bytes) -> bytes:
    return struct.pack("<BH", kind, len(data)) + data


def result(code: int = OK) -> bytes:
    return tlv(0x02, struct.pack("<HH", 1 if code else 0, code))


def parse_tlvs(data: bytes) -> dict:
    out = {}
    while len(data) >= 3:
        kind, size = struct.unpack("<BH", data[:3])
        out[kind], data = data[3:3 + size], data[3 + size:]
    return out


def arr8(data: bytes) -> bytes:
    return bytes([len(data)]) + data


def arr16(data: bytes) -> bytes:
    return struct.pack("<H", len(data)) + data


def frame(service: int, cid: int, sdu: bytes) -> bytes:
    return struct.pack("<BHBBB", 1, 5 + len(sdu), 0x80, service, cid) + sdu


def parse_frame(data: bytes):
    """(service, cid, transaction, message, TLVs) of a request."""
    service, cid = data[4], data[5]
    head = "<BBHH" if service == CTL else "<BHHH"
    size = struct.calcsize(head)
    _, tid, msg, _ = struct.unpack(head, data[6:6 + size])
    return service, cid, tid, msg, parse_tlvs(data[6 + size:])


def response(service: int, cid: int, tid: int, msg: int, body: bytes) -> bytes:
    head = struct.pack("<BBHH", 1, tid, msg, len(body)) if service == CTL else struct.pack("<BHHH", 2, tid, msg, len(body))
    return frame(service, cid, head + body)


def indication(service: int, cid: int, msg: int, body: bytes) -> bytes:
    return frame(service, cid, struct.pack("<BHHH", 4, 0, msg, len(body)) + body)


class Link:
    """One byte stream of a client (or of a proxy that stands for several)."""

    def __init__(self, modem, write, close=None):
        self.modem, self.send, self.buffer = modem, write, b""
        self.close = close or (lambda: None)
        modem.links.append(self)

    def move(self, modem) -> None:
        """The client names the modem that it wants: before anything else was asked."""
        self.modem.forget(self)
        self.modem = modem
        modem.links.append(self)

    def feed(self, data: bytes) -> None:
        self.buffer += data
        while len(self.buffer) >= 3:
            if self.buffer[0] != 1:                   # not the start of a frame
                self.buffer = self.buffer[1:]
                continue
            size = struct.unpack("<H", self.buffer[1:3])[0] + 1
            if len(self.buffer) < size:
                return
            whole, self.buffer = self.buffer[:size], self.buffer[size:]
            self.modem.receive(self, whole)
