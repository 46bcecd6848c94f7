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


V4 = (("192.168.8.1/24",), ("192.168.8.2/24",))
V6 = (("fe80::8:1/64",), ("fe80::8:2/64",))
FAR = "2001:db8:8:1::2"


def link_up(addresses):
    """Those of the gateway, and those of the neighbour; no others."""
    SERVICES.mkdir(parents=True, exist_ok=True)
    run("ip", "netns", "add", NET)
    run("ip", "link", "add", "lan0", "type", "veth", "peer", "name", "lan0peer", "netns", NET)
    for space, device, own in (((), "lan0", addresses[0]), (("-n", NET), "lan0peer", addresses[1])):
        run("ip", *space, "link", "set", device, "addrgenmode", "none")
        run("ip", *space, "link", "set", device, "up")
        for address in own:
            run("ip", *space, "address", "add", address, "dev", device, *(("nodad",) if ":" in address else ()))


def avahi(name, host, device, bus, protocols="use-ipv6=no"):
    """Its configuration; the neighbour's daemon has no bus."""
    CONF.mkdir(exist_ok=True)
    path = CONF / f"{name}.conf"
    path.write_text(f"[server]\nhost-name={host}\nallow-interfaces={device}\nenable-dbus={bus}\n{protocols}\n[wide-area]\nenable-wide-area=no\n"
                    "[publish]\npublish-workstation=no\npublish-hinfo=no\n")
    return (*AVAHI, "--file", str(path))


def neighbour_up(world, addresses=V4, protocols="use-ipv6=no"):
    link_up(addresses)
    command = " ".join(avahi("neighbour", HOST.partition(".")[0], "lan0peer", "no", protocols))
    Path("/run/avahi-daemon").mkdir(exist_ok=True)
    labproc.start("avahi-neighbour", "ip", "netns", "exec", NET, "sh", "-c", f"mount -t tmpfs tmpfs /run/avahi-daemon && exec {command}")
    until("the neighbour's Avahi", lambda: labproc.log_has("avahi-neighbour", "Server startup complete"))
    node_up(world, "bbn", PORT, address="192.168.8.2" if addresses is V4 else "::")


def node_up(world, name, port, *options, host=HOST, address="192.168.8.2"):
    seen = len(world.bbn_events("listening"))
    if not (world.operator_dir / f"servers/{host}.pem").exists():
        run("/usr/bin/python3", "-B", TREE / "tests/operator/factory.py", "server", world.operator_dir, host)
    labproc.start(name, "ip", "netns", "exec", NET, "/usr/bin/python3", "-B", TREE / "tests/operator/bbn.py", "--dir", world.operator_dir, "--addr",
                  address, "--port", port, "--name", f"{host}:{port}", "--results", "", "--order", "usim", *options)
    until("the briefing node", lambda: len(world.bbn_events("listening")) > seen)


def gateway_avahi(protocols="use-ipv6=no"):
    labproc.start("avahi", *avahi("gateway", "gateway", "lan0", "yes", protocols))
    until("Avahi on the bus", lambda: labproc.name_owned("org.freedesktop.Avahi"))


def announce(*services):
    """These alone, {name, port, host, txt, kind}; an announcement under another name is another node, which the gateway asks soon. The neighbour's daemon takes the
    former ones back and reads its services again."""
    for old in SERVICES.glob("*.service"):
        old.unlink()
    for n, service in enumerate(services):
        records = "".join(f"<txt-record>{escape(t)}</txt-record>" for t in ("path=/v1", *service.get("txt", ())))
        host = f"<host-name>{service['host']}</host-name>" if "host" in service else ""
        (SERVICES / f"{n}.service").write_text(
            f"<service-group><name>{escape(service.get('name', 'Briefing'))}</name><service><type>_gateway-agent-bbn.{service.get('kind', '_tcp')}</type>{host}"
            f"<port>{service.get('port', PORT)}</port>{records}</service></service-group>")
    os.kill(labproc.pid_of("avahi-neighbour"), signal.SIGHUP)


