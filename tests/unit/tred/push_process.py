# SPDX-License-Identifier: Apache-2.0
"""Pushes and the real agent-tred: MACs, typed digits, their bounds. Usage and bench: process.py."""
import hashlib
import hmac
import os
import shutil
import sys
import tempfile
import unittest

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import process  # noqa: E402
from process import E, Bench  # noqa: E402
from tre_client import CREDENTIALS, HANDSHAKE_SIGN, text  # noqa: E402


def user_pin_mac(pin, document):
    """What a person types for USERPINMAC (ProvBoot 5.2.1)."""
    mac = hmac.new(pin.encode(), document, "sha1").digest()
    return pin + "".join(str(octet % 10) for octet in mac[:len(pin)])


def stream_message(kind, body=b"body"):
    """RFC 5246 clause 7.4."""
    return bytes([kind]) + len(body).to_bytes(3, "big") + body


def message(kind, body=b"body", number=0, offset=0, fragment=None):
    """RFC 6347 clause 4.2.2."""
    return bytes([kind]) + len(body).to_bytes(3, "big") + number.to_bytes(2, "big") + offset.to_bytes(3, "big") + \
        (len(body) if fragment is None else fragment).to_bytes(3, "big") + body


class Handshake(Bench):
    HELLO, SERVER_HELLO, ASKED, DONE, CERTIFICATE, EXCHANGE = (message(k, bytes([k]) * 300) for k in (1, 2, 13, 14, 11, 16))

    def signs(self, whole):
        status, raw = self.tre.call(HANDSHAKE_SIGN, whole)
        self.assertEqual((status, len(raw)), (0, 64))
        spki = load_der_public_key(self.tre.keys()[0])
        der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        spki.verify(der, whole, ec.ECDSA(hashes.SHA256()))
        with self.assertRaises(InvalidSignature):
            spki.verify(der, whole + b"x", ec.ECDSA(hashes.SHA256()))

    def refuses(self, *octets):
        for bad in octets:
            self.assertEqual(self.tre.call(HANDSHAKE_SIGN, bad), (E["INVALID"], b""))
        self.assertIn("no handshake of a client", self.log())

    def test_the_device_key_signs_a_handshake_and_nothing_that_only_looks_like_one(self):
        whole = self.HELLO + self.SERVER_HELLO + self.CERTIFICATE + self.ASKED + self.DONE + self.CERTIFICATE + self.EXCHANGE
        self.signs(whole)
        evidence = bytes.fromhex("846a5369676e61747572653143a101264058e0") + bytes(64)
        self.refuses(evidence, evidence + whole, hashlib.sha256(whole).digest(), bytes.fromhex("3082010a") + bytes(60), whole[:-1], whole + b"\x01", whole + self.HELLO,
                     self.SERVER_HELLO + whole, self.HELLO + self.DONE + self.EXCHANGE, self.HELLO + self.ASKED, self.ASKED + self.EXCHANGE, self.HELLO * 2,
                     self.HELLO + message(13, b"body", fragment=3) + self.EXCHANGE, self.HELLO + message(13, b"body", offset=1) + self.EXCHANGE)

    def test_the_same_over_a_stream(self):
        hello, asked, exchange = (stream_message(k, bytes([k]) * 300) for k in (1, 13, 16))
        self.signs(hello + asked + exchange)
        self.refuses(hello + exchange, asked + exchange, hello + asked, hello + asked + exchange + b"\x10", hello + asked + exchange[:-1], hello + self.ASKED + self.EXCHANGE)
        words = b" " * 64 + b"TLS 1.3, client CertificateVerify\0"
        for size in (32, 48):
            self.signs(words + os.urandom(size))
        server = words.replace(b"client", b"server")
        self.refuses(*(words + bytes(n) for n in (0, 31, 33, 47, 49, 64)), server + bytes(32), words[1:] + bytes(33), b"\x84" + words[1:] + bytes(32),
                     words[:-1] + b"x" + bytes(32), b"x" + words + bytes(31), b"x" + words[1:] + bytes(32), b"\t" * 64 + words[64:] + bytes(32))


