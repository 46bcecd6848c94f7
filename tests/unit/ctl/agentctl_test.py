# SPDX-License-Identifier: Apache-2.0
"""agentctl against the test daemon on a private bus: what it prints (golden/), what it calls, how it ends.

usage: agentctl_test.py AGENTCTL BUS_DAEMON [--update] [unittest arguments]     --update writes the golden files anew: read the difference before commit
"""
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "bus"))
from bench import ROOT, Bus, Daemon, sample  # noqa: E402

CTL, PROGRAM, UPDATE = None, None, False
GOLDEN = HERE / "golden"
JOB = ROOT + "/job/7"


def too_long(*_):
    raise TimeoutError("a test waits for what does not come")


def shown(master, until=None):
    """What the terminal shows, to its end (no program has it open any more), or until that stands there. A terminal gives it in pieces, and later."""
    seen = b""
    while until is None or until not in seen:
        try:
            seen += os.read(master, 4096)
        except OSError:  # EIO: the end
            break
    return seen


class WithAgent(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        signal.alarm(120)  # nothing here waits longer, on a loaded machine either
        self.addCleanup(signal.alarm, 0)
        self.bus = Bus()
        self.addCleanup(self.bus.stop)
        self.daemon = Daemon(PROGRAM)
        self.addCleanup(lambda: self.daemon.process.poll() is None and self.daemon.stop())
        self.assertEqual(self.daemon.said(), "owned")

    def ctl(self, *words, **options):
        return subprocess.run([CTL, *words], capture_output=True, text=True, timeout=60, check=False, **options)

    def start(self, *words, **options):
        process = subprocess.Popen([CTL, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def ends(self, words, status, stderr="", stdout=""):
        done = self.ctl(*words)
        self.assertEqual((done.returncode, done.stderr), (status, stderr), words)
        if stdout is not None:
            self.assertEqual(done.stdout, stdout, words)

    def golden(self, name, *words):
        done = self.ctl(*words)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        if UPDATE:
            GOLDEN.mkdir(exist_ok=True)
            (GOLDEN / name).write_text(done.stdout, encoding="utf-8")
        self.assertEqual(done.stdout, (GOLDEN / name).read_text(encoding="utf-8"))
        if name.endswith(".json"):
            self.assertEqual(json.loads(done.stdout)["schema"], 1)


class Pages(WithAgent):
    def test_pages_are_the_golden_ones(self):
        sample(self.daemon)
        for name, words in (("status.txt", []), ("status.txt", ["status"]), ("status.json", ["--json"]), ("list.txt", ["list"]),
                            ("list.json", ["list", "--json"]), ("list-bearer.txt", ["--no-legend", "list", "bearer"]), ("show-job.txt", ["show", "job/7"]),
                            ("show-job.txt", ["job", "show", "7"]), ("show-account.json", ["--json", "show", "account"]),
                            ("show-manager.txt", ["show", "manager"]), ("show-bearer.txt", ["show", ROOT + "/bearer/internet"]),
                            ("doctor.txt", ["doctor"]), ("doctor.json", ["doctor", "--json"]), ("context-list.txt", ["context"]),
                            ("get.json", ["--json", "get", "bearer/internet", "Addresses"]), ("color.txt", ["--color=always", "list"])):
            with self.subTest(name=name, words=words):
                self.golden(name, *words)

    def test_the_last_error_is_on_the_first_page(self):
        self.daemon.write(ROOT, State="idle", LastError="MacMismatch", LastErrorText="push 3", LastErrorHint="check the PIN", LastErrorTime=1700000000000000)
        self.golden("status-error.txt", "status")

    def test_no_objects_is_an_empty_list(self):
        self.ends(["--no-legend", "list"], 0)
        self.assertEqual(json.loads(self.ctl("list", "--json").stdout), {"objects": [], "schema": 1})

    def test_colour_is_for_terminals(self):
        sample(self.daemon)
        for words, environment, colour in (([], {}, True), ([], {"NO_COLOR": "1"}, False), (["--color=never"], {}, False),
                                           (["--color", "always"], {"NO_COLOR": "1"}, True)):
            master, slave = pty.openpty()
            process = subprocess.Popen([CTL, *words, "list"], stdout=slave, env={**os.environ, **environment})
            os.close(slave)
            self.assertEqual(b"\033[32m" in shown(master), colour, (words, environment))
            self.assertEqual(process.wait(60), 0)
            os.close(master)


class Ends(WithAgent):
    def test_usage_is_two(self):
        for words in (["nonsense"], ["--nonsense"], ["list", "nonsense"], ["show"], ["bootstrap"], ["job", "wait"], ["job", "eat", "7"], ["context", "reopen"],
                      ["account", "x"], ["account", "disable", "x", "soon"], ["account", "send", "x"], ["account", "add"], ["account", "remove"], ["sim", "pin"], ["sim", "forget", "s1", "x"], ["sim", "eat", "s1"], ["log-level", "rr"], ["--timeout", "x", "status"], ["--timeout=0"], ["--color=pink"], ["status", "x"],
                      ["monitor", "x"], ["doctor", "x"], ["reload", "x"], ["factory-reset"], ["factory-reset", "x", "--yes"], ["get", "manager"], ["set", "log", "LogLevel"], ["call", "manager"],
                      ["call", "manager", "ReopenContext"], ["call", "manager", "Reload", "x"], ["call", "manager", "Bootstrap", "x"], ["decode"],
                      ["bootstrap", "/nonexistent"], ["bootstrap", "/dev/null"], ["get", "a//b", "State"], ["mid", "x"], ["mid", "activate"], ["mid", "show"], ["mid", "list", "x"],
                      ["mid", "erase", "a", "b"], ["mid", "order"], ["mid", "authenticate", "mid-1", "00"], ["mid", "authenticate", "mid-1", "00" * 16, "zz" * 16],
                      ["mid", "authenticate", "mid-1", "00" * 15, "00" * 16], ["mid", "authenticate", "mid-1", "00" * 16, "00" * 17]):
            done = self.ctl(*words)
            self.assertEqual((done.returncode, done.stdout), (2, ""), words)
            self.assertRegex(done.stderr, r"^agentctl: [^\n]+\n", words)
        self.assertTrue(self.daemon.silent())

    def test_devices_are_added_given_identities_and_removed(self):
        sample(self.daemon)
        for words, said, out in ((["add", "new"], "add new", "device/new\n"), (["assign", "hall"], "assign hall ", "sip:hall@home.example\n"),
                                 (["assign", "hall", "sip:x"], "assign hall sip:x", "sip:hall@home.example\n"), (["revoke", "device/hall"], "revoke hall", ""),
                                 (["authorize", "hall", "REGISTER", "sip:d", "Digest a"], "authorize hall REGISTER sip:d Digest a", 'Digest username="i"\n'),
                                 (["remove", "hall"], "remove hall", "")):
            done = self.ctl("device", *words)
            self.assertEqual((done.returncode, done.stdout), (0, out), done.stderr)
            self.assertEqual(self.daemon.said(), "call " + said)
        self.assertEqual(json.loads(self.ctl("--json", "device", "assign", "hall").stdout), {"schema": 1, "impu": "sip:hall@home.example"})
        self.assertEqual(self.ctl("device", "show", "hall").returncode, 0)
        for words in ["eat", "hall"], ["assign"], ["add", "a", "b"], ["authorize", "hall", "REGISTER", "sip:d"]:
            self.assertEqual(self.ctl("device", *words).returncode, 2, words)

    def test_not_found_is_ten(self):
        for words in (["show", "job/99"], ["--json", "show", "x"], ["job", "wait", "99"], ["job", "cancel", "99"], ["account", "update", "x"], ["mid", "show", "x"], ["mid", "erase", "x"],
                      ["get", "job/99", "State"], ["get", "manager", "Nonsense"], ["call", "manager", "Nonsense"]):
            done = self.ctl(*words)
            self.assertEqual((done.returncode, done.stdout), (10, ""), words)
            self.assertRegex(done.stderr, r"^agentctl: [^\n]+\nhint: [^\n]+\n$", words)
        self.daemon.send("answer", "NotFound", "no context x")
        self.ends(["context", "reopen", "x"], 10, "agentctl: no context x\nhint: agentctl list shows what exists\n")

    def test_doctor_tries_dtls(self):
        """A libcrypto that can do no DTLS, as far as one with it can be told to."""
        with tempfile.NamedTemporaryFile("w", suffix=".cnf") as settings:
            settings.write("openssl_conf = c\n[c]\nssl_conf = s\n[s]\nsystem_default = d\n[d]\nMinProtocol = DTLSv1.2\nMaxProtocol = DTLSv1\n")
            settings.flush()
            done = self.ctl("doctor", env={**os.environ, "OPENSSL_CONF": settings.name})
        self.assertEqual(done.returncode, 1)
        self.assertIn("FAIL DTLS               OpenSSL has none; LwM2M over coaps needs it", done.stdout)

    def test_without_agent_it_is_eight(self):
        self.daemon.stop()
        for words in ([], ["list"], ["show", "job"], ["reload"], ["job", "wait", "7"], ["monitor"], ["get", "manager", "State"], ["log-level"]):
            done = self.ctl(*words)
            self.assertEqual((done.returncode, done.stdout), (8, ""), words)
            self.assertRegex(done.stderr, r"^agentctl: agentd [^\n]+\nhint: [^\n]+\n$")
        done = self.ctl("doctor")
        self.assertEqual(done.returncode, 8)
        self.assertIn("FAIL agentd             absent; systemctl start gateway-agent\n", done.stdout)

    def test_doctor_names_a_blocked_identity_and_who_can_help(self):
        mid = sample(self.daemon)["mid"]
        self.assertNotIn("identity", self.ctl("doctor").stdout)
        for reason, hint in ("integrity", "ask its issuer for a newer package"), ("order", "its issuer unblocks it: agentctl mid order FILE"):
            self.daemon.write(mid, State="BLOCKED", Reason=reason)
            done = self.ctl("doctor")
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"FAIL identity           mid-1 is BLOCKED ({reason}); {hint}", done.stdout)

    def test_without_bus_it_is_eight_and_help_and_version_work(self):
        environment = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent"}
        done = self.ctl("status", env=environment)
        self.assertEqual(done.returncode, 8)
        self.assertIn("no system bus", done.stderr)
        self.assertRegex(self.ctl("--version", env=environment).stdout, r"^agentctl \d+\.\d+\.\d+\n$")
        self.assertIn("exit status", self.ctl("--help", env=environment).stdout)

    def test_an_error_is_cause_and_hint(self):
        self.daemon.send("answer", "Malformed", "octet 3; twice")  # text and hint with a semicolon each
        self.ends(["reload"], 1, "agentctl: octet 3; twice\nhint: check the sender; agentctl decode shows where\n")
        self.daemon.send("answer", "Cancelled", "no hint here")
        self.ends(["reload"], 1, "agentctl: no hint here\n")


class Calls(WithAgent):
    def test_an_account_is_added_from_a_file_or_standard_input(self):
        done = self.ctl("account", "add", "-", input="uri=coaps://a\n")
        self.assertEqual((done.returncode, done.stdout), (0, "account/lwm2m_2d105\n"))
        self.assertEqual(self.daemon.said(), "call add 14 uri=coaps://a")

    def test_each_verb_makes_its_call(self):
        sample(self.daemon)
        for words, said in ((["reload"], "reload"), (["context", "reopen", "usim"], "reopen usim"), (["account", "update", "lwm2m-101"], "update lwm2m-101"),
                            (["account", "update", "account/lwm2m_2d101"], "update lwm2m-101"), (["job", "cancel", "7"], "cancel 7"),
                            (["account", "connect", "lwm2m-101"], "connect lwm2m-101"), (["account", "disable", "lwm2m-101"], "disable lwm2m-101 0"),
                            (["account", "disable", "lwm2m-101", "60"], "disable lwm2m-101 60"), (["account", "remove", "lwm2m-101"], "remove lwm2m-101"),
                            (["account", "send", "lwm2m-101", "/3/0/13", "/4"], "send lwm2m-101 '/3/0/13 /4' ''"),
                            (["account", "send", "lwm2m-101", "/3", "senml-json"], "send lwm2m-101 '/3' 'senml-json'"),
                            (["call", "context/usim", "Reopen"], "reopen usim"), (["-q", "factory-reset", "--yes"], "factory-reset"),
                            (["-q", "mid", "activate", "mid-1"], "mid mid-1 ACTIVE"), (["-q", "mid", "suspend", "mid/mid_2d1"], "mid mid-1 SUSPENDED"),
                            (["-q", "mid", "erase", "mid-1"], "mid mid-1 ERASED"),
                             (["call", "manager", "ReopenContext", "m2m"], "reopen m2m")):
            self.ends(words, 0)
            self.assertEqual(self.daemon.said(), "call " + said)

    def test_an_order_is_handed_over_and_its_receipt_kept(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        order, receipt = Path(folder.name, "order"), Path(folder.name, "receipt")
        order.write_bytes(b"order 0")
        self.ends(["mid", "order", str(order), str(receipt)], 0, stdout="result 0, receipt of 7 octets\n")
        self.assertEqual(receipt.read_bytes(), b"0 redro")
        order.write_bytes(b"order 4")
        self.assertEqual(self.ctl("mid", "order", str(order)).returncode, 3)
        self.assertEqual(json.loads(self.ctl("--json", "mid", "order", str(order)).stdout), {"schema": 1, "result": 4, "receipt_octets": 7})
        self.assertEqual(self.ctl("mid", "order", "/nowhere").returncode, 2)
        self.assertEqual(self.ctl("mid", "order", str(order), "/nowhere/receipt").returncode, 1)

    def test_a_step_of_a_mid_ends_with_its_state(self):
        sample(self.daemon)
        self.ends(["mid", "suspend", "mid-1"], 0, stdout="mid-1: ACTIVE\n")  # the daemon behind shows what it was told to
        self.ends(["--quiet", "mid", "erase", "mid-1"], 0, stdout="")
        done = self.ctl("--json", "mid", "activate", "mid-1")
        shown = json.loads(done.stdout)
        self.assertEqual((shown["schema"], shown["MidId"], shown["State"], shown["path"]), (1, "mid-1", "ACTIVE", "mid/mid_2d1"))
        self.assertEqual(self.ctl("--json", "mid", "show", "mid-1").stdout, self.ctl("--json", "show", "mid/mid_2d1").stdout)
        self.daemon.send("answer", "PolicyDenied", "MID mid-1 is ACTIVE")
        self.ends(["mid", "erase", "mid-1"], 1, stderr="agentctl: MID mid-1 is ACTIVE\nhint: see agentd.conf(5) for what is allowed\n")
        self.ends(["mid", "erase", "none"], 10, stderr="agentctl: no identity none\nhint: agentctl mid list shows what exists\n")

    def on_terminal(self, *words):
        master, slave = pty.openpty()
        with subprocess.Popen([CTL, *words], stdin=subprocess.DEVNULL, stdout=slave, stderr=slave) as process:
            os.close(slave)
            said = shown(master).decode()
            os.close(master)
            return process.wait(60), said

    def test_on_a_terminal_the_line_of_a_step_becomes_its_result(self):
        sample(self.daemon)
        blank = "\r" + 78 * " " + "\r"
        self.assertEqual(self.on_terminal("mid", "erase", "mid-1"), (0, f"mid-1: overwriting the keys ...{blank}mid-1: ACTIVE\r\n"))
        self.assertEqual(self.on_terminal("-q", "mid", "erase", "mid-1"), (0, ""))
        self.assertEqual(json.loads(self.on_terminal("--json", "mid", "erase", "mid-1")[1])["MidId"], "mid-1")
        self.daemon.send("answer", "PolicyDenied", "MID mid-1 is ACTIVE")
        self.assertEqual(self.on_terminal("mid", "erase", "mid-1"),
                         (1, f"mid-1: overwriting the keys ...{blank}agentctl: MID mid-1 is ACTIVE\r\nhint: see agentd.conf(5) for what is allowed\r\n"))

    def test_identities_are_listed_by_the_names_that_the_verbs_take(self):
        self.ends(["mid"], 0, stdout="no identity is installed\n")
        self.ends(["--no-legend", "mid", "list"], 0, stdout="")
        sample(self.daemon)
        done = self.ctl("mid", "list")
        head, row = done.stdout.splitlines()
        self.assertEqual((done.returncode, head.split()), (0, ["ID", "TYPE", "VERSION", "STATE", "BY", "VALID", "UNTIL", "ISSUER"]))
        self.assertEqual((row.split()[:5], row.endswith(" CN=SHO")), (["mid-1", "usim", "2", "ACTIVE", "request"], True))
        self.assertEqual(head.index("ISSUER"), row.index("CN=SHO"))
        self.assertEqual(self.ctl("--no-legend", "mid").stdout.splitlines(), [row])
        self.assertEqual(self.ctl("--json", "mid").stdout, self.ctl("--json", "list", "mid").stdout)

    def test_a_challenge_is_answered_with_res_or_auts(self):
        sample(self.daemon)
        self.ends(["mid", "authenticate", "mid-1", "00" * 16, "00" * 16], 0, stdout="ok 0123456789abcdef\n")
        self.ends(["mid", "authenticate", "mid-1", "01" * 16, "00" * 16], 3, stdout="sync 00112233445566778899aabbccdd\n",
                  stderr="agentctl: the network's sequence number is not a new one\nhint: give AUTS to the network; its next challenge will fit\n")
        self.ends(["-q", "mid", "authenticate", "mid-1", "01" * 16, "00" * 16], 3, stdout=None)
        self.assertEqual(json.loads(self.ctl("--json", "mid", "authenticate", "mid-1", "00" * 16, "00" * 16).stdout),
                         {"schema": 1, "result": "ok", "res": "0123456789abcdef", "auts": ""})

    def test_the_log_level_is_read_and_set(self):
        self.ends(["log-level"], 0, stdout="info\n")
        self.ends(["log-level", "debug"], 0)
        self.assertEqual(self.daemon.send("level"), ["level debug"])
        self.ends(["set", "log", "LogLevel", "warning"], 0)
        self.ends(["get", "log", "LogLevel"], 0, stdout="warning\n")
        self.assertEqual(self.ctl("set", "log", "LogLevel", "loud").returncode, 1)

    def test_a_document_may_come_by_pipe(self):
        sample(self.daemon)
        done = self.ctl("--no-wait", "bootstrap", "-", input="document")
        self.assertEqual((done.returncode, done.stdout), (0, "job/7\n"))
        self.assertEqual(self.daemon.said(), "call bootstrap document")
        done = self.ctl("call", "manager", "Bootstrap", "@-", input="another")
        self.assertEqual((done.returncode, done.stdout), (0, JOB + "\n"))
        self.assertEqual(self.daemon.said(), "call bootstrap another")
        self.assertEqual(self.ctl("bootstrap", "-", input="x" * 67585).returncode, 2)

    def test_a_slow_pin_is_waited_for_and_never_shown(self):
        path = self.daemon.node("Sim", "s1")
        process = self.start("sim", "pin", path, stdin=subprocess.PIPE)
        time.sleep(0.3)
        process.stdin.write("4321\n")
        process.stdin.flush()
        self.assertEqual(self.daemon.said(), "call pin s1 4321")
        self.daemon.send("pin", "None", "")
        self.assertEqual((process.wait(60), process.stdout.read(), process.stderr.read()), (0, "", ""))
        process.stdin.close()

    def test_digits_of_a_push_come_from_a_file_or_a_terminal(self):
        sample(self.daemon)
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"1234561876\n")
            file.flush()
            done = self.ctl("context", "pin", "usim", file.name, "--no-wait")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "job/7\n", ""))
        self.assertEqual(self.daemon.said(), "call submit usim 1234561876")
        done = self.ctl("--json", "--no-wait", "context", "pin", "usim", input="12345")
        self.assertEqual(json.loads(done.stdout), {"job": "job/7", "schema": 1})
        self.assertEqual(self.daemon.said(), "call submit usim 12345")
        self.daemon.send("answer", "MacMismatch", "the digits fit none")
        done = self.ctl("context", "pin", "usim", input="12345")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("the digits fit none", done.stderr)
        self.assertNotIn("12345", done.stderr)
        self.assertEqual(self.ctl("context", "pin").returncode, 2)

    def test_a_pin_is_remembered_and_forgotten(self):
        self.daemon.node("Sim", "s1")
        process = self.start("sim", "remember", "s1", stdin=subprocess.PIPE)
        process.stdin.write("4321\n")
        process.stdin.close()
        self.assertEqual(self.daemon.said(), "call remember s1 4321")
        self.daemon.send("pin", "None", "")
        self.assertEqual(process.wait(60), 0)
        self.ends(["sim", "forget", "s1"], 0)
        self.assertEqual(self.daemon.said(), "call forget s1")

    def test_a_pin_is_asked_without_echo(self):
        self.daemon.node("Sim", "s1")
        master, slave = pty.openpty()
        process = self.start("sim", "pin", "s1", stdin=slave)
        self.assertEqual(process.stderr.read(5), "PIN: ")
        os.write(master, b"4321\n")
        self.assertEqual(self.daemon.said(), "call pin s1 4321")
        self.daemon.send("pin", "SimLocked", "wrong")
        self.assertEqual(process.wait(60), 1)
        os.set_blocking(master, False)
        try:
            self.assertNotIn(b"4321", os.read(master, 100))
        except BlockingIOError:
            pass
        os.close(master)
        os.close(slave)


