#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Simulated QMI modems for the real libqmi, with ModemManager on top and a data path to the operator.

Owns: the streams (--proxy: the abstract socket "qmi-proxy" of this network namespace; --pty LINK: a pseudo terminal that
libqmi opens like /dev/cdc-wdm0), the control socket, the state of each modem. A proxy serves all (--modems): its client names /dev/cdc-wdm<n> first.
Promises: several clients at once; packets cross only while a packet call stands (--peer, --operator, --subscription).
Must never run in a network namespace that has a real qmi-proxy.

Control socket (--control), one command a line, "@1 " before it for the second modem, one line of answer ("error: ..." if refused):
    sms [nv] HEX...     store the PDUs (with SMSC; in UIM, or NV) in one burst and raise the WMS indications; answers the indexes, or full
    store [nv] HEX...   store silently (what was there before start)
    route HEX           deliver the TPDU by transfer route (no storage, wants an ack)
    capacity uim|nv N   how many messages a storage takes
    network-drop [WHY]  the network ends every call; WHY as below, default deactivated; answers how many there were
    reject-next [WHY]   refuse the next Start Network (may be given several times); default network-failure
    allow-all           forget what reject-next asked for
    subscription FILE   read another table of access points (no FILE: accept all)
    register STATE [PLMN]  home, roaming (in PLMN, five digits; default 26201), searching or denied; clients hear of it
    card ICCID IMSI     another card (20 and 15 digits); unplug first, replug after
    move CELL AREA RSSI RSRQ RSRP SNR  another LTE cell and its signal (cell and tracking area in hex, dBm and dB)
    fix LAT LON ALT KNOTS COURSE TIME  its satellite receiver has a fix (degrees, metres; - for no motion; UTC as 2026-11-21T15:00:00); error if it is off
    pin DIGITS [TRIES]  the card wants this PIN1 from now on (no DIGITS: none); before ModemManager looks, or unplug first. TRIES 0: its PUK
    file PATH FID HEX   set a file of the card, e.g. file 3F007F50 6430 0B6A...
    image FILE          PKCS#15 application of the card, from tests/operator/card.py; nobody is told
    swap ICCID IMSI [FILE]  another card without an unplug: it goes, it comes, clients hear of both
    refresh             the card's issuer refreshes files; who registered hears of start and end
    refuse [channels] [files]   firmware that refuses logical channels, or to read files
    card-switch NAME on|off     a peculiarity of the card: later, wrong-length, no-channels
    card-state          JSON: log of APDUs, forbidden commands, open channels, refreshes completed
    unplug / replug     end every stream and refuse new ones / accept them again
    list / log / state  JSON: SMS; messages received; calls, attempts, acks, profiles
