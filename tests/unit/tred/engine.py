# SPDX-License-Identifier: Apache-2.0
"""The MID engine of the real agent-tred over its socket, against the operator's own AuC (tests/operator/aka). Usage: engine.py AGENT_TRED."""
import base64
import hashlib
import os
import random
import signal
import struct
import subprocess
import sys
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../../operator")]
import idle  # noqa: E402
import process  # noqa: E402
from aka import kdf, milenage, tuak  # noqa: E402
from aka.subscribers import Subscriber  # noqa: E402
from process import ACTIVE, BLOCKED, ERASED, SUSPENDED, Bench, E, OTHER_UID  # noqa: E402
from tre_client import *  # noqa: E402,F403

K, OPC = bytes.fromhex("90dca4eda45b53cf0f12d7c9c3bc6a89"), bytes.fromhex("cb9cccc4b9258e6dca4760379fb82581")  # TS 35.208 set 20
AMF, STEP = b"\x80\0", 32
USIM, ISIM, EAP, GBA, DIGEST, GSM = range(1, 7)
AUTH_OK, AUTH_SYNC, AUTH_MAC = range(3)
EVERYTHING = [("agentd", "authenticate,ckik,gba,identity,msk")]


class Network:
    """An AuC of one subscriber."""

    def __init__(self, sqn=0x20):
        self.sqn, self.m = sqn, milenage.Milenage(K, OPC)

    def vector(self, step=STEP, amf=AMF):
        self.sqn += step
        return milenage.network_vector(K, OPC, os.urandom(16), self.sqn.to_bytes(6, "big"), amf)

    def resync(self, vector, auts):
        self.sqn = int.from_bytes(milenage.network_resync(K, OPC, vector.rand, auts), "big")


class Subscribed(Bench):
    """A TRE whose MID has a subscription at an AuC."""

    def setUp(self):
        super().setUp()
        self.net = Network()

    def put_in(self, acl=EVERYTHING, active=True, mid_id="mid-1", **kw):
        check = Network(0x20).vector()
        kw = {"sqn": bytes(6), "k": K, "opc": OPC, "rand": check.rand, "autn": check.autn, "res": check.xres, "amf": AMF, **kw}
        package = super().put_in(acl=acl, mid_id=mid_id, **kw)
        if active:
            self.assertEqual(self.tre.set_state(mid_id, ACTIVE)[0], 0)
        return package

    def for_both(self):
        """The same user is agentd and agent-usimd."""
        self.stop()
        os.unlink(self.path)
        self.start(extra=["--usimd-user", "0"])

    def ask(self, v, purpose=USIM, mid="mid-1", tre=None):
        return (tre or self.tre).authenticate(mid, purpose, v.rand, v.autn)

    def ok(self, v, purpose=USIM, **kw):
        a = self.ask(v, purpose, **kw)
        self.assertEqual((a["status"], a.get("verdict")), (0, AUTH_OK))
        return a


