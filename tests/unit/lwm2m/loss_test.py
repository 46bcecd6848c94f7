# SPDX-License-Identifier: Apache-2.0
# Bootstrap and registration of many clients over DTLS through a relay that loses datagrams both ways, against the operator's server; and orders that must not
# run twice though the network doubles and reorders. Runs itself in a private network namespace. TAP.
# usage: loss_test.py TOOL CROWD [CLIENTS:LOSS%:SECONDS:AT-LEAST]...   as for a release: 100:10:120:100 100:30:300:95 20:50:600:20
import json
import os
import pathlib
import select
import socket
import subprocess
import sys
import tempfile
import time

from ets_server import KEYS, Server
from relay import Relay
from transports_test import end, line, start
from wire_test import ACK, CON, DELETE, FORMAT, GET, LOCATION, POST, Message, check, code, number, results

TREE = pathlib.Path(__file__).resolve().parents[3]
KEY, SERVER, FRONT = "00112233445566778899aabbccddeeff", 7684, 7000
QUICK = ["12:10:120:12"]


def operator(folder, clients):
    account = lambda n: {"id": 101, "uri": f"coaps://127.0.0.1:{FRONT}", "identity": f"id-{n}", "key": KEY, "lifetime": 3600}
    psk = {name.format(n): {"key": KEY, "endpoint": f"gw-{n}"} for n in range(clients) for name in ("bs-{}", "id-{}")}
    (folder / "psk.json").write_text(json.dumps(psk))
    (folder / "bootstrap.json").write_text(json.dumps({f"bs-{n}": {"accounts": [account(n)]} for n in range(clients)}))
    process = subprocess.Popen([sys.executable, "-B", TREE / "tests/operator/lwm2m_server.py", "run", "--dir", folder, "--port", str(SERVER), "--no-auto"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 20
    while not (folder / "lwm2m.ctl").exists() and time.monotonic() < until:
        time.sleep(0.05)
    return process


def crowd(clients, loss, seconds, least):
    folder = pathlib.Path(tempfile.mkdtemp())
    server = operator(folder, clients)
    relay = Relay(FRONT, SERVER, loss=loss / 100, late=0.1, double=0.02, seed=clients * 1000 + loss)
    process = subprocess.Popen([sys.argv[2], str(clients), f"coaps://127.0.0.1:{FRONT}", KEY], stdout=subprocess.PIPE, bufsize=0)
    begun, times, text = time.monotonic(), [], b""
    while len(times) < clients and time.monotonic() < begun + seconds:
        if select.select([process.stdout], [], [], 1.0)[0]:
            more = os.read(process.stdout.fileno(), 65536)
            if not more:
                break
            text += more
            times = sorted(int(row.split()[2]) / 1000 for row in text.decode().splitlines() if row.startswith("registered") and len(row.split()) == 3)
    process.terminate()
    late = process.stdout.read().decode().splitlines()
    process.wait()
    relay.close()
    server.kill()
    server.wait()
    median = times[len(times) // 2] if times else None
    print(f"# {clients} clients, {loss} % lost each way ({relay.lost} of {relay.seen} datagrams): {len(times)} registered in {time.monotonic() - begun:.0f} s; "
          f"median {median} s, last {times[-1] if times else None} s")
    print("".join(f"# {row}\n" for row in late if row.startswith("late")), end="")
    check(f"{least} of {clients} clients are bootstrapped and registered within {seconds} s though {loss} % of the datagrams are lost each way", len(times) >= least, len(times))


class Asker:
    """A server without security that repeats what is not answered, as RFC 7252 says, only faster."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", SERVER))
        self.peer, self.mid = None, 0

    def receive(self, seconds):
        self.socket.settimeout(seconds)
        try:
            data, self.peer = self.socket.recvfrom(65536)
            m = Message.decode(data)
        except TimeoutError:
            return None
        if m.kind == CON:  # Register or Update: always answered, by what it is about
            options = [(LOCATION, b"rd"), (LOCATION, b"1")] if m.path() == "/rd" else []
            self.socket.sendto(Message(ACK, code("2.01" if options else "2.04"), m.mid, m.token, options).encode(), self.peer)
        return m

    def ask(self, what, path, options=(), payload=b""):
        self.mid += 1
        message = Message(CON, what, self.mid, self.mid.to_bytes(2, "big"), [(11, s.encode()) for s in path.split("/")[1:]] + list(options), payload).encode()
        for _ in range(60):
            self.socket.sendto(message, self.peer)
            until = time.monotonic() + 0.3
            while time.monotonic() < until:
                m = self.receive(max(0.01, until - time.monotonic()))
                if m and m.kind == ACK and m.mid == self.mid:
                    return m
        return Message(CON, 0, 0)


def orders(rounds=25):
    """Loss, doubles and delay at once, without DTLS, which would drop the doubles."""
    server = Asker()
    relay = Relay(FRONT, SERVER, loss=0.2, double=0.4, late=0.4, seed=7)
    client = start("coap", "--nosec", port=FRONT)
    client_is = lambda: line(client, "state registered", 0.01)
    until = time.monotonic() + 60
    while not client_is() and time.monotonic() < until:
        server.receive(0.5)
    created, instances = [], []
    for n in range(rounds):
        created.append(server.ask(POST, "/16", [(FORMAT, number(11542))], b"\x83\x00\x41\x00a").code)
        server.ask(POST, "/3/0/4")
        instances.append((server.ask(GET, "/16/0/0").code, server.ask(GET, "/16/1/0").code))
        server.ask(DELETE, "/16/0")
    time.sleep(1)
    reboots = 0
    while line(client, "reboot", 0.3):
        reboots += 1
    check(f"{rounds} Creates through a network that doubles and reorders make one instance each", created == [code("2.01")] * rounds and
          instances == [(code("2.05"), code("4.04"))] * rounds, (created, instances))
    check(f"{rounds} Executes run {rounds} times", reboots == rounds, reboots)
    print(f"# {relay.doubled} of {relay.seen} datagrams were doubled, {relay.lost} lost")
    check("the network did double and lose", relay.doubled > rounds and relay.lost > rounds, (relay.doubled, relay.lost))
    end(client)
    relay.close()


class Twice(Relay):
    """Loses each of the client's first three flights twice: what it sends again after 1 s, too, but not after 3 s (RFC 6347 clause 4.2.4.1)."""

    flights, passes_at = 0, None

    def carry(self, sock, data, address):
        now = time.monotonic()
        if sock is self.front and self.passes_at and now >= self.passes_at:  # the server has heard it, and answers
            self.passes_at = None
        elif sock is not self.front and self.flights < 3 and self.passes_at is None:
            self.flights, self.passes_at = self.flights + 1, now + 2.0
        if sock is not self.front and self.passes_at and now < self.passes_at:
            self.lost += 1
        else:
            super().carry(sock, data, address)


def handshake():
    """Six repetitions in one handshake, where a message may have four (RFC 7252 clause 4.8)."""
    server, relay = Server(SERVER), Twice(FRONT, SERVER)
    client = start("coaps", "--identity", "wire", "--key", KEYS["wire"].hex(), port=FRONT)
    check("a handshake of which each flight is lost twice comes to its end", server.registered(60) and line(client, "state registered") and relay.flights == 3 and relay.lost >= 6,
          (relay.flights, relay.lost))
    end(client)
    relay.close()
    server.close()


def main():
    if os.environ.get("WIRE_TEST_INSIDE") != "1":
        os.environ["WIRE_TEST_INSIDE"] = "1"
        os.execv(str(TREE / "tests/lab/private"), [str(TREE / "tests/lab/private"), sys.executable, *sys.argv])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    orders()
    handshake()
    for plan in sys.argv[3:] or QUICK:
        crowd(*(int(n) for n in plan.split(":")))
    print(f"1..{len(results)}")
    return 0 if all(results) else 1


sys.exit(main())
