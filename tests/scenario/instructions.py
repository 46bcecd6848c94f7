# SPDX-License-Identifier: Apache-2.0
"""What instructions ask for beside OMA DM and a LwM2M bootstrap server by pre-shared key: accounts whose keys only the trusted environment has or makes."""
import json
import secrets

from factory_lwm2m import KEYS, NAMED, admit, check_secret, order
from gba import MID, provisioned
from main_job import expect
from scenarios import scenario
from second_server import ask, kept, observed_by_itself
from smart_card import LWM2M, OVER_TLS, lwm2m_accounts
from sources import SIGNED
from world import GATEWAY, TREE, agentctl, run, until


def psk(world, *options, uri=LWM2M, **signed):
    return world.instruction("--mech", "psk", "--uri", uri, "--nid", "", *options, **signed)


def by_stream(world, event):
    """Identity of the last event of that name, whose session, the last one opened before, is over TLS."""
    events = world.lwm2m_events()
    at = max(n for n, e in enumerate(events) if e["event"] == event)
    opened = [e for e in events[:at] if e["event"].endswith(".open") and e["identity"] == events[at]["identity"]][-1]
    expect(f"{event} over TLS: {opened}", opened["event"] == "tls.open")
    return opened["identity"]


def has(world, *accounts):
    until(f"accounts {accounts}", lambda: sorted(lwm2m_accounts(world)) == sorted(accounts), 60)


def refused(world, cause, document, code=3):
    """The job, or already the message, ends with that cause."""
    done = agentctl("bootstrap", document, check=False)
    last = world.manager()["LastError"]
    expect(f"{cause}, not {last}: {done.stderr}", done.returncode == code and last == cause and "hint:" in done.stderr)


@scenario(mode="none", factory_options=(*KEYS, *SIGNED))
def an_instruction_names_a_server_and_a_pre_shared_key_of_the_trusted_environment(world):
    """A management server by a key of that name and by the derived one, a bootstrap server; wrong keys and names leave the account before in service."""
    world.up()
    world.start()
    refused(world, "NotFound", psk(world, "--server", "101", "--cred", "none"))
    refused(world, "ClientAuth", psk(world, "--server", "101", "--cred", "boot"))               # the server does not know the gateway yet
    expect("nothing is kept", world.one("Context", Name="usim")["State"] == "open" and not lwm2m_accounts(world))
    admit(world, GATEWAY, NAMED)
    agentctl("bootstrap", psk(world, "--server", "101", "--cred", "boot"))
    has(world, ("101", "registered"))
    job = world.one("Job", State="succeeded")
    expect(f"as an instruction, in phases: {job}", job["Source"] == "instruction" and job["Phase"] == "done")
    for cause, document in (("NotSupported", psk(world, "--server", "102", "--sni", "other.example")), ("NotSupported", psk(world, "--naf", "naf.example")),
                            ("NotSupported", world.instruction("--mech", "lwm2m", "--uri", LWM2M, "--server", "102")),
                            ("Invalid", world.instruction("--mech", "psk", "--server", "102", "--uri", "https://dm.operator.example/dm"))):
        refused(world, cause, document, 1)
    (world.operator_dir / "psk.json").write_text("{}")
    refused(world, "ClientAuth", psk(world, "--server", "102"))
    has(world, ("101", "registered"))
    admit(world)
    agentctl("bootstrap", psk(world, "--server", "102", signed="bbn"))
    has(world, ("102", "registered"))
    order(world, GATEWAY, 103)
    agentctl("bootstrap", psk(world))
    has(world, ("0", "bootstrap"), ("103", "registered"))
    agentctl("bootstrap", psk(world, "--server", "104", uri=OVER_TLS))
    has(world, ("104", "registered"))
    expect("a server over TLS", by_stream(world, "register") == GATEWAY and of_context(world, 104)["Uri"] == OVER_TLS)
    order(world, GATEWAY, 105)
    agentctl("bootstrap", psk(world, uri=OVER_TLS))
    has(world, ("0", "bootstrap"), ("105", "registered"))
    expect("a bootstrap server over TLS", by_stream(world, "bootstrap-request") == GATEWAY)
    check_secret(world, NAMED, json.loads((world.operator_dir / "psk.json").read_text())[GATEWAY]["key"])


