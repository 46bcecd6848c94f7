#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every kind of agentctl decode over the vectors: found by itself, right verdict with the keys and without, values and octet offsets; changed octets are never a crash, and
never accepted where there is a proof.

Owns: the judgement over index-dm.json, bei/index.json, card-image.json and the TLV samples of the fuzz corpus. TAP on standard output.
Must never compare with what the decoder printed before.    usage: decode_kinds.py DECODE_TOOL VECTOR_FOLDER CORPUS_FOLDER
"""
import base64
import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

TOOL, FOLDER, CORPUS = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
DM = json.loads((FOLDER / "index-dm.json").read_text())
CARD = json.loads((FOLDER / "card-image.json").read_text())
TOKENS = json.loads((FOLDER.parents[1] / "operator/oma/prov_tokens.json").read_text())
IMSI = json.loads((FOLDER / "index-cp.json").read_text())["imsi"]
BEI = FOLDER.parent / "bei"
WORK = tempfile.TemporaryDirectory()
sys.path.append(str(FOLDER.parents[1] / "operator"))
import bei  # noqa: E402  the operator's own instructions
results = []


def file_of(name, text):
    path = Path(WORK.name, name)
    path.write_text(text)
    return path


def decode(data: bytes, *words, imsi=IMSI, pin="1234", **keys):
    """keys: gateway, signer, password, nonce; of the digest kinds. password is the text itself."""
    if "password" in keys:
        keys["password"] = file_of("password", keys["password"] + "\n")
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        done = subprocess.run([TOOL, file.name, imsi, pin, *(f"{k}={v}" for k, v in keys.items()), *words], capture_output=True, text=True, check=False)
    assert done.returncode in (0, 3) and not done.stderr, f"exit {done.returncode}: {done.stderr[-300:]}"
    if "text" in words:
        return done.stdout
    out = json.loads(done.stdout)
    assert (out["verdict"] == "accept") == (done.returncode == 0) == (out["reason"] == ""), "verdict, reason and status disagree"
    return out


def items(node):
    yield node
    for child in node["children"]:
        yield from items(child)


def values(out, element):
    return [i["attributes"].get("value") for i in items(out["document"]) if i["element"] == element]


def octets(value):
    return value["octets_hex"] if isinstance(value, dict) else value.encode().hex()


def check_offsets(out, data: bytes):
    """A value that says where it stands stands there."""
    seen = 0
    for item in items(out["document"]):
        at, value = item["attributes"].get("offset"), item["attributes"].get("value")
        if at is not None and value not in (None, "") and not isinstance(value, int) and item["element"] not in ("mechanism", "auth", "ip"):  # names for numbers
            raw = bytes.fromhex(octets(value))
            head = data[at:at + 6] if item["element"].endswith(("resource", "resource-instance")) else b""
            hexed = item["element"] == "id" and data[at:at + 16].hex() == value
            assert hexed or data[at:at + len(raw)] == raw or raw in data[at:at + 6 + len(raw)] and head, f"{item['element']} is not at octet {at}"
            seen += 1
    assert seen, "no offset at all"


def both(kind, data):
    """By name and by itself."""
    out, alone = decode(data, kind), decode(data)
    assert alone["kind"] == kind and alone == out, f"auto took it for {alone['kind']}"
    return out


def sms(case):
    pdu = (FOLDER / case["pdu_file"]).read_bytes()
    text = "\n".join(case["tpdus_hex"]).encode()
    out = both("sms", text)
    direct = decode(pdu)
    assert out["verdict"] == direct["verdict"] and out["document"] == direct["document"] and out["reason"] == direct["reason"]
    assert len(out["parts"]) == len(case["tpdus_hex"])
    if len(case["tpdus_hex"]) > 1:
        shuffled = decode("\n".join(reversed(case["tpdus_hex"])).encode(), "sms")
        assert shuffled["document"] == out["document"] and shuffled["verdict"] == out["verdict"]
        missing = decode("\n".join(case["tpdus_hex"][:-1]).encode(), "sms")
        assert missing["verdict"] == "reject" and "missing" in missing["reason"], missing["reason"]
    else:
        smsc = decode(b"07914477587500f0" + case["tpdus_hex"][0].encode(), "sms")
        assert smsc["document"] == out["document"] and smsc["verdict"] == out["verdict"]


def wrap(media: bytes, body: bytes, headers=b""):
    return bytes([1, 6, len(media) + len(headers)]) + media + headers + body


def verdict(out, mac, words=""):
    """The verdict that belongs to what came of the proof; what it says to do."""
    assert out["mac"] == mac and (out["verdict"] == "accept") == (mac == "ok") and words in out["reason"], f"{out['verdict']}, {out['mac']}: {out['reason']}"
    return out


def flipped(data: bytes, at: int):
    return data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1:]


def package0(case):
    body, nonce = bytes.fromhex(case["package0_hex"]), base64.b64encode(bytes.fromhex(case["nonce_hex"])).decode()
    form_is_right = case["verdict"] == "accept" or "digest" in case["name"] or "unknown" in case["name"] or "server" in case["name"]
    pdu = (FOLDER / case["pdu_file"]).read_bytes()
    if not form_is_right:
        assert decode(body, "notification", password=case["server_password"], nonce=nonce)["document"] is None and decode(pdu)["verdict"] == "reject"
        return
    shown = verdict(decode(body, "notification"), "unchecked", "give --password")
    assert values(shown, "server") == [case["server_id"]], values(shown, "server")
    assert [octets(v) for v in values(shown, "digest")] == [case["package0_hex"][:32]] and shown["proof"] == "digest"
    check_offsets(shown, body)
    assert both("notification", body)
    default = case["nonce_hex"] in ("00000000", b"0x00000000".hex())
    fits = "digest" not in case["name"]
    out = verdict(decode(body, "notification", password=case["server_password"], nonce=nonce), "ok" if fits else "bad")
    assert out["document"]["attributes"].get("nonce") == ("given" if fits else None)
    whole = decode(pdu, password=case["server_password"], nonce=nonce)
    assert whole["kind"] == "push" and (whole["verdict"], whole["document"], whole["mac"]) == (out["verdict"], out["document"], out["mac"])
    if not fits:
        return
    verdict(decode(body, "notification", password=case["server_password"]), *(("ok",) if default else ("unchecked", "--nonce")))
    verdict(decode(body, "notification", password=case["server_password"] + "x", nonce=nonce), "bad")
    if not default:
        verdict(decode(body, "notification", password=case["server_password"], nonce="AAAA"), "bad")
    verdict(decode(body, "notification", password=case["server_password"], nonce="?"), "unchecked", "Base64")
    for at in range(0, len(body), 1 if "spec" in case["name"] else 5):
        assert decode(flipped(body, at), "notification", password=case["server_password"], nonce=nonce)["verdict"] == "reject", f"octet {at} changed"


def trigger(case):
    out = decode((FOLDER / case["pdu_file"]).read_bytes())
    want = "bootstrap" if case["path"].endswith("/9") else "update"
    assert out["verdict"] == "accept" and out["document"]["attributes"]["value"] == want, out["reason"]


def bootstrap(case):
    data = (FOLDER / case["pdu_file"]).read_bytes()
    auth = case.get("auth") or {}
    out = decode(data, imsi=auth.get("imsi") or "-", pin=auth.get("pin") or "-")
    assert out["kind"] == "push" and out["verdict"] == ("accept" if case["verdict"] == "accept" else "reject"), f"{out['verdict']} {out['reason']}"
    if case["verdict"] == "accept":
        assert values(out, "Addr") and out["mac"] == "ok"
        body = data[3 + data[2]:]
        for add in out["document"]["children"]:
            assert body[add["attributes"]["offset"]] == 0x54, "no Item there"
        nothing = decode(data, imsi="-", pin="-")
        assert nothing["verdict"] == "reject" and nothing["mac"] == "unchecked" and nothing["document"] == out["document"]


def check_nodes(top, data: bytes):
    """Each node stands where a Node begins (DMDDF: token 24 with content), behind its parent; data begins with the tree."""
    for node in items(top):
        for child in node["children"]:
            at = child["attributes"]["offset"]
            assert at > node["attributes"]["offset"] or node is top, f"{child['element']} at {at}"
            assert data[at:at + 1] == b"\x64" or data[at:at + 6] == b"<Node>", f"{child['element']} at {at}"


def tree():
    data = (FOLDER / "dm_bootstrap_tnds_wbxml.wbxml").read_bytes()
    out = both("tnds", data)
    assert values(out, "Addr")
    for add in out["document"]["children"]:
        opaque = data.index(b"\xc3", add["attributes"]["offset"])                            # its Data, with a length of one or two octets
        check_nodes(add, data[opaque + 2 + (data[opaque + 1] >> 7):])
    xml = (b'<?xml version="1.0"?><MgmtTree><VerDTD>1.2</VerDTD>\n<Node><NodeName>a</NodeName><Node><NodeName>b</NodeName><Value>c</Value></Node></Node>'
           b'<Node><NodeName>d</NodeName></Node></MgmtTree>')
    check_nodes(both("tnds", xml)["document"], xml)


def session():
    data = (FOLDER / "dm_pkg1_client_md5.wbxml").read_bytes()
    out = both("wbxml", data)
    assert values(out, "VerProto") == ["DM/1.2"]
    check_offsets(out, data)


def document():
    data = (FOLDER / "v01_bootstrap_nap_pap_netwpin.wbxml").read_bytes()
    push = decode((FOLDER / "v01_bootstrap_nap_pap_netwpin.pdu").read_bytes())
    assert both("wbxml", data)["document"] == push["document"]
    text = decode(data, "text")
    assert text.startswith("kind      wbxml\nverdict   accept") and "\n     4  wap-provisioningdoc" in text, text[:200]


def every_token():
    """A characteristic for each type of the operator's own table of tokens, a parm in it for each name, a value for each value token."""
    rows = [(r["page"], r["token"], r["attribute"], r["value"]) for r in TOKENS["attributes"] if r["value"] and r["attribute"] in ("name", "type")]
    data, page, wanted = bytearray(b"\x03\x0b\x6a\x00\x45"), 0, set()

    def attribute(row_page, token):
        nonlocal page
        data.extend(([0, row_page] if row_page != page else []) + [token])
        page = row_page

    def parm(row_page, token, name, *value):
        data.append(0x87)
        if 0x40 <= token <= 0x44:  # tokens of WBXML itself: the name is spelled
            attribute(page, 0x05)
            data.extend(b"\x03" + name.encode() + b"\0")
        else:
            attribute(row_page, token)
        attribute(page, 0x06)
        for piece_page, piece in value:
            attribute(piece_page, piece)
        data.extend(b"\x03" + name.encode() + b"\0\x01")

    for row_page, token, kind, name in rows:
        if kind == "type":
            data.append(0xC6)
            attribute(row_page, token)
            data.extend(b"\x01\x01")
            wanted.add(name)
    data.append(0xC6)
    attribute(0, 0x55)
    data.append(1)
    for row_page, token, kind, name in rows:
        if kind == "name":
            parm(row_page, token, name)
            wanted.add((name, name))
    for row in TOKENS["values"]:
        parm(0, 0x07, "NAME", (row["page"], row["token"]))
        wanted.add(("NAME", row["value"] + "NAME"))
    data.extend(b"\x01\x01")
    out, text = both("wbxml", bytes(data)), decode(bytes(data), "text")
    assert out["verdict"] == "accept", out["reason"]
    shown = {i["attributes"].get("type") or (i["attributes"].get("name"), i["attributes"].get("value")) for i in items(out["document"])}
    assert not wanted - shown, f"not shown: {wanted - shown}"
    missing = [w for w in wanted if (f"  {w}\n" if isinstance(w, str) else f"  {w[0]} = {w[1]}\n") not in text]
    assert not missing, f"not in the text: {missing}"


