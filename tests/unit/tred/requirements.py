# SPDX-License-Identifier: Apache-2.0
"""Requirements of TR 33.812 that no other file of this folder shows, by the real agent-tred over its socket and by the operator's own code (PVA, AuC).
The table is etc/doc/trusted-environment.md. Usage: requirements.py AGENT_TRED."""
import hashlib
import json
import os
import re
import subprocess
import sys
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../../operator")]
import engine  # noqa: E402
import process  # noqa: E402
import sealed  # noqa: E402
import denied  # noqa: E402
import enrolment  # noqa: E402
import pva  # noqa: E402
from aka import kdf, tuak  # noqa: E402
from engine import AMF, EAP, GBA, ISIM, K, OPC, Network  # noqa: E402
from mid_package import MIGRATE, manifest, openssl, order  # noqa: E402
from process import ACTIVE, BACKEND, BINDING, OTHER_UID, PROVISIONED, SIGNATURE, SUSPENDED, E  # noqa: E402
from tre_client import *  # noqa: E402,F403

PCID = 2

DOC = os.path.join(HERE, "../../../etc/doc/trusted-environment.md")


def ef_imsi(digits):
    """TS 31.102 clause 4.2.2"""
    coded = ("9" if len(digits) % 2 else "1") + digits + ("" if len(digits) % 2 else "F")
    return "7FFF6F07", bytes([len(coded) // 2]) + bytes(int(coded[i + 1] + coded[i], 16) for i in range(0, len(coded), 2))


def ef_ad(octets):
    return "7FFF6FAD", bytes.fromhex(octets)


class Requirements(denied.Denied, engine.Subscribed):
    def platform(self, nonce=bytes(range(32)), context="usim", host="plmn=24008"):
        """What a DM server reads of the gateway's nodes, for the PVA."""
        status, token = self.tre.call(TOKEN_OPEN, text(context))
        self.assertEqual(status, 0)
        status, evidence = self.tre.evidence(context, nonce, host)
        self.assertEqual(status, 0)
        pfc, transport, _ = self.tre.keys()
        return pva.Platform(nonce, evidence, pfc, transport, token, host)

    def devices(self):
        """What the factory signed."""
        pfc, transport, _ = self.tre.keys()
        sha = lambda b: hashlib.sha256(b).hexdigest()
        return {"gw-0001": {"pfc": sha(pfc), "transport": sha(transport), "tre_id": self.tre.tre_id().hex()}}

    def other_tre(self):
        """Public keys of another gateway's TRE."""
        state, out = self.dir + "/other", self.dir + "/other-out"
        os.mkdir(state, 0o700)
        os.mkdir(out)
        self.agent("--state", state, "--provision", self.base + "/factory-secret.conf", "--out", out)
        pem = openssl("req", "-in", out + "/transport.csr", "-noout", "-pubkey")
        return openssl("pkey", "-pubin", "-outform", "DER", input=pem), out

    def asked_as(self, uid, code):
        return process.Peers.as_uid(self, uid, code)

    # --- management of MIDs ---

    def test_tre_R9_local_programs_read_the_registry_if_they_are_known(self):
        self.stop()
        os.unlink(self.path)
        self.start(user="65533", extra=("--usimd-user", "65532"))
        told = "print(c.mids())"
        self.assertEqual(self.tre.mids(), {})  # root
        self.assertEqual([self.asked_as(uid, told) for uid in (65533, 65532)], ["{}", "{}"])
        self.assertEqual(self.asked_as(OTHER_UID, "try:\n c.mids()\n print('answered')\nexcept Lost:\n print('ended')"), "ended")

    # --- provisioning ---

    def test_tre_R13_the_back_end_is_published_and_an_issuer_can_demand_more(self):
        self.assertEqual(self.tre.call(STATUS)[1][1], 0)
        claims = pva.judge(self.platform(), self.devices()).claims
        self.assertEqual(claims["backend"], "software")
        token, nonce = self.register()
        package = self.make(token, nonce, backend=1)
        self.assertEqual(self.tre.install("usim", package), (E["MID_BACKEND"], bytes([BACKEND])))
        self.assertEqual(self.tre.mids(), {})

    def test_tre_R14_a_package_shows_no_secret_and_opens_for_this_tre_only(self):
        token, nonce = self.register()
        check = Network().vector()
        package = self.make(token, nonce, k=K, opc=OPC, rand=check.rand, autn=check.autn, res=check.xres, amf=AMF)
        for secret in K, OPC, b"mid-1", token:
            self.assertNotIn(secret, package)
        _, out = self.other_tre()
        with open(self.dir + "/package", "wb") as f:
            f.write(package)
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", self.dir + "/key.pem")
        run = subprocess.run(["openssl", "cms", "-decrypt", "-inform", "DER", "-in", self.dir + "/package", "-inkey", self.dir + "/key.pem"],
                             capture_output=True, check=False)
        self.assertNotEqual(run.returncode, 0)
        self.assertEqual(self.tre.install("usim", package)[0], 0)

    def test_tre_R15_agentd_reaches_no_active_mid_past_the_tre(self):
        """All that agentd may send, in every order that leaves something out."""
        pfc = self.tre.keys()[0]
        shortcut = lambda token, nonce: self.sho.package(manifest(self.tre.tre_id(), pfc, token, nonce), self.transport)
        refused = lambda package, status, result: self.assertEqual(self.tre.install("usim", package), (E[status], bytes([result])))
        refused(shortcut(bytes(32), b"n" * 16), "MID_BINDING", BINDING)      # no registration
        token = self.tre.call(TOKEN_OPEN, text("usim"))[1]
        refused(shortcut(token, b"n" * 16), "MID_BINDING", BINDING)          # no validation
        refused(shortcut(token, b""), "MALFORMED", process.MALFORMED)
        self.assertEqual(self.tre.evidence("usim", b"n" * 16)[0], 0)
        der = manifest(self.tre.tre_id(), pfc, token, b"n" * 16)
        refused(der, "MID_SIGNATURE", SIGNATURE)                             # no issuer
        for state in range(1, 7):
            self.assertEqual(self.tre.set_state("mid-1", state)[0], E["NOT_FOUND"])
        self.assertEqual(self.tre.mids(), {})
        self.assertEqual(self.tre.install("usim", self.sho.package(der, self.transport))[0], 0)
        self.assertEqual(self.tre.mids()["mid-1"]["state"], PROVISIONED)

    def test_tre_R18_what_agentd_alters_on_the_way_is_found_by_the_tre(self):
        token, nonce = self.register()
        package = self.make(token, nonce)
        for bit in range(3500, len(package) * 8, 211):  # behind the names of the recipient, which nobody depends on
            data = bytearray(package)
            data[bit // 8] ^= 1 << bit % 8
            self.assertEqual(self.tre.install("usim", bytes(data)), (E["MID_SIGNATURE"], bytes([SIGNATURE])), bit)
        self.assertEqual(self.tre.mids(), {})

    def test_tre_R22_the_dpf_sees_who_would_open_its_packages(self):
        p, devices = self.platform(), self.devices()
        self.assertEqual(pva.judge(p, devices).reasons, [])
        other, _ = self.other_tre()
        p.transport_key = other  # agentd offers another key to encrypt to
        self.assertIn("kem is not the transport key", pva.judge(p, devices).reasons)
        p = self.platform()
        p.token = bytes(32)      # or another registration
        self.assertIn("token", pva.judge(p, devices).reasons)
        p = self.platform()
        p.nonce = b"another nonce of 32 octets......"
        self.assertIn("nonce", pva.judge(p, devices).reasons)
        p = self.platform(host="plmn=24008")
        p.network = "plmn=99999"
        self.assertIn("host differs from Platform/Network", pva.judge(p, devices).reasons)

    def test_tre_R24_the_new_mid_waits_beside_the_working_one(self):
        self.put_in(mid_id="old", share=True)
        v = self.net.vector()
        self.ok(v, mid="old")
        new = Network(0x20)
        self.put_in(mid_id="new", share=True, by=self.other, issuer="Other SHO", active=False)
        self.ok(self.net.vector(), mid="old")  # still in service
        self.assertEqual(self.tre.set_state("new", ACTIVE)[0], E["POLICY"])
        self.tre.set_state("old", SUSPENDED)
        self.assertEqual(self.tre.set_state("new", ACTIVE)[0], 0)
        new.vector()
        self.ok(new.vector(), mid="new")
        self.tre.set_state("new", SUSPENDED)   # and back, if the new operator's network does not take it
        self.assertEqual(self.tre.set_state("old", ACTIVE)[0], 0)
        self.ok(self.net.vector(), mid="old")

    def test_tre_R26_only_an_open_registration_makes_the_tre_prove_itself(self):
        self.assertEqual(self.tre.evidence("usim", b"n" * 16), (E["NOT_READY"], b""))
        self.register()
        self.assertEqual(self.tre.evidence("usim", b"n" * 16)[0], 0)
        self.assertEqual(self.tre.evidence("m2m", b"n" * 16), (E["NOT_READY"], b""))
        self.tre.call(TOKEN_SPEND, text("usim"))
        self.restart()
        self.assertEqual(self.tre.evidence("usim", b"n" * 16), (E["NOT_READY"], b""))

    def test_tre_R27_the_platform_credential_has_its_three_parts(self):
        """Root of the factory, private key that only signs inside, certificate that binds the two."""
        good = self.sho.certify(self.base + "/out/pfc.csr", self.dir + "/pfc.pem")
        self.agent("--state", self.state, "--certificate", good)
        der = self.tre.keys()[2]
        with open(self.dir + "/told.pem", "wb") as f:
            f.write(openssl("x509", "-inform", "DER", input=der))
        self.assertIn(b"OK", openssl("verify", "-CAfile", self.sho.path("root.pem"), self.dir + "/told.pem"))
        pem = openssl("x509", "-in", self.dir + "/told.pem", "-noout", "-pubkey")
        certified = openssl("pkey", "-pubin", "-outform", "DER", input=pem)
        p = self.platform()
        p.public_key = certified  # the PVA believes the certificate, not the node
        self.assertEqual(pva.judge(p, self.devices()).reasons, [])
        private = [open(os.path.join(self.state, n), "rb").read() for n in os.listdir(self.state)]
        self.assertFalse([1 for octets in private if b"PRIVATE" in octets or bytes.fromhex("06082a8648ce3d030107") in octets])

    def test_tre_R44_a_device_that_the_factory_did_not_certify_is_refused(self):
        p = self.platform()
        self.assertEqual(pva.judge(p, self.devices()).reasons, [])
        self.assertIn("PfC key was not signed by the factory", pva.judge(p, {}).reasons)
        pfc = bytearray(p.public_key)
        pfc[-1] ^= 1
        p.public_key = bytes(pfc)
        self.assertIn("signature", pva.judge(p, self.devices()).reasons)

    def test_tre_R20_the_old_ciphertext_and_the_master_key_open_nothing(self):
        """Whoever copied the record before, and has the master key after, cannot open it: the key of the record is gone with its file."""
        for n, way in enumerate(("request", "order")):
            package = self.put_in(mid_id=f"mid-{n}")
            master, key_label, label = sealed.device_key(self.state), f"key/mid-{n}", f"mid/mid-{n}"
            old, = sealed.slots(self.state, f"mid{n}")
            own = sealed.open_octets(sealed.slots(self.state, f"key{n}")[0], key_label, master)
            self.assertIn(K, sealed.open_octets(old, label, own))  # the control: with its key it does open
            self.assertIsNone(sealed.opens(old, label, master))
            if way == "request":
                self.assertEqual(self.tre.set_state(f"mid-{n}", process.ERASED)[0], 0)
            else:
                target = (f"mid-{n}", hashlib.sha256(package).digest())
                self.assertEqual(self.tre.order(self.sho.sign(order(self.tre.tre_id(), MIGRATE, 1, target=target)))[0], 0)
            self.assertEqual(sealed.device_key(self.state), master)
            for name in os.listdir(self.state):  # nor is it anywhere else, sealed or not
                with open(os.path.join(self.state, name), "rb") as f:
                    octets = f.read()
                self.assertFalse(sealed.held(octets, [own, K, OPC]), name)
                for text_ in key_label, label, "registry", "identity":
                    plain = sealed.opens(octets, text_, master) if octets[:4] == b"GATR" else None
                    self.assertFalse(plain and sealed.held(plain, [own, K, OPC]), name)

    def test_tre_R20_a_migration_in_the_middle_of_use_leaves_nothing(self):
        """The engine is open, its true numbers are not stored yet: it forgets them, too."""
        package = self.put_in()
        for _ in range(5):
            self.ok(self.net.vector())
        target = ("mid-1", hashlib.sha256(package).digest())
        self.assertEqual(self.tre.order(self.sho.sign(order(self.tre.tre_id(), MIGRATE, 1, target=target)))[0], 0)
        time.sleep(1)
        self.assertEqual([n for n in os.listdir(self.state) if n[:3] in ("mid", "key", "sqn")], [])
        self.assertFalse(sealed.process_holds(self.proc.pid, [K, OPC]))

    # --- algorithms and use ---

    def test_tre_R31_public_milenage_and_nothing_else_but_tuak(self):
        """The test sets of TS 35.208 as subscriptions, whatever OP they are made with; an algorithm that is not public cannot be named."""
        with open(os.path.join(HERE, "../../vectors/usim/milenage_35208.json"), encoding="utf-8") as f:
            sets = json.load(f)["sets"]
        for n, s in enumerate(sets):
            octets = {name: bytes.fromhex(s[name]) for name in ("k", "opc", "rand", "autn", "amf")}
            self.put_in(mid_id=f"set-{n}", active=False, res=bytes.fromhex(s["f2"]), **octets)
            self.tre.set_state(f"set-{n}", process.ERASED)
        print(f"{len(sets)} sets", file=sys.stderr)
        token, nonce = self.register()
        self.assertEqual(self.tre.install("usim", self.make(token, nonce, algorithm=2))[1], bytes([process.MALFORMED]))

    def test_tre_R30_R31_a_pcid_is_an_imsi_that_names_its_network_and_has_milenage(self):
        """EF_IMSI in the format of an IMSI, EF_AD with 2 or 3 digits of MNC behind the MCC, the algorithm that all have; a USIM is not looked at that closely."""
        imsi, two, three = ef_imsi("232010000000000"), ef_ad("00000002"), ef_ad("00000003")
        for n, files in enumerate(([imsi, two], [imsi, three], [ef_imsi("23201000000000"), ef_ad("000000F2"), ef_ad("00000009")], [ef_imsi("232011"), two])):
            self.put_in(mid_id=f"pcid-{n}", type=PCID, files=files)
            self.assertEqual(self.tre.mids()[f"pcid-{n}"]["type"], PCID)
            self.assertEqual([content for _, content in self.tre.read_file(f"pcid-{n}", b"")[1]], [content for _, content in files])
            self.net = Network()
            self.ok(self.net.vector(), mid=f"pcid-{n}")                      # it answers its ICF as a USIM does
            self.tre.set_state(f"pcid-{n}", SUSPENDED)
            self.tre.set_state(f"pcid-{n}", process.ERASED)
        token, nonce = self.register()
        check = Network(0x20).vector()
        answer = {"k": K, "opc": OPC, "rand": check.rand, "autn": check.autn, "res": check.xres, "amf": AMF, "sqn": bytes(6)}
        changed = lambda at, octet: (imsi[0], imsi[1][:at] + bytes([octet]) + imsi[1][at + 1:])  # noqa: E731
        bad = ([], [imsi], [two], [imsi, ef_ad("00000004")], [imsi, ef_ad("00000001")], [imsi, ef_ad("000000")], [changed(8, 0xA0), two], [changed(1, 0x2A), two],
               [changed(0, 9), two], [changed(0, 0), two], [("7FFF6F07", imsi[1][:8]), two], [ef_imsi("23201"), two], [ef_imsi("232010"), three],
               [("3F006F07", imsi[1]), two], [imsi, ("7FFF7FF06FAD", two[1])])
        for files in bad:
            self.refused(self.make(token, nonce, mid_id="bad", type=PCID, files=files, **answer), process.POLICY, "MID_POLICY")
        self.refused(self.make(token, nonce, mid_id="bad", type=PCID + 1, files=[imsi, two], **answer), process.MALFORMED, "MALFORMED")
        rand, top = bytes(16), bytes(range(32))
        res, _, _, ak = tuak.f2345(K, top, rand, 8, 16, 16, 1)
        autn = bytes(a ^ b for a, b in zip((0x40).to_bytes(6, "big"), ak)) + AMF + tuak.f1(K, top, rand, (0x40).to_bytes(6, "big"), AMF, 8, 1)
        answer |= {"algorithm": 1, "opc": top, "rand": rand, "autn": autn, "res": res}
        self.refused(self.make(token, nonce, mid_id="tuak", type=PCID, files=[imsi, two], **answer), process.POLICY, "MID_POLICY")
        self.assertEqual(self.tre.install("usim", self.make(token, nonce, mid_id="tuak", files=[], **answer))[0], 0)

    def test_tre_R41_the_usim_gives_eap_aka_its_keys(self):
        self.put_in(acl=[("agentd", "authenticate,msk")])
        v = self.net.vector()
        a = self.ok(v, EAP)
        status, keys = self.tre.eap_keys(a["session"], 23, b"0232010000000000", b"")
        want = kdf.eap_aka(b"0232010000000000", v.ck, v.ik)
        self.assertEqual((status, keys[32:96], a["ck"]), (0, want["msk"], b""))

    def test_tre_R42_the_usim_seeds_a_shared_key_for_ipsec(self):
        """Ks_NAF, the same on both sides, is the pre-shared key of an IKE that both can authenticate; CK and IK stay inside."""
        self.put_in(acl=[("agentd", "gba"), ("agent-usimd", "gba")])
        self.for_both()
        v, naf = self.net.vector(), kdf.naf_id("vpn.operator.example", bytes.fromhex("0100000002"))
        a = self.ok(v, GBA)
        impi = "232010000000000@ims.mnc001.mcc232.3gppnetwork.org"
        self.assertEqual(self.tre.gba_bind(a["session"], 3600, b"btid@bsf", impi.encode()), 0)
        status, _, _, key = self.tre.naf_key("mid-1", naf)
        self.assertEqual((status, key, a["ck"]), (0, kdf.gba(v.ck, v.ik, v.rand, impi, naf)["ks_naf"], b""))

    def test_tre_R43_an_isim_has_several_public_identities(self):
        impus = [f"sip:device{n}@ims.example" for n in range(4)]
        files = [("7FFF6F04", b"\x80" + bytes([len(i)]) + i.encode()) for i in impus]
        self.put_in(type=1, files=files, acl=[("agentd", "identity,authenticate")])
        self.ok(self.net.vector(), ISIM)
        status, records = self.tre.read_file("mid-1", bytes.fromhex("7FFF6F04"))
        self.assertEqual((status, [r[2:].decode() for _, r in records]), (0, impus))

    # --- assurance ---

    def test_tre_R45_the_declared_rules_hold_of_the_running_process(self):
        with open(DOC, encoding="utf-8") as f:
            declared = " ".join(f.read().split())
        with open(f"/proc/{self.proc.pid}/status", encoding="ascii") as f:
            status = dict(line.split(":\t", 1) for line in f.read().splitlines() if ":\t" in line)
        with open(f"/proc/{self.proc.pid}/limits", encoding="ascii") as f:
            no_core = re.search(r"Max core file size +0 +0", f.read())
        links = subprocess.run(["readelf", "-d", process.AGENT], check=True, capture_output=True, text=True).stdout
        needed = {n.split(".so")[0] for n in re.findall(r"NEEDED.*\[(.*)\]", links)} - {"libasan", "libubsan"}
        families = {line.split()[0] for net in ("tcp", "tcp6", "udp", "udp6") for line in self.lines(f"/proc/{self.proc.pid}/net/{net}")[1:]
                    if line.split()[9] in self.inodes()}
        for words, holds in {
            "one thread": status["Threads"] == "1",
            "libc and libcrypto only": needed == {"libc", "libcrypto"},
            "no new privileges": status["NoNewPrivs"] == "1",
            "system calls by an allow-list": status["Seccomp"] == "2",
            "no core file": no_core,
            "no network socket": not families,
            "records of its owner only": all(os.stat(os.path.join(self.state, n)).st_mode & 0o77 == 0 for n in os.listdir(self.state)),
        }.items():
            self.assertIn(words, declared)
            self.assertTrue(holds, words)

    def test_tre_R45_the_running_process_opens_no_socket_program_or_foreign_file(self):
        self.denied_calls()

    @staticmethod
    def lines(path):
        with open(path, encoding="ascii") as f:
            return f.read().splitlines()

    def inodes(self):
        links = [os.readlink(f"/proc/{self.proc.pid}/fd/{n}") for n in os.listdir(f"/proc/{self.proc.pid}/fd")]
        return {m.group(1) for m in (re.match(r"socket:\[(\d+)\]", link) for link in links) if m}


class Enrolment(enrolment.Enrolment, process.Bench):
    def off(self, *words):
        self.agent(*words)

    def power(self):
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.start()


if __name__ == "__main__":
    process.AGENT = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2, warnings="ignore", argv=[sys.argv[0], *(sys.argv[1:] or ["Requirements", "Enrolment"])])
