#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The DM server of the operator: HTTPS (TLS >= 1.2), one strict DM 1.2 session a client, provisioning by dm_script, faults on demand.

Owns DIR/dm-events.jsonl (all that it sees) and DIR/dm-fault (the fault in force, may be changed while it runs). Never writes credentials, nonces, keys or
packages to the log.
"""
from __future__ import annotations

import argparse
import http.server
import signal
import socket
import ssl
import sys
import threading
import time
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import accounts
import dm_script
import syncml
from common import EventLog, Refused, run_program, write_file
from dm_session import SERVER_MAX_MSG, Options, Session, SessionError

CONTENT_TYPE = "application/vnd.syncml.dm+wbxml"
SESSION_FAULTS = {
    "wrong-digest": "the server's own digest is wrong", "close-in-middle": "the TCP connection is closed instead of answering message --fault-at",
    "hang-in-middle": "message --fault-at is taken and never answered",
    "incomplete-account": "the LwM2M account comes without Key", "mid-replay": "the package of an earlier session comes again",
} | {"mid-" + f: t for f, t in dm_script.mid.FAULTS.items()}
MIDDLE = {"close-in-middle": ConnectionAbortedError, "hang-in-middle": TimeoutError}
FAULTS = {"wrong-cert": "certificate of another root", "silent": "requests are read and never answered"} | SESSION_FAULTS
SESSION_AGE = 300


class Faults:
    """The fault in force: DIR/dm-fault, "" if none; once: it ends with its first effect."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "dm-fault"

    def get(self) -> tuple[str, int, bool]:
        words = self.path.read_text().split() if self.path.exists() else []
        return (words[0], int(words[1]), words[2] == "once") if len(words) == 3 else ("", 0, False)

    def set(self, name: str, at: int = 3, once: bool = False) -> None:
        if name and name not in FAULTS:
            raise Refused(f"unknown fault {name}")
        write_file(self.path, f"{name} {at} {'once' if once else 'always'}\n".encode() if name else b"")

    def used(self) -> None:
        if self.get()[2]:
            self.set("")


class DmServer:
    """All sessions; transport-free: handle() takes a body and gives the answer."""

    def __init__(self, directory: Path, log: EventLog, plan: dm_script.Plan, options: Options) -> None:
        self.directory, self.log, self.plan, self.options = directory, log, plan, options
        self.faults = Faults(directory)
        self.sessions: dict[tuple[str, str], tuple[Session, float]] = {}
        self.lock = threading.Lock()

    def new_session(self) -> Session:
        name = self.faults.get()[0]
        plan = dm_script.Plan(**{**vars(self.plan), "fault": name if name in SESSION_FAULTS else ""})
        options = Options(**{**vars(self.options), "wrong_digest": name == "wrong-digest"})
        return Session(self.log, partial(accounts.load, self.directory), partial(accounts.save, self.directory), partial(dm_script.choose, plan), options)

    def session_for(self, body: bytes) -> Session:
        try:
            root = syncml.decode(body)
        except syncml.Malformed as e:
            self.log("violation", faults=[f"WBXML: {e}"])
            raise SessionError(400, f"WBXML: {e}") from None
        key = (root.text("SyncHdr/SessionID"), root.text("SyncHdr/Source/LocURI"))
        now = time.monotonic()
        self.sessions = {k: v for k, v in self.sessions.items() if now - v[1] < SESSION_AGE}
        known = self.sessions.get(key)
        if root.text("SyncHdr/MsgID") == "1" and not (known and known[0].last and known[0].last[0] == body):
            if known and not known[0].done:
                known[0].log("session.abandoned")
            known = (self.new_session(), now)
        if known is None:
            self.log("violation", faults=["first message of a session is not MsgID 1"])
            raise SessionError(400, "unknown session")
        self.sessions[key] = (known[0], now)
        return known[0]

    def handle(self, body: bytes, hmac: str | None) -> tuple[bytes, dict[str, str]]:
        """The answer, or SessionError. Raises ConnectionAbortedError for the fault close-in-middle, TimeoutError for hang-in-middle."""
        with self.lock:
            session = self.session_for(body)
            try:
                answer = session.receive(body, hmac)
            except SessionError as e:
                session.done = True
                session.log("session.end", result="failed", reason=str(e))
                raise
            name, at, _ = self.faults.get()
            if name in MIDDLE and session.client_msg == at:
                session.log("fault", fault=name, msg=at)
                self.faults.used()
                raise MIDDLE[name]
            if session.done and name in SESSION_FAULTS:
                self.faults.used()
            return answer


