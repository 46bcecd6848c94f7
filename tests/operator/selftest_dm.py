# SPDX-License-Identifier: Apache-2.0
"""Tests of factory, push, MID packages and the DM server, with a scripted gateway instead of agentd."""
from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import accounts
import der
import dm_script
import dm_server
import factory
import mid
from aka import milenage
from common import EventLog, Refused, read_events, sha256
import sms_pdu                                             # found through common
from dm_session import Options, SessionError
from fake_gateway import Gateway, Tre, https_sender
from oma import dm, prov, wsp

HERE = Path(__file__).resolve().parent
GATEWAY = "GW-0001"


def make(folder: Path, verb: str, *rest) -> None:
    factory.run(factory.arguments([verb, str(folder), *map(str, rest)]))


class World:
    """Factory, one gateway, one account, one DM server in this process."""

    def __init__(self, folder: Path, auth: str = "DIGEST", fault: str = "", once: bool = False, **options) -> None:
        self.folder = folder
        if not (folder / "ca").exists():
            make(folder, "init")
            make(folder, "device", "--gateway-id", GATEWAY, "--pin", "24681357")
            self.tre = Tre(folder, folder / "ca" / "mid-root.pem")
            self.tre.make(GATEWAY)
            make(folder, "sign", folder / "pfc.csr", folder / "transport.csr")
        accounts.get_or_make(folder, GATEWAY, "com.example.dm", "https://dm.operator.example/dm", auth)
        self.log = EventLog(folder / "dm-events.jsonl")
        plan = dm_script.Plan(folder, "coaps://lwm2m.operator.example:5684")
        self.dm = dm_server.DmServer(folder, self.log, plan, Options(**options))
        self.dm.faults.set(fault, 4, once)

    def gateway(self, **kw) -> Gateway:
        account = accounts.load(self.folder, GATEWAY)
        return Gateway(account, self.tre, lambda body, headers: self.dm.handle(body, headers.get("x-syncml-hmac")), **kw)

    def events(self, name: str) -> list[dict]:
        return [e for e in read_events(self.folder / "dm-events.jsonl") if e["event"] == name]

    def last(self, name: str) -> dict:
        return self.events(name)[-1]


def good_session(w: World, **kw) -> Gateway:
    g = w.gateway(**kw)
    said = g.run()
    assert said == "ok", (said, w.events("violation"), w.events("session.end"))
    assert w.last("session.end")["result"] == "ok", w.last("session.end")
    return g


def test_dm_provisions_with_md5(folder: Path, _vectors: Path) -> None:
    w = World(folder)
    g = good_session(w)
    assert w.last("pva.verdict")["verdict"] == "pass" and w.last("mid.install")["result"] == 0 and w.last("mid.state")["State"] == "PROVISIONED"
    chunks = [c for e in w.events("message.out") for c in e["commands"] if c.endswith("/Package MoreData")]
    assert len(chunks) >= 1, "the package did not come as a large object"
    uri = "./GatewayAgent/LwM2M/example"
    key = g.tree[f"{uri}/Key"][1]
    psk = json.loads((folder / "psk.json").read_text())
    assert psk[g.tree[f"{uri}/Identity"][1]] == {"key": key.hex(), "endpoint": GATEWAY} and g.tree[f"{uri}/Key"][0] == "bin"
    assert not w.events("violation")


def test_dm_messages_are_read_by_libwbxml(folder: Path, _vectors: Path) -> None:
    w = World(folder, challenge_first=True)
    g = w.gateway()
    send, seen = g.send, []
    g.send = lambda body, headers: (seen.append(send(body, headers)), seen[-1])[1]
    assert g.run() == "ok" and len(seen) >= 9
    for number, (body, _) in enumerate(seen):
        path = folder / f"{number}.wbxml"
        path.write_bytes(body)
        xml = subprocess.run(["wbxml2xml", "-o", "-", path], capture_output=True, check=True).stdout
        assert b"<VerProto>DM/1.2</VerProto>" in xml and (b"<Final" in xml) == (b"MoreData" not in xml), number


def test_dm_second_session_and_report(folder: Path, _vectors: Path) -> None:
    w = World(folder)
    good_session(w)
    g = w.gateway()
    assert g.run(report=0) == "ok"
    assert w.last("report")["context"] == "usim" and w.last("report")["result"] == "0"
    before = w.last("mid.issued")["version"]
    good_session(w)
    assert w.last("mid.issued")["version"] == before + 1


def test_dm_hmac(folder: Path, _vectors: Path) -> None:
    w = World(folder, auth="HMAC")
    good_session(w)
    assert {e["result"] for e in w.events("auth.client")} == {"ok"} and w.last("auth.server")["status"] == "200"
    w.dm.options.challenge_first = True
    good_session(w)
    assert "wrong" in {e["result"] for e in w.events("auth.client")}


