# SPDX-License-Identifier: Apache-2.0
"""Briefing nodes of the LAN: two real avahi-daemons, the gateway's on its system bus and the neighbour's in a network namespace, with a link between them.

The operator's node stands in the neighbour's namespace; what it is announced with, and what it signs with, is the scenario's choice.
"""
import base64
import hashlib
import os
import signal
import subprocess
import time
from pathlib import Path
from xml.sax.saxutils import escape

import labproc
from main_job import check_managed, expect
from scenarios import scenario
from sources import SIGNED
from world import ETC, TREE, agentctl, run, until

LAN = (*SIGNED, "--context", "usim")

HOST, PORT, NET = "node.local", 8443, "lan"
CONF = Path("/run/lan-avahi")
SERVICES = Path(f"/etc/netns/{NET}/avahi/services")  # `ip netns exec` shows it there as /etc/avahi
AVAHI = ("avahi-daemon", "--no-drop-root", "--no-chroot", "--no-rlimits")


def link_up():
    """192.168.8.1 is the gateway's, .2 the neighbour's."""
    SERVICES.mkdir(parents=True)
    run("ip", "netns", "add", NET)
    run("ip", "link", "add", "lan0", "type", "veth", "peer", "name", "lan0peer", "netns", NET)
    for space, device, address in (((), "lan0", "192.168.8.1/24"), (("-n", NET), "lan0peer", "192.168.8.2/24")):
        run("ip", *space, "address", "add", address, "dev", device)
        run("ip", *space, "link", "set", device, "up")


def avahi(name, host, device, bus):
    """Its configuration; the neighbour's daemon has no bus."""
    CONF.mkdir(exist_ok=True)
    path = CONF / f"{name}.conf"
    path.write_text(f"[server]\nhost-name={host}\nallow-interfaces={device}\nenable-dbus={bus}\nuse-ipv6=no\n[wide-area]\nenable-wide-area=no\n"
                    "[publish]\npublish-workstation=no\npublish-hinfo=no\n")
    return (*AVAHI, "--file", str(path))


def neighbour_up(world):
    link_up()
    command = " ".join(avahi("neighbour", HOST.partition(".")[0], "lan0peer", "no"))
    Path("/run/avahi-daemon").mkdir(exist_ok=True)
    labproc.start("avahi-neighbour", "ip", "netns", "exec", NET, "sh", "-c", f"mount -t tmpfs tmpfs /run/avahi-daemon && exec {command}")
    until("the neighbour's Avahi", lambda: labproc.log_has("avahi-neighbour", "Server startup complete"))
    run("/usr/bin/python3", "-B", TREE / "tests/operator/factory.py", "server", world.operator_dir, HOST)
    node_up(world, "bbn", PORT)


def node_up(world, name, port, *options):
    seen = len(world.bbn_events("listening"))
    labproc.start(name, "ip", "netns", "exec", NET, "/usr/bin/python3", "-B", TREE / "tests/operator/bbn.py", "--dir", world.operator_dir, "--addr",
                  "192.168.8.2", "--port", port, "--name", f"{HOST}:{port}", "--results", "", "--order", "usim", *options)
    until("the briefing node", lambda: len(world.bbn_events("listening")) > seen)


def gateway_avahi():
    labproc.start("avahi", *avahi("gateway", "gateway", "lan0", "yes"))
    until("Avahi on the bus", lambda: labproc.name_owned("org.freedesktop.Avahi"))


def announce(*services):
    """These alone, {name, port, host, txt}; an announcement under another name is another node, which the gateway asks soon. The neighbour's daemon takes the
    former ones back and reads its services again."""
    for old in SERVICES.glob("*.service"):
        old.unlink()
    for n, service in enumerate(services):
        records = "".join(f"<txt-record>{escape(t)}</txt-record>" for t in ("path=/v1", *service.get("txt", ())))
        host = f"<host-name>{service['host']}</host-name>" if "host" in service else ""
        (SERVICES / f"{n}.service").write_text(
            f"<service-group><name>{escape(service.get('name', 'Briefing'))}</name><service><type>_gateway-agent-bbn._tcp</type>{host}"
            f"<port>{service.get('port', PORT)}</port>{records}</service></service-group>")
    os.kill(labproc.pid_of("avahi-neighbour"), signal.SIGHUP)


def pin(world):
    der = subprocess.run(["openssl", "x509", "-in", world.operator_dir / f"servers/{HOST}.pem", "-noout", "-pubkey"], capture_output=True, check=True).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=der, capture_output=True, check=True).stdout
    return base64.urlsafe_b64encode(hashlib.sha256(der).digest()).decode().rstrip("=")


def down():
    for name in ("avahi", "avahi-neighbour", "rogue"):
        labproc.stop(name)


