# SPDX-License-Identifier: Apache-2.0
"""Orders of an issuer, policies and the whole lifecycle of the real agent-tred over its socket. Usage: orders.py AGENT_TRED."""
import hashlib
import os
import struct
import sys
import unittest
from pathlib import Path

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../../operator")]
import cbor  # noqa: E402
import process  # noqa: E402
import pva  # noqa: E402
import sealed  # noqa: E402
from mid_package import BLOCK, DISCOVER, ERASE, MIGRATE, UNBLOCK, Issuer, order  # noqa: E402
from process import *  # noqa: E402,F403
from tre_client import *  # noqa: E402,F403

NAMES = {PROVISIONED: "PROVISIONED", ACTIVE: "ACTIVE", SUSPENDED: "SUSPENDED", BLOCKED: "BLOCKED", MIGRATING: "MIGRATING", ERASED: "ERASED"}
REASONS = {PACKAGE: "package", REQUEST: "request", INTEGRITY: "integrity", ORDER: "order", MIGRATION: "migration"}


class Orders(Bench):
    def setUp(self):
        super().setUp()
        self.sequence = 0

    def order(self, command, mid=None, package=None, by=None, sequence=None, tre_id=None, now=0, signed=None, **kw):
        """Status, result and the receipt's claims (None without a receipt)."""
        self.sequence = sequence or self.sequence + 1
        target = (mid, hashlib.sha256(package).digest()) if mid else None
        self.content = order(tre_id or self.tre.tre_id(), command, self.sequence, target=target, **kw)
        status, result, receipt = self.tre.order(signed or (by or self.sho).sign(self.content), now)
        return status, result, self.receipt(receipt) if receipt else None

    def receipt(self, octets):
        """Claims of a receipt; its signature by the platform key is checked by the operator's own code."""
        tag = cbor.decode(octets)
        self.assertEqual(tag.tag, 18)
        protected, unprotected, payload, signature = tag.value
        pfc = self.tre.keys()[0]
        self.assertEqual(unprotected, {4: hashlib.sha256(pfc).digest()})
        self.assertTrue(pva.signature_fits(pfc, signature, protected, payload, b"gateway-agent mid receipt v1"))
        claims = cbor.decode(payload, canonical=True)
        self.assertEqual((claims[10], claims[256], claims["order"]),
                         (b"nonce of an order", b"\1" + self.tre.tre_id(), hashlib.sha256(self.content).digest()))
        return claims

    def where(self, mid="mid-1"):
        m = self.tre.mids()[mid]
        return m["state"], m["reason"]

    def shown(self, claims, mid="mid-1"):
        told = {m["id"]: (m["state"], m["reason"]) for m in claims["mids"]}
        return told[mid]

    def done(self, command, package, state, reason, mid="mid-1", **kw):
        status, result, claims = self.order(command, mid, package, **kw)
        self.assertEqual((status, result, claims["result"]), (0, OK, 0))
        self.assertEqual(self.where(mid), (state, reason))
        self.assertEqual(self.shown(claims, mid), (NAMES[state], REASONS[reason]))

    def refused_order(self, result, status, *args, receipt=True, **kw):
        before = self.tre.mids()
        got = self.order(*args, **kw)
        self.assertEqual(got[:2], (E[status], result))
        self.assertEqual(got[2]["result"] if receipt else got[2], result if receipt else None)
        self.assertEqual(self.tre.mids(), before)