NAF, UA, NAME_SPACE = "lwm2m.operator.example", "010001c0a8", "3GPP-bootstrapping;"
DM_ACCOUNT = ("101", "registered")
ALLOWED = ("--acl", "agentd:identity,gba,naf", "--acl", "agent-usimd:gba", "--endpoint", f"{GATEWAY}-dm")


def plan(world, server_id):
    """What the bootstrap server writes to the gateway, whatever key it comes with."""
    identity, key = f"{GATEWAY}-{server_id}", secrets.token_hex(16)
    admit(world, identity, key)
    account = {"id": server_id, "uri": LWM2M, "identity": identity, "key": key, "lifetime": 300}
    (world.operator_dir / "bootstrap.json").write_text(json.dumps({f"ep={GATEWAY}": {"accounts": [account]}}))


def asked_by(world) -> list:
    return [e["identity"] for e in world.lwm2m_events() if e["event"] == "bootstrap-request"]


def triggered(world, instance, server_id, *others):
    """The bootstrap server of the account that is that instance of object 1 is asked again, by an identity that is told; another account takes its place."""
    count = len(asked_by(world))
    plan(world, server_id)
    agentctl("bootstrap", "--no-wait", world.push("--trigger", f"/1/{instance}/9"))
    has(world, ("0", "bootstrap"), (str(server_id), "registered"), *others)
    expect(f"once: {asked_by(world)}", len(asked_by(world)) == count + 1)
    return asked_by(world)[-1]


def by_gba(world, *options, uri=LWM2M):
    return world.instruction("--mech", "gba", "--uri", uri, "--nid", "", "--ctx", "m2m", *options)


def naf(world, known=True):
    """The LwM2M server is a NAF: it gets keys from the BSF."""
    (world.operator_dir / "naf.json").write_text(json.dumps({"name": NAF, "ua": UA} if known else {}))


def bsf_key(world, btid):
    return run("/usr/bin/python3", "-B", TREE / "tests/operator/bsf.py", "key", "--dir", world.operator_dir, "--btid", btid, "--naf", NAF, "--ua", UA, check=False).stdout.strip()


def sessions(world) -> list:
    """B-TIDs by which the gateway registered, in their order."""
    names = [e["identity"] for e in world.lwm2m_events() if e["event"] == "register" and e.get("identity")]
    return [n.removeprefix(NAME_SPACE) for n in names if n.startswith(NAME_SPACE)]


def of_context(world, number):
    return next((a for a in world.all("Account").values() if a["Protocol"] == "lwm2m" and a["ServerId"] == str(number)), {})


def restarted(world, event):
    """The next event of that name after a restart of agentd."""
    mine = lambda: [e for e in world.lwm2m_events() if e["event"] == event and e["ep"] == GATEWAY]
    count = len(mine())
    world.stop("agentd")
    world.start("agentd")
    until(f"{event} after a restart", lambda: len(mine()) > count, 60)


def found_again(world, context, number):
    """Over a restart of agentd: an Update on the resumed session, and no Register."""
    registers, signed = (lambda: len([e for e in world.lwm2m_events() if e["event"] == "register"])), (lambda: world.log("tred").count("signs a handshake: ok"))
    (world.operator_dir / "dtls-sessions").touch()
    restarted(world, "register")  # the server keeps sessions from now on
    until("what the server observes by itself", lambda: observed_by_itself(world, GATEWAY))
    ask(world, GATEWAY, "cancel", "/3/0/13")
    until("what is kept", lambda: kept(f"lwm2m/{context}-{number}/registration"))
    before = registers(), signed()
    restarted(world, "update")
    until("registered", lambda: of_context(world, number).get("State") == "registered")
    expect(f"without a Register, and without a signature: {before}", (registers(), signed()) == before)
    (world.operator_dir / "dtls-sessions").unlink()


