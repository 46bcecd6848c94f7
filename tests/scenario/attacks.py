# SPDX-License-Identifier: Apache-2.0
"""An attacker who knows IMSI and IMEI and can send SMS from any number.

Owns: the list of what he sends and why it is refused. Promises: each message is one attack of the list, seen refused for its own cause; after it nothing
of the gateway has changed: contexts, accounts, identities, bearers, addresses, routes, rules and name servers.
"""
from pathlib import Path

from main_job import check_bearer, check_in_service, check_managed, expect
from scenarios import scenario
from world import IMSI, PIN, run, until

NETWPIN = ("--sec", "netwpin", "--imsi", IMSI)
BEARER = ("--no-account", "--no-provurl")
EVIL = ("--apn", "evil.example.net", "--apn-auth", "none")


def attacks(world):
    """Name, cause, options of the push."""
    certificate = world.operator_dir / "servers/dm.operator.example.rogue.pem"
    evil_account = ("--url", "https://dm.evil.example/dm", "--server-id", "evil.example", "--user", "evil")
    yield "no SEC at all", "MacMissing", ("--no-sec", *evil_account)
    yield "SEC without MAC", "MacMissing", ("--no-mac", *evil_account)
    yield "a SEC that nobody knows", "SecUnknown", ("--sec-value", "9", *evil_account)
    yield "a MAC over another document", "MacMismatch", ("--flip", "900")
    yield "a MAC made with another IMSI", "MacMismatch", ("--sec", "netwpin", "--imsi", "240081111111112", *BEARER, *EVIL)
    yield "an account with NETWPIN", "PolicyDenied", (*NETWPIN, *evil_account)
    yield "PROVURL with NETWPIN", "PolicyDenied", (*NETWPIN, "--no-account", "--provurl", "https://dm.evil.example/dm", *EVIL)
    yield "a certificate with NETWPIN", "PolicyDenied", (*NETWPIN, *BEARER, "--certificate", certificate)
    yield "a pin with NETWPIN", "PolicyDenied", (*NETWPIN, *BEARER, "--server-pin", certificate)
    yield "a proxy with NETWPIN", "PolicyDenied", (*NETWPIN, *BEARER, "--proxy", "203.0.113.66")
    yield "an identity with NETWPIN", "PolicyDenied", (*NETWPIN, *BEARER, "--client-identity", "somebody-else")
    for guess in (IMSI[-8:], "50344963", "00000000", "12345678"):
        yield f"a PIN guessed from what is printed on the label ({guess[:2]}..)", "MacMismatch", ("guess", guess)
    yield "management trees with NETWPIN", "PolicyDenied", (*NETWPIN, "--profile", "dm-wbxml", *evil_account)
    yield "an instruction signed by himself", "UnknownKey", ("instruction", "rogue-bbn")
    yield "an instruction by a guessed PIN", "MacMismatch", ("instruction", "", "--pin", IMSI[-8:])
    yield "USERNETWPIN with the right IMSI and a guessed PIN", "MacMismatch", ("guess", "87654321", "--sec", "usernetwpin", "--imsi", IMSI)


def push(world, options):
    if options[0] == "instruction":
        return world.instruction("--push", *options[2:], signed=options[1])
    if options[0] == "guess":
        return world.push(*options[2:], device_pin=options[1])
    return world.push(*options)


def picture(world):
    """All that an attacker could want to change. Counters and the running life of a link are left out."""
    volatile = {"LastContact", "NextContact", "RxBytes", "TxBytes", "ConnectedSince"}
    objects = {path: {k: v for k, v in properties.items() if k not in volatile} for kind in ("Context", "Account", "Mid", "Bearer")
               for path, properties in world.all(kind).items()}
    network = [run("ip", *words).stdout for words in (("-o", "-4", "route", "show", "table", "all"), ("-o", "-6", "route", "show", "table", "all"), ("rule",))]
    addresses = [line.split(" valid_lft")[0] for line in run("ip", "-o", "address").stdout.splitlines()]
    resolver = Path("/etc/resolv.conf")
    return objects, network, addresses, resolver.read_text() if resolver.exists() else ""


def causes(world):
    return {name: int(count) for name, count in (text.split("=") for text in world.manager()["MessageCauses"])}


