# SPDX-License-Identifier: Apache-2.0
"""A sample of the fault proofs in the real agent-tred: strace makes system calls fail, or kills the process at them, in the middle of an installation, an update,
an activation, a migration and an erasure. Afterwards: the old or the new MID, whole. Usage: process_calls.py AGENT_TRED [unittest arguments]"""
import os
import subprocess
import sys
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "../unit/tred"), os.path.join(HERE, "../operator")]
import hashlib  # noqa: E402
import process  # noqa: E402
from mid_package import ERASE, MIGRATE, order  # noqa: E402
from process import ACTIVE, ERASED, MIGRATING, PROVISIONED, Bench  # noqa: E402
from tre_client import Client, Lost  # noqa: E402

CALLS = {"openat": "ENOSPC", "write": "ENOSPC", "fsync": "EIO", "renameat": "EIO", "unlinkat": "EIO"}
STEPS = {  # state before (None: not installed) and after
    "install": (None, PROVISIONED, 1), "update": (ACTIVE, ACTIVE, 2), "activate": (PROVISIONED, ACTIVE, 1), "migrate": (ACTIVE, MIGRATING, 1), "erase": (ACTIVE, ERASED, 1)}


class Process(Bench):
    def setUp(self):
        super().setUp()
        token, nonce = self.register()
        self.packages = {v: self.make(token, nonce, version=v) for v in (1, 2)}
        target = ("mid-1", hashlib.sha256(self.packages[1]).digest())
        self.orders = {c: self.sho.sign(order(self.tre.tre_id(), c, 1, target=target)) for c in (MIGRATE, ERASE)}

    def do(self, step, tre):
        if step in ("install", "update"):
            return tre.install("usim", self.packages[2 if step == "update" else 1])[0] == 0
        if step == "activate":
            return tre.set_state("mid-1", ACTIVE)[0] == 0
        return tre.order(self.orders[MIGRATE if step == "migrate" else ERASE])[0] == 0

    def start_from(self, before):
        """The state that a step starts from, in a directory of its own."""
        process.shutil.rmtree(self.state)
        process.shutil.copytree(self.fresh, self.state)
        self.again()
        if before:
            self.assertTrue(self.do("install", self.tre))
        if before == ACTIVE:
            self.assertTrue(self.do("activate", self.tre))

    def again(self):
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.start()

    def disturbed(self, step, *inject):
        """The step while strace injects; what it answered (None: killed)."""
        words = ["strace", "-qq", "-o", self.dir + "/strace", "-p", str(self.proc.pid), *(w for i in inject for w in ("-e", i))]
        with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as tracer:
            for _ in range(500):
                with open(f"/proc/{self.proc.pid}/status", encoding="ascii") as f:
                    if f"TracerPid:\t{tracer.pid}" in f.read():
                        break
                time.sleep(0.01)
            else:
                self.fail("strace does not attach: " + tracer.stderr.read())
            try:
                done = self.do(step, self.tre)
            except Lost:
                done = None
            tracer.terminate()
        return done

    def check(self, step, done):
        before, after, version = STEPS[step]
        seen = self.tre.mids().get("mid-1")
        state = (seen["state"], seen["version"]) if seen else None
        new = (after, version)
        old = (before, 1) if before else None
        self.assertIn(state, [new] if done else [old, new])
        for prefix in "mid0.", "sqn0.":
            count = len([n for n in os.listdir(self.state) if n.startswith(prefix)])
            holds = state and state[0] not in (MIGRATING, ERASED)
            self.assertTrue(count == 0 if not holds else count >= 1, (prefix, count, state))
        return state == new

    def points(self, step, inject_for):
        """Each of the calls disturbed once in turn; the counts of old and new."""
        before = STEPS[step][0]
        found = [0, 0]
        for call in CALLS:
            for n in range(1, 40):
                self.start_from(before)
                done = self.disturbed(step, f"trace={call}", f"inject={call}:{inject_for(call)}:when={n}")
                with open(self.dir + "/strace", encoding="utf-8", errors="replace") as f:
                    hit = "INJECTED" in (told := f.read()) or "killed by SIGKILL" in told
                self.stop()
                self.again()
                found[self.check(step, done)] += 1
                self.stop()
                if not hit:
                    break
        return found

    def sample(self, inject_for, steps):
        self.fresh = self.dir + "/fresh"
        self.stop()
        process.shutil.copytree(self.state, self.fresh)
        total = 0
        for step in steps:
            old, new = self.points(step, inject_for)
            print(f"{step}: {old + new} points, {old} old, {new} new", file=sys.stderr)
            total += old + new
            self.assertGreater(new, 0)
        self.again()
        self.assertGreater(total, 10)

    def test_each_call_fails_once(self):
        self.sample(lambda call: f"error={CALLS[call]}", ("update", "migrate"))

    def test_each_call_is_interrupted_once(self):
        self.sample(lambda call: "error=EINTR", ("install",))

    def test_each_call_is_the_last(self):
        self.sample(lambda call: "signal=KILL", ("update", "activate", "erase"))


if __name__ == "__main__":
    process.AGENT = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2, warnings="ignore", argv=[sys.argv[0], *(sys.argv[1:] or ["Process"])])
