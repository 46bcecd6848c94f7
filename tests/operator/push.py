#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The DRF: makes the bootstrap push (OMA CP document, WSP, SEC and MAC) and sends it as SMS through a simulated modem.

Owns the account that it hands out (accounts.py). Everything that a bad sender could do differently is an option. PIN, secrets and MAC are in the
message only, never on the terminal or in the event log DIR/push-events.jsonl.
"""
from __future__ import annotations

import argparse
import random
import secrets
import socket
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import accounts
import pki
import tnds
from common import EventLog, Refused, b64, json_state, load_json, openssl, run_program, sha256, write_file
import sms_pdu                                             # found through common
from oma import dm, wsp
from oma.prov import Encoder, characteristic, document, parm, to_xml

SECS = {"netwpin": wsp.NETWPIN, "userpin": wsp.USERPIN, "usernetwpin": wsp.USERNETWPIN, "userpinmac": wsp.USERPINMAC}


def napdef(a: argparse.Namespace) -> ET.Element:
    parts = [parm("NAPID", a.napid), parm("BEARER", "GSM-GPRS"), parm("NAME", a.nap_name)]
    if a.internet:
        parts.append(parm("INTERNET"))
    parts += [parm("NAP-ADDRESS", a.apn), parm("NAP-ADDRTYPE", "APN")]
    if a.ip_type:
        parts.append(parm("LOCAL-ADDRTYPE", a.ip_type))
    if a.apn_auth != "none":
        parts.append(characteristic("NAPAUTHINFO", parm("AUTHTYPE", a.apn_auth.upper()), parm("AUTHNAME", a.apn_user), parm("AUTHSECRET", a.apn_secret)))
    if a.validity:
        parts.append(validity(a.validity))
    return characteristic("NAPDEF", *parts)


def validity(text: str) -> ET.Element:
    """NETWORK=26201,VALIDUNTIL=..."""
    return characteristic("VALIDITY", *(parm(*item.split("=", 1)) for item in text.split(",")))


def also(word: str) -> ET.Element:
    """ID:APN[:VALIDITY], without authentication."""
    napid, apn, *valid = word.split(":", 2)
    parts = [parm("NAPID", napid), parm("BEARER", "GSM-GPRS"), parm("NAME", napid), parm("NAP-ADDRESS", apn), parm("NAP-ADDRTYPE", "APN")]
    return characteristic("NAPDEF", *parts, *map(validity, valid))


def appauth(level: str, kind: str, name: str, secret: str, nonce: str) -> ET.Element:
    data = [] if kind == "BASIC" else [parm("AAUTHDATA", nonce)]
    return characteristic("APPAUTH", parm("AAUTHLEVEL", level), parm("AAUTHTYPE", kind), parm("AAUTHNAME", name), parm("AAUTHSECRET", secret), *data)


def application(a: argparse.Namespace, account: accounts.Account) -> ET.Element:
    port = [characteristic("PORT", parm("PORTNBR", str(a.port)))] if a.port else []
    parts = [parm("APPID", "w7"), parm("PROVIDER-ID", account.server_id), parm("NAME", "Operator DM")]
    if a.to_proxy:
        parts.append(parm("TO-PROXY", a.to_proxy))
    elif not a.no_napdef and not a.access:
        parts += [parm("TO-NAPID", napid) for napid in (a.napid, *(word.split(":")[0] for word in a.also))]
    parts.append(characteristic("APPADDR", parm("ADDR", account.url), parm("ADDRTYPE", "URI"), *port))
    parts.append(appauth("APPSRV", account.auth, account.user, account.secret, account.nonce))
    if not a.no_srvcred:
        parts.append(appauth("CLIENT", account.auth, account.server_id, account.server_secret, account.server_nonce))
    return characteristic("APPLICATION", *parts)


def vendor(a: argparse.Namespace) -> list[ET.Element]:
    """VENDORCONFIG NAME=gateway-agent: SERVER-PIN = base64 SHA-256 of the SubjectPublicKeyInfo, CONTEXT."""
    parts = []
    if a.context:
        parts.append(parm("CONTEXT", a.context))
    if a.server_pin:
        parts.append(parm("SERVER-PIN", b64(pki.pin(a.server_pin))))
    if a.wrong_pin:
        parts.append(parm("SERVER-PIN", b64(secrets.token_bytes(32))))
    return [characteristic("VENDORCONFIG", parm("NAME", "gateway-agent"), *parts)] if parts else []


def certificate_store(path: Path) -> ET.Element:
    raw = openssl("x509", "-in", path, "-outform", "DER")
    thumbprint = openssl("dgst", "-sha1", "-binary", data=raw).hex()
    return characteristic("CertificateStore", characteristic("ROOT", characteristic(thumbprint, parm("EncodedCertificate", b64(raw)))))


def pxlogical(a: argparse.Namespace) -> ET.Element:
    """PROXY1: a default proxy for everything (ProvCont 4.3), unless an application or a rule names it."""
    user, _, password = a.proxy_login.partition(":")
    auth = [characteristic("PXAUTHINFO", parm("PXAUTH-TYPE", "HTTP-BASIC"), parm("PXAUTH-ID", user), parm("PXAUTH-PW", password))] if user else []
    physical = characteristic("PXPHYSICAL", parm("PHYSICAL-PROXY-ID", "PX1"), parm("PXADDR", a.proxy), parm("PXADDRTYPE", "IPV4"),
                              parm("TO-NAPID", a.napid), characteristic("PORT", parm("PORTNBR", str(a.proxy_port))))
    return characteristic("PXLOGICAL", parm("PROXY-ID", "PROXY1"), parm("NAME", "Proxy"), *auth, physical)


def access(text: str) -> ET.Element:
    """NAME=VALUE,.. as parms of one rule."""
    return characteristic("ACCESS", *(parm(*word.split("=", 1)) for word in text.split(",")))


def make_document(a: argparse.Namespace, account: accounts.Account) -> ET.Element:
    closed = [parm("CONTEXT-ALLOW", a.context_allow)] if a.context_allow else []
    boot = [parm("NAME", a.name)] + closed + ([parm("PROVURL", a.provurl or account.url)] if not a.no_provurl else [])
    parts = [characteristic("BOOTSTRAP", *boot)]
    if not a.no_napdef:
        parts += [napdef(a), *map(also, a.also)]
    if not a.no_account:
        parts.append(application(a, account))
    if a.certificate:
        parts.append(certificate_store(a.certificate))
    if a.proxy:
        parts.append(pxlogical(a))
    parts += map(access, a.access)
    if a.client_identity:
        parts.append(characteristic("CLIENTIDENTITY", parm("CLIENT-ID", a.client_identity)))
    return document(*parts, *vendor(a))


def make_trees(a: argparse.Namespace, account: accounts.Account) -> bytes:
    """The DM profile: the same account and access point as management objects, and one that no gateway knows."""
    nap = None if a.no_napdef else a.napid
    auth = None if a.apn_auth == "none" else (a.apn_auth.upper(), a.apn_user, a.apn_secret)
    trees = {"Fumo": {"": "urn:oma:mo:oma-fumo:1.0", "PkgName": "firmware"}}
    if not a.no_account:
        trees["Operator"] = tnds.account_11(account, nap) if a.dm_account == "1.1" else tnds.account(account, a.port, nap)
    if nap:
        trees[nap] = tnds.access_point(nap, a.nap_name, a.apn, auth)
    return tnds.bootstrap(account.server_id, "urn:gateway:" + a.gateway_id, trees, a.profile.removeprefix("dm-"))


def make_pdu(a: argparse.Namespace, body: bytes) -> bytes:
    pin = a.pin or load_json(a.dir / "devices.json", {}).get(a.gateway_id, {}).get("pin", "")
    sec = SECS[a.sec]
    if sec != wsp.NETWPIN and not pin:
        raise Refused(f"no PIN for {a.gateway_id}: run `factory.py device` or give --pin")
    if sec in (wsp.NETWPIN, wsp.USERNETWPIN) and not a.imsi:
        raise Refused(f"SEC {a.sec} needs --imsi")
    if a.typed_out:
        write_file(a.typed_out, wsp.user_pin_mac(pin, body).encode(), 0o600)
    mac = wsp.mac(wsp.key_for(sec, a.imsi, pin), body)
    if a.wrong_mac:
        mac = f"{int(mac[0], 16) ^ 1:X}{mac[1:]}"
    kind = {} if a.profile == "cp" else {"media": wsp.SYNCML_DM_WBXML, "app_id": wsp.APP_SYNCML_DM}
    if a.no_sec:
        return wsp.wsp_push(body, **kind)
    text = None if a.no_mac or sec == wsp.USERPINMAC else mac
    return wsp.wsp_push(body, **kind, sec=sec if a.sec_value is None else a.sec_value, mac_text=text, mac_first=a.mac_first,
                        tid=random.randrange(1, 256))


def make_notification(a: argparse.Namespace) -> bytes:
    """Package#0 of a server-initiated session (DM Notification 1.2), or the CoAP message of a LwM2M trigger (LwM2M 1.0, appendix L)."""
    if a.trigger:
        body = dm.coap_post(a.trigger, random.randrange(65536), secrets.token_bytes(4))
        return wsp.wsp_push(body, wsp.DM_NOTIFICATION, app_id=wsp.APP_LWM2M)
    account = accounts.load(a.dir, a.user or a.gateway_id)
    if account is None:
        raise Refused(f"no account for {a.user or a.gateway_id}: make a bootstrap first")
    if a.default_nonce:                                    # both sides begin again with it (DM Security 1.2, 5.3.4)
        account.nonce = account.server_nonce = b64(b"0x00000000" if a.default_nonce == "text" else bytes(4))
        accounts.save(a.dir, account)
    with json_state(a.dir / "notified.json") as notified:
        notified.setdefault(account.user, []).append(f"{a.notify:X}")
    secret = b"not the secret" if a.wrong_mac else account.server_secret.encode()
    body = dm.package0((a.notify_server or account.server_id).encode(), secret, account.octets("server_nonce"), ui_mode=a.ui, session=a.notify)
    return wsp.wsp_push(body, wsp.DM_NOTIFICATION, app_id=wsp.APP_SYNCML_DM)


