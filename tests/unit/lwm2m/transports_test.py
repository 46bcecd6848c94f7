# SPDX-License-Identifier: Apache-2.0
# The LwM2M client over its other transports: UDP, TCP and TLS beside DTLS, certificates beside keys. Servers are a socket (CoAP made by hand, RFC 7252 and
# RFC 8323) or OpenSSL's own server as a pipe. Runs itself in a private network namespace. Usage: transports_test.py TOOL. TAP.
import datetime
import ipaddress
import os
import pathlib
import select
import socket
import subprocess
import sys
import tempfile
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from wire_test import ACCEPT, ACK, BLOCK1, CON, FORMAT, GET, IDENTITY, KEY, LOCATION, POST, PUT, QUERY, Message, check, code, line, number, results

CSM, PING, PONG = 0xE1, 0xE2, 0xE3
PORT, TOOL = 6000, sys.argv[1]
WORK = tempfile.mkdtemp()


def start(scheme, *more, port=PORT, host="127.0.0.1", log=subprocess.DEVNULL):
    client = subprocess.Popen([TOOL, "--uri", f"{scheme}://{host}:{port}", "--endpoint", "gw", *more], stdout=subprocess.PIPE, stderr=log, bufsize=0)
    client.lines = b""
    return client


def end(client):
    client.kill()
    client.wait()


def await_port(kind, port=PORT, seconds=5.0):
    """Until somebody has that port: the server is up."""
    path, until = f"/proc/net/{kind}", time.monotonic() + seconds
    while time.monotonic() < until:
        with open(path) as table:
            rows = [row.split() for row in table.readlines()[1:]]
            if any(row[1].endswith(f":{port:04X}") and row[3] in ("0A", "07") for row in rows):  # listening, unconnected
                return
        time.sleep(0.02)


# ---- CoAP over a stream (RFC 8323 clause 3.2) ----

def frame(message):
    body = message.encode()
    token_len, rest = len(message.token), body[4 + len(message.token):]
    n = len(rest)
    nibble, extended = (n, b"") if n < 13 else (13, bytes([n - 13])) if n < 269 else (14, (n - 269).to_bytes(2, "big"))
    return bytes([nibble << 4 | token_len]) + extended + bytes([message.code]) + message.token + rest


class Stream:
    """Messages on a pair of descriptors."""

    def __init__(self, read_fd, write_fd):
        self.read_fd, self.write_fd, self.buffer = read_fd, write_fd, b""
        self.next = 0

    def take(self):
        b = self.buffer
        if not b:
            return None
        size = {13: 1, 14: 2, 15: 4}.get(b[0] >> 4, 0)
        base = {0: b[0] >> 4, 1: 13, 2: 269, 4: 65805}[size]
        if len(b) < 1 + size + 1:
            return None
        length = int.from_bytes(b[1:1 + size], "big") + base if size else base
        head, token_len = 2 + size, b[0] & 15
        if len(b) < head + token_len + length:
            return None
        whole = b[:head + token_len + length]
        self.buffer = b[len(whole):]
        return Message.decode(bytes([0x40 | token_len, whole[head - 1], 0, 0]) + whole[head:])

    def receive(self, seconds=5.0):
        until = time.monotonic() + seconds
        while True:
            message = self.take()
            if message:
                return message
            if not select.select([self.read_fd], [], [], max(0.0, until - time.monotonic()))[0]:
                return None
            try:
                more = os.read(self.read_fd, 65536)
            except ConnectionResetError:
                more = b""
            if not more:
                return None
            self.buffer += more

    def send(self, message):
        os.write(self.write_fd, frame(message))

    def begin(self):
        """Capabilities of both sides; the client's come first."""
        first = self.receive()
        self.send(Message(CON, CSM, 0, options=[(2, number(1152)), (4, b"")]))
        return first

    def request(self, what, path, options=(), payload=b""):
        self.next += 1
        token = b"t" + bytes([self.next])
        self.send(Message(CON, what, 0, token, [(11, s.encode()) for s in path.split("/")[1:]] + list(options), payload))
        got = self.receive()
        return got if got and got.token == token else Message(CON, 0, 0)

    def answer(self, request, text, options=()):
        self.send(Message(CON, code(text), 0, request.token, options))

    def accept_registration(self):
        m = self.receive()
        if m:
            self.answer(m, "2.01", [(LOCATION, b"rd"), (LOCATION, b"x")])
        return m


class Listener:
    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", PORT))
        self.socket.settimeout(10)

    def accept(self):
        self.peer, _ = self.socket.accept()
        return Stream(self.peer.fileno(), self.peer.fileno())

    def close(self):
        self.peer.close()
        self.socket.close()


