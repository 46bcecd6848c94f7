#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The operator's AuC for hostapd (EAP-AKA, EAP-AKA', EAP-SIM): answers on the UNIX datagram socket of eap_sim_db with vectors of DIR/subscribers.db, that is of
the MIDs which mid.py issued. Owns DIR/auc-events.jsonl; keys and vectors are not logged, an IMSI by its last four digits only.
"""
from __future__ import annotations

import argparse
import signal
import socket
import sys
from pathlib import Path

from aka import subscribers
from common import EventLog, run_program


def answer(path: Path, message: str, log: EventLog) -> str | None:
    """AKA-REQ-AUTH IMSI gives a vector or FAILURE, SIM-REQ-AUTH IMSI COUNT triplets; AKA-AUTS IMSI AUTS RAND gives no answer."""
    verb, imsi, *words = message.split() + [""]
    with subscribers.changing(path) as db:
        sub = db.get(imsi)
        vector = sub.next_vector() if sub and verb == "AKA-REQ-AUTH" else None
        triplets = [sub.triplet() for _ in range(int(words[0]))] if sub and verb == "SIM-REQ-AUTH" else []
        taken = bool(sub) and verb == "AKA-AUTS" and len(words) > 2 and sub.resync(bytes.fromhex(words[1]), bytes.fromhex(words[0]))
    known = {"imsi": "*" + imsi[-4:], "known": sub is not None}
    if verb == "AKA-AUTS":
        log("auc.resync", taken=taken, **known)
        return None
    if verb == "SIM-REQ-AUTH":
        log("auc.triplets", count=len(triplets), **known)
        told = [":".join(x.hex() for x in (kc, sres, rand)) for rand, sres, kc in triplets] or ["FAILURE"]
        return " ".join(["SIM-RESP-AUTH", imsi, *told])
    if verb != "AKA-REQ-AUTH":
        log("auc.strange", verb=verb)
        return None
    log("auc.vector", **known)
    if vector is None:
        return f"AKA-RESP-AUTH {imsi} FAILURE"
    return " ".join(["AKA-RESP-AUTH", imsi, *(x.hex() for x in (vector.rand, vector.autn, vector.ik, vector.ck, vector.xres))])


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--dir", type=Path, required=True)
    p.add_argument("--socket", type=Path, help="default DIR/auc.sock; hostapd: eap_sim_db=unix:PATH")
    a = p.parse_args()
    path = a.socket or a.dir / "auc.sock"
    path.unlink(missing_ok=True)
    log = EventLog(a.dir / "auc-events.jsonl")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(str(path))
        print(f"auc listening on {path}", flush=True)
        while True:
            data, peer = s.recvfrom(2048)
            try:
                reply = answer(a.dir / "subscribers.db", data.decode("ascii"), log)
            except ValueError as e:
                log("auc.strange", error=str(e))
                continue
            if reply and peer:
                s.sendto(reply.encode(), peer)


if __name__ == "__main__":
    run_program(main)
