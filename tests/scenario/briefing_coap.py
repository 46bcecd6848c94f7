# SPDX-License-Identifier: Apache-2.0
"""The briefing node over CoAP: the operator's own over DTLS, and libcoap's server with an instruction in it, over DTLS and TLS."""
import time

import labproc
from lan import LAN, V6, announce, down, gateway_avahi, neighbour_up, node_up
from main_job import check_managed, expect
from scenarios import scenario
from sources import SIGNED
from world import TREE, run, until

NAME = "bbn.operator.example"
ASKED = (*SIGNED, "--context", "usim", "--briefing")
FRONT = ("--coap", "--port", "5694", "--name", f"{NAME}:5694")


def server_certificate(world, *names):
    run("/usr/bin/python3", "-B", TREE / "tests/operator/factory.py", "server", world.operator_dir, *names)


def told(world, cause, *words):
    until(f"{cause} {words}", lambda: world.manager()["LastError"] == cause and all(w in world.manager()["LastErrorText"] for w in words))


@scenario(mode="none", factory_options=(*ASKED, f"coaps://{NAME}:5694"))
def a_briefing_node_is_asked_by_coap_until_it_instructs(world):
    """Refusals by their codes, Max-Age obeyed; the instruction in small blocks; the result. The node knows the gateway by its device certificate alone."""
    world.settings = "[briefing]\nretry=1\n"
    world.up()
    world.bbn_says("503 2")
    world.start()
    told(world, "Timeout", "no answer to the handshake")
    world.bbn_up("usim", words=FRONT)
    for status, cause, text in (("503 2", "NotReady", "5.03"), ("401", "ClientAuth", "4.01"), ("503 1", "NotReady", "5.03"), ("403", "Denied", "4.03"), ("429 1", "NotReady", "4.29"),
                                ("404", "ServerStatus", "4.04"), ("503 1", "NotReady", "5.03"), ("409", "Replayed", "4.09"), ("204", "", "")):
        world.bbn_says(status)
        seen = len(world.bbn_events("ask"))
        until(f"{status} seen", lambda n=seen: len(world.bbn_events("ask")) > n, 60)
        if cause:
            told(world, cause, text)
    expect("no job so far", not world.all("Job"))
    world.bbn_says("503 50")
    world.stop("agentd")
    world.start("agentd")
    until("Max-Age to be obeyed", lambda: 40e6 < world.manager()["NextBriefing"] - time.time() * 1e6 < 51e6, 60)
    world.bbn_says()
    (world.operator_dir / "bbn-result").write_text("429 1")
    world.stop("agentd")
    world.start("agentd")
    check_managed(world)
    expect("by the node", world.one("Context", Name="usim")["Source"] == "bbn")
    until("a result that is not taken, and offered again", lambda: len(world.bbn_events("result")) > 1, 60)
    (world.operator_dir / "bbn-result").unlink()
    result = until("the result", lambda: [e for e in world.bbn_events("result") if e["status"] == 204], 60)[0]
    expect(f"result: {result}", result["phase"] == "done" and result["code"] == "None" and result["seq"] == world.bbn_events("result")[0]["seq"])
    expect(f"network facts: {world.bbn_events('ask')[-1]}", world.bbn_events("ask")[-1]["network"] == "uplink=host")
    expect(f"every request was right: {world.bbn_events('violation')}", not world.bbn_events("violation"))


def libcoap_up(world, certificate, roots):
    """libcoap's server: TCP, TLS and DTLS; whoever comes with security shows a certificate of these roots."""
    files = world.operator_dir / "servers", world.operator_dir / "ca"
    labproc.stop("coap-node")
    labproc.start("coap-node", TREE / "tests/lab/lab", "in", "operator", "--", "coap-server-openssl", "-A", "198.51.100.20", "-p", "5693", "-d", "10", "-v", "7",
                  "-c", files[0] / f"{certificate}.pem", "-j", files[0] / f"{certificate}.key", "-R", files[1] / f"{roots}.pem")


