# SPDX-License-Identifier: Apache-2.0
"""The pedant: what a DM 1.2 client may send, checked message by message (OMA DM Protocol 1.2, SyncML RepPro 1.2).

Owns no session state but the list of commands that wait for a Status. It reports every fault it finds; what to do about it is the session's choice.
"""
from __future__ import annotations

import re
from dataclasses import dataclass, field

import syncml
from syncml import Node

CLIENT_COMMANDS = {"Alert", "Replace", "Results", "Status"}  # DM Protocol 1.2, section 6: all that a client may send
NUMBER = re.compile(r"[1-9][0-9]{0,8}")


@dataclass
class Waiting:
    """A command of the server that wants a Status."""
    msg: int
    cmd_id: str
    node: Node
    status: str = ""
    statuses: int = 0
    results: dict[str, Node] = field(default_factory=dict)  # by LocURI: Item

    @property
    def targets(self) -> list[str]:
        return [i.text("Target/LocURI") for i in self.node.all("Item")]


class Pedant:
    def __init__(self) -> None:
        self.faults: list[str] = []
        self.waiting: list[Waiting] = []

    def fault(self, good: bool, text: str) -> None:
        if not good:
            self.faults.append(text)

    def header(self, root: Node, session: str, source: str, msg_id: int, urls: list[str]) -> None:
        """SyncHdr against the session; session and source "" for a first message."""
        hdr = root.get("SyncHdr")
        if root.tag != "SyncML" or hdr is None:
            self.fault(False, "no SyncML/SyncHdr")
            return
        self.fault(hdr.text("VerDTD") == "1.2", "VerDTD is not 1.2")
        self.fault(hdr.text("VerProto") == "DM/1.2", "VerProto is not DM/1.2")
        self.fault(bool(re.fullmatch(r"[0-9A-Fa-f]{1,4}", hdr.text("SessionID"))), "SessionID is not 1..4 hex digits")
        self.fault(session in ("", hdr.text("SessionID")), "SessionID changed")
        self.fault(hdr.text("MsgID") == str(msg_id), f"MsgID is {hdr.text('MsgID')}, not {msg_id}")
        self.fault(hdr.text("Target/LocURI") in urls, f"Target is {hdr.text('Target/LocURI')!r}, not the server's URL")
        self.fault(bool(hdr.text("Source/LocURI")) and source in ("", hdr.text("Source/LocURI")), "Source is empty or changed")
        size = hdr.text("Meta/MaxMsgSize")
        self.fault(msg_id > 1 or bool(size), "no MaxMsgSize in the first message")
        self.fault(not size or bool(NUMBER.fullmatch(size)), "MaxMsgSize is no number")

    def body(self, root: Node, last_msg: int) -> None:
        """CmdIDs, kinds of commands, Status and Results against the commands of the server."""
        body = root.get("SyncBody")
        if body is None:
            self.fault(False, "no SyncBody")
            return
        commands = [c for c in body.children if c.tag != "Final"]
        ids = [c.text("CmdID") for c in commands]
        self.fault(all(NUMBER.fullmatch(i) for i in ids), "CmdID is no number above 0")
        self.fault(len(set(ids)) == len(ids), "CmdID given twice")
        for c in commands:
            self.fault(c.tag in CLIENT_COMMANDS, f"a client may not send {c.tag}")
        statuses = [c for c in commands if c.tag == "Status"]
        if last_msg:
            first = commands[0] if commands else None
            right = first is not None and first.tag == "Status" and first.text("CmdRef") == "0"
            self.fault(right, "the first command is not the Status of the SyncHdr")
        for s in statuses:
            self.status(s, last_msg)
        self.order(statuses)
        for r in body.all("Results"):
            self.result(r)
        for a in body.all("Alert"):
            self.alert(a)

    def status(self, s: Node, last_msg: int) -> None:
        code, ref, cmd = s.text("Data"), s.text("CmdRef"), s.text("Cmd")
        self.fault(bool(re.fullmatch(r"[1-5][0-9]{2}", code)), f"Status without a code ({cmd})")
        if ref == "0":
            self.fault(cmd == "SyncHdr" and s.text("MsgRef") == str(last_msg), "Status of a SyncHdr that was not sent")
            return
        w = next((w for w in self.waiting if str(w.msg) == s.text("MsgRef") and w.cmd_id == ref), None)
        if w is None:
            self.fault(False, f"Status for {s.text('MsgRef')}/{ref}, which was not sent")
            return
        self.fault(cmd == w.node.tag, f"Status names {cmd} for a {w.node.tag}")
        self.fault(w.statuses < max(1, len(w.targets)), f"{cmd} {ref}: more Status than items")
        for t in s.all("TargetRef"):
            self.fault(t.text() in w.targets, f"TargetRef {t.text()!r} is not in the command")
        w.status = code if not w.statuses or w.status == "200" else w.status
        w.statuses += 1

    def order(self, statuses: list[Node]) -> None:
        """Status come in the order of the commands (RepPro 1.2, Status)."""
        places = [(int(s.text("MsgRef", "0") or 0), int(s.text("CmdRef", "0") or 0)) for s in statuses
                  if s.text("CmdRef").isdigit() and s.text("MsgRef").isdigit()]
        self.fault(places == sorted(places), "Status out of order")

    def result(self, r: Node) -> None:
        w = next((w for w in self.waiting if str(w.msg) == r.text("MsgRef") and w.cmd_id == r.text("CmdRef")), None)
        if w is None or w.node.tag != "Get":
            self.fault(False, f"Results for {r.text('MsgRef')}/{r.text('CmdRef')}, which is no Get of this session")
            return
        for item in r.all("Item"):
            uri = item.text("Source/LocURI")
            self.fault(uri in w.targets, f"Results of {uri!r}, which was not asked for")
            self.fault(uri not in w.results, f"Results of {uri!r} twice")
            kind = item.text("Meta/Format") or r.text("Meta/Format")
            data = item.get("Data")
            self.fault(bool(kind), f"Results of {uri!r} without Format")
            if kind == "bin":
                self.fault(data is not None and isinstance(data.data, bytes), f"{uri!r}: bin is not OPAQUE")
            self.fault(kind != "b64", f"{uri!r}: b64 in WBXML")
            w.results[uri] = item

    def alert(self, a: Node) -> None:
        code = a.text("Data")
        self.fault(code in ("1200", "1201", "1222", "1223", "1224", "1225", "1226"), f"Alert {code} is not a client's")
        if code == "1226":
            for item in a.all("Item"):
                self.fault(bool(item.text("Meta/Type")), "generic alert without Type")
                self.fault(bool(item.text("Meta/Format")), "generic alert without Format")
            self.fault(bool(a.all("Item")), "generic alert without Item")

    def first_package(self, root: Node) -> None:
        """Package 1: exactly one Alert 1200 or 1201, and DevInfo (DM Protocol 1.2, 8.3)."""
        body = root.get("SyncBody") or Node("SyncBody")
        starts = [a for a in body.all("Alert") if a.text("Data") in ("1200", "1201")]
        self.fault(len(starts) == 1, "package 1 needs one Alert 1200 or 1201")
        info = {i.text("Source/LocURI"): i.text("Data") for r in body.all("Replace") for i in r.all("Item")}
        for leaf in ("DevId", "Man", "Mod", "DmV", "Lang"):
            self.fault(bool(info.get(f"./DevInfo/{leaf}")), f"package 1 without ./DevInfo/{leaf}")
        self.fault(info.get("./DevInfo/DmV") == "1.2", "DmV is not 1.2")
        self.fault(info.get("./DevInfo/DevId") == root.text("SyncHdr/Source/LocURI"), "DevId is not the Source of the SyncHdr")

    def all_answered(self) -> None:
        for w in self.waiting:
            self.fault(w.statuses > 0, f"no Status for {w.node.tag} {w.msg}/{w.cmd_id}")
            if w.node.tag == "Get" and w.status == "200":
                self.fault(set(w.results) == set(w.targets), f"Get {w.msg}/{w.cmd_id}: 200 without all Results")

    def replaces(self, root: Node) -> None:
        """A client's Replace is about DevInfo only."""
        body = root.get("SyncBody") or Node("SyncBody")
        for r in body.all("Replace"):
            for i in r.all("Item"):
                self.fault(i.text("Source/LocURI").startswith("./DevInfo/"), f"Replace of {i.text('Source/LocURI')!r} by the client")

    def take(self) -> list[str]:
        faults, self.faults = self.faults, []
        return faults


def dtd(root: Node) -> list[str]:
    return list(syncml.check(root))
