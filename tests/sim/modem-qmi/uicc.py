# SPDX-License-Identifier: Apache-2.0
"""The card in the simulated modem, and the UIM service that reads it.

Owns: PIN1 with its try counter, whether the card is there, who is told of a refresh. Files and APDUs are those of ../card/uicc_files.py.
Promises: EF_ICCID, EF_DIR, a USIM with IMSI and names, a PKCS#15 application with empty directories until an image is loaded.
Must never hold a real subscriber key: AUTHENTICATE gives a fixed answer.
"""
import struct
import sys
from pathlib import Path

sys.path[1:1] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[1] / "card")]
from card_pin import PIN_TRIES, PUK_TRIES, CardPin  # noqa: E402
from uicc_files import AID_PKCS15, PKCS15, FileCard  # noqa: E402

from qmux import BROADCAST, INCORRECT_PIN, INTERNAL, INVALID_ARG, NOT_SUPPORTED, PIN_BLOCKED, UIM, arr8, arr16, indication, result, tlv  # noqa: E402

USIM = "3F007FFF"
APP_PIN1, APP_PUK1, APP_READY = 2, 3, 7               # application state in the card status
PIN_NOT_VERIFIED, PIN_VERIFIED, PIN_DISABLED, PIN_IS_BLOCKED = 1, 2, 3, 4


def bcd(digits: str) -> bytes:
    return bytes(int(digits[i + 1] + digits[i], 16) for i in range(0, len(digits), 2))


class Card(FileCard):
    AID_USIM = bytes.fromhex("a0000000871002ffffffff8903020000")

    def __init__(self, iccid="89460811111111111114", imsi="240081111111111"):
        self.iccid, self.imsi = iccid, imsi
        super().__init__({
            ("3F00", 0x2FE2): bcd(iccid),
            ("3F00", 0x2F00): [bytes.fromhex("61184f10a0000000871002ffffffff890302000050045553494d").ljust(38, b"\xff"),
                               bytes.fromhex("611d4f0ca000000063504b43532d31355007504b435323313551043f007f50").ljust(38, b"\xff")],
            (USIM, 0x6F07): bytes([8]) + bcd("9" + imsi),
            (USIM, 0x6FAD): bytes([0, 0, 0, 2]),
            (USIM, 0x6F46): b"\x01Provision Net".ljust(17, b"\xff"),
            (USIM, 0x6F3E): b"\x01\xff", (USIM, 0x6F3F): b"\x02\xff",
            (PKCS15, 0x5031): bytes.fromhex("a706300404026430"),
            (PKCS15, 0x6430): b"\xff" * 32,           # no entry until an image is loaded
        }, {self.AID_USIM: USIM, AID_PKCS15: PKCS15})
        self.present = True
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