class Follows(WithAgent):
    STEPS = ("AUTHORISED", "CONNECTING", "BRIEFING", "EXECUTING", "STAGED", "PROVING", "COMMITTED")

    def job(self, **properties):
        return self.daemon.node("Job", "7", **{"Kind": "bootstrap", "State": "running", "Step": "NEW", "Progress": 0, **properties})

    def line(self, process, text):
        self.assertEqual(process.stdout.readline(), text + "\n")

    def run_steps(self, *steps):
        """All at once: a follower that asks instead of listening would miss some."""
        for i, step in enumerate(steps):
            self.daemon.write(JOB, Progress=10 * i)
            self.daemon.send("step", JOB, step)

    def file(self):
        out = tempfile.NamedTemporaryFile()
        self.addCleanup(out.close)
        out.write(b"document")
        out.flush()
        return out.name

    def test_every_step_is_a_line_and_success_is_zero(self):
        self.job()
        process = self.start("bootstrap", self.file())
        self.assertEqual(self.daemon.said(), "call bootstrap document")
        self.line(process, "NEW")
        self.run_steps(*self.STEPS)
        self.daemon.write(JOB, Step="REPORTED", Progress=100, State="succeeded")
        self.assertEqual(process.wait(60), 0)
        self.assertEqual(process.stdout.read(), "\n".join([*self.STEPS, "REPORTED", "succeeded", ""]))

    def test_a_failed_job_is_three_with_cause_and_hint(self):
        self.job()
        process = self.start("job", "wait", "7")
        self.line(process, "NEW")
        self.daemon.write(JOB, Step="FAILED", Error="BearerRefused", ErrorText="APN x", Hint="check the APN", State="failed")
        self.assertEqual(process.wait(60), 3)
        self.assertEqual(process.stderr.read(), "agentctl: job failed: BearerRefused: APN x\nhint: check the APN\n")

    def test_a_job_that_ended_before_is_told_at_once(self):
        self.job(State="cancelled", Step="FAILED", Error="Cancelled", ErrorText="by hand")
        self.ends(["job", "wait", "7"], 3, "agentctl: job cancelled: Cancelled: by hand\n", "FAILED\n")

    def test_json_is_the_job_at_its_end(self):
        self.job(State="failed", Error="Timeout")
        done = self.ctl("--json", "job", "wait", "7")
        out = json.loads(done.stdout)
        self.assertEqual((done.returncode, done.stderr, out["schema"], out["State"], out["Error"], out["path"]), (3, "", 1, "failed", "Timeout", "job/7"))

    def test_quiet_says_nothing_of_success(self):
        self.job(State="succeeded")
        self.ends(["-q", "job", "wait", "7"], 0)

    def test_a_time_out_is_four(self):
        self.job()
        self.ends(["--timeout=1", "job", "wait", "7"], 4, "agentctl: no end within 1 s\nhint: the job goes on; agentctl job wait 7\n", None)

    def test_ctrl_c_detaches_and_says_how_to_come_back(self):
        self.job()
        process = self.start("bootstrap", self.file())
        self.line(process, "NEW")
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(60), 0)
        self.assertEqual(process.stderr.read(), "\nthe job goes on; agentctl job wait 7\n")
        self.assertEqual(self.daemon.said(), "call bootstrap document")
        self.assertTrue(self.daemon.silent())  # no Cancel

    def test_the_end_of_the_agent_ends_the_watching(self):
        self.job()
        process = self.start("job", "wait", "7")
        self.line(process, "NEW")
        self.daemon.process.kill()
        self.assertEqual(process.wait(60), 8)
        self.assertIn("agentd went away", process.stderr.read())

    def test_a_refused_document_is_one(self):
        self.daemon.send("answer", "Replayed", "seen before")
        self.ends(["bootstrap", self.file()], 1, "agentctl: seen before\nhint: send a new message\n")

    def test_a_terminal_gets_a_bar(self):
        self.job()
        master, slave = pty.openpty()
        process = subprocess.Popen([CTL, "job", "wait", "7"], stdout=slave)
        os.close(slave)
        shown(master, b"NEW")
        self.daemon.write(JOB, Step="PROVING", Progress=50)
        self.assertIn(b"\r[###############               ]  50% PROVING", shown(master, b"50% PROVING"))
        self.daemon.write(JOB, Step="REPORTED", Progress=100, State="succeeded")  # the state last: it ends the watching
        self.assertRegex(shown(master), rb"100% REPORTED +\r\nsucceeded\r\n$")
        self.assertEqual(process.wait(60), 0)
        os.close(master)