class Lifecycle(Orders):
    def test_tre_R6_every_pair_of_state_and_event(self):
        """Each state is reached in the real process, then each event is tried there; the matrix is that of etc/doc/trusted-environment.md."""
        reach = {PROVISIONED: [], ACTIVE: [ACTIVE], SUSPENDED: [ACTIVE, SUSPENDED], BLOCKED: [ACTIVE, BLOCKED], MIGRATING: [ACTIVE, "migrate"], ERASED: [ACTIVE, ERASED]}
        requests = {"activate": ACTIVE, "suspend": SUSPENDED, "block": BLOCKED, "erase": ERASED, "to provisioned": PROVISIONED, "to migrating": MIGRATING}
        orders = {"order block": BLOCK, "order unblock": UNBLOCK, "order migrate": MIGRATE, "order erase": ERASE}
        allowed = {
            PROVISIONED: {"activate": ACTIVE, "block": BLOCKED, "erase": ERASED, "order block": BLOCKED, "order migrate": MIGRATING, "order erase": ERASED},
            ACTIVE: {"suspend": SUSPENDED, "block": BLOCKED, "erase": ERASED, "order block": BLOCKED, "order migrate": MIGRATING, "order erase": ERASED},
            SUSPENDED: {"activate": ACTIVE, "block": BLOCKED, "erase": ERASED, "order block": BLOCKED, "order migrate": MIGRATING, "order erase": ERASED},
            BLOCKED: {"erase": ERASED, "order unblock": SUSPENDED, "order erase": ERASED},
            MIGRATING: {"erase": ERASED, "order erase": ERASED},
            ERASED: {},
        }
        token, nonce = self.register()
        version = pairs = 0
        for state, way in reach.items():
            for event in [*requests, *orders]:
                version += 1
                package = self.make(token, nonce, version=version)
                self.assertEqual(self.tre.install("usim", package)[0], 0, (state, event))
                for step in way:
                    if step == "migrate":
                        self.assertEqual(self.order(MIGRATE, "mid-1", package)[1], OK)
                    else:
                        self.assertEqual(self.tre.set_state("mid-1", step)[0], 0)
                before = self.tre.mids()
                self.assertEqual(before["mid-1"]["state"], state)
                to = allowed[state].get(event, state)
                if event in requests:
                    status = self.tre.set_state("mid-1", requests[event])[0]
                    self.assertEqual(status, 0 if event in allowed[state] or requests[event] == state else E["POLICY"], (state, event))
                else:
                    status, result, _ = self.order(orders[event], "mid-1", package)
                    self.assertEqual(result, OK if event in allowed[state] else POLICY, (state, event))
                after = self.tre.mids()
                self.assertEqual(after["mid-1"]["state"], to, (state, event))
                if to == state:
                    self.assertEqual(after, before)
                pairs += 1
                if to != ERASED:
                    self.tre.set_state("mid-1", ERASED)
        print(f"{pairs} pairs of state and event", file=sys.stderr)
        self.assertEqual(pairs, 60)

    def test_tre_R19_unblocking_is_the_issuers_and_never_to_active(self):
        package = self.put_in()
        self.tre.set_state("mid-1", ACTIVE)
        self.done(BLOCK, package, BLOCKED, ORDER)
        self.assertEqual(self.tre.set_state("mid-1", ACTIVE)[0], E["POLICY"])
        self.restart()
        self.assertEqual(self.where(), (BLOCKED, ORDER))
        self.done(UNBLOCK, package, SUSPENDED, ORDER)
        self.assertEqual(self.tre.set_state("mid-1", ACTIVE)[0], 0)

    def test_tre_R4_a_damaged_mid_is_not_unblocked_by_an_order(self):
        package = self.put_in()
        self.stop()
        name = next(n for n in os.listdir(self.state_dir()) if n.startswith("mid0"))
        with open(os.path.join(self.state_dir(), name), "r+b") as f:
            f.seek(200)
            f.write(b"\0damage\0")
        os.unlink(self.path)
        self.start()
        self.assertEqual(self.where(), (BLOCKED, INTEGRITY))
        self.refused_order(DAMAGED, "MID_BLOCKED", UNBLOCK, "mid-1", package)
        self.put_in(version=2)  # authenticated update: the way out
        self.assertEqual(self.where(), (PROVISIONED, PACKAGE))

    def state_dir(self):
        return self.dir + "/state"

    def records(self):
        return [n for n in os.listdir(self.state_dir()) if n[:3] in ("mid", "key", "sqn")]

    def test_tre_R19_R20_migration_leaves_no_key_and_no_way_back(self):
        package = self.put_in()
        self.tre.set_state("mid-1", ACTIVE)
        self.assertTrue(self.records())
        self.done(MIGRATE, package, MIGRATING, MIGRATION)
        self.assertEqual(self.records(), [])
        a = self.tre.authenticate("mid-1", 1, bytes(16), bytes(16))
        self.assertEqual(a["status"], E["NOT_READY"])
        for state in PROVISIONED, ACTIVE, SUSPENDED, BLOCKED:
            self.assertEqual(self.tre.set_state("mid-1", state)[0], E["POLICY"])
        self.restart()
        self.assertEqual(self.where(), (MIGRATING, MIGRATION))
        token, nonce = self.register()
        self.refused(self.make(token, nonce, version=2), POLICY, "MID_POLICY")  # not before it has arrived
        self.done(ERASE, package, ERASED, MIGRATION)
        self.assertEqual(self.tre.install("usim", self.make(token, nonce, version=2))[0], 0)  # and back, as a new registration

    def test_tre_R19_migration_arrives_at_the_other_tre(self):
        """Source and target are two processes with their own identities; the DPF sends the same subscription to the second one."""
        package = self.put_in()
        self.done(MIGRATE, package, MIGRATING, MIGRATION)
        source, state = self.tre, self.dir + "/target"
        os.mkdir(state, 0o700)
        os.mkdir(self.dir + "/target-out")
        self.agent("--state", state, "--provision", self.base + "/factory-secret.conf", "--out", self.dir + "/target-out")
        first, path, self.state, self.path = self.proc, self.path, state, self.dir + "/target-socket"
        try:
            self.start()
            self.assertEqual(self.tre.install("usim", package), (E["MID_SIGNATURE"], bytes([SIGNATURE])))  # the old package is for the source only
            transport = self.sho.certify(self.dir + "/target-out/transport.csr", self.dir + "/target.pem")
            token, nonce = self.register()
            again = self.sho.package(process.manifest(self.tre.tre_id(), self.tre.keys()[0], token, nonce, version=2), transport)
            self.assertEqual(self.tre.install("usim", again)[0], 0)
            self.assertEqual(self.tre.set_state("mid-1", ACTIVE)[0], 0)
        finally:
            self.stop()
            self.proc, self.path, self.tre, self.state = first, path, source, self.dir + "/state"
        self.done(ERASE, package, ERASED, MIGRATION)

    def test_tre_R19_deprovisioning_is_proved_to_the_issuer(self):
        package = self.put_in()
        self.tre.set_state("mid-1", ACTIVE)
        self.done(ERASE, package, ERASED, ORDER)
        self.assertEqual(self.records(), [])

    def test_tre_R7_a_tombstone_tells_what_was_there(self):
        package = self.put_in()
        self.done(ERASE, package, ERASED, ORDER)
        self.restart()
        _, _, claims = self.order(DISCOVER)
        self.assertEqual(claims["mids"], [{"id": "mid-1", "type": "usim", "state": "ERASED", "reason": "order", "package": hashlib.sha256(package).digest(), "version": 1}])