@scenario(mode="none", factory_options=SIGNED)
def an_instruction_by_gba_registers_with_a_bootstrapped_key_and_renews_it(world):
    """Also: a BSF that is away, a NAF that does not know the B-TID, another process of each daemon; the key is in no store and no log."""
    world.operator_options = ALLOWED
    provisioned(world)
    naf(world)
    refused(world, "ConnectFailed", by_gba(world, "--server", "102"))
    world.bsf_up("--lifetime", "12")
    naf(world, False)
    refused(world, "ClientAuth", by_gba(world, "--server", "102"))
    expect("nothing is kept", world.one("Context", Name="m2m")["State"] == "open" and not of_context(world, 102))
    naf(world)
    agentctl("bootstrap", by_gba(world, "--server", "102", "--bsf", "https://bsf.operator.example:8443/", "--naf", NAF, "--ua", UA, "--mid", MID))
    until("the account", lambda: of_context(world, 102).get("State") == "registered")
    expect(f"by GBA: {of_context(world, 102)}", of_context(world, 102)["SecurityMode"] == "gba")
    suite = [e["cipher"] for e in world.lwm2m_events() if e["event"] == "dtls.open" and e["identity"].startswith(NAME_SPACE)]
    expect(f"the cipher suite of the identifier: {suite}", suite == ["PSK-AES128-CCM8"])
    first = sessions(world)
    until("another B-TID before the first one ends", lambda: sessions(world)[-1] != first[-1], 20)
    ended = next(e["ends"] for e in world.bsf_events("bootstrapped") if e["btid"] == first[-1])
    renewed = next(e["t"] for e in world.lwm2m_events() if e["event"] == "register" and e["identity"] == NAME_SPACE + sessions(world)[-1])
    expect(f"before it ended: {ended - renewed:g} s", renewed < ended)
    until("still there", lambda: of_context(world, 102).get("State") == "registered")
    world.bsf_fault("away")
    until("a BSF that is away is told", lambda: world.manager()["LastError"] == "HttpStatus", 30)
    world.bsf_fault()
    count = len(sessions(world))
    until("found again", lambda: len(sessions(world)) > count, 40)
    world.stop("bsf")
    world.bsf_up("--lifetime", "600")
    world.stop("agentd")
    world.kill("tred")
    for others in ("tred",), ():                                                            # then: the network has lost its B-TIDs
        count, bootstraps = len(sessions(world)), len(world.bsf_events("bootstrapped"))
        world.start(*others, "agentd")
        until("registered after a restart, without another job", lambda n=count: len(sessions(world)) > n and not world.all("Job"), 60)
        expect("by a new key", len(world.bsf_events("bootstrapped")) == bootstraps + 1)
        if others:
            (world.operator_dir / "bsf.json").write_text("{}")
            world.stop("agentd")
    found_again(world, "m2m", 102)
    agentctl("bootstrap", by_gba(world, "--server", "105", uri=OVER_TLS))
    until("the account over TLS", lambda: of_context(world, 105).get("State") == "registered")
    expect("by a key of the BSF", by_stream(world, "register").startswith(NAME_SPACE))
    plan(world, 103)
    agentctl("bootstrap", by_gba(world))
    has(world, DM_ACCOUNT, ("0", "bootstrap"), ("103", "registered"))
    expect(f"by a key of the BSF: {asked_by(world)}", [n.startswith(NAME_SPACE) for n in asked_by(world)] == [True])
    (world.operator_dir / "bsf.json").write_text("{}")                                       # the network has lost its B-TIDs once more
    expect("and again", triggered(world, 1, 104, DM_ACCOUNT).startswith(NAME_SPACE))
    expect(f"its key is not kept: {of_context(world, 0)}", of_context(world, 0)["SecurityMode"] == "gba")
    keys = [bsf_key(world, btid) for btid in json.loads((world.operator_dir / "bsf.json").read_text())]
    check_secret(world, *keys)
    expect(f"every request was right: {world.bsf_events('violation')}", keys and not world.bsf_events("violation"))