class Monitors(WithAgent):
    def lines(self, process, count):
        return [process.stdout.readline().rstrip("\n") for _ in range(count)]

    def watch(self, *words):
        """A monitor that listens: it has printed a change."""
        process = self.start(*words, "monitor")
        number = 0
        while not select.select([process.stdout], [], [], 0.1)[0]:
            number += 1
            self.daemon.write(ROOT, ActiveJobs=number)
        self.daemon.write(ROOT, ActiveJobs=7777)
        while "7777" not in process.stdout.readline():
            pass
        return process

    def happen(self):
        path = self.daemon.node("Account", "a", State="idle")
        self.daemon.write(path, State="registered")
        self.daemon.send("signal", ROOT, "Refused", "MacMismatch", "text", "hint")
        self.daemon.send("remove", path)

    def test_for_people_a_line_a_change(self):
        process = self.watch()
        self.happen()
        self.assertEqual(self.lines(process, 4), ["account/a  added idle", "account/a  State: registered", "manager  Refused: MacMismatch, text, hint",
                                                  "account/a  removed"])
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(60), 0)

    def test_for_programs_an_object_a_line(self):
        process = self.watch("--json")
        self.happen()
        added, changed, refused, removed = (json.loads(line) for line in self.lines(process, 4))
        self.assertEqual((added["event"], added["path"], added["properties"]["State"], added["schema"]), ("added", "account/a", "idle", 1))
        self.assertEqual(changed, {"schema": 1, "path": "account/a", "event": "changed", "properties": {"State": "registered"}})
        self.assertEqual(refused, {"schema": 1, "path": "manager", "event": "signal", "signal": "Refused", "arguments": ["MacMismatch", "text", "hint"]})
        self.assertEqual(removed, {"schema": 1, "path": "account/a", "event": "removed"})

    def test_it_ends_with_the_agent(self):
        process = self.watch()
        self.daemon.stop()
        self.assertEqual(process.wait(60), 8)


