# SPDX-License-Identifier: Apache-2.0
"""HTTPS over a lease against real TLS servers and a real name server (dnsmasq), in network namespaces of their own. Argument: the tool.

Two networks lead to the "internet": wan (198.51.100.0/24), where the default route goes, and bearer (192.0.2.0/24, 2001:db8:1::/64). Servers and
name servers listen on the far end; what a bound lease does must be seen on the bearer only."""
import hashlib
import os
import pathlib
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest

if os.environ.get("HTTPS_TEST_INSIDE") != "1":
    os.environ["HTTPS_TEST_INSIDE"] = "1"
    enter = str(pathlib.Path(__file__).resolve().parents[2] / "lab/enter")
    os.execv(enter, [enter, sys.executable, *sys.argv])

TOOL = sys.argv.pop(1)
FOLDER = pathlib.Path(tempfile.mkdtemp())
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/x-answer; a=b\r\nX-Test: yes\r\nContent-Length: 5\r\n\r\nhello"


def run(*args, **more):
    return subprocess.run(args, check=True, capture_output=True, text=True, **more).stdout


def make_certificates():
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    for name in ("root", "other"):
        run("openssl", "req", "-x509", *key, "-days", "2", "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem", cwd=FOLDER)
    for name, alt in (("server", "DNS:dm.example.net,DNS:localhost,IP:127.0.0.1,IP:192.0.2.1,IP:2001:db8:1::1"), ("stranger", "DNS:stranger.example")):
        run("openssl", "req", *key, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr", cwd=FOLDER)
        (FOLDER / "ext").write_text(f"subjectAltName={alt}\n")
        run("openssl", "x509", "-req", "-in", f"{name}.csr", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial", "-days", "2", "-extfile", "ext",
            "-out", f"{name}.pem", cwd=FOLDER)


LATER = "2033-03-03 00:00:00"  # nothing of the above is valid then


def make_later_certificates():
    """A root and a server that begin to be valid at LATER."""
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    run("faketime", LATER, "openssl", "req", "-x509", *key, "-days", "9", "-subj", "/CN=later", "-keyout", "later.key", "-out", "later.pem", cwd=FOLDER)
    run("openssl", "req", *key, "-subj", "/CN=late", "-keyout", "late.key", "-out", "late.csr", cwd=FOLDER)
    (FOLDER / "ext").write_text("subjectAltName=DNS:localhost\n")
    run("faketime", LATER, "openssl", "x509", "-req", "-in", "late.csr", "-CA", "later.pem", "-CAkey", "later.key", "-CAcreateserial", "-days", "5",
        "-extfile", "ext", "-out", "late.pem", cwd=FOLDER)


def seconds(text):
    return int(time.mktime(time.strptime(text, "%Y-%m-%d %H:%M:%S")))


def pin_of(name):
    der = subprocess.run(f"openssl x509 -in {name}.pem -pubkey -noout | openssl pkey -pubin -outform DER", shell=True, cwd=FOLDER, check=True,
                         capture_output=True).stdout
    return hashlib.sha256(der).hexdigest()


def make_network():
    run("ip", "link", "set", "lo", "up")
    run("mount", "-t", "tmpfs", "none", "/run")
    pathlib.Path("/run/netns").mkdir()
    run("ip", "netns", "add", "far")
    run("ip", "-n", "far", "link", "set", "lo", "up")
    for name, near, far in (("wan", ("198.51.100.2/24",), ("198.51.100.1/24",)),
                            ("bearer", ("192.0.2.2/24", "2001:db8:1::2/64"), ("192.0.2.1/24", "2001:db8:1::1/64"))):
        run("ip", "link", "add", name, "type", "veth", "peer", "name", f"far-{name}", "netns", "far")
        for address in near:
            run("ip", "addr", "add", address, "dev", name, *(["nodad"] if ":" in address else []))
        for address in far:
            run("ip", "-n", "far", "addr", "add", address, "dev", f"far-{name}", *(["nodad"] if ":" in address else []))
        run("ip", "link", "set", name, "up")
        run("ip", "-n", "far", "link", "set", f"far-{name}", "up")
    run("ip", "route", "add", "default", "via", "198.51.100.1")
    run("ip", "route", "add", "default", "via", "192.0.2.1", "table", "1000")
    run("ip", "rule", "add", "from", "192.0.2.2", "lookup", "1000")
    for address in ("203.0.113.5/32", "203.0.113.6/32"):
        run("ip", "-n", "far", "addr", "add", address, "dev", "lo")


class InFar:
    """Makes sockets in the far namespace."""

    def __enter__(self):
        self.home = os.open("/proc/self/ns/net", os.O_RDONLY)
        fd = os.open("/run/netns/far", os.O_RDONLY)
        self.libc = __import__("ctypes").CDLL(None)
        assert self.libc.setns(fd, 0) == 0
        os.close(fd)

    def __exit__(self, *_):
        assert self.libc.setns(self.home, 0) == 0
        os.close(self.home)


class Listener:
    """A socket that listens, and a thread for each that comes."""

    def begin(self):
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def accept(self):
        while True:
            try:
                taken = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=taken, daemon=True).start()

    def close(self):
        """The thread ends first: it could accept for the next listener, whose socket may get the same number."""
        self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.socket.close()


