# SPDX-License-Identifier: Apache-2.0
"""DTLS 1.2 server with pre-shared keys, and with certificates of both sides, on OpenSSL's libssl by ctypes and memory BIOs: datagrams in, datagrams and application data out.

Owns every connection by the peer's address. A new handshake from a known address runs beside the old connection and replaces it only when it is
complete (RFC 6347, 4.2.8). Sessions are resumed while sessions() is true. Keys come from the caller's look-up and are never logged. Cookie exchange is always on.
"""
from __future__ import annotations

import ctypes
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from ctypes import c_char_p, c_int, c_long, c_uint, c_uint64, c_void_p

_ssl = ctypes.CDLL("libssl.so.3")
_crypto = ctypes.CDLL("libcrypto.so.3")
CIPHERS = b"PSK-AES128-CCM8:PSK-AES128-CCM:PSK-AES128-GCM-SHA256:PSK-AES256-GCM-SHA384:PSK-AES128-CBC-SHA256:ECDHE-ECDSA-AES128-CCM8:ECDHE-ECDSA-AES128-GCM-SHA256:@SECLEVEL=0"
_DTLS1_2, _SET_MIN, _SET_MTU, _CACHE_MODE, _CACHE_SERVER = 0xFEFD, 123, 17, 44, 2
_HANDLE_TIMEOUT, _SET_EOF_RETURN, _PENDING = 74, 130, 10
_OPTIONS = 0x1000 | 0x2000 | 0x4000 | 1 << 22 | 1 << 30  # NO_QUERY_MTU, COOKIE_EXCHANGE, NO_TICKET, SERVER_PREFERENCE, NO_RENEGOTIATION
_WANT_READ, _ZERO_RETURN = 2, 6
_PEM, _SET_VERIFY_STORE, _VERIFY_AND_DEMAND = 1, 106, 3
MTU, MAX_RECORD, HANDSHAKE_TIME = 1200, 16384, 60
HANDSHAKE, CLIENT_HELLO = 22, 1

_PSK = ctypes.CFUNCTYPE(c_uint, c_void_p, c_char_p, c_void_p, c_uint)
_COOKIE_MAKE = ctypes.CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p)
_COOKIE_CHECK = ctypes.CFUNCTYPE(c_int, c_void_p, c_void_p, c_uint)


def _declare(lib: ctypes.CDLL, name: str, result, *arguments):
    f = getattr(lib, name)
    f.restype, f.argtypes = result, arguments
    return f


