# SPDX-License-Identifier: Apache-2.0
"""The AuC's subscriber file: lines of IMSI K OPC AMF SQN, all hex but the IMSI. Owns the sequence numbers: a vector is given out only after its SQN is
on disk, so that none is used twice.
"""
from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from operator import xor
from pathlib import Path

from . import milenage

STEP = 32  # SEQ + 1 with five IND bits (TS 33.102 annex C)


@dataclass
class Subscriber:
    imsi: str
    k: bytes
    opc: bytes
    amf: bytes
    sqn: int

    def line(self) -> str:
        return f"{self.imsi} {self.k.hex()} {self.opc.hex()} {self.amf.hex()} {self.sqn:012x}\n"

    def next_vector(self) -> milenage.Vector:
        self.sqn += STEP
        return milenage.network_vector(self.k, self.opc, os.urandom(16), self.sqn.to_bytes(6, "big"), self.amf)

    def triplet(self) -> tuple[bytes, bytes, bytes]:
        return self.triplet_of(os.urandom(16))

    def triplet_of(self, rand: bytes) -> tuple[bytes, bytes, bytes]:
        """RAND, SRES, Kc by conversion functions c2 and c3 (TS 33.102 6.8.1.2)."""
        v = milenage.network_vector(self.k, self.opc, rand, bytes(6), self.amf)
        words = [int.from_bytes(v.xres[i:i + 4], "big") for i in range(0, len(v.xres), 4)]
        keys = [int.from_bytes((v.ck + v.ik)[i:i + 8], "big") for i in range(0, 32, 8)]
        return rand, reduce(xor, words).to_bytes(4, "big"), reduce(xor, keys).to_bytes(8, "big")

    def resync(self, rand: bytes, auts: bytes) -> bool:
        """TS 33.102 6.3.5: the card's SQN is taken over if AUTS is authentic."""
        sqn = milenage.network_resync(self.k, self.opc, rand, auts)
        if sqn is not None:
            self.sqn = int.from_bytes(sqn, "big")
        return sqn is not None


def load(path: Path) -> dict[str, Subscriber]:
    out = {}
    for line in path.read_text(encoding="ascii").splitlines() if path.exists() else []:
        part = line.split("#")[0].split()
        if len(part) == 5:
            out[part[0]] = Subscriber(part[0], *(bytes.fromhex(p) for p in part[1:4]), int(part[4], 16))
    return out


@contextmanager
def changing(path: Path) -> Iterator[dict[str, Subscriber]]:
    """The file under a lock; what the block changed is on disk when the block has ended."""
    with open(path.with_name("." + path.name + ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        subscribers = load(path)
        yield subscribers
        tmp = path.with_name(path.name + ".new")
        fd = os.open(tmp, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(fd, "w") as f:
            f.write("".join(s.line() for s in subscribers.values()))
            f.flush()
            os.fsync(f.fileno())
        os.rename(tmp, path)