def test_tcp():
    listener = Listener()
    client = start("coap+tcp", "--nosec")
    s = listener.accept()
    csm = s.begin()
    limit = int.from_bytes(dict(csm.options).get(2, b""), "big") if csm else 0
    check("TCP: the session begins with capabilities and a bound", csm and csm.code == CSM and 60000 < limit < 100000, csm and csm.options)
    m = s.accept_registration()
    check("ets_106: Register over TCP says so", m and m.code == POST and m.path() == "/rd" and b"b=T" in m.values(QUERY) and b"</3/0>" in m.payload, m and m.options)
    check("ets_106: the client is registered over TCP", line(client, "state registered") == "state registered /rd/x")
    check("TCP: the binding that Register told", s.request(GET, "/1/0/7").payload == b"T")
    check("TCP: Read", s.request(GET, "/3/0/0").payload == b"gateway-agent")
    check("TCP: Write", s.request(PUT, "/1/0/2", [(FORMAT, b"")], b"5").code == code("2.04") and s.request(GET, "/1/0/2").payload == b"5")
    first, second = s.request(POST, "/16", [(FORMAT, number(11542))], b"\x83\x00\x41\x00a"), s.receive()
    s.answer(second, "2.04")
    check("TCP: Create, and its Update", first.code == code("2.01") and second.path() == "/rd/x")
    again = s.request(POST, "/16", [(FORMAT, number(11542))], b"\x83\x00\x41\x00b")
    s.answer(s.receive(), "2.04")
    check("TCP: another message is another request, though no message id tells them apart", again.code == code("2.01") and again.values(LOCATION) == [b"16", b"1"], again.options)
    body = b'[{"bn":"/1/0/","n":"2","v":7}]' + b" " * 3000
    check("TCP: a body of 3000 octets in one message", s.request(POST, "/1/0", [(FORMAT, number(110))], body).code == code("2.04"))
    codes = [s.request(POST, "/1/0", [(FORMAT, number(110)), (BLOCK1, number(n << 4 | (8 if n < 2 else 0) | 6))], body[1024 * n:1024 * n + 1024]).code for n in range(3)]
    check("TCP: a body in blocks", codes == [code("2.31"), code("2.31"), code("2.04")], codes)
    whole = s.request(GET, "/3", [(ACCEPT, number(110))])
    check("TCP: a long answer", whole.code == code("2.05") and len(whole.payload) > 200)
    s.send(Message(CON, PING, 0, b"p"))
    m = s.receive()
    check("TCP: Ping is answered", m and m.code == PONG, m)
    os.write(s.write_fd, b"\xf0" + (8 << 20).to_bytes(4, "big") + bytes([PUT]) + b"x" * 100)
    got = line(client, "error")
    check("TCP: an announcement of 8 MiB ends the session", got.startswith("error ServerClosed"), got)
    listener.close()
    end(client)
    client = start("coap+tcp", "--nosec")
    got = line(client, "error")
    check("TCP: nobody there is visible at once", got.startswith("error ConnectFailed "), got)
    end(client)


def test_udp():
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", PORT))
    server.settimeout(5)
    client = start("coap", "--nosec")
    data, peer = server.recvfrom(2048)
    m = Message.decode(data)
    check("UDP: Register without security", m.kind == CON and m.path() == "/rd" and b"b=U" in m.values(QUERY), m.options)
    server.sendto(Message(ACK, code("2.01"), m.mid, m.token, [(LOCATION, b"rd"), (LOCATION, b"u")]).encode(), peer)
    check("UDP: the client is registered", line(client, "state registered") == "state registered /rd/u")
    server.sendto(Message(CON, GET, 9, b"t", [(11, b"3"), (11, b"0"), (11, b"0")]).encode(), peer)
    check("UDP: Read", Message.decode(server.recv(2048)).payload == b"gateway-agent")
    end(client)
    server.close()
    client = start("coaps", "--nosec")
    got = line(client, "error")
    check("a secure scheme without security is refused", got.startswith("error Invalid "), got)
    end(client)
    client = start("coap", "--identity", IDENTITY, "--key", KEY)
    got = line(client, "error")
    check("a key for a scheme without security is refused", got.startswith("error Invalid "), got)
    end(client)


# ---- certificates ----

