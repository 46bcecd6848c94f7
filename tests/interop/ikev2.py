#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""IKEv2 between two charons of strongSwan with a shared key out of GBA. The initiator's is loaded by agent-usimd, from the identity that the gateway got in
its bootstrap and that agentd bootstrapped with the BSF; the responder's comes from the operator's BSF, for the B-TID that the initiator names. One world,
the checks build on each other. usage (by ikev2.sh): ikev2.py BUILD [PATTERN]..."""
import os
import re
import socket
import sys
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TREE / "tests/scenario"), str(TREE / "tests/lab"), str(Path(__file__).resolve().parent)]
import labproc  # noqa: E402
import scenarios  # noqa: E402, F401: first, it loads the others
from checks import run_checks  # noqa: E402
from gba import MID, provisioned, state  # noqa: E402
from main_job import expect  # noqa: E402
from world import ETC, agentctl, run, until  # noqa: E402
from key_scan import sealed, subscribers  # noqa: E402

NAF, UA = "epdg.operator.example", "0100000006"
PLUGINS = "random nonce aes sha1 sha2 hmac kdf gmp kernel-netlink socket-default vici"
CHARON = """charon-systemd {{
    load = {plugins}
    group = {group}
    retransmit_tries = 1
    journal {{
        default = -1
    }}
    filelog {{
        log {{
            path = {log}
            default = 1
            flush_line = yes
        }}
    }}
    plugins {{
        vici {{
            socket = unix://{socket}
        }}
    }}
}}
"""
USIMD = f"""[vici]
socket=/run/initiator.vici
[ike epdg]
naf={NAF}
ua={UA}
[ike epdg connection]
childless=force
proposals=aes128-sha256-modp2048
"""
RESPONDER = """connections {{
    gateway {{
        version = 2
        childless = force
        proposals = aes128-sha256-modp2048
        local {{
            auth = psk
            id = {naf}
        }}
        remote {{
            auth = psk
        }}
    }}
}}
secrets {{
    ike-gateway {{
        id-a = rfc822:{btid}
        id-b = {naf}
        secret = 0x{key}
    }}
}}
"""


class Peers:
    """Both charons of a world."""

    def __init__(self, world):
        self.world, self.folder = world, world.dir / "ike"
        self.folder.mkdir()

    def conf(self, name, group="root"):
        path = self.folder / f"{name}.conf"
        path.write_text(CHARON.format(plugins=PLUGINS, group=group, log=self.folder / f"{name}.log", socket=f"/run/{name}.vici"))
        return path

    def start(self, name, *prefix, group="root"):
        Path(f"/run/{name}.vici").unlink(missing_ok=True)
        labproc.start(name, *prefix, "/usr/sbin/charon-systemd", env={"STRONGSWAN_CONF": str(self.conf(name, group))})
        until(f"charon {name}", lambda: answers(f"/run/{name}.vici"))

    def initiator(self):
        self.start("initiator", group="gateway-usim")

    def responder(self):
        self.start("responder", TREE / "tests/lab/lab", "in", "operator", "--")

    def swanctl(self, name, *words, check=True):
        return run("swanctl", *words, "--uri", f"unix:///run/{name}.vici", check=check, env={**os.environ, "STRONGSWAN_CONF": str(self.conf(name))})

    def answer_for(self, btid, key=None):
        """The responder gets the key that the BSF has for a B-TID."""
        key = key or run("/usr/bin/python3", "-B", TREE / "tests/operator/bsf.py", "key", "--dir", self.world.operator_dir, "--btid", btid, "--naf", NAF, "--ua",
                         UA).stdout.strip()
        path = self.folder / "swanctl.conf"
        path.write_text(RESPONDER.format(naf=NAF, btid=btid, key=key))
        self.swanctl("responder", "--load-all", "--noprompt", "--clear", "--file", path)

    def initiate(self):
        """True if the SA was established, as swanctl says."""
        done = self.swanctl("initiator", "--initiate", "--ike", "epdg", "--timeout", "10", check=False)
        return done.returncode == 0 and "initiate completed successfully" in done.stdout

    def established(self, name="initiator"):
        return "ESTABLISHED" in self.swanctl(name, "--list-sas").stdout

    def terminate(self):
        self.swanctl("initiator", "--terminate", "--ike", "epdg", "--timeout", "5", check=False)
        until("no association", lambda: not self.established() and not self.established("responder"))

    def keys(self):
        return "gateway-agent-epdg" in vici("initiator", "get-shared")

    def connection(self):
        """The connection as charon has it."""
        text = self.swanctl("initiator", "--list-conns").stdout
        return text if text.startswith("epdg:") or "\nepdg:" in text else ""

    def loads(self):
        """How often the initiator has got the key, and the connection as a new one."""
        log = (self.folder / "initiator.log").read_text()
        return log.count("loaded IKE shared key with id 'gateway-agent-epdg'"), log.count("added vici connection: epdg")

    def btid(self):
        match = re.search(r"local pre-shared key authentication:\n\s+id: (\S+)", self.connection())
        return match[1] if match else None


def answers(path):
    """A socket is there before somebody listens on it."""
    with socket.socket(socket.AF_UNIX) as s:
        return s.connect_ex(path) == 0


def vici(name, command):
    """Bare VICI, which swanctl has no word for."""
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(f"/run/{name}.vici")
        packet = b"\0" + bytes([len(command)]) + command.encode()
        s.sendall(len(packet).to_bytes(4, "big") + packet)
        size = int.from_bytes(s.recv(4, socket.MSG_WAITALL), "big")
        return s.recv(size, socket.MSG_WAITALL).decode("latin-1")


def usimd_log(world):
    return world.log("usimd")


def a_wanted_key_is_bootstrapped_and_loaded_with_its_connection(world, peers):
    world.start("usimd")
    until("no charon is told", lambda: "no charon at" in usimd_log(world))
    peers.initiator()
    until("the key", lambda: peers.keys() and peers.btid())
    expect(f"bootstrapped: {state(world)}", state(world) == ("ready", ""))
    expect(f"the B-TID is the identity: {peers.btid()}", peers.btid().endswith("@bsf.operator.example"))
    expect(f"the connection: {peers.connection()}", f"id: {NAF}" in peers.connection() and "IKEv2" in peers.connection())


def charon_establishes_ikev2_with_the_key_that_the_bsf_has(world, peers):
    peers.responder()
    peers.answer_for(peers.btid(), key="00" * 32)
    expect("another key is refused", not peers.initiate())
    peers.answer_for(peers.btid())
    expect("IKEv2 is established", peers.initiate() and peers.established() and peers.established("responder"))
    sas = peers.swanctl("responder", "--list-sas").stdout
    expect(f"the responder knows the B-TID: {sas}", f"remote '{peers.btid()}'" in sas and f"local  '{NAF}'" in sas)
    peers.terminate()


def a_key_that_swanctl_or_a_restart_takes_away_is_loaded_again(world, peers):
    before, loads = peers.btid(), peers.loads()
    empty = peers.folder / "empty.conf"
    empty.write_text("connections {\n}\nsecrets {\n}\n")
    peers.swanctl("initiator", "--load-all", "--noprompt", "--clear", "--file", empty)
    # They may be back before anybody can look: charon adds a connection only if it has none.
    until("both taken away and loaded again", lambda: all(got > had for got, had in zip(peers.loads(), loads)) and peers.keys() and peers.connection(), 40)
    labproc.stop("initiator")
    peers.initiator()
    until("the key after a restart", lambda: peers.keys() and peers.connection())
    expect("the same key: nothing was bootstrapped anew", peers.btid() == before and len(world.bsf_events("bootstrapped")) == 1)
    expect("IKEv2 again", peers.initiate())


def suspension_takes_key_connection_and_association_away(world, peers):
    expect("established before", peers.established())
    agentctl("mid", "suspend", MID)
    until("nothing is left", lambda: not peers.keys() and not peers.connection() and not peers.established())
    until("the responder hears of it", lambda: not peers.established("responder"))
    agentctl("mid", "activate", MID)
    until("another key", lambda: peers.keys() and peers.btid())
    expect("Ks had ended with the suspension", len(world.bsf_events("bootstrapped")) == 2)
    peers.answer_for(peers.btid())
    expect("IKEv2 with it", peers.initiate())
    peers.terminate()


def an_ended_key_is_replaced_by_another(world, peers):
    world.stop("bsf")
    world.bsf_up("--lifetime", "6")
    agentctl("mid", "suspend", MID)
    until("nothing is left", lambda: not peers.keys())
    agentctl("mid", "activate", MID)
    before = until("a key that soon ends", lambda: peers.keys() and peers.btid())
    until("another B-TID", lambda: peers.keys() and peers.btid() not in (None, before), 20)
    expect("because it had ended", "the key has ended" in usimd_log(world))
    world.stop("bsf")
    world.bsf_up()
    peers.answer_for(peers.btid())
    expect("IKEv2 with it", peers.initiate())


def what_goes_wrong_is_told_and_nobody_keeps_the_key(world, peers):
    world.stop("tred")
    until("taken out with the trusted environment", lambda: not peers.keys())
    world.start("tred")
    until("back", lambda: peers.keys() and peers.btid())
    secrets = [bytes.fromhex(run("/usr/bin/python3", "-B", TREE / "tests/operator/bsf.py", "key", "--dir", world.operator_dir, "--btid", peers.btid(), "--naf", NAF,
                                 "--ua", UA).stdout.strip())]
    expect("the scan finds what is there", all(in_memory(labproc.pid_of("initiator"), s) for s in secrets))
    subscriber = next(iter(subscribers.load(world.operator_dir / "subscribers.db").values()))
    for name in "usimd", "agentd":
        expect(f"a long-term key in {name}", not sealed.process_holds(labproc.pid_of(name), [subscriber.k, subscriber.opc]))
    expect("a key that is for agent-usimd in agentd", not any(in_memory(labproc.pid_of("agentd"), s) for s in secrets))
    agentctl("mid", "suspend", MID)
    until("taken out", lambda: not peers.keys())
    agentctl("mid", "erase", MID)
    for secret in secrets:
        for name in ("usimd", "agentd", "tred"):
            expect(f"the key is in the log of {name}", secret.hex() not in world.log(name))
        expect("the key is in agent-usimd", not in_memory(labproc.pid_of("usimd"), secret))
    expect("usimd lives", world.alive("usimd"))


def in_memory(pid, octets):
    return any(octets in part for part in sealed.memory(pid))


CHECKS = (a_wanted_key_is_bootstrapped_and_loaded_with_its_connection, charon_establishes_ikev2_with_the_key_that_the_bsf_has,
          a_key_that_swanctl_or_a_restart_takes_away_is_loaded_again, suspension_takes_key_connection_and_association_away,
          an_ended_key_is_replaced_by_another, what_goes_wrong_is_told_and_nobody_keeps_the_key)


def ready(world):
    provisioned(world)
    world.bsf_up()
    (ETC / "agent-usimd.conf").write_text(USIMD)
    return Peers(world)


if __name__ == "__main__":
    sys.exit(run_checks("ikev2", CHECKS, ready, ("usimd", "initiator", "responder")))