class Authority(Orders):
    def test_tre_R8_each_issuer_discovers_its_own_mids_only(self):
        mine, other = self.put_in(mid_id="mine"), self.put_in(by=self.other, issuer="Other SHO", mid_id="other")
        for by, issuer, own in (self.sho, "Example SHO", "mine"), (self.other, "Other SHO", "other"):
            status, result, claims = self.order(DISCOVER, by=by, issuer=issuer)
            self.assertEqual((status, result, [m["id"] for m in claims["mids"]]), (0, OK, [own]))
        answers = [self.order(BLOCK, "other", other), self.order(BLOCK, "nowhere", other), self.order(BLOCK, "nowhere", mine)]
        for status, result, claims in answers:  # another one's MID answers like none
            self.assertEqual((status, result, claims["mids"]), (E["NOT_FOUND"], UNKNOWN, []))
        self.assertEqual(self.where("other"), (PROVISIONED, PACKAGE))

    def test_tre_R8_an_issuer_without_mids_hears_of_none(self):
        self.put_in()
        before = self.snapshot()
        status, result, claims = self.order(DISCOVER, by=self.other, issuer="Other SHO")
        self.assertEqual((status, result, claims["mids"]), (0, OK, []))
        self.assertEqual(self.snapshot(), before)  # and costs no write

    snapshot = process.Install.snapshot

    def test_tre_R19_only_a_valid_source_commands(self):
        package = self.put_in()
        foreign = Issuer(self.dir + "/foreign")
        self.refused_order(SIGNATURE, "MID_SIGNATURE", ERASE, "mid-1", package, by=foreign, receipt=False)
        self.refused_order(SIGNATURE, "MID_SIGNATURE", ERASE, "mid-1", package, by=self.other, receipt=False)  # not in the name of the other
        self.refused_order(UNKNOWN, "NOT_FOUND", ERASE, "mid-1", package, by=self.other, issuer="Other SHO")
        self.refused_order(TARGET, "MID_TARGET", ERASE, "mid-1", package, tre_id=b"x" * 16, receipt=False)
        self.refused_order(BINDING, "MID_BINDING", ERASE, "mid-1", b"another package")
        self.refused_order(POLICY, "MID_POLICY", ERASE, "mid-1", package, now=2208988801)
        unsigned = order(self.tre.tre_id(), ERASE, 99, target=("mid-1", hashlib.sha256(package).digest()))
        self.refused_order(SIGNATURE, "MID_SIGNATURE", ERASE, "mid-1", package, signed=unsigned, receipt=False)

    def test_tre_R6_replayed_and_older_orders_change_nothing(self):
        package = self.put_in()
        self.done(BLOCK, package, BLOCKED, ORDER)
        block = self.sho.sign(self.content)
        self.done(UNBLOCK, package, PROVISIONED, ORDER)
        last = self.sho.sign(self.content)
        before = self.tre.mids()
        for _ in range(2):
            status, result, _ = self.tre.order(block)
            self.assertEqual((status, result, self.tre.mids()), (E["MID_VERSION"], VERSION, before))
            status, result, receipt = self.tre.order(last)  # its answer was lost, say: told again, done once
            self.assertEqual((status, result, self.tre.mids()), (0, OK, before))
            self.restart()
        self.refused_order(VERSION, "MID_VERSION", ERASE, "mid-1", package, sequence=self.sequence)  # same number, other order
        self.done(BLOCK, package, BLOCKED, ORDER, sequence=2**63 - 1)

    def test_tre_R6_a_refused_order_is_used_up(self):
        package = self.put_in()
        self.refused_order(POLICY, "MID_POLICY", UNBLOCK, "mid-1", package)
        unblock = self.sho.sign(self.content)
        self.assertEqual(self.tre.order(unblock)[:2], (E["MID_POLICY"], POLICY))  # its result again, and no more
        self.restart()
        self.assertEqual(self.tre.order(unblock)[:2], (E["MID_POLICY"], POLICY))
        self.done(BLOCK, package, BLOCKED, ORDER)
        self.assertEqual(self.tre.order(unblock)[:2], (E["MID_VERSION"], VERSION))
        self.assertEqual(self.where(), (BLOCKED, ORDER))

    def test_an_order_of_an_earlier_installation_is_for_that_one(self):
        package = self.put_in()
        self.put_in(version=2)
        self.refused_order(BINDING, "MID_BINDING", ERASE, "mid-1", package)

    def test_bounds_of_an_order(self):
        package = self.put_in()
        tre_id, target = self.tre.tre_id(), ("mid-1", hashlib.sha256(package).digest())
        good = dict(tre_id=tre_id, command=BLOCK, sequence=5, target=target)
        der = order(**good)
        bad = [dict(fmt=2), dict(command=5), dict(command=DISCOVER), dict(target=None), dict(issuer=""), dict(issuer="a\nb"), dict(tre_id=b"x" * 15),
               dict(sequence=0), dict(sequence=2**63), dict(nonce=b"n" * 15), dict(nonce=b"n" * 65), dict(not_after="soon"),
               dict(target=("", target[1])), dict(target=("a/b", target[1])), dict(target=("mid-1", b"h" * 31))]
        for octets in [order(**{**good, **kw}) for kw in bad] + [der + b"\0", der[:-1], b"text"]:
            self.assertEqual(self.tre.order(self.sho.sign(octets)), (E["MALFORMED"], MALFORMED, b""), octets.hex())
        signed = self.sho.sign(der)
        same = 0
        for bit in range(0, len(signed) * 8, 61):
            data = bytearray(signed)
            data[bit // 8] ^= 1 << bit % 8
            answer = self.tre.order(bytes(data))
            if answer[0] == 0:  # parts of the envelope that nothing depends on: it is the same order, and its receipt says so
                self.content = der
                self.receipt(answer[2])
                same += 1
            else:
                self.assertEqual(answer, (E["MID_SIGNATURE"], SIGNATURE, b""), bit)
        self.assertLess(same, 5)
        self.assertEqual(self.tre.order(signed)[:2], (0, OK))
        self.assertEqual(self.where(), (BLOCKED, ORDER))


class Policy(Orders):
    def test_tre_R17_erasing_is_left_to_the_issuer_if_the_package_says_so(self):
        package = self.put_in(order_only=True)
        self.tre.set_state("mid-1", ACTIVE)
        self.tre.set_state("mid-1", SUSPENDED)
        self.assertEqual(self.tre.set_state("mid-1", ERASED)[0], E["POLICY"])
        self.restart()
        self.tre.set_state("mid-1", BLOCKED)
        self.assertEqual(self.tre.set_state("mid-1", ERASED)[0], E["POLICY"])
        self.done(ERASE, package, ERASED, ORDER)
        self.put_in(order_only=True, version=2)  # what was never in service may go: a bootstrap is rolled back with it
        self.assertEqual(self.tre.set_state("mid-1", ERASED)[0], 0)

    def deny(self, words):
        """A gateway whose maker denies these."""
        self.stop()
        os.unlink(self.path)
        self.state = self.dir + "/denied"
        os.mkdir(self.state, 0o700)
        out = self.dir + "/denied-out"
        os.mkdir(out)
        folder = os.path.join(self.dir, "factory")
        os.mkdir(folder)
        os.symlink(self.base + "/roots.pem", folder + "/roots.pem")
        conf = self.factory(folder, f"gateway_id = gw-0001\ndevice_pin = 1234\nmid_issuers = roots.pem\nmid_deny = {words}\n")
        run = self.agent("--state", self.state, "--provision", conf, "--out", out, check=False)
        if run.returncode == 0:
            self.transport = self.sho.certify(out + "/transport.csr", self.dir + "/denied.pem")
            self.start()
        return run

    def answer(self, acl, **kw):
        from aka import milenage
        check = milenage.network_vector(MILENAGE["k"], MILENAGE["opc"], os.urandom(16), (0x40).to_bytes(6, "big"), b"\x80\0")
        self.put_in(acl=acl, rand=check.rand, autn=check.autn, res=check.xres, **kw)
        self.assertEqual(self.tre.set_state("mid-1", ACTIVE)[0], 0)
        v = milenage.network_vector(MILENAGE["k"], MILENAGE["opc"], os.urandom(16), (0x60).to_bytes(6, "big"), b"\x80\0")
        return self.tre.authenticate("mid-1", 1, v.rand, v.autn)

    def test_tre_R11_the_overall_policy_denies_whatever_the_acl_allows(self):
        self.deny("ckik,identity")
        a = self.answer([("agentd", "authenticate,ckik,identity")])
        self.assertEqual((a["status"], len(a["res"]), a["ck"], a["ik"]), (0, 8, b"", b""))
        self.assertEqual(self.tre.read_file("mid-1", b"")[0], E["DENIED"])

    def test_tre_R11_2g_answers_can_be_denied_to_all(self):
        self.deny("gsm")
        self.answer([("agentd", "gsm,ckik")])
        self.assertEqual(self.tre.authenticate("mid-1", 6, bytes(16), bytes(16))["status"], E["DENIED"])

    def test_an_identity_that_a_former_version_wrote_is_read_with_its_policy(self):
        """Format 2 had the policy in one octet, format 1 had none."""
        self.deny("ckik,identity")
        self.put_in(acl=[("agentd", "identity")])
        self.assertEqual(self.tre.set_state("mid-1", ACTIVE)[0], 0)
        key, now = sealed.device_key(self.state), {p: p.read_bytes() for p in Path(self.state).glob("identity.?")}
        for number, tail, status in (2, 1, E["DENIED"]), (1, 0, 0):
            self.stop()
            os.unlink(self.path)
            for path, slot in now.items():
                plain = sealed.open_octets(slot, "identity", key)
                self.assertEqual(plain[0], 3)
                path.write_bytes(sealed.seal_octets(bytes([number]) + plain[1:-2] + plain[len(plain) - tail:], slot, "identity", key))
            self.start()
            self.assertEqual((self.tre.call(STATUS)[1][0], self.tre.read_file("mid-1", b"")[0]), (2, status))

    def test_tre_R11_it_allows_nothing_by_itself(self):
        self.deny("gba")
        a = self.answer([("somebody", "ckik")])
        self.assertEqual((a["status"], a["ck"]), (0, b""))

    def test_tre_R11_even_the_administrators_test_can_be_denied(self):
        self.deny("authenticate")
        self.assertEqual(self.answer([("agentd", "authenticate")])["status"], E["DENIED"])

    def test_tre_R11_no_shared_engine_and_no_erasing_by_hand(self):
        self.deny("share,erase")
        package = self.put_in(mid_id="a", share=True)
        self.put_in(mid_id="b", share=True, type=1)
        self.assertEqual(self.tre.set_state("a", ACTIVE)[0], 0)
        self.assertEqual(self.tre.set_state("b", ACTIVE)[0], E["POLICY"])
        self.tre.set_state("a", SUSPENDED)
        self.assertEqual(self.tre.set_state("a", ERASED)[0], E["POLICY"])
        self.assertEqual(self.tre.set_state("b", ERASED)[0], 0)
        self.done(ERASE, package, ERASED, ORDER, mid="a")

    def test_words_of_the_overall_policy_are_checked(self):
        for words in "everything", "ckik,", "ckik msk", ",":
            with self.subTest(words=words):
                self.assertEqual(self.deny(words).returncode, 1)
                for name in "denied", "denied-out", "factory":
                    process.shutil.rmtree(os.path.join(self.dir, name))
                self.path, self.state = self.dir + "/socket", self.dir + "/state"
                self.start()

    def test_tre_R3_a_session_checks_the_record_again_if_the_policy_says_so(self):
        from aka import milenage
        for check in True, False:
            sqn = [0x40]

            def vector():
                sqn[0] += 0x20
                return milenage.network_vector(MILENAGE["k"], MILENAGE["opc"], os.urandom(16), sqn[0].to_bytes(6, "big"), b"\x80\0")
            known = vector()
            mid = f"check-{check}"
            self.put_in(mid_id=mid, session_check=check, share=True, acl=[("agentd", "authenticate,msk")], rand=known.rand, autn=known.autn, res=known.xres)
            self.tre.set_state(mid, ACTIVE)
            ask = lambda purpose: (lambda v: self.tre.authenticate(mid, purpose, v.rand, v.autn)["status"])(vector())
            self.assertEqual((ask(1), ask(3)), (0, 0))
            name = next(n for n in os.listdir(self.state) if n.startswith("mid"))
            with open(os.path.join(self.state, name), "r+b") as f:  # the engine is open, its key in memory
                f.seek(200)
                f.write(b"\0damage\0")
            self.assertEqual(ask(1), 0)
            self.assertEqual(ask(3), E["MID_BLOCKED"] if check else 0)  # EAP begins a session
            self.assertEqual(self.tre.mids()[mid]["state"], BLOCKED if check else ACTIVE)
            self.tre.set_state(mid, ERASED)


if __name__ == "__main__":
    process.AGENT = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2, warnings="ignore", argv=[sys.argv[0], *(sys.argv[1:] or ["Lifecycle", "Authority", "Policy"])])