def card():
    wanted = {"3F00/2F00": "EF_DIR", "ADF:PKCS15/5031": "ODF", "ADF:PKCS15/6430": "DODF", "ADF:PKCS15/6432": "bootstrap", "ADF:PKCS15/6431": "wap-provisioningdoc",
              "ADF:PKCS15/6433": "LwM2M bootstrap file"}
    for path, element in wanted.items():
        file = CARD["image"]["files"][path]
        found = [out["document"]["element"] for data in file.get("records") or [file["hex"]]
                 if (out := decode(bytes.fromhex(data), "card"))["verdict"] == "accept"]
        assert element in found, f"{path}: {found}"
    out = decode(bytes.fromhex(CARD["image"]["files"]["ADF:PKCS15/6433"]["hex"]), "card")
    assert b"coaps://bs.example" in json.dumps(out["document"]).encode()
    for form in ("json", "cbor"):
        file = (CORPUS / f"lwm2m_card/senml-{form}").read_bytes()
        assert [decode(file, kind)["document"]["element"] for kind in ("card", "auto")] == ["LwM2M bootstrap file in SenML"] * 2
        records = {r["attributes"]["name"]: r["attributes"] for r in decode(file, "card")["document"]["children"]}
        assert (records["/0/1/0"]["vs"], records["/0/0/1"]["vb"], records["/1/0/1"]["v"]) == ("coaps://new.example:5684", "true", 600), records
        assert decode(file[:-9], "card")["verdict"] == "reject"
    whole = b'[{"bn":"/1/0/","bt":5,"n":"1","v":600},{"n":"2","v":1.5},{"n":"3","vlo":"3:0"},{"n":"4","vd":"AAEC","t":1}]'
    same = (b"\x9f\xa4\x21\x65/1/0/\x22\x05\x00\x611\x02\x19\x02\x58\xa2\x00\x612\x02\xf9\x3e\x00\xa2\x00\x613\x63vlo\x633:0\xa3\x00\x614\x06\x01\x08\x43\x00\x01\x02\xff")
    for pack in (whole, same):                                                                # what the agent reads: times beside the value, each type, any length form
        out = decode(pack, "card")
        assert out["verdict"] == "accept", out["reason"]
        records = {r["attributes"]["name"]: r["attributes"] for r in out["document"]["children"]}
        assert [records[f"/1/0/{n}"][key] for n, key in ((1, "v"), (2, "v"), (3, "vlo"), (4, "vd"))] == [600, "1.5", "3:0", {"octets_hex": "000102"}], records
    assert [r["attributes"]["offset"] for r in out["document"]["children"]] == [1, 18, 26, 38] and same[18] == 0xA2
    for hostile in (b'[{"n":"/1/0/1","v":1,"vs":"a"}]', b'[{"n":"/1/0/1","v":1,"x_":1}]', b"\x81\xa3\x00\x61a\x02\x01\x03\x61a", b"[]]", b"[1]", b"[{\"n\":1}]", b"\x81\xa1\x02\xf6", b"\x81\xa1\x00\x61a\x01", b"\x81\xa1\x00\x01", b"\x81\xa1\x18\x20\x01", b"\x81\xa1\x61a\x01", b"\x81\x01"):
        assert decode(hostile, "card")["verdict"] == "reject", hostile
    assert decode(b"\xff" * 64, "card")["verdict"] == "reject"


