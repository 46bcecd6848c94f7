# SPDX-License-Identifier: Apache-2.0
"""Where a long-term key can be seen while the gateway works: the memory of its programs, cores of them, the system bus, store and logs.

Every run of 16 octets of every key is looked for, in text its hexadecimal digits too. Each way of looking has its control: it finds what must be there.
"""
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

from main_job import check_managed, expect
from scenarios import scenario
from world import ETC, KEYS, TREE, agentctl, labproc, run, until
sys.path.append(str(TREE / "tests/unit/tred"))
import sealed  # noqa: E402
from aka import subscribers  # noqa: E402

STATE, STORE, PORT, AID_USIM = "/var/lib/gateway-tred", "/var/lib/gateway-agent", 35997, "A0000000871002"


@contextmanager
def bus_octets(capture):
    """Writes into a file what passes on the system bus meanwhile."""
    with open(capture, "wb") as out, subprocess.Popen(["dbus-monitor", "--system", "--pcap"], stdout=out) as monitor:
        try:
            until("the monitor", lambda: capture.stat().st_size > 0)
            yield
        finally:
            monitor.terminate()


class Writes:
    """What a process writes to the files of a folder, each octet of it, however short it lives there: SQLite's journal is empty again at the end of each transaction."""

    def __init__(self, world, pid, folder):
        self.log, self.folder, self.pid = world.dir / "writes", folder, pid
        self.tracer = subprocess.Popen(["strace", "-f", "-qq", "-y", "-xx", "-s", str(1 << 20), "-e", "trace=write,pwrite64,writev,pwritev,pwritev2", "-o", self.log, "-p", str(pid)])
        until("strace", lambda: f"TracerPid:\t{self.tracer.pid}\n" in Path(f"/proc/{pid}/status").read_text(encoding="ascii"))

    def end(self):
        """Path -> all that went there."""
        self.tracer.send_signal(signal.SIGINT)               # it lets go, and the process goes on
        self.tracer.wait(30)
        found = {}
        for line in self.log.read_text(encoding="ascii").splitlines():
            to = re.search(r"<((?:\\x[0-9a-f]{2}|[^>])+)>, ", line)
            path = re.sub(r"\\x(..)", lambda m: chr(int(m[1], 16)), to[1]) if to else ""
            if path.startswith(self.folder):
                found[path] = found.get(path, b"") + b"".join(bytes.fromhex(text.replace("\\x", "")) for text in re.findall(r'"((?:\\x[0-9a-f]{2})*)"', line))
        self.log.unlink()                                    # it has what it is searched for, in digits
        return found


class Reader:
    """The other end of vpcd's wire: whoever reads the card that agent-usimd offers."""

    def __init__(self):
        self.server = socket.create_server(("127.0.0.1", PORT))
        self.peer = None

    def exchange(self, command):
        if not self.peer:
            self.server.settimeout(30)
            self.peer = self.server.accept()[0]
            self.peer.settimeout(30)
        body = bytes.fromhex(command)
        self.peer.sendall(struct.pack(">H", len(body)) + body)
        return self.peer.recv(struct.unpack(">H", self.peer.recv(2, socket.MSG_WAITALL))[0], socket.MSG_WAITALL).hex().upper()

    def authenticate(self, database):
        """EAP-AKA's question as a supplicant asks it: RES, CK and IK are those of the AuC. CK, IK."""
        with subscribers.changing(database) as db:
            v = next(iter(db.values())).next_vector()
        expect("the USIM", self.exchange(f"00A4040407{AID_USIM}").startswith(("61", "9000")))
        told = self.exchange(f"0088008122" + "10" + v.rand.hex() + "10" + v.autn.hex())
        told = self.exchange("00C00000" + told[2:4]) if told.startswith("61") else told
        expect(f"RES and keys: {told[:4]}", told.startswith(("DB08" + v.xres.hex() + "10" + v.ck.hex() + "10" + v.ik.hex()).upper()))
        return [v.ck, v.ik]

    def close(self):
        for s in (self.peer, self.server):
            if s:
                s.close()


def core_of(world, pid):
    """A core of a process that leaves none by itself, with the pages that it excludes: memory, stacks and registers."""
    path = world.dir / f"core.{pid}"
    run("gdb", "-batch", "-nx", "-p", pid, "-ex", "set use-coredump-filter off", "-ex", "set dump-excluded-mappings on", "-ex", f"generate-core-file {path}")
    octets = path.read_bytes()
    path.unlink()
    expect("a core of an ELF machine", octets.startswith(b"\x7fELF") and len(octets) > 1 << 20)
    return octets


def dumpable(pid):
    """Whether the kernel would make a core of it, whatever the limit is; proc(5) shows one that is not by the owner of its files."""
    return os.stat(f"/proc/{pid}/status").st_uid == os.stat(f"/proc/{pid}").st_uid != 0


def no_core(pids):
    labproc.start("sleeper", TREE / "tests/lab/lab", "run-as", "gateway-agent", "--", "sleep", "600")
    sleeper = labproc.pid_of("sleeper")
    until("the control: a program like any other", lambda: dumpable(sleeper))
    labproc.stop("sleeper")
    expect("one of them can be dumped", not any(dumpable(pid) for pid in pids))
    expect("its limit", all(re.search(r"(?m)^Max core file size +0 +0 ", Path(f"/proc/{pid}/limits").read_text(encoding="ascii")) for pid in pids))


def master_key(tred, state):
    """The key that opens the identity, out of the pages that agent-tred keeps out of cores; with a TPM it is nowhere else."""
    slot = sealed.slots(state, "identity")[0]
    for octets in sealed.secret_pages(tred):
        for at in range(0, len(octets) - 32, 8):
            key = octets[at:at + 32]
            if any(key) and sealed.opens(slot, "identity", key):
                return key
    return None