def attack(world, name, cause, options, number):
    before = causes(world).get(cause, 0)
    sender = ("--sender", f"+4670{number:07}")
    world.sms(push(world, options), "--pause", "0", *sender)
    until(f"the refusal of {name}", lambda: causes(world).get(cause, 0) == before + 1, 20)
    print(f"   refused: {name}", flush=True)


def attack_all(world, extra=()):
    before = picture(world)
    sessions = len(world.sessions())
    for number, (name, cause, options) in enumerate([*attacks(world), *extra]):
        attack(world, name, cause, options, number)
    until("an empty SMS storage", lambda: not world.sms_in_modem(), 10)
    expect("no session", len(world.sessions()) == sessions)
    after = picture(world)
    for what, old, new in zip(("objects", "routes and rules", "addresses", "name servers"), before, after):
        expect(f"{what} changed: {old} -> {new}", old == new)


@scenario(mode="qmi")
def an_attacker_with_imsi_and_imei_changes_nothing_of_a_managed_gateway(world):
    world.up()
    world.start()
    genuine = world.push()
    world.sms(genuine, "--pause", "0")
    check_managed(world)
    check_bearer(world)
    down = world.log("modemd").count("wwan0 down")
    attack_all(world, [("another bearer with NETWPIN", "PolicyDenied", (*NETWPIN, *BEARER, *EVIL)),
                       ("another bearer for another context", "PolicyDenied", (*NETWPIN, "--context", "m2m", *BEARER, *EVIL)),
                       ("a notification by who lacks the server's secret", "MacMismatch", ("--notify", "66", "--wrong-mac")),
                       ("a trigger that is none", "Denied", ("--trigger", "/3/0/4")),
                       ("the owner's own PIN, but the context is bootstrapped", "ContextCommitted", ("--server-id", "evil.example", "--user", "evil"))])
    before = picture(world)
    world.sms(genuine, "--ref", "99", "--pause", "0")
    until("the replay in the log", lambda: "carried out before" in world.log(), 20)
    expect("a replay changes nothing", picture(world) == before)
    expect("the bearer was never touched", world.log("modemd").count("wwan0 down") == down)
    expect("one job", "[job2]" not in world.log())  # an ended one leaves the bus after a minute
    check_in_service(world)


@scenario(mode="qmi")
def an_attacker_before_the_owner_neither_gets_in_nor_locks_him_out(world):
    """On an empty gateway: the attacks, a flood of wrong PINs, then the first bearer by NETWPIN, which what is authentic outranks."""
    world.up()
    world.start()
    until("the modem", lambda: (world.one("Modem") or {}).get("State") in ("registered", "connected"))
    attack_all(world)
    expect("no job, no attempt", not world.all("Job") and all(c["State"] == "open" and c["Attempts"] == 0 for c in world.all("Context").values()))
    wrong = causes(world)["MacMismatch"]
    octets = [world.push("--no-napdef", "--no-account", device_pin=f"0000000{digit}").read_bytes() for digit in range(3)]
    for number in range(60):  # another transaction id makes another message
        flood = world.dir / "flood.pdu"
        flood.write_bytes(bytes([number]) + octets[number % 3][1:])
        world.sms(flood, "--pause", "0")
    until("sixty refusals", lambda: causes(world)["MacMismatch"] == wrong + 60, 60)
    world.sms(world.push(*NETWPIN, *BEARER, "--nap-name", "First bearer", "--apn", "prov.example", "--apn-auth", "none"), "--pause", "0")
    until("the first bearer", lambda: world.one("Bearer", State="connected", Installed=True), 30)
    job = world.job_ended("succeeded")
    expect("it takes no context", world.one("Context", Name="usim")["State"] == "open" and job["Step"] == "REPORTED" and not world.all("Account"))
    attack(world, "a second bearer with NETWPIN", "PolicyDenied", (*NETWPIN, *BEARER, *EVIL), 99)
    expect("the first one stays", world.one("Bearer", State="connected")["Name"] == "First bearer")
    expect("the attacker's server was never asked", not world.sessions())
    world.sms(world.push(), "--pause", "0")
    world.managed()
    world.reported()
    expect("the owner's bearer", until("it", lambda: world.one("Bearer", State="connected", Installed=True), 20)["Name"] == "Operator bearer")
    expect("alone", len(world.all("Bearer")) == 1)
    logs = "".join(world.log(name) for name in ("agentd", "tred", "modemd"))
    expect("neither PIN nor IMSI in a log", PIN not in logs and IMSI not in logs)
    expect("the TRE lives", world.alive("tred"))
