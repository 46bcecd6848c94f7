# SPDX-License-Identifier: Apache-2.0
"""The data service (WDS) of the simulated modem, and the operator's side of its bearer.

Owns: profiles, packet data calls by client id, the state of the operator's end of the network port.
Promises: packets cross only while a call stands; one call of one IP family at a time per client; a call ends with its owner.
Must never change the gateway's own network port: that is the work of whom the modem belongs to.
"""
import ipaddress
import struct
import subprocess
import time

import subscription
from qmux import CALL_FAILED, INVALID_ARG, NO_EFFECT, WDS, arr8, indication, result, tlv

IPV4, IPV6 = 4, 6
ADDRESSES, GATEWAY, MASK, DNS, MTU = ("192.0.2.10", "192.0.2.11"), "192.0.2.1", "255.255.255.0", "192.0.2.53", 1420
ADDRESS6, GATEWAY6, DNS6, PREFIX6 = "2001:db8:c0::10", "2001:db8:c0::1", "2001:db8:c0::53", 64
PEER_ADDRESSES = (f"{GATEWAY}/24", f"{DNS}/24", f"{GATEWAY6}/{PREFIX6}", f"{DNS6}/{PREFIX6}")
START_TLVS = {"profile": 0x31, "apn": 0x14, "auth": 0x16, "user": 0x17, "password": 0x18}
PROFILE_TLVS = {"apn": 0x14, "auth": 0x1D, "user": 0x1B, "password": 0x1C}


class Peer:
    """The operator's end of the veth; without a name only the messages are simulated."""

    def __init__(self, name: str, namespace: str):
        self.name, self.namespace, self.up = name, namespace, False

    def ip(self, *words: str) -> None:
        subprocess.run(["ip", "-n", self.namespace, *words], check=True)

    def set_up(self, up: bool) -> None:
        if up == self.up:
            return
        self.up = up
        if not self.name:
            return
        if up:
            for address in PEER_ADDRESSES:
                self.ip("address", "replace", address, "dev", self.name, *(["nodad"] if ":" in address else []))
            self.ip("link", "set", self.name, "mtu", str(MTU), "up")
        else:
            self.ip("link", "set", self.name, "down")
            self.ip("address", "flush", "dev", self.name)


def address_value(text: str) -> bytes:
    return struct.pack("<I", int.from_bytes(bytes(map(int, text.split("."))), "big"))


def address6_value(text: str) -> bytes:
    return ipaddress.IPv6Address(text).packed


class WdsService:
    """Mixin of Modem; handlers are named wds_<message id>."""

    def wds_0001(self, t, cid): return result()
    def wds_0003(self, t, cid): return result()
    def wds_00a2(self, t, cid): return result()       # Bind Mux Data Port

    def wds_004d(self, t, cid):                       # Set IP Family
        self.families[cid] = t[0x01][0]
        return result()

    def wds_0022(self, t, cid):                       # Get Packet Service Status
        return result() + tlv(0x01, bytes([2 if cid in self.networks else 1]))

    def attempt(self, t, cid) -> dict:
        """What the client asks for, with its profile as the base."""
        profile = self.profiles.get(t[START_TLVS["profile"]][0], {}) if START_TLVS["profile"] in t else {}
        value = {k: profile.get(kind, b"") for k, kind in PROFILE_TLVS.items()}
        value.update({k: t[kind] for k, kind in START_TLVS.items() if kind in t and k != "profile"})
        value["family"] = t[0x19][0] if 0x19 in t else self.families.get(cid, IPV4)
        return value

    def wds_0020(self, t, cid):                       # Start Network
        asked = self.attempt(t, cid)
        self.attempts.append({"at": time.monotonic(), **{k: v.hex() if isinstance(v, bytes) else v for k, v in asked.items() if k != "password"}})
        if cid in self.networks:
            return result(NO_EFFECT) + tlv(0x01, struct.pack("<I", 0x1000 + cid))
        reason = self.refuse.pop(0) if self.refuse else None
        preference = asked["auth"][0] if asked["auth"] else 0
        reason = reason or subscription.attempt_check(self.table, asked["apn"], preference, asked["user"], asked["password"])
        reason = reason or subscription.family_check(self.table, asked["apn"], "ipv6" if asked["family"] == IPV6 else "ipv4")
        self.attempts[-1]["result"] = reason.name if reason else "accepted"
        if reason:
            return result(CALL_FAILED) + reason.tlvs()
        self.networks[cid] = asked["apn"].decode("ascii", "replace")
        self.families[cid] = asked["family"]
        self.peer.set_up(True)
        return result() + tlv(0x01, struct.pack("<I", 0x1000 + cid))

    def wds_0021(self, t, cid):                       # Stop Network
        if cid not in self.networks:
            return result(NO_EFFECT)
        self.wds_released(cid)
        return result()

    def wds_released(self, cid) -> None:
        self.families.pop(cid, None)
        if self.networks.pop(cid, None) is not None and not self.networks:
            self.peer.set_up(False)

    def network_drop(self, reason) -> int:
        """The network ends every call; the owner of each is told. Returns how many there were."""
        dropped = sorted(self.networks)
        for cid in dropped:
            self.wds_released(cid)
            body = tlv(0x01, bytes([1, 0])) + reason.tlvs() + tlv(0x12, bytes([IPV4]))
            self.clients[(WDS, cid)].send(indication(WDS, cid, 0x0022, body))
        return len(dropped)

    def wds_002d(self, t, cid):                       # Get Current Settings
        if cid not in self.networks:
            return result(0x0F)                       # OutOfCall
        if self.families[cid] == IPV6:
            return result() + tlv(0x25, address6_value(ADDRESS6) + bytes([PREFIX6])) + tlv(0x26, address6_value(GATEWAY6) + bytes([PREFIX6])) + \
                tlv(0x27, address6_value(DNS6)) + tlv(0x29, struct.pack("<I", MTU)) + tlv(0x2B, bytes([IPV6]))
        return result() + tlv(0x15, address_value(DNS)) + tlv(0x1E, address_value(self.address)) + \
            tlv(0x20, address_value(GATEWAY)) + tlv(0x21, address_value(MASK)) + \
            tlv(0x29, struct.pack("<I", MTU)) + tlv(0x2B, bytes([IPV4]))

    def wds_0027(self, t, cid):                       # Create Profile
        index = next(i for i in range(1, 17) if i not in self.profiles)
        self.profiles[index] = {k: v for k, v in t.items() if k != 0x01}
        return result() + tlv(0x01, bytes([0, index]))

    def wds_0028(self, t, cid):                       # Modify Profile
        if t[0x01][1] not in self.profiles:
            return result(INVALID_ARG)
        self.profiles[t[0x01][1]].update({k: v for k, v in t.items() if k != 0x01})
        return result()

    def wds_0029(self, t, cid):                       # Delete Profile
        return result() if self.profiles.pop(t[0x01][1], None) else result(INVALID_ARG)

    def wds_002a(self, t, cid):                       # Get Profile List
        return result() + tlv(0x01, bytes([len(self.profiles)]) + b"".join(
            bytes([0, i]) + arr8(p.get(0x10, b"")) for i, p in sorted(self.profiles.items())))

    def wds_002b(self, t, cid):                       # Get Profile Settings
        p = self.profiles.get(t[0x01][1])
        return result() + b"".join(tlv(k, v) for k, v in p.items()) if p else result(INVALID_ARG)
