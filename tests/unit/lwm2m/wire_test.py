# SPDX-License-Identifier: Apache-2.0
# The LwM2M client on the wire: CoAP messages made by hand, carried by OpenSSL's own DTLS server as a pipe of datagrams. Shows what no ordinary server
# can be made to do: duplicates, blocks, unknown options, refusals, silence. Runs itself in a private network namespace. Usage: wire_test.py TOOL. TAP.
import os
import pathlib
import select
import signal
import subprocess
import sys
import time

KEY, IDENTITY, PORT = "00112233445566778899aabbccddeeff", "wire", 5684
CON, NON, ACK, RST = range(4)
GET, POST, PUT, DELETE, FETCH = 1, 2, 3, 4, 5
OBSERVE, LOCATION, URI_PATH, FORMAT, QUERY, ACCEPT, BLOCK2, BLOCK1, SIZE2, IF_NONE_MATCH = 6, 8, 11, 12, 15, 17, 23, 27, 28, 5
PATIENCE = 20.0  # for what must come, on a slow machine too
SILENCE = 1.0  # for what must not come
results = []


def code(text):
    return int(text[0]) << 5 | int(text[2:])


def number(value):
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


class Message:
    def __init__(self, kind, what, mid, token=b"", options=(), payload=b""):
        self.kind, self.code, self.mid, self.token, self.options, self.payload = kind, what, mid, token, list(options), payload

    def encode(self):
        out = bytearray([0x40 | self.kind << 4 | len(self.token), self.code]) + self.mid.to_bytes(2, "big") + self.token
        last = 0
        for option, value in sorted(self.options, key=lambda o: o[0]):
            nibbles, extended = 0, b""
            for shift, n in ((4, option - last), (0, len(value))):
                nibbles |= (n if n < 13 else 13 if n < 269 else 14) << shift
                extended += b"" if n < 13 else bytes([n - 13]) if n < 269 else (n - 269).to_bytes(2, "big")
            out += bytes([nibbles]) + extended + value
            last = option
        return bytes(out) + (b"\xff" + self.payload if self.payload else b"")

    @staticmethod
    def decode(data):
        token_len = data[0] & 15
        m = Message(data[0] >> 4 & 3, data[1], int.from_bytes(data[2:4], "big"), data[4:4 + token_len])
        at, last = 4 + token_len, 0
        while at < len(data) and data[at] != 0xFF:
            fields, head = [], data[at]
            at += 1
            for n in (head >> 4, head & 15):
                size = {13: 1, 14: 2}.get(n, 0)
                fields.append(n if size == 0 else int.from_bytes(data[at:at + size], "big") + (13 if size == 1 else 269))
                at += size
            last += fields[0]
            m.options.append((last, data[at:at + fields[1]]))
            at += fields[1]
        m.payload = data[at + 1:]
        return m

    def values(self, option):
        return [value for o, value in self.options if o == option]

    def path(self):
        return "/" + "/".join(v.decode() for v in self.values(URI_PATH))


class Server:
    """One DTLS session after the other. The pipes are in packet mode, so that one read or write is one datagram. On a slow machine the client repeats itself: what
    it repeats is answered as before (RFC 7252 clause 4.5) and not seen by the tests; what is not the answer to a request is kept for the next receive."""

    def __init__(self, port=PORT):
        stdin_end, self.input = os.pipe2(os.O_DIRECT)
        self.output, stdout_end = os.pipe2(os.O_DIRECT)
        self.process = subprocess.Popen(["openssl", "s_server", "-dtls1_2", "-psk", KEY, "-psk_identity", IDENTITY, "-nocert", "-quiet", "-accept", f"127.0.0.1:{port}"],
                                        stdin=stdin_end, stdout=stdout_end, stderr=subprocess.DEVNULL)
        os.close(stdin_end)
        os.close(stdout_end)
        self.mid, self.early, self.seen = 1000, [], {}
        while not listens(port):
            time.sleep(0.02)

    def receive(self, seconds=PATIENCE):
        """The next message that was not seen before, or None."""
        if self.early:
            return self.early.pop(0)
        end = time.monotonic() + seconds
        while select.select([self.output], [], [], max(0.0, end - time.monotonic()))[0]:
            data = os.read(self.output, 65536)
            if len(data) < 4:
                return None
            m = Message.decode(data)
            if m.kind != CON:
                return m
            if (m.mid, m.token) not in self.seen:
                self.seen[m.mid, m.token] = None
                return m
            if self.seen[m.mid, m.token]:
                self.send(self.seen[m.mid, m.token])
        return None

    def send(self, message):
        os.write(self.input, message.encode())

    def answer(self, request, text, options=()):
        self.seen[request.mid, request.token] = Message(ACK, code(text), request.mid, request.token, options)
        self.send(self.seen[request.mid, request.token])

    def request(self, what, path, options=(), payload=b"", mid=None, token=b"tk"):
        self.mid += 1
        mid = self.mid if mid is None else mid
        segments = [(URI_PATH, s.encode()) for s in path.split("/")[1:]]
        self.send(Message(CON, what, mid, token, segments + list(options), payload))
        others, self.early = self.early, []
        got = self.receive()
        while got and not (got.kind == ACK and got.mid == mid):
            others.append(got)
            got = self.receive()
        self.early = others
        return got or Message(NON, 0, 0)

    def accept_registration(self):
        request = self.receive()
        if request:
            self.answer(request, "2.01", [(LOCATION, b"rd"), (LOCATION, b"a"), (LOCATION, b"b")])
        return request

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.input)
        os.close(self.output)