_method = _declare(_ssl, "DTLS_server_method", c_void_p)
_ctx_new = _declare(_ssl, "SSL_CTX_new", c_void_p, c_void_p)
_ctx_ctrl = _declare(_ssl, "SSL_CTX_ctrl", c_long, c_void_p, c_int, c_long, c_void_p)
_ctx_options = _declare(_ssl, "SSL_CTX_set_options", c_uint64, c_void_p, c_uint64)
_ctx_ciphers = _declare(_ssl, "SSL_CTX_set_cipher_list", c_int, c_void_p, c_char_p)
_ctx_psk = _declare(_ssl, "SSL_CTX_set_psk_server_callback", None, c_void_p, _PSK)
_ctx_cookie_make = _declare(_ssl, "SSL_CTX_set_cookie_generate_cb", None, c_void_p, _COOKIE_MAKE)
_ctx_cookie_check = _declare(_ssl, "SSL_CTX_set_cookie_verify_cb", None, c_void_p, _COOKIE_CHECK)
_new = _declare(_ssl, "SSL_new", c_void_p, c_void_p)
_free = _declare(_ssl, "SSL_free", None, c_void_p)
_accept_state = _declare(_ssl, "SSL_set_accept_state", None, c_void_p)
_set_bio = _declare(_ssl, "SSL_set_bio", None, c_void_p, c_void_p, c_void_p)
_ctrl = _declare(_ssl, "SSL_ctrl", c_long, c_void_p, c_int, c_long, c_void_p)
_handshake = _declare(_ssl, "SSL_do_handshake", c_int, c_void_p)
_read = _declare(_ssl, "SSL_read", c_int, c_void_p, c_void_p, c_int)
_write = _declare(_ssl, "SSL_write", c_int, c_void_p, c_char_p, c_int)
_shutdown = _declare(_ssl, "SSL_shutdown", c_int, c_void_p)
_error = _declare(_ssl, "SSL_get_error", c_int, c_void_p, c_int)
_psk_identity = _declare(_ssl, "SSL_get_psk_identity", c_char_p, c_void_p)
_session_context = _declare(_ssl, "SSL_CTX_set_session_id_context", c_int, c_void_p, c_char_p, c_uint)
_cipher = _declare(_ssl, "SSL_get_current_cipher", c_void_p, c_void_p)
_cipher_name = _declare(_ssl, "SSL_CIPHER_get_name", c_char_p, c_void_p)
_use_certificate = _declare(_ssl, "SSL_use_certificate_file", c_int, c_void_p, c_char_p, c_int)
_use_key = _declare(_ssl, "SSL_use_PrivateKey_file", c_int, c_void_p, c_char_p, c_int)
_set_verify = _declare(_ssl, "SSL_set_verify", None, c_void_p, c_int, c_void_p)
_peer_certificate = _declare(_ssl, "SSL_get1_peer_certificate", c_void_p, c_void_p)
_store_new = _declare(_crypto, "X509_STORE_new", c_void_p)
_store_load = _declare(_crypto, "X509_STORE_load_file", c_int, c_void_p, c_char_p)
_store_free = _declare(_crypto, "X509_STORE_free", None, c_void_p)
_subject = _declare(_crypto, "X509_get_subject_name", c_void_p, c_void_p)
_one_line = _declare(_crypto, "X509_NAME_oneline", c_char_p, c_void_p, c_char_p, c_int)
_x509_free = _declare(_crypto, "X509_free", None, c_void_p)
_bio_mem = _declare(_crypto, "BIO_s_mem", c_void_p)
_bio_new = _declare(_crypto, "BIO_new", c_void_p, c_void_p)
_bio_write = _declare(_crypto, "BIO_write", c_int, c_void_p, c_char_p, c_int)
_bio_read = _declare(_crypto, "BIO_read", c_int, c_void_p, c_void_p, c_int)
_bio_ctrl = _declare(_crypto, "BIO_ctrl", c_long, c_void_p, c_int, c_long, c_void_p)
_err_get = _declare(_crypto, "ERR_get_error", ctypes.c_ulong)
_err_text = _declare(_crypto, "ERR_reason_error_string", c_char_p, ctypes.c_ulong)


def _errors() -> str:
    words = []
    while code := _err_get():
        words.append((_err_text(code) or b"?").decode())
    return "; ".join(words)


def give_keys(context, look_up: Callable[[str], bytes | None]):
    """TLS 1.2 by pre-shared keys alone on an ssl.SSLContext, which has no word for it before Python 3.13; the answer must live as long as the context."""
    def give(_session: int, identity: bytes | None, out: int, room: int) -> int:
        key = look_up((identity or b"").decode(errors="replace"))
        if key is None or len(key) > room:
            return 0
        ctypes.memmove(out, key, len(key))
        return len(key)

    callback = _PSK(give)
    context.set_ciphers(CIPHERS.decode())
    _ctx_psk(c_void_p.from_address(id(context) + object.__basicsize__).value, callback)  # SSL_CTX is the first member of the object
    return callback


def records(datagram: bytes) -> list[bytes]:
    """The records of a datagram (RFC 6347, 4.1); what is no record is dropped."""
    out, at = [], 0
    while at + 13 <= len(datagram):
        size = 13 + int.from_bytes(datagram[at + 11:at + 13], "big")
        if at + size > len(datagram) or datagram[at + 1] != 0xFE:
            break
        out.append(datagram[at:at + size])
        at += size
    return out


