# SPDX-License-Identifier: Apache-2.0
"""Tests of the operator's AKA and card code against the vectors of 3GPP, the RFCs and OMA, and of the AuC on its socket."""
from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

from aka import kdf, milenage, subscribers, tuak
from common import read_events
from oma import card, factory_credentials

H = bytes.fromhex
HERE = Path(__file__).resolve().parent


def vectors_of(vectors: Path, name: str) -> dict:
    return json.loads((vectors.parent / "usim" / f"{name}.json").read_text())


def same(want: dict, got: dict, name: str) -> None:
    for key, value in got.items():
        assert want[key] == value.hex(), f"{name} {key}"


def test_milenage_vectors(_folder: Path, vectors: Path) -> None:
    sets = vectors_of(vectors, "milenage_35208")["sets"]
    assert len(sets) >= 10
    for s in sets:
        k, rand, sqn, amf = H(s["k"]), H(s["rand"]), H(s["sqn"]), H(s["amf"])
        m = milenage.Milenage(k, milenage.opc(k, H(s["op"])))
        mac_a, mac_s = m.f1(rand, sqn, amf)
        same(s, dict(zip(("opc", "f1", "f1star", "f2", "f3", "f4", "f5", "f5star"), (m.opc, mac_a, mac_s, *m.f2345(rand)))), s["name"])
        assert s["autn"] == milenage.network_vector(k, m.opc, rand, sqn, amf).autn.hex(), s["name"]


def test_tuak_vectors(_folder: Path, vectors: Path) -> None:
    for s in vectors_of(vectors, "tuak_35233")["sets"]:
        k, rand, n = H(s["k"]), H(s["rand"]), s["keccak_iterations"]
        topc = tuak.topc(k, H(s["top"]), n)
        size = {f: len(s[f]) // 2 for f in ("f1", "f2", "f3", "f4")}
        got = {"topc": topc, "f1": tuak.f1(k, topc, rand, H(s["sqn"]), H(s["amf"]), size["f1"], n),
               "f1star": tuak.f1(k, topc, rand, H(s["sqn"]), H(s["amf"]), size["f1"], n, True), "f5star": tuak.f5star(k, topc, rand, n)}
        got |= dict(zip(("f2", "f3", "f4", "f5"), tuak.f2345(k, topc, rand, size["f2"], size["f3"], size["f4"], n)))
        same(s, got, s["name"])


def test_sqn_scenarios(_folder: Path, vectors: Path) -> None:
    doc = vectors_of(vectors, "sqn_auts_33102")
    for scenario in doc["scenarios"]:
        p = scenario["params"]
        usim = milenage.Usim(H(doc["k"]), H(doc["opc"]), ind_bits=p.get("ind_bits", 5), delta=p.get("delta", 1 << 28), limit=p.get("L"))
        for step in scenario["steps"]:
            answer = usim.authenticate(H(doc["rand"]), H(step["autn"]))
            assert answer.kind == step["expect"] and answer.auts.hex() == step.get("auts", ""), (scenario["name"], step["step"])


def test_key_derivation_vectors(_folder: Path, vectors: Path) -> None:
    for s in vectors_of(vectors, "eap_aka_rfc4187")["sets"]:
        if "prf160" in s:
            assert kdf.fips186_2_prf(H(s["mk"]), 160).hex() == s["prf160"]
        else:
            same(s, kdf.eap_aka(s["identity"].encode(), H(s["ck"]), H(s["ik"])), s["name"])
    for s in vectors_of(vectors, "eap_aka_prime_rfc9048")["sets"]:
        same(s, kdf.eap_aka_prime(s["identity"].encode(), s["network_name"].encode(), H(s["autn"]), H(s["ck"]), H(s["ik"])), s["name"])
    for s in vectors_of(vectors, "gba_ts33220")["sets"]:
        naf = kdf.naf_id(s["naf_fqdn"], H(s["ua_security_protocol_id"]))
        same(s, kdf.gba(H(s["ck"]), H(s["ik"]), H(s["rand"]), s["impi"], naf), s["name"])


def test_factory_credentials(_folder: Path, vectors: Path) -> None:
    checked = 0
    for f in json.loads((vectors / "index-factory.json").read_text()):
        made = {"A": factory_credentials.method_a(f["imei"], f["server_id"]), "B": factory_credentials.method_b(f["imei"], f["server_id"])}
        if "C" in f:
            made["C"] = factory_credentials.method_c(H(f["C"]["master_key_hex"]), f["imei"], f["server_id"])
        for method, got in made.items():
            for key, value in f.get(method, {}).items():
                assert got.get(key, value) == value, (f["imei"], method, key)
                checked += key in got
    assert checked >= 8


def test_card_image(_folder: Path, vectors: Path) -> None:
    doc = json.loads((vectors / "card-image.json").read_text())
    for name, oid in doc["oids"].items():
        assert card.der_oid(oid["oid"]).hex() == oid["der"], name
    assert card.decode_lwm2m_file(H(doc["image"]["files"]["ADF:PKCS15/6433"]["hex"])) == doc["expected"]["lwm2m"]
    for m in doc["malformed"]:
        if m["file"] == "LwM2M file" and m["verdict"] == "reject":
            try:
                card.decode_lwm2m_file(H(m["hex"]))
                raise AssertionError(f"{m['name']} accepted")
            except ValueError:
                pass


def ask(sock: socket.socket, auc: Path, message: str) -> list[str]:
    sock.sendto(message.encode(), str(auc))
    return sock.recv(2048).decode().split()


def test_auc(folder: Path, _vectors: Path) -> None:
    """Vectors that a USIM takes, fresh ones after a restart, resynchronisation; an unknown IMSI fails."""
    k, opc = bytes(range(16)), bytes(range(16, 32))
    (folder / "subscribers.db").write_text(subscribers.Subscriber("240080000000001", k, opc, b"\x80\0", 0x40).line())
    usim = milenage.Usim(k, opc)
    auc, mine = folder / "auc.sock", folder / "mine.sock"
    for start in (1, 2):
        mine.unlink(missing_ok=True)
        with subprocess.Popen([sys.executable, HERE / "auc.py", "--dir", folder], stdout=subprocess.PIPE, text=True) as p, \
                socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            try:
                assert "listening" in p.stdout.readline()
                s.bind(str(mine))
                s.settimeout(5)
                _, imsi, rand, autn, ik, ck, xres = ask(s, auc, "AKA-REQ-AUTH 240080000000001")
                got = usim.authenticate(H(rand), H(autn))
                assert got.kind == "ok" and (got.res.hex(), got.ik.hex(), got.ck.hex(), imsi) == (xres, ik, ck, "240080000000001")
                assert ask(s, auc, "AKA-REQ-AUTH 240089999999999")[-1] == "FAILURE"
                usim.preset(0x100000)
                words = ask(s, auc, "AKA-REQ-AUTH 240080000000001")
                stale = usim.authenticate(H(words[2]), H(words[3]))
                assert stale.kind == ("auts" if start == 1 else "ok")
                if stale.kind == "auts":
                    s.sendto(f"AKA-AUTS 240080000000001 {stale.auts.hex()} {words[2]}".encode(), str(auc))
                    words = ask(s, auc, "AKA-REQ-AUTH 240080000000001")
                    assert usim.authenticate(H(words[2]), H(words[3])).kind == "ok"
            finally:
                p.terminate()
    assert [e["taken"] for e in read_events(folder / "auc-events.jsonl") if e["event"] == "auc.resync"] == [True]