def listens(port):
    with open("/proc/net/udp") as sockets:
        return any(fields.split()[1].endswith(f":{port:04X}") for fields in sockets.readlines()[1:])


def start(*more):
    client = subprocess.Popen([sys.argv[1], "--uri", f"coaps://127.0.0.1:{PORT}", "--endpoint", "gw", "--identity", IDENTITY, "--key", KEY, *more],
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0)
    client.lines = b""
    return client


def line(client, start_text, seconds=PATIENCE):
    """The next line of the client's output that begins so."""
    end = time.monotonic() + seconds
    while True:
        while b"\n" in client.lines:
            text, client.lines = client.lines.split(b"\n", 1)
            if text.decode().startswith(start_text):
                return text.decode()
        if not select.select([client.stdout], [], [], max(0.0, end - time.monotonic()))[0]:
            return ""
        more = os.read(client.stdout.fileno(), 4096)
        if not more:
            return ""
        client.lines += more


def check(name, passed, detail=""):
    results.append(bool(passed))
    print(f"{'ok' if passed else 'not ok'} {len(results)} - {name}" + ("" if passed else f" # got {detail}"), flush=True)


def updates(server, expected):
    """Answers that many Updates; how many came, one too many included."""
    count = 0
    while True:
        m = server.receive(PATIENCE if count < expected else SILENCE)
        if not m:
            return count
        if m.code == POST and m.path() == "/rd/a/b":
            count += 1
            server.answer(m, "2.04")


def switches(pid):
    with open(f"/proc/{pid}/status") as status:
        return sum(int(text.split()[1]) for text in status if "ctxt_switches" in text)


def check_blocks(server):
    """A Write whose body comes in three blocks of 32 octets, the second one twice."""
    body = b'[{"bn":"/1/0/","n":"2","v":0},' + b'{"n":"3",                  "v":3600}]'
    blocks = [body[i:i + 32] for i in range(0, len(body), 32)]
    codes = []
    for n in [0, 1, 1, 2]:
        more = 8 if n + 1 < len(blocks) else 0
        codes.append(server.request(POST, "/1/0", [(FORMAT, number(110)), (BLOCK1, number(n << 4 | more | 1))], blocks[n], mid=900 + n).code)
    check("a body in blocks is put together", codes == [code("2.31"), code("2.31"), code("2.31"), code("2.04")])
    check("and was written", server.request(GET, "/1/0/3").payload == b"3600")
    value, at = tlv(3, 3, b"\x0e\x10") * 6, 940
    other = [server.request(POST, "/1/0", [(FORMAT, number(11542)), (BLOCK1, number(n << 4 | (0 if n else 8) | 0))], value[16 * n:16 * n + 16], mid=at + n).code for n in (0, 1)]
    check("blocks of another format follow on the same path", other == [code("2.31"), code("4.00")], other)  # the value is there six times
    late = server.request(POST, "/1/0", [(FORMAT, number(110)), (BLOCK1, number(1 << 4 | 1))], blocks[1])
    check("a block without those before it is 4.08", late.code == code("4.08"))
    server.request(PUT, "/1/0/3", [(FORMAT, b"")], b"0")


