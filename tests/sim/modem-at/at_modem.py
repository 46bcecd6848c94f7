#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A simulated 3GPP AT modem for the real ModemManager: SMS and the control side of bearers, no packets.

Owns: the AT channels (--at abstract:NAME, the form that ModemManager's test interface opens; --pty LINK), the control
socket, the state of one modem.
Promises: answers of the generic dialogue; what it does not know is ERROR.
Must never carry user data: after CONNECT everything is swallowed until +++.

Control socket (--control), one command a line, one line of answer ("error: ..." if refused):
    sms HEX...          store the PDUs where +CPMS mem3 says, send a +CMTI for each; answers the indexes, or full
    store MEM HEX       store silently (what was there before start)
    capacity MEM N      how many messages a storage takes
    quiet               milliseconds since the last AT command
    cmt HEX             deliver directly as +CMT, not stored
    urc TEXT            send a raw unsolicited line
    set COMMAND ANSWER  change an answer, e.g. set AT+CSQ +CSQ: 5,99
    pin DIGITS [TRIES]  the card wants this PIN1 from now on (no DIGITS: none); TRIES 0: its PUK
    unset COMMAND       the usual answer again
    network-time TIME   what the network tells the modem from now on: now, Unix seconds or off (default)
    unplug / replug     end every channel and refuse new ones / accept them again
    list / log / state  JSON: SMS storages; AT commands received; PDP contexts and data state (also: bearer)
"""
import argparse
import asyncio
import json
import os
import re
import sys
import time
import tty
from pathlib import Path

sys.path.insert(1, str(Path(__file__).resolve().parents[1]))

from card_pin import PUK_TRIES, CardPin  # noqa: E402
from network_time import NetworkTime  # noqa: E402

OK, ERROR = "OK", "ERROR"


def tpdu_length(pdu):
    """Length field of +CMGR, +CMGL, +CMT: octets of the TPDU, SMSC excluded (3GPP TS 27.005 3.1)."""
    return len(pdu) - 1 - pdu[0]


class Sim:
    """EF contents by file id, for +CRSM (READ BINARY/RECORD, GET RESPONSE)."""

    def __init__(self, iccid="89460811111111111114", imsi="240081111111111"):
        self.imsi = imsi
        self.pin = CardPin()
        self.files = {
            0x2FE2: bytes(int(iccid[i + 1] + iccid[i], 16) for i in range(0, 20, 2)),
            0x6F46: b"\x01Provision Net".ljust(17, b"\xff"),     # SPN
            0x6FAD: bytes([0, 0, 0, 2]),                          # AD, MNC length 2
            0x6F3E: b"\x01\xff", 0x6F3F: b"\x02\xff",             # GID1, GID2
            0x6F60: bytes(5), 0x6F62: bytes(5),                   # PLMNwAcT, HPLMNwAcT
        }

    def crsm(self, args):
        cmd, fid, p1, p2, p3 = (list(map(int, args[:5])) + [0] * 5)[:5]
        data = self.files.get(fid)
        if data is None:
            return 0x6A, 0x82, b""
        if cmd == 176:
            off = (p1 << 8) | p2
            return 0x90, 0x00, data[off:off + (p3 or 256)]
        if cmd == 192:
            size = len(data)
            return 0x90, 0x00, bytes([0, 0]) + size.to_bytes(2, "big") + fid.to_bytes(2, "big") + \
                bytes([4, 0, 0, 0, 0, 1, 2, 0, 0])
        if cmd == 178:
            return 0x90, 0x00, data[:p3 or 256]
        return 0x6D, 0x00, b""


class Modem:
    def __init__(self, imei="353535350000004"):
        self.imei = imei
        self.sim = Sim()
        self.memories = {"SM": {}, "ME": {}}
        self.capacity = {"SM": 20, "ME": 50}
        self.selected = ["SM", "SM", "SM"]
        self.cnmi = (0, 0, 0, 0, 0)
        self.contexts = {1: ("IPV4V6", "internet")}
        self.auth = {}
        self.active = set()
        self.cfun = 1
        self.overrides = {}
        self.log, self.heard = [], time.monotonic()
        self.channels = []
        self.plugged = True
        self.network_time = NetworkTime()

    # ---- SMS ------------------------------------------------------------
    def store(self, mem, pdu, stat=0):
        slots = self.memories[mem]
        index = next((i for i in range(1, self.capacity[mem] + 1) if i not in slots), None)
        if index is None:
            return None
        slots[index] = [stat, pdu]
        return index

    def urc(self, text):
        for channel in self.channels:
            if not channel.data_mode:
                channel.write("\r\n" + text + "\r\n")

    # ---- AT -------------------------------------------------------------
    def execute(self, line):
        """Returns (list of answer lines, final code)."""
        self.log.append(line)
        self.heard = time.monotonic()
        body = line[2:] if line[:2].upper() == "AT" else None
        if body is None:
            return [], ERROR
        if line in self.overrides:
            answer = self.overrides[line]
            return ([], answer) if answer in (OK, ERROR) or answer.startswith("+CM") else ([answer], OK)
        out = []
        for part in re.split(r';(?=(?:[^"]*"[^"]*")*[^"]*$)', body):
            lines, code = self.command(part)
            out += lines
            if code != OK:
                return out, code
        return out, OK

    def command(self, cmd):
        simple = {
            "": [], "E0": [], "V1": [], "X4": [], "&C1": [], "+CMEE=1": [], "+CSCS=\"UCS2\"": [],
            "+CSCS=\"IRA\"": [], "+CSCS=\"GSM\"": [], "+CMGF=0": [],
            "I": ["Manufacturer: Simulated", "Model: AT-1", "Revision: 1.0", "IMEI: " + self.imei,
                  "+GCAP: +CGSM,+CLTE2"],
            "+GCAP": ["+GCAP: +CGSM"],
            "+WS46=?": ["+WS46: (12,22,25,28,29)"],
            "+CGMI": ["Simulated"], "+CGMM": ["AT-1"], "+CGMR": ["1.0"], "+CGSN": [self.imei],
            "+CIMI": [self.sim.imsi],
            "+CPIN?": ["+CPIN: " + self.lock()],
            "+CLCK=?": ['+CLCK: ("SC","PS","FD","PN","PU","PP","PC")'],
            "+CSCS=?": ['+CSCS: ("IRA","UCS2","GSM")'], "+CSCS?": ['+CSCS: "IRA"'],
            "+CMGF=?": ["+CMGF: (0)"],
            "+CNMI=?": ["+CNMI: (0-2),(0-3),(0-3),(0-2),(0,1)"],
            "+CPMS=?": ['+CPMS: ("SM","ME"),("SM","ME"),("SM","ME")'],
            "+CREG?": ['+CREG: 2,1,"1234","001122BB",7'],
            "+CGREG?": ['+CGREG: 2,1,"31C5","0083F7CD",7'],
            "+CEREG?": ['+CEREG: 2,1,"31C5","0083F7CD",7'],
            "+COPS=3,2": [], "+COPS=3,0": [], "+COPS=0": [],
            "+CSQ": ["+CSQ: 21,99"], "+CESQ=?": ["+CESQ: (0-63,99),(0-7,99),(0-96,255),(0-49,255),(0-34,255),(0-97,255)"],
            "+CESQ": ["+CESQ: 99,99,255,255,20,55"],
            "+IFC=?": ["+IFC: (0,2),(0,2)"], "+IFC=2,2": [], "+IFC=0,0": [],
            "+CGEREP=?": ["+CGEREP: (0-2),(0,1)"], "+CGEREP=2": [], "+CGEREP=0": [],
            "+CFUN=?": ["+CFUN: (0,1,4)"],
            "+CNUM": ['+CNUM: "","+46700000099",145'],
            "+CRC=1": [], "+CRC=0": [], "+CLIP=1": [], "+CLIP=0": [], "+CCWA=1": [], "+CCWA=0": [],
            "+CEMODE?": ["+CEMODE: 2"],
            "+CTZU=1": [], "+CCLK?": [self.network_time.cclk()],
        }
        if cmd in simple:
            return simple[cmd], OK if cmd != "+CIMI" or self.sim.pin.verified else "+CME ERROR: 11"
        if re.fullmatch(r"\+(CREG|CGREG|CEREG)=[012]", cmd):
            return [], OK
        if cmd == "+COPS?":
            long = self.log[-2:] and "COPS=3,0" in "".join(self.log[-2:])
            return ['+COPS: 0,0,"Provision Net",7' if long else '+COPS: 0,2,"24008",7'], OK
        if cmd == "+CFUN?":
            return ["+CFUN: %d" % self.cfun], OK
        m = re.fullmatch(r"\+CFUN=(\d)(,\d)?", cmd)
        if m:
            self.cfun = int(m.group(1))
            return [], OK
        m = re.fullmatch(r'\+CLCK="(..)",2', cmd)
        if m:
            return ["+CLCK: 0"], OK
        m = re.fullmatch(r"\+CRSM=(.*)", cmd)
        if m:
            sw1, sw2, data = self.sim.crsm(m.group(1).replace('"', "").split(","))
            tail = ',"%s"' % data.hex().upper() if data else ""
            return ["+CRSM: %d,%d%s" % (sw1, sw2, tail)], OK
        return self.pin_command(cmd) or self.sms_command(cmd) or self.packet_command(cmd) or ([], ERROR)

    def lock(self) -> str:
        return "READY" if self.sim.pin.verified else "SIM PIN" if self.sim.pin.tries else "SIM PUK"

    def pin_command(self, cmd):
        """TS 27.007: +CPIN with a PIN; +CSIM with VERIFY of no PIN, whose answer 63CX tells the tries left (TS 102 221 11.1.9)."""
        m = re.fullmatch(r'\+CPIN="?(\d+)"?', cmd)
        if m:
            return [], OK if self.sim.pin.verify(m.group(1)) else "+CME ERROR: 16" if self.sim.pin.tries else "+CME ERROR: 12"
        tries = {'"0020000100"': self.sim.pin.tries, '"0020008100"': 3, '"002C000100"': PUK_TRIES, '"002C008100"': PUK_TRIES}
        m = re.fullmatch(r"\+CSIM=10,(.*)", cmd)
        if m and m.group(1) in tries:
            return ['+CSIM: 4,"63C%X"' % tries[m.group(1)]], OK
        return None

    def sms_command(self, cmd):
        if cmd == "+CPMS?":
            return ["+CPMS: " + ",".join('"%s",%d,%d' % (m, len(self.memories[m]), self.capacity[m])
                                        for m in self.selected)], OK
        m = re.fullmatch(r'\+CPMS="(\w\w)"(?:,"(\w\w)")?(?:,"(\w\w)")?', cmd)
        if m:
            for i, mem in enumerate(m.groups()):
                if mem:
                    self.selected[i] = mem
            return ["+CPMS: " + ",".join("%d,%d" % (len(self.memories[x]), self.capacity[x])
                                        for x in self.selected)], OK
        m = re.fullmatch(r"\+CNMI=(\d),(\d),(\d),(\d),(\d)", cmd)
        if m:
            self.cnmi = tuple(map(int, m.groups()))
            return [], OK
        slots = self.memories[self.selected[0]]
        if cmd == "+CMGL=4":
            out = []
            for index, item in sorted(slots.items()):
                out.append("+CMGL: %d,%d,,%d\r\n%s" % (index, item[0], tpdu_length(item[1]), item[1].hex().upper()))
                item[0] = 1
            return out, OK
        m = re.fullmatch(r"\+CMGR=(\d+)", cmd)
        if m:
            item = slots.get(int(m.group(1)))
            if not item:
                return [], "+CMS ERROR: 321"
            stat, item[0] = item[0], 1
            return ["+CMGR: %d,,%d\r\n%s" % (stat, tpdu_length(item[1]), item[1].hex().upper())], OK
        m = re.fullmatch(r"\+CMGD=(\d+)(?:,0)?", cmd)
        if m:
            return [], OK if slots.pop(int(m.group(1)), None) else "+CMS ERROR: 321"
        return None

    def packet_command(self, cmd):
        if cmd == "+CGDCONT=?":
            return ['+CGDCONT: (1-8),"%s",,,(0-2),(0-4)' % t for t in ("IP", "IPV6", "IPV4V6")], OK
        if cmd == "+CGDCONT?":
            return ['+CGDCONT: %d,"%s","%s","0.0.0.0",0,0' % (c, t, a)
                    for c, (t, a) in sorted(self.contexts.items())], OK
        m = re.fullmatch(r'\+CGDCONT=(\d+)(?:,"(\w+)"(?:,"([^"]*)")?.*)?', cmd)
        if m:
            cid = int(m.group(1))
            if m.group(2):
                self.contexts[cid] = (m.group(2), m.group(3) or "")
            else:
                self.contexts.pop(cid, None)
            return [], OK
        m = re.fullmatch(r'\+CGAUTH=(\d+),(.*)', cmd)
        if m:
            self.auth[int(m.group(1))] = m.group(2)
            return [], OK
        if cmd == "+CGACT?":
            return ["+CGACT: %d,%d" % (c, c in self.active) for c in sorted(self.contexts)], OK
        m = re.fullmatch(r"\+CGACT=([01])(?:,(\d+))?", cmd)
        if m:
            cids = [int(m.group(2))] if m.group(2) else list(self.contexts)
            (self.active.update if m.group(1) == "1" else self.active.difference_update)(cids)
            return [], OK
        m = re.fullmatch(r"D\*99\*\*\*(\d+)#", cmd)
        if m:
            cid = int(m.group(1))
            if cid not in self.contexts:
                return [], "NO CARRIER"
            self.active.add(cid)
            return [], "CONNECT"
        m = re.fullmatch(r"\+CGPADDR=(\d+)", cmd)
        if m:
            return ['+CGPADDR: %s,"192.0.2.10"' % m.group(1)], OK
        m = re.fullmatch(r"\+CGCONTRDP=(\d+)", cmd)
        if m:
            cid = int(m.group(1))
            return ['+CGCONTRDP: %d,5,"%s","192.0.2.10.255.255.255.0","192.0.2.1","192.0.2.53","192.0.2.54"'
                    % (cid, self.contexts[cid][1])], OK
        if cmd == "H":
            return [], OK
        return None


class Channel:
    """One open AT port: line discipline, echo, data mode."""

    def __init__(self, modem, write, hang_up=None):
        self.modem, self._write = modem, write
        self.hang_up = hang_up or (lambda: None)
        self.buffer, self.data_mode, self.echo = b"", False, True
        modem.channels.append(self)

    def write(self, text):
        self._write(text.encode())

    def feed(self, data):
        if self.data_mode:
            if data.strip() == b"+++":
                self.data_mode = False
                self.write("\r\nOK\r\n")
            return
        self.buffer += data
        while True:
            m = re.search(rb"[\r\n]", self.buffer)
            if not m:
                return
            line, self.buffer = self.buffer[:m.start()].decode("latin1"), self.buffer[m.end():]
            if not line.strip():
                continue
            lines, code = self.modem.execute(line.strip())
            if line.strip().upper() == "ATE0":
                self.echo = False
            if lines:
                self.write("\r\n%s\r\n" % "\r\n".join(lines))
            self.write("\r\n%s\r\n" % code)
            self.data_mode = code == "CONNECT"

    def close(self):
        self.modem.channels.remove(self)


def control_sms(modem, verb, rest):
    if verb == "cmt":
        pdu = bytes.fromhex(rest)
        modem.urc("+CMT: ,%d\r\n%s" % (tpdu_length(pdu), pdu.hex().upper()))
        return "ok"
    if verb == "capacity":
        mem, size = rest.split(" ")
        modem.capacity[mem] = int(size)
        return "ok"
    words = rest.split(" ")
    mem = modem.selected[2] if verb == "sms" else words.pop(0)
    indexes = [modem.store(mem, bytes.fromhex(pdu)) for pdu in words]
    for index in indexes:
        if index is not None and verb == "sms":
            modem.urc('+CMTI: "%s",%d' % (mem, index))
    return "full" if None in indexes else " ".join(map(str, indexes))


def control_answer(modem, verb, rest):
    key, _, value = rest.partition(" ")
    if verb == "unset":
        modem.overrides.pop(key)
    elif verb == "set":
        modem.overrides[key] = value
    else:
        modem.urc(rest)
    return "ok"


def control_card(modem, verb, rest):
    modem.sim.pin.set(*rest.split())
    return "ok"


def control_time(modem, verb, rest):
    return modem.network_time.control(rest)


def control_plug(modem, verb, rest):
    modem.plugged = verb == "replug"
    for channel in list(modem.channels):
        if not modem.plugged:
            channel.hang_up()
    return "ok"


def control_show(modem, verb, rest):
    if verb == "list":
        return json.dumps({m: {i: [s, p.hex()] for i, (s, p) in d.items()} for m, d in modem.memories.items()})
    if verb == "log":
        return json.dumps(modem.log)
    if verb == "quiet":
        return str(round((time.monotonic() - modem.heard) * 1000))
    return json.dumps({"contexts": modem.contexts, "active": sorted(modem.active), "auth": modem.auth,
                       "plugged": modem.plugged, "pin_tries": modem.sim.pin.tries})


CONTROLS = {"sms": control_sms, "store": control_sms, "cmt": control_sms, "capacity": control_sms, "quiet": control_show,
            "urc": control_answer, "set": control_answer,
            "unset": control_answer, "unplug": control_plug, "replug": control_plug, "pin": control_card,
            "network-time": control_time,
            "list": control_show, "log": control_show, "state": control_show, "bearer": control_show}


def control(modem, line):
    verb, _, rest = line.strip().partition(" ")
    if verb not in CONTROLS:
        return "error: unknown command"
    try:
        return CONTROLS[verb](modem, verb, rest)
    except (ValueError, KeyError) as problem:
        return f"error: {problem}"


async def serve(args):
    modem = Modem()
    for item in args.preload or []:
        mem, _, pdu = item.partition(":")
        modem.store(mem, bytes.fromhex(pdu))

    async def at_client(reader, writer):
        if not modem.plugged:
            writer.close()
            return
        channel = Channel(modem, writer.write, writer.close)
        try:
            while data := await reader.read(4096):
                if args.verbose:
                    print("AT <<", data, file=sys.stderr)
                channel.feed(data)
        except ConnectionError:
            pass                                      # hung up
        finally:
            channel.close()
            writer.close()

    async def control_client(reader, writer):
        while line := await reader.readline():
            writer.write((control(modem, line.decode()) + "\n").encode())
            await writer.drain()
        writer.close()

    def path(name):
        return "\0" + name if name.startswith("abstract:") else name

    servers = [await asyncio.start_unix_server(at_client, path=path(name)) for name in args.at]
    servers.append(await asyncio.start_unix_server(control_client, path=path(args.control)))
    loop = asyncio.get_running_loop()
    for link in args.pty or []:
        master, slave = os.openpty()
        tty.setraw(slave)
        if os.path.lexists(link):
            os.unlink(link)
        os.symlink(os.ttyname(slave), link)
        channel = Channel(modem, lambda b, fd=master: os.write(fd, b))
        loop.add_reader(master, lambda fd=master, ch=channel: ch.feed(os.read(fd, 4096)))
    print("ready", flush=True)
    await asyncio.gather(*(s.serve_forever() for s in servers))


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--at", action="append", default=[], help="unix socket of an AT port; abstract:NAME or a path")
    p.add_argument("--pty", action="append", help="symlink to create for a pseudo-terminal AT port")
    p.add_argument("--control", required=True, help="unix socket for control commands")
    p.add_argument("--preload", action="append", help="MEM:HEXPDU already stored at start")
    p.add_argument("-v", "--verbose", action="store_true")
    try:
        asyncio.run(serve(p.parse_args()))
    except KeyboardInterrupt:
        pass
