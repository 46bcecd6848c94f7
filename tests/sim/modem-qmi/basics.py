# SPDX-License-Identifier: Apache-2.0
"""CTL, DMS, NAS and WDA of the simulated modem: what libqmi and ModemManager ask before the interesting part.

Owns: client ids and to which stream each belongs; the modem's identity; the LTE network's answers.
Promises: a client id released, or whose stream ends, is told to the data service (a call dies with its owner).
Must never touch the network.
"""
import struct
from dataclasses import dataclass

from qmux import BROADCAST, CTL, DMS, NAMES, NAS, NO_MEMORY, PDS, UIM, UNKNOWN_SERVICE, WDA, WDS, WMS, arr8, indication, result, tlv

# Versions: later ones make libqmi and ModemManager use the newer messages.
VERSIONS = {CTL: (1, 5), WDS: (1, 60), DMS: (1, 25), NAS: (1, 25), WMS: (1, 10), PDS: (1, 18), UIM: (1, 46), WDA: (1, 16)}


class CtlService:
    """Mixin of Modem; also gets the stream of a request in self.current."""

    def ctl_ff00(self, t, cid):                       # Internal Proxy Open: the path of the control port
        self.proxy_open(self.current, t[0x01].decode())
        return result()

    def ctl_0027(self, t, cid): return result()       # Sync
    def ctl_0026(self, t, cid): return result() + tlv(0x10, struct.pack("<H", 2))

    def ctl_0021(self, t, cid):                       # Get Version Info
        rows = b"".join(struct.pack("<BHH", s, *v) for s, v in VERSIONS.items())
        return result() + tlv(0x01, bytes([len(VERSIONS)]) + rows)

    def ctl_0022(self, t, cid):                       # Allocate CID
        service = t[0x01][0]
        if service not in NAMES:
            return result(UNKNOWN_SERVICE)
        new = next((i for i in range(1, 0xFF) if (service, i) not in self.clients), None)
        if new is None:
            return result(NO_MEMORY)
        self.clients[(service, new)] = self.current
        return result() + tlv(0x01, bytes([service, new]))

    def ctl_0023(self, t, cid):                       # Release CID
        self.release(t[0x01][0], t[0x01][1])
        return result() + tlv(0x01, t[0x01])

    def release(self, service: int, cid: int) -> None:
        if self.clients.pop((service, cid), None) and service == WDS:
            self.wds_released(cid)

    def forget(self, link) -> None:
        """The stream ended: its clients are gone, as qmi-proxy would release them."""
        if link in self.links:
            self.links.remove(link)
        for service, cid in [key for key, owner in self.clients.items() if owner is link]:
            self.release(service, cid)


class DmsService:
    def dms_0001(self, t, cid): return result()
    def dms_0021(self, t, cid): return result() + tlv(0x01, b"Simulated")
    def dms_0022(self, t, cid): return result() + tlv(0x01, self.model.encode())
    def dms_0023(self, t, cid): return result() + tlv(0x01, b"1.0")
    def dms_002c(self, t, cid): return result() + tlv(0x01, b"1.0")
    def dms_0024(self, t, cid): return result() + tlv(0x01, self.number.encode())

    def dms_0020(self, t, cid):                       # Get Capabilities: GSM, UMTS, LTE
        return result() + tlv(0x01, struct.pack("<IIBB", 50000000, 100000000, 3, 2) + bytes([3, 4, 5, 8]))

    def dms_0025(self, t, cid):                       # Get IDs
        return result() + tlv(0x10, b"0") + tlv(0x11, self.imei.encode()) + tlv(0x12, b"0")

    def dms_002d(self, t, cid):
        return result() + tlv(0x01, bytes([self.operating_mode]))

    def dms_002e(self, t, cid):
        self.operating_mode = t[0x01][0]
        return result()

    def dms_0045(self, t, cid):                       # Get Band Capabilities
        return result() + tlv(0x01, struct.pack("<Q", 1 << 7)) + tlv(0x10, struct.pack("<Q", 0x4))


@dataclass(frozen=True)
class Registration:
    """What the network answers; numbers as in the NAS messages."""
    serving: int                                      # registration state of Get Serving System
    service: int                                      # service status of Get System Info: 0 none, 1 limited, 2 available
    roaming: bool
    forbidden: bool


HOME, AWAY = (240, 8, "Provision Net"), (262, 1, "Other Net")
REGISTRATIONS = {
    "home": Registration(1, 2, False, False),
    "roaming": Registration(1, 2, True, False),
    "searching": Registration(2, 0, False, False),
    "denied": Registration(3, 1, False, True),
}


def operator_value(operator) -> bytes:
    mcc, mnc, name = operator
    return struct.pack("<HH", mcc, mnc) + arr8(name.encode())


