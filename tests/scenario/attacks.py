# SPDX-License-Identifier: Apache-2.0
"""An attacker who knows IMSI and IMEI and can send SMS from any number.

Owns: the list of what he sends and why it is refused. Promises: each attack of the list is a case of its own, seen refused for its own cause; after it nothing
of the gateway has changed: contexts, accounts, identities, bearers, addresses, routes, rules and name servers.
"""
from pathlib import Path

from main_job import check_bearer, check_in_service, check_managed, expect
from scenarios import scenario
from world import IMSI, PIN, Trouble, run, until

NETWPIN = ("--sec", "netwpin", "--imsi", IMSI)
BEARER = ("--no-account", "--no-provurl")
EVIL = ("--apn", "evil.example.net", "--apn-auth", "none")
EVIL_ACCOUNT = ("--url", "https://dm.evil.example/dm", "--server-id", "evil.example", "--user", "evil")
CERTIFICATE = "servers/dm.operator.example.rogue.pem"

# Name, cause, options of the push; CERTIFICATE is the file of one that he made.
ATTACKS = (
    ("no_SEC_at_all", "MacMissing", ("--no-sec", *EVIL_ACCOUNT)),
    ("SEC_without_MAC", "MacMissing", ("--no-mac", *EVIL_ACCOUNT)),
    ("a_SEC_that_nobody_knows", "SecUnknown", ("--sec-value", "9", *EVIL_ACCOUNT)),
    ("a_MAC_over_another_document", "MacMismatch", ("--flip", "900")),
    ("a_MAC_made_with_another_IMSI", "MacMismatch", ("--sec", "netwpin", "--imsi", "240081111111112", *BEARER, *EVIL)),
    ("an_account_with_NETWPIN", "PolicyDenied", (*NETWPIN, *EVIL_ACCOUNT)),
    ("PROVURL_with_NETWPIN", "PolicyDenied", (*NETWPIN, "--no-account", "--provurl", "https://dm.evil.example/dm", *EVIL)),
    ("a_certificate_with_NETWPIN", "PolicyDenied", (*NETWPIN, *BEARER, "--certificate", CERTIFICATE)),
    ("a_pin_with_NETWPIN", "PolicyDenied", (*NETWPIN, *BEARER, "--server-pin", CERTIFICATE)),
    ("a_proxy_with_NETWPIN", "PolicyDenied", (*NETWPIN, *BEARER, "--proxy", "203.0.113.66")),
    ("an_identity_with_NETWPIN", "PolicyDenied", (*NETWPIN, *BEARER, "--client-identity", "somebody-else")),
    ("a_PIN_guessed_from_the_IMSI", "MacMismatch", ("guess", IMSI[-8:])),
    ("a_PIN_guessed_from_the_IMEI", "MacMismatch", ("guess", "50344963")),
    ("a_PIN_guessed_as_zeros", "MacMismatch", ("guess", "00000000")),
    ("a_PIN_guessed_as_digits_in_a_row", "MacMismatch", ("guess", "12345678")),
    ("management_trees_with_NETWPIN", "PolicyDenied", (*NETWPIN, "--profile", "dm-wbxml", *EVIL_ACCOUNT)),
    ("an_instruction_signed_by_himself", "UnknownKey", ("instruction", "rogue-bbn")),
    ("an_instruction_by_a_guessed_PIN", "MacMismatch", ("instruction", "", "--pin", IMSI[-8:])),
    ("USERNETWPIN_with_the_right_IMSI_and_a_guessed_PIN", "MacMismatch", ("guess", "87654321", "--sec", "usernetwpin", "--imsi", IMSI)),
)
ON_A_MANAGED_ONE = (
    ("another_bearer_with_NETWPIN", "PolicyDenied", (*NETWPIN, *BEARER, *EVIL)),
    ("another_bearer_for_another_context", "PolicyDenied", (*NETWPIN, "--context", "m2m", *BEARER, *EVIL)),
    ("a_notification_by_who_lacks_the_secret_of_the_server", "MacMismatch", ("--notify", "66", "--wrong-mac")),
    ("a_trigger_that_is_none", "Denied", ("--trigger", "/3/0/4")),
    ("the_PIN_of_the_owner_when_the_context_is_bootstrapped", "ContextCommitted", ("--server-id", "evil.example", "--user", "evil")),
)