class Connection:
    """One association; address is the peer's."""

    def __init__(self, server: "DtlsServer", address) -> None:
        self.server, self.address, self.identity = server, address, ""
        self.open, self.started = False, time.monotonic()
        self.random = b""
        _ctx_ctrl(server.ctx, _CACHE_MODE, _CACHE_SERVER if server.sessions() else 0, None)
        self.ssl = _new(server.ctx)
        self.inward, self.outward = _bio_new(_bio_mem()), _bio_new(_bio_mem())
        for bio in (self.inward, self.outward):
            _bio_ctrl(bio, _SET_EOF_RETURN, -1, None)
        _set_bio(self.ssl, self.inward, self.outward)
        _accept_state(self.ssl)
        _ctrl(self.ssl, _SET_MTU, MTU, None)
        server.by_pointer[self.ssl] = self
        if files := server.certificates():
            self.use(*(str(f).encode() for f in files))

    def use(self, certificate: bytes, key: bytes, roots: bytes) -> None:
        """The server's certificate; the client must show one of these roots."""
        store = _store_new()
        if _use_certificate(self.ssl, certificate, _PEM) != 1 or _use_key(self.ssl, key, _PEM) != 1 or _store_load(store, roots) != 1:
            raise OSError(f"certificates of DTLS: {_errors()}")
        _ctrl(self.ssl, _SET_VERIFY_STORE, 1, store)
        _store_free(store)
        _set_verify(self.ssl, _VERIFY_AND_DEMAND, None)

    def shown(self) -> str:
        """The subject of the client's certificate."""
        certificate = _peer_certificate(self.ssl)
        if not certificate:
            return ""
        text = ctypes.create_string_buffer(256)
        _one_line(_subject(certificate), text, len(text))
        _x509_free(certificate)
        return text.value.decode()

    def __repr__(self) -> str:
        return f"{self.address[0]}:{self.address[1]}"

    @property
    def cipher(self) -> str:
        return _cipher_name(_cipher(self.ssl)).decode()

    def feed(self, record: bytes) -> None:
        _bio_write(self.inward, record, len(record))
        if not self.open:
            self.advance()
        if self.open:
            self.read_all()
        self.flush()

    def advance(self) -> None:
        result = _handshake(self.ssl)
        if result == 1:
            self.open = True
            self.identity = self.identity or (_psk_identity(self.ssl) or b"").decode() or self.shown()
            self.flush()
            self.server.opened(self)
        elif _error(self.ssl, result) != _WANT_READ:
            self.flush()
            self.server.failed(self, _errors())

    def read_all(self) -> None:
        buffer = ctypes.create_string_buffer(MAX_RECORD)
        while self.ssl:
            n = _read(self.ssl, buffer, MAX_RECORD)
            if n <= 0:
                error = _error(self.ssl, n)
                _errors()
                if error == _ZERO_RETURN:
                    self.server.closed(self)
                return
            self.server.on_data(self, buffer.raw[:n])

    def send(self, data: bytes) -> None:
        if self.open and self.ssl:
            _write(self.ssl, data, len(data))
            self.flush()

    def flush(self) -> None:
        """Records go out packed into datagrams of at most MTU octets."""
        if not self.ssl:
            return
        out = b""
        while n := _bio_ctrl(self.outward, _PENDING, 0, None):
            buffer = ctypes.create_string_buffer(n)
            got = _bio_read(self.outward, buffer, n)
            out += buffer.raw[:got]
        datagram = b""
        for r in records(out):
            if datagram and len(datagram) + len(r) > MTU:
                self.server.transmit(datagram, self.address)
                datagram = b""
            datagram += r
        if datagram:
            self.server.transmit(datagram, self.address)

    def tick(self) -> None:
        if self.ssl and not self.open:
            _ctrl(self.ssl, _HANDLE_TIMEOUT, 0, None)
            _errors()
            self.flush()

    def end(self, notify: bool = False) -> None:
        if self.ssl:
            if notify and self.open:
                _shutdown(self.ssl)
                self.flush()
            self.server.by_pointer.pop(self.ssl, None)
            _free(self.ssl)
            self.ssl, self.open = None, False


