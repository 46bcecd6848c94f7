# SPDX-License-Identifier: Apache-2.0
"""Makes MID packages with the openssl command line, as etc/doc/mid-package.md says; shares no code with the agent."""
import hashlib
import os
import subprocess


def der(tag, body):
    n = len(body)
    head = bytes([n]) if n < 128 else bytes([0x80 | len(b := n.to_bytes((n.bit_length() + 7) // 8, "big"))]) + b
    return bytes([tag]) + head + body


def seq(*items):
    return der(0x30, b"".join(items))


def integer(v, tag=0x02):
    return der(tag, v.to_bytes(v.bit_length() // 8 + 1, "big"))


def enum(v):
    return integer(v, 0x0A)


def utf8(s):
    return der(0x0C, s.encode())


def octets(b):
    return der(0x04, b)


def boolean(v):
    return der(0x01, b"\xff" if v else b"\0")


def gtime(s):
    return der(0x18, s.encode())


# TS 35.208 test set 1
MILENAGE = dict(
    k=bytes.fromhex("465b5ce8b199b49faa5f0a2ee238a6bc"),
    opc=bytes.fromhex("cd63cb71954a9f4e48a5994e37a02baf"),
    rand=bytes.fromhex("23553cbe9637a89d218ae64dae47bf35"),
    autn=bytes.fromhex("55f328b43577b9b94a9ffac354dfafb3"),
    res=bytes.fromhex("a54211d5e3ba50bf"),
    amf=bytes.fromhex("b9b9"),
)


def mide(g):
    """Algorithm and back end; optional: iterations of Keccak [0], SQN scheme [1] of (IND bits, delta, L or None)."""
    items = [enum(g["algorithm"]), enum(g["backend"])]
    if g["iterations"] is not None:
        items.append(integer(g["iterations"], 0x80))
    if g["scheme"]:
        bits, delta, limit = g["scheme"]
        items.append(der(0xA1, integer(bits) + integer(delta) + (b"" if limit is None else integer(limit, 0x80))))
    return seq(*items)


def manifest(tre_id, pfc_spki, token, nonce, **kw):
    g = dict(MILENAGE, format=1, mid_id="mid-1", type=0, version=1, issuer="Example SHO", not_before="20200101000000Z",
             not_after="20400101000000Z", algorithm=0, backend=0, share=False, session_check=True, order_only=None,
             iterations=None, scheme=None, pin=None, acl=[("wpa", "authenticate,ckik")], files=[("7FFF6F07", bytes.fromhex("082926010100000010"))], sqn=bytes(6))
    g.update(kw)
    return seq(
        integer(g["format"]), utf8(g["mid_id"]), enum(g["type"]), integer(g["version"]), utf8(g["issuer"]),
        seq(octets(tre_id), octets(hashlib.sha256(pfc_spki).digest())),
        octets(hashlib.sha256(token).digest()), octets(nonce), gtime(g["not_before"]), gtime(g["not_after"]),
        mide(g), seq(boolean(g["share"]), boolean(g["session_check"]), b"" if g["order_only"] is None else der(0x80, b"\xff" if g["order_only"] else b"\0")),
        seq(*[seq(utf8(a), utf8(b)) for a, b in g["acl"]]),
        seq(*[seq(octets(bytes.fromhex(p)), octets(c)) for p, c in g["files"]]),
        seq(octets(g["k"]), octets(g["opc"]), octets(g["amf"]), octets(g["sqn"]), b"" if g["pin"] is None else der(0x80, g["pin"].encode())),
        seq(octets(g["rand"]), octets(g["autn"]), octets(g["res"])))


DISCOVER, BLOCK, UNBLOCK, MIGRATE, ERASE = range(5)


def order(tre_id, command, sequence, nonce=b"nonce of an order", issuer="Example SHO", not_after="20400101000000Z", target=None, fmt=1):
    """MidOrder of etc/doc/mid-package.md; target: (MID id, SHA-256 of the installed package)."""
    return seq(integer(fmt), enum(command), utf8(issuer), octets(tre_id), integer(sequence), octets(nonce), gtime(not_after),
               seq(utf8(target[0]), octets(target[1])) if target else b"")


def openssl(*args, **kw):
    return subprocess.run(["openssl", *args], check=True, capture_output=True, **kw).stdout


class Issuer:
    """A root and a signer below it."""

    def __init__(self, folder, name="Example SHO", usage="digitalSignature"):
        self.dir = folder
        os.makedirs(folder, exist_ok=True)
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        openssl("req", "-x509", *key, "-keyout", self.path("root.key"), "-out", self.path("root.pem"), "-subj", "/CN=Root of " + name,
                "-days", "7300")
        openssl("req", *key, "-keyout", self.path("issuer.key"), "-out", self.path("issuer.csr"), "-subj", "/CN=" + name)
        with open(self.path("ext"), "w", encoding="ascii") as f:
            f.write("basicConstraints=CA:FALSE\n" + (f"keyUsage={usage}\n" if usage else ""))
        openssl("x509", "-req", "-in", self.path("issuer.csr"), "-CA", self.path("root.pem"), "-CAkey", self.path("root.key"),
                "-CAcreateserial", "-days", "7000", "-extfile", self.path("ext"), "-out", self.path("issuer.pem"))

    def path(self, name):
        return os.path.join(self.dir, name)

    def certify(self, csr, out):
        openssl("x509", "-req", "-in", csr, "-CA", self.path("root.pem"), "-CAkey", self.path("root.key"), "-CAcreateserial", "-days",
                "7000", "-out", out)
        return out

    def sign(self, content):
        with open(self.path("manifest.der"), "wb") as f:
            f.write(content)
        openssl("cms", "-sign", "-binary", "-nodetach", "-outform", "DER", "-md", "sha256", "-signer", self.path("issuer.pem"), "-inkey",
                self.path("issuer.key"), "-in", self.path("manifest.der"), "-out", self.path("signed.der"))
        with open(self.path("signed.der"), "rb") as f:
            return f.read()

    def package(self, manifest_der, transport_pem):
        self.sign(manifest_der)
        openssl("cms", "-encrypt", "-binary", "-outform", "DER", "-aes-256-gcm", "-recip", transport_pem, "-keyopt",
                "ecdh_kdf_md:sha256", "-in", self.path("signed.der"), "-out", self.path("package.der"))
        with open(self.path("package.der"), "rb") as f:
            return f.read()


def main(argv):
    """init DIR | make DIR TRE_ID_HEX PFC_SPKI_HEX TRANSPORT_CSR TOKEN_HEX NONCE_HEX OUT VERSION [MID] |
    order DIR TRE_ID_HEX COMMAND SEQUENCE MID PACKAGE_SHA256_HEX OUT"""
    if argv[:1] == ["init"] and len(argv) == 2:
        Issuer(argv[1])
    elif argv[:1] == ["make"] and len(argv) in (9, 10):
        issuer = Issuer.__new__(Issuer)
        issuer.dir = argv[1]
        tre_id, pfc, token, nonce = (bytes.fromhex(argv[i]) for i in (2, 3, 5, 6))
        transport = issuer.certify(argv[4], issuer.path("transport.pem"))
        with open(argv[7], "wb") as f:
            f.write(issuer.package(manifest(tre_id, pfc, token, nonce, version=int(argv[8]), mid_id=argv[9] if len(argv) == 10 else "mid-1"), transport))
    elif argv[:1] == ["order"] and len(argv) == 8:
        issuer = Issuer.__new__(Issuer)
        issuer.dir = argv[1]
        with open(argv[7], "wb") as f:
            f.write(issuer.sign(order(bytes.fromhex(argv[2]), int(argv[3]), int(argv[4]), target=(argv[5], bytes.fromhex(argv[6])))))
    else:
        raise SystemExit(main.__doc__)


if __name__ == "__main__":
    import sys
    main(sys.argv[1:])
