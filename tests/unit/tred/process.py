# SPDX-License-Identifier: Apache-2.0
"""The real agent-tred over its socket. Usage: process.py AGENT_TRED EMPTY_PROGRAM [unittest arguments]. Runs as root (peers are told by user id)."""
import base64
import hashlib
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import idle  # noqa: E402
from mid_package import MILENAGE, Issuer, manifest, openssl  # noqa: E402
from tre_client import *  # noqa: E402,F403

AGENT = None
EMPTY = None  # a program that only links libcrypto; "-" where memory says nothing (sanitizers)
OTHER_UID = 65534
PACKAGE, REQUEST, INTEGRITY, ORDER, MIGRATION = range(5)  # why a MID is in its state
PROVISIONED, ACTIVE, SUSPENDED, BLOCKED, MIGRATING, ERASED = range(1, 7)
OK, SIGNATURE, TARGET, BINDING, VERSION, POLICY, SPACE, BACKEND, SELFTEST, BUSY, INTERNAL, MALFORMED, UNKNOWN, DAMAGED = range(14)


def error_codes():
    """Numbers of enum error_code, read from the one list."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../agentd/base/error_list.h")
    with open(path, encoding="utf-8") as f:
        names = [line.split("X(")[1].split(",")[0] for line in f if line.strip().startswith("X(")]
    return {name: i for i, name in enumerate(names)}


E = error_codes()


class Bench(unittest.TestCase):
    """A provisioned TRE in a folder of its own; the slow parts (issuer, identity) are made once and copied."""

    FACTORY = "gateway_id = gw-0001\ndevice_pin = 1234\nmid_issuers = roots.pem\n"
    WORDS = ()  # more options of the program

    @classmethod
    def prepare(cls):
        """What must be there before the factory."""

    @classmethod
    def setUpClass(cls):
        cls.base = tempfile.mkdtemp(prefix="tred")
        cls.prepare()
        cls.sho = Issuer(os.path.join(cls.base, "sho"))
        cls.other = Issuer(os.path.join(cls.base, "other"), "Other SHO")
        with open(os.path.join(cls.base, "roots.pem"), "wb") as out:
            for issuer in cls.sho, cls.other:
                with open(issuer.path("root.pem"), "rb") as f:
                    out.write(f.read())
        os.mkdir(os.path.join(cls.base, "out"))
        os.mkdir(os.path.join(cls.base, "state0"), 0o700)
        cls.factory(cls.base)
        cls.agent("--state", cls.base + "/state0", "--provision", cls.base + "/factory-secret.conf", "--out", cls.base + "/out")
        cls.transport = cls.sho.certify(cls.base + "/out/transport.csr", cls.base + "/transport.pem")

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.base)

    @classmethod
    def factory(cls, folder, text=None, mode=0o600):
        path = os.path.join(folder, "factory-secret.conf")
        with open(path, "w", encoding="utf-8") as f:
            f.write(cls.FACTORY if text is None else text)
        os.chmod(path, mode)
        return path

    @classmethod
    def agent(cls, *args, check=True):
        return subprocess.run([AGENT, *cls.WORDS, *args], check=check, capture_output=True, text=True)

    def setUp(self):
        self.dir = tempfile.mkdtemp(dir=self.base)
        self.state, self.path = self.dir + "/state", self.dir + "/socket"
        shutil.copytree(self.base + "/state0", self.state)
        self.proc = None
        self.start()

    def tearDown(self):
        self.assertNotEqual(self.stop(), -signal.SIGSYS, "the filter ended it")
        if os.environ.get("TRED_LOG"):
            sys.stderr.write(self.log())

    def start(self, user="root", extra=(), **popen):
        with open(self.dir + "/log", "ab") as log:
            self.proc = subprocess.Popen([AGENT, *self.WORDS, "--state", self.state, "--socket", self.path, "--agentd-user", user, "--log-level", "debug", *extra],
                                         stderr=log, **popen)
        for _ in range(500):
            try:
                self.tre = Client(self.path)
                self.enter_sandbox()
                return
            except (FileNotFoundError, ConnectionRefusedError):
                time.sleep(0.01)
        self.fail("agent-tred does not listen: " + self.log())

    def enter_sandbox(self):
        """It listens before it puts its filter upon itself; whether it does is for the tests to say."""
        end = time.monotonic() + 5
        while self.proc.poll() is None and time.monotonic() < end:
            with open(f"/proc/{self.proc.pid}/status", encoding="ascii") as f:
                if "Seccomp:\t2" in f.read():
                    return
            time.sleep(0.002)

    def stop(self, sig=signal.SIGKILL):
        if self.proc and self.proc.poll() is None:
            self.proc.send_signal(sig)
        return self.proc.wait(10)

    def restart(self):
        self.stop()
        os.unlink(self.path)
        self.start()

    def log(self):
        with open(self.dir + "/log", encoding="utf-8", errors="replace") as f:
            return f.read()

    def records(self, prefix=""):
        return sorted(n for n in os.listdir(self.state) if n.startswith(prefix))

    def at_rest(self):
        """Until the true sequence numbers of an answer just given are stored: a record is younger than any that there is now."""
        def newest():
            return max(os.stat(os.path.join(self.state, n)).st_mtime_ns for n in self.records("sqn"))
        before, end = newest(), time.monotonic() + 5
        while newest() == before and time.monotonic() < end:
            time.sleep(0.02)
        self.tre.mids()  # who answers has written to the end

    def register(self, context="usim", nonce=b"0123456789abcdef"):
        status, token = self.tre.call(TOKEN_OPEN, text(context))
        self.assertEqual((status, len(token)), (0, 32))
        self.assertEqual(self.tre.evidence(context, nonce)[0], 0)
        return token, nonce

    def make(self, token, nonce, by=None, tre_id=None, pfc=None, **kw):
        der = manifest(tre_id or self.tre.tre_id(), pfc or self.tre.keys()[0], token, nonce, **kw)
        return (by or self.sho).package(der, self.transport)

    def put_in(self, context="usim", **kw):
        token, nonce = self.register(context)
        package = self.make(token, nonce, **kw)
        status, body = self.tre.install(context, package)
        self.assertEqual((status, body[0]), (0, OK))
        return package

    def refused(self, package, result, status, context="usim"):
        before = self.tre.mids()
        self.assertEqual(self.tre.install(context, package), (E[status], bytes([result])))
        self.assertEqual(self.tre.mids(), before)


class Basics(Bench):
    def test_status_names_state_backend_and_identity(self):
        status, body = self.tre.call(STATUS)
        self.assertEqual((status, body[0], body[1]), (0, 2, 0))
        with open(self.base + "/out/tre-id", encoding="ascii") as f:
            self.assertEqual(body[2:18].hex() + "\n", f.read())
        self.assertEqual(body[18:], text("gw-0001") + body[-9:-2] + b"\0\0")

    def test_keys_are_those_of_the_requests(self):
        pfc, transport, certificate = self.tre.keys()
        for name, key in ("pfc", pfc), ("transport", transport):
            pem = openssl("req", "-in", f"{self.base}/out/{name}.csr", "-verify", "-noout", "-pubkey").decode()
            self.assertEqual(base64.b64decode("".join(pem.splitlines()[1:-1])), key)
            self.assertIn(b"CN = gw-0001", openssl("req", "-in", f"{self.base}/out/{name}.csr", "-noout", "-subject"))
        self.assertEqual(certificate, b"")

    def test_certificate_of_the_platform_key_is_taken_and_no_other(self):
        good = self.sho.certify(self.base + "/out/pfc.csr", self.dir + "/pfc.pem")
        self.agent("--state", self.state, "--certificate", good)
        self.assertEqual(self.tre.keys()[2], openssl("x509", "-in", good, "-outform", "DER"))
        bad = self.agent("--state", self.state, "--certificate", self.transport, check=False)
        self.assertEqual(bad.returncode, 1)
        self.assertEqual(self.tre.keys()[2], openssl("x509", "-in", good, "-outform", "DER"))

    def test_seal_opens_with_its_own_label_only(self):
        for plain in b"", b"x", b"secret" * 5000:
            status, blob = self.tre.call(SEAL, text("account/1") + plain)
            self.assertEqual(status, 0)
            self.assertTrue(not plain[1:] or plain[:16] not in blob)
            self.assertEqual(self.tre.call(UNSEAL, text("account/1") + blob), (0, plain))
            self.assertEqual(self.tre.call(UNSEAL, text("account/2") + blob), (E["DENIED"], b""))
            self.assertEqual(self.tre.call(UNSEAL, text("account/1") + blob[:-1]), (E["DENIED"], b""))
        self.assertEqual(self.tre.call(UNSEAL, text("account/1")), (E["DENIED"], b""))

    def test_seal_survives_a_restart(self):
        blob = self.tre.call(SEAL, text("a") + b"value")[1]
        self.restart()
        self.assertEqual(self.tre.call(UNSEAL, text("a") + blob), (0, b"value"))

    def test_token_is_one_until_spent(self):
        one = self.tre.call(TOKEN_OPEN, text("usim"))[1]
        self.restart()
        self.assertEqual(self.tre.call(TOKEN_OPEN, text("usim")), (0, one))
        self.assertNotEqual(self.tre.call(TOKEN_OPEN, text("m2m")), (0, one))
        self.assertEqual(self.tre.call(TOKEN_SPEND, text("usim")), (0, b""))
        self.assertEqual(self.tre.call(TOKEN_SPEND, text("usim")), (0, b""))
        self.assertEqual(self.tre.evidence("usim", b"n" * 16), (E["NOT_READY"], b""))
        self.assertNotEqual(self.tre.call(TOKEN_OPEN, text("usim"))[1], one)
        self.assertEqual(self.tre.call(TOKEN_OPEN, text("no space"))[0], E["INVALID"])

    def test_state_survives_kill_at_any_time(self):
        package = self.put_in()
        self.tre.set_state("mid-1", ACTIVE)
        before = self.tre.mids()
        for _ in range(5):
            self.restart()
            self.assertEqual(self.tre.mids(), before)
        self.assertEqual(self.tre.install("usim", package)[0], 0)


class Evidence(Bench):
    def parse(self, cose):
        """Just enough CBOR for the known form."""
        pos = 0

        def item():
            nonlocal pos
            head = cose[pos]
            major, info = head >> 5, head & 31
            pos += 1
            size = {24: 1, 25: 2, 26: 4, 27: 8}.get(info, 0)
            n = int.from_bytes(cose[pos:pos + size], "big") if size else info
            pos += size
            if major in (2, 3):
                s = cose[pos:pos + n]
                pos += n
                return s.decode() if major == 3 else s
            if major == 4:
                return [item() for _ in range(n)]
            if major == 5:
                return [(item(), item()) for _ in range(n)]
            if major == 6:
                return ("tag", n, item())
            return -1 - n if major == 1 else n
        value = item()
        self.assertEqual(pos, len(cose))
        return value

    def verify(self, cose, spki):
        tag, number, (protected, unprotected, payload, signature) = self.parse(cose)
        self.assertEqual((tag, number, protected), ("tag", 18, bytes.fromhex("a10126")))
        self.assertEqual(unprotected, [(4, hashlib.sha256(spki).digest())])
        head = lambda n: bytes([0x40 | n]) if n < 24 else bytes([0x58, n]) if n < 256 else b"\x59" + struct.pack(">H", n)
        tbs = b"\x84\x6aSignature1\x43" + protected + b"\x40" + head(len(payload)) + payload
        half = lambda b: b"\x02" + bytes([len(b)]) + b
        number = lambda b: half((b"\0" if b.lstrip(b"\0")[:1] >= b"\x80" else b"") + b.lstrip(b"\0"))
        body = number(signature[:32]) + number(signature[32:])
        for name, data in ("tbs", tbs), ("sig", b"\x30" + bytes([len(body)]) + body), ("spki", spki):
            with open(f"{self.dir}/{name}", "wb") as f:
                f.write(data)
        openssl("pkey", "-pubin", "-inform", "DER", "-in", self.dir + "/spki", "-out", self.dir + "/pub.pem")
        out = openssl("dgst", "-sha256", "-verify", self.dir + "/pub.pem", "-signature", self.dir + "/sig", self.dir + "/tbs")
        self.assertEqual(out.strip(), b"Verified OK")
        return self.parse(payload)

    def test_tre_R25_evidence_is_signed_fresh_and_complete(self):
        token, nonce = self.register(nonce=bytes(range(64)))
        pfc, transport, _ = self.tre.keys()
        status, cose = self.tre.evidence("usim", nonce, "plmn=24008;access=lte", 1700000000)
        self.assertEqual(status, 0)
        claims = self.verify(cose, pfc)
        sha = lambda b: hashlib.sha256(b).digest()
        self.assertEqual(claims, [
            (6, 1700000000), (10, nonce), (256, b"\1" + self.tre.tre_id()), ("fw", "0.1.0"), ("kem", sha(transport)), ("boot", "ok"),
            ("form", "semi-autonomous"), ("host", "plmn=24008;access=lte"), ("mids", sha(self.tre.call(MID_LIST)[1])), ("token", sha(token)),
            ("backend", "software"), ("program", sha(Path(AGENT).read_bytes()))])
        claims = self.verify(self.tre.evidence("usim", nonce, form=AUTONOMOUS)[1], pfc)
        self.assertEqual([c[0] for c in claims], [10, 256, "kem", "form", "token", "backend"])
        claims = self.verify(self.tre.evidence("usim", nonce)[1], pfc)
        self.assertEqual(claims[0], (10, nonce))  # no time while the clock is not trusted

    def test_evidence_bounds(self):
        self.register()
        self.assertEqual(self.tre.evidence("usim", b"n" * 15)[0], E["INVALID"])
        self.assertEqual(self.tre.evidence("usim", b"n" * 65)[0], E["INVALID"])
        self.assertEqual(self.tre.evidence("usim", b"n" * 16, "\n")[0], E["INVALID"])
        self.assertEqual(self.tre.evidence("usim", b"n" * 16, form=3)[0], E["INVALID"])
        self.assertEqual(self.tre.evidence("usim", b"n" * 16, form=REMOTE), (E["NOT_SUPPORTED"], b""))  # never a weaker form instead


class Install(Bench):
    def test_mid_is_installed_listed_and_activated(self):
        self.put_in()
        self.assertEqual(self.tre.mids(), {"mid-1": dict(id="mid-1", type=0, version=1, state=PROVISIONED, issuer="Example SHO",
                                                         algorithm=0, not_after=2208988800, context="usim", reason=PACKAGE)})
        status, body = self.tre.set_state("mid-1", ACTIVE)
        self.assertEqual((status, parse_entry(body)[0]["state"]), (0, ACTIVE))

    def test_same_package_for_the_same_token_changes_nothing(self):
        package = self.put_in()
        self.tre.set_state("mid-1", ACTIVE)
        files = self.snapshot()
        self.assertEqual(self.tre.install("usim", package)[0], 0)
        self.assertEqual(self.tre.mids()["mid-1"]["state"], ACTIVE)
        self.assertEqual(self.snapshot(), files)

    def snapshot(self):
        out = {}
        for name in sorted(os.listdir(self.state)):
            with open(os.path.join(self.state, name), "rb") as f:
                out[name] = f.read()
        return out

    def test_tre_R21_mid_for_another_tre_is_refused(self):
        token, nonce = self.register()
        self.refused(self.make(token, nonce, tre_id=b"x" * 16), TARGET, "MID_TARGET")
        self.refused(self.make(token, nonce, pfc=b"another key"), TARGET, "MID_TARGET")

    def test_tre_R16_wrong_nonce_or_token_is_refused(self):
        token, nonce = self.register()
        self.refused(self.make(token, b"another nonce 16"), BINDING, "MID_BINDING")
        self.refused(self.make(b"t" * 32, nonce), BINDING, "MID_BINDING")
        package = self.make(token, nonce)
        self.assertEqual(self.tre.evidence("usim", b"a newer nonce..., ")[0], 0)
        self.refused(package, BINDING, "MID_BINDING")

    def test_tre_R23_token_is_single_use_and_of_one_context(self):
        package = self.put_in()
        self.register("m2m")
        self.refused(package, BINDING, "MID_BINDING", context="m2m")
        self.tre.call(TOKEN_SPEND, text("usim"))
        self.refused(package, BINDING, "MID_BINDING")
        self.register()
        self.refused(package, BINDING, "MID_BINDING")

    def test_tre_R12_only_newer_versions_of_the_same_issuer(self):
        self.put_in(version=5)
        token, nonce = self.register()
        self.refused(self.make(token, nonce, version=4), VERSION, "MID_VERSION")
        self.refused(self.make(token, nonce, version=5, files=[]), VERSION, "MID_VERSION")
        self.tre.set_state("mid-1", ACTIVE)
        status, body = self.tre.install("usim", self.make(token, nonce, version=6))
        self.assertEqual((status, body[0]), (0, OK))
        self.assertEqual((self.tre.mids()["mid-1"]["version"], self.tre.mids()["mid-1"]["state"]), (6, ACTIVE))

    def test_tre_R12_signer_must_be_known_named_and_allowed_to_sign(self):
        token, nonce = self.register()
        self.refused(self.make(token, nonce, by=Issuer(self.dir + "/foreign")), SIGNATURE, "MID_SIGNATURE")
        der = manifest(self.tre.tre_id(), self.tre.keys()[0], token, nonce, issuer="Somebody else")
        self.refused(self.sho.package(der, self.transport), SIGNATURE, "MID_SIGNATURE")
        self.refused(b"\x30\x03\x02\x01\x01", SIGNATURE, "MID_SIGNATURE")
        for usage in "keyEncipherment", "":
            other = Issuer(f"{self.dir}/usage{usage}", usage=usage)
            openssl("x509", "-req", "-in", other.path("issuer.csr"), "-CA", self.sho.path("root.pem"), "-CAkey", self.sho.path("root.key"),
                    "-CAcreateserial", "-days", "7000", "-extfile", other.path("ext"), "-out", other.path("issuer.pem"))
            try:
                package = self.make(token, nonce, by=other)
            except subprocess.CalledProcessError:
                self.fail("openssl refuses to sign")
            self.refused(package, SIGNATURE, "MID_SIGNATURE")

    def test_tre_R12_update_comes_from_who_issued_it(self):
        self.put_in()
        token, nonce = self.register()
        self.refused(self.make(token, nonce, by=self.other, issuer="Other SHO", version=2), POLICY, "MID_POLICY")
        self.refused(self.make(token, nonce, type=1, version=2), POLICY, "MID_POLICY")
        other = self.make(token, nonce, by=self.other, issuer="Other SHO", mid_id="mid-2")  # R24: beside the old one
        self.assertEqual(self.tre.install("usim", other)[0], 0)
        self.assertEqual(sorted(self.tre.mids()), ["mid-1", "mid-2"])

    def test_unsigned_or_unencrypted_is_refused(self):
        token, nonce = self.register()
        self.make(token, nonce)
        with open(self.sho.path("signed.der"), "rb") as f:
            self.refused(f.read(), SIGNATURE, "MID_SIGNATURE")
        openssl("cms", "-encrypt", "-binary", "-outform", "DER", "-aes-256-gcm", "-recip", self.transport, "-keyopt", "ecdh_kdf_md:sha256",
                "-in", self.sho.path("manifest.der"), "-out", self.dir + "/unsigned")
        with open(self.dir + "/unsigned", "rb") as f:
            self.refused(f.read(), SIGNATURE, "MID_SIGNATURE")

    def test_validity_counts_when_the_clock_is_trusted(self):
        token, nonce = self.register()
        package = self.make(token, nonce, not_before="20300101000000Z", not_after="20310101000000Z")
        for now in 1893455999, 1924992001:
            self.assertEqual(self.tre.install("usim", package, now), (E["MID_POLICY"], bytes([POLICY])))
        self.assertEqual(self.tre.install("usim", package, 1893456000)[0], 0)

    def test_policy_backend_and_algorithm(self):
        token, nonce = self.register()
        self.refused(self.make(token, nonce, backend=1), BACKEND, "MID_BACKEND")
        self.refused(self.make(token, nonce, algorithm=1), POLICY, "MID_POLICY")  # TUAK has a TOPc of 32 octets
        self.refused(self.make(token, nonce, iterations=2), POLICY, "MID_POLICY")

    def test_selftest_must_give_the_known_answer(self):
        token, nonce = self.register()
        flip = lambda b: bytes([b[0] ^ 1]) + b[1:]
        for field in "k", "opc", "rand", "autn", "res":
            self.refused(self.make(token, nonce, **{field: flip(MILENAGE[field])}), SELFTEST, "MID_SELFTEST")
        self.refused(self.make(token, nonce, sqn=bytes.fromhex("ff9bb4d0b607")), SELFTEST, "MID_SELFTEST")
        self.assertEqual(self.tre.install("usim", self.make(token, nonce, sqn=bytes.fromhex("ff9bb4d0b606")))[0], 0)

    def test_manifest_bounds(self):
        token, nonce = self.register()
        bad = [dict(format=2), dict(mid_id=""), dict(mid_id="x" * 65), dict(mid_id="a/b"), dict(type=3), dict(version=0),
               dict(version=2**31), dict(issuer=""), dict(algorithm=2), dict(backend=2), dict(k=b"k" * 15), dict(opc=b"o" * 17),
               dict(amf=b"a"), dict(sqn=b"s" * 5), dict(rand=b"r" * 15), dict(autn=b"a" * 17), dict(res=b"r" * 3), dict(res=b"r" * 17),
               dict(acl=[("wpa", "everything")]), dict(acl=[("", "gba")]), dict(acl=[("a", "gba,")]), dict(acl=[("a", "gba")] * 17),
               dict(files=[("7F", b"")]), dict(files=[("", b"")]), dict(files=[("7F20", b"x" * 8193)]), dict(files=[("7F20", b"")] * 65),
               dict(not_before="20500101000000Z"), dict(not_after="yesterday"), dict(iterations=0), dict(iterations=17), dict(scheme=(6, 1, None)),
               dict(scheme=(5, 0, None)), dict(scheme=(5, 2**48, None)), dict(pin="123"), dict(pin="123456789"), dict(pin="12a4")]
        for kw in bad:
            with self.subTest(**{k: str(v)[:40] for k, v in kw.items()}):
                self.refused(self.make(token, nonce, **kw), MALFORMED, "MALFORMED")
        der = manifest(self.tre.tre_id(), self.tre.keys()[0], token, nonce)
        for bad_der in der + b"\0", der[:-1], b"text":
            self.refused(self.sho.package(bad_der, self.transport), MALFORMED, "MALFORMED")

    def test_every_97th_bit_flipped_is_refused_or_the_same_mid(self):
        token, nonce = self.register()
        package = self.make(token, nonce)
        same = 0
        for bit in range(0, len(package) * 8, 97):
            data = bytearray(package)
            data[bit // 8] ^= 1 << (bit % 8)
            status, body = self.tre.install("usim", bytes(data))
            if status == 0:  # names of the recipient, which the TRE does not look at; the content was authenticated all the same
                self.assertLess(bit // 8, 400)
                same += 1
                self.stop()
                os.unlink(self.path)
                shutil.rmtree(self.state)
                shutil.copytree(self.base + "/state0", self.state)
                self.start()
                token, nonce = self.register()
                package = self.make(token, nonce)
            else:
                self.assertIn(body[0], (SIGNATURE,), bit)
                self.assertEqual(self.tre.mids(), {})
        self.assertLess(same, 20)

    def test_no_space_for_a_ninth_mid_until_one_is_erased(self):
        token, nonce = self.register()
        for i in range(8):
            self.assertEqual(self.tre.install("usim", self.make(token, nonce, mid_id=f"m{i}"))[0], 0)
        package = self.make(token, nonce, mid_id="m8")
        self.refused(package, SPACE, "NO_SPACE")
        self.assertEqual(self.tre.set_state("m3", ERASED)[0], 0)
        self.assertEqual(self.tre.install("usim", package)[0], 0)
        self.assertEqual(sorted(self.tre.mids()), ["m0", "m1", "m2", "m4", "m5", "m6", "m7", "m8"])

    def test_large_package(self):
        files = [("7F%02X" % i, os.urandom(4000)) for i in range(11)]
        self.put_in(files=files)


class Lifecycle(Bench):
    def test_tre_R6_arrows_over_the_socket(self):
        self.put_in()
        for state, ok in (SUSPENDED, False), (ACTIVE, True), (PROVISIONED, False), (SUSPENDED, True), (ACTIVE, True), (BLOCKED, True), \
                (ACTIVE, False), (SUSPENDED, False), (PROVISIONED, False), (MIGRATING, False), (ERASED, True), (ACTIVE, False):
            before = self.tre.mids()
            status, _ = self.tre.set_state("mid-1", state)
            self.assertEqual(status, 0 if ok else E["POLICY"], state)
            if not ok:
                self.assertEqual(self.tre.mids(), before)
        self.assertEqual(self.tre.set_state("mid-2", ACTIVE)[0], E["NOT_FOUND"])
        self.assertEqual(self.tre.set_state("mid-1", 9)[0], E["INVALID"])

    def test_tre_R20_erased_mid_leaves_no_record(self):
        self.put_in()
        self.assertTrue(any(n.startswith("mid") for n in os.listdir(self.state)))
        self.tre.set_state("mid-1", ERASED)
        self.assertFalse([n for n in os.listdir(self.state) if n.startswith("mid")])
        self.assertEqual(self.tre.mids()["mid-1"]["state"], ERASED)
        token, nonce = self.register()
        self.refused(self.make(token, nonce, version=1), VERSION, "MID_VERSION")
        self.assertEqual(self.tre.install("usim", self.make(token, nonce, version=2))[0], 0)
        self.assertEqual(self.tre.mids()["mid-1"]["state"], PROVISIONED)

    def test_tre_R5_engine_is_shared_only_if_all_agree(self):
        for a in False, True:
            for b in False, True:
                with self.subTest(a=a, b=b):
                    n = 2 * a + b
                    self.put_in(mid_id=f"a{n}", share=a)
                    self.put_in(mid_id=f"b{n}", share=b, type=1)
                    self.assertEqual(self.tre.set_state(f"a{n}", ACTIVE)[0], 0)
                    self.assertEqual(self.tre.set_state(f"b{n}", ACTIVE)[0], 0 if a and b else E["POLICY"])
                    for mid in f"a{n}", f"b{n}":
                        self.tre.set_state(mid, ERASED)

    def test_one_active_mid_of_a_type_in_a_context(self):
        self.put_in(mid_id="old", share=True)
        self.put_in(mid_id="new", share=True)
        self.assertEqual(self.tre.set_state("old", ACTIVE)[0], 0)
        self.assertEqual(self.tre.set_state("new", ACTIVE)[0], E["POLICY"])
        self.assertEqual(self.tre.set_state("old", SUSPENDED)[0], 0)
        self.assertEqual(self.tre.set_state("new", ACTIVE)[0], 0)

    def damage(self, name, at=200):
        path = os.path.join(self.state, name)
        with open(path, "r+b") as f:
            f.seek(at)
            octet = f.read(1)
            f.seek(at)
            f.write(bytes([octet[0] ^ 1]))

    def test_tre_R2_R4_damaged_mid_is_blocked_and_no_other(self):
        self.put_in(mid_id="one")
        self.put_in(mid_id="two")
        self.tre.set_state("one", ACTIVE)
        self.stop()
        record = self.records("mid0")
        self.assertEqual(len(record), 1)
        for at in 0, 9, 19, 25, 200, os.path.getsize(os.path.join(self.state, record[0])) - 1:
            keep = self.state + ".keep"
            shutil.rmtree(keep, ignore_errors=True)
            shutil.copytree(self.state, keep)
            self.damage(record[0], at)
            os.unlink(self.path)
            self.start()
            mids = self.tre.mids()
            self.assertEqual((mids["one"]["state"], mids["two"]["state"]), (BLOCKED, PROVISIONED), at)
            self.assertEqual(self.tre.call(STATUS)[1][0], 2)
            self.assertEqual(self.tre.set_state("one", ACTIVE)[0], E["POLICY"])
            self.restart()  # BLOCKED survives
            self.assertEqual(self.tre.mids()["one"]["state"], BLOCKED)
            self.stop()
            shutil.rmtree(self.state)
            shutil.copytree(keep, self.state)

    def test_tre_R4_newer_package_unblocks_but_never_to_active(self):
        self.put_in()
        self.tre.set_state("mid-1", ACTIVE)
        self.stop()
        self.damage(self.records("mid0")[0])
        os.unlink(self.path)
        self.start()
        self.assertEqual(self.tre.mids()["mid-1"]["state"], BLOCKED)
        self.put_in(version=2)
        self.assertEqual(self.tre.mids()["mid-1"]["state"], SUSPENDED)

    def test_records_cannot_be_swapped(self):
        self.put_in(mid_id="one")
        self.put_in(mid_id="two")
        self.stop()
        a, b = self.state + "/" + self.records("mid0")[0], self.state + "/" + self.records("mid1")[0]
        os.rename(a, a + "x")
        os.rename(b, a)
        os.rename(a + "x", b)
        os.unlink(self.path)
        self.start()
        self.assertEqual({m["state"] for m in self.tre.mids().values()}, {BLOCKED})

    def test_record_damaged_while_running_is_found_before_activation(self):
        self.put_in()
        self.damage(self.records("mid0")[0])
        self.assertEqual(self.tre.set_state("mid-1", ACTIVE)[0], E["MID_BLOCKED"])
        self.assertEqual(self.tre.mids()["mid-1"]["state"], BLOCKED)

    def test_damaged_registry_blocks_the_tre(self):
        self.put_in()
        self.stop()
        for name in self.records("registry"):
            self.damage(name, 40)
        os.unlink(self.path)
        self.start()
        self.assertEqual(self.tre.call(STATUS)[1][0], 4)
        self.assertEqual(self.tre.call(SEAL, text("a") + b"b")[0], E["TRE_BLOCKED"])
        self.assertEqual(self.tre.call(TOKEN_OPEN, text("usim"))[0], E["TRE_BLOCKED"])

    def test_removed_registry_blocks_the_tre(self):
        self.stop()
        for name in self.records("registry"):
            os.unlink(os.path.join(self.state, name))
        os.unlink(self.path)
        self.start()
        self.assertEqual(self.tre.call(STATUS)[1][0], 4)
        self.restart()
        self.assertEqual(self.tre.call(STATUS)[1][0], 4)

    def test_tre_R4_a_registry_that_may_be_an_older_one_blocks_the_mids_and_not_the_tre(self):
        package = self.put_in()
        self.tre.set_state("mid-1", ACTIVE)
        for slot in 0, 1:
            for harm in (lambda name: self.damage(name, 40)), (lambda name: os.unlink(os.path.join(self.state, name))):
                self.stop()
                slots = self.records("registry")
                self.assertEqual(len(slots), 2)
                keep = self.state + ".keep"
                shutil.rmtree(keep, ignore_errors=True)
                shutil.copytree(self.state, keep)
                harm(slots[slot])
                for _ in range(2):  # and stays so, with both slots whole again
                    os.unlink(self.path)
                    self.start()
                    self.assertEqual(self.tre.call(STATUS)[1][0], 2)
                    self.assertEqual((self.tre.mids()["mid-1"]["state"], self.tre.mids()["mid-1"]["reason"]), (BLOCKED, INTEGRITY))
                    self.stop()
                self.assertEqual(self.log().count("may be an older one"), 1)
                os.unlink(self.dir + "/log")
                shutil.rmtree(self.state)
                shutil.copytree(keep, self.state)
                os.unlink(self.path)
                self.start()
        self.assertEqual(self.tre.install("usim", package)[0], 0)


class Peers(Bench):
    def as_uid(self, uid, code):
        """Runs code with `c` connected as that user; returns its output."""
        source = f"import sys; sys.path.insert(0, {os.path.dirname(os.path.abspath(__file__))!r})\nfrom tre_client import *\n" \
                 f"c = Client({self.path!r})\n" + code
        os.chmod(self.base, 0o755)
        os.chmod(self.dir, 0o755)
        return subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=False, user=uid, group=uid).stdout.strip()

    def test_unknown_user_gets_nothing(self):
        self.assertEqual(self.as_uid(OTHER_UID, "try:\n c.call(STATUS)\n print('answered')\nexcept Lost:\n print('ended')"), "ended")
        self.assertIn("may not connect", self.log())
        self.assertEqual(self.tre.call(STATUS)[0], 0)

    def test_permits_root_may_look_but_not_ask_for_work(self):
        self.stop()
        os.unlink(self.path)
        self.start(user=str(OTHER_UID))
        self.assertEqual(self.tre.call(STATUS)[0], 0)
        self.assertEqual(self.tre.call(MID_LIST)[0], 0)
        for op, body in (SEAL, text("a") + b"x"), (UNSEAL, text("a") + b"x"), (VERIFY_PUSH, b"\1\0" + b"m" * 32 + text("") + text("") + b"d"), \
                (TOKEN_OPEN, text("usim")), (TOKEN_SPEND, text("usim")), (MID_SET_STATE, text("m") + b"\1"):
            client = Client(self.path)
            with self.assertRaises(Lost):
                client.call(op, body)
        self.assertIn("forbidden request", self.log())
        self.assertEqual(self.as_uid(OTHER_UID, "print(c.call(SEAL, text('a') + b'x')[0])"), "0")

    def malformed(self):
        yield b"short"
        yield struct.pack(">IHHI", 1, STATUS, 0, 5)
        yield struct.pack(">IHHI", 1, STATUS, 0, 0) + b"x"
        yield struct.pack(">IHHI", 0, STATUS, 0, 0)
        yield struct.pack(">IHHI", 1, 99, 0, 0)
        yield struct.pack(">IHHI", 1, STATUS, 0, 1) + b"x"
        yield struct.pack(">IHHI", 1, TOKEN_OPEN, 0, 5) + b"\0\4ab\0"
        yield struct.pack(">IHHI", 1, TOKEN_OPEN, 0, 5) + b"\0\2abc"
        yield struct.pack(">IHHI", 1, SEAL, 0, 133) + text("l" * 129) + b"xx"

    def test_malformed_from_agentd_ends_the_process(self):
        for packet in self.malformed():
            with self.subTest(packet=packet):
                self.tre.sock.send(packet)
                self.assertEqual(self.proc.wait(10), 1)
                self.assertNotIn("Traceback", self.log())
                os.unlink(self.path)
                self.start()

    def test_malformed_from_root_ends_that_connection_only(self):
        self.stop()
        os.unlink(self.path)
        self.start(user=str(OTHER_UID))
        for packet in list(self.malformed())[:6]:
            other = Client(self.path)
            self.assertEqual(other.raw(packet), b"")
            self.assertEqual(self.tre.call(STATUS)[0], 0)


class Provisioning(Bench):
    def provision(self, text_, mode=0o600, state=None):
        state = state or tempfile.mkdtemp(dir=self.dir)
        out = tempfile.mkdtemp(dir=self.dir)
        path = self.factory(self.base, text_, mode)
        run = self.agent("--state", state, "--provision", path, "--out", out, check=False)
        return run, sorted(os.listdir(state)), sorted(os.listdir(out))

    GOOD = "gateway_id = gw-2\ndevice_pin = 0000\nmid_issuers = sho/root.pem\n"

    def test_second_run_is_refused_and_changes_nothing(self):
        files = {n: open(os.path.join(self.state, n), "rb").read() for n in os.listdir(self.state)}
        run, _, out = self.provision(self.GOOD, state=self.state)
        self.assertEqual((run.returncode, out), (1, []))
        self.assertEqual({n: open(os.path.join(self.state, n), "rb").read() for n in os.listdir(self.state)}, files)

    def test_factory_file_is_refused_whole(self):
        bad = {
            "unknown key": self.GOOD + "colour = red\n", "empty pin": self.GOOD.replace("0000", ""),
            "short pin": self.GOOD.replace("0000", "123"), "long pin": self.GOOD.replace("0000", "1" * 17),
            "letters": self.GOOD.replace("0000", "12a4"), "id": self.GOOD.replace("gw-2", "gw 2"),
            "no bundle": self.GOOD.replace("sho/root.pem", "nothing.pem"), "no CA": self.GOOD.replace("sho/root.pem", "sho/issuer.pem"),
            "no PEM": self.GOOD.replace("sho/root.pem", "sho/ext"), "section": self.GOOD + "[other]\na = b\n",
            "psk name": self.GOOD + "psk_a:b = " + "00" * 16 + "\n", "short psk": self.GOOD + "psk_a = " + "00" * 15 + "\n",
            "long psk": self.GOOD + "psk_a = " + "00" * 65 + "\n", "odd psk": self.GOOD + "psk_a = " + "00" * 16 + "0\n",
            "nameless psk": self.GOOD + "psk_ = " + "00" * 16 + "\n", "five psks": self.GOOD + "".join(f"psk_{n} = {'00' * 16}\n" for n in range(5)),
            "include": ".include /etc/ssl/openssl.cnf\n" + self.GOOD, "garbage": "\x01\x02", "empty": "",
        }
        for name, content in bad.items():
            with self.subTest(name):
                run, state, out = self.provision(content)
                self.assertEqual((run.returncode, state, out), (1, [], []))
                self.assertNotIn("0000", run.stderr)
        run, state, out = self.provision(self.GOOD, mode=0o640)
        self.assertEqual((run.returncode, state, out), (1, [], []))
        run, state, out = self.provision(self.GOOD)
        self.assertEqual((run.returncode, out), (0, ["pfc.csr", "transport.csr", "tre-id"]), run.stderr)

    def test_running_service_notices_provisioning(self):
        self.stop()
        os.unlink(self.path)
        shutil.rmtree(self.state)
        os.mkdir(self.state, 0o700)
        self.start()
        self.assertEqual(self.tre.call(STATUS)[1][0], 1)
        self.assertEqual(self.tre.call(SEAL, text("a") + b"b")[0], E["UNPROVISIONED"])
        self.assertEqual(self.provision(self.GOOD, state=self.state)[0].returncode, 0)
        self.assertEqual(self.tre.call(STATUS)[1][0], 2)

    def test_state_belongs_to_the_owner_of_the_directory(self):
        state = tempfile.mkdtemp(dir=self.dir)
        os.chmod(self.base, 0o755)
        os.chmod(self.dir, 0o755)
        os.chown(state, OTHER_UID, OTHER_UID)
        run, names, out = self.provision(self.GOOD, state=state)
        self.assertEqual((run.returncode, len(out)), (0, 3), run.stderr)
        for name in names:
            st = os.stat(os.path.join(state, name))
            self.assertEqual((st.st_uid, st.st_mode & 0o777), (OTHER_UID, 0o600), name)


class Confinement(Bench):
    def test_tre_R1_links_libc_and_libcrypto_only(self):
        out = subprocess.run(["readelf", "-d", AGENT], check=True, capture_output=True, text=True).stdout
        needed = {line.split("[")[1].split("]")[0] for line in out.splitlines() if "NEEDED" in line}
        needed = {n for n in needed if "asan" not in n and "ubsan" not in n}
        self.assertEqual({n.split(".so")[0] for n in needed}, {"libc", "libcrypto"})

    def test_no_dump_no_new_privileges_seccomp(self):
        with open(f"/proc/{self.proc.pid}/status", encoding="ascii") as f:
            status = dict(line.split(":\t", 1) for line in f.read().splitlines() if ":\t" in line)
        self.assertEqual((status["NoNewPrivs"], status["Seccomp"]), ("1", "2"))
        with open(f"/proc/{self.proc.pid}/limits", encoding="ascii") as f:
            self.assertRegex(f.read(), r"Max core file size +0 +0")

    def test_tre_R1_no_secret_in_log_or_state(self):
        self.put_in()
        secrets = [MILENAGE["k"], MILENAGE["opc"]]
        blobs = [open(os.path.join(self.state, n), "rb").read() for n in os.listdir(self.state)]
        log = self.log()
        for s in secrets:
            self.assertFalse([1 for b in blobs if s in b])
            self.assertNotIn(s.hex(), log)
        self.assertNotIn("1234", log.replace("gw-0001", ""))

    def test_idle_memory_is_bounded(self):
        if EMPTY == "-":
            return
        with subprocess.Popen([EMPTY]) as empty:
            base = idle.settled(empty.pid)
            empty.kill()
        start = idle.dirty(self.proc.pid) - base
        self.put_in(files=[("7F%02X" % i, os.urandom(4000)) for i in range(11)])
        self.tre.call(SEAL, text("a") + bytes(39000))
        after = idle.settled(self.proc.pid) - base  # buffers go back after the answer has left
        print(f"private dirty over an empty program: {start} KiB at start, {after} KiB after an installation", file=sys.stderr)
        self.assertLessEqual(max(start, after), 256)

    def test_serves_as_a_user_of_its_own(self):
        self.stop()
        os.unlink(self.path)
        os.chmod(self.base, 0o755)
        os.chmod(self.dir, 0o777)
        for name in ["."] + os.listdir(self.state):
            os.chown(os.path.join(self.state, name), OTHER_UID, OTHER_UID)
        self.start(preexec_fn=lambda: (os.setgroups([]), os.setgid(OTHER_UID), os.setuid(OTHER_UID)))
        self.put_in()
        self.assertEqual(self.tre.set_state("mid-1", ACTIVE)[0], 0)
        self.assertEqual({os.stat(os.path.join(self.state, n)).st_uid for n in os.listdir(self.state)}, {OTHER_UID})

    def test_options(self):
        self.assertEqual(self.agent("--version").stdout, "agent-tred 0.1.0\n")
        self.assertIn("--provision", self.agent("--help").stdout)
        for bad in ["--nonsense"], ["--log-level", "loud"], ["--provision", "x"], ["word"]:
            self.assertEqual(self.agent(*bad, check=False).returncode, 2, bad)
        self.assertEqual(self.agent("--agentd-user", "nobody-of-that-name", check=False).returncode, 1)


if __name__ == "__main__":
    AGENT = os.path.abspath(sys.argv.pop(1))
    EMPTY = sys.argv.pop(1)
    unittest.main(verbosity=2, warnings="ignore")
