# SPDX-License-Identifier: Apache-2.0
"""The real agent-tred-tpm2 over a real swtpm. Usage: tpm2.py AGENT_TRED_TPM2 AGENT_TRED [unittest arguments]. Runs as root."""
import hashlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../../sim"), os.path.join(HERE, "../../operator")]
import cbor  # noqa: E402
import denied  # noqa: E402
import der  # noqa: E402
import enrolment  # noqa: E402
import factory_reset  # noqa: E402
import platform_policy  # noqa: E402
import process  # noqa: E402
import pva  # noqa: E402
from mid_package import openssl  # noqa: E402
from process import ACTIVE, BLOCKED, E, OTHER_UID, PROVISIONED  # noqa: E402
from tpm import Tpm  # noqa: E402
from tre_client import *  # noqa: E402,F403

SOFTWARE = None
FIRMWARE, UPGRADE, FOREIGN = ((0, "loader"), (7, "keys"), (10, "firmware 1")), ((0, "loader"), (7, "keys"), (10, "firmware 2")), ((0, "loader"), (10, "rogue"))
REGISTERS = 0, 7, 10
ANY_SQN = 5, 2 ** 48 - 1, None  # the known answer of TS 35.208 has a high one
UNPROVISIONED, READY, TRE_BLOCKED = 1, 2, 4


class Tpm2(denied.Denied, process.Bench):
    """Each test has a copy of the provisioned state, and of the TPM that it was made with."""
    FACTORY = process.Bench.FACTORY + "platform_authority = authority.pub\n"

    @classmethod
    def prepare(cls):
        for name in "authority", "other":
            openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", f"{cls.base}/{name}.key")
            openssl("pkey", "-in", f"{cls.base}/{name}.key", "-pubout", "-out", f"{cls.base}/{name}.pub")
        cls.policy = Path(cls.base, "platform.policy")
        cls.oracle = Tpm(cls.base + "/oracle")  # another TPM, to learn what registers become
        cls.tpm = Tpm(cls.base + "/tpm0")
        cls.approved = "# made by the test\n\n" + cls.approve(FIRMWARE, "firmware 1")
        cls.policy.write_text(cls.approved)
        cls.tpm.boot(*FIRMWARE)
        cls.WORDS = ("--tpm", str(cls.tpm.path), "--platform-policy", str(cls.policy))

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tpm.stop()
        cls.oracle.stop()

    @classmethod
    def approve(cls, measured, name, key="authority", registers=REGISTERS):
        """A line of the policy file, from the values that a TPM really gets by these measurements."""
        cls.oracle.boot(*measured)
        return platform_policy.line(Path(cls.base, key + ".key"), {n: cls.oracle.read(n) for n in registers}, name)

    def setUp(self):
        self.tpm = Tpm(tempfile.mkdtemp(dir=self.base) + "/tpm")
        shutil.copytree(self.base + "/tpm0", self.tpm.folder, ignore=shutil.ignore_patterns("socket"))
        self.tpm.boot(*FIRMWARE)
        self.policy.write_text(self.approved)
        self.WORDS = ("--tpm", str(self.tpm.path), "--platform-policy", str(self.policy))
        super().setUp()

    def tearDown(self):
        super().tearDown()
        self.tpm.stop()
        self.oracle.stop()

    def test_tre_R45_the_running_process_opens_no_socket_program_or_foreign_file(self):
        self.denied_calls()

    def again(self, *measured):
        """The machine starts anew; without arguments as it was. A killed program leaves its objects in a TPM without a resource manager: they end here."""
        self.stop()
        self.tpm.boot(*(measured or FIRMWARE))
        self.serve()

    def serve(self):
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.start()

    def status(self):
        """state, back end, cause"""
        body = self.tre.call(STATUS)[1]
        return body[0], body[1], int.from_bytes(body[-2:], "big")

    def keep(self):
        copy = tempfile.mkdtemp(dir=self.base) + "/state"
        shutil.copytree(self.state, copy)
        return copy

    def put_back(self, copy):
        shutil.rmtree(self.state)
        shutil.copytree(copy, self.state)

    def blocked(self, cause, *said):
        self.assertEqual(self.status(), (TRE_BLOCKED, 1, E[cause]))
        self.assertEqual(self.tre.call(SEAL, text("a") + b"b")[0], E["TRE_BLOCKED"])
        for words in said:
            self.assertIn(words, self.log())
        self.assertIsNone(self.proc.poll())  # it stays, and says why


