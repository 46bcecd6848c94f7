# SPDX-License-Identifier: Apache-2.0
"""MILENAGE (3GPP TS 35.206), the USIM's SQN check and AUTS (TS 33.102 annex C). Test peer, not production code."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Optional

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_C = [bytes(16)] + [bytes(15) + bytes([c]) for c in (1, 2, 4, 8)]
_R = [64, 0, 32, 64, 96]


def _aes(key: bytes, block: bytes) -> bytes:
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    return encryptor.update(block) + encryptor.finalize()


def _rotate(block: bytes, bits: int) -> bytes:
    n = bits // 8
    return block[n:] + block[:n]


def xor(a: bytes, b: bytes) -> bytes:
    return bytes(x ^ y for x, y in zip(a, b))


def opc(k: bytes, op: bytes) -> bytes:
    return xor(_aes(k, op), op)


@dataclass
class Milenage:
    k: bytes
    opc: bytes

    def _out(self, block: bytes, i: int) -> bytes:
        return xor(_aes(self.k, xor(block, _C[i])), self.opc)

    def f1(self, rand: bytes, sqn: bytes, amf: bytes) -> tuple[bytes, bytes]:
        """MAC-A (f1) and MAC-S (f1*)."""
        temp = _aes(self.k, xor(rand, self.opc))
        in1 = (sqn + amf) * 2
        out = self._out(xor(temp, _rotate(xor(in1, self.opc), _R[0])), 0)
        return out[:8], out[8:]

    def f2345(self, rand: bytes) -> tuple[bytes, bytes, bytes, bytes, bytes]:
        """RES, CK, IK, AK and AK* (f5*)."""
        temp = xor(_aes(self.k, xor(rand, self.opc)), self.opc)
        o = [self._out(_rotate(temp, _R[i]), i) for i in range(1, 5)]
        return o[0][8:], o[1], o[2], o[0][:6], o[3][:6]


@dataclass
class Answer:
    """What a card returns: kind "ok" (res, ck, ik), "auts" (auts) or "mac"."""
    kind: str
    res: bytes = b""
    ck: bytes = b""
    ik: bytes = b""
    auts: bytes = b""


@dataclass
class Usim:
    """Array scheme of TS 33.102 C.2.2: SQN = SEQ | IND, IND in the low ind_bits."""
    k: bytes
    opc: bytes
    ind_bits: int = 5
    delta: int = 1 << 28
    limit: Optional[int] = None
    seq: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.algorithm = Milenage(self.k, self.opc)
        self.seq = [0] * (1 << self.ind_bits)

    def preset(self, sqn_ms: int) -> None:
        self.seq[sqn_ms & ((1 << self.ind_bits) - 1)] = sqn_ms >> self.ind_bits

    def sqn_ms(self) -> bytes:
        ind = max(range(len(self.seq)), key=lambda i: self.seq[i])
        return ((self.seq[ind] << self.ind_bits) | ind).to_bytes(6, "big")

    def authenticate(self, rand: bytes, autn: bytes) -> Answer:
        res, ck, ik, ak, ak_star = self.algorithm.f2345(rand)
        sqn = xor(autn[:6], ak)
        if self.algorithm.f1(rand, sqn, autn[6:8])[0] != autn[8:16]:
            return Answer("mac")
        number = int.from_bytes(sqn, "big")
        seq, ind = number >> self.ind_bits, number & ((1 << self.ind_bits) - 1)
        newest = max(self.seq)
        if not (seq > self.seq[ind] and seq - newest <= self.delta and (self.limit is None or newest - seq <= self.limit)):
            mine = self.sqn_ms()
            return Answer("auts", auts=xor(mine, ak_star) + self.algorithm.f1(rand, mine, bytes(2))[1])
        self.seq[ind] = seq
        return Answer("ok", res, ck, ik)


@dataclass
class Vector:
    rand: bytes
    autn: bytes
    xres: bytes
    ck: bytes
    ik: bytes


def network_vector(k: bytes, opc_: bytes, rand: bytes, sqn: bytes, amf: bytes) -> Vector:
    m = Milenage(k, opc_)
    res, ck, ik, ak, _ = m.f2345(rand)
    return Vector(rand, xor(sqn, ak) + amf + m.f1(rand, sqn, amf)[0], res, ck, ik)


def network_resync(k: bytes, opc_: bytes, rand: bytes, auts: bytes) -> Optional[bytes]:
    """SQN_MS out of AUTS, or None if its MAC is wrong."""
    m = Milenage(k, opc_)
    sqn = xor(auts[:6], m.f2345(rand)[4])
    return sqn if m.f1(rand, sqn, bytes(2))[1] == auts[6:14] else None
