# SPDX-License-Identifier: Apache-2.0
"""Tests of the LwM2M server: DTLS and Register with libcoap's client, our CoAP requests against libcoap's server, the whole life of a registration with
a scripted device, the box and its DNS. Everything listens on loopback.
"""
from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import coap
import dns
import lwm2m_server
from coap import ACK, Message
from coap_endpoint import Endpoint
from common import Refused, read_events

HERE = Path(__file__).resolve().parent
KEY = "secretPSK1234567"
LINKS = b'</>;ct="110",</1/0>,</3/0>'


def free_port(kind: int = socket.SOCK_DGRAM) -> int:
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextlib.contextmanager
def server(folder: Path, *options: str):
    """A running lwm2m_server; gives its port."""
    (folder / "psk.json").write_text(json.dumps({"gw-1": {"key": KEY.encode().hex(), "endpoint": "GW-0001"}}))
    command = [sys.executable, HERE / "lwm2m_server.py", "run", "--dir", folder, "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as p:
        try:
            yield int(p.stdout.readline().rsplit(":", 1)[1])
        finally:
            p.terminate()


def events(folder: Path, name: str) -> list[dict]:
    return [e for e in read_events(folder / "lwm2m-events.jsonl") if e["event"] == name]


def wait_for(folder: Path, name: str, count: int = 1, seconds: float = 10) -> list[dict]:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = events(folder, name)
        if len(found) >= count:
            return found
        time.sleep(0.05)
    raise AssertionError(f"no event {name} ({count}) in {seconds} s; last: {read_events(folder / 'lwm2m-events.jsonl')[-5:]}")


def libcoap(folder: Path, port: int, query: str, key: str = KEY, user: str = "gw-1", payload: bytes = LINKS, timeout: float = 10) -> str:
    body = folder / "links"
    body.write_bytes(payload)
    command = ["coap-client-openssl", "-v", "6", "-B", "3", "-m", "post", "-u", user, "-k", key, "-t", "40", "-f", body, f"coaps://127.0.0.1:{port}/rd?{query}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    return done.stdout + done.stderr


def test_dtls_register_with_libcoap(folder: Path, _vectors: Path) -> None:
    with server(folder, "--no-auto") as port:
        for count in (1, 2):
            assert "2.01" in libcoap(folder, port, "ep=GW-0001&lt=300&lwm2m=1.1&b=U")
            assert len(wait_for(folder, "register", count)) == count
        assert wait_for(folder, "dtls.open")[0]["cipher"].startswith("PSK-AES") and events(folder, "register")[0]["identity"] == "gw-1"
        assert events(folder, "register")[0]["objects"] == ["/1/0", "/3/0"] and events(folder, "register")[0]["formats"] == [110]
        assert "4.03" in libcoap(folder, port, "ep=GW-0002&lt=300&lwm2m=1.1")
        assert "4.12" in libcoap(folder, port, "ep=GW-0001&lt=300&lwm2m=2.0")
        assert "4.00" in libcoap(folder, port, "ep=GW-0001&lwm2m=1.1")
        assert "4.00" in libcoap(folder, port, "ep=GW-0001&lt=300&lwm2m=1.1", payload=b"</0/0>,</1/0>,</3/0>")
        assert len(events(folder, "register")) == 2
    assert KEY not in (folder / "lwm2m-events.jsonl").read_text()


def test_dtls_wrong_key_and_unknown_identity(folder: Path, _vectors: Path) -> None:
    with server(folder, "--no-auto") as port:
        libcoap(folder, port, "ep=GW-0001&lt=300&lwm2m=1.1", key=KEY[::-1])
        assert "unknown PSK identity" in libcoap(folder, port, "ep=GW-0001&lt=300&lwm2m=1.1", user="nobody")
        assert not events(folder, "register") and not events(folder, "dtls.open")
        assert events(folder, "dtls.unknown-identity")


def test_requests_against_libcoap_server(folder: Path, _vectors: Path) -> None:
    port = free_port()

    async def run() -> None:
        faults: list[str] = []
        endpoint = Endpoint(lambda _p, _m: Message(ACK, coap.NOT_FOUND), lambda _p, text: faults.append(text))
        peer = await plain_peer(endpoint, port)
        big = bytes(i % 251 for i in range(3000))
        m = await endpoint.ask(peer, coap.PUT, "/blob", [(coap.CONTENT_FORMAT, coap.uint(42))], big)
        assert m.code in (coap.CREATED, coap.CHANGED), coap.code_text(m.code)
        m = await endpoint.ask(peer, coap.GET, "/blob")
        assert m.code == coap.CONTENT and m.payload == big
        heard: list[Message] = []
        m, o = await endpoint.observe(peer, "/time", [], heard.append)
        assert o is not None and m.payload
        await asyncio.sleep(2.5)
        assert len(heard) >= 2, "no notifications"
        m = await endpoint.cancel(peer, o)
        assert m.code == coap.CONTENT and m.number(coap.OBSERVE) is None
        before = len(heard)
        await asyncio.sleep(1.5)
        assert len(heard) == before and not faults, faults

    with subprocess.Popen(["coap-server-notls", "-A", "127.0.0.1", "-p", str(port), "-d", "10"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as p:
        try:
            time.sleep(0.3)
            asyncio.run(run())
        finally:
            p.terminate()


class _Peer(asyncio.DatagramProtocol):
    """A connected UDP socket as peer of an Endpoint."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint

    def connection_made(self, transport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, _address) -> None:
        self.endpoint.receive(self, data)

    def send(self, data: bytes) -> None:
        self.transport.sendto(data)


async def plain_peer(endpoint: Endpoint, port: int) -> _Peer:
    _, peer = await asyncio.get_running_loop().create_datagram_endpoint(lambda: _Peer(endpoint), remote_addr=("127.0.0.1", port))
    return peer


class Device:
    """Object 3 of a gateway: Read with TLV or text, Observe of /3/0/13."""

    def __init__(self) -> None:
        self.endpoint = Endpoint(self.request, lambda _p, text: self.faults.append(text))
        self.faults: list[str] = []
        self.observer: Message | None = None
        self.requests: list[str] = []
        self.sequence = 5

    def request(self, _peer, m: Message) -> Message:
        self.requests.append(f"{m.code} {m.path} {m.payload.decode()}")
        observe = m.number(coap.OBSERVE)
        text = [(coap.CONTENT_FORMAT, b"")]
        if m.path == "/3/0":
            return Message(ACK, coap.CONTENT, options=[(coap.CONTENT_FORMAT, coap.uint(11542))], payload=bytes.fromhex("c8000b4761746577617920496e63c40d000003e8"))
        if m.path == "/3/0/13" and observe == 0:
            self.observer = m
            return Message(ACK, coap.CONTENT, options=[(coap.OBSERVE, coap.uint(self.sequence)), *text], payload=b"1000")
        if m.path == "/3/0/13":
            self.observer = None if observe == 1 else self.observer
            return Message(ACK, coap.CONTENT, options=text, payload=b"1000")
        return Message(ACK, coap.CHANGED if m.path in ("/1/0/1", "/1/0/8") else coap.NOT_FOUND)

    def notify(self, peer, value: str) -> None:
        self.sequence += 1
        options = [(coap.OBSERVE, coap.uint(self.sequence)), (coap.CONTENT_FORMAT, b"")]
        peer.send(coap.encode(Message(coap.NON, coap.CONTENT, self.endpoint.mid(), self.observer.token, options, value.encode())))


def test_life_of_a_registration(folder: Path, _vectors: Path) -> None:
    async def control(command: dict) -> dict:
        return await asyncio.get_running_loop().run_in_executor(None, lwm2m_server.ask_control, folder / "lwm2m.ctl", command, 10)

    async def run(port: int) -> None:
        device = Device()
        peer = await plain_peer(device.endpoint, port)
        query = [(coap.URI_QUERY, q) for q in (b"ep=GW-0001", b"lt=60", b"lwm2m=1.1", b"b=U")]
        padding = b"".join(b",</3303/%d>" % i for i in range(150))  # needs Block1
        m = await device.endpoint.ask(peer, coap.POST, "/rd", [*query, (coap.CONTENT_FORMAT, b"\x28")], b"</1/0>,</3/0>" + padding)
        assert m.code == coap.CREATED and m.location.startswith("/rd/"), coap.code_text(m.code)
        location = m.location
        for _ in range(60):
            await asyncio.sleep(0.05)
            if device.observer:
                break
        device.notify(peer, "1001")
        for _ in range(60):
            await asyncio.sleep(0.05)
            if device.observer is None:
                break
        assert device.observer is None, "the server did not cancel"
        read = await control({"op": "read", "ep": "GW-0001", "path": "/3/0"})
        assert read["ok"] and read["value"] == {"0": "Gateway Inc", "13": 1000}, read
        assert (await control({"op": "write", "ep": "GW-0001", "path": "/1/0/1", "value": "120"}))["code"] == "2.04"
        assert (await control({"op": "execute", "ep": "GW-0001", "path": "/1/0/8"}))["code"] == "2.04"
        assert (await control({"op": "read", "ep": "GW-0001", "path": "/9/9"}))["code"] == "4.04"
        assert not (await control({"op": "read", "ep": "nobody", "path": "/3"}))["ok"]
        listed = (await control({"op": "list"}))["registrations"]
        assert len(listed) == 1 and len(listed[0]["objects"]) == 152
        assert "3 /1/0/1 120" in device.requests and "2 /1/0/8 " in device.requests
        m = await device.endpoint.ask(peer, coap.POST, location, [(coap.URI_QUERY, b"lt=1")])
        assert m.code == coap.CHANGED
        assert (await device.endpoint.ask(peer, coap.POST, "/rd/none", [])).code == coap.NOT_FOUND
        assert (await device.endpoint.ask(peer, coap.DELETE, location)).code == coap.DELETED
        assert (await device.endpoint.ask(peer, coap.DELETE, location)).code == coap.NOT_FOUND
        m = await device.endpoint.ask(peer, coap.POST, "/rd", [(coap.URI_QUERY, q) for q in (b"ep=short", b"lt=1", b"lwm2m=1.1")] + [(coap.CONTENT_FORMAT, b"\x28")], b"</1/0>,</3/0>")
        assert m.code == coap.CREATED and not device.faults, device.faults
        await asyncio.sleep(3.5)

    with server(folder, "--nosec", "--cancel-after", "1") as port:
        asyncio.run(run(port))
    assert events(folder, "read")[0]["value"] == {"0": "Gateway Inc", "13": 1000} and events(folder, "read")[1]["value"] == "1000"
    assert [e["value"] for e in events(folder, "notify")] == ["1001"] and events(folder, "cancel") and events(folder, "observe")[0]["ok"]
    for name in ("register", "update", "deregister", "expired"):
        assert events(folder, name), name
    assert not [v for v in events(folder, "violation")], events(folder, "violation")


def test_box_with_dns(folder: Path, _vectors: Path) -> None:
    box = [sys.executable, HERE / "box.py"]
    dns_port, dm_port = free_port(), free_port(socket.SOCK_STREAM)
    up = [*box, "up", "--dir", folder, "--netns", "none", "--dm-addr", "127.0.0.1", "--dm-port", str(dm_port), "--lwm2m-addr", "127.0.0.1", "--lwm2m-port",
          str(free_port()), "--dns-addr", "127.0.0.1", "--dns-port", str(dns_port), "--host", "lwm2m.operator.example=2001:db8::20"]
    try:
        done = subprocess.run(up, capture_output=True, text=True, check=False)
        assert done.returncode == 0 and done.stdout.count("listening on 127.0.0.1") == 3, done.stdout + done.stderr
        assert dns.ask("127.0.0.1", "dm.operator.example", port=dns_port) == ["127.0.0.1"]
        assert dns.ask("127.0.0.1", "lwm2m.operator.example", dns.AAAA, dns_port) == ["2001:db8::20"]
        try:
            dns.ask("127.0.0.1", "elsewhere.example", port=dns_port)
            raise AssertionError("a name that is not the operator's was answered")
        except Refused:
            pass
        with socket.create_connection(("127.0.0.1", dm_port), timeout=5):
            pass
        again = subprocess.run(up, capture_output=True, text=True, check=False)
        assert again.returncode == 1 and "already up" in again.stderr
        assert subprocess.run([*box, "status", "--dir", folder], capture_output=True, check=False).returncode == 0
    finally:
        subprocess.run([*box, "down", "--dir", folder], capture_output=True, check=False)
    assert subprocess.run([*box, "status", "--dir", folder], capture_output=True, check=False).returncode == 1
