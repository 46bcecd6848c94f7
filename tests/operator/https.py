# SPDX-License-Identifier: Apache-2.0
"""HTTPS for the operator's small nodes: a server with the certificate DIR/servers/NAME.pem, and a handler that says only what it is told to. A node has
`directory`, `name` and `log`."""
from __future__ import annotations

import http.server
import socket
import ssl


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "operator", ""
    timeout = 60

    def log_message(self, *_args) -> None:
        """Events go to the event log."""

    def reply(self, status: int, headers: dict, body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class HttpsServer(http.server.ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], node, handler: type[Handler]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.node = node
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        stem = node.directory / "servers" / node.name.partition(":")[0]
        self.context.load_cert_chain(f"{stem}.pem", f"{stem}.key")
        super().__init__(address, handler)

    def finish_request(self, request: socket.socket, client_address) -> None:
        try:
            with self.context.wrap_socket(request, server_side=True) as tls:
                super().finish_request(tls, client_address)
        except OSError as e:
            self.node.log("tls.failed", peer=client_address[0], reason=str(e))