class Life(Tpm2):
    def test_identity_lives_in_the_tpm_over_restart(self):
        self.assertEqual(self.status(), (READY, 1, 0))
        self.put_in(backend=1, scheme=ANY_SQN)
        self.assertEqual(self.tre.set_state("mid-1", ACTIVE)[0], 0)
        status, blob = self.tre.call(SEAL, text("label") + b"account")
        self.assertEqual(status, 0)
        self.again()
        self.assertEqual(self.status(), (READY, 1, 0))
        self.assertEqual(self.tre.mids()["mid-1"]["state"], ACTIVE)
        self.assertEqual(self.tre.call(UNSEAL, text("label") + blob), (0, b"account"))
        rand, autn, res = (process.MILENAGE[n] for n in ("rand", "autn", "res"))
        answer = self.tre.authenticate("mid-1", 1, rand, autn)
        self.assertEqual((answer["status"], answer["verdict"], answer["res"]), (0, 0, res))
        self.assertIn("tpm2 back end", self.log())

    def test_keys_are_those_of_the_requests_and_no_private_key_is_in_the_state(self):
        for name, der in zip(("pfc.csr", "transport.csr"), self.tre.keys()):
            openssl("req", "-verify", "-noout", "-in", f"{self.base}/out/{name}")
            self.assertEqual(openssl("pkey", "-pubin", "-outform", "DER", input=openssl("req", "-noout", "-pubkey", "-in", f"{self.base}/out/{name}")), der)
        self.assertFalse(os.path.exists(self.state + "/device.key"))

    def test_tre_R13_mid_may_demand_the_tpm(self):
        self.put_in(backend=1)
        self.assertEqual(self.tre.mids()["mid-1"]["state"], PROVISIONED)

    def test_links_libc_libcrypto_and_tss_only(self):
        out = subprocess.run(["readelf", "-d", process.AGENT], check=True, capture_output=True, text=True).stdout
        needed = {line.split("[")[1].split(".so")[0] for line in out.splitlines() if "NEEDED" in line}
        self.assertEqual({n for n in needed if not n.endswith("san")}, {"libc", "libcrypto", "libtss2-esys", "libtss2-mu", "libtss2-rc"})

    def test_filter_is_in_force_beside_the_open_tpm(self):
        with open(f"/proc/{self.proc.pid}/status", encoding="ascii") as f:
            status = dict(line.split(":\t", 1) for line in f.read().splitlines() if ":\t" in line)
        self.assertEqual((status["NoNewPrivs"], status["Seccomp"]), ("1", "2"))

    def test_software_program_knows_no_tpm(self):
        for words in ("--tpm", "x"), ("--platform-policy", "x"):
            self.assertEqual(subprocess.run([SOFTWARE, *words], capture_output=True, check=False).returncode, 2)
        self.assertEqual(self.agent("--version").stdout, "agent-tred-tpm2 0.1.0\n")


class OffAndOn:
    def off(self, *words):
        """A killed program leaves its objects in the TPM; the next one finds it started anew."""
        self.tpm.boot(*FIRMWARE)
        return subprocess.run([process.AGENT, *self.WORDS, *words], check=True, capture_output=True, text=True)

    def power(self):
        self.again()


class Enrolment(enrolment.Enrolment, OffAndOn, Tpm2):
    pass


class FactoryReset(factory_reset.FactoryReset, OffAndOn, Tpm2):
    pass