class Handler(http.server.BaseHTTPRequestHandler):
    disable_nagle_algorithm = True                        # head and body are two writes: without it the client waits for a delayed ACK
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "operator-dm", ""
    timeout = 60

    def log_message(self, *_args) -> None:
        """Events go to the event log."""

    def refuse(self, status: int, reason: str) -> None:
        self.close_connection = True
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.send_header("Connection", "close")
        self.end_headers()
        self.server.dm.log("http.refused", status=status, reason=reason, peer=self.client_address[0])

    def wrong_request(self) -> tuple[int, str] | None:
        kind = self.headers.get("Content-Type", "")
        length = self.headers.get("Content-Length", "")
        if self.path not in self.server.paths:
            return 404, f"path {self.path}"
        if kind.split(";")[0].strip().lower() != CONTENT_TYPE:
            return 415, f"Content-Type {kind!r}"
        if not length.isdigit():
            return 411, "no Content-Length"
        if int(length) > SERVER_MAX_MSG:
            return 413, f"{length} octets"
        return None

    def do_POST(self) -> None:  # noqa: N802 - name given by http.server
        wrong = self.wrong_request()
        if wrong:
            self.refuse(*wrong)
            return
        body = self.rfile.read(int(self.headers["Content-Length"]))
        dm = self.server.dm
        if dm.faults.get()[0] == "silent":
            dm.log("fault", fault="silent", peer=self.client_address[0])
            dm.faults.used()
            self.wait_for_close()
            return
        try:
            answer, headers = dm.handle(body, self.headers.get("x-syncml-hmac"))
        except SessionError as e:
            self.refuse(e.status, str(e))
            return
        except ConnectionAbortedError:
            self.close_connection = True
            self.connection.close()
            return
        except TimeoutError:
            self.wait_for_close()
            return
        self.send_response(200)
        for name, value in {"Content-Type": CONTENT_TYPE, "Content-Length": str(len(answer)), "Cache-Control": "no-store", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer)

    def wait_for_close(self) -> None:
        self.close_connection = True
        self.connection.settimeout(300)
        try:
            while self.connection.recv(1024):
                pass
        except OSError:
            pass


class HttpsServer(http.server.ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], dm: DmServer, folder: Path, name: str, paths: set[str]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.dm, self.paths = dm, paths
        self.contexts = {kind: self.context(folder / f"{name}{suffix}") for kind, suffix in (("right", ""), ("wrong-cert", ".rogue"))}
        super().__init__(address, Handler)

    @staticmethod
    def context(stem: Path) -> ssl.SSLContext:
        c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        c.minimum_version = ssl.TLSVersion.TLSv1_2
        c.load_cert_chain(f"{stem}.pem", f"{stem}.key")
        return c

    def finish_request(self, request: socket.socket, client_address) -> None:
        """The handshake runs in the connection's own thread."""
        name = self.dm.faults.get()[0]
        kind = name if name == "wrong-cert" else "right"
        request.settimeout(20)
        self.dm.log("tcp", peer=client_address[0])
        try:
            if kind != "right":
                self.dm.log("fault", fault=kind, peer=client_address[0])
                self.dm.faults.used()
            tls = self.contexts[kind].wrap_socket(request, server_side=True)
        except (ssl.SSLError, OSError) as e:
            self.dm.log("tls.failed", peer=client_address[0], reason=str(e))
            return
        self.dm.log("tls", peer=client_address[0], version=tls.version(), cipher=tls.cipher()[0])
        try:
            super().finish_request(tls, client_address)
        finally:
            self.close_tls(tls)

    @staticmethod
    def close_tls(tls: ssl.SSLSocket) -> None:
        try:
            tls.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        tls.close()

    def handle_error(self, request, client_address) -> None:
        error = sys.exc_info()[1]
        self.dm.log("http.error", peer=client_address[0], error=f"{type(error).__name__}: {error}")


