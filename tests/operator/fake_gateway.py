# SPDX-License-Identifier: Apache-2.0
"""A scripted gateway for the operator's own tests: a DM 1.2 client and a TRE in memory. It is no model of agentd; it exists so that the servers
can be proved without it, right behaviour and, by `spoil`, each kind of wrong one.
"""
from __future__ import annotations

import http.client
import secrets
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import load_pem_private_key

import accounts
import cbor
import der
import mid
import syncml
from common import Refused, b64, from_b64, openssl, sha256
from oma import dm
from syncml import N, Node

AGENT = "./GatewayAgent"


@dataclass
class Tre:
    """Keys of the test TRE; certificates by factory.py sign."""
    folder: Path
    root: Path
    tre_id: bytes = bytes(range(16))
    token: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    nonce: bytes = b""
    installed: dict[str, int] = field(default_factory=dict)

    def make(self, gateway: str) -> None:
        for name in ("pfc", "transport"):
            openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", self.folder / f"{name}.key")
            openssl("req", "-new", "-key", self.folder / f"{name}.key", "-subj", f"/CN={gateway}", "-out", self.folder / f"{name}.csr")

    def spki(self, name: str) -> bytes:
        return openssl("pkey", "-in", self.folder / f"{name}.key", "-pubout", "-outform", "DER")

    def evidence(self, host: str, **change) -> bytes:
        claims = {6: int(time.time()), 10: self.nonce, 256: b"\1" + self.tre_id, "boot": "ok", "fw": "0.1", "form": "semi-autonomous", "host": host, "program": sha256(b""), "kem": sha256(self.spki("transport")),
                  "mids": sha256(b""), "token": sha256(self.token), "backend": "software"} | change
        protected, payload = cbor.encode({1: -7}), cbor.encode(claims)
        key = load_pem_private_key((self.folder / "pfc.key").read_bytes(), None)
        r, s = utils.decode_dss_signature(key.sign(cbor.encode(["Signature1", protected, b"", payload]), ec.ECDSA(hashes.SHA256())))
        signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        return cbor.encode(cbor.Tagged(18, [protected, {4: sha256(self.spki("pfc"))}, payload, signature]))

    def install(self, package: bytes) -> tuple[int, str, int]:
        """(result, mid id, version), as far as the order of doc mid-package section 3 matters here."""
        try:
            m = der.tree(mid.unseal(package, self.folder / "transport.key", self.root))
        except (Refused, der.DerError):
            return 1, "", 0
        if m[5] != [(4, self.tre_id), (4, sha256(self.spki("pfc")))]:
            return 2, "", 0
        if m[6][1] != sha256(self.token) or m[7][1] != self.nonce:
            return 3, "", 0
        name, version = m[1][1].decode(), int.from_bytes(m[3][1], "big")
        self.installed[name] = version
        return 0, name, version