class Refused(Tpm2):
    def test_copied_state_does_not_open_with_another_tpm(self):
        self.put_in()
        self.stop()
        self.tpm.stop()
        shutil.rmtree(self.tpm.folder)  # a machine like this one, with a TPM of its own
        self.again()
        self.blocked("OTHER_TPM", "the state was sealed by another TPM", "a copy opens nowhere else")

    def test_foreign_platform_is_refused_and_the_approved_one_opens_again(self):
        self.put_in()
        self.again(*FOREIGN)
        self.blocked("PLATFORM", "the platform is in no state that its maker approved", "platform.policy")
        self.again()
        self.assertEqual(self.status(), (READY, 1, 0))
        self.assertIn("mid-1", self.tre.mids())

    def test_authorised_upgrade_keeps_the_identities(self):
        self.put_in(backend=1)
        self.again(*UPGRADE)
        self.blocked("PLATFORM")
        self.policy.write_text(self.approve(UPGRADE, "firmware 2"))
        self.again(*UPGRADE)
        self.assertEqual(self.status(), (READY, 1, 0))
        self.assertIn("approved as firmware 2", self.log())
        self.assertEqual(self.tre.set_state("mid-1", ACTIVE)[0], 0)
        self.again()  # back to firmware 1, whose approval went with it
        self.blocked("PLATFORM")

    def test_an_upgrade_may_measure_other_registers(self):
        self.policy.write_text(self.approved + self.approve(UPGRADE, "firmware 2", registers=(0, 10)))
        self.again(*UPGRADE)
        self.assertEqual(self.status(), (READY, 1, 0))

    def test_approval_of_another_authority_is_none(self):
        self.policy.write_text(self.approve(FIRMWARE, "rogue", key="other"))
        self.again()
        self.blocked("PLATFORM", "the approval rogue is not signed by the authority of this gateway")
        self.policy.write_text(self.approve(FIRMWARE, "rogue", key="other") + self.approved)  # and hides no right one
        self.again()
        self.assertEqual(self.status(), (READY, 1, 0))

    def test_policy_file_is_refused_whole(self):
        good = self.approved.splitlines()[-1]
        pcrs, policy, signature, name = good.split(" ", 3)
        for bad in (f"{pcrs} {policy}", f"24 {policy} {signature} x", f" {policy} {signature} x", f"0,0 {policy} {signature} x", f"{pcrs} {policy[2:]} {signature} x",
                    f"{pcrs} {policy} {signature}00 x", f"{pcrs} {policy} {signature} {'n' * 65}", f"0,1,2,3,4,5,6,7,8 {policy} {signature} x", "\n".join([good] * 17)):
            self.policy.write_text(f"{bad}\n{good}\n")
            self.again()
            self.blocked("PLATFORM", "not `PCRs policy signature name`")
            Path(self.dir, "log").write_text("")
        self.policy.write_text("x" * 17000)
        self.again()
        self.blocked("PLATFORM", "larger than")
        self.policy.unlink()
        self.again()
        self.blocked("PLATFORM", "no platform is approved")

    def test_damaged_key_file_blocks(self):
        path = self.state + "/tpm.key"
        whole = Path(path).read_bytes()
        for at in 0, 3, 20, 60, 120, 200, len(whole) - 5:
            Path(path).write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:])
            self.again()
            state, _, cause = self.status()
            self.assertEqual(state, TRE_BLOCKED, at)
            self.assertIn(cause, (E["STORAGE"], E["OTHER_TPM"], E["PLATFORM"], E["TPM"]), at)
        os.unlink(path)
        self.again()
        self.blocked("STORAGE", "there is an identity, but not the key that sealed it")
        Path(path).write_bytes(whole)
        self.again()
        self.assertEqual(self.status(), (READY, 1, 0))


