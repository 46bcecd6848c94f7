# SPDX-License-Identifier: Apache-2.0
"""HTTPS through an HTTP proxy: the real tinyproxy, and one of our own where a proxy must be seen from inside or misbehave. Bench and argument: https_test.py."""
import os
import socket
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from https_test import FOLDER, NAME_SERVERS, Base, InFar, Listener  # noqa: E402

FAR, USER = "192.0.2.1", ("login=basic", "user=gw", "password=proxy-pw")


class Proxy(Listener):
    """CONNECT for anything goes to one port; with a challenge nobody comes in without an answer to it. Keeps the heads that it saw."""

    def __init__(self, target, challenge=None, silent=False, close_early=False):
        self.target, self.challenge, self.silent, self.close_early = target, challenge, silent, close_early
        self.heads = []
        with InFar():
            self.socket = socket.create_server((FAR, 0))
        self.begin()

    @staticmethod
    def pump(one, other):
        try:
            while data := one.recv(4096):
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def serve(self, peer, _):
        while True:
            head = b""
            while b"\r\n\r\n" not in head:
                part = peer.recv(4096)
                if not part or self.close_early:
                    peer.close()
                    return
                head += part
            self.heads.append(head.decode())
            if self.silent:
                time.sleep(30)
            if not self.challenge or b"proxy-authorization: " in head.lower():
                break
            peer.sendall(f"HTTP/1.1 407 Who\r\nProxy-Authenticate: {self.challenge}\r\nContent-Length: 0\r\n\r\n".encode())
        with InFar():
            server = socket.create_connection((FAR, self.target))
        peer.sendall(b"HTTP/1.1 200 There\r\nX-Test: of the proxy\r\n\r\n")
        threading.Thread(target=self.pump, args=(server, peer), daemon=True).start()
        self.pump(peer, server)


