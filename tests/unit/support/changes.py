# SPDX-License-Identifier: Apache-2.0
"""Copies of a document with changed octets, for comparison with programs that we did not write. The same for the same seed of `chance`."""


def changed(data: bytes, chance, pieces, begin: int = 0) -> bytes:
    """One to three changes from octet `begin` on: a bit, one of `pieces` (bytes) in place of an octet, one less, one more."""
    out = bytearray(data)
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(begin, len(out))
        kind = chance.randrange(4)
        if kind == 0:
            out[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            out[at:at + 1] = chance.choice(pieces)
        elif kind == 2 and len(out) > begin + 1:
            del out[at]
        else:
            out.insert(at, chance.randrange(256))
    return bytes(out)