class Evidence(Tpm2):
    """Judged by the operator's PVA, which shares no code with the agent; the quote also by tpm2-tools."""
    def setUp(self):
        super().setUp()
        pfc, transport, _ = self.tre.keys()
        sha = lambda b: hashlib.sha256(b).hexdigest()
        self.devices = {"gw-0001": {"pfc": sha(pfc), "transport": sha(transport), "tre_id": self.tre.tre_id().hex(), "backend": "tpm2"}}
        der = openssl("pkey", "-pubin", "-in", self.base + "/authority.pub", "-outform", "DER")
        self.references = pva.References([sha(Path(process.AGENT).read_bytes())], {"firmware 1": self.registers(FIRMWARE)}, sha(der))

    def registers(self, measured):
        self.oracle.boot(*measured)
        return {str(n): self.oracle.read(n).hex() for n in REGISTERS}

    def platform(self, form, nonce=bytes(range(32))):
        status, token = self.tre.call(TOKEN_OPEN, text("usim"))
        self.assertEqual(status, 0)
        status, evidence = self.tre.evidence("usim", nonce, "plmn=24008", form={"autonomous": AUTONOMOUS, "semi-autonomous": SEMI_AUTONOMOUS, "remote": REMOTE}[form])
        self.assertEqual(status, 0)
        pfc, transport, _ = self.tre.keys()
        return pva.Platform(nonce, evidence, pfc, transport, token, "plmn=24008", form)

    def reasons(self, p, references=None, devices=None):
        return pva.judge(p, devices or self.devices, references or self.references).reasons

    def test_tre_R25_each_form_passes_and_none_passes_for_another(self):
        for form in pva.FORMS:
            p = self.platform(form)
            self.assertEqual(self.reasons(p), [], form)
            for other in set(pva.FORMS) - {form}:
                p.form = other
                self.assertIn(f"form '{form}' instead of {other}", self.reasons(p))

    def test_autonomous_needs_a_tpm_that_the_factory_knows(self):
        p = self.platform("autonomous")
        self.assertIn("autonomous: only a TPM gives its key out to an approved platform alone",
                      self.reasons(p, devices={"gw-0001": {**self.devices["gw-0001"], "backend": "software"}}))

    def test_semi_autonomous_names_program_platform_and_authority(self):
        p = self.platform("semi-autonomous")
        r = self.references
        self.assertEqual(self.reasons(p, pva.References(["00" * 32], r.platforms, r.authority)), ["program is not a released one"])
        self.assertEqual(self.reasons(p, pva.References(r.programs, {"firmware 9": {}}, r.authority)), ["platform 'firmware 1' is not approved"])
        self.assertEqual(self.reasons(p, pva.References(r.programs, r.platforms, "00" * 32)), ["platform authority"])

    def test_remote_quote_is_compared_with_the_approved_registers(self):
        p = self.platform("remote")
        r = self.references
        other = pva.References(r.programs, {"firmware 1": self.registers(UPGRADE)}, r.authority)
        self.assertEqual(self.reasons(p, other)[0], "platform: the registers are those of no approved one")
        self.policy.write_text(self.approved + self.approve(UPGRADE, "firmware 1"))  # the PVA is told another platform under a known name
        self.again(*UPGRADE)
        self.assertIn("platform: the registers are those of no approved one", self.reasons(self.platform("remote")))

    def test_remote_quote_cannot_be_moved_or_altered(self):
        p, q = self.platform("remote"), self.platform("remote", nonce=bytes(32))
        claims = cbor.decode(cbor.decode(p.evidence).value[2])
        v = pva.Verdict()
        pva.check_quote(v, claims, q, self.references)
        self.assertEqual(v.reasons, ["quote is over another nonce, token or key"])
        attest, signature, registers = claims["quote"]
        for at in range(len(attest)):
            v = pva.Verdict()
            pva.check_quote(v, claims | {"quote": [attest[:at] + bytes([attest[at] ^ 1]) + attest[at + 1:], signature, registers]}, p, self.references)
            self.assertTrue(v.reasons, at)
        v = pva.Verdict()
        pva.check_quote(v, claims | {"quote": [attest, signature, registers | {10: bytes(32)}]}, p, self.references)
        self.assertIn("quote is of other registers", v.reasons)

    def test_remote_quote_is_one_to_tpm2_tools(self):
        p = self.platform("remote")
        attest, signature, _ = cbor.decode(cbor.decode(p.evidence).value[2])["quote"]
        half = lambda b: der.integer(int.from_bytes(b, "big"))
        for name, octets in ("msg", attest), ("sig", der.sequence(half(signature[:32]), half(signature[32:]))), ("spki", p.public_key):
            Path(self.dir, name).write_bytes(octets)
        openssl("pkey", "-pubin", "-inform", "DER", "-in", self.dir + "/spki", "-out", self.dir + "/key.pem")
        challenge = hashlib.sha256(p.nonce + hashlib.sha256(p.token).digest() + hashlib.sha256(p.transport_key).digest()).hexdigest()

        def check(nonce):
            return subprocess.run(["tpm2_checkquote", "-u", self.dir + "/key.pem", "-m", self.dir + "/msg", "-s", self.dir + "/sig", "-g", "sha256", "-q", nonce],
                                  capture_output=True, text=True, check=False, env={**os.environ, "TPM2TOOLS_TCTI": "none"})
        self.assertEqual(check(challenge).returncode, 0, check(challenge).stderr)
        self.assertNotEqual(check("00" * 32).returncode, 0)


