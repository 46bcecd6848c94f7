# SPDX-License-Identifier: Apache-2.0
"""The time that a simulated network tells its modem (NITZ), as +CCLK? answers it.

Owns: whether the network told a time, and which. Promises: a time goes on once set; the zone is an hour east of UTC, so that an agent that mixes up
local time and UTC is found out (3GPP TS 27.007 8.15: local time and quarters of an hour). Must never read or set another clock than the host's.
"""
import time

UNKNOWN = '+CCLK: "80/01/06,00:00:00+00"'             # what modems show that were told none: the GPS epoch
ZONE_QUARTERS = 4


class NetworkTime:
    def __init__(self):
        self.ahead = None                             # of the host's clock, seconds; None: the network tells no time

    def control(self, word: str) -> str:
        """now, Unix seconds, or off."""
        self.ahead = None if word == "off" else 0 if word == "now" else int(word) - time.time()
        return "ok"

    def cclk(self) -> str:
        if self.ahead is None:
            return UNKNOWN
        local = time.gmtime(time.time() + self.ahead + ZONE_QUARTERS * 900)
        return f'+CCLK: "{time.strftime("%y/%m/%d,%H:%M:%S", local)}{ZONE_QUARTERS:+03d}"'