def ordered(parts: list[bytes], order: str, seed: int) -> list[bytes]:
    if order == "shuffle":
        return random.Random(seed).sample(parts, len(parts))
    return parts[::-1] if order == "reverse" else parts


def command(path: Path, line: str) -> str:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(10)
        sock.connect(str(path))
        sock.sendall(line.encode() + b"\n")
        return sock.makefile().readline().strip()


def send(a: argparse.Namespace, pdu: bytes, log: EventLog) -> None:
    ref = a.ref if a.ref is not None else random.randrange(1, 65536 if a.wide_ref else 256)
    parts = sms_pdu.wap_push(pdu, ref=ref, wide_ref=a.wide_ref, sender=a.sender)
    if a.drop_part:
        parts = [p for number, p in enumerate(parts, 1) if number != a.drop_part]
    parts = ordered(parts, a.order, a.seed) * (1 + a.repeat)
    if a.tpdu:
        write_file(a.tpdu, "".join(p.hex() + "\n" for p in parts).encode(), 0o600)
    for number, part in enumerate(parts, 1):
        if not a.send:
            continue
        line = "route " + part[1 + part[0]:].hex() if a.route else "sms " + part.hex()
        answer = command(a.send, line)
        log("sms.sent", part=number, of=len(parts), route=a.route, answer=answer)
        if not a.quiet:
            print(f"part {number} of {len(parts)}: {answer}", flush=True)
        if number < len(parts):
            time.sleep(a.pause)


