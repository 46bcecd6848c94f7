# SPDX-License-Identifier: Apache-2.0
"""Another program of the TRE, whose certificate names the former one: for tests of both back ends. Owns process.AGENT while a test runs."""
import base64
import hashlib
import shutil
from pathlib import Path

import process
from mid_package import openssl
from process import ACTIVE, E
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
        status, request = self.tre.call(PFC_REQUEST)
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