def serve(world, content, content_format=18):
    """A server with nothing but that; libcoap's keeps the first Content-Format of a path."""
    libcoap_up(world, NAME, "manufacturer")

    def try_it():
        return run(TREE / "tests/lab/lab", "in", "operator", "--", "coap-client-openssl", "-m", "put", "-B", "5", "-b", "1024", "-t", content_format, "-f", content,
                   "coap://198.51.100.20:5693/bei", check=False).returncode == 0
    until(f"libcoap's server keeps {content}", try_it)


def instruction(world):
    """More than a block."""
    path = world.instruction("--uri", "https://dm.operator.example/dm", "--uri", "https://dm.operator.example/" + "x" * 220, "--uri", "https://dm.operator.example/" + "y" * 220,
                             "--server-certificate", world.operator_dir / "servers/dm.operator.example.pem")
    expect(f"{path.stat().st_size} octets", path.stat().st_size > 1024)
    return path


def asks_again(world, cause, *words):
    """From the shortest wait."""
    world.stop("agentd")
    world.start("agentd")
    told(world, cause, *words)
    expect("nothing came of it", not world.all("Job"))


@scenario(mode="none", factory_options=(*ASKED, f"coaps+tcp://{NAME}:5694/"))
def libcoaps_own_server_instructs_over_tls_and_its_bad_answers_are_refused(world):
    """A stranger's certificate, one that refuses ours, no such resource, another type, more than an instruction, rubbish; then the instruction in two blocks."""
    world.settings = "[briefing]\nretry=1\n"
    world.up()
    server_certificate(world, NAME)
    libcoap_up(world, f"{NAME}.rogue", "manufacturer")
    world.start()
    told(world, "TlsUntrusted", NAME)
    libcoap_up(world, NAME, "rogue-tls")
    asks_again(world, "ClientAuth", "certificate")
    libcoap_up(world, NAME, "manufacturer")
    asks_again(world, "ServerStatus", "4.04")
    for name, content, content_format, cause in (("octets", b"\0" * 500, 42, "Protocol"), ("large", b"\0" * 12289, 18, "TooLarge"), ("rubbish", b"\0" * 2000, 18, "Malformed")):
        (world.dir / name).write_bytes(content)
        serve(world, world.dir / name, content_format)
        asks_again(world, cause)
    serve(world, instruction(world))
    check_managed(world)
    expect("by the node", world.one("Context", Name="usim")["Source"] == "bbn")
    expect("it has seen the device certificate", labproc.log_has("coap-node", f"CN '{world.gateway}'"))


@scenario(mode="none", factory_options=LAN)
def a_node_of_the_lan_instructs_by_coap(world):
    """Announced as _udp beside others that have nothing, one over HTTPS and one as _udp, too; by a link-local address on its interface."""
    world.settings = "[briefing]\nsources=ui,lan\nretry=1\n"
    world.up()
    try:
        neighbour_up(world, V6, "use-ipv4=no\nuse-ipv6=yes")
        gateway_avahi("use-ipv4=yes\nuse-ipv6=yes")
        world.bbn_says("204")
        for name, port in ("coap", 5694), ("other-coap", 5695):
            node_up(world, name, port, "--coap", address="::")
        announce({}, {"name": "by CoAP", "port": 5694, "kind": "_udp"}, {"name": "by CoAP, too", "port": 5695, "kind": "_udp"})
        world.start()
        until("all are asked", lambda: {e["name"] for e in world.bbn_events("ask")} == {"node.local:8443", "node.local:5694", "node.local:5695"}, 60)
        announce({"name": "by CoAP again", "port": 5694, "kind": "_udp"})
        world.bbn_says()
        check_managed(world)
        expect("by the LAN", world.one("Context", Name="usim")["Source"] == "lan" and world.bbn_events("ask")[-1]["name"] == "node.local:5694")
        expect(f"every request was right: {world.bbn_events('violation')}", not world.bbn_events("violation"))
    finally:
        down()
