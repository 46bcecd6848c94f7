# SPDX-License-Identifier: Apache-2.0
# What Leshan's libraries see of our LwM2M client: bootstrap with keys and with certificates and then the server that it named, composite operations and their
# observation, Send, queue mode, attributes, arguments, what outlives a restart. Every check asks Servers.java, which is Leshan; never the client. Runs inside a private network
# namespace. usage: library.py TOOL JARS WORK [restart]; restart: what a restart of Leshan brings, and no more. TAP.
import base64
import os
import pathlib
import signal
import subprocess
import sys
import time

from bench import HERE, PATIENCE, Client, Leshan, check, finish

TOOL, JARS, WORK = sys.argv[1:4]
sys.path.append(str(HERE.parents[1] / "unit/lwm2m"))
import transports_test  # noqa: E402 - certificates are made there
from transports_test import at, make_certificates  # noqa: E402

SERVER, BOOTSTRAP, AWAKE_MS = 5684, 5784, 2000
RETRIED = 150.0  # seconds: an Update, its retransmissions, the pause before the next try
KEYS = {name: bytes([n]) * 16 for n, name in enumerate(("bootstrap", "first", "second", "asleep", "kept"), 1)}


def start(endpoint, port, *more):
    return Client(TOOL, os.path.join(WORK, "client.log"), endpoint, port, *more)


def b64(octets):
    return base64.b64encode(octets).decode()


def psk(identity, name):
    return ["--identity", identity, "--key", KEYS[name].hex()]


def x509(name, trusted="operator.server.der"):
    return ["--certificate", at(f"{name}.der"), "--private-key", at(f"{name}.key"), "--server-certificate", at(trusted)]


# ---- bootstrap ----

def security(ssid, mode, identity, key, server=b""):
    return {"0": f"coaps://127.0.0.1:{SERVER}", "1": False, "2": mode, "3": b64(identity), "4": b64(server), "5": b64(key), "10": ssid}


def server_object(ssid, lifetime):
    return {"0": ssid, "1": lifetime, "6": True, "7": "U"}


def plan(account, server, form, *more, instance=0):
    return [{"op": "discover", "path": "/"}, {"op": "delete", "path": "/"}, {"op": "write", "path": "/0/1", "format": form, "value": account},
            {"op": "write", "path": f"/1/{instance}", "format": form, "value": server}, *more]


def steps(leshan, since):
    return [(e["request"].removeprefix("Bootstrap").removesuffix("Request"), e.get("code", e.get("error"))) for e in leshan.events[since:] if e["event"] == "bs-step"]


WRITTEN = [("Discover", "2.05"), ("Delete", "2.02"), ("Write", "2.04"), ("Write", "2.04")]


