# SPDX-License-Identifier: Apache-2.0
"""What the software back end keeps and where: key file, systemd credential, factory reset. Usage: backend.py AGENT_TRED. Runs as root."""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import factory_reset  # noqa: E402
import process  # noqa: E402
from foreign_call import foreign_call, need_landlock  # noqa: E402
from process import ACTIVE, ERASED, PROVISIONED, Bench, E  # noqa: E402
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


class KeyFolder(Bench):
    """The key file apart from what it seals, as the installed service has it."""

    @classmethod
    def prepare(cls):
        cls.keys = Path(cls.base, "keys")
        cls.keys.mkdir(mode=0o700)
        cls.WORDS = ("--keys", str(cls.keys))

    def tearDown(self):
        super().tearDown()
        self.__dict__.pop("WORDS", None)

    def cause(self):
        body = self.tre.call(STATUS)[1]
        return body[0], int.from_bytes(body[-2:], "big")

    def at(self, state, *words):
        """The service over another state directory, with other options."""
        self.stop()
        self.state, self.WORDS = str(state), words
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.start()

    def test_a_copied_state_directory_makes_no_clone(self):
        """On another gateway, with or without a key of its own, and with none at all; together with the key it does open, which is why the key is not beside it."""
        self.put_in()
        self.tre.set_state("mid-1", ACTIVE)
        self.assertEqual(sorted(os.listdir(self.keys)), ["device.key"])
        self.assertNotIn("device.key", os.listdir(self.state))
        home, copy, empty, out = self.state, Path(self.dir, "copy"), Path(self.dir, "empty"), Path(self.dir, "out")
        shutil.copytree(home, copy)
        for folder in Path(self.dir, "others"), Path(self.dir, "state1"), empty, out:
            folder.mkdir(mode=0o700)
        subprocess.run([process.AGENT, "--state", self.dir + "/state1", "--keys", self.dir + "/others", "--provision", self.base + "/factory-secret.conf", "--out", out],
                       check=True, capture_output=True)
        octets = {p.name: p.read_bytes() for p in copy.iterdir()}
        for words in ("--keys", self.dir + "/others"), ("--keys", str(empty)), ():
            self.at(copy, *words)
            self.assertEqual(self.cause(), (TRE_BLOCKED, E["STORAGE"]), words)
            self.assertEqual(self.tre.call(KEYS)[1][:2] + self.tre.call(MID_LIST)[1], b"\0\0\0", words)
            self.stop()
            done = subprocess.run([process.AGENT, "--state", copy, *words, "--provision", self.base + "/factory-secret.conf", "--out", out], capture_output=True, check=False)
            self.assertEqual((done.returncode, {p.name: p.read_bytes() for p in copy.iterdir()}), (1, octets), words)
            self.assertEqual(os.listdir(empty), [])
        self.at(home, "--keys", str(self.keys))
        self.assertEqual((self.cause(), self.tre.mids()["mid-1"]["state"]), ((READY, 0), ACTIVE))
        shutil.copy(self.keys / "device.key", empty)
        self.at(copy, "--keys", str(empty))
        self.assertEqual((self.cause(), self.tre.mids()["mid-1"]["state"]), ((READY, 0), ACTIVE))

    def test_a_key_that_lies_in_the_state_directory_is_used_and_told(self):
        shutil.copy(self.keys / "device.key", self.state)
        empty = Path(self.dir, "empty")
        empty.mkdir()
        self.at(self.state, "--keys", str(empty))
        self.assertEqual(self.cause(), (READY, 0))
        self.assertIn("lies beside what it seals", self.log())
        Path(self.state, "device.key").write_bytes(bytes(32))
        self.at(self.state, "--keys", str(self.keys))                        # its own folder comes first
        self.assertEqual(self.cause(), (READY, 0))

    def test_a_folder_that_does_not_open_is_not_taken_for_one_without_a_key(self):
        shutil.copy(self.keys / "device.key", self.state)                    # that one is not looked for then
        self.at(self.state, "--keys", self.dir + "/none")
        self.assertEqual(self.cause(), (TRE_BLOCKED, E["STORAGE"]))
        self.assertIn("folder of the key " + self.dir + "/none: No such file", self.log())
        fresh, out = tempfile.mkdtemp(dir=self.dir), tempfile.mkdtemp(dir=self.dir)
        done = subprocess.run([process.AGENT, "--state", fresh, "--keys", self.dir + "/none", "--provision", self.base + "/factory-secret.conf", "--out", out], capture_output=True,
                              check=False)
        self.assertEqual((done.returncode, os.listdir(fresh), os.listdir(out)), (1, [], []))

    def test_a_service_that_waits_for_the_factory_finds_the_key(self):
        """Behind its sandbox, which lets it read in that folder and not write."""
        fresh, keys, out = tempfile.mkdtemp(dir=self.dir), tempfile.mkdtemp(dir=self.dir), tempfile.mkdtemp(dir=self.dir)
        self.at(fresh, "--keys", keys)
        self.assertEqual(self.cause()[0], 1)
        subprocess.run([process.AGENT, "--state", fresh, "--keys", keys, "--provision", self.base + "/factory-secret.conf", "--out", out], check=True, capture_output=True)
        self.assertEqual(self.cause(), (READY, 0))
        self.assertEqual(self.tre.call(TOKEN_OPEN, text("usim"))[0], 0)
        with self.subTest("the folder is read, not written"):
            need_landlock(self)
            asked = lambda name, how: foreign_call(self.proc.pid, "openat", -100, f"{keys}/{name}", how, 0o600)  # noqa: E731
            self.assertNotIn("-", asked("device.key", os.O_RDONLY))
            self.assertEqual([asked(n, how) for n, how in (("device.key", os.O_WRONLY), ("new", os.O_WRONLY | os.O_CREAT))], ["returned -13"] * 2)
        done = subprocess.run([process.AGENT, "--state", fresh, "--keys", keys, "--factory-reset"], check=False, capture_output=True)
        self.assertEqual(done.returncode, 0)


class FactoryReset(factory_reset.FactoryReset, Bench):
    def off(self, *words):
        return self.agent(*words, check=False)

    def power(self):
        os.unlink(self.path)
        self.start()

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