class NasService:
    """Mixin of Modem; the present state is in self.registration, one of REGISTRATIONS; self.away is who serves while it roams."""

    acquisition = bytes([3, 8, 5, 4])                 # LTE, UMTS, GSM
    cell, tracking_area = 0x1122BB, 0x31C5
    signal = (-60, -10, -90, 15)                      # of LTE: RSSI (dBm), RSRQ (dB), RSRP (dBm), SNR (dB)

    def nas_0002(self, t, cid): return result()
    def nas_0003(self, t, cid): return result()
    def nas_0022(self, t, cid): return result()
    def nas_0023(self, t, cid): return result()
    def nas_0050(self, t, cid): return result()
    def nas_006c(self, t, cid): return result()

    def serving_operator(self):
        return self.away if self.registration.roaming else HOME

    def serving_system(self) -> bytes:
        now = self.registration
        attached = 1 if now.serving == 1 else 2
        return tlv(0x01, bytes([now.serving, attached, attached, 2, 1, 8])) + tlv(0x10, bytes([0 if now.roaming else 1])) + \
            tlv(0x12, operator_value(self.serving_operator())) + tlv(0x11, bytes([1, 11])) + \
            tlv(0x1D, struct.pack("<H", 0x1234)) + tlv(0x1E, struct.pack("<I", self.cell))

    def system_info(self) -> bytes:
        now = self.registration
        mcc, mnc, _ = self.serving_operator()
        domain = 3 if now.service else 0              # circuit and packet switched, or none
        lte = bytes([1, domain, 1, 3, 1, now.roaming, 1, now.forbidden]) + bytes([1]) + struct.pack("<H", 0x1234) + \
            bytes([1]) + struct.pack("<I", self.cell) + bytes([0, 0, 0]) + bytes([1]) + b"%03d%02d\xff" % (mcc, mnc) + \
            bytes([1]) + struct.pack("<H", self.tracking_area)
        return tlv(0x14, bytes([now.service, now.service, 1])) + tlv(0x19, lte)

    def register(self, name: str, plmn="") -> None:
        """The network changes its mind; every client hears of it."""
        self.registration = REGISTRATIONS[name]
        self.away = (int(plmn[:3]), int(plmn[3:]), f"Net {plmn}") if plmn else AWAY
        self.tell_system()

    def tell_system(self) -> None:
        for link in list(self.links):
            link.send(indication(NAS, BROADCAST, 0x0024, self.serving_system()))
            link.send(indication(NAS, BROADCAST, 0x004E, self.system_info()))

    def signal_info(self) -> bytes:
        rssi, rsrq, rsrp, snr = self.signal
        return tlv(0x14, struct.pack("<bbhh", rssi, rsrq, rsrp, snr * 10))

    def move(self, cell: int, tracking_area: int, signal: tuple) -> None:
        """Another cell serves it, the signal is another one: every client hears of it."""
        self.cell, self.tracking_area, self.signal = cell, tracking_area, signal
        self.tell_system()
        for link in list(self.links):
            link.send(indication(NAS, BROADCAST, 0x0051, self.signal_info()))

    def nas_0024(self, t, cid):                       # Get Serving System
        return result() + self.serving_system()

    def nas_004d(self, t, cid):                       # Get System Info
        return result() + self.system_info()

    def nas_0025(self, t, cid):                       # Get Home Network
        return result() + tlv(0x01, operator_value(HOME))

    def nas_0034(self, t, cid):                       # Get System Selection Preference
        return result() + tlv(0x11, struct.pack("<H", 0x1C)) + tlv(0x16, b"\x00") + \
            tlv(0x12, struct.pack("<Q", 1 << 7)) + tlv(0x15, struct.pack("<Q", 4)) + tlv(0x1C, self.acquisition)

    def nas_0033(self, t, cid):                       # Set System Selection Preference: of it, the order of acquisition
        self.acquisition = t.get(0x1E, self.acquisition)
        return result()

    def nas_004f(self, t, cid):                       # Get Signal Info
        return result() + self.signal_info()

    def nas_0020(self, t, cid):                       # Get Signal Strength
        return result() + tlv(0x01, struct.pack("<bb", self.signal[0], 8))


class WdaService:
    # Set Data Format: raw IP, no aggregation. So ModemManager reports static addresses (with 802.3 it says DHCP), while the
    # port that stands in for it is an Ethernet pair, on which address resolution works.
    def wda_0020(self, t, cid):
        return result() + tlv(0x11, struct.pack("<I", 2)) + tlv(0x12, struct.pack("<I", 0)) + tlv(0x13, struct.pack("<I", 0))

    wda_0021 = wda_0020
