# SPDX-License-Identifier: Apache-2.0
"""A scripted DM server for one session at a time. The script is a list of functions; each gets the client's message and gives the body of the answer
(SyncBody without the Status for SyncHdr), or raises. Headers, credentials and nonces are added here, by the rules of OMA DM Security 1.2."""
import base64
import hashlib
import http.server
import pathlib
import ssl
import subprocess
import threading

import wbxml

DEVICE = "urn:imei:490154203237518"
CLIENT = ("client-user", "client-secret", bytes(range(16)))
SERVER = ("com.example.dm", "server-secret", bytes(range(32, 48)))


def h(data: bytes) -> bytes:
    return hashlib.md5(data).digest()


def b64(data: bytes) -> bytes:
    return base64.b64encode(data)


def md5(name, secret, nonce):
    return b64(h(b64(h(f"{name}:{secret}".encode())) + b":" + nonce)).decode()


def hmac(name, secret, nonce, body):
    return b64(h(b64(h(f"{name}:{secret}".encode())) + b":" + nonce + b":" + b64(h(body)))).decode()


def make_certificates(folder: pathlib.Path) -> None:
    """root.pem, other.pem (a root that signed nothing here), server.pem + server.key for localhost and 127.0.0.1."""
    def run(*args):
        subprocess.run(["openssl", *args], cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    for name in ("root", "other"):
        run("req", "-x509", *key, "-days", "2", "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem")
    run("req", *key, "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr")
    (folder / "ext").write_text("subjectAltName=DNS:localhost,DNS:dm.example.net,IP:127.0.0.1\n")
    run("x509", "-req", "-in", "server.csr", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial", "-days", "2", "-extfile", "ext",
        "-out", "server.pem")


def pin_of(folder: pathlib.Path) -> str:
    der = subprocess.run("openssl x509 -in server.pem -pubkey -noout | openssl pkey -pubin -outform DER", shell=True, cwd=folder, check=True,
                         capture_output=True).stdout
    return hashlib.sha256(der).hexdigest()


class Message:
    """What the client sent."""

    def __init__(self, body: bytes, headers):
        self.octets = body
        self.headers = headers
        self.root = wbxml.decode(body)
        self.header = ("SyncHdr", wbxml.find(self.root, "SyncHdr"))
        self.body = ("SyncBody", wbxml.find(self.root, "SyncBody"))
        self.id = wbxml.find(self.header, "MsgID")
        self.final = wbxml.children(self.body, "Final") != []

    def all(self, name):
        return wbxml.children(self.body, name)

    def statuses(self):
        """[(CmdRef, Cmd, code)]"""
        return [(wbxml.find(s, "CmdRef"), wbxml.find(s, "Cmd"), int(wbxml.find(s, "Data"))) for s in self.all("Status")]

    def status(self, cmd_ref):
        return [code for ref, _, code in self.statuses() if ref == str(cmd_ref)]

    def results(self):
        return {wbxml.find(r, "Item", "Source", "LocURI"): wbxml.find(r, "Item", "Data") for r in self.all("Results")}

    def alerts(self):
        return [wbxml.find(a, "Data") for a in self.all("Alert")]

    def next_nonce(self):
        for s in self.all("Status"):
            nonce = wbxml.find(s, "Chal", "Meta", "NextNonce")
            if wbxml.find(s, "Cmd") == "SyncHdr" and nonce:
                return base64.b64decode(nonce)
        return None


def item(uri, data=None, fmt=None, size=None, more=False):
    meta = ([("Format", fmt)] if fmt else []) + ([("Size", str(size))] if size is not None else [])
    out = [("Target", [("LocURI", uri)])]
    if meta:
        out.append(("Meta", meta))
    if data is not None:
        out.append(("Data", data))
    if more:
        out.append(("MoreData", None))
    return ("Item", out)


def command(name, cmd_id, *items, extra=()):
    return (name, [("CmdID", str(cmd_id)), *extra, *items])


FINAL = ("Final", None)


class Gone(Exception):
    """Raised by a script: the message has come, and its answer does not."""


class Server:
    """auth: md5, hmac, basic or none: how this server proves itself and what it demands."""

    def __init__(self, folder, script, auth="md5", **options):
        self.script, self.auth, self.options = list(script), auth, options
        self.messages, self.errors, self.step = [], [], 0
        self.client_nonce, self.server_nonce = options.get("client_nonce", CLIENT[2]), options.get("server_nonce", SERVER[2])
        self.authenticated = self.proved = False
        self.count = 0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def do_POST(self):
                outer.serve(self)

        class Quiet(http.server.ThreadingHTTPServer):
            def handle_error(self, *args):
                pass  # a client that gives up in the middle is part of the tests

        self.httpd = Quiet((options.get("address", "127.0.0.1"), 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.pem", folder / "server.key")
        self.httpd.socket = context.wrap_socket(self.httpd.socket, server_side=True)
        self.httpd.daemon_threads = True
        self.port = self.httpd.server_address[1]
        threading.Thread(target=self.httpd.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self.httpd.shutdown()
        self.httpd.server_close()

    def check_client(self, message):
        """212, 200, 401 or 407 for the client's credentials."""
        name, secret, _ = CLIENT
        if self.auth == "none" or self.authenticated:
            return 200
        if self.auth == "hmac":
            given = message.headers.get("x-syncml-hmac")
            want = hmac(name, secret, self.client_nonce, message.octets)
            return 407 if given is None else 200 if f"mac={want}" in given and f'username="{name}"' in given else 401
        cred = wbxml.find(message.header, "Cred", "Data")
        kind = wbxml.find(message.header, "Cred", "Meta", "Type")
        if cred is None:
            return 407
        if self.auth == "basic":
            return 212 if kind == "syncml:auth-basic" and base64.b64decode(cred).decode() == f"{name}:{secret}" else 401
        return 212 if kind == "syncml:auth-md5" and cred == md5(name, secret, self.client_nonce) else 401

    def header(self, message, code):
        types = {"md5": "syncml:auth-md5", "hmac": "syncml:auth-MAC", "basic": "syncml:auth-basic"}
        self.count += 1
        hdr = [("VerDTD", "1.2"), ("VerProto", "DM/1.2"), ("SessionID", wbxml.find(message.header, "SessionID")), ("MsgID", str(self.count)),
               ("Target", [("LocURI", DEVICE)]), ("Source", [("LocURI", "https://dm.example.net/dm"), ("LocName", SERVER[0])])]
        if self.auth == "md5" and not self.proved and not self.options.get("silent"):
            secret = self.options.get("server_secret", SERVER[1])
            hdr.append(("Cred", [("Meta", [("Format", "b64"), ("Type", types["md5"])]), ("Data", md5(SERVER[0], secret, self.server_nonce))]))
        elif self.auth == "basic":
            hdr.append(("Cred", [("Meta", [("Format", "b64"), ("Type", types["basic"])]),
                                 ("Data", b64(f"{SERVER[0]}:{SERVER[1]}".encode()).decode())]))
        if "limit" in self.options:
            hdr.append(("Meta", [("MaxMsgSize", str(self.options["limit"]))]))
        status = [("CmdID", "9000"), ("MsgRef", message.id), ("CmdRef", "0"), ("Cmd", "SyncHdr")]
        if self.auth in types:
            meta = [("Format", "b64"), ("Type", types[self.auth])]
            if self.auth != "basic":
                self.client_nonce = h(self.client_nonce)
                meta.append(("NextNonce", b64(self.client_nonce).decode()))
            status.append(("Chal", [("Meta", meta)]))
        return ("SyncHdr", hdr), ("Status", [*status, ("Data", str(code))])

    def serve(self, request):
        body = request.rfile.read(int(request.headers["Content-Length"]))
        try:
            answer, headers = self.answer(Message(body, request.headers))
        except Gone:
            request.send_error(500)
            return
        except Exception as e:  # a failed assertion of the script is the test's failure
            self.errors.append(e)
            request.send_error(500)
            return
        request.send_response(200)
        request.send_header("Content-Type", "application/vnd.syncml.dm+wbxml")
        request.send_header("Content-Length", str(len(answer)))
        for name, value in headers.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(answer)

    def answer(self, message):
        assert message.headers["Content-Type"] == "application/vnd.syncml.dm+wbxml"
        self.messages.append(message)
        for ref, cmd, code in message.statuses():
            if cmd == "SyncHdr" and code in (200, 212):
                self.proved = self.auth == "md5"
        fresh = message.next_nonce()
        if fresh:
            assert len(fresh) == 16
            self.server_nonce = fresh
        code = self.check_client(message)
        hdr, status = self.header(message, code)
        if code in (401, 407):
            parts = [FINAL]
        else:
            self.authenticated = self.auth != "hmac"
            parts = self.script[self.step](message)
            self.step += 1
        answer = wbxml.encode(("SyncML", [hdr, ("SyncBody", [status, *parts])]))
        headers = {}
        if self.auth == "hmac" and not self.options.get("silent"):
            secret = self.options.get("server_secret", SERVER[1])
            headers["x-syncml-hmac"] = f'algorithm=MD5, username="{SERVER[0]}", mac={hmac(SERVER[0], secret, self.server_nonce, answer)}'
        return answer, headers
