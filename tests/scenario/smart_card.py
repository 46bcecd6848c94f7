# SPDX-License-Identifier: Apache-2.0
"""Bootstrap from the smart card: in the QMI modem beside the real ModemManager, and in a reader behind the real pcscd."""
import json
import socket
import subprocess
from pathlib import Path

import labproc
from main_job import check_managed, expect
from scenarios import scenario
from world import ETC, GATEWAY, TREE, lab, run, until

LWM2M = BOOTSTRAP = "coaps://lwm2m.operator.example:5684"
OVER_TLS = LWM2M.replace("coaps:", "coaps+tcp:")
NAME = "lwm2m.operator.example"
UPLINK = ("--uplink", "--uplink-reaches-operator")


def document(world, *options) -> Path:
    """An OMA CP document as the operator makes it, for a card."""
    out = world.dir / "card.wbxml"
    world.push("--document", out, *options)
    return out


def image(world, *options, name="card.json") -> Path:
    out = world.dir / name
    run("/usr/bin/python3", "-B", TREE / "tests/operator/card.py", "--dir", world.operator_dir, "--out", out, *options)
    return out


def put(world, *options) -> None:
    """Other files on the card that is in the modem; its issuer refreshes it."""
    lab("modem", "image", image(world, *options))
    lab("modem", "refresh")


def card_state(world):
    return next((sim["BootstrapState"] for sim in world.all("Sim").values()), None)


def card_is(world, state, seconds=60):
    return until(f"a card that is {state}, not {card_state(world)}", lambda: card_state(world) == state, seconds)


def jobs(world) -> int:
    return world.log().count("] NEW --accepted--> ")


def reads(world) -> int:
    """How often the card was opened for its directory."""
    return sum(apdu.startswith("01a40004025031") for apdu in json.loads(lab("modem", "card-state").stdout)["log"])


def check_untouched(world):
    state = json.loads(lab("modem", "card-state").stdout)
    expect("a PIN was tried or a file written", state["forbidden"] == 0)
    expect("a channel is open", state["channels"] == [0])


def lwm2m_accounts(world) -> list:
    return [(a["ServerId"], a["State"]) for a in world.all("Account").values() if a["Protocol"] == "lwm2m"]


def registrations(world) -> list:
    return [e["event"] for e in world.lwm2m_events() if e["event"] in ("register", "deregister")]


@scenario()
def a_card_with_a_cp_file_bootstraps_once_and_again_when_it_changes(world):
    """No SMS at all: the card's document is enough. A restart with the same card does nothing; an OMA DM file instead replaces what the first one brought."""
    world.up()
    lab("modem", "image", image(world, "--cp", document(world)))
    world.start()
    check_managed(world)
    card_is(world, "applied")
    check_untouched(world)
    expect("a message came by SMS", world.sms_in_modem() == {})
    before, sessions = reads(world), len(world.sessions())
    world.stop("agentd")
    world.start("agentd")
    world.managed()
    until("the card is read again", lambda: reads(world) > before)
    card_is(world, "applied")
    expect("unchanged content began a job", not world.one("Job", State="running") and len(world.sessions()) == sessions)
    put(world, "--dm", document(world, "--profile", "dm-wbxml", "--fresh"))
    until("the job of the changed card", lambda: len(world.sessions()) > sessions)
    world.job_ended("succeeded")
    world.managed()
    card_is(world, "applied")
    expect(f"accounts {lwm2m_accounts(world)}", lwm2m_accounts(world) == [("101", "registered")])
    check_untouched(world)


@scenario()
def a_card_with_a_lwm2m_file_registers_and_another_card_takes_over(world):
    """Accounts straight from the card; a malformed file, a PIN and a file without security change nothing; another card and its return do."""
    world.up()
    napdef = ("--cp", document(world, "--no-account", "--no-provurl"))
    good = image(world, *napdef, "--lwm2m", LWM2M, "--bootstrap-server", BOOTSTRAP, "--two-directories", name="good.json")
    lab("modem", "image", good)
    world.start()
    world.managed()
    card_is(world, "applied")
    until("both accounts", lambda: sorted(lwm2m_accounts(world)) == [("0", "bootstrap"), ("101", "registered")])
    expect("bearer of the card's NAPDEF", world.one("Bearer", State="connected", Apn="m2m.example.net"))
    check_old_state_kept(world, napdef)
    lab("unplug")
    lab("modem", "card", "89460811111111111122", "240081111111112")
    lab("modem", "image", image(world, *napdef, "--lwm2m", LWM2M, "--server-id", "102", "--senml", "cbor"))
    lab("replug")
    until("the other card's account alone", lambda: lwm2m_accounts(world) == [("102", "registered")], 60)
    card_is(world, "applied")
    lab("unplug")
    lab("modem", "card", "89460811111111111114", "240081111111111")
    lab("modem", "image", good)
    lab("modem", "refuse", "channels")                   # and this time the modem gives its files by path only
    lab("replug")
    until("the first card's accounts", lambda: sorted(lwm2m_accounts(world)) == [("0", "bootstrap"), ("101", "registered")], 60)
    card_is(world, "applied")
    check_certificates(world, napdef)
    check_untouched(world)


