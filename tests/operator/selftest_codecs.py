# SPDX-License-Identifier: Apache-2.0
"""Tests of the operator's codecs: against the OMA vectors, against libwbxml and openssl as oracles, and each other's inverse."""
from __future__ import annotations

import hashlib
import json
import random
import subprocess
from pathlib import Path

import cbor
import coap
import der
import lwm2m_data
import syncml
from oma import dm, prov, wsp
from syncml import N


def raises(kind: type[Exception], f, *args, **kw) -> bool:
    try:
        f(*args, **kw)
    except kind:
        return True
    return False


def test_syncml_vectors(_folder: Path, vectors: Path) -> None:
    sessions = json.loads((vectors / "index-dm.json").read_text())["session"]
    assert len(sessions) >= 3
    for s in sessions:
        data = (vectors / s["wbxml_file"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == s["wbxml_sha256"], s["name"]
        root = syncml.decode(data)
        assert not list(syncml.check(root)), (s["name"], list(syncml.check(root)))
        assert syncml.decode(syncml.encode(root)) == root, s["name"]
        i = s["hmac_inputs"]
        mac = dm.hmac_digest(i["username"].encode(), i["password"].encode(), bytes.fromhex(i["nonce_hex"]), data)
        assert s["hmac_header"].endswith("mac=" + mac), s["name"]


def test_syncml_libwbxml_reads_ours(folder: Path, vectors: Path) -> None:
    for path in sorted(vectors.glob("dm_pkg*.wbxml")):
        ours = folder / path.name
        ours.write_bytes(syncml.encode(syncml.decode(path.read_bytes())))
        texts = [subprocess.run(["wbxml2xml", "-o", "-", p], capture_output=True, check=True).stdout for p in (path, ours)]
        assert texts[0] == texts[1] and b"SyncHdr" in texts[0], path.name


def test_syncml_refuses(_folder: Path, vectors: Path) -> None:
    good = (vectors / "dm_pkg1_client_md5.wbxml").read_bytes()
    for cut in range(len(good)):
        assert raises(syncml.Malformed, syncml.decode, good[:cut]), f"cut at {cut} accepted"
    assert raises(syncml.Malformed, syncml.decode, good + b"\0")
    wrong = {
        "order": N("Alert", N("Data", "1201"), N("CmdID", "1")), "unknown child": N("Item", N("Final")), "twice": N("Item", N("Data", "1"), N("Data", "2")),
        "no target": N("Get", N("CmdID", "1")), "text": N("Final", "x"), "meta": N("Meta", N("Data", "x")),
    }
    for name, node in wrong.items():
        assert list(syncml.check(node)), name
    assert list(syncml.check(N("SyncBody", N("Final"), N("Alert", N("CmdID", "1")))))


def test_dm_digests(_folder: Path, vectors: Path) -> None:
    for a in json.loads((vectors / "index-dm.json").read_text())["auth"]:
        user, password, nonce = a["username"].encode(), a["password"].encode(), bytes.fromhex(a["nonce_hex"])
        assert dm.md5_digest(user, password, nonce) == a["md5"] and dm.basic(user, password) == a["basic"]


def test_cp_vectors(_folder: Path, vectors: Path) -> None:
    checked = 0
    for e in json.loads((vectors / "index-cp.json").read_text())["vectors"]:
        if e["kind"] != "valid" or "wbxml_file" not in e:
            continue
        body, pdu = (vectors / e["wbxml_file"]).read_bytes(), (vectors / e["pdu_file"]).read_bytes()
        assert prov.decode(body) == e["expected_document"] and pdu.endswith(body), e["name"]
        if "mac" in e["auth"]:
            assert wsp.mac(bytes.fromhex(e["auth"]["key_hex"]), body) == e["auth"]["mac"].upper(), e["name"]
            checked += 1
    assert checked >= 10


def test_der(_folder: Path, _vectors: Path) -> None:
    value = der.sequence(der.integer(300), der.octets(bytes(200)), der.utf8("x"), der.boolean(True), der.enumerated(0))
    parts = der.tree(value)
    assert parts[0] == (2, b"\x01\x2c") and parts[1] == (4, bytes(200)) and parts[3] == (1, b"\xff")
    assert subprocess.run(["openssl", "asn1parse", "-inform", "DER"], input=value, capture_output=True, check=False).returncode == 0
    for bad in (value[:-1], value + b"\0", b"\x30\x80\0\0", b"\x04\x81\x01a", b"\x04\x82\x00\x80" + bytes(128)):
        assert raises(der.DerError, der.tree, bad), bad.hex()


def test_cbor(_folder: Path, _vectors: Path) -> None:
    value = {1: -7, 10: b"abc", "list": [True, None, 1.5, -1000], 256: cbor.Tagged(18, [0, 23, 24, 65535, 65536])}
    assert cbor.decode(cbor.encode(value), canonical=True) == value
    for bad in ("1817", "a2020101 01", "a201010101", "5f4101ff", "1800", "62ff", "83 01", "a1 82 01 02 03"):
        assert raises(cbor.CborError, cbor.decode, bytes.fromhex(bad), canonical=True), bad


def test_coap_round_trip(_folder: Path, _vectors: Path) -> None:
    rng = random.Random(7)
    for _ in range(300):
        options = [(rng.choice((6, 8, 11, 12, 14, 15, 17, 23, 27, 60, 300, 2049)), rng.randbytes(rng.choice((0, 1, 12, 13, 20, 300)))) for _ in range(rng.randrange(6))]
        m = coap.Message(rng.randrange(4), rng.choice((1, 2, 65, 69)), rng.randrange(65536), rng.randbytes(rng.randrange(9)), sorted(options, key=lambda o: o[0]),
                         rng.randbytes(rng.randrange(40)))
        assert coap.decode(coap.encode(m)) == m


def test_coap_refuses(_folder: Path, _vectors: Path) -> None:
    good = "44027d3401020304b13101300139"
    m = coap.decode(bytes.fromhex(good))
    assert m.path == "/1/0/9" and m.code == coap.POST
    bad = {"version": "84027d3401020304", "token": "49027d34010203040506070809", "cut": good[:14], "option": "40017d34bd", "reserved": "40017d34f0",
           "marker": good + "ff", "empty with token": "4100000155", "class 1": "40200001"}
    for name, text in bad.items():
        assert raises(coap.CoapError, coap.decode, bytes.fromhex(text)), name


def test_lwm2m_formats(_folder: Path, _vectors: Path) -> None:
    tlv = bytes.fromhex("c800144f70656e204d6f62696c6520416c6c69616e6365c801164c69676874776569676874204d324d20436c69656e74")
    assert lwm2m_data.describe(11542, tlv) == {"0": "Open Mobile Alliance", "1": "Lightweight M2M Client"}
    assert raises(ValueError, lwm2m_data.describe, 11542, tlv[:-1])
    links = lwm2m_data.links(b'</>;ct="110 112",</1/0>,</3/0>;ver=1.2,</25>')
    assert links == ["/", "/1/0", "/3/0", "/25"]
    for bad in (b"</1", b"1/0", b"</1/0>;", b"</1/0>,,</3>"):
        assert raises(ValueError, lwm2m_data.links, bad), bad