def cases(*attacks):
    return [(name, (number, cause, options)) for number, (name, cause, options) in enumerate(attacks)]


def push(world, options):
    if options[0] == "instruction":
        return world.instruction("--push", *options[2:], signed=options[1])
    if options[0] == "guess":
        return world.push(*options[2:], device_pin=options[1])
    return world.push(*(world.operator_dir / word if word == CERTIFICATE else word for word in options))


def picture(world):
    """All that an attacker could want to change. Counters and the running life of a link are left out."""
    volatile = {"LastContact", "NextContact", "RxBytes", "TxBytes", "ConnectedSince"}
    objects = {path: {k: v for k, v in properties.items() if k not in volatile} for kind in ("Context", "Account", "Mid", "Bearer")
               for path, properties in world.all(kind).items()}
    network = [run("ip", *words).stdout for words in (("-o", "-4", "route", "show", "table", "all"), ("-o", "-6", "route", "show", "table", "all"), ("rule",))]
    addresses = [line.split(" valid_lft")[0].replace(" tentative", "") for line in run("ip", "-o", "address").stdout.splitlines()]
    resolver = Path("/etc/resolv.conf")
    return objects, network, addresses, resolver.read_text() if resolver.exists() else ""


def causes(world):
    return {name: int(count) for name, count in (text.split("=") for text in world.manager()["MessageCauses"])}


def expect_unchanged(world, before):
    """A contact that is under way may show for a moment; what an attack changes would stay."""
    try:
        until("all as it was", lambda: picture(world) == before, 10)
    except Trouble:
        for what, old, new in zip(("objects", "routes and rules", "addresses", "name servers"), before, picture(world)):
            expect(f"{what} changed: {old} -> {new}", old == new)


def attack(world, before, number, cause, options):
    """Refused for its own cause, gone from the modem, and nothing is another than before."""
    refused, sessions = causes(world).get(cause, 0), len(world.sessions())
    world.sms(push(world, options), "--pause", "0", "--sender", f"+4670{number:07}")
    until(f"one more {cause}", lambda: causes(world).get(cause, 0) == refused + 1, 20)
    until("an empty SMS storage", lambda: not world.sms_in_modem(), 10)
    expect("no session", len(world.sessions()) == sessions)
    expect_unchanged(world, before)


@scenario(mode="qmi", cases=cases(*ATTACKS, *ON_A_MANAGED_ONE))
def an_attacker_with_imsi_and_imei_changes_nothing_of_a_managed_gateway(world, attacks):
    world.up()
    world.start()
    genuine = world.push()
    world.sms(genuine, "--pause", "0")
    check_managed(world)
    check_bearer(world)
    down = world.log("modemd").count("wwan0 down")
    before = picture(world)
    attacks.play(lambda one: attack(world, before, *one))
    if not attacks.whole:
        return
    world.sms(genuine, "--ref", "99", "--pause", "0")
    until("the replay in the log", lambda: "carried out before" in world.log(), 20)
    expect_unchanged(world, before)  # by a replay
    expect("the bearer was never touched", world.log("modemd").count("wwan0 down") == down)
    expect("one job", "[job2]" not in world.log())  # an ended one leaves the bus after a minute
    check_in_service(world)


@scenario(mode="qmi", cases=cases(*ATTACKS))
def an_attacker_before_the_owner_neither_gets_in_nor_locks_him_out(world, attacks):
    """On an empty gateway, after the attacks: a flood of wrong PINs, then the first bearer by NETWPIN, which what is authentic outranks."""
    world.up()
    world.start()
    until("the modem", lambda: (world.one("Modem") or {}).get("State") in ("registered", "connected"))
    before = picture(world)
    attacks.play(lambda one: attack(world, before, *one))
    if not attacks.whole:
        return
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
    attack(world, picture(world), 99, "PolicyDenied", (*NETWPIN, *BEARER, *EVIL))  # a second bearer
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