class DtlsServer:
    """transmit(datagram, address), look_up(identity) -> key or None, then the on_* of the user: on_open(connection, replaced), on_data, on_close."""

    def __init__(self, transmit: Callable, look_up: Callable[[str], bytes | None], on_open: Callable, on_data: Callable, on_close: Callable,
                 log: Callable, ciphers: bytes = CIPHERS, certificates: Callable[[], tuple | None] = lambda: None, sessions: Callable[[], bool] = lambda: False) -> None:
        self.transmit, self.look_up, self.certificates, self.sessions = transmit, look_up, certificates, sessions
        self.on_open, self.on_data, self.on_close, self.log = on_open, on_data, on_close, log
        self.current: dict[tuple, Connection] = {}
        self.pending: dict[tuple, Connection] = {}
        self.by_pointer: dict[int, Connection] = {}
        self.secret = secrets.token_bytes(32)
        self.ctx = _ctx_new(_method())
        if not self.ctx or not _ctx_ciphers(self.ctx, ciphers):
            raise OSError(f"DTLS context: {_errors()}")
        _ctx_ctrl(self.ctx, _SET_MIN, _DTLS1_2, None)
        _session_context(self.ctx, b"lwm2m", 5)
        _ctx_options(self.ctx, _OPTIONS)
        self.callbacks = _PSK(self.give_key), _COOKIE_MAKE(self.make_cookie), _COOKIE_CHECK(self.check_cookie)
        _ctx_psk(self.ctx, self.callbacks[0])
        _ctx_cookie_make(self.ctx, self.callbacks[1])
        _ctx_cookie_check(self.ctx, self.callbacks[2])

    # --- callbacks of libssl ----------------------------------------------------------------------

    def give_key(self, ssl: int, identity: bytes | None, out: int, room: int) -> int:
        name = (identity or b"").decode(errors="replace")
        key = self.look_up(name)
        if key is None or len(key) > room:
            self.log("dtls.unknown-identity", identity=name)
            return 0
        self.by_pointer[ssl].identity = name
        ctypes.memmove(out, key, len(key))
        return len(key)

    def cookie(self, ssl: int) -> bytes:
        return hmac.new(self.secret, repr(self.by_pointer[ssl].address).encode(), hashlib.sha256).digest()[:16]

    def make_cookie(self, ssl: int, out: int, size: int) -> int:
        ctypes.memmove(out, self.cookie(ssl), 16)
        ctypes.c_uint.from_address(size).value = 16
        return 1

    def check_cookie(self, ssl: int, given: int, size: int) -> int:
        return int(hmac.compare_digest(ctypes.string_at(given, size), self.cookie(ssl)))

    # --- datagrams --------------------------------------------------------------------------------

    def feed(self, datagram: bytes, address) -> None:
        for record in records(datagram):
            connection = self.route(record, address)
            if connection and connection.ssl:
                connection.feed(record)

    def route(self, record: bytes, address) -> Connection | None:
        kind, epoch = record[0], int.from_bytes(record[3:5], "big")
        pending, current = self.pending.get(address), self.current.get(address)
        if epoch == 0 and kind == HANDSHAKE and len(record) >= 13 + 12 + 34 and record[13] == CLIENT_HELLO:
            random = record[13 + 12 + 2:13 + 12 + 34]
            if pending and pending.random != random:
                pending.end()
                pending = None
            if not pending:
                pending = self.pending[address] = Connection(self, address)
                pending.random = random
            return pending
        if epoch == 0 or (kind == HANDSHAKE and pending):
            return pending
        return current or pending

    def opened(self, connection: Connection) -> None:
        old = self.current.pop(connection.address, None)
        self.pending.pop(connection.address, None)
        self.current[connection.address] = connection
        if old:
            old.end()
        self.log("dtls.open", peer=repr(connection), identity=connection.identity, cipher=connection.cipher, replaced=bool(old))
        self.on_open(connection, old)

    def failed(self, connection: Connection, reason: str) -> None:
        self.log("dtls.failed", peer=repr(connection), identity=connection.identity, reason=reason)
        if self.pending.get(connection.address) is connection:
            self.pending.pop(connection.address)
        connection.end()

    def closed(self, connection: Connection) -> None:
        self.log("dtls.closed", peer=repr(connection), identity=connection.identity)
        if self.current.get(connection.address) is connection:
            self.current.pop(connection.address)
        self.on_close(connection)
        connection.end(notify=True)

    def tick(self) -> None:
        for c in list(self.pending.values()):
            c.tick()
            if time.monotonic() - c.started > HANDSHAKE_TIME:
                self.failed(c, "handshake timed out")