class Chain:
    """A root, and what it signs; files in WORK."""

    def __init__(self, name):
        self.name, self.key = name, ec.generate_private_key(ec.SECP256R1())
        self.root = self.sign(f"{name} root", self.key, None, ca=True)

    def sign(self, name, key, issuer, ca=False, sans=(), days=(-1, 30)):
        now = datetime.datetime.now(datetime.timezone.utc)
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer.subject if issuer else subject).public_key(key.public_key())
                   .serial_number(x509.random_serial_number()).not_valid_before(now + datetime.timedelta(days[0])).not_valid_after(now + datetime.timedelta(days[1]))
                   .add_extension(x509.BasicConstraints(ca, None), True))
        if sans:
            builder = builder.add_extension(x509.SubjectAlternativeName(sans), False)
        return builder.sign(self.key, hashes.SHA256())

    def issue(self, file, **more):
        key = ec.generate_private_key(ec.SECP256R1())
        more.setdefault("sans", [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")])
        certificate = self.sign(file, key, self.root, **more)
        private = serialization.NoEncryption()
        write(file + ".der", certificate.public_bytes(serialization.Encoding.DER))
        write(file + ".pem", certificate.public_bytes(serialization.Encoding.PEM))
        write(file + ".key.pem", key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, private))
        write(file + ".key", key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, private))
        write(file + ".sec1.key", key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.TraditionalOpenSSL, private))
        for n, algorithm in enumerate((hashes.SHA256(), hashes.SHA384(), hashes.SHA512()), 1):
            write(f"{file}.digest{n}", certificate.fingerprint(algorithm))
        return certificate


def write(name, octets):
    pathlib.Path(WORK, name).write_bytes(octets)


def at(name):
    return os.path.join(WORK, name)


def make_certificates():
    chains = {name: Chain(name) for name in ("operator", "other")}
    for name, chain in chains.items():
        write(name + ".root.der", chain.root.public_bytes(serialization.Encoding.DER))
        write(name + ".root.pem", chain.root.public_bytes(serialization.Encoding.PEM))
        chain.issue(name + ".server")
        chain.issue(name + ".gateway", sans=[x509.DNSName("gw")])
        chain.issue(name + ".elsewhere", sans=[x509.DNSName("elsewhere.example")])
        chain.issue(name + ".expired", days=(-20, -10))
    return chains


class Openssl:
    def __init__(self, *more, tls=False, port=PORT):
        flags = 0 if tls else os.O_DIRECT
        stdin_end, self.input = os.pipe2(flags)
        self.output, stdout_end = os.pipe2(flags)
        self.process = subprocess.Popen(["openssl", "s_server", *([] if tls else ["-dtls1_2"]), "-quiet", "-accept", f"127.0.0.1:{port}", *more],
                                        stdin=stdin_end, stdout=stdout_end, stderr=subprocess.DEVNULL)
        os.close(stdin_end)
        os.close(stdout_end)
        await_port("tcp" if tls else "udp", port)
        self.stream = Stream(self.output, self.input)

    def register(self, seconds=3.0):
        """Over datagrams: takes the Register and answers it."""
        if select.select([self.output], [], [], seconds)[0]:
            data = os.read(self.output, 65536)
            m = Message.decode(data) if len(data) > 4 else None
            if m:
                os.write(self.input, Message(ACK, code("2.01"), m.mid, m.token, [(LOCATION, b"rd"), (LOCATION, b"c")]).encode())

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.input)
        os.close(self.output)


def server_arguments(name):
    return ["-cert", at(name + ".pem"), "-key", at(name + ".key.pem"), "-CAfile", at("operator.root.pem"), "-Verify", "2", "-verify_return_error"]


def account(trusted, usage, matching=0, gateway="operator.gateway", key=".key", more=()):
    return ["--certificate", at(gateway + ".der"), "--private-key", at(gateway + key), "--server-certificate", at(trusted), "--usage", str(usage),
            "--matching", str(matching), "--roots", at("operator.root.pem"), *more]


def outcome(server, arguments, scheme="coaps", host="127.0.0.1"):
    """registered, or the error."""
    peer = Openssl(*server_arguments(server))
    client = start(scheme, *arguments, host=host)
    peer.register()
    got = line(client, "", 8)
    while got.startswith(("state connecting", "state retrying")):
        got = line(client, "", 8)
    end(client)
    peer.close()
    return got


