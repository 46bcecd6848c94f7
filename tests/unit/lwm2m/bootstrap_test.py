# SPDX-License-Identifier: Apache-2.0
# Bootstrap on the wire, by a bootstrap server made by hand over plain UDP: who begins, packs, hold-off, modes of accounts, and what is left when it is cut off
# after each message. Runs itself in a private network namespace. Usage: bootstrap_test.py TOOL. TAP.
import os
import pathlib
import socket
import subprocess
import sys
import time

import transports_test
from transports_test import IDENTITY, KEY, Listener, Openssl, at, end, line, make_certificates, start
from wire_test import ACCEPT, ACK, BLOCK2, CON, DELETE, FORMAT, GET, LOCATION, POST, PUT, QUERY, Message, check, code, number, results, tlv

PORT, MANAGEMENT = transports_test.PORT, 6001


class Plain:
    """A server on a UDP socket."""

    def __init__(self, port):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", port))
        self.peer, self.mid = None, 100

    def receive(self, seconds=5.0):
        self.socket.settimeout(seconds)
        try:
            data, self.peer = self.socket.recvfrom(65536)
        except TimeoutError:
            return None
        return Message.decode(data)

    def send(self, message):
        self.socket.sendto(message.encode(), self.peer)

    def answer(self, request, text, options=(), payload=b""):
        self.send(Message(ACK, code(text), request.mid, request.token, options, payload))

    def request(self, what, path, options=(), payload=b""):
        self.mid += 1
        segments = [(11, s.encode()) for s in path.split("/")[1:] if s]
        self.send(Message(CON, what, self.mid, b"b", segments + list(options), payload))
        while True:
            got = self.receive()
            if not got or (got.kind == ACK and got.mid == self.mid):
                return got or Message(CON, 0, 0)

    def close(self):
        self.socket.close()


def big(n, value):
    """A TLV resource with a 16-bit length."""
    return bytes([0xD0, n]) + len(value).to_bytes(2, "big") + value if len(value) > 255 else tlv(3, n, value)


def security(uri, mode, identity=b"", key=b"", server=b"", more=b"", ssid=101):
    return (tlv(3, 0, uri.encode()) + tlv(3, 1, b"\0") + tlv(3, 2, bytes([mode])) + big(3, identity) + big(4, server) + big(5, key) + tlv(3, 10, ssid.to_bytes(2, "big")) + more)


def server_object(ssid=101):
    return tlv(3, 0, ssid.to_bytes(2, "big")) + tlv(3, 1, b"\x02\x58") + tlv(3, 6, b"\1") + tlv(3, 7, b"U")


PLAIN = f"coap://127.0.0.1:{MANAGEMENT}"
TLV = [(FORMAT, number(11542))]


def write_accounts(server, first=None):
    """All of a bootstrap but the Finish; the codes."""
    return [server.request(DELETE, "/").code, server.request(PUT, "/0/1", TLV, first or security(PLAIN, 3)).code,
            server.request(PUT, "/1/0", TLV, server_object()).code]


def test_unasked():
    """Seed of LwM2M 1.0: the gateway opens the association and waits; who writes is the server."""
    server, management = Plain(PORT), Plain(MANAGEMENT)
    client = start("coap", "--nosec", "--bootstrap", "--hold-off", "3")
    begun = time.monotonic()
    m = server.receive(6)
    check("the hold-off is waited out before the server is asked", m and m.path() == "/bs" and 2.8 < time.monotonic() - begun < 5, time.monotonic() - begun)
    server.answer(m, "2.04")
    peer = server.peer
    end(client)
    # The association of a client that waits, as a server of 1.0 knows it: by the address from which it came.
    client = start("coap", "--nosec", "--bootstrap", "--hold-off", "60", "--local", "127.0.0.1")
    ports, limit = [], time.monotonic() + 10
    while not ports and time.monotonic() < limit:
        with open(f"/proc/{client.pid}/net/udp") as table:
            ports = [int(row.split()[1].split(":")[1], 16) for row in table.readlines()[1:] if row.split()[2].endswith(f":{PORT:04X}")]
    check("the gateway has an association open while it waits", len(ports) == 1, (ports, peer))
    server.peer = ("127.0.0.1", ports[0] if ports else 0)
    codes = write_accounts(server) + [server.request(POST, "/bs").code]
    check("a server that writes unasked is served", codes == [code("2.02"), code("2.04"), code("2.04"), code("2.04")], codes)
    check("and was never asked", server.receive(0.3) is None)
    m = management.receive()
    check("the account that it wrote is registered", m and m.path() == "/rd" and line(client, "account 101").endswith("600 nosec"), m and m.options)
    end(client)
    server.close()
    management.close()


