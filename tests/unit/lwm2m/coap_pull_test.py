# SPDX-License-Identifier: Apache-2.0
"""A file pulled by CoAP: from libcoap's own server over UDP, DTLS, TCP and TLS, and from one that does it wrong. Runs itself in a private network namespace.

usage: coap_pull_test.py TOOL. TAP.
"""
import hashlib
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

TREE = Path(__file__).resolve().parents[3]
if os.environ.get("PULL_INSIDE") != "1":
    os.environ["PULL_INSIDE"] = "1"
    private = str(TREE / "tests/lab/private")
    os.execv(private, [private, sys.executable, "-B", *sys.argv])
sys.path.append(str(TREE / "tests/operator"))
import coap  # noqa: E402

TOOL, WORK = sys.argv[1], Path(tempfile.mkdtemp(prefix="pull-"))
WHOLE, NO_SPACE, NO_MEMORY, LOST, INVALID_URI, UNSUPPORTED = range(6)
SECRET = "a secret of many letters"
IMAGE = random.Random(1).randbytes(300_001)
results = []


def check(what, good, why=""):
    results.append(bool(good))
    print(f"{'ok' if good else 'not ok'} {len(results)} - {what}" + (f" # {why}" if not good else ""), flush=True)


def pull(uri, roots="-", rule="nosec", out=None, words=()):
    """(result, octets, why, the file, the code, Max-Age)."""
    path = out or WORK / "out"
    done = subprocess.run([TOOL, uri, str(roots), rule, str(path), *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=100)
    result, octets, code, age, why = done.stdout.rstrip("\n").split(" ", 4)
    return int(result), int(octets), why, Path(path).read_bytes() if out is None else b"", code, int(age)


def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


def authority(name):
    """A root, and a certificate of localhost by it."""
    root, key, request, certificate = (WORK / f"{name}.{end}" for end in ("root", "key", "csr", "pem"))
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", WORK / f"{name}.rootkey", "-out", root, "-days", 2, "-subj", f"/CN={name}")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", request, "-subj", "/CN=files")
    (WORK / "names").write_text("subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth\n")
    openssl("x509", "-req", "-in", request, "-CA", root, "-CAkey", WORK / f"{name}.rootkey", "-CAcreateserial", "-days", 2, "-extfile", WORK / "names", "-out", certificate)
    return root, key, certificate


def real_server():
    root, key, certificate = authority("operator")
    other = authority("other")[0]
    server = subprocess.Popen(["coap-server-openssl", "-A", "127.0.0.1", "-p", "5683", "-d", "10", "-n", "-c", certificate, "-j", key, "-k", SECRET], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    (WORK / "image").write_bytes(IMAGE)
    (WORK / "small").write_bytes(b"small")
    end = time.monotonic() + 30
    for name, path in (("image", "gate%20way/image?v=1"), ("small", "small")):
        while subprocess.run(["coap-client-openssl", "-m", "put", "-B", "10", "-f", WORK / name, f"coap://127.0.0.1/{path}"], capture_output=True).returncode != 0 or pull(
                f"coap://localhost/{path}")[0] != WHOLE:
            assert time.monotonic() < end, "libcoap's server does not serve"
            time.sleep(0.1)
    for scheme, port, roots in (("coap", 5683, "-"), ("coaps", 5684, root), ("coap+tcp", 5683, "-"), ("coaps+tcp", 5684, root)):
        got = pull(f"{scheme}://localhost:{port}/gate%20way/image?v=1", roots, "nosec" if roots == "-" else "secure")
        check(f"an image over {scheme}", got[0] == WHOLE and got[3] == IMAGE, got[:3])
    check("a file of one block", pull("coap://localhost/small")[0:4:3] == (WHOLE, b"small"))
    check("no such file", pull("coap://localhost/nothing")[0] == INVALID_URI)
    check("without security where that is not allowed", pull("coap://localhost/small", root, "secure")[0] == UNSUPPORTED)
    check("with security and without roots", pull("coaps://localhost/small")[0] == UNSUPPORTED)
    got = pull("coaps://localhost/small", other, "secure")
    check("a server that the roots do not know", got[0] == LOST and "not trusted" in got[2] and got[3] == b"", got)
    got = pull("coaps://127.0.0.1/small", root, "secure")
    check("a certificate for another name", got[0] == LOST and "not trusted" in got[2] and got[3] == b"", got)
    check("no such host", pull("coap://nowhere/small")[0] == INVALID_URI)
    check("a URI without a host", pull("coap:///small")[0] == INVALID_URI and pull("coap://localhost:0/small")[0] == INVALID_URI)
    got = pull("coap://localhost/%zz")
    check("a path with a bad escape", got[0] == INVALID_URI, got)
    pinned(root, certificate)
    posts(root)
    by_account(root)
    check("no room", pull("coap://localhost/small", out="/dev/full")[0] == NO_SPACE)
    server.kill()
    server.wait()
    got = pull("coap://localhost/small")
    check("nobody there", got[0] == LOST, got)


def pinned(root, certificate):
    """By the hash of its key alone, or not at all; the host must be in the certificate in any case."""
    der = subprocess.run(["openssl", "x509", "-in", certificate, "-noout", "-pubkey"], check=True, capture_output=True).stdout
    pin = hashlib.sha256(subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=der, check=True, capture_output=True).stdout).hexdigest()
    for scheme in ("coaps", "coaps+tcp"):
        check(f"a pin without roots over {scheme}", pull(f"{scheme}://localhost/small", "-", "secure", words=(f"pin={pin}",))[0:4:3] == (WHOLE, b"small"))
        got = pull(f"{scheme}://localhost/small", root, "secure", words=(f"pin={'00' * 32}",))
        check(f"a pin that does not fit, with roots that do, over {scheme}", got[0] == LOST and "not trusted" in got[2] and got[3] == b"", got)
    got = pull("coaps://127.0.0.1/small", "-", "secure", words=(f"pin={pin}",))
    check("a pin that fits, and another name", got[0] == LOST and "not trusted" in got[2] and got[3] == b"", got)
    for now, good in ((int(time.time()), True), (86400, False), (int(time.time()) + 3 * 86400, False)):
        got = pull("coaps://localhost/small", root, "secure", words=(f"now={now}",))
        check(f"a certificate at {now}", got[0] == (WHOLE if good else LOST), got)