def test_usages():
    """Each certificate usage (RFC 6698 clause 2.1.1) with what it accepts and what it must not."""
    good, untrusted = "state registered", "error TlsUntrusted"
    rows = [
        ("3: the very certificate", "operator.server", account("operator.server.der", 3), good),
        ("3: also if its name and time do not fit", "operator.expired", account("operator.expired.der", 3), good),
        ("3: another one of the same root", "operator.server", account("operator.elsewhere.der", 3), untrusted),
        ("3: the root is not the certificate", "operator.server", account("operator.root.der", 3), untrusted),
        ("3: a key in SEC1 form", "operator.server", account("operator.server.der", 3, key=".sec1.key"), good),
        ("3: by SHA-256", "operator.server", account("operator.server.digest1", 3, 1), good),
        ("3: by SHA-384", "operator.server", account("operator.server.digest2", 3, 2), good),
        ("3: by SHA-512", "operator.server", account("operator.server.digest3", 3, 3), good),
        ("3: by another's SHA-384", "operator.server", account("other.server.digest2", 3, 2), untrusted),
        ("2: signed by the anchor", "operator.server", account("operator.root.der", 2), good),
        ("2: signed by another root", "operator.server", account("other.root.der", 2), untrusted),
        ("2: another name", "operator.elsewhere", account("operator.root.der", 2), untrusted),
        ("2: that name, by SNI", "operator.elsewhere", account("operator.root.der", 2, more=["--sni", "elsewhere.example"]), good),
        ("2: too old", "operator.expired", account("operator.root.der", 2), untrusted),
        ("1: the certificate, and by a factory root", "operator.server", account("operator.server.der", 1), good),
        ("1: the certificate, but by no factory root", "other.server", account("other.server.der", 1), untrusted),
        ("0: the authority, and a factory root", "operator.server", account("operator.root.der", 0), good),
        ("0: another authority", "operator.server", account("other.root.der", 0), untrusted),
    ]
    for name, server, arguments, expected in rows:
        got = outcome(server, arguments)
        check(f"DTLS with certificates, usage {name}", got.startswith(expected), got)
    check("the name of the URI counts too", outcome("operator.server", account("operator.root.der", 2), host="localhost").startswith(good))
    got = outcome("operator.server", account("operator.server.der", 3, gateway="other.gateway"))
    check("a gateway that the server does not trust is told so", got.startswith("error ClientAuth"), got)


def test_refused_accounts():
    for name, arguments, expected in (
            ("no private key of ours", account("operator.server.der", 3, key=".der"), "/0/x/5"),
            ("a private key of another", account("operator.server.der", 3, gateway="operator.gateway")[:3] + [at("other.gateway.key")] + account("operator.server.der", 3)[4:], "/0/x/5"),
            ("a digest of the wrong length", account("operator.server.digest1", 3, 2), "/0/x/13"),
            ("no certificate of the server", account("operator.server.key", 3), "/0/x/4"),
            ("factory roots that are not there", account("operator.root.der", 0)[:-2], "factory roots")):
        client = start("coaps", *arguments)
        got = line(client, "error")
        check(f"refused before anything is sent: {name}", got.startswith("error In") and expected in got, got)
        end(client)


def test_tls():
    server = Openssl("-tls1_2", "-psk", KEY, "-psk_identity", IDENTITY, "-nocert", tls=True)
    client = start("coaps+tcp", "--identity", IDENTITY, "--key", KEY)
    server.stream.begin()
    m = server.stream.accept_registration()
    check("TLS with a key: Register says TCP", m and b"b=T" in m.values(QUERY), m and m.options)
    check("TLS with a key: registered, and read", line(client, "state registered") and server.stream.request(GET, "/3/0/0").payload == b"gateway-agent")
    check("TLS with a key: the binding that Register told", server.stream.request(GET, "/1/0/7").payload == b"T")
    end(client)
    server.close()
    server = Openssl("-tls1_2", "-psk", "ff" * 16, "-psk_identity", IDENTITY, "-nocert", tls=True)
    client = start("coaps+tcp", "--identity", IDENTITY, "--key", KEY)
    got = line(client, "error")
    check("TLS: a wrong key is visible", got.startswith(("error ClientAuth", "error Tls")), got)
    end(client)
    server.close()
    for version in ("-tls1_3", "-tls1_2"):
        server = Openssl(version, "-cert", at("operator.server.pem"), "-key", at("operator.server.key.pem"), tls=True)
        client = start("coaps+tcp", "--identity", IDENTITY, "--key", KEY)
        got = line(client, "error")
        check(f"TLS: a server with any certificate and without the key is no server ({version})", got.startswith("error "), got)
        end(client)
        server.close()
    for name, trusted, usage, expected in (("usage 3", "operator.server.der", 3, "state registered"), ("usage 2", "operator.root.der", 2, "state registered"),
                                           ("another root", "other.root.der", 2, "error TlsUntrusted")):
        for version in ("-tls1_2", "-tls1_3"):
            server = Openssl(version, *server_arguments("operator.server"), tls=True)
            client = start("coaps+tcp", *account(trusted, usage))
            if expected.startswith("state") and server.stream.begin():
                server.stream.accept_registration()
            got = line(client, expected.split()[0], 8)
            while got.startswith("state connecting"):
                got = line(client, expected.split()[0], 8)
            check(f"TLS with certificates, {name} ({version})", got.startswith(expected), got)
            end(client)
            server.close()


def main():
    if os.environ.get("WIRE_TEST_INSIDE") != "1":
        os.environ["WIRE_TEST_INSIDE"] = "1"
        private = str(pathlib.Path(__file__).resolve().parents[2] / "lab/private")
        os.execv(private, [private, sys.executable, *sys.argv])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    make_certificates()
    test_udp()
    test_tcp()
    test_usages()
    test_refused_accounts()
    test_tls()
    print(f"1..{len(results)}")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