def pem(name, der):
    return file_of(name, f"-----BEGIN PUBLIC KEY-----\n{base64.encodebytes(der).decode()}-----END PUBLIC KEY-----\n")


def proved(data, mac, words="", **keys):
    """An instruction alone, and as the body of a push."""
    out, push = verdict(both_with("bei", data, keys), mac, words), decode(wrap(b"application/cose\0", data), **keys)
    assert push["kind"] == "push" and [push[k] for k in ("verdict", "mac", "reason", "proof")] == [out[k] for k in ("verdict", "mac", "reason", "proof")]
    assert bool(values(push, "mechanism")) == bool(values(out, "mechanism"))
    return out


def both_with(kind, data, keys):
    out, alone = decode(data, kind, **keys), decode(data, **keys)
    assert alone["kind"] == kind and alone == out, f"auto took it for {alone['kind']}"
    return out


def instruction(case):
    """With no key it is shown and not accepted, with the right one accepted; behind a wrong proof nothing is read."""
    data = (BEI / case["file"]).read_bytes()
    if case["kind"] == "bare":
        out = decode(data, "bei")
        assert out["verdict"] == "accept" and out["mac"] == "missing" and out["proof"] is None and values(out, "mechanism")
        return
    by_pin = case["kind"] == "mac0"
    out = proved(data, "unchecked", "give --gateway" if by_pin else "give --signer")
    assert values(out, "mechanism") and all("offset" in i["attributes"] for i in items(out["document"]))
    check_offsets(out, data)
    keys = {"pin": case["pin"], "gateway": case["gateway"]} if by_pin else {"signer": pem("signer", bytes.fromhex(case["spki"]))}
    assert values(proved(data, "ok", **keys), "mechanism")
    for at in range(0, len(data), 1 if case["file"].startswith("omadm") else 11):
        changed = decode(flipped(data, at), "bei", **keys)
        assert changed["verdict"] == "reject" and not (changed["mac"] == "bad" and values(changed, "mechanism")), f"octet {at} changed: {changed['mac']}"
    if by_pin:
        assert not values(proved(data, "bad", pin="1" + case["pin"][1:], gateway=case["gateway"]), "mechanism")
        proved(data, "bad", pin=case["pin"], gateway=case["gateway"] + "0")
        proved(data, "unchecked", "give --pin", pin="-", gateway=case["gateway"])
    else:
        proved(data, "unchecked", "none of the keys", signer=pem("other", ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)))
        proved(data, "unchecked", "none of the keys", signer=file_of("rubbish", "rubbish"))