class Server(Listener):
    def __init__(self, answer=OK, cert="server", far=None, tls=True, version=None, close_early=False):
        self.answer, self.cert, self.tls, self.close_early = answer, cert, tls, close_early
        self.requests, self.peers, self.connections = [], [], 0
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(FOLDER / f"{cert}.pem", FOLDER / f"{cert}.key")
        if version:
            self.context.set_ciphers("ALL:@SECLEVEL=0")
            self.context.minimum_version = self.context.maximum_version = version
        family = socket.AF_INET6 if far and ":" in far else socket.AF_INET
        if far:
            with InFar():
                self.socket = socket.socket(family)
        else:
            self.socket = socket.socket(family)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind((far or "127.0.0.1", 0))
        self.socket.listen(8)
        self.begin()

    def serve(self, raw, peer):
        self.connections += 1
        self.peers.append(peer[0])
        try:
            if self.close_early:
                raw.recv(10)
                raw.close()
                return
            s = self.context.wrap_socket(raw, server_side=True) if self.tls else raw
            while True:
                data = b""
                while b"\r\n\r\n" not in data:
                    part = s.recv(4096)
                    if not part:
                        return
                    data += part
                head, body = data.split(b"\r\n\r\n", 1)
                length = next(int(x.split(b":")[1]) for x in head.split(b"\r\n") if x.lower().startswith(b"content-length"))
                while len(body) < length:
                    body += s.recv(4096)
                self.requests.append((head, body))
                if self.answer is None:
                    time.sleep(30)
                s.sendall(self.answer)
                if self.answer != OK:
                    s.close()
                    return
        except (OSError, ssl.SSLError):
            pass


make_certificates()
make_later_certificates()
make_network()
(FOLDER / "resolv.conf").write_text("nameserver 198.51.100.1\n")
(FOLDER / "hosts").write_text("127.0.0.1 localhost\n203.0.113.99 hosted.example\n")
run("mount", "--bind", FOLDER / "resolv.conf", "/etc/resolv.conf")
run("mount", "--bind", FOLDER / "hosts", "/etc/hosts")
NAME_SERVERS = []


def name_server(address, answers):
    NAME_SERVERS.append(subprocess.Popen(
        ["ip", "netns", "exec", "far", "dnsmasq", "-k", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--bind-interfaces", "--user=root",
         f"--listen-address={address}", "--pid-file=", "--log-facility=-", *[f"--host-record={a}" for a in answers]], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))


for own, rows in (("192.0.2.1", ["dm.example.net,203.0.113.5", "stranger.example,192.0.2.1", "both.example,192.0.2.1", "both.example,2001:db8:1::1",
                                 "six.example,2001:db8:1::1"]),
                  ("198.51.100.1", ["dm.example.net,203.0.113.6", "only-wan.example,203.0.113.6"])):
    name_server(own, rows)
for _ in range(200):
    if len(subprocess.run(["ip", "netns", "exec", "far", "ss", "-Hlun", "sport = :53"], check=True, capture_output=True).stdout.splitlines()) == len(NAME_SERVERS):
        break
    time.sleep(0.05)


class Base(unittest.TestCase):
    def server(self, *args, **options):
        s = Server(*args, **options)
        self.addCleanup(s.close)
        return s

    def get(self, url, *args, roots="root", env=None):
        command = [TOOL, f"url={url}", *([f"roots={FOLDER}/{roots}.pem"] if roots else []), *args]
        out = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30, env={**os.environ, **(env or {})})
        self.assertNotIn("Sanitizer", out.stderr)
        self.out = dict(line.split("=", 1) for line in out.stdout.splitlines() if "=" in line)
        return self.out["error"]