def check_bootstrap_by_key(leshan):
    """One run: bootstrap server, then the management server that it named; and again, by its Execute."""
    ep = "gw-psk"
    leshan.ask("bootstrap-key", ep, identity="bs", key=b64(KEYS["bootstrap"]))
    leshan.ask("key", ep, identity="ms", key=b64(KEYS["first"]))
    reads = [{"op": "discover", "path": "/1"}, {"op": "read", "path": "/1", "format": "TLV"}, {"op": "read", "path": "/1/7", "format": "SENML_CBOR"}]
    leshan.ask("plan", ep, steps=plan(security(101, 0, b"ms", KEYS["first"]), server_object(101, 600), "TLV", *reads, instance=7))
    client = start(ep, BOOTSTRAP, *psk("bs", "bootstrap"), "--bootstrap", "--send", "/3/0/0 /1/0/1")
    end = leshan.event("bs-end", ep=ep)
    request = leshan.event("bs-request", ep=ep) or {}
    check("ets_0, ets_1: Bootstrap-Request over DTLS with a key, with its preferred format", "bs" in request.get("peer", "") and "SENML_CBOR" in request.get("format", ""), request)
    got = steps(leshan, 0)
    check("ets_8: Discover, Delete, Write in TLV, Read in TLV and SenML CBOR, Finish", end and got == [*WRITTEN, ("Discover", "2.05"), ("Read", "2.05"), ("Read", "2.05"), ("Finish", "2.04")], got)
    contents = [e.get("content") for e in leshan.events if e["event"] == "bs-step"]
    check("what is discovered and read is what was written", any("/1/7" in text and "ssid=101" in text for text in contents[4] or []) and
          contents[5] == contents[6] == {"/1/7/0": 101, "/1/7/1": 600, "/1/7/6": True, "/1/7/7": "U"}, contents[4:7])
    e = leshan.event("registered", ep=ep) or {}
    check("the server that it named has the registration", e.get("lifetime") == 600 and "ms" in e.get("peer", "") and e.get("version") == "1.1", e)
    got = leshan.ask("read", ep, path="/1").get("content")
    check("and finds its account in the instance that the bootstrap server wrote", got and set(got) >= {"/1/7/0", "/1/7/1"} and not any(p.startswith("/1/0/") for p in got), got)

    since = len(leshan.events)
    leshan.ask("plan", ep, steps=plan(security(103, 0, b"ms", KEYS["first"]), server_object(103, 700), "SENML_CBOR"))
    check("ets_5: Execute of the Bootstrap-Request Trigger", leshan.code("execute", ep, path="/1/7/9") == "2.04")
    end = leshan.event("bs-end", since)
    got, found = steps(leshan, since), next((e["content"] for e in leshan.events[since:] if e["event"] == "bs-step"), None)
    check("brings another bootstrap, written in SenML CBOR", end and got == [*WRITTEN, ("Finish", "2.04")], got)
    check("which finds the account of the first one", any("/0/1" in text and "ssid=101" in text for text in found or []), found)
    e = leshan.event("registered", since, ep=ep) or {}
    check("and the new account is registered", e.get("lifetime") == 700, e)
    return client


def check_bootstrap_by_certificate(leshan):
    ep = "gw-x509"  # Leshan wants it as the common name
    for op in ("key", "bootstrap-key"):
        leshan.ask(op, ep)
    certificate, key, server = (pathlib.Path(at(name)).read_bytes() for name in (f"{ep}.der", f"{ep}.key", "operator.server.der"))
    leshan.ask("plan", ep, steps=plan(security(102, 2, certificate, key, server), server_object(102, 800), "SENML_CBOR"))
    since = len(leshan.events)
    client = start(ep, BOOTSTRAP, *x509(ep), "--bootstrap")
    end = leshan.event("bs-end", since)
    request = leshan.event("bs-request", since) or {}
    check("ets_2: Bootstrap-Request with a certificate", f"x509={ep}" in request.get("peer", ""), request)
    check("ets_2: an account with certificates, written in SenML CBOR", end and steps(leshan, since) == [*WRITTEN, ("Finish", "2.04")], steps(leshan, since))
    e = leshan.event("registered", since, ep=ep) or {}
    check("ets_402: registered with the certificate", f"x509={ep}" in e.get("peer", "") and e.get("lifetime") == 800, e)
    check("Read over that session", leshan.ask("read", ep, path="/3/0/0").get("content") == {"/3/0/0": "gateway-agent"})
    client.signal(signal.SIGTERM)
    check("and its de-registration", leshan.event("unregistered", since, ep=ep, expired=False))
    client.end()


def check_refused_certificates(leshan):
    for name, arguments, expected in (("a gateway whose certificate Leshan does not trust", x509("other.gateway"), "error ClientAuth"),
                                      ("a server that is not the account's", x509("gw-x509", "other.server.der"), "error TlsUntrusted"),
                                      ("another endpoint than the certificate's", x509("operator.gateway"), "error ClientAuth")):
        client = start("gw-x509", SERVER, *arguments)
        got = client.says("error")
        check(f"refused and visible: {name}", got.startswith(expected), got)
        client.end()


