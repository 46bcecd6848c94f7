# SPDX-License-Identifier: Apache-2.0
"""One DM 1.2 session, server side, without transport: octets of a message in, octets of the answer out.

Owns mutual authentication (basic, md5, HMAC), message and command numbers, large objects, and drives a script: a generator that yields lists of
commands and gets back the list of Waiting (status, results) and the client's alerts. It promises to send no command before the client is
authenticated, and to go on only when the client has authenticated the server. Nothing secret reaches the event log.
"""
from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Callable, Generator
from dataclasses import dataclass, field

import accounts
import syncml
from common import EventLog, b64
from dm_check import Pedant, Waiting, dtd
from oma import dm
from syncml import N, Node

SERVER_MAX_MSG = 16384
MARGIN = 700  # octets of a message beside the data of a chunk


class SessionError(Exception):
    """The session ends here; status: of the HTTP answer."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Stop(Exception):
    """Raised by a script: the session ends (with Status and Final) for this reason."""


@dataclass
class Reply:
    answers: list[Waiting]
    alerts: list[Node]


Script = Generator[list[Node], Reply, None]


@dataclass
class Options:
    strict: bool = True
    chunk: int = 2000
    final_chunks: bool = False   # Final in messages with MoreData, no Alert 1222 expected
    challenge_first: bool = False
    resp_uri: str = ""
    wrong_digest: bool = False


def hmac_header(value: str) -> dict[str, str]:
    """algorithm, username, mac of x-syncml-hmac; {} if malformed (DM Security 1.2, 5.3)."""
    out: dict[str, str] = {}
    for part in re.findall(r'\s*([A-Za-z]+)\s*=\s*("[^"]*"|[^,]*)\s*(?:,|$)', value):
        if part[0].lower() in out:
            return {}
        out[part[0].lower()] = part[1].strip().strip('"')
    return out if "username" in out and "mac" in out and out.get("algorithm", "MD5") == "MD5" else {}


class Session:
    def __init__(self, log: EventLog, load: Callable[[str], accounts.Account | None], save: Callable[[accounts.Account], None],
                 start: Callable[["Session"], Script], options: Options) -> None:
        self.log_event, self.load, self.save, self.start, self.options = log, load, save, start, options
        self.pedant = Pedant()
        self.account: accounts.Account | None = None
        self.session_id = self.source = ""
        self.client_msg = self.server_msg = 0
        self.client_max = 4096
        self.client_ok = self.server_ok = self.server_212 = self.done = False
        self.client_tries = self.server_tries = 0
        self.next_nonce = self.said = ""
        self.hmac = False
        self.sent: list[Node] = []      # commands of the last package, without numbers: for the resend after 401
        self.chunks: list[Node] = []
        self.alerts: list[Node] = []
        self.first: Node | None = None
        self.devinfo: dict[str, str] = {}
        self.script: Script | None = None
        self.started = False
        self.last: tuple[bytes, tuple[bytes, dict[str, str]]] | None = None
        self.outcome = ""

    def log(self, event: str, **fields) -> None:
        self.log_event(event, session=self.session_id, **fields)

    # --- one message ------------------------------------------------------------------------------

    def receive(self, body: bytes, header: str | None) -> tuple[bytes, dict[str, str]]:
        if self.last and hmac.compare_digest(self.last[0], body):
            self.log("retransmission", msg=self.client_msg)
            return self.last[1]
        if self.done:
            raise SessionError(400, "message after the end of the session")
        root = self.parse(body)
        self.client_msg += 1
        self.check(root, len(body))
        hdr = root.get("SyncHdr")
        self.session_id, self.source = hdr.text("SessionID"), hdr.text("Source/LocURI")
        self.client_max = int(hdr.text("Meta/MaxMsgSize") or self.client_max)
        self.log("message.in", msg=self.client_msg, octets=len(body), commands=syncml.outline(root))
        status = self.authenticate(root, header, body)
        self.server_status(root)
        commands = self.decide(root, status)
        answer = self.compose(root, status, commands)
        self.last = (body, answer)
        return answer

    def parse(self, body: bytes) -> Node:
        try:
            root = syncml.decode(body)
        except syncml.Malformed as e:
            self.log("violation", faults=[f"WBXML: {e}"])
            raise SessionError(400, f"WBXML: {e}") from None
        if root.tag != "SyncML" or root.get("SyncHdr") is None:
            raise SessionError(400, "not a SyncML message")
        return root

    def urls(self, root: Node) -> list[str]:
        account = self.account or self.load(root.text("SyncHdr/Source/LocName"))
        urls = [account.url] if account else [root.text("SyncHdr/Target/LocURI")]
        return urls + ([self.options.resp_uri] if self.options.resp_uri else [])

    def check(self, root: Node, size: int) -> None:
        p = self.pedant
        p.faults += dtd(root)
        p.header(root, self.session_id, self.source, self.client_msg, self.urls(root))
        p.fault(size <= SERVER_MAX_MSG, f"message of {size} octets, MaxMsgSize is {SERVER_MAX_MSG}")
        p.body(root, self.server_msg)
        p.replaces(root)
        if not self.client_ok:
            p.first_package(root)
        faults = p.take()
        if faults:
            self.violation(faults)

    def violation(self, faults: list[str]) -> None:
        self.log("violation", msg=self.client_msg, faults=faults)
        if self.options.strict:
            raise SessionError(400, "; ".join(faults))

    # --- the client's credentials -----------------------------------------------------------------

    def authenticate(self, root: Node, header: str | None, body: bytes) -> int:
        """Status of the client's SyncHdr: 212, 200, 401, 407."""
        if self.account is None:
            given = hmac_header(header).get("username", "") if header else ""
            self.account = self.load(given or root.text("SyncHdr/Source/LocName"))
            if self.account is None:
                self.log("auth.client", result="unknown user")
                raise SessionError(401, "unknown user")
            self.hmac = self.account.auth == "HMAC"
        if self.client_ok and not self.hmac:
            return 200
        present, right = self.proof(root.get("SyncHdr/Cred"), header, body)
        right = right and not (self.options.challenge_first and not self.client_tries)
        self.next_nonce = b64(secrets.token_bytes(16))
        if right:
            if not self.client_ok:
                self.log("auth.client", result="ok", type=self.account.auth)
            self.client_ok = True
            self.account.nonce = self.next_nonce
            self.save(self.account)
            return 200 if self.hmac else 212
        if self.client_ok:
            self.violation(["message without a right x-syncml-hmac in an HMAC session"])
        self.client_tries += 1
        self.log("auth.client", result="wrong" if present else "missing", tries=self.client_tries)
        self.account.nonce = self.next_nonce
        self.save(self.account)
        return 401 if present else 407

    def proof(self, cred: Node | None, header: str | None, body: bytes) -> tuple[bool, bool]:
        """(credentials are there, they are right)"""
        a = self.account
        user, secret, nonce = a.user.encode(), a.secret.encode(), a.octets("nonce")
        if a.auth == "HMAC":
            given = hmac_header(header or "")
            want = dm.hmac_digest(user, secret, nonce, body)
            return header is not None, bool(given) and given["username"] == a.user and hmac.compare_digest(given["mac"].encode(), want.encode())
        if cred is None:
            return False, False
        want = dm.basic(user, secret) if a.auth == "BASIC" else dm.md5_digest(user, secret, nonce)
        kind = cred.text("Meta/Type") == accounts.TYPES[a.auth]
        if kind and cred.text("Meta/Format") not in ("b64", ""):
            self.violation(["Cred Format is not b64"])
        return True, kind and hmac.compare_digest(cred.text("Data").encode(), want.encode())

    # --- the server's credentials -----------------------------------------------------------------

    def server_status(self, root: Node) -> None:
        """What the client says of our SyncHdr."""
        s = next((s for s in root.get("SyncBody").all("Status") if s.text("CmdRef") == "0"), None)
        if s is None:
            return
        code, nonce = s.text("Data"), s.text("Chal/Meta/NextNonce")
        if nonce and self.account:
            self.account.server_nonce = nonce
        if code in ("200", "212"):
            if code == "212" and self.hmac:
                self.violation(["212 for a SyncHdr with HMAC (200 is right)"])
            if self.hmac and not nonce:
                self.violation(["Status of the SyncHdr without NextNonce in an HMAC session"])
            self.server_ok, self.server_212 = True, code == "212" or self.server_212
        elif code in ("401", "407"):
            self.server_ok = False
            if not nonce and self.account.auth != "BASIC":
                self.violation([f"{code} for our SyncHdr without Chal/NextNonce"])
            if self.client_ok and self.sent:
                self.server_tries += 1
        else:
            raise SessionError(400, f"the client answers our SyncHdr with {code}")
        if self.client_ok:
            self.save(self.account)
            if self.sent and code != self.said:
                self.log("auth.server", result="ok" if self.server_ok else "refused", status=code)
                self.said = code

    # --- what comes next --------------------------------------------------------------------------

    def decide(self, root: Node, status: int) -> list[Node]:
        body = root.get("SyncBody")
        final = body.get("Final") is not None
        self.alerts += body.all("Alert")
        if any(a.text("Data") == "1223" for a in body.all("Alert")):
            return self.end("aborted by the client")
        if status in (401, 407):
            return self.end("client authentication failed") if self.client_tries > 2 else []
        if self.first is None:
            self.begin(root)
        if not self.server_ok and self.sent:
            return self.again()
        if not final and not self.chunks:
            return [N("Alert", N("Data", "1222"))]
        self.pedant.all_answered()
        faults = self.pedant.take()
        if faults:
            self.violation(faults)
        return self.next_chunk(body) if self.chunks else self.next_commands()

    def begin(self, root: Node) -> None:
        self.first = root
        body = root.get("SyncBody")
        self.devinfo = {i.text("Source/LocURI"): i.text("Data") for r in body.all("Replace") for i in r.all("Item")}
        self.log("session.start", user=self.account.user, devinfo=self.devinfo, alert=[a.text("Data") for a in body.all("Alert")])
        self.script = self.start(self)

    def again(self) -> list[Node]:
        """The client did not take our credentials: the same commands with new ones, once."""
        self.pedant.waiting.clear()
        if self.server_tries > 1:
            return self.end("the client does not accept the server")
        return self.sent

    def next_chunk(self, body: Node) -> list[Node]:
        w = self.pedant.waiting[-1] if self.pedant.waiting else None
        if w and w.status != "213":
            self.chunks.clear()
            return self.next_commands()
        asked = any(a.text("Data") == "1222" for a in body.all("Alert"))
        if not asked and not self.options.final_chunks:
            self.violation(["213 without Alert 1222 (next message)"])
        self.pedant.waiting.clear()
        self.alerts = [a for a in self.alerts if a.text("Data") != "1222"]
        return [self.chunks.pop(0)]

    def next_commands(self) -> list[Node]:
        reply = Reply([w for w in self.pedant.waiting if w.node.tag != "Alert"], self.alerts)
        self.alerts = []
        self.pedant.waiting.clear()
        started, self.started = self.started, True
        try:
            commands = self.script.send(reply if started else None)
        except StopIteration:
            return self.end("")
        except Stop as e:
            return self.end(str(e))
        self.sent = commands
        return self.split(commands)

    def split(self, commands: list[Node]) -> list[Node]:
        """A single Add or Replace that is too large goes out in chunks (DM Protocol 1.2, section 7)."""
        data = commands[0].get("Item/Data") if len(commands) == 1 else None
        room = min(self.options.chunk, self.client_max - MARGIN)
        if data is None or not isinstance(data.data, bytes) or len(data.data) <= room:
            return commands
        pieces = [data.data[i:i + room] for i in range(0, len(data.data), room)]
        item = commands[0].get("Item")
        for number, piece in enumerate(pieces):
            meta = [N("Format", item.text("Meta/Format"))] + ([N("Size", len(data.data))] if number == 0 else [])
            more = N("MoreData") if number < len(pieces) - 1 else None
            self.chunks.append(N(commands[0].tag, N("Item", item.get("Target"), N("Meta", *meta), N("Data", piece), more)))
        self.sent = [self.chunks[0]]
        return [self.chunks.pop(0)]

    def end(self, reason: str) -> list[Node]:
        self.done, self.outcome = True, reason or "ok"
        self.log("session.end", result="failed" if reason else "ok", reason=reason)
        return []

    # --- the answer -------------------------------------------------------------------------------

    def challenge(self, status: int) -> Node | None:
        kind = self.account.auth
        if status == 200 and not self.hmac:
            return None
        nonce = N("NextNonce", self.next_nonce) if kind != "BASIC" else None
        return N("Chal", N("Meta", N("Format", "b64"), N("Type", accounts.TYPES[kind]), nonce))

    def server_cred(self) -> Node | None:
        if self.hmac or self.server_212 or not self.client_ok:
            return None
        a = self.account
        name, secret = a.server_id.encode(), self.secret()
        data = dm.basic(name, secret) if a.auth == "BASIC" else dm.md5_digest(name, secret, a.octets("server_nonce"))
        return N("Cred", N("Meta", N("Format", "b64"), N("Type", accounts.TYPES[a.auth])), N("Data", data))

    def secret(self) -> bytes:
        return b"not the secret" if self.options.wrong_digest else self.account.server_secret.encode()

    def compose(self, root: Node, status: int, commands: list[Node]) -> tuple[bytes, dict[str, str]]:
        self.server_msg += 1
        a, me = self.account, root.text("SyncHdr/Target/LocURI")
        refused = status in (401, 407)
        hdr = N("SyncHdr", N("VerDTD", "1.2"), N("VerProto", "DM/1.2"), N("SessionID", self.session_id), N("MsgID", self.server_msg),
                N("Target", N("LocURI", self.source)), N("Source", N("LocURI", me), N("LocName", a.server_id)),
                N("RespURI", self.options.resp_uri) if self.options.resp_uri else None, self.server_cred(),
                N("Meta", N("MaxMsgSize", SERVER_MAX_MSG)))
        out = [N("Status", N("MsgRef", self.client_msg), N("CmdRef", "0"), N("Cmd", "SyncHdr"), N("TargetRef", me), N("SourceRef", self.source),
                 self.challenge(status), N("Data", status))]
        for c in root.get("SyncBody").children:
            if c.tag in ("Alert", "Replace"):
                out.append(N("Status", N("MsgRef", self.client_msg), N("CmdRef", c.text("CmdID")), N("Cmd", c.tag), N("Data", status if refused else 200)))
        body = N("SyncBody", *self.numbered(out + commands))
        if not self.chunks or self.options.final_chunks:
            body.children.append(N("Final"))
        data = syncml.encode(N("SyncML", hdr, body))
        self.log("message.out", msg=self.server_msg, octets=len(data), commands=syncml.outline(N("SyncML", hdr, body)))
        headers = {}
        if self.hmac and self.client_ok:
            mac = dm.hmac_digest(a.server_id.encode(), self.secret(), a.octets("server_nonce"), data)
            headers["x-syncml-hmac"] = f'algorithm=MD5, username="{a.server_id}", mac={mac}'
        return data, headers

    def numbered(self, commands: list[Node]) -> list[Node]:
        out = []
        for number, c in enumerate(commands, 1):
            node = Node(c.tag, [N("CmdID", number), *c.children])
            out.append(node)
            if c.tag in ("Add", "Replace", "Get", "Delete", "Exec", "Alert", "Copy"):
                self.pedant.waiting.append(Waiting(self.server_msg, str(number), node))
        return out
