# SPDX-License-Identifier: Apache-2.0
"""The cases that are about certificates, TCP and Bootstrap-Pack: OpenSSL's own server, or a plain socket, in the place of the LwM2M server."""
import os
import pathlib
import select
import sys

import transports_test
from bootstrap_test import MANAGEMENT, PLAIN, PORT, Plain, pack_of, security, serve_pack, write_accounts
from ets_bench import CASES, same
from transports_test import Listener, Openssl, account, at, end, line, make_certificates, outcome, server_arguments, start
from wire_test import ACCEPT, GET, IDENTITY, KEY, LOCATION, POST, QUERY, Message, code, number, tlv

transports_test.TOOL = sys.argv[2]
UNTRUSTED, REGISTERED = "error TlsUntrusted", "state registered"


def alone(number_of_case):
    def register(function):
        CASES[number_of_case] = (function, None, 0)
        return function
    return register


class Secure(Plain):
    """A server with a certificate, that wants one too: OpenSSL's as a pipe, a datagram a write."""

    def __init__(self, port):
        self.openssl, self.mid = Openssl(*server_arguments("operator.server"), port=port), 100

    def receive(self, seconds=5.0):
        while select.select([self.openssl.output], [], [], seconds)[0]:
            data = os.read(self.openssl.output, 65536)
            if len(data) > 3:
                return Message.decode(data)
        return None

    def send(self, message):
        os.write(self.openssl.input, message.encode())

    def close(self):
        self.openssl.close()


def once(make):
    """Certificates are made for the first case that needs them."""
    if not os.path.exists(at("operator.server.pem")):
        make()


def same_start(got, wanted):
    assert got.startswith(wanted), f"{got!r}, not {wanted!r}"


@alone(2)
def client_initiated_certificate():
    once(make_certificates)
    server, management = Secure(PORT), Secure(MANAGEMENT)
    client = start("coaps", "--bootstrap", *account("operator.server.der", 3))
    try:
        m = server.receive()
        same((m.code, m.path()), (POST, "/bs"))
        server.answer(m, "2.04")
        certificate, key, anchor = (pathlib.Path(at(name)).read_bytes() for name in ("operator.gateway.der", "operator.gateway.key", "operator.root.der"))
        same(write_accounts(server, security(f"coaps://127.0.0.1:{MANAGEMENT}", 2, certificate, key, anchor, tlv(3, 15, b"\2"))), [code("2.02"), code("2.04"), code("2.04")])
        same(server.request(POST, "/bs").code, code("2.04"))
        m = management.receive()
        assert m and m.path() == "/rd" and b"lt=600" in m.values(QUERY), m
        management.answer(m, "2.01", [(LOCATION, b"rd"), (LOCATION, b"1")])
        same_start(line(client, REGISTERED), REGISTERED)
    finally:
        end(client)
        server.close()
        management.close()


@alone(12)
def bootstrap_pack():
    server, management = Plain(PORT), Plain(MANAGEMENT)
    client = start("coap", "--nosec", "--bootstrap", "--pack")
    try:
        blocks, m = serve_pack(server, pack_of(PLAIN, 2000))
        same((blocks, m.values(QUERY), m.values(ACCEPT)), (3, [b"ep=gw", b"acc=</0/0>"], [number(112)]))
        same(management.receive().path(), "/rd")
    finally:
        end(client)
        server.close()
        management.close()


@alone(106)
def registration_over_tcp():
    listener = Listener()
    client = start("coap+tcp", "--nosec")
    try:
        stream = listener.accept()
        stream.begin()
        m = stream.accept_registration()
        assert m.code == POST and m.path() == "/rd" and b"b=T" in m.values(QUERY) and b"</3/0>" in m.payload, m.options
        same_start(line(client, REGISTERED), REGISTERED)
        same(stream.request(GET, "/3/0/0").payload, b"gateway-agent")
    finally:
        end(client)
        listener.close()


@alone(402)
def certificate_of_the_server():
    once(make_certificates)
    same_start(outcome("operator.server", account("operator.server.der", 3)), REGISTERED)
    same_start(outcome("operator.server", account("other.server.der", 3)), UNTRUSTED)


@alone(403)
def certificate_by_an_authority():
    once(make_certificates)
    same_start(outcome("operator.server", account("operator.root.der", 2)), REGISTERED)
    same_start(outcome("operator.server", account("other.root.der", 2)), UNTRUSTED)
    same_start(outcome("operator.server", account("operator.root.der", 2, gateway="other.gateway")), "error ClientAuth")


def register_over_tls(peer_arguments, arguments):
    server = Openssl("-tls1_2", *peer_arguments, tls=True)
    client = start("coaps+tcp", *arguments)
    try:
        server.stream.begin()
        m = server.stream.accept_registration()
        assert m and b"b=T" in m.values(QUERY), m
        same_start(line(client, REGISTERED), REGISTERED)
        same(server.stream.request(GET, "/3/0/0").payload, b"gateway-agent")
    finally:
        end(client)
        server.close()


@alone(404)
def tls_with_a_key():
    register_over_tls(["-psk", KEY, "-psk_identity", IDENTITY, "-nocert"], ["--identity", IDENTITY, "--key", KEY])


@alone(406)
def tls_with_certificates():
    once(make_certificates)
    register_over_tls(server_arguments("operator.server"), account("operator.root.der", 2))