def check_inconsistent(leshan):
    ep = "gw-half"
    leshan.ask("bootstrap-key", ep, identity="half", key=b64(KEYS["bootstrap"]))
    leshan.ask("plan", ep, steps=[{"op": "write", "path": "/0/1", "format": "TLV", "value": security(101, 0, b"ms", KEYS["first"])}])
    since = len(leshan.events)
    client = start(ep, BOOTSTRAP, *psk("half", "bootstrap"), "--bootstrap")
    failed = leshan.event("bs-failed", since)
    check("ets_9: Finish of an account without its Server object is refused", failed and steps(leshan, since)[-1] == ("Finish", "4.06"), steps(leshan, since))
    client.end()


# ---- operations ----

def check_composite(leshan, ep):
    for form in ("SENML_JSON", "SENML_CBOR"):
        got = leshan.ask("read-composite", ep, format=form, paths=["/3/0/99", "/3/0/0", "/1/0"])
        values = got.get("content") or {}
        check(f"ets_229, ets_236: Read-Composite in {form}, of what is there", values.get("/3/0/0") == "gateway-agent" and values.get("/1/0/1") == 700 and "/3/0/99" not in values, got)
        number = 3 if form == "SENML_JSON" else 4
        check(f"ets_230: Write-Composite in {form}", leshan.code("write-composite", ep, format=form, value={"/1/0/2": number, "/1/0/3": 60 + number}) == "2.04")
        got = leshan.ask("read-composite", ep, format=form, paths=["/1/0/2", "/1/0/3"]).get("content")
        check("and it is written", got == {"/1/0/2": number, "/1/0/3": 60 + number}, got)
        got = leshan.code("write-composite", ep, format=form, value={"/1/0/2": 9, "/3/0/0": "x"})
        check("ets_257: all or nothing", got == "4.05" and leshan.ask("read", ep, path="/1/0/2").get("content") == {"/1/0/2": number}, got)
    leshan.code("write-composite", ep, value={"/1/0/2": 0, "/1/0/3": 0})


def change(leshan, ep, value, **wanted):
    """Writes /1/0/6 and gives the notification that follows."""
    since = len(leshan.events)
    assert leshan.code("write", ep, path="/1/0/6", format="TLV", value=value) == "2.04"
    return leshan.event("notified", since, **wanted)


def check_observe(leshan, ep):
    for form, value in (("SENML_JSON", False), ("SENML_CBOR", True)):
        paths = ["/1/0/6", "/3/0/0"]
        got = leshan.ask("observe-composite", ep, format=form, paths=paths)
        check(f"ets_304: Observe-Composite in {form}", got.get("code") == "2.05" and got.get("content") == {"/1/0/6": not value, "/3/0/0": "gateway-agent"}, got)
        e = change(leshan, ep, value) or {}
        check("ets_310: its notification", sorted(e.get("paths") or []) == paths and e.get("value") == {"/1/0/6": value, "/3/0/0": "gateway-agent"}, e)
        got = leshan.code("cancel-composite", ep, paths=e.get("paths") or paths)
        check("ets_305: its cancellation", got == "2.05", got)
    for form, value in (("TLV", False), ("SENML_CBOR", True), ("SENML_JSON", False), ("TEXT", True), ("CBOR", False)):
        got = leshan.ask("observe", ep, format=form, path="/1/0/6")
        check(f"ets_301: Observe in {form}", got.get("code") == "2.05" and got.get("content") == {"/1/0/6": not value}, got)
        e = change(leshan, ep, value) or {}
        check("and its notification", e.get("path") == "/1/0/6" and e.get("value") == {"/1/0/6": value}, e)
        got = leshan.code("cancel", ep, path="/1/0/6")
        check("ets_303: cancelled by a request", got == "2.05", got)
    check("nothing is notified after that", not leshan.event("notified", len(leshan.events), 1.5) and leshan.code("write", ep, path="/1/0/6", format="TLV", value=True) == "2.04"
          and not leshan.event("notified", len(leshan.events), 1.0))
    got = leshan.ask("observe", ep, format="SENML_CBOR", path="/16")
    check("Observe of an object without instances", got.get("code") == "2.05", got)
    since = len(leshan.events)
    got = leshan.ask("create", ep, format="SENML_CBOR", path="/16", value={"3": {"0": {"0": "host"}}})
    check("ets_308: Create is notified, and brings an Update with the list", got.get("code") == "2.01" and leshan.event("notified", since, value={"/16/3/0/0": "host"}) and
          any("/16/3" in text for text in (leshan.event("updated", since) or {"links": []})["links"]), (got, leshan.events[since:]))
    check("ets_309: so is Delete", leshan.code("delete", ep, path="/16/3") == "2.02" and leshan.event("notified", since, value={}))
    leshan.code("cancel", ep, path="/16")
    got = leshan.ask("create-anywhere", ep, format="TLV", path="/16", value={"0": {"0": "guest", "3": "second"}})
    check("Create without an id tells the instance", got.get("code") == "2.01" and got.get("content") == "16/0", got)
    for form in ("TEXT", "TLV", "SENML_JSON", "SENML_CBOR", "CBOR"):
        check(f"ets_228: Write of a resource instance in {form}", leshan.code("write", ep, format=form, path="/16/0/0/3", value=form) == "2.04" and
              leshan.ask("read", ep, path="/16/0/0").get("content") == {"/16/0/0/0": "guest", "/16/0/0/3": form})
    leshan.code("delete", ep, path="/16/0")