def check_create(server):
    """Create and Delete, each arriving twice."""
    tlv = [(FORMAT, number(11542))]
    created = server.request(POST, "/16", tlv, b"\x83\x00\x41\x00a", mid=910)
    check("Create names the place", created.code == code("2.01") and created.values(LOCATION) == [b"16", b"0"])
    update = server.receive()
    server.answer(update, "2.04")
    check("and an Update lists all objects", update.path() == "/rd/a/b" and b"</16/0>" in update.payload and b"</1/0>" in update.payload)
    again = server.request(POST, "/16", tlv, b"\x83\x00\x41\x00a", mid=910)
    check("a repeated Create is answered as before", again.code == code("2.01") and again.values(LOCATION) == [b"16", b"0"])
    check("a repeated Create makes no second instance", server.request(GET, "/16/1").code == code("4.04"))
    check("Delete takes it away", server.request(DELETE, "/16/0", mid=911).code == code("2.02") and updates(server, 1) == 1)
    check("a repeated Delete is answered as before", server.request(DELETE, "/16/0", mid=911).code == code("2.02"))


def test_session():
    server = Server()
    client = start()
    m = server.accept_registration()
    check("Register has path, parameters and links", m and m.kind == CON and m.code == POST and m.path() == "/rd" and
          set(m.values(QUERY)) == {b"ep=gw", b"lt=300", b"lwm2m=1.1", b"b=U"} and b"</1/0>,</3/0>" in m.payload and m.values(FORMAT) == [number(40)], m and m.options)
    text = line(client, "state registered")
    check("all segments of Location-Path are kept", text == "state registered /rd/a/b", text)

    test_idle(client)
    first = server.request(POST, "/1/0/8", mid=7)
    update = server.receive()
    if update:
        server.answer(update, "2.04")
    again = server.request(POST, "/1/0/8", mid=7)
    check("a repeated request gets the same answer", first.code == again.code == code("2.04"), (first.code, again.code))
    check("and has one effect", update and update.path() == "/rd/a/b" and updates(server, 0) == 0)
    check("a new one has another", server.request(POST, "/1/0/8", mid=8).code == code("2.04") and updates(server, 1) == 1)

    check("an unknown critical option is 4.02", server.request(GET, "/3/0/0", [(65001, b"x")]).code == code("4.02"))
    check("an unknown elective option is ignored", server.request(GET, "/3/0/0", [(65000, b"x")]).payload == b"gateway-agent")
    check("If-None-Match is 4.12", server.request(GET, "/3/0/0", [(IF_NONE_MATCH, b"")]).code == code("4.12"))
    check("object 0 is 4.01", server.request(GET, "/0/0").code == code("4.01"))
    a = server.request(FETCH, "/", [(FORMAT, number(110)), (ACCEPT, number(110))], b'[{"n":"/1/0/7"},{"n":"/3/0/17"}]')
    check("Read-Composite by FETCH", a.code == code("2.05") and a.payload == b'[{"bn":"/","n":"1/0/7","vs":"U"},{"n":"3/0/17","vs":"gateway"}]')
    check("DELETE of the device is 4.05", server.request(DELETE, "/3/0").code == code("4.05"))
    check_blocks(server)
    check_create(server)

    whole = server.request(GET, "/3/0", [(ACCEPT, number(40))]).payload
    parts, n = b"", 0
    while n < 40:
        m = server.request(GET, "/3/0", [(ACCEPT, number(40)), (BLOCK2, number(n << 4 | 2))])
        parts += m.payload
        n += 1
        if m.code != code("2.05") or not int.from_bytes(m.values(BLOCK2)[0], "big") & 8:
            break
    check("an answer in blocks of 64 is the whole answer", n == (len(whole) + 63) // 64 > 1 and parts == whole, (n, parts))
    check("a block behind the end is 4.00", server.request(GET, "/3/0", [(ACCEPT, number(40)), (BLOCK2, number(99 << 4 | 2))]).code == code("4.00"))
    test_observation(server)
    test_unknown(server, client)
    server.close()


def write_lifetime(server, seconds, notified, answer=ACK):
    """Writes /1/0/1 and answers the Update that follows; returns the notification, which is expected or not."""
    server.request(PUT, "/1/0/1", [(FORMAT, b"")], str(seconds).encode())
    notification, updated = None, False
    while True:
        m = server.receive(SILENCE if updated and bool(notification) >= notified else PATIENCE)
        if not m:
            return notification
        if m.code == POST:
            server.answer(m, "2.04")
            updated = True
        elif m.code == code("2.05"):
            notification = m
            server.send(Message(answer, 0, m.mid))


def test_observation(server):
    m = server.request(GET, "/1/0/1", [(OBSERVE, b""), (ACCEPT, b"")], token=b"ob", mid=500)
    check("Observe is confirmed", m.code == code("2.05") and m.values(OBSERVE) and m.payload == b"300", m.options)
    n = write_lifetime(server, 301, True)
    check("a change is notified, confirmable, with a later number",
          n and n.kind == CON and n.token == b"ob" and n.payload == b"301" and n.values(OBSERVE)[0] > m.values(OBSERVE)[0], n)
    m = server.request(GET, "/1/0/1", [(OBSERVE, b"\x01"), (ACCEPT, b"")], token=b"ob")
    check("Observe=1 cancels", m.code == code("2.05") and not m.values(OBSERVE) and not write_lifetime(server, 302, False))
    m = server.request(GET, "/1/0/1", [(OBSERVE, b""), (ACCEPT, b"")], token=b"ob", mid=500)
    check("a late duplicate of Observe does not bring it back", m.code == code("2.05") and not write_lifetime(server, 303, False))
    m = server.request(GET, "/1/0/1", [(OBSERVE, b""), (ACCEPT, b"")], token=b"rs")
    reset = write_lifetime(server, 304, True, RST)
    check("RST cancels", reset and not write_lifetime(server, 305, False))


def test_idle(client):
    before, after = -1, switches(client.pid)
    while before != after:  # until it has done what the registration left to do
        time.sleep(1)
        before, after = after, switches(client.pid)
    time.sleep(5)
    after = switches(client.pid)
    check("no wake-up in 5 s of idleness", after == before, after - before)


def test_unknown(server, client):
    client.send_signal(signal.SIGUSR1)
    m = server.receive()
    if m:
        server.answer(m, "4.04")
    m = server.accept_registration()
    check("4.04 to an Update brings a full Register", m and m.path() == "/rd" and b"</3/0>" in m.payload and b"lt=305" in m.values(QUERY), m and m.options)
    line(client, "state registered")
    begun = time.monotonic()
    client.send_signal(signal.SIGTERM)
    m = server.receive()
    check("the end is a DELETE of the location", m and m.code == DELETE and m.path() == "/rd/a/b", m and m.path())
    check("without an answer the client ends after 5 s", client.wait(timeout=PATIENCE) == 0 and time.monotonic() - begun > 4.9)


def test_refusals():
    for text, expected in (("4.03", "error ClientAuth"), ("4.00", "error ServerStatus")):
        server = Server()
        client = start()
        m = server.receive()
        if m:
            server.answer(m, text)
        got = line(client, "error")
        check(f"{text} to Register is visible", got.startswith(expected) and text in got, got)
        client.kill()
        client.wait()
        server.close()
    client = start()
    got = line(client, "error")
    check("nobody there is visible at once", got.startswith("error ConnectFailed "), got)
    client.kill()
    client.wait()


def test_names():
    """Core TS 1.1.1 clause 7.3.1: the endpoint is named as the account says, in any form."""
    names = ("urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "urn:dev:ops:32473-Refrigerator-5002", "urn:dev:os:32473-123456", "urn:imei:990000862471854",
             "urn:imei-msisdn:990000862471854-4712345678", "urn:imei-imsi:990000862471854-240081234567890", "urn:esn:12345678", "urn:meid:A0000012345678",
             "urn:nai:gw@example.org", "urn:gsma:imei:99000086-247185-4", "urn:dev:mac:0024befffe804ff1", "GW-0001")
    for name in names:
        server = Server()
        client = start("--endpoint", name)
        m = server.receive()
        check(f"endpoint {name}", m and f"ep={name}".encode() in m.values(QUERY), m and m.options)
        client.kill()
        client.wait()
        server.close()


def test_version():
    """Servers that know an older version: a step down for each 4.12, kept for the session; none below 1.0."""
    server = Server()
    client = start("--highest", "2")
    m = server.receive()
    check("1.2 is announced where it is configured, with the versions of the objects", m and b"lwm2m=1.2" in m.values(QUERY) and
          b",</1>;ver=1.2,</1/0>,</3>;ver=1.1,</3/0>" in m.payload, m and m.payload)
    server.answer(m, "4.12")
    m = server.receive()
    check("4.12 brings a Register of LwM2M 1.1", m and b"lwm2m=1.1" in m.values(QUERY) and b",</1/0>,</3/0>" in m.payload, m and m.payload)
    server.answer(m, "4.12")
    m = server.accept_registration()
    check("and one more of 1.0", m and b"lwm2m=1.0" in m.values(QUERY) and b"ct=11543," in m.payload, m and m.payload)
    check("which is accepted, too", line(client, "state registered"))
    client.kill()
    client.wait()
    server.close()
    server = Server()
    client = start("--highest", "0")
    m = server.accept_registration()
    check("1.0 is announced where it is configured", m and b"lwm2m=1.0" in m.values(QUERY), m and m.options)
    client.kill()
    client.wait()
    server.close()
    server = Server()
    client = start("--highest", "2")
    server.accept_registration()
    line(client, "state registered")
    codes = [server.request(PUT, "/1/0/18", [(FORMAT, b"")], b"7").code, server.request(GET, "/1/0/18", [(ACCEPT, b"")]).payload,
             server.request(PUT, "/1/0/13", [(FORMAT, b"")], b"7").code, server.request(GET, "/1/0/13").code]
    check("a server of 1.2 writes the timers of registration and not the order", codes == [code("2.04"), b"7", code("4.05"), code("4.04")], codes)
    client.kill()
    client.wait()
    server.close()
    server = Server()
    client = start()
    server.answer(server.receive(), "4.12")
    m = server.accept_registration()
    check("4.12 brings a Register of LwM2M 1.0", m and set(m.values(QUERY)) == {b"ep=gw", b"lt=300", b"lwm2m=1.0", b"b=U"} and m.payload.startswith(b"</>;rt=\"oma.lwm2m\";ct=11543,"),
          m and m.payload)
    check("which is accepted", line(client, "state registered"))
    a = server.request(GET, "/1/0")
    check("a Read without Accept is TLV", a.values(FORMAT) == [number(11542)], a.options)
    a = server.request(FETCH, "/", [(FORMAT, number(110)), (ACCEPT, number(110))], b'[{"n":"/1/0/7"}]')
    check("there is no Read-Composite", a.code == code("4.05"), a.code)
    client.send_signal(signal.SIGUSR1)
    server.answer(server.receive(), "4.04")
    m = server.accept_registration()
    check("the next Register of the session is 1.0 at once", m and b"lwm2m=1.0" in m.values(QUERY), m and m.options)
    server.close()
    server = Server()
    client.send_signal(signal.SIGHUP)
    m = server.receive()
    check("a new session tries 1.1 again", m and b"lwm2m=1.1" in m.values(QUERY), m and m.options)
    server.answer(m, "4.12")
    server.answer(server.receive(), "4.12")
    got = line(client, "error")
    check("4.12 to both is visible", got.startswith("error ServerStatus") and "4.12" in got, got)
    client.kill()
    client.wait()
    server.close()


def test_disable():
    """Execute /1/x/4: de-registration, silence for /1/x/5 seconds, registration."""
    server = Server()
    client = start()
    server.accept_registration()
    line(client, "state registered")
    server.request(PUT, "/1/0/5", [(FORMAT, b"")], b"2")
    check("ets_555: Disable is accepted", server.request(POST, "/1/0/4").code == code("2.04"))
    m = server.receive()
    check("ets_555: the client de-registers", m and m.code == DELETE and m.path() == "/rd/a/b", m and m.path())
    begun = time.monotonic()
    server.answer(m, "2.02")
    check("its state is disabled", line(client, "state disabled"))
    client.send_signal(signal.SIGHUP)
    m = server.accept_registration()
    check("ets_555: it comes back when the time is over, not before", m and m.path() == "/rd" and time.monotonic() - begun > 1.9, time.monotonic() - begun)
    check("and is registered", line(client, "state registered"))
    server.request(PUT, "/1/0/5", [(FORMAT, b"")], b"100")
    server.request(POST, "/1/0/4")
    server.answer(server.receive(), "2.02")
    line(client, "state disabled")
    client.send_signal(signal.SIGTERM)
    check("a disabled client ends at once", client.wait(timeout=4) == 0)
    server.close()


def test_replaced():
    """Among several servers: what the going client hears of its leaving must not outlive it."""
    server = Server()
    client = start("--company")
    server.accept_registration()
    line(client, "state registered")
    client.send_signal(signal.SIGWINCH)
    m = server.accept_registration()
    check("a client that takes another's place registers", m and m.path() == "/rd" and line(client, "state registered"))
    check("and lives", client.poll() is None)
    client.kill()
    client.wait()
    server.close()


def test_lost_server():
    server = Server()
    client = start("--lifetime", "4")
    server.accept_registration()
    m = server.receive()
    check("Update comes at half of a short lifetime", m and m.path() == "/rd/a/b" and not m.values(QUERY), m and m.options)
    if m:
        server.answer(m, "2.04")
    server.close()
    got = line(client, "error")
    check("a server that went away is visible", got.startswith("error "), got)
    server = Server()
    client.send_signal(signal.SIGHUP)
    m = server.accept_registration()
    check("a new lease registers at once, over a new session", m and m.path() == "/rd", m and m.options)
    client.send_signal(signal.SIGUSR2)
    check("without a lease the client is idle", line(client, "state idle"))
    client.send_signal(signal.SIGTERM)
    check("and ends at once", client.wait(timeout=4) == 0)
    server.close()


def test_queue_mode():
    """Registers with Q, is asleep when nothing was said for the awake time, wakes for whatever is said; the binding of the account decides."""
    server = Server()
    client = start("--queue", "2", "--lifetime", "20")
    begun = time.monotonic()
    m = server.accept_registration()
    check("ets_108: Register in queue mode", m and {b"b=U", b"Q"} <= set(m.values(QUERY)), m and m.options)
    check("ets_109: asleep when the awake time is over, not before", line(client, "state asleep") and time.monotonic() - begun > 1.9, time.monotonic() - begun)
    begun = time.monotonic()
    m = server.request(GET, "/1/0/1", [(OBSERVE, b""), (ACCEPT, b"")], token=b"qm")
    check("ets_109: a request is answered and wakes it", m.payload == b"20" and line(client, "state registered"), m.payload)
    check("ets_109: for as long again", line(client, "state asleep") and time.monotonic() - begun > 1.9)
    client.send_signal(signal.SIGUSR1)
    m = server.receive()
    check("ets_109: it wakes with an Update", m and m.path() == "/rd/a/b" and m.values(QUERY) == [], m and m.options)
    server.answer(m, "2.04")
    server.request(PUT, "/1/0/7", [(FORMAT, b"")], b"U")
    m = server.receive()
    check("a new binding is told by an Update", m and m.path() == "/rd/a/b" and m.values(QUERY) == [b"b=U"], m and m.options)
    server.answer(m, "2.04")
    server.request(PUT, "/1/0/7", [(FORMAT, b"")], b"UQ")
    m = server.receive()
    check("and with queue mode", m and m.values(QUERY) == [b"b=U", b"Q"], m and m.options)
    client.kill()
    client.wait()
    server.close()


def told(server, count):
    """That many notifications, acknowledged, beside Updates, answered."""
    bodies, updated = [], 0
    while len(bodies) < count or not updated:
        m = server.receive()
        if not m:
            break
        if m.code == code("2.05"):
            bodies.append(m.payload)
            server.send(Message(ACK, 0, m.mid))
        elif m.code == POST:
            updated += m.path() == "/rd/a/b"
            server.answer(m, "2.04")
    return bodies, updated


def test_offline():
    """The bearer goes and comes back with the same address: the session and the registration live on, what changed meanwhile is told with its time."""
    server = Server()
    client = start("--local", "127.0.0.1")
    server.accept_registration()
    line(client, "state registered")
    server.request(GET, "/3/0/13", [(OBSERVE, b""), (ACCEPT, number(110))], token=b"of")
    server.request(PUT, "/3/0/13", [(QUERY, b"pmin=1"), (QUERY, b"pmax=1")])
    server.send(Message(ACK, 0, server.receive().mid))
    client.send_signal(signal.SIGUSR2)
    check("without its bearer the client is idle", line(client, "state idle"))
    time.sleep(3.5)
    while m := server.receive(0.1):  # what was on its way
        server.send(Message(ACK, 0, m.mid))
    client.send_signal(signal.SIGHUP)
    bodies, updated = told(server, 3)
    check("ets_560: an Update over the same session, no Register, then what was kept", updated == 1 and len(bodies) == 3, (updated, bodies))
    check("ets_560: with the times", all(b'"bt":' in body for body in bodies[:3]), bodies)
    check("and it is registered as before", line(client, "state registered") == "state registered /rd/a/b")
    client.send_signal(signal.SIGUSR2)
    line(client, "state idle")
    client.send_signal(signal.SIGTERM)
    check("without a bearer it ends at once", client.wait(timeout=4) == 0)
    server.close()


def tlv(kind, ident, value):
    """One LwM2M TLV with an 8-bit id and an 8-bit length."""
    return bytes([kind << 6 | 8, ident, len(value)]) + value


def test_bootstrap():
    """A bootstrap server that refuses pct, clears, writes, is refused at a Finish too early, and finishes."""
    server = Server()
    client = start("--bootstrap")
    m = server.receive()
    check("Bootstrap-Request names endpoint and format", m and m.path() == "/bs" and m.values(QUERY) == [b"ep=gw", b"pct=112"], m and m.options)
    server.answer(m, "4.15")
    m = server.receive()
    check("without the format when that is refused", m and m.path() == "/bs" and m.values(QUERY) == [b"ep=gw"], m and m.options)
    server.answer(m, "2.04")
    links = server.request(GET, "/", [(ACCEPT, number(40))])
    check("Bootstrap-Discover", links.payload == b"</>;lwm2m=1.1,</0/0>,</1>,</2>,</3/0>", links.payload)
    check("Bootstrap-Delete", server.request(DELETE, "/").code == code("2.02"))
    check("a Finish without accounts is 4.06", server.request(POST, "/bs").code == code("4.06"))
    management = Server(port=PORT + 1)  # who finished a bootstrap calls there at once
    security = (tlv(3, 0, f"coaps://127.0.0.1:{PORT + 1}".encode()) + tlv(3, 1, b"\0") + tlv(3, 2, b"\0") + tlv(3, 3, IDENTITY.encode()) + tlv(3, 4, b"")
                + tlv(3, 5, bytes.fromhex(KEY)) + tlv(3, 10, b"\x00\x65"))
    check("Bootstrap-Write of object 0", server.request(PUT, "/0/1", [(FORMAT, number(11542))], security).code == code("2.04"))
    account = tlv(3, 0, b"\x00\x65") + tlv(3, 1, b"\x02\x58") + tlv(3, 6, b"\1") + tlv(3, 7, b"U")
    check("Bootstrap-Write of object 1", server.request(PUT, "/1/0", [(FORMAT, number(11542))], account).code == code("2.04"))
    check("Finish is 2.04", server.request(POST, "/bs", mid=77).code == code("2.04"))
    check("also when it is repeated", server.request(POST, "/bs", mid=77).code == code("2.04"))
    got = line(client, "account")
    check("the account is there", got == f"account 101 coaps://127.0.0.1:{PORT + 1} {IDENTITY} 600 psk", got)
    m = management.receive()
    client.kill()
    client.wait()
    management.close()
    server.close()
    check("a Register follows where the account says", m and m.path() == "/rd" and b"lt=600" in m.values(QUERY), m and m.options)
    server = Server()
    client = start("--bootstrap")
    m = server.receive()
    server.answer(m, "4.00")
    got = line(client, "error")
    check("4.00 to Bootstrap-Request is visible", got.startswith("error ServerStatus") and "4.00" in got, got)
    client.wait()
    server.close()


def main():
    if os.environ.get("WIRE_TEST_INSIDE") != "1":
        os.environ["WIRE_TEST_INSIDE"] = "1"
        private = str(pathlib.Path(__file__).resolve().parents[2] / "lab/private")
        os.execv(private, [private, sys.executable, *sys.argv])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    test_session()
    test_refusals()
    test_names()
    test_version()
    test_disable()
    test_replaced()
    test_lost_server()
    test_queue_mode()
    test_offline()
    test_bootstrap()
    print(f"1..{len(results)}")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