def arguments() -> argparse.Namespace:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--dir", type=Path, required=True, help="the operator's state (devices.json, dm-accounts.json)")
    p.add_argument("--gateway-id", default="GW-0001")
    g = p.add_argument_group("document")
    g.add_argument("--profile", choices=("cp", "dm-wbxml", "dm-xml"), default="cp", help="client provisioning, or OMA DM with trees in WBXML or XML")
    g.add_argument("--dm-account", choices=("1.2", "1.1"), default="1.2", help="form of the account in a DM profile (default %(default)s)")
    g.add_argument("--name", default="Example Operator", help="BOOTSTRAP/NAME")
    g.add_argument("--url", default="https://dm.operator.example/dm", help="w7 ADDR (default %(default)s)")
    g.add_argument("--port", type=int, help="APPADDR/PORT/PORTNBR too")
    g.add_argument("--provurl", help="BOOTSTRAP/PROVURL (default: --url)")
    g.add_argument("--no-provurl", action="store_true")
    g.add_argument("--server-id", default="com.example.dm", help="PROVIDER-ID (default %(default)s)")
    g.add_argument("--user", help="AAUTHNAME of the client (default: gateway id)")
    g.add_argument("--auth", choices=sorted(accounts.TYPES), default="DIGEST", help="AAUTHTYPE (default %(default)s)")
    g.add_argument("--fresh", action="store_true", help="new secrets and nonces for the account")
    g.add_argument("--no-srvcred", action="store_true", help="no credentials of the server")
    g.add_argument("--no-account", action="store_true", help="no w7 APPLICATION")
    g.add_argument("--no-napdef", action="store_true")
    g.add_argument("--napid", default="NAP1")
    g.add_argument("--nap-name", default="Operator bearer")
    g.add_argument("--apn", default="m2m.example.net")
    g.add_argument("--apn-auth", choices=("none", "pap", "chap"), default="chap")
    g.add_argument("--apn-user", default="gw")
    g.add_argument("--apn-secret", default="apn-secret-7")
    g.add_argument("--ip-type", choices=("IPV4", "IPV6", "IPV4V6"))
    g.add_argument("--validity", metavar="NAME=VALUE,..", help="VALIDITY of that NAPDEF, e.g. NETWORK=24008")
    g.add_argument("--also", action="append", default=[], metavar="ID:APN[:VALIDITY]", help="one more NAPDEF, and TO-NAPID for it")
    g.add_argument("--internet", action="store_true")
    g.add_argument("--server-pin", type=Path, metavar="CERT", help="pin this server certificate (VENDORCONFIG SERVER-PIN)")
    g.add_argument("--wrong-pin", action="store_true", help="a random SERVER-PIN")
    g.add_argument("--certificate", type=Path, metavar="CERT", help="CertificateStore/ROOT with this certificate")
    g.add_argument("--context", help="VENDORCONFIG CONTEXT")
    g.add_argument("--proxy", metavar="ADDRESS", help="PXLOGICAL with this address")
    g.add_argument("--proxy-port", type=int, default=8080)
    g.add_argument("--proxy-login", metavar="USER:PASSWORD", default="", help="its PXAUTHINFO, HTTP-BASIC")
    g.add_argument("--to-proxy", metavar="ID", help="TO-PROXY of the account instead of TO-NAPID")
    g.add_argument("--access", action="append", default=[], metavar="NAME=VALUE,..", help="ACCESS; the account names no way of its own then")
    g.add_argument("--client-identity", help="CLIENTIDENTITY/CLIENT-ID")
    g.add_argument("--context-allow", metavar="N", help="BOOTSTRAP/CONTEXT-ALLOW")
    g = p.add_argument_group("authentication")
    g.add_argument("--sec", choices=SECS, default="userpin")
    g.add_argument("--pin", help="device PIN (default: of devices.json)")
    g.add_argument("--imsi", default="", help="for netwpin and usernetwpin")
    g.add_argument("--sec-value", type=int, metavar="N", help="this number as SEC, whatever the key was")
    g.add_argument("--typed-out", type=Path, help="write what a person types for userpinmac")
    g.add_argument("--wrong-mac", action="store_true", help="one bit of the MAC is wrong")
    g.add_argument("--no-mac", action="store_true", help="SEC without MAC")
    g.add_argument("--no-sec", action="store_true", help="neither SEC nor MAC")
    g.add_argument("--mac-first", action="store_true", help="MAC before SEC")
    g.add_argument("--flip", type=int, metavar="BIT", help="flip this bit of the document after its MAC was made")
    g = p.add_argument_group("instead of a bootstrap")
    g.add_argument("--notify", type=lambda s: int(s, 16), metavar="SESSION", help="Package#0 for this session id (hex)")
    g.add_argument("--default-nonce", choices=("octets", "text"), help="Package#0 with the default nonce, as four zero octets or as text")
    g.add_argument("--notify-server", help="Package#0 in the name of this server id")
    g.add_argument("--ui", type=int, choices=range(4), default=0, help="Package#0: user interaction mode (default %(default)s)")
    g.add_argument("--trigger", metavar="PATH", help="LwM2M trigger: POST to PATH, e.g. /1/0/8")
    g = p.add_argument_group("carriage")
    g.add_argument("--pdu-in", type=Path, help="send this WSP PDU again instead of making one (replay)")
    g.add_argument("--out", type=Path, help="write the WSP PDU")
    g.add_argument("--xml", type=Path, help="write the document as XML")
    g.add_argument("--document", type=Path, help="write the document as WBXML, as a smart card holds it")
    g.add_argument("--tpdu", type=Path, help="write the SMS PDUs (hex lines, SMSC first)")
    g.add_argument("--send", type=Path, metavar="SOCKET", help="control socket of the simulated modem")
    g.add_argument("--route", action="store_true", help="QMI transfer route (`route HEX`, TPDU without SMSC) instead of storage")
    g.add_argument("--order", choices=("forward", "reverse", "shuffle"), default="forward")
    g.add_argument("--seed", type=int, default=1, help="of --order shuffle")
    g.add_argument("--pause", type=float, default=0.5, help="seconds between parts (default %(default)s)")
    g.add_argument("--repeat", type=int, default=0, help="send all parts this many times more")
    g.add_argument("--drop-part", type=int, help="leave out part N")
    g.add_argument("--ref", type=int, help="concatenation reference (default: random)")
    g.add_argument("--wide-ref", action="store_true", help="16-bit reference")
    g.add_argument("--sender", default="+46700000001")
    g.add_argument("-q", "--quiet", action="store_true")
    return p.parse_args()


