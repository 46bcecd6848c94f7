# SPDX-License-Identifier: Apache-2.0
"""What the software back end keeps and where: key file, systemd credential, factory reset. Usage: backend.py AGENT_TRED. Runs as root."""
import os
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import process  # noqa: E402
from process import ACTIVE, ERASED, PROVISIONED, VERSION, Bench, E  # noqa: E402
from push_process import user_pin_mac  # noqa: E402
from tre_client import *  # noqa: E402,F403

READY, TRE_BLOCKED = 2, 4


class Credential(Bench):
    """$CREDENTIALS_DIRECTORY/tre-key, as LoadCredential= and LoadCredentialEncrypted= of the unit make it."""
    @classmethod
    def prepare(cls):
        cls.credentials = Path(cls.base, "credentials")
        cls.credentials.mkdir()
        cls.key = os.urandom(32)
        (cls.credentials / "tre-key").write_bytes(cls.key)
        os.environ["CREDENTIALS_DIRECTORY"] = str(cls.credentials)

    @classmethod
    def tearDownClass(cls):
        os.environ.pop("CREDENTIALS_DIRECTORY", None)
        super().tearDownClass()

    def setUp(self):
        (self.credentials / "tre-key").unlink(missing_ok=True)
        (self.credentials / "tre-key").write_bytes(self.key)
        super().setUp()

    def cause(self):
        body = self.tre.call(STATUS)[1]
        return body[0], int.from_bytes(body[-2:], "big")

    def test_the_key_is_the_credential_and_nowhere_else(self):
        self.assertEqual(self.cause(), (READY, 0))
        self.put_in()
        self.restart()
        self.assertEqual(self.tre.mids()["mid-1"]["state"], PROVISIONED)
        self.assertNotIn("device.key", os.listdir(self.state))
        self.assertFalse([n for n in os.listdir(self.state) if self.key in Path(self.state, n).read_bytes()])

    def test_another_credential_opens_nothing(self):
        (self.credentials / "tre-key").write_bytes(os.urandom(32))
        self.restart()
        self.assertEqual(self.cause(), (TRE_BLOCKED, E["STORAGE"]))

    def test_a_credential_that_is_no_key_is_not_taken_for_none(self):
        for octets in b"", self.key[:-1], self.key + b"x":
            (self.credentials / "tre-key").write_bytes(octets)
            self.restart()
            self.assertEqual(self.cause(), (TRE_BLOCKED, E["STORAGE"]), len(octets))
            self.assertIn("credential tre-key is not a key of 32 octets", self.log())
        empty, out = tempfile.mkdtemp(dir=self.dir), tempfile.mkdtemp(dir=self.dir)
        done = self.agent("--state", empty, "--provision", self.base + "/factory-secret.conf", "--out", out, check=False)
        self.assertEqual((done.returncode, os.listdir(empty), os.listdir(out)), (1, [], []))
        (self.credentials / "tre-key").unlink()
        (self.credentials / "tre-key").mkdir()
        self.restart()
        self.assertEqual(self.cause(), (TRE_BLOCKED, E["STORAGE"]))
        (self.credentials / "tre-key").rmdir()

    def test_without_the_credential_sealed_state_is_blocked_not_empty(self):
        """NOT_FOUND of the key must not read as unprovisioned, or a second provisioning would overwrite the identity."""
        (self.credentials / "tre-key").unlink()
        out = tempfile.mkdtemp(dir=self.dir)
        self.stop()
        done = self.agent("--state", self.state, "--provision", self.base + "/factory-secret.conf", "--out", out, check=False)
        self.assertEqual((done.returncode, os.listdir(out)), (1, []))
        os.unlink(self.path)
        self.start()
        self.assertEqual(self.cause()[0], TRE_BLOCKED)

    def test_the_credential_comes_before_the_key_file(self):
        Path(self.state, "device.key").write_bytes(os.urandom(32))
        self.restart()
        self.assertEqual(self.cause(), (READY, 0))


class FactoryReset(Bench):
    def reset(self, *words):
        self.stop()
        done = self.agent("--state", self.state, "--factory-reset", *words, check=False)
        os.unlink(self.path)
        self.start()
        return done

    def tries(self):
        """What is left for the same message after one more wrong typing."""
        status, body = self.tre.push(3, b"", b"h" * 32, "", b"document", user_pin_mac("99999", b"another"))
        self.assertIn(status, (E["MAC_MISMATCH"], E["DENIED"]))
        return body[0]

    def test_identities_go_and_what_refuses_old_messages_stays(self):
        identity = self.tre.call(STATUS)[1], self.tre.keys()
        old = self.put_in(version=3)
        self.tre.set_state("mid-1", ACTIVE)
        self.assertEqual(self.tre.call(TOKEN_OPEN, text("m2m"))[0], 0)
        self.assertEqual((self.tries(), self.tries()), (2, 1))
        done = self.reset()
        self.assertEqual((done.returncode, "factory state" in done.stderr), (0, True), done.stderr)
        self.assertEqual((self.tre.call(STATUS)[1], self.tre.keys()), identity)
        self.assertEqual(self.tre.mids()["mid-1"]["state"], ERASED)
        self.assertFalse([n for n in os.listdir(self.state) if n.startswith(("mid", "sqn"))])
        self.assertEqual(self.tries(), 0)  # counted on, not anew
        self.refused(old, process.BINDING, "MID_BINDING")
        token, nonce = self.register()
        self.refused(old, process.BINDING, "MID_BINDING")
        self.refused(self.make(token, nonce, version=3), VERSION, "MID_VERSION")
        self.assertEqual(self.tre.install("usim", self.make(token, nonce, version=4))[0], 0)
        self.assertEqual(self.reset().returncode, 0)
        self.assertEqual(self.reset().returncode, 0)

    def test_what_only_its_issuer_may_erase_stays(self):
        self.put_in(mid_id="held", order_only=True)
        self.tre.set_state("held", ACTIVE)
        self.put_in(mid_id="free", context="m2m")
        done = self.reset()
        self.assertIn("held stays: only its issuer may erase it", done.stderr)
        self.assertEqual({n: m["state"] for n, m in self.tre.mids().items()}, {"held": ACTIVE, "free": ERASED})

    def test_refused_where_nothing_is_or_nothing_opens(self):
        self.stop()
        empty = tempfile.mkdtemp(dir=self.dir)
        done = self.agent("--state", empty, "--factory-reset", check=False)
        self.assertEqual((done.returncode, os.listdir(empty)), (1, []))
        shutil.copytree(self.state, empty, dirs_exist_ok=True)
        Path(empty, "device.key").write_bytes(bytes(32))
        self.assertEqual(self.agent("--state", empty, "--factory-reset", check=False).returncode, 1)
        for words in ("--certificate", "x"), ("--provision", "x", "--out", "y"):
            self.assertEqual(self.agent("--factory-reset", *words, check=False).returncode, 2)


if __name__ == "__main__":
    process.AGENT = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2, warnings="ignore")