def test_long_hold_off():
    """How long it is waited is not waited for here: the log tells."""
    for seconds, counted in ((301, 301), (86400, 86400), (86401, 86400)):
        with open(at("hold-off.log"), "w+") as log:
            client = start("coap", "--nosec", "--bootstrap", "--hold-off", str(seconds), "--verbose", log=log)
            limit, got = time.monotonic() + 10, ""
            while "to begin unasked" not in got and time.monotonic() < limit:
                time.sleep(0.02)
                log.seek(0)
                got = log.read()
            check(f"a hold-off of {seconds} s is waited out for {counted} s", f"it has {counted} s to begin" in got, got)
            end(client)


def test_old():
    server = Plain(PORT)
    client = start("coap", "--nosec", "--bootstrap", "--highest", "0")
    m = server.receive()
    check("a client of 1.0 asks without a preferred format", m and m.path() == "/bs" and m.values(QUERY) == [b"ep=gw"], m and m.options)
    end(client)
    server.close()


def text(value):
    octets = value.encode()
    return bytes([0x60 + len(octets)]) + octets if len(octets) < 24 else bytes([0x78, len(octets)]) + octets


def senml(records):
    """SenML CBOR of (name, label, value)."""
    out = bytes([0x98, len(records)])
    for name, label, value in records:
        out += b"\xa2\x00" + text(name) + bytes([label]) + value
    return out


def pack_of(uri, padding=0):
    octets = bytes(padding)
    return senml([("/0/1/0", 3, text(uri)), ("/0/1/1", 4, b"\xf4"), ("/0/1/2", 2, b"\x03"), ("/0/1/3", 8, b"\x40"), ("/0/1/4", 8, b"\x59" + len(octets).to_bytes(2, "big") + octets),
                  ("/0/1/5", 8, b"\x40"), ("/0/1/10", 2, b"\x18\x65"), ("/1/0/0", 2, b"\x18\x65"), ("/1/0/1", 2, b"\x19\x02\x58"), ("/1/0/6", 4, b"\xf5"), ("/1/0/7", 3, text("U"))])


def serve_pack(server, body, size=1024):
    """Answers each request for a block; how many there were."""
    blocks = 0
    while True:
        m = server.receive(2)
        if not m or m.path() != "/bspack":
            return blocks, m
        asked = m.values(BLOCK2)
        n = int.from_bytes(asked[0], "big") >> 4 if asked else 0
        part, more = body[n * size:(n + 1) * size], 8 if (n + 1) * size < len(body) else 0
        options = [(FORMAT, number(112))] + ([(BLOCK2, number(n << 4 | more | 6))] if len(body) > size else [])
        server.answer(m, "2.05", options, part)
        blocks += 1
        if not more:
            return blocks, m


def test_pack():
    server, management = Plain(PORT), Plain(MANAGEMENT)
    for name, padding, expected in (("in one message", 0, 1), ("in three blocks", 2000, 3)):
        client = start("coap", "--nosec", "--bootstrap", "--pack")
        blocks, m = serve_pack(server, pack_of(PLAIN, padding))
        check(f"ets_12: Bootstrap-Pack {name}", blocks == expected and m.values(QUERY) == [b"ep=gw", b"acc=</0/0>"] and m.values(ACCEPT) == [number(112)], (blocks, m and m.options))
        m = management.receive()
        check("ets_12: its account is registered", m and m.path() == "/rd", m)
        end(client)
    for text_code in ("5.01", "4.05", "4.04"):
        client = start("coap", "--nosec", "--bootstrap", "--pack")
        server.answer(server.receive(), text_code)
        m = server.receive()
        check(f"a server without packs ({text_code}) is asked to write", m and m.code == POST and m.path() == "/bs", m and m.path())
        end(client)
    for name, body in (("of a bad account", pack_of(f"coaps://127.0.0.1:{MANAGEMENT}")), ("cut off", pack_of(PLAIN)[:-3]),
                       ("with an object that is not there", senml([("/77/0/1", 3, text("x"))]))):
        client = start("coap", "--nosec", "--bootstrap", "--pack")
        serve_pack(server, body)
        m = server.receive()
        check(f"a pack {name} is refused as a whole, and the server asked to write", m and m.code == POST and m.path() == "/bs", m and m.path())
        end(client)
    server.close()
    management.close()


