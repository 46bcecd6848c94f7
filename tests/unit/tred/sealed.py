# SPDX-License-Identifier: Apache-2.0
"""Sealed records seen from outside, for tests: opens them with the device key as agentd/tred/store.h describes them (by python-cryptography, no code of the
agent), and looks for secrets in processes and files, by every run of 16 octets."""
import os
import struct
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import load_der_private_key

RUN, HEADER = 16, 20


def open_octets(octets, label, key):
    """The plain octets of one slot, or InvalidTag."""
    magic, version, _, _, length = struct.unpack(">4sHHQI", octets[:HEADER])
    assert (magic, version, length) == (b"GATR", 1, len(octets) - HEADER)
    derived = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"gateway-agent tre record 1").derive(key)
    return AESGCM(derived).decrypt(octets[HEADER:HEADER + 12], octets[HEADER + 12:], label.encode() + b"\0" + octets[:HEADER])


def seal_octets(plain, like, label, key):
    """A slot with other plain octets, as a former version of the agent may have written it: counter and flags are those of `like`."""
    header = like[:HEADER - 4] + struct.pack(">I", len(plain) + len(like) - HEADER - len(open_octets(like, label, key)))
    derived = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"gateway-agent tre record 1").derive(key)
    nonce = os.urandom(12)
    return header + nonce + AESGCM(derived).encrypt(nonce, plain, label.encode() + b"\0" + header)


def opens(octets, label, key):
    try:
        return open_octets(octets, label, key)
    except InvalidTag:
        return None


def slots(state, name):
    return [p.read_bytes() for p in sorted(Path(state).glob(f"{name}.[ab]"))]


def device_key(state):
    return (Path(state) / "device.key").read_bytes()


def fields(octets):
    while octets:
        n = struct.unpack(">H", octets[:2])[0]
        yield octets[2:2 + n]
        octets = octets[2 + n:]


def private_keys(state, key=None):
    """The private numbers of the identity: PfC, unless a TPM has it, and transport key."""
    plain = open_octets(slots(state, "identity")[0], "identity", key or device_key(state))
    found = []
    for at in range(len(plain) - 2):  # the only DER private keys in it
        if plain[at:at + 1] == b"\x30":
            length = plain[at + 1] & 0x7F if plain[at + 1] < 0x80 else None
            der = plain[at:at + 2 + (length or 0)]
            try:
                found.append(load_der_private_key(der, None).private_numbers().private_value.to_bytes(32, "big"))
            except (ValueError, TypeError):
                pass
    return found


def runs(secret):
    return [secret[i:i + RUN] for i in range(len(secret) - RUN + 1)]


def held(octets, secrets):
    """Whether any run of any secret is in the octets. Each run has in it a block of 8 octets at a multiple of 8: most searches end there."""
    return any(secret[at:at + 8] in octets and any(run in octets for run in runs(secret)) for secret in secrets for at in range(0, len(secret) - RUN + 1, 8))


def memory(pid, only=lambda flags: True):
    """All readable memory of a process, or that whose VmFlags are wanted, map by map."""
    with open(f"/proc/{pid}/smaps", encoding="ascii") as smaps, open(f"/proc/{pid}/mem", "rb", buffering=0) as mem:
        for line in smaps:
            words = line.split()
            if not words[0].endswith(":"):
                span, readable = words[0], "r" in words[1] and "[v" not in line
            elif words[0] == "VmFlags:" and readable and only(words[1:]):
                begin, end = (int(x, 16) for x in span.split("-"))
                try:
                    mem.seek(begin)
                    yield mem.read(end - begin)
                except OSError:  # given back since the list was read
                    pass


def secret_pages(pid):
    """What a process keeps out of cores (MADV_DONTDUMP): its secrets are there while it needs them."""
    return memory(pid, lambda flags: "dd" in flags)


def process_holds(pid, secrets):
    return any(held(octets, secrets) for octets in memory(pid))


def files_hold(folder, secrets):
    """Names of files below a folder that hold a run of a secret, or its hexadecimal digits."""
    texts = [s.hex()[i:i + 2 * RUN].encode() for s in secrets for i in range(0, 2 * (len(s) - RUN) + 1, 2)]
    bad = []
    for path in Path(folder).rglob("*"):
        if path.is_file() and not path.is_symlink():
            octets = path.read_bytes()
            if held(octets, secrets) or any(t in octets.lower() for t in texts):
                bad.append(str(path))
    return bad


__all__ = ["device_key", "files_hold", "held", "memory", "opens", "open_octets", "os", "private_keys", "process_holds", "seal_octets", "secret_pages", "slots"]