class Rollback(Tpm2):
    def test_old_copy_of_the_whole_state_is_refused(self):
        self.put_in()
        self.stop()
        copy = self.keep()
        self.again()
        self.assertEqual(self.tre.set_state("mid-1", ACTIVE)[0], 0)
        newest = self.keep()
        self.stop()
        self.put_back(copy)
        self.again()
        self.blocked("ROLLED_BACK", "the state is older than what the TPM knows of it")
        self.stop()
        self.put_back(newest)
        self.again()
        self.assertEqual(self.status(), (READY, 1, 0))
        self.assertEqual(self.tre.mids()["mid-1"]["state"], ACTIVE)

    def test_old_copy_of_single_records_is_refused(self):
        self.put_in(scheme=ANY_SQN)
        self.tre.set_state("mid-1", ACTIVE)
        self.stop()
        copy = self.keep()
        self.again()
        rand, autn = process.MILENAGE["rand"], process.MILENAGE["autn"]
        self.assertEqual(self.tre.authenticate("mid-1", 1, rand, autn)["verdict"], 0)
        self.at_rest()
        self.tre.call(TOKEN_OPEN, text("other"))
        self.stop()
        newest = self.keep()

        def old(prefix):
            self.put_back(newest)
            for name in os.listdir(self.state):
                if name.startswith(prefix):
                    os.unlink(os.path.join(self.state, name))
            for name in os.listdir(copy):
                if name.startswith(prefix):
                    shutil.copy(os.path.join(copy, name), self.state)
        old("registry")
        self.again()
        self.blocked("ROLLED_BACK", "registry: what is on disk is an older copy")
        self.stop()
        old("anchor")
        self.again()
        self.blocked("ROLLED_BACK")
        self.stop()
        self.put_back(newest)
        for name in os.listdir(self.state):
            if name.startswith("anchor"):
                os.unlink(os.path.join(self.state, name))
        self.again()
        self.blocked("ROLLED_BACK")
        self.stop()
        old("sqn0")  # or the same challenge would be answered twice
        self.again()
        self.assertEqual(self.status()[0], READY)
        self.assertEqual(self.tre.mids()["mid-1"]["state"], BLOCKED)
        self.assertIn("sqn0: what is on disk is an older copy", self.log())
        self.assertEqual(self.tre.authenticate("mid-1", 1, rand, autn)["status"], E["MID_BLOCKED"])

    def test_power_cut_between_disk_and_counter_is_no_rollback(self):
        """The disk of one step later, with the TPM as it was before it: state of the moment between the two."""
        self.stop()
        self.tpm.stop()
        tpm = tempfile.mkdtemp(dir=self.base) + "/tpm"
        shutil.copytree(self.tpm.folder, tpm, ignore=shutil.ignore_patterns("socket"))
        self.again()
        self.assertEqual(self.tre.call(TOKEN_OPEN, text("usim"))[0], 0)
        self.stop()
        self.tpm.stop()
        shutil.rmtree(self.tpm.folder)
        shutil.copytree(tpm, self.tpm.folder)
        self.again()
        self.assertEqual(self.status(), (READY, 1, 0))
        self.assertEqual(self.log().count("a step was interrupted"), 1)
        self.assertEqual(self.tre.call(TOKEN_OPEN, text("m2m"))[0], 0)
        self.again()
        self.assertEqual(self.status(), (READY, 1, 0))
        self.assertEqual(self.log().count("a step was interrupted"), 1)

    def test_without_its_counter_the_state_is_refused(self):
        """The TPM's owner may take it away."""
        self.stop()
        self.tpm.boot(*FIRMWARE)
        self.tpm.undefine(0x01800A6E)
        self.serve()
        self.blocked("ROLLED_BACK")

    def test_provisioning_anew_gives_the_former_state_up(self):
        self.stop()
        copy = self.keep()
        shutil.rmtree(self.state)
        os.mkdir(self.state, 0o700)
        self.tpm.boot(*FIRMWARE)
        out = tempfile.mkdtemp(dir=self.dir)
        done = subprocess.run([process.AGENT, *self.WORDS, "--state", self.state, "--provision", self.base + "/factory-secret.conf", "--out", out],
                              capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, sorted(os.listdir(out))), (0, ["pfc.csr", "transport.csr", "tre-id"]), done.stderr)
        self.again()
        self.assertEqual(self.status(), (READY, 1, 0))
        self.stop()
        self.put_back(copy)
        self.again()
        self.blocked("ROLLED_BACK")