WHY: unknown-apn auth-failed ipv4-only ipv6-only barred no-resources network-failure deactivated
"""
import argparse
import asyncio
import json
import os
import tty

import subscription
from basics import AWAY, REGISTRATIONS, CtlService, DmsService, NasService, WdaService
from pds import PdsService
from qmux import NAMES, NOT_SUPPORTED, Link, parse_frame, response, result
from uicc import Card, UimService
from wds import ADDRESSES, Peer, WdsService
from wms import CAPACITIES, STORAGES, WmsService


IMEIS = ("353535350000004", "353535350000012")
CARDS = (("89460811111111111114", "240081111111111"), ("89460811111111111122", "240082222222222"))
PORT = "cdc-wdm"


class Modem(CtlService, DmsService, NasService, PdsService, WdaService, UimService, WmsService, WdsService):
    def __init__(self, peer=None, table=None, number=0):
        self.imei, self.operating_mode = IMEIS[number], 0
        self.number, self.model = f"+4670000009{9 - number}", f"QMI-{number + 1}"
        self.card, self.address = Card(*CARDS[number]), ADDRESSES[number]
        self.siblings = [self]                        # of the same proxy
        self.refused, self.refreshes = set(), {"clients": {}, "complete": 0}
        self.links, self.clients, self.current = [], {}, None
        self.sms, self.acks = {}, []
        self.capacities = {STORAGES[name]: size for name, size in CAPACITIES.items()}
        self.profiles = {1: {0x10: b"default", 0x11: b"\x03", 0x14: b"internet"}}
        self.networks, self.families, self.attempts, self.refuse = {}, {}, [], []
        self.peer, self.table = peer or Peer("", ""), table
        self.registration, self.away = REGISTRATIONS["home"], AWAY
        self.plugged, self.log = True, []

    def receive(self, link, whole: bytes) -> None:
        service, cid, tid, msg, tlvs = parse_frame(whole)
        name = NAMES.get(service)
        handler = getattr(self, "%s_%04x" % (name, msg), None) if name else None
        self.log.append("%s %04x%s" % (name or hex(service), msg, "" if handler else " ?"))
        self.current = link
        body = handler(tlvs, cid) if handler else result(NOT_SUPPORTED)
        link.send(response(service, cid, tid, msg, body))

    def proxy_open(self, link, path: str) -> None:
        """libqmi's first request through a proxy; what it then asks is for that modem."""
        name = path.rsplit("/", 1)[-1]
        number = int(name[len(PORT):]) if name.startswith(PORT) and name[len(PORT):].isdigit() else 0
        modem = self.siblings[number] if number < len(self.siblings) else self
        if modem is not link.modem:
            link.move(modem)
        if not modem.plugged:
            link.close()

    def unplug(self) -> None:
        self.plugged = False
        for link in list(self.links):
            link.close()
            self.forget(link)

    def state(self) -> dict:
        return {"networks": self.networks, "peer_up": self.peer.up, "pin_tries": self.card.pin.tries,
                "pin_verified": self.card.pin.verified, "attempts": self.attempts, "acks": self.acks,
                "clients": sorted("%s/%d" % (NAMES[s], c) for s, c in self.clients), "plugged": self.plugged, "receiver": self.receiver,
                "profiles": {i: {hex(k): v.hex() for k, v in p.items()} for i, p in self.profiles.items()}}


def control_sms(modem, verb: str, rest: str) -> str:
    if verb == "route":
        modem.route(bytes.fromhex(rest))
        return "ok"
    if verb == "capacity":
        name, size = rest.split()
        modem.capacities[STORAGES[name]] = int(size)
        return "ok"
    words = rest.split()
    storage = words.pop(0) if words[0] in STORAGES else "uim"
    indexes = [modem.store(bytes.fromhex(pdu), storage, silent=verb == "store") for pdu in words]
    return "full" if None in indexes else " ".join(map(str, indexes))


def control_network(modem, verb: str, rest: str) -> str:
    if verb == "network-drop":
        return str(modem.network_drop(subscription.REASONS[rest or "deactivated"]))
    if verb == "reject-next":
        modem.refuse.append(subscription.REASONS[rest or "network-failure"])
    elif verb == "allow-all":
        modem.refuse.clear()
    else:
        modem.table = subscription.table_load(rest) if rest else None
    return "ok"


def control_register(modem, verb: str, rest: str) -> str:
    modem.register(*rest.split())
    return "ok"


def control_move(modem, verb: str, rest: str) -> str:
    cell, area, *signal = rest.split()
    modem.move(int(cell, 16), int(area, 16), tuple(map(int, signal)))
    return "ok"


def control_fix(modem, verb: str, rest: str) -> str:
    return "ok" if modem.fix(*rest.split()) else "error: the receiver is off"


def control_plug(modem, verb: str, rest: str) -> str:
    if verb == "unplug":
        modem.unplug()
    else:
        modem.plugged = True
    return "ok"


def control_card(modem, verb: str, rest: str) -> str:
    if verb == "pin":
        modem.card.pin.set(*rest.split())
        return "ok"
    if verb == "card":
        iccid, imsi = rest.split()
        modem.card = Card(iccid, imsi)
        return "ok"
    path, fid, content = rest.split()
    modem.card.files[(path.upper(), int(fid, 16))] = bytes.fromhex(content)
    return "ok"


def control_files(modem, verb: str, rest: str) -> str:
    words = rest.split()
    if verb == "image":
        modem.card.load(rest)
    elif verb == "refresh":
        modem.refresh()
    elif verb == "refuse":
        modem.refused = set(words)
    elif verb == "card-switch":
        (modem.card.switches.add if words[1] == "on" else modem.card.switches.discard)(words[0])
    else:
        modem.card.present = False
        modem.tell_status()
        modem.card = Card(*words[:2])
        for image in words[2:]:
            modem.card.load(image)
        modem.tell_status()
    return "ok"