class Push(Bench):
    def test_wrong_typings_are_limited_per_message_across_restart(self):
        document, message = b"document", hashlib.sha256(b"push").digest()
        typed = user_pin_mac("12345", document)
        wrong = typed[:-1] + str((int(typed[-1]) + 1) % 10)
        push = lambda digits, m=message: self.tre.push(3, b"", m, "", document, digits)
        self.assertEqual(push(wrong), (E["MAC_MISMATCH"], b"\2"))
        self.assertEqual(push(typed), (0, b"\2"))
        self.restart()
        self.assertEqual(push(wrong), (E["MAC_MISMATCH"], b"\1"))
        for form in ("1234567", "12345678", "1234567890x1", "1" * 39):  # no number of digits that SEC knows: not counted
            self.assertEqual(push(form), (E["INVALID"], b"\1"))
        self.assertEqual(push(wrong), (E["MAC_MISMATCH"], b"\0"))
        self.assertEqual(push(typed), (E["DENIED"], b"\0"))
        self.restart()
        self.assertEqual(push(typed), (E["DENIED"], b"\0"))
        self.assertEqual(push("", message), (E["DENIED"], b"\0"))
        self.assertEqual(push(typed, b"m" * 32), (0, b"\3"))

    def test_typed_digits_of_each_method(self):
        document, imsi = b"document", "262011234567890"
        net = bytes.fromhex("2926102143658709")
        for sec, key in ((1, b"98765"), (2, net + b"98765")):
            mac = hmac.new(key, document, "sha1").digest()
            message = bytes([sec]) * 32
            self.assertEqual(self.tre.push(sec, mac, message, imsi, document, "98765"), (0, b"\3"))
            self.assertEqual(self.tre.push(sec, mac, message, imsi, document, "98766"), (E["MAC_MISMATCH"], b"\2"))
            self.assertEqual(self.tre.push(sec, mac, message, imsi, document, "987"), (E["INVALID"], b"\2"))
        self.assertEqual(self.tre.push(0, hmac.new(net, document, "sha1").digest(), b"m" * 32, imsi, document, "98765"), (E["INVALID"], b"\3"))
        for digits in ("12345", "1234567890", "9" * 20):
            self.assertEqual(self.tre.push(3, b"", b"n" * 32, "", document, user_pin_mac(digits, document)), (0, b"\3"))

    def test_a_flood_of_wrong_macs_is_bounded_and_shuts_nobody_out(self):
        """PIN of four digits: ten wrong MACs; then a fitting one is still found, but the owner must type the PIN."""
        document = b"document"
        good = hmac.new(b"1234", document, "sha1").digest()
        flood = lambda n, first=0: [self.assertEqual(self.tre.push(1, b"x" * 20, hashlib.sha256(bytes([i])).digest(), "", document),
                                                     (E["MAC_MISMATCH"], b"\3")) for i in range(first, first + n)]
        flood(9)
        self.assertEqual(self.tre.push(1, good, b"m" * 32, "", document), (0, b"\3"))
        flood(1, 9)
        self.assertEqual(self.tre.push(1, good, b"m" * 32, "", document), (E["PIN_REQUIRED"], b"\3"))
        self.restart()
        self.assertEqual(self.tre.push(1, good, b"m" * 32, "", document), (E["PIN_REQUIRED"], b"\3"))
        before = self.snapshot_of_state()
        flood(100, 10)
        self.assertEqual(self.snapshot_of_state(), before)  # a flood does not wear out the flash
        self.assertEqual(self.tre.push(1, good, b"m" * 32, "", document, "1235"), (E["MAC_MISMATCH"], b"\2"))
        self.assertEqual(self.tre.push(1, good, b"m" * 32, "", document, "1234"), (0, b"\2"))
        key = bytes.fromhex("2926102143658709")
        self.assertEqual(self.tre.push(0, hmac.new(key, document, "sha1").digest(), b"n" * 32, "262011234567890", document), (0, b"\3"))

    def snapshot_of_state(self):
        return {name: os.stat(os.path.join(self.state, name)).st_mtime_ns for name in os.listdir(self.state)}

    def test_push_forms(self):
        self.assertEqual(self.tre.push(4, b"x" * 20, b"m" * 32, "", b"d")[0], E["SEC_UNKNOWN"])
        self.assertEqual(self.tre.push(1, b"", b"m" * 32, "", b"d")[0], E["MAC_MISSING"])
        self.assertEqual(self.tre.push(3, b"", b"m" * 32, "", b"d"), (E["PIN_REQUIRED"], b"\3"))
        self.assertEqual(self.tre.push(0, b"x" * 20, b"m" * 32, "", b"d")[0], E["NOT_READY"])

    def test_without_a_device_pin_digits_are_typed(self):
        """And a MAC under the empty key is worth nothing."""
        self.stop()
        os.unlink(self.path)
        shutil.rmtree(self.state)
        os.mkdir(self.state, 0o700)
        path = self.factory(self.base, "gateway_id = gw\nmid_issuers = sho/root.pem\n")
        self.agent("--state", self.state, "--provision", path, "--out", tempfile.mkdtemp(dir=self.dir))
        self.start()
        mac = hmac.new(b"", b"document", "sha1").digest()
        self.assertEqual(self.tre.push(1, mac, b"m" * 32, "", b"document"), (E["PIN_REQUIRED"], b"\3"))
        mac = hmac.new(b"1357", b"document", "sha1").digest()
        self.assertEqual(self.tre.push(1, mac, b"n" * 32, "", b"document"), (E["PIN_REQUIRED"], b"\3"))
        self.assertEqual(self.tre.push(1, mac, b"n" * 32, "", b"document", "1357"), (0, b"\3"))

    def test_pre_shared_keys_of_the_factory(self):
        """By name, or derived for an endpoint and a server; neither key is in the state as it is."""
        self.stop()
        os.unlink(self.path)
        shutil.rmtree(self.state)
        os.mkdir(self.state, 0o700)
        master, psks = bytes(range(32)), {"a": b"\1" * 16, "b-long_name": b"\2" * 64}
        path = self.factory(self.base, f"gateway_id = gw\nmid_issuers = sho/root.pem\nderivation_key = {master.hex()}\n" +
                            "".join(f"psk_{name} = {key.hex()}\n" for name, key in psks.items()))
        self.agent("--state", self.state, "--provision", path, "--out", tempfile.mkdtemp(dir=self.dir))
        self.start()
        for name, key in psks.items():
            self.assertEqual(self.tre.call(CREDENTIALS, b"\3" + text(name) + text("gw")), (0, text(key)))
        for name in ("A", "b", "b-long_name2", "psk_a"):
            self.assertEqual(self.tre.call(CREDENTIALS, b"\3" + text(name) + text("gw")), (E["NOT_FOUND"], b""))
        self.assertEqual(self.tre.call(CREDENTIALS, b"\4" + text("a") + text("gw"))[0], E["INVALID"])
        derived = hmac.new(master, b"lwm2m-factory-v1\0" + text("PSK") + text("gw") + text("host"), "sha256").digest()
        self.assertEqual(self.tre.call(CREDENTIALS, b"\2" + text("gw") + text("host")), (0, text(derived)))
        self.restart()
        self.assertEqual(self.tre.call(CREDENTIALS, b"\3" + text("a") + text("gw")), (0, text(psks["a"])))
        state = b"".join(open(os.path.join(self.state, n), "rb").read() for n in os.listdir(self.state))
        self.assertFalse([key for key in (master, *psks.values()) if key in state])

    def test_no_pre_shared_keys_of_the_factory(self):
        self.assertEqual(self.tre.call(CREDENTIALS, b"\3" + text("a") + text("gw")), (E["NOT_FOUND"], b""))
        self.assertEqual(self.tre.call(CREDENTIALS, b"\2" + text("gw") + text("host")), (E["NOT_READY"], b""))


if __name__ == "__main__":
    process.AGENT = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2, warnings="ignore")
