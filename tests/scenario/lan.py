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
    labproc.start("bbn", "ip", "netns", "exec", NET, "/usr/bin/python3", "-B", TREE / "tests/operator/bbn.py", "--dir", world.operator_dir, "--addr",
                  "192.168.8.2", "--port", PORT, "--name", f"{HOST}:{PORT}", "--results", "", "--order", "usim")
    until("the briefing node", lambda: world.bbn_events("listening"))


def gateway_avahi():
    labproc.start("avahi", *avahi("gateway", "gateway", "lan0", "yes"))
    until("Avahi on the bus", lambda: labproc.name_owned("org.freedesktop.Avahi"))


def announce(*txt):
    """Anew: the former announcement is taken back by the neighbour's daemon, which reads its services again."""
    records = "".join(f"<txt-record>{t}</txt-record>" for t in ("path=/v1", *txt))
    (SERVICES / "bbn.service").write_text("<service-group><name>Briefing &amp; more \\ é</name><service><type>_gateway-agent-bbn._tcp</type>"
                                          f"<port>{PORT}</port>{records}</service></service-group>")
    os.kill(labproc.pid_of("avahi-neighbour"), signal.SIGHUP)


def pin(world):
    der = subprocess.run(["openssl", "x509", "-in", world.operator_dir / f"servers/{HOST}.pem", "-noout", "-pubkey"], capture_output=True, check=True).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=der, capture_output=True, check=True).stdout
    return base64.urlsafe_b64encode(hashlib.sha256(der).digest()).decode().rstrip("=")


def down():
    for name in ("avahi", "avahi-neighbour"):
        labproc.stop(name)


def refused(world, cause, envelope):
    """One answer in that envelope, and nothing came of it."""
    (world.operator_dir / "bbn-envelope").write_text(envelope)
    until(f"{cause} for {envelope}", lambda: world.manager()["LastError"] == cause, 60)
    expect("no job", not world.all("Job"))


def doctor_says():
    return [line for line in agentctl("doctor", check=False).stdout.splitlines() if " Avahi " in line]


@scenario(mode="none", factory_options=LAN)
def nobody_in_the_lan_is_asked_unless_lan_is_named(world):
    """Then absence of Avahi is seen, and its coming; doctor says what to do."""
    world.up()
    try:
        neighbour_up(world)
        announce()
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
    """Bad announcements, a wrong pin, a stranger's key, no envelope, a right MAC by the PIN; Avahi restarts; then the signed instruction."""
    world.settings = "[briefing]\nsources=ui,lan\nretry=1\n"
    world.up()
    try:
        neighbour_up(world)
        gateway_avahi()
        announce("pin=short")
        world.start()
        until("a refused announcement", lambda: world.manager()["LastError"] == "Invalid", 60)
        announce(f"pin={'A' * 43}")
        until("a refused server", lambda: world.manager()["LastError"] == "TlsUntrusted", 60)
        expect("nothing was said to it", not world.bbn_events("ask"))
        (world.operator_dir / "bbn-envelope").write_text("rogue")
        announce(f"pin={pin(world)}")
        refused(world, "UnknownKey", "rogue")
        refused(world, "MacMissing", "bare")
        refused(world, "PolicyDenied", "mac")
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