def pin(world):
    der = subprocess.run(["openssl", "x509", "-in", world.operator_dir / f"servers/{HOST}.pem", "-noout", "-pubkey"], capture_output=True, check=True).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=der, capture_output=True, check=True).stdout
    return base64.urlsafe_b64encode(hashlib.sha256(der).digest()).decode().rstrip("=")


def down():
    for name in ("avahi", "avahi-neighbour", "rogue", "far", "coap", "other-coap"):
        labproc.stop(name)


def asked_from(world, host):
    return {e["peer"].partition("%")[0] for e in world.bbn_events("ask") if e["name"].startswith(host)}


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


def name_host(address, name):
    """One more name that the neighbour's Avahi answers for."""
    SERVICES.mkdir(parents=True)
    (SERVICES.parent / "hosts").write_text(f"{address} {name}\n")


def six_up(world):
    """Nobody has an IPv4 address. What the neighbour's Avahi knows of itself is link-local; another name of it has an address behind that one."""
    name_host(FAR, "far.local")
    neighbour_up(world, V6, "use-ipv4=no\nuse-ipv6=yes")
    run("ip", "-n", NET, "address", "add", f"{FAR}/128", "dev", "lo")
    run("ip", "-n", NET, "route", "add", "2001:db8:8::1/128", "dev", "lan0peer")
    run("ip", "address", "add", "2001:db8:8::1/128", "dev", "lan0", "nodad")
    run("ip", "route", "add", f"{FAR}/128", "via", "fe80::8:2", "dev", "lan0")
    node_up(world, "far", PORT + 1, host="far.local", address=FAR)
    gateway_avahi("use-ipv4=yes\nuse-ipv6=yes")


@scenario(mode="none", factory_options=LAN)
def a_lan_with_ipv6_alone_has_nodes_with_link_local_and_other_addresses(world):
    """A link-local address is reached by the interface on which Avahi found it, any other by the routes; then the link-local one instructs."""
    world.settings = "[briefing]\nsources=ui,lan\nretry=1\n"
    world.up()
    try:
        six_up(world)
        world.bbn_says("204")
        announce({}, {"name": "far", "host": "far.local", "port": PORT + 1})
        world.start()
        until("both are asked", lambda: len(asked_from(world, HOST)) == len(asked_from(world, "far.local")) == 1, 60)
        expect(f"from {asked_from(world, HOST)}, {asked_from(world, 'far.local')}",
               asked_from(world, HOST) == {"fe80::8:1"} and asked_from(world, "far.local") == {"2001:db8:8::1"})
        world.bbn_says()
        announce({"name": "near"})
        check_managed(world)
        expect("by the LAN", world.one("Context", Name="usim")["Source"] == "lan")
    finally:
        down()


HOSTILE = (
    {"name": "Briefing & more \\ é", "txt": ("pin=short",)},
    {"name": "path", "txt": ("path=/v1/../x", "\u202e" * 40, "x" * 255)},
    {"name": "a name in the Internet", "host": "bbn.operator.example"},
    {"name": "$(reboot)\n[agentd] State managed", "port": PORT + 2},
    {"name": "nobody is there", "port": PORT + 2},
    {"name": "rogue", "port": PORT + 1},
    {"name": "an IPv6 address in a LAN without", "host": "six.local"},
)


@scenario(mode="none", factory_options=LAN)
def hostile_nodes_of_the_lan_do_not_keep_the_right_one_from_being_asked(world):
    """Rubbish, a name of the Internet, a dead port, a stranger's key, an address that is not reached: each is refused by itself, and is asked again; then the rogue one leaves."""
    world.settings = "[briefing]\nsources=ui,lan\nretry=1\n"
    world.up()
    try:
        name_host(FAR, "six.local")
        neighbour_up(world)
        node_up(world, "rogue", PORT + 1, "--envelope", "rogue")
        world.bbn_says("204")
        gateway_avahi()
        announce(*HOSTILE, {"name": "right"})
        world.start()
        for text in ("TXT pin is no SHA-256", "TXT path is not /v1", "cannot be found by Avahi", "port 8445", "ConnectFailed: six.local", "which is none of instruction_keys"):
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
