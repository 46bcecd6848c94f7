# SPDX-License-Identifier: Apache-2.0
"""The position service (PDS) of the simulated modem: a receiver of navigation satellites.

Owns: whether it is on, the sentences of its last fix (NMEA 0183, with their checksums).
Promises: while it is on, a fix is told to every stream at once; while it is off, nobody hears of any.
Must never know what a position is used for.
"""
import datetime

from qmux import BROADCAST, PDS, indication, result, tlv


def sentence(body: str) -> str:
    """With its checksum and line end."""
    total = 0
    for octet in body.encode():
        total ^= octet
    return f"${body}*{total:02X}\r\n"


def angle(degrees: float, width: int, letters: str) -> str:
    """Degrees and minutes in one number, and the half of the earth."""
    whole, part = divmod(abs(degrees), 1)
    return f"{int(whole):0{width}d}{part * 60:07.4f},{letters[degrees < 0]}"


def sentences(latitude: float, longitude: float, altitude: float, knots: str, course: str, when: datetime.datetime) -> list:
    place = f"{angle(latitude, 2, 'NS')},{angle(longitude, 3, 'EW')}"
    return [sentence(f"GPGGA,{when:%H%M%S}.00,{place},1,08,0.9,{altitude:.1f},M,20.0,M,,"),
            sentence(f"GPRMC,{when:%H%M%S}.00,A,{place},{knots},{course},{when:%d%m%y},,,A")]


class PdsService:
    """Mixin of Modem; self.receiver says whether it is on."""

    receiver = False

    def pds_0000(self, t, cid): return result()       # Reset
    def pds_0001(self, t, cid): return result()       # Set Event Report
    def pds_0031(self, t, cid): return result()       # Set Auto Tracking State

    def pds_0021(self, t, cid):                       # Set GPS Service State
        self.receiver = t[0x01][0] == 1
        return result()

    def fix(self, *words) -> bool:
        """False: it is off."""
        if not self.receiver:
            return False
        latitude, longitude, altitude = map(float, words[:3])
        when = datetime.datetime.fromisoformat(words[5])
        for line in sentences(latitude, longitude, altitude, words[3].strip("-"), words[4].strip("-"), when):
            for link in list(self.links):
                link.send(indication(PDS, BROADCAST, 0x0001, tlv(0x10, line.encode())))
        return True
