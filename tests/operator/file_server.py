#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Files over HTTPS, as an operator keeps firmware for its gateways.

Owns: one folder, served as it is. /slow/NAME gives the first octets and then nothing; /cut/NAME closes in the middle. Must never use code of the agent.
"""
import argparse
import http.server
import ssl
import threading
from pathlib import Path


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:  # noqa: N802 - name given by http.server
        *fault, name = self.path.strip("/").split("/")
        path = self.server.folder / Path(name).name
        if not path.is_file():
            self.send_error(404)
            return
        body = path.read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:len(body) // 2] if fault else body)
        if fault == ["slow"]:
            threading.Event().wait(120)
        self.close_connection = bool(fault)


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--dir", type=Path, required=True, help="of the operator: DIR/servers/NAME.pem is the certificate")
    p.add_argument("--addr", default="198.51.100.20")
    p.add_argument("--port", type=int, default=8443)
    p.add_argument("--name", default="bbn.operator.example")
    p.add_argument("folder", type=Path)
    a = p.parse_args()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(a.dir / f"servers/{a.name}.pem", a.dir / f"servers/{a.name}.key")
    server = http.server.ThreadingHTTPServer((a.addr, a.port), Handler)
    server.daemon_threads = True
    server.folder = a.folder
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