def check_certificates(world, napdef):
    """Of the gateway and of the server, and the gateway's key: in TLV, as in SenML."""
    run("/usr/bin/python3", "-B", TREE / "tests/operator/factory.py", "server", world.operator_dir, NAME)
    (world.operator_dir / "dtls.json").write_text(json.dumps({"server": NAME, "roots": "manufacturer"}))
    for server_id, form in (("103", ()), ("104", ("--senml", "cbor"))):
        put(world, *napdef, "--lwm2m", LWM2M, "--server-id", server_id, "--certificate", NAME, *form)
        until("the account by certificates", lambda n=server_id: lwm2m_accounts(world) == [(n, "registered")], 60)
        expect("visible as such", world.one("Account", ServerId=server_id)["SecurityMode"] == "x509")
        shown = [e["identity"] for e in world.lwm2m_events() if e["event"] == "register"][-1]
        expect(f"the card's one was shown, not the device's: {shown}", shown == f"/CN={GATEWAY}" and "signs a handshake" not in world.log("tred"))


def check_old_state_kept(world, napdef):
    done = jobs(world)
    for options, state, cause in (
            ((*napdef, "--lwm2m", LWM2M.replace("coaps", "coap"), "--no-security"), "refused", "PolicyDenied"),
            ((*napdef, "--lwm2m", LWM2M, "--no-security", "--senml", "json"), "refused", "Invalid"),
            ((*napdef, "--lwm2m", LWM2M, "--file", "6433=5b7b7d5dffff"), "refused", "Malformed"),
            ((*napdef, "--lwm2m", LWM2M, "--file", "5031=a706300404"), "refused", "Truncated"),
            ((*napdef, "--lwm2m", LWM2M, "--file", "6430=301b30090c046c6f6f7003010030060604672b0901a106300404026430"), "refused", "Invalid"),
            ((*napdef, "--lwm2m", LWM2M, "--pin", "6433"), "pin-needed", "PinRequired"),
            ((), "emptied", "PolicyDenied")):
        put(world, *options)
        until(f"{state} for {cause}", lambda: next(((s["BootstrapState"], s["BootstrapError"]) for s in world.all("Sim").values()), None) == (state, cause))
        expect(f"{cause} is told", world.manager()["LastError"].endswith(cause))
        expect("an account changed", sorted(lwm2m_accounts(world)) == [("0", "bootstrap"), ("101", "registered")])
    expect(f"a job began: {registrations(world)}", jobs(world) == done and registrations(world) == ["register"])


@scenario()
def a_card_never_replaces_what_another_source_bootstrapped(world):
    """A gateway that was bootstrapped by SMS: its card has files too, and they wait until its owner reopens the context."""
    world.up()
    world.start()
    world.sms(world.push())
    world.reported()
    card_is(world, "none")
    done = jobs(world)
    put(world, "--lwm2m", LWM2M, "--server-id", "102")
    card_is(world, "held")
    expect("it is told", world.manager()["LastError"].endswith("ContextCommitted"))
    expect("a job began", jobs(world) == done and lwm2m_accounts(world) == [("101", "registered")])


def say(path: Path, line: str) -> str:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(10)
        sock.connect(str(path))
        sock.sendall(line.encode() + b"\n")
        return sock.makefile().readline().strip()


@scenario(mode="none", lab_options=UPLINK)
def a_card_in_a_reader_bootstraps_a_gateway_without_a_modem(world):
    """pcscd and a virtual reader; first a bootstrap server alone, which is asked for the account, then a server that the gateway registers at."""
    world.up()
    (ETC / "agent-modemd.conf").write_text("[link]\nports=\n[pcsc]\nreader=Virtual*\n")
    Path("/run/pcscd").mkdir(exist_ok=True)
    run("mount", "-t", "tmpfs", "none", "/run/pcscd")
    control = world.dir / "card.ctl"
    first = image(world, "--bootstrap-server", BOOTSTRAP)
    labproc.start("pcscd", "/usr/sbin/pcscd", "--foreground", "--debug")
    labproc.start("card", "/usr/bin/python3", "-B", TREE / "tests/sim/card/vpcd_card.py", "--control", control, "--image", first)
    try:
        world.start()
        world.managed()
        card_is(world, "applied")
        until("what the server wrote", lambda: sorted(lwm2m_accounts(world)) == [("0", "bootstrap"), ("101", "registered")])
        say(control, "pull")
        until("no card on the bus", lambda: card_state(world) is None)
        expect("its accounts left with it", sorted(lwm2m_accounts(world)) == [("0", "bootstrap"), ("101", "registered")])
        say(control, f"image {image(world, '--lwm2m', LWM2M, '--bootstrap-server', BOOTSTRAP)}")
        say(control, "insert")
        world.managed()
        card_is(world, "applied")
        until("both accounts", lambda: sorted(lwm2m_accounts(world)) == [("0", "bootstrap"), ("101", "registered")])
        expect("a PIN was tried", json.loads(say(control, "state"))["forbidden"] == 0)
    finally:
        labproc.stop("card")
        labproc.stop("pcscd")
        subprocess.run(["umount", "/run/pcscd"], check=False)
