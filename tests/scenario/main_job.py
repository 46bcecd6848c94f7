# SPDX-License-Identifier: Apache-2.0
"""The main job: from factory-empty to managed."""
import json
import socket
import subprocess
import sys
from pathlib import Path

from scenarios import scenario
sys.path.append(str(Path(__file__).resolve().parents[1] / "operator"))
from aka import subscribers  # noqa: E402
from world import GATEWAY, IMSI, NAME, PIN, TREE, Trouble, agentctl, lab, run, until  # noqa: E402


def expect(what, good):
    if not good:
        raise Trouble(what)


def lwm2m(world, **request) -> dict:
    """A request of the LwM2M server to the gateway, through the server's control socket."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(20)
        sock.connect(str(world.operator_dir / "lwm2m.ctl"))
        sock.sendall((json.dumps({"ep": GATEWAY, **request}) + "\n").encode())
        return json.loads(sock.makefile().readline())


def check_managed(world):
    """What a managed gateway looks like, on the bus and at the operator."""
    world.managed()
    world.reported()
    job = world.job_ended("succeeded")
    expect("job reported", job["Step"] == "REPORTED" and job["Progress"] == 100 and not job["Error"])
    check_in_service(world)


def check_in_service(world):
    """Later too: a job leaves the bus a minute after its end."""
    mid = until("the MID", lambda: world.one("Mid", State="ACTIVE"))
    expect("MID from its issuer", mid["Issuer"] == "sho.example" and mid["Algorithm"] == "milenage")
    account = world.one("Account", Protocol="lwm2m")
    expect("LwM2M account registered", account and account["State"] == "registered" and account["Installed"])
    expect("OMA DM account installed", world.one("Account", Protocol="omadm")["Installed"])
    events = [e["event"] for e in world.lwm2m_events()]
    expect(f"one registration, not {events.count('register')}", events.count("register") == 1)


def check_no_secret_on_disk_or_in_logs(world):
    """Trust rule 5: neither the document's secrets nor keys are in agentd's store or in any log."""
    accounts = json.loads((world.operator_dir / "dm-accounts.json").read_text())
    secrets = ["apn-secret-7", PIN] + [v for a in accounts.values() for k, v in a.items() if "secret" in k.lower() and isinstance(v, str)]
    places = [p.read_bytes() for p in __import__("pathlib").Path("/var/lib/gateway-agent").glob("*")]
    places += [world.log(name).encode() for name in ("agentd", "tred", "modemd")]
    for secret in secrets:
        expect("a secret is in the store or in a log", not any(secret.encode() in place for place in places))
    expect("the whole IMSI is in a log", not any(IMSI.encode() in world.log(n).encode() for n in ("agentd", "tred", "modemd")))


def check_bearer(world):
    bearer = until("the bearer", lambda: world.one("Bearer", State="connected", Installed=True))
    expect("bearer facts", bearer["Apn"] == "m2m.example.net" and bearer["Auth"] == "chap" and bearer["Interface"] == "wwan0")
    expect("address", bearer["Addresses"] == ["192.0.2.10/24"] and "192.0.2.53" in bearer["Dns"])
    address = run("ip", "-4", "address", "show", "dev", "wwan0").stdout
    expect("address on the interface", "192.0.2.10/24" in address)
    expect("no default route of ours in the main table", "wwan0" not in run("ip", "route", "show", "default").stdout)
    run("ping", "-c1", "-W2", "-I", "192.0.2.10", "198.51.100.20")


@scenario(mode="qmi")
def one_sms_makes_a_managed_device(world):
    """Parts in reverse order, seen by ModemManager and by QMI WMS, acted on once."""
    world.up()
    world.start()
    until("the modem", lambda: (world.one("Modem") or {}).get("State") in ("registered", "connected"))
    expect("nothing to do has a name", world.manager()["State"] == "idle")
    world.sms(world.push(), "--pause", "0", reverse=True)
    check_managed(world)
    check_bearer(world)
    expect("taken over once", world.manager()["MessagesReceived"] == 1)
    expect("both routes were there", world.one("Modem")["QmiRoute"])
    until("an empty SMS storage", lambda: not world.sms_in_modem(), 10)
    check_no_secret_on_disk_or_in_logs(world)
    check_lwm2m(world)
    check_identity(world)
    run("/usr/bin/python3", "-B", TREE / "tests/lint/introspection.py")
    world.stop("agentd")


def check_lwm2m(world):
    read = lwm2m(world, op="read", path="/3/0")
    expect(f"Read /3/0: {read}", read.get("code") == "2.05")
    factory = json.loads((world.operator_dir / "factory.json").read_text())
    expect("manufacturer in object 3", factory["manufacturer"] in json.dumps(read))
    bearer = world.one("Bearer", State="connected")
    seen = json.dumps(lwm2m(world, op="read", path="/4/0", accept=110))
    expect(f"the bearer's addresses and APN in object 4: {seen}", all(f'"{a.split("/")[0]}"' in seen for a in [*bearer["Addresses"], bearer["Apn"]]))
    seen = json.dumps(lwm2m(world, op="read", path="/11/0", accept=110))
    expect(f"its NAPDEF in object 11: {seen}", f'"{bearer["Apn"]}"' in seen and bearer["Name"] in seen)
    seen = json.dumps(lwm2m(world, op="read", path="/10/0/11", accept=110))
    expect(f"and as activated profile in object 10: {seen}", '"11:0"' in seen)
    observe = lwm2m(world, op="observe", path="/3/0/13")  # the server may have done so by itself after the registration
    seen = [e for e in world.lwm2m_events() if e["event"] == "observe" and e["path"] == "/3/0/13"]
    expect(f"Observe /3/0/13: {observe}", [e["code"] for e in seen] == ["2.05"])
    agentctl("account", "update", next(p for p in world.all("Account") if "lwm2m" in p))
    until("an Update at the server", lambda: any(e["event"] == "update" for e in world.lwm2m_events()), 10)
    expect("object 0 is closed", lwm2m(world, op="read", path="/0/0").get("code") == "4.01")


def check_identity(world):
    """The MID answers the operator's AuC, out of step once and then with the RES that the AuC expects; suspended it answers nobody."""
    mid = next(iter(world.all("Mid")))

    def answer(vector, check=True):
        return agentctl("--json", "mid", "authenticate", mid, vector.rand.hex(), vector.autn.hex(), check=check)
    with subscribers.changing(world.operator_dir / "subscribers.db") as db:
        sub = next(iter(db.values()))
        vector = sub.next_vector()
        expect("RES of the AuC", json.loads(answer(vector).stdout)["res"] == vector.xres.hex())
        again = json.loads(answer(vector, check=False).stdout)
        expect(f"the same challenge is out of step: {again['result']}", again["result"] == "sync" and not again["res"])
        expect("AUTS of that card", sub.resync(vector.rand, bytes.fromhex(again["auts"])))
        expect("an active MID is not erased", "agentctl mid suspend usim-" in agentctl("mid", "erase", mid, check=False).stderr)
        expect("suspended", agentctl("mid", "suspend", mid).stdout == f"{world.one('Mid')['MidId']}: SUSPENDED\n")
        expect("suspended it answers nobody", "is SUSPENDED, not ACTIVE\nhint: agentctl mid activate usim-" in answer(sub.next_vector(), check=False).stderr)
        agentctl("mid", "activate", mid)
        vector = sub.next_vector()
        expect("RES after activation", json.loads(answer(vector).stdout)["res"] == vector.xres.hex())