class Trust(Base):
    def test_right_root(self):
        s = self.server()
        self.assertEqual(self.get(f"https://localhost:{s.port}/path?q"), "None")
        self.assertEqual((self.out["status"], self.out["type"], self.out["header"], self.out["body"]), ("200", "text/x-answer; a=b", "yes", "hello"))
        head, body = s.requests[0]
        self.assertTrue(head.startswith(b"POST /path?q HTTP/1.1\r\n"), head)
        self.assertIn(b"X-One: 1", head)
        self.assertIn(b"Content-Type: text/x-test", head)
        self.assertNotIn(b"Expect", head)
        self.assertEqual(body, b"hello")

    def test_wrong_root(self):
        s = self.server()
        self.assertEqual(self.get(f"https://localhost:{s.port}/", roots="other"), "TlsUntrusted")
        self.assertIn("localhost", self.out["text"])
        self.assertEqual(s.requests, [])

    def test_certificates_are_judged_by_the_time_that_is_given(self):
        late, present, day = self.server(cert="late"), self.server(), 86400
        url, begin = f"https://localhost:{late.port}/", seconds(LATER)
        self.assertEqual(self.get(url, roots="later"), "TlsUntrusted")
        for now, error in ((begin - day, "TlsUntrusted"), (begin + day, "None"), (begin + 6 * day, "TlsUntrusted")):
            self.assertEqual(self.get(url, f"now={now}", roots="later"), error, now)
        self.assertEqual(len(late.requests), 1)
        url = f"https://localhost:{present.port}/"
        for now, error in ((begin + day, "TlsUntrusted"), (int(time.time()) - day, "TlsUntrusted"), (int(time.time()), "None")):
            self.assertEqual(self.get(url, f"now={now}"), error, now)
        self.assertEqual(len(present.requests), 1)

    def test_a_given_time_does_not_open_another_root(self):
        late = self.server(cert="late")
        self.assertEqual(self.get(f"https://localhost:{late.port}/", f"now={seconds(LATER) + 86400}", roots="root"), "TlsUntrusted")
        self.assertEqual(late.requests, [])

    def test_a_pin_needs_no_time(self):
        late = self.server(cert="late")
        for now in (0, 1, seconds(LATER) + 86400):
            self.assertEqual(self.get(f"https://localhost:{late.port}/", f"now={now}", f"pin={pin_of('late')}", roots=None), "None", now)

    def test_no_root_no_pin(self):
        self.assertEqual(self.get("https://localhost:1/", roots=None), "TlsUntrusted")
        self.assertEqual(self.out["refused"], "1")

    def test_the_store_of_the_system_does_not_count(self):
        s = self.server()
        env = {"SSL_CERT_FILE": f"{FOLDER}/root.pem", "CURL_CA_BUNDLE": f"{FOLDER}/root.pem", "SSL_CERT_DIR": str(FOLDER)}
        self.assertEqual(self.get(f"https://localhost:{s.port}/", roots="other", env=env), "TlsUntrusted")

    def test_right_pin_suffices(self):
        s = self.server()
        for roots in (None, "other", "root"):
            self.assertEqual(self.get(f"https://localhost:{s.port}/", f"pin={pin_of('server')}", roots=roots), "None", self.out)

    def test_wrong_pin_fails_under_the_right_root(self):
        s = self.server()
        self.assertEqual(self.get(f"https://localhost:{s.port}/", f"pin={pin_of('stranger')}"), "TlsUntrusted")
        self.assertEqual(s.requests, [])

    def test_name_of_the_certificate(self):
        s = self.server(cert="stranger")
        self.assertEqual(self.get(f"https://localhost:{s.port}/"), "TlsUntrusted")
        self.assertEqual(self.get(f"https://localhost:{s.port}/", f"pin={pin_of('stranger')}"), "TlsUntrusted")

    def test_tls_1_1_is_refused_whatever_the_system_allows(self):
        conf = FOLDER / "openssl.cnf"
        conf.write_text("openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\nMinProtocol = TLSv1\nCipherString = DEFAULT@SECLEVEL=0\n")
        for version, good in ((ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True)):
            s = self.server(version=version)
            error = self.get(f"https://localhost:{s.port}/", env={"OPENSSL_CONF": str(conf)})
            self.assertEqual(error, "None" if good else "TlsFailed")
            self.assertEqual(len(s.requests), int(good))

    def test_other_schemes_are_refused(self):
        s = self.server(tls=False)
        for url in (f"http://localhost:{s.port}/", "file:///etc/passwd", "https://", "https://user@localhost/"):
            self.assertEqual((self.get(url), self.out["refused"]), ("Invalid", "1"))
        self.assertEqual(s.connections, 0)

    def test_plain_http_on_the_port(self):
        s = self.server(tls=False)
        self.assertIn(self.get(f"https://localhost:{s.port}/", "timeout=1500"), ("TlsFailed", "Timeout"))
        self.assertEqual(s.requests, [])

    def test_proxies_of_the_environment_are_ignored(self):
        s, proxy = self.server(), self.server(tls=False)
        env = {name: f"http://127.0.0.1:{proxy.port}" for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")}
        self.assertEqual(self.get(f"https://localhost:{s.port}/", env=env), "None")
        self.assertEqual(proxy.connections, 0)

    def test_redirects_are_not_followed(self):
        other = self.server()
        s = self.server(f"HTTP/1.1 307 Go\r\nLocation: https://localhost:{other.port}/\r\nContent-Length: 0\r\n\r\n".encode())
        self.assertEqual((self.get(f"https://localhost:{s.port}/"), self.out["status"]), ("None", "307"))
        self.assertEqual(other.connections, 0)


class Faults(Base):
    def test_silent_server(self):
        s = self.server(None)
        start = time.monotonic()
        self.assertEqual(self.get(f"https://localhost:{s.port}/", "timeout=1200"), "Timeout")
        self.assertLess(time.monotonic() - start, 3)

    def test_silent_before_tls(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            s.listen()
            self.assertEqual(self.get(f"https://localhost:{s.getsockname()[1]}/", "timeout=1000"), "Timeout")

    def test_closing_in_the_middle(self):
        s = self.server(OK.replace(b"Content-Length: 5", b"Content-Length: 500"))
        self.assertEqual(self.get(f"https://localhost:{s.port}/"), "ServerClosed")

    def test_closing_without_an_answer(self):
        self.assertEqual(self.get(f"https://localhost:{self.server(b'').port}/"), "ServerClosed")
        self.assertEqual(self.get(f"https://localhost:{self.server(close_early=True).port}/"), "ServerClosed")

    def test_oversized_answers(self):
        body = b"x" * 1001
        s = self.server(b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n" + body)
        self.assertEqual(self.get(f"https://localhost:{s.port}/"), "TooLarge")
        self.assertEqual((self.get(f"https://localhost:{s.port}/", "max=1001"), self.out["len"]), ("None", "1001"))
        chunk = b"1f4\r\n" + b"x" * 500 + b"\r\n"
        for chunks, error in ((2, "None"), (3, "TooLarge")):
            s = self.server(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * chunks + b"0\r\n\r\n")
            self.assertEqual(self.get(f"https://localhost:{s.port}/"), error)

    def test_nobody_listens(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.assertEqual(self.get(f"https://localhost:{s.getsockname()[1]}/"), "ConnectFailed")

    def test_nobody_answers(self):
        with socket.socket() as s:  # a full queue: the first packet gets no answer
            s.bind(("127.0.0.1", 0))
            s.listen(0)
            waiting = [socket.socket() for _ in range(3)]
            for w in waiting:
                w.setblocking(False)
                w.connect_ex(s.getsockname())
            self.assertEqual(self.get(f"https://localhost:{s.getsockname()[1]}/", "timeout=800"), "ConnectFailed")

    def test_a_connection_is_used_again(self):
        s = self.server()
        self.assertEqual((self.get(f"https://localhost:{s.port}/", "repeat=3"), s.connections, len(s.requests)), ("None", 1, 3))
        self.assertEqual((self.get(f"https://localhost:{s.port}/", "repeat=3", "drop=1"), s.connections, len(s.requests)), ("None", 4, 6))

    def test_cancel(self):
        s = self.server(None)
        for delay in ("0", "5", "200"):
            self.assertEqual(self.get(f"https://localhost:{s.port}/", f"cancel={delay}"), "cancelled")


class Leases(Base):
    BOUND = ("address=192.0.2.2", "dns=192.0.2.1")

    def test_bound_names_and_source(self):
        s = self.server(far="203.0.113.5")
        self.assertEqual(self.get(f"https://dm.example.net:{s.port}/", *self.BOUND), "None", getattr(self, "out", None))
        self.assertEqual(s.peers, ["192.0.2.2"])

    def test_unbound_goes_the_way_of_the_system(self):
        s = self.server(far="203.0.113.6")
        self.assertEqual(self.get(f"https://dm.example.net:{s.port}/"), "None", self.out)
        self.assertEqual(s.peers, ["198.51.100.2"])

    def test_bound_never_asks_another_name_server(self):
        self.assertEqual(self.get("https://only-wan.example/", *self.BOUND), "NameLookup")
        self.assertIn("only-wan.example", self.out["text"])
        self.assertEqual(self.get("https://dm.example.net/", "address=192.0.2.2"), "NameLookup")

    def test_the_hosts_file_is_for_the_unbound(self):
        self.assertIn("address0=203.0.113.99", run(TOOL, "resolve=hosted.example"))
        self.assertIn("error=NameLookup", run(TOOL, "resolve=hosted.example", *self.BOUND))

    def test_a_source_that_is_gone(self):
        s = self.server(far="203.0.113.5")
        self.assertEqual(self.get(f"https://dm.example.net:{s.port}/", "address=192.0.2.99", "dns=192.0.2.1", "timeout=4000"), "NameLookup")
        self.assertEqual(self.get(f"https://203.0.113.5:{s.port}/", "address=192.0.2.99"), "ConnectFailed")
        self.assertEqual(s.connections, 0)

    def test_literal_address(self):
        s = self.server(far="192.0.2.1")
        self.assertEqual(self.get(f"https://192.0.2.1:{s.port}/", "address=192.0.2.2"), "None", self.out)
        self.assertEqual(self.get(f"https://192.0.2.1:{s.port}/", "address=2001:db8:1::2"), "ConnectFailed")
        six = self.server(far="2001:db8:1::1")
        self.assertEqual(self.get(f"https://[2001:db8:1::1]:{six.port}/", "address=2001:db8:1::2"), "None", self.out)

    def test_ipv6_first_then_ipv4(self):
        pin = f"pin={pin_of('stranger')}"
        s = self.server(far="192.0.2.1")
        dual = ("address=192.0.2.2,2001:db8:1::2", "dns=192.0.2.1")
        self.get(f"https://both.example:{s.port}/", pin, *dual)
        self.assertEqual(s.peers, ["192.0.2.2"])  # nobody listens on IPv6: the second family was tried
        six = self.server(far="2001:db8:1::1")
        self.get(f"https://both.example:{six.port}/", pin, *dual)
        self.assertEqual(six.peers, ["2001:db8:1::2"])

    def test_resolving(self):
        out = run(TOOL, "resolve=both.example", "address=192.0.2.2,2001:db8:1::2", "dns=192.0.2.1").splitlines()
        self.assertEqual(sorted(out), ["address0=192.0.2.1", "address1=2001:db8:1::1", "error=None", "text="] if out[2].endswith(".1")
                         else ["address0=2001:db8:1::1", "address1=192.0.2.1", "error=None", "text="])
        self.assertIn("error=NameLookup", run(TOOL, "resolve=six.example", *self.BOUND))
        self.assertIn("address0=203.0.113.7", run(TOOL, "resolve=203.0.113.7", *self.BOUND))
        self.assertIn("error=NameLookup", run(TOOL, "resolve=nothing.example", *self.BOUND))

    def test_a_name_server_that_comes_late(self):
        """203.0.113.6 refuses at first."""
        start = time.monotonic()
        with subprocess.Popen([TOOL, "resolve=late.example", "address=192.0.2.2", "dns=203.0.113.6"], stdout=subprocess.PIPE, text=True) as tool:
            time.sleep(0.7)
            name_server("203.0.113.6", ["late.example,203.0.113.7"])
            out = tool.communicate(timeout=30)[0]
        self.assertIn("address0=203.0.113.7", out)
        self.assertGreater(time.monotonic() - start, 0.9)

    def test_a_name_server_that_hears_the_second_question(self):
        with InFar():
            server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(server.close)
        server.bind(("203.0.113.5", 53))
        server.settimeout(10)
        with subprocess.Popen([TOOL, "resolve=dm.example.net", "address=192.0.2.2", "dns=203.0.113.5"], stdout=subprocess.PIPE, text=True) as tool:
            for _ in range(3):                     # the first one is taken back by the tool
                question, asker = server.recvfrom(512)
            server.sendto(question[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + question[12:] + b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4\xcb\0\x71\x07", asker)
            self.assertIn("address0=203.0.113.7", tool.communicate(timeout=30)[0])

    def test_a_name_server_that_refuses(self):
        """Each of the six times, half a second apart."""
        start = time.monotonic()
        self.assertIn("error=NameLookup", run(TOOL, "resolve=dm.example.net", "address=192.0.2.2", "dns=203.0.113.5"))
        self.assertGreater(time.monotonic() - start, 2.4)
        self.assertEqual(self.get("https://dm.example.net/", "address=192.0.2.2", "dns=203.0.113.5", "cancel=700"), "cancelled")

    def test_silent_name_server(self):
        start = time.monotonic()
        self.assertEqual(self.get("https://dm.example.net/", "address=192.0.2.2", "dns=203.0.113.77", "timeout=1500"), "NameLookup")
        self.assertLess(time.monotonic() - start, 3)


if __name__ == "__main__":
    try:
        unittest.main(warnings="ignore")
    finally:
        for p in NAME_SERVERS:
            p.kill()
