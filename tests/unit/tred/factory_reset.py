# SPDX-License-Identifier: Apache-2.0
"""What a factory reset takes and what it leaves, for tests of both back ends."""
import os

import process
from mid_package import DISCOVER, order
from process import ACTIVE, ERASED, VERSION, E
from push_process import user_pin_mac
from tre_client import KEYS, STATUS, TOKEN_OPEN, text


class FactoryReset:
    """Mixed into a Bench; power() starts the service again, off() runs the program once without it."""

    def reset(self, *words):
        self.stop()
        done = self.off("--state", self.state, "--factory-reset", *words)
        self.power()
        return done

    def tries(self):
        """What is left for the same message after one more wrong typing."""
        status, body = self.tre.push(3, b"", b"h" * 32, "", b"document", user_pin_mac("99999", b"another"))
        self.assertIn(status, (E["MAC_MISMATCH"], E["DENIED"]))
        return body[0]

    def ordered(self, sequence):
        return self.tre.order(self.sho.sign(order(self.tre.tre_id(), DISCOVER, sequence)), 0)[1]

    def test_identities_go_and_what_refuses_old_messages_stays(self):
        """Typed digits that were wrong, numbers of orders, versions of packages, tokens: all are remembered, the second time too."""
        identity = self.tre.call(STATUS)[1], self.tre.call(KEYS)
        old = self.put_in(version=3)
        self.tre.set_state("mid-1", ACTIVE)
        self.assertEqual(self.tre.call(TOKEN_OPEN, text("m2m"))[0], 0)
        self.assertEqual((self.tries(), self.tries()), (2, 1))
        self.assertEqual((self.ordered(7), self.ordered(6)), (process.OK, VERSION))
        done = self.reset()
        self.assertEqual((done.returncode, "factory state" in done.stderr), (0, True), done.stderr)
        self.assertEqual((self.tre.call(STATUS)[1], self.tre.call(KEYS)), identity)
        self.assertEqual(self.tre.mids()["mid-1"]["state"], ERASED)
        self.assertFalse([n for n in os.listdir(self.state) if n.startswith(("mid", "sqn"))])
        self.assertEqual(self.tries(), 0)  # counted on, not anew
        self.assertEqual((self.ordered(6), self.ordered(8)), (VERSION, process.OK))
        self.refused(old, process.BINDING, "MID_BINDING")
        token, nonce = self.register()
        self.refused(old, process.BINDING, "MID_BINDING")
        self.refused(self.make(token, nonce, version=3), VERSION, "MID_VERSION")
        self.assertEqual(self.tre.install("usim", self.make(token, nonce, version=4))[0], 0)
        for _ in range(2):
            self.assertEqual(self.reset().returncode, 0)
        self.assertEqual((self.tries(), self.ordered(8), self.ordered(7)), (0, process.OK, VERSION))
        token, nonce = self.register()
        self.refused(self.make(token, nonce, version=4), VERSION, "MID_VERSION")