@scenario(mode="none", factory_options=SIGNED)
def without_naf_in_the_acl_agentd_gets_no_key_and_no_account(world):
    """`gba` lets agentd bootstrap for others, no more. What is wrong in an instruction by GBA is refused before."""
    world.operator_options = ("--acl", "agentd:identity,gba", *ALLOWED[2:])
    provisioned(world)
    world.bsf_up()
    for cause, document in (("Invalid", by_gba(world, "--naf", "other.operator.example")), ("NotSupported", by_gba(world, "--ua", "0100000002")),
                            ("NotSupported", by_gba(world, "--cred", "boot")), ("Invalid", by_gba(world, "--bsf", "http://bsf.operator.example/")),
                            ("NotSupported", by_gba(world, "--sni", NAF)), ("NotSupported", by_gba(world, "--server-pin", world.operator_dir / "ca/bbn.pem"))):
        refused(world, cause, document, 1)
    refused(world, "NotFound", by_gba(world, "--server", "102", "--mid", "usim-other"))
    refused(world, "Denied", by_gba(world, "--server", "102"))
    expect(f"the hint: {world.manager()['LastErrorHint']}", "naf" in world.manager()["LastErrorHint"])
    expect("the BSF was not asked", not world.bsf_events("challenge") and not of_context(world, 102))


def by_pki(world, *options, uri=LWM2M):
    return world.instruction("--mech", "pki", "--uri", uri, "--nid", "", "--server", "101", *options)


def dtls(world, server=NAF, roots="manufacturer"):
    """The LwM2M server shows a certificate, and asks for one of the manufacturer's."""
    (world.operator_dir / "dtls.json").write_text(json.dumps({"server": server, "roots": roots}))


@scenario(mode="none", factory_options=SIGNED)
def an_instruction_by_pki_registers_with_the_device_certificate_whose_key_stays_inside(world):
    """The server by the hash of its key, by its certificate, by that of its authority; one that is another, or that does not know the gateway's root."""
    world.up()
    run("/usr/bin/python3", "-B", TREE / "tests/operator/factory.py", "server", world.operator_dir, NAF)
    server, ca = world.operator_dir / f"servers/{NAF}.pem", world.operator_dir / "ca"
    dtls(world)
    world.start()
    for cause, document in (("Incomplete", by_pki(world)), ("NotSupported", by_pki(world, "--server-pin", server, "--cred", "boot")),
                            ("NotSupported", by_pki(world, "--server-pin", server, "--naf", NAF))):
        refused(world, cause, document, 1)
    refused(world, "TlsUntrusted", by_pki(world, "--server-pin", ca / "bbn.pem"))
    refused(world, "TlsUntrusted", by_pki(world, "--server-certificate", ca / "rogue-tls.pem"))
    refused(world, "TlsUntrusted", by_pki(world, "--server-certificate", ca / "operator-tls.pem", "--sni", "other.operator.example"))
    dtls(world, roots="rogue-tls")
    refused(world, "ClientAuth", by_pki(world, "--server-pin", server))
    expect("nothing is kept", not lwm2m_accounts(world) and world.one("Context", Name="usim")["State"] == "open")
    dtls(world)
    for trust in ("--server-pin", server), ("--server-certificate", server), ("--server-certificate", ca / "operator-tls.pem"):
        count = len([e for e in world.lwm2m_events() if e["event"] == "register"])
        agentctl("bootstrap", by_pki(world, *trust))
        shown = [e["identity"] for e in world.lwm2m_events() if e["event"] == "register"][count:]
        expect(f"by the device certificate: {shown}", len(shown) == 1 and shown[0].endswith(f"CN={GATEWAY}"))
    has(world, ("101", "registered"))
    expect(f"visible: {of_context(world, 101)}", of_context(world, 101)["SecurityMode"] == "x509")
    count = world.log("tred").count("signs a handshake: ok")
    expect(f"the key signed inside: {count}", count >= 4)
    world.stop("agentd")
    world.start("agentd")
    until("again after a restart, without another job", lambda: world.log("tred").count("signs a handshake: ok") > count and lwm2m_accounts(world) == [("101", "registered")], 60)
    expect("no job", not world.all("Job"))
    found_again(world, "usim", 101)
    plan(world, 103)
    agentctl("bootstrap", world.instruction("--mech", "pki", "--uri", LWM2M, "--nid", "", "--server-pin", server), timeout=90)
    has(world, ("0", "bootstrap"), ("103", "registered"))
    expect(f"a bootstrap server by the device certificate: {asked_by(world)}", [n.endswith(f"CN={GATEWAY}") for n in asked_by(world)] == [True])
    expect("and again", triggered(world, 0, 104).endswith(f"CN={GATEWAY}"))