@scenario(mode="qmi", lab_options=("--uplink-reaches-operator",))
def a_wrong_apn_is_rolled_back_and_the_corrected_push_works(world):
    """The DSL uplink reaches the operator: it must not prove the APN."""
    world.up()
    world.start()
    world.sms(world.push("--apn", "wrong.example.net"))
    job = world.job_ended("failed")
    expect(f"the reason is visible: {job['Error']}", job["Error"] == "BearerRefused" and "wrong.example.net" in job["ErrorText"])
    context = world.one("Context", Name="usim")
    expect("the context is not consumed", context["State"] == "open" and context["LastError"] == "BearerRefused")
    expect("no session over another uplink", not world.sessions())
    world.sms(world.push())
    world.managed()
    world.reported()
    sources = {e["peer"] for e in world.sessions()}
    expect(f"sessions came over the bearer only: {sources}", sources <= {"192.0.2.10"})


@scenario(mode="qmi")
def a_wrong_password_of_the_bearer_is_refused(world):
    world.up()
    world.start()
    world.sms(world.push("--apn-secret", "wrong"))
    expect("refused", world.job_ended("failed")["Error"] == "BearerRefused")


@scenario(mode="none")
def a_gateway_without_modem_is_bootstrapped_from_a_file(world):
    world.up()
    world.start()
    done = agentctl("bootstrap", world.push())
    expect("agentctl says so", "succeeded" in done.stdout and "PROVING" in done.stdout)
    check_managed(world)
    expect("no bearer", not world.all("Bearer"))
    again = agentctl("bootstrap", world.dir / "push1.pdu", check=False)
    expect(f"the same document again: {again.stderr}", again.returncode == 1 and "carried out" in again.stderr)


@scenario(mode="at", lab_options=("--uplink-reaches-operator",))
def in_at_mode_an_sms_bootstraps_over_the_uplink(world):
    """ModemManager's Messaging alone; a document without NAPDEF goes over the gateway's own uplink."""
    world.up()
    world.start()
    until("the modem", lambda: (world.one("Modem") or {}).get("State") in ("enabled", "registered", "connected"))
    world.sms(world.push("--no-napdef"), reverse=True)
    check_managed(world)
    expect("no QMI route", not world.one("Modem")["QmiRoute"])
    expect("by ModemManager's route", world.one("Context", Name="usim")["Source"] == "sms-mm")


@scenario(mode="qmi")
def hmac_credentials_a_pinned_server_and_pap(world):
    """x-syncml-hmac both ways; the server's certificate is trusted by the pin of the bootstrap alone; a bearer with PAP."""
    world.operator_options = ("--fault", "wrong-cert")
    world.up()
    world.start()
    world.sms(world.push("--auth", "HMAC", "--apn-auth", "pap", "--server-pin", world.operator_dir / "servers/dm.operator.example.rogue.pem"))
    check_managed(world)
    expect("PAP", world.one("Bearer", State="connected")["Auth"] == "pap")


@scenario(mode="qmi")
def an_sms_from_before_the_start_is_read(world):
    world.up()
    world.start("tred", "modemd")
    world.sms(world.push(), "--store")
    world.start("agentd")
    check_managed(world)


@scenario(mode="none")
def strangers_see_nothing(world):
    """A user outside the group gets no property and no method."""
    world.up()
    world.start()
    for words in (("get-property", NAME, "/org/gatewayagent/Agent1", f"{NAME}.Manager", "State"),
                  ("call", NAME, "/org/gatewayagent/Agent1", f"{NAME}.Manager", "Reload")):
        done = lab("run-as", "lab-visitor", "--", "busctl", *words, check=False)
        expect(f"refused: {done.stderr}", done.returncode != 0 and "denied" in done.stderr.lower())
    done = subprocess.run([str(TREE / "tests/lab/lab"), "run-as", "gateway-agent", "--", str(world.bin / "agentctl"), "status"],
                          capture_output=True, text=True, check=False)
    expect("the group may", done.returncode == 0 and GATEWAY in done.stdout)