def check_attributes(leshan, ep):
    query = "pmin=2&pmax=30&epmin=1&epmax=20"
    check("Write-Attributes with evaluation periods", leshan.code("attributes", ep, path="/3/0", query=query) == "2.04")
    got = leshan.ask("discover", ep, path="/3").get("content") or []
    check("and Discover of the object shows them", any("/3/0>" in text and all(f";{word}" in text for word in query.split("&")) for text in got), got)
    check("unset again", leshan.code("attributes", ep, path="/3/0", query="pmin&pmax&epmin&epmax") == "2.04")
    got = leshan.ask("discover", ep, path="/3/0").get("content") or []
    check("and gone", not any("pm" in text for text in got), got)


def check_formats(leshan, ep):
    for form, expected in (("TLV", "2.04"), ("SENML_JSON", "2.04"), ("SENML_CBOR", "2.04"), ("JSON", "2.04"), ("TEXT", "2.04"), ("CBOR", "2.04"), ("OPAQUE", "4.00")):
        number = 40 + len(form)
        got = leshan.code("write", ep, path="/1/0/3", format=form, value=number) if form != "OPAQUE" else expected
        check(f"Write in {form}", got == expected and (form == "OPAQUE" or leshan.ask("read", ep, path="/1/0/3").get("content") == {"/1/0/3": number}), got)
    got = leshan.code("read", ep, path="/3/0", format="JSON")
    check("a client of 1.1 answers no JSON of 1.0 (406)", got == "4.06", got)
    got = leshan.ask("read", ep, path="/3/0/11/0", format="TEXT")
    check("ets_225: Read of a resource instance", got.get("content") == {"/3/0/11/0": 0} or got.get("content") == {"/3/0/11": 0}, got)


def check_execute(leshan, ep):
    since = len(leshan.events)
    got = leshan.code("execute", ep, path="/1/0/8", arguments="0='U'")
    check("Execute with an argument", got == "2.04" and leshan.event("updated", since, ep=ep), got)


def check_send(leshan, ep, client):
    client.signal(signal.SIGWINCH)
    got = client.says("error")
    check("ets_307: Send is muted", got.startswith("error PolicyDenied"), got)
    check("until the server allows it", leshan.code("write", ep, path="/1/0/23", format="TLV", value=False) == "2.04")
    since = len(leshan.events)
    client.signal(signal.SIGWINCH)
    e = leshan.event("sent", since) or {}
    check("ets_306, ets_311: Send", e.get("value") == {"/1/0/1": 700, "/3/0/0": "gateway-agent"} and client.says("sent"), e)


