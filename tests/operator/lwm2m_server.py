#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The LwM2M 1.1 server of the operator: registration interface, management and reporting over CoAP, with DTLS 1.2 PSK (or none), with certificates over TLS too.

Owns DIR/lwm2m-events.jsonl and the control socket DIR/lwm2m.ctl. Keys come from DIR/psk.json (identity: {"key": hex, "endpoint": name}), which dm_server.py
writes; it is read anew at each handshake. Keys are never logged.
"""
from __future__ import annotations

import argparse
import asyncio
import json
import re
import secrets
import signal
import socket
import time
from dataclasses import dataclass, field
from pathlib import Path

import bsf
import coap
import coap_tls
import lwm2m_data
from aka import kdf
from coap import ACK, Message
from coap_endpoint import Endpoint, NoAnswer, Observation
from common import EventLog, Refused, load_json, run_program
from dtls import DtlsServer
from lwm2m_bootstrap import Bootstrap

LIFETIME, VERSIONS = 86400, ("1.0", "1.1", "1.2")
NAF_IDENTITY = "3GPP-bootstrapping;"
PARAMETERS = {"ep", "lt", "lwm2m", "b", "Q", "sms", "pid"}
MARGIN = 1.0


@dataclass
class Registration:
    endpoint: str
    location: str
    peer: object
    lifetime: int
    version: str
    binding: str
    objects: list[str]
    formats: list[int]
    identity: str = ""
    seen: float = field(default_factory=time.monotonic)
    observations: dict[str, Observation] = field(default_factory=dict)

    def public(self) -> dict:
        return {"ep": self.endpoint, "location": self.location, "lt": self.lifetime, "lwm2m": self.version, "b": self.binding, "objects": self.objects,
                "identity": self.identity, "observed": sorted(self.observations), "peer": repr(self.peer)}


class PlainPeer:
    """A peer without security; one object an address."""
    identity = ""

    def __init__(self, transport: asyncio.DatagramTransport, address) -> None:
        self.transport, self.address = transport, address

    def send(self, data: bytes) -> None:
        self.transport.sendto(data, self.address)

    def __repr__(self) -> str:
        return f"{self.address[0]}:{self.address[1]}"


class Rejected(Exception):
    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Lwm2mServer:
    def __init__(self, a: argparse.Namespace, log: EventLog) -> None:
        self.a, self.log = a, log
        self.endpoint = Endpoint(self.request, lambda peer, text: self.log("violation", peer=repr(peer), fault=text))
        self.registrations: dict[str, Registration] = {}  # by endpoint name
        self.tasks: set[asyncio.Task] = set()
        self.bootstrap = Bootstrap(a.dir, self.endpoint, log, self.spawn)

    def spawn(self, coroutine) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self.tasks.add(task)
        task.add_done_callback(self.finished)

    def finished(self, task: asyncio.Task) -> None:
        self.tasks.discard(task)
        if not task.cancelled() and task.exception():
            self.log("error", error=f"{type(task.exception()).__name__}: {task.exception()}")

    def psk(self) -> dict:
        return load_json(self.a.dir / "psk.json", {})

    def naf_key(self, btid: str) -> bytes | None:
        """As a NAF of GBA: DIR/naf.json names it and its Ua protocol; the key comes from the BSF (Zn), until the B-TID ends."""
        naf = load_json(self.a.dir / "naf.json", {})
        try:
            return bsf.key(self.a.dir, btid, kdf.naf_id(naf["name"], bytes.fromhex(naf["ua"])))
        except (KeyError, Refused):
            return None

    def certificates(self) -> tuple | None:
        """Beside keys, once DIR/dtls.json names them: the server's certificate (of DIR/servers) and the root (of DIR/ca) of its clients."""
        names = load_json(self.a.dir / "dtls.json", {})
        stem = self.a.dir / "servers" / names.get("server", "")
        return (f"{stem}.pem", f"{stem}.key", self.a.dir / "ca" / f"{names['roots']}.pem") if names else None

    def key(self, identity: str) -> bytes | None:
        if identity.startswith(NAF_IDENTITY):
            return self.naf_key(identity.removeprefix(NAF_IDENTITY))
        entry = self.psk().get(identity)
        return bytes.fromhex(entry["key"]) if entry else None

    # --- registration interface (LwM2M 1.1, 6.2) --------------------------------------------------

    def request(self, peer, m: Message) -> Message | None:
        segments = [s for s in m.path.split("/") if s]
        try:
            if segments[:1] == ["rd"] and len(segments) <= 2:
                return self.rd(peer, m, m.path if len(segments) == 2 else "")
            if segments == ["bs"]:
                return self.bootstrap.request(peer, m)
            if segments == ["dp"]:
                return self.send_operation(peer, m)
            if segments[:1] == ["files"] and len(segments) == 2 and m.code == coap.GET:
                return self.file(peer, m, segments[1])
            raise Rejected(coap.NOT_FOUND, f"{m.path} is not here")
        except Rejected as e:
            self.log("refused", peer=repr(peer), code=coap.code_text(e.code), reason=str(e), path=m.path)
            return Message(ACK, e.code)

    def file(self, peer, m: Message, name: str) -> Message | None:
        """A block of DIR/files/NAME (RFC 7959, 2.4); of the first alone while there is a file NAME.hold."""
        path = self.a.dir / "files" / name
        if not path.is_file():
            raise Rejected(coap.NOT_FOUND, f"{m.path} is not here")
        number, _, size = m.block(coap.BLOCK2) or (0, False, 1024)
        data = path.read_bytes()
        if number == 0:
            self.log("file", name=name, identity=peer.identity, peer=repr(peer))
        elif path.with_name(f"{name}.hold").exists():
            return None
        more = (number + 1) * size < len(data)
        return Message(ACK, coap.CONTENT, options=[(coap.BLOCK2, coap.block_value(number, more, size))], payload=data[number * size:(number + 1) * size])

    def rd(self, peer, m: Message, location: str) -> Message:
        if m.code == coap.POST:
            return self.update(peer, m, location) if location else self.register(peer, m)
        if m.code == coap.DELETE and location:
            return self.deregister(peer, location)
        raise Rejected(coap.NOT_ALLOWED, f"method {m.code} on {m.path}")

    def parameters(self, m: Message) -> dict[str, str]:
        out: dict[str, str] = {}
        for q in m.query:
            name, eq, value = q.partition("=")
            if name not in PARAMETERS or name in out or (name == "Q") == bool(eq):
                raise Rejected(coap.BAD_REQUEST, f"parameter {q!r}")
            out[name] = value
        if "lt" in out and not re.fullmatch(r"[1-9][0-9]{0,9}", out["lt"]):
            raise Rejected(coap.BAD_REQUEST, "lt is no number")
        if "b" in out and not re.fullmatch(r"[UMHTSN]+Q?S?", out["b"]):
            raise Rejected(coap.BAD_REQUEST, f"binding {out['b']!r}")
        return out

    @staticmethod
    def object_list(m: Message) -> tuple[list[str], list[int]]:
        if m.number(coap.CONTENT_FORMAT) != lwm2m_data.LINKS:
            raise Rejected(coap.BAD_FORMAT, "payload is not application/link-format")
        try:
            links = lwm2m_data.split_links(m.payload)
        except ValueError as e:
            raise Rejected(coap.BAD_REQUEST, str(e)) from None
        formats = [int(f) for target, a in links if target == "/" for f in a.get("ct", "").split() if f.isdigit()]
        objects = [target for target, _ in links if target != "/"]
        strange = [o for o in objects if not re.fullmatch(r"/[0-9]{1,5}(/[0-9]{1,5})?", o)]
        if strange or len(set(objects)) != len(objects):
            raise Rejected(coap.BAD_REQUEST, f"object list: {strange or 'an entry twice'}")
        ids = {o.split("/")[1] for o in objects}
        if ids & {"0", "21", "23"}:
            raise Rejected(coap.BAD_REQUEST, "object list names a security object")
        if not {"1", "3"} <= ids:
            raise Rejected(coap.BAD_REQUEST, "object list without 1 or 3")
        return objects, formats

    def register(self, peer, m: Message) -> Message:
        p = self.parameters(m)
        if "lwm2m" not in p or "lt" not in p:
            raise Rejected(coap.BAD_REQUEST, "lwm2m and lt are mandatory")
        if p["lwm2m"] not in VERSIONS:
            raise Rejected(coap.PRECONDITION, f"version {p['lwm2m']}")
        objects, formats = self.object_list(m)
        allowed = self.psk().get(peer.identity, {}).get("endpoint", "") if peer.identity else ""
        name = p.get("ep") or allowed
        if not name:
            raise Rejected(coap.BAD_REQUEST, "no endpoint name")
        if allowed and name != allowed:
            raise Rejected(coap.FORBIDDEN, f"endpoint {name} with the identity of {allowed}")
        self.drop(name)
        r = Registration(name, f"/rd/{secrets.token_hex(4)}", peer, int(p["lt"]), p["lwm2m"], p.get("b", "U"), objects, formats, peer.identity)
        self.registrations[name] = r
        self.log("register", **{k: v for k, v in r.public().items() if k != "observed"}, formats=formats)
        if not self.a.no_auto:
            self.spawn(self.inspect(r))
        return Message(ACK, coap.CREATED, options=[(coap.LOCATION_PATH, s.encode()) for s in r.location.split("/")[1:]])

    def by_location(self, location: str) -> Registration:
        for r in self.registrations.values():
            if r.location == location:
                return r
        raise Rejected(coap.NOT_FOUND, "no such registration")

    def update(self, peer, m: Message, location: str) -> Message:
        r, p = self.by_location(location), self.parameters(m)
        if r.identity != peer.identity:
            raise Rejected(coap.BAD_REQUEST, "registration of another identity")
        if set(p) & {"ep", "lwm2m"}:
            raise Rejected(coap.BAD_REQUEST, "ep or lwm2m in an Update")
        if m.payload:
            r.objects, r.formats = self.object_list(m)
        r.lifetime, r.binding = int(p.get("lt", r.lifetime)), p.get("b", r.binding)
        self.endpoint.moved(r.peer, peer)
        r.seen, r.peer = time.monotonic(), peer
        self.log("update", ep=r.endpoint, changed=sorted(p), objects=r.objects if m.payload else None)
        return Message(ACK, coap.CHANGED)

    def deregister(self, peer, location: str) -> Message:
        r = self.by_location(location)
        if r.identity != peer.identity:
            raise Rejected(coap.BAD_REQUEST, "registration of another identity")
        self.log("deregister", ep=r.endpoint)
        self.drop(r.endpoint)
        return Message(ACK, coap.DELETED)

    def send_operation(self, peer, m: Message) -> Message:
        r = next((r for r in self.registrations.values() if r.peer is peer), None)
        if r is None or m.code != coap.POST:
            raise Rejected(coap.BAD_REQUEST, "Send without registration")
        self.log("send", ep=r.endpoint, **self.content(m))
        return Message(ACK, coap.CHANGED)

    def drop(self, name: str) -> None:
        """The registration and its observations end (LwM2M 1.1, 6.4.1)."""
        r = self.registrations.pop(name, None)
        if r:
            for o in r.observations.values():
                self.endpoint.observations.pop((id(r.peer), o.token), None)

    async def expire(self) -> None:
        while True:
            await asyncio.sleep(MARGIN)
            for r in list(self.registrations.values()):
                if time.monotonic() - r.seen > r.lifetime + MARGIN:
                    self.log("expired", ep=r.endpoint)
                    self.drop(r.endpoint)

    # --- management and reporting -----------------------------------------------------------------

    def content(self, m: Message, path: str = "") -> dict:
        kind = m.number(coap.CONTENT_FORMAT)
        out = {"format": kind, "octets": len(m.payload)}
        if not m.payload:
            return out
        try:
            out["value"] = lwm2m_data.describe(kind, m.payload, path)
        except ValueError as e:
            self.log("violation", fault=f"payload of {path}: {e}")
            out["malformed"] = str(e)
        return out

    def accept(self, r: Registration, wanted: int | None = None) -> list[tuple[int, bytes]]:
        if wanted is None:
            wanted = next((f for f in (lwm2m_data.SENML_CBOR, lwm2m_data.SENML_JSON) if f in r.formats), lwm2m_data.TLV)
        return [(coap.ACCEPT, coap.uint(wanted))] if wanted >= 0 else []

    async def operation(self, r: Registration, name: str, code: int, path: str, options: list | None = None, payload: bytes = b"") -> dict:
        try:
            m = await self.endpoint.ask(r.peer, code, path, options, payload)
        except NoAnswer as e:
            self.log(name, ep=r.endpoint, path=path, error=str(e))
            return {"ok": False, "error": str(e)}
        out = {"ok": m.code >> 5 == 2, "code": coap.code_text(m.code), **self.content(m, path)}
        if m.all(coap.LOCATION_PATH):
            out["location"] = m.location
        self.log(name, ep=r.endpoint, path=path, **{k: v for k, v in out.items() if k != "ok"})
        return out

    async def read(self, r: Registration, path: str, accept: int | None = None) -> dict:
        out = await self.operation(r, "read", coap.GET, path, self.accept(r, accept))
        if out["ok"] and accept is None and out.get("format") not in (None, 0) and self.accept(r) != [(coap.ACCEPT, coap.uint(out["format"]))]:
            self.log("violation", ep=r.endpoint, fault=f"format {out['format']} was not accepted")
        return out

    async def observe(self, r: Registration, path: str, accept: int | None = None) -> dict:
        if path in r.observations:
            return {"ok": False, "error": "observed already"}

        def notify(m: Message) -> None:
            self.log("notify", ep=r.endpoint, path=path, code=coap.code_text(m.code), observe=m.number(coap.OBSERVE), **self.content(m, path))

        try:
            m, o = await self.endpoint.observe(r.peer, path, self.accept(r, accept), notify)
        except NoAnswer as e:
            return {"ok": False, "error": str(e)}
        out = {"ok": o is not None, "code": coap.code_text(m.code), **self.content(m, path)}
        if o:
            r.observations[path] = o
        self.log("observe", ep=r.endpoint, path=path, **out)
        return out

    async def cancel(self, r: Registration, path: str) -> dict:
        o = r.observations.pop(path, None)
        if o is None:
            return {"ok": False, "error": "not observed"}
        try:
            m = await self.endpoint.cancel(r.peer, o)
        except NoAnswer as e:
            return {"ok": False, "error": str(e)}
        if m.number(coap.OBSERVE) is not None:
            self.log("violation", ep=r.endpoint, fault="answer to a cancel carries Observe")
        out = {"ok": m.code >> 5 == 2, "code": coap.code_text(m.code), **self.content(m, path)}
        self.log("cancel", ep=r.endpoint, path=path, code=out["code"])
        return out

    async def inspect(self, r: Registration) -> None:
        """What the server does with every new registration."""
        await asyncio.sleep(0.2)
        await self.read(r, "/3/0")
        await self.read(r, "/3/0/13", -1)
        first = await self.observe(r, "/3/0/13", -1)
        if first["ok"] and self.a.cancel_after > 0:
            await asyncio.sleep(self.a.cancel_after)
            if self.registrations.get(r.endpoint) is r and "/3/0/13" in r.observations:
                await self.cancel(r, "/3/0/13")

    # --- control ----------------------------------------------------------------------------------

    async def control(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            try:
                answer = await self.command(json.loads(line))
            except (ValueError, KeyError, TypeError, Refused) as e:
                answer = {"ok": False, "error": f"{type(e).__name__}: {e}"}
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()
        writer.close()

    async def command(self, c: dict) -> dict:
        if c["op"] == "list":
            return {"ok": True, "registrations": [r.public() for r in self.registrations.values()]}
        r = self.registrations.get(c["ep"])
        if r is None:
            return {"ok": False, "error": f"{c['ep']} is not registered"}
        op, path, accept = c["op"], c["path"], c.get("accept")
        if op == "read":
            return await self.read(r, path, accept)
        if op == "discover":
            return await self.operation(r, op, coap.GET, path, self.accept(r, lwm2m_data.LINKS))
        if op == "observe":
            return await self.observe(r, path, accept)
        if op == "cancel":
            return await self.cancel(r, path)
        payload = bytes.fromhex(c["hex"]) if "hex" in c else str(c.get("value", "")).encode()
        kind = [(coap.CONTENT_FORMAT, coap.uint(c.get("format", lwm2m_data.TEXT)))] if payload else []
        methods = {"write": coap.PUT, "update": coap.POST, "execute": coap.POST, "create": coap.POST, "delete": coap.DELETE}
        if op == "attributes":
            return await self.operation(r, op, coap.PUT, path, [(coap.URI_QUERY, q.encode()) for q in c["query"]])
        if op not in methods:
            return {"ok": False, "error": f"op {op}"}
        return await self.operation(r, op, methods[op], path, kind, payload)


class SecureSocket(asyncio.DatagramProtocol):
    """UDP with DTLS."""

    def __init__(self, server: Lwm2mServer) -> None:
        self.server = server
        self.dtls = DtlsServer(self.transmit, server.key, self.opened, server.endpoint.receive, server.endpoint.forget, server.log,
                               certificates=server.certificates, sessions=lambda: (server.a.dir / "dtls-sessions").exists())

    def connection_made(self, transport) -> None:
        self.transport = transport

    def transmit(self, datagram: bytes, address) -> None:
        self.transport.sendto(datagram, address)

    def opened(self, connection, old) -> None:
        if old:
            self.server.endpoint.forget(old)

    def datagram_received(self, data: bytes, address) -> None:
        self.dtls.feed(data, address)

    async def tick(self) -> None:
        while True:
            await asyncio.sleep(0.5)
            self.dtls.tick()


class PlainSocket(asyncio.DatagramProtocol):
    def __init__(self, server: Lwm2mServer) -> None:
        self.server, self.peers = server, {}

    def connection_made(self, transport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, address) -> None:
        peer = self.peers.setdefault(address, PlainPeer(self.transport, address))
        self.server.endpoint.receive(peer, data)


async def serve(a: argparse.Namespace) -> None:
    log = EventLog(a.dir / "lwm2m-events.jsonl", a.verbose)
    server = Lwm2mServer(a, log)
    loop = asyncio.get_running_loop()
    make = PlainSocket if a.nosec else SecureSocket
    transport, protocol = await loop.create_datagram_endpoint(lambda: make(server), local_addr=(a.addr, a.port))
    if not a.nosec:
        server.spawn(protocol.tick())
    if not a.nosec and a.port:
        await coap_tls.listen(server.endpoint, server.certificates, server.key, log, a.addr, a.port)
    server.spawn(server.expire())
    path = a.dir / "lwm2m.ctl"
    path.unlink(missing_ok=True)
    control = await asyncio.start_unix_server(server.control, path, limit=1 << 20)
    path.chmod(0o600)
    port = transport.get_extra_info("sockname")[1]
    log("listening", addr=a.addr, port=port, security="nosec" if a.nosec else "psk")
    print(f"lwm2m-server listening on {a.addr}:{port}", flush=True)
    stop = asyncio.Event()
    for s in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(s, stop.set)
    await stop.wait()
    control.close()
    transport.close()


def ask_control(path: Path, command: dict, timeout: float = 120) -> dict:
    """One command to a running server."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(timeout)
        s.connect(str(path))
        s.sendall(json.dumps(command).encode() + b"\n")
        return json.loads(s.makefile().readline())


def arguments() -> argparse.Namespace:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    sub = p.add_subparsers(dest="verb", required=True)
    v = sub.add_parser("run", help="serve until SIGTERM")
    v.add_argument("--dir", type=Path, required=True)
    v.add_argument("--addr", default="127.0.0.1")
    v.add_argument("--port", type=int, default=5684)
    v.add_argument("--nosec", action="store_true", help="plain CoAP (give --port 5683)")
    v.add_argument("--no-auto", action="store_true", help="do nothing by itself after a Register")
    v.add_argument("--cancel-after", type=float, default=10, help="seconds until the automatic observation of /3/0/13 is cancelled; 0: never")
    v.add_argument("--verbose", action="store_true")
    v = sub.add_parser("ctl", help="one command to a running server; its answer as JSON, status 1 if not ok",
                       epilog="op: list, read, discover, observe, cancel, write (PUT), update (POST), execute, create, delete, attributes. "
                              "On the socket: one JSON object a line, e.g. {\"op\":\"read\",\"ep\":\"GW-0001\",\"path\":\"/3/0\",\"accept\":11542}")
    v.add_argument("--dir", type=Path, required=True)
    v.add_argument("op")
    v.add_argument("ep", nargs="?")
    v.add_argument("path", nargs="?", default="/")
    v.add_argument("--value", help="payload text of write and execute")
    v.add_argument("--hex", help="payload octets")
    v.add_argument("--format", type=int, help="content format of the payload (default 0, text)")
    v.add_argument("--accept", type=int, help="Accept (default: what the client announced, else TLV; -1: none)")
    v.add_argument("--query", action="append", help="of attributes, e.g. pmin=10")
    return p.parse_args()


def main() -> int | None:
    a = arguments()
    if a.verb == "run":
        asyncio.run(serve(a))
        return None
    command = {k: v for k, v in vars(a).items() if v is not None and k not in ("verb", "dir")}
    answer = ask_control(a.dir / "lwm2m.ctl", command)
    print(json.dumps(answer))
    return 0 if answer.get("ok") else 1


if __name__ == "__main__":
    run_program(main)
