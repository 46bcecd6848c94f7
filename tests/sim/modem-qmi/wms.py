# SPDX-License-Identifier: Apache-2.0
"""The message service (WMS) of the simulated modem.

Owns: one storage (UIM) of received PDUs with their tags, the acknowledgements of transfer-route messages.
Promises: every stream hears of every message, and any client can read it until somebody deletes it.
Must never look into a message.
"""
import struct

from qmux import BROADCAST, INVALID_ARG, NO_ENTRY, WMS, arr16, indication, result, tlv

STORAGE_UIM, CAPACITY = 0, 255
FORMAT_GW_PP = 6
TAG_READ, TAG_NOT_READ = 0, 1


class WmsService:
    """Mixin of Modem; handlers are named wms_<message id>."""

    def wms_0001(self, t, cid): return result()       # Set Event Report
    def wms_0032(self, t, cid): return result()       # Set Routes
    def wms_0033(self, t, cid): return result() + tlv(0x01, struct.pack("<H", 0))
    def wms_0030(self, t, cid): return result() + tlv(0x01, b"\x01")

    def wms_0031(self, t, cid):                       # List Messages
        wanted = t.get(0x11, b"\xff")[0]
        rows = [(i, tag) for i, (tag, _) in sorted(self.sms.items())
                if t[0x01][0] == STORAGE_UIM and wanted in (0xFF, tag)]
        return result() + tlv(0x01, struct.pack("<I", len(rows)) + b"".join(struct.pack("<IB", *r) for r in rows))

    def wms_0022(self, t, cid):                       # Raw Read
        storage, index = struct.unpack("<BI", t[0x01])
        if storage != STORAGE_UIM or index not in self.sms:
            return result(NO_ENTRY)
        tag, pdu = self.sms[index]
        self.sms[index] = (TAG_READ, pdu)
        return result() + tlv(0x01, bytes([tag, FORMAT_GW_PP]) + arr16(pdu))

    def wms_0023(self, t, cid):                       # Modify Tag
        storage, index, tag = struct.unpack("<BIB", t[0x01])
        if storage != STORAGE_UIM or index not in self.sms:
            return result(NO_ENTRY)
        self.sms[index] = (tag, self.sms[index][1])
        return result()

    def wms_0024(self, t, cid):                       # Delete: by index, by tag, or the whole storage
        if t.get(0x01, b"\x00")[0] != STORAGE_UIM:
            return result(INVALID_ARG)
        if 0x10 in t:
            return result() if self.sms.pop(struct.unpack("<I", t[0x10])[0], None) else result(NO_ENTRY)
        tag = t[0x11][0] if 0x11 in t else None
        self.sms = {i: row for i, row in self.sms.items() if tag is not None and row[0] != tag}
        return result()

    def wms_0037(self, t, cid):                       # Send Ack
        self.acks.append(struct.unpack("<IBB", t[0x01]))
        return result()

    def announce(self, body: bytes) -> None:
        for link in list(self.links):
            link.send(indication(WMS, BROADCAST, 0x0001, body + tlv(0x12, b"\x01")))

    def store(self, pdu: bytes, silent: bool = False):
        """Index of the stored PDU (SMSC address first), None if the storage is full."""
        index = next((i for i in range(CAPACITY) if i not in self.sms), None)
        if index is None:
            return None
        self.sms[index] = (TAG_NOT_READ, pdu)
        if not silent:
            self.announce(tlv(0x10, struct.pack("<BI", STORAGE_UIM, index)))
        return index

    def route(self, tpdu: bytes) -> None:
        """Transfer route: not stored, to be acknowledged."""
        self.announce(tlv(0x11, bytes([0]) + struct.pack("<IB", 77, FORMAT_GW_PP) + arr16(tpdu)))
