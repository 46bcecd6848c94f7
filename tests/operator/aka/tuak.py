# SPDX-License-Identifier: Apache-2.0
"""TUAK (3GPP TS 35.231) on Keccak-f[1600]. Test peer, not production code."""
from __future__ import annotations

_MASK = (1 << 64) - 1
_NAME = b"TUAK1.0"
_MAC_CODE = {8: 0x08, 16: 0x10, 32: 0x20}
_RES_CODE = {4: 0x00, 8: 0x08, 16: 0x10, 32: 0x20}


def _round_constants() -> list[int]:
    out, lfsr = [], 1
    for _ in range(24):
        constant = 0
        for j in range(7):
            if lfsr & 1:
                constant ^= 1 << ((1 << j) - 1)
            lfsr = ((lfsr << 1) ^ (0x171 if lfsr & 0x80 else 0)) & 0xFF
        out.append(constant)
    return out


_CONSTANTS = _round_constants()


def _rol(x: int, n: int) -> int:
    n %= 64
    return ((x << n) | (x >> (64 - n))) & _MASK if n else x


def keccak(block: bytes) -> bytes:
    a = [[int.from_bytes(block[8 * (x + 5 * y):][:8], "little") for y in range(5)] for x in range(5)]
    for constant in _CONSTANTS:
        c = [a[x][0] ^ a[x][1] ^ a[x][2] ^ a[x][3] ^ a[x][4] for x in range(5)]
        d = [c[(x - 1) % 5] ^ _rol(c[(x + 1) % 5], 1) for x in range(5)]
        a = [[a[x][y] ^ d[x] for y in range(5)] for x in range(5)]
        x, y = 1, 0
        lane = a[x][y]
        for t in range(24):
            x, y = y, (2 * x + 3 * y) % 5
            lane, a[x][y] = a[x][y], _rol(lane, (t + 1) * (t + 2) // 2)
        a = [[a[x][y] ^ (~a[(x + 1) % 5][y] & a[(x + 2) % 5][y] & _MASK) for y in range(5)] for x in range(5)]
        a[0][0] ^= constant
    return b"".join(a[i % 5][i // 5].to_bytes(8, "little") for i in range(25))


def _core(instance: int, top: bytes, k: bytes, iterations: int, rand: bytes = bytes(16), amf: bytes = bytes(2),
          sqn: bytes = bytes(6)) -> bytes:
    state = bytearray(200)
    state[0:32] = top[::-1]
    state[32] = instance
    state[33:40] = _NAME[::-1]
    state[40:56] = rand[::-1]
    state[56:58] = amf[::-1]
    state[58:64] = sqn[::-1]
    state[64:64 + len(k)] = k[::-1]
    state[96], state[135] = 0x1F, 0x80
    out = bytes(state)
    for _ in range(iterations):
        out = keccak(out)
    return out


def topc(k: bytes, top: bytes, iterations: int = 1) -> bytes:
    return _core(len(k) == 32, top, k, iterations)[:32][::-1]


def f1(k: bytes, topc_: bytes, rand: bytes, sqn: bytes, amf: bytes, mac_len: int, iterations: int = 1, star: bool = False) -> bytes:
    instance = (0x80 if star else 0) | _MAC_CODE[mac_len] | (len(k) == 32)
    return _core(instance, topc_, k, iterations, rand, amf, sqn)[:mac_len][::-1]


def f2345(k: bytes, topc_: bytes, rand: bytes, res_len: int, ck_len: int, ik_len: int,
          iterations: int = 1) -> tuple[bytes, bytes, bytes, bytes]:
    """RES, CK, IK, AK."""
    instance = 0x40 | _RES_CODE[res_len] | (4 if ck_len == 32 else 0) | (2 if ik_len == 32 else 0) | (len(k) == 32)
    o = _core(instance, topc_, k, iterations, rand)
    return o[:res_len][::-1], o[32:32 + ck_len][::-1], o[64:64 + ik_len][::-1], o[96:102][::-1]


def f5star(k: bytes, topc_: bytes, rand: bytes, iterations: int = 1) -> bytes:
    return _core(0xC0 | (len(k) == 32), topc_, k, iterations, rand)[96:102][::-1]
