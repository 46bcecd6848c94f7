# SPDX-License-Identifier: Apache-2.0
"""PIN1 of a simulated card. Owns the PIN and its try counter; the right PIN gives all tries back. Must never be a real card's PIN."""

PIN_TRIES, PUK_TRIES = 3, 10


class CardPin:
    def __init__(self):
        self.set()

    def set(self, pin="", tries=PIN_TRIES) -> None:
        """PIN1 is asked for from now on; "" is a card without; no tries: the PUK is asked for."""
        self.pin, self.verified, self.tries = pin, not pin, int(tries)

    def verify(self, value: str) -> bool:
        if not self.tries or value != self.pin:
            self.tries = max(0, self.tries - 1)
            return False
        self.verified, self.tries = True, PIN_TRIES
        return True