def check_queue_mode(leshan):
    ep = "gw-asleep"
    leshan.ask("key", ep, identity="asleep", key=b64(KEYS["asleep"]))
    client = start(ep, SERVER, *psk("asleep", "asleep"), "--queue", str(AWAKE_MS // 1000), "--send", "/3/0/0", "--send-format", "senml-json")
    e = leshan.event("registered", ep=ep) or {}
    check("ets_108: registered in queue mode", e.get("queue") is True, e)
    check("ets_109: Leshan thinks it asleep, and so it is", leshan.event("asleep", ep=ep) and client.says("state asleep"))
    number = leshan.tell("read", ep, path="/3/0/0")
    check("a request is held back", leshan.event("held", ep=ep, of=number) and number not in leshan.answers)
    client.signal(signal.SIGUSR1)
    got = leshan.answer(number)
    check("and answered after the Update that wakes both", leshan.event("awake", ep=ep) and got.get("content") == {"/3/0/0": "gateway-agent"}, got)
    number = leshan.tell("write", ep, path="/1/0/23", format="TLV", value=False)
    client.signal(signal.SIGUSR1)  # should it be thought asleep again
    check("and may send", leshan.answer(number).get("code") == "2.04")
    client.signal(signal.SIGWINCH)
    e = leshan.event("sent", ep=ep) or {}
    check("Send in SenML JSON", "JSON" in e.get("format", "") and e.get("value") == {"/3/0/0": "gateway-agent"}, e)
    client.end()


def wait_for(path):
    end = time.monotonic() + PATIENCE
    while not os.path.exists(path) and time.monotonic() < end:
        time.sleep(0.01)


def since_restart(leshan, ep, since):
    """What came of the registration until it was there again."""
    leshan.wait(lambda: any(e["event"] in ("registered", "updated") and e["ep"] == ep for e in leshan.events[since:]))
    return [e["event"] for e in leshan.events[since:] if e.get("ep") == ep]


def check_restart(leshan, ep, name, *how):
    """Clause 6.4.1 of the Core TS: observations outlive a restart of the client, until it registers."""
    keep, since = os.path.join(WORK, ep), len(leshan.events)
    client = start(ep, SERVER, *how, "--keep", keep)
    check(f"{name}: registered", leshan.event("registered", since, ep=ep))
    check("Observe before a restart", leshan.code("observe", ep, format="TLV", path="/1/0/6") == "2.05")
    check("Observe-Composite, too", leshan.code("observe-composite", ep, paths=["/1/0/2", "/3/0/0"]) == "2.05")
    for end, what in ((signal.SIGKILL, "killed"), (signal.SIGINT, "stopped")):
        wait_for(keep)
        client.signal(end)
        client.process.wait()
        since = len(leshan.events)
        client = start(ep, SERVER, *how, "--keep", keep)
        got = since_restart(leshan, ep, since)
        check(f"{name}, {what} and started: an Update, no Register", got == ["updated"], got)
        check("what was observed is told once, whatever it is", leshan.event("notified", since, path="/1/0/6") and leshan.event("notified", since, paths=["/1/0/2", "/3/0/0"]))
        e = change(leshan, ep, False, path="/1/0/6") or {}
        check("and when it changes, without a new Observe", e.get("value") == {"/1/0/6": False}, e)
        since = len(leshan.events)
        check("so is the composite one", leshan.code("write", ep, path="/1/0/2", format="TLV", value=4) == "2.04" and leshan.event("notified", since, paths=["/1/0/2", "/3/0/0"]))
        leshan.code("write", ep, path="/1/0/2", format="TLV", value=0)
    wait_for(keep)
    client.end()
    check("the server forgets the registration", leshan.code("forget", ep) == "ok")
    since = len(leshan.events)
    client = start(ep, SERVER, *how, "--keep", keep)
    got = since_restart(leshan, ep, since)
    check("then there is a Register", got == ["registered"], got)
    since = len(leshan.events)
    check("and nothing is observed", leshan.code("write", ep, path="/1/0/6", format="TLV", value=False) == "2.04" and not leshan.event("notified", since, 1.0) and
          not leshan.event("bad notification", since, 0.1))
    check("until the server observes anew", leshan.code("observe", ep, format="TLV", path="/1/0/6") == "2.05" and change(leshan, ep, True, path="/1/0/6"))
    client.end()


def check_restart_without(leshan, ep, client):
    """Nothing was kept: a Register ends observations, and the server begins them anew."""
    check("Observe before a restart", leshan.code("observe", ep, format="TLV", path="/1/0/6") == "2.05" and change(leshan, ep, False, path="/1/0/6"))
    client.end()
    since = len(leshan.events)
    again = start(ep, SERVER, *psk("ms", "first"))
    e = leshan.event("registered", since, ep=ep) or {}
    check("killed and started, with nothing kept: a Register, at which Leshan ends what it observed", e.get("observed", 0) >= 1, e)
    again.end()


def servers():
    return Leshan(JARS, os.path.join(WORK, "servers.log"), "127.0.0.1", str(SERVER), str(BOOTSTRAP), at("operator.server.pem"), at("operator.server.key.pem"),
                  at("operator.root.pem"), str(AWAKE_MS))


def check_server_restart(leshan):
    """Leshan killed: a client with certificates is there again by itself, once. Leshan, as it is then."""
    ep = "gw-x509"
    leshan.ask("key", ep)
    client = start(ep, SERVER, *x509(ep), "--lifetime", "30")
    # Leshan's word comes before its answer has left: killed there, it would have a client that was never registered.
    check("with certificates, for half a minute: registered", leshan.event("registered", ep=ep) and client.says("state registered"))
    leshan.process.kill()
    leshan.process.wait()
    leshan = servers()
    check("Leshan killed and started", leshan.event("ready", seconds=60))
    leshan.ask("key", ep)
    check("registered again without help", leshan.event("registered", seconds=RETRIED, ep=ep))
    check("and updated from then on", leshan.event("updated", seconds=2 * PATIENCE, ep=ep))
    count = sum(e["event"] == "registered" and e["ep"] == ep for e in leshan.events)
    check("by one registration", count == 1 and client.process.poll() is None, count)
    client.end()
    return leshan


def check_served(leshan):
    client = check_bootstrap_by_key(leshan)
    ep = "gw-psk"
    try:
        check_composite(leshan, ep)
        check_observe(leshan, ep)
        check_attributes(leshan, ep)
        check_formats(leshan, ep)
        check_execute(leshan, ep)
        check_send(leshan, ep, client)
        check_bootstrap_by_certificate(leshan)
        check_refused_certificates(leshan)
        check_inconsistent(leshan)
        check_queue_mode(leshan)
        check_restart_without(leshan, ep, client)
    finally:
        client.end()
    leshan.ask("key", "gw-kept", identity="kept", key=b64(KEYS["kept"]))
    check_restart(leshan, "gw-kept", "over DTLS", *psk("kept", "kept"))
    check_restart(leshan, "gw-x509", "with certificates", *x509("gw-x509"))
    check_restart(leshan, "gw-open", "without security", "--uri", f"coap://127.0.0.1:{SERVER - 1}", "--nosec")
    return leshan


def main():
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    transports_test.WORK = WORK
    operator = make_certificates()["operator"]
    operator.issue("gw-x509")
    leshan = servers()
    try:
        if not leshan.event("ready", seconds=60):
            print("Bail out! Leshan's libraries do not start")
            return 1
        leshan = check_server_restart(leshan) if sys.argv[4:] == ["restart"] else check_served(leshan)
    finally:
        leshan.process.kill()
    return finish(WORK, ("client.log", "servers.log"))


sys.exit(main())