class Gateway:
    """One session at a time. send: (body, headers) -> (body, headers) of the answer."""

    def __init__(self, account: accounts.Account, tre: Tre, send: Callable, spoil: str = "", max_msg: int = 4096) -> None:
        self.a, self.tre, self.send, self.spoil, self.max_msg = account, tre, send, spoil, max_msg
        self.nonce, self.server_nonce = account.octets("nonce"), account.octets("server_nonce")
        self.tree: dict[str, tuple[str, str | bytes]] = {}
        self.gathered, self.size = b"", 0
        self.authenticated = self.server_ok = False
        self.challenge: bytes | None = None
        self.refusals = self.server_refusals = 0
        self.log: list[str] = []
        host = "plmn=24008;access=lte;roaming=no"
        self.host = host
        leaves = {"./DevDetail/DevTyp": "gateway", "./DevDetail/OEM": "Example", "./DevDetail/FwV": "0.1", "./DevDetail/SwV": "0.1", "./DevDetail/HwV": "1",
                  "./DevDetail/LrgObj": ("bool", "true"), f"{AGENT}/Platform/Network": host}
        self.tree = {u: v if isinstance(v, tuple) else ("chr", v) for u, v in leaves.items()}

    # --- messages ---------------------------------------------------------------------------------

    def package1(self, report: int | None) -> list[Node]:
        info = {"DevId": "urn:gateway:" + self.a.user, "Man": "Example", "Mod": "GW1", "DmV": "1.2", "Lang": "en"}
        out = [N("Alert", N("Data", "1201"))]
        if report is not None:
            out.append(self.alert(f"{AGENT}/Bootstrap/usim", "org.gatewayagent.bootstrap.result", report))
        out.append(N("Replace", *(N("Item", N("Source", N("LocURI", "./DevInfo/" + k)), N("Meta", N("Format", "chr")), N("Data", v)) for k, v in info.items())))
        return out

    @staticmethod
    def alert(source: str, kind: str, value: int) -> Node:
        meta = N("Meta", N("Format", "int"), N("Type", kind), N("Mark", "informational"))
        return N("Alert", N("Data", "1226"), N("Item", N("Source", N("LocURI", source)), meta, N("Data", value)))

    def message(self, number: int, commands: list[Node], final: bool) -> tuple[bytes, dict[str, str]]:
        cred = None
        if self.a.auth != "HMAC" and not self.authenticated and self.spoil != "no-cred":
            secret = b"wrong" if self.spoil == "wrong-cred" else self.a.secret.encode()
            data = dm.md5_digest(self.a.user.encode(), secret, self.nonce)
            cred = N("Cred", N("Meta", N("Format", "b64"), N("Type", "syncml:auth-md5")), N("Data", data))
        proto = "DM/1.1" if self.spoil == "verproto" else "DM/1.2"
        hdr = N("SyncHdr", N("VerDTD", "1.2"), N("VerProto", proto), N("SessionID", "1"), N("MsgID", number), N("Target", N("LocURI", self.a.url)),
                N("Source", N("LocURI", "urn:gateway:" + self.a.user), N("LocName", self.a.user)), cred, N("Meta", N("MaxMsgSize", self.max_msg)))
        nodes = [Node(c.tag, [N("CmdID", 1 if self.spoil == "cmdid" else i), *c.children]) for i, c in enumerate(commands, 1)]
        body = syncml.encode(N("SyncML", hdr, N("SyncBody", *nodes, N("Final") if final else None)))
        headers = {}
        if self.a.auth == "HMAC":
            mac = dm.hmac_digest(self.a.user.encode(), b"wrong" if self.spoil == "wrong-cred" else self.a.secret.encode(), self.nonce, body)
            headers["x-syncml-hmac"] = f'algorithm=MD5, username="{self.a.user}", mac={mac}'
        return body, headers

    # --- the session ------------------------------------------------------------------------------

    def run(self, report: int | None = None) -> str:
        """ "ok", or why the session failed."""
        self.first = self.package1(report)
        out, final = list(self.first), True
        for number in range(1, 60):
            body, headers = self.send(*self.message(number, out, final))
            root = syncml.decode(body)
            assert not list(syncml.check(root)), list(syncml.check(root))
            done = self.hear(root, headers, body)
            if done:
                return done
            out, final = self.answer(root)
        return "endless session"

    def hear(self, root: Node, headers: dict[str, str], body: bytes) -> str:
        """Both authentications; "" to go on."""
        commands = root.get("SyncBody").children
        status = commands[0]
        code = status.text("Data")
        nonce = status.text("Chal/Meta/NextNonce")
        if nonce:
            self.nonce = from_b64(nonce)
        if code in ("401", "407"):
            self.refusals += 1
            return "refused by the server" if self.refusals > 1 else ""
        self.authenticated = self.authenticated or code == "212"
        work = [c for c in commands if c.tag not in ("Status", "Final")]
        if not self.server_ok or self.a.auth == "HMAC":
            self.server_ok = self.server_proof(root, headers, body)
            self.challenge = secrets.token_bytes(16)
            self.server_nonce = self.challenge
        if not self.server_ok:
            self.server_refusals += 1
            return "server not authentic" if self.server_refusals > 1 else ""
        return "" if work else "ok"

    def server_proof(self, root: Node, headers: dict[str, str], body: bytes) -> bool:
        name, secret = self.a.server_id.encode(), self.a.server_secret.encode()
        if self.a.auth == "HMAC":
            want = dm.hmac_digest(name, secret, self.server_nonce, body)
            return headers.get("x-syncml-hmac", "").endswith("mac=" + want)
        return root.text("SyncHdr/Cred/Data") == dm.md5_digest(name, secret, self.server_nonce)

    def header_status(self, msg: str) -> Node:
        code = "401" if not self.server_ok else "200" if self.a.auth == "HMAC" else "212"
        chal = None
        if self.challenge:
            kind = "syncml:auth-MAC" if self.a.auth == "HMAC" else "syncml:auth-md5"
            chal = N("Chal", N("Meta", N("Format", "b64"), N("Type", kind), N("NextNonce", b64(self.challenge))))
            self.challenge = None
        return N("Status", N("MsgRef", msg), N("CmdRef", "0"), N("Cmd", "SyncHdr"), chal, N("Data", code))

    def answer(self, root: Node) -> tuple[list[Node], bool]:
        msg = root.text("SyncHdr/MsgID")
        body = root.get("SyncBody")
        refused = body.children[0].text("Data") in ("401", "407")
        if refused:
            self.challenge = self.challenge or secrets.token_bytes(16)
            self.server_nonce = self.challenge
        out = [self.header_status(msg)]
        if refused:
            return out + self.first, True
        if not self.server_ok:
            return out, True
        tail: list[Node] = []
        for c in body.children:
            if c.tag in ("Status", "Final"):
                continue
            code = self.carry_out(c, msg, tail)
            if not (self.spoil == "no-status" and c.tag == "Get"):
                out.append(N("Status", N("MsgRef", msg), N("CmdRef", c.text("CmdID")), N("Cmd", c.tag), N("Data", code)))
        final = body.get("Final") is not None
        if not final:
            tail.append(N("Alert", N("Data", "1222")))
        if self.spoil == "add":
            tail.append(N("Add", N("Item", N("Target", N("LocURI", "./x")), N("Data", "1"))))
        return out + tail, final

    # --- commands ---------------------------------------------------------------------------------

    def carry_out(self, c: Node, msg: str, tail: list[Node]) -> int:
        if c.tag == "Alert":
            return 200
        if c.tag == "Get":
            return self.do_get(c, msg, tail)
        uri = c.text("Item/Target/LocURI")
        if c.tag == "Exec":
            return self.do_install(uri.removesuffix("/Install"), tail)
        if uri.startswith("./DevInfo"):
            return 405
        data = c.get("Item/Data").data
        if c.get("Item/MoreData") or self.gathered:
            self.size = int(c.text("Item/Meta/Size")) if not self.gathered else self.size
            self.gathered += data
            if c.get("Item/MoreData"):
                return 500 if self.spoil == "chunk" else 213
            data, self.gathered = self.gathered, b""
            if len(data) != self.size:
                return 424
        if uri == f"{AGENT}/Platform/Nonce":
            self.tre.nonce = data
        self.tree[uri] = (c.text("Item/Meta/Format"), data)
        return 200

    def do_get(self, c: Node, msg: str, tail: list[Node]) -> int:
        items = []
        for i in c.all("Item"):
            uri = i.text("Target/LocURI")
            form, value = self.value(uri)
            if value is None:
                return 404
            items.append(N("Item", N("Source", N("LocURI", uri)), N("Meta", N("Format", form)), N("Data", value)))
        tail.append(N("Results", N("MsgRef", msg), N("CmdRef", c.text("CmdID")), *items))
        return 200

    def value(self, uri: str) -> tuple[str, str | bytes | None]:
        made = {"Evidence": lambda: self.tre.evidence(self.host, **({"boot": "blocked"} if self.spoil == "blocked" else {})),
                "PublicKey": lambda: self.tre.spki("pfc"), "TransportKey": lambda: self.tre.spki("transport"), "Token": lambda: self.tre.token}
        leaf = uri.removeprefix(f"{AGENT}/Platform/")
        if leaf in made:
            value = made[leaf]()
            return ("bin", b64(value)) if self.spoil == "base64" else ("bin", value)
        return self.tree.get(uri, ("chr", None))

    def do_install(self, node: str, tail: list[Node]) -> int:
        result, name, version = self.tre.install(self.tree[f"{node}/Package"][1])
        self.tree[f"{node}/Result"] = ("int", str(result))
        if not result:
            self.tree |= {f"{node}/MidId": ("chr", name), f"{node}/Version": ("int", str(version)), f"{node}/State": ("chr", "PROVISIONED")}
        tail.append(self.alert(node, "org.gatewayagent.mid.install", result))
        return 500 if result else 200


def https_sender(host: str, port: int, name: str, root: Path, path: str = "/dm", timeout: float = 10) -> Callable:
    """Posts to a real server; the certificate must be of that root and name."""
    context = ssl.create_default_context(cafile=str(root))

    def send(body: bytes, headers: dict[str, str]) -> tuple[bytes, dict[str, str]]:
        raw = socket.create_connection((host, port), timeout=timeout)
        connection = http.client.HTTPConnection(name, port, timeout=timeout)
        connection.sock = context.wrap_socket(raw, server_hostname=name)
        connection.request("POST", path, body, {"Content-Type": "application/vnd.syncml.dm+wbxml", **headers})
        r = connection.getresponse()
        data = r.read()
        connection.close()
        if r.status != 200:
            raise Refused(f"HTTP {r.status}")
        return data, {k.lower(): v for k, v in r.getheaders()}
    return send