def by_certificate():
    """Among other certificates and keys, as the operator's programs make them; a signature by another key under the right name is wrong."""
    run = subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=bbn", "-keyout", Path(WORK.name, "key.pem")],
                         capture_output=True, text=True, check=True)
    key = bei.load_pem_private_key(Path(WORK.name, "key.pem").read_bytes(), None)
    payload = (BEI / "omadm.cbor").read_bytes()
    other = pem("other", ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).read_text()
    signers = file_of("signers", other + Path(WORK.name, "key.pem").read_text() + "words between\n" + run.stdout)
    proved(bei.sign1(payload, key), "ok", signer=signers)
    kid = hashlib.sha256(bei.spki(key)).digest()
    assert not values(proved(bei.sign1(payload, ec.generate_private_key(ec.SECP256R1()), kid), "bad", signer=signers), "mechanism")


def strangers():
    """What the gateway's own table of pushes has no row for is not accepted here either."""
    case = next(c for c in DM["package0"] if c["verdict"] == "accept")
    keys = {"password": case["server_password"], "nonce": base64.b64encode(bytes.fromhex(case["nonce_hex"])).decode()}
    body = bytes.fromhex(case["package0_hex"])
    assert decode(wrap(b"\xc4", body, b"\xaf\x87"), **keys)["verdict"] == "accept"
    for media, headers in ((b"\xc4", b""), (b"\xc4", b"\xaf\x85"), (b"\xc2", b"\xaf\x9a"), (b"\xc3", b"\xaf\x87"), (b"\xce", b"\xaf\x87"), (b"image/gif\0", b"")):
        out = decode(wrap(media, body, headers), **keys)
        assert out["kind"] == "push" and out["verdict"] == "reject" and out["reason"].startswith("NotForUs"), f"{media} {headers}: {out['reason']}"