def refused(world, cause, **service):
    """One answer in the envelope that it is named after, and nothing came of it."""
    (world.operator_dir / "bbn-envelope").write_text(service["name"])
    announce(service)
    until(f"{cause} for {service}", lambda: world.manager()["LastError"] == cause, 60)
    expect("no job", not world.all("Job"))


def doctor_says():
    return [line for line in agentctl("doctor", check=False).stdout.splitlines() if " Avahi " in line]


@scenario(mode="none", factory_options=LAN)
def nobody_in_the_lan_is_asked_unless_lan_is_named(world):
    """Then absence of Avahi is seen, and its coming; doctor says what to do."""
    world.up()
    try:
        neighbour_up(world)
        announce({})
        gateway_avahi()
        world.start()
        time.sleep(4)
        expect(f"off: {world.manager()['AvahiState']}", world.manager()["AvahiState"] == "off" and not doctor_says())
        expect("nobody was asked", not world.bbn_events("ask"))
        world.stop("agentd")
        labproc.stop("avahi")
        (ETC / "agentd.conf").write_text((ETC / "agentd.conf").read_text() + "[briefing]\nsources=ui,lan\nretry=1\n")
        world.start("agentd")
        until("its absence", lambda: world.manager()["AvahiState"] == "absent")
        expect(f"a hint: {doctor_says()}", doctor_says() and "avahi-daemon" in doctor_says()[0])
        gateway_avahi()
        check_managed(world)
        expect("by the LAN", world.one("Context", Name="usim")["Source"] == "lan" and world.manager()["AvahiState"] == "present")
    finally:
        down()


@scenario(mode="none", factory_options=LAN)
def a_node_of_the_lan_instructs_by_a_signature_and_nothing_less(world):
    """A wrong pin, a stranger's key, no envelope, a right MAC by the PIN; Avahi restarts; then the signed instruction."""
    world.settings = "[briefing]\nsources=ui,lan\nretry=1\n"
    world.up()
    try:
        neighbour_up(world)
        gateway_avahi()
        announce({"txt": (f"pin={'A' * 43}",)})
        world.start()
        until("a refused server", lambda: world.manager()["LastError"] == "TlsUntrusted", 60)
        expect("nothing was said to it", not world.bbn_events("ask"))
        right = (f"pin={pin(world)}",)
        refused(world, "UnknownKey", name="rogue", txt=right)
        refused(world, "MacMissing", name="bare", txt=right)
        refused(world, "PolicyDenied", name="mac", txt=right)
        expect(f"visible: {world.manager()['MessagesRefused']}", world.manager()["MessagesRefused"] >= 3)
        labproc.stop("avahi")
        until("its absence", lambda: world.manager()["AvahiState"] == "absent")
        (world.operator_dir / "bbn-envelope").write_text("")
        gateway_avahi()
        check_managed(world)
        expect("by the LAN", world.one("Context", Name="usim")["Source"] == "lan")
        expect(f"every request was right: {world.bbn_events('violation')}", not world.bbn_events("violation"))
    finally:
        down()


HOSTILE = (
    {"name": "Briefing & more \\ é", "txt": ("pin=short",)},
    {"name": "path", "txt": ("path=/v1/../x", "\u202e" * 40, "x" * 255)},
    {"name": "a name in the Internet", "host": "bbn.operator.example"},
    {"name": "$(reboot)\n[agentd] State managed", "port": PORT + 2},
    {"name": "nobody is there", "port": PORT + 2},
    {"name": "rogue", "port": PORT + 1},
)


@scenario(mode="none", factory_options=LAN)
def hostile_nodes_of_the_lan_do_not_keep_the_right_one_from_being_asked(world):
    """Rubbish, a name of the Internet, a dead port, a stranger's key: each is refused by itself, and is asked again; then the rogue one leaves."""
    world.settings = "[briefing]\nsources=ui,lan\nretry=1\n"
    world.up()
    try:
        neighbour_up(world)
        node_up(world, "rogue", PORT + 1, "--envelope", "rogue")
        world.bbn_says("204")
        gateway_avahi()
        announce(*HOSTILE, {"name": "right"})
        world.start()
        for text in ("TXT pin is no SHA-256", "TXT path is not /v1", "cannot be found by Avahi", "port 8445", "which is none of instruction_keys"):
            until(f"a refusal: {text}", lambda t=text: t in world.log(), 60)
        until("the right one is asked too", lambda: any(e["name"] == f"{HOST}:{PORT}" for e in world.bbn_events("ask")), 60)
        expect("nothing came of it", not world.all("Job"))
        labproc.stop("rogue")
        announce({"name": "right"})
        until("the others left", lambda: "a briefing node left, 1 now" in world.log(), 60)
        world.bbn_says()
        check_managed(world)
        expect("nobody wrote the log but the agent", "\n[agentd] State managed" not in world.log())
    finally:
        down()