def by_account(root):
    """The server's LwM2M account says who it is: the roots are not asked, nor the name."""
    word = f"psk=gw:{SECRET.encode().hex()}"
    for scheme in ("coaps", "coaps+tcp"):
        got = pull(f"{scheme}://127.0.0.1/small", "-", "secure", words=(word,))
        check(f"by a pre-shared key over {scheme}", got[0:4:3] == (WHOLE, b"small"), got)
    got = pull("coaps://127.0.0.1/small", root, "secure", words=(f"psk=gw:{'ff' * 16}", "timeout=1500"))
    check("by another key", got[0] == LOST and got[3] == b"", got)


def posts(root):
    """libcoap's server keeps what is posted, and with which Content-Format."""
    got = pull("coaps://localhost/posted", root, "secure", words=("post=result", "format=18"))
    check("a POST to libcoap's server", got[0] == WHOLE and got[4] == "2.01", got)
    check("of the Content-Format that it was posted with", pull("coap://localhost/posted", words=("format=18",))[0:4:3] == (WHOLE, b"result"))
    got = pull("coap://localhost/posted", words=("format=60",))
    check("of another", got[0] == LOST and got[3] == b"" and "Content-Format 18, not 60" in got[2], got)
    got = pull("coaps://localhost/.well-known/core", root, "secure", words=("post=result", "format=18"))
    check("a refused POST", got[0] != WHOLE and got[4] == "4.05", got)


class Wrong(threading.Thread):
    """A server with three blocks of a file, and a fault in the second."""

    def __init__(self):
        super().__init__(daemon=True)
        self.fault, self.asked, self.last = "", [], None
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 5683))
        self.start()

    def run(self):
        while True:
            data, peer = self.sock.recvfrom(2000)
            m = coap.decode(data)
            if m.type == coap.CON and not (self.fault == "silence" or self.fault == "then silence" and m.block(coap.BLOCK2)[0]):
                self.sock.sendto(coap.encode(self.answer(m)), peer)

    def answer(self, m):
        if m.code == coap.POST:
            self.last = m
            return coap.Message(coap.ACK, coap.CHANGED, m.mid, m.token)
        if self.fault == "later":
            return coap.Message(coap.ACK, 0xa3, m.mid, m.token, [(coap.MAX_AGE, coap.uint(77))])
        number, _, size = m.block(coap.BLOCK2)
        self.asked.append(number)
        self.last = m
        etag, payload, code = b"one", bytes([number]) * (size if number < 2 else 5), coap.CONTENT
        told, more = number, number < 2
        if number == 1:
            if self.fault == "reset":
                return coap.Message(coap.RST, coap.EMPTY, m.mid)
            if self.fault == "gone":
                return coap.Message(coap.ACK, coap.NOT_FOUND, m.mid, m.token)
            etag = b"two" if self.fault == "another version" else b"" if self.fault == "no version" else etag
            told = {"first again": 0, "one is left out": 2}.get(self.fault, told)
            payload = payload[:7] if self.fault == "short" else payload
        options = [(coap.ETAG, etag)] if etag else []
        return coap.Message(coap.ACK, code, m.mid, m.token, options + [(coap.BLOCK2, coap.block_value(told, more, size))], payload)


def wrong_server():
    server = Wrong()
    got = pull("coap://localhost/a%2Fb//c?v=1&x=%26#part")
    check("path and query, unescaped", got[0] == WHOLE and server.last.all(coap.URI_PATH)[0] == b"a/b" and server.last.all(coap.URI_QUERY) == [b"v=1", b"x=&"], server.last)
    for fault in ("none", "another version", "no version", "first again", "one is left out", "short", "gone", "reset"):
        server.fault, server.asked = fault, []
        got = pull("coap://localhost/file")
        if fault == "none":
            check("blocks of a server of our making", got[0] == WHOLE and got[3] == bytes(1024) + b"\1" * 1024 + b"\2" * 5 and sorted(set(server.asked)) == [0, 1, 2], got[:3])
        else:
            check(f"a fault: {fault}", got[0] == LOST and got[1] == 1024, got[:3])
    for fault, octets in (("silence", 0), ("then silence", 1024)):
        server.fault = fault
        got = pull("coap://localhost/file", words=("timeout=1500",))
        check(f"a time for all of it: {fault}", got[0] == LOST and got[1] == octets and "silent" in got[2], got)
    server.fault = "later"
    check("a refusal with Max-Age", pull("coap://localhost/file")[4:] == ("5.03", 77))
    got = pull("coap://localhost/res?x=1", words=("post=result", "format=18"))
    last = server.last
    check("a POST", got[0] == WHOLE and got[4] == "2.04" and last.payload == b"result" and last.number(coap.CONTENT_FORMAT) == 18 and last.path == "/res" and last.query == ["x=1"], (got, last))


subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
real_server()
wrong_server()
print(f"1..{len(results)}")
sys.exit(0 if all(results) else 1)