def empty_nonce():
    """A digest under no nonce at all fits only if that is what is given."""
    def b64_md5(data):
        return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest())

    trigger = bytes.fromhex(next(c for c in DM["package0"] if c["name"] == "pkg0_spec_example_trigger")["trigger_hex"])
    inner = b64_md5(b"com.mgmtsrv.manage:secret") + b"::" + b64_md5(trigger)
    body = hashlib.md5(inner, usedforsecurity=False).digest() + trigger
    verdict(decode(body, "notification", password="secret"), "unchecked", "--nonce")
    assert verdict(decode(body, "notification", password="secret", nonce=""), "ok")["document"]["attributes"]["nonce"] == "given"


def opened():
    """What bears the tag of an envelope is an instruction, also if there is none inside."""
    out = decode(bei.mac0(b"\x01", bei.mac_key("1234", "GW-0001")), gateway="GW-0001")
    assert (out["kind"], out["verdict"], out["mac"]) == ("bei", "reject", "ok") and out["reason"].startswith("Malformed: "), out["reason"]


def usage():
    """A file that is not there, or says nothing, is no key."""
    for words in (("signer=/nonexistent",), ("password=/nonexistent",), (f"password={file_of('empty', '')}",)):
        done = subprocess.run([TOOL, BEI / "omadm.sign1", "-", "-", *words], capture_output=True, text=True, check=False)
        assert done.returncode == 2 and not done.stdout and "--signer and --password" in done.stderr, done