def test_modes():
    """Accounts of each mode through the bootstrap interface, and the consistency check on them."""
    make_certificates()
    read = lambda name: pathlib.Path(at(name)).read_bytes()
    certificate, key, anchor = read("operator.gateway.der"), read("operator.gateway.key"), read("operator.root.der")
    secure = f"coaps://127.0.0.1:{MANAGEMENT}"
    usage = lambda n: tlv(3, 15, bytes([n]))
    rows = [
        ("a pre-shared key", security(secure, 0, b"id", bytes(16)), "2.04", "psk"),
        ("certificates, the server's own", security(secure, 2, certificate, key, read("operator.server.der")), "2.04", "x509"),
        ("certificates, by an authority", security(secure, 2, certificate, key, anchor, usage(2)), "2.04", "x509"),
        ("certificates, by a digest", security(secure, 2, certificate, key, read("operator.server.digest1"), tlv(3, 13, b"\1")), "2.04", "x509"),
        ("certificates over TLS with a name", security(f"coaps+tcp://127.0.0.1:{MANAGEMENT}", 2, certificate, key, anchor, usage(2) + tlv(3, 14, b"lwm2m.example")), "2.04", "x509"),
        ("no security, as the rules allow it here", security(PLAIN, 3), "2.04", "nosec"),
        ("a certificate without its key", security(secure, 2, certificate, b"", anchor, usage(2)), "4.06", None),
        ("a certificate with another's key", security(secure, 2, certificate, read("other.gateway.key"), anchor, usage(2)), "4.06", None),
        ("certificate usage 0 without factory roots", security(secure, 2, certificate, key, anchor, usage(0)), "4.06", None),
        ("a raw public key", security(secure, 1, b"x", b"x", b"x"), "4.06", None),
        ("a choice of cipher suites", security(secure, 0, b"id", bytes(16), more=tlv(2, 16, tlv(1, 0, b"\x00\xc0\xa8\x00"))), "4.06", None),
        ("OSCORE", security(PLAIN, 3, more=tlv(3, 17, b"\x00\x15\x00\x00")), "4.06", None),
        ("no security on a secure scheme", security(secure, 3), "4.06", None),
        ("an identity that is no text", security(secure, 0, b"i\0d", bytes(16)), "4.06", None),
    ]
    server = Plain(PORT)
    for name, account_octets, expected, mode in rows:
        client = start("coap", "--nosec", "--bootstrap")
        server.answer(server.receive(), "2.04")
        codes = write_accounts(server, account_octets)
        got = server.request(POST, "/bs").code
        check(f"an account with {name}: Finish is {expected}", codes[1:] == [code("2.04")] * 2 and got == code(expected), (codes, got))
        if mode:
            row = line(client, "account 101")
            check("and it is there", row.endswith(f"600 {mode}"), row)
        end(client)
    server.close()


def test_own_account():
    """The bootstrap server changes the account by which it is reached: new time-out, new hold-off."""
    server, management = Plain(PORT), Plain(MANAGEMENT)
    client = start("coap", "--nosec", "--bootstrap")
    server.answer(server.receive(), "2.04")
    write_accounts(server)
    own = tlv(3, 0, f"coap://127.0.0.1:{PORT}".encode()) + tlv(3, 1, b"\1") + tlv(3, 2, b"\3") + tlv(3, 3, b"") + tlv(3, 4, b"") + tlv(3, 5, b"") + tlv(3, 11, b"\x07") + tlv(3, 12, b"\x3c")
    check("the bootstrap server may write its own account", server.request(PUT, "/0/0", TLV, own).code == code("2.04") and server.request(POST, "/bs").code == code("2.04"))
    got = line(client, "server ")
    check("which is kept as it left it", got == "server hold-off 7 timeout 60", got)
    end(client)
    client = start("coap", "--nosec", "--bootstrap")
    server.answer(server.receive(), "2.04")
    write_accounts(server)
    second = security(f"coap://127.0.0.1:{PORT}", 3).replace(tlv(3, 1, b"\0"), tlv(3, 1, b"\1"))
    check("a second bootstrap server is refused", server.request(PUT, "/0/5", TLV, second).code == code("2.04") and server.request(POST, "/bs").code == code("4.06"))
    end(client)
    server.close()
    management.close()