def run(a: argparse.Namespace) -> None:
    log = EventLog(a.dir / "dm-events.jsonl", a.verbose)
    acl = [tuple(entry.split(":", 1)) for entry in a.acl] if a.acl else None
    keys = dict(zip(("k", "opc", "amf"), map(bytes.fromhex, a.keys.split(":")))) if a.keys else None
    plan = dm_script.Plan(a.dir, a.lwm2m_uri, a.lifetime, a.endpoint, a.short_server_id, no_mid=a.no_mid, acl=acl, min_backend=a.min_backend, form=a.evidence,
                          ocsp=a.ocsp, impus=a.impu, keys=keys, issuer=a.issuer, iccid=a.iccid, new_key=a.new_key)
    paths, resp = {a.path}, ""
    if a.resp_uri:
        resp = f"https://{a.name}{'' if a.port == 443 else f':{a.port}'}/session/1"
        paths.add(urlsplit(resp).path)
    options = Options(not a.lenient, a.chunk, a.final_chunks, a.challenge_first, resp)
    dm = DmServer(a.dir, log, plan, options)
    dm.faults.set(a.fault or "", a.fault_at, a.fault_once)
    server = HttpsServer((a.addr, a.port), dm, a.dir / "servers", a.name, paths)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    log("listening", addr=a.addr, port=server.server_address[1])
    print(f"dm-server listening on {a.addr}:{server.server_address[1]}", flush=True)
    server.serve_forever()


def arguments() -> argparse.Namespace:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    sub = p.add_subparsers(dest="verb", required=True)
    names = "; ".join(f"{n} ({t})" for n, t in FAULTS.items())
    v = sub.add_parser("run", help="serve until SIGTERM", epilog="faults: " + names)
    v.add_argument("--dir", type=Path, required=True)
    v.add_argument("--addr", default="127.0.0.1")
    v.add_argument("--port", type=int, default=443)
    v.add_argument("--name", default="dm.operator.example", help="DIR/servers/NAME.pem is the certificate (`factory.py server`)")
    v.add_argument("--path", default="/dm")
    v.add_argument("--lwm2m-uri", default="coaps://lwm2m.operator.example:5684")
    v.add_argument("--lifetime", type=int, default=300, help="of the LwM2M account")
    v.add_argument("--endpoint", default="", help="Endpoint leaf (default: none, the gateway id is used)")
    v.add_argument("--short-server-id", type=int, default=101)
    v.add_argument("--min-backend", choices=sorted(dm_script.mid.BACKENDS), default="software", help="what MIDs demand of the TRE")
    v.add_argument("--evidence", choices=sorted(dm_script.pva.FORMS), default="semi-autonomous", help="form that the PVA asks for")
    v.add_argument("--ocsp", default="", metavar="URL", help="the PVA asks this responder for the status of the device's certificate")
    v.add_argument("--no-mid", action="store_true", help="accounts only")
    v.add_argument("--acl", action="append", metavar="USER:OPERATIONS", help="ACL of MIDs, may be repeated")
    v.add_argument("--impu", action="append", metavar="URI", help="MIDs are ISIMs with this public identity, may be repeated")
    v.add_argument("--keys", metavar="K:OPC:AMF", help="of MIDs, hex (default: random)")
    v.add_argument("--issuer", default=dm_script.mid.ISSUER, help="of MIDs (`factory.py issuer`; default %(default)s)")
    v.add_argument("--iccid", default="", metavar="DIGITS", help="of MIDs (default: they have none)")
    v.add_argument("--new-key", action="store_true", help="an updated platform is certified for another key, which the former one vouches for")
    v.add_argument("--chunk", type=int, default=2000, help="octets of a large object in one message")
    v.add_argument("--final-chunks", action="store_true", help="Final in messages with MoreData; no Alert 1222 is expected")
    v.add_argument("--challenge-first", action="store_true", help="the first credentials of a session are always refused with a challenge")
    v.add_argument("--resp-uri", action="store_true", help="redirect the session with RespURI")
    v.add_argument("--lenient", action="store_true", help="log violations and go on (default: HTTP 400, session over)")
    v.add_argument("--fault", choices=sorted(FAULTS), metavar="FAULT")
    v.add_argument("--fault-at", type=int, default=3, help="message of close-in-middle, hang-in-middle")
    v.add_argument("--fault-once", action="store_true")
    v.add_argument("--verbose", action="store_true", help="events on stdout too")
    v = sub.add_parser("fault", help="change the fault of a running server", epilog="faults: " + names)
    v.add_argument("--dir", type=Path, required=True)
    v.add_argument("--at", type=int, default=3)
    v.add_argument("--once", action="store_true")
    v.add_argument("name", choices=["none", *sorted(FAULTS)], metavar="FAULT")
    return p.parse_args()


def main() -> None:
    a = arguments()
    if a.verb == "run":
        run(a)
    else:
        Faults(a.dir).set("" if a.name == "none" else a.name, a.at, a.once)


if __name__ == "__main__":
    run_program(main)
