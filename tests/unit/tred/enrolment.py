# SPDX-License-Identifier: Apache-2.0
"""Another program of the TRE, whose certificate names the former one: for tests of both back ends. Owns process.AGENT while a test runs."""
import base64
import hashlib
import shutil
from pathlib import Path

import cbor
import process
import pva
from mid_package import openssl
from process import ACTIVE, E, PROVISIONED
from tre_client import PFC_CERTIFICATE, PFC_REQUEST, TOKEN_OPEN, text

NONCE = b"0123456789abcdef"


def name_of(program):
    """RFC 6920: ni:///sha-256;BASE64URL"""
    return "ni:///sha-256;" + base64.urlsafe_b64encode(hashlib.sha256(Path(program).read_bytes()).digest()).rstrip(b"=").decode()


class Enrolment:
    """Mixed into a Bench; power() starts the service again, off() runs the program once without it."""

    def setUp(self):
        self.first = process.AGENT
        self.addCleanup(setattr, process, "AGENT", self.first)
        super().setUp()
        self.second = self.dir + "/updated"
        shutil.copy(self.first, self.second)
        name = ""
        while not ("-" in name and "_" in name):                             # both digits that Base64url has of its own
            with open(self.second, "ab") as f:
                f.write(b"another release")
            name = name_of(self.second)

    def run_as(self, program):
        self.stop()
        process.AGENT = program
        self.power()

    def certificate(self, request, *programs, issuer=None, copy=False, form=None):
        """DER of what an issuer makes of a request (PEM file, or DER octets): for these programs, or for what the request names."""
        folder = self.dir
        if isinstance(request, bytes):
            Path(folder, "asked.pem").write_bytes(openssl("req", "-inform", "DER", input=request))
            request = folder + "/asked.pem"
        names = form or "subjectAltName=" + ",".join(f"URI:{p}" for p in programs)
        Path(folder, "ext").write_text(names + "\n" if programs else "keyUsage=digitalSignature\n", encoding="ascii")
        issuer = issuer or self.sho
        openssl("x509", "-req", "-in", request, "-CA", issuer.path("root.pem"), "-CAkey", issuer.path("root.key"), "-CAcreateserial", "-days", "7000", "-extfile",
                folder + "/ext", *(("-copy_extensions", "copy") if copy else ()), "-out", folder + "/pfc.pem")
        return openssl("x509", "-in", folder + "/pfc.pem", "-outform", "DER")

    def by_hand(self, *programs, form=None):
        self.certificate(self.base + "/out/pfc.csr", *programs, form=form)
        self.stop()
        self.off("--state", self.state, "--certificate", self.dir + "/pfc.pem")
        self.power()

    def successor(self, former):
        """The request (DER) of another key, as the former one vouches for it, and that key."""
        status, octets = self.tre.call(PFC_REQUEST, b"\1")
        self.assertEqual(status, 0)
        sign1 = cbor.decode(octets)
        protected, unprotected, request, signature = sign1.value
        self.assertEqual((sign1.tag, unprotected), (18, {4: hashlib.sha256(former).digest()}))
        self.assertTrue(pva.signature_fits(former, signature, protected, request, b"platform key successor"))
        self.assertIn("URI:" + name_of(process.AGENT), openssl("req", "-inform", "DER", "-verify", "-noout", "-text", input=request).decode())  # by itself, too
        return request, openssl("pkey", "-pubin", "-outform", "DER", input=openssl("req", "-inform", "DER", "-noout", "-pubkey", input=request))

    def signer(self):
        """SHA-256 of the key that signs evidence now."""
        status, evidence = self.tre.evidence("usim", NONCE)
        self.assertEqual(status, 0)
        protected, unprotected, payload, signature = cbor.decode(evidence).value
        self.assertTrue(pva.signature_fits(self.tre.keys()[0], signature, protected, payload))
        return unprotected[4]

    def records(self):
        return sorted(p.name for p in Path(self.state).glob("*") if p.name.startswith(("identity", "successor")))

    def evidence(self):
        self.assertEqual(self.tre.call(TOKEN_OPEN, text("usim"))[0], 0)
        return self.tre.evidence("usim", NONCE)[0]

    def test_tre_R29_another_program_gives_no_evidence_until_it_is_certified(self):
        self.by_hand(name_of(self.first))
        old = self.tre.keys()[2]
        self.assertEqual(self.evidence(), 0)
        self.put_in()
        self.run_as(self.second)
        self.assertEqual(self.evidence(), E["ENROLMENT"])
        self.assertIn("device certificate was issued for other programs", self.log())
        self.assertEqual(self.tre.set_state("mid-1", ACTIVE)[0], 0)  # what is there serves on
        status, request = self.tre.call(PFC_REQUEST, b"\0")
        self.assertEqual(status, 0)
        said = openssl("req", "-inform", "DER", "-verify", "-noout", "-text", input=request).decode()
        self.assertIn("URI:" + name_of(self.second), said)
        self.assertIn("CN = gw-0001", said)
        pem = openssl("req", "-inform", "DER", "-noout", "-pubkey", input=request)
        self.assertEqual(openssl("pkey", "-pubin", "-outform", "DER", input=pem), self.tre.keys()[0])
        for octets in (old, self.certificate(request), self.certificate(request, name_of(self.first)), self.certificate(request, name_of(self.second), issuer=self.other),
                       self.certificate(self.base + "/out/transport.csr", name_of(self.second)), bytes(80), self.certificate(request, copy=True) + b"\0"):
            self.assertEqual(self.tre.call(PFC_CERTIFICATE, octets)[0], E["INVALID"])
        self.assertEqual((self.evidence(), self.tre.keys()[2]), (E["ENROLMENT"], old))
        new = self.certificate(request, copy=True)
        self.assertEqual(self.tre.call(PFC_CERTIFICATE, new)[0], 0)
        self.assertEqual((self.evidence(), self.tre.keys()[2]), (0, new))
        self.run_as(self.second)
        self.assertEqual((self.evidence(), self.tre.keys()[2]), (0, new))
        self.assertEqual(self.tre.mids()["mid-1"]["state"], ACTIVE)
        self.run_as(self.first)                                              # back to the former release: that is another program too
        self.assertEqual(self.evidence(), E["ENROLMENT"])

    def test_tre_R29_another_key_follows_the_former_once_it_is_certified(self):
        self.by_hand(name_of(self.first))
        former, transport, old = self.tre.keys()
        self.assertEqual(self.evidence(), 0)
        self.put_in()
        self.assertEqual(self.tre.call(PFC_REQUEST, b"\2")[0], E["INVALID"])
        request, key = self.successor(former)
        self.assertNotEqual(key, former)
        self.run_as(self.second)                                             # asked for again, of another program and after a start: the same key
        request, again = self.successor(former)
        self.assertEqual(again, key)
        self.assertEqual(self.tre.keys(), [former, transport, old])          # nothing has changed so far
        stranger = self.base + "/out/transport.csr"
        for octets in (self.certificate(request), self.certificate(request, name_of(self.first)), self.certificate(request, name_of(self.second), issuer=self.other),
                       self.certificate(stranger, name_of(self.second)), self.certificate(request, copy=True) + b"\0"):
            self.assertEqual(self.tre.call(PFC_CERTIFICATE, octets)[0], E["INVALID"])
        self.assertEqual((self.evidence(), self.tre.keys()), (E["ENROLMENT"], [former, transport, old]))
        self.assertTrue(any(n.startswith("successor") for n in self.records()))
        new = self.certificate(request, copy=True)
        self.assertEqual(self.tre.call(PFC_CERTIFICATE, new)[0], 0)
        for _ in range(2):
            self.assertEqual(self.tre.keys(), [key, transport, new])
            self.assertEqual((self.evidence(), self.signer()), (0, hashlib.sha256(key).digest()))
            self.assertEqual(self.records(), ["identity." + self.records()[0][-1]])  # one record: the former key is in none
            self.run_as(self.second)
        self.assertEqual(self.tre.mids()["mid-1"]["state"], PROVISIONED)
        self.assertEqual(self.tre.set_state("mid-1", ACTIVE)[0], 0)
        self.assertEqual(self.tre.call(PFC_CERTIFICATE, self.certificate(self.base + "/out/pfc.csr", name_of(self.second)))[0], E["INVALID"])  # the former comes back by nothing
        token, nonce = self.register()
        self.assertEqual(self.tre.install("usim", self.make(token, nonce, mid_id="mid-2", pfc=former))[0], E["MID_TARGET"])
        self.assertEqual(self.tre.install("usim", self.make(token, nonce, mid_id="mid-2"))[0], 0)
        _, third = self.successor(key)                                       # and so on
        self.assertNotIn(third, (key, former))

    def test_tre_R29_a_certificate_may_name_several_programs_or_none(self):
        self.assertEqual(self.evidence(), 0)                                 # without a certificate the PVA decides alone
        for programs in (), (name_of(self.first), name_of(self.second)):
            self.by_hand(*programs)
            for program in self.second, self.first:
                self.run_as(program)
                self.assertEqual(self.evidence(), 0, (programs, program))
        self.by_hand("ni:///sha-256;" + "A" * 43)
        self.assertEqual(self.evidence(), E["ENROLMENT"])
        self.by_hand(name_of(self.first), form="subjectAltName=DER:0500")
        self.assertEqual(self.evidence(), E["ENROLMENT"])                    # no list of names at all
        self.by_hand("https://maker.example/")
        self.assertEqual(self.evidence(), 0)
        for path in Path(self.state).glob("certificate.?"):                  # what cannot be read may have named another one
            path.write_bytes(path.read_bytes()[:-1] + b"\0")
        self.run_as(self.first)
        self.assertEqual(self.evidence(), E["ENROLMENT"])