class Through(Base):
    BOUND = ("address=192.0.2.2", f"dns={FAR}")

    def proxy(self, *args, **options):
        p = Proxy(*args, **options)
        self.addCleanup(p.close)
        return p

    def tinyproxy(self, *lines):
        """With user and password; its port, its log."""
        with InFar(), socket.create_server((FAR, 0)) as s:
            port = s.getsockname()[1]
        conf, log = FOLDER / f"tinyproxy{port}.conf", FOLDER / f"tinyproxy{port}.log"
        conf.write_text("\n".join((f"Port {port}", f"Listen {FAR}", "Timeout 60", f'LogFile "{log}"', "LogLevel Connect", "BasicAuth gw proxy-pw", *lines)) + "\n")
        p = subprocess.Popen(["ip", "netns", "exec", "far", "tinyproxy", "-d", "-c", conf], stdout=subprocess.DEVNULL)
        self.addCleanup(p.wait)
        self.addCleanup(p.kill)
        for _ in range(100):
            with InFar():
                s = socket.socket()
            if s.connect_ex((FAR, port)) == 0:
                s.close()
                break
            s.close()
            time.sleep(0.05)
        return port, log

    def through(self, port, *args, url="https://dm.example.net/", **options):
        return self.get(url, f"proxy={FAR}", f"port={port}", *self.BOUND, *args, **options)

    def test_a_real_proxy_over_the_bearer(self):
        s = self.server(far="203.0.113.6")
        port, log = self.tinyproxy()
        self.assertEqual(self.through(port, *USER, url=f"https://dm.example.net:{s.port}/"), "None", self.out)
        self.assertEqual((self.out["status"], self.out["body"], self.out["header"]), ("200", "hello", "yes"))
        self.assertIn("192.0.2.2", log.read_text())
        self.assertNotIn("192.0.2.2", s.peers)
        head, body = s.requests[0]
        self.assertEqual(body, b"hello")
        self.assertNotIn(b"proxy", head.lower())

    def test_a_real_proxy_that_refuses(self):
        s = self.server(far="203.0.113.6")
        port, _ = self.tinyproxy("ConnectPort 443")
        for args, says in ((USER, "403"), (("login=basic", "user=gw", "password=wrong"), "40"), ((), "407")):
            with self.subTest(says):
                self.assertEqual(self.through(port, *args, url=f"https://dm.example.net:{s.port}/"), "ProxyFailed", self.out)
                self.assertIn(f"dm.example.net: proxy {FAR} port {port}: ", self.out["text"])
                self.assertIn(says, self.out["text"])
        port, _ = self.tinyproxy()
        self.assertEqual(self.through(port, *USER, url="https://unknown.example/"), "ProxyFailed", self.out)
        self.assertFalse(s.connections)

    def test_no_proxy_is_there(self):
        self.assertEqual(self.through(9), "ProxyFailed", self.out)
        self.assertEqual(self.through(self.proxy(9, silent=True).port, "timeout=700"), "ProxyFailed", self.out)
        self.assertEqual(self.through(self.proxy(9, close_early=True).port), "ProxyFailed", self.out)
        self.assertEqual(self.get("https://dm.example.net/", "proxy=nothing.example", "port=8080", *self.BOUND), "ProxyFailed", self.out)
        self.assertIn("proxy nothing.example port 8080: ", self.out["text"])

    def test_a_proxy_by_name_is_found_by_the_bearers_name_server(self):
        p = self.proxy(self.server(far=FAR).port)
        self.assertEqual(self.get("https://dm.example.net/", "proxy=stranger.example", f"port={p.port}", *self.BOUND), "None", self.out)
        self.assertEqual(self.get("https://dm.example.net/", "proxy=only-wan.example", f"port={p.port}", *self.BOUND), "ProxyFailed", self.out)

    def test_digest_and_what_the_proxy_sees(self):
        s = self.server(far=FAR)
        p = self.proxy(s.port, 'Digest realm="r", nonce="n", qop="auth"')
        self.assertEqual(self.through(p.port, "login=digest", "user=gw", "password=proxy-pw", "body=for the server"), "None", self.out)
        self.assertEqual(self.out["header"], "yes")
        self.assertIn('username="gw"', p.heads[-1])
        seen = "".join(p.heads)
        for word in ("proxy-pw", "for the server", "X-One", "text/x-test"):
            self.assertNotIn(word, seen)
        self.assertEqual(self.through(self.proxy(s.port, 'Basic realm="r"').port, "login=digest", "user=gw", "password=proxy-pw"), "ProxyFailed", self.out)

    def test_a_proxy_brings_no_trust(self):
        p = self.proxy(self.server(far=FAR, cert="stranger").port)
        self.assertEqual(self.through(p.port), "TlsUntrusted", self.out)
        p = self.proxy(self.server(far=FAR).port)
        self.assertEqual(self.through(p.port, roots="other"), "TlsUntrusted", self.out)

    def test_the_servers_faults_are_its_own(self):
        p = self.proxy(self.server(b"", far=FAR).port)
        self.assertEqual(self.through(p.port), "ServerClosed", self.out)
        p = self.proxy(self.server(None, far=FAR).port)
        self.assertEqual(self.through(p.port, "timeout=900"), "Timeout", self.out)

    def test_the_environment_does_not_count(self):
        p = self.proxy(self.server(far=FAR).port)
        self.assertEqual(self.through(p.port, env={"no_proxy": "*", "NO_PROXY": "*"}), "None", self.out)
        self.assertEqual(len(p.heads), 1)

    def test_a_connection_is_used_again(self):
        s = self.server(far=FAR)
        p = self.proxy(s.port)
        self.assertEqual(self.through(p.port, "repeat=3"), "None", self.out)
        self.assertEqual((len(p.heads), s.connections, len(s.requests)), (1, 1, 3))


if __name__ == "__main__":
    try:
        unittest.main(warnings="ignore")
    finally:
        for p in NAME_SERVERS:
            p.kill()
