# SPDX-License-Identifier: Apache-2.0
"""A file system of a UICC behind APDUs (TS 102 221 clauses 8, 10, 11), for the simulated modem and for the card of the PC/SC reader.

Owns: files by (path, id): bytes are transparent, lists are records; logical channels with what is selected on each; a log of all commands.
Promises: answers as a T=0 card: FCP by 61xx and GET RESPONSE, 6Cxx for a wrong length where the switch says so.
Must never change a file or accept a PIN: VERIFY and UPDATE are counted as `forbidden`, which tests want to be 0.
"""
import json

MF = "3F00"
PKCS15 = "3F007F50"
AID_PKCS15 = bytes.fromhex("a000000063504b43532d3135")
OK, NOT_FOUND, NO_RECORD, NEED_PIN = b"\x90\x00", b"\x6a\x82", b"\x6a\x83", b"\x69\x82"
NO_CHANNEL, NO_INSTRUCTION, NOT_SELECTED, WRONG_OFFSET = b"\x68\x81", b"\x6d\x00", b"\x69\x86", b"\x6b\x00"
CHANNELS = 4
SWITCHES = ("later", "wrong-length", "no-channels")   # 61xx after SELECT; 6Cxx to READ BINARY; refuses MANAGE CHANNEL


def tlv(tag: int, value: bytes) -> bytes:
    return bytes([tag, len(value)]) + value


def image_files(image: dict) -> dict:
    """Files of a card image as tests/vectors/oma/card-image.json has it."""
    files = {}
    for name, entry in image["files"].items():
        path, fid = name.rsplit("/", 1)
        path = PKCS15 if path == "ADF:PKCS15" else path
        files[(path, int(fid, 16))] = list(map(bytes.fromhex, entry["records"])) if "records" in entry else bytes.fromhex(entry["hex"])
    return files


class FileCard:
    def __init__(self, files: dict, applications: dict):
        """applications: AID to the path of its files."""
        self.files, self.applications = dict(files), dict(applications)
        self.protected, self.switches = set(), {"later"}
        self.log, self.forbidden = [], 0
        self.reset()

    def reset(self) -> None:
        self.channels, self.pending = {0: [MF, None]}, {}

    def load(self, name: str) -> None:
        """A file written by card_image.py: files, and which of them want a PIN."""
        with open(name, encoding="ascii") as file:
            image = json.load(file)
        self.files = {key: value for key, value in self.files.items() if key[0] != PKCS15 and key != (MF, 0x2F00)}
        self.files.update(image_files(image))
        self.protected = {(PKCS15, int(fid, 16)) for fid in image.get("pin", ())}

    def find(self, path: str, fid: int):
        return next((p for p in (path, MF) if (p, fid) in self.files), None)

    def fcp(self, path: str, fid: int) -> bytes:
        data = self.files[(path, fid)]
        if isinstance(data, list):
            kind = b"\x42\x21" + len(data[0]).to_bytes(2, "big") + bytes([len(data)])
        else:
            kind = b"\x41\x21"
        size = sum(map(len, data)) if isinstance(data, list) else len(data)
        body = tlv(0x82, kind) + tlv(0x83, fid.to_bytes(2, "big")) + tlv(0x8A, b"\x05") + tlv(0x8B, b"\x2f\x06\x01") + tlv(0x80, size.to_bytes(2, "big"))
        return tlv(0x62, body + b"\x88\x00")

    # --- channels ---

    def open_channel(self):
        """The number of a new channel, or None."""
        number = next((i for i in range(1, CHANNELS) if i not in self.channels), None)
        if number is not None and "no-channels" not in self.switches:
            self.channels[number] = [MF, None]
            return number
        return None

    def select_application(self, channel: int, aid: bytes) -> bool:
        path = next((p for a, p in self.applications.items() if aid and a.startswith(aid)), None)
        if path:
            self.channels[channel] = [path, None]
        return path is not None

    def close_channel(self, channel: int) -> bool:
        return channel != 0 and self.channels.pop(channel, None) is not None

    # --- commands ---

    def process(self, apdu: bytes, channel=None) -> bytes:
        self.log.append(apdu.hex())
        if channel is None:
            channel = apdu[0] & 0x03 if apdu[0] < 0x40 else 4 + (apdu[0] & 0x0F)
        command = {0x70: self.manage_channel, 0xA4: self.select, 0xB0: self.read_binary, 0xB2: self.read_record, 0xC0: self.get_response}.get(apdu[1])
        if command is None:
            self.forbidden += apdu[1] in (0x20, 0xD6, 0xDC)
            return NO_INSTRUCTION
        return command(channel, apdu) if channel in self.channels else NO_CHANNEL

    def manage_channel(self, channel: int, apdu: bytes) -> bytes:
        if apdu[2] == 0x80:
            return OK if self.close_channel(apdu[3]) else NO_CHANNEL
        number = self.open_channel()
        return NO_CHANNEL if number is None else bytes([number]) + OK

    def select(self, channel: int, apdu: bytes) -> bytes:
        data = apdu[5:5 + apdu[4]]
        if apdu[2] == 0x04:
            return self.later(channel, tlv(0x62, tlv(0x84, data))) if self.select_application(channel, data) else NOT_FOUND
        path = self.channels[channel][0]
        if apdu[2] == 0x08:
            path = MF + data[:-2].hex().upper()
        fid = int.from_bytes(data[-2:], "big")
        home = self.find(path, fid) if apdu[2] == 0x00 else path if (path, fid) in self.files else None
        if home is None:
            return NOT_FOUND
        self.channels[channel][1] = (home, fid)
        return self.later(channel, self.fcp(home, fid))

    def later(self, channel: int, data: bytes) -> bytes:
        if "later" not in self.switches:
            return data + OK
        self.pending[channel] = data
        return bytes([0x61, len(data)])

    def get_response(self, channel: int, apdu: bytes) -> bytes:
        return self.pending.pop(channel, b"")[:apdu[4] or 256] + OK

    def selected(self, channel: int, kind):
        """Content of the selected file, or the status word that refuses it."""
        key = self.channels[channel][1]
        if key is None or not isinstance(self.files[key], kind):
            return NOT_SELECTED, None
        return (NEED_PIN, None) if key in self.protected else (None, self.files[key])

    def read_binary(self, channel: int, apdu: bytes) -> bytes:
        refused, data = self.selected(channel, bytes)
        if refused:
            return refused
        offset, size = int.from_bytes(apdu[2:4], "big"), apdu[4] or 256
        if offset > len(data):
            return WRONG_OFFSET
        if "wrong-length" in self.switches and size > 16:
            return b"\x6c\x10"
        return data[offset:offset + size] + (OK if offset + size <= len(data) else b"\x62\x82")

    def read_record(self, channel: int, apdu: bytes) -> bytes:
        refused, data = self.selected(channel, list)
        if refused:
            return refused
        if not 1 <= apdu[2] <= len(data):
            return NO_RECORD
        record = data[apdu[2] - 1]
        return record + OK if apdu[4] in (0, len(record)) else bytes([0x6C, len(record)])