def test_dm_challenge(folder: Path, _vectors: Path) -> None:
    w = World(folder, challenge_first=True)
    good_session(w)
    assert [e["result"] for e in w.events("auth.client")] == ["wrong", "ok"]
    g = w.gateway(spoil="no-cred")
    assert g.run() == "refused by the server"
    assert w.last("auth.client")["result"] == "missing"
    w.dm.options.challenge_first = False
    for auth in ("DIGEST", "HMAC"):
        before = len(w.events("session.start"))
        accounts.get_or_make(folder, GATEWAY, "com.example.dm", "https://dm.operator.example/dm", auth)
        assert w.gateway(spoil="wrong-cred").run() == "refused by the server"
        assert w.last("auth.client")["result"] == "wrong" and len(w.events("session.start")) == before, auth


def test_dm_small_messages(folder: Path, _vectors: Path) -> None:
    w = World(folder, chunk=300)
    good_session(w, max_msg=1200)
    assert sum(c.endswith("MoreData") for e in w.events("message.out") for c in e["commands"]) >= 5


def test_dm_faults_of_the_server(folder: Path, _vectors: Path) -> None:
    w = World(folder)
    good_session(w)
    for fault, want in (("mid-other-tre", 2), ("mid-wrong-token", 3), ("mid-replay", 3), ("mid-bitflip", 1), ("mid-untrusted", 1), ("mid-unsigned", 1)):
        w.dm.faults.set(fault, once=True)
        assert w.gateway().run() == "ok", fault
        assert w.last("mid.install")["result"] == want and w.last("session.end")["reason"] == f"MID refused with {want}", (fault, w.last("mid.install"))
        assert w.dm.faults.get()[0] == "", "once is once"
    w.dm.faults.set("incomplete-account", once=True)
    g = good_session(w)
    assert "./GatewayAgent/LwM2M/example/Uri" in g.tree and "./GatewayAgent/LwM2M/example/Key" not in g.tree
    w.dm.faults.set("wrong-digest", once=True)
    assert w.gateway().run() == "server not authentic"
    w.dm.faults.set("close-in-middle", 4, once=True)
    try:
        w.gateway().run()
        raise AssertionError("not closed")
    except ConnectionAbortedError:
        pass
    good_session(w)


def test_dm_pedantry(folder: Path, _vectors: Path) -> None:
    w = World(folder)
    for spoil, word in (("verproto", "VerProto"), ("cmdid", "CmdID given twice"), ("no-status", "no Status for Get"), ("add", "may not send Add"),
                        ("base64", "bin is not OPAQUE")):
        try:
            said = w.gateway(spoil=spoil).run()
            raise AssertionError(f"{spoil} accepted: {said}")
        except SessionError:
            pass
        assert any(word in f for f in w.last("violation")["faults"]), (spoil, w.last("violation"))
    assert w.gateway(spoil="chunk").run() == "ok" and "answered 500" in w.last("session.end")["reason"]


def test_pva_refuses(folder: Path, _vectors: Path) -> None:
    w = World(folder)
    assert w.gateway(spoil="blocked").run() == "ok"
    assert w.last("pva.verdict")["verdict"] == "fail" and not w.events("mid.issued")
    (folder / "devices.json").write_text(json.dumps({GATEWAY: {"pin": "24681357"}}))
    w.gateway().run()
    assert "PfC key was not signed by the factory" in w.last("pva.verdict")["reasons"]


def test_no_secrets_in_events(folder: Path, _vectors: Path) -> None:
    w = World(folder)
    g = good_session(w)
    text = (folder / "dm-events.jsonl").read_text()
    key = g.tree["./GatewayAgent/LwM2M/example/Key"][1]
    k = (folder / "subscribers.db").read_text().split()[1]
    for secret in (g.a.secret, g.a.server_secret, key.hex(), k, "24681357", g.tre.token.hex()):
        assert secret not in text


def test_mid_package_opens_with_openssl(folder: Path, _vectors: Path) -> None:
    w = World(folder)
    target = {"tre_id": w.tre.tre_id, "pfc": sha256(w.tre.spki("pfc")), "transport": w.tre.spki("transport"), "token_hash": sha256(b"t"), "nonce": bytes(32)}
    package, m = mid.issue(folder, GATEWAY, target)
    assert der.tree(package)[0] == (6, bytes.fromhex("2a864886f70d0109100117")), "not AuthEnvelopedData"
    assert bytes.fromhex("06062b8104010b01") in package, "not dhSinglePass-stdDH-sha256kdf-scheme"
    tree = der.tree(mid.unseal(package, folder / "transport.key", folder / "ca" / "mid-root.pem"))
    assert len(tree) == 16 and tree[4] == (12, b"sho.example") and tree[6] == (4, sha256(b"t"))
    (_, k), (_, opc), (_, _amf), (_, sqn) = tree[14]
    (_, rand), (_, autn), (_, res) = tree[15]
    card = milenage.Usim(k, opc)
    card.preset(int.from_bytes(sqn, "big"))
    assert card.authenticate(rand, autn).res == res
    assert (folder / "subscribers.db").read_text().split()[:2] == [m.imsi, k.hex()]
    for fault in ("bitflip", "untrusted", "unsigned", "other-key"):
        wrong, _ = mid.issue(folder, GATEWAY, target, fault)
        try:
            mid.unseal(wrong, folder / "transport.key", folder / "ca" / "mid-root.pem")
            raise AssertionError(f"{fault} opens")
        except Refused:
            pass