class UimService:
    """Mixin of Modem; handlers are named uim_<message id>."""

    def uim_file(self, t):
        fid, n = struct.unpack("<HB", t[0x02][:3])
        raw = t[0x02][3:3 + n]
        path = "".join(raw[i:i + 2][::-1].hex().upper() for i in range(0, n, 2))   # pairs are little endian
        if path.startswith("7FFF"):
            path = "3F00" + path
        return path or "3F00", fid

    def uim_refusal(self, path_and_id, wanted):
        """Status word that refuses to read it, or None; the USIM's files want PIN1, others what the image says."""
        data = self.card.files.get(path_and_id)
        if not isinstance(data, wanted) or not self.card.present:
            return b"\x6a\x82"
        locked = path_and_id[0] == USIM and not self.card.pin.verified
        return b"\x69\x82" if locked or path_and_id in self.card.protected else None

    def uim_part(self, t, wanted, cut):
        """Read Transparent and Read Record; `files` of self.refused is firmware that refuses them."""
        if "files" in self.refused:
            return result(NOT_SUPPORTED)
        key = self.uim_file(t)
        refusal = self.uim_refusal(key, wanted)
        if refusal:
            return result(INTERNAL) + tlv(0x10, refusal)
        return result() + tlv(0x10, b"\x90\x00") + tlv(0x11, arr16(cut(self.card.files[key], *struct.unpack("<HH", t[0x03]))))

    def uim_0020(self, t, cid):                       # Read Transparent
        return self.uim_part(t, bytes, lambda data, at, size: data[at:at + (size or 65535)])

    def uim_0021(self, t, cid):                       # Read Record
        return self.uim_part(t, list, lambda data, number, size: data[number - 1] if number <= len(data) else b"")

    def uim_0024(self, t, cid):                       # Get File Attributes: size, id, type, length and number of records
        key = self.uim_file(t)
        refusal = self.uim_refusal(key, (bytes, list))
        if refusal:
            return result(INTERNAL) + tlv(0x10, refusal)
        data = self.card.files[key]
        records = isinstance(data, list)
        size = sum(map(len, data)) if records else len(data)
        security = bytes([0, 0, 0]) * 5
        return result() + tlv(0x10, b"\x90\x00") + tlv(0x11, struct.pack("<HHBHH", size, key[1], 2 if records else 0,
                                                                        len(data[0]) if records else 0, len(data) if records else 0) +
                                                      security + arr16(b""))

    def card_status(self):
        app_state, pin_state = self.card.pin_states()
        app = bytes([2, app_state, 11, 0, 0, 0]) + arr8(Card.AID_USIM) + \
            bytes([0, pin_state, self.card.pin.tries, PUK_TRIES, PIN_VERIFIED, PIN_TRIES, PUK_TRIES])
        card = bytes([1, 0, 0, 0, 0]) + bytes([1]) + app if self.card.present else bytes([0, 0, 0, 0, 0, 0])
        return tlv(0x10, struct.pack("<HHHH", 0, 0xFFFF, 0xFFFF, 0xFFFF) + bytes([1]) + card)

    def uim_002f(self, t, cid): return result() + self.card_status()
    def uim_002e(self, t, cid): return result() + tlv(0x10, t.get(0x01, bytes(4)))
    def uim_002a(self, t, cid): return result()

    def uim_002c(self, t, cid):                       # Refresh Complete
        self.refreshes["complete"] += t[0x02][0] == 1
        return result()

    def uim_0044(self, t, cid):                       # Refresh Register All
        self.refreshes["clients"][cid] = self.current
        return result()

    def tell_status(self) -> None:
        for link in list(self.links):
            link.send(indication(UIM, BROADCAST, 0x0032, self.card_status()))

    def refresh(self) -> None:
        """The issuer refreshed files: each client that asked is told of the start, and of the end."""
        for stage in (1, 2):
            for cid, link in list(self.refreshes["clients"].items()):
                if link in self.links:
                    event = bytes([stage, 3, 0, 0]) + struct.pack("<H", 0)  # mode: file change notification; provisioning session; no file list
                    link.send(indication(UIM, cid, 0x0033, tlv(0x10, event)))

    def uim_0026(self, t, cid):                       # Verify PIN
        error = self.card.try_pin(t[0x02][2:2 + t[0x02][1]].decode("ascii", "replace"))
        self.tell_status()
        return result(error) + tlv(0x10, bytes([self.card.pin.tries, PUK_TRIES]))

    def uim_0047(self, t, cid):                       # Get Slot Status: one physical slot
        iccid = self.card.files[("3F00", 0x2FE2)]
        return result() + tlv(0x10, bytes([1]) + struct.pack("<IIB", 2, 1, 1) + arr8(iccid)) + \
            tlv(0x11, bytes([1]) + struct.pack("<IB", 2, 1) + arr8(bytes.fromhex("3b9f96801fc7")) + bytes([0]))

    def uim_0042(self, t, cid):                       # Open Logical Channel; `channels` of self.refused is firmware that refuses it
        if "channels" in self.refused:
            return result(NOT_SUPPORTED)
        channel = self.card.open_channel() if self.card.present else None
        if channel is None:
            return result(INTERNAL) + tlv(0x11, b"\x6a\x81")
        if not self.card.select_application(channel, t[0x10][1:] if 0x10 in t else b""):
            self.card.close_channel(channel)
            return result(INTERNAL) + tlv(0x11, b"\x6a\x82")
        return result() + tlv(0x10, bytes([channel])) + tlv(0x11, b"\x90\x00") + tlv(0x12, arr8(b""))

    def uim_003f(self, t, cid):                       # Logical Channel: close, or open
        if 0x11 in t:
            return result() if self.card.close_channel(t[0x11][0]) else result(INVALID_ARG)
        return self.uim_0042(t, cid)

    def uim_003b(self, t, cid):                       # Send APDU: class and channel must agree, unless the class leaves it to the modem
        size = struct.unpack("<H", t[0x02][:2])[0]
        channel, apdu = t[0x10][0] if 0x10 in t else 0, t[0x02][2:2 + size]
        if apdu[0] & 3 not in (0, channel):
            return result(INVALID_ARG)
        return result() + tlv(0x10, arr16(self.card.process(apdu, channel)))

    def uim_0034(self, t, cid):                       # Authenticate (unknown to libqmi: raw message)
        context, size = struct.unpack("<BH", t[0x02][:3])
        answer = b"\xdb\x08" + b"RRRRRRRR" + b"\x10" + b"C" * 16 + b"\x10" + b"I" * 16 + b"\x90\x00" if size else b"\x67\x00"
        return result() + tlv(0x10, answer[-2:]) + tlv(0x11, arr16(answer[:-2]))