class Completion(WithAgent):
    def complete(self, *words):
        script = HERE.parents[2] / "etc/completion/agentctl.bash"
        line = " ".join(words)
        code = (f'PATH={Path(CTL).parent}:$PATH; source {script}; COMP_WORDS=({" ".join(repr(w) for w in words)}); COMP_CWORD={len(words) - 1}; '
                f'COMP_LINE={line!r}; COMP_POINT={len(line)}; _agentctl; printf "%s\\n" "${{COMPREPLY[@]}}"')
        done = subprocess.run(["bash", "--norc", "-c", code], capture_output=True, text=True, check=True)
        self.assertEqual(done.stderr, "")
        return done.stdout.split()

    def test_verbs_are_those_of_the_help(self):
        help_text = self.ctl("--help").stdout
        verbs = re.findall(r"^  ([a-z-]+) ", help_text, re.MULTILINE)
        self.assertEqual(sorted(self.complete("agentctl", "")), sorted(verbs))
        options = set(re.findall(r"--[a-z-]+", help_text.split("\noptions:")[1].splitlines()[0]))
        self.assertEqual(set(self.complete("agentctl", "--")), options)

    def test_objects_come_from_the_bus(self):
        sample(self.daemon)
        self.assertEqual(self.complete("agentctl", "job", "wait", ""), ["7"])
        self.assertEqual(self.complete("agentctl", "job", "w"), ["wait"])
        self.assertEqual(self.complete("agentctl", "--json", "show", "bear"), ["bearer", "bearer/internet"])
        self.assertEqual(self.complete("agentctl", "context", "reopen", ""), ["usim"])
        self.assertEqual(self.complete("agentctl", "account", "update", "acc"), ["account/lwm2m_2d101"])
        self.assertEqual(self.complete("agentctl", "log-level", "d"), ["debug"])


if __name__ == "__main__":
    CTL, PROGRAM = (str(Path(p).resolve()) for p in sys.argv[1:3])
    UPDATE = "--update" in sys.argv
    os.environ.update(LC_ALL="C.UTF-8", TZ="UTC")
    os.environ.pop("NO_COLOR", None)
    signal.signal(signal.SIGALRM, too_long)
    unittest.main(argv=[sys.argv[0], *(w for w in sys.argv[3:] if w != "--update")])
