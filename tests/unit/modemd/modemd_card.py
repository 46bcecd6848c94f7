#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""agent-modemd and a card: in the simulated QMI modem behind libqmi, and in a reader behind the real pcscd.

Owns: one agent-modemd, one modem, one pcscd with one card, in private namespaces. Promises: prints one line a check and ends with status 1 if one failed.
usage: modemd_card.py PATH-OF-AGENT-MODEMD [pcsc]
"""
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from modemd_wire import (ABSENT, CARD_READ, CARD_UNWATCH, CARD_WATCH, EVENT_CARD, EVENT_CARD_LOST, PRESENT, REFRESHED, STATUS, SUCCESS, Modemd, card_read,
                         counted, text)

PROGRAM, WITH_PCSC = sys.argv[1], sys.argv[2:] == ["pcsc"]
TREE = Path(__file__).resolve().parents[3]
VECTORS = json.loads((TREE / "tests/vectors/oma/card-image.json").read_text())
ERRORS = [line.split('"')[1] for line in (TREE / "agentd/base/error_list.h").read_text().splitlines() if line.lstrip().startswith("X(") and '"' in line]
AID, DF, MODEM, READER = "A000000063504B43532D3135", "3F007F50", "null", "pcsc"
FILES = {name.rsplit("/", 1)[1]: bytes.fromhex(f["hex"]) for name, f in VECTORS["image"]["files"].items() if "hex" in f}
RECORDS = b"".join(map(bytes.fromhex, VECTORS["image"]["files"]["3F00/2F00"]["records"]))
WAYS = {MODEM: 1, READER: 3}
failures = 0


def check(what: str, good: bool, detail="") -> None:
    global failures
    failures += not good
    print(f"{'ok' if good else 'FAILED'}: {what}{'' if good else f': {detail}'}", flush=True)


def command(path: str, line: str) -> str:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(10)
        sock.connect(path)
        sock.sendall(line.encode() + b"\n")
        return sock.makefile().readline().strip()


class Programs:
    """What is started, and ended again by its process id."""

    def __init__(self, folder: str):
        self.folder, self.started = folder, []

    def start(self, name: str, *words: str, ready: str) -> None:
        log = Path(self.folder, f"{name}.log")
        with open(log, "wb") as out:
            self.started.append(subprocess.Popen(words, stdout=out, stderr=subprocess.STDOUT))
        for _ in range(200):
            if ready in log.read_text(errors="replace"):
                return
            time.sleep(0.05)
        sys.exit(f"{name} did not start: {log.read_text(errors='replace')}")

    def end(self) -> None:
        for process in reversed(self.started):
            process.terminate()
            process.wait(10)


class Bench:
    """One card, its way, and its control line."""

    def __init__(self, modemd: Modemd, name: str, control: str):
        self.modemd, self.name, self.control = modemd, name, control

    def say(self, line: str) -> None:
        answer = command(self.control, line)
        assert answer == "ok", (line, answer)

    def state(self) -> dict:
        return json.loads(command(self.control, "card-state" if self.name == MODEM else "state"))

    def read(self, path: str, **options):
        """(error name, way, record length, content) or (error name, status word)."""
        status, body = self.modemd.ask(CARD_READ, card_read(self.name, path, **options))
        return ("None", body[0], body[1], body[2:]) if status == SUCCESS else (ERRORS[status], body.hex())

    def check(self, what: str, got, wanted) -> None:
        check(f"{self.name}: {what}", got == wanted, f"{got!r} instead of {wanted!r}"[:600])

    def event(self, what: str, *wanted: int) -> None:
        got = [self.modemd.event() for _ in wanted]
        self.check(what, got, [(EVENT_CARD, text(self.name) + bytes([w])) for w in wanted])


def check_files(b: Bench) -> None:
    way = WAYS[b.name]
    b.check("EF_DIR by records", b.read("3F002F00", aid=AID, records=True), ("None", way, 38, RECORDS))
    for fid in ("5031", "6430", "6431", "6432", "6433"):
        b.check(f"file {fid}", b.read(fid, aid=AID, df=DF), ("None", way, 0, FILES[fid]))
    b.check("a file by its path from 3F00", b.read("3F007F506432", aid=AID), ("None", way, 0, FILES["6432"]))
    b.check("no such file", b.read("6499", aid=AID, df=DF), ("NotFound", "6a82"))
    b.check("no such application", b.read("5031", aid="A000000063504B43532D3136", df=DF), ("NotFound", "6a82"))
    b.check("a file of records is not transparent", b.read("3F002F00", aid=AID), ("Malformed", "0000"))
    b.check("no channel is left open", b.state()["channels"], [0])


def check_status_words(b: Bench) -> None:
    b.say("card-switch wrong-length on" if b.name == MODEM else "switch wrong-length on")
    b.check("6Cxx: asked again with the right length", b.read("6433", aid=AID, df=DF), ("None", WAYS[b.name], 0, FILES["6433"]))
    b.say("card-switch wrong-length off" if b.name == MODEM else "switch wrong-length off")
    b.say("card-switch later off" if b.name == MODEM else "switch later off")
    b.check("an FCP at once", b.read("6433", aid=AID, df=DF), ("None", WAYS[b.name], 0, FILES["6433"]))
    b.say("card-switch later on" if b.name == MODEM else "switch later on")


def check_commands(b: Bench) -> None:
    """The gate, seen from the card: selections and reads, none of them on the basic channel."""
    state = b.state()
    sent = {(apdu[:2], apdu[2:4]) for apdu in state["log"]}
    b.check("nothing was written, no PIN was tried", state["forbidden"], 0)
    instructions = {ins for _, ins in sent}
    b.check("only the five commands", instructions - {"70", "a4", "b0", "b2", "c0"}, set())
    b.check("none but MANAGE CHANNEL on the basic channel", {ins for cla, ins in sent if cla == "00"} - {"70"}, set())


def check_pin(b: Bench, image: str) -> None:
    write_image(image, pin=["6431"])
    b.say(f"image {image}")
    b.check("a file behind a PIN", b.read("6431", aid=AID, df=DF), ("PinRequired", "6982"))
    b.check("the others are read", b.read("6433", aid=AID, df=DF)[0], "None")
    b.check("no channel is left open", b.state()["channels"], [0])
    b.check("no PIN was tried", b.state()["forbidden"], 0)
    write_image(image)
    b.say(f"image {image}")


def write_image(path: str, **more) -> None:
    Path(path).write_text(json.dumps({"files": VECTORS["image"]["files"], **more}))


def check_modem(b: Bench, image: str) -> None:
    check("a read before the watch is NOT_READY", b.read("5031", aid=AID)[0] == "NotReady")
    check("the watch of a modem's card starts", b.modemd.ask(CARD_WATCH, text(MODEM))[0] == SUCCESS)
    b.say(f"image {image}")
    check_files(b)
    check_status_words(b)
    check_commands(b)
    check_pin(b, image)
    b.check("without application: by the modem's file messages", b.read("3F002FE2"), ("None", 2, 0, bytes.fromhex("98648011111111111141")))
    b.say("refuse channels")
    b.check("channels refused: records by path", b.read("3F002F00", aid=AID, records=True), ("None", 2, 38, RECORDS))
    b.check("channels refused: the application's path and the file", b.read("6432", aid=AID, df=DF), ("None", 2, 0, FILES["6432"]))
    b.check("no such file that way", b.read("6499", aid=AID, df=DF), ("NotFound", "6a82"))
    b.check("a file without a path cannot be read that way", b.read("6432", aid=AID), ("NotSupported", "0000"))
    write_image(image, pin=["6431"])
    b.say(f"image {image}")
    b.check("a PIN that way", b.read("6431", aid=AID, df=DF), ("PinRequired", "6982"))
    b.say("refuse channels files")
    b.check("all refused", b.read("6432", aid=AID, df=DF), ("NotSupported", "0000"))
    b.say("refuse")
    b.say("card-switch no-channels on")
    b.check("no channel left on the card: by path", b.read("6432", aid=AID, df=DF), ("None", 2, 0, FILES["6432"]))
    b.say("card-switch no-channels off")
    b.say("refresh")
    b.event("a refresh is told at its end", REFRESHED)
    b.check("and the modem was not kept waiting", b.state()["complete"], 1)
    b.say(f"swap 89460811111111111122 240081111111112 {image}")
    b.event("a swap is told", ABSENT, PRESENT)
    b.say("unplug")
    b.check("the modem's end is told", b.modemd.event(), (EVENT_CARD_LOST, text(MODEM)))
    check("and a read is NOT_READY", b.read("5031", aid=AID)[0] == "NotReady")


def check_reader(b: Bench, insert) -> None:
    check("the watch of a reader starts", b.modemd.ask(CARD_WATCH, text(READER))[0] == SUCCESS)
    b.event("an empty reader is told", ABSENT)
    insert()
    b.event("then its card", PRESENT)
    check_files(b)
    check_status_words(b)
    check_commands(b)
    b.check("without application", b.read("3F002FE2"), ("None", 3, 0, bytes.fromhex("98648011111111111141")))
    b.say("switch no-channels on")
    b.check("a card without channels is not read at all", b.read("5031", aid=AID, df=DF), ("NotSupported", "6881"))
    b.say("switch no-channels off")
    b.say("pull")
    b.event("a pulled card is told", ABSENT)
    b.check("no card", b.read("5031", aid=AID, df=DF)[0], "NotReady")
    b.say("insert 89460811111111111122")
    b.event("another card is told", PRESENT)
    b.check("and read", b.read("3F002FE2"), ("None", 3, 0, bytes.fromhex("98648011111111111122")))
    check("the watch ends when asked to", b.modemd.ask(CARD_UNWATCH, text(READER))[0] == SUCCESS)


MALFORMED = {
    "no path": card_read(MODEM, ""),
    "a path of one octet": card_read(MODEM, "3F"),
    "a long path that does not begin at 3F00": card_read(MODEM, "7F505031"),
    "an AID of four octets": card_read(MODEM, "5031", aid="A0000000"),
    "an AID of 17 octets": card_read(MODEM, "5031", aid="A0" * 17),
    "a form that is none": text(MODEM) + b"\2" + counted(b"") * 2 + counted(b"\x50\x31"),
    "octets behind the end": card_read(MODEM, "5031") + b"\0",
}


def check_malformed(folder: str) -> None:
    for what, body in MALFORMED.items():
        process, path = modemd_start(folder, "bad", "")
        Modemd(path).send(CARD_READ, body)
        check(f"{what} ends the program", process.wait(10) == 76)


def modemd_start(folder: str, name: str, config: str):
    path, conf = f"{folder}/{name}.sock", Path(folder, f"{name}.conf")
    conf.write_text(config)
    with open(f"{folder}/{name}.log", "wb") as log:
        process = subprocess.Popen([PROGRAM, "--socket", path, "--config", str(conf), "--agentd-user", "daemon", "--log-level", "debug"], stderr=log)
    for _ in range(100):
        if os.path.exists(path) and b"ready" in Path(folder, f"{name}.log").read_bytes():
            return process, path
        time.sleep(0.05)
    sys.exit("agent-modemd did not start")


def pcsc_start(programs: Programs) -> None:
    """pcscd with the virtual reader of vsmartcard-vpcd, in a /run/pcscd of its own."""
    Path("/run/pcscd").mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "none", "/run/pcscd"], check=True)
    programs.start("pcscd", "/usr/sbin/pcscd", "--foreground", "--debug", ready="daemon ready")


def card_start(programs: Programs, folder: str) -> None:
    programs.start("card", "/usr/bin/python3", "-B", str(TREE / "tests/sim/card/vpcd_card.py"), "--control", f"{folder}/card", "--image", f"{folder}/image",
                   ready="ready")


def main() -> int:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with tempfile.TemporaryDirectory() as folder:
        programs, image = Programs(folder), f"{folder}/image"
        write_image(image)
        programs.start("modem", "/usr/bin/python3", "-B", str(TREE / "tests/sim/modem-qmi/qmi_modem.py"), "--proxy", "--control", f"{folder}/modem",
                       ready="ready")
        config = "[link]\nports=\n[pcsc]\nreader=*\n" if WITH_PCSC else "[link]\nports=\n"
        process, path = modemd_start(folder, "modemd", config)
        modemd = Modemd(path)
        check("STATUS says what is there", modemd.ask(STATUS) == (SUCCESS, b"\x06" if WITH_PCSC else b"\x02"))
        check_modem(Bench(modemd, MODEM, f"{folder}/modem"), image)
        if WITH_PCSC:
            check("without pcscd a watch is NOT_READY", ERRORS[modemd.ask(CARD_WATCH, text(READER))[0]] == "NotReady")
            write_image(image)
            pcsc_start(programs)
            check_reader(Bench(modemd, READER, f"{folder}/card"), lambda: card_start(programs, folder))
        else:
            check("without a reader in the configuration a watch is NOT_SUPPORTED", ERRORS[modemd.ask(CARD_WATCH, text(READER))[0]] == "NotSupported")
        check_malformed(folder)
        process.terminate()
        check("it ends with status 0", process.wait(10) == 0)
        programs.end()
        if failures:
            for log in sorted(Path(folder).glob("*.log")):
                print(f"--- {log.name}\n{log.read_text(errors='replace')[-3000:]}")
    print(f"{failures} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