def build(a: argparse.Namespace) -> bytes:
    if a.pdu_in:
        return a.pdu_in.read_bytes()
    if a.notify is not None or a.trigger:
        return make_notification(a)
    user = a.user or a.gateway_id
    if a.fresh:
        accounts.save(a.dir, accounts.Account(user, a.server_id, a.url))
    account = accounts.get_or_make(a.dir, user, a.server_id, a.url, a.auth)
    if a.profile == "cp":
        root = make_document(a, account)
        body = Encoder().encode(root)
    else:
        body = make_trees(a, account)
    if a.xml and a.profile == "cp":
        write_file(a.xml, to_xml(root).encode(), 0o600)
    if a.document:
        write_file(a.document, body, 0o600)
    pdu = make_pdu(a, body)
    if a.flip is not None:
        at = len(pdu) - len(body) + a.flip // 8
        pdu = pdu[:at] + bytes([pdu[at] ^ 0x80 >> a.flip % 8]) + pdu[at + 1:]
    return pdu


def main() -> None:
    a = arguments()
    if not (a.out or a.send or a.tpdu or a.document):
        raise Refused("nothing to do: give --out, --document, --tpdu or --send")
    log = EventLog(a.dir / "push-events.jsonl")
    pdu = build(a)
    if a.out:
        write_file(a.out, pdu, 0o600)
    log("push.made", octets=len(pdu), sha256=sha256(pdu).hex(), sec=a.sec)
    send(a, pdu, log)


if __name__ == "__main__":
    run_program(main)