def text_of(secrets):
    return [s.hex().encode()[i:i + 32] for s in secrets for i in range(0, 2 * len(s) - 31, 2)]


def store_writes(written, mid, every):
    """The store and its journal, while the identity was fetched and put into service."""
    store, journal = (written.get(f"{STORE}/agent.db{end}", b"") for end in ("", "-journal"))
    expect(f"every octet is seen: {sorted(written)}", mid.encode() in store and store.count(b"SQLite format 3\0") > 1)
    expect("and the journal's, with former pages of the store", journal.count(bytes.fromhex("d9d505f920a163d7")) > 5 and mid.encode() in journal)
    expect("the scan finds what is in it", sealed.held(journal, [b"SQLite format 3\0"]))
    for path, octets in written.items():
        expect(f"a key in {path}", not sealed.held(octets, every) and not any(t in octets.lower() for t in text_of(every)))


def scan(world, private_keys):
    """The whole of it, in a managed gateway at work; private_keys: how many of the device are not in a TPM."""
    world.up()
    (ETC / "agent-usimd.conf").write_text(f"[card]\nport={PORT}\n")
    reader, bus = Reader(), world.dir / "bus.pcap"
    with bus_octets(bus):
        world.start()
        world.start("usimd")
        writes = Writes(world, labproc.pid_of("agentd"), STORE)
        agentctl("bootstrap", world.push())
        check_managed(world)
        until("in service", lambda: world.one("Mid", State="ACTIVE"))
        mid = world.one("Mid")["MidId"]
        until("the card", lambda: "in the reader" in world.log("usimd"))
        subscriber = next(iter(subscribers.load(world.operator_dir / "subscribers.db").values()))
        agentd, tred, usimd = (labproc.pid_of(name) for name in ("agentd", "tred", "usimd"))
        master = until("the master key", lambda: master_key(tred, STATE))
        device = [master, *sealed.private_keys(STATE, master)]
        expect(f"{private_keys} private keys, not {len(device) - 1}", len(device) == 1 + private_keys)
        long_term = [subscriber.k, subscriber.opc]
        every = long_term + device
        store_writes(writes.end(), mid, every)

        def in_use():
            """An answer, and agent-tred held still before it has put the key away."""
            passed = reader.authenticate(world.operator_dir / "subscribers.db")
            os.kill(tred, signal.SIGSTOP)
            if sealed.process_holds(tred, [subscriber.k]) and sealed.process_holds(tred, [subscriber.opc]):
                return passed
            os.kill(tred, signal.SIGCONT)
            return None
        session = until("the keys in agent-tred", in_use, 20)
        for name, pid in ("agentd", agentd), ("agent-usimd", usimd):
            expect(f"a key in {name} while it is in use", not sealed.process_holds(pid, every))
        expect("a core of agent-tred would have it", sealed.held(core_of(world, tred), long_term))
        os.kill(tred, signal.SIGCONT)
        until("it works again", lambda: agentctl("mid", "list", check=False).returncode == 0)
        time.sleep(1)
        expect("K in agent-tred a second after", not sealed.process_holds(tred, long_term))
        for name, pid, control in ("agentd", agentd, mid.encode()), ("agent-usimd", usimd, mid.encode()):
            core = core_of(world, pid)
            expect(f"the scan finds what is in {name}", control in core and any(control in octets for octets in sealed.memory(pid)))
            expect(f"a key in {name} afterwards", not sealed.process_holds(pid, every) and not sealed.held(core, every))
            expect(f"a session key in {name}", not sealed.held(core, session))
        no_core((agentd, tred, usimd))
        agentctl("mid", "suspend", mid)
        world.stop("tred")
        denied = agentctl("mid", "activate", mid, check=False)
        expect(f"without agent-tred: {denied.stderr}", denied.returncode == 1 and "agent-tred does not answer\nhint: see its log" in denied.stderr)
        until("all that was said", lambda: all(word in bus.read_bytes() for word in (b"Suspend", mid.encode(), b"SUSPENDED")))
    reader.close()
    octets = bus.read_bytes()
    expect("a key on D-Bus", not sealed.held(octets, every + session) and not any(t in octets.lower() for t in text_of(every + session)))
    world.stop("agentd")                                     # its database is whole then, and what a journal was for is over
    for folder, control in (STORE, mid.encode()), (labproc.folder(), mid.encode()):
        expect(f"a key below {folder}", not sealed.files_hold(folder, every))
        expect(f"something was searched in {folder}", any(control in p.read_bytes() for p in Path(folder).rglob("*") if p.is_file()))
    return long_term, device


@scenario(mode="none")
def tre_R1_no_long_term_key_is_outside_the_trusted_environment(world):
    """K, OPc, the master key and the private keys: no run of 16 octets of them in agentd or agent-usimd at work, in cores of them, in store or logs or on D-Bus; in
    agent-tred only while in use."""
    long_term, device = scan(world, private_keys=2)
    expect("the master key is the key file", device[0] == sealed.device_key(KEYS))
    expect("a key in clear in the TRE's own state", sealed.files_hold(STATE, long_term + device) == [])


@scenario(mode="none", tpm=True, operator_options=("--min-backend", "tpm2"))
def tre_R1_nor_of_one_that_has_its_keys_in_a_tpm(world):
    """The same scan; the platform key is the TPM's own, the master key in no file."""
    long_term, device = scan(world, private_keys=1)
    expect("a key in clear in the TRE's own state", sealed.files_hold(STATE, long_term + device) == [])