class Away(Tpm2):
    def test_start_without_tpm_says_so_and_stays(self):
        self.stop()
        self.tpm.stop()
        os.unlink(self.tpm.path)
        self.serve()
        self.blocked("TPM", "No such file or directory", "check /dev/tpmrm0")

    def test_what_is_no_tpm_is_told(self):
        """Closes at once; half a header; less than announced; more than announced; more than an answer can have; another command's."""
        for octets in b"", b"\x80\1\0\0", b"\x80\1\0\0\0\x20" + bytes(6), b"\x80\1\0\0\0\x0a" + bytes(10), b"\x80\1\0\1\0\0" + bytes(4), b"\xff" * 10:
            self.stop()
            self.tpm.stop()
            self.tpm.path.unlink(missing_ok=True)
            with socket.socket(socket.AF_UNIX) as fake:
                fake.bind(str(self.tpm.path))
                fake.listen()

                def answer(listener=fake, said=octets):
                    peer = listener.accept()[0]
                    peer.recv(4096)
                    peer.sendall(said)
                    peer.close()
                thread = threading.Thread(target=answer)
                thread.start()
                self.serve()
                thread.join(10)
            self.blocked("TPM", "the TPM does not answer")

    def test_tpm_that_goes_away_stops_changes_but_not_the_service(self):
        self.put_in()
        self.tre.set_state("mid-1", ACTIVE)
        self.tpm.stop()
        self.assertEqual(self.tre.call(TOKEN_OPEN, text("other"))[0], E["TPM"])
        self.assertEqual(self.tre.set_state("mid-1", BLOCKED)[0], E["TPM"])
        self.assertEqual(self.tre.evidence("usim", b"1" * 16)[0], E["TPM"])
        self.assertEqual(self.tre.call(SIGN_REQUEST, b"payload"), (E["TPM"], b""))
        self.assertIn("the TPM does not answer", self.log())
        self.assertEqual(self.tre.mids()["mid-1"]["state"], ACTIVE)
        self.assertIsNone(self.proc.poll())
        self.again()
        self.assertEqual(self.status(), (READY, 1, 0))
        self.assertEqual(self.tre.mids()["mid-1"]["state"], ACTIVE)