def control_card_state(modem, verb: str, rest: str) -> str:
    return json.dumps({"log": modem.card.log, "forbidden": modem.card.forbidden, "channels": sorted(modem.card.channels),
                       "complete": modem.refreshes["complete"]})


def control_show(modem, verb: str, rest: str) -> str:
    if verb == "list":
        return json.dumps(modem.stored())
    return json.dumps(modem.log if verb == "log" else modem.state())


CONTROLS = {"sms": control_sms, "store": control_sms, "route": control_sms, "capacity": control_sms, "network-drop": control_network,
            "reject-next": control_network, "allow-all": control_network, "subscription": control_network,
            "unplug": control_plug, "replug": control_plug, "file": control_card,
            "card": control_card, "pin": control_card, "register": control_register, "move": control_move, "fix": control_fix,
            "image": control_files, "swap": control_files, "refresh": control_files, "refuse": control_files, "card-switch": control_files,
            "card-state": control_card_state,
            "list": control_show, "log": control_show, "state": control_show}


def control(modems, line: str) -> str:
    number, _, command = line.strip().partition(" ") if line.startswith("@") else ("@0", "", line.strip())
    verb, _, rest = command.partition(" ")
    if verb not in CONTROLS:
        return "error: unknown command"
    try:
        return CONTROLS[verb](modems[int(number[1:])], verb, rest)
    except (ValueError, KeyError, IndexError, OSError, SystemExit) as problem:
        return f"error: {problem}"


async def proxy_client(modems, reader, writer) -> None:
    if not any(m.plugged for m in modems):
        writer.close()
        return
    link = Link(modems[0], writer.write, writer.close)
    try:
        while data := await reader.read(65536):
            link.feed(data)
    except ConnectionError:
        pass                                          # the client is gone, which is what forget() is for
    finally:
        link.modem.forget(link)
        writer.close()


async def control_client(modems, reader, writer) -> None:
    try:
        while line := await reader.readline():
            writer.write((control(modems, line.decode()) + "\n").encode())
            await writer.drain()
    finally:
        writer.close()


def pty_serve(modem, loop, name: str) -> None:
    master, slave = os.openpty()
    tty.setraw(slave)                                 # our end of slave stays open: no EIO between clients
    if os.path.lexists(name):
        os.unlink(name)
    os.symlink(os.ttyname(slave), name)
    link = Link(modem, lambda b: os.write(master, b))
    loop.add_reader(master, lambda: link.feed(os.read(master, 65536)))


async def serve(args) -> None:
    table = subscription.table_load(args.subscription) if args.subscription else None
    peers = [args.peer.replace("0", str(n)) for n in range(args.modems)]
    modems = [Modem(Peer(name, args.operator), table, n) for n, name in enumerate(peers)]
    modem = modems[0]
    for each in modems:
        each.siblings = modems
    for pdu in args.preload:
        modem.store(bytes.fromhex(pdu), silent=True)
    for name in args.pty:
        pty_serve(modem, asyncio.get_running_loop(), name)
    servers = []
    if args.proxy:
        servers.append(await asyncio.start_unix_server(lambda r, w: proxy_client(modems, r, w), path="\0qmi-proxy"))
    servers.append(await asyncio.start_unix_server(lambda r, w: control_client(modems, r, w), path=args.control))
    print("ready", flush=True)
    await asyncio.gather(*(s.serve_forever() for s in servers))


def parse_arguments():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--pty", action="append", default=[], help="link to create to a pseudo terminal")
    p.add_argument("--proxy", action="store_true", help="serve the abstract socket qmi-proxy")
    p.add_argument("--control", required=True, help="unix socket for control commands")
    p.add_argument("--preload", action="append", default=[], help="hex PDU already stored at start")
    p.add_argument("--subscription", help="JSON table of access points")
    p.add_argument("--peer", default="", help="operator's end of the network port; that of the second modem has 1 for its 0")
    p.add_argument("--modems", type=int, choices=(1, 2), default=1)
    p.add_argument("--operator", default="operator", help="network namespace of --peer")
    return p.parse_args()


if __name__ == "__main__":
    try:
        asyncio.run(serve(parse_arguments()))
    except KeyboardInterrupt:
        pass