def test_push(folder: Path, _vectors: Path) -> None:
    w = World(folder)
    factory.server(folder, ["dm.operator.example"])
    out, tpdu = folder / "p.pdu", folder / "p.tpdu"
    base = [sys.executable, HERE / "push.py", "--dir", folder, "--out", out, "--tpdu", tpdu]
    subprocess.run([*base, "--server-pin", folder / "servers" / "dm.operator.example.pem", "--order", "reverse"], check=True)
    pdu = out.read_bytes()
    head = 3 + pdu[2]
    body = pdu[head:]
    assert wsp.mac(b"24681357", body).encode() in pdu[:head]
    text = json.dumps(prov.decode(body))
    account = accounts.load(w.folder, GATEWAY)
    for part in ("SERVER-PIN", "gateway-agent", "PROVURL", account.secret, account.server_secret, account.nonce, "APPSRV", "CLIENT", "CHAP"):
        assert part in text, part
    parts = [bytes.fromhex(line) for line in tpdu.read_text().split()]
    assert parts[::-1] == sms_pdu.wap_push(pdu, ref=parts[0][1 + parts[0][0]:][1 + 1 + 1 + 6 + 2 + 7 + 1 + 1 + 6 + 2]) and len(parts) > 3
    subprocess.run([*base, "--wrong-mac"], check=True)
    pdu = out.read_bytes()
    assert wsp.mac(b"24681357", pdu[3 + pdu[2]:]).encode() not in pdu
    subprocess.run([*base, "--no-mac"], check=True)
    assert b"\x92" not in out.read_bytes()[:6]


def test_https(folder: Path, _vectors: Path) -> None:
    w = World(folder)
    factory.server(folder, ["dm.operator.example"])
    command = [sys.executable, HERE / "dm_server.py", "run", "--dir", folder, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            port = int(server.stdout.readline().rsplit(":", 1)[1])
            send = https_sender("127.0.0.1", port, "dm.operator.example", folder / "ca" / "operator-tls.pem")
            assert Gateway(accounts.load(folder, GATEWAY), w.tre, send).run() == "ok"
            assert w.last("session.end")["result"] == "ok" and w.last("tls")["version"] in ("TLSv1.2", "TLSv1.3")
            subprocess.run([sys.executable, HERE / "dm_server.py", "fault", "--dir", folder, "wrong-cert"], check=True)
            try:
                Gateway(accounts.load(folder, GATEWAY), w.tre, send).run()
                raise AssertionError("wrong certificate accepted")
            except OSError as e:
                assert "certificate verify failed" in str(e)
            subprocess.run([sys.executable, HERE / "dm_server.py", "fault", "--dir", folder, "--once", "silent"], check=True)
            send = https_sender("127.0.0.1", port, "dm.operator.example", folder / "ca" / "operator-tls.pem", timeout=1)
            try:
                Gateway(accounts.load(folder, GATEWAY), w.tre, send).run()
                raise AssertionError("a silent server answered")
            except TimeoutError:
                pass
            assert w.last("fault")["fault"] == "silent"
            assert Gateway(accounts.load(folder, GATEWAY), w.tre, send).run() == "ok", "silent once, then good"
        finally:
            server.terminate()


def test_notifications(folder: Path, vectors: Path) -> None:
    """Package#0 and the LwM2M trigger have the form of the vectors."""
    World(folder)
    base = [sys.executable, HERE / "push.py", "--dir", folder, "--out", folder / "n.pdu"]
    subprocess.run([*base, "--notify", "1234"], check=True)
    pdu, vector = (folder / "n.pdu").read_bytes(), (vectors / "pkg0_v11_server_nonce16.pdu").read_bytes()
    assert pdu[1:6] == vector[1:6] and len(pdu) == len(vector) and pdu[22:] == vector[22:]
    account = accounts.load(folder, GATEWAY)
    assert pdu[6:] == dm.package0(account.server_id.encode(), account.server_secret.encode(), account.octets("server_nonce"), session=0x1234)
    subprocess.run([*base, "--trigger", "/1/0/8"], check=True)
    pdu, vector = (folder / "n.pdu").read_bytes(), (vectors / "lwm2m_trigger_spec_example.pdu").read_bytes()
    assert pdu[1:8] == vector[1:8] and pdu[-6:] == vector[-6:]