class Provisioning(Tpm2):
    def provision(self, factory=None, state=None, away=False):
        self.stop()
        self.tpm.stop() if away else self.tpm.boot(*FIRMWARE)
        state = state or tempfile.mkdtemp(dir=self.dir)
        out = tempfile.mkdtemp(dir=self.dir)
        path = self.base + "/factory-secret.conf"
        if factory:
            path = self.base + "/other-secret.conf"
            Path(path).write_text(factory)
            os.chmod(path, 0o600)
        done = subprocess.run([process.AGENT, *self.WORDS, "--state", state, "--provision", path, "--out", out], capture_output=True, text=True, check=False)
        return done.returncode, done.stderr, sorted(os.listdir(state)), sorted(os.listdir(out))

    def test_needs_the_platform_authority(self):
        for factory in process.Bench.FACTORY, process.Bench.FACTORY + "platform_authority = wide.pub\n", process.Bench.FACTORY + "platform_authority = roots.key\n":
            openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384", "-out", self.base + "/wide.key")
            openssl("pkey", "-in", self.base + "/wide.key", "-pubout", "-out", self.base + "/wide.pub")
            code, said, state, out = self.provision(factory)
            self.assertEqual((code, state, out), (1, [], []))
            self.assertIn("platform_authority", said)

    def test_authority_may_be_a_certificate(self):
        openssl("req", "-x509", "-new", "-key", self.base + "/authority.key", "-subj", "/CN=Platform", "-days", "30", "-out", self.base + "/authority.pem")
        code, said, _, out = self.provision(process.Bench.FACTORY + "platform_authority = authority.pem\n")
        self.assertEqual((code, len(out)), (0, 3), said)

    def test_refuses_where_the_platform_is_not_approved(self):
        self.policy.write_text("")
        code, said, _, out = self.provision()
        self.assertEqual((code, out), (1, []))
        self.assertIn("the platform is in no state that its maker approved", said)
        self.policy.write_text(self.approved)  # what was begun is taken up

    def test_commands_keep_secrets_off_the_bus(self):
        """Every session that authorises is salted by the storage key; what carries the master key or the counter's value of authorisation is encrypted."""
        self.stop()
        self.tpm.boot(*FIRMWARE)
        direct, seen = self.tpm.path, []
        self.tpm.path = self.tpm.folder / "bus"
        with socket.socket(socket.AF_UNIX) as bus:
            bus.bind(str(self.tpm.path))
            bus.listen()

            def carry():
                with bus.accept()[0] as ours, socket.socket(socket.AF_UNIX) as tpm:
                    tpm.connect(str(direct))
                    while command := ours.recv(4096):
                        seen.append(command)
                        tpm.sendall(command)
                        ours.sendall(tpm.recv(4096))
            thread = threading.Thread(target=carry)
            thread.start()
            state, out = tempfile.mkdtemp(dir=self.dir), tempfile.mkdtemp(dir=self.dir)
            words = ("--tpm", str(self.tpm.path), *self.WORDS[2:])
            done = subprocess.run([process.AGENT, *words, "--state", state, "--provision", self.base + "/factory-secret.conf", "--out", out],
                                  capture_output=True, text=True, check=False)
            thread.join(20)
        self.tpm.path = direct
        self.assertEqual(done.returncode, 0, done.stderr)
        code = lambda c: int.from_bytes(c[6:10], "big")
        starts = [c for c in seen if code(c) == 0x176]
        self.assertTrue(starts)
        trial = [c for c in starts if c[10:14] == b"\x40\0\0\7"]  # without a key to salt it: may only compute
        self.assertEqual({c[-9] for c in trial}, {3})
        self.assertGreater(len(starts), len(trial))
        flags = {0x15E: 0x40, 0x12A: 0x20, 0x153: 0x20}  # Unseal, NV_DefineSpace, Create: handles, then size, session, nonce, attributes
        for c in seen:
            if code(c) in flags:
                nonce = int.from_bytes(c[22:24], "big")
                self.assertEqual(c[24 + nonce] & flags[code(c)], flags[code(c)], hex(code(c)))
        self.assertEqual({code(c) for c in seen} & set(flags), set(flags))

    def test_refuses_without_tpm(self):
        code, said, state, out = self.provision(away=True)
        self.assertEqual((code, state, out), (1, [], []))
        self.assertIn("the TPM does not answer, or refused", said)


if __name__ == "__main__":
    process.AGENT = os.path.abspath(sys.argv.pop(1))
    SOFTWARE = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2, warnings="ignore")
