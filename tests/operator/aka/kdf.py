# SPDX-License-Identifier: Apache-2.0
"""Key derivation of EAP-AKA (RFC 4187), EAP-AKA' (RFC 9048) and GBA (3GPP TS 33.220 annex B). Test peer."""
from __future__ import annotations

import hashlib
import hmac
import struct

_IV = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0)
_MASK = 0xFFFFFFFF


def _rol(x: int, n: int) -> int:
    return ((x << n) | (x >> (32 - n))) & _MASK


def _sha1_block(data: bytes) -> bytes:
    """G of FIPS 186-2: one SHA-1 compression of the zero-padded block, without length padding."""
    w = list(struct.unpack(">16I", data.ljust(64, b"\0")))
    for i in range(16, 80):
        w.append(_rol(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1))
    a, b, c, d, e = _IV
    for i in range(80):
        if i < 20:
            f, k = (b & c) | (~b & d & _MASK), 0x5A827999
        elif i < 40:
            f, k = b ^ c ^ d, 0x6ED9EBA1
        elif i < 60:
            f, k = (b & c) | (b & d) | (c & d), 0x8F1BBCDC
        else:
            f, k = b ^ c ^ d, 0xCA62C1D6
        a, b, c, d, e = (_rol(a, 5) + f + e + k + w[i]) & _MASK, a, _rol(b, 30), c, d
    return b"".join(((x + y) & _MASK).to_bytes(4, "big") for x, y in zip(_IV, (a, b, c, d, e)))


def fips186_2_prf(mk: bytes, size: int) -> bytes:
    xkey, out = int.from_bytes(mk, "big"), b""
    while len(out) < size:
        w = _sha1_block(xkey.to_bytes(20, "big"))
        xkey = (1 + xkey + int.from_bytes(w, "big")) % (1 << 160)
        out += w
    return out[:size]


def eap_aka(identity: bytes, ck: bytes, ik: bytes) -> dict[str, bytes]:
    mk = hashlib.sha1(identity + ik + ck).digest()
    o = fips186_2_prf(mk, 160)
    return dict(mk=mk, k_encr=o[:16], k_aut=o[16:32], msk=o[32:96], emsk=o[96:160])


def kdf(key: bytes, fc: int, *params: bytes) -> tuple[bytes, bytes]:
    """The generic 3GPP KDF; returns the key and its input string."""
    s = bytes([fc]) + b"".join(p + struct.pack(">H", len(p)) for p in params)
    return hmac.new(key, s, "sha256").digest(), s


def _prf_prime(key: bytes, s: bytes, size: int) -> bytes:
    out = t = b""
    i = 1
    while len(out) < size:
        t = hmac.new(key, t + s + bytes([i]), "sha256").digest()
        out += t
        i += 1
    return out[:size]


def eap_aka_prime(identity: bytes, network_name: bytes, autn: bytes, ck: bytes, ik: bytes) -> dict[str, bytes]:
    keys, _ = kdf(ck + ik, 0x20, network_name, autn[:6])
    ckp, ikp = keys[:16], keys[16:]
    mk = _prf_prime(ikp + ckp, b"EAP-AKA'" + identity, 208)
    return dict(ck_prime=ckp, ik_prime=ikp, k_encr=mk[:16], k_aut=mk[16:48], k_re=mk[48:80], msk=mk[80:144], emsk=mk[144:208])


def naf_id(fqdn: str, ua_protocol: bytes) -> bytes:
    return fqdn.encode() + ua_protocol


def gba(ck: bytes, ik: bytes, rand: bytes, impi: str, naf: bytes) -> dict[str, bytes]:
    ks = ck + ik
    ks_naf, s_me = kdf(ks, 0x01, b"gba-me", rand, impi.encode(), naf)
    ks_int, s_u = kdf(ks, 0x01, b"gba-u", rand, impi.encode(), naf)
    return dict(ks=ks, s_me=s_me, ks_naf=ks_naf, s_u=s_u, ks_int_naf=ks_int)
