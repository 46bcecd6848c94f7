# SPDX-License-Identifier: Apache-2.0
# A registration over a restart of the client: an Update on the resumed DTLS session, or from the same address and port, and its observations; a Register wherever
# one of these is not so, after a change of address in one life, too. The server is ets_server.py. Runs itself in a private network namespace. Usage: restart_test.py TOOL. TAP.
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from ets_server import KEYS, PATIENCE, SILENCE, Server, coap
from transports_test import account, at, make_certificates, write

GET, POST, PUT, OBSERVE = coap.GET, coap.POST, coap.PUT, (coap.OBSERVE, b"")
VALUE, OTHER = "/1/0/5", "/1/0/6"
KEYED = ("--uri", "coaps://127.0.0.1:5684", "--identity", "wire", "--key", KEYS["wire"].hex())
OPEN = ("--uri", "coap://127.0.0.1:5684", "--nosec")
SECURE, SHOWN = ("--uri", "coaps://127.0.0.1:5684"), ("--uri", "coaps://127.0.0.1:5684", *account("operator.root.der", 2))
LOCATION = [(coap.LOCATION_PATH, b"rd"), (coap.LOCATION_PATH, b"1")]
JUDGED = slice(55, 63)  # in what is kept: when the server was judged
results = []


def check(name, passed, detail=""):
    results.append(bool(passed))
    print(f"{'ok' if passed else 'not ok'} {len(results)} - {name}" + ("" if passed else f" # {detail}"), flush=True)


class Plain:
    """In the place of DTLS: datagrams as they are."""

    def __init__(self, server):
        self.server = server

    def feed(self, data, address):
        self.address = address
        self.server.on_data(self, data)

    def send(self, data):
        self.server.sock.sendto(data, self.address)

    def tick(self):
        pass


