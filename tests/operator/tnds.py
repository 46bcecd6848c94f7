# SPDX-License-Identifier: Apache-2.0
"""Management trees (OMA DM TNDS 1.2) as XML and as WBXML, and the DM profile bootstrap that carries them.

Pure. A tree is a dict of name -> value (text, or bytes for b64) or dict; "" names the type (DDFName) of a node, "~" its ACL. The tokens of DMDDF are those of
code page 2, in alphabetical order from 05.
"""
from __future__ import annotations

from xml.sax.saxutils import escape

import syncml
from common import b64
from syncml import N

_PAGE2 = ("AccessType ACL Add b64 bin bool chr CaseSense CIS Copy CS date DDFName DefaultValue Delete Description DFFormat DFProperties DFTitle DFType Dynamic "
          "Exec float Format Get int Man MgmtTree MIME Mod Name Node node NodeName null Occurrence One OneOrMore OneOrN Path Permanent Replace RTProperties "
          "Scope Size time Title TStamp Type Value VerDTD VerNo xml ZeroOrMore ZeroOrN ZeroOrOne").split()
TOKENS = {name: 5 + i for i, name in enumerate(_PAGE2)}
PUBLIC_TEXT = b"-//OMA//DTD-DM-DDF 1.2//EN\0"


def elements(name: str, value) -> tuple:
    """A node as (element, children or text)."""
    kind = "node" if isinstance(value, dict) else "b64" if isinstance(value, bytes) else "chr"
    properties = [("ACL", value["~"])] if isinstance(value, dict) and "~" in value else []
    properties.append(("Format", [(kind, "")]))
    properties.append(("Type", [("DDFName", value.get("", "")) if kind == "node" else ("MIME", "text/plain")]))
    below = [elements(n, v) for n, v in value.items() if n not in ("", "~")] if kind == "node" else [("Value", b64(value) if kind == "b64" else value)]
    return "Node", [("NodeName", name), ("RTProperties", properties), *below]


def tree(name: str, value: dict) -> tuple:
    return "MgmtTree", [("VerDTD", "1.2"), elements(name, value)]


def to_xml(element: tuple) -> str:
    tag, inner = element
    return f"<{tag}>{escape(inner) if isinstance(inner, str) else ''.join(map(to_xml, inner))}</{tag}>"


def to_wbxml(element: tuple) -> bytes:
    def put(e: tuple) -> bytes:
        tag, inner = e
        if not inner:
            return bytes([TOKENS[tag]])
        content = b"\x03" + inner.encode() + b"\0" if isinstance(inner, str) else b"".join(map(put, inner))
        return bytes([TOKENS[tag] | 0x40]) + content + b"\x01"
    return b"\x03\x00\x00\x6a" + bytes([len(PUBLIC_TEXT)]) + PUBLIC_TEXT + b"\x00\x02" + put(element)


def bootstrap(server_id: str, device_id: str, trees: dict[str, dict], form: str) -> bytes:
    """The message: an Add into ./Inbox for each tree; form: xml or wbxml."""
    adds = []
    for number, (name, value) in enumerate(trees.items(), 1):
        data = to_xml(tree(name, value)).encode() if form == "xml" else to_wbxml(tree(name, value))
        adds.append(N("Add", N("CmdID", number), N("Item", N("Target", N("LocURI", f"./Inbox/{name}")),
                      N("Meta", N("Format", "xml"), N("Type", f"application/vnd.syncml.dmtnds+{form}")), N("Data", data))))
    header = N("SyncHdr", N("VerDTD", "1.2"), N("VerProto", "DM/1.2"), N("SessionID", "0"), N("MsgID", "0"), N("Target", N("LocURI", device_id)),
               N("Source", N("LocURI", server_id)))
    return syncml.encode(N("SyncML", header, N("SyncBody", *adds, N("Final"))))


def account(a, port: int | None, nap: str | None) -> dict:
    """DMAcc of DM 1.2 for accounts.Account a."""
    acl = f"Get=*&Replace={a.server_id}"
    auth = {"cli": {"AAuthLevel": "CLCRED", "AAuthType": a.auth, "AAuthName": a.user, "AAuthSecret": a.secret, "AAuthData": a.octets("nonce")},
            "srv": {"AAuthLevel": "SRVCRED", "AAuthType": a.auth, "AAuthName": a.server_id, "AAuthSecret": a.server_secret,
                    "AAuthData": a.octets("server_nonce")}}
    address = {"Addr": a.url, "AddrType": "URI", **({"Port": {"1": {"PortNbr": str(port)}}} if port else {})}
    return {"": "urn:oma:mo:oma-dm-dmacc:1.0", "~": acl, "AppID": "w7", "ServerID": a.server_id, "Name": "Operator DM",
            **({"PrefConRef": f"./Inbox/{nap}"} if nap else {}), "AppAddr": {"1": address}, "AAuthPref": a.auth, "AppAuth": auth}


def account_11(a, nap: str | None) -> dict:
    """DMAcc of DM 1.1, ./SyncML/DMAcc/x."""
    kind = {"BASIC": "syncml:auth-basic", "DIGEST": "syncml:auth-md5", "HMAC": "syncml:auth-MAC"}[a.auth]
    return {"Addr": a.url, "AddrType": "1", **({"ConRef": f"./Inbox/{nap}"} if nap else {}), "ServerID": a.server_id, "ServerPW": a.server_secret,
            "ServerNonce": a.octets("server_nonce"), "UserName": a.user, "ClientPW": a.secret, "ClientNonce": a.octets("nonce"), "AuthPref": kind,
            "Name": "Operator DM"}


def access_point(napid: str, name: str, apn: str, auth: tuple[str, str, str] | None) -> dict:
    info = {"AuthInfo": dict(zip(("AuthType", "AuthName", "AuthSecret"), auth))} if auth else {}
    return {"": "urn:oma:mo:oma-connmo-nap:1.0", "NAPID": napid, "Name": name, "BearerType": "GSM-GPRS", "Addr": apn, "AddrType": "APN", **info}
