# SPDX-License-Identifier: Apache-2.0
"""The message service (WMS) of the simulated modem.

Owns: two storages (UIM and NV) of received PDUs with their tags and capacities, the acknowledgements of transfer-route messages.
Promises: every stream hears of every message, and any client can read it until somebody deletes it; what does not fit is refused, as a network is told.
Must never look into a message.
"""
import struct

from qmux import BROADCAST, INVALID_ARG, NO_ENTRY, WMS, arr16, indication, result, tlv

STORAGES = {"uim": 0, "nv": 1}
CAPACITIES = {"uim": 255, "nv": 255}
FORMAT_GW_PP = 6
TAG_READ, TAG_NOT_READ = 0, 1


class WmsService:
    """Mixin of Modem; handlers are named wms_<message id>."""

    def wms_0001(self, t, cid): return result()       # Set Event Report
    def wms_0032(self, t, cid): return result()       # Set Routes
    def wms_0033(self, t, cid): return result() + tlv(0x01, struct.pack("<H", 0))
    def wms_0030(self, t, cid): return result() + tlv(0x01, b"\x01")

    def wms_0036(self, t, cid):                       # Get Store Max Size: all and free slots
        slots = self.slots(t[0x01][0])
        if slots is None:
            return result(INVALID_ARG)
        size = self.capacities[t[0x01][0]]
        return result() + tlv(0x01, struct.pack("<I", size)) + tlv(0x10, struct.pack("<I", size - len(slots)))

    def slots(self, storage):
        """{index: (tag, PDU)} of a storage, None if there is no such one."""
        return self.sms.setdefault(storage, {}) if storage in STORAGES.values() else None

    def wms_0031(self, t, cid):                       # List Messages
        slots = self.slots(t[0x01][0])
        if slots is None:
            return result(INVALID_ARG)
        wanted = t.get(0x11, b"\xff")[0]
        rows = [(i, tag) for i, (tag, _) in sorted(slots.items()) if wanted in (0xFF, tag)]
        return result() + tlv(0x01, struct.pack("<I", len(rows)) + b"".join(struct.pack("<IB", *r) for r in rows))

    def wms_0022(self, t, cid):                       # Raw Read
        storage, index = struct.unpack("<BI", t[0x01])
        slots = self.slots(storage) or {}
        if index not in slots:
            return result(NO_ENTRY)
        tag, pdu = slots[index]
        slots[index] = (TAG_READ, pdu)
        return result() + tlv(0x01, bytes([tag, FORMAT_GW_PP]) + arr16(pdu))

    def wms_0023(self, t, cid):                       # Modify Tag
        storage, index, tag = struct.unpack("<BIB", t[0x01])
        slots = self.slots(storage) or {}
        if index not in slots:
            return result(NO_ENTRY)
        slots[index] = (tag, slots[index][1])
        return result()

    def wms_0024(self, t, cid):                       # Delete: by index, by tag, or the whole storage
        slots = self.slots(t.get(0x01, b"\xff")[0])
        if slots is None:
            return result(INVALID_ARG)
        if 0x10 in t:
            return result() if slots.pop(struct.unpack("<I", t[0x10])[0], None) else result(NO_ENTRY)
        tag = t[0x11][0] if 0x11 in t else None
        for index in [i for i, row in slots.items() if tag is None or row[0] == tag]:
            del slots[index]
        return result()

    def wms_0037(self, t, cid):                       # Send Ack
        self.acks.append(struct.unpack("<IBB", t[0x01]))
        return result()

    def announce(self, body: bytes) -> None:
        for link in list(self.links):
            link.send(indication(WMS, BROADCAST, 0x0001, body + tlv(0x12, b"\x01")))

    def store(self, pdu: bytes, storage: str = "uim", silent: bool = False):
        """Index of the stored PDU (SMSC address first), None if the storage is full."""
        number = STORAGES[storage]
        slots = self.slots(number)
        index = next((i for i in range(self.capacities[number]) if i not in slots), None)
        if index is None:
            return None
        slots[index] = (TAG_NOT_READ, pdu)
        if not silent:
            self.announce(tlv(0x10, struct.pack("<BI", number, index)))
        return index

    def stored(self) -> dict:
        """What lies where: the index alone means UIM, "nv" before it NV."""
        return {("" if name == "uim" else name) + str(i): [tag, pdu.hex()] for name, number in STORAGES.items()
                for i, (tag, pdu) in self.slots(number).items()}

    def route(self, tpdu: bytes) -> None:
        """Transfer route: not stored, to be acknowledged."""
        self.announce(tlv(0x11, bytes([0]) + struct.pack("<IB", 77, FORMAT_GW_PP) + arr16(tpdu)))