class Gateway:
    """One server and the client's lives."""

    def __init__(self, how):
        self.how, self.keep = how, os.path.join(tempfile.mkdtemp(prefix="restart-"), "registration")
        self.server = self.serve()
        if how == OPEN:
            self.server.dtls = Plain(self.server)
        self.client = None

    def serve(self, name="operator.server"):
        return Server(sessions=True, certificates=tuple(at(n) for n in (name + ".pem", name + ".key.pem", "operator.root.pem")) if "--certificate" in self.how else None)

    def start(self, *more, how=None):
        self.client = subprocess.Popen([sys.argv[1], *(how or self.how), "--endpoint", "gw", "--keep", self.keep, *more], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def says(self, text):
        while not (line := self.client.stdout.readline()).startswith(text):
            assert line, "the client has ended"

    def end(self, how=signal.SIGKILL):
        self.client.send_signal(how)
        self.client.wait()

    def kept(self):
        end = time.monotonic() + PATIENCE
        while not os.path.exists(self.keep):
            assert time.monotonic() < end, "nothing is kept"
            time.sleep(0.01)

    def observe(self, path, token):
        return self.server.ask(GET, path, [OBSERVE], token=token)

    def begin(self, *paths):
        """Registered; paths observed under the tokens t0, t1 ..; killed when that is kept."""
        self.start()
        assert self.server.registered(), "no Register"
        for i, path in enumerate(paths):
            assert self.observe(path, b"t%d" % i).number(coap.OBSERVE) is not None
        self.kept()
        self.address = self.server.dtls.address if self.how == OPEN else self.server.sock.getsockname()
        self.end()
        return self

    def first(self):
        """What the client asks first."""
        return self.server.receive(lambda m: m.code == POST)

    def write(self, path, text):
        return self.server.ask(PUT, path, [(coap.CONTENT_FORMAT, b"")], text.encode()).code

    def close(self):
        self.end()
        self.server.close()


def test_taken_up():
    for how, name in ((KEYED, "over DTLS"), (SHOWN, "with certificates"), (OPEN, "without security")):
        g, last = Gateway(how).begin(VALUE, OTHER), 1000
        for life in ("first", "second"):
            g.start()
            m = g.first()
            check(f"{name}: an Update is the {life} thing", m and m.path == "/rd/1" and not m.payload and not m.query, m)
            silent = g.server.notification(b"t0", SILENCE)
            check("nothing is told before the server knows us", silent is None, silent)
            g.server.answer(m, coap.CHANGED)
            first = g.server.notification(b"t0")
            check("then what it observes, in order behind what was told", first and g.server.notification(b"t1") and first.number(coap.OBSERVE) > last, first)
            check("and changes", g.write(VALUE, "7" if life == "first" else "8") == coap.CHANGED and g.server.notification(b"t0").number(coap.OBSERVE) == first.number(coap.OBSERVE) + 1)
            last = first.number(coap.OBSERVE) + 1
            if how == OPEN:
                check("from the same port", g.server.dtls.address == g.address, g.server.dtls.address)
            g.kept()
            g.end(signal.SIGINT)
        g.start()
        g.server.answer(g.first(), coap.NOT_FOUND)
        m = g.server.request_of(POST, "/rd")
        check("4.04 brings a Register, and nothing is kept from then on", m and not os.path.exists(g.keep))
        g.server.answer(m, coap.CREATED, LOCATION)
        check("which ends the observations", g.write(VALUE, "9") == coap.CHANGED and g.server.notification(b"t0", SILENCE) is None)
        g.close()


def test_rules_of_the_request():
    g = Gateway(KEYED).begin(VALUE + "?gt=90000")
    g.start()
    g.server.updated()
    check("a value that crosses nothing is told once", g.server.notification(b"t0"))
    check("and then what the request asked for", g.write(VALUE, "80000") == coap.CHANGED and g.server.notification(b"t0", SILENCE) is None and
          g.write(VALUE, "90001") == coap.CHANGED and g.server.notification(b"t0"))
    g.close()


def test_forgotten_observation():
    """A server that took the Update and has lost the observations is to observe anew: it learns so by a Register."""
    g = Gateway(KEYED).begin(VALUE)
    g.server.unwanted.add(b"t0")
    g.start()
    check("an Update", g.server.updated())
    check("a Reset to the first notification brings a Register", g.server.registered())
    g.close()


def test_moved():
    """The bearer comes back with another address: a new session, one Register (Transport TS 1.1.1 clause 6.4.3)."""
    for how, name in ((KEYED, "over DTLS"), (OPEN, "without security")):
        for signals in ((signal.SIGUSR2, signal.SIGHUP), (signal.SIGHUP,)):
            g = Gateway(how)
            g.start("--local", "127.0.0.2", "--move-to", "127.0.0.3")
            g.server.registered()
            g.kept()
            for s in signals:
                g.client.send_signal(s)
                if s == signal.SIGUSR2:
                    g.says("state idle")  # before the next signal comes
            m = g.server.registered()
            peer = (g.server.connection if how == KEYED else g.server.dtls).address[0]
            check(f"{name}: another address{' after a gap' if len(signals) > 1 else ''}: a Register from there", m and peer == "127.0.0.3", (m, peer))
            again = g.server.receive(lambda m: m.code == POST, SILENCE)
            check("and no other", again is None, again)
            g.close()


def test_not_to_be_taken_up():
    g = Gateway(KEYED).begin(VALUE)
    g.server.close()
    g.server = Server(sessions=True)
    g.start()
    check("a server that has lost the session gets a Register", g.first().path == "/rd")
    g.close()

    for name, spoil in (("cut", lambda octets: octets[:-1]), ("longer", lambda octets: octets + b"\0"), ("of another key", lambda octets: octets[:1] + bytes(32) + octets[33:])):
        g = Gateway(KEYED).begin(VALUE)
        octets = pathlib.Path(g.keep).read_bytes()
        pathlib.Path(g.keep).write_bytes(spoil(octets))
        g.start()
        check(f"what is kept is {name}: a Register", g.server.registered())
        check("and nothing observed", g.write(VALUE, "7") == coap.CHANGED and g.server.notification(b"t0", SILENCE) is None)
        g.close()

    g = Gateway(OPEN).begin(VALUE)
    taken = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    taken.bind(g.address)
    g.start()
    m = g.first()
    check("the port is another program's: a Register, from another one", m.path == "/rd" and g.server.dtls.address != g.address, m)
    taken.close()
    g.close()

    g = Gateway(OPEN).begin(VALUE)
    g.start("--local", "127.0.0.2")
    m = g.first()
    check("another address of ours: a Register", m.path == "/rd" and g.server.dtls.address[0] == "127.0.0.2", m)
    g.close()

    g = Gateway(KEYED).begin(VALUE)
    g.start("--queue", "60")
    check("another binding: a Register", g.first().path == "/rd")
    g.close()

    g = Gateway(KEYED).begin(VALUE)
    g.start("--highest", "2")
    check("another version to tell: a Register", g.first().path == "/rd")
    g.close()


def judged_at(g):
    return int.from_bytes(pathlib.Path(g.keep).read_bytes()[JUDGED], "big")


def refused(g, name, how):
    g.start(how=how)
    reader = threading.Thread(target=g.says, args=("error TlsUntrusted",), daemon=True)
    reader.start()
    asked, end = None, time.monotonic() + PATIENCE
    while reader.is_alive() and not asked and time.monotonic() < end:
        asked = g.server.receive(lambda m: m.code == POST, 0.1)
    check(f"a server that is trusted no more is no server: {name}", not reader.is_alive() and not asked, asked)


def test_other_trust():
    """A session shows no certificate: it is taken up only if the account would still judge as it did."""
    for name, trust in (("another root", account("other.root.der", 2)), ("a certificate that it has not", account("operator.root.der", 3))):
        g = Gateway(SHOWN).begin(VALUE)
        refused(g, name, (*SECURE, *trust))
        g.close()
    g = Gateway(SHOWN).begin(VALUE)
    g.start(how=(*SECURE, *account("operator.server.der", 3)))
    check("another trust that it passes: a Register", g.first().path == "/rd")
    g.close()

    for name, usage, roots, first in (("the same factory roots: an Update", 0, "operator.root.pem", "/rd/1"), ("more of them: a Register", 0, "both.roots.pem", "/rd"),
                                      ("more of them, which are not asked: an Update", 2, "both.roots.pem", "/rd/1")):
        g = Gateway((*SECURE, *account("operator.root.der", usage))).begin(VALUE)
        g.start(how=(*g.how[:-1], at(roots)))
        check(name, g.first().path == first)
        g.close()
    g = Gateway((*SECURE, *account("operator.root.der", 0))).begin(VALUE)
    refused(g, "the factory roots are others", (*g.how[:-1], at("other.root.pem")))
    g.close()

    g = Gateway(SHOWN).begin(VALUE)
    check("when it was judged is kept", 0 <= time.time() - judged_at(g) < 600, judged_at(g))
    octets = bytearray(pathlib.Path(g.keep).read_bytes())
    octets[JUDGED] = (int(time.time()) - 86401).to_bytes(8, "big")
    pathlib.Path(g.keep).write_bytes(octets)
    g.start()
    check("a day later: a Register, for its certificate is looked at anew", g.first().path == "/rd")
    g.close()


def test_killed_at_once():
    """The answer to an Observe is out, and the process ends: an Update is never without that observation."""
    g = Gateway(KEYED)
    g.start()
    g.server.registered()
    for i in range(5):
        token = b"k%d" % i
        g.kept()
        g.observe(VALUE, token)
        g.end()
        g.start()
        m = g.first()
        if m.path == "/rd":
            g.server.answer(m, coap.CREATED, LOCATION)
        else:
            g.server.answer(m, coap.CHANGED)
        check("a Register, or the observation is there", m.path == "/rd" or g.server.notification(token), m)
    g.close()


def test_left():
    g = Gateway(KEYED)
    g.start()
    m = g.first()
    time.sleep(0.2)
    check("nothing is kept of what is not there", not os.path.exists(g.keep))
    g.server.answer(m, coap.CREATED, LOCATION)
    g.kept()
    g.client.send_signal(signal.SIGTERM)
    m = g.server.request_of(coap.DELETE, "/rd/1")
    check("a De-register", m)
    g.server.answer(m, coap.DELETED)
    g.client.wait()
    check("is kept by nobody", not os.path.exists(g.keep))
    g.server.close()


def main():
    if os.environ.get("RESTART_TEST_INSIDE") != "1":
        os.environ["RESTART_TEST_INSIDE"] = "1"
        private = str(pathlib.Path(__file__).resolve().parents[2] / "lab/private")
        os.execv(private, [private, sys.executable, "-B", *sys.argv])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    make_certificates()
    write("both.roots.pem", b"".join(pathlib.Path(at(f"{name}.root.pem")).read_bytes() for name in ("operator", "other")))
    test_taken_up()
    test_rules_of_the_request()
    test_forgotten_observation()
    test_moved()
    test_not_to_be_taken_up()
    test_other_trust()
    test_killed_at_once()
    test_left()
    print(f"1..{len(results)}")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
