# SPDX-License-Identifier: Apache-2.0
"""The card in the simulated modem, and the UIM service that reads it.

Owns: transparent files by (path, id), a small APDU interpreter with logical channels.
Promises: EF_ICCID, EF_DIR, a USIM with IMSI and names, a PKCS#15 application with a provisioning file.
Must never hold a real subscriber key: AUTHENTICATE gives a fixed answer.
"""
import struct
import sys
from pathlib import Path

sys.path.insert(1, str(Path(__file__).resolve().parents[1]))

from card_pin import PIN_TRIES, PUK_TRIES, CardPin  # noqa: E402
from qmux import BROADCAST, INCORRECT_PIN, INTERNAL, INVALID_ARG, PIN_BLOCKED, UIM, arr8, arr16, indication, result, tlv  # noqa: E402

USIM = "3F007FFF"
PKCS15 = "3F007F50"
APP_PIN1, APP_PUK1, APP_READY = 2, 3, 7               # application state in the card status
PIN_NOT_VERIFIED, PIN_VERIFIED, PIN_DISABLED, PIN_IS_BLOCKED = 1, 2, 3, 4


def bcd(digits: str) -> bytes:
    return bytes(int(digits[i + 1] + digits[i], 16) for i in range(0, len(digits), 2))


class Card:
    AID_USIM = bytes.fromhex("a0000000871002ffffffff8903020000")
    AID_PKCS15 = bytes.fromhex("a000000063504b43532d3135")

    def __init__(self, iccid="89460811111111111114", imsi="240081111111111"):
        self.iccid, self.imsi = iccid, imsi
        self.files = {
            ("3F00", 0x2FE2): bcd(iccid),
            ("3F00", 0x2F00): bytes.fromhex("61184f10a0000000871002ffffffff890302000050045553494d"),
            (USIM, 0x6F07): bytes([8]) + bcd("9" + imsi),
            (USIM, 0x6FAD): bytes([0, 0, 0, 2]),
            (USIM, 0x6F46): b"\x01Provision Net".ljust(17, b"\xff"),
            (USIM, 0x6F3E): b"\x01\xff", (USIM, 0x6F3F): b"\x02\xff",
            (PKCS15, 0x5031): bytes.fromhex("a706300404026430"),
            (PKCS15, 0x6430): b"\xff" * 32,           # provisioning file: empty until a test writes it
        }
        self.channels = {0: None}
        self.pin = CardPin()

    def pin_states(self):
        """(application state, PIN1 state)"""
        if not self.pin.pin:
            return APP_READY, PIN_DISABLED
        if self.pin.verified:
            return APP_READY, PIN_VERIFIED
        return (APP_PIN1, PIN_NOT_VERIFIED) if self.pin.tries else (APP_PUK1, PIN_IS_BLOCKED)

    def try_pin(self, value: str) -> int:
        """Protocol error of the attempt, 0 if right."""
        if self.pin.verify(value):
            return 0
        return INCORRECT_PIN if self.pin.tries else PIN_BLOCKED

    def open_channel(self, aid: bytes):
        if aid not in (self.AID_USIM, self.AID_PKCS15) and aid != self.AID_USIM[:7]:
            return None, (0x6A, 0x82), b""
        channel = next(i for i in range(1, 20) if i not in self.channels)
        self.channels[channel] = [aid, None]
        return channel, (0x90, 0x00), bytes([0x62, 2 + len(aid), 0x84, len(aid)]) + aid

    def apdu(self, channel: int, apdu: bytes) -> bytes:
        if channel not in self.channels:
            return b"\x68\x81"
        state = self.channels[channel]
        if apdu[1] == 0xA4:
            return self.apdu_select(state, int.from_bytes(apdu[5:7], "big"))
        if apdu[1] == 0xB0 and state and state[1] is not None:
            off = int.from_bytes(apdu[2:4], "big")
            return state[1][off:off + (apdu[4] or 256)] + b"\x90\x00"
        if apdu[1] == 0x88:                           # RES, CK, IK
            return b"\xdb\x08" + b"RRRRRRRR" + b"\x10" + b"C" * 16 + b"\x10" + b"I" * 16 + b"\x90\x00"
        return b"\x6d\x00"

    def apdu_select(self, state, fid: int) -> bytes:
        data = next((v for (_, f), v in self.files.items() if f == fid), None)
        if data is None:
            return b"\x6a\x82"
        if state:
            state[1] = data
        fcp = bytes([0x80, 2]) + len(data).to_bytes(2, "big") + bytes([0x83, 2]) + fid.to_bytes(2, "big")
        return bytes([0x62, len(fcp)]) + fcp + b"\x90\x00"


