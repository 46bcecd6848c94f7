# SPDX-License-Identifier: Apache-2.0
"""Client of agent-tred's socket for tests, written from agentd/base/wire.h and agentd/model/tre_wire.h."""
import fcntl
import os
import socket
import struct

STATUS, KEYS, VERIFY_PUSH, SEAL, UNSEAL, TOKEN_OPEN, TOKEN_SPEND, EVIDENCE, MID_INSTALL, MID_LIST, MID_SET_STATE = range(1, 12)
MID_ORDER, PFC_REQUEST, PFC_CERTIFICATE = 12, 13, 14
AUTHENTICATE, SESSION_END, EAP_KEYS, DIGEST_RESPONSE, NAF_KEY, READ_FILE, VERIFY_PIN, GBA_BIND = range(32, 40)
SIGN_REQUEST, CREDENTIALS, HANDSHAKE_SIGN = 22, 23, 24
SEMI_AUTONOMOUS, AUTONOMOUS, REMOTE = range(3)
INLINE = 16 * 1024
F_ADD_SEALS, SEALS = 1033, 2 | 4 | 8


def text(value):
    value = value.encode() if isinstance(value, str) else value
    return struct.pack(">H", len(value)) + value


class Lost(Exception):
    pass


class Client:
    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.sock.settimeout(20)
        self.sock.connect(path)
        self.seq, self.events = 0, []

    def raw(self, packet):
        self.sock.send(packet)
        return self.sock.recv(65536)

    def call(self, op, body=b""):
        self.seq += 1
        head = struct.pack(">IHHI", self.seq, op, 0, len(body))
        try:
            if len(body) > INLINE:
                fd = os.memfd_create("body", os.MFD_ALLOW_SEALING)
                os.write(fd, body)
                fcntl.fcntl(fd, F_ADD_SEALS, SEALS)
                socket.send_fds(self.sock, [head], [fd])
                os.close(fd)
            else:
                self.sock.send(head + body)
            seq, got_op, status, length, data, fds = self.packet()
            while seq == 0:
                self.events.append((got_op, data[12:]))
                seq, got_op, status, length, data, fds = self.packet()
        except (ConnectionResetError, BrokenPipeError) as e:
            raise Lost from e
        assert (seq, got_op) == (self.seq, op), (seq, got_op)
        body = data[12:]
        if fds:
            body = os.pread(fds[0], length, 0)
            os.close(fds[0])
        assert len(body) == length
        return status, body

    def packet(self):
        data, fds, _, _ = socket.recv_fds(self.sock, 65536, 4)
        if not data:
            raise Lost
        return *struct.unpack(">IHHI", data[:12]), data, fds

    def keys(self):
        status, body = self.call(KEYS)
        assert status == 0
        out = []
        for _ in range(3):
            n = struct.unpack(">H", body[:2])[0]
            out.append(body[2:2 + n])
            body = body[2 + n:]
        return out

    def tre_id(self):
        return self.call(STATUS)[1][2:18]

    def evidence(self, context, nonce, host="", now=0, form=SEMI_AUTONOMOUS):
        return self.call(EVIDENCE, text(context) + text(nonce) + text(host) + struct.pack(">QB", now, form))

    def install(self, context, package, now=0):
        return self.call(MID_INSTALL, text(context) + struct.pack(">Q", now) + package)

    def order(self, octets, now=0):
        """Status, result code, receipt."""
        status, body = self.call(MID_ORDER, struct.pack(">Q", now) + octets)
        return status, body[0], body[1:]

    def push(self, sec, mac, message, imsi, document, typed=""):
        return self.call(VERIFY_PUSH, bytes([sec, len(mac)]) + mac + message + text(imsi) + text(typed) + document)

    def mids(self):
        status, body = self.call(MID_LIST)
        assert status == 0
        out, body = {}, body[1:]
        while body:
            entry, body = parse_entry(body)
            out[entry["id"]] = entry
        return out

    def set_state(self, mid, state):
        return self.call(MID_SET_STATE, text(mid) + bytes([state]))

    def authenticate(self, mid, purpose, rand, autn):
        status, body = self.call(AUTHENTICATE, text(mid) + bytes([purpose]) + rand + autn)
        if status:
            return {"status": status}
        verdict, session = struct.unpack(">BI", body[:5])
        res, ck, ik, auts = fields(body[5:])
        return dict(status=0, verdict=verdict, session=session, res=res, ck=ck, ik=ik, auts=auts)

    def eap_keys(self, session, eap_type, identity, name):
        return self.call(EAP_KEYS, struct.pack(">IB", session, eap_type) + text(identity) + text(name))

    def digest(self, session, version, username, realm, nonce, uri, method, cnonce, qop, body, nc=1):
        head = struct.pack(">IBBI", session, version, qop, nc) + body
        return self.call(DIGEST_RESPONSE, head + b"".join(text(t) for t in (username, realm, nonce, uri, method, cnonce)))

    def gba_bind(self, session, seconds, btid, impi):
        return self.call(GBA_BIND, struct.pack(">II", session, seconds) + text(btid) + text(impi))[0]

    def naf_key(self, mid, naf_id):
        """Status, and on success seconds, B-TID and Ks_NAF."""
        status, body = self.call(NAF_KEY, text(mid) + text(naf_id))
        if status:
            return (status,)
        length = struct.unpack(">H", body[4:6])[0]
        return status, struct.unpack(">I", body[:4])[0], body[6:6 + length], body[6 + length:]

    def read_file(self, mid, path):
        status, body = self.call(READ_FILE, text(mid) + text(path))
        words = fields(body[2:]) if status == 0 else []
        return status, list(zip(words[::2], words[1::2]))

    def pin(self, mid, digits):
        status, body = self.call(VERIFY_PIN, text(mid) + text(digits))
        return (status, *body)


def fields(b):
    out = []
    while b:
        n = struct.unpack(">H", b[:2])[0]
        out.append(b[2:2 + n])
        b = b[2 + n:]
    return out


def parse_entry(b):
    def take():
        nonlocal b
        n = struct.unpack(">H", b[:2])[0]
        value, b = b[2:2 + n].decode(), b[2 + n:]
        return value
    e = {"id": take()}
    e["type"], e["version"], e["state"] = struct.unpack(">BIB", b[:6])
    b = b[6:]
    e["issuer"] = take()
    e["algorithm"], e["not_after"] = struct.unpack(">BQ", b[:9])
    b = b[9:]
    e["context"] = take()
    e["reason"], b = b[0], b[1:]
    return e, b