@scenario(mode="none", factory_options=SIGNED)
def an_instruction_by_pki_registers_over_tls(world):
    """As over DTLS: the key signs inside, another server and one that does not know the gateway's root are refused; after a restart; by a bootstrap server."""
    world.up()
    run("/usr/bin/python3", "-B", TREE / "tests/operator/factory.py", "server", world.operator_dir, NAF)
    server, ca = world.operator_dir / f"servers/{NAF}.pem", world.operator_dir / "ca"
    dtls(world)
    world.start()
    refused(world, "TlsUntrusted", by_pki(world, "--server-pin", ca / "bbn.pem", uri=OVER_TLS))
    dtls(world, roots="rogue-tls")
    refused(world, "ClientAuth", by_pki(world, "--server-pin", server, uri=OVER_TLS))
    expect("nothing is kept", not lwm2m_accounts(world) and world.one("Context", Name="usim")["State"] == "open")
    dtls(world)
    agentctl("bootstrap", by_pki(world, "--server-certificate", ca / "operator-tls.pem", uri=OVER_TLS))
    has(world, ("101", "registered"))
    registered = [(e["identity"], e["b"]) for e in world.lwm2m_events() if e["event"] == "register"]
    expect(f"by the device certificate, over a stream: {registered}", registered == [(f"/CN={GATEWAY}", "T")])
    expect(f"visible: {of_context(world, 101)}", (of_context(world, 101)["SecurityMode"], of_context(world, 101)["Uri"]) == ("x509", OVER_TLS))
    expect("it is managed there", ask(world, GATEWAY, "read", "/3/0/0")["ok"])
    count = world.log("tred").count("signs a handshake: ok")
    world.stop("agentd")
    world.start("agentd")
    until("again after a restart, without another job", lambda: world.log("tred").count("signs a handshake: ok") > count and lwm2m_accounts(world) == [("101", "registered")], 60)
    plan(world, 103)
    agentctl("bootstrap", world.instruction("--mech", "pki", "--uri", OVER_TLS, "--nid", "", "--server-pin", server), timeout=90)
    has(world, ("0", "bootstrap"), ("103", "registered"))
    expect(f"a bootstrap server: {asked_by(world)}", asked_by(world) == [f"/CN={GATEWAY}"])
    expect(f"every request was right: {world.events('lwm2m-events.jsonl')[-3:]}", not [e for e in world.lwm2m_events() if e["event"] == "violation"])


@scenario(mode="none", tpm=True, operator_options=("--min-backend", "tpm2"), factory_options=SIGNED)
def an_instruction_by_pki_registers_by_a_key_in_a_tpm(world):
    """The platform key signs the handshake in the TPM; again after a restart of agentd."""
    world.up()
    run("/usr/bin/python3", "-B", TREE / "tests/operator/factory.py", "server", world.operator_dir, NAF)
    dtls(world)
    world.start()
    until("the TRE", lambda: world.manager()["TreState"] == "ready")
    agentctl("bootstrap", by_pki(world, "--server-pin", world.operator_dir / f"servers/{NAF}.pem"), timeout=120)
    has(world, ("101", "registered"))
    expect(f"by the device certificate: {of_context(world, 101)}", of_context(world, 101)["SecurityMode"] == "x509" and world.manager()["TreBackend"] == "tpm2")
    count = world.log("tred").count("signs a handshake: ok")
    expect("the key signed inside", count >= 1)
    world.stop("agentd")
    world.start("agentd")
    until("again after a restart", lambda: world.log("tred").count("signs a handshake: ok") > count and lwm2m_accounts(world) == [("101", "registered")], 60)