class UimService:
    """Mixin of Modem; handlers are named uim_<message id>."""

    def uim_file(self, t):
        fid, n = struct.unpack("<HB", t[0x02][:3])
        raw = t[0x02][3:3 + n]
        path = "".join(raw[i:i + 2][::-1].hex().upper() for i in range(0, n, 2))   # pairs are little endian
        if path.startswith("7FFF"):
            path = "3F00" + path
        return fid, self.card.files.get((path or "3F00", fid))

    def uim_0020(self, t, cid):                       # Read Transparent; the USIM's files want PIN1
        fid, data = self.uim_file(t)
        if (USIM, fid) in self.card.files and not self.card.pin.verified:
            return result(INTERNAL) + tlv(0x10, b"\x69\x82")
        if data is None:
            return result(INTERNAL) + tlv(0x10, b"\x6a\x82")
        off, size = struct.unpack("<HH", t[0x03])
        return result() + tlv(0x10, b"\x90\x00") + tlv(0x11, arr16(data[off:off + (size or 65535)]))

    def uim_0024(self, t, cid):                       # Get File Attributes
        fid, data = self.uim_file(t)
        if data is None:
            return result(INTERNAL) + tlv(0x10, b"\x6a\x82")
        security = bytes([0, 0, 0]) * 5
        return result() + tlv(0x10, b"\x90\x00") + \
            tlv(0x11, struct.pack("<HHBHH", len(data), fid, 0, 0, 0) + security + arr16(b""))

    def card_status(self):
        app_state, pin_state = self.card.pin_states()
        app = bytes([2, app_state, 11, 0, 0, 0]) + arr8(Card.AID_USIM) + \
            bytes([0, pin_state, self.card.pin.tries, PUK_TRIES, PIN_VERIFIED, PIN_TRIES, PUK_TRIES])
        card = bytes([1, 0, 0, 0, 0]) + bytes([1]) + app
        return tlv(0x10, struct.pack("<HHHH", 0, 0xFFFF, 0xFFFF, 0xFFFF) + bytes([1]) + card)

    def uim_002f(self, t, cid): return result() + self.card_status()
    def uim_002e(self, t, cid): return result() + tlv(0x10, t.get(0x01, bytes(4)))
    def uim_0044(self, t, cid): return result()
    def uim_002a(self, t, cid): return result()
    def uim_002c(self, t, cid): return result()

    def uim_0026(self, t, cid):                       # Verify PIN
        error = self.card.try_pin(t[0x02][2:2 + t[0x02][1]].decode("ascii", "replace"))
        for link in list(self.links):
            link.send(indication(UIM, BROADCAST, 0x0032, self.card_status()))
        return result(error) + tlv(0x10, bytes([self.card.pin.tries, PUK_TRIES]))

    def uim_0047(self, t, cid):                       # Get Slot Status: one physical slot
        iccid = self.card.files[("3F00", 0x2FE2)]
        return result() + tlv(0x10, bytes([1]) + struct.pack("<IIB", 2, 1, 1) + arr8(iccid)) + \
            tlv(0x11, bytes([1]) + struct.pack("<IB", 2, 1) + arr8(bytes.fromhex("3b9f96801fc7")) + bytes([0]))

    def uim_0042(self, t, cid):                       # Open Logical Channel
        channel, sw, fci = self.card.open_channel(t[0x10][1:] if 0x10 in t else b"")
        if channel is None:
            return result(INTERNAL) + tlv(0x11, bytes(sw))
        return result() + tlv(0x10, bytes([channel])) + tlv(0x11, bytes(sw)) + tlv(0x12, arr8(fci))

    def uim_003f(self, t, cid):                       # Logical Channel: close, or open
        if 0x11 in t:
            return result() if self.card.channels.pop(t[0x11][0], 0) != 0 else result(INVALID_ARG)
        return self.uim_0042(t, cid)

    def uim_003b(self, t, cid):                       # Send APDU
        size = struct.unpack("<H", t[0x02][:2])[0]
        channel = t[0x10][0] if 0x10 in t else 0
        return result() + tlv(0x10, arr16(self.card.apdu(channel, t[0x02][2:2 + size])))

    def uim_0034(self, t, cid):                       # Authenticate (unknown to libqmi: raw message)
        context, size = struct.unpack("<BH", t[0x02][:3])
        answer = self.card.apdu(0, bytes([0, 0x88, 0, context, size]) + t[0x02][3:3 + size])
        return result() + tlv(0x10, answer[-2:]) + tlv(0x11, arr16(answer[:-2]))