def test_separate():
    """Neither interface answers to the other's server: a bootstrap server cannot manage, a management server cannot bootstrap."""
    server, management = Plain(PORT), Plain(MANAGEMENT)
    client = start("coap", "--nosec", "--bootstrap")
    server.answer(server.receive(), "2.04")
    codes = {path: server.request(what, path, TLV if what == PUT else [], b"").code for what, path in
             ((GET, "/3/0/0"), (POST, "/3/0/4"), (PUT, "/3/0/15"), (GET, "/0/0"), (GET, "/4/0"))}
    check("a bootstrap server cannot read, write or execute the gateway's objects, nor read keys", not any(c < code("4.00") for c in codes.values()), codes)
    check("and the gateway did not reboot", line(client, "reboot", 0.5) == "")
    write_accounts(server)
    server.request(POST, "/bs")
    m = management.receive()
    management.answer(m, "2.01", [(LOCATION, b"rd"), (LOCATION, b"1")])
    line(client, "state registered")
    codes = [management.request(PUT, "/0/1", TLV, security(PLAIN, 3)).code, management.request(DELETE, "/0/1").code, management.request(DELETE, "/").code,
             management.request(POST, "/bs").code, management.request(GET, "/0/1").code, management.request(GET, "/", [(ACCEPT, number(40))]).code]
    check("a management server cannot write, delete, finish or discover accounts", not any(c < code("4.00") for c in codes), codes)
    server.request(PUT, "/0/1", TLV, security(PLAIN, 3))
    check("and after Finish the bootstrap server has no session", server.receive(0.5) is None and management.request(GET, "/3/0/0").code == code("2.05"))
    end(client)
    server.close()
    management.close()


def test_keys():
    """Over TLS, which says no at once: the bootstrap key does not open the management session, nor the other way round."""
    for name, mine, theirs in (("bootstrap", "11" * 16, KEY), ("management", KEY, "11" * 16)):
        server = Openssl("-tls1_2", "-psk", theirs, "-psk_identity", IDENTITY, "-nocert", tls=True)
        client = start("coaps+tcp", "--identity", IDENTITY, "--key", mine, *(["--bootstrap"] if name == "bootstrap" else []))
        got = line(client, "error", 20)
        check(f"the {name} key is no key of the other server", got.startswith(("error ClientAuth", "error Tls")), got)
        end(client)
        server.close()


def test_cut():
    """Cut off after message k of the server, for every k, over a connection whose end both sides see: an error, and nothing of what was half written."""
    steps = [(GET, "/", [(ACCEPT, number(40))], b""), (DELETE, "/", [], b""), (PUT, "/0/1", TLV, security(PLAIN, 3)), (PUT, "/1/0", TLV, server_object()), (POST, "/bs", [], b"")]
    for k in range(len(steps)):
        listener = Listener()
        client = start("coap+tcp", "--nosec", "--bootstrap")
        stream = listener.accept()
        stream.begin()
        stream.answer(stream.receive(), "2.04")
        codes = [stream.request(*step).code for step in steps[:k]]
        listener.close()
        got = line(client, "error", 10)
        check(f"cut off after {k} messages: an error and no account", got.startswith("error ServerClosed") and all(c < code("4.00") for c in codes) and
              line(client, "account", 0.2) == "", (got, codes))
        end(client)
    listener = Listener()
    client = start("coap+tcp", "--nosec", "--bootstrap")
    stream = listener.accept()
    stream.begin()
    stream.answer(stream.receive(), "2.04")
    codes = [stream.request(*step).code for step in steps]
    listener.close()
    check("cut off right after Finish: the accounts are there", line(client, "account 101").endswith("nosec") and codes[-1] == code("2.04"), codes)
    end(client)


def main():
    if os.environ.get("WIRE_TEST_INSIDE") != "1":
        os.environ["WIRE_TEST_INSIDE"] = "1"
        private = str(pathlib.Path(__file__).resolve().parents[2] / "lab/private")
        os.execv(private, [private, sys.executable, *sys.argv])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for test in (test_unasked, test_long_hold_off, test_old, test_pack, test_modes, test_own_account, test_separate, test_cut, test_keys):
        test()
    print(f"1..{len(results)}")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