def tlv():
    data = bytes([0x08, 0, 9, 0xC1, 0, 7, 0xC2, 1, 1, 0x2C, 0xC1, 7]) + b"U"
    data = data[:2] + bytes([len(data) - 3]) + data[3:]
    out = both("lwm2m-tlv", data)
    resources = [i for i in items(out["document"]) if i["element"] == "resource"]
    assert [r["attributes"]["id"] for r in resources] == [0, 1, 7] and [r["attributes"]["offset"] for r in resources] == [3, 6, 10]
    assert [r["attributes"].get("integer") for r in resources] == [7, 300, 0x55] and resources[2]["attributes"]["value"] == "U"
    assert decode(data[:-1], "lwm2m-tlv")["verdict"] == "reject"


def hostile():
    for kind in ("push", "sms", "wbxml", "tnds", "notification", "card", "bei", "lwm2m-tlv", "auto"):
        for name in ("v01_bootstrap_nap_pap_netwpin.pdu", "dm_bootstrap_tnds_wbxml.wbxml", "m10_depth_bomb.wbxml"):
            data = (FOLDER / name).read_bytes()[:600]
            for cut in range(1, len(data), 97):
                decode(data[:cut], kind)
                decode(data[:cut], kind, "text")


def controls():
    data = bytes([0xC1, 0, 0x1B, 0xC4, 1]) + b"a\x1b[m"
    assert "\x1b" not in decode(data, "lwm2m-tlv", "text")


def report(name, check, *arguments):
    try:
        check(*arguments)
        results.append(True)
        print(f"ok {len(results)} - {name}", flush=True)
    except (AssertionError, KeyError, json.JSONDecodeError) as e:
        results.append(False)
        print(f"not ok {len(results)} - {name} # {type(e).__name__} {e}", flush=True)


for row in DM["sms"]:
    report(f"sms: {row['name']}", sms, row)
for row in DM["package0"]:
    report(f"notification: {row['name']}", package0, row)
for row in DM["lwm2m_trigger"]:
    report(f"lwm2m trigger: {row['name']}", trigger, row)
for row in json.loads((BEI / "index.json").read_text()):
    report(f"instruction: {row['file']}", instruction, row)
for row in DM["bootstrap"]:
    if row.get("pdu_file"):
        report(f"dm bootstrap: {row['name']}", bootstrap, row)
for check_one in (tree, session, document, every_token, card, by_certificate, empty_nonce, opened, strangers, usage, tlv, hostile, controls):
    report(check_one.__name__, check_one)
print(f"1..{len(results)}")
sys.exit(0 if all(results) else 1)
