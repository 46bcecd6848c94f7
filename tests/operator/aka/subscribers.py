# SPDX-License-Identifier: Apache-2.0
"""The subscriber file shared by the AuC and the BSF: lines of IMSI K OPC AMF SQN, all hex but the IMSI."""
from __future__ import annotations

import os
from dataclasses import dataclass

from . import milenage


@dataclass
class Subscriber:
    k: bytes
    opc: bytes
    amf: bytes
    sqn: int

    def next_vector(self) -> milenage.Vector:
        self.sqn += 32  # SEQ + 1 with five IND bits
        return milenage.network_vector(self.k, self.opc, os.urandom(16), self.sqn.to_bytes(6, "big"), self.amf)

    def resync(self, rand: bytes, auts: bytes) -> bool:
        sqn = milenage.network_resync(self.k, self.opc, rand, auts)
        if sqn is not None:
            self.sqn = int.from_bytes(sqn, "big")
        return sqn is not None


def load(path: str) -> dict[str, Subscriber]:
    out = {}
    with open(path, encoding="ascii") as f:
        for line in f:
            part = line.split("#")[0].split()
            if len(part) == 5:
                out[part[0]] = Subscriber(*(bytes.fromhex(p) for p in part[1:4]), int(part[4], 16))
    return out