class Engine(Subscribed):
    def test_quintuplets_of_the_network_are_answered_once(self):
        self.put_in()
        for _ in range(100):
            v = self.net.vector()
            a = self.ok(v)
            self.assertEqual((a["res"], a["ck"], a["ik"], a["session"]), (v.xres, v.ck, v.ik, 0))
        a = self.ask(v)
        self.assertEqual((a["verdict"], a["res"], a["ck"], a["ik"]), (AUTH_SYNC, b"", b"", b""))
        self.net.sqn = 0
        self.net.resync(v, a["auts"])
        self.ok(self.net.vector())

    def test_a_wrong_mac_gives_nothing_and_changes_nothing(self):
        self.put_in()
        v = self.net.vector()
        for bit in range(128):
            autn = bytearray(v.autn)
            autn[bit // 8] ^= 1 << bit % 8
            a = self.tre.authenticate("mid-1", USIM, v.rand, bytes(autn))
            self.assertEqual((a["status"], a["verdict"], a["res"], a["auts"], a["session"]), (0, AUTH_MAC, b"", b"", 0), bit)
        self.ok(v)
        self.assertIn("MAC of the network is wrong", self.log())

    def test_network_far_ahead_is_brought_back_by_resynchronisation(self):
        self.put_in()
        self.net.sqn = 0x16F3B3F70FC0
        v = self.net.vector()
        a = self.ask(v)
        self.assertEqual(a["verdict"], AUTH_SYNC)
        self.net.resync(v, a["auts"])
        self.ok(self.net.vector())

    def test_no_answered_vector_is_answered_again_after_any_kill(self):
        """In bursts of any length, killed and started again: what was answered stays answered, and the network finds back by one AUTS."""
        self.put_in()
        rng, used, resyncs = random.Random(1), [], 0
        for _ in range(12):
            for _ in range(rng.randrange(1, 40)):
                v = self.net.vector()
                a = self.ask(v)
                if a["verdict"] == AUTH_SYNC:
                    resyncs += 1
                    self.net.resync(v, a["auts"])
                    v = self.net.vector()
                    a = self.ask(v)
                self.assertEqual(a["verdict"], AUTH_OK)
                used.append(v)
            if rng.random() < 0.3:
                self.at_rest()  # no resynchronisation is due
            self.restart()
            for v in used[-5:]:
                self.assertEqual(self.ask(v)["verdict"], AUTH_SYNC)
        self.assertGreater(resyncs, 0)

    def test_one_answer_costs_one_write_and_needs_no_resynchronisation_after_a_kill(self):
        self.put_in()
        self.ok(self.net.vector())
        self.restart()
        self.ok(self.net.vector())

    def test_rest_after_a_burst_stores_the_true_numbers(self):
        self.put_in()
        for _ in range(50):
            self.ok(self.net.vector())
        self.at_rest()
        self.restart()
        self.ok(self.net.vector())

    def test_sequence_numbers_go_on_over_an_update_with_the_same_key(self):
        self.put_in()
        v = self.net.vector()
        self.ok(v)
        self.put_in(version=2, active=False)
        self.assertEqual(self.ask(v)["verdict"], AUTH_SYNC)
        self.ok(self.net.vector())

    def test_another_key_starts_its_own_sequence(self):
        self.put_in()
        self.net.sqn = 0x100000
        self.ok(self.net.vector())
        self.put_in(version=2, active=False, **{n: process.MILENAGE[n] for n in ("k", "opc", "rand", "autn", "res")})
        other = milenage.network_vector(process.MILENAGE["k"], process.MILENAGE["opc"], os.urandom(16), bytes.fromhex("000000000040"), AMF)
        self.assertEqual(self.ok(other)["res"], other.xres)

    def test_scheme_of_the_issuer(self):
        self.put_in(scheme=(0, 1000, None))
        self.net.sqn = 0
        self.ok(self.net.vector(step=1))
        self.assertEqual(self.ask(self.net.vector(step=1001))["verdict"], AUTH_SYNC)
        self.net.sqn = 1
        self.ok(self.net.vector(step=1000))

    def test_tuak_mid(self):
        k, topc, rand = bytes(range(32)), bytes(range(32, 64)), os.urandom(16)

        def vector(sqn, res_len):
            sqn = sqn.to_bytes(6, "big")
            res, ck, ik, ak = tuak.f2345(k, topc, rand, res_len, 16, 16, 3)
            mac = tuak.f1(k, topc, rand, sqn, AMF, 8, 3)
            return milenage.Vector(rand, milenage.xor(sqn, ak) + AMF + mac, res, ck, ik)
        for n, res_len in enumerate((4, 8, 16)):
            mid = f"tuak-{n}"
            check = vector(0x40, res_len)
            self.put_in(mid_id=mid, algorithm=1, k=k, opc=topc, rand=rand, autn=check.autn, res=check.xres, iterations=3)
            v = vector(0x60, res_len)
            a = self.ok(v, mid=mid)
            self.assertEqual((a["res"], a["ck"], a["ik"]), (v.xres, v.ck, v.ik))
            a = self.ask(v, mid=mid)
            self.assertEqual(a["verdict"], AUTH_SYNC)
            sqn = milenage.xor(a["auts"][:6], tuak.f5star(k, topc, rand, 3))
            self.assertEqual(sqn, bytes.fromhex("000000000060"))
            self.assertEqual(a["auts"][6:], tuak.f1(k, topc, rand, sqn, bytes(2), 8, 3, True))
            self.tre.set_state(mid, ERASED)

    def test_only_an_active_mid_answers(self):
        self.put_in(active=False)
        v = self.net.vector()
        self.assertEqual(self.ask(v)["status"], E["NOT_READY"])
        self.assertEqual(self.ask(v, mid="mid-2")["status"], E["NOT_FOUND"])
        self.tre.set_state("mid-1", ACTIVE)
        self.ok(v)
        v = self.net.vector()
        self.tre.set_state("mid-1", SUSPENDED)
        self.assertEqual(self.ask(v)["status"], E["NOT_READY"])
        self.tre.set_state("mid-1", BLOCKED)
        self.assertEqual(self.ask(v)["status"], E["MID_BLOCKED"])
        self.assertEqual(self.ask(v, purpose=ISIM)["status"], E["MID_BLOCKED"])

    def test_purpose_fits_the_type_of_the_mid(self):
        self.put_in()
        v = self.net.vector()
        self.assertEqual(self.ask(v, purpose=ISIM)["status"], E["INVALID"])
        for purpose in 0, 7, 255:
            self.assertEqual(self.ask(v, purpose=purpose)["status"], E["INVALID"])
        self.ok(v)

    def test_tre_R10_acl_decides_what_leaves(self):
        for words, keys in ("authenticate", False), ("ckik", True):  # agentd has RES without being named
            self.put_in(acl=[("agentd", words), ("agent-usimd", "ckik,gba,identity,msk")], mid_id=words)
            v = self.net.vector()
            a = self.ok(v, mid=words)
            self.assertEqual((a["res"], a["ck"], a["ik"]), (v.xres, v.ck if keys else b"", v.ik if keys else b""))
            self.assertEqual(self.ask(self.net.vector(), GBA, mid=words)["status"], E["DENIED"])
            self.assertEqual(self.tre.read_file(words, b"")[0], E["DENIED"])
            session = self.ok(self.net.vector(), EAP, mid=words)["session"]
            self.assertEqual(self.tre.eap_keys(session, 23, b"0id", b"")[0], E["DENIED"])
            self.assertIn("its ACL does not allow this peer gba", self.log())
            self.tre.set_state(words, ERASED)

    def test_tre_R10_a_2g_answer_is_given_only_where_the_issuer_names_gsm(self):
        rand, none = os.urandom(16), bytes(16)
        expected = Subscriber("", K, OPC, AMF, 0).triplet_of(rand)
        for words, status, keys in ("authenticate,ckik,msk,gba,identity", E["DENIED"], None), ("gsm", 0, False), ("gsm,ckik", 0, True):
            mid = words.replace(",", "-")
            self.put_in(acl=[("agentd", words)], mid_id=mid)
            a = self.tre.authenticate(mid, GSM, rand, none)
            self.assertEqual(a["status"], status)
            if not status:
                self.assertEqual((a["verdict"], a["session"], a["res"], a["ck"], a["ik"], a["auts"]), (0, 0, expected[1], expected[2] if keys else b"", b"", b""))
                self.assertEqual(self.tre.authenticate(mid, GSM, rand, none)["res"], expected[1])  # no number is used up
                self.assertEqual(self.tre.authenticate(mid, GSM, rand, none[:15] + b"\1")["status"], E["INVALID"])
            self.ok(self.net.vector(), mid=mid)
            self.tre.set_state(mid, ERASED)
        self.put_in(acl=[("agentd", "gsm,ckik")], mid_id="isim", type=1)
        self.assertEqual(self.tre.authenticate("isim", GSM, rand, none)["status"], E["INVALID"])

    def test_acl_names_the_program_or_its_user(self):
        self.stop()
        os.unlink(self.path)
        self.start(user="root", extra=["--usimd-user", str(OTHER_UID)])
        code = "a = c.authenticate('mid-1', 1, bytes.fromhex('%s'), bytes.fromhex('%s'))\nprint(a['status'], a.get('res', b'').hex(), a.get('ck', b'').hex(), '', sep='|')"
        for n, (acl, right) in enumerate(((("agent-usimd", "authenticate,ckik"), 2), ((str(OTHER_UID), "authenticate"), 1), (("agentd", "ckik"), 0))):
            self.put_in(acl=[acl], version=n + 1, active=n == 0)
            v = self.net.vector()
            said = process.Peers.as_uid(self, OTHER_UID, code % (v.rand.hex(), v.autn.hex())).split("|")
            if right:
                self.assertEqual(said[:3], ["0", v.xres.hex(), v.ck.hex() if right == 2 else ""])
            else:
                self.assertEqual(int(said[0]), E["DENIED"])

    def test_sessions_belong_to_their_peer_and_to_active_mids(self):
        self.put_in()
        self.stop()
        os.unlink(self.path)
        self.start(user="root", extra=["--usimd-user", str(OTHER_UID)])
        session = self.ok(self.net.vector(), EAP)["session"]
        self.assertEqual(self.tre.eap_keys(session, 23, b"0id", b"")[0], 0)
        self.assertEqual(process.Peers.as_uid(self, OTHER_UID, f"print(c.eap_keys({session}, 23, b'0id', b'')[0])"), str(E["NOT_FOUND"]))
        self.assertEqual(self.tre.call(SESSION_END, struct.pack(">I", session))[0], 0)
        self.assertEqual(self.tre.eap_keys(session, 23, b"0id", b"")[0], E["NOT_FOUND"])
        session = self.ok(self.net.vector(), EAP)["session"]
        self.tre.set_state("mid-1", SUSPENDED)
        self.assertEqual(self.tre.eap_keys(session, 23, b"0id", b"")[0], E["NOT_FOUND"])

    def test_ninth_session_takes_the_place_of_the_oldest(self):
        self.put_in()
        sessions = [self.ok(self.net.vector(), EAP)["session"] for _ in range(9)]
        self.assertEqual(len(set(sessions)), 9)
        found = [self.tre.eap_keys(s, 23, b"0id", b"")[0] == 0 for s in sessions]
        self.assertEqual(found, [False] + [True] * 8)

    def test_eap_keys(self):
        self.put_in()
        v = self.net.vector()
        a = self.ok(v, EAP)
        self.assertEqual((a["res"], a["ck"], a["ik"]), (v.xres, b"", b""))
        status, keys = self.tre.eap_keys(a["session"], 23, b"0232010000000000", b"")
        want = kdf.eap_aka(b"0232010000000000", v.ck, v.ik)
        self.assertEqual((status, keys), (0, want["k_encr"] + want["k_aut"] + want["msk"] + want["emsk"]))
        status, keys = self.tre.eap_keys(a["session"], 50, b"6232010000000000", b"WLAN")
        want = kdf.eap_aka_prime(b"6232010000000000", b"WLAN", v.autn, v.ck, v.ik)
        self.assertEqual((status, keys), (0, b"".join(want[n] for n in ("k_encr", "k_aut", "k_re", "msk", "emsk"))))
        for bad in (22, b"id", b""), (23, b"", b""), (23, b"id", b"WLAN"), (50, b"id", b""):
            self.assertEqual(self.tre.eap_keys(a["session"], *bad)[0], E["INVALID"])
        a = self.ok(self.net.vector(amf=b"\0\0"), EAP)  # without the separation bit
        self.assertEqual(self.tre.eap_keys(a["session"], 50, b"6id", b"WLAN")[0], E["PROTOCOL"])

    def test_gba_and_digest_keep_res_inside(self):
        self.put_in()
        impi = b"232010000000000@ims.mnc001.mcc232.3gppnetwork.org"
        for purpose in GBA, DIGEST:
            v = self.net.vector()
            a = self.ok(v, purpose)
            self.assertEqual((a["res"], a["ck"], a["ik"]), (b"", b"", b""))
            nonce = base64.b64encode(v.rand + v.autn)
            d = dict(username=impi, realm=b"bsf", nonce=nonce, uri=b"/", method=b"GET", cnonce=b"c", qop=2, body=hashlib.md5(b"").digest())
            ha1 = self.md5(impi, b"bsf", v.xres)
            ha2 = self.md5(b"GET", b"/", hashlib.md5(b"").hexdigest().encode())
            self.assertEqual(self.tre.digest(a["session"], 1, **d), (0, self.md5(ha1, nonce, b"00000001", b"c", b"auth-int", ha2)))
            self.assertEqual(self.tre.gba_bind(a["session"], 60, b"b@bsf", impi), 0 if purpose == GBA else E["NOT_FOUND"])
        a = self.ask(v, GBA)  # out of step: AUTS goes with the empty password
        self.assertEqual(a["verdict"], AUTH_SYNC)
        d = dict(username=b"u", realm=b"r", nonce=b"n", uri=b"/", method=b"GET", cnonce=b"", qop=0, body=bytes(16))
        self.assertEqual(self.tre.digest(a["session"], 1, **d), (0, self.md5(self.md5(b"u", b"r", b""), b"n", self.md5(b"GET", b"/"))))
        self.assertEqual(self.tre.gba_bind(a["session"], 60, b"b@bsf", impi), E["NOT_FOUND"])

    def test_ks_naf_is_given_while_ks_lives_and_agentd_hears_when_it_is_wanted(self):
        self.put_in()
        self.for_both()
        impi, naf = "232010000000000@ims.mnc001.mcc232.3gppnetwork.org", kdf.naf_id("naf.example.com", bytes.fromhex("0100000002"))
        self.assertEqual(self.tre.naf_key("mid-1", naf), (E["NOT_READY"],))
        self.assertEqual(self.tre.events, [(NAF_KEY, text("mid-1"))])
        v = self.net.vector()
        session = self.ok(v, GBA)["session"]
        self.assertEqual([self.tre.gba_bind(session, *bad) for bad in
                          ((0, b"b", impi), (31 * 86400 + 1, b"b", impi), (9, b"", impi), (9, b"b", b""), (9, b"b" * 281, impi), (9, b"b", b"i" * 261))],
                         [E["INVALID"]] * 6)
        self.tre.events.clear()
        self.assertEqual(self.tre.gba_bind(session, 3600, b"btid@bsf", impi), 0)
        self.assertEqual(self.tre.events, [(GBA_BIND, text("mid-1"))])
        self.assertEqual(self.tre.gba_bind(session, 3600, b"btid@bsf", impi), E["NOT_FOUND"])  # a session becomes one Ks
        status, seconds, btid, key = self.tre.naf_key("mid-1", naf)
        self.assertEqual((status, btid, key), (0, b"btid@bsf", kdf.gba(v.ck, v.ik, v.rand, impi, naf)["ks_naf"]))
        self.assertTrue(3590 < seconds <= 3600, seconds)
        for _ in range(9):
            self.ok(self.net.vector(), EAP)  # sessions that come and go do not touch it
        other = kdf.naf_id("other.example.com", bytes.fromhex("0100000002"))
        self.assertEqual(self.tre.naf_key("mid-1", other)[3], kdf.gba(v.ck, v.ik, v.rand, impi, other)["ks_naf"])
        self.assertEqual(self.tre.naf_key("mid-1", b""), (E["INVALID"],))
        w = self.net.vector()
        self.assertEqual(self.tre.gba_bind(self.ok(w, GBA)["session"], 2, b"next@bsf", impi), 0)  # the later one counts
        self.assertEqual(self.tre.naf_key("mid-1", naf)[2:], (b"next@bsf", kdf.gba(w.ck, w.ik, w.rand, impi, naf)["ks_naf"]))
        time.sleep(2.1)
        self.assertEqual(self.tre.naf_key("mid-1", naf), (E["NOT_READY"],))

    def test_ks_ends_with_its_mid_and_with_the_process(self):
        self.put_in()
        self.for_both()
        bind = lambda: self.tre.gba_bind(self.ok(self.net.vector(), GBA)["session"], 60, b"b@bsf", b"i")  # noqa: E731
        self.assertEqual((bind(), self.tre.naf_key("mid-1", b"naf")[0]), (0, 0))
        self.tre.set_state("mid-1", SUSPENDED)
        self.assertEqual(self.tre.naf_key("mid-1", b"naf"), (E["NOT_READY"],))
        self.tre.set_state("mid-1", ACTIVE)
        self.assertEqual(self.tre.naf_key("mid-1", b"naf"), (E["NOT_READY"],))
        self.assertEqual(bind(), 0)
        self.put_in(version=2, active=False)
        self.assertEqual(self.tre.naf_key("mid-1", b"naf"), (E["NOT_READY"],))
        self.assertEqual(bind(), 0)
        self.for_both()
        self.assertEqual(self.tre.naf_key("mid-1", b"naf"), (E["NOT_READY"],))

    def test_ks_naf_is_for_agentd_only_by_naf_and_for_shared_key_tls(self):
        """`gba` lets it bootstrap, no more; `naf` gives keys of TLS (TS 33.220 annex H.3) and of nothing else, and is no news to itself."""
        impi, names = "232010000000000@ims.mnc001.mcc232.3gppnetwork.org", [kdf.naf_id("naf.example", bytes.fromhex(ua)) for ua in
                                                                            ("010001c0a8", "0100000002", "0100010000", "0200010001", "0100020001")]
        for version, words in enumerate(("gba", "gba,naf"), 1):
            self.put_in(acl=[("agentd", words), ("agent-usimd", "gba,naf")], version=version, active=version == 1)
            self.assertEqual(self.tre.naf_key("mid-1", names[0]), (E["DENIED"],) if words == "gba" else (E["NOT_READY"],))
            self.assertFalse(self.tre.events)
            v = self.net.vector()
            self.assertEqual(self.tre.gba_bind(self.ok(v, GBA)["session"], 60, b"b@bsf", impi), 0)
            got = [self.tre.naf_key("mid-1", name)[0] for name in names]
            self.assertEqual(got, [E["DENIED"]] * 5 if words == "gba" else [0, E["DENIED"], 0, E["DENIED"], E["DENIED"]])
            self.assertEqual(self.tre.naf_key("mid-1", b"\x01\x00\x01\xc0\xa8"), (E["DENIED"],))
            if words != "gba":
                self.assertEqual(self.tre.naf_key("mid-1", names[0])[3], kdf.gba(v.ck, v.ik, v.rand, impi, names[0])["ks_naf"])

    def test_without_gba_in_the_acl_there_is_neither_bootstrapping_nor_ks_naf(self):
        self.put_in(acl=[("agentd", "authenticate,ckik,identity,msk")])
        self.for_both()
        self.assertEqual(self.ask(self.net.vector(), GBA)["status"], E["DENIED"])
        self.assertEqual(self.tre.naf_key("mid-1", b"naf"), (E["DENIED"],))

    @staticmethod
    def md5(*parts):
        return hashlib.md5(b":".join(parts)).hexdigest().encode()

    def test_files_come_in_the_order_of_the_package(self):
        files = [("7FFF6F07", b"imsi"), ("7FFF6F04", b"one"), ("7FFF6F04", b"two"), ("2FE2", b"iccid")]
        self.put_in(files=files)
        want = [(bytes.fromhex(p), c) for p, c in files]
        self.assertEqual(self.tre.read_file("mid-1", b""), (0, want))
        self.assertEqual(self.tre.read_file("mid-1", bytes.fromhex("7FFF6F04")), (0, want[1:3]))
        self.assertEqual(self.tre.read_file("mid-1", bytes.fromhex("7FFF6F42"))[0], E["NOT_FOUND"])

    def test_pin_has_three_tries_that_a_kill_does_not_give_back(self):
        self.put_in(pin="4711")
        self.assertEqual(self.tre.pin("mid-1", ""), (0, 1, 3))
        self.assertEqual(self.tre.pin("mid-1", "4712"), (E["MAC_MISMATCH"], 1, 2))
        self.assertEqual(self.tre.pin("mid-1", "471"), (E["MAC_MISMATCH"], 1, 1))
        self.restart()
        self.assertEqual(self.tre.pin("mid-1", ""), (0, 1, 1))
        self.assertEqual(self.tre.pin("mid-1", "4711"), (0, 1, 3))
        for left in 2, 1, 0:
            self.assertEqual(self.tre.pin("mid-1", "0000"), (E["MAC_MISMATCH"], 1, left))
        self.restart()
        self.assertEqual(self.tre.pin("mid-1", "4711"), (E["DENIED"], 1, 0))

    def test_mid_without_pin(self):
        self.put_in()
        self.assertEqual(self.tre.pin("mid-1", "1234"), (0, 0, 3))

    def test_tre_R3_damaged_or_missing_sequence_numbers_block_the_mid(self):
        """Also the older of both slots: with it alone an answered vector would be answered again."""
        v = self.net.vector()
        for n, what in enumerate(("newer", "older", "gone")):
            self.put_in(mid_id=f"m{n}")
            self.ok(v, mid=f"m{n}")
            self.at_rest()
            slots = sorted((os.path.join(self.state, s) for s in self.records("sqn%d" % n)), key=os.path.getmtime)
            self.assertEqual(len(slots), 2)
            for slot in slots if what == "gone" else slots[-1:] if what == "newer" else slots[:1]:
                if what == "gone":
                    os.unlink(slot)
                else:
                    with open(slot, "r+b") as f:
                        f.seek(40)
                        f.write(bytes([f.read(1)[0] ^ 1]))
            self.assertEqual(self.ask(self.net.vector(), mid=f"m{n}")["status"], E["MID_BLOCKED"], what)
            self.assertEqual(self.tre.mids()[f"m{n}"]["state"], BLOCKED)
            self.assertIn(f"m{n}: a stored record is damaged", self.log())

    def test_tre_R20_erasure_takes_key_and_numbers(self):
        self.put_in()
        self.ok(self.net.vector())
        self.tre.set_state("mid-1", ERASED)
        self.assertEqual(self.records("mid") + self.records("sqn"), [])
        self.assertEqual(self.find(K), 0)

    def find(self, octets):
        """How often the process has these octets in memory; the pages are read from outside."""
        found = 0
        with open(f"/proc/{self.proc.pid}/maps", encoding="ascii") as maps, open(f"/proc/{self.proc.pid}/mem", "rb") as mem:
            for line in maps:
                span, rights = line.split()[:2]
                if "r" not in rights or "[v" in line:
                    continue
                begin, end = (int(x, 16) for x in span.split("-"))
                try:
                    mem.seek(begin)
                    found += mem.read(end - begin).count(octets)
                except OSError:  # given back since the list was read
                    self.assertNotIn("[heap]", line)
        return found

    def test_key_is_in_memory_while_it_is_used_and_not_a_second_after(self):
        self.put_in()
        time.sleep(1)
        self.assertEqual((self.find(K), self.find(OPC)), (0, 0))
        found = 0
        while not found:  # the control: this scan does find it, if the process is held still soon enough
            v = self.net.vector()
            self.ok(v)
            os.kill(self.proc.pid, signal.SIGSTOP)
            found = self.find(K)
            os.kill(self.proc.pid, signal.SIGCONT)
        time.sleep(1)
        self.assertEqual([self.find(s) for s in (K, OPC, v.ck, v.ik)], [0, 0, 0, 0])

    def test_changes_of_the_registry_are_told_to_agent_usimd_only(self):
        self.stop()
        os.unlink(self.path)
        self.start(user="root", extra=["--usimd-user", str(OTHER_UID)])
        code = "c.call(STATUS)\nprint('ready', flush=True)\nprint(c.sock.recv(100).hex())"
        os.chmod(self.base, 0o755)
        os.chmod(self.dir, 0o755)
        source = f"import sys; sys.path.insert(0, {HERE!r})\nfrom tre_client import *\nc = Client({self.path!r})\n{code}"
        with subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, text=True, user=OTHER_UID, group=OTHER_UID) as other:
            self.assertEqual(other.stdout.readline(), "ready\n")
            self.put_in(active=False)  # this client has the role of agentd and would stumble over an event
            self.assertEqual(other.stdout.readline(), struct.pack(">IHHI", 0, MID_LIST, 0, 0).hex() + "\n")

    def test_idle_memory_is_given_back(self):
        self.put_in()
        time.sleep(0.8)
        before = idle.dirty(self.proc.pid)
        for _ in range(300):
            self.ok(self.net.vector(), EAP)
        self.assertEqual(self.tre.set_state("mid-1", SUSPENDED)[0], 0)
        end = time.monotonic() + 5
        while idle.dirty(self.proc.pid) - before > 64 and time.monotonic() < end:
            time.sleep(0.05)
        self.assertLessEqual(idle.dirty(self.proc.pid) - before, 64)


if __name__ == "__main__":
    process.AGENT = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2, warnings="ignore")
