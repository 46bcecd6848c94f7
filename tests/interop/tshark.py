# SPDX-License-Identifier: Apache-2.0
# Our LwM2M traffic, recorded on the loopback interface of a private network namespace and read by tshark, which others wrote: nothing that we send may be
# malformed or an error to it, and it must see as CoAP what we sent. Over UDP, TCP and DTLS with a known key. Usage: tshark.py TOOL. TAP.
import os
import pathlib
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

TREE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TREE / "tests/unit/lwm2m"))

import transports_test  # noqa: E402
from bootstrap_test import MANAGEMENT, PLAIN, TLV, Plain, pack_of, serve_pack, write_accounts  # noqa: E402
from transports_test import IDENTITY, KEY, PORT, Listener, Openssl, end, line, start  # noqa: E402
from wire_test import (ACCEPT, BLOCK2, DELETE, FETCH, FORMAT, GET, LOCATION, OBSERVE, POST, PUT, QUERY, Message, check, code, number, results)  # noqa: E402

COAP_TCP = 5683  # the one port where tshark takes a stream for CoAP
SIGNALS = 0xE0  # tshark 4.0 reads the options of RFC 8323's signals, which have numbers of their own, as those of requests
FORMATS = (0, 40, 60, 110, 112, 11542, 11544)


class Recorder:
    """Every frame of lo, once, into a capture file (pcap 2.4, Ethernet)."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.socket.bind(("lo", 0))
        self.socket.settimeout(0.2)
        self.file, self.stopping = open(path, "wb"), False
        self.file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.stopping:
            try:
                data, address = self.socket.recvfrom(65536)
            except TimeoutError:
                continue
            if address[2] != socket.PACKET_OUTGOING:  # lo shows each frame twice
                now = time.time()
                self.file.write(struct.pack("<IIII", int(now), int(now % 1 * 1e6), len(data), len(data)) + data)

    def close(self):
        time.sleep(0.3)
        self.stopping = True
        self.thread.join()
        self.file.close()


def manage(server):
    """Every operation and format, by one server."""
    for accept in FORMATS:
        server.request(GET, "/3/0/0" if accept in (0, 60) else "/3/0", [(ACCEPT, number(accept))])
    server.request(GET, "/3", [(ACCEPT, number(112)), (BLOCK2, b"\x02")])
    server.request(PUT, "/1/0/2", [(FORMAT, b"")], b"1")
    server.request(PUT, "/3/0/13", [(QUERY, b"pmin=1"), (QUERY, b"pmax=2")])
    server.request(GET, "/3/0/13", [(OBSERVE, b""), (ACCEPT, b"")])
    server.request(POST, "/16", TLV, b"\x83\x00\x41\x00a")
    server.request(DELETE, "/16/0")
    server.request(FETCH, "/", [(FORMAT, number(110)), (ACCEPT, number(110))], b'[{"n":"/1/0/7"},{"n":"/3/0/17"}]')
    for path in ("/0/0", "/9/9", "/3/0/4"):
        server.request(GET, path)


def play_udp():
    server, management = Plain(PORT), Plain(MANAGEMENT)
    client = start("coap", "--nosec", "--bootstrap", "--pack")
    server.answer(server.receive(), "5.01")
    server.answer(server.receive(), "2.04")
    server.request(GET, "/", [(ACCEPT, number(40))])
    write_accounts(server)
    server.request(POST, "/bs")
    m = management.receive()
    management.answer(m, "2.01", [(LOCATION, b"rd"), (LOCATION, b"1")])
    line(client, "state registered")
    manage(management)
    end(client)
    client = start("coap", "--nosec", "--bootstrap", "--pack")
    serve_pack(server, pack_of(PLAIN, 2000))
    end(client)
    server.close()
    management.close()


def play_tcp():
    transports_test.PORT = COAP_TCP
    listener = Listener()
    client = start("coap+tcp", "--nosec", port=COAP_TCP)
    stream = listener.accept()
    stream.begin()
    stream.accept_registration()
    manage(stream)
    end(client)
    listener.close()
    transports_test.PORT = PORT


def play_dtls():
    server = Openssl("-psk", KEY, "-psk_identity", IDENTITY, "-nocert", "-cipher", "PSK-AES128-CCM8")
    client = start("coaps", "--identity", IDENTITY, "--key", KEY)
    server.register(5)
    check("the session over DTLS that is recorded is there", line(client, "state registered"))
    os.write(server.input, Message(0, GET, 5, b"t", [(11, b"3"), (11, b"0")]).encode())
    time.sleep(0.5)
    end(client)
    server.close()


def tshark(path, *more):
    done = subprocess.run(["tshark", "-r", path, "-d", f"udp.port=={MANAGEMENT},coap", *more], capture_output=True, text=True, check=False, env={**os.environ, "HOME": tempfile.gettempdir()})
    return done.stdout.splitlines(), done.stderr


def record(name, play, *options, least):
    path = os.path.join(tempfile.mkdtemp(), name + ".pcap")
    recorder = Recorder(path)
    play()
    recorder.close()
    messages, complaint = tshark(path, *options, "-Y", "coap", "-T", "fields", "-e", "coap.code")
    check(f"tshark reads at least {least} CoAP messages over {name}", len(messages) >= least, (len(messages), complaint[-300:]))
    bad, _ = tshark(path, *options, "-Y", f"(_ws.malformed || (coap && _ws.expert.severity >= 0x800000)) && !(coap.code >= {SIGNALS})", "-V")
    check(f"none of them is malformed or an error, over {name}", not bad, "\n".join(bad)[:2000])
    return path


def main():
    if os.environ.get("WIRE_TEST_INSIDE") != "1":
        os.environ["WIRE_TEST_INSIDE"] = "1"
        os.execv(str(TREE / "tests/lab/private"), [str(TREE / "tests/lab/private"), sys.executable, *sys.argv])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    path = record("UDP", play_udp, "-d", f"udp.port=={PORT},coap", least=50)
    formats, _ = tshark(path, "-d", f"udp.port=={PORT},coap", "-Y", "coap.code == 69", "-T", "fields", "-e", "coap.opt.ctype")
    check("and names a content format of each answer with a body", formats and all(formats), formats)
    record("TCP", play_tcp, least=25)
    record("DTLS", play_dtls, "-d", f"udp.port=={PORT},dtls", "-d", f"dtls.port=={PORT},coap", "-o", f"dtls.psk:{KEY}", least=4)
    print(f"1..{len(results)}")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
