# SPDX-License-Identifier: Apache-2.0
# What a server writes may be a secret: when the request is answered and no resource keeps what was written, no copy of it is in the process. Every format, whole
# and in blocks, over DTLS and without security; the server is ets_server.py. Runs itself in a private network namespace, as root. Usage: traces_test.py TOOL. TAP.
import json
import os
import pathlib
import re
import secrets
import subprocess
import sys

from ets_server import coap
from restart_test import KEYED, OPEN, Gateway

import cbor  # found by ets_server

GET, POST, PUT, IPATCH = coap.GET, coap.POST, coap.PUT, coap.IPATCH
REFUSED = "/1/0/7"  # the binding: any text but a few is 4.00
results = []


def check(name, passed, detail=""):
    results.append(bool(passed))
    print(f"{'ok' if passed else 'not ok'} {len(results)} - {name}" + ("" if passed else f" # {detail}"), flush=True)


def traces(pid, octets):
    """Places in the memory of a process that have a half of it: of freed memory the allocator may have overwritten the rest."""
    found, half = [], len(octets) // 2
    pattern = re.compile(re.escape(octets[:half]) + b"|" + re.escape(octets[half:]))
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as mem:
        for line in maps:
            begin, end = (int(n, 16) for n in line.split()[0].split("-"))
            if "rw" not in line.split()[1]:
                continue
            try:
                mem.seek(begin)
                found += [line.split()[-1] + f"+{m.start():x}" for m in pattern.finditer(mem.read(end - begin))]
            except OSError:
                continue  # not to be read by anybody: [vvar]
    return found


def ways(text):
    """Name, method, path, format and payload of requests that write it where it is refused."""
    octets = text.encode()
    tlv = b"\xc8\x07" + bytes([len(octets)]) + octets
    record = {-2: "/1/0/", 0: "7", 3: text}
    return (("text", PUT, REFUSED, 0, octets), ("CBOR", PUT, REFUSED, 60, cbor.encode(text)), ("TLV", POST, "/1/0", 11542, tlv),
            ("SenML JSON", POST, "/1/0", 110, json.dumps([{"bn": "/1/0/", "n": "7", "vs": text}]).encode()), ("SenML CBOR", POST, "/1/0", 112, cbor.encode([record])),
            ("JSON of 1.0", POST, "/1/0", 11543, json.dumps({"bn": "/1/0/", "e": [{"n": "7", "sv": text}]}).encode()),
            ("LwM2M CBOR", POST, "/1/0", 11544, cbor.encode({1: {0: {7: text}}})), ("Write-Composite", IPATCH, "/", 112, cbor.encode([record])),
            ("Create", POST, "/16", 112, cbor.encode([{-2: "/16/5/", 0: "9", 3: text}])), ("a resource that is not there", PUT, "/3/0/77", 0, octets))


def in_blocks(server, path, payload, size=64):
    """Block1, SZX 2."""
    for i in range(0, len(payload), size):
        last = i + size >= len(payload)
        m = server.ask(PUT, path, [(coap.CONTENT_FORMAT, b""), (coap.BLOCK1, coap.block_value(i // size, not last, size))], payload[i:i + size])
    return m


def main():
    if os.environ.get("TRACES_TEST_INSIDE") != "1":
        os.environ["TRACES_TEST_INSIDE"] = "1"
        private = str(pathlib.Path(__file__).resolve().parents[2] / "lab/private")
        os.execv(private, [private, sys.executable, "-B", *sys.argv])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for how, name in ((KEYED, "over DTLS"), (OPEN, "without security")):
        g = Gateway(how)
        g.start()
        g.server.registered()
        kept = secrets.token_hex(16)
        m = g.server.ask(POST, "/16", [(coap.CONTENT_FORMAT, coap.uint(112))], cbor.encode([{-2: "/16/0/", 0: "0/0", 3: kept}]))
        check(f"{name}: what is kept is found", m.code == coap.CREATED and traces(g.client.pid, kept.encode()), m)
        for what, method, path, form, _ in ways(""):
            text = secrets.token_hex(16)
            payload = next(w[4] for w in ways(text) if w[0] == what)
            m = g.server.ask(method, path, [(coap.CONTENT_FORMAT, coap.uint(form))], payload)
            left = traces(g.client.pid, text.encode())
            check(f"{name}, {what}: refused, and gone", m.code >> 5 == 4 and not left, (coap.code_text(m.code), left))
        text = secrets.token_hex(64)
        m = in_blocks(g.server, REFUSED, text.encode())
        left = traces(g.client.pid, text.encode()[:60]) + traces(g.client.pid, text.encode()[64:])
        check(f"{name}, in blocks: refused, and gone", m.code >> 5 == 4 and not left, (coap.code_text(m.code), left))
        g.close()
    print(f"1..{len(results)}")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
